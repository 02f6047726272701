#include "model/data_value.h"

#include "core/error.h"
#include "model/condition.h"
#include "model/likelihood.h"

vae_status vaei_data_error(const vae_model *model, const vae_data *data, size_t row, vae_error *err) {
  vaei_row_check check = vaei_row_check_begin(&model->config);
  float x = 0;
  size_t column = 0;
  for (; column < data->columns; column++) {
    x = vaei_data_value(data, row, column);
    if (!vaei_row_check_next(&check, x)) break;
  }
  if (column == data->columns && data->condition) return vaei_condition_error(model, data->condition, row, err);
  return vaei_fail(err, VAE_ERROR_DATA, "data row %zu, column %zu is %g; allowed is %s", row, column, (double)x,
                   check.support.words);
}
