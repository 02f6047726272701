/* p(x given z): each likelihood is one entry of a table, with its formula in the kernel it names. */
#ifndef VAEI_LIKELIHOOD_H
#define VAEI_LIKELIHOOD_H

#include "kernels/kernels.h"
#include "vae/config.h"

/* The values that x may take. */
typedef struct vaei_support {
  float low, high;
} vaei_support;

vaei_support vaei_likelihood_support(const vae_config *config);

/* Words for the support, "0 to 1 (a bernoulli likelihood)". */
const char *vaei_likelihood_support_words(const vae_config *config);

/* A tile of the decoder's last layer that has just been computed, before its activation. */
typedef struct vaei_output_tile {
  const vaei_kernels *kernels;
  const vae_config *config;
  double log_sigma; /* of a Gaussian; the loss reads it */
  size_t rows, columns;
  float *output; /* [rows, output_row]; overwritten */
  size_t output_row;
  const float *x; /* [rows, x_row] */
  size_t x_row;
  const float *row_weight; /* [rows]; read where d is not NULL */
  float *d;                /* NULL, or receives row_weight * d nll / d output, zero in the padding */
  size_t d_row;
  double *nll; /* [rows]; the tile's -log p(x|z) is added */
} vaei_output_tile;

/* -log p(x|z) and its gradient. mean: true leaves the likelihood's mean in output. */
void vaei_likelihood_loss(const vaei_output_tile *tile, bool mean);

/* Whether |d nll / d output| <= 1 for any finite output, and the loss is not finite where an output is not. */
bool vaei_likelihood_is_tame(const vae_config *config);

/* Output becomes the likelihood's mean; of the tile only kernels to output_row are read. */
void vaei_likelihood_mean(const vaei_output_tile *tile);

/* The bias of the output layer at which the likelihood's mean is `mean`. */
double vaei_likelihood_bias(const vae_config *config, double mean);

#endif
