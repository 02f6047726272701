/* The state of a run, in and out of a file. */
#include <string.h>

#include "core/error.h"
#include "core/names.h"
#include "io/model_file.h"
#include "train/vae_trainer.h"

vae_status vaei_trainer_save(const vae_trainer *t, const char *path, vae_error *err) {
  const vaei_trainer_state state = {.first_moment = t->adam.m,
                                    .second_moment = t->adam.v,
                                    .step = t->adam.steps,
                                    .epoch = t->epoch,
                                    .batch = t->batch,
                                    .rows = t->batch ? t->epoch_rows : 0,
                                    .examples = t->batch ? t->sums.examples : 0,
                                    .loss = t->batch ? t->sums.loss : 0,
                                    .reconstruction = t->batch ? t->sums.reconstruction : 0,
                                    .kl = t->batch ? t->sums.kl : 0,
                                    .penalty = t->batch ? t->sums.penalty : 0,
                                    .is_best = t->best.parameters && t->best.steps == t->adam.steps && !t->batch,
                                    .best_loss = t->best.loss};
  vae_model trained = *t->model; /* a view that says how it is being trained, also before the first step */
  trained.trained = true;
  trained.training = vaei_training_to_keep(&t->training);
  return vaei_model_file_save(&trained, &state, path, err);
}

/* The training configuration of a file, with what belongs to this trainer kept. */
static vae_training merge_training(const vae_trainer *t, const vae_training *saved) {
  vae_training merged = *saved;
  merged.threads = t->training.threads;
  merged.isa = t->training.isa;
  merged.keep_gradients = t->training.keep_gradients;
  merged.precision = t->training.precision;
  merged.precision_fallback = t->training.precision_fallback;
  return merged;
}

vae_status vaei_trainer_restore(vae_trainer *t, const char *path, vae_error *err) {
  vae_model *saved = NULL;
  vaei_trainer_state state = {0};
  vae_status status = vaei_model_file_load(path, NULL, 0, &t->allocator, &saved, &state, err);
  if (status != VAE_OK) return status;
  const size_t bytes = t->model->block_size * sizeof(float);
  const bool had_best = t->best.parameters != NULL;
  if (!vaei_config_equal(&saved->config, &t->model->config))
    status = vaei_fail(err, VAE_ERROR_MISMATCH, "%s holds the state of a model with another configuration", path);
  else if (saved->training.precision != t->training.precision && !t->training.precision_fallback)
    status = vaei_fail(err, VAE_ERROR_MISMATCH, "%s holds a run in %s; the trainer's training.precision is %s", path,
                       vaei_precision_name(saved->training.precision), vaei_precision_name(t->training.precision));
  else status = vaei_trainer_fit_gradients(t, &saved->training, err);
  if (status == VAE_OK && state.is_best) status = vaei_trainer_fit_best(t, err);
  /* Last: what holds another objective may hold the old one no more. */
  if (status == VAE_OK) status = vaei_trainer_fit_pass(t, saved->training.batch_size, &saved->training.objective, err);
  if (status != VAE_OK && !had_best) vaei_trainer_forget_best(t); /* there is memory for one, and none in it */
  if (status == VAE_OK) {
    memcpy(t->model->block, saved->block, bytes);
    memcpy(t->adam.m, state.first_moment, bytes);
    memcpy(t->adam.v, state.second_moment, bytes);
    t->training = merge_training(t, &saved->training);
    t->model->training = vaei_training_to_keep(&t->training);
    t->model->trained = true;
    vaei_trainer_set_adam(t);
    t->adam.steps = state.step;
    t->epoch = state.epoch;
    t->batch = state.batch;
    t->epoch_rows = state.rows;
    t->sums = (vaei_sums){.examples = state.examples,
                          .loss = state.loss,
                          .reconstruction = state.reconstruction,
                          .kl = state.kl,
                          .penalty = state.penalty};
    t->order_valid = false;
    t->has_gradients = false;
    t->model->version++; /* the transposed copy is stale */
    if (state.is_best) vaei_trainer_keep_best(t, state.best_loss);
    else vaei_trainer_forget_best(t);
  }
  const size_t saved_bytes = saved->block_size * sizeof(float);
  vaei_release(&t->allocator, state.first_moment, saved_bytes);
  vaei_release(&t->allocator, state.second_moment, saved_bytes);
  vaei_model_delete(saved);
  return status;
}
