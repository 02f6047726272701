/* vae_model_likelihood_parameters, _mean and _samples: names and values of the parameters, expectations in closed form, draws
 * against their distribution functions and probabilities; the same draws whatever the cutting; what is refused.
 *
 * Models whose decoder is its biases alone have the same p(x) in every row, so that a column is one sample of it. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"
#include "support.h"

enum { ROWS = 20000, COLUMNS = 8 };

/* A model of 8 columns with these biases of the outputs, in a workspace. */
typedef struct fixture {
  vae_model *model;
  vae_workspace *workspace;
  float *x; /* [ROWS, COLUMNS] */
  float *z; /* [ROWS, 1], zero */
} fixture;

static fixture open_fixture(vae_likelihood likelihood, vae_sigma_kind sigma_kind, const double output[COLUMNS]) {
  const float weights[2 * COLUMNS] = {0};
  float bias[COLUMNS];
  vae_error err;
  fixture f = {.x = test_allocate(sizeof(float) * ROWS * COLUMNS), .z = test_allocate(sizeof(float) * ROWS)};
  test_spec spec = test_spec_linear(COLUMNS, 1);
  test_spec_set_likelihood(&spec, likelihood);
  spec.sigma_kind = sigma_kind;
  if (sigma_kind == VAE_SIGMA_FIXED && likelihood == VAE_LIKELIHOOD_LAPLACE) spec.sigma = 2.5;
  vae_error_init(&err);
  CHECK_OK(test_create(&spec, 1, NULL, &f.model, &err), &err);
  for (int j = 0; j < COLUMNS; j++) bias[j] = (float)output[j];
  CHECK_OK(vae_model_set_parameter(f.model, "decoder.mean.weight", weights, COLUMNS, &err), &err);
  CHECK_OK(vae_model_set_parameter(f.model, "decoder.mean.bias", bias, COLUMNS, &err), &err);
  if (sigma_kind == VAE_SIGMA_PER_OUTPUT)
    CHECK_OK(vae_model_set_parameter(f.model, "decoder.logvar.weight", weights, COLUMNS, &err), &err);
  f.workspace = test_workspace(f.model, VAE_ISA_AUTO, 2, 300);
  return f;
}

static void set(const fixture *f, const char *name, const double *values, size_t count) {
  float copy[COLUMNS];
  vae_error err;
  vae_error_init(&err);
  for (size_t j = 0; j < count; j++) copy[j] = (float)values[j];
  CHECK_OK(vae_model_set_parameter(f->model, name, copy, count, &err), &err);
}

static void draw(fixture *f) {
  vae_error err;
  vae_error_init(&err);
  CHECK_OK(vae_model_likelihood_samples(f->model, f->workspace, f->z, ROWS, NULL, 11, 0, f->x, &err), &err);
}

static void close_fixture(fixture *f) {
  vae_workspace_free(f->workspace);
  vae_model_free(f->model);
  free(f->x);
  free(f->z);
}

/* --- columns against distributions ------------------------------------------------------------------------------------- */

