/* Rollbacks: what comes back, what stays and why, and what the next run leaves alone. */
#include "repair_fixture.h"

#include "base/banned.h"

#define CONTENT \
  "CONCAT_WS('|', tokens, questions_answered, correct_answers, COALESCE(hidden_grade_asset, 'NULL')," \
  " COALESCE(display_name, 'NULL'))"

static void test_every_column_comes_back(void **state) {
  (void)state;
  use_rules();
  static const char *const documents[] = {NULL, "{\"modules\": 5,   \"mine\": [1,  2]}", "[ ]",
                                          MODULES(MODULE("a", 20, 10, 5)),
                                          "{\"global_stats\": {\"total_tokens_earned\": \"9\"}}"};
  uint64_t first = 0;
  uint64_t last = 0;
  for (size_t at = 0; at < ARRAY_LENGTH(documents); at++) {
    last = learner_new(9, 3, 2, documents[at]);
    if (at == 0) first = last;
  }
  const char *before[ARRAY_LENGTH(documents)];
  for (size_t at = 0; at < ARRAY_LENGTH(documents); at++)
    before[at] = ask(first + at, CONTENT);
  uint64_t run_id = repair(first, last);
  assert_int_equal(summary_of(run_id).learners_changed, ARRAY_LENGTH(documents));
  uint64_t undone = rollback_run(run_id);
  struct repair_summary summary = summary_of(undone);
  assert_true(summary.is_rollback);
  assert_int_equal(summary.rolls_back, run_id);
  assert_int_equal(summary.learners_changed, ARRAY_LENGTH(documents));
  assert_int_equal(summary_of(run_id).rolled_back_by, undone);
  for (size_t at = 0; at < ARRAY_LENGTH(documents); at++) {
    assert_string_equal(ask(first + at, CONTENT), before[at]);
    assert_int_equal(ask_number(first + at, "revision"), 2);
    assert_history_adds_up(first + at, documents[at]);
    assert_non_null(strstr(
        tell("SELECT changes FROM ledger WHERE user_id = # AND revision = 2", first + at),
        arena_printf(fixture.arena, "\"because\":\"rollback of run %llu\"", (unsigned long long)run_id)));
  }
  uint64_t again = repair(first, last);
  assert_int_equal(summary_of(again).learners_changed, 0);
  assert_int_equal(count_of(again, "user_totals_match_modules").paused, ARRAY_LENGTH(documents));
  uint64_t ended = 0;
  assert_done(&fixture, repair_resume(&engine, fixture.db, NULL, false, undone, &fixture.error, &ended));
  assert_true(ended >= ARRAY_LENGTH(documents));
  assert_int_equal(summary_of(repair(first, last)).learners_changed, ARRAY_LENGTH(documents));
}

static void answer(uint64_t user_id) {
  run(arena_printf(
          fixture.arena,
          "INSERT INTO ledger (user_id, revision, op_id, request_hash, actor, kind, changes, created_at)"
          " SELECT id, revision + 1, 'a', REPEAT('a', 32), 'user_7', 'answer', '[]', UTC_TIMESTAMP(3)"
          " FROM users WHERE id = %llu",
          (unsigned long long)user_id),
      NULL, 0);
  run(arena_printf(fixture.arena,
                   "UPDATE users SET revision = revision + 1, display_name = 'answered' WHERE id = %llu",
                   (unsigned long long)user_id),
      NULL, 0);
}

