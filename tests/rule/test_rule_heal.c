/* Finding and healing one learner: what is told of it, who is left alone, several at once. */
#include <pthread.h>

#include "rule_fixture.h"

#include "base/banned.h"

static void test_the_history_says_what_moved(void **state) {
  (void)state;
  load();
  uint64_t user_id = learner_new(1, 12, 3, MODULES(MODULE("a", 20, 10, 5)));
  heal(user_id);
  assert_string_equal(ask(user_id, "(SELECT CONCAT_WS('|', l.kind, l.actor, l.revision, " THIS_RUN(
                                       "l.changes") ") FROM ledger AS l"
                                                    " WHERE l.user_id = u.id AND l.revision = u.revision)"),
                      "repair|rule:test|1|["
                      "{\"what\":\"hidden_grade_asset\",\"key\":\"user_totals_match_modules\","
                      "\"because\":\"run N, rule user_totals_match_modules\"},"
                      "{\"what\":\"hidden_grade_asset\",\"key\":\"global_stats_match_totals\","
                      "\"because\":\"run N, rule global_stats_match_totals\"},"
                      "{\"what\":\"tokens\",\"key\":\"user_totals_match_modules\",\"by\":19,"
                      "\"because\":\"run N, rule user_totals_match_modules\"},"
                      "{\"what\":\"correct\",\"key\":\"user_totals_match_modules\",\"by\":2,"
                      "\"because\":\"run N, rule user_totals_match_modules\"}]");
}

/* Also where an application that knows nothing of Lockstep moved a total up, down, or in the document. */
static void test_the_history_adds_up_after_every_repair(void **state) {
  (void)state;
  static const struct {
    const char *change;
    struct totals expected;
    struct totals moved; /* by the repair's entry */
  } steps[] = {
      {"tokens = tokens + 7", {27, 10, 5}, {7, 0, 0}},
      {"tokens = 3, questions_answered = questions_answered - 1", {27, 10, 5}, {0, 0, 0}},
      {"hidden_grade_asset = JSON_SET(hidden_grade_asset, '$.modules.a.progress.correct_answers', 9)",
       {27, 10, 9},
       {0, 0, 4}},
      {"hidden_grade_asset = NULL, tokens = 30", {30, 10, 9}, {3, 0, 0}},
      {"hidden_grade_asset = JSON_SET(hidden_grade_asset, '$.global_stats.total_tokens_earned', 1)",
       {30, 10, 9},
       {0, 0, 0}},
  };
  load();
  uint64_t user_id = learner_new(20, 10, 5, MODULES(MODULE("a", 20, 10, 5)));
  heal(user_id);
  for (size_t at = 0; at < ARRAY_LENGTH(steps); at++) {
    run(arena_printf(fixture.arena, "UPDATE users SET %s WHERE id = %llu", steps[at].change,
                     (unsigned long long)user_id),
        NULL, 0);
    assert_true(heal(user_id).repaired > 0);
    struct totals columns = columns_of(user_id);
    struct totals moved = history_of(user_id, "AND l.revision = u.revision");
    assert_totals("columns", steps[at].change, &columns, &steps[at].expected);
    assert_totals("entry", steps[at].change, &moved, &steps[at].moved);
    assert_history_adds_up(user_id, steps[at].change);
    assert_int_equal(ask_number(user_id, "revision"), at + 2);
  }
}

static void test_find_says_what_it_would_write(void **state) {
  (void)state;
  load();
  uint64_t user_id = learner_new(9, 2, 1, NULL);
  const char *before = picture(user_id);
  struct rule_breach *breaches;
  assert_int_equal(find(user_id, &breaches), 2);
  assert_string_equal(breaches[0].rule->name, "user_totals_match_modules");
  assert_true(breaches[0].user_id == user_id);
  assert_string_equal(breaches[0].table, "users");
  assert_string_equal(breaches[0].key,
                      arena_printf(fixture.arena, "{\"id\": %llu}", (unsigned long long)user_id));
  assert_int_equal(breaches[0].action, RULE_SET);
  assert_string_equal(breaches[0].column, "hidden_grade_asset");
  assert_null(breaches[0].actual);
  assert_string_equal(breaches[0].wanted,
                      "{\"modules\": {\"unattributed\": {\"progress\": {\"tokens_earned\": 9, "
                      "\"total_questions_answered\": 2, \"correct_answers\": 1}}}}");
  assert_string_equal(breaches[1].rule->name, "global_stats_match_totals");
  assert_false(db_in_transaction(fixture.db));
  assert_string_equal(picture(user_id), before);
}

static void test_the_one_switch_stops_repairs(void **state) {
  (void)state;
  load();
  config.enabled = false;
  uint64_t user_id = learner_new(9, 2, 1, NULL);
  const char *before = picture(user_id);
  struct rule_repair repair = heal(user_id);
  assert_int_equal(repair.found, 2);
  assert_int_equal(repair.repaired, 0);
  assert_string_equal(picture(user_id), before);
}

