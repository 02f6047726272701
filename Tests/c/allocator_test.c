/* The caller's allocator: everything comes from it and goes back, with the same size and alignment; each allocation may
 * fail, which is OUT_OF_MEMORY and leaks nothing; steps and inference allocate nothing once they have run. */
#include <stdint.h>
#include <stdlib.h>

#include "harness.h"
#include "support.h"

enum { MOST_BLOCKS = 4096 };

typedef struct block {
  void *memory, *raw;
  size_t size, alignment;
} block;

/* Counts, checks, and fails at call number `fail_at` (from 1; 0: never) or, with `fail_on`, from there on. */
typedef struct counter {
  long calls, live, live_bytes, wrong;
  long fail_at;
  int fail_on;
  block blocks[MOST_BLOCKS];
} counter;

static void *count_allocate(void *user, size_t size, size_t alignment) {
  counter *c = user;
  c->calls++;
  if (size == 0 || alignment == 0 || (alignment & (alignment - 1)) != 0 || alignment > 4096) c->wrong++;
  if (c->fail_at != 0 && (c->calls == c->fail_at || (c->fail_on && c->calls > c->fail_at))) return NULL;
  if (size > ((size_t)1 << 40)) return NULL;
  char *raw = malloc(size + 2 * alignment);
  if (raw == NULL) return NULL;
  /* Aligned as asked for and not more, so that a need for more shows; and not zero. */
  uintptr_t at = ((uintptr_t)raw + alignment - 1) / alignment * alignment;
  if ((at / alignment) % 2 == 0) at += alignment;
  char *memory = raw + (at - (uintptr_t)raw);
  memset(memory, 0xa5, size);
  for (size_t i = 0; i < MOST_BLOCKS; i++) {
    if (c->blocks[i].memory != NULL) continue;
    c->blocks[i] = (block){memory, raw, size, alignment};
    c->live++;
    c->live_bytes += (long)size;
    return memory;
  }
  c->wrong++;
  free(raw);
  return NULL;
}

static void count_release(void *user, void *memory, size_t size, size_t alignment) {
  counter *c = user;
  for (size_t i = 0; i < MOST_BLOCKS; i++) {
    block *b = &c->blocks[i];
    if (b->memory != memory || memory == NULL) continue;
    if (b->size != size || b->alignment != alignment) c->wrong++;
    memset(memory, 0x5a, b->size);
    free(b->raw);
    c->live--;
    c->live_bytes -= (long)b->size;
    memset(b, 0, sizeof *b);
    return;
  }
  c->wrong++; /* not ours, or twice */
}

static counter *open_counter(vae_allocator *allocator) {
  counter *c = test_allocate(sizeof *c);
  vae_allocator_init(allocator);
  allocator->user = c;
  allocator->allocate = count_allocate;
  allocator->release = count_release;
  return c;
}

static void close_counter(counter *c) {
  CHECK_EQUAL(c->live, 0);
  CHECK_EQUAL(c->live_bytes, 0);
  CHECK_EQUAL(c->wrong, 0);
  free(c);
}

/* One life: every function that may allocate, in order, until one fails. */
typedef struct life {
  vae_allocator *allocator;
  test_spec spec;
  float *x;
  size_t rows;
  const char *folder;
  const vae_condition *condition; /* one row; NULL for a model without one */
} life;

static vae_data rows_of(const life *l, size_t rows) {
  vae_data data = test_floats(l->x, rows, l->spec.input_dim);
  data.condition = l->condition;
  return data;
}

/* Continues only after success, and checks what a failure must be. */
static int went_well(vae_status status, const vae_error *err) {
  if (status == VAE_OK) return 1;
  CHECK_STATUS(status, VAE_ERROR_OUT_OF_MEMORY);
  CHECK_EQUAL(err->code, VAE_ERROR_OUT_OF_MEMORY);
  CHECK(err->message[0] != '\0');
  return 0;
}

