/* The conditional prior: closed forms, its clamped log-variance, draws from it, evidence, and that it is saved, resumed, copied and
 * diagnosed as the rest of a model is. Values and gradients: reference_test.c and gradient_oracle_test.c; parts: parts_test.c. */
#include <stdlib.h>

#include "refused.h"
#include "support.h"

enum { ROWS = 90, COLUMNS = 21, CONDITION = 6, LATENTS = 5 };

static test_spec make_spec(void) {
  test_spec spec = test_spec_hidden(COLUMNS, 20, VAE_ACTIVATION_TANH, LATENTS);
  spec.condition_dim = CONDITION;
  spec.prior = VAE_PRIOR_CONDITIONAL;
  return spec;
}

/* A model with its data. */
typedef struct example {
  test_spec spec;
  vae_model *model;
  float *x, *c;
  vae_condition condition;
  vae_data data;
} example;

static void open_example(example *e, const test_spec *spec) {
  test_random random = {17};
  e->spec = *spec;
  e->model = NULL;
  vae_error_init(&err);
  CHECK_OK(test_create(spec, 3, NULL, &e->model, &err), &err);
  CHECK_OK(test_fill_parameters(e->model, &random, 1.0, &err), &err);
  e->x = test_spec_rows(&random, spec, ROWS);
  e->c = test_normals(&random, (size_t)ROWS * CONDITION);
  e->condition = test_condition(VAE_CONDITION_FLOAT32, e->c, ROWS);
  e->data = test_floats(e->x, ROWS, COLUMNS);
  e->data.condition = &e->condition;
}

static void close_example(example *e) {
  vae_model_free(e->model);
  free(e->x);
  free(e->c);
}

/* Sets all values of a tensor to one number. */
static void fill(vae_model *model, const char *name, float value) {
  vae_parameter_info info;
  vae_parameter_info_init(&info);
  if (!CHECK_OK(vae_model_find_parameter(model, name, &info, &err), &err)) return;
  float *values = test_allocate(info.count * sizeof *values);
  for (size_t i = 0; i < info.count; i++) values[i] = value;
  CHECK_OK(vae_model_set_parameter(model, name, values, info.count, &err), &err);
  free(values);
}

/* With weights of zero the biases are p(z|c) = N(m, exp(v)) for every c, and KL(q, p) is known from the q that encode gives;
 * N(0, 1) is the standard prior. */
static void check_closed_form(void) {
  static const float means[] = {0.0f, -1.5f, 40.0f}, logvars[] = {0.0f, 1.25f, -3.0f};
  test_spec spec = make_spec();
  test_spec_add_prior_net(&spec, 7, VAE_ACTIVATION_SOFTPLUS);
  example e;
  open_example(&e, &spec);
  fill(e.model, "prior.mean.weight", 0.0f);
  fill(e.model, "prior.logvar.weight", 0.0f);
  vae_workspace *w = test_workspace(e.model, VAE_ISA_AUTO, 2, 32);
  vae_terms terms = test_terms(&spec, ROWS);
  float *mean = test_allocate(ROWS * LATENTS * sizeof *mean), *logvar = test_allocate(ROWS * LATENTS * sizeof *logvar);
  vae_loss loss;
  vae_loss_init(&loss);
  for (size_t k = 0; k < 3; k++) {
    harness_note("prior N(%g, exp %g)", (double)means[k], (double)logvars[k]);
    fill(e.model, "prior.mean.bias", means[k]);
    fill(e.model, "prior.logvar.bias", logvars[k]);
    CHECK_OK(vae_model_evaluate(e.model, w, &e.data, NULL, 1, &loss, &terms, &err), &err);
    CHECK_OK(vae_model_prior(e.model, w, ROWS, &e.condition, mean, logvar, &err), &err);
    for (size_t i = 0; i < ROWS; i++) {
      double kl = 0.0;
      for (size_t j = i * LATENTS; j < (i + 1) * LATENTS; j++) {
        const double distance = (double)terms.mean[j] - (double)means[k], v = (double)logvars[k];
        CHECK(mean[j] == means[k] && logvar[j] == logvars[k]);
        kl +=
            0.5 * ((exp((double)terms.logvar[j]) + distance * distance) * exp(-v) - 1.0 + v - (double)terms.logvar[j]);
      }
      CHECK_NEAR(terms.kl[i], kl, 1e-5 * kl + 1e-6);
    }
  }
  test_terms_free(&terms);
  free(mean);
  free(logvar);
  vae_workspace_free(w);
  close_example(&e);
}

