#include "vectors.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* JSON, as little of it as the files need: values are found by key and skipped by counting brackets. */

static const char *skip_space(const char *text) {
  while (*text == ' ' || *text == '\n' || *text == '\t' || *text == '\r') text++;
  return text;
}

/* Behind the string that begins at text, or NULL. */
static const char *skip_string(const char *text) {
  if (*text++ != '"') return NULL;
  for (; *text != '\0'; text++) {
    if (*text == '"') return text + 1;
    if (*text == '\\' && *++text == '\0') return NULL;
  }
  return NULL;
}

static const char *skip_value(const char *text) {
  int depth = 0;
  text = skip_space(text);
  if (*text == '"') return skip_string(text);
  for (; *text != '\0'; text++) {
    if (*text == '"') {
      text = skip_string(text);
      if (text == NULL) return NULL;
      text--;
    } else if (*text == '{' || *text == '[') {
      depth++;
    } else if (*text == '}' || *text == ']') {
      if (depth == 0) return text; /* behind a number, at the end of its object */
      if (--depth == 0) return text + 1;
    } else if (*text == ',' && depth == 0) {
      return text;
    }
  }
  return depth == 0 ? text : NULL;
}

/* Copies a string without its escapes (\uXXXX is not among them). */
static int read_string(const char *text, char *out, size_t size) {
  size_t length = 0;
  text = skip_space(text);
  if (*text++ != '"') return 0;
  while (*text != '"' && *text != '\0') {
    if (*text == '\\') text++;
    if (*text == '\0' || length + 1 >= size) return 0;
    out[length++] = *text++;
  }
  out[length] = '\0';
  return *text == '"';
}

/* The next member of an object: *at goes from behind '{' or a value to behind that member's value. */
static int next_member(const char **at, char *key, size_t key_size, const char **value) {
  const char *text = skip_space(*at);
  if (*text == ',') text = skip_space(text + 1);
  if (*text != '"' || !read_string(text, key, key_size)) return 0;
  text = skip_space(skip_string(text));
  if (*text++ != ':') return 0;
  *value = skip_space(text);
  *at = skip_value(*value);
  return *at != NULL;
}

static const char *find_member(const char *object, const char *key) {
  char found[VECTOR_NAME];
  const char *value = NULL, *at = skip_space(object);
  if (*at++ != '{') return NULL;
  while (next_member(&at, found, sizeof found, &value)) {
    if (strcmp(found, key) == 0) return value;
  }
  return NULL;
}

static double find_number(const char *object, const char *key, double otherwise) {
  const char *value = find_member(object, key);
  return value != NULL ? strtod(value, NULL) : otherwise;
}

/* The number whose name (by `name`) stands under key, or `otherwise`; -1 for a name that nobody knows. */
static int32_t find_name(const char *object, const char *key, const char *(*name)(int32_t), int32_t otherwise) {
  char text[32];
  const char *value = find_member(object, key);
  if (value == NULL) return otherwise;
  if (!read_string(value, text, sizeof text)) return -1;
  for (int32_t i = 0; name(i) != NULL; i++) {
    if (strcmp(name(i), text) == 0) return i;
  }
  return -1;
}

/* The spec */

static int read_layers(const char *spec, const char *key, test_spec *into,
                       void (*add)(test_spec *, uint32_t, vae_activation)) {
  const char *at = find_member(spec, key);
  if (at == NULL || *at++ != '[') return 0;
  for (at = skip_space(at); *at == '{' || *at == ','; at = skip_space(at)) {
    if (*at == ',') at = skip_space(at + 1);
    double units = find_number(at, "units", 0.0);
    int32_t activation = find_name(at, "activation", vae_activation_name, -1);
    if (units < 1.0 || activation < 0) return 0;
    add(into, (uint32_t)units, activation);
    at = skip_value(at);
    if (at == NULL) return 0;
  }
  return *at == ']';
}

static int read_spec(vectors *file, const char *text) {
  const char *adam = find_member(text, "adam");
  if (adam == NULL) adam = "{}";
  file->learning_rate = find_number(adam, "lr", 1e-3);
  file->beta1 = find_number(adam, "beta1", 0.9);
  file->beta2 = find_number(adam, "beta2", 0.999);
  file->epsilon = find_number(adam, "eps", 1e-8);
  file->batch = (size_t)find_number(text, "batch", 0.0);
  file->spec =
      test_spec_linear((uint32_t)find_number(text, "input_dim", 0.0), (uint32_t)find_number(text, "latent_dim", 0.0));
  file->spec.condition_dim = (uint32_t)find_number(text, "condition_dim", 0.0);
  file->spec.prior = find_name(text, "prior", vae_prior_name, VAE_PRIOR_STANDARD);
  file->spec.likelihood = find_name(text, "likelihood", vae_likelihood_name, -1);
  file->spec.output_activation = find_name(text, "output_activation", vae_activation_name, VAE_ACTIVATION_IDENTITY);
  file->spec.sigma = 1.0;
  const char *sigma = find_member(text, "sigma");
  if (sigma != NULL && *sigma == '"') file->spec.sigma_kind = find_name(text, "sigma", vae_sigma_kind_name, -1);
  else file->spec.sigma = find_number(text, "sigma", 1.0);
  file->spec.objective.kind = find_name(text, "objective", vae_objective_name, VAE_OBJECTIVE_ELBO);
  file->spec.objective.samples = (uint32_t)find_number(text, "samples", 1.0);
  file->spec.objective.beta = find_number(text, "beta", 1.0);
  return file->batch > 0 && file->spec.likelihood >= 0 && file->spec.sigma_kind >= 0 &&
         file->spec.output_activation >= 0 && file->spec.objective.kind >= 0 && file->spec.prior >= 0 &&
         read_layers(text, "encoder", &file->spec, test_spec_add_encoder) &&
         read_layers(text, "decoder", &file->spec, test_spec_add_decoder) &&
         (file->spec.prior != VAE_PRIOR_CONDITIONAL ||
          read_layers(text, "prior_net", &file->spec, test_spec_add_prior_net));
}

