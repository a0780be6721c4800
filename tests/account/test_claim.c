/* What an anonymous learner did becomes the signed-in learner's: all of it, once, whoever else writes
 * meanwhile. */
#include "../job/guard_fixture.h"

#include <pthread.h>

#include "account/claim.h"
#include "account/delete.h"
#include "base/random.h"
#include "learner/answer.h"
#include "learner/practice_session.h"
#include "session/session_record.h"

#include "base/banned.h"

#define THREADS 32
#define THREAD_ARENA_BYTES ((size_t)8 * 1024 * 1024)

static const int64_t levels[] = {100, 300};
static const struct config config = {
    .offline = {.max_age_days = 90},
    .answers = {.trust_client = true, .max_tokens = 100, .default_tokens = 1},
    .profile = {.evolution_levels = {.items = (void *)levels, .count = 2}},
};

/* One of the threads, or the test itself: what an operation needs. */
struct caller {
  struct arena *arena;
  struct zone_cache *zones;
  struct error error;
};
static struct caller self;

static void caller_begin(struct caller *caller) {
  memset(caller, 0, sizeof *caller);
  caller->arena = arena_new(THREAD_ARENA_BYTES);
  assert_non_null(caller->arena);
  caller->zones = zone_cache_new();
  assert_non_null(caller->zones);
}

static void caller_end(struct caller *caller) {
  zone_cache_free(caller->zones);
  arena_free(caller->arena);
}

static struct ledger_entry entry_of(struct caller *caller, uint64_t user_id, const char *op_id) {
  struct ledger_entry entry = {.user_id = user_id, .op_id = op_id, .actor = "test", .arena = caller->arena};
  error_clear(&caller->error);
  return entry;
}

static bool answer(struct caller *caller, uint64_t user_id, const char *id, const char *module,
                   uint64_t tokens, const char **ret_reply) {
  struct answer_body body = {.answer_id = id,
                             .exercise_id = "e",
                             .module = module,
                             .is_correct = true,
                             .is_correct_given = PRESENCE_GIVEN,
                             .tokens = tokens,
                             .tokens_given = PRESENCE_GIVEN};
  struct answer_input input = {.body = &body, .config = &config, .zones = caller->zones};
  struct answer_reply reply;
  struct ledger_entry entry = entry_of(caller, user_id, arena_printf(caller->arena, "answer:%s", id));
  entry.input = &input;
  entry.reply = &reply;
  entry.reply_schema = &answer_reply_schema;
  if (!ledger_hash("answer", &answer_body_schema, &body, &caller->error, &entry.request_hash) ||
      !ledger_join(ledger, &answer_kind, &entry, caller->arena, &caller->error))
    return false;
  if (ret_reply != NULL) *ret_reply = entry.reply_text;
  return true;
}

static bool session(struct caller *caller, uint64_t user_id, const char *id, uint64_t points, double speed) {
  struct session_body body = {
      .session_id = id, .thread_id = "t", .stitch_id = "s", .total_points = points, .blink_speed = speed};
  struct session_input input = {.body = &body, .session_id = id, .config = &config, .zones = caller->zones};
  struct session_reply reply;
  struct ledger_entry entry = entry_of(caller, user_id, arena_printf(caller->arena, "session:%s", id));
  entry.input = &input;
  entry.reply = &reply;
  entry.reply_schema = &session_reply_schema;
  return ledger_hash("session", &session_body_schema, &body, &caller->error, &entry.request_hash) &&
         ledger_join(ledger, &session_kind, &entry, caller->arena, &caller->error);
}

static bool start(struct caller *caller, uint64_t user_id, const char *id) {
  struct practice_session_start body = {.session_id = id};
  struct practice_session_input input = {.config = &config, .start = &body};
  struct practice_session_reply reply;
  struct ledger_entry entry = entry_of(caller, user_id, arena_printf(caller->arena, "practice_start:%s", id));
  entry.input = &input;
  entry.reply = &reply;
  entry.reply_schema = &practice_session_reply_schema;
  return ledger_hash("practice_start", &practice_session_start_schema, &body, &caller->error,
                     &entry.request_hash) &&
         ledger_run_one(ledger, &practice_session_start_kind, &entry, NULL, caller->arena, &caller->error);
}

static bool claim(struct caller *caller, uint64_t user_id, uint64_t anonymous_id, const char **ret_reply) {
  struct claim_order order = {
      .user_id = user_id, .anonymous_id = anonymous_id, .actor = "test", .config = &config};
  const char *reply = "";
  error_clear(&caller->error);
  if (!claim_learner(ledger, &order, caller->arena, &caller->error, &reply)) return false;
  if (ret_reply != NULL) *ret_reply = reply;
  return true;
}