static void test_who_is_gone_is_left_alone(void **state) {
  (void)state;
  load();
  uint64_t heir = learner_new(9, 2, 1, NULL);
  uint64_t merged = learner_new(9, 2, 1, NULL);
  uint64_t deleted = learner_new(9, 2, 1, NULL);
  run(arena_printf(fixture.arena, "UPDATE users SET merged_into = %llu WHERE id = %llu",
                   (unsigned long long)heir, (unsigned long long)merged),
      NULL, 0);
  run(arena_printf(fixture.arena, "UPDATE users SET deleted_at = NOW() WHERE id = %llu",
                   (unsigned long long)deleted),
      NULL, 0);
  uint64_t gone[] = {merged, deleted};
  for (size_t at = 0; at < ARRAY_LENGTH(gone); at++) {
    const char *before = picture(gone[at]);
    assert_int_equal(heal(gone[at]).found, 0);
    assert_string_equal(picture(gone[at]), before);
  }
  assert_int_equal(heal(UINT64_MAX).found, 0);
  assert_int_equal(heal(UINT64_MAX).revision, 0);
  assert_int_equal(ask_number(heir, "revision"), 0);
}

/* --- Several at once ------------------------------------------------------------------------------ */

#define ROUNDS 60
#define DRIFTS 3
#define HEALERS 3

struct worker {
  uint64_t user_id;
  int at;
  bool ok;
};

/* An application that knows nothing of Lockstep raises the column. */
static void *drift_on(void *context) {
  struct worker *worker = context;
  struct error error = ERROR_INIT;
  struct db *db;
  worker->ok = db_connect(&fixture.config, 0, &error, &db);
  char sql[128];
  snprintf(sql, sizeof sql, "UPDATE users SET tokens = tokens + 1 WHERE id = %llu",
           (unsigned long long)worker->user_id);
  for (int round = 0; worker->ok && round < ROUNDS; round++) {
    worker->ok = db_text_exec(db, sql, NULL, 0, &error, NULL) && db_commit(db, &error);
    clock_sleep_ms(1);
  }
  if (!worker->ok) printf("# drift: %s %s\n", error.message, error.detail);
  db_close(db);
  return NULL;
}

static void *heal_on(void *context) {
  struct worker *worker = context;
  struct error error = ERROR_INIT;
  struct arena *arena = arena_new(FIXTURE_ARENA_BYTES);
  worker->ok = arena != NULL;
  for (int round = 0; worker->ok && round < ROUNDS; round++) {
    struct rule_repair repair;
    worker->ok = rule_heal(set, ledger, &config, RULE_SCOPE_PROGRESS, worker->user_id, "rule:test", arena,
                           &error, &repair);
  }
  if (!worker->ok) printf("# heal: %s %s\n", error.message, error.detail);
  arena_free(arena);
  return NULL;
}

static void test_healing_beside_writers_loses_nothing(void **state) {
  (void)state;
  load();
  uint64_t user_id = learner_new(0, 0, 0, MODULES(MODULE("a", 7, 7, 7)));
  pthread_t threads[DRIFTS + HEALERS];
  struct worker workers[DRIFTS + HEALERS];
  for (int at = 0; at < DRIFTS + HEALERS; at++) {
    workers[at] = (struct worker){.user_id = user_id, .at = at};
    assert_int_equal(pthread_create(&threads[at], NULL, at < DRIFTS ? drift_on : heal_on, &workers[at]), 0);
  }
  for (int at = 0; at < DRIFTS + HEALERS; at++)
    assert_int_equal(pthread_join(threads[at], NULL), 0);
  for (int at = 0; at < DRIFTS + HEALERS; at++)
    assert_true(workers[at].ok);
  heal(user_id);
  /* Whether the first heal came before or after the first writers decides only how much of the 7 was
   * overtaken; nothing that a writer added after it is lost. */
  struct totals columns = columns_of(user_id);
  struct totals modules = modules_of(user_id, NULL);
  assert_totals("modules", "concurrent", &modules, &columns);
  assert_global_stats(user_id, "concurrent", &columns);
  assert_in_range(columns.tokens, DRIFTS * ROUNDS, DRIFTS * ROUNDS + 7);
  assert_int_equal(columns.questions, 7);
  assert_int_equal(
      ask_number(user_id, "revision"),
      ask_number(user_id, "(SELECT COUNT(*) FROM ledger AS l WHERE l.user_id = u.id AND l.revision > 0)"));
  assert_int_equal(find(user_id, NULL), 0);
  assert_history_adds_up(user_id, "concurrent");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_the_history_says_what_moved, setup, teardown),
      cmocka_unit_test_setup_teardown(test_the_history_adds_up_after_every_repair, setup, teardown),
      cmocka_unit_test_setup_teardown(test_find_says_what_it_would_write, setup, teardown),
      cmocka_unit_test_setup_teardown(test_the_one_switch_stops_repairs, setup, teardown),
      cmocka_unit_test_setup_teardown(test_who_is_gone_is_left_alone, setup, teardown),
      cmocka_unit_test_setup_teardown(test_healing_beside_writers_loses_nothing, setup, teardown),
  };
  if (fixture_is_missing()) return 0;
  return cmocka_run_group_tests_name("rule/rule_heal", tests, group_setup, group_teardown);
}
