/* The set of rules: two directories, what counts where, and what one bad file does to the others. */
#include <string.h>

#include "rule_files.h"

#include "rule/rule.h"

#include "base/banned.h"

#define BODY "\nSELECT 1 FROM t WHERE id BETWEEN :from AND :to;\n"
#define RULE(name, more) \
  "-- rule: " name "\n-- summary: S\n-- severity: info\n-- changes: nothing\n" more BODY
#define KEEP "-- when: rules.surplus = unattributed\n"
#define DROP "-- when: rules.surplus = drop\n"

struct directories {
  char shipped[RULE_PATH_BYTES];
  char site[RULE_PATH_BYTES];
  struct rules_config config;
  struct rule_set *set;
  struct error error;
};

static int setup(void **state) {
  struct directories *directories = calloc(1, sizeof *directories);
  if (directories == NULL) return -1;
  rule_directory_make(directories->shipped);
  rule_directory_make(directories->site);
  directories->config =
      (struct rules_config){.directory = directories->shipped, .site_directory = directories->site};
  *state = directories;
  return 0;
}

static int teardown(void **state) {
  struct directories *directories = *state;
  rule_set_free(directories->set);
  rule_directory_remove(directories->shipped);
  rule_directory_remove(directories->site);
  free(directories);
  return 0;
}

static bool load(struct directories *directories) {
  rule_set_free(directories->set);
  directories->set = NULL;
  error_clear(&directories->error);
  return rule_set_load(&directories->config, &directories->error, &directories->set);
}

static void load_well(struct directories *directories) {
  if (!load(directories)) fail_msg("%s", directories->error.message);
}

static void test_in_the_order_of_repairs(void **state) {
  struct directories *directories = *state;
  rule_file_write(directories->shipped, "a.sql", RULE("a", "-- order: 30\n"));
  rule_file_write(directories->shipped, "b.sql", RULE("b", ""));
  rule_file_write(directories->shipped, "c.sql", RULE("c", "-- order: 20\n"));
  rule_file_write(directories->site, "d.sql", RULE("d", "-- order: 25\n"));
  rule_file_write(directories->site, "aa.sql", RULE("aa", ""));
  load_well(directories);
  static const char *const expected[] = {"c", "d", "a", "aa", "b"};
  assert_int_equal(rule_set_count(directories->set), ARRAY_LENGTH(expected));
  for (size_t at = 0; at < ARRAY_LENGTH(expected); at++) {
    const struct rule *rule = rule_set_at(directories->set, at);
    assert_string_equal(rule->name, expected[at]);
    assert_int_equal(rule->of_site, at == 1 || at == 3);
    assert_true(rule_set_in_use(directories->set, at));
  }
  assert_int_equal(rule_set_problem_count(directories->set), 0);
}

static void test_only_rule_files_are_read(void **state) {
  struct directories *directories = *state;
  rule_file_write(directories->shipped, "a.sql", RULE("a", ""));
  rule_file_write(directories->shipped, "a.sql~", "broken");
  rule_file_write(directories->shipped, ".b.sql", "broken");
  rule_file_write(directories->shipped, "README", "broken");
  load_well(directories);
  assert_int_equal(rule_set_count(directories->set), 1);
}

static void test_the_configuration_chooses_the_variant(void **state) {
  struct directories *directories = *state;
  rule_file_write(directories->shipped, "a.unattributed.sql", RULE("a", KEEP));
  rule_file_write(directories->shipped, "a.drop.sql", RULE("a", DROP));
  for (int surplus = RULES_SURPLUS_UNATTRIBUTED; surplus <= RULES_SURPLUS_DROP; surplus++) {
    directories->config.surplus = surplus;
    load_well(directories);
    assert_int_equal(rule_set_count(directories->set), 1);
    assert_string_equal(rule_set_at(directories->set, 0)->variant,
                        surplus == RULES_SURPLUS_DROP ? "rules.surplus=drop" : "rules.surplus=unattributed");
  }
}

