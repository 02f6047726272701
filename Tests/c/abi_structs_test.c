/* What callers with an older or a newer copy of a public struct get: from its init function, in arrays strided by its size, and
 * where the library fills it in. */
#include <stdlib.h>

#include "harness.h"
#include "support.h"

/* init for every caller's size: an older, shorter struct gets its fields and nothing behind them is written; in a
 * newer, longer one the rest is zero. */
#define CHECK_INIT(type, init)                                                                         \
  do {                                                                                                 \
    enum { LONGER = sizeof(type) + 24 };                                                               \
    union {                                                                                            \
      type value;                                                                                      \
      unsigned char bytes[LONGER + 8];                                                                 \
    } whole, part;                                                                                     \
    memset(&whole, 0xa5, sizeof whole);                                                                \
    init(&whole.value, LONGER);                                                                        \
    CHECK_EQUAL(whole.value.struct_size, LONGER);                                                      \
    for (size_t at = sizeof(type); at < LONGER; at++) CHECK(whole.bytes[at] == 0);                     \
    for (size_t at = LONGER; at < LONGER + 8; at++) CHECK(whole.bytes[at] == 0xa5);                    \
    for (size_t size = 8; size < sizeof(type); size += 4) {                                            \
      memset(&part, 0xa5, sizeof part);                                                                \
      init(&part.value, size);                                                                         \
      CHECK_EQUAL(part.value.struct_size, size);                                                       \
      CHECK_THAT(memcmp(part.bytes + 4, whole.bytes + 4, size - 4) == 0, #init " of %zu bytes", size); \
      size_t written = 0;                                                                              \
      for (size_t at = size; at < sizeof part; at++) written += part.bytes[at] != 0xa5;                \
      CHECK_THAT(written == 0, #init " of %zu bytes wrote %zu behind them", size, written);            \
    }                                                                                                  \
    init(NULL, sizeof(type));                                                                          \
    memset(&part, 0xa5, sizeof part);                                                                  \
    init(&part.value, 0);                                                                              \
    for (size_t at = 0; at < sizeof part; at++) CHECK(part.bytes[at] == 0xa5);                         \
  } while (0)

static void check_inits(void) {
  CHECK_INIT(vae_error, vae_error_init_sized);
  CHECK_INIT(vae_allocator, vae_allocator_init_sized);
  CHECK_INIT(vae_layer, vae_layer_init_sized);
  CHECK_INIT(vae_config, vae_config_init_sized);
  CHECK_INIT(vae_objective, vae_objective_init_sized);
  CHECK_INIT(vae_training, vae_training_init_sized);
  CHECK_INIT(vae_data, vae_data_init_sized);
  CHECK_INIT(vae_condition, vae_condition_init_sized);
  CHECK_INIT(vae_preset_info, vae_preset_info_init_sized);
  CHECK_INIT(vae_loss, vae_loss_init_sized);
  CHECK_INIT(vae_terms, vae_terms_init_sized);
  CHECK_INIT(vae_model_options, vae_model_options_init_sized);
  CHECK_INIT(vae_parameter_info, vae_parameter_info_init_sized);
  CHECK_INIT(vae_workspace_options, vae_workspace_options_init_sized);
  CHECK_INIT(vae_workspace_info, vae_workspace_info_init_sized);
  CHECK_INIT(vae_progress, vae_progress_init_sized);
  CHECK_INIT(vae_statistics_options, vae_statistics_options_init_sized);
  CHECK_INIT(vae_statistics, vae_statistics_init_sized);
  CHECK_INIT(vae_statistics_arrays, vae_statistics_arrays_init_sized);
  CHECK_INIT(vae_trainer_info, vae_trainer_info_init_sized);
}

static void check_defaults(void) {
  vae_config config;
  vae_training training;
  vae_objective objective;
  vae_data data;
  vae_layer layer;
  vae_terms terms;
  vae_config_init(&config);
  CHECK(config.input_dim == 0 && config.condition_dim == 0 && config.latent_dim == 0 && config.encoder == NULL);
  CHECK(config.encoder_count == 0 && config.decoder_count == 0 && config.prior == VAE_PRIOR_STANDARD);
  CHECK(config.likelihood == VAE_LIKELIHOOD_BERNOULLI && config.output_activation == VAE_ACTIVATION_IDENTITY);
  CHECK(config.sigma_kind == VAE_SIGMA_FIXED && config.sigma == 1.0);
  CHECK(config.groups == NULL && config.group_count == 0);
  vae_training_init(&training);
  CHECK(training.batch_size == 128 && training.learning_rate == 1e-3 && training.beta1 == 0.9);
  CHECK(training.beta2 == 0.999 && training.epsilon == 1e-8 && training.seed == 0 && training.threads == 0);
  CHECK(training.isa == VAE_ISA_AUTO && training.keep_gradients == 0);
  CHECK(training.objective.struct_size == sizeof(vae_objective) && training.objective.samples == 1);
  vae_objective_init(&objective);
  vae_statistics_options options;
  vae_statistics_options_init(&options);
  CHECK(options.samples == 100 && options.seed == 0 && options.active_variance == 0.01);
  CHECK(options.bin_width == 0 && options.aggregate_rows == 0);
  CHECK(objective.kind == VAE_OBJECTIVE_ELBO && objective.samples == 1 && objective.beta == 1.0);
  vae_data_init(&data);
  CHECK(data.values == NULL && data.rows == 0 && data.scale == 1.0 / 255.0 && data.type == VAE_DATA_FLOAT32);
  vae_layer_init(&layer);
  CHECK(layer.units == 0 && layer.activation == VAE_ACTIVATION_RELU);
  vae_terms_init(&terms);
  CHECK(terms.loss == NULL && terms.output == NULL && terms.z == NULL);
}

/* A caller from a time with more fields: layers are strided by their size. And one from before `sigma`. */
static void check_layer_strides(void) {
  vae_error err;
  vae_model *model = NULL;
  vae_config config, got;
  vae_layer own[2];
  struct {
    vae_layer layer;
    uint32_t later[4];
  } newer[2];
  memset(newer, 0, sizeof newer);
  for (int i = 0; i < 2; i++) {
    vae_layer_init_sized(&newer[i].layer, sizeof newer[i]);
    newer[i].layer.units = (uint32_t)(7 + i);
    newer[i].layer.activation = VAE_ACTIVATION_ELU;
    vae_layer_init(&own[i]);
    own[i].units = (uint32_t)(5 + i);
  }
  vae_error_init(&err);
  vae_config_init(&config);
  vae_config_init(&got);
  config.input_dim = 4;
  config.latent_dim = 2;
  config.encoder = own;
  config.encoder_count = 2;
  config.decoder = &newer[0].layer;
  config.decoder_count = 2;
  config.struct_size = (uint32_t)offsetof(vae_config, sigma); /* an older caller again: sigma stays at its default */
  config.sigma = -77.0;
  CHECK_OK(vae_model_create(&config, NULL, &model, &err), &err);
  CHECK_OK(vae_model_get_config(model, &got, &err), &err);
  CHECK(got.sigma == 1.0 && got.encoder_count == 2 && got.decoder_count == 2);
  for (uint32_t i = 0; got.encoder_count == 2 && got.decoder_count == 2 && i < 2; i++) {
    const vae_layer *e = (const void *)((const char *)got.encoder + i * got.encoder[0].struct_size);
    const vae_layer *d = (const void *)((const char *)got.decoder + i * got.decoder[0].struct_size);
    CHECK(e->units == 5 + i && e->activation == VAE_ACTIVATION_RELU);
    CHECK(d->units == 7 + i && d->activation == VAE_ACTIVATION_ELU);
  }
  vae_model_free(model);
}

/* What the library fills in stays within the caller's size. */
static void check_outputs(void) {
  vae_error err;
  vae_model *model = NULL;
  vae_workspace *workspace = NULL;
  vae_trainer *trainer = NULL;
  test_spec spec = test_spec_linear(3, 2);
  float x[3] = {0.0f, 1.0f, 0.5f}, mean[2] = {-1.0f, -1.0f};
  vae_data data = test_floats(x, 1, 3);
  vae_error_init(&err);
  CHECK_OK(test_create(&spec, 0, NULL, &model, &err), &err);
  CHECK_OK(vae_workspace_create(model, NULL, &workspace, &err), &err);
  CHECK_OK(vae_trainer_create(model, NULL, NULL, &trainer, &err), &err);

  vae_loss loss;
  vae_loss_init_sized(&loss, offsetof(vae_loss, kl));
  loss.kl = loss.penalty = -5.0;
  CHECK_OK(vae_model_evaluate(model, workspace, &data, NULL, 0, &loss, NULL, &err), &err);
  CHECK(loss.struct_size == offsetof(vae_loss, kl) && loss.examples == 1);
  CHECK(loss.loss > 0.0 && loss.reconstruction > 0.0);
  CHECK(loss.kl == -5.0 && loss.penalty == -5.0);

  vae_terms terms;
  vae_terms_init(&terms);
  terms.struct_size = (uint32_t)offsetof(vae_terms, logvar); /* mean is the last field of this caller */
  terms.mean = mean;
  terms.logvar = (float *)(uintptr_t)64;
  terms.z = (float *)(uintptr_t)64;
  terms.output = (float *)(uintptr_t)64;
  vae_loss_init(&loss);
  CHECK_OK(vae_model_evaluate(model, workspace, &data, NULL, 0, &loss, &terms, &err), &err);
  CHECK(mean[0] != -1.0f && mean[1] != -1.0f);

  vae_parameter_info info;
  vae_parameter_info_init_sized(&info, offsetof(vae_parameter_info, shape));
  info.shape[0] = info.count = 99;
  CHECK_OK(vae_model_get_parameter_info(model, 0, &info, &err), &err);
  CHECK(strcmp(info.name, "encoder.mean.weight") == 0 && info.rank == 2 && info.shape[0] == 99 && info.count == 99);

  vae_trainer_info trainer_info;
  vae_trainer_info_init_sized(&trainer_info, offsetof(vae_trainer_info, step));
  trainer_info.step = trainer_info.bytes = 99;
  CHECK_OK(vae_trainer_get_info(trainer, &trainer_info, &err), &err);
  CHECK(trainer_info.threads >= 1 && trainer_info.step == 99 && trainer_info.bytes == 99);

  vae_workspace_info workspace_info;
  vae_workspace_info_init_sized(&workspace_info, offsetof(vae_workspace_info, bytes));
  workspace_info.bytes = 99;
  CHECK_OK(vae_workspace_get_info(workspace, &workspace_info, &err), &err);
  CHECK(workspace_info.threads >= 1 && workspace_info.max_rows == 256 && workspace_info.bytes == 99);

  /* A short error still ends with a zero; one that was never initialised is left alone. */
  for (uint32_t size = 4; size <= 64; size++) {
    vae_error small;
    memset(&small, 0xa5, sizeof small);
    vae_error_init_sized(&small, size);
    CHECK_STATUS(vae_model_find_parameter(model, "nobody", &info, &small), VAE_ERROR_INVALID_ARGUMENT);
    size_t written = 0;
    for (size_t at = size; at < sizeof small; at++) written += ((unsigned char *)&small)[at] != 0xa5;
    CHECK_THAT(written == 0, "an error of %u bytes: %zu written behind it", (unsigned)size, written);
    if (size > 8) CHECK(memchr(small.message, '\0', size - 8) != NULL);
    if (size >= 8) CHECK_EQUAL(small.code, VAE_ERROR_INVALID_ARGUMENT);
  }
  vae_error never;
  size_t written = 0;
  memset(&never, 0, sizeof never);
  CHECK_STATUS(vae_model_find_parameter(model, "nobody", &info, &never), VAE_ERROR_INVALID_ARGUMENT);
  for (size_t at = 0; at < sizeof never; at++) written += ((unsigned char *)&never)[at] != 0;
  CHECK_EQUAL(written, 0);
  vae_trainer_free(trainer);
  vae_workspace_free(workspace);
  vae_model_free(model);
}

int main(void) {
  check_inits();
  check_defaults();
  check_layer_strides();
  check_outputs();
  return harness_finish("abi_structs");
}
