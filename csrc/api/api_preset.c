/* Public functions of preset.h. */
#include "api/check.h"
#include "core/structs.h"
#include "model/presets.h"

size_t vae_preset_count(void) { return vaei_preset_count(); }

const char *vae_preset_name(size_t index) {
  const vaei_preset *preset = vaei_preset_at(index);
  return preset ? preset->name : NULL;
}

/* Copies a part out to a caller who wants it. */
static vae_status give(void *caller, const void *part, size_t size, const char *name, vae_error *err) {
  if (!caller || vaei_struct_write(caller, part, size)) return VAE_OK;
  return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT, "%s->struct_size is %u; fill the struct with its init function",
                   name, *(const uint32_t *)caller);
}

vae_status vae_preset_get(const char *name, vae_preset_info *info, vae_config *config, vae_training *training,
                          vae_error *err) {
  VAEI_REQUIRE(name, err);
  const vaei_preset *preset = vaei_preset_find(name);
  if (!preset)
    return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT,
                     "name is \"%.80s\"; there is no such preset (vae_preset_name lists the %zu that there are)", name,
                     vaei_preset_count());
  const vae_preset_info about = {
      .epochs = preset->epochs, .name = preset->name, .source = preset->source, .summary = preset->summary};
  vae_config model;
  vae_training how;
  vae_config_init(&model);
  vae_training_init(&how);
  preset->apply(&model, &how);
  vae_status status = give(info, &about, sizeof about, "info", err);
  if (status == VAE_OK) status = give(config, &model, sizeof model, "config", err);
  return status == VAE_OK ? give(training, &how, sizeof how, "training", err) : status;
}
