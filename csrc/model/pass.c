/* The memory of a pass, and how a batch comes in and its sums go out. */
#include "model/pass.h"

#include <string.h>

#include "core/error.h"
#include "core/scalar.h"
#include "model/condition.h"
#include "model/crew.h"
#include "model/likelihood.h"
#include "model/mixed.h"
#include "model/prior.h"
#include "model/update.h"

/* The distance between rows of n floats: whole vectors, an odd number of them. */
static size_t row_stride(size_t n) {
  const size_t vectors = (n + VAEI_VECTOR - 1) / VAEI_VECTOR;
  return (vectors | 1) * VAEI_VECTOR;
}

static bool needs_slope(vae_activation activation) {
  return activation == VAE_ACTIVATION_SILU || activation == VAE_ACTIVATION_GELU;
}

/* The distance between rows of inputs in bytes, an odd number of cache lines; 0 where no layer has weights in bytes. */
static size_t bytes_stride(const vae_model *model) {
  size_t most = 0;
  for (uint32_t l = 0; model->narrow_layers && l < model->dense_count; l++)
    if (model->narrow_layers[l].precision == VAE_PRECISION_INT8 && model->dense[l].inputs > most)
      most = model->dense[l].inputs;
  return most ? ((most + VAEI_LINE - 1) / VAEI_LINE | 1) * VAEI_LINE : 0;
}

/* Floats of the tables at the end of the block whose gradients the prior computes. */
static size_t own_size(const vae_model *model) {
  size_t floats = 0;
  for (uint32_t l = model->output_end; l < model->dense_count; l++)
    if (model->dense[l].kind == VAEI_LAYER_OWN) floats += model->dense[l].size;
  return floats;
}

/* Floats of each half of the largest dx that comes from two. */
static size_t half_size(const vaei_pass *p) {
  size_t floats = 0;
  for (uint32_t l = 1; l < p->model->dense_count; l++) {
    const size_t size = vaei_pass_most_rows(p, l) * row_stride(p->model->dense[l].inputs);
    const bool halved = p->model->dense[l].source == VAEI_SOURCE_BELOW && vaei_pass_shares_columns(p, l);
    if (halved && size > floats) floats = size;
  }
  return floats;
}

