/* Standard normal draws as a pure function of counters: Philox4x32-10 (Salmon et al., SC 2011) and Box & Muller 1958.
 *
 * Counter words: block number (low 32 bits), example, step (low 32 bits), stream (8 bits) step (bits 32 to 43) block
 * number (bits 32 to 43); key: the seed. Block b of an example gives its normals 4 b to 4 b + 3: two from words 0 and 1, two from words 2 and 3.
 * Sample k of a draw of `count` normals begins at block k * ceil(count / 4).
 *
 * Everything here is exact integer arithmetic or single multiplications and additions (never a fused one), so that
 * every instruction set gives the same bits. Sixteen blocks are worked on at a time, whatever examples they belong to. */

#define VAEI_LANE for (int lane = 0; lane < 16; lane++)

VF_INLINE void philox_blocks(uint32_t word[4][16], uint64_t seed) {
  uint32_t key0 = (uint32_t)seed, key1 = (uint32_t)(seed >> 32);
  for (int round = 0; round < 10; round++) {
    VAEI_LANE {
      const uint64_t first = 0xD2511F53ull * word[0][lane], second = 0xCD9E8D57ull * word[2][lane];
      const uint32_t w1 = word[1][lane], w3 = word[3][lane];
      word[0][lane] = (uint32_t)(second >> 32) ^ w1 ^ key0;
      word[1][lane] = (uint32_t)second;
      word[2][lane] = (uint32_t)(first >> 32) ^ w3 ^ key1;
      word[3][lane] = (uint32_t)first;
    }
    key0 += 0x9E3779B9u;
    key1 += 0xBB67AE85u;
  }
}

VF_INLINE vf plain_horner(vf p, vf x, float c) { return vf_add(vf_mul(p, x), vf_set(c)); }

/* log(u) for u in (0, 1]: u = 2^e m with m in [1, 2), log m = 2 artanh((m - 1) / (m + 1)), s <= 1/3. Accurate near
 * u = 1, where e = 0 and m - 1 is exact. */
VF_INLINE vf plain_log(vf u) {
  vf e = vf_set(0.0f);
  const vf m = vf_split(u, &e), one = vf_set(1.0f);
  const vf s = vf_div(vf_sub(m, one), vf_add(m, one)), s2 = vf_mul(s, s);
  vf p = vf_set(2.0f / 15.0f);
  p = plain_horner(p, s2, 2.0f / 13.0f);
  p = plain_horner(p, s2, 2.0f / 11.0f);
  p = plain_horner(p, s2, 2.0f / 9.0f);
  p = plain_horner(p, s2, 2.0f / 7.0f);
  p = plain_horner(p, s2, 2.0f / 5.0f);
  p = plain_horner(p, s2, 2.0f / 3.0f);
  p = plain_horner(p, s2, 2.0f);
  return vf_add(vf_mul(e, vf_set(0.693147180559945f)), vf_mul(s, p));
}

/* cos and sin of 2 pi u for u in [0, 1): u = q / 4 + t with whole q and |t| <= 1/8; Taylor's series at t, turned by
 * q quarters. */
VF_INLINE void plain_cos_sin(vf u, vf *cosine, vf *sine) {
  const vf q = vf_round(vf_mul(u, vf_set(4.0f)));
  const vf t = vf_mul(vf_sub(u, vf_mul(q, vf_set(0.25f))), vf_set(6.28318530717958648f)), t2 = vf_mul(t, t);
  vf c = vf_set(1.0f / 40320.0f);
  c = plain_horner(c, t2, -1.0f / 720.0f);
  c = plain_horner(c, t2, 1.0f / 24.0f);
  c = plain_horner(c, t2, -0.5f);
  c = plain_horner(c, t2, 1.0f);
  vf s = vf_set(-1.0f / 5040.0f);
  s = plain_horner(s, t2, 1.0f / 120.0f);
  s = plain_horner(s, t2, -1.0f / 6.0f);
  s = plain_horner(s, t2, 1.0f);
  s = vf_mul(s, t);
  /* q: 0 and 4 (c, s), 1 (-s, c), 2 (-c, -s), 3 (s, -c) */
  const vf one = vf_set(1.0f), zero = vf_set(0.0f);
  const vf odd = vf_sub(q, vf_mul(vf_set(2.0f), vf_round(vf_sub(vf_mul(q, vf_set(0.5f)), vf_set(0.25f)))));
  const vmask swap = vf_less(zero, odd);
  const vf x = vf_select(swap, s, c), y = vf_select(swap, c, s);
  const vmask cosine_negative = vf_less(vf_abs(vf_sub(q, vf_set(1.5f))), one); /* q = 1 or 2 */
  const vmask sine_negative = vf_less(vf_abs(vf_sub(q, vf_set(2.5f))), one);   /* q = 2 or 3 */
  *cosine = vf_select(cosine_negative, vf_sub(zero, x), x);
  *sine = vf_select(sine_negative, vf_sub(zero, y), y);
}

