/* Your own optimiser: libvae gives the loss and the gradients, gradient descent with momentum is done here.
 * cc own_optimizer.c $(pkg-config --cflags --libs vae) && ./a.out */
#include <stdio.h>
#include <stdlib.h>
#include <vae/vae.h>

enum { ROWS = 64, SIDE = 8, PIXELS = SIDE * SIDE, STEPS = 200 };

/* velocity <- 0.9 velocity - rate gradient; parameter <- parameter + velocity, for one tensor of `count` values.
 * scratch: [2, count], overwritten.  Gives a status. */
static vae_status update(vae_model *model, const vae_workspace *workspace, const vae_parameter_info *info,
                         float *velocity, float *scratch, vae_error *err) {
  float *value = scratch, *gradient = scratch + info->count;
  vae_status status = vae_model_get_parameter(model, info->name, value, info->count, err);
  if (status == VAE_OK) status = vae_workspace_get_gradient(workspace, info->name, gradient, info->count, err);
  if (status != VAE_OK) return status;
  for (size_t i = 0; i < info->count; i++) {
    velocity[i] = 0.9f * velocity[i] - 0.005f * gradient[i];
    value[i] += velocity[i];
  }
  return vae_model_set_parameter(model, info->name, value, info->count, err);
}

int main(void) {
  static float images[ROWS][PIXELS];
  for (int i = 0; i < ROWS * 9; i++) /* a bright square of 3 x 3 pixels, somewhere on a dark ground */
    images[i / 9][(i / 9 % 6 + i % 3) * SIDE + i / 54 % 6 + i / 3 % 3] = 1.0f;
  vae_layer hidden = {sizeof hidden, 32, VAE_ACTIVATION_TANH};
  vae_config config;
  vae_config_init(&config);
  config.input_dim = PIXELS, config.latent_dim = 2;
  config.encoder = config.decoder = &hidden, config.encoder_count = config.decoder_count = 1;
  vae_data data;
  vae_data_init(&data);
  data.values = images, data.rows = ROWS, data.columns = PIXELS;
  vae_loss loss;
  vae_loss_init(&loss);
  vae_error err;
  vae_error_init(&err);
  vae_model *model = NULL;
  vae_workspace *workspace = NULL;
  int failed = vae_model_create(&config, NULL, &model, &err) || vae_workspace_create(model, NULL, &workspace, &err);
  size_t values = (size_t)vae_model_value_count(model);
  float *velocity = calloc(values, sizeof *velocity), *scratch = calloc(values, 2 * sizeof *scratch);
  double first = 0;
  for (int step = 0; step < STEPS && !failed && velocity && scratch; step++) {
    /* The noise of step t is drawn from seed t; your own goes where NULL stands. */
    failed = vae_model_loss_and_gradients(model, workspace, &data, NULL, NULL, (uint64_t)step, &loss, NULL, &err);
    if (step == 0) first = loss.loss;
    size_t at = 0; /* where the tensor's velocity begins */
    for (size_t i = 0; i < vae_model_parameter_count(model) && !failed; i++) {
      vae_parameter_info info;
      vae_parameter_info_init(&info);
      failed = vae_model_get_parameter_info(model, i, &info, &err) ||
               update(model, workspace, &info, velocity + at, scratch, &err);
      at += info.count;
    }
  }
  if (failed) fprintf(stderr, "%s\n", err.message);
  else printf("loss %.1f before, %.1f after %d steps\n", first, loss.loss, STEPS);
  failed = failed || !(loss.loss < 0.7 * first);
  free(velocity), free(scratch);
  vae_workspace_free(workspace), vae_model_free(model);
  return failed;
}
