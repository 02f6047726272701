// What fails in libvae for C++, and the checks that come before the C interface. See vae.hpp.
#ifndef VAE_ERRORS_HPP
#define VAE_ERRORS_HPP

#include <vae/vae.h>

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>

namespace vae {

// What went wrong; the numbers are those of the C interface (base.h says what each is for).
enum class Status : vae_status {
  invalid_argument = VAE_ERROR_INVALID_ARGUMENT,
  mismatch = VAE_ERROR_MISMATCH,
  data = VAE_ERROR_DATA,
  not_finite = VAE_ERROR_NOT_FINITE,
  out_of_memory = VAE_ERROR_OUT_OF_MEMORY,
  io = VAE_ERROR_IO,
  format = VAE_ERROR_FORMAT,
  unsupported = VAE_ERROR_UNSUPPORTED
};

// What every failing call throws. what() is one line that names the argument, its value and what is allowed.
class Error : public std::runtime_error {
 public:
  Error(Status status, const std::string &message) : std::runtime_error(message), status_(status) {}
  Status status() const noexcept { return status_; }

 private:
  Status status_;
};

namespace detail {

// Calls function(arguments…, &err) of the C interface. True where it was stopped by a callback; other results than OK
// throw.
template <typename... Parameters, typename... Arguments>
bool call(vae_status (*function)(Parameters...), Arguments &&...arguments) {
  vae_error err;
  vae_error_init(&err);
  const vae_status status = function(std::forward<Arguments>(arguments)..., &err);
  if (status != VAE_OK && status != VAE_STOPPED) throw Error(Status{status}, err.message);
  return status == VAE_STOPPED;
}

// A struct of the C interface, filled by its init function.
template <typename Struct>
Struct initialised(void (*init)(Struct *, std::size_t)) {
  Struct value;
  init(&value, sizeof value);
  return value;
}

// The product of an output's dimensions, or an Error: no size_t overflow goes on to the C interface.
inline std::size_t product(std::initializer_list<std::size_t> factors, const char *what) {
  std::size_t result = 1;
  for (const std::size_t factor : factors) {
    if (factor != 0 && result > SIZE_MAX / factor)
      throw Error(Status::invalid_argument, std::string(what) + ": too large");
    result *= factor;
  }
  return result;
}

// The address of a span that has `count` values; NULL for an empty one, which stands for "none".
template <typename Value>
Value *address(std::span<Value> values, std::size_t count, const char *what) {
  if (values.empty()) return nullptr;
  if (values.size() != count)
    throw Error(Status::mismatch,
                std::string(what) + ": " + std::to_string(values.size()) + " values, not " + std::to_string(count));
  return values.data();
}

} // namespace detail

} // namespace vae
#endif
