#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "live/live_parts.h"

#include "base/banned.h"

#define ARENA_BYTES ((size_t)64 * 1024 * 1024)
#define AT "2026-11-21T08:00:00.000Z"
#define AT_MS INT64_C(1795248000000)
#define PROGRESS(changes) \
  "{\"type\":\"progress_update\",\"userId\":7,\"data\":{\"kind\":\"events\",\"at\":\"" AT \
  "\",\"changes\":" changes "}}"

static struct arena *arena;
static struct live_part *parts;
static size_t count;

static int setup(void **state) {
  (void)state;
  arena = arena_new(ARENA_BYTES);
  return arena == NULL ? -1 : 0;
}

static int teardown(void **state) {
  (void)state;
  arena_free(arena);
  return 0;
}

static bool make(const char *changes) {
  struct error error = ERROR_INIT;
  const struct live_changes_row row = {
      .user_id = 7, .revision = 42, .kind = "events", .changes = changes, .created_at = AT_MS};
  return live_parts_make(&row, arena, &error, &parts, &count);
}

static void test_what_is_nothing_else_is_progress(void **state) {
  static const char *const plain[] = {
      "[]", "[{\"what\":\"tokens\",\"key\":\"math\",\"by\":5,\"because\":\"exercise ex_7\"}]",
      "[{\"what\":\"displayName\",\"because\":\"an achievement\"}]", /* only the word */
      "[{\"what\":\"module\",\"key\":\"conflict\",\"by\":1}]"};
  (void)state;
  for (size_t at = 0; at < ARRAY_LENGTH(plain); at++) {
    assert_true(make(plain[at]));
    assert_int_equal(count, 1);
    assert_int_equal(parts[0].type, LIVE_PROGRESS);
    assert_non_null(strstr(parts[0].change, plain[at]));
  }
  assert_true(make("[]"));
  assert_string_equal(parts[0].change, PROGRESS("[]"));
}

static void test_achievements_and_conflicts_are_parts_of_their_own(void **state) {
#define CHANGES \
  "[{\"what\":\"event\",\"key\":\"video_completed\",\"by\":1,\"because\":\"e-1\"}," \
  "{\"what\":\"achievement\",\"key\":\"first-step\",\"by\":1,\"because\":\"A \\\"first\\\" step\"}," \
  "{\"what\":\"conflict\",\"key\":\"12\",\"by\":1,\"because\":\"timestamp_mismatch\"}," \
  "{\"what\":\"achievement\",\"key\":\"ten\",\"by\":1}]"
  (void)state;
  assert_true(make(CHANGES));
  assert_int_equal(count, 4);
  assert_string_equal(parts[0].change, PROGRESS(CHANGES));
  assert_int_equal(parts[1].type, LIVE_ACHIEVEMENT);
  assert_string_equal(
      parts[1].change,
      "{\"type\":\"achievement_earned\",\"userId\":7,\"data\":{\"id\":\"first-step\",\"title\":\"A "
      "\\\"first\\\" step\",\"at\":\"" AT "\"}}");
  assert_int_equal(parts[2].type, LIVE_CONFLICT);
  assert_string_equal(parts[2].change,
                      "{\"type\":\"conflict_detected\",\"userId\":7,\"data\":{\"id\":12,\"conflictType\":"
                      "\"timestamp_mismatch\",\"at\":\"" AT "\"}}");
  assert_int_equal(parts[3].type, LIVE_ACHIEVEMENT);
  assert_non_null(strstr(parts[3].change, "\"id\":\"ten\",\"title\":\"\""));
}

/* Summed up, or written by somebody else: there is nothing to show one by one. */
static void test_what_names_nothing_is_no_part(void **state) {
  (void)state;
  assert_true(make("[{\"what\":\"achievement\",\"by\":40,\"because\":\"40 changes more\"},"
                   "{\"what\":\"conflict\",\"key\":\"twelve\",\"by\":1},{\"what\":\"conflict\",\"key\":\"\"},"
                   "{\"what\":null,\"key\":\"achievement\"}]"));
  assert_int_equal(count, 1);
}

static void test_as_many_as_an_entry_may_have(void **state) {
  CLEANUP(buffer_free) struct buffer text = BUFFER_INIT(ARENA_BYTES);
  (void)state;
  buffer_append_char(&text, '[');
  for (int at = 0; at < 10000; at++)
    buffer_printf(&text, "%s{\"what\":\"achievement\",\"key\":\"a-%d\",\"by\":1}", at == 0 ? "" : ",", at);
  buffer_append_char(&text, ']');
  assert_true(make(buffer_text(&text)));
  assert_int_equal(count, 10001);
}

static void test_what_is_no_history_is_refused(void **state) {
  (void)state;
  assert_false(make("[{\"what\":\"achievement\""));
  assert_false(make("{\"what\":\"achievement\"}"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_what_is_nothing_else_is_progress, setup, teardown),
      cmocka_unit_test_setup_teardown(test_achievements_and_conflicts_are_parts_of_their_own, setup,
                                      teardown),
      cmocka_unit_test_setup_teardown(test_what_names_nothing_is_no_part, setup, teardown),
      cmocka_unit_test_setup_teardown(test_as_many_as_an_entry_may_have, setup, teardown),
      cmocka_unit_test_setup_teardown(test_what_is_no_history_is_refused, setup, teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
