/* Events taken in, counted, known again, parted where one fails, and counted anew; under the memory checker,
 * against a real server. */
#include "system_fixture.h"

#include "event/activity.h"
#include "event/intake.h"

#include "base/banned.h"

#define HOUR_MS INT64_C(3600000)
#define SUMS \
  "SELECT CONCAT_WS(' ', total_activities, completed_activities, in_progress_activities, " \
  "percentage_complete," \
  " total_time_spent, completed_milestones) FROM user_progress_summary WHERE user_id = 7"
#define STATUSES "SELECT GROUP_CONCAT(CONCAT(activity_id, ' ', status) ORDER BY activity_id) FROM activities"
#define REVISION "SELECT revision FROM users WHERE id = 7"
#define ROWS "SELECT GROUP_CONCAT(CONCAT(id, ' ', outcome, ' ', processed) ORDER BY id) FROM progress_events"

static int64_t now_ms;

static int setup(void **state) {
  system_setup(state);
  now_ms = clock_now_ms() / 1000 * 1000;
  run("DELETE FROM sync_jobs");
  return 0;
}

/* A milestone of that id: no other system is asked about it. */
static struct event_body body(const char *id, const char *activity, enum completion_status status,
                              double minutes, int hours_ago) {
  return (struct event_body){.id = id,
                             .event_type = EVENT_MILESTONE_REACHED,
                             .type_given = PRESENCE_GIVEN,
                             .source_system = SYSTEM_AI_JOURNEY,
                             .source_given = PRESENCE_GIVEN,
                             .data = {.activity_id = activity,
                                      .completion_status = (int)status,
                                      .time_spent = minutes,
                                      .time_spent_given = PRESENCE_GIVEN},
                             .data_given = PRESENCE_GIVEN,
                             .timestamp_ms = now_ms - hours_ago * HOUR_MS,
                             .timestamp_given = PRESENCE_GIVEN};
}

/* The statuses, parted by commas; or the complaint. */
static const char *submit(struct event_body *bodies, size_t count, bool alone, const char *op_id) {
  struct event_host host = {.config = &system_config, .zones = system_zones};
  struct event_submit order = {.ledger = ledger,
                               .host = &host,
                               .user_id = 7,
                               .actor = "user_7",
                               .bodies = bodies,
                               .count = count,
                               .alone = alone,
                               .op_id = op_id,
                               .id_prefix = op_id,
                               .arena = fixture.arena};
  struct event_submitted submitted;
  struct error error = ERROR_INIT;
  bool done = event_submit(&order, &error, &submitted);
  if (!done && error.code == ERROR_UNAVAILABLE) return "unavailable";
  if (!done) return arena_printf(fixture.arena, "%s: %s", error.fields[0].field, error.fields[0].message);
  const char *text = "";
  for (size_t at = 0; at < count; at++) {
    const struct event_result *result = &((const struct event_result *)submitted.results.items)[at];
    text = arena_printf(fixture.arena, "%s%s%s", text, at == 0 ? "" : ",", result->status);
    assert_non_null(text);
  }
  return text;
}
#define SUBMIT(...) \
  submit((struct event_body[]){__VA_ARGS__}, \
         sizeof((struct event_body[]){__VA_ARGS__}) / sizeof(struct event_body), false, NULL)

static void test_a_batch_is_one_revision_and_is_counted(void **state) {
  (void)state;
  assert_string_equal(SUBMIT(body("a", "m1", STATUS_STARTED, 0, 30),
                             body("b", "m1", STATUS_COMPLETED, 2.5, 26), body("c", "m2", STATUS_FAILED, 4, 1),
                             body("d", "m3", STATUS_SKIPPED, 0, 1)),
                      "applied,applied,applied,applied");
  assert_answer(STATUSES, "m1 completed,m2 in_progress,m3 skipped");
  assert_answer(SUMS, "3 1 1 33.33 6.50 1");
  assert_answer(REVISION, "1");
  assert_answer("SELECT COUNT(*) FROM ledger", "1");
}

static void test_what_is_known_is_taken_once(void **state) {
  (void)state;
  assert_string_equal(SUBMIT(body("a", "m", STATUS_COMPLETED, 1, 1)), "applied");
  assert_string_equal(SUBMIT(body("a", "m", STATUS_COMPLETED, 1, 1), body("a", "m", STATUS_COMPLETED, 2, 1),
                             body("b", "n", STATUS_COMPLETED, 1, 1), body("b", "n", STATUS_COMPLETED, 1, 1),
                             body("b", "x", STATUS_COMPLETED, 1, 1)),
                      "applied,rejected,applied,applied,rejected");
  assert_answer(ROWS, "a applied 1,b applied 1");
  assert_answer(REVISION, "2");
  struct event_body other = body("a", "z", STATUS_COMPLETED, 1, 1);
  assert_string_equal(submit(&other, 1, true, NULL), "id: was already used for an event with other content");
  struct event_body again = body("a", "m", STATUS_COMPLETED, 1, 1);
  assert_string_equal(submit(&again, 1, true, NULL), "applied");
  assert_answer(REVISION, "2");
}

static void test_ids_are_made_of_the_batchs_own(void **state) {
  (void)state;
  for (int time = 0; time < 2; time++) {
    struct event_body bodies[] = {body(NULL, "m", STATUS_COMPLETED, 1, 1),
                                  body(NULL, "n", STATUS_COMPLETED, 1, 1)};
    assert_string_equal(submit(bodies, 2, false, "key:one"), "applied,applied");
  }
  assert_answer(ROWS, "key:one:0 applied 1,key:one:1 applied 1");
  struct event_body bodies[] = {body(NULL, "x", STATUS_COMPLETED, 1, 1)};
  assert_string_equal(submit(bodies, 1, false, NULL), "applied");
  assert_answer("SELECT COUNT(*) FROM progress_events WHERE id LIKE 'event-%'", "1");
}

