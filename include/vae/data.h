/* Rows of data that the caller owns, and the loss terms that come back. */
#ifndef VAE_DATA_H
#define VAE_DATA_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef int32_t vae_data_type;
enum { VAE_DATA_FLOAT32 = 0, VAE_DATA_UINT8 = 1 };

/* How a condition's values are given. Labels are whole numbers from 0 to C - 1 and stand for a row with a single 1; they are
 * expanded as a mini-batch is gathered. */
typedef int32_t vae_condition_type;
enum {
  VAE_CONDITION_FLOAT32 = 0,
  VAE_CONDITION_UINT8 = 1, /* value = byte * scale */
  VAE_CONDITION_LABELS_UINT8 = 2,
  VAE_CONDITION_LABELS_UINT32 = 3
};

/* c, the condition of some rows: [rows, C], or [rows] labels; read in place and never changed or kept. */
typedef struct vae_condition {
  uint32_t struct_size;
  vae_condition_type type;
  const void *values;
  size_t rows;       /* as many as there are rows of what it goes with; or 1: the same for all */
  size_t row_stride; /* in values; 0 means C, or 1 for labels */
  double scale;      /* of UINT8 only: 1e-30 to 1e30; init sets 1/255 */
} vae_condition;

VAE_API void vae_condition_init_sized(vae_condition *condition, size_t struct_size);

/* No rows, FLOAT32, scale 1/255. */
static inline void vae_condition_init(vae_condition *condition) {
  vae_condition_init_sized(condition, sizeof *condition);
}

/* x: [rows, columns], read in place and never changed or kept. A row's values lie side by side; the next row begins
 * `row_stride` values later. Bytes are converted as a mini-batch is gathered: value = byte * scale. */
typedef struct vae_data {
  uint32_t struct_size;
  vae_data_type type;
  const void *values;
  size_t rows;                    /* at least 1, at most 2^32 - 1 */
  size_t columns;                 /* the model's input_dim */
  size_t row_stride;              /* in values; 0 means `columns` */
  double scale;                   /* of UINT8 only: 1e-30 to 1e30; init sets 1/255 */
  const vae_condition *condition; /* of a model with a condition; else NULL */
} vae_data;

VAE_API void vae_data_init_sized(vae_data *data, size_t struct_size);

/* No rows, FLOAT32, scale 1/255, no condition. */
static inline void vae_data_init(vae_data *data) { vae_data_init_sized(data, sizeof *data); }

/* Means over the examples, in nats per example, summed over dimensions.
 *  loss:           what is minimised
 *  reconstruction: -log p(x|z), normalising constants included, mean over samples
 *  kl:             KL(q(z|x), p(z)), not multiplied by beta: in closed form where q and p(z) are Gaussians; with a mixture or
 *                  a VampPrior the mean over the samples of log q(z|x) - log p(z)
 *  negative_elbo:  reconstruction + kl
 *  penalty:        what else an objective adds to the loss: beta times what free bits add to the KL, the distance from
 *                  the capacity, the regularizer
 * For the ELBO loss = reconstruction + beta kl + penalty; for IWAE loss is the negative bound. */
typedef struct vae_loss {
  uint32_t struct_size;
  uint64_t examples;
  double loss;
  double reconstruction;
  double kl;
  double negative_elbo;
  double penalty;
  double reserved[8]; /* zero; room for later fields, since vae_progress holds this struct by value */
} vae_loss;

VAE_API void vae_loss_init_sized(vae_loss *loss, size_t struct_size);

static inline void vae_loss_init(vae_loss *loss) { vae_loss_init_sized(loss, sizeof *loss); }

/* Where to write the terms of each example; every pointer may be NULL. n examples, K samples, D inputs, Z latents.
 * Memory is the caller's; what it holds after a call that failed is undefined. */
typedef struct vae_terms {
  uint32_t struct_size;
  float *loss;           /* [n]       each example's share: the mean of it is vae_loss.loss */
  float *kl;             /* [n]       closed form, nats */
  float *reconstruction; /* [n]       mean over samples of -log p(x|z), nats */
  float *sample_nll;     /* [K, n]    -log p(x|z_k), nats */
  float *mean;           /* [n, Z]    of q(z|x) */
  float *logvar;         /* [n, Z]    of q(z|x), clamped to [-20, 20] */
  float *z;              /* [K, n, Z] */
  float *output;         /* [K, n, D] the likelihood's mean */
} vae_terms;

VAE_API void vae_terms_init_sized(vae_terms *terms, size_t struct_size);

/* All NULL. */
static inline void vae_terms_init(vae_terms *terms) { vae_terms_init_sized(terms, sizeof *terms); }

#ifdef __cplusplus
}
#endif
#endif
