/* Nothing is read or written beyond the caller's arrays: each lies against a page that may not be touched, at its
 * end and then at its beginning. */
#include "guarded.h"
#include "harness.h"
#include "support.h"

static void use(const test_spec *spec, size_t n, vae_isa isa, int at_end, int bytes) {
  vae_error err;
  vae_model *model = NULL;
  vae_trainer *trainer = NULL;
  vae_training training;
  vae_loss loss;
  vae_terms terms;
  size_t inputs = spec->input_dim, latents = spec->latent_dim, samples = spec->objective.samples;
  void *x = guard(n * inputs * (bytes ? 1 : sizeof(float)), at_end);
  float *noise = guard(samples * n * latents * sizeof(float), at_end);
  float *mean = guard(n * latents * sizeof(float), at_end), *logvar = guard(n * latents * sizeof(float), at_end);
  float *z = guard(samples * n * latents * sizeof(float), at_end);
  float *output = guard(samples * n * inputs * sizeof(float), at_end);
  float *kl = guard(n * sizeof(float), at_end), *nll = guard(samples * n * sizeof(float), at_end);
  vae_data data = bytes ? test_bytes(x, n, inputs) : test_floats(x, n, inputs);
  vae_error_init(&err);
  vae_loss_init(&loss);
  vae_terms_init(&terms);
  vae_training_init(&training);
  training.isa = isa;
  training.objective = spec->objective;
  training.batch_size = 5;
  terms.kl = kl;
  terms.mean = mean;
  terms.logvar = logvar;
  terms.z = z;
  terms.output = output;
  terms.sample_nll = nll;
  CHECK_OK(test_create(spec, 0, NULL, &model, &err), &err);
  vae_workspace *workspace = test_workspace(model, isa, 0, n);
  CHECK_OK(vae_trainer_create(model, &training, NULL, &trainer, &err), &err);
  CHECK_OK(vae_model_encode(model, workspace, &data, mean, logvar, &err), &err);
  CHECK_OK(vae_model_decode(model, workspace, mean, n, output, &err), &err);
  CHECK_OK(vae_model_reconstruct(model, workspace, &data, output, &err), &err);
  CHECK_OK(vae_model_sample(model, workspace, 0, 0, n, output, z, &err), &err);
  CHECK_OK(vae_model_evaluate(model, workspace, &data, &spec->objective, 0, &loss, &terms, &err), &err);
  CHECK_OK(vae_model_loss_and_gradients(model, workspace, &data, &spec->objective, noise, 0, &loss, &terms, &err),
           &err);
  CHECK_OK(vae_model_init_output_bias(model, &data, &err), &err);
  CHECK_OK(vae_trainer_step(trainer, &data, noise, &loss, &terms, &err), &err);
  CHECK_OK(vae_trainer_epoch(trainer, &data, NULL, NULL, &loss, &err), &err);
  for (size_t i = 0; i < vae_model_parameter_count(model); i++) {
    vae_parameter_info info;
    vae_parameter_info_init(&info);
    CHECK_OK(vae_model_get_parameter_info(model, i, &info, &err), &err);
    float *values = guard(info.count * sizeof(float), at_end);
    CHECK_OK(vae_model_get_parameter(model, info.name, values, info.count, &err), &err);
    CHECK_OK(vae_model_set_parameter(model, info.name, values, info.count, &err), &err);
    CHECK_OK(vae_workspace_get_gradient(workspace, info.name, values, info.count, &err), &err);
  }
  vae_trainer_free(trainer);
  vae_workspace_free(workspace);
  vae_model_free(model);
  release_all();
}

int main(void) {
  static const uint32_t sizes[][3] = {{1, 1, 1}, {7, 3, 2}, {16, 16, 16}, {17, 15, 33}, {47, 49, 5}, {784, 33, 20}};
  vae_isa isas[TEST_ISAS];
  size_t isa_count = test_isas(isas);
  for (size_t k = 0; k < isa_count; k++) {
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
      for (int way = 0; way < 4; way++) {
        test_spec spec = test_spec_hidden(sizes[i][0], sizes[i][1], VAE_ACTIVATION_GELU, sizes[i][2]);
        spec.objective.samples = 1 + (uint32_t)(i % 3);
        use(&spec, i == 0 ? 1 : 13, isas[k], way & 1, way >> 1);
      }
    }
  }
  return harness_finish("bounds");
}
