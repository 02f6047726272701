#include "io/json.h"

#include <string.h>

#include "core/error.h"
#include "io/text.h"

/* The text is walked once, without recursion: `container` is the innermost open array or object. */
typedef struct reader {
  const char *text;
  size_t length;
  size_t position;
  const char *what;
  vaei_json *json;
  size_t value_count;
  size_t strings_used;
  uint32_t depth;
  vae_error *err;
} reader;

static bool fail_at(reader *r, size_t position, const char *message) {
  vaei_fail(r->err, VAE_ERROR_FORMAT, "%s: byte %zu: %s", r->what, position, message);
  return false;
}

static bool fail(reader *r, const char *message) { return fail_at(r, r->position, message); }

/* The next byte; 0 at the end (a zero byte inside is no JSON either). */
static char peek(const reader *r) { return r->position < r->length ? r->text[r->position] : 0; }

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

static void skip_space(reader *r) {
  while (r->position < r->length) {
    const char c = r->text[r->position];
    if (c != ' ' && c != '\t' && c != '\n' && c != '\r') return;
    r->position++;
  }
}

static bool read_hex4(reader *r, uint32_t *code) {
  if (r->length - r->position < 4) return fail(r, "a \\u escape needs four hexadecimal digits");
  *code = 0;
  for (int i = 0; i < 4; i++) {
    const char c = r->text[r->position];
    uint32_t digit = 0;
    if (is_digit(c)) {
      digit = (uint32_t)(c - '0');
    } else if (c >= 'a' && c <= 'f') {
      digit = (uint32_t)(c - 'a') + 10;
    } else if (c >= 'A' && c <= 'F') {
      digit = (uint32_t)(c - 'A') + 10;
    } else {
      return fail(r, "a \\u escape needs four hexadecimal digits");
    }
    *code = *code << 4 | digit;
    r->position++;
  }
  return true;
}

static void put(reader *r, uint32_t byte) { r->json->strings[r->strings_used++] = (char)(unsigned char)byte; }

