#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "schema/describe.h"

#include "base/banned.h"

static const char *const names[] = {"one", "two", NULL};

static const struct {
  struct field field;
  const char *expected;
} rows[] = {
    {{.kind = FIELD_KIND_BOOL}, "true or false"},
    {{.kind = FIELD_KIND_INT}, "a whole number"},
    {{.kind = FIELD_KIND_INT, .minimum = 1}, "a whole number of at least 1"},
    {{.kind = FIELD_KIND_INT, .minimum = -5}, "a whole number from -5 to 0"},
    {{.kind = FIELD_KIND_INT, .minimum = -9, .maximum = -1}, "a whole number from -9 to -1"},
    {{.kind = FIELD_KIND_UINT, .maximum = 9}, "a whole number from 0 to 9"},
    {{.kind = FIELD_KIND_NUMBER, .minimum = -1, .maximum = 1}, "a number from -1 to 1"},
    {{.kind = FIELD_KIND_TEXT}, "text"},
    {{.kind = FIELD_KIND_TEXT, .minimum = 2}, "text of at least 2 characters"},
    {{.kind = FIELD_KIND_TEXT, .maximum = 2}, "text of at most 2 characters"},
    {{.kind = FIELD_KIND_TEXT, .minimum = 1, .maximum = 2}, "text of 1 to 2 characters"},
    {{.kind = FIELD_KIND_TEXT, .minimum = 8, .maximum = 8}, "text of exactly 8 characters"},
    {{.kind = FIELD_KIND_TIME}, "a time such as 2026-01-31T12:00:00Z"},
    {{.kind = FIELD_KIND_TIME, .maximum = 1},
     "a time such as 2026-01-31T12:00:00Z, from 1970-01-01T00:00:00.000Z to 1970-01-01T00:00:00.001Z"},
    {{.kind = FIELD_KIND_DAY}, "a day such as 2026-01-31"},
    {{.kind = FIELD_KIND_DAY, .maximum = 1}, "a day such as 2026-01-31, from 1970-01-01 to 1970-01-02"},
    {{.kind = FIELD_KIND_ENUM, .names = names}, "one of: one, two"},
    {{.kind = FIELD_KIND_JSON}, "JSON"},
    {{.kind = FIELD_KIND_JSON, .maximum = 9}, "JSON of at most 9 bytes"},
    {{.kind = FIELD_KIND_OBJECT}, "an object"},
    {{.kind = FIELD_KIND_LIST, .minimum = 1, .maximum = 9}, "a list of 1 to 9 items"},
};

static void test_every_kind(void **state) {
  (void)state;
  char text[DESCRIBE_BYTES];
  for (size_t at = 0; at < ARRAY_LENGTH(rows); at++) {
    describe_field(&rows[at].field, text, sizeof text);
    assert_string_equal(text, rows[at].expected);
  }
}

static void test_a_long_sentence_is_cut(void **state) {
  (void)state;
  char text[12];
  describe_field(&rows[16].field, text, sizeof text);
  assert_string_equal(text, "one of: one");
}

struct keys {
  int64_t value;
};
static const struct field key_fields[] = {
    FIELD_INT(struct keys, "connections", value, .summary = ""),
    FIELD_INT(struct keys, "connect_timeout_ms", value, .summary = ""),
    FIELD_INT(struct keys, "tls", value, .summary = ""),
    FIELD_INT(struct keys, "a_name_that_is_longer_than_any_that_will_be_compared", value, .summary = ""),
};
static const struct schema keys = SCHEMA("Keys", struct keys, key_fields, .summary = "");

static void nearest_is(const char *name, const char *expected) {
  const struct field *field = describe_nearest(&keys, name);
  if (expected == NULL)
    assert_null(field);
  else
    assert_string_equal(field == NULL ? "nothing" : field->name, expected);
}

static void test_the_nearest_name(void **state) {
  (void)state;
  nearest_is("conections", "connections");
  nearest_is("connection", "connections");
  nearest_is("Connections", "connections");
  nearest_is("cnonections", "connections");
  nearest_is("connect_timeout", "connect_timeout_ms");
  nearest_is("connect_timout_s", "connect_timeout_ms");
  nearest_is("tsl", "tls");
  nearest_is("tl", "tls");
  nearest_is("ssl", NULL);
  nearest_is("threads", NULL);
  nearest_is("", NULL);
  nearest_is("a_name_that_is_longer_than_any_that_will_be_compared", NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_every_kind),
      cmocka_unit_test(test_a_long_sentence_is_cut),
      cmocka_unit_test(test_the_nearest_name),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
