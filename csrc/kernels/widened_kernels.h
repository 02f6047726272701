/* The product with weights in bf16: each is widened to the float that it stands for, so an element is the same chain of fused
 * multiply-adds over k as in product_kernels.h. */

#include "kernels/rolled.h"

VF_INLINE void bf16_tile(const vaei_narrow_product *p, const int rows, const int panels) {
  vr sum[VF_TILE_ROWS][VF_ROW_PANELS * VR_COUNT];
  const float *x = p->x;
  const unsigned char *b = p->b + VAEI_BF16_HEADER;
  const size_t x_row = p->x_row, b_panel = p->b_panel;
  VAEI_EACH (j, panels)
    VAEI_EACH (r, VR_COUNT) {
      const vr bias = vr_load((const float *)(const void *)(p->b + (size_t)j * b_panel) + r * VR_LANES);
      VAEI_EACH (i, rows) sum[i][j * VR_COUNT + r] = bias;
    }
  VAEI_ROLLED
  for (size_t k = p->depth / 2; k > 0; k--) {
    if (rows == 1) { /* panel after panel: no more than one is held */
      const vr first = vr_set(x[0]), second = vr_set(x[1]);
      VAEI_EACH (j, panels)
        VAEI_EACH (r, VR_COUNT) {
          const vi w = vi_load(b + (size_t)j * b_panel + 4 * r * VR_LANES);
          vr *to = &sum[0][j * VR_COUNT + r];
          *to = vr_fma(second, vi_second_bf16(w), vr_fma(first, vi_first_bf16(w), *to));
        }
    } else {
      vr column[VF_TILE_PANELS * VR_COUNT];
      VAEI_EACH (j, panels)
        VAEI_EACH (r, VR_COUNT)
          column[j * VR_COUNT + r] = vi_first_bf16(vi_load(b + (size_t)j * b_panel + 4 * r * VR_LANES));
      VAEI_EACH (i, rows) {
        const vr first = vr_set(x[(size_t)i * x_row]);
        VAEI_EACH (j, panels * VR_COUNT) sum[i][j] = vr_fma(first, column[j], sum[i][j]);
      }
      VAEI_FORGET(b); /* so that the weights are loaded again, not held beside the accumulators */
      VAEI_EACH (j, panels)
        VAEI_EACH (r, VR_COUNT)
          column[j * VR_COUNT + r] = vi_second_bf16(vi_load(b + (size_t)j * b_panel + 4 * r * VR_LANES));
      VAEI_EACH (i, rows) {
        const vr second = vr_set(x[(size_t)i * x_row + 1]);
        VAEI_EACH (j, panels * VR_COUNT) sum[i][j] = vr_fma(second, column[j], sum[i][j]);
      }
    }
    x += 2;
    b += VAEI_LINE;
  }
  if (p->depth % 2)
    VAEI_EACH (j, panels)
      VAEI_EACH (r, VR_COUNT) {
        const vr column = vi_first_bf16(vi_load(b + (size_t)j * b_panel + 4 * r * VR_LANES));
        VAEI_EACH (i, rows)
          sum[i][j * VR_COUNT + r] = vr_fma(vr_set(x[(size_t)i * x_row]), column, sum[i][j * VR_COUNT + r]);
      }
  VAEI_EACH (i, rows)
    VAEI_EACH (j, panels * VR_COUNT) vr_store(p->c + (size_t)i * p->c_row + j * VR_LANES, sum[i][j]);
}

static void bf16_product(const vaei_narrow_product *p, uint32_t rows, uint32_t panels) {
  switch (VAEI_TILE_CASE(rows, panels)) {
    VAEI_ROW_CASES(bf16_tile, p)
    VAEI_TILE_CASES_FROM_2(bf16_tile, p)
    default: break;
  }
}
