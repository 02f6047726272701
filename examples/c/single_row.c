/* Anomaly scores for rows that arrive one at a time: after the first one nothing is allocated, which an allocator that
 * counts shows.  cc single_row.c $(pkg-config --cflags --libs vae) -lm && ./a.out */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <vae/vae.h>

enum { ROWS = 2000, COLUMNS = 8, LATENT = 2 };

static void *count_and_allocate(void *user, size_t size, size_t alignment) {
  ++*(long *)user;
  return aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
}

static void release(void *user, void *memory, size_t size, size_t alignment) {
  (void)user, (void)size, (void)alignment;
  free(memory);
}

/* A reading of eight sensors that two hidden numbers decide, but where the fourth one is broken. */
static void measure(float row[COLUMNS], int at, int broken) {
  float a = sinf(0.7f * (float)at), b = cosf(1.9f * (float)at);
  for (int i = 0; i < COLUMNS; i++) row[i] = a * (float)i / COLUMNS + b * (float)(COLUMNS - i) / COLUMNS;
  if (broken) row[3] += 2.0f;
}

int main(void) {
  static float table[ROWS][COLUMNS];
  for (int i = 0; i < ROWS; i++) measure(table[i], i, 0);
  long allocations = 0;
  vae_allocator counting;
  vae_allocator_init(&counting);
  counting.user = &allocations, counting.allocate = count_and_allocate, counting.release = release;

  vae_layer hidden = {sizeof hidden, 32, VAE_ACTIVATION_TANH};
  vae_config config;
  vae_config_init(&config);
  config.input_dim = COLUMNS, config.latent_dim = LATENT;
  config.encoder = config.decoder = &hidden, config.encoder_count = config.decoder_count = 1;
  config.likelihood = VAE_LIKELIHOOD_GAUSSIAN, config.sigma = 0.1;
  vae_model_options model_options;
  vae_model_options_init(&model_options);
  model_options.allocator = &counting;
  vae_workspace_options workspace_options;
  vae_workspace_options_init(&workspace_options);
  workspace_options.allocator = &counting;
  workspace_options.max_rows = 1, workspace_options.threads = 1; /* one row is too little work to share */
  vae_data data;
  vae_data_init(&data);
  data.values = table, data.rows = ROWS, data.columns = COLUMNS;
  vae_loss loss;
  vae_loss_init(&loss);
  vae_error err;
  vae_error_init(&err);
  vae_model *model = NULL;
  vae_trainer *trainer = NULL;
  vae_workspace *workspace = NULL;
  int failed = vae_model_create(&config, &model_options, &model, &err) ||
               vae_trainer_create(model, NULL, &counting, &trainer, &err);
  for (int epoch = 0; epoch < 40 && !failed; epoch++)
    failed = vae_trainer_epoch(trainer, &data, NULL, NULL, &loss, &err);
  failed = failed || vae_workspace_create(model, &workspace_options, &workspace, &err);
  long before = allocations;
  double usual = 0, odd = 0;
  data.rows = 1;
  for (int at = 0; at < 1000 && !failed; at++) {
    float row[COLUMNS], mean[LATENT], output[COLUMNS];
    int broken = at == 500;
    measure(row, ROWS + at, broken);
    data.values = row;
    failed = vae_model_encode(model, workspace, &data, mean, NULL, &err) ||
             vae_model_decode(model, workspace, mean, 1, output, &err) ||
             vae_model_evaluate(model, workspace, &data, NULL, 0, &loss, NULL, &err);
    if (broken) odd = loss.loss;
    else usual = fmax(usual, loss.loss);
  }
  if (failed) fprintf(stderr, "%s\n", err.message);
  else
    printf("the broken row scores %.1f, the others at most %.1f; %ld allocations before the rows, %ld with them\n", odd,
           usual, before, allocations - before);
  failed = failed || before == 0 || allocations != before || odd <= usual;
  vae_workspace_free(workspace), vae_trainer_free(trainer), vae_model_free(model);
  return failed;
}
