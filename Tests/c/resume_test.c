/* A run that was stopped in the middle of an epoch, saved, restored elsewhere and continued gives the same bytes as the
 * run that was never stopped. And what the callback is promised: the caller's thread, readable model and trainer. */
#define _POSIX_C_SOURCE 200809L

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>

#include "harness.h"
#include "support.h"

enum { COLUMNS = 100, LATENTS = 7, FIRST_ROWS = 10007, MOST_ROWS = 1000000 };

typedef struct watcher {
  pthread_t thread;
  const vae_model *model;
  const vae_trainer *trainer;
  const char *save_as; /* where to save the trainer at the first call within the epoch, or NULL */
  int stop;            /* at the first call within the epoch */
  int stop_at_end;     /* at the call behind the last batch */
  int calls, calls_within;
  int saved;
  uint64_t last_batch;
  vae_progress last;
} watcher;

static int32_t watch(const vae_progress *progress, void *user) {
  watcher *w = user;
  int within = progress->batch < progress->batches;
  w->calls++;
  w->calls_within += within;
  CHECK(pthread_equal(pthread_self(), w->thread));
  CHECK(progress->struct_size >= sizeof *progress);
  CHECK(progress->batch > w->last_batch && progress->batch <= progress->batches);
  CHECK(progress->loss.examples > 0 && isfinite(progress->loss.loss));
  w->last_batch = progress->batch;
  w->last = *progress;
  if (w->calls == 1) {
    size_t size = 0;
    vae_trainer_info info;
    unsigned char *bytes = test_model_bytes(w->model, &size);
    CHECK(bytes != NULL && size > 0);
    free(bytes);
    vae_trainer_info_init(&info);
    CHECK_STATUS(vae_trainer_get_info(w->trainer, &info, NULL), VAE_OK);
    CHECK_EQUAL(info.step, progress->step);
  }
  if (within && w->save_as != NULL && !w->saved) {
    w->saved = 1;
    CHECK_STATUS(vae_trainer_save(w->trainer, w->save_as, NULL), VAE_OK);
  }
  return (within && w->stop) || (!within && w->stop_at_end) ? 1 : 0;
}

static watcher make_watcher(const vae_model *model, const vae_trainer *trainer) {
  watcher w;
  memset(&w, 0, sizeof w);
  w.thread = pthread_self();
  w.model = model;
  w.trainer = trainer;
  return w;
}

/* A model with its trainer. */
typedef struct pair {
  vae_model *model;
  vae_trainer *trainer;
} pair;

static pair open_pair(uint64_t seed, int32_t threads, uint32_t batch) {
  pair p = {NULL, NULL};
  vae_error err;
  vae_training training;
  test_spec spec = test_spec_hidden(COLUMNS, 64, VAE_ACTIVATION_RELU, LATENTS);
  vae_error_init(&err);
  vae_training_init(&training);
  training.batch_size = batch;
  training.seed = seed;
  training.threads = threads;
  training.rate_schedule = VAE_RATE_EXPONENTIAL; /* what a batch's place in the epoch decides must come back as well */
  training.rate_decay = 0.5;
  training.warm_up = VAE_WARM_UP_LINEAR;
  training.warm_up_epochs = 3;
  training.objective.binarization = VAE_BINARIZATION_DYNAMIC;
  training.clip_norm = 10;
  training.dropout = 0.2; /* so must masks, the capacity, and draws from the prior */
  training.objective.capacity = 20;
  training.objective.capacity_weight = 2;
  training.capacity_epochs = 3;
  training.objective.regularizer = VAE_REGULARIZER_MMD_RBF;
  training.objective.regularizer_weight = 5;
  CHECK_OK(test_create(&spec, seed, NULL, &p.model, &err), &err);
  CHECK_OK(vae_trainer_create(p.model, &training, NULL, &p.trainer, &err), &err);
  return p;
}

static void close_pair(pair *p) {
  vae_trainer_free(p->trainer);
  vae_model_free(p->model);
}

