/* Student's t: location m, and a scale s and degrees of freedom v that each column learns, exp of decoder.log_scale and of
 * decoder.log_df. -log p(x) = log Gamma(v / 2) - log Gamma((v + 1) / 2) + log(v pi) / 2 + log s
 * + (v + 1) / 2 log(1 + ((x - m) / s)^2 / v). Lange, Little & Taylor 1989, "Robust Statistical Modeling Using the t
 * Distribution"; Takahashi et al. 2018, "Student-t Variational Autoencoder for Robust Density Estimation". */
#include "core/scalar.h"
#include "model/likelihood_shared.h"

static void loss_of(const vaei_output_tile *t, bool mean) {
  (void)mean; /* output is the location in any case */
  vaei_located_loss(t, t->kernels->student_t, 0.0);
}

/* A normal over the root of chi^2 / df, whose half is a gamma variable of shape df / 2. */
static double draw_one(const vaei_column *c, vaei_variates *v) {
  const double h = 0.5 * c->parameter[2], normal = vaei_variate_normal(v);
  const double log_ratio = vaei_log(h) - vaei_variate_log_gamma(v, h);
  return c->parameter[0] + c->parameter[1] * normal * vaei_exp(0.5 * log_ratio);
}

const vaei_likelihood vaei_likelihood_student_t = {
    .support = VAEI_ANY_FINITE,
    .density = true,
    .located = true,
    .loss = loss_of,
    .mean = vaei_located_mean,
    .bias = vaei_located_bias,
    .parameters = {"location", "scale", "df"},
    .draw = draw_one,
    .constant_count = 2,
    .constants = {{"decoder.log_scale", 0.0f, VAEI_MOST_LOG_SCALE},
                  {"decoder.log_df", 2.0f, VAEI_MOST_LOG_SHAPE}}, /* 7.4: there are a mean, a variance, a kurtosis */
};
