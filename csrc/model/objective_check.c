#include "core/error.h"
#include "core/names.h"
#include "model/config_check.h"

/* A number from 0 to `high`. */
static vae_status check_up_to(const char *name, double value, double high, vae_error *err) {
  if (value >= 0 && value <= high) return VAE_OK;
  return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT, "objective.%s is %g; allowed are 0 to %g", name, value, high);
}

/* Refuses a field that only another objective has a use for. */
static vae_status check_unused(const char *name, double value, const char *why, vae_error *err) {
  if (value == 0) return VAE_OK;
  return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT, "objective.%s is %g; %s", name, value, why);
}

/* The importance-weighted bound is one term: there is no KL in it to weigh, to floor or to steer, and what is added to a bound
 * makes it none. */
static vae_status check_bound(const vae_objective *o, vae_error *err) {
  static const char no_kl[] = "the importance-weighted bound (iwae) has no separate KL to hold there";
  if (o->beta != 1.0)
    return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT,
                     "objective.beta is %g; the importance-weighted bound (iwae) has no separate KL to weigh and "
                     "allows 1 only",
                     o->beta);
  vae_status status = check_unused("free_bits", o->free_bits, no_kl, err);
  if (status == VAE_OK) status = check_unused("capacity", o->capacity, no_kl, err);
  if (status == VAE_OK) status = check_unused("capacity_weight", o->capacity_weight, no_kl, err);
  if (status != VAE_OK || o->regularizer == VAE_REGULARIZER_NONE) return status;
  return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT,
                   "objective.regularizer is %s; with it the importance-weighted bound (iwae) would be no bound on log "
                   "p(x), and regularizers are of the ELBO alone",
                   vaei_regularizer_name(o->regularizer));
}

static vae_status check_estimator(const vae_objective *o, vae_error *err) {
  if (!vaei_estimator_name(o->estimator))
    return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT,
                     "objective.estimator is %d; allowed are 0 (plain) and 1 (doubly_reparameterized)",
                     (int)o->estimator);
  if (o->estimator == VAE_ESTIMATOR_PLAIN || o->kind == VAE_OBJECTIVE_IWAE) return VAE_OK;
  return vaei_fail(
      err, VAE_ERROR_INVALID_ARGUMENT,
      "objective.estimator is %s; it is a gradient of the importance-weighted bound (iwae), and the kind is "
      "%s",
      vaei_estimator_name(o->estimator), vaei_objective_name(o->kind));
}

static vae_status check_regularizer(const vae_objective *o, vae_error *err) {
  const vae_regularizer r = o->regularizer;
  if (!vaei_regularizer_name(r))
    return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT,
                     "objective.regularizer is %d; allowed are 0 (none) to 6 (sliced_wasserstein)", (int)r);
  const bool dip = r == VAE_REGULARIZER_DIP_I || r == VAE_REGULARIZER_DIP_II;
  const bool mmd = r == VAE_REGULARIZER_MMD_RBF || r == VAE_REGULARIZER_MMD_IMQ;
  const double least = r == VAE_REGULARIZER_TC ? -1.0 : 0.0, most_weight = 1e9;
  vae_status status = VAE_OK;
  if (r == VAE_REGULARIZER_NONE)
    status = check_unused("regularizer_weight", o->regularizer_weight, "there is no regularizer to weigh", err);
  if (status == VAE_OK && !(o->regularizer_weight >= least && o->regularizer_weight <= most_weight))
    return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT,
                     "objective.regularizer_weight is %g; with %s allowed are %g to %g", o->regularizer_weight,
                     vaei_regularizer_name(r), least, most_weight);
  if (status == VAE_OK && dip) status = check_up_to("regularizer_diagonal", o->regularizer_diagonal, most_weight, err);
  if (status == VAE_OK && !dip)
    status = check_unused("regularizer_diagonal", o->regularizer_diagonal,
                          "it weighs the variances of dip_i and dip_ii alone", err);
  if (status == VAE_OK && !mmd)
    status = check_unused("kernel_scale", o->kernel_scale, "only mmd_rbf and mmd_imq have a kernel", err);
  if (status == VAE_OK && o->kernel_scale != 0 && !(o->kernel_scale >= 1e-6 && o->kernel_scale <= 1e12))
    return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT,
                     "objective.kernel_scale is %g; allowed are 0 (2 latent_dim) and 1e-6 to 1e12", o->kernel_scale);
  if (status == VAE_OK && r != VAE_REGULARIZER_SLICED_WASSERSTEIN)
    status = check_unused("projections", o->projections, "only sliced_wasserstein projects", err);
  if (status == VAE_OK && o->projections > 65536)
    return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT, "objective.projections is %u; allowed are 0 (50) to 65536",
                     o->projections);
  if (status == VAE_OK && r != VAE_REGULARIZER_TC)
    status = check_unused("data_rows", (double)o->data_rows, "only tc asks for the size of the data set", err);
  return status;
}

