#include "oracle.h"

#include "oracle_objective.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const oracle_real LOG_TWO_PI = 1.837877066409345483560659472811235279722794947275566825634L;
static const oracle_real PI = 3.141592653589793238462643383279502884197169399375105820974L, STEP = 1e-6L;

/* Layers */

static void add_dense(oracle *o, const vae_model *model, const char *name, size_t inputs, const vae_layer *layer) {
  oracle_dense *dense = &o->layers[o->count++];
  char parameter[48];
  size_t weights = inputs * layer->units;
  float *values = test_allocate((weights + layer->units) * sizeof *values);
  snprintf(dense->name, sizeof dense->name, "%s", name);
  dense->inputs = inputs;
  dense->units = layer->units;
  dense->activation = layer->activation;
  dense->weight = test_allocate(weights * sizeof *dense->weight);
  dense->bias = test_allocate(layer->units * sizeof *dense->bias);
  snprintf(parameter, sizeof parameter, "%s.weight", name);
  vae_status status = vae_model_get_parameter(model, parameter, values, weights, NULL);
  snprintf(parameter, sizeof parameter, "%s.bias", name);
  if (status == VAE_OK) status = vae_model_get_parameter(model, parameter, values + weights, layer->units, NULL);
  if (status != VAE_OK) {
    fprintf(stderr, "oracle: the model has no %s of %zu inputs and %u units\n", name, inputs, (unsigned)layer->units);
    exit(3);
  }
  for (size_t i = 0; i < weights; i++) dense->weight[i] = values[i];
  for (size_t i = 0; i < layer->units; i++) dense->bias[i] = values[weights + i];
  free(values);
}

static size_t add_stack(oracle *o, const vae_model *model, const char *prefix, size_t inputs, const vae_layer *layers,
                        uint32_t count) {
  for (uint32_t i = 0; i < count; i++) {
    char name[32];
    snprintf(name, sizeof name, "%s.%u", prefix, (unsigned)i);
    add_dense(o, model, name, inputs, &layers[i]);
    inputs = layers[i].units;
  }
  return inputs;
}

static void add_head(oracle *o, const vae_model *model, const char *name, size_t inputs, uint32_t units) {
  vae_layer layer;
  memset(&layer, 0, sizeof layer);
  layer.units = units;
  layer.activation = VAE_ACTIVATION_IDENTITY;
  add_dense(o, model, name, inputs, &layer);
}

static void add_table(oracle *o, const vae_model *model, int index, const char *name, size_t count) {
  float *values = test_allocate(count * sizeof *values);
  if (vae_model_get_parameter(model, name, values, count, NULL) != VAE_OK) exit(3);
  o->tables[index] = (oracle_table){name, test_allocate(count * sizeof(oracle_real)), count};
  for (size_t i = 0; i < count; i++) o->tables[index].values[i] = values[i];
  free(values);
}

static const char *const constant_names[][2] = {[VAE_LIKELIHOOD_NEGATIVE_BINOMIAL] = {"decoder.log_dispersion"},
                                                [VAE_LIKELIHOOD_STUDENT_T] = {"decoder.log_scale", "decoder.log_df"}};

/* The name of a learned parameter of each column, or NULL. */
static const char *constant_name(const test_spec *spec, size_t index) {
  size_t known = sizeof constant_names / sizeof *constant_names;
  return (size_t)spec->likelihood < known && index < 2 ? constant_names[spec->likelihood][index] : NULL;
}

static void read_constants(oracle *o, const vae_model *model) {
  size_t columns = o->spec.input_dim;
  float *values = test_allocate(columns * sizeof *values);
  o->constants = constant_name(&o->spec, 0) ? test_allocate(2 * columns * sizeof *o->constants) : NULL;
  for (size_t i = 0; constant_name(&o->spec, i); i++) {
    if (vae_model_get_parameter(model, constant_name(&o->spec, i), values, columns, NULL) != VAE_OK) exit(3);
    for (size_t d = 0; d < columns; d++) o->constants[i * columns + d] = values[d];
  }
  free(values);
}

