#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <json-c/json.h>

#include "base/clock.h"
#include "schema/json.h"

#include "base/banned.h"

#define TEXT(literal) literal, sizeof(literal) - 1

static struct error last;

static bool accepts(const char *text, size_t bytes) {
  /* A copy of exactly this size, so that a sanitizer sees every step beyond the end. */
  char *copy = malloc(bytes == 0 ? 1 : bytes);
  memcpy(copy, text, bytes);
  error_clear(&last);
  bool accepted = json_check(copy, bytes, &last);
  free(copy);
  assert_int_equal(last.code, accepted ? ERROR_NONE : ERROR_MALFORMED);
  return accepted;
}

static bool accepts_text(const char *text) { return accepts(text, strlen(text)); }

static const char *const good[] = {
    "{}",
    "[]",
    "0",
    "-0",
    "1.5e-3",
    "1E400",
    "-12.25E+2",
    "\"\"",
    "true",
    "false",
    "null",
    " \t\r\n[ 1 , 2 ] \n",
    "{\"a\":{\"a\":[{\"a\":1},{\"a\":2}]}}",
    "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\uD834\\uDD1E\"",
    "\"\x7F\xC3\xA9\"",
    "{\"a\":1,\"A\":2,\"\":3}",
    "[[],{},[[]]]",
    "18446744073709551616",
    "{\"a\":\"a\",\"b\":\"a\"}",
    "[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]",
    "\"\xEF\xBF\xBF\"",
};

static const char *const bad[] = {
    "",
    " ",
    "{",
    "[",
    "\"",
    "}",
    "]",
    ",",
    ":",
    "{}{}",
    "{} x",
    "[1,]",
    "[,1]",
    "[1 2]",
    "{\"a\":1,}",
    "{,}",
    "{\"a\"}",
    "{\"a\":}",
    "{\"a\" 1}",
    "{a:1}",
    "{'a':1}",
    "{1:1}",
    "{\"a\":1 \"b\":2}",
    "{\"a\":1]",
    "[1}",
    "[\"a\"",
    "NaN",
    "nan",
    "Infinity",
    "-Infinity",
    "-",
    "+1",
    "01",
    "-01",
    "1.",
    ".5",
    "1e",
    "1e+",
    "0x10",
    "1_000",
    "1,000",
    "True",
    "tru",
    "truex",
    "nul",
    "nulll",
    "undefined",
    "'a'",
    "/**/1",
    "1//",
    "\xEF\xBB\xBF{}",
    "{}\xC2\xA0",
    "\"\t\"",
    "\"\n\"",
    "\"\x01\"",
    "\"\\x41\"",
    "\"\\a\"",
    "\"\\\"",
    "\"\\",
    "\"\\u\"",
    "\"\\u12\"",
    "\"\\u12g4\"",
    "\"\\u0000\"",
    "\"a\\u0000b\"",
    "{\"a\\u0000\":1}",
    "\"\\ud800\"",
    "\"\\udc00\"",
    "\"\\ud800\\ud800\"",
    "\"\\ud800x\"",
    "\"\\ud800\\u0041\"",
    "\"\\ud800\\n\"",
    "\"\\udc00\\ud800\"",
    "\"\\ud800\\u\"",
    "\"\xFF\"",
    "\"\xC0\xAF\"",
    "\"\xED\xA0\x80\"",
    "\"\xF4\x90\x80\x80\"",
    "\"\xE2\x82\"",
    "\"\xE2\x82",
    "{\"\xFF\":1}",
    "\xFF",
    "[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]",
    "{\"a\":1,\"a\":1}",
    "{\"a\":1,\"\\u0061\":2}",
    "{\"\\u00e9\":1,\"\xC3\xA9\":1}",
    "{\"\\ud834\\udd1e\":1,\"\xF0\x9D\x84\x9E\":1}",
    "{\"\":1,\"\":1}",
    "[{\"x\":{\"b\":1,\"c\":2,\"b\":3}}]",
    "{\"a\\/b\":1,\"a/b\":1}",
    "{\"\\u20AC\":1,\"\xE2\x82\xAC\":1}",
    "\"\\ud800\\ndc00\"",
    "\"\\ud800xudc00\"",
    "\"\\ud800\\u",
    "{\"\\n\":1,\"\\u000a\":1}",
};