static int use_workspace(const life *l, vae_model *model, vae_error *err) {
  int done = 0;
  vae_workspace *workspace = NULL;
  vae_workspace_options options;
  vae_objective objective;
  vae_loss loss;
  const vae_data data = rows_of(l, l->rows), part = rows_of(l, 16);
  float *out = test_allocate(l->rows * l->spec.input_dim * sizeof *out);
  vae_statistics statistics;
  vae_statistics_init(&statistics);
  vae_workspace_options_init(&options);
  vae_objective_init(&objective);
  vae_loss_init(&loss);
  options.allocator = l->allocator;
  options.max_rows = 16;
  options.threads = 2;
  if (!went_well(vae_workspace_create(model, &options, &workspace, err), err)) {
    CHECK(workspace == NULL);
    free(out);
    return 0;
  }
  done = went_well(vae_model_reconstruct(model, workspace, &data, out, err), err) &&
         went_well(vae_model_evaluate(model, workspace, &data, NULL, 0, &loss, NULL, err), err) &&
         went_well(vae_model_loss_and_gradients(model, workspace, &part, &objective, NULL, 0, &loss, NULL, err), err);
  objective.samples = 6;
  objective.free_bits = l->spec.prior == VAE_PRIOR_STANDARD ? 0.1 : 0;
  objective.regularizer =
      l->spec.prior == VAE_PRIOR_STANDARD ? VAE_REGULARIZER_SLICED_WASSERSTEIN : VAE_REGULARIZER_TC; /* of any prior */
  done = done &&
         went_well(vae_model_loss_and_gradients(model, workspace, &part, &objective, NULL, 0, &loss, NULL, err), err);
  done = done && went_well(vae_model_evaluate(model, workspace, &data, &objective, 0, &loss, NULL, err), err);
  done = done && went_well(vae_model_statistics(model, workspace, &data, NULL, &statistics, NULL, err), err);
  vae_workspace_free(workspace);
  free(out);
  return done;
}

static int use_trainer(const life *l, vae_model *model, vae_error *err) {
  int done = 0;
  int32_t stop = 0;
  char path[TEST_PATH], best[TEST_PATH];
  vae_trainer *trainer = NULL;
  vae_training training;
  const vae_data data = rows_of(l, l->rows), part = rows_of(l, 16);
  vae_training_init(&training);
  training.batch_size = 16;
  training.threads = 2;
  training.clip_norm = 1;
  test_join(path, l->folder, "trainer");
  test_join(best, l->folder, "best");
  if (!went_well(vae_trainer_create(model, &training, l->allocator, &trainer, err), err)) {
    CHECK(trainer == NULL);
    return 0;
  }
  done = went_well(vae_trainer_epoch(trainer, &data, NULL, NULL, NULL, err), err) &&
         went_well(vae_trainer_judge(trainer, 1.0, &stop, err), err) &&
         went_well(vae_trainer_save(trainer, best, err), err) &&
         went_well(vae_trainer_step(trainer, &part, NULL, NULL, NULL, err), err) &&
         went_well(vae_trainer_step(trainer, &data, NULL, NULL, NULL, err), err) && /* more rows than a batch */
         went_well(vae_trainer_save(trainer, path, err), err) &&
         went_well(vae_trainer_restore(trainer, path, err), err) &&
         went_well(vae_trainer_epoch(trainer, &data, NULL, NULL, NULL, err), err);
  vae_trainer_free(trainer);
  if (!done || !went_well(vae_trainer_create(model, NULL, l->allocator, &trainer, err), err)) return 0;
  /* What clips and is the best takes memory for gradients and for the copy. */
  done = went_well(vae_trainer_restore(trainer, best, err), err) &&
         went_well(vae_trainer_epoch(trainer, &data, NULL, NULL, NULL, err), err) &&
         went_well(vae_trainer_take_best(trainer, err), err);
  vae_trainer_free(trainer);
  return done;
}

static int use_copies(const life *l, const vae_model *model, vae_error *err) {
  for (vae_precision precision = VAE_PRECISION_FLOAT32; precision <= VAE_PRECISION_INT8; precision++) {
    vae_model *copy = NULL;
    vae_workspace *workspace = NULL;
    vae_workspace_options options;
    vae_workspace_options_init(&options);
    options.allocator = l->allocator;
    if (!went_well(vae_model_quantize(model, precision, &copy, err), err)) {
      CHECK(copy == NULL);
      return 0;
    }
    const int done = went_well(vae_workspace_create(copy, &options, &workspace, err), err);
    vae_workspace_free(workspace);
    vae_model_free(copy);
    if (!done) return 0;
  }
  return 1;
}

