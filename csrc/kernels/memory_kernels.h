/* The transposed copy of weights and the gathering of rows: kernels that live from memory traffic. */

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
