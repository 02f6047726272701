// vae.hpp: every function is called at least once; defaults are the C interface's; errors, sizes, exceptions of
// callbacks and memory resources arrive where they should. Usage: vae_test FOLDER_FOR_FILES
#include <cstring>
#include <new>
#include <thread>
#include <type_traits>
#include <vector>

#include "throws.hpp"

namespace {

constexpr std::size_t rows = 40, inputs = 6, latents = 2;

static_assert(!std::is_copy_constructible_v<vae::Model> && std::is_nothrow_move_constructible_v<vae::Model>);
static_assert(!std::is_copy_constructible_v<vae::Workspace> && std::is_nothrow_move_assignable_v<vae::Workspace>);
static_assert(!std::is_copy_constructible_v<vae::Trainer> && std::is_nothrow_move_constructible_v<vae::Trainer>);

vae::Config small() { return {.input_dim = inputs, .latent_dim = latents, .encoder = {{8}}, .decoder = {{5}, {8}}}; }

std::vector<float> table() {
  std::vector<float> values(rows * inputs);
  for (std::size_t i = 0; i < values.size(); i++) values[i] = i % 7 < 3 ? 1.0f : 0.0f;
  return values;
}

// Counts what lies in it and, from allocation `fail_from` on, throws.
class CountingMemory : public std::pmr::memory_resource {
 public:
  long blocks = 0, bytes = 0, calls = 0, fail_from = -1;

