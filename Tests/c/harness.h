/* The checks of the C tests. A test program calls CHECK… as often as it likes and ends with
 * `return harness_finish("name");`. A failed check prints its place, its values and the note, and the program goes on.
 *
 * Only the file with main includes this header: the counts are its own. Works as C11 and as C++17. */
#ifndef VAE_TESTS_HARNESS_H
#define VAE_TESTS_HARNESS_H

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vae/base.h"

#if defined(__GNUC__)
#define HARNESS_FORMAT(format_index, first) __attribute__((unused, format(printf, format_index, first)))
#define HARNESS_UNUSED __attribute__((unused))
#else
#define HARNESS_FORMAT(format_index, first)
#define HARNESS_UNUSED
#endif

enum { HARNESS_FAILURES_SHOWN = 40 };

static long harness_passed HARNESS_UNUSED = 0;
static long harness_failed HARNESS_UNUSED = 0;
static char harness_note_text[256] HARNESS_UNUSED;

/* Says what the checks that follow are about (a vector's name, an instruction set); printed with each failure. */
HARNESS_FORMAT(1, 2) static void harness_note(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(harness_note_text, sizeof harness_note_text, format, arguments);
  va_end(arguments);
}

/* Counts one check. Returns `passed`. */
HARNESS_FORMAT(4, 5)
static int harness_check(int passed, const char *file, int line, const char *format, ...) {
  va_list arguments;
  if (passed) {
    harness_passed++;
    return 1;
  }
  harness_failed++;
  if (harness_failed > HARNESS_FAILURES_SHOWN) return 0;
  printf("%s:%d: ", file, line);
  va_start(arguments, format);
  vprintf(format, arguments);
  va_end(arguments);
  if (harness_note_text[0] != '\0') printf(" [%s]", harness_note_text);
  printf("\n");
  fflush(stdout);
  return 0;
}

/* Every one of them yields 1 where the check passed, else 0. */

#define CHECK(condition) harness_check((condition) ? 1 : 0, __FILE__, __LINE__, "failed: %s", #condition)

/* CHECK with words of one's own: CHECK_THAT(a == b, "row %zu differs", row). */
#define CHECK_THAT(condition, ...) harness_check((condition) ? 1 : 0, __FILE__, __LINE__, __VA_ARGS__)

#define CHECK_STATUS(expression, expected) \
  harness_status((expression), (expected), #expression, NULL, __FILE__, __LINE__)

/* The call succeeds; err's message is shown where it does not. err is looked at after the call. */
#define CHECK_OK(expression, err) harness_status((expression), VAE_OK, #expression, (err), __FILE__, __LINE__)

/* |a - b| <= tolerance; a NaN never passes. */
#define CHECK_NEAR(a, b, tolerance) harness_near((a), (b), (tolerance), #a, #b, __FILE__, __LINE__)

#define CHECK_EQUAL(a, b) harness_equal((long long)(a), (long long)(b), #a, #b, __FILE__, __LINE__)

/* err (a vae_error, not a pointer) has a message of one line with that text in it. */
#define CHECK_MESSAGE_HAS(err, text) harness_message((err).message, (text), __FILE__, __LINE__)

#define CHECK_BYTES(a, b, size) harness_bytes((a), (b), (size), #a, #b, __FILE__, __LINE__)

HARNESS_UNUSED static int harness_status(vae_status status, vae_status expected, const char *expression,
                                         const vae_error *err, const char *file, int line) {
  return harness_check(status == expected, file, line, "%s gave %s, expected %s%s%s", expression,
                       vae_status_name(status), vae_status_name(expected), err != NULL ? ": " : "",
                       err != NULL ? err->message : "");
}

HARNESS_UNUSED static int harness_near(double a, double b, double tolerance, const char *a_text, const char *b_text,
                                       const char *file, int line) {
  return harness_check(fabs(a - b) <= tolerance, file, line, "%s = %.9g, %s = %.9g, differ by %.3g, allowed %.3g",
                       a_text, a, b_text, b, fabs(a - b), tolerance);
}

HARNESS_UNUSED static int harness_equal(long long a, long long b, const char *a_text, const char *b_text,
                                        const char *file, int line) {
  return harness_check(a == b, file, line, "%s = %lld, %s = %lld", a_text, a, b_text, b);
}

HARNESS_UNUSED static int harness_message(const char *message, const char *text, const char *file, int line) {
  if (memchr(message, '\0', VAE_ERROR_MESSAGE_SIZE) == NULL) {
    return harness_check(0, file, line, "the message has no end");
  }
  return harness_check(strstr(message, text) != NULL && strchr(message, '\n') == NULL, file, line,
                       "the message \"%s\" lacks \"%s\" or is more than a line", message, text);
}

HARNESS_UNUSED static int harness_bytes(const void *a, const void *b, size_t size, const char *a_text,
                                        const char *b_text, const char *file, int line) {
  const unsigned char *left = (const unsigned char *)a, *right = (const unsigned char *)b;
  size_t i = 0, differing = 0, first = 0;
  for (i = 0; i < size; i++) {
    if (left[i] != right[i] && differing++ == 0) first = i;
  }
  return harness_check(differing == 0, file, line, "%s and %s differ in %zu of %zu bytes, first at %zu", a_text, b_text,
                       differing, size, first);
}

/* Prints `name: N checks passed, M failed`. 0 where all passed and there was at least one. */
HARNESS_UNUSED static int harness_finish(const char *name) {
  if (harness_failed > HARNESS_FAILURES_SHOWN) {
    printf("… and %ld more failures\n", harness_failed - HARNESS_FAILURES_SHOWN);
  }
  printf("%s: %ld checks passed, %ld failed\n", name, harness_passed, harness_failed);
  if (harness_passed + harness_failed == 0) printf("%s: no check ran\n", name);
  fflush(stdout);
  return harness_failed != 0 || harness_passed == 0 ? 1 : 0;
}

#endif
