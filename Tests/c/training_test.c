/* Training: the loss falls, every row counts, bytes are floats, bad data and NaNs are refused without damage. */
#include <stdlib.h>

#include "harness.h"
#include "support.h"

/* rows x 64: an 8 x 8 picture with one bright row and one bright column, grey noise elsewhere. */
static float *make_bars(size_t rows, uint64_t seed) {
  test_random random = {seed};
  float *values = test_allocate(rows * 64 * sizeof *values);
  for (size_t i = 0; i < rows; i++) {
    size_t bar_row = test_bits(&random) % 8, bar_column = test_bits(&random) % 8;
    for (size_t k = 0; k < 64; k++) {
      int bright = k / 8 == bar_row || k % 8 == bar_column;
      values[i * 64 + k] = (float)(bright ? 1.0 - 0.1 * test_uniform(&random) : 0.1 * test_uniform(&random));
    }
  }
  return values;
}

static vae_trainer *make_trainer(vae_model *model, uint32_t batch, double learning_rate, uint64_t seed) {
  vae_error err;
  vae_training training;
  vae_trainer *trainer = NULL;
  vae_error_init(&err);
  vae_training_init(&training);
  training.batch_size = batch;
  training.learning_rate = learning_rate;
  training.seed = seed;
  training.threads = 2;
  CHECK_OK(vae_trainer_create(model, &training, NULL, &trainer, &err), &err);
  return trainer;
}

static vae_model *make_model(const test_spec *spec, uint64_t seed) {
  vae_error err;
  vae_model *model = NULL;
  vae_error_init(&err);
  CHECK_OK(test_create(spec, seed, NULL, &model, &err), &err);
  return model;
}

/* The model's bytes before something that must not change them, and the comparison after it. */
typedef struct snapshot {
  float *values;
  size_t count;
} snapshot;

static snapshot take(const vae_model *model) {
  snapshot s;
  s.values = test_parameters(model, &s.count);
  return s;
}

static void check_unchanged(const vae_model *model, snapshot *before) {
  snapshot now = take(model);
  if (CHECK_EQUAL(now.count, before->count)) CHECK_BYTES(now.values, before->values, now.count * sizeof(float));
  free(now.values);
  free(before->values);
  before->values = NULL;
}

static void check_finite(const vae_model *model) {
  snapshot s = take(model);
  size_t bad = 0;
  for (size_t i = 0; i < s.count; i++) bad += isfinite(s.values[i]) ? 0u : 1u;
  CHECK_EQUAL(bad, 0);
  free(s.values);
}

static void check_loss_falls(void) {
  static const vae_activation activations[] = {VAE_ACTIVATION_RELU, VAE_ACTIVATION_TANH, VAE_ACTIVATION_GELU};
  float *values = make_bars(500, 1);
  vae_data data = test_floats(values, 500, 64);
  for (size_t k = 0; k < 3; k++) {
    for (int iwae = 0; iwae <= 1; iwae++) {
      vae_error err;
      vae_training training;
      vae_trainer *trainer = NULL;
      vae_loss first, last;
      test_spec spec = test_spec_hidden(64, 32, activations[k], 4);
      vae_model *model = make_model(&spec, 0);
      vae_error_init(&err);
      vae_training_init(&training);
      vae_loss_init(&first);
      vae_loss_init(&last);
      training.batch_size = 50;
      training.learning_rate = 3e-3;
      training.objective.kind = iwae ? VAE_OBJECTIVE_IWAE : VAE_OBJECTIVE_ELBO;
      training.objective.samples = iwae ? 5 : 1;
      harness_note("%s, %s", vae_activation_name(activations[k]), iwae ? "iwae" : "elbo");
      CHECK_OK(vae_model_init_output_bias(model, &data, &err), &err);
      CHECK_OK(vae_trainer_create(model, &training, NULL, &trainer, &err), &err);
      for (int epoch = 0; epoch < 40; epoch++) {
        CHECK_OK(vae_trainer_epoch(trainer, &data, NULL, NULL, epoch == 0 ? &first : &last, &err), &err);
      }
      CHECK_THAT(last.loss < 0.9 * first.loss, "the loss went from %g to %g", first.loss, last.loss);
      CHECK_NEAR(last.negative_elbo, last.reconstruction + last.kl, 1e-9 * fabs(last.negative_elbo));
      if (!iwae) CHECK_NEAR(last.loss, last.negative_elbo, 1e-6 * fabs(last.loss));
      if (iwae) CHECK(last.loss < last.negative_elbo);
      CHECK(last.kl > 0.0 && last.penalty == 0.0);
      vae_trainer_free(trainer);
      vae_model_free(model);
    }
  }
  harness_note("%s", "");
  free(values);
}

