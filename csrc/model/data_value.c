#include "model/data_value.h"

#include "core/error.h"
#include "model/likelihood.h"

vae_status vaei_data_error(const vae_model *model, const vae_data *data, size_t row, vae_error *err) {
  const vaei_support support = vaei_likelihood_support(&model->config);
  float x = 0;
  size_t column = 0;
  for (; column < data->columns; column++) {
    x = vaei_data_value(data, row, column);
    if (!(x >= support.low && x <= support.high)) break;
  }
  return vaei_fail(err, VAE_ERROR_DATA, "data row %zu, column %zu is %g; allowed is %s", row, column, (double)x,
                   vaei_likelihood_support_words(&model->config));
}
