/* A mixture of K Gaussians with learned weights, means and variances. components.h has the formulas.
 *
 * The layer of the means has the components as units and the latents as inputs, and the logits as biases: so panels of the block
 * are the panels of the tables. A second layer has the log variances, its biases unused and zero. */
#include "core/scalar.h"
#include "model/layout.h"
#include "model/prior.h"

static uint32_t mean_layer(const vae_model *model) { return model->output_end; }

static vaei_prior_size size(const vae_config *config) {
  const uint64_t count = config->prior_components;
  return (vaei_prior_size){.layers = 2, .tensors = 3, .values = count * (2 * (uint64_t)config->latent_dim + 1)};
}

static void lay_out(vae_model *model) {
  const vae_config *config = &model->config;
  const vaei_layer_plan plan = {
      .inputs = config->latent_dim, .units = config->prior_components, .kind = VAEI_LAYER_OWN, .rows = VAEI_ROWS_NONE};
  const uint32_t mean = vaei_layout_dense(model, &plan), logvar = vaei_layout_dense(model, &plan);
  vaei_layout_vector(model, "prior.mixture.logits", mean, 0, config->prior_components);
  vaei_layout_table(model, "prior.mixture.mean", mean);
  vaei_layout_table(model, "prior.mixture.logvar", logvar);
}

/* Means from N(0, 1), spread as the standard prior's draws; variances 1; equal weights. */
static void init(vae_model *model, uint64_t seed) {
  vaei_prior_init_table(model, vaei_parameter_find(model, "prior.mixture.mean"), seed, 0.0f, 1.0f);
}

static void lay_out_pass(vaei_pass *pass) {
  vaei_components *c = &pass->components;
  const vaei_dense *mean = &pass->model->dense[mean_layer(pass->model)];
  vaei_components_lay_out(pass);
  if (!pass->own) return; /* it is planned only, or there are no gradients */
  c->d_panel = ((size_t)mean->inputs + 1) * VAEI_VECTOR;
  c->d_mean = pass->own;
  c->d_logvar = pass->own + mean->size;
}

/* log softmax of the logits. */
static void log_weights(const vae_model *model, double *log_weight) {
  const uint32_t layer = mean_layer(model), count = model->config.prior_components;
  double most = -__builtin_inf(), sum = 0;
  for (uint32_t k = 0; k < count; k++) {
    log_weight[k] = (double)vaei_prior_value(model, layer, model->dense[layer].inputs, k);
    if (log_weight[k] > most) most = log_weight[k];
  }
  for (uint32_t k = 0; k < count; k++) sum += vaei_exp(log_weight[k] - most);
  const double log_sum = vaei_log(sum);
  for (uint32_t k = 0; k < count; k++)
    log_weight[k] = log_weight[k] - most - log_sum; /* in this order: most may be large */
}

static void prepare(vaei_pass *pass, vaei_member member) {
  const vae_model *model = pass->model;
  vaei_components *c = &pass->components;
  const uint32_t layer = mean_layer(model);
  const size_t latents = model->config.latent_dim;
  const vaei_range panels = vaei_team_share(member, c->panels);
  double log_weight[VAE_MAX_COMPONENTS];
  vaei_team_barrier(member);
  log_weights(model, log_weight);
  for (size_t p = panels.begin; p < panels.end; p++)
    for (size_t j = 0; j < latents; j++)
      for (size_t lane = 0, k = p * VAEI_VECTOR; lane < VAEI_VECTOR && k < c->count; lane++, k++) {
        const size_t at = (p * latents + j) * VAEI_VECTOR + lane;
        c->mean[at] = vaei_prior_value(model, layer, j, (uint32_t)k);
        c->logvar[at] = vaei_prior_value(model, layer + 1, j, (uint32_t)k);
      }
  vaei_components_tables(pass, panels, log_weight);
  if (member.rank == 0) vaei_components_weights(pass, log_weight);
  vaei_team_barrier(member);
}

/* The tables' gradients, and that of the logits behind each panel's means. */
static void collect(vaei_pass *pass, vaei_member member) {
  const vaei_components *c = &pass->components;
  const size_t latents = pass->model->config.latent_dim, rows = (size_t)pass->part.examples * pass->part.samples;
  const vaei_range panels = vaei_team_share(member, c->panels);
  vaei_components_collect(pass, member);
  for (size_t p = panels.begin; p < panels.end; p++) {
    float *d_logit = c->d_mean + p * c->d_panel + latents * VAEI_VECTOR;
    const float *share = c->share + p * VAEI_VECTOR, *weight = c->weight + p * VAEI_VECTOR;
    for (size_t r = 0; r < rows; r++, share += c->share_row)
      for (size_t lane = 0; lane < VAEI_VECTOR; lane++) d_logit[lane] += c->row_weight[r] * weight[lane] - share[lane];
  }
}

const vaei_prior vaei_prior_mixture = {.size = size,
                                       .lay_out = lay_out,
                                       .init = init,
                                       .lay_out_pass = lay_out_pass,
                                       .prepare = prepare,
                                       .posterior = vaei_components_posterior,
                                       .draw = vaei_components_draw,
                                       .draw_backward = vaei_components_draw_backward,
                                       .posterior_backward = vaei_components_posterior_backward,
                                       .collect = collect,
                                       .sample = vaei_components_sample};
