/* Early stopping: the state with the lowest held-out loss (Prechelt 1998). A state is kept as a whole, with the
 * moments that belong to its parameters, so that training can go on from it. */
#include <string.h>

#include "core/error.h"
#include "train/vae_trainer.h"

vae_status vaei_trainer_fit_best(vae_trainer *t, vae_error *err) {
  if (t->best.parameters) return VAE_OK;
  const size_t size = t->model->block_size;
  t->best.parameters = vaei_allocate(&t->allocator, 3 * size * sizeof(float));
  if (!t->best.parameters)
    return vaei_fail(err, VAE_ERROR_OUT_OF_MEMORY, "no memory for the best state (%zu bytes asked for)",
                     3 * size * sizeof(float));
  t->best.m = t->best.parameters + size;
  t->best.v = t->best.m + size;
  return VAE_OK;
}

void vaei_trainer_forget_best(vae_trainer *t) {
  vaei_release(&t->allocator, t->best.parameters, 3 * t->model->block_size * sizeof(float));
  t->best = (vaei_best){0};
}

void vaei_trainer_keep_best(vae_trainer *t, double loss) {
  const size_t bytes = t->model->block_size * sizeof(float);
  memcpy(t->best.parameters, t->model->block, bytes);
  memcpy(t->best.m, t->adam.m, bytes);
  memcpy(t->best.v, t->adam.v, bytes);
  t->best.loss = loss;
  t->best.epoch = t->epoch;
  t->best.steps = t->adam.steps;
  t->best.waited = 0;
}

vae_status vaei_trainer_judge(vae_trainer *t, double loss, vae_error *err) {
  if (t->best.parameters && !(loss < t->best.loss)) {
    t->best.waited += t->best.waited < UINT32_MAX;
    return VAE_OK;
  }
  const vae_status status = vaei_trainer_fit_best(t, err);
  if (status == VAE_OK) vaei_trainer_keep_best(t, loss);
  return status;
}

void vaei_trainer_take_best(vae_trainer *t) {
  const size_t bytes = t->model->block_size * sizeof(float);
  memcpy(t->model->block, t->best.parameters, bytes);
  memcpy(t->adam.m, t->best.m, bytes);
  memcpy(t->adam.v, t->best.v, bytes);
  t->adam.steps = t->best.steps;
  t->epoch = t->best.epoch;
  t->batch = 0;
  t->best.waited = 0;
  t->has_gradients = false;
  t->model->version++; /* the transposed copy is stale */
}
