/* What couples the examples of a batch, in plain loops from the formulas of include/vae/config.h: beside oracle.h. */
#ifndef VAE_TESTS_ORACLE_OBJECTIVE_H
#define VAE_TESTS_ORACLE_OBJECTIVE_H

#include "support.h"

/* q and the first latent sample of n examples, [n, Z] each, and what the examples are compared with. */
typedef struct oracle_posterior {
  size_t n, latents;
  const double *mean, *logvar, *z;
  const double *kl;        /* [n]; NULL: from the standard prior */
  const float *prior;      /* [n, Z]: MMD and sliced Wasserstein */
  const float *directions; /* [projections, Z], of any length */
} oracle_posterior;

/* What the objective adds to the mean loss. *nearest_kink becomes the smallest distance from a kink where that is smaller. */
long double oracle_penalty(const vae_objective *objective, const oracle_posterior *q, double *nearest_kink);

/* Draws from the prior and directions as the library has them for a batch of noise (seed, stream, step 0) whose first example
 * has number `first`. The caller frees. */
float *oracle_prior_draws(uint64_t seed, uint32_t stream, uint64_t first, size_t n, size_t latents);
float *oracle_directions(uint64_t seed, uint32_t stream, size_t projections, size_t latents);

/* Whose outputs are dropped, in the first step with seed 0. */
typedef struct oracle_dropping {
  double rate;
  size_t example, sample;
} oracle_dropping;

/* Drops outputs y [units] of the library's layer of that index. */
void oracle_drop(const oracle_dropping *whose, size_t layer, size_t units, long double *y);

#endif
