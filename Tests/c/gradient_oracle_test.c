/* The library against the float64 oracle: forward values and loss, and gradients against central differences, for
 * every activation, likelihood and objective at odd sizes, on every instruction set. */
#include <stdlib.h>

#include "core/random.h"
#include "harness.h"
#include "oracle.h"
#include "oracle_objective.h"
#include "support.h"

static const double VALUE_TOLERANCE = 1e-5, GRADIENT_TOLERANCE = 2e-5;
static const double KINK_MARGIN = 2e-5; /* beyond float32's rounding of a sum and beyond the oracle's step */

enum {
  CASES = 72,
  LIKELIHOOD_CASES = 40,
  CONDITION_CASES = 42,
  OBJECTIVE_CASES = 42,
  MIXTURE_CASES = 36,
  COORDINATES = 12
};

static void compare(const char *what, const float *values, const double *expected, size_t count) {
  double distance = test_distance(values, expected, count), largest = 0.0;
  for (size_t i = 0; i < count; i++) largest = fmax(largest, fabs(expected[i]));
  /* A tensor of values near zero (one KL of 1e-3 as a difference of ones) is held to what a float32 sum can give. */
  double norm = 0.0;
  for (size_t i = 0; i < count; i++) norm += expected[i] * expected[i];
  double allowed = VALUE_TOLERANCE + (norm > 0.0 ? 5e-7 * sqrt((double)count / norm) : 0.0);
  CHECK_THAT(distance <= allowed, "%s is off by %.3g, allowed %.3g (largest value %.3g)", what, distance, allowed,
             largest);
}

static void compare_values(const test_spec *spec, size_t n, const vae_loss *loss, const vae_terms *terms,
                           const oracle_result *expected) {
  size_t samples = spec->objective.samples;
  compare("mean", terms->mean, expected->mean, n * spec->latent_dim);
  compare("logvar", terms->logvar, expected->logvar, n * spec->latent_dim);
  compare("z", terms->z, expected->z, samples * n * spec->latent_dim);
  compare("kl", terms->kl, expected->kl, n);
  compare("sample_nll", terms->sample_nll, expected->sample_nll, samples * n);
  compare("output", terms->output, expected->output, samples * n * spec->input_dim);
  compare("loss of each example", terms->loss, expected->loss, n);
  CHECK_NEAR(loss->loss, expected->mean_loss, VALUE_TOLERANCE * fabs(expected->mean_loss) + 1e-6);
  if (spec->objective.kind == VAE_OBJECTIVE_ELBO)
    CHECK_NEAR(loss->loss, loss->reconstruction + spec->objective.beta * loss->kl + loss->penalty,
               1e-12 * (fabs(loss->reconstruction) + fabs(loss->penalty) + spec->objective.beta * loss->kl));
}

/* Differences of some coordinates of one tensor, by the oracle. */
typedef struct probe {
  char name[48];
  size_t count;  /* of the tensor */
  size_t probes; /* of them looked at */
  size_t index[4 * COORDINATES];
  double difference[4 * COORDINATES];
} probe;

static probe make_probe(oracle *o, const oracle_batch *batch, const char *name, test_random *random) {
  probe p;
  oracle_real *values = oracle_parameter(o, name, &p.count);
  snprintf(p.name, sizeof p.name, "%s", name);
  p.probes = p.count < 2 * COORDINATES ? p.count : COORDINATES;
  for (size_t i = 0; i < p.probes; i++) {
    /* The last one is always among them: it lies in the ragged part of every tile. */
    p.index[i] = p.probes == p.count ? i : i + 1 == p.probes ? p.count - 1 : (size_t)(test_bits(random) % p.count);
    p.difference[i] = oracle_difference(o, batch, values, p.index[i]);
  }
  return p;
}

static double norm_of(const float *values, size_t count) {
  double sum = 0.0;
  for (size_t i = 0; i < count; i++) sum += (double)values[i] * (double)values[i];
  return sqrt(sum);
}

