/* Passes: what is counted, what is kept of it, and what a pass leaves alone. */
#include "shipped_fixture.h"

#include "queries/pass.h"
#include "rule/pass_private.h"

#include "base/banned.h"

/* Of the rules that ship: all but those of the other authority. */
static size_t shipped_asked(void) {
  size_t count = 0;
  for (size_t at = 0; at < rule_set_count(set); at++) {
    const struct rule *rule = rule_set_at(set, at);
    if (!rule->of_site && rule->authority == REPAIR_AUTHORITY_MODULES) count++;
  }
  return count;
}

static struct config service_config;
static struct repair_engine engine;

static int pass_setup(void **state) {
  int failed = setup(state);
  run_text("DELETE FROM passes");
  run_text("DELETE FROM rule_pauses");
  run_text("SET foreign_key_checks = 0");
  run_text("DELETE FROM users");
  run_text("SET foreign_key_checks = 1");
  run_text("DELETE FROM practice_days");
  run_text("DELETE FROM profiles");
  run_text("DELETE FROM attempts");
  load();
  engine = (struct repair_engine){.set = set, .pool = pool, .config = &service_config};
  return failed;
}

static void reload(void) {
  load();
  engine.set = set;
}

/* A rule of the site over display names: "bad…" breaks it. */
#define NAMES(more) \
  "-- rule: names\n-- summary: No name is bad.\n-- severity: info\n-- changes: users.display_name," \
  " users.username\n\nSELECT id AS user_id, 'users' AS `table`, CONCAT('{\"id\": ', id, '}') AS `key`," \
  " 'set' AS `action`, c.n AS `column`, display_name AS actual, 'good' AS wanted FROM users JOIN" \
  " (SELECT 'display_name' AS n UNION ALL SELECT 'username') AS c ON TRUE" \
  " WHERE id BETWEEN :from AND :to AND display_name LIKE 'bad%'" more

static uint64_t named(const char *name) {
  uint64_t user_id = learner_new(0, 0, 0, NULL);
  run("UPDATE users SET display_name = ? WHERE id = LAST_INSERT_ID()", &name, 1);
  return user_id;
}

static uint64_t open_pass(uint64_t job_id) {
  uint64_t pass_id = 0;
  assert_done(&fixture, pass_open(&engine, PASS_VALIDATE, job_id, fixture.arena, &fixture.error, &pass_id));
  return pass_id;
}

static struct pass_summary last(enum pass_kind kind) {
  struct pass_summary pass = {0};
  bool found = false;
  assert_done(&fixture,
              pass_read_last(&engine, fixture.db, kind, fixture.arena, &fixture.error, &pass, &found));
  db_rollback(fixture.db);
  assert_true(found);
  return pass;
}

static struct pass_summary whole_pass(uint64_t from_user, uint64_t to_user) {
  uint64_t pass_id = open_pass(0);
  assert_done(&fixture,
              pass_range(&engine, pass_id, from_user, to_user, NULL, fixture.arena, &fixture.error));
  assert_done(&fixture, pass_close(&engine, pass_id, fixture.arena, &fixture.error));
  struct pass_summary pass = last(PASS_VALIDATE);
  assert_int_equal(pass.id, pass_id);
  return pass;
}

static const struct pass_rule *rule_of(const struct pass_summary *pass, const char *name) {
  for (size_t at = 0; at < pass->rule_count; at++)
    if (strcmp(pass->rules[at].rule, name) == 0) return &pass->rules[at];
  fail_msg("the pass has no rule %s", name);
  return NULL;
}

static void assert_score(double score, double expected) {
  if (score < expected - 1e-9 || score > expected + 1e-9) fail_msg("%f, expected %f", score, expected);
}

