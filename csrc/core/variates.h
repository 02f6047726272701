/* Draws from distributions as pure functions of counters, in float64: each element of a matrix has a sequence of uniform numbers
 * of its own, of which rejection takes as many as it needs. */
#ifndef VAEI_VARIATES_H
#define VAEI_VARIATES_H

#include <stdint.h>

/* The numbers of one element. Philox's counter words: block, row, column, stream; key: the seed. */
typedef struct vaei_variates {
  uint64_t seed;
  uint32_t stream, row, column;
  uint32_t block, left; /* the next block of four words, and the uniform numbers that are left of the last one */
  uint32_t word[4];
} vaei_variates;

/* The beginning of an element's numbers. */
static inline vaei_variates vaei_variates_of(uint64_t seed, uint32_t stream, uint32_t row, uint32_t column) {
  return (vaei_variates){.seed = seed, .stream = stream, .row = row, .column = column};
}

/* In (0, 1), with 52 bits: an odd multiple of 2^-53. */
double vaei_variate_uniform(vaei_variates *v);

/* Standard normal: Box & Muller 1958. */
double vaei_variate_normal(vaei_variates *v);

/* The log of a gamma variable of that shape, over 0, and scale 1: Marsaglia & Tsang 2000, "A Simple Method for Generating Gamma
 * Variables"; below shape 1 that of shape + 1 times uniform^(1 / shape). A log, since small shapes reach below any double. */
double vaei_variate_log_gamma(vaei_variates *v, double shape);

/* A Poisson count of that rate, 0 or over: inversion below 10; Hörmann 1993, "The transformed rejection method for generating
 * Poisson random variables" (PTRS) up to 1e9; beyond, where neighbouring counts differ by less than a float's rounding, a rounded
 * normal. */
double vaei_variate_poisson(vaei_variates *v, double rate);

#endif
