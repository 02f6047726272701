// What a model is: vae::Config, a plain value whose defaults are those of the C interface, which a test holds it to.
// See vae.hpp.
#ifndef VAE_CONFIG_HPP
#define VAE_CONFIG_HPP

#include "errors.hpp"
#include "names.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace vae {

// A hidden dense layer and the activation after it.
struct Layer {
  std::uint32_t units = 0; // 1 to VAE_MAX_DIM
  Activation activation = Activation::relu;
};

// A model's configuration. An empty stack is a linear encoder, decoder or prior net.
struct Config {
  std::uint32_t input_dim = 0;     // D, at least 1
  std::uint32_t condition_dim = 0; // C: columns of the condition, or classes of its labels; 0: none
  std::uint32_t latent_dim = 0;    // Z, at least 1
  std::vector<Layer> encoder = {};
  std::vector<Layer> decoder = {};
  Prior prior = Prior::standard;
  Likelihood likelihood = Likelihood::bernoulli;
  Activation output_activation = Activation::identity; // of a location: gaussian, laplace, log_cosh, student_t
  SigmaKind sigma_kind = SigmaKind::fixed;             // of gaussian, laplace, log_cosh
  double sigma = 1;                       // their scale, in units of the data; 1e-4 to 1e4, and 1 where it is learned
  std::vector<std::uint32_t> groups = {}; // of a categorical likelihood: the columns of each variable
  std::vector<Layer> prior_net = {};      // hidden layers of a conditional prior
  std::uint32_t prior_components = 0;     // K of a mixture or vamp prior
};

namespace detail {

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

// A configuration as the C interface takes it: `c` points to the other members and to the groups of the original.
struct ConfigView {
  explicit ConfigView(const Config &config)
      : encoder(to_c(config.encoder)), decoder(to_c(config.decoder)), prior_net(to_c(config.prior_net)) {
    c.input_dim = config.input_dim;
    c.condition_dim = config.condition_dim;
    c.latent_dim = config.latent_dim;
    c.encoder = encoder.data();
    c.decoder = decoder.data();
    c.encoder_count = count(encoder.size());
    c.decoder_count = count(decoder.size());
    c.prior = vae_prior(config.prior);
    c.likelihood = vae_likelihood(config.likelihood);
    c.output_activation = vae_activation(config.output_activation);
    c.sigma_kind = vae_sigma_kind(config.sigma_kind);
    c.sigma = config.sigma;
    c.groups = config.groups.data();
    c.group_count = count(config.groups.size());
    c.prior_net = prior_net.data();
    c.prior_net_count = count(prior_net.size());
    c.prior_components = config.prior_components;
  }
  ConfigView(const ConfigView &) = delete;
  ConfigView &operator=(const ConfigView &) = delete;

  std::vector<vae_layer> encoder, decoder, prior_net;
  vae_config c = initialised(vae_config_init_sized);

 private:
  // More than are allowed must not wrap round to fewer.
  static std::uint32_t count(std::size_t size) { return std::uint32_t(std::min<std::size_t>(size, UINT32_MAX)); }
};

inline Config from_c(const vae_config &c) {
  return {.input_dim = c.input_dim,
          .condition_dim = c.condition_dim,
          .latent_dim = c.latent_dim,
          .encoder = from_c(c.encoder, c.encoder_count),
          .decoder = from_c(c.decoder, c.decoder_count),
          .prior = Prior{c.prior},
          .likelihood = Likelihood{c.likelihood},
          .output_activation = Activation{c.output_activation},
          .sigma_kind = SigmaKind{c.sigma_kind},
          .sigma = c.sigma,
          .groups = std::vector<std::uint32_t>(c.groups, c.groups + c.group_count),
          .prior_net = from_c(c.prior_net, c.prior_net_count),
          .prior_components = c.prior_components};
}

} // namespace detail

} // namespace vae
#endif