oracle *oracle_new(const test_spec *spec, const vae_model *model) {
  oracle *o = test_allocate(sizeof *o);
  o->spec = *spec;
  o->layers =
      test_allocate((spec->encoder_count + spec->decoder_count + spec->prior_net_count + 6) * sizeof *o->layers);
  size_t width =
      add_stack(o, model, "encoder", spec->input_dim + spec->condition_dim, spec->encoder, spec->encoder_count);
  add_head(o, model, "encoder.mean", width, spec->latent_dim);
  add_head(o, model, "encoder.logvar", width, spec->latent_dim);
  width = add_stack(o, model, "decoder", spec->latent_dim + spec->condition_dim, spec->decoder, spec->decoder_count);
  add_head(o, model, "decoder.mean", width, spec->input_dim);
  if (spec->sigma_kind == VAE_SIGMA_PER_OUTPUT) add_head(o, model, "decoder.logvar", width, spec->input_dim);
  o->prior = o->count;
  if (spec->prior == VAE_PRIOR_CONDITIONAL) {
    width = add_stack(o, model, "prior", spec->condition_dim, spec->prior_net, spec->prior_net_count);
    add_head(o, model, "prior.mean", width, spec->latent_dim);
    add_head(o, model, "prior.logvar", width, spec->latent_dim);
  }
  const size_t components = spec->prior_components;
  if (spec->prior == VAE_PRIOR_MIXTURE) {
    add_table(o, model, 0, "prior.mixture.logits", components);
    add_table(o, model, 1, "prior.mixture.mean", components * spec->latent_dim);
    add_table(o, model, 2, "prior.mixture.logvar", components * spec->latent_dim);
  }
  if (spec->prior == VAE_PRIOR_VAMP) add_table(o, model, 0, "prior.pseudo_inputs", components * spec->input_dim);
  if (spec->sigma_kind == VAE_SIGMA_GLOBAL) {
    float value = 0.0f;
    if (vae_model_get_parameter(model, "decoder.log_sigma", &value, 1, NULL) != VAE_OK) exit(3);
    o->log_sigma = value;
  }
  read_constants(o, model);
  return o;
}

void oracle_free(oracle *o) {
  if (o == NULL) return;
  for (size_t i = 0; i < o->count; i++) {
    free(o->layers[i].weight);
    free(o->layers[i].bias);
  }
  for (int i = 0; i < 3; i++) free(o->tables[i].values);
  free(o->layers);
  free(o->constants);
  free(o);
}

oracle_real *oracle_parameter(oracle *o, const char *name, size_t *count) {
  if (strcmp(name, "decoder.log_sigma") == 0) {
    *count = 1;
    return &o->log_sigma;
  }
  for (int i = 0; i < 3; i++)
    if (o->tables[i].name != NULL && strcmp(name, o->tables[i].name) == 0) {
      *count = o->tables[i].count;
      return o->tables[i].values;
    }
  for (size_t i = 0; constant_name(&o->spec, i); i++) {
    if (strcmp(name, constant_name(&o->spec, i)) != 0) continue;
    *count = o->spec.input_dim;
    return o->constants + i * o->spec.input_dim;
  }
  for (size_t i = 0; i < o->count; i++) {
    const oracle_dense *dense = &o->layers[i];
    size_t length = strlen(dense->name);
    if (strncmp(name, dense->name, length) != 0) continue;
    if (strcmp(name + length, ".weight") == 0) {
      *count = dense->inputs * dense->units;
      return dense->weight;
    }
    if (strcmp(name + length, ".bias") == 0) {
      *count = dense->units;
      return dense->bias;
    }
  }
  *count = 0;
  return NULL;
}

static void note_kink(oracle_result *result, oracle_real distance) {
  if (fabsl(distance) < result->nearest_kink) result->nearest_kink = (double)fabsl(distance);
}

/* One row through one layer. */
static void dense_row(const oracle_dense *dense, const oracle_real *in, oracle_real *out, vae_activation activation,
                      oracle_result *result) {
  for (size_t u = 0; u < dense->units; u++) {
    oracle_real sum = dense->bias[u];
    for (size_t i = 0; i < dense->inputs; i++) sum += dense->weight[u * dense->inputs + i] * in[i];
    if (activation == VAE_ACTIVATION_RELU || activation == VAE_ACTIVATION_LEAKY_RELU) note_kink(result, sum);
    out[u] = oracle_activate(activation, sum);
  }
}

