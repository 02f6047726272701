/* JSON, written: a growing buffer with no spaces, keys in the order of the calls. */
#ifndef VAEI_JSON_WRITER_H
#define VAEI_JSON_WRITER_H

#include <stdbool.h>
#include <stdint.h>

#include "core/memory.h"

typedef struct vaei_json_writer {
  vae_allocator allocator;
  char *text; /* length bytes, not terminated */
  size_t length;
  size_t capacity;
  bool comma;         /* a value stands before the next one */
  bool out_of_memory; /* sticky, as is not_finite: checked once, at the end */
  bool not_finite;
} vaei_json_writer;

void vaei_json_writer_init(vaei_json_writer *writer, const vae_allocator *allocator);
void vaei_json_writer_free(vaei_json_writer *writer);

/* Whether everything could be written. Fails: OUT_OF_MEMORY, NOT_FINITE. */
vae_status vaei_json_writer_check(const vaei_json_writer *writer, const char *what, vae_error *err);

/* Bytes as they are. */
void vaei_json_write_raw(vaei_json_writer *writer, const void *bytes, size_t length);

/* bracket: '{' or '[', and '}' or ']'. */
void vaei_json_write_open(vaei_json_writer *writer, char bracket);
void vaei_json_write_close(vaei_json_writer *writer, char bracket);

void vaei_json_write_key(vaei_json_writer *writer, const char *key);

/* text: well-formed UTF-8. */
void vaei_json_write_string(vaei_json_writer *writer, const char *text, size_t length);
void vaei_json_write_integer(vaei_json_writer *writer, uint64_t value);

/* The shortest decimal that reads back to the same bits. */
void vaei_json_write_number(vaei_json_writer *writer, double value);

#endif
