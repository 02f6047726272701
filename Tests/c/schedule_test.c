/* What changes in the course of a run: learning rates and beta over the epochs against formulas in libm, the limit of
 * the gradient's norm, the best state of early stopping, and all of it in a run that is saved and continued. */
#include <stdlib.h>

#include "refused.h"
#include "support.h"

enum { ROWS = 12, COLUMNS = 21, LATENTS = 3, LONG_RUN = 3281 };

typedef struct run {
  vae_model *model;
  vae_trainer *trainer;
  float *x;
  vae_data data;
} run;

static vae_training make_training(void) {
  vae_training training;
  vae_training_init(&training);
  training.batch_size = ROWS / 4;
  training.seed = 3;
  return training;
}

static run open_run_of(const vae_training *training, size_t rows, uint32_t units) {
  run r = {NULL, NULL, NULL, {0}};
  test_random random = {9};
  test_spec spec = test_spec_hidden(COLUMNS, units, VAE_ACTIVATION_TANH, LATENTS);
  r.x = test_rows(&random, spec.likelihood, rows * COLUMNS);
  r.data = test_floats(r.x, rows, COLUMNS);
  vae_error_init(&err);
  CHECK_OK(test_create(&spec, 5, NULL, &r.model, &err), &err);
  CHECK_OK(vae_trainer_create(r.model, training, NULL, &r.trainer, &err), &err);
  return r;
}

static run open_run(const vae_training *training) { return open_run_of(training, ROWS, 18); }

static void close_run(run *r) {
  vae_trainer_free(r->trainer);
  vae_model_free(r->model);
  free(r->x);
}

static vae_trainer_info info_of(const run *r) {
  vae_trainer_info info;
  vae_trainer_info_init(&info);
  CHECK_OK(vae_trainer_get_info(r->trainer, &info, &err), &err);
  return info;
}

static vae_loss epoch(run *r) {
  vae_loss loss;
  vae_loss_init(&loss);
  CHECK_OK(vae_trainer_epoch(r->trainer, &r->data, NULL, NULL, &loss, &err), &err);
  return loss;
}

static void step(run *r) { CHECK_OK(vae_trainer_step(r->trainer, &r->data, NULL, NULL, NULL, &err), &err); }

/* The factors at time t, written out anew. */

static double exponential(const vae_training *s, double t) { return pow(s->rate_decay, t); }

static double cosine(const vae_training *s, double t) {
  const double floor = s->rate_floor / s->learning_rate;
  return t > s->rate_epochs ? floor : floor + (1 - floor) * (1 + cos(acos(-1.0) * t / s->rate_epochs)) / 2;
}

static double milestones(const vae_training *s, double t) {
  double factor = 1;
  for (int i = 0; i < VAE_MAX_MILESTONES; i++)
    if (s->rate_milestones[i] != 0 && t >= s->rate_milestones[i]) factor *= s->rate_decay;
  return factor;
}

static double burda(const vae_training *s, double t) {
  (void)s;
  static const double ends[7] = {1, 4, 13, 40, 121, 364, 1093};
  int i = 0;
  while (i < 7 && t >= ends[i]) i++;
  return pow(10, -i / 7.0);
}

static double constant(const vae_training *s, double t) {
  (void)s;
  (void)t;
  return 1;
}

/* Of the last batch of each epoch, which begins at three quarters of it. */
static void check_rates(const vae_training *training, double (*factor)(const vae_training *, double), int epochs) {
  run r = open_run(training);
  harness_note("%s", vae_rate_schedule_name(training->rate_schedule));
  CHECK_EQUAL(info_of(&r).learning_rate, 0);
  for (int e = 0; e < epochs; e++) {
    const double expected = training->learning_rate * factor(training, e + 0.75);
    epoch(&r);
    CHECK_NEAR(info_of(&r).learning_rate, expected, 1e-13 * expected);
  }
  step(&r); /* at the time of the finished epochs */
  const double expected = training->learning_rate * factor(training, epochs);
  CHECK_NEAR(info_of(&r).learning_rate, expected, 1e-13 * expected);
  harness_note("%s", "");
  close_run(&r);
}

