/* The densities against long double far from where the oracle's cases come: both ends, large counts, a continuous Bernoulli
 * near 1/2; that they are densities (their integral or sum is 1); where the output bias starts; what data they refuse; files;
 * a learned sigma that finds the noise of the data. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"
#include "kernels/kernels.h"
#include "support.h"

/* One column of a density: its -log p, and the slope. */
static double value_of(vaei_density_kernel *kernel, float o, float x, double constant, float *slope) {
  float output[16] = {o}, target[16] = {x}, d[16], weight = 1;
  double nll = 0;
  const vaei_density tile = {.rows = 1,
                             .columns = 1,
                             .output = output,
                             .output_row = 16,
                             .x = target,
                             .x_row = 16,
                             .row_weight = &weight,
                             .d = d,
                             .d_row = 16,
                             .nll = &nll,
                             .inverse_scale = 2.0f,
                             .constant = (float)constant};
  kernel(&tile);
  *slope = d[0];
  return nll;
}

/* -log p and its slope of a continuous Bernoulli: softplus(o) - x o - log(2 artanh(t) / t), t = tanh(o / 2), by way of
 * 2 artanh(t) = o; by its series near 0. */
static long double continuous_nll(long double o, long double x, long double *slope) {
  const long double a = fabsl(o);
  *slope = a < 1e-3L ? 0.5L + o / 12 - x : 1 / -expm1l(-o) - 1 / o - x;
  return (o > 0 ? o : 0) - x * o + (a < 1e-9L ? -a / 2 : logl(-expm1l(-a) / a));
}

static void check_continuous_bernoulli(const vaei_kernels *k) {
  static const float ends[] = {0,    1e-30f, 1e-7f, 1e-4f, 1e-3f, 0.02f, 0.5f, 0.99999f, 1,    1.00001f,
                               1.5f, 3,      6,     20,    80,    90,    1e3f, 1e5f,     1e30f};
  for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
    for (int sign = -1; sign <= 1; sign += 2)
      for (float x = 0; x <= 1; x += 0.25f) {
        float slope;
        const float o = (float)sign * ends[i];
        long double want_slope;
        const double nll = value_of(k->continuous_bernoulli, o, x, 0, &slope);
        const double want = (double)continuous_nll(o, x, &want_slope);
        CHECK_NEAR(nll, want, 3e-7 * fmax(1.0, fabs((double)o)));
        CHECK_NEAR(slope, (double)want_slope, 4e-7);
      }
}

/* Counts from 0 to the largest, rates from nothing to far beyond it. */
static void check_poisson(const vaei_kernels *k) {
  static const float counts[] = {0, 1, 2, 3, 5, 10, 77, 1000, 65537, 4194304};
  static const float outputs[] = {-1e4f,   -100, -88,   -30, -20.01f, -19.99f, -5,      -1,  0,
                                  0.5413f, 2,    9.99f, 77,  999,     65000,   4194304, 1e8f};
  for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
    for (size_t j = 0; j < sizeof outputs / sizeof *outputs; j++) {
      float slope;
      const long double x = counts[i], o = outputs[j], rate = o < -100 ? 0 : log1pl(expl(-fabsl(o))) + (o > 0 ? o : 0);
      const long double log_rate = o < -30 ? o : logl(rate), share = o < -30 ? 1 : 1 / (1 + expl(-o)) / rate;
      const double want = (double)(rate - x * log_rate + lgammal(x + 1)),
                   nll = value_of(k->poisson, outputs[j], counts[i], 0, &slope);
      CHECK_THAT(fabs(nll - want) <= 6e-7 * fmax(1, fabs(want)), "poisson(%g) at o = %g: %.9g, not %.9g", counts[i],
                 outputs[j], nll, want);
      CHECK_NEAR(slope, (double)(share * (rate - x)), 1e-6 * fmax(1, fabs((double)(share * (rate - x)))));
    }
}

/* The sum of exp(-nll) over a fine grid of x, times its step. */
static double mass_of(vaei_density_kernel *kernel, float o, double constant, double low, double high, double step) {
  double mass = 0;
  float slope;
  for (double x = low; x < high; x += step)
    mass += exp(-value_of(kernel, o, (float)(x + (step < 1 ? step / 2 : 0)), constant, &slope));
  return mass * step;
}

