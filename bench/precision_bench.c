/* Inference through the public ABI, with weights in float32, bf16 and int8: the time of one row on one thread, the rate of
 * large batches on all threads, and how far results are from float32's. docs/INFERENCE.md has the results.
 *
 * usage: precision_bench MODEL IMAGES THREADS [latency] [batch] [error]
 * IMAGES: an IDX file of bytes, not compressed. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench_support.h"
#include "fma_peak.h"
#include "vae/vae.h"

enum { PRECISIONS = 3, CALLS = 20000, BATCH_ROWS = 60000 };
enum { ENCODE, DECODE, RECONSTRUCT, EVALUATE, OPERATIONS };
static const char *const operation_names[OPERATIONS] = {"encode", "decode", "reconstruct", "evaluate"};

typedef struct images {
  uint8_t *values;
  size_t rows, columns;
} images;

static void stop(const char *what, const char *why) {
  fprintf(stderr, "precision_bench: %s: %s\n", what, why);
  exit(1);
}

static void check(vae_status status, const vae_error *err) {
  if (status != VAE_OK) stop(vae_status_name(status), err->message);
}

static images read_images(const char *path) {
  unsigned char head[16];
  FILE *file = fopen(path, "rb");
  if (!file || fread(head, 1, sizeof head, file) != sizeof head || head[2] != 8 || head[3] != 3)
    stop(path, "not an IDX file of images in bytes");
  uint32_t size[3] = {0};
  for (int i = 0; i < 12; i++) size[i / 4] = size[i / 4] << 8 | head[4 + i];
  images data = {.rows = size[0], .columns = (size_t)size[1] * size[2]};
  data.values = malloc(data.rows * data.columns);
  if (!data.values || fread(data.values, data.columns, data.rows, file) != data.rows) stop(path, "too short");
  fclose(file);
  return data;
}

static vae_data rows_of(const images *from, size_t first, size_t rows) {
  vae_data data;
  vae_data_init(&data);
  data.type = VAE_DATA_UINT8;
  data.values = from->values + first * from->columns;
  data.rows = rows;
  data.columns = from->columns;
  return data;
}

typedef struct subject {
  vae_model *model;
  vae_workspace *workspace;
} subject;

static subject open_subject(const vae_model *model, vae_precision precision, int threads) {
  vae_error err;
  vae_error_init(&err);
  subject s;
  vae_workspace_options options;
  vae_workspace_options_init(&options);
  options.threads = threads;
  check(vae_model_quantize(model, precision, &s.model, &err), &err);
  check(vae_workspace_create(s.model, &options, &s.workspace, &err), &err);
  return s;
}

static void close_subject(subject s) {
  vae_workspace_free(s.workspace);
  vae_model_free(s.model);
}

typedef struct results {
  float *mean, *logvar, *output, *loss;
} results;

static results new_results(const vae_model *model, size_t rows) {
  vae_config config;
  vae_config_init(&config);
  check(vae_model_get_config(model, &config, NULL), NULL);
  const size_t latents = rows * config.latent_dim;
  results r = {malloc(latents * sizeof(float)), malloc(latents * sizeof(float)),
               malloc(rows * config.input_dim * sizeof(float)), malloc(rows * sizeof(float))};
  if (!r.mean || !r.logvar || !r.output || !r.loss) stop("results", "no memory");
  return r;
}

/* One call; r->mean is read by DECODE. Returns the loss of EVALUATE. */
static double run(subject s, int operation, const vae_data *x, const results *r) {
  vae_error err;
  vae_loss loss;
  vae_terms terms;
  vae_error_init(&err);
  vae_loss_init(&loss);
  vae_terms_init(&terms);
  terms.loss = r->loss;
  switch (operation) {
    case ENCODE: check(vae_model_encode(s.model, s.workspace, x, r->mean, r->logvar, &err), &err); break;
    case DECODE: check(vae_model_decode(s.model, s.workspace, r->mean, x->rows, r->output, &err), &err); break;
    case RECONSTRUCT: check(vae_model_reconstruct(s.model, s.workspace, x, r->output, &err), &err); break;
    default: check(vae_model_evaluate(s.model, s.workspace, x, NULL, 0, &loss, &terms, &err), &err);
  }
  return loss.negative_elbo;
}

/* One row a call, another one each time. */
static void measure_latency(const vae_model *model, const images *data) {
  static double time[CALLS];
  printf("one row, one thread, microseconds: median (99th percentile)\n");
  for (vae_precision p = 0; p < PRECISIONS; p++) {
    subject s = open_subject(model, p, 1);
    results r = new_results(model, 1);
    printf("%-8s", vae_precision_name(p));
    for (int operation = 0; operation < OPERATIONS; operation++) {
      for (int i = -200; i < CALLS; i++) {
        const vae_data x = rows_of(data, (size_t)(i + 200) % data->rows, 1);
        if (operation == DECODE) run(s, ENCODE, &x, &r);
        const double began = bench_seconds();
        run(s, operation, &x, &r);
        if (i >= 0) time[i] = 1e6 * (bench_seconds() - began);
      }
      bench_sort(time, CALLS);
      printf("  %s %.1f (%.1f)", operation_names[operation], time[CALLS / 2], time[CALLS * 99 / 100]);
    }
    printf("\n");
    close_subject(s);
  }
}

