#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/attributes.h"
#include "base/clock.h"
#include "learner/streak.h"

#include "base/banned.h"

static int32_t day(const char *text) {
  int32_t number;
  assert_true(clock_parse_day(text, &number));
  return number;
}

static void test_nothing_practised(void **state) {
  (void)state;
  struct streak streak = streak_from_days(NULL, 0);
  assert_false(streak.practised);
  assert_int_equal(streak.current, 0);
  assert_int_equal(streak_current_on(&streak, day("2026-03-01")), 0);
}

static void test_run_over_leap_day_and_new_year(void **state) {
  (void)state;
  const int32_t leap[] = {day("2028-02-28"), day("2028-02-29"), day("2028-03-01")};
  const int32_t year[] = {day("2026-12-31"), day("2027-01-01")};
  assert_int_equal(streak_from_days(leap, ARRAY_LENGTH(leap)).current, 3);
  assert_int_equal(streak_from_days(year, ARRAY_LENGTH(year)).current, 2);
}

static void test_gap_begins_anew_and_keeps_the_longest(void **state) {
  (void)state;
  const int32_t days[] = {day("2026-03-01"), day("2026-03-02"), day("2026-03-03"), day("2026-03-05")};
  struct streak streak = streak_from_days(days, ARRAY_LENGTH(days));
  assert_int_equal(streak.current, 1);
  assert_int_equal(streak.longest, 3);
  assert_int_equal(streak.last_day, day("2026-03-05"));
}

static void test_same_day_twice_counts_once(void **state) {
  (void)state;
  struct streak streak = {.practised = false};
  assert_true(streak_extend(&streak, day("2026-03-01")));
  assert_true(streak_extend(&streak, day("2026-03-01")));
  assert_int_equal(streak.current, 1);
}

static void test_late_arrival_asks_for_a_recount(void **state) {
  (void)state;
  struct streak streak = {.practised = false};
  assert_true(streak_extend(&streak, day("2026-03-03")));
  struct streak before = streak;
  assert_false(streak_extend(&streak, day("2026-03-02")));
  assert_memory_equal(&before, &streak, sizeof streak);
}

static void test_today_without_practice_breaks_nothing(void **state) {
  (void)state;
  const int32_t days[] = {day("2026-03-01"), day("2026-03-02")};
  struct streak streak = streak_from_days(days, ARRAY_LENGTH(days));
  assert_int_equal(streak_current_on(&streak, day("2026-03-02")), 2);
  assert_int_equal(streak_current_on(&streak, day("2026-03-03")), 2);
  assert_int_equal(streak_current_on(&streak, day("2026-03-04")), 0);
}

static void test_agrees_with_counting_by_hand(void **state) {
  (void)state;
  uint32_t seed = 7;
  for (int round = 0; round < 500; round++) {
    int32_t days[60];
    bool marked[64] = {false};
    size_t count = 0;
    for (int32_t at = 0; at < 60; at++) {
      seed = seed * 1664525 + 1013904223;
      if ((seed >> 24) % 4 == 0) continue;
      marked[at] = true;
      days[count++] = 20000 + at;
    }
    int64_t longest = 0;
    int64_t run = 0;
    int64_t last_run = 0;
    for (int32_t at = 0; at < 60; at++) {
      run = marked[at] ? run + 1 : 0;
      if (run > longest) longest = run;
      if (marked[at]) last_run = run;
    }
    struct streak streak = streak_from_days(days, count);
    assert_int_equal(streak.longest, longest);
    assert_int_equal(streak.current, last_run);
  }
}

static void test_the_days_of_the_run(void **state) {
  (void)state;
  const int32_t days[] = {day("2026-02-20"), day("2026-03-01"), day("2026-03-02")};
  struct streak streak = streak_from_days(days, 3);
  assert_true(streak_runs_through(&streak, day("2026-03-02")));
  assert_true(streak_runs_through(&streak, day("2026-03-01")));
  assert_false(streak_runs_through(&streak, day("2026-03-03")));
  assert_false(streak_runs_through(&streak, day("2026-02-28")));
  /* A day ahead of the learner's own calendar says nothing of today. */
  streak = streak_from_days(&days[2], 1);
  assert_false(streak_runs_through(&streak, day("2026-03-01")));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_nothing_practised),
      cmocka_unit_test(test_run_over_leap_day_and_new_year),
      cmocka_unit_test(test_gap_begins_anew_and_keeps_the_longest),
      cmocka_unit_test(test_same_day_twice_counts_once),
      cmocka_unit_test(test_late_arrival_asks_for_a_recount),
      cmocka_unit_test(test_today_without_practice_breaks_nothing),
      cmocka_unit_test(test_the_days_of_the_run),
      cmocka_unit_test(test_agrees_with_counting_by_hand),
  };
  return cmocka_run_group_tests_name("streak", tests, NULL, NULL);
}