/* The error over the probes, relative to the norm that so many coordinates of the tensor have on average. A gradient
 * that nearly cancels (its terms are of the order of one nat per value) is held to float32's rounding of its terms. */
static void compare_probe(const vae_workspace *workspace, const probe *p, double tolerance) {
  vae_error err;
  vae_error_init(&err);
  float *gradient = test_allocate(p->count * sizeof *gradient);
  if (CHECK_OK(vae_workspace_get_gradient(workspace, p->name, gradient, p->count, &err), &err)) {
    double error = 0.0, expected = 0.0, share = sqrt((double)p->probes / (double)p->count);
    for (size_t i = 0; i < p->probes; i++) {
      double d = (double)gradient[p->index[i]] - p->difference[i];
      error += d * d;
      expected += p->difference[i] * p->difference[i];
    }
    double norm = fmax(sqrt(expected), norm_of(gradient, p->count) * share);
    double allowed = tolerance * norm + 3e-7 * sqrt((double)p->probes);
    CHECK_THAT(sqrt(error) <= allowed, "gradient of %s is off by %.3g, allowed %.3g, its norm %.3g", p->name,
               sqrt(error), allowed, norm);
  }
  free(gradient);
}

/* A model away from kinks: parameters, rows and noise are drawn again until no ReLU is near its own. */
typedef struct example {
  vae_model *model;
  oracle *o;
  float *x, *noise, *condition, *prior, *directions;
  oracle_batch batch;
  oracle_result expected;
} example;

static int open_example(example *e, const test_spec *spec, size_t n, uint64_t seed) {
  vae_error err;
  vae_error_init(&err);
  memset(e, 0, sizeof *e);
  if (!CHECK_OK(test_create(spec, 0, NULL, &e->model, &err), &err)) return 0;
  for (uint64_t attempt = 0; attempt < 200; attempt++) {
    test_random random = {seed * 1000 + attempt};
    if (!CHECK_OK(test_fill_parameters(e->model, &random, 1.0, &err), &err)) return 0;
    e->x = test_spec_rows(&random, spec, n);
    e->noise = test_normals(&random, spec->objective.samples * n * spec->latent_dim);
    e->prior = oracle_prior_draws(0, VAEI_STREAM_TRAINING, 0, n, spec->latent_dim);
    e->directions = oracle_directions(0, VAEI_STREAM_TRAINING, 50, spec->latent_dim);
    if (spec->condition_dim > 0) e->condition = test_normals(&random, n * spec->condition_dim);
    e->batch = (oracle_batch){.n = n,
                              .x = e->x,
                              .noise = e->noise,
                              .condition = e->condition,
                              .prior = e->prior,
                              .directions = e->directions};
    e->o = oracle_new(spec, e->model);
    e->expected = oracle_run(e->o, &e->batch);
    if (e->expected.nearest_kink > KINK_MARGIN) return 1;
    oracle_result_free(&e->expected);
    oracle_free(e->o);
    free(e->x);
    free(e->noise);
    free(e->condition);
    free(e->prior);
    free(e->directions);
  }
  CHECK_THAT(0, "no parameters away from kinks were found");
  e->x = e->noise = e->condition = e->prior = e->directions = NULL;
  e->o = NULL;
  return 0;
}

static void close_example(example *e) {
  if (e->o != NULL) oracle_result_free(&e->expected);
  oracle_free(e->o);
  free(e->x);
  free(e->noise);
  free(e->condition);
  free(e->prior);
  free(e->directions);
  vae_model_free(e->model);
}

