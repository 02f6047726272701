/* The bodies of all kernels and their table. Included once by each kernels_*.c, after the vocabulary and the target
 * pragma; VAEI_TABLE and VAEI_TABLE_ISA name the result. */

#include "kernels/tile_cases.h"
#include "kernels/adam_kernels.h"
#include "kernels/product_kernels.h"
#include "kernels/row_kernels.h"
#include "kernels/widened_kernels.h"
#include "kernels/int8_kernels.h"
#include "kernels/math_kernels.h"
#include "kernels/activation_kernels.h"
#include "kernels/density_kernels.h"
#include "kernels/location_kernels.h"
#include "kernels/gamma_kernels.h"
#include "kernels/count_kernels.h"
#include "kernels/learned_kernels.h"
#include "kernels/group_kernels.h"
#include "kernels/normal_kernels.h"
#include "kernels/mixture_kernels.h"
#include "kernels/coupling_kernels.h"
#include "kernels/memory_kernels.h"
#include "kernels/random_kernels.h"

const vaei_kernels VAEI_TABLE = {
    .isa = VAEI_TABLE_ISA,
    .tile_rows = VF_TILE_ROWS,
    .tile_panels = VF_TILE_PANELS,
    .row_panels = VF_ROW_PANELS,
    .product = product,
    .gradient_and_adam = gradient_and_adam,
    .row_product = row_product,
    .bf16_product = bf16_product,
    .int8 = {.quantize = int8_quantize, .product = int8_product},
    .activate = activate,
    .activate_backward = activate_backward,
    .bernoulli = bernoulli,
    .continuous_bernoulli = continuous_bernoulli,
    .gaussian = gaussian,
    .laplace = laplace,
    .log_cosh = log_cosh,
    .poisson = poisson,
    .negative_binomial = negative_binomial,
    .student_t = student_t,
    .log_gamma = log_gamma,
    .softmax = softmax,
    .categorical = categorical,
    .normal_posterior = normal_posterior,
    .normal_draw = normal_draw,
    .normal_sample = normal_sample,
    .gaussian_table = gaussian_table,
    .mixture_density = mixture_density,
    .mixture_score = mixture_score,
    .gaussian_gradient = gaussian_gradient,
    .normal_draw_backward = normal_draw_backward,
    .normal_posterior_backward = normal_posterior_backward,
    .draw_among = draw_among,
    .posterior_among = posterior_among,
    .kernel_sum = kernel_sum,
    .scale_rows = scale_rows,
    .adam = adam,
    .transpose = transpose,
    .gather_bytes = gather_bytes,
    .gather_floats = gather_floats,
    .normals = normals,
    .binarize = binarize,
    .dropout = dropout,
    .all_below = all_below,
};
