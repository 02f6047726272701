/* Training in bfloat16: gradients near float32's for every activation and odd sizes, the portable kernels' bits, losses
 * near float32's after many steps, refusals and the fallback, overflows, and files. */
#include <stdlib.h>

#include "harness.h"
#include "support.h"
#include "train/vae_trainer.h"

static vae_isa isa; /* one that has it; main looks for it */

static vae_training make_training(const test_spec *spec, vae_precision precision) {
  vae_training training;
  vae_training_init(&training);
  training.objective = spec->objective;
  training.isa = isa;
  training.precision = precision;
  training.threads = 2;
  training.seed = 5;
  return training;
}

static vae_model *make_model(const test_spec *spec) {
  vae_error err;
  vae_model *model = NULL;
  vae_error_init(&err);
  CHECK_OK(test_create(spec, 3, NULL, &model, &err), &err);
  return model;
}

/* One step each in float32 and bfloat16 from the same weights, and the distance of every gradient. */
static void check_gradients(const test_spec *spec, size_t rows, double allowed) {
  vae_error err;
  vae_error_init(&err);
  test_random random = {11};
  float *x = test_spec_rows(&random, spec, rows);
  float *noise = test_normals(&random, rows * spec->objective.samples * spec->latent_dim);
  vae_data data = test_floats(x, rows, spec->input_dim);
  vae_model *models[2] = {NULL, NULL};
  vae_trainer *trainers[2] = {NULL, NULL};
  for (int32_t p = 0; p < 2; p++) {
    vae_training training = make_training(spec, p);
    training.keep_gradients = 1;
    models[p] = make_model(spec);
    if (!CHECK_OK(vae_trainer_create(models[p], &training, NULL, &trainers[p], &err), &err)) return;
    CHECK_OK(vae_trainer_step(trainers[p], &data, noise, NULL, NULL, &err), &err);
  }
  for (size_t i = 0; i < vae_model_parameter_count(models[0]); i++) {
    vae_parameter_info info;
    vae_parameter_info_init(&info);
    CHECK_OK(vae_model_get_parameter_info(models[0], i, &info, &err), &err);
    float *got = test_allocate(info.count * sizeof *got), *want = test_allocate(info.count * sizeof *want);
    double *wide = test_allocate(info.count * sizeof *wide);
    CHECK_OK(vae_trainer_get_gradient(trainers[0], info.name, want, info.count, &err), &err);
    CHECK_OK(vae_trainer_get_gradient(trainers[1], info.name, got, info.count, &err), &err);
    for (size_t k = 0; k < info.count; k++) wide[k] = want[k];
    const double distance = test_distance(got, wide, info.count);
    CHECK_THAT(distance > 0 && distance <= allowed, "%s is off by %.3g, allowed %.3g", info.name, distance, allowed);
    free(got);
    free(want);
    free(wide);
  }
  for (int p = 0; p < 2; p++) {
    vae_trainer_free(trainers[p]);
    vae_model_free(models[p]);
  }
  free(x);
  free(noise);
}

