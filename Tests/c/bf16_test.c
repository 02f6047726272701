/* The kernels of bf16 training against plain arithmetic: odd sizes, unaligned memory, and each operand ending (or
 * beginning) at a page that may not be touched. The processor's own table also against the portable one, to the bit. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "guarded.h"
#include "harness.h"
#include "kernels/bf16.h"

static uint32_t bits_of(float x) {
  uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  return bits;
}

static float float_of(uint32_t bits) {
  float x;
  memcpy(&x, &bits, sizeof x);
  return x;
}

static float lower(uint32_t pair) { return float_of(pair << 16); }
static float upper(uint32_t pair) { return float_of(pair & 0xFFFF0000u); }

/* Rounding as its definition says it: the nearest of the two neighbours, the even one in the middle. */
static uint32_t rounded(float x) {
  const uint32_t bits = bits_of(x);
  if (isnan(x)) return bits >> 16 | 0x40u;
  if (fabsf(x) < 0x1p-126f) return bits >> 16 & 0x8000u;
  const uint32_t below = bits >> 16, rest = bits & 0xFFFFu;
  return rest > 0x8000u || (rest == 0x8000u && below & 1u) ? below + 1 : below;
}

static uint32_t pair_of(float low, float high) { return rounded(low) | rounded(high) << 16; }

static uint32_t *pairs(size_t count, int at_end) {
  uint32_t *p = guard(count * sizeof *p, at_end);
  for (size_t i = 0; i < count; i++) p[i] = pair_of(draw(), draw());
  return p;
}

/* One tile, in the strides of a forward pass (a's rows apart) or of a weight gradient (a's steps apart). */
static void check_product(const vaei_bf16_kernels *k, uint32_t rows, uint32_t panels, size_t depth, int variant) {
  const int transposed = variant & 1, with_start = variant >> 1 & 1, end = variant >> 2 & 1;
  const size_t row = depth + 3, step = rows + 5;
  vaei_pair_product p = {.depth = depth,
                         .a = pairs(transposed ? (depth - 1) * step + rows : (rows - 1) * row + depth, end),
                         .a_row = transposed ? 1 : row,
                         .a_step = transposed ? step : 1,
                         .b = pairs(panels * depth * 16, end),
                         .b_step = 16,
                         .b_panel = depth * 16,
                         .start = with_start ? floats((transposed ? rows : 1) * panels * 16, end) : NULL,
                         .start_row = transposed ? panels * 16 : 0, /* of a gradient, else of a bias */
                         .start_panel = 16,
                         .c_row = panels * 16,
                         .c_panel = 16};
  p.c = floats((size_t)rows * panels * 16, end);
  k->product(&p, rows, panels);
  double worst = 0;
  for (uint32_t i = 0; i < rows; i++)
    for (uint32_t j = 0; j < panels * 16; j++) {
      double sum = with_start ? p.start[i * p.start_row + j] : 0, size = fabs(sum);
      for (size_t d = 0; d < depth; d++) {
        const uint32_t x = p.a[i * p.a_row + d * p.a_step], y = p.b[j / 16 * p.b_panel + d * 16 + j % 16];
        const double low = (double)lower(x) * lower(y), high = (double)upper(x) * upper(y);
        sum += low + high;
        size += fabs(low) + fabs(high);
      }
      const double error = fabs(p.c[i * p.c_row + j] - sum) / fmax(size, 1e-3);
      if (!(error <= worst)) worst = error;
    }
  CHECK_THAT(worst <= 1e-7 * (double)(2 * depth + 2), "product %u x %u panels, depth %zu: %.3g", rows, panels, depth,
             worst);
  /* The portable table's order of sums is the processor's. Its tiles are smaller. */
  float *want = floats((size_t)rows * panels * 16, end);
  for (uint32_t i = 0; i < rows; i++)
    for (uint32_t j = 0; j < panels; j++) {
      vaei_pair_product one = p;
      one.a += i * p.a_row;
      one.b += j * p.b_panel;
      if (p.start) one.start += i * p.start_row + j * 16;
      one.c = want + i * p.c_row + j * 16;
      vaei_bf16_portable.product(&one, 1, 1);
    }
  CHECK_BYTES(p.c, want, (size_t)rows * panels * 16 * sizeof(float));
  release_all();
}

/* Numbers that show how rounding goes. */
static const float corners[] = {0.0f,           -0.0f,          1.0f,        0x1.01p+0f,       0x1.03p+0f,
                                0x1.010002p+0f, 0x1.00fffep+0f, -0x1.03p+0f, 0x1.fffffep+127f, -0x1.fefffep+127f,
                                INFINITY,       -INFINITY,      NAN,         0x1p-126f,        0x1.fffffep-127f,
                                -0x1p-149f,     0x1.fep+3f,     0x1.ffp+3f};

