#include "model/layer_product.h"

#include "core/random.h"

#include "model/mixed.h"

static bool in_bytes(const vae_model *model, uint32_t layer) {
  return model->narrow_layers && model->narrow_layers[layer].precision == VAE_PRECISION_INT8;
}

const float *vaei_layer_input(const vaei_pass *pass, uint32_t layer, size_t *row) {
  switch (pass->model->dense[layer].source) {
    case VAEI_SOURCE_X: *row = pass->x_row; return pass->x;
    case VAEI_SOURCE_Z: *row = pass->z_row; return pass->z;
    case VAEI_SOURCE_C: *row = pass->c_row; return pass->c;
    default: *row = pass->layers[layer - 1].row; return pass->layers[layer - 1].y;
  }
}

void vaei_layer_begin(vaei_pass *pass, const vaei_crew *crew, uint32_t layer) {
  if (!in_bytes(pass->model, layer)) return;
  size_t x_row;
  const float *x = vaei_layer_input(pass, layer, &x_row);
  const vaei_range share = vaei_crew_share(crew, vaei_pass_rows_each(pass, layer));
  pass->int8->quantize(share.end - share.begin, pass->model->dense[layer].inputs, x + share.begin * x_row, x_row,
                       pass->bytes + share.begin * pass->bytes_row, pass->bytes_row, pass->row_scale + share.begin);
  vaei_team_barrier(crew->member);
}

static void narrow_product(const vaei_pass *pass, uint32_t index, const vaei_tile *tile, float *c, size_t c_row) {
  const vaei_narrow *weights = &pass->model->narrow_layers[index];
  const uint32_t rows = tile->row_end - tile->row, panels = tile->panel_end - tile->panel;
  size_t x_row;
  const float *x = vaei_layer_input(pass, index, &x_row);
  vaei_narrow_product product = {.depth = pass->model->dense[index].inputs,
                                 .x = x + tile->row * x_row,
                                 .x_row = x_row,
                                 .b = pass->model->narrow + weights->offset + tile->panel * weights->panel,
                                 .b_panel = weights->panel,
                                 .c = c,
                                 .c_row = c_row};
  if (weights->precision == VAE_PRECISION_BFLOAT16) {
    pass->kernels->bf16_product(&product, rows, panels);
    return;
  }
  product.bytes = pass->bytes + tile->row * pass->bytes_row;
  product.x_row = pass->bytes_row;
  product.scales = pass->row_scale + tile->row;
  pass->int8->product(&product, rows, panels);
}

/* A tile of a single row may be wider than others. */
static void run_product(const vaei_pass *pass, const vaei_product *product, const vaei_tile *tile) {
  const uint32_t rows = tile->row_end - tile->row, panels = tile->panel_end - tile->panel;
  if (rows == 1) pass->kernels->row_product(product, panels);
  else pass->kernels->product(product, rows, panels);
}

static void float_product(const vaei_pass *pass, uint32_t index, const vaei_tile *tile, float *c, size_t c_row) {
  const vaei_dense *layer = &pass->model->dense[index];
  const size_t panel = ((size_t)layer->inputs + 1) * VAEI_VECTOR;
  const float *weights = pass->model->block + layer->offset + tile->panel * panel;
  size_t x_row;
  const float *x = vaei_layer_input(pass, index, &x_row);
  const vaei_product product = {.depth = layer->inputs,
                                .a = x + tile->row * x_row,
                                .a_row = x_row,
                                .a_step = 1,
                                .b = weights,
                                .b_step = VAEI_VECTOR,
                                .b_panel = panel,
                                .start = weights + (size_t)layer->inputs * VAEI_VECTOR,
                                .start_panel = panel,
                                .c = c,
                                .c_row = c_row,
                                .c_panel = VAEI_VECTOR};
  run_product(pass, &product, tile);
}

void vaei_layer_product(const vaei_pass *pass, uint32_t layer, const vaei_tile *tile, float *c, size_t c_row) {
  if (pass->model->narrow_layers) narrow_product(pass, layer, tile, c, c_row);
  else if (pass->mixed.kernels) vaei_mixed_product(pass, layer, tile, c, c_row);
  else float_product(pass, layer, tile, c, c_row);
}

/* The part of dx = dy W^T of one tile that comes from units [units.begin, units.end), which begins at a panel. */
static void units_product_back(const vaei_pass *pass, uint32_t index, const vaei_tile *tile, vaei_range units,
                               float *dx, size_t dx_row) {
  if (pass->mixed.kernels) {
    vaei_mixed_product_back(pass, index, tile, units, dx, dx_row);
    return;
  }
  const vaei_dense *layer = &pass->model->dense[index];
  const vaei_activations *out = &pass->layers[index];
  const size_t panel = (size_t)layer->units * VAEI_VECTOR;
  const float *transposed = pass->transposed + layer->transposed + tile->panel * panel;
  const vaei_product product = {.depth = units.end - units.begin,
                                .a = out->dy + tile->row * out->row + units.begin,
                                .a_row = out->row,
                                .a_step = 1,
                                .b = transposed + units.begin * VAEI_VECTOR,
                                .b_step = VAEI_VECTOR,
                                .b_panel = panel,
                                .c = dx,
                                .c_row = dx_row,
                                .c_panel = VAEI_VECTOR};
  run_product(pass, &product, tile);
}

