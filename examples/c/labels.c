/* A conditional model: waves of three kinds, each with its label; then the same z is decoded as every kind.
 * cc labels.c $(pkg-config --cflags --libs vae) -lm && ./a.out */
#include <math.h>
#include <stdio.h>
#include <vae/vae.h>

enum { ROWS = 3000, COLUMNS = 16, LATENT = 2, KINDS = 3 };

static const char *const names[KINDS] = {"sine", "square", "saw"};

/* One period of a wave, from 0 to 2 pi, of that height. */
static void wave(float row[COLUMNS], int kind, float height) {
  for (int i = 0; i < COLUMNS; i++) {
    float t = ((float)i + 0.5f) / COLUMNS, sine = sinf(6.2831853f * t);
    row[i] = height * (kind == 0 ? sine : kind == 1 ? copysignf(1.0f, sine) : 2.0f * t - 1.0f);
  }
}

/* The kind whose wave of height 1 has the largest cosine with the row. */
static int nearest_kind(const float row[COLUMNS]) {
  int nearest = 0;
  float best = -INFINITY;
  for (int kind = 0; kind < KINDS; kind++) {
    float shape[COLUMNS], product = 0.0f, square = 0.0f;
    wave(shape, kind, 1.0f);
    for (int i = 0; i < COLUMNS; i++) product += row[i] * shape[i], square += shape[i] * shape[i];
    if (product / sqrtf(square) > best) best = product / sqrtf(square), nearest = kind;
  }
  return nearest;
}

int main(void) {
  static float table[ROWS][COLUMNS];
  static uint8_t labels[ROWS];
  for (int i = 0; i < ROWS; i++) {
    labels[i] = (uint8_t)(i % KINDS);
    wave(table[i], labels[i], 1.0f + 0.4f * sinf(1.7f * (float)i));
  }
  vae_condition kinds; /* a label for each row; the library expands them as it gathers a mini-batch */
  vae_condition_init(&kinds);
  kinds.type = VAE_CONDITION_LABELS_UINT8, kinds.values = labels, kinds.rows = ROWS;
  vae_data data;
  vae_data_init(&data);
  data.values = table, data.rows = ROWS, data.columns = COLUMNS, data.condition = &kinds;

  vae_layer hidden = {sizeof hidden, 32, VAE_ACTIVATION_TANH};
  vae_config config;
  vae_config_init(&config);
  config.input_dim = COLUMNS, config.condition_dim = KINDS, config.latent_dim = LATENT;
  config.encoder = config.decoder = &hidden, config.encoder_count = config.decoder_count = 1;
  config.likelihood = VAE_LIKELIHOOD_GAUSSIAN, config.sigma = 0.1;
  vae_error err;
  vae_error_init(&err);
  vae_model *model = NULL;
  vae_trainer *trainer = NULL;
  vae_workspace *workspace = NULL;
  int failed = vae_model_create(&config, NULL, &model, &err) || vae_trainer_create(model, NULL, NULL, &trainer, &err);
  for (int epoch = 0; epoch < 300 && !failed; epoch++)
    failed = vae_trainer_epoch(trainer, &data, NULL, NULL, NULL, &err);
  failed = failed || vae_workspace_create(model, NULL, &workspace, &err);

  float z[KINDS][LATENT] = {{0.0f}}, output[KINDS][COLUMNS]; /* the same z three times, and three labels */
  const uint8_t each[KINDS] = {0, 1, 2};
  kinds.values = each, kinds.rows = KINDS;
  failed = failed || vae_model_decode_given(model, workspace, z[0], KINDS, &kinds, output[0], &err);
  if (failed) fprintf(stderr, "%s\n", err.message);
  for (int kind = 0; kind < KINDS && !failed; kind++) {
    printf("%-6s", names[kind]);
    for (int i = 0; i < COLUMNS; i++) printf(" %5.2f", (double)output[kind][i]);
    printf("  looks like a %s\n", names[nearest_kind(output[kind])]);
    failed = nearest_kind(output[kind]) != kind;
  }
  vae_workspace_free(workspace), vae_trainer_free(trainer), vae_model_free(model);
  return failed;
}
