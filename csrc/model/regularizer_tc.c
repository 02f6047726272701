/* Total correlation by minibatch-weighted sampling (Chen, Li, Grosse & Duvenaud 2018, section 4 and appendix C.1): with
 * log q(z) ≈ log( 1 / (N n) sum_j q(z|x_j) ), and each latent's likewise, R is the weight times
 *   1/n sum_i [ log q(z_i) - sum_k log q(z_ik) ].
 * N: rows of the data set. It moves R by (Z - 1) log(N n), and no gradient. */
#include "core/scalar.h"
#include "model/regularizer.h"

static const double log_two_pi = 1.8378770664093454836;

/* The distance between the arrays of one example in `among`. */
static size_t among_row(const vaei_coupling *c) { return c->z_row + VAEI_VECTOR; }

static void lay_out(vaei_coupling *c) {
  const size_t latents = c->latents, n = c->most;
  c->precision = vaei_arena_take(&c->arena, latents * c->row, sizeof(float));
  c->constant = vaei_arena_take(&c->arena, latents * c->row, sizeof(float));
  c->log_sum = vaei_arena_take(&c->arena, (latents + 1) * c->row, sizeof(float));
  c->among = vaei_arena_take(&c->arena, 4 * n * among_row(c), sizeof(float));
}

static vaei_neighbours neighbours_of(const vaei_coupling *c) {
  return (vaei_neighbours){.rows = c->rows,
                           .latents = c->latents,
                           .row = c->row,
                           .mean = c->mean,
                           .precision = c->precision,
                           .constant = c->constant};
}

static void prepare(vaei_coupling *c, vaei_member member) {
  const vaei_range share = vaei_team_share(member, c->latents);
  for (size_t k = share.begin; k < share.end; k++)
    for (size_t i = 0; i < vaei_coupling_padded(c); i++) {
      const size_t at = k * c->row + i;
      c->precision[at] = (float)vaei_exp(-(double)c->logvar[at]);
      c->constant[at] = (float)(-0.5 * ((double)c->logvar[at] + log_two_pi));
    }
}

/* Draw i: its logs of sums over j, its term of R, and the gradient by z, each log's -(slope weighted by its softmax). */
static void draw(vaei_coupling *c, size_t i) {
  const size_t latents = c->latents, row = among_row(c);
  const vaei_neighbours q = neighbours_of(c);
  float *first = c->among + 4 * i * row;
  vaei_draw_among among = {.largest = first, .sum = first + row, .own = first + 2 * row, .joint = first + 3 * row};
  c->kernels->draw_among(&q, c->z + i * c->z_row, &among);
  double value = 0;
  for (size_t k = 0; k <= latents; k++) {
    const double log_sum = (double)among.largest[k] + vaei_log(among.sum[k]);
    c->log_sum[k * c->row + i] = (float)log_sum;
    value += k < latents ? -log_sum : log_sum;
  }
  c->row_value[i] = value;
  const float weight = (float)(c->objective.regularizer_weight / c->rows);
  for (size_t k = 0; c->gradients && k < latents; k++)
    vaei_coupling_dz(c, i)[k] += weight * (among.own[k] / among.sum[k] - among.joint[k] / among.sum[latents]);
}

static void run(vaei_coupling *c, vaei_member member) {
  const vaei_range share = vaei_team_share(member, c->rows);
  prepare(c, member);
  vaei_team_barrier(member);
  for (size_t i = share.begin; i < share.end; i++) draw(c, i);
  if (!c->gradients) return;
  vaei_team_barrier(member);
  const vaei_neighbours q = neighbours_of(c);
  const float weight = (float)(c->objective.regularizer_weight / c->rows);
  for (size_t j = share.begin; j < share.end; j++) {
    float *dmean = vaei_coupling_dmean(c, j), *dlogvar = vaei_coupling_dlogvar(c, j);
    c->kernels->posterior_among(&q, j, c->by_latent, c->log_sum, dmean, dlogvar); /* on zeros */
    for (size_t k = 0; k < c->latents; k++) {
      dmean[k] *= weight;
      dlogvar[k] *= weight;
    }
  }
}

static double value(const vaei_coupling *c) {
  const double all = vaei_log((double)c->objective.data_rows) + vaei_log(c->rows);
  const double mean = vaei_regularizer_sum_rows(c) / c->rows + ((double)c->latents - 1.0) * all;
  return c->objective.regularizer_weight * mean;
}

const vaei_regularizer_kind vaei_regularizer_tc = {lay_out, run, value};
