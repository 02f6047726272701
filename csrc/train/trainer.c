/* A trainer's life, one step on given rows, and an epoch over shuffled mini-batches. */
#define _POSIX_C_SOURCE 200809L
#include "train/vae_trainer.h"

#include <string.h>
#include <time.h>

#include "core/error.h"
#include "core/random.h"
#include "model/batch.h"
#include "model/coupled_pass.h"
#include "model/data_value.h"
#include "optim/schedule.h"

static vaei_pass_size pass_size(uint32_t rows, uint32_t samples) {
  return (vaei_pass_size){
      .rows = rows, .draws = (uint64_t)rows * samples, .at_once = VAEI_DRAWS_AT_ONCE, .gradients = true};
}

vae_status vaei_trainer_new(vae_model *model, const vae_training *training, const vaei_kernels *kernels,
                            const vaei_bf16_kernels *bf16, uint32_t threads, const vae_allocator *allocator,
                            vae_trainer **trainer, vae_error *err) {
  *trainer = NULL;
  vae_trainer *t = vaei_allocate_zeroed(allocator, sizeof *t);
  if (!t) return vaei_fail(err, VAE_ERROR_OUT_OF_MEMORY, "no memory for a trainer (%zu bytes asked for)", sizeof *t);
  t->allocator = *allocator;
  t->model = model;
  t->training = *training;
  t->kernels = kernels;
  t->bf16 = bf16;
  t->training.precision = bf16 ? VAE_PRECISION_BFLOAT16 : VAE_PRECISION_FLOAT32;
  t->threads = t->team = threads;
  vaei_trainer_set_adam(t);
  const size_t bytes = model->block_size * sizeof(float);
  const vaei_pass_size size = pass_size(training->batch_size, training->objective.samples);
  vae_status status = vaei_pass_open(&t->pass, model, kernels, bf16, allocator, &size, err);
  if (status == VAE_OK) status = vaei_pass_fit_objective(&t->pass, &training->objective, err);
  if (status == VAE_OK) {
    t->adam.m = vaei_allocate_zeroed(allocator, bytes);
    t->adam.v = vaei_allocate_zeroed(allocator, bytes);
    if (!t->adam.m || !t->adam.v)
      status = vaei_fail(err, VAE_ERROR_OUT_OF_MEMORY, "no memory for Adam's moments (%zu bytes asked for)", bytes);
  }
  if (status == VAE_OK) status = vaei_trainer_fit_gradients(t, training, err);
  if (status != VAE_OK) {
    vaei_trainer_delete(t);
    return status;
  }
  *trainer = t;
  return VAE_OK;
}

vae_status vaei_trainer_fit_pass(vae_trainer *t, uint32_t rows, const vae_objective *objective, vae_error *err) {
  vaei_pass_size size = pass_size(rows, objective->samples);
  if (vaei_pass_holds(&t->pass, rows, size.draws)) return vaei_pass_fit_objective(&t->pass, objective, err);
  if (size.rows < t->pass.size.rows) size.rows = t->pass.size.rows;
  if (size.draws < t->pass.size.draws) size.draws = t->pass.size.draws;
  vaei_pass wider;
  vae_status status = vaei_pass_open(&wider, t->model, t->kernels, t->bf16, &t->allocator, &size, err);
  if (status != VAE_OK) return status;
  status = vaei_pass_fit_objective(&wider, objective, err);
  if (status != VAE_OK) {
    vaei_pass_close(&wider);
    return status;
  }
  vaei_pass_close(&t->pass);
  t->pass = wider;
  return VAE_OK;
}

vae_status vaei_trainer_fit_gradients(vae_trainer *t, const vae_training *training, vae_error *err) {
  if (t->gradients || !(training->keep_gradients || training->clip_norm > 0)) return VAE_OK;
  const size_t bytes = t->model->block_size * sizeof(float);
  t->gradients = vaei_allocate_zeroed(&t->allocator, bytes);
  if (t->gradients) return VAE_OK;
  return vaei_fail(err, VAE_ERROR_OUT_OF_MEMORY, "no memory for gradients (%zu bytes asked for)", bytes);
}

