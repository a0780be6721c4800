/* The rules that ship, over drift of every kind. What a learner should end with is written by hand. */
#include "rule_fixture.h"

#include "base/banned.h"

static const struct drift {
  const char *document;
  struct totals columns;
  struct totals modules;      /* what the document's modules add up to, read by hand */
  struct totals unattributed; /* afterwards, where nothing is dropped */
} drifts[] = {
    /* columns below, above, both at once */
    {MODULES(MODULE("a", 20, 10, 5) "," MODULE("b", 4, 3, 2)), {1, 1, 1}, {24, 13, 7}, {0, 0, 0}},
    {MODULES(MODULE("a", 20, 10, 5)), {50, 12, 6}, {20, 10, 5}, {30, 2, 1}},
    {MODULES(MODULE("a", 4, 9, 3)), {10, 2, 3}, {4, 9, 3}, {6, 0, 0}},
    {MODULES(MODULE("a", 4, 2, 1) "," MODULE("unattributed", 5, 1, 1)), {12, 3, 2}, {9, 3, 2}, {8, 1, 1}},
    {MODULES(MODULE("a", 1, 1, 1)), {-5, -1, -9}, {1, 1, 1}, {0, 0, 0}},
    {MODULES(MODULE("a", 9007199254740993, 1, 1)),
     {999999999999999999, 1, 1},
     {9007199254740993, 1, 1},
     {990992800745259006, 0, 0}},
    /* no document, or one that is none */
    {NULL, {30, 6, 3}, {0, 0, 0}, {30, 6, 3}},
    {"null", {30, 6, 3}, {0, 0, 0}, {30, 6, 3}},
    {"{}", {30, 6, 3}, {0, 0, 0}, {30, 6, 3}},
    {"[]", {30, 6, 3}, {0, 0, 0}, {30, 6, 3}},
    {"7", {30, 6, 3}, {0, 0, 0}, {30, 6, 3}},
    {"\"text\"", {30, 6, 3}, {0, 0, 0}, {30, 6, 3}},
    {"true", {30, 6, 3}, {0, 0, 0}, {30, 6, 3}},
    {"[{\"modules\": {" MODULE("a", 1, 1, 1) "}}]", {30, 6, 3}, {0, 0, 0}, {30, 6, 3}},
    {"{\"modules\": null}", {30, 6, 3}, {0, 0, 0}, {30, 6, 3}},
    {"{\"modules\": []}", {30, 6, 3}, {0, 0, 0}, {30, 6, 3}},
    {"{\"modules\": \"x\"}", {30, 6, 3}, {0, 0, 0}, {30, 6, 3}},
    {"{\"modules\": [{" MODULE("a", 1, 1, 1) "}]}", {30, 6, 3}, {0, 0, 0}, {30, 6, 3}},
    {"{\"modules\": [{\"progress\": {\"tokens_earned\": 1}}]}", {30, 6, 3}, {0, 0, 0}, {30, 6, 3}},
    {"{\"modules\": {\"unattributed\": 7}}", {30, 6, 3}, {0, 0, 0}, {30, 6, 3}},
    {"{\"modules\": {\"unattributed\": {\"progress\": [1]}}}", {30, 6, 3}, {0, 0, 0}, {30, 6, 3}},
    /* counters that are not what they should be */
    {MODULES("\"a\": {\"progress\": {\"tokens_earned\": \"12\", \"total_questions_answered\": \"4\","
             "\"correct_answers\": \"007\"}}"),
     {30, 6, 3},
     {12, 4, 7},
     {18, 2, 0}},
    {MODULES(MODULE("a", 2.75, 1.5, 0.999)), {30, 6, 3}, {2, 1, 0}, {28, 5, 3}},
    {MODULES(MODULE("a", "2.75", "3.", ".5")), {30, 6, 3}, {2, 3, 0}, {28, 3, 3}},
    {MODULES(MODULE("a", -5, -1, -0)), {30, 6, 3}, {0, 0, 0}, {30, 6, 3}},
    {MODULES(MODULE("a", null, true, [1])), {30, 6, 3}, {0, 0, 0}, {30, 6, 3}},
    {MODULES(MODULE("a", {}, "", "many")), {30, 6, 3}, {0, 0, 0}, {30, 6, 3}},
    {MODULES(MODULE("a", "12abc", " 12", "+12")), {30, 6, 3}, {0, 0, 0}, {30, 6, 3}},
    {MODULES(MODULE("a", "0x10", "1e2", "-1")), {30, 6, 3}, {0, 0, 0}, {30, 6, 3}},
    {MODULES(MODULE("a", 1e3, 1e300, 99999999999999999999)), {30, 6, 3}, {0, 0, 0}, {30, 6, 3}},
    {MODULES(MODULE("a", 1234567890123456789, "1234567890123456789", "1\n")),
     {30, 6, 3},
     {0, 0, 0},
     {30, 6, 3}},
    {MODULES(MODULE("a", "1.123456789012345678901", 0.1e1, "1.5.5")), {30, 6, 3}, {0, 0, 0}, {30, 6, 3}},
    {MODULES(MODULE("a", 1.12345678901234567890, 100000000000000000.9, "000000000000000001.")),
     {30, 6, 3},
     {1, 100000000000000000, 1},
     {29, 0, 2}},
    {MODULES(
         "\"a\": {\"progress\": []}, \"b\": {\"progress\": 7}, \"c\": {}, \"d\": [], \"e\": null, \"f\": "
         "\"x\","
         "\"g\": [{\"progress\": {\"tokens_earned\": 9}}], \"h\": {\"progress\": [{\"tokens_earned\": 9}]},"
         "\"i\": {\"progress\": {\"deeper\": {\"tokens_earned\": 9}}}, " MODULE("j", 1, 1, 1)),
     {30, 6, 3},
     {1, 1, 1},
     {29, 5, 2}},
    {MODULES(MODULE("unattributed", "3", null, -2)), {5, 1, 1}, {3, 0, 0}, {5, 1, 1}},
    /* keys that paths would trip over */
    {MODULES(MODULE("", 1, 0, 0) "," MODULE("a\\\"b", 2, 0, 0) "," MODULE("c.d", 4, 0, 0) "," MODULE(
         "*", 8, 0, 0) "," MODULE("\\u00fc $[0]", 16, 0, 0) "," MODULE("unattributed ", 32, 0,
                                                                       0) "," MODULE("Unattributed", 64, 0,
                                                                                     0)),
     {128, 0, 0},
     {127, 0, 0},
     {1, 0, 0}},
    /* only global_stats are wrong */
    {"{\"modules\": {" MODULE("a", 5, 3, 2) "}, \"global_stats\": null}", {5, 3, 2}, {5, 3, 2}, {0, 0, 0}},
    {"{\"modules\": {" MODULE("a", 5, 3, 2) "}, \"global_stats\": [5, 3, 2]}",
     {5, 3, 2},
     {5, 3, 2},
     {0, 0, 0}},
    {"{\"modules\": {" MODULE("a", 5, 3,
                              2) "}, \"global_stats\": {\"total_tokens_earned\": \"5\","
                                 "\"total_questions_answered\": 3.0, \"total_correct_answers\": 2}}",
     {5, 3, 2},
     {5, 3, 2},
     {0, 0, 0}},
    {"{\"modules\": {" MODULE("a", 5, 3, 2) "}, \"global_stats\": {\"total_correct_answers\": -2,"
                                            "\"total_questions_answered\": 3, \"total_tokens_earned\": 5}}",
     {5, 3, 2},
     {5, 3, 2},
     {0, 0, 0}},
    {"{\"global_stats\": {\"total_tokens_earned\": 1}}", {0, 0, 0}, {0, 0, 0}, {0, 0, 0}},
    {"{\"global_stats\": {\"total_tokens_earned\": null}}", {0, 0, 0}, {0, 0, 0}, {0, 0, 0}},
};

