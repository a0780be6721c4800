#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/attributes.h"
#include "base/clock.h"
#include "base/zone.h"

#include "base/banned.h"

static void test_days_and_calendar_agree(void **state) {
  (void)state;
  int year = 1000;
  int month = 1;
  int day = 1;
  assert_int_equal(clock_day_from_civil(1970, 1, 1), 0);
  assert_int_equal(clock_day_from_civil(1000, 1, 1), CLOCK_MIN_DAY);
  assert_int_equal(clock_day_from_civil(9999, 12, 31), CLOCK_MAX_DAY);
  for (int32_t number = CLOCK_MIN_DAY; number <= CLOCK_MAX_DAY; number++) {
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int same_year;
    int same_month;
    int same_day;
    clock_civil_from_day(number, &same_year, &same_month, &same_day);
    if (same_year != year || same_month != month || same_day != day ||
        clock_day_from_civil(year, month, day) != number)
      fail_msg("%d-%d-%d is day %d", year, month, day, number);
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    if (++day > lengths[month - 1] + (month == 2 && leap ? 1 : 0)) {
      day = 1;
      if (++month > 12) {
        month = 1;
        year++;
      }
    }
  }
}

static void test_formats_and_parses_back(void **state) {
  static const int64_t times[] = {0, 1, -1, 951782400000, 1700000000123, CLOCK_MIN_MS, CLOCK_MAX_MS};
  (void)state;
  for (size_t at = 0; at < ARRAY_LENGTH(times); at++) {
    char text[CLOCK_ISO_BYTES];
    int64_t back;
    clock_format_ms(times[at], text);
    assert_int_equal(strlen(text), CLOCK_ISO_BYTES - 1);
    assert_true(clock_parse_ms(text, &back));
    assert_true(back == times[at]);
  }
  char text[CLOCK_ISO_BYTES];
  clock_format_ms(INT64_MAX, text);
  assert_string_equal(text, "9999-12-31T23:59:59.999Z");
  clock_format_ms(INT64_MIN, text);
  assert_string_equal(text, "1000-01-01T00:00:00.000Z");
}

static void test_parses_what_clients_send(void **state) {
  static const struct {
    const char *text;
    const char *same;
  } cases[] = {{"2026-11-21T00:53:07.123456Z", "2026-11-21T00:53:07.123Z"},
               {"2026-11-21T00:53:07Z", "2026-11-21T00:53:07.000Z"},
               {"2026-11-21T00:53Z", "2026-11-21T00:53:00.000Z"},
               {"2026-11-21t02:53:07.1+02:00", "2026-11-21T00:53:07.100Z"},
               {"2026-11-20T14:53:07-1000", "2026-11-21T00:53:07.000Z"},
               {"2016-12-31T23:59:60Z", "2016-12-31T23:59:59.000Z"}};
  (void)state;
  for (size_t at = 0; at < ARRAY_LENGTH(cases); at++) {
    char text[CLOCK_ISO_BYTES];
    int64_t time_ms;
    if (!clock_parse_ms(cases[at].text, &time_ms)) fail_msg("%s", cases[at].text);
    clock_format_ms(time_ms, text);
    assert_string_equal(text, cases[at].same);
  }
}

static void test_refuses_what_is_no_time(void **state) {
  static const char *const texts[] = {"",
                                      "2026-11-21",
                                      "2026-11-21T00:53:07",
                                      "2026-02-29T00:00:00Z",
                                      "2026-13-01T00:00:00Z",
                                      "2026-11-21T24:00:00Z",
                                      "2026-11-21T00:60:00Z",
                                      "2026-11-21T00:00:00.Z",
                                      "2026-11-21T00:00:00+25:00",
                                      "2026-11-21T00:00:00Zx",
                                      "0999-01-01T00:00:00Z",
                                      "1000-01-01T00:00:00+01:00",
                                      "99999-01-01T00:00:00Z",
                                      "2026-11-2"};
  static const char *const days[] = {"2026-02-29", "2026-00-01", "2026-1-1", "2026-01-01T", "", "0000-01-01"};
  (void)state;
  for (size_t at = 0; at < ARRAY_LENGTH(texts); at++) {
    int64_t time_ms = 7;
    if (clock_parse_ms(texts[at], &time_ms)) fail_msg("%s", texts[at]);
    assert_true(time_ms == 7);
  }
  for (size_t at = 0; at < ARRAY_LENGTH(days); at++) {
    int32_t day;
    if (clock_parse_day(days[at], &day)) fail_msg("%s", days[at]);
  }
}

static int32_t day_in(struct zone_cache *zones, const char *zone, const char *time) {
  int64_t time_ms;
  assert_true(clock_parse_ms(time, &time_ms));
  return zone_day_at(zones, zone, time_ms);
}

