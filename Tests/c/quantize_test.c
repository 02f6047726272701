/* Inference copies: what their weights stand for, that their results are those of these weights, the same bits however the work
 * is cut, what they refuse, and what they hold. */
#include <stdint.h>

#include "harness.h"
#include "support.h"

enum { ROWS = 37, COLUMNS = 131, LATENTS = 9, UNITS = 70 };

static test_spec make_spec(vae_likelihood likelihood) {
  test_spec spec = test_spec_hidden(COLUMNS, UNITS, VAE_ACTIVATION_RELU, LATENTS);
  test_spec_add_encoder(&spec, 45, VAE_ACTIVATION_TANH);
  test_spec_add_decoder(&spec, 51, VAE_ACTIVATION_GELU);
  test_spec_set_likelihood(&spec, likelihood);
  return spec;
}

typedef struct results {
  float mean[ROWS * LATENTS], logvar[ROWS * LATENTS], output[ROWS * COLUMNS], sample[ROWS * COLUMNS], loss[ROWS];
  double negative_elbo;
} results;

static void infer(const vae_model *model, vae_workspace *workspace, const float *x, results *r) {
  vae_error err;
  vae_loss loss;
  vae_terms terms;
  vae_objective objective;
  const vae_data data = test_floats(x, ROWS, COLUMNS);
  vae_error_init(&err);
  vae_loss_init(&loss);
  vae_terms_init(&terms);
  vae_objective_init(&objective);
  objective.samples = 3;
  terms.loss = r->loss;
  CHECK_OK(vae_model_encode(model, workspace, &data, r->mean, r->logvar, &err), &err);
  CHECK_OK(vae_model_reconstruct(model, workspace, &data, r->output, &err), &err);
  CHECK_OK(vae_model_sample(model, workspace, 1, 0, ROWS, r->sample, NULL, &err), &err);
  CHECK_OK(vae_model_evaluate(model, workspace, &data, &objective, 4, &loss, &terms, &err), &err);
  r->negative_elbo = loss.negative_elbo;
}

/* A float32 model with what the copy's weights stand for, each near the original's. */
static vae_model *dequantized(const test_spec *spec, const vae_model *model, const vae_model *copy) {
  vae_error err;
  vae_model *plain = NULL;
  vae_error_init(&err);
  CHECK_OK(test_create(spec, 0, NULL, &plain, &err), &err);
  CHECK_EQUAL(vae_model_parameter_count(copy), vae_model_parameter_count(model));
  for (size_t i = 0; i < vae_model_parameter_count(model); i++) {
    vae_parameter_info info;
    vae_parameter_info_init(&info);
    CHECK_OK(vae_model_get_parameter_info(copy, i, &info, &err), &err);
    float *got = test_allocate(info.count * sizeof *got), *want = test_allocate(info.count * sizeof *want);
    CHECK_OK(vae_model_get_parameter(copy, info.name, got, info.count, &err), &err);
    CHECK_OK(vae_model_get_parameter(model, info.name, want, info.count, &err), &err);
    CHECK_OK(vae_model_set_parameter(plain, info.name, got, info.count, &err), &err);
    const size_t row = info.rank == 2 ? info.shape[1] : 1;
    size_t wrong = 0, changed = 0;
    for (size_t unit = 0; unit < info.count / row; unit++) {
      double most = 0;
      for (size_t k = 0; k < row; k++) most = fmax(most, fabs((double)want[unit * row + k]));
      for (size_t k = 0; k < row; k++) {
        const double w = want[unit * row + k], error = fabs((double)got[unit * row + k] - w);
        const double bf16 = 0x1p-8 * fabs(w), int8 = 0.5001 * most / 127;
        const double bound = vae_model_precision(copy) == VAE_PRECISION_INT8 ? fmax(bf16, int8) : bf16;
        wrong += !(error <= (info.rank == 1 ? 0 : bound));
        changed += error > 0;
      }
    }
    CHECK_THAT(wrong == 0, "%s: %zu of %zu values are too far off", info.name, wrong, info.count);
    if (info.rank == 2) CHECK_THAT(changed > info.count / 2, "%s was not rounded", info.name);
    free(got);
    free(want);
  }
  return plain;
}

