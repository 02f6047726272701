/* The memory of a pass, and how a batch comes in and its sums go out. */
#include "model/pass.h"

#include <stdio.h>
#include <string.h>

#include "core/error.h"
#include "core/scalar.h"
#include "model/likelihood.h"
#include "model/mixed.h"
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

/* Plans the blocks while the arena is closed, takes them once it is open. */
static void lay_out(vaei_pass *p) {
  const vae_model *model = p->model;
  const size_t n = p->max_rows, draws = p->max_draws;
  vaei_arena *arena = &p->arena;
  p->x_row = row_stride(model->config.input_dim);
  p->z_row = row_stride(model->config.latent_dim);
  p->x = vaei_arena_take(arena, n * p->x_row, sizeof(float));
  p->noise = vaei_arena_take(arena, draws * p->z_row, sizeof(float));
  p->z = vaei_arena_take(arena, draws * p->z_row, sizeof(float));
  p->deviation = vaei_arena_take(arena, n * p->z_row, sizeof(float));
  p->inside = vaei_arena_take(arena, n * p->z_row, sizeof(float));
  p->tile_nll = vaei_arena_take(arena, draws * p->column_tiles, sizeof(double));
  p->nll = vaei_arena_take(arena, draws, sizeof(double));
  p->log_ratio = vaei_arena_take(arena, draws, sizeof(double));
  p->kl = vaei_arena_take(arena, n, sizeof(double));
  p->nll_total = vaei_arena_take(arena, n, sizeof(double));
  p->weight_max = vaei_arena_take(arena, n, sizeof(double));
  p->weight_sum = vaei_arena_take(arena, n, sizeof(double));
  p->example_loss = vaei_arena_take(arena, n, sizeof(double));
  p->row_weight = vaei_arena_take(arena, draws, sizeof(float));
  p->layers = vaei_arena_take(arena, model->dense_count, sizeof *p->layers);
  p->bytes_row = bytes_stride(model);
  if (p->bytes_row) {
    const size_t most = n > draws ? n : draws;
    p->bytes = vaei_arena_take(arena, most * p->bytes_row, 1);
    p->row_scale = vaei_arena_take(arena, most, sizeof *p->row_scale);
  }
  if (p->with_gradients) {
    p->dz = vaei_arena_take(arena, draws * p->z_row, sizeof(float));
    if (!p->mixed.kernels) p->transposed = vaei_arena_take(arena, model->transposed_size, sizeof(float));
    p->task_cost = vaei_arena_take(arena, p->task_count + 1, sizeof *p->task_cost);
  }
  for (uint32_t l = 0; l < model->dense_count; l++) {
    const vaei_dense *layer = &model->dense[l];
    const bool output = l + 1 == model->dense_count, head = l == model->head, packed = p->mixed.kernels != NULL;
    const size_t rows = l <= model->head ? n : draws, row = row_stride(layer->units);
    vaei_activations a = {.row = row};
    if (head || (!output && !packed)) a.y = vaei_arena_take(arena, rows * row, sizeof(float));
    if (p->with_gradients && !output && needs_slope(layer->activation))
      a.slope = vaei_arena_take(arena, rows * row, sizeof(float));
    if (p->with_gradients && (output || head || !packed)) a.dy = vaei_arena_take(arena, rows * row, sizeof(float));
    if (p->layers) p->layers[l] = a;
  }
  if (p->mixed.kernels) vaei_mixed_lay_out(p);
}

