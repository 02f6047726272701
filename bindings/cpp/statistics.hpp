// What can be published about a model: vae::Statistics. See vae.hpp; docs/EVALUATION.md has formulas and sources.
#ifndef VAE_STATISTICS_HPP
#define VAE_STATISTICS_HPP

#include "errors.hpp"

#include <cstdint>
#include <vector>

namespace vae {

// What Model::statistics takes. statistics.h has every range.
struct StatisticsOptions {
  std::uint32_t samples = 100; // L importance samples per example; papers take 5000
  std::uint64_t seed = 0;
  double active_variance = 0.01;    // a latent is active where the variance of its mean is over this
  double bin_width = 0;             // that x was rounded to; 0: the scale of bytes, none for floats
  std::uint32_t aggregate_rows = 0; // M rows that stand for the aggregate posterior at a time; 0: up to 10,000
};

// What bits_per_dimension is.
enum class Bits : vae_bits {
  code_length = VAE_BITS_CODE_LENGTH,
  cross_entropy = VAE_BITS_CROSS_ENTROPY,
  density = VAE_BITS_DENSITY,
  bins = VAE_BITS_BINS
};

// "code length"; NULL for an unknown number. Static storage. Any thread.
inline const char *name(Bits value) noexcept { return vae_bits_name(vae_bits(value)); }

// Means over the n examples, in nats per example where statistics.h says no other.
struct Statistics {
  bool degenerate_weights = false;         // VAE_WARNING_DEGENERATE_WEIGHTS
  bool collapse = false;                   // VAE_WARNING_COLLAPSE
  bool mutual_information_bounded = false; // VAE_WARNING_MUTUAL_INFORMATION
  std::uint64_t examples = 0;
  double log_evidence = 0;
  double standard_error = 0;
  double interval_low = 0;
  double interval_high = 0;
  double sampling_error = 0;
  double effective_samples = 0;
  double effective_samples_min = 0;
  std::uint64_t few_effective = 0;
  double reconstruction = 0;
  double kl = 0;
  double negative_elbo = 0;
  double mutual_information = 0;
  double aggregate_kl = 0;
  double bits_per_dimension = 0;
  Bits bits = Bits::code_length;
  std::uint32_t active_latents = 0;
  std::uint32_t aggregate_rows = 0;
  std::vector<double> latent_kl;                 // [Z]
  std::vector<double> latent_variance;           // [Z]
  std::vector<double> example_log_evidence;      // [n]
  std::vector<double> example_effective_samples; // [n]
};

namespace detail {

inline vae_statistics_options to_c(const StatisticsOptions &options) {
  vae_statistics_options result = initialised(vae_statistics_options_init_sized);
  result.samples = options.samples;
  result.seed = options.seed;
  result.active_variance = options.active_variance;
  result.bin_width = options.bin_width;
  result.aggregate_rows = options.aggregate_rows;
  return result;
}

// Everything but the vectors.
inline Statistics from_c(const vae_statistics &s) {
  return {.degenerate_weights = (s.warnings & VAE_WARNING_DEGENERATE_WEIGHTS) != 0,
          .collapse = (s.warnings & VAE_WARNING_COLLAPSE) != 0,
          .mutual_information_bounded = (s.warnings & VAE_WARNING_MUTUAL_INFORMATION) != 0,
          .examples = s.examples,
          .log_evidence = s.log_evidence,
          .standard_error = s.standard_error,
          .interval_low = s.interval_low,
          .interval_high = s.interval_high,
          .sampling_error = s.sampling_error,
          .effective_samples = s.effective_samples,
          .effective_samples_min = s.effective_samples_min,
          .few_effective = s.few_effective,
          .reconstruction = s.reconstruction,
          .kl = s.kl,
          .negative_elbo = s.negative_elbo,
          .mutual_information = s.mutual_information,
          .aggregate_kl = s.aggregate_kl,
          .bits_per_dimension = s.bits_per_dimension,
          .bits = Bits{s.bits},
          .active_latents = s.active_latents,
          .aggregate_rows = s.aggregate_rows,
          .latent_kl = {},
          .latent_variance = {},
          .example_log_evidence = {},
          .example_effective_samples = {}};
}

} // namespace detail

} // namespace vae
#endif
