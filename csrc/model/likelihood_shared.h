/* What several likelihoods do alike. */
#ifndef VAEI_LIKELIHOOD_SHARED_H
#define VAEI_LIKELIHOOD_SHARED_H

#include "model/likelihood.h"

#define VAEI_ANY_FINITE \
  { -0x1.fffffep+127f, 0x1.fffffep+127f, false, "any finite number" }

/* output = activation(output) */
void vaei_output_activate(const vaei_output_tile *tile, vae_activation activation);

/* A density of the outputs alone. */
void vaei_density_of(const vaei_output_tile *tile, vaei_density_kernel *kernel);

/* A location-scale family, the location being output_activation(output). log_normaliser: -log p at the location, for the
 * scale 1. */
void vaei_located_loss(const vaei_output_tile *tile, vaei_density_kernel *kernel, double log_normaliser);
void vaei_located_mean(const vaei_output_tile *tile);
double vaei_located_bias(const vae_config *config, double mean);

/* The output at which an activation has the value y; values that it cannot reach are clipped into its range. */
double vaei_activation_inverse(vae_activation activation, double y);

/* log(p / (1 - p)) */
double vaei_logit(double p);

static inline double vaei_clip(double x, double low, double high) { return x < low ? low : x > high ? high : x; }

#endif
