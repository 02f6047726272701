/* The kernels of the kernel table that are no products, on one thread: elements/ns and bytes/s, warm in L2 and, where a
 * step reads from memory, from there. A peak of fused multiply-adds and of memory comes first. Prints a JSON object a line. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench_support.h"
#include "fma_peak.h"
#include "kernels/kernels.h"
#include "memory_peak.h"
#include "parallel/team.h"

static const char usage[] = "vector_bench [--seconds S, a kernel] [--threads N, of the second row of peaks]\n";

/* A tile of activations that fits into L2 with its gradients, and a block of parameters that does not fit into L3. */
enum { ROWS = 128, COLUMNS = 400, COUNT = ROWS * COLUMNS, LATENTS = 48, LARGE = 1 << 23, DATA_ROWS = 60000 };
enum { MOST_CALLS = 1 << 16 };

/* What every kernel may use: COUNT floats each (`large_`: LARGE). */
typedef struct arrays {
  const vaei_kernels *kernels;
  vae_activation activation;
  float *x, *y, *d, *noise, *m, *v, *weight, *fresh;
  double *nll;
  float *large_w, *large_m, *large_v, *large_g;
  uint8_t *bytes;
  uint64_t turn;
  double sink;
} arrays;

static const vaei_adam_step adam_step = {0.9f, 0.999f, 0.1f, 0.001f, -1000.0f, -1e-5f, 1.0f};

static void run_activate(arrays *a) {
  a->kernels->activate(a->activation, ROWS, COLUMNS, a->y, COLUMNS, a->activation == VAE_ACTIVATION_SILU ? a->m : NULL,
                       COLUMNS);
}
static void run_activate_backward(arrays *a) {
  a->kernels->activate_backward(a->activation, ROWS, COLUMNS, a->x, COLUMNS, a->y, COLUMNS);
}
static vaei_density density_of(const arrays *a, bool gradient) {
  return (vaei_density){.rows = ROWS,
                        .columns = COLUMNS,
                        .output = a->y,
                        .output_row = COLUMNS,
                        .x = a->x,
                        .x_row = COLUMNS,
                        .row_weight = a->weight,
                        .d = gradient ? a->d : NULL,
                        .d_row = COLUMNS,
                        .nll = a->nll,
                        .inverse_scale = 1.0f,
                        .constant = 0.9f};
}
static void run_bernoulli(arrays *a) {
  const vaei_density tile = density_of(a, true);
  a->kernels->bernoulli(&tile);
}
static void run_bernoulli_value(arrays *a) {
  const vaei_density tile = density_of(a, false);
  a->kernels->bernoulli(&tile);
}
static void run_gaussian(arrays *a) {
  const vaei_density tile = density_of(a, true);
  a->kernels->gaussian(&tile);
}
static void run_posterior(arrays *a) {
  for (size_t i = 0; i + LATENTS <= COUNT; i += LATENTS)
    a->sink += (double)a->kernels->normal_posterior(LATENTS, a->x + i, a->y + i, a->d + i, a->m + i);
}
static void run_draw(arrays *a) {
  for (size_t i = 0; i + LATENTS <= COUNT; i += LATENTS)
    a->sink += (double)a->kernels->normal_draw(LATENTS, a->x + i, a->m + i, a->v + i, a->noise + i, a->y + i);
}
static void run_draw_backward(arrays *a) {
  for (size_t i = 0; i + LATENTS <= COUNT; i += LATENTS)
    a->kernels->normal_draw_backward(LATENTS, a->x + i, a->m + i, 0.5f, a->v + i, a->noise + i, a->y + i, a->d + i);
}
static void run_posterior_backward(arrays *a) {
  for (size_t i = 0; i + LATENTS <= COUNT; i += LATENTS)
    a->kernels->normal_posterior_backward(LATENTS, a->x + i, a->v + i, a->noise + i, 0.5f, 0.0f, a->y + i, a->d + i);
}
static void run_scale_rows(arrays *a) { a->kernels->scale_rows(ROWS, COLUMNS, a->weight, a->y, COLUMNS); }
static void run_adam(arrays *a) {
  a->kernels->adam(&(vaei_adam_tile){
      .step = &adam_step, .g = a->x, .w = a->y, .m = a->m, .v = a->v, .rows = COUNT / VAEI_VECTOR, .panels = 1});
}
static void run_large_adam(arrays *a) {
  a->kernels->adam(&(vaei_adam_tile){.step = &adam_step,
                                     .g = a->large_g,
                                     .w = a->large_w,
                                     .m = a->large_m,
                                     .v = a->large_v,
                                     .rows = LARGE / VAEI_VECTOR,
                                     .panels = 1});
}
static void run_transpose(arrays *a) {
  for (size_t i = 0; i + 256 <= COUNT; i += 256) a->kernels->transpose(a->x + i, 16, a->y + i, 16);
}
static void run_gather_bytes(arrays *a) {
  for (size_t i = 0; i < ROWS / 2; i++)
    a->kernels->gather_bytes(a->bytes + i * BENCH_COLUMNS, BENCH_COLUMNS, 1.0f / 255, 0, 1, a->y + i * 2 * COLUMNS);
}
static void run_gather_far_bytes(arrays *a) {
  for (size_t i = 0; i < ROWS / 2; i++) {
    const size_t row = (size_t)(++a->turn * 0x9e3779b97f4a7c15u >> 32) * DATA_ROWS >> 32;
    a->kernels->gather_bytes(a->bytes + row * BENCH_COLUMNS, BENCH_COLUMNS, 1.0f / 255, 0, 1, a->y + i * 2 * COLUMNS);
  }
}
static void run_gather_floats(arrays *a) {
  for (size_t i = 0; i < ROWS; i++) a->kernels->gather_floats(a->x + i * COLUMNS, COLUMNS, -2, 2, a->y + i * COLUMNS);
}
static void run_normals(arrays *a) {
  const vaei_stream stream = {.seed = 1, .stream = 3, .step = ++a->turn};
  const vaei_draws draws = {.samples = 1};
  a->kernels->normals(&stream, &draws, 0, COUNT / LATENTS, LATENTS, a->y, LATENTS);
}
static void run_all_below(arrays *a) { a->sink += a->kernels->all_below(a->x, ROWS, COLUMNS, COLUMNS, 0x1p15f); }

