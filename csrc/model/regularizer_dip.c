/* Disentangled inferred prior (Kumar, Sattigeri & Balakrishnan 2018, eqs. 6 and 7): with the covariance C of the batch's means,
 * centred over the batch and divided by n, and in DIP-II with the mean variances of q added to its diagonal,
 *   R = regularizer_weight sum_(j != k) C_jk^2 + regularizer_diagonal sum_j (C_jj - 1)^2.
 * With c the centred means, d C_jk / d mean_ij = c_ik / n: the derivative through the mean over the batch sums to zero. */
#include "core/scalar.h"
#include "model/regularizer.h"

static void lay_out(vaei_coupling *c) {
  const size_t latents = c->latents;
  c->centred = vaei_arena_take(&c->arena, latents * c->row, sizeof(double));
  c->centre = vaei_arena_take(&c->arena, latents, sizeof(double));
  size_t square = 0;
  if (!vaei_multiply(latents, latents, &square)) c->arena.overflow = true;
  c->covariance = vaei_arena_take(&c->arena, square, sizeof(double));
}

static bool second(const vaei_coupling *c) { return c->objective.regularizer == VAE_REGULARIZER_DIP_II; }

/* Latent k: its centred means, and its mean variance where that counts. */
static void centre_latent(vaei_coupling *c, size_t k) {
  const float *mean = c->mean + k * c->row, *logvar = c->logvar + k * c->row;
  double *centred = c->centred + k * c->row, sum = 0, variance = 0;
  for (size_t i = 0; i < c->rows; i++) sum += mean[i];
  for (size_t i = 0; i < c->rows; i++) centred[i] = mean[i] - sum / c->rows;
  for (size_t i = 0; second(c) && i < c->rows; i++) variance += vaei_exp(logvar[i]);
  for (size_t i = c->rows; i < vaei_coupling_padded(c); i++) centred[i] = 0;
  c->centre[k] = variance / c->rows;
}

/* The sum of products of two padded columns: one running sum a lane, then the lanes in order. */
static double product(const double *a, const double *b, size_t padded) {
  double lanes[VAEI_VECTOR] = {0}, sum = 0;
  for (size_t i = 0; i < padded; i += VAEI_VECTOR)
    for (size_t lane = 0; lane < VAEI_VECTOR; lane++) lanes[lane] += a[i + lane] * b[i + lane];
  for (size_t lane = 0; lane < VAEI_VECTOR; lane++) sum += lanes[lane];
  return sum;
}

/* Row j of C. */
static void covariances(vaei_coupling *c, size_t j) {
  for (size_t k = 0; k < c->latents; k++) {
    const double sum = product(c->centred + j * c->row, c->centred + k * c->row, vaei_coupling_padded(c));
    c->covariance[j * c->latents + k] = sum / c->rows + (j == k ? c->centre[k] : 0);
  }
}

/* d R / d C_jk, for C_jk and C_kj together where they are two. */
static double slope(const vaei_coupling *c, size_t j, size_t k) {
  const double covariance = c->covariance[j * c->latents + k];
  if (j == k) return 2.0 * c->objective.regularizer_diagonal * (covariance - 1.0);
  return 2.0 * c->objective.regularizer_weight * covariance;
}

static void row_gradient(vaei_coupling *c, size_t i) {
  float *dmean = vaei_coupling_dmean(c, i), *dlogvar = vaei_coupling_dlogvar(c, i);
  for (size_t j = 0; j < c->latents; j++) {
    double sum = 0;
    for (size_t k = 0; k < c->latents; k++) sum += slope(c, j, k) * c->centred[k * c->row + i];
    dmean[j] += (float)(2.0 * sum / c->rows);
    if (second(c)) dlogvar[j] += (float)(slope(c, j, j) * vaei_exp(c->logvar[j * c->row + i]) / c->rows);
  }
}

static void run(vaei_coupling *c, vaei_member member) {
  const vaei_range latents = vaei_team_share(member, c->latents), rows = vaei_team_share(member, c->rows);
  for (size_t k = latents.begin; k < latents.end; k++) centre_latent(c, k);
  vaei_team_barrier(member);
  for (size_t j = latents.begin; j < latents.end; j++) covariances(c, j);
  if (!c->gradients) return;
  vaei_team_barrier(member);
  for (size_t i = rows.begin; i < rows.end; i++) row_gradient(c, i);
}

static double value(const vaei_coupling *c) {
  double outside = 0, diagonal = 0;
  for (size_t j = 0; j < c->latents; j++)
    for (size_t k = 0; k < c->latents; k++) {
      const double covariance = c->covariance[j * c->latents + k];
      if (j == k) diagonal += (covariance - 1.0) * (covariance - 1.0);
      else outside += covariance * covariance;
    }
  return c->objective.regularizer_weight * outside + c->objective.regularizer_diagonal * diagonal;
}

const vaei_regularizer_kind vaei_regularizer_dip = {lay_out, run, value};
