/* The phases from x to the loss. */
#include <string.h>

#include "core/scalar.h"
#include "model/condition.h"
#include "model/crew.h"
#include "model/latent.h"
#include "model/layer_product.h"
#include "model/likelihood.h"
#include "model/mixed.h"
#include "model/output.h"

void vaei_pass_encode(vaei_pass *pass, vaei_member member) {
  const vaei_crew crew = vaei_encoder_crew(pass, member);
  vaei_team_barrier(crew.member);
  for (uint32_t l = 0; l <= pass->model->head; l++) vaei_layer_forward(pass, &crew, l);
  if (pass->prior->forward) pass->prior->forward(pass, &crew);
  vaei_latent_posterior(pass, &crew);
}

void vaei_pass_decode(vaei_pass *pass, vaei_member member) {
  const vaei_crew crew = vaei_decoder_crew(pass, member);
  for (uint32_t l = pass->model->head + 1; l < pass->model->output; l++) vaei_layer_forward(pass, &crew, l);
}

/* Where the caller's values of the part's row r lie in an array [K, rows of the array]. */
static size_t view_row(const vaei_pass *pass, const vaei_terms_view *view, size_t r) {
  const vaei_part *part = &pass->part;
  return (part->sample + r % part->samples) * view->rows + view->first + part->example + r / part->samples;
}

/* Where a tile's constants lie and, with gradients, theirs: in `scratch` where they are packed for bf16 products. */
static vaei_constants tile_constants(const vaei_pass *pass, const vaei_tile *tile, size_t first_column,
                                     float *scratch) {
  const vaei_activations *out = &pass->layers[pass->model->output];
  const size_t room = (size_t)VAEI_MAX_TILE_ROWS * VAEI_MAX_TILE_COLUMNS;
  vaei_constants k = {.row = scratch ? (size_t)VAEI_MAX_TILE_COLUMNS : out->row};
  for (uint32_t c = 0; c < vaei_likelihood_of(&pass->model->config)->constant_count; c++) {
    k.value[c] = vaei_constant_of(pass->model, c) + first_column;
    if (scratch) k.gradient[c] = scratch + c * room;
    else if (out->dy) k.gradient[c] = out[1 + c].dy + tile->row * out->row + first_column;
  }
  return k;
}

/* Whether the gradients of a piece's constants may be large; then its rows of them have been used. */
static void pass_constants(vaei_pass *pass, const vaei_output_tile *piece, vaei_constants *k, uint32_t count) {
  for (uint32_t c = 0; c < count && k->gradient[c]; c++) {
    if (piece->d) vaei_pass_note_large(pass, k->gradient[c], piece->rows, piece->columns, k->row);
    k->gradient[c] += piece->rows * k->row;
  }
}

/* The loss of one output tile against x. Rows of one example meet the same row of x: with one sample each, a tile is one
 * piece, else it is worked on example by example. */
static void tile_loss(vaei_pass *pass, const vaei_tile *tile, float *scratch, const vaei_terms_view *view) {
  const size_t units = pass->model->config.input_dim, samples = pass->part.samples;
  const size_t first_column = (size_t)tile->panel * VAEI_VECTOR;
  const vaei_likelihood *likelihood = vaei_likelihood_of(&pass->model->config);
  const vaei_activations *out = &pass->layers[pass->model->output];
  /* A gradient that needs no weight any more goes to bf16 from here, else it stays float32 until it has been weighted. */
  const bool pack = pass->mixed.kernels && !vaei_pass_weighs_samples(pass);
  float gradient[VAEI_MAX_TILE_ROWS * VAEI_MAX_TILE_COLUMNS];
  float *d = pack ? gradient : out->dy ? out->dy + tile->row * out->row + first_column : NULL;
  const size_t d_row = pack ? (size_t)VAEI_MAX_TILE_COLUMNS : out->row;
  const uint32_t count = likelihood->constant_count;
  float constant_gradients[VAEI_MOST_CONSTANTS * VAEI_MAX_TILE_ROWS * VAEI_MAX_TILE_COLUMNS];
  vaei_constants constants = {.row = 0};
  if (count) constants = tile_constants(pass, tile, first_column, pack ? constant_gradients : NULL);
  float *wanted = view->terms.output;
  for (size_t row = tile->row, end; row < tile->row_end; row = end) {
    const size_t next_example = row + samples - row % samples;
    end = samples == 1 || tile->row_end < next_example ? tile->row_end : next_example;
    double nll[VAEI_MAX_TILE_ROWS] = {0};
    vaei_output_tile piece = {.kernels = pass->kernels,
                              .config = &pass->model->config,
                              .log_sigma = pass->log_sigma,
                              .rows = end - row,
                              .columns = vaei_tile_columns(tile, units),
                              .output = scratch + (row - tile->row) * VAEI_MAX_TILE_COLUMNS,
                              .output_row = VAEI_MAX_TILE_COLUMNS,
                              .x = pass->x + (pass->part.example + row / samples) * pass->x_row + first_column,
                              .x_row = samples == 1 ? pass->x_row : 0,
                              .row_weight = pass->row_weight + row,
                              .d = d && !pass->part.bound_only ? d + (row - tile->row) * d_row : NULL,
                              .d_row = d_row,
                              .nll = nll,
                              .constants = &constants};
    likelihood->loss(&piece, wanted != NULL);
    if (piece.d && !likelihood->tame) vaei_pass_note_large(pass, piece.d, piece.rows, piece.columns, piece.d_row);
    if (count) pass_constants(pass, &piece, &constants, count);
    for (size_t r = row; r < end; r++) {
      pass->tile_nll[tile->column * (size_t)pass->max_draws + r] = nll[r - row];
      if (wanted)
        memcpy(wanted + view_row(pass, view, r) * units + first_column,
               scratch + (r - tile->row) * VAEI_MAX_TILE_COLUMNS, piece.columns * sizeof(float));
    }
  }
  if (pack) vaei_mixed_pack_tile(pass, &pass->mixed.layers[pass->model->output].dy, tile, gradient);
  for (uint32_t c = 0; pack && c < count; c++)
    vaei_mixed_pack_tile(pass, &pass->mixed.layers[pass->model->output + 1 + c].dy, tile,
                         constant_gradients + (size_t)c * VAEI_MAX_TILE_ROWS * VAEI_MAX_TILE_COLUMNS);
}

