#include "api/check.h"

#include <stdio.h>

#include "core/names.h"
#include "core/structs.h"
#include "model/config_check.h"
#include "model/vae_workspace.h"
#include "parallel/team.h"

vae_status vaei_check_struct(void *library, size_t library_size, const void *caller, const char *name, vae_error *err) {
  if (vaei_struct_read(library, library_size, caller)) return VAE_OK;
  return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT, "%s->struct_size is %u; fill the struct with its init function",
                   name, *(const uint32_t *)caller);
}

vae_status vaei_check_float32(const vae_model *model, const char *what, vae_error *err) {
  if (model->precision == VAE_PRECISION_FLOAT32) return VAE_OK;
  return vaei_fail(
      err, VAE_ERROR_UNSUPPORTED,
      "model is an inference copy in %s, made by vae_model_quantize; %s needs float32: use the model that it "
      "was made from",
      vaei_precision_name(model->precision), what);
}

vae_status vaei_check_pair(const vae_model *model, const vae_workspace *workspace, vae_error *err) {
  VAEI_REQUIRE(model, err);
  VAEI_REQUIRE(workspace, err);
  const vae_model *shape = workspace->shape;
  if (!vaei_config_equal(&shape->config, &model->config))
    return vaei_fail(err, VAE_ERROR_MISMATCH, "workspace was made for a model of another configuration");
  if (shape->precision == model->precision) return VAE_OK;
  return vaei_fail(err, VAE_ERROR_MISMATCH, "workspace was made for a model in %s, and this one is in %s",
                   vaei_precision_name(shape->precision), vaei_precision_name(model->precision));
}

vae_status vaei_check_allocator(vae_allocator *copy, const vae_allocator *allocator, vae_error *err) {
  if (vaei_allocator_copy(copy, allocator)) return VAE_OK;
  return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT,
                   "allocator is incomplete (struct_size %u, allocate %s, release %s); it needs both functions",
                   allocator->struct_size, copy->allocate ? "given" : "NULL", copy->release ? "given" : "NULL");
}

/* The distance of rows, in values of up to 4 bytes. */
static vae_status check_stride(size_t row_stride, size_t columns, size_t rows, const char *name, vae_error *err) {
  const size_t stride = row_stride ? row_stride : columns, element = sizeof(float);
  if (stride < columns)
    return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT, "%s->row_stride is %zu; allowed are 0 and %zu or more", name,
                     stride, columns);
  if (stride <= SIZE_MAX / element / rows) return VAE_OK;
  return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT, "%s->row_stride is %zu; %zu rows of it overflow", name, stride,
                   rows);
}

/* What bytes are multiplied by. */
static vae_status check_scale(double scale, const char *name, vae_error *err) {
  if (scale >= 1e-30 && scale <= 1e30) return VAE_OK;
  return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT, "%s->scale is %g; allowed are 1e-30 to 1e30", name, scale);
}

vae_status vaei_check_values(vae_data *copy, const vae_data *data, const vae_model *model, const char *name,
                             vae_error *err) {
  if (!data) return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT, "%s is NULL", name);
  vae_data_init(copy);
  const vae_status status = vaei_check_struct(copy, sizeof *copy, data, name, err);
  if (status != VAE_OK) return status;
  if (!copy->values) return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT, "%s->values is NULL", name);
  if (copy->type != VAE_DATA_FLOAT32 && copy->type != VAE_DATA_UINT8)
    return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT, "%s->type is %d; allowed are 0 (float32) and 1 (uint8)", name,
                     (int)copy->type);
  if (copy->rows < 1 || copy->rows > UINT32_MAX)
    return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT, "%s->rows is %zu; allowed are 1 to %u", name, copy->rows,
                     UINT32_MAX);
  if (copy->columns != model->config.input_dim)
    return vaei_fail(err, VAE_ERROR_MISMATCH, "%s->columns is %zu; the model's input_dim is %u", name, copy->columns,
                     model->config.input_dim);
  const vae_status strided = check_stride(copy->row_stride, copy->columns, copy->rows, name, err);
  if (strided != VAE_OK || copy->type == VAE_DATA_FLOAT32) return strided;
  return check_scale(copy->scale, name, err);
}

