/* Negative binomial counts with mean m = softplus(o) and a dispersion t that each column learns, exp of decoder.log_dispersion:
 * the variance is m + m^2 / t. -log p(x) = log Gamma(t) + log x! - log Gamma(x + t) + t log((t + m) / t) + x log((t + m) / m).
 * Hilbe 2011, "Negative Binomial Regression"; for counts behind a decoder Lopez et al. 2018, "Deep generative modeling for
 * single-cell transcriptomics". */
#include "core/scalar.h"
#include "model/likelihood_shared.h"

static void mean_of(const vaei_output_tile *t) { vaei_output_activate(t, VAE_ACTIVATION_SOFTPLUS); }

static void loss_of(const vaei_output_tile *t, bool mean) {
  vaei_density_of(t, t->kernels->negative_binomial);
  if (mean) mean_of(t);
}

static double bias_for(const vae_config *config, double mean) {
  (void)config;
  return vaei_activation_inverse(VAE_ACTIVATION_SOFTPLUS, mean);
}

/* A Poisson count whose rate is a gamma variable of shape t and mean m. */
static double draw_one(const vaei_column *c, vaei_variates *v) {
  const double log_gamma = vaei_variate_log_gamma(v, c->parameter[1]);
  return vaei_variate_poisson(v, vaei_exp(log_gamma + vaei_log(c->parameter[0] / c->parameter[1])));
}

const vaei_likelihood vaei_likelihood_negative_binomial = {
    .support = {0.0f, 0x1p22f, true, "a whole number from 0 to 4194304 (a negative_binomial likelihood)"},
    .loss = loss_of,
    .mean = mean_of,
    .bias = bias_for,
    .parameters = {"mean", "dispersion"},
    .draw = draw_one,
    .constant_count = 1,
    .constants = {{"decoder.log_dispersion", 0.0f, VAEI_MOST_LOG_SHAPE}}, /* the variance m + m^2 */
};