static double distance(const float *got, const float *want, size_t count) {
  double *expected = test_allocate(count * sizeof *expected);
  for (size_t i = 0; i < count; i++) expected[i] = (double)want[i];
  const double d = test_distance(got, expected, count);
  free(expected);
  return d;
}

static void check_results(vae_likelihood likelihood, vae_sigma_kind sigma_kind, vae_precision precision) {
  static results got, want, again;
  vae_error err;
  vae_isa isas[TEST_ISAS];
  vae_model *model = NULL, *copy = NULL;
  test_random random = {8};
  const size_t isa_count = test_isas(isas);
  test_spec spec = make_spec(likelihood);
  spec.sigma_kind = sigma_kind;
  float *x = test_spec_rows(&random, &spec, ROWS);
  vae_error_init(&err);
  CHECK_OK(test_create(&spec, 2, NULL, &model, &err), &err);
  CHECK_OK(test_fill_parameters(model, &random, 1.0, &err), &err);
  CHECK_OK(vae_model_quantize(model, precision, &copy, &err), &err);
  CHECK_EQUAL(vae_model_precision(copy), precision);
  CHECK_EQUAL(vae_model_value_count(copy), vae_model_value_count(model));
  vae_model *plain = dequantized(&spec, model, copy);
  for (size_t i = 0; i < isa_count; i++) {
    harness_note("%s, %s, %s", vae_isa_name(isas[i]), vae_precision_name(precision), vae_likelihood_name(likelihood));
    vae_workspace *workspace = test_workspace(copy, isas[i], 1, ROWS), *other = test_workspace(plain, isas[i], 1, 16);
    infer(copy, workspace, x, &got);
    infer(plain, other, x, &want);
    if (precision == VAE_PRECISION_BFLOAT16) {
      CHECK_BYTES(&got, &want, sizeof got);
    } else { /* inputs of a layer are rounded too: to 1/255 of their range */
      CHECK(memcmp(&got, &want, sizeof got) != 0);
      CHECK_NEAR(distance(got.mean, want.mean, ROWS * LATENTS), 0, 0.02);
      CHECK_NEAR(distance(got.logvar, want.logvar, ROWS * LATENTS), 0, 0.02);
      CHECK_NEAR(distance(got.output, want.output, ROWS * COLUMNS), 0, 0.02);
      CHECK_NEAR(distance(got.sample, want.sample, ROWS * COLUMNS), 0, 0.02);
      CHECK_NEAR(got.negative_elbo, want.negative_elbo, 0.01 * fabs(want.negative_elbo));
    }
    vae_workspace_free(other);
    vae_workspace_free(workspace);
    for (int32_t threads = 1; threads <= 3; threads++)
      for (uint32_t rows = 1; rows <= 50; rows += 12) {
        workspace = test_workspace(copy, isas[i], threads, rows);
        infer(copy, workspace, x, &again);
        CHECK_BYTES(&got, &again, sizeof got);
        vae_workspace_free(workspace);
      }
  }
  vae_model_free(plain);
  vae_model_free(copy);
  vae_model_free(model);
  free(x);
}

