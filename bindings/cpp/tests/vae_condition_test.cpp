// Conditions in every call of vae.hpp that takes rows or z: labels in both sizes, bytes and rows with a single 1 are
// the same to the bit; one for all; strides; what is refused.
#include "throws.hpp"

#include <array>
#include <string>
#include <vector>

namespace {

constexpr std::size_t rows = 40, inputs = 6, latents = 2, classes = 3;

vae::Config conditional() {
  return {.input_dim = inputs, .condition_dim = classes, .latent_dim = latents, .encoder = {{8}}, .decoder = {{8}}};
}

// A table, a class for each row, and the class in each of the forms in which it can be given.
struct Data {
  std::vector<float> x = std::vector<float>(rows * inputs), one_hot = std::vector<float>(rows * classes);
  std::vector<std::uint8_t> small = std::vector<std::uint8_t>(rows), bytes = std::vector<std::uint8_t>(rows * classes);
  std::vector<std::uint32_t> large = std::vector<std::uint32_t>(rows);

  Data() {
    for (std::size_t i = 0; i < x.size(); i++) x[i] = i % 7 < 3 ? 1.0f : 0.0f;
    for (std::size_t i = 0; i < rows; i++) {
      const std::size_t label = (i * i + i / 4) % classes;
      small[i] = std::uint8_t(label);
      large[i] = std::uint32_t(label);
      bytes[i * classes + label] = 5;
      one_hot[i * classes + label] = 1;
    }
  }

