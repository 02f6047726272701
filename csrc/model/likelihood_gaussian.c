/* Gaussian: -log p(x) = ((x - m) / sigma)^2 / 2 + log sigma + log(2 pi) / 2. */
#include "model/likelihood_shared.h"

static void loss_of(const vaei_output_tile *t, bool mean) {
  (void)mean;                                           /* output is the location in any case */
  const double log_normaliser = 0.91893853320467274178; /* log(2 pi) / 2 */
  vaei_located_loss(t, t->kernels->gaussian, log_normaliser);
}

const vaei_likelihood vaei_likelihood_gaussian = {
    .support = VAEI_ANY_FINITE,
    .density = true,
    .located = true,
    .scaled = true,
    .loss = loss_of,
    .mean = vaei_located_mean,
    .bias = vaei_located_bias,
};
