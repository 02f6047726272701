/* The binary interface is pinned: sizes and offsets of public structs (on 64-bit machines), the numbers of enums and their
 * names. A number here changes only with the SONAME. abi_structs_test.c has what callers get in their structs. */
#include "harness.h"
#include "support.h"

#if UINTPTR_MAX == UINT64_MAX
#define SIZE(type, size) _Static_assert(sizeof(type) == (size), #type " has another size")
#define OFFSET(type, field, offset) \
  _Static_assert(offsetof(type, field) == (offset), #type "." #field " lies elsewhere")
SIZE(vae_error, 520);
OFFSET(vae_error, code, 4);
OFFSET(vae_error, message, 8);
SIZE(vae_allocator, 32);
OFFSET(vae_allocator, user, 8);
OFFSET(vae_allocator, allocate, 16);
OFFSET(vae_allocator, release, 24);
SIZE(vae_layer, 12);
OFFSET(vae_layer, units, 4);
OFFSET(vae_layer, activation, 8);
SIZE(vae_config, 96);
OFFSET(vae_config, input_dim, 4);
OFFSET(vae_config, condition_dim, 8);
OFFSET(vae_config, latent_dim, 12);
OFFSET(vae_config, encoder, 16);
OFFSET(vae_config, decoder, 24);
OFFSET(vae_config, encoder_count, 32);
OFFSET(vae_config, decoder_count, 36);
OFFSET(vae_config, prior, 40);
OFFSET(vae_config, likelihood, 44);
OFFSET(vae_config, output_activation, 48);
OFFSET(vae_config, sigma_kind, 52);
OFFSET(vae_config, sigma, 56);
OFFSET(vae_config, groups, 64);
OFFSET(vae_config, group_count, 72);
OFFSET(vae_config, reserved, 76);
OFFSET(vae_config, prior_net, 80);
OFFSET(vae_config, prior_net_count, 88);
OFFSET(vae_config, prior_components, 92);
SIZE(vae_objective, 216);
OFFSET(vae_objective, kind, 4);
OFFSET(vae_objective, samples, 8);
OFFSET(vae_objective, beta, 16);
OFFSET(vae_objective, binarization, 24);
OFFSET(vae_objective, estimator, 28);
OFFSET(vae_objective, free_bits, 32);
OFFSET(vae_objective, capacity, 40);
OFFSET(vae_objective, capacity_weight, 48);
OFFSET(vae_objective, regularizer, 56);
OFFSET(vae_objective, projections, 60);
OFFSET(vae_objective, regularizer_weight, 64);
OFFSET(vae_objective, regularizer_diagonal, 72);
OFFSET(vae_objective, kernel_scale, 80);
OFFSET(vae_objective, data_rows, 88);
OFFSET(vae_objective, reserved, 96);
SIZE(vae_training, 440);
OFFSET(vae_training, batch_size, 4);
OFFSET(vae_training, objective, 8);
OFFSET(vae_training, learning_rate, 224);
OFFSET(vae_training, beta1, 232);
OFFSET(vae_training, beta2, 240);
OFFSET(vae_training, epsilon, 248);
OFFSET(vae_training, seed, 256);
OFFSET(vae_training, threads, 264);
OFFSET(vae_training, isa, 268);
OFFSET(vae_training, keep_gradients, 272);
OFFSET(vae_training, reserved, 276);
OFFSET(vae_training, precision, 280);
OFFSET(vae_training, precision_fallback, 284);
OFFSET(vae_training, rate_schedule, 288);
OFFSET(vae_training, warm_up, 292);
OFFSET(vae_training, rate_decay, 296);
OFFSET(vae_training, rate_epochs, 304);
OFFSET(vae_training, rate_floor, 312);
OFFSET(vae_training, rate_milestones, 320);
OFFSET(vae_training, warm_up_epochs, 384);
OFFSET(vae_training, warm_up_share, 392);
OFFSET(vae_training, weight_decay, 400);
OFFSET(vae_training, clip_norm, 408);
OFFSET(vae_training, warm_up_cycles, 416);
OFFSET(vae_training, patience, 420);
OFFSET(vae_training, capacity_epochs, 424);
OFFSET(vae_training, dropout, 432);
SIZE(vae_data, 56);
OFFSET(vae_data, type, 4);
OFFSET(vae_data, values, 8);
OFFSET(vae_data, rows, 16);
OFFSET(vae_data, columns, 24);
OFFSET(vae_data, row_stride, 32);
OFFSET(vae_data, scale, 40);
OFFSET(vae_data, condition, 48);
SIZE(vae_condition, 40);
OFFSET(vae_condition, type, 4);
OFFSET(vae_condition, values, 8);
OFFSET(vae_condition, rows, 16);
OFFSET(vae_condition, row_stride, 24);
OFFSET(vae_condition, scale, 32);
SIZE(vae_preset_info, 32);
OFFSET(vae_preset_info, epochs, 4);
OFFSET(vae_preset_info, name, 8);
OFFSET(vae_preset_info, source, 16);
OFFSET(vae_preset_info, summary, 24);
SIZE(vae_loss, 120);
OFFSET(vae_loss, examples, 8);
OFFSET(vae_loss, loss, 16);
OFFSET(vae_loss, reconstruction, 24);
OFFSET(vae_loss, kl, 32);
OFFSET(vae_loss, negative_elbo, 40);
OFFSET(vae_loss, penalty, 48);
OFFSET(vae_loss, reserved, 56);
SIZE(vae_terms, 72);
OFFSET(vae_terms, loss, 8);
OFFSET(vae_terms, kl, 16);
OFFSET(vae_terms, reconstruction, 24);
OFFSET(vae_terms, sample_nll, 32);
OFFSET(vae_terms, mean, 40);
OFFSET(vae_terms, logvar, 48);
OFFSET(vae_terms, z, 56);
OFFSET(vae_terms, output, 64);
SIZE(vae_model_options, 24);
OFFSET(vae_model_options, seed, 8);
OFFSET(vae_model_options, allocator, 16);
SIZE(vae_parameter_info, 64);
OFFSET(vae_parameter_info, name, 8);
OFFSET(vae_parameter_info, rank, 16);
OFFSET(vae_parameter_info, shape, 24);
OFFSET(vae_parameter_info, count, 56);
SIZE(vae_workspace_options, 24);
OFFSET(vae_workspace_options, max_rows, 4);
OFFSET(vae_workspace_options, threads, 8);
OFFSET(vae_workspace_options, isa, 12);
OFFSET(vae_workspace_options, allocator, 16);
SIZE(vae_workspace_info, 24);
OFFSET(vae_workspace_info, threads, 4);
OFFSET(vae_workspace_info, isa, 8);
OFFSET(vae_workspace_info, max_rows, 12);
OFFSET(vae_workspace_info, bytes, 16);
SIZE(vae_progress, 160);
OFFSET(vae_progress, epoch, 8);
OFFSET(vae_progress, batch, 16);
OFFSET(vae_progress, batches, 24);
OFFSET(vae_progress, step, 32);
OFFSET(vae_progress, loss, 40);
SIZE(vae_trainer_info, 104);
OFFSET(vae_trainer_info, threads, 4);
OFFSET(vae_trainer_info, isa, 8);
OFFSET(vae_trainer_info, epoch, 16);
OFFSET(vae_trainer_info, batch, 24);
OFFSET(vae_trainer_info, step, 32);
OFFSET(vae_trainer_info, bytes, 40);
OFFSET(vae_trainer_info, precision, 48);
OFFSET(vae_trainer_info, waited, 52);
OFFSET(vae_trainer_info, learning_rate, 56);
OFFSET(vae_trainer_info, beta, 64);
OFFSET(vae_trainer_info, gradient_norm, 72);
OFFSET(vae_trainer_info, best_loss, 80);
OFFSET(vae_trainer_info, best_epoch, 88);
OFFSET(vae_trainer_info, capacity, 96);
SIZE(vae_statistics_options, 40);
OFFSET(vae_statistics_options, samples, 4);
OFFSET(vae_statistics_options, seed, 8);
OFFSET(vae_statistics_options, active_variance, 16);
OFFSET(vae_statistics_options, bin_width, 24);
OFFSET(vae_statistics_options, aggregate_rows, 32);
OFFSET(vae_statistics_options, reserved, 36);
SIZE(vae_statistics, 144);
OFFSET(vae_statistics, warnings, 4);
OFFSET(vae_statistics, examples, 8);
OFFSET(vae_statistics, log_evidence, 16);
OFFSET(vae_statistics, standard_error, 24);
OFFSET(vae_statistics, interval_low, 32);
OFFSET(vae_statistics, interval_high, 40);
OFFSET(vae_statistics, sampling_error, 48);
OFFSET(vae_statistics, effective_samples, 56);
OFFSET(vae_statistics, effective_samples_min, 64);
OFFSET(vae_statistics, few_effective, 72);
OFFSET(vae_statistics, reconstruction, 80);
OFFSET(vae_statistics, kl, 88);
OFFSET(vae_statistics, negative_elbo, 96);
OFFSET(vae_statistics, mutual_information, 104);
OFFSET(vae_statistics, aggregate_kl, 112);
OFFSET(vae_statistics, bits_per_dimension, 120);
OFFSET(vae_statistics, bits, 128);
OFFSET(vae_statistics, active_latents, 132);
OFFSET(vae_statistics, aggregate_rows, 136);
OFFSET(vae_statistics, reserved, 140);
SIZE(vae_statistics_arrays, 40);
OFFSET(vae_statistics_arrays, latent_kl, 8);
OFFSET(vae_statistics_arrays, latent_variance, 16);
OFFSET(vae_statistics_arrays, log_evidence, 24);
OFFSET(vae_statistics_arrays, effective_samples, 32);
#undef SIZE
#undef OFFSET
#endif

_Static_assert(sizeof(vae_status) == 4 && sizeof(vae_isa) == 4 && sizeof(vae_precision) == 4 &&
                   sizeof(vae_activation) == 4,
               "enums are int32_t");
_Static_assert(sizeof(vae_likelihood) == 4 && sizeof(vae_prior) == 4 && sizeof(vae_sigma_kind) == 4, "int32_t");
_Static_assert(sizeof(vae_precision) == 4, "enums are int32_t");
_Static_assert(sizeof(vae_rate_schedule) == 4 && sizeof(vae_warm_up) == 4 && sizeof(vae_binarization) == 4,
               "enums are int32_t");
_Static_assert(sizeof(vae_objective_kind) == 4 && sizeof(vae_data_type) == 4, "enums are int32_t");
_Static_assert(sizeof(vae_bits) == 4 && sizeof(vae_statistics_warnings) == 4, "four bytes");

/* A number that files, bindings or callers have stored. */
typedef struct pinned {
  const char *name;
  int32_t is, must_be;
} pinned;

static void check_numbers(void) {
  static const pinned numbers[] = {
      {"VAE_OK", VAE_OK, 0},
      {"VAE_ERROR_INVALID_ARGUMENT", VAE_ERROR_INVALID_ARGUMENT, 1},
      {"VAE_ERROR_MISMATCH", VAE_ERROR_MISMATCH, 2},
      {"VAE_ERROR_DATA", VAE_ERROR_DATA, 3},
      {"VAE_ERROR_NOT_FINITE", VAE_ERROR_NOT_FINITE, 4},
      {"VAE_ERROR_OUT_OF_MEMORY", VAE_ERROR_OUT_OF_MEMORY, 5},
      {"VAE_ERROR_IO", VAE_ERROR_IO, 6},
      {"VAE_ERROR_FORMAT", VAE_ERROR_FORMAT, 7},
      {"VAE_ERROR_UNSUPPORTED", VAE_ERROR_UNSUPPORTED, 8},
      {"VAE_STOPPED", VAE_STOPPED, 9},
  };
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
    CHECK_THAT(numbers[i].is == numbers[i].must_be, "%s is %d", numbers[i].name, (int)numbers[i].is);
    CHECK_THAT(strcmp(vae_status_name(numbers[i].is), numbers[i].name) == 0, "%s is called %s", numbers[i].name,
               vae_status_name(numbers[i].is));
  }
  CHECK(strcmp(vae_status_name(10), "unknown status") == 0 && strcmp(vae_status_name(-1), "unknown status") == 0);
  CHECK(VAE_PRECISION_FLOAT32 == 0 && VAE_PRECISION_BFLOAT16 == 1 && VAE_PRECISION_INT8 == 2);
  CHECK(VAE_ISA_AUTO == 0 && VAE_ISA_PORTABLE == 1 && VAE_ISA_AVX2 == 2 && VAE_ISA_AVX512 == 3 && VAE_ISA_NEON == 4);
  CHECK(VAE_ACTIVATION_IDENTITY == 0 && VAE_ACTIVATION_RELU == 1 && VAE_ACTIVATION_LEAKY_RELU == 2);
  CHECK(VAE_ACTIVATION_TANH == 3 && VAE_ACTIVATION_SIGMOID == 4 && VAE_ACTIVATION_ELU == 5);
  CHECK(VAE_ACTIVATION_SILU == 6 && VAE_ACTIVATION_GELU == 7 && VAE_ACTIVATION_SOFTPLUS == 8);
  CHECK(VAE_LIKELIHOOD_BERNOULLI == 0 && VAE_LIKELIHOOD_GAUSSIAN == 1 && VAE_PRIOR_STANDARD == 0);
  CHECK(VAE_LIKELIHOOD_CONTINUOUS_BERNOULLI == 2 && VAE_LIKELIHOOD_LAPLACE == 3 && VAE_LIKELIHOOD_LOG_COSH == 4);
  CHECK(VAE_LIKELIHOOD_POISSON == 5 && VAE_LIKELIHOOD_CATEGORICAL == 6 && VAE_MAX_GROUPS == 4096);
  CHECK(VAE_LIKELIHOOD_NEGATIVE_BINOMIAL == 7 && VAE_LIKELIHOOD_STUDENT_T == 8 && VAE_MAX_COMPONENTS == 4096);
  CHECK(VAE_PRIOR_CONDITIONAL == 1 && VAE_PRIOR_MIXTURE == 2 && VAE_PRIOR_VAMP == 3);
  CHECK(VAE_CONDITION_FLOAT32 == 0 && VAE_CONDITION_UINT8 == 1 && VAE_CONDITION_LABELS_UINT8 == 2);
  CHECK(VAE_CONDITION_LABELS_UINT32 == 3);
  CHECK(VAE_ESTIMATOR_PLAIN == 0 && VAE_ESTIMATOR_DOUBLY_REPARAMETERIZED == 1);
  CHECK(VAE_REGULARIZER_NONE == 0 && VAE_REGULARIZER_TC == 1 && VAE_REGULARIZER_DIP_I == 2);
  CHECK(VAE_REGULARIZER_DIP_II == 3 && VAE_REGULARIZER_MMD_RBF == 4 && VAE_REGULARIZER_MMD_IMQ == 5);
  CHECK(VAE_REGULARIZER_SLICED_WASSERSTEIN == 6);
  CHECK(VAE_SIGMA_FIXED == 0 && VAE_SIGMA_GLOBAL == 1 && VAE_SIGMA_PER_OUTPUT == 2);
  CHECK(VAE_OBJECTIVE_ELBO == 0 && VAE_OBJECTIVE_IWAE == 1);
  CHECK(VAE_PRECISION_FLOAT32 == 0 && VAE_PRECISION_BFLOAT16 == 1 && VAE_PRECISION_INT8 == 2);
  CHECK(VAE_DATA_FLOAT32 == 0 && VAE_DATA_UINT8 == 1);
  CHECK(VAE_BINARIZATION_NONE == 0 && VAE_BINARIZATION_DYNAMIC == 1);
  CHECK(VAE_RATE_CONSTANT == 0 && VAE_RATE_EXPONENTIAL == 1 && VAE_RATE_COSINE == 2 && VAE_RATE_STEPS == 3);
  CHECK(VAE_RATE_BURDA == 4 && VAE_MAX_MILESTONES == 16);
  CHECK(VAE_WARM_UP_NONE == 0 && VAE_WARM_UP_LINEAR == 1 && VAE_WARM_UP_CYCLIC == 2);
  CHECK(VAE_WARNING_DEGENERATE_WEIGHTS == 1 && VAE_WARNING_COLLAPSE == 2 && VAE_WARNING_MUTUAL_INFORMATION == 4);
  CHECK(VAE_BITS_CODE_LENGTH == 0 && VAE_BITS_CROSS_ENTROPY == 1 && VAE_BITS_DENSITY == 2 && VAE_BITS_BINS == 3);
  CHECK(VAE_FEW_EFFECTIVE_SAMPLES == 10);
  CHECK(VAE_ERROR_MESSAGE_SIZE == 512 && VAE_MAX_DIM == 16777216 && VAE_MAX_LAYERS == 64 && VAE_MAX_SAMPLES == 65536);
}

