// vae::Model, a configuration and its parameters, and vae::Workspace, with which it runs (inference.hpp). See vae.hpp.
#ifndef VAE_MODEL_HPP
#define VAE_MODEL_HPP

#include "config.hpp"
#include "data.hpp"
#include "errors.hpp"
#include "names.hpp"
#include "options.hpp"
#include "statistics.hpp"
#include "training.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace vae {
namespace detail {

template <auto function>
struct Free {
  template <typename Handle>
  void operator()(Handle *handle) const noexcept {
    function(handle);
  }
};

// The configuration with its layers, which belong to the model.
inline vae_config config_of(const vae_model *model) {
  vae_config config = initialised(vae_config_init_sized);
  call(vae_model_get_config, model, &config);
  return config;
}

// The number of values in a tensor.
inline std::size_t count_of(const vae_model *model, const std::string &name) {
  vae_parameter_info info = initialised(vae_parameter_info_init_sized);
  call(vae_model_find_parameter, model, name.c_str(), &info);
  return info.count;
}

// The addresses of the terms of n examples, after a check of the sizes.
inline vae_terms to_c(const Terms &terms, const vae_config &config, std::size_t n, std::size_t samples) {
  const std::size_t latents = product({n, config.latent_dim}, "terms");
  vae_terms result = initialised(vae_terms_init_sized);
  result.loss = address(terms.loss, n, "terms.loss");
  result.kl = address(terms.kl, n, "terms.kl");
  result.reconstruction = address(terms.reconstruction, n, "terms.reconstruction");
  result.sample_nll = address(terms.sample_nll, product({samples, n}, "terms"), "terms.sample_nll");
  result.mean = address(terms.mean, latents, "terms.mean");
  result.logvar = address(terms.logvar, latents, "terms.logvar");
  result.z = address(terms.z, product({samples, latents}, "terms"), "terms.z");
  result.output = address(terms.output, product({samples, n, config.input_dim}, "terms"), "terms.output");
  return result;
}

// The address of noise [samples, n, Z]; NULL for none.
inline const float *noise_address(std::span<const float> noise, const vae_config &config, std::size_t n,
                                  std::size_t samples) {
  return address(noise, product({samples, n, config.latent_dim}, "noise"), "noise");
}

} // namespace detail

// A named tensor in PyTorch's orientation: weights [out, in], biases [out].
struct Parameter {
  std::string name; // "encoder.0.weight"
  std::vector<std::size_t> shape;
  std::size_t count; // product of the shape
};

class Workspace;

// --- Model -----------------------------------------------------------------------------------------------------------

// A configuration and its parameters.
class Model {
 public:
  // Initial weights that suit each layer's activation; equal seeds give equal bits on every machine.
  // Throws invalid_argument, unsupported, out_of_memory.
  explicit Model(const Config &config, const ModelOptions &options = {});

  // Reads a model file; every byte of it is distrusted. The seed of the options is not used.
  // Throws io, format, unsupported (a configuration of a later version), out_of_memory.
  static Model load(const std::string &path, const ModelOptions &options = {});

  // The same from memory; the bytes are not kept.
  static Model load_bytes(std::span<const std::byte> bytes, const ModelOptions &options = {});

  // Writes a safetensors file, atomically: on failure the old one is left. Throws io, not_finite, out_of_memory.
  void save(const std::string &path) const { detail::call(vae_model_save, get(), path.c_str()); }

  // The same bytes into memory.
  std::vector<std::byte> save_bytes() const {
    std::size_t size = 0;
    detail::call(vae_model_save_bytes, get(), nullptr, std::size_t{0}, &size);
    std::vector<std::byte> bytes(size);
    detail::call(vae_model_save_bytes, get(), bytes.data(), size, &size);
    return bytes;
  }

