#include "fma_peak.h"

#include <pthread.h>

#include "bench_support.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

enum { CHAINS = 24, ROUNDS = 4096 };

/* Each runs CHAINS * ROUNDS vector FMAs and returns their operations; *sink keeps the compiler honest. */

#if defined(__x86_64__)
__attribute__((target("avx512f"))) static double burst_avx512(float *sink) {
  __m512 sum[CHAINS];
  const __m512 a = _mm512_set1_ps(0.999f), b = _mm512_set1_ps(1e-3f);
#pragma GCC unroll 24
  for (int i = 0; i < CHAINS; i++) sum[i] = _mm512_set1_ps((float)i);
  for (int r = 0; r < ROUNDS; r++)
#pragma GCC unroll 24
    for (int i = 0; i < CHAINS; i++) sum[i] = _mm512_fmadd_ps(sum[i], a, b);
#pragma GCC unroll 24
  for (int i = 0; i < CHAINS; i++) *sink += _mm512_reduce_add_ps(sum[i]);
  return 2.0 * 16 * CHAINS * ROUNDS;
}

__attribute__((target("avx2,fma"))) static double burst_avx2(float *sink) {
  __m256 sum[12];
  const __m256 a = _mm256_set1_ps(0.999f), b = _mm256_set1_ps(1e-3f);
#pragma GCC unroll 12
  for (int i = 0; i < 12; i++) sum[i] = _mm256_set1_ps((float)i);
  for (int r = 0; r < 2 * ROUNDS; r++)
#pragma GCC unroll 12
    for (int i = 0; i < 12; i++) sum[i] = _mm256_fmadd_ps(sum[i], a, b);
  float lane[8];
#pragma GCC unroll 12
  for (int i = 0; i < 12; i++) {
    _mm256_storeu_ps(lane, sum[i]);
    *sink += lane[0];
  }
  return 2.0 * 8 * 12 * 2 * ROUNDS;
}
#endif

static double burst_portable(float *sink) {
  float sum[64];
  for (int i = 0; i < 64; i++) sum[i] = (float)i;
  for (int r = 0; r < ROUNDS; r++)
    for (int i = 0; i < 64; i++) sum[i] = sum[i] * 0.999f + 1e-3f;
  for (int i = 0; i < 64; i++) *sink += sum[i];
  return 2.0 * 64 * ROUNDS;
}

static double burst(float *sink) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f")) return burst_avx512(sink);
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return burst_avx2(sink);
#endif
  return burst_portable(sink);
}

typedef struct worker {
  pthread_t thread;
  double rate;
  float sink;
} worker;

/* The best of some short spells: the peak, not what a neighbour left of it. */
static void *measure(void *context) {
  worker *w = context;
  const double end = bench_seconds() + 0.05;
  while (bench_seconds() < end) {
    const double began = bench_seconds();
    double operations = 0;
    for (int i = 0; i < 20; i++) operations += burst(&w->sink);
    const double rate = operations / (bench_seconds() - began);
    if (rate > w->rate) w->rate = rate;
  }
  return NULL;
}

double fma_peak(int threads) {
  worker workers[64] = {{0}};
  double sum = 0;
  if (threads < 1) threads = 1;
  if (threads > 64) threads = 64;
  for (int i = 1; i < threads; i++) pthread_create(&workers[i].thread, NULL, measure, &workers[i]);
  measure(&workers[0]);
  for (int i = 0; i < threads; i++) {
    if (i) pthread_join(workers[i].thread, NULL);
    sum += workers[i].rate;
  }
  return sum;
}
