// The sets of values that configurations choose from, with their names in model files, and versions. See vae.hpp.
#ifndef VAE_NAMES_HPP
#define VAE_NAMES_HPP

#include <vae/vae.h>

#include <cstdint>

namespace vae {

// Elementwise activations (config.h has the constants of leaky_relu, elu and gelu).
enum class Activation : vae_activation {
  identity = VAE_ACTIVATION_IDENTITY,
  relu = VAE_ACTIVATION_RELU,
  leaky_relu = VAE_ACTIVATION_LEAKY_RELU,
  tanh = VAE_ACTIVATION_TANH,
  sigmoid = VAE_ACTIVATION_SIGMOID,
  elu = VAE_ACTIVATION_ELU,
  silu = VAE_ACTIVATION_SILU,
  gelu = VAE_ACTIVATION_GELU,
  softplus = VAE_ACTIVATION_SOFTPLUS
};

// p(x given z); config.h says what data each takes.
enum class Likelihood : vae_likelihood {
  bernoulli = VAE_LIKELIHOOD_BERNOULLI,
  gaussian = VAE_LIKELIHOOD_GAUSSIAN,
  continuous_bernoulli = VAE_LIKELIHOOD_CONTINUOUS_BERNOULLI,
  laplace = VAE_LIKELIHOOD_LAPLACE,
  log_cosh = VAE_LIKELIHOOD_LOG_COSH,
  poisson = VAE_LIKELIHOOD_POISSON,
  categorical = VAE_LIKELIHOOD_CATEGORICAL,
  negative_binomial = VAE_LIKELIHOOD_NEGATIVE_BINOMIAL,
  student_t = VAE_LIKELIHOOD_STUDENT_T
};

// How the scale of a gaussian, laplace or log_cosh likelihood is found: Config::sigma, or learned.
enum class SigmaKind : vae_sigma_kind {
  fixed = VAE_SIGMA_FIXED,
  global = VAE_SIGMA_GLOBAL,
  per_output = VAE_SIGMA_PER_OUTPUT
};

// p(z): standard normal; p(z|c) from a net of its own (Sohn, Lee & Yan 2015); a learned mixture of Gaussians; the mean
// of q over learned pseudo-inputs (Tomczak & Welling 2018).
enum class Prior : vae_prior {
  standard = VAE_PRIOR_STANDARD,
  conditional = VAE_PRIOR_CONDITIONAL,
  mixture = VAE_PRIOR_MIXTURE,
  vamp = VAE_PRIOR_VAMP
};

// What is minimised: the evidence lower bound, or the importance-weighted bound.
enum class ObjectiveKind : vae_objective_kind { elbo = VAE_OBJECTIVE_ELBO, iwae = VAE_OBJECTIVE_IWAE };

// The gradient of the importance-weighted bound; doubly_reparameterized is Tucker et al.'s (2019), for q's parameters.
enum class Estimator : vae_estimator {
  plain = VAE_ESTIMATOR_PLAIN,
  doubly_reparameterized = VAE_ESTIMATOR_DOUBLY_REPARAMETERIZED
};

// What couples the examples of a mini-batch, as a penalty; config.h has the formulas and their sources.
enum class Regularizer : vae_regularizer {
  none = VAE_REGULARIZER_NONE,
  tc = VAE_REGULARIZER_TC,
  dip_i = VAE_REGULARIZER_DIP_I,
  dip_ii = VAE_REGULARIZER_DIP_II,
  mmd_rbf = VAE_REGULARIZER_MMD_RBF,
  mmd_imq = VAE_REGULARIZER_MMD_IMQ,
  sliced_wasserstein = VAE_REGULARIZER_SLICED_WASSERSTEIN
};

// What becomes of grey data: dynamic draws 0 or 1 with the value as probability, anew in every step.
enum class Binarization : vae_binarization { none = VAE_BINARIZATION_NONE, dynamic = VAE_BINARIZATION_DYNAMIC };

// The learning rate over the passes over the data; config.h has the formulas.
enum class RateSchedule : vae_rate_schedule {
  constant = VAE_RATE_CONSTANT,
  exponential = VAE_RATE_EXPONENTIAL,
  cosine = VAE_RATE_COSINE,
  steps = VAE_RATE_STEPS,
  burda = VAE_RATE_BURDA
};

// The weight of the KL over the passes; config.h has the formulas.
enum class WarmUp : vae_warm_up { none = VAE_WARM_UP_NONE, linear = VAE_WARM_UP_LINEAR, cyclic = VAE_WARM_UP_CYCLIC };

// The kernels' instruction set; automatic takes VAE_ISA, else the best that the machine has.
enum class Isa : vae_isa {
  automatic = VAE_ISA_AUTO,
  portable = VAE_ISA_PORTABLE,
  avx2 = VAE_ISA_AVX2,
  avx512 = VAE_ISA_AVX512,
  neon = VAE_ISA_NEON
};

// What matrix products are computed in (training), or weights are kept in (inference copies).
enum class Precision : vae_precision {
  float32 = VAE_PRECISION_FLOAT32,
  bfloat16 = VAE_PRECISION_BFLOAT16,
  int8 = VAE_PRECISION_INT8
};

// The name in model files, "leaky_relu"; NULL for an unknown number. Static storage. Any thread.
inline const char *name(Status value) noexcept { return vae_status_name(vae_status(value)); }
inline const char *name(Activation value) noexcept { return vae_activation_name(vae_activation(value)); }
inline const char *name(Likelihood value) noexcept { return vae_likelihood_name(vae_likelihood(value)); }
inline const char *name(SigmaKind value) noexcept { return vae_sigma_kind_name(vae_sigma_kind(value)); }
inline const char *name(Prior value) noexcept { return vae_prior_name(vae_prior(value)); }
inline const char *name(ObjectiveKind value) noexcept { return vae_objective_name(vae_objective_kind(value)); }
inline const char *name(Estimator value) noexcept { return vae_estimator_name(vae_estimator(value)); }
inline const char *name(Regularizer value) noexcept { return vae_regularizer_name(vae_regularizer(value)); }
inline const char *name(Binarization value) noexcept { return vae_binarization_name(vae_binarization(value)); }
inline const char *name(RateSchedule value) noexcept { return vae_rate_schedule_name(vae_rate_schedule(value)); }
inline const char *name(WarmUp value) noexcept { return vae_warm_up_name(vae_warm_up(value)); }
inline const char *name(Isa value) noexcept { return vae_isa_name(vae_isa(value)); }
inline const char *name(Precision value) noexcept { return vae_precision_name(vae_precision(value)); }

// What p(x|z) is described by, "location", "scale", …: the matrices of Model::likelihood_parameters in their order.
// NULL from parameter_count on. Static storage. Any thread.
inline const char *parameter_name(Likelihood likelihood, std::uint32_t index) noexcept {
  return vae_likelihood_parameter_name(vae_likelihood(likelihood), index);
}

// How many they are; 0 for an unknown likelihood. Any thread.
inline std::uint32_t parameter_count(Likelihood likelihood) noexcept {
  std::uint32_t count = 0;
  while (parameter_name(likelihood, count) != nullptr) count++;
  return count;
}

// Whether this build has the instruction set and this machine can run it. Any thread.
inline bool is_available(Isa isa) noexcept { return vae_isa_available(vae_isa(isa)) != 0; }

// The version of the library that was loaded, "0.1.0". Static storage. Any thread.
inline const char *version() noexcept { return vae_version_string(); }

} // namespace vae
#endif
