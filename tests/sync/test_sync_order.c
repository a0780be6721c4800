/* What may be asked of the engine: what is read, what goes together, and what becomes of it. */
#include "../rule/rule_files.h"

#include <string.h>

#include "schema/decode.h"
#include "schema/encode.h"
#include "sync/sync_order.h"

#include "base/banned.h"

#define TOTALS "user_totals_match_modules"
#define STATS "global_stats_match_totals"
#define REBUILD "document_matches_columns"

struct fixture {
  struct arena *arena;
  struct rule_set *set;
  struct error error;
  struct sync_order order;
};

static int setup(void **state) {
  static char shipped[RULE_PATH_BYTES];
  struct fixture *fixture = calloc(1, sizeof *fixture);
  assert_non_null(fixture);
  fixture->arena = arena_new((size_t)1 << 20);
  rule_directory_shipped(shipped);
  struct rules_config config = {.directory = shipped, .site_directory = "/nonexistent", .enabled = true};
  assert_true(rule_set_load(&config, &fixture->error, &fixture->set));
  *state = fixture;
  return 0;
}

static int teardown(void **state) {
  struct fixture *fixture = *state;
  rule_set_free(fixture->set);
  arena_free(fixture->arena);
  free(fixture);
  return 0;
}

static void decode(struct fixture *fixture, const struct schema *schema, const char *text) {
  if (!schema_decode_json(schema, text, strlen(text), UNKNOWN_REFUSED, fixture->arena, &fixture->order,
                          &fixture->error))
    fail_msg("%s: %s", text, fixture->error.message);
}

static void assert_refused(struct fixture *fixture, const struct schema *schema, const char *text,
                           const char *field, const char *message) {
  error_clear(&fixture->error);
  decode(fixture, schema, text);
  assert_false(sync_order_check(&fixture->order, fixture->set, &fixture->error));
  assert_int_equal(fixture->error.code, ERROR_UNPROCESSABLE);
  assert_string_equal(fixture->error.fields[0].field, field);
  if (strstr(fixture->error.fields[0].message, message) == NULL)
    fail_msg("%s: %s", text, fixture->error.fields[0].message);
}

static void assert_unreadable(struct fixture *fixture, const struct schema *schema, const char *text) {
  error_clear(&fixture->error);
  assert_false(schema_decode_json(schema, text, strlen(text), UNKNOWN_REFUSED, fixture->arena,
                                  &fixture->order, &fixture->error));
  assert_int_equal(fixture->error.code, ERROR_MALFORMED);
}

static void test_rules_are_known_by_name(void **state) {
  struct fixture *fixture = *state;
  decode(fixture, &sync_fix_schema, "{\"rules\": [\"" TOTALS "\", \"" STATS "\"]}");
  assert_true(sync_order_check(&fixture->order, fixture->set, &fixture->error));
  assert_refused(fixture, &sync_fix_schema, "{\"rules\": [\"" STATS "\", \"nobody\"]}", "rules[1]", "nobody");
  assert_refused(fixture, &sync_all_schema, "{\"rules\": [\"\"]}", "rules[0]", "no rule");
  assert_unreadable(fixture, &sync_fix_schema, "{\"rules\": []}");
  assert_true(sync_order_knows(fixture->set, STATS));
  assert_false(sync_order_knows(fixture->set, "*"));
}

static void test_the_other_authority_is_asked_for(void **state) {
  struct fixture *fixture = *state;
  assert_refused(fixture, &sync_fix_schema, "{\"rules\": [\"" REBUILD "\"]}", "rules[0]",
                 "authority columns");
  assert_refused(fixture, &sync_fix_schema, "{\"authority\": \"columns\", \"rules\": [\"" TOTALS "\"]}",
                 "rules[0]", "authority modules");
  decode(fixture, &sync_fix_schema, "{\"authority\": \"columns\", \"rules\": [\"" REBUILD "\"]}");
  assert_true(sync_order_check(&fixture->order, fixture->set, &fixture->error));
  assert_int_equal(sync_order_repair(&fixture->order).authority, REPAIR_AUTHORITY_COLUMNS);
}

static void test_a_plan_says_itself_what_it_changes(void **state) {
  struct fixture *fixture = *state;
  const struct schema *body = &sync_fix_body_schema;
  static const char digest[] =
      "{\"digest\": \"0123456789012345678901234567890123456789012345678901234567890123\"}";
  assert_refused(fixture, body, "{\"planId\": 3, \"rules\": [\"" STATS "\"]}", "rules", "planId");
  assert_refused(fixture, body, "{\"planId\": 3, \"userId\": 7}", "userId", "planId");
  assert_refused(fixture, body, "{\"planId\": 3, \"authority\": \"modules\"}", "authority", "planId");
  assert_refused(fixture, body, "{\"planId\": 3, \"dryRun\": true}", "dryRun", "planId");
  assert_refused(fixture, body, digest, "digest", "planId");
  decode(fixture, body, "{\"planId\": 3, \"confirmOverLimit\": true, \"dryRun\": false}");
  assert_true(sync_order_check(&fixture->order, fixture->set, &fixture->error));
}

static void test_one_learner_or_everybody(void **state) {
  struct fixture *fixture = *state;
  decode(fixture, &sync_fix_schema, "{\"userId\": 7}");
  struct repair_order one = sync_order_repair(&fixture->order);
  assert_int_equal(one.from_user, 7);
  assert_int_equal(one.to_user, 7);
  assert_int_equal(one.rule_count, 0);
  assert_false(one.dry_run || one.confirm_over_limit);
  decode(fixture, &sync_fix_body_schema,
         "{\"rules\": [\"" STATS "\"], \"dryRun\": true, \"confirmOverLimit\": true}");
  struct repair_order all = sync_order_repair(&fixture->order);
  assert_int_equal(all.from_user, 0);
  assert_int_equal(all.to_user, INT64_MAX);
  assert_int_equal(all.rule_count, 1);
  assert_string_equal(all.rules[0], STATS);
  assert_true(all.dry_run && all.confirm_over_limit);
}

