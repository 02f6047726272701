/* Densities with learned parameters of each column: what depends on those alone is worked out once a tile, for all its rows. */

/* A log from memory, held within [-10, most], and its weight in the gradient: 1 inside, 0 beyond. */
typedef struct clamped_log {
  vf value, inside;
} clamped_log;

VF_INLINE clamped_log clamp_log(const float *from, int most) {
  const vf low = vf_set(-(float)VAEI_MOST_LOG_SCALE), high = vf_set((float)most), free = vf_load(from),
           zero = vf_set(0.0f);
  return (clamped_log){.value = vf_max(low, vf_min(high, free)),
                       .inside = vf_select(vmask_and(vf_less(low, free), vf_less(free, high)), vf_set(1.0f), zero)};
}

/* log(a / b) by artanh where a and b are near, v = (a - b) / (a + b) without cancellation. */
VF_INLINE vf log_ratio(vf a_over_b, vf v) {
  const vf v2 = vf_mul(v, v), near = vf_mul(vf_add(v, v), vf_fma(v2, artanh_series(v2), vf_set(1.0f)));
  return vf_select(vf_less(v2, vf_set(0.04f)), near, vf_log(a_over_b));
}

/* (log(a / b) + b / a - 1), the deviance of b from a over a; d_over_a = (b - a) / a and v = (a - b) / (a + b). */
VF_INLINE vf relative_deviance(vf log_of_ratio, vf d_over_a, vf v) {
  const vf v2 = vf_mul(v, v), minus = vf_sub(vf_set(0.0f), v);
  const vf near = vf_fma(vf_mul(vf_add(v, v), v2), artanh_series(v2), vf_mul(d_over_a, minus));
  return vf_select(vf_less(v2, vf_set(0.04f)), near, vf_add(log_of_ratio, d_over_a));
}

/* Negative binomial with mean m = softplus(o) and dispersion t, of log t within [-10, 15]; with n = t + x and M = t + m
 *
 *   -log p(x) = log Gamma(t) + log x! - log Gamma(n) + t log(M / t) + x log(M / m)
 *             = D + log(2 pi x n / t) / 2 + rest(t) + rest(x) - rest(n),   D = x log(x / m) - n log(n / M)
 *
 * rest being what Stirling's formula leaves (gamma_kernels.h), and at x = 0 t log(M / t). D is a difference of two deviances,
 * each without cancellation (Loader 2000), where the second is small enough beside the first: in the limit of a large t, which
 * is Poisson's. Elsewhere it is x log(x M / (m n)) + t log(M / n), whose terms are small where t is.
 *
 * Slope by o: sigmoid(o) / m (m - x) t / M. By log t: t (log(M / n) + n / M - 1) - x / (2 n) - (t slope(t) - t slope(n)). */
typedef struct binomial_column {
  vf t, rest, slope, inside;
} binomial_column;

VF_INLINE binomial_column binomial_column_at(const vaei_density *tile, size_t j) {
  const clamped_log log_t = clamp_log(tile->constants->value[0] + j, VAEI_MOST_LOG_SHAPE);
  const vf t = vf_exp(log_t.value);
  const gamma_rests rests = gamma_rests_of(t);
  return (binomial_column){.t = t, .rest = rests.rest, .slope = rests.slope, .inside = log_t.inside};
}

/* The term; slopes by o and by log t. */
VF_INLINE vf binomial_term(const binomial_column *c, vf o, vf x, vf *slope, vf *slope_t) {
  const vf e = vf_exp_minus_abs(o), zero = vf_set(0.0f), one = vf_set(1.0f), half = vf_set(0.5f), t = c->t;
  const vf m = vf_add(vf_max(zero, o), vf_log1p_unit(e)), floor = vf_set(1e-30f), held = vf_max(floor, m);
  const vf n = vf_add(t, x), all = vf_add(t, m), count = vf_max(one, x), over = vf_sub(x, m), under = vf_sub(m, x);
  const vf count_n = vf_add(t, count), inverse_n = vf_div(one, count_n);
  const vmask none = vf_less(x, half);
  /* log(M / n), and log(x M / (m n)): (x M - m n) = t (x - m). Below the floor log m is o. */
  const vf v = vf_div(under, vf_add(all, n)), log_all = log_ratio(vf_div(all, n), v);
  const vf share = vf_mul(count, inverse_n);
  const vf v_odds = vf_div(vf_mul(vf_mul(t, inverse_n), over), vf_fma(share, all, m));
  const vf deeper = vf_max(zero, vf_sub(vf_set(-69.0775528f), o));
  const vf log_odds = vf_add(log_ratio(vf_mul(share, vf_div(all, held)), v_odds), deeper);
  const vf apart = vf_fma(count, log_odds, vf_mul(t, log_all));
  const vf v_mean = vf_div(under, vf_add(m, count));
  const vf together = vf_sub(near_deviance(count, under, v_mean), near_deviance(n, under, v));
  const vmask poisson_like = vmask_and(vf_less(vf_mul(v_mean, v_mean), vf_set(0.04f)),
                                       vf_less(vf_mul(vf_abs(over), n), vf_mul(vf_add(m, m), t)));
  const vf width = vf_fma(half, vf_log(vf_mul(count, vf_div(count_n, t))), vf_set(0.918938533f));
  const vf rests = vf_add(c->rest, vf_sub(stirling_rest(vf_div(one, count)), stirling_rest(inverse_n)));
  const vf some = vf_add(vf_select(poisson_like, together, apart), vf_add(width, rests));
  *slope = vf_mul(vf_mul(vf_div(sigmoid_of(o, e), m), under), vf_div(t, all));
  const vf deviance = vf_mul(t, relative_deviance(log_all, vf_div(over, all), v));
  const vf gammas =
      vf_fma(vf_mul(half, x), inverse_n, vf_sub(c->slope, vf_mul(vf_mul(t, inverse_n), stirling_slope(inverse_n))));
  *slope_t = vf_mul(c->inside, vf_sub(deviance, vf_select(none, zero, gammas)));
  return vf_select(none, vf_mul(t, log_all), some);
}