static int32_t day(const char *text) {
  int32_t number;
  assert_true(clock_parse_day(text, &number));
  return number;
}

/* Computed by hand from the zones' rules. */
static void test_the_day_is_where_the_learner_is(void **state) {
  static const struct {
    const char *zone;
    const char *time;
    const char *day;
  } cases[] = {
      {"UTC", "2026-03-01T23:59:59.999Z", "2026-03-01"},
      {"Pacific/Kiritimati", "2026-03-01T09:59:59Z", "2026-03-01"},
      {"Pacific/Kiritimati", "2026-03-01T10:00:00Z", "2026-03-02"},
      {"Pacific/Pago_Pago", "2026-03-01T10:59:59Z", "2026-02-28"},
      {"Pacific/Pago_Pago", "2026-03-01T11:00:00Z", "2026-03-01"},
      {"Europe/Berlin", "2026-03-28T22:59:59Z", "2026-03-28"}, /* the last hour of standard time's day */
      {"Europe/Berlin", "2026-03-28T23:00:00Z", "2026-03-29"},
      {"Europe/Berlin", "2026-03-29T21:59:59Z", "2026-03-29"}, /* summer time since 01:00Z */
      {"Europe/Berlin", "2026-03-29T22:00:00Z", "2026-03-30"},
      {"America/New_York", "2026-11-01T03:59:59Z", "2026-10-31"},
      {"America/New_York", "2026-11-01T04:00:00Z", "2026-11-01"},
      {"America/New_York", "2026-11-02T04:59:59Z", "2026-11-01"}, /* standard time again */
      {"America/New_York", "2026-11-02T05:00:00Z", "2026-11-02"},
      {"Asia/Kathmandu", "2026-03-01T18:14:59Z", "2026-03-01"}, /* +05:45 */
      {"Asia/Kathmandu", "2026-03-01T18:15:00Z", "2026-03-02"},
      {"Nowhere/AtAll", "2026-03-01T23:00:00Z", "2026-03-01"},
      {"UTC", "1969-12-31T23:59:59.999Z", "1969-12-31"}};
  (void)state;
  struct zone_cache *zones = zone_cache_new();
  assert_non_null(zones);
  for (int round = 0; round < 2; round++)
    for (size_t at = 0; at < ARRAY_LENGTH(cases); at++)
      if (day_in(zones, cases[at].zone, cases[at].time) != day(cases[at].day))
        fail_msg("%s in %s", cases[at].time, cases[at].zone);
  zone_cache_free(zones);
}

/* More zones than the cache has places: what is thrown out comes back right. */
static void test_zone_cache_turns_over(void **state) {
  static const char *const zones_east[] = {
      "Europe/London", "Europe/Paris",  "Europe/Athens", "Europe/Moscow", "Asia/Dubai",    "Asia/Karachi",
      "Asia/Dhaka",    "Asia/Bangkok",  "Asia/Shanghai", "Asia/Tokyo",    "Asia/Magadan",  "Asia/Kamchatka",
      "Asia/Kolkata",  "Asia/Kabul",    "Asia/Tehran",   "Asia/Yangon",   "Asia/Colombo",  "Asia/Tashkent",
      "Asia/Almaty",   "Asia/Shanghai", "Asia/Manila",   "Asia/Seoul",    "Pacific/Palau", "Pacific/Guam"};
  (void)state;
  struct zone_cache *zones = zone_cache_new();
  for (int round = 0; round < 3; round++)
    for (size_t at = 0; at < ARRAY_LENGTH(zones_east); at++)
      assert_int_equal(day_in(zones, zones_east[at], "2026-06-01T12:00:00Z") -
                           (strcmp(zones_east[at], "Asia/Kamchatka") == 0 ? 1 : 0),
                       day("2026-06-01"));
  zone_cache_free(zones);
}

static void test_knows_zones(void **state) {
  (void)state;
  assert_true(zone_is_known("Europe/Lisbon"));
  assert_true(zone_is_known("UTC"));
  assert_false(zone_is_known(""));
  assert_false(zone_is_known("GMT+3"));
  assert_false(zone_is_known("Europe/Nowhere"));
  assert_false(zone_is_known("Europe/Lisb\xc3\xb3n"));
  assert_false(zone_is_known("A/very/long/name/that/no/zone/of/the/whole/wide/world/has/ever/had/at/all"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_days_and_calendar_agree),
      cmocka_unit_test(test_formats_and_parses_back),
      cmocka_unit_test(test_parses_what_clients_send),
      cmocka_unit_test(test_refuses_what_is_no_time),
      cmocka_unit_test(test_the_day_is_where_the_learner_is),
      cmocka_unit_test(test_zone_cache_turns_over),
      cmocka_unit_test(test_knows_zones),
  };
  return cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}
