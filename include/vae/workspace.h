/* vae_workspace: scratch memory and threads for running a model. One workspace serves one thread at a time; after its
 * creation inference allocates nothing. All functions here read the model only. */
#ifndef VAE_WORKSPACE_H
#define VAE_WORKSPACE_H

#include "model.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct vae_workspace vae_workspace;

typedef struct vae_workspace_options {
  uint32_t struct_size;
  uint32_t max_rows; /* rows that are worked on at a time; longer inputs are cut. 0: 256. */
  int32_t threads;   /* 0: VAE_THREADS, else OMP_NUM_THREADS, else the processors that the process may use */
  vae_isa isa;
  const vae_allocator *allocator; /* NULL: the C library's; else copied */
} vae_workspace_options;

VAE_API void vae_workspace_options_init_sized(vae_workspace_options *options, size_t struct_size);

static inline void vae_workspace_options_init(vae_workspace_options *options) {
  vae_workspace_options_init_sized(options, sizeof *options);
}

/* Makes a workspace for `model` and for every model of the same configuration and precision. options: may be NULL.
 *  Fails: INVALID_ARGUMENT, UNSUPPORTED (an instruction set that is not there), OUT_OF_MEMORY. */
VAE_API vae_status vae_workspace_create(const vae_model *model, const vae_workspace_options *options,
                                        vae_workspace **workspace, vae_error *err);

/* Frees a workspace; NULL is allowed. */
VAE_API void vae_workspace_free(vae_workspace *workspace);

/* The approximate posterior q(z|x).
 *  x: [n, D].  mean, logvar: [n, Z], the caller's; either may be NULL.
 *  Fails: MISMATCH, DATA (a value that the likelihood cannot take), NOT_FINITE. */
VAE_API vae_status vae_model_encode(const vae_model *model, vae_workspace *workspace, const vae_data *x, float *mean,
                                    float *logvar, vae_error *err);

/* The mean of p(x|z); of a continuous Bernoulli its parameter (vae_likelihood says both).
 *  z: [rows, Z].  output: [rows, D], the caller's. Fails: DATA where z is not finite, NOT_FINITE. */
VAE_API vae_status vae_model_decode(const vae_model *model, vae_workspace *workspace, const float *z, size_t rows,
                                    float *output, vae_error *err);

/* decode(mean of q(z|x)).  x: [n, D].  output: [n, D]. */
VAE_API vae_status vae_model_reconstruct(const vae_model *model, vae_workspace *workspace, const vae_data *x,
                                         float *output, vae_error *err);

/* Draws z from the prior and decodes it.
 *  Rows first_row, first_row + 1, … of the seed's stream, which has 2^32 - 1: the same rows whatever the chunking.
 *  output: [rows, D], the mean of p(x|z).  z: [rows, Z]; either may be NULL. */
VAE_API vae_status vae_model_sample(const vae_model *model, vae_workspace *workspace, uint64_t seed, uint64_t first_row,
                                    size_t rows, float *output, float *z, vae_error *err);

/* The same with a condition: [rows, C] or [1, C], as vae_condition says; NULL for a model without one.
 * decode, reconstruct and encode of a model with a condition need it (the latter two in x->condition). */
VAE_API vae_status vae_model_decode_given(const vae_model *model, vae_workspace *workspace, const float *z, size_t rows,
                                          const vae_condition *condition, float *output, vae_error *err);
VAE_API vae_status vae_model_sample_given(const vae_model *model, vae_workspace *workspace, uint64_t seed,
                                          uint64_t first_row, size_t rows, const vae_condition *condition,
                                          float *output, float *z, vae_error *err);

/* The prior p(z|c) of a model with a conditional prior; of one with the standard prior zeros.
 *  mean, logvar: [rows, Z], the caller's; either may be NULL. Fails: UNSUPPORTED for priors that are not one Gaussian. */
