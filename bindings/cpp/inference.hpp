// The methods of vae::Model that run it in a workspace. See vae.hpp.
#ifndef VAE_INFERENCE_HPP
#define VAE_INFERENCE_HPP

#include "model.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace vae {
namespace detail {

// The number of rows of z. Throws mismatch where the values are no whole number of them.
inline std::size_t rows_of(std::span<const float> z, const vae_config &config) {
  if (z.size() % config.latent_dim != 0)
    throw Error(Status::mismatch, "z: " + std::to_string(z.size()) + " values are no whole number of rows of " +
                                      std::to_string(config.latent_dim));
  return z.size() / config.latent_dim;
}

// The size of `copies` matrices of a value for each row and input.
inline std::size_t output_size(std::size_t rows, const vae_config &config, std::size_t copies = 1) {
  return product({copies, rows, config.input_dim}, "output");
}

// The size of a value for each row and latent.
inline std::size_t latent_size(std::size_t rows, const vae_config &config) {
  return product({rows, config.latent_dim}, "the latent codes");
}

} // namespace detail

// --- Encoder, decoder, prior -----------------------------------------------------------------------------------------

inline void Model::encode(Workspace &workspace, const Rows &x, std::span<float> mean, std::span<float> logvar) const {
  const vae_config config = detail::config_of(get());
  const detail::DataView data(x, config);
  const std::size_t count = detail::latent_size(data.rows(), config);
  detail::call(vae_model_encode, get(), workspace.get(), data.address(), detail::address(mean, count, "mean"),
               detail::address(logvar, count, "logvar"));
}

inline Posterior Model::encode(Workspace &workspace, const Rows &x) const {
  const vae_config config = detail::config_of(get());
  const std::size_t count = detail::latent_size(x.view(config.input_dim).rows, config);
  Posterior result{std::vector<float>(count), std::vector<float>(count)};
  encode(workspace, x, result.mean, result.logvar);
  return result;
}

inline void Model::decode(Workspace &workspace, std::span<const float> z, std::span<float> output) const {
  const vae_config config = detail::config_of(get());
  const std::size_t rows = detail::rows_of(z, config);
  detail::call(vae_model_decode, get(), workspace.get(), z.data(), rows,
               detail::address(output, detail::output_size(rows, config), "output"));
}

inline std::vector<float> Model::decode(Workspace &workspace, std::span<const float> z) const {
  const vae_config config = detail::config_of(get());
  std::vector<float> output(detail::output_size(detail::rows_of(z, config), config));
  decode(workspace, z, output);
  return output;
}

inline void Model::decode_given(Workspace &workspace, std::span<const float> z, const Condition &condition,
                                std::span<float> output) const {
  const vae_config config = detail::config_of(get());
  const std::size_t rows = detail::rows_of(z, config);
  const detail::ConditionView given(condition, config);
  detail::call(vae_model_decode_given, get(), workspace.get(), z.data(), rows, given.address(),
               detail::address(output, detail::output_size(rows, config), "output"));
}

inline std::vector<float> Model::decode_given(Workspace &workspace, std::span<const float> z,
                                              const Condition &condition) const {
  const vae_config config = detail::config_of(get());
  std::vector<float> output(detail::output_size(detail::rows_of(z, config), config));
  decode_given(workspace, z, condition, output);
  return output;
}

inline void Model::reconstruct(Workspace &workspace, const Rows &x, std::span<float> output) const {
  const vae_config config = detail::config_of(get());
  const detail::DataView data(x, config);
  detail::call(vae_model_reconstruct, get(), workspace.get(), data.address(),
               detail::address(output, detail::output_size(data.rows(), config), "output"));
}

inline std::vector<float> Model::reconstruct(Workspace &workspace, const Rows &x) const {
  const vae_config config = detail::config_of(get());
  std::vector<float> output(detail::output_size(x.view(config.input_dim).rows, config));
  reconstruct(workspace, x, output);
  return output;
}

