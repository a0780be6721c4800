/* What an entry says, and by what it is known again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "learner/import_entry.h"
#include "learner/import_seen.h"
#include "schema/check.h"

#include "base/banned.h"

#define NOW "2025-06-01T12:00:00.000Z"

static struct arena *arena;
static struct error error;
static const char *user;

static int64_t now_ms(void) {
  int64_t now;
  assert_true(clock_parse_ms(NOW, &now));
  return now;
}

static bool read_attempt(const char *text, struct import_attempt *attempt) {
  struct import_item item = {.text = text, .bytes = strlen(text)};
  error_clear(&error);
  return import_entry_attempt(&item, now_ms(), arena, &error, attempt, &user);
}

static struct import_attempt attempt_of(const char *text) {
  struct import_attempt attempt;
  if (!read_attempt(text, &attempt)) fail_msg("%s: %s", text, error.message);
  return attempt;
}

#define WHEN "\"exercise_id\": \"e\", \"is_correct\": true, "

/* `time`: the member created_at as JSON. */
static void check_time(const char *time, const char *wanted) {
  char moment[CLOCK_ISO_BYTES];
  char *text = arena_printf(arena, "{" WHEN "\"created_at\": %s}", time);
  struct import_attempt attempt;
  if (wanted == NULL) {
    assert_false(read_attempt(text, &attempt));
    return;
  }
  attempt = attempt_of(text);
  clock_format_ms(attempt.created_at_ms, moment);
  assert_string_equal(moment, wanted);
}

static void test_tables_are_sound(void **state) {
  (void)state;
  assert_true(schema_check(&import_attempt_schema, &error));
  assert_true(schema_check(&import_streak_schema, &error));
}

static void test_times(void **state) {
  (void)state;
  check_time("\"2025-03-01T10:00:00Z\"", "2025-03-01T10:00:00.000Z");
  check_time("\"2025-03-01T10:00:00.123456\"", "2025-03-01T10:00:00.123Z");
  check_time("\"2025-03-01 10:00:00\"", "2025-03-01T10:00:00.000Z");
  check_time("\"2025-03-01 10:00:00+01:00\"", "2025-03-01T09:00:00.000Z");
  check_time("\"2025-03-01\"", "2025-03-01T00:00:00.000Z");
  check_time("1740823200", "2025-03-01T10:00:00.000Z");
  check_time("1740823200.5", "2025-03-01T10:00:00.500Z");
  check_time("1740823200500", "2025-03-01T10:00:00.500Z");
  check_time("0", "1970-01-01T00:00:00.000Z");
  check_time("\"" NOW "\"", NOW);
  check_time("-1", NULL);
  check_time("1e300", NULL);
  check_time("\"1740823200\"", NULL);
  check_time("\"2025-02-30\"", NULL);
  check_time("\"2025-06-01T12:06:00Z\"", NULL);
  check_time("\"\"", NULL);
  check_time("{}", NULL);
  check_time("true", NULL);
}

static void test_days(void **state) {
  (void)state;
  int32_t day;
  assert_true(clock_parse_day("2025-03-01", &day));
  struct import_attempt attempt = attempt_of("{" WHEN "\"date\": \"2025-03-01\"}");
  assert_true(attempt.has_day);
  assert_int_equal(attempt.day, day);
  attempt =
      attempt_of("{" WHEN "\"date\": \"2025-03-01T23:00:00Z\", \"practicedOn\": \"2025-03-02T01:00:00\"}");
  assert_true(attempt.has_day);
  assert_int_equal(attempt.day, day + 1);
  attempt = attempt_of("{" WHEN "\"date\": 1}");
  assert_false(attempt.has_day);
  assert_false(
      read_attempt("{" WHEN "\"date\": \"2025-03-01\", \"practised_on\": \"2025-03-04\"}", &attempt));
}

static bool same_digest(const char *left, const char *right) {
  struct import_attempt one = attempt_of(left);
  struct import_attempt other = attempt_of(right);
  return memcmp(one.key.digest, other.key.digest, IMPORT_DIGEST_BYTES) == 0;
}

static void test_content_makes_the_digest(void **state) {
  (void)state;
  const char *entry = "{" WHEN "\"created_at\": 1740823200, \"user_answer\": \"a\"}";
  assert_true(same_digest(entry, "{\"id\": 5, \"tokens\": 3, \"module\": \"m\", \"userAnswer\": \"\\u0061\","
                                 "\"isCorrect\": \"1\", \"exerciseId\": \"e\","
                                 "\"timestamp\": \"2025-03-01T10:00:00\"}"));
  assert_true(same_digest(entry, "{\"reason\": \"why\", \"entry\": {" WHEN
                                 "\"created_at\": 1740823200, \"user_answer\": \"a\"}}"));
  assert_false(same_digest(entry, "{" WHEN "\"created_at\": 1740823201, \"user_answer\": \"a\"}"));
  assert_false(same_digest(entry, "{" WHEN "\"created_at\": 1740823200, \"user_answer\": \"b\"}"));
  assert_false(same_digest(entry, "{" WHEN "\"created_at\": 1740823200, \"user_answer\": \"\"}"));
  assert_false(same_digest(entry, "{" WHEN "\"created_at\": 1740823200}"));
  assert_false(same_digest("{" WHEN "\"created_at\": 1740823200, \"user_answer\": \"\"}",
                           "{" WHEN "\"created_at\": 1740823200, \"user_answer\": null}"));
}