static void describe(char *text, size_t size, const test_spec *spec, size_t n, vae_isa isa) {
  int at = snprintf(text, size, "%u", (unsigned)spec->input_dim);
  for (uint32_t i = 0; i < spec->encoder_count; i++) {
    at += snprintf(text + at, size - (size_t)at, "-%u%s", (unsigned)spec->encoder[i].units,
                   vae_activation_name(spec->encoder[i].activation));
  }
  at += snprintf(text + at, size - (size_t)at, "-[%u]", (unsigned)spec->latent_dim);
  for (uint32_t i = 0; i < spec->decoder_count; i++) {
    at += snprintf(text + at, size - (size_t)at, "-%u%s", (unsigned)spec->decoder[i].units,
                   vae_activation_name(spec->decoder[i].activation));
  }
  at += snprintf(text + at, size - (size_t)at, " %s %g ", vae_regularizer_name(spec->objective.regularizer),
                 spec->objective.free_bits);
  if (spec->condition_dim > 0)
    at += snprintf(text + at, size - (size_t)at, " given %u, prior %s %u", (unsigned)spec->condition_dim,
                   vae_prior_name(spec->prior), (unsigned)spec->prior_net_count);
  snprintf(text + at, size - (size_t)at, " %s %s %s sigma %g, %s K=%u beta %g, %zu rows, %s",
           vae_likelihood_name(spec->likelihood), vae_activation_name(spec->output_activation),
           vae_sigma_kind_name(spec->sigma_kind), spec->sigma, vae_objective_name(spec->objective.kind),
           (unsigned)spec->objective.samples, spec->objective.beta, n, vae_isa_name(isa));
}

/* The importance weights are a softmax of sums over D dimensions, whose float32 rounding grows with their size; so may
 * the gradient's error. */
static double gradient_tolerance(const test_spec *spec, const oracle_result *expected) {
  if (spec->objective.kind != VAE_OBJECTIVE_IWAE || spec->objective.samples == 1) return GRADIENT_TOLERANCE;
  return GRADIENT_TOLERANCE + 2.4e-7 * fabs(expected->mean_loss);
}

static void check_case(const test_spec *spec, size_t n, uint64_t seed) {
  vae_isa isas[TEST_ISAS];
  size_t isa_count = test_isas(isas), tensors = 0;
  char text[256];
  example e;
  vae_error err;
  test_random random = {seed};
  vae_error_init(&err);
  describe(text, sizeof text, spec, n, VAE_ISA_AUTO);
  harness_note("%.250s", text);
  if (!open_example(&e, spec, n, seed)) {
    close_example(&e);
    return;
  }
  tensors = vae_model_parameter_count(e.model);
  probe *probes = test_allocate(tensors * sizeof *probes);
  for (size_t i = 0; i < tensors; i++) {
    vae_parameter_info info;
    vae_parameter_info_init(&info);
    CHECK_OK(vae_model_get_parameter_info(e.model, i, &info, &err), &err);
    probes[i] = make_probe(e.o, &e.batch, info.name, &random);
    CHECK_EQUAL(probes[i].count, info.count);
  }
  for (size_t k = 0; k < isa_count; k++) {
    vae_workspace *workspace = test_workspace(e.model, isas[k], 1 + (int32_t)(seed % 3), n);
    vae_loss loss;
    vae_terms terms = test_terms(spec, n);
    vae_loss_init(&loss);
    vae_data data = test_floats(e.x, n, spec->input_dim);
    vae_condition condition = test_condition(VAE_CONDITION_FLOAT32, e.condition, n);
    if (e.condition != NULL) data.condition = &condition;
    describe(text, sizeof text, spec, n, isas[k]);
    harness_note("%.250s", text);
    if (CHECK_OK(
            vae_model_loss_and_gradients(e.model, workspace, &data, &spec->objective, e.noise, 0, &loss, &terms, &err),
            &err)) {
      compare_values(spec, n, &loss, &terms, &e.expected);
      for (size_t i = 0; i < tensors; i++) compare_probe(workspace, &probes[i], gradient_tolerance(spec, &e.expected));
    }
    test_terms_free(&terms);
    vae_workspace_free(workspace);
  }
  free(probes);
  close_example(&e);
}

