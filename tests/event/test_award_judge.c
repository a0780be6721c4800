/* What is earned: every metric at its edge, milestones that are under way, reached and told of, and what
 * stands. */
#include <string.h>

#include "../rule/rule_files.h"

#include "event/award_private.h"

#include "base/banned.h"

#define ARENA_BYTES ((size_t)16 * 1024 * 1024)
#define NOW_MS INT64_C(1795248000000)

static char directory[RULE_PATH_BYTES];
static struct arena *arena;
static struct award_table *table;
static struct error error;
static struct award_case judged;
static struct award_verdict verdict;

static void define(const char *id, const char *rest) {
  char name[64];
  snprintf(name, sizeof name, "%s.yaml", id);
  const char *text = arena_printf(arena, "id: %s\ntitle: Title of %s\n%s", id, id, rest);
  assert_non_null(text);
  rule_file_write(directory, name, text);
}

#define ACHIEVEMENT(type, metric, at_least) \
  "kind: achievement\ntype: " type "\nmetric: " metric "\natLeast: " at_least "\n"
static const struct {
  const char *id;
  const char *rest;
} definitions[] = {
    {"a-ten", ACHIEVEMENT("completion", "completed_activities", "10")},
    {"a-videos",
     ACHIEVEMENT("completion", "completed_activities", "3") "activityType: video\npublic: true\n"},
    {"b-minutes", ACHIEVEMENT("completion", "minutes", "60")},
    {"c-streak", ACHIEVEMENT("streak", "streak_days", "7")},
    {"d-day", ACHIEVEMENT("speed", "best_day", "5")},
    {"e-days", ACHIEVEMENT("consistency", "practice_days_28", "12")},
    {"f-stones", ACHIEVEMENT("milestone", "milestones_reached", "2")},
    {"g-skills", ACHIEVEMENT("completion", "skills", "4")},
    {"m-hours", "kind: milestone\nmetric: minutes\natLeast: 120\n"},
    {"m-skills", "kind: milestone\nmetric: skills\natLeast: 4\n"},
};

static int group_setup(void **state) {
  (void)state;
  rule_directory_make(directory);
  arena = arena_new(ARENA_BYTES);
  for (size_t at = 0; at < ARRAY_LENGTH(definitions); at++)
    define(definitions[at].id, definitions[at].rest);
  arena_free(arena);
  const struct events_config config = {.achievements = directory};
  if (!award_table_load(&config, &error, &table)) print_error("%s\n", error.message);
  return table == NULL ? -1 : 0;
}

static int group_teardown(void **state) {
  (void)state;
  award_table_free(table);
  rule_directory_remove(directory);
  return 0;
}

static int setup(void **state) {
  (void)state;
  arena = arena_new(ARENA_BYTES);
  judged = (struct award_case){.user_id = 7, .revision = 42, .event_id = "e-1", .at_ms = NOW_MS};
  return arena == NULL ? -1 : 0;
}

static int teardown(void **state) {
  (void)state;
  arena_free(arena);
  return 0;
}

static void judge(void) {
  if (!award_judge(table, &judged, arena, &error, &verdict)) fail_msg("%s", error.message);
}

/* Ids with commas between; milestones with how far they are. */
static const char *verdict_text(void) {
  CLEANUP(buffer_free) struct buffer text = BUFFER_INIT(4096);
  for (size_t at = 0; at < verdict.earned_count; at++)
    buffer_printf(&text, "%s%s", text.length == 0 ? "" : ",", verdict.earned[at].id);
  for (size_t at = 0; at < verdict.moved_count; at++) {
    const struct award_put_milestones_params *row = &verdict.moved[at];
    buffer_printf(&text, "%s%s %d/%d%s", text.length == 0 ? "" : ",", row->milestone_id, (int)row->progress,
                  (int)row->target, row->reached_at_is_null ? "" : "!");
  }
  return arena_strdup(arena, buffer_text(&text));
}

