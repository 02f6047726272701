#include "model/likelihood.h"

#include "core/scalar.h"

/* Bernoulli on logits: the output is o = log(p / (1 - p)). */

static void bernoulli_loss(const vaei_output_tile *t, bool mean) {
  t->kernels->bernoulli(t->rows, t->columns, t->output, t->output_row, t->x, t->x_row, t->row_weight, t->d, t->d_row,
                        t->nll);
  if (mean) t->kernels->activate(VAE_ACTIVATION_SIGMOID, t->rows, t->columns, t->output, t->output_row, NULL, 0);
}

static void bernoulli_mean(const vaei_output_tile *t) {
  t->kernels->activate(VAE_ACTIVATION_SIGMOID, t->rows, t->columns, t->output, t->output_row, NULL, 0);
}

/* The logit, with the mean clipped to [0.001, 0.999] as in Burda et al.'s code. */
static double bernoulli_bias(const vae_config *config, double mean) {
  (void)config;
  const double p = mean < 0.001 ? 0.001 : mean > 0.999 ? 0.999 : mean;
  return vaei_log(p / (1.0 - p));
}

/* Gaussian with a fixed sigma: the location is output_activation(output). */

static void gaussian_mean(const vaei_output_tile *t) {
  t->kernels->activate(t->config->output_activation, t->rows, t->columns, t->output, t->output_row, NULL, 0);
}

static void gaussian_loss(const vaei_output_tile *t, bool mean) {
  (void)mean; /* output is the location in any case */
  float slope[VAEI_MAX_TILE_ROWS * VAEI_MAX_TILE_COLUMNS];
  const vae_activation activation = t->config->output_activation;
  const bool keeps_slope = activation == VAE_ACTIVATION_SILU || activation == VAE_ACTIVATION_GELU;
  t->kernels->activate(activation, t->rows, t->columns, t->output, t->output_row, t->d ? slope : NULL,
                       VAEI_MAX_TILE_COLUMNS);
  const double sigma = t->config->sigma, half_log_two_pi = 0.91893853320467274178;
  t->kernels->gaussian(t->rows, t->columns, t->output, t->output_row, t->x, t->x_row, (float)(1.0 / sigma),
                       (float)(t->log_sigma + half_log_two_pi), t->row_weight, t->d, t->d_row, t->nll);
  if (t->d && activation != VAE_ACTIVATION_IDENTITY)
    t->kernels->activate_backward(activation, t->rows, t->columns, keeps_slope ? slope : t->output,
                                  keeps_slope ? (size_t)VAEI_MAX_TILE_COLUMNS : t->output_row, t->d, t->d_row);
}

static double clip(double x, double low, double high) { return x < low ? low : x > high ? high : x; }

/* The x over 0 at which an activation that rises there, and is at least x / 2, has the value y. */
static double inverse_by_bisection(vae_activation activation, double y) {
  double low = 0, high = 2 * y + 1;
  for (int i = 0; i < 60; i++) {
    const double middle = 0.5 * (low + high);
    float value[VAEI_VECTOR] = {(float)middle};
    vaei_kernels_portable.activate(activation, 1, VAEI_VECTOR, value, VAEI_VECTOR, NULL, 0);
    if (value[0] < y) low = middle;
    else high = middle;
  }
  return high;
}

/* The inverse of the output activation where it has one in closed form; means outside its range are clipped. */
static double gaussian_bias(const vae_config *config, double mean) {
  switch (config->output_activation) {
    case VAE_ACTIVATION_RELU: return mean > 0 ? mean : 0.0;
    case VAE_ACTIVATION_LEAKY_RELU: return mean < 0 ? mean / 0.2 : mean;
    case VAE_ACTIVATION_SIGMOID: return bernoulli_bias(config, mean);
    case VAE_ACTIVATION_TANH: {
      const double y = clip(mean, -0.999, 0.999);
      return 0.5 * vaei_log((1.0 + y) / (1.0 - y));
    }
    case VAE_ACTIVATION_ELU: return mean < 0 ? vaei_log(1.0 + clip(mean, -0.999, 0.0)) : mean;
    case VAE_ACTIVATION_SOFTPLUS: {
      const double y = mean < 1e-3 ? 1e-3 : mean;
      return y > 30 ? y : vaei_log(vaei_exp(y) - 1.0);
    }
    case VAE_ACTIVATION_SILU:
    case VAE_ACTIVATION_GELU: return mean > 0 ? inverse_by_bisection(config->output_activation, mean) : 0.0;
    default: return mean;
  }
}

static const struct likelihood {
  vaei_support support;
  const char *support_words;
  void (*loss)(const vaei_output_tile *, bool mean);
  void (*mean)(const vaei_output_tile *);
  double (*bias)(const vae_config *, double mean);
} likelihoods[] = {
    [VAE_LIKELIHOOD_BERNOULLI] =
        {{0.0f, 1.0f}, "0 to 1 (a bernoulli likelihood)", bernoulli_loss, bernoulli_mean, bernoulli_bias},
    [VAE_LIKELIHOOD_GAUSSIAN] =
        {{-0x1.fffffep+127f, 0x1.fffffep+127f}, "any finite number", gaussian_loss, gaussian_mean, gaussian_bias},
};

vaei_support vaei_likelihood_support(const vae_config *config) { return likelihoods[config->likelihood].support; }

const char *vaei_likelihood_support_words(const vae_config *config) {
  return likelihoods[config->likelihood].support_words;
}

void vaei_likelihood_loss(const vaei_output_tile *tile, bool mean) {
  likelihoods[tile->config->likelihood].loss(tile, mean);
}

bool vaei_likelihood_is_tame(const vae_config *config) { return config->likelihood == VAE_LIKELIHOOD_BERNOULLI; }

void vaei_likelihood_mean(const vaei_output_tile *tile) { likelihoods[tile->config->likelihood].mean(tile); }

double vaei_likelihood_bias(const vae_config *config, double mean) {
  const double bias = likelihoods[config->likelihood].bias(config, mean);
  return clip(bias, -0x1.fffffep+127, 0x1.fffffep+127); /* whatever the data, a finite float */
}
