/* The kernels: matrix products and vector maths, one immutable table per instruction set.
 *
 * Every kernel is written once over the vector vocabulary of simd_*.h (in product_kernels.h, math_kernels.h and so on)
 * and compiled into each table. A vector has 16 floats; "panels" are 16 columns wide. Kernels know shapes and
 * formulas, not models. They allocate nothing and call nothing outside this folder.
 *
 * Tiles: `rows` rows of `columns` valid floats, each row padded to whole vectors in memory, so that a kernel may read
 * and write up to the next multiple of 16. What lies in the padding is finite; gradients have zero there. */
#ifndef VAEI_KERNELS_H
#define VAEI_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernels/narrow.h"
#include "vae/config.h"

enum {
  VAEI_VECTOR = 16,
  VAEI_MAX_TILE_ROWS = 8,
  VAEI_MAX_TILE_PANELS = 3,
  VAEI_MAX_TILE_COLUMNS = VAEI_MAX_TILE_PANELS * VAEI_VECTOR,
  VAEI_MAX_ROW_PANELS = VAEI_MAX_TILE_ROWS * VAEI_MAX_TILE_PANELS, /* so that they fit where a tile does */
  VAEI_MOST_CONSTANTS = 2,                                         /* learned parameters of a column's density … */
  VAEI_MOST_LOG_SCALE = 10, /* … of which the log of a scale lies within minus and plus this, … */
  VAEI_MOST_LOG_SHAPE = 15  /* … and that of a dispersion or of degrees of freedom between -10 and this */
};

/* c[i][p] = start[p] + sum over k of a[i][k] * b[k][p], for `rows` rows i and `panels` 16-wide panels p.
 * Element (i, k) of a lies at a[i * a_row + k * a_step]; row k of panel p of b at b[k * b_step + p * b_panel]; c
 * likewise. The sum runs over k in order, in one chain of fused multiply-adds an element: its bits depend on neither
 * the tile's shape nor its place. */
typedef struct vaei_product {
  size_t depth;
  const float *a;
  size_t a_row, a_step;
  const float *b;
  size_t b_step, b_panel;
  const float *start; /* NULL: zero */
  size_t start_panel;
  float *c;
  size_t c_row, c_panel;
} vaei_product;

/* The constants of one Adam step. */
typedef struct vaei_adam_step {
  float beta1, beta2;
  float rest1, rest2; /* 1 - beta, taken in float64 */
  float root_scale;   /* 1 / sqrt(1 - beta2^t), over -r, where r is learning rate / (1 - beta1^t) */
  float epsilon;      /* over -r too */
  float keep;         /* what decay leaves of a weight: 1 - learning rate * weight decay; 1 for Adam and for biases */
} vaei_adam_step;

/* g[i][p] = start[i][p] + sum over k of x[k][i] * dy[k][p]: the gradient of a tile of weights, k running over rows of a batch.
 * Rows of g and start are 16 floats apart. */
typedef struct vaei_gradient {
  size_t depth;
  const float *x, *dy;
  size_t x_row, dy_row;
  const float *start; /* NULL: zero; may be g */
  size_t start_panel;
  float *g;
  size_t g_panel;
} vaei_gradient;

/* A tile of weights whose gradient is known, and Adam's state for it: `rows` rows, 16 floats apart, of `panels` panels. */
typedef struct vaei_adam_tile {
  const vaei_adam_step *step;
  const float *g; /* the gradient; its panels g_panel floats apart */
  size_t g_panel;
  float *w, *m, *v; /* weights and moments; their panels `panel` floats apart */
  size_t panel;
  uint32_t rows, panels;
} vaei_adam_tile;

/* Learned parameters of a tile's columns: the log dispersion; or log scale and log df. */
typedef struct vaei_constants {
  const float *value[VAEI_MOST_CONSTANTS]; /* [columns] each, padded */
  /* Where the tile's d is not NULL: [rows, row] each, zero in the padding; receive row_weight[i] times the gradients. */
  float *gradient[VAEI_MOST_CONSTANTS];
  size_t row;
} vaei_constants;

