/* What events are to each other: docs/conflicts.md, with both sides of every edge. */
#include "conflict_events.h"

#include "base/banned.h"

#define VIDEO EVENT_VIDEO_COMPLETED, SYSTEM_VIDEO_PLAYER
#define TODO EVENT_TODO_COMPLETED, SYSTEM_TODO_MANAGER
#define ENTRY EVENT_SCHEDULE_COMPLETED, SYSTEM_CALENDAR
#define CHAT_VIDEO EVENT_VIDEO_COMPLETED, SYSTEM_CHAT
#define SKILL EVENT_SKILL_ASSESSED, SYSTEM_AI_JOURNEY
#define CHAT_SKILL EVENT_SKILL_ASSESSED, SYSTEM_CHAT

#define WATCHED(fields) "{\"videoProgress\":{\"videoId\":\"v\"," fields "}}"
#define LEARNED(fields) "{\"skillProgress\":{\"skillId\":\"s\"," fields "}}"
#define STEPPED(fields) "{\"pathProgress\":{\"pathId\":\"p\",\"stepId\":\"s\"," fields "}}"
#define TICKED(fields) "{\"todoProgress\":{\"todoId\":\"t\"," fields "}}"
#define SPENT(minutes) "{\"timeSpent\":" minutes "}"
#define SAYS(status) "{\"completionStatus\":\"" status "\"}"
#define SAYS_SPENT(status, minutes) "{\"completionStatus\":\"" status "\",\"timeSpent\":" minutes "}"

#define OCCASION_MS (12 * HOUR_MS)
/* So long after an hour the fall of a timestamp_mismatch is half a thousandth. */
#define FALLING_MS (132 * SECOND_MS)

struct pair_case {
  struct told one;
  struct told other;
  enum conflict_kind kind;
  enum resolution_type suggestion;
  unsigned confidence;
  enum conflict_impact impact;
};

#define NOTHING CONFLICT_NONE, RESOLUTION_MANUAL_REVIEW, 0, IMPACT_LOW
#define REPEAT CONFLICT_DUPLICATE, RESOLUTION_MERGE_DATA, 990, IMPACT_LOW
#define AT_OTHER_TIMES(sure, impact) CONFLICT_TIMESTAMP, RESOLUTION_USE_LATEST, sure, impact
#define FIGURES CONFLICT_DATA, RESOLUTION_MERGE_DATA, 900, IMPACT_LOW
#define WORDS CONFLICT_DATA, RESOLUTION_USE_LATEST, 850, IMPACT_MEDIUM
#define LEVELS CONFLICT_DATA, RESOLUTION_USE_LATEST, 500, IMPACT_HIGH
#define PROVEN CONFLICT_STATUS, RESOLUTION_USE_MOST_COMPLETE, 900, IMPACT_MEDIUM
#define UNPROVEN CONFLICT_STATUS, RESOLUTION_USE_MOST_COMPLETE, 850, IMPACT_MEDIUM
#define DISPUTED CONFLICT_STATUS, RESOLUTION_MANUAL_REVIEW, 400, IMPACT_HIGH
#define NEITHER CONFLICT_STATUS, RESOLUTION_USE_LATEST, 850, IMPACT_LOW