/* Copies that a team works on, since they are large enough, give the bits of one thread. */
static void check_team(vae_precision precision) {
  enum { MANY = 500 };
  vae_error err;
  vae_model *model = NULL, *copy = NULL;
  test_random random = {3};
  const test_spec spec = test_spec_hidden(300, 200, VAE_ACTIVATION_RELU, 20);
  float *x = test_rows(&random, spec.likelihood, MANY * 300);
  float *one = test_allocate(MANY * 300 * sizeof *one), *four = test_allocate(MANY * 300 * sizeof *four);
  const vae_data data = test_floats(x, MANY, 300);
  vae_error_init(&err);
  CHECK_OK(test_create(&spec, 2, NULL, &model, &err), &err);
  CHECK_OK(vae_model_quantize(model, precision, &copy, &err), &err);
  vae_workspace *alone = test_workspace(copy, VAE_ISA_AUTO, 1, 128), *team = test_workspace(copy, VAE_ISA_AUTO, 4, 128);
  CHECK_OK(vae_model_reconstruct(copy, alone, &data, one, &err), &err);
  CHECK_OK(vae_model_reconstruct(copy, team, &data, four, &err), &err);
  CHECK_BYTES(one, four, MANY * 300 * sizeof *one);
  vae_workspace_free(alone);
  vae_workspace_free(team);
  vae_model_free(copy);
  vae_model_free(model);
  free(x);
  free(one);
  free(four);
}

/* The loss of several samples an example does not depend on who gets to the decoder first, by a team of more than the
 * machine's cores. */
static void check_team_losses(vae_precision precision) {
  enum { MANY = 128, COLUMNS = 196, SAMPLES = 8, TURNS = 30 };
  vae_error err;
  vae_model *model = NULL, *copy = NULL;
  test_random random = {4};
  test_spec spec = test_spec_hidden(COLUMNS, 100, VAE_ACTIVATION_RELU, 10);
  spec.objective.samples = SAMPLES;
  float *x = test_rows(&random, spec.likelihood, MANY * COLUMNS);
  const vae_data data = test_floats(x, MANY, COLUMNS);
  vae_loss want, got;
  vae_error_init(&err);
  vae_loss_init(&want);
  vae_loss_init(&got);
  CHECK_OK(test_create(&spec, 2, NULL, &model, &err), &err);
  CHECK_OK(vae_model_quantize(model, precision, &copy, &err), &err);
  for (int32_t threads = 1; threads <= 8; threads *= 2) {
    vae_workspace *workspace = test_workspace(copy, VAE_ISA_AUTO, threads, MANY * SAMPLES);
    for (int turn = 0; turn < TURNS; turn++) {
      vae_loss *loss = threads == 1 ? &want : &got;
      CHECK_OK(vae_model_evaluate(copy, workspace, &data, &spec.objective, 1, loss, NULL, &err), &err);
      if (threads > 1) CHECK_BYTES(&want, &got, sizeof want);
    }
    vae_workspace_free(workspace);
  }
  vae_model_free(copy);
  vae_model_free(model);
  free(x);
}

/* float32: an ordinary model with the same parameters, and a life of its own. */
static void check_float32(void) {
  vae_error err;
  vae_model *model = NULL, *copy = NULL;
  size_t size = 0, other_size = 0;
  const float bias[LATENTS] = {1};
  const test_spec spec = make_spec(VAE_LIKELIHOOD_GAUSSIAN);
  harness_note("a float32 copy");
  vae_error_init(&err);
  CHECK_OK(test_create(&spec, 2, NULL, &model, &err), &err);
  CHECK_OK(vae_model_quantize(model, VAE_PRECISION_FLOAT32, &copy, &err), &err);
  CHECK_EQUAL(vae_model_precision(copy), VAE_PRECISION_FLOAT32);
  unsigned char *bytes = test_model_bytes(model, &size), *other = test_model_bytes(copy, &other_size);
  CHECK_EQUAL(size, other_size);
  CHECK_BYTES(bytes, other, size);
  CHECK_OK(vae_model_set_parameter(copy, "encoder.mean.bias", bias, LATENTS, &err), &err);
  free(other);
  other = test_model_bytes(model, &other_size);
  CHECK_BYTES(bytes, other, size);
  free(bytes);
  free(other);
  vae_model_free(copy);
  vae_model_free(model);
}

