/* Negative log densities of values in [0, 1] on logits, and their gradients, in one pass. */

/* The lanes of vector j / 16 that are real columns. */
VF_INLINE size_t valid_lanes(size_t columns, size_t j) { return columns - j < 16 ? columns - j : 16; }

VF_INLINE vf keep_valid(vf a, size_t valid) { return valid == 16 ? a : vf_keep_first(a, valid); }

/* Kingma & Welling 2014, appendix C.1, in logit form: max(o, 0) - o x + log(1 + exp(-|o|)); its slope sigmoid(o) - x. */
VF_INLINE vf bernoulli_term(vf o, vf x, vf *slope) {
  const vf e = vf_exp_minus_abs(o), term = vf_add(vf_sub(vf_max(vf_set(0.0f), o), vf_mul(o, x)), vf_log1p_unit(e));
  *slope = vf_sub(sigmoid_of(o, e), x);
  return term;
}

/* The mean of a continuous Bernoulli, 1 / (1 - exp(-o)) - 1 / o = 1/2 + g(o) with the odd g(o) = coth(o / 2) / 2 - 1 / o; by
 * its series where that cancels, |o| < 1. q = (1 - exp(-|o|)) / |o|. */
VF_INLINE vf continuous_bernoulli_mean(vf o, vf a, vf q) {
  const vf one = vf_set(1.0f), half = vf_set(0.5f), a2 = vf_mul(a, a);
  vf series = vf_fma(vf_set(1.0f / 47900160.0f), a2, vf_set(-1.0f / 1209600.0f));
  series = vf_fma(series, a2, vf_set(1.0f / 30240.0f));
  series = vf_fma(series, a2, vf_set(-1.0f / 720.0f));
  series = vf_fma(series, a2, vf_set(1.0f / 12.0f));
  const vf far = vf_sub(vf_div(vf_sub(vf_div(one, q), one), a), half);
  const vf g = vf_select(vf_less(a, one), vf_mul(a, series), far);
  return vf_select(vf_less(o, vf_set(0.0f)), vf_sub(half, g), vf_add(half, g));
}

/* Loaiza-Ganem & Cunningham 2019, in logit form. Their constant is C(o) = o / tanh(o / 2), and with it the
 * log(1 + exp(-|o|)) of the Bernoulli cancels: -log p = max(o, 0) - o x + log((1 - exp(-|o|)) / |o|), which has neither a pole
 * at o = 0 (lambda = 1/2) nor an overflow far out. Its slope is the mean less x. */
VF_INLINE vf continuous_bernoulli_term(vf o, vf x, vf *slope) {
  const vf a = vf_max(vf_set(1e-30f), vf_abs(o)); /* so that q is 1 at 0 */
  const vf q = vf_div(vf_sub(vf_set(0.0f), vf_expm1_negative(vf_sub(vf_set(0.0f), a))), a);
  *slope = vf_sub(continuous_bernoulli_mean(o, a, q), x);
  return vf_add(vf_sub(vf_max(vf_set(0.0f), o), vf_mul(o, x)), vf_log(q));
}

/* The term of a column and its slope by the output. */
typedef vf density_term(vf output, vf x, vf *slope);

/* Inlined for one term, with and without gradients. The tile by value: what is stored cannot lie in it. */
VF_INLINE void add_terms(vaei_density t, density_term *term_of, bool gradient) {
  for (size_t i = 0; i < t.rows; i++) {
    const vf weight = vf_set(gradient ? t.row_weight[i] : 0.0f);
    vf sum = vf_set(0.0f);
    for (size_t j = 0; j < t.columns; j += 16) {
      const size_t valid = valid_lanes(t.columns, j);
      vf slope;
      const vf term = term_of(vf_load(t.output + i * t.output_row + j), vf_load(t.x + i * t.x_row + j), &slope);
      sum = vf_add(sum, keep_valid(term, valid));
      if (gradient) vf_store(t.d + i * t.d_row + j, keep_valid(vf_mul(weight, slope), valid));
    }
    t.nll[i] += (double)vf_sum(sum);
  }
}

VF_INLINE void density(const vaei_density *t, density_term *term_of) {
  if (t->d) add_terms(*t, term_of, true);
  else add_terms(*t, term_of, false);
}

static void bernoulli(const vaei_density *t) { density(t, bernoulli_term); }

static void continuous_bernoulli(const vaei_density *t) { density(t, continuous_bernoulli_term); }