static int64_t most(int64_t left, int64_t right) { return left > right ? left : right; }

static void test_what_modules_do_not_explain_is_kept(void **state) {
  (void)state;
  load();
  for (size_t at = 0; at < ARRAY_LENGTH(drifts); at++) {
    const struct drift *drift = &drifts[at];
    uint64_t user_id =
        learner_new(drift->columns.tokens, drift->columns.questions, drift->columns.correct, drift->document);
    struct totals expected = {most(drift->columns.tokens, drift->modules.tokens),
                              most(drift->columns.questions, drift->modules.questions),
                              most(drift->columns.correct, drift->modules.correct)};
    struct rule_repair repair = heal(user_id);
    assert_true(repair.found > 0 && repair.repaired > 0);
    assert_int_equal(repair.revision, 1);
    struct totals columns = columns_of(user_id);
    struct totals modules = modules_of(user_id, NULL);
    struct totals unattributed = modules_of(user_id, DOCUMENT_UNATTRIBUTED);
    assert_totals("columns", drift->document, &columns, &expected);
    assert_totals("modules", drift->document, &modules, &expected);
    assert_totals("unattributed", drift->document, &unattributed, &drift->unattributed);
    assert_global_stats(user_id, drift->document, &expected);
    assert_history_adds_up(user_id, drift->document);
    assert_healed_once(user_id, drift->document);
    arena_reset(fixture.arena);
  }
}

