/* What goes wrong around priors and objectives is said, and said rightly: a p(z) that is not finite, and a run that cannot be
 * restored. */
#include <stdlib.h>
#include <string.h>

#include "harness.h"
#include "support.h"

enum { ROWS = 24, INPUTS = 6, LATENTS = 3, COMPONENTS = 4, BATCH = 12 };

static vae_error err;

static vae_model *make_model(vae_prior prior) {
  vae_model *model = NULL;
  test_spec spec = test_spec_linear(INPUTS, LATENTS);
  spec.prior = prior;
  spec.prior_components = prior == VAE_PRIOR_STANDARD ? 0 : COMPONENTS;
  CHECK_OK(test_create(&spec, 3, NULL, &model, &err), &err);
  return model;
}

static vae_status evaluate(const vae_model *model, vae_workspace *workspace, const float *x) {
  const vae_data data = test_floats(x, ROWS, INPUTS);
  vae_loss loss;
  vae_loss_init(&loss);
  return vae_model_evaluate(model, workspace, &data, NULL, 5, &loss, NULL, &err);
}

/* Components so far away that no density is left: it is not the encoder that is to blame. */
static void check_far_mixture(void) {
  const float x[ROWS * INPUTS] = {1, 0, 1};
  float mean[COMPONENTS * LATENTS], z[LATENTS * 2];
  vae_model *model = make_model(VAE_PRIOR_MIXTURE);
  vae_workspace *workspace = test_workspace(model, VAE_ISA_AUTO, 2, 7);
  for (size_t i = 0; i < COMPONENTS * LATENTS; i++) mean[i] = 1e30f;
  CHECK_OK(vae_model_set_parameter(model, "prior.mixture.mean", mean, COMPONENTS * LATENTS, &err), &err);
  CHECK_STATUS(evaluate(model, workspace, x), VAE_ERROR_NOT_FINITE);
  CHECK_MESSAGE_HAS(err, "log p(z) of the prior (mixture), row 0 of the batch");
  CHECK_OK(vae_model_sample(model, workspace, 1, 0, 2, NULL, z, &err), &err);
  vae_workspace_free(workspace);
  vae_model_free(model);
}

/* One pseudo-input whose q is not finite: no sample can come from that prior, and none does in silence. Encoding, which needs no
 * prior, says nothing of it. */
static void check_bad_pseudo_input(void) {
  const float x[ROWS * INPUTS] = {0};
  float weights[LATENTS * INPUTS], inputs[COMPONENTS * INPUTS] = {0}, z[ROWS * LATENTS];
  vae_model *model = make_model(VAE_PRIOR_VAMP);
  vae_workspace *workspace = test_workspace(model, VAE_ISA_AUTO, 2, 7);
  for (size_t i = 0; i < LATENTS * INPUTS; i++) weights[i] = 3e38f;
  for (size_t j = 0; j < INPUTS; j++) inputs[j] = 1; /* the first one's */
  CHECK_OK(vae_model_set_parameter(model, "encoder.mean.weight", weights, LATENTS * INPUTS, &err), &err);
  CHECK_OK(vae_model_set_parameter(model, "prior.pseudo_inputs", inputs, COMPONENTS * INPUTS, &err), &err);
  CHECK_STATUS(evaluate(model, workspace, x), VAE_ERROR_NOT_FINITE);
  CHECK_MESSAGE_HAS(err, "row 0 of the pseudo-inputs");
  CHECK_STATUS(vae_model_sample(model, workspace, 1, 0, ROWS, NULL, z, &err), VAE_ERROR_NOT_FINITE);
  CHECK_MESSAGE_HAS(err, "row 0 of the pseudo-inputs");
  const vae_data zeros = test_floats(x, ROWS, INPUTS);
  CHECK_OK(vae_model_encode(model, workspace, &zeros, z, NULL, &err), &err);
  float bad[ROWS * INPUTS] = {0};
  for (size_t j = 0; j < INPUTS; j++) bad[9 * INPUTS + j] = 1;
  const vae_data data = test_floats(bad, ROWS, INPUTS);
  CHECK_STATUS(vae_model_encode(model, workspace, &data, z, NULL, &err), VAE_ERROR_NOT_FINITE);
  CHECK_MESSAGE_HAS(err, "row 2 of the batch");
  vae_workspace_free(workspace);
  vae_model_free(model);
}

