/* Inference through the public ABI, with weights in float32, bf16 or int8: the latency of single rows of floats, call by
 * call, or 60,000 rows of bytes in one call as a fraction of the FMA peak. Prints a JSON object a line. */
#include <stdio.h>
#include <stdlib.h>

#include "bench_support.h"
#include "fma_peak.h"

static const char usage[] =
    "inference_bench [--precision float32|bf16|int8] [--threads N] [--seconds S, an operation]\n" BENCH_MODEL_USAGE
    "  --batch 1 measures latency, any other batch (the workspace's max_rows) throughput\n";

enum { MOST_CALLS = 1 << 20, SINGLE_ROWS = 512 };

typedef struct job {
  const bench_options *options;
  vae_model *model;
  vae_workspace *workspace;
  vae_data data;
  float *x, *z, *codes, *output, *scores;
} job;

/* One call on the rows of `data`; decode begins at z. */
static void call_encode(job *j, const vae_data *data, const float *z) {
  (void)z;
  vae_error err;
  vae_error_init(&err);
  bench_check(vae_model_encode(j->model, j->workspace, data, j->codes, NULL, &err), &err);
}
static void call_decode(job *j, const vae_data *data, const float *z) {
  vae_error err;
  vae_error_init(&err);
  bench_check(vae_model_decode(j->model, j->workspace, z, data->rows, j->output, &err), &err);
}
static void call_reconstruct(job *j, const vae_data *data, const float *z) {
  (void)z;
  vae_error err;
  vae_error_init(&err);
  bench_check(vae_model_reconstruct(j->model, j->workspace, data, j->output, &err), &err);
}
static void call_score(job *j, const vae_data *data, const float *z) {
  (void)z;
  vae_error err;
  vae_error_init(&err);
  vae_loss loss;
  vae_loss_init(&loss);
  vae_terms terms;
  vae_terms_init(&terms);
  terms.loss = j->scores;
  bench_check(vae_model_evaluate(j->model, j->workspace, data, NULL, 0, &loss, &terms, &err), &err);
}

static const struct {
  const char *name;
  void (*call)(job *j, const vae_data *data, const float *z);
  int encodes, decodes;
} operations[] = {{"encode", call_encode, 1, 0},
                  {"decode", call_decode, 0, 1},
                  {"reconstruct", call_reconstruct, 1, 1},
                  {"score", call_score, 1, 1}};
enum { OPERATIONS = sizeof operations / sizeof *operations };

static void measure_latency(job *j, int operation) {
  static double calls[MOST_CALLS];
  size_t count = 0;
  const size_t latents = j->options->config.latent;
  vae_data row;
  vae_data_init(&row);
  row.rows = 1;
  row.columns = BENCH_COLUMNS;
  const double warm = bench_seconds() + 0.05, end = warm + j->options->seconds;
  for (size_t turn = 0; count < MOST_CALLS; turn++) {
    const size_t i = turn % SINGLE_ROWS;
    row.values = j->x + i * BENCH_COLUMNS;
    const double began = bench_seconds();
    operations[operation].call(j, &row, j->z + i * latents);
    const double done = bench_seconds();
    if (done > warm) calls[count++] = done - began;
    if (done > end) break;
  }
  bench_sort(calls, count);
  printf(
      "{\"operation\": \"%s\", \"config\": \"%s\", \"rows\": 1, \"threads\": %d, \"precision\": \"%s\", \"calls\": "
      "%zu, "
      "\"p50_microseconds\": %.3f, \"p90_microseconds\": %.3f, \"p99_microseconds\": %.3f}\n",
      operations[operation].name, j->options->config.name, j->options->threads,
      vae_precision_name(j->options->precision), count, 1e6 * bench_percentile(calls, count, 0.5),
      1e6 * bench_percentile(calls, count, 0.9), 1e6 * bench_percentile(calls, count, 0.99));
  fflush(stdout);
}

