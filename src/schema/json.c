#include "schema/json.h"

#include <stdint.h>
#include <string.h>

#include "schema/json_text.h"
#include "schema/utf8.h"

#include "base/banned.h"

static bool is_space(char character) {
  return character == ' ' || character == '\n' || character == '\r' || character == '\t';
}

bool json_is_digit(char character) { return character >= '0' && character <= '9'; }

const char *json_pass_space(const char *at, const char *end) {
  while (at < end && is_space(*at))
    at++;
  return at;
}

int32_t json_read_hex(const char *at, const char *end) {
  if (end - at < 4) return -1;
  int32_t value = 0;
  for (int digit = 0; digit < 4; digit++) {
    char character = at[digit];
    int32_t nibble;
    if (json_is_digit(character))
      nibble = character - '0';
    else if (character >= 'a' && character <= 'f')
      nibble = character - 'a' + 10;
    else if (character >= 'A' && character <= 'F')
      nibble = character - 'A' + 10;
    else
      return -1;
    value = value * 16 + nibble;
  }
  return value;
}

bool json_is_high_surrogate(int32_t unit) { return unit >= 0xD800 && unit <= 0xDBFF; }

const char *json_pass_number(const char *at, const char *end) {
  if (at < end && *at == '-') at++;
  if (at == end || !json_is_digit(*at)) return NULL;
  if (*at++ != '0')
    while (at < end && json_is_digit(*at))
      at++;
  if (at < end && *at == '.') {
    at++;
    if (at == end || !json_is_digit(*at)) return NULL;
    while (at < end && json_is_digit(*at))
      at++;
  }
  if (at < end && (*at == 'e' || *at == 'E')) {
    at++;
    if (at < end && (*at == '+' || *at == '-')) at++;
    if (at == end || !json_is_digit(*at)) return NULL;
    while (at < end && json_is_digit(*at))
      at++;
  }
  return at;
}

uint32_t json_next_character(const char **at) {
  const unsigned char *byte = (const unsigned char *)*at;
  if (byte[0] == '\\' && byte[1] == 'u') {
    int32_t unit = json_read_hex(*at + 2, *at + 6);
    *at += 6;
    if (!json_is_high_surrogate(unit)) return (uint32_t)unit;
    int32_t low = json_read_hex(*at + 2, *at + 6);
    *at += 6;
    return 0x10000 + (((uint32_t)unit - 0xD800) << 10) + ((uint32_t)low - 0xDC00);
  }
  if (byte[0] == '\\') {
    static const char names[] = "bfnrt";
    static const char values[] = "\b\f\n\r\t";
    const char *found = strchr(names, byte[1]);
    *at += 2;
    return found == NULL ? byte[1] : (uint32_t)values[found - names];
  }
  size_t bytes = byte[0] < 0x80 ? 1 : byte[0] < 0xE0 ? 2 : byte[0] < 0xF0 ? 3 : 4;
  static const unsigned char first_byte_mask[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
  uint32_t value = byte[0] & first_byte_mask[bytes];
  for (size_t rest = 1; rest < bytes; rest++)
    value = value << 6 | (byte[rest] & 0x3F);
  *at += bytes;
  return value;
}

struct json_cursor json_open(const char *text, size_t bytes) {
  return (struct json_cursor){.at = text, .end = text + bytes};
}

enum json_kind json_peek(struct json_cursor *cursor) {
  cursor->at = json_pass_space(cursor->at, cursor->end);
  switch (*cursor->at) {
  case '{':
    return JSON_KIND_OBJECT;
  case '[':
    return JSON_KIND_ARRAY;
  case '"':
    return JSON_KIND_TEXT;
  case 't':
  case 'f':
    return JSON_KIND_BOOL;
  case 'n':
    return JSON_KIND_NULL;
  default:
    return JSON_KIND_NUMBER;
  }
}

/* Behind the closing quote of the string that begins at `at`. */
static const char *pass_string(const char *at) {
  at++;
  while (*at != '"')
    at += *at == '\\' ? 2 : 1;
  return at + 1;
}

static const char *pass_container(const char *at) {
  size_t depth = 0;
  do {
    switch (*at) {
    case '"':
      at = pass_string(at);
      continue;
    case '{':
    case '[':
      depth++;
      break;
    case '}':
    case ']':
      depth--;
      break;
    default:
      break;
    }
    at++;
  } while (depth > 0);
  return at;
}

static const char *pass_word(const char *at, const char *end) {
  while (at < end && *at >= 'a' && *at <= 'z')
    at++;
  return at;
}

struct json_span json_skip(struct json_cursor *cursor) {
  enum json_kind kind = json_peek(cursor);
  const char *first = cursor->at;
  switch (kind) {
  case JSON_KIND_OBJECT:
  case JSON_KIND_ARRAY:
    cursor->at = pass_container(first);
    break;
  case JSON_KIND_TEXT:
    cursor->at = pass_string(first);
    break;
  case JSON_KIND_NUMBER:
    cursor->at = json_pass_number(first, cursor->end);
    break;
  case JSON_KIND_BOOL:
  case JSON_KIND_NULL:
    cursor->at = pass_word(first, cursor->end);
    break;
  }
  return (struct json_span){.text = first, .bytes = (size_t)(cursor->at - first)};
}

void json_enter(struct json_cursor *cursor) { cursor->at = json_pass_space(cursor->at, cursor->end) + 1; }

bool json_next(struct json_cursor *cursor) {
  const char *at = json_pass_space(cursor->at, cursor->end);
  bool more = *at != '}' && *at != ']';
  if (!more || *at == ',') at++;
  cursor->at = at;
  return more;
}

size_t json_count_items(struct json_cursor cursor) {
  size_t count = 0;
  json_enter(&cursor);
  while (json_next(&cursor)) {
    json_skip(&cursor);
    count++;
  }
  return count;
}

/* The string at the cursor, without its quotes. */
static struct json_span take_string(struct json_cursor *cursor) {
  const char *first = json_pass_space(cursor->at, cursor->end);
  cursor->at = pass_string(first);
  return (struct json_span){.text = first + 1, .bytes = (size_t)(cursor->at - first) - 2};
}

struct json_span json_take_key(struct json_cursor *cursor) {
  struct json_span name = take_string(cursor);
  cursor->at = json_pass_space(cursor->at, cursor->end) + 1;
  return name;
}

size_t json_unescape(struct json_span span, char *target) {
  const char *at = span.text;
  const char *end = span.text + span.bytes;
  size_t written = 0;
  while (at < end) {
    const char *backslash = memchr(at, '\\', (size_t)(end - at));
    size_t plain = (size_t)((backslash == NULL ? end : backslash) - at);
    memcpy(target + written, at, plain);
    written += plain;
    at += plain;
    if (at < end) written += utf8_encode(json_next_character(&at), target + written);
  }
  return written;
}

char *json_take_text(struct json_cursor *cursor, struct arena *arena, size_t *ret_bytes) {
  struct json_span span = take_string(cursor);
  char *text = arena_alloc(arena, span.bytes + 1);
  if (text == NULL) return NULL;
  *ret_bytes = json_unescape(span, text);
  return text;
}

bool json_is_number(const char *text, size_t bytes) {
  return json_pass_number(text, text + bytes) == text + bytes;
}
