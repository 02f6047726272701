/* vae_model_statistics against closed forms: a linear-Gaussian model whose evidence and posterior are known, bounds
 * that tighten with more samples, effective samples, active latents, mutual information, bits; and the same bits
 * however it is cut. */
#include <math.h>
#include <stdlib.h>

#include "harness.h"
#include "support.h"

static vae_error err;

static void set(vae_model *model, const char *name, const float *values, size_t count) {
  CHECK_OK(vae_model_set_parameter(model, name, values, count, &err), &err);
}

static vae_statistics measure(const vae_model *model, vae_workspace *workspace, const vae_data *x, uint32_t samples,
                              const vae_statistics_arrays *arrays) {
  vae_statistics statistics;
  vae_statistics_options options;
  vae_statistics_init(&statistics);
  vae_statistics_options_init(&options);
  options.samples = samples;
  options.seed = 3;
  CHECK_OK(vae_model_statistics(model, workspace, x, &options, &statistics, arrays, &err), &err);
  return statistics;
}

/* --- a linear-Gaussian model: x = W z + b + sigma eps, q(z|x) = N(A x + a, diag exp(logvar)) ----------------------- */

enum { D = 6, Z = 3, N = 120 };

typedef struct linear {
  float w[D * Z], b[D]; /* the columns of W are orthogonal, so that the posterior is diagonal */
  float mean[Z * D], mean_bias[Z], logvar_bias[Z];
  double sigma, length[Z]; /* |w_k|^2 */
  float x[N * D];
} linear;

/* Three columns of a 6 x 6 orthogonal matrix, stretched; x drawn from the model. With `exact` q is the posterior. */
static linear linear_model(int exact) {
  static const float base[D * Z] = {1, 1, 1, 1, -1, 1, 1, 1, -2, 1, -1, -2, 1, 1, 1, 1, -1, 1};
  static const float stretch[Z] = {0.5f, -0.25f, 0.375f};
  linear m = {.sigma = 0.75};
  test_random random = {41};
  for (int d = 0; d < D; d++) m.b[d] = 0.25f * (float)d - 0.5f;
  for (int k = 0; k < Z; k++)
    for (int d = 0; d < D; d++) {
      m.w[d * Z + k] = base[d * Z + k] * stretch[k];
      m.length[k] += (double)m.w[d * Z + k] * m.w[d * Z + k];
    }
  for (int k = 0; k < Z; k++) { /* posterior: variance 1 / (1 + |w|^2 / sigma^2), mean variance w.(x - b) / sigma^2 */
    const double variance = 1.0 / (1.0 + m.length[k] / (m.sigma * m.sigma));
    double offset = 0;
    for (int d = 0; d < D; d++) {
      const double gain = variance * m.w[d * Z + k] / (m.sigma * m.sigma);
      m.mean[k * D + d] = (float)(exact ? gain : 0.8 * gain);
      offset -= gain * m.b[d];
    }
    m.mean_bias[k] = (float)(exact ? offset : offset + 0.1 * (k - 1));
    m.logvar_bias[k] = (float)(exact ? log(variance) : log(variance) + 0.4 - 0.3 * k);
  }
  for (int i = 0; i < N; i++) {
    double z[Z];
    for (int k = 0; k < Z; k++) z[k] = test_normal(&random);
    for (int d = 0; d < D; d++) {
      double value = m.b[d] + m.sigma * test_normal(&random);
      for (int k = 0; k < Z; k++) value += m.w[d * Z + k] * z[k];
      m.x[i * D + d] = (float)value;
    }
  }
  return m;
}

static vae_model *linear_create(const linear *m) {
  const float none[Z * D] = {0};
  test_spec spec = test_spec_linear(D, Z);
  vae_model *model = NULL;
  spec.likelihood = VAE_LIKELIHOOD_GAUSSIAN;
  spec.sigma = m->sigma;
  CHECK_OK(test_create(&spec, 0, NULL, &model, &err), &err);
  set(model, "decoder.mean.weight", m->w, D * Z);
  set(model, "decoder.mean.bias", m->b, D);
  set(model, "encoder.mean.weight", m->mean, Z * D);
  set(model, "encoder.mean.bias", m->mean_bias, Z);
  set(model, "encoder.logvar.weight", none, Z * D);
  set(model, "encoder.logvar.bias", m->logvar_bias, Z);
  return model;
}

