/* Adam and AdamW over many steps against a float64 Adam fed with the library's own gradients; and gradients that
 * follow the model wherever its parameters were changed: by the caller, by another trainer, by another model in the
 * workspace. */
#include <stdlib.h>

#include "harness.h"
#include "support.h"

enum { ROWS = 23, COLUMNS = 37, LATENTS = 5 };

typedef struct parts {
  test_spec spec;
  float *x;
  vae_data data;
  test_random random;
} parts;

static parts open_parts(void) {
  parts p;
  p.random = (test_random){77};
  p.spec = test_spec_linear(COLUMNS, LATENTS);
  test_spec_add_encoder(&p.spec, 33, VAE_ACTIVATION_TANH);
  test_spec_add_encoder(&p.spec, 17, VAE_ACTIVATION_SILU);
  test_spec_add_decoder(&p.spec, 29, VAE_ACTIVATION_RELU);
  p.spec.objective.samples = 2;
  p.x = test_rows(&p.random, p.spec.likelihood, ROWS * COLUMNS);
  p.data = test_floats(p.x, ROWS, COLUMNS);
  return p;
}

static vae_model *make_model(parts *p) {
  vae_error err;
  vae_model *model = NULL;
  vae_error_init(&err);
  CHECK_OK(test_create(&p->spec, 0, NULL, &model, &err), &err);
  CHECK_OK(test_fill_parameters(model, &p->random, 1.0, &err), &err);
  return model;
}

static vae_trainer *make_trainer(vae_model *model, const vae_training *training) {
  vae_error err;
  vae_trainer *trainer = NULL;
  vae_error_init(&err);
  CHECK_OK(vae_trainer_create(model, training, NULL, &trainer, &err), &err);
  return trainer;
}

/* Every gradient of the trainer's last step, in the model's order. */
static float *gradients(const vae_model *model, const vae_trainer *trainer, const vae_workspace *workspace) {
  vae_error err;
  float *all = test_allocate((size_t)vae_model_value_count(model) * sizeof *all), *at = all;
  vae_error_init(&err);
  for (size_t i = 0; i < vae_model_parameter_count(model); i++) {
    vae_parameter_info info;
    vae_parameter_info_init(&info);
    CHECK_OK(vae_model_get_parameter_info(model, i, &info, &err), &err);
    CHECK_OK(trainer != NULL ? vae_trainer_get_gradient(trainer, info.name, at, info.count, &err)
                             : vae_workspace_get_gradient(workspace, info.name, at, info.count, &err),
             &err);
    at += info.count;
  }
  return all;
}

/* 1 for the values of biases, in the model's order. The caller frees. */
static char *biases(const vae_model *model) {
  char *is_bias = test_allocate((size_t)vae_model_value_count(model)), *at = is_bias;
  for (size_t i = 0; i < vae_model_parameter_count(model); i++) {
    vae_parameter_info info;
    vae_parameter_info_init(&info);
    CHECK_STATUS(vae_model_get_parameter_info(model, i, &info, NULL), VAE_OK);
    memset(at, strstr(info.name, ".bias") != NULL, info.count);
    at += info.count;
  }
  return is_bias;
}

/* With decay over 0: AdamW, whose decay leaves biases alone. */
static void check_adam(double beta1, double beta2, double epsilon, double learning_rate, double decay, int steps) {
  parts p = open_parts();
  vae_error err;
  vae_training training;
  vae_model *model = make_model(&p);
  size_t count = (size_t)vae_model_value_count(model);
  double *m = test_allocate(count * sizeof *m), *v = test_allocate(count * sizeof *v);
  double *expected = test_allocate(count * sizeof *expected);
  char *is_bias = biases(model);
  vae_error_init(&err);
  vae_training_init(&training);
  training.objective = p.spec.objective;
  training.learning_rate = learning_rate;
  training.beta1 = beta1;
  training.beta2 = beta2;
  training.epsilon = epsilon;
  training.weight_decay = decay;
  training.keep_gradients = 1;
  training.threads = 2;
  vae_trainer *trainer = make_trainer(model, &training);
  harness_note("beta1 %g, beta2 %g, epsilon %g, decay %g", beta1, beta2, epsilon, decay);
  for (int step = 1; step <= steps; step++) {
    float *before = test_parameters(model, &count), *after = NULL, *gradient = NULL;
    CHECK_OK(vae_trainer_step(trainer, &p.data, NULL, NULL, NULL, &err), &err);
    after = test_parameters(model, &count);
    gradient = gradients(model, trainer, NULL);
    for (size_t i = 0; i < count; i++) {
      double g = (double)gradient[i];
      m[i] = beta1 * m[i] + (1.0 - beta1) * g;
      v[i] = beta2 * v[i] + (1.0 - beta2) * g * g;
      double corrected = m[i] / (1.0 - pow(beta1, step)), root = sqrt(v[i] / (1.0 - pow(beta2, step)));
      expected[i] = -learning_rate * corrected / (root + epsilon);
      if (!is_bias[i]) expected[i] -= learning_rate * decay * (double)before[i];
      after[i] = (float)((double)after[i] - (double)before[i]);
    }
    /* The update is seen through the rounding of the parameter it was added to: some 1e-8 of 1e-3 and more. */
    double distance = test_distance(after, expected, count);
    CHECK_THAT(distance < 1e-4, "step %d is off by %.3g", step, distance);
    free(before);
    free(after);
    free(gradient);
  }
  harness_note("%s", "");
  free(m);
  free(v);
  free(expected);
  free(is_bias);
  free(p.x);
  vae_trainer_free(trainer);
  vae_model_free(model);
}

