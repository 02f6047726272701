#include "io/model_file.h"

#include <math.h>
#include <string.h>

#include "core/error.h"
#include "io/config_json.h"
#include "io/file.h"
#include "io/json_fields.h"
#include "io/safetensors.h"
#include "io/text.h"
#include "model/config_check.h"

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

static const char format_key[] = "libvae.format", config_key[] = "libvae.config", trainer_key[] = "libvae.trainer";
static const char format_version[] = "1";

/* A file that promises this much more than it holds is refused before anything of the promised size is allocated.
 * Below it the missing tensors are looked for, to be named. */
static const uint64_t most_promised_bytes = 4 << 20;

/* The groups of tensors in a trainer's file; a model's has the first one only. */
typedef enum group { PARAMETERS, FIRST_MOMENTS, SECOND_MOMENTS, GROUP_COUNT } group;
static const char *const group_prefixes[GROUP_COUNT] = {"", "adam.m.", "adam.v."};

static vae_status read_best_loss(void *record, const vaei_json_value *value, vae_error *err) {
  vaei_trainer_state *state = record;
  if (value->kind != VAEI_JSON_NUMBER)
    return vaei_fail(err, VAE_ERROR_FORMAT, "%s: \"best_loss\" is %s; it must be a number", trainer_key,
                     vaei_json_kind_name(value->kind));
  state->is_best = true;
  state->best_loss = value->number;
  return VAE_OK;
}

static void write_best_loss(const void *record, const char *key, vaei_json_writer *writer) {
  const vaei_trainer_state *state = record;
  if (!state->is_best) return;
  vaei_json_write_key(writer, key);
  vaei_json_write_number(writer, state->best_loss);
}

static const vaei_field state_fields[] = {
    {"step", VAEI_FIELD_UINT64, true, offsetof(vaei_trainer_state, step), NULL, NULL, NULL},
    {"epoch", VAEI_FIELD_UINT64, true, offsetof(vaei_trainer_state, epoch), NULL, NULL, NULL},
    {"batch", VAEI_FIELD_UINT64, true, offsetof(vaei_trainer_state, batch), NULL, NULL, NULL},
    {"rows", VAEI_FIELD_UINT64, true, offsetof(vaei_trainer_state, rows), NULL, NULL, NULL},
    {"examples", VAEI_FIELD_UINT64, true, offsetof(vaei_trainer_state, examples), NULL, NULL, NULL},
    {"loss", VAEI_FIELD_DOUBLE, true, offsetof(vaei_trainer_state, loss), NULL, NULL, NULL},
    {"reconstruction", VAEI_FIELD_DOUBLE, true, offsetof(vaei_trainer_state, reconstruction), NULL, NULL, NULL},
    {"kl", VAEI_FIELD_DOUBLE, true, offsetof(vaei_trainer_state, kl), NULL, NULL, NULL},
    {"penalty", VAEI_FIELD_DOUBLE, true, offsetof(vaei_trainer_state, penalty), NULL, NULL, NULL},
    {"best_loss", VAEI_FIELD_CUSTOM, false, 0, NULL, read_best_loss, write_best_loss},
};

typedef struct tensor_name {
  char text[64];
} tensor_name;

static tensor_name name_in(group which, const vaei_parameter *parameter) {
  tensor_name name;
  const size_t prefix = strlen(group_prefixes[which]), length = strlen(parameter->name);
  memcpy(name.text, group_prefixes[which], prefix);
  memcpy(name.text + prefix, parameter->name, length + 1);
  return name;
}

/* Room for the values of the largest tensor. */
typedef struct scratch {
  vae_allocator allocator;
  float *values;
  size_t size;
} scratch;

static vae_status scratch_open(scratch *room, const vae_model *model, const vae_allocator *allocator, vae_error *err) {
  size_t most = 0;
  for (size_t i = 0; i < model->parameter_count; i++)
    if (model->parameters[i].count > most) most = model->parameters[i].count;
  *room = (scratch){.allocator = *allocator, .size = most * sizeof(float)};
  room->values = vaei_allocate(allocator, room->size);
  if (room->values) return VAE_OK;
  return vaei_fail(err, VAE_ERROR_OUT_OF_MEMORY, "no memory for a tensor of %zu values", most);
}

