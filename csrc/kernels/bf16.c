/* Finding the bf16 kernels. */
#include "kernels/bf16.h"

#include "core/error.h"
#include "core/names.h"

#if defined(__aarch64__) && defined(__linux__)
#include <sys/auxv.h>

#ifndef HWCAP2_BF16
#define HWCAP2_BF16 (1ul << 14) /* Linux 5.7 and later, arch/arm64/include/uapi/asm/hwcap.h */
#endif
#endif

/* The processor's kernels that go with the float32 table of an instruction set; NULL where it has none. */
static const vaei_bf16_kernels *kernels_beside(vae_isa isa) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (isa == VAE_ISA_AVX512 && __builtin_cpu_supports("avx512bf16")) return &vaei_bf16_avx512;
#elif defined(__aarch64__) && defined(__linux__)
  if (isa == VAE_ISA_NEON && getauxval(AT_HWCAP2) & HWCAP2_BF16) return &vaei_bf16_neon;
#else
  (void)isa; /* no way to ask is built in */
#endif
  return NULL;
}

vae_status vaei_bf16_find(const vaei_kernels *kernels, const vaei_bf16_kernels **bf16, vae_error *err) {
  *bf16 = kernels_beside(kernels->isa);
  if (*bf16) return VAE_OK;
  if (kernels->isa == VAE_ISA_AVX512)
    return vaei_fail(err, VAE_ERROR_UNSUPPORTED,
                     "training.precision is bf16, which needs AVX512_BF16; this processor does not have it");
  if (kernels->isa == VAE_ISA_NEON)
    return vaei_fail(err, VAE_ERROR_UNSUPPORTED,
                     "training.precision is bf16, which needs FEAT_BF16 on Linux; this processor does not have it, or "
                     "the system is another one");
  return vaei_fail(err, VAE_ERROR_UNSUPPORTED,
                   "training.precision is bf16, which needs isa avx512 with the processor feature AVX512_BF16, or isa "
                   "neon with FEAT_BF16; isa is %s",
                   vaei_isa_name(kernels->isa));
}
