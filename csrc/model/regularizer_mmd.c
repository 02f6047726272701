/* The squared maximum mean discrepancy between the batch's z and as many draws p from the prior (Gretton et al. 2012, eq. 3, as
 * Tolstikhin et al. 2018, algorithm 2, take it: without the pairs of a draw with itself, so that it is unbiased, and may be
 * below 0). R is the weight times
 *   1/(n (n - 1)) sum_(i != j) [ k(z_i, z_j) + k(p_i, p_j) ] - 2/n^2 sum_(i, j) k(z_i, p_j)
 * with k(a, b) = exp(-|a - b|^2 / s), or s / (s + |a - b|^2). */
#include "model/regularizer.h"

static void lay_out(vaei_coupling *c) {
  c->prior = vaei_arena_take(&c->arena, c->most * c->z_row, sizeof(float));
  c->prior_by_latent = vaei_arena_take(&c->arena, c->latents * c->row, sizeof(float));
}

static double scale_of(const vaei_coupling *c) {
  return c->objective.kernel_scale > 0 ? c->objective.kernel_scale : 2.0 * c->latents;
}

/* Row i's share of R, and the gradient by z_i, which meets each pair of z twice. */
static void row(vaei_coupling *c, size_t i, const vaei_kernel_sum *among_z, const vaei_kernel_sum *among_prior) {
  const double n = c->rows, pairs = n * (n - 1.0), w = c->objective.regularizer_weight;
  const float *z = c->z + i * c->z_row;
  float *dz = c->gradients ? vaei_coupling_dz(c, i) : NULL;
  const double alike = c->kernels->kernel_sum(among_z, z, dz);
  const float slope = (float)(4.0 * w / (n * n) / scale_of(c)), ratio = (float)(-n / (n - 1.0));
  for (size_t k = 0; dz && k < c->latents; k++) dz[k] *= ratio;
  const double across = c->kernels->kernel_sum(among_prior, z, dz);
  for (size_t k = 0; dz && k < c->latents; k++) dz[k] *= slope;
  const double prior = c->kernels->kernel_sum(among_prior, c->prior + i * c->z_row, NULL);
  c->row_value[i] = w * ((alike - 1.0 + prior - 1.0) / pairs - 2.0 * across / (n * n));
}

static void run(vaei_coupling *c, vaei_member member) {
  vaei_regularizer_draw_prior(c, member);
  vaei_team_barrier(member);
  vaei_kernel_sum among_z = {.rows = c->rows,
                             .latents = c->latents,
                             .row = c->row,
                             .y = c->by_latent,
                             .scale = (float)scale_of(c),
                             .inverse = c->objective.regularizer == VAE_REGULARIZER_MMD_IMQ};
  vaei_kernel_sum among_prior = among_z;
  among_prior.y = c->prior_by_latent;
  const vaei_range share = vaei_team_share(member, c->rows);
  for (size_t i = share.begin; i < share.end; i++) row(c, i, &among_z, &among_prior);
}

const vaei_regularizer_kind vaei_regularizer_mmd = {lay_out, run, vaei_regularizer_sum_rows};
