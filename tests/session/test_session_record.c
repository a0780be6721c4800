/* Sessions inside learner transactions: several in one, what breaks a rule among them, and what stood before.
 */
#include "../job/guard_fixture.h"

#include "session/session_record.h"

#include "base/banned.h"

#define MOST 4
#define SCRATCH_BYTES ((size_t)8 * 1024 * 1024)

static int64_t thresholds[] = {100, 200};
static struct config config;
static struct zone_cache *zones;

/* A session to be recorded, and what became of it. */
struct attempt {
  struct session_body body;
  struct session_input input;
  struct session_reply reply;
  struct ledger_entry entry;
};

static struct attempt attempts[MOST];

static struct attempt *attempt(size_t at, uint64_t user_id, const char *id, struct session_body body) {
  struct attempt *one = &attempts[at];
  *one = (struct attempt){.body = body};
  one->body.session_id = id;
  one->body.thread_id = "t";
  one->body.stitch_id = "s";
  one->input =
      (struct session_input){.body = &one->body, .session_id = id, .config = &config, .zones = zones};
  one->entry = (struct ledger_entry){.user_id = user_id,
                                     .actor = "tester",
                                     .input = &one->input,
                                     .reply_schema = &session_reply_schema,
                                     .reply = &one->reply,
                                     .arena = fixture.arena};
  return one;
}

static bool record(size_t count) {
  struct ledger_entry *entries[MOST];
  for (size_t at = 0; at < count; at++)
    entries[at] = &attempts[at].entry;
  struct arena *scratch = arena_new(SCRATCH_BYTES);
  assert_non_null(scratch);
  error_clear(&fixture.error);
  bool done = ledger_run(ledger, &session_kind, entries, count, NULL, scratch, &fixture.error);
  arena_free(scratch);
  return done;
}

#define PROFILE(user_id) \
  ask(arena_printf(fixture.arena, \
                   "SELECT CONCAT_WS(' ', total_points, total_sessions, evolution_level, current_streak," \
                   " avg_blink_speed) FROM profiles WHERE user_id = %d", \
                   (user_id)))

static int setup(void **state) {
  (void)state;
  error_clear(&fixture.error);
  arena_reset(fixture.arena);
  config.offline.max_age_days = 90;
  config.profile.evolution_levels = (struct field_list){.items = thresholds, .count = 2};
  if (zones == NULL) zones = zone_cache_new();
  assert_non_null(zones);
  run("DELETE FROM ledger");
  run("DELETE FROM users");
  run("INSERT INTO users (id) VALUES (7), (8), (9)");
  return 0;
}

static void test_several_in_one_transaction(void **state) {
  (void)state;
  attempt(0, 7, "a", (struct session_body){.total_points = 99, .blink_speed = 1.5});
  attempt(1, 8, "a", (struct session_body){.total_points = 100, .total_questions = 4, .correct_answers = 3});
  attempt(2, 9, "a", (struct session_body){.correct_answers = 1});
  assert_true(record(3));
  assert_int_equal(attempts[0].entry.state, LEDGER_CHANGED);
  assert_int_equal(attempts[1].entry.state, LEDGER_CHANGED);
  assert_int_equal(attempts[2].entry.state, LEDGER_FAILED);
  assert_int_equal(attempts[2].entry.error.code, ERROR_UNPROCESSABLE);
  assert_string_equal(PROFILE(7), "99 1 1 1 2.2");
  assert_string_equal(PROFILE(8), "100 1 2 1 2.5");
  assert_answer("SELECT COUNT(*) FROM session_results WHERE user_id = 9", "0");
  assert_answer("SELECT COUNT(*) FROM profiles WHERE user_id = 9", "0");
  attempt(0, 7, "b", (struct session_body){.total_points = 101});
  attempt(1, 8, "b", (struct session_body){.total_points = 0, .blink_speed = 1.5});
  assert_true(record(2));
  assert_string_equal(PROFILE(7), "200 2 3 1 2.2");
  assert_string_equal(PROFILE(8), "100 2 2 1 2.2");
  assert_answer("SELECT GROUP_CONCAT(user_id, id, accuracy ORDER BY user_id, id) FROM session_results",
                "7a0.00,7b0.00,8a75.00,8b0.00");
}

