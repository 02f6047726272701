#include "model/mixed.h"

#include "model/update.h"

/* A packed row of n vectors: an odd number of cache lines. */
static size_t odd_lines(size_t pairs) { return (((pairs + 15) / 16) | 1) * 16; }

static size_t panels_of(size_t columns) { return (columns + VAEI_VECTOR - 1) / VAEI_VECTOR; }

static vaei_operand take_operand(vaei_arena *arena, size_t rows, size_t columns, bool across) {
  const size_t panels = panels_of(columns);
  vaei_operand o = {.across_row = odd_lines(8 * panels), .along_row = odd_lines(16 * panels)};
  if (across) o.across = vaei_arena_take(arena, rows * o.across_row, sizeof *o.across);
  o.along = vaei_arena_take(arena, (rows + 1) / 2 * o.along_row, sizeof *o.along);
  return o;
}

void vaei_mixed_lay_out(vaei_pass *pass) {
  const vae_model *model = pass->model;
  vaei_arena *arena = &pass->arena;
  vaei_mixed *mixed = &pass->mixed;
  mixed->layers = vaei_arena_take(arena, model->dense_count, sizeof *mixed->layers);
  mixed->x = take_operand(arena, pass->size.rows, model->config.input_dim + (size_t)model->config.condition_dim, true);
  mixed->z = take_operand(arena, pass->max_draws, model->config.latent_dim + (size_t)model->config.condition_dim, true);
  if (model->config.prior == VAE_PRIOR_CONDITIONAL)
    mixed->c = take_operand(arena, pass->size.rows, model->config.condition_dim, true);
  for (uint32_t l = 0; l < model->dense_count; l++) {
    const vaei_dense *layer = &model->dense[l];
    if (layer->kind == VAEI_LAYER_OWN) continue; /* it has no products */
    const size_t rows = vaei_pass_most_rows(pass, l);
    const bool has_dx = layer->transposed_size > 0;
    const size_t weights = (size_t)layer->panels * ((layer->inputs + 1) / 2) * VAEI_VECTOR;
    const size_t transposed = (size_t)layer->input_panels * ((layer->units + 1) / 2) * VAEI_VECTOR;
    vaei_mixed_layer m = {0};
    if (layer->kind == VAEI_LAYER_HIDDEN) m.y = take_operand(arena, rows, layer->units, true);
    m.dy = take_operand(arena, rows, layer->units, has_dx);
    if (!pass->size.encoder_only) m.weights = vaei_arena_take(arena, weights, sizeof *m.weights);
    if (has_dx && !pass->size.encoder_only) m.transposed = vaei_arena_take(arena, transposed, sizeof *m.transposed);
    if (mixed->layers) mixed->layers[l] = m;
  }
}

void vaei_mixed_pack_rows(const vaei_pass *pass, const vaei_operand *to, vaei_range share, const float *from,
                          size_t row, size_t columns) {
  if (share.begin == share.end) return;
  pass->mixed.kernels->pack((uint32_t)(share.end - share.begin), (uint32_t)panels_of(columns), from + share.begin * row,
                            row, to->across ? to->across + share.begin * to->across_row : NULL, to->across_row,
                            to->along + share.begin / 2 * to->along_row, to->along_row);
}

void vaei_mixed_pack_tile(const vaei_pass *pass, const vaei_operand *to, const vaei_tile *tile, const float *from) {
  pass->mixed.kernels->pack(
      tile->row_end - tile->row, tile->panel_end - tile->panel, from, VAEI_MAX_TILE_COLUMNS,
      to->across ? to->across + tile->row * to->across_row + (size_t)tile->panel * 8 : NULL, to->across_row,
      to->along + tile->row / 2 * to->along_row + (size_t)tile->panel * VAEI_VECTOR, to->along_row);
}

void vaei_mixed_unpack_tile(const vaei_pass *pass, const vaei_operand *from, const vaei_tile *tile, float *to) {
  pass->mixed.kernels->unpack(tile->row_end - tile->row, tile->panel_end - tile->panel,
                              from->across + tile->row * from->across_row + (size_t)tile->panel * 8, from->across_row,
                              to, VAEI_MAX_TILE_COLUMNS);
}

/* What a layer reads. */
static const vaei_operand *input_of(const vaei_pass *pass, uint32_t layer) {
  switch (pass->model->dense[layer].source) {
    case VAEI_SOURCE_X: return &pass->mixed.x;
    case VAEI_SOURCE_Z: return &pass->mixed.z;
    case VAEI_SOURCE_C: return &pass->mixed.c;
    default: return &pass->mixed.layers[layer - 1].y;
  }
}

