#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "schema/decode.h"

#include "base/banned.h"

struct inner {
  const char *name;
  int64_t count;
};

struct item {
  const char *stitch_id;
  uint64_t order;
  const char *complaint;
  const char *raw;
  struct field_list problems;
};

struct everything {
  bool flag;
  enum presence flag_given;
  int64_t whole;
  enum presence whole_given;
  uint64_t natural;
  double number;
  const char *text;
  enum presence text_given;
  int64_t time_ms;
  int32_t day;
  int level;
  const char *raw;
  struct inner inner;
  enum presence inner_given;
  struct field_list items;
  struct field_list strict_items;
  struct field_list numbers;
  struct field_list tags;
  int64_t even;
};

static const char *const level_names[] = {"L1", "L2", "L3", NULL};

static bool check_even(const void *value, struct error *error) {
  if (*(const int64_t *)value % 2 == 0) return true;
  return error_set(error, ERROR_MALFORMED, "must be even");
}

static const struct field inner_fields[] = {
    FIELD_TEXT(struct inner, "name", name, .flags = FIELD_REQUIRED),
    FIELD_INT(struct inner, "count", count, .default_text = "3"),
};
static const struct schema inner_schema = SCHEMA("Inner", struct inner, inner_fields, .summary = "Inner.");

static const struct field item_fields[] = {
    FIELD_TEXT(struct item, "stitchId", stitch_id, .flags = FIELD_REQUIRED, .minimum = 1, .maximum = 8),
    FIELD_UINT(struct item, "order", order, .maximum = 1000000, .default_text = "7"),
};
static const struct schema item_schema = SCHEMA(
    "Item", struct item, item_fields, .item_error_offset = ITEM_TEXT(struct item, complaint),
    .item_raw_offset = ITEM_TEXT(struct item, raw), .item_problems_offset = ITEM_LIST(struct item, problems));

#define E struct everything
static const struct field fields[] = {
    FIELD_BOOL(E, "flag", flag, .presence = PRESENCE(E, flag_given), .flags = FIELD_NULLABLE),
    FIELD_INT(E, "whole", whole, .presence = PRESENCE(E, whole_given), .minimum = -5, .maximum = 1000000),
    FIELD_UINT(E, "natural", natural, .summary = "Any."),
    FIELD_NUMBER(E, "number", number, .minimum = -1, .maximum = 100),
    FIELD_TEXT(E, "text", text, .presence = PRESENCE(E, text_given), .flags = FIELD_NULLABLE, .minimum = 1,
               .maximum = 4),
    FIELD_TIME(E, "time", time_ms, .default_text = "2026-01-31T12:00:00Z"),
    FIELD_DAY(E, "day", day, .summary = "Any."),
    FIELD_ENUM(E, "level", level, .names = level_names, .default_text = "L2"),
    FIELD_JSON(E, "raw", raw, .maximum = 40),
    FIELD_OBJECT(E, "inner", inner, .object = &inner_schema, .presence = PRESENCE(E, inner_given)),
    FIELD_LIST(E, "items", items, .object = &item_schema, .maximum = 5, .flags = FIELD_COLLECT_ERRORS),
    FIELD_LIST(E, "strictItems", strict_items, .object = &item_schema, .minimum = 1, .maximum = 5),
    FIELD_LIST(E, "numbers", numbers, .item_kind = FIELD_KIND_INT, .maximum = 3, .default_text = "1,2"),
    FIELD_LIST(E, "tags", tags, .item_kind = FIELD_KIND_TEXT, .maximum = 3),
    FIELD_INT(E, "even", even, .check = check_even),
};
static const struct schema schema = SCHEMA("Everything", E, fields, .summary = "One of each kind.");

struct fixture {
  struct arena *arena;
  struct everything got;
  struct error error;
};

static int setup(void **state) {
  struct fixture *fixture = calloc(1, sizeof *fixture);
  fixture->arena = arena_new(1 << 20);
  *state = fixture;
  return 0;
}

static int teardown(void **state) {
  struct fixture *fixture = *state;
  arena_free(fixture->arena);
  free(fixture);
  return 0;
}

