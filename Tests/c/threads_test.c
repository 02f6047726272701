/* Any number of threads gives the same bits. Every run is a process of its own (this program, called again), so that
 * the system's count of its threads is the team's size, and one run cannot leave anything to the next. */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "harness.h"
#include "support.h"

enum { CASES = 19, SECONDS = 240 };

/* A training run. `splits`: its work is enough for five threads, so the team must have the size that was asked for. */
typedef struct run {
  test_spec spec;
  size_t rows;
  uint32_t batch;
  int epochs;
  int bytes;
  int splits;
  vae_precision precision;
  double clip_norm, dropout;
} run;

static run make_run(int number) {
  if (number > 9) { /* nine of them in bfloat16 */
    static const int single[] = {0, 2, 3, 4, 5, 6, 7, 8, 9};
    run half = make_run(single[number - 10]);
    half.precision = VAE_PRECISION_BFLOAT16;
    half.splits = 0;
    return half;
  }
  run r;
  memset(&r, 0, sizeof r);
  r.spec = test_spec_hidden(784, 400, VAE_ACTIVATION_RELU, 20);
  r.rows = 200;
  r.batch = 128;
  r.epochs = 2;
  r.splits = 1;
  switch (number) {
    case 1: r.bytes = 1; break;
    case 2:
      r.spec.objective.kind = VAE_OBJECTIVE_IWAE;
      r.spec.objective.samples = 3;
      r.bytes = 1;
      r.rows = 70;
      r.batch = 32;
      break;
    case 3: /* odd in every size, several samples */
      r.spec = test_spec_linear(47, 5);
      test_spec_add_encoder(&r.spec, 33, VAE_ACTIVATION_TANH);
      test_spec_add_encoder(&r.spec, 19, VAE_ACTIVATION_SILU);
      test_spec_add_decoder(&r.spec, 21, VAE_ACTIVATION_GELU);
      r.spec.likelihood = VAE_LIKELIHOOD_GAUSSIAN;
      r.spec.output_activation = VAE_ACTIVATION_SOFTPLUS;
      r.spec.sigma = 0.7;
      r.spec.objective.samples = 32; /* enough draws for a team of five to be worth it */
      r.spec.objective.beta = 0.5;
      r.rows = 57;
      r.batch = 10;
      r.epochs = 3;
      break;
    case 4:
      r.spec = test_spec_linear(301, 17);
      test_spec_add_encoder(&r.spec, 257, VAE_ACTIVATION_ELU);
      test_spec_add_encoder(&r.spec, 129, VAE_ACTIVATION_SOFTPLUS);
      test_spec_add_decoder(&r.spec, 131, VAE_ACTIVATION_SIGMOID);
      test_spec_add_decoder(&r.spec, 255, VAE_ACTIVATION_LEAKY_RELU);
      r.spec.objective.samples = 2;
      r.rows = 141;
      r.batch = 60;
      break;
    case 5: /* a learned dispersion of each column, by tiles */
      r.spec = test_spec_hidden(201, 165, VAE_ACTIVATION_TANH, 5);
      r.spec.likelihood = VAE_LIKELIHOOD_NEGATIVE_BINOMIAL;
      r.batch = 70;
      break;
    case 6: /* a learned scale and degrees of freedom, with importance weights */
      r.spec = test_spec_hidden(67, 95, VAE_ACTIVATION_RELU, 7);
      r.spec.likelihood = VAE_LIKELIHOOD_STUDENT_T;
      r.spec.output_activation = VAE_ACTIVATION_SILU;
      r.spec.objective.kind = VAE_OBJECTIVE_IWAE;
      r.spec.objective.samples = 4;
      r.batch = 50;
      break;
    case 7: /* a condition and a prior of its own */
      r.spec = test_spec_hidden(150, 130, VAE_ACTIVATION_TANH, 21);
      r.spec.condition_dim = 75;
      r.spec.prior = VAE_PRIOR_CONDITIONAL;
      test_spec_add_prior_net(&r.spec, 201, VAE_ACTIVATION_GELU);
      test_spec_add_prior_net(&r.spec, 183, VAE_ACTIVATION_RELU);
      r.spec.objective.kind = VAE_OBJECTIVE_IWAE;
      r.spec.objective.samples = 4;
      r.rows = 141;
      r.batch = 60;
      break;
    case 8: /* shared columns in the encoder's passes over data and pseudo-inputs, and a norm over all gradients */
      r.spec = test_spec_hidden(784, 100, VAE_ACTIVATION_RELU, 8);
      r.spec.prior = VAE_PRIOR_VAMP;
      r.spec.prior_components = 40;
      r.clip_norm = 0.01;
      r.batch = 32;
      break;
    case 9: /* shared columns of an output that is taken by rows, and of hidden layers with dropout */
      r.spec = test_spec_hidden(150, 230, VAE_ACTIVATION_TANH, 11);
      test_spec_add_encoder(&r.spec, 170, VAE_ACTIVATION_GELU);
      r.spec.likelihood = VAE_LIKELIHOOD_GAUSSIAN;
      r.spec.sigma_kind = VAE_SIGMA_PER_OUTPUT;
      r.spec.objective.kind = VAE_OBJECTIVE_IWAE;
      r.spec.objective.samples = 3;
      r.dropout = 0.2;
      r.batch = 20;
      break;
    default: break;
  }
  return r;
}

