/* The pool when the database goes away, comes back, moves to another host, or falls silent. */
#include "fixture.h"

#include <pthread.h>

#include "db/pool.h"
#include "queries/shared.h"
#include "relay.h"

#include "base/banned.h"

#define LIMIT 8
#define THREADS 16
/* What the service promises: it is back this soon after the database is. */
#define BACK_WITHIN_MS 2000

static struct fixture fixture;
static struct relay first;
static struct relay second;
static const char *hosts[2];

static int setup(void **state) {
  (void)state;
  fixture_init(&fixture, "pool_outage");
  relay_init(&first, fixture.hosts[0], "first");
  relay_init(&second, fixture.hosts[0], "second");
  hosts[0] = first.from.sun_path;
  hosts[1] = second.from.sun_path;
  return 0;
}

static int teardown(void **state) {
  (void)state;
  fixture_end(&fixture);
  return 0;
}

static struct database_config config_of(size_t host_count) {
  struct database_config config = fixture.config;
  config.hosts = (struct field_list){(void *)hosts, host_count};
  config.wait_timeout_ms = 1000;
  config.query_timeout_ms = 1000;
  return config;
}

static struct pool *open_pool(const struct database_config *config) {
  struct pool *pool = NULL;
  assert_done(&fixture, pool_new(config, LIMIT, &fixture.error, &pool));
  return pool;
}

/* One request: a connection, a statement, and the connection back. */
static bool ask(struct pool *pool, struct error *error) {
  struct shared_ping_row row;
  struct db *db = NULL;
  bool found = false;
  if (!pool_acquire(pool, clock_monotonic_ms() + 10000, error, &db)) return false;
  struct arena *arena = arena_new((size_t)16 * 1024);
  bool answered = shared_ping(db, arena, error, &row, &found);
  arena_free(arena);
  pool_release(pool, db);
  return answered;
}

static void assert_answered(struct pool *pool) { assert_done(&fixture, ask(pool, &fixture.error)); }

/* Leaves `count` idle connections behind. */
static void fill(struct pool *pool, size_t count) {
  struct db *borrowed[LIMIT];
  for (size_t i = 0; i < count; i++)
    assert_done(&fixture, pool_acquire(pool, clock_monotonic_ms() + 5000, &fixture.error, &borrowed[i]));
  for (size_t i = 0; i < count; i++)
    pool_release(pool, borrowed[i]);
}

static void test_a_restart_between_requests_is_not_noticed(void **state) {
  (void)state;
  struct database_config config = config_of(1);
  struct pool *pool = open_pool(&config);
  relay_start(&first);
  fill(pool, LIMIT);
  relay_stop(&first);
  relay_start(&first);
  for (int i = 0; i < 2 * LIMIT; i++)
    assert_answered(pool);
  pool_free(pool);
  relay_stop(&first);
}

static void test_an_outage_is_said_within_the_wait(void **state) {
  (void)state;
  struct database_config config = config_of(1);
  struct pool *pool = open_pool(&config);
  struct error error = ERROR_INIT;
  relay_start(&first);
  fill(pool, LIMIT);
  relay_stop(&first);
  int64_t start_ms = clock_monotonic_ms();
  assert_false(ask(pool, &error));
  assert_in_range(clock_monotonic_ms() - start_ms, config.wait_timeout_ms - 50,
                  config.wait_timeout_ms + 1000);
  assert_int_equal(error.code, ERROR_UNAVAILABLE);
  assert_true(error.retry_after_s > 0);
  assert_non_null(strstr(error.detail, hosts[0]));
  pool_free(pool);
}

static void *start_late(void *context) {
  clock_sleep_ms(400);
  relay_start(context);
  return NULL;
}

static void test_a_short_outage_is_waited_for(void **state) {
  pthread_t thread;
  (void)state;
  struct database_config config = config_of(1);
  config.wait_timeout_ms = 1900;
  struct pool *pool = open_pool(&config);
  int64_t start_ms = clock_monotonic_ms();
  assert_int_equal(pthread_create(&thread, NULL, start_late, &first), 0);
  assert_answered(pool);
  assert_in_range(clock_monotonic_ms() - start_ms, 400, 1900);
  pthread_join(thread, NULL);
  pool_free(pool);
  relay_stop(&first);
}

static void test_a_long_outage_fails_at_once_and_ends_soon(void **state) {
  (void)state;
  struct database_config config = config_of(1);
  struct pool *pool = open_pool(&config);
  struct error error = ERROR_INIT;
  int64_t start_ms = clock_monotonic_ms();
  while (clock_monotonic_ms() - start_ms < 3500)
    assert_false(ask(pool, &error));
  /* Long known to be away: a thread is not kept waiting. */
  for (int i = 0; i < 50; i++) {
    start_ms = clock_monotonic_ms();
    assert_false(ask(pool, &error));
    assert_int_equal(error.code, ERROR_UNAVAILABLE);
    assert_in_range(clock_monotonic_ms() - start_ms, 0, 200);
    clock_sleep_ms(10);
  }
  relay_start(&first);
  start_ms = clock_monotonic_ms();
  while (!ask(pool, &error))
    clock_sleep_ms(10);
  assert_in_range(clock_monotonic_ms() - start_ms, 0, BACK_WITHIN_MS);
  pool_free(pool);
  relay_stop(&first);
}

