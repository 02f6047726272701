/* The float64 oracle: forward pass and objective of a dense VAE in plain loops, written from the formulas alone, and
 * derivatives by central differences. Real numbers are long double, where the machine has them wider than 64 bits, so
 * that differences over small steps (which do not leave a ReLU's side) keep enough digits. */
#ifndef VAE_TESTS_ORACLE_H
#define VAE_TESTS_ORACLE_H

#include "support.h"

typedef long double oracle_real;

typedef struct oracle_dense {
  char name[32]; /* "encoder.0" */
  size_t inputs, units;
  vae_activation activation;
  oracle_real *weight; /* [units, inputs] */
  oracle_real *bias;   /* [units] */
} oracle_dense;

/* A prior's own tensor; NULL where the model has none of that name. */
typedef struct oracle_table {
  const char *name;
  oracle_real *values;
  size_t count;
} oracle_table;

/* Layers in the order of the names: encoder.0 …, encoder.mean, encoder.logvar, decoder.0 …, decoder.mean, with a sigma per
 * output decoder.logvar, and with a conditional prior prior.0 …, prior.mean, prior.logvar. */
typedef struct oracle {
  test_spec spec;
  oracle_dense *layers;
  size_t count, prior;   /* their number, and the index of the prior's first one */
  oracle_real log_sigma; /* decoder.log_sigma, where sigma is global */
  oracle_real
      *constants; /* [D] or [2, D]: decoder.log_dispersion, or decoder.log_scale and decoder.log_df; else NULL */
  oracle_table tables[3]; /* prior.mixture.logits, .mean, .logvar; or prior.pseudo_inputs */
} oracle;

/* A mini-batch: x [n, D], noise [K, n, Z], condition [n, C] or NULL. */
typedef struct oracle_batch {
  size_t n;
  const float *x;
  const float *noise;
  const float *condition;
  const float *prior, *directions; /* NULL, or as in oracle_posterior */
  double dropout;                  /* of a training step with seed 0, its first; 0: none */
} oracle_batch;

/* What the forward pass gives; every array as in vae_terms. */
typedef struct oracle_result {
  double *mean, *logvar, *z, *kl, *sample_nll, *output, *loss;
  double mean_loss;
  double nearest_kink; /* the smallest distance of a kinked activation's input (or a clamped logvar) from its kink */
} oracle_result;

/* Copies the parameters of a model of that spec. */
oracle *oracle_new(const test_spec *spec, const vae_model *model);
void oracle_free(oracle *o);

/* Runs it. Arrays belong to the result, to be freed with oracle_result_free. */
oracle_result oracle_run(const oracle *o, const oracle_batch *batch);
void oracle_result_free(oracle_result *result);

/* The values of the parameter of that name ("encoder.0.weight") and their number, or NULL. */
oracle_real *oracle_parameter(oracle *o, const char *name, size_t *count);

/* d mean loss / d values[index], for values from oracle_parameter. */
double oracle_difference(const oracle *o, const oracle_batch *batch, oracle_real *values, size_t index);

/* The derivative along `direction` [count], for values from oracle_parameter. */
double oracle_directional(const oracle *o, const oracle_batch *batch, oracle_real *values, const float *direction,
                          size_t count);

/* log p(z) of a mixture of `count` Gaussians, each component [mean | logvar | log weight]: in oracle_mixture.c. */
oracle_real oracle_mixture(const oracle_real *components, size_t count, size_t latents, const oracle_real *z);

/* Of one column: log of the continuous Bernoulli's constant at logit o; -log p of a count, of a distance from a location. */
oracle_real oracle_log_continuous_constant(oracle_real o);
oracle_real oracle_negative_binomial_nll(oracle_real x, oracle_real mean, oracle_real log_dispersion);
oracle_real oracle_student_nll(oracle_real distance, oracle_real log_scale, oracle_real log_df);

/* One activation. */
oracle_real oracle_activate(vae_activation activation, oracle_real x);

#endif
