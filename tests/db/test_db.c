/* Connections, transactions and the mapping of errors. */
#include "fixture.h"

#include <pthread.h>

#include "queries/shared.h"

#include "base/banned.h"

static int setup(void **state) {
  static struct fixture fixture;
  fixture_init(&fixture, "db");
  fixture_exec(&fixture, fixture.db,
               "CREATE TABLE t (id BIGINT NOT NULL PRIMARY KEY, v BIGINT NOT NULL, w VARCHAR(20)"
               " NULL, UNIQUE KEY t_w (w), CHECK (v < 1000)) ENGINE = InnoDB");
  fixture_exec(&fixture, fixture.db, "INSERT INTO t VALUES (1, 10, 'one'), (2, 20, 'two')");
  fixture_exec(&fixture, fixture.db, "COMMIT");
  *state = &fixture;
  return 0;
}

static int teardown(void **state) {
  fixture_end(*state);
  return 0;
}

static void test_session(void **state) {
  struct fixture *fixture = *state;
  struct fixture_cell cell =
      fixture_ask(fixture, fixture->db,
                  "SELECT CONCAT_WS(' ', @@autocommit + 0, @@time_zone, @@innodb_lock_wait_timeout,"
                  " @@character_set_client, @@character_set_results)");
  assert_string_equal(cell.text, "0 +00:00 2 utf8mb4 utf8mb4");
  cell = fixture_ask(fixture, fixture->db, "SELECT @@sql_mode");
  assert_non_null(strstr(cell.text, "STRICT_ALL_TABLES"));
  assert_non_null(strstr(cell.text, "ONLY_FULL_GROUP_BY"));
  assert_null(strstr(cell.text, "ANSI_QUOTES"));
  assert_false(db_text_exec(fixture->db, "LOAD DATA LOCAL INFILE '/etc/hostname' INTO TABLE t (w)", NULL, 0,
                            &fixture->error, NULL));
  db_rollback(fixture->db);
  assert_int_equal(fixture_ask(fixture, fixture->db, "SELECT id FROM t").rows, 2);
  db_rollback(fixture->db);
}

static void test_read_committed(void **state) {
  struct fixture *fixture = *state;
  struct db *other = fixture_connect(fixture);
  assert_string_equal(fixture_ask(fixture, fixture->db, "SELECT v FROM t WHERE id = 1").text, "10");
  fixture_exec(fixture, other, "UPDATE t SET v = 11 WHERE id = 1");
  assert_string_equal(fixture_ask(fixture, fixture->db, "SELECT v FROM t WHERE id = 1").text, "10");
  assert_done(fixture, db_commit(other, &fixture->error));
  assert_string_equal(fixture_ask(fixture, fixture->db, "SELECT v FROM t WHERE id = 1").text, "11");
  db_rollback(fixture->db);
  fixture_exec(fixture, other, "UPDATE t SET v = 10 WHERE id = 1");
  assert_done(fixture, db_commit(other, &fixture->error));
  db_close(other);
}

static void test_snapshot_sees_one_moment(void **state) {
  struct fixture *fixture = *state;
  struct db *other = fixture_connect(fixture);
  assert_done(fixture, db_begin_snapshot(fixture->db, &fixture->error));
  assert_true(db_in_transaction(fixture->db));
  fixture_exec(fixture, other, "UPDATE t SET v = 12 WHERE id = 1");
  assert_done(fixture, db_commit(other, &fixture->error));
  assert_string_equal(fixture_ask(fixture, fixture->db, "SELECT v FROM t WHERE id = 1").text, "10");
  /* Read only: the server refuses a write. */
  assert_false(db_text_exec(fixture->db, "UPDATE t SET v = 1 WHERE id = 1", NULL, 0, &fixture->error, NULL));
  assert_int_equal(fixture->error.sql_errno, 1792);
  db_rollback(fixture->db);
  assert_false(db_in_transaction(fixture->db));
  assert_string_equal(fixture_ask(fixture, fixture->db, "SELECT v FROM t WHERE id = 1").text, "12");
  /* The level was raised for that one transaction, and a snapshot may follow an open transaction. */
  assert_true(db_in_transaction(fixture->db));
  assert_done(fixture, db_begin_snapshot(fixture->db, &fixture->error));
  db_rollback(fixture->db);
  fixture_exec(fixture, fixture->db, "UPDATE t SET v = 10 WHERE id = 1");
  assert_done(fixture, db_commit(fixture->db, &fixture->error));
  assert_false(db_in_transaction(fixture->db));
  db_close(other);
}