static void check_masses(const vaei_kernels *k) {
  static const float outputs[] = {-3, -0.3f, 0, 0.01f, 1.2f, 4};
  for (size_t i = 0; i < sizeof outputs / sizeof *outputs; i++) {
    const float o = outputs[i];
    const double log_scale = log(0.5); /* value_of's scale */
    CHECK_NEAR(mass_of(k->continuous_bernoulli, o, 0, 0, 1, 1e-3), 1, 1e-5);
    CHECK_NEAR(mass_of(k->poisson, o, 0, 0, 60, 1), 1, 1e-6);
    CHECK_NEAR(mass_of(k->gaussian, o, log_scale + 0.5 * log(2 * acos(-1)), o - 8, o + 8, 1e-3), 1, 1e-5);
    CHECK_NEAR(mass_of(k->laplace, o, log_scale + log(2), o - 16, o + 16, 2e-3), 1, 1e-5);
    CHECK_NEAR(mass_of(k->log_cosh, o, log_scale + log(acos(-1)), o - 16, o + 16, 2e-3), 1, 1e-5);
  }
  float logits[3], x[3], d[3];
  double mass = 0;
  for (int chosen = 0; chosen < 3; chosen++) {
    double nll = 0;
    for (int j = 0; j < 3; j++) logits[j] = (float)(100 * j), x[j] = j == chosen;
    k->categorical(3, logits, x, 1, d, &nll);
    CHECK_NEAR(nll, 200 - 100 * chosen, 1e-4);
    mass += exp(-nll);
  }
  CHECK_NEAR(mass, 1, 1e-6);
}

/* A model of 7 columns. */
static test_spec make_spec(vae_likelihood likelihood, vae_sigma_kind sigma_kind) {
  test_spec spec = test_spec_hidden(7, 9, VAE_ACTIVATION_TANH, 2);
  test_spec_set_likelihood(&spec, likelihood);
  spec.sigma_kind = sigma_kind;
  return spec;
}

/* With weights of zero the mean of p(x|z) is the data's: of a continuous Bernoulli 1 / (1 - exp(-o)) - 1 / o at its logit. */
static void check_bias(vae_likelihood likelihood) {
  enum { ROWS = 200, COLUMNS = 7 };
  vae_error err;
  vae_model *model = NULL;
  test_random random = {4};
  test_spec spec = make_spec(likelihood, VAE_SIGMA_FIXED);
  const float weights[COLUMNS * 9] = {0}, z[2] = {0.3f, -2};
  float output[COLUMNS];
  vae_error_init(&err);
  float *x = test_spec_rows(&random, &spec, ROWS);
  const vae_data data = test_floats(x, ROWS, COLUMNS);
  CHECK_OK(test_create(&spec, 2, NULL, &model, &err), &err);
  CHECK_OK(vae_model_set_parameter(model, "decoder.mean.weight", weights, (size_t)COLUMNS * 9, &err), &err);
  CHECK_OK(vae_model_init_output_bias(model, &data, &err), &err);
  vae_workspace *workspace = test_workspace(model, VAE_ISA_AUTO, 1, 4);
  CHECK_OK(vae_model_decode(model, workspace, z, 1, output, &err), &err);
  for (size_t j = 0; j < COLUMNS; j++) {
    double mean = 0;
    for (size_t i = 0; i < ROWS; i++) mean += x[i * COLUMNS + j] / ROWS;
    const double p = output[j], o = log(p / (1 - p));
    CHECK_NEAR(likelihood == VAE_LIKELIHOOD_CONTINUOUS_BERNOULLI ? 1 / (1 - exp(-o)) - 1 / o : p, mean, 1e-4);
  }
  vae_workspace_free(workspace);
  vae_model_free(model);
  free(x);
}

