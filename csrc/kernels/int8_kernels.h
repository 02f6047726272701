/* Inputs and weights in bytes, with exact sums of 32 bits. What is done in floats has no fused operations, so all
 * instruction sets give the same bits. */

#include "kernels/rolled.h"

/* The least and the largest of a row's values and zero; *good: NaN where one is not finite. */
VF_INLINE void row_range(const float *x, size_t columns, float *least, float *most, float *good) {
  const vf zero = vf_set(0.0f);
  vf low = zero, high = zero, rest = zero;
  float lows[16], highs[16];
  for (size_t j = 0; j < columns; j += 16) {
    const vf value = columns - j < 16 ? vf_load_first(x + j, columns - j) : vf_load(x + j);
    low = vf_min(value, low);
    high = vf_max(value, high);
    rest = vf_fma(value, zero, rest);
  }
  vf_store(lows, low);
  vf_store(highs, high);
  for (int half = 8; half > 0; half /= 2)
    for (int i = 0; i < half; i++) {
      lows[i] = lows[i + half] < lows[i] ? lows[i + half] : lows[i];
      highs[i] = highs[i + half] > highs[i] ? highs[i + half] : highs[i];
    }
  *least = lows[0];
  *most = highs[0];
  *good = vf_sum(rest);
}

static void int8_quantize(size_t rows, size_t columns, const float *x, size_t x_row, uint8_t *bytes, size_t bytes_row,
                          vaei_row_scale *scales) {
  const vf lowest = vf_set(0.0f), highest = vf_set(255.0f);
  for (size_t i = 0; i < rows; i++, x += x_row, bytes += bytes_row) {
    float least, most, good;
    row_range(x, columns, &least, &most, &good);
    const float scale = most * (1 / 255.0f) - least * (1 / 255.0f);
    const bool wide = scale > 0x1p-100f; /* else all values are as good as zero; NaN and infinity end in good */
    const float inverse = wide && good == 0.0f ? 1.0f / scale : 0.0f;
    const vf factor = vf_set(inverse), zero = vf_round(vf_mul(factor, vf_set(-least)));
    float zeros[16];
    vf_store(zeros, zero);
    scales[i] = (vaei_row_scale){.scale = good == 0.0f ? (wide ? scale : 0.0f) : good, .zero = 0};
    if (inverse > 0.0f) scales[i].zero = (int32_t)zeros[0];
    for (size_t j = 0; j < columns; j += 16) {
      const vf value = columns - j < 16 ? vf_load_first(x + j, columns - j) : vf_load(x + j);
      const vf byte = vf_add(vf_round(vf_mul(factor, value)), zero);
      vf_store_bytes(bytes + j, vf_min(highest, vf_max(byte, lowest)));
    }
  }
}

/* The tile's sums, in place, become y = (sum - zero * sum of weights) * (row's scale * unit's scale) + bias. A function of
 * its own: inlined, gcc 12 keeps accumulators on the stack for it. */
static __attribute__((noinline)) void int8_finish(const vaei_narrow_product *p, int rows, int panels) {
  for (int j = 0; j < panels; j++)
    for (int r = 0; r < VR_COUNT; r++) {
      const float *bias = (const float *)(const void *)(p->b + (size_t)j * p->b_panel) + r * VR_LANES;
      const vr offset = vr_load(bias), scale = vr_load(bias + 16);
      const vi weights = vi_load(bias + 32);
      for (int i = 0; i < rows; i++) {
        float *c = p->c + (size_t)i * p->c_row + j * 16 + r * VR_LANES;
        const vi exact = vi_minus_product(vi_load(c), weights, vi_set(p->scales[i].zero));
        vr_store(c, vr_add(vr_mul(vi_to_float(exact), vr_mul(vr_set(p->scales[i].scale), scale)), offset));
      }
    }
}

VF_INLINE void int8_tile(const vaei_narrow_product *p, const int rows, const int panels) {
  vi sum[VF_TILE_ROWS][VF_ROW_PANELS * VR_COUNT];
  const uint8_t *x = p->bytes;
  const unsigned char *b = p->b + VAEI_INT8_HEADER;
  const size_t x_row = p->x_row, b_panel = p->b_panel;
  VAEI_EACH (i, rows)
    VAEI_EACH (j, panels * VR_COUNT) sum[i][j] = vi_set(0);
  size_t k = (p->depth + 3) / 4;
  VAEI_ROLLED
  do {
    if (rows == 1) {
      const vi four = vi_set_bytes(x);
      VAEI_EACH (j, panels)
        VAEI_EACH (r, VR_COUNT)
          sum[0][j * VR_COUNT + r] =
              vi_dot(sum[0][j * VR_COUNT + r], four, vi_load(b + (size_t)j * b_panel + 4 * r * VR_LANES));
    } else {
      vi w[VF_TILE_PANELS * VR_COUNT];
      VAEI_EACH (j, panels)
        VAEI_EACH (r, VR_COUNT) w[j * VR_COUNT + r] = vi_load(b + (size_t)j * b_panel + 4 * r * VR_LANES);
      VAEI_EACH (i, rows) {
        const vi four = vi_set_bytes(x + (size_t)i * x_row);
        VAEI_EACH (j, panels * VR_COUNT) sum[i][j] = vi_dot(sum[i][j], four, w[j]);
      }
    }
    x += 4;
    b += VAEI_LINE;
  } while (--k > 0);
  VAEI_EACH (i, rows)
    VAEI_EACH (j, panels * VR_COUNT) vi_store(p->c + (size_t)i * p->c_row + j * VR_LANES, sum[i][j]);
  int8_finish(p, rows, panels);
}

static void int8_product(const vaei_narrow_product *p, uint32_t rows, uint32_t panels) {
  switch (VAEI_TILE_CASE(rows, panels)) {
    VAEI_ROW_CASES(int8_tile, p)
    VAEI_TILE_CASES_FROM_2(int8_tile, p)
    default: break;
  }
}