void vaei_trainer_set_adam(vae_trainer *t) {
  t->adam.beta1 = t->training.beta1;
  t->adam.beta2 = t->training.beta2;
  t->adam.epsilon = t->training.epsilon;
  t->adam.weight_decay = t->training.weight_decay;
}

void vaei_trainer_delete(vae_trainer *t) {
  if (!t) return;
  const vae_allocator allocator = t->allocator;
  const size_t bytes = t->model->block_size * sizeof(float);
  vaei_release(&allocator, t->adam.m, bytes);
  vaei_release(&allocator, t->adam.v, bytes);
  vaei_release(&allocator, t->gradients, bytes);
  vaei_trainer_forget_best(t);
  vaei_release(&allocator, t->order, t->order_size * sizeof *t->order);
  if (t->pass.arena.memory) vaei_pass_close(&t->pass);
  vaei_release(&allocator, t, sizeof *t);
}

vae_training vaei_training_to_keep(const vae_training *training) {
  vae_training kept = *training;
  kept.threads = 0;
  kept.isa = VAE_ISA_AUTO;
  kept.keep_gradients = 0;
  kept.precision_fallback = 0;
  return kept;
}

/* What the members of a team share while they train. */
typedef struct session {
  vae_trainer *trainer;
  vaei_source source;
  size_t rows;        /* of the data */
  const float *noise; /* a step's, from the caller; NULL: drawn */
  const vae_terms *terms;
  bool whole_batch;      /* a step on all rows at once, outside an epoch */
  uint64_t batches;      /* in an epoch */
  struct timespec began; /* when the team began */
  vaei_adam_steps adam_steps;
  bool stop; /* written by rank 0 between two barriers, then read by all */
  uint32_t team;
  _Atomic size_t bad_row; /* SIZE_MAX: none */
} session;

static double seconds_since(const struct timespec *began) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)(now.tv_sec - began->tv_sec) + 1e-9 * (double)(now.tv_nsec - began->tv_nsec);
}

/* The noise of the next step. */
static vaei_stream noise_of(const vae_trainer *t) {
  return (vaei_stream){.seed = t->training.seed, .stream = VAEI_STREAM_TRAINING, .step = t->adam.steps};
}

/* The rows of the epoch's batch `index`. */
static size_t batch_rows(const session *s, uint64_t index) {
  const size_t most = s->trainer->training.batch_size, left = s->rows - index * most;
  return left < most ? left : most;
}

/* Sets *next to the batch behind the running one and returns its rows, or 0 where the epoch has none. */
static size_t next_batch(const session *s, vaei_source *next) {
  const uint64_t index = s->trainer->batch + 1;
  if (s->whole_batch || index >= s->batches) return 0;
  *next = s->source;
  next->first += s->trainer->training.batch_size;
  next->order += s->trainer->training.batch_size;
  return batch_rows(s, index);
}

/* Sets up the next batch; by rank 0, between two barriers. */
static void begin_batch(session *s) {
  vae_trainer *t = s->trainer;
  const size_t first = s->whole_batch ? 0 : t->batch * t->training.batch_size;
  s->source.first = first;
  s->source.order = s->whole_batch ? NULL : t->order + first;
  const double time = (double)t->epoch + (s->whole_batch ? 0.0 : (double)t->batch / (double)s->batches);
  vae_objective objective = t->training.objective;
  objective.beta *= vaei_warm_up_at(&t->training, time);
  objective.capacity = vaei_capacity_at(&t->training, time);
  if (!objective.data_rows) objective.data_rows = s->rows;
  t->adam.learning_rate = vaei_rate_at(&t->training, time);
  s->adam_steps = vaei_adam_next(&t->adam);
  t->last.learning_rate = t->adam.learning_rate;
  t->last.beta = objective.beta;
  t->last.capacity = objective.capacity;
  vaei_pass_begin(&t->pass, (uint32_t)(s->whole_batch ? s->rows : batch_rows(s, t->batch)), &objective);
  t->pass.dropout.rate = t->training.dropout;
  t->pass.dropout.stream = noise_of(t);
}

