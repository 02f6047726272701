/* The phases from x to the loss. */
#include <string.h>

#include "core/scalar.h"
#include "model/layer_product.h"
#include "model/likelihood.h"
#include "model/mixed.h"
#include "model/pass.h"

/* The real columns of a tile. */
static size_t tile_columns(const vaei_tile *tile, size_t units) {
  const size_t begin = (size_t)tile->panel * VAEI_VECTOR, end = (size_t)tile->panel_end * VAEI_VECTOR;
  return (end < units ? end : units) - begin;
}

/* y = activation(x W + b) for the crew's rows: [rows, inputs] → [rows, units]. */
static void layer_forward(vaei_pass *pass, const vaei_crew *crew, uint32_t index, const float *x, size_t x_row) {
  if (pass->mixed.kernels) {
    vaei_mixed_layer_forward(pass, crew, index);
    return;
  }
  const vaei_dense *layer = &pass->model->dense[index];
  const vaei_activations *out = &pass->layers[index];
  const size_t each = index <= pass->model->head ? 1 : pass->samples;
  const vaei_work work = vaei_crew_work(crew, pass->kernels, each, layer->panels);
  vaei_layer_begin(pass, crew, index, x, x_row, each);
  for (size_t t = work.tiles.begin, taken; t < work.tiles.end; t += taken) {
    vaei_tile tile;
    taken = vaei_layer_take(pass, &work.tiling, t, work.tiles.end, &tile);
    const size_t at = tile.row * out->row + tile.panel * VAEI_VECTOR;
    vaei_layer_product(pass, index, &tile, x, x_row, out->y + at, out->row);
    pass->kernels->activate(layer->activation, tile.row_end - tile.row, (tile.panel_end - tile.panel) * VAEI_VECTOR,
                            out->y + at, out->row, out->slope ? out->slope + at : NULL, out->row);
    if (pass->with_gradients)
      vaei_pass_note_large(pass, out->y + at, tile.row_end - tile.row, tile_columns(&tile, layer->units), out->row);
  }
}

void vaei_pass_encode(vaei_pass *pass, vaei_member member) {
  const float *x = pass->x;
  size_t x_row = pass->x_row;
  const vaei_crew crew = vaei_pass_crew(pass, member);
  vaei_team_barrier(crew.member);
  for (uint32_t l = 0; l <= pass->model->head; l++) {
    layer_forward(pass, &crew, l, x, x_row);
    vaei_team_barrier(crew.member);
    x = pass->layers[l].y;
    x_row = pass->layers[l].row;
  }
}

/* Whether the rows' weights in the gradient follow from the whole loss: the importance weights of more than one sample. Until
 * then every row weighs one. */
static bool weights_come_late(const vaei_pass *pass) {
  return pass->objective.kind == VAE_OBJECTIVE_IWAE && pass->objective.samples > 1;
}

void vaei_pass_latent(vaei_pass *pass, vaei_member member) {
  const vaei_kernels *kernels = pass->kernels;
  const vaei_activations *head = &pass->layers[pass->model->head];
  const size_t latents = pass->model->config.latent_dim;
  const vaei_crew crew = vaei_pass_crew(pass, member);
  const vaei_range share = vaei_crew_share(&crew, 1);
  const float row_weight = weights_come_late(pass) ? 1.0f : 1.0f / (float)((size_t)pass->rows * pass->samples);
  for (size_t i = share.begin; i < share.end; i++) {
    float *mean = head->y + i * head->row, *logvar = mean + latents;
    float *deviation = pass->deviation + i * pass->z_row;
    pass->kl[i] = (double)kernels->normal_posterior(latents, mean, logvar, deviation, pass->inside + i * pass->z_row);
    for (uint32_t k = 0; k < pass->samples; k++) {
      const size_t draw = (size_t)k * pass->rows + i;
      pass->row_weight[draw] = row_weight;
      pass->log_ratio[draw] = (double)kernels->normal_draw(
          latents, mean, logvar, deviation, pass->noise + draw * pass->z_row, pass->z + draw * pass->z_row);
      if (pass->with_gradients) vaei_pass_note_large(pass, pass->z + draw * pass->z_row, 1, latents, latents);
    }
  }
  vaei_team_barrier(crew.member);
  if (!pass->mixed.kernels) return;
  vaei_mixed_pack_rows(pass, &pass->mixed.z, vaei_mixed_share(&crew, pass->samples), pass->z, pass->z_row, latents);
  vaei_team_barrier(crew.member);
}