static vae_trainer_info info_of(const pair *p) {
  vae_trainer_info info;
  vae_trainer_info_init(&info);
  CHECK_STATUS(vae_trainer_get_info(p->trainer, &info, NULL), VAE_OK);
  return info;
}

/* Trains until `epochs` epochs are finished. */
static vae_loss train_to(pair *p, const vae_data *data, uint64_t epochs) {
  vae_error err;
  vae_loss loss;
  vae_error_init(&err);
  vae_loss_init(&loss);
  while (info_of(p).epoch < epochs) {
    if (!CHECK_OK(vae_trainer_epoch(p->trainer, data, NULL, NULL, &loss, &err), &err)) break;
  }
  return loss;
}

static void save_trainer(const pair *p, const char *folder, const char *name, char path[TEST_PATH]) {
  vae_error err;
  vae_error_init(&err);
  test_join(path, folder, name);
  CHECK_OK(vae_trainer_save(p->trainer, path, &err), &err);
}

static void compare_files(const char *a, const char *b) {
  size_t a_size = 0, b_size = 0;
  unsigned char *a_bytes = test_read_file(a, &a_size), *b_bytes = test_read_file(b, &b_size);
  if (CHECK(a_bytes != NULL && b_bytes != NULL) && CHECK_EQUAL(a_size, b_size)) CHECK_BYTES(a_bytes, b_bytes, a_size);
  free(a_bytes);
  free(b_bytes);
}

/* Restores `from` into a trainer that was something else before, and trains it to the end of two epochs. */
static void check_restored(const char *folder, const char *from, const char *whole, const vae_data *data,
                           int32_t threads, const vae_loss *expected) {
  vae_error err;
  char path[TEST_PATH];
  pair p = open_pair(1234, threads, 17);
  vae_error_init(&err);
  if (CHECK_OK(vae_trainer_restore(p.trainer, from, &err), &err)) {
    vae_trainer_info info = info_of(&p);
    CHECK_EQUAL(info.epoch, 0);
    CHECK(info.batch > 0 && info.step == info.batch);
    vae_loss loss = train_to(&p, data, 1);
    CHECK_EQUAL(loss.examples, expected->examples);
    CHECK(loss.loss == expected->loss && loss.kl == expected->kl);
    train_to(&p, data, 2);
    save_trainer(&p, folder, "restored", path);
    compare_files(path, whole);
  }
  close_pair(&p);
}

/* 1 where callbacks came within the epoch; else it was over too soon, and the caller takes more rows. */
static int check_stopped(const char *folder, const uint8_t *values, size_t rows) {
  char whole[TEST_PATH], stopped[TEST_PATH], from_callback[TEST_PATH], path[TEST_PATH];
  vae_data data = test_bytes(values, rows, COLUMNS);
  vae_error err;
  vae_error_init(&err);

  pair p = open_pair(7, 2, 32);
  watcher w = make_watcher(p.model, p.trainer);
  w.stop = 1;
  vae_loss part, rest, loss;
  vae_loss_init(&part);
  vae_status status = vae_trainer_epoch(p.trainer, &data, watch, &w, &part, &err);
  if (w.calls_within == 0) {
    CHECK_STATUS(status, VAE_OK);
    close_pair(&p);
    return 0;
  }
  CHECK_STATUS(status, VAE_STOPPED);
  CHECK_EQUAL(w.calls, 1);
  vae_trainer_info info = info_of(&p);
  CHECK_EQUAL(info.epoch, 0);
  CHECK_EQUAL(info.batch, w.last.batch);
  CHECK_EQUAL(info.step, w.last.step);
  CHECK_EQUAL(part.examples, w.last.batch * 32);
  CHECK(part.loss == w.last.loss.loss);
  save_trainer(&p, folder, "stopped", stopped);

  /* The run without a stop, which saves itself from the callback on its way. */
  pair q = open_pair(7, 1, 32);
  watcher saver = make_watcher(q.model, q.trainer);
  test_join(from_callback, folder, "from-callback");
  saver.save_as = from_callback;
  vae_loss_init(&loss);
  CHECK_OK(vae_trainer_epoch(q.trainer, &data, watch, &saver, &loss, &err), &err);
  if (!saver.saved) { /* a quieter machine this time */
    close_pair(&p);
    close_pair(&q);
    return 0;
  }
  CHECK_EQUAL(loss.examples, rows);
  CHECK_EQUAL(saver.last.batch, saver.last.batches);
  CHECK_EQUAL(saver.last.batches, (rows + 31) / 32);
  CHECK_EQUAL(saver.last.loss.examples, rows);
  CHECK(saver.last.loss.loss == loss.loss);
  train_to(&q, &data, 2);
  save_trainer(&q, folder, "whole", whole);

  harness_note("the same trainer continues");
  rest = train_to(&p, &data, 1);
  CHECK_EQUAL(rest.examples, rows);
  CHECK(rest.loss == loss.loss && rest.reconstruction == loss.reconstruction);
  train_to(&p, &data, 2);
  save_trainer(&p, folder, "continued", path);
  compare_files(path, whole);

  harness_note("restored from the stopped run");
  check_restored(folder, stopped, whole, &data, 3, &loss);
  harness_note("restored from what the callback saved");
  check_restored(folder, from_callback, whole, &data, 1, &loss);

  harness_note("a trainer's file is a model");
  vae_model *model = NULL;
  if (CHECK_OK(vae_model_load(whole, NULL, &model, &err), &err)) {
    size_t a_count = 0, b_count = 0;
    float *a = test_parameters(model, &a_count), *b = test_parameters(q.model, &b_count);
    if (CHECK_EQUAL(a_count, b_count)) CHECK_BYTES(a, b, a_count * sizeof *a);
    free(a);
    free(b);
  }
  vae_model_free(model);
  close_pair(&p);
  close_pair(&q);
  harness_note("%s", "");
  return 1;
}

