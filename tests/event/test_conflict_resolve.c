/* What each resolution makes of events, field by field. */
#include "conflict_events.h"

#include "base/banned.h"

#define VIDEO EVENT_VIDEO_COMPLETED, SYSTEM_VIDEO_PLAYER
#define TODO EVENT_TODO_COMPLETED, SYSTEM_TODO_MANAGER
#define ENTRY EVENT_SCHEDULE_COMPLETED, SYSTEM_CALENDAR
#define STEP EVENT_PATH_PROGRESS_UPDATED, SYSTEM_PATH_GENERATOR

#define MOST 4

static struct arena *arena;

static int set_up(void **state) {
  (void)state;
  arena = arena_new(CONFLICT_TEST_ARENA);
  return arena == NULL;
}

static int tear_down(void **state) {
  (void)state;
  arena_free(arena);
  return 0;
}

static size_t make_events(const struct told *told, struct event *events) {
  size_t count = 0;
  for (; count < MOST && told[count].data != NULL; count++)
    events[count] = make_event(arena, "e", told[count]);
  return count;
}

static const char *encode(const struct event_data *data) {
  struct buffer text = BUFFER_INIT((size_t)64 * 1024);
  schema_encode_json(&event_data_schema, data, &text);
  const char *copy = arena_strndup(arena, buffer_text(&text), text.length);
  buffer_free(&text);
  return copy;
}

/* The events of a case, and what a resolution makes of them. */
struct resolve_case {
  struct told told[MOST];
  enum resolution_type type;
  size_t winner;
  int64_t after_ms;
  double minutes;
  const char *data; /* as eventData, in any order */
};

#define DONE(fields) "{\"completionStatus\":\"completed\"" fields "}"
#define FAILED(fields) "{\"completionStatus\":\"failed\"" fields "}"
#define SKIPPED(fields) "{\"completionStatus\":\"skipped\"" fields "}"
#define WATCHED(fields) ",\"videoProgress\":{\"videoId\":\"v\"" fields "}"
#define TICKED(id, fields) ",\"todoProgress\":{\"todoId\":\"" id "\"" fields "}"
#define BOOKED(id, fields) ",\"scheduleProgress\":{\"scheduleId\":\"" id "\"" fields "}"
#define STEPPED(fields) ",\"pathProgress\":{\"pathId\":\"p\",\"stepId\":\"s\"" fields "}"

