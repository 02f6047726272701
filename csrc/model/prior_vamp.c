/* VampPrior (Tomczak & Welling: VAE with a VampPrior, AISTATS 2018, eq. 9): p(z) = 1/K sum_k q(z|u_k), a mixture whose components
 * the encoder makes of K learned pseudo-inputs u_k. components.h has the formulas of a mixture.
 *
 * The tensor prior.pseudo_inputs [K, D] holds what is learned; the encoder reads it clamped to the values that the likelihood
 * allows (the authors' hardtanh), and the gradient is zero where the clamp changed something. The pseudo-inputs are rows of an
 * encoder pass of their own, pass->pseudo. Its gradients begin the sums that the batch's rows go on with (update.c). */
#include "core/scalar.h"
#include "model/layer_product.h"
#include "model/layout.h"
#include "model/likelihood.h"
#include "model/mixed.h"
#include "model/prior.h"

static uint32_t own_layer(const vae_model *model) { return model->output_end; }

static vaei_prior_size size(const vae_config *config) {
  return (vaei_prior_size){.layers = 1, .tensors = 1, .values = (uint64_t)config->prior_components * config->input_dim};
}

static void lay_out(vae_model *model) {
  const vae_config *config = &model->config;
  const vaei_layer_plan plan = {
      .inputs = config->input_dim, .units = config->prior_components, .kind = VAEI_LAYER_OWN, .rows = VAEI_ROWS_NONE};
  vaei_layout_table(model, "prior.pseudo_inputs", vaei_layout_dense(model, &plan));
}

/* Within the data's range: around its middle where it is bounded, around 1 for counts, else N(0, 1). */
static void init(vae_model *model, uint64_t seed) {
  const vaei_support support = vaei_likelihood_of(&model->config)->support;
  const bool unit = support.low == 0.0f && support.high == 1.0f, counts = support.low == 0.0f && !unit;
  vaei_prior_init_table(model, vaei_parameter_find(model, "prior.pseudo_inputs"), seed,
                        unit     ? 0.5f
                        : counts ? 1.0f
                                 : 0.0f,
                        unit || counts ? 0.1f : 1.0f);
}

static void lay_out_pass(vaei_pass *pass) {
  vaei_components *c = &pass->components;
  const size_t latents = pass->model->config.latent_dim;
  vaei_components_lay_out(pass);
  pass->pseudo = vaei_arena_take(&pass->arena, 1, sizeof *pass->pseudo);
  if (!pass->size.gradients) return;
  c->d_panel = (latents + 1) * VAEI_VECTOR;
  c->d_mean = vaei_arena_take(&pass->arena, c->panels * c->d_panel, sizeof(float));
  c->d_logvar = vaei_arena_take(&pass->arena, c->panels * c->d_panel, sizeof(float));
}

static vae_status open_pseudo(vaei_pass *pass, vae_error *err) {
  const vaei_pass_size size = {
      .rows = pass->model->config.prior_components, .gradients = pass->size.gradients, .encoder_only = true};
  const vae_status status =
      vaei_pass_open(pass->pseudo, pass->model, pass->kernels, pass->mixed.kernels, &pass->arena.allocator, &size, err);
  if (status != VAE_OK) return status;
  vaei_pass *pseudo = pass->pseudo;
  pseudo->transposed = pass->transposed;
  for (uint32_t l = 0; pass->mixed.kernels && l < pass->model->dense_count; l++) {
    pseudo->mixed.layers[l].weights = pass->mixed.layers[l].weights;
    pseudo->mixed.layers[l].transposed = pass->mixed.layers[l].transposed;
  }
  return VAE_OK;
}

/* The pseudo-inputs as they are to be encoded: the member's rows of x. */
static void gather(vaei_pass *pseudo, vaei_member member) {
  const vae_model *model = pseudo->model;
  const vaei_support support = vaei_likelihood_of(&model->config)->support;
  const size_t columns = model->config.input_dim;
  const vaei_crew crew = vaei_encoder_crew(pseudo, member);
  const vaei_range share = vaei_crew_share(&crew, 1);
  for (size_t k = share.begin; k < share.end; k++) {
    float *x = pseudo->x + k * pseudo->x_row;
    for (size_t j = 0; j < columns; j++) {
      const float u = vaei_prior_value(model, own_layer(model), j, (uint32_t)k);
      x[j] = u < support.low ? support.low : u > support.high ? support.high : u;
    }
    if (pseudo->size.gradients) vaei_pass_note_large(pseudo, x, 1, columns, columns);
  }
  if (pseudo->mixed.kernels) vaei_mixed_pack_rows(pseudo, &pseudo->mixed.x, share, pseudo->x, pseudo->x_row, columns);
}

/* q(z|u_k) of some panels, from rows into tables. */
static void fill_tables(const vaei_pass *pass, vaei_range panels) {
  const vaei_components *c = &pass->components;
  const size_t latents = pass->model->config.latent_dim;
  for (size_t p = panels.begin; p < panels.end; p++)
    for (size_t lane = 0, k = p * VAEI_VECTOR; lane < VAEI_VECTOR && k < c->count; lane++, k++) {
      const float *mean = vaei_posterior_mean(pass->pseudo, k);
      for (size_t j = 0; j < latents; j++) {
        const size_t at = (p * latents + j) * VAEI_VECTOR + lane;
        c->mean[at] = mean[j];
        c->logvar[at] = mean[latents + j];
      }
    }
}

