#include "oracle_objective.h"

#include <math.h>
#include <stdlib.h>

#include "core/random.h"
#include "kernels/kernels.h"

typedef long double real;

static const real LOG_TWO_PI = 1.837877066409345483560659472811235279722794947275566825634L;

static void note(double *nearest, real distance) {
  if (fabsl(distance) < *nearest) *nearest = (double)fabsl(distance);
}

/* log q(z_ik | x_j) */
static real log_density(const oracle_posterior *q, size_t i, size_t j, size_t k) {
  const real logvar = q->logvar[j * q->latents + k], d = (real)q->z[i * q->latents + k] - q->mean[j * q->latents + k];
  return -0.5L * (d * d * expl(-logvar) + logvar + LOG_TWO_PI);
}

static real log_sum(const real *x, size_t n) {
  real largest = -INFINITY, sum = 0;
  for (size_t j = 0; j < n; j++) largest = x[j] > largest ? x[j] : largest;
  for (size_t j = 0; j < n; j++) sum += expl(x[j] - largest);
  return largest + logl(sum);
}

static real total_correlation(const vae_objective *o, const oracle_posterior *q) {
  real *joint = test_allocate(q->n * sizeof *joint), *alone = test_allocate(q->n * sizeof *alone), sum = 0;
  const real pairs = logl((real)(o->data_rows ? o->data_rows : q->n) * (real)q->n);
  for (size_t i = 0; i < q->n; i++) {
    for (size_t j = 0; j < q->n; j++) joint[j] = 0;
    for (size_t k = 0; k < q->latents; k++) {
      for (size_t j = 0; j < q->n; j++) joint[j] += alone[j] = log_density(q, i, j, k);
      sum -= log_sum(alone, q->n) - pairs;
    }
    sum += log_sum(joint, q->n) - pairs;
  }
  free(joint);
  free(alone);
  return o->regularizer_weight * sum / (real)q->n;
}

static real column_mean(const oracle_posterior *q, size_t k) {
  real sum = 0;
  for (size_t i = 0; i < q->n; i++) sum += q->mean[i * q->latents + k];
  return sum / (real)q->n;
}

static real disentangled(const vae_objective *o, const oracle_posterior *q) {
  real sum = 0;
  for (size_t j = 0; j < q->latents; j++)
    for (size_t k = 0; k < q->latents; k++) {
      const real mean_j = column_mean(q, j), mean_k = column_mean(q, k);
      real covariance = 0;
      for (size_t i = 0; i < q->n; i++) {
        covariance += (q->mean[i * q->latents + j] - mean_j) * (q->mean[i * q->latents + k] - mean_k) / (real)q->n;
        if (j == k && o->regularizer == VAE_REGULARIZER_DIP_II)
          covariance += expl(q->logvar[i * q->latents + k]) / (real)q->n;
      }
      sum += j == k ? o->regularizer_diagonal * (covariance - 1) * (covariance - 1)
                    : o->regularizer_weight * covariance * covariance;
    }
  return sum;
}

/* Latent k of draw i: of z, or of the prior. */
static real value(const oracle_posterior *q, int prior, size_t i, size_t k) {
  return prior ? (real)q->prior[i * q->latents + k] : (real)q->z[i * q->latents + k];
}

static real kernel(const vae_objective *o, const oracle_posterior *q, int a, size_t i, int b, size_t j) {
  const real scale = o->kernel_scale > 0 ? (real)o->kernel_scale : 2.0L * (real)q->latents;
  real squares = 0;
  for (size_t k = 0; k < q->latents; k++) {
    const real d = value(q, a, i, k) - value(q, b, j, k);
    squares += d * d;
  }
  return o->regularizer == VAE_REGULARIZER_MMD_IMQ ? scale / (scale + squares) : expl(-squares / scale);
}

static real discrepancy(const vae_objective *o, const oracle_posterior *q) {
  real within = 0, across = 0;
  for (size_t i = 0; i < q->n; i++)
    for (size_t j = 0; j < q->n; j++) {
      if (i != j) within += kernel(o, q, 0, i, 0, j) + kernel(o, q, 1, i, 1, j);
      across += kernel(o, q, 0, i, 1, j);
    }
  const real n = (real)q->n;
  return o->regularizer_weight * (within / (n * (n - 1)) - 2 * across / (n * n));
}

/* By insertion. */
static void sort(real *x, size_t n) {
  for (size_t i = 1; i < n; i++)
    for (size_t j = i; j > 0 && x[j] < x[j - 1]; j--) {
      const real other = x[j];
      x[j] = x[j - 1];
      x[j - 1] = other;
    }
}