static void check_activations(void) {
  for (vae_activation a = VAE_ACTIVATION_IDENTITY; a <= VAE_ACTIVATION_SOFTPLUS; a++) {
    harness_note("gradients, %s", vae_activation_name(a));
    test_spec spec = test_spec_linear(47, 5);
    test_spec_add_encoder(&spec, 33, a);
    test_spec_add_encoder(&spec, 19, a);
    test_spec_add_decoder(&spec, 21, a);
    test_spec_add_decoder(&spec, 35, a);
    check_gradients(&spec, 37, 6e-2);
    spec.objective.kind = VAE_OBJECTIVE_IWAE;
    spec.objective.samples = 3;
    check_gradients(&spec, 13, 6e-2);
    spec.objective.kind = VAE_OBJECTIVE_ELBO;
    spec.likelihood = VAE_LIKELIHOOD_GAUSSIAN;
    spec.output_activation = a;
    spec.sigma = 0.7;
    check_gradients(&spec, 1, 6e-2);
  }
  for (vae_likelihood likelihood = 0; vae_likelihood_name(likelihood); likelihood++)
    for (vae_sigma_kind kind = VAE_SIGMA_FIXED; vae_sigma_kind_name(kind); kind++) {
      if (kind != VAE_SIGMA_FIXED && likelihood != VAE_LIKELIHOOD_GAUSSIAN) continue;
      harness_note("gradients, %s, sigma %s", vae_likelihood_name(likelihood), vae_sigma_kind_name(kind));
      test_spec spec = test_spec_hidden(47, 33, VAE_ACTIVATION_TANH, 5);
      test_spec_set_likelihood(&spec, likelihood);
      spec.sigma_kind = kind;
      check_gradients(&spec, 37, 6e-2);
      spec.objective.kind = VAE_OBJECTIVE_IWAE;
      spec.objective.samples = 3;
      check_gradients(&spec, 13, 6e-2);
    }
  harness_note("gradients, no hidden layer");
  test_spec linear = test_spec_linear(17, 3);
  check_gradients(&linear, 9, 3e-2);
}

/* The parameters after some epochs; steps of the internal trainer, so that its kernels can be chosen. */
static float *train_with(const test_spec *spec, const vaei_bf16_kernels *bf16, size_t *count) {
  vae_error err;
  vae_error_init(&err);
  test_random random = {7};
  const size_t rows = 45;
  float *x = test_spec_rows(&random, spec, rows);
  vae_data data = test_floats(x, rows, spec->input_dim);
  vae_training training = make_training(spec, VAE_PRECISION_BFLOAT16);
  training.batch_size = 10;
  vae_model *model = make_model(spec);
  vae_trainer *trainer = NULL;
  vae_loss loss;
  vae_loss_init(&loss);
  const vae_allocator allocator = vaei_allocator_default();
  const vaei_kernels *kernels = NULL;
  CHECK_OK(vaei_kernels_find(isa, &kernels, &err), &err);
  CHECK_OK(vaei_trainer_new(model, &training, kernels, bf16, 2, &allocator, &trainer, &err), &err);
  for (int epoch = 0; epoch < 3; epoch++) CHECK_OK(vaei_trainer_epoch(trainer, &data, NULL, NULL, &loss, &err), &err);
  float *parameters = test_parameters(model, count);
  vae_trainer_free(trainer);
  vae_model_free(model);
  free(x);
  return parameters;
}

/* The portable kernels have other tiles, so equal bits also say that tiles do not matter. */
static void check_portable(void) {
  const vaei_kernels *kernels = NULL;
  const vaei_bf16_kernels *bf16 = NULL;
  if (!CHECK_STATUS(vaei_kernels_find(isa, &kernels, NULL), VAE_OK)) return;
  if (!CHECK_STATUS(vaei_bf16_find(kernels, &bf16, NULL), VAE_OK)) return;
  for (int iwae = 0; iwae < 2; iwae++) {
    harness_note("portable kernels, %s", iwae ? "iwae" : "elbo");
    test_spec spec = test_spec_linear(47, 5);
    test_spec_add_encoder(&spec, 33, VAE_ACTIVATION_TANH);
    test_spec_add_decoder(&spec, 21, VAE_ACTIVATION_GELU);
    if (iwae) spec.objective.kind = VAE_OBJECTIVE_IWAE;
    spec.objective.samples = 3;
    size_t count = 0, other = 0;
    float *fast = train_with(&spec, bf16, &count), *plain = train_with(&spec, &vaei_bf16_portable, &other);
    if (CHECK_EQUAL(count, other) && !iwae) CHECK_BYTES(fast, plain, count * sizeof *fast);
    /* The bound's weights follow from the loss, whose sums do depend on the width of tiles. */
    for (size_t i = 0; iwae && i < count; i++) CHECK_NEAR(fast[i], plain[i], 2e-3);
    free(fast);
    free(plain);
  }
}

