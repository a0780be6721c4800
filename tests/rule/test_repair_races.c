/* Runs beside everybody else: who answers between the finding and the lock, who holds a row, who writes
 * around Lockstep, another run over the same learners, a connection that dies. */
#include "repair_fixture.h"

#include "base/banned.h"

/* A transaction of somebody else, open on a connection of its own. */
static struct db *begin(const char *format, uint64_t number) {
  struct db *db = fixture_connect(&fixture);
  fixture_exec(&fixture, db, with_number(format, number));
  return db;
}

static void end(struct db *db) {
  assert_done(&fixture, db_commit(db, &fixture.error));
  db_close(db);
}

static uint64_t names_ready(size_t learners) {
  rule_file_write(site, "names.sql", NAMES_RULE("names", EVERY_ROW));
  use_rules();
  return named_learners(learners);
}

/* The learner moved on: what was found is found again, on what is there by then. */
static void test_an_answer_between_finding_and_lock(void **state) {
  (void)state;
  struct runner runner;
  uint64_t first = names_ready(3);
  struct db *other =
      begin("UPDATE users SET revision = revision + 1, display_name = ' later' WHERE id = #", first + 1);
  runner_start(&runner, first, first + 2);
  await_waiter();
  end(other);
  runner_join(&runner);
  assert_string_equal(ask(first + 1, "display_name"), "later");
  assert_int_equal(ask_number(first + 1, "revision"), 2);
  assert_int_equal(count_of(runner.run_id, "names").changed, 3);
  assert_int_equal(count("SELECT COUNT(*) FROM repair_rows WHERE run_id = #", runner.run_id), 3);
  assert_string_equal(
      tell("SELECT CONCAT(before_value, '>', after_value, ' ', base_revision) FROM repair_rows WHERE"
           " run_id = # AND before_value = ' later'",
           runner.run_id),
      " later>later 1");
}

/* And who was healthy again by then is left alone. */
static void test_who_is_healthy_by_then_is_left_alone(void **state) {
  (void)state;
  struct runner runner;
  uint64_t first = names_ready(2);
  struct db *other =
      begin("UPDATE users SET revision = revision + 1, display_name = 'healthy' WHERE id = #", first);
  runner_start(&runner, first, first + 1);
  await_waiter();
  end(other);
  runner_join(&runner);
  assert_int_equal(ask_number(first, "revision"), 1);
  assert_int_equal(count_of(runner.run_id, "names").changed, 1);
  assert_int_equal(count("SELECT COUNT(*) FROM ledger WHERE user_id = #", first), 0);
}

/* The revision does not tell: the compare-and-set does. */
static void test_a_write_around_lockstep(void **state) {
  (void)state;
  struct runner runner;
  uint64_t first = names_ready(2);
  struct db *other = begin("UPDATE users SET display_name = ' around' WHERE id = #", first);
  runner_start(&runner, first, first + 1);
  await_waiter();
  end(other);
  runner_join(&runner);
  assert_string_equal(ask(first, "display_name"), "around");
  assert_int_equal(count_of(runner.run_id, "names").changed, 2);
  assert_int_equal(count_of(runner.run_id, "names").moved, 0);
}

/* Nobody else waits for one row that somebody holds for long; it is left to another run, with the reason. */
static void test_a_row_that_stays_locked(void **state) {
  (void)state;
  struct runner runner;
  uint64_t first = names_ready(3);
  struct db *other = begin("SELECT id FROM users WHERE id = # FOR UPDATE", first + 1);
  runner_start(&runner, first, first + 2);
  runner_join(&runner);
  assert_int_equal(count_of(runner.run_id, "names").changed, 2);
  assert_int_equal(count_of(runner.run_id, "names").moved, 1);
  assert_int_equal(summary_of(runner.run_id).learners, 3);
  assert_int_equal(summary_of(runner.run_id).learners_changed, 2);
  assert_non_null(
      strstr(tell("SELECT changed_by FROM repair_rows WHERE run_id = # AND state = 'moved'", runner.run_id),
             "Lock wait timeout"));
  end(other);
  assert_int_equal(ask(first + 1, "display_name")[0], ' ');
  assert_int_equal(count_of(repair(first, first + 2), "names").changed, 1);
}

/* One row that cannot be written spoils nothing for the others. A rule that ships is trusted: its rows that
 * do not hold what it says are told apart. */
static void test_what_the_table_refuses_is_left_alone(void **state) {
  (void)state;
  rule_file_write(
      site, "taken.sql",
      "-- rule: taken\n-- summary: S\n-- severity: info\n-- changes: users.username\n-- limit: 100 %\n\n"
      "SELECT id AS user_id, 'users' AS `table`, CONCAT('{\"id\": ', id, '}') AS `key`, 'set' AS `action`,"
      " 'username' AS `column`, IF(display_name = ' lies', 'lies', username) AS actual,"
      " IF(display_name = ' taken', 'used', CONCAT('u', id)) AS wanted FROM users WHERE id BETWEEN :from"
      " AND :to AND display_name LIKE ' %' AND username IS NULL\n");
  config.directory = site;
  config.site_directory = NULL;
  use_rules();
  uint64_t first = named_learners(40);
  run("INSERT INTO users (username) VALUES ('used')", NULL, 0);
  run(arena_printf(fixture.arena, "UPDATE users SET display_name = ' taken' WHERE id = %llu",
                   (unsigned long long)(first + 20)),
      NULL, 0);
  run(arena_printf(fixture.arena, "UPDATE users SET display_name = ' lies' WHERE id = %llu",
                   (unsigned long long)(first + 30)),
      NULL, 0);
  struct repair_order order = order_of(first, first + 39);
  uint64_t run_id = run_order(&order);
  assert_int_equal(count_of(run_id, "taken").changed, 38);
  assert_int_equal(count_of(run_id, "taken").moved, 2);
  assert_int_equal(
      count("SELECT COUNT(*) FROM users WHERE id >= # AND username LIKE 'u%' AND revision = 1", first), 38);
  assert_non_null(
      strstr(tell("SELECT changed_by FROM repair_rows WHERE state = 'moved' AND run_id = # ORDER BY user_id"
                  " LIMIT 1",
                  run_id),
             "users_username"));
  assert_string_equal(
      tell("SELECT changed_by FROM repair_rows WHERE state = 'moved' AND run_id = # ORDER BY user_id DESC"
           " LIMIT 1",
           run_id),
      "changed around Lockstep");
}

