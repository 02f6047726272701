/* What the tests of refused arguments share: one error, and a check of a failing call with its message. */
#ifndef VAE_TESTS_REFUSED_H
#define VAE_TESTS_REFUSED_H

#include "harness.h"

static vae_error err;

/* The call fails with `expected`; its message has `text` and, where that is not NULL, `more`. */
#define REFUSED(call, expected, text, more)                     \
  do {                                                          \
    vae_error_init(&err);                                       \
    CHECK_STATUS(call, expected);                               \
    CHECK_EQUAL(err.code, expected);                            \
    const char *const wanted[2] = {text, more};                 \
    for (int w = 0; w < 2; w++) {                               \
      if (wanted[w] != NULL) CHECK_MESSAGE_HAS(err, wanted[w]); \
    }                                                           \
  } while (0)

#endif
