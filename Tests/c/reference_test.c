/* The library against PyTorch's float64 autograd (Tests/Fixtures/reference): forward values, loss, every gradient, and
 * one and three Adam steps, on every instruction set, with 1, 2 and 3 threads, with and without kept gradients; and the
 * same in bfloat16 within its own tolerances. */
#include <stdlib.h>

#include "harness.h"
#include "support.h"
#include "vectors.h"

/* Relative L2 distances that are allowed. small_epsilon: of updates where Adam's epsilon is so small that a gradient near
 * zero moves a weight as far as any. */
typedef struct tolerances {
  double value, gradient, zero, update, small_epsilon;
} tolerances;

static const tolerances by_precision[] = {{1e-5, 2e-5, 1e-6, 1e-4, 1e-3}, {1e-2, 2e-2, 1e-6, 0.15, 0.15}};
static tolerances allow;

static const char *const names[] = {"bernoulli_relu",
                                    "bernoulli_two_layer_tanh",
                                    "bernoulli_leaky_beta4",
                                    "reconstruction_only",
                                    "elbo_five_samples",
                                    "iwae_five_samples",
                                    "gaussian_fixed_sigma_relu_output",
                                    "laplace",
                                    "continuous_bernoulli",
                                    "gaussian_sigma_global",
                                    "poisson",
                                    "gaussian_sigma_per_output",
                                    "cvae_standard_prior",
                                    "cvae_conditional_prior",
                                    "cvae_conditional_prior_iwae"};

/* A file's mini-batch. */
typedef struct inputs {
  float *x, *noise, *c;
  vae_condition condition;
  vae_data data; /* borrows the condition: to be used where it lies */
} inputs;

static void inputs_open(inputs *in, const vectors *file) {
  in->x = vectors_floats(file, "input.", "x");
  in->noise = vectors_floats(file, "input.", "noise");
  in->c = vectors_floats(file, "input.", "condition");
  in->condition = test_condition(VAE_CONDITION_FLOAT32, in->c, file->batch);
  in->data = test_floats(in->x, file->batch, file->spec.input_dim);
  if (in->c != NULL) in->data.condition = &in->condition;
}

static void inputs_free(inputs *in) {
  free(in->x);
  free(in->noise);
  free(in->c);
}

/* What one call gives back. */
typedef struct outcome {
  vae_loss loss;
  vae_terms terms;
} outcome;

static outcome outcome_open(const vectors *file) {
  outcome result = {.terms = test_terms(&file->spec, file->batch)};
  vae_loss_init(&result.loss);
  return result;
}

static int all_zero(const vector_tensor *tensor) {
  for (size_t i = 0; i < tensor->count; i++) {
    if (tensor->values[i] != 0.0) return 0;
  }
  return 1;
}

static void compare(const vector_tensor *expected, const float *values, double tolerance) {
  if (!CHECK(expected != NULL)) return;
  double allowed = all_zero(expected) ? allow.zero : tolerance;
  double distance = test_distance(values, expected->values, expected->count);
  CHECK_THAT(distance <= allowed, "%s is off by %.3g, allowed %.3g", expected->name, distance, allowed);
}

static void compare_scalar(const vector_tensor *expected, double value) {
  if (!CHECK(expected != NULL)) return;
  CHECK_NEAR(value, expected->values[0], allow.value * fabs(expected->values[0]));
}

static void compare_outcome(const vectors *file, const outcome *result) {
  const vae_terms *terms = &result->terms;
  const vector_tensor *kl = vectors_find(file, "expect.", "kl");
  const vector_tensor *nll = vectors_find(file, "expect.", "reconstruction_nll");
  size_t n = file->batch, samples = file->spec.objective.samples;
  double mean_kl = 0.0, mean_nll = 0.0, mean_loss = 0.0;
  compare(vectors_find(file, "expect.", "mean"), terms->mean, allow.value);
  compare(vectors_find(file, "expect.", "logvar"), terms->logvar, allow.value);
  compare(vectors_find(file, "expect.", "z"), terms->z, allow.value);
  compare(kl, terms->kl, allow.value);
  compare(nll, terms->sample_nll, allow.value);
  compare(vectors_find(file, "expect.", "output"), terms->output, allow.value);
  compare_scalar(vectors_find(file, "expect.", "loss"), result->loss.loss);
  if (kl == NULL || nll == NULL) return;
  for (size_t i = 0; i < n; i++) {
    double row = 0.0;
    for (size_t k = 0; k < samples; k++) row += nll->values[k * n + i] / (double)samples;
    CHECK_NEAR(terms->reconstruction[i], row, allow.value * fabs(row));
    mean_kl += kl->values[i] / (double)n;
    mean_nll += row / (double)n;
    mean_loss += (double)terms->loss[i] / (double)n;
  }
  CHECK_NEAR(result->loss.kl, mean_kl, allow.value * mean_kl);
  CHECK_NEAR(result->loss.reconstruction, mean_nll, allow.value * mean_nll);
  CHECK_NEAR(result->loss.negative_elbo, mean_nll + mean_kl, allow.value * (mean_nll + mean_kl));
  CHECK_NEAR(result->loss.loss, mean_loss, allow.value * fabs(mean_loss));
  CHECK_NEAR(result->loss.penalty, 0.0, 0.0);
  CHECK_EQUAL(result->loss.examples, n);
}