/* err says that it is an inference copy, and what to do. */
static void check_refusal(vae_status status, const vae_error *err) {
  CHECK_STATUS(status, VAE_ERROR_UNSUPPORTED);
  CHECK_MESSAGE_HAS(*err, "inference copy in int8");
  CHECK_MESSAGE_HAS(*err, "use the model that it was made from");
}

static void check_refusals(void) {
  vae_error err;
  vae_model *model = NULL, *copy = NULL, *again = NULL;
  vae_trainer *trainer = NULL;
  size_t size = 0;
  float x[COLUMNS] = {0}, z[LATENTS];
  const test_spec spec = make_spec(VAE_LIKELIHOOD_BERNOULLI);
  const vae_data data = test_floats(x, 1, COLUMNS);
  harness_note("what copies refuse");
  vae_error_init(&err);
  CHECK_OK(test_create(&spec, 2, NULL, &model, &err), &err);
  CHECK_STATUS(vae_model_quantize(model, 3, &copy, &err), VAE_ERROR_INVALID_ARGUMENT);
  CHECK_MESSAGE_HAS(err, "precision is 3");
  CHECK_STATUS(vae_model_quantize(model, -1, &copy, NULL), VAE_ERROR_INVALID_ARGUMENT);
  CHECK_STATUS(vae_model_quantize(NULL, VAE_PRECISION_INT8, &copy, &err), VAE_ERROR_INVALID_ARGUMENT);
  CHECK_MESSAGE_HAS(err, "model is NULL");
  CHECK_STATUS(vae_model_quantize(model, VAE_PRECISION_INT8, NULL, &err), VAE_ERROR_INVALID_ARGUMENT);
  CHECK_MESSAGE_HAS(err, "copy is NULL");
  CHECK(copy == NULL);
  CHECK_EQUAL(vae_model_precision(NULL), VAE_PRECISION_FLOAT32);
  CHECK_EQUAL(vae_model_precision(model), VAE_PRECISION_FLOAT32);
  CHECK_OK(vae_model_quantize(model, VAE_PRECISION_INT8, &copy, &err), &err);
  vae_workspace *workspace = test_workspace(copy, VAE_ISA_AUTO, 1, 4);
  vae_workspace *wide = test_workspace(model, VAE_ISA_AUTO, 1, 4);
  check_refusal(vae_model_quantize(copy, VAE_PRECISION_BFLOAT16, &again, &err), &err);
  CHECK(again == NULL);
  check_refusal(vae_trainer_create(copy, NULL, NULL, &trainer, &err), &err);
  CHECK(trainer == NULL);
  check_refusal(vae_model_loss_and_gradients(copy, workspace, &data, NULL, NULL, 0, NULL, NULL, &err), &err);
  check_refusal(vae_model_set_parameter(copy, "encoder.mean.bias", z, LATENTS, &err), &err);
  check_refusal(vae_model_init_output_bias(copy, &data, &err), &err);
  check_refusal(vae_model_save(copy, "never-written", &err), &err);
  check_refusal(vae_model_save_bytes(copy, NULL, 0, &size, &err), &err);
  CHECK_STATUS(vae_model_encode(copy, wide, &data, z, NULL, &err), VAE_ERROR_MISMATCH);
  CHECK_MESSAGE_HAS(err, "float32");
  CHECK_MESSAGE_HAS(err, "int8");
  CHECK_STATUS(vae_model_encode(model, workspace, &data, z, NULL, &err), VAE_ERROR_MISMATCH);
  x[3] = NAN;
  CHECK_STATUS(vae_model_encode(copy, workspace, &data, z, NULL, &err), VAE_ERROR_DATA);
  vae_workspace_free(workspace);
  vae_workspace_free(wide);
  vae_model_free(copy);
  vae_model_free(model);
}