static void test_the_second_host_takes_over_and_the_first_is_found_again(void **state) {
  (void)state;
  struct database_config config = config_of(2);
  config.lifetime_ms = 300;
  struct pool *pool = open_pool(&config);
  relay_start(&first);
  relay_start(&second);
  fill(pool, LIMIT);
  assert_int_equal(second.accepted, 0);
  relay_stop(&first);
  int64_t start_ms = clock_monotonic_ms();
  for (int i = 0; i < LIMIT; i++)
    assert_answered(pool);
  assert_in_range(clock_monotonic_ms() - start_ms, 0, 1000);
  assert_true(second.accepted > 0);
  int before = first.accepted;
  relay_start(&first);
  start_ms = clock_monotonic_ms();
  while (first.accepted == before && clock_monotonic_ms() - start_ms < 20000) {
    assert_answered(pool);
    clock_sleep_ms(20);
  }
  assert_true(first.accepted > before);
  pool_free(pool);
  relay_stop(&first);
  relay_stop(&second);
}

struct crowd {
  struct pool *pool;
  atomic_bool stop;
  atomic_long answered;
  atomic_long refused;
  atomic_long slowest_ms;
};

static void *crowd_member(void *context) {
  struct crowd *crowd = context;
  while (!crowd->stop) {
    struct error error = ERROR_INIT;
    int64_t start_ms = clock_monotonic_ms();
    if (ask(crowd->pool, &error)) {
      crowd->answered++;
    } else {
      crowd->refused++;
      clock_sleep_ms(5);
    }
    long took_ms = (long)(clock_monotonic_ms() - start_ms);
    long slowest_ms = crowd->slowest_ms;
    while (took_ms > slowest_ms && !atomic_compare_exchange_weak(&crowd->slowest_ms, &slowest_ms, took_ms))
      continue;
  }
  return NULL;
}

/* Under load the outage is no stampede, and the end of it is noticed. */
static void test_a_crowd_survives_an_outage(void **state) {
  (void)state;
  struct database_config config = config_of(1);
  struct crowd crowd = {.pool = open_pool(&config)};
  pthread_t threads[THREADS];
  struct pool_stats before;
  struct pool_stats after;
  relay_start(&first);
  for (size_t i = 0; i < THREADS; i++)
    assert_int_equal(pthread_create(&threads[i], NULL, crowd_member, &crowd), 0);
  clock_sleep_ms(300);
  assert_true(crowd.answered > 0);
  relay_stop(&first);
  pool_read_stats(crowd.pool, &before);
  clock_sleep_ms(4000);
  pool_read_stats(crowd.pool, &after);
  /* Sixteen threads for four seconds, at most four tries at once and then one each half second. */
  assert_in_range(after.connect_failures - before.connect_failures, 1, 40);
  relay_start(&first);
  long answered = crowd.answered;
  int64_t start_ms = clock_monotonic_ms();
  while (crowd.answered == answered && clock_monotonic_ms() - start_ms < 10000)
    clock_sleep_ms(5);
  assert_in_range(clock_monotonic_ms() - start_ms, 0, BACK_WITHIN_MS);
  clock_sleep_ms(300);
  long refused = crowd.refused;
  clock_sleep_ms(300);
  assert_int_equal(crowd.refused, refused);
  crowd.stop = true;
  for (size_t i = 0; i < THREADS; i++)
    pthread_join(threads[i], NULL);
  assert_in_range(crowd.slowest_ms, 0, config.wait_timeout_ms + 1500);
  pool_read_stats(crowd.pool, &after);
  assert_int_equal(after.borrowed, 0);
  assert_int_equal(after.waiting, 0);
  assert_in_range(after.size, 1, LIMIT);
  pool_free(crowd.pool);
  relay_stop(&first);
}

/* A server that takes connections and says nothing must not keep anybody for longer than it may. */
static void test_a_server_that_never_greets_is_given_up(void **state) {
  (void)state;
  struct database_config config = config_of(1);
  config.query_timeout_ms = 20000;
  struct pool *pool = open_pool(&config);
  struct error error = ERROR_INIT;
  relay_start(&first);
  first.frozen = true;
  int64_t start_ms = clock_monotonic_ms();
  assert_false(ask(pool, &error));
  assert_int_equal(error.code, ERROR_UNAVAILABLE);
  assert_in_range(clock_monotonic_ms() - start_ms, 0, config.wait_timeout_ms + 1500);
  first.frozen = false;
  assert_answered(pool);
  pool_free(pool);
  relay_stop(&first);
}

static void test_a_server_that_falls_silent_is_given_up(void **state) {
  (void)state;
  struct database_config config = config_of(1);
  struct pool *pool = open_pool(&config);
  struct error error = ERROR_INIT;
  relay_start(&first);
  assert_answered(pool);
  first.frozen = true;
  int64_t start_ms = clock_monotonic_ms();
  assert_false(ask(pool, &error));
  assert_int_equal(error.code, ERROR_TRANSIENT);
  assert_in_range(clock_monotonic_ms() - start_ms, 0, config.query_timeout_ms + 2500);
  first.frozen = false;
  assert_answered(pool);
  pool_free(pool);
  relay_stop(&first);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_a_restart_between_requests_is_not_noticed),
      cmocka_unit_test(test_an_outage_is_said_within_the_wait),
      cmocka_unit_test(test_a_short_outage_is_waited_for),
      cmocka_unit_test(test_a_long_outage_fails_at_once_and_ends_soon),
      cmocka_unit_test(test_the_second_host_takes_over_and_the_first_is_found_again),
      cmocka_unit_test(test_a_crowd_survives_an_outage),
      cmocka_unit_test(test_a_server_that_never_greets_is_given_up),
      cmocka_unit_test(test_a_server_that_falls_silent_is_given_up),
  };
  if (fixture_is_missing()) return 0;
  return cmocka_run_group_tests_name("pool_outage", tests, setup, teardown);
}
