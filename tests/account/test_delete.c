/* A deleted learner is gone from every table, whatever happens on the way, and nobody else is touched. */
#include "../job/guard_fixture.h"

#include "account/delete.h"

#include "base/banned.h"

/* Rows of the learner @id in every table; attempts for more than two batches. */
static const char *const belongings[] = {
    "INSERT INTO users (id, subject, username, display_name, role, time_zone, tokens, questions_answered,"
    " correct_answers, hidden_grade_asset, revision) VALUES (@id, CONCAT('idp|', @id), CONCAT('name', @id),"
    " 'Ada', 'admin', 'Europe/Berlin', 5, 5, 5, '{\"modules\": {}}', 5)",
    "INSERT INTO ledger (user_id, revision, op_id, request_hash, actor, kind, changes, reply, created_at)"
    " SELECT @id, seq, seq, REPEAT('h', 32), 'user_1', 'answer', '[{\"what\":\"tokens\",\"by\":1}]', '{}',"
    " UTC_TIMESTAMP() FROM seq_1_to_5",
    "INSERT INTO profiles (user_id, subscription_id) VALUES (@id, 'sub')",
    "INSERT INTO practice_days (user_id, day, activity) VALUES (@id, '2026-01-01', 'answer'),"
    " (@id, '2026-01-02', 'answer')",
    "INSERT INTO daily_totals (user_id, day, module) VALUES (@id, '2026-01-01', 'm')",
    "INSERT INTO practice_sessions (user_id, started_at) VALUES (@id, '2026-01-01'), (@id, '2026-01-02')",
    "INSERT INTO attempts (user_id, revision, exercise_id, module, is_correct, user_answer, practised_on,"
    " created_at) SELECT @id, seq, 'e', 'm', 1, 'word', '2026-01-01', '2026-01-01' FROM seq_1_to_4500",
    "INSERT INTO attempts_archive (id, user_id, revision, exercise_id, module, is_correct, practised_on, "
    "created_at)"
    " VALUES (@id, @id, 1, 'e', 'm', 1, '2025-01-01', '2025-01-01')",
    "INSERT INTO imported_entries (user_id, digest, occurrences) VALUES (@id, REPEAT('d', 16), 1)",
    "INSERT INTO session_results (user_id, id, thread_id, stitch_id, practised_on, completed_at, revision)"
    " VALUES (@id, 's', 't', 's', '2026-01-01', '2026-01-01', 1)",
    "INSERT INTO user_stitch_progress (user_id, thread_id, stitch_id, last_attempted, revision)"
    " VALUES (@id, 't', 's', '2026-01-01', 1)",
    "INSERT INTO stitch_mutations (user_id, mutation_id, content_hash, created_at)"
    " VALUES (@id, 'm', REPEAT('h', 32), '2026-01-01')",
    "INSERT INTO sync_rejects (user_id, item, item_hash, reason, created_at)"
    " VALUES (@id, 'word', REPEAT('h', 32), 'why', '2026-01-01')",
    "INSERT INTO live_tickets (digest, user_id, expires_at, token_expires_at)"
    " VALUES (UNHEX(SHA2(@id, 256)), @id, '2026-01-01', '2026-01-01')",
    "INSERT INTO audit_results (pass_id, user_id, username, table_tokens, table_questions, table_correct,"
    " json_tokens, json_questions, json_correct, has_document) VALUES (1, @id, 'name', 1, 1, 1, 1, 1, 1, 1)",
    "INSERT INTO repair_rows (run_id, user_id, id, step, rule, table_name, row_key, action, before_value, "
    "state)"
    " VALUES (1, @id, 1, 1, 'r', 'users', '{}', 'set', 'secret', 'done')",
    "INSERT INTO quarantine (run_id, rule, user_id, table_name, row_key, row_data, created_at)"
    " VALUES (1, 'r', @id, 't', '{}', '{}', '2026-01-01')",
    "INSERT INTO rule_pauses (rule, user_id) VALUES ('r', @id)",
    "INSERT INTO progress_events (user_id, id, revision, event_type, source_system, activity_type, "
    "activity_id,"
    " completion_status, event_data, timestamp, happened_at, practised_on, content_hash) VALUES (@id, 'e', 1,"
    " 'video_completed', 'video_player', 'video', 'v', 'completed', '{}', '2026-01-01', '2026-01-01',"
    " '2026-01-01', REPEAT('h', 32))",
    "INSERT INTO activities (user_id, activity_type, activity_id, status, first_at, last_at)"
    " VALUES (@id, 'video', 'v', 'completed', '2026-01-01', '2026-01-01')",
    "INSERT INTO activity_days (user_id, day, activity_type, activity_id) VALUES (@id, '2026-01-01', "
    "'video', 'v')",
    "INSERT INTO user_progress_summary (user_id) VALUES (@id)",
    "INSERT INTO progress_conflicts (id, user_id, revision, conflict_type, activity_type, activity_id, "
    "impact,"
    " confidence, suggested_resolution) VALUES (@id, @id, 1, 'duplicate_event', 'video', 'v', 'low', 1, "
    "'{}')",
    "INSERT INTO progress_conflict_events (conflict_id, user_id, event_id) VALUES (@id, @id, 'e')",
    "INSERT INTO propagations (user_id, event_id, target_table, target_key, target_system, after_values)"
    " VALUES (@id, 'e', 'todos', '{}', 'todo_manager', '{}')",
    "INSERT INTO achievements (user_id, id, achievement_type, title, earned_at)"
    " VALUES (@id, 'first', 'completion', 'First', '2026-01-01')",
    "INSERT INTO milestones (user_id, milestone_id, title) VALUES (@id, 'm', 'M')",
    "INSERT INTO system_sync_status (user_id, source_system, target_system)"
    " VALUES (@id, 'video_player', 'todo_manager')",
    "INSERT INTO notifications (user_id, revision, kind, data) VALUES (@id, 1, 'achievement', '{}')",
    "INSERT INTO todos (user_id, id) VALUES (@id, 't')",
    "INSERT INTO todo_videos (user_id, todo_id, video_id) VALUES (@id, 't', 'v')",
    "INSERT INTO schedule_entries (user_id, id, starts_at) VALUES (@id, 's', '2026-01-01')",
    "INSERT INTO video_progress (user_id, video_id) VALUES (@id, 'v')",
    "INSERT INTO learning_paths (user_id, id) VALUES (@id, 'p')",
    "INSERT INTO learning_path_steps (user_id, path_id, step_id) VALUES (@id, 'p', 's')",
    "INSERT INTO path_progress (user_id, path_id) VALUES (@id, 'p')",
    "INSERT INTO skills (user_id, skill_id) VALUES (@id, 'k')",
    "INSERT INTO ai_journey (user_id) VALUES (@id)",
    "INSERT INTO chat_mentions (user_id, activity_type, activity_id, completed_at)"
    " VALUES (@id, 'video', 'v', '2026-01-01')",
    "INSERT INTO enrollments (user_id, course_id) VALUES (@id, 1)",
    "INSERT INTO student_progress (student_id, course_id) VALUES (@id, 1)",
    "INSERT INTO chapter_completions (user_id, chapter_id, completed_at) VALUES (@id, 1, '2026-01-01')",
    "INSERT INTO access_requests (student_id, course_id) VALUES (@id, 1)",
    "INSERT INTO access_decisions (request_id, student_id, course_id, decision, requested_at, decided_by,"
    " decided_at) VALUES (@id, @id, 1, 'rejected', '2026-01-01', 'user_1', '2026-01-02')",
    "INSERT INTO payments (provider_ref, user_id) VALUES (CONCAT('pi_', @id), @id)",
    "INSERT INTO subscriptions (provider_ref, user_id) VALUES (CONCAT('sub_', @id), @id)",
    "INSERT INTO webhook_events (event_id, type, user_id, payload, created_at, received_at, outcome)"
    " VALUES (CONCAT('evt_', @id), 't', @id, 'name and address', '2026-01-01', '2026-01-01', 'applied')",
    "UPDATE profiles SET stripe_customer_id = CONCAT('cus_', @id) WHERE user_id = @id",
    "UPDATE subscriptions SET customer_ref = CONCAT('cus_s_', @id) WHERE user_id = @id",
    "INSERT INTO webhook_events (event_id, type, named_user_id, customer_ref, payload, created_at, "
    "received_at, outcome)"
    " VALUES (CONCAT('evt_named_', @id), 't', @id, NULL, 'name and address', '2026-01-01', '2026-01-01', "
    "'ignored'),"
    " (CONCAT('evt_of_', @id), 't', NULL, CONCAT('cus_', @id), 'name and address', '2026-01-01', "
    "'2026-01-01',"
    " 'unassigned'), (CONCAT('evt_sub_', @id), 't', NULL, CONCAT('cus_s_', @id), 'name and address', "
    "'2026-01-01',"
    " '2026-01-01', 'unassigned')",
};
#define ERASED \
  "access_decisions 1, access_requests 1, achievements 1, activities 1, activity_days 1, " \
  "ai_journey 1, attempts 4500, attempts_archive 1, audit_results 1, chapter_completions 1, " \
  "chat_mentions 1, daily_totals 1, enrollments 1, imported_entries 1, path_progress 1, " \
  "learning_path_steps 1, learning_paths 1, ledger 5, live_tickets 1, milestones 1, notifications 1, " \
  "payments 1, practice_days 2, practice_sessions 2, profiles 1, progress_conflict_events 1, " \
  "progress_conflicts 1, progress_events 1, propagations 1, quarantine 1, repair_rows 1, " \
  "rule_pauses 1, schedule_entries 1, session_results 1, skills 1, stitch_mutations 1, " \
  "student_progress 1, subscriptions 1, sync_rejects 1, system_sync_status 1, todo_videos 1, " \
  "todos 1, user_progress_summary 1, user_stitch_progress 1, video_progress 1, webhook_events 4"

