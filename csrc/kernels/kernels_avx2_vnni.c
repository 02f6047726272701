/* The kernels for weights in bytes, on x86-64 with AVX-VNNI. */
#include "kernels/kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma,avxvnni"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,fma,avxvnni")
#endif

#define VF_VNNI
#include "kernels/simd_narrow_avx2.h"

#include "kernels/tile_cases.h"
#include "kernels/int8_kernels.h"

const vaei_int8_kernels vaei_int8_kernels_avx2_vnni = {.quantize = int8_quantize, .product = int8_product};

#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
#endif
