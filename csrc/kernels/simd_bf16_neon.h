/* What the bf16 kernels add to the vector vocabulary, for NEON with FEAT_BF16. simd_bf16_portable.h says what each name means. */
#ifndef VAEI_SIMD_BF16_NEON_H
#define VAEI_SIMD_BF16_NEON_H

#include "kernels/simd_neon.h"

typedef uint32x4_t vp;

VF_INLINE vp vp_load(const uint32_t *p) { return vld1q_u32(p); }
VF_INLINE vp vp_set(uint32_t x) { return vdupq_n_u32(x); }
/* In every call a comes from vp_set: BFDOT by element, as vr_fma in simd_neon.h, and as assembly for the same reason. */
VF_INLINE vr vr_dot(vr sum, vp a, vp b) {
  const float x = vgetq_lane_f32(vreinterpretq_f32_u32(a), 0);
  __asm__("bfdot %0.4s, %1.8h, %2.2h[0]" : "+w"(sum) : "w"(b), "w"(x));
  return sum;
}

/* Pairs of neighbours: of the first row in q0 and q1, of the second one in q2 and q3. */
typedef struct vh {
  uint32x4_t q0, q1, q2, q3;
} vh;

/* BFCVTN keeps numbers below the normal range; of these only the sign is left first. */
VF_INLINE float32x4_t normal_or_zero(float32x4_t x) {
  const uint32x4_t below = vcaltq_f32(x, vdupq_n_f32(0x1p-126f)); /* false for a NaN */
  return vreinterpretq_f32_u32(vbicq_u32(vreinterpretq_u32_f32(x), vshrq_n_u32(below, 1)));
}
VF_INLINE uint32x4_t vh_round_half(float32x4_t low, float32x4_t high) {
  const bfloat16x8_t lower = vcvtq_low_bf16_f32(normal_or_zero(low));
  return vreinterpretq_u32_bf16(vcvtq_high_bf16_f32(lower, normal_or_zero(high)));
}
VF_INLINE vh vh_round(vf first, vf second) {
  return (vh){.q0 = vh_round_half(first.q0, first.q1),
              .q1 = vh_round_half(first.q2, first.q3),
              .q2 = vh_round_half(second.q0, second.q1),
              .q3 = vh_round_half(second.q2, second.q3)};
}
VF_INLINE void vh_store_first(uint32_t *p, vh a) {
  vst1q_u32(p, a.q0);
  vst1q_u32(p + 4, a.q1);
}
VF_INLINE void vh_store_second(uint32_t *p, vh a) {
  vst1q_u32(p, a.q2);
  vst1q_u32(p + 4, a.q3);
}
VF_INLINE void vh_store(uint32_t *p, vh a) {
  vh_store_first(p, a);
  vh_store_second(p + 8, a);
}
/* Eight columns: what lies in `first` below what lies in `second`. */
VF_INLINE void vh_store_paired_half(uint32_t *p, uint32x4_t first, uint32x4_t second) {
  const uint16x8_t below = vreinterpretq_u16_u32(first), above = vreinterpretq_u16_u32(second);
  vst1q_u32(p, vreinterpretq_u32_u16(vzip1q_u16(below, above)));
  vst1q_u32(p + 4, vreinterpretq_u32_u16(vzip2q_u16(below, above)));
}
VF_INLINE void vh_store_paired(uint32_t *p, vh a) {
  vh_store_paired_half(p, a.q0, a.q2);
  vh_store_paired_half(p + 8, a.q1, a.q3);
}
VF_INLINE vf vf_load_half(const uint32_t *p) {
  const uint16x8_t zero = vdupq_n_u16(0);
  const uint16x8_t low = vreinterpretq_u16_u32(vld1q_u32(p)), high = vreinterpretq_u16_u32(vld1q_u32(p + 4));
  return (vf){.q0 = vreinterpretq_f32_u16(vzip1q_u16(zero, low)),
              .q1 = vreinterpretq_f32_u16(vzip2q_u16(zero, low)),
              .q2 = vreinterpretq_f32_u16(vzip1q_u16(zero, high)),
              .q3 = vreinterpretq_f32_u16(vzip2q_u16(zero, high))};
}
/* Transposes four registers of pairs in place. */
VF_INLINE void vp_transpose_four(vp *r0, vp *r1, vp *r2, vp *r3) {
  float32x4_t a = vreinterpretq_f32_u32(*r0), b = vreinterpretq_f32_u32(*r1);
  float32x4_t c = vreinterpretq_f32_u32(*r2), d = vreinterpretq_f32_u32(*r3);
  vf_transpose_four(&a, &b, &c, &d);
  *r0 = vreinterpretq_u32_f32(a);
  *r1 = vreinterpretq_u32_f32(b);
  *r2 = vreinterpretq_u32_f32(c);
  *r3 = vreinterpretq_u32_f32(d);
}
VF_INLINE void vh_transpose(vh rows[8]) {
  for (int i = 0; i < 8; i += 4) {
    vh *r = rows + i;
    vp_transpose_four(&r[0].q0, &r[1].q0, &r[2].q0, &r[3].q0);
    vp_transpose_four(&r[0].q1, &r[1].q1, &r[2].q1, &r[3].q1);
    vp_transpose_four(&r[0].q2, &r[1].q2, &r[2].q2, &r[3].q2);
    vp_transpose_four(&r[0].q3, &r[1].q3, &r[2].q3, &r[3].q3);
  }
  /* The blocks beside the diagonal change places. */
  for (int i = 0; i < 4; i++) {
    const vp first = rows[i].q1, second = rows[i].q3;
    rows[i].q1 = rows[i + 4].q0;
    rows[i].q3 = rows[i + 4].q2;
    rows[i + 4].q0 = first;
    rows[i + 4].q2 = second;
  }
}

#endif
