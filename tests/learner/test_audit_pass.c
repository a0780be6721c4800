/* The audit of all learners: exactly those who differ, each with its place, whatever happens on the way. */
#include "../job/guard_fixture.h"

#include "learner/audit_pass.h"

#include "base/banned.h"

#define LEARNERS 5000 /* more than two transactions of a range */
#define EVERYBODY INT64_MAX

/* Every third learner's document says less by id % 97; 96 and the like agree. */
static int setup(void **state) {
  (void)state;
  error_clear(&fixture.error);
  arena_reset(fixture.arena);
  run("DELETE FROM passes");
  run("DELETE FROM users");
  run("INSERT INTO users (id, username, tokens, questions_answered, correct_answers, hidden_grade_asset)"
      " SELECT seq, CONCAT('u', seq), 1000, 20, 10, CONCAT('{\"global_stats\": {\"total_tokens_earned\": ',"
      " 1000 - IF(seq % 3 = 0, seq % 97, 0), ', \"total_questions_answered\": 20,"
      " \"total_correct_answers\": 10}}') FROM seq_1_to_5000");
  return 0;
}

static uint64_t open_pass(uint64_t job_id) {
  uint64_t pass_id = 0;
  assert_done(&fixture, audit_pass_open(pool, job_id, &fixture.error, &pass_id));
  return pass_id;
}

static void audit_all(uint64_t pass_id) {
  assert_done(&fixture, audit_pass_range(pool, pass_id, 0, EVERYBODY, NULL, fixture.arena, &fixture.error));
  assert_done(&fixture, audit_pass_close(pool, pass_id, NULL, fixture.arena, &fixture.error));
}

static struct audit_summary last_pass(void) {
  struct audit_summary summary = {0};
  bool found = false;
  assert_done(&fixture, audit_pass_find(fixture.db, 0, fixture.arena, &fixture.error, &summary, &found));
  db_rollback(fixture.db);
  assert_true(found);
  return summary;
}

#define DIFFER "SELECT COUNT(*) FROM users WHERE id % 3 = 0 AND id % 97 <> 0"

static void test_exactly_those_who_differ(void **state) {
  (void)state;
  uint64_t pass_id = open_pass(1);
  audit_all(pass_id);
  struct audit_summary summary = last_pass();
  assert_int_equal(summary.pass_id, pass_id);
  assert_int_equal(summary.learners, LEARNERS);
  assert_int_equal(summary.differ, strtoull(ask(DIFFER), NULL, 10));
  assert_true(summary.as_of_ms > 0);
  assert_answer("SELECT COUNT(*) FROM audit_results WHERE NOT (user_id % 3 = 0 AND user_id % 97 <> 0)", "0");
  assert_answer("SELECT COUNT(*) FROM audit_results WHERE table_tokens - json_tokens <> user_id % 97", "0");
}

static void test_places_are_by_size_then_id(void **state) {
  (void)state;
  run("UPDATE users SET tokens = 0 WHERE id = 3000");
  run("UPDATE users SET tokens = -9223372036854775808 WHERE id = 4000");
  run("UPDATE users SET hidden_grade_asset = NULL WHERE id = 3001");
  audit_all(open_pass(1));
  assert_answer("SELECT user_id FROM audit_results WHERE place = 1", "4000");
  assert_answer("SELECT user_id FROM audit_results WHERE place = 2", "3001");
  assert_answer("SELECT user_id FROM audit_results WHERE place = 3", "3000");
  assert_answer(
      "SELECT CONCAT(COUNT(*), ' ', COUNT(DISTINCT place), ' ', MIN(place)) = CONCAT(MAX(place), ' ',"
      " COUNT(*), ' 1') FROM audit_results",
      "1");
  assert_answer("SELECT COUNT(*) FROM audit_results a JOIN audit_results b ON b.place = a.place + 1 WHERE"
                " (ABS(CAST(b.table_tokens AS DECIMAL(20)) - b.json_tokens), a.user_id) >"
                " (ABS(CAST(a.table_tokens AS DECIMAL(20)) - a.json_tokens), b.user_id)",
                "0");
}

static void test_pages_follow_each_other(void **state) {
  (void)state;
  uint64_t pass_id = open_pass(1);
  uint64_t after = 0;
  size_t seen = 0;
  int64_t largest = INT64_MAX;
  audit_all(pass_id);
  for (;;) {
    struct audit_entry *entries;
    size_t count;
    assert_done(&fixture, audit_pass_page(fixture.db, pass_id, after, 70, fixture.arena, &fixture.error,
                                          &entries, &count, &after));
    for (size_t at = 0; at < count; at++) {
      assert_true(entries[at].token_diff <= largest && entries[at].has_document);
      largest = entries[at].token_diff;
    }
    seen += count;
    if (count < 70) break;
  }
  db_rollback(fixture.db);
  assert_int_equal(seen, last_pass().differ);
}