static void scratch_close(scratch *room) { vaei_release(&room->allocator, room->values, room->size); }

/* The index of the first value that may not stand in that group, or count. */
static size_t find_bad(group which, const float *values, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (!isfinite(values[i]) || (which == SECOND_MOMENTS && values[i] < 0)) return i;
  return count;
}

/* ---- saving ---- */

/* Takes the bytes of a file in order. */
typedef vae_status (*byte_sink)(void *user, const void *bytes, size_t size, vae_error *err);

/* JSON that goes into the metadata as text. */
static vae_status add_text(vaei_safetensors_header *header, const char *key, vaei_json_writer *text, vae_error *err) {
  const vae_status status = vaei_json_writer_check(text, key, err);
  if (status == VAE_OK) vaei_safetensors_header_text(header, key, text->text, text->length);
  vaei_json_writer_free(text);
  return status;
}

static vae_status make_header(vaei_safetensors_header *header, const vae_model *model, const vaei_trainer_state *state,
                              vae_error *err) {
  vaei_safetensors_header_begin(header, &model->allocator);
  vaei_safetensors_header_text(header, format_key, format_version, strlen(format_version));
  vaei_json_writer text;
  vaei_json_writer_init(&text, &model->allocator);
  vaei_config_write(&model->config, model->trained ? &model->training : NULL, &text);
  vae_status status = add_text(header, config_key, &text, err);
  if (status == VAE_OK && state) {
    vaei_json_writer_init(&text, &model->allocator);
    vaei_fields_write(state, state_fields, COUNT_OF(state_fields), &text);
    status = add_text(header, trainer_key, &text, err);
  }
  if (status != VAE_OK) return status;
  for (int which = 0; which < (state ? GROUP_COUNT : 1); which++)
    for (size_t i = 0; i < model->parameter_count; i++) {
      const vaei_parameter *parameter = &model->parameters[i];
      vaei_safetensors_header_tensor(header, name_in((group)which, parameter).text, parameter->rank, parameter->shape);
    }
  return vaei_safetensors_header_end(header, err);
}

static vae_status write_file(const vae_model *model, const vaei_trainer_state *state,
                             const vaei_safetensors_header *header, byte_sink sink, void *user, vae_error *err) {
  scratch room;
  vae_status status = scratch_open(&room, model, &model->allocator, err);
  if (status != VAE_OK) return status;
  status = sink(user, header->json.text, header->json.length, err);
  const float *const blocks[GROUP_COUNT] = {model->block, state ? state->first_moment : NULL,
                                            state ? state->second_moment : NULL};
  for (int which = 0; which < GROUP_COUNT && blocks[which]; which++)
    for (size_t i = 0; i < model->parameter_count && status == VAE_OK; i++) {
      const vaei_parameter *parameter = &model->parameters[i];
      vaei_parameter_unpack(model, parameter, blocks[which], room.values);
      /* What could not be loaded again is not saved. */
      const size_t bad = find_bad((group)which, room.values, parameter->count);
      if (bad < parameter->count)
        status = vaei_fail(err, VAE_ERROR_NOT_FINITE, "tensor %s: its value %zu is %g; the model cannot be saved",
                           name_in((group)which, parameter).text, bad, (double)room.values[bad]);
      vaei_floats_to_little_endian(room.values, parameter->count);
      if (status == VAE_OK) status = sink(user, room.values, parameter->count * sizeof(float), err);
    }
  scratch_close(&room);
  return status;
}

static vae_status write_to_file(void *user, const void *bytes, size_t size, vae_error *err) {
  return vaei_file_write(user, bytes, size, err);
}

vae_status vaei_model_file_save(const vae_model *model, const vaei_trainer_state *state, const char *path,
                                vae_error *err) {
  if (!path) return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT, "path is NULL; it must be a file's name");
  vaei_safetensors_header header;
  vae_status status = make_header(&header, model, state, err);
  if (status == VAE_OK) {
    vaei_file_writer writer;
    status = vaei_file_open(&writer, path, err);
    if (status == VAE_OK) {
      status = write_file(model, state, &header, write_to_file, &writer, err);
      if (status == VAE_OK) {
        status = vaei_file_commit(&writer, err);
      } else {
        vaei_file_abandon(&writer);
      }
    }
  }
  vaei_safetensors_header_free(&header);
  return status;
}