/* A log-variance out of [-20, 20] is given back clamped, and what is beyond has no gradient; the mean's has. */
static void check_clamp(void) {
  test_spec spec = make_spec();
  example e;
  open_example(&e, &spec);
  float logvar[LATENTS], gradient[LATENTS];
  vae_workspace *w = test_workspace(e.model, VAE_ISA_AUTO, 1, ROWS);
  const vae_condition one = test_condition(VAE_CONDITION_FLOAT32, e.c, 1);
  for (int side = -1; side <= 1; side += 2) {
    for (int kind = VAE_OBJECTIVE_ELBO; kind <= VAE_OBJECTIVE_IWAE; kind++) {
      vae_objective objective;
      vae_objective_init(&objective);
      objective.kind = kind;
      objective.samples = 3;
      harness_note("prior.logvar beyond %d, %s", 20 * side, vae_objective_name(kind));
      fill(e.model, "prior.logvar.bias", 50.0f * (float)side);
      CHECK_OK(vae_model_prior(e.model, w, 1, &one, NULL, logvar, &err), &err);
      CHECK_OK(vae_model_loss_and_gradients(e.model, w, &e.data, &objective, NULL, 1, NULL, NULL, &err), &err);
      CHECK_OK(vae_workspace_get_gradient(w, "prior.logvar.bias", gradient, LATENTS, &err), &err);
      for (size_t k = 0; k < LATENTS; k++) CHECK(logvar[k] == 20.0f * (float)side && gradient[k] == 0.0f);
      CHECK_OK(vae_workspace_get_gradient(w, "prior.mean.bias", gradient, LATENTS, &err), &err);
      for (size_t k = 0; k < LATENTS; k++) CHECK(gradient[k] != 0.0f);
    }
  }
  vae_workspace_free(w);
  close_example(&e);
}

/* z = mean + exp(logvar / 2) eps with the standard prior's eps, by any cutting; x is the decoder's mean there. */
static void check_sampling(vae_isa isa) {
  test_spec spec = make_spec(), standard = make_spec();
  test_spec_add_prior_net(&spec, 9, VAE_ACTIVATION_ELU);
  standard.prior = VAE_PRIOR_STANDARD;
  example e, plain;
  open_example(&e, &spec);
  open_example(&plain, &standard);
  const size_t latents = ROWS * LATENTS, outputs = ROWS * COLUMNS;
  float *mean = test_allocate(latents * sizeof *mean), *logvar = test_allocate(latents * sizeof *logvar);
  float *eps = test_allocate(latents * sizeof *eps), *z = test_allocate(latents * sizeof *z);
  float *x = test_allocate(outputs * sizeof *x), *other = test_allocate(outputs * sizeof *other);
  vae_workspace *w = test_workspace(e.model, isa, 1, ROWS), *cut = test_workspace(e.model, isa, 3, 16);
  vae_workspace *v = test_workspace(plain.model, isa, 1, ROWS);
  harness_note("sampling, %s", vae_isa_name(isa));
  CHECK_OK(vae_model_sample_given(plain.model, v, 5, 2, ROWS, &e.condition, NULL, eps, &err), &err);
  CHECK_OK(vae_model_prior(plain.model, v, ROWS, &e.condition, mean, logvar, &err), &err);
  for (size_t i = 0; i < latents; i++) CHECK(mean[i] == 0.0f && logvar[i] == 0.0f);
  CHECK_OK(vae_model_prior(e.model, w, ROWS, &e.condition, mean, logvar, &err), &err);
  CHECK_OK(vae_model_sample_given(e.model, w, 5, 2, ROWS, &e.condition, x, z, &err), &err);
  for (size_t i = 0; i < latents; i++) {
    const double expected = (double)mean[i] + exp(0.5 * (double)logvar[i]) * (double)eps[i];
    CHECK_NEAR(z[i], expected, 2e-6 * (1.0 + fabs(expected)));
  }
  CHECK_OK(vae_model_decode_given(e.model, cut, z, ROWS, &e.condition, other, &err), &err);
  CHECK_BYTES(x, other, outputs * sizeof *x);
  CHECK_OK(vae_model_sample_given(e.model, cut, 5, 2, ROWS, &e.condition, other, eps, &err), &err);
  CHECK_BYTES(x, other, outputs * sizeof *x);
  CHECK_BYTES(z, eps, latents * sizeof *z);
  CHECK_OK(vae_model_prior(e.model, cut, ROWS, &e.condition, eps, NULL, &err), &err);
  CHECK_BYTES(mean, eps, latents * sizeof *mean);
  vae_workspace_free(w);
  vae_workspace_free(cut);
  vae_workspace_free(v);
  close_example(&e);
  close_example(&plain);
  free(mean);
  free(logvar);
  free(eps);
  free(z);
  free(x);
  free(other);
}

