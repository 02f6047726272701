/* Public functions of workspace.h. */
#include "api/check.h"
#include "core/structs.h"
#include "model/vae_workspace.h"

vae_status vae_workspace_create(const vae_model *model, const vae_workspace_options *options, vae_workspace **workspace,
                                vae_error *err) {
  VAEI_REQUIRE(workspace, err);
  *workspace = NULL;
  VAEI_REQUIRE(model, err);
  vae_workspace_options o;
  vae_workspace_options_init(&o);
  vae_status status = options ? vaei_check_struct(&o, sizeof o, options, "options", err) : VAE_OK;
  vae_allocator allocator;
  if (status == VAE_OK) status = vaei_check_allocator(&allocator, o.allocator, err);
  if (status == VAE_OK) status = vaei_check_threads(o.threads, err);
  if (status != VAE_OK) return status;
  const uint32_t rows = o.max_rows ? o.max_rows : 256, most = 1u << 20;
  if (rows > most)
    return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT, "options.max_rows is %u; allowed are 0 (256) to %u", rows, most);
  const vaei_kernels *kernels = NULL;
  status = vaei_kernels_find(o.isa, &kernels, err);
  if (status != VAE_OK) return status;
  return vaei_workspace_new(model, kernels, &allocator, rows, vaei_team_threads(o.threads), workspace, err);
}

void vae_workspace_free(vae_workspace *workspace) { vaei_workspace_delete(workspace); }

vae_status vae_model_encode(const vae_model *model, vae_workspace *workspace, const vae_data *x, float *mean,
                            float *logvar, vae_error *err) {
  vae_data data;
  vae_condition condition;
  vae_status status = vaei_check_pair(model, workspace, err);
  if (status == VAE_OK) status = vaei_check_data(&data, &condition, x, model, "x", err);
  return status == VAE_OK ? vaei_workspace_encode(workspace, model, &data, mean, logvar, err) : status;
}

/* Refuses a model with a condition where there is no argument for it. given: the function that has one. */
static vae_status check_unconditional(const vae_model *model, const char *given, vae_error *err) {
  if (!model || !model->config.condition_dim) return VAE_OK;
  return vaei_fail(err, VAE_ERROR_MISMATCH, "model has a condition (its condition_dim is %u); use %s",
                   model->config.condition_dim, given);
}

vae_status vae_model_decode(const vae_model *model, vae_workspace *workspace, const float *z, size_t rows,
                            float *output, vae_error *err) {
  const vae_status status = check_unconditional(model, "vae_model_decode_given", err);
  return status == VAE_OK ? vae_model_decode_given(model, workspace, z, rows, NULL, output, err) : status;
}

vae_status vae_model_reconstruct(const vae_model *model, vae_workspace *workspace, const vae_data *x, float *output,
                                 vae_error *err) {
  vae_data data;
  vae_condition condition;
  vae_status status = vaei_check_pair(model, workspace, err);
  if (status == VAE_OK) status = vaei_check_data(&data, &condition, x, model, "x", err);
  if (status != VAE_OK) return status;
  VAEI_REQUIRE(output, err);
  return vaei_workspace_reconstruct(workspace, model, &data, output, err);
}

vae_status vae_model_sample(const vae_model *model, vae_workspace *workspace, uint64_t seed, uint64_t first_row,
                            size_t rows, float *output, float *z, vae_error *err) {
  const vae_status status = check_unconditional(model, "vae_model_sample_given", err);
  if (status != VAE_OK) return status;
  return vae_model_sample_given(model, workspace, seed, first_row, rows, NULL, output, z, err);
}

static vae_status write_loss(vae_loss *loss, const vae_loss *own, vae_error *err) {
  if (!loss || vaei_struct_write(loss, own, sizeof *own)) return VAE_OK;
  return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT, "loss->struct_size is %u; call vae_loss_init first",
                   loss->struct_size);
}

