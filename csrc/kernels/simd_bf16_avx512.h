/* What the bf16 kernels add to the vector vocabulary, for AVX512_BF16. simd_bf16_portable.h says what each name means. */
#ifndef VAEI_SIMD_BF16_AVX512_H
#define VAEI_SIMD_BF16_AVX512_H

#include "kernels/simd_avx512.h"

typedef __m512i vp;

VF_INLINE vp vp_load(const uint32_t *p) { return _mm512_loadu_si512(p); }
VF_INLINE vp vp_set(uint32_t x) { return _mm512_set1_epi32((int)x); }
VF_INLINE vr vr_dot(vr sum, vp a, vp b) { return _mm512_dpbf16_ps(sum, (__m512bh)a, (__m512bh)b); }

typedef __m512i vh;

VF_INLINE vh vh_round(vf first, vf second) { return (__m512i)_mm512_cvtne2ps_pbh(second, first); }
VF_INLINE void vh_store(uint32_t *p, vh a) { _mm512_storeu_si512(p, a); }
VF_INLINE void vh_store_first(uint32_t *p, vh a) { _mm256_storeu_si256((__m256i *)p, _mm512_castsi512_si256(a)); }
VF_INLINE void vh_store_second(uint32_t *p, vh a) {
  _mm256_storeu_si256((__m256i *)p, _mm512_extracti64x4_epi64(a, 1));
}
VF_INLINE void vh_store_paired(uint32_t *p, vh a) {
  const __m512i order = _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23, 7, 22, 6, 21,
                                         5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
  _mm512_storeu_si512(p, _mm512_permutexvar_epi16(order, a));
}
VF_INLINE vf vf_load_half(const uint32_t *p) {
  const __m512i wide = _mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *)p));
  return _mm512_castsi512_ps(_mm512_slli_epi32(wide, 16));
}
VF_INLINE void vh_transpose(vh rows[8]) {
  const __m512i even_lanes = _mm512_set_epi64(13, 12, 5, 4, 9, 8, 1, 0);
  const __m512i odd_lanes = _mm512_set_epi64(15, 14, 7, 6, 11, 10, 3, 2);
  __m512i t[8];
  for (int i = 0; i < 8; i += 2) {
    t[i] = _mm512_unpacklo_epi32(rows[i], rows[i + 1]);
    t[i + 1] = _mm512_unpackhi_epi32(rows[i], rows[i + 1]);
  }
  for (int i = 0; i < 8; i += 4) {
    rows[i] = _mm512_unpacklo_epi64(t[i], t[i + 2]);
    rows[i + 1] = _mm512_unpackhi_epi64(t[i], t[i + 2]);
    rows[i + 2] = _mm512_unpacklo_epi64(t[i + 1], t[i + 3]);
    rows[i + 3] = _mm512_unpackhi_epi64(t[i + 1], t[i + 3]);
  }
  /* now rows[4 g + c] holds, in its 128-bit lanes, the pairs c, 4 + c (of the first rows), c, 4 + c (of the second) of the
   * rows 4 g to 4 g + 3 */
  for (int c = 0; c < 4; c++) {
    t[c] = _mm512_permutex2var_epi64(rows[c], even_lanes, rows[4 + c]);
    t[4 + c] = _mm512_permutex2var_epi64(rows[c], odd_lanes, rows[4 + c]);
  }
  for (int i = 0; i < 8; i++) rows[i] = t[i];
}

#endif
