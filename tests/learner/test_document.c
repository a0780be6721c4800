#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buffer.h"
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

static const char *merged(const char *into, const char *from, const struct document_share *less,
                          size_t count) {
  const struct document_totals totals = {.tokens = 15, .questions = 3, .correct = 2};
  const char *result = NULL;
  assert_true(document_merge(into, from, less, count, &totals, NOW_MS, arena, &error, &result));
  return result;
}

#define MODULE(key, tokens, more) "\"" key "\":{\"progress\":{\"tokens_earned\":" #tokens more "}}"
#define ZEROES ",\"total_questions_answered\":0,\"correct_answers\":0"

static void test_merges_module_by_module(void **state) {
  (void)state;
  assert_string_equal(
      merged("{\"theme\":1,\"modules\":{" MODULE("math", 2, "") "}}",
             "{\"theme\":2,\"pet\":3,\"modules\":{" MODULE("math", 3, ",\"badge\":1") "," MODULE(
                 "art", 4, "") ",\"old\":7},\"global_stats\":{\"rank\":1}}",
             NULL, 0),
      "{\"theme\":1,\"modules\":{" MODULE("math", 5, ",\"badge\":1" ZEROES) "," MODULE(
          "art", 4, ZEROES) ",\"old\":7},\"global_stats\":{\"rank\":1,"
                            "\"total_tokens_earned\":15,\"total_questions_answered\":3,\"total_correct_"
                            "answers\":2," UPDATED ",\"pet\":3}");
}

static void test_merges_where_there_is_none(void **state) {
  const char *whole = "{\"modules\":{" MODULE("math", 3, ZEROES) "}," STATS UPDATED "}";
  (void)state;
  assert_string_equal(merged(NULL, "{\"modules\":{" MODULE("math", 3, "") "}}", NULL, 0), whole);
  assert_string_equal(merged("{\"modules\":{" MODULE("math", 3, ZEROES) "}}", NULL, NULL, 0), whole);
  assert_string_equal(merged("[]", "7", NULL, 0), "{" STATS UPDATED "}");
}

/* Nothing falls below nothing. */
static void test_merges_without_what_was_shared(void **state) {
  const struct document_share less[] = {{.module = "math", .totals = {.tokens = 1}},
                                        {.module = "math", .totals = {.tokens = 1, .questions = 4}},
                                        {.module = "art", .totals = {.tokens = 9}}};
  (void)state;
  assert_string_equal(
      merged(NULL, "{\"modules\":{" MODULE("math", 3, "") "," MODULE("art", 4, "") "}}", less, 3),
      "{\"modules\":{" MODULE("math", 1, ZEROES) "," MODULE("art", 0, ZEROES) "}," STATS UPDATED "}");
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

/* {"modules": {"m<from>": …, …}} */
static const char *with_modules(int from, int count) {
  CLEANUP(buffer_free) struct buffer text = BUFFER_INIT(DOCUMENT_BYTES_MAX);
  for (int at = 0; at < count; at++) {
    buffer_append_text(&text, at == 0 ? "{\"modules\":{\"m" : ",\"m");
    buffer_append_i64(&text, from + at);
    buffer_append_text(&text, "\":{\"progress\":{}}");
  }
  buffer_append_text(&text, "}}");
  assert_false(text.failed);
  return arena_strdup(arena, text.data);
}

static void test_holds_so_many_modules(void **state) {
  (void)state;
  const struct document_totals step = {.tokens = 1};
  const char *result = "untouched";
  const char *full = add(with_modules(1, DOCUMENT_MODULES_MAX - 1), "m0");
  assert_false(document_add(full, "one more", &step, &step, NOW_MS, arena, &error, &result));
  assert_int_equal(error.code, ERROR_UNPROCESSABLE);
  assert_non_null(strstr(error.message, "more modules"));
  assert_string_equal(result, "untouched");
  add(full, "m7");
  add(with_modules(0, DOCUMENT_MODULES_MAX + 1), "m7");
}

static void test_merges_so_many_modules(void **state) {
  (void)state;
  const struct document_totals totals = {.tokens = 1};
  const char *full = with_modules(0, DOCUMENT_MODULES_MAX);
  const char *result = "untouched";
  merged(full, with_modules(7, 2), NULL, 0);
  assert_false(document_merge(full, with_modules(DOCUMENT_MODULES_MAX, 1), NULL, 0, &totals, NOW_MS, arena,
                              &error, &result));
  assert_int_equal(error.code, ERROR_UNPROCESSABLE);
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
      cmocka_unit_test_setup_teardown(test_holds_so_many_modules, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_merges_so_many_modules, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_merges_module_by_module, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_merges_where_there_is_none, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_merges_without_what_was_shared, set_up, tear_down),
  };
  return cmocka_run_group_tests_name("document", tests, NULL, NULL);
}
