/* exp, log, tanh and their kin over vectors: no libm, whose results differ between processors. Tests/c/math_test.c holds
 * each to a bound of a few units of the last place. */

/* (exp(r) - 1 - r) / r^2 for |r| <= ln(2) / 2: degree 4, minimax for exp(r) - 1, which is off by at most 1.4e-8 of its
 * size. In pairs of terms, so that fewer multiply-adds wait for one another; so is log1p_quotient. */
VF_INLINE vf expm1_quotient(vf r, vf r2) {
  const vf low = vf_fma(vf_set(0.166665435f), r, vf_set(0.5f));
  const vf high = vf_fma(vf_set(8.36661085e-3f), r, vf_set(4.16662805e-2f));
  return vf_fma(vf_fma(vf_set(1.3946495e-3f), r2, high), r2, low);
}

/* x = n ln 2 + r with whole n, |r| <= ln(2) / 2. ln 2 in two parts: the first has 9 trailing zero bits. */
VF_INLINE vf exp_reduce(vf x, vf *n) {
  *n = vf_round(vf_mul(x, vf_set(1.44269504088896341f)));
  const vf r = vf_fma(*n, vf_set(-0.693359375f), x);
  return vf_fma(*n, vf_set(2.12194440e-4f), r);
}

VF_INLINE vf exp_within(vf x) {
  vf n;
  const vf r = exp_reduce(x, &n), r2 = vf_mul(r, r);
  return vf_scale(vf_fma(r2, expm1_quotient(r, r2), vf_add(vf_set(1.0f), r)), n);
}

/* exp(x), saturating at the ends of the normal range (1.2e-38 and 2.4e38); NaN stays NaN. */
VF_INLINE vf vf_exp(vf x) { return exp_within(vf_max(vf_set(-87.33f), vf_min(vf_set(88.37f), x))); }

/* exp(-|x|), at least 1.2e-38. */
VF_INLINE vf vf_exp_minus_abs(vf x) { return exp_within(vf_max(vf_set(-87.33f), vf_minus_abs(x))); }

/* exp(x) - 1 for x <= 0. */
VF_INLINE vf vf_expm1_negative(vf x) {
  vf n;
  x = vf_max(vf_set(-87.33f), x);
  const vf r = exp_reduce(x, &n), r2 = vf_mul(r, r);
  const vf scale = vf_power_of_two(n);
  return vf_fma(scale, vf_fma(r2, expm1_quotient(r, r2), r), vf_sub(scale, vf_set(1.0f)));
}

/* (log(1 + y) - y) / y^2 for y in [0, 1]: degree 7, minimax for log(1 + y), which is off by at most 3.3e-8 of its size. */
VF_INLINE vf log1p_quotient(vf y, vf y2) {
  const vf p01 = vf_fma(vf_set(0.33321324f), y, vf_set(-0.499996483f));
  const vf p23 = vf_fma(vf_set(0.191536546f), y, vf_set(-0.248571634f));
  const vf p45 = vf_fma(vf_set(7.92045146e-2f), y, vf_set(-0.137538001f));
  const vf p67 = vf_fma(vf_set(5.36482176e-3f), y, vf_set(-3.00657805e-2f));
  return vf_fma(vf_fma(p67, y2, p45), vf_mul(y2, y2), vf_fma(p23, y2, p01));
}

/* log(1 + y) for y in [0, 1]: without a division, which the sigmoid beside it may need. */
VF_INLINE vf vf_log1p_unit(vf y) {
  const vf y2 = vf_mul(y, y);
  return vf_fma(y2, log1p_quotient(y, y2), y);
}

/* log(x) for normal x over 0: x = 2^e (1 + r) with 1 + r in [sqrt(1/2), sqrt(2)). Off by at most 3.4e-8 of its size in exact
 * arithmetic (minimax of degree 9 for log(1 + r)), and accurate near 1, where e is 0 and r exact. */
VF_INLINE vf vf_log(vf x) {
  const vf one = vf_set(1.0f);
  vf e;
  vf m = vf_split(x, &e);
  const vmask upper = vf_less(vf_set(1.41421356f), m);
  m = vf_select(upper, vf_mul(vf_set(0.5f), m), m);
  e = vf_select(upper, vf_add(e, one), e);
  const vf r = vf_sub(m, one), r2 = vf_mul(r, r);
  const vf p01 = vf_fma(vf_set(0.333339512f), r, vf_set(-0.499999911f));
  const vf p23 = vf_fma(vf_set(0.199620456f), r, vf_set(-0.250017524f));
  const vf p45 = vf_fma(vf_set(0.149184093f), r, vf_set(-0.165706038f));
  const vf p67 = vf_fma(vf_set(8.73261243e-2f), r, vf_set(-0.143069044f));
  const vf q = vf_fma(vf_fma(p67, r2, p45), vf_mul(r2, r2), vf_fma(p23, r2, p01));
  const vf log_m = vf_add(vf_fma(e, vf_set(-2.12194440e-4f), vf_mul(r2, q)), r); /* ln 2 in two parts, as in exp */
  return vf_fma(e, vf_set(0.693359375f), log_m);
}

/* 1 / (1 + exp(-x)) from e = exp(-|x|), without cancellation at either end: e / (1 + e) below 0. */
VF_INLINE vf sigmoid_of(vf x, vf e) {
  const vf one = vf_set(1.0f);
  return vf_div(vf_select(vf_less(x, vf_set(0.0f)), e, one), vf_add(one, e));
}

