/* The refresh of the percentiles: what counting gives, without keeping a learner waiting. */
#include "../job/guard_fixture.h"

#include "learner/percentile.h"

#include "base/banned.h"

static int setup(void **state) {
  (void)state;
  error_clear(&fixture.error);
  arena_reset(fixture.arena);
  run("DELETE FROM users");
  run("INSERT INTO users (id, tokens, questions_answered, correct_answers)"
      " SELECT seq, IF(seq % 2 = 0, 50, seq * 7 % 9001), seq % 11, seq % 11 * (seq % 5) DIV 4"
      " FROM seq_1_to_6000");
  return 0;
}

static bool refresh(const struct repair_guard *guard) {
  error_clear(&fixture.error);
  return percentile_refresh(fixture.db, 1700000000123, guard, fixture.arena, &fixture.error);
}

#define COUNTED "questions_answered > 0 AND deleted_at IS NULL AND merged_into IS NULL"

static void test_every_bound_is_what_counting_gives(void **state) {
  (void)state;
  run("UPDATE users SET deleted_at = UTC_TIMESTAMP() WHERE id % 100 = 1");
  assert_done(&fixture, refresh(NULL));
  assert_answer(
      "SELECT percentile_learners = (SELECT COUNT(*) FROM users WHERE " COUNTED ") FROM shared_version", "1");
  assert_answer("SELECT percentiles_as_of FROM shared_version", "2023-11-14 22:13:20.123");
  assert_answer("SELECT COUNT(*) > 100 FROM percentile_bounds WHERE metric = 'tokens'", "1");
  assert_answer("SELECT COUNT(*) FROM percentile_bounds b WHERE metric = 'tokens' AND below <>"
                " (SELECT COUNT(*) FROM users WHERE " COUNTED " AND tokens < b.value)",
                "0");
  assert_answer(
      "SELECT COUNT(*) FROM percentile_bounds b WHERE metric = 'accuracy' AND below <> (SELECT COUNT(*)"
      " FROM users WHERE " COUNTED
      " AND CAST(correct_answers AS DOUBLE) / questions_answered * 100 < b.value)",
      "0");
}

static void test_a_learner_who_is_being_written_is_not_waited_for(void **state) {
  (void)state;
  struct db *writer = fixture_connect(&fixture);
  fixture_exec(&fixture, writer, "UPDATE users SET tokens = 100000, questions_answered = 10 WHERE id = 5");
  assert_done(&fixture, refresh(NULL));
  assert_answer("SELECT COUNT(*) FROM percentile_bounds WHERE metric = 'tokens' AND value >= 100000", "0");
  db_rollback(writer);
  db_close(writer);
}

static void test_a_lost_claim_changes_nothing(void **state) {
  (void)state;
  struct watch watch = {.holds_left = 0};
  struct repair_guard guard = watch_guard(&watch);
  assert_done(&fixture, refresh(NULL));
  run("DELETE FROM users WHERE id > 3000");
  const char *version = ask("SELECT version FROM shared_version");
  assert_false(refresh(&guard));
  assert_int_equal(fixture.error.code, ERROR_CONFLICT);
  assert_answer("SELECT version FROM shared_version", version);
  assert_answer("SELECT COUNT(*) > 0 FROM percentile_bounds", "1");
  watch.holds_left = 1;
  assert_done(&fixture, refresh(&guard));
  assert_int_equal(watch.units, strtoull(ask("SELECT COUNT(*) FROM users WHERE " COUNTED), NULL, 10));
}

static void test_nobody_is_no_error(void **state) {
  (void)state;
  run("DELETE FROM users");
  assert_done(&fixture, refresh(NULL));
  assert_answer("SELECT COUNT(*) FROM percentile_bounds", "0");
  assert_answer("SELECT percentile_learners FROM shared_version", "0");
}

int main(void) {
  if (fixture_is_missing()) return 0;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(test_every_bound_is_what_counting_gives, setup),
      cmocka_unit_test_setup(test_a_learner_who_is_being_written_is_not_waited_for, setup),
      cmocka_unit_test_setup(test_a_lost_claim_changes_nothing, setup),
      cmocka_unit_test_setup(test_nobody_is_no_error, setup),
  };
  return cmocka_run_group_tests_name("percentile", tests, group_setup, group_teardown);
}
