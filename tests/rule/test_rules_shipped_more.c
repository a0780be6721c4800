/* The way back to the columns, and rows whose learner is gone. */
#include "shipped_fixture.h"

#include "base/banned.h"

/* --- document_matches_columns --------------------------------------------------------------------- */

static const struct rebuild {
  const char *document;
  struct totals columns;
  struct totals unattributed;
  const char *modules; /* the other modules' keys afterwards */
} rebuilds[] = {
    /* nothing above: the modules stay */
    {MODULES(MODULE("a", 20, 10, 5) "," MODULE("b", 4, 3, 2)), {50, 13, 9}, {26, 0, 2}, "[\"a\", \"b\"]"},
    {MODULES(MODULE("a", 20, 10, 5) "," MODULE("unattributed", 4, "3", null)),
     {50, 13, 9},
     {30, 3, 4},
     "[\"a\"]"},
    /* one above is enough: they become one */
    {MODULES(MODULE("a", 20, 10, 5) "," MODULE("b", 4, 3, 2)), {23, 13, 9}, {23, 13, 9}, "[]"},
    {MODULES(MODULE("a", 20, 10, 5)), {20, 10, 0}, {20, 10, 0}, "[]"},
    {MODULES(MODULE("a", 20, 10, 5)), {0, 0, 0}, {0, 0, 0}, "[]"},
    {MODULES(MODULE("unattributed", 20, 10, 5)), {3, 2, 1}, {3, 2, 1}, "[]"},
    {"{\"modules\": {\"a\": {\"progress\": {\"tokens_earned\": 9}}, \"b\": [1]}}",
     {1, 1, 1},
     {1, 1, 1},
     "[]"},
    /* no document, or one that is none */
    {NULL, {30, 6, 3}, {30, 6, 3}, "[]"},
    {"[1]", {30, 6, 3}, {30, 6, 3}, "[]"},
    {"7", {30, 6, 3}, {30, 6, 3}, "[]"},
    {"{\"modules\": \"x\"}", {30, 6, 3}, {30, 6, 3}, "[]"},
    {"{\"modules\": null, \"global_stats\": 5}", {30, 6, 3}, {30, 6, 3}, "[]"},
    /* only global_stats are wrong */
    {"{\"modules\": {" MODULE("a", 5, 3, 2) "}, \"global_stats\": {\"total_tokens_earned\": \"5\"}}",
     {5, 3, 2},
     {0, 0, 0},
     "[\"a\"]"},
};

/* What the engine does with the row, by hand: the rule is of an authority that healing does not use. */
static void rebuild(uint64_t user_id) {
  const struct rule *rule = shipped_rule("document_matches_columns");
  const char *wanted = arena_printf(
      fixture.arena, "UPDATE users SET hidden_grade_asset = (SELECT r.wanted FROM (%s) AS r) WHERE id = ?",
      rule->sql);
  char id[24];
  const char *parameters[2 * RULE_RANGES_MAX + 1];
  snprintf(id, sizeof id, "%llu", ID(user_id));
  for (size_t at = 0; at <= 2 * rule->range_count; at++)
    parameters[at] = id;
  run(wanted, parameters, 2 * rule->range_count + 1);
}

static void test_the_document_is_rebuilt_from_the_columns(void **state) {
  (void)state;
  load();
  for (size_t at = 0; at < ARRAY_LENGTH(rebuilds); at++) {
    const struct rebuild *drift = &rebuilds[at];
    const struct totals *columns = &drift->columns;
    uint64_t user_id = learner_new(columns->tokens, columns->questions, columns->correct, drift->document);
    size_t count;
    shipped_find("document_matches_columns", user_id, user_id, &count);
    assert_int_equal(count, 1);
    rebuild(user_id);
    struct totals after = columns_of(user_id);
    struct totals modules = modules_of(user_id, NULL);
    struct totals unattributed = modules_of(user_id, DOCUMENT_UNATTRIBUTED);
    assert_totals("columns", drift->document, &after, columns);
    assert_totals("modules", drift->document, &modules, columns);
    assert_totals("unattributed", drift->document, &unattributed, &drift->unattributed);
    assert_global_stats(user_id, drift->document, columns);
    assert_string_equal(ask(user_id,
                            "JSON_KEYS(JSON_REMOVE(JSON_SET(hidden_grade_asset,"
                            " '$.modules.unattributed', 0), '$.modules.unattributed'), '$.modules')"),
                        drift->modules);
    assert_shipped("document_matches_columns", user_id, "");
    assert_int_equal(find(user_id, NULL), 0); /* and the ordinary rules hold */
  }
}

