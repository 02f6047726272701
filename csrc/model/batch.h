/* A batch through the phases of a pass, part by part. */
#ifndef VAEI_BATCH_H
#define VAEI_BATCH_H

#include "model/pass.h"

/* Where a batch comes from, and what else the caller wants of it. */
typedef struct vaei_batch {
  vaei_source source;
  const float
      *noise; /* the caller's, [K, n, Z]; NULL: drawn from the stream, example i having number first_number + i */
  vaei_stream stream;
  uint64_t first_number;
  vaei_terms_view terms;   /* its arrays may be NULL */
  _Atomic size_t *bad_row; /* as in vaei_pass_gather */
} vaei_batch;

/* From the gather to the losses and, in a pass with gradients, the gradients of all activations, those of the last part's in
 * the decoder: vaei_pass_gradients and vaei_pass_update know of the others. Begins after a barrier that follows
 * vaei_pass_begin; ends with a barrier, after which bad rows, not_finite and large are settled. Every member calls it. */
void vaei_batch_run(vaei_pass *pass, vaei_member member, const vaei_batch *batch);

#endif
