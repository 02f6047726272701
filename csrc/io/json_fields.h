/* Structs as JSON objects, read and written by one table of keys. */
#ifndef VAEI_JSON_FIELDS_H
#define VAEI_JSON_FIELDS_H

#include "io/json.h"
#include "io/json_writer.h"

typedef enum vaei_field_kind {
  VAEI_FIELD_UINT32,
  VAEI_FIELD_UINT64,
  VAEI_FIELD_DOUBLE,
  VAEI_FIELD_ENUM,  /* an int32_t, in the file by its name */
  VAEI_FIELD_CUSTOM /* what `read` and `write` make of it */
} vaei_field_kind;

/* Whether a key must be there. VAEI_UNLESS_ZERO: it may be left out, and is not written where its number is 0, so that
 * earlier versions read files that have no use for it. The first two are false and true. */
typedef enum vaei_presence { VAEI_OPTIONAL = false, VAEI_REQUIRED = true, VAEI_UNLESS_ZERO = 2 } vaei_presence;

typedef struct vaei_field vaei_field;
struct vaei_field {
  const char *key;
  vaei_field_kind kind;
  vaei_presence presence;
  size_t offset;                /* in the struct */
  const char *(*name)(int32_t); /* ENUM: from 0 up to the first NULL */
  vae_status (*read)(void *record, const vaei_json_value *value, vae_error *err);
  void (*write)(const void *record, const char *key, vaei_json_writer *writer); /* writes the key, too */
};

/* Reads an object's members into `record`; what an optional key would set stays as it was.
 * `what` names the object in messages.
 *  Fails: FORMAT (not an object, an unknown key, a missing one, a wrong type), UNSUPPORTED (an unknown name). */
vae_status vaei_fields_read(void *record, const vaei_field *fields, size_t count, const vaei_json_value *object,
                            const char *what, vae_error *err);

/* Writes an object with its fields in the table's order. */
void vaei_fields_write(const void *record, const vaei_field *fields, size_t count, vaei_json_writer *writer);

#endif
