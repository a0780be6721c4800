/* What the retention no longer keeps goes, the rest stays, and a folded history adds up as before. */
#include "../job/guard_fixture.h"

#include "account/prune.h"

#include "base/banned.h"

#define NOW_MS INT64_C(1800000000000) /* 2027-01-15 08:00:00 */
#define DAYS_AGO(days) "DATE_SUB('2027-01-15 08:00:00', INTERVAL " #days " DAY)"
#define DAY_MS INT64_C(86400000)

static const struct retention_config usual = {
    .jobs_days = 30, .results_days = 30, .images_days = 180, .quarantine_days = 365, .ledger_days = 100};

static int setup(void **state) {
  static const char *const tables[] = {"sync_jobs",   "sync_workers", "passes",        "repair_runs",
                                       "repair_rows", "quarantine",   "audit_results", "rule_results",
                                       "users",       "ledger"};
  (void)state;
  error_clear(&fixture.error);
  arena_reset(fixture.arena);
  for (size_t at = 0; at < ARRAY_LENGTH(tables); at++)
    run(arena_printf(fixture.arena, "DELETE FROM %s", tables[at]));
  return 0;
}

static struct prune_report prune_guarded(const struct retention_config *config,
                                         const struct repair_guard *guard) {
  struct prune_report report = {0};
  assert_done(&fixture, prune_run(pool, config, NOW_MS, 0, guard, fixture.arena, &fixture.error, &report));
  return report;
}

static struct prune_report prune(const struct retention_config *config) {
  return prune_guarded(config, NULL);
}

/* --- Jobs, passes, runs ---------------------------------------------------------------------------- */

static void test_jobs_that_ended_long_ago(void **state) {
  (void)state;
  run("INSERT INTO sync_jobs (id, kind, state, finished_at) VALUES (1, 'a', 'done', " DAYS_AGO(
      31) "),"
          " (2, 'a', 'dead', " DAYS_AGO(31) "), (3, 'a', 'failed', " DAYS_AGO(
              400) "), (4, 'a', 'cancelled', " DAYS_AGO(31) "), (5, 'a', 'done', " DAYS_AGO(29) "), (6, 'a', "
                                                                                                "'ready', "
                                                                                                "NULL), (7, "
                                                                                                "'a', "
                                                                                                "'running',"
                                                                                                " " DAYS_AGO(
                                                                                                    90) ")");
  run("INSERT INTO sync_workers (id, name, beat_at) VALUES (1, 'w', " DAYS_AGO(31) "), (2, 'w', " DAYS_AGO(
      1) ")");
  struct prune_report report = prune(&usual);
  assert_int_equal(report.jobs, 4);
  assert_int_equal(report.workers, 1);
  assert_answer("SELECT GROUP_CONCAT(id ORDER BY id) FROM sync_jobs", "5,6,7");
  assert_answer("SELECT GROUP_CONCAT(id) FROM sync_workers", "2");
}

static void test_mutations_that_are_too_old_to_come_again(void **state) {
  (void)state;
  static const struct retention_config young = {.mutations_days = 97};
  run("INSERT INTO users (id) VALUES (1), (2)");
  run("INSERT INTO stitch_mutations (user_id, mutation_id, content_hash, created_at)"
      " SELECT 1 + seq % 2, seq, REPEAT('h', 32), " DAYS_AGO(
          98) " FROM seq_1_to_2500"
              " UNION ALL SELECT 1, CONCAT('young ', seq), REPEAT('h', 32), " DAYS_AGO(
                  96) " FROM seq_1_to_3");
  assert_int_equal(prune(&young).mutations, 2500);
  assert_answer("SELECT GROUP_CONCAT(mutation_id ORDER BY 1) FROM stitch_mutations",
                "young 1,young 2,young 3");
}