/* Books a batch that is done; by rank 0, between two barriers. */
static void end_batch(session *s) {
  vae_trainer *t = s->trainer;
  t->adam.steps++;
  if (s->whole_batch) {
    s->stop = true;
    return;
  }
  t->batch++;
  vaei_pass_add_sums(&t->pass, &t->sums);
  const double callback_interval = 0.1; /* seconds */
  s->stop = t->batch == s->batches || seconds_since(&s->began) >= callback_interval;
}

/* Scales the gradients down to the limit of their norm. */
static void clip_gradients(vae_trainer *t, vaei_member member) {
  const double norm = vaei_pass_gradient_norm(&t->pass, member, t->gradients), most = t->training.clip_norm;
  if (member.rank == 0) t->last.gradient_norm = norm;
  if (norm > most) vaei_pass_scale_gradients(&t->pass, member, (float)(most / norm), t->gradients);
}

/* Mini-batches until the epoch ends, the callback is due or something is wrong. Run by every member of the team. */
static void train(vaei_member member, void *context) {
  session *s = context;
  vae_trainer *t = s->trainer;
  vaei_pass *pass = &t->pass;
  if (member.rank == 0) s->team = member.size;
  vaei_pass_assign(pass, member);
  if (pass->transposed_version != t->model->version) vaei_pass_transpose(pass, member);
  if (member.rank == 0) begin_batch(s);
  vaei_team_barrier(member);
  while (!s->stop) {
    vaei_batch batch = {.source = s->source,
                        .noise = s->noise,
                        .stream = noise_of(t),
                        .terms.rows = pass->rows,
                        .bad_row = &s->bad_row};
    if (s->terms) batch.terms.terms = *s->terms;
    vaei_batch_run(pass, member, &batch);
    if (atomic_load(&s->bad_row) != SIZE_MAX) return;
    const bool large = atomic_load_explicit(&pass->large, memory_order_relaxed);
    if (t->gradients) {
      vaei_pass_gradients(pass, member, t->gradients);
      vaei_team_barrier(member);
    }
    if (large) vaei_pass_check_gradients(pass, member, t->gradients);
    if (atomic_load_explicit(&pass->not_finite, memory_order_relaxed)) return; /* before any parameter has changed */
    if (t->training.clip_norm > 0) clip_gradients(t, member);
    vaei_source next;
    const vaei_update update = {.adam = &t->adam,
                                .steps = &s->adam_steps,
                                .block = t->model->block,
                                .gradients = t->gradients,
                                .next_rows = next_batch(s, &next),
                                .next = &next};
    vaei_pass_update(pass, member, &update);
    vaei_team_barrier(member);
    if (member.rank == 0) {
      end_batch(s);
      if (!s->stop) begin_batch(s);
    }
    vaei_team_barrier(member);
  }
}

/* Runs a team over a session and says what stopped it. */
static vae_status run(session *s, vae_error *err) {
  vae_trainer *t = s->trainer;
  atomic_store(&s->bad_row, SIZE_MAX);
  s->stop = false;
  clock_gettime(CLOCK_MONOTONIC, &s->began);
  const size_t batch = s->whole_batch || s->rows < t->training.batch_size ? s->rows : t->training.batch_size;
  const size_t draws = batch * t->training.objective.samples;
  atomic_store(&t->pass.not_finite, 0);
  const uint64_t steps = t->adam.steps;
  t->has_gradients = false;
  vaei_team_run(vaei_pass_team(&t->pass, draws, t->threads, true), train, s);
  t->team = s->team;
  if (t->adam.steps > steps) {
    t->has_gradients = t->training.keep_gradients;
    t->model->training = vaei_training_to_keep(&t->training);
    t->model->trained = true;
  }
  t->pass.transposed_version = ++t->model->version;
  if (atomic_load(&s->bad_row) != SIZE_MAX)
    return vaei_data_error(t->model, s->source.data, atomic_load(&s->bad_row), err);
  if (!atomic_load(&t->pass.not_finite)) return VAE_OK;
  char words[160];
  vaei_pass_diagnose(&t->pass, VAEI_RAN_ALL, words, sizeof words);
  if (s->whole_batch)
    return vaei_fail(err, VAE_ERROR_NOT_FINITE,
                     "step %llu: %s is not finite; the parameters are those before this step",
                     (unsigned long long)t->adam.steps, words);
  return vaei_fail(err, VAE_ERROR_NOT_FINITE,
                   "epoch %llu, batch %llu: %s is not finite; the parameters are those before this batch. A lower "
                   "learning rate (now %g) may help",
                   (unsigned long long)t->epoch, (unsigned long long)t->batch, words, t->last.learning_rate);
}