/* libc's memory, of which call number fail_at fails. */
typedef struct miser {
  long calls, fail_at;
} miser;

static void *allocate(void *user, size_t size, size_t alignment) {
  miser *m = user;
  if (++m->calls == m->fail_at) return NULL;
  return aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
}

static void release(void *user, void *memory, size_t size, size_t alignment) {
  (void)user, (void)size, (void)alignment;
  free(memory);
}

static vae_training training_of(vae_regularizer regularizer, double clip_norm) {
  vae_training training;
  vae_training_init(&training);
  training.batch_size = BATCH;
  training.threads = 1;
  training.clip_norm = clip_norm;
  training.objective.regularizer = regularizer;
  training.objective.regularizer_weight = 2;
  return training;
}

/* A run with another objective that is not restored for lack of memory, whichever there is none for: the trainer goes on with its
 * own. Returns whether it was restored. */
static int restore_once(const char *path, const float *x, long fail_at) {
  const vae_training training = training_of(VAE_REGULARIZER_TC, 0);
  const vae_data data = test_floats(x, ROWS, INPUTS);
  miser m = {0, 0};
  vae_allocator allocator;
  vae_loss loss;
  vae_model *model = make_model(VAE_PRIOR_STANDARD);
  vae_trainer *trainer = NULL;
  vae_loss_init(&loss);
  vae_allocator_init(&allocator);
  allocator.user = &m;
  allocator.allocate = allocate;
  allocator.release = release;
  CHECK_OK(vae_trainer_create(model, &training, &allocator, &trainer, &err), &err);
  CHECK_OK(vae_trainer_epoch(trainer, &data, NULL, NULL, &loss, &err), &err);
  m.fail_at = m.calls + fail_at;
  const vae_status status = vae_trainer_restore(trainer, path, &err);
  if (status != VAE_OK) {
    CHECK_STATUS(status, VAE_ERROR_OUT_OF_MEMORY);
    CHECK_STATUS(vae_trainer_take_best(trainer, &err), VAE_ERROR_INVALID_ARGUMENT); /* it has none */
  }
  m.fail_at = 0;
  CHECK_OK(vae_trainer_epoch(trainer, &data, NULL, NULL, &loss, &err), &err);
  vae_trainer_free(trainer);
  vae_model_free(model);
  return status == VAE_OK;
}

static void check_restore(void) {
  const vae_training training = training_of(VAE_REGULARIZER_SLICED_WASSERSTEIN, 1);
  test_random random = {7};
  float *x = test_rows(&random, VAE_LIKELIHOOD_BERNOULLI, ROWS * INPUTS);
  const vae_data data = test_floats(x, ROWS, INPUTS);
  char folder[TEST_PATH], path[TEST_PATH];
  int32_t stop;
  vae_model *model = make_model(VAE_PRIOR_STANDARD);
  vae_trainer *trainer = NULL;
  test_folder(folder);
  test_join(path, folder, "run");
  CHECK_OK(vae_trainer_create(model, &training, NULL, &trainer, &err), &err);
  CHECK_OK(vae_trainer_epoch(trainer, &data, NULL, NULL, NULL, &err), &err);
  CHECK_OK(vae_trainer_judge(trainer, 1.0, &stop, &err), &err); /* the best: its copy takes memory, too */
  CHECK_OK(vae_trainer_save(trainer, path, &err), &err);
  long n = 1;
  while (n < 1000 && !restore_once(path, x, n)) n++;
  CHECK(n > 3 && n < 1000);
  vae_trainer_free(trainer);
  vae_model_free(model);
  test_remove_folder(folder);
  free(x);
}

int main(void) {
  vae_error_init(&err);
  check_far_mixture();
  check_bad_pseudo_input();
  check_restore();
  return harness_finish("prior_failure_test");
}
