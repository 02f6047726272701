/* The regularizers, each a file regularizer_*.c and an entry of a table. R of a block of n rows, n over 1, and its gradients by
 * z, mean and logvar. The weights of the objective are in R. */
#ifndef VAEI_REGULARIZER_H
#define VAEI_REGULARIZER_H

#include "model/coupling.h"

typedef struct vaei_regularizer_kind {
  /* Takes its memory from the coupling's arena, or plans it. */
  void (*lay_out)(vaei_coupling *c);
  /* Every member calls it after a barrier. Adds to dz and dq where there are gradients; what adds up to R is to be found by
   * `value` after the barrier that follows. */
  void (*run)(vaei_coupling *c, vaei_member member);
  /* R; by one member. */
  double (*value)(const vaei_coupling *c);
} vaei_regularizer_kind;

extern const vaei_regularizer_kind vaei_regularizer_tc, vaei_regularizer_dip, vaei_regularizer_mmd,
    vaei_regularizer_wasserstein;

/* The entry of an objective; NULL for none. */
const vaei_regularizer_kind *vaei_regularizer_of(const vae_objective *objective);

/* Directions of a sliced distance. */
static inline uint32_t vaei_projections_of(const vae_objective *o) { return o->projections ? o->projections : 50; }

/* The sum of row_value over the rows, in their order. */
double vaei_regularizer_sum_rows(const vaei_coupling *c);

/* Draws from the standard prior for the rows, example by example and latent by latent. Every member calls it; no barrier. */
void vaei_regularizer_draw_prior(vaei_coupling *c, vaei_member member);

/* Row i of the gradients by z, mean and logvar. */
static inline float *vaei_coupling_dz(const vaei_coupling *c, size_t i) { return c->dz + i * c->z_row; }
static inline float *vaei_coupling_dmean(const vaei_coupling *c, size_t i) { return c->dq + 2 * i * c->z_row; }
static inline float *vaei_coupling_dlogvar(const vaei_coupling *c, size_t i) { return c->dq + (2 * i + 1) * c->z_row; }

#endif
