/* What an objective adds to the ELBO, against closed forms and the oracle: free bits, the capacity and the regularizers; batches
 * of one row; evaluations in chunks of any size; the capacity's way through a run. Gradients are in gradient_oracle_test.c. */
#include <stdbool.h>

#include "core/random.h"
#include "harness.h"
#include "oracle_objective.h"
#include "support.h"

static vae_error err;

/* A model whose q is written in its rows: x = [mean | logvar]. */
static vae_model *posterior_model(uint32_t latents) {
  test_spec spec = test_spec_linear(2 * latents, latents);
  vae_model *model = NULL;
  spec.likelihood = VAE_LIKELIHOOD_GAUSSIAN;
  spec.sigma = 1.0;
  CHECK_OK(test_create(&spec, 1, NULL, &model, &err), &err);
  const size_t width = 2 * (size_t)latents;
  float *mean = test_allocate(latents * width * sizeof *mean),
        *logvar = test_allocate(latents * width * sizeof *logvar);
  for (size_t k = 0; k < latents; k++) mean[k * width + k] = logvar[k * width + latents + k] = 1.0f;
  CHECK_OK(vae_model_set_parameter(model, "encoder.mean.weight", mean, latents * width, &err), &err);
  CHECK_OK(vae_model_set_parameter(model, "encoder.logvar.weight", logvar, latents * width, &err), &err);
  free(mean);
  free(logvar);
  return model;
}

static vae_objective objective_with(vae_regularizer regularizer, double weight, double diagonal) {
  vae_objective objective;
  vae_objective_init(&objective);
  objective.regularizer = regularizer;
  objective.regularizer_weight = weight;
  objective.regularizer_diagonal = diagonal;
  return objective;
}

/* The penalty of a batch whose q is `rows` [n, 2 Z], with noise 0. */
static double penalty_of(uint32_t latents, const float *rows, size_t n, const vae_objective *objective) {
  vae_model *model = posterior_model(latents);
  vae_workspace *workspace = test_workspace(model, VAE_ISA_AUTO, 2, n);
  float *noise = test_allocate(n * latents * sizeof *noise);
  const vae_data data = test_floats(rows, n, 2 * (size_t)latents);
  vae_loss loss;
  vae_loss_init(&loss);
  CHECK_OK(vae_model_loss_and_gradients(model, workspace, &data, objective, noise, 0, &loss, NULL, &err), &err);
  vae_workspace_free(workspace);
  vae_model_free(model);
  free(noise);
  return loss.penalty;
}

static void check_dip(void) {
  const float cross[] = {1, 0, 0, 0, -1, 0, 0, 0, 0, 1, 0, 0, 0, -1, 0, 0}; /* covariance: 1/2 on the diagonal */
  const float line[] = {6, 6, 0, 0, 4, 4, 0, 0};                            /* all of it 1, about a centre of 5 */
  harness_note("dip");
  vae_objective one = objective_with(VAE_REGULARIZER_DIP_I, 7.0, 3.0), two = one;
  two.regularizer = VAE_REGULARIZER_DIP_II; /* q's variances of 1 besides */
  CHECK_NEAR(penalty_of(2, cross, 4, &one), 3.0 * 2 * 0.25, 1e-12);
  CHECK_NEAR(penalty_of(2, cross, 4, &two), 3.0 * 2 * 0.25, 1e-12);
  CHECK_NEAR(penalty_of(2, line, 2, &one), 7.0 * 2, 1e-12);
  CHECK_NEAR(penalty_of(2, line, 2, &two), 7.0 * 2 + 3.0 * 2, 1e-12);
}

/* Means equal to the draws that they are compared with: only the pairs of a draw with itself are missing. */
static void check_mmd(void) {
  enum { N = 21, Z = 3 };
  float *prior = oracle_prior_draws(0, VAEI_STREAM_TRAINING, 0, N, Z), rows[N * 2 * Z] = {0};
  for (size_t i = 0; i < N; i++) memcpy(rows + i * 2 * Z, prior + i * Z, Z * sizeof *rows);
  for (int inverse = 0; inverse < 2; inverse++) {
    harness_note("%s", inverse ? "mmd_imq" : "mmd_rbf");
    double mean = 0;
    for (size_t i = 0; i < N; i++)
      for (size_t j = 0; j < N; j++) {
        double squares = 0;
        for (size_t k = 0; k < Z; k++) squares += pow((double)prior[i * Z + k] - (double)prior[j * Z + k], 2);
        if (i != j) mean += (inverse ? 6 / (6 + squares) : exp(-squares / 6)) / (N * (N - 1.0));
      }
    const vae_objective o = objective_with(inverse ? VAE_REGULARIZER_MMD_IMQ : VAE_REGULARIZER_MMD_RBF, 5.0, 0);
    CHECK_NEAR(penalty_of(Z, rows, N, &o), 5.0 * 2.0 / N * (mean - 1.0), 1e-6);
  }
  free(prior);
}