static bool decode_bytes(struct fixture *fixture, const char *text, size_t bytes, enum unknown_keys unknown) {
  memset(&fixture->got, 0, sizeof fixture->got);
  error_clear(&fixture->error);
  char *copy = malloc(bytes == 0 ? 1 : bytes); /* nothing behind it, as a sanitizer sees it */
  memcpy(copy, text, bytes);
  bool good =
      schema_decode_json(&schema, copy, bytes, unknown, fixture->arena, &fixture->got, &fixture->error);
  free(copy);
  return good;
}

static struct everything *decode(struct fixture *fixture, const char *text) {
  if (!decode_bytes(fixture, text, strlen(text), UNKNOWN_IGNORED))
    fail_msg("%s refused: %s", text, fixture->error.message);
  return &fixture->got;
}

/* The body has exactly one complaint: this one. */
static void refuses(struct fixture *fixture, const char *text, const char *field, const char *message) {
  struct everything untouched;
  memset(&untouched, 0, sizeof untouched);
  if (decode_bytes(fixture, text, strlen(text), UNKNOWN_IGNORED)) fail_msg("%s accepted", text);
  assert_int_equal(fixture->error.code, ERROR_MALFORMED);
  assert_int_equal(fixture->error.field_count, 1);
  assert_string_equal(fixture->error.fields[0].field, field);
  assert_string_equal(fixture->error.fields[0].message, message);
  assert_memory_equal(&fixture->got, &untouched, sizeof untouched);
}

static void test_every_kind(void **state) {
  struct everything *got = decode(
      *state,
      "{\"flag\":true,\"whole\":-5,\"natural\":18446744073709551615,\"number\":2.5,\"text\":\"\\u00e9\","
      "\"time\":\"2026-11-21T00:53:07.123Z\",\"day\":\"1970-01-02\",\"level\":\"L3\",\"raw\":[1, {\"a\" : "
      "null}],"
      "\"inner\":{\"name\":\"n\"},\"numbers\":[],\"tags\":[\"x\",\"\"],\"even\":4}");
  assert_true(got->flag);
  assert_int_equal(got->flag_given, PRESENCE_GIVEN);
  assert_int_equal(got->whole, -5);
  assert_true(got->natural == UINT64_MAX);
  assert_true(got->number == 2.5);
  assert_string_equal(got->text, "\xC3\xA9");
  assert_true(got->time_ms == INT64_C(1795222387123));
  assert_int_equal(got->day, 1);
  assert_int_equal(got->level, 2);
  assert_string_equal(got->raw, "[1, {\"a\" : null}]");
  assert_string_equal(got->inner.name, "n");
  assert_int_equal(got->inner.count, 3);
  assert_int_equal(got->inner_given, PRESENCE_GIVEN);
  assert_int_equal(got->numbers.count, 0);
  assert_int_equal(got->tags.count, 2);
  assert_string_equal(((const char **)got->tags.items)[0], "x");
  assert_int_equal(got->even, 4);
}

static void test_defaults_where_nothing_is_given(void **state) {
  static const char *const nothing[] = {"{}", "", " \r\n\t", " { } "};
  for (size_t at = 0; at < ARRAY_LENGTH(nothing); at++) {
    struct everything *got = decode(*state, nothing[at]);
    assert_true(got->time_ms == INT64_C(1769860800000));
    assert_int_equal(got->level, 1);
    assert_null(got->text);
    assert_null(got->raw);
    assert_int_equal(got->inner.count, 3);
    assert_null(got->inner.name);
    assert_int_equal(got->inner_given, PRESENCE_ABSENT);
    assert_int_equal(got->numbers.count, 2);
    assert_int_equal(((int64_t *)got->numbers.items)[1], 2);
    assert_int_equal(got->strict_items.count, 0);
  }
}