static vae_model *make_model(const vectors *file) {
  vae_error err;
  vae_model *model = NULL;
  vae_error_init(&err);
  if (!CHECK_OK(test_create(&file->spec, 0, NULL, &model, &err), &err)) return NULL;
  size_t tensors = 0;
  for (size_t i = 0; i < file->count; i++) tensors += strncmp(file->tensors[i].name, "param.", 6) == 0;
  CHECK_EQUAL(vae_model_parameter_count(model), tensors);
  for (size_t i = 0; i < file->count; i++) {
    const char *name = file->tensors[i].name;
    if (strncmp(name, "param.", 6) != 0) continue;
    float *values = vectors_floats(file, "", name);
    CHECK_OK(vae_model_set_parameter(model, name + 6, values, file->tensors[i].count, &err), &err);
    vae_parameter_info info;
    vae_parameter_info_init(&info);
    if (CHECK_OK(vae_model_find_parameter(model, name + 6, &info, &err), &err)) {
      CHECK_EQUAL(info.rank, file->tensors[i].rank);
      for (size_t k = 0; k < file->tensors[i].rank; k++) CHECK_EQUAL(info.shape[k], file->tensors[i].shape[k]);
    }
    free(values);
  }
  return model;
}

/* Compares every gradient, read from the workspace or from the trainer. */
static void compare_gradients(const vectors *file, const vae_workspace *workspace, const vae_trainer *trainer) {
  vae_error err;
  vae_error_init(&err);
  for (size_t i = 0; i < file->count; i++) {
    const vector_tensor *expected = &file->tensors[i];
    if (strncmp(expected->name, "grad.", 5) != 0) continue;
    float *values = test_allocate(expected->count * sizeof *values);
    vae_status status = workspace != NULL
                            ? vae_workspace_get_gradient(workspace, expected->name + 5, values, expected->count, &err)
                            : vae_trainer_get_gradient(trainer, expected->name + 5, values, expected->count, &err);
    if (CHECK_OK(status, &err)) compare(expected, values, allow.gradient);
    free(values);
  }
}

static void check_gradients(const vectors *file, vae_isa isa, int32_t threads) {
  vae_error err;
  vae_model *model = make_model(file);
  if (model == NULL) return;
  vae_error_init(&err);
  vae_workspace *workspace = test_workspace(model, isa, threads, file->batch);
  outcome result = outcome_open(file);
  inputs in;
  inputs_open(&in, file);
  vae_workspace_info info;
  vae_workspace_info_init(&info);
  CHECK_OK(vae_workspace_get_info(workspace, &info, &err), &err);
  CHECK_EQUAL(info.isa, isa);
  CHECK_EQUAL(info.max_rows, file->batch);
  /* Twice: the second call finds the memory that the first one left. */
  for (int call = 0; call < 2; call++) {
    CHECK_OK(vae_model_loss_and_gradients(model, workspace, &in.data, &file->spec.objective, in.noise, 0, &result.loss,
                                          &result.terms, &err),
             &err);
    compare_outcome(file, &result);
    compare_gradients(file, workspace, NULL);
  }
  test_terms_free(&result.terms);
  inputs_free(&in);
  vae_workspace_free(workspace);
  vae_model_free(model);
}

