/* The bf16 kernels in plain C: the oracle of the others. */
#include "kernels/bf16.h"
#include "kernels/simd_bf16_portable.h"

#define VAEI_BF16_TABLE vaei_bf16_portable
#include "kernels/bf16_kernels.h"
