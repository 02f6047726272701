/* Densities with learned parameters of each column, negative binomial and Student's t: log Gamma and digamma over their whole
 * range, both densities and all their slopes against long double, their limits (Poisson, Gaussian), their masses, the clamps. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"
#include "kernels/kernels.h"
#include "support.h"

/* digamma(y) by its recurrence up to 30 and its series there (Abramowitz & Stegun 1964, 6.3.5 and 6.3.18). */
static long double digamma(long double y) {
  long double sum = 0;
  for (; y < 30; y += 1) sum -= 1 / y;
  const long double z = 1 / (y * y);
  return sum + logl(y) - 0.5L / y - z * (1.0L / 12 - z * (1.0L / 120 - z * (1.0L / 252 - z * (1.0L / 240 - z / 132))));
}

/* Both to a few units of the last place of the larger of the result and 1, from 1e-30 to 1e30; near their zeros, too. */
static void check_log_gamma(const vaei_kernels *k) {
  double worst = 0, worst_at = 0, worst_slope = 0, worst_slope_at = 0;
  for (double exponent = -30; exponent <= 30; exponent += 0.0037) {
    float y[17], value[17], slope[17];
    for (int j = 0; j < 17; j++) y[j] = (float)pow(10, exponent + j * 0.0002);
    if (exponent > -0.5 && exponent < 1)
      for (int j = 0; j < 17; j++) y[j] = (float)(exponent + 0.6 + j * 1e-4);
    k->log_gamma(17, y, value, slope);
    for (int j = 0; j < 17; j++) {
      const double want = (double)lgammal(y[j]), want_slope = (double)digamma(y[j]);
      const double error = fabs(value[j] - want) / fmax(1, fabs(want));
      const double error_slope = fabs(slope[j] - want_slope) / fmax(1, fabs(want_slope));
      if (!(error <= worst)) worst = error, worst_at = y[j];
      if (!(error_slope <= worst_slope)) worst_slope = error_slope, worst_slope_at = y[j];
    }
  }
  CHECK_THAT(worst <= 5e-7, "log Gamma(%.9g) is off by %.3g", worst_at, worst);
  CHECK_THAT(worst_slope <= 5e-7, "digamma(%.9g) is off by %.3g", worst_slope_at, worst_slope);
  printf("%s log Gamma: largest error %.2e at %.6g; digamma %.2e at %.6g\n", vae_isa_name(k->isa), worst, worst_at,
         worst_slope, worst_slope_at);
}

/* A column: -log p, and the slopes by the output and by the learned parameters. */
typedef struct column {
  double nll, slope, constant[2];
} column;

static column column_of(vaei_density_kernel *kernel, float o, float x, float first, float second) {
  float output[16] = {o}, target[16] = {x}, d[16], weight = 1;
  float constant[2][16] = {{first}, {second}}, d_constant[2][16];
  const vaei_constants constants = {{constant[0], constant[1]}, {d_constant[0], d_constant[1]}, 16};
  column c = {0};
  const vaei_density tile = {.rows = 1,
                             .columns = 1,
                             .output = output,
                             .output_row = 16,
                             .x = target,
                             .x_row = 16,
                             .row_weight = &weight,
                             .d = d,
                             .d_row = 16,
                             .nll = &c.nll,
                             .constants = &constants};
  kernel(&tile);
  c.slope = d[0];
  for (int i = 0; i < 2; i++) c.constant[i] = d_constant[i][0];
  return c;
}

static const float counts[] = {0, 1, 2, 3, 5, 10, 77, 1000, 65537, 1e6f, 4194304};

