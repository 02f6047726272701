// Published and widely used models by name. See vae.hpp; docs/PRESETS.md says what each stands for.
#ifndef VAE_PRESET_HPP
#define VAE_PRESET_HPP

#include "config.hpp"
#include "errors.hpp"
#include "training.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace vae {

// A point of the model space with the way it is trained. The texts are the library's, of static storage.
struct Preset {
  std::string_view name;    // "kingma-mlp"
  std::string_view source;  // paper or program
  std::string_view summary; // what it stands for, and where it differs from the source
  std::uint32_t epochs = 0; // that its source trains for, or a sensible number
  Config config = {};       // for 28 x 28 images where the source has them; set input_dim (and groups) for other data
  Training training = {};
};

// The names in the order in which programs list them. Any thread.
inline std::vector<std::string_view> preset_names() {
  std::vector<std::string_view> names(vae_preset_count());
  for (std::size_t i = 0; i < names.size(); i++) names[i] = vae_preset_name(i);
  return names;
}

// The preset of that name. Throws invalid_argument for an unknown one. Any thread.
inline Preset preset(const std::string &name) {
  vae_preset_info info = detail::initialised(vae_preset_info_init_sized);
  vae_config config = detail::initialised(vae_config_init_sized);
  vae_training training = detail::initialised(vae_training_init_sized);
  detail::call(vae_preset_get, name.c_str(), &info, &config, &training);
  return {.name = info.name,
          .source = info.source,
          .summary = info.summary,
          .epochs = info.epochs,
          .config = detail::from_c(config),
          .training = detail::from_c(training)};
}

} // namespace vae
#endif
