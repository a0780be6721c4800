/* Every rule that ships, through the engine and back: what a run changed, its rollback restores to the byte,
 * and nothing is repaired again unasked. */
#include "event_rows.h"
#include "repair_fixture.h"

#include "base/banned.h"

/* Everything that the rules may touch of the learners from..to, but revision and time; with 0 also what is
 * nobody's. */
static const char *everything(uint64_t from, uint64_t to) {
  static const char *const tables[] = {
      "SELECT CONCAT_WS('|', id, tokens, questions_answered, correct_answers, COALESCE(hidden_grade_asset, "
      "'-'))"
      " FROM users WHERE id",
      "SELECT CONCAT_WS('|', user_id, current_streak, longest_streak, COALESCE(last_practice_date, '-'),"
      " total_points, total_sessions, COALESCE(last_session_at, '-'), created_at) FROM profiles WHERE "
      "user_id",
      "SELECT CONCAT_WS('|', user_id, id, total_points, has_speed, results, completed_at) FROM "
      "session_results"
      " WHERE user_id",
      "SELECT CONCAT_WS('|', user_id, day, module, questions, correct, tokens) FROM daily_totals WHERE "
      "user_id",
      "SELECT CONCAT_WS('|', user_id, day, activity, count) FROM practice_days WHERE user_id",
      "SELECT CONCAT_WS('|', id, user_id, exercise_id, user_answer, created_at) FROM attempts WHERE user_id",
      "SELECT CONCAT_WS('|', id, user_id, started_at, total_exercises) FROM practice_sessions WHERE user_id",
      "SELECT CONCAT_WS('|', user_id, course_id, status, progress, source, COALESCE(actor, '-'), enrolled_at,"
      " COALESCE(completed_at, '-')) FROM enrollments WHERE user_id",
      "SELECT CONCAT_WS('|', student_id, course_id, total_progress, completed_chapters) FROM student_progress"
      " WHERE student_id",
      "SELECT CONCAT_WS('|', id, student_id, course_id, status, COALESCE(reason, '-'), requested_at)"
      " FROM access_requests WHERE student_id",
      "SELECT CONCAT_WS('|', request_id, student_id, course_id, decision) FROM access_decisions"
      " WHERE student_id",
      "SELECT CONCAT_WS('|', id, COALESCE(user_id, '-'), COALESCE(course_id, '-'), status, mismatch, "
      "granted_at IS "
      "NULL, revoked_at IS NULL) FROM payments WHERE COALESCE(user_id, 0)",
      "SELECT CONCAT_WS('|', user_id, chapter_id, completed_at) FROM chapter_completions WHERE user_id",
      "SELECT CONCAT_WS('|', id, user_id, exercise_id, user_answer, created_at) FROM attempts_archive WHERE "
      "user_id",
      "SELECT CONCAT_WS('|', user_id, id, results) FROM session_results WHERE user_id",
      "SELECT CONCAT_WS('|', user_id, thread_id, stitch_id, order_number) FROM user_stitch_progress WHERE "
      "user_id",
      "SELECT CONCAT_WS('|', user_id, mutation_id, HEX(content_hash)) FROM stitch_mutations WHERE user_id",
      "SELECT CONCAT_WS('|', id, user_id, item, HEX(item_hash)) FROM sync_rejects WHERE user_id",
      "SELECT CONCAT_WS('|', id, user_id, provider_ref) FROM subscriptions WHERE user_id",
      "SELECT CONCAT_WS('|', user_id, id, title) FROM achievements WHERE user_id",
      "SELECT CONCAT_WS('|', user_id, activity_type, activity_id, status, time_spent, first_at, last_at,"
      " COALESCE(completed_at, '-'), COALESCE(completed_on, '-')) FROM activities WHERE user_id",
      "SELECT CONCAT_WS('|', user_id, day, activity_id, events, time_spent) FROM activity_days WHERE user_id",
      "SELECT CONCAT_WS('|', user_id, milestone_id, title) FROM milestones WHERE user_id",
      "SELECT CONCAT_WS('|', user_id, kind, data) FROM notifications WHERE user_id",
      "SELECT CONCAT_WS('|', user_id, open_activity, confidence) FROM progress_conflicts WHERE user_id",
      "SELECT CONCAT_WS('|', user_id, id, activity_id, happened_at) FROM progress_events WHERE user_id",
      "SELECT CONCAT_WS('|', user_id, event_id, target_key) FROM propagations WHERE user_id",
      "SELECT CONCAT_WS('|', user_id, source_system, sync_status) FROM system_sync_status WHERE user_id",
      "SELECT CONCAT_WS('|', user_id, total_activities, completed_activities, in_progress_activities,"
      " percentage_complete, total_time_spent, completed_videos, COALESCE(last_activity_at, '-'))"
      " FROM user_progress_summary WHERE user_id",
      "SELECT CONCAT_WS('|', user_id, completed_activities) FROM ai_journey WHERE user_id",
      "SELECT CONCAT_WS('|', user_id, activity_id) FROM chat_mentions WHERE user_id",
      "SELECT CONCAT_WS('|', user_id, id, status) FROM learning_paths WHERE user_id",
      "SELECT CONCAT_WS('|', user_id, id, status) FROM schedule_entries WHERE user_id",
      "SELECT CONCAT_WS('|', user_id, skill_id) FROM skills WHERE user_id",
      "SELECT CONCAT_WS('|', user_id, id, status) FROM todos WHERE user_id",
      "SELECT CONCAT_WS('|', user_id, video_id, status) FROM video_progress WHERE user_id",
      "SELECT CONCAT_WS('|', user_id, path_id, step_id, status) FROM learning_path_steps WHERE user_id",
      "SELECT CONCAT_WS('|', user_id, path_id, total_steps) FROM path_progress WHERE user_id",
      "SELECT CONCAT_WS('|', user_id, conflict_id, event_id) FROM progress_conflict_events WHERE user_id",
      "SELECT CONCAT_WS('|', user_id, todo_id, video_id) FROM todo_videos WHERE user_id",
      "SELECT CONCAT_WS('|', id, title, status) FROM courses WHERE 0",
      "SELECT CONCAT_WS('|', id, course_id, title) FROM chapters WHERE 0",
  };
  struct shipped_rows rows = {.text = BUFFER_INIT((size_t)1024 * 1024)};
  for (size_t at = 0; at < ARRAY_LENGTH(tables); at++) {
    const char *sql =
        arena_printf(fixture.arena, "%s BETWEEN %llu AND %llu ORDER BY 1", tables[at], ID(from), ID(to));
    assert_done(&fixture,
                db_text_each(fixture.db, sql, NULL, 0, fixture.arena, shipped_row, &rows, &fixture.error));
  }
  db_rollback(fixture.db);
  const char *text = arena_strdup(fixture.arena, buffer_text(&rows.text));
  buffer_free(&rows.text);
  return text;
}