/* to = a + b for a tile. */
static void add_tiles(const vaei_tile *tile, const float *a, size_t a_row, const float *b, size_t b_row, float *to,
                      size_t to_row) {
  const size_t columns = (size_t)(tile->panel_end - tile->panel) * VAEI_VECTOR;
  for (size_t i = 0; i < tile->row_end - tile->row; i++)
    for (size_t j = 0; j < columns; j++) to[i * to_row + j] = a[i * a_row + j] + b[i * b_row + j];
}

void vaei_layer_product_back(const vaei_pass *pass, uint32_t index, const vaei_tile *tile, float *dx, size_t dx_row) {
  const vaei_dense *layer = &pass->model->dense[index];
  const uint32_t half = vaei_pass_half(pass, index);
  units_product_back(pass, index, tile, (vaei_range){0, half}, dx, dx_row);
  if (half == layer->units) return;
  float upper[VAEI_MAX_TILE_ROWS * VAEI_MAX_TILE_COLUMNS];
  units_product_back(pass, index, tile, (vaei_range){half, layer->units}, upper, VAEI_MAX_TILE_COLUMNS);
  add_tiles(tile, dx, dx_row, upper, VAEI_MAX_TILE_COLUMNS, dx, dx_row);
}

/* Whether outputs of a layer are dropped: hidden ones of encoder and decoder. */
static bool drops(const vaei_pass *pass, uint32_t index) {
  return pass->dropout.rate > 0 && index < pass->model->output && pass->model->dense[index].kind == VAEI_LAYER_HIDDEN;
}

/* Drops outputs of a tile, or their gradients: Srivastava et al. 2014, section 10, scaled in training. */
static void drop_tile(const vaei_pass *pass, uint32_t index, const vaei_tile *tile, float *y, size_t y_row) {
  const vaei_dense *layer = &pass->model->dense[index];
  const vaei_part *part = &pass->part;
  vaei_dropout dropout = {.stream = pass->dropout.stream,
                          .draws = {.samples = 1},
                          .blocks = (uint64_t)layer->panels * VAEI_VECTOR / 4,
                          .rate = (float)pass->dropout.rate,
                          .scale = (float)(1.0 / (1.0 - pass->dropout.rate))};
  dropout.stream.stream += VAEI_STREAM_DROPOUT + index;
  if (layer->rows == VAEI_ROWS_DRAWS)
    dropout.draws = (vaei_draws){.example = part->example, .sample = part->sample, .samples = part->samples};
  pass->kernels->dropout(&dropout, tile->row, tile->row_end, (size_t)tile->panel * VAEI_VECTOR,
                         (size_t)(tile->panel_end - tile->panel) * VAEI_VECTOR, y, y_row);
}

void vaei_layer_forward(vaei_pass *pass, const vaei_crew *crew, uint32_t index) {
  const vaei_dense *layer = &pass->model->dense[index];
  const vaei_activations *out = &pass->layers[index];
  const vaei_crew at_work = vaei_output_crew(pass, crew, index);
  vaei_work work = vaei_crew_work(pass, &at_work, vaei_pass_rows_each(pass, index), layer->panels);
  vaei_layer_begin(pass, &at_work, index);
  for (vaei_tile tile; vaei_work_next(&work, &tile);) {
    float scratch[VAEI_MAX_TILE_ROWS * VAEI_MAX_TILE_COLUMNS];
    const size_t tile_rows = tile.row_end - tile.row, at = tile.row * out->row + (size_t)tile.panel * VAEI_VECTOR;
    float *y = out->y ? out->y + at : scratch;
    const size_t y_row = out->y ? out->row : (size_t)VAEI_MAX_TILE_COLUMNS;
    vaei_layer_product(pass, index, &tile, y, y_row);
    pass->kernels->activate(layer->activation, tile_rows, (tile.panel_end - tile.panel) * VAEI_VECTOR, y, y_row,
                            out->slope ? out->slope + at : NULL, out->row);
    if (drops(pass, index)) drop_tile(pass, index, &tile, y, y_row);
    if (pass->size.gradients) vaei_pass_note_large(pass, y, tile_rows, vaei_tile_columns(&tile, layer->units), y_row);
    if (!out->y) vaei_mixed_pack_tile(pass, &pass->mixed.layers[index].y, &tile, y);
  }
  vaei_team_barrier(at_work.member);
}

/* Outputs of a tile as they were before some were dropped, whose gradients are 0 whatever is put there. */
static void undo_scale(const vaei_pass *pass, size_t rows, size_t columns, const float *y, size_t y_row, float *to) {
  const float keep = (float)(1.0 - pass->dropout.rate);
  for (size_t i = 0; i < rows; i++)
    for (size_t j = 0; j < columns; j++) to[i * VAEI_MAX_TILE_COLUMNS + j] = keep * y[i * y_row + j];
}