static void test_good_texts(void **state) {
  (void)state;
  for (size_t at = 0; at < ARRAY_LENGTH(good); at++)
    if (!accepts_text(good[at])) fail_msg("refused: %s (%s)", good[at], last.message);
}

static void test_bad_texts(void **state) {
  (void)state;
  for (size_t at = 0; at < ARRAY_LENGTH(bad); at++)
    if (accepts_text(bad[at])) fail_msg("accepted: %s", bad[at]);
  assert_false(accepts(TEXT("{}\0")));
  assert_false(accepts(TEXT("\"a\0b\"")));
  assert_false(accepts(TEXT("\0")));
}

/* Every cut of a good text is refused, except where the rest was white space or a shorter number. */
static void test_cut_texts(void **state) {
  (void)state;
  const char *whole = "{\"text\":\"\\u00e9\xC3\xA9\\ud834\\udd1e\",\"list\":[1,2.5e3,true,false,null,{}]}";
  for (size_t bytes = 0; bytes < strlen(whole); bytes++)
    assert_false(accepts(whole, bytes));
  assert_true(accepts_text(whole));
}

static void test_where_it_went_wrong(void **state) {
  (void)state;
  assert_false(accepts_text("{\n  \"a\": 1,\n  \"b\": nan\n}"));
  assert_string_equal(last.message, "Not valid JSON: unknown word, at line 3, column 8.");
  assert_false(accepts_text("{\"\xC3\xA9\":1,\"b\":2,\"\xC3\xA9\":3}"));
  assert_string_equal(last.message, "Not valid JSON: a name stands twice, at line 1, column 15.");
}

static char *repeat(const char *unit, size_t count, size_t *ret_bytes) {
  size_t unit_bytes = strlen(unit);
  char *text = malloc(unit_bytes * count + 1);
  assert_non_null(text);
  for (size_t at = 0; at < count; at++)
    memcpy(text + at * unit_bytes, unit, unit_bytes);
  *ret_bytes = unit_bytes * count;
  return text;
}

/* The depth is refused where it is exceeded: whatever follows, even megabytes, is not looked at. */
static void test_deep_texts(void **state) {
  (void)state;
  static const struct {
    const char *unit;
    unsigned column;
  } units[] = {{"[", 17}, {"{\"a\":", 81}, {"[{\"a\":", 49}, {"[ ", 33}, {"[1,[", 33}};
  for (size_t at = 0; at < ARRAY_LENGTH(units); at++) {
    size_t bytes;
    char where[64];
    char *text = repeat(units[at].unit, 100000, &bytes);
    assert_false(json_check(text, bytes, &last));
    free(text);
    snprintf(where, sizeof where, "nested too deeply, at line 1, column %u.", units[at].column);
    assert_non_null(strstr(last.message, where));
  }
}

/* 20 MB of anything is answered, and at a pace that nothing worse than linear would keep. */
static void test_large_texts(void **state) {
  (void)state;
  static const char *const units[] = {"1", "[],", "\"",  "\\", "\xC3\xA9", " ",     "{\"a\":1},",
                                      ",", "-",   "{},", "1.", "\\u0041",  "\"\",", "\n"};
  static const char *const heads[] = {"[", "{\"a\":[", "{\"a\":\""};
  for (size_t at = 0; at < ARRAY_LENGTH(units); at++) {
    size_t bytes;
    char *text = repeat(units[at], ((size_t)20 << 20) / strlen(units[at]), &bytes);
    for (size_t head = 0; head < ARRAY_LENGTH(heads); head++) {
      memcpy(text, heads[head], strlen(heads[head]));
      int64_t started = clock_monotonic_ns();
      assert_false(json_check(text, bytes, &last));
      assert_true(clock_monotonic_ns() - started < INT64_C(10000000000));
    }
    free(text);
  }
}

