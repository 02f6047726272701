#include "io/safetensors.h"

#include <string.h>

#include "core/error.h"
#include "io/text.h"

enum { LENGTH_SIZE = 8, HEADER_ALIGNMENT = 64 };

static uint64_t read_u64(const unsigned char *bytes) {
  uint64_t value = 0;
  for (int i = 7; i >= 0; i--) value = value << 8 | bytes[i];
  return value;
}

/* Bytes of an element; 0 for a type that is not known. */
static size_t element_size(const char *dtype) {
  static const struct {
    const char *name;
    size_t size;
  } types[] = {{"F32", 4}, {"F64", 8}, {"F16", 2}, {"BF16", 2}, {"I64", 8},     {"I32", 4},     {"I16", 2}, {"I8", 1},
               {"U64", 8}, {"U32", 4}, {"U16", 2}, {"U8", 1},   {"F8_E5M2", 1}, {"F8_E4M3", 1}, {"BOOL", 1}};
  for (size_t i = 0; i < sizeof types / sizeof *types; i++)
    if (strcmp(types[i].name, dtype) == 0) return types[i].size;
  return 0;
}

static vaei_shown shown_name(const vaei_tensor *tensor) { return vaei_show_name(tensor->name, strlen(tensor->name)); }

static vae_status fail_tensor(const vaei_tensor *tensor, const char *message, vae_error *err) {
  return vaei_fail(err, VAE_ERROR_FORMAT, "tensor %s: %s", shown_name(tensor).text, message);
}

static vae_status read_shape(vaei_tensor *tensor, const vaei_json_value *shape, vae_error *err) {
  if (shape->kind != VAEI_JSON_ARRAY) return fail_tensor(tensor, "its shape is not a list", err);
  if (shape->count > VAEI_TENSOR_MAX_RANK) return fail_tensor(tensor, "it has more than 8 dimensions", err);
  tensor->count = 1;
  for (const vaei_json_value *side = shape->first; side; side = side->next) {
    if (!side->is_integer) return fail_tensor(tensor, "its shape holds something that is not a whole number", err);
    if (side->integer > SIZE_MAX || !vaei_multiply(tensor->count, (size_t)side->integer, &tensor->count))
      return fail_tensor(tensor, "its shape is too large", err);
    tensor->shape[tensor->rank++] = side->integer;
  }
  return VAE_OK;
}

static vae_status read_offsets(vaei_tensor *tensor, const vaei_json_value *offsets, const unsigned char *data,
                               size_t data_size, vae_error *err) {
  if (offsets->kind != VAEI_JSON_ARRAY || offsets->count != 2 || !offsets->first->is_integer ||
      !offsets->last->is_integer)
    return fail_tensor(tensor, "its data_offsets are not two whole numbers", err);
  const uint64_t begin = offsets->first->integer, end = offsets->last->integer;
  const vaei_shown name = shown_name(tensor);
  if (begin > end)
    return vaei_fail(err, VAE_ERROR_FORMAT, "tensor %s: its data end (%llu) before they begin (%llu)", name.text,
                     (unsigned long long)end, (unsigned long long)begin);
  if (end > data_size)
    return vaei_fail(err, VAE_ERROR_FORMAT, "tensor %s: its data end at %llu, but the file has only %zu bytes of data",
                     name.text, (unsigned long long)end, data_size);
  size_t expected = 0;
  if (!vaei_multiply(tensor->count, element_size(tensor->dtype), &expected))
    return fail_tensor(tensor, "its shape is too large", err);
  if (end - begin != expected)
    return vaei_fail(err, VAE_ERROR_FORMAT, "tensor %s: its data are %llu bytes long, its shape and type take %zu",
                     name.text, (unsigned long long)(end - begin), expected);
  tensor->bytes = data + begin;
  tensor->size = expected;
  return VAE_OK;
}

static vae_status read_tensor(vaei_tensor *tensor, const vaei_json_value *entry, const unsigned char *data,
                              size_t data_size, vae_error *err) {
  *tensor = (vaei_tensor){.name = entry->key};
  if (strlen(entry->key) != entry->key_length) return fail_tensor(tensor, "its name holds a zero byte", err);
  if (entry->kind != VAEI_JSON_OBJECT) return fail_tensor(tensor, "its entry is not an object", err);
  const vaei_json_value *dtype = vaei_json_member(entry, "dtype");
  const vaei_json_value *shape = vaei_json_member(entry, "shape");
  const vaei_json_value *offsets = vaei_json_member(entry, "data_offsets");
  if (!dtype) return fail_tensor(tensor, "it has no dtype", err);
  if (!shape) return fail_tensor(tensor, "it has no shape", err);
  if (!offsets) return fail_tensor(tensor, "it has no data_offsets", err);
  if (entry->count != 3) return fail_tensor(tensor, "its entry has keys besides dtype, shape, data_offsets", err);
  if (dtype->kind != VAEI_JSON_STRING) return fail_tensor(tensor, "its dtype is not a string", err);
  tensor->dtype = dtype->string;
  if (strlen(dtype->string) != dtype->string_length || element_size(dtype->string) == 0)
    return vaei_fail(err, VAE_ERROR_UNSUPPORTED, "tensor %s: its dtype \"%s\" is unknown", shown_name(tensor).text,
                     vaei_show_name(dtype->string, dtype->string_length).text);
  const vae_status status = read_shape(tensor, shape, err);
  return status == VAE_OK ? read_offsets(tensor, offsets, data, data_size, err) : status;
}