static void check_negative_binomial_at(const vaei_kernels *k, float output, float count, float log_t) {
  const long double x = count, o = output, t = expl(log_t),
                    m = o < -100 ? 0 : log1pl(expl(-fabsl(o))) + (o > 0 ? o : 0);
  const long double log_m = o < -30 ? o : logl(m), share = o < -30 ? 1 : 1 / (1 + expl(-o)) / m;
  const long double all = t + m, log_odds = m < 1e-3L * t ? logl(all) - log_m : log1pl(t / m);
  const long double want =
      lgammal(t) + lgammal(x + 1) - lgammal(x + t) + t * log1pl(m / t) + (x > 0 ? x * log_odds : 0);
  const long double slope = share * (m - x) * t / all;
  const long double by_t = t * (digamma(t) - digamma(t + x) + log1pl(m / t) + (x - m) / all);
  const column c = column_of(k->negative_binomial, output, count, log_t, 0);
  const double size = fmax(1, fabs((double)want));
  CHECK_THAT(fabs(c.nll - (double)want) <= 3e-6 * size, "negative_binomial(%g) at o = %g, log t = %g: %.9g, not %.9g",
             count, output, log_t, c.nll, (double)want);
  const double rounding = 3e-7 * (double)(share * m * t / all) + 2e-38; /* of m, which x is taken from */
  CHECK_THAT(fabs(c.slope - (double)slope) <= 2e-6 * fabs((double)slope) + rounding,
             "negative_binomial(%g) at o = %g, log t = %g: slope %.9g, not %.9g", count, output, log_t, c.slope,
             (double)slope);
  /* A difference of terms of about x / (2 n) that nearly cancel where x is near its mean. */
  const double part = 2e-6 * fabs((double)by_t) + 1e-6 * (double)(0.5L * x / (x + t) + 1e-3L);
  if (log_t > -10 && log_t < 15)
    CHECK_THAT(fabs(c.constant[0] - (double)by_t) <= part,
               "negative_binomial(%g) at o = %g, log t = %g: slope by log t %.9g, not %.9g", count, output, log_t,
               c.constant[0], (double)by_t);
}

static void check_negative_binomial(const vaei_kernels *k) {
  static const float outputs[] = {-1e4f, -100, -88, -70, -30,  -20.01f, -5,      -1,      0,      0.5413f, 2,
                                  3,     9.9f, 77,  999, 1100, 65000,   65537.f, 9.99e5f, 1.2e6f, 4194304, 1e8f};
  static const float logs[] = {-9.9f, -7, -3, -0.01f, 0, 0.5f, 1, 2, 3.3f, 6, 9, 11.5f, 13.8155f, 14.9f};
  for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
    for (size_t j = 0; j < sizeof outputs / sizeof *outputs; j++)
      for (size_t t = 0; t < sizeof logs / sizeof *logs; t++)
        check_negative_binomial_at(k, outputs[j], counts[i], logs[t]);
}

/* With a dispersion of 1e6 and means far below it the variance is the mean's: Poisson. */
static void check_poisson_limit(const vaei_kernels *k) {
  for (float o = -4; o < 60; o += 0.7f)
    for (float x = 0; x < 80; x += 3) {
      float output[16] = {o}, target[16] = {x};
      double poisson = 0;
      const vaei_density tile = {
          .rows = 1, .columns = 1, .output = output, .output_row = 16, .x = target, .x_row = 16, .nll = &poisson};
      k->poisson(&tile);
      const double mean = log1p(exp(-fabs((double)o))) + fmax(o, 0), variance = mean + mean * mean / 1e6;
      const double nll = column_of(k->negative_binomial, o, x, 13.8155106f, 0).nll;
      /* To first order in 1 / t: ((x - m)^2 - x) / (2 t). */
      const double first = ((x - mean) * (x - mean) - x) / 2e6;
      CHECK_NEAR(nll, poisson - first, 3e-6 * fmax(1, poisson) + 1e-3 * fabs(first));
      CHECK(variance < 1.001 * mean);
    }
}

static void check_student_at(const vaei_kernels *k, float distance, float log_scale, float log_df) {
  const float x = 0.5f, m = x + distance; /* both as they are in float */
  const long double df = expl(log_df), u = ((long double)m - x) * expl(-log_scale), q = u * u / df;
  const long double want =
      lgammal(df / 2) - lgammal((df + 1) / 2) + 0.5L * logl(df * acosl(-1)) + log_scale + (df + 1) / 2 * log1pl(q);
  const long double slope = (df + 1) / df * u / (1 + q) * expl(-log_scale), share = q / (1 + q);
  const long double by_df =
      df / 2 * (digamma(df / 2) - digamma((df + 1) / 2)) + 0.5L + df / 2 * log1pl(q) - (df + 1) / 2 * share;
  const column c = column_of(k->student_t, m, x, log_scale, log_df);
  CHECK_THAT(fabs(c.nll - (double)want) <= 2e-6 * fmax(1, fabs((double)want)), "student_t(%g) %g %g: %.9g, not %.9g",
             distance, log_scale, log_df, c.nll, (double)want);
  CHECK_NEAR(c.slope, (double)slope, 2e-6 * fabs((double)slope));
  CHECK_NEAR(c.constant[0], (double)(1 - (df + 1) * share), 1e-6 * (double)(1 + (df + 1) * share));
  const double parts = (double)(fabsl(by_df) + 0.5L * share + fminl(0.25L / df, 0.5L));
  const double cancelled = 5e-12; /* what a long double loses above */
  CHECK_THAT(fabs(c.constant[1] - (double)by_df) <= 3e-6 * parts + cancelled,
             "student_t(%g) %g %g: slope by log df %.9g, not %.9g", distance, log_scale, log_df, c.constant[1],
             (double)by_df);
}

