/* Densities over groups of columns. Memory has no padding: a group may end anywhere. */

/* exp(o - max(o)) in place; returns its sum, and the largest o. */
static float shifted_exp(size_t count, float *o, float *largest) {
  *largest = o[0];
  for (size_t j = 1; j < count; j++)
    if (o[j] > *largest) *largest = o[j];
  const vf most = vf_set(*largest);
  vf sum = vf_set(0.0f);
  for (size_t j = 0; j < count; j += 16) {
    const size_t valid = valid_lanes(count, j);
    const vf share = vf_exp(vf_sub(vf_load_first(o + j, valid), most));
    sum = vf_add(sum, vf_keep_first(share, valid));
    vf_store_first(o + j, share, valid);
  }
  return vf_sum(sum);
}

static void softmax(size_t count, float *o) {
  float largest;
  const vf sum = vf_set(shifted_exp(count, o, &largest));
  for (size_t j = 0; j < count; j += 16) {
    const size_t valid = valid_lanes(count, j);
    vf_store_first(o + j, vf_div(vf_load_first(o + j, valid), sum), valid);
  }
}

/* A draw from softmax(o), x its indicator: log sum exp(o) - sum x o. Slope: softmax(o) - x. */
static void categorical(size_t count, float *logits, const float *x, float weight, float *d, double *nll) {
  vf chosen = vf_set(0.0f);
  for (size_t j = 0; j < count; j += 16) {
    const size_t valid = valid_lanes(count, j);
    chosen = vf_fma(vf_load_first(x + j, valid), vf_load_first(logits + j, valid), chosen);
  }
  float largest, log_sum[16];
  const float sum = shifted_exp(count, logits, &largest);
  vf_store(log_sum, vf_log(vf_set(sum)));
  *nll += (double)log_sum[0] + ((double)largest - (double)vf_sum(chosen));
  for (size_t j = 0; j < count; j += 16) {
    const size_t valid = valid_lanes(count, j);
    const vf share = vf_div(vf_load_first(logits + j, valid), vf_set(sum));
    vf_store_first(logits + j, share, valid);
    if (d) vf_store_first(d + j, vf_mul(vf_set(weight), vf_sub(share, vf_load_first(x + j, valid))), valid);
  }
}
