/* Whole files, read and written.
 *
 * A regular file is written beside its target and renamed over it, so that the target has the old bytes or the new
 * ones, whatever happens; it keeps its mode, and a symbolic link to it stays one. (Other hard links keep the old
 * bytes.) What exists and is not a regular file (a device, a FIFO, /dev/stdout) is written straight.
 * Signals that a write may raise (SIGPIPE, SIGXFSZ) are held back from the calling thread and become errors. */
#ifndef VAEI_FILE_H
#define VAEI_FILE_H

#include <stdbool.h>

#include "core/memory.h"

typedef struct vaei_bytes {
  vae_allocator allocator;
  unsigned char *bytes;
  size_t size;
  size_t capacity;
} vaei_bytes;

/* Reads a regular file or a FIFO to its end. Fails: IO ("cannot read PATH: reason"), FORMAT (it is empty),
 * OUT_OF_MEMORY; nothing is then left to be freed. */
vae_status vaei_file_read(const char *path, const vae_allocator *allocator, vaei_bytes *result, vae_error *err);

void vaei_bytes_free(vaei_bytes *bytes);

enum { VAEI_PATH_SIZE = 4096 };

typedef struct vaei_file_writer {
  int descriptor; /* -1 where closed */
  bool straight;  /* no temporary file */
  char shown[256];
  char target[VAEI_PATH_SIZE];
  char temporary[VAEI_PATH_SIZE];
} vaei_file_writer;

/* Begins to write. After success end with commit or abandon. All of them fail with IO, "cannot write PATH: reason". */
vae_status vaei_file_open(vaei_file_writer *writer, const char *path, vae_error *err);

vae_status vaei_file_write(vaei_file_writer *writer, const void *bytes, size_t size, vae_error *err);

/* Makes what was written durable and puts it in the target's place. On failure the old file is there as it was. */
vae_status vaei_file_commit(vaei_file_writer *writer, vae_error *err);

/* Drops what was written. */
void vaei_file_abandon(vaei_file_writer *writer);

#endif
