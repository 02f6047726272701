/* What handles hold, counted by the caller's allocator, is what docs/MEMORY.md says to the byte and what the info structs
 * report; and an epoch over 60,000 rows of bytes raises the process's memory by no more than that. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"
#include "model/update.h"
#include "model/vae_workspace.h"
#include "support.h"
#include "train/vae_trainer.h"

/* --- the formulas of docs/MEMORY.md, from the configuration alone ------------------------------------------------------ */

enum { LINE = 64, MOST_DENSE = 3 * TEST_MAX_HIDDEN + 4 };

typedef struct dense {
  size_t inputs, units;
  size_t wanted;                            /* inputs whose gradient is wanted */
  int per_draw, keeps_y, slope, own, above; /* above: it reads the layer before it */
} dense;

static size_t over(size_t n, size_t d) { return (n + d - 1) / d; }
static size_t vectors(size_t n) { return over(n, 16); }
static size_t stride(size_t n) { return 16 * (vectors(n) | 1); }
static size_t part(size_t bytes) { return over(bytes, LINE) * LINE; }

/* Learned parameters that are the same for all z, each a layer of biases. */
static size_t constants(const test_spec *spec) {
  if (spec->likelihood == VAE_LIKELIHOOD_STUDENT_T) return 2;
  return spec->likelihood == VAE_LIKELIHOOD_NEGATIVE_BINOMIAL || spec->sigma_kind == VAE_SIGMA_GLOBAL;
}

/* Tables of a prior that is a mixture. */
static size_t own_tables(const test_spec *spec) {
  return spec->prior == VAE_PRIOR_MIXTURE ? 2 : spec->prior == VAE_PRIOR_VAMP;
}

/* A stack of hidden layers and the layer behind them. */
static void list_stack(const vae_layer *layers, uint32_t hidden, dense first, dense last, dense **out) {
  dense next = first;
  for (uint32_t i = 0; i < hidden; i++) {
    next.units = layers[i].units;
    next.keeps_y = 1;
    next.slope = layers[i].activation == VAE_ACTIVATION_SILU || layers[i].activation == VAE_ACTIVATION_GELU;
    *(*out)++ = next;
    next.inputs = next.wanted = layers[i].units;
    next.above = 1;
  }
  next.units = last.units;
  next.keeps_y = last.keeps_y;
  next.slope = 0;
  *(*out)++ = next;
}

static size_t list_layers(const test_spec *spec, dense out[MOST_DENSE]) {
  const size_t x = spec->input_dim, c = spec->condition_dim, z = spec->latent_dim;
  const dense head = {.units = 2 * z, .keeps_y = 1};
  const dense output = {.units = x * (spec->sigma_kind == VAE_SIGMA_PER_OUTPUT ? 2 : 1),
                        .keeps_y = spec->sigma_kind != VAE_SIGMA_FIXED};
  dense *next = out;
  const size_t wanted = spec->prior == VAE_PRIOR_VAMP ? x : 0;
  list_stack(spec->encoder, spec->encoder_count, (dense){.inputs = x + c, .wanted = wanted}, head, &next);
  list_stack(spec->decoder, spec->decoder_count, (dense){.inputs = z + c, .wanted = z, .per_draw = 1}, output, &next);
  for (size_t i = 0; i < constants(spec); i++)
    *next++ = (dense){.units = spec->sigma_kind == VAE_SIGMA_GLOBAL ? 1 : x, .per_draw = 1};
  if (spec->prior == VAE_PRIOR_CONDITIONAL)
    list_stack(spec->prior_net, spec->prior_net_count, (dense){.inputs = c}, head, &next);
  for (size_t i = 0; i < own_tables(spec); i++)
    *next++ = (dense){.units = spec->prior_components, .inputs = spec->prior == VAE_PRIOR_VAMP ? x : z, .own = 1};
  return (size_t)(next - out);
}

/* Floats of all parameters in panels. */
static size_t block_floats(const test_spec *spec) {
  dense layer[MOST_DENSE];
  size_t sum = 0;
  for (size_t l = 0, count = list_layers(spec, layer); l < count; l++)
    sum += 16 * vectors(layer[l].units) * (layer[l].inputs + 1);
  return sum;
}