void vaei_pass_decode(vaei_pass *pass, vaei_member member) {
  const float *x = pass->z;
  size_t x_row = pass->z_row;
  const vaei_crew crew = vaei_pass_crew(pass, member);
  for (uint32_t l = pass->model->head + 1; l + 1 < pass->model->dense_count; l++) {
    layer_forward(pass, &crew, l, x, x_row);
    vaei_team_barrier(crew.member);
    x = pass->layers[l].y;
    x_row = pass->layers[l].row;
  }
}

/* The decoder's last layer by tiles: its input, and a tile before the activation, into `scratch` with rows of
 * VAEI_MAX_TILE_COLUMNS (a single row may be longer: it is alone in there). */
static const float *output_input(const vaei_pass *pass, size_t *row) {
  const uint32_t last = pass->model->dense_count - 1;
  const bool hidden = last > pass->model->head + 1; /* else the decoder is linear: z is its input */
  *row = hidden ? pass->layers[last - 1].row : pass->z_row;
  return hidden ? pass->layers[last - 1].y : pass->z;
}

static void output_begin(vaei_pass *pass, const vaei_crew *crew) {
  size_t x_row;
  const float *x = output_input(pass, &x_row);
  vaei_layer_begin(pass, crew, pass->model->dense_count - 1, x, x_row, pass->samples);
}

static size_t output_take(const vaei_pass *pass, const vaei_work *work, size_t index, vaei_tile *tile, float *scratch) {
  if (pass->mixed.kernels) {
    *tile = vaei_mixed_tile_at(&work->tiling, index, pass->rows * pass->samples);
    vaei_mixed_output_tile(pass, tile, scratch);
    return 1;
  }
  size_t x_row;
  const float *x = output_input(pass, &x_row);
  const size_t taken = vaei_layer_take(pass, &work->tiling, index, work->tiles.end, tile);
  vaei_layer_product(pass, pass->model->dense_count - 1, tile, x, x_row, scratch, VAEI_MAX_TILE_COLUMNS);
  return taken;
}

static vaei_work output_work(const vaei_pass *pass, const vaei_crew *crew) {
  const uint32_t panels = pass->model->dense[pass->model->dense_count - 1].panels;
  return pass->mixed.kernels ? vaei_mixed_work(pass, crew, pass->samples, panels)
                             : vaei_crew_work(crew, pass->kernels, pass->samples, panels);
}

void vaei_pass_output(vaei_pass *pass, vaei_member member, float *output) {
  const size_t units = pass->model->config.input_dim;
  const vaei_crew crew = vaei_pass_crew(pass, member);
  const vaei_work work = output_work(pass, &crew);
  output_begin(pass, &crew);
  for (size_t t = work.tiles.begin, taken; t < work.tiles.end; t += taken) {
    float scratch[VAEI_MAX_TILE_ROWS * VAEI_MAX_TILE_COLUMNS];
    vaei_tile tile;
    taken = output_take(pass, &work, t, &tile, scratch);
    const size_t columns = tile_columns(&tile, units);
    vaei_likelihood_mean(&(vaei_output_tile){.kernels = pass->kernels,
                                             .config = &pass->model->config,
                                             .rows = tile.row_end - tile.row,
                                             .columns = columns,
                                             .output = scratch,
                                             .output_row = VAEI_MAX_TILE_COLUMNS});
    for (size_t i = tile.row; i < tile.row_end; i++)
      memcpy(output + i * units + (size_t)tile.panel * VAEI_VECTOR, scratch + (i - tile.row) * VAEI_MAX_TILE_COLUMNS,
             columns * sizeof(float));
  }
  vaei_team_barrier(crew.member);
}

/* The loss of one output tile against x. A tile's rows may pass from one sample to the next: row r of the decoder is
 * example r mod n, so it is worked on in runs of consecutive examples. */
