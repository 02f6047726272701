/* Adam (Kingma & Ba 2015, algorithm 1) and AdamW (Loshchilov & Hutter 2019, algorithm 2): their state beside the
 * parameters, in their layout. The arithmetic is a kernel. */
#ifndef VAEI_ADAM_H
#define VAEI_ADAM_H

#include "kernels/kernels.h"

typedef struct vaei_adam {
  float *m; /* first moments, [block_size] */
  float *v; /* second moments */
  double learning_rate, beta1, beta2, epsilon;
  double weight_decay; /* AdamW's lambda */
  uint64_t steps;      /* done */
} vaei_adam;

/* A step's constants: only weights decay. A bias shifts a unit's output and has no part in how fast that varies with
 * the input, which is what decay is to limit. */
typedef struct vaei_adam_steps {
  vaei_adam_step weights, biases;
} vaei_adam_steps;

/* The constants of the step after `steps`. */
vaei_adam_steps vaei_adam_next(const vaei_adam *adam);

#endif