/* The column that says whose a row is. */
static const char *owner_of(const char *table) {
  bool is_students = strncmp(table, "access_", 7) == 0 || strcmp(table, "student_progress") == 0;
  return is_students ? "student_id" : "user_id";
}

static void add_learner(unsigned id) {
  run(arena_printf(fixture.arena, "SET @id = %u", id));
  for (size_t at = 0; at < ARRAY_LENGTH(belongings); at++)
    run(belongings[at]);
}

static int setup(void **state) {
  (void)state;
  error_clear(&fixture.error);
  arena_reset(fixture.arena);
  for (size_t at = 0; delete_tables[at] != NULL; at++)
    run(arena_printf(fixture.arena, "DELETE FROM %s", delete_tables[at]));
  run("DELETE FROM passes");
  run("UPDATE users SET merged_into = NULL");
  run("DELETE FROM users");
  run("INSERT IGNORE INTO courses (id, title) VALUES (1, 'c')");
  run("INSERT IGNORE INTO chapters (id, course_id, title) VALUES (1, 1, 'c')");
  run("INSERT INTO passes (id, kind, started_at) VALUES (1, 'audit', UTC_TIMESTAMP())");
  add_learner(7);
  add_learner(8);
  return 0;
}

static bool erase(uint64_t user_id, const struct repair_guard *guard, struct delete_report *ret_report) {
  error_clear(&fixture.error);
  return delete_learner(ledger, user_id, "job_1", guard, fixture.arena, &fixture.error, ret_report);
}

