// The bundled digits as they lie in ../data: two gzip-compressed IDX files, in constant memory of the program.
// Both functions may be called from any thread, never fail, and return memory that lives as long as the program.
#ifndef VAE_CDIGITS_H
#define VAE_CDIGITS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// Images: gzip of IDX3, 10000 x 28 x 28 unsigned bytes. *size receives the number of compressed bytes.
const uint8_t *vae_digits_images(size_t *size);

// Labels: gzip of IDX1, 10000 unsigned bytes from 0 to 9. *size receives the number of compressed bytes.
const uint8_t *vae_digits_labels(size_t *size);

#ifdef __cplusplus
}
#endif

#endif
