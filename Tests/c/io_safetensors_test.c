/* The safetensors reader against files that lie, and the header writer. */
#define _XOPEN_SOURCE 700

#include "harness.h"
#include "io/safetensors.h"
#include "io_support.h"

static io_counter counter;
static vae_allocator allocator;

typedef struct image {
  unsigned char bytes[4096];
  size_t size;
} image;

static image image_of(uint64_t length, const char *header, size_t data) {
  image made = {.size = 0};
  for (int i = 0; i < 8; i++) made.bytes[made.size++] = (unsigned char)(length >> (8 * i));
  memcpy(made.bytes + made.size, header, strlen(header));
  made.size += strlen(header);
  for (size_t i = 0; i < data; i++) made.bytes[made.size++] = (unsigned char)(i * 7);
  return made;
}

static image honest_image(const char *header, size_t data) { return image_of(strlen(header), header, data); }

/* Reads from memory of just that size, at an odd address, and frees what was read. */
static vae_status try_read(const image *file, vae_error *err) {
  unsigned char *copy = malloc(file->size + 1);
  memcpy(copy + 1, file->bytes, file->size);
  vaei_safetensors read;
  const vae_status status = vaei_safetensors_read(&read, copy + 1, file->size, &allocator, err);
  if (status == VAE_OK) {
    /* Every value that is promised can be read. */
    for (size_t i = 0; i < read.tensor_count; i++) {
      const vaei_tensor *tensor = &read.tensors[i];
      if (strcmp(tensor->dtype, "F32") == 0)
        for (size_t k = 0; k < tensor->count; k++) {
          float value;
          vaei_tensor_read(tensor, k, 1, &value);
        }
    }
    vaei_safetensors_free(&read);
  }
  free(copy);
  return status;
}

#define TENSOR(name, dtype, shape, begin, end) \
  "\"" name "\":{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":[" #begin "," #end "]}"

static void test_accepted(void) {
  static const struct {
    const char *header;
    size_t data;
  } cases[] = {
      {"{}", 0},
      {"{}     ", 0},
      {"{\"__metadata__\":{}}", 0},
      {"{" TENSOR("a", "F32", "[2,3]", 0, 24) "}", 24},
      {"{" TENSOR("a", "F32", "[]", 0, 4) "}", 4},
      {"{" TENSOR("b", "F32", "[2]", 8, 16) "," TENSOR("a", "F64", "[1]", 0, 8) "}", 16},
      {"{" TENSOR("a", "F32", "[0]", 0, 0) "," TENSOR("b", "U8", "[3]", 0, 3) "," TENSOR("c", "F32", "[1]", 3, 7) "}",
       7},
      {"{\"__metadata__\":{\"k\":\"v\"}," TENSOR("a", "BOOL", "[2]", 0, 2) "}", 2},
      {"{" TENSOR("a", "F32", "[0,18446744073709551615]", 0, 0) "}", 0},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const image file = honest_image(cases[i].header, cases[i].data);
    vae_error err = io_error();
    harness_note("%s", cases[i].header);
    CHECK_OK(try_read(&file, &err), &err);
  }
  CHECK_EQUAL(counter.bytes_held, 0);
}

