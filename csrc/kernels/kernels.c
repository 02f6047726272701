/* Choosing a table. */
#include "kernels/kernels.h"

#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "core/names.h"

/* What both the processor and the operating system offer: the compilers' runtime checks cpuid and, through xgetbv, that
 * the system saves the registers. */
static const vaei_kernels *table_of(vae_isa isa) {
  if (isa == VAE_ISA_PORTABLE) return &vaei_kernels_portable;
#if defined(__x86_64__)
  __builtin_cpu_init();
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  if (isa == VAE_ISA_AVX2 && avx2) return &vaei_kernels_avx2;
  if (isa == VAE_ISA_AVX512 && avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
    return &vaei_kernels_avx512;
#elif defined(__aarch64__)
  if (isa == VAE_ISA_NEON) return &vaei_kernels_neon; /* part of the architecture */
#endif
  return NULL;
}

const vaei_int8_kernels *vaei_int8_kernels_of(const vaei_kernels *kernels) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (kernels->isa == VAE_ISA_AVX512 && __builtin_cpu_supports("avx512vnni")) return &vaei_int8_kernels_avx512_vnni;
  if (kernels->isa == VAE_ISA_AVX2 && __builtin_cpu_supports("avxvnni")) return &vaei_int8_kernels_avx2_vnni;
#endif
  return &kernels->int8;
}

static const vae_isa best_first[] = {VAE_ISA_AVX512, VAE_ISA_AVX2, VAE_ISA_NEON, VAE_ISA_PORTABLE};

bool vaei_kernels_available(vae_isa isa) { return isa == VAE_ISA_AUTO || table_of(isa) != NULL; }

/* Whether VAE_ISA asks for something; *isa receives it, -1 for a word that is none. */
static bool isa_from_environment(vae_isa *isa, const char **word) {
  *word = getenv("VAE_ISA");
  if (!*word || !**word || !strcmp(*word, "auto")) return false;
  *isa = -1;
  for (size_t i = 0; i < sizeof best_first / sizeof *best_first; i++)
    if (!strcmp(*word, vaei_isa_name(best_first[i]))) *isa = best_first[i];
  return true;
}

vae_status vaei_kernels_find(vae_isa isa, const vaei_kernels **kernels, vae_error *err) {
  *kernels = NULL;
  if (!vaei_isa_name(isa))
    return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT, "isa is %d; allowed are 0 (auto) to 4 (neon)", (int)isa);
  const char *word = NULL;
  const bool forced = isa == VAE_ISA_AUTO && isa_from_environment(&isa, &word);
  if (forced && isa < 0)
    return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT,
                     "the environment's VAE_ISA is \"%s\"; allowed are auto, avx512, avx2, neon and portable", word);
  for (size_t i = 0; isa == VAE_ISA_AUTO && !*kernels && i < sizeof best_first / sizeof *best_first; i++)
    *kernels = table_of(best_first[i]);
  if (isa != VAE_ISA_AUTO) *kernels = table_of(isa);
  if (*kernels) return VAE_OK;
  return vaei_fail(err, VAE_ERROR_UNSUPPORTED, "%s is %s, which this build or this machine does not have",
                   forced ? "the environment's VAE_ISA" : "isa", vaei_isa_name(isa));
}
