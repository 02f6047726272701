/* Filling in the caller's vae_error. */
#ifndef VAEI_ERROR_H
#define VAEI_ERROR_H

#include "vae/base.h"

/* Writes code and message into err (which may be NULL) and returns code. The message is one line: what was found, its
 * name, what is allowed; it is cut at a character's boundary where it is too long. Control characters that came in
 * through an argument (a file name) are replaced by '?'. */
vae_status vaei_fail(vae_error *err, vae_status code, const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 3, 4)))
#endif
    ;

#endif
