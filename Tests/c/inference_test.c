/* Encode, decode, reconstruct, sample and evaluate agree with one another and with the oracle; results do not depend on
 * how many rows are worked on at a time or on the number of threads. Activations and log-variances far out. */
#include <stdlib.h>

#include "harness.h"
#include "oracle.h"
#include "support.h"

/* Everything that inference gives for some rows, one array after the other. */
enum { ROWS = 301, COLUMNS = 75, LATENTS = 9, SAMPLES = 3, SEED = 12 };
enum {
  AT_MEAN = 0,
  AT_LOGVAR = AT_MEAN + ROWS * LATENTS,
  AT_OUTPUT = AT_LOGVAR + ROWS * LATENTS,
  AT_SAMPLE = AT_OUTPUT + ROWS * COLUMNS,
  AT_SAMPLE_Z = AT_SAMPLE + ROWS * COLUMNS,
  AT_LOSS = AT_SAMPLE_Z + ROWS * LATENTS,
  AT_KL = AT_LOSS + ROWS,
  AT_RECONSTRUCTION = AT_KL + ROWS,
  AT_NLL = AT_RECONSTRUCTION + ROWS,
  AT_TERM_MEAN = AT_NLL + SAMPLES * ROWS,
  AT_TERM_LOGVAR = AT_TERM_MEAN + ROWS * LATENTS,
  AT_TERM_Z = AT_TERM_LOGVAR + ROWS * LATENTS,
  AT_TERM_OUTPUT = AT_TERM_Z + SAMPLES * ROWS * LATENTS,
  AT_END = AT_TERM_OUTPUT + SAMPLES * ROWS * COLUMNS
};

static void infer(const vae_model *model, vae_workspace *workspace, const vae_data *x, const vae_objective *objective,
                  float *all, vae_loss *loss) {
  vae_error err;
  vae_terms terms;
  vae_error_init(&err);
  vae_terms_init(&terms);
  vae_loss_init(loss);
  CHECK_OK(vae_model_encode(model, workspace, x, all + AT_MEAN, all + AT_LOGVAR, &err), &err);
  CHECK_OK(vae_model_reconstruct(model, workspace, x, all + AT_OUTPUT, &err), &err);
  CHECK_OK(vae_model_sample(model, workspace, SEED, 3, ROWS, all + AT_SAMPLE, all + AT_SAMPLE_Z, &err), &err);
  terms.loss = all + AT_LOSS;
  terms.kl = all + AT_KL;
  terms.reconstruction = all + AT_RECONSTRUCTION;
  terms.sample_nll = all + AT_NLL;
  terms.mean = all + AT_TERM_MEAN;
  terms.logvar = all + AT_TERM_LOGVAR;
  terms.z = all + AT_TERM_Z;
  terms.output = all + AT_TERM_OUTPUT;
  CHECK_OK(vae_model_evaluate(model, workspace, x, objective, SEED, loss, &terms, &err), &err);
}

static void compare(const char *what, const float *values, const double *expected, size_t count) {
  double distance = test_distance(values, expected, count);
  CHECK_THAT(distance <= 1e-5, "%s is off by %.3g", what, distance);
}

/* The noise is what z tells: (z - mean) / exp(logvar / 2) is not exact enough, so the oracle takes noise from a model
 * whose q is N(0, 1), which evaluation draws for the same seed and rows. */
static float *noise_of_evaluation(void) {
  vae_error err;
  vae_model *model = NULL;
  vae_loss loss;
  vae_terms terms;
  vae_objective objective;
  test_spec spec = test_spec_linear(1, LATENTS);
  float zeros[LATENTS] = {0}, *x = test_allocate(ROWS * sizeof *x);
  float *noise = test_allocate(SAMPLES * ROWS * LATENTS * sizeof *noise);
  vae_data data = test_floats(x, ROWS, 1);
  vae_error_init(&err);
  vae_loss_init(&loss);
  vae_terms_init(&terms);
  vae_objective_init(&objective);
  objective.samples = SAMPLES;
  terms.z = noise;
  CHECK_OK(test_create(&spec, 0, NULL, &model, &err), &err);
  CHECK_OK(vae_model_set_parameter(model, "encoder.mean.weight", zeros, LATENTS, &err), &err);
  CHECK_OK(vae_model_set_parameter(model, "encoder.logvar.weight", zeros, LATENTS, &err), &err);
  vae_workspace *workspace = test_workspace(model, VAE_ISA_PORTABLE, 1, 100);
  CHECK_OK(vae_model_evaluate(model, workspace, &data, &objective, SEED, &loss, &terms, &err), &err);
  vae_workspace_free(workspace);
  vae_model_free(model);
  free(x);
  return noise;
}

