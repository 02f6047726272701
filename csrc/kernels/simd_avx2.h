/* The vector vocabulary for AVX2 and FMA: a vector is two registers. simd_portable.h says what each name means. */
#ifndef VAEI_SIMD_AVX2_H
#define VAEI_SIMD_AVX2_H

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

#define VF_INLINE static inline __attribute__((always_inline))

#define VF_TILE_ROWS 6
#define VF_TILE_PANELS 1

typedef __m256 vr;
enum { VR_COUNT = 2, VR_LANES = 8 };

VF_INLINE vr vr_load(const float *p) { return _mm256_loadu_ps(p); }
VF_INLINE void vr_store(float *p, vr a) { _mm256_storeu_ps(p, a); }
VF_INLINE vr vr_set(float x) { return _mm256_set1_ps(x); }
VF_INLINE vr vr_fma(vr a, vr b, vr c) { return _mm256_fmadd_ps(a, b, c); }

typedef struct vf {
  __m256 lo, hi;
} vf;
typedef struct vmask {
  __m256 lo, hi;
} vmask;

#define VF_BOTH(operation) ((vf){.lo = operation(a.lo, b.lo), .hi = operation(a.hi, b.hi)})

VF_INLINE vf vf_load(const float *p) { return (vf){.lo = _mm256_loadu_ps(p), .hi = _mm256_loadu_ps(p + 8)}; }
VF_INLINE void vf_store(float *p, vf a) {
  _mm256_storeu_ps(p, a.lo);
  _mm256_storeu_ps(p + 8, a.hi);
}
VF_INLINE vf vf_set(float x) { return (vf){.lo = _mm256_set1_ps(x), .hi = _mm256_set1_ps(x)}; }
/* All ones in lane i of the half that begins at lane `begin` where begin + i < count. */
VF_INLINE __m256i vf_first(int begin, size_t count) {
  const __m256i lane = _mm256_add_epi32(_mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7), _mm256_set1_epi32(begin));
  return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)count), lane);
}
VF_INLINE vf vf_load_first(const float *p, size_t count) {
  return (vf){.lo = _mm256_maskload_ps(p, vf_first(0, count)), .hi = _mm256_maskload_ps(p + 8, vf_first(8, count))};
}
VF_INLINE void vf_store_first(float *p, vf a, size_t count) {
  _mm256_maskstore_ps(p, vf_first(0, count), a.lo);
  _mm256_maskstore_ps(p + 8, vf_first(8, count), a.hi);
}
VF_INLINE vf vf_keep_first(vf a, size_t count) {
  return (vf){.lo = _mm256_and_ps(a.lo, _mm256_castsi256_ps(vf_first(0, count))),
              .hi = _mm256_and_ps(a.hi, _mm256_castsi256_ps(vf_first(8, count)))};
}
VF_INLINE vf vf_load_bytes(const uint8_t *p) {
  const __m128i bytes = _mm_loadu_si128((const __m128i *)p);
  return (vf){.lo = _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(bytes)),
              .hi = _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_srli_si128(bytes, 8)))};
}
VF_INLINE vf vf_add(vf a, vf b) { return VF_BOTH(_mm256_add_ps); }
VF_INLINE vf vf_sub(vf a, vf b) { return VF_BOTH(_mm256_sub_ps); }
VF_INLINE vf vf_mul(vf a, vf b) { return VF_BOTH(_mm256_mul_ps); }
VF_INLINE vf vf_div(vf a, vf b) { return VF_BOTH(_mm256_div_ps); }
VF_INLINE vf vf_max(vf a, vf b) { return VF_BOTH(_mm256_max_ps); }
VF_INLINE vf vf_min(vf a, vf b) { return VF_BOTH(_mm256_min_ps); }
VF_INLINE vf vf_fma(vf a, vf b, vf c) {
  return (vf){.lo = _mm256_fmadd_ps(a.lo, b.lo, c.lo), .hi = _mm256_fmadd_ps(a.hi, b.hi, c.hi)};
}
VF_INLINE vf vf_sqrt(vf a) { return (vf){.lo = _mm256_sqrt_ps(a.lo), .hi = _mm256_sqrt_ps(a.hi)}; }
VF_INLINE vf vf_abs(vf a) {
  const __m256 sign = _mm256_set1_ps(-0.0f);
  return (vf){.lo = _mm256_andnot_ps(sign, a.lo), .hi = _mm256_andnot_ps(sign, a.hi)};
}
VF_INLINE vf vf_minus_abs(vf a) {
  const __m256 sign = _mm256_set1_ps(-0.0f);
  return (vf){.lo = _mm256_or_ps(sign, a.lo), .hi = _mm256_or_ps(sign, a.hi)};
}
VF_INLINE vmask vf_less(vf a, vf b) {
  return (vmask){.lo = _mm256_cmp_ps(a.lo, b.lo, _CMP_LT_OQ), .hi = _mm256_cmp_ps(a.hi, b.hi, _CMP_LT_OQ)};
}
VF_INLINE vmask vmask_and(vmask a, vmask b) {
  return (vmask){.lo = _mm256_and_ps(a.lo, b.lo), .hi = _mm256_and_ps(a.hi, b.hi)};
}
VF_INLINE vf vf_select(vmask m, vf yes, vf no) {
  return (vf){.lo = _mm256_blendv_ps(no.lo, yes.lo, m.lo), .hi = _mm256_blendv_ps(no.hi, yes.hi, m.hi)};
}
VF_INLINE int vmask_all(vmask m) { return _mm256_movemask_ps(_mm256_and_ps(m.lo, m.hi)) == 0xFF; }
VF_INLINE vf vf_round(vf a) {
  return (vf){.lo = _mm256_round_ps(a.lo, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC),
              .hi = _mm256_round_ps(a.hi, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)};
}
VF_INLINE __m256 vf_power_of_two_half(__m256 n) {
  const __m256i biased = _mm256_add_epi32(_mm256_cvttps_epi32(n), _mm256_set1_epi32(127));
  return _mm256_castsi256_ps(_mm256_slli_epi32(biased, 23));
}
VF_INLINE vf vf_power_of_two(vf n) { return (vf){.lo = vf_power_of_two_half(n.lo), .hi = vf_power_of_two_half(n.hi)}; }
VF_INLINE vf vf_scale(vf a, vf n) { return vf_mul(a, vf_power_of_two(n)); }
VF_INLINE __m256 vf_split_half(__m256 a, __m256 *exponent) {
  const __m256i bits = _mm256_castps_si256(a);
  *exponent = _mm256_cvtepi32_ps(_mm256_sub_epi32(_mm256_srli_epi32(bits, 23), _mm256_set1_epi32(127)));
  return _mm256_castsi256_ps(
      _mm256_or_si256(_mm256_and_si256(bits, _mm256_set1_epi32(0x007FFFFF)), _mm256_set1_epi32(0x3F800000)));
}
VF_INLINE vf vf_split(vf a, vf *exponent) {
  vf significand;
  significand.lo = vf_split_half(a.lo, &exponent->lo);
  significand.hi = vf_split_half(a.hi, &exponent->hi);
  return significand;
}
VF_INLINE float vf_sum(vf a) {
  const __m256 eight = _mm256_add_ps(a.lo, a.hi);
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps(two, two, 1)));
}
/* Transposes eight registers in place. */
VF_INLINE void vf_transpose_eight(__m256 r[8]) {
  __m256 t[8];
  for (int i = 0; i < 8; i += 2) {
    t[i] = _mm256_unpacklo_ps(r[i], r[i + 1]);
    t[i + 1] = _mm256_unpackhi_ps(r[i], r[i + 1]);
  }
  for (int i = 0; i < 8; i += 4) {
    r[i] = _mm256_shuffle_ps(t[i], t[i + 2], 0x44);
    r[i + 1] = _mm256_shuffle_ps(t[i], t[i + 2], 0xEE);
    r[i + 2] = _mm256_shuffle_ps(t[i + 1], t[i + 3], 0x44);
    r[i + 3] = _mm256_shuffle_ps(t[i + 1], t[i + 3], 0xEE);
  }
  for (int i = 0; i < 4; i++) {
    t[i] = _mm256_permute2f128_ps(r[i], r[4 + i], 0x20);
    t[4 + i] = _mm256_permute2f128_ps(r[i], r[4 + i], 0x31);
  }
  for (int i = 0; i < 8; i++) r[i] = t[i];
}
VF_INLINE void vf_transpose(vf rows[16]) {
  __m256 upper_left[8], upper_right[8], lower_left[8], lower_right[8];
  for (int i = 0; i < 8; i++) {
    upper_left[i] = rows[i].lo;
    upper_right[i] = rows[i].hi;
    lower_left[i] = rows[8 + i].lo;
    lower_right[i] = rows[8 + i].hi;
  }
  vf_transpose_eight(upper_left);
  vf_transpose_eight(upper_right);
  vf_transpose_eight(lower_left);
  vf_transpose_eight(lower_right);
  for (int i = 0; i < 8; i++) {
    rows[i] = (vf){.lo = upper_left[i], .hi = lower_left[i]};
    rows[8 + i] = (vf){.lo = upper_right[i], .hi = lower_right[i]};
  }
}

#undef VF_BOTH
#endif
