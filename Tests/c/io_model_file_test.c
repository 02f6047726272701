/* Model files and trainers' states: what is saved is loaded, and what is wrong with a file is said. */
#define _XOPEN_SOURCE 700

#include "harness.h"
#include "io/model_file.h"
#include "io/safetensors.h"
#include "io_support.h"

static io_counter counter;
static vae_allocator allocator;

typedef struct bytes {
  unsigned char *data;
  size_t size;
} bytes;

/* 5-3-2-4-5, whose tensors are [3,5] [3] [2,3] [2] [2,3] [2] [4,2] [4] [5,4] [5]. */
static vae_model *make_model(bool trained) {
  static const vae_layer encoder[] = {{sizeof(vae_layer), 3, VAE_ACTIVATION_TANH}};
  static const vae_layer decoder[] = {{sizeof(vae_layer), 4, VAE_ACTIVATION_LEAKY_RELU}};
  const vae_config config = {.struct_size = sizeof config, .input_dim = 5, .latent_dim = 2, .encoder = encoder,
                             .decoder = decoder, .encoder_count = 1, .decoder_count = 1,
                             .likelihood = VAE_LIKELIHOOD_GAUSSIAN, .output_activation = VAE_ACTIVATION_SIGMOID,
                             .sigma = 0.1};
  vae_model *model = NULL;
  vae_error err = io_error();
  if (!CHECK_OK(vaei_model_new(&config, &allocator, &model, &err), &err)) exit(1);
  vaei_model_init_parameters(model, 7);
  model->trained = trained;
  if (trained) {
    model->training = (vae_training){.struct_size = sizeof(vae_training), .batch_size = 100, .learning_rate = 0.003,
                                     .beta1 = 0.85, .beta2 = 0.9999, .epsilon = 1e-7, .seed = UINT64_MAX};
    model->training.objective = (vae_objective){.struct_size = sizeof(vae_objective), .samples = 5, .beta = 1.0 / 3};
  }
  return model;
}

static bytes bytes_of(const vae_model *model, const vaei_trainer_state *state) {
  bytes file = {NULL, 0};
  vae_error err = io_error();
  CHECK_OK(vaei_model_file_save_bytes(model, state, NULL, 0, &file.size, &err), &err);
  file.data = malloc(file.size);
  CHECK_OK(vaei_model_file_save_bytes(model, state, file.data, file.size, &file.size, &err), &err);
  return file;
}

/* From memory of just that size. */
static vae_status load(bytes file, vae_model **model, vaei_trainer_state *state, vae_error *err) {
  unsigned char *copy = malloc(file.size ? file.size : 1);
  memcpy(copy, file.data, file.size);
  const vae_status status = vaei_model_file_load(NULL, copy, file.size, &allocator, model, state, err);
  free(copy);
  return status;
}

static vaei_trainer_state make_state(const vae_model *model) {
  vaei_trainer_state state = {.step = UINT64_MAX, .epoch = 3, .batch = 2, .rows = 1000, .examples = 200,
                              .loss = 21000.125 + 1e-9, .reconstruction = 1.0 / 3, .kl = 5e-324, .penalty = 0};
  const size_t size = model->block_size * sizeof(float);
  state.first_moment = vaei_allocate_zeroed(&allocator, size);
  state.second_moment = vaei_allocate_zeroed(&allocator, size);
  float values[64];
  for (size_t i = 0; i < model->parameter_count; i++) {
    const vaei_parameter *parameter = &model->parameters[i];
    for (size_t k = 0; k < parameter->count; k++) values[k] = (float)(i + 1) * (k % 2 ? -1e-3f : 1e-30f);
    vaei_parameter_pack(model, parameter, state.first_moment, values);
    for (size_t k = 0; k < parameter->count; k++) values[k] = values[k] * values[k];
    vaei_parameter_pack(model, parameter, state.second_moment, values);
  }
  return state;
}

static void free_state(const vae_model *model, vaei_trainer_state *state) {
  vaei_release(&allocator, state->first_moment, model->block_size * sizeof(float));
  vaei_release(&allocator, state->second_moment, model->block_size * sizeof(float));
}

