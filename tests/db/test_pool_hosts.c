#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "db/pool_hosts.h"

#include "base/banned.h"

#define LONGEST_AWAY_MS (POOL_PAUSE_AWAY_MS * 12 / 10)

static size_t choose(struct pool_hosts *hosts, int64_t now_ms) {
  size_t index = SIZE_MAX;
  return pool_hosts_choose(hosts, now_ms, &index) ? index : SIZE_MAX;
}

static void test_the_first_host_is_preferred(void **state) {
  struct pool_hosts hosts;
  (void)state;
  assert_true(pool_hosts_init(&hosts, 3, 7));
  assert_int_equal(choose(&hosts, 1000), 0);
  assert_int_equal(choose(&hosts, 1000), 0);
  pool_hosts_report(&hosts, 0, true, 1000, 1001);
  assert_int_equal(choose(&hosts, 1002), 0);
  pool_hosts_free(&hosts);
}

static void test_the_next_one_takes_over_until_the_first_is_back(void **state) {
  struct pool_hosts hosts;
  (void)state;
  assert_true(pool_hosts_init(&hosts, 2, 7));
  pool_hosts_report(&hosts, 0, false, 1000, 1001);
  assert_int_equal(hosts.away_since_ms, 0);
  assert_int_equal(choose(&hosts, 1001), 1);
  pool_hosts_report(&hosts, 1, true, 1001, 1002);
  assert_int_equal(choose(&hosts, 1003), 1);
  /* After its pause one thread tries the first again; the others stay with what works. */
  assert_int_equal(choose(&hosts, 1100), 0);
  assert_int_equal(choose(&hosts, 1100), 1);
  pool_hosts_report(&hosts, 0, true, 1100, 1101);
  assert_int_equal(choose(&hosts, 1102), 0);
  pool_hosts_free(&hosts);
}

static void test_one_thread_at_a_time_probes(void **state) {
  struct pool_hosts hosts;
  (void)state;
  assert_true(pool_hosts_init(&hosts, 1, 7));
  pool_hosts_report(&hosts, 0, false, 1000, 1000);
  assert_int_equal(hosts.away_since_ms, 1000);
  assert_int_equal(choose(&hosts, 1000), SIZE_MAX);
  int64_t next_ms = pool_hosts_next_ms(&hosts);
  assert_in_range(next_ms, 1001, 1000 + LONGEST_AWAY_MS);
  assert_int_equal(choose(&hosts, next_ms), 0);
  assert_int_equal(choose(&hosts, next_ms), SIZE_MAX);
  assert_true(pool_hosts_next_ms(&hosts) == INT64_MAX);
  pool_hosts_report(&hosts, 0, true, next_ms, next_ms + 1);
  assert_int_equal(hosts.away_since_ms, 0);
  assert_int_equal(choose(&hosts, next_ms + 1), 0);
  assert_int_equal(choose(&hosts, next_ms + 1), 0);
  pool_hosts_free(&hosts);
}

/* However long it was away: what decides how soon the service is back. */
static void test_the_pause_grows_and_stays_short_while_nobody_is_well(void **state) {
  struct pool_hosts hosts;
  int64_t now_ms = 1000;
  int64_t first_ms = 0;
  int64_t last_ms = 0;
  (void)state;
  assert_true(pool_hosts_init(&hosts, 1, 7));
  for (int i = 0; i < 200; i++) {
    pool_hosts_report(&hosts, 0, false, now_ms, now_ms);
    last_ms = pool_hosts_next_ms(&hosts) - now_ms;
    if (i == 0) first_ms = last_ms;
    assert_in_range(last_ms, 1, LONGEST_AWAY_MS);
    now_ms += last_ms;
    assert_int_equal(choose(&hosts, now_ms), 0);
  }
  assert_true(first_ms < 100);
  assert_true(last_ms > 300);
  pool_hosts_free(&hosts);
}

/* A host that was left alone for long because another was well is tried soon when that one fails. */
static void test_the_spare_pause_ends_when_the_other_fails(void **state) {
  struct pool_hosts hosts;
  int64_t now_ms = 1000;
  (void)state;
  assert_true(pool_hosts_init(&hosts, 2, 7));
  for (int i = 0; i < 12; i++) {
    pool_hosts_report(&hosts, 0, false, now_ms, now_ms);
    now_ms = hosts.items[0].retry_spare_ms;
  }
  assert_in_range(hosts.items[0].retry_spare_ms - hosts.items[0].failed_ms, POOL_PAUSE_SPARE_MS * 8 / 10,
                  POOL_PAUSE_SPARE_MS * 12 / 10);
  now_ms = hosts.items[0].failed_ms + LONGEST_AWAY_MS;
  assert_int_equal(choose(&hosts, now_ms), 1);
  pool_hosts_report(&hosts, 1, false, now_ms, now_ms);
  assert_int_equal(choose(&hosts, now_ms), 0);
  pool_hosts_free(&hosts);
}

static void test_failures_of_one_cause_count_once(void **state) {
  struct pool_hosts hosts;
  (void)state;
  assert_true(pool_hosts_init(&hosts, 1, 7));
  for (int i = 0; i < 8; i++)
    pool_hosts_report(&hosts, 0, false, 1000, 1001);
  assert_int_equal(hosts.items[0].failures, 1);
  pool_hosts_report(&hosts, 0, false, 1200, 1201);
  assert_int_equal(hosts.items[0].failures, 2);
  pool_hosts_free(&hosts);
}

static void test_jitter_stays_within_its_bounds(void **state) {
  struct pool_hosts hosts;
  int64_t lowest = INT64_MAX;
  int64_t highest = 0;
  (void)state;
  assert_true(pool_hosts_init(&hosts, 1, 0));
  for (int i = 0; i < 10000; i++) {
    int64_t value = pool_hosts_jitter(&hosts, 1000, 10);
    if (value < lowest) lowest = value;
    if (value > highest) highest = value;
  }
  assert_in_range(lowest, 900, 910);
  assert_in_range(highest, 1090, 1100);
  assert_int_equal(pool_hosts_jitter(&hosts, 0, 10), 0);
  pool_hosts_free(&hosts);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_the_first_host_is_preferred),
      cmocka_unit_test(test_the_next_one_takes_over_until_the_first_is_back),
      cmocka_unit_test(test_one_thread_at_a_time_probes),
      cmocka_unit_test(test_the_pause_grows_and_stays_short_while_nobody_is_well),
      cmocka_unit_test(test_the_spare_pause_ends_when_the_other_fails),
      cmocka_unit_test(test_failures_of_one_cause_count_once),
      cmocka_unit_test(test_jitter_stays_within_its_bounds),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
