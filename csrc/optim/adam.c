#include "optim/adam.h"

#include "core/scalar.h"

vaei_adam_step vaei_adam_next(const vaei_adam *adam) {
  const uint64_t t = adam->steps + 1;
  return (vaei_adam_step){
      .beta1 = (float)adam->beta1,
      .beta2 = (float)adam->beta2,
      .rest1 = (float)(1.0 - adam->beta1),
      .rest2 = (float)(1.0 - adam->beta2),
      .step_size = (float)(adam->learning_rate / (1.0 - vaei_power(adam->beta1, t))),
      .root_scale = (float)(1.0 / vaei_sqrt(1.0 - vaei_power(adam->beta2, t))),
      .epsilon = (float)adam->epsilon,
  };
}
