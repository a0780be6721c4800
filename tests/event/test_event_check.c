/* What is asked of an event by its type, what it is about and when it happened. Bodies as clients send them.
 */
#include "event/event.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "schema/decode.h"

#include "base/banned.h"

#define ARENA_BYTES ((size_t)4 * 1024 * 1024)
#define NOW_MS INT64_C(1767268800000) /* 2026-01-01 12:00 */
#define SOURCE "\"sourceSystem\":\"video_player\""

static struct arena *arena;

static int setup(void **state) {
  (void)state;
  arena = arena_new(ARENA_BYTES);
  return arena == NULL;
}

static int teardown(void **state) {
  (void)state;
  arena_free(arena);
  return 0;
}

static struct event_body read_body(const char *text) {
  struct event_submission submission;
  struct error error = ERROR_INIT;
  bool read = schema_decode_json(&event_submission_schema, text, strlen(text), UNKNOWN_IGNORED, arena,
                                 &submission, &error);
  if (!read) fail_msg("%s: %s", error.fields[0].field, error.fields[0].message);
  return submission.one;
}

/* "400 field, field", or "taken". */
static const char *check(const char *text) {
  struct event_body body = read_body(text);
  struct error error = ERROR_INIT;
  if (event_check(&body, arena, &error)) return "taken";
  const char *told = error.code == ERROR_MALFORMED ? "400" : error.code == ERROR_UNPROCESSABLE ? "422" : "?";
  for (size_t at = 0; at < error.field_count; at++)
    told = arena_printf(arena, "%s %s", told, error.fields[at].field);
  return told;
}

static struct event taken(const char *text) {
  struct event_body body = read_body(text);
  struct error error = ERROR_INIT;
  struct event event;
  assert_true(event_check(&body, arena, &error));
  event_from_body(&body, NOW_MS, &event);
  return event;
}

#define BODY(type, data) "{\"eventType\":\"" type "\"," SOURCE ",\"eventData\":{" data "}}"

static void test_what_is_missing_is_told(void **state) {
  (void)state;
  assert_string_equal(check("{}"), "400 eventType sourceSystem eventData");
  assert_string_equal(check("{\"eventType\":\"video_completed\"," SOURCE "}"), "400 eventData");
  assert_string_equal(check(BODY("video_completed", "")), "400 eventData.activityId");
  assert_string_equal(check(BODY("milestone_reached", "\"completionStatus\":\"started\"")),
                      "400 eventData.activityId");
  assert_string_equal(check(BODY("path_progress_updated", "\"activityId\":\"a\"")),
                      "400 eventData.pathProgress");
  assert_string_equal(check(BODY("skill_assessed", "\"activityId\":\"a\"")), "400 eventData.skillProgress");
  assert_string_equal(check(BODY("skill_assessed", "\"skillProgress\":{\"skillId\":\"k\"}")),
                      "400 eventData.skillProgress.newLevel");
  assert_string_equal(
      check(BODY("skill_assessed", "\"skillProgress\":{\"skillId\":\"k\",\"newLevel\":\"a\"}")), "taken");
}

static void test_ids_are_no_rules(void **state) {
  (void)state;
  assert_string_equal(check("{\"id\":\"rule:x\",\"eventType\":\"milestone_reached\"," SOURCE
                            ",\"eventData\":{\"activityId\":\"m\"}}"),
                      "422 id");
}

static void test_what_cannot_be_is_told(void **state) {
  (void)state;
  assert_string_equal(
      check(BODY("video_completed", "\"videoProgress\":{\"videoId\":\"v\",\"percentageWatched\":100}")),
      "taken");
  assert_string_equal(
      check(BODY("video_completed", "\"videoProgress\":{\"videoId\":\"v\",\"percentageWatched\":100.01}")),
      "422 eventData.videoProgress.percentageWatched");
  assert_string_equal(
      check(BODY("video_completed", "\"activityId\":\"w\",\"videoProgress\":{\"videoId\":\"v\"}")),
      "422 eventData.videoProgress.videoId");
  assert_string_equal(check(BODY("video_completed", "\"activityId\":\"w\",\"activityType\":\"project\","
                                                    "\"videoProgress\":{\"videoId\":\"v\"}")),
                      "taken");
#define ENTRY(start, end) \
  BODY("schedule_completed", "\"scheduleProgress\":{\"scheduleId\":\"c\",\"actualStartTime\":\"" start \
                             "\",\"actualEndTime\":\"" end "\"}")
  assert_string_equal(check(ENTRY("2026-01-01T10:00:00Z", "2026-01-01T10:00:00Z")), "taken");
  assert_string_equal(check(ENTRY("2026-01-01T10:00:00Z", "2026-01-01T09:59:59.999Z")),
                      "422 eventData.scheduleProgress.actualEndTime");
#define STEP(index, total) \
  BODY("path_progress_updated", "\"pathProgress\":{\"pathId\":\"p\",\"stepId\":\"s\",\"stepIndex\":" index \
                                ",\"totalSteps\":" total "}")
  assert_string_equal(check(STEP("3", "3")), "taken");
  assert_string_equal(check(STEP("4", "3")), "422 eventData.pathProgress.stepIndex");
#define LEARNED(skills) \
  BODY("path_progress_updated", \
       "\"pathProgress\":{\"pathId\":\"p\",\"stepId\":\"s\",\"skillsLearned\":[" skills "]}")
  assert_string_equal(check(LEARNED("\"a\",\"b\"")), "taken");
  assert_string_equal(check(LEARNED("\"a\",\"\"")), "400 eventData.pathProgress.skillsLearned");
}

