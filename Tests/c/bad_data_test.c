/* Values that a model cannot take: refused with the row, the column and the value, nothing changed; and the next call
 * with good data goes on. */
#include <stdlib.h>

#include "harness.h"
#include "support.h"

enum { ROWS = 200, COLUMNS = 60, LATENTS = 3, BAD_ROW = 137, BAD_COLUMN = 45 };

typedef struct fixture {
  vae_model *model;
  vae_workspace *workspace;
  vae_trainer *trainer;
  float *x;
  vae_data data;
  vae_isa isa;
} fixture;

static fixture open_fixture(vae_likelihood likelihood, vae_isa isa) {
  fixture f;
  vae_error err;
  vae_training training;
  test_random random = {1};
  test_spec spec = test_spec_hidden(COLUMNS, 20, VAE_ACTIVATION_RELU, LATENTS);
  memset(&f, 0, sizeof f);
  spec.likelihood = likelihood;
  vae_error_init(&err);
  f.isa = isa;
  CHECK_OK(test_create(&spec, 0, NULL, &f.model, &err), &err);
  f.workspace = test_workspace(f.model, isa, 2, 64);
  vae_training_init(&training);
  training.isa = isa;
  training.threads = 2;
  training.batch_size = 32;
  CHECK_OK(vae_trainer_create(f.model, &training, NULL, &f.trainer, &err), &err);
  f.x = test_rows(&random, likelihood, (size_t)ROWS * COLUMNS);
  f.data = test_floats(f.x, ROWS, COLUMNS);
  return f;
}

static void close_fixture(fixture *f) {
  vae_trainer_free(f->trainer);
  vae_workspace_free(f->workspace);
  vae_model_free(f->model);
  free(f->x);
}

static void check_says(vae_status status, const vae_error *err, const char *value) {
  CHECK_STATUS(status, VAE_ERROR_DATA);
  CHECK_EQUAL(err->code, VAE_ERROR_DATA);
  CHECK_MESSAGE_HAS(*err, "row 137");
  CHECK_MESSAGE_HAS(*err, "column 45");
  if (value != NULL) CHECK_MESSAGE_HAS(*err, value);
}

static void check_finite(const vae_model *model) {
  size_t count = 0, bad = 0;
  float *values = test_parameters(model, &count);
  for (size_t i = 0; i < count; i++) bad += isfinite(values[i]) ? 0u : 1u;
  CHECK_EQUAL(bad, 0);
  free(values);
}

/* Every function that reads rows refuses these. */
static void check_refused(fixture *f, const vae_data *data, const char *value) {
  vae_error err;
  vae_loss loss;
  size_t count = 0;
  float *before = test_parameters(f->model, &count), *after = NULL;
  float *out = test_allocate(ROWS * COLUMNS * sizeof *out), *mean = test_allocate(ROWS * LATENTS * sizeof *mean);
  vae_loss_init(&loss);
  vae_error_init(&err);
  check_says(vae_model_encode(f->model, f->workspace, data, mean, NULL, &err), &err, value);
  vae_error_init(&err);
  check_says(vae_model_reconstruct(f->model, f->workspace, data, out, &err), &err, value);
  vae_error_init(&err);
  check_says(vae_model_evaluate(f->model, f->workspace, data, NULL, 0, &loss, NULL, &err), &err, value);
  vae_error_init(&err);
  check_says(vae_model_init_output_bias(f->model, data, &err), &err, value);
  vae_error_init(&err);
  check_says(vae_trainer_step(f->trainer, data, NULL, &loss, NULL, &err), &err, value);
  after = test_parameters(f->model, &count);
  CHECK_BYTES(before, after, count * sizeof *before);
  free(after);
  vae_error_init(&err);
  check_says(vae_trainer_epoch(f->trainer, data, NULL, NULL, &loss, &err), &err, value);
  check_finite(f->model);
  free(before);
  free(out);
  free(mean);
}

