/* Adam, the transposed copy of weights, and the gathering of rows: kernels that live from memory traffic. */

static void adam(const vaei_adam_step *step, size_t count, const float *g, float *w, float *m, float *v) {
  const vf beta1 = vf_set(step->beta1), beta2 = vf_set(step->beta2);
  const vf rest1 = vf_set(step->rest1), rest2 = vf_set(step->rest2);
  const vf size = vf_set(step->step_size), root = vf_set(step->root_scale), epsilon = vf_set(step->epsilon);
  for (size_t i = 0; i < count; i += 16) {
    const vf gradient = vf_load(g + i);
    const vf first = vf_fma(beta1, vf_load(m + i), vf_mul(rest1, gradient));
    const vf second = vf_fma(beta2, vf_load(v + i), vf_mul(vf_mul(rest2, gradient), gradient));
    const vf denominator = vf_fma(vf_sqrt(second), root, epsilon);
    vf_store(m + i, first);
    vf_store(v + i, second);
    vf_store(w + i, vf_sub(vf_load(w + i), vf_div(vf_mul(size, first), denominator)));
  }
}

static void transpose(const float *from, uint32_t rows, float *to, uint32_t columns) {
  vf block[16];
  for (uint32_t i = 0; i < 16; i++) block[i] = i < rows ? vf_load(from + 16 * i) : vf_set(0.0f);
  vf_transpose(block);
  for (uint32_t j = 0; j < 16; j++)
    if (j < columns) vf_store(to + 16 * j, block[j]);
}

/* How far x is outside [low, high]: 0 inside, NaN for NaN and infinity. min(high, max(low, x)) = x inside alone. */
VF_INLINE vf distance_outside(vf x, vf low, vf high) { return vf_abs(vf_sub(x, vf_min(high, vf_max(low, x)))); }

/* The first of count gathered values that is outside the range; worst is the sum of distances. A distance that is
 * denormal counts as none: whether it is flushed to zero depends on the caller's mode. */
static size_t first_outside(const float *x, size_t count, float low, float high, vf worst) {
  if (vmask_all(vf_less(worst, vf_set(0x1p-126f)))) return count;
  for (size_t j = 0; j < count; j++)
    if (!(x[j] >= low && x[j] <= high)) return j;
  return count;
}

static size_t gather_bytes(const uint8_t *from, size_t count, float scale, float low, float high, float *to) {
  const vf factor = vf_set(scale), least = vf_set(low), most = vf_set(high);
  vf worst = vf_set(0.0f);
  for (size_t j = 0; j < count; j += 16) {
    uint8_t last[16] = {0};
    const size_t valid = valid_lanes(count, j);
    for (size_t i = 0; valid < 16 && i < valid; i++) last[i] = from[j + i];
    const vf x = vf_mul(factor, vf_load_bytes(valid < 16 ? last : from + j));
    const vf off = distance_outside(x, least, most);
    worst = vf_add(worst, valid == 16 ? off : vf_keep_first(off, valid));
    vf_store(to + j, x);
  }
  return first_outside(to, count, low, high, worst);
}

static size_t gather_floats(const float *from, size_t count, float low, float high, float *to) {
  const vf least = vf_set(low), most = vf_set(high);
  vf worst = vf_set(0.0f);
  for (size_t j = 0; j < count; j += 16) {
    const size_t valid = valid_lanes(count, j);
    const vf x = valid == 16 ? vf_load(from + j) : vf_load_first(from + j, valid);
    const vf off = distance_outside(x, least, most);
    worst = vf_add(worst, valid == 16 ? off : vf_keep_first(off, valid));
    vf_store(to + j, x);
  }
  return first_outside(to, count, low, high, worst);
}