static void test_one_that_stood_before_spoils_only_company(void **state) {
  (void)state;
  run("INSERT INTO session_results (user_id, id, thread_id, stitch_id, total_points, results, practised_on,"
      " completed_at, revision) VALUES (8, 'old', 't', 's', 5, '[]', '2026-01-05', '2026-01-05', 1)");
  attempt(0, 7, "new", (struct session_body){.total_points = 1});
  attempt(1, 8, "old", (struct session_body){.total_points = 5});
  assert_false(record(2));
  assert_int_equal(fixture.error.code, ERROR_CONFLICT);
  assert_answer("SELECT COUNT(*) FROM session_results", "1");
  attempt(0, 8, "old", (struct session_body){.total_points = 5});
  assert_true(record(1));
  assert_int_equal(attempts[0].entry.state, LEDGER_UNCHANGED);
  attempt(0, 8, "old", (struct session_body){.total_points = 6});
  assert_true(record(1));
  assert_int_equal(attempts[0].entry.state, LEDGER_FAILED);
  assert_string_equal(attempts[0].entry.error.fields[0].field, "sessionId");
  assert_answer("SELECT COUNT(*) FROM profiles", "0");
  assert_answer("SELECT revision FROM users WHERE id = 8", "0");
}

/* ledger_join comes to the same end by itself: who cannot go together goes alone. */
static void test_joined_it_goes_alone(void **state) {
  (void)state;
  run("INSERT INTO session_results (user_id, id, thread_id, stitch_id, total_points, results, practised_on,"
      " completed_at, revision) VALUES (8, 'old', 't', 's', 5, '[]', '2026-01-05', '2026-01-05', 1)");
  struct arena *scratch = arena_new(SCRATCH_BYTES);
  assert_non_null(scratch);
  struct attempt *one = attempt(0, 8, "old", (struct session_body){.total_points = 5});
  assert_done(&fixture, ledger_join(ledger, &session_kind, &one->entry, scratch, &fixture.error));
  assert_int_equal(one->entry.state, LEDGER_UNCHANGED);
  assert_non_null(strstr(one->entry.reply_text, "\"revision\":1"));
  arena_free(scratch);
}

/* What an older application, or somebody at a prompt, wrote into the profile is added to, not overwritten. */
static void test_adds_to_what_stands(void **state) {
  (void)state;
  run("INSERT INTO profiles (user_id, total_points, total_sessions, evolution_level, avg_blink_speed,"
      " last_session_at) VALUES (7, 40, 10, 9, 4, '2199-01-01')");
  attempt(0, 7, "a", (struct session_body){.total_points = 2, .blink_speed = 2});
  assert_true(record(1));
  assert_string_equal(PROFILE(7), "42 11 9 1 3.4");
  assert_answer("SELECT last_session_at FROM profiles", "2199-01-01 00:00:00.000");
}

/* Session and profile are written together or not at all. */
static void test_whole_or_not_at_all(void **state) {
  (void)state;
  run("INSERT INTO profiles (user_id, total_points) VALUES (7, 9223372036854775807)");
  attempt(0, 7, "a", (struct session_body){.total_points = 1});
  assert_false(record(1));
  assert_answer("SELECT COUNT(*) FROM session_results", "0");
  assert_answer("SELECT COUNT(*) FROM practice_days", "0");
  assert_answer("SELECT revision FROM users WHERE id = 7", "0");
}

int main(void) {
  if (fixture_is_missing()) return 0;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(test_several_in_one_transaction, setup),
      cmocka_unit_test_setup(test_one_that_stood_before_spoils_only_company, setup),
      cmocka_unit_test_setup(test_joined_it_goes_alone, setup),
      cmocka_unit_test_setup(test_adds_to_what_stands, setup),
      cmocka_unit_test_setup(test_whole_or_not_at_all, setup),
  };
  int failed = cmocka_run_group_tests_name("session/session_record", tests, group_setup, group_teardown);
  zone_cache_free(zones);
  return failed;
}