/* A value that the likelihood cannot take is named with its row and column, wherever data come in. */
static void check_refused(vae_likelihood likelihood, size_t column, float value, const char *words) {
  enum { ROWS = 5, COLUMNS = 7 };
  vae_error err;
  vae_loss loss;
  vae_model *model = NULL;
  test_random random = {4};
  test_spec spec = make_spec(likelihood, VAE_SIGMA_FIXED);
  char place[64];
  vae_error_init(&err);
  vae_loss_init(&loss);
  float *x = test_spec_rows(&random, &spec, ROWS);
  const vae_data data = test_floats(x, ROWS, COLUMNS);
  CHECK_OK(test_create(&spec, 2, NULL, &model, &err), &err);
  vae_workspace *workspace = test_workspace(model, VAE_ISA_AUTO, 1, 4);
  CHECK_OK(vae_model_evaluate(model, workspace, &data, NULL, 0, &loss, NULL, &err), &err);
  x[3 * COLUMNS + column] = value;
  snprintf(place, sizeof place, "data row 3, column %zu is %g", column, (double)value);
  CHECK_STATUS(vae_model_evaluate(model, workspace, &data, NULL, 0, &loss, NULL, &err), VAE_ERROR_DATA);
  CHECK_MESSAGE_HAS(err, place);
  CHECK_MESSAGE_HAS(err, words);
  CHECK_STATUS(vae_model_init_output_bias(model, &data, &err), VAE_ERROR_DATA);
  CHECK_MESSAGE_HAS(err, place);
  vae_workspace_free(workspace);
  vae_model_free(model);
  free(x);
}

static void check_groups_of_data(void) {
  vae_error err;
  vae_model *model = NULL;
  float x[7] = {1, 0, 0, 0, 1, 1, 0}, mean[2]; /* groups of 2, 3 and 2 */
  const test_spec spec = make_spec(VAE_LIKELIHOOD_CATEGORICAL, VAE_SIGMA_FIXED);
  const vae_data data = test_floats(x, 1, 7);
  vae_error_init(&err);
  CHECK_EQUAL(spec.group_count, 3);
  CHECK_OK(test_create(&spec, 2, NULL, &model, &err), &err);
  vae_workspace *workspace = test_workspace(model, VAE_ISA_AUTO, 1, 4);
  CHECK_OK(vae_model_encode(model, workspace, &data, mean, NULL, &err), &err);
  x[1] = 1; /* a second one */
  CHECK_STATUS(vae_model_encode(model, workspace, &data, mean, NULL, &err), VAE_ERROR_DATA);
  CHECK_MESSAGE_HAS(err, "data row 0, column 1 is 1; allowed is 0 or 1, with a single 1 in each group");
  x[0] = x[1] = 0; /* none */
  CHECK_STATUS(vae_model_encode(model, workspace, &data, mean, NULL, &err), VAE_ERROR_DATA);
  CHECK_MESSAGE_HAS(err, "data row 0, column 1 is 0");
  vae_workspace_free(workspace);
  vae_model_free(model);
}

/* Through a file and back: the same configuration, losses and bytes. */
static void check_file(vae_likelihood likelihood, vae_sigma_kind sigma_kind) {
  vae_error err;
  vae_model *model = NULL, *loaded = NULL;
  vae_config config;
  size_t size = 0, again = 0;
  test_random random = {4};
  test_spec spec = make_spec(likelihood, sigma_kind);
  vae_error_init(&err);
  vae_config_init(&config);
  CHECK_OK(test_create(&spec, 2, NULL, &model, &err), &err);
  CHECK_OK(test_fill_parameters(model, &random, 1.0, &err), &err);
  unsigned char *bytes = test_model_bytes(model, &size), *second = NULL;
  if (CHECK_OK(vae_model_load_bytes(bytes, size, NULL, &loaded, &err), &err)) {
    second = test_model_bytes(loaded, &again);
    CHECK_EQUAL(size, again);
    CHECK_BYTES(bytes, second, size);
    CHECK_OK(vae_model_get_config(loaded, &config, &err), &err);
    CHECK(config.likelihood == likelihood && config.sigma_kind == sigma_kind);
    CHECK_EQUAL(config.group_count, spec.group_count);
    CHECK(config.group_count == 0 || (config.groups[0] == spec.groups[0] && config.groups[1] == spec.groups[1]));
  }
  free(bytes);
  free(second);
  vae_model_free(loaded);
  vae_model_free(model);
}

