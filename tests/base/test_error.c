#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"

#include "base/banned.h"

static void test_setting_clears_what_was_there(void **state) {
  (void)state;
  struct error error = ERROR_INIT;
  assert_false(error_add_field(&error, ERROR_MALFORMED, "a", "is %s", "wrong"));
  assert_false(error_detail(&error, "errno %d", 2));
  error.sql_errno = 1213;
  error.retry_after_s = 3;
  assert_false(error_set(&error, ERROR_NOT_FOUND, "There is no %s.", "course"));
  assert_int_equal(error.code, ERROR_NOT_FOUND);
  assert_string_equal(error.message, "There is no course.");
  assert_string_equal(error.detail, "");
  assert_int_equal(error.sql_errno, 0);
  assert_int_equal(error.retry_after_s, 0);
  assert_int_equal(error.field_count, 0);
}

static void test_the_first_field_names_the_error(void **state) {
  (void)state;
  struct error error = ERROR_INIT;
  error_add_field(&error, ERROR_MALFORMED, "a", "is missing");
  error_add_field(&error, ERROR_UNPROCESSABLE, "b", "is too large");
  assert_int_equal(error.code, ERROR_MALFORMED);
  assert_string_equal(error.message, "a is missing");
  assert_int_equal(error.field_count, 2);
  assert_string_equal(error.fields[1].field, "b");
  assert_string_equal(error.fields[1].message, "is too large");
}

static void test_everything_is_cut_to_its_room(void **state) {
  (void)state;
  char text[2000];
  memset(text, 'x', sizeof text - 1);
  text[sizeof text - 1] = '\0';
  struct error error = ERROR_INIT;
  for (int at = 0; at < ERROR_FIELDS_MAX + 5; at++)
    error_add_field(&error, ERROR_MALFORMED, text, "%s", text);
  error_detail(&error, "%s", text);
  assert_int_equal(error.field_count, ERROR_FIELDS_MAX);
  assert_int_equal(strlen(error.message), ERROR_MESSAGE_BYTES - 1);
  assert_int_equal(strlen(error.detail), ERROR_DETAIL_BYTES - 1);
  assert_int_equal(strlen(error.fields[0].field), ERROR_FIELD_NAME_BYTES - 1);
  assert_int_equal(strlen(error.fields[0].message), ERROR_FIELD_MESSAGE_BYTES - 1);
}

static void test_memory_is_the_callers_problem(void **state) {
  (void)state;
  struct error error = ERROR_INIT;
  assert_false(error_set_memory(&error));
  assert_int_equal(error.code, ERROR_TOO_LARGE);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_setting_clears_what_was_there),
      cmocka_unit_test(test_the_first_field_names_the_error),
      cmocka_unit_test(test_everything_is_cut_to_its_room),
      cmocka_unit_test(test_memory_is_the_callers_problem),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