static void test_a_broken_rule_that_ships_is_an_error(void **state) {
  struct directories *directories = *state;
  rule_file_write(directories->shipped, "a.sql", RULE("a", ""));
  rule_file_write(directories->shipped, "b.sql", "-- rule: b\n-- summary: S\n-- severity: bad\n" BODY);
  assert_false(load(directories));
  assert_null(directories->set);
  assert_non_null(strstr(directories->error.message, "/b.sql:3: severity is"));
}

static void test_a_variant_not_chosen_is_held_to_its_form_too(void **state) {
  struct directories *directories = *state;
  rule_file_write(directories->shipped, "a.unattributed.sql", RULE("a", KEEP));
  rule_file_write(directories->shipped, "a.drop.sql",
                  "-- rule: a\n-- summary: S\n-- severity: info\n-- changes: nothing\n" DROP "DELETE");
  assert_false(load(directories));
  assert_non_null(strstr(directories->error.message, "/a.drop.sql:6: a rule is one SELECT"));
}

static void test_one_file_alone(void **state) {
  struct directories *directories = *state;
  char path[2 * RULE_PATH_BYTES];
  snprintf(path, sizeof path, "%s/a.drop.sql", directories->site);
  rule_file_write(directories->site, "a.drop.sql", RULE("a", DROP));
  assert_true(rule_set_load_file(&directories->config, path, &directories->error, &directories->set));
  assert_int_equal(rule_set_count(directories->set), 1); /* though the configuration chose the other */
  assert_string_equal(rule_set_at(directories->set, 0)->file, path);
  rule_set_free(directories->set);
  directories->set = NULL;
  rule_file_write(directories->site, "a.drop.sql", RULE("b", DROP));
  assert_false(rule_set_load_file(&directories->config, path, &directories->error, &directories->set));
  assert_non_null(strstr(directories->error.message, "/a.drop.sql:1: the rule b belongs in a file"));
  assert_null(directories->set);
  snprintf(path, sizeof path, "%s/none.sql", directories->site);
  assert_false(rule_set_load_file(&directories->config, path, &directories->error, &directories->set));
}

static void test_broken_rules_of_the_site_leave_the_others(void **state) {
  struct directories *directories = *state;
  rule_file_write(directories->shipped, "a.sql", RULE("a", ""));
  rule_file_write(directories->site, "b.sql", "-- rule: b\n");
  rule_file_write(directories->site, "c.sql", RULE("c", ""));
  rule_file_write(directories->site, "d.sql", RULE("e", ""));
  rule_file_write(directories->site, "f.sql", "");
  load_well(directories);
  assert_int_equal(rule_set_count(directories->set), 2);
  assert_string_equal(rule_set_at(directories->set, 1)->name, "c");
  assert_int_equal(rule_set_problem_count(directories->set), 3);
  assert_non_null(strstr(rule_set_problem(directories->set, 0), "/b.sql:2: the annotation '-- summary"));
  assert_non_null(strstr(rule_set_problem(directories->set, 1), "/d.sql:1: the rule e belongs"));
  assert_non_null(strstr(rule_set_problem(directories->set, 2), "/f.sql:1: the annotation '-- rule"));
}

static void test_a_name_stands_for_one_rule(void **state) {
  struct directories *directories = *state;
  rule_file_write(directories->shipped, "a.sql", RULE("a", ""));
  rule_file_write(directories->shipped, "b.drop.sql", RULE("b", DROP));
  rule_file_write(directories->site, "a.sql", RULE("a", ""));
  rule_file_write(directories->site, "b.unattributed.sql",
                  RULE("b", KEEP)); /* of the site, so no variant of ours */
  load_well(directories);
  assert_int_equal(rule_set_problem_count(directories->set), 2);
  assert_non_null(strstr(rule_set_problem(directories->set, 0), "/a.sql:1: there is a rule a already, in "));
  assert_non_null(strstr(rule_set_problem(directories->set, 1), "there is a rule b already"));
  rule_file_write(directories->shipped, "a.more.sql", RULE("a", DROP));
  assert_false(load(directories));
  assert_non_null(strstr(directories->error.message, "/a.sql:1: there is a rule a already, in "));
  rule_file_write(directories->shipped, "a.sql", RULE("a", DROP));
  assert_false(load(directories));
  rule_file_write(directories->shipped, "a.sql", RULE("a", KEEP));
  load_well(directories);
}