static void check_against_oracle(const test_spec *spec, const vae_model *model, const float *x, const float *all,
                                 const vae_loss *loss) {
  float *noise = noise_of_evaluation();
  oracle *o = oracle_new(spec, model);
  oracle_batch batch = {.n = ROWS, .x = x, .noise = noise};
  oracle_result expected = oracle_run(o, &batch);
  compare("encode's mean", all + AT_MEAN, expected.mean, ROWS * LATENTS);
  compare("encode's logvar", all + AT_LOGVAR, expected.logvar, ROWS * LATENTS);
  compare("evaluate's kl", all + AT_KL, expected.kl, ROWS);
  compare("evaluate's loss", all + AT_LOSS, expected.loss, ROWS);
  compare("evaluate's nll", all + AT_NLL, expected.sample_nll, SAMPLES * ROWS);
  compare("evaluate's z", all + AT_TERM_Z, expected.z, SAMPLES * ROWS * LATENTS);
  compare("evaluate's output", all + AT_TERM_OUTPUT, expected.output, SAMPLES * ROWS * COLUMNS);
  CHECK_NEAR(loss->loss, expected.mean_loss, 1e-5 * fabs(expected.mean_loss));
  oracle_result_free(&expected);
  /* Reconstruction is the decoded mean: the oracle with noise zero. */
  memset(noise, 0, SAMPLES * ROWS * LATENTS * sizeof *noise);
  expected = oracle_run(o, &batch);
  compare("reconstruct", all + AT_OUTPUT, expected.output, ROWS * COLUMNS);
  oracle_result_free(&expected);
  oracle_free(o);
  free(noise);
}

static void check_model(const test_spec *spec) {
  static const struct {
    int32_t threads;
    uint32_t rows;
  } ways[] = {{1, 256}, {2, 256}, {3, 64}, {5, 1000}, {1, 1}, {2, 7}, {3, 301}, {2, 17}};
  vae_isa isas[TEST_ISAS];
  size_t isa_count = test_isas(isas);
  vae_error err;
  test_random random = {4};
  vae_model *model = NULL;
  vae_error_init(&err);
  CHECK_OK(test_create(spec, 0, NULL, &model, &err), &err);
  CHECK_OK(test_fill_parameters(model, &random, 1.0, &err), &err);
  float *x = test_rows(&random, spec->likelihood, ROWS * COLUMNS);
  float *first = test_allocate(AT_END * sizeof *first), *all = test_allocate(AT_END * sizeof *all);
  vae_data data = test_floats(x, ROWS, COLUMNS);
  for (size_t k = 0; k < isa_count; k++) {
    vae_loss first_loss, loss;
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
      harness_note("%s, %s, %d threads, %u rows at a time", vae_objective_name(spec->objective.kind),
                   vae_isa_name(isas[k]), (int)ways[i].threads, (unsigned)ways[i].rows);
      vae_workspace *workspace = test_workspace(model, isas[k], ways[i].threads, ways[i].rows);
      memset(all, 0, AT_END * sizeof *all);
      infer(model, workspace, &data, &spec->objective, all, i == 0 ? &first_loss : &loss);
      if (i == 0) {
        double sum = 0.0;
        memcpy(first, all, AT_END * sizeof *all);
        check_against_oracle(spec, model, x, all, &first_loss);
        CHECK_EQUAL(first_loss.examples, ROWS);
        for (size_t r = 0; r < ROWS; r++) sum += (double)all[AT_LOSS + r] / ROWS;
        CHECK_NEAR(first_loss.loss, sum, 1e-6 * fabs(sum));
        CHECK_BYTES(all + AT_MEAN, all + AT_TERM_MEAN, ROWS * LATENTS * sizeof *all);
        CHECK_BYTES(all + AT_LOGVAR, all + AT_TERM_LOGVAR, ROWS * LATENTS * sizeof *all);
        /* reconstruct is decode of encode's mean, sample is decode of its z. */
        float *decoded = test_allocate(ROWS * COLUMNS * sizeof *decoded);
        CHECK_OK(vae_model_decode(model, workspace, all + AT_MEAN, ROWS, decoded, &err), &err);
        CHECK_BYTES(decoded, all + AT_OUTPUT, ROWS * COLUMNS * sizeof *all);
        CHECK_OK(vae_model_decode(model, workspace, all + AT_SAMPLE_Z, ROWS, decoded, &err), &err);
        CHECK_BYTES(decoded, all + AT_SAMPLE, ROWS * COLUMNS * sizeof *all);
        free(decoded);
      } else {
        CHECK_BYTES(first, all, AT_END * sizeof *all);
        CHECK(loss.examples == first_loss.examples && loss.loss == first_loss.loss && loss.kl == first_loss.kl);
        CHECK(loss.reconstruction == first_loss.reconstruction && loss.negative_elbo == first_loss.negative_elbo);
      }
      vae_workspace_free(workspace);
    }
  }
  harness_note("%s", "");
  free(x);
  free(first);
  free(all);
  vae_model_free(model);
}