static void tile_loss(vaei_pass *pass, const vaei_tile *tile, size_t column_tile, float *scratch,
                      const vaei_terms_view *view) {
  const size_t units = pass->model->config.input_dim, n = pass->rows, first_column = (size_t)tile->panel * VAEI_VECTOR;
  const vaei_activations *out = &pass->layers[pass->model->dense_count - 1];
  /* A gradient that needs no weight any more goes to bf16 from here, else it stays float32 until it has been weighted. */
  const bool pack = pass->mixed.kernels && !weights_come_late(pass);
  float gradient[VAEI_MAX_TILE_ROWS * VAEI_MAX_TILE_COLUMNS];
  float *d = pack ? gradient : out->dy ? out->dy + tile->row * out->row + first_column : NULL;
  const size_t d_row = pack ? (size_t)VAEI_MAX_TILE_COLUMNS : out->row;
  float *wanted = view ? view->terms.output : NULL;
  for (size_t row = tile->row, end; row < tile->row_end; row = end) {
    const size_t example = row % n;
    end = tile->row_end - row < n - example ? tile->row_end : row + (n - example);
    double nll[VAEI_MAX_TILE_ROWS] = {0};
    vaei_output_tile part = {.kernels = pass->kernels,
                             .config = &pass->model->config,
                             .log_sigma = pass->log_sigma,
                             .rows = end - row,
                             .columns = tile_columns(tile, units),
                             .output = scratch + (row - tile->row) * VAEI_MAX_TILE_COLUMNS,
                             .output_row = VAEI_MAX_TILE_COLUMNS,
                             .x = pass->x + example * pass->x_row + first_column,
                             .x_row = pass->x_row,
                             .row_weight = pass->row_weight + row,
                             .d = d ? d + (row - tile->row) * d_row : NULL,
                             .d_row = d_row,
                             .nll = nll};
    vaei_likelihood_loss(&part, wanted != NULL);
    if (part.d && !vaei_likelihood_is_tame(part.config))
      vaei_pass_note_large(pass, part.d, part.rows, part.columns, part.d_row);
    for (size_t i = row; i < end; i++) {
      pass->tile_nll[i * pass->column_tiles + column_tile] = nll[i - row];
      if (wanted)
        memcpy(wanted + ((pass->first_sample + i / n) * view->rows + view->first + i % n) * units + first_column,
               scratch + (i - tile->row) * VAEI_MAX_TILE_COLUMNS, part.columns * sizeof(float));
    }
  }
  if (pack) vaei_mixed_keep_output_gradient(pass, tile, gradient);
}

/* Sums an example's tiles; after its last sample forms its share of the loss and, for the importance-weighted bound,
 * its samples' weights. The log of the mean weight is kept as a largest term and a sum relative to it, sample by sample
 * in order, so that it does not depend on how many are worked on at a time. */
static void example_loss(vaei_pass *pass, size_t i) {
  const size_t n = pass->rows, end = n * pass->samples;
  const double samples = pass->objective.samples;
  if (pass->first_sample == 0) pass->nll_total[i] = pass->weight_sum[i] = 0, pass->weight_max[i] = -__builtin_inf();
  for (size_t r = i; r < end; r += n) {
    double sum = 0;
    for (uint32_t t = 0; t < pass->column_tiles; t++) sum += pass->tile_nll[r * pass->column_tiles + t];
    pass->nll[r] = sum;
    pass->nll_total[i] += sum;
    const double log_weight = pass->log_ratio[r] -= sum, largest = pass->weight_max[i];
    if (log_weight <= largest) {
      pass->weight_sum[i] += vaei_exp(log_weight - largest);
    } else {
      pass->weight_sum[i] = pass->weight_sum[i] * vaei_exp(largest - log_weight) + 1.0;
      pass->weight_max[i] = log_weight; /* a NaN comes here too and stays */
    }
  }
  if (pass->first_sample + pass->samples < pass->objective.samples) {
    pass->example_loss[i] = 0;
    return;
  }
  if (pass->objective.kind == VAE_OBJECTIVE_ELBO) {
    pass->example_loss[i] = pass->nll_total[i] / samples + pass->objective.beta * pass->kl[i];
    return;
  }
  /* Burda et al. 2016, eq. 8 and 14: the weights of the gradient are softmax(log w) over the example's samples. */
  const double bound = pass->weight_max[i] + vaei_log(pass->weight_sum[i] / samples);
  pass->example_loss[i] = -bound;
  for (size_t r = i; pass->with_gradients && weights_come_late(pass) && r < end; r += n)
    pass->row_weight[r] = (float)(vaei_exp(pass->log_ratio[r] - bound) / (samples * (double)n));
}