static bool lies_before(const vaei_tensor *a, const vaei_tensor *b) {
  return a->bytes != b->bytes ? a->bytes < b->bytes : a->size < b->size;
}

/* Sorted by place, each tensor must begin where the one before it ends. */
static vae_status check_coverage(const vaei_safetensors *file, const unsigned char *data, vae_error *err) {
  const size_t count = file->tensor_count;
  const vaei_tensor **order = vaei_allocate(&file->allocator, count * sizeof *order);
  if (!order) return vaei_fail(err, VAE_ERROR_OUT_OF_MEMORY, "no memory for %zu tensors", count);
  /* Insertion: nearly every file is in order already, and the header's limit keeps the others short. */
  for (size_t i = 0; i < count; i++) {
    size_t place = i;
    for (; place > 0 && lies_before(&file->tensors[i], order[place - 1]); place--) order[place] = order[place - 1];
    order[place] = &file->tensors[i];
  }
  vae_status status = VAE_OK;
  const unsigned char *end = data;
  for (size_t i = 0; i < count && status == VAE_OK; i++) {
    if (order[i]->bytes < end)
      status = vaei_fail(err, VAE_ERROR_FORMAT, "tensor %s: its data overlap those of tensor %s",
                         shown_name(order[i]).text, shown_name(order[i - 1]).text);
    else if (order[i]->bytes > end)
      status = vaei_fail(err, VAE_ERROR_FORMAT, "tensor %s: %zu bytes before its data belong to no tensor",
                         shown_name(order[i]).text, (size_t)(order[i]->bytes - end));
    end = order[i]->bytes + order[i]->size;
  }
  const size_t covered = (size_t)(end - data);
  if (status == VAE_OK && covered != file->data_size)
    status =
        vaei_fail(err, VAE_ERROR_FORMAT, "%zu bytes behind the last tensor belong to none", file->data_size - covered);
  vaei_release(&file->allocator, order, count * sizeof *order);
  return status;
}

static vae_status check_metadata(const vaei_json_value *metadata, vae_error *err) {
  if (metadata->kind != VAEI_JSON_OBJECT)
    return vaei_fail(err, VAE_ERROR_FORMAT, "header: __metadata__ is %s; it must be an object",
                     vaei_json_kind_name(metadata->kind));
  for (const vaei_json_value *entry = metadata->first; entry; entry = entry->next)
    if (entry->kind != VAEI_JSON_STRING)
      return vaei_fail(err, VAE_ERROR_FORMAT, "header: the metadata \"%s\" is %s; it must be a string",
                       vaei_show_name(entry->key, entry->key_length).text, vaei_json_kind_name(entry->kind));
  return VAE_OK;
}

static vae_status read_entries(vaei_safetensors *file, const unsigned char *data, vae_error *err) {
  const vaei_json_value *root = file->header.values;
  if (root->kind != VAEI_JSON_OBJECT)
    return vaei_fail(err, VAE_ERROR_FORMAT, "header: it is %s; it must be an object", vaei_json_kind_name(root->kind));
  file->metadata = vaei_json_member(root, "__metadata__");
  if (file->metadata) {
    const vae_status status = check_metadata(file->metadata, err);
    if (status != VAE_OK) return status;
  }
  const size_t count = root->count - (file->metadata ? 1 : 0);
  file->tensors = vaei_allocate_zeroed(&file->allocator, count * sizeof *file->tensors);
  if (!file->tensors) return vaei_fail(err, VAE_ERROR_OUT_OF_MEMORY, "no memory for %zu tensors", count);
  file->tensor_count = count;
  vaei_tensor *tensor = file->tensors;
  for (const vaei_json_value *entry = root->first; entry; entry = entry->next) {
    if (entry == file->metadata) continue;
    const vae_status status = read_tensor(tensor++, entry, data, file->data_size, err);
    if (status != VAE_OK) return status;
  }
  return check_coverage(file, data, err);
}