static void test_absent_null_and_given(void **state) {
  struct everything *got = decode(*state, "{\"text\":null,\"flag\":null}");
  assert_int_equal(got->text_given, PRESENCE_NULL);
  assert_int_equal(got->flag_given, PRESENCE_NULL);
  assert_int_equal(got->whole_given, PRESENCE_ABSENT);
  got = decode(*state, "{\"text\":\"a\",\"whole\":0}");
  assert_int_equal(got->text_given, PRESENCE_GIVEN);
  assert_int_equal(got->flag_given, PRESENCE_ABSENT);
  assert_int_equal(got->whole_given, PRESENCE_GIVEN);
  assert_string_equal(decode(*state, "{\"raw\":null}")->raw, "null");
  refuses(*state, "{\"whole\":null}", "whole", "must not be null");
  refuses(*state, "{\"inner\":null}", "inner", "must not be null");
  refuses(*state, "{\"inner\":{\"name\":null}}", "inner.name", "is required");
  refuses(*state, "{\"inner\":{}}", "inner.name", "is required");
}

static void test_whole_numbers(void **state) {
  static const char *const refused[] = {
      "1.0",
      "1e2",
      "1E0",
      "-0.0",
      "1000001",
      "-6",
      "9223372036854775807",
      "9223372036854775808",
      "-9223372036854775809",
      "18446744073709551616",
      "18446744073709551617",
      "1e400",
      "\"1\"",
      "true",
      "[1]",
      "{}",
      "99999999999999999999999999999999999999999999999999999999999999999999999999999"};
  char body[128];
  for (size_t at = 0; at < ARRAY_LENGTH(refused); at++) {
    snprintf(body, sizeof body, "{\"whole\":%s}", refused[at]);
    refuses(*state, body, "whole", "must be a whole number from -5 to 1000000");
  }
  assert_int_equal(decode(*state, "{\"whole\":1000000}")->whole, 1000000);
  assert_int_equal(decode(*state, "{\"whole\":-0}")->whole, 0);
  assert_int_equal(decode(*state, "{\"natural\":-0}")->natural, 0);
  refuses(*state, "{\"natural\":-1}", "natural", "must be a whole number");
  refuses(*state, "{\"natural\":18446744073709551616}", "natural", "must be a whole number");
  static const char *const orders[] = {"1000001", "9223372036854775807", "9223372036854775808",
                                       "18446744073709551615"};
  for (size_t at = 0; at < ARRAY_LENGTH(orders); at++) {
    snprintf(body, sizeof body, "{\"strictItems\":[{\"stitchId\":\"a\",\"order\":%s}]}", orders[at]);
    refuses(*state, body, "strictItems[0].order", "must be a whole number from 0 to 1000000");
  }
  assert_true(((int64_t *)decode(*state, "{\"numbers\":[-9223372036854775808,9223372036854775807]}")
                   ->numbers.items)[0] == INT64_MIN);
  refuses(*state, "{\"numbers\":[1,9223372036854775808]}", "numbers[1]", "must be a whole number");
}

static void test_numbers(void **state) {
  assert_true(decode(*state, "{\"number\":1e-400}")->number == 0);
  assert_true(decode(*state, "{\"number\":0.1}")->number == 0.1);
  assert_true(decode(*state, "{\"number\":1E2}")->number == 100);
  assert_true(decode(*state, "{\"number\":-1}")->number == -1);
  refuses(*state, "{\"number\":1e400}", "number", "must be a number from -1 to 100");
  refuses(*state, "{\"number\":-1e400}", "number", "must be a number from -1 to 100");
  refuses(*state, "{\"number\":100.00001}", "number", "must be a number from -1 to 100");
  refuses(*state, "{\"number\":\"1\"}", "number", "must be a number from -1 to 100");
}

