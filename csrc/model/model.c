/* A model's life: its layers and names are laid out from the configuration, then one block is allocated for all
 * parameters. */
#include "model/config_check.h"

#include <string.h>

#include "core/error.h"
#include "model/layout.h"
#include "model/likelihood.h"
#include "model/prior.h"

vae_layer vaei_layer_at(const vae_layer *layers, uint32_t index) {
  vae_layer layer = {.struct_size = sizeof layer, .activation = VAE_ACTIVATION_RELU};
  const size_t stride = layers->struct_size;
  memcpy(&layer, (const char *)layers + index * stride, stride < sizeof layer ? stride : sizeof layer);
  layer.struct_size = sizeof layer;
  return layer;
}

static bool layers_equal(const vae_layer *a, const vae_layer *b, uint32_t count) {
  for (uint32_t i = 0; i < count; i++) {
    const vae_layer x = vaei_layer_at(a, i), y = vaei_layer_at(b, i);
    if (x.units != y.units || x.activation != y.activation) return false;
  }
  return true;
}

bool vaei_config_equal(const vae_config *a, const vae_config *b) {
  if (a->input_dim != b->input_dim || a->condition_dim != b->condition_dim || a->latent_dim != b->latent_dim ||
      a->encoder_count != b->encoder_count || a->decoder_count != b->decoder_count || a->prior != b->prior ||
      a->likelihood != b->likelihood || a->output_activation != b->output_activation ||
      a->sigma_kind != b->sigma_kind || a->sigma != b->sigma || a->group_count != b->group_count ||
      a->prior_components != b->prior_components || a->prior_net_count != b->prior_net_count)
    return false;
  for (uint32_t i = 0; i < a->group_count; i++)
    if (a->groups[i] != b->groups[i]) return false;
  return layers_equal(a->encoder, b->encoder, a->encoder_count) &&
         layers_equal(a->decoder, b->decoder, a->decoder_count) &&
         layers_equal(a->prior_net, b->prior_net, a->prior_net_count);
}

/* Hidden layers of all stacks. */
static size_t hidden_count(const vae_config *c) {
  return (size_t)c->encoder_count + c->decoder_count + c->prior_net_count;
}

static vae_layer *copy_layers(vae_layer *to, const vae_layer *from, uint32_t count) {
  for (uint32_t i = 0; i < count; i++) to[i] = vaei_layer_at(from, i);
  return to + count;
}

uint64_t vaei_config_value_count(const vae_config *config) {
  uint64_t count = 0, inputs = (uint64_t)config->input_dim + config->condition_dim;
  for (uint32_t i = 0; i < config->encoder_count; i++) {
    const uint64_t units = vaei_layer_at(config->encoder, i).units;
    count += (inputs + 1) * units;
    inputs = units;
  }
  count += (inputs + 1) * 2 * config->latent_dim;
  inputs = (uint64_t)config->latent_dim + config->condition_dim;
  for (uint32_t i = 0; i < config->decoder_count; i++) {
    const uint64_t units = vaei_layer_at(config->decoder, i).units;
    count += (inputs + 1) * units;
    inputs = units;
  }
  return count + (inputs + 1) * vaei_likelihood_outputs(config) +
         (uint64_t)vaei_likelihood_constants(config) * vaei_likelihood_constant_units(config) +
         vaei_prior_size_of(config).values;
}

static vae_status no_memory(vae_error *err, size_t bytes) {
  return vaei_fail(err, VAE_ERROR_OUT_OF_MEMORY, "no memory for the model (%zu bytes asked for)", bytes);
}

