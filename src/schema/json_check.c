#include "schema/json.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "schema/json_text.h"
#include "schema/utf8.h"

#include "base/banned.h"

#define KEYS_INLINE 64
#define KEYS_COMPARED_PAIRWISE 16

/* A name, between its quotes as it stands. */
struct key {
  const char *text;
  size_t bytes;
  bool escaped;
};

/* The state of one check. Open containers are levels of an array, not of the C stack. */
struct check {
  const char *start;
  const char *at;
  const char *end;
  const char *problem;     /* NULL: none so far */
  const struct key *twice; /* the name that stands twice, when that is the problem */
  size_t depth;
  bool is_object[JSON_DEPTH_MAX];
  size_t first_key[JSON_DEPTH_MAX]; /* where the level's names begin in `keys` */
  struct key *keys;
  size_t key_count;
  size_t key_capacity;
  struct key keys_inline[KEYS_INLINE];
};

static bool refuse(struct check *check, const char *problem) {
  check->problem = problem;
  return false;
}

static bool is_low_surrogate(int32_t unit) { return unit >= 0xDC00 && unit <= 0xDFFF; }

/* At the digits of \uXXXX. */
static bool check_unicode_escape(struct check *check) {
  int32_t unit = json_read_hex(check->at, check->end);
  if (unit < 0) return refuse(check, "\\u needs four hexadecimal digits");
  if (unit == 0) return refuse(check, "text must not contain NUL");
  if (is_low_surrogate(unit)) return refuse(check, "half of a surrogate pair");
  check->at += 4;
  if (!json_is_high_surrogate(unit)) return true;
  if (check->end - check->at < 6 || check->at[0] != '\\' || check->at[1] != 'u' ||
      !is_low_surrogate(json_read_hex(check->at + 2, check->end)))
    return refuse(check, "half of a surrogate pair");
  check->at += 6;
  return true;
}

static bool check_escape(struct check *check) {
  check->at++;
  if (check->at == check->end) return refuse(check, "the text ends within a string");
  char kind = *check->at;
  if (kind == 'u') {
    check->at++;
    return check_unicode_escape(check);
  }
  if (kind == '\0' || strchr("\"\\/bfnrt", kind) == NULL) return refuse(check, "unknown escape");
  check->at++;
  return true;
}

/* At the opening quote; passes the closing one. */
static bool check_string(struct check *check, struct key *ret_key) {
  const char *first = ++check->at;
  bool escaped = false;
  while (check->at < check->end && *check->at != '"') {
    unsigned char byte = (unsigned char)*check->at;
    if (byte == '\\') {
      escaped = true;
      if (!check_escape(check)) return false;
    } else if (byte < 0x20) {
      return refuse(check, "control characters in strings must be escaped");
    } else if (byte < 0x80) {
      check->at++;
    } else {
      size_t character_bytes = utf8_character_bytes(check->at, check->end);
      if (character_bytes == 0) return refuse(check, "invalid UTF-8");
      check->at += character_bytes;
    }
  }
  if (check->at == check->end) return refuse(check, "the text ends within a string");
  *ret_key = (struct key){.text = first, .bytes = (size_t)(check->at - first), .escaped = escaped};
  check->at++;
  return true;
}

static bool check_number(struct check *check) {
  const char *behind = json_pass_number(check->at, check->end);
  if (behind == NULL) return refuse(check, "not a number");
  check->at = behind;
  return true;
}

static bool check_word(struct check *check, const char *word) {
  size_t bytes = strlen(word);
  if ((size_t)(check->end - check->at) < bytes || memcmp(check->at, word, bytes) != 0)
    return refuse(check, "unknown word");
  check->at += bytes;
  return true;
}

/* By code points, which is the order of UTF-8's bytes too. */
static int compare_keys(const void *left_key, const void *right_key) {
  const struct key *left = left_key;
  const struct key *right = right_key;
  if (!left->escaped && !right->escaped) {
    size_t shorter = left->bytes < right->bytes ? left->bytes : right->bytes;
    int order = memcmp(left->text, right->text, shorter);
    if (order != 0) return order;
    return left->bytes < right->bytes ? -1 : left->bytes > right->bytes;
  }
  const char *left_at = left->text;
  const char *right_at = right->text;
  while (left_at < left->text + left->bytes && right_at < right->text + right->bytes) {
    uint32_t left_character = json_next_character(&left_at);
    uint32_t right_character = json_next_character(&right_at);
    if (left_character != right_character) return left_character < right_character ? -1 : 1;
  }
  return (left_at < left->text + left->bytes) - (right_at < right->text + right->bytes);
}

static bool same_key(const struct key *left, const struct key *right) {
  if (!left->escaped && !right->escaped && left->bytes != right->bytes) return false;
  return compare_keys(left, right) == 0;
}

