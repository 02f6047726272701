/* Whole training steps through the public ABI: the epoch call on 60,000 x 784 rows of bytes, shuffled, gathered, with fresh
 * noise, forward, backward and Adam. Prints one JSON object a configuration: samples/s, GFLOP/s and the fraction of the
 * machine's FMA peak, measured right before and after.
 *
 * usage: training_bench THREADS SECONDS [bf16] [CONFIG …]     CONFIG: mlp400 tutorial iwae1 iwae50 wide */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fma_peak.h"
#include "vae/vae.h"

typedef struct bench_config {
  const char *name;
  uint32_t units, layers, decoder_layers, latent, batch, samples;
  vae_activation activation;
  vae_likelihood likelihood;
  double learning_rate;
} bench_config;

static const bench_config configs[] = {
    {"mlp400", 400, 1, 1, 20, 128, 1, VAE_ACTIVATION_RELU, VAE_LIKELIHOOD_BERNOULLI, 1e-3},
    {"tutorial", 100, 2, 1, 8, 32, 1, VAE_ACTIVATION_RELU, VAE_LIKELIHOOD_GAUSSIAN, 1e-4},
    {"iwae1", 200, 2, 2, 50, 20, 1, VAE_ACTIVATION_TANH, VAE_LIKELIHOOD_BERNOULLI, 1e-3},
    {"iwae50", 200, 2, 2, 50, 20, 50, VAE_ACTIVATION_TANH, VAE_LIKELIHOOD_BERNOULLI, 1e-3},
    {"wide", 1024, 2, 2, 64, 512, 1, VAE_ACTIVATION_RELU, VAE_LIKELIHOOD_BERNOULLI, 1e-3},
};

enum { ROWS = 60000, COLUMNS = 784 };

static double seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void check(vae_status status, const vae_error *err) {
  if (status == VAE_OK || status == VAE_STOPPED) return;
  fprintf(stderr, "training_bench: %s\n", err->message);
  exit(1);
}

/* Floating-point operations of one example: 6 a weight (forward, and twice backward), less the gradient of the input;
 * decoder weights once a latent sample. */
static double operations(const vae_model *model, const bench_config *c) {
  double encoder = 0, decoder = 0;
  vae_error err;
  vae_error_init(&err);
  for (size_t i = 0; i < vae_model_parameter_count(model); i++) {
    vae_parameter_info info;
    vae_parameter_info_init(&info);
    check(vae_model_get_parameter_info(model, i, &info, &err), &err);
    if (info.rank == 2) *(strncmp(info.name, "encoder", 7) ? &decoder : &encoder) += (double)info.count;
  }
  return 6 * (encoder + c->samples * decoder) - 2.0 * COLUMNS * c->units;
}

typedef struct stopwatch {
  double until;
  vae_progress last;
} stopwatch;

static int32_t stop_when_due(const vae_progress *progress, void *user) {
  stopwatch *watch = user;
  watch->last = *progress;
  return seconds() >= watch->until;
}

/* Trains for about `duration` and returns the steps done in *elapsed seconds. */
static uint64_t train_for(vae_trainer *trainer, const vae_data *data, double duration, double *elapsed) {
  vae_error err;
  vae_error_init(&err);
  vae_trainer_info before, after;
  vae_trainer_info_init(&before);
  vae_trainer_info_init(&after);
  check(vae_trainer_get_info(trainer, &before, &err), &err);
  const double began = seconds();
  stopwatch watch = {.until = began + duration};
  vae_status status;
  do {
    status = vae_trainer_epoch(trainer, data, stop_when_due, &watch, NULL, &err);
    check(status, &err);
  } while (status == VAE_OK);
  *elapsed = seconds() - began;
  check(vae_trainer_get_info(trainer, &after, &err), &err);
  return after.step - before.step;
}

static void measure(const bench_config *c, int threads, double duration, vae_precision precision,
                    const vae_data *data) {
  vae_error err;
  vae_error_init(&err);
  vae_layer layers[2];
  for (int i = 0; i < 2; i++) {
    vae_layer_init(&layers[i]);
    layers[i].units = c->units;
    layers[i].activation = c->activation;
  }
  vae_config config;
  vae_config_init(&config);
  config.input_dim = COLUMNS;
  config.latent_dim = c->latent;
  config.encoder = config.decoder = layers;
  config.encoder_count = c->layers;
  config.decoder_count = c->decoder_layers;
  config.likelihood = c->likelihood;
  vae_training training;
  vae_training_init(&training);
  training.batch_size = c->batch;
  training.learning_rate = c->learning_rate;
  training.threads = threads;
  training.precision = precision;
  training.objective.samples = c->samples;
  if (c->samples > 1) training.objective.kind = VAE_OBJECTIVE_IWAE;
  vae_model *model = NULL;
  vae_trainer *trainer = NULL;
  check(vae_model_create(&config, NULL, &model, &err), &err);
  check(vae_trainer_create(model, &training, NULL, &trainer, &err), &err);

  double elapsed;
  train_for(trainer, data, 0.2, &elapsed);
  const double peak_before = fma_peak(threads);
  const uint64_t steps = train_for(trainer, data, duration, &elapsed);
  const double peak = (peak_before + fma_peak(threads)) / 2;
  const double rate = (double)steps * c->batch / elapsed, flops = rate * operations(model, c);
  vae_trainer_info info;
  vae_trainer_info_init(&info);
  check(vae_trainer_get_info(trainer, &info, &err), &err);
  printf(
      "{\"config\": \"%s\", \"precision\": \"%s\", \"isa\": \"%s\", \"threads\": %d, \"samples_per_second\": %.0f, "
      "\"gflops\": %.1f, "
      "\"fma_peak_gflops\": %.1f, \"fraction_of_peak\": %.3f}\n",
      c->name, vae_precision_name(info.precision), vae_isa_name(info.isa), (int)info.threads, rate, flops / 1e9,
      peak / 1e9, flops / peak);
  fflush(stdout);
  vae_trainer_free(trainer);
  vae_model_free(model);
}

int main(int count, char **arguments) {
  if (count < 3) {
    fprintf(stderr, "usage: training_bench THREADS SECONDS [bf16] [mlp400|tutorial|iwae1|iwae50|wide …]\n");
    return 2;
  }
  uint8_t *bytes = malloc((size_t)ROWS * COLUMNS);
  if (!bytes) return 1;
  uint32_t state = 1; /* a fifth of the pixels grey, like digits */
  for (size_t i = 0; i < (size_t)ROWS * COLUMNS; i++) {
    state = state * 1664525u + 1013904223u;
    bytes[i] = (state >> 24) % 5 == 0 ? (uint8_t)(state >> 16) : 0;
  }
  vae_data data;
  vae_data_init(&data);
  data.type = VAE_DATA_UINT8;
  data.values = bytes;
  data.rows = ROWS;
  data.columns = COLUMNS;
  const int bf16 = count > 3 && !strcmp(arguments[3], "bf16"), first = 3 + bf16;
  for (size_t i = 0; i < sizeof configs / sizeof *configs; i++) {
    int wanted = count == first;
    for (int a = first; a < count; a++) wanted |= !strcmp(arguments[a], configs[i].name);
    if (wanted)
      measure(&configs[i], atoi(arguments[1]), atof(arguments[2]),
              bf16 ? VAE_PRECISION_BFLOAT16 : VAE_PRECISION_FLOAT32, &data);
  }
  free(bytes);
  return 0;
}