VF_INLINE vf vf_sigmoid(vf x) { return sigmoid_of(x, vf_exp_minus_abs(x)); }

/* log(1 + exp(x)) = max(x, 0) + log(1 + exp(-|x|)). */
VF_INLINE vf vf_softplus(vf x) { return vf_add(vf_max(vf_set(0.0f), x), vf_log1p_unit(vf_exp_minus_abs(x))); }

/* tanh(x) = x P(x^2) / Q(x^2), both of degree 4, minimax on |x| <= 9.02, off by at most 2.1e-8 of its size; from there on
 * tanh is 1 in float. All coefficients are positive: nothing cancels. The last clamp is for what rounding adds to 1. */
VF_INLINE vf vf_tanh(vf x) {
  const vf one = vf_set(1.0f), least = vf_set(-1.0f);
  x = vf_max(vf_set(-9.02f), vf_min(vf_set(9.02f), x));
  const vf u = vf_mul(x, x);
  vf p = vf_set(1.33191593e-8f), q = vf_set(7.76205738e-7f);
  p = vf_fma(p, u, vf_set(2.05835515e-5f));
  q = vf_fma(q, u, vf_set(3.28310009e-4f));
  p = vf_fma(p, u, vf_set(3.49403911e-3f));
  q = vf_fma(q, u, vf_set(2.58710908e-2f));
  p = vf_fma(p, u, vf_set(0.133797219f));
  q = vf_fma(q, u, vf_set(0.467130371f));
  p = vf_fma(p, u, one);
  q = vf_fma(q, u, one);
  return vf_max(least, vf_min(one, vf_div(vf_mul(x, p), q)));
}

/* The standard normal's distribution function, erfc(-x / sqrt(2)) / 2, without cancellation in the lower tail.
 * With a = |x| / sqrt(2): erf(a) = a P(a^2) below 1, erfc(a) = exp(-a^2) Q(1 / a^2) / a above. Coefficients of Cephes'
 * ndtrf.c (S. L. Moshier, Methods and Programs for Mathematical Functions, 1989). */
VF_INLINE vf vf_normal_cdf(vf x) {
  const vf a = vf_min(vf_set(9.3f), vf_mul(vf_set(0.707106781186547524f), vf_abs(x))), a2 = vf_mul(a, a);
  vf p = vf_set(7.853861353153693e-5f);
  p = vf_fma(p, a2, vf_set(-8.010193625184903e-4f));
  p = vf_fma(p, a2, vf_set(5.188327685732524e-3f));
  p = vf_fma(p, a2, vf_set(-2.685381193529856e-2f));
  p = vf_fma(p, a2, vf_set(1.128358514861418e-1f));
  p = vf_fma(p, a2, vf_set(-3.761262582423300e-1f));
  p = vf_fma(p, a2, vf_set(1.128379165726710e+0f));
  const vf inner = vf_mul(a, p);
  const vf q = vf_div(vf_set(1.0f), vf_max(vf_set(1.0f), a)), q2 = vf_mul(q, q);
  vf near = vf_set(2.326819970068386e-2f); /* 1 <= a < 2 */
  near = vf_fma(near, q2, vf_set(-1.387039388740657e-1f));
  near = vf_fma(near, q2, vf_set(3.687424674597105e-1f));
  near = vf_fma(near, q2, vf_set(-5.824733027278666e-1f));
  near = vf_fma(near, q2, vf_set(6.210004621745983e-1f));
  near = vf_fma(near, q2, vf_set(-4.944515323274145e-1f));
  near = vf_fma(near, q2, vf_set(3.404879937665872e-1f));
  near = vf_fma(near, q2, vf_set(-2.741127028184656e-1f));
  near = vf_fma(near, q2, vf_set(5.638259427386472e-1f));
  vf far = vf_set(-1.047766399936249e+1f); /* 2 <= a */
  far = vf_fma(far, q2, vf_set(1.297719955372516e+1f));
  far = vf_fma(far, q2, vf_set(-7.495518717768503e+0f));
  far = vf_fma(far, q2, vf_set(2.921019019210786e+0f));
  far = vf_fma(far, q2, vf_set(-1.015265279202700e+0f));
  far = vf_fma(far, q2, vf_set(4.218463358204948e-1f));
  far = vf_fma(far, q2, vf_set(-2.820767439740514e-1f));
  far = vf_fma(far, q2, vf_set(5.641895067754075e-1f));
  const vf tail = vf_mul(vf_mul(vf_exp(vf_sub(vf_set(0.0f), a2)), q), vf_select(vf_less(a, vf_set(2.0f)), near, far));
  const vf half = vf_set(0.5f), one = vf_set(1.0f);
  const vf below = vf_select(vf_less(a, one), vf_fma(vf_sub(vf_set(0.0f), half), inner, half), vf_mul(half, tail));
  return vf_select(vf_less(x, vf_set(0.0f)), below, vf_sub(one, below));
}

static bool all_below(const float *x, size_t rows, size_t columns, size_t x_row, float limit) {
  const vf most = vf_set(limit), least = vf_set(-limit);
  vmask good = vf_less(vf_set(0.0f), most);
  for (size_t i = 0; i < rows; i++, x += x_row) {
    size_t j = 0;
    for (; j + 16 <= columns; j += 16) {
      const vf value = vf_load(x + j);
      good = vmask_and(good, vmask_and(vf_less(value, most), vf_less(least, value)));
    }
    if (j < columns) good = vmask_and(good, vf_less(vf_abs(vf_load_first(x + j, columns - j)), most));
  }
  return vmask_all(good);
}
