/* A condition beside x and z: whatever it is given as, the same numbers to the bit; every function that takes rows takes it by
 * their order; what is refused, and in which words. */
#include <stdlib.h>

#include "refused.h"
#include "support.h"

enum { ROWS = 150, COLUMNS = 33, CLASSES = 11, LATENTS = 5, CHUNK = 64 };

/* One condition in every form. */
typedef struct forms {
  uint8_t labels[ROWS];
  uint32_t wide_labels[2 * ROWS]; /* every second one */
  float one_hot[ROWS * CLASSES];
  uint8_t bytes[ROWS * (CLASSES + 3)]; /* rows that are further apart */
} forms;

enum { FORMS = 4 };

static forms *make_forms(uint64_t seed) {
  test_random random = {seed};
  forms *f = test_allocate(sizeof *f);
  for (size_t i = 0; i < ROWS; i++) {
    const uint32_t label = (uint32_t)(test_bits(&random) % CLASSES);
    f->labels[i] = (uint8_t)label;
    f->wide_labels[2 * i] = label;
    f->wide_labels[2 * i + 1] = UINT32_MAX;
    f->one_hot[i * CLASSES + label] = 1.0f;
    f->bytes[i * (CLASSES + 3) + label] = 4;
    f->bytes[i * (CLASSES + 3) + CLASSES] = 77; /* not read */
  }
  return f;
}

static vae_condition form_of(const forms *f, int form, size_t rows) {
  vae_condition c;
  switch (form) {
    case 1: return test_condition(VAE_CONDITION_LABELS_UINT8, f->labels, rows);
    case 2:
      c = test_condition(VAE_CONDITION_LABELS_UINT32, f->wide_labels, rows);
      c.row_stride = 2;
      return c;
    case 3:
      c = test_condition(VAE_CONDITION_UINT8, f->bytes, rows);
      c.row_stride = CLASSES + 3;
      c.scale = 0.25;
      return c;
    default: return test_condition(VAE_CONDITION_FLOAT32, f->one_hot, rows);
  }
}

static test_spec make_spec(vae_prior prior) {
  test_spec spec = test_spec_hidden(COLUMNS, 40, VAE_ACTIVATION_TANH, LATENTS);
  spec.condition_dim = CLASSES;
  spec.prior = prior;
  if (prior == VAE_PRIOR_CONDITIONAL) test_spec_add_prior_net(&spec, 20, VAE_ACTIVATION_SILU);
  return spec;
}

static vae_model *make_model(const test_spec *spec) {
  vae_model *model = NULL;
  test_random random = {8};
  vae_error_init(&err);
  CHECK_OK(test_create(spec, 1, NULL, &model, &err), &err);
  CHECK_OK(test_fill_parameters(model, &random, 1.0, &err), &err);
  return model;
}

/* Everything that inference gives for some rows, in one array. */
enum { OUTPUTS = ROWS * (2 * LATENTS + 3 * COLUMNS + 1) };

static float *infer(const vae_model *model, vae_isa isa, int32_t threads, size_t max_rows, const vae_data *data,
                    const vae_condition *condition) {
  float *out = test_allocate(OUTPUTS * sizeof *out), *at = out;
  vae_workspace *w = test_workspace(model, isa, threads, max_rows);
  vae_loss loss;
  vae_terms terms;
  vae_objective objective;
  vae_loss_init(&loss);
  vae_terms_init(&terms);
  vae_objective_init(&objective);
  objective.samples = 3;
  vae_error_init(&err);
  CHECK_OK(vae_model_encode(model, w, data, at, at + ROWS * LATENTS, &err), &err);
  float *mean = at;
  at += 2 * ROWS * LATENTS;
  CHECK_OK(vae_model_reconstruct(model, w, data, at, &err), &err);
  CHECK_OK(vae_model_decode_given(model, w, mean, ROWS, condition, at + ROWS * COLUMNS, &err), &err);
  CHECK_BYTES(at, at + ROWS * COLUMNS, ROWS * COLUMNS * sizeof *at); /* reconstruct is decode(encode) */
  at += 2 * ROWS * COLUMNS;
  CHECK_OK(vae_model_sample_given(model, w, 3, 7, ROWS, condition, at, NULL, &err), &err);
  at += ROWS * COLUMNS;
  terms.loss = at;
  CHECK_OK(vae_model_evaluate(model, w, data, &objective, 4, &loss, &terms, &err), &err);
  CHECK_EQUAL(at + ROWS - out, OUTPUTS);
  vae_workspace_free(w);
  return out;
}