static void test_events_of_the_provider(void **state) {
  (void)state;
  static const struct retention_config days = {.webhook_events_days = 30, .webhook_waiting_days = 365};
  static const char *const outcomes[] = {"applied",    "unchanged",       "ignored",        "mismatch",
                                         "unassigned", "unknown_learner", "unknown_course", "unreadable"};
  run("DELETE FROM webhook_events");
  for (size_t at = 0; at < ARRAY_LENGTH(outcomes); at++)
    run(arena_printf(fixture.arena,
                     "INSERT INTO webhook_events (event_id, type, payload, created_at, received_at, outcome)"
                     " SELECT CONCAT('%s ', seq), 't', 'p', received_at, received_at, '%s' FROM (SELECT 366 "
                     "AS seq, " DAYS_AGO(366) " AS received_at UNION ALL SELECT 31, " DAYS_AGO(
                         31) " UNION ALL SELECT 29, " DAYS_AGO(29) ") AS d",
                     outcomes[at], outcomes[at]));
  run("INSERT INTO webhook_events (event_id, type, payload, created_at, received_at, outcome)"
      " SELECT seq, 't', 'p', '2026-01-01', '2026-01-01', 'ignored' FROM seq_1_to_4000");
  assert_int_equal(prune(&days).webhook_events, 4000 + 3 * 2 + 5);
  assert_answer("SELECT COUNT(*) FROM webhook_events WHERE event_id LIKE '%29'", "8");
  assert_answer("SELECT COUNT(*) FROM webhook_events WHERE event_id LIKE '%31'", "5");
  assert_answer("SELECT COUNT(*) FROM webhook_events", "13");
  run("DELETE FROM webhook_events");
}

static void test_rejects_that_somebody_resolved(void **state) {
  (void)state;
  static const struct retention_config resolved = {.rejects_days = 90};
  run("INSERT INTO users (id) VALUES (1)");
  run("INSERT INTO sync_rejects (user_id, item, item_hash, reason, created_at, resolved_at) VALUES"
      " (1, 'open', REPEAT('a', 32), 'r', " DAYS_AGO(
          900) ", NULL),"
               " (1, 'old', REPEAT('b', 32), 'r', " DAYS_AGO(92) ", " DAYS_AGO(
                   91) "),"
                       " (1, 'new', REPEAT('c', 32), 'r', " DAYS_AGO(92) ", " DAYS_AGO(89) ")");
  assert_int_equal(prune(&resolved).rejects, 1);
  assert_answer("SELECT GROUP_CONCAT(item ORDER BY 1) FROM sync_rejects", "new,open");
}

/* Two days later than the configuration says: replies leave them out by the learner's own days. */
static void test_notifications_that_were_read(void **state) {
  (void)state;
  static const struct retention_config read = {.notifications_days = 30};
  run("INSERT INTO users (id) VALUES (1)");
  run("INSERT INTO notifications (user_id, revision, kind, data, created_at, read_at) VALUES"
      " (1, 1, 'unread', '{}', " DAYS_AGO(900) ", NULL), (1, 1, 'old', '{}', " DAYS_AGO(40) ", " DAYS_AGO(
          33) "), (1, 1, 'new', '{}', " DAYS_AGO(40) ", " DAYS_AGO(31) ")");
  assert_int_equal(prune(&read).notifications, 1);
  assert_answer("SELECT GROUP_CONCAT(kind ORDER BY 1) FROM notifications", "new,unread");
}

/* The same days later. Their events stay, and so does what waits. */
static void test_conflicts_that_were_resolved(void **state) {
  (void)state;
  static const struct retention_config resolved = {.conflicts_days = 365};
  static const struct retention_config for_good = {.notifications_days = 30};
  run("INSERT INTO users (id) VALUES (1)");
  run("INSERT INTO progress_conflicts (id, user_id, revision, conflict_type, activity_type, activity_id, "
      "impact,"
      " confidence, suggested_resolution, created_at, resolved_at) VALUES"
      " (1, 1, 1, 'duplicate_event', 'video', 'open', 'low', 1, '{}', " DAYS_AGO(
          900) ", NULL), (2, 1, 1, "
               "'duplicate_event', "
               "'video', 'old', "
               "'low', 1, "
               "'{}', " DAYS_AGO(900) ", " DAYS_AGO(368) "), (3, 1, 1, "
                                                         "'duplicate_"
                                                         "event', "
                                                         "'video', "
                                                         "'new', "
                                                         "'low', 1, "
                                                         "'{}',"
                                                         " " DAYS_AGO(900) ", " DAYS_AGO(366) ")");
  run("INSERT INTO progress_events (user_id, id, revision, event_type, source_system, activity_type, "
      "activity_id,"
      " completion_status, event_data, timestamp, happened_at, practised_on, content_hash) VALUES (1, 'e', 1,"
      " 'video_completed', 'video_player', 'video', 'old', 'completed', '{}', '2024-01-01', '2024-01-01',"
      " '2024-01-01', REPEAT('h', 32))");
  run("INSERT INTO progress_conflict_events (conflict_id, user_id, event_id) VALUES (1, 1, 'e'), (2, 1, 'e'),"
      " (3, 1, 'e')");
  assert_int_equal(prune(&for_good).conflicts, 0);
  assert_int_equal(prune(&resolved).conflicts, 1);
  assert_answer("SELECT GROUP_CONCAT(activity_id ORDER BY 1) FROM progress_conflicts", "new,open");
  assert_answer("SELECT GROUP_CONCAT(conflict_id ORDER BY 1) FROM progress_conflict_events", "1,3");
  assert_answer("SELECT COUNT(*) FROM progress_events", "1");
}

