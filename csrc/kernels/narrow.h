/* Products with weights of 16 or 8 bits: their operands and tables.
 *
 * Weights lie in panels of 16 units, as those of 32 bits do, a whole number of 64-byte lines each:
 *   bf16: the biases, 16 floats; then a line for every two inputs k, k + 1: 16 words, a unit each, w[k] in the lower half
 *         and w[k + 1] in the upper one. bf16 is the upper half of a float.
 *   int8: 16 floats of biases, 16 floats of scales, 16 int32 with the sums of the weights; then a line for every four inputs:
 *         16 times 4 signed bytes. w = scale * byte.
 * Inputs beyond the last and units beyond the last are zero. */
#ifndef VAEI_NARROW_H
#define VAEI_NARROW_H

#include <stddef.h>
#include <stdint.h>

enum { VAEI_LINE = 64, VAEI_BF16_HEADER = VAEI_LINE, VAEI_INT8_HEADER = 3 * VAEI_LINE };

/* How a row of inputs became bytes: x = scale * (byte - zero). scale is NaN where the row held anything not finite. */
typedef struct vaei_row_scale {
  float scale;
  int32_t zero;
} vaei_row_scale;

/* c[i][p] = bias[p] + sum over k of x[i][k] * w[k][p]; panels of c are 16 floats apart. */
typedef struct vaei_narrow_product {
  size_t depth;
  const float *x;       /* bf16 */
  const uint8_t *bytes; /* int8: whole words; bytes from depth on count for nothing */
  const vaei_row_scale *scales;
  size_t x_row; /* in elements of x or bytes */
  const unsigned char *b;
  size_t b_panel; /* in bytes */
  float *c;
  size_t c_row;
} vaei_narrow_product;

typedef struct vaei_int8_kernels {
  /* A row with least value l and largest h, zero counted among them: scale = (h - l) / 255, zero = round(-l / scale),
   * byte = round(x / scale) + zero, ties to even. Rows of bytes are padded to whole vectors. */
  void (*quantize)(size_t rows, size_t columns, const float *x, size_t x_row, uint8_t *bytes, size_t bytes_row,
                   vaei_row_scale *scales);

  /* Tiles as those of vaei_kernels.product; a single row may have row_panels of them. The sum is an exact integer of 32
   * bits: depth at most 2^16. */
  void (*product)(const vaei_narrow_product *p, uint32_t rows, uint32_t panels);
} vaei_int8_kernels;

#endif