/* A rule of the site that would repair for ever is left aside, and the others do their work. */
static void test_a_rule_of_the_site_that_never_holds(void **state) {
  (void)state;
  rule_file_write(
      site, "ever.sql",
      "-- rule: ever\n-- summary: S\n-- severity: info\n-- changes: users.time_zone\n-- limit: 100 %\n"
      "-- order: 5\n\n"
      "SELECT id AS user_id, 'users' AS `table`, CONCAT('{\"id\": ', id, '}') AS `key`, 'set' AS `action`,"
      " 'time_zone' AS `column`, time_zone AS actual, UUID() AS wanted FROM users WHERE id BETWEEN :from"
      " AND :to\n");
  uint64_t first = names_ready(2);
  uint64_t run_id = repair(first, first + 1);
  assert_int_equal(count_of(run_id, "names").changed, 2);
  assert_int_equal(count_of(run_id, "ever").changed, 0);
  assert_string_equal(ask(first, "time_zone"), "UTC");
  assert_int_equal(rule_set_problem_count(set), 1);
}

static void test_two_runs_over_the_same_learners(void **state) {
  (void)state;
  enum { LEARNERS = 400 };
  struct runner runners[3];
  uint64_t first = names_ready(LEARNERS);
  for (size_t at = 0; at < ARRAY_LENGTH(runners); at++)
    runner_start(&runners[at], first, first + LEARNERS - 1);
  uint64_t changed = 0;
  for (size_t at = 0; at < ARRAY_LENGTH(runners); at++) {
    runner_join(&runners[at]);
    changed += count_of(runners[at].run_id, "names").changed;
  }
  assert_int_equal(changed, LEARNERS);
  assert_int_equal(
      count("SELECT COUNT(*) FROM users WHERE id >= # AND revision = 1 AND display_name LIKE 'n%'", first),
      LEARNERS);
  assert_int_equal(count("SELECT COUNT(*) FROM ledger WHERE user_id >= #", first), LEARNERS);
}

static void test_a_connection_that_dies(void **state) {
  (void)state;
  struct runner runner;
  uint64_t first = names_ready(3);
  struct db *other = begin("SELECT id FROM users WHERE id = # FOR UPDATE", first + 2);
  runner_start(&runner, first, first + 2);
  fixture_exec(&fixture, fixture.db,
               arena_printf(fixture.arena, "KILL %llu", (unsigned long long)await_waiter()));
  end(other);
  runner_join(&runner);
  assert_int_equal(count_of(runner.run_id, "names").changed, 3);
  assert_int_equal(count("SELECT SUM(revision) FROM users WHERE id >= #", first), 3);
  assert_int_equal(count("SELECT COUNT(*) FROM repair_rows WHERE run_id = #", runner.run_id), 3);
}

/* A run that was stopped between two ranges goes no further. */
static void test_a_run_that_ended_writes_nothing_more(void **state) {
  (void)state;
  struct runner runner;
  uint64_t first = names_ready(2);
  struct db *other = begin("SELECT id FROM users WHERE id = # FOR UPDATE", first);
  runner_start(&runner, first, first + 1);
  await_waiter();
  uint64_t run_id = count("SELECT MAX(id) FROM repair_runs", 0);
  assert_done(&fixture, repair_abandon(&engine, run_id, REPAIR_CANCELLED, "enough", &fixture.error));
  end(other);
  assert_int_equal(pthread_join(runner.thread, NULL), 0);
  assert_false(runner.done);
  assert_int_equal(runner.error.code, ERROR_CONFLICT);
  assert_int_equal(count("SELECT SUM(revision) FROM users WHERE id >= #", first), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_an_answer_between_finding_and_lock, repair_setup, teardown),
      cmocka_unit_test_setup_teardown(test_who_is_healthy_by_then_is_left_alone, repair_setup, teardown),
      cmocka_unit_test_setup_teardown(test_a_write_around_lockstep, repair_setup, teardown),
      cmocka_unit_test_setup_teardown(test_a_row_that_stays_locked, repair_setup, teardown),
      cmocka_unit_test_setup_teardown(test_what_the_table_refuses_is_left_alone, repair_setup, teardown),
      cmocka_unit_test_setup_teardown(test_a_rule_of_the_site_that_never_holds, repair_setup, teardown),
      cmocka_unit_test_setup_teardown(test_two_runs_over_the_same_learners, repair_setup, teardown),
      cmocka_unit_test_setup_teardown(test_a_connection_that_dies, repair_setup, teardown),
      cmocka_unit_test_setup_teardown(test_a_run_that_ended_writes_nothing_more, repair_setup, teardown),
  };
  if (fixture_is_missing()) return 0;
  return cmocka_run_group_tests_name("rule/repair_races", tests, group_setup, group_teardown);
}
