/* The kernels of bfloat16 training: products of bf16 operands summed in float32, and the rounding of float32 into those
 * operands. A table of them goes with a float32 table (kernels.h), which does everything else.
 *
 * A bf16 is the upper half of a float32. Products take operands as pairs: a uint32 whose lower half is the element at an
 * even place of the sum and whose upper half is the next one; a sum of odd length has a zero behind its last element.
 *
 * One matrix x: [rows, columns] is packed in two ways:
 *   across: [rows][columns / 2], pairs of neighbouring columns, so plain row-major bf16: for sums over the columns.
 *   along:  [rows / 2][columns], pairs of neighbouring rows: for sums over the rows.
 * Rows of both are as long as whole panels (16 columns: 8 pairs across, 16 pairs along). */
#ifndef VAEI_BF16_H
#define VAEI_BF16_H

#include "kernels/kernels.h"

enum { VAEI_PAIR = 2 };

/* c[i][p] = start[i][p] + sum over pairs k of a[i][k] . b[k][p], strides as in vaei_product, a and b counted in pairs.
 * A product of two bf16 is exact in float32. AVX512_BF16's vdpbf16ps adds a pair's upper product first, then the lower one,
 * and rounds each sum to nearest, ties to even. FEAT_BF16's BFDOT adds the two products to each other and their sum to c,
 * and rounds both sums to odd (simd_bf16_portable.h). Numbers below the normal range count as zero. So the two instruction
 * sets give different bits; within one, an element is one chain of additions, whatever the tile. */
typedef struct vaei_pair_product {
  size_t depth; /* pairs */
  const uint32_t *a;
  size_t a_row, a_step;
  const uint32_t *b;
  size_t b_step, b_panel;
  const float *start;            /* NULL: zero */
  size_t start_row, start_panel; /* start_row may be 0, for a bias */
  float *c;
  size_t c_row, c_panel;
} vaei_pair_product;

typedef struct vaei_bf16_kernels {
  uint32_t tile_rows;   /* the largest tile of `product`, in rows: an even number, at most VAEI_MAX_TILE_ROWS */
  uint32_t tile_panels; /* and in panels */

  /* rows 1 to tile_rows, panels 1 to tile_panels */
  void (*product)(const vaei_pair_product *p, uint32_t rows, uint32_t panels);

  /* Rounds rows x panels floats to nearest, ties to even, into one or both packings; the other is NULL. Where rows is odd,
   * along's last pairs have zero above. */
  void (*pack)(uint32_t rows, uint32_t panels, const float *from, size_t from_row, uint32_t *across, size_t across_row,
               uint32_t *along, size_t along_row);

  /* float32 again from across. */
  void (*unpack)(uint32_t rows, uint32_t panels, const uint32_t *across, size_t across_row, float *to, size_t to_row);

  /* The along packing of a transposed block: `rows` (1 to 16) by 16 floats, 16 a row, become ceil(columns / 2) by 16
   * pairs, 16 a row; rows beyond `rows` count as zero. */
  void (*pack_transposed)(const float *from, uint32_t rows, uint32_t *to, uint32_t columns);
} vaei_bf16_kernels;

/* The bf16 kernels that go with a float32 table. UNSUPPORTED names the feature that the table or the processor lacks. */
vae_status vaei_bf16_find(const vaei_kernels *kernels, const vaei_bf16_kernels **bf16, vae_error *err);

extern const vaei_bf16_kernels vaei_bf16_avx512;   /* never named where it was not compiled in */
extern const vaei_bf16_kernels vaei_bf16_neon;     /* nor this one */
extern const vaei_bf16_kernels vaei_bf16_portable; /* the oracle of the tests: as slow as it is plain */

#endif