static vae_status write_to_memory(void *user, const void *bytes, size_t size, vae_error *err) {
  (void)err;
  unsigned char **next = user;
  memcpy(*next, bytes, size);
  *next += size;
  return VAE_OK;
}

vae_status vaei_model_file_save_bytes(const vae_model *model, const vaei_trainer_state *state, void *bytes,
                                      size_t capacity, size_t *size, vae_error *err) {
  if (!size) return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT, "size is NULL; it must be a place for the size");
  if (!bytes && capacity > 0)
    return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT, "bytes is NULL, capacity %zu; it must be 0", capacity);
  vaei_safetensors_header header;
  vae_status status = make_header(&header, model, state, err);
  if (status == VAE_OK) {
    size_t needed = 0;
    unsigned char *next = bytes;
    if (header.data_size > SIZE_MAX || !vaei_add(header.json.length, (size_t)header.data_size, &needed)) {
      status = vaei_fail(err, VAE_ERROR_OUT_OF_MEMORY, "the model is too large for this machine's memory");
    } else if (bytes && capacity < needed) {
      status =
          vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT, "capacity is %zu; the model takes %zu bytes", capacity, needed);
    } else if (bytes) {
      status = write_file(model, state, &header, write_to_memory, &next, err);
    }
    *size = needed;
  }
  vaei_safetensors_header_free(&header);
  return status;
}

/* ---- loading ---- */

/* The configuration, as far as it can be judged without its tensors. */
static vae_status read_config(const vaei_safetensors *file, vaei_config_text *text, bool has_state, vae_error *err) {
  const vaei_json_value *format = vaei_safetensors_metadata(file, format_key);
  if (!format) return vaei_fail(err, VAE_ERROR_FORMAT, "not a libvae model: its metadata have no %s", format_key);
  if (!vaei_json_string_is(format, format_version))
    return vaei_fail(err, VAE_ERROR_UNSUPPORTED, "%s is \"%s\"; this version reads \"%s\"", format_key,
                     vaei_show_name(format->string, format->string_length).text, format_version);
  const vaei_json_value *config = vaei_safetensors_metadata(file, config_key);
  if (!config) return vaei_fail(err, VAE_ERROR_FORMAT, "its metadata have no %s", config_key);
  vae_status status = vaei_config_read(text, config->string, config->string_length, &file->allocator, err);
  if (status != VAE_OK) return status;
  vae_error why = {.struct_size = sizeof why};
  status = vaei_config_check(&text->config, &why);
  if (status == VAE_OK && text->trained)
    status = vaei_objective_check_model(&text->training.objective, &text->config, &why);
  if (status == VAE_ERROR_INVALID_ARGUMENT) status = VAE_ERROR_FORMAT;
  if (status != VAE_OK) return vaei_fail(err, status, "config: %s", why.message);

  const uint64_t promised = vaei_config_value_count(&text->config) * sizeof(float) * (has_state ? GROUP_COUNT : 1);
  if (promised > file->data_size && promised - file->data_size > most_promised_bytes)
    return vaei_fail(err, VAE_ERROR_FORMAT, "its configuration takes %llu bytes of values; the file has %zu",
                     (unsigned long long)promised, file->data_size);
  return VAE_OK;
}

/* A stopped epoch has done whole batches and has rows left, or its continuation would read beyond the data. */
static vae_status check_counters(const vaei_trainer_state *state, uint32_t batch_size, vae_error *err) {
  if (state->batch == 0) return VAE_OK;
  if (state->is_best)
    return vaei_fail(err, VAE_ERROR_FORMAT, "%s: \"best_loss\" is there, but a state within an epoch is never judged",
                     trainer_key);
  const uint64_t most = state->rows ? (state->rows - 1) / batch_size : 0;
  if (state->batch <= most && state->examples <= state->rows) return VAE_OK;
  return vaei_fail(err, VAE_ERROR_FORMAT, "%s: %llu batches of %u rows with %llu examples leave nothing of %llu rows",
                   trainer_key, (unsigned long long)state->batch, (unsigned)batch_size,
                   (unsigned long long)state->examples, (unsigned long long)state->rows);
}

