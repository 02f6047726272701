#include "io/config_json.h"

#include <string.h>

#include "core/error.h"
#include "core/names.h"
#include "model/config_check.h"
#include "io/json_fields.h"
#include "io/text.h"
#include "model/vae_model.h"

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

static const vaei_field layer_fields[] = {
    {"units", VAEI_FIELD_UINT32, true, offsetof(vae_layer, units), NULL, NULL, NULL},
    {"activation", VAEI_FIELD_ENUM, true, offsetof(vae_layer, activation), vaei_activation_name, NULL, NULL},
};

static vae_status read_layers(vae_layer *layers, uint32_t *count, const char *what, const vaei_json_value *value,
                              vae_error *err) {
  if (value->kind != VAEI_JSON_ARRAY)
    return vaei_fail(err, VAE_ERROR_FORMAT, "config: \"%s\" is %s; it must be a list of layers", what,
                     vaei_json_kind_name(value->kind));
  if (value->count > VAE_MAX_LAYERS)
    return vaei_fail(err, VAE_ERROR_FORMAT, "config: \"%s\" has %u layers; at most %d are allowed", what,
                     (unsigned)value->count, (int)VAE_MAX_LAYERS);
  *count = 0;
  for (const vaei_json_value *element = value->first; element; element = element->next) {
    vae_layer *layer = &layers[(*count)++];
    layer->struct_size = sizeof *layer;
    const vae_status status = vaei_fields_read(layer, layer_fields, COUNT_OF(layer_fields), element, what, err);
    if (status != VAE_OK) return status;
  }
  return VAE_OK;
}

static void write_layers(const vae_layer *layers, uint32_t count, const char *key, vaei_json_writer *writer) {
  vaei_json_write_key(writer, key);
  vaei_json_write_open(writer, '[');
  for (uint32_t i = 0; i < count; i++) {
    const vae_layer layer = vaei_layer_at(layers, i);
    vaei_fields_write(&layer, layer_fields, COUNT_OF(layer_fields), writer);
  }
  vaei_json_write_close(writer, ']');
}

static vae_status read_encoder(void *record, const vaei_json_value *value, vae_error *err) {
  vaei_config_text *text = record;
  return read_layers(text->encoder, &text->config.encoder_count, "encoder", value, err);
}

static void write_encoder(const void *record, const char *key, vaei_json_writer *writer) {
  const vae_config *config = &((const vaei_config_text *)record)->config;
  write_layers(config->encoder, config->encoder_count, key, writer);
}

static vae_status read_decoder(void *record, const vaei_json_value *value, vae_error *err) {
  vaei_config_text *text = record;
  return read_layers(text->decoder, &text->config.decoder_count, "decoder", value, err);
}

static void write_decoder(const void *record, const char *key, vaei_json_writer *writer) {
  const vae_config *config = &((const vaei_config_text *)record)->config;
  write_layers(config->decoder, config->decoder_count, key, writer);
}

static vae_status read_prior_net(void *record, const vaei_json_value *value, vae_error *err) {
  vaei_config_text *text = record;
  return read_layers(text->prior_net, &text->config.prior_net_count, "prior_net", value, err);
}

static void write_prior_net(const void *record, const char *key, vaei_json_writer *writer) {
  const vae_config *config = &((const vaei_config_text *)record)->config;
  write_layers(config->prior_net, config->prior_net_count, key, writer);
}

/* A number, or the name of a learned scale. */
static vae_status read_sigma(void *record, const vaei_json_value *value, vae_error *err) {
  vae_config *config = &((vaei_config_text *)record)->config;
  for (int32_t i = VAE_SIGMA_FIXED + 1; value->kind == VAEI_JSON_STRING && vaei_sigma_kind_name(i); i++)
    if (vaei_json_string_is(value, vaei_sigma_kind_name(i))) {
      config->sigma_kind = i;
      return VAE_OK;
    }
  if (value->kind == VAEI_JSON_STRING)
    return vaei_fail(err, VAE_ERROR_UNSUPPORTED,
                     "config: \"sigma\" is \"%s\"; this version has a number, global and per_output",
                     vaei_show_name(value->string, value->string_length).text);
  if (value->kind != VAEI_JSON_NUMBER)
    return vaei_fail(err, VAE_ERROR_FORMAT, "config: \"sigma\" is %s; it must be a number or a name",
                     vaei_json_kind_name(value->kind));
  config->sigma_kind = VAE_SIGMA_FIXED;
  config->sigma = value->number;
  return VAE_OK;
}