/* Example i's terms into the caller's arrays. */
static void write_terms(const vaei_pass *pass, const vaei_terms_view *view, size_t i) {
  const vae_terms *t = &view->terms;
  const size_t n = pass->rows, latents = pass->model->config.latent_dim, to = view->first + i;
  const vaei_activations *head = &pass->layers[pass->model->head];
  const float *mean = head->y + i * head->row;
  if (t->loss) t->loss[to] = (float)pass->example_loss[i];
  if (t->kl) t->kl[to] = (float)pass->kl[i];
  if (t->mean) memcpy(t->mean + to * latents, mean, latents * sizeof(float));
  if (t->logvar) memcpy(t->logvar + to * latents, mean + latents, latents * sizeof(float));
  for (size_t k = 0; k < pass->samples; k++) {
    const size_t r = k * n + i, wide = (pass->first_sample + k) * view->rows + to;
    if (t->sample_nll) t->sample_nll[wide] = (float)pass->nll[r];
    if (t->z) memcpy(t->z + wide * latents, pass->z + r * pass->z_row, latents * sizeof(float));
  }
  if (t->reconstruction) t->reconstruction[to] = (float)(pass->nll_total[i] / pass->objective.samples);
}

void vaei_pass_loss(vaei_pass *pass, vaei_member member, const vaei_terms_view *view) {
  const vaei_crew crew = vaei_pass_crew(pass, member);
  const vaei_work work = output_work(pass, &crew);
  output_begin(pass, &crew);
  for (size_t t = work.tiles.begin, taken; t < work.tiles.end; t += taken) {
    float scratch[VAEI_MAX_TILE_ROWS * VAEI_MAX_TILE_COLUMNS];
    vaei_tile group;
    taken = output_take(pass, &work, t, &group, scratch);
    for (size_t i = 0; i < taken; i++) { /* the loss is summed by tiles, which are the same for any number of rows */
      const vaei_tile tile = taken == 1 ? group : vaei_tiling_at(&work.tiling, t + i);
      float *output = scratch + (size_t)(tile.panel - group.panel) * VAEI_VECTOR;
      tile_loss(pass, &tile, (t + i) / work.tiling.row_tiles, output, view);
    }
  }
  vaei_team_barrier(crew.member);
  const vaei_range examples = vaei_crew_share(&crew, 1);
  for (size_t i = examples.begin; i < examples.end; i++) {
    example_loss(pass, i);
    if (!vaei_is_finite(pass->example_loss[i] + pass->nll_total[i] + pass->kl[i]))
      atomic_store_explicit(&pass->not_finite, 1, memory_order_relaxed);
    if (view) write_terms(pass, view, i);
  }
  if (pass->with_gradients && !weights_come_late(pass)) return; /* what backward reads is there */
  vaei_team_barrier(crew.member);
  if (!pass->with_gradients) return;
  const vaei_range all =
      pass->mixed.kernels ? vaei_mixed_share(&crew, pass->samples) : vaei_crew_share(&crew, pass->samples);
  const vaei_activations *out = &pass->layers[pass->model->dense_count - 1];
  const size_t columns = pass->model->dense[pass->model->dense_count - 1].panels * (size_t)VAEI_VECTOR;
  pass->kernels->scale_rows(all.end - all.begin, columns, pass->row_weight + all.begin, out->dy + all.begin * out->row,
                            out->row);
  if (pass->mixed.kernels)
    vaei_mixed_pack_rows(pass, &pass->mixed.layers[pass->model->dense_count - 1].dy, all, out->dy, out->row, columns);
  vaei_team_barrier(crew.member);
}