static void test_directories(void **state) {
  struct directories *directories = *state;
  assert_false(load(directories));
  assert_non_null(strstr(directories->error.message, ": holds no rule"));
  rule_file_write(directories->shipped, "a.sql", RULE("a", ""));
  directories->config.site_directory = "/nonexistent/lockstep";
  load_well(directories);
  assert_int_equal(rule_set_problem_count(directories->set), 0);
  directories->config.site_directory = NULL;
  load_well(directories);
  directories->config.site_directory = "/dev/null";
  load_well(directories);
  assert_string_equal(rule_set_problem(directories->set, 0), "/dev/null: cannot be read: Not a directory");
  directories->config.directory = "/nonexistent/lockstep";
  assert_false(load(directories));
  assert_string_equal(directories->error.message,
                      "/nonexistent/lockstep: cannot be read: No such file or directory");
}

static void test_what_cannot_be_read(void **state) {
  struct directories *directories = *state;
  char path[2 * RULE_PATH_BYTES];
  char *big = malloc(70000);
  assert_non_null(big);
  memset(big, '-', 69999);
  big[69999] = '\0';
  rule_file_write(directories->shipped, "a.sql", RULE("a", ""));
  rule_file_write(directories->site, "big.sql", big);
  free(big);
  snprintf(path, sizeof path, "%s/dir.sql", directories->site);
  assert_int_equal(mkdir(path, 0700), 0);
  load_well(directories);
  assert_int_equal(rule_set_count(directories->set), 1);
  assert_int_equal(rule_set_problem_count(directories->set), 2);
  assert_non_null(
      strstr(rule_set_problem(directories->set, 0), "/big.sql: a rule file has at most 65536 bytes"));
  assert_non_null(strstr(rule_set_problem(directories->set, 1), "/dir.sql: cannot be read: Is a directory"));
}

