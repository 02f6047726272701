// What goes in and comes out: rows of data, conditions, losses, terms. See vae.hpp.
#ifndef VAE_DATA_HPP
#define VAE_DATA_HPP

#include "errors.hpp"

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <ranges>
#include <span>
#include <string>
#include <vector>

namespace vae {
namespace detail {

// Something contiguous of one of these types.
template <typename Range, typename... Values>
concept RangeOf = std::ranges::contiguous_range<Range> &&
    (std::same_as<std::ranges::range_value_t<Range>, Values> || ...);

// The number of rows of `columns` values, each of which begins `step` values behind the one before. Throws
// Error(mismatch) where `count` values are no whole number of them.
inline std::size_t row_count(std::size_t count, std::size_t columns, std::size_t step, const char *what) {
  // The last row need not be followed by the gap between rows.
  const std::size_t rows = count < columns ? 0 : (count - columns) / step + 1;
  const std::size_t rest = rows == 0 ? count : count - columns - (rows - 1) * step;
  if (step < columns || (rest != 0 && rest != step - columns))
    throw Error(Status::mismatch, std::string(what) + ": " + std::to_string(count) +
                                      " values are no whole number of rows of " + std::to_string(columns) +
                                      ", a row each " + std::to_string(step));
  return rows;
}

} // namespace detail

// c, the condition of some rows, borrowed: rows of C values, or a class label for each row; as many as there are rows
// of what it goes with, or a single one for all of them. Default-made it is none.
class Condition {
 public:
  Condition() = default;

  // Rows of floats; the next one begins `stride` values later (0: at once).
  template <detail::RangeOf<float> Range>
  Condition(const Range &values, std::size_t stride = 0) // NOLINT: implicit, so that a vector is a condition
      : Condition(VAE_CONDITION_FLOAT32, std::ranges::data(values), std::ranges::size(values), stride) {}

  // Rows of bytes that each stand for byte * scale.
  template <detail::RangeOf<std::uint8_t> Range>
  Condition(const Range &bytes, double scale = 1.0 / 255, std::size_t stride = 0) // NOLINT
      : Condition(VAE_CONDITION_UINT8, std::ranges::data(bytes), std::ranges::size(bytes), stride) {
    scale_ = scale;
  }

  // Labels from 0 to C - 1, which stand for rows with a single 1.
  template <detail::RangeOf<std::uint8_t, std::uint32_t> Range>
  static Condition labels(const Range &labels, std::size_t stride = 0) {
    constexpr bool bytes = detail::RangeOf<Range, std::uint8_t>;
    return {bytes ? VAE_CONDITION_LABELS_UINT8 : VAE_CONDITION_LABELS_UINT32, std::ranges::data(labels),
            std::ranges::size(labels), stride};
  }

  // The same label for all rows. It is kept here, nothing is borrowed.
  static Condition label(std::uint32_t label) {
    Condition result(VAE_CONDITION_LABELS_UINT32, nullptr, 1, 0);
    result.label_ = label;
    return result;
  }

  bool is_none() const noexcept { return none_; }

  // The C view for a model whose condition has `columns` values or classes; it points into this object. Throws
  // Error(mismatch) where the values are no whole number of rows, and for a model without a condition.
  vae_condition view(std::size_t columns) const {
    if (columns == 0) throw Error(Status::mismatch, "condition: the model takes none");
    const std::size_t width = type_ == VAE_CONDITION_FLOAT32 || type_ == VAE_CONDITION_UINT8 ? columns : 1;
    const std::size_t step = stride_ == 0 ? width : stride_;
    vae_condition result = detail::initialised(vae_condition_init_sized);
    result.type = type_;
    result.values = values_ == nullptr ? &label_ : values_;
    result.rows = detail::row_count(count_, width, step, "condition");
    result.row_stride = step;
    result.scale = scale_;
    return result;
  }

 private:
  Condition(vae_condition_type type, const void *values, std::size_t count, std::size_t stride)
      : values_(values), count_(count), stride_(stride), type_(type), none_(false) {}

