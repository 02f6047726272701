/* Every kernel of every instruction set against the portable one: odd sizes, unaligned memory, and each operand ending
 * (or beginning) at a page that may not be touched. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "guarded.h"
#include "harness.h"
#include "kernels/kernels.h"

static void check_close(const float *got, const float *want, size_t count, double tolerance, const char *what) {
  double worst = 0;
  for (size_t i = 0; i < count; i++) {
    const double error = fabs((double)got[i] - want[i]) / fmax(1.0, fabs((double)want[i]));
    if (!(error <= worst)) worst = error;
  }
  CHECK_THAT(worst <= tolerance, "%s: differs by %.3g, allowed %.3g", what, worst, tolerance);
}

static const vaei_kernels *const oracle = &vaei_kernels_portable;

static size_t padded(size_t n) { return (n + 15) / 16 * 16; }

/* One tile, in the strides of a forward pass (a's rows apart) or of a weight gradient (a's steps apart). */
static void check_product(const vaei_kernels *k, uint32_t rows, uint32_t panels, size_t depth, int transposed,
                          int with_start, int end) {
  const size_t row = depth + 3, step = rows + 5;
  const size_t a_size = transposed ? (depth - 1) * step + rows : (rows - 1) * row + depth;
  vaei_product p = {.depth = depth,
                    .a = floats(a_size, end),
                    .a_row = transposed ? 1 : row,
                    .a_step = transposed ? step : 1,
                    .b_step = 16,
                    .b_panel = depth * 16,
                    .b = floats(panels * depth * 16, end),
                    .start = with_start ? floats(panels * 16, end) : NULL,
                    .start_panel = 16,
                    .c_row = panels * 16,
                    .c_panel = 16};
  p.c = floats((size_t)rows * panels * 16, end);
  k->product(&p, rows, panels);
  double worst = 0;
  for (uint32_t i = 0; i < rows; i++)
    for (uint32_t j = 0; j < panels * 16; j++) {
      double sum = with_start ? p.start[j] : 0, size = fabs(sum);
      for (size_t d = 0; d < depth; d++) {
        const double term = (double)p.a[i * p.a_row + d * p.a_step] * p.b[j / 16 * p.b_panel + d * 16 + j % 16];
        sum += term;
        size += fabs(term);
      }
      const double error = fabs(p.c[i * p.c_row + j] - sum) / fmax(size, 1e-3);
      if (!(error <= worst)) worst = error;
    }
  CHECK_THAT(worst <= 1e-7 * (double)(depth + 2), "product %u x %u panels, depth %zu: %.3g", rows, panels, depth,
             worst);
  release_all();
}

static void check_products(const vaei_kernels *k) {
  static const size_t depths[] = {1, 2, 3, 7, 16, 33, 129};
  for (uint32_t rows = 1; rows <= k->tile_rows; rows++)
    for (uint32_t panels = 1; panels <= k->tile_panels; panels++)
      for (size_t d = 0; d < sizeof depths / sizeof *depths; d++)
        for (int variant = 0; variant < 8; variant++)
          check_product(k, rows, panels, depths[d], variant & 1, variant >> 1 & 1, variant >> 2 & 1);
}

static const size_t widths[] = {1, 2, 5, 15, 16, 17, 31, 33, 48, 50};

