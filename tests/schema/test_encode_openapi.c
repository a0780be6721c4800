#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "schema/encode.h"
#include "schema/json.h"

#include "base/banned.h"

struct inner {
  const char *name;
};

struct body {
  bool flag;
  int64_t whole;
  enum presence whole_given;
  uint64_t natural;
  double number;
  const char *text;
  int64_t time_ms;
  int32_t day;
  int level;
  const char *raw;
  struct inner inner;
  enum presence inner_given;
  struct field_list items;
  struct field_list tags;
};

static const char *const level_names[] = {"L1", "L2", NULL};
static const struct field inner_fields[] = {FIELD_TEXT(struct inner, "name", name, .flags = FIELD_REQUIRED)};
static const struct schema inner_schema = SCHEMA("Inner", struct inner, inner_fields, .summary = NULL);

#define B struct body
static const struct {
  struct field field;
  bool for_reply;
  const char *expected;
} rows[] = {
    {FIELD_BOOL(B, "flag", flag, .default_text = "true", .summary = "On."), false,
     "{\"type\":\"boolean\",\"default\":true,\"description\":\"On.\"}"},
    {FIELD_BOOL(B, "flag", flag, .default_text = "true", .summary = "On."), true,
     "{\"type\":\"boolean\",\"description\":\"On.\"}"},
    {FIELD_INT(B, "whole", whole, .minimum = -5, .maximum = 5, .example = "3"), false,
     "{\"type\":\"integer\",\"format\":\"int64\",\"minimum\":-5,\"maximum\":5,\"examples\":[3]}"},
    {FIELD_INT(B, "whole", whole, .minimum = 1, .flags = FIELD_NULLABLE), false,
     "{\"type\":[\"integer\",\"null\"],\"format\":\"int64\",\"minimum\":1}"},
    {FIELD_UINT(B, "natural", natural, .maximum = 9), false,
     "{\"type\":\"integer\",\"minimum\":0,\"maximum\":9}"},
    {FIELD_UINT(B, "natural", natural, .summary = "N."), true,
     "{\"type\":\"integer\",\"minimum\":0,\"description\":\"N.\"}"},
    {FIELD_NUMBER(B, "number", number, .maximum = 100), false,
     "{\"type\":\"number\",\"minimum\":0,\"maximum\":100}"},
    {FIELD_TEXT(B, "text", text, .minimum = 1, .maximum = 190, .default_text = "a\"b"), false,
     "{\"type\":\"string\",\"minLength\":1,\"maxLength\":190,\"default\":\"a\\\"b\"}"},
    {FIELD_TIME(B, "time", time_ms, .flags = FIELD_NULLABLE), false,
     "{\"type\":[\"string\",\"null\"],\"format\":\"date-time\"}"},
    {FIELD_DAY(B, "day", day, .summary = NULL), false, "{\"type\":\"string\",\"format\":\"date\"}"},
    {FIELD_ENUM(B, "level", level, .names = level_names, .default_text = "L2"), false,
     "{\"type\":\"string\",\"enum\":[\"L1\",\"L2\"],\"default\":\"L2\"}"},
    {FIELD_ENUM(B, "level", level, .names = level_names, .flags = FIELD_NULLABLE), false,
     "{\"type\":[\"string\",\"null\"],\"enum\":[\"L1\",\"L2\",null]}"},
    {FIELD_JSON(B, "raw", raw, .summary = "Anything."), false, "{\"description\":\"Anything.\"}"},
    {FIELD_OBJECT(B, "inner", inner, .object = &inner_schema, .summary = "In."), false,
     "{\"allOf\":[{\"$ref\":\"#/components/schemas/Inner\"}],\"description\":\"In.\"}"},
    {FIELD_OBJECT(B, "inner", inner, .object = &inner_schema, .flags = FIELD_NULLABLE), false,
     "{\"anyOf\":[{\"$ref\":\"#/components/schemas/Inner\"},{\"type\":\"null\"}]}"},
    {FIELD_LIST(B, "items", items, .object = &inner_schema, .minimum = 1, .maximum = 10000), false,
     "{\"type\":\"array\",\"items\":{\"$ref\":\"#/components/schemas/"
     "Inner\"},\"minItems\":1,\"maxItems\":10000}"},
    {FIELD_LIST(B, "tags", tags, .item_kind = FIELD_KIND_ENUM, .names = level_names, .maximum = 2), false,
     "{\"type\":\"array\",\"items\":{\"type\":\"string\",\"enum\":[\"L1\",\"L2\"]},\"maxItems\":2}"},
};

static void test_every_kind(void **state) {
  (void)state;
  for (size_t at = 0; at < ARRAY_LENGTH(rows); at++) {
    struct buffer buffer = BUFFER_INIT(4096);
    struct error error;
    schema_encode_openapi_field(&rows[at].field, rows[at].for_reply, &buffer);
    assert_string_equal(buffer_text(&buffer), rows[at].expected);
    assert_true(json_check(buffer.data, buffer.length, &error));
    buffer_free(&buffer);
  }
}

static const struct field fields[] = {
    FIELD_TEXT(B, "text", text, .flags = FIELD_REQUIRED),
    FIELD_INT(B, "whole", whole, .presence = PRESENCE(B, whole_given)),
    FIELD_UINT(B, "natural", natural, .summary = NULL),
    FIELD_JSON(B, "raw", raw, .flags = FIELD_NULLABLE),
    FIELD_TEXT(B, "optional", text, .summary = NULL),
};
static const struct schema schema = SCHEMA("Body", B, fields, .summary = "A body.");

static void prints(bool for_reply, const char *end) {
  struct buffer buffer = BUFFER_INIT(4096);
  struct error error;
  schema_encode_openapi(&schema, for_reply, &buffer);
  const char *text = buffer_text(&buffer);
  assert_true(json_check(text, buffer.length, &error));
  assert_int_equal(
      strncmp(text, "{\"type\":\"object\",\"description\":\"A body.\",\"properties\":{\"text\":{", 61), 0);
  assert_non_null(strstr(text, "},\"optional\":{\"type\":\"string\"}}"));
  assert_string_equal(text + buffer.length - strlen(end), end);
  buffer_free(&buffer);
}

/* A body must have what the decoder demands; a reply has what the encoder always writes. */
static void test_what_is_required(void **state) {
  (void)state;
  prints(false, "{\"type\":\"string\"}},\"required\":[\"text\"]}");
  prints(true, "{\"type\":\"string\"}},\"required\":[\"text\",\"natural\"]}");
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_kind),
                                     cmocka_unit_test(test_what_is_required)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
