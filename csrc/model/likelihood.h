/* p(x given z): each likelihood is a file likelihood_*.c and one entry of a table; its formula stands above the kernel that it
 * names. */
#ifndef VAEI_LIKELIHOOD_H
#define VAEI_LIKELIHOOD_H

#include "core/variates.h"
#include "kernels/kernels.h"
#include "vae/config.h"

/* The values that x may take. */
typedef struct vaei_support {
  float low, high;
  bool whole;        /* whole numbers only */
  const char *words; /* "0 to 1 (a bernoulli likelihood)" */
} vaei_support;

/* A tile of the decoder's last layer that has just been computed, before its activation; of a likelihood that works on rows a
 * piece of a row. */
typedef struct vaei_output_tile {
  const vaei_kernels *kernels;
  const vae_config *config;
  double log_sigma; /* of a fixed sigma */
  size_t rows, columns;
  float *output; /* [rows, output_row]; overwritten */
  size_t output_row;
  const float *x; /* [rows, x_row] */
  size_t x_row;
  const float *row_weight; /* [rows]; read where d is not NULL */
  float *d;                /* NULL, or receives row_weight * d nll / d output, zero in the padding */
  size_t d_row;
  double *nll; /* [rows]; the tile's -log p(x|z) is added */

  const float *log_scale; /* NULL, or [columns], padded: the scale is exp(log_scale_unit * log_scale), clamped */
  float log_scale_unit;
  float *d_log_scale; /* [columns], padded, where log_scale and d are not NULL: the gradient is added */

  const vaei_constants *constants; /* NULL, or the tile's columns of a likelihood's constants */
} vaei_output_tile;

/* A parameter of each column that is the same for all z: a tensor [D], and what it begins as. */
typedef struct vaei_constant {
  const char *name;
  float initial;
  double most; /* of the log: beyond it, and below minus VAEI_MOST_LOG_SCALE, the parameter stays what it is there */
} vaei_constant;

enum { VAEI_MOST_PARAMETERS = 3 };

/* What p(x|z) of a column is: the output before its activation, and the parameters. */
typedef struct vaei_column {
  double output;
  double parameter[VAEI_MOST_PARAMETERS];
} vaei_column;

typedef struct vaei_likelihood {
  vaei_support support;
  bool tame;    /* |d nll / d output| <= 1 for any finite output, and the loss is not finite where an output is not */
  bool density; /* p(x|z) is a density, not a probability */
  bool located; /* it has an output activation */
  bool scaled;  /* and a sigma */
  bool grouped; /* its columns come in the configuration's groups, and a tile is a whole row without padding */
  void (*loss)(const vaei_output_tile *, bool mean); /* mean: true leaves the likelihood's mean in output */
  void (*mean)(const vaei_output_tile *); /* output becomes the mean; of the tile only kernels to output_row are read */
  double (*bias)(const vae_config *, double mean);
  const char *parameters[VAEI_MOST_PARAMETERS];         /* their names; the first is what `mean` gives */
  double (*expectation)(const vaei_column *);           /* NULL: it is the first parameter */
  double (*draw)(const vaei_column *, vaei_variates *); /* NULL: by groups */
  uint32_t constant_count;
  vaei_constant constants[VAEI_MOST_CONSTANTS];
} vaei_likelihood;

extern const vaei_likelihood vaei_likelihood_bernoulli, vaei_likelihood_continuous_bernoulli, vaei_likelihood_gaussian,
    vaei_likelihood_laplace, vaei_likelihood_log_cosh, vaei_likelihood_poisson, vaei_likelihood_categorical,
    vaei_likelihood_negative_binomial, vaei_likelihood_student_t;

/* The entry of a checked configuration. */
const vaei_likelihood *vaei_likelihood_of(const vae_config *config);

/* As vae_likelihood_parameter_name. */
const char *vaei_likelihood_parameter(vae_likelihood likelihood, uint32_t index);

/* Whether a column's loss needs other columns of the output, so that rows are worked on as a whole. */
static inline bool vaei_likelihood_takes_rows(const vae_config *config) {
  return vaei_likelihood_of(config)->grouped || config->sigma_kind != VAE_SIGMA_FIXED;
}

/* The columns of the decoder's last layer: [location], or [location | log variance]. */
static inline uint32_t vaei_likelihood_outputs(const vae_config *config) {
  return config->sigma_kind == VAE_SIGMA_PER_OUTPUT ? 2 * config->input_dim : config->input_dim;
}

/* What of the likelihood's parameters is the same for all z lies in layers without inputs behind the decoder's last one: how
 * many there are, and the units of each. */
static inline uint32_t vaei_likelihood_constants(const vae_config *config) {
  return config->sigma_kind == VAE_SIGMA_GLOBAL ? 1 : vaei_likelihood_of(config)->constant_count;
}
static inline uint32_t vaei_likelihood_constant_units(const vae_config *config) {
  return config->sigma_kind == VAE_SIGMA_GLOBAL ? 1 : config->input_dim;
}
static inline vaei_constant vaei_likelihood_constant(const vae_config *config, uint32_t index) {
  if (config->sigma_kind == VAE_SIGMA_GLOBAL) return (vaei_constant){"decoder.log_sigma", 0.0f, VAEI_MOST_LOG_SCALE};
  return vaei_likelihood_of(config)->constants[index];
}

/* The bias of the output layer at which the likelihood's mean is `mean`: a finite float. */
double vaei_likelihood_bias(const vae_config *config, double mean);

/* A row of values that is looked at one by one, in order. */
typedef struct vaei_row_check {
  const vae_config *config;
  vaei_support support;
  uint32_t group, left; /* of a grouped likelihood: the group, and its columns to come */
  float drawn;          /* the sum of its columns so far */
} vaei_row_check;

vaei_row_check vaei_row_check_begin(const vae_config *config);

/* Whether the row's next value may stand there; false at the latest where a group that has no 1 ends. */
static inline bool vaei_row_check_next(vaei_row_check *check, float x) {
  if (!(x >= check->support.low && x <= check->support.high)) return false;
  if (check->support.whole && x != (float)(int32_t)x) return false;
  if (check->left == 0) return true;
  check->drawn += x;
  if (check->drawn > 1.0f) return false;
  if (--check->left > 0) return true;
  const bool good = check->drawn == 1.0f;
  check->drawn = 0.0f;
  if (++check->group < check->config->group_count) check->left = check->config->groups[check->group];
  return good;
}

#endif
