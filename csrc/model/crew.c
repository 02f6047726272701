#include "model/crew.h"

/* Rows that are worth a member of its own: it reads all weights for them. */
enum { ENOUGH_ROWS = 16 };

/* Whether members work alone on so many examples with `samples` rows of the decoder each: an average weight sees enough rows
 * of a member's, and the members have as many examples each, or nearly. */
static bool divides(const vaei_pass *pass, uint32_t members, size_t examples, size_t samples) {
  const vae_model *model = pass->model;
  /* Inputs in bytes of the encoder and of the decoder lie in one place, where a member alone has other rows of each. */
  if (pass->bytes && samples > 1) return members == 1;
  const vaei_dense *first = &model->dense[model->head + 1], *last = &model->dense[model->output_end - 1];
  const double decoder = (double)(last->offset + last->size - first->offset) / (double)model->block_size;
  const double rows = (double)examples * (1.0 - decoder + decoder * (double)samples);
  const size_t granules = (examples + pass->limits.granule - 1) / pass->limits.granule;
  const bool even = granules % members == 0 || examples / members >= ENOUGH_ROWS;
  return even && rows >= (double)members * ENOUGH_ROWS;
}

static vaei_crew crew_of(const vaei_pass *pass, vaei_member member, size_t examples, size_t samples) {
  const vaei_range all = {0, examples};
  const uint32_t granule = pass->limits.granule;
  if (divides(pass, member.size, examples, samples))
    return (vaei_crew){{0, 1}, vaei_rows_share(member, all, granule), granule};
  return (vaei_crew){member, all, granule};
}

vaei_crew vaei_encoder_crew(const vaei_pass *pass, vaei_member member) {
  return crew_of(pass, member, pass->rows, pass->objective.samples);
}

vaei_crew vaei_decoder_crew(const vaei_pass *pass, vaei_member member) {
  return crew_of(pass, member, pass->part.examples, pass->part.samples);
}

vaei_work vaei_crew_work(const vaei_pass *pass, const vaei_crew *crew, size_t each, uint32_t panels) {
  const vaei_range rows = vaei_crew_rows(crew, each);
  if ((rows.end - rows.begin) / crew->member.size >= ENOUGH_ROWS)
    return vaei_work_on_rows(&pass->limits, vaei_crew_share(crew, each), panels);
  return vaei_work_on_area(&pass->limits, rows, panels, crew->member);
}