static void check_all_rates(void) {
  vae_training training = make_training();
  check_rates(&training, constant, 3);
  training.rate_schedule = VAE_RATE_EXPONENTIAL;
  training.rate_decay = 0.9;
  check_rates(&training, exponential, 30);
  training.rate_decay = 1;
  check_rates(&training, constant, 3);
  training.rate_schedule = VAE_RATE_COSINE;
  training.rate_epochs = 12.5;
  check_rates(&training, cosine, 15);
  training.rate_floor = 2e-4;
  check_rates(&training, cosine, 15);
  training.rate_schedule = VAE_RATE_STEPS;
  training.rate_decay = 0.3;
  training.rate_milestones[0] = 1;
  check_rates(&training, milestones, 3);
  training.rate_milestones[1] = 4;
  training.rate_milestones[2] = 5;
  check_rates(&training, milestones, 8);
  for (uint32_t i = 0; i < VAE_MAX_MILESTONES; i++) training.rate_milestones[i] = i + 2;
  check_rates(&training, milestones, 20);
  training.rate_schedule = VAE_RATE_BURDA;
  check_rates(&training, burda, LONG_RUN);
}

/* The rate of a schedule is what Adam uses: one epoch in one batch at half the rate moves half as far. */
static void check_rate_is_used(void) {
  double distance[2];
  for (int half = 0; half < 2; half++) {
    vae_training training = make_training();
    training.batch_size = ROWS;
    training.rate_schedule = VAE_RATE_STEPS;
    training.rate_milestones[0] = 1;
    training.rate_decay = half ? 0.5 : 1;
    run r = open_run(&training);
    epoch(&r);
    size_t count = 0;
    float *before = test_parameters(r.model, &count);
    epoch(&r);
    float *after = test_parameters(r.model, &count);
    distance[half] = 0;
    for (size_t i = 0; i < count; i++) distance[half] += fabs((double)after[i] - (double)before[i]);
    free(before);
    free(after);
    close_run(&r);
  }
  CHECK_NEAR(distance[1] / distance[0], 0.5, 1e-3);
}

static double linear(const vae_training *s, double t) { return fmin(t / s->warm_up_epochs, 1); }

static double cyclic(const vae_training *s, double t) {
  const double length = s->warm_up_epochs / s->warm_up_cycles;
  return t >= s->warm_up_epochs ? 1 : fmin(fmod(t, length) / length / s->warm_up_share, 1);
}

/* beta of the steps, and of their losses; evaluation takes the beta it is given. */
static void check_warm_up(vae_training training, double (*factor)(const vae_training *, double)) {
  training.batch_size = ROWS;
  training.objective.beta = 1.5;
  run r = open_run(&training);
  harness_note("%s", vae_warm_up_name(training.warm_up));
  for (int e = 0; e < 12; e++) {
    const double beta = 1.5 * factor(&training, e);
    const vae_loss loss = epoch(&r);
    CHECK_NEAR(info_of(&r).beta, beta, 1e-13);
    CHECK_NEAR(loss.loss, loss.reconstruction + beta * loss.kl, 1e-12 * loss.loss);
  }
  vae_workspace *workspace = test_workspace(r.model, VAE_ISA_AUTO, 1, 4);
  vae_loss loss;
  vae_loss_init(&loss);
  CHECK_OK(vae_model_evaluate(r.model, workspace, &r.data, &training.objective, 1, &loss, NULL, &err), &err);
  CHECK_NEAR(loss.loss, loss.reconstruction + 1.5 * loss.kl, 1e-12 * loss.loss);
  harness_note("%s", "");
  vae_workspace_free(workspace);
  close_run(&r);
}

static void check_warm_ups(void) {
  vae_training training = make_training();
  check_warm_up(training, constant);
  training.warm_up = VAE_WARM_UP_LINEAR;
  training.warm_up_epochs = 7;
  check_warm_up(training, linear);
  training.warm_up = VAE_WARM_UP_CYCLIC;
  training.warm_up_epochs = 10;
  training.warm_up_cycles = 2;
  training.warm_up_share = 0.5;
  check_warm_up(training, cyclic);
  training.warm_up_share = 1;
  training.warm_up_cycles = 3;
  check_warm_up(training, cyclic);
}

/* Gradients of every tensor. */
static float *gradients(const run *r) {
  size_t count = (size_t)vae_model_value_count(r->model);
  float *all = test_allocate(count * sizeof *all), *at = all;
  for (size_t i = 0; i < vae_model_parameter_count(r->model); i++) {
    vae_parameter_info info;
    vae_parameter_info_init(&info);
    CHECK_OK(vae_model_get_parameter_info(r->model, i, &info, &err), &err);
    CHECK_OK(vae_trainer_get_gradient(r->trainer, info.name, at, info.count, &err), &err);
    at += info.count;
  }
  return all;
}

