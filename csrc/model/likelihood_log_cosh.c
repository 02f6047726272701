/* Log-cosh, which is quadratic near 0 and linear far out: -log p(x) = log cosh((x - m) / sigma) + log sigma + log pi, the
 * hyperbolic secant distribution with standard deviation pi sigma / 2. With sigma = 1 / a it is a times the loss of Chen, Chen
 * & Zhang 2018, "Log Hyperbolic Cosine Loss Improves Variational Auto-Encoder", made a density. */
#include "model/likelihood_shared.h"

static void loss_of(const vaei_output_tile *t, bool mean) {
  (void)mean;                                           /* output is the location in any case */
  const double log_normaliser = 1.14472988584940017414; /* log pi */
  vaei_located_loss(t, t->kernels->log_cosh, log_normaliser);
}

const vaei_likelihood vaei_likelihood_log_cosh = {
    .support = VAEI_ANY_FINITE,
    .density = true,
    .located = true,
    .scaled = true,
    .loss = loss_of,
    .mean = vaei_located_mean,
    .bias = vaei_located_bias,
};
