/* p(x|z) itself: its parameters, its expectation, draws from it. */
#ifndef VAEI_DESCRIBE_H
#define VAEI_DESCRIBE_H

#include "model/pass.h"

typedef enum vaei_wish { VAEI_WISH_PARAMETERS, VAEI_WISH_MEAN, VAEI_WISH_SAMPLES } vaei_wish;

/* What is wanted of some rows of z, and where it goes. */
typedef struct vaei_description {
  vaei_wish wish;
  float *values;         /* [P, rows, D] or [rows, D], the caller's */
  size_t rows, first;    /* of the caller's arrays, and the one that the batch begins at */
  uint64_t seed, number; /* of samples: the seed, and the number of the caller's first row in its stream */
} vaei_description;

/* The part's rows of it; between vaei_pass_decode and other uses of the pass. Sets not_finite where something is not. Ends with a
 * barrier. */
void vaei_pass_describe(vaei_pass *pass, vaei_member member, const vaei_description *description);

/* Whether the likelihood has a mean at all: VAE_ERROR_UNSUPPORTED names the column that has none. */
vae_status vaei_describe_check_mean(const vae_model *model, vae_error *err);

#endif
