/* The diagonal Gaussian q of one row: its divergence from N(0, 1), its draws, and the way back. Rows lie unpadded. */

static float normal_posterior(size_t count, const float *mean, float *logvar, float *deviation, float *inside) {
  const vf one = vf_set(1.0f), half = vf_set(0.5f), low = vf_set(-20.0f), high = vf_set(20.0f);
  vf sum = vf_set(0.0f);
  for (size_t j = 0; j < count; j += 16) {
    const size_t valid = valid_lanes(count, j);
    const vf m = vf_load_first(mean + j, valid), raw = vf_load_first(logvar + j, valid);
    const vf lv = vf_max(low, vf_min(high, raw));
    const vf outside = vf_select(vf_less(raw, low), one, vf_select(vf_less(high, raw), one, vf_set(0.0f)));
    const vf s = vf_exp(vf_mul(half, lv));
    vf_store_first(logvar + j, lv, valid);
    vf_store_first(deviation + j, s, valid);
    vf_store_first(inside + j, vf_sub(one, outside), valid);
    /* exp(lv) - 1 - lv >= 0 cancels near lv = 0; there s - 1 is small too, and (s^2 - 1) - lv keeps what float has. */
    vf term = vf_fma(m, m, vf_sub(vf_fma(s, s, vf_set(-1.0f)), lv));
    term = vf_add(term, vf_sub(raw, raw)); /* an infinite logvar is no number to clamp: NaN */
    sum = vf_add(sum, vf_keep_first(term, valid));
  }
  return 0.5f * vf_sum(sum);
}

static float normal_draw(size_t count, const float *mean, const float *logvar, const float *deviation,
                         const float *noise, float *z) {
  vf sum = vf_set(0.0f);
  for (size_t j = 0; j < count; j += 16) {
    const size_t valid = valid_lanes(count, j);
    const vf eps = vf_load_first(noise + j, valid);
    const vf draw = vf_fma(vf_load_first(deviation + j, valid), eps, vf_load_first(mean + j, valid));
    vf_store_first(z + j, draw, valid);
    const vf square = vf_fma(eps, eps, vf_load_first(logvar + j, valid));
    sum = vf_add(sum, vf_sub(square, vf_mul(draw, draw))); /* all zero in the lanes beyond valid */
  }
  return 0.5f * vf_sum(sum);
}

static float normal_sample(size_t count, const float *mean, const float *logvar, const float *deviation,
                           const float *noise, float *z) {
  vf sum = vf_set(0.0f);
  for (size_t j = 0; j < count; j += 16) {
    const size_t valid = valid_lanes(count, j);
    const vf eps = vf_load_first(noise + j, valid);
    const vf draw = vf_fma(vf_load_first(deviation + j, valid), eps, vf_load_first(mean + j, valid));
    vf_store_first(z + j, draw, valid);
    sum = vf_add(sum, vf_fma(eps, eps, vf_load_first(logvar + j, valid)));
  }
  return 0.5f * vf_sum(sum);
}

static void normal_draw_backward(size_t count, const float *dz, const float *z, float prior_weight,
                                 const float *deviation, const float *noise, float *dmean, float *dlogvar) {
  const vf prior = vf_set(prior_weight), half = vf_set(0.5f);
  for (size_t j = 0; j < count; j += 16) {
    const size_t valid = valid_lanes(count, j);
    const vf g = vf_fma(prior, vf_load_first(z + j, valid), vf_load_first(dz + j, valid));
    const vf path = vf_mul(vf_mul(half, vf_load_first(deviation + j, valid)), vf_load_first(noise + j, valid));
    vf_store_first(dmean + j, vf_add(vf_load_first(dmean + j, valid), g), valid);
    vf_store_first(dlogvar + j, vf_fma(g, path, vf_load_first(dlogvar + j, valid)), valid);
  }
}

static void normal_posterior_backward(size_t count, const float *mean, const float *deviation, const float *inside,
                                      float weight, float constant, float *dmean, float *dlogvar) {
  const vf w = vf_set(weight), half_w = vf_set(0.5f * weight), add = vf_set(constant);
  for (size_t j = 0; j < count; j += 16) {
    const size_t valid = valid_lanes(count, j);
    const vf s = vf_load_first(deviation + j, valid);
    const vf dm = vf_fma(w, vf_load_first(mean + j, valid), vf_load_first(dmean + j, valid));
    const vf kl = vf_fma(half_w, vf_fma(s, s, vf_set(-1.0f)), add);
    const vf dlv = vf_mul(vf_add(vf_load_first(dlogvar + j, valid), kl), vf_load_first(inside + j, valid));
    vf_store_first(dmean + j, dm, valid);
    vf_store_first(dlogvar + j, dlv, valid);
  }
}

static void scale_rows(size_t rows, size_t columns, const float *row_weight, float *y, size_t y_row) {
  for (size_t i = 0; i < rows; i++)
    for (size_t j = 0; j < columns; j += 16)
      vf_store(y + i * y_row + j, vf_mul(vf_set(row_weight[i]), vf_load(y + i * y_row + j)));
}
