/* Poisson counts with rate r = softplus(o): -log p(x) = r - x log r + log x!. */
#include "core/scalar.h"
#include "model/likelihood_shared.h"

static void mean_of(const vaei_output_tile *t) { vaei_output_activate(t, VAE_ACTIVATION_SOFTPLUS); }

static void loss_of(const vaei_output_tile *t, bool mean) {
  vaei_density_of(t, t->kernels->poisson);
  if (mean) mean_of(t);
}

static double bias_for(const vae_config *config, double mean) {
  (void)config;
  return vaei_activation_inverse(VAE_ACTIVATION_SOFTPLUS, mean);
}

static double draw_one(const vaei_column *c, vaei_variates *v) { return vaei_variate_poisson(v, c->parameter[0]); }

const vaei_likelihood vaei_likelihood_poisson = {
    .support = {0.0f, 0x1p22f, true, "a whole number from 0 to 4194304 (a poisson likelihood)"},
    .loss = loss_of,
    .mean = mean_of,
    .bias = bias_for,
    .parameters = {"rate"},
    .draw = draw_one,
};