/* Weights that cannot be rounded are refused by name; what overflows on its way is reported as in float32. */
static void check_not_finite(void) {
  vae_error err;
  vae_model *model = NULL, *copy = NULL;
  const test_spec spec = test_spec_hidden(20, 18, VAE_ACTIVATION_RELU, 3);
  float weights[20 * 18], x[20], z[3];
  harness_note("large weights");
  vae_error_init(&err);
  CHECK_OK(test_create(&spec, 2, NULL, &model, &err), &err);
  for (int i = 0; i < 20 * 18; i++) weights[i] = 3.402e38f; /* rounds to infinity in bf16 */
  for (int i = 0; i < 20; i++) x[i] = 1;
  CHECK_OK(vae_model_set_parameter(model, "decoder.mean.weight", weights, 20 * 18, &err), &err);
  for (vae_precision p = VAE_PRECISION_BFLOAT16; p <= VAE_PRECISION_INT8; p++) {
    CHECK_STATUS(vae_model_quantize(model, p, &copy, &err), VAE_ERROR_NOT_FINITE);
    CHECK_MESSAGE_HAS(err, "decoder.mean.weight");
    CHECK(copy == NULL);
  }
  for (int i = 0; i < 20 * 18; i++) weights[i] = 3e38f;
  CHECK_OK(vae_model_set_parameter(model, "decoder.mean.weight", weights, 20 * 18, &err), &err);
  CHECK_OK(vae_model_set_parameter(model, "encoder.0.weight", weights, 20 * 18, &err), &err);
  const vae_data data = test_floats(x, 1, 20);
  for (vae_precision p = VAE_PRECISION_FLOAT32; p <= VAE_PRECISION_INT8; p++) {
    float output[20];
    harness_note("large weights, %s", vae_precision_name(p));
    CHECK_OK(vae_model_quantize(model, p, &copy, &err), &err);
    vae_workspace *workspace = test_workspace(copy, VAE_ISA_AUTO, 1, 4);
    CHECK_STATUS(vae_model_encode(copy, workspace, &data, z, NULL, &err), VAE_ERROR_NOT_FINITE);
    CHECK_STATUS(vae_model_reconstruct(copy, workspace, &data, output, &err), VAE_ERROR_NOT_FINITE);
    vae_workspace_free(workspace);
    vae_model_free(copy);
  }
  vae_model_free(model);
}

/* A layer in bytes whose inputs are infinite does not hide that. */
static void check_infinite_inputs(void) {
  vae_error err;
  vae_model *model = NULL, *copy = NULL;
  const test_spec spec = test_spec_hidden(20, 18, VAE_ACTIVATION_RELU, 3);
  float weights[18 * 3], output[20];
  const float z[3] = {1, 1, 1};
  vae_error_init(&err);
  CHECK_OK(test_create(&spec, 2, NULL, &model, &err), &err);
  for (int i = 0; i < 18 * 3; i++) weights[i] = 3e38f;
  CHECK_OK(vae_model_set_parameter(model, "decoder.0.weight", weights, 18 * 3, &err), &err);
  for (vae_precision p = VAE_PRECISION_FLOAT32; p <= VAE_PRECISION_INT8; p++) {
    harness_note("infinite inputs, %s", vae_precision_name(p));
    CHECK_OK(vae_model_quantize(model, p, &copy, &err), &err);
    vae_workspace *workspace = test_workspace(copy, VAE_ISA_AUTO, 1, 4);
    CHECK_STATUS(vae_model_decode(copy, workspace, z, 1, output, &err), VAE_ERROR_NOT_FINITE);
    CHECK_MESSAGE_HAS(err, "decoder.0");
    vae_workspace_free(workspace);
    vae_model_free(copy);
  }
  vae_model_free(model);
}

