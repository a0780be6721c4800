/* Plans: a dry run changes nothing, what it says is what its application does, or nothing is done. */
#include "repair_fixture.h"

#include "base/banned.h"

static uint64_t plan(uint64_t from, uint64_t to) {
  struct repair_order order = order_of(from, to);
  order.dry_run = true;
  return run_order(&order);
}

static bool apply(uint64_t run_id, const char *digest, bool confirm) {
  error_clear(&fixture.error);
  return repair_apply_plan(&engine, run_id, digest, confirm, "user_9", NULL, fixture.arena, &fixture.error);
}

static void test_a_plan_is_what_is_done(void **state) {
  (void)state;
  use_rules();
  uint64_t low = learner_new(1, 12, 3, MODULES(MODULE("a", 20, 10, 5)));
  uint64_t none = learner_new(7, 2, 1, NULL);
  const char *before[] = {picture(low), picture(none)};
  uint64_t run_id = plan(low, none);
  struct repair_summary planned = summary_of(run_id);
  assert_int_equal(planned.state, REPAIR_PLANNED);
  assert_int_equal(strlen(planned.digest), 64);
  assert_int_equal(count_of(run_id, "user_totals_match_modules").found, 2);
  assert_int_equal(count_of(run_id, "global_stats_match_totals").found, 2);
  assert_int_equal(count_of(run_id, "user_totals_match_modules").changed, 0);
  assert_string_equal(picture(low), before[0]);
  assert_string_equal(picture(none), before[1]);
  assert_int_equal(count("SELECT COUNT(*) FROM repair_rows WHERE run_id = # AND state = 'planned'", run_id),
                   6);
  const char *wanted = tell("SELECT after_value FROM repair_rows WHERE run_id = # AND column_name ="
                            " 'hidden_grade_asset' ORDER BY user_id, id DESC LIMIT 1",
                            run_id);
  if (!apply(run_id, planned.digest, false)) fail_msg("%s (%s)", fixture.error.message, fixture.error.detail);
  assert_string_equal(ask(low, "hidden_grade_asset"), wanted);
  struct repair_summary done = summary_of(run_id);
  assert_int_equal(done.state, REPAIR_DONE);
  assert_int_equal(done.learners_changed, 2);
  assert_string_equal(done.actor, "user_9");
  assert_int_equal(count_of(run_id, "global_stats_match_totals").changed, 2);
  assert_healed_once(low, "low");
  assert_healed_once(none, "none");
  assert_history_adds_up(none, "none");
  assert_int_equal(count("SELECT COUNT(*) FROM repair_rows WHERE run_id = # AND state = 'done'", run_id), 6);
  assert_false(apply(run_id, NULL, false));
  assert_int_equal(fixture.error.code, ERROR_CONFLICT);
  assert_int_equal(summary_of(rollback_run(run_id)).learners_changed, 2);
}

static void test_all_of_a_plan_or_nothing(void **state) {
  (void)state;
  rule_file_write(site, "names.sql", NAMES_RULE("names", EVERY_ROW));
  use_rules();
  uint64_t first = named_learners(3);
  uint64_t by_lockstep = plan(first, first + 2);
  const char *before = picture(first);
  assert_false(apply(by_lockstep, "0000000000000000000000000000000000000000000000000000000000000000", false));
  assert_int_equal(fixture.error.code, ERROR_CONFLICT);
  run(arena_printf(fixture.arena, "UPDATE users SET revision = 9 WHERE id = %llu",
                   (unsigned long long)(first + 1)),
      NULL, 0);
  assert_false(apply(by_lockstep, NULL, false));
  assert_int_equal(fixture.error.code, ERROR_CONFLICT);
  assert_non_null(strstr(fixture.error.message,
                         arena_printf(fixture.arena, "Learners have changed since the plan was made: %llu.",
                                      (unsigned long long)(first + 1))));
  assert_int_equal(summary_of(by_lockstep).state, REPAIR_PLANNED);
  assert_string_equal(picture(first), before);

  uint64_t around = plan(first, first + 2);
  run(arena_printf(fixture.arena, "UPDATE users SET display_name = ' other' WHERE id = %llu",
                   (unsigned long long)(first + 2)),
      NULL, 0);
  assert_false(apply(around, NULL, false));
  assert_int_equal(fixture.error.code, ERROR_CONFLICT);
  assert_non_null(
      strstr(fixture.error.message, "Rows have changed since the plan was made: users {\"id\": "));
  assert_string_equal(picture(first), before);
  assert_int_equal(count("SELECT COUNT(*) FROM repair_rows WHERE run_id = # AND state = 'planned'", around),
                   3);
  assert_true(apply(plan(first, first + 2), NULL, false));
  assert_string_equal(ask(first + 2, "display_name"), "other");
}

static void test_a_plan_is_held_to_the_limits_when_it_is_applied(void **state) {
  (void)state;
  rule_file_write(site, "names.sql", NAMES_RULE("names", "-- limit: 3 rows\n"));
  use_rules();
  uint64_t first = named_learners(4);
  uint64_t run_id = plan(first, first + 3);
  assert_false(apply(run_id, NULL, false));
  assert_int_equal(fixture.error.code, ERROR_UNPROCESSABLE);
  assert_int_equal(summary_of(run_id).state, REPAIR_PLANNED);
  assert_true(apply(run_id, NULL, true));
  assert_int_equal(count_of(run_id, "names").changed, 4);
}

static void test_the_digest_tells_plans_apart(void **state) {
  (void)state;
  rule_file_write(site, "names.sql", NAMES_RULE("names", EVERY_ROW));
  use_rules();
  uint64_t first = named_learners(2);
  const char *one = summary_of(plan(first, first + 1)).digest;
  assert_string_equal(summary_of(plan(first, first + 1)).digest, one);
  assert_string_not_equal(summary_of(plan(first, first)).digest, one);
  run(arena_printf(fixture.arena, "UPDATE users SET display_name = ' x' WHERE id = %llu",
                   (unsigned long long)first),
      NULL, 0);
  assert_string_not_equal(summary_of(plan(first, first + 1)).digest, one);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_a_plan_is_what_is_done, repair_setup, teardown),
      cmocka_unit_test_setup_teardown(test_all_of_a_plan_or_nothing, repair_setup, teardown),
      cmocka_unit_test_setup_teardown(test_a_plan_is_held_to_the_limits_when_it_is_applied, repair_setup,
                                      teardown),
      cmocka_unit_test_setup_teardown(test_the_digest_tells_plans_apart, repair_setup, teardown),
  };
  if (fixture_is_missing()) return 0;
  return cmocka_run_group_tests_name("rule/repair_plan", tests, group_setup, group_teardown);
}