/* Steps too small to change an output, and almost no noise in z: an epoch's loss is that of all rows, each once. */
static void check_every_row_counts(void) {
  static const size_t rows[] = {1, 2, 19, 20, 21, 103, 200};
  test_spec spec = test_spec_linear(64, 3);
  for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
    vae_error err;
    vae_workspace *workspace = NULL;
    vae_loss loss, evaluated;
    vae_trainer_info info;
    float low[3] = {-20.0f, -20.0f, -20.0f}, zeros[3 * 64] = {0};
    float *values = make_bars(rows[k], 5 + k);
    vae_data data = test_floats(values, rows[k], 64);
    vae_model *model = make_model(&spec, 3);
    vae_trainer *trainer = make_trainer(model, 20, 1e-30, 1);
    harness_note("%zu rows in batches of 20", rows[k]);
    vae_error_init(&err);
    vae_loss_init(&loss);
    vae_loss_init(&evaluated);
    vae_trainer_info_init(&info);
    CHECK_OK(vae_model_set_parameter(model, "encoder.logvar.bias", low, 3, &err), &err);
    CHECK_OK(vae_model_set_parameter(model, "encoder.logvar.weight", zeros, 3 * 64, &err), &err);
    for (int epoch = 0; epoch < 2; epoch++) {
      CHECK_OK(vae_trainer_epoch(trainer, &data, NULL, NULL, &loss, &err), &err);
      CHECK_EQUAL(loss.examples, rows[k]);
    }
    CHECK_OK(vae_trainer_get_info(trainer, &info, &err), &err);
    CHECK_EQUAL(info.epoch, 2);
    CHECK_EQUAL(info.step, 2 * ((rows[k] + 19) / 20));
    CHECK_EQUAL(info.batch, 0);
    CHECK_OK(vae_workspace_create(model, NULL, &workspace, &err), &err);
    CHECK_OK(vae_model_evaluate(model, workspace, &data, NULL, 0, &evaluated, NULL, &err), &err);
    CHECK_EQUAL(evaluated.examples, rows[k]);
    CHECK_NEAR(loss.loss, evaluated.loss, 2e-4 * evaluated.loss);
    CHECK_NEAR(loss.kl, evaluated.kl, 1e-5 * evaluated.kl);
    vae_workspace_free(workspace);
    vae_trainer_free(trainer);
    vae_model_free(model);
    free(values);
  }
  harness_note("%s", "");
}

static void train_some(vae_model *model, const vae_data *data, uint64_t seed, int epochs) {
  vae_error err;
  vae_trainer *trainer = make_trainer(model, 16, 1e-2, seed);
  vae_error_init(&err);
  for (int i = 0; i < epochs; i++) CHECK_OK(vae_trainer_epoch(trainer, data, NULL, NULL, NULL, &err), &err);
  vae_trainer_free(trainer);
}

/* Trains two equal models and says whether they came out equal. */
static int trains_equally(const test_spec *spec, const vae_data *a, const vae_data *b, uint64_t a_seed,
                          uint64_t b_seed) {
  vae_model *left = make_model(spec, 2), *right = make_model(spec, 2);
  train_some(left, a, a_seed, 3);
  train_some(right, b, b_seed, 3);
  snapshot l = take(left), r = take(right);
  int equal = l.count == r.count && memcmp(l.values, r.values, l.count * sizeof(float)) == 0;
  free(l.values);
  free(r.values);
  vae_model_free(left);
  vae_model_free(right);
  return equal;
}

