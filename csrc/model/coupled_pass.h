/* Where a pass's q goes through what couples examples: in a batch of training, and in an evaluation. */
#ifndef VAEI_COUPLED_PASS_H
#define VAEI_COUPLED_PASS_H

#include "model/pass.h"

/* Makes room for what an objective needs for a batch of the pass's size besides what every objective does; before
 * vaei_pass_begin, where the pass has gradients. Fails: OUT_OF_MEMORY. */
vae_status vaei_pass_fit_objective(vaei_pass *pass, const vae_objective *objective, vae_error *err);

/* The phase between vaei_pass_encode and the first part, where pass->coupled: pass->penalty, and the gradients that
 * vaei_pass_backward_decoder adds. noise, stream and first as in vaei_pass_copy_noise and vaei_pass_draw_noise. After a barrier;
 * ends with one of the whole team. */
void vaei_pass_couple(vaei_pass *pass, vaei_member member, const float *noise, const vaei_stream *stream,
                      uint64_t first);

/* The rows of an evaluation that regularizers take at a time. */
enum { VAEI_BLOCK_ROWS = 256 };

/* What couples the rows of an evaluation, whatever they are worked on at a time. KL and per-latent KL are added up over all rows;
 * a regularizer takes consecutive blocks of nearly equal size, at most VAEI_BLOCK_ROWS, and counts by the rows of each. */
typedef struct vaei_coupled_rows {
  vaei_coupling *coupling;
  size_t rows; /* in all */
  vaei_stream stream;
} vaei_coupled_rows;

/* The pass's rows, which are rows `first` … of the evaluation. After a barrier that follows their encoding; every member calls
 * it, and the pass may go on to others after the next barrier. */
void vaei_coupled_rows_add(const vaei_coupled_rows *all, const vaei_pass *pass, vaei_member member, size_t first);

#endif