static void test_refused(void) {
  static const struct {
    const char *header;
    size_t data;
    vae_status status;
    const char *message;
  } cases[] = {
      {"", 0, VAE_ERROR_FORMAT, "header: byte 0"},
      {"[]", 0, VAE_ERROR_FORMAT, "must be an object"},
      {"{}", 1, VAE_ERROR_FORMAT, "1 bytes behind the last tensor"},
      {"{\"__metadata__\":[]}", 0, VAE_ERROR_FORMAT, "__metadata__ is an array"},
      {"{\"__metadata__\":{\"k\":1}}", 0, VAE_ERROR_FORMAT, "the metadata \"k\" is a number"},
      {"{\"a\":1}", 0, VAE_ERROR_FORMAT, "tensor a: its entry is not an object"},
      {"{\"a\":{}}", 0, VAE_ERROR_FORMAT, "tensor a: it has no dtype"},
      {"{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,4]}}", 4, VAE_ERROR_FORMAT, "no shape"},
      {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}", 4, VAE_ERROR_FORMAT, "no data_offsets"},
      {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4],\"x\":0}}", 4, VAE_ERROR_FORMAT, "besides"},
      {"{\"a\":{\"dtype\":3,\"shape\":[1],\"data_offsets\":[0,4]}}", 4, VAE_ERROR_FORMAT, "dtype is not a string"},
      {"{" TENSOR("a", "F99", "[1]", 0, 4) "}", 4, VAE_ERROR_UNSUPPORTED, "tensor a: its dtype \"F99\" is unknown"},
      {"{" TENSOR("a", "F32\\u0000", "[1]", 0, 4) "}", 4, VAE_ERROR_UNSUPPORTED, "unknown"},
      {"{" TENSOR("a\\u0000b", "F32", "[1]", 0, 4) "}", 4, VAE_ERROR_FORMAT, "zero byte"},
      {"{" TENSOR("a", "F32", "3", 0, 4) "}", 4, VAE_ERROR_FORMAT, "its shape is not a list"},
      {"{" TENSOR("a", "F32", "[-1]", 0, 4) "}", 4, VAE_ERROR_FORMAT, "not a whole number"},
      {"{" TENSOR("a", "F32", "[1.5]", 0, 4) "}", 4, VAE_ERROR_FORMAT, "not a whole number"},
      {"{" TENSOR("a", "F32", "[\"1\"]", 0, 4) "}", 4, VAE_ERROR_FORMAT, "not a whole number"},
      {"{" TENSOR("a", "F32", "[18446744073709551616]", 0, 4) "}", 4, VAE_ERROR_FORMAT, "not a whole number"},
      {"{" TENSOR("a", "F32", "[1,1,1,1,1,1,1,1,1]", 0, 4) "}", 4, VAE_ERROR_FORMAT, "more than 8"},
      {"{" TENSOR("a", "F32", "[4294967296,4294967296]", 0, 4) "}", 4, VAE_ERROR_FORMAT, "too large"},
      {"{" TENSOR("a", "F32", "[4294967296,4294967297]", 0, 4) "}", 4, VAE_ERROR_FORMAT, "too large"},
      {"{" TENSOR("a", "F32", "[4611686018427387904]", 0, 0) "}", 0, VAE_ERROR_FORMAT, "too large"},
      {"{" TENSOR("a", "F32", "[4611686018427387905]", 0, 4) "}", 4, VAE_ERROR_FORMAT, "too large"},
      {"{" TENSOR("a", "F32", "[2]", 0, 4) "}", 4, VAE_ERROR_FORMAT, "4 bytes long, its shape and type take 8"},
      {"{" TENSOR("a", "F32", "[1]", 0, 8) "}", 8, VAE_ERROR_FORMAT, "8 bytes long, its shape and type take 4"},
      {"{" TENSOR("a", "F32", "[1]", 4, 0) "}", 4, VAE_ERROR_FORMAT, "end (0) before they begin (4)"},
      {"{" TENSOR("a", "F32", "[1]", 0, 4) "}", 3, VAE_ERROR_FORMAT, "the file has only 3 bytes"},
      {"{" TENSOR("a", "F32", "[1]", 4, 8) "}", 4, VAE_ERROR_FORMAT, "end at 8, but the file has only 4"},
      {"{" TENSOR("a", "F32", "[1]", 9223372036854775808, 9223372036854775812) "}", 4, VAE_ERROR_FORMAT,
       "only 4 bytes"},
      {"{" TENSOR("a", "F32", "[1]", 18446744073709551612, 18446744073709551615) "}", 4, VAE_ERROR_FORMAT, "only 4"},
      {"{" TENSOR("a", "F32", "[1]", 0, 18446744073709551616) "}", 4, VAE_ERROR_FORMAT, "two whole numbers"},
      {"{" TENSOR("a", "F32", "[1]", -4, 0) "}", 4, VAE_ERROR_FORMAT, "two whole numbers"},
      {"{" TENSOR("a", "F32", "[1]", 0.0, 4) "}", 4, VAE_ERROR_FORMAT, "two whole numbers"},
      {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0]}}", 4, VAE_ERROR_FORMAT, "two whole"},
      {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4,8]}}", 4, VAE_ERROR_FORMAT, "two whole"},
      {"{" TENSOR("a", "F32", "[1]", 0, 4) "," TENSOR("a", "F32", "[1]", 4, 8) "}", 8, VAE_ERROR_FORMAT, "twice"},
      {"{" TENSOR("a", "F32", "[2]", 0, 8) "," TENSOR("b", "F32", "[2]", 4, 12) "}", 12, VAE_ERROR_FORMAT,
       "tensor b: its data overlap those of tensor a"},
      {"{" TENSOR("b", "F32", "[1]", 0, 4) "," TENSOR("a", "F32", "[1]", 0, 4) "}", 4, VAE_ERROR_FORMAT, "overlap"},
      {"{" TENSOR("a", "F32", "[1]", 0, 4) "," TENSOR("b", "F32", "[1]", 8, 12) "}", 12, VAE_ERROR_FORMAT,
       "tensor b: 4 bytes before its data"},
      {"{" TENSOR("a", "F32", "[1]", 4, 8) "}", 8, VAE_ERROR_FORMAT, "4 bytes before"},
      {"{" TENSOR("a", "F32", "[1]", 0, 4) "}", 9, VAE_ERROR_FORMAT, "5 bytes behind the last tensor"},
      {"{" TENSOR("a", "F32", "[0]", 2, 2) "," TENSOR("b", "F32", "[1]", 0, 4) "}", 4, VAE_ERROR_FORMAT, "overlap"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const image file = honest_image(cases[i].header, cases[i].data);
    vae_error err = io_error();
    harness_note("%s", cases[i].header);
    CHECK_STATUS(try_read(&file, &err), cases[i].status);
    CHECK_MESSAGE_HAS(err, cases[i].message);
    CHECK_EQUAL(counter.bytes_held, 0);
  }
  harness_note("%s", "");
}