vae_status vaei_model_new_shape(const vae_config *config, const vae_allocator *allocator, vae_model **result,
                                vae_error *err) {
  *result = NULL;
  const vae_status status = vaei_config_check(config, err);
  if (status != VAE_OK) return status;
  if (vaei_config_value_count(config) > SIZE_MAX / 1024) /* padding multiplies a value's 4 bytes by 16 at most */
    return vaei_fail(err, VAE_ERROR_OUT_OF_MEMORY, "no memory for the model: its size overflows");
  vae_model *model = vaei_allocate_zeroed(allocator, sizeof *model);
  if (!model) return no_memory(err, sizeof *model);
  model->allocator = *allocator;
  model->config = *config;
  model->version = 1;
  const size_t layers = hidden_count(config);
  model->layers = vaei_allocate_zeroed(allocator, layers * sizeof *model->layers);
  if (config->group_count) model->groups = vaei_allocate_zeroed(allocator, config->group_count * sizeof *model->groups);
  model->dense = vaei_allocate_zeroed(allocator, vaei_layout_layers(config) * sizeof *model->dense);
  model->parameters = vaei_allocate_zeroed(allocator, vaei_layout_tensors(config) * sizeof *model->parameters);
  if (!model->layers || (config->group_count && !model->groups) || !model->dense || !model->parameters) {
    vaei_model_delete(model);
    return no_memory(err, layers * sizeof *model->layers + config->group_count * sizeof *model->groups +
                              vaei_layout_layers(config) * sizeof *model->dense +
                              vaei_layout_tensors(config) * sizeof *model->parameters);
  }
  vae_layer *decoder = copy_layers(model->layers, config->encoder, config->encoder_count);
  vae_layer *prior_net = copy_layers(decoder, config->decoder, config->decoder_count);
  copy_layers(prior_net, config->prior_net, config->prior_net_count);
  for (uint32_t i = 0; i < config->group_count; i++) model->groups[i] = config->groups[i];
  model->config.groups = config->group_count ? model->groups : NULL;
  model->config.encoder = config->encoder_count ? model->layers : NULL;
  model->config.decoder = config->decoder_count ? decoder : NULL;
  model->config.prior_net = config->prior_net_count ? prior_net : NULL;
  vaei_model_lay_out(model);
  *result = model;
  return VAE_OK;
}

vae_status vaei_model_new(const vae_config *config, const vae_allocator *allocator, vae_model **result,
                          vae_error *err) {
  vae_model *model = NULL;
  *result = NULL;
  const vae_status status = vaei_model_new_shape(config, allocator, &model, err);
  if (status != VAE_OK) return status;
  const size_t bytes = model->block_size * sizeof(float);
  model->block = vaei_allocate_zeroed(allocator, bytes);
  if (!model->block) {
    vaei_model_delete(model);
    return no_memory(err, bytes);
  }
  *result = model;
  return VAE_OK;
}

void vaei_model_delete(vae_model *model) {
  if (!model) return;
  const vae_allocator allocator = model->allocator;
  const vae_config *c = &model->config;
  vaei_release(&allocator, model->block, model->block_size * sizeof(float));
  vaei_release(&allocator, model->narrow, model->narrow_size);
  vaei_release(&allocator, model->narrow_layers, vaei_layout_layers(c) * sizeof *model->narrow_layers);
  vaei_release(&allocator, model->parameters, vaei_layout_tensors(c) * sizeof *model->parameters);
  vaei_release(&allocator, model->dense, vaei_layout_layers(c) * sizeof *model->dense);
  vaei_release(&allocator, model->groups, c->group_count * sizeof *model->groups);
  vaei_release(&allocator, model->layers, hidden_count(c) * sizeof *model->layers);
  vaei_release(&allocator, model, sizeof *model);
}

size_t vaei_model_bytes(const vae_model *model) {
  const vae_config *c = &model->config;
  return sizeof *model + (model->block ? model->block_size * sizeof(float) : 0) + model->narrow_size +
         (model->narrow_layers ? vaei_layout_layers(c) * sizeof *model->narrow_layers : 0) +
         vaei_layout_tensors(c) * sizeof *model->parameters + vaei_layout_layers(c) * sizeof *model->dense +
         hidden_count(c) * sizeof *model->layers + c->group_count * sizeof *model->groups;
}
