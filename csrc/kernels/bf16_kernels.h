/* The bodies of the bf16 kernels and their table, over the vocabulary of simd_bf16_*.h. Included once by each bf16_*.c, after
 * the vocabulary and the target pragma; VAEI_BF16_TABLE names the result. */

#include "kernels/rolled.h"
#include "kernels/tile_cases.h"

/* As product_tile of product_kernels.h, with a pair where that has a float. */
VF_INLINE void pair_product_tile(const vaei_pair_product *p, const int rows, const int panels) {
  vr sum[VF_TILE_ROWS][VF_TILE_PANELS * VR_COUNT];
  const uint32_t *a = p->a, *b = p->b;
  const size_t a_row = p->a_row, a_step = p->a_step, b_step = p->b_step, b_panel = p->b_panel;
  VAEI_EACH (i, rows)
    VAEI_EACH (j, panels * VR_COUNT) sum[i][j] = vr_set(0);
  if (p->start)
    VAEI_EACH (i, rows)
      VAEI_EACH (j, panels)
        VAEI_EACH (r, VR_COUNT)
          sum[i][j * VR_COUNT + r] =
              vr_load(p->start + (size_t)i * p->start_row + (size_t)j * p->start_panel + r * VR_LANES);
  VAEI_ROLLED
  for (size_t k = p->depth; k > 0; k--) {
    vp column[VF_TILE_PANELS * VR_COUNT];
    VAEI_EACH (j, panels)
      VAEI_EACH (r, VR_COUNT) column[j * VR_COUNT + r] = vp_load(b + (size_t)j * b_panel + r * VR_LANES);
    VAEI_EACH (i, rows) {
      const vp x = vp_set(a[(size_t)i * a_row]);
      VAEI_EACH (j, panels * VR_COUNT) sum[i][j] = vr_dot(sum[i][j], x, column[j]);
    }
    a += a_step;
    b += b_step;
  }
  VAEI_EACH (i, rows)
    VAEI_EACH (j, panels)
      VAEI_EACH (r, VR_COUNT)
        vr_store(p->c + (size_t)i * p->c_row + (size_t)j * p->c_panel + r * VR_LANES, sum[i][j * VR_COUNT + r]);
}

static void pair_product(const vaei_pair_product *p, uint32_t rows, uint32_t panels) {
  switch (VAEI_TILE_CASE(rows, panels)) {
    VAEI_TILE_CASES(pair_product_tile, p)
    default: break;
  }
}

static void pack(uint32_t rows, uint32_t panels, const float *from, size_t from_row, uint32_t *across,
                 size_t across_row, uint32_t *along, size_t along_row) {
  for (uint32_t i = 0; i < rows; i += 2) {
    const float *row = from + i * from_row;
    const bool both = i + 1 < rows;
    for (uint32_t j = 0; j < panels; j++) {
      const vh x = vh_round(vf_load(row + 16 * j), both ? vf_load(row + from_row + 16 * j) : vf_set(0.0f));
      if (across) vh_store_first(across + i * across_row + 8 * j, x);
      if (across && both) vh_store_second(across + (i + 1) * across_row + 8 * j, x);
      if (along) vh_store_paired(along + i / 2 * along_row + 16 * j, x);
    }
  }
}

static void unpack(uint32_t rows, uint32_t panels, const uint32_t *across, size_t across_row, float *to,
                   size_t to_row) {
  for (uint32_t i = 0; i < rows; i++)
    for (uint32_t j = 0; j < panels; j++)
      vf_store(to + i * to_row + 16 * j, vf_load_half(across + i * across_row + 8 * j));
}

static void pack_transposed(const float *from, uint32_t rows, uint32_t *to, uint32_t columns) {
  vh block[8]; /* rows i and i + 8 */
  for (uint32_t i = 0; i < 8; i++)
    block[i] = vh_round(i < rows ? vf_load(from + 16 * i) : vf_set(0.0f),
                        i + 8 < rows ? vf_load(from + 16 * (i + 8)) : vf_set(0.0f));
  vh_transpose(block);
  for (uint32_t j = 0; j < 8; j++)
    if (2 * j < columns) vh_store(to + 16 * j, block[j]);
}

const vaei_bf16_kernels VAEI_BF16_TABLE = {
    .tile_rows = VF_TILE_ROWS,
    .tile_panels = VF_TILE_PANELS,
    .product = pair_product,
    .pack = pack,
    .unpack = unpack,
    .pack_transposed = pack_transposed,
};
