/* A small training job to count instructions of: some mini-batches of a fixed model with a fixed seed on one thread. What a
 * step costs is the difference between two runs. bench/instructions.py runs it under callgrind. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench_support.h"

static const char usage[] = "instructions_bench elbo|iwae STEPS, 1 to 64\n";

int main(int count, char **arguments) {
  if (count != 3) bench_refuse(usage, NULL, NULL);
  const size_t steps = strtoul(arguments[2], NULL, 10);
  /* Widths that are no multiple of a tile or a vector, as users have them. */
  bench_config c = {"elbo", {100}, 1, {100}, 1, 10, 32, 1, VAE_ACTIVATION_RELU, VAE_LIKELIHOOD_BERNOULLI, 1e-3, 0};
  if (!strcmp(arguments[1], "iwae"))
    c = (bench_config){"iwae", {40, 40}, 2, {40, 40}, 2, 6, 10, 5, VAE_ACTIVATION_TANH, VAE_LIKELIHOOD_GAUSSIAN,
                       1e-3,   0};
  enum { MOST_STEPS = 64 };
  if (strcmp(arguments[1], c.name) != 0) bench_refuse(usage, "job", arguments[1]);
  if (steps < 1 || steps > MOST_STEPS) bench_refuse(usage, "STEPS", arguments[2]);
  uint8_t *bytes =
      bench_bytes(MOST_STEPS * (size_t)c.batch); /* as many whatever the steps, so that they do not count */
  const vae_data data = bench_data(bytes, steps * c.batch);
  vae_training training;
  vae_training_init(&training);
  training.batch_size = c.batch;
  training.threads = 1;
  training.objective.samples = c.samples;
  if (c.samples > 1) training.objective.kind = VAE_OBJECTIVE_IWAE;
  vae_error err;
  vae_error_init(&err);
  vae_model *model = bench_model(&c);
  vae_trainer *trainer = NULL;
  bench_check(vae_trainer_create(model, &training, NULL, &trainer, &err), &err);
  vae_loss loss;
  vae_loss_init(&loss);
  bench_check(vae_trainer_epoch(trainer, &data, NULL, NULL, &loss, &err), &err);
  printf("%s: %zu steps, loss %.6g\n", c.name, steps, loss.loss);
  vae_trainer_free(trainer);
  vae_model_free(model);
  free(bytes);
  return 0;
}
