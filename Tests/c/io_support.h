/* What the io_*_test.c share: an allocator that counts and can fail, and a folder for files. Header only. */
#ifndef VAE_TESTS_IO_SUPPORT_H
#define VAE_TESTS_IO_SUPPORT_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vae/base.h"

/* Fails the allocation number `fail_at` (from 1; 0: none), and counts what is not given back. */
typedef struct io_counter {
  long allocations;
  long fail_at;
  long long bytes_held;
  size_t largest;
} io_counter;

static inline void *io_allocate(void *user, size_t size, size_t alignment) {
  io_counter *counter = (io_counter *)user;
  if (++counter->allocations == counter->fail_at) return NULL;
  if (size > ((size_t)1 << 40)) return NULL;
  if (size > counter->largest) counter->largest = size;
  void *memory = aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
  if (memory) counter->bytes_held += (long long)size;
  return memory;
}

static inline void io_release(void *user, void *memory, size_t size, size_t alignment) {
  (void)alignment;
  ((io_counter *)user)->bytes_held -= (long long)size;
  free(memory);
}

static inline vae_allocator io_allocator(io_counter *counter) {
  vae_allocator allocator;
  memset(&allocator, 0, sizeof allocator);
  allocator.struct_size = sizeof allocator;
  allocator.user = counter;
  allocator.allocate = io_allocate;
  allocator.release = io_release;
  return allocator;
}

static inline vae_error io_error(void) {
  vae_error err;
  memset(&err, 0, sizeof err);
  err.struct_size = sizeof err;
  return err;
}

/* A fresh folder, and paths in it. */
static char io_folder[256];

static inline int io_make_folder(void) {
  const char *base = getenv("TMPDIR");
  snprintf(io_folder, sizeof io_folder, "%s/vae-io-XXXXXX", base && *base ? base : "/tmp");
  return mkdtemp(io_folder) != NULL;
}

typedef struct io_path {
  char text[1024];
} io_path;

static inline io_path io_in_folder(const char *name) {
  io_path path;
  snprintf(path.text, sizeof path.text, "%s/%s", io_folder, name);
  return path;
}

/* Writes a whole file by the C library; 0 on failure. */
static inline int io_put(const char *path, const void *bytes, size_t size) {
  FILE *file = fopen(path, "wb");
  if (!file) return 0;
  const size_t written = fwrite(bytes, 1, size, file);
  return (fclose(file) == 0) & (written == size);
}

/* A whole file, to be freed, with a zero byte behind it; NULL where it cannot be read. */
static inline unsigned char *io_get(const char *path, size_t *size) {
  FILE *file = fopen(path, "rb");
  if (!file) return NULL;
  size_t capacity = 1 << 16;
  unsigned char *bytes = (unsigned char *)malloc(capacity);
  *size = 0;
  while (bytes) {
    const size_t got = fread(bytes + *size, 1, capacity - *size - 1, file);
    if (got == 0) break;
    *size += got;
    if (*size + 1 == capacity) bytes = (unsigned char *)realloc(bytes, capacity *= 2);
  }
  fclose(file);
  if (bytes) bytes[*size] = 0;
  return bytes;
}

#endif