/* Student's t with location m, scale s and df degrees of freedom, log s within [-10, 10] and log df within [-10, 15]. With
 * h = df / 2, q = ((m - x) / s)^2 / df and half_step of gamma_kernels.h
 *
 *   -log p(x) = half_step(h) + log(2 pi) / 2 + log s + (h + 1/2) log(1 + q).
 *
 * Slope by m: (df + 1) / df u / (1 + q) / s with u = (m - x) / s; by log s: 1 - (df + 1) q / (1 + q); by log df:
 * h half_step'(h) + h (log(1 + q) - q / (1 + q)) - q / (1 + q) / 2, each small where h is large. */
typedef struct student_column {
  vf inverse, root, offset, h, half_step, inside_scale, inside_df;
} student_column;

VF_INLINE student_column student_column_at(const vaei_density *tile, size_t j) {
  const clamped_log log_scale = clamp_log(tile->constants->value[0] + j, VAEI_MOST_LOG_SCALE);
  const clamped_log log_df = clamp_log(tile->constants->value[1] + j, VAEI_MOST_LOG_SHAPE);
  const vf half = vf_set(0.5f), zero = vf_set(0.0f), h = vf_mul(half, vf_exp(log_df.value));
  const half_steps steps = half_steps_of(h);
  return (student_column){.inverse = vf_exp(vf_sub(zero, log_scale.value)),
                          .root = vf_exp(vf_mul(vf_set(-0.5f), log_df.value)),
                          .offset = vf_add(vf_add(steps.value, log_scale.value), vf_set(0.918938533f)),
                          .h = h,
                          .half_step = steps.slope,
                          .inside_scale = log_scale.inside,
                          .inside_df = log_df.inside};
}

VF_INLINE vf student_term(const student_column *c, vf m, vf x, vf *slope, vf *slope_scale, vf *slope_df) {
  const vf one = vf_set(1.0f), half = vf_set(0.5f);
  const vf u = vf_mul(vf_sub(m, x), c->inverse), w = vf_mul(u, c->root), q = vf_mul(w, w), all = vf_add(one, q);
  const vf v = vf_div(q, vf_add(vf_set(2.0f), q)), log_all = log_ratio(all, v), share = vf_div(q, all);
  const vf more = vf_div(vf_add(c->h, half), c->h); /* (df + 1) / df */
  *slope = vf_mul(vf_mul(vf_mul(more, c->inverse), u), vf_div(one, all));
  *slope_scale = vf_mul(c->inside_scale, vf_sub(one, vf_mul(vf_add(vf_add(c->h, c->h), one), share)));
  const vf deviance = vf_mul(c->h, relative_deviance(log_all, vf_sub(vf_set(0.0f), share), v));
  *slope_df = vf_mul(c->inside_df, vf_sub(vf_sub(deviance, c->half_step), vf_mul(half, share)));
  return vf_fma(vf_add(c->h, half), log_all, c->offset);
}

/* Where the weighted gradients of vector j of row i go. */
VF_INLINE void store_slope(float *to, size_t row, size_t i, size_t j, vf slope, vf weight, size_t valid) {
  vf_store(to + i * row + j, keep_valid(vf_mul(weight, slope), valid));
}

static void negative_binomial(const vaei_density *tile) {
  const vaei_density t = *tile;
  for (size_t j = 0; j < t.columns; j += 16) {
    const size_t valid = valid_lanes(t.columns, j);
    const binomial_column column = binomial_column_at(&t, j);
    for (size_t i = 0; i < t.rows; i++) {
      vf slope, slope_t;
      const vf term = binomial_term(&column, vf_load(t.output + i * t.output_row + j), vf_load(t.x + i * t.x_row + j),
                                    &slope, &slope_t);
      t.nll[i] += (double)vf_sum(keep_valid(term, valid));
      if (!t.d) continue;
      const vf weight = vf_set(t.row_weight[i]);
      store_slope(t.d, t.d_row, i, j, slope, weight, valid);
      store_slope(t.constants->gradient[0], t.constants->row, i, j, slope_t, weight, valid);
    }
  }
}

static void student_t(const vaei_density *tile) {
  const vaei_density t = *tile;
  for (size_t j = 0; j < t.columns; j += 16) {
    const size_t valid = valid_lanes(t.columns, j);
    const student_column column = student_column_at(&t, j);
    for (size_t i = 0; i < t.rows; i++) {
      vf slope, slope_scale, slope_df;
      const vf term = student_term(&column, vf_load(t.output + i * t.output_row + j), vf_load(t.x + i * t.x_row + j),
                                   &slope, &slope_scale, &slope_df);
      t.nll[i] += (double)vf_sum(keep_valid(term, valid));
      if (!t.d) continue;
      const vf weight = vf_set(t.row_weight[i]);
      store_slope(t.d, t.d_row, i, j, slope, weight, valid);
      store_slope(t.constants->gradient[0], t.constants->row, i, j, slope_scale, weight, valid);
      store_slope(t.constants->gradient[1], t.constants->row, i, j, slope_df, weight, valid);
    }
  }
}
