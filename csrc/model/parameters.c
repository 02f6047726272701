/* Named tensors in and out of the packed block, and the initial weights. */
#include <string.h>

#include "core/random.h"
#include "core/scalar.h"
#include "kernels/kernels.h"
#include "model/likelihood.h"
#include "model/prior.h"

const vaei_parameter *vaei_parameter_find(const vae_model *model, const char *name) {
  for (size_t i = 0; i < model->parameter_count; i++)
    if (!strcmp(model->parameters[i].name, name)) return &model->parameters[i];
  return NULL;
}

/* Where unit `column` of a layer begins: rows of a panel are 16 floats apart. */
static size_t column_offset(const vaei_dense *layer, uint32_t column) {
  return layer->offset + (size_t)(column / VAEI_LANES) * ((size_t)layer->inputs + 1) * VAEI_LANES + column % VAEI_LANES;
}

void vaei_parameter_unpack(const vae_model *model, const vaei_parameter *p, const float *block, float *values) {
  const vaei_dense *layer = &model->dense[p->layer];
  const size_t inputs = layer->inputs;
  for (uint32_t i = 0; i < p->shape[0]; i++) {
    const float *from = block + column_offset(layer, p->column + i);
    if (p->bias) values[i] = from[inputs * VAEI_LANES];
    else
      for (size_t k = 0; k < inputs; k++) values[i * inputs + k] = from[k * VAEI_LANES];
  }
}

void vaei_parameter_read(const vae_model *model, const vaei_parameter *p, float *values) {
  if (model->block) {
    vaei_parameter_unpack(model, p, model->block, values);
    return;
  }
  const size_t inputs = model->dense[p->layer].inputs, row = p->bias ? 1 : inputs;
  for (uint32_t i = 0; i < p->shape[0]; i++)
    for (size_t k = 0; k < row; k++)
      values[i * row + k] = vaei_narrow_value(model, p->layer, p->bias ? inputs : k, p->column + i);
}

void vaei_parameter_pack(const vae_model *model, const vaei_parameter *p, float *block, const float *values) {
  const vaei_dense *layer = &model->dense[p->layer];
  const size_t inputs = layer->inputs;
  for (uint32_t i = 0; i < p->shape[0]; i++) {
    float *to = block + column_offset(layer, p->column + i);
    if (p->bias) to[inputs * VAEI_LANES] = values[i];
    else
      for (size_t k = 0; k < inputs; k++) to[k * VAEI_LANES] = values[i * inputs + k];
  }
}

/* The standard deviation of normal weights before an activation that is zero on one side; 0 for those that take Glorot
 * & Bengio's uniform weights. He et al. 2015, eq. 10 and 15, derive 2 / n for n inputs (forward) or n outputs (backward);
 * here n is the mean of the two, Glorot's compromise. With n = 20 inputs alone, the first decoder layer of a 20-latent VAE
 * starts three times larger, which costs 0.8 nats on MNIST after 10 epochs (docs/KERNELS.md, section 7). */
static double he_deviation(vae_activation activation, uint32_t inputs, uint32_t units) {
  const double n = 0.5 * ((double)inputs + (double)units);
  switch (activation) {
    case VAE_ACTIVATION_RELU:
    case VAE_ACTIVATION_ELU:
    case VAE_ACTIVATION_SILU:
    case VAE_ACTIVATION_GELU:
    case VAE_ACTIVATION_SOFTPLUS: return vaei_sqrt(2.0 / n);
    case VAE_ACTIVATION_LEAKY_RELU: return vaei_sqrt(2.0 / ((1.0 + 0.2 * 0.2) * n));
    default: return 0.0;
  }
}

/* Weights of a tensor are drawn unit by unit, so that they depend on neither the packing nor the other tensors. */
static void init_weights(vae_model *model, uint32_t tensor, uint64_t seed) {
  const vaei_parameter *p = &model->parameters[tensor];
  const vaei_dense *layer = &model->dense[p->layer];
  const double he =
      layer->kind == VAEI_LAYER_HIDDEN ? he_deviation(layer->activation, layer->inputs, layer->units) : 0.0;
  const float glorot = (float)vaei_sqrt(6.0 / ((double)layer->inputs + (double)p->shape[0]));
  const vaei_stream stream = {.seed = seed, .stream = VAEI_STREAM_WEIGHTS, .step = tensor};
  for (uint32_t i = 0; i < p->shape[0]; i++) {
    float *to = model->block + column_offset(layer, p->column + i);
    for (uint32_t k = 0; k < layer->inputs; k += 64) {
      float draw[64];
      const uint32_t count = layer->inputs - k < 64 ? layer->inputs - k : 64;
      const vaei_draws draws = {.example = i, .sample = k / 64, .samples = 1};
      if (he > 0) vaei_kernels_portable.normals(&stream, &draws, 0, 1, 64, draw, 64);
      else
        for (uint32_t j = 0; j < count; j++) {
          const uint64_t index = ((uint64_t)tensor << 48) + (uint64_t)k + j;
          draw[j] = 2.0f * vaei_uniform(seed, VAEI_STREAM_WEIGHTS, i, index) - 1.0f;
        }
      for (uint32_t j = 0; j < count; j++) to[(size_t)(k + j) * VAEI_LANES] = (he > 0 ? (float)he : glorot) * draw[j];
    }
  }
}

static void init_constants(vae_model *model) {
  const uint32_t units = vaei_likelihood_constant_units(&model->config);
  for (uint32_t c = 0; c < vaei_likelihood_constants(&model->config); c++)
    for (uint32_t i = 0; i < units; i++)
      model->block[column_offset(&model->dense[model->output + 1 + c], i)] =
          vaei_likelihood_constant(&model->config, c).initial;
}

void vaei_model_init_parameters(vae_model *model, uint64_t seed) {
  memset(model->block, 0, model->block_size * sizeof(float));
  for (uint32_t i = 0; i < model->parameter_count; i++)
    if (!model->parameters[i].bias && model->dense[model->parameters[i].layer].kind != VAEI_LAYER_OWN)
      init_weights(model, i, seed);
  const vaei_prior *prior = vaei_prior_of(&model->config);
  if (prior->init) prior->init(model, seed);
  init_constants(model);
  model->version++;
}
