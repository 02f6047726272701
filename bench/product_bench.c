/* The matrix product of the kernel table at the shapes of a configuration's training step: forward, dX and dW of every
 * layer on one thread, as fractions of the FMA peak measured right before and after. Weights and activations are as warm
 * as that layer alone keeps them. Prints a JSON object a line. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench_support.h"
#include "fma_peak.h"
#include "kernels/kernels.h"
#include "parallel/team.h"

static const char usage[] = "product_bench [--seconds S, a product]\n" BENCH_MODEL_USAGE;

enum { MOST_SPELLS = 4096 };

/* Whole vectors, an odd number of them, as in a pass. */
static size_t row_stride(size_t n) { return ((n + VAEI_VECTOR - 1) / VAEI_VECTOR | 1) * VAEI_VECTOR; }

/* A product of all rows by all panels, tile by tile, as the library cuts it. */
typedef struct sweep {
  const vaei_kernels *kernels;
  vaei_product product; /* of row 0, panel 0 */
  uint32_t rows, panels;
  bool gradient; /* of weights: the kernel for those, every tile into one buffer, as in the update */
} sweep;

static uint32_t cut(uint32_t index, uint32_t count, uint32_t parts) {
  return (uint32_t)((uint64_t)index * count / parts);
}

static void run_rows(const sweep *s, vaei_product p, uint32_t rows, uint32_t panels) {
  const uint32_t tiles = (rows + s->kernels->tile_rows - 1) / s->kernels->tile_rows;
  const float *a = p.a;
  float *c = p.c;
  for (uint32_t i = 0; i < tiles; i++) {
    const uint32_t row = cut(i, rows, tiles);
    p.a = a + row * p.a_row;
    p.c = c + row * p.c_row;
    const uint32_t tile_rows = cut(i + 1, rows, tiles) - row;
    if (s->gradient)
      s->kernels->gradient_and_adam(&(vaei_gradient){.depth = p.depth,
                                                     .x = p.a,
                                                     .x_row = p.a_step,
                                                     .dy = p.b,
                                                     .dy_row = p.b_step,
                                                     .g = c,
                                                     .g_panel = VAEI_MAX_TILE_ROWS * VAEI_VECTOR},
                                    tile_rows, panels, &(vaei_adam_tile){.panels = 0});
    else s->kernels->product(&p, tile_rows, panels);
  }
}

static void run_sweep(const sweep *s) {
  const uint32_t columns = (s->panels + s->kernels->tile_panels - 1) / s->kernels->tile_panels;
  for (uint32_t j = 0; j < columns; j++) {
    const uint32_t panel = cut(j, s->panels, columns), panels = cut(j + 1, s->panels, columns) - panel;
    vaei_product p = s->product;
    p.b += panel * p.b_panel;
    if (p.start) p.start += panel * p.start_panel;
    p.c += panel * p.c_panel;
    run_rows(s, p, s->rows, panels);
  }
}

/* The median seconds of a sweep over spells of about a millisecond. */
static double time_sweep(const sweep *s, double duration) {
  static double spells[MOST_SPELLS];
  size_t count = 0, turns = 1;
  run_sweep(s);
  double began = bench_seconds();
  run_sweep(s);
  const double once = bench_seconds() - began;
  if (once < 1e-3) turns = 1 + (size_t)(1e-3 / (once + 1e-9));
  const double end = bench_seconds() + duration;
  do {
    began = bench_seconds();
    for (size_t i = 0; i < turns; i++) run_sweep(s);
    spells[count++] = (bench_seconds() - began) / (double)turns;
  } while (count < MOST_SPELLS && bench_seconds() < end);
  bench_sort(spells, count);
  return bench_percentile(spells, count, 0.5);
}

static float *noise(size_t count) {
  float *values = bench_allocate(count * sizeof *values);
  for (size_t i = 0; i < count; i++) values[i] = (float)((i * 2654435761u >> 8) % 2001) / 1000.0f - 1.0f;
  return values;
}

typedef struct job {
  const bench_options *options;
  const vaei_kernels *kernels;
} job;

