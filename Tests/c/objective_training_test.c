/* Training with what couples examples, and with dropout: the same bits for any team, with gradients kept or not, and over a stop;
 * short runs get where their objective says. */
#include <stdbool.h>

#include "harness.h"
#include "support.h"

enum { ROWS = 150, COLUMNS = 100, BATCH = 64, Z = 5 }; /* enough work for a team of 16 */

static vae_error err;

typedef struct settings {
  const char *name;
  vae_training training;
} settings;

/* Every regularizer, with several samples, free bits and a capacity on its way where they combine. */
static settings settings_of(int index) {
  settings s = {.name = vae_regularizer_name(index)};
  vae_training_init(&s.training);
  s.training.batch_size = BATCH; /* the last one has 22 rows */
  s.training.seed = 21;
  vae_objective *o = &s.training.objective;
  o->regularizer = index;
  o->regularizer_weight = index ? 4.0 : 0.0;
  if (index == VAE_REGULARIZER_DIP_I || index == VAE_REGULARIZER_DIP_II) o->regularizer_diagonal = 2.0;
  if (index == VAE_REGULARIZER_SLICED_WASSERSTEIN) o->projections = 70; /* over two rounds */
  o->samples = index % 2 ? 3 : 1;
  o->free_bits = index % 3 == 0 ? 0.2 : 0;
  if (index % 3 == 1) {
    o->capacity_weight = 5.0;
    o->capacity = 9.0;
    s.training.capacity_epochs = 1.5;
  }
  s.training.warm_up = VAE_WARM_UP_LINEAR;
  s.training.warm_up_epochs = 2.5;
  return s;
}

static test_spec spec_of(void) {
  test_spec spec = test_spec_linear(COLUMNS, Z);
  test_spec_add_encoder(&spec, 200, VAE_ACTIVATION_TANH);
  test_spec_add_encoder(&spec, 97, VAE_ACTIVATION_SILU);
  test_spec_add_decoder(&spec, 140, VAE_ACTIVATION_RELU);
  return spec;
}

static int32_t stop_at_once(const vae_progress *progress, void *user) {
  (void)progress;
  return user != NULL;
}

/* Two epochs; the parameters after them. stop: the first epoch is stopped as early as can be, saved, and restored into another
 * trainer, which goes on. */
static float *train(const settings *s, int32_t threads, int32_t keep, const char *stop, size_t *count) {
  const test_spec spec = spec_of();
  test_random random = {4};
  vae_model *model = NULL;
  vae_trainer *trainer = NULL;
  vae_training training = s->training;
  training.threads = threads;
  training.keep_gradients = keep;
  float *x = test_spec_rows(&random, &spec, ROWS);
  const vae_data data = test_floats(x, ROWS, COLUMNS);
  CHECK_OK(test_create(&spec, 2, NULL, &model, &err), &err);
  CHECK_OK(vae_trainer_create(model, &training, NULL, &trainer, &err), &err);
  if (stop) {
    vae_training other;
    vae_training_init(&other);
    other.batch_size = 7;
    other.threads = threads;
    other.precision = training.precision;
    other.precision_fallback = 1;
    CHECK_STATUS(vae_trainer_epoch(trainer, &data, stop_at_once, &random, NULL, &err), VAE_STOPPED);
    CHECK_OK(vae_trainer_save(trainer, stop, &err), &err);
    vae_trainer_free(trainer);
    CHECK_OK(vae_trainer_create(model, &other, NULL, &trainer, &err), &err);
    CHECK_OK(vae_trainer_restore(trainer, stop, &err), &err);
  }
  vae_trainer_info info;
  vae_trainer_info_init(&info);
  while (CHECK_OK(vae_trainer_get_info(trainer, &info, &err), &err) && info.epoch < 2)
    if (!CHECK_OK(vae_trainer_epoch(trainer, &data, NULL, NULL, NULL, &err), &err)) break;
  const char *serial = getenv("VAE_TEST_SERIAL"); /* a build without OpenMP says so */
  if (!serial || strcmp(serial, "1") != 0) CHECK_EQUAL(info.threads, threads);
  float *parameters = test_parameters(model, count);
  vae_trainer_free(trainer);
  vae_model_free(model);
  free(x);
  return parameters;
}

static void check_bits(const settings *s, const char *folder) {
  static const int32_t threads[] = {2, 3, 7, 16};
  size_t count = 0, other = 0;
  char path[TEST_PATH];
  test_join(path, folder, "state.safetensors");
  float *first = train(s, 1, 0, NULL, &count);
  for (size_t i = 0; i < sizeof threads / sizeof *threads; i++) {
    harness_note("%s, %d threads", s->name, (int)threads[i]);
    float *same = train(s, threads[i], (int32_t)(i % 2), i < 2 ? path : NULL, &other);
    if (CHECK_EQUAL(count, other)) CHECK_BYTES(first, same, count * sizeof *first);
    free(same);
  }
  free(first);
}