static void test_whose_it_is(void **state) {
  (void)state;
  attempt_of("{" WHEN "\"date\": 1, \"user_id\": 7}");
  assert_string_equal(user, "7");
  attempt_of("{" WHEN "\"date\": 1, \"user_id\": \"user_7\"}");
  assert_string_equal(user, "user_7");
  attempt_of("{" WHEN "\"date\": 1, \"user_id\": null}");
  assert_null(user);
}

/* --- Streaks --------------------------------------------------------------------------------------- */

static bool read_streak(const char *key, const char *text, struct import_streak *streak) {
  char *quoted = arena_printf(arena, "\"%s\"", key == NULL ? "" : key);
  struct import_item item = {.text = text, .bytes = strlen(text)};
  if (key != NULL) item.key = quoted + 1;
  if (key != NULL) item.key_bytes = strlen(key);
  error_clear(&error);
  return import_entry_streak(&item, now_ms(), arena, &error, streak, &user);
}

static void check_days(const char *text, const char *const *days, size_t count, int64_t longest) {
  struct import_streak streak;
  if (!read_streak("7", text, &streak)) fail_msg("%s: %s", text, error.message);
  assert_int_equal(streak.day_count, count);
  assert_int_equal(streak.longest, longest);
  for (size_t at = 0; at < count; at++) {
    char day[CLOCK_DAY_BYTES];
    clock_format_day(streak.days[at].day, day);
    assert_string_equal(day, days[at]);
  }
}

static void test_practice_dates(void **state) {
  (void)state;
  static const char *const days[] = {"2025-02-27", "2025-02-28", "2025-03-01"};
  check_days(
      "{\"practice_dates\": [\"2025-03-01\", \"2025-02-27T10:00:00Z\", \"2025-02-28\", \"2025-03-01\"]}",
      days, 3, 0);
  check_days("{\"practice_dates\": [\"2025-02-27\", \"2025-02-28\"], \"last_practice_date\": \"2025-03-01\","
             "\"current_streak\": 9, \"longest_streak\": 4}",
             days, 3, 9);
  check_days("{\"current_streak\": 3, \"last_practice_date\": \"2025-03-01\", \"longest_streak\": 5}", days,
             3, 5);
  check_days("{\"current_streak\": 3, \"last_practice_date\": null, \"practice_dates\": null}", days, 0, 3);
  check_days("{}", days, 0, 0);
}

static void test_broken_streaks(void **state) {
  (void)state;
  struct import_streak streak;
  assert_false(read_streak("7", "[]", &streak));
  assert_string_equal(user, "7");
  assert_false(read_streak("7", "{\"practice_dates\": [\"2025-06-03\"]}", &streak));
  assert_true(read_streak("7", "{\"practice_dates\": [\"2025-06-02\"]}", &streak)); /* it is, somewhere */
  assert_false(read_streak("7", "{\"practice_dates\": [\"1969-12-31\"]}", &streak));
  assert_false(read_streak("7", "{\"practice_dates\": [5]}", &streak));
  assert_false(read_streak("7", "{\"practice_dates\": \"2025-06-02\"}", &streak));
  assert_false(read_streak("7", "{\"longest_streak\": 40001}", &streak));
  assert_false(read_streak("7", "{\"time_zone\": \"Mars/Base\"}", &streak));
  assert_false(read_streak("\\ud800", "{}", &streak));
  assert_false(read_streak(NULL, "{}", &streak));
  assert_true(read_streak(NULL, "{\"user_id\": 7}", &streak));
  assert_string_equal(user, "7");
  assert_true(read_streak("a\\u0062", "{}", &streak));
  assert_string_equal(user, "ab");
}

/* --- Counting -------------------------------------------------------------------------------------- */

static void test_the_same_is_counted(void **state) {
  (void)state;
  CLEANUP(import_seen_free) struct import_seen seen = {.marks = NULL};
  unsigned char digest[IMPORT_DIGEST_BYTES];
  uint32_t count;
  for (unsigned round = 1; round <= 3; round++)
    for (int64_t at = 0; at < 5000; at++) {
      import_entry_digest("e", true, at, NULL, digest);
      assert_true(import_seen_add(&seen, digest, &error, &count));
      assert_int_equal(count, round);
    }
  assert_int_equal(seen.used, 5000);
  memset(digest, 0, sizeof digest); /* stands for a place that is taken, too */
  assert_true(import_seen_add(&seen, digest, &error, &count));
  assert_int_equal(count, 1);
  for (count = 1; count < IMPORT_SAME_MAX;)
    assert_true(import_seen_add(&seen, digest, &error, &count));
  assert_false(import_seen_add(&seen, digest, &error, &count));
  assert_int_equal(error.code, ERROR_TOO_LARGE);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_tables_are_sound),
      cmocka_unit_test(test_times),
      cmocka_unit_test(test_days),
      cmocka_unit_test(test_content_makes_the_digest),
      cmocka_unit_test(test_whose_it_is),
      cmocka_unit_test(test_practice_dates),
      cmocka_unit_test(test_broken_streaks),
      cmocka_unit_test(test_the_same_is_counted),
  };
  arena = arena_new((size_t)64 * 1024 * 1024);
  int failed = arena == NULL ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
  arena_free(arena);
  return failed;
}
