/* The products of single rows, and those with weights in 16 and 8 bits, on every instruction set and its variants: odd sizes,
 * unaligned memory, and operands that end or begin at a page that may not be touched. */
#define _GNU_SOURCE
#include "guarded.h"
#include "harness.h"
#include "kernels/kernels.h"

static const size_t depths[] = {1, 2, 3, 4, 5, 7, 16, 33, 129};
enum { DEPTHS = sizeof depths / sizeof *depths };

/* What any tile of one row by `panels` is cut into by the kernels that take three panels or fewer. */
static void product_by_parts(const vaei_kernels *k, vaei_product p, uint32_t rows, uint32_t panels) {
  for (uint32_t first = 0; first < panels; first += k->tile_panels) {
    const uint32_t some = panels - first < k->tile_panels ? panels - first : k->tile_panels;
    k->product(&p, rows, some);
    p.b += some * p.b_panel;
    if (p.start) p.start += some * p.start_panel;
    p.c += some * p.c_panel;
  }
}

static void check_row(const vaei_kernels *k, uint32_t panels, size_t depth, int variant) {
  const int end = variant & 1, with_start = variant >> 1 & 1;
  const size_t step = variant & 4 ? 3 : 1;
  float *got = floats(panels * 16, end), *want = floats(panels * 16, end);
  vaei_product p = {.depth = depth,
                    .a = floats((depth - 1) * step + 1, end),
                    .a_step = step,
                    .b = floats(panels * depth * 16, end),
                    .b_step = 16,
                    .b_panel = depth * 16,
                    .start = with_start ? floats(panels * 16, end) : NULL,
                    .start_panel = 16,
                    .c = got,
                    .c_panel = 16};
  k->row_product(&p, panels);
  p.c = want;
  product_by_parts(k, p, 1, panels);
  CHECK_BYTES(got, want, panels * 16 * sizeof *got);
  release_all();
}

/* Against the product in float32 with the weights that bf16 stands for: the same bits. */
static void check_bf16(const vaei_kernels *k, uint32_t rows, uint32_t panels, size_t depth, int end) {
  const size_t panel = VAEI_BF16_HEADER + (depth + 1) / 2 * VAEI_LINE, x_row = depth + 3;
  unsigned char *narrow = guard(panels * panel, end);
  float *wide = guard(panels * (depth + 1) * 16 * sizeof(float), end), *x = floats((rows - 1) * x_row + depth, end);
  float *got = floats((size_t)rows * panels * 16, end), *want = floats((size_t)rows * panels * 16, end);
  memset(narrow, 0, panels * panel);
  for (uint32_t j = 0; j < panels; j++)
    for (size_t i = 0; i < (depth + 1) * 16; i++) {
      const size_t row = i / 16, unit = i % 16;
      uint32_t bits;
      float w = draw();
      memcpy(&bits, &w, sizeof bits);
      if (row < depth) bits &= 0xFFFF0000u;
      memcpy(wide + j * (depth + 1) * 16 + i, &bits, sizeof bits);
      unsigned char *to = narrow + j * panel + (row < depth ? VAEI_BF16_HEADER + row / 2 * VAEI_LINE : 0) + 4 * unit;
      uint32_t word = 0;
      if (row < depth) {
        memcpy(&word, to, sizeof word);
        word |= row % 2 ? bits : bits >> 16;
      } else {
        word = bits;
      }
      memcpy(to, &word, sizeof word);
    }
  const vaei_narrow_product p = {
      .depth = depth, .x = x, .x_row = x_row, .b = narrow, .b_panel = panel, .c = got, .c_row = panels * 16};
  k->bf16_product(&p, rows, panels);
  const vaei_product q = {.depth = depth,
                          .a = x,
                          .a_row = x_row,
                          .a_step = 1,
                          .b = wide,
                          .b_step = 16,
                          .b_panel = (depth + 1) * 16,
                          .start = wide + depth * 16,
                          .start_panel = (depth + 1) * 16,
                          .c = want,
                          .c_row = panels * 16,
                          .c_panel = 16};
  product_by_parts(k, q, rows, panels);
  CHECK_BYTES(got, want, (size_t)rows * panels * 16 * sizeof *got);
  release_all();
}

