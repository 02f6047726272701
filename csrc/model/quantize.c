/* Inference copies: the weights of a model in 16 or 8 bits, in the layout of kernels/narrow.h. */
#include <string.h>

#include "core/error.h"
#include "core/names.h"
#include "kernels/narrow.h"
#include "model/vae_model.h"

enum { MOST_INT8_INPUTS = 1 << 16 }; /* 2^16 * 255 * 127 is below 2^31 */

/* What a layer is held in. Bytes cost most where inputs are few or of wide range, and such layers are small: the head, whose
 * outputs are log-variances, and the decoder's first layer, whose inputs are latents (docs/INFERENCE.md). A layer without
 * inputs has biases alone. */
static vae_precision layer_precision(const vae_model *model, uint32_t layer, vae_precision precision) {
  const vaei_dense *dense = &model->dense[layer];
  const bool small = dense->kind == VAEI_LAYER_HEAD || dense->kind > VAEI_LAYER_OUTPUT;
  if (small || dense->source == VAEI_SOURCE_Z) return VAE_PRECISION_BFLOAT16;
  return dense->inputs > MOST_INT8_INPUTS ? VAE_PRECISION_BFLOAT16 : precision;
}

/* Lines of a panel's weights. */
static size_t panel_lines(size_t inputs, vae_precision precision) {
  return precision == VAE_PRECISION_INT8 ? (inputs + 3) / 4 : (inputs + 1) / 2;
}

static void lay_out(vae_model *model, vae_precision precision) {
  for (uint32_t l = 0; l < model->dense_count; l++) {
    vaei_narrow *n = &model->narrow_layers[l];
    n->precision = layer_precision(model, l, precision);
    n->panel = (n->precision == VAE_PRECISION_INT8 ? (size_t)VAEI_INT8_HEADER : (size_t)VAEI_BF16_HEADER) +
               panel_lines(model->dense[l].inputs, n->precision) * VAEI_LINE;
    n->offset = model->narrow_size;
    model->narrow_size += n->panel * model->dense[l].panels;
  }
}

static uint32_t bits_of(float x) {
  uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  return bits;
}

static float float_of(uint32_t bits) {
  float x;
  memcpy(&x, &bits, sizeof x);
  return x;
}

/* The upper half of a finite float, to the nearest, ties to even. */
static uint32_t bf16_of(float x) {
  const uint32_t bits = bits_of(x);
  return (bits + 0x7FFF + (bits >> 16 & 1)) >> 16;
}

/* A whole number to the nearest, ties to even; |x| at most 2^22. */
static float round_even(float x) {
  const float magic = 12582912.0f; /* 1.5 * 2^23 */
  const volatile float shifted = x + magic;
  return shifted - magic;
}

/* weights: rows of 16 units, then the biases. */
static void pack_bf16(const float *weights, size_t inputs, unsigned char *panel) {
  memcpy(panel, weights + inputs * VAEI_LANES, VAEI_BF16_HEADER);
  panel += VAEI_BF16_HEADER;
  for (size_t k = 0; k < inputs; k += 2, panel += VAEI_LINE)
    for (size_t unit = 0; unit < VAEI_LANES; unit++) {
      const float *w = weights + k * VAEI_LANES + unit;
      const uint32_t word = bf16_of(w[0]) | (k + 1 < inputs ? bf16_of(w[VAEI_LANES]) << 16 : 0);
      memcpy(panel + unit * sizeof word, &word, sizeof word);
    }
}

static void pack_int8(const float *weights, size_t inputs, unsigned char *panel) {
  unsigned char *bytes = panel + VAEI_INT8_HEADER;
  memcpy(panel, weights + inputs * VAEI_LANES, VAEI_LINE);
  for (size_t unit = 0; unit < VAEI_LANES; unit++) {
    float most = 0;
    for (size_t k = 0; k < inputs; k++) {
      const float size = __builtin_fabsf(weights[k * VAEI_LANES + unit]);
      if (size > most) most = size;
    }
    const float scale = most > 0x1p-100f ? most / 127.0f : 0.0f; /* smaller ones are as good as zero */
    int32_t sum = 0;
    for (size_t k = 0; k < inputs; k++) {
      const float whole = scale > 0 ? round_even(weights[k * VAEI_LANES + unit] / scale) : 0.0f;
      const int8_t byte = (int8_t)whole;
      memcpy(bytes + k / 4 * VAEI_LINE + unit * 4 + k % 4, &byte, 1);
      sum += byte;
    }
    memcpy(panel + VAEI_LINE + unit * sizeof scale, &scale, sizeof scale);
    memcpy(panel + 2 * VAEI_LINE + unit * sizeof sum, &sum, sizeof sum);
  }
}

