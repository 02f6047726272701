/* The vector vocabulary in plain C: the oracle of every other instruction set. A vector is always 16 floats.
 * simd_avx512.h and simd_avx2.h define the same names. NaN: vf_max(a, b) and vf_min(a, b) give b where either is NaN. */
#ifndef VAEI_SIMD_PORTABLE_H
#define VAEI_SIMD_PORTABLE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define VF_INLINE static inline __attribute__((always_inline))
#define VF_EACH for (int i = 0; i < 16; i++)

#define VF_TILE_ROWS 4
#define VF_TILE_PANELS 1

typedef struct vf {
  float lane[16];
} vf;
typedef struct vmask {
  int32_t lane[16]; /* 0 or -1 */
} vmask;

VF_INLINE vf vf_load(const float *p) {
  vf r;
  memcpy(&r, p, sizeof r);
  return r;
}
VF_INLINE void vf_store(float *p, vf a) { memcpy(p, &a, sizeof a); }
VF_INLINE vf vf_set(float x) {
  vf r;
  VF_EACH r.lane[i] = x;
  return r;
}
/* The first count lanes from memory, zero in the others; count 0 to 16. */
VF_INLINE vf vf_load_first(const float *p, size_t count) {
  vf r = vf_set(0);
  for (size_t i = 0; i < count; i++) r.lane[i] = p[i];
  return r;
}
VF_INLINE void vf_store_first(float *p, vf a, size_t count) {
  for (size_t i = 0; i < count; i++) p[i] = a.lane[i];
}
/* Zero in the lanes from count on. */
VF_INLINE vf vf_keep_first(vf a, size_t count) {
  for (size_t i = count; i < 16; i++) a.lane[i] = 0;
  return a;
}
VF_INLINE vf vf_load_bytes(const uint8_t *p) {
  vf r;
  VF_EACH r.lane[i] = (float)p[i];
  return r;
}
VF_INLINE vf vf_add(vf a, vf b) {
  VF_EACH a.lane[i] += b.lane[i];
  return a;
}
VF_INLINE vf vf_sub(vf a, vf b) {
  VF_EACH a.lane[i] -= b.lane[i];
  return a;
}
VF_INLINE vf vf_mul(vf a, vf b) {
  VF_EACH a.lane[i] *= b.lane[i];
  return a;
}
VF_INLINE vf vf_div(vf a, vf b) {
  VF_EACH a.lane[i] /= b.lane[i];
  return a;
}
/* a * b + c; rounded once where the instruction set can, twice here. */
VF_INLINE vf vf_fma(vf a, vf b, vf c) {
  VF_EACH a.lane[i] = a.lane[i] * b.lane[i] + c.lane[i];
  return a;
}
VF_INLINE vf vf_max(vf a, vf b) {
  VF_EACH a.lane[i] = a.lane[i] > b.lane[i] ? a.lane[i] : b.lane[i];
  return a;
}
VF_INLINE vf vf_min(vf a, vf b) {
  VF_EACH a.lane[i] = a.lane[i] < b.lane[i] ? a.lane[i] : b.lane[i];
  return a;
}
VF_INLINE vf vf_sqrt(vf a) {
  VF_EACH a.lane[i] = __builtin_sqrtf(a.lane[i]);
  return a;
}
VF_INLINE vf vf_abs(vf a) {
  VF_EACH a.lane[i] = __builtin_fabsf(a.lane[i]);
  return a;
}
/* |a| with the sign of b. */
VF_INLINE vf vf_copysign(vf a, vf b) {
  VF_EACH a.lane[i] = __builtin_copysignf(a.lane[i], b.lane[i]);
  return a;
}
VF_INLINE vmask vf_less(vf a, vf b) {
  vmask m;
  VF_EACH m.lane[i] = a.lane[i] < b.lane[i] ? -1 : 0;
  return m;
}
VF_INLINE vf vf_select(vmask m, vf yes, vf no) {
  VF_EACH yes.lane[i] = m.lane[i] ? yes.lane[i] : no.lane[i];
  return yes;
}
VF_INLINE int vmask_all(vmask m) {
  int32_t all = -1;
  VF_EACH all &= m.lane[i];
  return all != 0;
}
/* To the nearest whole number, ties to even; |a| at most 2^22. */
VF_INLINE vf vf_round(vf a) {
  const float magic = 12582912.0f; /* 1.5 * 2^23 */
  VF_EACH a.lane[i] = (a.lane[i] + magic) - magic;
  return a;
}
/* 2^n for whole n from -126 to 127. */
VF_INLINE vf vf_power_of_two(vf n) {
  vf r;
  VF_EACH {
    const uint32_t bits = (uint32_t)((int32_t)n.lane[i] + 127) << 23;
    memcpy(&r.lane[i], &bits, sizeof bits);
  }
  return r;
}
/* a = significand * 2^exponent with the significand in [1, 2), for normal a over 0. */
VF_INLINE vf vf_split(vf a, vf *exponent) {
  vf r;
  VF_EACH {
    uint32_t bits;
    memcpy(&bits, &a.lane[i], sizeof bits);
    exponent->lane[i] = (float)((int32_t)(bits >> 23) - 127);
    bits = (bits & 0x007FFFFFu) | 0x3F800000u;
    memcpy(&r.lane[i], &bits, sizeof bits);
  }
  return r;
}
/* The sum of the lanes, by halves: (i) + (i + 8), then + 4, + 2, + 1. The same order on every instruction set. */
VF_INLINE float vf_sum(vf a) {
  for (int half = 8; half > 0; half /= 2)
    for (int i = 0; i < half; i++) a.lane[i] += a.lane[i + half];
  return a.lane[0];
}
/* rows[i][j] <-> rows[j][i] */
VF_INLINE void vf_transpose(vf rows[16]) {
  for (int i = 0; i < 16; i++)
    for (int j = i + 1; j < 16; j++) {
      const float t = rows[i].lane[j];
      rows[i].lane[j] = rows[j].lane[i];
      rows[j].lane[i] = t;
    }
}

#undef VF_EACH
#endif
