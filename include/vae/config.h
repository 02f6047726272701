/* The description of a model: a point in the model space (network, latent, prior, likelihood). */
#ifndef VAE_CONFIG_H
#define VAE_CONFIG_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Elementwise activations. In files and on the command line they are written as in vae_activation_name. */
typedef int32_t vae_activation;
enum {
  VAE_ACTIVATION_IDENTITY = 0,
  VAE_ACTIVATION_RELU = 1,
  VAE_ACTIVATION_LEAKY_RELU = 2, /* slope 0.2 below zero */
  VAE_ACTIVATION_TANH = 3,
  VAE_ACTIVATION_SIGMOID = 4,
  VAE_ACTIVATION_ELU = 5, /* alpha 1 */
  VAE_ACTIVATION_SILU = 6,
  VAE_ACTIVATION_GELU = 7, /* the exact form, x Phi(x) */
  VAE_ACTIVATION_SOFTPLUS = 8
};

/* "relu", "leaky_relu", … ; NULL for an unknown number. Static storage. Any thread. */
VAE_API const char *vae_activation_name(vae_activation activation);

/* p(x given z): independent columns, but for the groups of a categorical one. o: the decoder's output.
 * "Located" likelihoods have a location, output_activation(o), and a scale sigma (vae_sigma_kind); the others need the
 * identity as their output activation and a sigma_kind of 0. The mean is what decode, reconstruct and sample give. */
typedef int32_t vae_likelihood;
enum {
  VAE_LIKELIHOOD_BERNOULLI = 0, /* logits; data in [0, 1]; mean sigmoid(o) */
  VAE_LIKELIHOOD_GAUSSIAN = 1,  /* located; sigma is its standard deviation */
  /* A density on [0, 1] (Loaiza-Ganem & Cunningham 2019), on logits. In place of the mean comes its parameter lambda =
   * sigmoid(o). */
  VAE_LIKELIHOOD_CONTINUOUS_BERNOULLI = 2,
  VAE_LIKELIHOOD_LAPLACE = 3,    /* located; sigma is the mean of |x - location| */
  VAE_LIKELIHOOD_LOG_COSH = 4,   /* located: -log p = log cosh((x - location) / sigma) + log(pi sigma) */
  VAE_LIKELIHOOD_POISSON = 5,    /* counts, whole numbers from 0 to 2^22; mean softplus(o) */
  VAE_LIKELIHOOD_CATEGORICAL = 6 /* groups of columns (vae_config.groups) with a single 1 in each; mean softmax(o) */
};

/* "bernoulli", "gaussian", "continuous_bernoulli", "laplace", "log_cosh", "poisson", "categorical"; NULL for an unknown
 * number. Static storage. Any thread. */
VAE_API const char *vae_likelihood_name(vae_likelihood likelihood);

/* p(z). */
typedef int32_t vae_prior;
enum { VAE_PRIOR_STANDARD = 0 /* standard normal */ };

/* "standard"; NULL for an unknown number. Static storage. Any thread. */
VAE_API const char *vae_prior_name(vae_prior prior);

/* How the scale of a located likelihood is found. A learned one begins near 1; its log stays within [-10, 10]. */
typedef int32_t vae_sigma_kind;
enum {
  VAE_SIGMA_FIXED = 0,     /* the number in vae_config.sigma */
  VAE_SIGMA_GLOBAL = 1,    /* learned, one number for all columns: exp of the tensor decoder.log_sigma [1] */
  VAE_SIGMA_PER_OUTPUT = 2 /* a second head of the decoder, decoder.logvar: exp(logvar / 2) for each row and column */
};

/* "fixed", "global", "per_output"; NULL for an unknown number. Static storage. Any thread. */
VAE_API const char *vae_sigma_kind_name(vae_sigma_kind kind);

/* A hidden dense layer: units (1 to VAE_MAX_DIM) and the activation after it. */
typedef struct vae_layer {
  uint32_t struct_size;
  uint32_t units;
  vae_activation activation;
} vae_layer;

VAE_API void vae_layer_init_sized(vae_layer *layer, size_t struct_size);

/* Zero units, ReLU. */
static inline void vae_layer_init(vae_layer *layer) { vae_layer_init_sized(layer, sizeof *layer); }

/* Limits. A model beyond them is refused with VAE_ERROR_INVALID_ARGUMENT. */
enum {
  VAE_MAX_DIM = 1 << 24, /* of input_dim, latent_dim, units */
  VAE_MAX_LAYERS = 64,   /* hidden layers of one stack */
  VAE_MAX_GROUPS = 4096  /* of a categorical likelihood */
};