/* Case `index`: sizes, depths, activations, likelihoods and objectives in rotation, with periods that have no factor in
 * common with one another where it matters. */
static void check_numbered_case(uint64_t index) {
  static const uint32_t inputs[] = {1, 2, 3, 5, 7, 13, 17, 31, 33, 47, 49, 65, 97};
  static const uint32_t units[] = {33, 1, 17, 2, 16, 47, 5, 64, 3, 49, 31, 7, 65, 13, 15, 97, 32};
  static const uint32_t latents[] = {1, 2, 3, 5, 7, 8, 13, 16, 17, 33, 20};
  static const uint32_t samples[] = {1, 5, 1, 2, 3, 1, 7};
  static const size_t rows[] = {7, 1, 13, 2, 5, 31, 3, 17, 33, 47};
  static const double betas[] = {1.0, 0.3, 4.0, 0.0};
  test_random random = {index + 77};
  test_spec spec = test_spec_linear(inputs[index % 13], latents[(index * 3 + 2) % 11]);
  uint32_t encoders = (uint32_t)(index % 4), decoders = (uint32_t)((index / 4 + 3) % 4);
  for (uint32_t i = 0; i < encoders; i++) {
    test_spec_add_encoder(&spec, units[test_bits(&random) % 17], (vae_activation)((index + i) % 9));
  }
  for (uint32_t i = 0; i < decoders; i++) {
    test_spec_add_decoder(&spec, units[test_bits(&random) % 17], (vae_activation)((index + 4 + i) % 9));
  }
  if (index % 2 == 1) {
    spec.likelihood = VAE_LIKELIHOOD_GAUSSIAN;
    spec.output_activation = (vae_activation)((index / 2) % 9);
    spec.sigma = index % 3 == 0 ? 1.0 : 0.5;
  }
  spec.objective.samples = samples[index % 7];
  if (index % 5 == 2) {
    spec.objective.kind = VAE_OBJECTIVE_IWAE;
  } else {
    spec.objective.beta = betas[(index / 3) % 4];
  }
  check_case(&spec, rows[(index * 7 + 1) % 10], index + 1);
}

/* Every likelihood with every kind of sigma that it takes, at widths that cut groups and halves of the output anywhere. */
static void check_likelihood_case(uint64_t index) {
  static const struct {
    vae_likelihood likelihood;
    vae_sigma_kind sigma_kind;
  } kinds[] = {{VAE_LIKELIHOOD_CATEGORICAL, VAE_SIGMA_FIXED},
               {VAE_LIKELIHOOD_NEGATIVE_BINOMIAL, VAE_SIGMA_FIXED},
               {VAE_LIKELIHOOD_STUDENT_T, VAE_SIGMA_FIXED},
               {VAE_LIKELIHOOD_GAUSSIAN, VAE_SIGMA_GLOBAL},
               {VAE_LIKELIHOOD_CONTINUOUS_BERNOULLI, VAE_SIGMA_FIXED},
               {VAE_LIKELIHOOD_LAPLACE, VAE_SIGMA_PER_OUTPUT},
               {VAE_LIKELIHOOD_POISSON, VAE_SIGMA_FIXED},
               {VAE_LIKELIHOOD_LOG_COSH, VAE_SIGMA_GLOBAL},
               {VAE_LIKELIHOOD_GAUSSIAN, VAE_SIGMA_PER_OUTPUT},
               {VAE_LIKELIHOOD_LAPLACE, VAE_SIGMA_FIXED},
               {VAE_LIKELIHOOD_LOG_COSH, VAE_SIGMA_FIXED},
               {VAE_LIKELIHOOD_LAPLACE, VAE_SIGMA_GLOBAL},
               {VAE_LIKELIHOOD_LOG_COSH, VAE_SIGMA_PER_OUTPUT}};
  static const uint32_t inputs[] = {5, 2, 17, 33, 48, 49, 97, 150};
  static const uint32_t samples[] = {1, 3, 1, 5};
  const size_t kind = index % (sizeof kinds / sizeof *kinds);
  test_spec spec = test_spec_linear(inputs[index % 8], 1 + (uint32_t)(index % 5));
  if (index % 3 > 0) test_spec_add_encoder(&spec, 11, VAE_ACTIVATION_TANH);
  if (index % 4 > 0) test_spec_add_decoder(&spec, 19, VAE_ACTIVATION_SILU);
  test_spec_set_likelihood(&spec, kinds[kind].likelihood);
  spec.sigma_kind = kinds[kind].sigma_kind;
  const int scaled = spec.likelihood == VAE_LIKELIHOOD_LAPLACE || spec.likelihood == VAE_LIKELIHOOD_LOG_COSH;
  if (scaled || spec.likelihood == VAE_LIKELIHOOD_STUDENT_T) {
    spec.output_activation = (vae_activation)(index % 9);
    if (scaled && spec.sigma_kind == VAE_SIGMA_FIXED) spec.sigma = 0.6;
  }
  spec.objective.samples = samples[index % 4];
  if (index % 4 == 3) spec.objective.kind = VAE_OBJECTIVE_IWAE;
  check_case(&spec, 1 + (index * 5) % 17, index + 500);
}

