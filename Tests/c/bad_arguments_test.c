/* Arguments that are not allowed: the right status, and a message that names the argument, its value and what is
 * allowed. Outputs stay as they were; handles come back NULL. */
#include <stdlib.h>

#include "harness.h"
#include "refused.h"
#include "support.h"

/* A model with all its helpers, and one that does not fit them. */
typedef struct handles {
  vae_model *model, *other;
  vae_workspace *workspace;
  vae_trainer *trainer;
  float x[13 * 6], out[13 * 6], z[12 * 2];
  vae_data data;
} handles;

static void open_handles(handles *h) {
  test_spec spec = test_spec_hidden(6, 3, VAE_ACTIVATION_RELU, 2);
  test_spec other = test_spec_hidden(6, 4, VAE_ACTIVATION_RELU, 2);
  vae_workspace_options options;
  vae_training training;
  memset(h, 0, sizeof *h);
  vae_workspace_options_init(&options);
  options.max_rows = 12;
  options.threads = 1;
  vae_training_init(&training);
  training.threads = 1;
  vae_error_init(&err);
  CHECK_OK(test_create(&spec, 0, NULL, &h->model, &err), &err);
  CHECK_OK(test_create(&other, 0, NULL, &h->other, &err), &err);
  CHECK_OK(vae_workspace_create(h->model, &options, &h->workspace, &err), &err);
  CHECK_OK(vae_trainer_create(h->model, &training, NULL, &h->trainer, &err), &err);
  h->data = test_floats(h->x, 12, 6);
}

static void close_handles(handles *h) {
  vae_trainer_free(h->trainer);
  vae_workspace_free(h->workspace);
  vae_model_free(h->model);
  vae_model_free(h->other);
  vae_trainer_free(NULL);
  vae_workspace_free(NULL);
}

static void check_parameters(handles *h) {
  vae_parameter_info info;
  float values[32] = {0};
  vae_config config;
  vae_training training;
  int32_t trained = 5;
  const vae_status bad = VAE_ERROR_INVALID_ARGUMENT;
  vae_config_init(&config);
  vae_training_init(&training);
  vae_parameter_info_init(&info);
  CHECK_EQUAL(vae_model_parameter_count(NULL), 0);
  CHECK_EQUAL(vae_model_value_count(NULL), 0);
  CHECK_EQUAL(vae_model_parameter_count(h->model), 10);
  CHECK_EQUAL(vae_model_value_count(h->model), 6 * 3 + 3 + 2 * (3 * 2 + 2) + 2 * 3 + 3 + 3 * 6 + 6);
  REFUSED(vae_model_get_config(NULL, &config, &err), bad, "model", NULL);
  REFUSED(vae_model_get_config(h->model, NULL, &err), bad, "config", NULL);
  config.struct_size = 0;
  REFUSED(vae_model_get_config(h->model, &config, &err), bad, "config", NULL);
  REFUSED(vae_model_get_training(NULL, &training, &trained, &err), bad, "model", NULL);
  REFUSED(vae_model_get_training(h->model, &training, NULL, &err), bad, "trained", NULL);
  REFUSED(vae_model_get_parameter_info(NULL, 0, &info, &err), bad, "model", NULL);
  REFUSED(vae_model_get_parameter_info(h->model, 10, &info, &err), bad, "index", "10");
  REFUSED(vae_model_get_parameter_info(h->model, SIZE_MAX, &info, &err), bad, "index", NULL);
  REFUSED(vae_model_get_parameter_info(h->model, 0, NULL, &err), bad, "info", NULL);
  REFUSED(vae_model_find_parameter(h->model, NULL, &info, &err), bad, "name", NULL);
  REFUSED(vae_model_find_parameter(h->model, "encoder.7.weight", &info, &err), bad, "encoder.7.weight", NULL);
  REFUSED(vae_model_find_parameter(h->model, "", &info, &err), bad, "name", NULL);
  REFUSED(vae_model_get_parameter(NULL, "encoder.0.bias", values, 3, &err), bad, "model", NULL);
  REFUSED(vae_model_get_parameter(h->model, NULL, values, 3, &err), bad, "name", NULL);
  REFUSED(vae_model_get_parameter(h->model, "encoder.0.bias", NULL, 3, &err), bad, "values", NULL);
  REFUSED(vae_model_get_parameter(h->model, "encoder.0.bias", values, 4, &err), bad, "count", "4");
  CHECK_MESSAGE_HAS(err, "3");
  REFUSED(vae_model_get_parameter(h->model, "encoder.0.biases", values, 3, &err), bad, "encoder.0.biases", NULL);
  REFUSED(vae_model_set_parameter(NULL, "encoder.0.bias", values, 3, &err), bad, "model", NULL);
  REFUSED(vae_model_set_parameter(h->model, "encoder.0.bias", NULL, 3, &err), bad, "values", NULL);
  REFUSED(vae_model_set_parameter(h->model, "encoder.0.bias", values, 2, &err), bad, "count", "2");
  REFUSED(vae_model_set_parameter(h->model, "nobody\n\x1b[31m", values, 2, &err), bad, "nobody??", NULL);
  values[1] = INFINITY;
  values[0] = 7.0f;
  REFUSED(vae_model_set_parameter(h->model, "encoder.0.bias", values, 3, &err), VAE_ERROR_DATA, "encoder.0.bias",
          "inf");
  CHECK_OK(vae_model_get_parameter(h->model, "encoder.0.bias", values, 3, &err), &err);
  CHECK(values[0] == 0.0f && values[1] == 0.0f);
  CHECK_OK(vae_model_get_training(h->model, &training, &trained, &err), &err);
  CHECK_EQUAL(trained, 0);
  /* A name of 10,000 letters is cut, not overrun. */
  char *name = test_allocate(10001);
  memset(name, 'x', 10000);
  REFUSED(vae_model_find_parameter(h->model, name, &info, &err), bad, "xxxx", NULL);
  free(name);
}