/* The loss of a product's tile, column by column: those are the same whatever a product takes at once, and with them the order
 * of the sum. */
static void product_loss(vaei_pass *pass, const vaei_tile *all, float *scratch, const vaei_terms_view *view) {
  const uint32_t panels = pass->model->dense[pass->model->output].panels;
  vaei_tile tile = *all;
  for (; tile.panel < all->panel_end; tile.column++, tile.panel = tile.panel_end) {
    tile.panel_end = vaei_column_begin(tile.column + 1, pass->column_tiles, panels);
    tile_loss(pass, &tile, scratch + (size_t)(tile.panel - all->panel) * VAEI_VECTOR, view);
  }
}

/* A piece of a row, as wide as a tile: the halves of an output [location | log variance] need not begin at a vector. */
typedef struct row_piece {
  float output[VAEI_MAX_TILE_COLUMNS], log_scale[VAEI_MAX_TILE_COLUMNS];
  float d[VAEI_MAX_TILE_COLUMNS], d_log_scale[VAEI_MAX_TILE_COLUMNS];
} row_piece;

/* The loss of a row with a learned scale, piece by piece. row: that of outputs, gradients and x, whose D columns it is about; d
 * and d_constant: NULL, or where the gradients of [location | log variance] and of the one log sigma go. */
static void scaled_row(const vaei_pass *pass, const vaei_output_tile *row, float *d, float *d_constant) {
  const size_t units = row->columns;
  const bool global = row->config->sigma_kind == VAE_SIGMA_GLOBAL;
  row_piece p = {.output = {0}}; /* so that no lane is left undefined */
  for (size_t first = 0; first < units; first += VAEI_MAX_TILE_COLUMNS) {
    const size_t left = units - first, columns = left < VAEI_MAX_TILE_COLUMNS ? left : VAEI_MAX_TILE_COLUMNS;
    const size_t size = columns * sizeof(float);
    vaei_output_tile piece = *row;
    memcpy(p.output, row->output + first, size);
    if (global)
      for (size_t j = 0; j < columns; j++) p.log_scale[j] = *vaei_constant_of(pass->model, 0);
    else memcpy(p.log_scale, row->output + units + first, size);
    memset(p.d_log_scale, 0, sizeof p.d_log_scale);
    piece.columns = columns;
    piece.output = p.output;
    piece.x = row->x + first;
    piece.d = d ? p.d : NULL;
    piece.log_scale = p.log_scale;
    piece.log_scale_unit = global ? 1.0f : 0.5f;
    piece.d_log_scale = p.d_log_scale;
    vaei_likelihood_of(row->config)->loss(&piece, true);
    if (d) memcpy(d + first, p.d, size);
    if (d && !global) memcpy(d + units + first, p.d_log_scale, size);
    for (size_t j = 0; global && d && j < columns; j++) *d_constant += p.d_log_scale[j];
    /* The scale has been used: what is kept of the output is the mean. */
    memcpy(row->output + first, p.output, size);
  }
}

