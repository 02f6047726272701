// vae::Trainer: epochs, steps, and the callback across the C border. See vae.hpp.
#ifndef VAE_TRAINER_HPP
#define VAE_TRAINER_HPP

#include "model.hpp"

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <memory_resource>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

namespace vae {

// Where a trainer stands; `loss` holds the means over the examples of this epoch so far.
struct Progress {
  std::uint64_t epoch;   // from 0
  std::uint64_t batch;   // batches done in it
  std::uint64_t batches; // in an epoch of this data
  std::uint64_t step;    // Adam's steps since the trainer was new
  Loss loss;
};

// What a callback of Trainer::epoch wants.
enum class Decision : std::int32_t { go_on = 0, stop = 1 };

// An epoch's means; of a stopped one, of the batches that were done.
struct EpochResult {
  Loss loss;
  bool stopped;
};

// Adam's moments, counters and random streams. A trainer borrows its model, which must outlive it (it may be moved),
// and updates it in place: no other thread may read the model during a step or an epoch.
class Trainer {
 public:
  // memory: as in ModelOptions.
  // Throws invalid_argument, unsupported (an instruction set or a precision that is not there), out_of_memory.
  explicit Trainer(Model &model, const Training &training = {}, std::pmr::memory_resource *memory = nullptr)
      : model_(model.get()), samples_(training.objective.samples) {
    const vae_allocator allocator = detail::to_c(memory);
    const vae_training c_training = detail::to_c(training);
    vae_trainer *handle = nullptr;
    detail::call(vae_trainer_create, model.get(), &c_training, &allocator, &handle);
    handle_.reset(handle);
  }

  // One pass over all rows in an order shuffled by (seed, epoch).
  //  x: [n, D].
  //  on_progress: Decision(const Progress &), called on this thread about ten times a second and after the last batch;
  //    it may read and save the model and the trainer. An exception of it stops the epoch and comes out of this call.
  // A stopped epoch is continued by the next call on as many rows. Throws mismatch, data (names row and column),
  // not_finite (names epoch, batch and layer; the parameters are those before that batch), out_of_memory.
  template <std::invocable<const Progress &> Callback>
  requires std::same_as<std::invoke_result_t<Callback &, const Progress &>, Decision> EpochResult
  epoch(const Rows &x, Callback &&on_progress) {
    struct Call {
      Callback &callback;
      std::exception_ptr thrown;
    } call{on_progress, nullptr};
    const EpochResult result = run_epoch(
        x,
        [](const vae_progress *p, void *user) -> std::int32_t {
          Call &caller = *static_cast<Call *>(user);
          try {
            return std::int32_t(std::invoke(
                caller.callback, Progress{p->epoch, p->batch, p->batches, p->step, detail::from_c(p->loss)}));
          } catch (...) {
            caller.thrown = std::current_exception();
            return std::int32_t(Decision::stop);
          }
        },
        &call);
    if (call.thrown) std::rethrow_exception(call.thrown);
    return result;
  }

  // The same without a callback; gives the epoch's means.
  Loss epoch(const Rows &x) { return run_epoch(x, nullptr, nullptr).loss; }

  // One step of Adam on the rows given, in their order; not part of an epoch.
  //  x: [n, D], n up to 2^20.  noise: [K, n, Z]; empty: drawn.  terms: each example's, before the step.
  //  Throws as `epoch` does; the parameters are then as before.
  Loss step(const Rows &x, std::span<const float> noise = {}, const Terms &terms = {});

  // A copy of one gradient of the last step. Throws invalid_argument without Training::keep_gradients, before the
  // first step, or for an unknown name.
  std::vector<float> gradient(const std::string &name) const {
    std::vector<float> values(detail::count_of(model_, name));
    detail::call(vae_trainer_get_gradient, get(), name.c_str(), values.data(), values.size());
    return values;
  }

