/* Runs: what they write, whom they leave alone, where they stop. */
#include "repair_fixture.h"

#include "base/banned.h"

#define CURE "user_totals_match_modules"

static void test_a_run_repairs_tells_and_keeps_images(void **state) {
  (void)state;
  use_rules();
  uint64_t low = learner_new(1, 12, 3, MODULES(MODULE("a", 20, 10, 5)));
  uint64_t healthy = learner_new(0, 0, 0, NULL);
  uint64_t broken = learner_new(7, 2, 1, "{\"modules\": 5, \"mine\": [1,  2]}");
  const char *untouched = picture(healthy);
  const char *document = ask(low, "hidden_grade_asset");
  uint64_t run_id = repair(low, broken);
  struct repair_summary summary = summary_of(run_id);
  assert_int_equal(summary.state, REPAIR_DONE);
  assert_int_equal(summary.learners, 3);
  assert_int_equal(summary.learners_changed, 2);
  assert_string_equal(summary.actor, "rule:test");
  assert_true(summary.finished_at_ms >= summary.started_at_ms);
  struct repair_count counted = count_of(run_id, CURE);
  assert_int_equal(counted.found, 2);
  assert_int_equal(counted.changed, 2);
  assert_int_equal(counted.moved, 0);
  assert_string_equal(picture(healthy), untouched);
  assert_healed_once(low, "low");
  assert_healed_once(broken, "broken");
  assert_history_adds_up(low, "low");
  assert_string_equal(
      tell("SELECT CONCAT(op_id, ' ', actor, ' ', kind) FROM ledger WHERE user_id = # AND revision = 1", low),
      arena_printf(fixture.arena, "repair:%llu:1 rule:test repair", (unsigned long long)run_id));
  struct repair_row *rows;
  size_t row_count;
  assert_done(&fixture, repair_rows_read(fixture.db, run_id, "done", 0, 0, 100, fixture.arena, &fixture.error,
                                         &rows, &row_count));
  db_rollback(fixture.db);
  assert_int_equal(row_count, 4 + 2); /* two totals and the document twice; the document twice */
  size_t documents = 0;
  for (size_t at = 0; at < row_count; at++) {
    assert_string_equal(rows[at].table, "users");
    assert_null(rows[at].changed_by);
    if (rows[at].user_id == low && strcmp(rows[at].column, "hidden_grade_asset") == 0 && documents++ == 0)
      assert_string_equal(rows[at].before, document);
  }
  assert_int_equal(documents, 2);
  struct repair_row *rest;
  assert_done(&fixture, repair_rows_read(fixture.db, run_id, NULL, rows[3].user_id, rows[3].id, 100,
                                         fixture.arena, &fixture.error, &rest, &row_count));
  db_rollback(fixture.db);
  assert_int_equal(row_count, 2);
  assert_int_equal(summary_of(repair(low, broken)).learners_changed, 0);
}

static uint64_t rows_read(void) {
  return count("SELECT CAST(SUM(VARIABLE_VALUE) AS UNSIGNED) FROM information_schema.GLOBAL_STATUS"
               " WHERE VARIABLE_NAME LIKE 'HANDLER\\_READ\\_%'",
               0);
}

/* Whatever the server makes of a rule within the engine's statements, it does not walk over everybody for a
 * few learners. */
static void test_a_small_range_does_not_read_everybody(void **state) {
  (void)state;
  use_rules();
  run("INSERT INTO users (tokens) WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i <"
      " 1000) SELECT 0 FROM n AS a JOIN (SELECT i FROM n WHERE i <= 20) AS b",
      NULL, 0);
  tell("ANALYZE TABLE users", 0);
  uint64_t low = learner_new(1, 12, 3, MODULES(MODULE("a", 20, 10, 5)));
  uint64_t before = rows_read();
  struct repair_order order = order_of(low, low + 10);
  assert_int_equal(summary_of(run_order(&order)).learners_changed, 1);
  assert_in_range(rows_read() - before, 1, 10000);
  before = rows_read();
  run(with_number("UPDATE users SET tokens = tokens + 1 WHERE id = #", low), NULL, 0);
  repair(low, low + 10); /* measures first */
  assert_in_range(rows_read() - before, 1, 12000);
  run("DELETE FROM users WHERE tokens = 0", NULL, 0);
}

