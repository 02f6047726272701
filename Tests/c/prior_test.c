/* Priors that are mixtures: closed forms, the same bits however the work is cut, fused as unfused, files, copies, training. The
 * gradients are held to the oracle in gradient_oracle_test.c, parts of a batch in parts_test.c. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"
#include "support.h"

enum { ROWS = 64, INPUTS = 21, LATENTS = 5, COMPONENTS = 19 };

static test_spec make_spec(vae_prior prior, uint32_t components) {
  test_spec spec = test_spec_hidden(INPUTS, 33, VAE_ACTIVATION_TANH, LATENTS);
  spec.prior = prior;
  spec.prior_components = components;
  return spec;
}

static vae_model *make_model(const test_spec *spec) {
  vae_error err;
  vae_model *model = NULL;
  vae_error_init(&err);
  CHECK_OK(test_create(spec, 3, NULL, &model, &err), &err);
  return model;
}

static void set(vae_model *model, const char *name, float value, size_t count) {
  vae_error err;
  float *values = test_allocate(count * sizeof *values);
  vae_error_init(&err);
  for (size_t i = 0; i < count; i++) values[i] = value;
  CHECK_OK(vae_model_set_parameter(model, name, values, count, &err), &err);
  free(values);
}

typedef struct measured {
  vae_loss loss;
  float kl[ROWS], z[3 * ROWS * LATENTS], logvar[ROWS * LATENTS], mean[ROWS * LATENTS];
} measured;

static void evaluate(const test_spec *spec, const vae_model *model, const float *x, size_t max_rows, measured *m) {
  vae_error err;
  vae_terms terms;
  vae_workspace *workspace = test_workspace(model, VAE_ISA_AUTO, 2, max_rows);
  const vae_data data = test_floats(x, ROWS, INPUTS);
  vae_objective objective = spec->objective;
  objective.samples = 3;
  vae_error_init(&err);
  vae_loss_init(&m->loss);
  vae_terms_init(&terms);
  terms.kl = m->kl;
  terms.z = m->z;
  terms.mean = m->mean;
  terms.logvar = m->logvar;
  CHECK_OK(vae_model_evaluate(model, workspace, &data, &objective, 5, &m->loss, &terms, &err), &err);
  CHECK_NEAR(m->loss.negative_elbo, m->loss.reconstruction + m->loss.kl, 1e-9);
  CHECK_NEAR(m->loss.loss, m->loss.reconstruction + objective.beta * m->loss.kl, 1e-9);
  vae_workspace_free(workspace);
}

/* K equal components N(0, 1): the Monte Carlo estimate of the KL from the standard prior, log q(z) - log p(z) at the z that were
 * drawn. */
static void check_standard(uint32_t components) {
  const test_spec spec = make_spec(VAE_PRIOR_MIXTURE, components);
  test_random random = {7};
  vae_model *model = make_model(&spec);
  float *x = test_spec_rows(&random, &spec, ROWS);
  static measured m;
  set(model, "prior.mixture.mean", 0, (size_t)components * LATENTS);
  harness_note("%u equal components", (unsigned)components);
  evaluate(&spec, model, x, 17, &m);
  for (size_t i = 0; i < ROWS; i++) {
    double kl = 0;
    for (size_t k = 0; k < 3; k++)
      for (size_t j = 0; j < LATENTS; j++) {
        const double z = m.z[(k * ROWS + i) * LATENTS + j], logvar = m.logvar[i * LATENTS + j];
        const double eps = (z - m.mean[i * LATENTS + j]) * exp(-0.5 * logvar);
        kl += 0.5 * (z * z - eps * eps - logvar) / 3;
      }
    CHECK_NEAR(m.kl[i], kl, 2e-5);
  }
  vae_model_free(model);
  free(x);
}

/* One pseudo-input: p(z) is q(z|u), so the prior has the mean and variance that encode gives for u; samples show them. */
static void check_one_pseudo_input(void) {
  enum { DRAWS = 4000 };
  const test_spec spec = make_spec(VAE_PRIOR_VAMP, 1);
  vae_error err;
  vae_model *model = make_model(&spec);
  vae_workspace *workspace = test_workspace(model, VAE_ISA_AUTO, 2, 512);
  float u[INPUTS], mean[LATENTS], logvar[LATENTS];
  float *z = test_allocate(DRAWS * LATENTS * sizeof *z), *output = test_allocate(DRAWS * INPUTS * sizeof *output);
  vae_error_init(&err);
  for (size_t j = 0; j < INPUTS; j++) u[j] = j % 3 == 0 ? -0.5f : j % 3 == 1 ? 0.25f : 3.0f;
  CHECK_OK(vae_model_set_parameter(model, "prior.pseudo_inputs", u, INPUTS, &err), &err);
  for (size_t j = 0; j < INPUTS; j++) u[j] = fminf(1, fmaxf(0, u[j]));
  const vae_data data = test_floats(u, 1, INPUTS);
  CHECK_OK(vae_model_encode(model, workspace, &data, mean, logvar, &err), &err);
  CHECK_OK(vae_model_sample(model, workspace, 9, 0, DRAWS, output, z, &err), &err);
  for (size_t j = 0; j < LATENTS; j++) {
    double sum = 0, squares = 0;
    for (size_t i = 0; i < DRAWS; i++) {
      const double t = (z[i * LATENTS + j] - mean[j]) * exp(-0.5 * logvar[j]);
      sum += t;
      squares += t * t;
    }
    CHECK_NEAR(sum / DRAWS, 0, 4 / sqrt(DRAWS));
    CHECK_NEAR(squares / DRAWS, 1, 4 * sqrt(2.0 / DRAWS));
  }
  vae_workspace_free(workspace);
  vae_model_free(model);
  free(z);
  free(output);
}