/* A density with and without gradients; scaled: with a scale for each column. */
static void check_density(vaei_density_kernel *kernel, vaei_density_kernel *wanted, size_t rows, size_t columns,
                          int scaled, int end, const char *name) {
  const size_t row = padded(columns), size = rows * row;
  float *x = floats(size, end), *d = floats(size, end), *want = copy_of(d, size, end);
  float *d_constant[2], *want_constant[2];
  vaei_constants constants = {.value = {floats(row, end), floats(row, end)}, .row = row};
  float *d_scale = floats(row, end), *want_scale = copy_of(d_scale, row, end);
  double nll[16] = {0}, want_nll[16] = {0};
  /* A likelihood's own kind of values is what its oracle test is for: here any finite ones will do. */
  vaei_density tile = {.rows = rows,
                       .columns = columns,
                       .output = floats(size, end),
                       .output_row = row,
                       .x = x,
                       .x_row = row,
                       .row_weight = floats(rows, end),
                       .d_row = row,
                       .inverse_scale = 1.7f,
                       .constant = 0.3f,
                       .log_scale = scaled ? floats(row, end) : NULL,
                       .log_scale_unit = 0.5f,
                       .constants = &constants};
  for (int c = 0; c < 2; c++) want_constant[c] = copy_of(d_constant[c] = floats(size, end), size, end);
  for (size_t i = 0; i < size; i++) x[i] = fabsf(roundf(x[i]));
  for (int gradient = 0; gradient < 2; gradient++) {
    tile.d = gradient ? d : NULL;
    tile.d_log_scale = gradient ? d_scale : NULL;
    for (int c = 0; c < 2; c++) constants.gradient[c] = d_constant[c];
    tile.nll = nll;
    kernel(&tile);
    tile.d = gradient ? want : NULL;
    tile.d_log_scale = gradient ? want_scale : NULL;
    for (int c = 0; c < 2; c++) constants.gradient[c] = want_constant[c];
    tile.nll = want_nll;
    wanted(&tile);
  }
  check_close(d, want, size, 2e-6, name);
  check_close(d_scale, want_scale, row, 2e-6, name);
  for (int c = 0; c < 2; c++) check_close(d_constant[c], want_constant[c], size, 4e-6, name);
  for (size_t i = 0; i < rows; i++) {
    CHECK_THAT(fabs(nll[i] - want_nll[i]) <= 1e-5 * fmax(1.0, fabs(want_nll[i])), "%s: %.9g, portable %.9g", name,
               nll[i], want_nll[i]);
    for (size_t j = columns; j < row; j++) CHECK(d[i * row + j] == 0.0f);
  }
  release_all();
}

/* A group of columns without padding. */
static void check_group(const vaei_kernels *k, size_t n, int end) {
  float *o = floats(n, end), *want_o = copy_of(o, n, end), *only = copy_of(o, n, end), *x = floats(n, end);
  float *d = floats(n, end), *want = copy_of(d, n, end);
  double nll = 1, want_nll = 1;
  for (size_t j = 0; j < n; j++) x[j] = j == n / 2;
  k->categorical(n, o, x, 0.7f, d, &nll);
  oracle->categorical(n, want_o, x, 0.7f, want, &want_nll);
  k->softmax(n, only);
  CHECK_NEAR(nll, want_nll, 1e-6 * fmax(1.0, fabs(want_nll)));
  check_close(o, want_o, n, 1e-6, "softmax");
  check_close(d, want, n, 1e-6, "categorical's gradient");
  CHECK_BYTES(only, o, n * sizeof(float));
  release_all();
}