/* The names of the object that closes now, and forgets them. */
static bool check_keys_differ(struct check *check) {
  struct key *keys = check->keys + check->first_key[check->depth - 1];
  size_t count = check->key_count - check->first_key[check->depth - 1];
  check->key_count -= count;
  if (count > KEYS_COMPARED_PAIRWISE) {
    qsort(keys, count, sizeof *keys, compare_keys);
    for (size_t at = 1; at < count; at++) {
      if (!same_key(&keys[at - 1], &keys[at])) continue;
      check->twice = keys[at - 1].text > keys[at].text ? &keys[at - 1] : &keys[at];
      return refuse(check, "a name stands twice");
    }
    return true;
  }
  for (size_t at = 1; at < count; at++)
    for (size_t before = 0; before < at; before++)
      if (same_key(&keys[before], &keys[at])) {
        check->twice = &keys[at];
        return refuse(check, "a name stands twice");
      }
  return true;
}

static bool keep_key(struct check *check, const struct key *key) {
  if (check->key_count == JSON_KEYS_MAX) return refuse(check, "too many names");
  if (check->key_count == check->key_capacity) {
    size_t capacity = check->key_capacity * 4;
    bool was_inline = check->keys == check->keys_inline;
    struct key *grown = realloc(was_inline ? NULL : check->keys, capacity * sizeof *grown);
    if (grown == NULL) return refuse(check, "out of memory");
    if (was_inline) memcpy(grown, check->keys_inline, sizeof check->keys_inline);
    check->keys = grown;
    check->key_capacity = capacity;
  }
  check->keys[check->key_count++] = *key;
  return true;
}

/* A member's name and its colon; the value follows. */
static bool check_key(struct check *check) {
  struct key key;
  if (check->at == check->end || *check->at != '"')
    return refuse(check, "a name in double quotes is expected");
  if (!check_string(check, &key) || !keep_key(check, &key)) return false;
  check->at = json_pass_space(check->at, check->end);
  if (check->at == check->end || *check->at != ':') return refuse(check, "a colon is expected");
  check->at = json_pass_space(check->at + 1, check->end);
  return true;
}

static bool open_level(struct check *check, bool is_object) {
  if (check->depth == JSON_DEPTH_MAX) return refuse(check, "nested too deeply");
  check->is_object[check->depth] = is_object;
  check->first_key[check->depth] = check->key_count;
  check->depth++;
  check->at = json_pass_space(check->at + 1, check->end);
  return true;
}

static bool at_close(const struct check *check) {
  return check->at < check->end && *check->at == (check->is_object[check->depth - 1] ? '}' : ']');
}

static bool close_level(struct check *check) {
  if (check->is_object[check->depth - 1] && !check_keys_differ(check)) return false;
  check->depth--;
  check->at++;
  return true;
}

/* A value, or the opening of one. `ret_complete`: nothing of it is left to read. */
static bool check_value(struct check *check, bool *ret_complete) {
  struct key ignored;
  *ret_complete = true;
  if (check->at == check->end) return refuse(check, "a value is expected");
  switch (*check->at) {
  case '{':
  case '[':
    if (!open_level(check, *check->at == '{')) return false;
    if (at_close(check)) return close_level(check);
    *ret_complete = false;
    return !check->is_object[check->depth - 1] || check_key(check);
  case '"':
    return check_string(check, &ignored);
  case 't':
    return check_word(check, "true");
  case 'f':
    return check_word(check, "false");
  case 'n':
    return check_word(check, "null");
  default:
    if (*check->at == '-' || json_is_digit(*check->at)) return check_number(check);
    return refuse(check, "a value is expected");
  }
}

/* Behind a value: closes what ends here, until the next value begins or the text is over. */
static bool check_after_value(struct check *check, bool *ret_over) {
  for (;;) {
    check->at = json_pass_space(check->at, check->end);
    *ret_over = check->depth == 0;
    if (check->depth == 0) return check->at == check->end || refuse(check, "text after the value");
    if (at_close(check)) {
      if (!close_level(check)) return false;
      continue;
    }
    bool is_object = check->is_object[check->depth - 1];
    if (check->at == check->end || *check->at != ',')
      return refuse(check, is_object ? "a comma or } is expected" : "a comma or ] is expected");
    check->at = json_pass_space(check->at + 1, check->end);
    return !is_object || check_key(check);
  }
}

static bool check_text(struct check *check) {
  check->at = json_pass_space(check->at, check->end);
  for (bool over = false; !over;) {
    bool complete;
    if (!check_value(check, &complete)) return false;
    if (complete && !check_after_value(check, &over)) return false;
  }
  return true;
}

static bool report(const struct check *check, struct error *error) {
  const char *place = check->twice != NULL ? check->twice->text : check->at;
  size_t line = 1;
  const char *line_start = check->start;
  for (const char *at = check->start; at < place; at++)
    if (*at == '\n') {
      line++;
      line_start = at + 1;
    }
  size_t column = utf8_count(line_start, (size_t)(place - line_start)) + 1;
  return error_set(error, ERROR_MALFORMED, "Not valid JSON: %s, at line %zu, column %zu.", check->problem,
                   line, column);
}

bool json_check(const char *text, size_t bytes, struct error *error) {
  struct check check;
  check.start = text;
  check.at = text;
  check.end = text + bytes;
  check.problem = NULL;
  check.twice = NULL;
  check.depth = 0;
  check.keys = check.keys_inline;
  check.key_count = 0;
  check.key_capacity = KEYS_INLINE;
  bool valid = check_text(&check) || report(&check, error);
  if (check.keys != check.keys_inline) free(check.keys);
  return valid;
}