static void test_rollback_undoes_and_costs_nothing_without_a_transaction(void **state) {
  struct fixture *fixture = *state;
  fixture_exec(fixture, fixture->db, "UPDATE t SET v = 99 WHERE id = 1");
  assert_true(db_in_transaction(fixture->db));
  db_rollback(fixture->db);
  assert_false(db_in_transaction(fixture->db));
  assert_string_equal(fixture_ask(fixture, fixture->db, "SELECT v FROM t WHERE id = 1").text, "10");
  db_rollback(fixture->db);
  const char *count_sql = "SELECT VARIABLE_VALUE FROM information_schema.SESSION_STATUS"
                          " WHERE VARIABLE_NAME = 'Com_rollback'";
  long rollbacks = strtol(fixture_ask(fixture, fixture->db, count_sql).text, NULL, 10);
  db_rollback(fixture->db);
  db_rollback(fixture->db);
  assert_int_equal(strtol(fixture_ask(fixture, fixture->db, count_sql).text, NULL, 10), rollbacks);
}

/* Single reads leave their transaction open for a while; nobody who comes after may notice. */
static void test_a_read_that_was_ended_is_nobodys_transaction(void **state) {
  struct fixture *fixture = *state;
  struct db *other = fixture_connect(fixture);
  assert_string_equal(fixture_ask(fixture, fixture->db, "SELECT v FROM t WHERE id = 1").text, "10");
  db_end_read(fixture->db);
  assert_false(db_in_transaction(fixture->db));
  assert_done(fixture, db_ping(fixture->db, &fixture->error));
  assert_false(db_in_transaction(fixture->db));
  fixture_exec(fixture, other, "UPDATE t SET v = 12 WHERE id = 1");
  assert_done(fixture, db_commit(other, &fixture->error));
  assert_string_equal(fixture_ask(fixture, fixture->db, "SELECT v FROM t WHERE id = 1").text, "12");
  assert_true(db_in_transaction(fixture->db));
  db_end_read(fixture->db);
  assert_done(fixture, db_begin_snapshot(fixture->db, &fixture->error));
  db_rollback(fixture->db);
  assert_string_equal(fixture_ask(fixture, fixture->db, "SELECT v FROM t WHERE id = 1").text, "12");
  db_end_read(fixture->db);
  fixture_exec(fixture, fixture->db, "UPDATE t SET v = 10 WHERE id = 1");
  assert_done(fixture, db_commit(fixture->db, &fixture->error));
  assert_false(db_in_transaction(fixture->db));
  db_close(other);
}

/* What is left open blocks a change of the table, until it is ended or has lasted DB_REST_MS. */
static void test_a_read_that_was_ended_does_not_last(void **state) {
  struct fixture *fixture = *state;
  struct db *other = fixture_connect(fixture);
  fixture_exec(fixture, other, "SET SESSION lock_wait_timeout = 1");
  fixture_ask(fixture, fixture->db, "SELECT v FROM t WHERE id = 1");
  db_end_read(fixture->db);
  db_end_rest(fixture->db);
  fixture_exec(fixture, other, "ALTER TABLE t COMMENT = 'one'");
  fixture_ask(fixture, fixture->db, "SELECT v FROM t WHERE id = 1");
  db_end_read(fixture->db);
  clock_sleep_ms(DB_REST_MS + 10);
  fixture_ask(fixture, fixture->db, "SELECT v FROM t WHERE id = 1");
  db_end_read(fixture->db);
  fixture_exec(fixture, other, "ALTER TABLE t COMMENT = 'two'");
  db_close(other);
}

