#include "core/variates.h"

#include "core/random.h"
#include "core/scalar.h"

double vaei_variate_uniform(vaei_variates *v) {
  if (v->left == 0) {
    const uint32_t key[2] = {(uint32_t)v->seed, (uint32_t)(v->seed >> 32)};
    const uint32_t counter[4] = {v->block++, v->row, v->column, v->stream << 24};
    vaei_philox(counter, key, v->word);
    v->left = 2;
  }
  const uint32_t *word = v->word + 2 * (2 - v->left--);
  const uint64_t bits = ((uint64_t)word[0] << 32 | word[1]) >> 12;
  return ((double)bits + 0.5) * 0x1p-52;
}

double vaei_variate_normal(vaei_variates *v) {
  const double radius = vaei_sqrt(-2.0 * vaei_log(vaei_variate_uniform(v)));
  return radius * vaei_cos_pi(vaei_variate_uniform(v)); /* half a turn: the cosine of the other half is the same */
}

/* Marsaglia & Tsang 2000, section 2: d (1 + c n)^3 of a normal n, for shapes from 1 on. */
static double log_gamma_from_one(vaei_variates *v, double shape) {
  const double d = shape - 1.0 / 3.0, c = 1.0 / vaei_sqrt(9.0 * d);
  for (;;) {
    const double n = vaei_variate_normal(v), root = 1.0 + c * n;
    if (root <= 0) continue;
    const double log_cube = 3.0 * vaei_log(root), cube = root * root * root;
    if (vaei_log(vaei_variate_uniform(v)) < 0.5 * n * n + d * (1.0 - cube + log_cube)) return vaei_log(d) + log_cube;
  }
}

double vaei_variate_log_gamma(vaei_variates *v, double shape) {
  if (shape >= 1) return log_gamma_from_one(v, shape);
  const double above = log_gamma_from_one(v, shape + 1.0);
  return above + vaei_log(vaei_variate_uniform(v)) / shape;
}

/* The smallest count whose distribution function reaches a uniform number; what rounding leaves of it ends the search. */
static double poisson_by_inversion(vaei_variates *v, double rate) {
  double chance = vaei_exp(-rate), left = vaei_variate_uniform(v), count = 0;
  while (left > chance && count < 1000) {
    left -= chance;
    count += 1;
    chance *= rate / count;
  }
  return count;
}

/* The largest whole number that is not above x, x below 2^62 in size. */
static double floor_of(double x) {
  const double whole = (double)(int64_t)x;
  return whole > x ? whole - 1.0 : whole;
}

static double poisson_by_rejection(vaei_variates *v, double rate) {
  const double b = 0.931 + 2.53 * vaei_sqrt(rate), a = -0.059 + 0.02483 * b;
  const double inverse_alpha = 1.1239 + 1.1328 / (b - 3.4), most = 0.9277 - 3.6224 / (b - 2.0);
  const double log_rate = vaei_log(rate);
  for (;;) {
    const double u = vaei_variate_uniform(v) - 0.5, w = vaei_variate_uniform(v);
    const double us = 0.5 - (u < 0 ? -u : u), count = floor_of((2.0 * a / us + b) * u + rate + 0.43);
    if (us >= 0.07 && w <= most) return count;
    if (count < 0 || (us < 0.013 && w > us)) continue;
    if (vaei_log(w * inverse_alpha / (a / (us * us) + b)) <= count * log_rate - rate - vaei_log_gamma(count + 1.0))
      return count;
  }
}

double vaei_variate_poisson(vaei_variates *v, double rate) {
  if (rate < 10) return poisson_by_inversion(v, rate);
  if (rate <= 1e9) return poisson_by_rejection(v, rate);
  const double count = rate + vaei_sqrt(rate) * vaei_variate_normal(v);
  return count < 0x1p62 ? floor_of(count + 0.5) : count;
}
