#include "model/config_check.h"

#include "core/error.h"
#include "core/names.h"
#include "model/likelihood.h"

static vae_status check_stack(const char *what, const vae_layer *layers, uint32_t count, vae_error *err) {
  if (count > VAE_MAX_LAYERS)
    return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT, "%s has %u hidden layers; at most %d are allowed", what, count,
                     VAE_MAX_LAYERS);
  if (count && !layers)
    return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT, "%s is NULL, but %s_count is %u", what, what, count);
  if (count && layers->struct_size < offsetof(vae_layer, activation))
    return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT, "%s[0].struct_size is %u; call vae_layer_init first", what,
                     layers->struct_size);
  for (uint32_t i = 0; i < count; i++) {
    const vae_layer layer = vaei_layer_at(layers, i);
    if (layer.units < 1 || layer.units > VAE_MAX_DIM)
      return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT, "%s[%u].units is %u; allowed are 1 to %d", what, i, layer.units,
                       VAE_MAX_DIM);
    if (!vaei_activation_name(layer.activation))
      return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT,
                       "%s[%u].activation is %d; allowed are 0 (identity) to 8 "
                       "(softplus)",
                       what, i, (int)layer.activation);
  }
  return VAE_OK;
}

static vae_status check_dimension(const char *what, uint32_t value, vae_error *err) {
  if (value >= 1 && value <= VAE_MAX_DIM) return VAE_OK;
  return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT, "%s is %u; allowed are 1 to %d", what, value, VAE_MAX_DIM);
}

/* Output activation and sigma, which located likelihoods alone have. */
static vae_status check_location(const vae_config *c, vae_error *err) {
  const bool located = vaei_likelihood_of(c)->located;
  if (!vaei_activation_name(c->output_activation))
    return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT,
                     "output_activation is %d; allowed are 0 (identity) to 8 (softplus)", (int)c->output_activation);
  if (!located && c->output_activation != VAE_ACTIVATION_IDENTITY)
    return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT, "output_activation is %s; a %s likelihood allows identity only",
                     vaei_activation_name(c->output_activation), vaei_likelihood_name(c->likelihood));
  if (!vaei_sigma_kind_name(c->sigma_kind))
    return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT, "sigma_kind is %d; allowed are 0 (fixed) to 2 (per_output)",
                     (int)c->sigma_kind);
  if (!located && c->sigma_kind != VAE_SIGMA_FIXED)
    return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT, "sigma_kind is %s; a %s likelihood has no sigma",
                     vaei_sigma_kind_name(c->sigma_kind), vaei_likelihood_name(c->likelihood));
  if (c->sigma_kind != VAE_SIGMA_FIXED && c->sigma != 1.0)
    return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT, "sigma is %g; where sigma_kind is %s it is learned and must be 1",
                     c->sigma, vaei_sigma_kind_name(c->sigma_kind));
  if (!(c->sigma >= 1e-4 && c->sigma <= 1e4))
    return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT, "sigma is %g; allowed are 1e-4 to 1e4", c->sigma);
  return VAE_OK;
}

static vae_status check_groups(const vae_config *c, vae_error *err) {
  if (!vaei_likelihood_of(c)->grouped) {
    if (!c->group_count) return VAE_OK;
    return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT, "group_count is %u; a %s likelihood has no groups",
                     c->group_count, vaei_likelihood_name(c->likelihood));
  }
  if (c->group_count < 1 || c->group_count > VAE_MAX_GROUPS)
    return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT, "group_count is %u; a %s likelihood needs 1 to %d groups",
                     c->group_count, vaei_likelihood_name(c->likelihood), VAE_MAX_GROUPS);
  if (!c->groups)
    return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT, "groups is NULL, but group_count is %u", c->group_count);
  uint64_t sum = 0;
  for (uint32_t i = 0; i < c->group_count; i++) {
    if (c->groups[i] < 2)
      return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT, "groups[%u] is %u; a group has at least 2 columns", i,
                       c->groups[i]);
    sum += c->groups[i];
  }
  if (sum == c->input_dim) return VAE_OK;
  return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT, "groups have %llu columns in all; input_dim is %u",
                   (unsigned long long)sum, c->input_dim);
}

