/* The vector vocabulary in C for any processor: the oracle of every other instruction set. A vector (vf) is always 16
 * floats; it is made of VR_COUNT registers (vr), here four of the compilers' generic 16-byte vectors (GCC, clang), which
 * every target has or imitates. Most kernels speak of vectors, the matrix product of registers. simd_avx512.h, simd_avx2.h and simd_neon.h define the same names. NaN: vf_max(a, b) and vf_min(a, b) give b where either is NaN. */
#ifndef VAEI_SIMD_PORTABLE_H
#define VAEI_SIMD_PORTABLE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define VF_INLINE static inline __attribute__((always_inline))

#define VF_TILE_ROWS 4
#define VF_TILE_PANELS 1

typedef float vr __attribute__((vector_size(16)));
typedef int32_t vr_bits __attribute__((vector_size(16)));
enum { VR_COUNT = 4, VR_LANES = 4 };

typedef struct vf {
  vr part[VR_COUNT];
} vf;
typedef struct vmask {
  vr_bits part[VR_COUNT]; /* 0 or -1 */
} vmask;

#define VF_EACH for (int i = 0; i < VR_COUNT; i++)

VF_INLINE vr vr_load(const float *p) {
  vr r;
  memcpy(&r, p, sizeof r);
  return r;
}
VF_INLINE void vr_store(float *p, vr a) { memcpy(p, &a, sizeof a); }
VF_INLINE vr vr_set(float x) { return (vr){x, x, x, x}; }
/* a * b + c with a from vr_set; rounded once where the instruction set can, twice here. */
VF_INLINE vr vr_fma(vr a, vr b, vr c) { return a * b + c; }

VF_INLINE vf vf_load(const float *p) {
  vf r;
  memcpy(&r, p, sizeof r);
  return r;
}
VF_INLINE void vf_store(float *p, vf a) { memcpy(p, &a, sizeof a); }
VF_INLINE vf vf_set(float x) {
  vf r;
  VF_EACH r.part[i] = vr_set(x);
  return r;
}
/* The first count lanes from memory, zero in the others; count 0 to 16. */
VF_INLINE vf vf_load_first(const float *p, size_t count) {
  float lane[16] = {0};
  for (size_t i = 0; i < count; i++) lane[i] = p[i];
  return vf_load(lane);
}
VF_INLINE void vf_store_first(float *p, vf a, size_t count) {
  float lane[16];
  vf_store(lane, a);
  for (size_t i = 0; i < count; i++) p[i] = lane[i];
}
/* Zero in the lanes from count on. */
VF_INLINE vf vf_keep_first(vf a, size_t count) {
  float lane[16];
  vf_store(lane, a);
  return vf_load_first(lane, count);
}
VF_INLINE vf vf_load_bytes(const uint8_t *p) {
  float lane[16];
  for (int i = 0; i < 16; i++) lane[i] = (float)p[i];
  return vf_load(lane);
}
VF_INLINE vf vf_add(vf a, vf b) {
  VF_EACH a.part[i] += b.part[i];
  return a;
}
VF_INLINE vf vf_sub(vf a, vf b) {
  VF_EACH a.part[i] -= b.part[i];
  return a;
}
VF_INLINE vf vf_mul(vf a, vf b) {
  VF_EACH a.part[i] *= b.part[i];
  return a;
}
VF_INLINE vf vf_div(vf a, vf b) {
  VF_EACH a.part[i] /= b.part[i];
  return a;
}
VF_INLINE vf vf_fma(vf a, vf b, vf c) {
  VF_EACH a.part[i] = vr_fma(a.part[i], b.part[i], c.part[i]);
  return a;
}
VF_INLINE vmask vf_less(vf a, vf b) {
  vmask m;
  VF_EACH m.part[i] = a.part[i] < b.part[i];
  return m;
}
VF_INLINE vmask vmask_and(vmask a, vmask b) {
  VF_EACH a.part[i] &= b.part[i];
  return a;
}
VF_INLINE vf vf_select(vmask m, vf yes, vf no) {
  VF_EACH yes.part[i] = (vr)((m.part[i] & (vr_bits)yes.part[i]) | (~m.part[i] & (vr_bits)no.part[i]));
  return yes;
}
VF_INLINE vf vf_max(vf a, vf b) { return vf_select(vf_less(b, a), a, b); }
VF_INLINE vf vf_min(vf a, vf b) { return vf_select(vf_less(a, b), a, b); }
VF_INLINE vf vf_sqrt(vf a) {
  float lane[16];
  vf_store(lane, a);
  for (int i = 0; i < 16; i++) lane[i] = __builtin_sqrtf(lane[i]);
  return vf_load(lane);
}
VF_INLINE vmask vf_sign_bit(void) {
  vmask m;
  VF_EACH m.part[i] = (vr_bits)vr_set(-0.0f);
  return m;
}
VF_INLINE vf vf_abs(vf a) { return vf_select(vf_sign_bit(), vf_set(0.0f), a); }
/* -|a| */
VF_INLINE vf vf_minus_abs(vf a) { return vf_select(vf_sign_bit(), vf_set(-0.0f), a); }
VF_INLINE int vmask_all(vmask m) {
  int32_t lane[16], all = -1;
  memcpy(lane, &m, sizeof lane);
  for (int i = 0; i < 16; i++) all &= lane[i];
  return all != 0;
}
/* To the nearest whole number, ties to even; |a| at most 2^22. */
VF_INLINE vf vf_round(vf a) {
  const vf magic = vf_set(12582912.0f); /* 1.5 * 2^23 */
  return vf_sub(vf_add(a, magic), magic);
}
/* 2^n for whole n from -126 to 127. */
VF_INLINE vf vf_power_of_two(vf n) {
  VF_EACH n.part[i] = (vr)((__builtin_convertvector(n.part[i], vr_bits) + 127) << 23);
  return n;
}
/* a * 2^n for such n. */
VF_INLINE vf vf_scale(vf a, vf n) { return vf_mul(a, vf_power_of_two(n)); }
/* a = significand * 2^exponent with the significand in [1, 2), for normal a over 0. */
VF_INLINE vf vf_split(vf a, vf *exponent) {
  VF_EACH {
    const vr_bits bits = (vr_bits)a.part[i];
    exponent->part[i] = __builtin_convertvector((bits >> 23) - 127, vr);
    a.part[i] = (vr)((bits & 0x007FFFFF) | 0x3F800000);
  }
  return a;
}
/* The sum of the lanes, by halves: (i) + (i + 8), then + 4, + 2, + 1. The same order on every instruction set. */
VF_INLINE float vf_sum(vf a) {
  float lane[16];
  vf_store(lane, a);
  for (int half = 8; half > 0; half /= 2)
    for (int i = 0; i < half; i++) lane[i] += lane[i + half];
  return lane[0];
}
/* rows[i][j] <-> rows[j][i] */
VF_INLINE void vf_transpose(vf rows[16]) {
  float from[16][16], to[16][16];
  memcpy(from, rows, sizeof from);
  for (int i = 0; i < 16; i++)
    for (int j = 0; j < 16; j++) to[j][i] = from[i][j];
  memcpy(rows, to, sizeof to);
}

#undef VF_EACH
#endif
