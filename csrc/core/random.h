/* Random numbers as pure functions of counters, so that a run can be cut by data and resumed without state. */
#ifndef VAEI_RANDOM_H
#define VAEI_RANDOM_H

#include <stddef.h>
#include <stdint.h>

/* Streams keep the uses of one seed apart. */
enum {
  VAEI_STREAM_WEIGHTS = 1,  /* initial weights: example = tensor, step = 0 */
  VAEI_STREAM_SHUFFLE = 2,  /* order of rows: step = epoch */
  VAEI_STREAM_TRAINING = 3, /* noise of a step: example = row of the mini-batch */
  VAEI_STREAM_EVALUATION = 4,
  VAEI_STREAM_SAMPLING = 5,
  VAEI_STREAM_AGGREGATE = 6,  /* draws from the aggregate posterior: example = place in the order of rows */
  VAEI_STREAM_COMPONENT = 7,  /* of a prior that is a mixture: which one a sample is drawn from */
  VAEI_STREAM_LIKELIHOOD = 8, /* draws from p(x|z): see variates.h */
  /* Added to TRAINING or EVALUATION: */
  VAEI_STREAM_GREY = 16,       /* which grey values become 1 in the examples of that noise */
  VAEI_STREAM_PRIOR = 32,      /* draws from the prior that the examples' latent samples are compared with */
  VAEI_STREAM_DIRECTIONS = 48, /* example = number of a direction that they are projected on */
  VAEI_STREAM_DROPOUT = 96     /* plus a layer's index, below 132: which of its outputs are dropped */
};

/* Philox4x32-10 (Salmon, Moraes, Dror & Shaw: Parallel Random Numbers: As Easy as 1, 2, 3; SC 2011). */
void vaei_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t word[4]);

/* A uniform number in [0, 1) with 24 bits: number `index` of (seed, stream, example). */
float vaei_uniform(uint64_t seed, uint32_t stream, uint32_t example, uint64_t index);

/* order[0 … count) = a permutation of 0 … count - 1, a function of (seed, epoch). Fisher & Yates' shuffle. */
void vaei_shuffle(uint64_t seed, uint64_t epoch, uint32_t *order, size_t count);

#endif
