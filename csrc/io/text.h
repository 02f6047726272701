/* Bytes as text: UTF-8, names shown in messages, numbers whatever the locale. */
#ifndef VAEI_TEXT_H
#define VAEI_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* The length (1 to 4) of the well-formed UTF-8 sequence at `bytes`; 0 where there is none in `available` bytes
 * (overlong forms, surrogates and values past U+10FFFF are not well-formed). */
size_t vaei_utf8_length(const unsigned char *bytes, size_t available);

/* A name from outside, fit for a message. */
typedef struct vaei_shown {
  char text[256];
} vaei_shown;

/* Copies `text`, with '?' for bytes that are no printable UTF-8; of a long one the beginning and the end.
 * Used in place: vaei_fail(err, code, "%s: …", vaei_show_path(path).text). */
vaei_shown vaei_show_path(const char *path);                /* up to 240 bytes */
vaei_shown vaei_show_name(const char *name, size_t length); /* up to 80 bytes */

enum { VAEI_NUMBER_SIZE = 32 };

/* Reads a decimal number in JSON's grammar (already checked), '.' being its decimal point in every locale. False where
 * it is too long or beyond the range of a double. */
bool vaei_number_read(const char *text, size_t length, double *value);

/* Prints a finite number so that it reads back to the same bits, in as few digits as do; whole numbers below 10^15
 * without an exponent. Returns the length, 0 for a number that is not finite. */
size_t vaei_number_print(char text[VAEI_NUMBER_SIZE], double value);

#endif