/* The update since before the first step, of every tensor. */
static void compare_updates(const vectors *file, const vae_model *model, const char *prefix) {
  vae_error err;
  double tolerance = file->epsilon < 1e-6 ? allow.small_epsilon : allow.update;
  vae_error_init(&err);
  for (size_t i = 0; i < file->count; i++) {
    const vector_tensor *after = &file->tensors[i];
    if (strncmp(after->name, prefix, strlen(prefix)) != 0) continue;
    const vector_tensor *before = vectors_find(file, "param.", after->name + strlen(prefix));
    vector_tensor expected = *after;
    float *values = test_allocate(after->count * sizeof *values);
    if (CHECK(before != NULL) &&
        CHECK_OK(vae_model_get_parameter(model, after->name + strlen(prefix), values, after->count, &err), &err)) {
      expected.values = test_allocate(after->count * sizeof *expected.values);
      for (size_t k = 0; k < after->count; k++) {
        expected.values[k] = after->values[k] - before->values[k];
        values[k] = (float)((double)values[k] - before->values[k]);
      }
      compare(&expected, values, tolerance);
      free(expected.values);
    }
    free(values);
  }
}

static void check_steps(const vectors *file, vae_isa isa, int32_t threads, int32_t keep_gradients,
                        vae_precision precision) {
  vae_error err;
  vae_training training;
  vae_trainer *trainer = NULL;
  vae_model *model = make_model(file);
  if (model == NULL) return;
  vae_error_init(&err);
  vae_training_init(&training);
  training.objective = file->spec.objective;
  training.batch_size = (uint32_t)file->batch;
  training.learning_rate = file->learning_rate;
  training.beta1 = file->beta1;
  training.beta2 = file->beta2;
  training.epsilon = file->epsilon;
  training.threads = threads;
  training.isa = isa;
  training.keep_gradients = keep_gradients;
  training.precision = precision;
  if (CHECK_OK(vae_trainer_create(model, &training, NULL, &trainer, &err), &err)) {
    outcome result = outcome_open(file);
    inputs in;
    inputs_open(&in, file);
    vae_trainer_info info;
    for (int step = 1; step <= 3; step++) {
      int first = step == 1;
      CHECK_OK(vae_trainer_step(trainer, &in.data, in.noise, first ? &result.loss : NULL, first ? &result.terms : NULL,
                                &err),
               &err);
      if (first) compare_outcome(file, &result);
      if (first && keep_gradients) compare_gradients(file, NULL, trainer);
      if (first) compare_updates(file, model, "adam1.");
    }
    compare_updates(file, model, "adam3.");
    vae_trainer_info_init(&info);
    CHECK_OK(vae_trainer_get_info(trainer, &info, &err), &err);
    CHECK_EQUAL(info.isa, isa);
    CHECK_EQUAL(info.precision, precision);
    CHECK_EQUAL(info.step, 3);
    CHECK_EQUAL(info.epoch, 0);
    test_terms_free(&result.terms);
    inputs_free(&in);
  }
  vae_trainer_free(trainer);
  vae_model_free(model);
}

int main(void) {
  vae_isa isas[TEST_ISAS];
  size_t isa_count = test_isas(isas);
  CHECK(vae_isa_available(VAE_ISA_PORTABLE) == 1);
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    char path[TEST_PATH], name[128];
    vectors file;
    harness_note("%s", names[i]);
    snprintf(name, sizeof name, "reference/%s.safetensors", names[i]);
    test_fixture(path, name);
    int read = vectors_read(&file, path);
    CHECK_THAT(read, "%s", file.message);
    for (size_t k = 0; read && k < isa_count; k++) {
      for (int32_t threads = 1; threads <= 3; threads++) {
        harness_note("%s, %s, %d threads", names[i], vae_isa_name(isas[k]), (int)threads);
        allow = by_precision[VAE_PRECISION_FLOAT32];
        check_gradients(&file, isas[k], threads);
        for (int32_t keep = 0; keep <= 1; keep++) {
          harness_note("%s, %s, %d threads, %s gradients", names[i], vae_isa_name(isas[k]), (int)threads,
                       keep ? "kept" : "fused");
          check_steps(&file, isas[k], threads, keep, VAE_PRECISION_FLOAT32);
        }
        if (!test_has_bfloat16(isas[k])) continue;
        allow = by_precision[VAE_PRECISION_BFLOAT16];
        for (int32_t keep = 0; keep <= 1; keep++) {
          harness_note("%s, bfloat16, %d threads, %s gradients", names[i], (int)threads, keep ? "kept" : "fused");
          check_steps(&file, isas[k], threads, keep, VAE_PRECISION_BFLOAT16);
        }
      }
    }
    vectors_free(&file);
  }
  return harness_finish("reference");
}