/* What a configuration may not say about sigma and groups. */
static void check_configurations(void) {
  static const uint32_t groups[] = {2, 5}, small[] = {1, 6}, short_of[] = {2, 4};
  static const struct {
    vae_likelihood likelihood;
    vae_sigma_kind sigma_kind;
    vae_activation activation;
    double sigma;
    const uint32_t *groups;
    uint32_t group_count;
    const char *words;
  } bad[] = {
      {VAE_LIKELIHOOD_POISSON, VAE_SIGMA_GLOBAL, 0, 1, NULL, 0,
       "sigma_kind is global; a poisson likelihood has no sigma"},
      {VAE_LIKELIHOOD_LAPLACE, VAE_SIGMA_PER_OUTPUT, 0, 2, NULL, 0, "sigma is 2; where sigma_kind is per_output"},
      {VAE_LIKELIHOOD_STUDENT_T, VAE_SIGMA_GLOBAL, 0, 1, NULL, 0,
       "sigma_kind is global; a student_t likelihood has no sigma"},
      {VAE_LIKELIHOOD_NEGATIVE_BINOMIAL, 0, VAE_ACTIVATION_SOFTPLUS, 1, NULL, 0,
       "a negative_binomial likelihood allows identity only"},
      {VAE_LIKELIHOOD_POISSON, 0, VAE_ACTIVATION_RELU, 1, NULL, 0, "a poisson likelihood allows identity only"},
      {VAE_LIKELIHOOD_GAUSSIAN, 0, 0, 1, groups, 2, "group_count is 2; a gaussian likelihood has no groups"},
      {VAE_LIKELIHOOD_CATEGORICAL, 0, 0, 1, NULL, 0,
       "group_count is 0; a categorical likelihood needs 1 to 4096 groups"},
      {VAE_LIKELIHOOD_CATEGORICAL, 0, 0, 1, NULL, 2, "groups is NULL, but group_count is 2"},
      {VAE_LIKELIHOOD_CATEGORICAL, 0, 0, 1, groups, VAE_MAX_GROUPS + 1, "group_count is 4097"},
      {VAE_LIKELIHOOD_CATEGORICAL, 0, 0, 1, small, 2, "groups[0] is 1; a group has at least 2 columns"},
      {VAE_LIKELIHOOD_CATEGORICAL, 0, 0, 1, short_of, 2, "groups have 6 columns in all; input_dim is 7"},
  };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    vae_error err;
    vae_model *model = NULL;
    vae_config config;
    vae_error_init(&err);
    vae_config_init(&config);
    config.input_dim = 7;
    config.latent_dim = 2;
    config.likelihood = bad[i].likelihood;
    config.sigma_kind = bad[i].sigma_kind;
    config.output_activation = bad[i].activation;
    config.sigma = bad[i].sigma;
    config.groups = bad[i].groups;
    config.group_count = bad[i].group_count;
    CHECK_STATUS(vae_model_create(&config, NULL, &model, &err), VAE_ERROR_INVALID_ARGUMENT);
    CHECK_MESSAGE_HAS(err, bad[i].words);
    CHECK(model == NULL);
  }
}

/* Columns of noise alone, of deviation 3 and 0.5 in turns: a learned sigma finds the maximum of the likelihood. One for all
 * Gaussian columns: the root of the mean square; per output each column's own. */
