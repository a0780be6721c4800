/* What may be asked to be repaired: every rule that is named ships, no rule about events is forgotten, and
 * what is asked for comes out once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "event/repair_types.h"

#include "base/banned.h"

#define ARENA_BYTES ((size_t)1024 * 1024)

static struct rule_set *set;
static struct arena *arena;

static int setup(void **state) {
  char directory[512];
  struct error error = ERROR_INIT;
  struct rules_config config = {.directory = directory, .site_directory = "/nonexistent"};
  const char *source = getenv("LOCKSTEP_SOURCE");
  (void)state;
  snprintf(directory, sizeof directory, "%s/sql/rules", source == NULL ? "." : source);
  arena = arena_new(ARENA_BYTES);
  if (arena == NULL || !rule_set_load(&config, &error, &set)) {
    print_error("%s %s\n", error.message, error.detail);
    return -1;
  }
  return 0;
}

static int teardown(void **state) {
  (void)state;
  rule_set_free(set);
  arena_free(arena);
  return 0;
}

static const struct rule *find(const char *name) {
  for (size_t at = 0; at < rule_set_count(set); at++)
    if (strcmp(rule_set_at(set, at)->name, name) == 0) return rule_set_at(set, at);
  return NULL;
}

static void test_every_rule_ships(void **state) {
  (void)state;
  for (size_t at = 0; at < repair_type_count; at++)
    if (find(repair_types[at].rule) == NULL) fail_msg("there is no rule %s", repair_types[at].rule);
}

/* Those that change what events move. */
static void test_no_rule_is_forgotten(void **state) {
  (void)state;
  for (size_t at = 0; at < rule_set_count(set); at++) {
    const struct rule *rule = rule_set_at(set, at);
    bool is_named = false;
    if (rule->on_read != RULE_READ_EVENTS && strstr(rule->name, "_match_events") == NULL &&
        strstr(rule->name, "_matches_events") == NULL)
      continue;
    for (size_t row = 0; row < repair_type_count; row++)
      is_named = is_named || strcmp(repair_types[row].rule, rule->name) == 0;
    if (!is_named) fail_msg("%s stands in no type", rule->name);
  }
}

static bool settle(bool any_rule, struct error *error, struct field_list *ret_rules, size_t count,
                   const char *const *words) {
  struct field_list types = {.items = (void *)words, .count = count};
  error_clear(error);
  return repair_types_settle(&types, set, any_rule, arena, error, ret_rules);
}
#define SETTLE(any_rule, ...) \
  settle(any_rule, &error, &rules, sizeof((const char *[]){__VA_ARGS__}) / sizeof(const char *), \
         (const char *[]){__VA_ARGS__})

static void test_each_rule_once(void **state) {
  struct error error = ERROR_INIT;
  struct field_list rules;
  (void)state;
  assert_true(SETTLE(false, "timestamp_mismatch"));
  assert_int_equal(rules.count, 1);
  assert_string_equal(((const char **)rules.items)[0], "activities_match_events");
  assert_true(SETTLE(false, "duplicate_event", "summary_matches_events", "duplicate_event"));
  assert_int_equal(rules.count, 2);
}

static void test_what_is_unknown(void **state) {
  struct error error = ERROR_INIT;
  struct field_list rules = {.count = 7};
  (void)state;
  assert_false(SETTLE(false, "duplicate_event", "gremlins"));
  assert_int_equal(error.code, ERROR_UNPROCESSABLE);
  assert_string_equal(error.fields[0].field, "inconsistencyTypes[1]");
  assert_non_null(strstr(error.message, "timestamp_mismatch"));
  assert_int_equal(rules.count, 7);
  assert_false(SETTLE(false, "orphan_attempts"));
  assert_true(SETTLE(true, "orphan_attempts"));
  assert_false(SETTLE(true, "gremlins"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_every_rule_ships),
      cmocka_unit_test(test_no_rule_is_forgotten),
      cmocka_unit_test(test_each_rule_once),
      cmocka_unit_test(test_what_is_unknown),
  };
  return cmocka_run_group_tests_name("repair_types", tests, setup, teardown);
}