/* More samples than rows that fit: the samples are cut as well, and the bits stay the same. */
static void check_many_samples(vae_objective_kind kind, vae_isa isa) {
  enum { N = 5, D = 19, Z = 3, K = 53 };
  static const uint32_t max_rows[] = {512, 265, 60, 53, 52, 7, 1};
  vae_error err;
  vae_model *model = NULL;
  test_random random = {31};
  test_spec spec = test_spec_hidden(D, 11, VAE_ACTIVATION_TANH, Z);
  float *x = test_rows(&random, spec.likelihood, N * D), first[N + N * K], terms_out[N + N * K];
  vae_data data = test_floats(x, N, D);
  spec.objective.kind = kind;
  spec.objective.samples = K;
  vae_error_init(&err);
  CHECK_OK(test_create(&spec, 0, NULL, &model, &err), &err);
  CHECK_OK(test_fill_parameters(model, &random, 2.0, &err), &err);
  double first_loss = 0.0;
  for (size_t i = 0; i < sizeof max_rows / sizeof *max_rows; i++) {
    vae_loss loss;
    vae_terms terms;
    vae_loss_init(&loss);
    vae_terms_init(&terms);
    terms.loss = terms_out;
    terms.sample_nll = terms_out + N;
    harness_note("%s, %d samples, %s, %u rows at a time", vae_objective_name(kind), K, vae_isa_name(isa),
                 (unsigned)max_rows[i]);
    vae_workspace *workspace = test_workspace(model, isa, 2, max_rows[i]);
    CHECK_OK(vae_model_evaluate(model, workspace, &data, &spec.objective, 3, &loss, &terms, &err), &err);
    vae_workspace_free(workspace);
    if (i == 0) {
      memcpy(first, terms_out, sizeof first);
      first_loss = loss.loss;
    }
    CHECK_BYTES(first, terms_out, sizeof first);
    CHECK_NEAR(loss.loss, first_loss, 0.0);
  }
  harness_note("%s", "");
  vae_model_free(model);
  free(x);
}

/* One unit of every activation from far left to far right, forward and backward. The model is x -> act(x) -> mean. */
static void check_activation(vae_activation activation, vae_isa isa) {
  static const float grid[] = {-100.0f, -88.5f, -40.0f, -20.5f, -16.0f, -10.0f,  -8.5f,   -5.5f, -4.0f, -3.0f,
                               -2.0f,   -1.0f,  -0.7f,  -0.5f,  -0.1f,  -1e-3f,  -1e-6f,  1e-6f, 1e-3f, 0.1f,
                               0.3f,    0.5f,   0.9f,   1.0f,   2.0f,   3.0f,    4.0f,    5.5f,  8.5f,  10.0f,
                               16.0f,   20.5f,  40.0f,  88.5f,  100.0f, 1000.0f, -1000.0f};
  vae_error err;
  vae_model *model = NULL;
  const float one = 1.0f, zero = 0.0f, noise = 0.0f;
  test_spec spec = test_spec_linear(1, 1);
  test_spec_add_encoder(&spec, 1, activation);
  spec.likelihood = VAE_LIKELIHOOD_GAUSSIAN;
  spec.objective.beta = 1.0;
  vae_error_init(&err);
  CHECK_OK(test_create(&spec, 0, NULL, &model, &err), &err);
  CHECK_OK(vae_model_set_parameter(model, "encoder.0.weight", &one, 1, &err), &err);
  CHECK_OK(vae_model_set_parameter(model, "encoder.mean.weight", &one, 1, &err), &err);
  CHECK_OK(vae_model_set_parameter(model, "encoder.logvar.weight", &zero, 1, &err), &err);
  CHECK_OK(vae_model_set_parameter(model, "decoder.mean.weight", &zero, 1, &err), &err);
  vae_workspace *workspace = test_workspace(model, isa, 1, 4);
  oracle *o = oracle_new(&spec, model);
  for (size_t i = 0; i < sizeof grid / sizeof *grid; i++) {
    float mean = NAN, gradient = NAN;
    vae_data data = test_floats(&grid[i], 1, 1);
    oracle_batch batch = {.n = 1, .x = &grid[i], .noise = &noise};
    size_t count = 0;
    double expected = (double)oracle_activate(activation, (oracle_real)grid[i]);
    harness_note("%s at %g, %s", vae_activation_name(activation), (double)grid[i], vae_isa_name(isa));
    CHECK_OK(vae_model_encode(model, workspace, &data, &mean, NULL, &err), &err);
    CHECK_NEAR((double)mean, expected, 1e-6 * fabs(expected) + 1e-7);
    CHECK_OK(vae_model_loss_and_gradients(model, workspace, &data, &spec.objective, &noise, 0, NULL, NULL, &err), &err);
    CHECK_OK(vae_workspace_get_gradient(workspace, "encoder.0.bias", &gradient, 1, &err), &err);
    double slope = oracle_difference(o, &batch, oracle_parameter(o, "encoder.0.bias", &count), 0);
    CHECK_NEAR((double)gradient, slope, 2e-6 * fabs(slope) + 3e-7);
  }
  oracle_free(o);
  vae_workspace_free(workspace);
  vae_model_free(model);
}