/* Multiplications and additions of an example: 2 a weight that the operation uses. */
static double flops_of(const bench_config *c, int operation) {
  bench_layer layers[BENCH_MOST_DENSE];
  const uint32_t count = bench_layers(c, layers), head = c->encoder_count;
  double sum = 0;
  for (uint32_t l = 0; l < count; l++)
    if (l <= head ? operations[operation].encodes : operations[operation].decodes)
      sum += 2.0 * layers[l].inputs * layers[l].units;
  return sum;
}

static void measure_throughput(job *j, int operation) {
  const int threads = j->options->threads;
  operations[operation].call(j, &j->data, j->z);
  const double before = fma_peak(threads), began = bench_seconds();
  size_t rows = 0;
  while (bench_seconds() < began + j->options->seconds) {
    operations[operation].call(j, &j->data, j->z);
    rows += j->data.rows;
  }
  const double rate = (double)rows / (bench_seconds() - began), peak = (before + fma_peak(threads)) / 2;
  const double flops = rate * flops_of(&j->options->config, operation);
  printf(
      "{\"operation\": \"%s\", \"config\": \"%s\", \"rows\": %zu, \"max_rows\": %u, \"threads\": %d, \"precision\": "
      "\"%s\", \"samples_per_second\": %.0f, \"gflops\": %.2f, \"fma_peak_gflops\": %.1f, \"fraction_of_peak\": "
      "%.4f}\n",
      operations[operation].name, j->options->config.name, j->data.rows, j->options->config.batch, threads,
      vae_precision_name(j->options->precision), rate, flops / 1e9, peak / 1e9, flops / peak);
  fflush(stdout);
}

/* The configuration's model as a copy with weights of that precision. */
static vae_model *rounded_model(const bench_options *o) {
  vae_error err;
  vae_error_init(&err);
  vae_model *model = bench_model(&o->config), *copy = NULL;
  bench_check(vae_model_quantize(model, o->precision, &copy, &err), &err);
  vae_model_free(model);
  return copy;
}

int main(int count, char **arguments) {
  bench_options o;
  bench_read_options(&o, usage, count, arguments);
  const int latency = o.config.batch == 1;
  const size_t rows = latency ? SINGLE_ROWS : o.config.rows;
  uint8_t *bytes = bench_bytes(rows);
  job j = {.options = &o, .model = rounded_model(&o), .data = bench_data(bytes, rows)};
  j.x = bench_allocate(SINGLE_ROWS * BENCH_COLUMNS * sizeof(float));
  for (size_t i = 0; i < (size_t)SINGLE_ROWS * BENCH_COLUMNS && i < rows * BENCH_COLUMNS; i++)
    j.x[i] = (float)bytes[i] / 255.0f;
  j.z = bench_allocate(rows * o.config.latent * sizeof(float));
  for (size_t i = 0; i < rows * o.config.latent; i++) j.z[i] = (float)(i * 2654435761u % 4001) / 1000.0f - 2.0f;
  j.codes = bench_allocate(rows * o.config.latent * sizeof(float));
  j.output = bench_allocate(rows * BENCH_COLUMNS * sizeof(float));
  j.scores = bench_allocate(rows * sizeof(float));
  vae_workspace_options options;
  vae_workspace_options_init(&options);
  options.max_rows = latency ? 1 : o.config.batch;
  options.threads = o.threads;
  vae_error err;
  vae_error_init(&err);
  bench_check(vae_workspace_create(j.model, &options, &j.workspace, &err), &err);
  for (int operation = 0; operation < OPERATIONS; operation++) {
    if (latency) measure_latency(&j, operation);
    else measure_throughput(&j, operation);
  }
  vae_workspace_free(j.workspace);
  vae_model_free(j.model);
  free(bytes), free(j.x), free(j.z), free(j.codes), free(j.output), free(j.scores);
  return 0;
}
