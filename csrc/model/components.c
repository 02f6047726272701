#include "model/components.h"

#include <string.h>

#include "core/random.h"
#include "core/scalar.h"
#include "model/prior.h"

void vaei_components_lay_out(vaei_pass *pass) {
  vaei_components *c = &pass->components;
  vaei_arena *arena = &pass->arena;
  c->count = pass->model->config.prior_components;
  c->panels = (c->count + VAEI_VECTOR - 1) / VAEI_VECTOR;
  const size_t latents = pass->model->config.latent_dim, lanes = (size_t)c->panels * VAEI_VECTOR;
  const size_t draws = pass->max_draws;
  c->mean = vaei_arena_take(arena, lanes * latents, sizeof(float));
  c->logvar = vaei_arena_take(arena, lanes * latents, sizeof(float));
  c->precision = vaei_arena_take(arena, lanes * latents, sizeof(float));
  c->half_inside = vaei_arena_take(arena, lanes * latents, sizeof(float));
  c->constant = vaei_arena_take(arena, lanes, sizeof(float));
  c->weight = vaei_arena_take(arena, lanes, sizeof(float));
  c->cumulative = vaei_arena_take(arena, c->count, sizeof(double));
  if (!pass->size.gradients) return;
  c->share_row = ((size_t)c->panels | 1) * VAEI_VECTOR;
  c->share = vaei_arena_take(arena, draws * c->share_row, sizeof(float));
  c->score = vaei_arena_take(arena, draws * pass->latent_row, sizeof(float));
  c->row_weight = vaei_arena_take(arena, draws, sizeof(float));
}

void vaei_components_tables(vaei_pass *pass, vaei_range panels, const double *log_weight) {
  vaei_components *c = &pass->components;
  const size_t latents = pass->model->config.latent_dim, panel = latents * VAEI_VECTOR;
  for (size_t p = panels.begin; p < panels.end; p++) {
    float log_volume[VAEI_VECTOR];
    pass->kernels->gaussian_table(latents, c->logvar + p * panel, c->precision + p * panel, c->half_inside + p * panel,
                                  log_volume);
    for (size_t lane = 0, k = p * VAEI_VECTOR; lane < VAEI_VECTOR; lane++, k++)
      c->constant[k] = k < c->count ? (float)(log_weight[k] - (double)log_volume[lane]) : 0.0f;
  }
}

void vaei_components_weights(vaei_pass *pass, const double *log_weight) {
  vaei_components *c = &pass->components;
  double sum = 0;
  for (size_t k = 0; k < c->count; k++) {
    const double weight = vaei_exp(log_weight[k]);
    c->weight[k] = (float)weight;
    c->cumulative[k] = sum += weight;
  }
}

double vaei_components_posterior(vaei_pass *pass, size_t i) {
  const size_t latents = pass->model->config.latent_dim, at = i * pass->latent_row;
  float *mean = vaei_posterior_mean(pass, i);
  const double kl =
      (double)pass->kernels->normal_posterior(latents, mean, mean + latents, pass->deviation + at, pass->inside + at);
  return kl - kl; /* NaN where q is not finite */
}

double vaei_components_draw(vaei_pass *pass, size_t r, size_t i) {
  const vaei_components *c = &pass->components;
  const size_t latents = pass->model->config.latent_dim;
  const float *mean = vaei_posterior_mean(pass, i);
  float *z = pass->z + r * pass->z_row, scratch[VAE_MAX_COMPONENTS];
  const vaei_gaussians gaussians = {
      .count = c->count, .latents = latents, .mean = c->mean, .precision = c->precision, .constant = c->constant};
  const float minus_log_q = pass->kernels->normal_sample(
      latents, mean, mean + latents, pass->deviation + i * pass->latent_row, pass->noise + r * pass->latent_row, z);
  float *share = pass->size.gradients ? c->share + r * c->share_row : scratch;
  const double log_p = pass->kernels->mixture_density(&gaussians, z, share);
  if (pass->size.gradients) pass->kernels->mixture_score(&gaussians, z, share, c->score + r * pass->latent_row);
  return log_p + (double)minus_log_q;
}

