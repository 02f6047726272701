// Tests/Fixtures/reference through vae.hpp: everything that must come out of each model's mini-batch, its gradients,
// and one and three steps. The environment variable VAE_FIXTURES names the folder Tests/Fixtures.
#include "throws.hpp"

#include <algorithm>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

extern "C" {
#include "vectors.h"
}

namespace {

// What one file holds; freed with it.
class Vectors {
 public:
  explicit Vectors(const std::filesystem::path &path) { read_ = vectors_read(&file_, path.c_str()) != 0; }
  Vectors(const Vectors &) = delete;
  ~Vectors() { vectors_free(&file_); }

  bool is_read() const { return CHECK_THAT(read_, "%s", file_.message) != 0; }
  const vectors &file() const { return file_; }
  std::span<const vector_tensor> tensors() const { return {file_.tensors, file_.count}; }

  // The values of the tensor of that name; none where there is no such tensor.
  std::vector<double> values(const std::string &name) const {
    const vector_tensor *tensor = vectors_find(&file_, "", name.c_str());
    return tensor == nullptr ? std::vector<double>()
                             : std::vector<double>(tensor->values, tensor->values + tensor->count);
  }

  std::vector<float> floats(const std::string &name) const {
    const std::vector<double> wide = values(name);
    return {wide.begin(), wide.end()};
  }

  vae::Config config() const {
    const test_spec &s = file_.spec;
    return {.input_dim = s.input_dim,
            .condition_dim = s.condition_dim,
            .latent_dim = s.latent_dim,
            .encoder = layers({s.encoder, s.encoder_count}),
            .decoder = layers({s.decoder, s.decoder_count}),
            .prior = vae::Prior{s.prior},
            .likelihood = vae::Likelihood{s.likelihood},
            .output_activation = vae::Activation{s.output_activation},
            .sigma_kind = vae::SigmaKind{s.sigma_kind},
            .sigma = s.sigma,
            .prior_net = layers({s.prior_net, s.prior_net_count})};
  }

  // The model with the file's parameters, all of them.
  vae::Model model() const {
    vae::Model result(config());
    std::size_t count = 0;
    for (const vector_tensor &tensor : tensors()) {
      const std::string name = tensor.name;
      if (!name.starts_with("param.")) continue;
      result.set_parameter(name.substr(6), floats(name));
      count++;
    }
    CHECK_EQUAL(result.parameters().size(), count);
    return result;
  }

 private:
  static std::vector<vae::Layer> layers(std::span<const vae_layer> from) {
    std::vector<vae::Layer> result;
    for (const vae_layer &layer : from) result.push_back({layer.units, vae::Activation{layer.activation}});
    return result;
  }

