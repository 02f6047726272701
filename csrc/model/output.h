/* The decoder's last layer, whose outputs are used up tile by tile or, where the likelihood takes rows, left in memory. */
#ifndef VAEI_OUTPUT_H
#define VAEI_OUTPUT_H

#include "model/crew.h"
#include "model/likelihood.h"
#include "model/pass.h"

/* The layer by tiles, before the activation: `scratch` has rows of VAEI_MAX_TILE_COLUMNS (a single row may be longer: it is
 * alone in there). *crew becomes who works on it, and waits behind it. */
vaei_work vaei_output_begin(vaei_pass *pass, vaei_crew *crew);
bool vaei_output_next(const vaei_pass *pass, vaei_work *work, vaei_tile *tile, float *scratch);

/* The same by tiles where the likelihood takes rows: into y of the layer. Ends with a barrier. */
void vaei_output_rows(vaei_pass *pass, const vaei_crew *crew);

/* The biases of the layer without inputs that the likelihood's constant `index` lies in, padded. */
const float *vaei_constant_of(const vae_model *model, uint32_t index);

/* What becomes of the outputs of a part: of a tile only kernels to output_row are set. Its rows are those from `row` on, its
 * columns those from `column` on; the second half of a row [location | log variance], which is there as a whole, lies behind the
 * first. */
typedef struct vaei_output_user {
  void (*use)(vaei_pass *pass, const void *context, const vaei_output_tile *tile, size_t row, size_t column);
  const void *context;
} vaei_output_user;

/* Hands all outputs of the part to the user. Ends with a barrier. */
void vaei_pass_use_output(vaei_pass *pass, vaei_member member, const vaei_output_user *user);

#endif