/* Components are drawn by their weights: narrow ones, far apart. */
static void check_weights(void) {
  enum { DRAWS = 6000 };
  const float logits[3] = {0, 1, -1}, means[3] = {-50, 0, 50};
  const test_spec spec = make_spec(VAE_PRIOR_MIXTURE, 3);
  vae_error err;
  vae_model *model = make_model(&spec);
  vae_workspace *workspace = test_workspace(model, VAE_ISA_AUTO, 3, 100);
  float mean[3 * LATENTS], *z = test_allocate(DRAWS * LATENTS * sizeof *z);
  float *output = test_allocate(DRAWS * INPUTS * sizeof *output);
  double total = 0;
  size_t count[3] = {0}, strange = 0;
  vae_error_init(&err);
  for (size_t i = 0; i < 3 * LATENTS; i++) mean[i] = means[i / LATENTS];
  CHECK_OK(vae_model_set_parameter(model, "prior.mixture.logits", logits, 3, &err), &err);
  CHECK_OK(vae_model_set_parameter(model, "prior.mixture.mean", mean, 3 * LATENTS, &err), &err);
  set(model, "prior.mixture.logvar", -4, 3 * LATENTS);
  CHECK_OK(vae_model_sample(model, workspace, 1, 0, DRAWS, output, z, &err), &err);
  for (size_t i = 0; i < DRAWS; i++)
    for (size_t k = 0; k < 3; k++) {
      size_t near = 0;
      for (size_t j = 0; j < LATENTS; j++) near += fabsf(z[i * LATENTS + j] - means[k]) < 2;
      count[k] += near == LATENTS;
      strange += near > 0 && near < LATENTS;
    }
  CHECK_EQUAL(strange, 0);
  for (size_t k = 0; k < 3; k++) total += exp((double)logits[k]);
  for (size_t k = 0; k < 3; k++) {
    const double share = exp((double)logits[k]) / total;
    CHECK_NEAR((double)count[k] / DRAWS, share, 4 * sqrt(share / DRAWS));
  }
  vae_workspace_free(workspace);
  vae_model_free(model);
  free(z);
  free(output);
}

/* The bytes of a trainer's state after `epochs`, half of them after a save and load where `resume`. */
static unsigned char *train(const test_spec *spec, const float *x, int32_t threads, int keep, int precision, int resume,
                            size_t *size, double *first, double *last) {
  vae_error err;
  vae_model *model = make_model(spec);
  vae_trainer *trainer = NULL;
  vae_training training;
  vae_loss loss;
  char folder[TEST_PATH], path[TEST_PATH];
  const vae_data data = test_floats(x, ROWS, INPUTS);
  vae_error_init(&err);
  vae_training_init(&training);
  vae_loss_init(&loss);
  training.batch_size = 25;
  training.learning_rate = 1e-2;
  training.objective = spec->objective;
  training.threads = threads;
  training.keep_gradients = keep;
  training.precision = precision;
  CHECK_OK(vae_trainer_create(model, &training, NULL, &trainer, &err), &err);
  for (int epoch = 0; epoch < 12; epoch++) {
    CHECK_OK(vae_trainer_epoch(trainer, &data, NULL, NULL, &loss, &err), &err);
    if (epoch == 0) *first = loss.loss;
    if (!resume || epoch != 5) continue;
    test_folder(folder);
    test_join(path, folder, "state");
    CHECK_OK(vae_trainer_save(trainer, path, &err), &err);
    vae_trainer_free(trainer);
    vae_model_free(model);
    trainer = NULL;
    model = NULL;
    CHECK_OK(vae_model_load(path, NULL, &model, &err), &err);
    CHECK_OK(vae_trainer_create(model, &training, NULL, &trainer, &err), &err);
    CHECK_OK(vae_trainer_restore(trainer, path, &err), &err);
    test_remove_folder(folder);
  }
  *last = loss.loss;
  vae_trainer_free(trainer);
  unsigned char *bytes = test_model_bytes(model, size);
  vae_model_free(model);
  return bytes;
}

