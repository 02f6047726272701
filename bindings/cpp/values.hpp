// What the C++ interface of libvae passes by value: errors, names, configurations, losses, rows. See vae.hpp.
#ifndef VAE_VALUES_HPP
#define VAE_VALUES_HPP

#include <vae/vae.h>

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory_resource>
#include <ranges>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace vae {

// --- Errors ----------------------------------------------------------------------------------------------------------

// What went wrong; the numbers are those of the C interface (base.h says what each is for).
enum class Status : vae_status {
  invalid_argument = VAE_ERROR_INVALID_ARGUMENT,
  mismatch = VAE_ERROR_MISMATCH,
  data = VAE_ERROR_DATA,
  not_finite = VAE_ERROR_NOT_FINITE,
  out_of_memory = VAE_ERROR_OUT_OF_MEMORY,
  io = VAE_ERROR_IO,
  format = VAE_ERROR_FORMAT,
  unsupported = VAE_ERROR_UNSUPPORTED
};

// What every failing call throws. what() is one line that names the argument, its value and what is allowed.
class Error : public std::runtime_error {
 public:
  Error(Status status, const std::string &message) : std::runtime_error(message), status_(status) {}
  Status status() const noexcept { return status_; }

 private:
  Status status_;
};

namespace detail {

// Calls function(arguments…, &err) of the C interface. True where it was stopped by a callback; other results than OK
// throw.
template <typename... Parameters, typename... Arguments>
bool call(vae_status (*function)(Parameters...), Arguments &&...arguments) {
  vae_error err;
  vae_error_init(&err);
  const vae_status status = function(std::forward<Arguments>(arguments)..., &err);
  if (status != VAE_OK && status != VAE_STOPPED) throw Error(Status{status}, err.message);
  return status == VAE_STOPPED;
}

// A struct of the C interface, filled by its init function.
template <typename Struct>
Struct initialised(void (*init)(Struct *, std::size_t)) {
  Struct value;
  init(&value, sizeof value);
  return value;
}

// The product of an output's dimensions, or an Error: no size_t overflow goes on to the C interface.
inline std::size_t product(std::initializer_list<std::size_t> factors, const char *what) {
  std::size_t result = 1;
  for (const std::size_t factor : factors) {
    if (factor != 0 && result > SIZE_MAX / factor)
      throw Error(Status::invalid_argument, std::string(what) + ": too large");
    result *= factor;
  }
  return result;
}

// The address of a span that has `count` values; NULL for an empty one, which stands for "none".
template <typename Value>
Value *address(std::span<Value> values, std::size_t count, const char *what) {
  if (values.empty()) return nullptr;
  if (values.size() != count)
    throw Error(Status::mismatch,
                std::string(what) + ": " + std::to_string(values.size()) + " values, not " + std::to_string(count));
  return values.data();
}

} // namespace detail

// --- Names and versions ----------------------------------------------------------------------------------------------

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
  categorical = VAE_LIKELIHOOD_CATEGORICAL
};

// How the scale of a gaussian, laplace or log_cosh likelihood is found: Config::sigma, or learned.
enum class SigmaKind : vae_sigma_kind {
  fixed = VAE_SIGMA_FIXED,
  global = VAE_SIGMA_GLOBAL,
  per_output = VAE_SIGMA_PER_OUTPUT
};

// p(z).
enum class Prior : vae_prior { standard = VAE_PRIOR_STANDARD };

// What is minimised: the evidence lower bound, or the importance-weighted bound.
enum class ObjectiveKind : vae_objective_kind { elbo = VAE_OBJECTIVE_ELBO, iwae = VAE_OBJECTIVE_IWAE };

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
inline const char *name(Binarization value) noexcept { return vae_binarization_name(vae_binarization(value)); }
inline const char *name(RateSchedule value) noexcept { return vae_rate_schedule_name(vae_rate_schedule(value)); }
inline const char *name(WarmUp value) noexcept { return vae_warm_up_name(vae_warm_up(value)); }
inline const char *name(Isa value) noexcept { return vae_isa_name(vae_isa(value)); }
inline const char *name(Precision value) noexcept { return vae_precision_name(vae_precision(value)); }

