/* The JSON reader and writer, numbers and UTF-8. */
#define _XOPEN_SOURCE 700

#include <inttypes.h>
#include <locale.h>

#include "harness.h"
#include "io/json.h"
#include "io/json_writer.h"
#include "io/text.h"
#include "io_support.h"

static io_counter counter;
static vae_allocator allocator;

/* The text in memory of just its size, so that the sanitizer sees a byte read too much. */
static vae_status read_bytes(vaei_json *json, const char *text, size_t length, vae_error *err) {
  char *copy = malloc(length ? length : 1);
  memcpy(copy, text, length);
  const vae_status status = vaei_json_read(json, copy, length, "text", &allocator, err);
  free(copy);
  return status;
}

static vae_status read_text(vaei_json *json, const char *text, vae_error *err) {
  return read_bytes(json, text, strlen(text), err);
}

static void test_accepted(void) {
  static const char *const texts[] = {
      "null",
      " true ",
      "\t\r\n false",
      "0",
      "-0",
      "1.5e+3",
      "1E5",
      "-0.0e-0",
      "\"\"",
      "[]",
      "{}",
      "[ ]",
      "{ }",
      "[1,2,[3,{}]]",
      "{\"a\":{\"b\":[null,true]},\"\":1}",
      "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83d\\ude00\"",
      "\"é€😀\"",
      "[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]",
      "1e-400",
      "123456789012345678901234567890",
  };
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    vaei_json json;
    vae_error err = io_error();
    harness_note("%s", texts[i]);
    if (CHECK_OK(read_text(&json, texts[i], &err), &err)) vaei_json_free(&json);
    CHECK_EQUAL(counter.bytes_held, 0);
  }
}