/* The names that files and the command line use. */
static void check_names(void) {
  static const char *const activations[] = {"identity", "relu", "leaky_relu", "tanh",    "sigmoid",
                                            "elu",      "silu", "gelu",       "softplus"};
  static const char *const precisions[] = {"float32", "bf16", "int8"};
  for (int i = 0; i < 3; i++) CHECK(strcmp(vae_precision_name(i), precisions[i]) == 0);
  CHECK(vae_precision_name(3) == NULL && vae_precision_name(-1) == NULL && vae_precision_name(INT32_MIN) == NULL);
  static const char *const isas[] = {"auto", "portable", "avx2", "avx512", "neon"};
  for (int i = 0; i < 9; i++) CHECK(strcmp(vae_activation_name(i), activations[i]) == 0);
  for (int i = 0; i < 5; i++) CHECK(strcmp(vae_isa_name(i), isas[i]) == 0);
  CHECK(strcmp(vae_precision_name(0), "float32") == 0 && strcmp(vae_precision_name(1), "bf16") == 0);
  CHECK(strcmp(vae_precision_name(2), "int8") == 0 && !vae_precision_name(3) && !vae_precision_name(-1));
  static const char *const likelihoods[] = {"bernoulli", "gaussian",    "continuous_bernoulli", "laplace",  "log_cosh",
                                            "poisson",   "categorical", "negative_binomial",    "student_t"};
  static const char *const priors[] = {"standard", "conditional", "mixture", "vamp"};
  static const char *const regularizers[] = {
      "none", "tc", "dip_i", "dip_ii", "mmd_rbf", "mmd_imq", "sliced_wasserstein"};
  for (int i = 0; i < 7; i++) CHECK(strcmp(vae_regularizer_name(i), regularizers[i]) == 0);
  for (int i = 0; i < 4; i++) CHECK(strcmp(vae_prior_name(i), priors[i]) == 0);
  CHECK(strcmp(vae_estimator_name(0), "plain") == 0 && strcmp(vae_estimator_name(1), "doubly_reparameterized") == 0);
  CHECK(!vae_regularizer_name(7) && !vae_regularizer_name(-1) && !vae_prior_name(4) && !vae_estimator_name(2));
  static const char *const sigmas[] = {"fixed", "global", "per_output"};
  for (int i = 0; i < 9; i++) CHECK(strcmp(vae_likelihood_name(i), likelihoods[i]) == 0);
  for (int i = 0; i < 3; i++) CHECK(strcmp(vae_sigma_kind_name(i), sigmas[i]) == 0);
  static const char *const schedules[] = {"constant", "exponential", "cosine", "steps", "burda"};
  static const char *const warm_ups[] = {"none", "linear", "cyclic"};
  for (int i = 0; i < 5; i++) CHECK(strcmp(vae_rate_schedule_name(i), schedules[i]) == 0);
  for (int i = 0; i < 3; i++) CHECK(strcmp(vae_warm_up_name(i), warm_ups[i]) == 0);
  CHECK(strcmp(vae_binarization_name(0), "none") == 0 && strcmp(vae_binarization_name(1), "dynamic") == 0);
  CHECK(!vae_rate_schedule_name(5) && !vae_rate_schedule_name(-1) && !vae_warm_up_name(3) && !vae_warm_up_name(-1));
  CHECK(!vae_binarization_name(2) && !vae_binarization_name(-1));
  CHECK(strcmp(vae_bits_name(0), "code length") == 0 && strcmp(vae_bits_name(1), "cross entropy") == 0);
  CHECK(strcmp(vae_bits_name(2), "density") == 0 && strcmp(vae_bits_name(3), "bins") == 0);
  CHECK(vae_bits_name(4) == NULL && vae_bits_name(-1) == NULL && vae_bits_name(INT32_MAX) == NULL);
  CHECK(strcmp(vae_objective_name(0), "elbo") == 0 && strcmp(vae_objective_name(1), "iwae") == 0);
  for (int i = -2; i < 100; i += i == -2 ? 1 : 101) { /* -2, -1, and what lies far behind */
    CHECK(vae_activation_name(i) == NULL && vae_isa_name(i) == NULL && vae_likelihood_name(i) == NULL);
    CHECK(vae_sigma_kind_name(i) == NULL);
    CHECK(vae_prior_name(i) == NULL && vae_objective_name(i) == NULL);
  }
  CHECK(vae_activation_name(9) == NULL && vae_isa_name(5) == NULL && vae_likelihood_name(9) == NULL &&
        vae_sigma_kind_name(3) == NULL);
  CHECK(vae_activation_name(INT32_MAX) == NULL && vae_isa_name(INT32_MIN) == NULL);
  char text[32];
  snprintf(text, sizeof text, "%d.%d.%d", VAE_VERSION_MAJOR, VAE_VERSION_MINOR, VAE_VERSION_PATCH);
  CHECK(strcmp(vae_version_string(), text) == 0);
  CHECK_EQUAL(vae_version_number(), VAE_VERSION_MAJOR * 10000 + VAE_VERSION_MINOR * 100 + VAE_VERSION_PATCH);
}

int main(void) {
  check_numbers();
  check_names();
  return harness_finish("abi");
}
