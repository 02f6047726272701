/* Negative log densities of a tile of outputs, and their gradients, in one pass. */

/* The lanes of vector j / 16 that are real columns. */
VF_INLINE size_t valid_lanes(size_t columns, size_t j) { return columns - j < 16 ? columns - j : 16; }

static void bernoulli(size_t rows, size_t columns, const float *logits, size_t logits_row, const float *x, size_t x_row,
                      const float *row_weight, float *d, size_t d_row, double *nll) {
  const vf zero = vf_set(0.0f);
  for (size_t i = 0; i < rows; i++) {
    const vf weight = vf_set(d ? row_weight[i] : 0.0f);
    vf sum = zero;
    for (size_t j = 0; j < columns; j += 16) {
      const size_t valid = valid_lanes(columns, j);
      const vf o = vf_load(logits + i * logits_row + j), target = vf_load(x + i * x_row + j);
      const vf e = vf_exp_minus_abs(o);
      const vf term = vf_add(vf_sub(vf_max(zero, o), vf_mul(o, target)), vf_log1p_unit(e));
      sum = vf_add(sum, valid == 16 ? term : vf_keep_first(term, valid));
      if (d) {
        const vf slope = vf_mul(weight, vf_sub(sigmoid_of(o, e), target));
        vf_store(d + i * d_row + j, valid == 16 ? slope : vf_keep_first(slope, valid));
      }
    }
    nll[i] += (double)vf_sum(sum);
  }
}

static void gaussian(size_t rows, size_t columns, const float *location, size_t location_row, const float *x,
                     size_t x_row, float inverse_sigma, float constant, const float *row_weight, float *d, size_t d_row,
                     double *nll) {
  const vf half = vf_set(0.5f), scale = vf_set(inverse_sigma), offset = vf_set(constant);
  for (size_t i = 0; i < rows; i++) {
    const vf weight = vf_set(d ? row_weight[i] * inverse_sigma : 0.0f);
    vf sum = vf_set(0.0f);
    for (size_t j = 0; j < columns; j += 16) {
      const size_t valid = valid_lanes(columns, j);
      const vf m = vf_load(location + i * location_row + j);
      const vf t = vf_mul(vf_sub(m, vf_load(x + i * x_row + j)), scale);
      const vf term = vf_fma(vf_mul(half, t), t, offset);
      sum = vf_add(sum, valid == 16 ? term : vf_keep_first(term, valid));
      if (d) {
        const vf slope = vf_mul(weight, t);
        vf_store(d + i * d_row + j, valid == 16 ? slope : vf_keep_first(slope, valid));
      }
    }
    nll[i] += (double)vf_sum(sum);
  }
}