static void test_texts(void **state) {
  /* Bounds count characters, not bytes. */
  assert_string_equal(
      decode(*state, "{\"text\":\"\xF0\x9D\x84\x9E\xF0\x9D\x84\x9E\xF0\x9D\x84\x9E\\ud834\\udd1e\"}")->text,
      "\xF0\x9D\x84\x9E\xF0\x9D\x84\x9E\xF0\x9D\x84\x9E\xF0\x9D\x84\x9E");
  refuses(*state, "{\"text\":\"\"}", "text", "must be text of 1 to 4 characters");
  refuses(*state, "{\"text\":\"abcde\"}", "text", "must be text of 1 to 4 characters");
  refuses(*state, "{\"text\":7}", "text", "must be text of 1 to 4 characters");
  refuses(*state, "{\"tags\":[\"a\",1]}", "tags[1]", "must be text");
  refuses(*state, "{\"tags\":[null]}", "tags[0]", "must be text");
  refuses(*state, "{\"tags\":\"a\"}", "tags", "must be a list of at most 3 items");
  refuses(*state, "{\"flag\":1}", "flag", "must be true or false");
  refuses(*state, "{\"flag\":\"true\"}", "flag", "must be true or false");
}

static void test_times_days_and_names(void **state) {
  refuses(*state, "{\"time\":\"yesterday\"}", "time", "must be a time such as 2026-01-31T12:00:00Z");
  refuses(*state, "{\"time\":0}", "time", "must be a time such as 2026-01-31T12:00:00Z");
  refuses(*state, "{\"day\":\"2026-02-30\"}", "day", "must be a day such as 2026-01-31");
  refuses(*state, "{\"level\":\"l2\"}", "level", "must be one of: L1, L2, L3");
  refuses(*state, "{\"level\":1}", "level", "must be one of: L1, L2, L3");
  refuses(*state, "{\"even\":3}", "even", "must be even");
}

static void test_raw_values(void **state) {
  assert_string_equal(decode(*state, "{\"raw\": \"\\u00e9\" }")->raw, "\"\\u00e9\"");
  assert_string_equal(decode(*state, "{\"raw\":-1.50e+1}")->raw, "-1.50e+1");
  assert_int_equal(strlen(decode(*state, "{\"raw\":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16]}")->raw), 40);
  refuses(*state, "{\"raw\":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,160]}", "raw",
          "must be JSON of at most 40 bytes");
  assert_false(decode_bytes(*state, "{\"raw\":{\"a\":1,\"a\":2}}", 21, UNKNOWN_IGNORED));
}

static void test_nested_places(void **state) {
  refuses(*state, "{\"strictItems\":[{\"stitchId\":\"a\"},{\"stitchId\":\"b\",\"order\":-1}]}",
          "strictItems[1].order", "must be a whole number from 0 to 1000000");
  refuses(*state, "{\"strictItems\":[7]}", "strictItems[0]", "must be an object");
  refuses(*state, "{\"strictItems\":[]}", "strictItems", "must be a list of 1 to 5 items");
  refuses(*state, "{\"strictItems\":[{},{},{},{},{},{}]}", "strictItems", "must be a list of 1 to 5 items");
  refuses(*state, "{\"strictItems\":{}}", "strictItems", "must be a list of 1 to 5 items");
  refuses(*state, "{\"inner\":[]}", "inner", "must be an object");
}

static void test_all_complaints_at_once(void **state) {
  struct fixture *fixture = *state;
  const char *body = "{\"whole\":\"x\",\"inner\":{\"count\":1.5},\"text\":\"\",\"tags\":[1,2],\"day\":7}";
  static const char *const expected[] = {"whole",   "inner.count", "inner.name", "text",
                                         "tags[0]", "tags[1]",     "day"};
  assert_false(decode_bytes(fixture, body, strlen(body), UNKNOWN_IGNORED));
  assert_string_equal(fixture->error.message, "whole must be a whole number from -5 to 1000000");
  assert_int_equal(fixture->error.field_count, ARRAY_LENGTH(expected));
  for (size_t at = 0; at < ARRAY_LENGTH(expected); at++)
    assert_string_equal(fixture->error.fields[at].field, expected[at]);
}

struct many {
  struct field_list items;
};
static const struct field many_fields[] = {
    FIELD_LIST(struct many, "items", items, .object = &item_schema, .maximum = 100000),
};
static const struct field collected_fields[] = {
    FIELD_LIST(struct many, "items", items, .object = &item_schema, .maximum = 100000,
               .flags = FIELD_COLLECT_ERRORS),
};