static void test_lengths(void) {
  static const uint64_t lengths[] = {
      3, 1 << 20, UINT64_C(1) << 31, UINT64_C(1) << 32, UINT64_C(1) << 63, UINT64_MAX - 8, UINT64_MAX - 7, UINT64_MAX};
  vae_error err = io_error();
  for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
    const image file = image_of(lengths[i], "{}", 0);
    CHECK_STATUS(try_read(&file, &err), VAE_ERROR_FORMAT);
    CHECK_MESSAGE_HAS(err, "is announced");
  }
  image file = image_of(0, "{}", 0);
  CHECK_STATUS(try_read(&file, &err), VAE_ERROR_FORMAT);
  for (file.size = 0; file.size < 8; file.size++) {
    CHECK_STATUS(try_read(&file, &err), VAE_ERROR_FORMAT);
    CHECK_MESSAGE_HAS(err, "too few");
  }
  /* A header that is there, but longer than allowed. */
  const size_t length = VAEI_JSON_MAX_TEXT + 1;
  unsigned char *large = malloc(8 + length);
  memset(large, ' ', 8 + length);
  for (int i = 0; i < 8; i++) large[i] = (unsigned char)(length >> (8 * i));
  vaei_safetensors read;
  CHECK_STATUS(vaei_safetensors_read(&read, large, 8 + length, &allocator, &err), VAE_ERROR_FORMAT);
  CHECK_MESSAGE_HAS(err, "at most 1048576");
  free(large);
}

