/* VAEI_ROLLED before a loop keeps the compiler from unrolling it: what is unrolled spills. VAEI_EACH(i, count) is a loop over an array
 * of registers, count a constant: gcc replaces such an array by registers only where its loops are unrolled early, clang does so
 * unasked (docs/KERNELS.md). VAEI_FORGET(pointer): what was loaded from there before is not known to be there still. */
#ifndef VAEI_ROLLED
#define VAEI_FORGET(pointer) __asm__("" : "+r"(pointer))
#if defined(__clang__)
#define VAEI_ROLLED _Pragma("clang loop unroll(disable)")
#define VAEI_EACH(i, count) for (int i = 0; i < (count); i++)
#else
#define VAEI_ROLLED _Pragma("GCC unroll 1")
#define VAEI_EACH(i, count) _Pragma("GCC unroll 24") for (int i = 0; i < (count); i++)
#endif
#endif
