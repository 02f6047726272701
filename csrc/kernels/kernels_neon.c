/* Kernels for AArch64 with NEON, which every such processor has. */
#include "kernels/kernels.h"

#if defined(__aarch64__)
#include "kernels/simd_narrow_neon.h"

#define VAEI_TABLE vaei_kernels_neon
#define VAEI_TABLE_ISA VAE_ISA_NEON
#include "kernels/kernel_table.h"
#endif
