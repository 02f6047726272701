/* Location-scale families: -log p(x) = rho(t) + log scale + constant with t = (m - x) / scale. By the location the slope is
 * rho'(t) / scale, by log scale 1 - t rho'(t). */

/* rho(t) + offset, and rho'(t). */
typedef vf location_term(vf t, vf offset, vf *slope);

/* rho = t^2 / 2, constant log(2 pi) / 2. */
VF_INLINE vf gaussian_term(vf t, vf offset, vf *slope) {
  *slope = t;
  return vf_fma(vf_mul(vf_set(0.5f), t), t, offset);
}

/* rho = |t|, constant log 2; the scale is the mean distance |x - m|. At its kink the slope is 0. */
VF_INLINE vf laplace_term(vf t, vf offset, vf *slope) {
  const vf zero = vf_set(0.0f);
  const vf below = vf_select(vf_less(t, zero), vf_set(-1.0f), zero);
  *slope = vf_select(vf_less(zero, t), vf_set(1.0f), below);
  return vf_add(vf_abs(t), offset);
}

/* rho = log cosh t, constant log pi: the hyperbolic secant distribution, whose density is 1 / (pi scale cosh t). Chen, Chen &
 * Zhang 2018, "Log Hyperbolic Cosine Loss Improves Variational Auto-Encoder", minimise rho / a with a = 1 / scale.
 * log cosh t = |t| + log(1 + exp(-2 |t|)) - log 2. */
VF_INLINE vf log_cosh_term(vf t, vf offset, vf *slope) {
  const vf size = vf_abs(t);
  *slope = vf_tanh(t);
  return vf_add(vf_add(size, vf_sub(vf_log1p_unit(vf_exp_minus_abs(vf_add(t, t))), vf_set(0.693147181f))), offset);
}

/* A scale for all columns. */
VF_INLINE void add_located(vaei_density t, location_term *term_of, bool gradient) {
  const vf scale = vf_set(t.inverse_scale), offset = vf_set(t.constant);
  for (size_t i = 0; i < t.rows; i++) {
    const vf weight = vf_set(gradient ? t.row_weight[i] * t.inverse_scale : 0.0f);
    vf sum = vf_set(0.0f);
    for (size_t j = 0; j < t.columns; j += 16) {
      const size_t valid = valid_lanes(t.columns, j);
      const vf m = vf_load(t.output + i * t.output_row + j);
      vf slope;
      const vf term = term_of(vf_mul(vf_sub(m, vf_load(t.x + i * t.x_row + j)), scale), offset, &slope);
      sum = vf_add(sum, keep_valid(term, valid));
      if (gradient) vf_store(t.d + i * t.d_row + j, keep_valid(vf_mul(weight, slope), valid));
    }
    t.nll[i] += (double)vf_sum(sum);
  }
}

/* A learned scale for each column. */
VF_INLINE void add_scaled(vaei_density t, location_term *term_of, bool gradient) {
  const vf offset = vf_set(t.constant), unit = vf_set(t.log_scale_unit), most = vf_set(10.0f), least = vf_set(-10.0f);
  const vf zero = vf_set(0.0f), one = vf_set(1.0f);
  for (size_t i = 0; i < t.rows; i++) {
    const vf weight = vf_set(gradient ? t.row_weight[i] : 0.0f);
    vf sum = zero;
    for (size_t j = 0; j < t.columns; j += 16) {
      const size_t valid = valid_lanes(t.columns, j);
      const vf free = vf_mul(unit, vf_load(t.log_scale + j)), log_scale = vf_max(least, vf_min(most, free));
      const vf inverse = vf_exp(vf_sub(zero, log_scale));
      const vf distance = vf_sub(vf_load(t.output + i * t.output_row + j), vf_load(t.x + i * t.x_row + j));
      const vf u = vf_mul(distance, inverse);
      vf slope;
      const vf term = term_of(u, vf_add(offset, log_scale), &slope);
      sum = vf_add(sum, keep_valid(term, valid));
      if (!gradient) continue;
      const vf inside = vf_select(vmask_and(vf_less(least, free), vf_less(free, most)), vf_mul(unit, weight), zero);
      const vf d_log_scale = vf_mul(inside, vf_sub(one, vf_mul(u, slope)));
      vf_store(t.d + i * t.d_row + j, keep_valid(vf_mul(vf_mul(weight, inverse), slope), valid));
      vf_store(t.d_log_scale + j, vf_add(vf_load(t.d_log_scale + j), keep_valid(d_log_scale, valid)));
    }
    t.nll[i] += (double)vf_sum(sum);
  }
}

VF_INLINE void location(const vaei_density *t, location_term *term_of) {
  if (t->log_scale && t->d) add_scaled(*t, term_of, true);
  else if (t->log_scale) add_scaled(*t, term_of, false);
  else if (t->d) add_located(*t, term_of, true);
  else add_located(*t, term_of, false);
}

static void gaussian(const vaei_density *t) { location(t, gaussian_term); }

static void laplace(const vaei_density *t) { location(t, laplace_term); }

static void log_cosh(const vaei_density *t) { location(t, log_cosh_term); }
