/* The latent variables: q(z|x) and its divergence from the prior, z, and the way back from z to q. */
#include "model/latent.h"

#include <string.h>

#include "model/condition.h"
#include "model/mixed.h"

void vaei_latent_posterior(vaei_pass *pass, const vaei_crew *crew) {
  const size_t latents = pass->model->config.latent_dim;
  const vaei_range share = vaei_crew_share(crew, 1);
  for (size_t i = share.begin; i < share.end; i++) {
    if (!pass->size.gradients &&
        !pass->kernels->all_below(vaei_posterior_mean(pass, i), 1, 2 * latents, 0, __builtin_inff()))
      atomic_store_explicit(&pass->not_finite, 1, memory_order_relaxed);
    pass->kl[i] = pass->prior->posterior(pass, i);
  }
  /* With one sample an example, those who read this now are those who wrote it. */
  if (pass->objective.samples > 1) vaei_team_barrier(crew->member);
}

void vaei_pass_latent(vaei_pass *pass, vaei_member member) {
  const size_t latents = pass->model->config.latent_dim, samples = pass->part.samples;
  const size_t inputs = latents + pass->model->config.condition_dim;
  const vaei_crew crew = vaei_decoder_crew(pass, member);
  const vaei_range share = vaei_crew_share(&crew, samples);
  const size_t all = (size_t)pass->rows * pass->objective.samples;
  const float row_weight = vaei_pass_weighs_samples(pass) ? 1.0f : 1.0f / (float)all;
  for (size_t r = share.begin; r < share.end; r++) {
    const size_t i = pass->part.example + r / samples;
    pass->row_weight[r] = row_weight;
    pass->log_ratio[r] = pass->prior->draw(pass, r, i);
    vaei_condition_join(pass, i, pass->z + r * pass->z_row, latents);
    if (pass->divergence) pass->divergence[r] = -pass->log_ratio[r];
    if (pass->size.gradients) vaei_pass_note_large(pass, pass->z + r * pass->z_row, 1, latents, latents);
  }
  if (pass->mixed.kernels) vaei_mixed_pack_rows(pass, &pass->mixed.z, share, pass->z, pass->z_row, inputs);
  vaei_team_barrier(crew.member);
}

/* A sample's share of the doubly reparameterised gradient, Tucker et al. 2019, eq. 8: the square of its normalised weight w times
 * d log( p(x, z) / q(z|x) ) / dz along the path, with q's parameters held in the density. With `path` the plain gradients
 * of -log p(x, z), weighted by w / n, and d(-log q) / dz = noise / deviation. The prior's own gradients keep the plain weight. */
static void doubly_reparameterized(vaei_pass *pass, size_t r, size_t i, float *dmean, float *dlogvar) {
  const size_t latents = pass->model->config.latent_dim, row = pass->latent_row;
  float *path_mean = pass->path + 2 * i * row, *path_logvar = path_mean + row;
  const float *noise = pass->noise + r * row, *deviation = pass->deviation + i * row;
  const float share = pass->row_weight[r], weight = share * (float)pass->rows;
  memset(path_mean, 0, 2 * row * sizeof(float));
  pass->prior->draw_backward(pass, r, i, share, path_mean, path_logvar);
  for (size_t k = 0; k < latents; k++) {
    dmean[k] += weight * (path_mean[k] - share * noise[k] / deviation[k]);
    dlogvar[k] += weight * (path_logvar[k] - 0.5f * share * noise[k] * noise[k]);
  }
}

/* Back through z = mean + deviation noise and the divergence. Per example, over the part's samples of it; d loss / d z carries
 * the samples' weights already.
 *  ELBO: beta / n dKL, and what couples the examples. Where the KL is estimated that is the same as below, with w_k = beta / K.
 *  IWAE: -1/n sum_k w_k d(log p(z_k) - log q(z_k|x)), where log q along the path is -logvar / 2 - noise^2 / 2: so
 *  -w_k dlog p(z_k) / dz through the path, and -1 / (2 n) for logvar itself; or as above. */
void vaei_latent_backward(vaei_pass *pass, const vaei_crew *crew) {
  const vaei_part *part = &pass->part;
  const vaei_prior *prior = pass->prior;
  const vaei_activations *head = &pass->layers[pass->model->head];
  const size_t latents = pass->model->config.latent_dim, n = pass->rows;
  const bool weighted = pass->objective.kind == VAE_OBJECTIVE_IWAE;
  const double weight = (weighted ? 1.0 : pass->objective.beta) / (double)n; /* of an example's divergence */
  const bool closed = prior->closed_form && !weighted;
  const vaei_coupling *coupling = pass->coupled ? &pass->coupling : NULL;
  const float kl_weight = !closed ? 0.0f : coupling ? coupling->kl_weight : (float)weight;
  const bool doubly = pass->objective.estimator == VAE_ESTIMATOR_DOUBLY_REPARAMETERIZED;
  const float constant = closed || doubly ? 0.0f : (float)(-0.5 * weight);
  const float draw_weight = closed ? 0.0f : (float)(weight / pass->objective.samples);
  const vaei_range share = vaei_crew_share(crew, 1);
  for (size_t j = share.begin; j < share.end; j++) {
    const size_t i = part->example + j;
    float *dmean = head->dy + i * head->row, *dlogvar = dmean + latents;
    if (part->sample == 0) memset(dmean, 0, head->row * sizeof(float));
    for (size_t r = j * part->samples; r < (j + 1) * part->samples; r++)
      if (doubly) doubly_reparameterized(pass, r, i, dmean, dlogvar);
      else prior->draw_backward(pass, r, i, weighted ? pass->row_weight[r] : draw_weight, dmean, dlogvar);
    if (part->sample + part->samples < pass->objective.samples) continue;
    if (coupling) vaei_coupling_add_gradients(coupling, i, dmean, dlogvar);
    prior->posterior_backward(pass, i, kl_weight, constant, dmean, dlogvar);
    vaei_pass_note_large(pass, dmean, 1, 2 * latents, head->row);
  }
  vaei_team_barrier(crew->member);
}
