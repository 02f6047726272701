/* A batch whose rows of the decoder are worked on in parts, to bound memory, gives the bits of one that is worked on at once:
 * losses, terms, gradients and a fused step, for parts of some examples and for parts of one example's samples. */
#include <stdlib.h>
#include <string.h>

#include "core/random.h"
#include "harness.h"
#include "model/batch.h"
#include "model/coupled_pass.h"
#include "support.h"

enum { ROWS = 13, INPUTS = 37, CONDITION = 11, LATENTS = 5, MOST_SAMPLES = 7, MOST_DRAWS = ROWS * MOST_SAMPLES };

/* All that comes out of a batch. */
typedef struct results {
  float loss[ROWS], kl[ROWS], reconstruction[ROWS], mean[ROWS * LATENTS], logvar[ROWS * LATENTS];
  float sample_nll[MOST_DRAWS], z[MOST_DRAWS * LATENTS], output[MOST_DRAWS * INPUTS];
  vaei_sums sums;
  size_t block_bytes;
  float *gradients, *parameters; /* in the model's block: gradients, and parameters after a fused step */
} results;

typedef struct job {
  vaei_pass *pass;
  vaei_batch batch;
  vaei_adam adam;
  vaei_adam_steps steps;
  results *out;
  vae_model *model;
} job;

static void run(vaei_member member, void *context) {
  job *j = context;
  vaei_pass_assign(j->pass, member);
  vaei_pass_transpose(j->pass, member);
  vaei_team_barrier(member);
  vaei_batch_run(j->pass, member, &j->batch);
  vaei_pass_gradients(j->pass, member, j->out->gradients);
  vaei_team_barrier(member);
  const vaei_update update = {.adam = &j->adam, .steps = &j->steps, .block = j->model->block};
  vaei_pass_update(j->pass, member, &update);
}

/* One batch with memory for at_once rows of the decoder, by `threads` threads. */
static void run_batch(const test_spec *spec, const vaei_kernels *kernels, const vaei_bf16_kernels *bf16,
                      uint32_t at_once, uint32_t threads, results *out) {
  vae_error err;
  vae_model *model = NULL;
  vaei_pass pass;
  test_random random = {21};
  vae_error_init(&err);
  memset(out, 0, sizeof *out);
  CHECK_OK(test_create(spec, 4, NULL, &model, &err), &err);
  CHECK_OK(test_fill_parameters(model, &random, 1.0, &err), &err);
  float *x = test_spec_rows(&random, spec, ROWS);
  float *c = test_normals(&random, ROWS * (size_t)CONDITION);
  const vae_condition condition = test_condition(VAE_CONDITION_FLOAT32, c, ROWS);
  vae_data data = test_floats(x, ROWS, INPUTS);
  if (spec->condition_dim) data.condition = &condition;
  const vaei_pass_size size = {
      .rows = ROWS, .draws = (uint64_t)ROWS * spec->objective.samples, .at_once = at_once, .gradients = true};
  CHECK_OK(vaei_pass_open(&pass, model, kernels, bf16, &model->allocator, &size, &err), &err);
  CHECK_OK(vaei_pass_fit_objective(&pass, &spec->objective, &err), &err);
  const size_t bytes = out->block_bytes = model->block_size * sizeof(float);
  out->gradients = calloc(1, bytes);
  out->parameters = calloc(1, bytes);
  _Atomic size_t bad_row = SIZE_MAX;
  job j = {.pass = &pass,
           .batch = {.source = {.data = &data},
                     .stream = {.seed = 9, .stream = VAEI_STREAM_TRAINING},
                     .terms = {.rows = ROWS,
                               .terms = {.loss = out->loss,
                                         .kl = out->kl,
                                         .reconstruction = out->reconstruction,
                                         .mean = out->mean,
                                         .logvar = out->logvar,
                                         .sample_nll = out->sample_nll,
                                         .z = out->z,
                                         .output = out->output}},
                     .bad_row = &bad_row},
           .adam = {.m = calloc(1, bytes),
                    .v = calloc(1, bytes),
                    .learning_rate = 1e-2,
                    .beta1 = 0.9,
                    .beta2 = 0.999,
                    .epsilon = 1e-8},
           .out = out,
           .model = model};
  j.steps = vaei_adam_next(&j.adam);
  vaei_pass_begin(&pass, ROWS, &spec->objective);
  vaei_team_run(threads, run, &j);
  CHECK(!atomic_load(&pass.not_finite));
  CHECK(bad_row == SIZE_MAX);
  vaei_pass_add_sums(&pass, &out->sums);
  memcpy(out->parameters, model->block, bytes);
  vaei_pass_close(&pass);
  free(j.adam.m);
  free(j.adam.v);
  vae_model_free(model);
  free(x);
  free(c);
}

