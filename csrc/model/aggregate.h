/* The aggregate posterior q(z), the mean of q(z|x) over the data, and the mutual information of x and z under q. */
#ifndef VAEI_AGGREGATE_H
#define VAEI_AGGREGATE_H

#include "model/vae_workspace.h"

/* The rows come in an order shuffled by the seed, in batches of nearly equal size. M: rows of the largest batch. What
 * belongs to a latent lies row by row, so that the densities of neighbours are summed side by side. */
typedef struct vaei_aggregate {
  vaei_pass *pass;
  const vae_data *x;
  vaei_stream stream;
  vae_objective objective; /* one sample */
  uint32_t threads;
  size_t chunk, batches, most; /* rows that are encoded at a time; number of batches; M */
  vaei_arena arena;
  uint32_t *order;   /* [n] */
  double *mean;      /* [Z, M] */
  double *precision; /* [Z, M], exp(-logvar) */
  double *constant;  /* [M], -1/2 sum over latents of logvar + log 2 pi */
  float *z;          /* [M, Z] */
  double *own;       /* [M], log q(z|x) - log q(z) of each draw */
  double sum;        /* of `own` over the batches so far */
  _Atomic size_t bad_row;
} vaei_aggregate;

/* Takes the memory for batches of at most most_rows; the workspace and x are borrowed. Fails: OUT_OF_MEMORY. */
vae_status vaei_aggregate_open(vaei_aggregate *a, vae_workspace *w, const vae_model *model, const vae_data *x,
                               uint64_t seed, uint32_t most_rows, vae_error *err);

void vaei_aggregate_close(vaei_aggregate *a);

/* Hoffman & Johnson 2016, the index-code mutual information: I = E_x E_q(z|x) [ log q(z|x) - log q(z) ], with one draw
 * of z for each row and q(z) of the row's batch; at most log of the batch's rows. The data must have been through an
 * evaluation by this workspace, so that nothing in them is bad. */
double vaei_aggregate_information(vaei_aggregate *a);

#endif
