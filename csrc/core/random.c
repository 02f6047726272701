#include "core/random.h"

void vaei_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t word[4]) {
  uint32_t w0 = counter[0], w1 = counter[1], w2 = counter[2], w3 = counter[3], key0 = key[0], key1 = key[1];
  for (int round = 0; round < 10; round++) {
    const uint64_t first = 0xD2511F53ull * w0, second = 0xCD9E8D57ull * w2;
    const uint32_t next0 = (uint32_t)(second >> 32) ^ w1 ^ key0, next2 = (uint32_t)(first >> 32) ^ w3 ^ key1;
    w1 = (uint32_t)second;
    w3 = (uint32_t)first;
    w0 = next0;
    w2 = next2;
    key0 += 0x9E3779B9u;
    key1 += 0xBB67AE85u;
  }
  word[0] = w0;
  word[1] = w1;
  word[2] = w2;
  word[3] = w3;
}

float vaei_uniform(uint64_t seed, uint32_t stream, uint32_t example, uint64_t index) {
  const uint64_t block = index / 4;
  const uint32_t key[2] = {(uint32_t)seed, (uint32_t)(seed >> 32)};
  const uint32_t counter[4] = {(uint32_t)block, example, (uint32_t)(block >> 32), stream << 24};
  uint32_t word[4];
  vaei_philox(counter, key, word);
  return (float)(word[index % 4] >> 8) * 0x1p-24f;
}

/* A whole number in [0, bound) from 64 random bits: the high word of their product. The bias is below bound / 2^64. */
static uint32_t bounded(uint64_t random, uint32_t bound) {
  const uint64_t low = (random & 0xFFFFFFFFu) * bound, high = (random >> 32) * bound;
  return (uint32_t)((high + (low >> 32)) >> 32);
}

void vaei_shuffle(uint64_t seed, uint64_t epoch, uint32_t *order, size_t count) {
  const uint32_t key[2] = {(uint32_t)seed, (uint32_t)(seed >> 32)};
  for (size_t i = 0; i < count; i++) order[i] = (uint32_t)i;
  uint32_t word[4];
  for (size_t i = count; i > 1; i--) { /* draws count down: draw 2 j and 2 j + 1 share a Philox block */
    const size_t draw = count - i;
    if (draw % 2 == 0) {
      const uint32_t counter[4] = {(uint32_t)(draw / 2), 0, (uint32_t)epoch,
                                   VAEI_STREAM_SHUFFLE << 24 | (uint32_t)(epoch >> 32 & 0xFFFFFF)};
      vaei_philox(counter, key, word);
    }
    const uint64_t random = (uint64_t)word[draw % 2 * 2] << 32 | word[draw % 2 * 2 + 1];
    const uint32_t j = bounded(random, (uint32_t)i), other = order[j];
    order[j] = order[i - 1];
    order[i - 1] = other;
  }
}
