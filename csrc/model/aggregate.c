#include "model/aggregate.h"

#include "core/random.h"
#include "core/scalar.h"

/* Densities that are added up at a time. */
enum { BLOCK = 256 };

static const double log_two_pi = 1.8378770664093454836;

static size_t batch_begin(const vaei_aggregate *a, size_t index) {
  return (size_t)((uint64_t)a->x->rows * index / a->batches);
}

/* q and a draw of the pass's examples, which are rows `at` … of the batch. */
static void take_rows(vaei_aggregate *a, vaei_member member, size_t at) {
  const vaei_pass *pass = a->pass;
  const size_t latents = pass->model->config.latent_dim;
  const vaei_activations *head = &pass->layers[pass->model->head];
  const vaei_range share = vaei_team_share(member, pass->rows);
  for (size_t i = share.begin; i < share.end; i++) {
    const float *mean = head->y + i * head->row, *logvar = mean + latents;
    double sum = 0;
    for (size_t k = 0; k < latents; k++) {
      a->mean[k * a->most + at + i] = mean[k];
      a->precision[k * a->most + at + i] = vaei_exp(-(double)logvar[k]);
      a->z[(at + i) * latents + k] = pass->z[i * pass->z_row + k];
      sum += logvar[k] + log_two_pi;
    }
    a->constant[at + i] = -0.5 * sum;
  }
}

/* Encodes a batch, as many rows at a time as the pass holds. */
static void encode_batch(vaei_aggregate *a, vaei_member member, size_t begin, size_t end) {
  vaei_pass *pass = a->pass;
  for (size_t first = begin; first < end; first += a->chunk) {
    const size_t left = end - first;
    const vaei_source source = {.data = a->x, .order = a->order + first};
    vaei_team_barrier(member);
    if (member.rank == 0) vaei_pass_begin(pass, (uint32_t)(left < a->chunk ? left : a->chunk), &a->objective);
    vaei_team_barrier(member);
    vaei_pass_gather(pass, member, &source, NULL, &a->bad_row);
    vaei_pass_encode(pass, member);
    vaei_pass_draw_noise(pass, member, &a->stream, first);
    vaei_pass_latent(pass, member);
    vaei_team_barrier(member); /* a crew of one has met nobody yet */
    take_rows(a, member, first - begin);
  }
  vaei_team_barrier(member);
}

/* log q(z|x_j) of `count` neighbours from row `first` of the batch. */
static void densities(const vaei_aggregate *a, const float *z, size_t first, size_t count, double *out) {
  const size_t latents = a->pass->model->config.latent_dim;
  double sum[BLOCK] = {0};
  for (size_t k = 0; k < latents; k++) {
    const double *mean = a->mean + k * a->most + first, *precision = a->precision + k * a->most + first, at = z[k];
    for (size_t j = 0; j < count; j++) sum[j] += (at - mean[j]) * (at - mean[j]) * precision[j];
  }
  for (size_t j = 0; j < count; j++) out[j] = a->constant[first + j] - 0.5 * sum[j];
}

/* log q(z|x) - log q(z) of row i's draw; q(z) is the mean over the batch's rows. */
static double information_of(const vaei_aggregate *a, size_t i, size_t rows) {
  const float *z = a->z + i * a->pass->model->config.latent_dim;
  double largest = -__builtin_inf(), sum = 0, own = 0;
  for (size_t first = 0; first < rows; first += BLOCK) {
    const size_t count = rows - first < BLOCK ? rows - first : BLOCK;
    double log_q[BLOCK], most = largest;
    densities(a, z, first, count, log_q);
    for (size_t j = 0; j < count; j++) most = log_q[j] > most ? log_q[j] : most;
    if (most > largest) sum *= vaei_exp(largest - most), largest = most;
    for (size_t j = 0; j < count; j++) sum += vaei_exp(log_q[j] - largest);
    if (i >= first && i < first + count) own = log_q[i - first];
  }
  return own - (largest + vaei_log(sum / (double)rows));
}

static void run_batches(vaei_member member, void *context) {
  vaei_aggregate *a = context;
  for (size_t batch = 0; batch < a->batches; batch++) {
    const size_t begin = batch_begin(a, batch), end = batch_begin(a, batch + 1), rows = end - begin;
    encode_batch(a, member, begin, end);
    const vaei_range share = vaei_team_share(member, rows);
    for (size_t i = share.begin; i < share.end; i++) a->own[i] = information_of(a, i, rows);
    vaei_team_barrier(member);
    for (size_t i = 0; member.rank == 0 && i < rows; i++) a->sum += a->own[i];
  }
}

/* Plans the blocks while the arena is closed, takes them once it is open. */
static void lay_out(vaei_aggregate *a, size_t latents) {
  vaei_arena *arena = &a->arena;
  const size_t wide = latents * a->most; /* at most 2^56: rows are below 2^32 and latents at most 2^24 */
  a->order = vaei_arena_take(arena, a->x->rows, sizeof *a->order);
  a->mean = vaei_arena_take(arena, wide, sizeof(double));
  a->precision = vaei_arena_take(arena, wide, sizeof(double));
  a->constant = vaei_arena_take(arena, a->most, sizeof(double));
  a->z = vaei_arena_take(arena, wide, sizeof(float));
  a->own = vaei_arena_take(arena, a->most, sizeof(double));
}

vae_status vaei_aggregate_open(vaei_aggregate *a, vae_workspace *w, const vae_model *model, const vae_data *x,
                               uint64_t seed, uint32_t most_rows, vae_error *err) {
  const size_t batches = (x->rows + most_rows - 1) / most_rows;
  *a = (vaei_aggregate){.pass = &w->pass,
                        .x = x,
                        .stream = {.seed = seed, .stream = VAEI_STREAM_AGGREGATE},
                        .threads = w->threads,
                        .chunk = w->max_rows,
                        .batches = batches,
                        .most = (x->rows + batches - 1) / batches};
  vae_objective_init(&a->objective);
  atomic_store(&a->bad_row, SIZE_MAX);
  vaei_arena_init(&a->arena, &w->allocator);
  lay_out(a, model->config.latent_dim);
  const vae_status status = vaei_arena_open(&a->arena, "the aggregate posterior", err);
  if (status == VAE_OK) lay_out(a, model->config.latent_dim);
  return status;
}

void vaei_aggregate_close(vaei_aggregate *a) { vaei_arena_close(&a->arena); }

double vaei_aggregate_information(vaei_aggregate *a) {
  a->sum = 0;
  vaei_shuffle(a->stream.seed, 0, a->order, a->x->rows);
  vaei_team_run(vaei_pass_team(a->pass, a->x->rows, a->threads, true), run_batches, a);
  return a->sum / (double)a->x->rows;
}
