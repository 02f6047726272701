/* The sliced Wasserstein distance between the batch's z and as many draws p from the prior (Kolouri, Pope, Martin & Rohde 2019,
 * eq. 12): with L directions u on the unit sphere, R is the weight times
 *   1/L sum_u 1/n sum_r ( (u z)_(r) - (u p)_(r) )^2,
 * (r) the r-th smallest over the batch. Equal projections keep the order of their rows. A direction is Z normals over their
 * norm, drawn anew in every step. */
#include <string.h>

#include "core/random.h"
#include "core/scalar.h"
#include "model/regularizer.h"

enum { AT_ONCE = 32 /* directions between two barriers */ };

static void lay_out(vaei_coupling *c) {
  const size_t n = c->most;
  c->prior = vaei_arena_take(&c->arena, n * c->z_row, sizeof(float));
  c->prior_by_latent = vaei_arena_take(&c->arena, c->latents * c->row, sizeof(float));
  c->direction = vaei_arena_take(&c->arena, AT_ONCE * c->z_row, sizeof(float));
  c->along = vaei_arena_take(&c->arena, AT_ONCE * n, sizeof(float));
  c->keys = vaei_arena_take(&c->arena, 3 * AT_ONCE * n, sizeof *c->keys);
  c->distance = vaei_arena_take(&c->arena, c->projections, sizeof *c->distance);
}

/* A float and a row's number in one number, in the order of both. */
static uint64_t key_of(float value, size_t row) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  bits ^= bits >> 31 ? 0xFFFFFFFFu : 0x80000000u;
  return (uint64_t)bits << 32 | (uint32_t)row;
}

static float value_of(uint64_t key) {
  uint32_t bits = (uint32_t)(key >> 32);
  bits ^= bits >> 31 ? 0x80000000u : 0xFFFFFFFFu;
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

/* Sorts by the values, byte by byte from the lowest; each pass keeps the order of equal ones. Four passes: it ends in `keys`. */
static void sort(uint64_t *keys, uint64_t *room, size_t count) {
  for (unsigned shift = 32; shift < 64; shift += 8) {
    size_t begin[257] = {0};
    for (size_t i = 0; i < count; i++) begin[(keys[i] >> shift & 255) + 1]++;
    for (size_t digit = 0; digit < 256; digit++) begin[digit + 1] += begin[digit];
    for (size_t i = 0; i < count; i++) room[begin[keys[i] >> shift & 255]++] = keys[i];
    uint64_t *other = keys;
    keys = room;
    room = other;
  }
}

static void draw_direction(const vaei_coupling *c, uint32_t number, float *u) {
  const vaei_draws draws = {.example = number, .samples = 1};
  vaei_stream stream = c->stream;
  stream.stream += VAEI_STREAM_DIRECTIONS;
  c->kernels->normals(&stream, &draws, 0, 1, c->latents, u, c->z_row);
  double squares = 0;
  for (size_t k = 0; k < c->latents; k++) squares += (double)u[k] * (double)u[k];
  const double scale = squares > 0 ? 1.0 / vaei_sqrt(squares) : 0;
  for (size_t k = 0; k < c->latents; k++) u[k] = (float)(u[k] * scale);
}

/* Rows projected on u, sorted. */
static void project(const vaei_coupling *c, const float *u, const float *rows, uint64_t *keys, uint64_t *room) {
  for (size_t i = 0; i < c->rows; i++) {
    double sum = 0;
    for (size_t k = 0; k < c->latents; k++) sum += (double)u[k] * (double)rows[i * c->z_row + k];
    keys[i] = key_of((float)sum, i);
  }
  sort(keys, room, c->rows);
}

/* Direction `number`: the mean squared distance, and of each row its slope by the projection, without 2 / (L n). */
static void run_direction(vaei_coupling *c, uint32_t number) {
  const size_t place = number % AT_ONCE;
  uint64_t *of_z = c->keys + 3 * place * c->most, *of_prior = of_z + c->most, *room = of_prior + c->most;
  float *u = c->direction + place * c->z_row, *along = c->along + place * c->most;
  draw_direction(c, number, u);
  project(c, u, c->z, of_z, room);
  project(c, u, c->prior, of_prior, room);
  double sum = 0;
  for (size_t r = 0; r < c->rows; r++) {
    const double distance = (double)value_of(of_z[r]) - (double)value_of(of_prior[r]);
    sum += distance * distance;
    along[(uint32_t)of_z[r]] = (float)distance;
  }
  c->distance[number] = sum / c->rows;
}

static void run(vaei_coupling *c, vaei_member member) {
  const uint32_t projections = vaei_projections_of(&c->objective);
  const float slope = (float)(2.0 * c->objective.regularizer_weight / projections / c->rows);
  const vaei_range rows = vaei_team_share(member, c->rows);
  vaei_regularizer_draw_prior(c, member);
  for (uint32_t first = 0; first < projections; first += AT_ONCE) {
    const uint32_t count = projections - first < AT_ONCE ? projections - first : AT_ONCE;
    const vaei_range share = vaei_team_share(member, count);
    vaei_team_barrier(member);
    for (size_t i = share.begin; i < share.end; i++) run_direction(c, first + (uint32_t)i);
    vaei_team_barrier(member);
    for (size_t i = rows.begin; c->gradients && i < rows.end; i++)
      for (size_t d = 0; d < count; d++)
        for (size_t k = 0; k < c->latents; k++)
          vaei_coupling_dz(c, i)[k] += slope * c->along[d * c->most + i] * c->direction[d * c->z_row + k];
  }
}

static double value(const vaei_coupling *c) {
  const uint32_t projections = vaei_projections_of(&c->objective);
  double sum = 0;
  for (uint32_t i = 0; i < projections; i++) sum += c->distance[i];
  return c->objective.regularizer_weight * sum / projections;
}

const vaei_regularizer_kind vaei_regularizer_wasserstein = {lay_out, run, value};