/* A model's configuration. The layer arrays stay the caller's and are copied by vae_model_create; they are strided by
 * the first element's struct_size. A stack may be empty (NULL, 0): a linear encoder or decoder. */
typedef struct vae_config {
  uint32_t struct_size;
  uint32_t input_dim;     /* D, at least 1 */
  uint32_t condition_dim; /* C; must be 0 in this version */
  uint32_t latent_dim;    /* Z, at least 1 */
  const vae_layer *encoder;
  const vae_layer *decoder;
  uint32_t encoder_count;
  uint32_t decoder_count;
  vae_prior prior;
  vae_likelihood likelihood;
  vae_activation output_activation; /* of a located likelihood's location; must be the identity for others */
  vae_sigma_kind sigma_kind;        /* must be FIXED for likelihoods that are not located */
  double sigma; /* scale of a located likelihood, in units of the data; 1e-4 to 1e4, and 1 where it is learned */
  /* Of a categorical likelihood: the columns of each of its variables, one after the other; each at least 2, their sum
   * input_dim, at most VAE_MAX_GROUPS. The array stays the caller's and is copied by vae_model_create. NULL and 0 for other likelihoods. */
  const uint32_t *groups;
  uint32_t group_count;
  uint32_t reserved; /* never read */
} vae_config;

VAE_API void vae_config_init_sized(vae_config *config, size_t struct_size);

/* No dimensions, no hidden layers, standard prior, Bernoulli, identity output, sigma 1, no groups. */
static inline void vae_config_init(vae_config *config) { vae_config_init_sized(config, sizeof *config); }

/* What is minimised.
 * ELBO (Kingma & Welling 2014, eq. 7 with `samples` draws):
 *   mean over examples of [ mean over samples of -log p(x|z) + beta KL(q(z|x), p(z)) ].
 * IWAE (Burda, Grosse & Salakhutdinov 2016, eq. 8): minus the mean over examples of
 *   log( 1/K sum_k p(x, z_k) / q(z_k|x) ). It takes no beta. */
typedef int32_t vae_objective_kind;
enum { VAE_OBJECTIVE_ELBO = 0, VAE_OBJECTIVE_IWAE = 1 };

/* "elbo", "iwae"; NULL for an unknown number. Static storage. Any thread. */
VAE_API const char *vae_objective_name(vae_objective_kind kind);

enum { VAE_MAX_SAMPLES = 1 << 16 };

/* What becomes of grey data, values between 0 and 1, before the model sees them.
 * DYNAMIC: every value x is replaced by 1 with probability x, else by 0, drawn anew in every step (Salakhutdinov &
 * Murray 2008; Burda et al. 2016) as a function of the seed, the step and the place in the mini-batch; in evaluation
 * as a function of the seed and the row. For a Bernoulli likelihood only. */
typedef int32_t vae_binarization;
enum { VAE_BINARIZATION_NONE = 0, VAE_BINARIZATION_DYNAMIC = 1 };

/* "none", "dynamic"; NULL for an unknown number. Static storage. Any thread. */
VAE_API const char *vae_binarization_name(vae_binarization binarization);

typedef struct vae_objective {
  uint32_t struct_size;
  vae_objective_kind kind;
  uint32_t samples; /* K latent samples per example, 1 to VAE_MAX_SAMPLES */
  double beta;      /* weight of the KL, 0 to 1e6; must be 1 for IWAE */
  vae_binarization binarization;
  uint32_t reserved32;   /* zero */
  uint64_t reserved[23]; /* zero; room for later fields, since vae_training holds this struct by value */
} vae_objective;

VAE_API void vae_objective_init_sized(vae_objective *objective, size_t struct_size);

/* ELBO, one sample, beta 1. */
static inline void vae_objective_init(vae_objective *objective) {
  vae_objective_init_sized(objective, sizeof *objective);
}

/* The learning rate over time. t is the time in passes over the data: the epochs finished and the part of the running
 * one that is done, so that a mini-batch's rate is a function of counters. vae_trainer_step does not move it.
 *  EXPONENTIAL: learning_rate rate_decay^t.
 *  COSINE: rate_floor + (learning_rate - rate_floor) (1 + cos(pi t / rate_epochs)) / 2 up to rate_epochs, then
 *   rate_floor (Loshchilov & Hutter 2017, eq. 5, without restarts).
 *  STEPS: learning_rate rate_decay^m after m of rate_milestones.
 *  BURDA: learning_rate 10^(-i/7) for 3^i passes, i = 0 to 7, 3280 in all, and the last rate after them (Burda et al.
 *   2016, section 5, with learning_rate 1e-3). */