static vae_status read_counters(const vaei_json_value *text, uint32_t batch_size, vaei_trainer_state *state,
                                const vae_allocator *allocator, vae_error *err) {
  vaei_json json;
  vae_status status = vaei_json_read(&json, text->string, text->string_length, trainer_key, allocator, err);
  if (status != VAE_OK) return status;
  status = vaei_fields_read(state, state_fields, COUNT_OF(state_fields), json.values, trainer_key, err);
  vaei_json_free(&json);
  return status == VAE_OK ? check_counters(state, batch_size, err) : status;
}

typedef struct shape_text {
  char text[48];
} shape_text;

static void append_text(shape_text *shape, size_t *used, const char *text) {
  for (; *text && *used + 1 < sizeof shape->text; text++) shape->text[(*used)++] = *text;
  shape->text[*used] = 0;
}

/* "[400, 784]" */
static shape_text shown_shape(const uint64_t *sides, uint32_t rank) {
  shape_text shape;
  size_t used = 0;
  append_text(&shape, &used, "[");
  for (uint32_t i = 0; i < rank; i++) {
    char digits[24] = "";
    size_t first = sizeof digits - 1;
    uint64_t side = sides[i];
    do digits[--first] = (char)('0' + side % 10);
    while (side /= 10);
    if (i > 0) append_text(&shape, &used, ", ");
    append_text(&shape, &used, digits + first);
  }
  append_text(&shape, &used, "]");
  return shape;
}

/* Checks one tensor and packs it into block, where there is one. */
static vae_status read_tensor(const vaei_safetensors *file, const vae_model *model, group which,
                              const vaei_parameter *parameter, float *block, float *values, vae_error *err) {
  const tensor_name name = name_in(which, parameter);
  vaei_tensor *tensor = vaei_safetensors_find(file, name.text);
  if (!tensor) return vaei_fail(err, VAE_ERROR_FORMAT, "the tensor %s is missing", name.text);
  tensor->used = true;
  if (strcmp(tensor->dtype, "F32") != 0)
    return vaei_fail(err, VAE_ERROR_UNSUPPORTED, "tensor %s: its type is %s; this version reads F32", name.text,
                     tensor->dtype);
  if (tensor->rank != parameter->rank || memcmp(tensor->shape, parameter->shape, parameter->rank * sizeof(uint64_t)))
    return vaei_fail(err, VAE_ERROR_FORMAT, "tensor %s: its shape is %s; the configuration needs %s", name.text,
                     shown_shape(tensor->shape, tensor->rank).text,
                     shown_shape(parameter->shape, parameter->rank).text);
  vaei_tensor_read(tensor, 0, tensor->count, values);
  const size_t bad = find_bad(which, values, tensor->count);
  if (bad < tensor->count)
    return vaei_fail(err, VAE_ERROR_FORMAT, "tensor %s: its value %zu is %g; it must be finite%s", name.text, bad,
                     (double)values[bad], which == SECOND_MOMENTS ? " and not negative" : "");
  if (block) vaei_parameter_pack(model, parameter, block, values);
  return VAE_OK;
}

static vae_status read_tensors(const vaei_safetensors *file, vae_model *model, bool has_state,
                               vaei_trainer_state *state, vae_error *err) {
  scratch room;
  vae_status status = scratch_open(&room, model, &file->allocator, err);
  if (status != VAE_OK) return status;
  float *const blocks[GROUP_COUNT] = {model->block, state ? state->first_moment : NULL,
                                      state ? state->second_moment : NULL};
  for (int which = 0; which < (has_state ? GROUP_COUNT : 1); which++)
    for (size_t i = 0; i < model->parameter_count && status == VAE_OK; i++)
      status = read_tensor(file, model, (group)which, &model->parameters[i], blocks[which], room.values, err);
  scratch_close(&room);
  for (size_t i = 0; i < file->tensor_count && status == VAE_OK; i++)
    if (!file->tensors[i].used)
      status = vaei_fail(err, VAE_ERROR_FORMAT, "the tensor %s is not one of this configuration's",
                         vaei_show_name(file->tensors[i].name, strlen(file->tensors[i].name)).text);
  return status;
}