static void test_what_changed_since_stays_with_its_reason(void **state) {
  (void)state;
  rule_file_write(site, "names.sql", NAMES_RULE("names", EVERY_ROW));
  use_rules();
  uint64_t first = named_learners(4);
  uint64_t run_id = repair(first, first + 3);
  answer(first);
  run(arena_printf(fixture.arena, "UPDATE users SET display_name = 'around' WHERE id = %llu",
                   (unsigned long long)(first + 1)),
      NULL, 0);
  run(arena_printf(fixture.arena, "UPDATE users SET revision = 5 WHERE id = %llu",
                   (unsigned long long)(first + 2)),
      NULL, 0); /* something else moved: its name is as it was left */
  uint64_t undone = rollback_run(run_id);
  assert_int_equal(count_of(undone, "names").changed, 2);
  assert_int_equal(count_of(undone, "names").moved, 2);
  assert_string_equal(ask(first, "display_name"), "answered");
  assert_string_equal(ask(first + 1, "display_name"), "around");
  assert_int_equal(ask(first + 2, "display_name")[0], ' ');
  assert_int_equal(ask_number(first + 2, "revision"), 6);
  assert_int_equal(ask_number(first, "revision"), 2);
  struct repair_row *rows;
  size_t row_count;
  assert_done(&fixture, repair_rows_read(fixture.db, undone, "moved", 0, 0, 10, fixture.arena, &fixture.error,
                                         &rows, &row_count));
  db_rollback(fixture.db);
  assert_int_equal(row_count, 2);
  assert_string_equal(rows[0].changed_by, "revision 2: answer by user_7");
  assert_string_equal(rows[1].changed_by, "changed around Lockstep");
  assert_int_equal(count("SELECT COUNT(*) FROM rule_pauses WHERE run_id = # AND rule = 'names'", undone), 2);
}

/* A row of which one column changed is not put back by half. */
static void test_a_row_comes_back_whole_or_not_at_all(void **state) {
  (void)state;
  use_rules();
  uint64_t user_id = learner_new(1, 12, 3, MODULES(MODULE("a", 20, 10, 5)));
  uint64_t run_id = repair(user_id, user_id);
  run(arena_printf(fixture.arena, "UPDATE users SET tokens = tokens + 1 WHERE id = %llu",
                   (unsigned long long)user_id),
      NULL, 0);
  const char *before = picture(user_id);
  uint64_t undone = rollback_run(run_id);
  assert_string_equal(picture(user_id), before);
  assert_int_equal(summary_of(undone).learners_changed, 0);
  assert_int_equal(count("SELECT COUNT(*) FROM repair_rows WHERE run_id = # AND state = 'moved'", undone),
                   count("SELECT COUNT(*) FROM repair_rows WHERE run_id = #", run_id));
  assert_int_equal(count("SELECT COUNT(*) FROM rule_pauses WHERE run_id = #", undone), 0);
}

#define DAYS_RULE \
  "-- rule: days\n-- summary: S\n-- severity: info\n-- changes: practice_days\n-- limit: 100 %\n\n" \
  "SELECT u.id AS user_id, 'practice_days' AS `table`," \
  " CONCAT('{\"user_id\": ', u.id, ', \"day\": \"2024-02-29\", \"activity\": \"made\"}') AS `key`," \
  " 'insert' AS `action`, 'count' AS `column`, NULL AS actual, 7 AS wanted" \
  " FROM users AS u LEFT JOIN practice_days AS d ON d.user_id = u.id AND d.day = '2024-02-29' AND " \
  "d.activity = 'made'" \
  " WHERE u.id BETWEEN :from AND :to AND u.username LIKE 'days%' AND d.user_id IS NULL" \
  " UNION ALL SELECT d.user_id, 'practice_days', JSON_OBJECT('user_id', d.user_id, 'day', d.day, " \
  "'activity'," \
  " d.activity), 'delete', NULL, NULL, NULL FROM practice_days AS d WHERE d.user_id BETWEEN :from AND :to " \
  "AND" \
  " d.day = '2024-01-01'\n"

static const char *days_of(uint64_t user_id) {
  return ask(user_id,
             "(SELECT GROUP_CONCAT(CONCAT_WS(' ', d.day, d.activity, d.count) ORDER BY d.day, d.activity)"
             " FROM practice_days AS d WHERE d.user_id = u.id)");
}