/* Thousands of mistakes: the first are told, and nobody waits for the rest. */
static void test_more_complaints_than_fit(void **state) {
  struct fixture *fixture = *state;
  const struct schema many_schema = SCHEMA("Many", struct many, many_fields, .summary = "");
  struct many many = {.items = {.count = 99}};
  char body[4096];
  size_t length = (size_t)snprintf(body, sizeof body, "{\"items\":[{}");
  for (int at = 0; at < 200; at++)
    length += (size_t)snprintf(body + length, sizeof body - length, ",{\"order\":-1}");
  length += (size_t)snprintf(body + length, sizeof body - length, "]}");
  assert_false(schema_decode_json(&many_schema, body, length, UNKNOWN_IGNORED, fixture->arena, &many,
                                  &fixture->error));
  assert_int_equal(fixture->error.field_count, ERROR_FIELDS_MAX);
  assert_string_equal(fixture->error.fields[0].field, "items[0].stitchId");
  assert_string_equal(fixture->error.fields[2].field, "items[1].stitchId");
  assert_int_equal(many.items.count, 99);
}

static void test_items_collect_their_own_errors(void **state) {
  struct everything *got =
      decode(*state, "{\"items\":[{\"stitchId\":\"a\",\"order\":1}, {\"order\" : -1, \"x\":2} ,7,"
                     "{\"stitchId\":\"b\",\"order\":\"x\"}]}");
  const struct item *items = got->items.items;
  assert_int_equal(got->items.count, 4);
  assert_null(items[0].complaint);
  assert_int_equal(items[0].order, 1);
  assert_string_equal(items[0].raw, "{\"stitchId\":\"a\",\"order\":1}");
  assert_string_equal(items[1].complaint,
                      "order must be a whole number from 0 to 1000000; stitchId is required");
  assert_string_equal(items[1].raw, "{\"order\" : -1, \"x\":2}");
  const struct error_field *problems = items[1].problems.items;
  assert_int_equal(items[0].problems.count, 0);
  assert_int_equal(items[1].problems.count, 2);
  assert_string_equal(problems[0].field, "order");
  assert_string_equal(problems[0].message, "must be a whole number from 0 to 1000000");
  assert_string_equal(problems[1].field, "stitchId");
  assert_string_equal(items[2].complaint, "must be an object");
  assert_int_equal(items[2].problems.count, 0);
  assert_string_equal(items[2].raw, "7");
  assert_string_equal(items[3].stitch_id, "b");
  assert_string_equal(items[3].complaint, "order must be a whole number from 0 to 1000000");
  refuses(*state, "{\"items\":[{},{},{},{},{},{}]}", "items", "must be a list of at most 5 items");
}

/* An item with more mistakes than an error can hold must not swallow its neighbours. */
struct wide {
  int64_t values[20];
  const char *complaint;
};
static void test_an_item_full_of_errors(void **state) {
  struct fixture *fixture = *state;
  static char names[20][8];
  struct field wide_fields[20];
  char item[512];
  size_t length = (size_t)snprintf(item, sizeof item, "{");
  for (size_t at = 0; at < 20; at++) {
    snprintf(names[at], sizeof names[at], "f%zu", at);
    wide_fields[at] =
        (struct field){.name = names[at], .kind = FIELD_KIND_INT, .offset = at * sizeof(int64_t)};
    length +=
        (size_t)snprintf(item + length, sizeof item - length, "%s\"f%zu\":\"x\"", at == 0 ? "" : ",", at);
  }
  const struct schema wide_schema =
      SCHEMA("Wide", struct wide, wide_fields, .item_error_offset = ITEM_TEXT(struct wide, complaint));
  const struct field list_fields[] = {FIELD_LIST(struct many, "items", items, .object = &wide_schema,
                                                 .maximum = 5, .flags = FIELD_COLLECT_ERRORS)};
  const struct schema list_schema = SCHEMA("List", struct many, list_fields, .summary = "");
  char body[1200];
  struct many many;
  length = (size_t)snprintf(body, sizeof body, "{\"items\":[%s},{\"f0\":5}]}", item);
  assert_true(schema_decode_json(&list_schema, body, length, UNKNOWN_IGNORED, fixture->arena, &many,
                                 &fixture->error));
  const struct wide *items = many.items.items;
  assert_int_equal(many.items.count, 2);
  assert_non_null(items[0].complaint);
  assert_null(items[1].complaint);
  assert_int_equal(items[1].values[0], 5);
}