/* To the nearest, ties to even; zero and tiny weights. */
static void check_rounding(void) {
  enum { COUNT = 8 };
  static const float inputs[2][COUNT] = {
      {0x1.01p0f, 0x1.03p0f, -0x1.01p0f, 0x1.0101p0f, 0x1.fffffep0f, 0.0f, 0x1p-120f, 0x1.02p-100f},
      {127.0f, 0.5f, 1.5f, -2.5f, -3.5f, 0.49f, 0x1p-120f, -126.6f}};
  static const float wanted[2][COUNT] = {{1.0f, 0x1.04p0f, -1.0f, 0x1.02p0f, 2.0f, 0.0f, 0x1p-120f, 0x1.02p-100f},
                                         {127.0f, 0.0f, 2.0f, -2.0f, -4.0f, 0.0f, 0.0f, -127.0f}};
  static const char *const names[] = {"encoder.mean.weight",
                                      "encoder.0.weight"}; /* bf16 in either copy; bytes in int8 */
  vae_error err;
  vae_model *model = NULL, *copy = NULL;
  float got[COUNT];
  const test_spec spec = test_spec_hidden(COUNT, COUNT, VAE_ACTIVATION_RELU, 1);
  vae_error_init(&err);
  CHECK_OK(test_create(&spec, 2, NULL, &model, &err), &err);
  for (int bytes = 0; bytes < 2; bytes++) {
    float weights[COUNT * COUNT] = {0}, all[COUNT * COUNT];
    const size_t count = bytes ? COUNT * COUNT : COUNT; /* the first unit; of encoder.0 the others are zero */
    memcpy(weights, inputs[bytes], sizeof inputs[bytes]);
    CHECK_OK(vae_model_set_parameter(model, names[bytes], weights, count, &err), &err);
    CHECK_OK(vae_model_quantize(model, VAE_PRECISION_INT8, &copy, &err), &err);
    CHECK_OK(vae_model_get_parameter(copy, names[bytes], all, count, &err), &err);
    memcpy(got, all, sizeof got);
    for (int i = 0; i < COUNT; i++) {
      harness_note("rounding %g in %s", (double)inputs[bytes][i], names[bytes]);
      CHECK(got[i] == wanted[bytes][i]);
    }
    for (size_t i = COUNT; i < count; i++) CHECK(all[i] == 0.0f);
    vae_model_free(copy);
  }
  vae_model_free(model);
}

/* A copy holds what its name says and no float32 weights beside it. */
static void check_memory(void) {
  static const double most[] = {1.02, 0.52, 0.29}; /* biases and scales, and bf16 where int8 would be too coarse */
  vae_error err;
  vae_model *model = NULL, *copy = NULL;
  test_counter live = {0};
  const vae_allocator allocator = test_counting_allocator(&live);
  const test_spec spec = test_spec_hidden(784, 400, VAE_ACTIVATION_RELU, 40);
  vae_error_init(&err);
  CHECK_OK(test_create(&spec, 2, &allocator, &model, &err), &err);
  const long whole = live.bytes;
  for (vae_precision p = VAE_PRECISION_FLOAT32; p <= VAE_PRECISION_INT8; p++) {
    harness_note("memory of %s", vae_precision_name(p));
    CHECK_OK(vae_model_quantize(model, p, &copy, &err), &err);
    const double share = (double)(live.bytes - whole) / (double)whole;
    CHECK_THAT(share < most[p], "%.3f of the model's memory", share);
    vae_model_free(copy);
    CHECK_EQUAL(live.bytes, whole);
  }
  vae_model_free(model);
  CHECK_EQUAL(live.bytes, 0);
}

int main(void) {
  for (vae_precision p = VAE_PRECISION_BFLOAT16; p <= VAE_PRECISION_INT8; p++) {
    for (vae_likelihood likelihood = 0; vae_likelihood_name(likelihood); likelihood++)
      check_results(likelihood, VAE_SIGMA_FIXED, p);
    check_results(VAE_LIKELIHOOD_LAPLACE, VAE_SIGMA_GLOBAL, p);
    check_results(VAE_LIKELIHOOD_GAUSSIAN, VAE_SIGMA_PER_OUTPUT, p);
    check_team(p);
    check_team_losses(p);
  }
  check_float32();
  check_refusals();
  check_not_finite();
  check_infinite_inputs();
  check_rounding();
  check_memory();
  return harness_finish("quantize");
}
