/* Habits: what was planted is found, and what is nothing but noise is not. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "event/patterns.h"

#include "base/banned.h"

#define TODAY 20000 /* 2024-10-04, a Friday */
#define LEARNERS 400
#define MS_PER_MINUTE INT64_C(60000)

/* Of so many learners with nothing but noise, at most one in a hundred may seem to have a habit. */
#define FALSE_ALARMS_MAX (LEARNERS / 100)

static uint32_t random_next(uint32_t *seed) {
  *seed = *seed * 1664525U + 1013904223U;
  return *seed >> 8;
}

/* Less than 1. */
static double random_share(uint32_t *seed) { return (double)random_next(seed) / (1 << 24); }

/* --- Time of day ------------------------------------------------------------------------------------ */

static struct pattern_time_of_day judge_hours(uint32_t *seed, int activities, uint64_t days, double evening) {
  uint64_t by_hour[INSIGHTS_HOURS] = {0};
  for (int at = 0; at < activities; at++) {
    bool is_evening = random_share(seed) < evening;
    by_hour[is_evening ? 18 + random_next(seed) % 6 : random_next(seed) % INSIGHTS_HOURS]++;
  }
  return pattern_time_of_day(by_hour, days);
}

static void test_time_of_day(void **state) {
  (void)state;
  uint32_t seed = 1;
  int found = 0;
  int alarms = 0;
  for (int at = 0; at < LEARNERS; at++) {
    struct pattern_time_of_day planted = judge_hours(&seed, 80, 20, 0.7);
    found += planted.found && planted.part == PART_EVENING;
    alarms += judge_hours(&seed, 30 + at % 200, 20, 0).found;
  }
  assert_in_range(found, LEARNERS * 99 / 100, LEARNERS);
  assert_in_range(alarms, 0, FALSE_ALARMS_MAX);
}

static void test_time_of_day_at_its_edges(void **state) {
  (void)state;
  uint64_t by_hour[INSIGHTS_HOURS] = {[5] = 1, [6] = 7, [11] = 8, [12] = 7, [17] = 7};
  assert_true(pattern_time_of_day(by_hour, 10).found); /* 15 of 30 in the morning, on ten days */
  assert_int_equal(pattern_time_of_day(by_hour, 10).part, PART_MORNING);
  assert_false(pattern_time_of_day(by_hour, 9).found);
  by_hour[5]++;
  assert_false(pattern_time_of_day(by_hour, 10).found); /* 15 of 31 */
  by_hour[5] = 0;
  assert_false(pattern_time_of_day(by_hour, 10).found); /* 29 are too few */
  uint64_t none[INSIGHTS_HOURS] = {0};
  assert_false(pattern_time_of_day(none, 0).found);
}

/* --- Days --------------------------------------------------------------------------------------------- */

/* Each of the last days, with the chance of its weekday. */
static size_t days_make(uint32_t *seed, const double *chances, int32_t span, int32_t *days) {
  size_t count = 0;
  for (int32_t day = TODAY - span + 1; day <= TODAY; day++)
    if (random_share(seed) < chances[(day + 3) % INSIGHTS_WEEKDAYS]) days[count++] = day;
  return count;
}

static void test_weekday_rhythm(void **state) {
  (void)state;
  static const double planted[][INSIGHTS_WEEKDAYS] = {{0.9, 0.1, 0.9, 0.1, 0.9, 0, 0},
                                                      {0.05, 0.05, 0.05, 0.05, 0.05, 0.9, 0.9},
                                                      {0.9, 0.9, 0.9, 0.9, 0.9, 0, 0}};
  uint32_t seed = 2;
  int found = 0;
  int alarms = 0;
  int32_t days[PATTERN_DAYS];
  for (int at = 0; at < LEARNERS; at++) {
    size_t count = days_make(&seed, planted[at % 3], PATTERN_DAYS, days);
    found += pattern_rhythm(days, count, TODAY).found;
    double chance = 0.1 + 0.8 * at / LEARNERS;
    const double noise[INSIGHTS_WEEKDAYS] = {chance, chance, chance, chance, chance, chance, chance};
    count = days_make(&seed, noise, PATTERN_DAYS, days);
    alarms += pattern_rhythm(days, count, TODAY).found;
  }
  assert_in_range(found, LEARNERS * 99 / 100, LEARNERS);
  assert_in_range(alarms, 0, FALSE_ALARMS_MAX);
}