static void refuse_workspace(const handles *h, const vae_workspace_options *options, vae_status expected,
                             const char *text, const char *more) {
  vae_workspace *workspace = (vae_workspace *)(uintptr_t)8;
  REFUSED(vae_workspace_create(h->model, options, &workspace, &err), expected, text, more);
  CHECK(workspace == NULL);
}

static void check_workspace(handles *h) {
  vae_workspace_options options;
  vae_workspace *workspace = NULL;
  const vae_status bad = VAE_ERROR_INVALID_ARGUMENT;
  vae_workspace_options_init(&options);
  REFUSED(vae_workspace_create(NULL, &options, &workspace, &err), bad, "model", NULL);
  REFUSED(vae_workspace_create(h->model, &options, NULL, &err), bad, "workspace", NULL);
  options.threads = -1;
  refuse_workspace(h, &options, bad, "threads", "-1");
  options.threads = INT32_MAX;
  refuse_workspace(h, &options, bad, "threads", "2147483647");
  vae_workspace_options_init(&options);
  for (int32_t isa = -1; isa <= 99; isa += isa == -1 ? 6 : 94) {
    char value[16];
    snprintf(value, sizeof value, "%d", (int)isa);
    options.isa = isa;
    refuse_workspace(h, &options, bad, "isa", value);
  }
  for (vae_isa isa = VAE_ISA_PORTABLE; isa <= VAE_ISA_NEON; isa++) {
    if (vae_isa_available(isa)) continue;
    options.isa = isa;
    refuse_workspace(h, &options, VAE_ERROR_UNSUPPORTED, vae_isa_name(isa), NULL);
  }
  CHECK(vae_isa_available(-1) == 0 && vae_isa_available(77) == 0);
  vae_workspace_options_init(&options);
  options.struct_size = 3;
  refuse_workspace(h, &options, bad, "options", NULL);
}

static void refuse_statistics(handles *h, const vae_statistics_options *options, const char *text, const char *more) {
  vae_statistics statistics;
  vae_statistics_init(&statistics);
  REFUSED(vae_model_statistics(h->model, h->workspace, &h->data, options, &statistics, NULL, &err),
          VAE_ERROR_INVALID_ARGUMENT, text, more);
}

