/* Public functions about p(x given z) itself: its parameters, mean and samples. */
#include "api/check.h"

const char *vae_likelihood_parameter_name(vae_likelihood likelihood, uint32_t index) {
  (void)likelihood, (void)index;
  return NULL;
}

vae_status vae_model_likelihood_parameters(const vae_model *model, vae_workspace *workspace, const float *z,
                                           size_t rows, const vae_condition *condition, float *parameters,
                                           vae_error *err) {
  (void)model, (void)workspace, (void)z, (void)rows, (void)condition, (void)parameters;
  return vaei_fail(err, VAE_ERROR_UNSUPPORTED, "not yet");
}

vae_status vae_model_likelihood_mean(const vae_model *model, vae_workspace *workspace, const float *z, size_t rows,
                                     const vae_condition *condition, float *mean, vae_error *err) {
  (void)model, (void)workspace, (void)z, (void)rows, (void)condition, (void)mean;
  return vaei_fail(err, VAE_ERROR_UNSUPPORTED, "not yet");
}

vae_status vae_model_likelihood_samples(const vae_model *model, vae_workspace *workspace, const float *z, size_t rows,
                                        const vae_condition *condition, uint64_t seed, uint64_t first_row,
                                        float *samples, vae_error *err) {
  (void)model, (void)workspace, (void)z, (void)rows, (void)condition, (void)seed, (void)first_row, (void)samples;
  return vaei_fail(err, VAE_ERROR_UNSUPPORTED, "not yet");
}
