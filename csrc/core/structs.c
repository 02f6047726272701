#include "core/structs.h"

#include <string.h>

static size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

void vaei_struct_init(void *caller, size_t caller_size, const void *defaults, size_t library_size) {
  if (!caller || caller_size < sizeof(uint32_t)) return;
  memset(caller, 0, caller_size);
  memcpy(caller, defaults, smaller(caller_size, library_size));
  const uint32_t size = (uint32_t)caller_size;
  memcpy(caller, &size, sizeof size);
}

bool vaei_struct_read(void *library, size_t library_size, const void *caller) {
  uint32_t caller_size, own_size = (uint32_t)library_size;
  memcpy(&caller_size, caller, sizeof caller_size);
  if (caller_size <= sizeof caller_size) return false;
  memcpy(library, caller, smaller(caller_size, library_size));
  memcpy(library, &own_size, sizeof own_size);
  return true;
}

bool vaei_struct_write(void *caller, const void *library, size_t library_size) {
  uint32_t caller_size;
  memcpy(&caller_size, caller, sizeof caller_size);
  if (caller_size <= sizeof caller_size) return false;
  memcpy((char *)caller + sizeof caller_size, (const char *)library + sizeof caller_size,
         smaller(caller_size, library_size) - sizeof caller_size);
  return true;
}