vae_status vaei_check_condition(vae_condition *copy, const vae_condition **result, const vae_condition *condition,
                                const vae_model *model, size_t rows, const char *name, vae_error *err) {
  const uint32_t dim = model->config.condition_dim;
  *result = NULL;
  if (!dim && condition)
    return vaei_fail(err, VAE_ERROR_MISMATCH, "%s is given; the model has no condition (its condition_dim is 0)", name);
  if (!dim) return VAE_OK;
  if (!condition)
    return vaei_fail(err, VAE_ERROR_MISMATCH, "%s is NULL; the model has a condition (its condition_dim is %u)", name,
                     dim);
  vae_condition_init(copy);
  vae_status status = vaei_check_struct(copy, sizeof *copy, condition, name, err);
  if (status != VAE_OK) return status;
  if (copy->type < VAE_CONDITION_FLOAT32 || copy->type > VAE_CONDITION_LABELS_UINT32)
    return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT,
                     "%s->type is %d; allowed are 0 (float32), 1 (uint8), 2 (labels as uint8) and 3 (labels as uint32)",
                     name, (int)copy->type);
  if (!copy->values) return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT, "%s->values is NULL", name);
  if (copy->rows != rows && copy->rows != 1)
    return vaei_fail(err, VAE_ERROR_MISMATCH,
                     "%s->rows is %zu; allowed are %zu, a row for each, and 1, the same for all", name, copy->rows,
                     rows);
  const bool labels = copy->type == VAE_CONDITION_LABELS_UINT8 || copy->type == VAE_CONDITION_LABELS_UINT32;
  status = check_stride(copy->row_stride, labels ? 1 : dim, copy->rows, name, err);
  if (status == VAE_OK && copy->type == VAE_CONDITION_UINT8) status = check_scale(copy->scale, name, err);
  if (status == VAE_OK) *result = copy;
  return status;
}

vae_status vaei_check_data(vae_data *copy, vae_condition *condition, const vae_data *data, const vae_model *model,
                           const char *name, vae_error *err) {
  char part[32];
  const vae_status status = vaei_check_values(copy, data, model, name, err);
  if (status != VAE_OK) return status;
  snprintf(part, sizeof part, "%s->condition", name);
  return vaei_check_condition(condition, &copy->condition, copy->condition, model, copy->rows, part, err);
}

vae_status vaei_check_objective(vae_objective *copy, const vae_objective *objective, const vae_model *model,
                                vae_error *err) {
  vae_objective_init(copy);
  if (!objective) return VAE_OK;
  vae_status status = vaei_check_struct(copy, sizeof *copy, objective, "objective", err);
  if (status == VAE_OK) status = vaei_objective_check(copy, err);
  return status == VAE_OK ? vaei_objective_check_model(copy, &model->config, err) : status;
}

vae_status vaei_check_rows(size_t rows, vae_error *err) {
  if (rows >= 1 && rows <= UINT32_MAX) return VAE_OK;
  return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT, "rows is %zu; allowed are 1 to %u", rows, UINT32_MAX);
}

vae_status vaei_check_threads(int32_t threads, vae_error *err) {
  if (threads >= 0 && threads <= VAEI_MAX_THREADS) return VAE_OK;
  return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT, "threads is %d; allowed are 0 (automatic) to %d", (int)threads,
                   VAEI_MAX_THREADS);
}

vae_status vaei_check_training(vae_training *copy, const vae_training *training, const vae_model *model,
                               vae_error *err) {
  vae_training_init(copy);
  if (!training) return VAE_OK;
  vae_status status = vaei_check_struct(copy, sizeof *copy, training, "training", err);
  if (status != VAE_OK) return status;
  if (copy->objective.struct_size <= sizeof copy->objective.struct_size)
    return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT,
                     "training->objective.struct_size is %u; fill the struct with vae_training_init",
                     copy->objective.struct_size);
  status = vaei_check_threads(copy->threads, err);
  if (status != VAE_OK) return status;
  status = vaei_training_check(copy, err);
  if (status == VAE_OK) status = vaei_objective_check_model(&copy->objective, &model->config, err);
  if (status != VAE_OK) return status;
  if (copy->keep_gradients != 0 && copy->keep_gradients != 1)
    return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT, "training.keep_gradients is %d; allowed are 0 and 1",
                     (int)copy->keep_gradients);
  if (copy->precision_fallback != 0 && copy->precision_fallback != 1)
    return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT, "training.precision_fallback is %d; allowed are 0 and 1",
                     (int)copy->precision_fallback);
  return VAE_OK;
}

vae_status vaei_check_terms(vae_terms *copy, const vae_terms *terms, vae_error *err) {
  vae_terms_init(copy);
  return terms ? vaei_check_struct(copy, sizeof *copy, terms, "terms", err) : VAE_OK;
}

vae_status vaei_check_path(const char *path, vae_error *err) {
  if (path && *path) return VAE_OK;
  return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT, "path is %s; it must name a file", path ? "empty" : "NULL");
}

vae_status vaei_check_parameter(const vae_model *model, const char *name, size_t count,
                                const vaei_parameter **parameter, vae_error *err) {
  *parameter = vaei_parameter_find(model, name);
  if (!*parameter)
    return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT,
                     "name is \"%s\"; the model has no tensor of that name (its first "
                     "is %s)",
                     name, model->parameters[0].name);
  if ((*parameter)->count != count)
    return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT, "count is %zu; %s has %zu values", count, name,
                     (*parameter)->count);
  return VAE_OK;
}