/* A tile of outputs whose negative log density is wanted: nll[i] += the sum over the columns. */
typedef struct vaei_density {
  size_t rows, columns;
  const float *output;
  size_t output_row;
  const float *x;
  size_t x_row;
  const float *row_weight; /* [rows]; read where d is not NULL */
  float *d;                /* NULL, or receives row_weight[i] * d nll / d output, zero in the padding */
  size_t d_row;
  double *nll; /* [rows] */

  /* Of location-scale families alone. `constant` is added for each column. The scale is exp(clamp(log_scale_unit * v)), v a
   * value of log_scale and the clamp to [-10, 10]; or, where log_scale is NULL, 1 / inverse_scale, whose log is then in the
   * constant. */
  float inverse_scale, constant;
  const float *log_scale; /* NULL, or [columns], padded; for every row */
  float log_scale_unit;
  float *
      d_log_scale; /* where neither log_scale nor d is NULL: [columns], padded; += the rows' gradients of v, in order */

  const vaei_constants *constants; /* of densities with learned parameters of each column; else not read */
} vaei_density;

typedef void vaei_density_kernel(const vaei_density *tile);

/* A mixture of `count` diagonal Gaussians, in panels of 16 components: element (latent j, component k) of a table [latents]
 * lies at [(k / 16 * latents + j) * 16 + k % 16]. Lanes beyond count hold anything finite. */
typedef struct vaei_gaussians {
  size_t count, latents;
  const float *mean, *precision;
  const float *constant; /* [panels * 16]: log of the weight, less half the sum of the log variances */
} vaei_gaussians;

/* One panel of them, and where the gradients of -log p(z) go: every table [latents][16]. */
typedef struct vaei_gaussian_panel {
  size_t latents;
  const float *mean, *precision, *half_inside;
  float *d_mean, *d_logvar;
} vaei_gaussian_panel;

/* Where in the random streams a block of normals lies: see random_kernels.h. */
typedef struct vaei_stream {
  uint64_t seed;
  uint32_t stream;
  uint64_t step;
} vaei_stream;

/* Whose normals the rows of a matrix are: row r those of sample `sample` + r mod `samples` of example `example` + r / `samples`. */
typedef struct vaei_draws {
  uint64_t example;
  uint32_t sample, samples;
} vaei_draws;

/* The q of all rows of a batch, latent by latent: [Z, row] each, row a multiple of 16. */
typedef struct vaei_neighbours {
  size_t rows, latents, row;
  const float *mean, *precision; /* precision: 1 / variance */
  const float *constant;         /* -(logvar + log 2 pi) / 2 */
} vaei_neighbours;

/* A draw z among the q of all rows. Place k < Z of each array, [Z + 1], is about latent k alone, place Z about all together;
 * l: log q(z_k|x_j), or its sum over k. */
typedef struct vaei_draw_among {
  float *largest; /* max over j of l */
  float *sum;     /* sum over j of exp(l - largest) */
  float *own;     /* sum over j of exp(l - largest) (z_k - mean) precision, with l of latent k */
  float *joint;   /* the same with l of all latents together; place Z of both: 0 */
} vaei_draw_among;

/* Kernels between a draw and all of y, latent by latent: [Z, row], row a multiple of 16. */
typedef struct vaei_kernel_sum {
  size_t rows, latents, row;
  const float *y;
  float scale;  /* s */
  bool inverse; /* s / (s + d^2), else exp(-d^2 / s); both exactly 1 at a distance of 0 */
} vaei_kernel_sum;

/* Which of a layer's outputs are dropped, and what the others are multiplied by. */
typedef struct vaei_dropout {
  vaei_stream stream;
  vaei_draws draws; /* whose outputs the rows are */
  uint64_t blocks;  /* of four outputs, of the layer */
  float rate, scale;
} vaei_dropout;

