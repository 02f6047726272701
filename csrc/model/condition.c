#include "model/condition.h"

#include "core/error.h"
#include "model/mixed.h"

static const float most = 0x1.fffffep+127f; /* any finite number is a condition */

static bool is_labels(const vae_condition *c) {
  return c->type == VAE_CONDITION_LABELS_UINT8 || c->type == VAE_CONDITION_LABELS_UINT32;
}

/* Where the row of the condition begins that goes with row `row` of the data, in values. */
static size_t begin_of(const vae_condition *c, uint32_t dim, size_t row) {
  const size_t stride = c->row_stride ? c->row_stride : is_labels(c) ? 1 : dim;
  return c->rows == 1 ? 0 : row * stride;
}

static uint32_t label_at(const vae_condition *c, size_t at) {
  if (c->type == VAE_CONDITION_LABELS_UINT8) return ((const uint8_t *)c->values)[at];
  return ((const uint32_t *)c->values)[at];
}

/* A row of `dim` zeros with a 1 at the label. False where there is no such class. */
static bool expand_label(uint32_t label, size_t dim, float *to) {
  memset(to, 0, dim * sizeof *to);
  if (label >= dim) return false;
  to[label] = 1.0f;
  return true;
}

/* False where a value is not allowed. */
static bool gather_row(const vaei_kernels *kernels, const vae_condition *c, uint32_t dim, size_t row, float *to) {
  const size_t at = begin_of(c, dim, row);
  if (is_labels(c)) return expand_label(label_at(c, at), dim, to);
  if (c->type == VAE_CONDITION_UINT8)
    return kernels->gather_bytes((const uint8_t *)c->values + at, dim, (float)c->scale, -most, most, to) == dim;
  return kernels->gather_floats((const float *)c->values + at, dim, -most, most, to) == dim;
}

void vaei_condition_gather(vaei_pass *pass, vaei_range examples, const vae_condition *condition,
                           const vaei_source *source, _Atomic size_t *bad_row) {
  for (size_t i = examples.begin; i < examples.end; i++) {
    const size_t row = vaei_source_row(source, i);
    if (!gather_row(pass->kernels, condition, pass->model->config.condition_dim, row, pass->c + i * pass->c_row))
      vaei_note_bad_row(bad_row, row);
  }
  if (pass->mixed.c.along) /* a conditional prior reads c itself */
    vaei_mixed_pack_rows(pass, &pass->mixed.c, examples, pass->c, pass->c_row, pass->model->config.condition_dim);
}

vae_status vaei_condition_error(const vae_model *model, const vae_condition *c, size_t row, vae_error *err) {
  const uint32_t dim = model->config.condition_dim;
  const size_t at = begin_of(c, dim, row), named = c->rows == 1 ? 0 : row;
  if (is_labels(c))
    return vaei_fail(err, VAE_ERROR_DATA, "condition row %zu, column 0 is the label %u; allowed are 0 to %u", named,
                     label_at(c, at), dim - 1);
  size_t column = 0;
  float value = 0;
  for (; column < dim; column++) {
    if (c->type == VAE_CONDITION_UINT8) value = (float)c->scale * (float)((const uint8_t *)c->values)[at + column];
    else value = ((const float *)c->values)[at + column];
    if (!(value - value == 0)) break;
  }
  return vaei_fail(err, VAE_ERROR_DATA, "condition row %zu, column %zu is %g; allowed is any finite number", named,
                   column, (double)value);
}
