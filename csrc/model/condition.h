/* The condition c of a batch: gathered from the caller's rows or expanded from labels, and joined behind x for the encoder
 * and behind z for the decoder. */
#ifndef VAEI_CONDITION_H
#define VAEI_CONDITION_H

#include <string.h>

#include "model/pass.h"

/* Fills pass->c of some examples of the batch; `source` says which rows of the condition those are. *bad_row as in
 * vaei_pass_gather. No barrier. A pass of a model without a condition has no c: do not call it. */
void vaei_condition_gather(vaei_pass *pass, vaei_range examples, const vae_condition *condition,
                           const vaei_source *source, _Atomic size_t *bad_row);

/* Example i's condition behind the first `columns` values of a row. Nothing where the model has none. */
static inline void vaei_condition_join(const vaei_pass *pass, size_t i, float *row, size_t columns) {
  const size_t dim = pass->model->config.condition_dim;
  if (dim) memcpy(row + columns, pass->c + i * pass->c_row, dim * sizeof(float));
}

/* An error that names the first value of a row that is no condition of that model: row `row` of what the condition goes
 * with. */
vae_status vaei_condition_error(const vae_model *model, const vae_condition *condition, size_t row, vae_error *err);

#endif
