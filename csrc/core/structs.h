/* Versioned public structs: the caller's copy may be older (shorter) or newer (longer) than the library's. */
#ifndef VAEI_STRUCTS_H
#define VAEI_STRUCTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Fills the caller's struct with the defaults, as far as both reach, zeroes what the library does not know, and sets
 * struct_size to the caller's size. Every public struct begins with `uint32_t struct_size`. */
void vaei_struct_init(void *caller, size_t caller_size, const void *defaults, size_t library_size);

/* Copies the caller's fields over the library's defaults, as far as the caller's struct_size says. False where
 * struct_size is too small to hold any field (a struct that was never initialised). */
bool vaei_struct_read(void *library, size_t library_size, const void *caller);

/* Copies the library's fields into the caller's struct, as far as its struct_size says, which is left as it is. */
bool vaei_struct_write(void *caller, const void *library, size_t library_size);

#endif