static const struct resolve_case cases[] = {
    /* use_latest: by moment, then by who came later; silence is filled in from the same status only. */
    {.told = {{VIDEO, 0, DONE(",\"timeSpent\":10")}, {TODO, 5, DONE(",\"timeSpent\":9")}},
     .type = RESOLUTION_USE_LATEST,
     .winner = 1,
     .after_ms = 5,
     .minutes = 9,
     .data = DONE(",\"timeSpent\":9")},
    {.told = {{VIDEO, 5, DONE(",\"timeSpent\":10")}, {TODO, 0, DONE(",\"timeSpent\":9")}},
     .type = RESOLUTION_USE_LATEST,
     .winner = 0,
     .after_ms = 5,
     .minutes = 10,
     .data = DONE(",\"timeSpent\":10")},
    {.told = {{VIDEO, 0, DONE()}, {TODO, 0, FAILED()}},
     .type = RESOLUTION_USE_LATEST,
     .winner = 1,
     .data = FAILED()},
    {.told = {{VIDEO, 0, DONE(",\"timeSpent\":10" WATCHED(",\"percentageWatched\":100"))},
              {TODO, 1, DONE(",\"timeSpent\":11" TICKED("t", ",\"userRating\":3"))},
              {ENTRY, 2, DONE(TICKED("t", ",\"notes\":\"n\""))}},
     .type = RESOLUTION_USE_LATEST,
     .winner = 2,
     .after_ms = 2,
     .minutes = 11,
     .data = DONE(",\"timeSpent\":11" WATCHED(",\"percentageWatched\":100")
                      TICKED("t", ",\"userRating\":3,\"notes\":\"n\""))},
    {.told = {{VIDEO, 0, DONE(",\"timeSpent\":10")}, {TODO, 1, FAILED()}},
     .type = RESOLUTION_USE_LATEST,
     .winner = 1,
     .after_ms = 1,
     .data = FAILED()},
    /* use_most_complete: status, then percentage, then time, then the latest. */
    {.told = {{VIDEO, 0, FAILED(",\"timeSpent\":90")}, {TODO, 1, DONE()}, {ENTRY, 2, SKIPPED()}},
     .type = RESOLUTION_USE_MOST_COMPLETE,
     .winner = 1,
     .after_ms = 1,
     .data = DONE()},
    {.told = {{TODO, 0, SKIPPED(",\"timeSpent\":90")}, {TODO, 1, FAILED()}},
     .type = RESOLUTION_USE_MOST_COMPLETE,
     .winner = 1,
     .after_ms = 1,
     .data = FAILED()},
    {.told = {{TODO, 0, "{\"completionStatus\":\"started\"}"},
              {TODO, 1, SKIPPED()},
              {TODO, 2, "{\"completionStatus\":\"in_progress\"}"}},
     .type = RESOLUTION_USE_MOST_COMPLETE,
     .winner = 2,
     .after_ms = 2,
     .data = "{\"completionStatus\":\"in_progress\"}"},
    {.told = {{VIDEO, 0, DONE(WATCHED(",\"percentageWatched\":60"))}, {TODO, 1, DONE(",\"timeSpent\":50")}},
     .type = RESOLUTION_USE_MOST_COMPLETE,
     .winner = 0,
     .minutes = 50,
     .data = DONE(",\"timeSpent\":50" WATCHED(",\"percentageWatched\":60"))},
    {.told = {{TODO, 0, DONE(",\"timeSpent\":50")}, {ENTRY, 1, DONE(",\"timeSpent\":40")}},
     .type = RESOLUTION_USE_MOST_COMPLETE,
     .winner = 0,
     .minutes = 50,
     .data = DONE(",\"timeSpent\":50")},
    {.told = {{TODO, 3, DONE()}, {ENTRY, 1, DONE()}},
     .type = RESOLUTION_USE_MOST_COMPLETE,
     .winner = 0,
     .after_ms = 3,
     .data = DONE()},
    /* merge_data: figures, starts, ends, lists, words, ids. */
    {.told = {{VIDEO, 0, DONE(",\"timeSpent\":10" WATCHED(",\"percentageWatched\":100,\"timeWatched\":500"))},
              {TODO, 9, DONE(",\"timeSpent\":30" WATCHED(",\"percentageWatched\":70,\"timeWatched\":600"))}},
     .type = RESOLUTION_MERGE_DATA,
     .winner = 0,
     .after_ms = 9,
     .minutes = 30,
     .data = DONE(",\"timeSpent\":30" WATCHED(",\"percentageWatched\":100,\"timeWatched\":600"))},
    {.told = {{VIDEO, 0, DONE(WATCHED(",\"timeWatched\":90"))}, {TODO, 1, FAILED()}},
     .type = RESOLUTION_MERGE_DATA,
     .winner = 0,
     .after_ms = 1,
     .minutes = 1.5,
     .data = DONE(WATCHED(",\"timeWatched\":90"))},
    {.told = {{TODO, 5, FAILED(",\"timeSpent\":50" TICKED("t1", ",\"userRating\":2"))},
              {TODO, 1, DONE(TICKED("t2", ",\"userRating\":5,\"notes\":\"n\""))}},
     .type = RESOLUTION_MERGE_DATA,
     .winner = 1,
     .after_ms = 5,
     .minutes = 50,
     .data = DONE(",\"timeSpent\":50" TICKED("t2", ",\"userRating\":2,\"notes\":\"n\""))},
    {.told = {{ENTRY, 0,
               DONE(BOOKED("c", ",\"actualStartTime\":\"2024-01-15T09:05:00Z\","
                                "\"actualEndTime\":\"2024-01-15T09:40:00Z\""))},
              {ENTRY, 1,
               DONE(BOOKED("c", ",\"actualStartTime\":\"2024-01-15T09:10:00Z\","
                                "\"actualEndTime\":\"2024-01-15T09:30:00Z\""))}},
     .type = RESOLUTION_MERGE_DATA,
     .winner = 1,
     .after_ms = 1,
     .data = DONE(BOOKED("c", ",\"actualStartTime\":\"2024-01-15T09:05:00Z\","
                              "\"actualEndTime\":\"2024-01-15T09:40:00Z\""))},
    {.told = {{TODO, 0,
               DONE(",\"completedAt\":\"2024-01-15T09:50:00Z\"" TICKED(
                   "t", ",\"actualCompletionDate\":\"2024-01-15T09:50:00Z\""))},
              {TODO, 1,
               DONE(",\"completedAt\":\"2024-01-15T09:40:00Z\"" TICKED(
                   "t", ",\"actualCompletionDate\":\"2024-01-15T09:40:00Z\""))}},
     .type = RESOLUTION_MERGE_DATA,
     .winner = 1,
     .after_ms = 1,
     .data = DONE(",\"completedAt\":\"2024-01-15T09:50:00Z\"" TICKED(
         "t", ",\"actualCompletionDate\":\"2024-01-15T09:50:00Z\""))},
    {.told = {{STEP, 0, DONE(STEPPED(",\"skillsLearned\":[\"a\",\"b\"]"))},
              {STEP, 1, DONE(STEPPED(",\"skillsLearned\":[\"b\",\"c\"]"))}},
     .type = RESOLUTION_MERGE_DATA,
     .winner = 1,
     .after_ms = 1,
     .data = DONE(STEPPED(",\"skillsLearned\":[\"a\",\"b\",\"c\"]"))},
    /* What cannot be is the winner's whole; or, where that has none, the latest's. */
    {.told = {{STEP, 0, DONE(STEPPED(",\"totalSteps\":5"))}, {STEP, 1, DONE(STEPPED(",\"stepIndex\":9"))}},
     .type = RESOLUTION_USE_LATEST,
     .winner = 1,
     .after_ms = 1,
     .data = DONE(STEPPED(",\"stepIndex\":9"))},
    {.told = {{ENTRY, 0, DONE(BOOKED("c", ",\"actualEndTime\":\"2024-01-15T09:00:00Z\""))},
              {ENTRY, 1, DONE(BOOKED("c", ",\"actualStartTime\":\"2024-01-15T09:30:00Z\""))},
              {TODO, 2, DONE()}},
     .type = RESOLUTION_MERGE_DATA,
     .winner = 2,
     .after_ms = 2,
     .data = DONE(BOOKED("c", ",\"actualStartTime\":\"2024-01-15T09:30:00Z\""))},
    /* manual_review begins with the most complete, as it is. */
    {.told = {{VIDEO, 0, DONE(",\"timeSpent\":5")}, {TODO, 1, DONE(TICKED("t", ",\"userRating\":1"))}},
     .type = RESOLUTION_MANUAL_REVIEW,
     .winner = 0,
     .minutes = 5,
     .data = DONE(",\"timeSpent\":5")},
};

