// The model space through vae.hpp: priors, likelihoods, objectives, presets. What they compute is the C tests' subject;
// here, that every setting arrives, and shapes, sizes and errors.
#include "throws.hpp"

#include <algorithm>
#include <cmath>
#include <span>
#include <string>
#include <vector>

namespace {

constexpr std::size_t rows = 40, inputs = 6, latents = 2, classes = 3;

std::vector<float> table() {
  std::vector<float> values(rows * inputs);
  for (std::size_t i = 0; i < values.size(); i++) values[i] = i % 7 < 3 ? 1.0f : 0.0f;
  return values;
}

std::vector<std::uint32_t> labels() {
  std::vector<std::uint32_t> values(rows);
  for (std::size_t i = 0; i < rows; i++) values[i] = std::uint32_t(i % classes);
  return values;
}

vae::Config with_prior(vae::Prior prior) {
  vae::Config config = {.input_dim = inputs, .latent_dim = latents, .encoder = {{8}}, .decoder = {{8}}, .prior = prior};
  if (prior == vae::Prior::conditional) config.condition_dim = classes;
  if (prior == vae::Prior::mixture || prior == vae::Prior::vamp) config.prior_components = 4;
  return config;
}

void check_conditional_prior() {
  const std::vector<std::uint32_t> c = labels();
  vae::Config config = with_prior(vae::Prior::conditional);
  const vae::Model linear(config);
  vae::Workspace workspace(linear);
  const std::vector<float> weight = linear.parameter("prior.mean.weight"), bias = linear.parameter("prior.mean.bias");
  const std::vector<float> log_weight = linear.parameter("prior.logvar.weight");
  const vae::Gaussian prior = linear.prior(workspace, rows, vae::Condition::labels(c));
  CHECK(weight.size() == latents * classes && prior.mean.size() == rows * latents);
  for (std::size_t i = 0; i < rows; i++)
    for (std::size_t j = 0; j < latents; j++) {
      CHECK_NEAR(prior.mean[i * latents + j], weight[j * classes + c[i]] + bias[j], 1e-6);
      CHECK_NEAR(prior.logvar[i * latents + j], log_weight[j * classes + c[i]], 1e-6);
    }
  std::vector<float> mean(2 * latents);
  linear.prior(workspace, 2, vae::Condition::label(c[1]), mean, {});
  CHECK(std::equal(mean.begin(), mean.begin() + latents, prior.mean.begin() + latents));
  check_throws(vae::Status::mismatch, "condition", [&] { linear.prior(workspace, rows); });
  check_throws(vae::Status::mismatch, "mean", [&] { linear.prior(workspace, 3, vae::Condition::label(0), mean, {}); });

  config.prior_net = {{5, vae::Activation::tanh}};
  const vae::Model model(config);
  CHECK(model.config().prior_net.size() == 1 && model.config().prior_net[0].units == 5);
  CHECK(model.parameter("prior.0.weight").size() == 5 * classes);
}

void check_standard_prior() {
  const vae::Model standard(with_prior(vae::Prior::standard));
  vae::Workspace workspace(standard);
  const vae::Gaussian zero = standard.prior(workspace, 3);
  CHECK(zero.mean == std::vector<float>(3 * latents) && zero.logvar == zero.mean);
}

void check_learned_priors() {
  const std::vector<float> x = table();
  for (const vae::Prior prior : {vae::Prior::mixture, vae::Prior::vamp}) {
    vae::Model model(with_prior(prior));
    vae::Workspace own(model);
    CHECK(model.config().prior == prior && model.config().prior_components == 4);
    const char *tensor = prior == vae::Prior::vamp ? "prior.pseudo_inputs" : "prior.mixture.mean";
    const std::vector<float> before = model.parameter(tensor);
    CHECK_EQUAL(before.size(), 4 * (prior == vae::Prior::vamp ? inputs : latents));
    vae::Trainer trainer(model, {.batch_size = 8});
    CHECK(std::isfinite(trainer.epoch(x).kl) && model.parameter(tensor) != before);
    CHECK_EQUAL(model.sample(own, 5, 1).size(), 5 * inputs);
    check_throws(vae::Status::unsupported, "prior", [&] { model.prior(own, 3); });
  }
}

// A model with that likelihood, z for some rows, and what the calls must give.
struct Distribution {
  explicit Distribution(const vae::Config &config) : model(config), workspace(model), z(rows * latents) {
    for (std::size_t i = 0; i < z.size(); i++) z[i] = std::sin(float(i));
  }
  explicit Distribution(vae::Likelihood likelihood)
      : Distribution(
            vae::Config{.input_dim = inputs, .latent_dim = latents, .decoder = {{8}}, .likelihood = likelihood}) {}

  // The parameter of that number, [rows, inputs].
  std::vector<float> parameter(std::size_t index) {
    const std::vector<float> all = model.likelihood_parameters(workspace, z);
    CHECK_EQUAL(all.size(), vae::parameter_count(model.config().likelihood) * rows * inputs);
    return {all.begin() + long(index * rows * inputs), all.begin() + long((index + 1) * rows * inputs)};
  }

