/* Model files that were made up: whatever is missing, of another shape, out of range or contradictory is named. */
#define _XOPEN_SOURCE 700

#include "harness.h"
#include "io/model_file.h"
#include "io/safetensors.h"
#include "io_model_support.h"

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
#define TRAINING(samples, beta, batch, rate, seed)                                                       \
  "\"training\":{\"objective\":\"elbo\",\"samples\":" samples ",\"beta\":" beta ",\"batch_size\":" batch \
  ",\"optimizer\":\"adam\",\"learning_rate\":" rate                                                      \
  ",\"beta1\":0.9,\"beta2\":0.999,\"epsilon\":1e-8,"                                                     \
  "\"seed\":" seed "},"
#define ALSO(more)                                                                                         \
  "\"training\":{\"objective\":\"elbo\",\"samples\":1,\"beta\":1,\"batch_size\":9,\"optimizer\":\"adam\"," \
  "\"learning_rate\":0.1,\"beta1\":0.9,\"beta2\":0.999,\"epsilon\":1e-8,\"seed\":0," more "},"
#define TRAINED WITH(TRAINING("1", "1", "128", "0.001", "0"))
#define COUNTERS(batch, rows, more)                            \
  "{\"step\":1,\"epoch\":0,\"batch\":" batch ",\"rows\":" rows \
  ",\"examples\":1,\"loss\":1,\"reconstruction\":1,"           \
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
      {{.format = "1", .config = WITH("\"condition_dim\":3,")}, VAE_ERROR_FORMAT, "its shape is"},
      {{.format = "1", .config = WITH("\"prior\":\"vamp\",")},
       VAE_ERROR_FORMAT,
       "prior_components is 0; a vamp prior takes 1 to 4096"},
      {{.format = "1", .config = WITH(ALSO("\"free_bits\":0.5"))}, VAE_OK, ""},
      {{.format = "1", .config = WITH(ALSO("\"binarization\":\"dynamic\""))},
       VAE_ERROR_FORMAT,
       "config: objective.binarization is dynamic; it makes values 0 or 1, for a bernoulli likelihood"},
      {{.format = "1", .config = WITH(ALSO("\"free_bits\":0.5") "\"prior\":\"mixture\",\"prior_components\":2,")},
       VAE_ERROR_FORMAT,
       "config: objective.free_bits is 0.5; it needs each latent's KL from a standard prior, and the model's is "
       "mixture"},
      {{.format = "1", .config = WITH("\"prior\":1,")}, VAE_ERROR_FORMAT, "\"prior\" is a number; it must be a name"},
      {{.format = "1", .config = WITH("\"prior_net\":[1],")}, VAE_ERROR_FORMAT, "prior_net"},
      {{.format = "1", .config = WITH("\"prior_net\":null,")}, VAE_ERROR_FORMAT, "prior_net"},
      {{.format = "1", .config = HEAD STACKS "\"likelihood\":\"cauchy\"}"},
       VAE_ERROR_UNSUPPORTED,
       "\"likelihood\" is \"cauchy\"; this version has bernoulli, gaussian"},
      {{.format = "1", .config = HEAD STACKS "\"likelihood\":\"gaussian\",\"sigma\":\"wide\"}"},
       VAE_ERROR_UNSUPPORTED,
       "\"sigma\" is \"wide\""},
      {{.format = "1", .config = HEAD STACKS "\"likelihood\":\"gaussian\",\"sigma\":\"fixed\"}"},
       VAE_ERROR_UNSUPPORTED,
       "\"sigma\" is \"fixed\""},
      {{.format = "1", .config = HEAD STACKS "\"likelihood\":\"gaussian\",\"sigma\":\"global\"}"},
       VAE_ERROR_FORMAT,
       "decoder.log_sigma is missing"},
      {{.format = "1", .config = HEAD STACKS "\"likelihood\":\"poisson\",\"sigma\":\"global\"}"},
       VAE_ERROR_FORMAT,
       "sigma_kind is global"},
      {{.format = "1", .config = HEAD STACKS "\"likelihood\":\"categorical\"}"}, VAE_ERROR_FORMAT, "group_count is 0"},
      {{.format = "1", .config = HEAD STACKS "\"likelihood\":\"categorical\",\"groups\":7}"},
       VAE_ERROR_FORMAT,
       "\"groups\" is a number"},
      {{.format = "1", .config = HEAD STACKS "\"likelihood\":\"categorical\",\"groups\":[2.5,2]}"},
       VAE_ERROR_FORMAT,
       "\"groups\"[0]"},
      {{.format = "1", .config = HEAD STACKS "\"likelihood\":\"categorical\",\"groups\":[2,-2]}"},
       VAE_ERROR_FORMAT,
       "\"groups\"[1]"},
      {{.format = "1", .config = HEAD STACKS "\"likelihood\":\"categorical\",\"groups\":[2,2,2,2,2,2,2]}"},
       VAE_ERROR_FORMAT,
       "groups have 14 columns in all"},
      {{.format = "1", .config = HEAD STACKS "\"likelihood\":\"bernoulli\",\"groups\":[2]}"},
       VAE_ERROR_FORMAT,
       "has no groups"},
      {{.format = "1", .config = HEAD STACKS "\"likelihood\":\"gaussian\",\"sigma\":null}"}, VAE_ERROR_FORMAT, "sigma"},
      {{.format = "1", .config = HEAD STACKS "\"likelihood\":\"gaussian\",\"sigma\":0}"}, VAE_ERROR_FORMAT, "sigma"},
      {{.format = "1", .config = HEAD "\"encoder\":{},\"decoder\":[]," TAIL}, VAE_ERROR_FORMAT, "\"encoder\""},
      {{.format = "1", .config = HEAD "\"encoder\":[7],\"decoder\":[]," TAIL}, VAE_ERROR_FORMAT, "encoder is a number"},
      {{.format = "1", .config = HEAD "\"encoder\":[{\"units\":3}],\"decoder\":[]," TAIL},
       VAE_ERROR_FORMAT,
       "encoder: the key \"activation\" is missing"},
      {{.format = "1", .config = HEAD "\"encoder\":[{\"units\":0,\"activation\":\"relu\"}],\"decoder\":[]," TAIL},
       VAE_ERROR_FORMAT,
       "units"},
      {{.format = "1", .config = HEAD "\"encoder\":[{\"units\":-3,\"activation\":\"relu\"}],\"decoder\":[]," TAIL},
       VAE_ERROR_FORMAT,
       "\"units\" is -3"},
      {{.format = "1",
        .config = HEAD "\"encoder\":[{\"units\":4294967296,\"activation\":\"relu\"}],"
                       "\"decoder\":[]," TAIL},
       VAE_ERROR_FORMAT,
       "\"units\" is 4294967296"},
      {{.format = "1", .config = "{\"input_dim\":5.0,\"latent_dim\":2," STACKS TAIL}, VAE_ERROR_FORMAT, "an integer"},
      {{.format = "1", .config = "{\"input_dim\":\"5\",\"latent_dim\":2," STACKS TAIL}, VAE_ERROR_FORMAT, "a string"},
      {{.format = "1", .config = "{\"input_dim\":5,\"latent_dim\":0," STACKS TAIL}, VAE_ERROR_FORMAT, "latent_dim"},
      {{.format = "1", .config = "{\"input_dim\":5,\"latent_dim\":3," STACKS TAIL},
       VAE_ERROR_FORMAT,
       "tensor encoder.mean.weight: its shape is [2, 3]; the configuration needs [3, 3]"},
      /* 64 GiB and more promised. */
      {{.format = "1",
        .config = "{\"input_dim\":16777216,\"latent_dim\":16777216,\"encoder\":[],\"decoder\":[],"
                  "\"likelihood\":\"bernoulli\"}"},
       VAE_ERROR_FORMAT,
       "its configuration takes"},
      {{.format = "1",
        .config = "{\"input_dim\":1000000,\"latent_dim\":1,\"encoder\":[],\"decoder\":[],"
                  "\"likelihood\":\"bernoulli\"}"},
       VAE_ERROR_FORMAT,
       "its configuration takes"},
      {{.format = "1", .config = WITH(TRAINING("0", "1", "128", "0.1", "0"))},
       VAE_ERROR_FORMAT,
       "objective.samples is 0"},
      {{.format = "1", .config = WITH(TRAINING("1", "-1", "128", "0.1", "0"))},
       VAE_ERROR_FORMAT,
       "objective.beta is -1"},
      {{.format = "1", .config = WITH(TRAINING("1", "1", "0", "0.1", "0"))},
       VAE_ERROR_FORMAT,
       "training.batch_size is 0"},
      {{.format = "1", .config = WITH(TRAINING("1", "1", "128", "0", "0"))},
       VAE_ERROR_FORMAT,
       "training.learning_rate is 0"},
      {{.format = "1", .config = WITH(TRAINING("1", "1", "128", "0.1", "-1"))}, VAE_ERROR_FORMAT, "\"seed\" is -1"},
      {{.format = "1", .config = WITH(TRAINING("65536", "1", "1048576", "0.1", "0"))},
       VAE_ERROR_FORMAT,
       "training.batch_size 1048576 times objective.samples 65536"},
      {{.format = "1", .config = WITH("\"training\":{},")}, VAE_ERROR_FORMAT, "training: the key \"objective\""},
      {{.format = "1", .config = WITH(TRAINING("1", "1,\"binarization\":\"dynamic\"", "128", "0.001", "0"))},
       VAE_ERROR_FORMAT,
       "objective.binarization is dynamic; it makes values 0 or 1, for a bernoulli likelihood"},
      {{.format = "1",
        .config = WITH(
            "\"prior\":\"mixture\",\"prior_components\":3," TRAINING("1", "1,\"free_bits\":1", "128", "0.001", "0"))},
       VAE_ERROR_FORMAT,
       "objective.free_bits is 1; it needs each latent's KL from a standard prior, and the model's is mixture"},
      {{.format = "1", .config = CONFIG, .without = "decoder.0.bias"},
       VAE_ERROR_FORMAT,
       "the tensor decoder.0.bias is missing"},
      {{.format = "1", .config = CONFIG, .extra = "decoder.1.bias"},
       VAE_ERROR_FORMAT,
       "the tensor decoder.1.bias is not one of"},
      {{.format = "1", .config = CONFIG, .moments = true}, VAE_ERROR_FORMAT, "adam.m.encoder.0.weight is not one of"},
      {{.format = "1", .config = CONFIG, .reshaped = "decoder.0.weight"},
       VAE_ERROR_FORMAT,
       "tensor decoder.0.weight: its shape is [1, 8]; the configuration needs [4, 2]"},
      {{.format = "1", .config = CONFIG, .reshaped = "decoder.0.bias"},
       VAE_ERROR_FORMAT,
       "[1, 4]; the configuration needs [4]"},
      {{.format = "1", .config = CONFIG, .poisoned = "decoder.0.weight", .poison = NAN},
       VAE_ERROR_FORMAT,
       "tensor decoder.0.weight: its value 7 is "},
      {{.format = "1", .config = CONFIG, .poisoned = "encoder.logvar.bias", .poison = -INFINITY},
       VAE_ERROR_FORMAT,
       "tensor encoder.logvar.bias: its value 1 is -inf; it must be finite"},
      {{.format = "1", .config = TRAINED, .trainer = COUNTERS("7", "900", FINE), .moments = true}, VAE_OK, ""},
      {{.format = "1", .config = CONFIG, .trainer = COUNTERS("7", "900", FINE), .moments = true},
       VAE_ERROR_FORMAT,
       "\"training\" is missing"},
      {{.format = "1", .config = TRAINED, .trainer = COUNTERS("7", "900", FINE)},
       VAE_ERROR_FORMAT,
       "adam.m.encoder.0.weight is missing"},
      {{.format = "1", .config = TRAINED, .trainer = COUNTERS("8", "900", FINE), .moments = true},
       VAE_ERROR_FORMAT,
       "900 rows"},
      {{.format = "1", .config = TRAINED, .trainer = COUNTERS("1", "0", FINE), .moments = true},
       VAE_ERROR_FORMAT,
       "0 rows"},
      {{.format = "1", .config = TRAINED, .trainer = COUNTERS("7", "900", ""), .moments = true},
       VAE_ERROR_FORMAT,
       "penalty"},
      {{.format = "1", .config = TRAINED, .trainer = COUNTERS("-1", "900", FINE), .moments = true},
       VAE_ERROR_FORMAT,
       "batch"},
      {{.format = "1", .config = TRAINED, .trainer = "{", .moments = true}, VAE_ERROR_FORMAT, "libvae.trainer: byte 1"},
      {{.format = "1",
        .config = TRAINED,
        .trainer = COUNTERS("7", "900", FINE),
        .moments = true,
        .poisoned = "adam.v.decoder.mean.bias",
        .poison = -1e-9f},
       VAE_ERROR_FORMAT,
       "and not negative"},
      {{.format = "1",
        .config = TRAINED,
        .trainer = COUNTERS("7", "900", FINE),
        .moments = true,
        .poisoned = "adam.m.decoder.mean.bias",
        .poison = -1e-9f},
       VAE_OK,
       ""},
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
int main(void) {
  allocator = io_allocator(&counter);
  test_forgeries();
  CHECK_EQUAL(counter.bytes_held, 0);
  return harness_finish("io_forgery_test");
}
