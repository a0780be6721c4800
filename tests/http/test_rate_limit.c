#include "http/rate_limit.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/banned.h"

#define SECOND INT64_C(1000000000)
#define START (1000 * SECOND)

static int setup(void **state) {
  struct rate_limit *limit = calloc(1, sizeof *limit);
  if (limit == NULL) return -1;
  rate_limit_init(limit);
  *state = limit;
  return 0;
}

static int teardown(void **state) {
  free(*state);
  return 0;
}

static int take_many(void **state, const char *address, int64_t per_minute, int64_t now_ns, int count) {
  int retry_after_s;
  int taken = 0;
  for (int at = 0; at < count; at++)
    taken += rate_limit_take(*state, address, per_minute, now_ns, &retry_after_s) ? 1 : 0;
  return taken;
}

static void test_a_minutes_worth_at_once(void **state) {
  int retry_after_s = 0;
  assert_int_equal(take_many(state, "192.0.2.1", 10, START, 30), 10);
  assert_false(rate_limit_take(*state, "192.0.2.1", 10, START, &retry_after_s));
  assert_int_equal(retry_after_s, 6);
}

static void test_it_fills_again_with_time(void **state) {
  assert_int_equal(take_many(state, "192.0.2.1", 10, START, 30), 10);
  assert_int_equal(take_many(state, "192.0.2.1", 10, START + 5 * SECOND, 30), 0);
  assert_int_equal(take_many(state, "192.0.2.1", 10, START + 6 * SECOND, 30), 1);
  assert_int_equal(take_many(state, "192.0.2.1", 10, START + 30 * SECOND, 30), 4);
  assert_int_equal(take_many(state, "192.0.2.1", 10, START + 600 * SECOND, 30), 10);
}

static void test_addresses_are_apart(void **state) {
  assert_int_equal(take_many(state, "192.0.2.1", 3, START, 9), 3);
  assert_int_equal(take_many(state, "192.0.2.2", 3, START, 9), 3);
  assert_int_equal(take_many(state, "2001:db8:1:1::1", 3, START, 9), 3);
  assert_int_equal(take_many(state, "2001:db8:1:2::1", 3, START, 9), 3);
}

/* Whoever has one IPv6 address has a whole /64 of them. */
static void test_an_ipv6_network_is_one(void **state) {
  assert_int_equal(take_many(state, "2001:db8:1:1::1", 3, START, 9), 3);
  assert_int_equal(take_many(state, "2001:db8:1:1:ffff::2", 3, START, 9), 0);
  assert_int_equal(take_many(state, "2001:0db8:0001:0001::9", 3, START, 9), 0);
}

static void test_nought_is_none(void **state) {
  assert_int_equal(take_many(state, "192.0.2.1", 0, START, 9), 0);
  assert_int_equal(take_many(state, "", 2, START, 9), 2);
}

struct taker {
  struct rate_limit *limit;
  pthread_barrier_t *start;
  int taken;
};

static void *take_often(void *context) {
  struct taker *taker = context;
  int retry_after_s;
  pthread_barrier_wait(taker->start);
  for (int at = 0; at < 100000; at++)
    taker->taken += rate_limit_take(taker->limit, "192.0.2.1", 100000, START, &retry_after_s) ? 1 : 0;
  return NULL;
}

static void test_threads_share_one_bucket(void **state) {
  struct taker takers[4];
  pthread_t threads[4];
  int taken = 0;
  pthread_barrier_t start;
  pthread_barrier_init(&start, NULL, 4);
  for (int at = 0; at < 4; at++) {
    takers[at] = (struct taker){.limit = *state, .start = &start};
    assert_int_equal(pthread_create(&threads[at], NULL, take_often, &takers[at]), 0);
  }
  for (int at = 0; at < 4; at++) {
    pthread_join(threads[at], NULL);
    taken += takers[at].taken;
  }
  pthread_barrier_destroy(&start);
  assert_int_equal(taken, 100000);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_a_minutes_worth_at_once, setup, teardown),
      cmocka_unit_test_setup_teardown(test_it_fills_again_with_time, setup, teardown),
      cmocka_unit_test_setup_teardown(test_addresses_are_apart, setup, teardown),
      cmocka_unit_test_setup_teardown(test_an_ipv6_network_is_one, setup, teardown),
      cmocka_unit_test_setup_teardown(test_nought_is_none, setup, teardown),
      cmocka_unit_test_setup_teardown(test_threads_share_one_bucket, setup, teardown),
  };
  return cmocka_run_group_tests_name("rate_limit", tests, NULL, NULL);
}