static void test_more_than_one_batch(void **state) {
  (void)state;
  struct watch watch = {.holds_left = SIZE_MAX};
  struct repair_guard guard = watch_guard(&watch);
  run("INSERT INTO sync_jobs (kind, state, finished_at) SELECT 'a', 'done', " DAYS_AGO(
      31) " FROM seq_1_to_4500");
  assert_int_equal(prune_guarded(&usual, &guard).jobs, 4500);
  assert_answer("SELECT COUNT(*) FROM sync_jobs", "0");
  assert_true(watch.holds >= 3);
  assert_int_equal(watch.units, 4500);
}

static void test_zero_keeps_for_good(void **state) {
  (void)state;
  static const struct retention_config forever = {0};
  run("INSERT INTO sync_jobs (kind, state, finished_at) VALUES ('a', 'done', " DAYS_AGO(9999) ")");
  run("INSERT INTO users (id) VALUES (1)");
  run("INSERT INTO ledger (user_id, revision, op_id, request_hash, actor, kind, changes, created_at)"
      " SELECT 1, seq, seq, REPEAT('h', 32), 'a', 'answer', '[]', " DAYS_AGO(9999) " FROM seq_1_to_5");
  assert_int_equal(prune(&forever).jobs, 0);
  assert_answer("SELECT COUNT(*) FROM sync_jobs", "1");
  assert_answer("SELECT COUNT(*) FROM ledger", "5");
}

static void test_passes_keep_their_score(void **state) {
  (void)state;
  run("INSERT INTO passes (id, kind, state, score, started_at, finished_at) VALUES"
      " (1, 'validate', 'done', 0.5, " DAYS_AGO(40) ", " DAYS_AGO(
          40) "),"
              " (2, 'validate', 'done', 0.6, " DAYS_AGO(35) ", " DAYS_AGO(
                  35) "),"
                      " (3, 'sample', 'done', 0.7, " DAYS_AGO(40) ", " DAYS_AGO(
                          40) "),"
                              " (4, 'sample', 'done', 0.7, " DAYS_AGO(4) ", " DAYS_AGO(
                                  4) "),"
                                     " (5, 'audit', 'failed', NULL, " DAYS_AGO(40) ", " DAYS_AGO(
                                         40) "),"
                                             " (6, 'audit', 'done', NULL, " DAYS_AGO(39) ", " DAYS_AGO(
                                                 39) "),"
                                                     " (7, 'validate', 'running', NULL, " DAYS_AGO(
                                                         50) ", NULL)");
  run("INSERT INTO rule_results (pass_id, rule, severity) SELECT p.id, 'r', 'info' FROM passes p");
  run("INSERT INTO audit_results SELECT p.id, 7, NULL, NULL, 1, 1, 1, 1, 1, 1, 1 FROM passes p WHERE p.id IN"
      " (5, 6)");
  struct prune_report report = prune(&usual);
  assert_int_equal(report.samples, 1);
  assert_int_equal(report.results, 3);
  assert_answer("SELECT GROUP_CONCAT(id ORDER BY id) FROM passes", "1,2,4,5,6,7");
  assert_answer("SELECT GROUP_CONCAT(pass_id ORDER BY pass_id) FROM rule_results", "2,4,6,7");
  assert_answer("SELECT GROUP_CONCAT(pass_id) FROM audit_results", "6");
}

