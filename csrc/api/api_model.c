/* Public functions of model.h. */
#include <string.h>

#include "api/check.h"
#include "core/names.h"
#include "core/structs.h"
#include "io/model_file.h"
#include "kernels/kernels.h"
#include "model/data_value.h"
#include "model/likelihood.h"

vae_status vae_model_create(const vae_config *config, const vae_model_options *options, vae_model **model,
                            vae_error *err) {
  VAEI_REQUIRE(model, err);
  *model = NULL;
  VAEI_REQUIRE(config, err);
  vae_config own;
  vae_config_init(&own);
  vae_status status = vaei_check_struct(&own, sizeof own, config, "config", err);
  vae_model_options o;
  vae_model_options_init(&o);
  if (status == VAE_OK && options) status = vaei_check_struct(&o, sizeof o, options, "options", err);
  vae_allocator allocator;
  if (status == VAE_OK) status = vaei_check_allocator(&allocator, o.allocator, err);
  if (status == VAE_OK) status = vaei_model_new(&own, &allocator, model, err);
  if (status == VAE_OK) vaei_model_init_parameters(*model, o.seed);
  return status;
}

vae_status vae_model_quantize(const vae_model *model, vae_precision precision, vae_model **copy, vae_error *err) {
  VAEI_REQUIRE(copy, err);
  *copy = NULL;
  VAEI_REQUIRE(model, err);
  if (!vaei_precision_name(precision))
    return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT, "precision is %d; allowed are 0 (float32), 1 (bf16) and 2 (int8)",
                     (int)precision);
  const vae_status status = vaei_check_float32(model, "another copy", err);
  return status == VAE_OK ? vaei_model_quantize(model, precision, copy, err) : status;
}

vae_precision vae_model_precision(const vae_model *model) { return model ? model->precision : VAE_PRECISION_FLOAT32; }

void vae_model_free(vae_model *model) { vaei_model_delete(model); }

vae_status vae_model_get_config(const vae_model *model, vae_config *config, vae_error *err) {
  VAEI_REQUIRE(model, err);
  VAEI_REQUIRE(config, err);
  if (vaei_struct_write(config, &model->config, sizeof model->config)) return VAE_OK;
  return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT, "config->struct_size is %u; call vae_config_init first",
                   config->struct_size);
}

vae_status vae_model_get_training(const vae_model *model, vae_training *training, int32_t *trained, vae_error *err) {
  VAEI_REQUIRE(model, err);
  VAEI_REQUIRE(training, err);
  VAEI_REQUIRE(trained, err);
  *trained = model->trained;
  if (!model->trained || vaei_struct_write(training, &model->training, sizeof model->training)) return VAE_OK;
  return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT, "training->struct_size is %u; call vae_training_init first",
                   training->struct_size);
}

size_t vae_model_parameter_count(const vae_model *model) { return model ? model->parameter_count : 0; }

uint64_t vae_model_value_count(const vae_model *model) { return model ? model->value_count : 0; }

static vae_status write_info(const vaei_parameter *p, vae_parameter_info *info, vae_error *err) {
  const vae_parameter_info own = {.struct_size = sizeof own,
                                  .name = p->name,
                                  .rank = p->rank,
                                  .shape = {p->shape[0], p->shape[1]},
                                  .count = p->count};
  if (vaei_struct_write(info, &own, sizeof own)) return VAE_OK;
  return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT, "info->struct_size is %u; call vae_parameter_info_init first",
                   info->struct_size);
}

vae_status vae_model_get_parameter_info(const vae_model *model, size_t index, vae_parameter_info *info,
                                        vae_error *err) {
  VAEI_REQUIRE(model, err);
  VAEI_REQUIRE(info, err);
  if (index >= model->parameter_count)
    return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT, "index is %zu; the model has %zu tensors", index,
                     model->parameter_count);
  return write_info(&model->parameters[index], info, err);
}

vae_status vae_model_find_parameter(const vae_model *model, const char *name, vae_parameter_info *info,
                                    vae_error *err) {
  VAEI_REQUIRE(model, err);
  VAEI_REQUIRE(name, err);
  VAEI_REQUIRE(info, err);
  const vaei_parameter *p = vaei_parameter_find(model, name);
  if (p) return write_info(p, info, err);
  return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT, "name is \"%s\"; the model has no tensor of that name", name);
}

vae_status vae_model_get_parameter(const vae_model *model, const char *name, float *values, size_t count,
                                   vae_error *err) {
  VAEI_REQUIRE(model, err);
  VAEI_REQUIRE(name, err);
  VAEI_REQUIRE(values, err);
  const vaei_parameter *p = NULL;
  const vae_status status = vaei_check_parameter(model, name, count, &p, err);
  if (status == VAE_OK) vaei_parameter_read(model, p, values);
  return status;
}