/* A learner whose courses break each rule over courses. */
static void courses_drifted(uint64_t user_id) {
  RUN("INSERT INTO courses (id, title, status, is_default_unlocked) VALUES (1, 'approved', 'Published', 0),"
      " (2, 'for all', 'active', 1), (3, 'old table only', 'active', 0), (4, 'new table only', 'active', 0),"
      " (5, 'chapters', 'active', 0), (6, 'two values', 'active', 0), (10, 'cancelled', 'active', 0)");
  RUN("INSERT INTO chapters (id, course_id, title) VALUES (1, 5, 'a'), (2, 5, 'b')");
  RUN("INSERT INTO access_requests (student_id, course_id, status, reason) VALUES"
      " (%llu, 1, 'approved', 'x \\ \xc3\xbc'), (%llu, 4, 'pending', NULL)",
      ID(user_id), ID(user_id));
  RUN("INSERT INTO enrollments (user_id, course_id, progress) VALUES (%llu, 4, 5), (%llu, 5, 0), (%llu, 6, "
      "10)",
      ID(user_id), ID(user_id), ID(user_id));
  RUN("INSERT INTO student_progress (student_id, course_id, total_progress) VALUES (%llu, 3, 33.5),"
      " (%llu, 5, 0), (%llu, 6, 100), (%llu, 10, 60)",
      ID(user_id), ID(user_id), ID(user_id), ID(user_id));
  RUN("INSERT INTO enrollments (user_id, course_id, status, progress) VALUES (%llu, 10, 'cancelled', 40)",
      ID(user_id));
  RUN("INSERT INTO chapter_completions (user_id, chapter_id, completed_at) VALUES (%llu, 1, '2026-01-01')",
      ID(user_id));
}

