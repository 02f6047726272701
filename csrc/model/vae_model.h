/* The inside of vae_model: its layers, where their parameters lie, and the names they go by.
 *
 * All parameters form one flat block, which Adam's moments and the gradients repeat. A dense layer with K inputs and N
 * units lies in it as ceil(N / 16) panels of [K + 1][16] floats: row k of a panel holds the weights from input k to 16
 * units, row K holds their biases. That is the order in which the product kernels read; lanes beyond N stay zero. */
#ifndef VAEI_MODEL_H
#define VAEI_MODEL_H

#include <stdbool.h>

#include "core/memory.h"
#include "vae/model.h"

enum { VAEI_LANES = 16 };

/* What a layer's matrices have a row for: wherever a layer stands, this says how many rows it has. */
typedef enum vaei_layer_rows {
  VAEI_ROWS_EXAMPLES, /* each example of the batch */
  VAEI_ROWS_DRAWS,    /* each latent sample of the part of the batch that is worked on */
  VAEI_ROWS_NONE      /* nothing: the layer has parameters and no product */
} vaei_layer_rows;

/* What a layer reads. */
typedef enum vaei_layer_source {
  VAEI_SOURCE_BELOW, /* the outputs of the layer before it */
  VAEI_SOURCE_X,     /* and the condition */
  VAEI_SOURCE_Z,     /* and the condition */
  VAEI_SOURCE_C      /* the condition alone */
} vaei_layer_source;

/* Who reads a layer's outputs, which decides how they are kept. */
typedef enum vaei_layer_kind {
  VAEI_LAYER_HIDDEN,    /* the layer behind it */
  VAEI_LAYER_HEAD,      /* a Gaussian's [mean | logvar]: float32 whatever the products take */
  VAEI_LAYER_OUTPUT,    /* the likelihood, tile by tile or row by row */
  VAEI_LAYER_CONSTANTS, /* no inputs and no outputs of its own: the biases are what the likelihood reads */
  VAEI_LAYER_OWN        /* the prior: tables of its own [units, inputs], without rows; it computes their gradient too */
} vaei_layer_kind;

/* y[rows, units] = activation(x[rows, inputs] W + b) */
typedef struct vaei_dense {
  vaei_layer_kind kind;
  vaei_layer_rows rows;
  vaei_layer_source source;
  uint32_t inputs;
  uint32_t units;
  uint32_t panels;       /* ceil(units / 16) */
  uint32_t input_panels; /* ceil(inputs / 16), of the inputs whose gradient is wanted: of z alone, not of a condition */
  size_t offset;         /* of its first panel in the parameter block, in floats */
  size_t size;           /* panels * (inputs + 1) * 16 */
  size_t transposed;     /* offset in the block of transposed weights, [input_panels][units][16] */
  size_t transposed_size; /* 0 where no gradient of the input is ever wanted */
  vae_activation activation;
} vaei_dense;

/* Whether the weights are worth two more barriers of a team: see crew.h. */
static inline bool vaei_dense_is_large(const vaei_dense *layer) {
  const size_t many_vectors = 512;
  return layer->panels > 1 && (size_t)layer->inputs * layer->panels >= many_vectors;
}

/* A named tensor: some columns of a layer's weights or biases. */
typedef struct vaei_parameter {
  char name[40];
  uint32_t rank;
  uint64_t shape[2];
  size_t count;
  uint32_t layer;  /* index into dense */
  uint32_t column; /* its first unit there: the heads mean and logvar, of encoder or decoder, share a layer */
  bool bias;
} vaei_parameter;

/* Where a layer's weights lie in vae_model.narrow, and how: kernels/narrow.h says what a panel is. */
typedef struct vaei_narrow {
  vae_precision precision; /* BFLOAT16 or INT8 */
  size_t offset, panel;    /* bytes: of the first panel, and from one to the next */
} vaei_narrow;

struct vae_model {
  vae_allocator allocator;
  vae_config config; /* its layer arrays are the model's own */
  vae_layer *layers; /* encoder, then decoder, then prior_net */
  vae_training training;
  bool trained;
  uint32_t *groups; /* of a categorical likelihood, config's */
  /* Encoder's hidden layers, encoder head [mean | logvar], decoder's hidden layers, output; behind it, for each kind of the
   * likelihood's parameters that are the same for all z, a layer without inputs whose biases they are; behind those the
   * prior's layers. */
  vaei_dense *dense;
  uint32_t dense_count;
  uint32_t head, output; /* indices of the encoder head and of the decoder's last layer in dense */
  uint32_t
      output_end; /* dense[output … output_end): what the likelihood gives the gradient of, its constants with it */
  vaei_parameter *parameters;
  size_t parameter_count;
  uint64_t value_count;
  float *block;           /* NULL in an inference copy */
  size_t block_size;      /* floats */
  size_t transposed_size; /* floats */
  vae_precision precision;
  vaei_narrow *narrow_layers; /* [dense_count]; NULL where the precision is FLOAT32 */
  unsigned char *narrow;      /* their weights */
  size_t narrow_size;
  uint64_t version; /* counts changes of the parameters, from 1, so that copies of them know they are stale */
};

/* Whether `config` can be built by this version; says what is wrong. The struct is a full-size copy. */
vae_status vaei_config_check(const vae_config *config, vae_error *err);

/* The number of values in all tensors of a checked configuration; at most 2^56. */
uint64_t vaei_config_value_count(const vae_config *config);

/* A model with all parameters zero. `config` is a full-size copy whose layer arrays are strided by their
 * struct_size. */
vae_status vaei_model_new(const vae_config *config, const vae_allocator *allocator, vae_model **model, vae_error *err);

/* The same without parameters (block is NULL): what lies where. */
vae_status vaei_model_new_shape(const vae_config *config, const vae_allocator *allocator, vae_model **model,
                                vae_error *err);

/* As vae_model_quantize; arguments have been checked. */
vae_status vaei_model_quantize(const vae_model *model, vae_precision precision, vae_model **copy, vae_error *err);

/* A weight (input k of a unit) or, with k = inputs, a bias, as the float that it stands for. */
float vaei_narrow_value(const vae_model *model, uint32_t layer, size_t k, uint32_t unit);

void vaei_model_delete(vae_model *model);

/* The memory that a model holds. */
size_t vaei_model_bytes(const vae_model *model);

/* Initial weights by activation, zero biases. */
void vaei_model_init_parameters(vae_model *model, uint64_t seed);

/* Whether two models have the same layers and likelihood, so that one's workspace fits the other. */
bool vaei_config_equal(const vae_config *a, const vae_config *b);

/* The tensor of that name, or NULL. */
const vaei_parameter *vaei_parameter_find(const vae_model *model, const char *name);

/* Copies a tensor out of the model, whatever its precision. */
void vaei_parameter_read(const vae_model *model, const vaei_parameter *parameter, float *values);

/* Copies a tensor out of or into any block that has the layout of model->block (parameters, gradients, moments).
 * values: [shape], row-major. */
void vaei_parameter_unpack(const vae_model *model, const vaei_parameter *parameter, const float *block, float *values);
void vaei_parameter_pack(const vae_model *model, const vaei_parameter *parameter, float *block, const float *values);

/* Layer `index` of an array strided by its first element's struct_size, filled up with defaults. */
vae_layer vaei_layer_at(const vae_layer *layers, uint32_t index);

#endif