/* The loss on the rows that a model was trained on for some epochs, all else the default. */
static vae_loss trained_loss(const vae_objective *objective, double *least_kl) {
  const test_spec spec = spec_of();
  test_random random = {4};
  vae_model *model = NULL;
  vae_trainer *trainer = NULL;
  vae_training training;
  vae_training_init(&training);
  training.batch_size = BATCH;
  training.objective = *objective;
  training.learning_rate = 3e-3;
  float *x = test_spec_rows(&random, &spec, ROWS), kl[Z];
  const vae_data data = test_floats(x, ROWS, COLUMNS);
  CHECK_OK(test_create(&spec, 2, NULL, &model, &err), &err);
  CHECK_OK(vae_trainer_create(model, &training, NULL, &trainer, &err), &err);
  for (int epoch = 0; epoch < 80; epoch++) CHECK_OK(vae_trainer_epoch(trainer, &data, NULL, NULL, NULL, &err), &err);
  vae_workspace *workspace = test_workspace(model, VAE_ISA_AUTO, 1, ROWS);
  vae_loss loss;
  vae_loss_init(&loss);
  CHECK_OK(vae_model_evaluate(model, workspace, &data, objective, 1, &loss, NULL, &err), &err);
  vae_terms terms = test_terms(&spec, ROWS);
  CHECK_OK(vae_model_encode(model, workspace, &data, terms.mean, terms.logvar, &err), &err);
  memset(kl, 0, sizeof kl);
  for (size_t i = 0; i < ROWS * Z; i++)
    kl[i % Z] += (expf(terms.logvar[i]) + terms.mean[i] * terms.mean[i] - 1 - terms.logvar[i]) / 2 / ROWS;
  *least_kl = INFINITY;
  for (int k = 0; k < Z; k++) *least_kl = fmin(*least_kl, kl[k]);
  test_terms_free(&terms);
  vae_workspace_free(workspace);
  vae_trainer_free(trainer);
  vae_model_free(model);
  free(x);
  return loss;
}

static void check_short_runs(void) {
  vae_objective o;
  double least = 0;
  vae_objective_init(&o);
  harness_note("short runs");
  o.beta = 4.0;
  const vae_loss plain = trained_loss(&o, &least);
  CHECK_THAT(least < 0.1 && plain.penalty == 0.0, "without free bits a latent keeps %g nats", least);
  o.free_bits = 0.5;
  trained_loss(&o, &least);
  CHECK_THAT(least > 0.3, "with free bits of 0.5 a latent has %g nats", least);
  o.free_bits = 0;
  o.beta = 0;
  o.capacity_weight = 100.0;
  o.capacity = 3.0;
  const vae_loss held = trained_loss(&o, &least);
  CHECK_NEAR(held.kl, 3.0, 0.3);
  vae_objective_init(&o);
  for (int i = 1; vae_regularizer_name(i);
       i++) { /* with a small weight it is watched alone, with a large one it falls */
    const bool dip = i == VAE_REGULARIZER_DIP_I || i == VAE_REGULARIZER_DIP_II;
    double penalty[2];
    harness_note("short run, %s", vae_regularizer_name(i));
    for (int large = 0; large < 2; large++) {
      o.beta = 0.3;
      o.regularizer = i;
      o.regularizer_weight = large ? 30.0 : 1e-6;
      o.regularizer_diagonal = dip ? o.regularizer_weight : 0;
      o.data_rows = i == VAE_REGULARIZER_TC ? 1 : 0;
      penalty[large] = trained_loss(&o, &least).penalty / o.regularizer_weight;
    }
    CHECK_THAT(penalty[1] < 0.7 * penalty[0], "%g where it counts, %g where it does not", penalty[1], penalty[0]);
  }
}

int main(void) {
  char folder[TEST_PATH];
  vae_error_init(&err);
  test_folder(folder);
  for (int i = 0; vae_regularizer_name(i); i++) {
    const settings s = settings_of(i);
    check_bits(&s, folder);
  }
  settings doubly = {.name = vae_estimator_name(VAE_ESTIMATOR_DOUBLY_REPARAMETERIZED)};
  vae_training_init(&doubly.training);
  doubly.training.batch_size = BATCH;
  doubly.training.objective.kind = VAE_OBJECTIVE_IWAE;
  doubly.training.objective.samples = 5;
  doubly.training.objective.estimator = VAE_ESTIMATOR_DOUBLY_REPARAMETERIZED;
  check_bits(&doubly, folder);
  settings dropout = {.name = "dropout"};
  vae_training_init(&dropout.training);
  dropout.training.batch_size = BATCH;
  dropout.training.dropout = 0.3;
  dropout.training.objective.samples = 3;
  for (dropout.training.precision_fallback = 1; dropout.training.precision <= VAE_PRECISION_BFLOAT16;
       dropout.training.precision++)
    check_bits(&dropout, folder);
  test_remove_folder(folder);
  check_short_runs();
  return harness_finish("objective_training");
}
