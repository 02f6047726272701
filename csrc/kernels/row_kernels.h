/* The product of a single row: as product_kernels.h, by more panels. A row alone has one accumulator a panel, so three panels
 * leave the processor waiting for the last multiply-add; with twelve it waits for the weights. */

#include "kernels/rolled.h"

VF_INLINE void row_tile(const vaei_product *p, const int rows, const int panels) {
  vr sum[VF_ROW_PANELS * VR_COUNT];
  const float *a = p->a, *b = p->b;
  const size_t a_step = p->a_step, b_step = p->b_step, b_panel = p->b_panel;
  (void)rows;
  VAEI_EACH (j, panels)
    VAEI_EACH (r, VR_COUNT)
      sum[j * VR_COUNT + r] = p->start ? vr_load(p->start + (size_t)j * p->start_panel + r * VR_LANES) : vr_set(0);
  VAEI_ROLLED
  for (size_t k = p->depth; k > 0; k--) {
    const vr x = vr_set(*a);
    VAEI_EACH (j, panels)
      VAEI_EACH (r, VR_COUNT)
        sum[j * VR_COUNT + r] = vr_fma(x, vr_load(b + (size_t)j * b_panel + r * VR_LANES), sum[j * VR_COUNT + r]);
    a += a_step;
    b += b_step;
  }
  VAEI_EACH (j, panels)
    VAEI_EACH (r, VR_COUNT) vr_store(p->c + (size_t)j * p->c_panel + r * VR_LANES, sum[j * VR_COUNT + r]);
}

static void row_product(const vaei_product *p, uint32_t panels) {
  switch (VAEI_TILE_CASE(1, panels)) {
    VAEI_ROW_CASES(row_tile, p)
    default: break;
  }
}
