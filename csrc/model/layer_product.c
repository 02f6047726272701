#include "model/layer_product.h"

static bool in_bytes(const vae_model *model, uint32_t layer) {
  return model->narrow_layers && model->narrow_layers[layer].precision == VAE_PRECISION_INT8;
}

void vaei_layer_begin(vaei_pass *pass, const vaei_crew *crew, uint32_t layer, const float *x, size_t x_row,
                      size_t each) {
  if (!in_bytes(pass->model, layer)) return;
  const vaei_range share = vaei_crew_share(crew, each);
  pass->int8->quantize(share.end - share.begin, pass->model->dense[layer].inputs, x + share.begin * x_row, x_row,
                       pass->bytes + share.begin * pass->bytes_row, pass->bytes_row, pass->row_scale + share.begin);
  vaei_team_barrier(crew->member);
}

size_t vaei_layer_take(const vaei_pass *pass, const vaei_tiling *tiling, size_t index, size_t end, vaei_tile *tile) {
  *tile = vaei_tiling_at(tiling, index);
  if (tiling->rows > 1) return 1;
  /* As many as fit, but evenly: no last product of one tile alone. */
  const size_t most = pass->kernels->row_panels / pass->kernels->tile_panels, left = end - index;
  const size_t products = (left + most - 1) / most, count = (left + products - 1) / products;
  tile->panel_end = vaei_tiling_at(tiling, index + count - 1).panel_end;
  return count;
}

static void narrow_product(const vaei_pass *pass, uint32_t index, const vaei_tile *tile, const float *x, size_t x_row,
                           float *c, size_t c_row) {
  const vaei_narrow *weights = &pass->model->narrow_layers[index];
  const uint32_t rows = tile->row_end - tile->row, panels = tile->panel_end - tile->panel;
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

void vaei_layer_product(const vaei_pass *pass, uint32_t index, const vaei_tile *tile, const float *x, size_t x_row,
                        float *c, size_t c_row) {
  const vae_model *model = pass->model;
  if (model->narrow_layers) {
    narrow_product(pass, index, tile, x, x_row, c, c_row);
    return;
  }
  const vaei_dense *layer = &model->dense[index];
  const size_t panel = ((size_t)layer->inputs + 1) * VAEI_VECTOR;
  const float *weights = model->block + layer->offset + tile->panel * panel;
  const uint32_t rows = tile->row_end - tile->row, panels = tile->panel_end - tile->panel;
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
  if (rows == 1) pass->kernels->row_product(&product, panels);
  else pass->kernels->product(&product, rows, panels);
}
