#define _POSIX_C_SOURCE 200809L
#include "bench_support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const bench_config configs[] = {
    {"mlp400", {400}, 1, {400}, 1, 20, 128, 1, VAE_ACTIVATION_RELU, VAE_LIKELIHOOD_BERNOULLI, 1e-3, 60000},
    {"tutorial", {100, 100}, 2, {100}, 1, 8, 32, 1, VAE_ACTIVATION_RELU, VAE_LIKELIHOOD_GAUSSIAN, 1e-4, 60000},
    {"iwae1", {200, 200}, 2, {200, 200}, 2, 50, 20, 1, VAE_ACTIVATION_TANH, VAE_LIKELIHOOD_BERNOULLI, 1e-3, 60000},
    {"iwae50", {200, 200}, 2, {200, 200}, 2, 50, 20, 50, VAE_ACTIVATION_TANH, VAE_LIKELIHOOD_BERNOULLI, 1e-3, 60000},
    {"wide", {1024, 1024}, 2, {1024, 1024}, 2, 64, 512, 1, VAE_ACTIVATION_RELU, VAE_LIKELIHOOD_BERNOULLI, 1e-3, 60000},
};

const bench_config *bench_config_at(size_t index) {
  return index < sizeof configs / sizeof *configs ? &configs[index] : NULL;
}

void bench_refuse(const char *usage, const char *option, const char *value) {
  if (option) fprintf(stderr, "bench: %s %s is not understood\n", option, value ? value : "(nothing)");
  fprintf(stderr, "usage: %s", usage);
  exit(2);
}

/* Units separated by commas; 0 where the text is anything else. */
static uint32_t read_units(const char *text, uint32_t units[BENCH_MOST_LAYERS]) {
  uint32_t count = 0;
  for (const char *at = text; *at; count++) {
    char *end;
    const unsigned long number = strtoul(at, &end, 10);
    if (end == at || number == 0 || count == BENCH_MOST_LAYERS || (*end && *end != ',')) return 0;
    units[count] = (uint32_t)number;
    at = *end ? end + 1 : end;
  }
  return count;
}

static int read_config(const char *name, bench_config *config) {
  for (size_t i = 0; bench_config_at(i); i++)
    if (!strcmp(bench_config_at(i)->name, name)) return *config = *bench_config_at(i), 1;
  return 0;
}

static int read_precision(const char *usage, const char *name, vae_precision *precision) {
  for (vae_precision p = 0; vae_precision_name(p); p++)
    if (!strcmp(vae_precision_name(p), name) && strstr(usage, name)) return *precision = p, 1;
  return 0;
}

/* Whether the option is one, and its value one for it. */
static int read_option(bench_options *o, const char *usage, const char *option, const char *value) {
  bench_config *c = &o->config;
  if (!strcmp(option, "--config")) return read_config(value, c);
  if (!strcmp(option, "--encoder")) return (c->encoder_count = read_units(value, c->encoder)) > 0;
  if (!strcmp(option, "--decoder")) return (c->decoder_count = read_units(value, c->decoder)) > 0;
  if (!strcmp(option, "--precision")) return read_precision(usage, value, &o->precision);
  const double number = atof(value);
  if (!strcmp(option, "--latent")) c->latent = (uint32_t)number;
  else if (!strcmp(option, "--batch")) c->batch = (uint32_t)number;
  else if (!strcmp(option, "--samples")) c->samples = (uint32_t)number;
  else if (!strcmp(option, "--rows")) c->rows = (size_t)number;
  else if (!strcmp(option, "--threads")) o->threads = (int)number;
  else if (!strcmp(option, "--seconds")) o->seconds = number;
  else if (!strcmp(option, "--keep-gradients")) o->keep_gradients = 1;
  else if (!strcmp(option, "--epochs")) o->epochs = (uint32_t)number;
  else return 0;
  return !strcmp(option, "--seconds") ? number > 0 : number >= 1;
}

void bench_read_options(bench_options *o, const char *usage, int count, char **arguments) {
  *o = (bench_options){.config = configs[0], .threads = 1, .seconds = 1};
  for (int i = 1; i < count; i += 2) {
    const char *option = arguments[i], *value = i + 1 < count ? arguments[i + 1] : NULL;
    if (!value || !strstr(usage, option) || !read_option(o, usage, option, value)) bench_refuse(usage, option, value);
  }
}

