/* A model's configuration, and how it was trained, as JSON: the metadata `libvae.config`.
 *
 *   {"input_dim":784,"condition_dim":0,"latent_dim":20,"encoder":[{"units":400,"activation":"relu"}],"decoder":[…],
 *    "prior":"standard","prior_net":[],"likelihood":"bernoulli","sigma":1,"output_activation":"identity",
 *    "training":{"objective":"elbo","samples":1,"beta":1,"batch_size":128,"optimizer":"adam","learning_rate":0.001,
 *                "beta1":0.9,"beta2":0.999,"epsilon":1e-08,"seed":0}}
 *
 * Behind the seed `training` has further keys where their numbers are not zero: config_json.c lists them.
 *
 * input_dim, latent_dim, encoder, decoder and likelihood must be there; `training` may be left out, but not a part of
 * it. "sigma" may also be "global" or "per_output"; a categorical likelihood has "groups":[3,2,…] before `training`. Order of
 * keys when written: as above. */
#ifndef VAEI_CONFIG_JSON_H
#define VAEI_CONFIG_JSON_H

#include "io/json.h"
#include "io/json_writer.h"
#include "vae/config.h"

/* What such a text says. config's arrays are this struct's own, so it must stay where it is. */
typedef struct vaei_config_text {
  vae_config config;
  vae_layer encoder[VAE_MAX_LAYERS];
  vae_layer decoder[VAE_MAX_LAYERS];
  vae_layer prior_net[VAE_MAX_LAYERS];
  uint32_t groups[VAE_MAX_GROUPS];
  bool trained;
  vae_training training; /* where trained; threads, isa and keep_gradients are 0 */
  int32_t optimizer;     /* 0: Adam, 1: AdamW */
} vaei_config_text;

/* Types, names and the ranges of `training` are checked; the model's own ranges are left to vaei_config_check.
 *  Fails: FORMAT, UNSUPPORTED (something that only a later version has), OUT_OF_MEMORY. */
vae_status vaei_config_read(vaei_config_text *result, const char *text, size_t length, const vae_allocator *allocator,
                            vae_error *err);

/* training: NULL for a model that was never trained. config's layer arrays may have any stride. */
void vaei_config_write(const vae_config *config, const vae_training *training, vaei_json_writer *writer);

#endif
