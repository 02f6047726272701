/* What the measuring programs share: the clock, the configurations, data like digits, models. They print one JSON object
 * a line and end with a message where the library refuses something. */
#ifndef BENCH_SUPPORT_H
#define BENCH_SUPPORT_H

#include <stddef.h>
#include <stdint.h>

#include "vae/vae.h"

enum { BENCH_COLUMNS = 784, BENCH_MOST_LAYERS = 16 };

/* A model, its data and its training: one of the five by name, then changed option by option. */
typedef struct bench_config {
  const char *name;
  uint32_t encoder[BENCH_MOST_LAYERS], encoder_count;
  uint32_t decoder[BENCH_MOST_LAYERS], decoder_count;
  uint32_t latent, batch, samples;
  vae_activation activation;
  vae_likelihood likelihood;
  double learning_rate;
  size_t rows;
} bench_config;

/* mlp400, tutorial, iwae1, iwae50, wide: rows of 784 bytes, 60,000 of them. Returns NULL past the last. */
const bench_config *bench_config_at(size_t index);

/* What to measure and for how long, from the command line. */
typedef struct bench_options {
  bench_config config;
  int threads;
  double seconds;
  uint32_t epochs; /* over 0: that many instead of `seconds` */
  vae_precision precision;
  int keep_gradients; /* 1: training.keep_gradients, the step that is not fused */
} bench_options;

/* How to say which model, for the usage of a program that takes all of that. */
#define BENCH_MODEL_USAGE                                                             \
  "  [--config mlp400|tutorial|iwae1|iwae50|wide], then what is to differ from it:\n" \
  "  [--encoder 400,200] [--decoder 200,400] [--latent N] [--batch N] [--samples N] [--rows N]\n"

/* Reads the options and precisions that `usage` names; others, and values that are none, end the program with it. */
void bench_read_options(bench_options *options, const char *usage, int count, char **arguments);

/* Prints what is wrong, where that is not NULL, and the usage, and ends the program with 2. */
void bench_refuse(const char *usage, const char *option, const char *value);

double bench_seconds(void);

/* Ends the program with the message unless the status is VAE_OK or VAE_STOPPED. */
void bench_check(vae_status status, const vae_error *err);

/* size bytes, aligned to a cache line, all written to; ends the program where there are none. */
void *bench_allocate(size_t size);

/* rows x 784 bytes, a fifth of them grey, like digits. To be freed. */
uint8_t *bench_bytes(size_t rows);
vae_data bench_data(const uint8_t *bytes, size_t rows);

vae_model *bench_model(const bench_config *config);

/* The layers in order: encoder, head [mean | logvar], decoder, output. Returns their number. */
typedef struct bench_layer {
  uint32_t inputs, units;
  uint32_t draws; /* rows for each example */
} bench_layer;
enum { BENCH_MOST_DENSE = 2 * BENCH_MOST_LAYERS + 2 };
uint32_t bench_layers(const bench_config *config, bench_layer layers[BENCH_MOST_DENSE]);

/* Floating-point operations of a training step for one example: 6 a weight (forward, and twice backward), less the
 * gradient of the input; decoder weights once a latent sample. */
double bench_training_operations(const bench_config *config);

/* The value below which `fraction` of the sorted values lie. */
double bench_percentile(const double *sorted, size_t count, double fraction);
void bench_sort(double *values, size_t count);

/* The most memory that the process has held, in bytes (VmHWM); 0 where the system does not say. */
uint64_t bench_most_resident(void);

#endif
