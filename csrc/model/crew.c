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
  vaei_crew crew = {.member = member, .examples = all, .granule = granule, .team = member, .all = all};
  if (!divides(pass, member.size, examples, samples)) return crew;
  crew.member = (vaei_member){0, 1};
  crew.examples = vaei_rows_share(member, all, granule);
  return crew;
}

vaei_crew vaei_encoder_crew(const vaei_pass *pass, vaei_member member) {
  return crew_of(pass, member, pass->rows, pass->objective.samples);
}

vaei_crew vaei_decoder_crew(const vaei_pass *pass, vaei_member member) {
  return crew_of(pass, member, pass->part.examples, pass->part.samples);
}

bool vaei_pass_shares_columns(const vaei_pass *pass, uint32_t index) {
  const vaei_dense *layer = &pass->model->dense[index];
  return pass->size.gradients && vaei_dense_is_large(layer) &&
         vaei_rows_are_few(layer, vaei_pass_most_rows(pass, index));
}

void vaei_crew_plan(vaei_pass *pass, uint32_t members) {
  int64_t lean = 0; /* vectors of weights of the lower half of the ranks less those of the upper half */
  for (uint32_t l = 0; l < pass->model->dense_count; l++) {
    const vaei_dense *layer = &pass->model->dense[l];
    const vaei_column_shares shares = vaei_shares_of_columns(&pass->limits, layer->panels, members);
    const bool even = (uint64_t)shares.most * members * 5 <= (uint64_t)layer->panels * 6;
    vaei_activations *own = &pass->layers[l];
    own->shared = members > 1 && even && vaei_pass_shares_columns(pass, l);
    const int64_t more = own->shared ? (int64_t)shares.lean * layer->inputs : 0;
    own->reversed = (more > 0) == (lean > 0);
    lean += own->reversed ? -more : more;
  }
}

uint32_t vaei_column_rank(const vaei_pass *pass, uint32_t layer, vaei_member member) {
  return pass->layers[layer].reversed ? member.size - 1 - member.rank : member.rank;
}

vaei_crew vaei_crew_meet(const vaei_crew *crew) {
  if (crew->member.size < crew->team.size) vaei_team_barrier(crew->team);
  return (vaei_crew){
      .member = crew->team, .examples = crew->all, .granule = crew->granule, .team = crew->team, .all = crew->all};
}

vaei_crew vaei_output_crew(const vaei_pass *pass, const vaei_crew *crew, uint32_t layer) {
  if (!pass->layers[layer].shared) return *crew;
  vaei_crew all = vaei_crew_meet(crew);
  all.columns = true;
  all.member.rank = vaei_column_rank(pass, layer, crew->team);
  return all;
}

vaei_work vaei_crew_work(const vaei_pass *pass, const vaei_crew *crew, size_t each, uint32_t panels) {
  const vaei_range rows = vaei_crew_rows(crew, each);
  if (crew->columns) return vaei_work_on_columns(&pass->limits, rows, panels, crew->member);
  if ((rows.end - rows.begin) / crew->member.size >= ENOUGH_ROWS)
    return vaei_work_on_rows(&pass->limits, vaei_crew_share(crew, each), panels);
  return vaei_work_on_area(&pass->limits, rows, panels, crew->member);
}
