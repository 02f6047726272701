/* Finding the bf16 kernels. */
#include "kernels/bf16.h"

#include "core/error.h"
#include "core/names.h"

vae_status vaei_bf16_find(const vaei_kernels *kernels, const vaei_bf16_kernels **bf16, vae_error *err) {
  *bf16 = NULL;
  if (kernels->isa != VAE_ISA_AVX512)
    return vaei_fail(err, VAE_ERROR_UNSUPPORTED,
                     "training.precision is bf16, which needs isa avx512 with the processor feature AVX512_BF16; "
                     "isa is %s",
                     vaei_isa_name(kernels->isa));
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512bf16")) {
    *bf16 = &vaei_bf16_avx512;
    return VAE_OK;
  }
#endif
  return vaei_fail(err, VAE_ERROR_UNSUPPORTED,
                   "training.precision is bf16, which needs AVX512_BF16; this processor does not have it");
}