/* The order of the rows in the running epoch. */
static vae_status shuffle(vae_trainer *t, size_t rows, vae_error *err) {
  if (t->order_size != rows) {
    vaei_release(&t->allocator, t->order, t->order_size * sizeof *t->order);
    t->order_size = 0;
    t->order_valid = false;
    t->order = vaei_allocate(&t->allocator, rows * sizeof *t->order);
    if (!t->order)
      return vaei_fail(err, VAE_ERROR_OUT_OF_MEMORY, "no memory for the order of %zu rows (%zu bytes asked for)", rows,
                       rows * sizeof *t->order);
    t->order_size = rows;
  }
  if (!t->order_valid || t->order_epoch != t->epoch) vaei_shuffle(t->training.seed, t->epoch, t->order, rows);
  t->order_valid = true;
  t->order_epoch = t->epoch;
  return VAE_OK;
}

vae_status vaei_trainer_epoch(vae_trainer *t, const vae_data *data, vae_progress_callback callback, void *user,
                              vae_loss *loss, vae_error *err) {
  vae_status status = shuffle(t, data->rows, err);
  if (status != VAE_OK) return status;
  if (t->epoch_rows != data->rows) t->batch = 0; /* other data: the epoch begins anew */
  if (!t->batch) t->sums = (vaei_sums){0};
  t->epoch_rows = data->rows;
  session s = {.trainer = t,
               .source = {.data = data},
               .rows = data->rows,
               .batches = (data->rows + t->training.batch_size - 1) / t->training.batch_size};
  bool finished = false;
  while (!finished) {
    status = run(&s, err);
    if (status != VAE_OK) return status;
    const vae_progress progress = {.struct_size = sizeof progress,
                                   .epoch = t->epoch,
                                   .batch = t->batch,
                                   .batches = s.batches,
                                   .step = t->adam.steps,
                                   .loss = vaei_sums_loss(&t->sums)};
    finished = t->batch == s.batches;
    if (finished) {
      t->epoch++;
      t->batch = 0;
    }
    if (loss) *loss = progress.loss;
    if (callback && callback(&progress, user))
      return vaei_fail(err, VAE_STOPPED, "the callback stopped epoch %llu after batch %llu of %llu",
                       (unsigned long long)progress.epoch, (unsigned long long)progress.batch,
                       (unsigned long long)s.batches);
  }
  return VAE_OK;
}

vae_status vaei_trainer_step(vae_trainer *t, const vae_data *data, const float *noise, vae_loss *loss,
                             const vae_terms *terms, vae_error *err) {
  vae_status status = vaei_trainer_fit_pass(t, (uint32_t)data->rows, &t->training.objective, err);
  if (status != VAE_OK) return status;
  session s = {
      .trainer = t, .source = {.data = data}, .rows = data->rows, .noise = noise, .terms = terms, .whole_batch = true};
  status = run(&s, err);
  if (status != VAE_OK) return status;
  vaei_sums sums = {0};
  vaei_pass_add_sums(&t->pass, &sums);
  if (loss) *loss = vaei_sums_loss(&sums);
  return VAE_OK;
}