static void test_resolutions(void **state) {
  (void)state;
  for (size_t at = 0; at < ARRAY_LENGTH(cases); at++) {
    struct event events[MOST];
    size_t count = make_events(cases[at].told, events);
    struct event wanted = make_event(arena, "wanted", (struct told){VIDEO, 0, cases[at].data});
    struct error error = ERROR_INIT;
    struct resolution found;
    assert_true(conflict_resolve(events, count, cases[at].type, arena, &error, &found));
    if (found.winner != cases[at].winner || found.happened_at_ms != TEN_MS + cases[at].after_ms)
      fail_msg("case %zu: winner %zu, %lld ms after ten", at, found.winner,
               (long long)(found.happened_at_ms - TEN_MS));
    if (strcmp(encode(&found.data), wanted.data_text) != 0)
      fail_msg("case %zu: %s, not %s", at, encode(&found.data), wanted.data_text);
    if (found.time_spent < cases[at].minutes || found.time_spent > cases[at].minutes)
      fail_msg("case %zu: %f minutes", at, found.time_spent);
  }
}

static void test_a_repeat_goes_into_the_first(void **state) {
  (void)state;
  const struct told told[MOST] = {
      {VIDEO, 0, DONE(",\"timeSpent\":10")},
      {VIDEO, 40, DONE(",\"timeSpent\":11" WATCHED(",\"percentageWatched\":99"))}};
  struct event events[MOST];
  struct error error = ERROR_INIT;
  struct resolution found;
  assert_int_equal(make_events(told, events), 2);
  assert_int_equal(conflict_most_complete(events, 2), 1);
  assert_true(conflict_absorb(events, arena, &error, &found));
  assert_int_equal(found.winner, 0);
  assert_int_equal(found.happened_at_ms, TEN_MS + 40);
  assert_string_equal(encode(&found.data),
                      make_event(arena, "w", (struct told){VIDEO, 0, told[1].data}).data_text);
}

/* --- The learner's own word ------------------------------------------------------------------------- */

