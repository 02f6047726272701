#define _GNU_SOURCE
#include "guarded.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Memory between two pages without access. `at_end`: the block ends at the second one, else it begins behind the first. */
typedef struct guarded {
  unsigned char *pages;
  size_t size;
} guarded;

static guarded pool[64];
static size_t pool_used;

static void stop(const char *why) {
  fprintf(stderr, "test: guarded memory: %s\n", why);
  exit(3);
}

void *guard(size_t bytes, int at_end) {
  const size_t page = (size_t)sysconf(_SC_PAGESIZE), inner = (bytes + page - 1) / page * page;
  if (pool_used == sizeof pool / sizeof *pool) stop("too many blocks");
  guarded *g = &pool[pool_used++];
  g->size = inner + 2 * page;
  g->pages = mmap(NULL, g->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (g->pages == MAP_FAILED || mprotect(g->pages, page, PROT_NONE) != 0 ||
      mprotect(g->pages + page + inner, page, PROT_NONE) != 0)
    stop("no pages");
  return g->pages + page + (at_end ? inner - bytes : 0);
}

void release_all(void) {
  while (pool_used) munmap(pool[pool_used - 1].pages, pool[pool_used - 1].size), pool_used--;
}

static uint32_t state = 1;
float draw(void) { /* about normal */
  float sum = 0;
  for (int i = 0; i < 4; i++) {
    state = state * 1664525u + 1013904223u;
    sum += (float)(state >> 8) * 0x1p-24f - 0.5f;
  }
  return 1.7f * sum;
}

float *floats(size_t count, int at_end) {
  float *p = guard(count * sizeof(float), at_end);
  for (size_t i = 0; i < count; i++) p[i] = draw();
  return p;
}

float *copy_of(const float *from, size_t count, int at_end) {
  float *p = guard(count * sizeof(float), at_end);
  memcpy(p, from, count * sizeof(float));
  return p;
}
