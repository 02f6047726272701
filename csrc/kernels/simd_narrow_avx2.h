/* The vocabulary for narrow weights, for AVX2, and for AVX-VNNI where VF_VNNI is defined. simd_narrow_portable.h says what
 * each name means. */
#ifndef VAEI_SIMD_NARROW_AVX2_H
#define VAEI_SIMD_NARROW_AVX2_H

#include "kernels/simd_avx2.h"

#define VF_ROW_PANELS 4

typedef __m256i vi;

VF_INLINE vr vr_mul(vr a, vr b) { return _mm256_mul_ps(a, b); }
VF_INLINE vr vr_add(vr a, vr b) { return _mm256_add_ps(a, b); }

VF_INLINE vi vi_load(const void *p) { return _mm256_loadu_si256(p); }
VF_INLINE void vi_store(void *p, vi a) { _mm256_storeu_si256(p, a); }
VF_INLINE vi vi_set(int32_t x) { return _mm256_set1_epi32(x); }
VF_INLINE vi vi_set_bytes(const uint8_t *p) {
  int32_t word;
  __builtin_memcpy(&word, p, sizeof word);
  return vi_set(word);
}
VF_INLINE vr vi_first_bf16(vi a) { return _mm256_castsi256_ps(_mm256_slli_epi32(a, 16)); }
VF_INLINE vr vi_second_bf16(vi a) {
  return _mm256_castsi256_ps(_mm256_and_si256(a, _mm256_set1_epi32((int32_t)0xFFFF0000)));
}
#if defined(VF_VNNI)
VF_INLINE vi vi_dot(vi sum, vi x, vi w) { return _mm256_dpbusd_avx_epi32(sum, x, w); }
#else
/* vpmaddubsw saturates, so bytes are widened: the even ones and the odd ones of a word. */
VF_INLINE vi vi_dot(vi sum, vi x, vi w) {
  const vi even =
      _mm256_madd_epi16(_mm256_and_si256(x, vi_set(0x00FF00FF)), _mm256_srai_epi16(_mm256_slli_epi16(w, 8), 8));
  const vi odd = _mm256_madd_epi16(_mm256_srli_epi16(x, 8), _mm256_srai_epi16(w, 8));
  return _mm256_add_epi32(sum, _mm256_add_epi32(even, odd));
}
#endif
VF_INLINE vi vi_minus_product(vi a, vi b, vi c) { return _mm256_sub_epi32(a, _mm256_mullo_epi32(b, c)); }
VF_INLINE vr vi_to_float(vi a) { return _mm256_cvtepi32_ps(a); }
VF_INLINE void vf_store_bytes(uint8_t *p, vf a) {
  const vi words = _mm256_packus_epi32(_mm256_cvttps_epi32(a.lo), _mm256_cvttps_epi32(a.hi));
  const vi ordered = _mm256_permute4x64_epi64(words, 0xD8);
  _mm_storeu_si128((__m128i *)p,
                   _mm_packus_epi16(_mm256_castsi256_si128(ordered), _mm256_extracti128_si256(ordered, 1)));
}

#endif
