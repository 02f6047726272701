#include "io/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

size_t vaei_utf8_length(const unsigned char *bytes, size_t available) {
  if (available == 0) return 0;
  const unsigned char lead = bytes[0];
  if (lead < 0x80) return 1;
  if (lead < 0xC2 || lead > 0xF4) return 0; /* a continuation, an overlong form, or past U+10FFFF */
  const size_t length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  if (available < length) return 0;
  for (size_t i = 1; i < length; i++)
    if ((bytes[i] & 0xC0) != 0x80) return 0;
  const unsigned char second = bytes[1];
  if (lead == 0xE0 && second < 0xA0) return 0; /* overlong */
  if (lead == 0xED && second > 0x9F) return 0; /* surrogate */
  if (lead == 0xF0 && second < 0x90) return 0; /* overlong */
  if (lead == 0xF4 && second > 0x8F) return 0; /* past U+10FFFF */
  return length;
}

static bool continues_character(const char *text, size_t index) { return ((unsigned char)text[index] & 0xC0) == 0x80; }

static vaei_shown show(const char *text, size_t length, size_t limit) {
  static const char ellipsis[] = "…";
  vaei_shown shown;
  size_t used = 0, head = length, tail = length;
  if (length > limit) {
    head = limit / 3;
    tail = length - (limit - head - (sizeof ellipsis - 1));
    while (head > 0 && continues_character(text, head)) head--;
    while (tail < length && continues_character(text, tail)) tail++;
  }
  for (size_t i = 0; i < length;) {
    if (i == head && head < tail) {
      memcpy(shown.text + used, ellipsis, sizeof ellipsis - 1);
      used += sizeof ellipsis - 1;
      i = tail;
      continue;
    }
    /* A sequence may not run over a seam, or the cut above would be overrun. */
    const size_t step = vaei_utf8_length((const unsigned char *)text + i, (i < head ? head : length) - i);
    if (step == 0 || (step == 1 && ((unsigned char)text[i] < 32 || text[i] == 127))) {
      shown.text[used++] = '?';
      i++;
    } else {
      memcpy(shown.text + used, text + i, step);
      used += step;
      i += step;
    }
  }
  shown.text[used] = 0;
  return shown;
}

vaei_shown vaei_show_path(const char *path) { return show(path, strlen(path), 240); }

vaei_shown vaei_show_name(const char *name, size_t length) { return show(name, length, 80); }

/* The locale's decimal point, as printf and strtod use it; localeconv is not safe among threads. */
typedef struct decimal_point {
  char text[8];
  size_t length;
} decimal_point;

static decimal_point find_decimal_point(void) {
  decimal_point point = {.text = ".", .length = 1};
  char half[16];
  const int length = snprintf(half, sizeof half, "%.1f", 0.5);
  if (length < 3 || length >= (int)sizeof half || (size_t)length - 2 >= sizeof point.text) return point;
  point.length = (size_t)length - 2;
  memcpy(point.text, half + 1, point.length);
  point.text[point.length] = 0;
  return point;
}

bool vaei_number_read(const char *text, size_t length, double *value) {
  char copy[300];
  const decimal_point point = find_decimal_point();
  if (length + point.length >= sizeof copy) return false;
  size_t used = 0;
  for (size_t i = 0; i < length; i++) {
    if (text[i] == '.') {
      memcpy(copy + used, point.text, point.length);
      used += point.length;
    } else {
      copy[used++] = text[i];
    }
  }
  copy[used] = 0;
  char *end = copy;
  *value = strtod(copy, &end);
  return end == copy + used && isfinite(*value);
}

size_t vaei_number_print(char text[VAEI_NUMBER_SIZE], double value) {
  if (!isfinite(value)) return 0;
  if (value > -1e15 && value < 1e15 && value == floor(value) && !(value == 0 && signbit(value)))
    return (size_t)snprintf(text, VAEI_NUMBER_SIZE, "%.0f", value);
  const decimal_point point = find_decimal_point();
  int length = 0;
  for (int digits = 1; digits <= 17; digits++) {
    length = snprintf(text, VAEI_NUMBER_SIZE, "%.*g", digits, value);
    if (strtod(text, NULL) == value) break;
  }
  char *found = strstr(text, point.text);
  if (found) {
    *found = '.';
    memmove(found + 1, found + point.length, strlen(found + point.length) + 1);
    length -= (int)point.length - 1;
  }
  return (size_t)length;
}
