#include "optim/adam.h"

#include "core/scalar.h"

vaei_adam_steps vaei_adam_next(const vaei_adam *adam) {
  const uint64_t t = adam->steps + 1;
  vaei_adam_steps next;
  next.biases = (vaei_adam_step){
      .beta1 = (float)adam->beta1,
      .beta2 = (float)adam->beta2,
      .rest1 = (float)(1.0 - adam->beta1),
      .rest2 = (float)(1.0 - adam->beta2),
      .minus_step = (float)(-adam->learning_rate / (1.0 - vaei_power(adam->beta1, t))),
      .root_scale = (float)(1.0 / vaei_sqrt(1.0 - vaei_power(adam->beta2, t))),
      .epsilon = (float)adam->epsilon,
      .keep = 1.0f,
  };
  next.weights = next.biases;
  next.weights.keep = (float)(1.0 - adam->learning_rate * adam->weight_decay);
  return next;
}