/* What couples the examples: every regularizer, free bits and the capacity on either side, at batches that end within a vector
 * and pass the kernels' blocks. */
static void check_objective_case(uint64_t index) {
  static const uint32_t latents[] = {2, 5, 1, 17, 3};
  static const size_t rows[] = {7, 2, 16, 33, 1, 19, 48};
  const vae_regularizer regularizer = (vae_regularizer)(index % 7);
  test_spec spec = test_spec_linear(9, latents[index % 5]);
  test_spec_add_encoder(&spec, 11, VAE_ACTIVATION_TANH);
  test_spec_add_decoder(&spec, 13, VAE_ACTIVATION_SILU);
  spec.objective.samples = index % 4 == 1 ? 3 : 1;
  spec.objective.beta = index % 3 == 0 ? 0.5 : 2.0;
  spec.objective.regularizer = regularizer;
  spec.objective.regularizer_weight = regularizer ? (index % 2 ? 10.0 : 3.0) : 0.0;
  if (regularizer == VAE_REGULARIZER_TC && index % 2) spec.objective.data_rows = 1000;
  if (regularizer == VAE_REGULARIZER_TC && index % 4 == 0) spec.objective.regularizer_weight = -0.5;
  if (regularizer == VAE_REGULARIZER_DIP_I || regularizer == VAE_REGULARIZER_DIP_II)
    spec.objective.regularizer_diagonal = 5.0;
  if (regularizer == VAE_REGULARIZER_MMD_RBF && index % 2) spec.objective.kernel_scale = 0.7;
  if (regularizer == VAE_REGULARIZER_SLICED_WASSERSTEIN && index % 2) spec.objective.projections = 37;
  if (regularizer == VAE_REGULARIZER_NONE || index % 5 == 0) spec.objective.free_bits = 0.6;
  if (index % 3 == 1) {
    spec.objective.capacity_weight = 4.0;
    spec.objective.capacity = index % 2 ? 0.1 : 100.0;
  }
  if (index >= 28 && regularizer < VAE_REGULARIZER_MMD_RBF &&
      spec.objective.free_bits == 0) { /* any prior goes with these */
    spec.prior = index % 2 ? VAE_PRIOR_VAMP : VAE_PRIOR_MIXTURE;
    spec.prior_components = 3;
    spec.objective.capacity = spec.objective.capacity_weight = 0;
  }
  check_case(&spec, index == 15 || index == 25 ? 300 : rows[index / 2 % 7], index + 900);
}