  vae::Model model;
  vae::Workspace workspace;
  std::vector<float> z;
};

void check_names() {
  const auto names = [](vae::Likelihood likelihood) {
    std::string all;
    for (std::uint32_t i = 0; i < vae::parameter_count(likelihood); i++)
      all += std::string(vae::parameter_name(likelihood, i)) + " ";
    return all;
  };
  CHECK(names(vae::Likelihood::bernoulli) == "probability " && names(vae::Likelihood::poisson) == "rate ");
  CHECK(names(vae::Likelihood::gaussian) == "location scale ");
  CHECK(names(vae::Likelihood::negative_binomial) == "mean dispersion ");
  CHECK(names(vae::Likelihood::student_t) == "location scale df ");
  CHECK(vae::parameter_count(vae::Likelihood{99}) == 0);
}

void check_likelihoods() {
  Distribution bernoulli(vae::Likelihood::bernoulli);
  const std::vector<float> p = bernoulli.model.decode(bernoulli.workspace, bernoulli.z);
  CHECK(bernoulli.parameter(0) == p && bernoulli.model.likelihood_mean(bernoulli.workspace, bernoulli.z) == p);
  const std::vector<float> drawn = bernoulli.model.likelihood_samples(bernoulli.workspace, bernoulli.z, {}, 7);
  CHECK(std::all_of(drawn.begin(), drawn.end(), [](float value) { return value == 0 || value == 1; }));
  CHECK(std::count(drawn.begin(), drawn.end(), 1.0f) > 0 && std::count(drawn.begin(), drawn.end(), 0.0f) > 0);
  CHECK(bernoulli.model.likelihood_samples(bernoulli.workspace, bernoulli.z, {}, 8) != drawn);
  std::vector<float> two(2 * inputs);
  bernoulli.model.likelihood_samples(bernoulli.workspace, std::span(bernoulli.z).subspan(3 * latents, 2 * latents), {},
                                     7, 3, two);
  CHECK(std::equal(two.begin(), two.end(), drawn.begin() + 3 * inputs));

  Distribution gaussian(
      vae::Config{.input_dim = inputs, .latent_dim = latents, .likelihood = vae::Likelihood::gaussian, .sigma = 0.5});
  CHECK(gaussian.parameter(0) == gaussian.model.decode(gaussian.workspace, gaussian.z));
  for (const float scale : gaussian.parameter(1)) CHECK_NEAR(scale, 0.5, 1e-6);

  Distribution continuous(vae::Likelihood::continuous_bernoulli);
  CHECK(continuous.parameter(0) == continuous.model.decode(continuous.workspace, continuous.z));
  CHECK(continuous.model.likelihood_mean(continuous.workspace, continuous.z) != continuous.parameter(0));

  Distribution counts(vae::Likelihood::negative_binomial);
  CHECK(counts.parameter(0) == counts.model.likelihood_mean(counts.workspace, counts.z));
  const std::vector<float> log_dispersion = counts.model.parameter("decoder.log_dispersion");
  const std::vector<float> dispersion = counts.parameter(1);
  for (std::size_t i = 0; i < dispersion.size(); i++)
    CHECK_NEAR(dispersion[i], std::exp(log_dispersion[i % inputs]), 1e-5 * dispersion[i]);
  for (const float count : counts.model.likelihood_samples(counts.workspace, counts.z))
    CHECK(count >= 0 && count == std::floor(count));
  CHECK(counts.model.evaluate(counts.workspace, table()).loss > 0);

  Distribution student(vae::Likelihood::student_t);
  CHECK(student.parameter(0) == student.model.decode(student.workspace, student.z));
  CHECK_EQUAL(student.parameter(2).size(), rows * inputs);
  student.model.set_parameter("decoder.log_df", std::vector<float>(inputs, 0));
  check_throws(vae::Status::unsupported, "", [&] { student.model.likelihood_mean(student.workspace, student.z); });

  // Given a condition; sizes and values are checked.
  vae::Config conditional = with_prior(vae::Prior::standard);
  conditional.condition_dim = classes;
  Distribution given(conditional);
  const std::vector<std::uint32_t> c = labels();
  const auto condition = vae::Condition::labels(c);
  const std::vector<float> mean = given.model.decode_given(given.workspace, given.z, condition);
  CHECK(given.model.likelihood_mean(given.workspace, given.z, condition) == mean);
  CHECK(given.model.likelihood_parameters(given.workspace, given.z, condition) == mean);
  CHECK_EQUAL(given.model.likelihood_samples(given.workspace, given.z, condition).size(), rows * inputs);
  check_throws(vae::Status::mismatch, "condition", [&] { given.model.likelihood_mean(given.workspace, given.z); });
  const std::span<float> few = std::span(two).first(5);
  check_throws(vae::Status::mismatch, "parameters",
               [&] { given.model.likelihood_parameters(given.workspace, given.z, condition, few); });
  check_throws(vae::Status::mismatch, "mean",
               [&] { given.model.likelihood_mean(given.workspace, given.z, condition, few); });
  check_throws(vae::Status::mismatch, "samples",
               [&] { given.model.likelihood_samples(given.workspace, given.z, condition, 0, 0, few); });
  check_throws(vae::Status::mismatch,
               "z:", [&] { given.model.likelihood_samples(given.workspace, few, vae::Condition::label(0)); });
}

// Trains for an epoch and gives its means.
vae::Loss trained(const vae::Training &training) {
  vae::Model model(with_prior(vae::Prior::standard));
  const vae::Loss loss = vae::Trainer(model, training).epoch(table());
  CHECK(std::isfinite(loss.loss));
  CHECK_NEAR(loss.loss, loss.reconstruction + training.objective.beta * loss.kl + loss.penalty, 1e-6 * loss.loss);
  CHECK(model.training()->objective.regularizer == training.objective.regularizer);
  return loss;
}

void check_objectives() {
  CHECK_EQUAL(trained({.batch_size = 8}).penalty, 0);
  CHECK(trained({.batch_size = 8, .objective = {.free_bits = 5}}).penalty > 0);
  for (const vae::Regularizer regularizer :
       {vae::Regularizer::tc, vae::Regularizer::dip_i, vae::Regularizer::dip_ii, vae::Regularizer::mmd_rbf,
        vae::Regularizer::mmd_imq, vae::Regularizer::sliced_wasserstein}) {
    harness_note("%s", vae::name(regularizer));
    const bool dip = regularizer == vae::Regularizer::dip_i || regularizer == vae::Regularizer::dip_ii;
    const vae::Objective objective = {
        .regularizer = regularizer, .regularizer_weight = 2, .regularizer_diagonal = dip ? 3.0 : 0.0};
    CHECK(trained({.batch_size = 8, .objective = objective}).penalty != 0);
  }
  harness_note("%s", "");
}

void check_schedule_and_dropout() {
  vae::Model model(with_prior(vae::Prior::standard));
  vae::Trainer trainer(
      model, {.batch_size = 8, .objective = {.beta = 0, .capacity = 10, .capacity_weight = 3}, .capacity_epochs = 2});
  CHECK(trainer.epoch(table()).penalty > 0);
  CHECK_NEAR(trainer.info().capacity, 4, 1e-12); // the last of five batches begins at 0.8 epochs
  CHECK(trained({.batch_size = 8, .dropout = 0.5}).loss != trained({.batch_size = 8}).loss);
  check_throws(vae::Status::invalid_argument, "free_bits",
               [&] { vae::Trainer(model, {.objective = {.kind = vae::ObjectiveKind::iwae, .free_bits = 1}}); });
  check_throws(vae::Status::invalid_argument, "dropout", [&] { vae::Trainer(model, {.dropout = 1}); });
}

void check_estimator() {
  vae::Model weighted(with_prior(vae::Prior::standard));
  vae::Workspace workspace(weighted);
  vae::Objective bound = {.kind = vae::ObjectiveKind::iwae, .samples = 5};
  const vae::Loss plain = weighted.loss_and_gradients(workspace, table(), bound);
  const std::vector<float> encoder = weighted.gradient(workspace, "encoder.mean.bias");
  const std::vector<float> decoder = weighted.gradient(workspace, "decoder.mean.bias");
  bound.estimator = vae::Estimator::doubly_reparameterized;
  CHECK(weighted.loss_and_gradients(workspace, table(), bound).loss == plain.loss);
  CHECK(weighted.gradient(workspace, "encoder.mean.bias") != encoder);
  CHECK(weighted.gradient(workspace, "decoder.mean.bias") == decoder);
}

void check_presets() {
  const std::vector<std::string_view> names = vae::preset_names();
  CHECK(std::find(names.begin(), names.end(), "kingma-mlp") != names.end() && names.size() == vae_preset_count());
  for (const std::string_view name : names) {
    harness_note("%s", std::string(name).c_str());
    const vae::Preset preset = vae::preset(std::string(name));
    CHECK(preset.name == name && !preset.source.empty() && !preset.summary.empty() && preset.epochs > 0);
    vae::Model model(preset.config);
    CHECK(model.config().input_dim > 0 && model.config().latent_dim == preset.config.latent_dim);
    vae::Trainer(model, preset.training);
  }
  harness_note("%s", "");
  const vae::Preset kingma = vae::preset("kingma-mlp");
  CHECK(kingma.config.input_dim == 784 && kingma.config.latent_dim == 20 && kingma.config.encoder[0].units == 400);
  check_throws(vae::Status::invalid_argument, "no-such", [] { vae::preset("no-such"); });
}

} // namespace

int main() {
  for (void (*check)() :
       {check_conditional_prior, check_standard_prior, check_learned_priors, check_names, check_likelihoods,
        check_objectives, check_schedule_and_dropout, check_estimator, check_presets}) {
    try {
      check();
    } catch (const vae::Error &error) {
      CHECK_THAT(false, "%s", error.what());
    }
  }
  return harness_finish("cpp model space");
}