/* The checked arguments of the two functions that compute an objective. */
typedef struct objective_call {
  vae_data data;
  vae_condition condition;
  vae_objective objective;
  vae_terms terms;
  vae_loss loss;
} objective_call;

static vae_status check_objective_call(objective_call *call, const vae_model *model, const vae_workspace *workspace,
                                       const vae_data *x, const vae_objective *objective, const vae_terms *terms,
                                       vae_error *err) {
  vae_status status = vaei_check_pair(model, workspace, err);
  if (status == VAE_OK) status = vaei_check_data(&call->data, &call->condition, x, model, "x", err);
  if (status == VAE_OK) status = vaei_check_objective(&call->objective, objective, model, err);
  if (status == VAE_OK) status = vaei_check_terms(&call->terms, terms, err);
  return status;
}

vae_status vae_model_evaluate(const vae_model *model, vae_workspace *workspace, const vae_data *x,
                              const vae_objective *objective, uint64_t seed, vae_loss *loss, const vae_terms *terms,
                              vae_error *err) {
  objective_call call;
  vae_status status = check_objective_call(&call, model, workspace, x, objective, terms, err);
  if (status != VAE_OK) return status;
  VAEI_REQUIRE(loss, err);
  status = vaei_workspace_evaluate(workspace, model, &call.data, &call.objective, seed, &call.loss,
                                   terms ? &call.terms : NULL, NULL, err);
  return status == VAE_OK ? write_loss(loss, &call.loss, err) : status;
}

vae_status vae_model_loss_and_gradients(const vae_model *model, vae_workspace *workspace, const vae_data *x,
                                        const vae_objective *objective, const float *noise, uint64_t seed,
                                        vae_loss *loss, const vae_terms *terms, vae_error *err) {
  objective_call call;
  vae_status status = model ? vaei_check_float32(model, "gradients", err) : VAE_OK;
  if (status == VAE_OK) status = check_objective_call(&call, model, workspace, x, objective, terms, err);
  if (status != VAE_OK) return status;
  if (call.data.rows > workspace->max_rows)
    return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT, "x->rows is %zu; the workspace's max_rows is %u", call.data.rows,
                     workspace->max_rows);
  status = vaei_workspace_gradients(workspace, model, &call.data, &call.objective, noise, seed, &call.loss,
                                    terms ? &call.terms : NULL, err);
  return status == VAE_OK ? write_loss(loss, &call.loss, err) : status;
}

vae_status vae_workspace_get_gradient(const vae_workspace *workspace, const char *name, float *values, size_t count,
                                      vae_error *err) {
  VAEI_REQUIRE(workspace, err);
  VAEI_REQUIRE(name, err);
  VAEI_REQUIRE(values, err);
  if (!workspace->has_gradients)
    return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT,
                     "workspace holds no gradients; call vae_model_loss_and_gradients first");
  const vae_model *model = workspace->shape;
  const vaei_parameter *p = NULL;
  const vae_status status = vaei_check_parameter(model, name, count, &p, err);
  if (status == VAE_OK) vaei_parameter_unpack(model, p, workspace->gradients, values);
  return status;
}

vae_status vae_workspace_get_info(const vae_workspace *workspace, vae_workspace_info *info, vae_error *err) {
  VAEI_REQUIRE(workspace, err);
  VAEI_REQUIRE(info, err);
  const vae_workspace_info own = {
      .struct_size = sizeof own,
      .threads = (int32_t)workspace->threads,
      .isa = workspace->pass.kernels->isa,
      .max_rows = workspace->max_rows,
      .bytes = sizeof *workspace + vaei_model_bytes(workspace->shape) + vaei_pass_bytes(&workspace->pass) +
               vaei_pass_bytes(&workspace->training) + workspace->gradients_size +
               vaei_coupling_bytes(&workspace->coupling),
  };
  if (vaei_struct_write(info, &own, sizeof own)) return VAE_OK;
  return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT, "info->struct_size is %u; call vae_workspace_info_init first",
                   info->struct_size);
}