/* A condition beside x and z, with and without a prior of its own, at widths that end anywhere in a vector. */
static void check_condition_case(uint64_t index) {
  static const uint32_t conditions[] = {1, 16, 3, 33, 12, 97, 2}, inputs[] = {5, 15, 33, 16, 49},
                        latents[] = {3, 16, 1, 5};
  static const uint32_t samples[] = {1, 3, 1, 5};
  test_spec spec = test_spec_linear(inputs[index % 5], latents[index % 4]);
  spec.condition_dim = conditions[index % 7];
  if (index % 3 > 0) test_spec_add_encoder(&spec, 11, (vae_activation)(index % 9));
  if (index % 4 > 0) test_spec_add_decoder(&spec, 19, (vae_activation)((index + 4) % 9));
  if (index % 5 == 0) spec.likelihood = VAE_LIKELIHOOD_GAUSSIAN;
  if (index % 10 == 0) spec.sigma_kind = VAE_SIGMA_PER_OUTPUT;
  spec.objective.samples = samples[index % 4];
  if (index % 2 == 1) {
    spec.prior = VAE_PRIOR_CONDITIONAL;
    for (uint32_t i = 0; i < index % 3; i++) test_spec_add_prior_net(&spec, 17, (vae_activation)((index + i + 2) % 9));
  }
  if (index % 3 == 1) spec.objective.kind = VAE_OBJECTIVE_IWAE;
  else spec.objective.beta = index % 3 == 2 ? 0.5 : 1.0;
  if (index % 6 == 2) {
    spec.objective.capacity_weight = 3.0;
    spec.objective.capacity = index % 4 ? 1.5 : 30.0;
  }
  check_case(&spec, 1 + (index * 5) % 17, index + 900);
}

/* Priors that are mixtures, with numbers of components that end anywhere in a panel, and logits far apart. */
static void check_mixture_case(uint64_t index) {
  static const uint32_t components[] = {1, 2, 16, 17, 5, 100}, inputs[] = {5, 17, 33, 7}, latents[] = {3, 17, 1, 2, 5};
  static const uint32_t samples[] = {1, 3, 1, 5};
  test_spec spec = test_spec_linear(inputs[index % 4], latents[index % 5]);
  spec.prior = index % 2 ? VAE_PRIOR_VAMP : VAE_PRIOR_MIXTURE;
  spec.prior_components = components[index / 2 % 6];
  if (index % 4 == 2) spec.condition_dim = 3;
  if (index % 3 > 0 || index % 5 == 3) test_spec_add_encoder(&spec, 11, VAE_ACTIVATION_TANH);
  if (index % 6 > 3) test_spec_add_encoder(&spec, 18, VAE_ACTIVATION_SILU);
  if (index % 4 > 0) test_spec_add_decoder(&spec, 19, VAE_ACTIVATION_RELU);
  if (index % 5 == 0) spec.likelihood = VAE_LIKELIHOOD_GAUSSIAN;
  if (index % 5 == 3) spec.likelihood = VAE_LIKELIHOOD_POISSON;
  if (index % 10 == 0) spec.sigma_kind = VAE_SIGMA_GLOBAL;
  spec.objective.samples = samples[index % 4];
  if (index % 3 == 1) spec.objective.kind = VAE_OBJECTIVE_IWAE;
  else spec.objective.beta = index % 3 == 2 ? 0.5 : 1.0;
  if (index % 3 == 2 && index % 4 == 0) {
    spec.objective.regularizer = VAE_REGULARIZER_DIP_II;
    spec.objective.regularizer_weight = 0.3;
  }
  check_case(&spec, 1 + (index * 5) % 17, index + 1300);
}

