/* How the weight gradients of all layers are cut into tasks. */
#ifndef VAEI_UPDATE_H
#define VAEI_UPDATE_H

#include "kernels/kernels.h"
#include "model/vae_model.h"

size_t vaei_update_task_count(const vae_model *model, const vaei_kernels *kernels);

/* cost[t] = the cost of the tasks before t; cost[count] that of all. rows, draws: of the encoder and of the decoder in a
 * full batch. */
void vaei_update_plan(const vae_model *model, const vaei_kernels *kernels, uint32_t rows, uint32_t draws, size_t *cost);

#endif
