/* What the endpoints of the systems share, where no database is needed. */
#include "event/system.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"

#include "base/banned.h"

#define ARENA_BYTES ((size_t)1024 * 1024)

static int setup(void **state) {
  *state = arena_new(ARENA_BYTES);
  return *state == NULL;
}

static int teardown(void **state) {
  arena_free(*state);
  return 0;
}

static void test_places_come_back_as_they_were_handed_out(void **state) {
  struct arena *arena = *state;
  static const struct system_place places[] = {
      {1763712000123, "t1"}, {CLOCK_MIN_MS, "_"}, {CLOCK_MAX_MS, "a_b/c d"}, {-1, "é"}};
  struct error error = ERROR_INIT;
  for (size_t at = 0; at < ARRAY_LENGTH(places); at++) {
    struct system_place place;
    const char *text;
    assert_true(system_place_print(&places[at], arena, &error, &text));
    assert_true(system_place_parse(text, &error, &place));
    assert_int_equal(place.at_ms, places[at].at_ms);
    assert_string_equal(place.id, places[at].id);
  }
}

static void test_no_place_is_before_every_row(void **state) {
  struct error error = ERROR_INIT;
  struct system_place place;
  (void)state;
  assert_true(system_place_parse(NULL, &error, &place));
  assert_int_equal(place.at_ms, CLOCK_MIN_MS);
  assert_string_equal(place.id, "");
}

static void test_what_was_never_handed_out_is_no_place(void **state) {
  static const char *const texts[] = {"",
                                      "_",
                                      "t1",
                                      "2026-01-02T03:04:05.678Z",
                                      "2026-01-02T03:04:05.678Zt1",
                                      "2026-13-02T03:04:05.678Z_t1",
                                      "2026-01-02T03:04:05.678_t1z"};
  (void)state;
  for (size_t at = 0; at < ARRAY_LENGTH(texts); at++) {
    struct error error = ERROR_INIT;
    struct system_place place;
    assert_false(system_place_parse(texts[at], &error, &place));
    assert_int_equal(error.code, ERROR_MALFORMED);
    assert_string_equal(error.fields[0].field, "after");
  }
}

static bool is_id(const char *text) {
  struct error error = ERROR_INIT;
  return system_check_id(&text, &error);
}

static bool is_name(const char *text) {
  struct error error = ERROR_INIT;
  return system_check_name(&text, &error);
}

static void test_ids_stand_in_paths(void **state) {
  (void)state;
  assert_true(is_id("todo-417"));
  assert_true(is_id("a.b:c~d"));
  assert_true(is_id(NULL));
  assert_false(is_id("a b"));
  assert_false(is_id("a/b"));
  assert_false(is_id("a\\b"));
  assert_false(is_id("50%"));
  assert_false(is_id("é"));
  assert_false(is_id("a\177"));
}

static void test_no_name_ends_with_a_blank(void **state) {
  (void)state;
  assert_true(is_name("a b"));
  assert_true(is_name(" a"));
  assert_true(is_name(NULL));
  assert_false(is_name("a "));
}

static bool are_names(const char *one, const char *other) {
  const char *names[] = {one, other};
  struct field_list list = {.items = names, .count = other == NULL ? 1 : 2};
  struct error error = ERROR_INIT;
  return system_check_names(&list, &error);
}

static void test_names_in_a_list_are_different(void **state) {
  struct arena *arena = *state;
  char *longest = arena_alloc(arena, (size_t)2 * EVENT_ACTIVITY_CHARACTERS + 3);
  assert_non_null(longest);
  (void)state;
  for (size_t at = 0; at < EVENT_ACTIVITY_CHARACTERS; at++)
    memcpy(longest + 2 * at, "é", 2);
  assert_true(are_names("a", "b"));
  assert_false(are_names("a", "a"));
  assert_false(are_names("a", ""));
  assert_false(are_names("a ", NULL));
  assert_true(are_names(longest, NULL));
  memcpy(longest + (size_t)2 * EVENT_ACTIVITY_CHARACTERS, "é", 2);
  assert_false(are_names(longest, NULL));
}

static void test_what_is_the_same(void **state) {
  (void)state;
  assert_true(system_same_text(NULL, NULL));
  assert_false(system_same_text(NULL, ""));
  assert_true(system_same_text("a", "a"));
  assert_true(system_same_time(1, PRESENCE_NULL, 2, PRESENCE_NULL));
  assert_false(system_same_time(1, PRESENCE_GIVEN, 2, PRESENCE_GIVEN));
  assert_false(system_same_time(1, PRESENCE_GIVEN, 1, PRESENCE_NULL));
  assert_int_equal(system_word(completion_status_names, "skipped"), STATUS_SKIPPED);
  assert_int_equal(system_word(completion_status_names, "nothing"), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_places_come_back_as_they_were_handed_out),
      cmocka_unit_test(test_no_place_is_before_every_row),
      cmocka_unit_test(test_what_was_never_handed_out_is_no_place),
      cmocka_unit_test(test_ids_stand_in_paths),
      cmocka_unit_test(test_no_name_ends_with_a_blank),
      cmocka_unit_test(test_names_in_a_list_are_different),
      cmocka_unit_test(test_what_is_the_same),
  };
  return cmocka_run_group_tests_name("event/system", tests, setup, teardown);
}