static void test_rows_and_learners_are_counted(void **state) {
  (void)state;
  rule_file_write(site, "names.sql", NAMES(""));
  reload();
  uint64_t sound = named("Ada");
  uint64_t bad = named("bad one");
  uint64_t worse = named("bad two");
  RUN("UPDATE users SET tokens = 5 WHERE id = %llu", ID(worse)); /* breaks two rules more */
  uint64_t merged = named("bad three");
  RUN("UPDATE users SET merged_into = %llu WHERE id = %llu", ID(sound), ID(merged));
  struct pass_summary pass = whole_pass(0, INT64_MAX);
  assert_int_equal(pass.learners, 3);
  assert_int_equal(pass.learners_in_breach, 2);
  assert_score(pass.score, 1.0 / 3);
  assert_true(pass.as_of_ms >= pass.started_at_ms);
  assert_int_equal(pass.rule_count,
                   shipped_asked() + 1); /* every rule but that of the other authority, and the site's */
  const struct pass_rule *names = rule_of(&pass, "names");
  assert_int_equal(names->breaches, 3); /* rows of tables, though two columns each */
  assert_int_equal(names->paused, 0);
  assert_int_equal(names->learners, 3); /* who is merged too: this rule does not leave them out */
  assert_string_equal(names->summary, "No name is bad.");
  assert_int_equal(names->severity, RULE_INFO);
  assert_true(names->cost_us > 0);
  assert_int_equal(names->sample_count, 6);
  assert_int_equal(names->sample[0].user_id, bad);
  assert_string_equal(names->sample[0].table, "users");
  assert_string_equal(names->sample[0].actual, "bad one");
  assert_string_equal(names->sample[0].wanted, "good");
  assert_int_equal(names->sample[0].action, RULE_SET);
  const struct pass_rule *totals = rule_of(&pass, "user_totals_match_modules");
  assert_int_equal(totals->breaches, 1);
  assert_null(totals->sample[0].actual);
  assert_int_equal(rule_of(&pass, "streak_matches_practice_days")->breaches, 0);
  assert_int_equal(ask_number(bad, "revision"), 0);
}

/* As thousandths; -1: there is none. */
static int64_t kept_score(uint64_t user_id) {
  return ask_number(user_id,
                    "COALESCE((SELECT ROUND(1000 * s.data_consistency_score) FROM user_progress_summary"
                    " AS s WHERE s.user_id = u.id), -1)");
}

static void assert_kept(uint64_t user_id, size_t broken, size_t asked) {
  int64_t thousandths = (int64_t)(1000.0 * (1.0 - (double)broken / (double)asked) + 0.5);
  assert_int_equal(kept_score(user_id), thousandths);
}

/* A learner's score is that of the last pass that looked at them, or of the last look at them alone. */
static void test_the_score_of_each_learner_is_kept(void **state) {
  (void)state;
  rule_file_write(site, "names.sql", NAMES(""));
  reload();
  size_t asked = shipped_asked() + 1;
  uint64_t sound = named("Ada");
  uint64_t bad = named("bad one");
  uint64_t worse = named("bad two");
  uint64_t merged = named("bad three");
  RUN("UPDATE users SET tokens = 5 WHERE id = %llu", ID(worse)); /* breaks two rules more */
  RUN("UPDATE users SET merged_into = %llu WHERE id = %llu", ID(sound), ID(merged));
  RUN("INSERT INTO user_progress_summary (user_id, data_consistency_score) VALUES (%llu, 0.25)", ID(sound));
  whole_pass(0, INT64_MAX);
  assert_int_equal(kept_score(sound), 1000);
  assert_kept(bad, 1, asked);
  assert_kept(worse, 3, asked);
  assert_int_equal(kept_score(merged), -1);
  assert_int_equal(ask_number(bad, "revision"), 0);
  RUN("UPDATE users SET display_name = 'good' WHERE id IN (%llu, %llu)", ID(bad), ID(worse));
  assert_done(&fixture, pass_score(&engine, worse, fixture.arena, &fixture.error));
  assert_kept(worse, 2, asked);
  assert_kept(bad, 1, asked); /* nobody has looked */
  RUN("DO SLEEP(0.01)");
  whole_pass(0, INT64_MAX);
  assert_int_equal(kept_score(bad), 1000);
  assert_kept(worse, 2, asked);
}

static void test_a_score_is_never_nothing(void **state) {
  (void)state;
  assert_score(pass_score_of(0, 0), 1);
  assert_score(pass_score_of(3, 4), 0.25);
  assert_score(pass_score_of(4, 4), 0.01);
}

static void test_nobody_is_a_full_score(void **state) {
  (void)state;
  struct pass_summary pass = whole_pass(0, INT64_MAX);
  assert_int_equal(pass.learners, 0);
  assert_score(pass.score, 1);
}