static const struct pair_case pairs[] = {
    /* The same teller: within the duplicate window or done again. */
    {{VIDEO, 0, "{}"}, {VIDEO, 0, "{}"}, REPEAT},
    {{VIDEO, 0, "{}"}, {VIDEO, 60 * SECOND_MS, "{}"}, REPEAT},
    {{VIDEO, 0, "{}"}, {VIDEO, 60 * SECOND_MS + 1, "{}"}, NOTHING},
    {{VIDEO, 0, SPENT("10")}, {VIDEO, 60 * SECOND_MS, SPENT("20")}, FIGURES},
    {{VIDEO, 0, SPENT("10")}, {VIDEO, 60 * SECOND_MS + 1, SPENT("20")}, NOTHING},
    {{VIDEO, 0, "{}"}, {VIDEO, 60 * SECOND_MS, SAYS("failed")}, DISPUTED},
    {{VIDEO, 0, "{}"}, {VIDEO, 60 * SECOND_MS + 1, SAYS("failed")}, NOTHING},
    /* Different tellers: within the occasion window or another occasion. */
    {{VIDEO, 0, "{}"}, {TODO, 60 * SECOND_MS, "{}"}, NOTHING},
    {{VIDEO, 0, "{}"}, {TODO, 60 * SECOND_MS + 1, "{}"}, AT_OTHER_TIMES(950, IMPACT_LOW)},
    {{VIDEO, 0, "{}"}, {CHAT_VIDEO, 60 * SECOND_MS, "{}"}, REPEAT},
    {{VIDEO, 0, "{}"}, {CHAT_VIDEO, 60 * SECOND_MS + 1, "{}"}, AT_OTHER_TIMES(950, IMPACT_LOW)},
    {{TODO, 0, "{}"}, {EVENT_SCHEDULE_COMPLETED, SYSTEM_TODO_MANAGER, 0, "{}"}, NOTHING},
    {{VIDEO, 0, "{}"}, {TODO, OCCASION_MS, "{}"}, AT_OTHER_TIMES(800, IMPACT_MEDIUM)},
    {{VIDEO, 0, "{}"}, {TODO, OCCASION_MS + 1, "{}"}, NOTHING},
    {{VIDEO, 0, SPENT("10")}, {TODO, OCCASION_MS, SPENT("20")}, FIGURES},
    {{VIDEO, 0, SPENT("10")}, {TODO, OCCASION_MS + 1, SPENT("20")}, NOTHING},
    {{VIDEO, 0, "{}"}, {ENTRY, OCCASION_MS, SAYS("failed")}, DISPUTED},
    {{VIDEO, 0, "{}"}, {ENTRY, OCCASION_MS + 1, SAYS("failed")}, NOTHING},
    /* How sure about times. */
    {{VIDEO, 0, "{}"}, {TODO, HOUR_MS, "{}"}, AT_OTHER_TIMES(950, IMPACT_LOW)},
    {{VIDEO, 0, "{}"}, {TODO, HOUR_MS + 1, "{}"}, AT_OTHER_TIMES(950, IMPACT_MEDIUM)},
    {{VIDEO, 0, "{}"}, {TODO, HOUR_MS + FALLING_MS - 1, "{}"}, AT_OTHER_TIMES(950, IMPACT_MEDIUM)},
    {{VIDEO, 0, "{}"}, {TODO, HOUR_MS + FALLING_MS, "{}"}, AT_OTHER_TIMES(949, IMPACT_MEDIUM)},
    {{VIDEO, 0, "{}"}, {TODO, 2 * HOUR_MS, "{}"}, AT_OTHER_TIMES(936, IMPACT_MEDIUM)},
    {{VIDEO, 0, "{}"}, {TODO, 6 * HOUR_MS, "{}"}, AT_OTHER_TIMES(882, IMPACT_MEDIUM)},
    {{VIDEO, 0, "{}"}, {TODO, 10 * HOUR_MS, "{}"}, AT_OTHER_TIMES(827, IMPACT_MEDIUM)},
    {{VIDEO, 13 * HOUR_MS, "{}"}, {TODO, 14 * HOUR_MS, "{}"}, AT_OTHER_TIMES(800, IMPACT_HIGH)},
    {{VIDEO, 13 * HOUR_MS, "{}"},
     {TODO, 14 * HOUR_MS + FALLING_MS - 1, "{}"},
     AT_OTHER_TIMES(800, IMPACT_HIGH)},
    {{VIDEO, 13 * HOUR_MS, "{}"}, {TODO, 14 * HOUR_MS + FALLING_MS, "{}"}, AT_OTHER_TIMES(799, IMPACT_HIGH)},
    {{VIDEO, 13 * HOUR_MS, "{}"}, {TODO, 15 * HOUR_MS, "{}"}, AT_OTHER_TIMES(786, IMPACT_HIGH)},
    {{VIDEO, 13 * HOUR_MS, "{}"}, {TODO, 25 * HOUR_MS, "{}"}, AT_OTHER_TIMES(650, IMPACT_HIGH)},
    /* Figures: more than a fifth of the larger, and more than a trifle. */
    {{VIDEO, 0, SPENT("10")}, {TODO, 0, SPENT("12.5")}, NOTHING},
    {{VIDEO, 0, SPENT("10")}, {TODO, 0, SPENT("12.501")}, FIGURES},
    {{VIDEO, 0, SPENT("1")}, {TODO, 0, SPENT("2")}, NOTHING},
    {{VIDEO, 0, SPENT("1")}, {TODO, 0, SPENT("2.001")}, FIGURES},
    {{VIDEO, 0, SPENT("0")}, {TODO, 0, SPENT("1")}, NOTHING},
    {{VIDEO, 0, WATCHED("\"percentageWatched\":100")},
     {CHAT_VIDEO, 0, WATCHED("\"percentageWatched\":80")},
     REPEAT},
    {{VIDEO, 0, WATCHED("\"percentageWatched\":100")},
     {CHAT_VIDEO, 0, WATCHED("\"percentageWatched\":79.99")},
     FIGURES},
    {{VIDEO, 0, WATCHED("\"percentageWatched\":1")},
     {CHAT_VIDEO, 0, WATCHED("\"percentageWatched\":2")},
     REPEAT},
    {{VIDEO, 0, WATCHED("\"percentageWatched\":1")},
     {CHAT_VIDEO, 0, WATCHED("\"percentageWatched\":2.01")},
     FIGURES},
    {{VIDEO, 0, WATCHED("\"timeWatched\":60")}, {CHAT_VIDEO, 0, WATCHED("\"timeWatched\":90")}, REPEAT},
    {{VIDEO, 0, WATCHED("\"timeWatched\":60")}, {CHAT_VIDEO, 0, WATCHED("\"timeWatched\":91")}, FIGURES},
    {{SKILL, 0, LEARNED("\"confidence\":0.1")}, {CHAT_SKILL, 0, LEARNED("\"confidence\":0.15")}, REPEAT},
    {{SKILL, 0, LEARNED("\"confidence\":0.1")}, {CHAT_SKILL, 0, LEARNED("\"confidence\":0.151")}, FIGURES},
    {{SKILL, 0, LEARNED("\"confidence\":0.85")}, {CHAT_SKILL, 0, LEARNED("\"confidence\":0.9")}, REPEAT},
    /* Silence contradicts nothing; what is derived is not stated. */
    {{VIDEO, 0, SPENT("10")}, {TODO, 0, "{}"}, NOTHING},
    {{VIDEO, 0, SPENT("10")}, {TODO, 0, "{\"timeSpent\":null}"}, NOTHING},
    {{VIDEO, 0, WATCHED("\"timeWatched\":6000")}, {TODO, 0, SPENT("10")}, NOTHING},
    /* Words. */
    {{TODO, 0, TICKED("\"userRating\":4")}, {TODO, 1, TICKED("\"userRating\":5")}, WORDS},
    {{TODO, 0, TICKED("\"userRating\":4")}, {TODO, 1, TICKED("\"notes\":\"x\"")}, REPEAT},
    {{TODO, 0, TICKED("\"notes\":\"y\"")}, {TODO, 1, TICKED("\"notes\":\"x\"")}, REPEAT},
    {{TODO, 0, STEPPED("\"stepIndex\":1")}, {ENTRY, 1, STEPPED("\"stepIndex\":2")}, WORDS},
    {{TODO, 0, STEPPED("\"totalSteps\":1")}, {ENTRY, 1, STEPPED("\"totalSteps\":2")}, WORDS},
    {{TODO, 0, STEPPED("\"difficultyRating\":1")}, {ENTRY, 1, STEPPED("\"difficultyRating\":5")}, NOTHING},
    {{VIDEO, 0, WATCHED("\"youtubeId\":\"a\"")}, {TODO, 0, WATCHED("\"youtubeId\":\"b\"")}, WORDS},
    {{VIDEO, 0, WATCHED("\"youtubeId\":\"a\"")}, {TODO, 0, WATCHED("\"youtubeId\":\"a\"")}, NOTHING},
    {{SKILL, 0, LEARNED("\"newLevel\":\"b1\"")}, {CHAT_SKILL, 0, LEARNED("\"newLevel\":\"b2\"")}, LEVELS},
    {{SKILL, 0, LEARNED("\"previousLevel\":\"b1\"")},
     {CHAT_SKILL, 0, LEARNED("\"previousLevel\":\"b2\"")},
     REPEAT},
    {{SKILL, 0, LEARNED("\"newLevel\":\"b1\",\"confidence\":0.1")},
     {CHAT_SKILL, 0, LEARNED("\"newLevel\":\"b2\",\"confidence\":0.9")},
     LEVELS},
    {{TODO, 0, "{\"timeSpent\":1,\"todoProgress\":{\"todoId\":\"t\",\"userRating\":1}}"},
     {TODO, 0, "{\"timeSpent\":9,\"todoProgress\":{\"todoId\":\"t\",\"userRating\":2}}"},
     WORDS},
    /* Statuses. */
    {{VIDEO, 0, WATCHED("\"percentageWatched\":90")}, {ENTRY, HOUR_MS, SAYS("skipped")}, PROVEN},
    {{VIDEO, 0, WATCHED("\"percentageWatched\":89.99")}, {ENTRY, HOUR_MS, SAYS("skipped")}, UNPROVEN},
    {{VIDEO, 0, "{\"timeSpent\":50,\"videoProgress\":{\"videoId\":\"v\",\"percentageWatched\":89}}"},
     {ENTRY, HOUR_MS, SAYS("skipped")},
     UNPROVEN},
    {{TODO, 0, SPENT("0.01")}, {ENTRY, HOUR_MS, SAYS("skipped")}, PROVEN},
    {{TODO, 0, SPENT("0")}, {ENTRY, HOUR_MS, SAYS("skipped")}, UNPROVEN},
    {{VIDEO, 0, WATCHED("\"timeWatched\":30")}, {ENTRY, HOUR_MS, SAYS("skipped")}, PROVEN},
    {{TODO, 0, "{}"}, {ENTRY, HOUR_MS, SAYS_SPENT("skipped", "5")}, UNPROVEN},
    {{TODO, 0, SAYS("failed")}, {ENTRY, HOUR_MS, SAYS("skipped")}, NEITHER},
    {{TODO, 0, SAYS("failed")}, {ENTRY, HOUR_MS, SPENT("30")}, DISPUTED},
    {{TODO, 0, SAYS_SPENT("skipped", "10")}, {ENTRY, HOUR_MS, SAYS_SPENT("failed", "90")}, NEITHER},
    /* What is not final. */
    {{VIDEO, 0, SAYS("in_progress")}, {VIDEO, 0, "{}"}, NOTHING},
    {{VIDEO, 0, SAYS("started")}, {ENTRY, 0, SAYS("failed")}, NOTHING},
    {{VIDEO, 0, SAYS("started")}, {VIDEO, 0, SAYS("in_progress")}, NOTHING},
    {{VIDEO, 0, SAYS("started")}, {VIDEO, 60 * SECOND_MS, SAYS("started")}, REPEAT},
    {{VIDEO, 0, SAYS("started")}, {VIDEO, 60 * SECOND_MS + 1, SAYS("started")}, NOTHING},
    {{VIDEO, 0, SAYS("started")}, {CHAT_VIDEO, 0, SAYS("started")}, NOTHING},
    {{VIDEO, 0, SAYS_SPENT("in_progress", "10")}, {VIDEO, 9, SAYS_SPENT("in_progress", "10.01")}, NOTHING},
    {{VIDEO, 0, SAYS_SPENT("in_progress", "10")}, {VIDEO, 9, SAYS("in_progress")}, NOTHING},
    {{VIDEO, 0, SAYS_SPENT("in_progress", "10")}, {VIDEO, 9, SAYS_SPENT("in_progress", "10")}, REPEAT},
};

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