#define assert_did(caller, expression) \
  do { \
    if (!(expression)) \
      fail_msg("%s: %s (%s)", #expression, (caller)->error.message, (caller)->error.detail); \
  } while (0)
#define assert_refused(expression, expected_code) \
  do { \
    assert_false(expression); \
    assert_int_equal(self.error.code, expected_code); \
  } while (0)

static const char *owner_of(const char *table) {
  bool is_students = strncmp(table, "access_", 7) == 0 || strcmp(table, "student_progress") == 0;
  return is_students ? "student_id" : "user_id";
}

static int setup(void **state) {
  (void)state;
  error_clear(&fixture.error);
  arena_reset(fixture.arena);
  arena_reset(self.arena);
  for (size_t at = 0; claim_table_name(at) != NULL; at++)
    run(arena_printf(fixture.arena, "DELETE FROM %s", claim_table_name(at)));
  run("UPDATE users SET merged_into = NULL");
  run("DELETE FROM users");
  run("DELETE FROM passes");
  run("DELETE FROM courses");
  run("INSERT INTO courses (id, title) VALUES (1, 'a'), (2, 'b'), (3, 'c'), (4, 'd'), (5, 'e'), (6, 'f')");
  run("INSERT INTO users (id) VALUES (7), (9)");
  run("INSERT INTO users (id, is_anonymous) VALUES (5, 1), (6, 1), (8, 1)");
  return 0;
}

static const char *sums_of(unsigned id) {
  return ask(arena_printf(
      fixture.arena,
      "SELECT CONCAT_WS(' ', tokens, questions_answered, correct_answers, COALESCE((SELECT SUM(tokens) FROM"
      " attempts WHERE user_id = u.id), 0), (SELECT COUNT(*) FROM attempts WHERE user_id = u.id),"
      " COALESCE((SELECT SUM(tokens) FROM daily_totals WHERE user_id = u.id), 0),"
      " COALESCE((SELECT SUM(count) FROM practice_days WHERE user_id = u.id AND activity = 'answer'), 0),"
      " COALESCE(JSON_VALUE(hidden_grade_asset, '$.global_stats.total_tokens_earned'), '-'),"
      " (SELECT COALESCE(SUM(c.moved), 0) FROM ledger l JOIN JSON_TABLE(l.changes, '$[*]' COLUMNS (what"
      " VARCHAR(32) PATH '$.what', moved BIGINT PATH '$.by' DEFAULT '0' ON EMPTY)) c"
      " WHERE l.user_id = u.id AND c.what = 'tokens')) FROM users u WHERE id = %u",
      id));
}

/* --- One after the other --------------------------------------------------------------------------- */

static void test_everything_is_added_up(void **state) {
  const char *reply = "";
  (void)state;
  assert_did(&self, answer(&self, 7, "a", "math", 3, NULL));
  assert_did(&self, answer(&self, 8, "b", "math", 4, NULL));
  assert_did(&self, answer(&self, 8, "c", "art", 5, NULL));
  assert_did(&self, session(&self, 7, "s1", 50, 2));
  assert_did(&self, session(&self, 8, "s2", 60, 4));
  run("UPDATE users SET hidden_grade_asset = JSON_SET(hidden_grade_asset, '$.theme', 'dark', "
      "'$.modules.art.level',"
      " 2), display_name = 'Guest', time_zone = 'Asia/Tokyo' WHERE id = 8");
  assert_did(&self, claim(&self, 7, 8, &reply));
  assert_string_equal(reply, "{\"success\":true,\"message\":\"What was done anonymously is yours now.\","
                             "\"userId\":7,\"anonymousUserId\":8,\"revision\":8}");
  assert_string_equal(sums_of(7), "12 3 3 12 3 12 3 12 12");
  assert_string_equal(sums_of(8), "0 0 0 0 0 0 0 - 0");
  assert_answer(
      "SELECT CONCAT_WS(' ', JSON_VALUE(hidden_grade_asset, '$.modules.math.progress.tokens_earned'),"
      " JSON_VALUE(hidden_grade_asset, '$.modules.art.progress.tokens_earned'),"
      " JSON_VALUE(hidden_grade_asset, '$.modules.art.level'), JSON_VALUE(hidden_grade_asset, '$.theme'),"
      " display_name, time_zone, revision) FROM users WHERE id = 7",
      "7 5 2 dark Guest Asia/Tokyo 8");
  assert_answer(
      "SELECT CONCAT_WS(' ', total_points, total_sessions, ROUND(avg_blink_speed, 2), evolution_level,"
      " current_streak) FROM profiles WHERE user_id = 7",
      "110 2 2.65 2 1");
  assert_answer(
      "SELECT CONCAT_WS(' ', merged_into, revision, COALESCE(display_name, '-')) FROM users WHERE id = 8",
      "7 4 -");
  assert_answer(
      "SELECT GROUP_CONCAT(CONCAT(revision, ' ', op_id) ORDER BY revision) FROM ledger WHERE user_id = 7",
      "1 answer:a,2 session:s1,4 answer:b,5 answer:c,6 session:s2,8 claim:8");
  assert_answer("SELECT COUNT(*) FROM ledger WHERE user_id = 8", "1");
  assert_answer("SELECT GROUP_CONCAT(revision ORDER BY revision) FROM attempts WHERE user_id = 7", "1,4,5");
  assert_answer("SELECT GROUP_CONCAT(revision ORDER BY revision) FROM session_results WHERE user_id = 7",
                "2,6");
}

static void test_again_is_the_same(void **state) {
  const char *first = "";
  const char *second = "";
  const char *before = "";
  (void)state;
  assert_did(&self, answer(&self, 8, "b", "math", 4, NULL));
  assert_did(&self, claim(&self, 7, 8, &first));
  assert_did(&self, answer(&self, 7, "later", "math", 1, NULL));
  before = ask("SELECT GROUP_CONCAT(CONCAT_WS(' ', id, revision, tokens, updated_at)) FROM users");
  assert_did(&self, claim(&self, 7, 8, &second));
  assert_string_equal(first, second);
  assert_answer("SELECT GROUP_CONCAT(CONCAT_WS(' ', id, revision, tokens, updated_at)) FROM users", before);
  /* Also when its entry was folded away. */
  run("DELETE FROM ledger WHERE op_id = 'claim:8'");
  assert_did(&self, claim(&self, 7, 8, &second));
  assert_non_null(strstr(second, "\"success\":true"));
  assert_answer("SELECT GROUP_CONCAT(CONCAT_WS(' ', id, revision, tokens, updated_at)) FROM users", before);
}

static void test_refusals(void **state) {
  (void)state;
  assert_did(&self, claim(&self, 7, 8, NULL));
  assert_refused(claim(&self, 9, 8, NULL), ERROR_CONFLICT);
  assert_refused(claim(&self, 7, 7, NULL), ERROR_UNPROCESSABLE);
  assert_refused(claim(&self, 7, 9, NULL), ERROR_UNPROCESSABLE);
  assert_refused(claim(&self, 7, 4711, NULL), ERROR_NOT_FOUND);
  run("UPDATE users SET deleted_at = UTC_TIMESTAMP() WHERE id = 6");
  assert_refused(claim(&self, 7, 6, NULL), ERROR_NOT_FOUND);
  assert_refused(claim(&self, 6, 5, NULL), ERROR_UNAUTHENTICATED);
  assert_answer("SELECT GROUP_CONCAT(id) FROM users WHERE merged_into IS NOT NULL", "8");
}

/* The old token goes on, and a queue that is sent again with either token counts nothing again. */
static void test_later_writes_and_repeats(void **state) {
  const char *first = "";
  const char *again = "";
  (void)state;
  assert_did(&self, answer(&self, 8, "b", "math", 4, &first));
  assert_did(&self, session(&self, 8, "s", 10, 3));
  assert_did(&self, claim(&self, 7, 8, NULL));
  assert_did(&self, answer(&self, 7, "b", "math", 4, &again));
  assert_string_equal(first, again);
  assert_did(&self, answer(&self, 8, "b", "math", 4, &again));
  assert_string_equal(first, again);
  assert_did(&self, session(&self, 7, "s", 10, 3));
  assert_refused(answer(&self, 7, "b", "math", 5, NULL), ERROR_UNPROCESSABLE);
  assert_did(&self, answer(&self, 8, "c", "math", 1, NULL));
  assert_string_equal(sums_of(7), "5 2 2 5 2 5 2 5 5");
  assert_answer("SELECT CONCAT(total_points, ' ', total_sessions) FROM profiles WHERE user_id = 7", "10 1");
}

/* Who was claimed by somebody anonymous is led on in one step. */
static void test_chains(void **state) {
  (void)state;
  assert_did(&self, answer(&self, 5, "x", "m", 1, NULL));
  assert_did(&self, answer(&self, 6, "y", "m", 2, NULL));
  assert_did(&self, claim(&self, 6, 5, NULL));
  assert_did(&self, claim(&self, 7, 6, NULL));
  assert_answer("SELECT GROUP_CONCAT(CONCAT(id, '>', merged_into) ORDER BY id) FROM users WHERE merged_into "
                "IS NOT NULL",
                "5>7,6>7");
  assert_did(&self, claim(&self, 7, 5, NULL));
  assert_did(&self, answer(&self, 5, "x", "m", 1, NULL));
  assert_string_equal(sums_of(7), "3 2 2 3 2 3 2 3 3");
}

/* No more than a deletion can take along. */
static void test_as_many_as_can_be_deleted(void **state) {
  struct delete_report report;
  (void)state;
  run("INSERT INTO users (is_anonymous, merged_into) SELECT 1, IF(seq % 2 = 0, 7, 8) FROM seq_1_to_254");
  assert_did(&self, claim(&self, 7, 8, NULL));
  assert_refused(claim(&self, 7, 6, NULL), ERROR_UNPROCESSABLE);
  assert_answer("SELECT COUNT(*) FROM users WHERE merged_into = 7", "255");
  assert_did(&self, delete_learner(ledger, 7, "test", NULL, self.arena, &self.error, &report));
  assert_int_equal(report.learners, DELETE_MERGED_MAX);
}

/* --- What both have -------------------------------------------------------------------------------- */

static void test_what_was_sent_for_both_counts_once(void **state) {
  (void)state;
  assert_did(&self, answer(&self, 7, "same", "math", 3, NULL));
  assert_did(&self, answer(&self, 8, "same", "math", 3, NULL));
  assert_did(&self, answer(&self, 7, "other", "math", 1, NULL));
  assert_did(&self, answer(&self, 8, "other", "math", 2, NULL));
  assert_did(&self, answer(&self, 8, "old", "art", 9, NULL));
  assert_did(&self, answer(&self, 7, "old", "art", 9, NULL));
  run("INSERT INTO attempts_archive SELECT id, user_id, revision, exercise_id, module, is_correct, "
      "user_answer, tokens,"
      " practised_on, practice_session_id, created_at FROM attempts WHERE user_id = 8 AND module = 'art'");
  run("DELETE FROM attempts WHERE user_id = 8 AND module = 'art'");
  assert_did(&self, start(&self, 7, "same"));
  assert_did(&self, start(&self, 8, "same"));
  assert_did(&self, start(&self, 8, "other"));
  assert_did(&self, session(&self, 7, "same", 10, 3));
  assert_did(&self, session(&self, 8, "same", 10, 3));
  assert_did(&self, session(&self, 7, "other", 20, 3));
  assert_did(&self, session(&self, 8, "other", 30, 3));
  assert_did(&self, claim(&self, 7, 8, NULL));
  assert_string_equal(sums_of(7), "15 4 4 15 4 15 4 15 15");
  assert_answer("SELECT COUNT(*) FROM attempts_archive", "0");
  assert_answer("SELECT COUNT(*) FROM practice_sessions WHERE user_id = 7", "2");
  assert_answer(
      "SELECT CONCAT_WS(' ', total_points, total_sessions, (SELECT GROUP_CONCAT(CONCAT(id, '=', total_points)"
      " ORDER BY total_points) FROM session_results WHERE user_id = 7), (SELECT SUM(count) FROM practice_days"
      " WHERE activity = 'session')) FROM profiles WHERE user_id = 7",
      "60 3 same=10,other=20,other~8~7=30 3");
  assert_answer("SELECT GROUP_CONCAT(op_id ORDER BY revision) FROM ledger WHERE user_id = 7 AND revision > 6",
                "merged:8:2,practice_start:other,merged:8:7,claim:8");
  assert_did(&self, answer(&self, 7, "same", "math", 3, NULL));
  assert_did(&self, answer(&self, 7, "other", "math", 1, NULL));
  assert_string_equal(sums_of(7), "15 4 4 15 4 15 4 15 15");
}

/* Columns that were there before the first entry are told by both histories. */
static void test_openings(void **state) {
  (void)state;
  run("UPDATE users SET tokens = 10, questions_answered = 5, hidden_grade_asset = '{\"modules\": {\"m\": "
      "{\"progress\":"
      " {\"tokens_earned\": 10, \"total_questions_answered\": 5}}}}' WHERE id IN (5, 6, 7, 8)");
  assert_did(&self, answer(&self, 6, "x", "m", 1, NULL));
  assert_did(&self, claim(&self, 7, 6, NULL));
  assert_did(&self, claim(&self, 7, 8, NULL));
  assert_did(&self, answer(&self, 7, "y", "m", 1, NULL));
  assert_did(&self, claim(&self, 7, 5, NULL));
  assert_answer("SELECT CONCAT_WS(' ', tokens, questions_answered, JSON_VALUE(hidden_grade_asset,"
                " '$.modules.m.progress.tokens_earned')) FROM users WHERE id = 7",
                "42 22 42");
  assert_string_equal(strrchr(sums_of(7), ' '), " 42");
}

static void test_stitches(void **state) {
  (void)state;
  run("INSERT INTO user_stitch_progress (user_id, thread_id, stitch_id, order_number, is_completed, "
      "last_attempted,"
      " revision) VALUES (7, 't', 'newer here', 1, 0, '2026-01-02', 1), (8, 't', 'newer here', 2, 1, "
      "'2026-01-01', 1),"
      " (7, 't', 'newer there', 1, 1, '2026-01-01', 1), (8, 't', 'newer there', 2, 0, '2026-01-02', 2),"
      " (7, 't', 'here', 1, 0, '2026-01-01', 1), (8, 't', 'there', 2, 1, '2026-01-01', 2)");
  run("INSERT INTO stitch_mutations (user_id, mutation_id, content_hash, created_at) VALUES"
      " (7, 'm', REPEAT('a', 32), '2026-01-01'), (8, 'm', REPEAT('b', 32), '2026-01-02'),"
      " (8, 'n', REPEAT('b', 32), '2026-01-02')");
  run("INSERT INTO sync_rejects (user_id, item, item_hash, reason, created_at) VALUES"
      " (7, 'i', REPEAT('a', 32), 'r', '2026-01-01'), (8, 'i', REPEAT('a', 32), 'r', '2026-01-01'),"
      " (8, 'j', REPEAT('b', 32), 'r', '2026-01-01')");
  assert_did(&self, claim(&self, 7, 8, NULL));
  assert_answer(
      "SELECT GROUP_CONCAT(CONCAT_WS(' ', stitch_id, order_number, is_completed, DAY(last_attempted),"
      " revision) ORDER BY stitch_id) FROM user_stitch_progress WHERE user_id = 7",
      "here 1 0 1 3,newer here 1 1 2 3,newer there 2 1 2 3,there 2 1 1 3");
  assert_answer(
      "SELECT GROUP_CONCAT(CONCAT_WS(' ', user_id, mutation_id, LEFT(content_hash, 1)) ORDER BY mutation_id)"
      " FROM stitch_mutations",
      "7 m a,7 n b");
  assert_answer("SELECT GROUP_CONCAT(CONCAT_WS(' ', user_id, item) ORDER BY item) FROM sync_rejects",
                "7 i,7 j");
}

#define ENROLLMENT \
  "INSERT INTO enrollments (user_id, course_id, status, progress, source, enrolled_at, cancelled_at) " \
  "VALUES "

static void test_courses(void **state) {
  (void)state;
  run(ENROLLMENT "(7, 1, 'active', 10, 'public', '2026-01-01', NULL), (8, 1, 'completed', 100, 'public', "
                 "'2026-01-01', NULL),"
                 " (7, 2, 'cancelled', 30, 'public', '2026-01-01', '2026-01-05'), (8, 2, 'active', 20, "
                 "'default', '2026-01-09', NULL),"
                 " (7, 3, 'cancelled', 30, 'public', '2026-01-01', '2026-01-05'), (8, 3, 'active', 20, "
                 "'payment', '2026-01-09', NULL),"
                 " (7, 4, 'active', 30, 'public', '2026-01-09', NULL), (8, 4, 'cancelled', 40, 'public', "
                 "'2026-01-01', '2026-01-05'),"
                 " (7, 5, 'active', 30, 'default', '2026-01-09', NULL), (8, 5, 'cancelled', 40, 'public', "
                 "'2026-01-01', '2026-01-05'),"
                 " (8, 6, 'cancelled', 40, 'public', '2026-01-01', '2026-01-05')");
  run("INSERT INTO student_progress (student_id, course_id, total_progress) SELECT user_id, course_id, "
      "progress"
      " FROM enrollments WHERE status <> 'cancelled'");
  run("INSERT INTO access_requests (id, student_id, course_id) VALUES (1, 7, 6), (2, 8, 6), (3, 8, 2), (4, "
      "8, 1)");
  run("INSERT INTO chapters (id, course_id, title) VALUES (1, 4, 'a'), (2, 4, 'b')");
  run("INSERT INTO chapter_completions (user_id, chapter_id, completed_at) VALUES (7, 1, '2026-01-01'),"
      " (8, 1, '2026-01-02'), (8, 2, '2026-01-02')");
  assert_did(&self, claim(&self, 7, 8, NULL));
  assert_answer(
      "SELECT GROUP_CONCAT(CONCAT_WS(' ', course_id, status, progress) ORDER BY course_id) FROM enrollments"
      " WHERE user_id = 7",
      "1 completed 100.00,2 cancelled 30.00,3 active 30.00,4 completed 100.00,5 cancelled 40.00,6 cancelled "
      "40.00");
  assert_answer("SELECT GROUP_CONCAT(CONCAT_WS(' ', course_id, total_progress) ORDER BY course_id) FROM "
                "student_progress",
                "1 100.00,3 30.00,4 100.00");
  assert_answer("SELECT GROUP_CONCAT(CONCAT_WS(' ', id, student_id) ORDER BY id) FROM access_requests",
                "1 7,3 7");
  assert_answer(
      "SELECT GROUP_CONCAT(CONCAT_WS(' ', user_id, chapter_id, DAY(completed_at))) FROM chapter_completions",
      "7 1 1,7 2 2");
}

static void test_streaks(void **state) {
  (void)state;
  run("INSERT INTO practice_days (user_id, day, activity, count) VALUES (7, '2026-01-01', 'answer', 1),"
      " (7, '2026-01-03', 'answer', 1), (8, '2026-01-02', 'session', 2), (8, '2026-01-03', 'answer', 5)");
  run("INSERT INTO profiles (user_id, current_streak, longest_streak, last_practice_date) VALUES"
      " (7, 1, 1, '2026-01-03'), (8, 2, 2, '2026-01-03')");
  assert_did(&self, claim(&self, 7, 8, NULL));
  assert_answer("SELECT CONCAT_WS(' ', current_streak, longest_streak, last_practice_date) FROM profiles"
                " WHERE user_id = 7",
                "3 3 2026-01-03");
  assert_answer("SELECT SUM(count) FROM practice_days WHERE user_id = 7", "9");
}

static void test_subscriptions(void **state) {
  (void)state;
  run("INSERT INTO profiles (user_id, subscription_id, subscription_status, is_subscribed, "
      "stripe_customer_id) VALUES"
      " (7, 'old', 'canceled', 0, 'cus_7'), (8, 'new', 'active', 1, 'cus_8')");
  assert_did(&self, claim(&self, 7, 8, NULL));
  assert_answer(
      "SELECT CONCAT_WS(' ', subscription_id, subscription_status, is_subscribed, stripe_customer_id)"
      " FROM profiles WHERE user_id = 7",
      "new active 1 cus_7");
}

/* --- Progress events ------------------------------------------------------------------------------- */

#define EVENT \
  "INSERT INTO progress_events (user_id, id, revision, activity_id, completion_status, time_spent, " \
  "happened_at," \
  " content_hash, event_type, source_system, activity_type, event_data, timestamp, practised_on) VALUES "
#define OF_VIDEO ", 'video_completed', 'video_player', 'video', '{}', '2026-01-02', '2026-01-02')"
#define ACTIVITY \
  "INSERT INTO activities (user_id, activity_id, status, time_spent, first_at, last_at, completed_at," \
  " completed_on, activity_type) VALUES "
#define CONFLICT \
  "INSERT INTO progress_conflicts (id, user_id, revision, activity_id, activity_type, conflict_type, " \
  "impact," \
  " confidence, suggested_resolution) VALUES "
#define OF_DUPLICATE ", 'video', 'duplicate_event', 'low', 1, '{}')"
#define RECEIPT \
  "INSERT INTO propagations (user_id, event_id, target_table, target_key, target_system, after_values) " \
  "VALUES "

/* What both know counts once; the sums are those of what there is now. */
static void test_activities_of_both(void **state) {
  (void)state;
  run(EVENT "(8, 'e', 1, 'v', 'completed', 10, '2026-01-01 23:00', REPEAT('h', 32)" OF_VIDEO
            ", (7, 'e', 1, 'v', 'completed', 10, '2026-01-02', REPEAT('h', 32)" OF_VIDEO
            ", (8, 'f', 1, 'w', 'started', 5, '2026-01-02', REPEAT('h', 32)" OF_VIDEO
            ", (7, 'f', 1, 'x', 'skipped', 0, '2026-01-02', REPEAT('i', 32)" OF_VIDEO);
  run(ACTIVITY "(8, 'v', 'completed', 10, '2026-01-02', '2026-01-03', '2026-01-02', '2026-01-02', 'video'),"
               " (7, 'v', 'in_progress', 7, '2026-01-01', '2026-01-02', NULL, NULL, 'video'),"
               " (8, 'w', 'in_progress', 5, '2026-01-02', '2026-01-02', NULL, NULL, 'video')");
  run("INSERT INTO activity_days (user_id, day, activity_type, activity_id, events, time_spent) VALUES"
      " (8, '2026-01-02', 'video', 'v', 1, 10), (7, '2026-01-02', 'video', 'v', 1, 7),"
      " (7, '2026-01-01', 'video', 'v', 1, 2), (8, '2026-01-02', 'video', 'w', 1, 5)");
  run(CONFLICT "(1, 8, 1, 'v'" OF_DUPLICATE ", (2, 7, 1, 'v'" OF_DUPLICATE ", (3, 8, 1, 'w'" OF_DUPLICATE);
  run("INSERT INTO progress_conflict_events (conflict_id, user_id, event_id)"
      " VALUES (1, 8, 'e'), (2, 7, 'e'), (3, 8, 'f')");
  run(RECEIPT "(8, 'f', 'todos', '{\"user_id\": 8, \"id\": \"t\"}', 'todo_manager', '{}')");
  assert_did(&self, claim(&self, 7, 8, NULL));
  assert_answer("SELECT GROUP_CONCAT(id, ' ', outcome ORDER BY id SEPARATOR ', ') FROM progress_events"
                " WHERE user_id = 7",
                "e applied, e~8 duplicate, f applied, f~8 applied");
  assert_answer(
      "SELECT GROUP_CONCAT(conflict_id, ' ', event_id ORDER BY conflict_id, event_id SEPARATOR ', ')"
      " FROM progress_conflict_events WHERE user_id = 7",
      "2 e, 2 e~8, 3 f~8");
  assert_answer("SELECT GROUP_CONCAT(id ORDER BY id) FROM progress_conflicts WHERE user_id = 7", "2,3");
  assert_answer("SELECT CONCAT(event_id, ' ', target_key) FROM propagations WHERE user_id = 7",
                "f~8 {\"user_id\": 7, \"id\": \"t\"}");
  assert_answer(
      "SELECT GROUP_CONCAT(activity_id, ' ', status, ' ', time_spent ORDER BY activity_id SEPARATOR ', ')"
      " FROM activities WHERE user_id = 7",
      "v completed 10.00, w in_progress 5.00");
  assert_answer("SELECT CONCAT_WS(' ', first_at, completed_at, completed_on) FROM activities"
                " WHERE user_id = 7 AND activity_id = 'v'",
                "2026-01-02 00:00:00.000 2026-01-02 00:00:00.000 2026-01-02");
  assert_answer("SELECT GROUP_CONCAT(day, ' ', activity_id, ' ', events ORDER BY activity_id SEPARATOR ', ')"
                " FROM activity_days WHERE user_id = 7",
                "2026-01-02 v 1, 2026-01-02 w 1");
  assert_answer("SELECT CONCAT_WS(' ', total_activities, completed_activities, in_progress_activities,"
                " percentage_complete, total_time_spent, completed_videos) FROM user_progress_summary"
                " WHERE user_id = 7",
                "2 1 1 50.00 15.00 1");
}

/* Ids that begin alike stay apart, and what a rule brought along for both has one receipt. */
static void test_receipts_of_both(void **state) {
  (void)state;
  run(EVENT
      "(8, CONCAT(REPEAT('x', 60), '1'), 1, 'v', 'started', 1, '2026-01-02', REPEAT('h', 32)" OF_VIDEO
      ", (8, CONCAT(REPEAT('x', 60), '2'), 1, 'v', 'started', 1, '2026-01-02', REPEAT('h', 32)" OF_VIDEO
      ", (7, CONCAT(REPEAT('x', 60), '1'), 1, 'v', 'started', 2, '2026-01-02', REPEAT('i', 32)" OF_VIDEO
      ", (7, CONCAT(REPEAT('x', 60), '2'), 1, 'v', 'started', 2, '2026-01-02', REPEAT('i', 32)" OF_VIDEO);
  run(RECEIPT "(8, 'rule:reopened', 'todos', 't', 'todo_manager', '{\"of\": 8}'),"
              " (8, 'rule:reopened', 'todos', 'u', 'todo_manager', '{\"of\": 8}'),"
              " (7, 'rule:reopened', 'todos', 't', 'todo_manager', '{\"of\": 7}')");
  assert_did(&self, claim(&self, 7, 8, NULL));
  assert_answer("SELECT GROUP_CONCAT(SUBSTRING(id, 61) ORDER BY id SEPARATOR ', ') FROM progress_events"
                " WHERE user_id = 7",
                "1, 1~8, 2, 2~8");
  assert_answer("SELECT GROUP_CONCAT(target_key, ' ', after_values ORDER BY target_key SEPARATOR ', ')"
                " FROM propagations WHERE user_id = 7",
                "t {\"of\": 7}, u {\"of\": 8}");
}

/* Of what the systems hold of both, the further progress wins. */
static void test_systems_of_both(void **state) {
  (void)state;
  run("INSERT INTO todos (user_id, id, title, status, completed_at) VALUES (8, 't', 'theirs', 'completed',"
      " '2026-01-02'), (7, 't', 'mine', 'pending', NULL), (7, 'u', 'other', 'completed', '2026-01-01')");
  run("INSERT INTO todo_videos (user_id, todo_id, video_id) VALUES (8, 't', 'v'), (7, 't', 'v'), (8, 't', "
      "'w')");
  run("INSERT INTO video_progress (user_id, video_id, percentage_watched, status, completed_at) VALUES"
      " (8, 'v', 100, 'completed', '2026-01-02'), (7, 'v', 40, 'in_progress', NULL)");
  run("INSERT INTO learning_paths (user_id, id) VALUES (8, 'p'), (7, 'p')");
  run("INSERT INTO learning_path_steps (user_id, path_id, step_id, status, completed_at) VALUES"
      " (8, 'p', 'a', 'completed', '2026-01-02'), (7, 'p', 'a', 'pending', NULL), (7, 'p', 'b', 'completed',"
      " '2026-01-01'), (7, 'p', 'c', 'pending', NULL)");
  run("INSERT INTO path_progress (user_id, path_id, completed_steps, total_steps) VALUES (8, 'p', 1, 1),"
      " (7, 'p', 1, 3)");
  run("INSERT INTO skills (user_id, skill_id, level, assessed_at) VALUES (8, 'k', 'later', '2026-01-02'),"
      " (7, 'k', 'earlier', '2026-01-01')");
  assert_did(&self, claim(&self, 7, 8, NULL));
  assert_answer("SELECT GROUP_CONCAT(id, ' ', title, ' ', status ORDER BY id SEPARATOR ', ') FROM todos",
                "t mine completed, u other completed");
  assert_answer(
      "SELECT GROUP_CONCAT(todo_id, ' ', video_id ORDER BY video_id SEPARATOR ', ') FROM todo_videos",
      "t v, t w");
  assert_answer("SELECT CONCAT_WS(' ', percentage_watched, status) FROM video_progress", "100.00 completed");
  assert_answer("SELECT CONCAT_WS(' ', completed_steps, total_steps, percentage) FROM path_progress",
                "2 3 66.66");
  assert_answer("SELECT level FROM skills", "later");
}

/* --- Tables ---------------------------------------------------------------------------------------- */

static bool is_claimed(const char *table) {
  for (size_t at = 0; claim_table_name(at) != NULL; at++)
    if (strcmp(claim_table_name(at), table) == 0) return true;
  return false;
}

/* A table that is made later cannot be forgotten: what a deletion knows, a claim does. */
static void test_every_table_is_known(void **state) {
  const char *list = "''";
  (void)state;
  for (size_t at = 0; claim_table_name(at) != NULL; at++)
    list = arena_printf(fixture.arena, "%s, '%s'", list, claim_table_name(at));
  const char *missing =
      ask(arena_printf(fixture.arena,
                       "SELECT GROUP_CONCAT(DISTINCT c.table_name) FROM information_schema.columns AS c"
                       " JOIN information_schema.tables AS t USING (table_schema, table_name)"
                       " WHERE c.table_schema = DATABASE() AND t.table_type = 'BASE TABLE'"
                       " AND c.column_name IN ('user_id', 'student_id') AND c.table_name NOT IN (%s)",
                       list));
  if (strcmp(missing, "NULL") != 0)
    fail_msg("a claimed learner's rows stay in %s: see tables in src/account/claim_tables.c", missing);
  for (size_t at = 0; delete_tables[at] != NULL; at++)
    assert_true(is_claimed(delete_tables[at]));
}

/* A row in each table: none of them stays, but of those that are meant to. */
static void test_no_row_is_left(void **state) {
  static const char *const rows[] = {
      "INSERT INTO practice_sessions (user_id, started_at) VALUES (8, '2026-01-01')",
      "INSERT INTO attempts_archive (id, user_id, revision, exercise_id, module, is_correct, practised_on,"
      " created_at) VALUES (1, 8, 1, 'e', 'm', 1, '2025-01-01', '2025-01-01')",
      "INSERT INTO access_decisions (request_id, student_id, course_id, decision, requested_at, decided_by,"
      " decided_at) VALUES (8, 8, 1, 'rejected', '2026-01-01', 'user_1', '2026-01-02')",
      "INSERT INTO payments (provider_ref, user_id) VALUES ('pi', 8)",
      "INSERT INTO subscriptions (provider_ref, user_id) VALUES ('sub', 8)",
      "INSERT INTO webhook_events (event_id, type, user_id, payload, created_at, received_at, outcome)"
      " VALUES ('evt', 't', 8, '{}', '2026-01-01', '2026-01-01', 'applied')",
      "INSERT INTO imported_entries (user_id, digest, occurrences) VALUES (8, REPEAT('h', 16), 2),"
      " (7, REPEAT('h', 16), 1)",
      "INSERT INTO stitch_mutations (user_id, mutation_id, content_hash, created_at) VALUES (8, 'm', "
      "REPEAT('h', 32),"
      " '2026-01-01')",
      "INSERT INTO sync_rejects (user_id, item, item_hash, reason, created_at) VALUES (8, 'i', REPEAT('h', "
      "32), 'r',"
      " '2026-01-01')",
      "INSERT INTO user_stitch_progress (user_id, thread_id, stitch_id, last_attempted, revision)"
      " VALUES (8, 't', 's', '2026-01-01', 1)",
      ENROLLMENT "(8, 1, 'active', 1, 'public', '2026-01-01', NULL)",
      "INSERT INTO student_progress (student_id, course_id, total_progress) VALUES (8, 1, 1)",
      "INSERT INTO access_requests (student_id, course_id) VALUES (8, 2)",
      "INSERT INTO chapters (id, course_id, title) VALUES (1, 2, 'a')",
      "INSERT INTO chapter_completions (user_id, chapter_id, completed_at) VALUES (8, 1, '2026-01-01')",
      EVENT "(8, 'e', 1, 'v', 'completed', 10, '2026-01-02', REPEAT('h', 32)" OF_VIDEO,
      ACTIVITY "(8, 'v', 'completed', 10, '2026-01-02', '2026-01-02', '2026-01-02', '2026-01-02', 'video')",
      "INSERT INTO activity_days (user_id, day, activity_type, activity_id, events, time_spent)"
      " VALUES (8, '2026-01-02', 'video', 'v', 1, 10)",
      "INSERT INTO user_progress_summary (user_id) VALUES (8)",
      CONFLICT "(1, 8, 1, 'v'" OF_DUPLICATE,
      "INSERT INTO progress_conflict_events (conflict_id, user_id, event_id) VALUES (1, 8, 'e')",
      RECEIPT "(8, 'e', 'todos', '{\"user_id\": 8, \"id\": \"t\"}', 'todo_manager', '{}')",
      "INSERT INTO achievements (user_id, id, achievement_type, title, earned_at)"
      " VALUES (8, 'first', 'completion', 'First', '2026-01-02')",
      "INSERT INTO milestones (user_id, milestone_id, title) VALUES (8, 'm', 'M')",
      "INSERT INTO system_sync_status (user_id, source_system, target_system)"
      " VALUES (8, 'video_player', 'todo_manager')",
      "INSERT INTO notifications (user_id, revision, kind, data) VALUES (8, 1, 'achievement', '{}')",
      "INSERT INTO todos (user_id, id) VALUES (8, 't')",
      "INSERT INTO todo_videos (user_id, todo_id, video_id) VALUES (8, 't', 'v')",
      "INSERT INTO schedule_entries (user_id, id, starts_at) VALUES (8, 's', '2026-01-01')",
      "INSERT INTO video_progress (user_id, video_id) VALUES (8, 'v')",
      "INSERT INTO learning_paths (user_id, id) VALUES (8, 'p')",
      "INSERT INTO learning_path_steps (user_id, path_id, step_id) VALUES (8, 'p', 's')",
      "INSERT INTO path_progress (user_id, path_id) VALUES (8, 'p')",
      "INSERT INTO skills (user_id, skill_id) VALUES (8, 'k')",
      "INSERT INTO ai_journey (user_id) VALUES (8)",
      "INSERT INTO chat_mentions (user_id, activity_type, activity_id, completed_at)"
      " VALUES (8, 'video', 'v', '2026-01-01')",
  };
  (void)state;
  assert_did(&self, answer(&self, 8, "a", "m", 1, NULL));
  assert_did(&self, session(&self, 8, "a", 1, 1));
  for (size_t at = 0; at < ARRAY_LENGTH(rows); at++)
    run(rows[at]);
  assert_did(&self, claim(&self, 7, 8, NULL));
  for (size_t at = 0; claim_table_name(at) != NULL; at++) {
    const char *table = claim_table_name(at);
    const char *query =
        arena_printf(fixture.arena, "SELECT COUNT(*) FROM %s WHERE %s = ", table, owner_of(table));
    assert_string_equal(ask(arena_printf(fixture.arena, "%s8", query)),
                        strcmp(table, "ledger") == 0 ? "1" : "0");
    if (strcmp(ask(arena_printf(fixture.arena, "%s7", query)), "0") == 0 && !claim_table_stays(at))
      fail_msg("nothing of %s arrived, or the test puts nothing there", table);
  }
  assert_answer("SELECT occurrences FROM imported_entries", "3");
}

/* --- All at once ----------------------------------------------------------------------------------- */

enum { CROWD_ANSWERS = 40, CROWD_GUESTS = 8 };

/* Thread t answers as guest t mod 8, or as one of the two who claim the guests, while some claim. */
struct crowd {
  pthread_t thread;
  unsigned number;
  unsigned answered_for_7; /* answers that succeeded with the token of 7 */
  unsigned conflicts;
  unsigned failures;
  struct error error;
};

static uint64_t guest_of(unsigned number) { return 100 + number % CROWD_GUESTS; }

static void *crowd_run(void *context) {
  struct crowd *crowd = context;
  struct caller caller;
  char id[40];
  caller_begin(&caller);
  for (unsigned at = 0; at < CROWD_ANSWERS; at++) {
    arena_reset(caller.arena);
    snprintf(id, sizeof id, "%u-%u", crowd->number, at);
    uint64_t user_id = crowd->number % 4 == 3 ? 7 : guest_of(crowd->number);
    /* Each is sent twice. */
    for (int times = 0; times < 2; times++)
      if (!answer(&caller, user_id, id, "m", 1, NULL)) {
        crowd->failures++;
        crowd->error = caller.error;
      }
    if (at != CROWD_ANSWERS / 2) continue;
    if (!claim(&caller, crowd->number % 2 == 0 ? 7 : 9, guest_of(crowd->number / 2), NULL)) {
      if (caller.error.code == ERROR_CONFLICT)
        crowd->conflicts++;
      else {
        crowd->failures++;
        crowd->error = caller.error;
      }
    }
  }
  caller_end(&caller);
  return NULL;
}

static void test_claims_while_answers_arrive(void **state) {
  struct crowd crowd[THREADS];
  unsigned conflicts = 0;
  (void)state;
  run("INSERT INTO users (id, is_anonymous) SELECT seq, 1 FROM seq_100_to_107");
  for (unsigned at = 0; at < THREADS; at++) {
    crowd[at] = (struct crowd){.number = at};
    assert_int_equal(pthread_create(&crowd[at].thread, NULL, crowd_run, &crowd[at]), 0);
  }
  for (unsigned at = 0; at < THREADS; at++) {
    pthread_join(crowd[at].thread, NULL);
    if (crowd[at].failures > 0)
      fail_msg("%u failed: %s (%s)", crowd[at].failures, crowd[at].error.message, crowd[at].error.detail);
    conflicts += crowd[at].conflicts;
  }
  /* Two claimed each guest, twice each: one of the two got it. */
  assert_int_equal(conflicts, THREADS / 2);
  assert_answer("SELECT COUNT(*) FROM users WHERE id BETWEEN 100 AND 107 AND merged_into IN (7, 9)", "8");
  assert_answer("SELECT SUM(tokens) FROM users", "1280");
  assert_answer("SELECT COUNT(*) FROM attempts", "1280");
  assert_answer("SELECT SUM(tokens) FROM users WHERE id NOT IN (7, 9)", "0");
  static const unsigned learners[] = {7, 9};
  for (size_t at = 0; at < ARRAY_LENGTH(learners); at++) {
    const char *sums = sums_of(learners[at]);
    const char *tokens = arena_strndup(fixture.arena, sums, strcspn(sums, " "));
    assert_string_equal(sums, arena_printf(fixture.arena, "%s %s %s %s %s %s %s %s %s", tokens, tokens,
                                           tokens, tokens, tokens, tokens, tokens, tokens, tokens));
  }
}

/* Two claim each other's, one is deleted meanwhile: whoever is first, nobody is left between. */
struct duel {
  pthread_t thread;
  bool deletes;
  uint64_t user_id;
  uint64_t anonymous_id;
  bool done;
  struct error error;
};

static void *duel_run(void *context) {
  struct duel *duel = context;
  struct caller caller;
  struct delete_report report;
  caller_begin(&caller);
  duel->done = duel->deletes
                   ? delete_learner(ledger, duel->user_id, "test", NULL, caller.arena, &caller.error, &report)
                   : claim(&caller, duel->user_id, duel->anonymous_id, NULL);
  duel->error = caller.error;
  caller_end(&caller);
  return NULL;
}

static void fight(struct duel *duels, size_t count) {
  for (size_t at = 0; at < count; at++)
    assert_int_equal(pthread_create(&duels[at].thread, NULL, duel_run, &duels[at]), 0);
  for (size_t at = 0; at < count; at++)
    pthread_join(duels[at].thread, NULL);
}

static void test_crossed_claims(void **state) {
  (void)state;
  for (int round = 0; round < 10; round++) {
    setup(state);
    assert_did(&self, answer(&self, 5, "a", "m", 1, NULL));
    assert_did(&self, answer(&self, 6, "b", "m", 2, NULL));
    struct duel duels[] = {{.user_id = 5, .anonymous_id = 6},
                           {.user_id = 6, .anonymous_id = 5},
                           {.user_id = 7, .anonymous_id = 5},
                           {.user_id = 7, .anonymous_id = 6}};
    fight(duels, ARRAY_LENGTH(duels));
    assert_answer("SELECT COUNT(*) FROM users AS u JOIN users AS t ON t.id = u.merged_into AND t.merged_into "
                  "IS NOT NULL",
                  "0");
    assert_answer("SELECT SUM(tokens) FROM users WHERE merged_into IS NULL", "3");
    assert_answer("SELECT COUNT(DISTINCT user_id) FROM attempts a JOIN users u ON u.id = a.user_id"
                  " WHERE u.merged_into IS NOT NULL",
                  "0");
  }
}

static void test_claim_while_deleted(void **state) {
  (void)state;
  for (int round = 0; round < 10; round++) {
    setup(state);
    assert_did(&self, answer(&self, 8, "a", "m", 1, NULL));
    struct duel duels[] = {{.user_id = 7, .anonymous_id = 8},
                           {.deletes = true, .user_id = round % 2 == 0 ? 7 : 8}};
    fight(duels, ARRAY_LENGTH(duels));
    bool is_claimed_first = strcmp(ask("SELECT COALESCE(merged_into, 0) FROM users WHERE id = 8"), "7") == 0;
    assert_int_equal(duels[0].done, is_claimed_first);
    assert_true(duels[1].done || (is_claimed_first && duels[1].error.code == ERROR_CONFLICT));
    /* Nothing is left of whoever is deleted. */
    assert_answer("SELECT COUNT(*) FROM attempts a JOIN users u ON u.id = a.user_id"
                  " WHERE u.deleted_at IS NOT NULL OR u.merged_into IS NOT NULL",
                  "0");
    if (round % 2 == 0 && is_claimed_first)
      assert_answer("SELECT COUNT(*) FROM users WHERE deleted_at IS NOT NULL", "2");
  }
}

/* Of the crowd all but eight wait for a connection, and all eight for one row: as long as a transaction may.
 */
static int claim_setup(void **state) {
  caller_begin(&self);
  int failed = group_setup(state);
  fixture.config.wait_timeout_ms = fixture.config.transaction_timeout_ms;
  return failed;
}

static int claim_teardown(void **state) {
  caller_end(&self);
  return group_teardown(state);
}

int main(void) {
  if (fixture_is_missing()) return 0;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(test_everything_is_added_up, setup),
      cmocka_unit_test_setup(test_again_is_the_same, setup),
      cmocka_unit_test_setup(test_refusals, setup),
      cmocka_unit_test_setup(test_later_writes_and_repeats, setup),
      cmocka_unit_test_setup(test_chains, setup),
      cmocka_unit_test_setup(test_as_many_as_can_be_deleted, setup),
      cmocka_unit_test_setup(test_what_was_sent_for_both_counts_once, setup),
      cmocka_unit_test_setup(test_openings, setup),
      cmocka_unit_test_setup(test_stitches, setup),
      cmocka_unit_test_setup(test_courses, setup),
      cmocka_unit_test_setup(test_streaks, setup),
      cmocka_unit_test_setup(test_subscriptions, setup),
      cmocka_unit_test_setup(test_activities_of_both, setup),
      cmocka_unit_test_setup(test_receipts_of_both, setup),
      cmocka_unit_test_setup(test_systems_of_both, setup),
      cmocka_unit_test_setup(test_every_table_is_known, setup),
      cmocka_unit_test_setup(test_no_row_is_left, setup),
      cmocka_unit_test_setup(test_claims_while_answers_arrive, setup),
      cmocka_unit_test_setup(test_crossed_claims, setup),
      cmocka_unit_test_setup(test_claim_while_deleted, setup),
  };
  return cmocka_run_group_tests_name("claim", tests, claim_setup, claim_teardown);
}