static void test_rollback_after_an_error_in_the_first_statement(void **state) {
  struct fixture *fixture = *state;
  struct db *other = fixture_connect(fixture);
  fixture_exec(fixture, other, "SELECT id FROM t WHERE id = 1 FOR UPDATE");
  fixture_exec(fixture, fixture->db, "SELECT id FROM t WHERE id = 2 FOR UPDATE");
  /* 1205 leaves the transaction open, and its packet does not say so. */
  int64_t start_ms = clock_monotonic_ms();
  assert_false(db_text_exec(fixture->db, "UPDATE t SET v = 5 WHERE id = 1", NULL, 0, &fixture->error, NULL));
  assert_in_range(clock_monotonic_ms() - start_ms, 1500, 4000);
  assert_int_equal(fixture->error.code, ERROR_TRANSIENT);
  assert_int_equal(fixture->error.sql_errno, 1205);
  assert_false(db_is_broken(fixture->db));
  db_rollback(fixture->db);
  fixture_exec(fixture, other, "SELECT id FROM t WHERE id = 2 FOR UPDATE");
  db_close(other);
}

struct locker {
  struct fixture *fixture;
  struct db *db;
  struct error error;
  bool done;
};

static void *lock_second(void *context) {
  struct locker *locker = context;
  locker->done =
      db_text_exec(locker->db, "UPDATE t SET v = v + 1 WHERE id = 2", NULL, 0, &locker->error, NULL);
  return NULL;
}

static void test_deadlock_is_transient(void **state) {
  struct fixture *fixture = *state;
  struct locker locker = {.fixture = fixture, .db = fixture_connect(fixture)};
  pthread_t thread;
  fixture_exec(fixture, fixture->db, "UPDATE t SET v = v + 1 WHERE id = 2");
  fixture_exec(fixture, locker.db, "UPDATE t SET v = v + 1 WHERE id = 1");
  assert_int_equal(pthread_create(&thread, NULL, lock_second, &locker), 0);
  clock_sleep_ms(200);
  bool done =
      db_text_exec(fixture->db, "UPDATE t SET v = v + 1 WHERE id = 1", NULL, 0, &fixture->error, NULL);
  pthread_join(thread, NULL);
  assert_int_not_equal(done, locker.done);
  const struct error *error = done ? &locker.error : &fixture->error;
  assert_int_equal(error->code, ERROR_TRANSIENT);
  assert_int_equal(error->sql_errno, 1213);
  assert_false(db_is_broken(done ? locker.db : fixture->db));
  db_rollback(fixture->db);
  db_rollback(locker.db);
  db_close(locker.db);
  assert_string_equal(fixture_ask(fixture, fixture->db, "SELECT SUM(v) FROM t").text, "30");
  db_rollback(fixture->db);
}

static void test_duplicate_is_a_conflict_that_names_its_key(void **state) {
  struct fixture *fixture = *state;
  assert_false(
      db_text_exec(fixture->db, "INSERT INTO t VALUES (3, 3, 'two')", NULL, 0, &fixture->error, NULL));
  assert_int_equal(fixture->error.code, ERROR_CONFLICT);
  assert_int_equal(fixture->error.sql_errno, 1062);
  assert_string_equal(fixture->error.detail, "t_w");
  assert_null(strstr(fixture->error.message, "two"));
  assert_false(db_text_exec(fixture->db, "INSERT INTO t VALUES (1, 3, 'x')", NULL, 0, &fixture->error, NULL));
  assert_string_equal(fixture->error.detail, "PRIMARY");
  db_rollback(fixture->db);
}