static void test_rows_without_a_learner_are_breaches_of_nobody(void **state) {
  (void)state;
  run_text("SET foreign_key_checks = 0");
  run_text("INSERT INTO practice_days (user_id, day, activity) VALUES (7, '2024-01-01', 'a'), (7, "
           "'2024-01-02', 'a')");
  run_text("SET foreign_key_checks = 1");
  named("Ada");
  struct pass_summary pass = whole_pass(0, INT64_MAX);
  assert_int_equal(pass.learners, 1);
  assert_int_equal(pass.learners_in_breach, 0);
  const struct pass_rule *orphans = rule_of(&pass, "orphan_practice_days");
  assert_int_equal(orphans->breaches, 2);
  assert_int_equal(orphans->learners, 1);
}

static void test_paused_rows_are_told_apart(void **state) {
  (void)state;
  rule_file_write(site, "names.sql", NAMES(""));
  reload();
  uint64_t first = named("bad one");
  uint64_t second = named("bad two");
  named("bad three");
  RUN("INSERT INTO rule_pauses (rule, user_id, table_name, row_key) VALUES"
      " ('names', %llu, 'users', '{\"id\": %llu}'), ('names', %llu, 'profiles', '{\"id\": %llu}'),"
      " ('other', %llu, 'users', '{\"id\": %llu}')",
      ID(second), ID(second), ID(first), ID(first), ID(first), ID(first));
  struct pass_summary pass = whole_pass(0, INT64_MAX);
  assert_int_equal(rule_of(&pass, "names")->breaches, 3);
  assert_int_equal(rule_of(&pass, "names")->paused, 1);
  assert_int_equal(pass.learners_in_breach, 3);
  run_text("INSERT INTO rule_pauses (rule) VALUES ('names')");
  pass = whole_pass(0, INT64_MAX);
  assert_int_equal(rule_of(&pass, "names")->paused, 3);
  run_text("UPDATE rule_pauses SET rule = '*' WHERE user_id = 0");
  pass = whole_pass(0, INT64_MAX);
  assert_int_equal(rule_of(&pass, "names")->paused, 3);
}

static void test_samples_are_bounded(void **state) {
  (void)state;
  rule_file_write(
      site, "names.sql",
      "-- rule: names\n-- summary: S\n-- severity: info\n-- changes: users.display_name\n\n"
      "SELECT id AS user_id, 'users' AS `table`, CONCAT('{\"id\": ', id, '}') AS `key`,"
      " 'set' AS `action`, 'display_name' AS `column`, CONCAT('a', REPEAT('\xc3\xbc', 500)) AS actual,"
      " '\"\\\\\\n\xf0\x9f\x98\x80' AS wanted FROM users WHERE id BETWEEN :from AND :to");
  reload();
  uint64_t first = 0;
  for (int at = 0; at < 30; at++) {
    uint64_t user_id = named("x");
    if (at == 0) first = user_id;
  }
  uint64_t pass_id = open_pass(0);
  /* In three ranges, so that the sample grows beyond one of them. */
  const uint64_t ends[][2] = {{0, first + 7}, {first + 8, first + 19}, {first + 20, INT64_MAX}};
  for (size_t at = 0; at < ARRAY_LENGTH(ends); at++)
    assert_done(&fixture,
                pass_range(&engine, pass_id, ends[at][0], ends[at][1], NULL, fixture.arena, &fixture.error));
  assert_done(&fixture, pass_close(&engine, pass_id, fixture.arena, &fixture.error));
  struct pass_summary pass = last(PASS_VALIDATE);
  const struct pass_rule *names = rule_of(&pass, "names");
  assert_int_equal(names->breaches, 30);
  assert_int_equal(names->sample_count, PASS_SAMPLE_ROWS);
  for (size_t at = 0; at < names->sample_count; at++) {
    const struct rule_breach *row = &names->sample[at];
    assert_int_equal(row->user_id, first + at);
    /* One letter of one byte, then letters of two: the cut falls between two of them. */
    assert_int_equal(strlen(row->actual), PASS_VALUE_BYTES - 1 + strlen("\xe2\x80\xa6"));
    assert_string_equal(row->actual + strlen(row->actual) - 5, "\xc3\xbc\xe2\x80\xa6");
    assert_string_equal(row->wanted, "\"\\\n\xf0\x9f\x98\x80");
  }
}

