#include "core/error.h"
#include "core/names.h"
#include "model/config_check.h"

/* A number above `low`, up to `high`. */
static vae_status check_over(const char *name, double value, double low, double high, vae_error *err) {
  if (value > low && value <= high) return VAE_OK;
  return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT, "training.%s is %g; it must be over %g and at most %g", name, value,
                   low, high);
}

static vae_status check_milestones(const vae_training *t, vae_error *err) {
  if (!t->rate_milestones[0])
    return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT,
                     "training.rate_milestones is empty; rate_schedule steps needs one");
  for (uint32_t i = 1; i < VAE_MAX_MILESTONES; i++)
    if (t->rate_milestones[i] && t->rate_milestones[i] <= t->rate_milestones[i - 1])
      return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT,
                       "training.rate_milestones[%u] is %u, after %u; milestones must rise, with zeros behind the last",
                       i, t->rate_milestones[i], t->rate_milestones[i - 1]);
    else if (t->rate_milestones[i] && !t->rate_milestones[i - 1])
      return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT,
                       "training.rate_milestones[%u] is %u behind a zero, which ends them", i, t->rate_milestones[i]);
  return VAE_OK;
}

static const double most_epochs = 1e9;

/* The fields that the schedule uses; the others may hold anything. */
static vae_status check_rate(const vae_training *t, vae_error *err) {
  vae_status status = VAE_OK;
  if (!vaei_rate_schedule_name(t->rate_schedule))
    return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT,
                     "training.rate_schedule is %d; allowed are 0 (constant) to 4 (burda)", (int)t->rate_schedule);
  if (t->rate_schedule == VAE_RATE_EXPONENTIAL || t->rate_schedule == VAE_RATE_STEPS)
    status = check_over("rate_decay", t->rate_decay, 0, 1, err);
  if (status == VAE_OK && t->rate_schedule == VAE_RATE_STEPS) status = check_milestones(t, err);
  if (t->rate_schedule == VAE_RATE_COSINE) {
    status = check_over("rate_epochs", t->rate_epochs, 0, most_epochs, err);
    if (status == VAE_OK && !(t->rate_floor >= 0 && t->rate_floor <= t->learning_rate))
      return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT, "training.rate_floor is %g; allowed are 0 to learning_rate, %g",
                       t->rate_floor, t->learning_rate);
  }
  return status;
}

static vae_status check_warm_up(const vae_training *t, vae_error *err) {
  if (!vaei_warm_up_name(t->warm_up))
    return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT, "training.warm_up is %d; allowed are 0 (none) to 2 (cyclic)",
                     (int)t->warm_up);
  if (t->warm_up == VAE_WARM_UP_NONE) return VAE_OK;
  if (t->objective.kind == VAE_OBJECTIVE_IWAE)
    return vaei_fail(
        err, VAE_ERROR_INVALID_ARGUMENT,
        "training.warm_up is %s; the importance-weighted bound (iwae) has no separate KL to weigh and takes "
        "no warm-up",
        vaei_warm_up_name(t->warm_up));
  const vae_status status = check_over("warm_up_epochs", t->warm_up_epochs, 0, most_epochs, err);
  if (status != VAE_OK || t->warm_up != VAE_WARM_UP_CYCLIC) return status;
  const uint32_t most = 1u << 20;
  if (t->warm_up_cycles < 1 || t->warm_up_cycles > most)
    return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT, "training.warm_up_cycles is %u; allowed are 1 to %u",
                     t->warm_up_cycles, most);
  return check_over("warm_up_share", t->warm_up_share, 0, 1, err);
}

static vae_status check_capacity(const vae_training *t, vae_error *err) {
  if (!(t->capacity_epochs >= 0 && t->capacity_epochs <= most_epochs))
    return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT, "training.capacity_epochs is %g; allowed are 0 to %g",
                     t->capacity_epochs, most_epochs);
  if (t->capacity_epochs == 0 || t->objective.capacity_weight != 0) return VAE_OK;
  return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT,
                   "training.capacity_epochs is %g; without objective.capacity_weight there is no capacity to reach",
                   t->capacity_epochs);
}

vae_status vaei_training_check(const vae_training *t, vae_error *err) {
  vae_status status = vaei_objective_check(&t->objective, err);
  if (status != VAE_OK) return status;
  const uint32_t most = 1u << 20;
  if (t->batch_size < 1 || t->batch_size > most)
    return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT, "training.batch_size is %u; allowed are 1 to %u", t->batch_size,
                     most);
  if ((uint64_t)t->batch_size * t->objective.samples > 1u << 30)
    return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT,
                     "training.batch_size %u times objective.samples %u is over 2^30 latent samples a batch",
                     t->batch_size, t->objective.samples);
  if (!(t->learning_rate > 0 && t->learning_rate <= 1e3))
    return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT, "training.learning_rate is %g; it must be over 0 and at most 1e3",
                     t->learning_rate);
  if (!(t->beta1 >= 0 && t->beta1 < 1))
    return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT, "training.beta1 is %g; allowed are 0 to below 1", t->beta1);
  if (!(t->beta2 >= 0 && t->beta2 < 1))
    return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT, "training.beta2 is %g; allowed are 0 to below 1", t->beta2);
  if (!(t->epsilon >= 1e-30 && t->epsilon <= 1e3))
    return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT, "training.epsilon is %g; allowed are 1e-30 to 1e3", t->epsilon);
  if (t->precision != VAE_PRECISION_FLOAT32 && t->precision != VAE_PRECISION_BFLOAT16)
    return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT, "training.precision is %d; allowed are 0 (float32) and 1 (bf16)",
                     (int)t->precision);
  if (!(t->weight_decay >= 0 && t->weight_decay <= 1e3))
    return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT, "training.weight_decay is %g; allowed are 0 to 1e3",
                     t->weight_decay);
  if (t->weight_decay * t->learning_rate > 1)
    return vaei_fail(
        err, VAE_ERROR_INVALID_ARGUMENT,
        "training.weight_decay is %g, at a learning_rate of %g; a step would take more than the whole weight",
        t->weight_decay, t->learning_rate);
  if (t->clip_norm != 0 && !(t->clip_norm >= 1e-30 && t->clip_norm <= 1e30))
    return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT,
                     "training.clip_norm is %g; allowed are 0 (none) and 1e-30 to 1e30", t->clip_norm);
  if (!(t->dropout >= 0 && t->dropout <= 0.95))
    return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT, "training.dropout is %g; allowed are 0 to 0.95", t->dropout);
  status = check_rate(t, err);
  if (status == VAE_OK) status = check_warm_up(t, err);
  return status == VAE_OK ? check_capacity(t, err) : status;
}
