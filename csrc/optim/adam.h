/* Adam (Kingma & Ba 2015, algorithm 1): its state beside the parameters, in their layout. The arithmetic is a kernel. */
#ifndef VAEI_ADAM_H
#define VAEI_ADAM_H

#include "kernels/kernels.h"

typedef struct vaei_adam {
  float *m; /* first moments, [block_size] */
  float *v; /* second moments */
  double learning_rate, beta1, beta2, epsilon;
  uint64_t steps; /* done */
} vaei_adam;

/* The constants of the step after `steps`. */
vaei_adam_step vaei_adam_next(const vaei_adam *adam);

#endif