/* More than one transaction, with holes between the ids, and the ids that nobody has at both ends. */
static void test_ranges_cover_every_id(void **state) {
  (void)state;
  rule_file_write(site, "names.sql", NAMES_RULE("names", EVERY_ROW));
  use_rules();
  run("INSERT INTO users (display_name) WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n "
      "WHERE i"
      " < 1000) SELECT CONCAT(' ', a.i) FROM n AS a JOIN (SELECT 1 AS i UNION ALL SELECT 2 UNION ALL SELECT "
      "3) AS b",
      NULL, 0);
  run("UPDATE users SET id = id + 5000000 WHERE display_name LIKE ' %' AND id % 2 = 0 ORDER BY id DESC", NULL,
      0);
  uint64_t all = count("SELECT COUNT(*) FROM users", 0);
  uint64_t run_id = repair(0, UINT64_MAX);
  struct repair_summary summary = summary_of(run_id);
  assert_int_equal(summary.learners, all);
  assert_int_equal(summary.to_user, INT64_MAX);
  assert_int_equal(count_of(run_id, "names").changed, 3000);
  assert_int_equal(count("SELECT COUNT(*) FROM users WHERE display_name LIKE ' %'", 0), 0);
}

static void test_orphans_are_repaired_without_a_history(void **state) {
  (void)state;
  rule_file_write(
      site, "gone.sql",
      "-- rule: gone\n-- summary: S\n-- severity: info\n-- changes: practice_days\n-- limit: 100 %\n\n"
      "SELECT d.user_id, 'practice_days' AS `table`, JSON_OBJECT('user_id', d.user_id, 'day', d.day,"
      " 'activity', d.activity) AS `key`, 'delete' AS `action`, 'count' AS `column`, d.count AS actual,"
      " NULL AS wanted FROM practice_days AS d WHERE d.user_id BETWEEN :from AND :to AND d.activity ="
      " 'gone'\n");
  use_rules();
  uint64_t nobody = 900000000;
  run("SET SESSION foreign_key_checks = 0", NULL, 0);
  run("INSERT INTO practice_days (user_id, day, activity, count) VALUES (900000000, '2024-01-01', 'gone', 3)",
      NULL, 0);
  run("SET SESSION foreign_key_checks = 1", NULL, 0);
  struct repair_order order = order_of(nobody - 5, nobody + 5);
  const char *const names[] = {"gone"};
  order.rules = names;
  order.rule_count = 1;
  uint64_t run_id = run_order(&order);
  assert_int_equal(count("SELECT COUNT(*) FROM practice_days WHERE user_id = #", nobody), 0);
  assert_int_equal(count("SELECT COUNT(*) FROM ledger WHERE user_id = #", nobody), 0);
  assert_int_equal(count_of(run_id, "gone").changed, 1);
  assert_int_equal(summary_of(run_id).learners_changed, 0);
  assert_string_equal(
      tell("SELECT row_data FROM quarantine WHERE run_id = #", run_id),
      "{\"user_id\": \"900000000\", \"day\": \"2024-01-01\", \"activity\": \"gone\", \"count\": \"3\"}");
}

/* A limit holds before the first row, and once more while the run goes on. */
static void test_a_run_stops_at_its_limit(void **state) {
  (void)state;
  rule_file_write(site, "names.sql", NAMES_RULE("names", "-- limit: 20 rows\n"));
  use_rules();
  uint64_t first = named_learners(21);
  struct repair_order order = order_of(first, first + 20);
  uint64_t run_id = 0;
  assert_false(repair_run(&engine, &order, fixture.arena, &fixture.error, &run_id));
  assert_int_equal(fixture.error.code, ERROR_UNPROCESSABLE);
  assert_non_null(
      strstr(fixture.error.message, "Rule names would change 21 rows; its limit among 21 learners is 20."));
  assert_done(&fixture, repair_open(&engine, &order, fixture.arena, &fixture.error, &run_id));
  error_clear(&fixture.error);
  assert_false(repair_range(&engine, run_id, 0, UINT64_MAX, NULL, fixture.arena, &fixture.error));
  assert_int_equal(fixture.error.code, ERROR_UNPROCESSABLE);
  struct repair_summary summary = summary_of(run_id);
  assert_int_equal(summary.state, REPAIR_STOPPED);
  assert_non_null(strstr(summary.error, "Rule names"));
  assert_int_equal(count("SELECT COUNT(*) FROM users WHERE id >= # AND display_name LIKE ' %'", first), 21);
  assert_int_equal(count("SELECT COUNT(*) FROM repair_rows WHERE run_id = #", run_id), 0);
  order.confirm_over_limit = true;
  assert_done(&fixture, repair_run(&engine, &order, fixture.arena, &fixture.error, &run_id));
  assert_int_equal(count_of(run_id, "names").changed, 21);
}

