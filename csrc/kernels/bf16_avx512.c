/* The bf16 kernels for x86-64 with AVX512_BF16, beside the table of AVX-512. */
#include "kernels/bf16.h"

#if defined(__x86_64__)
#include <immintrin.h>

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx512bf16,avx512f,avx512bw,avx512dq,avx512vl,avx2,fma"))), \
                             apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx512bf16,avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")
#endif

#include "kernels/simd_bf16_avx512.h"

#define VAEI_BF16_TABLE vaei_bf16_avx512
#include "kernels/bf16_kernels.h"

#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
#endif
