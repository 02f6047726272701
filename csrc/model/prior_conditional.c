/* p(z|c), a diagonal Gaussian N(m, s^2) whose mean and log-variance a net of its own gives for c (Sohn, Lee & Yan 2015, eqs. 8
 * and 9).
 *
 * Seen in units of the prior, u = (z - m) / s, it is the standard normal, and q is another Gaussian with the mean
 * (mean - m) / s, the deviation deviation / s and logvar - 2 log s. Densities of the two are compared there, by the standard
 * prior's kernels:
 *   KL(q, p) = sum (deviation^2 + mean^2 - 1 - logvar) / 2,   log p(z|c) - log q(z|x, c) = sum (noise^2 + logvar - u^2) / 2.
 * Gradients go on by the chain rule: with g = d loss / d u, g / s for z and -g / s for m; for the prior's log-variance
 * -g u / 2, and that of log s itself: weight / 2. */
#include <string.h>

#include "core/scalar.h"
#include "model/layer_product.h"
#include "model/layout.h"
#include "model/mixed.h"
#include "model/prior.h"

/* Latents that are worked on at a time, in memory on the stack. */
enum { PIECE = 128 };

static vaei_prior_size size_of(const vae_config *c) {
  uint64_t values = 0, inputs = c->condition_dim;
  for (uint32_t i = 0; i < c->prior_net_count; i++) {
    const uint64_t units = vaei_layer_at(c->prior_net, i).units;
    values += (inputs + 1) * units;
    inputs = units;
  }
  return (vaei_prior_size){.layers = c->prior_net_count + 1,
                           .tensors = 2 * (c->prior_net_count + 2),
                           .values = values + (inputs + 1) * 2 * c->latent_dim};
}

static void lay_out(vae_model *model) {
  const vae_config *c = &model->config;
  const vaei_layer_plan first = {.inputs = c->condition_dim, .rows = VAEI_ROWS_EXAMPLES, .source = VAEI_SOURCE_C};
  const uint32_t width = vaei_layout_stack(model, "prior", c->prior_net, c->prior_net_count, &first);
  const uint32_t head = vaei_layout_last(model, &first, c->prior_net_count, width, VAEI_LAYER_HEAD, 2 * c->latent_dim,
                                         VAE_ACTIVATION_IDENTITY);
  vaei_layout_names(model, "prior.mean", head, 0, c->latent_dim);
  vaei_layout_names(model, "prior.logvar", head, c->latent_dim, c->latent_dim);
}

/* Example i's p(z|c): its mean, with logvar latent_dim behind. */
static float *mean_of(const vaei_pass *pass, size_t i) {
  const vaei_activations *head = &pass->layers[vaei_prior_head(pass->model)];
  return head->y + i * head->row;
}

/* The gradient of that. */
static float *gradient_of(const vaei_pass *pass, size_t i) {
  const vaei_activations *head = &pass->layers[vaei_prior_head(pass->model)];
  return head->dy + i * head->row;
}

/* The net's outputs, logvar clamped; and 1 / s. */
static void forward(vaei_pass *pass, const vaei_crew *crew) {
  const size_t latents = pass->model->config.latent_dim;
  const vaei_range share = vaei_crew_share(crew, 1);
  for (uint32_t l = pass->model->output_end; l <= vaei_prior_head(pass->model); l++) vaei_layer_forward(pass, crew, l);
  for (size_t i = share.begin; i < share.end; i++) {
    float *mean = mean_of(pass, i), *logvar = mean + latents, *inverse = pass->given.inverse + i * pass->latent_row;
    const float sum =
        pass->kernels->normal_posterior(latents, mean, logvar, inverse, pass->given.inside + i * pass->latent_row);
    for (size_t k = 0; k < latents; k++) inverse[k] = 1.0f / inverse[k];
    if (!vaei_is_finite(sum))
      *logvar = *inverse = __builtin_nanf(""); /* an infinite logvar was clamped, which must show */
  }
  vaei_team_barrier(crew->member);
}

static void backward(vaei_pass *pass, const vaei_crew *crew) {
  const uint32_t head = vaei_prior_head(pass->model);
  if (pass->mixed.kernels) {
    const vaei_activations *out = &pass->layers[head];
    vaei_mixed_pack_rows(pass, &pass->mixed.layers[head].dy, vaei_crew_share(crew, 1), out->dy, out->row,
                         pass->model->dense[head].units);
    vaei_team_barrier(crew->member);
  }
  for (uint32_t l = head; l > pass->model->output_end; l--) vaei_layer_backward(pass, crew, l);
}

/* Example i's q in units of the prior. */
static void take_units(vaei_pass *pass, size_t i) {
  const size_t latents = pass->model->config.latent_dim, at = i * pass->latent_row;
  const float *q = vaei_posterior_mean(pass, i), *p = mean_of(pass, i), *inverse = pass->given.inverse + at;
  for (size_t k = 0; k < latents; k++) {
    pass->given.mean[at + k] = (q[k] - p[k]) * inverse[k];
    pass->given.logvar[at + k] = q[latents + k] - p[latents + k];
    pass->given.deviation[at + k] = pass->deviation[at + k] * inverse[k];
  }
}

static double latent_kl(const vaei_pass *pass, size_t i, size_t k) {
  const size_t at = i * pass->latent_row + k;
  const double mean = pass->given.mean[at], logvar = pass->given.logvar[at], deviation = pass->given.deviation[at];
  return 0.5 * (deviation * deviation + mean * mean - 1.0 - logvar);
}