static void add_run(unsigned id, const char *state, const char *finished, unsigned rolls_back) {
  run(arena_printf(fixture.arena,
                   "INSERT INTO repair_runs (id, state, actor, from_user, to_user, rolls_back, started_at,"
                   " finished_at) VALUES (%u, '%s', 'a', 0, 9, NULLIF(%u, 0), %s, %s)",
                   id, state, rolls_back, DAYS_AGO(200), finished));
  run(arena_printf(
      fixture.arena,
      "INSERT INTO repair_rows (run_id, user_id, id, step, rule, table_name, row_key, action, state)"
      " SELECT %u, seq, 1, 1, 'r', 'users', '{}', 'set', 'done' FROM seq_1_to_3",
      id));
}

static void test_images_of_old_runs(void **state) {
  (void)state;
  add_run(1, "done", DAYS_AGO(181), 0);
  add_run(2, "done", DAYS_AGO(179), 0);
  add_run(3, "planned", "NULL", 0);
  add_run(4, "running", "NULL", 0);
  add_run(5, "done", DAYS_AGO(190), 0);
  add_run(6, "running", "NULL", 5);
  assert_int_equal(prune(&usual).images, 6);
  assert_answer("SELECT GROUP_CONCAT(DISTINCT run_id ORDER BY run_id) FROM repair_rows", "2,4,5,6");
  assert_answer("SELECT GROUP_CONCAT(id ORDER BY id) FROM repair_runs WHERE images_removed_at IS NOT NULL",
                "1,3");
  assert_answer("SELECT state FROM repair_runs WHERE id = 1", "done");
  assert_answer("SELECT CONCAT(state, ' ', error) FROM repair_runs WHERE id = 3",
                "cancelled The plan was not applied in time; its rows were removed.");
}

/* Marked, and then the claim was lost: nobody may roll back by what is left, and the next prune goes on. */
static void test_images_half_gone(void **state) {
  (void)state;
  struct watch watch = {.holds_left = 1};
  struct repair_guard guard = watch_guard(&watch);
  static const struct retention_config only_images = {.images_days = 180};
  struct prune_report report;
  add_run(1, "done", DAYS_AGO(181), 0);
  assert_false(prune_run(pool, &only_images, NOW_MS, 0, &guard, fixture.arena, &fixture.error, &report));
  assert_int_equal(fixture.error.code, ERROR_CONFLICT);
  assert_answer("SELECT images_removed_at FROM repair_runs", "2027-01-15 08:00:00.000");
  assert_answer("SELECT COUNT(*) FROM repair_rows", "3");
  assert_int_equal(prune(&only_images).images, 3);
}

static void test_quarantine(void **state) {
  (void)state;
  run("INSERT INTO quarantine (run_id, rule, user_id, table_name, row_key, row_data, created_at) VALUES"
      " (1, 'r', 7, 't', '{}', '{}', " DAYS_AGO(366) "), (1, 'r', 8, 't', '{}', '{}', " DAYS_AGO(364) ")");
  assert_int_equal(prune(&usual).quarantined, 1);
  assert_answer("SELECT user_id FROM quarantine", "8");
}

/* --- The ledger ------------------------------------------------------------------------------------ */

/* Learners 1 to `count`: an opening entry and ten more, one every ten days, the newest three days old. */
static void add_histories(unsigned count) {
  run(arena_printf(fixture.arena,
                   "INSERT INTO users (id, revision, tokens) SELECT seq, 10, 155 FROM seq_1_to_%u", count));
  run(arena_printf(
      fixture.arena,
      "INSERT INTO ledger (user_id, revision, op_id, request_hash, actor, kind, changes, reply, created_at)"
      " SELECT u.seq, r.seq, CONCAT('op:', r.seq), REPEAT('h', 32), 'user_1', IF(r.seq = 0, 'opening', "
      "'answer'),"
      " IF(r.seq = 0, '[{\"what\":\"tokens\",\"by\":100,\"because\":\"before Lockstep\"}]',"
      " CONCAT('[{\"what\":\"tokens\",\"by\":', r.seq, '},{\"what\":\"correct\",\"by\":', -1,"
      " '},{\"what\":\"module\",\"key\":\"m \\\\\"', r.seq %% 2, '\",\"by\":', r.seq,"
      " '},{\"what\":\"displayName\"}]')), '{\"a\": 1}', DATE_SUB(" DAYS_AGO(
          3) ", INTERVAL 10 * (10 - r.seq) DAY) FROM seq_1_to_%u u, seq_0_to_10 r",
      count));
}

