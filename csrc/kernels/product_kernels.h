/* The register-tiled matrix product, over the vocabulary of simd_*.h. */

#include "kernels/rolled.h"

/* The accumulators of a tile. rows and panels are constants at every call: they are then registers. The array has fixed
 * bounds, since one with parameters for bounds would live on the stack, and the loop over k stays rolled, since unrolled it
 * spills (docs/KERNELS.md). */
typedef vr tile_sums[VF_TILE_ROWS][VF_TILE_PANELS * VR_COUNT];

/* `steps` steps over k from *a and *b on. */
VF_INLINE void tile_steps(tile_sums sum, const int rows, const int panels, size_t steps, const float **a, size_t a_row,
                          size_t a_step, const float **b, size_t b_panel, size_t b_step) {
  VAEI_ROLLED
  for (size_t k = steps; k > 0; k--) {
    vr column[VF_TILE_PANELS * VR_COUNT];
    VAEI_EACH (j, panels)
      VAEI_EACH (r, VR_COUNT) column[j * VR_COUNT + r] = vr_load(*b + (size_t)j * b_panel + r * VR_LANES);
    VAEI_EACH (i, rows) {
      const vr x = vr_set((*a)[(size_t)i * a_row]);
      VAEI_EACH (j, panels * VR_COUNT) sum[i][j] = vr_fma(x, column[j], sum[i][j]);
    }
    *a += a_step;
    *b += b_step;
  }
}

VF_INLINE void tile_store(tile_sums sum, const int rows, const int panels, float *c, size_t c_row, size_t c_panel) {
  VAEI_EACH (i, rows)
    VAEI_EACH (j, panels)
      VAEI_EACH (r, VR_COUNT)
        vr_store(c + (size_t)i * c_row + (size_t)j * c_panel + r * VR_LANES, sum[i][j * VR_COUNT + r]);
}

VF_INLINE void product_tile(const vaei_product *p, const int rows, const int panels) {
  tile_sums sum;
  const float *a = p->a, *b = p->b;
  VAEI_EACH (j, panels)
    VAEI_EACH (r, VR_COUNT) {
      const vr start = p->start ? vr_load(p->start + (size_t)j * p->start_panel + r * VR_LANES) : vr_set(0);
      VAEI_EACH (i, rows) sum[i][j * VR_COUNT + r] = start;
    }
  tile_steps(sum, rows, panels, p->depth, &a, p->a_row, p->a_step, &b, p->b_panel, p->b_step);
  tile_store(sum, rows, panels, p->c, p->c_row, p->c_panel);
}

/* The panels of `beside` are spread over the steps. */
VF_INLINE void gradient_tile(const vaei_gradient *p, const int rows, const int panels, const vaei_adam_tile *beside) {
  tile_sums sum;
  const float *a = p->x, *b = p->dy;
  VAEI_EACH (i, rows)
    VAEI_EACH (j, panels * VR_COUNT) sum[i][j] = vr_set(0);
  if (p->start)
    VAEI_EACH (i, rows)
      VAEI_EACH (j, panels)
        VAEI_EACH (r, VR_COUNT)
          sum[i][j * VR_COUNT + r] = vr_load(p->start + (size_t)i * 16 + (size_t)j * p->start_panel + r * VR_LANES);
  size_t left = p->depth;
  const size_t steps = left / (beside->panels + 1);
  for (uint32_t j = 0; j < beside->panels; j++) {
    tile_steps(sum, rows, panels, steps, &a, 1, p->x_row, &b, 16, p->dy_row);
    left -= steps;
    adam_panel(beside, j);
  }
  tile_steps(sum, rows, panels, left, &a, 1, p->x_row, &b, 16, p->dy_row);
  tile_store(sum, rows, panels, p->g, 16, p->g_panel);
}

static void product(const vaei_product *p, uint32_t rows, uint32_t panels) {
  switch (VAEI_TILE_CASE(rows, panels)) {
    VAEI_TILE_CASES(product_tile, p)
    default: break;
  }
}

static void gradient_and_adam(const vaei_gradient *p, uint32_t rows, uint32_t panels, const vaei_adam_tile *tile) {
#define GRADIENT_TILE(p, rows, panels) gradient_tile(p, rows, panels, tile)
  switch (VAEI_TILE_CASE(rows, panels)) {
    VAEI_TILE_CASES(GRADIENT_TILE, p)
    default: break;
  }
#undef GRADIENT_TILE
}
