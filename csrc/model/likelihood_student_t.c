/* Student's t: location m, and a scale s and degrees of freedom v that each column learns, exp of decoder.log_scale and of
 * decoder.log_df. -log p(x) = log Gamma(v / 2) - log Gamma((v + 1) / 2) + log(v pi) / 2 + log s
 * + (v + 1) / 2 log(1 + ((x - m) / s)^2 / v). Lange, Little & Taylor 1989, "Robust Statistical Modeling Using the t
 * Distribution"; Takahashi et al. 2018, "Student-t Variational Autoencoder for Robust Density Estimation". */
#include "model/likelihood_shared.h"

static void loss_of(const vaei_output_tile *t, bool mean) {
  (void)mean; /* output is the location in any case */
  vaei_located_loss(t, t->kernels->student_t, 0.0);
}

const vaei_likelihood vaei_likelihood_student_t = {
    .support = VAEI_ANY_FINITE,
    .density = true,
    .located = true,
    .loss = loss_of,
    .mean = vaei_located_mean,
    .bias = vaei_located_bias,
    .constant_count = 2,
    .constants = {{"decoder.log_scale", 0.0f},
                  {"decoder.log_df", 2.0f}}, /* 7.4 degrees: with a mean, a variance, a kurtosis */
};
