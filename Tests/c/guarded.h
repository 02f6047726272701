/* Memory between pages that may not be touched, and what the kernels' tests fill it with. */
#ifndef VAE_TESTS_GUARDED_H
#define VAE_TESTS_GUARDED_H

#include <stddef.h>

/* `bytes` between two pages without access. at_end: the block ends at the second one, else it begins behind the first. */
void *guard(size_t bytes, int at_end);

/* Gives back all of them. */
void release_all(void);

/* About normal. */
float draw(void);

/* count draws, or a copy of others, in guarded memory. */
float *floats(size_t count, int at_end);
float *copy_of(const float *from, size_t count, int at_end);

#endif
