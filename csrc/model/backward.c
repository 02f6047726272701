/* The gradients of the activations, from the output back to the first layer. */
#include <string.h>

#include "model/crew.h"
#include "model/layer_product.h"
#include "model/mixed.h"

/* dy = dx activation'(…) for a tile of a hidden layer's outputs. */
static void activation_backward(const vaei_pass *pass, uint32_t index, const vaei_tile *tile, float *dy,
                                size_t dy_row) {
  const vaei_activations *layer = &pass->layers[index];
  const size_t rows = tile->row_end - tile->row, columns = (size_t)(tile->panel_end - tile->panel) * VAEI_VECTOR;
  const size_t at = tile->row * layer->row + (size_t)tile->panel * VAEI_VECTOR;
  float unpacked[VAEI_MAX_TILE_ROWS * VAEI_MAX_TILE_COLUMNS];
  const float *y = layer->slope ? layer->slope + at : layer->y ? layer->y + at : unpacked;
  const size_t y_row = y == unpacked ? (size_t)VAEI_MAX_TILE_COLUMNS : layer->row;
  if (y == unpacked) vaei_mixed_unpack_tile(pass, &pass->mixed.layers[index].y, tile, unpacked);
  pass->kernels->activate_backward(pass->model->dense[index].activation, rows, columns, y, y_row, dy, dy_row);
}

/* Asks for the outputs of a tile, which its derivative wants after a product that takes long enough for them to come. */
static void fetch_tile(const vaei_activations *layer, const vaei_tile *tile) {
  const float *y = layer->slope ? layer->slope : layer->y;
  for (size_t i = tile->row; y && i < tile->row_end; i++)
    for (uint32_t panel = tile->panel; panel < tile->panel_end; panel++)
      __builtin_prefetch(y + i * layer->row + (size_t)panel * VAEI_VECTOR);
}

/* From a layer's dy to that of the hidden layer below: dx = dy W^T for the crew's rows, [rows, units] → [rows, inputs], and
 * then through the activation. */
static void layer_backward(vaei_pass *pass, const vaei_crew *crew, uint32_t index) {
  const vaei_activations *below = &pass->layers[index - 1];
  vaei_work work = vaei_crew_work(pass, crew, vaei_pass_rows_each(pass, index), pass->model->dense[index].input_panels);
  for (vaei_tile tile; vaei_work_next(&work, &tile);) {
    float scratch[VAEI_MAX_TILE_ROWS * VAEI_MAX_TILE_COLUMNS];
    float *dy = below->dy ? below->dy + tile.row * below->row + (size_t)tile.panel * VAEI_VECTOR : scratch;
    const size_t dy_row = below->dy ? below->row : (size_t)VAEI_MAX_TILE_COLUMNS;
    fetch_tile(below, &tile);
    vaei_layer_product_back(pass, index, &tile, dy, dy_row);
    activation_backward(pass, index - 1, &tile, dy, dy_row);
    vaei_pass_note_large(pass, dy, tile.row_end - tile.row, (size_t)(tile.panel_end - tile.panel) * VAEI_VECTOR,
                         dy_row);
    if (!below->dy) vaei_mixed_pack_tile(pass, &pass->mixed.layers[index - 1].dy, &tile, dy);
  }
  vaei_team_barrier(crew->member);
}

/* From the decoder's first layer to z, and not to the condition beside it but for what shares a panel with z, into dz's padding. */
static void draws_backward(vaei_pass *pass, const vaei_crew *crew) {
  const uint32_t first = pass->model->head + 1;
  vaei_work work = vaei_crew_work(pass, crew, pass->part.samples, pass->model->dense[first].input_panels);
  for (vaei_tile tile; vaei_work_next(&work, &tile);)
    vaei_layer_product_back(pass, first, &tile,
                            pass->dz + tile.row * pass->latent_row + (size_t)tile.panel * VAEI_VECTOR,
                            pass->latent_row);
  vaei_team_barrier(crew->member);
}

/* Back through z = mean + deviation noise and the divergence. Per example, over the part's samples of it; d loss / d z carries
 * the samples' weights already.
 *  ELBO: beta / n dKL.
 *  IWAE: -1/n sum_k w_k d(log p(z_k) - log q(z_k|x)), where log q along the path is -logvar / 2 - noise^2 / 2: so w_k z_k
 *  through the path, and -1 / (2 n) for logvar itself. */
static void latent_backward(vaei_pass *pass, const vaei_crew *crew) {
  const vaei_kernels *kernels = pass->kernels;
  const vaei_part *part = &pass->part;
  const vaei_activations *head = &pass->layers[pass->model->head];
  const size_t latents = pass->model->config.latent_dim, n = pass->rows;
  const bool weighted = pass->objective.kind == VAE_OBJECTIVE_IWAE;
  const float kl_weight = weighted ? 0.0f : (float)(pass->objective.beta / (double)n);
  const float constant = weighted ? (float)(-0.5 / (double)n) : 0.0f;
  const vaei_range share = vaei_crew_share(crew, 1);
  for (size_t j = share.begin; j < share.end; j++) {
    const size_t i = part->example + j;
    const float *deviation = pass->deviation + i * pass->latent_row;
    float *dmean = head->dy + i * head->row, *dlogvar = dmean + latents;
    if (part->sample == 0) memset(dmean, 0, head->row * sizeof(float));
    for (size_t r = j * part->samples; r < (j + 1) * part->samples; r++)
      kernels->normal_draw_backward(latents, pass->dz + r * pass->latent_row, pass->z + r * pass->z_row,
                                    weighted ? pass->row_weight[r] : 0.0f, deviation,
                                    pass->noise + r * pass->latent_row, dmean, dlogvar);
    if (part->sample + part->samples < pass->objective.samples) continue;
    kernels->normal_posterior_backward(latents, head->y + i * head->row, deviation, pass->inside + i * pass->latent_row,
                                       kl_weight, constant, dmean, dlogvar);
    vaei_pass_note_large(pass, dmean, 1, 2 * latents, head->row);
  }
  vaei_team_barrier(crew->member);
}

void vaei_pass_backward_decoder(vaei_pass *pass, vaei_member member) {
  const vaei_crew crew = vaei_decoder_crew(pass, member);
  const uint32_t first = pass->model->head + 1;
  for (uint32_t l = pass->model->output; l > first; l--) layer_backward(pass, &crew, l);
  draws_backward(pass, &crew);
  latent_backward(pass, &crew);
}

void vaei_pass_backward_encoder(vaei_pass *pass, vaei_member member) {
  const vaei_crew crew = vaei_encoder_crew(pass, member);
  const uint32_t head = pass->model->head;
  if (pass->mixed.kernels) {
    const vaei_activations *out = &pass->layers[head];
    vaei_mixed_pack_rows(pass, &pass->mixed.layers[head].dy, vaei_crew_share(&crew, 1), out->dy, out->row,
                         pass->model->dense[head].units);
    vaei_team_barrier(crew.member);
  }
  for (uint32_t l = head; l > 0; l--) layer_backward(pass, &crew, l);
  if (crew.member.size < member.size || head == 0) vaei_team_barrier(member);
}