static void check_forms(const vae_model *model, vae_isa isa) {
  test_random random = {2};
  forms *f = make_forms(5);
  float *x = test_rows(&random, VAE_LIKELIHOOD_BERNOULLI, ROWS * COLUMNS), *first = NULL, *other = NULL;
  for (int form = 0; form < FORMS; form++) {
    const vae_condition condition = form_of(f, form, ROWS);
    vae_data data = test_floats(x, ROWS, COLUMNS);
    data.condition = &condition;
    harness_note("%s, %s, form %d", vae_isa_name(isa), vae_precision_name(vae_model_precision(model)), form);
    float *out = infer(model, isa, 1 + form % 3, form % 2 ? CHUNK : 7, &data, &condition);
    if (form == 0) first = out;
    else CHECK_BYTES(first, out, OUTPUTS * sizeof *out);
    if (form > 0) free(out);
  }
  /* Other conditions make a difference, and one row stands for all. */
  for (size_t i = 0; i < ROWS; i++) f->labels[i] = 4;
  for (size_t rows = ROWS; rows >= 1; rows -= ROWS - 1) {
    const vae_condition condition = form_of(f, 1, rows);
    vae_data data = test_floats(x, ROWS, COLUMNS);
    data.condition = &condition;
    float *out = infer(model, isa, 2, CHUNK, &data, &condition);
    if (rows == ROWS) other = out;
    else CHECK_BYTES(other, out, OUTPUTS * sizeof *out);
    if (rows < ROWS) free(out);
    if (rows == 1) break;
  }
  CHECK(memcmp(first, other, OUTPUTS * sizeof *first) != 0);
  free(first);
  free(other);
  free(x);
  free(f);
}

/* Trains from the same start; the file of the trained model. */
static unsigned char *train(const test_spec *spec, vae_isa isa, vae_precision precision, int32_t threads, int keep,
                            const vae_data *data, size_t *size) {
  vae_model *model = make_model(spec);
  vae_trainer *trainer = NULL;
  vae_training training;
  vae_training_init(&training);
  training.batch_size = 32;
  training.isa = isa;
  training.precision = precision;
  training.threads = threads;
  training.keep_gradients = keep;
  training.objective = spec->objective;
  vae_error_init(&err);
  CHECK_OK(vae_trainer_create(model, &training, NULL, &trainer, &err), &err);
  for (int epoch = 0; epoch < 2; epoch++) CHECK_OK(vae_trainer_epoch(trainer, data, NULL, NULL, NULL, &err), &err);
  CHECK_OK(vae_trainer_step(trainer, data, NULL, NULL, NULL, &err), &err);
  unsigned char *bytes = test_model_bytes(model, size);
  vae_trainer_free(trainer);
  vae_model_free(model);
  return bytes;
}

static void check_training(vae_isa isa, vae_precision precision, vae_prior prior) {
  test_random random = {2};
  forms *f = make_forms(6);
  float *x = test_rows(&random, VAE_LIKELIHOOD_BERNOULLI, ROWS * COLUMNS);
  test_spec spec = make_spec(prior);
  spec.objective.samples = 2;
  unsigned char *first = NULL;
  size_t first_size = 0, size = 0;
  for (int form = 0; form < FORMS; form++) {
    const vae_condition condition = form_of(f, form, ROWS);
    vae_data data = test_floats(x, ROWS, COLUMNS);
    data.condition = &condition;
    harness_note("training, %s, %s, form %d", vae_isa_name(isa), vae_precision_name(precision), form);
    unsigned char *bytes = train(&spec, isa, precision, 1 + form, form % 2, &data, &size);
    if (form == 0) first = bytes, first_size = size;
    else if (CHECK_EQUAL(size, first_size)) CHECK_BYTES(first, bytes, size);
    if (form > 0) free(bytes);
  }
  free(first);
  free(x);
  free(f);
}