static int use_files(const life *l, vae_model *model, vae_error *err) {
  char path[TEST_PATH];
  vae_model *loaded = NULL;
  vae_model_options options;
  size_t size = 0;
  vae_model_options_init(&options);
  options.allocator = l->allocator;
  test_join(path, l->folder, "model");
  if (!went_well(vae_model_save(model, path, err), err)) return 0;
  if (!went_well(vae_model_load(path, &options, &loaded, err), err)) {
    CHECK(loaded == NULL);
    return 0;
  }
  vae_model_free(loaded);
  loaded = NULL;
  if (!went_well(vae_model_save_bytes(model, NULL, 0, &size, err), err)) return 0;
  unsigned char *bytes = test_allocate(size);
  int done = went_well(vae_model_save_bytes(model, bytes, size, &size, err), err) &&
             went_well(vae_model_load_bytes(bytes, size, &options, &loaded, err), err);
  CHECK(done == (loaded != NULL));
  vae_model_free(loaded);
  free(bytes);
  return done;
}

static int live_once(const life *l) {
  vae_error err;
  vae_model *model = NULL;
  const vae_data data = rows_of(l, l->rows);
  vae_error_init(&err);
  if (!went_well(test_create(&l->spec, 0, l->allocator, &model, &err), &err)) {
    CHECK(model == NULL);
    return 0;
  }
  int done = went_well(vae_model_init_output_bias(model, &data, &err), &err) && use_workspace(l, model, &err) &&
             use_copies(l, model, &err) && use_trainer(l, model, &err) && use_files(l, model, &err);
  vae_model_free(model);
  return done;
}

/* Fails the n-th allocation, for every n until there is none to fail. */
static void check_each_failure(life *l, int from_there_on) {
  long n = 1;
  for (; n < 5000; n++) {
    vae_allocator allocator;
    counter *c = open_counter(&allocator);
    l->allocator = &allocator;
    c->fail_at = n;
    c->fail_on = from_there_on;
    harness_note("allocation %ld %s", n, from_there_on ? "and all later ones fail" : "fails");
    int done = live_once(l);
    long calls = c->calls;
    CHECK_THAT(done == (calls < n), "a failed allocation was not reported");
    close_counter(c);
    if (calls < n) break;
  }
  CHECK_THAT(n > 10 && n < 5000, "%ld allocations in a life", n);
  harness_note("%s", "");
}

/* Memory goes back whole, and the handles' own count of it is the allocator's. */
static void check_balance(life *l) {
  vae_allocator allocator;
  counter *c = open_counter(&allocator);
  l->allocator = &allocator;
  CHECK(live_once(l));
  CHECK(c->calls > 3);
  close_counter(c);
}

