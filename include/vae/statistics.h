/* What can be published about a model: log p(x) by importance sampling, the parts of its bound, and what its
 * latents do. docs/EVALUATION.md has the formulas with their sources, and what each number can and cannot say. */
#ifndef VAE_STATISTICS_H
#define VAE_STATISTICS_H

#include "workspace.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct vae_statistics_options {
  uint32_t struct_size;
  uint32_t samples;       /* L importance samples per example, 1 to VAE_MAX_SAMPLES; papers take 5000 */
  uint64_t seed;          /* of the noise, and of the order of rows in the aggregate posterior */
  double active_variance; /* a latent is active where the variance of its mean is over this; 0 to 1e6 */
  double bin_width; /* that x was rounded to, in x's units: 1e-30 to 1e30; 0: x.scale for bytes, none for floats */
  uint32_t aggregate_rows; /* M rows that stand for the aggregate posterior at a time; 0: all, but at most 10,000 */
  uint32_t reserved;       /* never read */
} vae_statistics_options;

VAE_API void vae_statistics_options_init_sized(vae_statistics_options *options, size_t struct_size);

/* 100 samples, seed 0, active over 0.01 (Burda et al. 2016), automatic bin_width and aggregate_rows. */
static inline void vae_statistics_options_init(vae_statistics_options *options) {
  vae_statistics_options_init_sized(options, sizeof *options);
}

/* An importance-sampling estimate with fewer effective samples than this rests on a few draws. */
enum { VAE_FEW_EFFECTIVE_SAMPLES = 10 };

/* What vae_statistics.warnings is made of: flags. */
typedef uint32_t vae_statistics_warnings;
enum {
  VAE_WARNING_DEGENERATE_WEIGHTS = 1, /* over a tenth of the examples have too few effective samples: log p(x) is likely
                                         too low */
  VAE_WARNING_COLLAPSE = 2,           /* most latents are inactive (of two rows or more) */
  VAE_WARNING_MUTUAL_INFORMATION = 4 /* within 1 nat of log M, the most that M rows can show, and there are more rows */
};

/* What bits_per_dimension is. */
typedef int32_t vae_bits;
enum {
  VAE_BITS_CODE_LENGTH = 0, /* of data that the likelihood gives probabilities to: binary x, Bernoulli */
  VAE_BITS_CROSS_ENTROPY =
      1,                /* greys, Bernoulli: the mean code of a black-and-white draw from x; no code for the greys */
  VAE_BITS_DENSITY = 2, /* of a density, in units of x: any sign, changes with the units */
  VAE_BITS_BINS = 3     /* of a density times bin_width, about the code length of data rounded to such bins */
};

/* "code length", "cross entropy", "density", "bins"; NULL for an unknown number. Static storage. Any thread. */
VAE_API const char *vae_bits_name(vae_bits bits);

/* Means over the examples, in nats per example unless it says otherwise; q is q(z|x), w the importance weights. */
typedef struct vae_statistics {
  uint32_t struct_size;
  vae_statistics_warnings warnings;
  uint64_t examples;            /* n */
  double log_evidence;          /* mean of log( 1/L sum_l w_l ): estimates log p(x), on average from below */
  double standard_error;        /* of that mean over examples: s / sqrt(n), NaN for one example */
  double interval_low;          /* log_evidence -+ 1.96 standard errors: 95 % for another n examples' like … */
  double interval_high;         /* … and not for the sampling's own error, which is: */
  double sampling_error;        /* of log_evidence over seeds, by the delta method; too small for degenerate weights */
  double effective_samples;     /* mean of (sum_l w_l)^2 / sum_l w_l^2, 1 to L */
  double effective_samples_min; /* the smallest of an example */
  uint64_t few_effective;       /* examples with fewer than VAE_FEW_EFFECTIVE_SAMPLES */
  double reconstruction;        /* -log p(x|z), mean over the L samples too */
  /* KL(q, p(z)) or KL(q, p(z|c)) in closed form; for a mixture or VampPrior estimated by the L samples */
  double kl;
  double negative_elbo;      /* reconstruction + kl */
  double mutual_information; /* I(x; z) under q, by M rows at a time: at most log M, and too low on average */
  /* KL(aggregate posterior, p(z)) = kl - mutual_information: as much too high; with a conditional prior the mean of
   * log q(z) - log p(z|c), of any sign */
  double aggregate_kl;
  double bits_per_dimension; /* from log_evidence, in bits: what it means is in `bits` */
  vae_bits bits;
  uint32_t active_latents;
  uint32_t aggregate_rows; /* M: the smallest batch there was */
  uint32_t reserved;       /* zero */
} vae_statistics;

VAE_API void vae_statistics_init_sized(vae_statistics *statistics, size_t struct_size);

static inline void vae_statistics_init(vae_statistics *statistics) {
  vae_statistics_init_sized(statistics, sizeof *statistics);
}

/* Where to write what belongs to a latent or an example; every pointer may be NULL. n examples, Z latents.
 * Memory is the caller's; what it holds after a call that failed is undefined. */
typedef struct vae_statistics_arrays {
  uint32_t struct_size;
  double *latent_kl; /* [Z] mean over examples of the latent's share of the KL, nats; NaN for a mixture or VampPrior */
  double *latent_variance;   /* [Z] variance over examples of the latent's mean under q: Burda et al.'s A_u */
  double *log_evidence;      /* [n] nats */
  double *effective_samples; /* [n] */
} vae_statistics_arrays;

VAE_API void vae_statistics_arrays_init_sized(vae_statistics_arrays *arrays, size_t struct_size);

/* All NULL. */
static inline void vae_statistics_arrays_init(vae_statistics_arrays *arrays) {
  vae_statistics_arrays_init_sized(arrays, sizeof *arrays);
}

/* Measures a model on all rows. The same numbers, to the bit, for any max_rows and number of threads; log_evidence is
 * minus the importance-weighted bound that vae_model_evaluate finds with the same seed and samples.
 *  x: [n, D].  options: NULL means init's.  statistics: initialised by the caller.  arrays: may be NULL.
 * Time: the decoder runs n L times. Memory beyond the workspace's, whatever L: about 20 M Z bytes and 4 n, from the
 * workspace's allocator, given back at the end.
 *  Fails: INVALID_ARGUMENT, MISMATCH, DATA, NOT_FINITE, OUT_OF_MEMORY. */
VAE_API vae_status vae_model_statistics(const vae_model *model, vae_workspace *workspace, const vae_data *x,
                                        const vae_statistics_options *options, vae_statistics *statistics,
                                        const vae_statistics_arrays *arrays, vae_error *err);

#ifdef __cplusplus
}
#endif
#endif