static void test_an_event_says_what_it_is_about(void **state) {
  (void)state;
  static const struct {
    const char *body;
    enum activity_type type;
    const char *id;
  } rows[] = {
      {BODY("video_completed", "\"videoProgress\":{\"videoId\":\"v\"}"), ACTIVITY_VIDEO, "v"},
      {BODY("todo_completed", "\"todoProgress\":{\"todoId\":\"t\"}"), ACTIVITY_PRACTICE, "t"},
      {BODY("schedule_completed", "\"scheduleProgress\":{\"scheduleId\":\"c\"}"), ACTIVITY_PRACTICE, "c"},
      {BODY("milestone_reached", "\"activityId\":\"m\""), ACTIVITY_MILESTONE, "m"},
      {BODY("skill_assessed", "\"skillProgress\":{\"skillId\":\"k\",\"newLevel\":\"x\"}"), ACTIVITY_QUIZ,
       "k"},
      {BODY("path_progress_updated", "\"pathProgress\":{\"pathId\":\"p\",\"stepId\":\"s\"}"),
       ACTIVITY_PRACTICE, "p/s"},
      {BODY("todo_completed",
            "\"activityId\":\"v\",\"activityType\":\"video\",\"todoProgress\":{\"todoId\":\"t\"}"),
       ACTIVITY_VIDEO, "v"},
  };
  for (size_t at = 0; at < ARRAY_LENGTH(rows); at++) {
    struct event event = taken(rows[at].body);
    assert_int_equal(event.activity_type, rows[at].type);
    assert_string_equal(event.activity_id, rows[at].id);
    assert_int_equal(event.status, STATUS_COMPLETED);
  }
}

static int64_t moment_of(const char *text) { return taken(text).happened_at_ms; }

static void test_the_moment_is_what_knows_best(void **state) {
  (void)state;
#define TOLD "\"timestamp\":\"2026-01-01T01:00:00Z\"," SOURCE ","
#define OWN "\"videoProgress\":{\"videoId\":\"v\",\"completedAt\":\"2026-01-01T02:00:00Z\"}"
  int64_t hour_ms = INT64_C(3600000);
  int64_t midnight_ms = NOW_MS - 12 * hour_ms;
  assert_int_equal(moment_of(BODY("milestone_reached", "\"activityId\":\"m\"")), NOW_MS);
  assert_int_equal(
      moment_of("{" TOLD "\"eventType\":\"milestone_reached\",\"eventData\":{\"activityId\":\"m\"}}"),
      midnight_ms + hour_ms);
  assert_int_equal(moment_of("{" TOLD "\"eventType\":\"video_completed\",\"eventData\":{" OWN "}}"),
                   midnight_ms + 2 * hour_ms);
  assert_int_equal(moment_of("{" TOLD "\"eventType\":\"video_completed\",\"eventData\":{\"completedAt\":"
                             "\"2026-01-01T03:00:00Z\"," OWN "}}"),
                   midnight_ms + 3 * hour_ms);
  /* Another type's own moment is not this one's. */
  assert_int_equal(
      moment_of("{" TOLD "\"eventType\":\"todo_completed\",\"eventData\":{\"activityId\":\"t\"," OWN "}}"),
      midnight_ms + hour_ms);
}

static double minutes_of(const char *text) { return taken(text).time_spent; }

static void test_time_is_told_in_minutes(void **state) {
  (void)state;
  assert_float_equal(minutes_of(BODY("milestone_reached", "\"activityId\":\"m\"")), 0, 0);
  assert_float_equal(minutes_of(BODY("milestone_reached", "\"activityId\":\"m\",\"timeSpent\":1.237")), 1.24,
                     1e-9);
  assert_float_equal(
      minutes_of(BODY("video_completed", "\"videoProgress\":{\"videoId\":\"v\",\"timeWatched\":100}")), 1.67,
      1e-9);
  assert_float_equal(
      minutes_of(BODY("video_completed", "\"timeSpent\":0,\"videoProgress\":{\"videoId\":\"v\","
                                         "\"timeWatched\":100}")),
      0, 0);
}

static void test_the_content_is_what_is_hashed(void **state) {
  struct error error = ERROR_INIT;
  struct db_hash one, same, other;
  struct event_body bodies[] = {read_body("{\"id\":\"a\",\"eventType\":\"milestone_reached\"," SOURCE
                                          ",\"eventData\":{\"activityId\":\"m\"}}"),
                                read_body("{\"eventData\":{\"unknown\":1, \"activityId\":\"m\"}," SOURCE
                                          ",\"eventType\":\"milestone_reached\", \"id\":\"a\"}"),
                                read_body("{\"id\":\"a\",\"eventType\":\"milestone_reached\"," SOURCE
                                          ",\"eventData\":{\"activityId\":\"n\"}}")};
  (void)state;
  assert_true(event_hash(&bodies[0], &error, &one) && event_hash(&bodies[1], &error, &same) &&
              event_hash(&bodies[2], &error, &other));
  assert_memory_equal(&one, &same, sizeof one);
  assert_memory_not_equal(&one, &other, sizeof one);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_what_is_missing_is_told, setup, teardown),
      cmocka_unit_test_setup_teardown(test_ids_are_no_rules, setup, teardown),
      cmocka_unit_test_setup_teardown(test_what_cannot_be_is_told, setup, teardown),
      cmocka_unit_test_setup_teardown(test_an_event_says_what_it_is_about, setup, teardown),
      cmocka_unit_test_setup_teardown(test_the_moment_is_what_knows_best, setup, teardown),
      cmocka_unit_test_setup_teardown(test_time_is_told_in_minutes, setup, teardown),
      cmocka_unit_test_setup_teardown(test_the_content_is_what_is_hashed, setup, teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
