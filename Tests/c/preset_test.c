/* Presets: the list, the parts that come out, and that each trains. docs/PRESETS.md is held to the library. */
#include "harness.h"
#include "support.h"

static const char *const expected_names[] = {
    "tutorial-mse", "kingma-mlp",    "leaky-mlp",  "two-hidden-bce", "two-hidden-reconstruction-only",
    "iwae-1layer",  "vampprior-mlp", "beta-vae-h", "beta-vae-b",     "beta-tc",
    "dip-i",        "dip-ii",        "info-vae",   "wae-rbf",        "wae-imq",
    "swae",         "log-cosh",      "cvae-label", "cvae-quadrant",
};
enum { PRESETS = sizeof expected_names / sizeof *expected_names };

typedef struct parts {
  vae_preset_info info;
  vae_config config;
  vae_training training;
} parts;

static parts get(const char *name) {
  vae_error err;
  parts p;
  vae_error_init(&err);
  vae_preset_info_init(&p.info);
  vae_config_init(&p.config);
  vae_training_init(&p.training);
  CHECK_OK(vae_preset_get(name, &p.info, &p.config, &p.training, &err), &err);
  return p;
}

static void test_list(void) {
  CHECK_EQUAL(vae_preset_count(), PRESETS);
  for (size_t i = 0; i < PRESETS; i++) {
    const char *name = vae_preset_name(i);
    if (!CHECK_THAT(name && strcmp(name, expected_names[i]) == 0, "preset %zu is %s", i, name ? name : "NULL"))
      continue;
    const parts p = get(name);
    CHECK(strcmp(p.info.name, name) == 0);
    CHECK(p.info.source && strlen(p.info.source) > 5 && p.info.summary && strlen(p.info.summary) > 20);
    CHECK(p.info.epochs > 0);
    CHECK_EQUAL(p.config.struct_size, sizeof p.config);
    CHECK_EQUAL(p.training.struct_size, sizeof p.training);
    CHECK_EQUAL(p.training.objective.struct_size, sizeof p.training.objective);
  }
  CHECK(!vae_preset_name(PRESETS));
  CHECK(!vae_preset_name((size_t)-1));
}

static void test_bad_arguments(void) {
  vae_error err;
  vae_config config;
  vae_preset_info info;
  vae_training training;
  vae_error_init(&err);
  memset(&config, 0, sizeof config);
  memset(&info, 0, sizeof info);
  memset(&training, 0, sizeof training);
  CHECK_STATUS(vae_preset_get("nothing", NULL, NULL, NULL, &err), VAE_ERROR_INVALID_ARGUMENT);
  CHECK_MESSAGE_HAS(err, "\"nothing\"");
  CHECK_STATUS(vae_preset_get("", NULL, NULL, NULL, NULL), VAE_ERROR_INVALID_ARGUMENT);
  CHECK_STATUS(vae_preset_get(NULL, NULL, NULL, NULL, &err), VAE_ERROR_INVALID_ARGUMENT);
  CHECK_MESSAGE_HAS(err, "name is NULL");
  CHECK_OK(vae_preset_get("swae", NULL, NULL, NULL, &err), &err);
  CHECK_STATUS(vae_preset_get("swae", &info, NULL, NULL, &err), VAE_ERROR_INVALID_ARGUMENT);
  CHECK_MESSAGE_HAS(err, "info->struct_size");
  CHECK_STATUS(vae_preset_get("swae", NULL, &config, NULL, &err), VAE_ERROR_INVALID_ARGUMENT);
  CHECK_MESSAGE_HAS(err, "config->struct_size");
  CHECK_STATUS(vae_preset_get("swae", NULL, NULL, &training, &err), VAE_ERROR_INVALID_ARGUMENT);
  CHECK_MESSAGE_HAS(err, "training->struct_size");
}

/* A caller whose struct is shorter than today's gets what fits, and nothing behind it. */
static void test_older_caller(void) {
  vae_error err;
  vae_config config;
  const uint32_t older = offsetof(vae_config, prior_net);
  vae_error_init(&err);
  memset(&config, 0x55, sizeof config);
  vae_config_init_sized(&config, older);
  CHECK_OK(vae_preset_get("cvae-quadrant", NULL, &config, NULL, &err), &err);
  CHECK_EQUAL(config.struct_size, older);
  CHECK_EQUAL(config.condition_dim, 784);
  CHECK_EQUAL(config.prior_net_count, 0x55555555);
}

