/* What lies where in a model: its layers in the parameter block, and the tensors' names. */
#ifndef VAEI_LAYOUT_H
#define VAEI_LAYOUT_H

#include "model/vae_model.h"

/* Lays out the layers and tensors of a model whose configuration is set and whose tables have the room of these counts. */
void vaei_model_lay_out(vae_model *model);
size_t vaei_layout_layers(const vae_config *config);
size_t vaei_layout_tensors(const vae_config *config);

/* For a prior's own parameters. The first tensor of a layer names it in messages. */

/* What a layer is, before it has a place. */
typedef struct vaei_layer_plan {
  uint32_t inputs, units;
  uint32_t wanted; /* its first inputs whose gradient is wanted: none, or all but a condition */
  vae_activation activation;
  vaei_layer_kind kind;
  vaei_layer_rows rows;
  vaei_layer_source source;
} vaei_layer_plan;

/* Appends a layer and returns its index. */
uint32_t vaei_layout_dense(vae_model *model, const vaei_layer_plan *plan);

/* Appends "NAME.weight" and "NAME.bias" for `units` units of a layer from `column` on. */
void vaei_layout_names(vae_model *model, const char *name, uint32_t layer, uint32_t column, uint32_t units);

/* Appends "NAME" for `units` biases of a layer from `column` on. */
void vaei_layout_vector(vae_model *model, const char *name, uint32_t layer, uint32_t column, uint32_t units);

/* Appends "NAME", [units, inputs], for all weights of a layer. */
void vaei_layout_table(vae_model *model, const char *name, uint32_t layer);

/* Hidden layers named "STACK.0", "STACK.1", …; the first one reads what `first` says.
 * Returns the width of the last one. */
uint32_t vaei_layout_stack(vae_model *model, const char *stack, const vae_layer *layers, uint32_t count,
                           const vaei_layer_plan *first);

/* The layer behind `hidden` such layers, which end `width` wide; where there are none it reads what `first` does. Returns its
 * index. */
uint32_t vaei_layout_last(vae_model *model, const vaei_layer_plan *first, uint32_t hidden, uint32_t width,
                          vaei_layer_kind kind, uint32_t units, vae_activation activation);

#endif
