/* The register-tiled matrix product, over the vocabulary of simd_*.h. */

#include "kernels/rolled.h"

/* rows and panels are constants at every call: the accumulators are then registers. Their array has fixed bounds, since
 * one with parameters for bounds would live on the stack, and the loop over k stays rolled, since unrolled it spills
 * (docs/KERNELS.md). */
VF_INLINE void product_tile(const vaei_product *p, const int rows, const int panels) {
  vr sum[VF_TILE_ROWS][VF_TILE_PANELS * VR_COUNT];
  const float *a = p->a, *b = p->b;
  const size_t a_row = p->a_row, a_step = p->a_step, b_step = p->b_step, b_panel = p->b_panel;
  for (int j = 0; j < panels; j++)
    for (int r = 0; r < VR_COUNT; r++) {
      const vr start = p->start ? vr_load(p->start + (size_t)j * p->start_panel + r * VR_LANES) : vr_set(0);
      for (int i = 0; i < rows; i++) sum[i][j * VR_COUNT + r] = start;
    }
  VAEI_ROLLED
  for (size_t k = p->depth; k > 0; k--) {
    vr column[VF_TILE_PANELS * VR_COUNT];
    for (int j = 0; j < panels; j++)
      for (int r = 0; r < VR_COUNT; r++) column[j * VR_COUNT + r] = vr_load(b + (size_t)j * b_panel + r * VR_LANES);
    for (int i = 0; i < rows; i++) {
      const vr x = vr_set(a[(size_t)i * a_row]);
      for (int j = 0; j < panels * VR_COUNT; j++) sum[i][j] = vr_fma(x, column[j], sum[i][j]);
    }
    a += a_step;
    b += b_step;
  }
  for (int i = 0; i < rows; i++)
    for (int j = 0; j < panels; j++)
      for (int r = 0; r < VR_COUNT; r++)
        vr_store(p->c + (size_t)i * p->c_row + (size_t)j * p->c_panel + r * VR_LANES, sum[i][j * VR_COUNT + r]);
}

static void product(const vaei_product *p, uint32_t rows, uint32_t panels) {
  switch (panels * 16 + rows) {
    case 16 + 1: product_tile(p, 1, 1); break;
    case 16 + 2: product_tile(p, 2, 1); break;
    case 16 + 3: product_tile(p, 3, 1); break;
    case 16 + 4: product_tile(p, 4, 1); break;
#if VF_TILE_ROWS > 4
    case 16 + 5: product_tile(p, 5, 1); break;
    case 16 + 6: product_tile(p, 6, 1); break;
#endif
#if VF_TILE_ROWS > 6
    case 16 + 7: product_tile(p, 7, 1); break;
    case 16 + 8: product_tile(p, 8, 1); break;
#endif
#if VF_TILE_PANELS > 1
    case 32 + 1: product_tile(p, 1, 2); break;
    case 32 + 2: product_tile(p, 2, 2); break;
    case 32 + 3: product_tile(p, 3, 2); break;
    case 32 + 4: product_tile(p, 4, 2); break;
    case 32 + 5: product_tile(p, 5, 2); break;
    case 32 + 6: product_tile(p, 6, 2); break;
    case 32 + 7: product_tile(p, 7, 2); break;
    case 32 + 8: product_tile(p, 8, 2); break;
    case 48 + 1: product_tile(p, 1, 3); break;
    case 48 + 2: product_tile(p, 2, 3); break;
    case 48 + 3: product_tile(p, 3, 3); break;
    case 48 + 4: product_tile(p, 4, 3); break;
    case 48 + 5: product_tile(p, 5, 3); break;
    case 48 + 6: product_tile(p, 6, 3); break;
    case 48 + 7: product_tile(p, 7, 3); break;
    case 48 + 8: product_tile(p, 8, 3); break;
#endif
    default: break;
  }
}
