/* The kernels for weights in bytes, on x86-64 with AVX-512 and its VNNI. */
#include "kernels/kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma"))), \
                             apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma")
#endif

#define VF_VNNI
#include "kernels/simd_narrow_avx512.h"

#include "kernels/tile_cases.h"
#include "kernels/int8_kernels.h"

const vaei_int8_kernels vaei_int8_kernels_avx512_vnni = {.quantize = int8_quantize, .product = int8_product};

#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
#endif