static const char *told(const struct delete_report *report) {
  const struct delete_count *counts = report->erased.items;
  const char *text = "";
  for (size_t at = 0; at < report->erased.count; at++)
    text = arena_printf(fixture.arena, "%s%s%s %llu", text, at == 0 ? "" : ", ", counts[at].table,
                        (unsigned long long)counts[at].rows);
  return text;
}

/* Rows of a learner over all tables, the last entry of the ledger aside. */
static const char *rows_of(unsigned id) {
  const char *sql = "SELECT 0";
  for (size_t at = 0; delete_tables[at] != NULL; at++)
    sql = arena_printf(fixture.arena, "%s + (SELECT COUNT(*) FROM %s WHERE %s = %u%s)", sql,
                       delete_tables[at], owner_of(delete_tables[at]), id,
                       strcmp(delete_tables[at], "ledger") == 0 ? " AND op_id <> 'delete_user'" : "");
  return ask(sql);
}

static const char *row_of(unsigned id) {
  return ask(arena_printf(
      fixture.arena,
      "SELECT CONCAT_WS(' ', COALESCE(subject, '-'), COALESCE(username, '-'), COALESCE(display_name, '-'), "
      "role,"
      " time_zone, tokens, questions_answered, correct_answers, COALESCE(hidden_grade_asset, '-'), revision,"
      " deleted_at IS NOT NULL) FROM users WHERE id = %u",
      id));
}

static const char *tombstone_of(const char *subject, unsigned revision) {
  return ask(arena_printf(fixture.arena,
                          "SELECT CONCAT('deleted:', SHA2('%s', 256), ' - - student UTC 0 0 0 - %u 1')",
                          subject, revision));
}

