/* Nothing is read or written beyond the caller's arrays: each lies against a page that may not be touched, at its
 * end and then at its beginning. */
#define _DEFAULT_SOURCE

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "harness.h"
#include "support.h"

/* An array between two forbidden pages. */
typedef struct guarded {
  char *pages;
  size_t size; /* of the pages */
  void *values;
} guarded;

static guarded guard(size_t bytes, int at_end) {
  guarded g;
  size_t page = (size_t)sysconf(_SC_PAGESIZE), inside = (bytes + page - 1) / page * page;
  g.size = inside + 2 * page;
  g.pages = mmap(NULL, g.size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (g.pages == MAP_FAILED || mprotect(g.pages, page, PROT_NONE) != 0 ||
      mprotect(g.pages + page + inside, page, PROT_NONE) != 0) {
    fprintf(stderr, "bounds: no pages\n");
    exit(3);
  }
  g.values = g.pages + page + (at_end ? inside - bytes : 0);
  return g;
}

static void release(guarded *g) { munmap(g->pages, g->size); }

static void use(const test_spec *spec, size_t n, vae_isa isa, int at_end, int bytes) {
  vae_error err;
  vae_model *model = NULL;
  vae_workspace *workspace = NULL;
  vae_trainer *trainer = NULL;
  vae_workspace_options options;
  vae_training training;
  vae_loss loss;
  vae_terms terms;
  size_t inputs = spec->input_dim, latents = spec->latent_dim, samples = spec->objective.samples;
  guarded x = guard(n * inputs * (bytes ? 1 : sizeof(float)), at_end);
  guarded noise = guard(samples * n * latents * sizeof(float), at_end);
  guarded mean = guard(n * latents * sizeof(float), at_end), logvar = guard(n * latents * sizeof(float), at_end);
  guarded z = guard(samples * n * latents * sizeof(float), at_end);
  guarded output = guard(samples * n * inputs * sizeof(float), at_end);
  guarded kl = guard(n * sizeof(float), at_end), nll = guard(samples * n * sizeof(float), at_end);
  vae_data data = bytes ? test_bytes(x.values, n, inputs) : test_floats(x.values, n, inputs);
  vae_error_init(&err);
  vae_loss_init(&loss);
  vae_terms_init(&terms);
  vae_workspace_options_init(&options);
  vae_training_init(&training);
  options.isa = training.isa = isa;
  options.max_rows = (uint32_t)n;
  training.objective = spec->objective;
  training.batch_size = 5;
  terms.kl = kl.values;
  terms.mean = mean.values;
  terms.logvar = logvar.values;
  terms.z = z.values;
  terms.output = output.values;
  terms.sample_nll = nll.values;
  CHECK_OK(test_create(spec, 0, NULL, &model, &err), &err);
  CHECK_OK(vae_workspace_create(model, &options, &workspace, &err), &err);
  CHECK_OK(vae_trainer_create(model, &training, NULL, &trainer, &err), &err);
  CHECK_OK(vae_model_encode(model, workspace, &data, mean.values, logvar.values, &err), &err);
  CHECK_OK(vae_model_decode(model, workspace, mean.values, n, output.values, &err), &err);
  CHECK_OK(vae_model_reconstruct(model, workspace, &data, output.values, &err), &err);
  CHECK_OK(vae_model_sample(model, workspace, 0, 0, n, output.values, z.values, &err), &err);
  CHECK_OK(vae_model_evaluate(model, workspace, &data, &spec->objective, 0, &loss, &terms, &err), &err);
  CHECK_OK(
      vae_model_loss_and_gradients(model, workspace, &data, &spec->objective, noise.values, 0, &loss, &terms, &err),
      &err);
  CHECK_OK(vae_model_init_output_bias(model, &data, &err), &err);
  CHECK_OK(vae_trainer_step(trainer, &data, noise.values, &loss, &terms, &err), &err);
  CHECK_OK(vae_trainer_epoch(trainer, &data, NULL, NULL, &loss, &err), &err);
  for (size_t i = 0; i < vae_model_parameter_count(model); i++) {
    vae_parameter_info info;
    vae_parameter_info_init(&info);
    CHECK_OK(vae_model_get_parameter_info(model, i, &info, &err), &err);
    guarded values = guard(info.count * sizeof(float), at_end);
    CHECK_OK(vae_model_get_parameter(model, info.name, values.values, info.count, &err), &err);
    CHECK_OK(vae_model_set_parameter(model, info.name, values.values, info.count, &err), &err);
    CHECK_OK(vae_workspace_get_gradient(workspace, info.name, values.values, info.count, &err), &err);
    release(&values);
  }
  vae_trainer_free(trainer);
  vae_workspace_free(workspace);
  vae_model_free(model);
  guarded *all[] = {&x, &noise, &mean, &logvar, &z, &output, &kl, &nll};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) release(all[i]);
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
