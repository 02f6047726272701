/* A model that was saved and loaded is the model: training, stepping and gradients go on from it to the bit. */
#include <stdbool.h>

#include "harness.h"
#include "support.h"
#include "vae/vae.h"

enum { ROWS = 70, COLUMNS = 21, UNITS = 19, LATENTS = 3 };

/* The model again, through its bytes. */
static vae_model *reloaded(const vae_model *model) {
  vae_error err;
  vae_error_init(&err);
  size_t size = 0;
  unsigned char *bytes = test_model_bytes(model, &size);
  vae_model *again = NULL;
  CHECK_OK(vae_model_load_bytes(bytes, size, NULL, &again, &err), &err);
  free(bytes);
  return again;
}

static void check_equal(const vae_model *a, const vae_model *b) {
  size_t a_size = 0, b_size = 0;
  unsigned char *a_bytes = test_model_bytes(a, &a_size), *b_bytes = test_model_bytes(b, &b_size);
  if (CHECK_EQUAL(a_size, b_size)) CHECK_BYTES(a_bytes, b_bytes, a_size);
  free(a_bytes);
  free(b_bytes);
}

/* Trains a model: whole epochs, or single steps on part of the rows (`batch` rows of room for them). */
static void train(vae_model *model, const vae_data *data, uint32_t batch, int32_t keep_gradients, bool steps) {
  vae_error err;
  vae_training training;
  vae_trainer *trainer = NULL;
  vae_error_init(&err);
  vae_training_init(&training);
  training.batch_size = batch;
  training.keep_gradients = keep_gradients;
  CHECK_OK(vae_trainer_create(model, &training, NULL, &trainer, &err), &err);
  vae_data part = *data;
  part.rows = 17;
  if (steps) CHECK_OK(vae_trainer_step(trainer, &part, NULL, NULL, NULL, &err), &err);
  else CHECK_OK(vae_trainer_epoch(trainer, data, NULL, NULL, NULL, &err), &err);
  float gradient[UNITS * COLUMNS];
  if (keep_gradients) {
    CHECK_OK(vae_trainer_get_gradient(trainer, "encoder.0.weight", gradient, UNITS * COLUMNS, &err), &err);
    double size = 0;
    for (int i = 0; i < UNITS * COLUMNS; i++) size += fabs((double)gradient[i]);
    CHECK(size > 1e-3);
  }
  vae_trainer_free(trainer);
}

int main(void) {
  test_spec spec = test_spec_hidden(COLUMNS, UNITS, VAE_ACTIVATION_RELU, LATENTS);
  test_random random = {7};
  float *x = test_rows(&random, VAE_LIKELIHOOD_BERNOULLI, (size_t)ROWS * COLUMNS);
  const vae_data data = test_floats(x, ROWS, COLUMNS);
  for (int variant = 0; variant < 12; variant++) {
    const uint32_t batch = variant % 3 == 0 ? 8 : variant % 3 == 1 ? 64 : 512;
    const bool steps = variant / 3 % 2;
    const int32_t keep = variant / 6;
    harness_note("batch %u, %s, gradients %s", batch, steps ? "one step" : "an epoch", keep ? "kept" : "fused");
    vae_error err;
    vae_error_init(&err);
    vae_model *model = NULL;
    CHECK_OK(test_create(&spec, 3, NULL, &model, &err), &err);
    vae_model *again = reloaded(model);
    check_equal(model, again);
    train(model, &data, batch, keep, steps);
    train(again, &data, batch, keep, steps);
    check_equal(model, again);
    vae_model *third = reloaded(again); /* and once more from a trained one */
    train(again, &data, batch, keep, !steps);
    train(third, &data, batch, keep, !steps);
    check_equal(again, third);
    vae_model_free(model);
    vae_model_free(again);
    vae_model_free(third);
  }
  free(x);
  return harness_finish("loaded_model");
}
