/* The doubly reparameterised gradient of the importance-weighted bound: against differences of its surrogate with frozen weights,
 * by its mean, and where q is the posterior. */
#include "harness.h"
#include "oracle.h"
#include "support.h"

static vae_error err;

static vae_objective bound(uint32_t samples, vae_estimator estimator) {
  vae_objective o;
  vae_objective_init(&o);
  o.kind = VAE_OBJECTIVE_IWAE;
  o.samples = samples;
  o.estimator = estimator;
  return o;
}

/* Tucker et al. 2019, eq. 8: with w the normalised weights and q's density at one place, and z at another,
 * -1/n sum_i sum_k w_ik^2 [ log p(x_i, z_ik) - log q(z_ik|x_i) ]. */
static double surrogate(const oracle_result *at, const oracle_result *frozen, size_t n, size_t latents,
                        size_t samples) {
  double sum = 0;
  for (size_t i = 0; i < n; i++) {
    double total = 0, largest = -INFINITY;
    for (int pass = 0; pass < 3; pass++)
      for (size_t k = 0; k < samples; k++) {
        const oracle_result *from = pass == 2 ? at : frozen;
        const size_t row = k * n + i;
        double log_ratio = -from->sample_nll[row], weight = -frozen->sample_nll[row];
        for (size_t j = 0; j < latents; j++) {
          const double mean = frozen->mean[i * latents + j], logvar = frozen->logvar[i * latents + j];
          const double z = from->z[row * latents + j], own = frozen->z[row * latents + j];
          log_ratio += 0.5 * ((z - mean) * (z - mean) * exp(-logvar) + logvar - z * z);
          weight += 0.5 * ((own - mean) * (own - mean) * exp(-logvar) + logvar - own * own);
        }
        if (pass == 0) largest = fmax(largest, weight);
        if (pass == 1) total += exp(weight - largest);
        if (pass == 2) sum -= pow(exp(weight - largest) / total, 2) * log_ratio / (double)n;
      }
  }
  return sum;
}

static double surrogate_at(const oracle *o, const oracle_batch *batch, const oracle_result *frozen) {
  oracle_result at = oracle_run(o, batch);
  const double value = surrogate(&at, frozen, batch->n, o->spec.latent_dim, o->spec.objective.samples);
  oracle_result_free(&at);
  return value;
}

static float *gradient_of(const vae_workspace *workspace, const char *name, size_t count) {
  float *gradient = test_allocate(count * sizeof *gradient);
  CHECK_OK(vae_workspace_get_gradient(workspace, name, gradient, count, &err), &err);
  return gradient;
}

/* Every tensor of the encoder by differences; every one of the decoder as the plain estimator has it, to the bit. */
static void check_surrogate(uint32_t samples, uint32_t latents, size_t n, vae_isa isa) {
  test_spec spec = test_spec_linear(7, latents);
  test_random random = {samples * 10 + n};
  vae_model *model = NULL;
  test_spec_add_encoder(&spec, 5, VAE_ACTIVATION_TANH);
  test_spec_add_decoder(&spec, 6, VAE_ACTIVATION_SOFTPLUS);
  spec.objective = bound(samples, VAE_ESTIMATOR_DOUBLY_REPARAMETERIZED);
  CHECK_OK(test_create(&spec, 1, NULL, &model, &err), &err);
  CHECK_OK(test_fill_parameters(model, &random, 1.0, &err), &err);
  float *x = test_spec_rows(&random, &spec, n), *noise = test_normals(&random, samples * n * latents);
  const vae_data data = test_floats(x, n, 7);
  const oracle_batch batch = {.n = n, .x = x, .noise = noise};
  oracle *o = oracle_new(&spec, model);
  oracle_result frozen = oracle_run(o, &batch);
  vae_workspace *doubly = test_workspace(model, isa, 2, n), *plain = test_workspace(model, isa, 1, n);
  const vae_objective other = bound(samples, VAE_ESTIMATOR_PLAIN);
  vae_loss loss, same;
  vae_loss_init(&loss);
  vae_loss_init(&same);
  harness_note("%u samples, %zu rows, %u latents, %s", (unsigned)samples, n, (unsigned)latents, vae_isa_name(isa));
  CHECK_OK(vae_model_loss_and_gradients(model, doubly, &data, &spec.objective, noise, 0, &loss, NULL, &err), &err);
  CHECK_OK(vae_model_loss_and_gradients(model, plain, &data, &other, noise, 0, &same, NULL, &err), &err);
  CHECK_BYTES(&loss, &same, sizeof loss);
  for (size_t i = 0; i < vae_model_parameter_count(model); i++) {
    vae_parameter_info info;
    size_t count = 0;
    vae_parameter_info_init(&info);
    CHECK_OK(vae_model_get_parameter_info(model, i, &info, &err), &err);
    oracle_real *values = oracle_parameter(o, info.name, &count);
    float *gradient = gradient_of(doubly, info.name, count), *as_plain = gradient_of(plain, info.name, count);
    double error = 0, norm = 0;
    for (size_t j = 0; j < count && strncmp(info.name, "encoder", 7) == 0; j++) {
      const oracle_real kept = values[j], step = 1e-5L;
      values[j] = kept + step;
      const double above = surrogate_at(o, &batch, &frozen);
      values[j] = kept - step;
      const double difference = (above - surrogate_at(o, &batch, &frozen)) / (2.0 * (double)step);
      values[j] = kept;
      error += pow(gradient[j] - difference, 2);
      norm += difference * difference;
    }
    if (strncmp(info.name, "encoder", 7) == 0)
      CHECK_THAT(sqrt(error) <= 3e-5 * sqrt(norm) + 1e-6, "gradient of %s is off by %g, its norm %g", info.name,
                 sqrt(error), sqrt(norm));
    else CHECK_BYTES(gradient, as_plain, count * sizeof *gradient);
    free(gradient);
    free(as_plain);
  }
  oracle_result_free(&frozen);
  oracle_free(o);
  vae_workspace_free(doubly);
  vae_workspace_free(plain);
  vae_model_free(model);
  free(x);
  free(noise);
}