inline void Model::sample(Workspace &workspace, std::size_t rows, std::uint64_t seed, std::uint64_t first_row,
                          std::span<float> output, std::span<float> z) const {
  const vae_config config = detail::config_of(get());
  detail::call(vae_model_sample, get(), workspace.get(), seed, first_row, rows,
               detail::address(output, detail::output_size(rows, config), "output"),
               detail::address(z, detail::latent_size(rows, config), "z"));
}

inline std::vector<float> Model::sample(Workspace &workspace, std::size_t rows, std::uint64_t seed,
                                        std::uint64_t first_row) const {
  std::vector<float> output(detail::output_size(rows, detail::config_of(get())));
  sample(workspace, rows, seed, first_row, output);
  return output;
}

inline void Model::sample_given(Workspace &workspace, std::size_t rows, const Condition &condition, std::uint64_t seed,
                                std::uint64_t first_row, std::span<float> output, std::span<float> z) const {
  const vae_config config = detail::config_of(get());
  const detail::ConditionView given(condition, config);
  detail::call(vae_model_sample_given, get(), workspace.get(), seed, first_row, rows, given.address(),
               detail::address(output, detail::output_size(rows, config), "output"),
               detail::address(z, detail::latent_size(rows, config), "z"));
}

inline std::vector<float> Model::sample_given(Workspace &workspace, std::size_t rows, const Condition &condition,
                                              std::uint64_t seed, std::uint64_t first_row) const {
  std::vector<float> output(detail::output_size(rows, detail::config_of(get())));
  sample_given(workspace, rows, condition, seed, first_row, output);
  return output;
}

inline void Model::prior(Workspace &workspace, std::size_t rows, const Condition &condition, std::span<float> mean,
                         std::span<float> logvar) const {
  const vae_config config = detail::config_of(get());
  const detail::ConditionView given(condition, config);
  const std::size_t count = detail::latent_size(rows, config);
  detail::call(vae_model_prior, get(), workspace.get(), rows, given.address(), detail::address(mean, count, "mean"),
               detail::address(logvar, count, "logvar"));
}

inline Gaussian Model::prior(Workspace &workspace, std::size_t rows, const Condition &condition) const {
  const std::size_t count = detail::latent_size(rows, detail::config_of(get()));
  Gaussian result{std::vector<float>(count), std::vector<float>(count)};
  prior(workspace, rows, condition, result.mean, result.logvar);
  return result;
}

// --- Likelihood ------------------------------------------------------------------------------------------------------

inline void Model::likelihood_parameters(Workspace &workspace, std::span<const float> z, const Condition &condition,
                                         std::span<float> parameters) const {
  const vae_config config = detail::config_of(get());
  const std::size_t rows = detail::rows_of(z, config), copies = parameter_count(Likelihood{config.likelihood});
  const detail::ConditionView given(condition, config);
  detail::call(vae_model_likelihood_parameters, get(), workspace.get(), z.data(), rows, given.address(),
               detail::address(parameters, detail::output_size(rows, config, copies), "parameters"));
}

inline std::vector<float> Model::likelihood_parameters(Workspace &workspace, std::span<const float> z,
                                                       const Condition &condition) const {
  const vae_config config = detail::config_of(get());
  const std::size_t rows = detail::rows_of(z, config), copies = parameter_count(Likelihood{config.likelihood});
  std::vector<float> parameters(detail::output_size(rows, config, copies));
  likelihood_parameters(workspace, z, condition, parameters);
  return parameters;
}

inline void Model::likelihood_mean(Workspace &workspace, std::span<const float> z, const Condition &condition,
                                   std::span<float> mean) const {
  const vae_config config = detail::config_of(get());
  const std::size_t rows = detail::rows_of(z, config);
  const detail::ConditionView given(condition, config);
  detail::call(vae_model_likelihood_mean, get(), workspace.get(), z.data(), rows, given.address(),
               detail::address(mean, detail::output_size(rows, config), "mean"));
}

