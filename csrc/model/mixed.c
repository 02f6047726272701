#include "model/mixed.h"

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
  mixed->x = take_operand(arena, pass->max_rows, model->config.input_dim, true);
  mixed->z = take_operand(arena, pass->max_draws, model->config.latent_dim, true);
  for (uint32_t l = 0; l < model->dense_count; l++) {
    const vaei_dense *layer = &model->dense[l];
    const size_t rows = l <= model->head ? pass->max_rows : pass->max_draws;
    const bool hidden = l != model->head && l + 1 < model->dense_count, has_dx = layer->transposed_size > 0;
    const size_t weights = (size_t)layer->panels * ((layer->inputs + 1) / 2) * VAEI_VECTOR;
    const size_t transposed = (size_t)layer->input_panels * ((layer->units + 1) / 2) * VAEI_VECTOR;
    vaei_mixed_layer m = {0};
    if (hidden) m.y = take_operand(arena, rows, layer->units, true);
    m.dy = take_operand(arena, rows, layer->units, has_dx);
    m.weights = vaei_arena_take(arena, weights, sizeof *m.weights);
    if (has_dx) m.transposed = vaei_arena_take(arena, transposed, sizeof *m.transposed);
    if (mixed->layers) mixed->layers[l] = m;
  }
}

vaei_range vaei_mixed_pairs(vaei_member member, size_t rows) {
  const vaei_range pairs = vaei_team_share(member, (rows + 1) / 2);
  const size_t begin = 2 * pairs.begin, end = 2 * pairs.end;
  return (vaei_range){begin < rows ? begin : rows, end < rows ? end : rows};
}

vaei_range vaei_mixed_share(const vaei_crew *crew, size_t each) {
  const vaei_range rows = vaei_crew_rows(crew, each), share = vaei_mixed_pairs(crew->member, rows.end - rows.begin);
  return (vaei_range){rows.begin + share.begin, rows.begin + share.end};
}

vaei_work vaei_mixed_work(const vaei_pass *pass, const vaei_crew *crew, size_t each, uint32_t panels) {
  const vaei_bf16_kernels *kernels = pass->mixed.kernels;
  const bool whole_rows = vaei_crew_divides_rows(crew, each);
  const vaei_range rows = whole_rows ? vaei_mixed_share(crew, each) : vaei_crew_rows(crew, each);
  const uint32_t first = (uint32_t)rows.begin / 2, pairs = (uint32_t)(rows.end + 1) / 2 - first;
  const uint32_t pairs_a_tile = kernels->tile_rows / 2;
  const vaei_tiling tiling = {first, pairs, panels, (pairs + pairs_a_tile - 1) / pairs_a_tile,
                              (panels + kernels->tile_panels - 1) / kernels->tile_panels};
  return (vaei_work){tiling, vaei_crew_tiles(crew, &tiling, whole_rows)};
}

vaei_tile vaei_mixed_tile_at(const vaei_tiling *tiling, size_t index, uint32_t rows) {
  vaei_tile tile = vaei_tiling_at(tiling, index);
  tile.row *= 2;
  tile.row_end = 2 * tile.row_end < rows ? 2 * tile.row_end : rows;
  return tile;
}

void vaei_mixed_pack_rows(const vaei_pass *pass, const vaei_operand *to, vaei_range share, const float *from,
                          size_t row, size_t columns) {
  if (share.begin == share.end) return;
  pass->mixed.kernels->pack((uint32_t)(share.end - share.begin), (uint32_t)panels_of(columns), from + share.begin * row,
                            row, to->across ? to->across + share.begin * to->across_row : NULL, to->across_row,
                            to->along + share.begin / 2 * to->along_row, to->along_row);
}

/* A tile of `from`, rows VAEI_MAX_TILE_COLUMNS apart. */
static void pack_tile(const vaei_pass *pass, const vaei_operand *to, const vaei_tile *tile, const float *from) {
  pass->mixed.kernels->pack(
      tile->row_end - tile->row, tile->panel_end - tile->panel, from, VAEI_MAX_TILE_COLUMNS,
      to->across ? to->across + tile->row * to->across_row + (size_t)tile->panel * 8 : NULL, to->across_row,
      to->along + tile->row / 2 * to->along_row + (size_t)tile->panel * VAEI_VECTOR, to->along_row);
}

/* What a layer reads. */
static const vaei_operand *input_of(const vaei_pass *pass, uint32_t layer) {
  if (layer == 0) return &pass->mixed.x;
  return layer == pass->model->head + 1 ? &pass->mixed.z : &pass->mixed.layers[layer - 1].y;
}