/* Where q is the prior itself, all importance weights are p(x|z, c): with a decoder that does not look at z the evidence is
 * exact, every sample counts, and no latent has a KL. With another q it is the same number within its error. */
static void check_evidence(void) {
  test_spec spec = test_spec_linear(COLUMNS, LATENTS);
  spec.condition_dim = CONDITION;
  spec.prior = VAE_PRIOR_CONDITIONAL;
  example e;
  open_example(&e, &spec);
  float decoder[COLUMNS * (LATENTS + CONDITION)], encoder[LATENTS * (COLUMNS + CONDITION)], prior[LATENTS * CONDITION];
  float bias[LATENTS];
  CHECK_OK(vae_model_get_parameter(e.model, "decoder.mean.weight", decoder, sizeof decoder / 4, &err), &err);
  for (size_t i = 0; i < COLUMNS; i++)
    for (size_t k = 0; k < LATENTS; k++) decoder[i * (LATENTS + CONDITION) + k] = 0.0f;
  CHECK_OK(vae_model_set_parameter(e.model, "decoder.mean.weight", decoder, sizeof decoder / 4, &err), &err);
  static const char *const heads[] = {"mean", "logvar"};
  for (int head = 0; head < 2; head++) {
    char from[32], to[32];
    snprintf(from, sizeof from, "prior.%s.weight", heads[head]);
    snprintf(to, sizeof to, "encoder.%s.weight", heads[head]);
    CHECK_OK(vae_model_get_parameter(e.model, from, prior, sizeof prior / 4, &err), &err);
    memset(encoder, 0, sizeof encoder);
    for (size_t k = 0; k < LATENTS; k++)
      memcpy(encoder + k * (COLUMNS + CONDITION) + COLUMNS, prior + k * CONDITION, CONDITION * sizeof *prior);
    CHECK_OK(vae_model_set_parameter(e.model, to, encoder, sizeof encoder / 4, &err), &err);
    snprintf(from, sizeof from, "prior.%s.bias", heads[head]);
    snprintf(to, sizeof to, "encoder.%s.bias", heads[head]);
    CHECK_OK(vae_model_get_parameter(e.model, from, bias, LATENTS, &err), &err);
    CHECK_OK(vae_model_set_parameter(e.model, to, bias, LATENTS, &err), &err);
  }
  vae_workspace *w = test_workspace(e.model, VAE_ISA_AUTO, 2, 32);
  vae_statistics_options options;
  vae_statistics s, t;
  vae_statistics_arrays arrays;
  double latent_kl[LATENTS];
  vae_statistics_options_init(&options);
  vae_statistics_init(&s);
  vae_statistics_init(&t);
  vae_statistics_arrays_init(&arrays);
  arrays.latent_kl = latent_kl;
  options.samples = 400;
  harness_note("evidence");
  CHECK_OK(vae_model_statistics(e.model, w, &e.data, &options, &s, &arrays, &err), &err);
  CHECK_NEAR(s.log_evidence, -s.reconstruction, 1e-5);
  CHECK_NEAR(s.effective_samples_min, 400.0, 1e-3);
  CHECK_NEAR(s.kl, 0.0, 1e-5);
  for (size_t k = 0; k < LATENTS; k++) CHECK_NEAR(latent_kl[k], 0.0, 1e-5);
  for (size_t k = 0; k < LATENTS; k++) bias[k] += 0.2f; /* q's log-variances */
  CHECK_OK(vae_model_set_parameter(e.model, "encoder.logvar.bias", bias, LATENTS, &err), &err);
  CHECK_OK(vae_model_statistics(e.model, w, &e.data, &options, &t, &arrays, &err), &err);
  CHECK_NEAR(t.kl, 0.5 * LATENTS * (exp(0.2) - 1.0 - 0.2), 1e-4);
  for (size_t k = 0; k < LATENTS; k++) CHECK_NEAR(latent_kl[k], 0.5 * (exp(0.2) - 1.0 - 0.2), 1e-5);
  CHECK_NEAR(t.log_evidence, s.log_evidence, 5.0 * t.sampling_error + 1e-3);
  vae_workspace_free(w);
  close_example(&e);
}

