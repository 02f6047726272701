/* The safetensors format: eight bytes, the length of the header (little-endian); the header, a JSON object of
 *
 *   "__metadata__": {"key": "text", …},
 *   "name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [begin, end]}, …
 *
 * padded with spaces; then the tensors' values, little-endian and row-major, which fill the rest of the file without
 * gaps. Offsets count from the end of the header. */
#ifndef VAEI_SAFETENSORS_H
#define VAEI_SAFETENSORS_H

#include "io/json.h"
#include "io/json_writer.h"

enum { VAEI_TENSOR_MAX_RANK = 8 };

/* A tensor of a file that was read. Everything belongs to the file. */
typedef struct vaei_tensor {
  const char *name; /* zero-terminated UTF-8, without other zeros */
  const char *dtype;
  uint32_t rank;
  uint64_t shape[VAEI_TENSOR_MAX_RANK];
  size_t count;               /* product of the shape */
  const unsigned char *bytes; /* no alignment is promised */
  size_t size;                /* in bytes */
  bool used;                  /* free for the reader's user */
} vaei_tensor;

typedef struct vaei_safetensors {
  vae_allocator allocator;
  vaei_json header;
  const vaei_json_value *metadata; /* NULL where there is none */
  vaei_tensor *tensors;            /* in the header's order */
  size_t tensor_count;
  size_t data_size;
} vaei_safetensors;

/* Reads and checks everything but the values: that every tensor's offsets lie in the file and agree with its type and
 * shape, and that the tensors fill the data exactly. `bytes` must live as long as the result.
 *  Fails: FORMAT, UNSUPPORTED (an element type that is not known), OUT_OF_MEMORY; nothing is then left to be freed. */
vae_status vaei_safetensors_read(vaei_safetensors *file, const void *bytes, size_t size, const vae_allocator *allocator,
                                 vae_error *err);

void vaei_safetensors_free(vaei_safetensors *file);

/* The tensor of that name, or NULL. */
vaei_tensor *vaei_safetensors_find(const vaei_safetensors *file, const char *name);

/* The metadata of that key (a string), or NULL. */
const vaei_json_value *vaei_safetensors_metadata(const vaei_safetensors *file, const char *key);

/* Copies values [first, first + count) of an F32 tensor out. */
void vaei_tensor_read(const vaei_tensor *tensor, size_t first, size_t count, float *values);

/* A header that is being written. Values follow it in the tensors' order. */
typedef struct vaei_safetensors_header {
  vaei_json_writer json; /* after _end: the length, the header and its padding, in json.text */
  bool in_metadata;
  uint64_t data_size; /* of the tensors so far */
} vaei_safetensors_header;

void vaei_safetensors_header_begin(vaei_safetensors_header *header, const vae_allocator *allocator);

/* Metadata; before the first tensor. */
void vaei_safetensors_header_text(vaei_safetensors_header *header, const char *key, const char *text, size_t length);

/* The next tensor, of F32. */
void vaei_safetensors_header_tensor(vaei_safetensors_header *header, const char *name, uint32_t rank,
                                    const uint64_t *shape);

/* Ends the header so that the data begin at a multiple of 64 bytes. Fails: OUT_OF_MEMORY, NOT_FINITE. */
vae_status vaei_safetensors_header_end(vaei_safetensors_header *header, vae_error *err);

void vaei_safetensors_header_free(vaei_safetensors_header *header);

/* Values into the file's byte order, in place; afterwards they are bytes. */
void vaei_floats_to_little_endian(float *values, size_t count);

#endif
