/* Who works together from the gather to the gradients of the activations: the whole team on all examples, or, where that
 * gives all of them enough to do, every member alone on its own examples, from layer to layer without a barrier, but for layers
 * whose columns the team shares: there it meets. */
#ifndef VAEI_CREW_H
#define VAEI_CREW_H

#include "model/pass.h"

typedef struct vaei_crew {
  vaei_member member;  /* within the crew */
  vaei_range examples; /* the crew's: of the batch in the encoder, of the part in the decoder */
  uint32_t granule;    /* shares of rows begin at multiples of it */
  vaei_member team;    /* the same member within the team */
  vaei_range all;      /* the team's examples */
  bool columns;        /* a member's part of a product is whole columns, whatever the number of rows */
} vaei_crew;

/* In a batch of one part both have the same examples. */
vaei_crew vaei_encoder_crew(const vaei_pass *pass, vaei_member member);
vaei_crew vaei_decoder_crew(const vaei_pass *pass, vaei_member member);

/* The crew's rows in a matrix with `each` rows an example, and a member's share of them. */
static inline vaei_range vaei_crew_rows(const vaei_crew *crew, size_t each) {
  return (vaei_range){crew->examples.begin * each, crew->examples.end * each};
}

static inline vaei_range vaei_crew_share(const vaei_crew *crew, size_t each) {
  return vaei_rows_share(crew->member, vaei_crew_rows(crew, each), crew->granule);
}

/* Whether a pass has memory for a team that shares a layer's columns: many weights, and rows that fit into every core's cache. */
bool vaei_pass_shares_columns(const vaei_pass *pass, uint32_t layer);

/* Decides for which layers a team of `members` shares columns (vaei_activations.shared): where all have about as many. A member
 * works on the columns whose weights it changes (update_plan.c), since what one core writes in every step and another reads is slow
 * to write: docs/KERNELS.md, section 6. */
void vaei_crew_plan(vaei_pass *pass, uint32_t members);

/* A member's place in the order of a shared layer's columns: its rank, or the one from the other end, so that it is not always
 * the same members that have a column more. */
uint32_t vaei_column_rank(const vaei_pass *pass, uint32_t layer, vaei_member member);

/* The whole team as a crew, come together: what its members have written can be read. */
vaei_crew vaei_crew_meet(const vaei_crew *crew);

/* Who works on a layer's outputs, and what to wait at behind it: the crew, or the team that shares its columns. */
vaei_crew vaei_output_crew(const vaei_pass *pass, const vaei_crew *crew, uint32_t layer);

/* A member's tiles in a product of the crew's rows: whole rows where there are enough, so that a row's values stay in one
 * core's cache; else its part of the area. */
vaei_work vaei_crew_work(const vaei_pass *pass, const vaei_crew *crew, size_t each, uint32_t panels);

#endif
