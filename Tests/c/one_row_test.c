/* A single row allocates nothing, from the C library or the caller's allocator, and wakes no thread, whatever the precision;
 * its bits are those of the same row among others. */
#define _GNU_SOURCE
#include "harness.h"
#include "support.h"

static long allocations;
static int threads_at_start; /* 1, but for an emulator's own */

#if defined(__GLIBC__) && !TEST_SANITIZED && !defined(VAE_TESTS_ARE_STATIC)
/* In front of the C library's own, for the whole process. */
extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
void *malloc(size_t size) { return allocations++, __libc_malloc(size); }
void *calloc(size_t count, size_t size) { return allocations++, __libc_calloc(count, size); }
void *realloc(void *memory, size_t size) { return allocations++, __libc_realloc(memory, size); }
void *aligned_alloc(size_t alignment, size_t size) { return allocations++, __libc_memalign(alignment, size); }
enum { COUNTS = 1 };
#else
enum { COUNTS = 0 };
#endif

enum { ROWS = 5, COLUMNS = 203, LATENTS = 11 };

typedef struct results {
  float mean[ROWS * LATENTS], logvar[ROWS * LATENTS], output[ROWS * COLUMNS], decoded[ROWS * COLUMNS];
  float sample[ROWS * COLUMNS], loss[ROWS];
} results;

/* Rows `first` to first + rows into their places. */
static void infer(const vae_model *model, vae_workspace *workspace, const float *x, size_t first, size_t rows,
                  results *r) {
  vae_error err;
  vae_loss loss;
  vae_terms terms;
  const vae_data data = test_floats(x + first * COLUMNS, rows, COLUMNS);
  vae_error_init(&err);
  vae_loss_init(&loss);
  vae_terms_init(&terms);
  terms.loss = r->loss + first;
  const size_t z = first * LATENTS, d = first * COLUMNS;
  CHECK_OK(vae_model_encode(model, workspace, &data, r->mean + z, r->logvar + z, &err), &err);
  CHECK_OK(vae_model_decode(model, workspace, r->mean + z, rows, r->decoded + d, &err), &err);
  CHECK_OK(vae_model_reconstruct(model, workspace, &data, r->output + d, &err), &err);
  CHECK_OK(vae_model_sample(model, workspace, 1, first, rows, r->sample + d, NULL, &err), &err);
  CHECK_OK(vae_model_evaluate(model, workspace, &data, NULL, 0, &loss, &terms, &err), &err);
}

static void check_precision(const vae_model *model, const vae_allocator *allocator, const test_counter *counter,
                            vae_isa isa, vae_precision precision, const float *x) {
  static results one, all;
  vae_error err;
  vae_model *copy = NULL;
  vae_workspace *workspace = NULL;
  vae_workspace_options options;
  vae_error_init(&err);
  vae_workspace_options_init(&options);
  options.isa = isa;
  options.threads = 4;
  options.allocator = allocator;
  harness_note("%s, %s", vae_isa_name(isa), vae_precision_name(precision));
  CHECK_OK(vae_model_quantize(model, precision, &copy, &err), &err);
  CHECK_OK(vae_workspace_create(copy, &options, &workspace, &err), &err);
  infer(copy, workspace, x, 0, ROWS, &all);
  const int threads = test_thread_count();
  const long before = allocations, before_calls = counter->calls;
  for (size_t i = 0; i < ROWS; i++) infer(copy, workspace, x, i, 1, &one);
  CHECK_EQUAL(allocations, before);
  CHECK_EQUAL(counter->calls, before_calls);
  CHECK_EQUAL(threads, test_thread_count());
  CHECK_EQUAL(threads, threads_at_start); /* this model is too small for a team */
  CHECK_BYTES(one.mean, all.mean, sizeof one.mean);
  CHECK_BYTES(one.logvar, all.logvar, sizeof one.logvar);
  CHECK_BYTES(one.output, all.output, sizeof one.output);
  CHECK_BYTES(one.decoded, all.output, sizeof one.decoded);
  CHECK_BYTES(one.sample, all.sample, sizeof one.sample);
  /* The loss of a row is keyed by its number, which is 0 in each of the single calls. */
  CHECK_BYTES(one.loss, all.loss, sizeof *one.loss);
  vae_workspace_free(workspace);
  vae_model_free(copy);
}

int main(void) {
  vae_error err;
  vae_isa isas[TEST_ISAS];
  vae_model *model = NULL;
  test_counter counter = {0};
  const vae_allocator allocator = test_counting_allocator(&counter);
  test_random random = {5};
  const size_t isa_count = test_isas(isas);
  test_spec spec = test_spec_hidden(COLUMNS, 217, VAE_ACTIVATION_RELU, LATENTS);
  float *x = test_rows(&random, spec.likelihood, ROWS * COLUMNS);
  threads_at_start = test_thread_count();
  vae_error_init(&err);
  CHECK_OK(test_create(&spec, 3, &allocator, &model, &err), &err);
  if (COUNTS) CHECK(allocations > 0);
  CHECK(counter.calls > 0);
  for (size_t i = 0; i < isa_count; i++)
    for (vae_precision p = VAE_PRECISION_FLOAT32; p <= VAE_PRECISION_INT8; p++)
      check_precision(model, &allocator, &counter, isas[i], p, x);
  vae_model_free(model);
  free(x);
  return harness_finish("one_row");
}
