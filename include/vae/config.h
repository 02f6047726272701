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
  VAE_LIKELIHOOD_LAPLACE = 3,     /* located; sigma is the mean of |x - location| */
  VAE_LIKELIHOOD_LOG_COSH = 4,    /* located: -log p = log cosh((x - location) / sigma) + log(pi sigma) */
  VAE_LIKELIHOOD_POISSON = 5,     /* counts, whole numbers from 0 to 2^22; mean softplus(o) */
  VAE_LIKELIHOOD_CATEGORICAL = 6, /* groups of columns (vae_config.groups) with a single 1 in each; mean softmax(o) */
  /* Counts, whole numbers from 0 to 2^22; mean softplus(o), variance mean + mean^2 / dispersion with a learned dispersion
   * for each column: exp of the tensor decoder.log_dispersion [D]. */
  VAE_LIKELIHOOD_NEGATIVE_BINOMIAL = 7,
  /* Location output_activation(o); scale and degrees of freedom learned for each column: exp of the tensors
   * decoder.log_scale [D] and decoder.log_df [D]. Takes no sigma_kind. */
  VAE_LIKELIHOOD_STUDENT_T = 8
};

/* "bernoulli", "gaussian", "continuous_bernoulli", "laplace", "log_cosh", "poisson", "categorical",
 * "negative_binomial", "student_t"; NULL for an unknown number. Static storage. Any thread. */
VAE_API const char *vae_likelihood_name(vae_likelihood likelihood);

/* What p(x given z) is described by, as vae_model_likelihood_parameters gives it: "probability" (Bernoulli, categorical),
 * "lambda" (continuous Bernoulli), "location" and "scale" (located ones), "rate" (Poisson), "mean" and "dispersion"
 * (negative binomial), "location", "scale" and "df" (Student-t). NULL from the likelihood's number of parameters on, and
 * for an unknown likelihood. Static storage. Any thread. */
VAE_API const char *vae_likelihood_parameter_name(vae_likelihood likelihood, uint32_t index);

/* p(z). */
typedef int32_t vae_prior;
enum {
  VAE_PRIOR_STANDARD = 0, /* standard normal */
  /* p(z|c), a diagonal Gaussian from a net of its own (Sohn, Lee & Yan 2015): hidden layers vae_config.prior_net on c, then
   * two heads, the tensors prior.mean and prior.logvar. Needs a condition. */
  VAE_PRIOR_CONDITIONAL = 1,
  /* vae_config.prior_components learned Gaussians: the tensors prior.mixture.logits [K], .mean [K, Z], .logvar [K, Z]. */
  VAE_PRIOR_MIXTURE = 2,
  /* The mean of q(z|u) over vae_config.prior_components learned pseudo-inputs u: the tensor prior.pseudo_inputs [K, D]
   * (Tomczak & Welling 2018, eq. 9). Takes no condition. */
  VAE_PRIOR_VAMP = 3
};

/* "standard", "conditional", "mixture", "vamp"; NULL for an unknown number. Static storage. Any thread. */
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
  VAE_MAX_DIM = 1 << 24,    /* of input_dim, latent_dim, units */
  VAE_MAX_LAYERS = 64,      /* hidden layers of one stack */
  VAE_MAX_GROUPS = 4096,    /* of a categorical likelihood */
  VAE_MAX_COMPONENTS = 4096 /* of a mixture or VampPrior */
};

/* A model's configuration. The layer arrays stay the caller's and are copied by vae_model_create; they are strided by
 * the first element's struct_size. A stack may be empty (NULL, 0): a linear encoder or decoder. */
typedef struct vae_config {
  uint32_t struct_size;
  uint32_t input_dim;     /* D, at least 1 */
  uint32_t condition_dim; /* C: columns of the condition, or classes of its labels; 0: none */
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
  uint32_t reserved;          /* never read */
  const vae_layer *prior_net; /* hidden layers of a conditional prior; NULL and 0 for others */
  uint32_t prior_net_count;
  uint32_t prior_components; /* K of a mixture or VampPrior, 1 to VAE_MAX_COMPONENTS; 0 for others */
} vae_config;

VAE_API void vae_config_init_sized(vae_config *config, size_t struct_size);

/* No dimensions, no condition, no hidden layers, standard prior, Bernoulli, identity output, sigma 1, no groups. */
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

/* The gradient of the importance-weighted bound for q's parameters. Doubly reparameterised (Tucker et al. 2019, eq. 8): the
 * squares of the normalised weights times the gradient along the path, with less variance for many samples; the
 * decoder, the prior net and pseudo-inputs keep the plain gradient. */
typedef int32_t vae_estimator;
enum { VAE_ESTIMATOR_PLAIN = 0, VAE_ESTIMATOR_DOUBLY_REPARAMETERIZED = 1 };

