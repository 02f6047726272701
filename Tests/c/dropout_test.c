/* Dropout of hidden layers' outputs in training: which are dropped, by the streams' definition; a step's loss and gradients against
 * the float64 oracle with the same ones dropped. */
#include <stdint.h>

#include "core/random.h"
#include "harness.h"
#include "kernels/kernels.h"
#include "oracle.h"
#include "support.h"

static vae_error err;

/* The uniform number of an output, from Philox alone. */
static float uniform_of(const vaei_stream *s, uint64_t example, uint64_t number) {
  const uint32_t key[2] = {(uint32_t)s->seed, (uint32_t)(s->seed >> 32)};
  const uint64_t block = number / 4;
  const uint32_t counter[4] = {
      (uint32_t)block, (uint32_t)example, (uint32_t)s->step,
      s->stream << 24 | (uint32_t)(s->step >> 32 & 0xFFF) << 12 | (uint32_t)(block >> 32 & 0xFFF)};
  uint32_t word[4];
  vaei_philox(counter, key, word);
  return (float)(word[number % 4] >> 8) * 0x1p-24f;
}

/* A tile of rows from within a matrix, on every instruction set. */
static void check_kernel(size_t begin, size_t end, size_t first, size_t columns, uint32_t samples) {
  enum { ROW = 112, MOST = 8 * ROW };
  vae_isa isas[TEST_ISAS];
  const size_t count = test_isas(isas);
  const vaei_dropout d = {.stream = {.seed = 0x1234567890abcdefull, .stream = 99, .step = 0x123456789ull},
                          .draws = {.example = 7, .sample = 3, .samples = samples},
                          .blocks = ROW / 4,
                          .rate = 0.3f,
                          .scale = 1.25f};
  for (size_t k = 0; k < count; k++) {
    const vaei_kernels *kernels = NULL;
    float y[MOST];
    size_t dropped = 0, wrong = 0;
    for (size_t i = 0; i < MOST; i++) y[i] = 2.0f;
    CHECK_OK(vaei_kernels_find(isas[k], &kernels, &err), &err);
    kernels->dropout(&d, begin, end, first, columns, y + first, ROW);
    for (size_t r = 0; r < 8; r++)
      for (size_t j = 0; j < ROW; j++) {
        const size_t row = begin + r, sample = 3 + row % samples;
        float expected = 2.0f;
        if (row < end && j >= first && j < first + columns)
          expected = uniform_of(&d.stream, 7 + row / samples, sample * ROW + j) < d.rate ? 0.0f : 2.5f;
        wrong += y[r * ROW + j] != expected;
        dropped += y[r * ROW + j] == 0.0f;
      }
    harness_note("rows %zu to %zu, columns from %zu, %s", begin, end, first, vae_isa_name(isas[k]));
    CHECK_EQUAL(wrong, 0);
    CHECK(dropped > 0 || (end - begin) * columns < 48);
  }
}