/* log p(x) = log N(x; b, W W' + sigma^2 I), and KL(q(z|x), p(z|x)), of row i. */
static double exact_evidence(const linear *m, int i, double *gap) {
  const double s2 = m->sigma * m->sigma, two_pi = 6.283185307179586;
  double square = 0, log_det = D * log(s2);
  *gap = 0;
  for (int d = 0; d < D; d++) square += pow((double)m->x[i * D + d] - m->b[d], 2) / s2;
  for (int k = 0; k < Z; k++) {
    const double variance = 1.0 / (1.0 + m->length[k] / s2), q_variance = exp((double)m->logvar_bias[k]);
    double along = 0, q_mean = m->mean_bias[k];
    for (int d = 0; d < D; d++) {
      along += m->w[d * Z + k] * ((double)m->x[i * D + d] - m->b[d]);
      q_mean += (double)m->mean[k * D + d] * m->x[i * D + d];
    }
    const double mean = variance * along / s2;
    square -= variance * along * along / s2 / s2;
    log_det += log(1.0 + m->length[k] / s2);
    *gap += 0.5 * (q_variance / variance + pow(q_mean - mean, 2) / variance - 1.0 - log(q_variance / variance));
  }
  return -0.5 * (D * log(two_pi) + log_det + square);
}

/* log p(x) = ELBO + KL(q, posterior). The ELBO's expectation over q is exact with the 2 Z points mean +- sqrt(Z)
 * deviation e_j, whose mean and covariance are q's: what is averaged is quadratic in z. */
static void check_identity(const linear *m, const vae_model *model, vae_workspace *workspace) {
  const vae_data x = test_floats(m->x, N, D);
  float *noise = test_allocate(sizeof(float) * 2 * Z * N * Z);
  float reconstruction[N], kl[N];
  vae_objective objective;
  vae_terms terms;
  double worst = 0, smallest_gap = INFINITY;
  for (int k = 0; k < 2 * Z; k++)
    for (int i = 0; i < N; i++) noise[(k * N + i) * Z + k / 2] = (float)((k % 2 ? -1 : 1) * sqrt(Z));
  vae_objective_init(&objective);
  vae_terms_init(&terms);
  objective.samples = 2 * Z;
  terms.reconstruction = reconstruction;
  terms.kl = kl;
  CHECK_OK(vae_model_loss_and_gradients(model, workspace, &x, &objective, noise, 0, NULL, &terms, &err), &err);
  for (int i = 0; i < N; i++) {
    double gap;
    const double evidence = exact_evidence(m, i, &gap), elbo = -((double)reconstruction[i] + kl[i]);
    worst = fmax(worst, fabs(evidence - (elbo + gap)));
    smallest_gap = fmin(smallest_gap, gap);
  }
  CHECK_THAT(worst < 1e-4, "log p(x) and ELBO + KL(q, posterior) differ by %.3g", worst);
  CHECK_THAT(smallest_gap > 0.05, "q is the posterior: a gap of %.3g shows nothing", smallest_gap);
  free(noise);
}

