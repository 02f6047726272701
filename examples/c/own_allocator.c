/* Your own memory: everything that libvae needs comes out of one array, as on a machine without a heap. An array that
 * is too small is an error like any other.  cc own_allocator.c $(pkg-config --cflags --libs vae) && ./a.out */
#include <stdalign.h>
#include <stdio.h>
#include <vae/vae.h>

enum { ROWS = 64, COLUMNS = 16, LARGEST_ALIGNMENT = 4096 };

/* A stack of blocks: the one that was allocated last can be given back, others wait for the end. */
typedef struct arena {
  unsigned char *memory; /* aligned to LARGEST_ALIGNMENT */
  size_t size, used, most;
} arena;

static void *arena_allocate(void *user, size_t size, size_t alignment) {
  arena *a = user;
  size_t begin = (a->used + alignment - 1) / alignment * alignment;
  if (begin > a->size || size > a->size - begin) return NULL;
  a->used = begin + size;
  if (a->used > a->most) a->most = a->used;
  return a->memory + begin;
}

static void arena_release(void *user, void *memory, size_t size, size_t alignment) {
  arena *a = user;
  (void)alignment;
  if ((unsigned char *)memory + size == a->memory + a->used) a->used -= size;
}

/* Makes, trains and frees a model in the arena; gives a status. */
static vae_status train(arena *a, double *last, vae_error *err) {
  static float table[ROWS][COLUMNS];
  for (int i = 0; i < ROWS * COLUMNS; i++) table[i / COLUMNS][i % COLUMNS] = i % 7 < 3 ? 1.0f : 0.0f;
  vae_allocator allocator;
  vae_allocator_init(&allocator);
  allocator.user = a, allocator.allocate = arena_allocate, allocator.release = arena_release;
  vae_layer hidden = {sizeof hidden, 32, VAE_ACTIVATION_RELU};
  vae_config config;
  vae_config_init(&config);
  config.input_dim = COLUMNS, config.latent_dim = 2;
  config.encoder = config.decoder = &hidden, config.encoder_count = config.decoder_count = 1;
  vae_model_options options;
  vae_model_options_init(&options);
  options.allocator = &allocator;
  vae_training training;
  vae_training_init(&training);
  training.batch_size = 16, training.threads = 1;
  vae_data data;
  vae_data_init(&data);
  data.values = table, data.rows = ROWS, data.columns = COLUMNS;
  vae_loss loss;
  vae_loss_init(&loss);
  vae_model *model = NULL;
  vae_trainer *trainer = NULL;
  vae_status status = vae_model_create(&config, &options, &model, err);
  if (status == VAE_OK) status = vae_trainer_create(model, &training, &allocator, &trainer, err);
  for (int epoch = 0; epoch < 100 && status == VAE_OK; epoch++)
    status = vae_trainer_epoch(trainer, &data, NULL, NULL, &loss, err);
  *last = loss.loss;
  vae_trainer_free(trainer), vae_model_free(model);
  return status;
}

int main(void) {
  static alignas(LARGEST_ALIGNMENT) unsigned char memory[1 << 20];
  vae_error err;
  vae_error_init(&err);
  double loss = 0;
  arena whole = {memory, sizeof memory, 0, 0}, small = {memory, 20000, 0, 0};
  vae_status status = train(&whole, &loss, &err);
  if (status != VAE_OK) {
    fprintf(stderr, "%s\n", err.message);
    return 1;
  }
  printf("trained to a loss of %.2f in %zu bytes of %zu\n", loss, whole.most, whole.size);
  status = train(&small, &loss, &err);
  printf("in %zu bytes: %s\n", small.size, err.message);
  return status != VAE_ERROR_OUT_OF_MEMORY;
}