double bench_seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

void bench_check(vae_status status, const vae_error *err) {
  if (status == VAE_OK || status == VAE_STOPPED) return;
  fprintf(stderr, "bench: %s\n", err->message);
  exit(1);
}

void *bench_allocate(size_t size) {
  void *memory = aligned_alloc(64, (size + 63) / 64 * 64);
  if (!memory) {
    fprintf(stderr, "bench: no memory for %zu bytes\n", size);
    exit(1);
  }
  memset(memory, 0, size);
  return memory;
}

uint8_t *bench_bytes(size_t rows) {
  uint8_t *bytes = bench_allocate(rows * BENCH_COLUMNS);
  uint32_t state = 1;
  for (size_t i = 0; i < rows * BENCH_COLUMNS; i++) {
    state = state * 1664525u + 1013904223u;
    if ((state >> 24) % 5 == 0) bytes[i] = (uint8_t)(state >> 16);
  }
  return bytes;
}

vae_data bench_data(const uint8_t *bytes, size_t rows) {
  vae_data data;
  vae_data_init(&data);
  data.type = VAE_DATA_UINT8;
  data.values = bytes;
  data.rows = rows;
  data.columns = BENCH_COLUMNS;
  return data;
}

vae_model *bench_model(const bench_config *c) {
  vae_layer layers[2][BENCH_MOST_LAYERS];
  for (uint32_t i = 0; i < BENCH_MOST_LAYERS; i++)
    for (int decoder = 0; decoder < 2; decoder++) {
      vae_layer_init(&layers[decoder][i]);
      layers[decoder][i].units = decoder ? c->decoder[i] : c->encoder[i];
      layers[decoder][i].activation = c->activation;
    }
  vae_config config;
  vae_config_init(&config);
  config.input_dim = BENCH_COLUMNS;
  config.latent_dim = c->latent;
  config.encoder = layers[0];
  config.decoder = layers[1];
  config.encoder_count = c->encoder_count;
  config.decoder_count = c->decoder_count;
  config.likelihood = c->likelihood;
  vae_error err;
  vae_error_init(&err);
  vae_model *model = NULL;
  bench_check(vae_model_create(&config, NULL, &model, &err), &err);
  return model;
}

uint32_t bench_layers(const bench_config *c, bench_layer layers[BENCH_MOST_DENSE]) {
  uint32_t count = 0, width = BENCH_COLUMNS;
  for (uint32_t i = 0; i < c->encoder_count; width = c->encoder[i++])
    layers[count++] = (bench_layer){width, c->encoder[i], 1};
  layers[count++] = (bench_layer){width, 2 * c->latent, 1};
  width = c->latent;
  for (uint32_t i = 0; i < c->decoder_count; width = c->decoder[i++])
    layers[count++] = (bench_layer){width, c->decoder[i], c->samples};
  layers[count++] = (bench_layer){width, BENCH_COLUMNS, c->samples};
  return count;
}

double bench_training_operations(const bench_config *c) {
  bench_layer layers[BENCH_MOST_DENSE];
  const uint32_t count = bench_layers(c, layers);
  double sum = 0;
  for (uint32_t l = 0; l < count; l++) sum += (l ? 6.0 : 4.0) * layers[l].inputs * layers[l].units * layers[l].draws;
  return sum;
}

static int compare(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

void bench_sort(double *values, size_t count) { qsort(values, count, sizeof *values, compare); }

double bench_percentile(const double *sorted, size_t count, double fraction) {
  const size_t index = (size_t)(fraction * (double)count);
  return count ? sorted[index < count ? index : count - 1] : 0;
}

uint64_t bench_most_resident(void) {
  FILE *file = fopen("/proc/self/status", "r");
  unsigned long long kilobytes = 0;
  char line[256];
  while (file && fgets(line, sizeof line, file))
    if (sscanf(line, "VmHWM: %llu", &kilobytes) == 1) break;
  if (file) fclose(file);
  return kilobytes * 1024;
}
