/* Single values of the caller's data, for what need not be fast: means and messages. */
#ifndef VAEI_DATA_VALUE_H
#define VAEI_DATA_VALUE_H

#include "model/vae_model.h"

/* Row i, column j, scaled as the gather kernels scale it. */
static inline float vaei_data_value(const vae_data *data, size_t i, size_t j) {
  const size_t at = i * (data->row_stride ? data->row_stride : data->columns) + j;
  if (data->type == VAE_DATA_UINT8) return (float)data->scale * (float)((const uint8_t *)data->values)[at];
  return ((const float *)data->values)[at];
}

/* An error that names the first value of a row that the likelihood cannot take, or of its condition. */
vae_status vaei_data_error(const vae_model *model, const vae_data *data, size_t row, vae_error *err);

#endif
