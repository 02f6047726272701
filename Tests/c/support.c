#define _POSIX_C_SOURCE 200809L

#include "support.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Asked by the sanitizers' runtime where there is one: a refused allocation is NULL, as without them, and what libomp
 * keeps for its threads until the process ends is no leak of ours. */
const char *__asan_default_options(void);
const char *__asan_default_options(void) { return "allocator_may_return_null=1"; }
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void) { return "leak:libomp"; }
const char *__lsan_default_options(void);
const char *__lsan_default_options(void) { return "print_suppressions=0"; }

void *test_allocate(size_t size) {
  void *memory = calloc(size > 0 ? size : 1, 1);
  if (memory == NULL) {
    fprintf(stderr, "test: no memory for %zu bytes\n", size);
    exit(3);
  }
  return memory;
}

/* Models */

test_spec test_spec_linear(uint32_t input_dim, uint32_t latent_dim) {
  test_spec spec;
  memset(&spec, 0, sizeof spec);
  spec.input_dim = input_dim;
  spec.latent_dim = latent_dim;
  spec.sigma = 1.0;
  vae_objective_init(&spec.objective);
  return spec;
}

test_spec test_spec_hidden(uint32_t input_dim, uint32_t units, vae_activation activation, uint32_t latent_dim) {
  test_spec spec = test_spec_linear(input_dim, latent_dim);
  test_spec_add_encoder(&spec, units, activation);
  test_spec_add_decoder(&spec, units, activation);
  return spec;
}

void test_spec_set_likelihood(test_spec *spec, vae_likelihood likelihood) {
  static const uint32_t sizes[] = {2, 3, 17, 5, 32};
  spec->likelihood = likelihood;
  spec->group_count = 0;
  if (likelihood != VAE_LIKELIHOOD_CATEGORICAL) return;
  for (uint32_t left = spec->input_dim, size; left > 0; left -= size) {
    size = sizes[spec->group_count % 5];
    if (size + 2 > left || spec->group_count + 1 == TEST_MAX_GROUPS) size = left; /* nobody is left alone */
    spec->groups[spec->group_count++] = size;
  }
}

static void add_layer(vae_layer *layers, uint32_t *count, uint32_t units, vae_activation activation) {
  if (*count >= TEST_MAX_HIDDEN) {
    fprintf(stderr, "test: more than %d hidden layers\n", TEST_MAX_HIDDEN);
    exit(3);
  }
  vae_layer_init(&layers[*count]);
  layers[*count].units = units;
  layers[*count].activation = activation;
  (*count)++;
}

void test_spec_add_encoder(test_spec *spec, uint32_t units, vae_activation activation) {
  add_layer(spec->encoder, &spec->encoder_count, units, activation);
}

void test_spec_add_decoder(test_spec *spec, uint32_t units, vae_activation activation) {
  add_layer(spec->decoder, &spec->decoder_count, units, activation);
}

void test_spec_add_prior_net(test_spec *spec, uint32_t units, vae_activation activation) {
  add_layer(spec->prior_net, &spec->prior_net_count, units, activation);
}

vae_status test_create(const test_spec *spec, uint64_t seed, const vae_allocator *allocator, vae_model **model,
                       vae_error *err) {
  vae_config config;
  vae_model_options options;
  vae_config_init(&config);
  config.input_dim = spec->input_dim;
  config.condition_dim = spec->condition_dim;
  config.latent_dim = spec->latent_dim;
  config.encoder = spec->encoder_count > 0 ? spec->encoder : NULL;
  config.encoder_count = spec->encoder_count;
  config.decoder = spec->decoder_count > 0 ? spec->decoder : NULL;
  config.decoder_count = spec->decoder_count;
  config.prior = spec->prior;
  config.prior_net = spec->prior_net_count > 0 ? spec->prior_net : NULL;
  config.prior_net_count = spec->prior_net_count;
  config.prior_components = spec->prior_components;
  config.likelihood = spec->likelihood;
  config.output_activation = spec->output_activation;
  config.sigma_kind = spec->sigma_kind;
  config.sigma = spec->sigma;
  config.groups = spec->group_count > 0 ? spec->groups : NULL;
  config.group_count = spec->group_count;
  vae_model_options_init(&options);
  options.seed = seed;
  options.allocator = allocator;
  return vae_model_create(&config, &options, model, err);
}

vae_status test_fill_parameters(vae_model *model, test_random *random, double scale, vae_error *err) {
  size_t count = vae_model_parameter_count(model);
  for (size_t i = 0; i < count; i++) {
    vae_parameter_info info;
    vae_parameter_info_init(&info);
    vae_status status = vae_model_get_parameter_info(model, i, &info, err);
    if (status != VAE_OK) return status;
    double deviation = info.rank == 2 ? scale / sqrt((double)info.shape[1]) : 0.1;
    float *values = test_allocate(info.count * sizeof *values);
    for (size_t k = 0; k < info.count; k++) values[k] = (float)(deviation * test_normal(random));
    status = vae_model_set_parameter(model, info.name, values, info.count, err);
    free(values);
    if (status != VAE_OK) return status;
  }
  return VAE_OK;
}