/* dy = dx activation'(…) for a tile of a hidden layer's outputs. */
static void activation_backward(const vaei_pass *pass, uint32_t index, const vaei_tile *tile, float *dy,
                                size_t dy_row) {
  const vaei_activations *layer = &pass->layers[index];
  const size_t rows = tile->row_end - tile->row, columns = (size_t)(tile->panel_end - tile->panel) * VAEI_VECTOR;
  const size_t at = tile->row * layer->row + (size_t)tile->panel * VAEI_VECTOR;
  float unpacked[VAEI_MAX_TILE_ROWS * VAEI_MAX_TILE_COLUMNS];
  const float *y = layer->slope ? layer->slope + at : layer->y ? layer->y + at : unpacked;
  size_t y_row = y == unpacked ? (size_t)VAEI_MAX_TILE_COLUMNS : layer->row;
  if (y == unpacked) vaei_mixed_unpack_tile(pass, &pass->mixed.layers[index].y, tile, unpacked);
  if (drops(pass, index)) {
    drop_tile(pass, index, tile, dy, dy_row);
    if (!layer->slope) {
      undo_scale(pass, rows, columns, y, y_row, unpacked);
      y = unpacked;
      y_row = VAEI_MAX_TILE_COLUMNS;
    }
  }
  pass->kernels->activate_backward(pass->model->dense[index].activation, rows, columns, y, y_row, dy, dy_row);
}

/* Asks for the outputs of a tile, which its derivative wants after a product that takes long enough for them to come. */
static void fetch_tile(const vaei_activations *layer, const vaei_tile *tile) {
  const float *y = layer->slope ? layer->slope : layer->y;
  for (size_t i = tile->row; y && i < tile->row_end; i++)
    for (uint32_t panel = tile->panel; panel < tile->panel_end; panel++)
      __builtin_prefetch(y + i * layer->row + (size_t)panel * VAEI_VECTOR);
}

/* Where a tile's sums of one half of the units go. */
static float *half_sums(const vaei_pass *pass, uint32_t half, const vaei_tile *tile, size_t row) {
  return pass->halves[half] + tile->row * row + (size_t)tile->panel * VAEI_VECTOR;
}

/* Both halves of dx = dy W^T for all of the team's rows: half of the members on the units of each, which are nearly those whose
 * weights they change, or all on both. Ends with a barrier of the team. */
static void halves_back(vaei_pass *pass, const vaei_crew *crew, uint32_t index) {
  const vaei_dense *layer = &pass->model->dense[index];
  const vaei_crew all = vaei_crew_meet(crew);
  const vaei_range rows = vaei_crew_rows(&all, vaei_pass_rows_each(pass, index));
  const uint32_t half = vaei_pass_half(pass, index), members = all.member.size / 2;
  const uint32_t rank = vaei_column_rank(pass, index, all.member);
  const vaei_range units[] = {{0, half}, {half, layer->units}};
  const bool divided = all.member.size % 2 == 0;
  const vaei_member member = divided ? (vaei_member){rank % members, members} : all.member;
  for (uint32_t h = 0; h < 2; h++) {
    if (divided && h != rank / members) continue;
    vaei_work work = vaei_work_on_area(&pass->limits, rows, layer->input_panels, member);
    const size_t row = pass->layers[index - 1].row;
    for (vaei_tile tile; vaei_work_next(&work, &tile);)
      units_product_back(pass, index, &tile, units[h], half_sums(pass, h, &tile, row), row);
  }
  vaei_team_barrier(all.member);
}

void vaei_layer_backward(vaei_pass *pass, const vaei_crew *crew, uint32_t index) {
  const vaei_activations *below = &pass->layers[index - 1];
  const bool halved = pass->layers[index].shared && vaei_pass_half(pass, index) < pass->model->dense[index].units;
  if (halved) halves_back(pass, crew, index);
  vaei_work work = vaei_crew_work(pass, crew, vaei_pass_rows_each(pass, index), pass->model->dense[index].input_panels);
  for (vaei_tile tile; vaei_work_next(&work, &tile);) {
    float scratch[VAEI_MAX_TILE_ROWS * VAEI_MAX_TILE_COLUMNS];
    float *dy = below->dy ? below->dy + tile.row * below->row + (size_t)tile.panel * VAEI_VECTOR : scratch;
    const size_t dy_row = below->dy ? below->row : (size_t)VAEI_MAX_TILE_COLUMNS;
    fetch_tile(below, &tile);
    if (halved)
      add_tiles(&tile, half_sums(pass, 0, &tile, below->row), below->row, half_sums(pass, 1, &tile, below->row),
                below->row, dy, dy_row);
    else vaei_layer_product_back(pass, index, &tile, dy, dy_row);
    activation_backward(pass, index - 1, &tile, dy, dy_row);
    vaei_pass_note_large(pass, dy, tile.row_end - tile.row, (size_t)(tile.panel_end - tile.panel) * VAEI_VECTOR,
                         dy_row);
    if (!below->dy) vaei_mixed_pack_tile(pass, &pass->mixed.layers[index - 1].dy, &tile, dy);
  }
  vaei_team_barrier(crew->member);
}