static void write_sigma(const void *record, const char *key, vaei_json_writer *writer) {
  const vae_config *config = &((const vaei_config_text *)record)->config;
  const char *name = vaei_sigma_kind_name(config->sigma_kind);
  vaei_json_write_key(writer, key);
  if (config->sigma_kind == VAE_SIGMA_FIXED) vaei_json_write_number(writer, config->sigma);
  else vaei_json_write_string(writer, name, strlen(name));
}

/* The groups of a categorical likelihood; not written for others. */
static vae_status read_groups(void *record, const vaei_json_value *value, vae_error *err) {
  vaei_config_text *text = record;
  if (value->kind != VAEI_JSON_ARRAY)
    return vaei_fail(err, VAE_ERROR_FORMAT, "config: \"groups\" is %s; it must be a list of whole numbers",
                     vaei_json_kind_name(value->kind));
  if (value->count > VAE_MAX_GROUPS)
    return vaei_fail(err, VAE_ERROR_FORMAT, "config: \"groups\" has %u entries; at most %d are allowed",
                     (unsigned)value->count, (int)VAE_MAX_GROUPS);
  for (const vaei_json_value *element = value->first; element; element = element->next) {
    if (element->kind != VAEI_JSON_NUMBER || !element->is_integer || element->integer > VAE_MAX_DIM)
      return vaei_fail(err, VAE_ERROR_FORMAT, "config: \"groups\"[%u] must be a whole number up to %d",
                       (unsigned)text->config.group_count, (int)VAE_MAX_DIM);
    text->groups[text->config.group_count++] = (uint32_t)element->integer;
  }
  return VAE_OK;
}

static void write_groups(const void *record, const char *key, vaei_json_writer *writer) {
  const vae_config *config = &((const vaei_config_text *)record)->config;
  if (!config->group_count) return;
  vaei_json_write_key(writer, key);
  vaei_json_write_open(writer, '[');
  for (uint32_t i = 0; i < config->group_count; i++) vaei_json_write_integer(writer, config->groups[i]);
  vaei_json_write_close(writer, ']');
}

/* AdamW is Adam with a weight decay over 0: the name keeps earlier versions from going on without it. */
enum { ADAM = 0, ADAMW = 1 };

static const char *optimizer_name(int32_t optimizer) {
  return optimizer == ADAM ? "adam" : optimizer == ADAMW ? "adamw" : NULL;
}

static vae_status read_milestones(void *record, const vaei_json_value *value, vae_error *err) {
  vae_training *training = &((vaei_config_text *)record)->training;
  if (value->kind != VAEI_JSON_ARRAY || value->count > VAE_MAX_MILESTONES)
    return vaei_fail(err, VAE_ERROR_FORMAT, "training: \"rate_milestones\" must be a list of at most %d epochs",
                     (int)VAE_MAX_MILESTONES);
  uint32_t *milestone = training->rate_milestones;
  for (const vaei_json_value *element = value->first; element; element = element->next) {
    if (element->kind != VAEI_JSON_NUMBER || !element->is_integer || !element->integer || element->integer > UINT32_MAX)
      return vaei_fail(err, VAE_ERROR_FORMAT, "training: \"rate_milestones\" must be whole numbers from 1 to %u",
                       UINT32_MAX);
    *milestone++ = (uint32_t)element->integer;
  }
  return VAE_OK;
}

