#include <fcntl.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/log.h"
#include "base/random.h"

#include "base/banned.h"

static void test_grows_and_stays_terminated(void **state) {
  (void)state;
  CLEANUP(buffer_free) struct buffer buffer = BUFFER_INIT(100000);
  assert_string_equal(buffer_text(&buffer), "");
  for (int at = 0; at < 5000; at++) {
    buffer_append_i64(&buffer, at % 10);
    assert_int_equal(strlen(buffer_text(&buffer)), at + 1);
  }
  assert_false(buffer.failed);
}

static void test_limit_fails_once_and_for_all(void **state) {
  (void)state;
  CLEANUP(buffer_free) struct buffer buffer = BUFFER_INIT(4);
  buffer_append_text(&buffer, "abcd");
  assert_false(buffer.failed);
  buffer_append_char(&buffer, 'e');
  assert_true(buffer.failed);
  buffer_append_text(&buffer, "");
  buffer_printf(&buffer, "%s", "x");
  assert_string_equal(buffer_text(&buffer), "abcd");
  buffer_reset(&buffer);
  assert_false(buffer.failed);
  buffer_append_text(&buffer, "xyz");
  assert_string_equal(buffer_text(&buffer), "xyz");
}

static void test_numbers(void **state) {
  (void)state;
  CLEANUP(buffer_free) struct buffer buffer = BUFFER_INIT(1000);
  buffer_append_i64(&buffer, INT64_MIN);
  buffer_append_char(&buffer, ' ');
  buffer_append_i64(&buffer, -1);
  buffer_append_char(&buffer, ' ');
  buffer_append_u64(&buffer, 0);
  buffer_append_char(&buffer, ' ');
  buffer_append_u64(&buffer, UINT64_MAX);
  assert_string_equal(buffer_text(&buffer), "-9223372036854775808 -1 0 18446744073709551615");
}

static void test_errors_keep_the_first_fields(void **state) {
  (void)state;
  struct error error = ERROR_INIT;
  for (int at = 0; at < ERROR_FIELDS_MAX + 5; at++) {
    char name[24];
    snprintf(name, sizeof name, "field%d", at);
    assert_false(error_add_field(&error, ERROR_MALFORMED, name, "is wrong by %d", at));
  }
  assert_int_equal(error.field_count, ERROR_FIELDS_MAX);
  assert_string_equal(error.message, "field0 is wrong by 0");
  assert_string_equal(error.fields[3].message, "is wrong by 3");
  assert_false(error_set(&error, ERROR_CONFLICT, "no"));
  assert_int_equal(error.field_count, 0);
}

static void test_random(void **state) {
  char first[33];
  char second[33];
  (void)state;
  random_hex(first, 16);
  random_hex(second, 16);
  assert_int_equal(strspn(first, "0123456789abcdef"), 32);
  assert_string_not_equal(first, second);
  assert_int_equal(random_below(0), 0);
  for (int at = 0; at < 1000; at++)
    assert_true(random_below(7) < 7);
}

static char log_path[] = "/tmp/lockstep-log-XXXXXX";

static const char *read_log(void) {
  static char text[3 * LOG_LINE_BYTES];
  int file = open(log_path, O_RDONLY);
  ssize_t bytes = read(file, text, sizeof text - 1);
  close(file);
  assert_true(bytes >= 0);
  text[bytes] = '\0';
  return text;
}

static void test_log_lines(void **state) {
  (void)state;
  struct log_line line;
  int file = mkstemp(log_path);
  assert_true(file >= 0);
  close(file);
  log_setup("test", LOG_LEVEL_INFO);
  assert_true(log_open_file(log_path));
  log_write(LOG_LEVEL_DEBUG, "hidden", "nobody sees this");
  log_begin(&line, LOG_LEVEL_WARN, "odd");
  log_add(&line, "quoted", "a \"b\"\n=c\\");
  log_add(&line, "plain", "x");
  log_add(&line, "nothing", NULL);
  log_add_ms(&line, "took", 1234567);
  log_end(&line);
  const char *text = read_log();
  assert_null(strstr(text, "hidden"));
  assert_non_null(strstr(text, "level=warn program=test pid="));
  assert_non_null(strstr(text, " event=odd quoted=\"a \\\"b\\\"\\x0a=c\\\\\" plain=x took=1.235\n"));
  assert_null(strstr(text, "nothing"));
}

static void test_long_log_lines_are_cut(void **state) {
  (void)state;
  struct log_line line;
  char longest[2 * LOG_LINE_BYTES];
  memset(longest, 'z', sizeof longest);
  longest[sizeof longest - 1] = '\0';
  log_begin(&line, LOG_LEVEL_ERROR, "long");
  log_add(&line, "value", longest);
  log_end(&line);
  const char *text = read_log();
  assert_string_equal(text + strlen(text) - 8, "z cut=1\n");
  assert_true(log_open_file(NULL));
  unlink(log_path);
}

static void test_cells_of_csv(void **state) {
  static const char *const cells[][2] = {
      {"plain", "\"plain\""}, {"", "\"\""},      {"a,\"b\"", "\"a,\"\"b\"\"\""},
      {"=1+1", "\"'=1+1\""},  {"@a", "\"'@a\""}, {"a=b", "\"a=b\""},
      {"\t=", "\"'\t=\""},    {"-", "\"'-\""}};
  (void)state;
  for (size_t at = 0; at < ARRAY_LENGTH(cells); at++) {
    CLEANUP(buffer_free) struct buffer buffer = BUFFER_INIT(64);
    buffer_append_csv(&buffer, NULL);
    assert_string_equal(buffer_text(&buffer), "");
    buffer_append_csv(&buffer, cells[at][0]);
    assert_string_equal(buffer_text(&buffer), cells[at][1]);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_grows_and_stays_terminated),
      cmocka_unit_test(test_limit_fails_once_and_for_all),
      cmocka_unit_test(test_numbers),
      cmocka_unit_test(test_cells_of_csv),
      cmocka_unit_test(test_errors_keep_the_first_fields),
      cmocka_unit_test(test_random),
      cmocka_unit_test(test_log_lines),
      cmocka_unit_test(test_long_log_lines_are_cut),
  };
  return cmocka_run_group_tests_name("buffer", tests, NULL, NULL);
}