static void test_what_modules_do_not_explain_is_dropped(void **state) {
  (void)state;
  config.surplus = RULES_SURPLUS_DROP;
  load();
  for (size_t at = 0; at < ARRAY_LENGTH(drifts); at++) {
    const struct drift *drift = &drifts[at];
    uint64_t user_id =
        learner_new(drift->columns.tokens, drift->columns.questions, drift->columns.correct, drift->document);
    const char *modules_before = ask(user_id, "JSON_EXTRACT(JSON_COMPACT(hidden_grade_asset), '$.modules')");
    struct rule_repair repair = heal(user_id);
    assert_true(repair.found > 0 && repair.repaired > 0);
    struct totals columns = columns_of(user_id);
    struct totals modules = modules_of(user_id, NULL);
    assert_totals("columns", drift->document, &columns, &drift->modules);
    assert_totals("modules", drift->document, &modules, &drift->modules);
    assert_global_stats(user_id, drift->document, &drift->modules);
    const char *modules_after = ask(user_id, "JSON_EXTRACT(JSON_COMPACT(hidden_grade_asset), '$.modules')");
    assert_int_equal(modules_before == NULL, modules_after == NULL);
    if (modules_before != NULL) assert_string_equal(modules_before, modules_after);
    assert_history_adds_up(user_id, drift->document);
    assert_healed_once(user_id, drift->document);
    arena_reset(fixture.arena);
  }
}

static void test_a_sound_learner_is_not_written(void **state) {
  (void)state;
  static const struct drift sound[] = {
      {.document = NULL},
      {.document = "[]"},
      {.document = "{\"modules\": {" MODULE("a", 0, -4, "x") "}}"},
      {"{\"modules\": {" MODULE("a", 5, "3",
                                2.5) "}, \"global_stats\": {\"total_tokens_earned\": 5,"
                                     "\"total_questions_answered\": 3, \"total_correct_answers\": 2, "
                                     "\"last_sync\": \"never\"}, \"more\": 1}",
       {5, 3, 2},
       {0},
       {0}},
  };
  for (int surplus = RULES_SURPLUS_UNATTRIBUTED; surplus <= RULES_SURPLUS_DROP; surplus++) {
    config.surplus = surplus;
    load();
    for (size_t at = 0; at < ARRAY_LENGTH(sound); at++) {
      uint64_t user_id = learner_new(sound[at].columns.tokens, sound[at].columns.questions,
                                     sound[at].columns.correct, sound[at].document);
      const char *before = picture(user_id);
      struct rule_repair repair = heal(user_id);
      assert_int_equal(repair.found, 0);
      assert_int_equal(repair.repaired, 0);
      assert_int_equal(repair.revision, 0);
      assert_string_equal(picture(user_id), before);
    }
  }
}