static size_t shape_bytes(const test_spec *spec) {
  const size_t hidden = (size_t)spec->encoder_count + spec->decoder_count + spec->prior_net_count;
  const size_t learned = constants(spec), prior = spec->prior == VAE_PRIOR_CONDITIONAL;
  const size_t heads = 3 + (spec->sigma_kind == VAE_SIGMA_PER_OUTPUT) + 2 * prior;
  return sizeof(vae_model) + hidden * sizeof(vae_layer) +
         (hidden + 2 + learned + prior + own_tables(spec)) * sizeof(vaei_dense) +
         (2 * (hidden + heads) + learned + own_tables(spec) + (spec->prior == VAE_PRIOR_MIXTURE)) *
             sizeof(vaei_parameter);
}

static size_t model_bytes(const test_spec *spec) { return shape_bytes(spec) + 4 * block_floats(spec); }

/* Two halves of a layer's dx, with `rows` rows, where a team may share the layer's columns. */
static size_t halves_bytes(const dense *layer, size_t rows) {
  const size_t wider = layer->inputs > layer->units ? layer->inputs : layer->units;
  const int large = layer->units > 16 && layer->inputs * vectors(layer->units) >= 512;
  return layer->above && large && rows * wider <= 131072 ? 2 * part(4 * rows * stride(layer->inputs)) : 0;
}

static size_t larger(size_t a, size_t b) { return a > b ? a : b; }

/* What a mixture takes for d rows of the decoder; K components. */
static size_t mixture_bytes(const test_spec *spec, size_t d, int gradients) {
  dense layer[MOST_DENSE];
  const size_t K = spec->prior_components, lanes = 16 * vectors(K), Z = spec->latent_dim, z = stride(Z);
  size_t own = 0, encoder = 0, halves = 0;
  const size_t count = list_layers(spec, layer);
  for (size_t l = 0; l < count; l++) {
    if (layer[l].own) own += lanes * (layer[l].inputs + 1);
    if (layer[l].own || layer[l].per_draw) continue;
    halves = larger(halves, halves_bytes(&layer[l], K));
    encoder +=
        part(4 * K * stride(layer[l].units)) * (size_t)(layer[l].keeps_y + gradients + (gradients && layer[l].slope));
  }
  size_t sum = 4 * part(4 * lanes * Z) + 2 * part(4 * lanes) + part(8 * K) + part(8 * d);
  if (gradients) sum += part(4 * d * stride(K)) + part(4 * d * z) + part(4 * d) + part(4 * own);
  if (spec->prior != VAE_PRIOR_VAMP) return sum;
  sum += part(sizeof(vaei_pass)) + part(4 * K * stride(spec->input_dim)) + 2 * part(4 * K * z) + 6 * part(8 * K) +
         part(count * sizeof(vaei_activations)) + encoder;
  return gradients ? sum + 2 * part(4 * lanes * (Z + 1)) + halves : sum;
}

/* Scratch memory for n examples and, in a batch, `draws` rows of the decoder; P: panels of the instruction set's tile. */
static size_t pass_bytes(const test_spec *spec, size_t n, size_t draws, size_t P, int gradients) {
  const size_t d = gradients && draws > 4096 ? 4096 : draws;
  dense layer[MOST_DENSE];
  const size_t count = list_layers(spec, layer), z = stride(spec->latent_dim);
  const size_t condition = spec->condition_dim;
  const size_t tiles = spec->sigma_kind == VAE_SIGMA_FIXED ? over(vectors(spec->input_dim), P) : 1;
  size_t tasks = 0, transposed = 0, halves = 0;
  size_t sum = part(4 * n * stride(spec->input_dim + condition)) + part(4 * d * z) +
               part(4 * d * stride(spec->latent_dim + condition)) + 2 * part(4 * n * z) + part(8 * d * tiles) +
               2 * part(8 * d) + 6 * part(8 * n) + part(4 * d) + part(count * sizeof(vaei_activations));
  for (size_t l = 0; l < count; l++) {
    const size_t values = part(4 * (layer[l].per_draw ? d : n) * stride(layer[l].units));
    sum += layer[l].own ? 0 : values * (size_t)(layer[l].keeps_y + gradients + (gradients && layer[l].slope));
    tasks += (layer[l].inputs ? over(layer[l].inputs, 96) : 1) * over(vectors(layer[l].units), P);
    transposed += 16 * vectors(layer[l].wanted) * layer[l].units;
    halves = larger(halves, halves_bytes(&layer[l], layer[l].per_draw ? d : n));
  }
  if (condition) sum += part(4 * n * stride(condition));
  if (spec->prior == VAE_PRIOR_CONDITIONAL) sum += 5 * part(4 * n * z);
  if (spec->prior_components) sum += mixture_bytes(spec, d, gradients);
  if (d < draws) sum += part(4 * block_floats(spec));
  return gradients ? sum + part(4 * d * z) + part(4 * transposed) + part(tasks * sizeof(vaei_task)) + halves : sum;
}