  // A copy for inference with weights of fewer bits; float32 gives an ordinary model. Training, gradients, setting
  // parameters and saving refuse the copies in bfloat16 and int8 with unsupported. The copy takes its memory from where
  // this model does. Throws unsupported for a model that is such a copy, not_finite, out_of_memory.
  Model quantized(Precision precision) const {
    vae_model *copy = nullptr;
    detail::call(vae_model_quantize, get(), vae_precision(precision), &copy);
    return Model(copy);
  }

  // float32, or what `quantized` made of it.
  Precision precision() const noexcept { return Precision{vae_model_precision(get())}; }

  // A copy of the configuration.
  Config config() const { return detail::from_c(detail::config_of(get())); }

  // How the model was last trained, by a trainer or as its file says; nothing where it was not.
  std::optional<Training> training() const {
    vae_training training = detail::initialised(vae_training_init_sized);
    std::int32_t trained = 0;
    detail::call(vae_model_get_training, get(), &training, &trained);
    return trained ? std::optional(detail::from_c(training)) : std::nullopt;
  }

  // Every tensor, in the order of the model file.
  std::vector<Parameter> parameters() const {
    std::vector<Parameter> result;
    for (std::size_t i = 0; i < vae_model_parameter_count(get()); i++) {
      vae_parameter_info info = detail::initialised(vae_parameter_info_init_sized);
      detail::call(vae_model_get_parameter_info, get(), i, &info);
      result.push_back({info.name, {info.shape, info.shape + info.rank}, info.count});
    }
    return result;
  }

  // The number of values in all tensors.
  std::uint64_t value_count() const noexcept { return vae_model_value_count(get()); }

  // A copy of one tensor, row-major. Throws invalid_argument for a name that the model does not have.
  std::vector<float> parameter(const std::string &name) const {
    std::vector<float> values(detail::count_of(get(), name));
    get_parameter(name, values);
    return values;
  }

  // The same into the caller's memory, which must have the tensor's size.
  void get_parameter(const std::string &name, std::span<float> values) const {
    detail::call(vae_model_get_parameter, get(), name.c_str(), values.data(), values.size());
  }

  // Copies one tensor in, of its size. Throws invalid_argument, data for a value that is not finite; the model is then
  // unchanged.
  void set_parameter(const std::string &name, std::span<const float> values) {
    detail::call(vae_model_set_parameter, get(), name.c_str(), values.data(), values.size());
  }

  // Starts the output bias where the decoder gives the data's column means.  x: [n, D]. Throws mismatch, data.
  void init_output_bias(const Rows &x) {
    const detail::DataView data(x, detail::config_of(get()));
    detail::call(vae_model_init_output_bias, get(), data.address());
  }

  // The approximate posterior q(z|x).  x: [n, D]. Throws mismatch, data, not_finite.
  Posterior encode(Workspace &workspace, const Rows &x) const;
  // mean, logvar: [n, Z]; either may be empty.
  void encode(Workspace &workspace, const Rows &x, std::span<float> mean, std::span<float> logvar) const;

  // The mean of p(x|z).  z: [n, Z]; gives [n, D]. Throws mismatch, data where z is not finite, not_finite.
  std::vector<float> decode(Workspace &workspace, std::span<const float> z) const;
  void decode(Workspace &workspace, std::span<const float> z, std::span<float> output) const;

  // The mean of p(x|z, c) of a model with a condition.
  std::vector<float> decode_given(Workspace &workspace, std::span<const float> z, const Condition &condition) const;
  void decode_given(Workspace &workspace, std::span<const float> z, const Condition &condition,
                    std::span<float> output) const;

  // decode(mean of q(z|x)).  x: [n, D]; gives [n, D]. Throws mismatch, data, not_finite.
  std::vector<float> reconstruct(Workspace &workspace, const Rows &x) const;
  void reconstruct(Workspace &workspace, const Rows &x, std::span<float> output) const;