/* The same handles work with good data afterwards. */
static void check_goes_on(fixture *f) {
  vae_error err;
  vae_loss loss;
  vae_error_init(&err);
  vae_loss_init(&loss);
  CHECK_OK(vae_model_evaluate(f->model, f->workspace, &f->data, NULL, 0, &loss, NULL, &err), &err);
  CHECK(isfinite(loss.loss));
  CHECK_OK(vae_trainer_step(f->trainer, &f->data, NULL, &loss, NULL, &err), &err);
  CHECK_OK(vae_trainer_epoch(f->trainer, &f->data, NULL, NULL, &loss, &err), &err);
  CHECK_OK(vae_trainer_epoch(f->trainer, &f->data, NULL, NULL, &loss, &err), &err);
  CHECK_EQUAL(loss.examples, ROWS);
  CHECK_EQUAL(err.code, VAE_OK);
  CHECK(err.message[0] == '\0'); /* success leaves the error alone */
  check_finite(f->model);
}

static void check_values(vae_isa isa, vae_likelihood likelihood) {
  fixture f = open_fixture(likelihood, isa);
  static const struct {
    float value;
    const char *text;
    int gaussian_too;
  } bad[] = {{NAN, "nan", 1},      {INFINITY, "inf", 1},  {-INFINITY, "-inf", 1}, {1.5f, "1.5", 0},
             {-0.25f, "-0.25", 0}, {1.0000001f, NULL, 0}, {-1e-30f, NULL, 0},     {1e30f, "1e+30", 0}};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    if (likelihood == VAE_LIKELIHOOD_GAUSSIAN && !bad[i].gaussian_too) continue;
    harness_note("%s, %s, %g", vae_isa_name(isa), vae_likelihood_name(likelihood), (double)bad[i].value);
    float *place = &f.x[(size_t)BAD_ROW * COLUMNS + BAD_COLUMN], kept = *place;
    *place = bad[i].value;
    check_refused(&f, &f.data, bad[i].text);
    *place = kept;
    check_goes_on(&f);
  }
  /* The first bad value in reading order is the one that is named. */
  f.x[(size_t)BAD_ROW * COLUMNS + BAD_COLUMN] = f.x[(size_t)BAD_ROW * COLUMNS + BAD_COLUMN + 1] = NAN;
  f.x[(size_t)(BAD_ROW + 1) * COLUMNS + 2] = NAN;
  vae_error err;
  vae_error_init(&err);
  float mean[ROWS * LATENTS];
  check_says(vae_model_encode(f.model, f.workspace, &f.data, mean, NULL, &err), &err, NULL);
  close_fixture(&f);
}

/* Bytes that a scale takes out of [0, 1]. */
static void check_scaled_bytes(void) {
  fixture f = open_fixture(VAE_LIKELIHOOD_BERNOULLI, VAE_ISA_AUTO);
  uint8_t *bytes = test_allocate((size_t)ROWS * COLUMNS);
  vae_data data = test_bytes(bytes, ROWS, COLUMNS);
  harness_note("bytes");
  for (size_t i = 0; i < (size_t)ROWS * COLUMNS; i++) bytes[i] = i % 3 == 0;
  data.scale = 1.0;
  vae_error err;
  vae_loss loss;
  vae_error_init(&err);
  vae_loss_init(&loss);
  CHECK_OK(vae_model_evaluate(f.model, f.workspace, &data, NULL, 0, &loss, NULL, &err), &err);
  bytes[(size_t)BAD_ROW * COLUMNS + BAD_COLUMN] = 2;
  check_refused(&f, &data, "2");
  for (size_t i = 0; i < (size_t)ROWS * COLUMNS; i++) bytes[i] = 255;
  data.scale = 1.0 / 255.0; /* 255 * (1/255) must not come out above 1 */
  CHECK_OK(vae_model_evaluate(f.model, f.workspace, &data, NULL, 0, &loss, NULL, &err), &err);
  free(bytes);
  close_fixture(&f);
}