/* Against sums in 64 bits, and the same operations on floats one by one: the same bits. */
static void check_int8(const vaei_int8_kernels *k, uint32_t rows, uint32_t panels, size_t depth, int end) {
  const size_t groups = (depth + 3) / 4, panel = VAEI_INT8_HEADER + groups * VAEI_LINE, x_row = groups * 4 + 1;
  unsigned char *b = guard(panels * panel, end);
  uint8_t *x = guard((rows - 1) * x_row + groups * 4, end);
  vaei_row_scale *scales = guard(rows * sizeof *scales, end);
  float *got = floats((size_t)rows * panels * 16, end);
  for (size_t i = 0; i < (rows - 1) * x_row + groups * 4; i++) x[i] = (uint8_t)(i * 151 + (i % 3 ? 0 : 255));
  for (uint32_t i = 0; i < rows; i++)
    scales[i] = (vaei_row_scale){.scale = 0.01f + 0.003f * (float)i, .zero = (int)i * 31};
  for (uint32_t j = 0; j < panels; j++) {
    float *header = (float *)(void *)(b + j * panel);
    int8_t *weights = (int8_t *)(b + j * panel + VAEI_INT8_HEADER);
    memset(weights, 0, groups * VAEI_LINE);
    for (size_t unit = 0; unit < 16; unit++) {
      int32_t sum = 0;
      for (size_t i = 0; i < depth; i++) {
        const int8_t w = (int8_t)((int)((i * 16 + unit) * 7919 % 255) - 127);
        weights[i / 4 * 64 + unit * 4 + i % 4] = unit == 5 ? 127 : w; /* the largest sum there is */
        sum += weights[i / 4 * 64 + unit * 4 + i % 4];
      }
      header[unit] = draw();
      header[16 + unit] = 0.02f * draw();
      memcpy(header + 32 + unit, &sum, sizeof sum);
    }
  }
  const vaei_narrow_product p = {.depth = depth,
                                 .bytes = x,
                                 .scales = scales,
                                 .x_row = x_row,
                                 .b = b,
                                 .b_panel = panel,
                                 .c = got,
                                 .c_row = panels * 16};
  k->product(&p, rows, panels);
  size_t wrong = 0;
  for (uint32_t i = 0; i < rows; i++)
    for (uint32_t j = 0; j < panels * 16; j++) {
      const unsigned char *at = b + j / 16 * panel;
      const float *header = (const float *)(const void *)at + j % 16;
      const int8_t *weights = (const int8_t *)(at + VAEI_INT8_HEADER);
      int64_t sum = 0;
      for (size_t d = 0; d < depth; d++)
        sum += ((int64_t)x[i * x_row + d] - scales[i].zero) * weights[d / 4 * 64 + j % 16 * 4 + d % 4];
      volatile float factor = scales[i].scale * header[16], scaled = (float)sum * factor; /* never fused */
      const float want = scaled + header[0];
      wrong += memcmp(&want, &got[(size_t)i * panels * 16 + j], sizeof want) != 0;
    }
  CHECK_THAT(wrong == 0, "int8 product %u x %u panels, depth %zu: %zu differ", rows, panels, depth, wrong);
  release_all();
}

static size_t padded(size_t n) { return (n + 15) / 16 * 16; }

