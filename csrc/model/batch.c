#include "model/batch.h"

#include "core/random.h"
#include "model/coupled_pass.h"
#include "model/prior.h"

/* Forward through a part, and back where gradients are wanted. */
static void run_part(vaei_pass *pass, vaei_member member, const vaei_batch *batch) {
  if (batch->noise) vaei_pass_copy_noise(pass, member, batch->noise);
  else vaei_pass_draw_noise(pass, member, &batch->stream, batch->first_number);
  vaei_pass_latent(pass, member);
  vaei_pass_decode(pass, member);
  vaei_pass_loss(pass, member, &batch->terms);
  if (!pass->size.gradients || pass->part.bound_only) return;
  vaei_pass_backward_decoder(pass, member);
  if (pass->prior->collect) pass->prior->collect(pass, member);
}

/* Between the parts of a batch: what this one leaves for the next. */
static void end_part(vaei_pass *pass, vaei_member member, bool last) {
  vaei_team_barrier(member);
  if (pass->size.gradients && !pass->part.bound_only && !last) vaei_pass_keep_part(pass, member);
}

void vaei_batch_run(vaei_pass *pass, vaei_member member, const vaei_batch *batch) {
  const bool binarizes = pass->objective.binarization == VAE_BINARIZATION_DYNAMIC;
  vaei_grey grey = {.stream = batch->stream, .first = batch->first_number};
  grey.stream.stream += VAEI_STREAM_GREY;
  if (pass->size.gradients) vaei_pass_prepare(pass, member);
  vaei_pass_gather(pass, member, &batch->source, binarizes ? &grey : NULL, batch->bad_row);
  vaei_pass_encode(pass, member);
  if (pass->coupled) {
    vaei_team_barrier(member);
    vaei_pass_couple(pass, member, batch->noise, &batch->stream, batch->first_number);
  }
  for (uint32_t part = 0; part < pass->parts && vaei_pass_take_part(pass, member, part); part++) {
    run_part(pass, member, batch);
    if (pass->parts > 1) end_part(pass, member, part + 1 == pass->parts);
  }
  if (!pass->size.gradients) {
    vaei_team_barrier(member);
    return;
  }
  vaei_pass_backward_encoder(pass, member);
  if (pass->prior->finish) pass->prior->finish(pass, member);
}
