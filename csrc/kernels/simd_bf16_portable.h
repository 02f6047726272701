/* The words that the bf16 kernels add to the vector vocabulary, in C for any processor: the oracle of the other ones. */
#ifndef VAEI_SIMD_BF16_PORTABLE_H
#define VAEI_SIMD_BF16_PORTABLE_H

#include "kernels/simd_portable.h"

/* A register of pairs. */
typedef uint32_t vp __attribute__((vector_size(16)));

VF_INLINE vp vp_load(const uint32_t *p) {
  vp r;
  memcpy(&r, p, sizeof r);
  return r;
}
VF_INLINE vp vp_set(uint32_t x) { return (vp){x, x, x, x}; }

/* What the instruction of the processor family computes that this is compiled for, so that its kernels can be compared. */
#if defined(__aarch64__)
VF_INLINE float normal_or_zero(float x) { return x > -0x1p-126f && x < 0x1p-126f ? 0.0f : x; }
/* a + b rounded to odd: where it is no float32, the one of its two neighbours whose last bit is 1. Numbers below the normal
 * range are zero. `sum` is the nearest float64, `rest` what that leaves out (Knuth's two-sum). */
VF_INLINE float sum_to_odd(float a, float b) {
  const double x = normal_or_zero(a), y = normal_or_zero(b), sum = x + y, shared = sum - x;
  const double rest = (x - (sum - shared)) + (y - shared);
  const float nearest = (float)sum;
  if (!(sum > -0x1p128 && sum < 0x1p128)) return nearest;
  const double beyond = sum != nearest ? sum - nearest : rest; /* has the sign of a + b - nearest */
  if (beyond == 0) return normal_or_zero(nearest);
  uint32_t bits;
  memcpy(&bits, &nearest, sizeof bits);
  if ((beyond < 0) == (nearest > 0)) bits--; /* the neighbour toward zero */
  bits |= 1u;
  float odd;
  memcpy(&odd, &bits, sizeof odd);
  return normal_or_zero(odd);
}
/* BFDOT (Arm's Architecture Reference Manual, BFDotAdd with FPCR.EBF zero): the two products are added, then the sum. */
VF_INLINE vr vr_dot(vr sum, vp a, vp b) {
  const vr lower = (vr)(a << 16) * (vr)(b << 16), upper = (vr)(a & 0xFFFF0000u) * (vr)(b & 0xFFFF0000u);
  for (int i = 0; i < VR_LANES; i++) sum[i] = sum_to_odd(sum[i], sum_to_odd(lower[i], upper[i]));
  return sum;
}
#else
/* vdpbf16ps: sum + a's upper half * b's, rounded, + a's lower half * b's. */
VF_INLINE vr vr_dot(vr sum, vp a, vp b) {
  sum += (vr)(a & 0xFFFF0000u) * (vr)(b & 0xFFFF0000u);
  return sum + (vr)(a << 16) * (vr)(b << 16);
}
#endif

/* Thirty-two bf16: two rows of 16, or 16 pairs. */
typedef struct vh {
  uint16_t lane[32];
} vh;

/* To nearest, ties to even; zero below the normal range; a NaN stays one. */
VF_INLINE uint16_t bf16_from(float x) {
  uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  if ((bits & 0x7FFFFFFFu) > 0x7F800000u) return (uint16_t)(bits >> 16 | 0x40u);
  if ((bits & 0x7F800000u) == 0) return (uint16_t)(bits >> 16 & 0x8000u);
  return (uint16_t)((bits + 0x7FFFu + (bits >> 16 & 1u)) >> 16);
}
VF_INLINE vh vh_round(vf first, vf second) {
  float lane[32];
  vh r;
  vf_store(lane, first);
  vf_store(lane + 16, second);
  for (int i = 0; i < 32; i++) r.lane[i] = bf16_from(lane[i]);
  return r;
}
VF_INLINE void vh_store(uint32_t *p, vh a) { memcpy(p, a.lane, 64); }
/* The first or the second row: 8 pairs of neighbours. */
VF_INLINE void vh_store_first(uint32_t *p, vh a) { memcpy(p, a.lane, 32); }
VF_INLINE void vh_store_second(uint32_t *p, vh a) { memcpy(p, a.lane + 16, 32); }
/* 16 pairs: the first row below, the second above. */
VF_INLINE void vh_store_paired(uint32_t *p, vh a) {
  vh r;
  for (int i = 0; i < 16; i++) {
    r.lane[2 * i] = a.lane[i];
    r.lane[2 * i + 1] = a.lane[16 + i];
  }
  vh_store(p, r);
}
VF_INLINE vf vf_load_half(const uint32_t *p) {
  uint16_t half[16];
  uint32_t bits[16];
  memcpy(half, p, sizeof half);
  for (int i = 0; i < 16; i++) bits[i] = (uint32_t)half[i] << 16;
  vf r;
  memcpy(&r, bits, sizeof r);
  return r;
}
/* Of 8 x 8 pairs in the first rows and 8 x 8 in the second ones: pair j of rows[i] <-> pair i of rows[j]. */
VF_INLINE void vh_transpose(vh rows[8]) {
  uint32_t from[8][16], to[8][16];
  memcpy(from, rows, sizeof from);
  for (int i = 0; i < 8; i++)
    for (int j = 0; j < 8; j++) {
      to[j][i] = from[i][j];
      to[j][8 + i] = from[i][8 + j];
    }
  memcpy(rows, to, sizeof to);
}

#endif
