/* Published and widely used models by name. */
#ifndef VAEI_PRESETS_H
#define VAEI_PRESETS_H

#include <stddef.h>

#include "vae/config.h"

/* A point of the model space. Static storage. */
typedef struct vaei_preset {
  const char *name;
  uint32_t epochs;
  const char *source;
  const char *summary;
  /* Says what differs from the defaults, which the caller has filled in. The layer arrays are static. */
  void (*apply)(vae_config *config, vae_training *training);
} vaei_preset;

/* The preset of that place in the list; NULL from the number of them on. */
const vaei_preset *vaei_preset_at(size_t index);

/* The preset of that name, NULL where there is none. */
const vaei_preset *vaei_preset_find(const char *name);

size_t vaei_preset_count(void);

#endif