/* One step's loss and, along a random direction in each tensor, its gradient. */
static void check_step(const test_spec *spec, size_t n, double rate, vae_isa isa, int32_t threads) {
  vae_model *model = NULL;
  vae_trainer *trainer = NULL;
  vae_training training;
  vae_loss loss;
  oracle *o = NULL;
  oracle_result expected;
  float *x = NULL, *noise = NULL;
  vae_loss_init(&loss);
  CHECK_OK(test_create(spec, 0, NULL, &model, &err), &err);
  for (uint64_t attempt = 0; attempt < 200; attempt++) { /* until no ReLU is near its kink */
    test_random random = {n * 1000 + attempt};
    CHECK_OK(test_fill_parameters(model, &random, 1.0, &err), &err);
    x = test_spec_rows(&random, spec, n);
    noise = test_normals(&random, spec->objective.samples * n * spec->latent_dim);
    o = oracle_new(spec, model);
    expected = oracle_run(o, &(oracle_batch){.n = n, .x = x, .noise = noise, .dropout = rate});
    if (expected.nearest_kink > 2e-5) break;
    oracle_result_free(&expected);
    oracle_free(o);
    free(x);
    free(noise);
    o = NULL;
  }
  if (!CHECK(o != NULL)) return;
  const oracle_batch batch = {.n = n, .x = x, .noise = noise, .dropout = rate};
  const vae_data data = test_floats(x, n, spec->input_dim);
  vae_training_init(&training);
  training.objective = spec->objective;
  training.dropout = rate;
  training.isa = isa;
  training.threads = threads;
  training.keep_gradients = 1;
  CHECK_OK(vae_trainer_create(model, &training, NULL, &trainer, &err), &err);
  CHECK_OK(vae_trainer_step(trainer, &data, noise, &loss, NULL, &err), &err);
  CHECK_NEAR(loss.loss, expected.mean_loss, 1e-5 * fabs(expected.mean_loss));
  for (size_t i = 0; i < vae_model_parameter_count(model); i++) {
    vae_parameter_info info;
    size_t count = 0;
    double along = 0, norm = 0;
    test_random random = {i};
    vae_parameter_info_init(&info);
    CHECK_OK(vae_model_get_parameter_info(model, i, &info, &err), &err);
    float *direction = test_normals(&random, info.count), *gradient = test_allocate(info.count * sizeof *gradient);
    CHECK_OK(vae_trainer_get_gradient(trainer, info.name, gradient, info.count, &err), &err);
    oracle_real *values = oracle_parameter(o, info.name, &count);
    const double difference = oracle_directional(o, &batch, values, direction, count);
    for (size_t j = 0; j < info.count; j++) {
      along += (double)gradient[j] * (double)direction[j];
      norm += (double)gradient[j] * (double)gradient[j];
    }
    CHECK_THAT(fabs(along - difference) <= 8e-5 * sqrt(norm) + 1e-6,
               "%s along a direction: %.9g, expected %.9g, norm %g", info.name, along, difference, sqrt(norm));
    free(direction);
    free(gradient);
  }
  oracle_result_free(&expected);
  oracle_free(o);
  vae_trainer_free(trainer);
  vae_model_free(model);
  free(x);
  free(noise);
}

static void check_steps(void) {
  vae_isa isas[TEST_ISAS];
  const size_t count = test_isas(isas);
  for (size_t k = 0; k < count; k++)
    for (vae_activation a = VAE_ACTIVATION_IDENTITY; vae_activation_name(a); a++) {
      test_spec spec = test_spec_linear(13, 3);
      test_spec_add_encoder(&spec, 37, a);
      test_spec_add_encoder(&spec, 18, VAE_ACTIVATION_TANH);
      test_spec_add_decoder(&spec, 21, VAE_ACTIVATION_RELU);
      test_spec_add_decoder(&spec, 50, a);
      spec.objective.samples = a % 2 ? 3 : 1;
      if (a % 3 == 1) spec.objective.kind = VAE_OBJECTIVE_IWAE;
      harness_note("%s, %s", vae_activation_name(a), vae_isa_name(isas[k]));
      check_step(&spec, 5 + (size_t)a, a % 2 ? 0.5 : 0.2, isas[k], 1 + (int32_t)a % 3);
    }
}

/* Measurements drop nothing: a step's loss is theirs only where nothing is dropped. */
static void check_measurement(void) {
  test_spec spec = test_spec_hidden(9, 40, VAE_ACTIVATION_TANH, 2);
  test_random random = {6};
  float *x = test_spec_rows(&random, &spec, 4), *noise = test_normals(&random, 8);
  const vae_data data = test_floats(x, 4, 9);
  vae_loss measured, stepped;
  vae_loss_init(&measured);
  vae_loss_init(&stepped);
  for (int drops = 0; drops < 2; drops++) {
    vae_model *model = NULL;
    vae_trainer *trainer = NULL;
    vae_training training;
    vae_training_init(&training);
    training.dropout = drops ? 0.5 : 0.0;
    CHECK_OK(test_create(&spec, 1, NULL, &model, &err), &err);
    vae_workspace *workspace = test_workspace(model, VAE_ISA_AUTO, 1, 4);
    CHECK_OK(vae_model_loss_and_gradients(model, workspace, &data, NULL, noise, 0, &measured, NULL, &err), &err);
    CHECK_OK(vae_trainer_create(model, &training, NULL, &trainer, &err), &err);
    CHECK_OK(vae_trainer_step(trainer, &data, noise, &stepped, NULL, &err), &err);
    CHECK((measured.loss == stepped.loss) == !drops);
    vae_trainer_free(trainer);
    vae_workspace_free(workspace);
    vae_model_free(model);
  }
  free(x);
  free(noise);
}

int main(void) {
  vae_error_init(&err);
  check_kernel(0, 8, 0, 48, 1);
  check_kernel(5, 6, 16, 96, 1);
  check_kernel(3, 9, 96, 16, 4);
  check_kernel(2, 5, 32, 32, 3);
  check_steps();
  check_measurement();
  return harness_finish("dropout");
}
