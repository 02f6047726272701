/* The bf16 kernels for AArch64 with FEAT_BF16, beside the table of NEON. */
#include "kernels/bf16.h"

#if defined(__aarch64__)
#include <arm_neon.h>

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("bf16"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("arch=armv8.2-a+bf16")
#endif

#include "kernels/simd_bf16_neon.h"

#define VAEI_BF16_TABLE vaei_bf16_neon
#include "kernels/bf16_kernels.h"

#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
#endif