/* In an epoch each row keeps its own condition: with x all zero but the condition's class in it, a file in another order of the
 * rows trains to the same loss only by chance, one with the labels shifted by a row to a higher one. */
static void check_order(void) {
  test_spec spec = test_spec_hidden(CLASSES, 40, VAE_ACTIVATION_TANH, 1);
  spec.condition_dim = CLASSES;
  forms *f = make_forms(9);
  double losses[2];
  for (int shift = 0; shift < 2; shift++) {
    uint8_t labels[ROWS];
    for (size_t i = 0; i < ROWS; i++) labels[i] = f->labels[(i + (size_t)shift) % ROWS];
    const vae_condition condition = test_condition(VAE_CONDITION_LABELS_UINT8, labels, ROWS);
    vae_data data = test_floats(f->one_hot, ROWS, CLASSES);
    data.condition = &condition;
    vae_model *model = make_model(&spec);
    vae_trainer *trainer = NULL;
    vae_training training;
    vae_loss loss;
    vae_loss_init(&loss);
    vae_training_init(&training);
    training.batch_size = 10;
    training.learning_rate = 0.02;
    vae_error_init(&err);
    CHECK_OK(vae_trainer_create(model, &training, NULL, &trainer, &err), &err);
    for (int epoch = 0; epoch < 30; epoch++) CHECK_OK(vae_trainer_epoch(trainer, &data, NULL, NULL, &loss, &err), &err);
    losses[shift] = loss.loss;
    vae_trainer_free(trainer);
    vae_model_free(model);
  }
  CHECK_THAT(losses[0] < 0.3 && losses[1] > 1.0, "the loss is %g, and %g with the labels of other rows", losses[0],
             losses[1]);
  free(f);
}

/* Dynamic binarisation is of x alone: of a grey condition nothing is drawn. */
static void check_binarization(void) {
  test_spec spec = make_spec(VAE_PRIOR_STANDARD);
  vae_model *model = make_model(&spec);
  vae_workspace *w = test_workspace(model, VAE_ISA_AUTO, 2, CHUNK);
  test_random random = {12};
  float *x = test_allocate(ROWS * COLUMNS * sizeof *x), *c = test_allocate(ROWS * CLASSES * sizeof *c);
  for (size_t i = 0; i < ROWS * COLUMNS; i++) x[i] = (float)(test_bits(&random) & 1);
  for (size_t i = 0; i < ROWS * CLASSES; i++) c[i] = (float)test_uniform(&random);
  const vae_condition condition = test_condition(VAE_CONDITION_FLOAT32, c, ROWS);
  vae_data data = test_floats(x, ROWS, COLUMNS);
  data.condition = &condition;
  vae_objective objective;
  vae_objective_init(&objective);
  vae_loss losses[2];
  for (int dynamic = 0; dynamic < 2; dynamic++) {
    vae_loss_init(&losses[dynamic]);
    objective.binarization = dynamic ? VAE_BINARIZATION_DYNAMIC : VAE_BINARIZATION_NONE;
    CHECK_OK(vae_model_evaluate(model, w, &data, &objective, 1, &losses[dynamic], NULL, &err), &err);
  }
  CHECK_BYTES(&losses[0], &losses[1], sizeof losses[0]);
  vae_workspace_free(w);
  vae_model_free(model);
  free(x);
  free(c);
}

