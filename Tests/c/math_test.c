/* The vector maths against libm in float64: exp, log, tanh, erf and their kin, seen through the kernels that use them,
 * on every instruction set, over a dense grid of floats and at the ends of the range. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "harness.h"
#include "kernels/kernels.h"

static const vae_isa isas[] = {VAE_ISA_PORTABLE, VAE_ISA_AVX2, VAE_ISA_AVX512, VAE_ISA_NEON};

static double oracle(vae_activation activation, double x) {
  switch (activation) {
    case VAE_ACTIVATION_RELU: return x > 0 ? x : 0;
    case VAE_ACTIVATION_LEAKY_RELU: return x > 0 ? x : (double)0.2f * x;
    case VAE_ACTIVATION_TANH: return tanh(x);
    case VAE_ACTIVATION_SIGMOID: return 1 / (1 + exp(-x));
    case VAE_ACTIVATION_ELU: return x > 0 ? x : expm1(x);
    case VAE_ACTIVATION_SILU: return x / (1 + exp(-x));
    case VAE_ACTIVATION_GELU: return 0.5 * x * erfc(-x / sqrt(2));
    case VAE_ACTIVATION_SOFTPLUS: return x > 0 ? x + log1p(exp(-x)) : log1p(exp(x));
    default: return x;
  }
}

/* How far a result may be off: relative to the larger of its size and `floor`, below which the absolute error counts
 * (GELU ends in a product with exp(-x^2 / 2), whose relative error grows with x^2). GELU near -1.4: its distribution
 * function is 1/2 - erf / 2 there, which loses a factor of six. */
typedef struct bound {
  vae_activation activation;
  double relative, floor;
} bound;

static const bound bounds[] = {
    {VAE_ACTIVATION_IDENTITY, 0, 1e-37},      {VAE_ACTIVATION_RELU, 0, 1e-37},
    {VAE_ACTIVATION_LEAKY_RELU, 1e-7, 1e-37}, {VAE_ACTIVATION_TANH, 4e-7, 1e-37},
    {VAE_ACTIVATION_SIGMOID, 3e-7, 1e-37},    {VAE_ACTIVATION_ELU, 3e-7, 1e-37},
    {VAE_ACTIVATION_SILU, 4e-7, 1e-37},       {VAE_ACTIVATION_GELU, 1e-6, 1e-2},
    {VAE_ACTIVATION_SOFTPLUS, 4e-7, 1e-37},
};

static void check_activation(const vaei_kernels *kernels, const bound *b) {
  const bool bounded = b->activation == VAE_ACTIVATION_TANH || b->activation == VAE_ACTIVATION_SIGMOID;
  int beyond = 0;
  double worst = 0, worst_at = 0;
  for (int i = -40000; i <= 40000; i += 16) {
    float x[16], y[16];
    for (int j = 0; j < 16; j++) {
      const double t = (i + j) / 40000.0; /* dense near zero, out to +-85 */
      x[j] = y[j] = (float)(85 * t * t * t);
    }
    kernels->activate(b->activation, 1, 16, y, 16, NULL, 0);
    for (int j = 0; j < 16; j++) {
      const double want = oracle(b->activation, x[j]);
      const double error = fabs(y[j] - want) / fmax(fabs(want), b->floor);
      if (!(error <= worst)) worst = error, worst_at = x[j];
      if (bounded && !(fabsf(y[j]) <= 1)) beyond++;
    }
  }
  CHECK_THAT(beyond == 0, "%s: %d results beyond 1", vae_activation_name(b->activation), beyond);
  CHECK_THAT(worst <= b->relative, "%s: an error of %.3g at %.9g, allowed %.3g", vae_activation_name(b->activation),
             worst, worst_at, b->relative);
  printf("%s %s: largest error %.2e at %.6g\n", vae_isa_name(kernels->isa), vae_activation_name(b->activation), worst,
         worst_at);
}

/* The derivative that goes with an output, against a central difference of the oracle. */
static void check_slope(const vaei_kernels *kernels, vae_activation activation) {
  double worst = 0, worst_at = 0;
  for (int i = -400; i < 400; i += 16) {
    float x[16], y[16], slope[16] = {0}, dy[16];
    for (int j = 0; j < 16; j++) x[j] = y[j] = (float)(i + j + 0.5) / 40.0f, dy[j] = 1;
    const bool keeps = activation == VAE_ACTIVATION_SILU || activation == VAE_ACTIVATION_GELU;
    kernels->activate(activation, 1, 16, y, 16, keeps ? slope : NULL, 16);
    kernels->activate_backward(activation, 1, 16, keeps ? slope : y, 16, dy, 16);
    for (int j = 0; j < 16; j++) {
      const double h = 1e-5, want = (oracle(activation, x[j] + h) - oracle(activation, x[j] - h)) / (2 * h);
      if (!(fabs(dy[j] - want) <= worst)) worst = fabs(dy[j] - want), worst_at = x[j];
    }
  }
  CHECK_THAT(worst <= 1e-6, "%s': an error of %.3g at %.9g", vae_activation_name(activation), worst, worst_at);
}