static double norm_of(const float *x, size_t count) {
  double sum = 0;
  for (size_t i = 0; i < count; i++) sum += (double)x[i] * (double)x[i];
  return sqrt(sum);
}

/* Clipped to a quarter of its norm a gradient keeps its direction, with the same bits for any team; a limit above the norm
 * changes no bit. */
static void check_clipping(vae_isa isa) {
  enum { MANY_ROWS = 300, UNITS = 200 }; /* enough for a team of three */
  vae_training training = make_training();
  training.isa = isa;
  training.keep_gradients = 1;
  training.threads = 1;
  run plain = open_run_of(&training, MANY_ROWS, UNITS);
  const size_t count = (size_t)vae_model_value_count(plain.model);
  step(&plain);
  float *whole = gradients(&plain), *first = NULL;
  const double norm = norm_of(whole, count);
  double first_norm = 0;
  CHECK_EQUAL(info_of(&plain).gradient_norm, 0);
  harness_note("clipping, %s", vae_isa_name(isa));
  for (int32_t threads = 1; threads <= 3; threads++) {
    training.threads = threads;
    training.clip_norm = norm / 4;
    run r = open_run_of(&training, MANY_ROWS, UNITS);
    step(&r);
    float *clipped = gradients(&r);
    const vae_trainer_info info = info_of(&r);
    CHECK(info.threads == threads || info.threads == 1); /* 1: a build without threads */
    CHECK_NEAR(info.gradient_norm, norm, 1e-9 * norm);
    CHECK_NEAR(norm_of(clipped, count), norm / 4, 1e-6 * norm);
    for (size_t i = 0; i < count; i++) CHECK_NEAR(clipped[i], whole[i] / 4, 1e-6 * fabs((double)whole[i]));
    if (threads == 1) first = clipped, first_norm = info.gradient_norm;
    CHECK(info.gradient_norm == first_norm);
    CHECK_BYTES(clipped, first, count * sizeof(float));
    if (threads > 1) free(clipped);
    close_run(&r);
    training.clip_norm = norm * 1.01;
    r = open_run_of(&training, MANY_ROWS, UNITS);
    step(&r);
    size_t found = 0;
    float *left = test_parameters(plain.model, &found), *right = test_parameters(r.model, &found);
    CHECK_BYTES(left, right, count * sizeof(float));
    free(left);
    free(right);
    close_run(&r);
  }
  harness_note("%s", "");
  free(first);
  free(whole);
  close_run(&plain);
}

/* A training with everything in it. */
static vae_training make_full_training(void) {
  vae_training training = make_training();
  training.objective.beta = 0.5;
  training.objective.binarization = VAE_BINARIZATION_DYNAMIC;
  training.rate_schedule = VAE_RATE_COSINE;
  training.rate_epochs = 5;
  training.rate_floor = 1e-5;
  training.rate_decay = 0.25;
  training.rate_milestones[0] = 7;
  training.rate_milestones[1] = 4000000000u;
  training.warm_up = VAE_WARM_UP_CYCLIC;
  training.warm_up_epochs = 4;
  training.warm_up_share = 0.75;
  training.warm_up_cycles = 2;
  training.weight_decay = 0.125;
  training.clip_norm = 2.5;
  training.patience = 2;
  return training;
}

/* A run that goes on in another trainer, which knows nothing of the options, does so to the bit. */
static void check_resume(const char *folder) {
  char path[TEST_PATH];
  const vae_training training = make_full_training(), other = make_training();
  run whole = open_run(&training), rest = open_run(&other);
  test_join(path, folder, "run");
  epoch(&whole);
  CHECK_OK(vae_trainer_save(whole.trainer, path, &err), &err);
  CHECK_OK(vae_trainer_restore(rest.trainer, path, &err), &err);
  vae_training read;
  int32_t trained = 0;
  vae_training_init(&read);
  CHECK_OK(vae_model_get_training(rest.model, &read, &trained, &err), &err);
  CHECK(trained == 1);
  CHECK_BYTES(&read, &training, sizeof read);
  for (int e = 0; e < 3; e++) {
    epoch(&whole);
    epoch(&rest);
    CHECK(info_of(&whole).learning_rate == info_of(&rest).learning_rate);
    CHECK(info_of(&whole).beta == info_of(&rest).beta && info_of(&whole).gradient_norm == info_of(&rest).gradient_norm);
  }
  size_t count = 0;
  float *left = test_parameters(whole.model, &count), *right = test_parameters(rest.model, &count);
  CHECK_BYTES(left, right, count * sizeof(float));
  free(left);
  free(right);
  close_run(&whole);
  close_run(&rest);
}