vae_status vaei_pass_open(vaei_pass *pass, const vae_model *model, const vaei_kernels *kernels,
                          const vaei_bf16_kernels *bf16, const vae_allocator *allocator, uint32_t max_rows,
                          uint32_t max_draws, bool with_gradients, vae_error *err) {
  memset(pass, 0, sizeof *pass);
  pass->kernels = kernels;
  pass->mixed.kernels = bf16;
  pass->int8 = vaei_int8_kernels_of(kernels);
  pass->model = model;
  pass->max_rows = max_rows;
  pass->max_draws = max_draws;
  pass->with_gradients = with_gradients;
  const uint32_t tile_panels = bf16 ? bf16->tile_panels : kernels->tile_panels;
  pass->column_tiles = (model->dense[model->dense_count - 1].panels + tile_panels - 1) / tile_panels;
  if (model->config.likelihood == VAE_LIKELIHOOD_GAUSSIAN) pass->log_sigma = vaei_log(model->config.sigma);
  pass->task_count = vaei_update_task_count(model, kernels);
  vaei_arena_init(&pass->arena, allocator);
  lay_out(pass);
  const vae_status status = vaei_arena_open(&pass->arena, "a batch", err);
  if (status != VAE_OK) return status;
  lay_out(pass);
  const uint32_t at_once = bf16 ? 2 : 1; /* examples that a multiply-add takes */
  if (with_gradients) vaei_update_plan(model, kernels, max_rows / at_once, max_draws / at_once, pass->task_cost);
  return VAE_OK;
}

void vaei_pass_close(vaei_pass *pass) { vaei_arena_close(&pass->arena); }

uint32_t vaei_pass_team(const vaei_pass *pass, size_t rows, uint32_t threads, bool awake) {
  /* Multiplications a member that are worth it: ten barriers are some microseconds, waking a sleeping thread takes tens. */
  const double worth = awake ? 200e3 : 2e6;
  const double members = (double)pass->model->value_count * (double)rows / worth;
  if (members >= threads) return threads;
  return members < 1 ? 1 : (uint32_t)members;
}

vaei_crew vaei_pass_crew(const vaei_pass *pass, vaei_member member) {
  const vaei_range share =
      pass->mixed.kernels ? vaei_mixed_pairs(member, pass->rows) : vaei_team_share(member, pass->rows);
  if (pass->with_gradients && pass->samples == 1 && pass->rows / member.size >= VAEI_ENOUGH_ROWS)
    return (vaei_crew){{0, 1}, share};
  return (vaei_crew){member, {0, pass->rows}};
}

vaei_work vaei_crew_work(const vaei_crew *crew, const vaei_kernels *kernels, size_t each, uint32_t panels) {
  const bool whole_rows = vaei_crew_divides_rows(crew, each);
  const vaei_range rows = whole_rows ? vaei_crew_share(crew, each) : vaei_crew_rows(crew, each);
  const vaei_tiling tiling = vaei_tiling_of(kernels, rows, panels);
  return (vaei_work){tiling, vaei_crew_tiles(crew, &tiling, whole_rows)};
}

void vaei_pass_begin(vaei_pass *pass, uint32_t rows, const vae_objective *objective) {
  pass->rows = rows;
  pass->objective = *objective;
  pass->samples = objective->samples;
  pass->first_sample = 0;
  atomic_store_explicit(&pass->not_finite, 0, memory_order_relaxed);
  atomic_store_explicit(&pass->large, 0, memory_order_relaxed);
}

void vaei_pass_take_samples(vaei_pass *pass, uint32_t first, uint32_t count) {
  pass->first_sample = first;
  pass->samples = count;
}

static void note_bad_row(_Atomic size_t *bad_row, size_t row) {
  size_t seen = atomic_load(bad_row); /* the smallest row wins, whoever finds it */
  while (row < seen && !atomic_compare_exchange_weak(bad_row, &seen, row)) continue;
}

/* Rows of a shuffled epoch are anywhere in memory: the row that will be wanted in a moment is asked for now. */
static void fetch_row(const vaei_source *source, size_t i, size_t stride) {
  const vae_data *data = source->data;
  const size_t size = data->type == VAE_DATA_UINT8 ? 1 : sizeof(float), cache_line = 64;
  const size_t row = source->order ? source->order[i] : source->first + i;
  const char *values = (const char *)data->values + row * stride * size;
  for (size_t at = 0; at < data->columns * size; at += cache_line) __builtin_prefetch(values + at);
}