/* An inference copy is near its model, and a saved model equals it. */
static void check_copies(vae_prior prior) {
  test_spec spec = make_spec(prior);
  vae_model *model = make_model(&spec), *copy = NULL;
  forms *f = make_forms(5);
  test_random random = {2};
  float *x = test_rows(&random, VAE_LIKELIHOOD_BERNOULLI, ROWS * COLUMNS);
  const vae_condition condition = form_of(f, 1, ROWS);
  vae_data data = test_floats(x, ROWS, COLUMNS);
  data.condition = &condition;
  float *own = infer(model, VAE_ISA_AUTO, 1, CHUNK, &data, &condition);
  double *expected = test_allocate(OUTPUTS * sizeof *expected);
  for (size_t i = 0; i < OUTPUTS; i++) expected[i] = own[i];
  for (vae_precision p = VAE_PRECISION_BFLOAT16; p <= VAE_PRECISION_INT8; p++) {
    vae_isa isas[TEST_ISAS];
    harness_note("a copy in %s", vae_precision_name(p));
    CHECK_OK(vae_model_quantize(model, p, &copy, &err), &err);
    float *out = infer(copy, VAE_ISA_AUTO, 2, CHUNK, &data, &condition);
    CHECK_THAT(test_distance(out, expected, OUTPUTS) < 0.02, "off by %g", test_distance(out, expected, OUTPUTS));
    for (size_t i = 0, count = test_isas(isas); i < count; i++) check_forms(copy, isas[i]);
    vae_model_free(copy);
    free(out);
  }
  size_t size = 0;
  unsigned char *bytes = test_model_bytes(model, &size);
  CHECK_OK(vae_model_load_bytes(bytes, size, NULL, &copy, &err), &err);
  float *out = infer(copy, VAE_ISA_AUTO, 2, CHUNK, &data, &condition);
  CHECK_BYTES(own, out, OUTPUTS * sizeof *out);
  vae_config config;
  vae_config_init(&config);
  CHECK_OK(vae_model_get_config(copy, &config, &err), &err);
  CHECK_EQUAL(config.condition_dim, CLASSES);
  vae_parameter_info info;
  vae_parameter_info_init(&info);
  CHECK_OK(vae_model_find_parameter(copy, "encoder.0.weight", &info, &err), &err);
  CHECK_EQUAL(info.shape[1], COLUMNS + CLASSES);
  CHECK_OK(vae_model_find_parameter(copy, "decoder.0.weight", &info, &err), &err);
  CHECK_EQUAL(info.shape[1], LATENTS + CLASSES);
  vae_model_free(copy);
  vae_model_free(model);
  free(out);
  free(own);
  free(expected);
  free(bytes);
  free(x);
  free(f);
}

/* The handles of the refusals. */
typedef struct handles {
  vae_model *model;
  vae_workspace *workspace;
  vae_trainer *trainer;
  float *x, *out;
} handles;

/* Every function refuses the condition. in_data, given: the argument's name with and without x. */
static void refuse(const handles *h, const vae_condition *condition, vae_status status, const char *part,
                   const char *value) {
  float *z = h->x; /* finite numbers enough */
  vae_loss loss;
  vae_statistics statistics;
  vae_data data = test_floats(h->x, ROWS, COLUMNS);
  size_t count = 0;
  float *before = test_parameters(h->model, &count);
  data.condition = condition;
  vae_loss_init(&loss);
  vae_statistics_init(&statistics);
  REFUSED(vae_model_encode(h->model, h->workspace, &data, h->out, NULL, &err), status, part, value);
  REFUSED(vae_model_reconstruct(h->model, h->workspace, &data, h->out, &err), status, part, value);
  REFUSED(vae_model_evaluate(h->model, h->workspace, &data, NULL, 0, &loss, NULL, &err), status, part, value);
  REFUSED(vae_model_statistics(h->model, h->workspace, &data, NULL, &statistics, NULL, &err), status, part, value);
  REFUSED(vae_model_loss_and_gradients(h->model, h->workspace, &data, NULL, NULL, 0, &loss, NULL, &err), status, part,
          value);
  REFUSED(vae_trainer_step(h->trainer, &data, NULL, &loss, NULL, &err), status, part, value);
  REFUSED(vae_trainer_epoch(h->trainer, &data, NULL, NULL, &loss, &err), status, part, value);
  REFUSED(vae_model_decode_given(h->model, h->workspace, z, ROWS, condition, h->out, &err), status, part, value);
  REFUSED(vae_model_sample_given(h->model, h->workspace, 1, 0, ROWS, condition, h->out, NULL, &err), status, part,
          value);
  float *after = test_parameters(h->model, &count);
  CHECK_BYTES(before, after, count * sizeof *after);
  free(before);
  free(after);
}

