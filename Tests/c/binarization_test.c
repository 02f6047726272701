/* Dynamic binarisation, seen through an encoder that is the identity: the mean of q is then what the model saw of x. */
#include <stdlib.h>

#include "refused.h"
#include "support.h"

enum { ROWS = 400, SIDE = 70 }; /* columns and latents: no multiple of 4 blocks of 16 */

typedef struct setting {
  vae_model *model;
  float *x;
  vae_data data;
  vae_objective objective;
} setting;

/* Greys 0, 1/16, …, 1 by columns. */
static float grey(size_t column) { return (float)(column % 17) / 16.0f; }

static setting open_setting(void) {
  setting s;
  test_spec spec = test_spec_linear(SIDE, SIDE);
  vae_error_init(&err);
  CHECK_OK(test_create(&spec, 1, NULL, &s.model, &err), &err);
  float *identity = test_allocate(SIDE * SIDE * sizeof *identity);
  for (size_t i = 0; i < SIDE; i++) identity[i * SIDE + i] = 1;
  CHECK_OK(vae_model_set_parameter(s.model, "encoder.mean.weight", identity, SIDE * SIDE, &err), &err);
  free(identity);
  s.x = test_allocate(ROWS * SIDE * sizeof *s.x);
  for (size_t i = 0; i < ROWS * SIDE; i++) s.x[i] = grey(i % SIDE);
  s.data = test_floats(s.x, ROWS, SIDE);
  vae_objective_init(&s.objective);
  s.objective.binarization = VAE_BINARIZATION_DYNAMIC;
  return s;
}

static void close_setting(setting *s) {
  vae_model_free(s->model);
  free(s->x);
}

/* What an evaluation sees. The caller frees. */
static float *evaluated(setting *s, vae_isa isa, int32_t threads, size_t max_rows, uint64_t seed, double *loss) {
  float *seen = test_allocate(ROWS * SIDE * sizeof *seen);
  vae_workspace *workspace = test_workspace(s->model, isa, threads, max_rows);
  vae_terms terms;
  vae_loss means;
  vae_terms_init(&terms);
  vae_loss_init(&means);
  terms.mean = seen;
  CHECK_OK(vae_model_evaluate(s->model, workspace, &s->data, &s->objective, seed, &means, &terms, &err), &err);
  *loss = means.loss;
  vae_workspace_free(workspace);
  return seen;
}

/* What two steps see of a trainer that learns next to nothing, 1e-30 a step, which is rounded away: [2, ROWS, SIDE].
 * The caller frees. */
static float *trained(vae_isa isa, int32_t threads) {
  setting s = open_setting();
  float *seen = test_allocate(2 * ROWS * SIDE * sizeof *seen);
  vae_trainer *trainer = NULL;
  vae_training training;
  vae_training_init(&training);
  training.objective = s.objective;
  training.isa = isa;
  training.threads = threads;
  training.learning_rate = 1e-30;
  CHECK_OK(vae_trainer_create(s.model, &training, NULL, &trainer, &err), &err);
  for (size_t i = 0; i < 2; i++) {
    vae_terms terms;
    vae_terms_init(&terms);
    terms.mean = seen + i * ROWS * SIDE;
    CHECK_OK(vae_trainer_step(trainer, &s.data, NULL, NULL, &terms, &err), &err);
  }
  for (size_t i = 0; i < 2 * ROWS * SIDE; i++) seen[i] = roundf(seen[i]);
  vae_trainer_free(trainer);
  close_setting(&s);
  return seen;
}

/* Ones and zeros, as many ones as the grey says: five standard deviations of a binomial count. */
static void check_frequencies(const float *seen, size_t rows) {
  double ones[17] = {0}, count[17] = {0};
  for (size_t i = 0; i < rows * SIDE; i++) {
    if (!CHECK_THAT(seen[i] == 0 || seen[i] == 1, "value %zu is %g", i, (double)seen[i])) return;
    ones[i % SIDE % 17] += (double)seen[i];
    count[i % SIDE % 17] += 1;
  }
  for (size_t level = 0; level < 17; level++) {
    const double p = (double)grey(level);
    CHECK_NEAR(ones[level], p * count[level], 5 * sqrt(count[level] * p * (1 - p)));
  }
}

/* How many values differ; about 2 p (1 - p) of them do in independent draws, a third on average over these greys. */
static double difference(const float *a, const float *b, size_t count) {
  size_t differing = 0;
  for (size_t i = 0; i < count; i++) differing += a[i] != b[i];
  return (double)differing / (double)count;
}

