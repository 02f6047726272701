/* The vocabulary for narrow weights, for AVX-512, and for AVX512_VNNI where VF_VNNI is defined. simd_narrow_portable.h says
 * what each name means. */
#ifndef VAEI_SIMD_NARROW_AVX512_H
#define VAEI_SIMD_NARROW_AVX512_H

#include "kernels/simd_avx512.h"

#define VF_ROW_PANELS 12

typedef __m512i vi;

VF_INLINE vr vr_mul(vr a, vr b) { return _mm512_mul_ps(a, b); }
VF_INLINE vr vr_add(vr a, vr b) { return _mm512_add_ps(a, b); }

VF_INLINE vi vi_load(const void *p) { return _mm512_loadu_si512(p); }
VF_INLINE void vi_store(void *p, vi a) { _mm512_storeu_si512(p, a); }
VF_INLINE vi vi_set(int32_t x) { return _mm512_set1_epi32(x); }
VF_INLINE vi vi_set_bytes(const uint8_t *p) {
  int32_t word;
  __builtin_memcpy(&word, p, sizeof word);
  return vi_set(word);
}
VF_INLINE vr vi_first_bf16(vi a) { return _mm512_castsi512_ps(_mm512_slli_epi32(a, 16)); }
VF_INLINE vr vi_second_bf16(vi a) {
  return _mm512_castsi512_ps(_mm512_and_si512(a, _mm512_set1_epi32((int32_t)0xFFFF0000)));
}
#if defined(VF_VNNI)
VF_INLINE vi vi_dot(vi sum, vi x, vi w) {
#if defined(__clang__)
  return _mm512_dpbusd_epi32(sum, x, w);
#else
  /* gcc 12 moves the intrinsic's accumulator to another register and back, and to the stack. */
  __asm__("vpdpbusd %2, %1, %0" : "+v"(sum) : "v"(x), "vm"(w));
  return sum;
#endif
}
#else
VF_INLINE vi vi_dot(vi sum, vi x, vi w) { /* as in simd_narrow_avx2.h */
  const vi even =
      _mm512_madd_epi16(_mm512_and_si512(x, vi_set(0x00FF00FF)), _mm512_srai_epi16(_mm512_slli_epi16(w, 8), 8));
  const vi odd = _mm512_madd_epi16(_mm512_srli_epi16(x, 8), _mm512_srai_epi16(w, 8));
  return _mm512_add_epi32(sum, _mm512_add_epi32(even, odd));
}
#endif
VF_INLINE vi vi_minus_product(vi a, vi b, vi c) { return _mm512_sub_epi32(a, _mm512_mullo_epi32(b, c)); }
VF_INLINE vr vi_to_float(vi a) { return _mm512_cvtepi32_ps(a); }
VF_INLINE void vf_store_bytes(uint8_t *p, vf a) {
  _mm_storeu_si128((__m128i *)p, _mm512_cvtusepi32_epi8(_mm512_cvttps_epi32(a)));
}

#endif
