#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "schema/decode.h"
#include "schema/encode.h"
#include "schema/json.h"

#include "base/banned.h"

struct inner {
  const char *name;
};

struct reply {
  bool flag;
  int64_t whole;
  uint64_t natural;
  double number;
  const char *text;
  const char *nullable;
  const char *required;
  int64_t time_ms;
  enum presence time_given;
  int32_t day;
  int level;
  const char *raw;
  struct inner inner;
  enum presence inner_given;
  struct field_list items;
  struct field_list numbers;
};

static const char *const level_names[] = {"L1", "L2", NULL};
static const struct field inner_fields[] = {FIELD_TEXT(struct inner, "name", name, .summary = "Name.")};
static const struct schema inner_schema = SCHEMA("Inner", struct inner, inner_fields, .summary = "Inner.");

#define R struct reply
static const struct field fields[] = {
    FIELD_BOOL(R, "flag", flag, .summary = ""),
    FIELD_INT(R, "whole", whole, .summary = ""),
    FIELD_UINT(R, "natural", natural, .summary = ""),
    FIELD_NUMBER(R, "number", number, .summary = ""),
    FIELD_TEXT(R, "text", text, .summary = ""),
    FIELD_TEXT(R, "nullable", nullable, .flags = FIELD_NULLABLE),
    FIELD_TEXT(R, "required", required, .flags = FIELD_REQUIRED),
    FIELD_TIME(R, "time", time_ms, .presence = PRESENCE(R, time_given), .flags = FIELD_NULLABLE),
    FIELD_DAY(R, "day", day, .summary = ""),
    FIELD_ENUM(R, "level", level, .names = level_names),
    FIELD_JSON(R, "raw", raw, .summary = ""),
    FIELD_OBJECT(R, "inner", inner, .object = &inner_schema, .presence = PRESENCE(R, inner_given)),
    FIELD_LIST(R, "items", items, .object = &inner_schema, .maximum = 9),
    FIELD_LIST(R, "numbers", numbers, .item_kind = FIELD_KIND_NUMBER, .maximum = 9),
};
static const struct schema schema = SCHEMA("Reply", R, fields, .summary = "A reply.");

static void encodes(const struct reply *reply, const char *expected) {
  struct buffer buffer = BUFFER_INIT(65536);
  schema_encode_json(&schema, reply, &buffer);
  assert_false(buffer.failed);
  assert_string_equal(buffer_text(&buffer), expected);
  buffer_free(&buffer);
}

static void test_a_full_reply(void **state) {
  (void)state;
  struct inner items[] = {{"a"}, {NULL}};
  double numbers[] = {1, 2.5};
  struct reply reply = {
      .flag = true,
      .whole = INT64_MIN,
      .natural = UINT64_MAX,
      .number = 66.67,
      .text = "t",
      .nullable = "n",
      .required = "r",
      .time_ms = 1,
      .time_given = PRESENCE_GIVEN,
      .day = 1,
      .level = 1,
      .raw = "{\"b\" : 1}",
      .inner = {"i"},
      .inner_given = PRESENCE_GIVEN,
      .items = {items, 2},
      .numbers = {numbers, 2},
  };
  encodes(&reply,
          "{\"flag\":true,\"whole\":-9223372036854775808,\"natural\":18446744073709551615,\"number\":66.67,"
          "\"text\":\"t\",\"nullable\":\"n\",\"required\":\"r\",\"time\":\"1970-01-01T00:00:00.001Z\","
          "\"day\":\"1970-01-02\",\"level\":\"L2\",\"raw\":{\"b\" : 1},\"inner\":{\"name\":\"i\"},"
          "\"items\":[{\"name\":\"a\"},{}],\"numbers\":[1,2.5]}");
}

static void test_what_is_left_out(void **state) {
  (void)state;
  struct reply reply = {.level = 7};
  encodes(&reply, "{\"flag\":false,\"whole\":0,\"natural\":0,\"number\":0,\"required\":null,"
                  "\"day\":\"1970-01-01\",\"level\":null,\"items\":[],\"numbers\":[]}");
  reply.time_given = PRESENCE_NULL;
  reply.level = 0;
  encodes(&reply, "{\"flag\":false,\"whole\":0,\"natural\":0,\"number\":0,\"required\":null,"
                  "\"time\":null,\"day\":\"1970-01-01\",\"level\":\"L1\",\"items\":[],\"numbers\":[]}");
}

static void test_one_value(void **state) {
  (void)state;
  struct reply reply = {.whole = 7};
  struct buffer buffer = BUFFER_INIT(64);
  schema_encode_value(&fields[1], &reply, &buffer);
  schema_encode_value(&fields[4], &reply, &buffer);
  assert_string_equal(buffer_text(&buffer), "7null");
  buffer_free(&buffer);
}