static void test_ranges_beyond_one_step_are_walked(void **state) {
  (void)state;
  rule_file_write(site, "names.sql", NAMES(""));
  reload();
  run_text("INSERT INTO users (id, display_name) SELECT 1000000 + 3 * seq, IF(seq % 10 = 0, 'bad', 'good')"
           " FROM seq_1_to_2500");
  struct pass_summary pass = whole_pass(0, INT64_MAX);
  assert_int_equal(pass.learners, 2500);
  assert_int_equal(pass.learners_in_breach, 250);
  assert_score(pass.score, 0.9);
  assert_int_equal(rule_of(&pass, "names")->breaches, 250);
  pass = whole_pass(1000003, 1000030); /* both ends belong to it */
  assert_int_equal(pass.learners, 10);
  assert_int_equal(pass.learners_in_breach, 1);
}

/* --- Jobs ----------------------------------------------------------------------------------------- */

struct guarded {
  size_t holds;
  uint64_t cursor;
  uint64_t units;
  size_t asked;
  size_t stop_at; /* may_go_on says no from this time on; 0: never */
  bool lost;
  bool was_first;
};

static bool guard_hold(void *context, struct db *db, uint64_t cursor, uint64_t units, struct error *error) {
  struct guarded *guarded = context;
  guarded->was_first = !db_in_transaction(db);
  if (guarded->lost) return error_set(error, ERROR_CONFLICT, "lost");
  guarded->holds++;
  guarded->cursor = cursor;
  guarded->units += units;
  return true;
}

static bool guard_may_go_on(void *context, struct error *error) {
  struct guarded *guarded = context;
  guarded->asked++;
  if (guarded->stop_at == 0 || guarded->asked < guarded->stop_at) return true;
  return error_set(error, ERROR_UNAVAILABLE, "stop");
}

static void test_a_job_holds_every_step(void **state) {
  (void)state;
  run_text("INSERT INTO users (id) SELECT 2000000 + seq FROM seq_1_to_1500");
  struct guarded guarded = {.stop_at = 2};
  const struct repair_guard guard = {guard_hold, guard_may_go_on, &guarded};
  uint64_t pass_id = open_pass(77);
  assert_false(pass_range(&engine, pass_id, 0, INT64_MAX, &guard, fixture.arena, &fixture.error));
  assert_int_equal(guarded.holds, 1);
  assert_true(guarded.was_first);
  assert_int_equal(guarded.cursor, 2001000);
  assert_int_equal(guarded.units, 1000);
  /* Whoever goes on begins behind the cursor; a claim that is lost adds nothing. */
  guarded.stop_at = 0;
  guarded.lost = true;
  error_clear(&fixture.error);
  assert_false(
      pass_range(&engine, pass_id, guarded.cursor + 1, INT64_MAX, &guard, fixture.arena, &fixture.error));
  assert_int_equal(fixture.error.code, ERROR_CONFLICT);
  guarded.lost = false;
  error_clear(&fixture.error);
  assert_done(&fixture, pass_range(&engine, pass_id, guarded.cursor + 1, INT64_MAX, &guard, fixture.arena,
                                   &fixture.error));
  assert_int_equal(guarded.cursor, INT64_MAX);
  assert_int_equal(guarded.units, 1500);
  assert_int_equal(open_pass(77), pass_id); /* the same again */
  assert_done(&fixture, pass_close(&engine, pass_id, fixture.arena, &fixture.error));
  struct pass_summary pass = last(PASS_VALIDATE);
  assert_int_equal(pass.learners, 1500);
  assert_int_equal(open_pass(77), pass_id);
  assert_done(&fixture, pass_close(&engine, pass_id, fixture.arena, &fixture.error)); /* no harm */
  assert_int_equal(last(PASS_VALIDATE).as_of_ms, pass.as_of_ms);
  assert_false(pass_range(&engine, pass_id, 0, INT64_MAX, &guard, fixture.arena, &fixture.error));
  assert_int_equal(fixture.error.code, ERROR_CONFLICT); /* it has ended */
  assert_int_equal(last(PASS_VALIDATE).learners, 1500);
}

static void test_an_abandoned_pass_is_nobodys_answer(void **state) {
  (void)state;
  named("Ada");
  uint64_t good = whole_pass(0, INT64_MAX).id;
  uint64_t pass_id = open_pass(78);
  assert_done(&fixture, pass_range(&engine, pass_id, 0, INT64_MAX, NULL, fixture.arena, &fixture.error));
  assert_done(&fixture, pass_abandon(&engine, pass_id, &fixture.error));
  assert_int_equal(last(PASS_VALIDATE).id, good);
  uint64_t again;
  assert_false(pass_open(&engine, PASS_VALIDATE, 78, fixture.arena, &fixture.error, &again));
  assert_int_equal(fixture.error.code, ERROR_CONFLICT);
}

