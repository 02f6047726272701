#define _POSIX_C_SOURCE 200809L
#define _FILE_OFFSET_BITS 64

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/error.h"
#include "io/file.h"
#include "io/system_error.h"
#include "io/text.h"

enum { FIRST_CAPACITY = 1 << 16, LONGEST_READ = 1 << 30 };

/* A FIFO may go on for ever. */
static const uint64_t most_from_fifo = (uint64_t)1 << 32;

static vae_status fail_reason(const char *path, const char *reason, vae_error *err) {
  return vaei_fail(err, VAE_ERROR_IO, "cannot read %s: %s", vaei_show_path(path).text, reason);
}

static vae_status fail_errno(const char *path, int number, vae_error *err) {
  return fail_reason(path, vaei_system_reason(number).text, err);
}

static vae_status fail_memory(const char *path, size_t size, vae_error *err) {
  return vaei_fail(err, VAE_ERROR_OUT_OF_MEMORY, "no memory to read %s (%zu bytes)", vaei_show_path(path).text, size);
}

static vae_status grow(vaei_bytes *result, size_t capacity, const char *path, vae_error *err) {
  unsigned char *bytes = vaei_allocate(&result->allocator, capacity);
  if (!bytes) return fail_memory(path, capacity, err);
  if (result->size) memcpy(bytes, result->bytes, result->size);
  vaei_bytes_free(result);
  result->bytes = bytes;
  result->capacity = capacity;
  return VAE_OK;
}

static vae_status read_all(int descriptor, uint64_t expected, uint64_t most, const char *path, vaei_bytes *result,
                           vae_error *err) {
  if (expected >= SIZE_MAX) return fail_memory(path, SIZE_MAX, err);
  /* One byte more than the file has: the end is then seen without growing. */
  vae_status status = grow(result, expected ? (size_t)expected + 1 : FIRST_CAPACITY, path, err);
  while (status == VAE_OK) {
    const size_t room = result->capacity - result->size;
    if (room == 0) {
      if (result->size >= most) return fail_reason(path, "it does not end", err);
      status = result->capacity > SIZE_MAX / 2 ? fail_memory(path, SIZE_MAX, err)
                                               : grow(result, result->capacity * 2, path, err);
      continue;
    }
    const ssize_t got = read(descriptor, result->bytes + result->size, room < LONGEST_READ ? room : LONGEST_READ);
    if (got == 0) break;
    if (got < 0 && errno != EINTR) return fail_errno(path, errno, err);
    if (got > 0) result->size += (size_t)got;
  }
  return status;
}

static const char *refusal_of(mode_t mode) {
  if (S_ISDIR(mode)) return "it is a folder";
  if (S_ISREG(mode) || S_ISFIFO(mode)) return NULL;
  return "it is neither a file nor a pipe";
}

vae_status vaei_file_read(const char *path, const vae_allocator *allocator, vaei_bytes *result, vae_error *err) {
  *result = (vaei_bytes){.allocator = *allocator};
  struct stat info;
  /* Looked at before it is opened too, since opening a device can do things. */
  if (stat(path, &info) != 0) return fail_errno(path, errno, err);
  if (refusal_of(info.st_mode)) return fail_reason(path, refusal_of(info.st_mode), err);
  int descriptor = -1;
  do {
    descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
  } while (descriptor < 0 && errno == EINTR);
  if (descriptor < 0) return fail_errno(path, errno, err);
  vae_status status = VAE_OK;
  if (fstat(descriptor, &info) != 0) {
    status = fail_errno(path, errno, err);
  } else if (refusal_of(info.st_mode)) {
    status = fail_reason(path, refusal_of(info.st_mode), err);
  } else {
    const bool regular = S_ISREG(info.st_mode);
    const uint64_t expected = regular && info.st_size > 0 ? (uint64_t)info.st_size : 0;
    status = read_all(descriptor, expected, regular ? UINT64_MAX : most_from_fifo, path, result, err);
  }
  close(descriptor);
  if (status == VAE_OK && result->size == 0)
    status = vaei_fail(err, VAE_ERROR_FORMAT, "%s is empty", vaei_show_path(path).text);
  if (status != VAE_OK) vaei_bytes_free(result);
  return status;
}

void vaei_bytes_free(vaei_bytes *bytes) {
  if (bytes->bytes) vaei_release(&bytes->allocator, bytes->bytes, bytes->capacity);
  bytes->bytes = NULL;
}
