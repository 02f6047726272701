/* Phases around the latent variables that other phases are made of; vaei_pass_latent is declared in pass.h. */
#ifndef VAEI_LATENT_H
#define VAEI_LATENT_H

#include "model/prior.h"

/* q and KL of the crew's examples, from the head's outputs. With several samples an example it ends with a barrier. */
void vaei_latent_posterior(vaei_pass *pass, const vaei_crew *crew);

/* From dz of the part's rows to the gradients of the head, where samples that come in several parts add up. Ends with a
 * barrier. */
void vaei_latent_backward(vaei_pass *pass, const vaei_crew *crew);

#endif
