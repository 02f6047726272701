// What is minimised and how: vae::Objective and vae::Training, plain values whose defaults are those of the C
// interface, which a test holds them to. See vae.hpp.
#ifndef VAE_TRAINING_HPP
#define VAE_TRAINING_HPP

#include "errors.hpp"
#include "names.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace vae {

// What is minimised, with K samples. config.h has every range and formula, docs/OBJECTIVES.md what combines.
struct Objective {
  ObjectiveKind kind = ObjectiveKind::elbo;
  std::uint32_t samples = 1;
  double beta = 1;                                // weighs the KL; must be 1 for iwae
  Binarization binarization = Binarization::none; // dynamic needs a Bernoulli likelihood
  Estimator estimator = Estimator::plain;         // of iwae
  double free_bits = 0;                           // nats that each latent's KL counts as at least; 0: off
  double capacity = 0;                            // nats that the KL is drawn to …
  double capacity_weight = 0;                     // … with this weight; 0: off
  Regularizer regularizer = Regularizer::none;    // of the elbo
  std::uint32_t projections = 0;                  // sliced_wasserstein; 0: 50
  double regularizer_weight = 0;
  double regularizer_diagonal = 0; // dip_i, dip_ii
  double kernel_scale = 0;         // mmd_rbf, mmd_imq; 0: 2 Z
  std::uint64_t data_rows = 0;     // tc: rows of the data set; 0: those of the data that is given
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
  double capacity_epochs = 0; // Objective::capacity is reached after so many; 0: from the start
  double dropout = 0;         // share of hidden outputs that a step leaves out, 0 to 0.95
};

namespace detail {

inline vae_objective to_c(const Objective &objective) {
  vae_objective result = initialised(vae_objective_init_sized);
  result.kind = vae_objective_kind(objective.kind);
  result.samples = objective.samples;
  result.beta = objective.beta;
  result.binarization = vae_binarization(objective.binarization);
  result.estimator = vae_estimator(objective.estimator);
  result.free_bits = objective.free_bits;
  result.capacity = objective.capacity;
  result.capacity_weight = objective.capacity_weight;
  result.regularizer = vae_regularizer(objective.regularizer);
  result.projections = objective.projections;
  result.regularizer_weight = objective.regularizer_weight;
  result.regularizer_diagonal = objective.regularizer_diagonal;
  result.kernel_scale = objective.kernel_scale;
  result.data_rows = objective.data_rows;
  return result;
}

inline Objective from_c(const vae_objective &o) {
  return {.kind = ObjectiveKind{o.kind},
          .samples = o.samples,
          .beta = o.beta,
          .binarization = Binarization{o.binarization},
          .estimator = Estimator{o.estimator},
          .free_bits = o.free_bits,
          .capacity = o.capacity,
          .capacity_weight = o.capacity_weight,
          .regularizer = Regularizer{o.regularizer},
          .projections = o.projections,
          .regularizer_weight = o.regularizer_weight,
          .regularizer_diagonal = o.regularizer_diagonal,
          .kernel_scale = o.kernel_scale,
          .data_rows = o.data_rows};
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
  result.capacity_epochs = training.capacity_epochs;
  result.dropout = training.dropout;
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
          .patience = t.patience,
          .capacity_epochs = t.capacity_epochs,
          .dropout = t.dropout};
}

} // namespace detail

} // namespace vae
#endif
