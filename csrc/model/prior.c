#include "model/prior.h"

static const vaei_prior *const priors[] = {
    [VAE_PRIOR_STANDARD] = &vaei_prior_standard,
    [VAE_PRIOR_CONDITIONAL] = &vaei_prior_conditional,
};

const vaei_prior *vaei_prior_of(const vae_config *config) { return priors[config->prior]; }

vaei_prior_size vaei_prior_size_of(const vae_config *config) {
  const vaei_prior *prior = vaei_prior_of(config);
  return prior->size ? prior->size(config) : (vaei_prior_size){0};
}