static void test_round_trip(void) {
  for (int trained = 0; trained < 2; trained++) {
    vae_error err = io_error();
    vae_model *model = make_model(trained), *again = NULL;
    const bytes file = bytes_of(model, NULL);
    CHECK(strstr((char *)file.data + 8, "{\"__metadata__\":{\"libvae.format\":\"1\",\"libvae.config\":\"{"
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

/* A file made of parts: `tensors` are those of the model with the changes asked for. */
typedef struct forgery {
  const char *format, *config, *trainer; /* NULL: left out */
  const char *without;                   /* a tensor to leave out */
  const char *reshaped;                  /* a tensor that becomes [1, count] */
  const char *extra;                     /* one more tensor, [1] */
  const char *poisoned;                  /* a tensor whose last value becomes `poison` */
  float poison;
  bool moments;
} forgery;

static bool is(const char *name, const char *wanted) { return wanted && strcmp(name, wanted) == 0; }

static bytes forge(const vae_model *model, const forgery *plan) {
  static const char *const prefixes[] = {"", "adam.m.", "adam.v."};
  static float data[1000];
  size_t used = 0;
  vaei_safetensors_header header;
  vaei_safetensors_header_begin(&header, &allocator);
  if (plan->format) vaei_safetensors_header_text(&header, "libvae.format", plan->format, strlen(plan->format));
  if (plan->config) vaei_safetensors_header_text(&header, "libvae.config", plan->config, strlen(plan->config));
  if (plan->trainer) vaei_safetensors_header_text(&header, "libvae.trainer", plan->trainer, strlen(plan->trainer));
  for (size_t i = 0; i < model->parameter_count * (plan->moments ? 3 : 1); i++) {
    const vaei_parameter *p = &model->parameters[i % model->parameter_count];
    char name[64];
    snprintf(name, sizeof name, "%s%s", prefixes[i / model->parameter_count], p->name);
    if (is(name, plan->without)) continue;
    const uint64_t flat[2] = {1, p->count};
    const bool reshaped = is(name, plan->reshaped);
    vaei_safetensors_header_tensor(&header, name, reshaped ? 2 : p->rank, reshaped ? flat : p->shape);
    if (i < model->parameter_count) {
      vaei_parameter_unpack(model, p, model->block, data + used);
    } else {
      memset(data + used, 0, p->count * sizeof(float));
    }
    used += p->count;
    if (is(name, plan->poisoned)) data[used - 1] = plan->poison;
  }
  if (plan->extra) {
    const uint64_t one[1] = {1};
    vaei_safetensors_header_tensor(&header, plan->extra, 1, one);
    data[used++] = 0;
  }
  CHECK_STATUS(vaei_safetensors_header_end(&header, NULL), VAE_OK);
  vaei_floats_to_little_endian(data, used);
  bytes file = {malloc(header.json.length + used * sizeof(float)), header.json.length + used * sizeof(float)};
  memcpy(file.data, header.json.text, header.json.length);
  memcpy(file.data + header.json.length, data, used * sizeof(float));
  vaei_safetensors_header_free(&header);
  return file;
}

#define HEAD "{\"input_dim\":5,\"latent_dim\":2,"
#define STACKS \
  "\"encoder\":[{\"units\":3,\"activation\":\"tanh\"}],\"decoder\":[{\"units\":4,\"activation\":\"leaky_relu\"}],"
#define TAIL "\"likelihood\":\"gaussian\",\"sigma\":0.1,\"output_activation\":\"sigmoid\"}"
#define CONFIG HEAD STACKS TAIL
#define WITH(more) HEAD STACKS more TAIL
#define TRAINING(samples, beta, batch, rate, seed) \
  "\"training\":{\"objective\":\"elbo\",\"samples\":" samples ",\"beta\":" beta ",\"batch_size\":" batch \
  ",\"optimizer\":\"adam\",\"learning_rate\":" rate ",\"beta1\":0.9,\"beta2\":0.999,\"epsilon\":1e-8," \
  "\"seed\":" seed "},"
#define TRAINED WITH(TRAINING("1", "1", "128", "0.001", "0"))
#define COUNTERS(batch, rows, more) \
  "{\"step\":1,\"epoch\":0,\"batch\":" batch ",\"rows\":" rows ",\"examples\":1,\"loss\":1,\"reconstruction\":1," \
  "\"kl\":0" more "}"
#define FINE ",\"penalty\":0"

static void test_forgeries(void) {
  static const struct {
    forgery plan;
    vae_status status;
    const char *message;
  } cases[] = {
      {{.format = "1", .config = CONFIG}, VAE_OK, ""},
      {{.format = "1", .config = TRAINED}, VAE_OK, ""},
      {{.format = "1", .config = WITH("\"condition_dim\":0,\"prior\":\"standard\",\"prior_net\":[],")}, VAE_OK, ""},
      {{.config = CONFIG}, VAE_ERROR_FORMAT, "not a libvae model: its metadata have no libvae.format"},
      {{.format = "2", .config = CONFIG}, VAE_ERROR_UNSUPPORTED, "libvae.format is \"2\""},
      {{.format = "1"}, VAE_ERROR_FORMAT, "no libvae.config"},
      {{.format = "1", .config = "{"}, VAE_ERROR_FORMAT, "config: byte 1"},
      {{.format = "1", .config = "[]"}, VAE_ERROR_FORMAT, "config is an array"},
      {{.format = "1", .config = "{}"}, VAE_ERROR_FORMAT, "config: the key \"input_dim\" is missing"},
      {{.format = "1", .config = HEAD TAIL}, VAE_ERROR_FORMAT, "\"encoder\" is missing"},
      {{.format = "1", .config = WITH("\"colour\":1,")}, VAE_ERROR_FORMAT, "the key \"colour\" is unknown"},
      {{.format = "1", .config = WITH("\"condition_dim\":3,")}, VAE_ERROR_UNSUPPORTED, "\"condition_dim\" is 3"},
      {{.format = "1", .config = WITH("\"prior\":\"vamp\",")}, VAE_ERROR_UNSUPPORTED,
       "\"prior\" is \"vamp\"; this version has standard"},
      {{.format = "1", .config = WITH("\"prior\":1,")}, VAE_ERROR_FORMAT, "\"prior\" is a number; it must be a name"},
      {{.format = "1", .config = WITH("\"prior_net\":[1],")}, VAE_ERROR_UNSUPPORTED, "prior_net"},
      {{.format = "1", .config = WITH("\"prior_net\":null,")}, VAE_ERROR_FORMAT, "prior_net"},
      {{.format = "1", .config = HEAD STACKS "\"likelihood\":\"poisson\"}"}, VAE_ERROR_UNSUPPORTED,
       "\"likelihood\" is \"poisson\"; this version has bernoulli, gaussian"},
      {{.format = "1", .config = HEAD STACKS "\"likelihood\":\"gaussian\",\"sigma\":\"global\"}"},
       VAE_ERROR_UNSUPPORTED, "\"sigma\" is \"global\""},
      {{.format = "1", .config = HEAD STACKS "\"likelihood\":\"gaussian\",\"sigma\":null}"}, VAE_ERROR_FORMAT, "sigma"},
      {{.format = "1", .config = HEAD STACKS "\"likelihood\":\"gaussian\",\"sigma\":0}"}, VAE_ERROR_FORMAT, "sigma"},
      {{.format = "1", .config = HEAD "\"encoder\":{},\"decoder\":[]," TAIL}, VAE_ERROR_FORMAT, "\"encoder\""},
      {{.format = "1", .config = HEAD "\"encoder\":[7],\"decoder\":[]," TAIL}, VAE_ERROR_FORMAT, "encoder is a number"},
      {{.format = "1", .config = HEAD "\"encoder\":[{\"units\":3}],\"decoder\":[]," TAIL}, VAE_ERROR_FORMAT,
       "encoder: the key \"activation\" is missing"},
      {{.format = "1", .config = HEAD "\"encoder\":[{\"units\":0,\"activation\":\"relu\"}],\"decoder\":[]," TAIL},
       VAE_ERROR_FORMAT, "units"},
      {{.format = "1", .config = HEAD "\"encoder\":[{\"units\":-3,\"activation\":\"relu\"}],\"decoder\":[]," TAIL},
       VAE_ERROR_FORMAT, "\"units\" is -3"},
      {{.format = "1", .config = HEAD "\"encoder\":[{\"units\":4294967296,\"activation\":\"relu\"}],"
                                      "\"decoder\":[]," TAIL},
       VAE_ERROR_FORMAT, "\"units\" is 4294967296"},
      {{.format = "1", .config = "{\"input_dim\":5.0,\"latent_dim\":2," STACKS TAIL}, VAE_ERROR_FORMAT, "an integer"},
      {{.format = "1", .config = "{\"input_dim\":\"5\",\"latent_dim\":2," STACKS TAIL}, VAE_ERROR_FORMAT, "a string"},
      {{.format = "1", .config = "{\"input_dim\":5,\"latent_dim\":0," STACKS TAIL}, VAE_ERROR_FORMAT, "latent_dim"},
      {{.format = "1", .config = "{\"input_dim\":5,\"latent_dim\":3," STACKS TAIL}, VAE_ERROR_FORMAT,
       "tensor encoder.mean.weight: its shape is [2, 3]; the configuration needs [3, 3]"},
      /* 64 GiB and more promised. */
      {{.format = "1", .config = "{\"input_dim\":16777216,\"latent_dim\":16777216,\"encoder\":[],\"decoder\":[],"
                                 "\"likelihood\":\"bernoulli\"}"}, VAE_ERROR_FORMAT, "its configuration takes"},
      {{.format = "1", .config = "{\"input_dim\":1000000,\"latent_dim\":1,\"encoder\":[],\"decoder\":[],"
                                 "\"likelihood\":\"bernoulli\"}"}, VAE_ERROR_FORMAT, "its configuration takes"},
      {{.format = "1", .config = WITH(TRAINING("0", "1", "128", "0.1", "0"))}, VAE_ERROR_FORMAT, "objective.samples is 0"},
      {{.format = "1", .config = WITH(TRAINING("1", "-1", "128", "0.1", "0"))}, VAE_ERROR_FORMAT, "objective.beta is -1"},
      {{.format = "1", .config = WITH(TRAINING("1", "1", "0", "0.1", "0"))}, VAE_ERROR_FORMAT, "training.batch_size is 0"},
      {{.format = "1", .config = WITH(TRAINING("1", "1", "128", "0", "0"))},
       VAE_ERROR_FORMAT, "training.learning_rate is 0"},
      {{.format = "1", .config = WITH(TRAINING("1", "1", "128", "0.1", "-1"))}, VAE_ERROR_FORMAT, "\"seed\" is -1"},
      {{.format = "1", .config = WITH(TRAINING("65536", "1", "1048576", "0.1", "0"))}, VAE_ERROR_FORMAT,
       "training.batch_size 1048576 times objective.samples 65536"},
      {{.format = "1", .config = WITH("\"training\":{},")}, VAE_ERROR_FORMAT, "training: the key \"objective\""},
      {{.format = "1", .config = CONFIG, .without = "decoder.0.bias"}, VAE_ERROR_FORMAT,
       "the tensor decoder.0.bias is missing"},
      {{.format = "1", .config = CONFIG, .extra = "decoder.1.bias"}, VAE_ERROR_FORMAT,
       "the tensor decoder.1.bias is not one of"},
      {{.format = "1", .config = CONFIG, .moments = true}, VAE_ERROR_FORMAT, "adam.m.encoder.0.weight is not one of"},
      {{.format = "1", .config = CONFIG, .reshaped = "decoder.0.weight"}, VAE_ERROR_FORMAT,
       "tensor decoder.0.weight: its shape is [1, 8]; the configuration needs [4, 2]"},
      {{.format = "1", .config = CONFIG, .reshaped = "decoder.0.bias"},
       VAE_ERROR_FORMAT, "[1, 4]; the configuration needs [4]"},
      {{.format = "1", .config = CONFIG, .poisoned = "decoder.0.weight", .poison = NAN}, VAE_ERROR_FORMAT,
       "tensor decoder.0.weight: its value 7 is "},
      {{.format = "1", .config = CONFIG, .poisoned = "encoder.logvar.bias", .poison = -INFINITY}, VAE_ERROR_FORMAT,
       "tensor encoder.logvar.bias: its value 1 is -inf; it must be finite"},
      {{.format = "1", .config = TRAINED, .trainer = COUNTERS("7", "900", FINE), .moments = true}, VAE_OK, ""},
      {{.format = "1", .config = CONFIG, .trainer = COUNTERS("7", "900", FINE), .moments = true}, VAE_ERROR_FORMAT,
       "\"training\" is missing"},
      {{.format = "1", .config = TRAINED, .trainer = COUNTERS("7", "900", FINE)}, VAE_ERROR_FORMAT,
       "adam.m.encoder.0.weight is missing"},
      {{.format = "1", .config = TRAINED, .trainer = COUNTERS("8", "900", FINE), .moments = true},
       VAE_ERROR_FORMAT, "900 rows"},
      {{.format = "1", .config = TRAINED, .trainer = COUNTERS("1", "0", FINE), .moments = true},
       VAE_ERROR_FORMAT, "0 rows"},
      {{.format = "1", .config = TRAINED, .trainer = COUNTERS("7", "900", ""), .moments = true},
       VAE_ERROR_FORMAT, "penalty"},
      {{.format = "1", .config = TRAINED, .trainer = COUNTERS("-1", "900", FINE), .moments = true},
       VAE_ERROR_FORMAT, "batch"},
      {{.format = "1", .config = TRAINED, .trainer = "{", .moments = true}, VAE_ERROR_FORMAT, "libvae.trainer: byte 1"},
      {{.format = "1", .config = TRAINED, .trainer = COUNTERS("7", "900", FINE), .moments = true,
        .poisoned = "adam.v.decoder.mean.bias", .poison = -1e-9f}, VAE_ERROR_FORMAT, "and not negative"},
      {{.format = "1", .config = TRAINED, .trainer = COUNTERS("7", "900", FINE), .moments = true,
        .poisoned = "adam.m.decoder.mean.bias", .poison = -1e-9f}, VAE_OK, ""},
  };
  vae_model *model = make_model(false);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const long long held = counter.bytes_held;
    vae_model *made = NULL;
    vae_error err = io_error();
    const bytes file = forge(model, &cases[i].plan);
    harness_note("case %zu: %s", i, cases[i].message);
    counter.largest = 0;
    const vae_status status = load(file, &made, NULL, &err);
    harness_status(status, cases[i].status, "load", &err, __FILE__, __LINE__);
    CHECK((made != NULL) == (status == VAE_OK));
    CHECK(counter.largest < 1 << 16);
    if (cases[i].status != VAE_OK) {
      CHECK_MESSAGE_HAS(err, cases[i].message);
      CHECK_MESSAGE_HAS(err, "cannot read the model: ");
    }
    vaei_model_delete(made);
    free(file.data);
    CHECK_EQUAL(counter.bytes_held, held);
  }
  harness_note("%s", "");
  /* Another type of values. */
  bytes file = bytes_of(model, NULL);
  char *found = strstr((char *)file.data + 8, "\"F32\",\"shape\":[5]");
  vae_error err = io_error();
  vae_model *made = NULL;
  if (CHECK(found != NULL)) {
    memcpy(found, "\"I32\"", 5);
    CHECK_STATUS(load(file, &made, NULL, &err), VAE_ERROR_UNSUPPORTED);
    CHECK_MESSAGE_HAS(err, "tensor decoder.mean.bias: its type is I32");
  }
  free(file.data);
  vaei_model_delete(model);
  CHECK_EQUAL(counter.bytes_held, 0);
}

/* Every cut and many changed bytes: refused, or loaded and saved to bytes that load again to the same bytes. */
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
      const vae_status status = saving ? vaei_model_file_save(model, &state, path.text, &err)
                                       : load(file, &made, &read, &err);
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
  test_forgeries();
  test_mutations();
  test_memory();
  test_paths();
  CHECK(rmdir(io_folder) == 0);
  CHECK_EQUAL(counter.bytes_held, 0);
  return harness_finish("io_model_file_test");
}