/* What couples the examples of blocks of n rows. */
static size_t coupling_bytes(const test_spec *spec, size_t n, int gradients) {
  const vae_objective *o = &spec->objective;
  const size_t latents = spec->latent_dim, row = 16 * vectors(n), z = 16 * vectors(latents);
  const size_t directions = o->projections ? o->projections : 50, prior = part(4 * n * z) + part(4 * latents * row);
  if (o->free_bits == 0 && o->capacity_weight == 0 && !o->regularizer) return 0;
  size_t sum = 3 * part(4 * latents * row) + 2 * part(4 * n * z) + part(8 * n) + part(8 * latents);
  if (gradients) sum += part(4 * n * z) + part(8 * n * z);
  switch (o->regularizer) {
    case VAE_REGULARIZER_NONE: return sum;
    case VAE_REGULARIZER_TC:
      return sum + 2 * part(4 * latents * row) + part(4 * (latents + 1) * row) + part(16 * n * (z + 16));
    case VAE_REGULARIZER_DIP_I:
    case VAE_REGULARIZER_DIP_II: return sum + part(8 * latents * row) + part(8 * latents) + part(8 * latents * latents);
    case VAE_REGULARIZER_SLICED_WASSERSTEIN:
      return sum + prior + part(128 * z) + part(128 * n) + part(768 * n) + part(8 * directions);
    default: return sum + prior;
  }
}

static size_t trainer_bytes(const test_spec *spec, size_t batch, size_t P, int keep_gradients, size_t rows) {
  return sizeof(vae_trainer) + (keep_gradients ? 3 : 2) * 4 * block_floats(spec) + 4 * rows +
         pass_bytes(spec, batch, batch * spec->objective.samples, P, 1) + coupling_bytes(spec, batch, 1) +
         (spec->objective.estimator ? 8 * batch * stride(spec->latent_dim) : 0);
}

static size_t workspace_bytes(const test_spec *spec, size_t max_rows, size_t P) {
  return sizeof(vae_workspace) + shape_bytes(spec) + pass_bytes(spec, max_rows, max_rows, P, 0);
}

/* What a measurement takes besides, for any number of samples: `rows` of data, `batch` of them for the aggregate posterior. */
static size_t statistics_bytes(const test_spec *spec, size_t rows, size_t batch) {
  const size_t wide = batch * spec->latent_dim;
  return 32 * (size_t)spec->latent_dim + part(4 * rows) + 2 * part(8 * wide) + part(4 * wide) + 2 * part(8 * batch);
}

/* --- against what was counted ------------------------------------------------------------------------------------------ */