static void check_training(vae_prior prior, vae_objective_kind kind, int precision) {
  static const int32_t threads[] = {1, 2, 3, 7, 16};
  test_spec spec = make_spec(prior, COMPONENTS);
  test_random random = {11};
  float *x = test_spec_rows(&random, &spec, ROWS);
  size_t size = 0, other = 0;
  double first = 0, last = 0;
  spec.objective.kind = kind;
  spec.objective.samples = 3;
  harness_note("%s, %s, precision %d", vae_prior_name(prior), vae_objective_name(kind), precision);
  unsigned char *bytes = train(&spec, x, 1, 0, precision, 0, &size, &first, &last);
  CHECK_THAT(last < first - 0.5, "the loss went from %g to %g", first, last);
  for (size_t i = 1; i < sizeof threads / sizeof *threads + 2; i++) {
    const int resume = i == 6, keep = i == 5 || i == 2;
    unsigned char *more = train(&spec, x, i < 5 ? threads[i] : 2, keep, precision, resume, &other, &first, &last);
    if (CHECK_EQUAL(other, size)) CHECK_BYTES(bytes, more, size);
    free(more);
  }
  free(bytes);
  free(x);
}

/* Evaluation and statistics do not depend on how rows are cut; files and inference copies give the same numbers, or near. */
static void check_inference(vae_prior prior) {
  const test_spec spec = make_spec(prior, COMPONENTS);
  test_random random = {13};
  vae_error err;
  vae_model *model = make_model(&spec), *loaded = NULL;
  float *x = test_spec_rows(&random, &spec, ROWS);
  size_t size = 0;
  static measured whole, cut, copied;
  vae_error_init(&err);
  harness_note("%s", vae_prior_name(prior));
  evaluate(&spec, model, x, ROWS, &whole);
  evaluate(&spec, model, x, 7, &cut);
  CHECK_BYTES(whole.kl, cut.kl, sizeof whole.kl);
  CHECK_BYTES(&whole.loss.loss, &cut.loss.loss, sizeof whole.loss.loss);
  unsigned char *bytes = test_model_bytes(model, &size);
  CHECK_OK(vae_model_load_bytes(bytes, size, NULL, &loaded, &err), &err);
  evaluate(&spec, loaded, x, ROWS, &cut);
  CHECK_BYTES(whole.kl, cut.kl, sizeof whole.kl);
  vae_model_free(loaded);
  for (vae_precision precision = VAE_PRECISION_BFLOAT16; precision <= VAE_PRECISION_INT8; precision++) {
    vae_model *copy = NULL;
    CHECK_OK(vae_model_quantize(model, precision, &copy, &err), &err);
    evaluate(&spec, copy, x, ROWS, &copied);
    CHECK_NEAR(copied.loss.kl, whole.loss.kl, 0.02 * fabs(whole.loss.kl) + 0.02);
    vae_model_free(copy);
  }
  vae_statistics statistics;
  vae_statistics_arrays arrays;
  double latent_kl[LATENTS];
  vae_workspace *workspace = test_workspace(model, VAE_ISA_AUTO, 2, 10);
  const vae_data data = test_floats(x, ROWS, INPUTS);
  vae_statistics_init(&statistics);
  vae_statistics_arrays_init(&arrays);
  arrays.latent_kl = latent_kl;
  CHECK_OK(vae_model_statistics(model, workspace, &data, NULL, &statistics, &arrays, &err), &err);
  CHECK(isfinite(statistics.kl) && isnan(latent_kl[0]));
  CHECK(statistics.log_evidence >= -statistics.negative_elbo);
  vae_workspace_free(workspace);
  vae_model_free(model);
  free(bytes);
  free(x);
}

static float *gradient_of(const vae_workspace *workspace, const char *name, size_t count) {
  vae_error err;
  float *values = test_allocate(count * sizeof *values);
  vae_error_init(&err);
  CHECK_OK(vae_workspace_get_gradient(workspace, name, values, count, &err), &err);
  return values;
}

