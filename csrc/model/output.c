#include "model/output.h"

#include <string.h>

#include "model/layer_product.h"

vaei_work vaei_output_begin(vaei_pass *pass, vaei_crew *crew) {
  const uint32_t output = pass->model->output;
  *crew = vaei_output_crew(pass, crew, output);
  vaei_layer_begin(pass, crew, output);
  return vaei_crew_work(pass, crew, pass->part.samples, pass->model->dense[output].panels);
}

bool vaei_output_next(const vaei_pass *pass, vaei_work *work, vaei_tile *tile, float *scratch) {
  if (!vaei_work_next(work, tile)) return false;
  vaei_layer_product(pass, pass->model->output, tile, scratch, VAEI_MAX_TILE_COLUMNS);
  return true;
}

void vaei_output_rows(vaei_pass *pass, const vaei_crew *crew) {
  const vaei_activations *out = &pass->layers[pass->model->output];
  vaei_crew at_work = *crew;
  vaei_work work = vaei_output_begin(pass, &at_work);
  for (vaei_tile tile; vaei_work_next(&work, &tile);)
    vaei_layer_product(pass, pass->model->output, &tile,
                       out->y + tile.row * out->row + (size_t)tile.panel * VAEI_VECTOR, out->row);
  vaei_team_barrier(at_work.member);
}

const float *vaei_constant_of(const vae_model *model, uint32_t index) {
  const uint32_t layer = model->output + 1 + index;
  if (model->block) return model->block + model->dense[layer].offset;
  return (const float *)(const void *)(model->narrow + model->narrow_layers[layer].offset);
}

/* A tile of outputs as its user sees it. */
static vaei_output_tile tile_of(const vaei_pass *pass, size_t rows, size_t columns, float *output, size_t output_row) {
  return (vaei_output_tile){.kernels = pass->kernels,
                            .config = &pass->model->config,
                            .log_sigma = pass->log_sigma,
                            .rows = rows,
                            .columns = columns,
                            .output = output,
                            .output_row = output_row};
}

void vaei_pass_use_output(vaei_pass *pass, vaei_member member, const vaei_output_user *user) {
  const size_t units = pass->model->config.input_dim;
  vaei_crew crew = vaei_decoder_crew(pass, member);
  if (vaei_likelihood_takes_rows(&pass->model->config)) {
    const vaei_activations *out = &pass->layers[pass->model->output];
    const vaei_range rows = vaei_crew_share(&crew, pass->part.samples);
    vaei_output_rows(pass, &crew);
    const vaei_output_tile piece =
        tile_of(pass, rows.end - rows.begin, units, out->y + rows.begin * out->row, out->row);
    user->use(pass, user->context, &piece, rows.begin, 0);
  } else {
    vaei_work work = vaei_output_begin(pass, &crew);
    float scratch[VAEI_MAX_TILE_ROWS * VAEI_MAX_TILE_COLUMNS];
    for (vaei_tile tile; vaei_output_next(pass, &work, &tile, scratch);) {
      const vaei_output_tile piece =
          tile_of(pass, tile.row_end - tile.row, vaei_tile_columns(&tile, units), scratch, VAEI_MAX_TILE_COLUMNS);
      user->use(pass, user->context, &piece, tile.row, (size_t)tile.panel * VAEI_VECTOR);
    }
  }
  vaei_team_barrier(crew.member);
}

/* The likelihood's mean of a tile, into the caller's [rows, D]. */
static void write_mean(vaei_pass *pass, const void *context, const vaei_output_tile *tile, size_t row, size_t column) {
  const size_t units = pass->model->config.input_dim;
  float *output = *(float *const *)context + row * units + column;
  vaei_likelihood_of(tile->config)->mean(tile);
  for (size_t i = 0; i < tile->rows; i++)
    memcpy(output + i * units, tile->output + i * tile->output_row, tile->columns * sizeof(float));
}

void vaei_pass_output(vaei_pass *pass, vaei_member member, float *output) {
  const vaei_output_user user = {write_mean, &output};
  vaei_pass_use_output(pass, member, &user);
}
