/* Log-cosh, which is quadratic near 0 and linear far out: -log p(x) = log cosh((x - m) / sigma) + log sigma + log pi, the
 * hyperbolic secant distribution with standard deviation pi sigma / 2. With sigma = 1 / a it is a times the loss of Chen, Chen
 * & Zhang 2018, "Log Hyperbolic Cosine Loss Improves Variational Auto-Encoder", made a density. */
#include "core/scalar.h"
#include "model/likelihood_shared.h"

static void loss_of(const vaei_output_tile *t, bool mean) {
  (void)mean;                                           /* output is the location in any case */
  const double log_normaliser = 1.14472988584940017414; /* log pi */
  vaei_located_loss(t, t->kernels->log_cosh, log_normaliser);
}

/* log tan(pi u / 2), the inverse of the distribution function 2 / pi arctan(exp(t)), for u up to 1/2. */
static double lower_half(double u) {
  const double pi = 3.14159265358979323846, y = 0.5 * pi * u, y2 = y * y; /* y <= pi / 4: y^19 / 19! < 1e-18 */
  double sum = 0;
  for (int i = 16; i > 0; i -= 2) sum = (1.0 + sum) * -y2 / (i * (i + 1));
  return vaei_log(y * (1.0 + sum) / vaei_cos_pi(0.5 * u));
}

static double draw_one(const vaei_column *c, vaei_variates *v) {
  const double u = vaei_variate_uniform(v), t = u < 0.5 ? lower_half(u) : -lower_half(1.0 - u);
  return c->parameter[0] + c->parameter[1] * t;
}

const vaei_likelihood vaei_likelihood_log_cosh = {
    .support = VAEI_ANY_FINITE,
    .density = true,
    .located = true,
    .scaled = true,
    .loss = loss_of,
    .mean = vaei_located_mean,
    .bias = vaei_located_bias,
    .parameters = {"location", "scale"},
    .draw = draw_one,
};