// Whether this build has the instruction set and this machine can run it. Any thread.
inline bool is_available(Isa isa) noexcept { return vae_isa_available(vae_isa(isa)) != 0; }

// The version of the library that was loaded, "0.1.0". Static storage. Any thread.
inline const char *version() noexcept { return vae_version_string(); }

// --- Configuration: plain values. Their defaults are those of the C interface, which a test holds them to ------------

// A hidden dense layer and the activation after it.
struct Layer {
  std::uint32_t units = 0; // 1 to VAE_MAX_DIM
  Activation activation = Activation::relu;
};

// A model's configuration. An empty stack is a linear encoder or decoder.
struct Config {
  std::uint32_t input_dim = 0;     // D, at least 1
  std::uint32_t condition_dim = 0; // must be 0 in this version
  std::uint32_t latent_dim = 0;    // Z, at least 1
  std::vector<Layer> encoder = {};
  std::vector<Layer> decoder = {};
  Prior prior = Prior::standard;
  Likelihood likelihood = Likelihood::bernoulli;
  Activation output_activation = Activation::identity; // of a gaussian, laplace or log_cosh likelihood's location
  SigmaKind sigma_kind = SigmaKind::fixed;
  double sigma = 1;                       // their scale, in units of the data; 1e-4 to 1e4, and 1 where it is learned
  std::vector<std::uint32_t> groups = {}; // of a categorical likelihood: the columns of each variable
};

// What is minimised, with K samples; beta weighs the KL and must be 1 for iwae.
struct Objective {
  ObjectiveKind kind = ObjectiveKind::elbo;
  std::uint32_t samples = 1;
  double beta = 1;
  Binarization binarization = Binarization::none; // dynamic needs a Bernoulli likelihood
};

// How a model is trained: Adam (Kingma & Ba 2015) on shuffled mini-batches. config.h has every range.
struct Training {
  std::uint32_t batch_size = 128;
  Objective objective = {};
  double learning_rate = 1e-3;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  std::uint64_t seed = 0; // of shuffling and noise
  std::int32_t threads = 0;
  Isa isa = Isa::automatic;
  bool keep_gradients = false; // for Trainer::gradient
  Precision precision = Precision::float32;
  bool precision_fallback = false; // float32 where bfloat16 cannot be had
  RateSchedule rate_schedule = RateSchedule::constant;
  WarmUp warm_up = WarmUp::none;                                      // not for iwae
  double rate_decay = 0;                                              // exponential, steps
  double rate_epochs = 0;                                             // cosine
  double rate_floor = 0;                                              // cosine
  std::array<std::uint32_t, VAE_MAX_MILESTONES> rate_milestones = {}; // steps: rising, zeros behind them
  double warm_up_epochs = 0;                                          // linear, cyclic
  double warm_up_share = 0;                                           // cyclic
  double weight_decay = 0;                                            // AdamW's; biases do not decay
  double clip_norm = 0;                                               // the most of the gradient's L2 norm; 0: no limit
  std::uint32_t warm_up_cycles = 0;                                   // cyclic
  std::uint32_t patience = 0;                                         // for Trainer::judge; 0: never stop
};

// memory: where the handle takes all its memory from; NULL is the C library. It must outlive the handle (and the
// copies that Model::quantized makes of it), and be safe to call from every thread that uses the handle.
struct ModelOptions {
  std::uint64_t seed = 0; // of the initial weights
  std::pmr::memory_resource *memory = nullptr;
};

struct WorkspaceOptions {
  std::uint32_t max_rows = 0; // rows worked on at a time; longer inputs are cut. 0: 256
  std::int32_t threads = 0;   // 0: VAE_THREADS, else OMP_NUM_THREADS, else the processors that the process may use
  Isa isa = Isa::automatic;
  std::pmr::memory_resource *memory = nullptr;
};