static void test_inserted_rows_go_and_deleted_ones_return(void **state) {
  (void)state;
  rule_file_write(site, "days.sql", DAYS_RULE);
  use_rules();
  if (rule_set_problem_count(set) != 0) fail_msg("%s", rule_set_problem(set, 0));
  uint64_t first = learner_new(0, 0, 0, NULL);
  uint64_t second = learner_new(0, 0, 0, NULL);
  run(arena_printf(fixture.arena, "UPDATE users SET username = CONCAT('days', id) WHERE id >= %llu",
                   (unsigned long long)first),
      NULL, 0);
  run(arena_printf(fixture.arena,
                   "INSERT INTO practice_days (user_id, day, activity, count) VALUES (%llu, '2024-01-01', "
                   "'it''s \"x', 4),"
                   " (%llu, '2024-01-01', 'y', 2)",
                   (unsigned long long)first, (unsigned long long)second),
      NULL, 0);
  const char *before = days_of(first);
  struct repair_order order = order_of(first, second);
  const char *const names[] = {"days"};
  order.rules = names;
  order.rule_count = 1;
  uint64_t run_id = run_order(&order);
  assert_int_equal(count_of(run_id, "days").changed, 4);
  assert_string_equal(days_of(first), "2024-02-29 made 7");
  run(arena_printf(fixture.arena, "UPDATE practice_days SET count = 8 WHERE user_id = %llu",
                   (unsigned long long)second),
      NULL, 0);
  uint64_t undone = rollback_run(run_id);
  assert_string_equal(days_of(first), before);
  assert_string_equal(days_of(second), "2024-01-01 y 2,2024-02-29 made 8");
  assert_int_equal(count_of(undone, "days").changed, 3);
  assert_int_equal(count_of(undone, "days").moved, 1);
  assert_int_equal(
      count("SELECT COUNT(*) FROM quarantine WHERE run_id = # AND restored_at IS NOT NULL", run_id), 2);
  assert_int_equal(count("SELECT COUNT(*) FROM quarantine WHERE run_id = #", undone), 1);

  /* And the rollback of the rollback brings the repair back, and resumes. */
  assert_true(count("SELECT COUNT(*) FROM rule_pauses WHERE run_id = #", undone) > 0);
  uint64_t redone = rollback_run(undone);
  assert_int_equal(count_of(redone, "days").changed, 3);
  assert_string_equal(days_of(first), "2024-02-29 made 7");
  assert_int_equal(count("SELECT COUNT(*) FROM rule_pauses WHERE run_id = #", undone), 0);
}

/* Every kind of column, and a document within the row, byte for byte. */
static void test_a_deleted_row_returns_byte_for_byte(void **state) {
  (void)state;
  rule_file_write(
      site, "odd.sql",
      "-- rule: odd\n-- summary: S\n-- severity: info\n-- changes: oddities\n-- limit: 100 %\n\n"
      "SELECT o.user_id, 'oddities' AS `table`, CONCAT('{\"name\": ', JSON_QUOTE(o.name), ', \"at\": \"',"
      " o.at, '\"}') AS `key`, 'delete' AS `action`, 'doc' AS `column`, o.doc AS actual, NULL AS wanted"
      " FROM oddities AS o WHERE o.user_id BETWEEN :from AND :to\n");
  run("CREATE TABLE oddities (name VARCHAR(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL, at "
      "DATETIME(6) NOT"
      " NULL, user_id BIGINT UNSIGNED NOT NULL, doc LONGTEXT CHECK (JSON_VALID(doc)), raw VARBINARY(20), "
      "price"
      " DECIMAL(10, 2), ratio DOUBLE, twice INT GENERATED ALWAYS AS (user_id * 2) STORED, nothing TEXT, "
      "PRIMARY KEY"
      " (name, at), KEY (user_id))",
      NULL, 0);
  uint64_t user_id = learner_new(0, 0, 0, NULL);
  run(arena_printf(fixture.arena,
                   "INSERT INTO oddities (name, at, user_id, doc, raw, price, ratio, nothing) VALUES"
                   " ('q\"\\\\ü', '2024-02-29 01:02:03.456789', %llu, '{\"a\":   1, \"a\": [ 2,3], \"t\": "
                   "\"x\\\\n\"}',"
                   " X'00FF27', 12.50, 0.1, NULL)",
                   (unsigned long long)user_id),
      NULL, 0);
  static const char picture_sql[] =
      "SELECT CONCAT_WS('|', name, at, doc, HEX(raw), price, ratio, twice, COALESCE(nothing, 'NULL'))"
      " FROM oddities WHERE user_id = #";
  const char *before = tell(picture_sql, user_id);
  use_rules();
  if (rule_set_problem_count(set) != 0) fail_msg("%s", rule_set_problem(set, 0));
  uint64_t run_id = repair(user_id, user_id);
  assert_int_equal(count("SELECT COUNT(*) FROM oddities", 0), 0);
  rollback_run(run_id);
  assert_string_equal(tell(picture_sql, user_id), before);
  run("DROP TABLE oddities", NULL, 0);
}