 private:
  void *do_allocate(std::size_t size, std::size_t alignment) override {
    if (fail_from >= 0 && calls >= fail_from) throw std::bad_alloc();
    calls++, blocks++, bytes += long(size);
    return std::pmr::new_delete_resource()->allocate(size, alignment);
  }
  void do_deallocate(void *block, std::size_t size, std::size_t alignment) override {
    blocks--, bytes -= long(size);
    std::pmr::new_delete_resource()->deallocate(block, size, alignment);
  }
  bool do_is_equal(const memory_resource &other) const noexcept override { return this == &other; }
};

void check_defaults() {
  const auto training = vae::detail::initialised(vae_training_init_sized);
  const auto objective = vae::detail::initialised(vae_objective_init_sized);
  const auto mine = vae::detail::to_c(vae::Training{});
  CHECK_BYTES(&mine, &training, sizeof training);
  const auto my_objective = vae::detail::to_c(vae::Objective{});
  CHECK_BYTES(&my_objective, &objective, sizeof objective);
  auto config = vae::detail::initialised(vae_config_init_sized);
  const vae::Config empty;
  const vae::detail::ConfigView my_config(empty);
  config.encoder = my_config.c.encoder, config.decoder = my_config.c.decoder; // of no layers: any address
  config.prior_net = my_config.c.prior_net, config.groups = my_config.c.groups;
  CHECK_BYTES(&my_config.c, &config, sizeof config);
  const auto layer = vae::detail::initialised(vae_layer_init_sized);
  CHECK(vae::Layer{}.units == layer.units && vae_activation(vae::Layer{}.activation) == layer.activation);
  const auto data = vae::detail::initialised(vae_data_init_sized);
  CHECK(vae::Rows(std::vector<std::uint8_t>(6)).view(6).scale == data.scale);
  const auto condition = vae::detail::initialised(vae_condition_init_sized);
  CHECK(vae::Condition(std::vector<std::uint8_t>(6)).view(6).scale == condition.scale);
  CHECK(vae::Condition().is_none());
  const auto workspace = vae::detail::initialised(vae_workspace_options_init_sized);
  CHECK(vae::WorkspaceOptions{}.max_rows == workspace.max_rows && vae::WorkspaceOptions{}.threads == workspace.threads);
}

// Every field of an objective and of a configuration has its place.
void check_fields() {
  auto c = vae::detail::initialised(vae_objective_init_sized);
  c.kind = VAE_OBJECTIVE_IWAE, c.samples = 2, c.beta = 3, c.binarization = VAE_BINARIZATION_DYNAMIC;
  c.estimator = VAE_ESTIMATOR_DOUBLY_REPARAMETERIZED, c.free_bits = 4, c.capacity = 5, c.capacity_weight = 6;
  c.regularizer = VAE_REGULARIZER_DIP_II, c.projections = 7, c.regularizer_weight = 8, c.regularizer_diagonal = 9;
  c.kernel_scale = 10, c.data_rows = 11;
  const vae::Objective objective = {.kind = vae::ObjectiveKind::iwae,
                                    .samples = 2,
                                    .beta = 3,
                                    .binarization = vae::Binarization::dynamic,
                                    .estimator = vae::Estimator::doubly_reparameterized,
                                    .free_bits = 4,
                                    .capacity = 5,
                                    .capacity_weight = 6,
                                    .regularizer = vae::Regularizer::dip_ii,
                                    .projections = 7,
                                    .regularizer_weight = 8,
                                    .regularizer_diagonal = 9,
                                    .kernel_scale = 10,
                                    .data_rows = 11};
  const vae_objective to = vae::detail::to_c(objective), back = vae::detail::to_c(vae::detail::from_c(c));
  CHECK_BYTES(&to, &c, sizeof c);
  CHECK_BYTES(&back, &c, sizeof c);

  const vae_training training = vae::detail::to_c(vae::Training{.capacity_epochs = 2.5, .dropout = 0.25});
  CHECK(training.capacity_epochs == 2.5 && training.dropout == 0.25);
  CHECK(vae::detail::from_c(training).capacity_epochs == 2.5 && vae::detail::from_c(training).dropout == 0.25);

  const vae::Config config = {
      .condition_dim = 2, .prior_net = {{3}, {4, vae::Activation::tanh}}, .prior_components = 5};
  const vae::detail::ConfigView view(config);
  CHECK(view.c.condition_dim == 2 && view.c.prior_net_count == 2 && view.c.prior_components == 5);
  const vae::Config again = vae::detail::from_c(view.c);
  CHECK(again.prior_net.size() == 2 && again.prior_net[0].units == 3 && again.prior_components == 5);
  CHECK(again.prior_net[1].activation == vae::Activation::tanh && again.condition_dim == 2);
}

void check_names() {
  CHECK(std::strcmp(vae::name(vae::Activation::leaky_relu), "leaky_relu") == 0);
  CHECK(std::strcmp(vae::name(vae::Likelihood::gaussian), "gaussian") == 0);
  CHECK(std::strcmp(vae::name(vae::Likelihood::log_cosh), "log_cosh") == 0);
  CHECK(std::strcmp(vae::name(vae::SigmaKind::per_output), "per_output") == 0);
  CHECK(std::strcmp(vae::name(vae::Likelihood::student_t), "student_t") == 0);
  CHECK(std::strcmp(vae::name(vae::Prior::standard), "standard") == 0);
  CHECK(std::strcmp(vae::name(vae::Prior::vamp), "vamp") == 0);
  CHECK(std::strcmp(vae::name(vae::Estimator::doubly_reparameterized), "doubly_reparameterized") == 0);
  CHECK(std::strcmp(vae::name(vae::Regularizer::sliced_wasserstein), "sliced_wasserstein") == 0);
  CHECK(std::strcmp(vae::name(vae::ObjectiveKind::iwae), "iwae") == 0);
  CHECK(std::strcmp(vae::name(vae::Binarization::dynamic), "dynamic") == 0);
  CHECK(std::strcmp(vae::name(vae::RateSchedule::burda), "burda") == 0);
  CHECK(std::strcmp(vae::name(vae::WarmUp::cyclic), "cyclic") == 0);
  CHECK(std::strcmp(vae::name(vae::Isa::neon), "neon") == 0);
  CHECK(std::strcmp(vae::name(vae::Precision::bfloat16), "bf16") == 0);
  CHECK(std::strcmp(vae::name(vae::Status::io), "VAE_ERROR_IO") == 0);
  CHECK(vae::is_available(vae::Isa::portable) && !vae::is_available(vae::Isa{99}));
  CHECK(std::strcmp(vae::version(), vae_version_string()) == 0);
}

void check_model(const std::string &folder) {
  vae::Model model(small(), {.seed = 3});
  const vae::Config config = model.config();
  CHECK(config.encoder.size() == 1 && config.decoder.size() == 2 && config.decoder[0].units == 5);
  CHECK(config.input_dim == inputs && config.latent_dim == latents &&
        config.encoder[0].activation == vae::Activation::relu);
  CHECK(!model.training() && model.precision() == vae::Precision::float32);

  std::size_t values = 0;
  for (const vae::Parameter &parameter : model.parameters()) {
    values += parameter.count;
    CHECK(model.parameter(parameter.name).size() == parameter.count);
  }
  CHECK_EQUAL(values, model.value_count());
  CHECK(model.parameters()[0].name == "encoder.0.weight");
  vae::Config groups = small(), scaled = small();
  groups.likelihood = vae::Likelihood::categorical;
  groups.groups = {2, inputs - 2};
  CHECK(vae::Model(groups).config().groups == groups.groups);
  scaled.likelihood = vae::Likelihood::laplace;
  scaled.sigma_kind = vae::SigmaKind::global;
  CHECK(vae::Model(scaled).config().sigma_kind == vae::SigmaKind::global);
  CHECK(vae::Model(scaled).parameter("decoder.log_sigma") == std::vector<float>(1));
  CHECK((model.parameters()[0].shape == std::vector<std::size_t>{8, inputs}));

  model.set_parameter("encoder.0.bias", std::vector<float>(8, 0.5f));
  CHECK(model.parameter("encoder.0.bias") == std::vector<float>(8, 0.5f));
  model.init_output_bias(table());
  check_throws(vae::Status::invalid_argument, "encoder.9", [&] { model.parameter("encoder.9.bias"); });
  check_throws(vae::Status::invalid_argument, "",
               [&] { model.set_parameter("encoder.0.bias", std::vector<float>(7)); });
  check_throws(vae::Status::invalid_argument, "input_dim", [] { vae::Model({.latent_dim = 2}); });

  const std::string path = folder + "/cpp.safetensors";
  model.save(path);
  const std::vector<std::byte> bytes = model.save_bytes();
  CHECK(vae::Model::load(path).save_bytes() == bytes);
  CHECK(vae::Model::load_bytes(bytes).save_bytes() == bytes);
  check_throws(vae::Status::io, "nowhere", [&] { vae::Model::load(folder + "/nowhere/at.all"); });
  check_throws(vae::Status::format, "", [&] { vae::Model::load_bytes(std::span(bytes).first(bytes.size() - 1)); });

  vae::Model moved = std::move(model);
  CHECK(model.get() == nullptr && moved.save_bytes() == bytes);
}

void check_inference() {
  const vae::Model model(small());
  vae::Workspace workspace(model, {.max_rows = 64, .threads = 1});
  CHECK(workspace.info().max_rows == 64 && workspace.info().threads == 1 && workspace.info().bytes > 0);
  const std::vector<float> x = table();
  std::vector<std::uint8_t> bytes(x.begin(), x.end());

  const vae::Posterior codes = model.encode(workspace, x);
  CHECK(codes.mean.size() == rows * latents && codes.logvar.size() == rows * latents);
  CHECK(model.encode(workspace, {bytes, 1.0}).mean == codes.mean);
  std::vector<float> mean(latents);
  model.encode(workspace, std::span(x).first(inputs), mean, {});
  CHECK(std::equal(mean.begin(), mean.end(), codes.mean.begin()));
  // Every second row, through the stride; the last row has no gap behind it.
  const vae::Posterior every_second = model.encode(workspace, {std::span(x).first((rows - 1) * inputs), 2 * inputs});
  CHECK(every_second.mean.size() == rows / 2 * latents && every_second.mean[latents] == codes.mean[2 * latents]);

  CHECK(model.decode(workspace, codes.mean) == model.reconstruct(workspace, x));
  const std::vector<float> five = model.sample(workspace, 5, 7);
  const std::vector<float> last = model.sample(workspace, 2, 7, 3);
  CHECK(five.size() == 5 * inputs && std::equal(last.begin(), last.end(), five.begin() + 3 * inputs));

  std::vector<float> loss(rows), sample_nll(3 * rows), z(3 * rows * latents), output(3 * rows * inputs);
  const vae::Loss whole = model.evaluate(workspace, x, {.samples = 3, .beta = 2}, 5,
                                         {.loss = loss, .sample_nll = sample_nll, .z = z, .output = output});
  CHECK_EQUAL(whole.examples, rows);
  CHECK_NEAR(whole.loss, whole.reconstruction + 2 * whole.kl, 1e-9 * whole.loss);
  double sum = 0;
  for (const float value : loss) sum += value;
  CHECK_NEAR(sum / rows, whole.loss, 1e-4);

  const vae::Statistics statistics = model.statistics(workspace, x, {.samples = 30, .seed = 5});
  const vae::Loss bound = model.evaluate(workspace, x, {.kind = vae::ObjectiveKind::iwae, .samples = 30}, 5);
  CHECK(statistics.log_evidence == -bound.loss && statistics.kl == bound.kl && statistics.examples == rows);
  CHECK(statistics.reconstruction == bound.reconstruction && statistics.negative_elbo == bound.negative_elbo);
  CHECK(statistics.bits == vae::Bits::code_length && std::string(vae::name(statistics.bits)) == "code length");
  CHECK(statistics.latent_kl.size() == latents && statistics.latent_variance.size() == latents);
  CHECK(statistics.example_log_evidence.size() == rows && statistics.example_effective_samples.size() == rows);
  double evidence = 0;
  for (const double value : statistics.example_log_evidence) evidence += value;
  CHECK_NEAR(evidence / rows, statistics.log_evidence, 1e-9);
  CHECK(statistics.effective_samples_min > 0 && statistics.effective_samples <= 30);
  CHECK(model.statistics(workspace, x, {.samples = 2}).degenerate_weights && !statistics.mutual_information_bounded);
  check_throws(vae::Status::invalid_argument, "samples", [&] { model.statistics(workspace, x, {.samples = 0}); });

  check_throws(vae::Status::mismatch, "rows", [&] { model.encode(workspace, std::span(x).first(inputs + 1)); });
  check_throws(vae::Status::mismatch, "mean", [&] { model.encode(workspace, x, mean, {}); });
  check_throws(vae::Status::mismatch, "z:", [&] { model.decode(workspace, std::vector<float>(3)); });
  check_throws(vae::Status::mismatch, "terms.z", [&] { model.evaluate(workspace, x, {}, 0, {.z = z}); });
  check_throws(vae::Status::invalid_argument, "", [&] { model.encode(workspace, std::vector<float>()); });
  check_throws(vae::Status::data, "row 1", [&] {
    std::vector<float> bad = x;
    bad[inputs] = 2;
    model.encode(workspace, bad);
  });
  check_throws(vae::Status::invalid_argument, "", [&] { model.sample(workspace, SIZE_MAX / 2); });
}

void check_gradients() {
  vae::Model model(small());
  vae::Workspace workspace(model);
  const std::vector<float> x = table(), noise(rows * latents, 0.25f);
  check_throws(vae::Status::invalid_argument, "", [&] { model.gradient(workspace, "decoder.0.bias"); });
  const vae::Loss before = model.loss_and_gradients(workspace, x, {}, noise);

  // The trainer's step has the same gradients from the same noise.
  const std::string name = "encoder.mean.weight";
  const std::vector<float> gradient = model.gradient(workspace, name);
  vae::Trainer trainer(model, {.keep_gradients = true});
  std::vector<float> kl(rows);
  const vae::Loss stepped = trainer.step(x, noise, {.kl = kl});
  CHECK_NEAR(stepped.loss, before.loss, 1e-6 * before.loss);
  CHECK(kl[0] > 0);
  const std::vector<float> kept = trainer.gradient(name);
  for (std::size_t i = 0; i < gradient.size(); i++) CHECK_NEAR(kept[i], gradient[i], 1e-6);

  // Against the slope between two parameter values.
  const auto loss_at = [&](float shift) {
    vae::Model copy = vae::Model::load_bytes(model.save_bytes());
    std::vector<float> values = copy.parameter(name);
    values[0] += shift;
    copy.set_parameter(name, values);
    return copy.loss_and_gradients(workspace, x, {}, noise).loss;
  };
  const double slope = (loss_at(1e-2f) - loss_at(-1e-2f)) / 2e-2;
  model.loss_and_gradients(workspace, x, {}, noise);
  CHECK_NEAR(model.gradient(workspace, name)[0], slope, 1e-3);
  check_throws(vae::Status::mismatch, "noise", [&] { trainer.step(x, std::span(noise).first(3)); });
}

void check_training(const std::string &folder) {
  const std::vector<float> x = table();
  vae::Model model(small());
  vae::Trainer trainer(model, {.batch_size = 8, .objective = {.samples = 2}, .seed = 9, .threads = 1});
  int calls = 0;
  const vae::EpochResult first = trainer.epoch(x, [&](const vae::Progress &progress) {
    calls++;
    CHECK_EQUAL(progress.batches, rows / 8);
    return vae::Decision::go_on;
  });
  CHECK(calls >= 1 && !first.stopped && first.loss.examples == rows);
  CHECK(trainer.info().epoch == 1 && trainer.info().step == rows / 8 && trainer.info().threads == 1);
  CHECK(model.training() && model.training()->batch_size == 8 && model.training()->objective.samples == 2);

  const std::string path = folder + "/cpp-state.safetensors";
  trainer.save(path);
  vae::Model other(small(), {.seed = 1});
  vae::Trainer resumed(other);
  resumed.restore(path);
  CHECK(trainer.epoch(x).loss == resumed.epoch(x).loss);
  CHECK(model.save_bytes() == other.save_bytes());
  resumed.step(x, std::vector<float>(2 * rows * latents)); // the restored objective's two samples

  // The model may be moved under its trainer; a stop and an exception both end the epoch.
  vae::Model moved = std::move(model);
  CHECK(trainer.epoch(x, [](const vae::Progress &) { return vae::Decision::stop; }).stopped);
  struct Thrown {};
  bool caught = false;
  try {
    trainer.epoch(x, [](const vae::Progress &) -> vae::Decision { throw Thrown(); });
  } catch (const Thrown &) {
    caught = true;
  }
  CHECK(caught && trainer.epoch(x).loss < first.loss.loss);
  check_throws(vae::Status::invalid_argument, "learning_rate", [&] { vae::Trainer(moved, {.learning_rate = -1}); });
}

// Every option reaches the library and comes back; early stopping gives the best parameters back.
void check_schedules() {
  const std::vector<float> x = table();
  vae::Model model(small());
  const vae::Training training = {.batch_size = 8,
                                  .objective = {.beta = 4, .binarization = vae::Binarization::dynamic},
                                  .rate_schedule = vae::RateSchedule::steps,
                                  .warm_up = vae::WarmUp::cyclic,
                                  .rate_decay = 0.5,
                                  .rate_epochs = 3,
                                  .rate_floor = 1e-4,
                                  .rate_milestones = {1, 2},
                                  .warm_up_epochs = 8,
                                  .warm_up_share = 0.5,
                                  .weight_decay = 0.25,
                                  .clip_norm = 100,
                                  .warm_up_cycles = 2,
                                  .patience = 1};
  const vae_training wanted = vae::detail::to_c(training), got = vae::detail::to_c(vae::detail::from_c(wanted));
  CHECK_BYTES(&wanted, &got, sizeof got);
  vae::Trainer trainer(model, training);
  CHECK_EQUAL(trainer.info().learning_rate, 0);
  trainer.epoch(x);
  CHECK(!trainer.judge(3));
  const std::vector<std::byte> best = model.save_bytes();
  trainer.epoch(x);
  const vae::Trainer::Info info = trainer.info();
  CHECK_NEAR(info.learning_rate, 0.5e-3, 1e-15);
  CHECK_NEAR(info.beta, 4 * 1.8 / 2, 1e-12); // the last of five batches begins at 1.8 epochs
  CHECK(info.gradient_norm > 0 && info.best_loss == 3 && info.best_epoch == 1 && info.waited == 0);
  CHECK(trainer.judge(4) && trainer.info().waited == 1);
  trainer.take_best();
  CHECK(model.save_bytes() == best && trainer.info().epoch == 1);
  check_throws(vae::Status::invalid_argument, "loss", [&] { trainer.judge(NAN); });
  check_throws(vae::Status::invalid_argument, "best", [&] { vae::Trainer(model).take_best(); });
}

void check_precision() {
  const std::vector<float> x = table();
  const vae::Model model(small());
  vae::Workspace workspace(model);
  const std::vector<float> exact = model.reconstruct(workspace, x);
  for (const vae::Precision precision : {vae::Precision::bfloat16, vae::Precision::int8}) {
    vae::Model copy = model.quantized(precision);
    CHECK(copy.precision() == precision);
    vae::Workspace own(copy);
    const std::vector<float> near = copy.reconstruct(own, x);
    for (std::size_t i = 0; i < near.size(); i++) CHECK_NEAR(near[i], exact[i], 0.02);
    check_throws(vae::Status::unsupported, "", [&] { vae::Trainer trainer(copy); });
  }
  vae::Model trained(small());
  vae::Trainer trainer(trained, {.precision = vae::Precision::bfloat16, .precision_fallback = true});
  CHECK(trainer.epoch(x).loss > 0);
}

void check_memory() {
  CountingMemory memory;
  const std::vector<float> x = table();
  {
    vae::Model model(small(), {.memory = &memory});
    vae::Workspace workspace(model, {.memory = &memory});
    vae::Trainer trainer(model, {}, &memory);
    vae::Model copy = model.quantized(vae::Precision::int8);
    vae::Model loaded = vae::Model::load_bytes(model.save_bytes(), {.memory = &memory});
    trainer.epoch(x);
    std::vector<float> mean(rows * latents), output(rows * inputs);
    model.encode(workspace, x, mean, {});
    const long calls = memory.calls;
    for (int i = 0; i < 10; i++) {
      model.encode(workspace, x, mean, {});
      model.decode(workspace, mean, output);
      model.reconstruct(workspace, x, output);
      model.sample(workspace, rows, 0, 0, output, mean);
      trainer.epoch(x);
    }
    CHECK_EQUAL(memory.calls, calls);
    CHECK(memory.blocks > 4 && memory.bytes > 0);
  }
  CHECK(memory.blocks == 0 && memory.bytes == 0);
  memory.fail_from = memory.calls;
  check_throws(vae::Status::out_of_memory, "", [&] { vae::Model model(small(), {.memory = &memory}); });
}

// One const model, four threads, each with a workspace of its own.
void check_threads() {
  const vae::Model model(small());
  const std::vector<float> x = table();
  std::vector<std::vector<float>> means(4);
  std::vector<std::thread> threads;
  for (std::vector<float> &mean : means)
    threads.emplace_back([&] {
      vae::Workspace workspace(model, {.threads = 1});
      for (int i = 0; i < 50; i++) mean = model.encode(workspace, x).mean;
    });
  for (std::thread &thread : threads) thread.join();
  for (const std::vector<float> &mean : means) CHECK(mean == means[0] && mean.size() == rows * latents);
}

} // namespace

int main(int count, char **arguments) {
  const std::string folder = count > 1 ? arguments[1] : ".";
  check_defaults();
  check_fields();
  check_names();
  check_model(folder);
  check_inference();
  check_gradients();
  check_training(folder);
  check_schedules();
  check_precision();
  check_memory();
  check_threads();
  return harness_finish("cpp");
}