static void test_weekday_rhythm_at_its_edges(void **state) {
  (void)state;
  int32_t days[PATTERN_DAYS];
  size_t count = 0;
  for (int32_t day = TODAY - 55; day <= TODAY; day++)
    if ((day - TODAY) % INSIGHTS_WEEKDAYS == 0) days[count++] = day;
  struct pattern_rhythm fridays = pattern_rhythm(days, count, TODAY);
  assert_int_equal(fridays.weeks, 7); /* since the first of them, seven weeks before today */
  assert_false(fridays.found);
  days[0] -= INSIGHTS_WEEKDAYS;
  fridays = pattern_rhythm(days, count, TODAY);
  assert_int_equal(fridays.weeks, 8);
  assert_true(fridays.found);
  assert_int_equal(fridays.shares[4] * 8, 7); /* one was moved before the eight */
  assert_true(fridays.shares[3] < 0.01);
  for (size_t at = 0; at < PATTERN_DAYS; at++)
    days[at] = TODAY - PATTERN_DAYS + 1 + (int32_t)at;
  assert_false(pattern_rhythm(days, PATTERN_DAYS, TODAY).found); /* every day is no rhythm */
  assert_false(pattern_rhythm(days, 0, TODAY).found);
}

static void test_consistency(void **state) {
  (void)state;
  static const double steady[INSIGHTS_WEEKDAYS] = {0.95, 0.95, 0.95, 0.95, 0.95, 0.95, 0.95};
  static const double now_and_then[INSIGHTS_WEEKDAYS] = {0.4, 0.4, 0.4, 0.4, 0.4, 0.4, 0.4};
  uint32_t seed = 3;
  int found = 0;
  int alarms = 0;
  int32_t days[PATTERN_DAYS];
  for (int at = 0; at < LEARNERS; at++) {
    found += pattern_consistency(days, days_make(&seed, steady, PATTERN_DAYS, days), TODAY).found;
    alarms += pattern_consistency(days, days_make(&seed, now_and_then, PATTERN_DAYS, days), TODAY).found;
  }
  assert_in_range(found, LEARNERS * 99 / 100, LEARNERS);
  assert_in_range(alarms, 0, FALSE_ALARMS_MAX);
}

static const struct consistency_case {
  int missing_from; /* days before today */
  int missing_to;
  int more_missing; /* every third of the rest, so many */
  uint64_t days;
  uint64_t pause;
  bool found;
} consistency_cases[] = {
    {-1, 0, 0, 28, 0, true},  /* every day */
    {0, 0, 0, 27, 0, true},   /* today is not over */
    {3, 1, 0, 25, 3, true},   /* the last three days */
    {4, 1, 0, 24, 4, false},  /* four are too many */
    {27, 25, 0, 25, 3, true}, /* at the beginning */
    {27, 24, 0, 24, 4, false}, {-1, 0, 8, 20, 1, true}, {-1, 0, 9, 19, 1, false},
};

static void test_consistency_at_its_edges(void **state) {
  (void)state;
  for (size_t at = 0; at < ARRAY_LENGTH(consistency_cases); at++) {
    const struct consistency_case *one = &consistency_cases[at];
    int32_t days[PATTERN_DAYS];
    size_t count = 0;
    int missing = one->more_missing;
    for (int ago = 40; ago >= 0; ago--) {
      if (ago <= one->missing_from && ago >= one->missing_to) continue;
      if (ago < PATTERN_CONSISTENT_OF && ago % 3 == 1 && missing-- > 0) continue;
      days[count++] = TODAY - ago;
    }
    struct pattern_consistency judged = pattern_consistency(days, count, TODAY);
    if (judged.days != one->days || judged.longest_pause != one->pause || judged.found != one->found)
      fail_msg("case %zu: %d days, pause %d, %d", at, (int)judged.days, (int)judged.longest_pause,
               judged.found);
  }
}

/* --- Sessions ----------------------------------------------------------------------------------------- */

#define SESSIONS 40

/* Of one to four events each, hours apart. */
static size_t sessions_make(uint32_t *seed, double shortest, double longest, struct pattern_moment *moments) {
  size_t count = 0;
  for (int at = 0; at < SESSIONS; at++) {
    double length = shortest + (longest - shortest) * random_share(seed);
    int events = 1 + (int)(random_next(seed) % 4);
    for (int event = 1; event <= events; event++)
      moments[count++] =
          (struct pattern_moment){.at_ms = (int64_t)at * 600 * MS_PER_MINUTE +
                                           (int64_t)(length * event / events * (double)MS_PER_MINUTE),
                                  .minutes = length / events};
  }
  return count;
}

static void test_session_length(void **state) {
  (void)state;
  static struct pattern_moment moments[4 * SESSIONS];
  static double lengths[4 * SESSIONS];
  uint32_t seed = 4;
  int found = 0;
  int alarms = 0;
  for (int at = 0; at < LEARNERS; at++) {
    size_t count = sessions_make(&seed, 20, 30, moments);
    struct pattern_session_length planted = pattern_session_length(moments, count, lengths);
    assert_int_equal(planted.sessions, SESSIONS);
    found += planted.found && planted.median > 20 && planted.median < 30;
    count = sessions_make(&seed, 2, 120, moments);
    alarms += pattern_session_length(moments, count, lengths).found;
  }
  assert_in_range(found, LEARNERS * 99 / 100, LEARNERS);
  assert_in_range(alarms, 0, FALSE_ALARMS_MAX);
}