static vae_trainer *make_trainer(vae_model *model) {
  vae_trainer *trainer = NULL;
  vae_training training;
  vae_training_init(&training);
  training.batch_size = 16;
  training.objective.samples = 2;
  CHECK_OK(vae_trainer_create(model, &training, NULL, &trainer, &err), &err);
  return trainer;
}

/* A resumed run ends in the same bytes; they name the net, and load as an equal model. */
static void check_files(void) {
  test_spec spec = make_spec();
  test_spec_add_prior_net(&spec, 9, VAE_ACTIVATION_GELU);
  test_spec_add_prior_net(&spec, 4, VAE_ACTIVATION_RELU);
  char folder[TEST_PATH], path[TEST_PATH];
  example e, resumed;
  open_example(&e, &spec);
  open_example(&resumed, &spec);
  harness_note("files");
  test_folder(folder);
  test_join(path, folder, "run.safetensors");
  vae_trainer *one = make_trainer(e.model), *two = make_trainer(resumed.model);
  CHECK_OK(vae_trainer_epoch(one, &e.data, NULL, NULL, NULL, &err), &err);
  CHECK_OK(vae_trainer_save(one, path, &err), &err);
  CHECK_OK(vae_trainer_restore(two, path, &err), &err);
  for (int epoch = 0; epoch < 2; epoch++) {
    CHECK_OK(vae_trainer_epoch(one, &e.data, NULL, NULL, NULL, &err), &err);
    CHECK_OK(vae_trainer_epoch(two, &e.data, NULL, NULL, NULL, &err), &err);
  }
  size_t size = 0, other_size = 0;
  unsigned char *bytes = test_model_bytes(e.model, &size), *other = test_model_bytes(resumed.model, &other_size);
  if (CHECK_EQUAL(size, other_size)) CHECK_BYTES(bytes, other, size);
  vae_model *loaded = NULL;
  vae_workspace *w = test_workspace(e.model, VAE_ISA_AUTO, 1, 8);
  vae_loss losses[2];
  CHECK_OK(vae_model_load_bytes(bytes, size, NULL, &loaded, &err), &err);
  for (int i = 0; i < 2; i++) {
    vae_loss_init(&losses[i]);
    CHECK_OK(vae_model_evaluate(i ? loaded : e.model, w, &e.data, NULL, 1, &losses[i], NULL, &err), &err);
  }
  CHECK_BYTES(&losses[0], &losses[1], sizeof losses[0]);
  vae_config config;
  vae_config_init(&config);
  CHECK_OK(vae_model_get_config(loaded, &config, &err), &err);
  CHECK_EQUAL(config.prior, VAE_PRIOR_CONDITIONAL);
  CHECK_EQUAL(config.prior_net_count, 2);
  CHECK(config.prior_net[0].units == 9 && config.prior_net[1].units == 4 &&
        config.prior_net[1].activation == VAE_ACTIVATION_RELU);
  /* The prior's tensors come behind the decoder's. */
  static const char *const last[] = {"decoder.mean.bias", "prior.0.weight",      "prior.0.bias",
                                     "prior.1.weight",    "prior.1.bias",        "prior.mean.weight",
                                     "prior.mean.bias",   "prior.logvar.weight", "prior.logvar.bias"};
  const size_t tensors = vae_model_parameter_count(loaded), shown = sizeof last / sizeof *last;
  for (size_t i = 0; i < shown; i++) {
    vae_parameter_info info;
    vae_parameter_info_init(&info);
    CHECK_OK(vae_model_get_parameter_info(loaded, tensors - shown + i, &info, &err), &err);
    CHECK_THAT(strcmp(info.name, last[i]) == 0, "tensor %zu is %s", tensors - shown + i, info.name);
  }
  /* A workspace is no other net's. */
  test_spec narrow = make_spec();
  test_spec_add_prior_net(&narrow, 9, VAE_ACTIVATION_GELU);
  test_spec_add_prior_net(&narrow, 3, VAE_ACTIVATION_RELU);
  vae_model *different = NULL;
  CHECK_OK(test_create(&narrow, 1, NULL, &different, &err), &err);
  REFUSED(vae_model_evaluate(different, w, &e.data, NULL, 1, &losses[0], NULL, &err), VAE_ERROR_MISMATCH, "workspace",
          NULL);
  vae_model_free(different);
  vae_model_free(loaded);
  vae_workspace_free(w);
  vae_trainer_free(one);
  vae_trainer_free(two);
  free(bytes);
  free(other);
  close_example(&e);
  close_example(&resumed);
  test_remove_folder(folder);
}