/* Payments that break each rule over payments. The courses are there. */
static void payments_drifted(uint64_t user_id) {
  RUN("INSERT INTO courses (id, title, status, price_cents) VALUES (7, 'paid', 'active', 500),"
      " (8, 'refunded', 'active', 500), (9, 'gone', 'active', 500)");
  RUN("INSERT INTO payments (provider_ref, user_id, course_id, amount_cents, currency, status, mismatch) "
      "VALUES"
      " ('paid', %llu, 7, 500, 'USD', 'paid', 1), ('refunded', %llu, 8, 500, 'usd', 'refunded', 0),"
      " ('of a course', NULL, 9, 500, 'usd', 'pending', 0)",
      ID(user_id), ID(user_id));
  RUN("INSERT INTO enrollments (user_id, course_id, source) VALUES (%llu, 8, 'payment')", ID(user_id));
  RUN("INSERT INTO student_progress (student_id, course_id) VALUES (%llu, 8)", ID(user_id));
}

/* An event that nothing was counted from. */
static void events_drifted(uint64_t user_id) {
  event_rows_add(user_id);
  RUN("INSERT INTO progress_events (user_id, id, revision, event_type, source_system, activity_type, "
      "activity_id,"
      " completion_status, time_spent, event_data, timestamp, happened_at, practised_on, content_hash) VALUES"
      " (%llu, 'f', 1, 'video_completed', 'video_player', 'video', 'v\\2', 'started', 1.25, '{}', "
      "'2026-01-01',"
      " '2026-01-01 00:00:00.123', '2026-01-01', '')",
      ID(user_id));
}

/* What other applications completed, and an event that waits for nobody. */
static void systems_drifted(uint64_t user_id) {
  RUN("UPDATE ai_journey SET completed_activities = 9 WHERE user_id = %llu", ID(user_id));
  RUN("INSERT INTO video_progress (user_id, video_id, status) VALUES (%llu, 'w', 'completed')", ID(user_id));
  RUN("INSERT INTO todos (user_id, id, status) VALUES (%llu, 'of w', 'pending'), (%llu, 'of e', 'pending'),"
      " (%llu, 'of x', 'completed')",
      ID(user_id), ID(user_id), ID(user_id));
  RUN("INSERT INTO todo_videos (user_id, todo_id, video_id) VALUES (%llu, 'of w', 'w'), (%llu, 'of x', 'x')",
      ID(user_id), ID(user_id));
  RUN("INSERT INTO schedule_entries (user_id, id, starts_at, todo_id, video_id, status) VALUES"
      " (%llu, 'e', '2026-01-01', 'of e', NULL, 'completed'),"
      " (%llu, 'of x', '2026-01-01', 'of x', NULL, 'planned'), (%llu, 'of w', '2026-01-01', NULL, 'w', "
      "'planned')",
      ID(user_id), ID(user_id), ID(user_id));
  RUN("INSERT INTO learning_paths (user_id, id) VALUES (%llu, 'q')", ID(user_id));
  RUN("INSERT INTO learning_path_steps (user_id, path_id, step_id, activity_type, activity_id) VALUES"
      " (%llu, 'q', 'of w', 'video', 'w')",
      ID(user_id));
  RUN("INSERT INTO progress_events (user_id, id, revision, event_type, source_system, activity_type, "
      "activity_id,"
      " completion_status, event_data, timestamp, happened_at, practised_on, content_hash, outcome, "
      "processed,"
      " created_at) VALUES (%llu, 'waits', 1, 'video_completed', 'video_player', 'video', 'v', 'started', "
      "'{}',"
      " '2026-01-01', '2026-01-01', '2026-01-01', '', 'pending', FALSE, '2026-01-01')",
      ID(user_id));
}

