/* vae_model: a configuration and its parameters.
 *
 * A const vae_model may be read by any number of threads at once. Functions that take a non-const model need it for
 * themselves alone. */
#ifndef VAE_MODEL_H
#define VAE_MODEL_H

#include "config.h"
#include "data.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct vae_model vae_model;

typedef struct vae_model_options {
  uint32_t struct_size;
  uint64_t seed;                  /* of the initial weights */
  const vae_allocator *allocator; /* NULL: the C library's; else copied */
} vae_model_options;

VAE_API void vae_model_options_init_sized(vae_model_options *options, size_t struct_size);

/* Seed 0, the C library's allocator. */
static inline void vae_model_options_init(vae_model_options *options) {
  vae_model_options_init_sized(options, sizeof *options);
}

/* Makes a model with initial weights that suit each layer's activation: before relu, leaky_relu, elu, silu, gelu and
 * softplus normal with variance 2/n (He et al. 2015, corrected for the leaky slope), n being the mean of the layer's inputs
 * and units; before tanh, sigmoid, identity and in the heads uniform with variance 1/n (Glorot & Bengio 2010). Biases
 * start at zero. Equal seeds give equal bits on every machine.
 *  options: may be NULL.  *model: receives the handle, to be freed with vae_model_free; NULL on failure.
 *  Fails: INVALID_ARGUMENT, UNSUPPORTED, OUT_OF_MEMORY. Any thread. */
VAE_API vae_status vae_model_create(const vae_config *config, const vae_model_options *options, vae_model **model,
                                    vae_error *err);

/* Makes an inference copy of a model, with weights of fewer bits: a half (bf16) or a quarter (int8) of the memory, and as
 * much less time for a single row, which is spent on reading them. docs/INFERENCE.md has its errors, measured.
 *  BFLOAT16: each weight rounded to the upper half of a float32; biases, inputs and sums stay float32.
 *  INT8: whole numbers from -127 to 127 with a scale for each unit; a layer's inputs are rounded to 256 steps, whose range is
 *    each row's own; sums are exact integers, so a layer's bits are the same on every instruction set. The layers that are
 *    small and most sensitive, the encoder's head and the decoder's first layer, stay in bf16, as does one with more than
 *    65,536 inputs.
 *  FLOAT32: an ordinary model with the same parameters.
 * The copy is a model of its own, from the allocator of `model`, to be freed with vae_model_free; later changes of `model`
 * do not reach it. Workspaces are made for it as for any model, and encode, decode, reconstruct, sample and evaluate take
 * it. What needs float32 weights refuses it with UNSUPPORTED: training, gradients, setting parameters, saving, and another
 * vae_model_quantize. vae_model_get_parameter gives what its weights stand for.
 *  *copy: receives the handle; NULL on failure.
 *  Fails: INVALID_ARGUMENT for an unknown precision, UNSUPPORTED for a model that is such a copy, NOT_FINITE where a
 *  parameter is not finite (or rounds to infinity), OUT_OF_MEMORY. Reads `model` only; any thread. */
VAE_API vae_status vae_model_quantize(const vae_model *model, vae_precision precision, vae_model **copy,
                                      vae_error *err);

/* FLOAT32, or what vae_model_quantize made of it; FLOAT32 for NULL. */
VAE_API vae_precision vae_model_precision(const vae_model *model);

/* Frees a model; NULL is allowed. No trainer may still borrow it. */
VAE_API void vae_model_free(vae_model *model);

/* Copies the configuration out. The layer arrays belong to the model and live as long as it does.
 *  config: initialised by the caller. */
VAE_API vae_status vae_model_get_config(const vae_model *model, vae_config *config, vae_error *err);

/* Copies out how the model was last trained (by a trainer, or as its file says; threads and isa are 0).
 *  *trained: 1 where it was, else 0 and `training` is left alone. */
VAE_API vae_status vae_model_get_training(const vae_model *model, vae_training *training, int32_t *trained,
                                          vae_error *err);

