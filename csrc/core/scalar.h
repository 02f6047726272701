/* exp, log, cos and sqrt in float64 for the few scalar places (importance weights, biases, Adam's corrections).
 * Written out rather than taken from libm, so that every machine computes the same bits; relative error below 1e-15. */
#ifndef VAEI_SCALAR_H
#define VAEI_SCALAR_H

#include <stdbool.h>
#include <stdint.h>

/* e^x; 0 below -708, infinity above 709. */
double vaei_exp(double x);

/* ln x for normal x over 0; -infinity at 0, NaN below. */
double vaei_log(double x);

/* log Gamma(y) for y over 0, with an error below 1e-14 of the larger of it and 1. */
double vaei_log_gamma(double y);

/* cos(pi x) for x from 0 to 1. */
double vaei_cos_pi(double x);

/* base^n by squaring. */
double vaei_power(double base, uint64_t n);

static inline double vaei_sqrt(double x) { return __builtin_sqrt(x); }

static inline bool vaei_is_finite(double x) { return x - x == 0; }

#endif
