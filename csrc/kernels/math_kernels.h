/* exp, log, tanh and their kin over vectors: no libm, whose results differ between processors. Tests/c/math_test.c holds
 * each to a bound of a few units of the last place. */

/* exp(r) - 1 for |r| <= ln(2) / 2: r + r^2 P(r), Taylor's coefficients, truncation below 2^-27. */
VF_INLINE vf expm1_reduced(vf r) {
  vf p = vf_set(1.0f / 5040.0f);
  p = vf_fma(p, r, vf_set(1.0f / 720.0f));
  p = vf_fma(p, r, vf_set(1.0f / 120.0f));
  p = vf_fma(p, r, vf_set(1.0f / 24.0f));
  p = vf_fma(p, r, vf_set(1.0f / 6.0f));
  p = vf_fma(p, r, vf_set(0.5f));
  return vf_fma(vf_mul(r, r), p, r);
}

/* x = n ln 2 + r with whole n, |r| <= ln(2) / 2. ln 2 in two parts: the first has 9 trailing zero bits. */
VF_INLINE vf exp_reduce(vf x, vf *n) {
  *n = vf_round(vf_mul(x, vf_set(1.44269504088896341f)));
  const vf r = vf_fma(*n, vf_set(-0.693359375f), x);
  return vf_fma(*n, vf_set(2.12194440e-4f), r);
}

/* exp(x), saturating at the ends of the normal range (1.2e-38 and 2.4e38); NaN stays NaN. */
VF_INLINE vf vf_exp(vf x) {
  vf n;
  x = vf_max(vf_set(-87.33f), vf_min(vf_set(88.37f), x));
  const vf r = exp_reduce(x, &n);
  return vf_mul(vf_add(vf_set(1.0f), expm1_reduced(r)), vf_power_of_two(n));
}

/* exp(x) - 1 for x <= 0. */
VF_INLINE vf vf_expm1_negative(vf x) {
  vf n;
  x = vf_max(vf_set(-87.33f), x);
  const vf r = exp_reduce(x, &n);
  const vf scale = vf_power_of_two(n);
  return vf_fma(scale, expm1_reduced(r), vf_sub(scale, vf_set(1.0f)));
}

/* log(1 + y) for y in [0, 1]: 2 artanh(s) with s = y / (2 + y) <= 1/3, by its series
 * s + s^3 / 3 + s^5 / 5 + … to s^15. */
VF_INLINE vf log1p_ratio(vf s) {
  const vf s2 = vf_mul(s, s);
  vf p = vf_set(2.0f / 15.0f);
  p = vf_fma(p, s2, vf_set(2.0f / 13.0f));
  p = vf_fma(p, s2, vf_set(2.0f / 11.0f));
  p = vf_fma(p, s2, vf_set(2.0f / 9.0f));
  p = vf_fma(p, s2, vf_set(2.0f / 7.0f));
  p = vf_fma(p, s2, vf_set(2.0f / 5.0f));
  p = vf_fma(p, s2, vf_set(2.0f / 3.0f));
  return vf_fma(vf_mul(s, s2), p, vf_add(s, s));
}

VF_INLINE vf vf_log1p_unit(vf y) { return log1p_ratio(vf_div(y, vf_add(vf_set(2.0f), y))); }

/* log(1 + exp(x)) = max(x, 0) + log(1 + exp(-|x|)). */
VF_INLINE vf vf_softplus(vf x) {
  const vf e = vf_exp(vf_sub(vf_set(0.0f), vf_abs(x)));
  return vf_add(vf_max(vf_set(0.0f), x), vf_log1p_unit(e));
}

/* 1 / (1 + exp(-x)), without cancellation at either end. */
VF_INLINE vf vf_sigmoid(vf x) {
  const vf e = vf_exp(vf_sub(vf_set(0.0f), vf_abs(x)));
  const vf q = vf_div(vf_set(1.0f), vf_add(vf_set(1.0f), e));
  return vf_select(vf_less(x, vf_set(0.0f)), vf_mul(e, q), q);
}

/* tanh(x): -expm1(-2|x|) / (2 + expm1(-2|x|)) with the sign of x. */
VF_INLINE vf vf_tanh(vf x) {
  const vf e = vf_expm1_negative(vf_mul(vf_set(-2.0f), vf_abs(x)));
  return vf_copysign(vf_div(e, vf_add(vf_set(2.0f), e)), x);
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
