#include "core/scalar.h"

#include <string.h>

static const double ln2_high = 0x1.62e42fee00000p-1, ln2_low = 0x1.a39ef35793c76p-33; /* their sum is ln 2 */

static double power_of_two(int64_t n) { /* n from -1022 to 1023 */
  const uint64_t bits = (uint64_t)(n + 1023) << 52;
  double result;
  memcpy(&result, &bits, sizeof result);
  return result;
}

double vaei_exp(double x) {
  if (x != x) return x;
  if (x < -708.0) return 0.0;
  if (x > 709.0) return __builtin_inf();
  const int64_t n = (int64_t)(x * 1.4426950408889634074 + (x < 0 ? -0.5 : 0.5));
  const double r = (x - (double)n * ln2_high) - (double)n * ln2_low; /* |r| <= 0.35 */
  double term = 1.0, sum = 0.0;                                      /* Taylor: r^14 / 14! < 1e-17 */
  double factor[15];
  for (int i = 1; i < 15; i++) factor[i] = term = term * r / i;
  for (int i = 14; i > 0; i--) sum += factor[i];
  const int64_t half = n / 2; /* in two steps: 2^1023 is the largest power there is */
  return (1.0 + sum) * power_of_two(half) * power_of_two(n - half);
}

double vaei_log(double x) {
  if (x != x || x < 0) return __builtin_nan("");
  if (x == 0) return -__builtin_inf();
  uint64_t bits;
  memcpy(&bits, &x, sizeof bits);
  int64_t e = (int64_t)(bits >> 52) - 1023;
  if (e == 1024) return x;
  bits = (bits & 0xFFFFFFFFFFFFFull) | 0x3FF0000000000000ull;
  double m;
  memcpy(&m, &bits, sizeof m);
  if (m > 1.4142135623730951) m *= 0.5, e += 1;
  const double s = (m - 1.0) / (m + 1.0), s2 = s * s; /* |s| < 0.172: 2 artanh(s), s^23 / 23 < 2e-19 */
  double sum = 0.0;
  for (int i = 23; i >= 3; i -= 2) sum = sum * s2 + 2.0 / i;
  return (double)e * ln2_high + ((double)e * ln2_low + (s * s2 * sum + 2.0 * s));
}

/* Stirling's series (Abramowitz & Stegun 1964, 6.1.40) from 10 on, Gamma(y + 1) = y Gamma(y) below. */
double vaei_log_gamma(double y) {
  double product = 1.0;
  for (; y < 10.0; y += 1.0) product *= y;
  const double z = 1.0 / (y * y);
  double rest = 1.0 / 156.0;
  rest = -691.0 / 360360.0 + z * rest;
  rest = 1.0 / 1188.0 + z * rest;
  rest = -1.0 / 1680.0 + z * rest;
  rest = 1.0 / 1260.0 + z * rest;
  rest = -1.0 / 360.0 + z * rest;
  rest = 1.0 / 12.0 + z * rest;
  const double half_log_two_pi = 0.91893853320467274178;
  return (y - 0.5) * vaei_log(y) - y + half_log_two_pi + rest / y - vaei_log(product);
}

double vaei_cos_pi(double x) {
  if (x > 0.5) return -vaei_cos_pi(1.0 - x);
  const double pi = 3.14159265358979323846, t = pi * x, t2 = t * t; /* t <= pi / 2: t^24 / 24! < 1e-19 */
  double sum = 0.0;
  for (int i = 22; i > 0; i -= 2) sum = (1.0 + sum) * -t2 / (i * (i - 1));
  return 1.0 + sum;
}

double vaei_power(double base, uint64_t n) {
  double result = 1.0;
  for (; n; n >>= 1, base *= base)
    if (n & 1) result *= base;
  return result;
}