/* p(x|z) = N(W z, 1) with orthogonal columns of W, and q its posterior, moved by `off`. */
static vae_model *linear_gaussian(float off) {
  static const float weight[3 * 2] = {1, 0.5f, 1, -0.5f, 0, 0}; /* W, [D, Z]; columns of squares 2 and 1/2 */
  const double precision[2] = {3, 1.5};
  test_spec spec = test_spec_linear(3, 2);
  vae_model *model = NULL;
  spec.likelihood = VAE_LIKELIHOOD_GAUSSIAN;
  spec.sigma = 1.0;
  CHECK_OK(test_create(&spec, 1, NULL, &model, &err), &err);
  float mean[6], logvar[2], bias[2] = {off, -off}, zero[6] = {0};
  for (int k = 0; k < 2; k++) {
    for (int d = 0; d < 3; d++) mean[3 * k + d] = (float)(weight[2 * d + k] / precision[k]);
    logvar[k] = (float)-log(precision[k]) + off;
  }
  CHECK_OK(vae_model_set_parameter(model, "decoder.mean.weight", weight, 6, &err), &err);
  CHECK_OK(vae_model_set_parameter(model, "encoder.mean.weight", mean, 6, &err), &err);
  CHECK_OK(vae_model_set_parameter(model, "encoder.mean.bias", bias, 2, &err), &err);
  CHECK_OK(vae_model_set_parameter(model, "encoder.logvar.weight", zero, 6, &err), &err);
  CHECK_OK(vae_model_set_parameter(model, "encoder.logvar.bias", logvar, 2, &err), &err);
  return model;
}

enum { COPIES = 512, RUNS = 60 };

/* Mean and variance over RUNS batches of the gradients of q's biases, [mean | logvar], at one row. */
static void sample_gradients(const vae_model *model, const vae_objective *o, uint64_t seed, double mean[4],
                             double variance[4]) {
  static float x[COPIES * 3];
  for (int i = 0; i < COPIES; i++) memcpy(x + 3 * i, (const float[3]){1.0f, -0.4f, 0.3f}, 3 * sizeof *x);
  const vae_data data = test_floats(x, COPIES, 3);
  vae_workspace *workspace = test_workspace(model, VAE_ISA_AUTO, 2, COPIES);
  for (int k = 0; k < 4; k++) mean[k] = variance[k] = 0;
  for (int run = 0; run < RUNS; run++) {
    float g[4];
    CHECK_OK(vae_model_loss_and_gradients(model, workspace, &data, o, NULL, seed + (uint64_t)run, NULL, NULL, &err),
             &err);
    CHECK_OK(vae_workspace_get_gradient(workspace, "encoder.mean.bias", g, 2, &err), &err);
    CHECK_OK(vae_workspace_get_gradient(workspace, "encoder.logvar.bias", g + 2, 2, &err), &err);
    for (int k = 0; k < 4; k++) mean[k] += g[k] / RUNS, variance[k] += (double)g[k] * (double)g[k] / RUNS;
  }
  for (int k = 0; k < 4; k++) variance[k] -= mean[k] * mean[k];
  vae_workspace_free(workspace);
}

/* Where q is the posterior the weights are equal and log w does not depend on z: the gradient is zero, draw by draw. Elsewhere
 * both estimators have one mean, and for many samples this one the smaller variance. */