static int compare_floats(const void *a, const void *b) {
  const float x = *(const float *)a, y = *(const float *)b;
  return (x > y) - (x < y);
}

/* On a line every direction is the line. */
static void check_wasserstein(void) {
  enum { N = 50 };
  float *prior = oracle_prior_draws(0, VAEI_STREAM_TRAINING, 0, N, 1), rows[2 * N] = {0}, means[N];
  test_random random = {3};
  const vae_objective o = objective_with(VAE_REGULARIZER_SLICED_WASSERSTEIN, 2.0, 0);
  harness_note("sliced_wasserstein");
  for (size_t i = 0; i < N; i++) rows[2 * i] = prior[N - 1 - i];
  CHECK_NEAR(penalty_of(1, rows, N, &o), 0.0, 0.0);
  for (size_t i = 0; i < N; i++)
    rows[2 * i] = means[i] = (float)(i % 7 ? test_normal(&random) - 1.0 : 0.0); /* some equal */
  qsort(means, N, sizeof *means, compare_floats);
  qsort(prior, N, sizeof *prior, compare_floats);
  double sum = 0;
  for (size_t i = 0; i < N; i++) sum += pow((double)means[i] - (double)prior[i], 2);
  CHECK_NEAR(penalty_of(1, rows, N, &o), 2.0 * sum / N, 1e-6 * sum / N);
  free(prior);
}

/* q in narrow peaks far apart: on a grid the latents are independent, on a diagonal one tells the other. */
static void check_total_correlation(void) {
  enum { SIDE = 4, N = SIDE * SIDE };
  float grid[N * 4], diagonal[N * 4], same[N * 4];
  for (int i = 0; i < N; i++) {
    const float narrow[4] = {(float)(i / SIDE), (float)(i % SIDE), -12, -12};
    const float straight[4] = {(float)i, (float)i, -12, -12}, wide[4] = {1, -2, 0.5f, -0.5f};
    memcpy(grid + 4 * i, narrow, sizeof narrow);
    memcpy(diagonal + 4 * i, straight, sizeof straight);
    memcpy(same + 4 * i, wide, sizeof wide);
  }
  harness_note("tc");
  vae_objective o = objective_with(VAE_REGULARIZER_TC, 3.0, 0);
  o.data_rows = 1;
  CHECK_NEAR(penalty_of(2, grid, N, &o), 0.0, 1e-5);
  CHECK_NEAR(penalty_of(2, same, N, &o), 0.0, 1e-5);
  CHECK_NEAR(penalty_of(2, diagonal, N, &o), 3.0 * log(N), 1e-5);
  o.data_rows = 60000; /* a constant more */
  CHECK_NEAR(penalty_of(2, diagonal, N, &o), 3.0 * (log(N) + log(60000)), 1e-5);
  o.data_rows = 0; /* the rows of the batch */
  CHECK_NEAR(penalty_of(2, diagonal, N, &o), 3.0 * 2 * log(N), 1e-5);
}

static void check_kl_terms(void) {
  const float rows[] = {2, 0.5f, 0, 0, 0, -0.5f, 0, 0}; /* KL of the latents: 1 and 1/8 */
  vae_objective o;
  vae_objective_init(&o);
  harness_note("free bits and capacity");
  o.beta = 4.0;
  o.free_bits = 0.5;
  CHECK_NEAR(penalty_of(2, rows, 2, &o), 4.0 * (0.5 - 0.125), 1e-6);
  o.free_bits = 2.0;
  CHECK_NEAR(penalty_of(2, rows, 2, &o), 4.0 * (1.0 + 1.875), 1e-6);
  o.free_bits = 0.1;
  CHECK_NEAR(penalty_of(2, rows, 2, &o), 0.0, 0.0);
  o.free_bits = 0;
  o.capacity_weight = 10.0;
  o.capacity = 3.125;
  CHECK_NEAR(penalty_of(2, rows, 2, &o), 20.0, 1e-5);
  o.capacity = 0;
  CHECK_NEAR(penalty_of(2, rows, 2, &o), 11.25, 1e-5);
}

