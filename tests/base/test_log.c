#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/log.h"

#include "base/banned.h"

#define CONTENT_BYTES 8192

static char directory[] = "/tmp/lockstep-test-log-XXXXXX";
static char path[sizeof directory + 8];
static char content[CONTENT_BYTES];

static int setup(void **state) {
  (void)state;
  if (mkdtemp(directory) == NULL) return -1;
  snprintf(path, sizeof path, "%s/log", directory);
  log_setup("a-test", LOG_LEVEL_INFO);
  return log_open_file(path) ? 0 : -1;
}

static int teardown(void **state) {
  (void)state;
  bool is_back = log_open_file(NULL);
  unlink(path);
  return is_back && rmdir(directory) == 0 ? 0 : -1;
}

/* What was written since the last call. */
static const char *written(void) {
  FILE *file = fopen(path, "r+");
  assert_non_null(file);
  size_t bytes = fread(content, 1, sizeof content - 1, file);
  content[bytes] = '\0';
  assert_int_equal(ftruncate(fileno(file), 0), 0);
  fclose(file);
  return content;
}

static void test_a_line_has_its_pairs(void **state) {
  (void)state;
  struct log_line line;
  struct error error = ERROR_INIT;
  error_set(&error, ERROR_INTERNAL, "It broke.");
  error_detail(&error, "here");
  error.sql_errno = 1064;
  log_begin(&line, LOG_LEVEL_WARN, "request");
  log_add(&line, "route", "/api/progress");
  log_add(&line, "absent", NULL);
  log_add_i64(&line, "status", -1);
  log_add_ms(&line, "took_ms", 1234567);
  log_add_error(&line, &error);
  log_end(&line);
  const char *text = written();
  assert_memory_equal(text, "ts=20", 5);
  assert_non_null(strstr(text, " level=warn program=a-test pid="));
  const char *tail =
      " event=request route=/api/progress status=-1 took_ms=1.235 error=\"It broke.\" detail=here "
      "sql_errno=1064\n";
  assert_string_equal(strstr(text, " event="), tail);
}

static void test_values_cannot_forge_lines_or_pairs(void **state) {
  (void)state;
  log_write(LOG_LEVEL_INFO, "x", "%s", "a\nlevel=error \"b\" \\ \x1b[0m");
  assert_string_equal(strstr(written(), " msg="), " msg=\"a\\x0alevel=error \\\"b\\\" \\\\ \\x1b[0m\"\n");
  log_write(LOG_LEVEL_INFO, "x", "%s", "");
  assert_string_equal(strstr(written(), " msg="), " msg=\"\"\n");
}

static void test_lines_below_the_level_are_dropped(void **state) {
  (void)state;
  log_write(LOG_LEVEL_DEBUG, "x", "%s", "low");
  assert_string_equal(written(), "");
  log_setup("a-test", LOG_LEVEL_DEBUG);
  log_write(LOG_LEVEL_DEBUG, "x", "%s", "low");
  assert_non_null(strstr(written(), "msg=low"));
  log_setup("a-test", LOG_LEVEL_INFO);
}

static void test_a_long_line_is_cut_and_says_so(void **state) {
  (void)state;
  char value[2 * LOG_LINE_BYTES];
  struct log_line line;
  memset(value, 'x', sizeof value - 1);
  value[sizeof value - 1] = '\0';
  log_begin(&line, LOG_LEVEL_INFO, "long");
  log_add(&line, "value", value);
  log_add(&line, "more", "1");
  log_end(&line);
  const char *text = written();
  assert_true(strlen(text) < LOG_LINE_BYTES);
  assert_string_equal(text + strlen(text) - 7, " cut=1\n");
  assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
}

static void test_reopening_follows_a_rotation(void **state) {
  (void)state;
  char rotated[sizeof path + 8];
  snprintf(rotated, sizeof rotated, "%s.1", path);
  log_write(LOG_LEVEL_INFO, "before", "1");
  assert_int_equal(rename(path, rotated), 0);
  assert_true(log_open_file(path));
  log_write(LOG_LEVEL_INFO, "after", "2");
  const char *text = written();
  assert_non_null(strstr(text, "event=after"));
  assert_null(strstr(text, "event=before"));
  assert_int_equal(unlink(rotated), 0);
}

static void test_a_file_that_cannot_be_opened_changes_nothing(void **state) {
  (void)state;
  assert_false(log_open_file("/nonexistent/log"));
  log_write(LOG_LEVEL_INFO, "still", "1");
  assert_non_null(strstr(written(), "event=still"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_a_line_has_its_pairs),
      cmocka_unit_test(test_values_cannot_forge_lines_or_pairs),
      cmocka_unit_test(test_lines_below_the_level_are_dropped),
      cmocka_unit_test(test_a_long_line_is_cut_and_says_so),
      cmocka_unit_test(test_reopening_follows_a_rotation),
      cmocka_unit_test(test_a_file_that_cannot_be_opened_changes_nothing),
  };
  return cmocka_run_group_tests(tests, setup, teardown);
}
