/* Threads and instruction sets come from the options, where these are 0 from the environment, else from the machine. */
#define _POSIX_C_SOURCE 200809L

#include <stdlib.h>

#include "harness.h"
#include "support.h"

static vae_status make(const vae_model *model, int32_t threads, vae_isa isa, vae_workspace_info *info, vae_error *err) {
  vae_workspace *workspace = NULL;
  vae_workspace_options options;
  vae_workspace_options_init(&options);
  vae_workspace_info_init(info);
  vae_error_init(err);
  options.threads = threads;
  options.isa = isa;
  vae_status status = vae_workspace_create(model, &options, &workspace, err);
  if (status == VAE_OK) CHECK_STATUS(vae_workspace_get_info(workspace, info, NULL), VAE_OK);
  vae_workspace_free(workspace);
  return status;
}

static void set(const char *name, const char *value) {
  CHECK_EQUAL(value != NULL ? setenv(name, value, 1) : unsetenv(name), 0);
}

static void check_threads(const vae_model *model) {
  vae_error err;
  vae_workspace_info info;
  set("VAE_THREADS", NULL);
  set("OMP_NUM_THREADS", NULL);
  CHECK_OK(make(model, 0, VAE_ISA_AUTO, &info, &err), &err);
  CHECK(info.threads >= 1);
  CHECK_OK(make(model, 2, VAE_ISA_AUTO, &info, &err), &err);
  if (info.threads != 2) { /* a library without OpenMP */
    CHECK_EQUAL(info.threads, 1);
    return;
  }
  set("OMP_NUM_THREADS", "3");
  CHECK_OK(make(model, 0, VAE_ISA_AUTO, &info, &err), &err);
  CHECK_EQUAL(info.threads, 3);
  set("VAE_THREADS", "4");
  CHECK_OK(make(model, 0, VAE_ISA_AUTO, &info, &err), &err);
  CHECK_EQUAL(info.threads, 4);
  CHECK_OK(make(model, 5, VAE_ISA_AUTO, &info, &err), &err);
  CHECK_EQUAL(info.threads, 5);
  /* Nonsense is refused or passed over; it never makes a team of no one or of a million. */
  static const char *const nonsense[] = {"", "abc", "0", "-3", "2x", "99999999999999999999", "1e9"};
  for (size_t i = 0; i < sizeof nonsense / sizeof *nonsense; i++) {
    set("VAE_THREADS", nonsense[i]);
    harness_note("VAE_THREADS=%s", nonsense[i]);
    vae_status status = make(model, 0, VAE_ISA_AUTO, &info, &err);
    if (status == VAE_OK) {
      CHECK_THAT(info.threads >= 1 && info.threads <= 1024, "%d threads", (int)info.threads);
    } else {
      CHECK_STATUS(status, VAE_ERROR_INVALID_ARGUMENT);
      CHECK_MESSAGE_HAS(err, "VAE_THREADS");
    }
  }
  harness_note("%s", "");
  set("VAE_THREADS", NULL);
  set("OMP_NUM_THREADS", NULL);
}

static void check_isa(const vae_model *model) {
  vae_isa isas[TEST_ISAS];
  size_t isa_count = test_isas(isas);
  vae_error err;
  vae_workspace_info info;
  set("VAE_ISA", NULL);
  CHECK_OK(make(model, 1, VAE_ISA_AUTO, &info, &err), &err);
  CHECK(vae_isa_available(info.isa) == 1 && info.isa != VAE_ISA_AUTO);
  vae_isa best = info.isa;
  for (vae_isa isa = VAE_ISA_PORTABLE; isa <= VAE_ISA_NEON; isa++) {
    set("VAE_ISA", vae_isa_name(isa));
    harness_note("VAE_ISA=%s", vae_isa_name(isa));
    if (vae_isa_available(isa)) {
      CHECK_OK(make(model, 1, VAE_ISA_AUTO, &info, &err), &err);
      CHECK_EQUAL(info.isa, isa);
      CHECK_OK(make(model, 1, best, &info, &err), &err); /* the option goes before the environment */
      CHECK_EQUAL(info.isa, best);
    } else {
      CHECK_STATUS(make(model, 1, VAE_ISA_AUTO, &info, &err), VAE_ERROR_UNSUPPORTED);
      CHECK_MESSAGE_HAS(err, vae_isa_name(isa));
    }
  }
  set("VAE_ISA", "sse9");
  vae_status status = make(model, 1, VAE_ISA_AUTO, &info, &err);
  CHECK_THAT(status == VAE_ERROR_INVALID_ARGUMENT || status == VAE_ERROR_UNSUPPORTED, "VAE_ISA=sse9 gave %s",
             vae_status_name(status));
  CHECK_MESSAGE_HAS(err, "VAE_ISA");
  CHECK_MESSAGE_HAS(err, "sse9");
  harness_note("%s", "");
  set("VAE_ISA", "portable");
  vae_trainer *trainer = NULL;
  vae_trainer_info trainer_info;
  vae_model *own = NULL;
  test_spec spec = test_spec_linear(3, 2);
  vae_trainer_info_init(&trainer_info);
  CHECK_OK(test_create(&spec, 0, NULL, &own, &err), &err);
  CHECK_OK(vae_trainer_create(own, NULL, NULL, &trainer, &err), &err);
  CHECK_OK(vae_trainer_get_info(trainer, &trainer_info, &err), &err);
  CHECK_EQUAL(trainer_info.isa, VAE_ISA_PORTABLE);
  vae_trainer_free(trainer);
  vae_model_free(own);
  set("VAE_ISA", NULL);
  CHECK(isa_count >= 1);
}

int main(void) {
  vae_error err;
  vae_model *model = NULL;
  test_spec spec = test_spec_hidden(40, 30, VAE_ACTIVATION_RELU, 4);
  vae_error_init(&err);
  CHECK_OK(test_create(&spec, 0, NULL, &model, &err), &err);
  check_threads(model);
  check_isa(model);
  vae_model_free(model);
  return harness_finish("environment");
}