/* logvar beyond ±20 comes back as ±20, and no gradient goes through it; inside it is untouched. */
static void check_clamp(vae_isa isa) {
  enum { LATENT = 9, N = 3, D = 2 };
  const float bias[LATENT] = {-100.0f, -20.5f, -19.5f, -3.0f, 0.0f, 7.0f, 19.5f, 20.5f, 1000.0f};
  const float clamped[LATENT] = {-20.0f, -20.0f, -19.5f, -3.0f, 0.0f, 7.0f, 19.5f, 20.0f, 20.0f};
  vae_error err;
  vae_model *model = NULL;
  vae_terms terms;
  vae_loss loss;
  test_random random = {21};
  test_spec spec = test_spec_linear(D, LATENT);
  float zeros[D * LATENT] = {0}, logvar[N * LATENT], z[N * LATENT], kl[N], gradient[LATENT];
  float *x = test_rows(&random, spec.likelihood, N * D), *noise = test_normals(&random, N * LATENT);
  vae_data data = test_floats(x, N, D);
  harness_note("clamped log-variances, %s", vae_isa_name(isa));
  vae_error_init(&err);
  CHECK_OK(test_create(&spec, 0, NULL, &model, &err), &err);
  CHECK_OK(vae_model_set_parameter(model, "encoder.logvar.weight", zeros, D * LATENT, &err), &err);
  CHECK_OK(vae_model_set_parameter(model, "encoder.logvar.bias", bias, LATENT, &err), &err);
  CHECK_OK(vae_model_set_parameter(model, "decoder.mean.weight", zeros, D * LATENT, &err), &err);
  vae_workspace *workspace = test_workspace(model, isa, 1, N);
  CHECK_OK(vae_model_encode(model, workspace, &data, NULL, logvar, &err), &err);
  for (int i = 0; i < N * LATENT; i++) CHECK(logvar[i] == clamped[i % LATENT]);
  memset(logvar, 0, sizeof logvar);
  vae_terms_init(&terms);
  vae_loss_init(&loss);
  terms.logvar = logvar;
  terms.z = z;
  terms.kl = kl;
  CHECK_OK(vae_model_loss_and_gradients(model, workspace, &data, &spec.objective, noise, 0, &loss, &terms, &err), &err);
  for (int i = 0; i < N * LATENT; i++) CHECK(logvar[i] == clamped[i % LATENT]);
  oracle *o = oracle_new(&spec, model);
  oracle_batch batch = {.n = N, .x = x, .noise = noise};
  oracle_result expected = oracle_run(o, &batch);
  compare("z", z, expected.z, N * LATENT);
  compare("kl", kl, expected.kl, N);
  CHECK_NEAR(loss.loss, expected.mean_loss, 1e-5 * expected.mean_loss);
  CHECK_OK(vae_workspace_get_gradient(workspace, "encoder.logvar.bias", gradient, LATENT, &err), &err);
  for (size_t i = 0; i < LATENT; i++) {
    size_t count = 0;
    double slope = oracle_difference(o, &batch, oracle_parameter(o, "encoder.logvar.bias", &count), i);
    /* The loss is of the order of 1e9 here; its differences keep ten digits of that and no more. */
    if (bias[i] != clamped[i]) {
      CHECK(gradient[i] == 0.0f);
    } else {
      CHECK_NEAR((double)gradient[i], slope, 1e-5 * fabs(slope) + 1e-2);
      double exact = 0.5 * (exp((double)bias[i]) - 1.0); /* of the KL, the only term that reaches it */
      CHECK_NEAR((double)gradient[i], exact, 1e-5 * fabs(exact) + 1e-7);
    }
  }
  oracle_result_free(&expected);
  oracle_free(o);
  vae_workspace_free(workspace);
  vae_model_free(model);
  free(x);
  free(noise);
}

