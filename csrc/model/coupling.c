#include "model/coupling.h"

#include <string.h>

#include "core/error.h"
#include "core/random.h"
#include "core/scalar.h"
#include "model/regularizer.h"

static const vaei_regularizer_kind *const kinds[] = {
    [VAE_REGULARIZER_TC] = &vaei_regularizer_tc,
    [VAE_REGULARIZER_DIP_I] = &vaei_regularizer_dip,
    [VAE_REGULARIZER_DIP_II] = &vaei_regularizer_dip,
    [VAE_REGULARIZER_MMD_RBF] = &vaei_regularizer_mmd,
    [VAE_REGULARIZER_MMD_IMQ] = &vaei_regularizer_mmd,
    [VAE_REGULARIZER_SLICED_WASSERSTEIN] = &vaei_regularizer_wasserstein,
};

const vaei_regularizer_kind *vaei_regularizer_of(const vae_objective *objective) {
  return kinds[objective->regularizer];
}

bool vaei_objective_couples(const vae_objective *o) {
  return o->free_bits > 0 || o->capacity_weight > 0 || o->regularizer != VAE_REGULARIZER_NONE;
}

/* Plans the blocks while the arena is closed, takes them once it is open. */
static void lay_out(vaei_coupling *c) {
  const size_t n = c->most, latents = c->latents;
  vaei_arena *arena = &c->arena;
  c->row = (n + VAEI_VECTOR - 1) / VAEI_VECTOR * VAEI_VECTOR;
  c->z_row = (latents + VAEI_VECTOR - 1) / VAEI_VECTOR * VAEI_VECTOR;
  c->mean = vaei_arena_take(arena, latents * c->row, sizeof(float));
  c->logvar = vaei_arena_take(arena, latents * c->row, sizeof(float));
  c->by_latent = vaei_arena_take(arena, latents * c->row, sizeof(float));
  c->noise = vaei_arena_take(arena, n * c->z_row, sizeof(float));
  c->z = vaei_arena_take(arena, n * c->z_row, sizeof(float));
  c->row_value = vaei_arena_take(arena, n, sizeof(double));
  c->latent_kl = vaei_arena_take(arena, latents, sizeof(double));
  if (c->gradients) {
    c->dz = vaei_arena_take(arena, n * c->z_row, sizeof(float));
    c->dq = vaei_arena_take(arena, 2 * n * c->z_row, sizeof(float));
  }
  const vaei_regularizer_kind *kind = vaei_regularizer_of(&c->objective);
  if (kind) kind->lay_out(c);
}

/* Whether there is memory already; the two of a pair need the same. */
static bool holds(const vaei_coupling *c, uint32_t rows, const vae_objective *objective) {
  if (!c->arena.memory || c->most < rows) return false;
  const vaei_regularizer_kind *kind = vaei_regularizer_of(objective);
  return !kind || (kind == kinds[c->regularizer] && vaei_projections_of(objective) <= c->projections);
}

vae_status vaei_coupling_fit(vaei_coupling *c, const vaei_kernels *kernels, const vae_allocator *allocator,
                             uint32_t latents, uint32_t rows, const vae_objective *objective, bool gradients,
                             vae_error *err) {
  if (!vaei_objective_couples(objective) || holds(c, rows, objective)) return VAE_OK;
  vaei_coupling wider = {.kernels = kernels,
                         .latents = latents,
                         .most = c->most > rows ? c->most : rows,
                         .gradients = gradients,
                         .regularizer = objective->regularizer,
                         .projections = vaei_projections_of(objective),
                         .objective = *objective};
  vaei_arena_init(&wider.arena, allocator);
  lay_out(&wider);
  const vae_status status = vaei_arena_open(&wider.arena, "what couples a batch", err);
  if (status != VAE_OK) return status;
  lay_out(&wider);
  vaei_coupling_close(c);
  *c = wider;
  return VAE_OK;
}

void vaei_coupling_close(vaei_coupling *c) {
  if (c->arena.memory) vaei_arena_close(&c->arena);
  *c = (vaei_coupling){0};
}

void vaei_coupling_begin(vaei_coupling *c, const vae_objective *objective) {
  c->objective = *objective;
  c->all_rows = 0;
  c->kl = c->regularization = c->penalty = 0;
  memset(c->latent_kl, 0, c->latents * sizeof *c->latent_kl);
}

/* Zeros between a matrix's last row and the next vector: what kernels read there must be finite. */
static void clear_padding(const vaei_coupling *c, float *matrix, size_t latents) {
  const size_t padding = vaei_coupling_padded(c) - c->rows;
  for (size_t k = 0; matrix && k < latents; k++) memset(matrix + k * c->row + c->rows, 0, padding * sizeof(float));
}

void vaei_coupling_begin_block(vaei_coupling *c, uint32_t rows, const vaei_stream *stream, uint64_t first_number) {
  c->rows = rows;
  c->stream = *stream;
  c->first_number = first_number;
  clear_padding(c, c->mean, c->latents);
  clear_padding(c, c->logvar, c->latents);
  clear_padding(c, c->by_latent, c->latents);
  clear_padding(c, c->prior_by_latent, c->latents);
  clear_padding(c, c->log_sum, (size_t)c->latents + 1);
}

