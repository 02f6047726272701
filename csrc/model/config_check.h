/* What configurations are allowed: one home for the ranges that config.h states, for callers and for files. */
#ifndef VAEI_CONFIG_CHECK_H
#define VAEI_CONFIG_CHECK_H

#include "model/vae_model.h"

/* Full-size copies. Each names the field, its value and what is allowed. */
vae_status vaei_objective_check(const vae_objective *o, vae_error *err);

/* Whether a checked objective goes with a model's likelihood. */
vae_status vaei_objective_check_model(const vae_objective *o, const vae_config *config, vae_error *err);

/* The objective included; not threads, isa and keep_gradients, which no file holds. */
vae_status vaei_training_check(const vae_training *t, vae_error *err);

#endif
