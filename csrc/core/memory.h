/* Memory from the caller's allocator, 64-byte aligned, and the arithmetic of sizes. */
#ifndef VAEI_MEMORY_H
#define VAEI_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

#include "vae/base.h"

enum { VAEI_ALIGNMENT = 64 };

/* The C library's allocator. */
vae_allocator vaei_allocator_default(void);

/* Copies the caller's allocator, or the C library's for NULL. False where it is incomplete. */
bool vaei_allocator_copy(vae_allocator *copy, const vae_allocator *allocator);

/* size bytes (at least 1), not cleared; NULL where there are none. */
void *vaei_allocate(const vae_allocator *allocator, size_t size);

/* The same, all zero. */
void *vaei_allocate_zeroed(const vae_allocator *allocator, size_t size);

/* Gives memory back; NULL is allowed. size as it was asked for. */
void vaei_release(const vae_allocator *allocator, void *memory, size_t size);

/* *product = a * b, *sum = a + b; false on overflow. */
bool vaei_multiply(size_t a, size_t b, size_t *product);
bool vaei_add(size_t a, size_t b, size_t *sum);

/* Blocks of one allocation: plan every block with vaei_arena_plan, then take them in the same order. */
typedef struct vaei_arena {
  vae_allocator allocator;
  char *memory;
  size_t size; /* planned so far; after vaei_arena_open the size of the allocation */
  size_t used;
  bool overflow;
} vaei_arena;

/* Begins a plan. */
void vaei_arena_init(vaei_arena *arena, const vae_allocator *allocator);

/* Adds count elements of element_size bytes. */
void vaei_arena_plan(vaei_arena *arena, size_t count, size_t element_size);

/* Allocates what was planned, all zero. */
vae_status vaei_arena_open(vaei_arena *arena, const char *what, vae_error *err);

/* The next block, 64-byte aligned. NULL while the arena is still being planned, which it then does: so one function
 * that takes every block in order can be run twice, first to plan, then to take. */
void *vaei_arena_take(vaei_arena *arena, size_t count, size_t element_size);

void vaei_arena_close(vaei_arena *arena);

#endif
