/* The definitions: two directories, what a file may say, and what one bad file does to the others. */
#include <string.h>

#include "../rule/rule_files.h"

#include "event/award.h"

#include "base/banned.h"

#define KNOWN "kind: achievement\ntype: speed\ntitle: T\nmetric: best_day\natLeast: 5\n"
#define STONE "kind: milestone\ntitle: T\nmetric: minutes\natLeast: 5\n"

static char shipped[RULE_PATH_BYTES];
static char site[RULE_PATH_BYTES];
static struct award_table *table;
static struct error error;

static int setup(void **state) {
  (void)state;
  rule_directory_make(shipped);
  rule_directory_make(site);
  rule_file_write(shipped, "ships.yaml", "id: ships\n" KNOWN);
  return 0;
}

static int teardown(void **state) {
  (void)state;
  award_table_free(table);
  table = NULL;
  rule_directory_remove(shipped);
  rule_directory_remove(site);
  return 0;
}

static bool load_from(const char *directory, const char *site_directory) {
  const struct events_config config = {.achievements = directory, .site_achievements = site_directory};
  award_table_free(table);
  table = NULL;
  error_clear(&error);
  return award_table_load(&config, &error, &table);
}

static void load(void) {
  if (!load_from(shipped, site)) fail_msg("%s", error.message);
}

static void test_both_directories_in_order(void **state) {
  (void)state;
  rule_file_write(shipped, "a-stone.yaml", "id: a-stone\n" STONE);
  rule_file_write(site, "own.yaml", "id: own\n" KNOWN);
  rule_file_write(site, "own.yaml~", "broken");
  rule_file_write(site, ".hidden.yaml", "broken");
  rule_file_write(site, "README", "broken");
  load();
  assert_int_equal(award_table_count(table), 3);
  assert_int_equal(award_table_problem_count(table), 0);
  assert_string_equal(award_table_at(table, 0)->id, "own");
  assert_true(award_table_at(table, 0)->of_site);
  assert_string_equal(award_table_at(table, 1)->id, "ships");
  assert_false(award_table_at(table, 1)->of_site);
  assert_string_equal(award_table_at(table, 2)->id, "a-stone");
  assert_string_equal(award_table_at(table, 2)->description, "");
  assert_false(award_table_at(table, 1)->is_public);
}

static void test_what_a_file_may_say(void **state) {
  (void)state;
  rule_file_write(
      site, "all.yaml",
      "# a comment\nid: all\nkind: achievement\ntype: completion\ntitle: \"Ünï\"\ndescription: D\n"
      "metric: completed_activities\nactivityType: quiz\natLeast: 50\npublic: true\n");
  load();
  const struct award *award = award_table_at(table, 0);
  assert_string_equal(award->id, "all");
  assert_int_equal(award->type, ACHIEVEMENT_COMPLETION);
  assert_string_equal(award->title, "Ünï");
  assert_int_equal(award->metric, AWARD_COMPLETED_ACTIVITIES);
  assert_int_equal(award->activity_type_given, PRESENCE_GIVEN);
  assert_int_equal(award->activity_type, ACTIVITY_QUIZ);
  assert_int_equal(award->at_least, 50);
  assert_true(award->is_public);
}

static void test_a_bad_file_of_the_site_is_left_aside(void **state) {
  static const struct {
    const char *text;
    const char *complaint;
  } cases[] = {
      {"id: bad\nkind: achievement\ntype: speed\ntitle: T\nmetric: best_day\n", "atLeast is required"},
      {"id: bad\n" KNOWN "level: 3\n", "level"},
      {"id: bad\nkind: achievement\ntype: glory\ntitle: T\nmetric: best_day\natLeast: 1\n",
       "type must be one of"},
      {"id: bad\nkind: achievement\ntype: speed\ntitle: T\nmetric: luck\natLeast: 1\n",
       "metric must be one of"},
      {"id: bad\nkind: achievement\ntype: speed\ntitle: T\nmetric: best_day\natLeast: 0\n",
       "atLeast must be"},
      {"id: [bad\n", "bad.yaml:"},
      {"", "id is required"},
      {"id: Bad\n" KNOWN, "id must be of a to z"},
      {"id: other\n" KNOWN, "other belongs in a file of its name: other.yaml"},
      {"id: bad\nkind: achievement\ntitle: T\nmetric: best_day\natLeast: 1\n", "an achievement has a type"},
      {"id: bad\ntype: speed\n" STONE, "a milestone has no type"},
      {"id: bad\npublic: false\n" STONE, "cannot be public"},
      {"id: bad\nkind: milestone\ntitle: T\nmetric: milestones_reached\natLeast: 1\n",
       "cannot ask for milestones"},
      {"id: bad\nkind: achievement\ntype: milestone\ntitle: T\nmetric: milestones_reached\natLeast: 1001\n",
       "at most 1000 milestones"},
      {"id: bad\nkind: achievement\ntype: consistency\ntitle: T\nmetric: practice_days_28\natLeast: 29\n",
       "28 days have no more than 28"},
      {"id: bad\nactivityType: quiz\n" KNOWN, "activityType goes with completed_activities only"},
  };
  (void)state;
  rule_file_write(site, "good.yaml", "id: good\n" KNOWN);
  for (size_t at = 0; at < ARRAY_LENGTH(cases); at++) {
    rule_file_write(site, "bad.yaml", cases[at].text);
    load();
    assert_int_equal(award_table_count(table), 2);
    assert_int_equal(award_table_problem_count(table), 1);
    const char *problem = award_table_problem(table, 0);
    if (strstr(problem, cases[at].complaint) == NULL || strstr(problem, "bad.yaml") == NULL)
      fail_msg("'%s' and not '%s'", problem, cases[at].complaint);
  }
}