/* Importance sampling finds the evidence, within what its effective samples allow, and more samples a tighter bound. */
static void check_evidence(const linear *m, const vae_model *model, vae_workspace *workspace) {
  const vae_data x = test_floats(m->x, N, D);
  double each[N], effective[N], exact[N], mean = 0, mean_gap = 0;
  vae_statistics_arrays arrays;
  vae_statistics_arrays_init(&arrays);
  arrays.log_evidence = each;
  arrays.effective_samples = effective;
  for (int i = 0; i < N; i++) {
    double gap;
    exact[i] = exact_evidence(m, i, &gap);
    mean += exact[i] / N, mean_gap += gap / N;
  }
  const vae_statistics many = measure(model, workspace, &x, 4000, &arrays);
  CHECK_NEAR(many.log_evidence, mean, 4 * many.sampling_error);
  CHECK(many.sampling_error > 0 && many.sampling_error < 0.005);
  CHECK_NEAR(many.log_evidence + many.negative_elbo, mean_gap, 0.05);
  CHECK_EQUAL(many.warnings & VAE_WARNING_DEGENERATE_WEIGHTS, 0);
  for (int i = 0; i < N; i++) CHECK_NEAR(each[i], exact[i], 5 * sqrt(1 / effective[i]));

  double squares = 0, sum = 0, least = INFINITY;
  for (int i = 0; i < N; i++) squares += pow(each[i] - many.log_evidence, 2), sum += effective[i];
  for (int i = 0; i < N; i++) least = fmin(least, effective[i]);
  CHECK_NEAR(many.standard_error, sqrt(squares / (N - 1) / N), 1e-12);
  CHECK_NEAR(many.interval_high - many.log_evidence, 1.96 * many.standard_error, 1e-12);
  CHECK_NEAR(many.log_evidence - many.interval_low, 1.96 * many.standard_error, 1e-12);
  CHECK_NEAR(many.effective_samples, sum / N, 1e-9 * sum);
  CHECK(many.effective_samples_min == least && many.effective_samples < 4000);

  vae_statistics before = measure(model, workspace, &x, 1, NULL);
  const vae_statistics one = before;
  CHECK(before.effective_samples == 1.0 && before.few_effective == N);
  CHECK_EQUAL(before.warnings & VAE_WARNING_DEGENERATE_WEIGHTS, VAE_WARNING_DEGENERATE_WEIGHTS);
  for (uint32_t samples = 4; samples <= 1024; samples *= 4) {
    const vae_statistics now = measure(model, workspace, &x, samples, NULL);
    const double error = hypot(now.sampling_error, before.sampling_error);
    CHECK_THAT(now.log_evidence > before.log_evidence - 3 * error, "%u samples: %.4f after %.4f", (unsigned)samples,
               now.log_evidence, before.log_evidence);
    CHECK(now.log_evidence < mean + 4 * now.sampling_error);
    before = now;
  }
  CHECK(before.log_evidence > one.log_evidence + 0.5 * mean_gap);
}

/* Where q is the posterior all weights are equal: one sample is as good as a thousand. */
static void check_exact_posterior(void) {
  const linear m = linear_model(1);
  const vae_data x = test_floats(m.x, N, D);
  double mean = 0, gap;
  vae_model *model = linear_create(&m);
  vae_workspace *workspace = test_workspace(model, VAE_ISA_AUTO, 1, 0);
  for (int i = 0; i < N; i++) mean += exact_evidence(&m, i, &gap) / N;
  const vae_statistics s = measure(model, workspace, &x, 50, NULL);
  CHECK_NEAR(s.log_evidence, mean, 1e-5);
  CHECK(s.effective_samples_min > 49.99 && s.effective_samples <= 50.0 * (1 + 1e-12));
  CHECK_NEAR(s.sampling_error, 0, 1e-5);
  vae_workspace_free(workspace);
  vae_model_free(model);
}

/* --- against evaluation, encoding and plain arithmetic, however the work is cut ------------------------------------ */

enum { ROWS = 150, COLUMNS = 20, LATENTS = 5, SAMPLES = 37 };

/* Kong's effective samples of example i from what evaluation says of each sample. */
static double effective_of(const vae_terms *t, int i) {
  double w[SAMPLES], largest = -INFINITY, sum = 0, squares = 0;
  for (int k = 0; k < SAMPLES; k++) {
    w[k] = -t->sample_nll[k * ROWS + i];
    for (int j = 0; j < LATENTS; j++) {
      const double z = t->z[(k * ROWS + i) * LATENTS + j], logvar = t->logvar[i * LATENTS + j];
      w[k] += 0.5 * (pow(z - t->mean[i * LATENTS + j], 2) / exp(logvar) + logvar - z * z);
    }
    largest = fmax(largest, w[k]);
  }
  for (int k = 0; k < SAMPLES; k++) sum += exp(w[k] - largest), squares += exp(2 * (w[k] - largest));
  return sum * sum / squares;
}