static const char sums[] =
    "SELECT GROUP_CONCAT(s.line ORDER BY s.line SEPARATOR ' ') FROM (SELECT CONCAT(l.user_id, c.what,"
    " COALESCE(c.item, ''), SUM(c.moved)) AS line FROM ledger l JOIN JSON_TABLE(l.changes, '$[*]' COLUMNS ("
    " what VARCHAR(32) PATH '$.what', item VARCHAR(32) PATH '$.key', moved BIGINT PATH '$.by' DEFAULT '0' ON"
    " EMPTY)) c WHERE c.moved <> 0 GROUP BY l.user_id, c.what, c.item HAVING SUM(c.moved) <> 0) s";

static const struct retention_config fold_50 = {.ledger_days = 50};

static void test_old_entries_become_one(void **state) {
  (void)state;
  add_histories(3);
  run("DELETE FROM ledger WHERE user_id = 2 AND revision > 0"); /* nothing to fold */
  run("DELETE FROM ledger WHERE user_id = 3 AND revision < 7"); /* nothing old */
  const char *before = ask(sums);
  const char *users = ask("SELECT GROUP_CONCAT(revision, updated_at) FROM users");
  struct prune_report report = prune(&fold_50);
  assert_int_equal(report.learners, 1);
  assert_int_equal(report.ledger_entries, 6); /* 0 to 5; 6 is 43 days old */
  assert_answer(sums, before);
  assert_answer("SELECT GROUP_CONCAT(revision ORDER BY revision) FROM ledger WHERE user_id = 1",
                "5,6,7,8,9,10");
  assert_answer(
      "SELECT CONCAT_WS(' ', op_id, actor, kind, HEX(request_hash), COALESCE(reply, '-'), created_at)"
      " FROM ledger WHERE user_id = 1 AND revision = 5",
      "folded:5 lockstep folded"
      " 0000000000000000000000000000000000000000000000000000000000000000 - 2026-11-23 08:00:00.000");
  assert_answer("SELECT changes FROM ledger WHERE user_id = 1 AND revision = 5",
                "[{\"what\":\"correct\",\"by\":-5,\"because\":\"up to revision 5\"},"
                "{\"what\":\"module\",\"key\":\"m \\\"0\",\"by\":6,\"because\":\"up to revision 5\"},"
                "{\"what\":\"module\",\"key\":\"m \\\"1\",\"by\":9,\"because\":\"up to revision 5\"},"
                "{\"what\":\"tokens\",\"by\":115,\"because\":\"up to revision 5\"}]");
  assert_answer("SELECT COUNT(*) FROM ledger WHERE user_id = 2", "1");
  assert_answer("SELECT COUNT(*) FROM ledger WHERE user_id = 3", "4");
  assert_answer("SELECT GROUP_CONCAT(revision, updated_at) FROM users", users);
  assert_int_equal(prune(&fold_50).learners, 0);
}

static void test_folded_entries_are_folded_again(void **state) {
  (void)state;
  static const struct retention_config fold_20 = {.ledger_days = 20};
  add_histories(1);
  const char *before = ask(sums);
  (void)prune(&fold_50);
  assert_int_equal(prune(&fold_20).ledger_entries, 4); /* the folded one, and 6 to 8 */
  assert_answer(sums, before);
  assert_answer("SELECT GROUP_CONCAT(revision, kind ORDER BY revision) FROM ledger",
                "8folded,9answer,10answer");
}

/* An entry that one host's clock dated back stays behind the younger one before it. */
static void test_only_what_is_old_up_to_the_first_young(void **state) {
  (void)state;
  add_histories(1);
  run("UPDATE ledger SET created_at = " DAYS_AGO(2) " WHERE revision = 3");
  assert_int_equal(prune(&fold_50).ledger_entries, 3);
  assert_answer("SELECT MIN(revision) FROM ledger", "2");
}

