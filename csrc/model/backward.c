/* The gradients of the activations, from the output back to the first layer. */
#include "model/crew.h"
#include "model/latent.h"
#include "model/layer_product.h"
#include "model/mixed.h"

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

void vaei_pass_backward_decoder(vaei_pass *pass, vaei_member member) {
  const vaei_crew crew = vaei_decoder_crew(pass, member);
  const uint32_t first = pass->model->head + 1;
  for (uint32_t l = pass->model->output; l > first; l--) vaei_layer_backward(pass, &crew, l);
  draws_backward(pass, &crew);
  vaei_latent_backward(pass, &crew);
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
  if (pass->prior->backward) pass->prior->backward(pass, &crew);
  for (uint32_t l = head; l > 0; l--) vaei_layer_backward(pass, &crew, l);
  if (crew.member.size < member.size || head == 0) vaei_team_barrier(member);
}