/* After a first call nothing is allocated any more, by steps, epochs or inference. */
static void check_steady(const life *l) {
  vae_error err;
  vae_allocator allocator;
  vae_model *model = NULL;
  vae_workspace *workspace = NULL;
  vae_trainer *trainer = NULL;
  vae_workspace_options options;
  vae_training training;
  vae_objective objective;
  vae_workspace_info workspace_info;
  vae_trainer_info trainer_info;
  vae_loss loss;
  const vae_data data = rows_of(l, l->rows), part = rows_of(l, 16);
  float *out = test_allocate(l->rows * l->spec.input_dim * sizeof *out);
  float *z = test_allocate(l->rows * l->spec.latent_dim * sizeof *z);
  counter *c = open_counter(&allocator);
  vae_error_init(&err);
  vae_loss_init(&loss);
  vae_workspace_options_init(&options);
  vae_training_init(&training);
  vae_objective_init(&objective);
  options.allocator = &allocator;
  options.max_rows = 16;
  options.threads = 2;
  training.batch_size = 16;
  training.threads = 2;
  objective.samples = 3;
  objective.regularizer = VAE_REGULARIZER_TC;
  objective.regularizer_weight = 2.0;
  training.objective = objective;
  CHECK_OK(test_create(&l->spec, 0, &allocator, &model, &err), &err);
  long before = c->live_bytes, calls = c->calls;
  CHECK_OK(vae_workspace_create(model, &options, &workspace, &err), &err);
  vae_workspace_info_init(&workspace_info);
  CHECK_OK(vae_workspace_get_info(workspace, &workspace_info, &err), &err);
  CHECK_EQUAL(workspace_info.bytes, c->live_bytes - before);

  calls = c->calls; /* inference allocates nothing, from the first call on */
  CHECK_OK(vae_model_encode(model, workspace, &data, z, z, &err), &err);
  CHECK_OK(vae_model_decode_given(model, workspace, z, l->rows, l->condition, out, &err), &err);
  CHECK_OK(vae_model_reconstruct(model, workspace, &data, out, &err), &err);
  CHECK_OK(vae_model_sample_given(model, workspace, 1, 0, l->rows, l->condition, out, z, &err), &err);
  CHECK_OK(vae_model_likelihood_samples(model, workspace, z, l->rows, l->condition, 1, 0, out, &err), &err);
  CHECK_OK(vae_model_evaluate(model, workspace, &data, NULL, 0, &loss, NULL, &err), &err);
  CHECK_EQUAL(c->calls, calls);
  CHECK_OK(vae_model_evaluate(model, workspace, &data, &objective, 0, &loss, NULL, &err), &err);
  CHECK_OK(vae_model_loss_and_gradients(model, workspace, &part, &objective, NULL, 0, &loss, NULL, &err), &err);
  calls = c->calls;
  for (int i = 0; i < 3; i++) {
    CHECK_OK(vae_model_evaluate(model, workspace, &data, &objective, 0, &loss, NULL, &err), &err);
    CHECK_OK(vae_model_loss_and_gradients(model, workspace, &part, &objective, NULL, 0, &loss, NULL, &err), &err);
  }
  CHECK_EQUAL(c->calls, calls);

  before = c->live_bytes;
  CHECK_OK(vae_trainer_create(model, &training, &allocator, &trainer, &err), &err);
  CHECK_OK(vae_trainer_step(trainer, &part, NULL, NULL, NULL, &err), &err);
  calls = c->calls;
  for (int i = 0; i < 5; i++) CHECK_OK(vae_trainer_step(trainer, &part, NULL, &loss, NULL, &err), &err);
  CHECK_EQUAL(c->calls, calls);
  CHECK_OK(vae_trainer_epoch(trainer, &data, NULL, NULL, &loss, &err), &err); /* may make room for the order of rows */
  calls = c->calls;
  for (int i = 0; i < 3; i++) CHECK_OK(vae_trainer_epoch(trainer, &data, NULL, NULL, &loss, &err), &err);
  CHECK_EQUAL(c->calls, calls);
  vae_trainer_info_init(&trainer_info);
  CHECK_OK(vae_trainer_get_info(trainer, &trainer_info, &err), &err);
  CHECK_EQUAL(trainer_info.bytes, c->live_bytes - before);
  vae_trainer_free(trainer);
  vae_workspace_free(workspace);
  vae_model_free(model);
  close_counter(c);
  free(out);
  free(z);
}

int main(void) {
  char folder[TEST_PATH];
  test_random random = {17};
  life l;
  memset(&l, 0, sizeof l);
  l.spec = test_spec_hidden(33, 19, VAE_ACTIVATION_RELU, 5);
  test_spec_add_encoder(&l.spec, 7, VAE_ACTIVATION_GELU);
  l.rows = 50;
  l.x = test_rows(&random, VAE_LIKELIHOOD_BERNOULLI, l.rows * l.spec.input_dim);
  test_folder(folder);
  l.folder = folder;
  if (CHECK(folder[0] != '\0')) {
    check_balance(&l);
    check_steady(&l);
    check_each_failure(&l, 0);
    check_each_failure(&l, 1);
    l.spec.prior_components = 3;
    for (l.spec.prior = VAE_PRIOR_MIXTURE; l.spec.prior <= VAE_PRIOR_VAMP; l.spec.prior++) {
      check_balance(&l);
      check_steady(&l);
      check_each_failure(&l, 0);
    }
    const uint8_t label = 2;
    const vae_condition condition = test_condition(VAE_CONDITION_LABELS_UINT8, &label, 1);
    l.condition = &condition;
    l.spec.condition_dim = 3;
    l.spec.prior_components = 0;
    l.spec.prior = VAE_PRIOR_CONDITIONAL;
    test_spec_add_prior_net(&l.spec, 6, VAE_ACTIVATION_TANH);
    check_balance(&l);
    check_steady(&l);
    check_each_failure(&l, 0);
    test_remove_folder(folder);
  }
  free(l.x);
  return harness_finish("allocator");
}
