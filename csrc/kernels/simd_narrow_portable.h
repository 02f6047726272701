/* More vocabulary in C, for weights of 16 and 8 bits: vi is a register of 32-bit words, as wide as vr. simd_narrow_avx2.h
 * and simd_narrow_avx512.h define the same names. */
#ifndef VAEI_SIMD_NARROW_PORTABLE_H
#define VAEI_SIMD_NARROW_PORTABLE_H

#include "kernels/simd_portable.h"

#define VF_ROW_PANELS 2

typedef vr_bits vi;

VF_INLINE vr vr_mul(vr a, vr b) { return a * b; }
VF_INLINE vr vr_add(vr a, vr b) { return a + b; }

VF_INLINE vi vi_load(const void *p) {
  vi r;
  memcpy(&r, p, sizeof r);
  return r;
}
VF_INLINE void vi_store(void *p, vi a) { memcpy(p, &a, sizeof a); }
VF_INLINE vi vi_set(int32_t x) { return (vi){x, x, x, x}; }
/* Four bytes from memory as the word of every lane. */
VF_INLINE vi vi_set_bytes(const uint8_t *p) {
  int32_t word;
  memcpy(&word, p, sizeof word);
  return vi_set(word);
}
/* A word holds two bf16, the first of them in its lower half: each as a float. */
VF_INLINE vr vi_first_bf16(vi a) { return (vr)(a << 16); }
VF_INLINE vr vi_second_bf16(vi a) { return (vr)(a & (int32_t)0xFFFF0000); }
/* sum + the four products of x's unsigned bytes and w's signed ones, exactly. */
VF_INLINE vi vi_dot(vi sum, vi x, vi w) {
  for (int byte = 0; byte < 4; byte++) sum += ((x >> 8 * byte) & 0xFF) * (w << (24 - 8 * byte) >> 24);
  return sum;
}
/* a - b * c, modulo 2^32. */
VF_INLINE vi vi_minus_product(vi a, vi b, vi c) { return a - b * c; }
VF_INLINE vr vi_to_float(vi a) { return __builtin_convertvector(a, vr); }
/* Whole numbers from 0 to 255 as 16 bytes. */
VF_INLINE void vf_store_bytes(uint8_t *p, vf a) {
  float lane[16];
  vf_store(lane, a);
  for (int i = 0; i < 16; i++) p[i] = (uint8_t)lane[i];
}

#endif
