/* What copies with weights in bf16 and int8 lose: how far their encodings, reconstructions and losses are from float32's,
 * on real data. Prints the rows of a table of docs/INFERENCE.md: means of absolute differences (largest). */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench_support.h"

static const char usage[] = "quantization_bench MODEL IMAGES, an IDX file of bytes, not compressed\n";

typedef struct images {
  uint8_t *values;
  vae_data data;
} images;

static images read_images(const char *path) {
  unsigned char head[16];
  FILE *file = fopen(path, "rb");
  if (!file || fread(head, 1, sizeof head, file) != sizeof head || head[2] != 8 || head[3] != 3)
    bench_refuse(usage, "IMAGES", path);
  uint32_t size[3] = {0};
  for (int i = 0; i < 12; i++) size[i / 4] = size[i / 4] << 8 | head[4 + i];
  images x;
  vae_data_init(&x.data);
  x.data.type = VAE_DATA_UINT8;
  x.data.rows = size[0];
  x.data.columns = (size_t)size[1] * size[2];
  x.data.values = x.values = bench_allocate(x.data.rows * x.data.columns);
  if (fread(x.values, x.data.columns, x.data.rows, file) != x.data.rows) bench_refuse(usage, "IMAGES", path);
  fclose(file);
  return x;
}

/* All of a precision's results: means and logvars [rows, latents], reconstructions [rows, columns], losses [rows] in nats. */
typedef struct results {
  size_t rows, latents, columns;
  float *mean, *logvar, *output, *loss;
  double negative_elbo;
} results;

static results infer(const vae_model *model, vae_precision precision, const vae_data *x) {
  vae_error err;
  vae_error_init(&err);
  vae_config config;
  vae_config_init(&config);
  bench_check(vae_model_get_config(model, &config, &err), &err);
  results r = {.rows = x->rows, .latents = config.latent_dim, .columns = x->columns};
  r.mean = bench_allocate(r.rows * r.latents * sizeof(float));
  r.logvar = bench_allocate(r.rows * r.latents * sizeof(float));
  r.output = bench_allocate(r.rows * r.columns * sizeof(float));
  r.loss = bench_allocate(r.rows * sizeof(float));
  vae_model *copy = NULL;
  vae_workspace *workspace = NULL;
  bench_check(vae_model_quantize(model, precision, &copy, &err), &err);
  bench_check(vae_workspace_create(copy, NULL, &workspace, &err), &err);
  bench_check(vae_model_encode(copy, workspace, x, r.mean, r.logvar, &err), &err);
  bench_check(vae_model_reconstruct(copy, workspace, x, r.output, &err), &err);
  vae_loss loss;
  vae_loss_init(&loss);
  vae_terms terms;
  vae_terms_init(&terms);
  terms.loss = r.loss;
  bench_check(vae_model_evaluate(copy, workspace, x, NULL, 0, &loss, &terms, &err), &err);
  r.negative_elbo = loss.negative_elbo;
  vae_workspace_free(workspace);
  vae_model_free(copy);
  return r;
}

static void free_results(results *r) { free(r->mean), free(r->logvar), free(r->output), free(r->loss); }

static void print_distance(const float *got, const float *want, size_t count) {
  double sum = 0, most = 0;
  for (size_t i = 0; i < count; i++) {
    const double error = fabs((double)got[i] - (double)want[i]);
    sum += error;
    if (error > most) most = error;
  }
  printf(" %.2g (%.2g) |", sum / (double)count, most);
}

static void print_row(vae_precision precision, const results *r, const results *exact) {
  printf("| %s |", vae_precision_name(precision));
  print_distance(r->mean, exact->mean, r->rows * r->latents);
  print_distance(r->logvar, exact->logvar, r->rows * r->latents);
  print_distance(r->output, exact->output, r->rows * r->columns);
  print_distance(r->loss, exact->loss, r->rows);
  printf(" %.4f (%+.4f) |\n", r->negative_elbo, r->negative_elbo - exact->negative_elbo);
}

int main(int count, char **arguments) {
  if (count != 3) bench_refuse(usage, NULL, NULL);
  vae_error err;
  vae_error_init(&err);
  vae_model *model = NULL;
  bench_check(vae_model_load(arguments[1], NULL, &model, &err), &err);
  const images x = read_images(arguments[2]);
  results exact = infer(model, VAE_PRECISION_FLOAT32, &x.data);
  printf("%zu rows\n\n", x.data.rows);
  printf("| weights | mean of q | logvar of q | reconstruction | loss of one row, nats | negative ELBO, nats |\n");
  printf("|---|---|---|---|---|---|\n| float32 | | | | | %.4f |\n", exact.negative_elbo);
  for (vae_precision p = VAE_PRECISION_BFLOAT16; vae_precision_name(p); p++) {
    results r = infer(model, p, &x.data);
    print_row(p, &r, &exact);
    free_results(&r);
  }
  free_results(&exact);
  vae_model_free(model);
  free(x.values);
  return 0;
}
