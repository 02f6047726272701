#define _GNU_SOURCE
#include "parallel/team.h"

#include <stdlib.h>

#if defined(__linux__)
#include <sched.h>
#elif defined(__unix__) || defined(__APPLE__)
#include <unistd.h>
#endif

#if defined(__x86_64__)
#include <xmmintrin.h>
static unsigned long flush_denormals(void) {
  const unsigned long before = _mm_getcsr();
  _mm_setcsr((unsigned)(before | 0x8040u)); /* flush to zero, denormals are zero */
  return before;
}
static void restore_denormals(unsigned long before) { _mm_setcsr((unsigned)before); }
#elif defined(__aarch64__)
static unsigned long flush_denormals(void) {
  unsigned long before;
  __asm__ volatile("mrs %0, fpcr" : "=r"(before));
  __asm__ volatile("msr fpcr, %0" : : "r"(before | 1ul << 24));
  return before;
}
static void restore_denormals(unsigned long before) { __asm__ volatile("msr fpcr, %0" : : "r"(before)); }
#else
static unsigned long flush_denormals(void) { return 0; }
static void restore_denormals(unsigned long before) { (void)before; }
#endif

#if defined(_OPENMP)
/* Declared here because the Swift toolchain's clang comes without omp.h. */
extern int omp_get_thread_num(void);
extern int omp_get_num_threads(void);
#endif

/* The whole number over 0 that a variable begins with ("4" or OMP_NUM_THREADS' list "4,2"), or 0. */
static uint32_t threads_from(const char *variable) {
  const char *text = getenv(variable);
  if (!text) return 0;
  const long number = strtol(text, NULL, 10);
  return number > 0 && number <= VAEI_MAX_THREADS ? (uint32_t)number : 0;
}

static uint32_t processors(void) {
  long count = 0;
#if defined(__linux__)
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) count = CPU_COUNT(&set);
#elif defined(_SC_NPROCESSORS_ONLN)
  count = sysconf(_SC_NPROCESSORS_ONLN);
#endif
  return count < 1 ? 1 : count > VAEI_MAX_THREADS ? VAEI_MAX_THREADS : (uint32_t)count;
}

uint32_t vaei_team_threads(int32_t requested) {
#if defined(_OPENMP)
  if (requested > 0) return requested < VAEI_MAX_THREADS ? (uint32_t)requested : VAEI_MAX_THREADS;
  uint32_t threads = threads_from("VAE_THREADS");
  if (!threads) threads = threads_from("OMP_NUM_THREADS");
  return threads ? threads : processors();
#else
  (void)requested, (void)threads_from, (void)processors;
  return 1;
#endif
}

static void run_member(vaei_member member, void (*body)(vaei_member, void *), void *context) {
  const unsigned long mode = flush_denormals();
  body(member, context);
  restore_denormals(mode);
}

void vaei_team_run(uint32_t threads, void (*body)(vaei_member, void *), void *context) {
#if defined(_OPENMP)
  if (threads > 1) {
#pragma omp parallel num_threads((int)threads)
    run_member((vaei_member){(uint32_t)omp_get_thread_num(), (uint32_t)omp_get_num_threads()}, body, context);
    return;
  }
#else
  (void)threads;
#endif
  run_member((vaei_member){0, 1}, body, context);
}

void vaei_team_barrier(vaei_member member) {
  if (member.size == 1) return;
#if defined(_OPENMP)
#pragma omp barrier
#endif
}
