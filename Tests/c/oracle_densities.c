/* Densities of the float64 oracle that have a formula of their own. */
#include <math.h>

#include "oracle.h"

static const oracle_real PI = 3.141592653589793238462643383279502884197169399375105820974L;

/* log of the continuous Bernoulli's constant, 2 artanh(1 - 2 lambda) / (1 - 2 lambda) with lambda = sigmoid(o). */
oracle_real oracle_log_continuous_constant(oracle_real o) {
  oracle_real t = tanhl(0.5L * o);
  return fabsl(o) < 1e-4L ? logl(2) + o * o / 12 : logl(2 * atanhl(t) / t);
}

/* -log p of a negative binomial count with that mean, of a Student-t at that distance from its location. */
oracle_real oracle_negative_binomial_nll(oracle_real x, oracle_real mean, oracle_real log_dispersion) {
  oracle_real t = expl(log_dispersion);
  return lgammal(t) + lgammal(x + 1) - lgammal(x + t) + t * log1pl(mean / t) + (x > 0 ? x * log1pl(t / mean) : 0);
}

oracle_real oracle_student_nll(oracle_real distance, oracle_real log_scale, oracle_real log_df) {
  oracle_real df = expl(log_df), u = distance * expl(-log_scale);
  return lgammal(df / 2) - lgammal((df + 1) / 2) + 0.5L * logl(df * PI) + log_scale + (df + 1) / 2 * log1pl(u * u / df);
}
