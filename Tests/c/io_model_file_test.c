/* Model files and trainers' states: what is saved is loaded, and what is wrong with a file is said. */
#define _XOPEN_SOURCE 700

#include "harness.h"
#include "io/model_file.h"
#include "io/safetensors.h"
#include "io_model_support.h"

static void test_round_trip(void) {
  for (int trained = 0; trained < 2; trained++) {
    vae_error err = io_error();
    vae_model *model = make_model(trained), *again = NULL;
    const bytes file = bytes_of(model, NULL);
    CHECK(strstr((char *)file.data + 8,
                 "{\"__metadata__\":{\"libvae.format\":\"1\",\"libvae.config\":\"{"
                 "\\\"input_dim\\\":5,\\\"condition_dim\\\":0,\\\"latent_dim\\\":2,") != NULL);
    if (CHECK_OK(load(file, &again, NULL, &err), &err)) {
      CHECK(vaei_config_equal(&model->config, &again->config));
      CHECK_EQUAL(again->trained, trained);
      CHECK_BYTES(model->block, again->block, model->block_size * sizeof(float));
      if (trained) {
        const vae_training *a = &model->training, *b = &again->training;
        CHECK(a->seed == b->seed && a->batch_size == b->batch_size && a->learning_rate == b->learning_rate);
        CHECK(a->beta1 == b->beta1 && a->beta2 == b->beta2 && a->epsilon == b->epsilon);
        CHECK(a->objective.beta == b->objective.beta && a->objective.samples == b->objective.samples);
        CHECK(b->threads == 0 && b->isa == 0 && b->keep_gradients == 0 && b->struct_size == sizeof *b);
      }
      const bytes second = bytes_of(again, NULL);
      CHECK(second.size == file.size && memcmp(second.data, file.data, file.size) == 0);
      free(second.data);
      vaei_model_delete(again);
    }
    size_t size = 0;
    unsigned char small[8] = "unused";
    CHECK_STATUS(vaei_model_file_save_bytes(model, NULL, small, sizeof small, &size, &err), VAE_ERROR_INVALID_ARGUMENT);
    CHECK(size == file.size && memcmp(small, "unused", 7) == 0);
    const io_path path = io_in_folder("model.safetensors");
    CHECK_OK(vaei_model_file_save(model, NULL, path.text, &err), &err);
    bytes read = {NULL, 0};
    read.data = io_get(path.text, &read.size);
    CHECK(read.data && read.size == file.size && memcmp(read.data, file.data, file.size) == 0);
    free(read.data);
    if (CHECK_OK(vaei_model_file_load(path.text, NULL, 0, &allocator, &again, NULL, &err), &err))
      vaei_model_delete(again);
    unlink(path.text);
    free(file.data);
    vaei_model_delete(model);
    CHECK_EQUAL(counter.bytes_held, 0);
  }
}

static void test_state(void) {
  vae_error err = io_error();
  vae_model *model = make_model(true), *again = NULL;
  vaei_trainer_state state = make_state(model), read = {0};
  const bytes file = bytes_of(model, &state);
  if (CHECK_OK(load(file, &again, &read, &err), &err)) {
    CHECK(read.step == state.step && read.epoch == 3 && read.batch == 2 && read.rows == 1000 && read.examples == 200);
    CHECK(read.loss == state.loss && read.reconstruction == state.reconstruction && read.kl == state.kl);
    CHECK_BYTES(read.first_moment, state.first_moment, model->block_size * sizeof(float));
    CHECK_BYTES(read.second_moment, state.second_moment, model->block_size * sizeof(float));
    const bytes second = bytes_of(again, &read);
    CHECK(second.size == file.size && memcmp(second.data, file.data, file.size) == 0);
    free(second.data);
    free_state(again, &read);
    vaei_model_delete(again);
  }
  if (CHECK_OK(load(file, &again, NULL, &err), &err)) {
    CHECK_BYTES(model->block, again->block, model->block_size * sizeof(float));
    vaei_model_delete(again);
  }
  free(file.data);

  const bytes plain = bytes_of(model, NULL);
  CHECK_STATUS(load(plain, &again, &read, &err), VAE_ERROR_FORMAT);
  CHECK_MESSAGE_HAS(err, "without a trainer's state");
  CHECK(again == NULL);
  free(plain.data);

  /* What could not be loaded is not saved. */
  size_t size = 0;
  unsigned char *room = malloc(1 << 16);
  state.second_moment[0] = -1;
  CHECK_STATUS(vaei_model_file_save_bytes(model, &state, room, 1 << 16, &size, &err), VAE_ERROR_NOT_FINITE);
  CHECK_MESSAGE_HAS(err, "tensor adam.v.encoder.0.weight: its value 0 is -1");
  state.second_moment[0] = 1;
  state.loss = NAN;
  CHECK_STATUS(vaei_model_file_save_bytes(model, &state, room, 1 << 16, &size, &err), VAE_ERROR_NOT_FINITE);
  model->block[0] = INFINITY;
  const io_path path = io_in_folder("bad.safetensors");
  CHECK(io_put(path.text, "old", 3));
  CHECK_STATUS(vaei_model_file_save(model, NULL, path.text, &err), VAE_ERROR_NOT_FINITE);
  bytes old = {NULL, 0};
  old.data = io_get(path.text, &old.size);
  CHECK(old.data && strcmp((char *)old.data, "old") == 0);
  free(old.data);
  unlink(path.text);
  free(room);
  free_state(model, &state);
  vaei_model_delete(model);
  CHECK_EQUAL(counter.bytes_held, 0);
}

