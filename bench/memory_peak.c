#define _POSIX_C_SOURCE 200809L
#include "memory_peak.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "bench_support.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

/* Sums 64-bit words, so that every byte is read. */

#if defined(__x86_64__)
__attribute__((target("avx512f"))) static uint64_t read_avx512(const char *from, size_t bytes) {
  __m512i sum[8];
#pragma GCC unroll 8
  for (int i = 0; i < 8; i++) sum[i] = _mm512_setzero_si512();
  for (size_t at = 0; at + 512 <= bytes; at += 512)
#pragma GCC unroll 8
    for (int i = 0; i < 8; i++) sum[i] = _mm512_add_epi64(sum[i], _mm512_load_si512(from + at + 64 * i));
#pragma GCC unroll 8
  for (int i = 1; i < 8; i++) sum[0] = _mm512_add_epi64(sum[0], sum[i]);
  return (uint64_t)_mm512_reduce_add_epi64(sum[0]);
}

__attribute__((target("avx2"))) static uint64_t read_avx2(const char *from, size_t bytes) {
  __m256i sum[8];
#pragma GCC unroll 8
  for (int i = 0; i < 8; i++) sum[i] = _mm256_setzero_si256();
  for (size_t at = 0; at + 256 <= bytes; at += 256)
#pragma GCC unroll 8
    for (int i = 0; i < 8; i++)
      sum[i] = _mm256_add_epi64(sum[i], _mm256_load_si256((const __m256i *)(from + at + 32 * i)));
#pragma GCC unroll 8
  for (int i = 1; i < 8; i++) sum[0] = _mm256_add_epi64(sum[0], sum[i]);
  uint64_t lane[4];
  _mm256_storeu_si256((__m256i *)lane, sum[0]);
  return lane[0] + lane[1] + lane[2] + lane[3];
}
#endif

static uint64_t read_portable(const char *from, size_t bytes) {
  uint64_t sum[8] = {0}, word;
  for (size_t at = 0; at + 64 <= bytes; at += 64)
    for (int i = 0; i < 8; i++) {
      memcpy(&word, from + at + 8 * i, 8);
      sum[i] += word;
    }
  return sum[0] + sum[1] + sum[2] + sum[3] + sum[4] + sum[5] + sum[6] + sum[7];
}

/* Reads and writes every byte where it lies, as Adam and the activations do. */

#if defined(__x86_64__)
__attribute__((target("avx512f"))) static void update_avx512(char *memory, size_t bytes) {
  const __m512i one = _mm512_set1_epi64(1);
#pragma GCC unroll 4
  for (size_t at = 0; at + 64 <= bytes; at += 64)
    _mm512_store_si512(memory + at, _mm512_add_epi64(_mm512_load_si512(memory + at), one));
}

__attribute__((target("avx2"))) static void update_avx2(char *memory, size_t bytes) {
  const __m256i one = _mm256_set1_epi64x(1);
#pragma GCC unroll 4
  for (size_t at = 0; at + 32 <= bytes; at += 32)
    _mm256_store_si256((__m256i *)(memory + at), _mm256_add_epi64(_mm256_load_si256((__m256i *)(memory + at)), one));
}
#endif

static void update_all(char *memory, size_t bytes) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f")) update_avx512(memory, bytes);
  else if (__builtin_cpu_supports("avx2")) update_avx2(memory, bytes);
  else
#endif
    for (size_t at = 0; at + 8 <= bytes; at += 8) ++*(uint64_t *)(void *)(memory + at);
}

static uint64_t read_all(const char *from, size_t bytes) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f")) return read_avx512(from, bytes);
  if (__builtin_cpu_supports("avx2")) return read_avx2(from, bytes);
#endif
  return read_portable(from, bytes);
}

typedef struct worker {
  pthread_t thread;
  size_t bytes;
  memory_peak_rate rate;
  uint64_t sink; /* keeps the compiler honest */
} worker;

static void *measure(void *context) {
  worker *w = context;
  char *memory = bench_allocate(w->bytes);
  const size_t half = w->bytes / 2;
  const double end = bench_seconds() + 0.1;
  for (int turn = 0; turn < 3 || bench_seconds() < end; turn++) {
    const size_t passes = 1 + ((size_t)4 << 20) / w->bytes;
    double began = bench_seconds();
    for (size_t i = 0; i < passes; i++) w->sink += read_all(memory, w->bytes);
    const double read = (double)(w->bytes * passes) / (bench_seconds() - began);
    began = bench_seconds();
    for (size_t i = 0; i < passes; i++) {
      memcpy(memory + half, memory, half);
      __asm__ volatile("" : : "r"(memory) : "memory");
    }
    const double copy = (double)(2 * half * passes) / (bench_seconds() - began);
    began = bench_seconds();
    for (size_t i = 0; i < passes; i++) update_all(memory, w->bytes);
    const double update = (double)(2 * w->bytes * passes) / (bench_seconds() - began);
    if (update > w->rate.update) w->rate.update = update;
    if (read > w->rate.read) w->rate.read = read;
    if (copy > w->rate.copy) w->rate.copy = copy;
  }
  free(memory);
  return NULL;
}

memory_peak_rate memory_peak(size_t bytes, int threads) {
  worker workers[64] = {{.bytes = bytes}};
  memory_peak_rate sum = {0, 0, 0};
  if (threads < 1) threads = 1;
  if (threads > 64) threads = 64;
  for (int i = 1; i < threads; i++) {
    workers[i].bytes = bytes;
    pthread_create(&workers[i].thread, NULL, measure, &workers[i]);
  }
  measure(&workers[0]);
  for (int i = 0; i < threads; i++) {
    if (i) pthread_join(workers[i].thread, NULL);
    sum.read += workers[i].rate.read;
    sum.update += workers[i].rate.update;
    sum.copy += workers[i].rate.copy;
  }
  return sum;
}