/* In the child: trains and leaves the files OUT.model, OUT.trainer and OUT.report. Returns the exit code. */
static int train(int number, int32_t threads, vae_isa isa, int32_t keep, const char *out) {
  run r = make_run(number);
  test_random random = {99};
  size_t values = r.rows * r.spec.input_dim;
  vae_model *model = NULL;
  vae_trainer *trainer = NULL;
  vae_training training;
  vae_trainer_info info;
  vae_error err;
  vae_error_init(&err);
  vae_training_init(&training);
  training.batch_size = r.batch;
  training.objective = r.spec.objective;
  training.seed = 5;
  training.threads = threads;
  training.isa = isa;
  training.keep_gradients = keep;
  training.precision = r.precision;
  training.clip_norm = r.clip_norm;
  training.dropout = r.dropout;
  float *floats = test_rows(&random, r.spec.likelihood, values);
  uint8_t *bytes = test_allocate(values);
  for (size_t i = 0; i < values; i++) bytes[i] = (uint8_t)(test_bits(&random) & 255);
  vae_data data = r.bytes ? test_bytes(bytes, r.rows, r.spec.input_dim) : test_floats(floats, r.rows, r.spec.input_dim);
  float *c = test_normals(&random, r.rows * r.spec.condition_dim);
  const vae_condition condition = test_condition(VAE_CONDITION_FLOAT32, c, r.rows);
  if (r.spec.condition_dim > 0) data.condition = &condition;
  vae_status status = test_create(&r.spec, 1, NULL, &model, &err);
  if (status == VAE_OK) status = vae_trainer_create(model, &training, NULL, &trainer, &err);
  for (int epoch = 0; status == VAE_OK && epoch < r.epochs; epoch++) {
    status = vae_trainer_epoch(trainer, &data, NULL, NULL, NULL, &err);
  }
  char path[TEST_PATH + 16];
  vae_trainer_info_init(&info);
  if (status == VAE_OK) status = vae_trainer_get_info(trainer, &info, &err);
  int tasks = test_thread_count();
  snprintf(path, sizeof path, "%s.model", out);
  if (status == VAE_OK) status = vae_model_save(model, path, &err);
  snprintf(path, sizeof path, "%s.trainer", out);
  if (status == VAE_OK) status = vae_trainer_save(trainer, path, &err);
  snprintf(path, sizeof path, "%s.report", out);
  FILE *report = fopen(path, "w");
  if (report != NULL) {
    fprintf(report, "%d %d %d\n", (int)info.threads, tasks, (int)info.isa);
    fclose(report);
  }
  if (status != VAE_OK) fprintf(stderr, "threads: run %d failed: %s\n", number, err.message);
  vae_trainer_free(trainer);
  vae_model_free(model);
  free(floats);
  free(bytes);
  free(c);
  return status == VAE_OK ? 0 : 1;
}

/* Waits for a child; kills it after SECONDS. Its exit code, or minus the number of the signal that ended it. */
static int wait_for(pid_t child) {
  int status = 0;
  for (int waited = 0; waited < SECONDS * 100; waited++) {
    struct timespec nap = {0, 10000000};
    pid_t done = waitpid(child, &status, WNOHANG);
    if (done == child) return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
    if (done < 0) return -errno;
    nanosleep(&nap, NULL);
  }
  kill(child, SIGKILL);
  waitpid(child, &status, 0);
  return -SIGKILL;
}