static double posterior(vaei_pass *pass, size_t i) {
  const size_t latents = pass->model->config.latent_dim, at = i * pass->latent_row;
  float *mean = vaei_posterior_mean(pass, i);
  const double standard =
      (double)pass->kernels->normal_posterior(latents, mean, mean + latents, pass->deviation + at, pass->inside + at);
  double sum = standard - standard; /* NaN where q is not finite, though it has been clamped */
  take_units(pass, i);
  for (size_t k = 0; k < latents; k++) sum += latent_kl(pass, i, k);
  return sum;
}

static double draw(vaei_pass *pass, size_t r, size_t i) {
  const size_t latents = pass->model->config.latent_dim, at = i * pass->latent_row;
  const float *q = vaei_posterior_mean(pass, i), *noise = pass->noise + r * pass->latent_row;
  double sum = 0;
  pass->kernels->normal_draw(latents, q, q + latents, pass->deviation + at, noise, pass->z + r * pass->z_row);
  for (size_t first = 0; first < latents; first += PIECE) {
    const size_t count = latents - first < PIECE ? latents - first : PIECE;
    float u[PIECE];
    sum += (double)pass->kernels->normal_draw(count, pass->given.mean + at + first, pass->given.logvar + at + first,
                                              pass->given.deviation + at + first, noise + first, u);
  }
  return sum;
}

/* d(-log p(z|c)) / dz = u / s, by m -u / s, by the log-variance (1 - u^2) / 2. */
static void draw_backward(vaei_pass *pass, size_t r, size_t i, float weight, float *dmean, float *dlogvar) {
  const size_t latents = pass->model->config.latent_dim, at = i * pass->latent_row;
  const float *z = pass->z + r * pass->z_row, *m = mean_of(pass, i), *inverse = pass->given.inverse + at;
  float *dm = gradient_of(pass, i), *dv = dm + latents;
  const float *dz = pass->dz + r * pass->latent_row, *noise = pass->noise + r * pass->latent_row;
  if (pass->part.sample == 0 && r % pass->part.samples == 0)
    memset(dm, 0, pass->layers[vaei_prior_head(pass->model)].row * sizeof *dm);
  if (weight == 0) pass->kernels->normal_draw_backward(latents, dz, z, 0, pass->deviation + at, noise, dmean, dlogvar);
  for (size_t first = 0; weight != 0 && first < latents; first += PIECE) {
    const size_t count = latents - first < PIECE ? latents - first : PIECE;
    float slope[PIECE];
    for (size_t j = 0; j < count; j++) {
      const size_t k = first + j;
      const float u = (z[k] - m[k]) * inverse[k];
      slope[j] = u * inverse[k];
      dm[k] -= weight * slope[j];
      dv[k] += 0.5f * weight * (1.0f - u * u);
    }
    pass->kernels->normal_draw_backward(count, dz + first, slope, weight, pass->deviation + at + first, noise + first,
                                        dmean + first, dlogvar + first);
  }
}

/* The KL's gradients: (mean - m) / s^2 for q's mean and its negative for m; for logvar (deviation^2 / s^2 - 1) / 2, for the
 * prior's log-variance (1 - (deviation^2 + (mean - m)^2) / s^2) / 2. */
static void posterior_backward(vaei_pass *pass, size_t i, float weight, float constant, float *dmean, float *dlogvar) {
  const size_t latents = pass->model->config.latent_dim, at = i * pass->latent_row;
  const float *mean = pass->given.mean + at, *deviation = pass->given.deviation + at;
  const float *inverse = pass->given.inverse + at, *inside = pass->given.inside + at;
  float *dm = gradient_of(pass, i), *dv = dm + latents;
  for (size_t first = 0; first < latents; first += PIECE) {
    const size_t count = latents - first < PIECE ? latents - first : PIECE;
    float slope[PIECE];
    for (size_t j = 0; j < count; j++) {
      const size_t k = first + j;
      slope[j] = mean[k] * inverse[k];
      dm[k] -= weight * slope[j];
      dv[k] += 0.5f * weight * (1.0f - deviation[k] * deviation[k] - mean[k] * mean[k]);
      dv[k] *= inside[k];
    }
    pass->kernels->normal_posterior_backward(count, slope, deviation + first, pass->inside + at + first, weight,
                                             constant, dmean + first, dlogvar + first);
  }
  vaei_pass_note_large(pass, dm, 1, 2 * latents, 2 * latents);
}

static void sample(vaei_pass *pass, const vaei_stream *stream, const vaei_draws *draws, size_t begin, size_t end) {
  const size_t latents = pass->model->config.latent_dim;
  pass->kernels->normals(stream, draws, begin, end, latents, pass->z, pass->z_row);
  for (size_t r = begin; r < end; r++) {
    float *z = pass->z + r * pass->z_row;
    const float *m = mean_of(pass, r), *inverse = pass->given.inverse + r * pass->latent_row;
    for (size_t k = 0; k < latents; k++) z[k] = m[k] + z[k] / inverse[k];
  }
}

const vaei_prior vaei_prior_conditional = {.closed_form = true,
                                           .size = size_of,
                                           .lay_out = lay_out,
                                           .forward = forward,
                                           .backward = backward,
                                           .posterior = posterior,
                                           .latent_kl = latent_kl,
                                           .draw = draw,
                                           .draw_backward = draw_backward,
                                           .posterior_backward = posterior_backward,
                                           .sample = sample};