static void write_milestones(const void *record, const char *key, vaei_json_writer *writer) {
  const vae_training *training = &((const vaei_config_text *)record)->training;
  if (!training->rate_milestones[0]) return;
  vaei_json_write_key(writer, key);
  vaei_json_write_open(writer, '[');
  for (uint32_t i = 0; i < VAE_MAX_MILESTONES && training->rate_milestones[i]; i++)
    vaei_json_write_integer(writer, training->rate_milestones[i]);
  vaei_json_write_close(writer, ']');
}

/* Written where it is not float32 alone, so that earlier versions read what they can continue. */
static vae_status read_precision(void *record, const vaei_json_value *value, vae_error *err) {
  vae_training *training = &((vaei_config_text *)record)->training;
  for (int32_t i = 0; value->kind == VAEI_JSON_STRING && vaei_precision_name(i); i++)
    if (vaei_json_string_is(value, vaei_precision_name(i))) {
      training->precision = i;
      return VAE_OK;
    }
  if (value->kind != VAEI_JSON_STRING)
    return vaei_fail(err, VAE_ERROR_FORMAT, "training: \"precision\" is %s; it must be a name",
                     vaei_json_kind_name(value->kind));
  return vaei_fail(err, VAE_ERROR_UNSUPPORTED, "training: \"precision\" is \"%s\"; this version has float32 and bf16",
                   vaei_show_name(value->string, value->string_length).text);
}

static void write_precision(const void *record, const char *key, vaei_json_writer *writer) {
  const vae_precision precision = ((const vaei_config_text *)record)->training.precision;
  if (precision == VAE_PRECISION_FLOAT32) return;
  const char *name = vaei_precision_name(precision);
  vaei_json_write_key(writer, key);
  vaei_json_write_string(writer, name, strlen(name));
}

#define TRAINING(field) offsetof(vaei_config_text, training.field)