/* A batch of one row: nothing to couple, to the bit. */
static void check_one_row(void) {
  test_spec spec = test_spec_hidden(7, 9, VAE_ACTIVATION_TANH, 4);
  test_random random = {8};
  vae_model *model = NULL;
  CHECK_OK(test_create(&spec, 3, NULL, &model, &err), &err);
  float *x = test_spec_rows(&random, &spec, 1), plain[63], with[63];
  const vae_data data = test_floats(x, 1, 7);
  vae_workspace *workspace = test_workspace(model, VAE_ISA_AUTO, 2, 4);
  for (vae_regularizer r = VAE_REGULARIZER_NONE; vae_regularizer_name(r); r++) {
    const bool dip = r == VAE_REGULARIZER_DIP_I || r == VAE_REGULARIZER_DIP_II;
    const vae_objective o = objective_with(r, r ? 100.0 : 0.0, dip ? 50.0 : 0.0);
    vae_loss loss;
    vae_loss_init(&loss);
    harness_note("one row, %s", vae_regularizer_name(r));
    CHECK_OK(vae_model_loss_and_gradients(model, workspace, &data, &o, NULL, 5, &loss, NULL, &err), &err);
    CHECK(loss.penalty == 0.0);
    CHECK_OK(vae_workspace_get_gradient(workspace, "encoder.0.weight", r ? with : plain, 63, &err), &err);
    if (r) CHECK_BYTES(plain, with, sizeof plain);
    CHECK_OK(vae_model_evaluate(model, workspace, &data, &o, 5, &loss, NULL, &err), &err);
    CHECK(loss.penalty == 0.0);
  }
  vae_workspace_free(workspace);
  vae_model_free(model);
  free(x);
}

/* The penalty of an evaluation by the oracle: KL terms over all rows, regularizers over blocks. */
static double evaluated_penalty(const vae_objective *o, const vae_terms *terms, size_t n, size_t latents,
                                uint64_t seed) {
  double *q[3], nearest = 1.0;
  const float *from[3] = {terms->mean, terms->logvar, terms->z};
  for (int i = 0; i < 3; i++) {
    q[i] = test_allocate(n * latents * sizeof(double));
    for (size_t j = 0; j < n * latents; j++) q[i][j] = from[i][j];
  }
  float *directions = oracle_directions(seed, VAEI_STREAM_EVALUATION, 50, latents);
  vae_objective kl_terms = *o, others = *o;
  kl_terms.regularizer = VAE_REGULARIZER_NONE;
  others.free_bits = others.capacity_weight = 0;
  if (!others.data_rows) others.data_rows = n;
  double penalty = (double)oracle_penalty(
      &kl_terms, &(oracle_posterior){.n = n, .latents = latents, .mean = q[0], .logvar = q[1], .z = q[2]}, &nearest);
  const size_t blocks = (n + 255) / 256;
  for (size_t b = 0; b < blocks; b++) {
    const size_t begin = n * b / blocks, rows = n * (b + 1) / blocks - begin, at = begin * latents;
    float *prior = oracle_prior_draws(seed, VAEI_STREAM_EVALUATION, begin, rows, latents);
    const oracle_posterior block = {.n = rows,
                                    .latents = latents,
                                    .mean = q[0] + at,
                                    .logvar = q[1] + at,
                                    .z = q[2] + at,
                                    .prior = prior,
                                    .directions = directions};
    penalty += (double)oracle_penalty(&others, &block, &nearest) * (double)rows / (double)n;
    free(prior);
  }
  for (int i = 0; i < 3; i++) free(q[i]);
  free(directions);
  return penalty;
}