/* Bytes and a scale are the floats that they stand for; a stride skips what lies between rows; seeds matter. */
static void check_forms_of_data(void) {
  enum { ROWS = 83, COLUMNS = 21, STRIDE = 29 };
  test_random random = {8};
  test_spec spec = test_spec_hidden(COLUMNS, 17, VAE_ACTIVATION_SILU, 3);
  uint8_t *bytes = test_allocate(ROWS * COLUMNS), *wide_bytes = test_allocate(ROWS * STRIDE);
  float *floats = test_allocate(ROWS * COLUMNS * sizeof *floats), *wide = test_allocate(ROWS * STRIDE * sizeof *wide);
  float *thirds = test_allocate(ROWS * COLUMNS * sizeof *thirds);
  for (size_t i = 0; i < ROWS * STRIDE; i++) wide[i] = NAN; /* between the rows there may be anything */
  memset(wide_bytes, 255, ROWS * STRIDE);
  for (size_t i = 0; i < ROWS * COLUMNS; i++) {
    bytes[i] = (uint8_t)(test_bits(&random) & 255);
    floats[i] = (float)bytes[i] * 0x1p-8f;
    thirds[i] = (float)bytes[i] * (float)(1.0 / 255.0);
    wide[i / COLUMNS * STRIDE + i % COLUMNS] = floats[i];
    wide_bytes[i / COLUMNS * STRIDE + i % COLUMNS] = bytes[i];
  }
  vae_data as_bytes = test_bytes(bytes, ROWS, COLUMNS), as_floats = test_floats(floats, ROWS, COLUMNS);
  vae_data as_wide = test_floats(wide, ROWS, COLUMNS), as_wide_bytes = test_bytes(wide_bytes, ROWS, COLUMNS);
  vae_data as_thirds = test_floats(thirds, ROWS, COLUMNS);
  as_wide.row_stride = as_wide_bytes.row_stride = STRIDE;
  CHECK_NEAR(as_bytes.scale, 1.0 / 255.0, 0.0);
  CHECK(trains_equally(&spec, &as_bytes, &as_thirds, 1, 1));
  as_bytes.scale = as_wide_bytes.scale = 0x1p-8;
  CHECK(trains_equally(&spec, &as_bytes, &as_floats, 1, 1));
  CHECK(trains_equally(&spec, &as_wide, &as_floats, 1, 1));
  CHECK(trains_equally(&spec, &as_wide_bytes, &as_floats, 1, 1));
  CHECK(trains_equally(&spec, &as_floats, &as_floats, 6, 6));
  CHECK(!trains_equally(&spec, &as_floats, &as_floats, 6, 7));
  CHECK(!trains_equally(&spec, &as_floats, &as_floats, 6, 6 | UINT64_C(1) << 40));
  free(bytes);
  free(wide_bytes);
  free(floats);
  free(wide);
  free(thirds);
}

/* Where a row comes in an epoch's order: a NaN in it stops the epoch there, in batches of one row. */
static uint64_t place_of(size_t row, size_t rows, uint64_t seed, uint64_t epoch) {
  vae_trainer_info info;
  test_spec spec = test_spec_linear(2, 1);
  float *x = test_allocate(rows * 2 * sizeof *x);
  vae_data data = test_floats(x, rows, 2);
  vae_model *model = make_model(&spec, 0);
  vae_trainer *trainer = make_trainer(model, 1, 1e-3, seed);
  for (uint64_t i = 0; i < epoch; i++) CHECK_STATUS(vae_trainer_epoch(trainer, &data, NULL, NULL, NULL, NULL), VAE_OK);
  x[row * 2 + 1] = NAN;
  CHECK_STATUS(vae_trainer_epoch(trainer, &data, NULL, NULL, NULL, NULL), VAE_ERROR_DATA);
  vae_trainer_info_init(&info);
  CHECK_STATUS(vae_trainer_get_info(trainer, &info, NULL), VAE_OK);
  CHECK_EQUAL(info.epoch, epoch);
  vae_trainer_free(trainer);
  vae_model_free(model);
  free(x);
  return info.batch;
}

/* Every epoch has an order of its own, and so has every seed; each holds every row once. */
static void check_shuffling(void) {
  enum { ROWS = 40 };
  static const uint64_t runs[][2] = {{0, 0}, {0, 1}, {0, 2}, {1, 0}};
  size_t fixed = 0, same_as_first[4] = {0};
  for (size_t r = 0; r < 4; r++) {
    unsigned char seen[ROWS + 1] = {0};
    for (size_t row = 0; row < ROWS; row++) {
      uint64_t place = place_of(row, ROWS, runs[r][0], runs[r][1]);
      if (!CHECK(place < ROWS)) continue;
      CHECK(seen[place]++ == 0);
      fixed += place == row;
      same_as_first[r] += place == place_of(row, ROWS, 0, 0);
    }
  }
  CHECK_THAT(fixed < ROWS / 2, "%zu of %d rows kept their place", fixed, 4 * ROWS);
  CHECK_EQUAL(same_as_first[0], ROWS);
  for (size_t r = 1; r < 4; r++) CHECK_THAT(same_as_first[r] < ROWS / 4, "order %zu is the first one", r);
}