/* What the sources are known for. */
static void test_values(void) {
  parts p = get("tutorial-mse");
  CHECK_EQUAL(p.config.encoder_count, 2);
  CHECK_EQUAL(p.config.encoder[1].units, 100);
  CHECK_EQUAL(p.config.latent_dim, 8);
  CHECK_EQUAL(p.config.output_activation, VAE_ACTIVATION_RELU);
  CHECK_NEAR(p.config.sigma * p.config.sigma, 784 / 2.0, 1e-12);
  CHECK_NEAR(p.training.objective.beta, 1 / 8.0, 0);
  CHECK_EQUAL(p.training.batch_size, 32);
  CHECK_NEAR(p.training.learning_rate, 1e-4, 0);

  p = get("kingma-mlp");
  CHECK_EQUAL(p.config.encoder[0].units, 400);
  CHECK_EQUAL(p.config.latent_dim, 20);

  p = get("leaky-mlp");
  CHECK_EQUAL(p.config.decoder[1].activation, VAE_ACTIVATION_LEAKY_RELU);

  p = get("two-hidden-bce");
  CHECK_NEAR(p.training.objective.beta, 1, 0);
  p = get("two-hidden-reconstruction-only");
  CHECK_NEAR(p.training.objective.beta, 0, 0);

  p = get("iwae-1layer");
  CHECK_EQUAL(p.training.objective.kind, VAE_OBJECTIVE_IWAE);
  CHECK_EQUAL(p.training.objective.samples, 5);
  CHECK_EQUAL(p.training.objective.binarization, VAE_BINARIZATION_DYNAMIC);
  CHECK_EQUAL(p.training.batch_size, 20);
  CHECK_EQUAL(p.training.rate_schedule, VAE_RATE_BURDA);
  CHECK_NEAR(p.training.learning_rate, 1e-3, 0);
  CHECK_NEAR(p.training.beta1, 0.99, 0);
  CHECK_NEAR(p.training.beta2, 0.999, 0);
  CHECK_NEAR(p.training.epsilon, 5e-6, 1e-20);
  CHECK_EQUAL(p.info.epochs, 3280);
  CHECK_EQUAL(p.config.latent_dim, 50);

  p = get("vampprior-mlp");
  CHECK_EQUAL(p.config.prior, VAE_PRIOR_VAMP);
  CHECK_EQUAL(p.config.prior_components, 500);
  CHECK_EQUAL(p.config.latent_dim, 40);

  p = get("beta-vae-b");
  CHECK_NEAR(p.training.objective.beta, 0, 0);
  CHECK_NEAR(p.training.objective.capacity, 25, 0);
  CHECK_NEAR(p.training.objective.capacity_weight, 1000, 0);

  p = get("wae-imq");
  CHECK_NEAR(2 * p.config.sigma * p.config.sigma, 1, 1e-12);
  CHECK_EQUAL(p.training.objective.regularizer, VAE_REGULARIZER_MMD_IMQ);

  p = get("cvae-label");
  CHECK_EQUAL(p.config.condition_dim, 10);

  p = get("cvae-quadrant");
  CHECK_EQUAL(p.config.input_dim, 588);
  CHECK_EQUAL(p.config.condition_dim, 784);
  CHECK_EQUAL(p.config.prior, VAE_PRIOR_CONDITIONAL);
  CHECK_EQUAL(p.config.prior_net[1].units, 500);
  CHECK_EQUAL(p.config.latent_dim, 200);
  CHECK_EQUAL(p.training.batch_size, 128);
}

enum { ROWS = 6 };

