/* Published and widely used models by name: each is a point of the model space with the way it is trained. */
#ifndef VAE_PRESET_H
#define VAE_PRESET_H

#include "config.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Static storage throughout. */
typedef struct vae_preset_info {
  uint32_t struct_size;
  uint32_t epochs;     /* that its source trains for, or a sensible number */
  const char *name;    /* "kingma-mlp" */
  const char *source;  /* paper or program */
  const char *summary; /* what it stands for, and where it differs from the source */
} vae_preset_info;

VAE_API void vae_preset_info_init_sized(vae_preset_info *info, size_t struct_size);

static inline void vae_preset_info_init(vae_preset_info *info) { vae_preset_info_init_sized(info, sizeof *info); }

/* The number of presets, and the name of each, in the order in which programs list them; NULL from the number on. Any thread. */
VAE_API size_t vae_preset_count(void);
VAE_API const char *vae_preset_name(size_t index);

/* A preset's parts; each pointer may be NULL, what is not is initialised by the caller.
 *  config: for 28 x 28 images where the source has them; set input_dim (and groups) for other data. Its layer arrays are
 *   static.  training: objective, optimiser, schedule, batch size.
 *  Fails: INVALID_ARGUMENT for an unknown name. Any thread. */
VAE_API vae_status vae_preset_get(const char *name, vae_preset_info *info, vae_config *config, vae_training *training,
                                  vae_error *err);

#ifdef __cplusplus
}
#endif
#endif
