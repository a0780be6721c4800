/* The pool against a real server. */
#include "fixture.h"

#include <pthread.h>

#include "db/pool.h"

#include "base/banned.h"

#define LIMIT 4
#define THREADS 32
#define ROUNDS 50

static struct fixture fixture;

static int set_up(void **state) {
  (void)state;
  fixture_init(&fixture, "pool");
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  fixture_end(&fixture);
  return 0;
}

static struct pool *open_pool(const struct database_config *config, size_t limit) {
  struct pool *pool = NULL;
  assert_done(&fixture, pool_new(config, limit, &fixture.error, &pool));
  return pool;
}

static struct db *borrow(struct pool *pool) {
  struct db *db = NULL;
  assert_done(&fixture, pool_acquire(pool, clock_monotonic_ms() + 5000, &fixture.error, &db));
  return db;
}

static void test_last_in_first_out(void **state) {
  (void)state;
  struct pool *pool = open_pool(&fixture.config, LIMIT);
  struct pool_stats stats;
  pool_read_stats(pool, &stats);
  assert_int_equal(stats.size, 0);
  struct db *first = borrow(pool);
  struct db *second = borrow(pool);
  assert_ptr_not_equal(first, second);
  pool_release(pool, first);
  pool_release(pool, second);
  assert_ptr_equal(borrow(pool), second);
  assert_ptr_equal(borrow(pool), first);
  pool_read_stats(pool, &stats);
  assert_int_equal(stats.size, 2);
  assert_int_equal(stats.borrowed, 2);
  pool_release(pool, first);
  pool_release(pool, second);
  pool_free(pool);
}

static void test_a_full_pool_makes_wait_and_then_says_so(void **state) {
  (void)state;
  struct database_config config = fixture.config;
  config.wait_timeout_ms = 200;
  struct pool *pool = open_pool(&config, 1);
  struct db *only = borrow(pool);
  struct db *none = NULL;
  int64_t started_ms = clock_monotonic_ms();
  assert_false(pool_acquire(pool, started_ms + 10000, &fixture.error, &none));
  assert_in_range(clock_monotonic_ms() - started_ms, 150, 5000);
  assert_int_equal(fixture.error.code, ERROR_UNAVAILABLE);
  assert_true(fixture.error.retry_after_s > 0);
  struct pool_stats stats;
  pool_read_stats(pool, &stats);
  assert_int_equal(stats.timeouts, 1);
  pool_release(pool, only);
  pool_release(pool, borrow(pool));
  pool_free(pool);
}

static void test_release_rolls_back(void **state) {
  (void)state;
  struct pool *pool = open_pool(&fixture.config, 1);
  fixture_exec(&fixture, fixture.db, "CREATE TABLE things (id INT PRIMARY KEY) ENGINE = InnoDB");
  struct db *db = borrow(pool);
  fixture_exec(&fixture, db, "INSERT INTO things VALUES (1)");
  pool_release(pool, db);
  db = borrow(pool);
  assert_false(db_in_transaction(db));
  assert_string_equal(fixture_ask(&fixture, db, "SELECT COUNT(*) FROM things").text, "0");
  pool_release(pool, db);
  pool_free(pool);
}

static void test_a_broken_connection_is_not_lent_again(void **state) {
  char kill[300];
  (void)state;
  struct pool *pool = open_pool(&fixture.config, 2);
  struct db *db = borrow(pool);
  snprintf(kill, sizeof kill, "KILL %.20s", fixture_ask(&fixture, db, "SELECT CONNECTION_ID()").text);
  fixture_exec(&fixture, fixture.db, kill);
  assert_false(db_text_exec(db, "SELECT 1", NULL, 0, &fixture.error, NULL));
  assert_int_equal(fixture.error.code, ERROR_TRANSIENT);
  assert_true(db_is_broken(db));
  pool_release(pool, db);
  struct pool_stats stats;
  pool_read_stats(pool, &stats);
  assert_int_equal(stats.discarded, 1);
  assert_int_equal(stats.size, 0);
  db = borrow(pool);
  assert_string_equal(fixture_ask(&fixture, db, "SELECT 41 + 1").text, "42");
  pool_release(pool, db);
  pool_free(pool);
}

static void test_an_idle_connection_is_looked_at_before_use(void **state) {
  char kill[300];
  (void)state;
  struct database_config config = fixture.config;
  config.idle_check_ms = 1;
  struct pool *pool = open_pool(&config, 1);
  struct db *db = borrow(pool);
  snprintf(kill, sizeof kill, "KILL %.20s", fixture_ask(&fixture, db, "SELECT CONNECTION_ID()").text);
  pool_release(pool, db);
  fixture_exec(&fixture, fixture.db, kill);
  clock_sleep_ms(50);
  db = borrow(pool);
  assert_string_equal(fixture_ask(&fixture, db, "SELECT 41 + 1").text, "42");
  pool_release(pool, db);
  pool_free(pool);
}

