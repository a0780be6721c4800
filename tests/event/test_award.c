/* Awarding with an event and by a recomputation, under the memory checker; and a recomputation that is taken
 * over. */
#include "../job/guard_fixture.h"
#include "../rule/rule_files.h"

#include "event/award_recompute.h"
#include "schema/decode.h"

#include "base/banned.h"

#define EARNED \
  "SELECT COALESCE(GROUP_CONCAT(CONCAT_WS(' ', user_id, id) ORDER BY user_id, id SEPARATOR ','), '-')" \
  " FROM achievements"
#define STONES \
  "SELECT COALESCE(GROUP_CONCAT(CONCAT_WS(' ', milestone_id, progress, IF(reached_at IS NULL, 'open', " \
  "'reached'))" \
  " ORDER BY milestone_id SEPARATOR ','), '-') FROM milestones WHERE user_id = 7"
#define NOTICES "SELECT COUNT(*) FROM notifications WHERE user_id = 7"
#define REVISION "SELECT revision FROM users WHERE id = 7"

static struct config config;
static struct zone_cache *zones;
static struct award_table *awards;
static char directory[RULE_PATH_BYTES];

static void define(const char *id, const char *rest) {
  char name[64];
  snprintf(name, sizeof name, "%s.yaml", id);
  const char *text = arena_printf(fixture.arena, "id: %s\ntitle: T\n%s", id, rest);
  assert_non_null(text);
  rule_file_write(directory, name, text);
}

static int award_group_setup(void **state) {
  struct arena *arena = arena_new(FIXTURE_ARENA_BYTES);
  group_setup(state);
  assert_non_null(arena);
  *state = arena;
  assert_true(schema_defaults(&config_schema, arena, &config, &fixture.error));
  rule_directory_make(directory);
  define("one", "kind: achievement\ntype: completion\nmetric: completed_activities\natLeast: 1\n");
  define("two", "kind: achievement\ntype: completion\nmetric: completed_activities\natLeast: 2\n");
  define("days", "kind: achievement\ntype: consistency\nmetric: practice_days_28\natLeast: 2\n");
  define("landmark", "kind: achievement\ntype: milestone\nmetric: milestones_reached\natLeast: 1\n");
  define("three", "kind: milestone\nmetric: completed_activities\natLeast: 3\n");
  const struct events_config files = {.achievements = directory};
  assert_done(&fixture, award_table_load(&files, &fixture.error, &awards));
  zones = zone_cache_new();
  return zones == NULL ? -1 : 0;
}

static int award_group_teardown(void **state) {
  arena_free(*state);
  award_table_free(awards);
  zone_cache_free(zones);
  rule_directory_remove(directory);
  return group_teardown(state);
}

static int setup(void **state) {
  (void)state;
  error_clear(&fixture.error);
  arena_reset(fixture.arena);
  run("DELETE FROM users");
  run("DELETE FROM ledger");
  run("INSERT INTO users (id) VALUES (7), (8), (9)");
  return 0;
}

static struct event_result happens(uint64_t user_id, const char *activity_id, enum event_type type,
                                   int64_t ago_ms) {
  struct event_host host = {.config = &config, .zones = zones, .awards = awards};
  struct event_body body = {.id = arena_printf(fixture.arena, "e-%s-%d", activity_id, (int)(ago_ms / 1000)),
                            .event_type = type,
                            .type_given = PRESENCE_GIVEN,
                            .source_given = PRESENCE_GIVEN,
                            .data_given = PRESENCE_GIVEN,
                            .source_system = SYSTEM_CHAT,
                            .data = {.activity_id = activity_id,
                                     .activity_type = ACTIVITY_QUIZ,
                                     .activity_type_given = PRESENCE_GIVEN,
                                     .completion_status = STATUS_COMPLETED},
                            .timestamp_ms = clock_now_ms() - ago_ms,
                            .timestamp_given = PRESENCE_GIVEN};
  struct event_submit submit = {.ledger = ledger,
                                .host = &host,
                                .user_id = user_id,
                                .actor = "user_7",
                                .bodies = &body,
                                .count = 1,
                                .alone = true,
                                .arena = fixture.arena};
  struct event_submitted submitted;
  assert_done(&fixture, event_submit(&submit, &fixture.error, &submitted));
  assert_int_equal(submitted.results.count, 1);
  return ((struct event_result *)submitted.results.items)[0];
}

#define DAY_MS INT64_C(86400000)

static struct award_recomputed recompute(uint64_t after_user, struct watch *watch) {
  struct repair_guard guard = watch_guard(watch);
  const struct award_host host = {
      .pool = pool, .ledger = ledger, .config = &config, .awards = awards, .actor = "job_1"};
  struct award_recomputed done = {.achievements = 0};
  struct arena *scratch = arena_new(FIXTURE_ARENA_BYTES);
  assert_non_null(scratch);
  error_clear(&fixture.error);
  (void)!award_recompute(&host, after_user, 100, &guard, scratch, &fixture.error, &done);
  arena_free(scratch);
  return done;
}