/* bytes: read and written for each element, not counting what the write allocates in the cache. */
typedef struct entry {
  const char *name, *where;
  void (*run)(arrays *a);
  double elements, bytes;
} entry;

static const entry entries[] = {
    {"bernoulli, with gradient", "L2", run_bernoulli, COUNT, 12},
    {"bernoulli, loss alone", "L2", run_bernoulli_value, COUNT, 8},
    {"gaussian, with gradient", "L2", run_gaussian, COUNT, 12},
    {"normal_posterior", "L2", run_posterior, COUNT / LATENTS *LATENTS, 20},
    {"normal_draw", "L2", run_draw, COUNT / LATENTS *LATENTS, 20},
    {"normal_draw_backward", "L2", run_draw_backward, COUNT / LATENTS *LATENTS, 32},
    {"normal_posterior_backward", "L2", run_posterior_backward, COUNT / LATENTS *LATENTS, 28},
    {"scale_rows", "L2", run_scale_rows, COUNT, 8},
    {"adam", "L2", run_adam, COUNT, 28},
    {"adam", "memory", run_large_adam, LARGE, 28},
    {"transpose", "L2", run_transpose, COUNT / 256 * 256, 8},
    {"gather_bytes", "L2", run_gather_bytes, ROWS / 2 * BENCH_COLUMNS, 5},
    {"gather_bytes, rows at random", "memory", run_gather_far_bytes, ROWS / 2 * BENCH_COLUMNS, 5},
    {"gather_floats", "L2", run_gather_floats, COUNT, 8},
    {"normals", "L2", run_normals, COUNT / LATENTS *LATENTS, 4},
    {"all_below", "L2", run_all_below, COUNT, 4},
};

static void measure(arrays *a, const entry *e, double duration) {
  static double calls[MOST_CALLS];
  size_t count = 0;
  const double end = bench_seconds() + duration;
  do {
    memcpy(a->y, a->fresh, COUNT * sizeof(float)); /* kernels that work in place must not feed on themselves */
    const double began = bench_seconds();
    e->run(a);
    calls[count++] = bench_seconds() - began;
  } while (count < MOST_CALLS && bench_seconds() < end);
  bench_sort(calls, count);
  const double seconds = bench_percentile(calls, count, 0.5);
  printf(
      "{\"kernel\": \"%s\", \"where\": \"%s\", \"isa\": \"%s\", \"elements\": %.0f, \"elements_per_nanosecond\": %.3f, "
      "\"bytes_per_element\": %.0f, \"gigabytes_per_second\": %.2f}\n",
      e->name, e->where, vae_isa_name(a->kernels->isa), e->elements, e->elements / seconds / 1e9, e->bytes,
      e->elements * e->bytes / seconds / 1e9);
  fflush(stdout);
}

