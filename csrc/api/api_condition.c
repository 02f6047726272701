/* Public functions that take a condition beside z: decoding, sampling, the prior. */
#include <string.h>

#include "api/check.h"
#include "core/names.h"
#include "model/vae_workspace.h"

vae_status vae_model_decode_given(const vae_model *model, vae_workspace *workspace, const float *z, size_t rows,
                                  const vae_condition *condition, float *output, vae_error *err) {
  vae_condition copy;
  const vae_condition *own = NULL;
  vae_status status = vaei_check_pair(model, workspace, err);
  if (status != VAE_OK) return status;
  VAEI_REQUIRE(z, err);
  VAEI_REQUIRE(output, err);
  status = vaei_check_rows(rows, err);
  if (status == VAE_OK) status = vaei_check_condition(&copy, &own, condition, model, rows, "condition", err);
  return status == VAE_OK ? vaei_workspace_decode(workspace, model, z, rows, own, output, err) : status;
}

vae_status vae_model_sample_given(const vae_model *model, vae_workspace *workspace, uint64_t seed, uint64_t first_row,
                                  size_t rows, const vae_condition *condition, float *output, float *z,
                                  vae_error *err) {
  vae_condition copy;
  const vae_condition *own = NULL;
  vae_status status = vaei_check_pair(model, workspace, err);
  if (status == VAE_OK) status = vaei_check_rows(rows, err);
  if (status == VAE_OK && first_row > UINT32_MAX - rows)
    status = vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT, "first_row is %llu; a seed's stream has %u rows",
                       (unsigned long long)first_row, UINT32_MAX);
  if (status == VAE_OK) status = vaei_check_condition(&copy, &own, condition, model, rows, "condition", err);
  if (status != VAE_OK) return status;
  return vaei_workspace_sample(workspace, model, seed, first_row, rows, own, output, z, err);
}

vae_status vae_model_prior(const vae_model *model, vae_workspace *workspace, size_t rows,
                           const vae_condition *condition, float *mean, float *logvar, vae_error *err) {
  vae_condition copy;
  const vae_condition *own = NULL;
  vae_status status = vaei_check_pair(model, workspace, err);
  if (status == VAE_OK) status = vaei_check_rows(rows, err);
  if (status == VAE_OK) status = vaei_check_condition(&copy, &own, condition, model, rows, "condition", err);
  if (status != VAE_OK) return status;
  if (model->config.prior == VAE_PRIOR_CONDITIONAL)
    return vaei_workspace_prior(workspace, model, rows, own, mean, logvar, err);
  if (model->config.prior != VAE_PRIOR_STANDARD)
    return vaei_fail(err, VAE_ERROR_UNSUPPORTED, "model's prior is %s, which is not one Gaussian; draw from it with %s",
                     vaei_prior_name(model->config.prior), "vae_model_sample");
  const size_t bytes = rows * model->config.latent_dim * sizeof(float);
  if (mean) memset(mean, 0, bytes);
  if (logvar) memset(logvar, 0, bytes);
  return VAE_OK;
}
