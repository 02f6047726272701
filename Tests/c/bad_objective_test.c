/* Objectives that are not allowed: each with the field, its value and the reason in the message, from a training configuration and
 * from a measurement; and what combines is taken. */
#include "refused.h"
#include "support.h"

static vae_model *model;
static vae_workspace *workspace;
static const float x[12];

static void refuse(const vae_objective *objective, const char *field, const char *why) {
  vae_training training;
  vae_trainer *trainer = NULL;
  vae_loss loss;
  const vae_data data = test_floats(x, 2, 6);
  vae_loss_init(&loss);
  vae_training_init(&training);
  training.objective = *objective;
  harness_note("%s, %s", field, why);
  REFUSED(vae_trainer_create(model, &training, NULL, &trainer, &err), VAE_ERROR_INVALID_ARGUMENT, field, why);
  CHECK(trainer == NULL);
  REFUSED(vae_model_evaluate(model, workspace, &data, objective, 0, &loss, NULL, &err), VAE_ERROR_INVALID_ARGUMENT,
          field, why);
}

static vae_objective plain(void) {
  vae_objective objective;
  vae_objective_init(&objective);
  return objective;
}

static void check_ranges(void) {
  static const struct {
    const char *name;
    size_t offset;
    double value;
    vae_regularizer regularizer;
  } doubles[] = {{"free_bits", offsetof(vae_objective, free_bits), -0.1, 0},
                 {"free_bits", offsetof(vae_objective, free_bits), 1e7, 0},
                 {"free_bits", offsetof(vae_objective, free_bits), NAN, 0},
                 {"capacity_weight", offsetof(vae_objective, capacity_weight), -1, 0},
                 {"capacity_weight", offsetof(vae_objective, capacity_weight), INFINITY, 0},
                 {"capacity", offsetof(vae_objective, capacity), -1, 0},
                 {"regularizer_weight", offsetof(vae_objective, regularizer_weight), -0.1, VAE_REGULARIZER_DIP_I},
                 {"regularizer_weight", offsetof(vae_objective, regularizer_weight), -1.1, VAE_REGULARIZER_TC},
                 {"regularizer_weight", offsetof(vae_objective, regularizer_weight), 1.1e9, VAE_REGULARIZER_MMD_RBF},
                 {"regularizer_weight", offsetof(vae_objective, regularizer_weight), NAN, VAE_REGULARIZER_TC},
                 {"regularizer_diagonal", offsetof(vae_objective, regularizer_diagonal), -1, VAE_REGULARIZER_DIP_II},
                 {"regularizer_diagonal", offsetof(vae_objective, regularizer_diagonal), NAN, VAE_REGULARIZER_DIP_I},
                 {"kernel_scale", offsetof(vae_objective, kernel_scale), 1e-7, VAE_REGULARIZER_MMD_IMQ},
                 {"kernel_scale", offsetof(vae_objective, kernel_scale), -1, VAE_REGULARIZER_MMD_RBF}};
  for (size_t i = 0; i < sizeof doubles / sizeof *doubles; i++) {
    vae_objective o = plain();
    o.regularizer = doubles[i].regularizer;
    memcpy((char *)&o + doubles[i].offset, &doubles[i].value, sizeof(double));
    refuse(&o, doubles[i].name, "allowed");
  }
  vae_objective o = plain();
  for (o.estimator = -1; o.estimator < 3; o.estimator += 3) refuse(&o, "estimator", "allowed");
  o = plain();
  for (o.regularizer = -1; o.regularizer < 8; o.regularizer += 8) refuse(&o, "regularizer", "allowed");
  o.regularizer = VAE_REGULARIZER_SLICED_WASSERSTEIN;
  o.projections = 65537;
  refuse(&o, "projections", "65537");
}

