/* More vocabulary for NEON, for weights of 16 and 8 bits. simd_narrow_portable.h says what each name means. */
#ifndef VAEI_SIMD_NARROW_NEON_H
#define VAEI_SIMD_NARROW_NEON_H

#include <string.h>

#include "kernels/simd_neon.h"

#define VF_ROW_PANELS 4

typedef int32x4_t vi;

VF_INLINE vr vr_mul(vr a, vr b) { return vmulq_f32(a, b); }
VF_INLINE vr vr_add(vr a, vr b) { return vaddq_f32(a, b); }

VF_INLINE vi vi_load(const void *p) { return vreinterpretq_s32_u8(vld1q_u8(p)); }
VF_INLINE void vi_store(void *p, vi a) { vst1q_u8(p, vreinterpretq_u8_s32(a)); }
VF_INLINE vi vi_set(int32_t x) { return vdupq_n_s32(x); }
VF_INLINE vi vi_set_bytes(const uint8_t *p) {
  int32_t word;
  memcpy(&word, p, sizeof word);
  return vi_set(word);
}
VF_INLINE vr vi_first_bf16(vi a) { return vreinterpretq_f32_s32(vshlq_n_s32(a, 16)); }
VF_INLINE vr vi_second_bf16(vi a) { return vreinterpretq_f32_s32(vandq_s32(a, vdupq_n_s32((int32_t)0xFFFF0000))); }
VF_INLINE vi vi_dot(vi sum, vi x, vi w) {
  const int16x8_t low = vmulq_s16(vreinterpretq_s16_u16(vmovl_u8(vget_low_u8(vreinterpretq_u8_s32(x)))),
                                  vmovl_s8(vget_low_s8(vreinterpretq_s8_s32(w))));
  const int16x8_t high = vmulq_s16(vreinterpretq_s16_u16(vmovl_u8(vget_high_u8(vreinterpretq_u8_s32(x)))),
                                   vmovl_s8(vget_high_s8(vreinterpretq_s8_s32(w))));
  return vaddq_s32(sum, vpaddq_s32(vpaddlq_s16(low), vpaddlq_s16(high))); /* 255 * 128 fits into 16 bits */
}
VF_INLINE vi vi_minus_product(vi a, vi b, vi c) { return vmlsq_s32(a, b, c); }
VF_INLINE vr vi_to_float(vi a) { return vcvtq_f32_s32(a); }
VF_INLINE void vf_store_bytes(uint8_t *p, vf a) {
  float lane[16];
  vf_store(lane, a);
  for (int i = 0; i < 16; i++) p[i] = (uint8_t)lane[i];
}

#endif