static void test_who_is_gone_is_left_out(void **state) {
  (void)state;
  run("UPDATE users SET deleted_at = UTC_TIMESTAMP() WHERE id % 3 = 0 AND id < 4000");
  run("UPDATE users SET merged_into = 1 WHERE id % 3 = 0 AND id >= 4000");
  audit_all(open_pass(1));
  assert_int_equal(last_pass().differ, 0);
}

/* Lost in the middle of the range, and in the middle of the end: whoever takes over goes on. */
static void test_a_lost_claim_is_taken_over(void **state) {
  (void)state;
  for (size_t holds = 0; holds < 7; holds++) {
    struct watch first = {.holds_left = holds};
    struct watch second = {.holds_left = SIZE_MAX};
    struct repair_guard before = watch_guard(&first);
    struct repair_guard after = watch_guard(&second);
    setup(state);
    uint64_t pass_id = open_pass(holds + 1);
    bool done = audit_pass_range(pool, pass_id, 0, EVERYBODY, &before, fixture.arena, &fixture.error) &&
                audit_pass_close(pool, pass_id, &before, fixture.arena, &fixture.error);
    assert_int_equal(done, holds == 6);
    error_clear(&fixture.error);
    assert_int_equal(open_pass(holds + 1), pass_id);
    uint64_t from = first.cursor == 0 ? 0 : first.cursor + 1;
    assert_done(&fixture,
                audit_pass_range(pool, pass_id, from, EVERYBODY, &after, fixture.arena, &fixture.error));
    assert_done(&fixture, audit_pass_close(pool, pass_id, &after, fixture.arena, &fixture.error));
    assert_int_equal(first.units + second.units, LEARNERS);
    assert_int_equal(last_pass().learners, LEARNERS);
    assert_int_equal(last_pass().differ, strtoull(ask(DIFFER), NULL, 10));
    assert_answer("SELECT MAX(place) - COUNT(*) FROM audit_results", "0");
  }
}

static void test_older_passes_are_forgotten(void **state) {
  (void)state;
  uint64_t passes[4];
  uint64_t slow = open_pass(77);
  assert_done(&fixture, audit_pass_range(pool, slow, 0, 100, NULL, fixture.arena, &fixture.error));
  for (uint64_t at = 0; at < 4; at++) {
    passes[at] = open_pass(at + 1);
    audit_all(passes[at]);
  }
  struct audit_summary summary;
  bool found;
  assert_answer("SELECT COUNT(DISTINCT pass_id) FROM audit_results", "3");
  assert_int_equal(strtoull(ask("SELECT MIN(pass_id) FROM audit_results"), NULL, 10), slow);
  assert_int_equal(last_pass().pass_id, passes[3]);
  assert_done(&fixture,
              audit_pass_find(fixture.db, passes[2], fixture.arena, &fixture.error, &summary, &found));
  assert_true(found);
  assert_answer("SELECT COUNT(*) FROM passes WHERE state = 'done'", "4");
  db_rollback(fixture.db);
}

static void test_an_abandoned_pass_answers_nothing(void **state) {
  (void)state;
  uint64_t good = open_pass(1);
  audit_all(good);
  uint64_t bad = open_pass(2);
  assert_done(&fixture, audit_pass_range(pool, bad, 0, 3000, NULL, fixture.arena, &fixture.error));
  assert_int_equal(last_pass().pass_id, good);
  assert_done(&fixture, audit_pass_abandon(pool, bad, &fixture.error));
  assert_done(&fixture, audit_pass_abandon(pool, good, &fixture.error));
  assert_int_equal(last_pass().pass_id, good);
  assert_answer("SELECT state FROM passes ORDER BY id DESC LIMIT 1", "failed");
  for (uint64_t at = 3; at < 5; at++)
    audit_all(open_pass(at));
  assert_answer("SELECT COUNT(*) FROM audit_results r JOIN passes p ON p.id = r.pass_id WHERE"
                " p.state = 'failed'",
                "0");
}

int main(void) {
  if (fixture_is_missing()) return 0;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(test_exactly_those_who_differ, setup),
      cmocka_unit_test_setup(test_places_are_by_size_then_id, setup),
      cmocka_unit_test_setup(test_pages_follow_each_other, setup),
      cmocka_unit_test_setup(test_who_is_gone_is_left_out, setup),
      cmocka_unit_test_setup(test_a_lost_claim_is_taken_over, setup),
      cmocka_unit_test_setup(test_older_passes_are_forgotten, setup),
      cmocka_unit_test_setup(test_an_abandoned_pass_answers_nothing, setup),
  };
  return cmocka_run_group_tests_name("audit_pass", tests, group_setup, group_teardown);
}
