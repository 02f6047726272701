/* Whole training steps through the public ABI: the epoch call on rows of bytes, shuffled, gathered, with fresh noise,
 * forward, backward and Adam. Prints one JSON object: samples/s, the fraction of the machine's FMA peak, measured right
 * before and after, and the memory that the trainer and the process held. */
#include <stdio.h>
#include <stdlib.h>

#include "bench_support.h"
#include "fma_peak.h"

static const char usage[] =
    "training_bench [--precision float32|bf16] [--threads N] [--seconds S | --epochs N]\n"
    "  [--keep-gradients 1]\n" BENCH_MODEL_USAGE;

typedef struct stopwatch {
  double until;
} stopwatch;

static int32_t stop_when_due(const vae_progress *progress, void *user) {
  const stopwatch *watch = user;
  (void)progress;
  return bench_seconds() >= watch->until;
}

static vae_trainer_info info_of(const vae_trainer *trainer) {
  vae_error err;
  vae_error_init(&err);
  vae_trainer_info info;
  vae_trainer_info_init(&info);
  bench_check(vae_trainer_get_info(trainer, &info, &err), &err);
  return info;
}

/* Trains for about `duration`, or for `epochs` where that is not 0. Returns the steps done in *elapsed seconds. */
static uint64_t train(vae_trainer *trainer, const vae_data *data, double duration, uint32_t epochs, double *elapsed) {
  vae_error err;
  vae_error_init(&err);
  const uint64_t before = info_of(trainer).step;
  const double began = bench_seconds();
  stopwatch watch = {.until = began + duration};
  vae_status status = VAE_OK;
  for (uint32_t epoch = 0; status == VAE_OK && (!epochs || epoch < epochs); epoch++) {
    status = vae_trainer_epoch(trainer, data, epochs ? NULL : stop_when_due, &watch, NULL, &err);
    bench_check(status, &err);
  }
  *elapsed = bench_seconds() - began;
  return info_of(trainer).step - before;
}

static void print_units(const char *key, const uint32_t *units, uint32_t count) {
  printf("\"%s\": [", key);
  for (uint32_t i = 0; i < count; i++) printf("%s%u", i ? ", " : "", units[i]);
  printf("], ");
}

int main(int count, char **arguments) {
  bench_options o;
  bench_read_options(&o, usage, count, arguments);
  const bench_config *c = &o.config;
  uint8_t *bytes = bench_bytes(c->rows);
  const vae_data data = bench_data(bytes, c->rows);
  vae_training training;
  vae_training_init(&training);
  training.batch_size = c->batch;
  training.learning_rate = c->learning_rate;
  training.threads = o.threads;
  training.precision = o.precision;
  training.keep_gradients = o.keep_gradients;
  training.objective.samples = c->samples;
  if (c->samples > 1) training.objective.kind = VAE_OBJECTIVE_IWAE;
  vae_error err;
  vae_error_init(&err);
  vae_model *model = bench_model(c);
  vae_trainer *trainer = NULL;
  bench_check(vae_trainer_create(model, &training, NULL, &trainer, &err), &err);

  double elapsed;
  if (!o.epochs) train(trainer, &data, 0.2, 0, &elapsed);
  const double peak_before = fma_peak(o.threads);
  const uint64_t steps = train(trainer, &data, o.seconds, o.epochs, &elapsed);
  const double peak = (peak_before + fma_peak(o.threads)) / 2;
  const double step = elapsed / (double)steps, rate = c->batch / step, flops = rate * bench_training_operations(c);
  const vae_trainer_info info = info_of(trainer);
  printf("{\"config\": \"%s\", ", c->name);
  print_units("encoder", c->encoder, c->encoder_count);
  print_units("decoder", c->decoder, c->decoder_count);
  printf(
      "\"latent\": %u, \"batch\": %u, \"samples\": %u, \"rows\": %zu, \"precision\": \"%s\", \"gradients\": \"%s\", "
      "\"isa\": \"%s\", "
      "\"threads\": %d, \"team\": %d, \"samples_per_second\": %.1f, \"step_microseconds\": %.2f, \"gflops\": %.2f, "
      "\"fma_peak_gflops\": %.1f, \"fraction_of_peak\": %.4f, \"trainer_bytes\": %llu, \"most_resident_bytes\": "
      "%llu}\n",
      c->latent, c->batch, c->samples, c->rows, vae_precision_name(o.precision), o.keep_gradients ? "kept" : "fused",
      vae_isa_name(info.isa), o.threads, (int)info.threads, rate, step * 1e6, flops / 1e9, peak / 1e9, flops / peak,
      (unsigned long long)info.bytes, (unsigned long long)bench_most_resident());
  vae_trainer_free(trainer);
  vae_model_free(model);
  free(bytes);
  return 0;
}