/* A tile of x W + b. */
static void forward_tile(const vaei_pass *pass, uint32_t index, const vaei_tile *tile, float *c, size_t c_row) {
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

/* The real columns of a tile. */
static size_t tile_columns(const vaei_tile *tile, size_t units) {
  const size_t begin = (size_t)tile->panel * VAEI_VECTOR, end = (size_t)tile->panel_end * VAEI_VECTOR;
  return (end < units ? end : units) - begin;
}

/* The rows of a matrix an example, and in a batch, of what a layer works on. */
static uint32_t rows_each(const vaei_pass *pass, uint32_t index) {
  return index <= pass->model->head ? 1 : pass->samples;
}

static uint32_t layer_rows(const vaei_pass *pass, uint32_t index) { return pass->rows * rows_each(pass, index); }

void vaei_mixed_layer_forward(vaei_pass *pass, const vaei_crew *crew, uint32_t index) {
  const vaei_dense *layer = &pass->model->dense[index];
  const vaei_activations *out = &pass->layers[index];
  const bool head = index == pass->model->head;
  const vaei_work work = vaei_mixed_work(pass, crew, rows_each(pass, index), layer->panels);
  for (size_t t = work.tiles.begin; t < work.tiles.end; t++) {
    float scratch[VAEI_MAX_TILE_ROWS * VAEI_MAX_TILE_COLUMNS];
    const vaei_tile tile = vaei_mixed_tile_at(&work.tiling, t, layer_rows(pass, index));
    const size_t tile_rows = tile.row_end - tile.row, at = tile.row * out->row + (size_t)tile.panel * VAEI_VECTOR;
    float *y = head ? out->y + at : scratch;
    const size_t y_row = head ? out->row : (size_t)VAEI_MAX_TILE_COLUMNS;
    forward_tile(pass, index, &tile, y, y_row);
    pass->kernels->activate(layer->activation, tile_rows, (size_t)(tile.panel_end - tile.panel) * VAEI_VECTOR, y, y_row,
                            out->slope ? out->slope + at : NULL, out->row);
    vaei_pass_note_large(pass, y, tile_rows, tile_columns(&tile, layer->units), y_row);
    if (!head) pack_tile(pass, &pass->mixed.layers[index].y, &tile, y);
  }
}

void vaei_mixed_output_tile(const vaei_pass *pass, const vaei_tile *tile, float *c) {
  forward_tile(pass, pass->model->dense_count - 1, tile, c, VAEI_MAX_TILE_COLUMNS);
}

void vaei_mixed_keep_output_gradient(vaei_pass *pass, const vaei_tile *tile, const float *d) {
  pack_tile(pass, &pass->mixed.layers[pass->model->dense_count - 1].dy, tile, d);
}

/* dy *= activation'(…) for a tile of the layer below, whose output is at hand in bf16, or its slope in float32. */
static void activation_backward(const vaei_pass *pass, uint32_t index, const vaei_tile *tile, float *dy) {
  const vaei_activations *below = &pass->layers[index];
  const vaei_operand *packed = &pass->mixed.layers[index].y;
  const size_t tile_rows = tile->row_end - tile->row, columns = (size_t)(tile->panel_end - tile->panel) * VAEI_VECTOR;
  float scratch[VAEI_MAX_TILE_ROWS * VAEI_MAX_TILE_COLUMNS];
  const float *y = scratch;
  size_t y_row = VAEI_MAX_TILE_COLUMNS;
  if (below->slope) {
    y = below->slope + tile->row * below->row + (size_t)tile->panel * VAEI_VECTOR;
    y_row = below->row;
  } else {
    pass->mixed.kernels->unpack((uint32_t)tile_rows, tile->panel_end - tile->panel,
                                packed->across + tile->row * packed->across_row + (size_t)tile->panel * 8,
                                packed->across_row, scratch, y_row);
  }
  pass->kernels->activate_backward(pass->model->dense[index].activation, tile_rows, columns, y, y_row, dy,
                                   VAEI_MAX_TILE_COLUMNS);
}

void vaei_mixed_layer_backward(vaei_pass *pass, const vaei_crew *crew, uint32_t index) {
  const vaei_dense *layer = &pass->model->dense[index];
  const vaei_mixed_layer *mixed = &pass->mixed.layers[index];
  const bool to_z = index == pass->model->head + 1;
  const vaei_work work = vaei_mixed_work(pass, crew, rows_each(pass, index), layer->input_panels);
  const size_t depth = ((size_t)layer->units + 1) / 2;
  for (size_t t = work.tiles.begin; t < work.tiles.end; t++) {
    float scratch[VAEI_MAX_TILE_ROWS * VAEI_MAX_TILE_COLUMNS];
    const vaei_tile tile = vaei_mixed_tile_at(&work.tiling, t, layer_rows(pass, index));
    const uint32_t tile_rows = tile.row_end - tile.row, tile_panels = tile.panel_end - tile.panel;
    const vaei_pair_product product = {
        .depth = depth,
        .a = mixed->dy.across + tile.row * mixed->dy.across_row,
        .a_row = mixed->dy.across_row,
        .a_step = 1,
        .b = mixed->transposed + tile.panel * depth * VAEI_VECTOR,
        .b_step = VAEI_VECTOR,
        .b_panel = depth * VAEI_VECTOR,
        .c = to_z ? pass->dz + tile.row * pass->z_row + (size_t)tile.panel * VAEI_VECTOR : scratch,
        .c_row = to_z ? pass->z_row : (size_t)VAEI_MAX_TILE_COLUMNS,
        .c_panel = VAEI_VECTOR};
    pass->mixed.kernels->product(&product, tile_rows, tile_panels);
    if (to_z) continue;
    activation_backward(pass, index - 1, &tile, scratch);
    vaei_pass_note_large(pass, scratch, tile_rows, (size_t)tile_panels * VAEI_VECTOR, VAEI_MAX_TILE_COLUMNS);
    pack_tile(pass, &pass->mixed.layers[index - 1].dy, &tile, scratch);
  }
}

void vaei_mixed_gradient(const vaei_pass *pass, uint32_t index, uint32_t row, uint32_t row_end, bool bias,
                         uint32_t panel, uint32_t panel_end, float *to, size_t to_panel) {
  static const uint32_t one = 0x3F803F80u; /* the bias is the weight of an input that is always one */
  const vaei_bf16_kernels *kernels = pass->mixed.kernels;
  const vaei_operand *x = input_of(pass, index), *dy = &pass->mixed.layers[index].dy;
  const size_t rows = layer_rows(pass, index);
  vaei_pair_product product = {.depth = (rows + 1) / 2,
                               .a_row = 1,
                               .b_step = dy->along_row,
                               .b_panel = VAEI_VECTOR,
                               .c_row = VAEI_VECTOR,
                               .c_panel = to_panel};
  for (uint32_t j = panel; j < panel_end; j += kernels->tile_panels) {
    const uint32_t panels = panel_end - j < kernels->tile_panels ? panel_end - j : kernels->tile_panels;
    float *c = to + (j - panel) * to_panel;
    product.b = dy->along + (size_t)j * VAEI_VECTOR;
    product.a_step = x->along_row;
    for (uint32_t i = row; i < row_end; i += kernels->tile_rows) {
      product.a = x->along + i;
      product.c = c + (size_t)(i - row) * VAEI_VECTOR;
      kernels->product(&product, row_end - i < kernels->tile_rows ? row_end - i : kernels->tile_rows, panels);
    }
    if (!bias) continue;
    product.a = &one;
    product.a_step = 0;
    product.c = c + (size_t)(row_end - row) * VAEI_VECTOR;
    kernels->product(&product, 1, panels);
  }
}

void vaei_mixed_copy_weights(vaei_pass *pass, uint32_t index, uint32_t row, uint32_t row_end, uint32_t panel,
                             const float *weights) {
  const vaei_bf16_kernels *kernels = pass->mixed.kernels;
  const vaei_dense *layer = &pass->model->dense[index];
  const vaei_mixed_layer *mixed = &pass->mixed.layers[index];
  const size_t depth = ((size_t)layer->inputs + 1) / 2, units = ((size_t)layer->units + 1) / 2;
  kernels->pack(row_end - row, 1, weights, VAEI_VECTOR, NULL, 0,
                mixed->weights + (panel * depth + row / 2) * VAEI_VECTOR, VAEI_VECTOR);
  if (!mixed->transposed) return;
  const uint32_t left = layer->units - panel * VAEI_VECTOR, columns = left < VAEI_VECTOR ? left : VAEI_VECTOR;
  for (uint32_t r = row; r < row_end; r += VAEI_VECTOR)
    kernels->pack_transposed(weights + (size_t)(r - row) * VAEI_VECTOR, row_end - r < 16 ? row_end - r : 16,
                             mixed->transposed + (r / 16 * units + (size_t)panel * 8) * VAEI_VECTOR, columns);
}

size_t vaei_mixed_first_bad_row(const vaei_operand *x, size_t rows, size_t columns) {
  for (size_t i = 0; i < rows; i++)
    for (size_t j = 0; j < columns; j++) {
      const uint32_t exponent = i % 2 ? 0x7F800000u : 0x7F80u;
      if ((x->along[i / 2 * x->along_row + j] & exponent) == exponent) return i;
    }
  return rows;
}