/* -log p(x|z) of row r, and log p(x, z) - log q(z|x). */
static void row_loss(vaei_pass *pass, const vaei_terms_view *view, size_t r) {
  const size_t latents = pass->model->config.latent_dim;
  double sum = 0;
  const double *tile = pass->tile_nll + r;
  for (uint32_t left = pass->column_tiles; left > 0; left--, tile += pass->max_draws) sum += *tile;
  pass->nll[r] = sum;
  pass->log_ratio[r] -= sum;
  const size_t to = view_row(pass, view, r);
  if (view->terms.sample_nll) view->terms.sample_nll[to] = (float)sum;
  if (view->terms.z) memcpy(view->terms.z + to * latents, pass->z + r * pass->z_row, latents * sizeof(float));
}

/* Adds the part's samples to an example's sums. The log of the mean weight is kept as a largest term and a sum relative to it,
 * sample by sample in order, so that it does not depend on how many are worked on at a time; beside it the sum of
 * squared weights. */
static void add_samples(vaei_pass *pass, size_t example, size_t first_row) {
  if (pass->part.sample == 0) {
    pass->nll_total[example] = pass->weight_sum[example] = pass->weight_squares[example] = 0;
    pass->weight_max[example] = -__builtin_inf();
  }
  for (size_t r = first_row; r < first_row + pass->part.samples; r++) {
    pass->nll_total[example] += pass->nll[r];
    if (pass->divergence) pass->kl[example] += pass->divergence[r] / pass->objective.samples;
    const double log_weight = pass->log_ratio[r], largest = pass->weight_max[example];
    if (log_weight <= largest) {
      const double weight = vaei_exp(log_weight - largest);
      pass->weight_sum[example] += weight;
      pass->weight_squares[example] += weight * weight;
    } else {
      const double scale = vaei_exp(largest - log_weight);
      pass->weight_sum[example] = pass->weight_sum[example] * scale + 1.0;
      pass->weight_squares[example] = pass->weight_squares[example] * scale * scale + 1.0;
      pass->weight_max[example] = log_weight; /* a NaN comes here too and stays */
    }
  }
}

/* An example's loss from the sums over all its samples; that of the importance-weighted bound: Burda et al. 2016, eq. 8. */
static double loss_of(const vaei_pass *pass, size_t example) {
  const double samples = pass->objective.samples;
  if (pass->objective.kind == VAE_OBJECTIVE_IWAE)
    return -(pass->weight_max[example] + vaei_log(pass->weight_sum[example] / samples));
  return pass->nll_total[example] / samples + pass->objective.beta * pass->kl[example] + pass->penalty;
}

/* Example i's terms into the caller's arrays. */
static void write_terms(const vaei_pass *pass, const vaei_terms_view *view, size_t i) {
  const vae_terms *t = &view->terms;
  const size_t latents = pass->model->config.latent_dim, to = view->first + i;
  const vaei_activations *head = &pass->layers[pass->model->head];
  const float *mean = head->y + i * head->row;
  if (t->loss) t->loss[to] = (float)pass->example_loss[i];
  if (t->kl) t->kl[to] = (float)pass->kl[i];
  if (t->mean) memcpy(t->mean + to * latents, mean, latents * sizeof(float));
  if (t->logvar) memcpy(t->logvar + to * latents, mean + latents, latents * sizeof(float));
  if (t->reconstruction) t->reconstruction[to] = (float)(pass->nll_total[i] / pass->objective.samples);
}

/* The losses of the crew's examples, whose rows have theirs. */
static void example_losses(vaei_pass *pass, const vaei_crew *crew, const vaei_terms_view *view) {
  const vaei_part *part = &pass->part;
  const vaei_range share = vaei_crew_share(crew, 1);
  for (size_t j = share.begin; j < share.end; j++) {
    const size_t i = part->example + j;
    add_samples(pass, i, j * part->samples);
    pass->example_loss[i] = 0;
    if (part->sample + part->samples < pass->objective.samples) continue;
    pass->example_loss[i] = loss_of(pass, i);
    if (!vaei_is_finite(pass->example_loss[i] + pass->nll_total[i] + pass->kl[i]))
      atomic_store_explicit(&pass->not_finite, 1, memory_order_relaxed);
    write_terms(pass, view, i);
  }
}