static void test_other_errors_are_internal(void **state) {
  struct fixture *fixture = *state;
  const char *const wrong[] = {"SELEC 1", "SELECT * FROM nowhere", "INSERT INTO t VALUES (4, 1000, NULL)",
                               "INSERT INTO t VALUES (4, 'abc', NULL)",
                               "INSERT INTO t VALUES (4, 1, 'longer than twenty characters')"};
  for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++) {
    assert_false(db_text_exec(fixture->db, wrong[i], NULL, 0, &fixture->error, NULL));
    assert_int_equal(fixture->error.code, ERROR_INTERNAL);
    assert_int_not_equal(fixture->error.sql_errno, 0);
    assert_string_not_equal(fixture->error.detail, "");
    assert_false(db_is_broken(fixture->db));
  }
  db_rollback(fixture->db);
}

static void kill_connection(struct fixture *fixture, struct db *victim) {
  char sql[64];
  struct fixture_cell id = fixture_ask(fixture, victim, "SELECT CONNECTION_ID()");
  snprintf(sql, sizeof sql, "KILL %.20s", id.text);
  fixture_exec(fixture, fixture->db, sql);
  clock_sleep_ms(100);
}

static void test_killed_connection_is_broken(void **state) {
  struct fixture *fixture = *state;
  struct db *victim = fixture_connect(fixture);
  struct shared_ping_row row;
  bool found;
  assert_done(fixture, shared_ping(victim, fixture->arena, &fixture->error, &row, &found));
  assert_false(db_has_hung_up(victim));
  kill_connection(fixture, victim);
  assert_false(db_is_broken(victim));
  assert_false(shared_ping(victim, fixture->arena, &fixture->error, &row, &found));
  assert_int_equal(fixture->error.code, ERROR_TRANSIENT);
  assert_true(db_is_broken(victim));
  /* From now on nothing reaches the server, and nothing hangs. */
  assert_false(db_commit(victim, &fixture->error));
  assert_int_equal(fixture->error.code, ERROR_TRANSIENT);
  assert_false(db_ping(victim, &fixture->error));
  db_rollback(victim);
  db_close(victim);
  victim = fixture_connect(fixture);
  kill_connection(fixture, victim);
  assert_true(db_has_hung_up(victim));
  db_close(victim);
}

static void test_killed_while_a_rollback_is_under_way(void **state) {
  struct fixture *fixture = *state;
  struct db *victim = fixture_connect(fixture);
  fixture_exec(fixture, victim, "UPDATE t SET v = 77 WHERE id = 1");
  db_rollback(victim);
  assert_false(db_has_hung_up(victim));
  assert_string_equal(fixture_ask(fixture, victim, "SELECT v FROM t WHERE id = 1").text, "10");
  kill_connection(fixture, victim);
  db_rollback(victim);
  assert_true(db_has_hung_up(victim));
  db_close(victim);
}

static void test_addresses(void **state) {
  struct fixture *fixture = *state;
  struct db *db;
  const char *const wrong[] = {
      "", ":3306", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:70000", "127.0.0.1:x", "[::1]:1:2"};
  const char *hosts[1];
  struct database_config config = fixture->config;
  config.hosts = (struct field_list){(void *)hosts, 1};
  for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++) {
    hosts[0] = wrong[i];
    assert_false(db_connect(&config, 0, &fixture->error, &db));
    assert_int_equal(fixture->error.code, ERROR_UNAVAILABLE);
    assert_int_equal(fixture->error.sql_errno, 0);
  }
  const char *const nobody[] = {"127.0.0.1:1", "[::1]:1", "localhost:1", "/nowhere/mysqld.sock"};
  for (size_t i = 0; i < ARRAY_LENGTH(nobody); i++) {
    hosts[0] = nobody[i];
    assert_false(db_connect(&config, 0, &fixture->error, &db));
    assert_int_equal(fixture->error.code, ERROR_UNAVAILABLE);
    assert_int_not_equal(fixture->error.sql_errno, 0);
    assert_true(fixture->error.retry_after_s > 0);
    assert_non_null(strstr(fixture->error.detail, nobody[i]));
  }
}

