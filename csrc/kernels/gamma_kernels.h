/* log Gamma and its derivative, in forms that keep their digits where two of them are subtracted: what is left once the leading
 * terms of Stirling's formula are taken away, which the densities cancel by hand.
 *
 *   log Gamma(y) = (y - 1/2) log y - y + log(2 pi) / 2 + rest(y),   rest(y) = 1 / (12 y) - …
 *   digamma(y) = log y - 1 / (2 y) - slope(y),                      slope(y) = -rest'(y) = 1 / (12 y^2) - …
 *
 * Abramowitz & Stegun 1964, 6.1.40 and 6.3.18. Polynomials in 1 / y, minimax for y >= 1; below, one step of the recurrence
 * Gamma(y + 1) = y Gamma(y). */

/* rest(y) for y >= 1, off by at most 2e-8 (minimax of its product with y). */
VF_INLINE vf stirling_rest(vf inverse_y) {
  const vf y = inverse_y, y2 = vf_mul(y, y);
  const vf p01 = vf_fma(vf_set(2.11567894e-5f), y, vf_set(8.3332248e-2f));
  const vf p23 = vf_fma(vf_set(3.6642846e-4f), y, vf_set(-2.91222869e-3f));
  const vf p45 = vf_fma(vf_set(-1.58719908e-4f), y, vf_set(4.12562629e-4f));
  return vf_mul(y, vf_fma(vf_fma(p45, y2, p23), y2, p01));
}

/* A polynomial of degree 7 in z, constant first. */
VF_INLINE vf gamma_polynomial(const float c[8], vf z) {
  const vf z2 = vf_mul(z, z);
  const vf p01 = vf_fma(vf_set(c[1]), z, vf_set(c[0])), p23 = vf_fma(vf_set(c[3]), z, vf_set(c[2]));
  const vf p45 = vf_fma(vf_set(c[5]), z, vf_set(c[4])), p67 = vf_fma(vf_set(c[7]), z, vf_set(c[6]));
  return vf_fma(vf_fma(p67, z2, p45), vf_mul(z2, z2), vf_fma(p23, z2, p01));
}

/* y slope(y) for y >= 1, off by at most 2e-7 of its size. */
VF_INLINE vf stirling_slope(vf inverse_y) {
  static const float c[8] = {0.0833333433f, -1.72526597e-6f, -0.00829148572f, -0.000398273667f,
                             0.005857768f,  -0.00481865276f, 0.00179746805f,  -0.000262771035f};
  return vf_mul(inverse_y, gamma_polynomial(c, inverse_y));
}

/* What is known of log Gamma at y. */
typedef struct gamma_rests {
  vf rest;  /* rest(y) */
  vf slope; /* y slope(y) */
} gamma_rests;

/* For any y from 1e-30 to 1e30. Below 1 rest(y) = rest(y + 1) + (y + 1/2) log((y + 1) / y) - 1, which grows as -log y / 2, and
 * y slope(y) = 1/2 + y / (2 (y + 1)) + y slope(y + 1) - y log((y + 1) / y). */
VF_INLINE gamma_rests gamma_rests_of(vf y) {
  const vf one = vf_set(1.0f), half = vf_set(0.5f), next = vf_add(y, one);
  const vmask small = vf_less(y, one);
  const vf inverse = vf_div(one, vf_select(small, next, y)),
           ratio = vf_mul(y, inverse); /* of the argument that is >= 1 */
  const vf rest = stirling_rest(inverse), slope = stirling_slope(inverse);
  const vf log_step = vf_log(vf_select(small, vf_div(next, y), one));
  const vf step = vf_sub(vf_mul(vf_add(y, half), log_step), one);
  const vf step_slope = vf_sub(vf_fma(half, ratio, half), vf_mul(y, log_step));
  return (gamma_rests){.rest = vf_select(small, vf_add(rest, step), rest),
                       .slope = vf_select(small, vf_fma(ratio, slope, step_slope), slope)};
}

/* half_step(h) = log Gamma(h) - log Gamma(h + 1/2) + log(h) / 2 = 1 / (8 h) - …, and -h half_step'(h) = 1 / (8 h) - …; off by
 * 2e-7 of their size for h >= 1. Below, half_step(h) = half_step(h + 1) + log((h + 1/2) / sqrt(h (h + 1))). */
typedef struct half_steps {
  vf value, slope; /* half_step(h), -h half_step'(h) */
} half_steps;

VF_INLINE half_steps half_steps_of(vf h) {
  static const float value[8] = {0.124999993f,   -1.24993178e-7f, -0.00519995624f, -9.87383828e-5f,
                                 0.00205875677f, -0.0012513774f,  0.000273688755f, 0.0f};
  static const float slope[8] = {0.12500003f,   -3.44270484e-6f, -0.0155414939f, -0.000794855994f,
                                 0.0115845334f, -0.0096234791f,  0.00361784175f, -0.000533473038f};
  const vf one = vf_set(1.0f), half = vf_set(0.5f), next = vf_add(h, one), middle = vf_add(h, half);
  const vmask small = vf_less(h, one);
  const vf z = vf_div(one, vf_select(small, next, h));
  const vf far = vf_mul(z, gamma_polynomial(value, z)), far_slope = vf_mul(z, gamma_polynomial(slope, z));
  const vf log_step = vf_mul(half, vf_log(vf_select(small, vf_div(vf_mul(middle, middle), vf_mul(h, next)), one)));
  /* -h times the derivative of that log: 1/2 + h / (2 (h + 1)) - h / (h + 1/2) = 1 / (4 (h + 1) (h + 1/2)) */
  const vf step_slope = vf_div(vf_set(0.25f), vf_mul(next, middle));
  return (half_steps){.value = vf_select(small, vf_add(far, log_step), far),
                      .slope = vf_select(small, vf_fma(vf_mul(h, z), far_slope, step_slope), far_slope)};
}

/* log Gamma(y) and digamma(y) themselves, for y from 1e-30 to 1e30. */
static void log_gamma(size_t count, const float *from, float *value, float *slope) {
  const vf half = vf_set(0.5f), one = vf_set(1.0f);
  for (size_t j = 0; j < count; j += 16) {
    const size_t valid = valid_lanes(count, j);
    const vf read = vf_load_first(from + j, valid), y = vf_select(vf_less(vf_set(0.0f), read), read, one);
    const vf log_y = vf_log(y), inverse = vf_div(one, y);
    const gamma_rests rests = gamma_rests_of(y);
    const vf offset = vf_add(vf_set(0.918938533f), rests.rest); /* log(2 pi) / 2 */
    vf_store_first(value + j, vf_fma(vf_sub(y, half), log_y, vf_sub(offset, y)), valid);
    vf_store_first(slope + j, vf_sub(log_y, vf_mul(inverse, vf_add(half, rests.slope))), valid);
  }
}
