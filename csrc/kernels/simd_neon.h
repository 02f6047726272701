/* The vector vocabulary for AArch64's NEON: a vector is four registers. simd_portable.h says what each name means. */
#ifndef VAEI_SIMD_NEON_H
#define VAEI_SIMD_NEON_H

#include <arm_neon.h>
#include <stddef.h>
#include <stdint.h>

#define VF_INLINE static inline __attribute__((always_inline))

#define VF_TILE_ROWS 6
#define VF_TILE_PANELS 1

typedef float32x4_t vr;
enum { VR_COUNT = 4, VR_LANES = 4 };

VF_INLINE vr vr_load(const float *p) { return vld1q_f32(p); }
VF_INLINE void vr_store(float *p, vr a) { vst1q_f32(p, a); }
VF_INLINE vr vr_set(float x) { return vdupq_n_f32(x); }
/* In every call a comes from vr_set. Its lane 0 is that scalar, so the compiler drops the broadcast, and what is left is
 * a plain load and FMLA by element: loading with a broadcast (LD1R) would take issue slots of the multiply-adds. Written
 * as assembly since vfmaq_f32 is opaque to gcc 12, which then keeps the accumulators in memory. */
VF_INLINE vr vr_fma(vr a, vr b, vr c) {
  const float x = vgetq_lane_f32(a, 0);
  __asm__("fmla %0.4s, %1.4s, %2.s[0]" : "+w"(c) : "w"(b), "w"(x));
  return c;
}

typedef struct vf {
  float32x4_t q0, q1, q2, q3;
} vf;
typedef struct vmask {
  uint32x4_t q0, q1, q2, q3;
} vmask;

/* Fields, not an array: gcc keeps an array that a loop runs over in memory. */
#define VF_UNARY(type, f) ((type){.q0 = f(a.q0), .q1 = f(a.q1), .q2 = f(a.q2), .q3 = f(a.q3)})
#define VF_BINARY(type, f) ((type){.q0 = f(a.q0, b.q0), .q1 = f(a.q1, b.q1), .q2 = f(a.q2, b.q2), .q3 = f(a.q3, b.q3)})