  vectors file_ = {};
  bool read_ = false;
};

// The relative L2 distance, or for zeros the largest value against 1e-6.
void compare(const std::string &name, std::span<const float> values, const std::vector<double> &expected,
             double tolerance) {
  const bool zero = std::all_of(expected.begin(), expected.end(), [](double value) { return value == 0; });
  if (!CHECK_THAT(!expected.empty() && values.size() == expected.size(), "%s has another size", name.c_str())) return;
  const double distance = test_distance(values.data(), expected.data(), expected.size());
  CHECK_THAT(distance <= (zero ? 1e-6 : tolerance), "%s is off by %.3g", name.c_str(), distance);
}

void check_file(const Vectors &v) {
  const vectors &file = v.file();
  const vae::Objective objective = vae::detail::from_c(file.spec.objective);
  const std::vector<float> x = v.floats("input.x"), noise = v.floats("input.noise");
  const std::vector<float> c = v.floats("input.condition");
  const vae::Condition condition = c.empty() ? vae::Condition() : vae::Condition(c);
  const vae::Rows rows = vae::Rows(x).given(condition);
  const std::size_t n = file.batch, draws = n * objective.samples;
  vae::Model model = v.model();
  vae::Workspace workspace(model);

  std::vector<float> kl(n), nll(draws), mean(n * file.spec.latent_dim), logvar(mean.size());
  std::vector<float> z(draws * file.spec.latent_dim), output(draws * file.spec.input_dim);
  const vae::Terms terms = {.kl = kl, .sample_nll = nll, .mean = mean, .logvar = logvar, .z = z, .output = output};
  const vae::Loss loss = model.loss_and_gradients(workspace, rows, objective, noise, 0, terms);
  CHECK_NEAR(loss.loss, v.values("expect.loss").at(0), 1e-5 * std::abs(v.values("expect.loss").at(0)));
  compare("kl", kl, v.values("expect.kl"), 1e-5);
  compare("sample_nll", nll, v.values("expect.reconstruction_nll"), 1e-5);
  compare("mean", mean, v.values("expect.mean"), 1e-5);
  compare("logvar", logvar, v.values("expect.logvar"), 1e-5);
  compare("z", z, v.values("expect.z"), 1e-5);
  compare("output", output, v.values("expect.output"), 1e-5);
  for (const vector_tensor &tensor : v.tensors()) {
    const std::string name = tensor.name;
    if (name.starts_with("grad.")) compare(name, model.gradient(workspace, name.substr(5)), v.values(name), 2e-5);
  }

  const vae::Posterior codes = model.encode(workspace, rows);
  compare("encode, mean", codes.mean, v.values("expect.mean"), 1e-5);
  compare("encode, logvar", codes.logvar, v.values("expect.logvar"), 1e-5);
  const std::vector<float> expected_z = v.floats("expect.z");
  std::vector<float> decoded;
  for (std::size_t k = 0; k < objective.samples; k++) {
    const auto sample = std::span(expected_z).subspan(k * mean.size(), mean.size());
    const std::vector<float> part =
        c.empty() ? model.decode(workspace, sample) : model.decode_given(workspace, sample, condition);
    decoded.insert(decoded.end(), part.begin(), part.end());
  }
  compare("decode", decoded, v.values("expect.output"), 1e-5);
}

void check_steps(const Vectors &v) {
  const vectors &file = v.file();
  const std::vector<float> x = v.floats("input.x"), noise = v.floats("input.noise");
  const std::vector<float> c = v.floats("input.condition");
  const vae::Rows rows = vae::Rows(x).given(c.empty() ? vae::Condition() : vae::Condition(c));
  vae::Model model = v.model();
  vae::Trainer trainer(model, {.objective = vae::detail::from_c(file.spec.objective),
                               .learning_rate = file.learning_rate,
                               .beta1 = file.beta1,
                               .beta2 = file.beta2,
                               .epsilon = file.epsilon});
  for (int step = 1; step <= 3; step++) {
    trainer.step(rows, noise);
    const std::string prefix = "adam" + std::to_string(step) + ".";
    for (const vector_tensor &tensor : v.tensors()) {
      const std::string name = tensor.name;
      if (!name.starts_with(prefix)) continue;
      const std::vector<double> before = v.values("param." + name.substr(6));
      std::vector<double> expected = v.values(name);
      std::vector<float> values = model.parameter(name.substr(6));
      if (!CHECK(before.size() == expected.size() && values.size() == expected.size())) continue;
      for (std::size_t i = 0; i < before.size(); i++) {
        expected[i] -= before[i];
        values[i] = float(double(values[i]) - before[i]);
      }
      compare(name, values, expected, file.epsilon < 1e-6 ? 1e-3 : 1e-4);
    }
  }
}

} // namespace

int main() {
  char folder[TEST_PATH];
  test_fixture(folder, "reference");
  int files = 0;
  for (const auto &entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".safetensors") continue;
    harness_note("%s", entry.path().stem().c_str());
    const Vectors v(entry.path());
    if (!v.is_read()) continue;
    try {
      check_file(v);
      check_steps(v);
    } catch (const std::exception &error) {
      CHECK_THAT(false, "%s", error.what());
    }
    files++;
  }
  CHECK(files >= 15);
  return harness_finish("cpp vectors");
}