static vae_status check_prior(const vae_config *c, vae_error *err) {
  const bool mixes = c->prior == VAE_PRIOR_MIXTURE || c->prior == VAE_PRIOR_VAMP;
  if (c->prior == VAE_PRIOR_CONDITIONAL)
    return vaei_fail(err, VAE_ERROR_UNSUPPORTED, "prior is %s; not built yet", vaei_prior_name(c->prior));
  if (!mixes && c->prior_components)
    return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT, "prior_components is %u; a %s prior has none",
                     c->prior_components, vaei_prior_name(c->prior));
  if (mixes && (c->prior_components < 1 || c->prior_components > VAE_MAX_COMPONENTS))
    return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT, "prior_components is %u; a %s prior takes 1 to %d",
                     c->prior_components, vaei_prior_name(c->prior), VAE_MAX_COMPONENTS);
  if (c->prior == VAE_PRIOR_VAMP && c->condition_dim)
    return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT,
                     "prior is vamp, condition_dim %u; its pseudo-inputs go through the encoder, which would need a "
                     "condition for each of them: a conditional or mixture prior takes a condition",
                     c->condition_dim);
  return VAE_OK;
}

vae_status vaei_config_check(const vae_config *c, vae_error *err) {
  vae_status status = check_dimension("input_dim", c->input_dim, err);
  if (status == VAE_OK) status = check_dimension("latent_dim", c->latent_dim, err);
  if (status == VAE_OK) status = check_stack("encoder", c->encoder, c->encoder_count, err);
  if (status == VAE_OK) status = check_stack("decoder", c->decoder, c->decoder_count, err);
  if (status != VAE_OK) return status;
  if (c->condition_dim > VAE_MAX_DIM)
    return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT, "condition_dim is %u; allowed are 0 (none) to %d",
                     c->condition_dim, VAE_MAX_DIM);
  if (!vaei_prior_name(c->prior))
    return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT, "prior is %d; allowed are 0 (standard) to 3 (vamp)",
                     (int)c->prior);
  status = check_prior(c, err);
  if (status != VAE_OK) return status;
  if (!vaei_likelihood_name(c->likelihood))
    return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT, "likelihood is %d; allowed are 0 (bernoulli) to 8 (student_t)",
                     (int)c->likelihood);
  if (c->likelihood > VAE_LIKELIHOOD_CATEGORICAL)
    return vaei_fail(err, VAE_ERROR_UNSUPPORTED, "likelihood is %s; not built yet",
                     vaei_likelihood_name(c->likelihood));
  status = check_location(c, err);
  return status == VAE_OK ? check_groups(c, err) : status;
}

vae_status vaei_objective_check(const vae_objective *o, vae_error *err) {
  if (!vaei_objective_name(o->kind))
    return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT, "objective.kind is %d; allowed are 0 (elbo) and 1 (iwae)",
                     (int)o->kind);
  if (o->samples < 1 || o->samples > VAE_MAX_SAMPLES)
    return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT, "objective.samples is %u; allowed are 1 to %d", o->samples,
                     VAE_MAX_SAMPLES);
  if (!(o->beta >= 0 && o->beta <= 1e6))
    return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT, "objective.beta is %g; allowed are 0 to 1e6", o->beta);
  if (o->kind == VAE_OBJECTIVE_IWAE && o->beta != 1.0)
    return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT,
                     "objective.beta is %g; the importance-weighted bound (iwae) has no separate KL to weigh and "
                     "allows 1 only",
                     o->beta);
  if (o->estimator || o->free_bits != 0 || o->capacity_weight != 0 || o->regularizer)
    return vaei_fail(err, VAE_ERROR_UNSUPPORTED, "objective: not built yet");
  if (!vaei_binarization_name(o->binarization))
    return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT,
                     "objective.binarization is %d; allowed are 0 (none) and 1 (dynamic)", (int)o->binarization);
  return VAE_OK;
}

vae_status vaei_objective_check_model(const vae_objective *o, const vae_config *config, vae_error *err) {
  if (o->binarization == VAE_BINARIZATION_NONE || config->likelihood == VAE_LIKELIHOOD_BERNOULLI) return VAE_OK;
  return vaei_fail(
      err, VAE_ERROR_INVALID_ARGUMENT,
      "objective.binarization is %s; it makes values 0 or 1, for a bernoulli likelihood, but the model's is %s",
      vaei_binarization_name(o->binarization), vaei_likelihood_name(config->likelihood));
}

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

vae_status vaei_training_check(const vae_training *t, vae_error *err) {
  const vae_status status = vaei_objective_check(&t->objective, err);
  if (status != VAE_OK) return status;
  if (t->dropout != 0)
    return vaei_fail(err, VAE_ERROR_UNSUPPORTED, "training.dropout is %g; not built yet", t->dropout);
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
  const vae_status rate = check_rate(t, err);
  return rate == VAE_OK ? check_warm_up(t, err) : rate;
}