static handles open_handles(const test_spec *spec) {
  handles h;
  test_random random = {2};
  vae_training training;
  vae_training_init(&training);
  training.batch_size = 2 * ROWS; /* so that a bad row is in the first step */
  training.threads = 3;
  h.model = make_model(spec);
  h.workspace = test_workspace(h.model, VAE_ISA_AUTO, 3, ROWS);
  CHECK_OK(vae_trainer_create(h.model, &training, NULL, &h.trainer, &err), &err);
  h.x = test_rows(&random, VAE_LIKELIHOOD_BERNOULLI, ROWS * COLUMNS);
  h.out = test_allocate(ROWS * COLUMNS * sizeof *h.out);
  return h;
}

static void close_handles(handles *h) {
  vae_trainer_free(h->trainer);
  vae_workspace_free(h->workspace);
  vae_model_free(h->model);
  free(h->x);
  free(h->out);
}

static void check_refusals(void) {
  test_spec spec = make_spec(VAE_PRIOR_STANDARD), plain = test_spec_hidden(COLUMNS, 40, VAE_ACTIVATION_TANH, LATENTS);
  handles h = open_handles(&spec), without = open_handles(&plain);
  forms *f = make_forms(5);
  const vae_status argument = VAE_ERROR_INVALID_ARGUMENT, mismatch = VAE_ERROR_MISMATCH, bad_data = VAE_ERROR_DATA;
  const vae_condition good = form_of(f, 0, ROWS);
  harness_note("refusals");
  refuse(&h, NULL, mismatch, "condition is NULL", "11");
  refuse(&without, &good, mismatch, "condition is given", "no condition");
  REFUSED(vae_model_decode(h.model, h.workspace, h.x, ROWS, h.out, &err), mismatch, "vae_model_decode_given", "11");
  REFUSED(vae_model_sample(h.model, h.workspace, 1, 0, ROWS, h.out, NULL, &err), mismatch, "vae_model_sample_given",
          "11");
  vae_condition c = good;
  c.struct_size = 0;
  refuse(&h, &c, argument, "condition->struct_size is 0", "init");
  c = good;
  c.values = NULL;
  refuse(&h, &c, argument, "condition->values is NULL", NULL);
  for (int wrong = -1; wrong <= 4; wrong += 5) {
    c = good;
    c.type = wrong;
    refuse(&h, &c, argument, "condition->type is", wrong < 0 ? "-1" : "4");
  }
  static const size_t rows[] = {0, 2, ROWS - 1, ROWS + 1, SIZE_MAX};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    c = good;
    c.rows = rows[i];
    refuse(&h, &c, mismatch, "condition->rows is", "150");
  }
  c = good;
  c.row_stride = CLASSES - 1;
  refuse(&h, &c, argument, "condition->row_stride is 10", "11");
  c.row_stride = SIZE_MAX / 2;
  refuse(&h, &c, argument, "condition->row_stride is", "overflow");
  static const double scales[] = {0.0, -1.0, 1e31, NAN, INFINITY};
  for (size_t i = 0; i < sizeof scales / sizeof *scales; i++) {
    c = form_of(f, 3, ROWS);
    c.scale = scales[i];
    refuse(&h, &c, argument, "condition->scale is", NULL);
  }
  static const float values[] = {NAN, INFINITY, -INFINITY};
  static const char *const words[] = {"nan", "inf", "-inf"};
  for (size_t i = 0; i < 3; i++) {
    float *place = &f->one_hot[137 * CLASSES + 9], kept = *place;
    *place = values[i];
    refuse(&h, &good, bad_data, "condition row 137, column 9 is", words[i]);
    *place = kept;
  }
  f->labels[137] = CLASSES;
  c = form_of(f, 1, ROWS);
  refuse(&h, &c, bad_data, "condition row 137, column 0 is the label 11", "0 to 10");
  f->wide_labels[2 * 149] = UINT32_MAX;
  c = form_of(f, 2, ROWS);
  refuse(&h, &c, bad_data, "condition row 149, column 0 is the label 4294967295", NULL);
  f->labels[0] = 255;
  c = form_of(f, 1, 1);
  refuse(&h, &c, bad_data, "condition row 0, column 0 is the label 255", NULL);

  /* The output's biases follow from x alone, with a condition or without. */
  vae_data data = test_floats(h.x, ROWS, COLUMNS);
  CHECK_OK(vae_model_init_output_bias(h.model, &data, &err), &err);
  data.condition = &good;
  CHECK_OK(vae_model_init_output_bias(h.model, &data, &err), &err);
  vae_loss loss;
  vae_loss_init(&loss);
  CHECK_OK(vae_trainer_epoch(h.trainer, &data, NULL, NULL, &loss, &err), &err); /* and all goes on */
  close_handles(&h);
  close_handles(&without);
  free(f);
}