void vaei_mixed_product(const vaei_pass *pass, uint32_t index, const vaei_tile *tile, float *c, size_t c_row) {
  const vaei_dense *layer = &pass->model->dense[index];
  const vaei_operand *x = input_of(pass, index);
  const size_t depth = ((size_t)layer->inputs + 1) / 2, panel = ((size_t)layer->inputs + 1) * VAEI_VECTOR;
  const vaei_pair_product product = {
      .depth = depth,
      .a = x->across + tile->row * x->across_row,
      .a_row = x->across_row,
      .a_step = 1,
      .b = pass->mixed.layers[index].weights + tile->panel * depth * VAEI_VECTOR,
      .b_step = VAEI_VECTOR,
      .b_panel = depth * VAEI_VECTOR,
      .start = pass->model->block + layer->offset + tile->panel * panel + (size_t)layer->inputs * VAEI_VECTOR,
      .start_panel = panel,
      .c = c,
      .c_row = c_row,
      .c_panel = VAEI_VECTOR};
  pass->mixed.kernels->product(&product, tile->row_end - tile->row, tile->panel_end - tile->panel);
}

void vaei_mixed_product_back(const vaei_pass *pass, uint32_t index, const vaei_tile *tile, vaei_range units, float *dx,
                             size_t dx_row) {
  const vaei_mixed_layer *mixed = &pass->mixed.layers[index];
  const size_t depth = ((size_t)pass->model->dense[index].units + 1) / 2;
  const size_t first = units.begin / VAEI_PAIR;
  const vaei_pair_product product = {.depth = (units.end + 1) / VAEI_PAIR - first,
                                     .a = mixed->dy.across + tile->row * mixed->dy.across_row + first,
                                     .a_row = mixed->dy.across_row,
                                     .a_step = 1,
                                     .b = mixed->transposed + (tile->panel * depth + first) * VAEI_VECTOR,
                                     .b_step = VAEI_VECTOR,
                                     .b_panel = depth * VAEI_VECTOR,
                                     .c = dx,
                                     .c_row = dx_row,
                                     .c_panel = VAEI_VECTOR};
  pass->mixed.kernels->product(&product, tile->row_end - tile->row, tile->panel_end - tile->panel);
}

void vaei_mixed_gradient(const vaei_pass *pass, const vaei_task *task, const float *start, size_t start_panel, float *g,
                         size_t g_panel) {
  static const uint32_t one = 0x3F803F80u; /* the bias is the weight of an input that is always one */
  const vaei_bf16_kernels *kernels = pass->mixed.kernels;
  const vaei_operand *x = input_of(pass, task->layer), *dy = &pass->mixed.layers[task->layer].dy;
  const uint32_t panels = task->panel_end - task->panel, weights = task->row_end - task->row;
  vaei_pair_product product = {.depth = ((size_t)vaei_pass_layer_rows(pass, task->layer) + 1) / 2,
                               .a_row = 1,
                               .a_step = x->along_row,
                               .b = dy->along + (size_t)task->panel * VAEI_VECTOR,
                               .b_step = dy->along_row,
                               .b_panel = VAEI_VECTOR,
                               .start_row = VAEI_VECTOR,
                               .start_panel = start_panel,
                               .c_row = VAEI_VECTOR,
                               .c_panel = g_panel};
  for (uint32_t i = 0, rows; i < vaei_task_rows(task); i += rows) {
    const bool bias = i == weights;
    rows = bias ? 1 : weights - i < kernels->tile_rows ? weights - i : kernels->tile_rows;
    product.a = bias ? &one : x->along + task->row + i;
    if (bias) product.a_step = 0;
    product.start = start ? start + (size_t)i * VAEI_VECTOR : NULL;
    product.c = g + (size_t)i * VAEI_VECTOR;
    kernels->product(&product, rows, panels);
  }
}

void vaei_mixed_copy_weights(vaei_pass *pass, const vaei_task *task, uint32_t panel, const float *weights) {
  const vaei_bf16_kernels *kernels = pass->mixed.kernels;
  const vaei_dense *layer = &pass->model->dense[task->layer];
  const vaei_mixed_layer *mixed = &pass->mixed.layers[task->layer];
  const uint32_t rows = task->row_end - task->row;
  const size_t depth = ((size_t)layer->inputs + 1) / 2, units = ((size_t)layer->units + 1) / 2;
  kernels->pack(rows, 1, weights, VAEI_VECTOR, NULL, 0, mixed->weights + (panel * depth + task->row / 2) * VAEI_VECTOR,
                VAEI_VECTOR);
  if (!mixed->transposed) return;
  const uint32_t left = layer->units - panel * VAEI_VECTOR, columns = left < VAEI_VECTOR ? left : VAEI_VECTOR;
  for (uint32_t i = 0; i < rows && (task->row + i) / VAEI_VECTOR < layer->input_panels; i += VAEI_VECTOR)
    kernels->pack_transposed(weights + (size_t)i * VAEI_VECTOR, rows - i < 16 ? rows - i : 16,
                             mixed->transposed + ((task->row + i) / 16 * units + (size_t)panel * 8) * VAEI_VECTOR,
                             columns);
}

size_t vaei_mixed_first_bad_row(const vaei_operand *x, size_t rows, size_t columns) {
  for (size_t i = 0; i < rows; i++)
    for (size_t j = 0; j < columns; j++) {
      const uint32_t exponent = i % 2 ? 0x7F800000u : 0x7F80u;
      if ((x->along[i / 2 * x->along_row + j] & exponent) == exponent) return i;
    }
  return rows;
}