static void test_old_passes_keep_their_score(void **state) {
  (void)state;
  named("Ada");
  for (int at = 0; at < PASS_RESULTS_KEPT + 2; at++)
    whole_pass(0, INT64_MAX);
  struct pass_summary *passes;
  size_t count;
  assert_done(&fixture,
              pass_list(fixture.db, PASS_VALIDATE, 0, 100, fixture.arena, &fixture.error, &passes, &count));
  assert_int_equal(count, PASS_RESULTS_KEPT + 2);
  for (size_t at = 0; at < count; at++) {
    struct pass_results_params params = {.pass_id = passes[at].id};
    struct pass_results_row *rows;
    size_t row_count;
    assert_score(passes[at].score, 1);
    assert_true(at == 0 || passes[at].id < passes[at - 1].id);
    assert_done(&fixture,
                pass_results(fixture.db, &params, fixture.arena, 100, &fixture.error, &rows, &row_count));
    assert_int_equal(row_count > 0, at < PASS_RESULTS_KEPT);
  }
  struct pass_summary *older;
  assert_done(&fixture, pass_list(fixture.db, PASS_VALIDATE, passes[1].id, 2, fixture.arena, &fixture.error,
                                  &older, &count));
  assert_int_equal(count, 2);
  assert_int_equal(older[0].id, passes[2].id);
  db_rollback(fixture.db);
}

/* --- Broken rules --------------------------------------------------------------------------------- */

static void test_a_rule_of_the_site_that_fails_is_left_aside(void **state) {
  (void)state;
  rule_file_write(site, "names.sql",
                  NAMES(" AND (SELECT id FROM users WHERE id >= :from AND id <= :to) > 0"));
  reload();
  named("bad one");
  named("bad two");
  struct pass_summary pass = whole_pass(0, INT64_MAX);
  assert_int_equal(pass.learners, 2);
  assert_int_equal(pass.rule_count, shipped_asked());
  assert_int_equal(rule_set_problem_count(set), 1);
  assert_non_null(strstr(rule_set_problem(set, 0), "names.sql"));
}

static void test_a_row_past_the_range_is_refused(void **state) {
  (void)state;
  rule_file_write(
      site, "names.sql",
      "-- rule: names\n-- summary: S\n-- severity: info\n-- changes: nothing\n\n"
      "SELECT id + 1 AS user_id, 'users' AS `table`, '{}' AS `key`, 'report' AS `action`,"
      " NULL AS `column`, NULL AS actual, NULL AS wanted FROM users WHERE id BETWEEN :from AND :to");
  reload();
  uint64_t user_id = named("Ada");
  assert_int_equal(whole_pass(user_id, user_id).rule_count, shipped_asked());
  assert_non_null(strstr(rule_set_problem(set, 0), "the row is another learner's"));
}

/* --- One learner, and some ------------------------------------------------------------------------ */

static void test_one_learner_is_looked_at(void **state) {
  (void)state;
  uint64_t sound = named("Ada");
  uint64_t drifted = learner_new(5, 2, 1, NULL);
  struct pass_summary pass;
  assert_done(&fixture, pass_look(&engine, fixture.db, sound, fixture.arena, &fixture.error, &pass));
  assert_int_equal(pass.id, 0);
  assert_int_equal(pass.learners, 1);
  assert_int_equal(pass.learners_in_breach, 0);
  assert_score(pass.score, 1);
  assert_int_equal(pass.rule_count, shipped_asked());
  assert_done(&fixture, pass_look(&engine, fixture.db, drifted, fixture.arena, &fixture.error, &pass));
  assert_int_equal(pass.learners_in_breach, 1);
  assert_score(pass.score, 1 - 2.0 / (double)shipped_asked());
  assert_int_equal(rule_of(&pass, "user_totals_match_modules")->sample_count, 1);
  assert_false(pass_look(&engine, fixture.db, drifted + 1, fixture.arena, &fixture.error, &pass));
  assert_int_equal(fixture.error.code, ERROR_NOT_FOUND);
}