static const vaei_field training_fields[] = {
    {"objective", VAEI_FIELD_ENUM, true, TRAINING(objective.kind), vaei_objective_name, NULL, NULL},
    {"samples", VAEI_FIELD_UINT32, true, TRAINING(objective.samples), NULL, NULL, NULL},
    {"beta", VAEI_FIELD_DOUBLE, true, TRAINING(objective.beta), NULL, NULL, NULL},
    {"batch_size", VAEI_FIELD_UINT32, true, TRAINING(batch_size), NULL, NULL, NULL},
    {"optimizer", VAEI_FIELD_ENUM, true, offsetof(vaei_config_text, optimizer), optimizer_name, NULL, NULL},
    {"learning_rate", VAEI_FIELD_DOUBLE, true, TRAINING(learning_rate), NULL, NULL, NULL},
    {"beta1", VAEI_FIELD_DOUBLE, true, TRAINING(beta1), NULL, NULL, NULL},
    {"beta2", VAEI_FIELD_DOUBLE, true, TRAINING(beta2), NULL, NULL, NULL},
    {"epsilon", VAEI_FIELD_DOUBLE, true, TRAINING(epsilon), NULL, NULL, NULL},
    {"seed", VAEI_FIELD_UINT64, true, TRAINING(seed), NULL, NULL, NULL},
    {"precision", VAEI_FIELD_CUSTOM, false, 0, NULL, read_precision, write_precision},
    {"binarization", VAEI_FIELD_ENUM, VAEI_UNLESS_ZERO, TRAINING(objective.binarization), vaei_binarization_name, NULL,
     NULL},
    {"rate_schedule", VAEI_FIELD_ENUM, VAEI_UNLESS_ZERO, TRAINING(rate_schedule), vaei_rate_schedule_name, NULL, NULL},
    {"rate_decay", VAEI_FIELD_DOUBLE, VAEI_UNLESS_ZERO, TRAINING(rate_decay), NULL, NULL, NULL},
    {"rate_epochs", VAEI_FIELD_DOUBLE, VAEI_UNLESS_ZERO, TRAINING(rate_epochs), NULL, NULL, NULL},
    {"rate_floor", VAEI_FIELD_DOUBLE, VAEI_UNLESS_ZERO, TRAINING(rate_floor), NULL, NULL, NULL},
    {"rate_milestones", VAEI_FIELD_CUSTOM, false, 0, NULL, read_milestones, write_milestones},
    {"warm_up", VAEI_FIELD_ENUM, VAEI_UNLESS_ZERO, TRAINING(warm_up), vaei_warm_up_name, NULL, NULL},
    {"warm_up_epochs", VAEI_FIELD_DOUBLE, VAEI_UNLESS_ZERO, TRAINING(warm_up_epochs), NULL, NULL, NULL},
    {"warm_up_share", VAEI_FIELD_DOUBLE, VAEI_UNLESS_ZERO, TRAINING(warm_up_share), NULL, NULL, NULL},
    {"warm_up_cycles", VAEI_FIELD_UINT32, VAEI_UNLESS_ZERO, TRAINING(warm_up_cycles), NULL, NULL, NULL},
    {"weight_decay", VAEI_FIELD_DOUBLE, VAEI_UNLESS_ZERO, TRAINING(weight_decay), NULL, NULL, NULL},
    {"clip_norm", VAEI_FIELD_DOUBLE, VAEI_UNLESS_ZERO, TRAINING(clip_norm), NULL, NULL, NULL},
    {"estimator", VAEI_FIELD_ENUM, VAEI_UNLESS_ZERO, TRAINING(objective.estimator), vaei_estimator_name, NULL, NULL},
    {"free_bits", VAEI_FIELD_DOUBLE, VAEI_UNLESS_ZERO, TRAINING(objective.free_bits), NULL, NULL, NULL},
    {"capacity", VAEI_FIELD_DOUBLE, VAEI_UNLESS_ZERO, TRAINING(objective.capacity), NULL, NULL, NULL},
    {"capacity_weight", VAEI_FIELD_DOUBLE, VAEI_UNLESS_ZERO, TRAINING(objective.capacity_weight), NULL, NULL, NULL},
    {"capacity_epochs", VAEI_FIELD_DOUBLE, VAEI_UNLESS_ZERO, TRAINING(capacity_epochs), NULL, NULL, NULL},
    {"regularizer", VAEI_FIELD_ENUM, VAEI_UNLESS_ZERO, TRAINING(objective.regularizer), vaei_regularizer_name, NULL,
     NULL},
    {"projections", VAEI_FIELD_UINT32, VAEI_UNLESS_ZERO, TRAINING(objective.projections), NULL, NULL, NULL},
    {"regularizer_weight", VAEI_FIELD_DOUBLE, VAEI_UNLESS_ZERO, TRAINING(objective.regularizer_weight), NULL, NULL,
     NULL},
    {"regularizer_diagonal", VAEI_FIELD_DOUBLE, VAEI_UNLESS_ZERO, TRAINING(objective.regularizer_diagonal), NULL, NULL,
     NULL},
    {"kernel_scale", VAEI_FIELD_DOUBLE, VAEI_UNLESS_ZERO, TRAINING(objective.kernel_scale), NULL, NULL, NULL},
    {"data_rows", VAEI_FIELD_UINT64, VAEI_UNLESS_ZERO, TRAINING(objective.data_rows), NULL, NULL, NULL},
    {"dropout", VAEI_FIELD_DOUBLE, VAEI_UNLESS_ZERO, TRAINING(dropout), NULL, NULL, NULL},
    {"patience", VAEI_FIELD_UINT32, VAEI_UNLESS_ZERO, TRAINING(patience), NULL, NULL, NULL},
};

static vae_status read_training(void *record, const vaei_json_value *value, vae_error *err) {
  vaei_config_text *text = record;
  text->trained = true;
  const vae_status status = vaei_fields_read(text, training_fields, COUNT_OF(training_fields), value, "training", err);
  if (status != VAE_OK) return status;
  if (text->optimizer != (text->training.weight_decay > 0 ? ADAMW : ADAM))
    return vaei_fail(err, VAE_ERROR_FORMAT,
                     "training: \"optimizer\" is \"%s\" with a weight_decay of %g; adamw is adam with one",
                     optimizer_name(text->optimizer), text->training.weight_decay);
  vae_error why = {.struct_size = sizeof why};
  if (vaei_training_check(&text->training, &why) == VAE_OK) return VAE_OK;
  return vaei_fail(err, VAE_ERROR_FORMAT, "config: %s", why.message);
}

