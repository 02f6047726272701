/* Public functions of preset.h. */
#include "api/check.h"

size_t vae_preset_count(void) { return 0; }

const char *vae_preset_name(size_t index) {
  (void)index;
  return NULL;
}

vae_status vae_preset_get(const char *name, vae_preset_info *info, vae_config *config, vae_training *training,
                          vae_error *err) {
  (void)info, (void)config, (void)training;
  VAEI_REQUIRE(name, err);
  return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT, "name is \"%s\"; there is no such preset", name);
}