static void check_against_terms(const vae_model *model, const test_spec *spec, const vae_data *x,
                                const vae_statistics *s, const vae_statistics_arrays *a) {
  vae_workspace *workspace = test_workspace(model, VAE_ISA_AUTO, 1, 0);
  vae_terms terms = test_terms(spec, ROWS);
  vae_loss loss;
  double total = 0;
  uint32_t active = 0;
  vae_loss_init(&loss);
  CHECK_OK(vae_model_evaluate(model, workspace, x, &spec->objective, 3, &loss, &terms, &err), &err);
  CHECK(s->log_evidence == -loss.loss && s->reconstruction == loss.reconstruction && s->kl == loss.kl);
  CHECK(s->negative_elbo == loss.negative_elbo && s->examples == ROWS);
  for (int i = 0; i < ROWS; i++) {
    CHECK((float)a->log_evidence[i] == -terms.loss[i]);
    CHECK_NEAR(a->effective_samples[i] / effective_of(&terms, i), 1, 1e-3);
  }
  for (int k = 0; k < LATENTS; k++) {
    double mean = 0, variance = 0, kl = 0;
    for (int i = 0; i < ROWS; i++) mean += (double)terms.mean[i * LATENTS + k] / ROWS;
    for (int i = 0; i < ROWS; i++) {
      const double m = terms.mean[i * LATENTS + k], logvar = terms.logvar[i * LATENTS + k];
      variance += (m - mean) * (m - mean) / ROWS;
      kl += 0.5 * (m * m + exp(logvar) - 1 - logvar) / ROWS;
    }
    CHECK_NEAR(a->latent_variance[k], variance, 1e-9);
    CHECK_NEAR(a->latent_kl[k], kl, 1e-9);
    active += variance > 0.01;
    total += kl;
  }
  CHECK_NEAR(total, s->kl, 1e-5 * total);
  CHECK_EQUAL(s->active_latents, active);
  test_terms_free(&terms);
  vae_workspace_free(workspace);
}

static void check_cutting(vae_isa isa) {
  test_spec spec = test_spec_hidden(COLUMNS, 16, VAE_ACTIVATION_TANH, LATENTS);
  test_random random = {7};
  vae_model *model = NULL;
  float *values = test_rows(&random, VAE_LIKELIHOOD_BERNOULLI, ROWS * COLUMNS);
  const vae_data x = test_floats(values, ROWS, COLUMNS);
  double first[2 * (LATENTS + ROWS)], again[2 * (LATENTS + ROWS)];
  vae_statistics expected = {0};
  spec.objective.kind = VAE_OBJECTIVE_IWAE;
  spec.objective.samples = SAMPLES;
  CHECK_OK(test_create(&spec, 5, NULL, &model, &err), &err);
  CHECK_OK(test_fill_parameters(model, &random, 2.0, &err), &err);
  for (int32_t threads = 1; threads <= 4; threads++)
    for (size_t rows = 7; rows <= 448; rows *= 4) { /* fewer rows of the decoder than samples, and more */
      double *to = threads == 1 && rows == 7 ? first : again;
      vae_workspace *workspace = test_workspace(model, isa, threads, rows);
      vae_statistics_arrays arrays;
      vae_statistics_arrays_init(&arrays);
      arrays.latent_kl = to, arrays.latent_variance = to + LATENTS;
      arrays.log_evidence = to + 2 * LATENTS, arrays.effective_samples = arrays.log_evidence + ROWS;
      const vae_statistics s = measure(model, workspace, &x, SAMPLES, &arrays);
      harness_note("%s, %d threads, %zu rows", vae_isa_name(isa), (int)threads, rows);
      if (to == first) expected = s;
      if (to == first && isa == VAE_ISA_AUTO) check_against_terms(model, &spec, &x, &s, &arrays);
      CHECK_BYTES(&s, &expected, sizeof s);
      if (to != first) CHECK_BYTES(again, first, sizeof first);
      vae_workspace_free(workspace);
    }
  harness_note("%s", "");
  vae_model_free(model);
  free(values);
}

/* --- latents: collapse, mutual information ------------------------------------------------------------------------- */

enum { MANY = 4000 };

/* One input, one or more latents: q's means are gain x in the first latent and 0 in the others. */
static vae_statistics measure_line(const float *x, size_t rows, uint32_t latents, float gain, float logvar,
                                   uint32_t aggregate_rows) {
  test_spec spec = test_spec_linear(1, latents);
  vae_model *model = NULL;
  vae_statistics s;
  vae_statistics_options options;
  const vae_data data = test_floats(x, rows, 1);
  float none[8] = {0}, weight[8] = {gain}, bias[8] = {logvar};
  spec.likelihood = VAE_LIKELIHOOD_GAUSSIAN;
  CHECK_OK(test_create(&spec, 0, NULL, &model, &err), &err);
  vae_workspace *workspace = test_workspace(model, VAE_ISA_AUTO, 2, 0);
  set(model, "encoder.mean.weight", weight, latents);
  set(model, "encoder.logvar.weight", none, latents);
  set(model, "encoder.logvar.bias", bias, latents);
  vae_statistics_init(&s);
  vae_statistics_options_init(&options);
  options.samples = 1;
  options.aggregate_rows = aggregate_rows;
  CHECK_OK(vae_model_statistics(model, workspace, &data, &options, &s, NULL, &err), &err);
  vae_workspace_free(workspace);
  vae_model_free(model);
  return s;
}