static void test_unknown_keys(void **state) {
  struct fixture *fixture = *state;
  const char *body =
      "{\"wole\":1,\"x\\u0079\":{\"deep\":[1,{}]},\"whole\":2,\"inner\":{\"name\":\"n\",\"cuont\":1}}";
  assert_int_equal(decode(*state, body)->whole, 2);
  assert_false(decode_bytes(fixture, body, strlen(body), UNKNOWN_REFUSED));
  assert_int_equal(fixture->error.field_count, 3);
  assert_string_equal(fixture->error.message, "wole is not a known key; did you mean whole?");
  assert_string_equal(fixture->error.fields[1].field, "xy");
  assert_string_equal(fixture->error.fields[1].message, "is not a known key");
  assert_string_equal(fixture->error.fields[2].field, "inner.cuont");
}

/* A path that is longer than its place is cut, whatever there is in it. */
static void test_long_names_in_complaints(void **state) {
  struct fixture *fixture = *state;
  char body[400];
  for (int length = 60; length < 200; length++) {
    int bytes = snprintf(body, sizeof body, "{\"inner\":{\"name\":\"n\",\"%0*d\":1}}", length, 0);
    assert_false(decode_bytes(fixture, body, (size_t)bytes, UNKNOWN_REFUSED));
    const char *field = fixture->error.fields[0].field;
    assert_int_equal(strncmp(field, "inner.000", 9), 0);
    assert_true(strlen(field) == (length < 90 ? (size_t)length + 6 : ERROR_FIELD_NAME_BYTES - 1));
  }
}

static void test_keys_by_their_meaning(void **state) {
  assert_int_equal(decode(*state, "{\"\\u0077hole\":2}")->whole, 2);
  assert_int_equal(decode(*state, "{\"whol\":3,\"wholes\":4,\"\":5,\"Whole\":6}")->whole, 0);
  char body[600];
  memset(body, 'k', sizeof body);
  memcpy(body, "{\"", 2);
  memcpy(body + sizeof body - 14, "\":1,\"whole\":7}", 14);
  assert_true(decode_bytes(*state, body, sizeof body, UNKNOWN_IGNORED));
  assert_int_equal(((struct fixture *)*state)->got.whole, 7);
}

static void test_bodies_that_are_no_objects(void **state) {
  struct fixture *fixture = *state;
  static const char *const bodies[] = {"[]", "7", "\"{}\"", "null", "true", "[{}]"};
  for (size_t at = 0; at < ARRAY_LENGTH(bodies); at++) {
    assert_false(decode_bytes(fixture, bodies[at], strlen(bodies[at]), UNKNOWN_IGNORED));
    assert_int_equal(fixture->error.code, ERROR_MALFORMED);
    assert_string_equal(fixture->error.message, "A JSON object is expected.");
  }
  assert_false(decode_bytes(fixture, "{\"whole\":1", 10, UNKNOWN_IGNORED));
  assert_int_equal(fixture->error.code, ERROR_MALFORMED);
  assert_int_equal(fixture->error.field_count, 0);
}

static void test_required_in_an_empty_body(void **state) {
  struct fixture *fixture = *state;
  struct inner inner;
  assert_false(
      schema_decode_json(&inner_schema, NULL, 0, UNKNOWN_IGNORED, fixture->arena, &inner, &fixture->error));
  assert_string_equal(fixture->error.message, "name is required");
  assert_int_equal(fixture->error.code, ERROR_MALFORMED);
}

/* A client may know the sentence that tells it what it left out. */
struct told {
  const char *name;
  struct inner inner;
};

