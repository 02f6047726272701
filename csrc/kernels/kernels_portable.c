/* Kernels in plain C, for any processor: the oracle of the others. */
#include "kernels/kernels.h"
#include "kernels/simd_narrow_portable.h"

#define VAEI_TABLE vaei_kernels_portable
#define VAEI_TABLE_ISA VAE_ISA_PORTABLE
#include "kernels/kernel_table.h"