/* Rows with something to learn: each is a noisy copy of one of eight patterns. */
static double last_loss(const test_spec *spec, vae_precision precision) {
  vae_error err;
  vae_error_init(&err);
  enum { ROWS = 512, EPOCHS = 40 };
  test_random random = {21};
  uint8_t *x = test_allocate((size_t)ROWS * spec->input_dim), *patterns = test_allocate((size_t)8 * spec->input_dim);
  for (size_t i = 0; i < (size_t)8 * spec->input_dim; i++) patterns[i] = test_uniform(&random) < 0.3 ? 255 : 0;
  for (size_t i = 0; i < (size_t)ROWS * spec->input_dim; i++)
    x[i] =
        test_uniform(&random) < 0.05 ? 128 : patterns[i / spec->input_dim % 8 * spec->input_dim + i % spec->input_dim];
  vae_data data = test_bytes(x, ROWS, spec->input_dim);
  vae_training training = make_training(spec, precision);
  training.batch_size = 64;
  vae_model *model = make_model(spec);
  vae_trainer *trainer = NULL;
  vae_loss loss;
  vae_loss_init(&loss);
  if (CHECK_OK(vae_trainer_create(model, &training, NULL, &trainer, &err), &err))
    for (int epoch = 0; epoch < EPOCHS; epoch++)
      CHECK_OK(vae_trainer_epoch(trainer, &data, NULL, NULL, &loss, &err), &err);
  vae_trainer_free(trainer);
  vae_model_free(model);
  free(x);
  free(patterns);
  return loss.loss;
}

static void check_learning(void) {
  harness_note("learning");
  const test_spec spec = test_spec_hidden(100, 64, VAE_ACTIVATION_RELU, 4);
  const double single = last_loss(&spec, VAE_PRECISION_FLOAT32), half = last_loss(&spec, VAE_PRECISION_BFLOAT16);
  CHECK_THAT(single < 45, "float32 learns too little: %.3f", single); /* from 69 */
  CHECK_NEAR(half, single, 0.3);
  CHECK(half != single);
}

/* A gradient that overflows is found before a parameter has changed. */
static void check_overflow(void) {
  harness_note("overflow");
  vae_error err;
  vae_error_init(&err);
  const test_spec spec = {.input_dim = 20, .latent_dim = 3, .likelihood = VAE_LIKELIHOOD_GAUSSIAN, .sigma = 1e-4};
  test_spec wide = spec;
  vae_objective_init(&wide.objective);
  test_spec_add_encoder(&wide, 17, VAE_ACTIVATION_RELU);
  test_spec_add_decoder(&wide, 17, VAE_ACTIVATION_RELU);
  float x[20 * 3];
  for (int i = 0; i < 60; i++) x[i] = i % 20 == 7 ? 3e38f : 1.0f;
  vae_data data = test_floats(x, 3, 20);
  vae_training training = make_training(&wide, VAE_PRECISION_BFLOAT16);
  vae_model *model = make_model(&wide);
  vae_trainer *trainer = NULL;
  size_t count = 0;
  float *before = test_parameters(model, &count);
  if (CHECK_OK(vae_trainer_create(model, &training, NULL, &trainer, &err), &err)) {
    CHECK_STATUS(vae_trainer_step(trainer, &data, NULL, NULL, NULL, &err), VAE_ERROR_NOT_FINITE);
    CHECK_MESSAGE_HAS(err, "row ");
    for (int i = 0; i < 60; i++) x[i] = i % 20 == 7 ? 0x1.ffp+127f : 0.0f; /* rounds to infinity */
    CHECK_STATUS(vae_trainer_step(trainer, &data, NULL, NULL, NULL, &err), VAE_ERROR_NOT_FINITE);
  }
  float *after = test_parameters(model, &count);
  CHECK_BYTES(before, after, count * sizeof *before);
  vae_trainer_free(trainer);
  vae_model_free(model);
  free(before);
  free(after);
}