static void test_what_the_columns_do_not_know_stays(void **state) {
  (void)state;
  load();
  uint64_t user_id = learner_new(3, 2, 1,
                                 "{\"z\": {\"null\": null, \"n\": 1.50}, \"modules\": {" MODULE(
                                     "a", 20, 10, 5) "}, \"global_stats\": {\"rank\": \"A\"}}");
  rebuild(user_id);
  assert_string_equal(
      ask(user_id, "JSON_REMOVE(hidden_grade_asset, '$.global_stats.last_sync')"),
      "{\"z\": {\"null\": null, \"n\": 1.50}, \"global_stats\": {\"rank\": \"A\", "
      "\"total_tokens_earned\": 3, \"total_questions_answered\": 2, \"total_correct_answers\": 1}, "
      "\"modules\": {\"unattributed\": {\"progress\": {\"tokens_earned\": 3, "
      "\"total_questions_answered\": 2, \"correct_answers\": 1}}}}");
}

static void test_the_other_authority_is_never_used_unasked(void **state) {
  (void)state;
  load();
  uint64_t user_id = learner_new(3, 2, 1, MODULES(MODULE("a", 20, 10, 5)));
  struct rule_breach *breaches;
  size_t count = find(user_id, &breaches);
  for (size_t at = 0; at < count; at++)
    assert_string_not_equal(breaches[at].rule->name, "document_matches_columns");
  heal_all(user_id);
  assert_int_equal(ask_number(user_id, "tokens"), 20); /* by the modules */
}

static void test_columns_that_are_no_counts_are_left_to_a_person(void **state) {
  (void)state;
  load();
  assert_shipped("document_matches_columns", learner_new(-1, 2, 1, NULL), "");
  assert_shipped("document_matches_columns", learner_new(1, 2, 1000000000000000000, NULL), "");
}

/* --- orphan_* ------------------------------------------------------------------------------------- */