/* Tiles whose rows are padded to whole vectors. */
static void check_tiles(const vaei_kernels *k, size_t rows, size_t columns, int end) {
  const size_t row = padded(columns), size = rows * row;
  for (vae_activation a = VAE_ACTIVATION_IDENTITY; a <= VAE_ACTIVATION_SOFTPLUS; a++) {
    float *y = floats(size, end), *want = copy_of(y, size, end), *slope = floats(size, end);
    float *want_slope = copy_of(slope, size, end);
    const bool keeps = a == VAE_ACTIVATION_SILU || a == VAE_ACTIVATION_GELU;
    k->activate(a, rows, columns, y, row, keeps ? slope : NULL, row);
    oracle->activate(a, rows, columns, want, row, keeps ? want_slope : NULL, row);
    check_close(y, want, size, 1e-6, "activate");
    check_close(slope, want_slope, size, 1e-6, "slope");
    float *dy = floats(size, end), *want_dy = copy_of(dy, size, end);
    k->activate_backward(a, rows, columns, keeps ? slope : y, row, dy, row);
    oracle->activate_backward(a, rows, columns, keeps ? slope : y, row, want_dy, row);
    check_close(dy, want_dy, size, 1e-6, "activate_backward");
    release_all();
  }
  check_group(k, columns, end);
  for (int scaled = 0; scaled < 2; scaled++) {
    check_density(k->bernoulli, oracle->bernoulli, rows, columns, 0, end, "bernoulli");
    check_density(k->continuous_bernoulli, oracle->continuous_bernoulli, rows, columns, 0, end, "continuous_bernoulli");
    check_density(k->gaussian, oracle->gaussian, rows, columns, scaled, end, "gaussian");
    check_density(k->laplace, oracle->laplace, rows, columns, scaled, end, "laplace");
    check_density(k->log_cosh, oracle->log_cosh, rows, columns, scaled, end, "log_cosh");
    check_density(k->poisson, oracle->poisson, rows, columns, 0, end, "poisson");
    check_density(k->negative_binomial, oracle->negative_binomial, rows, columns, 0, end, "negative_binomial");
    check_density(k->student_t, oracle->student_t, rows, columns, 0, end, "student_t");
  }
  float *o = floats(size, end), *weight = floats(rows, end);
  float *scaled = copy_of(o, size, end), *want_scaled = copy_of(o, size, end);
  k->scale_rows(rows, columns, weight, scaled, row);
  oracle->scale_rows(rows, columns, weight, want_scaled, row);
  CHECK_BYTES(scaled, want_scaled, size * sizeof(float));
  release_all();
}

/* Rows without padding: nothing outside `count` values may be touched. */
static void check_rows(const vaei_kernels *k, size_t n, int end) {
  float *mean = floats(n, end), *logvar = floats(n, end), *noise = floats(n, end), *dz = floats(n, end);
  logvar[0] = 25.0f;
  if (n > 1) logvar[1] = -21.0f;
  float *other = copy_of(logvar, n, end), *s = floats(n, end), *want_s = floats(n, end);
  float *inside = floats(n, end), *want_inside = floats(n, end), *z = floats(n, end), *want_z = floats(n, end);
  const float kl = k->normal_posterior(n, mean, logvar, s, inside);
  const float want_kl = oracle->normal_posterior(n, mean, other, want_s, want_inside);
  CHECK_NEAR(kl, want_kl, 1e-6 * fabs(want_kl));
  check_close(logvar, other, n, 0, "clamped logvar");
  check_close(s, want_s, n, 1e-6, "deviation");
  check_close(inside, want_inside, n, 0, "inside");
  const float ratio = k->normal_draw(n, mean, logvar, s, noise, z);
  const float want_ratio = oracle->normal_draw(n, mean, logvar, s, noise, want_z);
  CHECK_NEAR(ratio, want_ratio, 1e-6 * fmax(1.0, fabs(want_ratio)));
  check_close(z, want_z, n, 1e-6, "z");
  float *dmean = floats(n, end), *dlogvar = floats(n, end);
  float *want_dmean = copy_of(dmean, n, end), *want_dlogvar = copy_of(dlogvar, n, end);
  k->normal_draw_backward(n, dz, z, 0.3f, s, noise, dmean, dlogvar);
  oracle->normal_draw_backward(n, dz, z, 0.3f, s, noise, want_dmean, want_dlogvar);
  k->normal_posterior_backward(n, mean, s, inside, 0.2f, -0.1f, dmean, dlogvar);
  oracle->normal_posterior_backward(n, mean, s, inside, 0.2f, -0.1f, want_dmean, want_dlogvar);
  check_close(dmean, want_dmean, n, 1e-6, "dmean");
  check_close(dlogvar, want_dlogvar, n, 1e-6, "dlogvar");
  release_all();

  float *from = floats(n, end), *to = floats(padded(n), end), *want = floats(padded(n), end);
  CHECK_EQUAL(k->gather_floats(from, n, -10.0f, 10.0f, to), n);
  CHECK_EQUAL(oracle->gather_floats(from, n, -10.0f, 10.0f, want), n);
  CHECK_BYTES(to, want, padded(n) * sizeof(float));
  for (size_t bad = 0; bad < n; bad++) {
    const float kept = from[bad];
    from[bad] = bad % 3 == 0 ? NAN : bad % 3 == 1 ? 10.5f : -INFINITY;
    CHECK_EQUAL(k->gather_floats(from, n, -10.0f, 10.0f, to), bad);
    CHECK(!k->all_below(from, 1, n, n, 10.25f));
    from[bad] = kept;
  }
  CHECK(k->all_below(from, 1, n, n, 10.25f));
  uint8_t *bytes = guard(n, end);
  for (size_t i = 0; i < n; i++) bytes[i] = (uint8_t)(i * 37);
  CHECK_EQUAL(k->gather_bytes(bytes, n, 1 / 255.0f, 0.0f, 1.0f, to), n);
  CHECK_EQUAL(oracle->gather_bytes(bytes, n, 1 / 255.0f, 0.0f, 1.0f, want), n);
  CHECK_BYTES(to, want, padded(n) * sizeof(float));
  bytes[n - 1] = 255;
  CHECK(k->gather_bytes(bytes, n, 1 / 200.0f, 0.0f, 1.0f, to) < n);
  release_all();

  const vaei_stream stream = {.seed = 77, .stream = 3, .step = 1ull << 33};
  float *normal = floats(3 * n, end), *want_normal = floats(3 * n, end);
  const vaei_draws draws = {.example = 5, .sample = 1, .samples = 2};
  k->normals(&stream, &draws, 0, 3, n, normal, n);
  oracle->normals(&stream, &draws, 0, 3, n, want_normal, n);
  CHECK_BYTES(normal, want_normal, 3 * n * sizeof(float));
  release_all();
}