vae_status vae_model_set_parameter(vae_model *model, const char *name, const float *values, size_t count,
                                   vae_error *err) {
  VAEI_REQUIRE(model, err);
  VAEI_REQUIRE(name, err);
  VAEI_REQUIRE(values, err);
  const vaei_parameter *p = NULL;
  vae_status status = vaei_check_float32(model, "setting a parameter", err);
  if (status == VAE_OK) status = vaei_check_parameter(model, name, count, &p, err);
  if (status != VAE_OK) return status;
  for (size_t i = 0; i < count; i++)
    if (!(values[i] - values[i] == 0))
      return vaei_fail(err, VAE_ERROR_DATA, "values[%zu] of %s is %g; a parameter must be finite", i, name,
                       (double)values[i]);
  vaei_parameter_pack(model, p, model->block, values);
  model->version++;
  return VAE_OK;
}

/* Column sums, row by row in float64, of checked data. Fails where a value is outside the likelihood's range. */
static vae_status add_columns(const vae_model *model, const vae_data *data, double *sum, vae_error *err) {
  for (size_t i = 0; i < data->rows; i++) {
    vaei_row_check check = vaei_row_check_begin(&model->config);
    for (size_t j = 0; j < data->columns; j++) {
      const float x = vaei_data_value(data, i, j);
      if (!vaei_row_check_next(&check, x)) return vaei_data_error(model, data, i, err);
      sum[j] += (double)x;
    }
  }
  return VAE_OK;
}

vae_status vae_model_init_output_bias(vae_model *model, const vae_data *data, vae_error *err) {
  VAEI_REQUIRE(model, err);
  vae_data own;
  vae_status status = vaei_check_float32(model, "setting a parameter", err);
  if (status == VAE_OK) status = vaei_check_values(&own, data, model, "data", err);
  if (status != VAE_OK) return status;
  own.condition = NULL; /* it is not read */
  const size_t units = model->config.input_dim, bytes = units * (sizeof(double) + sizeof(float));
  double *sum = vaei_allocate_zeroed(&model->allocator, bytes);
  if (!sum) return vaei_fail(err, VAE_ERROR_OUT_OF_MEMORY, "no memory for the means (%zu bytes asked for)", bytes);
  status = add_columns(model, &own, sum, err);
  if (status == VAE_OK) {
    float *bias = (float *)(sum + units);
    for (size_t j = 0; j < units; j++) bias[j] = (float)vaei_likelihood_bias(&model->config, sum[j] / (double)own.rows);
    vaei_parameter_pack(model, vaei_parameter_find(model, "decoder.mean.bias"), model->block, bias);
    model->version++;
  }
  vaei_release(&model->allocator, sum, bytes);
  return status;
}

vae_status vae_model_save(const vae_model *model, const char *path, vae_error *err) {
  VAEI_REQUIRE(model, err);
  vae_status status = vaei_check_float32(model, "saving", err);
  if (status == VAE_OK) status = vaei_check_path(path, err);
  return status == VAE_OK ? vaei_model_file_save(model, NULL, path, err) : status;
}

vae_status vae_model_save_bytes(const vae_model *model, void *bytes, size_t capacity, size_t *size, vae_error *err) {
  VAEI_REQUIRE(model, err);
  VAEI_REQUIRE(size, err);
  if (!bytes && capacity)
    return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT, "bytes is NULL, but capacity is %zu", capacity);
  const vae_status status = vaei_check_float32(model, "saving", err);
  return status != VAE_OK ? status : vaei_model_file_save_bytes(model, NULL, bytes, capacity, size, err);
}

static vae_status load(const char *path, const void *bytes, size_t size, const vae_model_options *options,
                       vae_model **model, vae_error *err) {
  vae_model_options o;
  vae_model_options_init(&o);
  vae_status status = options ? vaei_check_struct(&o, sizeof o, options, "options", err) : VAE_OK;
  vae_allocator allocator;
  if (status == VAE_OK) status = vaei_check_allocator(&allocator, o.allocator, err);
  if (status == VAE_OK) status = vaei_model_file_load(path, bytes, size, &allocator, model, NULL, err);
  return status;
}

vae_status vae_model_load(const char *path, const vae_model_options *options, vae_model **model, vae_error *err) {
  VAEI_REQUIRE(model, err);
  *model = NULL;
  const vae_status status = vaei_check_path(path, err);
  return status == VAE_OK ? load(path, NULL, 0, options, model, err) : status;
}

vae_status vae_model_load_bytes(const void *bytes, size_t size, const vae_model_options *options, vae_model **model,
                                vae_error *err) {
  VAEI_REQUIRE(model, err);
  *model = NULL;
  VAEI_REQUIRE(bytes, err);
  return load(NULL, bytes, size, options, model, err);
}