/* Each preset's configurations are accepted and a few steps on made-up data lower the loss. */
static void test_training(const char *name) {
  vae_error err;
  vae_model *model = NULL;
  vae_trainer *trainer = NULL;
  vae_loss loss;
  test_random random = {7};
  parts p = get(name);
  vae_error_init(&err);
  vae_loss_init(&loss);
  p.training.batch_size = ROWS;
  if (!CHECK_OK(vae_model_create(&p.config, NULL, &model, &err), &err)) return;
  if (!CHECK_OK(vae_trainer_create(model, &p.training, NULL, &trainer, &err), &err)) {
    vae_model_free(model);
    return;
  }
  float *x = test_rows(&random, VAE_LIKELIHOOD_BERNOULLI, (size_t)ROWS * p.config.input_dim);
  float *noise = test_normals(&random, (size_t)p.training.objective.samples * ROWS * p.config.latent_dim);
  const uint8_t labels[ROWS] = {0, 1, 2, 3, 4, 9};
  float *pixels = test_rows(&random, VAE_LIKELIHOOD_BERNOULLI, (size_t)ROWS * 784);
  vae_condition condition;
  vae_condition_init(&condition);
  condition.rows = ROWS;
  condition.type = p.config.condition_dim == 10 ? VAE_CONDITION_LABELS_UINT8 : VAE_CONDITION_FLOAT32;
  condition.values = p.config.condition_dim == 10 ? (const void *)labels : (const void *)pixels;
  vae_data data = test_floats(x, ROWS, p.config.input_dim);
  data.condition = p.config.condition_dim ? &condition : NULL;

  double first = 0;
  for (int step = 0; step < 6; step++) {
    CHECK_OK(vae_trainer_step(trainer, &data, noise, &loss, NULL, &err), &err);
    CHECK(isfinite(loss.loss));
    if (step == 0) first = loss.loss;
  }
  CHECK_THAT(loss.loss < first, "the loss went from %g to %g", first, loss.loss);
  free(pixels);
  free(noise);
  free(x);
  vae_trainer_free(trainer);
  vae_model_free(model);
}

/* Adds "-400", "-400-400", … to the text. */
static void add_layers(char *text, size_t size, const vae_layer *layers, uint32_t count) {
  for (uint32_t i = 0; i < count; i++) {
    const size_t used = strlen(text);
    snprintf(text + used, size - used, "%s%u", used ? "-" : "", layers[i].units);
  }
}

/* The line of the table in docs/PRESETS.md for a preset. */
static void describe(char *line, size_t size, const parts *p) {
  char encoder[64] = "", decoder[64] = "", condition[32] = "";
  add_layers(encoder, sizeof encoder, p->config.encoder, p->config.encoder_count);
  add_layers(decoder, sizeof decoder, p->config.decoder, p->config.decoder_count);
  if (p->config.condition_dim) snprintf(condition, sizeof condition, " (+%u)", p->config.condition_dim);
  snprintf(line, size, "| `%s` | %s | %u%s-%s-%u%s-%s-%u %s, %s | %u |", p->info.name, p->info.source,
           p->config.input_dim, condition, encoder, p->config.latent_dim, condition, decoder, p->config.input_dim,
           vae_activation_name(p->config.encoder[0].activation), vae_likelihood_name(p->config.likelihood),
           p->info.epochs);
}

/* Line ends and the blanks after them become one blank. */
static void join_lines(char *text) {
  char *to = text;
  for (const char *from = text; *from; from++) {
    const char c = *from == '\n' ? ' ' : *from;
    if (c != ' ' || to == text || to[-1] != ' ') *to++ = c;
  }
  *to = '\0';
}

/* docs/PRESETS.md says what the library says: a line of the table and an entry of the list each. What is missing there is
 * printed. */
static void test_documentation(void) {
  char path[TEST_PATH], wanted[1024];
  size_t size = 0;
  test_fixture(path, "../../docs/PRESETS.md");
  unsigned char *bytes = test_read_file(path, &size);
  if (!CHECK_THAT(bytes != NULL, "cannot read %s", path)) return;
  char *text = (char *)bytes;
  join_lines(text);
  for (size_t i = 0; i < vae_preset_count(); i++) {
    const parts p = get(vae_preset_name(i));
    describe(wanted, sizeof wanted, &p);
    CHECK_THAT(strstr(text, wanted) != NULL, "docs/PRESETS.md lacks in its table\n%s", wanted);
    snprintf(wanted, sizeof wanted, "- `%s`: %s", p.info.name, p.info.summary);
    CHECK_THAT(strstr(text, wanted) != NULL, "docs/PRESETS.md lacks in its list\n%s", wanted);
  }
  free(bytes);
}

int main(void) {
  test_list();
  test_bad_arguments();
  test_older_caller();
  test_values();
  for (size_t i = 0; i < vae_preset_count(); i++) {
    harness_note("%s", vae_preset_name(i));
    test_training(vae_preset_name(i));
  }
  harness_note(" ");
  test_documentation();
  return harness_finish("preset");
}