#define COMES_TO(expected) \
  do { \
    judge(); \
    assert_string_equal(verdict_text(), expected); \
  } while (0)

static void test_every_metric_at_its_edge(void **state) {
  static const struct {
    struct award_figures below;
    const char *none;
    struct award_figures at;
    const char *earned;
  } cases[] = {
      {{.completed = 9}, "", {.completed = 10}, "a-ten"},
      {{.completed_by_type = {[ACTIVITY_VIDEO] = 2, [ACTIVITY_QUIZ] = 9}},
       "",
       {.completed_by_type = {[ACTIVITY_VIDEO] = 3}},
       "a-videos"},
      {{.minutes = 59}, "m-hours 59/120", {.minutes = 60}, "b-minutes,m-hours 60/120"},
      {{.streak_days = 6}, "", {.streak_days = 7}, "c-streak"},
      {{.best_day = 4}, "", {.best_day = 5}, "d-day"},
      {{.practice_days_28 = 11}, "", {.practice_days_28 = 12}, "e-days"},
      {{.milestones = 1}, "", {.milestones = 2}, "f-stones"},
      {{.skills = 3}, "m-skills 3/4", {.skills = 4}, "g-skills,m-skills 4/4!"},
      {{.completed = -1, .minutes = -1}, "", {.minutes = 500}, "b-minutes,m-hours 120/120!"},
  };
  (void)state;
  for (size_t at = 0; at < ARRAY_LENGTH(cases); at++) {
    judged.figures = cases[at].below;
    COMES_TO(cases[at].none);
    judged.figures = cases[at].at;
    COMES_TO(cases[at].earned);
  }
}

static void test_what_a_row_says(void **state) {
  (void)state;
  judged.figures = (struct award_figures){.completed_by_type = {[ACTIVITY_VIDEO] = 4}};
  judge();
  const struct award_insert_params *row = &verdict.earned[0];
  assert_int_equal(row->user_id, 7);
  assert_int_equal(row->revision, 42);
  assert_string_equal(row->achievement_type, "completion");
  assert_string_equal(row->title, "Title of a-videos");
  assert_string_equal(row->description, "");
  assert_string_equal(
      row->metadata,
      "{\"metric\":\"completed_activities\",\"activityType\":\"video\",\"atLeast\":3,\"value\":4}");
  assert_string_equal(row->trigger_event_id, "e-1");
  assert_true(row->is_public);
  assert_true(row->earned_at == NOW_MS);
}

static void test_what_stands_is_left_alone(void **state) {
  static const struct award_standing_row standing[] = {
      {.id = "a-ten", .is_reached = true},
      {.id = "c-streak",
       .is_milestone = true,
       .is_reached = true,
       .target = 1,
       .progress = 1}, /* of that name */
      {.id = "m-hours", .is_milestone = true, .target = 120, .progress = 100},
      {.id = "m-skills", .is_milestone = true, .target = 4, .progress = 4, .is_reached = true},
  };
  (void)state;
  judged.standing = standing;
  judged.standing_count = ARRAY_LENGTH(standing);
  judged.figures = (struct award_figures){.completed = 10, .minutes = 59, .streak_days = 7, .skills = 3};
  COMES_TO("c-streak");
  judged.figures.minutes = 100;
  COMES_TO("b-minutes,c-streak");
  judged.figures.minutes = 101;
  COMES_TO("b-minutes,c-streak,m-hours 101/120");
  judged.figures = (struct award_figures){.skills = 9};
  COMES_TO("g-skills");
}

static void test_a_new_target_is_taken_over(void **state) {
  static const struct award_standing_row asked_more[] = {
      {.id = "m-hours", .is_milestone = true, .target = 90, .progress = 80}};
  static const struct award_standing_row asked_less[] = {
      {.id = "m-hours", .is_milestone = true, .target = 500, .progress = 130}};
  (void)state;
  judged.standing = asked_more;
  judged.standing_count = 1;
  judged.figures.minutes = 80;
  COMES_TO("b-minutes,m-hours 80/120");
  judged.standing = asked_less;
  judged.figures.minutes = 130;
  COMES_TO("b-minutes,m-hours 120/120!");
}