/* A run in bfloat16 is continued in bfloat16. */
static void check_files(void) {
  harness_note("files");
  vae_error err;
  vae_error_init(&err);
  char folder[TEST_PATH], path[TEST_PATH];
  test_folder(folder);
  test_join(path, folder, "run.safetensors");
  const test_spec spec = test_spec_hidden(30, 20, VAE_ACTIVATION_RELU, 3);
  test_random random = {1};
  float *x = test_rows(&random, spec.likelihood, 50 * 30);
  vae_data data = test_floats(x, 50, 30);
  vae_model *model = make_model(&spec), *other = make_model(&spec);
  vae_trainer *trainer = NULL, *continued = NULL, *single = NULL;
  vae_training training = make_training(&spec, VAE_PRECISION_BFLOAT16), kept;
  CHECK_OK(vae_trainer_create(model, &training, NULL, &trainer, &err), &err);
  CHECK_OK(vae_trainer_create(other, &training, NULL, &continued, &err), &err);
  training.precision = VAE_PRECISION_FLOAT32;
  CHECK_OK(vae_trainer_create(other, &training, NULL, &single, &err), &err);
  CHECK_OK(vae_trainer_epoch(trainer, &data, NULL, NULL, NULL, &err), &err);
  CHECK_OK(vae_trainer_save(trainer, path, &err), &err);
  CHECK_STATUS(vae_trainer_restore(single, path, &err), VAE_ERROR_MISMATCH);
  CHECK_MESSAGE_HAS(err, "bf16");
  CHECK_MESSAGE_HAS(err, "float32");
  CHECK_OK(vae_trainer_restore(continued, path, &err), &err);
  CHECK_OK(vae_trainer_epoch(trainer, &data, NULL, NULL, NULL, &err), &err);
  CHECK_OK(vae_trainer_epoch(continued, &data, NULL, NULL, NULL, &err), &err);
  size_t size = 0, other_size = 0;
  unsigned char *bytes = test_model_bytes(model, &size), *other_bytes = test_model_bytes(other, &other_size);
  if (CHECK_EQUAL(size, other_size)) CHECK_BYTES(bytes, other_bytes, size);
  vae_model *loaded = NULL;
  int32_t trained = 0;
  vae_training_init(&kept);
  CHECK_OK(vae_model_load_bytes(bytes, size, NULL, &loaded, &err), &err);
  CHECK_OK(vae_model_get_training(loaded, &kept, &trained, &err), &err);
  CHECK(trained == 1 && kept.precision == VAE_PRECISION_BFLOAT16 && kept.precision_fallback == 0);
  /* The file says it by name, and another name is refused. */
  size_t at = 0;
  while (at + 8 < size && memcmp(bytes + at, "bf16", 4) != 0) at++;
  if (CHECK(at + 8 < size)) {
    vae_model *foreign = NULL;
    memcpy(bytes + at, "bf64", 4);
    CHECK_STATUS(vae_model_load_bytes(bytes, size, NULL, &foreign, &err), VAE_ERROR_UNSUPPORTED);
    CHECK_MESSAGE_HAS(err, "bf64");
  }
  training.precision_fallback = 1; /* a float32 trainer that may take over */
  vae_trainer_free(single);
  CHECK_OK(vae_trainer_create(other, &training, NULL, &single, &err), &err);
  CHECK_OK(vae_trainer_restore(single, path, &err), &err);
  CHECK_OK(vae_trainer_epoch(single, &data, NULL, NULL, NULL, &err), &err);
  CHECK_OK(vae_model_get_training(other, &kept, &trained, &err), &err);
  CHECK(kept.precision == VAE_PRECISION_FLOAT32);
  vae_trainer_free(trainer);
  vae_trainer_free(continued);
  vae_trainer_free(single);
  vae_model_free(model);
  vae_model_free(other);
  vae_model_free(loaded);
  free(bytes);
  free(other_bytes);
  free(x);
  test_remove_folder(folder);
}