static oracle_real clamp_logvar(oracle_real logvar, oracle_result *result) {
  note_kink(result, logvar - 20);
  note_kink(result, logvar + 20);
  return logvar > 20 ? 20 : logvar < -20 ? -20 : logvar;
}

/* log sigma of a row's output d, from the decoder's last hidden row where it depends on that. */
static oracle_real log_scale(const oracle *o, const oracle_real *logvar, size_t d, oracle_result *result) {
  if (o->spec.sigma_kind == VAE_SIGMA_FIXED) return logl((oracle_real)o->spec.sigma);
  return 0.5L * clamp_logvar(o->spec.sigma_kind == VAE_SIGMA_GLOBAL ? 2 * o->log_sigma : logvar[d], result);
}

/* -log p(x) of a location-scale family at t = (x - location) / sigma. */
static oracle_real located_nll(vae_likelihood likelihood, oracle_real t, oracle_real log_sigma, oracle_result *result) {
  if (likelihood == VAE_LIKELIHOOD_GAUSSIAN) return 0.5L * t * t + log_sigma + 0.5L * LOG_TWO_PI;
  if (likelihood == VAE_LIKELIHOOD_LOG_COSH) return logl(coshl(t)) + log_sigma + logl(PI);
  note_kink(result, t * expl(log_sigma));
  return fabsl(t) + log_sigma + logl(2);
}

/* -log p(x | decoder output `raw`) of column d; *output receives the likelihood's mean. */
static oracle_real nll(const oracle *o, oracle_real x, oracle_real raw, oracle_real log_sigma, size_t d,
                       oracle_result *result, double *output) {
  const test_spec *spec = &o->spec;
  if (spec->likelihood == VAE_LIKELIHOOD_NEGATIVE_BINOMIAL) {
    *output = (double)oracle_activate(VAE_ACTIVATION_SOFTPLUS, raw);
    return oracle_negative_binomial_nll(x, oracle_activate(VAE_ACTIVATION_SOFTPLUS, raw), o->constants[d]);
  }
  if (spec->likelihood == VAE_LIKELIHOOD_POISSON) {
    *output = (double)oracle_activate(VAE_ACTIVATION_SOFTPLUS, raw);
    oracle_real log_rate =
        raw < -50 ? raw : logl(oracle_activate(VAE_ACTIVATION_SOFTPLUS, raw)); /* the rest is below its last digit */
    return oracle_activate(VAE_ACTIVATION_SOFTPLUS, raw) - x * log_rate + lgammal(x + 1);
  }
  if (spec->likelihood == VAE_LIKELIHOOD_BERNOULLI || spec->likelihood == VAE_LIKELIHOOD_CONTINUOUS_BERNOULLI) {
    *output = (double)oracle_activate(VAE_ACTIVATION_SIGMOID, raw);
    int continuous = spec->likelihood == VAE_LIKELIHOOD_CONTINUOUS_BERNOULLI;
    return oracle_activate(VAE_ACTIVATION_SOFTPLUS, raw) - x * raw -
           (continuous ? oracle_log_continuous_constant(raw) : 0);
  }
  if (spec->output_activation == VAE_ACTIVATION_RELU || spec->output_activation == VAE_ACTIVATION_LEAKY_RELU) {
    note_kink(result, raw);
  }
  oracle_real location = oracle_activate(spec->output_activation, raw);
  *output = (double)location;
  if (spec->likelihood == VAE_LIKELIHOOD_STUDENT_T)
    return oracle_student_nll(x - location, o->constants[d], o->constants[spec->input_dim + d]);
  return located_nll(spec->likelihood, (x - location) * expl(-log_sigma), log_sigma, result);
}

/* The same for a row of groups. */
static oracle_real groups_nll(const test_spec *spec, const float *x, const oracle_real *raw, double *output) {
  oracle_real total = 0;
  for (uint32_t g = 0, at = 0; g < spec->group_count; at += spec->groups[g++]) {
    oracle_real sum = 0;
    for (uint32_t j = at; j < at + spec->groups[g]; j++) sum += expl(raw[j]);
    for (uint32_t j = at; j < at + spec->groups[g]; j++) {
      output[j] = (double)(expl(raw[j]) / sum);
      total -= x[j] * logl(expl(raw[j]) / sum);
    }
  }
  return total;
}