/* Plans the blocks while the arena is closed, takes them once it is open. */
static void lay_out(vaei_pass *p) {
  const vae_model *model = p->model;
  const size_t n = p->size.rows, draws = p->max_draws;
  vaei_arena *arena = &p->arena;
  const size_t condition = model->config.condition_dim;
  p->x_row = row_stride(model->config.input_dim + condition);
  p->c_row = row_stride(condition);
  p->latent_row = row_stride(model->config.latent_dim);
  p->z_row = row_stride(model->config.latent_dim + condition);
  p->x = vaei_arena_take(arena, n * p->x_row, sizeof(float));
  if (condition) p->c = vaei_arena_take(arena, n * p->c_row, sizeof(float));
  p->noise = vaei_arena_take(arena, draws * p->latent_row, sizeof(float));
  p->z = vaei_arena_take(arena, draws * p->z_row, sizeof(float));
  p->deviation = vaei_arena_take(arena, n * p->latent_row, sizeof(float));
  p->inside = vaei_arena_take(arena, n * p->latent_row, sizeof(float));
  if (model->config.prior == VAE_PRIOR_CONDITIONAL) {
    float **values[] = {&p->given.inverse, &p->given.inside, &p->given.mean, &p->given.logvar, &p->given.deviation};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
      *values[i] = vaei_arena_take(arena, n * p->latent_row, sizeof(float));
  }
  p->tile_nll = vaei_arena_take(arena, draws * p->column_tiles, sizeof(double));
  p->nll = vaei_arena_take(arena, draws, sizeof(double));
  p->log_ratio = vaei_arena_take(arena, draws, sizeof(double));
  if (!p->prior->closed_form) p->divergence = vaei_arena_take(arena, draws, sizeof(double));
  p->row_weight = vaei_arena_take(arena, draws, sizeof(float));
  p->kl = vaei_arena_take(arena, n, sizeof(double));
  p->nll_total = vaei_arena_take(arena, n, sizeof(double));
  p->weight_max = vaei_arena_take(arena, n, sizeof(double));
  p->weight_sum = vaei_arena_take(arena, n, sizeof(double));
  p->weight_squares = vaei_arena_take(arena, n, sizeof(double));
  p->example_loss = vaei_arena_take(arena, n, sizeof(double));
  p->layers = vaei_arena_take(arena, model->dense_count, sizeof *p->layers);
  p->bytes_row = bytes_stride(model);
  if (p->bytes_row) {
    const size_t most = n > draws ? n : draws;
    p->bytes = vaei_arena_take(arena, most * p->bytes_row, 1);
    p->row_scale = vaei_arena_take(arena, most, sizeof *p->row_scale);
  }
  if (p->size.gradients) {
    p->dz = vaei_arena_take(arena, draws * p->latent_row, sizeof(float));
    if (!p->mixed.kernels && !p->size.encoder_only)
      p->transposed = vaei_arena_take(arena, model->transposed_size, sizeof(float));
    if (p->size.draws > draws) p->partial = vaei_arena_take(arena, model->block_size, sizeof(float));
    if (!p->size.encoder_only) p->tasks = vaei_arena_take(arena, p->task_count, sizeof *p->tasks);
    for (int half = 0; half < 2; half++) p->halves[half] = vaei_arena_take(arena, half_size(p), sizeof(float));
    if (!p->size.encoder_only) p->own = vaei_arena_take(arena, own_size(model), sizeof(float));
  }
  for (uint32_t l = 0; l < model->dense_count; l++) {
    const vaei_dense *layer = &model->dense[l];
    const bool hidden = layer->kind == VAEI_LAYER_HIDDEN, packed = p->mixed.kernels && hidden;
    const bool by_rows = layer->kind == VAEI_LAYER_OUTPUT && vaei_likelihood_takes_rows(&model->config);
    const size_t rows = vaei_pass_most_rows(p, l), row = row_stride(layer->units);
    vaei_activations a = {.row = row};
    if (layer->kind == VAEI_LAYER_HEAD || by_rows || (hidden && !packed))
      a.y = vaei_arena_take(arena, rows * row, sizeof(float));
    if (p->size.gradients && hidden && needs_slope(layer->activation))
      a.slope = vaei_arena_take(arena, rows * row, sizeof(float));
    if (p->size.gradients && !packed) a.dy = vaei_arena_take(arena, rows * row, sizeof(float));
    if (p->layers) p->layers[l] = a;
  }
  if (p->mixed.kernels) vaei_mixed_lay_out(p);
  if (p->prior->lay_out_pass && !p->size.encoder_only) p->prior->lay_out_pass(p);
}

/* The tiles of the products of float32, which are also those of narrow weights, or of bf16 operands. */
static vaei_limits product_limits(const vaei_kernels *kernels, const vaei_bf16_kernels *bf16) {
  if (bf16) return (vaei_limits){bf16->tile_rows, bf16->tile_panels, bf16->tile_panels, VAEI_PAIR};
  return (vaei_limits){kernels->tile_rows, kernels->tile_panels, kernels->row_panels, 1};
}

vae_status vaei_pass_open(vaei_pass *pass, const vae_model *model, const vaei_kernels *kernels,
                          const vaei_bf16_kernels *bf16, const vae_allocator *allocator, const vaei_pass_size *size,
                          vae_error *err) {
  memset(pass, 0, sizeof *pass);
  pass->kernels = kernels;
  pass->mixed.kernels = bf16;
  pass->int8 = vaei_int8_kernels_of(kernels);
  pass->model = model;
  pass->prior = vaei_prior_of(&model->config);
  pass->size = *size;
  pass->max_draws = size->draws < size->at_once ? (uint32_t)size->draws : size->at_once;
  pass->limits = product_limits(kernels, bf16);
  pass->column_tiles = vaei_column_tiles(&pass->limits, model->dense[model->output].panels);
  if (vaei_likelihood_takes_rows(&model->config)) pass->column_tiles = 1;
  pass->log_sigma = vaei_log(model->config.sigma);
  pass->task_count = vaei_update_task_count(model, &pass->limits);
  vaei_arena_init(&pass->arena, allocator);
  lay_out(pass);
  const vae_status status = vaei_arena_open(&pass->arena, "a batch", err);
  if (status != VAE_OK) return status;
  lay_out(pass);
  if (size->encoder_only) return VAE_OK;
  if (size->gradients) vaei_update_plan(pass, 1);
  if (!pass->prior->open) return VAE_OK;
  const vae_status opened = pass->prior->open(pass, err);
  if (opened == VAE_OK) return VAE_OK;
  vaei_arena_close(&pass->arena);
  pass->pseudo = NULL;
  return opened;
}