  // Draws z from the prior and decodes it: rows first_row, first_row + 1, … of the seed's stream; gives [rows, D].
  std::vector<float> sample(Workspace &workspace, std::size_t rows, std::uint64_t seed = 0,
                            std::uint64_t first_row = 0) const;
  // output: [rows, D].  z: [rows, Z]; either may be empty.
  void sample(Workspace &workspace, std::size_t rows, std::uint64_t seed, std::uint64_t first_row,
              std::span<float> output, std::span<float> z = {}) const;

  // The same from a model with a condition.
  std::vector<float> sample_given(Workspace &workspace, std::size_t rows, const Condition &condition,
                                  std::uint64_t seed = 0, std::uint64_t first_row = 0) const;
  void sample_given(Workspace &workspace, std::size_t rows, const Condition &condition, std::uint64_t seed,
                    std::uint64_t first_row, std::span<float> output, std::span<float> z = {}) const;

  // The prior p(z|c) of `rows` rows; of a model with the standard prior zeros. Throws mismatch, and unsupported for
  // priors that are not one Gaussian.
  Gaussian prior(Workspace &workspace, std::size_t rows, const Condition &condition = {}) const;
  // mean, logvar: [rows, Z]; either may be empty.
  void prior(Workspace &workspace, std::size_t rows, const Condition &condition, std::span<float> mean,
             std::span<float> logvar) const;

  // What p(x|z) is described by, one matrix for each parameter_name of the likelihood.  z: [n, Z]; gives [P, n, D].
  // Throws mismatch, data where z is not finite, not_finite; so do the next two.
  std::vector<float> likelihood_parameters(Workspace &workspace, std::span<const float> z,
                                           const Condition &condition = {}) const;
  void likelihood_parameters(Workspace &workspace, std::span<const float> z, const Condition &condition,
                             std::span<float> parameters) const;

  // The expectation of x under p(x|z), also of a continuous Bernoulli, where decode gives its parameter; gives [n, D].
  // Throws unsupported for a Student-t with 1 degree of freedom or less.
  std::vector<float> likelihood_mean(Workspace &workspace, std::span<const float> z,
                                     const Condition &condition = {}) const;
  void likelihood_mean(Workspace &workspace, std::span<const float> z, const Condition &condition,
                       std::span<float> mean) const;

  // Draws x from p(x|z) by rows first_row, first_row + 1, … of the seed's stream; gives [n, D].
  std::vector<float> likelihood_samples(Workspace &workspace, std::span<const float> z, const Condition &condition = {},
                                        std::uint64_t seed = 0, std::uint64_t first_row = 0) const;
  void likelihood_samples(Workspace &workspace, std::span<const float> z, const Condition &condition,
                          std::uint64_t seed, std::uint64_t first_row, std::span<float> samples) const;

  // The objective over all rows, without gradients; the same bits for any max_rows and number of threads.
  //  x: [n, D].  terms: where to write each example's. Throws invalid_argument, mismatch, data, not_finite.
  Loss evaluate(Workspace &workspace, const Rows &x, const Objective &objective = {}, std::uint64_t seed = 0,
                const Terms &terms = {}) const;

  // log p(x) by importance sampling, the parts of the bound, and what the latents do, over all rows.
  //  x: [n, D]. Throws invalid_argument, mismatch, data, not_finite, out_of_memory.
  Statistics statistics(Workspace &workspace, const Rows &x, const StatisticsOptions &options = {}) const;

  // The objective of one mini-batch and the gradient of its mean with respect to every parameter, which stay in the
  // workspace until its next use.
  //  x: [n, D], n at most max_rows.  noise: [K, n, Z], eps of z = mean + exp(logvar / 2) eps; empty: drawn from `seed`.
  //  Throws invalid_argument, mismatch, data, not_finite, out_of_memory (more samples than ever before).
  Loss loss_and_gradients(Workspace &workspace, const Rows &x, const Objective &objective = {},
                          std::span<const float> noise = {}, std::uint64_t seed = 0, const Terms &terms = {}) const;

