/* Densities of counts. */

/* artanh(v) = v (1 + v^2 series(v^2)) for v^2 below 0.04. */
VF_INLINE vf artanh_series(vf v2) {
  vf rest = vf_set(1.0f / 11.0f);
  rest = vf_fma(rest, v2, vf_set(1.0f / 9.0f));
  rest = vf_fma(rest, v2, vf_set(1.0f / 7.0f));
  rest = vf_fma(rest, v2, vf_set(1.0f / 5.0f));
  return vf_fma(rest, v2, vf_set(1.0f / 3.0f));
}

/* x log(x / rate) + rate - x where those are near, without cancellation: with v = (rate - x) / (rate + x),
 * x log(x / rate) = -2 x artanh(v), so the sum is (rate - x) v - 2 x v (v^2 / 3 + v^4 / 5 + …).
 * Loader 2000, "Fast and Accurate Computation of Binomial Probabilities". */
VF_INLINE vf near_deviance(vf x, vf difference, vf v) {
  const vf v2 = vf_mul(v, v), cubes = vf_mul(vf_mul(vf_add(x, x), v), vf_mul(v2, artanh_series(v2)));
  return vf_sub(vf_mul(difference, v), cubes);
}

/* The same for any x >= 1, given the logs. */
VF_INLINE vf poisson_deviance(vf x, vf rate, vf log_x, vf log_rate) {
  const vf difference = vf_sub(rate, x), v = vf_div(difference, vf_add(rate, x));
  const vf far = vf_fma(x, vf_sub(log_x, log_rate), difference);
  return vf_select(vf_less(vf_mul(v, v), vf_set(0.04f)), near_deviance(x, difference, v), far);
}

/* Poisson with rate softplus(o): rate - x log rate + log x!, by Loader's saddle-point form: the deviance, log(2 pi x) / 2 and
 * Stirling's rest, each of them exact to float where x is large; at x = 0 the rate. Far below 0 log rate is o itself.
 * Its slope: sigmoid(o) / rate (rate - x), the quotient going to 1 far below. */
VF_INLINE vf poisson_term(vf o, vf x, vf *slope) {
  const vf e = vf_exp_minus_abs(o), zero = vf_set(0.0f), one = vf_set(1.0f);
  const vf rate = vf_add(vf_max(zero, o), vf_log1p_unit(e));
  const vf log_rate = vf_select(vf_less(o, vf_set(-20.0f)), o, vf_log(rate));
  *slope = vf_mul(vf_div(sigmoid_of(o, e), rate), vf_sub(rate, x));
  const vf count = vf_max(one, x), log_count = vf_log(count);
  const vf scale = vf_fma(vf_set(0.5f), log_count, vf_set(0.918938533f)); /* log(2 pi x) / 2 */
  const vf some =
      vf_add(poisson_deviance(count, rate, log_count, log_rate), vf_add(scale, stirling_rest(vf_div(one, count))));
  return vf_select(vf_less(x, vf_set(0.5f)), rate, some);
}

static void poisson(const vaei_density *t) { density(t, poisson_term); }
