/* Denormals are flushed in every member of a team, as results and as operands, and the caller's mode is put back. */
#include "harness.h"
#include "parallel/team.h"

enum { MOST = 5 };

typedef struct seen {
  float result[MOST], operand[MOST];
  uint32_t size[MOST];
} seen;

static volatile const float smallest_normal = 0x1p-126f, denormal = 0x1p-130f, half = 0.5f, large = 0x1p+20f;

static void look(vaei_member member, void *context) {
  seen *s = context;
  s->result[member.rank] = smallest_normal * half;
  s->operand[member.rank] = denormal * large;
  s->size[member.rank] = member.size;
  vaei_team_barrier(member);
}

int main(void) {
#if defined(__x86_64__) || defined(__aarch64__)
  const float flushed = 0.0f;
#else
  const float flushed = 0x1p-127f;
#endif
  for (uint32_t threads = 1; threads <= MOST; threads++) {
    harness_note("a team of %u", (unsigned)threads);
    seen s = {.size = {0}};
    vaei_team_run(threads, look, &s);
    CHECK(s.size[0] >= 1 && s.size[0] <= threads);
    for (uint32_t i = 0; i < s.size[0] && i < MOST; i++) {
      CHECK_EQUAL(s.size[i], s.size[0]);
      CHECK(s.result[i] == flushed);
      CHECK(s.operand[i] == (flushed == 0.0f ? 0.0f : 0x1p-110f));
    }
    CHECK(smallest_normal * half == 0x1p-127f);
    CHECK(denormal * large == 0x1p-110f);
  }
  return harness_finish("team");
}
