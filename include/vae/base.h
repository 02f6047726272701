/* Status codes, errors, versions, allocators: what every other header builds on.
 *
 * Conventions that hold in all of libvae:
 *  - Every function that can fail returns a vae_status and takes a nullable `vae_error *err` last.
 *  - Public structs begin with `struct_size`. Fill a struct with its `_init` function before use; fields that later
 *    versions add go last, and zero in them means the behaviour of today.
 *  - Matrices are row-major; `x: [n, d]` means n rows of d values, one row after the other.
 *  - Nothing prints, exits or aborts; there is no global or thread-local state. */
#ifndef VAE_BASE_H
#define VAE_BASE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(_WIN32)
#define VAE_API
#else
#define VAE_API __attribute__((visibility("default")))
#endif

/* The version of these headers. The shared library's SONAME carries the major number. */
#define VAE_VERSION_MAJOR 0
#define VAE_VERSION_MINOR 1
#define VAE_VERSION_PATCH 0

/* The version of the library that was loaded, as major * 10000 + minor * 100 + patch. Any thread. */
VAE_API uint32_t vae_version_number(void);

/* The same as text, "0.1.0". Static storage, never freed. Any thread. */
VAE_API const char *vae_version_string(void);

/* What a function came to. The numbers are pinned: they never change meaning. */
typedef int32_t vae_status;
enum {
  VAE_OK = 0,
  VAE_ERROR_INVALID_ARGUMENT = 1, /* a null pointer, a size, a number or a name that is not allowed */
  VAE_ERROR_MISMATCH = 2,         /* dimensions or configurations that do not belong together */
  VAE_ERROR_DATA = 3,             /* a value in the data that the model cannot take (NaN, out of range) */
  VAE_ERROR_NOT_FINITE = 4,       /* a NaN or infinity arose in the computation */
  VAE_ERROR_OUT_OF_MEMORY = 5,
  VAE_ERROR_IO = 6,          /* the operating system refused: open, read, write, fsync, rename */
  VAE_ERROR_FORMAT = 7,      /* a file that is not what it should be */
  VAE_ERROR_UNSUPPORTED = 8, /* an instruction set, type or combination that this build does not have */
  VAE_STOPPED = 9            /* the caller's callback asked to stop; not a failure */
};

/* The name of a status, "VAE_ERROR_DATA"; "unknown status" for other numbers. Static storage. Any thread. */
VAE_API const char *vae_status_name(vae_status status);

enum { VAE_ERROR_MESSAGE_SIZE = 512 };

/* Owned by the caller; filled by a function that fails, left alone by one that succeeds.
 * message: one line of UTF-8, zero-terminated, that names the argument, its value and what is allowed. */
typedef struct vae_error {
  uint32_t struct_size;
  vae_status code;
  char message[VAE_ERROR_MESSAGE_SIZE];
} vae_error;

VAE_API void vae_error_init_sized(vae_error *err, size_t struct_size);

/* Makes an error ready for use: VAE_OK and an empty message. */
static inline void vae_error_init(vae_error *err) { vae_error_init_sized(err, sizeof *err); }

/* Where a handle takes its memory from. Both functions may be called from any thread that uses the handle, never
 * from inside a parallel region.
 *  allocate: at least `size` bytes aligned to `alignment` (a power of two, at most 4096), or NULL.
 *  release:  gives back what allocate returned, with the same size and alignment.
 * `user` is passed through. The struct is copied into the handle. */
typedef struct vae_allocator {
  uint32_t struct_size;
  void *user;
  void *(*allocate)(void *user, size_t size, size_t alignment);
  void (*release)(void *user, void *memory, size_t size, size_t alignment);
} vae_allocator;

VAE_API void vae_allocator_init_sized(vae_allocator *allocator, size_t struct_size);

/* Fills in the C library's allocator. */
static inline void vae_allocator_init(vae_allocator *allocator) {
  vae_allocator_init_sized(allocator, sizeof *allocator);
}

/* The kernels' instruction set. AUTO takes the value of the environment variable VAE_ISA ("avx512", "avx2", "neon",
 * "portable") where it is set, else the best one that the processor and the operating system support. */
typedef int32_t vae_isa;
enum { VAE_ISA_AUTO = 0, VAE_ISA_PORTABLE = 1, VAE_ISA_AVX2 = 2, VAE_ISA_AVX512 = 3, VAE_ISA_NEON = 4 };

/* 1 where this build has the instruction set and this machine can run it, else 0. Any thread. */
VAE_API int32_t vae_isa_available(vae_isa isa);

/* "avx512", "avx2", "neon", "portable", "auto"; NULL for an unknown number. Static storage. Any thread. */
VAE_API const char *vae_isa_name(vae_isa isa);

/* The numbers that matrix products are computed in while training (vae_training.precision), or that a copy for inference
 * holds its weights in (vae_model_quantize). */
typedef int32_t vae_precision;
enum {
  VAE_PRECISION_FLOAT32 = 0,
  VAE_PRECISION_BFLOAT16 = 1, /* the upper half of a float32; sums stay float32 */
  VAE_PRECISION_INT8 = 2      /* bytes with a scale for each unit; not for training */
};

/* "float32", "bf16", "int8"; NULL for an unknown number. Static storage. Any thread. */
VAE_API const char *vae_precision_name(vae_precision precision);

#ifdef __cplusplus
}
#endif
#endif