static void test_a_rule_without_a_limit_has_one(void **state) {
  (void)state;
  rule_file_write(site, "names.sql", NAMES_RULE("names", ""));
  use_rules();
  uint64_t first = named_learners(REPAIR_LIMIT_FLOOR_ROWS + 1);
  struct repair_order order = order_of(first, first + REPAIR_LIMIT_FLOOR_ROWS);
  uint64_t run_id = 0;
  assert_false(repair_run(&engine, &order, fixture.arena, &fixture.error, &run_id));
  assert_int_equal(fixture.error.code, ERROR_UNPROCESSABLE);
  order.to_user--; /* so few never stop a run, though they are everybody */
  assert_done(&fixture, repair_run(&engine, &order, fixture.arena, &fixture.error, &run_id));
  assert_int_equal(count_of(run_id, "names").changed, REPAIR_LIMIT_FLOOR_ROWS);
}

static void test_what_is_paused_is_left_alone(void **state) {
  (void)state;
  rule_file_write(site, "names.sql", NAMES_RULE("names", EVERY_ROW));
  use_rules();
  uint64_t first = named_learners(3);
  uint64_t ended = 0;
  run(arena_printf(
          fixture.arena,
          "INSERT INTO rule_pauses (rule, user_id, table_name, row_key) VALUES ('names', %llu, 'users',"
          " '{\"id\": %llu}')",
          (unsigned long long)first, (unsigned long long)first),
      NULL, 0);
  uint64_t run_id = repair(first, first + 2);
  assert_int_equal(count_of(run_id, "names").found, 2);
  assert_int_equal(count_of(run_id, "names").changed, 2);
  assert_int_equal(count_of(run_id, "names").paused, 1);
  assert_int_equal(count("SELECT revision FROM users WHERE id = #", first), 0);
  assert_done(&fixture, repair_pause(&engine, fixture.db, "names", "me", &fixture.error));
  assert_done(&fixture, repair_resume(&engine, fixture.db, "names", false, 0, &fixture.error, &ended));
  assert_int_equal(ended, 1);
  assert_int_equal(count_of(repair(first, first + 2), "names").paused, 1);
  assert_done(&fixture, repair_resume(&engine, fixture.db, "names", true, 0, &fixture.error, &ended));
  assert_int_equal(ended, 1);
  assert_int_equal(count_of(repair(first, first + 2), "names").changed, 1);

  uint64_t other = named_learners(2);
  assert_done(&fixture, repair_pause(&engine, fixture.db, "names", "me", &fixture.error));
  run_id = repair(other, other + 1);
  assert_int_equal(count_of(run_id, "names").changed, 0);
  assert_int_equal(count_of(run_id, "names").paused, 2);
  struct rule_repair healed = {0};
  const char *before = picture(other);
  uint64_t runs = count("SELECT COUNT(*) FROM repair_runs", 0);
  assert_done(&fixture, rule_heal(set, ledger, &config, RULE_SCOPE_ALL, other, "rule:test", fixture.arena,
                                  &fixture.error, &healed));
  assert_int_equal(healed.found, 1);
  assert_int_equal(healed.repaired, 0);
  assert_string_equal(picture(other), before);
  assert_int_equal(count("SELECT COUNT(*) FROM repair_runs", 0), runs);
  assert_done(&fixture, repair_resume(&engine, fixture.db, "names", false, 0, &fixture.error, &ended));
  assert_false(repair_pause(&engine, fixture.db, "nothing", "me", &fixture.error));
  assert_int_equal(fixture.error.code, ERROR_NOT_FOUND);
}

