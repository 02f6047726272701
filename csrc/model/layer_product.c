#include "model/layer_product.h"

#include "model/mixed.h"

static bool in_bytes(const vae_model *model, uint32_t layer) {
  return model->narrow_layers && model->narrow_layers[layer].precision == VAE_PRECISION_INT8;
}

const float *vaei_layer_input(const vaei_pass *pass, uint32_t layer, size_t *row) {
  if (layer == 0) {
    *row = pass->x_row;
    return pass->x;
  }
  if (layer == pass->model->head + 1) {
    *row = pass->z_row;
    return pass->z;
  }
  *row = pass->layers[layer - 1].row;
  return pass->layers[layer - 1].y;
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

void vaei_layer_product_back(const vaei_pass *pass, uint32_t index, const vaei_tile *tile, float *dx, size_t dx_row) {
  if (pass->mixed.kernels) {
    vaei_mixed_product_back(pass, index, tile, dx, dx_row);
    return;
  }
  const vaei_dense *layer = &pass->model->dense[index];
  const vaei_activations *out = &pass->layers[index];
  const size_t panel = (size_t)layer->units * VAEI_VECTOR;
  const vaei_product product = {.depth = layer->units,
                                .a = out->dy + tile->row * out->row,
                                .a_row = out->row,
                                .a_step = 1,
                                .b = pass->transposed + layer->transposed + tile->panel * panel,
                                .b_step = VAEI_VECTOR,
                                .b_panel = panel,
                                .c = dx,
                                .c_row = dx_row,
                                .c_panel = VAEI_VECTOR};
  run_product(pass, &product, tile);
}