static void test_what_fails_is_found_and_kept(void **state) {
  (void)state;
  struct event_body bodies[9];
  static const char *const ids[] = {"a", "b", "c", "d", "e", "f", "g", "h", "i"};
  run("CREATE TRIGGER breaks BEFORE INSERT ON activities FOR EACH ROW IF NEW.activity_id IN ('c', 'i') THEN"
      " SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'broken'; END IF");
  for (size_t at = 0; at < 9; at++)
    bodies[at] = body(ids[at], ids[at], STATUS_COMPLETED, 1, 1);
  const char *told = submit(bodies, 9, false, "key:whole");
  run("DROP TRIGGER breaks");
  assert_string_equal(told, "applied,applied,pending,applied,applied,applied,applied,applied,pending");
  assert_answer(ROWS, "a applied 1,b applied 1,c pending 0,d applied 1,e applied 1,f applied 1,g applied 1,"
                      "h applied 1,i pending 0");
  assert_answer("SELECT COUNT(*) FROM activities", "7");
  assert_answer(
      "SELECT COUNT(*) > 0 FROM sync_jobs WHERE kind = 'process_events' AND params = '{\"userId\":7}'", "1");
  assert_answer("SELECT JSON_VALUE(processing_errors, '$[0].detail') LIKE '%broken%' FROM progress_events"
                " WHERE id = 'c'",
                "1");
}

static void test_a_database_that_asks_for_patience_is_no_failure(void **state) {
  (void)state;
  run("CREATE TRIGGER asks BEFORE INSERT ON activities FOR EACH ROW SIGNAL SQLSTATE '40001'"
      " SET MESSAGE_TEXT = 'deadlock', MYSQL_ERRNO = 1213");
  int64_t patience_ms = fixture.config.transaction_timeout_ms;
  fixture.config.transaction_timeout_ms = 200;
  const char *told = SUBMIT(body("a", "m", STATUS_COMPLETED, 1, 1), body("b", "n", STATUS_COMPLETED, 1, 1));
  fixture.config.transaction_timeout_ms = patience_ms;
  run("DROP TRIGGER asks");
  assert_string_equal(told, "unavailable");
  assert_answer("SELECT COUNT(*) FROM progress_events", "0");
  assert_string_equal(SUBMIT(body("a", "m", STATUS_COMPLETED, 1, 1)), "applied");
}

/* What the work of a recount is told. */
static bool recount_work(struct ledger_tx *tx, struct error *error) {
  struct ledger_entry *entry = ledger_at(tx, 0);
  struct event_intake intake = {
      .tx = tx, .entry = entry, .config = &system_config, .now_ms = ledger_now_ms(tx)};
  struct ledger_change change = {.what = "event"};
  return ledger_report(tx, entry, &change, error) &&
         activity_recount(&intake, ACTIVITY_MILESTONE, entry->input, error) &&
         activity_finish(&intake, 1, error);
}
static const struct ledger_kind recount_kind = {.name = "recount", .work = recount_work};

static void recount(const char *activity) {
  struct ledger_entry entry = {
      .user_id = 7, .actor = "test", .input = (void *)activity, .arena = fixture.arena};
  struct arena *scratch = arena_new(FIXTURE_ARENA_BYTES);
  assert_non_null(scratch);
  assert_done(&fixture, ledger_run_one(ledger, &recount_kind, &entry, NULL, scratch, &fixture.error));
  arena_free(scratch);
}

static void test_an_activity_is_counted_anew(void **state) {
  (void)state;
  assert_string_equal(SUBMIT(body("a", "m", STATUS_IN_PROGRESS, 5, 60),
                             body("b", "m", STATUS_COMPLETED, 9, 2), body("c", "n", STATUS_COMPLETED, 1, 1)),
                      "applied,applied,applied");
  const char *counted = ask(SUMS);
  recount("m");
  assert_answer(SUMS, counted);
  assert_answer("SELECT GROUP_CONCAT(CONCAT(events, ' ', time_spent) ORDER BY day) FROM activity_days"
                " WHERE activity_id = 'm'",
                "1 5.00,1 9.00");
  run("UPDATE progress_events SET outcome = 'superseded' WHERE id = 'b'");
  recount("m");
  assert_answer(STATUSES, "m in_progress,n completed");
  assert_answer(SUMS, "2 1 1 50.00 6.00 1");
  run("UPDATE progress_events SET outcome = 'superseded' WHERE id = 'a'");
  recount("m");
  assert_answer(STATUSES, "n completed");
  assert_answer(SUMS, "1 1 0 100.00 1.00 1");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(test_a_batch_is_one_revision_and_is_counted, setup),
      cmocka_unit_test_setup(test_what_is_known_is_taken_once, setup),
      cmocka_unit_test_setup(test_ids_are_made_of_the_batchs_own, setup),
      cmocka_unit_test_setup(test_what_fails_is_found_and_kept, setup),
      cmocka_unit_test_setup(test_a_database_that_asks_for_patience_is_no_failure, setup),
      cmocka_unit_test_setup(test_an_activity_is_counted_anew, setup),
  };
  return cmocka_run_group_tests(tests, system_group_setup, system_group_teardown);
}