static char *object_of(size_t names, size_t *ret_bytes) {
  char *text = malloc(names * 64 + 16);
  size_t at = 0;
  assert_non_null(text);
  text[at++] = '{';
  for (size_t name = 0; name < names; name++)
    at += (size_t)snprintf(text + at, 64, "%s\"name%zu\":1", name == 0 ? "" : ",", name);
  text[at++] = '}';
  *ret_bytes = at;
  return text;
}

static void test_many_names(void **state) {
  (void)state;
  static const size_t counts[] = {1, 16, 17, 64, 65, 1000, JSON_KEYS_MAX, JSON_KEYS_MAX + 1};
  for (size_t at = 0; at < ARRAY_LENGTH(counts); at++) {
    size_t bytes;
    char *text = object_of(counts[at], &bytes);
    assert_int_equal(json_check(text, bytes, &last), counts[at] <= JSON_KEYS_MAX);
    free(text);
  }
}

/* The same name first and last, among few and among many, plain and escaped. */
static void test_a_name_twice_among_many(void **state) {
  (void)state;
  static const size_t counts[] = {2, 15, 16, 17, 18, 100, 5000};
  for (size_t at = 0; at < ARRAY_LENGTH(counts); at++) {
    for (int escaped = 0; escaped < 2; escaped++) {
      size_t bytes;
      char *text = object_of(counts[at], &bytes);
      assert_true(json_check(text, bytes, &last));
      bytes = bytes - 1 +
              (size_t)snprintf(text + bytes - 1, 64, escaped ? ",\"\\u006eame0\":1}" : ",\"name0\":1}");
      assert_false(json_check(text, bytes, &last));
      free(text);
    }
  }
}

static void test_the_walk(void **state) {
  (void)state;
  struct arena *arena = arena_new(65536);
  const char *text = " { \"a\" : [ 1 , {\"b\":[]} , \"x\\\"]\" ] , \"\\u0063\":-2.5e1 , \"d\" : null } ";
  struct json_cursor cursor = json_open(text, strlen(text));
  size_t bytes;
  assert_true(accepts_text(text));
  assert_int_equal(json_peek(&cursor), JSON_KIND_OBJECT);
  json_enter(&cursor);

  assert_true(json_next(&cursor));
  struct json_span span = json_take_key(&cursor);
  assert_int_equal(span.bytes, 1);
  assert_int_equal(json_peek(&cursor), JSON_KIND_ARRAY);
  assert_int_equal(json_count_items(cursor), 3);
  json_enter(&cursor);
  assert_true(json_next(&cursor));
  assert_int_equal(json_peek(&cursor), JSON_KIND_NUMBER);
  assert_int_equal(json_skip(&cursor).bytes, 1);
  assert_true(json_next(&cursor));
  span = json_skip(&cursor);
  assert_int_equal(span.bytes, 8);
  assert_memory_equal(span.text, "{\"b\":[]}", 8);
  assert_true(json_next(&cursor));
  assert_string_equal(json_take_text(&cursor, arena, &bytes), "x\"]");
  assert_int_equal(bytes, 3);
  assert_false(json_next(&cursor));

  assert_true(json_next(&cursor));
  char name[16];
  span = json_take_key(&cursor);
  assert_int_equal(json_unescape(span, name), 1);
  assert_int_equal(name[0], 'c');
  span = json_skip(&cursor);
  assert_memory_equal(span.text, "-2.5e1", span.bytes);
  assert_true(json_next(&cursor));
  json_take_key(&cursor);
  assert_int_equal(json_peek(&cursor), JSON_KIND_NULL);
  json_skip(&cursor);
  assert_false(json_next(&cursor));
  arena_free(arena);
}

static void test_unescaping(void **state) {
  (void)state;
  struct arena *arena = arena_new(65536);
  const char *text =
      "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\uAF9a\\ufFFd\\uAbCf\\u20AC\\ud834\\uDD1E\xC3\xA9 end\"";
  struct json_cursor cursor = json_open(text, strlen(text));
  size_t bytes;
  assert_string_equal(
      json_take_text(&cursor, arena, &bytes),
      "\"\\/\b\f\n\r\t\xC3\xA9\xEA\xBE\x9A\xEF\xBF\xBD\xEA\xAF\x8F\xE2\x82\xAC\xF0\x9D\x84\x9E\xC3\xA9 end");
  arena_free(arena);
}