/* A row in every table, of a learner who will be gone; and a chapter whose course will. */
static void orphans_made(uint64_t gone) {
  RUN("INSERT INTO chapters (id, course_id, title) VALUES (3, 9, 'orphan')");
  RUN("INSERT INTO chapter_completions (user_id, chapter_id, completed_at) VALUES (%llu, 1, '2026-01-01')",
      ID(gone));
  RUN("INSERT INTO enrollments (user_id, course_id) VALUES (%llu, 6)", ID(gone));
  RUN("INSERT INTO student_progress (student_id, course_id) VALUES (%llu, 6)", ID(gone));
  RUN("INSERT INTO access_requests (student_id, course_id) VALUES (%llu, 5)", ID(gone));
  RUN("INSERT INTO access_decisions (request_id, student_id, course_id, decision, requested_at, decided_by,"
      " decided_at) VALUES (900, %llu, 5, 'rejected', '2026-01-01', 'x', '2026-01-01')",
      ID(gone));
  RUN("INSERT INTO attempts_archive (id, user_id, revision, exercise_id, module, is_correct, user_answer,"
      " practised_on, created_at) VALUES (1, %llu, 1, 'e', 'm', 1, 'x \\ \xc3\xbc', '2024-02-29', "
      "'2024-02-29')",
      ID(gone));
  RUN("INSERT INTO session_results (user_id, id, thread_id, stitch_id, results, practised_on, completed_at,"
      " revision) VALUES (%llu, 's\"1', 't', 's', '{\"a\": [1.50]}', '2024-02-29', '2024-02-29', 1)",
      ID(gone));
  RUN("INSERT INTO user_stitch_progress (user_id, thread_id, stitch_id, last_attempted, revision)"
      " VALUES (%llu, 't\\\\', 's', '2024-02-29', 1)",
      ID(gone));
  RUN("INSERT INTO stitch_mutations (user_id, mutation_id, content_hash, created_at)"
      " VALUES (%llu, 'm', UNHEX(SHA2('m', 256)), '2024-02-29')",
      ID(gone));
  RUN("INSERT INTO sync_rejects (user_id, item, item_hash, reason, created_at)"
      " VALUES (%llu, '{', UNHEX(SHA2('{', 256)), 'no JSON', '2024-02-29')",
      ID(gone));
  RUN("INSERT INTO subscriptions (provider_ref, user_id) VALUES ('sub_1', %llu)", ID(gone));
  RUN("INSERT INTO payments (provider_ref, user_id) VALUES ('of a learner', %llu)", ID(gone));
}

/* Learners who break every rule, but those who are gone break, and one who is gone. */
static uint64_t drifted(uint64_t *ret_gone) {
  uint64_t first = learner_new(5, 2, 1, MODULES(MODULE("a", 1, 3, 1)));
  uint64_t second = learner_new(50, 2, 1, "[\"no document\"]");
  uint64_t gone = learner_new(0, 0, 0, NULL);
  RUN("INSERT INTO profiles (user_id, current_streak, longest_streak, last_practice_date) VALUES"
      " (%llu, 0, 0, NULL), (%llu, 4, 4, '2024-03-03')",
      ID(first), ID(gone));
  RUN("INSERT INTO practice_days (user_id, day, activity, count) VALUES (%llu, '2024-02-28', 'answer', 1),"
      " (%llu, '2024-02-29', 'answer', 1), (%llu, '2024-01-01', 'answer', 1), (%llu, '2024-01-01', 'a "
      "\"b\"', 3)",
      ID(first), ID(first), ID(second), ID(gone));
  for (uint64_t user_id = first; user_id <= gone; user_id++)
    RUN("INSERT INTO attempts (user_id, revision, exercise_id, module, is_correct, user_answer, tokens,"
        " practised_on, created_at) VALUES (%llu, 1, 'e', 'it''s', 1, 'x \\\\ \xc3\xbc', 3, '2024-02-29',"
        " '2024-02-29 01:02:03.004')",
        ID(user_id));
  RUN("INSERT INTO daily_totals (user_id, day, module, questions) VALUES (%llu, '2024-02-29', 'it''s', 0),"
      " (%llu, '2024-01-01', 'm', 7)",
      ID(first), ID(gone));
  RUN("INSERT INTO session_results (user_id, id, thread_id, stitch_id, total_points, blink_speed, results,"
      " practised_on, completed_at, revision) VALUES"
      " (%llu, 'a', 't', 's', 9, 1.5, '[]', '2024-02-29', '2024-02-29 10:00:00.123', 1),"
      " (%llu, 'b \"c\"', 't', 's', 4, 2.25, '{\"d\": \"\xc3\xbc\"}', '2024-02-29', '2024-02-29', 1)",
      ID(first), ID(gone));
  RUN("INSERT INTO practice_sessions (user_id, started_at, total_exercises) VALUES (%llu, '2024-01-01', 5)",
      ID(gone));
  courses_drifted(first);
  payments_drifted(first);
  events_drifted(first);
  systems_drifted(first);
  orphans_made(gone);
  event_rows_add(gone);
  run_text("SET foreign_key_checks = 0");
  RUN("DELETE FROM users WHERE id = %llu", ID(gone));
  RUN("DELETE FROM courses WHERE id = 9");
  run_text("SET foreign_key_checks = 1");
  *ret_gone = gone;
  return first;
}