static void test_wrong_user_and_database(void **state) {
  struct fixture *fixture = *state;
  struct db *db;
  struct database_config config = fixture->config;
  config.user = "nobody_of_that_name";
  config.password = "secret-of-nobody";
  assert_false(db_connect(&config, 0, &fixture->error, &db));
  assert_int_equal(fixture->error.code, ERROR_UNAVAILABLE);
  assert_null(strstr(fixture->error.detail, "secret-of-nobody"));
  config = fixture->config;
  config.name = "no_such_database";
  assert_false(db_connect(&config, 0, &fixture->error, &db));
  assert_int_equal(fixture->error.sql_errno, 1049);
}

static void test_statement_is_prepared_anew_when_the_server_forgot_it(void **state) {
  struct fixture *fixture = *state;
  const char *parameter = "1";
  struct fixture_cell cell = {.rows = 0};
  const char *sql = "SELECT v FROM t WHERE id = ?";
  assert_done(fixture, db_text_each(fixture->db, sql, &parameter, 1, fixture->arena, fixture_keep, &cell,
                                    &fixture->error));
  assert_string_equal(cell.text, "10");
  db_rollback(fixture->db);
  /* The table changes under the prepared statement. */
  fixture_exec(fixture, fixture->db, "ALTER TABLE t ADD COLUMN x INT NULL FIRST, MODIFY v INT NOT NULL");
  assert_done(fixture, db_text_each(fixture->db, sql, &parameter, 1, fixture->arena, fixture_keep, &cell,
                                    &fixture->error));
  assert_string_equal(cell.text, "10");
  db_rollback(fixture->db);
  fixture_exec(fixture, fixture->db, "ALTER TABLE t DROP COLUMN x, MODIFY v BIGINT NOT NULL");
}

static void test_time_is_accounted(void **state) {
  struct fixture *fixture = *state;
  db_take_time_ns(fixture->db);
  fixture_ask(fixture, fixture->db, "SELECT SLEEP(0.05)");
  int64_t time_ns = db_take_time_ns(fixture->db);
  assert_in_range(time_ns, 50000000, 2000000000);
  assert_int_equal(db_take_time_ns(fixture->db), 0);
}

static void test_durability_can_be_read(void **state) {
  struct fixture *fixture = *state;
  struct shared_durability_row row;
  bool found = false;
  assert_done(fixture, shared_durability(fixture->db, fixture->arena, &fixture->error, &row, &found));
  assert_true(found);
  assert_in_range(row.flush_log_at_commit, 0, 2);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_session),
      cmocka_unit_test(test_read_committed),
      cmocka_unit_test(test_snapshot_sees_one_moment),
      cmocka_unit_test(test_a_read_that_was_ended_is_nobodys_transaction),
      cmocka_unit_test(test_a_read_that_was_ended_does_not_last),
      cmocka_unit_test(test_rollback_undoes_and_costs_nothing_without_a_transaction),
      cmocka_unit_test(test_rollback_after_an_error_in_the_first_statement),
      cmocka_unit_test(test_deadlock_is_transient),
      cmocka_unit_test(test_duplicate_is_a_conflict_that_names_its_key),
      cmocka_unit_test(test_other_errors_are_internal),
      cmocka_unit_test(test_killed_connection_is_broken),
      cmocka_unit_test(test_killed_while_a_rollback_is_under_way),
      cmocka_unit_test(test_addresses),
      cmocka_unit_test(test_wrong_user_and_database),
      cmocka_unit_test(test_statement_is_prepared_anew_when_the_server_forgot_it),
      cmocka_unit_test(test_time_is_accounted),
      cmocka_unit_test(test_durability_can_be_read),
  };
  if (fixture_is_missing()) return 0;
  return cmocka_run_group_tests(tests, setup, teardown);
}