float vaei_narrow_value(const vae_model *model, uint32_t layer, size_t k, uint32_t unit) {
  const vaei_narrow *n = &model->narrow_layers[layer];
  const unsigned char *panel = model->narrow + n->offset + unit / VAEI_LANES * n->panel;
  float x;
  unit %= VAEI_LANES;
  if (k == model->dense[layer].inputs) {
    memcpy(&x, panel + unit * sizeof x, sizeof x);
    return x;
  }
  if (n->precision == VAE_PRECISION_BFLOAT16) {
    uint32_t word;
    memcpy(&word, panel + VAEI_BF16_HEADER + k / 2 * VAEI_LINE + unit * sizeof word, sizeof word);
    return float_of(k % 2 ? word & 0xFFFF0000u : word << 16);
  }
  int8_t byte;
  memcpy(&x, panel + VAEI_LINE + unit * sizeof x, sizeof x);
  memcpy(&byte, panel + VAEI_INT8_HEADER + k / 4 * VAEI_LINE + unit * 4 + k % 4, 1);
  return x * (float)byte;
}

/* Whether all weights can be rounded: the largest bf16 is 2^-8 below the largest float. */
static vae_status check_finite(const vae_model *model, vae_precision precision, vae_error *err) {
  const float most = precision == VAE_PRECISION_FLOAT32 ? 0x1.fffffep+127f : 0x1.fep+127f;
  for (uint32_t l = 0; l < model->dense_count; l++) {
    const float *values = model->block + model->dense[l].offset;
    for (size_t i = 0; i < model->dense[l].size; i++) {
      if (__builtin_fabsf(values[i]) <= most) continue;
      const char *name = "";
      const uint32_t unit = (uint32_t)(i / ((size_t)VAEI_LANES * (model->dense[l].inputs + (size_t)1))) * VAEI_LANES +
                            (uint32_t)(i % VAEI_LANES);
      const bool bias = i / VAEI_LANES % (model->dense[l].inputs + (size_t)1) == model->dense[l].inputs;
      for (size_t p = 0; p < model->parameter_count; p++)
        if (model->parameters[p].layer == l && model->parameters[p].column <= unit && model->parameters[p].bias == bias)
          name = model->parameters[p].name;
      return vaei_fail(err, VAE_ERROR_NOT_FINITE, "a value of %s is %g; %s takes finite numbers up to %g", name,
                       (double)values[i], vaei_precision_name(precision), (double)most);
    }
  }
  return VAE_OK;
}

static vae_status no_memory(vae_error *err, size_t bytes) {
  return vaei_fail(err, VAE_ERROR_OUT_OF_MEMORY, "no memory for an inference copy (%zu bytes asked for)", bytes);
}

static vae_status pack(const vae_model *model, vae_precision precision, vae_model *copy, vae_error *err) {
  const size_t layers = copy->dense_count * sizeof(vaei_narrow);
  copy->narrow_layers = vaei_allocate_zeroed(&copy->allocator, layers);
  if (!copy->narrow_layers) return no_memory(err, layers);
  lay_out(copy, precision);
  copy->narrow = vaei_allocate_zeroed(&copy->allocator, copy->narrow_size);
  if (!copy->narrow) return no_memory(err, copy->narrow_size);
  for (uint32_t l = 0; l < copy->dense_count; l++) {
    const vaei_dense *layer = &model->dense[l];
    const vaei_narrow *n = &copy->narrow_layers[l];
    for (uint32_t panel = 0; panel < layer->panels; panel++) {
      const float *from = model->block + layer->offset + panel * ((size_t)layer->inputs + 1) * VAEI_LANES;
      unsigned char *to = copy->narrow + n->offset + panel * n->panel;
      if (n->precision == VAE_PRECISION_INT8) pack_int8(from, layer->inputs, to);
      else pack_bf16(from, layer->inputs, to);
    }
  }
  return VAE_OK;
}

vae_status vaei_model_quantize(const vae_model *model, vae_precision precision, vae_model **result, vae_error *err) {
  vae_model *copy = NULL;
  *result = NULL;
  vae_status status = check_finite(model, precision, err);
  if (status != VAE_OK) return status;
  if (precision == VAE_PRECISION_FLOAT32) status = vaei_model_new(&model->config, &model->allocator, &copy, err);
  else status = vaei_model_new_shape(&model->config, &model->allocator, &copy, err);
  if (status != VAE_OK) return status;
  copy->precision = precision;
  copy->training = model->training;
  copy->trained = model->trained;
  if (precision == VAE_PRECISION_FLOAT32) memcpy(copy->block, model->block, model->block_size * sizeof(float));
  else status = pack(model, precision, copy, err);
  if (status != VAE_OK) {
    vaei_model_delete(copy);
    return status;
  }
  *result = copy;
  return VAE_OK;
}