static void test_an_aged_connection_is_replaced(void **state) {
  struct fixture_cell first;
  (void)state;
  struct database_config config = fixture.config;
  config.lifetime_ms = 50;
  struct pool *pool = open_pool(&config, 1);
  struct db *db = borrow(pool);
  first = fixture_ask(&fixture, db, "SELECT CONNECTION_ID()");
  clock_sleep_ms(100);
  pool_release(pool, db);
  db = borrow(pool);
  assert_string_not_equal(fixture_ask(&fixture, db, "SELECT CONNECTION_ID()").text, first.text);
  pool_release(pool, db);
  pool_free(pool);
}

static void test_the_second_host_serves_when_the_first_is_away(void **state) {
  const char *hosts[] = {"/nonexistent/lockstep.sock", fixture.hosts[0]};
  (void)state;
  struct database_config config = fixture.config;
  config.hosts = (struct field_list){(void *)hosts, 2};
  struct pool *pool = open_pool(&config, 2);
  struct db *db = borrow(pool);
  assert_string_equal(fixture_ask(&fixture, db, "SELECT 41 + 1").text, "42");
  pool_release(pool, db);
  pool_free(pool);
}

static void test_no_database_is_said_within_the_wait(void **state) {
  const char *hosts[] = {"/nonexistent/lockstep.sock"};
  (void)state;
  struct database_config config = fixture.config;
  config.hosts = (struct field_list){(void *)hosts, 1};
  config.wait_timeout_ms = 300;
  struct pool *pool = open_pool(&config, 2);
  struct db *db = NULL;
  int64_t started_ms = clock_monotonic_ms();
  assert_false(pool_acquire(pool, started_ms + 10000, &fixture.error, &db));
  assert_true(clock_monotonic_ms() - started_ms < 3000);
  assert_int_equal(fixture.error.code, ERROR_UNAVAILABLE);
  assert_true(fixture.error.retry_after_s > 0);
  pool_free(pool);
}

struct crowd {
  struct pool *pool;
  _Atomic int inside;
  _Atomic int most;
  _Atomic int failures;
};

static void *crowd_member(void *crowd_pointer) {
  struct crowd *crowd = crowd_pointer;
  for (int round = 0; round < ROUNDS; round++) {
    struct error error = ERROR_INIT;
    struct db *db = NULL;
    if (!pool_acquire(crowd->pool, clock_monotonic_ms() + 20000, &error, &db)) {
      crowd->failures++;
      continue;
    }
    int inside = ++crowd->inside;
    int most = crowd->most;
    while (inside > most && !__atomic_compare_exchange_n((int *)&crowd->most, &most, inside, false,
                                                         __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
      continue;
    if (!db_text_exec(db, "DO 1", NULL, 0, &error, NULL)) crowd->failures++;
    crowd->inside--;
    pool_release(crowd->pool, db);
  }
  return NULL;
}

static void test_a_crowd_shares_what_there_is(void **state) {
  pthread_t threads[THREADS];
  (void)state;
  struct database_config config = fixture.config;
  config.wait_timeout_ms = 20000;
  struct crowd crowd = {.pool = open_pool(&config, LIMIT)};
  for (size_t at = 0; at < THREADS; at++)
    assert_int_equal(pthread_create(&threads[at], NULL, crowd_member, &crowd), 0);
  for (size_t at = 0; at < THREADS; at++)
    pthread_join(threads[at], NULL);
  struct pool_stats stats;
  pool_read_stats(crowd.pool, &stats);
  assert_int_equal(crowd.failures, 0);
  assert_in_range(crowd.most, 1, LIMIT);
  assert_in_range(stats.size, 1, LIMIT);
  assert_int_equal(stats.acquired, THREADS * ROUNDS);
  assert_int_equal(stats.borrowed, 0);
  pool_free(crowd.pool);
}

int main(void) {
  if (fixture_is_missing()) return 0;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_last_in_first_out),
      cmocka_unit_test(test_a_full_pool_makes_wait_and_then_says_so),
      cmocka_unit_test(test_release_rolls_back),
      cmocka_unit_test(test_a_broken_connection_is_not_lent_again),
      cmocka_unit_test(test_an_idle_connection_is_looked_at_before_use),
      cmocka_unit_test(test_an_aged_connection_is_replaced),
      cmocka_unit_test(test_the_second_host_serves_when_the_first_is_away),
      cmocka_unit_test(test_no_database_is_said_within_the_wait),
      cmocka_unit_test(test_a_crowd_shares_what_there_is),
  };
  return cmocka_run_group_tests_name("pool", tests, set_up, tear_down);
}
