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

struct query {
  int64_t limit;
  enum presence limit_given;
  const char *after;
  bool refresh;
  int total;
  int64_t since_ms;
  struct field_list rules;
  struct field_list ids;
  struct field_list pairs;
  double share;
  const char *raw;
};

static const char *const total_names[] = {"all", "tokens", NULL};

static bool check_pairs(const void *value, struct error *check_error) {
  if (((const struct field_list *)value)->count % 2 == 0) return true;
  return error_set(check_error, ERROR_MALFORMED, "must come in pairs");
}

#define Q struct query
static const struct field fields[] = {
    FIELD_INT(Q, "limit", limit, .presence = PRESENCE(Q, limit_given), .minimum = 1, .maximum = 200,
              .default_text = "50"),
    FIELD_TEXT(Q, "after", after, .maximum = 20),
    FIELD_BOOL(Q, "refresh", refresh, .summary = "Afresh."),
    FIELD_ENUM(Q, "total", total, .names = total_names),
    FIELD_TIME(Q, "since", since_ms, .summary = "From."),
    FIELD_LIST(Q, "rules", rules, .item_kind = FIELD_KIND_TEXT, .maximum = 3),
    FIELD_LIST(Q, "ids", ids, .item_kind = FIELD_KIND_UINT, .maximum = 3),
    FIELD_LIST(Q, "pairs", pairs, .item_kind = FIELD_KIND_INT, .maximum = 4, .check = check_pairs),
    FIELD_JSON(Q, "raw", raw, .maximum = 20),
    FIELD_NUMBER(Q, "share", share, .summary = "A share."),
};
static const struct schema schema = SCHEMA("Query", Q, fields, .summary = "A query.");
static const struct field needed_fields[] = {
    FIELD_TEXT(Q, "after", after, .flags = FIELD_REQUIRED),
};
static const struct schema needed = SCHEMA("Needed", Q, needed_fields, .summary = "A query.");

static struct arena *arena;
static struct query got;
static struct error error;

static int setup(void **state) {
  (void)state;
  arena = arena_new(1 << 20);
  return 0;
}

static int teardown(void **state) {
  (void)state;
  arena_free(arena);
  return 0;
}

static bool decode(const char *text) {
  memset(&got, 0, sizeof got);
  return schema_decode_query(&schema, text, UNKNOWN_IGNORED, arena, &got, &error);
}

static void refuses(const char *text, const char *message) {
  if (decode(text)) fail_msg("%s accepted", text);
  assert_int_equal(error.code, ERROR_MALFORMED);
  assert_string_equal(error.message, message);
  assert_int_equal(got.limit, 0);
}

static void test_nothing_is_all_defaults(void **state) {
  (void)state;
  static const char *const nothing[] = {NULL, "", "&", "&&&", "x=1", "=", "=1"};
  for (size_t at = 0; at < ARRAY_LENGTH(nothing); at++) {
    assert_true(decode(nothing[at]));
    assert_int_equal(got.limit, 50);
    assert_int_equal(got.limit_given, PRESENCE_ABSENT);
    assert_null(got.after);
  }
}

static void test_every_kind(void **state) {
  (void)state;
  assert_true(decode("limit=7&after=a%20b+c%2B%C3%A9&refresh=1&total=tokens&since=2026-01-31T12:00:00%2B01:00"
                     "&rules=a,,c&ids=18446744073709551615"));
  assert_int_equal(got.limit, 7);
  assert_int_equal(got.limit_given, PRESENCE_GIVEN);
  assert_string_equal(got.after, "a b c+\xC3\xA9");
  assert_true(got.refresh);
  assert_int_equal(got.total, 1);
  assert_true(got.since_ms == INT64_C(1769857200000));
  assert_int_equal(got.rules.count, 3);
  assert_string_equal(((const char **)got.rules.items)[1], "");
  assert_true(((uint64_t *)got.ids.items)[0] == UINT64_MAX);
  assert_true(decode("after=%0a%09%7E%7e%41%ef%BF%bD"));
  assert_string_equal(got.after, "\n\t~~A\xEF\xBF\xBD");
  assert_true(decode("rules=&refresh=false&after"));
  assert_int_equal(got.rules.count, 0);
  assert_false(got.refresh);
  assert_string_equal(got.after, "");
}

