/* Gaussian: -log p(x) = ((x - m) / sigma)^2 / 2 + log sigma + log(2 pi) / 2. */
#include "core/scalar.h"
#include "model/likelihood_shared.h"

static void loss_of(const vaei_output_tile *t, bool mean) {
  (void)mean;                                           /* output is the location in any case */
  const double log_normaliser = 0.91893853320467274178; /* log(2 pi) / 2 */
  vaei_located_loss(t, t->kernels->gaussian, log_normaliser);
}

static double draw_one(const vaei_column *c, vaei_variates *v) {
  return c->parameter[0] + c->parameter[1] * vaei_variate_normal(v);
}

const vaei_likelihood vaei_likelihood_gaussian = {
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