static void assert_all_hold(uint64_t from, uint64_t to, bool expected) {
  for (size_t at = 0; at < rule_set_count(set); at++) {
    const struct rule *rule = rule_set_at(set, at);
    if (rule->authority != REPAIR_AUTHORITY_MODULES) continue;
    if (rule->change_count == 0) continue;
    const char *rows = shipped_find(rule->name, from, to, NULL);
    if ((*rows == '\0') != expected) fail_msg("%s:\n%s", rule->name, rows);
  }
}

/* What everybody's replies depend on. */
static const char *shared_version(void) {
  const char *version = fixture_ask(&fixture, fixture.db, "SELECT version FROM shared_version").text;
  db_rollback(fixture.db);
  return arena_strdup(fixture.arena, version);
}

static void test_every_rule_is_repaired_and_undone(void **state) {
  (void)state;
  config.refunds_unenroll = true;
  use_rules();
  uint64_t gone;
  uint64_t first = drifted(&gone);
  const char *before = everything(RULE_NOBODY, gone);
  const char *version = shared_version();
  assert_all_hold(RULE_NOBODY, gone, false);
  uint64_t run_id = repair(RULE_NOBODY, gone);
  assert_all_hold(RULE_NOBODY, gone, true);
  const char *version_repaired = shared_version();
  assert_string_not_equal(version_repaired, version);
  assert_string_equal(ask(first,
                          "(SELECT CONCAT_WS(' ', p.current_streak, p.longest_streak, p.last_practice_date)"
                          " FROM profiles AS p WHERE p.user_id = u.id)"),
                      "2 2 2024-02-29");
  assert_string_not_equal(everything(RULE_NOBODY, gone), before);
  rollback_run(run_id);
  assert_string_equal(everything(RULE_NOBODY, gone), before);
  assert_string_not_equal(shared_version(), version_repaired);
  version = shared_version();
  repair(RULE_NOBODY, gone); /* the rows are paused */
  assert_string_equal(everything(RULE_NOBODY, gone), before);
  assert_string_equal(shared_version(), version);
  RUN("DELETE FROM courses");
}

static void test_the_document_is_rebuilt_and_undone(void **state) {
  (void)state;
  use_rules();
  uint64_t above = learner_new(3, 2, 1, "{\"more\": [1.50], \"modules\": {" MODULE("a", 20, 10, 5) "}}");
  uint64_t below = learner_new(30, 20, 10, MODULES(MODULE("a", 20, 10, 5)));
  const char *before = everything(above, below);
  struct repair_order order = order_of(above, below);
  order.authority = REPAIR_AUTHORITY_COLUMNS;
  uint64_t run_id;
  assert_done(&fixture, repair_run(&engine, &order, fixture.arena, &fixture.error, &run_id));
  assert_int_equal(ask_number(above, "tokens"), 3);
  assert_int_equal(modules_of(above, DOCUMENT_UNATTRIBUTED).tokens, 3);
  assert_int_equal(modules_of(above, "a").tokens, 0);
  assert_int_equal(modules_of(below, DOCUMENT_UNATTRIBUTED).questions, 10);
  assert_int_equal(modules_of(below, "a").tokens, 20);
  assert_int_equal(find(above, NULL) + find(below, NULL), 0);
  rollback_run(run_id);
  assert_string_equal(everything(above, below), before);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_every_rule_is_repaired_and_undone, repair_setup, teardown),
      cmocka_unit_test_setup_teardown(test_the_document_is_rebuilt_and_undone, repair_setup, teardown),
  };
  if (fixture_is_missing()) return 0;
  return cmocka_run_group_tests_name("rule/rules_shipped_undo", tests, group_setup, group_teardown);
}