static void test_refusals(void **state) {
  (void)state;
  refuses("limit=0", "limit must be a whole number from 1 to 200");
  refuses("limit=", "limit must be a whole number from 1 to 200");
  refuses("limit", "limit must be a whole number from 1 to 200");
  refuses("limit=1.0", "limit must be a whole number from 1 to 200");
  refuses("limit=+1", "limit must be a whole number from 1 to 200");
  refuses("limit=%31&limit=1", "limit is given more than once");
  refuses("limit=1&l%69mit=1", "limit is given more than once");
  refuses("x=1&x=2", "x is given more than once");
  refuses("after=%00", "after must be percent-encoded UTF-8");
  refuses("after=%", "after must be percent-encoded UTF-8");
  refuses("after=%4", "after must be percent-encoded UTF-8");
  refuses("after=%zz", "after must be percent-encoded UTF-8");
  refuses("after=%ff", "after must be percent-encoded UTF-8");
  refuses("after=\xff", "after must be percent-encoded UTF-8");
  refuses("%ff=1", "A query parameter's name is not percent-encoded UTF-8.");
  refuses("refresh=yes", "refresh must be true or false");
  refuses("total=Tokens", "total must be one of: all, tokens");
  refuses("rules=a,b,c,d", "rules must be a list of at most 3 items");
  refuses("ids=1,x", "ids[1] must be a whole number");
  refuses("ids=1,", "ids[1] must be a whole number");
}

/* strtod would take all of these. */
static void test_numbers_are_those_of_json(void **state) {
  (void)state;
  static const char *const refused[] = {"0x10", "nan", "inf", "infinity", "+1", "%201", "1%20",
                                        ".5",   "5.",  "1e",  "",         "01", "1_0"};
  char text[160];
  for (size_t at = 0; at < ARRAY_LENGTH(refused); at++) {
    snprintf(text, sizeof text, "share=%s", refused[at]);
    refuses(text, "share must be a number");
  }
  assert_true(decode("share=-1.5e1"));
  assert_true(got.share == -15);
  snprintf(text, sizeof text, "share=0.%062d", 1);
  assert_true(decode(text));
  snprintf(text, sizeof text, "share=0.%063d", 1);
  refuses(text, "share must be a number");
}

static void test_json_within_a_query(void **state) {
  (void)state;
  assert_true(decode("raw=%7B%22a%22:[1,2]%7D"));
  assert_string_equal(got.raw, "{\"a\":[1,2]}");
  refuses("raw={a:1}", "raw must be JSON of at most 20 bytes");
  refuses("raw=", "raw must be JSON of at most 20 bytes");
  refuses("raw=[1,2,3,4,5,6,7,8,9,10]", "raw must be JSON of at most 20 bytes");
}

static void test_a_list_may_be_given_several_times(void **state) {
  (void)state;
  assert_true(decode("rules=a,b&limit=3&r%75les=c"));
  assert_int_equal(got.rules.count, 3);
  assert_string_equal(((const char **)got.rules.items)[0], "a");
  assert_string_equal(((const char **)got.rules.items)[2], "c");
  assert_true(decode("rules=&rules=a&rules="));
  assert_int_equal(got.rules.count, 1);
  assert_true(decode("pairs=1&pairs=2"));
  assert_int_equal(got.pairs.count, 2);
  refuses("rules=a,b&rules=c,d", "rules must be a list of at most 3 items");
  refuses("ids=1&ids=x", "ids[1] must be a whole number");
  refuses("pairs=1&pairs=2,3", "pairs must come in pairs");
}

static void test_a_list_has_its_own_check(void **state) {
  (void)state;
  assert_true(decode("pairs=1,2"));
  assert_int_equal(got.pairs.count, 2);
  refuses("pairs=1,2,3", "pairs must come in pairs");
}

static void test_complaints_come_together(void **state) {
  (void)state;
  assert_false(decode("limit=x&total=y&refresh=z"));
  assert_int_equal(error.field_count, 3);
  assert_string_equal(error.fields[2].field, "refresh");
}

static void test_required_and_unknown(void **state) {
  (void)state;
  assert_false(schema_decode_query(&needed, "", UNKNOWN_IGNORED, arena, &got, &error));
  assert_string_equal(error.message, "after is required");
  assert_false(schema_decode_query(&needed, "after=1&aftr=2", UNKNOWN_REFUSED, arena, &got, &error));
  assert_string_equal(error.message, "aftr is not a known key; did you mean after?");
}

static void test_too_many_parameters(void **state) {
  (void)state;
  char text[1024];
  size_t length = 0;
  for (int at = 0; at < 64; at++)
    length += (size_t)snprintf(text + length, sizeof text - length, "x%d=1&", at);
  assert_true(decode(text));
  snprintf(text + length, sizeof text - length, "limit=3");
  assert_false(decode(text));
  assert_int_equal(error.code, ERROR_MALFORMED);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_nothing_is_all_defaults),
      cmocka_unit_test(test_every_kind),
      cmocka_unit_test(test_refusals),
      cmocka_unit_test(test_complaints_come_together),
      cmocka_unit_test(test_required_and_unknown),
      cmocka_unit_test(test_too_many_parameters),
      cmocka_unit_test(test_numbers_are_those_of_json),
      cmocka_unit_test(test_json_within_a_query),
      cmocka_unit_test(test_a_list_may_be_given_several_times),
      cmocka_unit_test(test_a_list_has_its_own_check),
  };
  return cmocka_run_group_tests(tests, setup, teardown);
}
