/* Rows of data that the caller owns, and the loss terms that come back. */
#ifndef VAE_DATA_H
#define VAE_DATA_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef int32_t vae_data_type;
enum { VAE_DATA_FLOAT32 = 0, VAE_DATA_UINT8 = 1 };

/* x: [rows, columns], read in place and never changed or kept. A row's values lie side by side; the next row begins
 * `row_stride` values later. Bytes are converted as a mini-batch is gathered: value = byte * scale. */
typedef struct vae_data {
  uint32_t struct_size;
  vae_data_type type;
  const void *values;
  size_t rows;       /* at least 1, at most 2^32 - 1 */
  size_t columns;    /* the model's input_dim */
  size_t row_stride; /* in values; 0 means `columns` */
  double scale;      /* of UINT8 only: 1e-30 to 1e30; init sets 1/255 */
} vae_data;

VAE_API void vae_data_init_sized(vae_data *data, size_t struct_size);

/* No rows, FLOAT32, scale 1/255. */
static inline void vae_data_init(vae_data *data) { vae_data_init_sized(data, sizeof *data); }

/* Means over the examples, in nats per example, summed over dimensions.
 *  loss:           what is minimised
 *  reconstruction: -log p(x|z), normalising constants included, mean over samples
 *  kl:             KL(q(z|x), p(z)) in closed form, not multiplied by beta
 *  negative_elbo:  reconstruction + kl
 *  penalty:        what else an objective adds to the loss
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