/* The same bits for any cutting and any team, and what the oracle says. */
static void check_evaluation(vae_regularizer regularizer, size_t n) {
  enum { Z = 5, SEED = 11 };
  static const size_t max_rows[] = {256, 1, 100, 31, 1000};
  test_spec spec = test_spec_hidden(6, 8, VAE_ACTIVATION_TANH, Z);
  test_random random = {17};
  vae_model *model = NULL;
  const bool dip = regularizer == VAE_REGULARIZER_DIP_I || regularizer == VAE_REGULARIZER_DIP_II;
  vae_objective o = objective_with(regularizer, regularizer ? 3.0 : 0.0, dip ? 2.0 : 0.0);
  o.samples = 2;
  o.beta = 0.5;
  o.free_bits = 0.4;
  o.capacity_weight = 2.0;
  o.capacity = 25.0;
  spec.objective = o;
  CHECK_OK(test_create(&spec, 3, NULL, &model, &err), &err);
  CHECK_OK(test_fill_parameters(model, &random, 1.5, &err), &err);
  float *x = test_spec_rows(&random, &spec, n);
  const vae_data data = test_floats(x, n, 6);
  vae_loss first, loss;
  vae_terms all = test_terms(&spec, n), terms = test_terms(&spec, n);
  vae_loss_init(&first);
  for (size_t i = 0; i < sizeof max_rows / sizeof *max_rows; i++) {
    vae_workspace *workspace = test_workspace(model, VAE_ISA_AUTO, 1 + (int32_t)i, max_rows[i]);
    vae_loss_init(&loss);
    harness_note("evaluate, %s, %zu rows, %zu at a time", vae_regularizer_name(regularizer), n, max_rows[i]);
    CHECK_OK(vae_model_evaluate(model, workspace, &data, &o, SEED, i ? &loss : &first, i ? &terms : &all, &err), &err);
    if (i) CHECK_BYTES(&first, &loss, sizeof loss);
    if (i) CHECK_BYTES(all.loss, terms.loss, n * sizeof *all.loss);
    vae_workspace_free(workspace);
  }
  const double expected = evaluated_penalty(&o, &all, n, Z, SEED);
  double mean = 0;
  for (size_t i = 0; i < n; i++) mean += all.loss[i] / (double)n;
  CHECK_NEAR(first.penalty, expected, 2e-6 * fabs(expected) + 2e-6);
  CHECK_NEAR(first.loss, first.reconstruction + 0.5 * first.kl + first.penalty, 1e-12 * fabs(first.loss));
  CHECK_NEAR(first.loss, mean, 1e-6 * fabs(mean));
  test_terms_free(&all);
  test_terms_free(&terms);
  vae_model_free(model);
  free(x);
}

/* C(t) of the steps of two epochs of four batches; a measurement takes the last one. */
static void check_capacity_schedule(void) {
  test_spec spec = test_spec_hidden(6, 8, VAE_ACTIVATION_TANH, 2);
  test_random random = {5};
  vae_model *model = NULL;
  vae_trainer *trainer = NULL;
  vae_training training;
  vae_trainer_info info;
  harness_note("capacity schedule");
  CHECK_OK(test_create(&spec, 3, NULL, &model, &err), &err);
  float *x = test_spec_rows(&random, &spec, 16);
  const vae_data data = test_floats(x, 16, 6), some = test_floats(x, 4, 6);
  vae_training_init(&training);
  training.batch_size = 4;
  training.objective.capacity_weight = 1.0;
  training.objective.capacity = 12.0;
  training.capacity_epochs = 2.0;
  training.objective.beta = 0;
  CHECK_OK(vae_trainer_create(model, &training, NULL, &trainer, &err), &err);
  static const double expected[] = {0.0, 4.5, 6.0, 10.5, 12.0, 12.0, 12.0};
  for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
    /* Even ones: a step, which begins where an epoch would; odd ones: the last batch of an epoch. */
    vae_loss loss;
    vae_loss_init(&loss);
    if (i % 2) CHECK_OK(vae_trainer_epoch(trainer, &data, NULL, NULL, NULL, &err), &err);
    else CHECK_OK(vae_trainer_step(trainer, &some, NULL, &loss, NULL, &err), &err);
    vae_trainer_info_init(&info);
    CHECK_OK(vae_trainer_get_info(trainer, &info, &err), &err);
    CHECK_NEAR(info.capacity, expected[i], 1e-12);
    if (i % 2 == 0) CHECK_NEAR(loss.penalty, fabs(loss.kl - expected[i]), 1e-9);
  }
  vae_trainer_free(trainer);
  vae_model_free(model);
  free(x);
}

int main(void) {
  vae_error_init(&err);
  check_dip();
  check_mmd();
  check_wasserstein();
  check_total_correlation();
  check_kl_terms();
  check_one_row();
  for (vae_regularizer r = VAE_REGULARIZER_NONE; vae_regularizer_name(r); r++) {
    check_evaluation(r, 37);
    check_evaluation(r, 600);
  }
  check_evaluation(VAE_REGULARIZER_TC, 257);
  check_capacity_schedule();
  return harness_finish("objective");
}
