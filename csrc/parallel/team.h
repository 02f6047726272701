/* The OpenMP seam: a team of threads, its barrier and shares of work. The only folder with OpenMP in it; compiled
 * without OpenMP a team has one member and everything else is the same. */
#ifndef VAEI_TEAM_H
#define VAEI_TEAM_H

#include <stddef.h>
#include <stdint.h>

typedef struct vaei_member {
  uint32_t rank; /* 0 is the caller's thread */
  uint32_t size;
} vaei_member;

enum { VAEI_MAX_THREADS = 1024 };

/* The number of threads to use for a request: itself where over 0, else VAE_THREADS, else OMP_NUM_THREADS (the library
 * reads them here alone), else the processors this process may run on. 1 to VAEI_MAX_THREADS. */
uint32_t vaei_team_threads(int32_t requested);

/* Runs body(member, context) on `threads` threads, the caller's among them, and waits for all. The system may give
 * fewer: body reads member.size. Denormal numbers are flushed to zero inside, in every thread, and the caller's mode is
 * put back: they cost a hundred times a normal number and carry nothing here. */
void vaei_team_run(uint32_t threads, void (*body)(vaei_member member, void *context), void *context);

/* Every member waits until all have come. */
void vaei_team_barrier(vaei_member member);

/* The half-open range of `count` things that belongs to a member: fixed by rank, size and count. */
typedef struct vaei_range {
  size_t begin, end;
} vaei_range;

static inline vaei_range vaei_team_share(vaei_member member, size_t count) {
  const size_t each = count / member.size, rest = count % member.size, rank = member.rank;
  const size_t begin = rank * each + (rank < rest ? rank : rest);
  return (vaei_range){begin, begin + each + (rank < rest ? 1 : 0)};
}

#endif