/* Values that a clamp holds have no gradient; their neighbours have one. */
static void check_clamped(vae_prior prior) {
  const int mixes = prior == VAE_PRIOR_MIXTURE;
  const char *name = mixes ? "prior.mixture.logvar" : "prior.pseudo_inputs";
  const size_t columns = mixes ? LATENTS : INPUTS, count = COMPONENTS * columns;
  const test_spec spec = make_spec(prior, COMPONENTS);
  test_random random = {17};
  vae_error err;
  vae_loss loss;
  vae_model *model = make_model(&spec);
  float *x = test_spec_rows(&random, &spec, ROWS), *values = test_allocate(count * sizeof *values);
  const vae_data data = test_floats(x, ROWS, INPUTS);
  size_t held = 0, moving = 0;
  vae_error_init(&err);
  vae_loss_init(&loss);
  for (size_t i = 0; i < count; i++) values[i] = i % 3 == 0 ? 0.5f : i % 3 == 1 ? 21.0f : -21.0f;
  CHECK_OK(vae_model_set_parameter(model, name, values, count, &err), &err);
  vae_workspace *workspace = test_workspace(model, VAE_ISA_AUTO, 2, ROWS);
  CHECK_OK(vae_model_loss_and_gradients(model, workspace, &data, &spec.objective, NULL, 1, &loss, NULL, &err), &err);
  float *gradient = gradient_of(workspace, name, count);
  for (size_t i = 0; i < count; i++) {
    if (i % 3 > 0) held += gradient[i] == 0;
    else moving += gradient[i] != 0;
  }
  CHECK_EQUAL(held, count - (count + 2) / 3);
  CHECK(moving > 0);
  vae_workspace_free(workspace);
  vae_model_free(model);
  free(gradient);
  free(values);
  free(x);
}

/* The most components, of which one that is far away has no share; a logit that is large is no overflow. */
static void check_many(void) {
  const test_spec spec = make_spec(VAE_PRIOR_MIXTURE, VAE_MAX_COMPONENTS);
  test_random random = {19};
  vae_model *model = make_model(&spec);
  float *x = test_spec_rows(&random, &spec, ROWS);
  static measured few, many;
  evaluate(&spec, model, x, ROWS, &few);
  CHECK(isfinite(few.loss.kl));
  set(model, "prior.mixture.logits", 3e38f, VAE_MAX_COMPONENTS);
  evaluate(&spec, model, x, ROWS, &many);
  CHECK_NEAR(many.loss.kl, few.loss.kl, 1e-5);
  vae_model_free(model);
  free(x);
}

/* Components too far away for a float are traced to the prior, not to the encoder alone. */
static void check_diagnosis(void) {
  const test_spec spec = make_spec(VAE_PRIOR_MIXTURE, COMPONENTS);
  test_random random = {4};
  vae_error err;
  vae_loss loss;
  vae_model *model = make_model(&spec);
  vae_workspace *workspace = test_workspace(model, VAE_ISA_AUTO, 2, ROWS);
  float *x = test_rows(&random, VAE_LIKELIHOOD_BERNOULLI, ROWS * INPUTS);
  const vae_data data = test_floats(x, ROWS, INPUTS);
  vae_loss_init(&loss);
  vae_error_init(&err);
  set(model, "prior.mixture.mean", 3e38f, COMPONENTS * LATENTS);
  CHECK_STATUS(vae_model_evaluate(model, workspace, &data, NULL, 1, &loss, NULL, &err), VAE_ERROR_NOT_FINITE);
  CHECK_MESSAGE_HAS(err, "log p(z) of the prior (mixture), row 0 of the batch");
  vae_workspace_free(workspace);
  vae_model_free(model);
  free(x);
}

static void check_refused(vae_prior prior, uint32_t components, uint32_t condition, const char *words) {
  test_spec spec = make_spec(prior, components);
  vae_error err;
  vae_model *model = NULL;
  vae_error_init(&err);
  spec.condition_dim = condition;
  CHECK_EQUAL(test_create(&spec, 0, NULL, &model, &err), VAE_ERROR_INVALID_ARGUMENT);
  CHECK_THAT(strstr(err.message, words) != NULL, "\"%s\" lacks \"%s\"", err.message, words);
}

int main(void) {
  static const vae_prior priors[] = {VAE_PRIOR_MIXTURE, VAE_PRIOR_VAMP};
  check_standard(1);
  check_standard(40);
  check_one_pseudo_input();
  check_weights();
  check_many();
  check_diagnosis();
  for (int i = 0; i < 2; i++) {
    check_training(priors[i], VAE_OBJECTIVE_ELBO, VAE_PRECISION_FLOAT32);
    check_training(priors[i], VAE_OBJECTIVE_IWAE, VAE_PRECISION_FLOAT32);
    if (test_has_bfloat16(VAE_ISA_AUTO)) check_training(priors[i], VAE_OBJECTIVE_ELBO, VAE_PRECISION_BFLOAT16);
    check_inference(priors[i]);
    check_clamped(priors[i]);
    check_refused(priors[i], 0, 0, "prior_components is 0");
    check_refused(priors[i], VAE_MAX_COMPONENTS + 1, 0, "takes 1 to 4096");
  }
  check_refused(VAE_PRIOR_STANDARD, 2, 0, "a standard prior has none");
  check_refused(VAE_PRIOR_VAMP, 2, 3, "would need a condition");
  return harness_finish("prior");
}