static float *uniform(size_t count, uint32_t seed) {
  float *values = bench_allocate(count * sizeof *values);
  for (size_t i = 0; i < count; i++) values[i] = (float)(((i + seed) * 2654435761u >> 8) % 1999 + 1) / 2000.0f;
  return values;
}

static void open_arrays(arrays *a) {
  float **small[] = {&a->x, &a->y, &a->d, &a->noise, &a->m, &a->v, &a->weight, &a->fresh};
  for (uint32_t i = 0; i < sizeof small / sizeof *small; i++) *small[i] = uniform(COUNT, i);
  for (size_t i = 0; i < COUNT; i++) a->fresh[i] = 4 * a->fresh[i] - 2;
  a->nll = bench_allocate(ROWS * sizeof *a->nll);
  a->large_w = uniform(LARGE, 1), a->large_m = uniform(LARGE, 2);
  a->large_v = uniform(LARGE, 3), a->large_g = uniform(LARGE, 4);
  a->bytes = bench_bytes(DATA_ROWS);
}

typedef struct job {
  arrays arrays;
  double seconds;
} job;

static void measure_all(vaei_member member, void *context) {
  (void)member;
  job *j = context;
  arrays *a = &j->arrays;
  for (vae_activation activation = 0; vae_activation_name(activation); activation++) {
    char name[64];
    a->activation = activation;
    if (activation == VAE_ACTIVATION_IDENTITY) continue;
    snprintf(name, sizeof name, "activate, %s", vae_activation_name(activation));
    measure(a, &(entry){name, "L2", run_activate, COUNT, activation == VAE_ACTIVATION_SILU ? 12 : 8}, j->seconds);
    snprintf(name, sizeof name, "activate_backward, %s", vae_activation_name(activation));
    measure(a, &(entry){name, "L2", run_activate_backward, COUNT, 12}, j->seconds);
  }
  for (size_t i = 0; i < sizeof entries / sizeof *entries; i++) measure(a, &entries[i], j->seconds);
}

/* The peaks that the rest is measured by: caches of 1 MiB a core and some tens shared are what the sizes assume. */
static void print_peaks(int threads) {
  static const struct {
    const char *where;
    size_t bytes; /* of all threads together, but for L2, which each has to itself */
    int shared;
  } levels[] = {{"L2", (size_t)1 << 19, 0}, {"L3", (size_t)8 << 20, 1}, {"memory", (size_t)512 << 20, 1}};
  for (size_t i = 0; i < sizeof levels / sizeof *levels; i++) {
    const memory_peak_rate rate =
        memory_peak(levels[i].shared ? levels[i].bytes / (size_t)threads : levels[i].bytes, threads);
    printf(
        "{\"peak\": \"%s\", \"threads\": %d, \"bytes\": %zu, \"read_gigabytes_per_second\": %.2f, "
        "\"copy_gigabytes_per_second\": %.2f, \"update_gigabytes_per_second\": %.2f}\n",
        levels[i].where, threads, levels[i].bytes, rate.read / 1e9, rate.copy / 1e9, rate.update / 1e9);
  }
  printf("{\"peak\": \"fma\", \"threads\": %d, \"gflops\": %.1f}\n", threads, fma_peak(threads) / 1e9);
  fflush(stdout);
}

int main(int count, char **arguments) {
  bench_options options;
  bench_read_options(&options, usage, count, arguments);
  job j = {.seconds = options.seconds};
  vae_error err;
  vae_error_init(&err);
  bench_check(vaei_kernels_find(VAE_ISA_AUTO, &j.arrays.kernels, &err), &err);
  print_peaks(1);
  if (options.threads > 1) print_peaks(options.threads);
  open_arrays(&j.arrays);
  vaei_team_run(1, measure_all, &j); /* flushes denormals, as a step does */
  return j.arrays.sink == 0.25;
}
