/* Bernoulli on logits: the output is o = log(p / (1 - p)). Kingma & Welling 2014, appendix C.1. */
#include "core/scalar.h"
#include "model/likelihood_shared.h"

static void mean_of(const vaei_output_tile *t) { vaei_output_activate(t, VAE_ACTIVATION_SIGMOID); }

static void loss_of(const vaei_output_tile *t, bool mean) {
  vaei_density_of(t, t->kernels->bernoulli);
  if (mean) mean_of(t);
}

/* The logit, with the mean clipped to [0.001, 0.999] as in Burda et al.'s code. */
static double bias_for(const vae_config *config, double mean) {
  (void)config;
  return vaei_logit(vaei_clip(mean, 0.001, 0.999));
}

static double draw_one(const vaei_column *c, vaei_variates *v) {
  return vaei_variate_uniform(v) < c->parameter[0] ? 1.0 : 0.0;
}

const vaei_likelihood vaei_likelihood_bernoulli = {
    .support = {0.0f, 1.0f, false, "0 to 1 (a bernoulli likelihood)"},
    .tame = true,
    .loss = loss_of,
    .mean = mean_of,
    .bias = bias_for,
    .parameters = {"probability"},
    .draw = draw_one,
};