/* Runs this program again with `arguments`; through the emulator in VAE_TEST_EMULATOR, where the build set one. */
static int run_self(char *const arguments[]) {
  const char *emulator = getenv("VAE_TEST_EMULATOR");
  pid_t child = fork();
  if (child == 0) {
    if (emulator != NULL && *emulator != '\0') {
      char *emulated[16] = {(char *)emulator};
      for (int i = 0; i < 14 && arguments[i] != NULL; i++) emulated[i + 1] = arguments[i];
      execv(emulator, emulated);
      _exit(127);
    }
    execv("/proc/self/exe", arguments);
    execv(arguments[0], arguments);
    _exit(127);
  }
  return child < 0 ? -errno : wait_for(child);
}

static void run_child(char *program, const char *out, int number, int32_t threads, vae_isa isa, int32_t keep) {
  char text[4][16], path[TEST_PATH];
  snprintf(path, sizeof path, "%s", out);
  snprintf(text[0], sizeof text[0], "%d", number);
  snprintf(text[1], sizeof text[1], "%d", (int)threads);
  snprintf(text[2], sizeof text[2], "%d", (int)isa);
  snprintf(text[3], sizeof text[3], "%d", (int)keep);
  char *arguments[] = {program, "train", text[0], text[1], text[2], text[3], path, NULL};
  CHECK_EQUAL(run_self(arguments), 0);
}

static void compare_files(const char *a, const char *b, const char *ending) {
  char path[TEST_PATH + 16];
  size_t a_size = 0, b_size = 0;
  snprintf(path, sizeof path, "%s%s", a, ending);
  unsigned char *a_bytes = test_read_file(path, &a_size);
  snprintf(path, sizeof path, "%s%s", b, ending);
  unsigned char *b_bytes = test_read_file(path, &b_size);
  if (CHECK(a_bytes != NULL && b_bytes != NULL) && CHECK_EQUAL(a_size, b_size)) CHECK_BYTES(a_bytes, b_bytes, a_size);
  free(a_bytes);
  free(b_bytes);
}

/* The child's own words about its team. serial: the library has no OpenMP. */
static void check_report(const char *out, const run *r, int32_t threads, vae_isa isa, int serial) {
  char path[TEST_PATH + 16];
  int team = 0, tasks = 0, used = 0;
  snprintf(path, sizeof path, "%s.report", out);
  FILE *report = fopen(path, "r");
  if (!CHECK(report != NULL)) return;
  CHECK_EQUAL(fscanf(report, "%d %d %d", &team, &tasks, &used), 3);
  fclose(report);
  CHECK_EQUAL(used, isa);
  if (serial) {
    CHECK_EQUAL(team, 1);
  } else if (r->splits) {
    CHECK_EQUAL(team, threads);
  } else {
    CHECK_THAT(team >= 1 && team <= threads, "a team of %d where %d were asked for", team, (int)threads);
  }
  /* The system counts what really ran; a sanitizer may keep one thread of its own. */
  if (tasks > 0 && r->splits) {
    CHECK_THAT(tasks >= team && tasks <= team + 1, "the team is said to have %d threads, the process has %d", team,
               tasks);
  }
}

static void check_runs(char *program, const char *folder, int serial) {
  static const int32_t single[] = {1, 2, 3, 5}, half[] = {1, 2, 3, 7, 16};
  vae_isa isas[TEST_ISAS];
  size_t isa_count = test_isas(isas);
  for (int number = 0; number < CASES; number++) {
    run r = make_run(number);
    const int32_t *threads = r.precision ? half : single;
    const size_t thread_count = r.precision ? sizeof half / sizeof *half : sizeof single / sizeof *single;
    for (size_t k = 0; k < isa_count; k++) {
      if (r.precision && !test_has_bfloat16(isas[k])) continue;
      char first[TEST_PATH], other[TEST_PATH], name[64];
      for (size_t t = 0; t < thread_count; t++) {
        harness_note("run %d, %s, %d threads", number, vae_isa_name(isas[k]), (int)threads[t]);
        snprintf(name, sizeof name, "%d-%s-%d", number, vae_isa_name(isas[k]), (int)threads[t]);
        test_join(other, folder, name);
        if (t == 0) memcpy(first, other, sizeof first);
        run_child(program, other, number, threads[t], isas[k], 0);
        check_report(other, &r, threads[t], isas[k], serial);
        if (t > 0) compare_files(first, other, ".model");
        if (t > 0) compare_files(first, other, ".trainer");
      }
      harness_note("run %d, %s, gradients kept", number, vae_isa_name(isas[k]));
      snprintf(name, sizeof name, "%d-%s-kept", number, vae_isa_name(isas[k]));
      test_join(other, folder, name);
      run_child(program, other, number, 3, isas[k], 1);
      compare_files(first, other, ".model");
    }
  }
}