static void check_isa(setting *s, vae_isa isa, const float *training_seen, const float *evaluation_seen, double loss) {
  const size_t bytes = ROWS * SIDE * sizeof(float);
  harness_note("%s", vae_isa_name(isa));
  for (int32_t threads = 1; threads <= 3; threads++) {
    double same_loss = 0;
    float *seen = trained(isa, threads);
    CHECK_BYTES(seen, training_seen, 2 * bytes);
    free(seen);
    seen = evaluated(s, isa, threads, threads == 1 ? 7 : 256, 11, &same_loss);
    CHECK_BYTES(seen, evaluation_seen, bytes);
    CHECK_NEAR(same_loss, loss, 1e-5 * loss);
    free(seen);
  }
  harness_note("%s", "");
}

static void check_grey_rows(setting *s) {
  double loss = 0, other_loss = 0;
  s->objective.binarization = VAE_BINARIZATION_NONE;
  float *plain = evaluated(s, VAE_ISA_AUTO, 1, 64, 11, &loss);
  CHECK_BYTES(plain, s->x, ROWS * SIDE * sizeof(float));
  s->objective.binarization = VAE_BINARIZATION_DYNAMIC;
  float *one = evaluated(s, VAE_ISA_AUTO, 1, 64, 11, &loss), *two = evaluated(s, VAE_ISA_AUTO, 1, 64, 12, &other_loss);
  CHECK_NEAR(difference(one, two, ROWS * SIDE), 1.0 / 3, 0.05);
  CHECK(loss != other_loss);
  /* The first row of one seed is not the second one of the same: the draws do not repeat over rows. */
  CHECK_NEAR(difference(one, one + SIDE, (ROWS - 1) * SIDE), 1.0 / 3, 0.05);
  free(plain);
  free(one);
  free(two);
}

/* The loss is that of the drawn data: evaluating those as they are, with the same noise, gives the same bits. */
static void check_loss(setting *s) {
  double loss = 0, direct = 0;
  float *seen = evaluated(s, VAE_ISA_AUTO, 1, 64, 11, &loss);
  setting drawn = *s;
  drawn.data = test_floats(seen, ROWS, SIDE);
  drawn.objective.binarization = VAE_BINARIZATION_NONE;
  float *again = evaluated(&drawn, VAE_ISA_AUTO, 1, 64, 11, &direct);
  CHECK(loss == direct);
  free(seen);
  free(again);
}

static void check_refused(void) {
  test_spec spec = test_spec_linear(SIDE, 2);
  spec.likelihood = VAE_LIKELIHOOD_GAUSSIAN;
  spec.sigma = 1;
  vae_model *model = NULL;
  vae_trainer *trainer = NULL;
  vae_training training;
  vae_loss loss;
  float x[SIDE] = {0};
  const vae_data data = test_floats(x, 1, SIDE);
  vae_training_init(&training);
  vae_loss_init(&loss);
  training.objective.binarization = VAE_BINARIZATION_DYNAMIC;
  CHECK_OK(test_create(&spec, 0, NULL, &model, &err), &err);
  REFUSED(vae_trainer_create(model, &training, NULL, &trainer, &err), VAE_ERROR_INVALID_ARGUMENT, "binarization",
          "gaussian");
  vae_workspace *workspace = test_workspace(model, VAE_ISA_AUTO, 1, 1);
  REFUSED(vae_model_evaluate(model, workspace, &data, &training.objective, 0, &loss, NULL, &err),
          VAE_ERROR_INVALID_ARGUMENT, "binarization", "bernoulli");
  vae_workspace_free(workspace);
  vae_model_free(model);
}

int main(void) {
  vae_isa isas[TEST_ISAS];
  const size_t isa_count = test_isas(isas);
  setting s = open_setting();
  double loss = 0;
  float *training_seen = trained(VAE_ISA_PORTABLE, 1);
  float *evaluation_seen = evaluated(&s, VAE_ISA_PORTABLE, 1, ROWS, 11, &loss);
  check_frequencies(training_seen, 2 * ROWS);
  check_frequencies(evaluation_seen, ROWS);
  CHECK_NEAR(difference(training_seen, training_seen + ROWS * SIDE, ROWS * SIDE), 1.0 / 3, 0.05);
  for (size_t k = 0; k < isa_count; k++) check_isa(&s, isas[k], training_seen, evaluation_seen, loss);
  check_grey_rows(&s);
  check_loss(&s);
  check_refused();
  free(training_seen);
  free(evaluation_seen);
  close_setting(&s);
  return harness_finish("binarization");
}
