/* vae_trainer: Adam's moments, counters and random streams, and the loop over mini-batches.
 *
 * A trainer borrows its model, which must outlive it, and updates it in place. The model may be read between steps and
 * from the callback, not by other threads during a step. One thread at a time uses a trainer.
 *
 *   vae_trainer_create(model, &training, &trainer, &err);
 *   for (int epoch = 0; epoch < 10; epoch++) vae_trainer_epoch(trainer, &data, NULL, NULL, &loss, &err);
 *   vae_model_save(model, "digits.safetensors", &err); */
#ifndef VAE_TRAINER_H
#define VAE_TRAINER_H

#include "model.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct vae_trainer vae_trainer;

/* training: NULL means vae_training_init's defaults.  allocator: NULL means the C library's.
 *  Fails: INVALID_ARGUMENT, UNSUPPORTED (an instruction set or a precision that is not there), OUT_OF_MEMORY. */
VAE_API vae_status vae_trainer_create(vae_model *model, const vae_training *training, const vae_allocator *allocator,
                                      vae_trainer **trainer, vae_error *err);

/* Frees a trainer, not its model; NULL is allowed. */
VAE_API void vae_trainer_free(vae_trainer *trainer);

/* Where a trainer stands. `loss` holds the means over the examples of this epoch so far. */
typedef struct vae_progress {
  uint32_t struct_size;
  uint64_t epoch;   /* of the running epoch, from 0 */
  uint64_t batch;   /* batches done in it */
  uint64_t batches; /* in an epoch of this data */
  uint64_t step;    /* Adam steps since the trainer was new */
  vae_loss loss;
} vae_progress;

VAE_API void vae_progress_init_sized(vae_progress *progress, size_t struct_size);

static inline void vae_progress_init(vae_progress *progress) { vae_progress_init_sized(progress, sizeof *progress); }

/* Called on the caller's thread between mini-batches, about ten times a second and after the last batch of an epoch.
 * It may read the model, save it and save the trainer. A result other than 0 stops the epoch. */
typedef int32_t (*vae_progress_callback)(const vae_progress *progress, void *user);

/* One pass over all rows in an order shuffled by (seed, epoch); the last, ragged batch counts.
 *  data: [rows, D].  callback: may be NULL.  loss: may be NULL; the epoch's means.
 * A stopped epoch returns VAE_STOPPED; the next call continues it with the next batch if the data has the same number of
 * rows, else the epoch begins anew. An epoch that failed continues in the same way, with the batch that failed.
 *  Fails: MISMATCH; DATA (names the row and column); NOT_FINITE (names the epoch, the batch and the layer; the parameters
 *  are those before that batch); OUT_OF_MEMORY. */
VAE_API vae_status vae_trainer_epoch(vae_trainer *trainer, const vae_data *data, vae_progress_callback callback,
                                     void *user, vae_loss *loss, vae_error *err);

/* One step of Adam on the rows given, in their order.
 *  data: [n, D], any n from 1 to 2^20.  noise: [K, n, Z], or NULL to draw it.  loss, terms: may be NULL.
 *  A first call with more rows than batch_size allocates. Counts as a step, not as part of an epoch. */
VAE_API vae_status vae_trainer_step(vae_trainer *trainer, const vae_data *data, const float *noise, vae_loss *loss,
                                    const vae_terms *terms, vae_error *err);

/* Copies one gradient of the last step out. Fails: INVALID_ARGUMENT without vae_training.keep_gradients, before the
 * first step, or where the name or count is wrong. */
VAE_API vae_status vae_trainer_get_gradient(const vae_trainer *trainer, const char *name, float *values, size_t count,
                                            vae_error *err);

typedef struct vae_trainer_info {
  uint32_t struct_size;
  int32_t threads; /* the size of the last step's team; before the first step the most it may have */
  vae_isa isa;
  uint64_t epoch;          /* epochs finished */
  uint64_t batch;          /* batches done in a stopped epoch, else 0 */
  uint64_t step;           /* Adam steps */
  uint64_t bytes;          /* memory that the trainer holds */
  vae_precision precision; /* what its matrix products are computed in */
  uint32_t waited;         /* judgements since the best one: see vae_trainer_judge */
  /* Of the last step; 0 before the first. */
  double learning_rate; /* by its schedule */
  double beta;          /* by its warm-up */
  double gradient_norm; /* before clipping; 0 without training.clip_norm */
  double best_loss;     /* the lowest that was judged; meaningful where best_epoch is not 0 */
  uint64_t best_epoch;  /* epochs that were finished then; 0: none was judged */
  double capacity;      /* of the last step, by its schedule */
} vae_trainer_info;

VAE_API void vae_trainer_info_init_sized(vae_trainer_info *info, size_t struct_size);

static inline void vae_trainer_info_init(vae_trainer_info *info) { vae_trainer_info_init_sized(info, sizeof *info); }

VAE_API vae_status vae_trainer_get_info(const vae_trainer *trainer, vae_trainer_info *info, vae_error *err);

/* Early stopping. Tells the trainer what the loss on held-out data is now, usually after an epoch. Where that is lower
 * than ever, the trainer keeps a copy of parameters, moments and counters (three times the parameters' memory, at the
 * first call).
 *  loss: finite; *stop: receives 1 after training.patience judgements without a lower one, else 0.
 *  Fails: INVALID_ARGUMENT (also within a stopped epoch), OUT_OF_MEMORY. */
VAE_API vae_status vae_trainer_judge(vae_trainer *trainer, double loss, int32_t *stop, vae_error *err);

/* Puts the copy of the best state back: parameters and the optimiser's state that belongs to them. Training may go on
 * from there.
 *  Fails: INVALID_ARGUMENT where nothing was judged. */
VAE_API vae_status vae_trainer_take_best(vae_trainer *trainer, vae_error *err);

/* Writes the whole state of a run (parameters, moments, counters, training configuration) as one safetensors file,
 * atomically, as vae_model_save does. It can also be loaded as a model. The copy of the best state is not written;
 * that a state is the best one so far, and its held-out loss, is. */
VAE_API vae_status vae_trainer_save(const vae_trainer *trainer, const char *path, vae_error *err);

/* Puts a saved state back into a trainer whose model has the same configuration: parameters, moments, counters and the
 * training configuration (threads, isa, keep_gradients and precision stay the trainer's own). The run then continues to
 * the bit. A state of another precision than the trainer's is a MISMATCH, but where training.precision_fallback allowed
 * it: then the run goes on in the trainer's precision. A state that was the best of its run is the best one to beat
 * again; after any other the run is judged anew.
 *  Fails: IO, FORMAT, MISMATCH, OUT_OF_MEMORY; trainer and model are then unchanged. */
VAE_API vae_status vae_trainer_restore(vae_trainer *trainer, const char *path, vae_error *err);

#ifdef __cplusplus
}
#endif
#endif