// Means over the examples, in nats. For the ELBO loss = reconstruction + beta kl + penalty.
struct Loss {
  std::uint64_t examples = 0;
  double loss = 0;
  double reconstruction = 0;
  double kl = 0;
  double negative_elbo = 0; // reconstruction + kl
  double penalty = 0;
};

// Where to write each example's terms; empty spans are left out. The shapes are those of n examples.
struct Terms {
  std::span<float> loss = {};           // [n]
  std::span<float> kl = {};             // [n]
  std::span<float> reconstruction = {}; // [n] mean over samples
  std::span<float> sample_nll = {};     // [K, n] -log p(x|z_k)
  std::span<float> mean = {};           // [n, Z]
  std::span<float> logvar = {};         // [n, Z]
  std::span<float> z = {};              // [K, n, Z]
  std::span<float> output = {};         // [K, n, D] the likelihood's mean
};

// q(z|x) of n rows: each [n, Z].
struct Posterior {
  std::vector<float> mean;
  std::vector<float> logvar;
};

// A named tensor in PyTorch's orientation: weights [out, in], biases [out].
struct Parameter {
  std::string name; // "encoder.0.weight"
  std::vector<std::size_t> shape;
  std::size_t count; // product of the shape
};

// Rows of data, borrowed: anything contiguous of float, or of bytes that each stand for byte * scale. A row is as long
// as the model's input; the next one begins `stride` values later (0: at once).
class Rows {
 public:
  template <std::ranges::contiguous_range Range>
  requires std::same_as < std::ranges::range_value_t<Range>,
  float > Rows(const Range &values, std::size_t stride = 0) // NOLINT: implicit, so that a vector is rows
      : values_(std::ranges::data(values)),
  count_(std::ranges::size(values)), stride_(stride) {}

  template <std::ranges::contiguous_range Range>
  requires std::same_as<std::ranges::range_value_t<Range>, std::uint8_t> Rows(const Range &bytes,
                                                                              double scale = 1.0 / 255,
                                                                              std::size_t stride = 0) // NOLINT
      : values_(std::ranges::data(bytes)),
        count_(std::ranges::size(bytes)),
        stride_(stride),
        type_(VAE_DATA_UINT8),
        scale_(scale) {}

  // The C view for rows of `columns` values. Throws Error(mismatch) where the values are no whole number of rows.
  vae_data view(std::size_t columns) const {
    const std::size_t step = stride_ == 0 ? columns : stride_;
    // The last row need not be followed by the gap between rows.
    const std::size_t rows = count_ < columns ? 0 : (count_ - columns) / step + 1;
    const std::size_t rest = rows == 0 ? count_ : count_ - columns - (rows - 1) * step;
    if (step < columns || (rest != 0 && rest != step - columns))
      throw Error(Status::mismatch, "data: " + std::to_string(count_) + " values are no whole number of rows of " +
                                        std::to_string(columns) + ", a row each " + std::to_string(step));
    vae_data data = detail::initialised(vae_data_init_sized);
    data.type = type_;
    data.values = values_;
    data.rows = rows;
    data.columns = columns;
    data.row_stride = step;
    data.scale = scale_;
    return data;
  }

 private:
  const void *values_;
  std::size_t count_;
  std::size_t stride_;
  vae_data_type type_ = VAE_DATA_FLOAT32;
  double scale_ = 1.0 / 255;
};