static void test_mutations(void) {
  vae_model *model = make_model(true);
  vaei_trainer_state state = make_state(model);
  bytes file = bytes_of(model, &state);
  const long long held = counter.bytes_held;
  static const int changes[] = {0x01, 0x02, 0x10, 0x80, 0xff, 0x03, 0x1c};
  counter.largest = 0;
  for (size_t i = 0; i < file.size; i++) {
    vae_model *made = NULL;
    CHECK_STATUS(load((bytes){file.data, i}, &made, NULL, NULL), VAE_ERROR_FORMAT);
    for (size_t change = 0; change < sizeof changes / sizeof *changes; change++) {
      vaei_trainer_state read = {0};
      file.data[i] ^= (unsigned char)changes[change];
      if (load(file, &made, &read, NULL) == VAE_OK) {
        const bytes first = bytes_of(made, &read);
        vae_model *again = NULL;
        vaei_trainer_state second_state = {0};
        if (CHECK_STATUS(load(first, &again, &second_state, NULL), VAE_OK)) {
          const bytes second = bytes_of(again, &second_state);
          CHECK(first.size == second.size && memcmp(first.data, second.data, first.size) == 0);
          free(second.data);
          free_state(again, &second_state);
          vaei_model_delete(again);
        }
        free(first.data);
        free_state(made, &read);
        vaei_model_delete(made);
      }
      file.data[i] ^= (unsigned char)changes[change];
    }
    CHECK_EQUAL(counter.bytes_held, held);
  }
  CHECK(counter.largest < 1 << 20);
  free(file.data);
  free_state(model, &state);
  vaei_model_delete(model);
  CHECK_EQUAL(counter.bytes_held, 0);
}

/* Each allocation fails once: told, and nothing lost. */
static void test_memory(void) {
  vae_model *model = make_model(true);
  vaei_trainer_state state = make_state(model);
  const bytes file = bytes_of(model, &state);
  const io_path path = io_in_folder("memory.safetensors");
  const long long held = counter.bytes_held;
  vae_error err = io_error();
  int failures = 0;
  for (int saving = 0; saving < 2; saving++) {
    for (long at = 1; at < 100; at++) {
      vae_model *made = NULL;
      vaei_trainer_state read = {0};
      counter.allocations = 0;
      counter.fail_at = at;
      if (saving) model->allocator = allocator;
      const vae_status status =
          saving ? vaei_model_file_save(model, &state, path.text, &err) : load(file, &made, &read, &err);
      counter.fail_at = 0;
      if (made) {
        free_state(made, &read);
        vaei_model_delete(made);
      }
      CHECK_EQUAL(counter.bytes_held, held);
      if (status == VAE_OK) break;
      CHECK_STATUS(status, VAE_ERROR_OUT_OF_MEMORY);
      failures++;
      if (saving) CHECK(access(path.text, F_OK) != 0);
    }
  }
  CHECK(failures > 10);
  unlink(path.text);
  free(file.data);
  free_state(model, &state);
  vaei_model_delete(model);
}

static void test_paths(void) {
  vae_error err = io_error();
  vae_model *model = make_model(false), *made = NULL;
  CHECK_STATUS(vaei_model_file_load(io_in_folder("none").text, NULL, 0, NULL, &made, NULL, &err), VAE_ERROR_IO);
  CHECK_MESSAGE_HAS(err, "/none: No such file or directory");
  CHECK(io_put(io_in_folder("short").text, "x", 1));
  CHECK_STATUS(vaei_model_file_load(io_in_folder("short").text, NULL, 0, NULL, &made, NULL, &err), VAE_ERROR_FORMAT);
  CHECK_MESSAGE_HAS(err, "/short: 1 bytes are too few");
  CHECK_STATUS(vaei_model_file_load(NULL, NULL, 0, NULL, &made, NULL, &err), VAE_ERROR_INVALID_ARGUMENT);
  CHECK_STATUS(vaei_model_file_save(model, NULL, "/dev/full", &err), VAE_ERROR_IO);
  CHECK_MESSAGE_HAS(err, "cannot write /dev/full: No space left on device");
  unlink(io_in_folder("short").text);
  vaei_model_delete(model);
}

int main(void) {
  allocator = io_allocator(&counter);
  if (!CHECK(io_make_folder())) return harness_finish("io_model_file_test");
  test_round_trip();
  test_state();
  test_mutations();
  test_memory();
  test_paths();
  CHECK(rmdir(io_folder) == 0);
  CHECK_EQUAL(counter.bytes_held, 0);
  return harness_finish("io_model_file_test");
}