/* Room for two rows as wide as the widest layer. */
static oracle_real *make_rows(const oracle *o, size_t *width) {
  *width = (o->spec.input_dim > o->spec.latent_dim ? o->spec.input_dim : o->spec.latent_dim) + o->spec.condition_dim;
  for (size_t i = 0; i < o->count; i++) {
    if (o->layers[i].units > *width) *width = o->layers[i].units;
  }
  return test_allocate(2 * *width * sizeof(oracle_real));
}

static const oracle_real *run_stack(const oracle *o, size_t first, size_t count, oracle_real *rows, size_t width,
                                    const oracle_dropping *drop, oracle_result *result) {
  oracle_real *in = rows, *out = rows + width;
  for (size_t i = first; i < first + count; i++) {
    dense_row(&o->layers[i], in, out, o->layers[i].activation, result);
    /* The library has one head in place of two. */
    if (drop) oracle_drop(drop, i < o->spec.encoder_count ? i : i - 1, o->layers[i].units, out);
    oracle_real *other = in;
    in = out;
    out = other;
  }
  return in;
}

static void put_condition(const oracle *o, const oracle_batch *batch, size_t row, oracle_real *to) {
  for (size_t i = 0; i < o->spec.condition_dim; i++) to[i] = batch->condition[row * o->spec.condition_dim + i];
}

/* p(z|c) of an example, [mean | logvar]; standard normal where the prior is. */
static void run_prior(const oracle *o, const oracle_batch *batch, size_t row, oracle_real *rows, size_t width,
                      oracle_real *prior, oracle_result *result) {
  const size_t latents = o->spec.latent_dim;
  for (size_t i = 0; i < 2 * latents; i++) prior[i] = 0;
  if (o->spec.prior == VAE_PRIOR_STANDARD) return;
  put_condition(o, batch, row, rows);
  const oracle_real *hidden = run_stack(o, o->prior, o->spec.prior_net_count, rows, width, NULL, result);
  const oracle_dense *head = &o->layers[o->prior + o->spec.prior_net_count];
  dense_row(head, hidden, prior, VAE_ACTIVATION_IDENTITY, result);
  dense_row(head + 1, hidden, prior + latents, VAE_ACTIVATION_IDENTITY, result);
  for (size_t i = 0; i < latents; i++) prior[latents + i] = clamp_logvar(prior[latents + i], result);
}

/* q(z|u), for a pseudo-input clamped to what the likelihood takes. */
static void run_pseudo_input(const oracle *o, const oracle_real *u, oracle_real *rows, size_t width,
                             oracle_real *component, oracle_result *result) {
  const test_spec *spec = &o->spec;
  const int real = spec->likelihood == VAE_LIKELIHOOD_GAUSSIAN || spec->likelihood == VAE_LIKELIHOOD_LAPLACE ||
                   spec->likelihood == VAE_LIKELIHOOD_LOG_COSH;
  const oracle_real high = spec->likelihood == VAE_LIKELIHOOD_POISSON ? 0x1p22L : 1;
  for (size_t d = 0; d < spec->input_dim; d++) {
    if (!real) note_kink(result, u[d]);
    if (!real) note_kink(result, u[d] - high);
    rows[d] = real ? u[d] : u[d] < 0 ? 0 : u[d] > high ? high : u[d];
  }
  const oracle_real *hidden = run_stack(o, 0, spec->encoder_count, rows, width, NULL, result);
  dense_row(&o->layers[spec->encoder_count], hidden, component, VAE_ACTIVATION_IDENTITY, result);
  dense_row(&o->layers[spec->encoder_count + 1], hidden, component + spec->latent_dim, VAE_ACTIVATION_IDENTITY, result);
}

/* The components of a mixture, of each [mean | logvar | log weight]: to be freed; NULL where the prior is none. */
static oracle_real *make_components(const oracle *o, oracle_real *rows, size_t width, oracle_result *result) {
  const test_spec *spec = &o->spec;
  const size_t latents = spec->latent_dim, count = spec->prior_components;
  if (count == 0) return NULL;
  oracle_real *components = test_allocate(count * (2 * latents + 1) * sizeof *components), sum = 0;
  for (size_t k = 0; spec->prior == VAE_PRIOR_MIXTURE && k < count; k++) sum += expl(o->tables[0].values[k]);
  for (size_t k = 0; k < count; k++) {
    oracle_real *component = components + k * (2 * latents + 1);
    if (spec->prior == VAE_PRIOR_VAMP)
      run_pseudo_input(o, o->tables[0].values + k * spec->input_dim, rows, width, component, result);
    for (size_t i = 0; spec->prior == VAE_PRIOR_MIXTURE && i < latents; i++) {
      component[i] = o->tables[1].values[k * latents + i];
      component[latents + i] = o->tables[2].values[k * latents + i];
    }
    for (size_t i = 0; i < latents; i++) component[latents + i] = clamp_logvar(component[latents + i], result);
    component[2 * latents] =
        spec->prior == VAE_PRIOR_VAMP ? -logl((oracle_real)count) : o->tables[0].values[k] - logl(sum);
  }
  return components;
}