static void check_linear_gaussian(void) {
  double mean[2][4], variance[2][4];
  vae_model *exact = linear_gaussian(0.0f), *moved = linear_gaussian(0.4f);
  for (uint32_t samples = 1; samples <= 8; samples += 7) {
    const vae_objective doubly = bound(samples, VAE_ESTIMATOR_DOUBLY_REPARAMETERIZED);
    const vae_objective plain = bound(samples, VAE_ESTIMATOR_PLAIN);
    harness_note("linear-Gaussian, %u samples", (unsigned)samples);
    sample_gradients(exact, &doubly, 1, mean[0], variance[0]);
    sample_gradients(exact, &plain, 1, mean[1], variance[1]);
    for (int k = 0; k < 4; k++) {
      CHECK_NEAR(mean[0][k], 0.0, 1e-6);
      CHECK(variance[0][k] < 1e-12 && variance[1][k] > 1e-7);
    }
    sample_gradients(moved, &doubly, 1, mean[0], variance[0]);
    sample_gradients(moved, &plain, 1000, mean[1], variance[1]);
    for (int k = 0; k < 4; k++) {
      CHECK_NEAR(mean[0][k], mean[1][k], 5.0 * sqrt((variance[0][k] + variance[1][k]) / RUNS));
      CHECK(fabs(mean[0][k]) > 10.0 * sqrt(variance[0][k] / RUNS)); /* so that the check above says something */
      if (samples > 1) CHECK(variance[0][k] < variance[1][k]);
    }
  }
  vae_model_free(exact);
  vae_model_free(moved);
}

/* A model of one prior, and the gradients of its first tensor and of `name` (NULL: none) by an estimator. */
static void gradients_with(const test_spec *spec, const vae_objective *o, const char *name, float *first,
                           float *named) {
  enum { N = 6 };
  test_random random = {31};
  vae_model *model = NULL;
  CHECK_OK(test_create(spec, 5, NULL, &model, &err), &err);
  if (spec->prior == VAE_PRIOR_MIXTURE && spec->prior_components == 1) { /* the standard prior by another name */
    const float zero[3] = {0};
    CHECK_OK(vae_model_set_parameter(model, "prior.mixture.mean", zero, 3, &err), &err);
    CHECK_OK(vae_model_set_parameter(model, "prior.mixture.logvar", zero, 3, &err), &err);
  }
  float *x = test_spec_rows(&random, spec, N), *noise = test_normals(&random, o->samples * N * 3);
  const vae_data data = test_floats(x, N, 7);
  vae_workspace *workspace = test_workspace(model, VAE_ISA_AUTO, 2, N);
  CHECK_OK(vae_model_loss_and_gradients(model, workspace, &data, o, noise, 0, NULL, NULL, &err), &err);
  CHECK_OK(vae_workspace_get_gradient(workspace, "encoder.mean.weight", first, 21, &err), &err);
  if (name) CHECK_OK(vae_workspace_get_gradient(workspace, name, named, 21, &err), &err);
  vae_workspace_free(workspace);
  vae_model_free(model);
  free(x);
  free(noise);
}

/* Other priors: the density along the path is theirs, and their own parameters keep the plain gradient. */
static void check_priors(void) {
  const vae_objective doubly = bound(4, VAE_ESTIMATOR_DOUBLY_REPARAMETERIZED), plain = bound(4, VAE_ESTIMATOR_PLAIN);
  test_spec spec = test_spec_linear(7, 3);
  float standard[21], other[21], own[21], own_plain[21];
  harness_note("priors");
  gradients_with(&spec, &doubly, NULL, standard, NULL);
  spec.prior = VAE_PRIOR_MIXTURE;
  spec.prior_components = 1;
  gradients_with(&spec, &doubly, NULL, other, NULL);
  for (int i = 0; i < 21; i++) CHECK_NEAR(standard[i], other[i], 1e-6);
  spec.prior_components = 7; /* [7, 3] */
  gradients_with(&spec, &doubly, "prior.mixture.mean", standard, own);
  gradients_with(&spec, &plain, "prior.mixture.mean", other, own_plain);
  CHECK_BYTES(own, own_plain, sizeof own);
  CHECK(memcmp(standard, other, sizeof other) != 0);
  spec.prior = VAE_PRIOR_VAMP;
  spec.prior_components = 3; /* [3, 7] */
  gradients_with(&spec, &doubly, "prior.pseudo_inputs", standard, own);
  gradients_with(&spec, &plain, "prior.pseudo_inputs", other, own_plain);
  CHECK_BYTES(own, own_plain, sizeof own);
  CHECK(memcmp(standard, other, sizeof other) != 0);
}

int main(void) {
  vae_isa isas[TEST_ISAS];
  const size_t count = test_isas(isas);
  vae_error_init(&err);
  for (size_t i = 0; i < count; i++) {
    check_surrogate(1, 3, 4, isas[i]);
    check_surrogate(2, 17, 3, isas[i]);
    check_surrogate(7, 2, 5, isas[i]);
    check_surrogate(20, 1, 1, isas[i]);
  }
  check_linear_gaussian();
  check_priors();
  return harness_finish("estimator");
}