/* The losses of some rows whose outputs are in y, the caller's means and the gradients. */
static void rows_loss(vaei_pass *pass, vaei_range rows, const vaei_terms_view *view) {
  const vae_model *model = pass->model;
  const vaei_likelihood *likelihood = vaei_likelihood_of(&model->config);
  const vaei_activations *out = &pass->layers[model->output], *constants = out + 1;
  const size_t units = model->config.input_dim, width = model->dense[model->output].panels * (size_t)VAEI_VECTOR;
  for (size_t r = rows.begin; r < rows.end; r++) {
    double nll = 0;
    float *d = out->dy && !pass->part.bound_only ? out->dy + r * out->row : NULL;
    float *d_constant = d && vaei_likelihood_constants(&model->config) ? constants->dy + r * constants->row : NULL;
    const vaei_output_tile row = {.kernels = pass->kernels,
                                  .config = &model->config,
                                  .rows = 1,
                                  .columns = units,
                                  .output = out->y + r * out->row,
                                  .output_row = out->row,
                                  .x = pass->x + (pass->part.example + r / pass->part.samples) * pass->x_row,
                                  .x_row = pass->x_row,
                                  .row_weight = pass->row_weight + r,
                                  .d = d,
                                  .d_row = out->row,
                                  .nll = &nll};
    if (d) memset(d, 0, width * sizeof *d);
    if (d_constant) memset(d_constant, 0, constants->row * sizeof *d_constant);
    if (likelihood->grouped) likelihood->loss(&row, true);
    else scaled_row(pass, &row, d, d_constant);
    if (d && !likelihood->tame) vaei_pass_note_large(pass, d, 1, width, 0);
    if (d_constant) vaei_pass_note_large(pass, d_constant, 1, 1, 0);
    pass->tile_nll[r] = nll;
    if (view->terms.output)
      memcpy(view->terms.output + view_row(pass, view, r) * units, row.output, units * sizeof(float));
  }
}

/* Packs the crew's rows of the output's gradients, and of those of the constants, for bf16 products. */
static void pack_rows(const vaei_pass *pass, vaei_range rows) {
  for (uint32_t l = pass->model->output; l < pass->model->output_end; l++)
    vaei_mixed_pack_rows(pass, &pass->mixed.layers[l].dy, rows, pass->layers[l].dy, pass->layers[l].row,
                         pass->model->dense[l].panels * (size_t)VAEI_VECTOR);
}

/* Weights the gradients of the crew's output rows by softmax(log w) over the samples of an example: Burda et al. 2016, eq. 14. */
static void weigh_rows(vaei_pass *pass, const vaei_crew *crew) {
  const vaei_part *part = &pass->part;
  const vae_model *model = pass->model;
  const vaei_range share = vaei_crew_share(crew, part->samples);
  const double samples = pass->objective.samples, n = pass->rows;
  for (size_t r = share.begin; r < share.end; r++) {
    const double bound = -pass->example_loss[part->example + r / part->samples];
    pass->row_weight[r] = (float)(vaei_exp(pass->log_ratio[r] - bound) / (samples * n));
  }
  for (uint32_t l = model->output; l < model->output_end; l++)
    pass->kernels->scale_rows(share.end - share.begin, model->dense[l].panels * (size_t)VAEI_VECTOR,
                              pass->row_weight + share.begin, pass->layers[l].dy + share.begin * pass->layers[l].row,
                              pass->layers[l].row);
  if (pass->mixed.kernels) pack_rows(pass, share);
  vaei_team_barrier(crew->member);
}

void vaei_pass_loss(vaei_pass *pass, vaei_member member, const vaei_terms_view *view) {
  const vaei_crew crew = vaei_decoder_crew(pass, member);
  const vaei_range rows = vaei_crew_share(&crew, pass->part.samples);
  if (vaei_likelihood_takes_rows(&pass->model->config)) {
    vaei_output_rows(pass, &crew);
    rows_loss(pass, rows, view);
    if (pass->mixed.kernels && !vaei_pass_weighs_samples(pass)) pack_rows(pass, rows);
    vaei_team_barrier(crew.member);
  } else {
    vaei_crew at_work = crew;
    vaei_work work = vaei_output_begin(pass, &at_work);
    float scratch[VAEI_MAX_TILE_ROWS * VAEI_MAX_TILE_COLUMNS];
    for (vaei_tile tile; vaei_output_next(pass, &work, &tile, scratch);) product_loss(pass, &tile, scratch, view);
    vaei_team_barrier(at_work.member);
  }
  for (size_t r = rows.begin; r < rows.end; r++) row_loss(pass, view, r);
  if (pass->part.samples > 1) vaei_team_barrier(crew.member);
  if (!pass->part.bounded) example_losses(pass, &crew, view);
  const bool weigh = pass->size.gradients && vaei_pass_weighs_samples(pass) && !pass->part.bound_only;
  if (pass->size.gradients && !weigh) return; /* what the backward phases read is there */
  vaei_team_barrier(crew.member);
  if (weigh) weigh_rows(pass, &crew);
}