static void test_refused(void) {
  static const struct {
    const char *text, *message;
  } cases[] = {
      {"", "ends too early"},
      {" ", "ends too early"},
      {"nul", "expected a value"},
      {"truth", "expected a value"},
      {"truex", "behind the end"},
      {"1 2", "behind the end"},
      {"{}{}", "behind the end"},
      {"01", "leading zero"},
      {"-", "digit"},
      {"+1", "expected a value"},
      {".5", "expected a value"},
      {"1.", "digit"},
      {"1e", "digit"},
      {"1e+", "digit"},
      {"0x10", "behind the end"},
      {"NaN", "expected a value"},
      {"Infinity", "expected a value"},
      {"1e400", "too large"},
      {"-1e400", "too large"},
      {"[", "early"},
      {"[1", "',' or ']'"},
      {"[1,", "early"},
      {"[1,]", "expected a value"},
      {"[,1]", "expected a value"},
      {"[1}", "',' or ']'"},
      {"{", "'\"'"},
      {"{\"a\"", "':'"},
      {"{\"a\":", "early"},
      {"{\"a\":1", "',' or '}'"},
      {"{\"a\":1,}", "'\"'"},
      {"{\"a\" 1}", "':'"},
      {"{a:1}", "'\"'"},
      {"{1:2}", "'\"'"},
      {"{\"a\":1]", "',' or '}'"},
      {"{\"a\":1,\"b\":2,\"a\":3}", "the key \"a\" appears twice"},
      {"{\"a\":1,\"\\u0061\":3}", "appears twice"},
      {"\"", "does not end"},
      {"\"abc", "does not end"},
      {"\"\\\"", "does not end"},
      {"\"\\", "escape"},
      {"\"\\x\"", "escape"},
      {"\"\\u12\"", "hexadecimal"},
      {"\"\\u12g4\"", "hexadecimal"},
      {"\"\\ud800\"", "high surrogate"},
      {"\"\\ud800x\"", "high surrogate"},
      {"\"\\ud800\\n\"", "high surrogate"},
      {"\"\\ud800\\u0041\"", "high surrogate"},
      {"\"\\udc00\"", "low surrogate"},
      {"\"\\ud800\\u12\"", "hexadecimal"},
      {"\"a\nb\"", "control"},
      {"\"\x80\"", "UTF-8"},
      {"\"\xc0\x80\"", "UTF-8"},
      {"\"\xc3\"", "UTF-8"},
      {"\"\xe0\x9f\xbf\"", "UTF-8"},
      {"\"\xed\xa0\x80\"", "UTF-8"},
      {"\"\xf0\x8f\xbf\xbf\"", "UTF-8"},
      {"\"\xf4\x90\x80\x80\"", "UTF-8"},
      {"\"\xf8\x88\x80\x80\x80\"", "UTF-8"},
      {"\"\xe2\x82\"", "UTF-8"},
      {"\xef\xbb\xbf{}", "expected a value"},
      {"[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]", "too deep"},
      {"// x\n1", "value"},
      {"'a'", "expected a value"},
      {"]", "expected a value"},
      {"}", "expected a value"},
      {"[1 2]", "','"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    vaei_json json;
    vae_error err = io_error();
    harness_note("%s", cases[i].text);
    CHECK_STATUS(read_text(&json, cases[i].text, &err), VAE_ERROR_FORMAT);
    CHECK_MESSAGE_HAS(err, cases[i].message);
    CHECK_MESSAGE_HAS(err, "text: byte ");
    CHECK_STATUS(read_text(&json, cases[i].text, NULL), VAE_ERROR_FORMAT);
    CHECK_EQUAL(counter.bytes_held, 0);
  }
  harness_note("zero bytes");
  vaei_json json;
  CHECK_STATUS(read_bytes(&json, "1\0", 2, NULL), VAE_ERROR_FORMAT);
  CHECK_STATUS(read_bytes(&json, "\"\0\"", 3, NULL), VAE_ERROR_FORMAT);
  CHECK_STATUS(read_bytes(&json, "\"\\\0\"", 4, NULL), VAE_ERROR_FORMAT);
  harness_note("%s", "");
}

static void test_values(void) {
  vaei_json json;
  vae_error err = io_error();
  const char *text =
      "{\"a\":18446744073709551615,\"b\":18446744073709551616,\"c\":-1,\"d\":4.0,\"e\":[1,\"x\"],"
      "\"f\":\"z\\u0000\\ud834\\udd1e\",\"g\":9007199254740993,\"h\":0.1}";
  if (!CHECK_OK(read_text(&json, text, &err), &err)) return;
  const vaei_json_value *root = json.values;
  CHECK_EQUAL(root->kind, VAEI_JSON_OBJECT);
  CHECK_EQUAL(root->count, 8);
  const vaei_json_value *a = vaei_json_member(root, "a"), *b = vaei_json_member(root, "b");
  CHECK(a->is_integer && a->integer == UINT64_MAX);
  CHECK(!b->is_integer && b->number == 18446744073709551616.0);
  CHECK(!vaei_json_member(root, "c")->is_integer && vaei_json_member(root, "c")->number == -1);
  CHECK(!vaei_json_member(root, "d")->is_integer && vaei_json_member(root, "d")->number == 4);
  const vaei_json_value *e = vaei_json_member(root, "e");
  CHECK(e->kind == VAEI_JSON_ARRAY && e->count == 2 && e->first->integer == 1);
  CHECK(vaei_json_string_is(e->last, "x") && !vaei_json_string_is(e->last, "xy") && e->last->next == NULL);
  const vaei_json_value *f = vaei_json_member(root, "f");
  CHECK(f->string_length == 6 && memcmp(f->string, "z\0\xf0\x9d\x84\x9e", 7) == 0);
  CHECK(!vaei_json_string_is(f, "z"));
  CHECK(vaei_json_member(root, "g")->integer == UINT64_C(9007199254740993));
  CHECK(vaei_json_member(root, "h")->number == 0.1);
  CHECK(vaei_json_member(root, "i") == NULL && vaei_json_member(a, "a") == NULL);
  vaei_json_free(&json);
  vaei_json_free(&json);
  CHECK_EQUAL(counter.bytes_held, 0);
}

/* A text of `count` copies of `part` between `begin` and `end`, with commas. */
static char *repeated(const char *begin, const char *part, const char *end, int count, bool numbered) {
  char *text = malloc((strlen(part) + 24) * (size_t)count + 16), *next = text;
  next += sprintf(next, "%s", begin);
  for (int i = 0; i < count; i++) {
    next += sprintf(next, "%s", i ? "," : "");
    next += numbered ? sprintf(next, "\"%d\":%s", i, part) : sprintf(next, "%s", part);
  }
  sprintf(next, "%s", end);
  return text;
}

static void test_limits(void) {
  vaei_json json;
  vae_error err = io_error();
  char *text = repeated("[", "0", "]", VAEI_JSON_MAX_VALUES - 2, false);
  if (CHECK_OK(read_text(&json, text, &err), &err)) vaei_json_free(&json);
  free(text);
  text = repeated("[", "0", "]", VAEI_JSON_MAX_VALUES, false);
  CHECK_STATUS(read_text(&json, text, &err), VAE_ERROR_FORMAT);
  CHECK_MESSAGE_HAS(err, "values");
  free(text);
  text = repeated("{", "0", "}", VAEI_JSON_MAX_MEMBERS, true);
  if (CHECK_OK(read_text(&json, text, &err), &err)) vaei_json_free(&json);
  free(text);
  text = repeated("{", "0", "}", VAEI_JSON_MAX_MEMBERS + 1, true);
  CHECK_STATUS(read_text(&json, text, &err), VAE_ERROR_FORMAT);
  CHECK_MESSAGE_HAS(err, "too many members");
  free(text);
  text = repeated("", "                                        ", "", 40000, false);
  CHECK_STATUS(read_text(&json, text, &err), VAE_ERROR_FORMAT);
  CHECK_MESSAGE_HAS(err, "bytes long");
  free(text);
  text = malloc(1001);
  memset(text, '7', 1000);
  text[1000] = 0;
  CHECK_STATUS(read_text(&json, text, &err), VAE_ERROR_FORMAT);
  free(text);
  CHECK_EQUAL(counter.bytes_held, 0);
  for (long i = 1; i <= 2; i++) {
    counter.allocations = 0;
    counter.fail_at = i;
    CHECK_STATUS(read_text(&json, "[1,2,\"x\"]", &err), VAE_ERROR_OUT_OF_MEMORY);
    CHECK_EQUAL(counter.bytes_held, 0);
  }
  counter.fail_at = 0;
}

/* Every cut and every changed byte of a text: read or refused, never more. */
static void test_mutations(void) {
  const char *text = "{\"k\\u00e9\":[1,-2.5e3,\"\\ud83d\\ude00\",{\"x\":null}],\"é\":true}";
  const size_t length = strlen(text);
  char *copy = malloc(length);
  vaei_json json;
  for (size_t i = 0; i < length; i++) {
    CHECK_STATUS(read_bytes(&json, text, i, NULL), VAE_ERROR_FORMAT);
    for (int value = 0; value < 256; value++) {
      memcpy(copy, text, length);
      copy[i] = (char)value;
      const vae_status status = read_bytes(&json, copy, length, NULL);
      CHECK(status == VAE_OK || status == VAE_ERROR_FORMAT);
      if (status == VAE_OK) vaei_json_free(&json);
    }
  }
  free(copy);
  CHECK_EQUAL(counter.bytes_held, 0);
}

static uint64_t bits_of(double value) {
  uint64_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

static void check_number(double value, const char *expected) {
  char text[VAEI_NUMBER_SIZE];
  double back = 0;
  const size_t length = vaei_number_print(text, value);
  harness_note("%.17g", value);
  CHECK_EQUAL(length, strlen(text));
  CHECK(vaei_number_read(text, length, &back));
  CHECK_THAT(bits_of(back) == bits_of(value), "%s reads back as %.17g", text, back);
  if (expected) CHECK_THAT(strcmp(text, expected) == 0, "%s, expected %s", text, expected);
  harness_note("%s", "");
}

static void test_numbers(void) {
  check_number(0, "0");
  check_number(-0.0, "-0");
  check_number(1, "1");
  check_number(-4, "-4");
  check_number(100000, "100000");
  check_number(123456789012345.0, "123456789012345");
  check_number(0.1, "0.1");
  check_number(0.001, "0.001");
  check_number(1e-8, "1e-08");
  check_number(2.5, "2.5");
  check_number(0.1 + 0.2, "0.30000000000000004");
  check_number(1.0 / 3, "0.3333333333333333");
  check_number(5e-324, "5e-324");
  check_number(1.7976931348623157e308, "1.7976931348623157e+308");
  check_number(1e22, "1e+22");
  uint64_t state = 1;
  for (int i = 0; i < 20000; i++) {
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    const uint64_t bits = state ^ state >> 29;
    double value;
    memcpy(&value, &bits, sizeof value);
    if (isfinite(value)) check_number(value, NULL);
  }
  char text[VAEI_NUMBER_SIZE];
  CHECK_EQUAL(vaei_number_print(text, INFINITY), 0);
  CHECK_EQUAL(vaei_number_print(text, NAN), 0);
}

/* The same in a locale that writes 0,5 (where the machine has one, or LOCPATH leads to one). */
static void test_locale(void) {
  static const char *const names[] = {"de_DE.UTF-8", "de_DE.utf8", "de_DE", "fr_FR.UTF-8", "fr_FR", "ps_AF.UTF-8"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    if (!setlocale(LC_ALL, names[i])) continue;
    char half[16];
    snprintf(half, sizeof half, "%.1f", 0.5);
    printf("locale %s: %s\n", names[i], half);
    check_number(0.5, "0.5");
    check_number(-1.25e-7, "-1.25e-07");
    double value = 0;
    CHECK(!vaei_number_read("0,5", 3, &value) || half[1] == ',');
    vaei_json json;
    CHECK_STATUS(read_text(&json, "[0,5]", NULL), VAE_OK);
    CHECK_EQUAL(json.values->count, 2);
    vaei_json_free(&json);
  }
  setlocale(LC_ALL, "C");
}

static void test_writer(void) {
  vaei_json_writer writer;
  vae_error err = io_error();
  vaei_json_writer_init(&writer, &allocator);
  vaei_json_write_open(&writer, '{');
  vaei_json_write_key(&writer, "a\"\\\n\x01é");
  vaei_json_write_open(&writer, '[');
  vaei_json_write_integer(&writer, UINT64_MAX);
  vaei_json_write_number(&writer, 0.5);
  vaei_json_write_open(&writer, '{');
  vaei_json_write_close(&writer, '}');
  vaei_json_write_close(&writer, ']');
  vaei_json_write_key(&writer, "b");
  vaei_json_write_string(&writer, "x\0y", 3);
  vaei_json_write_close(&writer, '}');
  CHECK_OK(vaei_json_writer_check(&writer, "text", &err), &err);
  const char *expected = "{\"a\\\"\\\\\\u000a\\u0001é\":[18446744073709551615,0.5,{}],\"b\":\"x\\u0000y\"}";
  CHECK_EQUAL(writer.length, strlen(expected));
  CHECK(writer.length == strlen(expected) && memcmp(writer.text, expected, writer.length) == 0);
  vaei_json json;
  if (CHECK_OK(read_bytes(&json, writer.text, writer.length, &err), &err)) {
    CHECK(vaei_json_member(json.values, "a\"\\\n\x01é") != NULL);
    vaei_json_free(&json);
  }
  for (int i = 0; i < 5000; i++) vaei_json_write_integer(&writer, 1);
  CHECK_OK(vaei_json_writer_check(&writer, "text", &err), &err);
  vaei_json_write_number(&writer, NAN);
  CHECK_STATUS(vaei_json_writer_check(&writer, "text", &err), VAE_ERROR_NOT_FINITE);
  vaei_json_writer_free(&writer);
  CHECK_EQUAL(counter.bytes_held, 0);

  counter.allocations = 0;
  counter.fail_at = 2;
  vaei_json_writer_init(&writer, &allocator);
  for (int i = 0; i < 5000; i++) vaei_json_write_integer(&writer, 1);
  CHECK_STATUS(vaei_json_writer_check(&writer, "text", &err), VAE_ERROR_OUT_OF_MEMORY);
  vaei_json_writer_free(&writer);
  counter.fail_at = 0;
  CHECK_EQUAL(counter.bytes_held, 0);
}

static void test_shown(void) {
  CHECK(strcmp(vaei_show_path("models/a.safetensors").text, "models/a.safetensors") == 0);
  CHECK(strcmp(vaei_show_path("a\n\xff é").text, "a?? é") == 0);
  char path[4096];
  /* Every offset of two-byte characters against the cuts. */
  for (size_t shift = 0; shift < 4; shift++) {
    memset(path, 'a', shift);
    for (size_t i = shift; i + 2 < sizeof path; i += 2) memcpy(path + i, "é", 2);
    path[sizeof path - 2 - (sizeof path - shift) % 2] = 0;
    const vaei_shown shown = vaei_show_path(path);
    CHECK(strlen(shown.text) <= 240 && strstr(shown.text, "…") != NULL && strchr(shown.text, '?') == NULL);
  }
  memset(path, 0x80, sizeof path);
  CHECK(strlen(vaei_show_name(path, sizeof path).text) <= 80);
}

int main(void) {
  allocator = io_allocator(&counter);
  test_accepted();
  test_refused();
  test_values();
  test_limits();
  test_mutations();
  test_numbers();
  test_locale();
  test_writer();
  test_shown();
  return harness_finish("io_json_test");
}