static void test_what_heals_on_read(void **state) {
  struct fixture *fixture = *state;
  struct field_list rules;
  assert_true(sync_order_on_read(fixture->set, fixture->arena, &fixture->error, &rules));
  const char *const *names = rules.items;
  assert_int_equal(rules.count, 2);
  assert_string_equal(names[0], TOTALS);
  assert_string_equal(names[1], STATS);
}

/* No rule by name would mean every rule. */
static void test_nothing_that_heals_on_read_is_not_everything(void **state) {
  struct fixture *fixture = *state;
  static const char quiet[] =
      "-- rule: quiet\n-- summary: Nothing.\n-- severity: info\n-- on-read: no\n"
      "-- changes: users.display_name\n\n"
      "SELECT id AS user_id, 'users' AS `table`, id AS `key`, 'set' AS `action`, 'display_name' AS "
      "`column`,\n"
      "       display_name AS actual, NULL AS wanted FROM users WHERE id BETWEEN :from AND :to AND FALSE\n";
  char directory[RULE_PATH_BYTES];
  struct rule_set *set;
  struct field_list rules;
  rule_directory_make(directory);
  rule_file_write(directory, "quiet.sql", quiet);
  struct rules_config config = {.directory = directory, .site_directory = "/nonexistent"};
  if (!rule_set_load(&config, &fixture->error, &set)) fail_msg("%s", fixture->error.message);
  assert_false(sync_order_on_read(set, fixture->arena, &fixture->error, &rules));
  assert_int_equal(fixture->error.code, ERROR_CONFLICT);
  rule_set_free(set);
  rule_directory_remove(directory);
}

static void test_job_parameters_take_only_what_they_know(void **state) {
  struct fixture *fixture = *state;
  assert_unreadable(fixture, &sync_user_schema, "{}");
  assert_unreadable(fixture, &sync_user_schema, "{\"userId\": 7, \"rules\": [\"" STATS "\"]}");
  assert_unreadable(fixture, &sync_all_schema, "{\"userId\": 7}");
  assert_unreadable(fixture, &sync_plan_schema, "{\"planId\": 7}");
  assert_unreadable(fixture, &sync_fix_schema, "{\"dryRun\": true}");
  assert_unreadable(fixture, &sync_rebuild_schema, "{\"authority\": \"columns\"}");
  assert_unreadable(fixture, &sync_rollback_schema, "{\"runId\": 0}");
  decode(fixture, &sync_sample_schema, "{}");
  assert_int_equal(fixture->order.learners, 2000);
}

/* An endpoint's order becomes a job's parameters, and says the same there. */
static void test_an_order_survives_its_way_into_a_job(void **state) {
  struct fixture *fixture = *state;
  CLEANUP(buffer_free) struct buffer text = BUFFER_INIT(4096);
  decode(fixture, &sync_fix_body_schema, "{\"rules\": [\"" STATS "\"], \"confirmOverLimit\": true}");
  schema_encode_json(&sync_fix_schema, &fixture->order, &text);
  assert_string_equal(buffer_text(&text), "{\"rules\":[\"" STATS "\"],\"confirmOverLimit\":true}");
  decode(fixture, &sync_fix_schema, buffer_text(&text));
  assert_true(fixture->order.confirm_over_limit);
  assert_int_equal(fixture->order.user_given, PRESENCE_ABSENT);
  assert_int_equal(fixture->order.rules.count, 1);
}

static void test_advice_goes_behind_a_limit_and_nothing_else(void **state) {
  struct fixture *fixture = *state;
  struct error *error = &fixture->error;
  error_set(error, ERROR_UNPROCESSABLE, "Too many.");
  sync_order_advise(error, "Confirm.");
  assert_string_equal(error->message, "Too many. Confirm.");
  error_set(error, ERROR_CONFLICT, "Off.");
  sync_order_advise(error, "Confirm.");
  assert_string_equal(error->message, "Off.");
  error_set(error, ERROR_UNPROCESSABLE, "%0*d", ERROR_MESSAGE_BYTES - 8, 1);
  sync_order_advise(error, "Confirm.");
  assert_int_equal(strlen(error->message), ERROR_MESSAGE_BYTES - 8);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_rules_are_known_by_name, setup, teardown),
      cmocka_unit_test_setup_teardown(test_the_other_authority_is_asked_for, setup, teardown),
      cmocka_unit_test_setup_teardown(test_a_plan_says_itself_what_it_changes, setup, teardown),
      cmocka_unit_test_setup_teardown(test_one_learner_or_everybody, setup, teardown),
      cmocka_unit_test_setup_teardown(test_what_heals_on_read, setup, teardown),
      cmocka_unit_test_setup_teardown(test_nothing_that_heals_on_read_is_not_everything, setup, teardown),
      cmocka_unit_test_setup_teardown(test_job_parameters_take_only_what_they_know, setup, teardown),
      cmocka_unit_test_setup_teardown(test_an_order_survives_its_way_into_a_job, setup, teardown),
      cmocka_unit_test_setup_teardown(test_advice_goes_behind_a_limit_and_nothing_else, setup, teardown),
  };
  return cmocka_run_group_tests_name("sync_order", tests, NULL, NULL);
}