static void free_results(results *r) {
  free(r->gradients);
  free(r->parameters);
}

static void check_parts(const test_spec *spec, const vaei_kernels *kernels, const vaei_bf16_kernels *bf16) {
  const uint32_t samples = spec->objective.samples;
  const uint32_t at_once[] = {2 * samples + 1, 4 * samples, bf16 ? 2 * samples : samples, samples - 1, 4, 2};
  results all, some;
  run_batch(spec, kernels, bf16, ROWS * samples, 1, &all);
  for (size_t i = 0; i < sizeof at_once / sizeof *at_once; i++) {
    /* An odd number of one example's rows is no whole number of bf16's pairs: other sums than those over all rows. */
    if (bf16 && samples % 2 && at_once[i] < samples) continue;
    const uint32_t threads = 1 + (uint32_t)i % 3;
    harness_note("%s, %s, %s, %s, %s, %u samples, %u rows at once, %u threads", vae_isa_name(kernels->isa),
                 bf16 ? "bf16" : "float32", vae_likelihood_name(spec->likelihood), vae_prior_name(spec->prior),
                 vae_objective_name(spec->objective.kind), samples, at_once[i], threads);
    run_batch(spec, kernels, bf16, at_once[i], threads, &some);
    CHECK_BYTES(all.loss, some.loss, sizeof all.loss);
    CHECK_BYTES(all.kl, some.kl, sizeof all.kl);
    CHECK_BYTES(all.reconstruction, some.reconstruction, sizeof all.reconstruction);
    CHECK_BYTES(all.mean, some.mean, sizeof all.mean);
    CHECK_BYTES(all.logvar, some.logvar, sizeof all.logvar);
    CHECK_BYTES(all.sample_nll, some.sample_nll, sizeof all.sample_nll);
    CHECK_BYTES(all.z, some.z, sizeof all.z);
    CHECK_BYTES(all.output, some.output, sizeof all.output);
    CHECK_BYTES(&all.sums, &some.sums, sizeof all.sums);
    CHECK_BYTES(all.gradients, some.gradients, all.block_bytes);
    CHECK_BYTES(all.parameters, some.parameters, all.block_bytes);
    free_results(&some);
  }
  free_results(&all);
}