/* A condition so large that the gradient of its weights is too, while those are zero and all activations small, stops a step
 * before anything has changed. */
static void check_overflow(void) {
  test_spec spec = test_spec_linear(COLUMNS, LATENTS);
  spec.condition_dim = CLASSES;
  handles h = open_handles(&spec);
  size_t count = 0;
  float c[CLASSES] = {0};
  c[3] = 3e38f;
  static const char *const names[] = {"encoder.mean.weight", "encoder.logvar.weight", "decoder.mean.weight"};
  for (size_t i = 0; i < 3; i++) {
    vae_parameter_info info;
    vae_parameter_info_init(&info);
    CHECK_OK(vae_model_find_parameter(h.model, names[i], &info, &err), &err);
    float *zeros = test_allocate(info.count * sizeof *zeros);
    CHECK_OK(vae_model_set_parameter(h.model, names[i], zeros, info.count, &err), &err);
    free(zeros);
  }
  const vae_condition condition = test_condition(VAE_CONDITION_FLOAT32, c, 1);
  vae_data data = test_floats(h.x, ROWS, COLUMNS);
  data.condition = &condition;
  float *before = test_parameters(h.model, &count);
  harness_note("overflow");
  REFUSED(vae_trainer_step(h.trainer, &data, NULL, NULL, NULL, &err), VAE_ERROR_NOT_FINITE, "not finite", NULL);
  float *after = test_parameters(h.model, &count);
  CHECK_BYTES(before, after, count * sizeof *after);
  free(before);
  free(after);
  close_handles(&h);
}

int main(void) {
  vae_isa isas[TEST_ISAS];
  const size_t count = test_isas(isas);
  for (vae_prior prior = VAE_PRIOR_STANDARD; prior <= VAE_PRIOR_CONDITIONAL; prior++) {
    test_spec spec = make_spec(prior);
    vae_model *model = make_model(&spec);
    for (size_t i = 0; i < count; i++) {
      check_forms(model, isas[i]);
      check_training(isas[i], VAE_PRECISION_FLOAT32, prior);
      if (test_has_bfloat16(isas[i])) check_training(isas[i], VAE_PRECISION_BFLOAT16, prior);
    }
    vae_model_free(model);
    check_copies(prior);
  }
  check_order();
  check_binarization();
  check_refusals();
  check_overflow();
  return harness_finish("condition");
}
