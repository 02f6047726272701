#include "core/memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "core/structs.h"

static void *allocate_from_libc(void *user, size_t size, size_t alignment) {
  (void)user;
  if (size > SIZE_MAX - alignment) return NULL;
  return aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
}

static void release_to_libc(void *user, void *memory, size_t size, size_t alignment) {
  (void)user, (void)size, (void)alignment;
  free(memory);
}

vae_allocator vaei_allocator_default(void) {
  return (vae_allocator){
      .struct_size = sizeof(vae_allocator), .allocate = allocate_from_libc, .release = release_to_libc};
}

bool vaei_allocator_copy(vae_allocator *copy, const vae_allocator *allocator) {
  *copy = vaei_allocator_default();
  if (!allocator) return true;
  return vaei_struct_read(copy, sizeof *copy, allocator) && copy->allocate && copy->release;
}

void *vaei_allocate(const vae_allocator *allocator, size_t size) {
  return allocator->allocate(allocator->user, size ? size : 1, VAEI_ALIGNMENT);
}

void *vaei_allocate_zeroed(const vae_allocator *allocator, size_t size) {
  void *memory = vaei_allocate(allocator, size);
  if (memory) memset(memory, 0, size ? size : 1);
  return memory;
}

void vaei_release(const vae_allocator *allocator, void *memory, size_t size) {
  if (memory) allocator->release(allocator->user, memory, size ? size : 1, VAEI_ALIGNMENT);
}

bool vaei_multiply(size_t a, size_t b, size_t *product) {
  if (b && a > SIZE_MAX / b) return false;
  *product = a * b;
  return true;
}

bool vaei_add(size_t a, size_t b, size_t *sum) {
  if (a > SIZE_MAX - b) return false;
  *sum = a + b;
  return true;
}

void vaei_arena_init(vaei_arena *arena, const vae_allocator *allocator) {
  *arena = (vaei_arena){.allocator = *allocator};
}

void vaei_arena_plan(vaei_arena *arena, size_t count, size_t element_size) {
  size_t bytes = 0, padded = 0;
  if (!vaei_multiply(count, element_size, &bytes) || !vaei_add(bytes, VAEI_ALIGNMENT - 1, &padded) ||
      !vaei_add(arena->size, padded / VAEI_ALIGNMENT * VAEI_ALIGNMENT, &arena->size))
    arena->overflow = true;
}

vae_status vaei_arena_open(vaei_arena *arena, const char *what, vae_error *err) {
  if (!arena->overflow) arena->memory = vaei_allocate_zeroed(&arena->allocator, arena->size);
  if (arena->memory) return VAE_OK;
  return vaei_fail(err, VAE_ERROR_OUT_OF_MEMORY, "no memory for %s%s (%zu bytes asked for)", what,
                   arena->overflow ? ": its size overflows" : "", arena->size);
}

void *vaei_arena_take(vaei_arena *arena, size_t count, size_t element_size) {
  if (!arena->memory) {
    vaei_arena_plan(arena, count, element_size);
    return NULL;
  }
  char *block = arena->memory + arena->used;
  arena->used += (count * element_size + VAEI_ALIGNMENT - 1) / VAEI_ALIGNMENT * VAEI_ALIGNMENT;
  return block;
}

void vaei_arena_close(vaei_arena *arena) {
  vaei_release(&arena->allocator, arena->memory, arena->size);
  arena->memory = NULL;
  arena->size = arena->used = 0;
}