static void test_nothing_is_left(void **state) {
  struct delete_report report = {0};
  const char *other = ask("SELECT GROUP_CONCAT(CONCAT_WS(' ', subject, username, revision, updated_at)) FROM"
                          " users WHERE id = 8");
  const char *others_rows = rows_of(8);
  (void)state;
  assert_done(&fixture, erase(7, NULL, &report));
  assert_string_equal(told(&report), ERASED);
  assert_int_equal(report.learners, 1);
  assert_string_equal(rows_of(7), "0");
  assert_string_equal(row_of(7), tombstone_of("idp|7", 6));
  assert_answer("SELECT CONCAT_WS(' ', revision, op_id, actor, kind, COALESCE(reply, '-')) FROM ledger"
                " WHERE user_id = 7",
                "6 delete_user job_1 delete_user -");
  assert_string_equal(rows_of(8), others_rows);
  assert_answer("SELECT GROUP_CONCAT(CONCAT_WS(' ', subject, username, revision, updated_at)) FROM users"
                " WHERE id = 8",
                other);
}

static void test_again_is_no_harm(void **state) {
  struct delete_report first = {0};
  struct delete_report second = {0};
  (void)state;
  assert_done(&fixture, erase(7, NULL, &first));
  const char *row = row_of(7);
  run("INSERT INTO practice_days (user_id, day, activity) VALUES (7, '2026-01-01', 'late')");
  assert_done(&fixture, erase(7, NULL, &second));
  assert_string_equal(told(&second), told(&first));
  assert_string_equal(row_of(7), row);
  assert_string_equal(rows_of(7), "0");
}

/* Broken off before each of its transactions; whoever takes over tells the whole story all the same. */
static void test_broken_off_anywhere(void **state) {
  size_t holds = 0;
  for (;; holds++) {
    struct watch first = {.holds_left = holds};
    struct watch second = {.holds_left = SIZE_MAX};
    struct repair_guard before = watch_guard(&first);
    struct repair_guard after = watch_guard(&second);
    struct delete_report report = {0};
    setup(state);
    bool done = erase(7, &before, &report);
    if (holds == 0) assert_string_equal(row_of(7) + strlen(row_of(7)) - 1, "0");
    assert_done(&fixture, erase(7, &after, &report));
    assert_string_equal(told(&report), ERASED);
    assert_string_equal(rows_of(7), "0");
    assert_string_equal(row_of(7), tombstone_of("idp|7", 6));
    if (done) break;
  }
  assert_true(holds >= 12);
}

static void test_of_events_and_payments_the_books_stay(void **state) {
  struct delete_report report = {0};
  (void)state;
  assert_done(&fixture, erase(7, NULL, &report));
  assert_answer(
      "SELECT GROUP_CONCAT(event_id ORDER BY id) FROM webhook_events WHERE payload = '{}' AND user_id IS NULL"
      " AND named_user_id IS NULL AND customer_ref IS NULL",
      "evt_7,evt_named_7,evt_of_7,evt_sub_7");
  assert_answer("SELECT COUNT(*) FROM webhook_events WHERE payload = 'name and address'", "4");
  assert_answer(
      "SELECT GROUP_CONCAT(CONCAT_WS(' ', provider_ref, erased_at IS NOT NULL) ORDER BY id) FROM payments",
      "pi_7 1,pi_8 0");
}

static void test_who_was_merged_goes_too(void **state) {
  struct delete_report report = {0};
  (void)state;
  add_learner(9);
  add_learner(10);
  run("UPDATE users SET merged_into = 7 WHERE id = 8");
  run("UPDATE users SET merged_into = 8, subject = NULL WHERE id = 9");
  assert_done(&fixture, erase(7, NULL, &report));
  assert_int_equal(report.learners, 3);
  assert_string_equal(strrchr(told(&report), ' '), " 12"); /* webhook_events */
  assert_string_equal(rows_of(8), "0");
  assert_string_equal(rows_of(9), "0");
  assert_string_equal(row_of(8), tombstone_of("idp|8", 5));
  assert_string_equal(row_of(9), "- - - student UTC 0 0 0 - 5 1");
  assert_answer("SELECT merged_into FROM users WHERE id = 9", "8");
  assert_string_not_equal(rows_of(10), "0");
}

static void test_a_merged_learner_is_not_deleted_through_another(void **state) {
  struct delete_report report;
  (void)state;
  run("UPDATE users SET merged_into = 7 WHERE id = 8");
  assert_false(erase(8, NULL, &report));
  assert_int_equal(fixture.error.code, ERROR_CONFLICT);
  assert_non_null(strstr(fixture.error.message, "user 7"));
  assert_answer("SELECT COUNT(*) FROM users WHERE deleted_at IS NOT NULL", "0");
  assert_false(delete_check(fixture.db, 8, fixture.arena, &fixture.error));
  assert_true(delete_check(fixture.db, 7, fixture.arena, &fixture.error));
  db_rollback(fixture.db);
}