static void check_statistics(handles *h) {
  const vae_status bad = VAE_ERROR_INVALID_ARGUMENT;
  vae_statistics statistics;
  vae_statistics_options options;
  vae_statistics_arrays arrays;
  vae_statistics_init(&statistics);
  vae_statistics_arrays_init(&arrays);
  REFUSED(vae_model_statistics(NULL, h->workspace, &h->data, NULL, &statistics, NULL, &err), bad, "model", NULL);
  REFUSED(vae_model_statistics(h->model, NULL, &h->data, NULL, &statistics, NULL, &err), bad, "workspace", NULL);
  REFUSED(vae_model_statistics(h->model, h->workspace, NULL, NULL, &statistics, NULL, &err), bad, "x", NULL);
  REFUSED(vae_model_statistics(h->model, h->workspace, &h->data, NULL, NULL, NULL, &err), bad, "statistics", NULL);
  arrays.struct_size = 4;
  REFUSED(vae_model_statistics(h->model, h->workspace, &h->data, NULL, &statistics, &arrays, &err), bad, "arrays",
          NULL);
  statistics.struct_size = 0;
  REFUSED(vae_model_statistics(h->model, h->workspace, &h->data, NULL, &statistics, NULL, &err), bad, "statistics",
          NULL);
  vae_statistics_options_init(&options);
  options.samples = 0;
  refuse_statistics(h, &options, "samples", "65536");
  options.samples = VAE_MAX_SAMPLES + 1;
  refuse_statistics(h, &options, "samples", "65537");
  vae_statistics_options_init(&options);
  options.active_variance = NAN;
  refuse_statistics(h, &options, "active_variance", "nan");
  options.active_variance = -0.01;
  refuse_statistics(h, &options, "active_variance", "-0.01");
  vae_statistics_options_init(&options);
  options.bin_width = -1;
  refuse_statistics(h, &options, "bin_width", "-1");
  options.bin_width = INFINITY;
  refuse_statistics(h, &options, "bin_width", "inf");
  options.struct_size = 2;
  refuse_statistics(h, &options, "options", NULL);
}

static void refuse_data(handles *h, const vae_data *data, vae_status expected, const char *text, const char *more) {
  vae_loss loss;
  vae_objective objective;
  vae_loss_init(&loss);
  vae_objective_init(&objective);
  REFUSED(vae_model_encode(h->model, h->workspace, data, h->z, NULL, &err), expected, text, more);
  REFUSED(vae_model_reconstruct(h->model, h->workspace, data, h->out, &err), expected, text, more);
  REFUSED(vae_model_evaluate(h->model, h->workspace, data, NULL, 0, &loss, NULL, &err), expected, text, more);
  REFUSED(vae_model_loss_and_gradients(h->model, h->workspace, data, &objective, NULL, 0, &loss, NULL, &err), expected,
          text, more);
  REFUSED(vae_model_init_output_bias(h->model, data, &err), expected, text, more);
  REFUSED(vae_trainer_epoch(h->trainer, data, NULL, NULL, &loss, &err), expected, text, more);
  REFUSED(vae_trainer_step(h->trainer, data, NULL, &loss, NULL, &err), expected, text, more);
}

static void check_data(handles *h) {
  const vae_status bad = VAE_ERROR_INVALID_ARGUMENT;
  vae_data data = h->data;
  vae_loss loss;
  vae_loss_init(&loss);
  REFUSED(vae_model_encode(h->model, h->workspace, NULL, h->z, NULL, &err), bad, "x", NULL);
  REFUSED(vae_trainer_epoch(h->trainer, NULL, NULL, NULL, &loss, &err), bad, "data", NULL);
  data.struct_size = 0;
  refuse_data(h, &data, bad, "struct_size", NULL);
  data = h->data;
  data.values = NULL;
  refuse_data(h, &data, bad, "values", NULL);
  data = h->data;
  data.rows = 0;
  refuse_data(h, &data, bad, "rows", "0");
  data.rows = (size_t)UINT32_MAX + 1;
  refuse_data(h, &data, bad, "rows", "4294967296");
  data = h->data;
  data.columns = 7;
  refuse_data(h, &data, VAE_ERROR_MISMATCH, "7", "6");
  CHECK_MESSAGE_HAS(err, "columns");
  data.columns = 0;
  refuse_data(h, &data, VAE_ERROR_MISMATCH, "columns", "0");
  data = h->data;
  data.row_stride = 5;
  refuse_data(h, &data, bad, "row_stride", "5");
  data = h->data;
  data.rows = 8;
  data.row_stride = SIZE_MAX / 4;
  refuse_data(h, &data, bad, "row_stride", NULL);
  data = h->data;
  data.type = 2;
  refuse_data(h, &data, bad, "type", "2");
  static const double scales[] = {0.0, -1.0, NAN, INFINITY, 1e300};
  for (size_t i = 0; i < 5; i++) {
    data = h->data;
    data.type = VAE_DATA_UINT8;
    data.scale = scales[i];
    refuse_data(h, &data, bad, "scale", NULL);
  }
  CHECK_OK(vae_model_encode(h->model, h->workspace, &h->data, h->z, NULL, &err), &err);
}

