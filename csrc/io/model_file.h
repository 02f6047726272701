/* A model, and the state of a training run, as one safetensors file. */
#ifndef VAEI_MODEL_FILE_H
#define VAEI_MODEL_FILE_H

#include "model/vae_model.h"

/* What a trainer adds to its model's file: two blocks in the layout of model->block, written under "adam.m." and
 * "adam.v." before each tensor's name, and counters, written as JSON under the metadata key libvae.trainer. */
typedef struct vaei_trainer_state {
  float *first_moment;
  float *second_moment;
  uint64_t step;  /* Adam steps done */
  uint64_t epoch; /* epochs finished */
  uint64_t batch; /* batches done in a stopped epoch */
  uint64_t rows;  /* of the data of a stopped epoch */
  /* sums over the examples of a stopped epoch so far */
  uint64_t examples;
  double loss, reconstruction, kl, penalty;
  bool is_best;     /* whether it is the state with the lowest held-out loss so far, … */
  double best_loss; /* … and that loss */
} vaei_trainer_state;

/* state: NULL for a model alone. */
vae_status vaei_model_file_save(const vae_model *model, const vaei_trainer_state *state, const char *path,
                                vae_error *err);

/* Into memory: *size receives the bytes needed; nothing is written where capacity is smaller. */
vae_status vaei_model_file_save_bytes(const vae_model *model, const vaei_trainer_state *state, void *bytes,
                                      size_t capacity, size_t *size, vae_error *err);

/* Makes a model from a file (or, path being NULL, from bytes). A trainer's file is read as a model too.
 * state: NULL, or the state to read; then the file must hold one, and its moments are allocated from `allocator`,
 * (*model)->block_size floats each, to be released by the caller. */
vae_status vaei_model_file_load(const char *path, const void *bytes, size_t size, const vae_allocator *allocator,
                                vae_model **model, vaei_trainer_state *state, vae_error *err);

#endif