/* Fields that another objective has a use for. */
static void check_combinations(void) {
  vae_objective o = plain();
  o.regularizer_weight = 1;
  refuse(&o, "regularizer_weight", "no regularizer");
  o = plain();
  o.capacity = 5;
  refuse(&o, "capacity", "capacity_weight of 0");
  o = plain();
  o.regularizer = VAE_REGULARIZER_TC;
  o.regularizer_diagonal = 1;
  refuse(&o, "regularizer_diagonal", "dip_i");
  o = plain();
  o.regularizer = VAE_REGULARIZER_DIP_I;
  o.kernel_scale = 1;
  refuse(&o, "kernel_scale", "mmd_rbf");
  o.kernel_scale = 0;
  o.projections = 9;
  refuse(&o, "projections", "sliced_wasserstein");
  o.projections = 0;
  o.data_rows = 100;
  refuse(&o, "data_rows", "tc");
  o = plain();
  o.estimator = VAE_ESTIMATOR_DOUBLY_REPARAMETERIZED;
  refuse(&o, "estimator", "importance-weighted bound");
  o = plain();
  o.kind = VAE_OBJECTIVE_IWAE;
  o.free_bits = 0.1;
  refuse(&o, "free_bits", "importance-weighted bound");
  o.free_bits = 0;
  o.capacity_weight = 1;
  refuse(&o, "capacity_weight", "importance-weighted bound");
  o.capacity_weight = 0;
  o.beta = 4;
  refuse(&o, "beta", "importance-weighted bound");
  o.beta = 1;
  o.regularizer = VAE_REGULARIZER_MMD_RBF;
  refuse(&o, "mmd_rbf", "no bound");
}

static void check_training(void) {
  vae_training training;
  vae_trainer *trainer = NULL;
  static const double dropouts[] = {-0.1, 0.96, 1.0, NAN, INFINITY}, epochs[] = {-1.0, 1e10, NAN};
  vae_training_init(&training);
  for (size_t i = 0; i < sizeof dropouts / sizeof *dropouts; i++) {
    training.dropout = dropouts[i];
    REFUSED(vae_trainer_create(model, &training, NULL, &trainer, &err), VAE_ERROR_INVALID_ARGUMENT, "dropout", "0.95");
  }
  training.dropout = 0;
  training.capacity_epochs = 3;
  REFUSED(vae_trainer_create(model, &training, NULL, &trainer, &err), VAE_ERROR_INVALID_ARGUMENT, "capacity_epochs",
          "capacity_weight");
  training.objective.capacity_weight = 1;
  for (size_t i = 0; i < sizeof epochs / sizeof *epochs; i++) {
    training.capacity_epochs = epochs[i];
    REFUSED(vae_trainer_create(model, &training, NULL, &trainer, &err), VAE_ERROR_INVALID_ARGUMENT, "capacity_epochs",
            "allowed");
  }
}

/* Priors that are not the standard one, where the model can have them. */
static void check_priors(void) {
  test_spec spec = test_spec_linear(6, 2);
  vae_model *conditional = NULL;
  vae_training training;
  vae_trainer *trainer = NULL;
  spec.condition_dim = 3;
  spec.prior = VAE_PRIOR_CONDITIONAL;
  vae_error_init(&err);
  if (test_create(&spec, 1, NULL, &conditional, &err) == VAE_ERROR_UNSUPPORTED) return; /* not in this version */
  vae_training_init(&training);
  training.objective.free_bits = 0.1;
  REFUSED(vae_trainer_create(conditional, &training, NULL, &trainer, &err), VAE_ERROR_INVALID_ARGUMENT, "free_bits",
          "conditional");
  training.objective.free_bits = 0;
  for (vae_regularizer r = VAE_REGULARIZER_TC; vae_regularizer_name(r); r++) {
    training.objective.regularizer = r;
    training.objective.regularizer_weight = 1;
    vae_error_init(&err);
    const vae_status status = vae_trainer_create(conditional, &training, NULL, &trainer, &err);
    harness_note("%s with a conditional prior", vae_regularizer_name(r));
    CHECK_EQUAL(status, r < VAE_REGULARIZER_MMD_RBF ? VAE_OK : VAE_ERROR_INVALID_ARGUMENT);
    if (status != VAE_OK) CHECK_MESSAGE_HAS(err, "conditional");
    vae_trainer_free(trainer);
    trainer = NULL;
  }
  vae_model_free(conditional);
}

int main(void) {
  const test_spec spec = test_spec_linear(6, 2);
  vae_error_init(&err);
  CHECK_OK(test_create(&spec, 1, NULL, &model, &err), &err);
  workspace = test_workspace(model, VAE_ISA_AUTO, 1, 4);
  check_ranges();
  check_combinations();
  check_training();
  check_priors();
  vae_workspace_free(workspace);
  vae_model_free(model);
  return harness_finish("bad_objective");
}