void vaei_pass_gather(vaei_pass *pass, vaei_member member, const vaei_source *source, _Atomic size_t *bad_row) {
  const vae_data *data = source->data;
  const vaei_kernels *kernels = pass->kernels;
  const vaei_support support = vaei_likelihood_support(&pass->model->config);
  const size_t columns = data->columns, stride = data->row_stride ? data->row_stride : columns;
  const vaei_crew crew = vaei_pass_crew(pass, member);
  const bool packed = pass->mixed.kernels != NULL;
  const vaei_range share = packed ? vaei_mixed_share(&crew, 1) : vaei_crew_share(&crew, 1);
  const size_t rows_ahead = 8;
  for (size_t i = share.begin; i < share.end; i++) {
    const size_t row = source->order ? source->order[i] : source->first + i;
    float *to = pass->x + i * pass->x_row;
    size_t good;
    if (i + rows_ahead < share.end) fetch_row(source, i + rows_ahead, stride);
    if (data->type == VAE_DATA_UINT8) {
      good = kernels->gather_bytes((const uint8_t *)data->values + row * stride, columns, (float)data->scale,
                                   support.low, support.high, to);
    } else {
      const float *from = (const float *)data->values + row * stride;
      good = kernels->gather_floats(from, columns, support.low, support.high, to);
    }
    if (good < columns) note_bad_row(bad_row, row);
    if (pass->with_gradients) vaei_pass_note_large(pass, to, 1, columns, columns);
  }
  if (packed) vaei_mixed_pack_rows(pass, &pass->mixed.x, share, pass->x, pass->x_row, columns);
}

void vaei_pass_copy_noise(vaei_pass *pass, vaei_member member, const float *noise, size_t rows, size_t first) {
  const size_t latents = pass->model->config.latent_dim;
  const vaei_crew crew = vaei_pass_crew(pass, member);
  const vaei_range share = vaei_crew_share(&crew, 1);
  for (uint32_t k = 0; k < pass->samples; k++)
    for (size_t i = share.begin; i < share.end; i++)
      memcpy(pass->noise + ((size_t)k * pass->rows + i) * pass->z_row,
             noise + ((size_t)(pass->first_sample + k) * rows + first + i) * latents, latents * sizeof(float));
}

void vaei_pass_draw_noise(vaei_pass *pass, vaei_member member, const vaei_stream *stream, uint64_t first) {
  const vaei_crew crew = vaei_pass_crew(pass, member);
  const vaei_range share = vaei_crew_share(&crew, 1);
  for (uint32_t k = 0; k < pass->samples; k++)
    pass->kernels->normals(stream, first + share.begin, share.end - share.begin, pass->first_sample + k,
                           pass->model->config.latent_dim,
                           pass->noise + ((size_t)k * pass->rows + share.begin) * pass->z_row, pass->z_row);
}

