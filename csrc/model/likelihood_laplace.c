/* Laplace: -log p(x) = |x - m| / sigma + log sigma + log 2, sigma being its scale: the mean of |x - m|; its standard
 * deviation is sqrt(2) sigma. */
#include "core/scalar.h"
#include "model/likelihood_shared.h"

static void loss_of(const vaei_output_tile *t, bool mean) {
  (void)mean;                                           /* output is the location in any case */
  const double log_normaliser = 0.69314718055994530942; /* log 2 */
  vaei_located_loss(t, t->kernels->laplace, log_normaliser);
}

/* The inverse of the distribution function, from the nearer end. */
static double draw_one(const vaei_column *c, vaei_variates *v) {
  const double u = vaei_variate_uniform(v);
  const double t = u < 0.5 ? vaei_log(2.0 * u) : -vaei_log(2.0 * (1.0 - u));
  return c->parameter[0] + c->parameter[1] * t;
}

const vaei_likelihood vaei_likelihood_laplace = {
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