static void check_objectives(const vaei_kernels *kernels, const vaei_bf16_kernels *bf16, vae_likelihood likelihood,
                             vae_sigma_kind sigma_kind, vae_prior prior) {
  test_spec spec = test_spec_linear(INPUTS, LATENTS);
  test_spec_set_likelihood(&spec, likelihood);
  spec.sigma_kind = sigma_kind;
  spec.prior = prior;
  if (prior == VAE_PRIOR_MIXTURE || prior == VAE_PRIOR_VAMP) spec.prior_components = 19;
  test_spec_add_encoder(&spec, 33, VAE_ACTIVATION_TANH);
  test_spec_add_decoder(&spec, 21, VAE_ACTIVATION_SILU);
  test_spec_add_decoder(&spec, 18, VAE_ACTIVATION_RELU);
  if (prior == VAE_PRIOR_CONDITIONAL) {
    spec.condition_dim = CONDITION;
    test_spec_add_prior_net(&spec, 19, VAE_ACTIVATION_TANH);
  }
  for (uint32_t samples = 6; samples <= MOST_SAMPLES; samples++) {
    spec.objective.samples = samples;
    spec.objective.kind = VAE_OBJECTIVE_ELBO;
    check_parts(&spec, kernels, bf16);
    spec.objective.regularizer = VAE_REGULARIZER_TC;
    spec.objective.regularizer_weight = 5.0;
    spec.objective.free_bits = 0.3;
    check_parts(&spec, kernels, bf16);
    spec.objective.regularizer = VAE_REGULARIZER_NONE;
    spec.objective.regularizer_weight = spec.objective.free_bits = 0.0;
    spec.objective.kind = VAE_OBJECTIVE_IWAE;
    check_parts(&spec, kernels, bf16);
    spec.objective.estimator = VAE_ESTIMATOR_DOUBLY_REPARAMETERIZED;
    check_parts(&spec, kernels, bf16);
    spec.objective.estimator = VAE_ESTIMATOR_PLAIN;
  }
}

/* A likelihood that works on tiles, those with learned constants besides, and each way of working on rows; and a prior with a
 * net, whose rows are no draws, and priors whose gradients all rows share. */
static const struct {
  vae_likelihood likelihood;
  vae_sigma_kind sigma_kind;
  vae_prior prior;
} cases[] = {{VAE_LIKELIHOOD_BERNOULLI, VAE_SIGMA_FIXED, VAE_PRIOR_STANDARD},
             {VAE_LIKELIHOOD_BERNOULLI, VAE_SIGMA_FIXED, VAE_PRIOR_CONDITIONAL},
             {VAE_LIKELIHOOD_NEGATIVE_BINOMIAL, VAE_SIGMA_FIXED, VAE_PRIOR_STANDARD},
             {VAE_LIKELIHOOD_STUDENT_T, VAE_SIGMA_FIXED, VAE_PRIOR_CONDITIONAL},
             {VAE_LIKELIHOOD_CATEGORICAL, VAE_SIGMA_FIXED, VAE_PRIOR_STANDARD},
             {VAE_LIKELIHOOD_LAPLACE, VAE_SIGMA_GLOBAL, VAE_PRIOR_STANDARD},
             {VAE_LIKELIHOOD_GAUSSIAN, VAE_SIGMA_PER_OUTPUT, VAE_PRIOR_CONDITIONAL},
             {VAE_LIKELIHOOD_BERNOULLI, VAE_SIGMA_FIXED, VAE_PRIOR_VAMP},
             {VAE_LIKELIHOOD_GAUSSIAN, VAE_SIGMA_GLOBAL, VAE_PRIOR_MIXTURE}};

int main(void) {
  vae_isa isas[TEST_ISAS];
  const size_t count = test_isas(isas);
  for (size_t i = 0; i < count; i++) {
    vae_error err;
    const vaei_kernels *kernels = NULL;
    vae_error_init(&err);
    if (!CHECK_OK(vaei_kernels_find(isas[i], &kernels, &err), &err)) continue;
    const vaei_bf16_kernels *bf16 = NULL;
    if (vaei_bf16_find(kernels, &bf16, &err) != VAE_OK) bf16 = NULL;
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
      check_objectives(kernels, NULL, cases[k].likelihood, cases[k].sigma_kind, cases[k].prior);
      check_objectives(kernels, &vaei_bf16_portable, cases[k].likelihood, cases[k].sigma_kind, cases[k].prior);
      if (bf16) check_objectives(kernels, bf16, cases[k].likelihood, cases[k].sigma_kind, cases[k].prior);
    }
  }
  return harness_finish("parts");
}