/* One step of the trainer after the gradients were worked out by a fresh workspace: they must be the same. */
static void compare_step(parts *p, vae_model *model, vae_trainer *trainer, vae_workspace *workspace, const char *what) {
  vae_error err;
  float *noise = test_normals(&p->random, p->spec.objective.samples * ROWS * LATENTS);
  size_t count = (size_t)vae_model_value_count(model);
  vae_loss expected_loss, loss;
  vae_error_init(&err);
  vae_loss_init(&expected_loss);
  vae_loss_init(&loss);
  harness_note("%s", what);
  CHECK_OK(vae_model_loss_and_gradients(model, workspace, &p->data, &p->spec.objective, noise, 0, &expected_loss, NULL,
                                        &err),
           &err);
  float *expected = gradients(model, NULL, workspace);
  CHECK_OK(vae_trainer_step(trainer, &p->data, noise, &loss, NULL, &err), &err);
  float *found = gradients(model, trainer, NULL);
  CHECK_NEAR(loss.loss, expected_loss.loss, 0.0);
  CHECK_BYTES(expected, found, count * sizeof *found);
  harness_note("%s", "");
  free(noise);
  free(expected);
  free(found);
}

static void check_changes_from_outside(vae_isa isa) {
  parts p = open_parts();
  vae_error err;
  vae_training training;
  vae_model *model = make_model(&p), *other = make_model(&p);
  vae_error_init(&err);
  vae_training_init(&training);
  training.objective = p.spec.objective;
  training.isa = isa;
  training.threads = 2;
  training.keep_gradients = 1;
  training.learning_rate = 0.01;
  vae_trainer *first = make_trainer(model, &training), *second = make_trainer(model, &training);
  vae_trainer *of_other = make_trainer(other, &training);
  vae_workspace *workspace = test_workspace(model, isa, 1, ROWS);
  compare_step(&p, model, first, workspace, "first step");
  compare_step(&p, model, first, workspace, "second step");
  CHECK_OK(test_fill_parameters(model, &p.random, 1.0, &err), &err);
  compare_step(&p, model, first, workspace, "after parameters were set");
  compare_step(&p, model, second, workspace, "a second trainer");
  compare_step(&p, model, first, workspace, "the first again");
  compare_step(&p, other, of_other, workspace, "another model in the same workspace");
  compare_step(&p, model, second, workspace, "the second again");
  CHECK_OK(vae_model_init_output_bias(model, &p.data, &err), &err);
  compare_step(&p, model, first, workspace, "after a new output bias");
  CHECK_OK(vae_trainer_epoch(second, &p.data, NULL, NULL, NULL, &err), &err);
  compare_step(&p, model, first, workspace, "after the other trainer's epoch");
  /* A model freed and another made, perhaps at the same place. */
  vae_trainer_free(of_other);
  vae_model_free(other);
  other = make_model(&p);
  of_other = make_trainer(other, &training);
  compare_step(&p, other, of_other, workspace, "a new model in an old workspace");
  vae_workspace_free(workspace);
  vae_trainer_free(first);
  vae_trainer_free(second);
  vae_trainer_free(of_other);
  vae_model_free(model);
  vae_model_free(other);
  free(p.x);
}

/* The fused path does the same as the one that keeps its gradients, also where the caller interferes. */
static void check_fused(vae_isa isa, double decay) {
  parts p = open_parts();
  vae_error err;
  vae_training training;
  vae_model *models[2];
  vae_trainer *trainers[2];
  float *values[2];
  size_t count = 0;
  vae_error_init(&err);
  vae_training_init(&training);
  training.objective = p.spec.objective;
  training.isa = isa;
  training.learning_rate = 0.01;
  training.weight_decay = decay;
  training.batch_size = 7;
  for (int keep = 0; keep <= 1; keep++) {
    test_random random = {5};
    CHECK_OK(test_create(&p.spec, 4, NULL, &models[keep], &err), &err);
    training.keep_gradients = keep;
    training.threads = 1 + 2 * keep;
    trainers[keep] = make_trainer(models[keep], &training);
    CHECK_OK(vae_trainer_epoch(trainers[keep], &p.data, NULL, NULL, NULL, &err), &err);
    CHECK_OK(test_fill_parameters(models[keep], &random, 1.0, &err), &err);
    CHECK_OK(vae_trainer_step(trainers[keep], &p.data, NULL, NULL, NULL, &err), &err);
    CHECK_OK(vae_trainer_epoch(trainers[keep], &p.data, NULL, NULL, NULL, &err), &err);
    values[keep] = test_parameters(models[keep], &count);
  }
  harness_note("fused and kept, %s", vae_isa_name(isa));
  CHECK_BYTES(values[0], values[1], count * sizeof(float));
  harness_note("%s", "");
  for (int keep = 0; keep <= 1; keep++) {
    free(values[keep]);
    vae_trainer_free(trainers[keep]);
    vae_model_free(models[keep]);
  }
  free(p.x);
}

int main(void) {
  vae_isa isas[TEST_ISAS];
  size_t isa_count = test_isas(isas);
  check_adam(0.9, 0.999, 1e-3, 0.01, 0.0, 60);
  check_adam(0.9, 0.999, 1e-3, 0.01, 2.0, 60);
  check_adam(0.0, 0.5, 1e-2, 0.1, 0.0, 20);
  check_adam(0.5, 0.0, 1e-1, 0.1, 0.0, 20);
  for (size_t k = 0; k < isa_count; k++) {
    check_changes_from_outside(isas[k]);
    check_fused(isas[k], 0.0);
    check_fused(isas[k], 3.0);
  }
  return harness_finish("optimizer");
}