/* Where it is not there: refused in words, or float32 on request. */
static void check_refusals(void) {
  vae_error err;
  vae_error_init(&err);
  vae_isa isas[TEST_ISAS];
  const size_t count = test_isas(isas);
  const test_spec spec = test_spec_hidden(20, 16, VAE_ACTIVATION_RELU, 3);
  vae_model *model = make_model(&spec);
  for (size_t i = 0; i < count; i++) {
    harness_note("refusals, %s", vae_isa_name(isas[i]));
    const int has = test_has_bfloat16(isas[i]);
    CHECK(!has || isas[i] == VAE_ISA_AVX512 || isas[i] == VAE_ISA_NEON);
    vae_training training = make_training(&spec, VAE_PRECISION_BFLOAT16);
    vae_trainer *trainer = NULL;
    training.isa = isas[i];
    if (!has) {
      CHECK_STATUS(vae_trainer_create(model, &training, NULL, &trainer, &err), VAE_ERROR_UNSUPPORTED);
      CHECK_MESSAGE_HAS(err, isas[i] == VAE_ISA_NEON ? "FEAT_BF16" : "AVX512_BF16");
      CHECK(trainer == NULL);
    }
    training.precision_fallback = 1;
    vae_trainer_info info;
    vae_trainer_info_init(&info);
    if (CHECK_OK(vae_trainer_create(model, &training, NULL, &trainer, &err), &err) &&
        CHECK_OK(vae_trainer_get_info(trainer, &info, &err), &err))
      CHECK_EQUAL(info.precision, has ? VAE_PRECISION_BFLOAT16 : VAE_PRECISION_FLOAT32);
    vae_trainer_free(trainer);
    trainer = NULL;
    for (int32_t fallback = 0; fallback < 2; fallback++) {
      training.precision_fallback = fallback;
      training.precision = VAE_PRECISION_INT8;
      CHECK_STATUS(vae_trainer_create(model, &training, NULL, &trainer, &err), VAE_ERROR_INVALID_ARGUMENT);
      CHECK_MESSAGE_HAS(err, "training.precision is 2");
      training.precision = -1;
      CHECK_STATUS(vae_trainer_create(model, &training, NULL, &trainer, &err), VAE_ERROR_INVALID_ARGUMENT);
    }
    training.precision = VAE_PRECISION_FLOAT32;
    training.precision_fallback = 2;
    CHECK_STATUS(vae_trainer_create(model, &training, NULL, &trainer, &err), VAE_ERROR_INVALID_ARGUMENT);
    CHECK_MESSAGE_HAS(err, "precision_fallback is 2");
  }
  /* A caller from before there was a precision: what lies behind its fields is no wish. */
  vae_training old;
  vae_trainer *trainer = NULL;
  vae_trainer_info info;
  vae_trainer_info_init(&info);
  const size_t fields = offsetof(vae_training, reserved), size = (fields + 7) / 8 * 8;
  vae_training_init(&old);
  vae_training_init_sized(&old, size);
  memset((char *)&old + fields, 0xFF, sizeof old - fields);
  if (CHECK_OK(vae_trainer_create(model, &old, NULL, &trainer, &err), &err) &&
      CHECK_OK(vae_trainer_get_info(trainer, &info, &err), &err))
    CHECK_EQUAL(info.precision, VAE_PRECISION_FLOAT32);
  vae_trainer_free(trainer);
  vae_model_free(model);
}

int main(void) {
  check_refusals();
  for (isa = VAE_ISA_PORTABLE; isa <= VAE_ISA_NEON && !test_has_bfloat16(isa);) isa++;
  if (isa > VAE_ISA_NEON) {
    printf("bf16_training: no bfloat16 on this machine, only its refusal was tested\n");
    return harness_finish("bf16_training");
  }
  check_activations();
  check_portable();
  check_learning();
  check_overflow();
  check_files();
  return harness_finish("bf16_training");
}
