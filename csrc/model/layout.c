#include "model/layout.h"

#include <stdio.h>

#include "model/likelihood.h"
#include "model/prior.h"

uint32_t vaei_layout_dense(vae_model *model, const vaei_layer_plan *plan) {
  vaei_dense *layer = &model->dense[model->dense_count];
  *layer = (vaei_dense){.kind = plan->kind,
                        .rows = plan->rows,
                        .source = plan->source,
                        .inputs = plan->inputs,
                        .units = plan->units,
                        .activation = plan->activation};
  layer->panels = (plan->units + VAEI_LANES - 1) / VAEI_LANES;
  layer->input_panels = (plan->wanted + VAEI_LANES - 1) / VAEI_LANES;
  layer->offset = model->block_size;
  layer->size = (size_t)layer->panels * ((size_t)plan->inputs + 1) * VAEI_LANES;
  layer->transposed = model->transposed_size;
  layer->transposed_size = (size_t)layer->input_panels * plan->units * VAEI_LANES;
  model->block_size += layer->size;
  model->transposed_size += layer->transposed_size;
  return model->dense_count++;
}

void vaei_layout_names(vae_model *model, const char *name, uint32_t layer, uint32_t column, uint32_t units) {
  for (int bias = 0; bias < 2; bias++) {
    vaei_parameter *p = &model->parameters[model->parameter_count++];
    snprintf(p->name, sizeof p->name, "%s.%s", name, bias ? "bias" : "weight");
    p->rank = bias ? 1 : 2;
    p->shape[0] = units;
    p->shape[1] = bias ? 0 : model->dense[layer].inputs;
    p->count = bias ? units : (size_t)units * model->dense[layer].inputs;
    p->layer = layer;
    p->column = column;
    p->bias = bias;
    model->value_count += p->count;
  }
}

void vaei_layout_vector(vae_model *model, const char *name, uint32_t layer, uint32_t column, uint32_t units) {
  vaei_parameter *p = &model->parameters[model->parameter_count++];
  *p = (vaei_parameter){.rank = 1, .shape = {units}, .count = units, .layer = layer, .column = column, .bias = true};
  snprintf(p->name, sizeof p->name, "%s", name);
  model->value_count += units;
}

void vaei_layout_table(vae_model *model, const char *name, uint32_t layer) {
  const vaei_dense *dense = &model->dense[layer];
  vaei_parameter *p = &model->parameters[model->parameter_count++];
  *p = (vaei_parameter){
      .rank = 2, .shape = {dense->units, dense->inputs}, .count = (size_t)dense->units * dense->inputs, .layer = layer};
  snprintf(p->name, sizeof p->name, "%s", name);
  model->value_count += p->count;
}

uint32_t vaei_layout_stack(vae_model *model, const char *stack, const vae_layer *layers, uint32_t count,
                           const vaei_layer_plan *first) {
  vaei_layer_plan plan = *first;
  for (uint32_t i = 0; i < count; i++) {
    char name[24];
    snprintf(name, sizeof name, "%s.%u", stack, i);
    plan.units = layers[i].units;
    plan.activation = layers[i].activation;
    vaei_layout_names(model, name, vaei_layout_dense(model, &plan), 0, layers[i].units);
    plan.inputs = plan.wanted = layers[i].units;
    plan.source = VAEI_SOURCE_BELOW;
  }
  return plan.inputs;
}

uint32_t vaei_layout_last(vae_model *model, const vaei_layer_plan *first, uint32_t hidden, uint32_t width,
                          vaei_layer_kind kind, uint32_t units, vae_activation activation) {
  vaei_layer_plan plan = *first;
  plan.kind = kind;
  plan.inputs = width;
  plan.units = units;
  plan.activation = activation;
  if (hidden) {
    plan.wanted = width;
    plan.source = VAEI_SOURCE_BELOW;
  }
  return vaei_layout_dense(model, &plan);
}

void vaei_model_lay_out(vae_model *model) {
  const vae_config *c = &model->config;
  const vaei_layer_plan encoder = {.inputs = c->input_dim + c->condition_dim,
                                   .wanted = c->prior == VAE_PRIOR_VAMP ? c->input_dim : 0, /* for its pseudo-inputs */
                                   .rows = VAEI_ROWS_EXAMPLES,
                                   .source = VAEI_SOURCE_X};
  const vaei_layer_plan decoder = {.inputs = c->latent_dim + c->condition_dim,
                                   .wanted = c->latent_dim,
                                   .rows = VAEI_ROWS_DRAWS,
                                   .source = VAEI_SOURCE_Z};
  uint32_t width = vaei_layout_stack(model, "encoder", c->encoder, c->encoder_count, &encoder);
  model->head = vaei_layout_last(model, &encoder, c->encoder_count, width, VAEI_LAYER_HEAD, 2 * c->latent_dim,
                                 VAE_ACTIVATION_IDENTITY);
  vaei_layout_names(model, "encoder.mean", model->head, 0, c->latent_dim);
  vaei_layout_names(model, "encoder.logvar", model->head, c->latent_dim, c->latent_dim);
  width = vaei_layout_stack(model, "decoder", c->decoder, c->decoder_count, &decoder);
  model->output = vaei_layout_last(model, &decoder, c->decoder_count, width, VAEI_LAYER_OUTPUT,
                                   vaei_likelihood_outputs(c), c->output_activation);
  vaei_layout_names(model, "decoder.mean", model->output, 0, c->input_dim);
  if (c->sigma_kind == VAE_SIGMA_PER_OUTPUT)
    vaei_layout_names(model, "decoder.logvar", model->output, c->input_dim, c->input_dim);
  const vaei_layer_plan constant = {
      .kind = VAEI_LAYER_CONSTANTS, .rows = VAEI_ROWS_DRAWS, .units = vaei_likelihood_constant_units(c)};
  for (uint32_t i = 0; i < vaei_likelihood_constants(c); i++) vaei_layout_dense(model, &constant);
  model->output_end = model->dense_count;
  const vaei_prior *prior = vaei_prior_of(c);
  if (prior->lay_out) prior->lay_out(model);
  for (uint32_t i = 0; i < vaei_likelihood_constants(c); i++)
    vaei_layout_vector(model, vaei_likelihood_constant(c, i).name, model->output + 1 + i, 0, constant.units);
}

size_t vaei_layout_layers(const vae_config *c) {
  return (size_t)c->encoder_count + c->decoder_count + 2 + vaei_likelihood_constants(c) + vaei_prior_size_of(c).layers;
}

size_t vaei_layout_tensors(const vae_config *c) {
  const size_t stacks = (size_t)c->encoder_count + c->decoder_count;
  return 2 * (stacks + 3 + (c->sigma_kind == VAE_SIGMA_PER_OUTPUT)) + vaei_likelihood_constants(c) +
         vaei_prior_size_of(c).tensors;
}
