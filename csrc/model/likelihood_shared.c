#include "model/likelihood_shared.h"

#include "core/scalar.h"

void vaei_output_activate(const vaei_output_tile *t, vae_activation activation) {
  t->kernels->activate(activation, t->rows, t->columns, t->output, t->output_row, NULL, 0);
}

static vaei_density density_tile(const vaei_output_tile *t) {
  return (vaei_density){.rows = t->rows,
                        .columns = t->columns,
                        .output = t->output,
                        .output_row = t->output_row,
                        .x = t->x,
                        .x_row = t->x_row,
                        .row_weight = t->row_weight,
                        .d = t->d,
                        .d_row = t->d_row,
                        .nll = t->nll,
                        .constants = t->constants};
}

void vaei_density_of(const vaei_output_tile *t, vaei_density_kernel *kernel) {
  const vaei_density tile = density_tile(t);
  kernel(&tile);
}

void vaei_located_mean(const vaei_output_tile *t) { vaei_output_activate(t, t->config->output_activation); }

void vaei_located_loss(const vaei_output_tile *t, vaei_density_kernel *kernel, double log_normaliser) {
  float slope[VAEI_MAX_TILE_ROWS * VAEI_MAX_TILE_COLUMNS];
  const vae_activation activation = t->config->output_activation;
  const bool keeps_slope = activation == VAE_ACTIVATION_SILU || activation == VAE_ACTIVATION_GELU;
  t->kernels->activate(activation, t->rows, t->columns, t->output, t->output_row, t->d ? slope : NULL,
                       VAEI_MAX_TILE_COLUMNS);
  vaei_density tile = density_tile(t);
  tile.inverse_scale = (float)(1.0 / t->config->sigma);
  tile.constant = (float)(log_normaliser + (t->log_scale ? 0.0 : t->log_sigma));
  tile.log_scale = t->log_scale;
  tile.log_scale_unit = t->log_scale_unit;
  tile.d_log_scale = t->d_log_scale;
  kernel(&tile);
  if (t->d && activation != VAE_ACTIVATION_IDENTITY)
    t->kernels->activate_backward(activation, t->rows, t->columns, keeps_slope ? slope : t->output,
                                  keeps_slope ? (size_t)VAEI_MAX_TILE_COLUMNS : t->output_row, t->d, t->d_row);
}

double vaei_located_bias(const vae_config *config, double mean) {
  return vaei_activation_inverse(config->output_activation, mean);
}

double vaei_logit(double p) { return vaei_log(p / (1.0 - p)); }

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

double vaei_activation_inverse(vae_activation activation, double y) {
  switch (activation) {
    case VAE_ACTIVATION_RELU: return y > 0 ? y : 0.0;
    case VAE_ACTIVATION_LEAKY_RELU: return y < 0 ? y / 0.2 : y;
    case VAE_ACTIVATION_SIGMOID: return vaei_logit(vaei_clip(y, 0.001, 0.999));
    case VAE_ACTIVATION_TANH: {
      const double t = vaei_clip(y, -0.999, 0.999);
      return 0.5 * vaei_log((1.0 + t) / (1.0 - t));
    }
    case VAE_ACTIVATION_ELU: return y < 0 ? vaei_log(1.0 + vaei_clip(y, -0.999, 0.0)) : y;
    case VAE_ACTIVATION_SOFTPLUS: {
      const double s = y < 1e-3 ? 1e-3 : y;
      return s > 30 ? s : vaei_log(vaei_exp(s) - 1.0);
    }
    case VAE_ACTIVATION_SILU:
    case VAE_ACTIVATION_GELU: return y > 0 ? inverse_by_bisection(activation, y) : 0.0;
    default: return y;
  }
}