static void check_learned_sigma(vae_sigma_kind sigma_kind) {
  enum { ROWS = 600, COLUMNS = 7 };
  vae_error err;
  vae_training training;
  vae_model *model = NULL;
  vae_trainer *trainer = NULL;
  double square = 0;
  float x[ROWS * COLUMNS], found[COLUMNS];
  test_random random = {14};
  test_spec spec = test_spec_linear(COLUMNS, 1);
  test_spec_add_encoder(&spec, 4, VAE_ACTIVATION_TANH); /* bounded, so that no z is far out */
  vae_error_init(&err);
  spec.likelihood = VAE_LIKELIHOOD_GAUSSIAN;
  spec.sigma_kind = sigma_kind;
  for (size_t i = 0; i < ROWS * COLUMNS; i++) {
    x[i] = (float)((i % COLUMNS % 2 ? 3 : 0.5) * test_normal(&random));
    square += (double)x[i] * x[i] / (ROWS * COLUMNS);
  }
  const vae_data data = test_floats(x, ROWS, COLUMNS);
  vae_training_init(&training);
  training.objective.beta = 20; /* the latent is to say nothing */
  training.learning_rate = 0.02;
  training.beta2 = 0.9;
  training.batch_size = 100;
  CHECK_OK(test_create(&spec, 2, NULL, &model, &err), &err);
  CHECK_OK(vae_trainer_create(model, &training, NULL, &trainer, &err), &err);
  for (int epoch = 0; epoch < 60; epoch++) CHECK_OK(vae_trainer_epoch(trainer, &data, NULL, NULL, NULL, &err), &err);
  if (sigma_kind == VAE_SIGMA_GLOBAL) {
    CHECK_OK(vae_model_get_parameter(model, "decoder.log_sigma", found, 1, &err), &err);
    CHECK_NEAR(exp(found[0]), sqrt(square), 0.05 * sqrt(square));
  } else {
    CHECK_OK(vae_model_get_parameter(model, "decoder.logvar.bias", found, COLUMNS, &err), &err);
    for (int j = 0; j < COLUMNS; j++) CHECK_NEAR(found[j] / 2, log(j % 2 ? 3 : 0.5), 0.15);
  }
  vae_trainer_free(trainer);
  vae_model_free(model);
}

int main(void) {
  vae_isa isas[TEST_ISAS];
  const size_t count = test_isas(isas);
  for (size_t i = 0; i < count; i++) {
    const vaei_kernels *k = NULL;
    if (!CHECK(vaei_kernels_find(isas[i], &k, NULL) == VAE_OK)) continue;
    harness_note("%s", vae_isa_name(isas[i]));
    check_continuous_bernoulli(k);
    check_poisson(k);
    check_masses(k);
  }
  for (vae_likelihood likelihood = 0; vae_likelihood_name(likelihood); likelihood++) {
    harness_note("%s", vae_likelihood_name(likelihood));
    check_bias(likelihood);
    check_file(likelihood, VAE_SIGMA_FIXED);
  }
  for (vae_sigma_kind kind = VAE_SIGMA_GLOBAL; vae_sigma_kind_name(kind); kind++) {
    harness_note("sigma %s", vae_sigma_kind_name(kind));
    check_file(VAE_LIKELIHOOD_LAPLACE, kind);
    check_learned_sigma(kind);
  }
  harness_note("what is refused");
  check_refused(VAE_LIKELIHOOD_CONTINUOUS_BERNOULLI, 6, 1.5f, "0 to 1 (a continuous_bernoulli likelihood)");
  check_refused(VAE_LIKELIHOOD_POISSON, 0, 1.5f, "a whole number from 0 to 4194304 (a poisson likelihood)");
  check_refused(VAE_LIKELIHOOD_POISSON, 6, -1, "a whole number from 0");
  check_refused(VAE_LIKELIHOOD_POISSON, 2, 4194305, "a whole number from 0");
  check_refused(VAE_LIKELIHOOD_NEGATIVE_BINOMIAL, 1, 0.5f, "a whole number from 0 to 4194304 (a negative_binomial");
  check_refused(VAE_LIKELIHOOD_NEGATIVE_BINOMIAL, 5, -1, "a whole number from 0");
  check_refused(VAE_LIKELIHOOD_STUDENT_T, 4, INFINITY, "any finite number");
  check_refused(VAE_LIKELIHOOD_LOG_COSH, 3, NAN, "any finite number");
  check_refused(VAE_LIKELIHOOD_CATEGORICAL, 4, 0.5f, "0 or 1, with a single 1 in each group");
  check_groups_of_data();
  check_configurations();
  return harness_finish("likelihood");
}