/* A Bernoulli's logits far out: finite, linear, and the gradient is sigmoid - x. */
static void check_logits(vae_isa isa) {
  static const float logits[] = {-1e4f, -200.0f, -100.0f, -30.0f, -1e-4f, 0.0f, 1e-4f, 30.0f, 100.0f, 200.0f, 1e4f};
  enum { D = sizeof logits / sizeof *logits };
  static const float targets[] = {0.0f, 0.3f, 1.0f};
  vae_error err;
  vae_model *model = NULL;
  test_spec spec = test_spec_linear(D, 1);
  float zeros[D] = {0}, gradient[D], noise = 0.0f;
  harness_note("logits, %s", vae_isa_name(isa));
  vae_error_init(&err);
  CHECK_OK(test_create(&spec, 0, NULL, &model, &err), &err);
  CHECK_OK(vae_model_set_parameter(model, "decoder.mean.weight", zeros, D, &err), &err);
  CHECK_OK(vae_model_set_parameter(model, "decoder.mean.bias", logits, D, &err), &err);
  vae_workspace *workspace = test_workspace(model, isa, 1, 1);
  for (size_t t = 0; t < 3; t++) {
    float x[D], output[D];
    double expected = 0.0;
    vae_loss loss;
    vae_terms terms;
    vae_data data = test_floats(x, 1, D);
    vae_loss_init(&loss);
    vae_terms_init(&terms);
    terms.output = output;
    for (int i = 0; i < D; i++) {
      x[i] = targets[t];
      expected +=
          fmax((double)logits[i], 0.0) - (double)targets[t] * (double)logits[i] + log1p(exp(-fabs((double)logits[i])));
    }
    CHECK_OK(vae_model_loss_and_gradients(model, workspace, &data, &spec.objective, &noise, 0, &loss, &terms, &err),
             &err);
    CHECK_NEAR(loss.reconstruction, expected, 1e-6 * expected);
    CHECK_OK(vae_workspace_get_gradient(workspace, "decoder.mean.bias", gradient, D, &err), &err);
    for (int i = 0; i < D; i++) {
      double sigmoid = 1.0 / (1.0 + exp(-(double)logits[i]));
      CHECK_NEAR((double)output[i], sigmoid, 1e-6 * sigmoid + 1e-30);
      CHECK_NEAR((double)gradient[i], sigmoid - (double)targets[t], 2e-7);
    }
  }
  vae_workspace_free(workspace);
  vae_model_free(model);
}

int main(void) {
  vae_isa isas[TEST_ISAS];
  size_t isa_count = test_isas(isas);
  test_spec spec = test_spec_linear(COLUMNS, LATENTS);
  test_spec_add_encoder(&spec, 53, VAE_ACTIVATION_TANH);
  test_spec_add_decoder(&spec, 35, VAE_ACTIVATION_GELU);
  spec.objective.samples = SAMPLES;
  spec.objective.beta = 0.7;
  check_model(&spec);
  spec.objective.kind = VAE_OBJECTIVE_IWAE;
  spec.objective.beta = 1.0;
  spec.likelihood = VAE_LIKELIHOOD_GAUSSIAN;
  spec.output_activation = VAE_ACTIVATION_SILU;
  spec.sigma = 0.5;
  check_model(&spec);
  for (size_t k = 0; k < isa_count; k++) {
    for (vae_activation a = 0; vae_activation_name(a) != NULL; a++) check_activation(a, isas[k]);
    check_clamp(isas[k]);
    check_many_samples(VAE_OBJECTIVE_ELBO, isas[k]);
    check_many_samples(VAE_OBJECTIVE_IWAE, isas[k]);
    check_logits(isas[k]);
  }
  return harness_finish("inference");
}