static void test_milestones_count_for_achievements_at_once(void **state) {
  static const struct award_told told[] = {{"module-1", "e-9", NOW_MS - 5}};
  (void)state;
  judged.figures = (struct award_figures){.skills = 4};
  judged.told = told;
  judged.told_count = 1;
  COMES_TO("f-stones,g-skills,m-skills 4/4!,module-1 1/1!");
}

static void test_a_milestone_that_an_event_tells_of(void **state) {
  static const struct award_told told[] = {{"m-hours", "e-9", NOW_MS - 5}, {"old", "e-8", NOW_MS - 6}};
  static const struct award_standing_row standing[] = {
      {.id = "old", .is_milestone = true, .target = 30, .progress = 3},
      {.id = "old", .is_reached = true}}; /* an achievement of that name */
  (void)state;
  judged.told = told;
  judged.told_count = 2;
  judged.standing = standing;
  judged.standing_count = 2;
  COMES_TO("f-stones,m-hours 120/120!,old 30/30!");
  assert_string_equal(verdict.moved[0].title, "Title of m-hours");
  assert_string_equal(verdict.moved[0].event_id, "e-9");
  assert_true(verdict.moved[0].reached_at == NOW_MS - 5);
  assert_string_equal(verdict.moved[1].title, "old");
  static const struct award_standing_row reached[] = {
      {.id = "old", .is_milestone = true, .target = 30, .progress = 30, .is_reached = true},
      {.id = "m-hours", .is_milestone = true, .target = 120, .progress = 120, .is_reached = true}};
  judged.standing = reached;
  COMES_TO("");
}

static void test_a_recomputation_names_no_event(void **state) {
  (void)state;
  judged.event_id = NULL;
  judged.figures.skills = 4;
  COMES_TO("g-skills,m-skills 4/4!");
  assert_null(verdict.earned[0].trigger_event_id);
  assert_null(verdict.moved[0].event_id);
  assert_true(verdict.moved[0].reached_at == NOW_MS);
}

static void test_what_is_asked_for(void **state) {
  static const struct award_standing_row standing[] = {{.id = "e-days", .is_reached = true}};
  (void)state;
  assert_true(award_is_wanted(table, AWARD_PRACTICE_DAYS_28, NULL, 0));
  assert_false(award_is_wanted(table, AWARD_PRACTICE_DAYS_28, standing, 1));
  assert_string_equal(award_ask(award_table_at(table, 1), arena), "3 activities completed, of type video");
  assert_string_equal(award_ask(award_table_at(table, 5), arena), "12 days of practice within 28");
}

static void test_windows_of_28_days(void **state) {
  static const struct {
    int32_t days[8];
    size_t count;
    int64_t best;
  } cases[] = {{{0}, 0, 0},
               {{5}, 1, 1},
               {{0, 27}, 2, 2},
               {{0, 28}, 2, 1},
               {{-40, -20, -13, 0, 7, 8}, 6, 4},
               {{0, 10, 27, 28, 37, 38}, 6, 4},
               {{0, 1, 2, 30, 31, 32, 33}, 7, 4}};
  (void)state;
  for (size_t at = 0; at < ARRAY_LENGTH(cases); at++)
    assert_int_equal(award_best_window(cases[at].days, cases[at].count), cases[at].best);
}

int main(void) {
#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
  const struct CMUnitTest tests[] = {
      CASE(test_every_metric_at_its_edge),
      CASE(test_what_a_row_says),
      CASE(test_what_stands_is_left_alone),
      CASE(test_a_new_target_is_taken_over),
      CASE(test_milestones_count_for_achievements_at_once),
      CASE(test_a_milestone_that_an_event_tells_of),
      CASE(test_a_recomputation_names_no_event),
      CASE(test_what_is_asked_for),
      CASE(test_windows_of_28_days),
  };
  return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