/* Two normals a lane from two words a lane: sqrt(-2 log u1) (cos, sin)(2 pi u2), u1 in (0, 1], u2 in [0, 1). */
VF_INLINE void box_muller(const uint32_t first[16], const uint32_t second[16], float cosines[16], float sines[16]) {
  float u1[16], u2[16];
  VAEI_LANE {
    u1[lane] = ((float)(int32_t)(first[lane] >> 8) + 1.0f) * 0x1p-24f;
    u2[lane] = (float)(int32_t)(second[lane] >> 8) * 0x1p-24f;
  }
  vf c, s;
  plain_cos_sin(vf_load(u2), &c, &s);
  const vf radius = vf_sqrt(vf_mul(vf_set(-2.0f), plain_log(vf_load(u1))));
  vf_store(cosines, vf_mul(radius, c));
  vf_store(sines, vf_mul(radius, s));
}

static void normals(const vaei_stream *stream, const vaei_draws *draws, size_t begin, size_t end, size_t count,
                    float *out, size_t out_row) {
  const size_t blocks = (count + 3) / 4;
  size_t row = begin, block = 0;
  uint64_t example = draws->example + begin / draws->samples;
  uint32_t sample = (uint32_t)(begin % draws->samples);
  while (row < end && blocks) {
    uint32_t word[4][16];
    size_t lane_row[16], lane_block[16];
    float normal[4][16];
    int lanes = 0;
    VAEI_LANE {
      lane_row[lane] = row;
      lane_block[lane] = block;
      const uint64_t number = (uint64_t)(draws->sample + sample) * blocks + block;
      word[0][lane] = (uint32_t)number;
      word[1][lane] = (uint32_t)example;
      word[2][lane] = (uint32_t)stream->step;
      word[3][lane] =
          stream->stream << 24 | (uint32_t)(stream->step >> 32 & 0xFFF) << 12 | (uint32_t)(number >> 32 & 0xFFF);
      if (row == end) continue;
      lanes++;
      if (++block < blocks) continue;
      block = 0;
      row++;
      if (++sample == draws->samples) sample = 0, example++;
    }
    philox_blocks(word, stream->seed);
    box_muller(word[0], word[1], normal[0], normal[1]);
    box_muller(word[2], word[3], normal[2], normal[3]);
    for (int lane = 0; lane < lanes; lane++) {
      float *to = out + lane_row[lane] * out_row + 4 * lane_block[lane];
      const size_t left = count - 4 * lane_block[lane];
      if (left >= 4) {
        for (size_t i = 0; i < 4; i++) to[i] = normal[i][lane];
      } else {
        for (size_t i = 0; i < left; i++) to[i] = normal[i][lane];
      }
    }
  }
}

/* Block b of an example has the uniform numbers 4 b to 4 b + 3: a word each, its upper 24 bits. */
static void binarize(const vaei_stream *stream, uint64_t example, size_t count, float *x) {
  for (size_t first = 0; first < count; first += 64) {
    uint32_t word[4][16];
    VAEI_LANE {
      const uint64_t number = first / 4 + (size_t)lane;
      word[0][lane] = (uint32_t)number;
      word[1][lane] = (uint32_t)example;
      word[2][lane] = (uint32_t)stream->step;
      word[3][lane] =
          stream->stream << 24 | (uint32_t)(stream->step >> 32 & 0xFFF) << 12 | (uint32_t)(number >> 32 & 0xFFF);
    }
    philox_blocks(word, stream->seed);
    const size_t left = count - first < 64 ? count - first : 64;
    for (size_t i = 0; i < left; i++) {
      const float uniform = (float)(int32_t)(word[i % 4][i / 4] >> 8) * 0x1p-24f;
      x[first + i] = uniform < x[first + i] ? 1.0f : 0.0f;
    }
  }
}

/* As binarize, sample k of an example beginning at block k * blocks. */
static void dropout(const vaei_dropout *d, size_t begin, size_t end, size_t first, size_t count, float *y,
                    size_t y_row) {
  const size_t blocks = count / 4, all = (end - begin) * blocks;
  const uint32_t samples = d->draws.samples;
  size_t row = begin, block = 0;
  for (size_t at = 0; at < all; at += 16) {
    uint32_t word[4][16];
    float *to[16];
    VAEI_LANE {
      const uint64_t number = (d->draws.sample + row % samples) * d->blocks + first / 4 + block;
      word[0][lane] = (uint32_t)number;
      word[1][lane] = (uint32_t)(d->draws.example + row / samples);
      word[2][lane] = (uint32_t)d->stream.step;
      word[3][lane] =
          d->stream.stream << 24 | (uint32_t)(d->stream.step >> 32 & 0xFFF) << 12 | (uint32_t)(number >> 32 & 0xFFF);
      to[lane] = y + (row - begin) * y_row + 4 * block;
      if (at + (size_t)lane + 1 >= all) continue;
      if (++block < blocks) continue;
      block = 0;
      row++;
    }
    philox_blocks(word, d->stream.seed);
    const int lanes = all - at < 16 ? (int)(all - at) : 16;
    for (int lane = 0; lane < lanes; lane++)
      for (int i = 0; i < 4; i++) {
        const float uniform = (float)(int32_t)(word[i][lane] >> 8) * 0x1p-24f;
        to[lane][i] = uniform < d->rate ? 0.0f : d->scale * to[lane][i];
      }
  }
}

#undef VAEI_LANE