void vaei_pass_close(vaei_pass *pass) {
  if (pass->pseudo) vaei_pass_close(pass->pseudo);
  vaei_release(&pass->arena.allocator, pass->path, vaei_pass_path_size(pass));
  pass->path = NULL;
  vaei_arena_close(&pass->arena);
  vaei_coupling_close(&pass->coupling);
}

size_t vaei_pass_bytes(const vaei_pass *pass) {
  return pass->arena.size + vaei_coupling_bytes(&pass->coupling) + (pass->path ? vaei_pass_path_size(pass) : 0) +
         (pass->pseudo ? pass->pseudo->arena.size : 0);
}

void vaei_pass_prepare(vaei_pass *pass, vaei_member member) {
  if (pass->prior->prepare) pass->prior->prepare(pass, member);
}

uint32_t vaei_pass_team(const vaei_pass *pass, size_t rows, uint32_t threads, bool awake) {
  /* Multiplications a member that are worth it: ten barriers are some microseconds, waking a sleeping thread takes tens. */
  const double worth = awake ? 200e3 : 2e6;
  const double members = (double)pass->model->value_count * (double)rows / worth;
  if (members >= threads) return threads;
  return members < 1 ? 1 : (uint32_t)members;
}

/* A batch's parts are of the same size, or nearly. They begin at whole granules where there is room for one, so that pairs of
 * rows are the same however many parts there are. */
static uint32_t part_granule(const vaei_pass *pass, uint32_t at_once) {
  return at_once < pass->limits.granule ? 1 : pass->limits.granule;
}

/* How many parts `count` things come in. */
static uint32_t parts_of(const vaei_pass *pass, uint32_t count, uint32_t at_once) {
  if (count <= at_once) return 1;
  const uint32_t most = at_once - at_once % part_granule(pass, at_once);
  return (count + most - 1) / most;
}

/* Where part `index` begins. */
static uint32_t part_begin(const vaei_pass *pass, uint32_t count, uint32_t at_once, uint32_t index) {
  const uint32_t granule = part_granule(pass, at_once), parts = parts_of(pass, count, at_once);
  const uint64_t begin = ((uint64_t)count + granule - 1) / granule * index / parts * granule;
  return begin < count ? (uint32_t)begin : count;
}

/* Examples that the decoder works on at a time, or 0 where it cannot take all samples of one. */
static uint32_t examples_at_once(const vaei_pass *pass) { return pass->max_draws / pass->objective.samples; }

/* The rounds over the samples of an example that come in several parts: the importance weights of the gradients follow from all
 * of them, so there is one for the bound before that for the gradients. */
static uint32_t rounds(const vaei_pass *pass) { return pass->size.gradients && vaei_pass_weighs_samples(pass) ? 2 : 1; }

static uint32_t part_count(const vaei_pass *pass) {
  const uint32_t most = examples_at_once(pass);
  if (most) return parts_of(pass, pass->rows, most);
  return pass->rows * rounds(pass) * parts_of(pass, pass->objective.samples, pass->max_draws);
}