static int32_t judge(run *r, double loss) {
  int32_t stop = 7;
  CHECK_OK(vae_trainer_judge(r->trainer, loss, &stop, &err), &err);
  return stop;
}

static void compare_files(const char *folder, const char *a, const char *b) {
  char path[TEST_PATH];
  size_t a_size = 0, b_size = 0;
  test_join(path, folder, a);
  unsigned char *a_bytes = test_read_file(path, &a_size);
  test_join(path, folder, b);
  unsigned char *b_bytes = test_read_file(path, &b_size);
  if (CHECK(a_bytes && b_bytes) && CHECK_EQUAL(a_size, b_size)) CHECK_BYTES(a_bytes, b_bytes, a_size);
  free(a_bytes);
  free(b_bytes);
}

static void save(const run *r, const char *folder, const char *name) {
  char path[TEST_PATH];
  test_join(path, folder, name);
  CHECK_OK(vae_trainer_save(r->trainer, path, &err), &err);
}

static void restore(run *r, const char *folder, const char *name) {
  char path[TEST_PATH];
  test_join(path, folder, name);
  CHECK_OK(vae_trainer_restore(r->trainer, path, &err), &err);
}

/* Losses 5, 4, 4.5, 4 (no better), and the end; then the best state comes back whole, and goes on as it did. */
static void check_best(const char *folder) {
  const vae_training training = make_full_training(), other = make_training();
  run r = open_run(&training);
  CHECK(isinf(info_of(&r).best_loss) && info_of(&r).best_epoch == 0);
  REFUSED(vae_trainer_take_best(r.trainer, &err), VAE_ERROR_INVALID_ARGUMENT, "best", "vae_trainer_judge");
  epoch(&r);
  const uint64_t bytes = info_of(&r).bytes;
  CHECK_EQUAL(judge(&r, 5), 0);
  CHECK(info_of(&r).bytes > bytes);
  epoch(&r);
  CHECK_EQUAL(judge(&r, 4), 0);
  save(&r, folder, "best");
  epoch(&r);
  save(&r, folder, "after");
  CHECK_EQUAL(judge(&r, 4.5), 0);
  CHECK_EQUAL(info_of(&r).waited, 1);
  epoch(&r);
  CHECK_EQUAL(judge(&r, 4), 1);
  vae_trainer_info info = info_of(&r);
  CHECK(info.best_loss == 4 && info.best_epoch == 2 && info.epoch == 4 && info.waited == 2);
  CHECK_OK(vae_trainer_take_best(r.trainer, &err), &err);
  info = info_of(&r);
  CHECK(info.epoch == 2 && info.step == 8 && info.waited == 0 && info.best_loss == 4);
  save(&r, folder, "taken");
  compare_files(folder, "best", "taken");

  /* A restored best state is the one to beat; one that was not the best is judged anew. */
  run rest = open_run(&other);
  restore(&rest, folder, "best");
  info = info_of(&rest);
  CHECK(info.best_loss == 4 && info.best_epoch == 2 && info.epoch == 2);
  epoch(&rest);
  CHECK_EQUAL(judge(&rest, 4.1), 0);
  CHECK_EQUAL(info_of(&rest).best_epoch, 2);
  save(&rest, folder, "after again");
  compare_files(folder, "after", "after again");
  CHECK_OK(vae_trainer_take_best(rest.trainer, &err), &err);
  save(&rest, folder, "taken again");
  compare_files(folder, "best", "taken again");
  restore(&rest, folder, "after");
  CHECK(isinf(info_of(&rest).best_loss));
  CHECK_EQUAL(judge(&rest, 100), 0);
  CHECK_EQUAL(info_of(&rest).best_epoch, 3);

  int32_t stop = 7;
  REFUSED(vae_trainer_judge(r.trainer, NAN, &stop, &err), VAE_ERROR_INVALID_ARGUMENT, "loss", "nan");
  CHECK_EQUAL(stop, 0);
  REFUSED(vae_trainer_judge(r.trainer, 1, NULL, &err), VAE_ERROR_INVALID_ARGUMENT, "stop", "NULL");
  REFUSED(vae_trainer_judge(NULL, 1, &stop, &err), VAE_ERROR_INVALID_ARGUMENT, "trainer", "NULL");
  REFUSED(vae_trainer_take_best(NULL, &err), VAE_ERROR_INVALID_ARGUMENT, "trainer", "NULL");
  close_run(&r);
  close_run(&rest);

  /* Without patience nothing stops. */
  r = open_run(&other);
  for (int i = 0; i < 40; i++) CHECK_EQUAL(judge(&r, 1), 0);
  close_run(&r);
}