/* Bytes stand for the row to half a step, zero is exact, and every kernel gives the portable one's bits. */
static void check_quantize(const vaei_int8_kernels *k, size_t columns, int end) {
  enum { ROWS = 6 };
  const vaei_int8_kernels *oracle = &vaei_kernels_portable.int8;
  float *x = floats(ROWS * columns, end);
  uint8_t *got = guard(ROWS * padded(columns), end), *want = guard(ROWS * padded(columns), end);
  vaei_row_scale scales[ROWS], expected[ROWS];
  for (size_t j = 0; j < columns; j++) {
    x[columns + j] = fabsf(x[columns + j]);          /* after relu */
    x[2 * columns + j] = -fabsf(x[2 * columns + j]); /* all below zero */
    x[3 * columns + j] = 0;
    x[4 * columns + j] = (float)(j % 256) / 255.0f; /* a picture's bytes */
  }
  x[columns / 2] = 0;
  k->quantize(ROWS, columns, x, columns, got, padded(columns), scales);
  oracle->quantize(ROWS, columns, x, columns, want, padded(columns), expected);
  CHECK_BYTES(got, want, ROWS * padded(columns));
  for (size_t i = 0; i < ROWS; i++) {
    CHECK(memcmp(&scales[i], &expected[i], sizeof scales[i]) == 0);
    CHECK(scales[i].zero >= 0 && scales[i].zero <= 255);
    for (size_t j = 0; j < columns; j++) {
      const int steps = got[i * padded(columns) + j] - scales[i].zero;
      const float value = x[i * columns + j];
      CHECK_NEAR((double)scales[i].scale * steps, (double)value, 0.5001 * (double)scales[i].scale);
      if (value == 0) CHECK(steps == 0);
    }
  }
  static const float bad[] = {NAN, INFINITY, -INFINITY};
  for (size_t b = 0; b < 3; b++) {
    x[columns - 1] = bad[b];
    k->quantize(1, columns, x, columns, got, padded(columns), scales);
    CHECK(isnan(scales[0].scale));
  }
  release_all();
}

static void check_int8_kernels(const vaei_int8_kernels *int8, const vaei_kernels *k) {
  static const size_t widths[] = {1, 2, 15, 16, 17, 33, 50, 300};
  for (int end = 0; end < 2; end++)
    for (size_t w = 0; w < sizeof widths / sizeof *widths; w++) check_quantize(int8, widths[w], end);
  for (size_t d = 0; d < DEPTHS; d++)
    for (int end = 0; end < 2; end++)
      for (uint32_t rows = 1; rows <= k->tile_rows; rows++)
        for (uint32_t panels = 1; panels <= (rows == 1 ? k->row_panels : k->tile_panels); panels++)
          check_int8(int8, rows, panels, depths[d], end);
  check_int8(int8, 2, 1, 1 << 16, 0);
}

int main(void) {
  static const vae_isa isas[] = {VAE_ISA_PORTABLE, VAE_ISA_AVX2, VAE_ISA_AVX512, VAE_ISA_NEON};
  for (size_t i = 0; i < sizeof isas / sizeof *isas; i++) {
    const vaei_kernels *k = NULL;
    if (vaei_kernels_find(isas[i], &k, NULL) != VAE_OK) continue;
    CHECK(k->row_panels >= k->tile_panels && k->row_panels <= VAEI_MAX_ROW_PANELS);
    harness_note("%s", vae_isa_name(isas[i]));
    for (size_t d = 0; d < DEPTHS; d++)
      for (uint32_t rows = 1; rows <= k->tile_rows; rows++)
        for (uint32_t panels = 1; panels <= (rows == 1 ? k->row_panels : k->tile_panels); panels++) {
          for (int end = 0; end < 2; end++) check_bf16(k, rows, panels, depths[d], end);
          for (int variant = 0; rows == 1 && variant < 8; variant++) check_row(k, panels, depths[d], variant);
        }
    check_int8_kernels(&k->int8, k);
    const vaei_int8_kernels *better = vaei_int8_kernels_of(k);
    harness_note("%s with dot products", vae_isa_name(isas[i]));
    if (better != &k->int8) check_int8_kernels(better, k);
  }
  return harness_finish("narrow_kernels");
}