static void check_active(const float *x) {
  vae_statistics s = measure_line(x, MANY, 4, 0, 0, 0);
  CHECK(s.active_latents == 0 && s.kl == 0);
  CHECK_EQUAL(s.warnings & VAE_WARNING_COLLAPSE, VAE_WARNING_COLLAPSE);
  CHECK_EQUAL(measure_line(x, MANY, 2, 0.09f, 0, 0).active_latents, 0); /* variances 0.0081 and 0.0121 */
  s = measure_line(x, MANY, 2, 0.11f, 0, 0);
  CHECK(s.active_latents == 1 && (s.warnings & VAE_WARNING_COLLAPSE) == 0); /* half is not most */
  s = measure_line(x, MANY, 3, 0.11f, 0, 0);
  CHECK(s.active_latents == 1 && (s.warnings & VAE_WARNING_COLLAPSE) != 0);
  s = measure_line(x, 1, 2, 1, 0, 0); /* one row varies by nothing, which says nothing */
  CHECK(s.active_latents == 0 && (s.warnings & VAE_WARNING_COLLAPSE) == 0);
  CHECK(s.standard_error != s.standard_error && s.mutual_information == 0 && s.aggregate_rows == 1);
}

/* x of variance 1 and q = N(g x, v): I = log(1 + g^2 / v) / 2 for Gaussian x. */
static void check_information(const float *x) {
  const vae_statistics none = measure_line(x, MANY, 1, 0, -1, 0);
  CHECK_NEAR(none.mutual_information, 0, 1e-12);
  CHECK_NEAR(none.aggregate_kl, none.kl, 1e-12);
  const vae_statistics all = measure_line(x, MANY, 1, 1, -3, 0);
  CHECK_EQUAL(all.aggregate_rows, MANY);
  CHECK_NEAR(all.mutual_information, 0.5 * log(1 + exp(3)), 0.04);
  CHECK_NEAR(all.mutual_information + all.aggregate_kl, all.kl, 1e-12);
  CHECK_EQUAL(all.warnings & VAE_WARNING_MUTUAL_INFORMATION, 0);

  const vae_statistics few = measure_line(x, MANY, 1, 1, -3, 7); /* 4000 rows in 572 batches of 6 or 7 */
  CHECK_EQUAL(few.aggregate_rows, 6);
  CHECK(few.mutual_information < all.mutual_information - 0.2 && few.mutual_information < log(7));
  CHECK_EQUAL(few.warnings & VAE_WARNING_MUTUAL_INFORMATION, VAE_WARNING_MUTUAL_INFORMATION);

  float apart[64];
  for (int i = 0; i < 64; i++) apart[i] = (float)i;
  const vae_statistics most = measure_line(apart, 64, 1, 100, -3, 0); /* q's that do not overlap name their row */
  CHECK_NEAR(most.mutual_information, log(64), 1e-12);
  CHECK_EQUAL(most.warnings & VAE_WARNING_MUTUAL_INFORMATION, 0); /* no batch has hidden anything */

  float sorted[MANY];
  for (int i = 0; i < MANY; i++) sorted[i] = i < MANY / 2 ? -10.0f : 10.0f;
  const vae_statistics two =
      measure_line(sorted, MANY, 1, 1, 0, 100); /* a batch in the file's order has one kind of row */
  CHECK_NEAR(two.mutual_information, log(2), 0.02);
}

/* --- bits ---------------------------------------------------------------------------------------------------------- */

static vae_statistics measure_bits(vae_likelihood likelihood, const vae_data *x, double sigma, double bin_width) {
  test_spec spec = test_spec_linear((uint32_t)x->columns, 1);
  vae_model *model = NULL;
  vae_statistics s;
  vae_statistics_options options;
  const float none[4] = {0};
  spec.likelihood = likelihood;
  spec.sigma = sigma;
  CHECK_OK(test_create(&spec, 0, NULL, &model, &err), &err);
  set(model, "decoder.mean.weight", none, x->columns); /* p(x|z) does not depend on z, and q is the prior: */
  set(model, "encoder.mean.weight", none, x->columns); /* every weight is p(x) */
  set(model, "encoder.logvar.weight", none, x->columns);
  vae_workspace *workspace = test_workspace(model, VAE_ISA_AUTO, 1, 0);
  vae_statistics_init(&s);
  vae_statistics_options_init(&options);
  options.bin_width = bin_width;
  CHECK_OK(vae_model_statistics(model, workspace, x, &options, &s, NULL, &err), &err);
  vae_workspace_free(workspace);
  vae_model_free(model);
  return s;
}