/* A tile for Adam, its panels `gap` floats apart: weights, moments and gradient between guard pages. */
static vaei_adam_tile adam_tile(const vaei_adam_step *step, uint32_t rows, uint32_t panels, size_t gap, int end) {
  const size_t size = panels ? (panels - 1) * gap + rows * 16 : 16;
  vaei_adam_tile tile = {
      .step = step, .g = floats(size, end), .g_panel = gap, .panel = gap, .rows = rows, .panels = panels};
  tile.w = floats(size, end);
  tile.m = floats(size, end);
  tile.v = floats(size, end);
  for (size_t i = 0; i < size; i++) tile.v[i] = fabsf(tile.v[i]);
  return tile;
}

static const vaei_adam_step adam_step = {0.9f, 0.999f, 0.1f, 0.001f, -130.0f, -1e-6f, 0.75f};

/* Runs the oracle's Adam on a copy of `tile` as it was; then check_adam compares. */
static vaei_adam_tile adam_wanted(const vaei_adam_tile *tile, int end) {
  const size_t size = tile->panels ? (tile->panels - 1) * tile->panel + tile->rows * 16 : 16;
  vaei_adam_tile want = *tile;
  want.w = copy_of(tile->w, size, end);
  want.m = copy_of(tile->m, size, end);
  want.v = copy_of(tile->v, size, end);
  oracle->adam(&want);
  return want;
}

static void check_adam(const vaei_adam_tile *tile, const vaei_adam_tile *want) {
  const size_t size = tile->panels ? (tile->panels - 1) * tile->panel + tile->rows * 16 : 16;
  check_close(tile->w, want->w, size, 1e-6, "adam's weights");
  check_close(tile->m, want->m, size, 1e-6, "adam's first moment");
  check_close(tile->v, want->v, size, 1e-6, "adam's second moment");
}

