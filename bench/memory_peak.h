/* How fast this machine moves memory: the bound of kernels that do little with what they read. */
#ifndef MEMORY_PEAK_H
#define MEMORY_PEAK_H

#include <stddef.h>

typedef struct memory_peak_rate {
  double read;   /* bytes read each second, all threads together */
  double copy;   /* bytes read and written */
  double update; /* the same, in place */
} memory_peak_rate;

/* Each of `threads` threads (1 to 64) works on `bytes` of its own: half of them for the copy's source, half for its
 * target. The best of some short spells. */
memory_peak_rate memory_peak(size_t bytes, int threads);

#endif
