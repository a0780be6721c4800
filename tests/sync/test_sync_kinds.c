/* What a job over the engine leaves behind when it ends early. */
#include "../rule/rule_fixture.h"

#include <string.h>

#include "rule/pass.h"
#include "sync/sync.h"
#include "sync/sync_order.h"

#include "base/banned.h"

static struct config whole_config;

static struct repair_engine engine(void) {
  whole_config.database = fixture.config;
  whole_config.rules = config;
  load();
  return (struct repair_engine){.set = set, .pool = pool, .config = &whole_config};
}

static const struct job_kind *kind_of(const char *name) {
  for (size_t at = 0; at < sync_job_kinds.count; at++)
    if (strcmp(sync_job_kinds.rows[at].name, name) == 0) return &sync_job_kinds.rows[at];
  fail_msg("there is no kind %s", name);
  return NULL;
}

/* Of a job that was interrupted before it could write down what it had begun. */
static void end(const char *kind, uint64_t job_id, const struct sync_order *order, bool was_cancelled) {
  struct job_app app = {.config = &whole_config, .pool = pool, .ledger = ledger, .rules = set};
  struct job job = {.app = &app, .arena = fixture.arena, .id = job_id, .was_cancelled = was_cancelled};
  assert_done(&fixture, kind_of(kind)->abandon(&job, order, "Somebody said so.", &fixture.error));
}

static uint64_t open_run(const struct repair_engine *over, uint64_t job_id, bool dry_run) {
  struct repair_order order = {.to_user = INT64_MAX, .dry_run = dry_run, .actor = "job", .job_id = job_id};
  uint64_t run_id;
  assert_done(&fixture, repair_open(over, &order, fixture.arena, &fixture.error, &run_id));
  return run_id;
}

static struct repair_summary read_run(uint64_t run_id) {
  struct repair_summary summary;
  bool found;
  assert_done(&fixture, repair_read(fixture.db, run_id, fixture.arena, &fixture.error, &summary, &found));
  db_rollback(fixture.db);
  assert_true(found);
  return summary;
}

static void test_a_run_ends_as_its_job_does(void **state) {
  (void)state;
  struct repair_engine over = engine();
  struct sync_order order = {.dry_run = false};
  uint64_t cancelled = open_run(&over, 101, false);
  uint64_t failed = open_run(&over, 102, false);
  assert_int_equal(read_run(cancelled).state, REPAIR_RUNNING);
  end("auto_fix", 101, &order, true);
  end("sync_all_users", 102, &order, false);
  assert_int_equal(read_run(cancelled).state, REPAIR_CANCELLED);
  assert_string_equal(read_run(cancelled).error, "Somebody said so.");
  assert_int_equal(read_run(failed).state, REPAIR_FAILED);
  end("auto_fix", 102, &order, true);
  assert_int_equal(read_run(failed).state, REPAIR_FAILED);
}

static void test_a_job_that_began_nothing_leaves_nothing(void **state) {
  (void)state;
  (void)engine();
  struct sync_order order = {.dry_run = false};
  end("auto_fix", 999, &order, true);
  end("validate", 999, NULL, false);
}

/* Somebody may try to apply it again. */
static void test_a_plan_that_was_not_applied_is_still_one(void **state) {
  (void)state;
  struct repair_engine over = engine();
  uint64_t plan = open_run(&over, 103, true);
  assert_done(&fixture, repair_close(&over, plan, fixture.arena, &fixture.error));
  struct sync_order order = {.plan_id = plan, .plan_given = PRESENCE_GIVEN};
  end("auto_fix", 103, &order, true);
  assert_int_equal(read_run(plan).state, REPAIR_PLANNED);
}

/* The cursor moved in the transaction of the effect: a claim that takes over has nothing left to do. Without
 * a row in sync_jobs behind it, any transaction of this job would fail. */
static void test_what_is_settled_is_not_done_again(void **state) {
  (void)state;
  struct repair_engine over = engine();
  uint64_t plan = open_run(&over, 105, true);
  uint64_t run = open_run(&over, 106, false);
  assert_done(&fixture, repair_close(&over, plan, fixture.arena, &fixture.error));
  struct job_app app = {.config = &whole_config, .pool = pool, .ledger = ledger, .rules = set};
  struct sync_order by_plan = {.plan_id = plan, .plan_given = PRESENCE_GIVEN};
  struct sync_order everybody = {.dry_run = false};
  struct job applied = {.app = &app, .arena = fixture.arena, .id = 105, .subject_id = plan, .cursor_at = 9};
  struct job range = {.app = &app, .arena = fixture.arena, .id = 107, .parent_id = 106, .subject_id = run};
  assert_done(&fixture, kind_of("auto_fix")->work(&applied, &by_plan, &fixture.error));
  assert_int_equal(read_run(plan).state, REPAIR_PLANNED);
  range.range_from = 5;
  range.range_to = range.cursor_at = 10;
  assert_done(&fixture, kind_of("auto_fix")->work(&range, &everybody, &fixture.error));
  assert_done(&fixture, kind_of("validate")->work(&range, NULL, &fixture.error));
  assert_done(&fixture, repair_abandon(&over, run, REPAIR_CANCELLED, "The test is over.", &fixture.error));
}

static void test_a_pass_ends_with_its_job(void **state) {
  (void)state;
  struct repair_engine over = engine();
  uint64_t pass_id;
  assert_done(&fixture, pass_open(&over, PASS_VALIDATE, 104, fixture.arena, &fixture.error, &pass_id));
  end("validate", 104, NULL, true);
  assert_string_equal(fixture_ask(&fixture, fixture.db, "SELECT state FROM passes WHERE job_id = 104").text,
                      "failed");
}

int main(void) {
  if (fixture_is_missing()) return 0;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_a_run_ends_as_its_job_does, setup, teardown),
      cmocka_unit_test_setup_teardown(test_a_job_that_began_nothing_leaves_nothing, setup, teardown),
      cmocka_unit_test_setup_teardown(test_a_plan_that_was_not_applied_is_still_one, setup, teardown),
      cmocka_unit_test_setup_teardown(test_what_is_settled_is_not_done_again, setup, teardown),
      cmocka_unit_test_setup_teardown(test_a_pass_ends_with_its_job, setup, teardown),
  };
  return cmocka_run_group_tests_name("sync_kinds", tests, group_setup, group_teardown);
}