/* Numbers that are not finite are traced to the prior's net, and a step leaves all as it was. */
static void check_diagnosis(void) {
  test_spec spec = make_spec();
  test_spec_add_prior_net(&spec, 9, VAE_ACTIVATION_SOFTPLUS);
  static const struct {
    const char *tensor, *layer;
  } cases[] = {{"prior.0.weight", "layer prior.0"},
               {"prior.mean.weight", "layer prior.mean"},
               {"prior.logvar.weight", "layer prior.mean"}}; /* a layer is named after its first tensor */
  for (size_t i = 0; i < 3; i++) {
    example e;
    size_t count = 0;
    vae_loss loss;
    vae_loss_init(&loss);
    open_example(&e, &spec);
    for (size_t j = 0; j < (size_t)ROWS * CONDITION; j++) e.c[j] = 1.0f + fabsf(e.c[j]);
    fill(e.model, cases[i].tensor, 3e38f);
    vae_workspace *w = test_workspace(e.model, VAE_ISA_AUTO, 2, 32);
    vae_trainer *trainer = make_trainer(e.model);
    float *before = test_parameters(e.model, &count), out[ROWS * LATENTS];
    harness_note("%s", cases[i].tensor);
    REFUSED(vae_trainer_step(trainer, &e.data, NULL, NULL, NULL, &err), VAE_ERROR_NOT_FINITE, cases[i].layer, NULL);
    REFUSED(vae_model_evaluate(e.model, w, &e.data, NULL, 1, &loss, NULL, &err), VAE_ERROR_NOT_FINITE, cases[i].layer,
            NULL);
    REFUSED(vae_model_prior(e.model, w, ROWS, &e.condition, out, NULL, &err), VAE_ERROR_NOT_FINITE, cases[i].layer,
            NULL);
    REFUSED(vae_model_sample_given(e.model, w, 1, 0, ROWS, &e.condition, NULL, out, &err), VAE_ERROR_NOT_FINITE,
            cases[i].layer, NULL);
    CHECK_OK(vae_model_encode(e.model, w, &e.data, out, NULL, &err), &err); /* which has no part in it */
    float *after = test_parameters(e.model, &count);
    CHECK_BYTES(before, after, count * sizeof *after);
    free(before);
    free(after);
    vae_trainer_free(trainer);
    vae_workspace_free(w);
    close_example(&e);
  }
}

static void check_arguments(void) {
  test_spec spec = make_spec();
  example e;
  open_example(&e, &spec);
  vae_workspace *w = test_workspace(e.model, VAE_ISA_AUTO, 2, 32);
  float out[ROWS * LATENTS];
  const vae_status bad = VAE_ERROR_INVALID_ARGUMENT;
  harness_note("arguments of vae_model_prior");
  REFUSED(vae_model_prior(NULL, w, ROWS, &e.condition, out, NULL, &err), bad, "model", NULL);
  REFUSED(vae_model_prior(e.model, NULL, ROWS, &e.condition, out, NULL, &err), bad, "workspace", NULL);
  REFUSED(vae_model_prior(e.model, w, 0, &e.condition, out, NULL, &err), bad, "rows is 0", NULL);
  REFUSED(vae_model_prior(e.model, w, ROWS - 1, &e.condition, out, NULL, &err), VAE_ERROR_MISMATCH, "condition->rows",
          "90");
  REFUSED(vae_model_prior(e.model, w, ROWS, NULL, out, NULL, &err), VAE_ERROR_MISMATCH, "condition is NULL", "6");
  e.c[33 * CONDITION + 4] = NAN;
  REFUSED(vae_model_prior(e.model, w, ROWS, &e.condition, out, NULL, &err), VAE_ERROR_DATA,
          "condition row 33, column 4 is", "nan");
  vae_workspace_free(w);
  close_example(&e);
}

int main(void) {
  vae_isa isas[TEST_ISAS];
  const size_t count = test_isas(isas);
  check_closed_form();
  check_clamp();
  for (size_t i = 0; i < count; i++) check_sampling(isas[i]);
  check_evidence();
  check_files();
  check_diagnosis();
  check_arguments();
  return harness_finish("conditional_prior");
}