static void test_nobody(void **state) {
  struct delete_report report;
  (void)state;
  assert_false(erase(4711, NULL, &report));
  assert_int_equal(fixture.error.code, ERROR_NOT_FOUND);
}

/* deleted_at set by hand: the names and rows that stand there still go. */
static void test_deleted_by_hand(void **state) {
  struct delete_report report = {0};
  (void)state;
  run("UPDATE users SET deleted_at = '2026-01-01' WHERE id = 7");
  assert_done(&fixture, erase(7, NULL, &report));
  assert_string_equal(told(&report), ERASED);
  assert_string_equal(rows_of(7), "0");
  assert_string_equal(row_of(7), tombstone_of("idp|7", 5));
  assert_answer("SELECT deleted_at FROM users WHERE id = 7", "2026-01-01 00:00:00.000");
}

/* Samples of rules go where they show the learner, and where they show others they stay. */
static void test_samples(void **state) {
  struct delete_report report;
  (void)state;
  run("INSERT INTO rule_results (pass_id, rule, severity, sample) VALUES"
      " (1, 'a', 'info', '[{\"userId\": 8}, {\"userId\": 7, \"actual\": \"secret\"}]'),"
      " (1, 'b', 'info', '[{\"userId\": 77}, {\"userId\": 8, \"actual\": \"7\"}]'), (1, 'c', 'info', NULL)");
  assert_done(&fixture, erase(7, NULL, &report));
  assert_answer("SELECT GROUP_CONCAT(rule ORDER BY rule) FROM rule_results WHERE sample IS NOT NULL", "b");
}

static void test_no_later_operation_finds_anything(void **state) {
  struct delete_report report;
  static const struct ledger_kind kind = {.name = "answer"};
  struct ledger_entry entry = {.user_id = 7, .op_id = "1", .actor = "user_7", .arena = fixture.arena};
  (void)state;
  assert_done(&fixture, erase(7, NULL, &report));
  assert_false(ledger_run_one(ledger, &kind, &entry, NULL, fixture.arena, &fixture.error));
  assert_int_equal(fixture.error.code, ERROR_UNAUTHENTICATED);
}

/* A table that is made later cannot be forgotten: whatever has a column for a learner is in the list. */
static void test_every_table_is_in_the_list(void **state) {
  struct fixture_cell cell = {.rows = 0};
  const char *list = "''";
  (void)state;
  for (size_t at = 0; delete_tables[at] != NULL; at++)
    list = arena_printf(fixture.arena, "%s, '%s'", list, delete_tables[at]);
  cell = fixture_ask(
      &fixture, fixture.db,
      arena_printf(fixture.arena,
                   "SELECT GROUP_CONCAT(DISTINCT c.table_name) FROM information_schema.columns AS c"
                   " JOIN information_schema.tables AS t USING (table_schema, table_name)"
                   " WHERE c.table_schema = DATABASE() AND t.table_type = 'BASE TABLE'"
                   " AND c.column_name IN ('user_id', 'student_id') AND c.table_name NOT IN (%s)",
                   list));
  db_rollback(fixture.db);
  if (strcmp(cell.text, "NULL") != 0)
    fail_msg("a deleted learner's rows stay in %s: see delete_tables in src/account/delete.c", cell.text);
  for (size_t at = 0; delete_tables[at] != NULL; at++)
    assert_answer(
        arena_printf(fixture.arena,
                     "SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE()"
                     " AND table_name = '%s' AND column_name = '%s'",
                     delete_tables[at], owner_of(delete_tables[at])),
        "1");
}

int main(void) {
  if (fixture_is_missing()) return 0;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(test_nothing_is_left, setup),
      cmocka_unit_test_setup(test_again_is_no_harm, setup),
      cmocka_unit_test_setup(test_broken_off_anywhere, setup),
      cmocka_unit_test_setup(test_of_events_and_payments_the_books_stay, setup),
      cmocka_unit_test_setup(test_who_was_merged_goes_too, setup),
      cmocka_unit_test_setup(test_a_merged_learner_is_not_deleted_through_another, setup),
      cmocka_unit_test_setup(test_nobody, setup),
      cmocka_unit_test_setup(test_deleted_by_hand, setup),
      cmocka_unit_test_setup(test_samples, setup),
      cmocka_unit_test_setup(test_no_later_operation_finds_anything, setup),
      cmocka_unit_test_setup(test_every_table_is_in_the_list, setup),
  };
  return cmocka_run_group_tests_name("delete", tests, group_setup, group_teardown);
}