VF_INLINE vf vf_load(const float *p) {
  return (vf){.q0 = vld1q_f32(p), .q1 = vld1q_f32(p + 4), .q2 = vld1q_f32(p + 8), .q3 = vld1q_f32(p + 12)};
}
VF_INLINE void vf_store(float *p, vf a) {
  vst1q_f32(p, a.q0);
  vst1q_f32(p + 4, a.q1);
  vst1q_f32(p + 8, a.q2);
  vst1q_f32(p + 12, a.q3);
}
VF_INLINE vf vf_set(float x) {
  const float32x4_t q = vdupq_n_f32(x);
  return (vf){.q0 = q, .q1 = q, .q2 = q, .q3 = q};
}
/* There are no masked loads and stores: whole quarters, then 2 lanes and 1. `begin` is the quarter's first lane. */
VF_INLINE float32x4_t vf_load_quarter(const float *p, size_t begin, size_t count) {
  if (begin + 4 <= count) return vld1q_f32(p + begin);
  float32x2_t low = vdup_n_f32(0.0f), high = low;
  if (begin < count) {
    const size_t left = count - begin;
    if (left >= 2) low = vld1_f32(p + begin);
    if (left == 1) low = vld1_lane_f32(p + begin, low, 0);
    if (left == 3) high = vld1_lane_f32(p + begin + 2, high, 0);
  }
  return vcombine_f32(low, high);
}
VF_INLINE void vf_store_quarter(float *p, float32x4_t q, size_t begin, size_t count) {
  if (begin + 4 <= count) {
    vst1q_f32(p + begin, q);
  } else if (begin < count) {
    const size_t left = count - begin;
    if (left >= 2) vst1_f32(p + begin, vget_low_f32(q));
    if (left == 1) vst1q_lane_f32(p + begin, q, 0);
    if (left == 3) vst1q_lane_f32(p + begin + 2, q, 2);
  }
}
VF_INLINE vf vf_load_first(const float *p, size_t count) {
  return (vf){.q0 = vf_load_quarter(p, 0, count),
              .q1 = vf_load_quarter(p, 4, count),
              .q2 = vf_load_quarter(p, 8, count),
              .q3 = vf_load_quarter(p, 12, count)};
}
VF_INLINE void vf_store_first(float *p, vf a, size_t count) {
  vf_store_quarter(p, a.q0, 0, count);
  vf_store_quarter(p, a.q1, 4, count);
  vf_store_quarter(p, a.q2, 8, count);
  vf_store_quarter(p, a.q3, 12, count);
}
VF_INLINE float32x4_t vf_keep_quarter(float32x4_t q, int32_t begin, size_t count) {
  static const int32_t lanes[4] = {0, 1, 2, 3};
  const uint32x4_t kept = vcltq_s32(vld1q_s32(lanes), vdupq_n_s32((int32_t)count - begin));
  return vreinterpretq_f32_u32(vandq_u32(vreinterpretq_u32_f32(q), kept));
}
VF_INLINE vf vf_keep_first(vf a, size_t count) {
  return (vf){.q0 = vf_keep_quarter(a.q0, 0, count),
              .q1 = vf_keep_quarter(a.q1, 4, count),
              .q2 = vf_keep_quarter(a.q2, 8, count),
              .q3 = vf_keep_quarter(a.q3, 12, count)};
}
VF_INLINE vf vf_load_bytes(const uint8_t *p) {
  const uint8x16_t bytes = vld1q_u8(p);
  const uint16x8_t low = vmovl_u8(vget_low_u8(bytes)), high = vmovl_high_u8(bytes);
  return (vf){.q0 = vcvtq_f32_u32(vmovl_u16(vget_low_u16(low))),
              .q1 = vcvtq_f32_u32(vmovl_high_u16(low)),
              .q2 = vcvtq_f32_u32(vmovl_u16(vget_low_u16(high))),
              .q3 = vcvtq_f32_u32(vmovl_high_u16(high))};
}
VF_INLINE vf vf_add(vf a, vf b) { return VF_BINARY(vf, vaddq_f32); }
VF_INLINE vf vf_sub(vf a, vf b) { return VF_BINARY(vf, vsubq_f32); }
VF_INLINE vf vf_mul(vf a, vf b) { return VF_BINARY(vf, vmulq_f32); }
VF_INLINE vf vf_div(vf a, vf b) { return VF_BINARY(vf, vdivq_f32); }
VF_INLINE vf vf_fma(vf a, vf b, vf c) {
  return (vf){.q0 = vfmaq_f32(c.q0, a.q0, b.q0),
              .q1 = vfmaq_f32(c.q1, a.q1, b.q1),
              .q2 = vfmaq_f32(c.q2, a.q2, b.q2),
              .q3 = vfmaq_f32(c.q3, a.q3, b.q3)};
}
VF_INLINE vmask vf_less(vf a, vf b) { return VF_BINARY(vmask, vcltq_f32); }
VF_INLINE vmask vmask_and(vmask a, vmask b) { return VF_BINARY(vmask, vandq_u32); }
VF_INLINE vf vf_select(vmask m, vf yes, vf no) {
  return (vf){.q0 = vbslq_f32(m.q0, yes.q0, no.q0),
              .q1 = vbslq_f32(m.q1, yes.q1, no.q1),
              .q2 = vbslq_f32(m.q2, yes.q2, no.q2),
              .q3 = vbslq_f32(m.q3, yes.q3, no.q3)};
}
/* Not FMAX and FMIN: these give NaN where either is NaN, and order -0 before 0. */
VF_INLINE vf vf_max(vf a, vf b) { return vf_select(vf_less(b, a), a, b); }
VF_INLINE vf vf_min(vf a, vf b) { return vf_select(vf_less(a, b), a, b); }
VF_INLINE vf vf_sqrt(vf a) { return VF_UNARY(vf, vsqrtq_f32); }
VF_INLINE vf vf_abs(vf a) { return VF_UNARY(vf, vabsq_f32); }
VF_INLINE float32x4_t vf_minus_abs_quarter(float32x4_t a) { return vnegq_f32(vabsq_f32(a)); }
VF_INLINE vf vf_minus_abs(vf a) { return VF_UNARY(vf, vf_minus_abs_quarter); }
VF_INLINE int vmask_all(vmask m) { return vminvq_u32(vandq_u32(vandq_u32(m.q0, m.q1), vandq_u32(m.q2, m.q3))) != 0; }
VF_INLINE vf vf_round(vf a) { return VF_UNARY(vf, vrndnq_f32); }
VF_INLINE float32x4_t vf_power_of_two_quarter(float32x4_t n) {
  return vreinterpretq_f32_s32(vshlq_n_s32(vaddq_s32(vcvtq_s32_f32(n), vdupq_n_s32(127)), 23));
}
VF_INLINE vf vf_power_of_two(vf a) { return VF_UNARY(vf, vf_power_of_two_quarter); }
VF_INLINE vf vf_scale(vf a, vf n) { return vf_mul(a, vf_power_of_two(n)); }
VF_INLINE float32x4_t vf_exponent_quarter(float32x4_t a) {
  return vcvtq_f32_s32(vsubq_s32(vshrq_n_s32(vreinterpretq_s32_f32(a), 23), vdupq_n_s32(127)));
}
VF_INLINE float32x4_t vf_significand_quarter(float32x4_t a) {
  return vreinterpretq_f32_u32(vbslq_u32(vdupq_n_u32(0x007FFFFF), vreinterpretq_u32_f32(a), vdupq_n_u32(0x3F800000)));
}
VF_INLINE vf vf_split(vf a, vf *exponent) {
  *exponent = VF_UNARY(vf, vf_exponent_quarter);
  return VF_UNARY(vf, vf_significand_quarter);
}
VF_INLINE float vf_sum(vf a) {
  const float32x4_t four = vaddq_f32(vaddq_f32(a.q0, a.q2), vaddq_f32(a.q1, a.q3));
  const float32x2_t two = vadd_f32(vget_low_f32(four), vget_high_f32(four));
  return vget_lane_f32(two, 0) + vget_lane_f32(two, 1);
}
/* Transposes four registers in place. */
VF_INLINE void vf_transpose_four(float32x4_t *r0, float32x4_t *r1, float32x4_t *r2, float32x4_t *r3) {
  const float64x2_t even01 = vreinterpretq_f64_f32(vtrn1q_f32(*r0, *r1)); /* 00 10 02 12 */
  const float64x2_t odd01 = vreinterpretq_f64_f32(vtrn2q_f32(*r0, *r1));  /* 01 11 03 13 */
  const float64x2_t even23 = vreinterpretq_f64_f32(vtrn1q_f32(*r2, *r3));
  const float64x2_t odd23 = vreinterpretq_f64_f32(vtrn2q_f32(*r2, *r3));
  *r0 = vreinterpretq_f32_f64(vtrn1q_f64(even01, even23));
  *r1 = vreinterpretq_f32_f64(vtrn1q_f64(odd01, odd23));
  *r2 = vreinterpretq_f32_f64(vtrn2q_f64(even01, even23));
  *r3 = vreinterpretq_f32_f64(vtrn2q_f64(odd01, odd23));
}
VF_INLINE void vf_transpose(vf rows[16]) {
  vf to[16];
  for (int i = 0; i < 16; i += 4) {
    vf a = rows[i], b = rows[i + 1], c = rows[i + 2], d = rows[i + 3];
    vf_transpose_four(&a.q0, &b.q0, &c.q0, &d.q0);
    vf_transpose_four(&a.q1, &b.q1, &c.q1, &d.q1);
    vf_transpose_four(&a.q2, &b.q2, &c.q2, &d.q2);
    vf_transpose_four(&a.q3, &b.q3, &c.q3, &d.q3);
    /* Quarter i / 4 of the rows 4 j to 4 j + 3 of the result. */
    const float32x4_t block[4][4] = {
        {a.q0, b.q0, c.q0, d.q0}, {a.q1, b.q1, c.q1, d.q1}, {a.q2, b.q2, c.q2, d.q2}, {a.q3, b.q3, c.q3, d.q3}};
    for (int j = 0; j < 16; j++) vst1q_f32((float *)&to[j] + i, block[j / 4][j % 4]);
  }
  for (int i = 0; i < 16; i++) rows[i] = to[i];
}

#undef VF_UNARY
#undef VF_BINARY
#endif
