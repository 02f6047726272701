// How handles are made: seeds, threads, memory. See vae.hpp.
#ifndef VAE_OPTIONS_HPP
#define VAE_OPTIONS_HPP

#include "errors.hpp"
#include "names.hpp"

#include <cstddef>
#include <cstdint>
#include <memory_resource>

namespace vae {

// memory: where the handle takes all its memory from; NULL is the C library. It must outlive the handle (and the
// copies that Model::quantized makes of it), and be safe to call from every thread that uses the handle.
struct ModelOptions {
  std::uint64_t seed = 0; // of the initial weights
  std::pmr::memory_resource *memory = nullptr;
};

struct WorkspaceOptions {
  std::uint32_t max_rows = 0; // rows worked on at a time; longer inputs are cut. 0: 256
  std::int32_t threads = 0;   // 0: VAE_THREADS, else OMP_NUM_THREADS, else the processors that the process may use
  Isa isa = Isa::automatic;
  std::pmr::memory_resource *memory = nullptr;
};

namespace detail {

// A memory resource as the C interface's allocator. An exception of the resource becomes NULL: out of memory.
inline vae_allocator to_c(std::pmr::memory_resource *memory) {
  vae_allocator result = initialised(vae_allocator_init_sized);
  if (memory == nullptr) return result;
  result.user = memory;
  result.allocate = [](void *user, std::size_t size, std::size_t alignment) -> void * {
    try {
      return static_cast<std::pmr::memory_resource *>(user)->allocate(size, alignment);
    } catch (...) {
      return nullptr;
    }
  };
  result.release = [](void *user, void *block, std::size_t size, std::size_t alignment) noexcept {
    static_cast<std::pmr::memory_resource *>(user)->deallocate(block, size, alignment);
  };
  return result;
}

} // namespace detail

} // namespace vae
#endif