static void release_moments(vaei_trainer_state *state, size_t block_size, const vae_allocator *allocator) {
  if (state->first_moment) vaei_release(allocator, state->first_moment, block_size * sizeof(float));
  if (state->second_moment) vaei_release(allocator, state->second_moment, block_size * sizeof(float));
}

/* state: as in load_bytes. */
static vae_status build_model(const vaei_safetensors *file, const vaei_config_text *text, bool has_state,
                              vae_model **model, vaei_trainer_state *state, vae_error *err) {
  vae_model *made = NULL;
  vae_status status = vaei_model_new(&text->config, &file->allocator, &made, err);
  if (status != VAE_OK) return status;
  made->trained = text->trained;
  if (text->trained) made->training = text->training;
  vaei_trainer_state read = {0};
  if (state) {
    read = *state;
    read.first_moment = vaei_allocate_zeroed(&file->allocator, made->block_size * sizeof(float));
    read.second_moment = vaei_allocate_zeroed(&file->allocator, made->block_size * sizeof(float));
    if (!read.first_moment || !read.second_moment)
      status = vaei_fail(err, VAE_ERROR_OUT_OF_MEMORY, "no memory for Adam's moments (%zu values)", made->block_size);
  }
  if (status == VAE_OK) status = read_tensors(file, made, has_state, state ? &read : NULL, err);
  if (status != VAE_OK) {
    release_moments(&read, made->block_size, &file->allocator);
    vaei_model_delete(made);
    return status;
  }
  *model = made;
  if (state) *state = read;
  return VAE_OK;
}

static vae_status load_bytes(const void *bytes, size_t size, const vae_allocator *allocator, vae_model **model,
                             vaei_trainer_state *state, vae_error *err) {
  vaei_safetensors file;
  vae_status status = vaei_safetensors_read(&file, bytes, size, allocator, err);
  if (status != VAE_OK) return status;
  const vaei_json_value *counters = vaei_safetensors_metadata(&file, trainer_key);
  vaei_config_text text;
  vaei_trainer_state read = {0};
  status = read_config(&file, &text, counters != NULL, err);
  if (status == VAE_OK && counters && !text.trained)
    status = vaei_fail(err, VAE_ERROR_FORMAT, "config: \"training\" is missing, but there is %s", trainer_key);
  if (status == VAE_OK && state && !counters)
    status =
        vaei_fail(err, VAE_ERROR_FORMAT, "a model without a trainer's state: its metadata have no %s", trainer_key);
  if (status == VAE_OK && counters) status = read_counters(counters, text.training.batch_size, &read, allocator, err);
  if (status == VAE_OK) status = build_model(&file, &text, counters != NULL, model, state ? &read : NULL, err);
  if (status == VAE_OK && state) *state = read;
  vaei_safetensors_free(&file);
  return status;
}

vae_status vaei_model_file_load(const char *path, const void *bytes, size_t size, const vae_allocator *allocator,
                                vae_model **model, vaei_trainer_state *state, vae_error *err) {
  *model = NULL;
  vae_allocator own;
  if (!vaei_allocator_copy(&own, allocator))
    return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT, "allocator: allocate and release must both be set");
  if (!path && !bytes) return vaei_fail(err, VAE_ERROR_INVALID_ARGUMENT, "bytes is NULL; it must be a model's bytes");
  vaei_bytes content = {.bytes = NULL};
  if (path) {
    const vae_status status = vaei_file_read(path, &own, &content, err);
    if (status != VAE_OK) return status;
    bytes = content.bytes;
    size = content.size;
  }
  vae_error why = {.struct_size = sizeof why};
  vae_status status = load_bytes(bytes, size, &own, model, state, &why);
  vaei_bytes_free(&content);
  if (status != VAE_OK)
    vaei_fail(err, status, "%s: %s", path ? vaei_show_path(path).text : "cannot read the model", why.message);
  return status;
}
