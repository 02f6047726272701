#include "optim/adam.h"

#include "core/scalar.h"

vaei_adam_steps vaei_adam_next(const vaei_adam *adam) {
  const uint64_t t = adam->steps + 1;
  const double rate = adam->learning_rate / (1.0 - vaei_power(adam->beta1, t)), least_rate = 1e-30;
  const double root_scale = 1.0 / vaei_sqrt(1.0 - vaei_power(adam->beta2, t)), least_epsilon = 0x1p-126;
  vaei_adam_steps next;
  next.biases = (vaei_adam_step){
      .beta1 = (float)adam->beta1,
      .beta2 = (float)adam->beta2,
      .rest1 = (float)(1.0 - adam->beta1),
      .rest2 = (float)(1.0 - adam->beta2),
      .root_scale = 0, /* with the infinite epsilon of a rate of nothing: no change */
      .epsilon = -__builtin_inff(),
      .keep = 1.0f,
  };
  if (rate >= least_rate) {
    const double epsilon = adam->epsilon / rate;
    next.biases.root_scale = (float)(-root_scale / rate);
    next.biases.epsilon = (float)-(epsilon < least_epsilon ? least_epsilon : epsilon);
  }
  next.weights = next.biases;
  next.weights.keep = (float)(1.0 - adam->learning_rate * adam->weight_decay);
  return next;
}