static void check_inference(handles *h) {
  const vae_status bad = VAE_ERROR_INVALID_ARGUMENT;
  vae_objective objective;
  vae_loss loss;
  vae_terms terms;
  float gradient[18] = {0};
  vae_loss_init(&loss);
  vae_terms_init(&terms);
  REFUSED(vae_model_encode(NULL, h->workspace, &h->data, h->z, NULL, &err), bad, "model", NULL);
  REFUSED(vae_model_encode(h->model, NULL, &h->data, h->z, NULL, &err), bad, "workspace", NULL);
  REFUSED(vae_model_encode(h->other, h->workspace, &h->data, h->z, NULL, &err), VAE_ERROR_MISMATCH, "workspace", NULL);
  CHECK_OK(vae_model_encode(h->model, h->workspace, &h->data, NULL, NULL, &err), &err);
  REFUSED(vae_model_decode(NULL, h->workspace, h->z, 12, h->out, &err), bad, "model", NULL);
  REFUSED(vae_model_decode(h->model, h->workspace, NULL, 12, h->out, &err), bad, "z", NULL);
  REFUSED(vae_model_decode(h->model, h->workspace, h->z, 0, h->out, &err), bad, "rows", "0");
  REFUSED(vae_model_decode(h->model, h->workspace, h->z, 12, NULL, &err), bad, "output", NULL);
  REFUSED(vae_model_decode(h->model, h->workspace, h->z, SIZE_MAX, h->out, &err), bad, "rows", NULL);
  REFUSED(vae_model_reconstruct(h->model, h->workspace, &h->data, NULL, &err), bad, "output", NULL);
  REFUSED(vae_model_sample(h->model, NULL, 0, 0, 3, h->out, NULL, &err), bad, "workspace", NULL);
  REFUSED(vae_model_sample(h->model, h->workspace, 0, 0, 0, h->out, NULL, &err), bad, "rows", "0");
  REFUSED(vae_model_evaluate(h->model, h->workspace, &h->data, NULL, 0, NULL, NULL, &err), bad, "loss", NULL);
  loss.struct_size = 0;
  REFUSED(vae_model_evaluate(h->model, h->workspace, &h->data, NULL, 0, &loss, NULL, &err), bad, "loss", NULL);
  vae_loss_init(&loss);
  terms.struct_size = 0;
  REFUSED(vae_model_evaluate(h->model, h->workspace, &h->data, NULL, 0, &loss, &terms, &err), bad, "terms", NULL);

  static const struct {
    vae_objective_kind kind;
    uint32_t samples;
    double beta;
    const char *text, *more;
  } bads[] = {{2, 1, 1.0, "objective", "2"},
              {-1, 1, 1.0, "objective", "-1"},
              {VAE_OBJECTIVE_ELBO, 0, 1.0, "samples", "0"},
              {VAE_OBJECTIVE_ELBO, VAE_MAX_SAMPLES + 1, 1.0, "samples", "65537"},
              {VAE_OBJECTIVE_ELBO, 1, -0.5, "beta", "-0.5"},
              {VAE_OBJECTIVE_ELBO, 1, 1e7, "beta", NULL},
              {VAE_OBJECTIVE_ELBO, 1, NAN, "beta", "nan"},
              {VAE_OBJECTIVE_ELBO, 1, INFINITY, "beta", "inf"},
              {VAE_OBJECTIVE_IWAE, 5, 0.5, "beta", "0.5"},
              {VAE_OBJECTIVE_IWAE, 5, 0.0, "beta", "0"}};
  for (size_t i = 0; i < sizeof bads / sizeof *bads; i++) {
    vae_training training;
    vae_trainer *trainer = NULL;
    vae_objective_init(&objective);
    vae_training_init(&training);
    objective.kind = bads[i].kind;
    objective.samples = bads[i].samples;
    objective.beta = bads[i].beta;
    training.objective = objective;
    REFUSED(vae_model_evaluate(h->model, h->workspace, &h->data, &objective, 0, &loss, NULL, &err), bad, bads[i].text,
            bads[i].more);
    REFUSED(vae_model_loss_and_gradients(h->model, h->workspace, &h->data, &objective, NULL, 0, &loss, NULL, &err), bad,
            bads[i].text, bads[i].more);
    REFUSED(vae_trainer_create(h->model, &training, NULL, &trainer, &err), bad, bads[i].text, bads[i].more);
  }
  /* 13 rows do not go into a workspace of 12; and no gradients are there before they are made. */
  vae_data part = test_floats(h->x, 13, 6);
  vae_objective_init(&objective);
  REFUSED(vae_workspace_get_gradient(h->workspace, "encoder.0.weight", gradient, 18, &err), bad, "gradient", NULL);
  REFUSED(vae_model_loss_and_gradients(h->model, h->workspace, &part, &objective, NULL, 0, &loss, NULL, &err), bad,
          "13", "12");
  part.rows = 12;
  CHECK_OK(vae_model_loss_and_gradients(h->model, h->workspace, &part, &objective, NULL, 0, NULL, NULL, &err), &err);
  CHECK_OK(vae_workspace_get_gradient(h->workspace, "encoder.0.weight", gradient, 18, &err), &err);
  REFUSED(vae_workspace_get_gradient(NULL, "encoder.0.weight", gradient, 18, &err), bad, "workspace", NULL);
  REFUSED(vae_workspace_get_gradient(h->workspace, NULL, gradient, 18, &err), bad, "name", NULL);
  REFUSED(vae_workspace_get_gradient(h->workspace, "encoder.weight", gradient, 18, &err), bad, "encoder.weight", NULL);
  REFUSED(vae_workspace_get_gradient(h->workspace, "encoder.0.weight", gradient, 17, &err), bad, "count", "17");
  REFUSED(vae_workspace_get_gradient(h->workspace, "encoder.0.weight", NULL, 18, &err), bad, "values", NULL);
}