static void test_what_is_one_session(void **state) {
  (void)state;
  double lengths[8];
  /* Ends at 10 and begins at 0; begins 30 after that; begins 31 after that; says nothing of its length. */
  const struct pattern_moment moments[] = {{.at_ms = 10 * MS_PER_MINUTE, .minutes = 10},
                                           {.at_ms = 45 * MS_PER_MINUTE, .minutes = 5},
                                           {.at_ms = 96 * MS_PER_MINUTE, .minutes = 20},
                                           {.at_ms = 200 * MS_PER_MINUTE, .minutes = 0}};
  struct pattern_session_length judged = pattern_session_length(moments, 4, lengths);
  assert_int_equal(judged.sessions, 2);
  assert_true(fabs(lengths[0] - 20) < 1e-9 && fabs(lengths[1] - 45) < 1e-9);
  assert_true(fabs(judged.median - 32.5) < 1e-9);
  assert_false(judged.found); /* too few */
  /* Two at once are no longer than one; a long one that ends late reaches back before both. */
  const struct pattern_moment at_once[] = {{.at_ms = 60 * MS_PER_MINUTE, .minutes = 10},
                                           {.at_ms = 60 * MS_PER_MINUTE, .minutes = 10},
                                           {.at_ms = 70 * MS_PER_MINUTE, .minutes = 40}};
  judged = pattern_session_length(at_once, 3, lengths);
  assert_int_equal(judged.sessions, 1);
  assert_true(fabs(lengths[0] - 40) < 1e-9);
  assert_int_equal(pattern_session_length(at_once, 0, lengths).sessions, 0);
}

/* --- Modules ------------------------------------------------------------------------------------------ */

static struct pattern_module module_make(uint32_t *seed, const char *name, int questions, double chance) {
  struct pattern_module module = {.module = name, .questions = (uint64_t)questions};
  for (int at = 0; at < questions; at++)
    module.correct += random_share(seed) < chance;
  module.accuracy = 100.0 * (double)module.correct / questions;
  return module;
}

static void test_modules(void **state) {
  (void)state;
  uint32_t seed = 5;
  int found = 0;
  int alarms = 0;
  for (int at = 0; at < LEARNERS; at++) {
    const struct pattern_module planted[] = {module_make(&seed, "even", 100, 0.75),
                                             module_make(&seed, "strong", 120, 0.92),
                                             module_make(&seed, "weak", 80, 0.45)};
    struct pattern_modules judged = pattern_modules(planted, ARRAY_LENGTH(planted));
    found += judged.found && judged.strongest.module == planted[1].module &&
             judged.weakest.module == planted[2].module;
    const struct pattern_module noise[] = {module_make(&seed, "a", 20, 0.7), module_make(&seed, "b", 30, 0.7),
                                           module_make(&seed, "c", 40, 0.7), module_make(&seed, "d", 25, 0.7),
                                           module_make(&seed, "e", 300, 0.7)};
    alarms += pattern_modules(noise, ARRAY_LENGTH(noise)).found;
  }
  assert_in_range(found, LEARNERS * 99 / 100, LEARNERS);
  assert_in_range(alarms, 0, FALSE_ALARMS_MAX);
}

static void test_modules_at_their_edges(void **state) {
  (void)state;
  const struct pattern_module modules[] = {
      {.module = "a", .questions = 1000, .correct = 800, .accuracy = 80},
      {.module = "b", .questions = 1000, .correct = 650, .accuracy = 65},
      {.module = "c", .questions = 1000, .correct = 651, .accuracy = 65.1},
      {.module = "d", .questions = 20, .correct = 13, .accuracy = 65},
      {.module = "e", .questions = 40, .correct = 40, .accuracy = 100},
  };
  assert_true(pattern_modules(modules, 2).found);      /* fifteen points */
  assert_false(pattern_modules(modules + 2, 2).found); /* next to none */
  const struct pattern_module pair[] = {modules[0], modules[2]};
  assert_false(pattern_modules(pair, 2).found); /* just under fifteen */
  const struct pattern_module few[] = {modules[0], modules[3]};
  assert_false(pattern_modules(few, 2).found); /* fifteen points, of twenty questions */
  assert_false(pattern_modules(modules, 1).found);
  assert_int_equal(pattern_modules(modules, 1).compared, PRESENCE_NULL);
  const struct pattern_module all_right[] = {modules[4], modules[4]};
  assert_false(pattern_modules(all_right, 2).found);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_time_of_day),    cmocka_unit_test(test_time_of_day_at_its_edges),
      cmocka_unit_test(test_weekday_rhythm), cmocka_unit_test(test_weekday_rhythm_at_its_edges),
      cmocka_unit_test(test_consistency),    cmocka_unit_test(test_consistency_at_its_edges),
      cmocka_unit_test(test_session_length), cmocka_unit_test(test_what_is_one_session),
      cmocka_unit_test(test_modules),        cmocka_unit_test(test_modules_at_their_edges),
  };
  return cmocka_run_group_tests_name("event/patterns", tests, NULL, NULL);
}