/* One example: fills its row of every array. log_weight: [K], scratch. components: NULL, or a mixture's. */
static oracle_real run_example(const oracle *o, const oracle_batch *batch, size_t row, oracle_real *rows, size_t width,
                               oracle_real *posterior, const oracle_real *components, oracle_real *log_weight,
                               oracle_result *result) {
  const test_spec *spec = &o->spec;
  size_t latents = spec->latent_dim, inputs = spec->input_dim, samples = spec->objective.samples;
  const float *x = batch->x + row * inputs;
  oracle_dropping drop = {.rate = batch->dropout, .example = row};
  oracle_real *mean = posterior, *logvar = posterior + latents, *prior = logvar + latents,
              *prior_logvar = prior + latents;
  oracle_real *raw = prior_logvar + latents;
  oracle_real kl = 0, mean_nll = 0, largest = -INFINITY;
  run_prior(o, batch, row, rows, width, prior, result);
  for (size_t d = 0; d < inputs; d++) rows[d] = x[d];
  put_condition(o, batch, row, rows + inputs);
  const oracle_real *hidden = run_stack(o, 0, spec->encoder_count, rows, width, &drop, result);
  dense_row(&o->layers[spec->encoder_count], hidden, mean, VAE_ACTIVATION_IDENTITY, result);
  dense_row(&o->layers[spec->encoder_count + 1], hidden, logvar, VAE_ACTIVATION_IDENTITY, result);
  for (size_t i = 0; i < latents; i++) {
    logvar[i] = clamp_logvar(logvar[i], result);
    oracle_real distance = mean[i] - prior[i];
    kl += 0.5L * ((expl(logvar[i]) + distance * distance) * expl(-prior_logvar[i]) - 1 + prior_logvar[i] - logvar[i]);
    result->mean[row * latents + i] = (double)mean[i];
    result->logvar[row * latents + i] = (double)logvar[i];
  }
  if (components != NULL) kl = 0; /* estimated by the samples */
  for (size_t k = 0; k < samples; k++) {
    size_t at = k * batch->n + row;
    oracle_real total = 0, log_prior = 0, log_posterior = 0;
    for (size_t i = 0; i < latents; i++) {
      oracle_real eps = batch->noise[at * latents + i];
      rows[i] = mean[i] + expl(0.5L * logvar[i]) * eps;
      result->z[at * latents + i] = (double)rows[i];
      oracle_real distance = rows[i] - prior[i];
      log_prior -= 0.5L * (distance * distance * expl(-prior_logvar[i]) + prior_logvar[i] + LOG_TWO_PI);
      log_posterior -= 0.5L * (eps * eps + logvar[i] + LOG_TWO_PI);
    }
    if (components != NULL) {
      log_prior = oracle_mixture(components, spec->prior_components, latents, rows);
      kl += (log_posterior - log_prior) / (oracle_real)samples;
    }
    put_condition(o, batch, row, rows + latents);
    drop.sample = k;
    hidden = run_stack(o, spec->encoder_count + 2, spec->decoder_count, rows, width, &drop, result);
    const oracle_dense *last = &o->layers[spec->encoder_count + 2 + spec->decoder_count];
    dense_row(last, hidden, raw, VAE_ACTIVATION_IDENTITY, result);
    if (spec->sigma_kind == VAE_SIGMA_PER_OUTPUT)
      dense_row(last + 1, hidden, raw + inputs, VAE_ACTIVATION_IDENTITY, result);
    double *output = &result->output[at * inputs];
    if (spec->likelihood == VAE_LIKELIHOOD_CATEGORICAL) total = groups_nll(spec, x, raw, output);
    else
      for (size_t d = 0; d < inputs; d++)
        total += nll(o, x[d], raw[d], log_scale(o, raw + inputs, d, result), d, result, &output[d]);
    result->sample_nll[at] = (double)total;
    mean_nll += total / (oracle_real)samples;
    log_weight[k] = -total + log_prior - log_posterior;
    if (log_weight[k] > largest) largest = log_weight[k];
  }
  result->kl[row] = (double)kl;
  if (spec->objective.kind == VAE_OBJECTIVE_ELBO) return mean_nll + (oracle_real)spec->objective.beta * kl;
  oracle_real sum = 0;
  for (size_t k = 0; k < samples; k++) sum += expl(log_weight[k] - largest);
  return -(largest + logl(sum / (oracle_real)samples));
}