static void test_the_sentence_for_what_is_missing(void **state) {
  struct fixture *fixture = *state;
  static const struct field told_fields[] = {
      FIELD_TEXT(struct told, "name", name, .flags = FIELD_REQUIRED, .minimum = 1, .maximum = 3),
      FIELD_OBJECT(struct told, "inner", inner, .object = &inner_schema),
  };
  const struct schema told_schema = SCHEMA("Told", struct told, told_fields, .missing = "Say a name.");
  static const char *const missing[] = {"", "{}", "{\"name\":null}", "{\"name\":\"\"}"};
  static const char *const wrong[] = {"{\"name\":7}", "{\"name\":\"long\"}", "{\"name\":\"a\",\"inner\":{}}",
                                      "{\"name\":\"a\",\"inner\":7}"};
  struct told got;
  for (size_t at = 0; at < ARRAY_LENGTH(missing); at++) {
    assert_false(schema_decode_json(&told_schema, missing[at], strlen(missing[at]), UNKNOWN_IGNORED,
                                    fixture->arena, &got, &fixture->error));
    assert_string_equal(fixture->error.message, "Say a name.");
    assert_int_equal(fixture->error.field_count, 1);
    assert_string_equal(fixture->error.fields[0].field, "name");
  }
  for (size_t at = 0; at < ARRAY_LENGTH(wrong); at++) {
    assert_false(schema_decode_json(&told_schema, wrong[at], strlen(wrong[at]), UNKNOWN_IGNORED,
                                    fixture->arena, &got, &fixture->error));
    assert_string_not_equal(fixture->error.message, "Say a name.");
  }
}

struct told_list {
  struct field_list names;
  int64_t number;
};

/* A list is missing also where there is something else, or nothing in it. */
static void test_the_sentence_for_a_missing_list(void **state) {
  struct fixture *fixture = *state;
  static const struct field told_fields[] = {
      FIELD_LIST(struct told_list, "names", names, .item_kind = FIELD_KIND_TEXT, .flags = FIELD_REQUIRED,
                 .minimum = 1, .maximum = 2),
      FIELD_INT(struct told_list, "number", number, .flags = FIELD_NULLABLE, .default_text = "5"),
  };
  const struct schema told_schema =
      SCHEMA("ToldList", struct told_list, told_fields, .missing = "Say some names.");
  static const char *const missing[] = {"{}", "{\"names\":null}", "{\"names\":[]}", "{\"names\":{}}",
                                        "{\"names\":\"a\"}"};
  static const char *const wrong[] = {"{\"names\":[1]}", "{\"names\":[\"a\",\"b\",\"c\"]}",
                                      "{\"names\":[\"a\"],\"number\":\"x\"}"};
  struct told_list got;
  for (size_t at = 0; at < ARRAY_LENGTH(missing); at++) {
    assert_false(schema_decode_json(&told_schema, missing[at], strlen(missing[at]), UNKNOWN_IGNORED,
                                    fixture->arena, &got, &fixture->error));
    assert_string_equal(fixture->error.message, "Say some names.");
  }
  for (size_t at = 0; at < ARRAY_LENGTH(wrong); at++) {
    assert_false(schema_decode_json(&told_schema, wrong[at], strlen(wrong[at]), UNKNOWN_IGNORED,
                                    fixture->arena, &got, &fixture->error));
    assert_string_not_equal(fixture->error.message, "Say some names.");
  }
  static const char null[] = "{\"names\":[\"a\"],\"number\":null}"; /* means the default */
  assert_true(schema_decode_json(&told_schema, null, strlen(null), UNKNOWN_IGNORED, fixture->arena, &got,
                                 &fixture->error));
  assert_int_equal(got.number, 5);
}