/* The model's values start where the documents say. */
static void check_initial_weights(void) {
  vae_error err;
  test_spec spec = test_spec_linear(300, 40);
  test_spec_add_encoder(&spec, 200, VAE_ACTIVATION_RELU);
  test_spec_add_encoder(&spec, 100, VAE_ACTIVATION_TANH);
  test_spec_add_decoder(&spec, 150, VAE_ACTIVATION_LEAKY_RELU);
  vae_model *model = make_model(&spec, 5), *same = make_model(&spec, 5), *other = make_model(&spec, 6);
  static const struct {
    const char *name;
    double variance;
    size_t fan_in, fan_out;
    int uniform;
  } expected[] = {
      {"encoder.0.weight", 2.0 / 250.0, 300, 200, 0},        {"encoder.1.weight", 2.0 / 300.0, 200, 100, 1},
      {"encoder.mean.weight", 2.0 / 140.0, 100, 40, 1},      {"encoder.logvar.weight", 2.0 / 140.0, 100, 40, 1},
      {"decoder.0.weight", 2.0 / (1.04 * 95.0), 40, 150, 0}, {"decoder.mean.weight", 2.0 / 450.0, 150, 300, 1}};
  vae_error_init(&err);
  for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
    size_t count = expected[i].fan_in * expected[i].fan_out;
    float *values = test_allocate(count * sizeof *values);
    double sum = 0.0, squares = 0.0, largest = 0.0;
    harness_note("%s", expected[i].name);
    CHECK_OK(vae_model_get_parameter(model, expected[i].name, values, count, &err), &err);
    for (size_t k = 0; k < count; k++) {
      sum += (double)values[k];
      squares += (double)values[k] * (double)values[k];
      largest = fmax(largest, fabs((double)values[k]));
    }
    double deviation = sqrt(expected[i].variance), n = (double)count;
    CHECK_NEAR(sum / n, 0.0, 5.0 * deviation / sqrt(n));
    CHECK_NEAR(squares / n / expected[i].variance, 1.0, 5.0 * sqrt(2.0 / n));
    if (expected[i].uniform) CHECK(largest <= deviation * sqrt(3.0) * 1.00001);
    if (!expected[i].uniform) CHECK(largest > 3.0 * deviation);
    free(values);
  }
  float biases[200];
  harness_note("%s", "");
  CHECK_OK(vae_model_get_parameter(model, "encoder.0.bias", biases, 200, &err), &err);
  for (int i = 0; i < 200; i++) CHECK(biases[i] == 0.0f);
  snapshot first = take(model), third = take(other);
  CHECK(memcmp(first.values, third.values, first.count * sizeof(float)) != 0);
  free(third.values);
  check_unchanged(same, &first);
  vae_model_free(model);
  vae_model_free(same);
  vae_model_free(other);
}

/* The output bias starts at the logit of the column means, or where the output activation gives them. */
static void check_output_bias(void) {
  vae_error err;
  float values[4 * 3] = {0, 1, 0.25f, 0, 1, 0.5f, 0, 1, 0.75f, 0, 1, 0.5f}, bias[3];
  uint8_t bytes[4] = {51, 102, 0, 255};
  vae_data data = test_floats(values, 4, 3);
  test_spec spec = test_spec_linear(3, 2);
  vae_model *model = make_model(&spec, 0);
  vae_error_init(&err);
  CHECK_OK(vae_model_init_output_bias(model, &data, &err), &err);
  CHECK_OK(vae_model_get_parameter(model, "decoder.mean.bias", bias, 3, &err), &err);
  CHECK_NEAR(bias[0], -log(999.0), 1e-4);
  CHECK_NEAR(bias[1], log(999.0), 1e-4);
  CHECK_NEAR(bias[2], 0.0, 1e-6);
  vae_model_free(model);
  static const vae_activation activations[] = {
      VAE_ACTIVATION_IDENTITY, VAE_ACTIVATION_SIGMOID, VAE_ACTIVATION_SOFTPLUS,
      VAE_ACTIVATION_TANH,     VAE_ACTIVATION_RELU,    VAE_ACTIVATION_ELU,
      VAE_ACTIVATION_SILU,     VAE_ACTIVATION_GELU,    VAE_ACTIVATION_LEAKY_RELU};
  vae_data narrow = test_bytes(bytes, 4, 1);
  for (size_t i = 0; i < sizeof activations / sizeof *activations; i++) {
    float z[2] = {0.0f, 0.0f}, zeros[2] = {0.0f, 0.0f}, output = -1.0f;
    vae_workspace *workspace = NULL;
    spec = test_spec_linear(1, 2);
    spec.likelihood = VAE_LIKELIHOOD_GAUSSIAN;
    spec.output_activation = activations[i];
    model = make_model(&spec, 0);
    harness_note("%s", vae_activation_name(activations[i]));
    CHECK_OK(vae_model_init_output_bias(model, &narrow, &err), &err);
    CHECK_OK(vae_model_set_parameter(model, "decoder.mean.weight", zeros, 2, &err), &err);
    CHECK_OK(vae_workspace_create(model, NULL, &workspace, &err), &err);
    CHECK_OK(vae_model_decode(model, workspace, z, 1, &output, &err), &err);
    CHECK_NEAR(output, 0.4, 1e-5);
    vae_workspace_free(workspace);
    vae_model_free(model);
  }
  harness_note("%s", "");
}