static void refuse(const vae_training *training, const char *text, const char *more) {
  test_spec spec = test_spec_linear(COLUMNS, LATENTS);
  vae_model *model = NULL;
  vae_trainer *trainer = NULL;
  CHECK_OK(test_create(&spec, 0, NULL, &model, &err), &err);
  REFUSED(vae_trainer_create(model, training, NULL, &trainer, &err), VAE_ERROR_INVALID_ARGUMENT, text, more);
  vae_trainer_free(trainer);
  vae_model_free(model);
}

#define REFUSE(field, value, text, more) \
  do {                                   \
    vae_training bad = good;             \
    bad.field = value;                   \
    refuse(&bad, text, more);            \
  } while (0)

static void check_refused(void) {
  vae_training good = make_training();
  REFUSE(rate_schedule, 5, "rate_schedule", "5");
  REFUSE(rate_schedule, VAE_RATE_EXPONENTIAL, "rate_decay", "0");
  REFUSE(rate_schedule, VAE_RATE_COSINE, "rate_epochs", "0");
  REFUSE(rate_schedule, VAE_RATE_STEPS, "rate_decay", "0");
  REFUSE(warm_up, 3, "warm_up", "3");
  REFUSE(warm_up, VAE_WARM_UP_LINEAR, "warm_up_epochs", "0");
  REFUSE(weight_decay, -1, "weight_decay", "-1");
  REFUSE(weight_decay, NAN, "weight_decay", "nan");
  REFUSE(clip_norm, -1, "clip_norm", "-1");
  REFUSE(clip_norm, NAN, "clip_norm", "nan");
  REFUSE(objective.binarization, 2, "binarization", "2");
  good.learning_rate = 2;
  REFUSE(weight_decay, 0.6, "weight_decay", "more than the whole weight");
  good = make_training();
  good.rate_schedule = VAE_RATE_STEPS;
  good.rate_decay = 0.5;
  refuse(&good, "rate_milestones", "empty");
  good.rate_milestones[0] = 4;
  REFUSE(rate_decay, 1.5, "rate_decay", "1.5");
  REFUSE(rate_milestones[1], 4, "rate_milestones[1]", "must rise");
  REFUSE(rate_milestones[2], 9, "rate_milestones[2]", "behind a zero");
  good = make_training();
  good.rate_schedule = VAE_RATE_COSINE;
  good.rate_epochs = 3;
  REFUSE(rate_floor, 0.1, "rate_floor", "0.1");
  REFUSE(rate_floor, -0.1, "rate_floor", "-0.1");
  good = make_training();
  good.warm_up = VAE_WARM_UP_CYCLIC;
  good.warm_up_epochs = 3;
  REFUSE(warm_up_share, 0.5, "warm_up_cycles", "0");
  REFUSE(warm_up_cycles, 2, "warm_up_share", "0");
  good.warm_up_cycles = 2;
  REFUSE(warm_up_share, 1.1, "warm_up_share", "1.1");
  good.warm_up_share = 0.5;
  REFUSE(objective.kind, VAE_OBJECTIVE_IWAE, "warm_up", "no separate KL");
}

int main(void) {
  vae_isa isas[TEST_ISAS];
  const size_t isa_count = test_isas(isas);
  char folder[TEST_PATH];
  test_folder(folder);
  check_all_rates();
  check_rate_is_used();
  check_warm_ups();
  for (size_t k = 0; k < isa_count; k++) check_clipping(isas[k]);
  check_resume(folder);
  check_best(folder);
  check_refused();
  test_remove_folder(folder);
  return harness_finish("schedule");
}