static void refuse_training(handles *h, const vae_training *training, const char *text, const char *more) {
  vae_trainer *trainer = (vae_trainer *)(uintptr_t)8;
  REFUSED(vae_trainer_create(h->model, training, NULL, &trainer, &err), VAE_ERROR_INVALID_ARGUMENT, text, more);
  CHECK(trainer == NULL);
}

static void check_trainer(handles *h) {
  const vae_status bad = VAE_ERROR_INVALID_ARGUMENT;
  vae_trainer *trainer = NULL;
  vae_training training, good;
  vae_trainer_info info;
  float gradient[18] = {0};
  vae_trainer_info_init(&info);
  vae_training_init(&good);
  REFUSED(vae_trainer_create(NULL, &good, NULL, &trainer, &err), bad, "model", NULL);
  REFUSED(vae_trainer_create(h->model, &good, NULL, NULL, &err), bad, "trainer", NULL);
  training = good;
  training.struct_size = 0;
  refuse_training(h, &training, "training", NULL);
  training = good;
  training.objective.struct_size = 0;
  refuse_training(h, &training, "objective", NULL);
  training = good;
  training.batch_size = 0;
  refuse_training(h, &training, "batch_size", "0");
  training.batch_size = (1u << 20) + 1;
  refuse_training(h, &training, "batch_size", "1048577");
  static const double rates[] = {0.0, -1e-3, 1001.0, NAN, INFINITY, -INFINITY};
  for (size_t i = 0; i < 6; i++) {
    training = good;
    training.learning_rate = rates[i];
    refuse_training(h, &training, "learning_rate", NULL);
    if (rates[i] > 0.0 && isfinite(rates[i])) continue;
    training = good;
    training.epsilon = rates[i];
    refuse_training(h, &training, "epsilon", NULL);
  }
  static const double betas[] = {1.0, -0.1, 2.0, NAN, INFINITY};
  for (size_t i = 0; i < 5; i++) {
    training = good;
    training.beta1 = betas[i];
    refuse_training(h, &training, "beta1", NULL);
    training = good;
    training.beta2 = betas[i];
    refuse_training(h, &training, "beta2", NULL);
  }
  training = good;
  training.threads = -2;
  refuse_training(h, &training, "threads", "-2");
  training = good;
  training.isa = 50;
  refuse_training(h, &training, "isa", "50");

  REFUSED(vae_trainer_epoch(NULL, &h->data, NULL, NULL, NULL, &err), bad, "trainer", NULL);
  REFUSED(vae_trainer_step(NULL, &h->data, NULL, NULL, NULL, &err), bad, "trainer", NULL);
  REFUSED(vae_trainer_get_info(NULL, &info, &err), bad, "trainer", NULL);
  REFUSED(vae_trainer_get_info(h->trainer, NULL, &err), bad, "info", NULL);
  REFUSED(vae_trainer_get_gradient(NULL, "encoder.0.weight", gradient, 18, &err), bad, "trainer", NULL);
  REFUSED(vae_trainer_get_gradient(h->trainer, "encoder.0.weight", gradient, 18, &err), bad, "keep_gradients", NULL);
  REFUSED(vae_trainer_save(NULL, "x", &err), bad, "trainer", NULL);
  REFUSED(vae_trainer_save(h->trainer, NULL, &err), bad, "path", NULL);
  REFUSED(vae_trainer_restore(h->trainer, NULL, &err), bad, "path", NULL);
  REFUSED(vae_trainer_restore(NULL, "x", &err), bad, "trainer", NULL);
  training = good;
  training.keep_gradients = 1;
  CHECK_OK(vae_trainer_create(h->model, &training, NULL, &trainer, &err), &err);
  REFUSED(vae_trainer_get_gradient(trainer, "encoder.0.weight", gradient, 18, &err), bad, "step", NULL);
  CHECK_OK(vae_trainer_step(trainer, &h->data, NULL, NULL, NULL, &err), &err);
  CHECK_OK(vae_trainer_get_gradient(trainer, "encoder.0.weight", gradient, 18, &err), &err);
  REFUSED(vae_trainer_get_gradient(trainer, "encoder.0.weights", gradient, 18, &err), bad, "encoder.0.weights", NULL);
  REFUSED(vae_trainer_get_gradient(trainer, "encoder.0.weight", gradient, 19, &err), bad, "count", "19");
  vae_trainer_free(trainer);
}