static void put_code_point(reader *r, uint32_t code) {
  if (code < 0x80) {
    put(r, code);
  } else if (code < 0x800) {
    put(r, 0xC0 | code >> 6);
    put(r, 0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    put(r, 0xE0 | code >> 12);
    put(r, 0x80 | (code >> 6 & 0x3F));
    put(r, 0x80 | (code & 0x3F));
  } else {
    put(r, 0xF0 | code >> 18);
    put(r, 0x80 | (code >> 12 & 0x3F));
    put(r, 0x80 | (code >> 6 & 0x3F));
    put(r, 0x80 | (code & 0x3F));
  }
}

/* After the 'u' of \uXXXX; a high surrogate must be followed by a low one. */
static bool read_unicode_escape(reader *r) {
  const size_t start = r->position;
  uint32_t code = 0, low = 0;
  if (!read_hex4(r, &code)) return false;
  if (code >= 0xDC00 && code <= 0xDFFF) return fail_at(r, start, "a low surrogate without a high one");
  if (code >= 0xD800 && code <= 0xDBFF) {
    if (r->length - r->position < 2 || r->text[r->position] != '\\' || r->text[r->position + 1] != 'u')
      return fail_at(r, start, "a high surrogate without a low one");
    r->position += 2;
    if (!read_hex4(r, &low)) return false;
    if (low < 0xDC00 || low > 0xDFFF) return fail_at(r, start, "a high surrogate without a low one");
    code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
  }
  put_code_point(r, code);
  return true;
}

static bool read_escape(reader *r) {
  static const char letters[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
  const char letter = peek(r);
  if (letter == 'u') {
    r->position++;
    return read_unicode_escape(r);
  }
  const char *found = letter ? strchr(letters, letter) : NULL;
  if (!found) return fail(r, "an unknown escape in a string");
  put(r, (unsigned char)meanings[found - letters]);
  r->position++;
  return true;
}

/* Decoded, a string and its terminator take no more bytes than the quoted text does, so `strings` never overflows. */
static bool read_string(reader *r, const char **string, size_t *length) {
  if (peek(r) != '"') return fail(r, "expected '\"'");
  const size_t opening = r->position++, begin = r->strings_used;
  for (;;) {
    if (r->position >= r->length) return fail_at(r, opening, "the string that begins here does not end");
    const unsigned char c = (unsigned char)r->text[r->position];
    if (c == '"') break;
    if (c < 0x20) return fail(r, "a control character in a string");
    if (c == '\\') {
      r->position++;
      if (!read_escape(r)) return false;
      continue;
    }
    const size_t step = vaei_utf8_length((const unsigned char *)r->text + r->position, r->length - r->position);
    if (step == 0) return fail(r, "bytes that are not UTF-8");
    memcpy(r->json->strings + r->strings_used, r->text + r->position, step);
    r->strings_used += step;
    r->position += step;
  }
  r->position++;
  *string = r->json->strings + begin;
  *length = r->strings_used - begin;
  put(r, 0);
  return true;
}

static size_t skip_digits(reader *r) {
  const size_t start = r->position;
  while (is_digit(peek(r))) r->position++;
  return r->position - start;
}

static bool read_number(reader *r, vaei_json_value *value) {
  const size_t start = r->position;
  bool integer = true;
  if (peek(r) == '-') {
    integer = false;
    r->position++;
  }
  const bool leading_zero = peek(r) == '0';
  const size_t digits = skip_digits(r);
  if (digits == 0) return fail(r, "expected a digit");
  if (leading_zero && digits > 1) return fail_at(r, start, "a number with a leading zero");
  if (peek(r) == '.') {
    integer = false;
    r->position++;
    if (skip_digits(r) == 0) return fail(r, "expected a digit after '.'");
  }
  if (peek(r) == 'e' || peek(r) == 'E') {
    integer = false;
    r->position++;
    if (peek(r) == '+' || peek(r) == '-') r->position++;
    if (skip_digits(r) == 0) return fail(r, "expected a digit in the exponent");
  }
  value->kind = VAEI_JSON_NUMBER;
  if (!vaei_number_read(r->text + start, r->position - start, &value->number))
    return fail_at(r, start, "a number that is too long or too large");
  for (size_t i = start; integer && i < r->position; i++) {
    const uint64_t digit = (uint64_t)(r->text[i] - '0');
    integer = value->integer <= (UINT64_MAX - digit) / 10;
    if (integer) value->integer = value->integer * 10 + digit;
  }
  value->is_integer = integer;
  return true;
}

static bool read_word(reader *r, vaei_json_value *value) {
  static const struct {
    const char *word;
    vaei_json_kind kind;
  } words[] = {{"null", VAEI_JSON_NULL}, {"false", VAEI_JSON_FALSE}, {"true", VAEI_JSON_TRUE}};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
    const size_t length = strlen(words[i].word);
    if (r->length - r->position < length || memcmp(r->text + r->position, words[i].word, length) != 0) continue;
    value->kind = words[i].kind;
    r->position += length;
    return true;
  }
  return fail(r, r->position < r->length ? "expected a value" : "the text ends too early");
}

/* FNV-1a: only to tell most keys apart without comparing them. */
static uint32_t hash_of(const char *key, size_t length) {
  uint32_t hash = 2166136261u;
  for (size_t i = 0; i < length; i++) hash = (hash ^ (unsigned char)key[i]) * 16777619u;
  return hash;
}

static vaei_json_value *find_member(const vaei_json_value *object, const char *key, size_t length) {
  const uint32_t hash = hash_of(key, length);
  for (vaei_json_value *member = object->first; member; member = member->next)
    if (member->key_hash == hash && member->key_length == length && memcmp(member->key, key, length) == 0)
      return member;
  return NULL;
}

static bool read_key(reader *r, const vaei_json_value *object, vaei_json_value *member) {
  const size_t start = r->position;
  if (!read_string(r, &member->key, &member->key_length)) return false;
  if (object->count >= VAEI_JSON_MAX_MEMBERS) return fail_at(r, start, "an object with too many members");
  if (find_member(object, member->key, member->key_length)) {
    vaei_fail(r->err, VAE_ERROR_FORMAT, "%s: byte %zu: the key \"%s\" appears twice", r->what, start,
              vaei_show_name(member->key, member->key_length).text);
    return false;
  }
  member->key_hash = hash_of(member->key, member->key_length);
  skip_space(r);
  if (peek(r) != ':') return fail(r, "expected ':'");
  r->position++;
  skip_space(r);
  return true;
}

static void append(vaei_json_value *container, vaei_json_value *value) {
  value->parent = container;
  if (container->last) container->last->next = value;
  if (!container->first) container->first = value;
  container->last = value;
  container->count++;
}

static bool read_value(reader *r, vaei_json_value *value) {
  const char c = peek(r);
  if (c == '"') {
    value->kind = VAEI_JSON_STRING;
    return read_string(r, &value->string, &value->string_length);
  }
  if (c == '-' || is_digit(c)) return read_number(r, value);
  if (c != '{' && c != '[') return read_word(r, value);
  if (r->depth >= VAEI_JSON_MAX_DEPTH) return fail(r, "arrays and objects lie too deep inside each other");
  value->kind = c == '{' ? VAEI_JSON_OBJECT : VAEI_JSON_ARRAY;
  r->depth++;
  r->position++;
  return true;
}

static char closing_of(const vaei_json_value *container) { return container->kind == VAEI_JSON_OBJECT ? '}' : ']'; }

/* Behind a value: closes what ends here. *container is the one that goes on, or NULL at the end of the document. */
static bool read_separator(reader *r, vaei_json_value **container) {
  while (*container) {
    skip_space(r);
    const char c = peek(r);
    if (c == ',') {
      r->position++;
      return true;
    }
    if (c != closing_of(*container))
      return fail(r, (*container)->kind == VAEI_JSON_OBJECT ? "expected ',' or '}'" : "expected ',' or ']'");
    r->position++;
    r->depth--;
    *container = (*container)->parent;
  }
  return true;
}

static bool read_document(reader *r) {
  vaei_json_value *container = NULL;
  do {
    skip_space(r);
    vaei_json_value *value = &r->json->values[r->value_count++];
    if (container) {
      if (container->kind == VAEI_JSON_OBJECT && !read_key(r, container, value)) return false;
      append(container, value);
    }
    if (!read_value(r, value)) return false;
    if (value->kind == VAEI_JSON_ARRAY || value->kind == VAEI_JSON_OBJECT) {
      container = value;
      skip_space(r);
      if (peek(r) != closing_of(value)) continue;
    }
    if (!read_separator(r, &container)) return false;
  } while (container);
  skip_space(r);
  return r->position == r->length || fail(r, "text behind the end");
}

/* At most this many values: one, and one more for each opening bracket and each comma outside strings. */
static size_t count_values(const char *text, size_t length) {
  size_t count = 1;
  bool in_string = false;
  for (size_t i = 0; i < length; i++) {
    const char c = text[i];
    if (c == '"') in_string = !in_string;
    if (in_string && c == '\\') i++;
    if (!in_string && (c == ',' || c == '[' || c == '{')) count++;
  }
  return count;
}

vae_status vaei_json_read(vaei_json *json, const char *text, size_t length, const char *what,
                          const vae_allocator *allocator, vae_error *err) {
  *json = (vaei_json){.allocator = *allocator};
  if (length > VAEI_JSON_MAX_TEXT)
    return vaei_fail(err, VAE_ERROR_FORMAT, "%s: %zu bytes long, at most %d are allowed", what, length,
                     (int)VAEI_JSON_MAX_TEXT);
  const size_t count = count_values(text, length);
  if (count > VAEI_JSON_MAX_VALUES)
    return vaei_fail(err, VAE_ERROR_FORMAT, "%s: more than %d values", what, (int)VAEI_JSON_MAX_VALUES);
  json->value_capacity = count;
  json->strings_size = length;
  json->values = vaei_allocate_zeroed(allocator, count * sizeof *json->values);
  json->strings = vaei_allocate(allocator, length);
  vae_status status = VAE_OK;
  if (!json->values || !json->strings) {
    status = vaei_fail(err, VAE_ERROR_OUT_OF_MEMORY, "%s: no memory to read it", what);
  } else {
    reader r = {.text = text, .length = length, .what = what, .json = json, .err = err};
    if (!read_document(&r)) status = VAE_ERROR_FORMAT;
  }
  if (status != VAE_OK) vaei_json_free(json);
  return status;
}

void vaei_json_free(vaei_json *json) {
  if (json->values) vaei_release(&json->allocator, json->values, json->value_capacity * sizeof *json->values);
  if (json->strings) vaei_release(&json->allocator, json->strings, json->strings_size);
  json->values = NULL;
  json->strings = NULL;
}

const vaei_json_value *vaei_json_member(const vaei_json_value *object, const char *key) {
  return object->kind == VAEI_JSON_OBJECT ? find_member(object, key, strlen(key)) : NULL;
}

bool vaei_json_string_is(const vaei_json_value *value, const char *text) {
  return value->kind == VAEI_JSON_STRING && value->string_length == strlen(text) &&
         memcmp(value->string, text, value->string_length) == 0;
}

const char *vaei_json_kind_name(vaei_json_kind kind) {
  static const char *const names[] = {"null", "false", "true", "a number", "a string", "an array", "an object"};
  return names[kind];
}