void vaei_pass_add_sums(const vaei_pass *pass, vaei_sums *sums) {
  sums->examples += pass->rows;
  for (size_t i = 0; i < pass->rows; i++) { /* one running sum: it does not depend on where batches begin */
    sums->loss += pass->example_loss[i];
    sums->reconstruction += pass->nll_total[i] / pass->objective.samples;
    sums->kl += pass->kl[i];
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

/* The first row of a matrix that holds something not finite, or rows. */
static size_t first_bad_row(const vaei_pass *pass, const float *y, size_t rows, size_t columns, size_t row) {
  for (size_t i = 0; i < rows; i++)
    if (!pass->kernels->all_below(y + i * row, 1, columns, columns, __builtin_inff())) return i;
  return rows;
}

/* The same for a layer's outputs or their gradients, in the form that the pass keeps. */
static size_t bad_row_of(const vaei_pass *pass, uint32_t layer, bool gradient, size_t rows) {
  const size_t units = pass->model->dense[layer].units;
  if (pass->mixed.kernels && layer != pass->model->head) {
    const vaei_mixed_layer *packed = &pass->mixed.layers[layer];
    return vaei_mixed_first_bad_row(gradient ? &packed->dy : &packed->y, rows, units);
  }
  const vaei_activations *out = &pass->layers[layer];
  return first_bad_row(pass, gradient ? out->dy : out->y, rows, units, out->row);
}

/* The name of a layer: its first tensor's, without the last part. */
static void layer_name(const vae_model *model, uint32_t layer, char *name, size_t size) {
  for (size_t i = 0; i < model->parameter_count; i++)
    if (model->parameters[i].layer == layer) {
      snprintf(name, size, "%s", model->parameters[i].name);
      char *dot = strrchr(name, '.');
      if (dot) *dot = 0;
      return;
    }
}

/* Where the encoder's side first goes wrong; false where it does not. */
static bool diagnose_encoder(const vaei_pass *pass, char *words, size_t size) {
  const vae_model *model = pass->model;
  char name[sizeof model->parameters->name] = "";
  for (uint32_t l = 0; l <= model->head; l++) {
    const size_t bad = bad_row_of(pass, l, false, pass->rows);
    layer_name(model, l, name, sizeof name);
    if (bad < pass->rows) {
      snprintf(words, size, "the output of layer %s, row %zu of the batch", name, bad);
      return true;
    }
  }
  for (size_t i = 0; i < pass->rows; i++)
    if (!vaei_is_finite(pass->kl[i])) { /* logvar itself has been clamped */
      snprintf(words, size, "the posterior (layer encoder.logvar), row %zu of the batch", i);
      return true;
    }
  return false;
}

/* The same for z and the decoder's hidden layers. */
static bool diagnose_decoder(const vaei_pass *pass, char *words, size_t size) {
  const vae_model *model = pass->model;
  const size_t n = pass->rows, draws = n * pass->samples;
  char name[sizeof model->parameters->name] = "";
  const size_t draw = first_bad_row(pass, pass->z, draws, model->config.latent_dim, pass->z_row);
  if (draw < draws) {
    snprintf(words, size, "the latent sample z (layer encoder.logvar), row %zu of the batch", draw % n);
    return true;
  }
  for (uint32_t l = model->head + 1; l + 1 < model->dense_count; l++) {
    const size_t bad = bad_row_of(pass, l, false, draws);
    layer_name(model, l, name, sizeof name);
    if (bad < draws) {
      snprintf(words, size, "the output of layer %s, row %zu of the batch", name, bad % n);
      return true;
    }
  }
  return false;
}

/* The same for the loss and the gradients of the activations. */
static bool diagnose_loss(const vaei_pass *pass, char *words, size_t size) {
  const vae_model *model = pass->model;
  char name[sizeof model->parameters->name] = "";
  for (size_t i = 0; i < pass->rows; i++)
    if (!vaei_is_finite(pass->example_loss[i] + pass->nll_total[i])) {
      snprintf(words, size, "the loss (layer decoder.mean), row %zu of the batch", i);
      return true;
    }
  for (uint32_t l = model->dense_count; pass->with_gradients && l-- > 0;) {
    const size_t rows = l <= model->head ? pass->rows : (size_t)pass->rows * pass->samples;
    const size_t bad = bad_row_of(pass, l, true, rows);
    layer_name(model, l, name, sizeof name);
    if (bad < rows) {
      snprintf(words, size, "the gradient at layer %s, row %zu of the batch", name, bad % pass->rows);
      return true;
    }
  }
  return false;
}

void vaei_pass_diagnose(const vaei_pass *pass, unsigned phases, char *words, size_t size) {
  if ((phases & VAEI_RAN_ENCODER) && diagnose_encoder(pass, words, size)) return;
  if ((phases & VAEI_RAN_DECODER) && diagnose_decoder(pass, words, size)) return;
  if ((phases & VAEI_RAN_LOSS) && diagnose_loss(pass, words, size)) return;
  snprintf(words, size, "%s",
           phases & VAEI_RAN_LOSS ? "the gradient of a weight (over 9e18 counts as such)"
                                  : "the output (layer decoder.mean)");
}
