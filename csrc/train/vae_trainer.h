/* The inside of vae_trainer. */
#ifndef VAEI_TRAINER_H
#define VAEI_TRAINER_H

#include "model/pass.h"
#include "optim/adam.h"
#include "vae/trainer.h"

/* A copy of the state with the lowest held-out loss. */
typedef struct vaei_best {
  float *parameters, *m, *v; /* [block_size] each, of one allocation; NULL: none was judged */
  double loss;
  uint64_t epoch, steps;
  uint32_t waited; /* judgements since then */
} vaei_best;

struct vae_trainer {
  vae_allocator allocator;
  vae_model *model;
  vae_training training;
  const vaei_kernels *kernels;
  const vaei_bf16_kernels *bf16; /* NULL: products are of float32; training.precision says which it is */
  uint32_t threads, team;        /* the most, and the last step's */
  vaei_pass pass;
  vaei_adam adam;
  float *gradients; /* block_size floats where training.keep_gradients or .clip_norm, else NULL */
  bool has_gradients;
  uint32_t *order; /* of the rows in the running epoch */
  size_t order_size;
  uint64_t order_epoch;
  bool order_valid;
  uint64_t epoch;      /* finished */
  uint64_t batch;      /* done in a stopped epoch */
  uint64_t epoch_rows; /* of the data of a stopped epoch */
  vaei_sums sums;      /* of a stopped epoch so far */
  vaei_best best;
  struct {
    double learning_rate, beta, capacity, gradient_norm;
  } last; /* step */
};

vae_status vaei_trainer_new(vae_model *model, const vae_training *training, const vaei_kernels *kernels,
                            const vaei_bf16_kernels *bf16, uint32_t threads, const vae_allocator *allocator,
                            vae_trainer **trainer, vae_error *err);
void vaei_trainer_delete(vae_trainer *trainer);

/* What a model and its file remember of a training configuration: nothing that changes no result. */
vae_training vaei_training_to_keep(const vae_training *training);

/* Opens a wider pass where the trainer's does not hold batches of so many rows with that objective. */
vae_status vaei_trainer_fit_pass(vae_trainer *t, uint32_t rows, const vae_objective *objective, vae_error *err);

/* Adam's constants from the training configuration. */
void vaei_trainer_set_adam(vae_trainer *t);

/* Takes memory for gradients where a configuration needs it and the trainer has none. */
vae_status vaei_trainer_fit_gradients(vae_trainer *t, const vae_training *training, vae_error *err);

/* Takes memory for a best state. */
vae_status vaei_trainer_fit_best(vae_trainer *t, vae_error *err);

/* Makes the present state the best one. */
void vaei_trainer_keep_best(vae_trainer *t, double loss);

/* Gives the memory of the best state back. */
void vaei_trainer_forget_best(vae_trainer *t);

/* As the public functions; arguments have been checked and structs are full-size copies. */
vae_status vaei_trainer_epoch(vae_trainer *t, const vae_data *data, vae_progress_callback callback, void *user,
                              vae_loss *loss, vae_error *err);
vae_status vaei_trainer_step(vae_trainer *t, const vae_data *data, const float *noise, vae_loss *loss,
                             const vae_terms *terms, vae_error *err);
vae_status vaei_trainer_judge(vae_trainer *t, double loss, vae_error *err);
void vaei_trainer_take_best(vae_trainer *t);
vae_status vaei_trainer_save(const vae_trainer *t, const char *path, vae_error *err);
vae_status vaei_trainer_restore(vae_trainer *t, const char *path, vae_error *err);

#endif
