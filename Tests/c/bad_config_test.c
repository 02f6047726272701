/* Model configurations and options that are not allowed: each with the field, its value and the limits in the message.
 * The handle comes back NULL. */
#include <stdlib.h>

#include "harness.h"
#include "refused.h"
#include "support.h"

static vae_config good_config(const vae_layer *layers) {
  vae_config config;
  vae_config_init(&config);
  config.input_dim = 6;
  config.latent_dim = 2;
  config.encoder = config.decoder = layers;
  config.encoder_count = config.decoder_count = 1;
  return config;
}

static void refuse_config(const vae_config *config, vae_status expected, const char *text, const char *more) {
  vae_model *model = (vae_model *)(uintptr_t)8;
  REFUSED(vae_model_create(config, NULL, &model, &err), expected, text, more);
  CHECK(model == NULL);
}

static void check_config(void) {
  vae_layer layers[VAE_MAX_LAYERS + 1];
  for (int i = 0; i <= VAE_MAX_LAYERS; i++) {
    vae_layer_init(&layers[i]);
    layers[i].units = 3;
  }
  const vae_config good = good_config(layers);
  vae_config config = good;
  vae_model *model = NULL;
  REFUSED(vae_model_create(NULL, NULL, &model, &err), VAE_ERROR_INVALID_ARGUMENT, "config", NULL);
  REFUSED(vae_model_create(&good, NULL, NULL, &err), VAE_ERROR_INVALID_ARGUMENT, "model", NULL);

  config.struct_size = 0;
  refuse_config(&config, VAE_ERROR_INVALID_ARGUMENT, "config", NULL);

  static const uint32_t dims[] = {0, VAE_MAX_DIM + 1, UINT32_MAX};
  for (size_t i = 0; i < 3; i++) {
    char value[16];
    snprintf(value, sizeof value, "%u", (unsigned)dims[i]);
    config = good;
    config.input_dim = dims[i];
    refuse_config(&config, VAE_ERROR_INVALID_ARGUMENT, "input_dim", value);
    config = good;
    config.latent_dim = dims[i];
    refuse_config(&config, VAE_ERROR_INVALID_ARGUMENT, "latent_dim", value);
    config = good;
    layers[0].units = dims[i];
    refuse_config(&config, VAE_ERROR_INVALID_ARGUMENT, "units", value);
    CHECK_MESSAGE_HAS(err, "encoder");
    layers[0].units = 3;
  }
  config = good;
  config.condition_dim = VAE_MAX_DIM + 1;
  refuse_config(&config, VAE_ERROR_INVALID_ARGUMENT, "condition_dim", "16777217");

  config = good;
  config.prior = VAE_PRIOR_CONDITIONAL;
  refuse_config(&config, VAE_ERROR_INVALID_ARGUMENT, "prior is conditional", "condition_dim is 0");
  config.condition_dim = 2;
  config.prior_net_count = VAE_MAX_LAYERS + 1;
  refuse_config(&config, VAE_ERROR_INVALID_ARGUMENT, "prior_net", "65");
  config.prior_net_count = 1;
  refuse_config(&config, VAE_ERROR_INVALID_ARGUMENT, "prior_net is NULL", NULL);
  config.prior_net = layers;
  config.prior = VAE_PRIOR_STANDARD;
  refuse_config(&config, VAE_ERROR_INVALID_ARGUMENT, "prior_net has 1 layers", "standard");

  config = good;
  config.encoder = NULL;
  refuse_config(&config, VAE_ERROR_INVALID_ARGUMENT, "encoder", NULL);
  config = good;
  config.decoder = NULL;
  refuse_config(&config, VAE_ERROR_INVALID_ARGUMENT, "decoder", NULL);
  config = good;
  config.encoder_count = VAE_MAX_LAYERS + 1;
  refuse_config(&config, VAE_ERROR_INVALID_ARGUMENT, "encoder", "65");
  config = good;
  config.decoder_count = UINT32_MAX;
  refuse_config(&config, VAE_ERROR_INVALID_ARGUMENT, "decoder", "4294967295");
  config = good;
  layers[0].struct_size = 0;
  refuse_config(&config, VAE_ERROR_INVALID_ARGUMENT, "encoder", NULL);
  vae_layer_init(&layers[0]);
  layers[0].units = 3;

  static const int32_t unknown[] = {-1, 9, 1000, INT32_MIN, INT32_MAX};
  for (size_t i = 0; i < 5; i++) {
    char value[16];
    snprintf(value, sizeof value, "%d", (int)unknown[i]);
    config = good;
    layers[0].activation = unknown[i];
    refuse_config(&config, VAE_ERROR_INVALID_ARGUMENT, "activation", value);
    layers[0].activation = VAE_ACTIVATION_RELU;
    config.likelihood = unknown[i];
    refuse_config(&config, VAE_ERROR_INVALID_ARGUMENT, "likelihood", value);
    config = good;
    config.prior = unknown[i];
    refuse_config(&config, VAE_ERROR_INVALID_ARGUMENT, "prior", value);
    config = good;
    config.likelihood = VAE_LIKELIHOOD_GAUSSIAN;
    config.output_activation = unknown[i];
    refuse_config(&config, VAE_ERROR_INVALID_ARGUMENT, "output_activation", value);
    config.output_activation = VAE_ACTIVATION_IDENTITY;
    config.sigma_kind = unknown[i];
    refuse_config(&config, VAE_ERROR_INVALID_ARGUMENT, "sigma_kind", value);
  }
  config = good;
  config.output_activation = VAE_ACTIVATION_RELU;
  refuse_config(&config, VAE_ERROR_INVALID_ARGUMENT, "output_activation", "relu");

  static const double sigmas[] = {0.0, -1.0, 0.99e-4, 1.01e4, NAN, INFINITY, -INFINITY};
  for (size_t i = 0; i < sizeof sigmas / sizeof *sigmas; i++) {
    config = good;
    config.likelihood = VAE_LIKELIHOOD_GAUSSIAN;
    config.sigma = sigmas[i];
    refuse_config(&config, VAE_ERROR_INVALID_ARGUMENT, "sigma", NULL);
  }

  /* More values than any machine holds, with and without overflow of 64 bits. */
  config = good;
  config.input_dim = config.latent_dim = VAE_MAX_DIM;
  layers[0].units = VAE_MAX_DIM;
  vae_error_init(&err);
  vae_status status = vae_model_create(&config, NULL, &model, &err);
  CHECK_THAT(status == VAE_ERROR_OUT_OF_MEMORY || status == VAE_ERROR_INVALID_ARGUMENT, "2^50 values gave %s",
             vae_status_name(status));
  CHECK(model == NULL && err.message[0] != '\0');

  vae_model_options options;
  vae_allocator allocator;
  vae_model_options_init(&options);
  options.struct_size = 0;
  REFUSED(vae_model_create(&good, &options, &model, &err), VAE_ERROR_INVALID_ARGUMENT, "options", NULL);
  vae_model_options_init(&options);
  vae_allocator_init(&allocator);
  allocator.release = NULL;
  options.allocator = &allocator;
  layers[0].units = 3;
  REFUSED(vae_model_create(&good, &options, &model, &err), VAE_ERROR_INVALID_ARGUMENT, "allocator", NULL);
  vae_model_free(NULL);
}

int main(void) {
  check_config();
  return harness_finish("bad_config");
}
