#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "learner/document.h"

#include "base/banned.h"

#define NOW_MS INT64_C(1700000000000)

static struct arena *arena;
static struct error error;

static int set_up(void **state) {
  (void)state;
  arena = arena_new(4 * DOCUMENT_BYTES_MAX);
  error_clear(&error);
  return arena == NULL;
}

static int tear_down(void **state) {
  (void)state;
  arena_free(arena);
  return 0;
}

static const char *add(const char *document, const char *module) {
  const struct document_totals step = {.tokens = 5, .questions = 1, .correct = 1};
  const struct document_totals totals = {.tokens = 15, .questions = 3, .correct = 2};
  const char *result = NULL;
  assert_true(document_add(document, module, &step, &totals, NOW_MS, arena, &error, &result));
  return result;
}

#define STATS \
  "\"global_stats\":{\"total_tokens_earned\":15,\"total_questions_answered\":3,\"total_correct_answers\":2,"
#define UPDATED "\"last_updated\":\"2023-11-14T22:13:20.000Z\"}"

static void test_starts_where_there_is_none(void **state) {
  (void)state;
  const char *expected = "{\"modules\":{\"math\":{\"progress\":{\"tokens_earned\":5,"
                         "\"total_questions_answered\":1,\"correct_answers\":1}}}," STATS UPDATED "}";
  assert_string_equal(add(NULL, "math"), expected);
  assert_string_equal(add("[1, 2]", "math"), expected);
  assert_string_equal(add("\"text\"", "math"), expected);
  assert_string_equal(add("{\"modules\": 7, \"global_stats\": []}", "math"), expected);
}

static void test_keeps_what_it_does_not_know(void **state) {
  (void)state;
  const char *before =
      "{\"theme\":\"dark/night\",\"modules\":{\"math\":{\"level\":3,\"progress\":{\"tokens_earned\":2,"
      "\"badge\":null}},\"art\":{}},\"global_stats\":{\"rank\":1.50}}";
  const char *expected =
      "{\"theme\":\"dark/night\",\"modules\":{\"math\":{\"level\":3,\"progress\":{\"tokens_earned\":7,"
      "\"badge\":null,\"total_questions_answered\":1,\"correct_answers\":1}},\"art\":{}},"
      "\"global_stats\":{\"rank\":1.50,\"total_tokens_earned\":15,"
      "\"total_questions_answered\":3,\"total_correct_answers\":2," UPDATED "}";
  assert_string_equal(add(before, "math"), expected);
}

static void test_module_names_are_only_names(void **state) {
  (void)state;
  struct document_view view;
  const char *name = "a\"b\\c.$[0] \xc3\xa9";
  assert_true(document_read(add(NULL, name), arena, &error, &view));
  assert_int_equal(view.module_count, 1);
  assert_string_equal(view.modules[0].key, name);
}

static void test_reads_counts_of_every_shape(void **state) {
  (void)state;
  struct document_view view;
  const char *document =
      "{\"modules\":{\"a\":{\"progress\":{\"tokens_earned\":\"12\",\"total_questions_answered\":null,"
      "\"correct_answers\":[1]}},\"b\":{\"progress\":{\"tokens_earned\":\"x\"}},\"c\":{},\"d\":4,"
      "\"e\":{\"progress\":9}}}";
  assert_true(document_read(document, arena, &error, &view));
  assert_int_equal(view.module_count, 2);
  assert_int_equal(view.modules[0].totals.tokens, 12);
  assert_int_equal(view.modules[0].totals.questions, 0);
  assert_int_equal(view.modules[0].totals.correct, 0);
  assert_int_equal(view.modules[1].totals.tokens, 0);
  assert_string_equal(view.global_stats, "{}");
  assert_null(view.last_sync);
}

/* As the rules read them: sql/rules/user_totals_match_modules.sql. */
static void test_reads_a_counter_as_the_rules_do(void **state) {
  (void)state;
  static const struct {
    const char *json;
    int64_t value;
  } cases[] = {{"12", 12},
               {"\"12\"", 12},
               {"2.75", 2},
               {"\"2.75\"", 2},
               {"-3", 0},
               {"\"-3\"", 0},
               {"1e3", 0},
               {"true", 0},
               {"null", 0},
               {"\"12x\"", 0},
               {"\" 12\"", 0},
               {"999999999999999999", 999999999999999999},
               {"1000000000000000000", 0},
               {"\"1.0\"", 1},
               {"{}", 0},
               {"\"\"", 0}};
  for (size_t at = 0; at < ARRAY_LENGTH(cases); at++) {
    struct document_view view;
    const char *document =
        arena_printf(arena, "{\"modules\":{\"a\":{\"progress\":{\"tokens_earned\":%s}}}}", cases[at].json);
    assert_true(document_read(document, arena, &error, &view));
    if (view.modules[0].totals.tokens != cases[at].value) fail_msg("%s", cases[at].json);
  }
}

static void test_refuses_to_replace_what_it_cannot_read(void **state) {
  (void)state;
  const struct document_totals step = {.tokens = 1};
  const char *result = "untouched";
  assert_false(document_add("{\"modules\":", "math", &step, &step, NOW_MS, arena, &error, &result));
  assert_int_equal(error.code, ERROR_INTERNAL);
  assert_string_equal(result, "untouched");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_starts_where_there_is_none, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_keeps_what_it_does_not_know, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_module_names_are_only_names, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_reads_counts_of_every_shape, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_reads_a_counter_as_the_rules_do, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_refuses_to_replace_what_it_cannot_read, set_up, tear_down),
  };
  return cmocka_run_group_tests_name("document", tests, NULL, NULL);
}
