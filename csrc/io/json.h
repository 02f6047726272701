/* JSON (RFC 8259) from hands that are not trusted: the reader. Strict grammar and UTF-8, no duplicate keys; text,
 * depth, values and members are bounded, so that memory and time are. */
#ifndef VAEI_JSON_H
#define VAEI_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "core/memory.h"

enum {
  VAEI_JSON_MAX_TEXT = 1 << 20,
  VAEI_JSON_MAX_DEPTH = 16,
  VAEI_JSON_MAX_VALUES = 1 << 16,
  VAEI_JSON_MAX_MEMBERS = 1 << 12 /* of one object */
};

typedef enum vaei_json_kind {
  VAEI_JSON_NULL,
  VAEI_JSON_FALSE,
  VAEI_JSON_TRUE,
  VAEI_JSON_NUMBER,
  VAEI_JSON_STRING,
  VAEI_JSON_ARRAY,
  VAEI_JSON_OBJECT
} vaei_json_kind;

typedef struct vaei_json_value vaei_json_value;
struct vaei_json_value {
  vaei_json_kind kind;
  uint32_t count;  /* elements or members */
  const char *key; /* of an object's member; UTF-8, zero-terminated (it may hold further zeros) */
  size_t key_length;
  uint32_t key_hash;
  bool is_integer;  /* a number from 0 to 2^64 - 1, written without sign, fraction and exponent */
  uint64_t integer; /* its exact value */
  double number;
  const char *string; /* as key */
  size_t string_length;
  vaei_json_value *first; /* element or member, in the order of the text */
  vaei_json_value *last;
  vaei_json_value *next;
  vaei_json_value *parent;
};

/* A document that was read; one allocation for the values, one for their strings. */
typedef struct vaei_json {
  vae_allocator allocator;
  vaei_json_value *values; /* the first one is the root */
  size_t value_capacity;
  char *strings;
  size_t strings_size;
} vaei_json;

/* Reads a whole text (at most VAEI_JSON_MAX_TEXT bytes, not kept). `what` names it in messages.
 *  Fails: FORMAT (with the byte's position), OUT_OF_MEMORY; nothing is then left to be freed. */
vae_status vaei_json_read(vaei_json *json, const char *text, size_t length, const char *what,
                          const vae_allocator *allocator, vae_error *err);

/* May be called twice, and on a zeroed struct. */
void vaei_json_free(vaei_json *json);

/* The member of that key, or NULL. */
const vaei_json_value *vaei_json_member(const vaei_json_value *object, const char *key);

bool vaei_json_string_is(const vaei_json_value *value, const char *text);

/* "a number", "an object", … */
const char *vaei_json_kind_name(vaei_json_kind kind);

#endif
