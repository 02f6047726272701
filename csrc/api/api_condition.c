/* Public functions that take a condition beside z: decoding, sampling, the prior. */
#include "api/check.h"

vae_status vae_model_decode_given(const vae_model *model, vae_workspace *workspace, const float *z, size_t rows,
                                  const vae_condition *condition, float *output, vae_error *err) {
  (void)model, (void)workspace, (void)z, (void)rows, (void)condition, (void)output;
  return vaei_fail(err, VAE_ERROR_UNSUPPORTED, "not yet");
}

vae_status vae_model_sample_given(const vae_model *model, vae_workspace *workspace, uint64_t seed, uint64_t first_row,
                                  size_t rows, const vae_condition *condition, float *output, float *z,
                                  vae_error *err) {
  (void)model, (void)workspace, (void)seed, (void)first_row, (void)rows, (void)condition, (void)output, (void)z;
  return vaei_fail(err, VAE_ERROR_UNSUPPORTED, "not yet");
}

vae_status vae_model_prior(const vae_model *model, vae_workspace *workspace, size_t rows,
                           const vae_condition *condition, float *mean, float *logvar, vae_error *err) {
  (void)model, (void)workspace, (void)rows, (void)condition, (void)mean, (void)logvar;
  return vaei_fail(err, VAE_ERROR_UNSUPPORTED, "not yet");
}