/* Stopping at the callback behind the last batch loses nothing and repeats nothing. */
static void check_stopped_at_end(const char *folder, const uint8_t *values) {
  char a[TEST_PATH], b[TEST_PATH];
  vae_data data = test_bytes(values, 205, COLUMNS);
  pair p = open_pair(3, 1, 20), q = open_pair(3, 1, 20);
  watcher w = make_watcher(p.model, p.trainer);
  w.stop_at_end = 1;
  CHECK_STATUS(vae_trainer_epoch(p.trainer, &data, watch, &w, NULL, NULL), VAE_STOPPED);
  CHECK_EQUAL(info_of(&p).step, 11);
  train_to(&p, &data, 2);
  train_to(&q, &data, 2);
  CHECK_EQUAL(info_of(&p).step, 22);
  CHECK_EQUAL(info_of(&p).batch, 0);
  save_trainer(&p, folder, "a", a);
  save_trainer(&q, folder, "b", b);
  compare_files(a, b);
  close_pair(&p);
  close_pair(&q);
}

/* A file that cannot be restored changes nothing. */
static void check_refused(const char *folder, const uint8_t *values) {
  char path[TEST_PATH], other[TEST_PATH], before[TEST_PATH], after[TEST_PATH];
  vae_data data = test_bytes(values, 50, COLUMNS);
  vae_error err;
  vae_model *narrow = NULL;
  vae_trainer *narrow_trainer = NULL;
  test_spec spec = test_spec_hidden(COLUMNS, 63, VAE_ACTIVATION_RELU, LATENTS);
  pair p = open_pair(3, 1, 20);
  vae_error_init(&err);
  train_to(&p, &data, 1);
  save_trainer(&p, folder, "before", before);

  CHECK_OK(test_create(&spec, 0, NULL, &narrow, &err), &err);
  CHECK_OK(vae_trainer_create(narrow, NULL, NULL, &narrow_trainer, &err), &err);
  test_join(other, folder, "narrow");
  CHECK_OK(vae_trainer_save(narrow_trainer, other, &err), &err);
  CHECK_STATUS(vae_trainer_restore(p.trainer, other, &err), VAE_ERROR_MISMATCH);
  CHECK(err.message[0] != '\0');

  test_join(path, folder, "model-only");
  CHECK_OK(vae_model_save(p.model, path, &err), &err);
  CHECK_STATUS(vae_trainer_restore(p.trainer, path, &err), VAE_ERROR_FORMAT);
  test_join(path, folder, "missing");
  CHECK_STATUS(vae_trainer_restore(p.trainer, path, &err), VAE_ERROR_IO);
  CHECK_MESSAGE_HAS(err, "missing");

  size_t size = 0;
  unsigned char *bytes = test_read_file(before, &size);
  test_join(path, folder, "cut");
  FILE *file = fopen(path, "wb");
  if (CHECK(file != NULL && bytes != NULL)) {
    CHECK_EQUAL(fwrite(bytes, 1, size - 100, file), size - 100);
    fclose(file);
    CHECK_STATUS(vae_trainer_restore(p.trainer, path, &err), VAE_ERROR_FORMAT);
  }
  free(bytes);
  save_trainer(&p, folder, "after", after);
  compare_files(before, after);
  vae_trainer_free(narrow_trainer);
  vae_model_free(narrow);
  close_pair(&p);
}