static void test_with_the_event_that_earns_it(void **state) {
  (void)state;
  struct event_result result = happens(7, "q1", EVENT_TODO_COMPLETED, 0);
  assert_int_equal(result.achievements.count, 1);
  assert_string_equal(((struct achievement_view *)result.achievements.items)[0].id, "one");
  assert_int_equal(result.milestones.count, 0);
  assert_answer(STONES, "three 1 open");
  result = happens(7, "q2", EVENT_TODO_COMPLETED, DAY_MS);
  assert_int_equal(result.achievements.count, 2);
  result = happens(7, "q3", EVENT_TODO_COMPLETED, 0);
  assert_int_equal(result.milestones.count, 1);
  assert_string_equal(((struct milestone_view *)result.milestones.items)[0].id, "three");
  assert_answer(EARNED, "7 days,7 landmark,7 one,7 two");
  assert_answer(STONES, "three 3 reached");
  assert_answer(NOTICES, "5");
  result = happens(7, "q4", EVENT_TODO_COMPLETED, 0);
  assert_int_equal(result.achievements.count + result.milestones.count, 0);
  assert_answer(NOTICES, "5");
}

static void test_a_milestone_is_told_of(void **state) {
  (void)state;
  struct event_result result = happens(7, "stone", EVENT_MILESTONE_REACHED, 0);
  assert_int_equal(result.milestones.count, 1);
  assert_answer(STONES, "stone 1 reached,three 1 open");
  run("DELETE FROM milestones");
  struct watch watch = {.holds_left = SIZE_MAX};
  assert_int_equal(recompute(0, &watch).milestones, 1);
  assert_answer(STONES, "stone 1 reached,three 1 open");
  assert_answer("SELECT event_id FROM milestones WHERE milestone_id = 'stone'", "e-stone-0");
}

static void test_nobody_who_lacks_nothing_is_written(void **state) {
  struct watch watch = {.holds_left = SIZE_MAX};
  (void)state;
  happens(7, "q1", EVENT_TODO_COMPLETED, 0);
  assert_int_equal(recompute(0, &watch).achievements, 0);
  assert_int_equal(fixture.error.code, ERROR_NONE);
  assert_answer(REVISION, "1");
  assert_int_equal(watch.holds, 1);
  assert_int_equal(watch.units, 3);
  assert_int_equal(watch.cursor, 9);
}

static void test_it_is_taken_over(void **state) {
  struct watch lost = {.holds_left = 1};
  struct watch watch = {.holds_left = SIZE_MAX};
  (void)state;
  for (uint64_t user_id = 7; user_id <= 9; user_id++)
    happens(user_id, "q1", EVENT_TODO_COMPLETED, 0);
  run("DELETE FROM achievements");
  (void)recompute(0, &lost);
  assert_int_equal(fixture.error.code, ERROR_CONFLICT);
  assert_answer(EARNED, "7 one");
  assert_int_equal(lost.cursor, 7);
  assert_int_equal(recompute(lost.cursor, &watch).achievements, 2);
  assert_answer(EARNED, "7 one,8 one,9 one");
  assert_int_equal(lost.units + watch.units, 3);
  assert_answer(
      "SELECT CONCAT(actor, ' ', kind) FROM ledger WHERE user_id = 8 ORDER BY revision DESC LIMIT 1",
      "job_1 achievements");
}

static void test_who_is_gone_is_passed_over(void **state) {
  struct watch watch = {.holds_left = SIZE_MAX};
  (void)state;
  happens(7, "q1", EVENT_TODO_COMPLETED, 0);
  happens(8, "q1", EVENT_TODO_COMPLETED, 0);
  run("DELETE FROM achievements");
  run("UPDATE users SET deleted_at = UTC_TIMESTAMP(3) WHERE id = 7");
  run("UPDATE users SET merged_into = 9 WHERE id = 8");
  assert_int_equal(recompute(0, &watch).achievements, 0);
  assert_answer(EARNED, "-");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(test_with_the_event_that_earns_it, setup),
      cmocka_unit_test_setup(test_a_milestone_is_told_of, setup),
      cmocka_unit_test_setup(test_nobody_who_lacks_nothing_is_written, setup),
      cmocka_unit_test_setup(test_it_is_taken_over, setup),
      cmocka_unit_test_setup(test_who_is_gone_is_passed_over, setup),
  };
  return cmocka_run_group_tests_name("award", tests, award_group_setup, award_group_teardown);
}