static void check_pack(const vaei_bf16_kernels *k, uint32_t rows, uint32_t panels, int end) {
  const size_t row = panels * 16 + 3, across_row = panels * 8 + 5, along_row = panels * 16 + 7,
               pair_rows = (rows + 1) / 2;
  float *x = floats((rows - 1) * row + panels * 16, end);
  for (size_t i = 0; i < sizeof corners / sizeof *corners; i++) {
    const size_t at = (i * 7 + rows) % (rows * panels * 16);
    x[at / (panels * 16) * row + at % (panels * 16)] = corners[i];
  }
  uint32_t *across = pairs((rows - 1) * across_row + panels * 8, end);
  uint32_t *along = pairs((pair_rows - 1) * along_row + panels * 16, end);
  for (int packing = 0; packing < 3; packing++)
    k->pack(rows, panels, x, row, packing == 1 ? NULL : across, across_row, packing == 2 ? NULL : along, along_row);
  int right = 1;
  for (uint32_t i = 0; i < rows; i++)
    for (uint32_t j = 0; j < panels * 8; j++)
      right &= across[i * across_row + j] == pair_of(x[i * row + 2 * j], x[i * row + 2 * j + 1]);
  for (uint32_t i = 0; i < rows; i += 2)
    for (uint32_t j = 0; j < panels * 16; j++)
      right &= along[i / 2 * along_row + j] == pair_of(x[i * row + j], i + 1 < rows ? x[(i + 1) * row + j] : 0.0f);
  CHECK_THAT(right, "pack %u rows, %u panels", rows, panels);
  float *back = floats((rows - 1) * row + panels * 16, end);
  k->unpack(rows, panels, across, across_row, back, row);
  for (uint32_t i = 0; i < rows; i++)
    for (uint32_t j = 0; j < panels * 16; j++) right &= bits_of(back[i * row + j]) == rounded(x[i * row + j]) << 16;
  CHECK_THAT(right, "unpack %u rows, %u panels", rows, panels);
  release_all();
}

static void check_pack_transposed(const vaei_bf16_kernels *k, uint32_t rows, uint32_t columns, int end) {
  float *from = floats(rows * 16, end);
  uint32_t *to = pairs((size_t)(columns + 1) / 2 * 16, end);
  k->pack_transposed(from, rows, to, columns);
  int right = 1;
  for (uint32_t j = 0; 2 * j < columns; j++)
    for (uint32_t i = 0; i < 16; i++)
      right &= to[16 * j + i] == (i < rows ? pair_of(from[16 * i + 2 * j], from[16 * i + 2 * j + 1]) : 0u);
  CHECK_THAT(right, "pack_transposed %u rows, %u columns", rows, columns);
  release_all();
}

static void check_table(const vaei_bf16_kernels *k) {
  static const size_t depths[] = {1, 2, 3, 7, 16, 33, 129};
  for (uint32_t rows = 1; rows <= k->tile_rows; rows++)
    for (uint32_t panels = 1; panels <= k->tile_panels; panels++)
      for (size_t d = 0; d < sizeof depths / sizeof *depths; d++)
        for (int variant = 0; variant < 8; variant++) check_product(k, rows, panels, depths[d], variant);
  for (int end = 0; end < 2; end++) {
    for (uint32_t rows = 1; rows <= 9; rows++)
      for (uint32_t panels = 1; panels <= 4; panels++) check_pack(k, rows, panels, end);
    for (uint32_t rows = 1; rows <= 16; rows++)
      for (uint32_t columns = 1; columns <= 16; columns++) check_pack_transposed(k, rows, columns, end);
  }
}

int main(void) {
  harness_note("portable");
  check_table(&vaei_bf16_portable);
  const vaei_kernels *kernels = NULL;
  const vaei_bf16_kernels *bf16 = NULL;
  vae_error err;
  vae_error_init(&err);
  CHECK_STATUS(vaei_bf16_find(&vaei_kernels_portable, &bf16, &err), VAE_ERROR_UNSUPPORTED);
  CHECK_MESSAGE_HAS(err, "AVX512_BF16");
  CHECK_MESSAGE_HAS(err, "FEAT_BF16");
  CHECK(bf16 == NULL);
  for (vae_isa isa = VAE_ISA_AVX2; isa <= VAE_ISA_NEON; isa++)
    if (vaei_kernels_find(isa, &kernels, NULL) == VAE_OK && vaei_bf16_find(kernels, &bf16, NULL) == VAE_OK) {
      harness_note("%s", vae_isa_name(isa));
      check_table(bf16);
    }
  return harness_finish("bf16");
}