typedef struct vaei_kernels {
  vae_isa isa;
  uint32_t tile_rows;   /* the largest tile of `product`, in rows */
  uint32_t tile_panels; /* and in panels */
  uint32_t row_panels;  /* the panels of a tile of a single row; at most VAEI_MAX_ROW_PANELS */

  /* rows 1 to tile_rows, panels 1 to tile_panels */
  void (*product)(const vaei_product *p, uint32_t rows, uint32_t panels);

  /* The gradient of a tile of weights, and Adam on another tile (of no panels: on none): its divisions and waiting for
   * memory pass between the multiply-adds. Sums as `product` does. */
  void (*gradient_and_adam)(const vaei_gradient *p, uint32_t rows, uint32_t panels, const vaei_adam_tile *tile);
  /* As product for one row, panels 1 to row_panels. */
  void (*row_product)(const vaei_product *p, uint32_t panels);

  /* As product with weights in bf16, which widened are the floats of the sum. Either as product or as row_product. */
  void (*bf16_product)(const vaei_narrow_product *p, uint32_t rows, uint32_t panels);

  vaei_int8_kernels int8; /* vaei_int8_kernels_of may know better ones */

  /* y = activation(y) in place. slope: NULL, or where to write activation'(y), [rows] with leading dimension
   * slope_row. */
  void (*activate)(vae_activation activation, size_t rows, size_t columns, float *y, size_t y_row, float *slope,
                   size_t slope_row);

  /* dy *= activation'(…), in place. y: the activation's output; for SiLU and GELU the slope written by activate. */
  void (*activate_backward)(vae_activation activation, size_t rows, size_t columns, const float *y, size_t y_row,
                            float *dy, size_t dy_row);

  /* Negative log densities of a tile and their gradients; the formulas stand above the kernels, in density_kernels.h,
   * location_kernels.h, count_kernels.h, learned_kernels.h and group_kernels.h. */
  vaei_density_kernel *bernoulli, *continuous_bernoulli; /* output: logits */
  vaei_density_kernel *gaussian, *laplace, *log_cosh;    /* output: locations */
  vaei_density_kernel *poisson;                          /* output: the rate before its softplus */
  vaei_density_kernel *negative_binomial;                /* output: the mean before its softplus */
  vaei_density_kernel *student_t;                        /* output: locations */

  /* value[j] = log Gamma(y[j]), slope[j] = digamma(y[j]) for y from 1e-30 to 1e30; unpadded memory. */
  void (*log_gamma)(size_t count, const float *y, float *value, float *slope);

  /* One group of columns, in memory without padding: logits, [count], become the softmax. categorical adds -log p(x) to *nll.
   * d: NULL, or receives weight * slope, [count]. */
  void (*softmax)(size_t count, float *logits);
  void (*categorical)(size_t count, float *logits, const float *x, float weight, float *d, double *nll);

  /* One row of a diagonal Gaussian q = N(mean, exp(logvar)), `count` latents, unpadded memory.
   * Clamps logvar to [-20, 20] in place, writes deviation = exp(logvar / 2) and, into inside, 1 where logvar was
   * inside the range and 0 elsewhere. Returns KL(q, N(0, 1)) = sum (exp(logvar) + mean^2 - 1 - logvar) / 2
   * (Kingma & Welling 2014, appendix B). */
  float (*normal_posterior)(size_t count, const float *mean, float *logvar, float *deviation, float *inside);

  /* z = mean + deviation * noise. Returns log p(z) - log q(z) without the 2 pi terms, which cancel:
   * sum (noise^2 + logvar - z^2) / 2. */
  float (*normal_draw)(size_t count, const float *mean, const float *logvar, const float *deviation, const float *noise,
                       float *z);

  /* The same z. Returns -log q(z|x) without its 2 pi term: sum (noise^2 + logvar) / 2. */
  float (*normal_sample)(size_t count, const float *mean, const float *logvar, const float *deviation,
                         const float *noise, float *z);

  /* Of a panel's log variances, [latents][16], clamped to [-20, 20]: precision = exp(-logvar); half_inside, 1/2 where it was
   * inside the range and 0 elsewhere; and for each component half the sum over the latents, log_volume [16]. */
  void (*gaussian_table)(size_t latents, const float *logvar, float *precision, float *half_inside, float *log_volume);

  /* log p(z) of a mixture without its 2 pi term, log sum_k exp(constant_k - sum_j (z_j - mean_kj)^2 precision_kj / 2); z: [latents].
   * share: [panels * 16], receives each component's share of p(z), exactly 0 beyond count. */
  double (*mixture_density)(const vaei_gaussians *g, const float *z, float *share);

  /* score: [latents], d(-log p) / dz_j = sum_k share_k (z_j - mean_kj) precision_kj. */
  void (*mixture_score)(const vaei_gaussians *g, const float *z, const float *share, float *score);

  /* Adds the gradients of sum over r of w_r (-log p(z_r)), row after row, to a panel's. share: [rows], w_r times the shares of
   * the panel's components. d_mean -= share (z - mean) precision; d_logvar += share half_inside (1 - (z - mean)^2 precision). */
  void (*gaussian_gradient)(const vaei_gaussian_panel *panel, size_t rows, const float *z, size_t z_row,
                            const float *share, size_t share_row);

  /* Adds one draw's share to the gradients: with g = dz + prior_weight * z, z or what stands for it in another prior's score,
   * dmean += g, dlogvar += g * deviation * noise / 2. */
  void (*normal_draw_backward)(size_t count, const float *dz, const float *z, float prior_weight,
                               const float *deviation, const float *noise, float *dmean, float *dlogvar);

  /* Adds weight * dKL(q, N(0, 1)): dmean += weight * mean, dlogvar += weight * (deviation^2 - 1) / 2; then adds
   * constant to dlogvar and multiplies dlogvar by inside. */
  void (*normal_posterior_backward)(size_t count, const float *mean, const float *deviation, const float *inside,
                                    float weight, float constant, float *dmean, float *dlogvar);

  /* What couples a batch's examples: coupling_kernels.h. */
  void (*draw_among)(const vaei_neighbours *q, const float *z, vaei_draw_among *out);

  /* Adds to dmean and dlogvar, [Z], of neighbour j: the sum over draws i of g by each, with g = exp(l_ij - log_sum_i) with all
   * latents together less the same with latent k alone. z: [Z, row], the draws; log_sum: [Z + 1, row]. */
  void (*posterior_among)(const vaei_neighbours *q, size_t j, const float *z, const float *log_sum, float *dmean,
                          float *dlogvar);

  /* The sum of kernels over y. pull: NULL, or [Z], to which the sum of w (z - y) is added, w the kernel, or its square where it
   * is the inverse one: -2 / s times that is the sum's gradient by z. */
  double (*kernel_sum)(const vaei_kernel_sum *p, const float *z, float *pull);

  /* y = row_weight[i] * y in place. */
  void (*scale_rows)(size_t rows, size_t columns, const float *row_weight, float *y, size_t y_row);

  /* Kingma & Ba 2015, algorithm 1, and with keep below 1 Loshchilov & Hutter 2019, algorithm 2:
   * m = beta1 m + (1 - beta1) g; v = beta2 v + (1 - beta2) g^2;
   * w = keep w + m / (sqrt(v) root_scale + epsilon), the sum rounded once. */
  void (*adam)(const vaei_adam_tile *tile);

  /* to[column][row] = from[row][column] for a block of `rows` (1 to 16) by 16; both with 16 floats a row. Rows of
   * `from` beyond `rows` count as zero; only `columns` rows of `to` are written. */
  void (*transpose)(const float *from, uint32_t rows, float *to, uint32_t columns);

  /* to[0 … padded) = scale * bytes, or a copy of floats; zero from count on. Returns the first column whose value is
   * not within [low, high] (NaN never is), or count. */
  size_t (*gather_bytes)(const uint8_t *from, size_t count, float scale, float low, float high, float *to);
  size_t (*gather_floats)(const float *from, size_t count, float low, float high, float *to);

  /* out[r][j], begin <= r < end, j < count: standard normals, one row for each of the draws. The same bits on every
   * instruction set. */
  void (*normals)(const vaei_stream *stream, const vaei_draws *draws, size_t begin, size_t end, size_t count,
                  float *out, size_t out_row);

  /* x[j] = 1 where the uniform number j of the example, in [0, 1), is below x[j], else 0; j < count. So 1 stays 1 and 0
   * stays 0. The same bits on every instruction set. */
  void (*binarize)(const vaei_stream *stream, uint64_t example, size_t count, float *x);

  /* y[r][j], begin <= r < end, `first` <= j < first + count, both multiples of 16: 0 where the uniform number j of (example,
   * sample), in [0, 1), is below the rate, else scale * y. y: of row `begin`, column `first`. The same numbers on every
   * instruction set. */
  void (*dropout)(const vaei_dropout *d, size_t begin, size_t end, size_t first, size_t count, float *y, size_t y_row);

  /* Whether |x| < limit (over 0; infinity asks for finite) for all of rows x columns, unpadded memory; NaN never is. */
  bool (*all_below)(const float *x, size_t rows, size_t columns, size_t x_row, float limit);
} vaei_kernels;

/* The table for an instruction set; AUTO reads VAE_ISA, then asks the processor. Fails with INVALID_ARGUMENT for a number
 * or word that names none, with UNSUPPORTED where it is not there. */
vae_status vaei_kernels_find(vae_isa isa, const vaei_kernels **kernels, vae_error *err);

/* Whether that instruction set is compiled in and can run here. */
bool vaei_kernels_available(vae_isa isa);

/* The table's kernels for weights in bytes, or such as use the processor's own instruction for it where it has that. */
const vaei_int8_kernels *vaei_int8_kernels_of(const vaei_kernels *kernels);

/* The tables; those that were not compiled in are never named. */
extern const vaei_kernels vaei_kernels_portable;
extern const vaei_kernels vaei_kernels_avx2;
extern const vaei_kernels vaei_kernels_avx512;
extern const vaei_kernels vaei_kernels_neon;
extern const vaei_int8_kernels vaei_int8_kernels_avx2_vnni;
extern const vaei_int8_kernels vaei_int8_kernels_avx512_vnni;

#endif