static void test_many_learners_and_a_long_history(void **state) {
  (void)state;
  add_histories(450);
  run("INSERT INTO users (id, revision) VALUES (1000, 3000)");
  run("INSERT INTO ledger (user_id, revision, op_id, request_hash, actor, kind, changes, created_at)"
      " SELECT 1000, seq, seq, REPEAT('h', 32), 'a', 'answer', '[{\"what\":\"tokens\",\"by\":2}]', " DAYS_AGO(
          60) " FROM seq_1_to_3000");
  struct prune_report report = prune(&fold_50);
  assert_answer("SELECT COUNT(*) FROM ledger WHERE user_id < 1000", "2700");
  assert_answer("SELECT CONCAT(COUNT(*), ' ', MIN(revision)) FROM ledger WHERE user_id = 1000", "1 3000");
  assert_answer("SELECT changes FROM ledger WHERE user_id = 1000",
                "[{\"what\":\"tokens\",\"by\":6000,\"because\":\"up to revision 3000\"}]");
  assert_true(report.learners >= 451);
}

/* The claim is lost between two transactions: the successor goes on behind the cursor. */
static void test_folding_is_taken_over(void **state) {
  (void)state;
  struct watch first = {.holds_left = 2};
  struct watch second = {.holds_left = SIZE_MAX};
  struct repair_guard before = watch_guard(&first);
  struct repair_guard after = watch_guard(&second);
  uint64_t learners = 0;
  uint64_t entries = 0;
  add_histories(450);
  const char *expected = ask("SELECT SUM(c.moved) FROM ledger l JOIN JSON_TABLE(l.changes, '$[*]' COLUMNS ("
                             "moved BIGINT PATH '$.by' DEFAULT '0' ON EMPTY)) c");
  int64_t before_ms = NOW_MS - 50 * DAY_MS;
  assert_false(prune_fold(pool, before_ms, 0, &before, fixture.arena, &fixture.error, &learners, &entries));
  assert_int_equal(first.cursor, 400);
  assert_done(&fixture, prune_fold(pool, before_ms, first.cursor, &after, fixture.arena, &fixture.error,
                                   &learners, &entries));
  assert_int_equal(learners, 50);
  assert_answer("SELECT COUNT(*) FROM ledger", "2700");
  assert_answer("SELECT SUM(c.moved) FROM ledger l JOIN JSON_TABLE(l.changes, '$[*]' COLUMNS ("
                "moved BIGINT PATH '$.by' DEFAULT '0' ON EMPTY)) c",
                expected);
}

int main(void) {
  if (fixture_is_missing()) return 0;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(test_jobs_that_ended_long_ago, setup),
      cmocka_unit_test_setup(test_mutations_that_are_too_old_to_come_again, setup),
      cmocka_unit_test_setup(test_events_of_the_provider, setup),
      cmocka_unit_test_setup(test_rejects_that_somebody_resolved, setup),
      cmocka_unit_test_setup(test_mutations_that_are_too_old_to_come_again, setup),
      cmocka_unit_test_setup(test_events_of_the_provider, setup),
      cmocka_unit_test_setup(test_notifications_that_were_read, setup),
      cmocka_unit_test_setup(test_conflicts_that_were_resolved, setup),
      cmocka_unit_test_setup(test_more_than_one_batch, setup),
      cmocka_unit_test_setup(test_zero_keeps_for_good, setup),
      cmocka_unit_test_setup(test_passes_keep_their_score, setup),
      cmocka_unit_test_setup(test_images_of_old_runs, setup),
      cmocka_unit_test_setup(test_images_half_gone, setup),
      cmocka_unit_test_setup(test_quarantine, setup),
      cmocka_unit_test_setup(test_old_entries_become_one, setup),
      cmocka_unit_test_setup(test_folded_entries_are_folded_again, setup),
      cmocka_unit_test_setup(test_only_what_is_old_up_to_the_first_young, setup),
      cmocka_unit_test_setup(test_many_learners_and_a_long_history, setup),
      cmocka_unit_test_setup(test_folding_is_taken_over, setup),
  };
  return cmocka_run_group_tests_name("prune", tests, group_setup, group_teardown);
}
