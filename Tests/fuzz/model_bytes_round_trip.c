/* Any bytes given to vae_model_load_bytes are refused with an error, or are a model that is written again as bytes that
 * give the same bytes a second time. Memory stays within what a file of that size can ask for. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "vae/vae.h"

enum { MEMORY_ALLOWED = 1 << 28 };

typedef struct budget {
  size_t used;
} budget;

static void *allocate(void *user, size_t size, size_t alignment) {
  budget *memory = user;
  if (size > MEMORY_ALLOWED - memory->used) return NULL;
  void *block = aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
  if (block) memory->used += size;
  return block;
}

static void release(void *user, void *block, size_t size, size_t alignment) {
  (void)alignment;
  if (block) ((budget *)user)->used -= size;
  free(block);
}

static void require(int condition) {
  if (!condition) abort();
}

/* The model's file, to be freed by the caller. */
static unsigned char *file_of(const vae_model *model, size_t *size) {
  require(vae_model_save_bytes(model, NULL, 0, size, NULL) == VAE_OK);
  unsigned char *bytes = malloc(*size);
  require(bytes != NULL);
  require(vae_model_save_bytes(model, bytes, *size, size, NULL) == VAE_OK);
  return bytes;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  budget memory = {0};
  vae_allocator allocator;
  vae_allocator_init(&allocator);
  allocator.user = &memory;
  allocator.allocate = allocate;
  allocator.release = release;
  vae_model_options options;
  vae_model_options_init(&options);
  options.allocator = &allocator;
  vae_error err;
  vae_error_init(&err);

  vae_model *model = NULL;
  const vae_status status = vae_model_load_bytes(data, size, &options, &model, &err);
  require((status == VAE_OK) == (model != NULL));
  if (status != VAE_OK) {
    require(err.code == status && err.message[0] != '\0');
    require(memory.used == 0);
    return 0;
  }
  size_t first_size = 0, second_size = 0;
  unsigned char *first = file_of(model, &first_size);
  vae_model *again = NULL;
  require(vae_model_load_bytes(first, first_size, &options, &again, NULL) == VAE_OK);
  unsigned char *second = file_of(again, &second_size);
  require(first_size == second_size && memcmp(first, second, first_size) == 0);
  free(first);
  free(second);
  vae_model_free(model);
  vae_model_free(again);
  require(memory.used == 0);
  return 0;
}