static void check_handles(const test_spec *spec, vae_isa isa, uint32_t batch, int keep_gradients) {
  enum { ROWS = 70 };
  vae_error err;
  test_counter live = {0};
  const vae_allocator allocator = test_counting_allocator(&live);
  vae_model *model = NULL;
  vae_trainer *trainer = NULL;
  vae_workspace *workspace = NULL;
  vae_training training;
  vae_workspace_options options;
  vae_trainer_info trainer_info;
  vae_workspace_info workspace_info;
  const vaei_kernels *kernels = NULL;
  uint8_t *bytes = test_allocate((size_t)ROWS * spec->input_dim);
  vae_data data = test_bytes(bytes, ROWS, spec->input_dim);
  const vae_condition condition = test_condition(VAE_CONDITION_LABELS_UINT8, bytes, 1);
  if (spec->condition_dim > 0) data.condition = &condition;
  vae_error_init(&err);
  CHECK_EQUAL(vaei_kernels_find(isa, &kernels, &err), VAE_OK);

  CHECK_EQUAL(test_create(spec, 1, &allocator, &model, &err), VAE_OK);
  CHECK_EQUAL(live.bytes, (long)model_bytes(spec));

  live.bytes = 0;
  vae_training_init(&training);
  training.batch_size = batch;
  training.objective = spec->objective;
  training.isa = isa;
  training.keep_gradients = keep_gradients;
  training.clip_norm = keep_gradients ? 1e3 : 0; /* in the same memory */
  CHECK_EQUAL(vae_trainer_create(model, &training, &allocator, &trainer, &err), VAE_OK);
  CHECK_EQUAL(live.bytes, (long)trainer_bytes(spec, batch, kernels->tile_panels, keep_gradients, 0));
  CHECK_EQUAL(vae_trainer_epoch(trainer, &data, NULL, NULL, NULL, &err), VAE_OK);
  CHECK_EQUAL(live.bytes, (long)trainer_bytes(spec, batch, kernels->tile_panels, keep_gradients, ROWS));
  vae_trainer_info_init(&trainer_info);
  CHECK_EQUAL(vae_trainer_get_info(trainer, &trainer_info, &err), VAE_OK);
  CHECK_EQUAL((long)trainer_info.bytes, live.bytes);
  const long before = live.bytes;
  for (int i = 0; i < 2; i++) { /* the copy of the best state is made once */
    int32_t stop = 0;
    CHECK_EQUAL(vae_trainer_judge(trainer, -i, &stop, &err), VAE_OK);
    CHECK_EQUAL(live.bytes, before + (long)(3 * 4 * block_floats(spec)));
  }
  CHECK_EQUAL(vae_trainer_get_info(trainer, &trainer_info, &err), VAE_OK);
  CHECK_EQUAL((long)trainer_info.bytes, live.bytes);
  vae_trainer_free(trainer);
  CHECK_EQUAL(live.bytes, 0);

  vae_workspace_options_init(&options);
  options.allocator = &allocator;
  options.isa = isa;
  options.max_rows = batch;
  CHECK_EQUAL(vae_workspace_create(model, &options, &workspace, &err), VAE_OK);
  CHECK_EQUAL(live.bytes, (long)workspace_bytes(spec, batch, kernels->tile_panels));
  vae_workspace_info_init(&workspace_info);
  CHECK_EQUAL(vae_workspace_get_info(workspace, &workspace_info, &err), VAE_OK);
  CHECK_EQUAL((long)workspace_info.bytes, live.bytes);
  vae_data half = data;
  half.rows = ROWS / 2;
  vae_statistics_options measured;
  vae_statistics statistics;
  vae_statistics_options_init(&measured);
  vae_statistics_init(&statistics);
  measured.aggregate_rows = 20; /* 35 rows in batches of 17 and 18 */
  for (measured.samples = 1; measured.samples <= 400; measured.samples += 399) {
    live.most = 0;
    CHECK_EQUAL(vae_model_statistics(model, workspace, &half, &measured, &statistics, NULL, &err), VAE_OK);
    CHECK_EQUAL(live.most - live.bytes, (long)statistics_bytes(spec, ROWS / 2, 18));
  }
  vae_loss loss;
  vae_loss_init(&loss);
  for (int i = 0; i < 2; i++) { /* memory for what couples rows is taken once */
    CHECK_EQUAL(vae_model_evaluate(model, workspace, &data, &spec->objective, 1, &loss, NULL, &err), VAE_OK);
    CHECK_EQUAL(live.bytes, (long)(workspace_bytes(spec, batch, kernels->tile_panels) + coupling_bytes(spec, 256, 0)));
  }
  CHECK_EQUAL(vae_workspace_get_info(workspace, &workspace_info, &err), VAE_OK);
  CHECK_EQUAL((long)workspace_info.bytes, live.bytes);
  vae_workspace_free(workspace);
  CHECK_EQUAL(live.bytes, 0);
  vae_model_free(model);
  free(bytes);
}

/* --- against what the system counts ------------------------------------------------------------------------------------ */

/* The most memory that this process has held, in bytes; 0 where the system does not say. */
static size_t most_resident(void) {
  FILE *file = fopen("/proc/self/status", "r");
  unsigned long long kilobytes = 0;
  char line[256];
  while (file != NULL && fgets(line, sizeof line, file) != NULL)
    if (sscanf(line, "VmHWM: %llu", &kilobytes) == 1) break;
  if (file != NULL) fclose(file);
  return (size_t)kilobytes * 1024;
}