VAE_API vae_status vae_model_prior(const vae_model *model, vae_workspace *workspace, size_t rows,
                                   const vae_condition *condition, float *mean, float *logvar, vae_error *err);

/* p(x|z, c): the parameters of the likelihood at z, the mean, and draws from it.
 *  z: [rows, Z].  condition: NULL for a model without one.
 *  parameters: [P, rows, D], those that vae_likelihood_parameter_name names, one matrix after the other.
 *  mean: [rows, D], the expectation of x (of a continuous Bernoulli, too, where decode gives lambda).
 *  samples: [rows, D], drawn by rows first_row, first_row + 1, … of the seed's stream, whatever the chunking.
 *  Fails: DATA where z is not finite, NOT_FINITE; UNSUPPORTED for the mean of a Student-t with 1 degree of freedom or less. */
VAE_API vae_status vae_model_likelihood_parameters(const vae_model *model, vae_workspace *workspace, const float *z,
                                                   size_t rows, const vae_condition *condition, float *parameters,
                                                   vae_error *err);
VAE_API vae_status vae_model_likelihood_mean(const vae_model *model, vae_workspace *workspace, const float *z,
                                             size_t rows, const vae_condition *condition, float *mean, vae_error *err);
VAE_API vae_status vae_model_likelihood_samples(const vae_model *model, vae_workspace *workspace, const float *z,
                                                size_t rows, const vae_condition *condition, uint64_t seed,
                                                uint64_t first_row, float *samples, vae_error *err);

/* The objective over all rows, without gradients. Noise is keyed by (seed, row, sample, latent): the same loss, to the
 * bit, for any max_rows and any number of threads.
 *  objective: NULL means ELBO, one sample, beta 1.  loss: initialised by the caller.
 *  terms: NULL, or where to write each example's (n = all rows). Fails: MISMATCH, DATA, NOT_FINITE. */
VAE_API vae_status vae_model_evaluate(const vae_model *model, vae_workspace *workspace, const vae_data *x,
                                      const vae_objective *objective, uint64_t seed, vae_loss *loss,
                                      const vae_terms *terms, vae_error *err);

/* The objective of one mini-batch and the gradient of its mean with respect to every parameter, for the caller's own
 * optimiser. The gradients stay in the workspace until its next use.
 *  x: [n, D], n at most max_rows.  noise: [K, n, Z], eps of z = mean + exp(logvar / 2) eps; NULL draws it from `seed`.
 *  loss, terms: may be NULL. The first call with more latent samples than any before may allocate.
 *  Fails: MISMATCH, DATA, NOT_FINITE, OUT_OF_MEMORY. */
VAE_API vae_status vae_model_loss_and_gradients(const vae_model *model, vae_workspace *workspace, const vae_data *x,
                                                const vae_objective *objective, const float *noise, uint64_t seed,
                                                vae_loss *loss, const vae_terms *terms, vae_error *err);

/* Copies one gradient of the last vae_model_loss_and_gradients out, under its parameter's name and in its shape.
 *  Fails: INVALID_ARGUMENT where there are none, or the name or count is wrong. */
VAE_API vae_status vae_workspace_get_gradient(const vae_workspace *workspace, const char *name, float *values,
                                              size_t count, vae_error *err);

typedef struct vae_workspace_info {
  uint32_t struct_size;
  int32_t threads;
  vae_isa isa;
  uint32_t max_rows;
  uint64_t bytes; /* memory that the workspace holds */
} vae_workspace_info;

VAE_API void vae_workspace_info_init_sized(vae_workspace_info *info, size_t struct_size);

static inline void vae_workspace_info_init(vae_workspace_info *info) {
  vae_workspace_info_init_sized(info, sizeof *info);
}

VAE_API vae_status vae_workspace_get_info(const vae_workspace *workspace, vae_workspace_info *info, vae_error *err);

#ifdef __cplusplus
}
#endif
#endif