/* In a child process: trains with three threads, forks, and both sides train on. The grandchild's model must be the
 * parent's to the bit. */
static int fork_after_region(const char *out) {
  run r = make_run(0);
  test_random random = {3};
  vae_model *model = NULL;
  vae_trainer *trainer = NULL, *second = NULL;
  vae_training training;
  char path[TEST_PATH + 16];
  vae_training_init(&training);
  training.threads = 3;
  float *floats = test_rows(&random, r.spec.likelihood, r.rows * r.spec.input_dim);
  vae_data data = test_floats(floats, r.rows, r.spec.input_dim);
  if (test_create(&r.spec, 1, NULL, &model, NULL) != VAE_OK) return 1;
  if (vae_trainer_create(model, &training, NULL, &trainer, NULL) != VAE_OK) return 2;
  if (vae_trainer_epoch(trainer, &data, NULL, NULL, NULL, NULL) != VAE_OK) return 3;
  pid_t child = fork();
  if (child < 0) return 4;
  if (vae_trainer_epoch(trainer, &data, NULL, NULL, NULL, NULL) != VAE_OK) return 5;
  snprintf(path, sizeof path, "%s-%s.model", out, child == 0 ? "child" : "parent");
  if (vae_model_save(model, path, NULL) != VAE_OK) return 6;
  training.threads = 2;
  if (vae_trainer_create(model, &training, NULL, &second, NULL) != VAE_OK) return 7;
  if (vae_trainer_epoch(second, &data, NULL, NULL, NULL, NULL) != VAE_OK) return 8;
  if (child == 0) _exit(0);
  int code = wait_for(child);
  vae_trainer_free(second);
  vae_trainer_free(trainer);
  vae_model_free(model);
  free(floats);
  return code == 0 ? 0 : 9;
}

static void check_fork(char *program, const char *folder) {
  char out[TEST_PATH], child[TEST_PATH + 8], parent[TEST_PATH + 8];
  test_join(out, folder, "fork");
  char *arguments[] = {program, "fork", out, NULL};
  harness_note("fork after a parallel region");
  CHECK_EQUAL(run_self(arguments), 0);
  snprintf(child, sizeof child, "%s-child", out);
  snprintf(parent, sizeof parent, "%s-parent", out);
  compare_files(child, parent, ".model");
}

int main(int argc, char **argv) {
  if (argc == 7 && strcmp(argv[1], "train") == 0) {
    return train(atoi(argv[2]), atoi(argv[3]), atoi(argv[4]), atoi(argv[5]), argv[6]);
  }
  if (argc == 3 && strcmp(argv[1], "fork") == 0) return fork_after_region(argv[2]);
  char folder[TEST_PATH];
  test_folder(folder);
  /* A build without OpenMP says so in the environment: VAE_TEST_SERIAL=1. The bits must be the same there. */
  const char *serial = getenv("VAE_TEST_SERIAL");
  if (CHECK(folder[0] != '\0')) {
    check_runs(argv[0], folder, serial != NULL && strcmp(serial, "1") == 0);
    /* A child made by fork() hangs in libgomp after a parallel region; a build that must use it says VAE_TEST_LIBGOMP=1. */
    const char *libgomp = getenv("VAE_TEST_LIBGOMP");
    if (libgomp == NULL || strcmp(libgomp, "1") != 0) check_fork(argv[0], folder);
    test_remove_folder(folder);
  }
  return harness_finish("threads");
}