static void check_bits(void) {
  const float binary[4] = {0, 1, 1, 0}, grey[4] = {0, 1, 0.5f, 0};
  const uint8_t bytes[4] = {0, 20, 100, 255};
  float scaled[4];
  double code = 0;
  for (int i = 0; i < 4; i++) { /* the code length of a byte under N(0, 0.5^2), its bin a 255th wide */
    scaled[i] = (float)bytes[i] / 255.0f;
    const double low = (bytes[i] - 0.5) / 255.0, high = (bytes[i] + 0.5) / 255.0, to = 0.5 * sqrt(2.0);
    code -= log2(0.5 * (erf(high / to) - erf(low / to))) / 4;
  }
  vae_data x = test_floats(binary, 1, 4);
  vae_statistics s = measure_bits(VAE_LIKELIHOOD_BERNOULLI, &x, 1, 0);
  CHECK(s.bits == VAE_BITS_CODE_LENGTH);
  CHECK_NEAR(s.bits_per_dimension, 1, 1e-5); /* p = 1/2 */
  x = test_floats(grey, 1, 4);
  CHECK(measure_bits(VAE_LIKELIHOOD_BERNOULLI, &x, 1, 1).bits == VAE_BITS_CROSS_ENTROPY);
  x = test_bytes(bytes, 1, 4);
  s = measure_bits(VAE_LIKELIHOOD_GAUSSIAN, &x, 0.5, 0);
  CHECK(s.bits == VAE_BITS_BINS);
  CHECK_NEAR(s.bits_per_dimension, code, 1e-4);
  x = test_floats(scaled, 1, 4);
  s = measure_bits(VAE_LIKELIHOOD_GAUSSIAN, &x, 0.5, 0);
  CHECK(s.bits == VAE_BITS_DENSITY);
  CHECK_NEAR(s.bits_per_dimension, code - log2(255), 1e-4);
  s = measure_bits(VAE_LIKELIHOOD_GAUSSIAN, &x, 0.5, 1 / 255.0);
  CHECK(s.bits == VAE_BITS_BINS);
  CHECK_NEAR(s.bits_per_dimension, code, 1e-4);
}

/* Bad rows are named as everywhere. */
static void check_bad_data(void) {
  const linear m = linear_model(0);
  float x[N * D];
  vae_model *model = linear_create(&m);
  vae_workspace *workspace = test_workspace(model, VAE_ISA_AUTO, 2, 32);
  vae_statistics s;
  vae_statistics_init(&s);
  s.log_evidence = 5;
  memcpy(x, m.x, sizeof x);
  x[70 * D + 2] = NAN;
  const vae_data data = test_floats(x, N, D);
  CHECK_STATUS(vae_model_statistics(model, workspace, &data, NULL, &s, NULL, &err), VAE_ERROR_DATA);
  CHECK_MESSAGE_HAS(err, "row 70");
  CHECK(s.log_evidence == 5);
  vae_workspace_free(workspace);
  vae_model_free(model);
}

int main(void) {
  vae_isa isas[TEST_ISAS];
  const size_t count = test_isas(isas);
  const linear m = linear_model(0);
  test_random random = {9};
  vae_error_init(&err);
  vae_model *model = linear_create(&m);
  for (size_t i = 0; i < count; i++) {
    vae_workspace *workspace = test_workspace(model, isas[i], 2, N);
    check_identity(&m, model, workspace);
    check_evidence(&m, model, workspace);
    vae_workspace_free(workspace);
    check_cutting(isas[i]);
  }
  check_cutting(VAE_ISA_AUTO);
  check_exact_posterior();
  float *x = test_normals(&random, MANY);
  check_active(x);
  check_information(x);
  check_bits();
  check_bad_data();
  free(x);
  vae_model_free(model);
  return harness_finish("statistics");
}
