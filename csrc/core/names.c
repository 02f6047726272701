/* The words for enumerations, one table each. */
#include "core/names.h"

#define NAME_IN(table, index) \
  ((index) >= 0 && (size_t)(index) < sizeof(table) / sizeof *(table) ? (table)[index] : NULL)

static const char *const status_names[] = {
    [VAE_OK] = "VAE_OK",
    [VAE_ERROR_INVALID_ARGUMENT] = "VAE_ERROR_INVALID_ARGUMENT",
    [VAE_ERROR_MISMATCH] = "VAE_ERROR_MISMATCH",
    [VAE_ERROR_DATA] = "VAE_ERROR_DATA",
    [VAE_ERROR_NOT_FINITE] = "VAE_ERROR_NOT_FINITE",
    [VAE_ERROR_OUT_OF_MEMORY] = "VAE_ERROR_OUT_OF_MEMORY",
    [VAE_ERROR_IO] = "VAE_ERROR_IO",
    [VAE_ERROR_FORMAT] = "VAE_ERROR_FORMAT",
    [VAE_ERROR_UNSUPPORTED] = "VAE_ERROR_UNSUPPORTED",
    [VAE_STOPPED] = "VAE_STOPPED",
};

static const char *const activation_names[] = {
    [VAE_ACTIVATION_IDENTITY] = "identity",
    [VAE_ACTIVATION_RELU] = "relu",
    [VAE_ACTIVATION_LEAKY_RELU] = "leaky_relu",
    [VAE_ACTIVATION_TANH] = "tanh",
    [VAE_ACTIVATION_SIGMOID] = "sigmoid",
    [VAE_ACTIVATION_ELU] = "elu",
    [VAE_ACTIVATION_SILU] = "silu",
    [VAE_ACTIVATION_GELU] = "gelu",
    [VAE_ACTIVATION_SOFTPLUS] = "softplus",
};

static const char *const likelihood_names[] = {
    [VAE_LIKELIHOOD_BERNOULLI] = "bernoulli",
    [VAE_LIKELIHOOD_GAUSSIAN] = "gaussian",
    [VAE_LIKELIHOOD_CONTINUOUS_BERNOULLI] = "continuous_bernoulli",
    [VAE_LIKELIHOOD_LAPLACE] = "laplace",
    [VAE_LIKELIHOOD_LOG_COSH] = "log_cosh",
    [VAE_LIKELIHOOD_POISSON] = "poisson",
    [VAE_LIKELIHOOD_CATEGORICAL] = "categorical",
    [VAE_LIKELIHOOD_NEGATIVE_BINOMIAL] = "negative_binomial",
    [VAE_LIKELIHOOD_STUDENT_T] = "student_t",
};

static const char *const sigma_kind_names[] = {
    [VAE_SIGMA_FIXED] = "fixed",
    [VAE_SIGMA_GLOBAL] = "global",
    [VAE_SIGMA_PER_OUTPUT] = "per_output",
};

static const char *const prior_names[] = {
    [VAE_PRIOR_STANDARD] = "standard",
    [VAE_PRIOR_CONDITIONAL] = "conditional",
    [VAE_PRIOR_MIXTURE] = "mixture",
    [VAE_PRIOR_VAMP] = "vamp",
};

static const char *const objective_names[] = {[VAE_OBJECTIVE_ELBO] = "elbo", [VAE_OBJECTIVE_IWAE] = "iwae"};

static const char *const estimator_names[] = {
    [VAE_ESTIMATOR_PLAIN] = "plain", [VAE_ESTIMATOR_DOUBLY_REPARAMETERIZED] = "doubly_reparameterized"};

static const char *const regularizer_names[] = {
    [VAE_REGULARIZER_NONE] = "none",
    [VAE_REGULARIZER_TC] = "tc",
    [VAE_REGULARIZER_DIP_I] = "dip_i",
    [VAE_REGULARIZER_DIP_II] = "dip_ii",
    [VAE_REGULARIZER_MMD_RBF] = "mmd_rbf",
    [VAE_REGULARIZER_MMD_IMQ] = "mmd_imq",
    [VAE_REGULARIZER_SLICED_WASSERSTEIN] = "sliced_wasserstein",
};

static const char *const binarization_names[] = {
    [VAE_BINARIZATION_NONE] = "none", [VAE_BINARIZATION_DYNAMIC] = "dynamic"};

static const char *const rate_schedule_names[] = {
    [VAE_RATE_CONSTANT] = "constant", [VAE_RATE_EXPONENTIAL] = "exponential",
    [VAE_RATE_COSINE] = "cosine",     [VAE_RATE_STEPS] = "steps",
    [VAE_RATE_BURDA] = "burda",
};

static const char *const warm_up_names[] = {
    [VAE_WARM_UP_NONE] = "none", [VAE_WARM_UP_LINEAR] = "linear", [VAE_WARM_UP_CYCLIC] = "cyclic"};

const char *vaei_status_name(vae_status status) {
  const char *name = NAME_IN(status_names, status);
  return name ? name : "unknown status";
}
const char *vaei_activation_name(vae_activation activation) { return NAME_IN(activation_names, activation); }
const char *vaei_likelihood_name(vae_likelihood likelihood) { return NAME_IN(likelihood_names, likelihood); }
const char *vaei_sigma_kind_name(vae_sigma_kind kind) { return NAME_IN(sigma_kind_names, kind); }
const char *vaei_prior_name(vae_prior prior) { return NAME_IN(prior_names, prior); }
const char *vaei_objective_name(vae_objective_kind kind) { return NAME_IN(objective_names, kind); }
const char *vaei_estimator_name(vae_estimator estimator) { return NAME_IN(estimator_names, estimator); }
const char *vaei_regularizer_name(vae_regularizer regularizer) { return NAME_IN(regularizer_names, regularizer); }
const char *vaei_binarization_name(vae_binarization binarization) { return NAME_IN(binarization_names, binarization); }
const char *vaei_rate_schedule_name(vae_rate_schedule schedule) { return NAME_IN(rate_schedule_names, schedule); }
const char *vaei_warm_up_name(vae_warm_up warm_up) { return NAME_IN(warm_up_names, warm_up); }

static const char *const isa_names[] = {
    [VAE_ISA_AUTO] = "auto",     [VAE_ISA_PORTABLE] = "portable", [VAE_ISA_AVX2] = "avx2",
    [VAE_ISA_AVX512] = "avx512", [VAE_ISA_NEON] = "neon",
};

static const char *const precision_names[] = {
    [VAE_PRECISION_FLOAT32] = "float32",
    [VAE_PRECISION_BFLOAT16] = "bf16",
    [VAE_PRECISION_INT8] = "int8",
};

const char *vaei_precision_name(vae_precision precision) { return NAME_IN(precision_names, precision); }

const char *vaei_isa_name(vae_isa isa) { return NAME_IN(isa_names, isa); }

static const char *const bits_names[] = {
    [VAE_BITS_CODE_LENGTH] = "code length",
    [VAE_BITS_CROSS_ENTROPY] = "cross entropy",
    [VAE_BITS_DENSITY] = "density",
    [VAE_BITS_BINS] = "bins",
};

const char *vaei_bits_name(vae_bits bits) { return NAME_IN(bits_names, bits); }
