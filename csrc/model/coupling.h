/* What couples the examples of a batch: free bits, the capacity and the regularizers of include/vae/config.h. All of it is a
 * function of the batch's q and of the first latent sample of each example, so it is worked out between the encoder and the
 * latent samples, once a batch, whatever parts follow: a penalty that is the same for all examples, and its gradient by
 * [mean | logvar] of each.
 *
 * A batch comes in as one block of rows, an evaluation as consecutive blocks (coupled_evaluation.h). Work is shared by examples,
 * latents or directions; every sum has one order. */
#ifndef VAEI_COUPLING_H
#define VAEI_COUPLING_H

#include "core/memory.h"
#include "kernels/kernels.h"
#include "parallel/team.h"

typedef struct vaei_coupling {
  vaei_arena arena; /* closed where there was no such objective yet */
  const vaei_kernels *kernels;
  uint32_t latents, most; /* Z; the rows that there is memory for */
  bool gradients;
  vae_regularizer regularizer; /* that there is memory for … */
  uint32_t projections;        /* … and its directions */
  vae_objective objective;     /* the current one */
  vaei_stream stream;          /* of the noise, from which the others follow */
  uint64_t first_number;       /* the block's first row has it in the streams */
  uint32_t rows;               /* n of the block */

  size_t row;                       /* of matrices that lie latent by latent: whole vectors */
  size_t z_row;                     /* of those that lie example by example */
  float *mean, *logvar, *by_latent; /* [Z, row]; by_latent: z */
  float *noise, *z;                 /* [n, z_row] */
  float *dz;                        /* [n, z_row]: d R / d z, with gradients */
  float *dq;                        /* [n, 2 z_row]: d penalty / d mean, d penalty / d logvar, with gradients */
  double *row_value;                /* [n], what a regularizer adds up to R */

  float *precision, *constant, *log_sum, *among; /* TC: [Z, row] twice, [Z + 1, row], [n, 4 (z_row + 16)] */
  double *centred, *centre, *covariance;         /* DIP: [Z, row], [Z] mean and mean variance, [Z, Z] */
  float *prior, *prior_by_latent;                /* MMD, Wasserstein: [n, z_row], [Z, row] */
  float *direction, *along;                      /* Wasserstein, some directions at a time: [.., z_row], [.., n] */
  uint64_t *keys;                                /* [.., 3, n]: sorted projections of z and of the draws, and room */
  double *distance;                              /* [projections] */

  /* Sums over the blocks so far. */
  uint64_t all_rows;
  double *latent_kl; /* [Z] */
  double kl;
  double regularization; /* R of each block times its rows */

  double penalty;  /* the mean over all rows; set by vaei_coupling_conclude */
  float kl_weight; /* of d KL in the gradient of an example: what is not per latent, and so not in dq */
} vaei_coupling;

/* The block's rows in whole vectors. */
static inline size_t vaei_coupling_padded(const vaei_coupling *c) {
  return ((size_t)c->rows + VAEI_VECTOR - 1) / VAEI_VECTOR * VAEI_VECTOR;
}

/* Rows of q: mean and logvar side by side, `q_row` floats apart; deviation: [rows, deviation_row]; kl: of each. */
typedef struct vaei_posterior_rows {
  const float *q, *deviation;
  size_t q_row, deviation_row;
  const double *kl;
} vaei_posterior_rows;

/* Whether an objective has a term that couples examples. */
bool vaei_objective_couples(const vae_objective *objective);

/* Makes room for blocks of `rows` rows and that objective, where it couples examples and there is none yet. Fails: OUT_OF_MEMORY;
 * the coupling is then what it was. */
vae_status vaei_coupling_fit(vaei_coupling *c, const vaei_kernels *kernels, const vae_allocator *allocator,
                             uint32_t latents, uint32_t rows, const vae_objective *objective, bool gradients,
                             vae_error *err);

void vaei_coupling_close(vaei_coupling *c);

/* The memory that it holds besides itself. */
static inline size_t vaei_coupling_bytes(const vaei_coupling *c) { return c->arena.memory ? c->arena.size : 0; }

/* Begins a batch or an evaluation; by one member, as the next two. */
void vaei_coupling_begin(vaei_coupling *c, const vae_objective *objective);

/* Begins a block of so many rows; first_number: its first row's in the streams. */
void vaei_coupling_begin_block(vaei_coupling *c, uint32_t rows, const vaei_stream *stream, uint64_t first_number);

/* Works the penalty out from the sums. */
void vaei_coupling_conclude(vaei_coupling *c);

/* Takes `count` rows of q as rows `first` … of the block, with the caller's noise of one sample for the whole block, [n, Z], or
 * NULL: drawn. Every member calls it, as the next two; it does its share. No barrier. */
void vaei_coupling_take(vaei_coupling *c, vaei_member member, const vaei_posterior_rows *from, uint32_t first,
                        uint32_t count, const float *noise);

/* Adds a block that has been taken to the sums. Begins and ends with a barrier. */
void vaei_coupling_add_block(vaei_coupling *c, vaei_member member);

/* The gradients of the one block's rows into dq, once the penalty is known. No barrier. */
void vaei_coupling_gradients(vaei_coupling *c, vaei_member member);

/* Adds row i of dq, before logvar's gradient is cut off where it was clamped. */
static inline void vaei_coupling_add_gradients(const vaei_coupling *c, size_t i, float *dmean, float *dlogvar) {
  const float *dq = c->dq + 2 * i * c->z_row;
  for (size_t k = 0; k < c->latents; k++) {
    dmean[k] += dq[k];
    dlogvar[k] += dq[c->z_row + k];
  }
}

#endif
