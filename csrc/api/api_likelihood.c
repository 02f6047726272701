/* Public functions about p(x given z) itself: its parameters, mean and samples. */
#include "api/check.h"
#include "model/likelihood.h"
#include "model/vae_workspace.h"

const char *vae_likelihood_parameter_name(vae_likelihood likelihood, uint32_t index) {
  return vaei_likelihood_parameter(likelihood, index);
}

/* Arguments that all three have in common, and the call. name: that of the array. */
static vae_status describe(const vae_model *model, vae_workspace *workspace, const float *z,
                           const vae_condition *condition, const vaei_description *description, const char *name,
                           vae_error *err) {
  vae_condition copy;
  const vae_condition *own = NULL;
  vae_status status = vaei_check_pair(model, workspace, err);
  if (status != VAE_OK) return status;
  VAEI_REQUIRE(z, err);
  if (!description->values) return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT, "%s is NULL", name);
  status = vaei_check_rows(description->rows, err);
  if (status == VAE_OK && description->number > UINT32_MAX - description->rows)
    status = vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT, "first_row is %llu; a seed's stream has %u rows",
                       (unsigned long long)description->number, UINT32_MAX);
  if (status == VAE_OK)
    status = vaei_check_condition(&copy, &own, condition, model, description->rows, "condition", err);
  return status == VAE_OK ? vaei_workspace_describe(workspace, model, z, own, description, err) : status;
}

vae_status vae_model_likelihood_parameters(const vae_model *model, vae_workspace *workspace, const float *z,
                                           size_t rows, const vae_condition *condition, float *parameters,
                                           vae_error *err) {
  const vaei_description wanted = {.wish = VAEI_WISH_PARAMETERS, .values = parameters, .rows = rows};
  return describe(model, workspace, z, condition, &wanted, "parameters", err);
}

vae_status vae_model_likelihood_mean(const vae_model *model, vae_workspace *workspace, const float *z, size_t rows,
                                     const vae_condition *condition, float *mean, vae_error *err) {
  const vaei_description wanted = {.wish = VAEI_WISH_MEAN, .values = mean, .rows = rows};
  return describe(model, workspace, z, condition, &wanted, "mean", err);
}

vae_status vae_model_likelihood_samples(const vae_model *model, vae_workspace *workspace, const float *z, size_t rows,
                                        const vae_condition *condition, uint64_t seed, uint64_t first_row,
                                        float *samples, vae_error *err) {
  const vaei_description wanted = {
      .wish = VAEI_WISH_SAMPLES, .values = samples, .rows = rows, .seed = seed, .number = first_row};
  return describe(model, workspace, z, condition, &wanted, "samples", err);
}