vae_workspace *test_workspace(const vae_model *model, vae_isa isa, int32_t threads, size_t max_rows) {
  vae_error err;
  vae_workspace *workspace = NULL;
  vae_workspace_options options;
  vae_error_init(&err);
  vae_workspace_options_init(&options);
  options.isa = isa;
  options.threads = threads;
  options.max_rows = (uint32_t)max_rows;
  if (vae_workspace_create(model, &options, &workspace, &err) == VAE_OK) return workspace;
  fprintf(stderr, "test: no workspace: %s\n", err.message);
  exit(3);
}

vae_terms test_terms(const test_spec *spec, size_t rows) {
  vae_terms terms;
  size_t draws = spec->objective.samples * rows;
  vae_terms_init(&terms);
  terms.loss = test_allocate(rows * sizeof(float));
  terms.kl = test_allocate(rows * sizeof(float));
  terms.reconstruction = test_allocate(rows * sizeof(float));
  terms.sample_nll = test_allocate(draws * sizeof(float));
  terms.mean = test_allocate(rows * spec->latent_dim * sizeof(float));
  terms.logvar = test_allocate(rows * spec->latent_dim * sizeof(float));
  terms.z = test_allocate(draws * spec->latent_dim * sizeof(float));
  terms.output = test_allocate(draws * spec->input_dim * sizeof(float));
  return terms;
}

void test_terms_free(vae_terms *terms) {
  free(terms->loss);
  free(terms->kl);
  free(terms->reconstruction);
  free(terms->sample_nll);
  free(terms->mean);
  free(terms->logvar);
  free(terms->z);
  free(terms->output);
}

static void *count_allocate(void *user, size_t size, size_t alignment) {
  test_counter *counter = user;
  void *memory = aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
  counter->calls++;
  if (memory != NULL) counter->bytes += (long)size;
  if (counter->bytes > counter->most) counter->most = counter->bytes;
  return memory;
}

static void count_release(void *user, void *memory, size_t size, size_t alignment) {
  test_counter *counter = user;
  (void)alignment;
  counter->bytes -= (long)size;
  free(memory);
}

vae_allocator test_counting_allocator(test_counter *counter) {
  vae_allocator allocator;
  vae_allocator_init(&allocator);
  allocator.user = counter;
  allocator.allocate = count_allocate;
  allocator.release = count_release;
  return allocator;
}

float *test_parameters(const vae_model *model, size_t *count) {
  size_t tensors = vae_model_parameter_count(model), at = 0;
  *count = (size_t)vae_model_value_count(model);
  float *values = test_allocate(*count * sizeof *values);
  for (size_t i = 0; i < tensors; i++) {
    vae_parameter_info info;
    vae_parameter_info_init(&info);
    if (vae_model_get_parameter_info(model, i, &info, NULL) != VAE_OK || info.count > *count - at ||
        vae_model_get_parameter(model, info.name, values + at, info.count, NULL) != VAE_OK) {
      free(values);
      *count = 0;
      return NULL;
    }
    at += info.count;
  }
  return values;
}

unsigned char *test_model_bytes(const vae_model *model, size_t *size) {
  *size = 0;
  if (vae_model_save_bytes(model, NULL, 0, size, NULL) != VAE_OK) return NULL;
  unsigned char *bytes = test_allocate(*size);
  if (vae_model_save_bytes(model, bytes, *size, size, NULL) != VAE_OK) {
    free(bytes);
    return NULL;
  }
  return bytes;
}

size_t test_isas(vae_isa isas[TEST_ISAS]) {
  static const vae_isa all[TEST_ISAS] = {VAE_ISA_PORTABLE, VAE_ISA_AVX2, VAE_ISA_AVX512, VAE_ISA_NEON};
  size_t count = 0;
  for (size_t i = 0; i < TEST_ISAS; i++) {
    if (vae_isa_available(all[i])) isas[count++] = all[i];
  }
  return count;
}

int test_has_bfloat16(vae_isa isa) {
  test_spec spec = test_spec_linear(2, 1);
  vae_model *model = NULL;
  vae_trainer *trainer = NULL;
  vae_training training;
  vae_training_init(&training);
  training.isa = isa;
  training.precision = VAE_PRECISION_BFLOAT16;
  int has = test_create(&spec, 0, NULL, &model, NULL) == VAE_OK &&
            vae_trainer_create(model, &training, NULL, &trainer, NULL) == VAE_OK;
  vae_trainer_free(trainer);
  vae_model_free(model);
  return has;
}

/* Data */

/* Steele, Lea & Flood 2014, "Fast splittable pseudorandom number generators". */
uint64_t test_bits(test_random *random) {
  uint64_t z = (random->state += UINT64_C(0x9e3779b97f4a7c15));
  z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
  return z ^ (z >> 31);
}

double test_uniform(test_random *random) { return (double)(test_bits(random) >> 11) * 0x1p-53; }

double test_normal(test_random *random) {
  double radius = sqrt(-2.0 * log(1.0 - test_uniform(random)));
  return radius * cos(6.283185307179586 * test_uniform(random));
}