/* -- Against json-c ------------------------------------------------------------------------ */

static unsigned next_random(uint64_t *seed) {
  *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (unsigned)(*seed >> 33);
}

/* What json-c makes of it: NULL where it refuses. */
static struct json_object *parse_with_json_c(const char *text, size_t bytes) {
  struct json_tokener *tokener = json_tokener_new_ex(64);
  json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
  struct json_object *object = json_tokener_parse_ex(tokener, text, (int)bytes);
  bool good_end = json_tokener_get_error(tokener) == json_tokener_success;
  if (!good_end && object != NULL) json_object_put(object);
  json_tokener_free(tokener);
  return good_end ? object : NULL;
}

/* Every text in the tree that json-c built equals the text that the walk finds at its place. */
static void compare(struct json_cursor *cursor, struct json_object *object, struct arena *arena) {
  size_t bytes;
  switch (json_peek(cursor)) {
  case JSON_KIND_OBJECT:
    assert_int_equal(json_object_get_type(object), json_type_object);
    int members = json_object_object_length(object);
    json_enter(cursor);
    for (; json_next(cursor); members--) {
      char name[256] = "";
      struct json_object *inner;
      name[json_unescape(json_take_key(cursor), name)] = '\0';
      assert_true(json_object_object_get_ex(object, name, &inner));
      compare(cursor, inner, arena);
    }
    assert_int_equal(members, 0);
    break;
  case JSON_KIND_ARRAY:
    assert_int_equal(json_object_get_type(object), json_type_array);
    assert_int_equal(json_object_array_length(object), json_count_items(*cursor));
    json_enter(cursor);
    for (size_t at = 0; json_next(cursor); at++)
      compare(cursor, json_object_array_get_idx(object, at), arena);
    break;
  case JSON_KIND_TEXT:
    assert_string_equal(json_take_text(cursor, arena, &bytes), json_object_get_string(object));
    break;
  default:
    json_skip(cursor);
    break;
  }
}

/* Good texts with bytes changed, dropped and doubled: whatever is accepted here, json-c accepts
 * too, and reads the same from it. (The reverse does not hold, which is why it is not used.) */
static void test_against_json_c(void **state) {
  (void)state;
  static const char alphabet[] = "{}[]\",:\\u0019eE+-.tfn \n\xC3\xA9";
  uint64_t seed = 20260131;
  size_t accepted = 0;
  for (int round = 0; round < 60000; round++) {
    char text[128];
    struct arena *arena;
    const char *base = good[next_random(&seed) % ARRAY_LENGTH(good)];
    size_t bytes = strlen(base);
    memcpy(text, base, bytes);
    for (unsigned changes = next_random(&seed) % 3; changes > 0 && bytes > 0; changes--) {
      size_t at = next_random(&seed) % bytes;
      unsigned kind = next_random(&seed) % 3;
      if (kind == 0) text[at] = alphabet[next_random(&seed) % (sizeof alphabet - 1)];
      if (kind == 1) memmove(text + at, text + at + 1, --bytes - at);
      if (kind == 2) memmove(text + at + 1, text + at, bytes++ - at);
    }
    if (!json_check(text, bytes, &last) || memchr("{[", text[0], 2) == NULL) continue;
    struct json_object *object = parse_with_json_c(text, bytes);
    if (object == NULL) fail_msg("json-c refuses: %.*s", (int)bytes, text);
    struct json_cursor cursor = json_open(text, bytes);
    arena = arena_new(65536);
    compare(&cursor, object, arena);
    arena_free(arena);
    json_object_put(object);
    accepted++;
  }
  assert_true(accepted > 3000);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_good_texts),     cmocka_unit_test(test_bad_texts),
      cmocka_unit_test(test_cut_texts),      cmocka_unit_test(test_where_it_went_wrong),
      cmocka_unit_test(test_deep_texts),     cmocka_unit_test(test_large_texts),
      cmocka_unit_test(test_many_names),     cmocka_unit_test(test_a_name_twice_among_many),
      cmocka_unit_test(test_the_walk),       cmocka_unit_test(test_unescaping),
      cmocka_unit_test(test_against_json_c),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