static void test_a_sample_looks_at_some(void **state) {
  (void)state;
  uint64_t pass_id;
  assert_done(&fixture, pass_sample(&engine, 0, 100, NULL, fixture.arena, &fixture.error, &pass_id));
  assert_int_equal(last(PASS_SAMPLE).learners, 0); /* there is nobody */
  run_text("INSERT INTO users (id) SELECT 3000000 + seq * seq FROM seq_1_to_2000");
  assert_done(&fixture, pass_sample(&engine, 5, 5000, NULL, fixture.arena, &fixture.error, &pass_id));
  assert_int_equal(last(PASS_SAMPLE).learners, 2000);
  assert_done(&fixture, pass_sample(&engine, 6, 100, NULL, fixture.arena, &fixture.error, &pass_id));
  struct pass_summary pass = last(PASS_SAMPLE);
  assert_int_equal(pass.id, pass_id);
  assert_in_range(pass.learners, 10, 120);
  /* Run again for the same job it counts nothing twice: neither when it is done, nor when it was cut off. */
  uint64_t again;
  assert_done(&fixture, pass_sample(&engine, 6, 100, NULL, fixture.arena, &fixture.error, &again));
  assert_int_equal(again, pass_id);
  assert_int_equal(last(PASS_SAMPLE).learners, pass.learners);
  RUN("UPDATE passes SET state = 'running', learners = 999 WHERE id = %llu", ID(pass_id));
  assert_done(&fixture, pass_sample(&engine, 6, 100, NULL, fixture.arena, &fixture.error, &again));
  assert_in_range(last(PASS_SAMPLE).learners, 10, 120);
}

static void test_hashes_are_told_apart(void **state) {
  (void)state;
  CLEANUP(pass_seen_free) struct pass_seen seen = {NULL, 0, 0};
  for (int round = 0; round < 2; round++) {
    for (uint64_t hash = 0; hash < 100000; hash++)
      assert_int_equal(pass_seen_add(&seen, hash << 32), round == 0);
    assert_int_equal(seen.count, 100000);
  }
  pass_seen_clear(&seen);
  assert_true(pass_seen_add(&seen, 7));
  assert_false(pass_seen_add(&seen, 7));
  assert_int_not_equal(pass_hash_text(pass_hash_text(PASS_HASH_BEGIN, "ab"), "c"),
                       pass_hash_text(pass_hash_text(PASS_HASH_BEGIN, "a"), "bc"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_rows_and_learners_are_counted, pass_setup, teardown),
      cmocka_unit_test_setup_teardown(test_the_score_of_each_learner_is_kept, pass_setup, teardown),
      cmocka_unit_test_setup_teardown(test_a_score_is_never_nothing, pass_setup, teardown),
      cmocka_unit_test_setup_teardown(test_nobody_is_a_full_score, pass_setup, teardown),
      cmocka_unit_test_setup_teardown(test_rows_without_a_learner_are_breaches_of_nobody, pass_setup,
                                      teardown),
      cmocka_unit_test_setup_teardown(test_paused_rows_are_told_apart, pass_setup, teardown),
      cmocka_unit_test_setup_teardown(test_samples_are_bounded, pass_setup, teardown),
      cmocka_unit_test_setup_teardown(test_ranges_beyond_one_step_are_walked, pass_setup, teardown),
      cmocka_unit_test_setup_teardown(test_a_job_holds_every_step, pass_setup, teardown),
      cmocka_unit_test_setup_teardown(test_an_abandoned_pass_is_nobodys_answer, pass_setup, teardown),
      cmocka_unit_test_setup_teardown(test_old_passes_keep_their_score, pass_setup, teardown),
      cmocka_unit_test_setup_teardown(test_a_rule_of_the_site_that_fails_is_left_aside, pass_setup, teardown),
      cmocka_unit_test_setup_teardown(test_a_row_past_the_range_is_refused, pass_setup, teardown),
      cmocka_unit_test_setup_teardown(test_one_learner_is_looked_at, pass_setup, teardown),
      cmocka_unit_test_setup_teardown(test_a_sample_looks_at_some, pass_setup, teardown),
      cmocka_unit_test_setup_teardown(test_hashes_are_told_apart, pass_setup, teardown),
  };
  if (fixture_is_missing()) return 0;
  return cmocka_run_group_tests_name("rule/pass", tests, group_setup, group_teardown);
}
