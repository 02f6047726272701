#include "io/json_fields.h"

#include <stdio.h>
#include <string.h>

#include "core/error.h"
#include "io/text.h"

static const vaei_field *find_field(const vaei_field *fields, size_t count, const vaei_json_value *member) {
  for (size_t i = 0; i < count; i++)
    if (strlen(fields[i].key) == member->key_length && memcmp(fields[i].key, member->key, member->key_length) == 0)
      return &fields[i];
  return NULL;
}

static vae_status fail_type(const char *what, const char *key, const char *expected, const vaei_json_value *value,
                            vae_error *err) {
  return vaei_fail(err, VAE_ERROR_FORMAT, "%s: \"%s\" is %s; it must be %s", what, key,
                   vaei_json_kind_name(value->kind), expected);
}

static vae_status read_integer(uint64_t *integer, uint64_t most, const vaei_field *field, const vaei_json_value *value,
                               const char *what, vae_error *err) {
  if (value->kind != VAEI_JSON_NUMBER) return fail_type(what, field->key, "an integer", value, err);
  if (!value->is_integer || value->integer > most)
    return vaei_fail(err, VAE_ERROR_FORMAT, "%s: \"%s\" is %.17g; it must be an integer from 0 to %llu", what,
                     field->key, value->number, (unsigned long long)most);
  *integer = value->integer;
  return VAE_OK;
}

static vae_status read_enum(int32_t *number, const vaei_field *field, const vaei_json_value *value, const char *what,
                            vae_error *err) {
  if (value->kind != VAEI_JSON_STRING) return fail_type(what, field->key, "a name", value, err);
  char known[160] = "";
  size_t used = 0;
  for (int32_t i = 0; field->name(i); i++) {
    if (vaei_json_string_is(value, field->name(i))) {
      *number = i;
      return VAE_OK;
    }
    const int length = snprintf(known + used, sizeof known - used, "%s%s", i ? ", " : "", field->name(i));
    if (length > 0 && (size_t)length < sizeof known - used) used += (size_t)length;
  }
  return vaei_fail(err, VAE_ERROR_UNSUPPORTED, "%s: \"%s\" is \"%s\"; this version has %s", what, field->key,
                   vaei_show_name(value->string, value->string_length).text, known);
}

static vae_status read_field(void *record, const vaei_field *field, const vaei_json_value *value, const char *what,
                             vae_error *err) {
  void *place = (char *)record + field->offset;
  uint64_t integer = 0;
  vae_status status = VAE_OK;
  switch (field->kind) {
    case VAEI_FIELD_UINT32:
      status = read_integer(&integer, UINT32_MAX, field, value, what, err);
      if (status == VAE_OK) *(uint32_t *)place = (uint32_t)integer;
      return status;
    case VAEI_FIELD_UINT64: return read_integer(place, UINT64_MAX, field, value, what, err);
    case VAEI_FIELD_DOUBLE:
      if (value->kind != VAEI_JSON_NUMBER) return fail_type(what, field->key, "a number", value, err);
      *(double *)place = value->number;
      return VAE_OK;
    case VAEI_FIELD_ENUM: return read_enum(place, field, value, what, err);
    case VAEI_FIELD_CUSTOM: break;
  }
  return field->read(record, value, err);
}

vae_status vaei_fields_read(void *record, const vaei_field *fields, size_t count, const vaei_json_value *object,
                            const char *what, vae_error *err) {
  if (object->kind != VAEI_JSON_OBJECT)
    return vaei_fail(err, VAE_ERROR_FORMAT, "%s is %s; it must be an object", what, vaei_json_kind_name(object->kind));
  for (const vaei_json_value *member = object->first; member; member = member->next)
    if (!find_field(fields, count, member))
      return vaei_fail(err, VAE_ERROR_FORMAT, "%s: the key \"%s\" is unknown to this version", what,
                       vaei_show_name(member->key, member->key_length).text);
  for (size_t i = 0; i < count; i++) {
    const vaei_json_value *value = vaei_json_member(object, fields[i].key);
    if (!value && fields[i].presence == VAEI_REQUIRED)
      return vaei_fail(err, VAE_ERROR_FORMAT, "%s: the key \"%s\" is missing", what, fields[i].key);
    const vae_status status = value ? read_field(record, &fields[i], value, what, err) : VAE_OK;
    if (status != VAE_OK) return status;
  }
  return VAE_OK;
}

static bool is_zero(const vaei_field *field, const void *place) {
  switch (field->kind) {
    case VAEI_FIELD_UINT32: return *(const uint32_t *)place == 0;
    case VAEI_FIELD_UINT64: return *(const uint64_t *)place == 0;
    case VAEI_FIELD_DOUBLE: return *(const double *)place == 0;
    case VAEI_FIELD_ENUM: return *(const int32_t *)place == 0;
    case VAEI_FIELD_CUSTOM: break;
  }
  return false;
}

void vaei_fields_write(const void *record, const vaei_field *fields, size_t count, vaei_json_writer *writer) {
  vaei_json_write_open(writer, '{');
  for (const vaei_field *field = fields; field < fields + count; field++) {
    const void *place = (const char *)record + field->offset;
    if (field->kind == VAEI_FIELD_CUSTOM) {
      field->write(record, field->key, writer);
      continue;
    }
    if (field->presence == VAEI_UNLESS_ZERO && is_zero(field, place)) continue;
    vaei_json_write_key(writer, field->key);
    if (field->kind == VAEI_FIELD_UINT32) vaei_json_write_integer(writer, *(const uint32_t *)place);
    if (field->kind == VAEI_FIELD_UINT64) vaei_json_write_integer(writer, *(const uint64_t *)place);
    if (field->kind == VAEI_FIELD_DOUBLE) vaei_json_write_number(writer, *(const double *)place);
    if (field->kind == VAEI_FIELD_ENUM) {
      const char *name = field->name(*(const int32_t *)place);
      vaei_json_write_string(writer, name ? name : "", name ? strlen(name) : 0);
    }
  }
  vaei_json_write_close(writer, '}');
}