/* An explosion within training: the error names the place, the parameters are those before the batch. */
static void check_explosion(int32_t keep_gradients) {
  enum { ROWS = 40, COLUMNS = 30, BATCH = 8, MOST = 400 };
  vae_error err;
  vae_training training;
  vae_trainer *trainer = NULL;
  test_random random = {5};
  test_spec spec = test_spec_linear(COLUMNS, 4);
  for (int i = 0; i < 4; i++) test_spec_add_encoder(&spec, 24, VAE_ACTIVATION_RELU);
  for (int i = 0; i < 4; i++) test_spec_add_decoder(&spec, 24, VAE_ACTIVATION_RELU);
  spec.likelihood = VAE_LIKELIHOOD_GAUSSIAN;
  spec.sigma = 1e-4;
  vae_model *model = make_model(&spec, 1);
  float *x = test_normals(&random, ROWS * COLUMNS);
  vae_data data = test_floats(x, ROWS, COLUMNS), part = test_floats(x, BATCH, COLUMNS);
  vae_error_init(&err);
  vae_training_init(&training);
  training.batch_size = BATCH;
  training.learning_rate = 1e3;
  training.threads = 2;
  training.keep_gradients = keep_gradients;
  harness_note("explosion, %s gradients", keep_gradients ? "kept" : "fused");
  CHECK_OK(vae_trainer_create(model, &training, NULL, &trainer, &err), &err);
  vae_status status = VAE_OK;
  for (int step = 0; status == VAE_OK && step < MOST; step++) {
    snapshot before = take(model);
    status = vae_trainer_step(trainer, &part, NULL, NULL, NULL, &err);
    if (status != VAE_OK) {
      check_unchanged(model, &before);
    } else {
      free(before.values);
    }
  }
  CHECK_STATUS(status, VAE_ERROR_NOT_FINITE);
  check_finite(model);
  status = VAE_OK;
  for (int epoch = 0; status == VAE_OK && epoch < MOST; epoch++) {
    status = vae_trainer_epoch(trainer, &data, NULL, NULL, NULL, &err);
  }
  CHECK_STATUS(status, VAE_ERROR_NOT_FINITE);
  CHECK_MESSAGE_HAS(err, "epoch");
  CHECK_MESSAGE_HAS(err, "batch");
  CHECK_THAT(strstr(err.message, "coder.") != NULL, "no layer is named in \"%s\"", err.message);
  check_finite(model);
  harness_note("%s", "");
  vae_trainer_free(trainer);
  vae_model_free(model);
  free(x);
}