/* A named tensor of parameters, in PyTorch's orientation: weights [out, in], biases [out]. */
typedef struct vae_parameter_info {
  uint32_t struct_size;
  const char *name; /* "encoder.0.weight"; belongs to the model */
  uint32_t rank;    /* 1 or 2 */
  uint64_t shape[4];
  size_t count; /* product of the shape */
} vae_parameter_info;

VAE_API void vae_parameter_info_init_sized(vae_parameter_info *info, size_t struct_size);

static inline void vae_parameter_info_init(vae_parameter_info *info) {
  vae_parameter_info_init_sized(info, sizeof *info);
}

/* The number of named tensors (0 for NULL) and of all their values. */
VAE_API size_t vae_model_parameter_count(const vae_model *model);
VAE_API uint64_t vae_model_value_count(const vae_model *model);

/* Tensor `index` (0 to count - 1), in the order of the model file: encoder, decoder, prior; from input to output;
 * weight before bias; what has no layer last. */
VAE_API vae_status vae_model_get_parameter_info(const vae_model *model, size_t index, vae_parameter_info *info,
                                                vae_error *err);

/* The tensor of that name. Fails: INVALID_ARGUMENT for a name that the model does not have. */
VAE_API vae_status vae_model_find_parameter(const vae_model *model, const char *name, vae_parameter_info *info,
                                            vae_error *err);

/* Copies one tensor out of the model.
 *  values: [shape], row-major, the caller's.  count: must be the tensor's. */
VAE_API vae_status vae_model_get_parameter(const vae_model *model, const char *name, float *values, size_t count,
                                           vae_error *err);

/* Copies one tensor into the model. Fails with DATA where a value is not finite; the model is then unchanged. */
VAE_API vae_status vae_model_set_parameter(vae_model *model, const char *name, const float *values, size_t count,
                                           vae_error *err);

/* Starts the output bias where the decoder gives the data's column means at z-independent output zero: the logit of
 * the means, clipped to [0.001, 0.999], for Bernoulli (as in Burda et al.'s code); for located likelihoods the inverse of
 * the output activation (values it cannot reach are clipped into its range); for Poisson that of the softplus, of at least
 * 0.001; for a categorical one the log of the means, of at least 0.001; for a continuous Bernoulli the logit at which the
 * mean (not lambda) is the data's, clipped to [0.01, 0.99].
 *  data: [rows, input_dim]; its condition is not read. Fails: MISMATCH, DATA. */
VAE_API vae_status vae_model_init_output_bias(vae_model *model, const vae_data *data, vae_error *err);

/* Writes the model as one safetensors file: float32 tensors under their names; metadata `libvae.format` ("1") and
 * `libvae.config` (JSON). Equal models give equal bytes. The write is atomic: a temporary file beside the target,
 * fsync, rename, fsync of the folder; on failure the old file is left (a failing fsync of the folder comes too late for
 * that). A target that exists and is not a regular file (a device, a FIFO) is written straight.
 *  path: zero-terminated.  Fails: IO with the system's reason, NOT_FINITE where a parameter is, OUT_OF_MEMORY. */
VAE_API vae_status vae_model_save(const vae_model *model, const char *path, vae_error *err);

/* The same bytes into memory. `*size` receives their number; where `capacity` is smaller, nothing is written and the
 * result is INVALID_ARGUMENT, except with bytes == NULL and capacity == 0, which only asks for the size. */
VAE_API vae_status vae_model_save_bytes(const vae_model *model, void *bytes, size_t capacity, size_t *size,
                                        vae_error *err);

/* Reads a model. Every byte is distrusted: lengths, offsets, JSON, names, shapes, types; all tensors must be there and
 * finite. Loading runs no code. options: may be NULL (the seed is not used).
 *  Fails: IO, FORMAT, UNSUPPORTED (a configuration of a later version), OUT_OF_MEMORY. */
VAE_API vae_status vae_model_load(const char *path, const vae_model_options *options, vae_model **model,
                                  vae_error *err);

/* Reads a model from memory; the bytes are not kept. */
VAE_API vae_status vae_model_load_bytes(const void *bytes, size_t size, const vae_model_options *options,
                                        vae_model **model, vae_error *err);

#ifdef __cplusplus
}
#endif
#endif
