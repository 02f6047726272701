/* Continuous Bernoulli on logits, a density on [0, 1]: Loaiza-Ganem & Cunningham 2019, "The continuous Bernoulli: fixing a
 * pervasive error in variational autoencoders". What stands for its mean is the parameter lambda = sigmoid(o), as in that
 * paper's pictures; the mean itself is 1 / (1 - exp(-o)) - 1 / o. */
#include "core/scalar.h"
#include "model/likelihood_shared.h"

static void parameter_of(const vaei_output_tile *t) { vaei_output_activate(t, VAE_ACTIVATION_SIGMOID); }

static void loss_of(const vaei_output_tile *t, bool mean) {
  vaei_density_of(t, t->kernels->continuous_bernoulli);
  if (mean) parameter_of(t);
}

/* The mean at a logit that is not near 0. */
static double mean_at(double o) { return 1.0 / (1.0 - vaei_exp(-o)) - 1.0 / o; }

/* The logit o at which 1 / (1 - exp(-o)) - 1 / o is the data's mean, clipped to [0.01, 0.99], where o is about -100 or 100:
 * nearer to the ends o would grow as one over the distance. */
static double bias_for(const vae_config *config, double mean) {
  (void)config;
  const double y = vaei_clip(mean, 0.01, 0.99), target = y < 0.5 ? 1.0 - y : y;
  double low = 1e-3, high = 128;
  for (int i = 0; i < 60; i++) {
    const double o = 0.5 * (low + high);
    if (mean_at(o) < target) low = o;
    else high = o;
  }
  const double size = target > 0.5001 ? high : 12.0 * (target - 0.5); /* near 1/2 the mean is 1/2 + o / 12 */
  return y < 0.5 ? -size : size;
}

static double expectation_of(const vaei_column *c) {
  const double o = c->output, size = o < 0 ? -o : o;
  return size < 1e-3 ? 0.5 + o / 12.0 - o * o * o / 720.0 : mean_at(o);
}

/* The inverse of the distribution function, (1 - exp(-a x)) / (1 - exp(-a)) for a negative logit -a; else mirrored. */
static double draw_one(const vaei_column *c, vaei_variates *v) {
  const double u = vaei_variate_uniform(v), a = c->output < 0 ? -c->output : c->output;
  const double x = a < 1e-5 ? u - 0.5 * a * u * (1.0 - u) : -vaei_log(1.0 - u * (1.0 - vaei_exp(-a))) / a;
  const double within = vaei_clip(x, 0.0, 1.0);
  return c->output < 0 ? within : 1.0 - within;
}

const vaei_likelihood vaei_likelihood_continuous_bernoulli = {
    .support = {0.0f, 1.0f, false, "0 to 1 (a continuous_bernoulli likelihood)"},
    .tame = true,
    .density = true,
    .loss = loss_of,
    .mean = parameter_of,
    .bias = bias_for,
    .parameters = {"lambda"},
    .expectation = expectation_of,
    .draw = draw_one,
};