static void expect(size_t at, const char *which, struct conflict_weight found,
                   const struct pair_case *wanted) {
  if (found.kind != wanted->kind)
    fail_msg("pair %zu, %s: kind %d, not %d", at, which, found.kind, wanted->kind);
  if (found.kind == CONFLICT_NONE) return;
  if (found.suggestion != wanted->suggestion || found.confidence != wanted->confidence ||
      found.impact != wanted->impact)
    fail_msg("pair %zu, %s: suggestion %d, confidence %u, impact %d", at, which, found.suggestion,
             found.confidence, found.impact);
}

static void test_two_events(void **state) {
  (void)state;
  for (size_t at = 0; at < ARRAY_LENGTH(pairs); at++) {
    struct event one = make_event(arena, "one", pairs[at].one);
    struct event other = make_event(arena, "other", pairs[at].other);
    expect(at, "as they came", conflict_compare(&one, &other, &defaults), &pairs[at]);
    expect(at, "the other way round", conflict_compare(&other, &one, &defaults), &pairs[at]);
  }
}

/* detects and resolves timestamp conflicts: document 003's own words. */
static void test_document_003(void **state) {
  (void)state;
  struct event events[2];
  struct event existing = make_event(
      arena, "existing",
      (struct told){TODO, 0, "{\"activityId\":\"todo123\",\"completedAt\":\"2024-01-15T10:00:00Z\"}"});
  struct event fresh =
      make_event(arena, "new",
                 (struct told){ENTRY, 30 * MINUTE_MS,
                               "{\"activityId\":\"todo123\",\"completedAt\":\"2024-01-15T10:30:00Z\"}"});
  size_t chosen[1];
  size_t count;
  assert_int_equal(conflict_find(&fresh, &existing, 1, &defaults, chosen, &count), CONFLICT_TIMESTAMP);
  assert_int_equal(count, 1);
  assert_string_equal(conflict_kind_names[CONFLICT_TIMESTAMP], "timestamp_mismatch");
  events[0] = existing;
  events[1] = fresh;
  struct conflict_weight weight = conflict_weigh(events, 2, &defaults);
  assert_string_equal(resolution_type_names[weight.suggestion], "use_latest");
  assert_int_equal(conflict_latest(events, 2), 1);
}