static oracle_real run(const oracle *o, const oracle_batch *batch, oracle_result *result) {
  size_t width = 0;
  oracle_real *rows = make_rows(o, &width), sum = 0;
  oracle_real *posterior = test_allocate(2 * (2 * o->spec.latent_dim + o->spec.input_dim) * sizeof *posterior);
  oracle_real *log_weight = test_allocate(o->spec.objective.samples * sizeof *log_weight);
  oracle_real *components = make_components(o, rows, width, result);
  for (size_t row = 0; row < batch->n; row++) {
    oracle_real loss = run_example(o, batch, row, rows, width, posterior, components, log_weight, result);
    result->loss[row] = (double)loss;
    sum += loss;
  }
  free(rows);
  free(components);
  free(posterior);
  free(log_weight);
  const oracle_posterior q = {.n = batch->n,
                              .latents = o->spec.latent_dim,
                              .mean = result->mean,
                              .logvar = result->logvar,
                              .z = result->z,
                              .kl = result->kl,
                              .prior = batch->prior,
                              .directions = batch->directions};
  const oracle_real penalty = oracle_penalty(&o->spec.objective, &q, &result->nearest_kink);
  for (size_t row = 0; row < batch->n; row++) result->loss[row] += (double)penalty;
  return sum / (oracle_real)batch->n + penalty;
}

static oracle_result open_result(const oracle *o, const oracle_batch *batch) {
  oracle_result result;
  size_t n = batch->n, latents = o->spec.latent_dim, samples = o->spec.objective.samples;
  result.mean = test_allocate(n * latents * sizeof(double));
  result.logvar = test_allocate(n * latents * sizeof(double));
  result.z = test_allocate(samples * n * latents * sizeof(double));
  result.kl = test_allocate(n * sizeof(double));
  result.sample_nll = test_allocate(samples * n * sizeof(double));
  result.output = test_allocate(samples * n * o->spec.input_dim * sizeof(double));
  result.loss = test_allocate(n * sizeof(double));
  result.mean_loss = 0.0;
  result.nearest_kink = INFINITY;
  return result;
}

oracle_result oracle_run(const oracle *o, const oracle_batch *batch) {
  oracle_result result = open_result(o, batch);
  result.mean_loss = (double)run(o, batch, &result);
  return result;
}

void oracle_result_free(oracle_result *result) {
  free(result->mean);
  free(result->logvar);
  free(result->z);
  free(result->kl);
  free(result->sample_nll);
  free(result->output);
  free(result->loss);
}

double oracle_directional(const oracle *o, const oracle_batch *batch, oracle_real *values, const float *direction,
                          size_t count) {
  oracle_result scratch = open_result(o, batch);
  oracle_real *kept = test_allocate(count * sizeof *kept);
  for (size_t i = 0; i < count; i++) {
    kept[i] = values[i];
    values[i] = kept[i] + STEP * direction[i];
  }
  oracle_real above = run(o, batch, &scratch);
  for (size_t i = 0; i < count; i++) values[i] = kept[i] - STEP * direction[i];
  oracle_real below = run(o, batch, &scratch);
  for (size_t i = 0; i < count; i++) values[i] = kept[i];
  free(kept);
  oracle_result_free(&scratch);
  return (double)((above - below) / (2 * STEP));
}

double oracle_difference(const oracle *o, const oracle_batch *batch, oracle_real *values, size_t index) {
  const float one = 1.0f;
  return oracle_directional(o, batch, values + index, &one, 1);
}