/* "plain", "doubly_reparameterized"; NULL for an unknown number. Static storage. Any thread. */
VAE_API const char *vae_estimator_name(vae_estimator estimator);

/* What couples the examples of a mini-batch: regularizer_weight times R is added to the ELBO's loss as a penalty. It takes
 * the batch's q and the first latent sample of each example, and is zero for a batch of one row.
 *  TC: the total correlation KL(q(z), prod q(z_j)) by minibatch-weighted sampling with objective.data_rows (Chen et al. 2018,
 *   section 4; their beta is regularizer_weight + 1).
 *  DIP_I, DIP_II: regularizer_weight times the sum of squared covariances off the diagonal, and regularizer_diagonal
 *   times that of (variance - 1)^2, of q's means (I), or with the mean variances of q added to the diagonal (II) (Kumar et al.
 *   2018, eqs. 6 and 7).
 *  MMD_RBF, MMD_IMQ: the squared maximum mean discrepancy between the batch's z and draws from the prior (Zhao et al. 2019;
 *   Tolstikhin et al. 2018): kernels exp(-|a - b|^2 / s) and s / (s + |a - b|^2), s = kernel_scale, 0: 2 Z.
 *  SLICED_WASSERSTEIN: the mean over `projections` random directions of the mean squared distance of sorted projections of
 *   z and of draws from the prior (Kolouri et al. 2019). */
typedef int32_t vae_regularizer;
enum {
  VAE_REGULARIZER_NONE = 0,
  VAE_REGULARIZER_TC = 1,
  VAE_REGULARIZER_DIP_I = 2,
  VAE_REGULARIZER_DIP_II = 3,
  VAE_REGULARIZER_MMD_RBF = 4,
  VAE_REGULARIZER_MMD_IMQ = 5,
  VAE_REGULARIZER_SLICED_WASSERSTEIN = 6
};

/* "none", "tc", "dip_i", "dip_ii", "mmd_rbf", "mmd_imq", "sliced_wasserstein"; NULL for an unknown number. Static storage.
 * Any thread. */
VAE_API const char *vae_regularizer_name(vae_regularizer regularizer);

/* docs/OBJECTIVES.md has a table of what combines. */
typedef struct vae_objective {
  uint32_t struct_size;
  vae_objective_kind kind;
  uint32_t samples; /* K latent samples per example, 1 to VAE_MAX_SAMPLES */
  double beta;      /* weight of the KL, 0 to 1e6; must be 1 for IWAE */
  vae_binarization binarization;
  vae_estimator estimator; /* of IWAE */
  /* ELBO: each latent's KL, averaged over the batch, counts as at least free_bits nats (Kingma et al. 2016, eq. 15). 0: off;
   * at most 1e6. */
  double free_bits;
  /* ELBO: capacity_weight |batch mean of the KL - capacity| is added to the loss, in nats (Burgess et al. 2018, eq. 8, with
   * beta 0). 0 to 1e6 each; capacity_weight 0: off. */
  double capacity;
  double capacity_weight;
  vae_regularizer regularizer; /* of the ELBO */
  uint32_t projections;        /* SLICED_WASSERSTEIN: 1 to 65,536; 0: 50 */
  double regularizer_weight;   /* 0 to 1e9; TC: -1 to 1e9 */
  double regularizer_diagonal; /* DIP: 0 to 1e9 */
  double kernel_scale;         /* MMD: 1e-6 to 1e12; 0: 2 Z */
  uint64_t data_rows;    /* TC: rows of the data set; 0: those of the data that an epoch or an evaluation is given */
  uint64_t reserved[15]; /* zero; room for later fields, since vae_training holds this struct by value */
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
   * weights) are rounded to bfloat16. Needs AVX-512 with AVX512_BF16, or NEON with FEAT_BF16 on Linux;
   * elsewhere a trainer is refused with VAE_ERROR_UNSUPPORTED. INT8 is refused always. */
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
  double capacity_epochs; /* objective.capacity is reached linearly after so many epochs, 0 to 1e9; 0: from the start */
  /* Each output of a hidden layer of encoder and decoder is zero with this probability, and divided by 1 - dropout
   * otherwise (Srivastava et al. 2014, inverted), drawn anew in every step of training; 0 to 0.95. Evaluation drops nothing. */
  double dropout;
} vae_training;

VAE_API void vae_training_init_sized(vae_training *training, size_t struct_size);

/* Batch 128, the ELBO, Adam with 1e-3, 0.9, 0.999, 1e-8 (Kingma & Ba 2015), seed 0, automatic threads and isa, float32;
 * everything behind precision_fallback zero. */
static inline void vae_training_init(vae_training *training) { vae_training_init_sized(training, sizeof *training); }

#ifdef __cplusplus
}
#endif
#endif