static void test_an_id_that_ships_is_taken(void **state) {
  (void)state;
  rule_file_write(site, "ships.yaml", "id: ships\n" STONE);
  load();
  assert_int_equal(award_table_count(table), 1);
  assert_non_null(strstr(award_table_problem(table, 0), "the achievement ships is defined already, in "));
}

static void test_too_large_a_file(void **state) {
  CLEANUP(buffer_free) struct buffer text = BUFFER_INIT(2 * AWARD_FILE_BYTES_MAX);
  (void)state;
  buffer_append_text(&text, "id: large\n" KNOWN "#");
  while (text.length <= AWARD_FILE_BYTES_MAX)
    buffer_append_text(&text, "0123456789");
  rule_file_write(site, "large.yaml", buffer_text(&text));
  load();
  assert_non_null(strstr(award_table_problem(table, 0), "a definition has at most 16384 bytes"));
}

static void test_more_files_than_there_may_be(void **state) {
  (void)state;
  for (int at = 0; at <= AWARD_FILES_MAX; at++) {
    char name[32];
    snprintf(name, sizeof name, "n-%d.yaml", at);
    rule_file_write(site, name, "");
  }
  load();
  assert_int_equal(award_table_count(table), 1);
  assert_int_equal(award_table_problem_count(table), 1);
  assert_non_null(strstr(award_table_problem(table, 0), "holds more than 500 definitions"));
}

static void test_a_bad_one_that_ships_is_an_error(void **state) {
  (void)state;
  assert_true(load_from(shipped, "/nonexistent/lockstep"));
  assert_true(load_from(shipped, NULL));
  assert_true(load_from(shipped, "/dev/null"));
  assert_int_equal(award_table_problem_count(table), 1);
  assert_false(load_from("/nonexistent/lockstep", NULL));
  assert_int_equal(error.code, ERROR_MALFORMED);
  assert_false(load_from(site, NULL));
  assert_non_null(strstr(error.message, "holds no definition"));
  rule_file_write(shipped, "bad.yaml", "id: bad\n");
  assert_false(load_from(shipped, NULL));
  assert_non_null(strstr(error.message, "is required"));
}

/* The set that ships has something of every type, and milestones. */
static void test_the_set_that_ships(void **state) {
  char path[RULE_PATH_BYTES];
  size_t of_type[ACHIEVEMENT_TYPES] = {0};
  size_t milestones = 0;
  (void)state;
  const char *source = getenv("LOCKSTEP_SOURCE");
  snprintf(path, sizeof path, "%s/sql/achievements", source == NULL ? "." : source);
  if (!load_from(path, NULL)) fail_msg("%s", error.message);
  for (size_t at = 0; at < award_table_count(table); at++) {
    const struct award *award = award_table_at(table, at);
    if (award->kind == AWARD_MILESTONE) milestones++;
    if (award->kind == AWARD_ACHIEVEMENT) of_type[award->type]++;
    assert_true(strlen(award->description) > 0);
    assert_false(award->is_public);
  }
  for (size_t at = 0; at < ACHIEVEMENT_TYPES; at++)
    assert_true(of_type[at] >= 2);
  assert_true(milestones >= 5);
}

int main(void) {
#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
  const struct CMUnitTest tests[] = {
      CASE(test_both_directories_in_order),
      CASE(test_what_a_file_may_say),
      CASE(test_a_bad_file_of_the_site_is_left_aside),
      CASE(test_an_id_that_ships_is_taken),
      CASE(test_too_large_a_file),
      CASE(test_more_files_than_there_may_be),
      CASE(test_a_bad_one_that_ships_is_an_error),
      CASE(test_the_set_that_ships),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
