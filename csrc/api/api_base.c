/* Public functions of base.h, and the names of config.h. */
#include "core/memory.h"
#include "core/names.h"
#include "core/structs.h"
#include "kernels/kernels.h"
#include "vae/vae.h"

#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)

uint32_t vae_version_number(void) { return VAE_VERSION_MAJOR * 10000 + VAE_VERSION_MINOR * 100 + VAE_VERSION_PATCH; }

const char *vae_version_string(void) {
  return TEXT(VAE_VERSION_MAJOR) "." TEXT(VAE_VERSION_MINOR) "." TEXT(VAE_VERSION_PATCH);
}

const char *vae_status_name(vae_status status) { return vaei_status_name(status); }
const char *vae_activation_name(vae_activation activation) { return vaei_activation_name(activation); }
const char *vae_likelihood_name(vae_likelihood likelihood) { return vaei_likelihood_name(likelihood); }
const char *vae_sigma_kind_name(vae_sigma_kind kind) { return vaei_sigma_kind_name(kind); }
const char *vae_prior_name(vae_prior prior) { return vaei_prior_name(prior); }
const char *vae_objective_name(vae_objective_kind kind) { return vaei_objective_name(kind); }
const char *vae_estimator_name(vae_estimator estimator) { return vaei_estimator_name(estimator); }
const char *vae_regularizer_name(vae_regularizer regularizer) { return vaei_regularizer_name(regularizer); }
const char *vae_binarization_name(vae_binarization binarization) { return vaei_binarization_name(binarization); }
const char *vae_rate_schedule_name(vae_rate_schedule schedule) { return vaei_rate_schedule_name(schedule); }
const char *vae_warm_up_name(vae_warm_up warm_up) { return vaei_warm_up_name(warm_up); }
const char *vae_isa_name(vae_isa isa) { return vaei_isa_name(isa); }
const char *vae_precision_name(vae_precision precision) { return vaei_precision_name(precision); }
const char *vae_bits_name(vae_bits bits) { return vaei_bits_name(bits); }
int32_t vae_isa_available(vae_isa isa) { return vaei_kernels_available(isa); }

/* The init functions. Each names its defaults; the header's comment repeats them. */

void vae_error_init_sized(vae_error *err, size_t struct_size) {
  const vae_error defaults = {.struct_size = sizeof defaults};
  vaei_struct_init(err, struct_size, &defaults, sizeof defaults);
}

void vae_allocator_init_sized(vae_allocator *allocator, size_t struct_size) {
  const vae_allocator defaults = vaei_allocator_default();
  vaei_struct_init(allocator, struct_size, &defaults, sizeof defaults);
}

void vae_layer_init_sized(vae_layer *layer, size_t struct_size) {
  const vae_layer defaults = {.struct_size = sizeof defaults, .activation = VAE_ACTIVATION_RELU};
  vaei_struct_init(layer, struct_size, &defaults, sizeof defaults);
}

void vae_config_init_sized(vae_config *config, size_t struct_size) {
  const vae_config defaults = {.struct_size = sizeof defaults, .sigma = 1.0};
  vaei_struct_init(config, struct_size, &defaults, sizeof defaults);
}

static vae_objective default_objective(void) {
  return (vae_objective){.struct_size = sizeof(vae_objective), .samples = 1, .beta = 1.0};
}

void vae_objective_init_sized(vae_objective *objective, size_t struct_size) {
  const vae_objective defaults = default_objective();
  vaei_struct_init(objective, struct_size, &defaults, sizeof defaults);
}

void vae_training_init_sized(vae_training *training, size_t struct_size) {
  const vae_training defaults = {
      .struct_size = sizeof defaults,
      .batch_size = 128,
      .objective = default_objective(),
      .learning_rate = 1e-3,
      .beta1 = 0.9,
      .beta2 = 0.999,
      .epsilon = 1e-8,
  };
  vaei_struct_init(training, struct_size, &defaults, sizeof defaults);
}

void vae_data_init_sized(vae_data *data, size_t struct_size) {
  const vae_data defaults = {.struct_size = sizeof defaults, .scale = 1.0 / 255.0};
  vaei_struct_init(data, struct_size, &defaults, sizeof defaults);
}

void vae_condition_init_sized(vae_condition *condition, size_t struct_size) {
  const vae_condition defaults = {.struct_size = sizeof defaults, .scale = 1.0 / 255.0};
  vaei_struct_init(condition, struct_size, &defaults, sizeof defaults);
}

void vae_statistics_options_init_sized(vae_statistics_options *options, size_t struct_size) {
  const vae_statistics_options defaults = {.struct_size = sizeof defaults, .samples = 100, .active_variance = 0.01};
  vaei_struct_init(options, struct_size, &defaults, sizeof defaults);
}

/* Structs whose defaults are all zero. */
static void init_zero(void *caller, size_t struct_size) {
  const uint32_t none = 0;
  vaei_struct_init(caller, struct_size, &none, sizeof none);
}

void vae_loss_init_sized(vae_loss *loss, size_t struct_size) { init_zero(loss, struct_size); }
void vae_terms_init_sized(vae_terms *terms, size_t struct_size) { init_zero(terms, struct_size); }
void vae_model_options_init_sized(vae_model_options *options, size_t struct_size) { init_zero(options, struct_size); }
void vae_parameter_info_init_sized(vae_parameter_info *info, size_t struct_size) { init_zero(info, struct_size); }
void vae_workspace_options_init_sized(vae_workspace_options *options, size_t struct_size) {
  init_zero(options, struct_size);
}
void vae_workspace_info_init_sized(vae_workspace_info *info, size_t struct_size) { init_zero(info, struct_size); }
void vae_statistics_init_sized(vae_statistics *statistics, size_t struct_size) { init_zero(statistics, struct_size); }
void vae_statistics_arrays_init_sized(vae_statistics_arrays *arrays, size_t struct_size) {
  init_zero(arrays, struct_size);
}
void vae_preset_info_init_sized(vae_preset_info *info, size_t struct_size) { init_zero(info, struct_size); }
void vae_trainer_info_init_sized(vae_trainer_info *info, size_t struct_size) { init_zero(info, struct_size); }

void vae_progress_init_sized(vae_progress *progress, size_t struct_size) {
  const vae_progress defaults = {.struct_size = sizeof defaults, .loss = {.struct_size = sizeof(vae_loss)}};
  vaei_struct_init(progress, struct_size, &defaults, sizeof defaults);
}
