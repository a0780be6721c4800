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
  } tables[] = {
      {"profiles", "(user_id) VALUES (%llu)", "{\"user_id\": %llu}"},
      {"practice_days", "(user_id, day, activity, count) VALUES (%llu, '2024-02-29', 'an\\\"swer', 1)",
       "{\"user_id\": %llu, \"day\": \"2024-02-29\", \"activity\": \"an\\\"swer\"}"},
      {"daily_totals", "(user_id, day, module) VALUES (%llu, '2024-02-29', 'a\\\\b')",
       "{\"user_id\": %llu, \"day\": \"2024-02-29\", \"module\": \"a\\\\b\"}"},
      {"attempts",
       "(user_id, revision, exercise_id, module, is_correct, practised_on, created_at) VALUES (%llu, 1, 'e',"
       " 'm', 1, '2024-02-29', '2024-02-29')",
       NULL},
      {"session_results",
       "(user_id, id, thread_id, stitch_id, practised_on, completed_at, revision) VALUES"
       " (%llu, 'a\\\"b', 't', 's', '2024-02-29', '2024-02-29', 1)",
       "{\"user_id\": %llu, \"id\": \"a\\\"b\"}"},
      {"practice_sessions", "(user_id, started_at) VALUES (%llu, '2024-02-29')", NULL},
  };
  load();
  for (size_t at = 0; at < ARRAY_LENGTH(tables); at++) {
    const char *rule = arena_printf(fixture.arena, "orphan_%s", tables[at].table);
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
    RUN("DELETE FROM %s WHERE user_id = %llu", tables[at].table, ID(gone));
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_the_document_is_rebuilt_from_the_columns, setup, teardown),
      cmocka_unit_test_setup_teardown(test_what_the_columns_do_not_know_stays, setup, teardown),
      cmocka_unit_test_setup_teardown(test_the_other_authority_is_never_used_unasked, setup, teardown),
      cmocka_unit_test_setup_teardown(test_columns_that_are_no_counts_are_left_to_a_person, setup, teardown),
      cmocka_unit_test_setup_teardown(test_rows_without_a_learner_are_found, setup, teardown),
  };
  if (fixture_is_missing()) return 0;
  return cmocka_run_group_tests_name("rule/rules_shipped_more", tests, group_setup, group_teardown);
}
