/* The words for enumerations: files, programs and messages take them from here. NULL for a number that has none. */
#ifndef VAEI_NAMES_H
#define VAEI_NAMES_H

#include "vae/config.h"
#include "vae/statistics.h"

const char *vaei_status_name(vae_status status); /* never NULL */
const char *vaei_activation_name(vae_activation activation);
const char *vaei_likelihood_name(vae_likelihood likelihood);
const char *vaei_sigma_kind_name(vae_sigma_kind kind);
const char *vaei_prior_name(vae_prior prior);
const char *vaei_objective_name(vae_objective_kind kind);
const char *vaei_estimator_name(vae_estimator estimator);
const char *vaei_regularizer_name(vae_regularizer regularizer);
const char *vaei_binarization_name(vae_binarization binarization);
const char *vaei_rate_schedule_name(vae_rate_schedule schedule);
const char *vaei_warm_up_name(vae_warm_up warm_up);
const char *vaei_isa_name(vae_isa isa);
const char *vaei_precision_name(vae_precision precision);
const char *vaei_bits_name(vae_bits bits);

#endif
