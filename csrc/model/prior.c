#include "model/prior.h"

#include "core/random.h"

static const vaei_prior *const priors[] = {
    [VAE_PRIOR_STANDARD] = &vaei_prior_standard,
    [VAE_PRIOR_MIXTURE] = &vaei_prior_mixture,
    [VAE_PRIOR_VAMP] = &vaei_prior_vamp,
    [VAE_PRIOR_CONDITIONAL] = &vaei_prior_conditional,
};

const vaei_prior *vaei_prior_of(const vae_config *config) { return priors[config->prior]; }

vaei_prior_size vaei_prior_size_of(const vae_config *config) {
  const vaei_prior *prior = vaei_prior_of(config);
  return prior->size ? prior->size(config) : (vaei_prior_size){0};
}

void vaei_prior_init_table(vae_model *model, const vaei_parameter *table, uint64_t seed, float mean, float deviation) {
  const vaei_stream stream = {
      .seed = seed, .stream = VAEI_STREAM_WEIGHTS, .step = (uint64_t)(table - model->parameters)};
  const vaei_dense *own = &model->dense[table->layer];
  for (uint32_t unit = 0; unit < own->units; unit++) {
    float *to =
        model->block + own->offset + unit / VAEI_LANES * ((size_t)own->inputs + 1) * VAEI_LANES + unit % VAEI_LANES;
    for (uint32_t j = 0; j < own->inputs; j += VAEI_LANES) {
      float draw[VAEI_LANES];
      const uint32_t count = own->inputs - j < VAEI_LANES ? own->inputs - j : VAEI_LANES;
      const vaei_draws draws = {.example = unit, .sample = j / VAEI_LANES, .samples = 1};
      vaei_kernels_portable.normals(&stream, &draws, 0, 1, VAEI_LANES, draw, VAEI_LANES);
      for (uint32_t i = 0; i < count; i++) to[(size_t)(j + i) * VAEI_LANES] = mean + deviation * draw[i];
    }
  }
}