static void check_student_t(const vaei_kernels *k) {
  static const float distances[] = {0, 1e-4f, 0.03f, -0.5f, 1, -2.2f, 7, -40, 1e3f, 1e6f, -1e9f};
  static const float scales[] = {-9.9f, -3, 0, 2, 9.9f};
  static const float dfs[] = {-9.9f, -4, -1, 0, 0.69f, 0.7f, 1, 2, 4, 7, 10, 13, 14.9f};
  for (size_t i = 0; i < sizeof distances / sizeof *distances; i++)
    for (size_t s = 0; s < sizeof scales / sizeof *scales; s++)
      for (size_t d = 0; d < sizeof dfs / sizeof *dfs; d++) check_student_at(k, distances[i], scales[s], dfs[d]);
  for (float u = -6; u <= 6; u += 0.37f) { /* with 3e6 degrees of freedom a Gaussian */
    const column c = column_of(k->student_t, u, 0, 0, 14.9f);
    CHECK_NEAR(c.nll, 0.5 * u * u + 0.5 * log(2 * acos(-1)), 3e-6 * fmax(1, 0.5 * u * u) + u * u * u * u / 1e7);
    CHECK_NEAR(c.slope, u, 1e-6 * fabs(u) + fabs(u * u * u) / 2.5e6);
  }
}

/* Beyond the clamps the value is that at the bound and the gradient zero. */
static void check_clamps(const vaei_kernels *k) {
  const column low = column_of(k->negative_binomial, 1, 3, -10, 0),
               below = column_of(k->negative_binomial, 1, 3, -40, 0);
  const column high = column_of(k->negative_binomial, 1, 3, 15, 0),
               above = column_of(k->negative_binomial, 1, 3, 90, 0);
  CHECK(low.nll == below.nll && high.nll == above.nll && low.slope == below.slope && high.slope == above.slope);
  CHECK(below.constant[0] == 0 && above.constant[0] == 0 && isfinite(low.nll + high.nll));
  const column s = column_of(k->student_t, 1, 3, 10, 15), wide = column_of(k->student_t, 1, 3, 30, 99);
  CHECK(s.nll == wide.nll && wide.constant[0] == 0 && wide.constant[1] == 0);
  const column t = column_of(k->student_t, 1, 3, -10, -10), narrow = column_of(k->student_t, 1, 3, -11, -70);
  CHECK(t.nll == narrow.nll && narrow.constant[0] == 0 && narrow.constant[1] == 0 && isfinite(t.nll));
}

static void check_masses(const vaei_kernels *k) {
  static const float logs[] = {-1, 0, 1.5f, 5};
  for (size_t i = 0; i < sizeof logs / sizeof *logs; i++) {
    double counted = 0, integral = 0;
    for (int x = 0; x < 400; x++) counted += exp(-column_of(k->negative_binomial, 2, (float)x, logs[i], 0).nll);
    CHECK_NEAR(counted, 1, 2e-6);
    if (logs[i] <= 0) continue;
    /* x = sinh(s): even the tails of 4.5 degrees of freedom are within reach. */
    for (double s = -14; s < 14; s += 1e-3)
      integral += exp(-column_of(k->student_t, 0, (float)sinh(s), 0.4f, logs[i]).nll) * cosh(s) * 1e-3;
    CHECK_NEAR(integral, 1, 3e-6);
  }
}

