#include "model/likelihood.h"

static const vaei_likelihood *const likelihoods[] = {
    [VAE_LIKELIHOOD_BERNOULLI] = &vaei_likelihood_bernoulli,
    [VAE_LIKELIHOOD_GAUSSIAN] = &vaei_likelihood_gaussian,
    [VAE_LIKELIHOOD_CONTINUOUS_BERNOULLI] = &vaei_likelihood_continuous_bernoulli,
    [VAE_LIKELIHOOD_LAPLACE] = &vaei_likelihood_laplace,
    [VAE_LIKELIHOOD_LOG_COSH] = &vaei_likelihood_log_cosh,
    [VAE_LIKELIHOOD_POISSON] = &vaei_likelihood_poisson,
    [VAE_LIKELIHOOD_CATEGORICAL] = &vaei_likelihood_categorical,
    [VAE_LIKELIHOOD_NEGATIVE_BINOMIAL] = &vaei_likelihood_negative_binomial,
    [VAE_LIKELIHOOD_STUDENT_T] = &vaei_likelihood_student_t,
};

const vaei_likelihood *vaei_likelihood_of(const vae_config *config) { return likelihoods[config->likelihood]; }

double vaei_likelihood_bias(const vae_config *config, double mean) {
  const double most = 0x1.fffffep+127, bias = vaei_likelihood_of(config)->bias(config, mean);
  return bias < -most ? -most : bias > most ? most : bias; /* whatever the data, a finite float */
}

vaei_row_check vaei_row_check_begin(const vae_config *config) {
  const vaei_likelihood *likelihood = vaei_likelihood_of(config);
  return (vaei_row_check){
      .config = config, .support = likelihood->support, .left = likelihood->grouped ? config->groups[0] : 0};
}

const char *vaei_likelihood_parameter(vae_likelihood likelihood, uint32_t index) {
  const bool known = likelihood >= 0 && (size_t)likelihood < sizeof likelihoods / sizeof *likelihoods;
  return known && index < VAEI_MOST_PARAMETERS ? likelihoods[likelihood]->parameters[index] : NULL;
}
