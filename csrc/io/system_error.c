#define _POSIX_C_SOURCE 200809L

#include "io/system_error.h"

#include <stdio.h>
#include <string.h>

/* There are two strerror_r: POSIX's returns a number, glibc's (under _GNU_SOURCE) the text. */
static const char *text_of_posix(int result, const char *buffer) { return result == 0 ? buffer : NULL; }

static const char *text_of_gnu(char *result, const char *buffer) {
  (void)buffer;
  return result;
}

vaei_reason vaei_system_reason(int number) {
  vaei_reason reason;
  char buffer[sizeof reason.text] = "";
  const char *text = _Generic(strerror_r(number, buffer, sizeof buffer), int: text_of_posix, char *: text_of_gnu)(
      strerror_r(number, buffer, sizeof buffer), buffer);
  if (text && *text) {
    snprintf(reason.text, sizeof reason.text, "%s", text);
  } else {
    snprintf(reason.text, sizeof reason.text, "system error %d", number);
  }
  return reason;
}