/* The gradient of a tile equals `product` to the bit, whatever Adam does meanwhile. */
static void check_gradient(const vaei_kernels *k, uint32_t rows, uint32_t panels, int end) {
  const vaei_adam_tile none = {.panels = 0};
  for (size_t depth = 1; depth <= 40; depth = depth * 2 + 1)
    for (uint32_t beside = 0; beside <= k->tile_panels; beside++) {
      const size_t x_row = rows + 3, dy_row = panels * 16 + 5, g_panel = rows * 16 + 16;
      const float *x = floats(depth * x_row - 3, end), *dy = floats(depth * dy_row - 5, end);
      float *g = floats(panels * g_panel - 16, end), *want = copy_of(g, panels * g_panel - 16, end);
      vaei_gradient gradient = {
          .depth = depth, .x = x, .x_row = x_row, .dy = dy, .dy_row = dy_row, .g = g, .g_panel = g_panel};
      const vaei_product product = {.depth = depth,
                                    .a = x,
                                    .a_row = 1,
                                    .a_step = x_row,
                                    .b = dy,
                                    .b_step = dy_row,
                                    .b_panel = 16,
                                    .c = want,
                                    .c_row = 16,
                                    .c_panel = g_panel};
      const vaei_adam_tile tile = adam_tile(&adam_step, 1 + (rows + beside) % k->tile_rows, beside, 160, end);
      const vaei_adam_tile adam = adam_wanted(&tile, end);
      k->product(&product, rows, panels);
      k->gradient_and_adam(&gradient, rows, panels, &tile);
      CHECK_BYTES(g, want, (panels * g_panel - 16) * sizeof(float));
      check_adam(&tile, &adam);
      /* From a start: the sum over its first rows, in place, goes on to that over all. */
      gradient.depth = depth / 2;
      k->gradient_and_adam(&gradient, rows, panels, &none);
      gradient.x += gradient.depth * x_row;
      gradient.dy += gradient.depth * dy_row;
      gradient.depth = depth - gradient.depth;
      gradient.start = g;
      gradient.start_panel = g_panel;
      k->gradient_and_adam(&gradient, rows, panels, &none);
      CHECK_BYTES(g, want, (panels * g_panel - 16) * sizeof(float));
      release_all();
    }
}

static void check_update(const vaei_kernels *k, int end) {
  for (uint32_t rows = 1; rows <= k->tile_rows; rows++)
    for (uint32_t panels = 1; panels <= k->tile_panels; panels++) check_gradient(k, rows, panels, end);
  for (uint32_t rows = 1; rows <= 5; rows++) {
    const vaei_adam_tile tile = adam_tile(&adam_step, rows, 1 + rows % 3, rows * 16 + 32, end);
    const vaei_adam_tile want = adam_wanted(&tile, end);
    k->adam(&tile);
    check_adam(&tile, &want);
    release_all();
  }
  for (uint32_t rows = 1; rows <= 16; rows++)
    for (uint32_t columns = 1; columns <= 16; columns++) {
      float *from = floats(rows * 16, end), *to = floats(columns * 16, end);
      k->transpose(from, rows, to, columns);
      for (uint32_t i = 0; i < 16; i++)
        for (uint32_t j = 0; j < columns; j++) CHECK(to[j * 16 + i] == (i < rows ? from[i * 16 + j] : 0.0f));
      release_all();
    }
}

int main(void) {
  static const vae_isa isas[] = {VAE_ISA_PORTABLE, VAE_ISA_AVX2, VAE_ISA_AVX512, VAE_ISA_NEON};
  for (size_t i = 0; i < sizeof isas / sizeof *isas; i++) {
    const vaei_kernels *k = NULL;
    if (vaei_kernels_find(isas[i], &k, NULL) != VAE_OK) continue;
    for (int end = 0; end < 2; end++) {
      harness_note("%s, operands at the %s of their pages", vae_isa_name(isas[i]), end ? "end" : "beginning");
      for (size_t w = 0; w < sizeof widths / sizeof *widths; w++) {
        for (size_t rows = 1; rows <= 9; rows += 4) check_tiles(k, rows, widths[w], end);
        check_rows(k, widths[w], end);
      }
      check_update(k, end);
    }
    check_products(k);
  }
  return harness_finish("kernels");
}
