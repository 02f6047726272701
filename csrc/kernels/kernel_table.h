/* The bodies of all kernels and their table. Included once by each kernels_*.c, after the vocabulary and the target
 * pragma; VAEI_TABLE and VAEI_TABLE_ISA name the result. */

/* A loop that must stay a loop, and one over an array of registers that must not. gcc replaces such an array by registers only
 * where its loops are unrolled early, which takes a word; clang does so unasked. */
#if defined(__clang__)
#define VAEI_ROLLED _Pragma("clang loop unroll(disable)")
#define VAEI_UNROLLED
#else
#define VAEI_ROLLED _Pragma("GCC unroll 1")
#define VAEI_UNROLLED _Pragma("GCC unroll 24")
#endif

#include "kernels/adam_kernels.h"
#include "kernels/product_kernels.h"
#include "kernels/math_kernels.h"
#include "kernels/activation_kernels.h"
#include "kernels/density_kernels.h"
#include "kernels/normal_kernels.h"
#include "kernels/memory_kernels.h"
#include "kernels/random_kernels.h"

const vaei_kernels VAEI_TABLE = {
    .isa = VAEI_TABLE_ISA,
    .tile_rows = VF_TILE_ROWS,
    .tile_panels = VF_TILE_PANELS,
    .product = product,
    .gradient_and_adam = gradient_and_adam,
    .activate = activate,
    .activate_backward = activate_backward,
    .bernoulli = bernoulli,
    .gaussian = gaussian,
    .normal_posterior = normal_posterior,
    .normal_draw = normal_draw,
    .normal_draw_backward = normal_draw_backward,
    .normal_posterior_backward = normal_posterior_backward,
    .scale_rows = scale_rows,
    .adam = adam,
    .transpose = transpose,
    .gather_bytes = gather_bytes,
    .gather_floats = gather_floats,
    .normals = normals,
    .all_below = all_below,
};