vae_status vaei_objective_check(const vae_objective *o, vae_error *err) {
  if (!vaei_objective_name(o->kind))
    return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT, "objective.kind is %d; allowed are 0 (elbo) and 1 (iwae)",
                     (int)o->kind);
  if (o->samples < 1 || o->samples > VAE_MAX_SAMPLES)
    return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT, "objective.samples is %u; allowed are 1 to %d", o->samples,
                     VAE_MAX_SAMPLES);
  const double most = 1e6;
  vae_status status = check_up_to("beta", o->beta, most, err);
  if (status == VAE_OK) status = check_up_to("free_bits", o->free_bits, most, err);
  if (status == VAE_OK) status = check_up_to("capacity", o->capacity, most, err);
  if (status == VAE_OK) status = check_up_to("capacity_weight", o->capacity_weight, most, err);
  if (status == VAE_OK && o->capacity_weight == 0)
    status = check_unused("capacity", o->capacity, "with a capacity_weight of 0 nothing steers to it", err);
  if (status == VAE_OK) status = check_regularizer(o, err);
  if (status == VAE_OK && o->kind == VAE_OBJECTIVE_IWAE) status = check_bound(o, err);
  if (status == VAE_OK) status = check_estimator(o, err);
  if (status != VAE_OK) return status;
  if (!vaei_binarization_name(o->binarization))
    return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT,
                     "objective.binarization is %d; allowed are 0 (none) and 1 (dynamic)", (int)o->binarization);
  return VAE_OK;
}

/* Free bits need each latent's KL from one Gaussian for all rows, the capacity a KL that is known before anything is drawn; MMD and
 * sliced Wasserstein compare the whole batch with draws from one p(z), which a prior that learns or depends on c is not. */
static vae_status check_prior(const vae_objective *o, const vae_config *config, vae_error *err) {
  if (config->prior == VAE_PRIOR_STANDARD) return VAE_OK;
  const char *name = vaei_prior_name(config->prior);
  if (o->free_bits > 0)
    return vaei_fail(
        err, VAE_ERROR_INVALID_ARGUMENT,
        "objective.free_bits is %g; it needs each latent's KL from a standard prior, and the model's is %s",
        o->free_bits, name);
  if (o->capacity_weight > 0 && config->prior != VAE_PRIOR_CONDITIONAL)
    return vaei_fail(
        err, VAE_ERROR_INVALID_ARGUMENT,
        "objective.capacity_weight is %g; it needs a KL in closed form, and with the model's prior, %s, it is "
        "estimated from the samples",
        o->capacity_weight, name);
  if (o->regularizer < VAE_REGULARIZER_MMD_RBF) return VAE_OK;
  return vaei_fail(
      err, VAE_ERROR_INVALID_ARGUMENT,
      "objective.regularizer is %s; it compares the latent samples with draws from a standard prior, and the "
      "model's is %s",
      vaei_regularizer_name(o->regularizer), name);
}

vae_status vaei_objective_check_model(const vae_objective *o, const vae_config *config, vae_error *err) {
  const vae_status status = check_prior(o, config, err);
  if (status != VAE_OK) return status;
  if (o->binarization == VAE_BINARIZATION_NONE || config->likelihood == VAE_LIKELIHOOD_BERNOULLI) return VAE_OK;
  return vaei_fail(
      err, VAE_ERROR_INVALID_ARGUMENT,
      "objective.binarization is %s; it makes values 0 or 1, for a bernoulli likelihood, but the model's is %s",
      vaei_binarization_name(o->binarization), vaei_likelihood_name(config->likelihood));
}
