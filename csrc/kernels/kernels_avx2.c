/* Kernels for x86-64 with AVX2 and FMA. The pragma sets the instruction set of this file's own functions, so that the
 * build needs no flags for single files. */
#include "kernels/kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,fma")
#endif

#include "kernels/simd_narrow_avx2.h"

#define VAEI_TABLE vaei_kernels_avx2
#define VAEI_TABLE_ISA VAE_ISA_AVX2
#include "kernels/kernel_table.h"

#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
#endif