static void test_windows_are_configured(void **state) {
  (void)state;
  struct events_config config = defaults;
  struct event one = make_event(arena, "one", (struct told){VIDEO, 0, SPENT("10")});
  struct event other = make_event(arena, "other", (struct told){TODO, 30 * MINUTE_MS, SPENT("14")});
  config.occasion_window_s = 1800;
  config.time_tolerance_percent = 30;
  assert_int_equal(conflict_compare(&one, &other, &config).kind, CONFLICT_TIMESTAMP);
  config.time_tolerance_percent = 28;
  assert_int_equal(conflict_compare(&one, &other, &config).kind, CONFLICT_DATA);
  config.occasion_window_s = 1799;
  assert_int_equal(conflict_compare(&one, &other, &config).kind, CONFLICT_NONE);
  /* An occasion lasts at least as long as a repeat may come. */
  config.duplicate_window_s = 1800;
  config.time_tolerance_percent = 100;
  struct event repeat = make_event(arena, "repeat", (struct told){CHAT_VIDEO, 30 * MINUTE_MS, "{}"});
  assert_int_equal(conflict_compare(&one, &repeat, &config).kind, CONFLICT_DUPLICATE);
}

static void test_the_first_kind_of_several(void **state) {
  (void)state;
  const struct event peers[] = {
      make_event(arena, "p0", (struct told){VIDEO, 0, SPENT("10")}),
      make_event(arena, "p1", (struct told){ENTRY, HOUR_MS, SAYS("skipped")}),
      make_event(arena, "p2", (struct told){VIDEO, 2 * HOUR_MS, SPENT("30")}),
      make_event(arena, "p3", (struct told){CHAT_VIDEO, 3 * HOUR_MS, SAYS("skipped")}),
  };
  struct event fresh = make_event(arena, "new", (struct told){TODO, 4 * HOUR_MS, SPENT("10")});
  size_t chosen[ARRAY_LENGTH(peers)];
  size_t count;
  assert_int_equal(conflict_find(&fresh, peers, 4, &defaults, chosen, &count), CONFLICT_STATUS);
  assert_int_equal(count, 2);
  assert_int_equal(chosen[0], 1);
  assert_int_equal(chosen[1], 3);
  assert_int_equal(conflict_find(&fresh, peers + 2, 1, &defaults, chosen, &count), CONFLICT_DATA);
  assert_int_equal(conflict_find(&fresh, peers, 1, &defaults, chosen, &count), CONFLICT_TIMESTAMP);
  assert_int_equal(conflict_find(&fresh, peers, 0, &defaults, chosen, &count), CONFLICT_NONE);
  assert_int_equal(count, 0);
}

