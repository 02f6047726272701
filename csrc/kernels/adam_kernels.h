/* Adam, on a tile of weights. */

#include "kernels/rolled.h"

/* One vector. What comes from the gradient alone is computed before the moments arrive from an outer cache. The constants are read
 * where they are used, so that a product's accumulators keep their registers. */
VF_INLINE void adam_vector(const vaei_adam_step *step, const float *g, float *w, float *m, float *v) {
  const vf gradient = vf_load(g);
  const vf first = vf_fma(vf_set(step->beta1), vf_load(m), vf_mul(vf_set(step->rest1), gradient));
  const vf second = vf_fma(vf_set(step->beta2), vf_load(v), vf_mul(vf_mul(vf_set(step->rest2), gradient), gradient));
  const vf denominator = vf_fma(vf_sqrt(second), vf_set(step->root_scale), vf_set(step->epsilon));
  vf_store(m, first);
  vf_store(v, second);
  vf_store(w, vf_fma(vf_set(step->keep), vf_load(w),
                     vf_div(first, denominator))); /* with keep = 1 a plain sum, at its cost */
}

/* A panel of the tile. What the next tile's panel needs comes from an outer cache and is asked for now. */
VF_INLINE void adam_panel(const vaei_adam_tile *tile, uint32_t j) {
  const vaei_adam_step *step = tile->step;
  const float *g = tile->g + j * tile->g_panel;
  const size_t panel = j * tile->panel;
  float *w = tile->w + panel, *m = tile->m + panel, *v = tile->v + panel;
  VAEI_ROLLED
  for (uint32_t i = tile->rows; i > 0; i--, g += 16, w += 16, m += 16, v += 16) {
    adam_vector(step, g, w, m, v);
    __builtin_prefetch(w + VF_TILE_ROWS * 16);
    __builtin_prefetch(m + VF_TILE_ROWS * 16);
    __builtin_prefetch(v + VF_TILE_ROWS * 16);
  }
}

static void adam(const vaei_adam_tile *tile) {
  for (uint32_t j = 0; j < tile->panels; j++) adam_panel(tile, j);
}
