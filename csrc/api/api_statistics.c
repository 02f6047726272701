/* Public functions of statistics.h. */
#include "api/check.h"
#include "core/structs.h"
#include "model/vae_statistics.h"

static vae_status check_options(vae_statistics_options *copy, const vae_statistics_options *options, vae_error *err) {
  vae_statistics_options_init(copy);
  const vae_status status = options ? vaei_check_struct(copy, sizeof *copy, options, "options", err) : VAE_OK;
  if (status != VAE_OK) return status;
  if (copy->samples < 1 || copy->samples > VAE_MAX_SAMPLES)
    return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT, "options.samples is %u; allowed are 1 to %d", copy->samples,
                     VAE_MAX_SAMPLES);
  if (!(copy->active_variance >= 0 && copy->active_variance <= 1e6))
    return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT, "options.active_variance is %g; allowed are 0 to 1e6",
                     copy->active_variance);
  if (copy->bin_width == 0 || (copy->bin_width >= 1e-30 && copy->bin_width <= 1e30)) return VAE_OK;
  return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT,
                   "options.bin_width is %g; allowed are 0 (automatic) and 1e-30 to 1e30", copy->bin_width);
}

vae_status vae_model_statistics(const vae_model *model, vae_workspace *workspace, const vae_data *x,
                                const vae_statistics_options *options, vae_statistics *statistics,
                                const vae_statistics_arrays *arrays, vae_error *err) {
  vae_data data;
  vae_condition condition;
  vae_statistics_options own_options;
  vae_statistics_arrays own_arrays;
  vae_statistics own;
  vae_status status = vaei_check_pair(model, workspace, err);
  if (status == VAE_OK) status = vaei_check_data(&data, &condition, x, model, "x", err);
  if (status == VAE_OK) status = check_options(&own_options, options, err);
  if (status != VAE_OK) return status;
  VAEI_REQUIRE(statistics, err);
  status = vaei_check_struct(&own, sizeof own, statistics, "statistics", err);
  vae_statistics_arrays_init(&own_arrays);
  if (status == VAE_OK && arrays) status = vaei_check_struct(&own_arrays, sizeof own_arrays, arrays, "arrays", err);
  if (status != VAE_OK) return status;
  status = vaei_workspace_statistics(workspace, model, &data, &own_options, &own, &own_arrays, err);
  if (status == VAE_OK) vaei_struct_write(statistics, &own, sizeof own);
  return status;
}