typedef int32_t vae_rate_schedule;
enum { VAE_RATE_CONSTANT = 0, VAE_RATE_EXPONENTIAL = 1, VAE_RATE_COSINE = 2, VAE_RATE_STEPS = 3, VAE_RATE_BURDA = 4 };

/* "constant", "exponential", "cosine", "steps", "burda"; NULL for an unknown number. Static storage. Any thread. */
VAE_API const char *vae_rate_schedule_name(vae_rate_schedule schedule);

enum { VAE_MAX_MILESTONES = 16 };

/* The weight of the KL over time: objective.beta times a factor from 0 to 1. Time t as for the learning rate. What
 * evaluation measures is not warmed up: it takes the beta that it is given.
 *  LINEAR: t / warm_up_epochs, then 1 (Bowman et al. 2016; Sonderby et al. 2016).
 *  CYCLIC: warm_up_cycles equal cycles within warm_up_epochs; each rises linearly from 0 to 1 over its first
 *   warm_up_share and stays there (Fu et al. 2019, eqs. 6 and 7); 1 after the last. */
typedef int32_t vae_warm_up;
enum { VAE_WARM_UP_NONE = 0, VAE_WARM_UP_LINEAR = 1, VAE_WARM_UP_CYCLIC = 2 };

/* "none", "linear", "cyclic"; NULL for an unknown number. Static storage. Any thread. */
VAE_API const char *vae_warm_up_name(vae_warm_up warm_up);

/* How a model is trained. Kept in model files under "training" (but for threads, isa, keep_gradients and
 * precision_fallback, which change no result that a file should tell of). */
typedef struct vae_training {
  uint32_t struct_size;
  uint32_t batch_size; /* rows of a mini-batch, 1 to 2^20; the last one of an epoch may be smaller */
  vae_objective objective;
  double learning_rate; /* Adam's alpha, over 0, at most 1e3 */
  double beta1;         /* in [0, 1) */
  double beta2;         /* in [0, 1) */
  double epsilon;       /* 1e-30 to 1e3; outside the root */
  uint64_t seed;        /* of shuffling and noise */
  int32_t threads;      /* 0: VAE_THREADS, else OMP_NUM_THREADS, else the processors that the process may use */
  vae_isa isa;
  int32_t keep_gradients; /* 1: every step leaves its gradients to be read by name (a little slower) */
  uint32_t reserved;      /* never read: it was padding before there was a precision */
  /* BFLOAT16: the operands of matrix products (data, latent samples, hidden outputs, gradients of activations, a copy of the
   * weights) are rounded to bfloat16. Needs AVX-512 with AVX512_BF16; without it a trainer is refused with
   * VAE_ERROR_UNSUPPORTED. INT8 is refused always. */
  vae_precision precision;
  int32_t precision_fallback; /* 1: where BFLOAT16 cannot be had, train in float32; vae_trainer_info says which */
  vae_rate_schedule rate_schedule;
  vae_warm_up warm_up; /* of the ELBO's beta; refused for IWAE, which has none */
  double rate_decay;   /* EXPONENTIAL, STEPS: over 0, at most 1 */
  double rate_epochs;  /* COSINE: over 0, at most 1e9 */
  double rate_floor;   /* COSINE: 0 to learning_rate */
  /* STEPS: epochs after which the rate falls, at least one, rising; zeros behind them. */
  uint32_t rate_milestones[VAE_MAX_MILESTONES];
  double warm_up_epochs; /* LINEAR, CYCLIC: over 0, at most 1e9 */
  double warm_up_share;  /* CYCLIC: over 0, at most 1 */
  /* AdamW (Loshchilov & Hutter 2019, algorithm 2): a step also takes the step's learning rate times weight_decay of
   * every weight itself, and nothing of biases. 0 to 1e3; 0 is Adam. */
  double weight_decay;
  /* Where the L2 norm of all gradients together is over this, they are scaled down to it (Pascanu et al. 2013) before
   * Adam takes them, and before they can be read by name. 0: no limit; else 1e-30 to 1e30. A little slower, as
   * keep_gradients. */
  double clip_norm;
  uint32_t warm_up_cycles; /* CYCLIC: 1 to 2^20 */
  uint32_t patience;       /* epochs without a better held-out loss after which vae_trainer_judge says stop; 0: never */
} vae_training;

VAE_API void vae_training_init_sized(vae_training *training, size_t struct_size);

/* Batch 128, the ELBO, Adam with 1e-3, 0.9, 0.999, 1e-8 (Kingma & Ba 2015), seed 0, automatic threads and isa, float32;
 * everything behind precision_fallback zero. */
static inline void vae_training_init(vae_training *training) { vae_training_init_sized(training, sizeof *training); }

#ifdef __cplusplus
}
#endif
#endif