static void test_the_rules_that_ship_are_good(void **state) {
  struct directories *directories = *state;
  static char shipped[RULE_PATH_BYTES];
  rule_directory_shipped(shipped);
  directories->config.directory = shipped;
  for (int surplus = RULES_SURPLUS_UNATTRIBUTED; surplus <= RULES_SURPLUS_DROP; surplus++) {
    directories->config.surplus = surplus;
    load_well(directories);
    static const struct {
      const char *name;
      enum rule_read on_read;
      bool only_reports;
    } expected[] = {
        {"document_matches_columns", RULE_READ_NOTHING, false},
        {"user_totals_match_modules", RULE_READ_PROGRESS, false},
        {"global_stats_match_totals", RULE_READ_PROGRESS, false},
        {"totals_cover_attempts", RULE_READ_NOTHING, true},
        {"daily_totals_match_attempts", RULE_READ_NOTHING, false},
        {"practice_days_cover_attempts", RULE_READ_NOTHING, false},
        {"longest_streak_covers_practice_days", RULE_READ_NOTHING, false},
        {"streak_matches_practice_days", RULE_READ_NOTHING, false},
        {"profile_points_match_sessions", RULE_READ_NOTHING, false},
        {"payment_matches_price", RULE_READ_NOTHING, true},
        {"profile_sessions_match_sessions", RULE_READ_NOTHING, false},
        {"paid_payment_is_enrolled", RULE_READ_NOTHING, false},
        {"approved_request_is_enrolled", RULE_READ_COURSES, false},
        {"default_course_is_granted", RULE_READ_COURSES, false},
        {"course_status_is_normalised", RULE_READ_NOTHING, false},
        {"decided_request_has_left", RULE_READ_COURSES, false},
        {"cancelled_enrollment_has_left_progress", RULE_READ_NOTHING, false},
        {"student_progress_has_enrollment", RULE_READ_NOTHING, false},
        {"refunded_payment_not_enrolled", RULE_READ_NOTHING, false},
        {"enrollment_has_student_progress", RULE_READ_NOTHING, false},
        {"chapters_match_progress", RULE_READ_NOTHING, false},
        {"progress_values_agree", RULE_READ_NOTHING, false},
        {"no_pending_request_when_enrolled", RULE_READ_COURSES, false},
        {"activities_match_events", RULE_READ_NOTHING, false},
        {"activity_days_match_events", RULE_READ_NOTHING, false},
        {"event_is_processed", RULE_READ_NOTHING, false},
        {"summary_matches_events", RULE_READ_NOTHING, false},
        {"completed_entry_completes_todo", RULE_READ_EVENTS, false},
        {"completed_item_completes_video", RULE_READ_EVENTS, false},
        {"completed_video_completes_todo", RULE_READ_EVENTS, false},
        {"completed_todo_completes_schedule", RULE_READ_EVENTS, false},
        {"completed_video_completes_schedule", RULE_READ_EVENTS, false},
        {"completed_activity_completes_step", RULE_READ_EVENTS, false},
        {"path_progress_matches_steps", RULE_READ_EVENTS, false},
        {"journey_matches_progress", RULE_READ_NOTHING, false},
        {"orphan_event_parts", RULE_READ_NOTHING, false},
        {"orphan_access_decisions", RULE_READ_NOTHING, false},
        {"orphan_attempts", RULE_READ_NOTHING, false},
        {"orphan_attempts_archive", RULE_READ_NOTHING, false},
        {"orphan_chapter_completions", RULE_READ_NOTHING, false},
        {"orphan_daily_totals", RULE_READ_NOTHING, false},
        {"orphan_enrollments", RULE_READ_NOTHING, false},
        {"orphan_events", RULE_READ_NOTHING, false},
        {"orphan_payments", RULE_READ_NOTHING, false},
        {"orphan_practice_days", RULE_READ_NOTHING, false},
        {"orphan_practice_sessions", RULE_READ_NOTHING, false},
        {"orphan_profiles", RULE_READ_NOTHING, false},
        {"orphan_requests", RULE_READ_COURSES, false},
        {"orphan_session_results", RULE_READ_NOTHING, false},
        {"orphan_stitch_mutations", RULE_READ_NOTHING, false},
        {"orphan_student_progress", RULE_READ_NOTHING, false},
        {"orphan_subscriptions", RULE_READ_NOTHING, false},
        {"orphan_sync_rejects", RULE_READ_NOTHING, false},
        {"orphan_systems", RULE_READ_NOTHING, false},
        {"orphan_user_stitch_progress", RULE_READ_NOTHING, false},
        {"orphan_chapters", RULE_READ_NOTHING, false},
    };
    assert_int_equal(rule_set_count(directories->set), ARRAY_LENGTH(expected));
    for (size_t at = 0; at < ARRAY_LENGTH(expected); at++) {
      const struct rule *rule = rule_set_at(directories->set, at);
      assert_string_equal(rule->name, expected[at].name);
      assert_int_equal(rule->on_read, expected[at].on_read);
      assert_int_equal(rule->change_count == 0, expected[at].only_reports);
      /* What repairs has a limit. */
      assert_true(expected[at].only_reports || (rule->limit_rows > 0 && rule->limit_share_percent > 0));
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_in_the_order_of_repairs, setup, teardown),
      cmocka_unit_test_setup_teardown(test_only_rule_files_are_read, setup, teardown),
      cmocka_unit_test_setup_teardown(test_the_configuration_chooses_the_variant, setup, teardown),
      cmocka_unit_test_setup_teardown(test_a_broken_rule_that_ships_is_an_error, setup, teardown),
      cmocka_unit_test_setup_teardown(test_a_variant_not_chosen_is_held_to_its_form_too, setup, teardown),
      cmocka_unit_test_setup_teardown(test_one_file_alone, setup, teardown),
      cmocka_unit_test_setup_teardown(test_broken_rules_of_the_site_leave_the_others, setup, teardown),
      cmocka_unit_test_setup_teardown(test_a_name_stands_for_one_rule, setup, teardown),
      cmocka_unit_test_setup_teardown(test_directories, setup, teardown),
      cmocka_unit_test_setup_teardown(test_what_cannot_be_read, setup, teardown),
      cmocka_unit_test_setup_teardown(test_the_rules_that_ship_are_good, setup, teardown),
  };
  return cmocka_run_group_tests_name("rule/rule", tests, NULL, NULL);
}