static void test_mutations(void) {
  const image good = honest_image(
      "{\"__metadata__\":{\"k\":\"v\"}," TENSOR("a", "F32", "[2,1]", 0, 8) "," TENSOR("b", "F16", "[3]", 8, 14) "}",
      14);
  CHECK_STATUS(try_read(&good, NULL), VAE_OK);
  for (size_t i = 0; i < good.size; i++) {
    image bad = good;
    bad.size = i;
    CHECK_STATUS(try_read(&bad, NULL), VAE_ERROR_FORMAT);
    for (int value = 0; value < 256; value++) {
      bad = good;
      bad.bytes[i] = (unsigned char)value;
      const vae_status status = try_read(&bad, NULL);
      CHECK(status == VAE_OK || status == VAE_ERROR_FORMAT || status == VAE_ERROR_UNSUPPORTED);
    }
  }
  CHECK_EQUAL(counter.bytes_held, 0);
  CHECK(counter.largest < 1 << 16);
  for (long i = 1; i <= 4; i++) {
    counter.allocations = 0;
    counter.fail_at = i;
    CHECK_STATUS(try_read(&good, NULL), VAE_ERROR_OUT_OF_MEMORY);
    CHECK_EQUAL(counter.bytes_held, 0);
  }
  counter.fail_at = 0;
}

static void test_round_trip(void) {
  vaei_safetensors_header header;
  vae_error err = io_error();
  const uint64_t shape[2] = {3, 2}, single[1] = {1};
  vaei_safetensors_header_begin(&header, &allocator);
  vaei_safetensors_header_text(&header, "z.first", "1", 1);
  vaei_safetensors_header_text(&header, "a.second", "{\"x\":\"é\"}", strlen("{\"x\":\"é\"}"));
  vaei_safetensors_header_tensor(&header, "w", 2, shape);
  vaei_safetensors_header_tensor(&header, "b", 1, single);
  CHECK_OK(vaei_safetensors_header_end(&header, &err), &err);
  CHECK_EQUAL(header.json.length % 64, 0);
  CHECK_EQUAL(header.data_size, 28);
  float values[7] = {1.5f, -2.0f, 0.0f, 1e-40f, 3.4e38f, -0.0f, 1.0f}, read_back[7];
  const float expected[7] = {1.5f, -2.0f, 0.0f, 1e-40f, 3.4e38f, -0.0f, 1.0f};
  vaei_floats_to_little_endian(values, 7);
  const unsigned char one[4] = {0, 0, 0x80, 0x3f};
  CHECK_BYTES(&values[6], one, 4);
  unsigned char *bytes = malloc(header.json.length + 28 + 1);
  memcpy(bytes + 1, header.json.text, header.json.length);
  memcpy(bytes + 1 + header.json.length, values, 28);
  vaei_safetensors file;
  if (CHECK_OK(vaei_safetensors_read(&file, bytes + 1, header.json.length + 28, &allocator, &err), &err)) {
    const vaei_tensor *w = vaei_safetensors_find(&file, "w"), *b = vaei_safetensors_find(&file, "b");
    CHECK(file.tensor_count == 2 && w && b && !vaei_safetensors_find(&file, "c"));
    CHECK(w->rank == 2 && w->shape[0] == 3 && w->shape[1] == 2 && w->count == 6 && w->size == 24);
    vaei_tensor_read(w, 0, 6, read_back);
    vaei_tensor_read(b, 0, 1, read_back + 6);
    CHECK_BYTES(read_back, expected, 28);
    vaei_tensor_read(w, 4, 2, read_back);
    CHECK(read_back[0] == expected[4]);
    CHECK(vaei_json_string_is(vaei_safetensors_metadata(&file, "a.second"), "{\"x\":\"é\"}"));
    CHECK(vaei_safetensors_metadata(&file, "none") == NULL);
    vaei_safetensors_free(&file);
    vaei_safetensors_free(&file);
  }
  free(bytes);
  vaei_safetensors_header_free(&header);
  CHECK_EQUAL(counter.bytes_held, 0);
}

int main(void) {
  allocator = io_allocator(&counter);
  test_accepted();
  test_refused();
  test_lengths();
  test_mutations();
  test_round_trip();
  return harness_finish("io_safetensors_test");
}