static void test_rows_without_a_learner_are_found(void **state) {
  (void)state;
  static const struct {
    const char *table;
    const char *values; /* for the learner's id */
    const char *key;    /* where it does not end in a number of the database's own */
    const char *rule;   /* where it is not called as the table is */
    const char *who;    /* where the column is not user_id */
  } tables[] = {
      {.table = "profiles", .values = "(user_id) VALUES (%llu)", .key = "{\"user_id\": %llu}"},
      {.table = "practice_days",
       .values = "(user_id, day, activity, count) VALUES (%llu, '2024-02-29', 'an\"swer', 1)",
       .key = "{\"user_id\": %llu, \"day\": \"2024-02-29\", \"activity\": \"an\\\"swer\"}"},
      {.table = "daily_totals",
       .values = "(user_id, day, module) VALUES (%llu, '2024-02-29', 'a\\\\b')",
       .key = "{\"user_id\": %llu, \"day\": \"2024-02-29\", \"module\": \"a\\\\b\"}"},
      {.table = "attempts",
       .values = "(user_id, revision, exercise_id, module, is_correct, practised_on, created_at)"
                 " VALUES (%llu, 1, 'e', 'm', 1, '2024-02-29', '2024-02-29')"},
      {.table = "practice_sessions", .values = "(user_id, started_at) VALUES (%llu, '2024-02-29')"},
      {.table = "attempts_archive",
       .values = "(id, user_id, revision, exercise_id, module, is_correct, practised_on, created_at)"
                 " SELECT COALESCE(MAX(id), 0) + 1, %llu, 1, 'e', 'm', 1, '2024-02-29', '2024-02-29'"
                 " FROM attempts_archive"},
      {.table = "session_results",
       .values = "(user_id, id, thread_id, stitch_id, practised_on, completed_at, revision)"
                 " VALUES (%llu, 'a\"b', 't', 's', '2024-02-29', '2024-02-29', 1)",
       .key = "{\"user_id\": %llu, \"id\": \"a\\\"b\"}"},
      {.table = "user_stitch_progress",
       .values = "(user_id, thread_id, stitch_id, last_attempted, revision)"
                 " VALUES (%llu, 't\\\\', 's', '2024-02-29', 1)",
       .key = "{\"user_id\": %llu, \"thread_id\": \"t\\\\\", \"stitch_id\": \"s\"}"},
      {.table = "stitch_mutations",
       .values = "(user_id, mutation_id, content_hash, created_at) VALUES (%llu, 'm', 'x', '2024-02-29')",
       .key = "{\"user_id\": %llu, \"mutation_id\": \"m\"}"},
      {.table = "sync_rejects",
       .values =
           "(user_id, item, item_hash, reason, created_at) VALUES (%llu, '{}', 'x', 'r', '2024-02-29')"},
      {.table = "subscriptions", .values = "(user_id, provider_ref) SELECT %llu, UUID()"},
      {.table = "enrollments",
       .values = "(user_id, course_id) VALUES (%llu, 1)",
       .key = "{\"user_id\": %llu, \"course_id\": 1}"},
      {.table = "student_progress",
       .values = "(student_id, course_id) VALUES (%llu, 1)",
       .key = "{\"student_id\": %llu, \"course_id\": 1}",
       .who = "student_id"},
      {.table = "access_requests",
       .values = "(student_id, course_id) VALUES (%llu, 1)",
       .rule = "orphan_requests",
       .who = "student_id"},
      {.table = "access_decisions",
       .values =
           "(request_id, student_id, course_id, decision, requested_at, decided_by, decided_at)"
           " SELECT COALESCE(MAX(request_id), 0) + 1, %llu, 1, 'rejected', '2026-01-01', 'x', '2026-01-01'"
           " FROM access_decisions",
       .who = "student_id"},
      {.table = "chapter_completions",
       .values = "(user_id, chapter_id, completed_at) VALUES (%llu, 1, '2026-01-01')",
       .key = "{\"user_id\": %llu, \"chapter_id\": 1}"},
  };
  load();
  RUN("INSERT INTO courses (id, title) VALUES (1, 'stays')");
  RUN("INSERT INTO chapters (id, course_id, title) VALUES (1, 1, 'stays')");
  for (size_t at = 0; at < ARRAY_LENGTH(tables); at++) {
    const char *rule = tables[at].rule != NULL ? tables[at].rule
                                               : arena_printf(fixture.arena, "orphan_%s", tables[at].table);
    uint64_t there = learner_new(0, 0, 0, NULL);
    uint64_t deleted = learner_new(0, 0, 0, NULL);
    uint64_t gone = learner_new(0, 0, 0, NULL);
    const uint64_t learners[] = {there, deleted, gone};
    RUN("UPDATE users SET deleted_at = UTC_TIMESTAMP() WHERE id = %llu", ID(deleted));
    for (size_t learner = 0; learner < ARRAY_LENGTH(learners); learner++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
      const char *values = arena_printf(fixture.arena, tables[at].values, ID(learners[learner]));
#pragma GCC diagnostic pop
      RUN("INSERT INTO %s %s", tables[at].table, values);
    }
    assert_string_equal(shipped_find(rule, there, gone, NULL), "");
    run_text("SET foreign_key_checks = 0");
    RUN("DELETE FROM users WHERE id = %llu", ID(gone));
    run_text("SET foreign_key_checks = 1");
    size_t count;
    const char *rows = shipped_find(rule, there, gone, &count);
    assert_int_equal(count, 1);
    assert_int_equal(strtoull(rows, NULL, 10), gone);
    assert_non_null(strstr(rows, " delete - - -\n"));
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    if (tables[at].key != NULL)
      assert_non_null(strstr(rows, arena_printf(fixture.arena, tables[at].key, ID(gone))));
#pragma GCC diagnostic pop
    assert_string_equal(shipped_find(rule, there, gone - 1, NULL), ""); /* not past the range */
    RUN("DELETE FROM %s WHERE %s = %llu", tables[at].table,
        tables[at].who == NULL ? "user_id" : tables[at].who, ID(gone));
  }
}