void vaei_components_draw_backward(vaei_pass *pass, size_t r, size_t i, float weight, float *dmean, float *dlogvar) {
  const vaei_components *c = &pass->components;
  c->row_weight[r] = weight;
  pass->kernels->scale_rows(1, (size_t)c->panels * VAEI_VECTOR, &weight, c->share + r * c->share_row, 0);
  pass->kernels->normal_draw_backward(pass->model->config.latent_dim, pass->dz + r * pass->latent_row,
                                      c->score + r * pass->latent_row, weight, pass->deviation + i * pass->latent_row,
                                      pass->noise + r * pass->latent_row, dmean, dlogvar);
}

void vaei_components_posterior_backward(vaei_pass *pass, size_t i, float weight, float constant, float *dmean,
                                        float *dlogvar) {
  const size_t at = i * pass->latent_row;
  pass->kernels->normal_posterior_backward(pass->model->config.latent_dim, vaei_posterior_mean(pass, i),
                                           pass->deviation + at, pass->inside + at, weight, constant, dmean, dlogvar);
}

/* The first component whose cumulative weight is over u in [0, 1). */
static size_t component_at(const vaei_components *c, double u) {
  const double place = u * c->cumulative[c->count - 1];
  size_t low = 0, high = c->count - 1;
  while (low < high) {
    const size_t middle = (low + high) / 2;
    if (c->cumulative[middle] > place) high = middle;
    else low = middle + 1;
  }
  return low;
}

void vaei_components_sample(vaei_pass *pass, const vaei_stream *stream, const vaei_draws *draws, size_t begin,
                            size_t end) {
  const vaei_components *c = &pass->components;
  const size_t latents = pass->model->config.latent_dim;
  const double all = c->cumulative[c->count - 1];
  pass->kernels->normals(stream, draws, begin, end, latents, pass->z, pass->z_row);
  for (size_t r = begin; r < end; r++) {
    const double u = (double)vaei_uniform(stream->seed, VAEI_STREAM_COMPONENT, 0, draws->example + r);
    const size_t k = component_at(c, u), first = k / VAEI_VECTOR * latents * VAEI_VECTOR + k % VAEI_VECTOR;
    float *z = pass->z + r * pass->z_row;
    for (size_t j = 0; j < latents; j++) {
      const size_t at = first + j * VAEI_VECTOR;
      z[j] = c->mean[at] + z[j] / (float)vaei_sqrt((double)c->precision[at]);
      if (!vaei_is_finite(all)) z[j] = __builtin_nanf(""); /* no component can be told from another */
    }
  }
}

void vaei_components_collect(vaei_pass *pass, vaei_member member) {
  const vaei_components *c = &pass->components;
  const size_t latents = pass->model->config.latent_dim, floats = latents * VAEI_VECTOR;
  const size_t rows = (size_t)pass->part.examples * pass->part.samples;
  const vaei_range panels = vaei_team_share(member, c->panels);
  vaei_team_barrier(member);
  for (size_t p = panels.begin; p < panels.end; p++) {
    const vaei_gaussian_panel panel = {.latents = latents,
                                       .mean = c->mean + p * floats,
                                       .precision = c->precision + p * floats,
                                       .half_inside = c->half_inside + p * floats,
                                       .d_mean = c->d_mean + p * c->d_panel,
                                       .d_logvar = c->d_logvar + p * c->d_panel};
    if (!pass->kept_part) memset(panel.d_mean, 0, c->d_panel * sizeof(float));
    if (!pass->kept_part) memset(panel.d_logvar, 0, c->d_panel * sizeof(float));
    pass->kernels->gaussian_gradient(&panel, rows, pass->z, pass->z_row, c->share + p * VAEI_VECTOR, c->share_row);
    vaei_pass_note_large(pass, panel.d_mean, 1, floats, floats);
    vaei_pass_note_large(pass, panel.d_logvar, 1, floats, floats);
  }
}