/* A restored configuration with more samples, and then a step with as many rows as the trainer once had room for. */
static void check_more_samples(const char *folder, const uint8_t *values) {
  enum { ROWS = 300, SAMPLES = 7 };
  char path[TEST_PATH];
  vae_data data = test_bytes(values, ROWS, COLUMNS);
  vae_error err;
  vae_training training;
  vae_trainer *many = NULL;
  vae_loss expected, loss;
  test_random random = {6};
  float *noise = test_normals(&random, (size_t)SAMPLES * ROWS * LATENTS);
  pair p = open_pair(3, 2, 32), q = open_pair(3, 2, ROWS);
  vae_error_init(&err);
  vae_loss_init(&expected);
  vae_loss_init(&loss);
  vae_training_init(&training);
  training.batch_size = 32;
  training.objective.samples = SAMPLES;
  harness_note("more samples than before");
  CHECK_OK(vae_trainer_create(p.model, &training, NULL, &many, &err), &err);
  test_join(path, folder, "samples");
  CHECK_OK(vae_trainer_save(many, path, &err), &err);
  CHECK_OK(vae_trainer_step(q.trainer, &data, NULL, NULL, NULL, &err), &err);
  CHECK_OK(vae_trainer_restore(q.trainer, path, &err), &err);
  CHECK_OK(vae_trainer_step(many, &data, noise, &expected, NULL, &err), &err);
  CHECK_OK(vae_trainer_step(q.trainer, &data, noise, &loss, NULL, &err), &err);
  CHECK_NEAR(loss.loss, expected.loss, 0.0);
  size_t a_size = 0, b_size = 0;
  unsigned char *a = test_model_bytes(p.model, &a_size), *b = test_model_bytes(q.model, &b_size);
  if (CHECK(a != NULL && b != NULL) && CHECK_EQUAL(a_size, b_size)) CHECK_BYTES(a, b, a_size);
  harness_note("%s", "");
  free(a);
  free(b);
  free(noise);
  vae_trainer_free(many);
  close_pair(&p);
  close_pair(&q);
}

int main(void) {
  char folder[TEST_PATH];
  test_random random = {11};
  uint8_t *values = test_allocate((size_t)MOST_ROWS * COLUMNS);
  for (size_t i = 0; i < (size_t)MOST_ROWS * COLUMNS; i += 8) {
    uint64_t bits = test_bits(&random);
    memcpy(values + i, &bits, 8);
  }
  test_folder(folder);
  if (CHECK(folder[0] != '\0')) {
    size_t rows = FIRST_ROWS;
    int stopped = check_stopped(folder, values, rows);
    while (!stopped && rows * 2 <= MOST_ROWS) {
      rows *= 2;
      stopped = check_stopped(folder, values, rows);
    }
    CHECK_THAT(stopped, "no callback within an epoch of %zu rows", rows);
    check_stopped_at_end(folder, values);
    check_refused(folder, values);
    check_more_samples(folder, values);
    test_remove_folder(folder);
  }
  free(values);
  return harness_finish("resume");
}