  const void *values_ = nullptr; // nullptr: the label
  std::size_t count_ = 0;
  std::size_t stride_ = 0;
  double scale_ = 1.0 / 255;
  vae_condition_type type_ = VAE_CONDITION_FLOAT32;
  std::uint32_t label_ = 0;
  bool none_ = true;
};

// Rows of data, borrowed: anything contiguous of float, or of bytes that each stand for byte * scale. A row is as long
// as the model's input; the next one begins `stride` values later (0: at once).
class Rows {
 public:
  template <detail::RangeOf<float> Range>
  Rows(const Range &values, std::size_t stride = 0) // NOLINT: implicit, so that a vector is rows
      : values_(std::ranges::data(values)), count_(std::ranges::size(values)), stride_(stride) {}

  template <detail::RangeOf<std::uint8_t> Range>
  Rows(const Range &bytes, double scale = 1.0 / 255, std::size_t stride = 0) // NOLINT
      : values_(std::ranges::data(bytes)),
        count_(std::ranges::size(bytes)),
        stride_(stride),
        type_(VAE_DATA_UINT8),
        scale_(scale) {}

  // The same rows with their condition, which a model with a condition needs.
  Rows given(const Condition &condition) const {
    Rows result = *this;
    result.condition_ = condition;
    return result;
  }

  const Condition &condition() const noexcept { return condition_; }

  // The C view for rows of `columns` values, without the condition. Throws Error(mismatch) where the values are no
  // whole number of rows.
  vae_data view(std::size_t columns) const {
    const std::size_t step = stride_ == 0 ? columns : stride_;
    vae_data data = detail::initialised(vae_data_init_sized);
    data.type = type_;
    data.values = values_;
    data.rows = detail::row_count(count_, columns, step, "data");
    data.columns = columns;
    data.row_stride = step;
    data.scale = scale_;
    return data;
  }

 private:
  const void *values_;
  std::size_t count_;
  std::size_t stride_;
  vae_data_type type_ = VAE_DATA_FLOAT32;
  double scale_ = 1.0 / 255;
  Condition condition_;
};

// Means over the examples, in nats. For the ELBO loss = reconstruction + beta kl + penalty.
struct Loss {
  std::uint64_t examples = 0;
  double loss = 0;
  double reconstruction = 0;
  double kl = 0;
  double negative_elbo = 0; // reconstruction + kl
  double penalty = 0;
};

// Where to write each example's terms; empty spans are left out. The shapes are those of n examples.
struct Terms {
  std::span<float> loss = {};           // [n]
  std::span<float> kl = {};             // [n]
  std::span<float> reconstruction = {}; // [n] mean over samples
  std::span<float> sample_nll = {};     // [K, n] -log p(x|z_k)
  std::span<float> mean = {};           // [n, Z]
  std::span<float> logvar = {};         // [n, Z]
  std::span<float> z = {};              // [K, n, Z]
  std::span<float> output = {};         // [K, n, D] the likelihood's mean
};

// A diagonal Gaussian over z for each of n rows: each [n, Z].
struct Gaussian {
  std::vector<float> mean;
  std::vector<float> logvar;
};

// q(z|x) of n rows.
using Posterior = Gaussian;

namespace detail {

// A condition as the C interface takes it, valid as long as the condition; address() is NULL where there is none.
class ConditionView {
 public:
  ConditionView(const Condition &condition, const vae_config &config)
      : none_(condition.is_none()),
        c_(none_ ? initialised(vae_condition_init_sized) : condition.view(config.condition_dim)) {}
  const vae_condition *address() const noexcept { return none_ ? nullptr : &c_; }

 private:
  bool none_;
  vae_condition c_;
};

// Rows with their condition as the C interface takes them, valid as long as the rows. Not to be moved: `data` points to
// the condition beside it.
class DataView {
 public:
  DataView(const Rows &x, const vae_config &config) : condition_(x.condition(), config), c_(x.view(config.input_dim)) {
    c_.condition = condition_.address();
  }
  DataView(const DataView &) = delete;
  DataView &operator=(const DataView &) = delete;

  const vae_data *address() const noexcept { return &c_; }
  std::size_t rows() const noexcept { return c_.rows; }

 private:
  ConditionView condition_;
  vae_data c_;
};

inline Loss from_c(const vae_loss &loss) {
  return {loss.examples, loss.loss, loss.reconstruction, loss.kl, loss.negative_elbo, loss.penalty};
}

} // namespace detail

} // namespace vae
#endif