/* Finite values forward, an infinite gradient: nothing may reach the parameters. `first`: decoder.0.weight's size. */
static void check_gradient_overflow(float weight, int32_t keep_gradients, int must_fail) {
  enum { COLUMNS = 40, UNITS = 3, BATCH = 6 };
  vae_error err;
  vae_training training;
  vae_trainer *trainer = NULL;
  test_random random = {6};
  test_spec spec = test_spec_linear(COLUMNS, 2);
  test_spec_add_decoder(&spec, UNITS, VAE_ACTIVATION_IDENTITY);
  spec.likelihood = VAE_LIKELIHOOD_GAUSSIAN;
  spec.sigma = 0.01;
  vae_model *model = make_model(&spec, 1);
  float *x = test_normals(&random, BATCH * COLUMNS), weights[COLUMNS * UNITS], zeros[UNITS * 2] = {0};
  vae_data data = test_floats(x, BATCH, COLUMNS);
  for (int i = 0; i < COLUMNS * UNITS; i++) weights[i] = weight;
  for (int i = 0; i < BATCH * COLUMNS; i++) x[i] = fabsf(x[i]);
  vae_error_init(&err);
  vae_training_init(&training);
  training.batch_size = BATCH;
  training.keep_gradients = keep_gradients;
  harness_note("weights of %g, %s gradients", (double)weight, keep_gradients ? "kept" : "fused");
  CHECK_OK(vae_model_set_parameter(model, "decoder.0.weight", zeros, UNITS * 2, &err), &err);
  CHECK_OK(vae_model_set_parameter(model, "decoder.mean.weight", weights, COLUMNS * UNITS, &err), &err);
  CHECK_OK(vae_trainer_create(model, &training, NULL, &trainer, &err), &err);
  snapshot before = take(model);
  vae_status status = vae_trainer_step(trainer, &data, NULL, NULL, NULL, &err);
  if (must_fail) CHECK_STATUS(status, VAE_ERROR_NOT_FINITE);
  if (status == VAE_OK) {
    free(before.values);
  } else {
    check_unchanged(model, &before);
  }
  check_finite(model);
  harness_note("%s", "");
  vae_trainer_free(trainer);
  vae_model_free(model);
  free(x);
}

/* Everything that flows between layers is finite, but the gradient of a weight (`hidden` times what comes back) is
 * beyond float32, or its square is. Either the step is refused and changes nothing, or parameters and moments stay finite. */
static void check_weight_gradient_overflow(float hidden, int32_t keep_gradients) {
  vae_error err;
  vae_training training;
  vae_trainer *trainer = NULL;
  test_spec spec = test_spec_linear(1, 1);
  const float weight = 1.0f / hidden, zero = 0.0f, x = 1e14f;
  char folder[TEST_PATH], path[TEST_PATH];
  vae_data data = test_floats(&x, 1, 1);
  test_spec_add_decoder(&spec, 1, VAE_ACTIVATION_IDENTITY);
  spec.likelihood = VAE_LIKELIHOOD_GAUSSIAN;
  spec.sigma = 1e-4;
  vae_model *model = make_model(&spec, 1);
  vae_error_init(&err);
  vae_training_init(&training);
  training.keep_gradients = keep_gradients;
  harness_note("hidden units of %g, %s gradients", (double)hidden, keep_gradients ? "kept" : "fused");
  CHECK_OK(vae_model_set_parameter(model, "encoder.mean.weight", &zero, 1, &err), &err);
  CHECK_OK(vae_model_set_parameter(model, "encoder.logvar.weight", &zero, 1, &err), &err);
  CHECK_OK(vae_model_set_parameter(model, "decoder.0.weight", &zero, 1, &err), &err);
  CHECK_OK(vae_model_set_parameter(model, "decoder.0.bias", &hidden, 1, &err), &err);
  CHECK_OK(vae_model_set_parameter(model, "decoder.mean.weight", &weight, 1, &err), &err);
  CHECK_OK(vae_trainer_create(model, &training, NULL, &trainer, &err), &err);
  snapshot before = take(model);
  vae_status status = vae_trainer_step(trainer, &data, &zero, NULL, NULL, &err);
  if (status != VAE_OK) {
    CHECK_STATUS(status, VAE_ERROR_NOT_FINITE);
    check_unchanged(model, &before);
  }
  free(before.values);
  check_finite(model);
  test_folder(folder);
  test_join(path, folder, "state");
  CHECK_OK(vae_trainer_save(trainer, path, &err), &err);
  CHECK_OK(vae_trainer_restore(trainer, path, &err), &err);
  test_remove_folder(folder);
  harness_note("%s", "");
  vae_trainer_free(trainer);
  vae_model_free(model);
}

int main(void) {
  check_loss_falls();
  check_every_row_counts();
  check_forms_of_data();
  check_shuffling();
  check_initial_weights();
  check_output_bias();
  for (int32_t keep = 0; keep <= 1; keep++) {
    check_explosion(keep);
    check_gradient_overflow(3e38f, keep, 1);
    check_gradient_overflow(1e34f, keep, 0);
    check_gradient_overflow(1e18f, keep, 0);
    check_weight_gradient_overflow(1e18f, keep);
    check_weight_gradient_overflow(1e-3f, keep);
  }
  return harness_finish("training");
}