static void test_totals_past_counting_are_left_to_a_person(void **state) {
  (void)state;
  static const struct totals columns[] = {{1000000000000000000, 2, 1}, {INT64_MAX, INT64_MAX, INT64_MAX}};
  for (int surplus = RULES_SURPLUS_UNATTRIBUTED; surplus <= RULES_SURPLUS_DROP; surplus++) {
    config.surplus = surplus;
    load();
    for (size_t at = 0; at < ARRAY_LENGTH(columns); at++) {
      uint64_t user_id = learner_new(columns[at].tokens, columns[at].questions, columns[at].correct,
                                     MODULES(MODULE("a", 5, 3, 2)));
      heal(user_id);
      struct totals after = columns_of(user_id);
      assert_totals("columns", "a large one", &after, &columns[at]);
      assert_global_stats(user_id, "a large one", &columns[at]);
      assert_healed_once(user_id, "a large one");
    }
  }
}

static void test_what_is_not_known_stays(void **state) {
  (void)state;
  load();
  uint64_t user_id = learner_new(
      50, 12, 6,
      "{\"z\": {\"theme\": \"d\\u00fcrk\\/\\n\", \"n\": 1.50, \"null\": null, \"list\": [1, {\"x\": null}, "
      "\"\xc3\xbc\"]},"
      "\"modules\": {\"a\": {\"progress\": {\"tokens_earned\": \"20\", \"total_questions_answered\": 10,"
      "\"correct_answers\": 5, \"level\": \"gold\"}, \"extra\": {\"deep\": [1, null]}}, \"b\": null, "
      "\"unattributed\":"
      " {\"label\": \"?\", \"progress\": {\"tokens_earned\": 1, \"first\": true}}}, \"global_stats\": "
      "{\"rank\": \"A\","
      "\"total_tokens_earned\": 1, \"last_updated\": \"then\"}}");
  heal(user_id);
  assert_string_equal(
      ask(user_id, "JSON_REMOVE(hidden_grade_asset, '$.global_stats.last_sync')"),
      "{\"z\": {\"theme\": \"d\\u00fcrk\\/\\n\", \"n\": 1.50, \"null\": null, \"list\": [1, {\"x\": null}, "
      "\"\xc3\xbc\"]}, "
      "\"modules\": {\"a\": {\"progress\": {\"tokens_earned\": \"20\", \"total_questions_answered\": 10, "
      "\"correct_answers\": 5, \"level\": \"gold\"}, \"extra\": {\"deep\": [1, null]}}, \"b\": null, "
      "\"unattributed\": "
      "{\"label\": \"?\", \"progress\": {\"tokens_earned\": 30, \"first\": true, "
      "\"total_questions_answered\": 2, "
      "\"correct_answers\": 1}}}, \"global_stats\": {\"rank\": \"A\", \"total_tokens_earned\": 50, "
      "\"last_updated\": \"then\", \"total_questions_answered\": 12, \"total_correct_answers\": 6}}");
  int64_t synced_ms;
  const char *synced =
      ask(user_id, "JSON_UNQUOTE(JSON_EXTRACT(hidden_grade_asset, '$.global_stats.last_sync'))");
  assert_true(clock_parse_ms(synced, &synced_ms));
  assert_int_equal(strlen(synced), CLOCK_ISO_BYTES - 1);
  assert_in_range(clock_now_ms() - synced_ms + 1000, 0, 60000);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_what_modules_do_not_explain_is_kept, setup, teardown),
      cmocka_unit_test_setup_teardown(test_what_modules_do_not_explain_is_dropped, setup, teardown),
      cmocka_unit_test_setup_teardown(test_a_sound_learner_is_not_written, setup, teardown),
      cmocka_unit_test_setup_teardown(test_totals_past_counting_are_left_to_a_person, setup, teardown),
      cmocka_unit_test_setup_teardown(test_what_is_not_known_stays, setup, teardown),
  };
  if (fixture_is_missing()) return 0;
  return cmocka_run_group_tests_name("rule/rules_shipped", tests, group_setup, group_teardown);
}