static void write_training(const void *record, const char *key, vaei_json_writer *writer) {
  if (!((const vaei_config_text *)record)->trained) return;
  vaei_json_write_key(writer, key);
  vaei_fields_write(record, training_fields, COUNT_OF(training_fields), writer);
}

#define CONFIG(field) offsetof(vaei_config_text, config.field)

static const vaei_field config_fields[] = {
    {"input_dim", VAEI_FIELD_UINT32, true, CONFIG(input_dim), NULL, NULL, NULL},
    {"condition_dim", VAEI_FIELD_UINT32, false, CONFIG(condition_dim), NULL, NULL, NULL},
    {"latent_dim", VAEI_FIELD_UINT32, true, CONFIG(latent_dim), NULL, NULL, NULL},
    {"encoder", VAEI_FIELD_CUSTOM, true, 0, NULL, read_encoder, write_encoder},
    {"decoder", VAEI_FIELD_CUSTOM, true, 0, NULL, read_decoder, write_decoder},
    {"prior", VAEI_FIELD_ENUM, false, CONFIG(prior), vaei_prior_name, NULL, NULL},
    {"prior_net", VAEI_FIELD_CUSTOM, false, 0, NULL, read_prior_net, write_prior_net},
    {"prior_components", VAEI_FIELD_UINT32, VAEI_UNLESS_ZERO, CONFIG(prior_components), NULL, NULL, NULL},
    {"likelihood", VAEI_FIELD_ENUM, true, CONFIG(likelihood), vaei_likelihood_name, NULL, NULL},
    {"sigma", VAEI_FIELD_CUSTOM, false, 0, NULL, read_sigma, write_sigma},
    {"output_activation", VAEI_FIELD_ENUM, false, CONFIG(output_activation), vaei_activation_name, NULL, NULL},
    {"groups", VAEI_FIELD_CUSTOM, false, 0, NULL, read_groups, write_groups},
    {"training", VAEI_FIELD_CUSTOM, false, 0, NULL, read_training, write_training},
};

vae_status vaei_config_read(vaei_config_text *result, const char *text, size_t length, const vae_allocator *allocator,
                            vae_error *err) {
  memset(result, 0, sizeof *result);
  result->config.struct_size = sizeof result->config;
  result->config.encoder = result->encoder;
  result->config.decoder = result->decoder;
  result->config.prior_net = result->prior_net;
  result->config.groups = result->groups;
  result->config.sigma = 1;
  result->training.struct_size = sizeof result->training;
  result->training.objective.struct_size = sizeof result->training.objective;
  vaei_json json;
  vae_status status = vaei_json_read(&json, text, length, "config", allocator, err);
  if (status != VAE_OK) return status;
  status = vaei_fields_read(result, config_fields, COUNT_OF(config_fields), json.values, "config", err);
  vaei_json_free(&json);
  if (status != VAE_OK || !result->trained) return status;
  vae_error why = {.struct_size = sizeof why};
  if (vaei_objective_check_model(&result->training.objective, &result->config, &why) == VAE_OK) return VAE_OK;
  return vaei_fail(err, VAE_ERROR_FORMAT, "config: %s", why.message);
}

void vaei_config_write(const vae_config *config, const vae_training *training, vaei_json_writer *writer) {
  vaei_config_text text;
  memset(&text, 0, sizeof text);
  text.config = *config;
  text.trained = training != NULL;
  if (training) text.training = *training;
  text.optimizer = text.training.weight_decay > 0 ? ADAMW : ADAM;
  vaei_fields_write(&text, config_fields, COUNT_OF(config_fields), writer);
}