  std::vector<vae::Condition> forms() const {
    return {one_hot, {bytes, 0.2}, vae::Condition::labels(small), vae::Condition::labels(large)};
  }
};

bool same(const vae::Loss &a, const vae::Loss &b) {
  return a.loss == b.loss && a.reconstruction == b.reconstruction && a.kl == b.kl && a.examples == b.examples;
}

void check_forms() {
  const Data data;
  const vae::Model model(conditional());
  vae::Workspace workspace(model, {.max_rows = 64});
  CHECK(model.config().condition_dim == classes);
  const vae::Rows first = vae::Rows(data.x).given(data.one_hot);
  const vae::Posterior codes = model.encode(workspace, first);
  const std::vector<float> decoded = model.decode_given(workspace, codes.mean, data.one_hot);
  const std::vector<float> drawn = model.sample_given(workspace, rows, data.one_hot, 7);
  const vae::Loss loss = model.evaluate(workspace, first, {}, 3);
  const vae::Loss batch = model.loss_and_gradients(workspace, first);
  const std::vector<float> gradient = model.gradient(workspace, "encoder.0.weight");
  const double evidence = model.statistics(workspace, first, {.samples = 10}).log_evidence;
  CHECK(gradient.size() == 8 * (inputs + classes) && decoded.size() == rows * inputs);
  CHECK(decoded == model.reconstruct(workspace, first));
  // The class reaches both sides.
  const vae::Rows zero = vae::Rows(data.x).given(vae::Condition::label(0));
  CHECK(model.encode(workspace, zero).mean != codes.mean);
  CHECK(model.decode_given(workspace, codes.mean, vae::Condition::label(0)) != decoded);

  for (const vae::Condition &condition : data.forms()) {
    const vae::Rows x = vae::Rows(data.x).given(condition);
    CHECK(model.encode(workspace, x).mean == codes.mean && model.encode(workspace, x).logvar == codes.logvar);
    CHECK(model.decode_given(workspace, codes.mean, condition) == decoded);
    CHECK(model.reconstruct(workspace, x) == decoded);
    CHECK(model.sample_given(workspace, rows, condition, 7) == drawn);
    CHECK(same(model.evaluate(workspace, x, {}, 3), loss));
    CHECK(same(model.loss_and_gradients(workspace, x), batch));
    CHECK(model.gradient(workspace, "encoder.0.weight") == gradient);
    CHECK(model.statistics(workspace, x, {.samples = 10}).log_evidence == evidence);
  }
}

void check_training() {
  const Data data;
  std::vector<std::byte> first;
  for (const vae::Condition &condition : data.forms()) {
    vae::Model model(conditional());
    const vae::Rows x = vae::Rows(data.x).given(condition);
    model.init_output_bias(x);
    vae::Trainer trainer(model, {.batch_size = 16, .learning_rate = 0.01, .threads = 2});
    const double before = trainer.epoch(x).loss;
    for (int epoch = 0; epoch < 8; epoch++) trainer.epoch(x);
    CHECK(trainer.epoch(x).loss < before);
    trainer.step(x);
    if (first.empty()) first = model.save_bytes();
    CHECK(model.save_bytes() == first);
  }
  CHECK(vae::Model::load_bytes(first).config().condition_dim == classes);
}

void check_one_for_all() {
  const Data data;
  const vae::Model model(conditional());
  vae::Workspace workspace(model);
  const std::vector<std::uint8_t> twos(rows, 2);
  const std::array<float, classes> row = {0, 0, 1};
  const std::array<std::uint32_t, 1> two = {2};
  const vae::Rows x = vae::Rows(data.x).given(vae::Condition::labels(twos));
  const std::vector<float> mean = model.encode(workspace, x).mean;
  const std::vector<float> decoded = model.decode_given(workspace, mean, vae::Condition::labels(twos));
  const std::vector<float> drawn = model.sample_given(workspace, rows, vae::Condition::labels(twos), 5);
  for (const vae::Condition &condition : {vae::Condition::label(2), vae::Condition(row), vae::Condition::labels(two)}) {
    CHECK(model.encode(workspace, vae::Rows(data.x).given(condition)).mean == mean);
    CHECK(model.decode_given(workspace, mean, condition) == decoded);
    CHECK(model.sample_given(workspace, rows, condition, 5) == drawn);
  }
  // Rows 3 and 4 of the stream, with their z, into memory of the caller's.
  std::vector<float> output(2 * inputs), z(2 * latents);
  model.sample_given(workspace, 2, vae::Condition::label(2), 5, 3, output, z);
  CHECK(std::equal(output.begin(), output.end(), drawn.begin() + 3 * inputs));
  CHECK(model.decode_given(workspace, z, vae::Condition::label(2)) == output);
  CHECK(model.sample_given(workspace, 2, vae::Condition::label(2), 5, 3) == output);
}

void check_strides() {
  const Data data;
  const vae::Model model(conditional());
  vae::Workspace workspace(model);
  const std::vector<float> mean = model.encode(workspace, vae::Rows(data.x).given(data.one_hot)).mean;
  std::vector<float> wide((rows - 1) * 5 + classes, -9); // the last row has no gap behind it
  std::vector<std::uint32_t> apart((rows - 1) * 4 + 1, 99);
  for (std::size_t i = 0; i < rows; i++) {
    std::copy_n(&data.one_hot[i * classes], classes, &wide[i * 5]);
    apart[i * 4] = data.large[i];
  }
  CHECK(model.encode(workspace, vae::Rows(data.x).given({wide, 5})).mean == mean);
  CHECK(model.encode(workspace, vae::Rows(data.x).given(vae::Condition::labels(apart, 4))).mean == mean);
}

void check_refusals() {
  const Data data;
  vae::Model model(conditional()), plain({.input_dim = inputs, .latent_dim = latents});
  vae::Workspace workspace(model), plain_workspace(plain);
  vae::Trainer trainer(model);
  const std::vector<float> z(3 * latents);
  std::vector<float> output(3 * inputs);
  const std::vector<std::uint8_t> short_by_one(rows - 1), high(rows, classes);
  const auto given = [&](const vae::Condition &condition) { return vae::Rows(data.x).given(condition); };

  check_throws(vae::Status::mismatch, "condition", [&] { model.encode(workspace, data.x); });
  check_throws(vae::Status::mismatch, "condition", [&] { model.decode(workspace, z); });
  check_throws(vae::Status::mismatch, "condition", [&] { model.sample(workspace, 3); });
  check_throws(vae::Status::mismatch, "condition", [&] { trainer.epoch(data.x); });
  check_throws(vae::Status::mismatch, "condition", [&] { plain.encode(plain_workspace, given(data.one_hot)); });
  check_throws(vae::Status::mismatch, "condition",
               [&] { plain.decode_given(plain_workspace, z, vae::Condition::label(0)); });
  check_throws(vae::Status::mismatch, "condition",
               [&] { model.encode(workspace, given(vae::Condition::labels(short_by_one))); });
  check_throws(vae::Status::mismatch, "condition: 4 values",
               [&] { model.encode(workspace, given(std::span(data.one_hot).first(4))); });
  check_throws(vae::Status::mismatch, "a row each 2", [&] { model.encode(workspace, given({data.one_hot, 2})); });
  check_throws(vae::Status::data, "condition", [&] { model.encode(workspace, given(vae::Condition::labels(high))); });
  check_throws(vae::Status::data, "condition", [&] { model.sample_given(workspace, 3, vae::Condition::label(3)); });
  check_throws(vae::Status::mismatch, "output",
               [&] { model.decode_given(workspace, z, vae::Condition::label(0), std::span(output).first(5)); });
  check_throws(vae::Status::mismatch,
               "z:", [&] { model.decode_given(workspace, std::span(z).first(5), vae::Condition::label(0), output); });
  check_throws(vae::Status::mismatch, "z", [&] {
    model.sample_given(workspace, 3, vae::Condition::label(0), 0, 0, output, std::span(output).first(5));
  });
  check_throws(vae::Status::invalid_argument, "too large",
               [&] { model.sample_given(workspace, SIZE_MAX / 2, vae::Condition::label(0)); });
  check_throws(vae::Status::mismatch, "rows is 0",
               [&] { model.encode(workspace, given(vae::Condition::labels(std::vector<std::uint32_t>()))); });
}

} // namespace

int main() {
  check_forms();
  check_training();
  check_one_for_all();
  check_strides();
  check_refusals();
  return harness_finish("cpp conditions");
}