static bool review(const struct event *events, size_t count, const char *user_data, struct error *error,
                   struct resolution *ret_found) {
  error_clear(error);
  assert_true(conflict_resolve(events, count, RESOLUTION_MANUAL_REVIEW, arena, error, ret_found));
  return conflict_review(events, user_data, arena, error, ret_found);
}

static const struct told disputed[MOST] = {
    {TODO, 0,
     "{\"activityId\":\"a\",\"activityType\":\"practice\",\"timeSpent\":10,\"todoProgress\":{\"todoId\":"
     "\"t\","
     "\"actualCompletionDate\":\"2024-01-15T10:00:00Z\",\"userRating\":4}}"},
    {ENTRY, 5, "{\"activityId\":\"a\",\"activityType\":\"practice\",\"completionStatus\":\"failed\"}"},
};

static void test_the_learners_word_is_laid_over(void **state) {
  (void)state;
  struct event events[MOST];
  struct error error = ERROR_INIT;
  struct resolution found;
  size_t count = make_events(disputed, events);
  assert_true(review(events, count, "{\"timeSpent\":25}", &error, &found));
  assert_int_equal(found.winner, 0);
  assert_true(found.time_spent > 24.9 && found.time_spent < 25.1);
  assert_int_equal(found.data.todo.user_rating, 4);
  assert_int_equal(found.data.completion_status, STATUS_COMPLETED);
  assert_int_equal(found.happened_at_ms, TEN_MS);
  /* A part is replaced whole, null takes away, and an end that is told is the moment. */
  assert_true(review(events, count,
                     "{\"completionStatus\":\"failed\",\"timeSpent\":null,\"todoProgress\":{\"todoId\":\"t\","
                     "\"actualCompletionDate\":\"2024-01-15T11:00:00Z\"}}",
                     &error, &found));
  assert_int_equal(found.data.completion_status, STATUS_FAILED);
  assert_int_equal(found.data.time_spent_given, PRESENCE_NULL);
  assert_int_equal(found.data.todo.rating_given, PRESENCE_ABSENT);
  assert_int_equal(found.happened_at_ms, TEN_MS + HOUR_MS);
  assert_true(review(events, count, "{ }", &error, &found));
  assert_string_equal(encode(&found.data), events[0].data_text);
}

static void test_the_learners_word_is_checked(void **state) {
  (void)state;
  static const struct {
    const char *user_data;
    enum error_code code;
    const char *field;
  } refused[] = {
      {"[]", ERROR_MALFORMED, "userData"},
      {"\"completed\"", ERROR_MALFORMED, "userData"},
      {"{\"timeSpent\":\"much\"}", ERROR_MALFORMED, "userData.timeSpent"},
      {"{\"completionStatus\":\"done\"}", ERROR_MALFORMED, "userData.completionStatus"},
      {"{\"todoProgress\":{\"userRating\":3}}", ERROR_MALFORMED, "userData.todoProgress.todoId"},
      {"{\"activityId\":\"b\"}", ERROR_UNPROCESSABLE, "userData.activityId"},
      {"{\"activityType\":\"quiz\"}", ERROR_UNPROCESSABLE, "userData.activityType"},
      {"{\"videoProgress\":{\"videoId\":\"v\",\"percentageWatched\":101}}", ERROR_UNPROCESSABLE,
       "userData.videoProgress.percentageWatched"},
      {"{\"pathProgress\":{\"pathId\":\"p\",\"stepId\":\"s\",\"stepIndex\":3,\"totalSteps\":2}}",
       ERROR_UNPROCESSABLE, "userData.pathProgress.stepIndex"},
  };
  struct event events[MOST];
  size_t count = make_events(disputed, events);
  for (size_t at = 0; at < ARRAY_LENGTH(refused); at++) {
    struct error error = ERROR_INIT;
    struct resolution found;
    if (review(events, count, refused[at].user_data, &error, &found))
      fail_msg("%s was taken", refused[at].user_data);
    if (error.code != refused[at].code || strcmp(error.fields[0].field, refused[at].field) != 0)
      fail_msg("%s: code %d, field %s", refused[at].user_data, error.code, error.fields[0].field);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_resolutions),
      cmocka_unit_test(test_a_repeat_goes_into_the_first),
      cmocka_unit_test(test_the_learners_word_is_laid_over),
      cmocka_unit_test(test_the_learners_word_is_checked),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