/* A z or a noise that is not finite. */
static void check_latents(void) {
  fixture f = open_fixture(VAE_LIKELIHOOD_BERNOULLI, VAE_ISA_AUTO);
  vae_error err;
  vae_loss loss;
  test_random random = {2};
  float *z = test_normals(&random, ROWS * LATENTS), *out = test_allocate((size_t)ROWS * COLUMNS * sizeof *out);
  harness_note("latents");
  vae_loss_init(&loss);
  vae_error_init(&err);
  CHECK_OK(vae_model_decode(f.model, f.workspace, z, ROWS, out, &err), &err);
  z[BAD_ROW * LATENTS + 1] = NAN;
  CHECK_STATUS(vae_model_decode(f.model, f.workspace, z, ROWS, out, &err), VAE_ERROR_DATA);
  CHECK_MESSAGE_HAS(err, "137");
  z[BAD_ROW * LATENTS + 1] = INFINITY;
  CHECK_STATUS(vae_model_decode(f.model, f.workspace, z, ROWS, out, &err), VAE_ERROR_DATA);
  CHECK_MESSAGE_HAS(err, "137");

  size_t count = 0;
  float *before = test_parameters(f.model, &count), *after = NULL;
  vae_data part = test_floats(f.x, 10, COLUMNS);
  vae_objective objective;
  vae_objective_init(&objective);
  float noise[10 * LATENTS] = {0};
  noise[7] = NAN;
  vae_error_init(&err);
  vae_status status = vae_trainer_step(f.trainer, &part, noise, &loss, NULL, &err);
  CHECK_THAT(status == VAE_ERROR_DATA || status == VAE_ERROR_NOT_FINITE, "NaN in the noise gave %s",
             vae_status_name(status));
  CHECK(err.message[0] != '\0');
  status = vae_model_loss_and_gradients(f.model, f.workspace, &part, &objective, noise, 0, &loss, NULL, &err);
  CHECK_THAT(status == VAE_ERROR_DATA || status == VAE_ERROR_NOT_FINITE, "NaN in the noise gave %s",
             vae_status_name(status));
  after = test_parameters(f.model, &count);
  CHECK_BYTES(before, after, count * sizeof *before);
  check_goes_on(&f);
  free(before);
  free(after);
  free(z);
  free(out);
  close_fixture(&f);
}

/* Weights that overflow in inference: NOT_FINITE, with the layer's name. */
static void check_overflow(void) {
  static const char *const names[] = {"encoder.0.weight", "encoder.mean.weight", "encoder.logvar.weight",
                                      "decoder.0.weight", "decoder.mean.weight"};
  static const char *const layers[] = {"encoder.0", "encoder.", "encoder.", "decoder.0", "decoder.mean"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    for (int gaussian = 0; gaussian <= 1; gaussian++) {
      vae_likelihood likelihood = gaussian ? VAE_LIKELIHOOD_GAUSSIAN : VAE_LIKELIHOOD_BERNOULLI;
      fixture f = open_fixture(likelihood, VAE_ISA_AUTO);
      vae_error err;
      vae_loss loss;
      vae_parameter_info info;
      float *out = test_allocate((size_t)ROWS * COLUMNS * sizeof *out);
      vae_error_init(&err);
      vae_loss_init(&loss);
      vae_parameter_info_init(&info);
      harness_note("%s of 3e38, %s", names[i], vae_likelihood_name(likelihood));
      CHECK_OK(vae_model_find_parameter(f.model, names[i], &info, &err), &err);
      float *huge = test_allocate(info.count * sizeof *huge);
      for (size_t k = 0; k < info.count; k++) huge[k] = k % 3 == 1 ? -3e38f : 3e38f;
      CHECK_OK(vae_model_set_parameter(f.model, names[i], huge, info.count, &err), &err);
      /* Means and log-variances alone are infinite or NaN; a clamp must not hide it. */
      CHECK_STATUS(vae_model_evaluate(f.model, f.workspace, &f.data, NULL, 0, &loss, NULL, &err), VAE_ERROR_NOT_FINITE);
      CHECK_MESSAGE_HAS(err, layers[i]);
      CHECK_STATUS(vae_trainer_epoch(f.trainer, &f.data, NULL, NULL, &loss, &err), VAE_ERROR_NOT_FINITE);
      CHECK_MESSAGE_HAS(err, layers[i]);
      check_finite(f.model);
      if (strncmp(names[i], "encoder", 7) == 0) {
        CHECK_STATUS(vae_model_reconstruct(f.model, f.workspace, &f.data, out, &err), VAE_ERROR_NOT_FINITE);
      }
      free(huge);
      free(out);
      close_fixture(&f);
    }
  }
}

int main(void) {
  vae_isa isas[TEST_ISAS];
  size_t isa_count = test_isas(isas);
  for (size_t k = 0; k < isa_count; k++) {
    check_values(isas[k], VAE_LIKELIHOOD_BERNOULLI);
    check_values(isas[k], VAE_LIKELIHOOD_GAUSSIAN);
  }
  check_scaled_bytes();
  check_latents();
  check_overflow();
  return harness_finish("bad_data");
}
