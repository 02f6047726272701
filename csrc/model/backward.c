/* The gradients of the activations, from the output back to the first layer. */
#include <string.h>

#include "model/mixed.h"
#include "model/pass.h"

/* dx = dy W^T for the crew's rows of a layer: [rows, units] → [rows, inputs], then through the activation of the layer below
 * (NULL: none, as for z). */
static void layer_backward(vaei_pass *pass, const vaei_crew *crew, uint32_t index, float *dx, size_t dx_row,
                           const vaei_activations *below, vae_activation activation) {
  if (pass->mixed.kernels) {
    vaei_mixed_layer_backward(pass, crew, index);
    vaei_team_barrier(crew->member);
    return;
  }
  const vaei_dense *layer = &pass->model->dense[index];
  const vaei_activations *out = &pass->layers[index];
  const vaei_work work =
      vaei_crew_work(crew, pass->kernels, index <= pass->model->head ? 1 : pass->samples, layer->input_panels);
  const size_t panel = (size_t)layer->units * VAEI_VECTOR;
  for (size_t t = work.tiles.begin; t < work.tiles.end; t++) {
    const vaei_tile tile = vaei_tiling_at(&work.tiling, t);
    const uint32_t tile_rows = tile.row_end - tile.row, tile_panels = tile.panel_end - tile.panel;
    float *to = dx + tile.row * dx_row + (size_t)tile.panel * VAEI_VECTOR;
    const vaei_product product = {.depth = layer->units,
                                  .a = out->dy + tile.row * out->row,
                                  .a_row = out->row,
                                  .a_step = 1,
                                  .b = pass->transposed + layer->transposed + tile.panel * panel,
                                  .b_step = VAEI_VECTOR,
                                  .b_panel = panel,
                                  .c = to,
                                  .c_row = dx_row,
                                  .c_panel = VAEI_VECTOR};
    pass->kernels->product(&product, tile_rows, tile_panels);
    if (!below) continue;
    const float *y = below->slope ? below->slope : below->y;
    pass->kernels->activate_backward(activation, tile_rows, (size_t)tile_panels * VAEI_VECTOR,
                                     y + tile.row * below->row + (size_t)tile.panel * VAEI_VECTOR, below->row, to,
                                     dx_row);
    vaei_pass_note_large(pass, to, tile_rows, (size_t)tile_panels * VAEI_VECTOR, dx_row);
  }
  vaei_team_barrier(crew->member);
}

/* Back through z = mean + deviation noise and the divergence. Per example, over its samples; d loss / d z carries the
 * samples' weights already.
 *  ELBO: beta / n dKL.
 *  IWAE: -1/n sum_k w_k d(log p(z_k) - log q(z_k|x)), where log q along the path is -logvar / 2 - noise^2 / 2: so w_k z_k
 *  through the path, and -1 / (2 n) for logvar itself. */
static void latent_backward(vaei_pass *pass, const vaei_crew *crew) {
  const vaei_kernels *kernels = pass->kernels;
  const vaei_activations *head = &pass->layers[pass->model->head];
  const size_t latents = pass->model->config.latent_dim, n = pass->rows;
  const bool weighted = pass->objective.kind == VAE_OBJECTIVE_IWAE;
  const float kl_weight = weighted ? 0.0f : (float)(pass->objective.beta / (double)n);
  const float constant = weighted ? (float)(-0.5 / (double)n) : 0.0f;
  const vaei_range share = vaei_crew_share(crew, 1);
  for (size_t i = share.begin; i < share.end; i++) {
    const float *deviation = pass->deviation + i * pass->z_row;
    float *dmean = head->dy + i * head->row, *dlogvar = dmean + latents;
    memset(dmean, 0, head->row * sizeof(float));
    for (uint32_t k = 0; k < pass->samples; k++) {
      const size_t draw = (size_t)k * n + i;
      kernels->normal_draw_backward(latents, pass->dz + draw * pass->z_row, pass->z + draw * pass->z_row,
                                    weighted ? pass->row_weight[draw] : 0.0f, deviation,
                                    pass->noise + draw * pass->z_row, dmean, dlogvar);
    }
    kernels->normal_posterior_backward(latents, head->y + i * head->row, deviation, pass->inside + i * pass->z_row,
                                       kl_weight, constant, dmean, dlogvar);
    vaei_pass_note_large(pass, dmean, 1, 2 * latents, head->row);
  }
  vaei_team_barrier(crew->member);
  if (!pass->mixed.kernels) return;
  vaei_mixed_pack_rows(pass, &pass->mixed.layers[pass->model->head].dy, vaei_mixed_share(crew, 1), head->dy, head->row,
                       2 * latents);
  vaei_team_barrier(crew->member);
}

void vaei_pass_backward(vaei_pass *pass, vaei_member member) {
  const vae_model *model = pass->model;
  const vaei_crew crew = vaei_pass_crew(pass, member);
  const uint32_t first = model->head + 1;
  for (uint32_t l = model->dense_count - 1; l > first; l--)
    layer_backward(pass, &crew, l, pass->layers[l - 1].dy, pass->layers[l - 1].row, &pass->layers[l - 1],
                   model->dense[l - 1].activation);
  layer_backward(pass, &crew, first, pass->dz, pass->z_row, NULL, VAE_ACTIVATION_IDENTITY);
  latent_backward(pass, &crew);
  for (uint32_t l = model->head; l > 0; l--)
    layer_backward(pass, &crew, l, pass->layers[l - 1].dy, pass->layers[l - 1].row, &pass->layers[l - 1],
                   model->dense[l - 1].activation);
  if (crew.member.size < member.size) vaei_team_barrier(member);
}
