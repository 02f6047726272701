/* The vector vocabulary for AVX-512 F, BW, DQ, VL: one register is a vector. simd_portable.h says what each name means. */
#ifndef VAEI_SIMD_AVX512_H
#define VAEI_SIMD_AVX512_H

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

#define VF_INLINE static inline __attribute__((always_inline))

#define VF_TILE_ROWS 8
#define VF_TILE_PANELS 3

typedef __m512 vr;
typedef __m512 vf;
typedef __mmask16 vmask;
enum { VR_COUNT = 1, VR_LANES = 16 };

VF_INLINE vr vr_load(const float *p) { return _mm512_loadu_ps(p); }
VF_INLINE void vr_store(float *p, vr a) { _mm512_storeu_ps(p, a); }
VF_INLINE vr vr_set(float x) { return _mm512_set1_ps(x); }
VF_INLINE vr vr_fma(vr a, vr b, vr c) { return _mm512_fmadd_ps(a, b, c); }

VF_INLINE __mmask16 vf_first(size_t count) { return (__mmask16)((1u << count) - 1u); }
VF_INLINE vf vf_load(const float *p) { return _mm512_loadu_ps(p); }
VF_INLINE void vf_store(float *p, vf a) { _mm512_storeu_ps(p, a); }
VF_INLINE vf vf_set(float x) { return _mm512_set1_ps(x); }
VF_INLINE vf vf_load_first(const float *p, size_t count) { return _mm512_maskz_loadu_ps(vf_first(count), p); }
VF_INLINE void vf_store_first(float *p, vf a, size_t count) { _mm512_mask_storeu_ps(p, vf_first(count), a); }
VF_INLINE vf vf_keep_first(vf a, size_t count) { return _mm512_maskz_mov_ps(vf_first(count), a); }
VF_INLINE vf vf_load_bytes(const uint8_t *p) {
  return _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)p)));
}
VF_INLINE vf vf_add(vf a, vf b) { return _mm512_add_ps(a, b); }
VF_INLINE vf vf_sub(vf a, vf b) { return _mm512_sub_ps(a, b); }
VF_INLINE vf vf_mul(vf a, vf b) { return _mm512_mul_ps(a, b); }
VF_INLINE vf vf_div(vf a, vf b) { return _mm512_div_ps(a, b); }
VF_INLINE vf vf_fma(vf a, vf b, vf c) { return _mm512_fmadd_ps(a, b, c); }
VF_INLINE vf vf_max(vf a, vf b) { return _mm512_max_ps(a, b); }
VF_INLINE vf vf_min(vf a, vf b) { return _mm512_min_ps(a, b); }
VF_INLINE vf vf_sqrt(vf a) { return _mm512_sqrt_ps(a); }
VF_INLINE vf vf_abs(vf a) { return _mm512_abs_ps(a); }
VF_INLINE vf vf_minus_abs(vf a) { return _mm512_or_ps(a, _mm512_set1_ps(-0.0f)); }
VF_INLINE vmask vf_less(vf a, vf b) { return _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ); }
VF_INLINE vmask vmask_and(vmask a, vmask b) { return (vmask)(a & b); }
VF_INLINE vf vf_select(vmask m, vf yes, vf no) { return _mm512_mask_blend_ps(m, no, yes); }
VF_INLINE int vmask_all(vmask m) { return m == 0xFFFF; }
VF_INLINE vf vf_round(vf a) { return _mm512_roundscale_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
VF_INLINE vf vf_scale(vf a, vf n) { return _mm512_scalef_ps(a, n); }
VF_INLINE vf vf_power_of_two(vf n) { return _mm512_scalef_ps(_mm512_set1_ps(1.0f), n); }
VF_INLINE vf vf_split(vf a, vf *exponent) {
  const __m512i bits = _mm512_castps_si512(a);
  *exponent = _mm512_cvtepi32_ps(_mm512_sub_epi32(_mm512_srli_epi32(bits, 23), _mm512_set1_epi32(127)));
  return _mm512_castsi512_ps(
      _mm512_or_si512(_mm512_and_si512(bits, _mm512_set1_epi32(0x007FFFFF)), _mm512_set1_epi32(0x3F800000)));
}
VF_INLINE float vf_sum(vf a) {
  const __m256 eight = _mm256_add_ps(_mm512_castps512_ps256(a), _mm512_extractf32x8_ps(a, 1));
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps(two, two, 1)));
}
VF_INLINE void vf_transpose(vf rows[16]) {
  __m512 t[16];
  for (int i = 0; i < 16; i += 2) {
    t[i] = _mm512_unpacklo_ps(rows[i], rows[i + 1]);
    t[i + 1] = _mm512_unpackhi_ps(rows[i], rows[i + 1]);
  }
  for (int i = 0; i < 16; i += 4) {
    rows[i] = _mm512_shuffle_ps(t[i], t[i + 2], 0x44);
    rows[i + 1] = _mm512_shuffle_ps(t[i], t[i + 2], 0xEE);
    rows[i + 2] = _mm512_shuffle_ps(t[i + 1], t[i + 3], 0x44);
    rows[i + 3] = _mm512_shuffle_ps(t[i + 1], t[i + 3], 0xEE);
  }
  /* now rows[4 g + c] holds, in its 128-bit lane l, column 4 l + c of the rows 4 g to 4 g + 3 */
  for (int c = 0; c < 4; c++) {
    const __m512 low = _mm512_shuffle_f32x4(rows[c], rows[4 + c], 0x88);
    const __m512 high = _mm512_shuffle_f32x4(rows[c], rows[4 + c], 0xDD);
    const __m512 low2 = _mm512_shuffle_f32x4(rows[8 + c], rows[12 + c], 0x88);
    const __m512 high2 = _mm512_shuffle_f32x4(rows[8 + c], rows[12 + c], 0xDD);
    t[c] = _mm512_shuffle_f32x4(low, low2, 0x88);
    t[8 + c] = _mm512_shuffle_f32x4(low, low2, 0xDD);
    t[4 + c] = _mm512_shuffle_f32x4(high, high2, 0x88);
    t[12 + c] = _mm512_shuffle_f32x4(high, high2, 0xDD);
  }
  for (int i = 0; i < 16; i++) rows[i] = t[i];
}

#endif
