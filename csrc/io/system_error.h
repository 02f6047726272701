/* errno as words. */
#ifndef VAEI_SYSTEM_ERROR_H
#define VAEI_SYSTEM_ERROR_H

typedef struct vaei_reason {
  char text[128];
} vaei_reason;

/* strerror's words, without its shared buffer. Used in place: vaei_system_reason(errno).text. */
vaei_reason vaei_system_reason(int number);

#endif