static void test_one_switch_stops_every_repair(void **state) {
  (void)state;
  rule_file_write(site, "names.sql", NAMES_RULE("names", EVERY_ROW));
  use_rules();
  uint64_t first = named_learners(1);
  struct repair_order order = order_of(first, first);
  uint64_t run_id = 0;
  uint64_t under_way = 0;
  uint64_t ended = 0;
  assert_done(&fixture, repair_open(&engine, &order, fixture.arena, &fixture.error, &under_way));
  whole.rules.enabled = false;
  assert_false(repair_open(&engine, &order, fixture.arena, &fixture.error, &run_id));
  assert_int_equal(fixture.error.code, ERROR_CONFLICT);
  order.dry_run = true;
  assert_done(&fixture, repair_run(&engine, &order, fixture.arena, &fixture.error, &run_id));
  assert_int_equal(summary_of(run_id).state, REPAIR_PLANNED);
  whole.rules.enabled = true;
  order.dry_run = false;
  assert_done(&fixture, repair_pause(&engine, fixture.db, "*", "me", &fixture.error));
  assert_false(repair_open(&engine, &order, fixture.arena, &fixture.error, &run_id));
  assert_int_equal(fixture.error.code, ERROR_CONFLICT);
  assert_false(repair_range(&engine, under_way, 0, UINT64_MAX, NULL, fixture.arena, &fixture.error));
  assert_int_equal(fixture.error.code, ERROR_CONFLICT);
  assert_false(repair_apply_plan(&engine, run_id, NULL, false, "me", NULL, fixture.arena, &fixture.error));
  assert_int_equal(fixture.error.code, ERROR_CONFLICT);
  assert_int_equal(count("SELECT revision FROM users WHERE id = #", first), 0);
  assert_done(&fixture, repair_resume(&engine, fixture.db, "*", false, 0, &fixture.error, &ended));
}

static void test_only_known_rules_of_the_authority_run(void **state) {
  (void)state;
  rule_file_write(site, "names.sql", NAMES_RULE("names", EVERY_ROW));
  rule_file_write(site, "back.sql", NAMES_RULE("back", EVERY_ROW "-- authority: columns\n"));
  use_rules();
  if (rule_set_problem_count(set) != 0) fail_msg("%s", rule_set_problem(set, 0));
  uint64_t first = named_learners(1);
  struct repair_order order = order_of(first, first);
  const char *const unknown[] = {"names", "nothing"};
  const char *const back[] = {"back"};
  uint64_t run_id = 0;
  order.rules = unknown;
  order.rule_count = 2;
  assert_false(repair_open(&engine, &order, fixture.arena, &fixture.error, &run_id));
  assert_int_equal(fixture.error.code, ERROR_NOT_FOUND);
  order.rules = back;
  order.rule_count = 1;
  assert_false(repair_open(&engine, &order, fixture.arena, &fixture.error, &run_id));
  assert_int_equal(fixture.error.code, ERROR_NOT_FOUND);
  order.authority = REPAIR_AUTHORITY_COLUMNS;
  run_id = run_order(&order);
  assert_int_equal(count_of(run_id, "back").changed, 1);
  assert_int_equal(count_of(run_id, "names").changed, 0);
  assert_string_equal(summary_of(run_id).rules, "[\"back\"]");
}

static void test_a_job_has_one_run(void **state) {
  (void)state;
  use_rules();
  struct repair_order order = order_of(1, 1);
  uint64_t one = 0;
  uint64_t other = 0;
  order.job_id = 4711;
  assert_done(&fixture, repair_open(&engine, &order, fixture.arena, &fixture.error, &one));
  assert_done(&fixture, repair_open(&engine, &order, fixture.arena, &fixture.error, &other));
  assert_int_equal(one, other);
  assert_done(&fixture, repair_abandon(&engine, one, REPAIR_CANCELLED, "no more", &fixture.error));
  assert_done(&fixture, repair_close(&engine, one, fixture.arena, &fixture.error));
  assert_int_equal(summary_of(one).state, REPAIR_CANCELLED);
  assert_string_equal(summary_of(one).error, "no more");
  assert_false(repair_range(&engine, one, 0, UINT64_MAX, NULL, fixture.arena, &fixture.error));
  assert_int_equal(fixture.error.code, ERROR_CONFLICT);
  struct repair_summary *runs;
  size_t listed;
  assert_done(&fixture, repair_list(fixture.db, one + 1, 2, fixture.arena, &fixture.error, &runs, &listed));
  db_rollback(fixture.db);
  assert_int_equal(runs[0].id, one);
  assert_int_equal(runs[0].job_id, 4711);
}