static void test_a_repeat_repeats_the_nearest(void **state) {
  (void)state;
  const struct event peers[] = {
      make_event(arena, "p0", (struct told){VIDEO, 0, "{}"}),
      make_event(arena, "p1", (struct told){VIDEO, 70 * SECOND_MS, "{}"}),
      make_event(arena, "p2", (struct told){VIDEO, 10 * SECOND_MS, "{}"}),
  };
  struct event fresh = make_event(arena, "new", (struct told){VIDEO, 40 * SECOND_MS, "{}"});
  size_t chosen[ARRAY_LENGTH(peers)];
  size_t count;
  assert_int_equal(conflict_find(&fresh, peers, 3, &defaults, chosen, &count), CONFLICT_DUPLICATE);
  assert_int_equal(count, 1);
  assert_int_equal(chosen[0], 1); /* as near as the last, and there first */
}

static void test_the_least_sure_and_the_gravest_of_several(void **state) {
  (void)state;
  const struct event times[] = {
      make_event(arena, "e0", (struct told){VIDEO, 0, "{}"}),
      make_event(arena, "e1", (struct told){VIDEO, 2 * HOUR_MS, "{}"}),
      make_event(arena, "e2", (struct told){TODO, 4 * HOUR_MS, "{}"}),
  };
  struct conflict_weight weight = conflict_weigh(times, 3, &defaults);
  assert_int_equal(weight.kind, CONFLICT_TIMESTAMP);
  assert_int_equal(weight.confidence, 909);
  assert_int_equal(weight.impact, IMPACT_MEDIUM);
  const struct event statuses[] = {
      make_event(arena, "e0", (struct told){VIDEO, 0, SPENT("5")}),
      make_event(arena, "e1", (struct told){TODO, 0, SAYS("skipped")}),
      make_event(arena, "e2", (struct told){ENTRY, 0, SAYS("failed")}),
  };
  weight = conflict_weigh(statuses, 3, &defaults);
  assert_int_equal(weight.suggestion, RESOLUTION_MANUAL_REVIEW);
  assert_int_equal(weight.confidence, 400);
  assert_int_equal(weight.impact, IMPACT_HIGH);
  weight = conflict_weigh(statuses, 2, &defaults);
  assert_int_equal(weight.suggestion, RESOLUTION_USE_MOST_COMPLETE);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_two_events),
      cmocka_unit_test(test_document_003),
      cmocka_unit_test(test_windows_are_configured),
      cmocka_unit_test(test_the_first_kind_of_several),
      cmocka_unit_test(test_a_repeat_repeats_the_nearest),
      cmocka_unit_test(test_the_least_sure_and_the_gravest_of_several),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