inline std::vector<float> Model::likelihood_mean(Workspace &workspace, std::span<const float> z,
                                                 const Condition &condition) const {
  const vae_config config = detail::config_of(get());
  std::vector<float> mean(detail::output_size(detail::rows_of(z, config), config));
  likelihood_mean(workspace, z, condition, mean);
  return mean;
}

inline void Model::likelihood_samples(Workspace &workspace, std::span<const float> z, const Condition &condition,
                                      std::uint64_t seed, std::uint64_t first_row, std::span<float> samples) const {
  const vae_config config = detail::config_of(get());
  const std::size_t rows = detail::rows_of(z, config);
  const detail::ConditionView given(condition, config);
  detail::call(vae_model_likelihood_samples, get(), workspace.get(), z.data(), rows, given.address(), seed, first_row,
               detail::address(samples, detail::output_size(rows, config), "samples"));
}

inline std::vector<float> Model::likelihood_samples(Workspace &workspace, std::span<const float> z,
                                                    const Condition &condition, std::uint64_t seed,
                                                    std::uint64_t first_row) const {
  const vae_config config = detail::config_of(get());
  std::vector<float> samples(detail::output_size(detail::rows_of(z, config), config));
  likelihood_samples(workspace, z, condition, seed, first_row, samples);
  return samples;
}

// --- Objective, statistics, gradients --------------------------------------------------------------------------------

inline Loss Model::evaluate(Workspace &workspace, const Rows &x, const Objective &objective, std::uint64_t seed,
                            const Terms &terms) const {
  const vae_config config = detail::config_of(get());
  const detail::DataView data(x, config);
  const vae_objective c_objective = detail::to_c(objective);
  const vae_terms c_terms = detail::to_c(terms, config, data.rows(), objective.samples);
  vae_loss loss = detail::initialised(vae_loss_init_sized);
  detail::call(vae_model_evaluate, get(), workspace.get(), data.address(), &c_objective, seed, &loss, &c_terms);
  return detail::from_c(loss);
}

inline Statistics Model::statistics(Workspace &workspace, const Rows &x, const StatisticsOptions &options) const {
  const vae_config config = detail::config_of(get());
  const detail::DataView data(x, config);
  const vae_statistics_options c_options = detail::to_c(options);
  std::vector<double> kl(config.latent_dim), variance(config.latent_dim), evidence(data.rows()), effective(data.rows());
  vae_statistics_arrays arrays = detail::initialised(vae_statistics_arrays_init_sized);
  arrays.latent_kl = kl.data();
  arrays.latent_variance = variance.data();
  arrays.log_evidence = evidence.data();
  arrays.effective_samples = effective.data();
  vae_statistics c_statistics = detail::initialised(vae_statistics_init_sized);
  detail::call(vae_model_statistics, get(), workspace.get(), data.address(), &c_options, &c_statistics, &arrays);
  Statistics result = detail::from_c(c_statistics);
  result.latent_kl = std::move(kl);
  result.latent_variance = std::move(variance);
  result.example_log_evidence = std::move(evidence);
  result.example_effective_samples = std::move(effective);
  return result;
}

inline Loss Model::loss_and_gradients(Workspace &workspace, const Rows &x, const Objective &objective,
                                      std::span<const float> noise, std::uint64_t seed, const Terms &terms) const {
  const vae_config config = detail::config_of(get());
  const detail::DataView data(x, config);
  const vae_objective c_objective = detail::to_c(objective);
  const vae_terms c_terms = detail::to_c(terms, config, data.rows(), objective.samples);
  vae_loss loss = detail::initialised(vae_loss_init_sized);
  detail::call(vae_model_loss_and_gradients, get(), workspace.get(), data.address(), &c_objective,
               detail::noise_address(noise, config, data.rows(), objective.samples), seed, &loss, &c_terms);
  return detail::from_c(loss);
}

inline std::vector<float> Model::gradient(const Workspace &workspace, const std::string &name) const {
  std::vector<float> values(detail::count_of(get(), name));
  workspace.get_gradient(name, values);
  return values;
}

} // namespace vae
#endif