static void check_ends(const vaei_kernels *kernels) {
  const float ends[16] = {0.0f,  -0.0f,  1e-38f, -1e-38f, 87.0f,    -87.0f,    1e4f, -1e4f,
                          1e30f, -1e30f, 3e38f,  -3e38f,  INFINITY, -INFINITY, NAN,  1.0f};
  for (size_t k = 0; k < sizeof bounds / sizeof *bounds; k++) {
    float y[16];
    memcpy(y, ends, sizeof y);
    kernels->activate(bounds[k].activation, 1, 16, y, 16, NULL, 0);
    for (int j = 0; j < 12; j++)
      CHECK_THAT(isfinite(y[j]), "%s(%g) = %g", vae_activation_name(bounds[k].activation), ends[j], y[j]);
    CHECK_THAT(isnan(y[14]), "%s(NaN) = %g", vae_activation_name(bounds[k].activation), y[14]);
    if (bounds[k].activation == VAE_ACTIVATION_TANH) CHECK(y[12] == 1 && y[13] == -1 && y[6] == 1 && y[7] == -1);
    if (bounds[k].activation == VAE_ACTIVATION_SIGMOID) CHECK(y[12] == 1 && y[13] >= 0 && y[13] < 2e-38f);
  }
  for (size_t count = 1; count <= 33; count++)
    for (size_t at = 0; at < count; at++) {
      float x[33] = {0};
      CHECK(kernels->all_below(x, 1, count, count, INFINITY));
      x[at] = at % 3 == 0 ? NAN : at % 3 == 1 ? INFINITY : -INFINITY;
      CHECK(!kernels->all_below(x, 1, count, count, INFINITY));
    }
}

/* -log p of a Bernoulli on logits, a column at a time, padding included. */
static void check_bernoulli(const vaei_kernels *kernels) {
  double worst = 0, worst_at = 0;
  for (int i = -2000; i <= 2000; i++)
    for (int t = 0; t <= 4; t++) {
      float o[16], x[16], d[16], weight = 1;
      for (int j = 0; j < 16; j++) o[j] = 7, x[j] = 3, d[j] = 9;
      o[0] = (float)(i * fabs((double)i) / 50000.0);
      x[0] = (float)t / 4;
      double nll = 0;
      const vaei_density tile = {.rows = 1,
                                 .columns = 1,
                                 .output = o,
                                 .output_row = 16,
                                 .x = x,
                                 .x_row = 16,
                                 .row_weight = &weight,
                                 .d = d,
                                 .d_row = 16,
                                 .nll = &nll};
      kernels->bernoulli(&tile);
      const double l = o[0], want = (l > 0 ? l : 0) - l * x[0] + log1p(exp(-fabs(l)));
      const double error = fabs(nll - want) / fmax(1e-30, fabs(l) * 0.5 + fabs(want));
      if (!(error <= worst)) worst = error, worst_at = l;
      CHECK_NEAR(d[0], 1 / (1 + exp(-l)) - x[0], 2e-7);
      for (int j = 1; j < 16; j++) CHECK(d[j] == 0);
    }
  CHECK_THAT(worst <= 4e-7, "bernoulli: an error of %.3g at %.9g", worst, worst_at);
  printf("%s bernoulli: largest error %.2e at %.6g\n", vae_isa_name(kernels->isa), worst, worst_at);
}

int main(void) {
  for (size_t k = 0; k < sizeof isas / sizeof *isas; k++) {
    const vaei_kernels *kernels = NULL;
    if (vaei_kernels_find(isas[k], &kernels, NULL) != VAE_OK) continue;
    harness_note("%s", vae_isa_name(isas[k]));
    for (size_t i = 0; i < sizeof bounds / sizeof *bounds; i++) {
      check_activation(kernels, &bounds[i]);
      check_slope(kernels, bounds[i].activation);
    }
    check_ends(kernels);
    check_bernoulli(kernels);
  }
  return harness_finish("math");
}
