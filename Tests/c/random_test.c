/* Random numbers: Philox's published answers, the distributions drawn from it, and the same streams on every
 * instruction set, whatever the cutting into rows. */
#include <stdlib.h>

#include "core/random.h"
#include "harness.h"
#include "kernels/kernels.h"
#include "support.h"

/* kat_vectors of the Random123 library (Salmon, Moraes, Dror & Shaw, SC 2011): philox4x32, 10 rounds. */
static void check_known_answers(void) {
  static const struct {
    uint32_t counter[4], key[2], word[4];
  } known[] = {
      {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
      {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
       {0xffffffff, 0xffffffff},
       {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
      {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
       {0xa4093822, 0x299f31d0},
       {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
  };
  for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
    uint32_t word[4] = {0, 0, 0, 0};
    vaei_philox(known[i].counter, known[i].key, word);
    for (int k = 0; k < 4; k++) CHECK_EQUAL(word[k], known[i].word[k]);
  }
}

/* n draws that should be N(0, 1): the first four moments within five standard errors. */
static void check_moments(const float *values, size_t n) {
  double sum[5] = {0, 0, 0, 0, 0}, largest = 0.0;
  for (size_t i = 0; i < n; i++) {
    double power = 1.0;
    for (int k = 1; k <= 4; k++) {
      power *= values[i];
      sum[k] += power;
    }
    largest = fmax(largest, fabs((double)values[i]));
  }
  double error = 5.0 / sqrt((double)n);
  CHECK_NEAR(sum[1] / (double)n, 0.0, error);
  CHECK_NEAR(sum[2] / (double)n, 1.0, error * sqrt(2.0));
  CHECK_NEAR(sum[3] / (double)n, 0.0, error * sqrt(15.0));
  CHECK_NEAR(sum[4] / (double)n, 3.0, error * sqrt(96.0));
  CHECK(largest < 6.0);
  CHECK_THAT(n < 100000 || largest > 3.9, "the largest of %zu normals is %g", n, largest);
}

/* No correlation between values `lag` apart. */
static void check_lag(const float *values, size_t n, size_t lag) {
  double sum = 0.0;
  for (size_t i = 0; i + lag < n; i++) sum += (double)values[i] * (double)values[i + lag];
  CHECK_NEAR(sum / (double)(n - lag), 0.0, 5.0 / sqrt((double)(n - lag)));
}

static void check_uniform(void) {
  double sum = 0.0, squares = 0.0;
  size_t n = 100000, tenths[10] = {0};
  for (size_t i = 0; i < n; i++) {
    float u = vaei_uniform(UINT64_C(0x123456789abcdef0), 1, 3, i);
    CHECK(u >= 0.0f && u < 1.0f);
    sum += (double)u;
    squares += (double)u * (double)u;
    tenths[(size_t)(u * 10.0f)]++;
  }
  CHECK_NEAR(sum / (double)n, 0.5, 5.0 * sqrt(1.0 / 12.0 / (double)n));
  CHECK_NEAR(squares / (double)n, 1.0 / 3.0, 5.0 * sqrt(4.0 / 45.0 / (double)n));
  for (int k = 0; k < 10; k++) CHECK_NEAR((double)tenths[k], 10000.0, 5.0 * sqrt(9000.0));
  float u = vaei_uniform(1, 1, 1, 1);
  CHECK(u == vaei_uniform(1, 1, 1, 1));
  CHECK(u != vaei_uniform(2, 1, 1, 1) && u != vaei_uniform(1, 2, 1, 1) && u != vaei_uniform(1, 1, 2, 1));
  CHECK(u != vaei_uniform(1, 1, 1, 2) && u != vaei_uniform(1, 1, 1, 5));
  CHECK(u != vaei_uniform(UINT64_C(1) << 32 | 1, 1, 1, 1));
  CHECK(u != vaei_uniform(1, 1, 1, 1 + (UINT64_C(4) << 32)));
}

static int is_permutation(const uint32_t *order, size_t count) {
  unsigned char *seen = test_allocate(count);
  int good = 1;
  for (size_t i = 0; i < count; i++) {
    if (order[i] >= count || seen[order[i]]++) good = 0;
  }
  free(seen);
  return good;
}

static void check_shuffle(void) {
  static const size_t counts[] = {1, 2, 3, 5, 16, 17, 1000, 4097};
  uint32_t *a = test_allocate(4097 * sizeof *a), *b = test_allocate(4097 * sizeof *b);
  for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
    size_t count = counts[i];
    vaei_shuffle(42, 7, a, count);
    CHECK_THAT(is_permutation(a, count), "%zu rows: not a permutation", count);
    vaei_shuffle(42, 7, b, count);
    CHECK_BYTES(a, b, count * sizeof *a);
    if (count < 16) continue;
    static const uint64_t seeds[][2] = {
        {43, 7}, {42, 8}, {42, 0}, {42 | UINT64_C(1) << 32, 7}, {42, 7 | UINT64_C(1) << 32}};
    for (size_t k = 0; k < sizeof seeds / sizeof *seeds; k++) {
      vaei_shuffle(seeds[k][0], seeds[k][1], b, count);
      CHECK(memcmp(a, b, count * sizeof *a) != 0);
      CHECK(is_permutation(b, count));
    }
  }
  /* All 24 orders of four rows are equally likely. */
  size_t seen[256] = {0}, epochs = 48000, kinds = 0;
  for (uint64_t epoch = 0; epoch < epochs; epoch++) {
    vaei_shuffle(1, epoch, a, 4);
    seen[(a[0] << 6 | a[1] << 4 | a[2] << 2 | a[3]) & 255]++;
  }
  for (int k = 0; k < 256; k++) {
    if (seen[k] == 0) continue;
    kinds++;
    CHECK_NEAR((double)seen[k], (double)epochs / 24.0, 5.0 * sqrt((double)epochs / 24.0));
  }
  CHECK_EQUAL(kinds, 24);
  free(a);
  free(b);
}

/* The kernels' normals: the same bits everywhere, right moments, no value outside its place. */
static void check_normals(void) {
  vae_isa isas[TEST_ISAS];
  size_t isa_count = test_isas(isas);
  enum { ROWS = 37, COUNT = 13, WIDTH = 16, LARGE = 400000 };
  const vaei_stream stream = {UINT64_C(0xfedcba9876543210), VAEI_STREAM_TRAINING, UINT64_C(0x1234567890)};
  float *large = test_allocate((LARGE + 16) * sizeof *large), *first = test_allocate(LARGE * sizeof *first);
  for (size_t k = 0; k < isa_count; k++) {
    vae_error err;
    float a[ROWS * WIDTH], b[ROWS * WIDTH];
    vae_error_init(&err);
    const vaei_kernels *kernels = NULL;
    harness_note("%s", vae_isa_name(isas[k]));
    if (!CHECK_OK(vaei_kernels_find(isas[k], &kernels, &err), &err)) continue;
    for (size_t i = 0; i < ROWS * WIDTH; i++) a[i] = b[i] = 1e30f;
    const vaei_draws draws = {.example = 100, .sample = 2, .samples = 1};
    kernels->normals(&stream, &draws, 0, ROWS, COUNT, a, WIDTH);
    for (size_t i = 0; i < ROWS; i++) {
      for (size_t j = COUNT; j < WIDTH; j++) CHECK(a[i * WIDTH + j] == 1e30f);
    }
    /* Row by row, and in two parts: the same. */
    for (size_t i = 0; i < ROWS; i++) {
      const vaei_draws row = {.example = 100 + i, .sample = 2, .samples = 1};
      kernels->normals(&stream, &row, 0, 1, COUNT, b + i * WIDTH, WIDTH);
    }
    CHECK_BYTES(a, b, sizeof a);
    kernels->normals(&stream, &draws, 0, 20, COUNT, b, WIDTH);
    kernels->normals(&stream, &draws, 20, ROWS, COUNT, b, WIDTH);
    CHECK_BYTES(a, b, sizeof a);
    /* Several samples an example, from the middle of one on: those of each by itself. */
    const vaei_draws three = {.example = 100, .sample = 1, .samples = 3};
    for (size_t i = 0; i < ROWS * WIDTH; i++) a[i] = b[i] = 1e30f;
    kernels->normals(&stream, &three, 2, ROWS, COUNT, a, WIDTH);
    for (size_t i = 2; i < ROWS; i++) {
      const vaei_draws row = {.example = 100 + i / 3, .sample = 1 + i % 3, .samples = 1};
      kernels->normals(&stream, &row, 0, 1, COUNT, b + i * WIDTH, WIDTH);
    }
    CHECK_BYTES(a, b, sizeof a);
    kernels->normals(&stream, &draws, 0, ROWS, COUNT, a, WIDTH);
    /* Everything in the key matters. */
    for (int change = 0; change < 7; change++) {
      vaei_stream other = stream;
      vaei_draws moved = draws;
      if (change == 0) other.seed++;
      if (change == 1) other.seed ^= UINT64_C(1) << 63;
      if (change == 2) other.stream = VAEI_STREAM_EVALUATION;
      if (change == 3) other.step++;
      if (change == 4) other.step ^= UINT64_C(1) << 33;
      if (change == 5) moved.example = 99;
      if (change == 6) moved.sample = 3;
      kernels->normals(&other, &moved, 0, ROWS, COUNT, b, WIDTH);
      size_t equal = 0;
      for (size_t i = 0; i < ROWS; i++) {
        for (size_t j = 0; j < COUNT; j++) equal += a[i * WIDTH + j] == b[i * WIDTH + j];
      }
      CHECK_THAT(equal <= 1, "change %d of the key leaves %zu normals as they were", change, equal);
    }
    const vaei_draws many = {.samples = 1};
    kernels->normals(&stream, &many, 0, LARGE / 20, 20, large, 20);
    if (k == 0) {
      memcpy(first, large, LARGE * sizeof *first);
      check_moments(large, LARGE);
      for (size_t lag = 1; lag <= 21; lag++) check_lag(large, LARGE, lag);
    }
    CHECK_BYTES(large, first, LARGE * sizeof *first);
  }
  harness_note("%s", "");
  free(large);
  free(first);
}

/* A model whose q is N(0, 1) for every x: z is the noise itself. */
static vae_model *noise_model(uint32_t latents) {
  vae_error err;
  vae_model *model = NULL;
  test_spec spec = test_spec_linear(3, latents);
  vae_error_init(&err);
  CHECK_OK(test_create(&spec, 0, NULL, &model, &err), &err);
  for (size_t i = 0; i < vae_model_parameter_count(model); i++) {
    vae_parameter_info info;
    vae_parameter_info_init(&info);
    CHECK_OK(vae_model_get_parameter_info(model, i, &info, &err), &err);
    float *zeros = test_allocate(info.count * sizeof *zeros);
    CHECK_OK(vae_model_set_parameter(model, info.name, zeros, info.count, &err), &err);
    free(zeros);
  }
  return model;
}

enum { NOISE_ROWS = 501, NOISE_LATENTS = 11, NOISE_SAMPLES = 3 };
enum { NOISE_COUNT = NOISE_ROWS * NOISE_LATENTS * NOISE_SAMPLES };

static void evaluate_noise(const vae_model *model, vae_isa isa, int32_t threads, uint32_t max_rows, uint64_t seed,
                           float *z) {
  vae_error err;
  vae_objective objective;
  vae_loss loss;
  vae_terms terms;
  float *x = test_allocate(NOISE_ROWS * 3 * sizeof *x);
  vae_data data = test_floats(x, NOISE_ROWS, 3);
  vae_error_init(&err);
  vae_objective_init(&objective);
  vae_loss_init(&loss);
  vae_terms_init(&terms);
  objective.samples = NOISE_SAMPLES;
  terms.z = z;
  vae_workspace *workspace = test_workspace(model, isa, threads, max_rows);
  CHECK_OK(vae_model_evaluate(model, workspace, &data, &objective, seed, &loss, &terms, &err), &err);
  vae_workspace_free(workspace);
  free(x);
}

static void check_noise_of_evaluate(void) {
  vae_isa isas[TEST_ISAS];
  size_t isa_count = test_isas(isas);
  vae_model *model = noise_model(NOISE_LATENTS);
  float *first = test_allocate(NOISE_COUNT * sizeof *first), *z = test_allocate(NOISE_COUNT * sizeof *z);
  static const uint32_t max_rows[] = {256, 1, 7, 600};
  evaluate_noise(model, VAE_ISA_PORTABLE, 1, 256, 9, first);
  check_moments(first, NOISE_COUNT);
  for (size_t lag = 1; lag <= 12; lag++) check_lag(first, NOISE_COUNT, lag);
  check_lag(first, NOISE_COUNT, (size_t)NOISE_ROWS * NOISE_LATENTS);
  for (size_t k = 0; k < isa_count; k++) {
    for (size_t i = 0; i < 4; i++) {
      harness_note("%s, %u rows at a time", vae_isa_name(isas[k]), (unsigned)max_rows[i]);
      evaluate_noise(model, isas[k], 1 + (int32_t)i, max_rows[i], 9, z);
      CHECK_BYTES(first, z, NOISE_COUNT * sizeof *z);
    }
  }
  harness_note("%s", "");
  evaluate_noise(model, VAE_ISA_PORTABLE, 1, 256, 10, z);
  size_t equal = 0;
  for (size_t i = 0; i < NOISE_COUNT; i++) equal += first[i] == z[i];
  CHECK(equal < 5);
  free(first);
  free(z);
  vae_model_free(model);
}

/* vae_model_sample: rows are a function of (seed, row), also far out. */
static void check_samples(void) {
  vae_isa isas[TEST_ISAS];
  size_t isa_count = test_isas(isas);
  enum { ROWS = 203, LATENTS = 7 };
  float *first = test_allocate(ROWS * LATENTS * sizeof *first), *z = test_allocate(ROWS * LATENTS * sizeof *z);
  vae_model *model = noise_model(LATENTS);
  for (size_t k = 0; k < isa_count; k++) {
    vae_error err;
    vae_error_init(&err);
    harness_note("%s", vae_isa_name(isas[k]));
    vae_workspace *workspace = test_workspace(model, isas[k], 0, k == 0 ? 256 : 10);
    CHECK_OK(vae_model_sample(model, workspace, 4, 0, ROWS, NULL, z, &err), &err);
    if (k == 0) memcpy(first, z, ROWS * LATENTS * sizeof *z);
    CHECK_BYTES(first, z, ROWS * LATENTS * sizeof *z);
    /* The same rows in three parts. */
    memset(z, 0, ROWS * LATENTS * sizeof *z);
    CHECK_OK(vae_model_sample(model, workspace, 4, 0, 1, NULL, z, &err), &err);
    CHECK_OK(vae_model_sample(model, workspace, 4, 1, 99, NULL, z + LATENTS, &err), &err);
    CHECK_OK(vae_model_sample(model, workspace, 4, 100, ROWS - 100, NULL, z + 100 * LATENTS, &err), &err);
    CHECK_BYTES(first, z, ROWS * LATENTS * sizeof *z);
    /* first_row has 64 bits, and all of them count. */
    for (int bit = 8; bit < 64; bit += 8) {
      vae_status status = vae_model_sample(model, workspace, 4, UINT64_C(1) << bit, ROWS, NULL, z, &err);
      size_t equal = 0;
      for (size_t i = 0; i < ROWS * LATENTS; i++) equal += z[i] == first[i];
      CHECK_THAT(status != VAE_OK || equal < 5, "rows from 2^%d on repeat those from 0 on", bit);
    }
    vae_workspace_free(workspace);
  }
  harness_note("%s", "");
  check_moments(first, ROWS * LATENTS);
  free(first);
  free(z);
  vae_model_free(model);
}

/* A trainer draws new noise in every step, and another one than evaluation does. */
static void check_training_noise(void) {
  vae_error err;
  vae_model *model = noise_model(NOISE_LATENTS);
  vae_trainer *trainer = NULL;
  vae_training training;
  vae_terms terms;
  enum { ROWS = 64, COUNT = ROWS * NOISE_LATENTS };
  float *x = test_allocate(ROWS * 3 * sizeof *x), *z[3];
  vae_data data = test_floats(x, ROWS, 3);
  vae_error_init(&err);
  vae_training_init(&training);
  training.learning_rate = 1e-30;
  training.seed = 9;
  CHECK_OK(vae_trainer_create(model, &training, NULL, &trainer, &err), &err);
  for (int step = 0; step < 3; step++) {
    z[step] = test_allocate(COUNT * sizeof(float));
    vae_terms_init(&terms);
    terms.z = z[step];
    CHECK_OK(vae_trainer_step(trainer, &data, NULL, NULL, &terms, &err), &err);
    check_moments(z[step], COUNT);
    for (int other = 0; other < step; other++) {
      size_t equal = 0;
      for (size_t i = 0; i < COUNT; i++) equal += z[step][i] == z[other][i];
      CHECK(equal < 5);
    }
  }
  float *evaluated = test_allocate(NOISE_COUNT * sizeof *evaluated);
  evaluate_noise(model, VAE_ISA_PORTABLE, 1, 256, 9, evaluated);
  size_t equal = 0;
  for (size_t i = 0; i < COUNT; i++) equal += z[0][i] == evaluated[i];
  CHECK(equal < 5);
  for (int step = 0; step < 3; step++) free(z[step]);
  free(evaluated);
  free(x);
  vae_trainer_free(trainer);
  vae_model_free(model);
}

int main(void) {
  check_known_answers();
  check_uniform();
  check_shuffle();
  check_normals();
  check_noise_of_evaluate();
  check_samples();
  check_training_noise();
  return harness_finish("random");
}