static int by_value(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* Kolmogorov's and Smirnov's largest distance of a column from a continuous distribution, times the root of its size: over 1.95
 * with a chance of 0.001. */
static void check_distribution(const fixture *f, int column, double (*cdf)(double x, const double *p),
                               const double *p) {
  double *x = test_allocate(ROWS * sizeof *x), most = 0;
  for (size_t i = 0; i < ROWS; i++) x[i] = f->x[i * COLUMNS + column];
  qsort(x, ROWS, sizeof *x, by_value);
  for (size_t i = 0; i < ROWS; i++) {
    const double at = cdf(x[i], p);
    most = fmax(most, fmax(at - (double)i / ROWS, (double)(i + 1) / ROWS - at));
  }
  CHECK_THAT(most * sqrt(ROWS) <= 1.95, "column %d: a distance of %.3g roots", column, most * sqrt(ROWS));
  free(x);
}

/* Pearson's chi^2 of counts in bins of at least 10 expected ones each; over 3.5 deviations with a chance of some 0.001. */
static void check_counts(const fixture *f, int column, double (*log_p)(double x, const double *p), const double *p) {
  double seen = 0, expected = 0, square = 0, all = 0, left = ROWS;
  int bins = 0;
  for (int count = 0; left > 0; count++) {
    const double chance = exp(log_p(count, p));
    for (size_t i = 0; i < ROWS; i++) seen += f->x[i * COLUMNS + column] == (float)count;
    expected += chance * ROWS;
    all += chance;
    left = (1 - all) * ROWS;
    if (expected < 10 && left >= 10) continue;
    if (left < 10) { /* the last bin has the tail */
      for (size_t i = 0; i < ROWS; i++) seen += f->x[i * COLUMNS + column] > (float)count;
      expected += left, left = 0;
    }
    square += (seen - expected) * (seen - expected) / expected;
    bins++;
    seen = expected = 0;
  }
  const double free_bins = bins - 1;
  CHECK_THAT((square - free_bins) / sqrt(2 * fmax(1, free_bins)) <= 3.5, "column %d: chi^2 is %.4g with %d bins",
             column, square, bins);
}

/* Mean and variance within 4.5 of their standard errors; kurtosis: of the distribution, 3 for a normal. */
static void check_moments(const fixture *f, int column, double mean, double variance, double kurtosis) {
  double sum = 0, squares = 0;
  for (size_t i = 0; i < ROWS; i++) {
    const double d = f->x[i * COLUMNS + column] - mean;
    sum += d;
    squares += d * d;
  }
  CHECK_THAT(fabs(sum / ROWS) <= 4.5 * sqrt(variance / ROWS), "column %d: the mean is off by %.3g of %.6g", column,
             sum / ROWS, mean);
  CHECK_THAT(fabs(squares / ROWS - variance) <= 4.5 * variance * sqrt(fmax(1e-8, kurtosis - 1) / ROWS),
             "column %d: the variance is %.6g, not %.6g", column, squares / ROWS, variance);
}

static double normal_cdf(double x, const double *p) { return 0.5 * erfc(-(x - p[0]) / p[1] / sqrt(2)); }

static double laplace_cdf(double x, const double *p) {
  const double t = (x - p[0]) / p[1];
  return t < 0 ? 0.5 * exp(t) : 1 - 0.5 * exp(-t);
}

static double secant_cdf(double x, const double *p) { return 2 / acos(-1) * atan(exp((x - p[0]) / p[1])); }

static double continuous_bernoulli_cdf(double x, const double *p) {
  return fabs(p[0]) < 1e-7 ? x : expm1(p[0] * x) / expm1(p[0]);
}

/* For 1, 2 and 4 degrees of freedom; a normal for many. */
static double student_cdf(double x, const double *p) {
  const double t = (x - p[0]) / p[1], q = 1 + t * t / 4;
  if (p[2] == 1) return 0.5 + atan(t) / acos(-1);
  if (p[2] == 2) return 0.5 + t / (2 * sqrt(2 + t * t));
  if (p[2] == 4) return 0.5 + 0.375 * t / sqrt(q) * (1 - t * t / (12 * q));
  return normal_cdf(x, p);
}

static double poisson_log_p(double x, const double *p) { return x * log(p[0]) - p[0] - lgamma(x + 1); }

static double negative_binomial_log_p(double x, const double *p) {
  return lgamma(x + p[1]) - lgamma(p[1]) - lgamma(x + 1) - p[1] * log1p(p[0] / p[1]) - x * log1p(p[1] / p[0]);
}

static double softplus_inverse(double y) { return y > 30 ? y : log(expm1(y)); }

/* --- the likelihoods --------------------------------------------------------------------------------------------------- */

static void check_bernoulli(void) {
  const double logits[COLUMNS] = {-40, -4, -1, 0, 0.5, 2, 6, 40};
  fixture f = open_fixture(VAE_LIKELIHOOD_BERNOULLI, VAE_SIGMA_FIXED, logits);
  draw(&f);
  for (int j = 0; j < COLUMNS; j++) {
    const double p = 1 / (1 + exp(-logits[j])), variance = p * (1 - p);
    check_moments(&f, j, p, variance + 1e-12, 1 + fmax(0, 1 / fmax(variance, 1e-3) - 4));
    for (size_t i = 0; i < ROWS; i++) CHECK(f.x[i * COLUMNS + j] == 0 || f.x[i * COLUMNS + j] == 1);
  }
  close_fixture(&f);
}

static void check_continuous_bernoulli(void) {
  const double logits[COLUMNS] = {-80, -5, -1, -1e-4, 0, 1e-6, 3, 300};
  float mean[COLUMNS];
  vae_error err;
  vae_error_init(&err);
  fixture f = open_fixture(VAE_LIKELIHOOD_CONTINUOUS_BERNOULLI, VAE_SIGMA_FIXED, logits);
  draw(&f);
  CHECK_OK(vae_model_likelihood_mean(f.model, f.workspace, f.z, 1, NULL, mean, &err), &err);
  for (int j = 0; j < COLUMNS; j++) {
    const double o = (double)(float)logits[j];
    check_distribution(&f, j, continuous_bernoulli_cdf, &o);
    CHECK_NEAR(mean[j], fabs(o) < 0.01 ? 0.5 + o / 12 : -1 / expm1(-o) - 1 / o, 1e-7);
    for (size_t i = 0; i < ROWS; i++) CHECK(f.x[i * COLUMNS + j] >= 0 && f.x[i * COLUMNS + j] <= 1);
  }
  close_fixture(&f);
}

static void check_located(vae_likelihood likelihood, vae_sigma_kind kind) {
  static double (*const cdfs[])(double, const double *) = {[VAE_LIKELIHOOD_GAUSSIAN] = normal_cdf,
                                                           [VAE_LIKELIHOOD_LAPLACE] = laplace_cdf,
                                                           [VAE_LIKELIHOOD_LOG_COSH] = secant_cdf};
  const double locations[COLUMNS] = {-300, -2, 0, 0.1, 1, 5, 77, 1e4};
  const double log_scale = -0.75, logvar[COLUMNS] = {-12, -30, -1, 0, 0.5, 4, 8, 15}, pi = acos(-1);
  const double unit = likelihood == VAE_LIKELIHOOD_LAPLACE    ? 2
                      : likelihood == VAE_LIKELIHOOD_LOG_COSH ? pi * pi / 4
                                                              : 1;
  const double kurtosis = likelihood == VAE_LIKELIHOOD_LAPLACE ? 6 : likelihood == VAE_LIKELIHOOD_LOG_COSH ? 5 : 3;
  float parameters[2 * COLUMNS], mean[COLUMNS];
  vae_error err;
  vae_error_init(&err);
  fixture f = open_fixture(likelihood, kind, locations);
  if (kind == VAE_SIGMA_GLOBAL) set(&f, "decoder.log_sigma", &log_scale, 1);
  if (kind == VAE_SIGMA_PER_OUTPUT) set(&f, "decoder.logvar.bias", logvar, COLUMNS);
  draw(&f);
  CHECK_OK(vae_model_likelihood_parameters(f.model, f.workspace, f.z, 1, NULL, parameters, &err), &err);
  CHECK_OK(vae_model_likelihood_mean(f.model, f.workspace, f.z, 1, NULL, mean, &err), &err);
  for (int j = 0; j < COLUMNS; j++) {
    const double fixed = likelihood == VAE_LIKELIHOOD_LAPLACE ? 2.5 : 1, each = exp(fmax(-10, logvar[j] / 2));
    const double scale = kind == VAE_SIGMA_FIXED ? fixed : kind == VAE_SIGMA_GLOBAL ? exp(log_scale) : each;
    const double p[2] = {(double)(float)locations[j], scale};
    CHECK_NEAR(parameters[j], locations[j], 1e-6 * fabs(locations[j]));
    CHECK_NEAR(parameters[COLUMNS + j], scale, 1e-6 * scale);
    CHECK(mean[j] == parameters[j]);
    if (scale < 1e-4 * fabs(p[0])) continue; /* floats are too coarse there for a distribution */
    check_distribution(&f, j, cdfs[likelihood], p);
    check_moments(&f, j, p[0], unit * scale * scale, kurtosis);
  }
  close_fixture(&f);
}

static void check_poisson(void) {
  const double rates[COLUMNS] = {0.02, 0.7, 5, 9.9, 10.1, 40, 1e5, 4e9};
  double outputs[COLUMNS];
  for (int j = 0; j < COLUMNS; j++) outputs[j] = softplus_inverse(rates[j]);
  fixture f = open_fixture(VAE_LIKELIHOOD_POISSON, VAE_SIGMA_FIXED, outputs);
  draw(&f);
  for (int j = 0; j < COLUMNS; j++) {
    const double many[2] = {rates[j], sqrt(rates[j])};
    check_moments(&f, j, rates[j], rates[j], 3 + 1 / rates[j]);
    if (rates[j] < 100) check_counts(&f, j, poisson_log_p, &rates[j]);
    else check_distribution(&f, j, normal_cdf, many);
  }
  close_fixture(&f);
}

static void check_negative_binomial(void) {
  const double means[COLUMNS] = {0.1, 3, 3, 3, 20, 20, 7, 1e5},
               dispersions[COLUMNS] = {0.5, 0.2, 1, 30, 0.6, 5, 1e6, 1e6};
  double outputs[COLUMNS], logs[COLUMNS];
  float parameters[2 * COLUMNS];
  vae_error err;
  vae_error_init(&err);
  for (int j = 0; j < COLUMNS; j++) outputs[j] = softplus_inverse(means[j]), logs[j] = log(dispersions[j]);
  fixture f = open_fixture(VAE_LIKELIHOOD_NEGATIVE_BINOMIAL, VAE_SIGMA_FIXED, outputs);
  set(&f, "decoder.log_dispersion", logs, COLUMNS);
  draw(&f);
  CHECK_OK(vae_model_likelihood_parameters(f.model, f.workspace, f.z, 1, NULL, parameters, &err), &err);
  for (int j = 0; j < COLUMNS; j++) {
    const double m = means[j], t = dispersions[j], p[2] = {m, t}, variance = m + m * m / t;
    CHECK_NEAR(parameters[j], m, 2e-6 * m);
    CHECK_NEAR(parameters[COLUMNS + j], t, 2e-6 * t);
    check_moments(&f, j, m, variance, 3 + 6 / t + 1 / variance);
    if (m < 100) check_counts(&f, j, negative_binomial_log_p, p);
  }
  close_fixture(&f);
}

static void check_student_t(void) {
  const double locations[COLUMNS] = {0, 2, -3, 1, 100, 5, 0, 0.5}, scales[COLUMNS] = {1, 0.5, 2, 1, 3, 1e-3, 1, 4};
  const double dfs[COLUMNS] = {1, 2, 4, 4, 2, 1, 1e6, 1e6};
  double log_scales[COLUMNS], logs[COLUMNS];
  float parameters[3 * COLUMNS], mean[COLUMNS];
  vae_error err;
  vae_error_init(&err);
  for (int j = 0; j < COLUMNS; j++) log_scales[j] = log(scales[j]), logs[j] = log(dfs[j]);
  fixture f = open_fixture(VAE_LIKELIHOOD_STUDENT_T, VAE_SIGMA_FIXED, locations);
  set(&f, "decoder.log_scale", log_scales, COLUMNS);
  set(&f, "decoder.log_df", logs, COLUMNS);
  draw(&f);
  CHECK_OK(vae_model_likelihood_parameters(f.model, f.workspace, f.z, 1, NULL, parameters, &err), &err);
  for (int j = 0; j < COLUMNS; j++) {
    const double p[3] = {locations[j], (double)(float)scales[j], dfs[j]};
    CHECK_NEAR(parameters[COLUMNS + j], scales[j], 2e-6 * scales[j]);
    CHECK_NEAR(parameters[2 * COLUMNS + j], dfs[j], 2e-6 * dfs[j]);
    check_distribution(&f, j, student_cdf, p);
  }
  CHECK_STATUS(vae_model_likelihood_mean(f.model, f.workspace, f.z, 1, NULL, mean, &err), VAE_ERROR_UNSUPPORTED);
  CHECK_MESSAGE_HAS(err, "column 0 has 1 degrees of freedom; a Student-t with 1 or less has no mean");
  for (int j = 0; j < COLUMNS; j++) logs[j] = 1e-3;
  set(&f, "decoder.log_df", logs, COLUMNS);
  CHECK_OK(vae_model_likelihood_mean(f.model, f.workspace, f.z, 1, NULL, mean, &err), &err);
  for (int j = 0; j < COLUMNS; j++) CHECK(mean[j] == (float)locations[j]);
  for (int j = 0; j < COLUMNS; j++) logs[j] = -10; /* tails beyond the range of floats */
  set(&f, "decoder.log_df", logs, COLUMNS);
  draw(&f);
  for (size_t i = 0; i < ROWS * COLUMNS; i++) CHECK(isfinite(f.x[i]));
  close_fixture(&f);
}

static void check_categorical(void) {
  const double logits[COLUMNS] = {0, 1, -2, 3, 0.5, 0.1, 2, -1};
  vae_config config;
  vae_error err;
  vae_error_init(&err);
  vae_config_init(&config);
  fixture f = open_fixture(VAE_LIKELIHOOD_CATEGORICAL, VAE_SIGMA_FIXED, logits);
  draw(&f);
  CHECK_OK(vae_model_get_config(f.model, &config, &err), &err);
  for (uint32_t g = 0, at = 0; g < config.group_count; at += config.groups[g++]) {
    double sum = 0, square = 0;
    for (uint32_t j = at; j < at + config.groups[g]; j++) sum += exp(logits[j]);
    for (uint32_t j = at; j < at + config.groups[g]; j++) {
      double seen = 0;
      for (size_t i = 0; i < ROWS; i++) seen += f.x[i * COLUMNS + j];
      square += pow(seen - ROWS * exp(logits[j]) / sum, 2) / (ROWS * exp(logits[j]) / sum);
    }
    const double free_bins = config.groups[g] - 1.0;
    CHECK_THAT((square - free_bins) / sqrt(2 * free_bins) <= 4.5, "group %u: chi^2 is %.4g", g, square);
    for (size_t i = 0; i < ROWS; i++) {
      float ones = 0;
      for (uint32_t j = at; j < at + config.groups[g]; j++) ones += f.x[i * COLUMNS + j];
      CHECK(ones == 1);
    }
  }
  close_fixture(&f);
}

/* --- calls ------------------------------------------------------------------------------------------------------------- */

static void check_names(void) {
  static const char *const names[][4] = {{"probability"},       {"location", "scale"},  {"lambda"},
                                         {"location", "scale"}, {"location", "scale"},  {"rate"},
                                         {"probability"},       {"mean", "dispersion"}, {"location", "scale", "df"}};
  for (int32_t l = 0; l < 9; l++)
    for (uint32_t i = 0; i < 4; i++) {
      const char *name = vae_likelihood_parameter_name(l, i);
      CHECK(names[l][i] ? name && strcmp(name, names[l][i]) == 0 : name == NULL);
    }
  CHECK(!vae_likelihood_parameter_name(9, 0) && !vae_likelihood_parameter_name(-1, 0));
  CHECK(!vae_likelihood_parameter_name(INT32_MAX, 0) && !vae_likelihood_parameter_name(0, UINT32_MAX));
}

/* Any cutting by calls, max_rows and threads gives the same bits, as does a second call; no call allocates. */
static void check_cutting(vae_likelihood likelihood, vae_sigma_kind kind, vae_precision precision) {
  enum { MANY = 37, WIDE = 50 };
  vae_error err;
  vae_model *model = NULL, *copy = NULL;
  test_random random = {5};
  test_spec spec = test_spec_hidden(WIDE, 40, VAE_ACTIVATION_TANH, 3);
  test_spec_set_likelihood(&spec, likelihood);
  spec.sigma_kind = kind;
  vae_error_init(&err);
  CHECK_OK(test_create(&spec, 2, NULL, &model, &err), &err);
  CHECK_OK(test_fill_parameters(model, &random, 1.0, &err), &err);
  CHECK_OK(vae_model_quantize(model, precision, &copy, &err), &err);
  float *z = test_normals(&random, MANY * 3), all[3][MANY * WIDE], other[3 * MANY * WIDE], decoded[MANY * WIDE];
  float parameters[3 * MANY * WIDE];
  static const int32_t threads[] = {1, 2, 3, 7};
  static const size_t at_once[] = {64, 1, 5, 16};
  for (int t = 0; t < 4; t++) {
    test_counter counter = {0};
    const vae_allocator allocator = test_counting_allocator(&counter);
    vae_workspace_options options;
    vae_workspace *workspace = NULL;
    vae_workspace_options_init(&options);
    options.threads = threads[t];
    options.max_rows = (uint32_t)at_once[t];
    options.allocator = &allocator;
    CHECK_OK(vae_workspace_create(copy, &options, &workspace, &err), &err);
    const long calls = counter.calls;
    float *to = t ? other : parameters;
    memset(to, 0x7f, sizeof other);
    CHECK_OK(vae_model_likelihood_parameters(copy, workspace, z, MANY, NULL, to, &err), &err);
    CHECK_OK(vae_model_likelihood_samples(copy, workspace, z, MANY, NULL, 9, 1000, t ? all[1] : all[0], &err), &err);
    CHECK_OK(vae_model_likelihood_samples(copy, workspace, z, 10, NULL, 9, 1000, all[2], &err), &err);
    CHECK_OK(vae_model_likelihood_samples(copy, workspace, z + 30, 27, NULL, 9, 1010, all[2] + 10 * WIDE, &err), &err);
    CHECK_BYTES(all[0], all[2], sizeof all[0]);
    if (t) CHECK_BYTES(all[0], all[1], sizeof all[0]);
    size_t count = 0;
    while (vae_likelihood_parameter_name(likelihood, (uint32_t)count)) count++;
    if (t) CHECK_BYTES(parameters, other, count * MANY * WIDE * sizeof(float));
    CHECK_OK(vae_model_decode(copy, workspace, z, MANY, decoded, &err), &err);
    CHECK_BYTES(parameters, decoded, sizeof decoded); /* the first of them is what decoding gives */
    CHECK_EQUAL(counter.calls, calls);
    CHECK_OK(vae_model_likelihood_samples(copy, workspace, z, MANY, NULL, 10, 1000, all[1], &err), &err);
    CHECK(memcmp(all[0], all[1], sizeof all[0]) != 0);
    vae_workspace_free(workspace);
  }
  free(z);
  vae_model_free(copy);
  vae_model_free(model);
}

/* The condition goes with z: as in decode_given. */
static void check_condition(void) {
  enum { MANY = 9 };
  vae_error err;
  vae_config config;
  vae_condition condition;
  vae_model *model = NULL;
  float z[MANY * 2], c[MANY * 3], decoded[MANY * 5], mean[MANY * 5], samples[MANY * 5];
  test_random random = {6};
  vae_error_init(&err);
  vae_config_init(&config);
  vae_condition_init(&condition);
  config.input_dim = 5;
  config.latent_dim = 2;
  config.condition_dim = 3;
  config.likelihood = VAE_LIKELIHOOD_GAUSSIAN;
  CHECK_OK(vae_model_create(&config, NULL, &model, &err), &err);
  for (int i = 0; i < MANY * 2; i++) z[i] = (float)test_normal(&random);
  for (int i = 0; i < MANY * 3; i++) c[i] = (float)test_normal(&random);
  condition.values = c;
  condition.rows = MANY;
  vae_workspace *workspace = test_workspace(model, VAE_ISA_AUTO, 2, 4);
  CHECK_OK(vae_model_decode_given(model, workspace, z, MANY, &condition, decoded, &err), &err);
  CHECK_OK(vae_model_likelihood_mean(model, workspace, z, MANY, &condition, mean, &err), &err);
  CHECK_BYTES(decoded, mean, sizeof mean);
  CHECK_STATUS(vae_model_likelihood_mean(model, workspace, z, MANY, NULL, mean, &err), VAE_ERROR_MISMATCH);
  c[7] = NAN;
  CHECK_STATUS(vae_model_likelihood_samples(model, workspace, z, MANY, &condition, 0, 0, samples, &err),
               VAE_ERROR_DATA);
  vae_workspace_free(workspace);
  vae_model_free(model);
}

static void check_refusals(void) {
  const double outputs[COLUMNS] = {0};
  float values[2 * COLUMNS], z[2] = {0, NAN};
  vae_error err;
  vae_error_init(&err);
  fixture f = open_fixture(VAE_LIKELIHOOD_POISSON, VAE_SIGMA_FIXED, outputs);
  vae_model *m = f.model;
  vae_workspace *w = f.workspace;
  CHECK_STATUS(vae_model_likelihood_mean(NULL, w, z, 1, NULL, values, &err), VAE_ERROR_INVALID_ARGUMENT);
  CHECK_STATUS(vae_model_likelihood_mean(m, NULL, z, 1, NULL, values, &err), VAE_ERROR_INVALID_ARGUMENT);
  CHECK_STATUS(vae_model_likelihood_mean(m, w, NULL, 1, NULL, values, &err), VAE_ERROR_INVALID_ARGUMENT);
  CHECK_STATUS(vae_model_likelihood_mean(m, w, z, 1, NULL, NULL, &err), VAE_ERROR_INVALID_ARGUMENT);
  CHECK_MESSAGE_HAS(err, "mean is NULL");
  CHECK_STATUS(vae_model_likelihood_parameters(m, w, z, 1, NULL, NULL, &err), VAE_ERROR_INVALID_ARGUMENT);
  CHECK_MESSAGE_HAS(err, "parameters is NULL");
  CHECK_STATUS(vae_model_likelihood_samples(m, w, z, 1, NULL, 0, 0, NULL, &err), VAE_ERROR_INVALID_ARGUMENT);
  CHECK_MESSAGE_HAS(err, "samples is NULL");
  CHECK_STATUS(vae_model_likelihood_mean(m, w, z, 0, NULL, values, &err), VAE_ERROR_INVALID_ARGUMENT);
  CHECK_MESSAGE_HAS(err, "rows is 0");
  CHECK_STATUS(vae_model_likelihood_samples(m, w, z, 2, NULL, 0, UINT32_MAX - 1u, values, &err),
               VAE_ERROR_INVALID_ARGUMENT);
  CHECK_MESSAGE_HAS(err, "first_row is 4294967294");
  CHECK_STATUS(vae_model_likelihood_samples(m, w, z, 2, NULL, 0, 0, values, &err), VAE_ERROR_DATA);
  CHECK_MESSAGE_HAS(err, "z row 1, column 0 is");
  const double huge[COLUMNS] = {3e38, 3e38, 3e38, 3e38, 3e38, 3e38, 3e38, 3e38};
  set(&f, "decoder.mean.bias", huge, COLUMNS);
  set(&f, "decoder.mean.weight", huge, COLUMNS);
  z[0] = 1;
  CHECK_STATUS(vae_model_likelihood_samples(m, w, z, 1, NULL, 0, 0, values, &err), VAE_ERROR_NOT_FINITE);
  CHECK_STATUS(vae_model_likelihood_parameters(m, w, z, 1, NULL, values, &err), VAE_ERROR_NOT_FINITE);
  close_fixture(&f);
}

int main(void) {
  check_names();
  for (vae_likelihood l = 0; vae_likelihood_name(l); l++)
    for (vae_precision p = VAE_PRECISION_FLOAT32; p <= VAE_PRECISION_INT8; p++) {
      harness_note("%s, %s", vae_likelihood_name(l), vae_precision_name(p));
      check_cutting(l, VAE_SIGMA_FIXED, p);
    }
  check_cutting(VAE_LIKELIHOOD_GAUSSIAN, VAE_SIGMA_GLOBAL, VAE_PRECISION_BFLOAT16);
  check_cutting(VAE_LIKELIHOOD_LAPLACE, VAE_SIGMA_PER_OUTPUT, VAE_PRECISION_FLOAT32);
  for (vae_likelihood l = VAE_LIKELIHOOD_GAUSSIAN; l <= VAE_LIKELIHOOD_LOG_COSH; l++)
    for (vae_sigma_kind kind = 0; l != VAE_LIKELIHOOD_CONTINUOUS_BERNOULLI && vae_sigma_kind_name(kind); kind++) {
      harness_note("%s, %s", vae_likelihood_name(l), vae_sigma_kind_name(kind));
      check_located(l, kind);
    }
  harness_note("draws");
  check_bernoulli();
  check_continuous_bernoulli();
  harness_note("poisson");
  check_poisson();
  harness_note("negative_binomial");
  check_negative_binomial();
  harness_note("student_t");
  check_student_t();
  harness_note("categorical");
  check_categorical();
  harness_note("calls");
  check_condition();
  check_refusals();
  return harness_finish("likelihood_calls");
}