static void project(const oracle_posterior *q, int prior, const float *u, real *along) {
  real norm = 0;
  for (size_t k = 0; k < q->latents; k++) norm += (real)u[k] * u[k];
  for (size_t i = 0; i < q->n; i++) {
    along[i] = 0;
    for (size_t k = 0; k < q->latents; k++) along[i] += value(q, prior, i, k) * u[k] / sqrtl(norm);
  }
  sort(along, q->n);
}

static real wasserstein(const vae_objective *o, const oracle_posterior *q, double *nearest) {
  const size_t projections = o->projections ? o->projections : 50;
  real *a = test_allocate(q->n * sizeof *a), *b = test_allocate(q->n * sizeof *b), sum = 0;
  for (size_t d = 0; d < projections; d++) {
    project(q, 0, q->directions + d * q->latents, a);
    project(q, 1, q->directions + d * q->latents, b);
    for (size_t i = 0; i < q->n; i++) sum += (a[i] - b[i]) * (a[i] - b[i]);
    for (size_t i = 1; i < q->n; i++) note(nearest, 10 * (a[i] - a[i - 1])); /* the gradient's jump there is small */
  }
  free(a);
  free(b);
  return o->regularizer_weight * sum / (real)(projections * q->n);
}

static real regularization(const vae_objective *o, const oracle_posterior *q, double *nearest) {
  if (q->n < 2) return 0;
  switch (o->regularizer) {
    case VAE_REGULARIZER_TC: return total_correlation(o, q);
    case VAE_REGULARIZER_DIP_I:
    case VAE_REGULARIZER_DIP_II: return disentangled(o, q);
    case VAE_REGULARIZER_MMD_RBF:
    case VAE_REGULARIZER_MMD_IMQ: return discrepancy(o, q);
    case VAE_REGULARIZER_SLICED_WASSERSTEIN: return wasserstein(o, q, nearest);
    default: return 0;
  }
}

long double oracle_penalty(const vae_objective *o, const oracle_posterior *q, double *nearest) {
  real penalty = regularization(o, q, nearest), all = 0;
  for (size_t k = 0; k < q->latents; k++) {
    real kl = 0;
    for (size_t i = 0; i < q->n; i++) {
      const real mean = q->mean[i * q->latents + k], logvar = q->logvar[i * q->latents + k];
      kl += 0.5L * (expl(logvar) + mean * mean - 1 - logvar) / (real)q->n;
    }
    all += kl;
    if (o->free_bits > 0) {
      note(nearest, kl - o->free_bits);
      penalty += o->beta * (fmaxl(o->free_bits, kl) - kl);
    }
  }
  for (size_t i = 0; q->kl && i < q->n; i++) all = (i ? all : 0) + q->kl[i] / (real)q->n;
  if (o->capacity_weight > 0) {
    note(nearest, all - o->capacity);
    penalty += o->capacity_weight * fabsl(all - o->capacity);
  }
  return penalty;
}

static float *draws_of(uint64_t seed, uint32_t stream, uint64_t first, size_t n, size_t latents) {
  const vaei_stream from = {.seed = seed, .stream = stream};
  const vaei_draws draws = {.example = first, .samples = 1};
  float *out = test_allocate((n * latents + 16) * sizeof *out);
  vaei_kernels_portable.normals(&from, &draws, 0, n, latents, out, latents);
  return out;
}

float *oracle_prior_draws(uint64_t seed, uint32_t stream, uint64_t first, size_t n, size_t latents) {
  return draws_of(seed, stream + VAEI_STREAM_PRIOR, first, n, latents);
}

float *oracle_directions(uint64_t seed, uint32_t stream, size_t projections, size_t latents) {
  return draws_of(seed, stream + VAEI_STREAM_DIRECTIONS, 0, projections, latents);
}

void oracle_drop(const oracle_dropping *whose, size_t layer, size_t units, long double *y) {
  const uint32_t stream = VAEI_STREAM_TRAINING + VAEI_STREAM_DROPOUT + (uint32_t)layer;
  const uint64_t first = whose->sample * (((uint64_t)units + 15) / 16 * 16);
  for (size_t u = 0; u < units && whose->rate > 0; u++) {
    const float uniform = vaei_uniform(0, stream, (uint32_t)whose->example, first + u);
    y[u] = uniform < (float)whose->rate ? 0 : y[u] / (1 - (real)whose->rate);
  }
}