/* Memory is the arena's, and its cap is an answer, wherever it is reached. */
static void test_memory_has_a_cap(void **state) {
  (void)state;
  const struct schema collected = SCHEMA("Many", struct many, collected_fields, .summary = "");
  const struct schema strict = SCHEMA("Many", struct many, many_fields, .summary = "");
  char body[4096];
  size_t length = (size_t)snprintf(body, sizeof body, "{\"items\":[{\"stitchId\":\"0\"}");
  for (int at = 0; at < 100; at++)
    length += (size_t)snprintf(body + length, sizeof body - length, ",{\"stitchId\":\"%d\"}", at);
  length += (size_t)snprintf(body + length, sizeof body - length, "]}");
  for (size_t cap = 0; cap < 12000; cap += 64) {
    struct error error = ERROR_INIT;
    struct many many;
    struct arena *arena = arena_new(cap);
    const struct schema *which = cap % 128 == 0 ? &collected : &strict;
    if (!schema_decode_json(which, body, length, UNKNOWN_IGNORED, arena, &many, &error))
      assert_int_equal(error.code, ERROR_TOO_LARGE);
    else
      assert_int_equal(many.items.count, 101);
    arena_free(arena);
  }
}

static void test_scalars_from_text(void **state) {
  struct fixture *fixture = *state;
  struct everything *got = &fixture->got;
  struct error *error = &fixture->error;
  assert_true(schema_decode_scalar(&fields[1], "41", fixture->arena, got, error));
  assert_int_equal(got->whole, 41);
  assert_int_equal(got->whole_given, PRESENCE_GIVEN);
  assert_true(schema_decode_scalar(&fields[7], "L3", fixture->arena, got, error));
  assert_int_equal(got->level, 2);
  assert_false(schema_decode_scalar(&fields[1], "x", fixture->arena, got, error));
  assert_string_equal(error->message, "whole must be a whole number from -5 to 1000000");
  assert_false(schema_decode_scalar(&fields[4], "\xFF", fixture->arena, got, error));
  assert_string_equal(error->message, "text must be valid UTF-8");
  assert_false(schema_decode_scalar(&fields[12], "1,2,3,4", fixture->arena, got, error));
  assert_string_equal(error->message, "numbers must be a list of at most 3 items");
  assert_false(schema_decode_scalar(&fields[12], "1,x", fixture->arena, got, error));
  assert_string_equal(error->fields[0].field, "numbers[1]");
  assert_true(schema_decode_scalar(&fields[12], "7,8", fixture->arena, got, error));
  assert_int_equal(got->numbers.count, 2);
  assert_int_equal(((const int64_t *)got->numbers.items)[1], 8);
  assert_false(schema_decode_scalar(&fields[11], "1", fixture->arena, got, error));
  assert_int_equal(got->whole, 41);
}

static void test_defaults_alone(void **state) {
  struct fixture *fixture = *state;
  assert_true(schema_defaults(&schema, fixture->arena, &fixture->got, &fixture->error));
  assert_int_equal(fixture->got.level, 1);
  assert_int_equal(fixture->got.inner.count, 3);
  const struct field broken_fields[] = {FIELD_INT(struct inner, "count", count, .default_text = "x")};
  const struct schema broken = SCHEMA("Broken", struct inner, broken_fields, .summary = "");
  assert_false(schema_defaults(&broken, fixture->arena, &fixture->got, &fixture->error));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(test_every_kind),
      TEST(test_defaults_where_nothing_is_given),
      TEST(test_absent_null_and_given),
      TEST(test_whole_numbers),
      TEST(test_numbers),
      TEST(test_texts),
      TEST(test_times_days_and_names),
      TEST(test_raw_values),
      TEST(test_nested_places),
      TEST(test_all_complaints_at_once),
      TEST(test_more_complaints_than_fit),
      TEST(test_items_collect_their_own_errors),
      TEST(test_an_item_full_of_errors),
      TEST(test_unknown_keys),
      TEST(test_long_names_in_complaints),
      TEST(test_keys_by_their_meaning),
      TEST(test_bodies_that_are_no_objects),
      TEST(test_required_in_an_empty_body),
      TEST(test_the_sentence_for_what_is_missing),
      TEST(test_the_sentence_for_a_missing_list),
      TEST(test_memory_has_a_cap),
      TEST(test_scalars_from_text),
      TEST(test_defaults_alone),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
