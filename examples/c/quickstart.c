/* cc quickstart.c $(pkg-config --cflags --libs vae) && ./a.out */
#include <stdio.h>
#include <vae/vae.h>

enum { ROWS = 2000, SIDE = 8, PIXELS = SIDE * SIDE, LATENT = 2 };
static float images[ROWS][PIXELS], mean[ROWS][LATENT];

int main(void) {
  for (int i = 0; i < ROWS * 9; i++) /* a bright square of 3 x 3 pixels, somewhere on a dark ground */
    images[i / 9][(i / 9 % 6 + i % 3) * SIDE + i / 54 % 6 + i / 3 % 3] = 1.0f;
  vae_layer hidden = {sizeof hidden, 64, VAE_ACTIVATION_RELU};
  vae_config config;
  vae_config_init(&config);
  config.input_dim = PIXELS, config.latent_dim = LATENT;
  config.encoder = config.decoder = &hidden, config.encoder_count = config.decoder_count = 1;
  vae_data data;
  vae_data_init(&data);
  data.values = images, data.rows = ROWS, data.columns = PIXELS;
  vae_loss loss;
  vae_loss_init(&loss);
  vae_error err;
  vae_error_init(&err);
  vae_model *model = NULL, *loaded = NULL;
  vae_trainer *trainer = NULL;
  vae_workspace *workspace = NULL;
  int failed = vae_model_create(&config, NULL, &model, &err) || vae_trainer_create(model, NULL, NULL, &trainer, &err);
  for (int epoch = 1; epoch <= 3 && !failed; epoch++) {
    failed = vae_trainer_epoch(trainer, &data, NULL, NULL, &loss, &err);
    printf("epoch %d: loss %.2f = reconstruction %.2f + KL %.2f\n", epoch, loss.loss, loss.reconstruction, loss.kl);
  }
  failed = failed || vae_model_save(model, "squares.safetensors", &err) ||
           vae_model_load("squares.safetensors", NULL, &loaded, &err) ||
           vae_workspace_create(loaded, NULL, &workspace, &err) ||
           vae_model_encode(loaded, workspace, &data, mean[0], NULL, &err);
  if (failed) fprintf(stderr, "%s\n", err.message);
  else printf("the first square lies at (%.3f, %.3f)\n", mean[0][0], mean[0][1]);
  vae_workspace_free(workspace), vae_trainer_free(trainer), vae_model_free(loaded), vae_model_free(model);
  return failed;
}
