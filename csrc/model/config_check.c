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

/* Output activation, which located likelihoods alone have, and sigma, which most of those have. */
static vae_status check_location(const vae_config *c, vae_error *err) {
  const bool located = vaei_likelihood_of(c)->located, scaled = vaei_likelihood_of(c)->scaled;
  if (!vaei_activation_name(c->output_activation))
    return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT,
                     "output_activation is %d; allowed are 0 (identity) to 8 (softplus)", (int)c->output_activation);
  if (!located && c->output_activation != VAE_ACTIVATION_IDENTITY)
    return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT, "output_activation is %s; a %s likelihood allows identity only",
                     vaei_activation_name(c->output_activation), vaei_likelihood_name(c->likelihood));
  if (!vaei_sigma_kind_name(c->sigma_kind))
    return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT, "sigma_kind is %d; allowed are 0 (fixed) to 2 (per_output)",
                     (int)c->sigma_kind);
  if (!scaled && c->sigma_kind != VAE_SIGMA_FIXED)
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

/* What a mixture or VampPrior has and takes. */
static vae_status check_components(const vae_config *c, vae_error *err) {
  const bool mixes = c->prior == VAE_PRIOR_MIXTURE || c->prior == VAE_PRIOR_VAMP;
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

/* What a conditional prior has and needs. */
static vae_status check_prior_net(const vae_config *c, vae_error *err) {
  if (c->prior == VAE_PRIOR_CONDITIONAL && !c->condition_dim)
    return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT, "prior is %s, but condition_dim is 0; it needs a condition",
                     vaei_prior_name(c->prior));
  if (c->prior != VAE_PRIOR_CONDITIONAL && c->prior_net_count)
    return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT, "prior_net has %u layers; a %s prior has no net",
                     c->prior_net_count, vaei_prior_name(c->prior));
  return check_stack("prior_net", c->prior_net, c->prior_net_count, err);
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
  status = check_prior_net(c, err);
  if (status == VAE_OK) status = check_components(c, err);
  if (status != VAE_OK) return status;
  if (!vaei_likelihood_name(c->likelihood))
    return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT, "likelihood is %d; allowed are 0 (bernoulli) to 8 (student_t)",
                     (int)c->likelihood);
  status = check_location(c, err);
  return status == VAE_OK ? check_groups(c, err) : status;
}