float *test_normals(test_random *random, size_t n) {
  float *values = test_allocate(n * sizeof *values);
  for (size_t i = 0; i < n; i++) values[i] = (float)test_normal(random);
  return values;
}

float *test_rows(test_random *random, vae_likelihood likelihood, size_t n) {
  int counts = likelihood == VAE_LIKELIHOOD_POISSON || likelihood == VAE_LIKELIHOOD_NEGATIVE_BINOMIAL;
  int unit = likelihood == VAE_LIKELIHOOD_BERNOULLI || likelihood == VAE_LIKELIHOOD_CONTINUOUS_BERNOULLI;
  if (!counts && !unit) return test_normals(random, n);
  float *values = test_allocate(n * sizeof *values);
  for (size_t i = 0; i < n; i++) {
    double chance = test_uniform(random);
    if (counts) values[i] = (float)(test_bits(random) % (chance < 0.02 ? 40 : 6));
    else values[i] = chance < 0.35 ? 0.0f : chance < 0.65 ? 1.0f : (float)test_uniform(random);
  }
  return values;
}

float *test_spec_rows(test_random *random, const test_spec *spec, size_t rows) {
  if (spec->group_count == 0) return test_rows(random, spec->likelihood, rows * spec->input_dim);
  float *values = test_allocate(rows * spec->input_dim * sizeof *values); /* zeros */
  float *group = values;
  for (size_t i = 0; i < rows; i++)
    for (uint32_t g = 0; g < spec->group_count; group += spec->groups[g++])
      group[test_bits(random) % spec->groups[g]] = 1.0f;
  return values;
}

static vae_data data_of(vae_data_type type, const void *values, size_t rows, size_t columns) {
  vae_data data;
  vae_data_init(&data);
  data.type = type;
  data.values = values;
  data.rows = rows;
  data.columns = columns;
  return data;
}

vae_data test_floats(const float *values, size_t rows, size_t columns) {
  return data_of(VAE_DATA_FLOAT32, values, rows, columns);
}

vae_data test_bytes(const uint8_t *values, size_t rows, size_t columns) {
  return data_of(VAE_DATA_UINT8, values, rows, columns);
}

vae_condition test_condition(vae_condition_type type, const void *values, size_t rows) {
  vae_condition condition;
  vae_condition_init(&condition);
  condition.type = type;
  condition.values = values;
  condition.rows = rows;
  return condition;
}

double test_distance(const float *values, const double *expected, size_t count) {
  double difference = 0.0, norm = 0.0, largest = 0.0;
  for (size_t i = 0; i < count; i++) {
    double d = (double)values[i] - expected[i];
    if (isnan(d)) return INFINITY;
    difference += d * d;
    norm += expected[i] * expected[i];
    if (fabs(d) > largest) largest = fabs(d);
  }
  return norm > 0.0 ? sqrt(difference / norm) : largest;
}

/* Files and the process */

unsigned char *test_read_file(const char *path, size_t *size) {
  *size = 0;
  FILE *file = fopen(path, "rb");
  if (file == NULL) return NULL;
  long end = fseek(file, 0, SEEK_END) == 0 ? ftell(file) : -1;
  if (end < 0 || fseek(file, 0, SEEK_SET) != 0) {
    fclose(file);
    return NULL;
  }
  unsigned char *bytes = test_allocate((size_t)end + 1);
  *size = fread(bytes, 1, (size_t)end, file);
  fclose(file);
  if (*size == (size_t)end) return bytes;
  free(bytes);
  return NULL;
}

void test_join(char path[TEST_PATH], const char *folder, const char *name) {
  int length = snprintf(path, TEST_PATH, "%s/%s", folder, name);
  if (length < 0 || length >= TEST_PATH) {
    fprintf(stderr, "test: path too long: %s/%s\n", folder, name);
    exit(3);
  }
}

void test_fixture(char path[TEST_PATH], const char *name) {
  const char *folder = getenv("VAE_FIXTURES");
#ifdef VAE_FIXTURES_DIR
  if (folder == NULL) folder = VAE_FIXTURES_DIR;
#endif
  test_join(path, folder != NULL ? folder : "Tests/Fixtures", name);
}

void test_folder(char path[TEST_PATH]) {
  const char *folder = getenv("TMPDIR");
  test_join(path, folder != NULL && folder[0] != '\0' ? folder : "/tmp", "vae-test-XXXXXX");
  if (mkdtemp(path) == NULL) path[0] = '\0';
}

void test_remove_folder(const char *folder) {
  DIR *directory = opendir(folder);
  if (directory == NULL) return;
  for (struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory)) {
    char path[TEST_PATH];
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
    test_join(path, folder, entry->d_name);
    unlink(path);
  }
  closedir(directory);
  rmdir(folder);
}

int test_thread_count(void) {
  int count = 0;
  DIR *directory = opendir("/proc/self/task");
  if (directory == NULL) return 0;
  for (struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory)) {
    if (entry->d_name[0] != '.') count++;
  }
  closedir(directory);
  return count;
}
