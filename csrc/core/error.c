#include "core/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* A message cut inside a UTF-8 sequence loses the sequence's beginning as well. */
static void cut_at_character(char *text, size_t length) {
  while (length > 0 && ((unsigned char)text[length - 1] & 0xC0) == 0x80) length--;
  if (length > 0 && ((unsigned char)text[length - 1] & 0x80)) length--;
  text[length] = 0;
}

vae_status vaei_fail(vae_error *err, vae_status code, const char *format, ...) {
  const size_t head = offsetof(vae_error, message);
  if (!err || err->struct_size < head) return code; /* none, or never initialised */
  err->code = code;
  size_t room = err->struct_size - head;
  if (room > VAE_ERROR_MESSAGE_SIZE) room = VAE_ERROR_MESSAGE_SIZE;
  if (room == 0) return code;
  va_list arguments;
  va_start(arguments, format);
  const int length = vsnprintf(err->message, room, format, arguments);
  va_end(arguments);
  if (length < 0) err->message[0] = 0;
  if (length > 0 && (size_t)length >= room) cut_at_character(err->message, room - 1);
  for (char *c = err->message; *c; c++)
    if ((unsigned char)*c < 32 || *c == 127) *c = '?';
  return code;
}
