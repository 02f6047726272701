/* Densities of counts. */

/* log(x!) - [(x + 1/2) log x - x + log(2 pi) / 2], what Stirling's formula leaves: 1 / (12 x) - …; for x >= 1, off by at most
 * 2e-8 (minimax in 1 / x of its product with x). */
VF_INLINE vf stirling_rest(vf inverse_x) {
  const vf y = inverse_x, y2 = vf_mul(y, y);
  const vf p01 = vf_fma(vf_set(2.11567894e-5f), y, vf_set(8.3332248e-2f));
  const vf p23 = vf_fma(vf_set(3.6642846e-4f), y, vf_set(-2.91222869e-3f));
  const vf p45 = vf_fma(vf_set(-1.58719908e-4f), y, vf_set(4.12562629e-4f));
  return vf_mul(y, vf_fma(vf_fma(p45, y2, p23), y2, p01));
}

/* x log(x / rate) + rate - x for x >= 1, given both and their logs, without cancellation where they are near: with
 * v = (rate - x) / (rate + x), x log(x / rate) = -2 x artanh(v), so the sum is (rate - x) v - 2 x v (v^2 / 3 + v^4 / 5 + …).
 * Loader 2000, "Fast and Accurate Computation of Binomial Probabilities". */
VF_INLINE vf poisson_deviance(vf x, vf rate, vf log_x, vf log_rate) {
  const vf difference = vf_sub(rate, x), v = vf_div(difference, vf_add(rate, x)), v2 = vf_mul(v, v);
  vf rest = vf_set(1.0f / 11.0f);
  rest = vf_fma(rest, v2, vf_set(1.0f / 9.0f));
  rest = vf_fma(rest, v2, vf_set(1.0f / 7.0f));
  rest = vf_fma(rest, v2, vf_set(1.0f / 5.0f));
  rest = vf_fma(rest, v2, vf_set(1.0f / 3.0f));
  const vf cubes = vf_mul(vf_mul(vf_add(x, x), v), vf_mul(v2, rest));
  const vf near = vf_sub(vf_mul(difference, v), cubes);
  const vf far = vf_fma(x, vf_sub(log_x, log_rate), difference);
  return vf_select(vf_less(v2, vf_set(0.04f)), near, far);
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