static vaei_part part_at(const vaei_pass *pass, uint32_t index) {
  const uint32_t samples = pass->objective.samples, most = examples_at_once(pass);
  if (most) {
    const uint32_t begin = part_begin(pass, pass->rows, most, index);
    const uint32_t end = part_begin(pass, pass->rows, most, index + 1);
    return (vaei_part){.example = begin, .examples = end - begin, .samples = samples};
  }
  const uint32_t runs = parts_of(pass, samples, pass->max_draws), run = index % runs;
  const uint32_t round = index / runs % rounds(pass);
  const uint32_t begin = part_begin(pass, samples, pass->max_draws, run);
  const uint32_t end = part_begin(pass, samples, pass->max_draws, run + 1);
  return (vaei_part){.example = index / runs / rounds(pass),
                     .examples = 1,
                     .sample = begin,
                     .samples = end - begin,
                     .bound_only = round + 1 < rounds(pass),
                     .bounded = round > 0};
}

void vaei_pass_begin(vaei_pass *pass, uint32_t rows, const vae_objective *objective) {
  pass->rows = rows;
  pass->objective = *objective;
  pass->parts = part_count(pass);
  pass->part = part_at(pass, 0);
  pass->kept_part = false;
  pass->penalty = 0;
  pass->coupled = pass->size.gradients && vaei_objective_couples(objective);
  if (!pass->objective.data_rows) pass->objective.data_rows = rows;
  if (pass->coupled) vaei_coupling_begin(&pass->coupling, &pass->objective);
  atomic_store_explicit(&pass->not_finite, 0, memory_order_relaxed);
  atomic_store_explicit(&pass->large, 0, memory_order_relaxed);
}

bool vaei_pass_take_part(vaei_pass *pass, vaei_member member, uint32_t index) {
  if (pass->parts == 1) return true;
  vaei_team_barrier(member);
  const bool good = !atomic_load_explicit(&pass->not_finite, memory_order_relaxed); /* the same for all members */
  if (good && member.rank == 0) {
    pass->kept_part = pass->kept_part || (index > 0 && !pass->part.bound_only);
    pass->part = part_at(pass, index);
  }
  vaei_team_barrier(member);
  return good;
}

void vaei_note_bad_row(_Atomic size_t *bad_row, size_t row) {
  size_t seen = atomic_load(bad_row);
  while (row < seen && !atomic_compare_exchange_weak(bad_row, &seen, row)) continue;
}

static size_t value_size(const vae_data *data) { return data->type == VAE_DATA_UINT8 ? 1 : sizeof(float); }

static size_t stride_of(const vae_data *data) { return data->row_stride ? data->row_stride : data->columns; }

/* Rows of a shuffled epoch are anywhere in memory: the row that will be wanted in a moment is asked for now. Inlined always: gcc
 * drops the call of a function that does nothing but ask. */
static inline __attribute__((always_inline)) void fetch_row(const vaei_source *source, size_t i) {
  const vae_data *data = source->data;
  const size_t size = value_size(data), cache_line = 64;
  const char *values = (const char *)data->values + vaei_source_row(source, i) * stride_of(data) * size;
  for (size_t at = 0; at < data->columns * size; at += cache_line) __builtin_prefetch(values + at);
}

vaei_ahead vaei_ahead_begin(const vaei_pass *pass, vaei_member member, const vaei_source *next, size_t rows,
                            size_t times) {
  const size_t most_bytes = 64 * 1024; /* fetched lines must still be in the cache when they are wanted */
  const vaei_crew crew = vaei_encoder_crew(pass, member);
  vaei_range share = vaei_crew_share(&crew, 1);
  const size_t most = rows ? most_bytes / (next->data->columns * value_size(next->data)) : 0;
  if (share.end > rows) share.end = rows > share.begin ? rows : share.begin;
  if (share.end - share.begin > most) share.end = share.begin + most;
  return (vaei_ahead){.source = next, .share = share, .row = share.begin, .times = times};
}

void vaei_ahead_fetch(vaei_ahead *ahead) {
  const size_t rows = ahead->share.end - ahead->share.begin;
  const size_t until = ahead->share.begin + rows * ++ahead->done / ahead->times;
  for (; ahead->row < until; ahead->row++) fetch_row(ahead->source, ahead->row);
}

/* The first of a row's values that may not stand there for another reason than its size, or columns. */
static size_t first_misfit(const vae_config *config, const float *x, size_t columns) {
  vaei_row_check check = vaei_row_check_begin(config);
  size_t j = 0;
  while (j < columns && vaei_row_check_next(&check, x[j])) j++;
  return j;
}

