/* What the C tests share: models described in a few words, random numbers of their own, files, instruction sets.
 * A test that runs out of memory ends at once with a message. Independent of csrc. */
#ifndef VAE_TESTS_SUPPORT_H
#define VAE_TESTS_SUPPORT_H

#include <stddef.h>
#include <stdint.h>

#include "vae/vae.h"

/* 1 under a sanitizer, whose own memory and allocator hide some of what is looked at. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define TEST_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer) || __has_feature(thread_sanitizer)
#define TEST_SANITIZED 1
#endif
#endif
#ifndef TEST_SANITIZED
#define TEST_SANITIZED 0
#endif

enum { TEST_MAX_HIDDEN = 4, TEST_MAX_GROUPS = 16, TEST_ISAS = 4, TEST_PATH = 1024 };

/* A model and its objective. */
typedef struct test_spec {
  uint32_t input_dim;
  uint32_t condition_dim;
  uint32_t latent_dim;
  uint32_t encoder_count;
  uint32_t decoder_count;
  vae_layer encoder[TEST_MAX_HIDDEN];
  vae_layer decoder[TEST_MAX_HIDDEN];
  vae_prior prior;
  uint32_t prior_net_count;
  uint32_t prior_components;
  vae_layer prior_net[TEST_MAX_HIDDEN];
  vae_likelihood likelihood;
  vae_activation output_activation;
  vae_sigma_kind sigma_kind;
  double sigma;
  uint32_t groups[TEST_MAX_GROUPS];
  uint32_t group_count;
  vae_objective objective;
} test_spec;

/* Bernoulli, no hidden layers, the ELBO. */
test_spec test_spec_linear(uint32_t input_dim, uint32_t latent_dim);

/* The same with one hidden layer on both sides. */
test_spec test_spec_hidden(uint32_t input_dim, uint32_t units, vae_activation activation, uint32_t latent_dim);

void test_spec_add_encoder(test_spec *spec, uint32_t units, vae_activation activation);
void test_spec_add_decoder(test_spec *spec, uint32_t units, vae_activation activation);
void test_spec_add_prior_net(test_spec *spec, uint32_t units, vae_activation activation);

/* Sets the likelihood and, of a categorical one, groups of many sizes over all columns, of which there must be 2. */
void test_spec_set_likelihood(test_spec *spec, vae_likelihood likelihood);

/* vae_model_create for the spec. allocator: may be NULL. */
vae_status test_create(const test_spec *spec, uint64_t seed, const vae_allocator *allocator, vae_model **model,
                       vae_error *err);

/* A workspace of that instruction set, threads and max_rows (0 each: the library's choice). Ends the test with a
 * message where it is refused. */
vae_workspace *test_workspace(const vae_model *model, vae_isa isa, int32_t threads, size_t max_rows);

/* Room for all terms of `rows` examples. The caller frees. */
vae_terms test_terms(const test_spec *spec, size_t rows);
void test_terms_free(vae_terms *terms);

/* Calls of the allocator so far, the bytes that were not given back, and the most that there were of them. */
typedef struct test_counter {
  long calls, bytes, most;
} test_counter;

/* aligned_alloc, counted. */
vae_allocator test_counting_allocator(test_counter *counter);

/* SplitMix64 and what is drawn from it. */
typedef struct test_random {
  uint64_t state;
} test_random;

uint64_t test_bits(test_random *random);
double test_uniform(test_random *random); /* [0, 1) */
double test_normal(test_random *random);

/* Weights N(0, scale^2 / fan_in), biases N(0, 0.01), rounded to float. */
vae_status test_fill_parameters(vae_model *model, test_random *random, double scale, vae_error *err);

/* n values that the likelihood, which has no groups, can take: 0 and 1 by turns of chance with some greys, counts of 0 to 5 and
 * a few up to 39, or N(0, 1). The caller frees. */
float *test_rows(test_random *random, vae_likelihood likelihood, size_t n);

/* Rows that a model of the spec can take, [rows, input_dim]. The caller frees. */
float *test_spec_rows(test_random *random, const test_spec *spec, size_t rows);

/* n values from N(0, 1). The caller frees. */
float *test_normals(test_random *random, size_t n);

vae_data test_floats(const float *values, size_t rows, size_t columns);
vae_data test_bytes(const uint8_t *values, size_t rows, size_t columns);
vae_condition test_condition(vae_condition_type type, const void *values, size_t rows);

/* The instruction sets that this build and machine have. Returns their number, at least 1. */
size_t test_isas(vae_isa isas[TEST_ISAS]);

/* Whether a trainer of that instruction set can train in bfloat16 here. */
int test_has_bfloat16(vae_isa isa);

/* A copy of every parameter, in the model's order, and its number. The caller frees. */
float *test_parameters(const vae_model *model, size_t *count);

/* vae_model_save_bytes into fresh memory; NULL where it fails. The caller frees. */
unsigned char *test_model_bytes(const vae_model *model, size_t *size);

/* A whole file, with a zero byte behind it; NULL where it cannot be read. The caller frees. */
unsigned char *test_read_file(const char *path, size_t *size);

/* The path of a file under Tests/Fixtures: the folder is the environment variable VAE_FIXTURES, else the compile
 * definition VAE_FIXTURES_DIR. */
void test_fixture(char path[TEST_PATH], const char *name);

/* Makes a folder of this process's own for temporary files. Empty text where that fails. */
void test_folder(char path[TEST_PATH]);

/* Joins a folder and a name. */
void test_join(char path[TEST_PATH], const char *folder, const char *name);

/* Removes a folder and the files in it. */
void test_remove_folder(const char *folder);

/* Threads of this process as the system counts them; 0 where it does not say. */
int test_thread_count(void);

/* size bytes, all zero; at least 1. */
void *test_allocate(size_t size);

/* The relative L2 distance of `values` from `expected`; where expected is all zero the largest absolute value. */
double test_distance(const float *values, const double *expected, size_t count);

#endif