  struct Info {
    std::int32_t threads; // of the last step's team
    Isa isa;
    std::uint64_t epoch; // epochs finished
    std::uint64_t batch; // batches done in a stopped epoch, else 0
    std::uint64_t step;
    std::uint64_t bytes; // memory that the trainer holds
    Precision precision;
    std::uint32_t waited; // judgements since the best one
    double learning_rate; // of the last step, as the next two
    double beta;
    double gradient_norm;     // before clipping; 0 without Training::clip_norm
    double best_loss;         // the lowest that was judged; infinity before the first
    std::uint64_t best_epoch; // epochs that were finished then
    double capacity;          // of the last step, by its schedule
  };

  // Where the trainer stands.
  Info info() const {
    vae_trainer_info info = detail::initialised(vae_trainer_info_init_sized);
    detail::call(vae_trainer_get_info, get(), &info);
    return {info.threads,
            Isa{info.isa},
            info.epoch,
            info.batch,
            info.step,
            info.bytes,
            Precision{info.precision},
            info.waited,
            info.learning_rate,
            info.beta,
            info.gradient_norm,
            info.best_loss,
            info.best_epoch,
            info.capacity};
  }

  // Early stopping: tells the loss on held-out data after an epoch. The trainer keeps a copy of the state with the
  // lowest; true after Training::patience losses without a lower one. Throws invalid_argument for a loss that is not
  // finite or within a stopped epoch, out_of_memory.
  bool judge(double loss) {
    std::int32_t stop = 0;
    detail::call(vae_trainer_judge, get(), loss, &stop);
    return stop != 0;
  }

  // Puts the best state back, with the optimiser's state that belongs to it. Throws invalid_argument where nothing was
  // judged.
  void take_best() { detail::call(vae_trainer_take_best, get()); }

  // Writes the whole state of the run, atomically; it can be loaded as a model, too. Throws as Model::save does.
  void save(const std::string &path) const { detail::call(vae_trainer_save, get(), path.c_str()); }

  // Puts a saved state back; the run then continues to the bit. threads, isa, keep_gradients and precision stay this
  // trainer's. Throws io, format, mismatch (another configuration or precision), out_of_memory; then nothing has
  // changed.
  void restore(const std::string &path);

  // The handle, which stays this object's.
  vae_trainer *get() const noexcept { return handle_.get(); }

 private:
  EpochResult run_epoch(const Rows &x, vae_progress_callback callback, void *user);

  vae_model *model_;    // borrowed
  std::size_t samples_; // K of the objective, as made or restored
  std::unique_ptr<vae_trainer, detail::Free<vae_trainer_free>> handle_;
};

inline Loss Trainer::step(const Rows &x, std::span<const float> noise, const Terms &terms) {
  const vae_config config = detail::config_of(model_);
  const detail::DataView data(x, config);
  const vae_terms c_terms = detail::to_c(terms, config, data.rows(), samples_);
  vae_loss loss = detail::initialised(vae_loss_init_sized);
  detail::call(vae_trainer_step, get(), data.address(), detail::noise_address(noise, config, data.rows(), samples_),
               &loss, &c_terms);
  return detail::from_c(loss);
}

inline void Trainer::restore(const std::string &path) {
  detail::call(vae_trainer_restore, get(), path.c_str());
  vae_training training = detail::initialised(vae_training_init_sized);
  std::int32_t trained = 0;
  detail::call(vae_model_get_training, model_, &training, &trained);
  if (trained) samples_ = training.objective.samples;
}

inline EpochResult Trainer::run_epoch(const Rows &x, vae_progress_callback callback, void *user) {
  const detail::DataView data(x, detail::config_of(model_));
  vae_loss loss = detail::initialised(vae_loss_init_sized);
  const bool stopped = detail::call(vae_trainer_epoch, get(), data.address(), callback, user, &loss);
  return {detail::from_c(loss), stopped};
}

} // namespace vae
#endif