/* One epoch of 784-400-20 over rows that the caller holds as bytes: nothing of them may be copied as a whole. */
static void check_epoch(void) {
  enum {
    ROWS = 60000,
    COLUMNS = 784,
    BATCH = 128,
    SLACK = 4 << 20 /* OpenMP's threads, and code that is run first now */
  };
  const test_spec spec = test_spec_hidden(COLUMNS, 400, VAE_ACTIVATION_RELU, 20);
  vae_error err;
  vae_model *model = NULL;
  vae_trainer *trainer = NULL;
  vae_training training;
  uint8_t *bytes = test_allocate((size_t)ROWS * COLUMNS);
  test_random random = {1};
  for (size_t i = 0; i < (size_t)ROWS * COLUMNS; i += 8) memcpy(bytes + i, &(uint64_t){test_bits(&random)}, 8);
  const vae_data data = test_bytes(bytes, ROWS, COLUMNS);
  vae_error_init(&err);
  const size_t before = most_resident();
  vae_training_init(&training);
  training.batch_size = BATCH;
  CHECK_EQUAL(test_create(&spec, 1, NULL, &model, &err), VAE_OK);
  CHECK_EQUAL(vae_trainer_create(model, &training, NULL, &trainer, &err), VAE_OK);
  CHECK_EQUAL(vae_trainer_epoch(trainer, &data, NULL, NULL, NULL, &err), VAE_OK);
  const size_t grown = most_resident() - before;
  const size_t said = model_bytes(&spec) + trainer_bytes(&spec, BATCH, 1, 0, ROWS);
  printf("an epoch over %d rows: %zu bytes more, the handles have %zu\n", ROWS, grown, said);
  CHECK(grown <= said + SLACK);
  vae_trainer_free(trainer);
  vae_model_free(model);
  free(bytes);
}

int main(void) {
  vae_isa isas[TEST_ISAS];
  const size_t count = test_isas(isas);
  const int emulated = getenv("VAE_TEST_EMULATOR") != NULL; /* it takes minutes there, and has memory of its own */
  if (!TEST_SANITIZED && !emulated && most_resident() > 0)
    check_epoch(); /* first, while there is no higher peak behind it */
  for (size_t i = 0; i < count; i++) {
    test_spec small = test_spec_hidden(30, 17, VAE_ACTIVATION_GELU, 3);
    check_handles(&small, isas[i], 8, 0);
    small.likelihood = VAE_LIKELIHOOD_LAPLACE;
    for (small.sigma_kind = VAE_SIGMA_GLOBAL; vae_sigma_kind_name(small.sigma_kind); small.sigma_kind++)
      check_handles(&small, isas[i], 8, 1);
    small.sigma_kind = VAE_SIGMA_FIXED;
    small.likelihood = VAE_LIKELIHOOD_NEGATIVE_BINOMIAL;
    check_handles(&small, isas[i], 8, 0);
    small.likelihood = VAE_LIKELIHOOD_STUDENT_T;
    check_handles(&small, isas[i], 8, 1);
    test_spec mixed = test_spec_hidden(30, 17, VAE_ACTIVATION_GELU, 3);
    mixed.prior_components = 37;
    for (mixed.prior = VAE_PRIOR_MIXTURE; mixed.prior <= VAE_PRIOR_VAMP; mixed.prior++)
      check_handles(&mixed, isas[i], 8, 1);
    test_spec digits = test_spec_hidden(784, 400, VAE_ACTIVATION_RELU, 20);
    check_handles(&digits, isas[i], 128, 0);
    test_spec coupled = test_spec_hidden(30, 17, VAE_ACTIVATION_TANH, 19);
    coupled.objective.free_bits = 0.1;
    for (int r = 0; vae_regularizer_name(r); r++) {
      coupled.objective.regularizer = r;
      coupled.objective.regularizer_weight = r > 0;
      coupled.objective.projections = r == VAE_REGULARIZER_SLICED_WASSERSTEIN ? 70 : 0;
      check_handles(&coupled, isas[i], 21, r % 2);
    }
    test_spec deep = test_spec_hidden(100, 64, VAE_ACTIVATION_TANH, 50);
    test_spec_add_encoder(&deep, 200, VAE_ACTIVATION_SILU);
    test_spec_add_decoder(&deep, 31, VAE_ACTIVATION_RELU);
    deep.objective.kind = VAE_OBJECTIVE_IWAE;
    deep.objective.samples = 5;
    check_handles(&deep, isas[i], 20, 1);
    deep.objective.estimator = VAE_ESTIMATOR_DOUBLY_REPARAMETERIZED;
    deep.objective.samples = 300; /* 6,000 rows of the decoder, 4,096 at a time */
    check_handles(&deep, isas[i], 20, 0);
    test_spec given = test_spec_hidden(30, 17, VAE_ACTIVATION_TANH, 15);
    given.condition_dim = 18;
    check_handles(&given, isas[i], 8, 0);
    given.prior = VAE_PRIOR_CONDITIONAL;
    test_spec_add_prior_net(&given, 33, VAE_ACTIVATION_SILU);
    given.objective.samples = 700; /* 5,600 rows of the decoder */
    check_handles(&given, isas[i], 8, 1);
  }
  return harness_finish("memory_test");
}