void vaei_coupling_take(vaei_coupling *c, vaei_member member, const vaei_posterior_rows *from, uint32_t first,
                        uint32_t count, const float *noise) {
  const size_t latents = c->latents;
  const vaei_range share = vaei_team_share(member, count);
  const vaei_draws draws = {.example = c->first_number + first, .samples = 1};
  if (!noise)
    c->kernels->normals(&c->stream, &draws, share.begin, share.end, latents, c->noise + first * c->z_row, c->z_row);
  for (size_t i = share.begin; i < share.end; i++) {
    const size_t to = first + i;
    const float *mean = from->q + i * from->q_row, *logvar = mean + latents;
    float *eps = c->noise + to * c->z_row, *z = c->z + to * c->z_row;
    if (noise) memcpy(eps, noise + to * latents, latents * sizeof *eps);
    c->kernels->normal_draw(latents, mean, logvar, from->deviation + i * from->deviation_row, eps, z);
    c->row_value[to] = from->kl[i]; /* until it is added up */
    for (size_t k = 0; k < latents; k++) {
      c->mean[k * c->row + to] = mean[k];
      c->logvar[k * c->row + to] = logvar[k];
      c->by_latent[k * c->row + to] = z[k];
    }
    if (!c->gradients) continue;
    memset(vaei_coupling_dz(c, to), 0, c->z_row * sizeof(float));
    memset(vaei_coupling_dmean(c, to), 0, 2 * c->z_row * sizeof(float));
  }
}

/* Each latent's KL(q, N(0, 1)), summed over the rows. */
static void add_latent_kl(vaei_coupling *c, vaei_member member) {
  const vaei_range share = vaei_team_share(member, c->latents);
  for (size_t k = share.begin; k < share.end; k++)
    for (size_t i = 0; i < c->rows; i++) {
      const double mean = c->mean[k * c->row + i], logvar = c->logvar[k * c->row + i];
      c->latent_kl[k] += 0.5 * (mean * mean + vaei_exp(logvar) - 1.0 - logvar);
    }
}

double vaei_regularizer_sum_rows(const vaei_coupling *c) {
  double sum = 0;
  for (size_t i = 0; i < c->rows; i++) sum += c->row_value[i];
  return sum;
}

void vaei_coupling_add_block(vaei_coupling *c, vaei_member member) {
  const vaei_regularizer_kind *kind = c->rows > 1 ? vaei_regularizer_of(&c->objective) : NULL;
  vaei_team_barrier(member);
  if (c->objective.free_bits > 0) add_latent_kl(c, member);
  if (member.rank == 0) {
    c->all_rows += c->rows;
    for (size_t i = 0; i < c->rows; i++) c->kl += c->row_value[i];
  }
  vaei_team_barrier(member);
  if (kind) {
    kind->run(c, member);
    vaei_team_barrier(member);
    if (member.rank == 0) c->regularization += kind->value(c) * c->rows;
    vaei_team_barrier(member);
  }
}

/* Free bits: Kingma et al. 2016, eq. 15, beta (sum over latents of max(lambda, KL) - KL). Capacity: Burgess et al. 2018, eq. 8. */
void vaei_coupling_conclude(vaei_coupling *c) {
  const vae_objective *o = &c->objective;
  const double n = (double)c->all_rows, distance = c->kl / n - o->capacity;
  double missing = 0;
  for (uint32_t k = 0; o->free_bits > 0 && k < c->latents; k++) {
    const double kl = c->latent_kl[k] / n;
    if (kl < o->free_bits) missing += o->free_bits - kl;
  }
  c->penalty = o->beta * missing + c->regularization / n;
  double weight = o->free_bits > 0 ? 0 : o->beta; /* with free bits beta's share is in dq */
  if (o->capacity_weight > 0) {
    c->penalty += o->capacity_weight * (distance < 0 ? -distance : distance);
    weight += distance > 0 ? o->capacity_weight : distance < 0 ? -o->capacity_weight : 0;
  }
  c->kl_weight = (float)(weight / n);
}

/* beta / n d KL of the latents whose KL is over the free bits. */
static void add_free_bits(const vaei_coupling *c, size_t i) {
  const double n = (double)c->all_rows, weight = c->objective.beta / n;
  float *dmean = vaei_coupling_dmean(c, i), *dlogvar = vaei_coupling_dlogvar(c, i);
  for (size_t k = 0; k < c->latents; k++) {
    if (!(c->latent_kl[k] / n > c->objective.free_bits)) continue;
    dmean[k] += (float)(weight * c->mean[k * c->row + i]);
    dlogvar[k] += (float)(weight * 0.5 * (vaei_exp(c->logvar[k * c->row + i]) - 1.0));
  }
}

/* z = mean + deviation noise: d R / d z passes to the mean as it is, and times (z - mean) / 2 to logvar. */
void vaei_coupling_gradients(vaei_coupling *c, vaei_member member) {
  const vaei_range share = vaei_team_share(member, c->rows);
  for (size_t i = share.begin; i < share.end; i++) {
    const float *dz = vaei_coupling_dz(c, i), *z = c->z + i * c->z_row;
    float *dmean = vaei_coupling_dmean(c, i), *dlogvar = vaei_coupling_dlogvar(c, i);
    for (size_t k = 0; k < c->latents; k++) {
      dmean[k] += dz[k];
      dlogvar[k] += 0.5f * dz[k] * (z[k] - c->mean[k * c->row + i]);
    }
    if (c->objective.free_bits > 0) add_free_bits(c, i);
  }
}

void vaei_regularizer_draw_prior(vaei_coupling *c, vaei_member member) {
  const vaei_range share = vaei_team_share(member, c->rows);
  const vaei_draws draws = {.example = c->first_number, .samples = 1};
  vaei_stream stream = c->stream;
  stream.stream += VAEI_STREAM_PRIOR;
  c->kernels->normals(&stream, &draws, share.begin, share.end, c->latents, c->prior, c->z_row);
  for (size_t i = share.begin; i < share.end; i++)
    for (size_t k = 0; k < c->latents; k++) c->prior_by_latent[k * c->row + i] = c->prior[i * c->z_row + k];
}
