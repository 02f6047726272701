#include "io/json_writer.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/error.h"
#include "io/text.h"

void vaei_json_writer_init(vaei_json_writer *writer, const vae_allocator *allocator) {
  *writer = (vaei_json_writer){.allocator = *allocator};
}

void vaei_json_writer_free(vaei_json_writer *writer) {
  if (writer->text) vaei_release(&writer->allocator, writer->text, writer->capacity);
  writer->text = NULL;
  writer->length = writer->capacity = 0;
}

vae_status vaei_json_writer_check(const vaei_json_writer *writer, const char *what, vae_error *err) {
  if (writer->out_of_memory) return vaei_fail(err, VAE_ERROR_OUT_OF_MEMORY, "no memory to write %s", what);
  if (writer->not_finite)
    return vaei_fail(err, VAE_ERROR_NOT_FINITE, "cannot write %s: a number in it is not finite", what);
  return VAE_OK;
}

static bool reserve(vaei_json_writer *writer, size_t more) {
  size_t needed = 0, capacity = writer->capacity ? writer->capacity : 1024;
  if (writer->out_of_memory || !vaei_add(writer->length, more, &needed)) return false;
  if (needed <= writer->capacity) return true;
  while (capacity < needed && capacity <= SIZE_MAX / 2) capacity *= 2;
  char *text = capacity < needed ? NULL : vaei_allocate(&writer->allocator, capacity);
  if (!text) return false;
  if (writer->length) memcpy(text, writer->text, writer->length);
  if (writer->text) vaei_release(&writer->allocator, writer->text, writer->capacity);
  writer->text = text;
  writer->capacity = capacity;
  return true;
}

void vaei_json_write_raw(vaei_json_writer *writer, const void *bytes, size_t length) {
  if (length == 0) return;
  if (!reserve(writer, length)) {
    writer->out_of_memory = true;
    return;
  }
  memcpy(writer->text + writer->length, bytes, length);
  writer->length += length;
}

static void begin_value(vaei_json_writer *writer) {
  if (writer->comma) vaei_json_write_raw(writer, ",", 1);
  writer->comma = true;
}

void vaei_json_write_open(vaei_json_writer *writer, char bracket) {
  begin_value(writer);
  vaei_json_write_raw(writer, &bracket, 1);
  writer->comma = false;
}

void vaei_json_write_close(vaei_json_writer *writer, char bracket) {
  vaei_json_write_raw(writer, &bracket, 1);
  writer->comma = true;
}

void vaei_json_write_key(vaei_json_writer *writer, const char *key) {
  vaei_json_write_string(writer, key, strlen(key));
  vaei_json_write_raw(writer, ":", 1);
  writer->comma = false;
}

void vaei_json_write_string(vaei_json_writer *writer, const char *text, size_t length) {
  begin_value(writer);
  vaei_json_write_raw(writer, "\"", 1);
  size_t plain = 0; /* where the bytes that need no escape begin */
  for (size_t i = 0; i < length; i++) {
    const unsigned char c = (unsigned char)text[i];
    if (c >= 0x20 && c != '"' && c != '\\') continue;
    char escape[8];
    const int size =
        c < 0x20 ? snprintf(escape, sizeof escape, "\\u%04x", (unsigned)c) : snprintf(escape, sizeof escape, "\\%c", c);
    vaei_json_write_raw(writer, text + plain, i - plain);
    vaei_json_write_raw(writer, escape, (size_t)size);
    plain = i + 1;
  }
  vaei_json_write_raw(writer, text + plain, length - plain);
  vaei_json_write_raw(writer, "\"", 1);
}

void vaei_json_write_integer(vaei_json_writer *writer, uint64_t value) {
  char text[24];
  begin_value(writer);
  vaei_json_write_raw(writer, text, (size_t)snprintf(text, sizeof text, "%" PRIu64, value));
}

void vaei_json_write_number(vaei_json_writer *writer, double value) {
  char text[VAEI_NUMBER_SIZE];
  const size_t length = vaei_number_print(text, value);
  begin_value(writer);
  if (length == 0) writer->not_finite = true;
  vaei_json_write_raw(writer, text, length);
}
