/* What io_model_file_test.c and io_forgery_test.c share: a small model, a trainer's state for it, and their bytes. Included
 * after harness.h; the counter and the allocator are the including program's own. */
#ifndef VAE_TESTS_IO_MODEL_SUPPORT_H
#define VAE_TESTS_IO_MODEL_SUPPORT_H

#include "io/model_file.h"
#include "io_support.h"

HARNESS_UNUSED static io_counter counter;
HARNESS_UNUSED static vae_allocator allocator;

typedef struct bytes {
  unsigned char *data;
  size_t size;
} bytes;

/* 5-3-2-4-5, whose tensors are [3,5] [3] [2,3] [2] [2,3] [2] [4,2] [4] [5,4] [5]. */
HARNESS_UNUSED static vae_model *make_model(bool trained) {
  static const vae_layer encoder[] = {{sizeof(vae_layer), 3, VAE_ACTIVATION_TANH}};
  static const vae_layer decoder[] = {{sizeof(vae_layer), 4, VAE_ACTIVATION_LEAKY_RELU}};
  const vae_config config = {.struct_size = sizeof config,
                             .input_dim = 5,
                             .latent_dim = 2,
                             .encoder = encoder,
                             .decoder = decoder,
                             .encoder_count = 1,
                             .decoder_count = 1,
                             .likelihood = VAE_LIKELIHOOD_GAUSSIAN,
                             .output_activation = VAE_ACTIVATION_SIGMOID,
                             .sigma = 0.1};
  vae_model *model = NULL;
  vae_error err = io_error();
  if (!CHECK_OK(vaei_model_new(&config, &allocator, &model, &err), &err)) exit(1);
  vaei_model_init_parameters(model, 7);
  model->trained = trained;
  if (trained) {
    model->training = (vae_training){.struct_size = sizeof(vae_training),
                                     .batch_size = 100,
                                     .learning_rate = 0.003,
                                     .beta1 = 0.85,
                                     .beta2 = 0.9999,
                                     .epsilon = 1e-7,
                                     .seed = UINT64_MAX};
    model->training.objective = (vae_objective){.struct_size = sizeof(vae_objective), .samples = 5, .beta = 1.0 / 3};
  }
  return model;
}

HARNESS_UNUSED static bytes bytes_of(const vae_model *model, const vaei_trainer_state *state) {
  bytes file = {NULL, 0};
  vae_error err = io_error();
  CHECK_OK(vaei_model_file_save_bytes(model, state, NULL, 0, &file.size, &err), &err);
  file.data = malloc(file.size);
  CHECK_OK(vaei_model_file_save_bytes(model, state, file.data, file.size, &file.size, &err), &err);
  return file;
}

/* From memory of just that size. */
HARNESS_UNUSED static vae_status load(bytes file, vae_model **model, vaei_trainer_state *state, vae_error *err) {
  unsigned char *copy = malloc(file.size ? file.size : 1);
  memcpy(copy, file.data, file.size);
  const vae_status status = vaei_model_file_load(NULL, copy, file.size, &allocator, model, state, err);
  free(copy);
  return status;
}

HARNESS_UNUSED static vaei_trainer_state make_state(const vae_model *model) {
  vaei_trainer_state state = {.step = UINT64_MAX,
                              .epoch = 3,
                              .batch = 2,
                              .rows = 1000,
                              .examples = 200,
                              .loss = 21000.125 + 1e-9,
                              .reconstruction = 1.0 / 3,
                              .kl = 5e-324,
                              .penalty = 0};
  const size_t size = model->block_size * sizeof(float);
  state.first_moment = vaei_allocate_zeroed(&allocator, size);
  state.second_moment = vaei_allocate_zeroed(&allocator, size);
  float values[64];
  for (size_t i = 0; i < model->parameter_count; i++) {
    const vaei_parameter *parameter = &model->parameters[i];
    for (size_t k = 0; k < parameter->count; k++) values[k] = (float)(i + 1) * (k % 2 ? -1e-3f : 1e-30f);
    vaei_parameter_pack(model, parameter, state.first_moment, values);
    for (size_t k = 0; k < parameter->count; k++) values[k] = values[k] * values[k];
    vaei_parameter_pack(model, parameter, state.second_moment, values);
  }
  return state;
}

HARNESS_UNUSED static void free_state(const vae_model *model, vaei_trainer_state *state) {
  vaei_release(&allocator, state->first_moment, model->block_size * sizeof(float));
  vaei_release(&allocator, state->second_moment, model->block_size * sizeof(float));
}

#endif