/* Sizes that fill whole blocks of any kernel and leave a rest: derivatives along a random direction in each tensor. */
static void check_large(const test_spec *spec, size_t n, uint64_t seed) {
  vae_isa isas[TEST_ISAS];
  size_t isa_count = test_isas(isas);
  char text[256];
  vae_error err;
  vae_model *model = NULL;
  test_random random = {seed};
  vae_error_init(&err);
  if (!CHECK_OK(test_create(spec, 0, NULL, &model, &err), &err)) return;
  CHECK_OK(test_fill_parameters(model, &random, 1.0, &err), &err);
  float *x = test_spec_rows(&random, spec, n);
  float *noise = test_normals(&random, spec->objective.samples * n * spec->latent_dim);
  oracle_batch batch = {.n = n, .x = x, .noise = noise};
  oracle *o = oracle_new(spec, model);
  vae_data data = test_floats(x, n, spec->input_dim);
  vae_workspace *workspaces[TEST_ISAS] = {NULL};
  for (size_t k = 0; k < isa_count; k++) {
    vae_loss loss;
    vae_loss_init(&loss);
    workspaces[k] = test_workspace(model, isas[k], 2, n);
    CHECK_OK(vae_model_loss_and_gradients(model, workspaces[k], &data, &spec->objective, noise, 0, &loss, NULL, &err),
             &err);
  }
  for (size_t i = 0; i < vae_model_parameter_count(model); i++) {
    vae_parameter_info info;
    size_t count = 0;
    vae_parameter_info_init(&info);
    CHECK_OK(vae_model_get_parameter_info(model, i, &info, &err), &err);
    float *direction = test_normals(&random, info.count), *gradient = test_allocate(info.count * sizeof *gradient);
    oracle_real *values = oracle_parameter(o, info.name, &count);
    double expected = oracle_directional(o, &batch, values, direction, count);
    for (size_t k = 0; k < isa_count; k++) {
      double along = 0.0;
      describe(text, sizeof text, spec, n, isas[k]);
      harness_note("%.250s", text);
      if (!CHECK_OK(vae_workspace_get_gradient(workspaces[k], info.name, gradient, info.count, &err), &err)) continue;
      for (size_t j = 0; j < info.count; j++) along += (double)gradient[j] * (double)direction[j];
      double allowed = 4.0 * GRADIENT_TOLERANCE * norm_of(gradient, info.count);
      CHECK_THAT(fabs(along - expected) <= allowed, "%s along a direction: %.9g, expected %.9g, allowed %.3g",
                 info.name, along, expected, allowed);
    }
    free(direction);
    free(gradient);
  }
  for (size_t k = 0; k < isa_count; k++) vae_workspace_free(workspaces[k]);
  oracle_free(o);
  free(x);
  free(noise);
  vae_model_free(model);
}

int main(void) {
  for (uint64_t index = 0; index < CASES; index++) check_numbered_case(index);
  for (uint64_t index = 0; index < LIKELIHOOD_CASES; index++) check_likelihood_case(index);
  for (uint64_t index = 0; index < CONDITION_CASES; index++) check_condition_case(index);
  for (uint64_t index = 0; index < MIXTURE_CASES; index++) check_mixture_case(index);
  for (uint64_t index = 0; index < OBJECTIVE_CASES; index++) check_objective_case(index);
  test_spec digits = test_spec_hidden(784, 400, VAE_ACTIVATION_TANH, 20);
  check_large(&digits, 37, 1);
  test_spec deep = test_spec_linear(293, 37);
  test_spec_add_encoder(&deep, 161, VAE_ACTIVATION_SILU);
  test_spec_add_encoder(&deep, 129, VAE_ACTIVATION_GELU);
  test_spec_add_decoder(&deep, 115, VAE_ACTIVATION_SOFTPLUS);
  test_spec_add_decoder(&deep, 270, VAE_ACTIVATION_ELU);
  deep.likelihood = VAE_LIKELIHOOD_GAUSSIAN;
  deep.objective.samples = 3;
  check_large(&deep, 67, 2);
  return harness_finish("gradient_oracle");
}