void vaei_pass_gather(vaei_pass *pass, vaei_member member, const vaei_source *source, const vaei_grey *grey,
                      _Atomic size_t *bad_row) {
  const vae_data *data = source->data;
  const vaei_kernels *kernels = pass->kernels;
  const vaei_support support = vaei_likelihood_of(&pass->model->config)->support;
  const size_t columns = data->columns, stride = stride_of(data);
  const size_t inputs = columns + pass->model->config.condition_dim;
  const vaei_crew crew = vaei_encoder_crew(pass, member);
  const vaei_range share = vaei_crew_share(&crew, 1);
  const size_t rows_ahead = 8;
  if (pass->c) vaei_condition_gather(pass, share, data->condition, source, bad_row);
  for (size_t i = share.begin; i < share.end; i++) {
    const size_t row = vaei_source_row(source, i);
    float *to = pass->x + i * pass->x_row;
    size_t good;
    if (i + rows_ahead < share.end) fetch_row(source, i + rows_ahead);
    if (data->type == VAE_DATA_UINT8) {
      good = kernels->gather_bytes((const uint8_t *)data->values + row * stride, columns, (float)data->scale,
                                   support.low, support.high, to);
    } else {
      const float *from = (const float *)data->values + row * stride;
      good = kernels->gather_floats(from, columns, support.low, support.high, to);
    }
    if (good == columns && support.whole) good = first_misfit(&pass->model->config, to, columns);
    if (good < columns) vaei_note_bad_row(bad_row, row);
    else if (grey) kernels->binarize(&grey->stream, grey->first + i, columns, to);
    vaei_condition_join(pass, i, to, columns);
    if (pass->size.gradients) vaei_pass_note_large(pass, to, 1, inputs, inputs);
  }
  if (pass->mixed.kernels) vaei_mixed_pack_rows(pass, &pass->mixed.x, share, pass->x, pass->x_row, inputs);
}

void vaei_pass_copy_noise(vaei_pass *pass, vaei_member member, const float *noise) {
  const size_t latents = pass->model->config.latent_dim;
  const vaei_part *part = &pass->part;
  const vaei_crew crew = vaei_decoder_crew(pass, member);
  const vaei_range share = vaei_crew_share(&crew, part->samples);
  for (size_t r = share.begin; r < share.end; r++) {
    const size_t example = part->example + r / part->samples, sample = part->sample + r % part->samples;
    memcpy(pass->noise + r * pass->latent_row, noise + (sample * pass->rows + example) * latents,
           latents * sizeof(float));
  }
}

void vaei_pass_draw_noise(vaei_pass *pass, vaei_member member, const vaei_stream *stream, uint64_t first) {
  const vaei_part *part = &pass->part;
  const vaei_crew crew = vaei_decoder_crew(pass, member);
  const vaei_range share = vaei_crew_share(&crew, part->samples);
  const vaei_draws draws = {.example = first + part->example, .sample = part->sample, .samples = part->samples};
  pass->kernels->normals(stream, &draws, share.begin, share.end, pass->model->config.latent_dim, pass->noise,
                         pass->latent_row);
}

void vaei_pass_add_sums(const vaei_pass *pass, vaei_sums *sums) {
  sums->examples += pass->rows;
  for (size_t i = 0; i < pass->rows; i++) { /* one running sum: it does not depend on where batches begin */
    sums->loss += pass->example_loss[i];
    sums->reconstruction += pass->nll_total[i] / pass->objective.samples;
    sums->kl += pass->kl[i];
    sums->penalty += pass->penalty;
  }
}

vae_loss vaei_sums_loss(const vaei_sums *sums) {
  const double n = sums->examples ? (double)sums->examples : 1.0;
  return (vae_loss){.struct_size = sizeof(vae_loss),
                    .examples = sums->examples,
                    .loss = sums->loss / n,
                    .reconstruction = sums->reconstruction / n,
                    .kl = sums->kl / n,
                    .negative_elbo = (sums->reconstruction + sums->kl) / n,
                    .penalty = sums->penalty / n};
}