static void test_texts(void **state) {
  (void)state;
  static const struct {
    const char *text;
    const char *expected;
  } rows[] = {
      {NULL, "null"},
      {"", "\"\""},
      {"a\"b\\c/d", "\"a\\\"b\\\\c/d\""},
      {"\n\r\t\b\f\x01\x1f\x7f", "\"\\n\\r\\t\\u0008\\u000c\\u0001\\u001f\x7f\""},
      {"\xC3\xA9\xF0\x9D\x84\x9E", "\"\xC3\xA9\xF0\x9D\x84\x9E\""},
      {"a\xFF"
       "b",
       "\"a\xEF\xBF\xBD"
       "b\""},
      {"\xED\xA0\x80", "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""},
      {"x\xE2\x82", "\"x\xEF\xBF\xBD\xEF\xBF\xBD\""},
  };
  for (size_t at = 0; at < ARRAY_LENGTH(rows); at++) {
    struct buffer buffer = BUFFER_INIT(256);
    struct error error;
    json_append_text(&buffer, rows[at].text);
    assert_string_equal(buffer_text(&buffer), rows[at].expected);
    assert_true(json_check(buffer.data, buffer.length, &error));
    buffer_free(&buffer);
  }
}

static void test_numbers(void **state) {
  (void)state;
  static const struct {
    double value;
    const char *expected;
  } rows[] = {
      {0, "0"},
      {-0.0, "0"},
      {1, "1"},
      {-7, "-7"},
      {0.1, "0.1"},
      {0.05, "0.05"},
      {-0.05, "-0.05"},
      {100.25, "100.25"},
      {66.67, "66.67"},
      {66.7, "66.7"},
      {-1.5, "-1.5"},
      {1.0 / 3, "0.3333333333333333"},
      {2.0 / 3, "0.6666666666666666"},
      {1e15, "1000000000000000"},
      {9007199254740991.0, "9007199254740991"},
      {1e300, "1e+300"},
      {5e-324, "5e-324"},
      {0.001, "0.001"},
      {1e-7, "1e-07"},
      {123456.789, "123456.789"},
      {NAN, "null"},
      {INFINITY, "null"},
      {-INFINITY, "null"},
  };
  for (size_t at = 0; at < ARRAY_LENGTH(rows); at++) {
    struct buffer buffer = BUFFER_INIT(64);
    json_append_number(&buffer, rows[at].value);
    assert_string_equal(buffer_text(&buffer), rows[at].expected);
    buffer_free(&buffer);
  }
}

/* Any double, and any amount in cents, reads back as it was. */
static void test_numbers_read_back(void **state) {
  (void)state;
  uint64_t seed = 7;
  struct buffer buffer = BUFFER_INIT(64);
  for (int round = 0; round < 200000; round++) {
    double value;
    struct error error;
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    uint64_t bits = seed ^ seed >> 29;
    memcpy(&value, &bits, sizeof value);
    if (round % 2 == 0) value = (double)(int64_t)(bits % 100000000) / 100;
    buffer_reset(&buffer);
    json_append_number(&buffer, value);
    assert_true(json_check(buffer_text(&buffer), buffer.length, &error));
    if (isfinite(value) && strtod(buffer_text(&buffer), NULL) != value)
      fail_msg("%.17g became %s", value, buffer.data);
  }
  buffer_free(&buffer);
}

/* What is written is read again as the same, and written as the same text: a digest of it stands
 * for the content. */
static void test_there_and_back(void **state) {
  (void)state;
  struct arena *arena = arena_new(65536);
  struct buffer first = BUFFER_INIT(4096);
  struct buffer second = BUFFER_INIT(4096);
  struct reply reply;
  struct error error;
  const char *body =
      "{ \"level\":\"L2\",\"unknown\":1, \"required\":\"\\u0041\",\"number\":2.50,\"whole\":-0,"
      "\"items\":[ {\"name\":\"x\"} ],\"numbers\":[1e2],\"time\":\"2026-01-31T13:00:00+01:00\"}";
  assert_true(schema_decode_json(&schema, body, strlen(body), UNKNOWN_IGNORED, arena, &reply, &error));
  schema_encode_json(&schema, &reply, &first);
  assert_true(schema_decode_json(&schema, first.data, first.length, UNKNOWN_REFUSED, arena, &reply, &error));
  schema_encode_json(&schema, &reply, &second);
  assert_string_equal(first.data, second.data);
  assert_non_null(strstr(first.data, "\"time\":\"2026-01-31T12:00:00.000Z\""));
  buffer_free(&first);
  buffer_free(&second);
  arena_free(arena);
}

static void test_a_full_buffer(void **state) {
  (void)state;
  struct reply reply = {.text = "a text that does not fit"};
  struct buffer buffer = BUFFER_INIT(30);
  schema_encode_json(&schema, &reply, &buffer);
  assert_true(buffer.failed);
  buffer_free(&buffer);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_a_full_reply),   cmocka_unit_test(test_what_is_left_out),
      cmocka_unit_test(test_one_value),      cmocka_unit_test(test_texts),
      cmocka_unit_test(test_numbers),        cmocka_unit_test(test_numbers_read_back),
      cmocka_unit_test(test_there_and_back), cmocka_unit_test(test_a_full_buffer),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