/* Tensors */

static double load_f32(const unsigned char *bytes) {
  uint32_t bits = (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

static double load_f64(const unsigned char *bytes) {
  uint64_t bits = 0;
  double value;
  for (int i = 7; i >= 0; i--) bits = bits << 8 | bytes[i];
  memcpy(&value, &bits, sizeof value);
  return value;
}

static int read_tensor(vector_tensor *tensor, const char *value, const unsigned char *data, size_t data_size) {
  char type[8];
  const char *dtype = find_member(value, "dtype"), *shape = find_member(value, "shape"),
             *offsets = find_member(value, "data_offsets");
  if (dtype == NULL || shape == NULL || offsets == NULL || !read_string(dtype, type, sizeof type)) return 0;
  size_t width = strcmp(type, "F64") == 0 ? 8 : strcmp(type, "F32") == 0 ? 4 : 0;
  char *end = NULL;
  tensor->count = 1;
  for (shape = skip_space(shape + 1); *shape != ']'; shape = skip_space(end)) {
    if (*shape == ',') shape++;
    if (tensor->rank == 4) return 0;
    tensor->shape[tensor->rank] = strtoul(shape, &end, 10);
    if (end == shape) return 0;
    tensor->count *= tensor->shape[tensor->rank++];
  }
  size_t from = strtoul(skip_space(offsets + 1), &end, 10);
  end = (char *)skip_space(end);
  if (*end != ',') return 0;
  size_t to = strtoul(end + 1, NULL, 10);
  if (width == 0 || to > data_size || from > to || to - from != tensor->count * width) return 0;
  tensor->values = test_allocate(tensor->count * sizeof *tensor->values);
  for (size_t i = 0; i < tensor->count; i++) {
    tensor->values[i] = width == 8 ? load_f64(data + from + 8 * i) : load_f32(data + from + 4 * i);
  }
  return 1;
}

/* header: the JSON, zero-terminated. data: what follows it in the file. */
static int read_header(vectors *file, const char *header, const unsigned char *data, size_t data_size) {
  char key[VECTOR_NAME];
  const char *value = NULL, *at = skip_space(header);
  size_t capacity = 0;
  if (*at++ != '{') return 0;
  while (next_member(&at, key, sizeof key, &value)) {
    if (strcmp(key, "__metadata__") == 0) {
      char spec[2048];
      const char *text = find_member(value, "spec");
      if (text == NULL || !read_string(text, spec, sizeof spec) || !read_spec(file, spec)) return 0;
      continue;
    }
    if (file->count == capacity) {
      capacity = capacity * 2 + 16;
      vector_tensor *larger = test_allocate(capacity * sizeof *larger);
      if (file->count > 0) memcpy(larger, file->tensors, file->count * sizeof *larger);
      free(file->tensors);
      file->tensors = larger;
    }
    vector_tensor *tensor = &file->tensors[file->count++];
    snprintf(tensor->name, sizeof tensor->name, "%s", key);
    if (!read_tensor(tensor, value, data, data_size)) return 0;
  }
  return *skip_space(at) == '}' && file->batch > 0;
}

int vectors_read(vectors *file, const char *path) {
  size_t size = 0;
  memset(file, 0, sizeof *file);
  unsigned char *bytes = test_read_file(path, &size);
  if (bytes == NULL) {
    snprintf(file->message, sizeof file->message, "cannot read %.200s", path);
    return 0;
  }
  uint64_t length = 0;
  for (int i = 7; size >= 8 && i >= 0; i--) length = length << 8 | bytes[i];
  int good = 0;
  if (size >= 8 && length <= size - 8) {
    char *header = test_allocate((size_t)length + 1);
    memcpy(header, bytes + 8, (size_t)length);
    good = read_header(file, header, bytes + 8 + length, size - 8 - (size_t)length);
    free(header);
  }
  free(bytes);
  if (!good) snprintf(file->message, sizeof file->message, "%.200s is not a reference vector", path);
  return good;
}

void vectors_free(vectors *file) {
  for (size_t i = 0; i < file->count; i++) free(file->tensors[i].values);
  free(file->tensors);
  memset(file, 0, sizeof *file);
}

const vector_tensor *vectors_find(const vectors *file, const char *prefix, const char *name) {
  size_t length = strlen(prefix);
  for (size_t i = 0; i < file->count; i++) {
    if (strncmp(file->tensors[i].name, prefix, length) == 0 && strcmp(file->tensors[i].name + length, name) == 0) {
      return &file->tensors[i];
    }
  }
  return NULL;
}

float *vectors_floats(const vectors *file, const char *prefix, const char *name) {
  const vector_tensor *tensor = vectors_find(file, prefix, name);
  if (tensor == NULL) return NULL;
  float *values = test_allocate(tensor->count * sizeof *values);
  for (size_t i = 0; i < tensor->count; i++) values[i] = (float)tensor->values[i];
  return values;
}