vae_status vaei_safetensors_read(vaei_safetensors *file, const void *bytes, size_t size, const vae_allocator *allocator,
                                 vae_error *err) {
  *file = (vaei_safetensors){.allocator = *allocator};
  if (size < LENGTH_SIZE) return vaei_fail(err, VAE_ERROR_FORMAT, "%zu bytes are too few for a safetensors file", size);
  const unsigned char *text = (const unsigned char *)bytes + LENGTH_SIZE;
  const uint64_t length = read_u64(bytes);
  const size_t rest = size - LENGTH_SIZE;
  if (length > rest)
    return vaei_fail(err, VAE_ERROR_FORMAT,
                     "not a safetensors file, or cut off: a header of %llu bytes is announced, %zu follow",
                     (unsigned long long)length, rest);
  if (length > VAEI_JSON_MAX_TEXT)
    return vaei_fail(err, VAE_ERROR_FORMAT, "the header is %llu bytes long; at most %d are allowed",
                     (unsigned long long)length, (int)VAEI_JSON_MAX_TEXT);
  vae_status status = vaei_json_read(&file->header, (const char *)text, (size_t)length, "header", allocator, err);
  if (status != VAE_OK) return status;
  file->data_size = rest - (size_t)length;
  status = read_entries(file, text + length, err);
  if (status != VAE_OK) vaei_safetensors_free(file);
  return status;
}

void vaei_safetensors_free(vaei_safetensors *file) {
  vaei_json_free(&file->header);
  if (file->tensors) vaei_release(&file->allocator, file->tensors, file->tensor_count * sizeof *file->tensors);
  file->tensors = NULL;
}

vaei_tensor *vaei_safetensors_find(const vaei_safetensors *file, const char *name) {
  for (size_t i = 0; i < file->tensor_count; i++)
    if (strcmp(file->tensors[i].name, name) == 0) return &file->tensors[i];
  return NULL;
}

const vaei_json_value *vaei_safetensors_metadata(const vaei_safetensors *file, const char *key) {
  return file->metadata ? vaei_json_member(file->metadata, key) : NULL;
}

/* The two loops below are copies on little-endian machines, which compilers see. */
void vaei_tensor_read(const vaei_tensor *tensor, size_t first, size_t count, float *values) {
  const unsigned char *bytes = tensor->bytes + first * sizeof(float);
  for (size_t i = 0; i < count; i++, bytes += sizeof(float)) {
    const uint32_t bits =
        (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
    memcpy(&values[i], &bits, sizeof bits);
  }
}

void vaei_floats_to_little_endian(float *values, size_t count) {
  for (size_t i = 0; i < count; i++) {
    uint32_t bits;
    memcpy(&bits, &values[i], sizeof bits);
    const unsigned char bytes[4] = {(unsigned char)bits, (unsigned char)(bits >> 8), (unsigned char)(bits >> 16),
                                    (unsigned char)(bits >> 24)};
    memcpy(&values[i], bytes, sizeof bytes);
  }
}

void vaei_safetensors_header_begin(vaei_safetensors_header *header, const vae_allocator *allocator) {
  static const char room_for_length[LENGTH_SIZE];
  *header = (vaei_safetensors_header){.in_metadata = true};
  vaei_json_writer_init(&header->json, allocator);
  vaei_json_write_raw(&header->json, room_for_length, sizeof room_for_length);
  vaei_json_write_open(&header->json, '{');
  vaei_json_write_key(&header->json, "__metadata__");
  vaei_json_write_open(&header->json, '{');
}

void vaei_safetensors_header_text(vaei_safetensors_header *header, const char *key, const char *text, size_t length) {
  vaei_json_write_key(&header->json, key);
  vaei_json_write_string(&header->json, text, length);
}

static void end_metadata(vaei_safetensors_header *header) {
  if (header->in_metadata) vaei_json_write_close(&header->json, '}');
  header->in_metadata = false;
}

void vaei_safetensors_header_tensor(vaei_safetensors_header *header, const char *name, uint32_t rank,
                                    const uint64_t *shape) {
  vaei_json_writer *json = &header->json;
  end_metadata(header);
  uint64_t size = sizeof(float);
  vaei_json_write_key(json, name);
  vaei_json_write_open(json, '{');
  vaei_json_write_key(json, "dtype");
  vaei_json_write_string(json, "F32", 3);
  vaei_json_write_key(json, "shape");
  vaei_json_write_open(json, '[');
  for (uint32_t i = 0; i < rank; i++) {
    vaei_json_write_integer(json, shape[i]);
    size *= shape[i];
  }
  vaei_json_write_close(json, ']');
  vaei_json_write_key(json, "data_offsets");
  vaei_json_write_open(json, '[');
  vaei_json_write_integer(json, header->data_size);
  header->data_size += size;
  vaei_json_write_integer(json, header->data_size);
  vaei_json_write_close(json, ']');
  vaei_json_write_close(json, '}');
}

vae_status vaei_safetensors_header_end(vaei_safetensors_header *header, vae_error *err) {
  vaei_json_writer *json = &header->json;
  end_metadata(header);
  vaei_json_write_close(json, '}');
  while (json->length % HEADER_ALIGNMENT != 0 && !json->out_of_memory) vaei_json_write_raw(json, " ", 1);
  const vae_status status = vaei_json_writer_check(json, "the header", err);
  if (status != VAE_OK) return status;
  const uint64_t length = json->length - LENGTH_SIZE;
  for (int i = 0; i < LENGTH_SIZE; i++) json->text[i] = (char)(unsigned char)(length >> (8 * i));
  return VAE_OK;
}

void vaei_safetensors_header_free(vaei_safetensors_header *header) { vaei_json_writer_free(&header->json); }