  // A copy of one gradient of the workspace's last loss_and_gradients, in its parameter's shape.
  // Throws invalid_argument where there are none, or for an unknown name.
  std::vector<float> gradient(const Workspace &workspace, const std::string &name) const;

  // The handle, which stays this object's. For calls that this header does not have.
  vae_model *get() const noexcept { return handle_.get(); }

 private:
  explicit Model(vae_model *handle) : handle_(handle) {}

  std::unique_ptr<vae_model, detail::Free<vae_model_free>> handle_;
};

// --- Workspace -------------------------------------------------------------------------------------------------------

// Scratch memory and threads for running a model. It serves one thread at a time.
class Workspace {
 public:
  // For `model` and every model of the same configuration and precision.
  // Throws invalid_argument, unsupported (an instruction set that is not there), out_of_memory.
  explicit Workspace(const Model &model, const WorkspaceOptions &options = {}) {
    const vae_allocator allocator = detail::to_c(options.memory);
    vae_workspace_options c_options = detail::initialised(vae_workspace_options_init_sized);
    c_options.max_rows = options.max_rows;
    c_options.threads = options.threads;
    c_options.isa = vae_isa(options.isa);
    c_options.allocator = &allocator;
    vae_workspace *handle = nullptr;
    detail::call(vae_workspace_create, model.get(), &c_options, &handle);
    handle_.reset(handle);
  }

  // Copies one gradient of the last loss_and_gradients into memory of the parameter's size.
  // Throws invalid_argument where there are none, or the name or size is wrong.
  void get_gradient(const std::string &name, std::span<float> values) const {
    detail::call(vae_workspace_get_gradient, get(), name.c_str(), values.data(), values.size());
  }

  struct Info {
    std::int32_t threads;
    Isa isa;
    std::uint32_t max_rows;
    std::uint64_t bytes; // memory that the workspace holds
  };

  // Threads, kernels and memory.
  Info info() const {
    vae_workspace_info info = detail::initialised(vae_workspace_info_init_sized);
    detail::call(vae_workspace_get_info, get(), &info);
    return {info.threads, Isa{info.isa}, info.max_rows, info.bytes};
  }

  // The handle, which stays this object's.
  vae_workspace *get() const noexcept { return handle_.get(); }

 private:
  std::unique_ptr<vae_workspace, detail::Free<vae_workspace_free>> handle_;
};

// --- Definitions -----------------------------------------------------------------------------------------------------

namespace detail {

// Calls make(&c_options, &handle) with the options as the C interface has them.
template <typename Make>
vae_model *make_model(const ModelOptions &options, Make &&make) {
  const vae_allocator allocator = to_c(options.memory);
  vae_model_options c_options = initialised(vae_model_options_init_sized);
  c_options.seed = options.seed;
  c_options.allocator = &allocator;
  vae_model *handle = nullptr;
  make(&c_options, &handle);
  return handle;
}

} // namespace detail

inline Model::Model(const Config &config, const ModelOptions &options) {
  const detail::ConfigView view(config);
  handle_.reset(detail::make_model(options, [&](const vae_model_options *c_options, vae_model **handle) {
    detail::call(vae_model_create, &view.c, c_options, handle);
  }));
}

inline Model Model::load(const std::string &path, const ModelOptions &options) {
  return Model(detail::make_model(options, [&](const vae_model_options *c_options, vae_model **handle) {
    detail::call(vae_model_load, path.c_str(), c_options, handle);
  }));
}

inline Model Model::load_bytes(std::span<const std::byte> bytes, const ModelOptions &options) {
  return Model(detail::make_model(options, [&](const vae_model_options *c_options, vae_model **handle) {
    detail::call(vae_model_load_bytes, bytes.data(), bytes.size(), c_options, handle);
  }));
}

} // namespace vae
#endif