/* One layer's forward, dX or dW. */
static void measure_product(const job *job, const bench_layer *layer, const char *pass, double *operations,
                            double *seconds) {
  const uint32_t rows = job->options->config.batch * layer->draws;
  const size_t x_row = row_stride(layer->inputs), dy_row = row_stride(layer->units);
  const uint32_t panels = (layer->units + 15) / 16, input_panels = (layer->inputs + 15) / 16;
  const size_t panel = ((size_t)layer->inputs + 1) * VAEI_VECTOR;
  float *x = noise(rows * x_row), *dy = noise(rows * dy_row), *weights = noise(panels * panel);
  float *transposed = noise((size_t)input_panels * layer->units * VAEI_VECTOR);
  float *buffer = noise(VAEI_MAX_TILE_ROWS * VAEI_MAX_TILE_COLUMNS);
  sweep s = {.kernels = job->kernels, .rows = rows, .panels = panels};
  if (!strcmp(pass, "forward")) {
    s.product = (vaei_product){.depth = layer->inputs,
                               .a = x,
                               .a_row = x_row,
                               .a_step = 1,
                               .b = weights,
                               .b_step = VAEI_VECTOR,
                               .b_panel = panel,
                               .start = weights + panel - VAEI_VECTOR,
                               .start_panel = panel,
                               .c = dy,
                               .c_row = dy_row,
                               .c_panel = VAEI_VECTOR};
  } else if (!strcmp(pass, "dX")) {
    s.panels = input_panels;
    s.product = (vaei_product){.depth = layer->units,
                               .a = dy,
                               .a_row = dy_row,
                               .a_step = 1,
                               .b = transposed,
                               .b_step = VAEI_VECTOR,
                               .b_panel = (size_t)layer->units * VAEI_VECTOR,
                               .c = x,
                               .c_row = x_row,
                               .c_panel = VAEI_VECTOR};
  } else {
    s.rows = layer->inputs;
    s.gradient = true;
    s.product = (vaei_product){.depth = rows,
                               .a = x,
                               .a_row = 1,
                               .a_step = x_row,
                               .b = dy,
                               .b_step = dy_row,
                               .b_panel = VAEI_VECTOR,
                               .c = buffer};
  }
  *seconds = time_sweep(&s, job->options->seconds);
  *operations = 2.0 * rows * layer->inputs * layer->units;
  free(x), free(dy), free(weights), free(transposed), free(buffer);
}

static void measure_products(vaei_member member, void *context) {
  (void)member;
  const job *job = context;
  static const char *const passes[] = {"forward", "dX", "dW"};
  bench_layer layers[BENCH_MOST_DENSE];
  const bench_config *c = &job->options->config;
  const uint32_t count = bench_layers(c, layers);
  for (int p = 0; p < 3; p++)
    for (uint32_t l = p == 1; l < count; l++) { /* nobody wants the gradient of the data */
      double operations, seconds;
      const double before = fma_peak(1);
      measure_product(job, &layers[l], passes[p], &operations, &seconds);
      const double peak = (before + fma_peak(1)) / 2;
      printf(
          "{\"kernel\": \"product\", \"config\": \"%s\", \"pass\": \"%s\", \"layer\": \"%u x %u\", \"rows\": %u, "
          "\"isa\": \"%s\", \"operations\": %.0f, \"microseconds\": %.3f, \"gflops\": %.2f, \"fma_peak_gflops\": %.1f, "
          "\"fraction_of_peak\": %.4f}\n",
          c->name, passes[p], layers[l].inputs, layers[l].units, c->batch * layers[l].draws,
          vae_isa_name(job->kernels->isa), operations, seconds * 1e6, operations / seconds / 1e9, peak / 1e9,
          operations / seconds / peak);
      fflush(stdout);
    }
}

int main(int count, char **arguments) {
  bench_options options;
  bench_read_options(&options, usage, count, arguments);
  vae_error err;
  vae_error_init(&err);
  job job = {.options = &options};
  bench_check(vaei_kernels_find(VAE_ISA_AUTO, &job.kernels, &err), &err);
  vaei_team_run(1, measure_products, &job); /* flushes denormals */
  return 0;
}
