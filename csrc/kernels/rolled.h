/* VAEI_ROLLED before a loop keeps the compiler from unrolling it: what is unrolled spills (docs/KERNELS.md). */
#ifndef VAEI_ROLLED
#if defined(__clang__)
#define VAEI_ROLLED _Pragma("clang loop unroll(disable)")
#else
#define VAEI_ROLLED _Pragma("GCC unroll 1")
#endif
#endif
