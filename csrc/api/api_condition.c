/* Public functions that take a condition beside z: decoding, sampling, the prior. */
#include "api/check.h"
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
  (void)model, (void)workspace, (void)rows, (void)condition, (void)mean, (void)logvar;
  return vaei_fail(err, VAE_ERROR_UNSUPPORTED, "not yet");
}
