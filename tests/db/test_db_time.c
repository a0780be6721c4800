#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "db/db_internal.h"

#include "base/banned.h"

static void assert_time(int64_t time_ms, unsigned year, unsigned month, unsigned day, unsigned hour,
                        unsigned minute, unsigned second, unsigned long microsecond) {
  MYSQL_TIME time;
  db_time_from_ms(time_ms, &time);
  assert_int_equal(time.year, year);
  assert_int_equal(time.month, month);
  assert_int_equal(time.day, day);
  assert_int_equal(time.hour, hour);
  assert_int_equal(time.minute, minute);
  assert_int_equal(time.second, second);
  assert_int_equal(time.second_part, microsecond);
  assert_int_equal(time.time_type, MYSQL_TIMESTAMP_DATETIME);
  assert_false(time.neg);
}

static void test_times_are_taken_apart(void **state) {
  (void)state;
  assert_time(0, 1970, 1, 1, 0, 0, 0, 0);
  assert_time(-1, 1969, 12, 31, 23, 59, 59, 999000);
  assert_time(-86400000, 1969, 12, 31, 0, 0, 0, 0);
  assert_time(951782400001, 2000, 2, 29, 0, 0, 0, 1000);
  assert_time(CLOCK_MIN_MS, 1000, 1, 1, 0, 0, 0, 0);
  assert_time(CLOCK_MAX_MS, 9999, 12, 31, 23, 59, 59, 999000);
}

static void test_times_out_of_bounds_are_clamped(void **state) {
  MYSQL_TIME day;
  (void)state;
  assert_time(INT64_MIN, 1000, 1, 1, 0, 0, 0, 0);
  assert_time(INT64_MAX, 9999, 12, 31, 23, 59, 59, 999000);
  db_time_from_day(INT32_MIN, &day);
  assert_int_equal(day.year, 1000);
  db_time_from_day(INT32_MAX, &day);
  assert_int_equal(day.year, 9999);
}

static void test_times_return(void **state) {
  (void)state;
  for (int64_t time_ms = CLOCK_MIN_MS; time_ms < CLOCK_MAX_MS; time_ms += INT64_C(12345678901)) {
    MYSQL_TIME time;
    db_time_from_ms(time_ms, &time);
    assert_true(db_time_to_ms(&time) == time_ms);
  }
  for (int32_t day = CLOCK_MIN_DAY; day < CLOCK_MAX_DAY; day += 97) {
    MYSQL_TIME time;
    db_time_from_day(day, &time);
    assert_int_equal(db_time_to_day(&time), day);
  }
}

static void test_zero_dates_are_the_first_day(void **state) {
  (void)state;
  assert_int_equal(db_time_to_day(&(MYSQL_TIME){.year = 0}), CLOCK_MIN_DAY);
  assert_int_equal(db_time_to_day(&(MYSQL_TIME){.year = 2020, .month = 0, .day = 1}), CLOCK_MIN_DAY);
  assert_int_equal(db_time_to_day(&(MYSQL_TIME){.year = 2020, .month = 2, .day = 0}), CLOCK_MIN_DAY);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_times_are_taken_apart),
      cmocka_unit_test(test_times_out_of_bounds_are_clamped),
      cmocka_unit_test(test_times_return),
      cmocka_unit_test(test_zero_dates_are_the_first_day),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
