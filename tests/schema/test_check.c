#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "schema/check.h"

#include "base/banned.h"

struct thing {
  int64_t number;
  const char *text;
  struct field_list list;
};

static const char *const no_names[] = {NULL};

#define T struct thing
#define S .summary = "A field."
static const struct field good_fields[] = {
    FIELD_INT(T, "number", number, .minimum = 1, .maximum = 5, .default_text = "5", .example = "4", S),
    FIELD_TEXT(T, "text", text, .flags = FIELD_REQUIRED, S),
    FIELD_LIST(T, "list", list, .item_kind = FIELD_KIND_TEXT, .maximum = 3, .default_text = "a,b", S),
};
static const struct schema good = SCHEMA("Good", T, good_fields, .summary = "Good.");

/* One defect each, with what is said of it. */
static const struct {
  struct field field;
  const char *complaint;
} defects[] = {
    {FIELD_INT(T, "", number, S), "has no plain name"},
    {FIELD_INT(T, "a b", number, S), "has no plain name"},
    {FIELD_INT(T, "number", number, .minimum = 0), "has no summary"},
    {FIELD_INT(T, "number", number, .minimum = 5, .maximum = 3, S), "has its bounds the wrong way round"},
    {FIELD_INT(T, "number", number, .flags = FIELD_REQUIRED, .default_text = "1", S),
     "is required, so its default is never used"},
    {FIELD_INT(T, "number", number, .example = "4,", S), "has an example that is not JSON"},
    {{.name = "number", .kind = FIELD_KIND_INT, .offset = sizeof(T) - 4, S}, "lies outside of its struct"},
    {{.name = "number", .kind = FIELD_KIND_INT, .presence = sizeof(T), S},
     "has its presence outside of its struct"},
    {{.name = "inner", .kind = FIELD_KIND_OBJECT, S}, "is an object without a schema"},
    {{.name = "inner", .kind = FIELD_KIND_OBJECT, .offset = 8, .object = &good, S},
     "lies outside of its struct"},
    {{.name = "level", .kind = FIELD_KIND_ENUM, S}, "has no names to choose from"},
    {{.name = "level", .kind = FIELD_KIND_ENUM, .names = no_names, S}, "has no names to choose from"},
    {FIELD_LIST(T, "list", list, .item_kind = FIELD_KIND_TEXT, S), "is a list without a limit"},
    {FIELD_LIST(T, "list", list, .item_kind = FIELD_KIND_LIST, .maximum = 3, S), "is a list of nothing"},
    {FIELD_LIST(T, "list", list, .item_kind = FIELD_KIND_ENUM, .maximum = 3, S),
     "has no names to choose from"},
    {FIELD_LIST(T, "list", list, .object = &good, .maximum = 3, .flags = FIELD_COLLECT_ERRORS, S),
     "collects errors, but has no item that could hold them"},
};

static void test_a_good_table(void **state) {
  (void)state;
  struct error error;
  assert_true(schema_check(&good, &error));
}

static void test_every_defect(void **state) {
  (void)state;
  for (size_t at = 0; at < ARRAY_LENGTH(defects); at++) {
    struct schema schema = {.name = "Bad", .size = sizeof(T), .fields = &defects[at].field, .field_count = 1};
    struct error error;
    if (schema_check(&schema, &error)) fail_msg("not found: %s", defects[at].complaint);
    assert_int_equal(error.field_count, 1);
    assert_string_equal(error.fields[0].message, defects[at].complaint);
  }
}

static void test_a_name_twice(void **state) {
  (void)state;
  const struct field fields[] = {good_fields[0], good_fields[1], good_fields[0]};
  const struct schema schema = SCHEMA("Twice", T, fields, .summary = "");
  struct error error;
  assert_false(schema_check(&schema, &error));
  assert_string_equal(error.message, "Twice.number stands twice");
}

static void test_bad_defaults(void **state) {
  (void)state;
  const struct field fields[] = {FIELD_INT(T, "number", number, .maximum = 5, .default_text = "6", S)};
  const struct schema schema = SCHEMA("Low", T, fields, .summary = "");
  struct error error;
  assert_false(schema_check(&schema, &error));
  assert_string_equal(error.message, "Low has a bad default: number must be a whole number from 0 to 5");
}

static void test_nested_tables(void **state) {
  (void)state;
  struct error error;
  const struct field inner_fields[] = {FIELD_INT(T, "number", number, .minimum = 0)};
  const struct schema inner = SCHEMA("Inner", T, inner_fields, .summary = "");
  const struct field fields[] = {FIELD_LIST(T, "list", list, .object = &inner, .maximum = 3, S)};
  const struct schema outer = SCHEMA("Outer", T, fields, .summary = "");
  assert_false(schema_check(&outer, &error));
  assert_string_equal(error.message, "Inner.number has no summary");
  struct field loop_fields[] = {FIELD_LIST(T, "list", list, .maximum = 3, S)};
  const struct schema loop = SCHEMA("Loop", T, loop_fields, .summary = "");
  loop_fields[0].object = &loop;
  assert_false(schema_check(&loop, &error));
  assert_string_equal(error.message, "Loop is nested more deeply than JSON may be");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_a_good_table),  cmocka_unit_test(test_every_defect),
      cmocka_unit_test(test_a_name_twice),  cmocka_unit_test(test_bad_defaults),
      cmocka_unit_test(test_nested_tables),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