static void test_what_cannot_be_rolled_back_is_told(void **state) {
  (void)state;
  rule_file_write(site, "names.sql", NAMES_RULE("names", EVERY_ROW));
  use_rules();
  uint64_t first = named_learners(1);
  struct repair_order plan = order_of(first, first);
  struct repair_order undo = order_of(0, 0);
  uint64_t run_id = 0;
  undo.rolls_back = UINT32_MAX;
  assert_false(repair_open(&engine, &undo, fixture.arena, &fixture.error, &run_id));
  assert_int_equal(fixture.error.code, ERROR_NOT_FOUND);
  plan.dry_run = true;
  undo.rolls_back = run_order(&plan);
  assert_false(repair_open(&engine, &undo, fixture.arena, &fixture.error, &run_id));
  assert_int_equal(fixture.error.code, ERROR_CONFLICT);
  plan.dry_run = false;
  assert_done(&fixture, repair_open(&engine, &plan, fixture.arena, &fixture.error, &undo.rolls_back));
  assert_false(repair_open(&engine, &undo, fixture.arena, &fixture.error, &run_id));
  assert_int_equal(fixture.error.code, ERROR_CONFLICT);
  undo.rolls_back = repair(first, first);
  rollback_run(undo.rolls_back);
  assert_false(repair_open(&engine, &undo, fixture.arena, &fixture.error, &run_id));
  assert_int_equal(fixture.error.code, ERROR_CONFLICT);
  assert_non_null(strstr(fixture.error.message, "was rolled back already, by run "));
}

/* The file of a rule may be gone by then. */
static void test_a_rollback_needs_no_rule(void **state) {
  (void)state;
  rule_file_write(site, "names.sql", NAMES_RULE("names", EVERY_ROW));
  use_rules();
  uint64_t first = named_learners(2);
  const char *before = ask(first, "display_name");
  uint64_t run_id = repair(first, first + 1);
  rule_directory_remove(site);
  rule_directory_make(site);
  config.site_directory = site;
  use_rules();
  assert_int_equal(summary_of(rollback_run(run_id)).learners_changed, 2);
  assert_string_equal(ask(first, "display_name"), before);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_every_column_comes_back, repair_setup, teardown),
      cmocka_unit_test_setup_teardown(test_what_changed_since_stays_with_its_reason, repair_setup, teardown),
      cmocka_unit_test_setup_teardown(test_a_row_comes_back_whole_or_not_at_all, repair_setup, teardown),
      cmocka_unit_test_setup_teardown(test_inserted_rows_go_and_deleted_ones_return, repair_setup, teardown),
      cmocka_unit_test_setup_teardown(test_a_deleted_row_returns_byte_for_byte, repair_setup, teardown),
      cmocka_unit_test_setup_teardown(test_what_cannot_be_rolled_back_is_told, repair_setup, teardown),
      cmocka_unit_test_setup_teardown(test_a_rollback_needs_no_rule, repair_setup, teardown),
  };
  if (fixture_is_missing()) return 0;
  return cmocka_run_group_tests_name("rule/repair_undo", tests, group_setup, group_teardown);
}