/* Multiplications and additions of one row. */
static double row_operations(const vae_model *model, int operation) {
  double encoder = 0, decoder = 0;
  for (size_t i = 0; i < vae_model_parameter_count(model); i++) {
    vae_parameter_info info;
    vae_parameter_info_init(&info);
    check(vae_model_get_parameter_info(model, i, &info, NULL), NULL);
    if (info.rank == 2) *(strncmp(info.name, "encoder", 7) ? &decoder : &encoder) += 2.0 * (double)info.count;
  }
  return operation == ENCODE ? encoder : operation == DECODE ? decoder : encoder + decoder;
}

static void measure_batch(const vae_model *model, const images *data, int threads) {
  images many = {.rows = BATCH_ROWS, .columns = data->columns, .values = malloc(BATCH_ROWS * data->columns)};
  if (!many.values) stop("batch", "no memory");
  for (size_t i = 0; i < many.rows; i++)
    memcpy(many.values + i * data->columns, data->values + i % data->rows * data->columns, data->columns);
  const vae_data x = rows_of(&many, 0, many.rows);
  results r = new_results(model, many.rows);
  printf("%d rows, %d threads: rows/s (share of the float32 peak)\n", BATCH_ROWS, threads);
  for (vae_precision p = 0; p < PRECISIONS; p++) {
    subject s = open_subject(model, p, threads);
    printf("%-8s", vae_precision_name(p));
    for (int operation = 0; operation < OPERATIONS; operation++) {
      double best = 1e9, peak = fma_peak(threads);
      for (int i = 0; i < 5; i++) {
        const double began = bench_seconds();
        run(s, operation, &x, &r);
        const double time = bench_seconds() - began;
        if (time < best) best = time;
      }
      const double after = fma_peak(threads), rate = BATCH_ROWS / best;
      peak = after > peak ? after : peak;
      printf("  %s %.0f (%.0f %%)", operation_names[operation], rate,
             100 * rate * row_operations(model, operation) / peak);
    }
    printf("\n");
    close_subject(s);
  }
  free(many.values);
}

static void print_error(const char *what, const float *got, const float *want, size_t count) {
  double sum = 0, most = 0;
  for (size_t i = 0; i < count; i++) {
    const double error = fabs((double)got[i] - (double)want[i]);
    sum += error;
    if (error > most) most = error;
  }
  printf("  %s %.2g (%.2g)", what, sum / (double)count, most);
}

static void measure_error(const vae_model *model, const images *data, int threads) {
  const vae_data x = rows_of(data, 0, data->rows);
  vae_config config;
  vae_config_init(&config);
  check(vae_model_get_config(model, &config, NULL), NULL);
  const size_t latents = data->rows * config.latent_dim, values = data->rows * config.input_dim;
  results exact = new_results(model, data->rows), r = new_results(model, data->rows);
  double want = 0;
  printf("%zu rows, distance from float32: mean (largest); negative ELBO in nats\n", data->rows);
  for (vae_precision p = 0; p < PRECISIONS; p++) {
    subject s = open_subject(model, p, threads);
    const results *to = p ? &r : &exact;
    run(s, ENCODE, &x, to);
    run(s, RECONSTRUCT, &x, to);
    const double negative_elbo = run(s, EVALUATE, &x, to);
    if (!p) want = negative_elbo;
    printf("%-8s", vae_precision_name(p));
    print_error("mean", to->mean, exact.mean, latents);
    print_error("logvar", to->logvar, exact.logvar, latents);
    print_error("reconstruction", to->output, exact.output, values);
    print_error("loss of a row", to->loss, exact.loss, data->rows);
    printf("  negative ELBO %.4f (%+.4f)\n", negative_elbo, negative_elbo - want);
    close_subject(s);
  }
}

int main(int count, char **argument) {
  if (count < 4) stop("usage", "precision_bench MODEL IMAGES THREADS [latency] [batch] [error]");
  vae_error err;
  vae_error_init(&err);
  vae_model *model = NULL;
  check(vae_model_load(argument[1], NULL, &model, &err), &err);
  const images data = read_images(argument[2]);
  const int threads = atoi(argument[3]);
  for (int i = 4; i < count || i == 4; i++) {
    const char *what = count > 4 ? argument[i] : "all";
    if (!strcmp(what, "latency") || count == 4) measure_latency(model, &data);
    if (!strcmp(what, "batch") || count == 4) measure_batch(model, &data, threads);
    if (!strcmp(what, "error") || count == 4) measure_error(model, &data, threads);
  }
  vae_model_free(model);
  return 0;
}