/* Learned parameters of noise alone: columns of known dispersions, or of known scale and tails. */
static void check_fit(vae_likelihood likelihood) {
  enum { ROWS = 4000, COLUMNS = 3 };
  static const double dispersion[COLUMNS] = {0.7, 2, 6}, scale[COLUMNS] = {0.3, 1, 4};
  vae_error err;
  vae_training training;
  vae_model *model = NULL;
  vae_trainer *trainer = NULL;
  float *x = test_allocate(sizeof(float) * ROWS * COLUMNS), found[COLUMNS], df[COLUMNS];
  test_random random = {14};
  test_spec spec = test_spec_linear(COLUMNS, 1);
  test_spec_add_encoder(&spec, 4, VAE_ACTIVATION_TANH);
  vae_error_init(&err);
  spec.likelihood = likelihood;
  for (size_t i = 0; i < ROWS * COLUMNS; i++) {
    const size_t j = i % COLUMNS;
    if (likelihood ==
        VAE_LIKELIHOOD_STUDENT_T) { /* 4 degrees of freedom: a normal over the root of a mean of 4 squares */
      double squares = 0;
      for (int s = 0; s < 4; s++) squares += pow(test_normal(&random), 2) / 4;
      x[i] = (float)(scale[j] * test_normal(&random) / sqrt(squares));
    } else { /* mean 5: failures counted one by one, P(x + 1) / P(x) = (x + t) / (x + 1) m / (m + t) */
      const double t = dispersion[j], step = 5 / (5 + t);
      double chance = pow(1 - step, t), left = test_uniform(&random);
      int count = 0;
      for (; left > chance && count < 4000; count++) left -= chance, chance *= (count + t) / (count + 1) * step;
      x[i] = (float)count;
    }
  }
  const vae_data data = test_floats(x, ROWS, COLUMNS);
  vae_training_init(&training);
  training.objective.beta = 20; /* the latent is to say nothing */
  training.learning_rate = 0.01;
  training.batch_size = 200;
  CHECK_OK(test_create(&spec, 2, NULL, &model, &err), &err);
  CHECK_OK(vae_trainer_create(model, &training, NULL, &trainer, &err), &err);
  for (int epoch = 0; epoch < 60; epoch++) CHECK_OK(vae_trainer_epoch(trainer, &data, NULL, NULL, NULL, &err), &err);
  const int student = likelihood == VAE_LIKELIHOOD_STUDENT_T;
  const char *name = student ? "decoder.log_scale" : "decoder.log_dispersion";
  CHECK_OK(vae_model_get_parameter(model, name, found, COLUMNS, &err), &err);
  if (student) CHECK_OK(vae_model_get_parameter(model, "decoder.log_df", df, COLUMNS, &err), &err);
  for (int j = 0; j < COLUMNS; j++) {
    CHECK_NEAR(found[j], log(student ? scale[j] : dispersion[j]), 0.15);
    if (student) CHECK_NEAR(df[j], log(4), 0.3);
  }
  vae_trainer_free(trainer);
  vae_model_free(model);
  free(x);
}

/* What a fresh model's learned parameters are. */
static void check_beginning(void) {
  vae_error err;
  vae_model *model = NULL;
  float value[5];
  vae_error_init(&err);
  test_spec spec = test_spec_linear(5, 1);
  spec.likelihood = VAE_LIKELIHOOD_STUDENT_T;
  CHECK_OK(test_create(&spec, 2, NULL, &model, &err), &err);
  CHECK_OK(vae_model_get_parameter(model, "decoder.log_df", value, 5, &err), &err);
  for (int j = 0; j < 5; j++) CHECK(value[j] == 2.0f);
  CHECK_OK(vae_model_get_parameter(model, "decoder.log_scale", value, 5, &err), &err);
  for (int j = 0; j < 5; j++) CHECK(value[j] == 0.0f);
  vae_model_free(model);
}

int main(void) {
  vae_isa isas[TEST_ISAS];
  const size_t count = test_isas(isas);
  for (size_t i = 0; i < count; i++) {
    const vaei_kernels *k = NULL;
    if (!CHECK(vaei_kernels_find(isas[i], &k, NULL) == VAE_OK)) continue;
    harness_note("%s", vae_isa_name(isas[i]));
    check_log_gamma(k);
    check_negative_binomial(k);
    check_poisson_limit(k);
    check_student_t(k);
    check_clamps(k);
    check_masses(k);
  }
  check_beginning();
  harness_note("negative_binomial");
  check_fit(VAE_LIKELIHOOD_NEGATIVE_BINOMIAL);
  harness_note("student_t");
  check_fit(VAE_LIKELIHOOD_STUDENT_T);
  return harness_finish("learned_likelihood");
}