namespace detail {

inline vae_objective to_c(const Objective &objective) {
  vae_objective result = initialised(vae_objective_init_sized);
  result.kind = vae_objective_kind(objective.kind);
  result.samples = objective.samples;
  result.beta = objective.beta;
  result.binarization = vae_binarization(objective.binarization);
  return result;
}

inline Objective from_c(const vae_objective &objective) {
  return {ObjectiveKind{objective.kind}, objective.samples, objective.beta, Binarization{objective.binarization}};
}

inline vae_training to_c(const Training &training) {
  vae_training result = initialised(vae_training_init_sized);
  result.batch_size = training.batch_size;
  result.objective = to_c(training.objective);
  result.learning_rate = training.learning_rate;
  result.beta1 = training.beta1;
  result.beta2 = training.beta2;
  result.epsilon = training.epsilon;
  result.seed = training.seed;
  result.threads = training.threads;
  result.isa = vae_isa(training.isa);
  result.keep_gradients = training.keep_gradients;
  result.precision = vae_precision(training.precision);
  result.precision_fallback = training.precision_fallback;
  result.rate_schedule = vae_rate_schedule(training.rate_schedule);
  result.warm_up = vae_warm_up(training.warm_up);
  result.rate_decay = training.rate_decay;
  result.rate_epochs = training.rate_epochs;
  result.rate_floor = training.rate_floor;
  std::copy(training.rate_milestones.begin(), training.rate_milestones.end(), result.rate_milestones);
  result.warm_up_epochs = training.warm_up_epochs;
  result.warm_up_share = training.warm_up_share;
  result.weight_decay = training.weight_decay;
  result.clip_norm = training.clip_norm;
  result.warm_up_cycles = training.warm_up_cycles;
  result.patience = training.patience;
  return result;
}

inline Training from_c(const vae_training &t) {
  return {.batch_size = t.batch_size,
          .objective = from_c(t.objective),
          .learning_rate = t.learning_rate,
          .beta1 = t.beta1,
          .beta2 = t.beta2,
          .epsilon = t.epsilon,
          .seed = t.seed,
          .threads = t.threads,
          .isa = Isa{t.isa},
          .keep_gradients = t.keep_gradients != 0,
          .precision = Precision{t.precision},
          .precision_fallback = t.precision_fallback != 0,
          .rate_schedule = RateSchedule{t.rate_schedule},
          .warm_up = WarmUp{t.warm_up},
          .rate_decay = t.rate_decay,
          .rate_epochs = t.rate_epochs,
          .rate_floor = t.rate_floor,
          .rate_milestones = std::to_array(t.rate_milestones),
          .warm_up_epochs = t.warm_up_epochs,
          .warm_up_share = t.warm_up_share,
          .weight_decay = t.weight_decay,
          .clip_norm = t.clip_norm,
          .warm_up_cycles = t.warm_up_cycles,
          .patience = t.patience};
}

inline std::vector<vae_layer> to_c(const std::vector<Layer> &layers) {
  std::vector<vae_layer> result(layers.size(), initialised(vae_layer_init_sized));
  for (std::size_t i = 0; i < layers.size(); i++) {
    result[i].units = layers[i].units;
    result[i].activation = vae_activation(layers[i].activation);
  }
  return result;
}

// The model's layers are strided by the first one's struct_size: a newer library may have longer ones.
inline std::vector<Layer> from_c(const vae_layer *layers, std::size_t count) {
  std::vector<Layer> result;
  for (std::size_t i = 0; i < count; i++) {
    const char *at = reinterpret_cast<const char *>(layers) + i * layers->struct_size;
    const vae_layer &layer = *reinterpret_cast<const vae_layer *>(at);
    result.push_back({layer.units, Activation{layer.activation}});
  }
  return result;
}

inline Loss from_c(const vae_loss &loss) {
  return {loss.examples, loss.loss, loss.reconstruction, loss.kl, loss.negative_elbo, loss.penalty};
}

// A memory resource as the C interface's allocator. An exception of the resource becomes NULL: out of memory.
inline vae_allocator to_c(std::pmr::memory_resource *memory) {
  vae_allocator result = initialised(vae_allocator_init_sized);
  if (memory == nullptr) return result;
  result.user = memory;
  result.allocate = [](void *user, std::size_t size, std::size_t alignment) -> void * {
    try {
      return static_cast<std::pmr::memory_resource *>(user)->allocate(size, alignment);
    } catch (...) {
      return nullptr;
    }
  };
  result.release = [](void *user, void *block, std::size_t size, std::size_t alignment) noexcept {
    static_cast<std::pmr::memory_resource *>(user)->deallocate(block, size, alignment);
  };
  return result;
}

} // namespace detail

} // namespace vae
#endif