/* Of course 2, and of its chapter 2, which go. */
static void test_rows_without_a_course_are_found(void **state) {
  (void)state;
  load();
  uint64_t there = learner_new(0, 0, 0, NULL);
  RUN("INSERT INTO courses (id, title) VALUES (2, 'goes')");
  RUN("INSERT INTO chapters (id, course_id, title) VALUES (2, 2, 'goes with it'), (3, 2, 'completed')");
  for (int course = 1; course <= 2; course++) {
    RUN("INSERT INTO enrollments (user_id, course_id) VALUES (%llu, %d)", ID(there), course);
    RUN("INSERT INTO student_progress (student_id, course_id) VALUES (%llu, %d)", ID(there), course);
    RUN("INSERT INTO access_requests (id, student_id, course_id) VALUES (%d, %llu, %d)", 90 + course,
        ID(there), course);
    RUN("INSERT INTO access_decisions (request_id, student_id, course_id, decision, requested_at, decided_by,"
        " decided_at) VALUES (%d, %llu, %d, 'rejected', '2026-01-01', 'x', '2026-01-01')",
        80 + course, ID(there), course);
    RUN("INSERT INTO payments (id, provider_ref, user_id, course_id) VALUES (%d, UUID(), %llu, %d)", course,
        ID(there), course);
    RUN("INSERT INTO payments (id, provider_ref, course_id) VALUES (%d, UUID(), %d)", 10 + course, course);
  }
  RUN("INSERT INTO chapter_completions (user_id, chapter_id, completed_at) VALUES (%llu, 1, '2026-01-01'),"
      " (%llu, 3, '2026-01-01')",
      ID(there), ID(there));
  const char *const rules[] = {"orphan_enrollments",      "orphan_student_progress",    "orphan_requests",
                               "orphan_access_decisions", "orphan_chapter_completions", "orphan_chapters",
                               "orphan_payments"};
  for (size_t at = 0; at < ARRAY_LENGTH(rules); at++)
    assert_string_equal(shipped_find(rules[at], 0, there, NULL), "");
  run_text("SET foreign_key_checks = 0");
  run_text("DELETE FROM courses WHERE id = 2");
  run_text("SET foreign_key_checks = 1");
#define OWN_ROW(text) arena_printf(fixture.arena, text, ID(there))
#define OWN(text) arena_printf(fixture.arena, text, ID(there), ID(there))
  assert_shipped(rules[0], there, OWN("%llu {\"user_id\": %llu, \"course_id\": 2} delete - - -\n"));
  assert_shipped(rules[1], there, OWN("%llu {\"student_id\": %llu, \"course_id\": 2} delete - - -\n"));
  assert_shipped(rules[2], there, OWN_ROW("%llu {\"id\": 92} delete - - -\n"));
  assert_shipped(rules[3], there, OWN_ROW("%llu {\"request_id\": 82} delete - - -\n"));
  assert_shipped(rules[4], there, OWN("%llu {\"user_id\": %llu, \"chapter_id\": 3} delete - - -\n"));
  assert_shipped(rules[6], there, OWN_ROW("%llu {\"id\": 2} set course_id 2 -\n"));
#undef OWN
#undef OWN_ROW
  /* Nobody's rows; and a chapter that somebody completed waits for its completions. */
  assert_shipped(rules[6], RULE_NOBODY, "0 {\"id\": 12} set course_id 2 -\n");
  assert_shipped(rules[5], RULE_NOBODY, "0 {\"id\": 2} delete - - -\n");
  assert_string_equal(shipped_find(rules[5], 1, there, NULL), "");
  heal_all(there);
  assert_shipped(rules[5], RULE_NOBODY, "0 {\"id\": 2} delete - - -\n0 {\"id\": 3} delete - - -\n");
  run_text("DELETE FROM chapters WHERE course_id = 2");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_the_document_is_rebuilt_from_the_columns, setup, teardown),
      cmocka_unit_test_setup_teardown(test_what_the_columns_do_not_know_stays, setup, teardown),
      cmocka_unit_test_setup_teardown(test_the_other_authority_is_never_used_unasked, setup, teardown),
      cmocka_unit_test_setup_teardown(test_columns_that_are_no_counts_are_left_to_a_person, setup, teardown),
      cmocka_unit_test_setup_teardown(test_rows_without_a_learner_are_found, setup, teardown),
      cmocka_unit_test_setup_teardown(test_rows_without_a_course_are_found, setup, teardown),
  };
  if (fixture_is_missing()) return 0;
  return cmocka_run_group_tests_name("rule/rules_shipped_more", tests, group_setup, group_teardown);
}