static void check_files(handles *h) {
  const vae_status bad = VAE_ERROR_INVALID_ARGUMENT;
  unsigned char bytes[64] = {0};
  size_t size = 0;
  vae_model *model = (vae_model *)(uintptr_t)8;
  REFUSED(vae_model_save(NULL, "x", &err), bad, "model", NULL);
  REFUSED(vae_model_save(h->model, NULL, &err), bad, "path", NULL);
  CHECK(vae_model_save(h->model, "", &err) != VAE_OK && err.message[0] != '\0');
  REFUSED(vae_model_save_bytes(NULL, bytes, 64, &size, &err), bad, "model", NULL);
  REFUSED(vae_model_save_bytes(h->model, bytes, 64, NULL, &err), bad, "size", NULL);
  REFUSED(vae_model_save_bytes(h->model, bytes, 64, &size, &err), bad, "capacity", "64");
  CHECK(size > 64 && bytes[0] == 0);
  REFUSED(vae_model_save_bytes(h->model, NULL, 64, &size, &err), bad, "bytes", NULL);
  REFUSED(vae_model_load(NULL, NULL, &model, &err), bad, "path", NULL);
  REFUSED(vae_model_load("x", NULL, NULL, &err), bad, "model", NULL);
  REFUSED(vae_model_load_bytes(NULL, 10, NULL, &model, &err), bad, "bytes", NULL);
  REFUSED(vae_model_load_bytes(bytes, 64, NULL, NULL, &err), bad, "model", NULL);
  REFUSED(vae_model_load_bytes(bytes, 0, NULL, &model, &err), VAE_ERROR_FORMAT, "", NULL);
  CHECK(model == NULL && err.message[0] != '\0');
  REFUSED(vae_model_load("no/such/file.safetensors", NULL, &model, &err), VAE_ERROR_IO, "no/such/file", NULL);
}

int main(void) {
  handles h;
  open_handles(&h);
  check_parameters(&h);
  check_workspace(&h);
  check_statistics(&h);
  check_data(&h);
  check_inference(&h);
  check_trainer(&h);
  check_files(&h);
  close_handles(&h);
  /* Nobody has to listen: the same calls with err NULL. */
  CHECK_STATUS(vae_model_create(NULL, NULL, NULL, NULL), VAE_ERROR_INVALID_ARGUMENT);
  CHECK_STATUS(vae_workspace_create(NULL, NULL, NULL, NULL), VAE_ERROR_INVALID_ARGUMENT);
  CHECK_STATUS(vae_trainer_create(NULL, NULL, NULL, NULL, NULL), VAE_ERROR_INVALID_ARGUMENT);
  CHECK_STATUS(vae_model_load(NULL, NULL, NULL, NULL), VAE_ERROR_INVALID_ARGUMENT);
  return harness_finish("bad_arguments");
}