static void prepare(vaei_pass *pass, vaei_member member) {
  vaei_pass *pseudo = pass->pseudo;
  vaei_components *c = &pass->components;
  const vaei_range panels = vaei_team_share(member, c->panels);
  double log_weight[VAE_MAX_COMPONENTS];
  vaei_team_barrier(member);
  if (member.rank == 0) {
    pseudo->model = pass->model;
    pseudo->rows = c->count;
    pseudo->parts = 1;
    pseudo->objective = (vae_objective){.samples = 1};
    pseudo->part = (vaei_part){.examples = c->count, .samples = 1};
    atomic_store_explicit(&pseudo->not_finite, 0, memory_order_relaxed);
    atomic_store_explicit(&pseudo->large, 0, memory_order_relaxed);
  }
  vaei_team_barrier(member);
  gather(pseudo, member);
  vaei_pass_encode(pseudo, member);
  vaei_team_barrier(member);
  /* A q(z|u) that is not finite, which its KL shows, makes p(z) not a number. */
  for (size_t k = 0; k < c->count; k++) log_weight[k] = pseudo->kl[k] - vaei_log((double)c->count);
  fill_tables(pass, panels);
  vaei_components_tables(pass, panels, log_weight);
  if (member.rank == 0) vaei_components_weights(pass, log_weight);
  vaei_team_barrier(member);
}

/* The gradients of q(z|u_k), as the gradients of the encoder's head. */
static void take_gradients(const vaei_pass *pass, vaei_range panels) {
  const vaei_components *c = &pass->components;
  vaei_pass *pseudo = pass->pseudo;
  const vaei_activations *head = &pseudo->layers[pseudo->model->head];
  const size_t latents = pass->model->config.latent_dim;
  for (size_t p = panels.begin; p < panels.end; p++)
    for (size_t lane = 0, k = p * VAEI_VECTOR; lane < VAEI_VECTOR && k < c->count; lane++, k++) {
      const float *inside = pseudo->inside + k * pseudo->latent_row;
      float *dmean = head->dy + k * head->row, *dlogvar = dmean + latents;
      for (size_t j = 0; j < latents; j++) {
        dmean[j] = c->d_mean[p * c->d_panel + j * VAEI_VECTOR + lane];
        dlogvar[j] = c->d_logvar[p * c->d_panel + j * VAEI_VECTOR + lane] * inside[j];
      }
      vaei_pass_note_large(pseudo, dmean, 1, 2 * latents, head->row);
    }
}

/* A tile of the gradients of x of the pseudo-inputs, into the table's layout; 0 where the clamp changed a value. */
static void take_tile(vaei_pass *pass, const vaei_tile *tile, const float *dx) {
  const vae_model *model = pass->model;
  const vaei_support support = vaei_likelihood_of(&model->config)->support;
  const uint32_t layer = own_layer(model), columns = model->config.input_dim;
  const size_t panel = ((size_t)columns + 1) * VAEI_VECTOR;
  for (uint32_t k = tile->row; k < tile->row_end; k++) {
    float *to = pass->own + k / VAEI_VECTOR * panel + k % VAEI_VECTOR;
    for (uint32_t j = tile->panel * VAEI_VECTOR; j < tile->panel_end * VAEI_VECTOR && j < columns; j++) {
      const float u = vaei_prior_value(model, layer, j, k);
      const bool inside = u >= support.low && u <= support.high;
      const size_t at = (size_t)(k - tile->row) * VAEI_MAX_TILE_COLUMNS + (j - tile->panel * VAEI_VECTOR);
      to[(size_t)j * VAEI_VECTOR] = inside ? dx[at] : 0.0f;
    }
  }
}

static void finish(vaei_pass *pass, vaei_member member) {
  vaei_pass *pseudo = pass->pseudo;
  take_gradients(pass, vaei_team_share(member, pass->components.panels));
  vaei_team_barrier(member);
  vaei_pass_backward_encoder(pseudo, member);
  const vaei_range all = {0, pseudo->rows};
  const vaei_crew crew = {
      .member = member, .examples = all, .granule = pseudo->limits.granule, .team = member, .all = all};
  vaei_work work = vaei_crew_work(pseudo, &crew, 1, pass->model->dense[0].input_panels);
  for (vaei_tile tile; vaei_work_next(&work, &tile);) {
    float dx[VAEI_MAX_TILE_ROWS * VAEI_MAX_TILE_COLUMNS];
    vaei_layer_product_back(pseudo, 0, &tile, dx, VAEI_MAX_TILE_COLUMNS);
    vaei_pass_note_large(pseudo, dx, tile.row_end - tile.row, (size_t)(tile.panel_end - tile.panel) * VAEI_VECTOR,
                         VAEI_MAX_TILE_COLUMNS);
    take_tile(pass, &tile, dx);
  }
  if (atomic_load_explicit(&pseudo->large, memory_order_relaxed))
    atomic_store_explicit(&pass->large, 1, memory_order_relaxed);
  vaei_team_barrier(member);
}

const vaei_prior vaei_prior_vamp = {.size = size,
                                    .lay_out = lay_out,
                                    .init = init,
                                    .lay_out_pass = lay_out_pass,
                                    .open = open_pseudo,
                                    .prepare = prepare,
                                    .posterior = vaei_components_posterior,
                                    .draw = vaei_components_draw,
                                    .draw_backward = vaei_components_draw_backward,
                                    .posterior_backward = vaei_components_posterior_backward,
                                    .collect = vaei_components_collect,
                                    .finish = finish,
                                    .sample = vaei_components_sample};