struct guard_log {
  uint64_t cursor;
  uint64_t refuse_beyond;
};

/* What it writes goes the way of the transaction. */
static bool guard_hold(void *context, struct db *db, uint64_t cursor, uint64_t units, struct error *error) {
  struct guard_log *log = context;
  if (cursor > log->refuse_beyond) return error_set(error, ERROR_CONFLICT, "The claim is lost.");
  assert_true(cursor >= log->cursor);
  log->cursor = cursor;
  return db_text_exec(db, with_number("UPDATE guarded SET units = units + #", units), NULL, 0, error, NULL);
}

static bool guard_may_go_on(void *context, struct error *error) {
  (void)context;
  (void)error;
  return true;
}

/* What the guard writes stands exactly with what the range did. */
static void test_a_guard_holds_every_transaction(void **state) {
  (void)state;
  rule_file_write(site, "names.sql", NAMES_RULE("names", EVERY_ROW));
  use_rules();
  uint64_t first = named_learners(1500);
  struct guard_log log = {.refuse_beyond = first + 999};
  struct repair_guard guard = {guard_hold, guard_may_go_on, &log};
  struct repair_order order = order_of(first, first + 1499);
  uint64_t run_id = 0;
  run("CREATE TABLE guarded (units BIGINT UNSIGNED NOT NULL)", NULL, 0);
  run("INSERT INTO guarded VALUES (0)", NULL, 0);
  assert_done(&fixture, repair_open(&engine, &order, fixture.arena, &fixture.error, &run_id));
  assert_false(repair_range(&engine, run_id, 0, UINT64_MAX, &guard, fixture.arena, &fixture.error));
  assert_int_equal(fixture.error.code, ERROR_CONFLICT);
  assert_string_equal(fixture.error.message, "The claim is lost.");
  assert_int_equal(count_of(run_id, "names").changed, 1000);
  assert_int_equal(count("SELECT units FROM guarded", 0), 1000);
  assert_int_equal(log.cursor, first + 999);
  log.refuse_beyond = UINT64_MAX;
  assert_done(&fixture, repair_range(&engine, run_id, log.cursor + 1, UINT64_MAX, &guard, fixture.arena,
                                     &fixture.error));
  assert_int_equal(log.cursor, first + 1499);
  assert_int_equal(count_of(run_id, "names").changed, 1500);
  assert_int_equal(count("SELECT units FROM guarded", 0), 1500);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_a_run_repairs_tells_and_keeps_images, repair_setup, teardown),
      cmocka_unit_test_setup_teardown(test_a_small_range_does_not_read_everybody, repair_setup, teardown),
      cmocka_unit_test_setup_teardown(test_ranges_cover_every_id, repair_setup, teardown),
      cmocka_unit_test_setup_teardown(test_orphans_are_repaired_without_a_history, repair_setup, teardown),
      cmocka_unit_test_setup_teardown(test_a_run_stops_at_its_limit, repair_setup, teardown),
      cmocka_unit_test_setup_teardown(test_a_rule_without_a_limit_has_one, repair_setup, teardown),
      cmocka_unit_test_setup_teardown(test_what_is_paused_is_left_alone, repair_setup, teardown),
      cmocka_unit_test_setup_teardown(test_one_switch_stops_every_repair, repair_setup, teardown),
      cmocka_unit_test_setup_teardown(test_only_known_rules_of_the_authority_run, repair_setup, teardown),
      cmocka_unit_test_setup_teardown(test_a_job_has_one_run, repair_setup, teardown),
      cmocka_unit_test_setup_teardown(test_a_guard_holds_every_transaction, repair_setup, teardown),
  };
  if (fixture_is_missing()) return 0;
  return cmocka_run_group_tests_name("rule/repair", tests, group_setup, group_teardown);
}
