/* A database, the rules that ship, and a directory for a site's own; learners and what became of them. */
#ifndef LOCKSTEP_TESTS_RULE_FIXTURE_H
#define LOCKSTEP_TESTS_RULE_FIXTURE_H

#include "../db/fixture.h"
#include "rule_files.h"

#include "db/migrate.h"
#include "learner/document.h"
#include "rule/rule_private.h"

static struct fixture fixture;
static struct pool *pool;
static struct ledger *ledger;
static char shipped[RULE_PATH_BYTES];
static char site[RULE_PATH_BYTES];
static struct rules_config config;
static struct rule_set *set;

static inline int group_setup(void **state) {
  (void)state;
  char migrations[RULE_PATH_BYTES];
  const char *source = getenv("LOCKSTEP_SOURCE");
  fixture_init(&fixture, "rule");
  fixture.config.transaction_timeout_ms = 20000;
  snprintf(migrations, sizeof migrations, "%s/sql/migrations", source == NULL ? "." : source);
  size_t applied;
  assert_done(&fixture,
              migrate_up(fixture.db, migrations, fixture.arena, NULL, NULL, &fixture.error, &applied));
  assert_done(&fixture, pool_new(&fixture.config, 8, &fixture.error, &pool));
  assert_done(&fixture, ledger_new(pool, &fixture.config, &fixture.error, &ledger));
  rule_directory_shipped(shipped);
  return 0;
}

static inline int group_teardown(void **state) {
  (void)state;
  ledger_free(ledger);
  pool_free(pool);
  fixture_end(&fixture);
  return 0;
}

static inline int setup(void **state) {
  (void)state;
  rule_directory_make(site);
  config = (struct rules_config){.directory = shipped, .site_directory = site, .enabled = true};
  set = NULL;
  arena_reset(fixture.arena);
  error_clear(&fixture.error);
  return 0;
}

static inline int teardown(void **state) {
  (void)state;
  rule_set_free(set);
  rule_directory_remove(site);
  return 0;
}

static inline void load(void) {
  rule_set_free(set);
  set = NULL;
  assert_done(&fixture, rule_set_load(&config, &fixture.error, &set));
}

/* --- Learners ------------------------------------------------------------------------------------- */

static inline void run(const char *sql, const char *const *parameters, size_t count) {
  assert_done(&fixture, db_text_exec(fixture.db, sql, parameters, count, &fixture.error, NULL));
  assert_done(&fixture, db_commit(fixture.db, &fixture.error));
}

static inline uint64_t learner_new(int64_t tokens, int64_t questions, int64_t correct, const char *document) {
  char numbers[3][24];
  struct db_outcome outcome;
  snprintf(numbers[0], sizeof numbers[0], "%lld", (long long)tokens);
  snprintf(numbers[1], sizeof numbers[1], "%lld", (long long)questions);
  snprintf(numbers[2], sizeof numbers[2], "%lld", (long long)correct);
  const char *parameters[] = {numbers[0], numbers[1], numbers[2], document};
  assert_done(
      &fixture,
      db_text_exec(fixture.db,
                   "INSERT INTO users (tokens, questions_answered, correct_answers, hidden_grade_asset)"
                   " VALUES (?, ?, ?, ?)",
                   parameters, ARRAY_LENGTH(parameters), &fixture.error, &outcome));
  assert_done(&fixture, db_commit(fixture.db, &fixture.error));
  return outcome.insert_id;
}

struct answer {
  const char *text;
};

static inline bool keep_text(const struct db_text_row *row, void *context, struct error *error) {
  struct answer *answer = context;
  (void)error;
  answer->text = row->values[0] == NULL ? NULL : arena_strdup(fixture.arena, row->values[0]);
  return true;
}

/* The one value that `expression` has in the learner's row; NULL is NULL. */
static const char *ask(uint64_t user_id, const char *expression) {
  struct answer answer = {NULL};
  const char *sql = arena_printf(fixture.arena, "SELECT %s FROM users AS u WHERE u.id = %llu", expression,
                                 (unsigned long long)user_id);
  assert_done(&fixture,
              db_text_each(fixture.db, sql, NULL, 0, fixture.arena, keep_text, &answer, &fixture.error));
  db_rollback(fixture.db);
  return answer.text;
}

static inline int64_t ask_number(uint64_t user_id, const char *expression) {
  const char *text = ask(user_id, expression);
  assert_non_null(text);
  return strtoll(text, NULL, 10);
}

/* A text of the last run, which is called N. */
#define THIS_RUN(text) "REPLACE(" text ", CONCAT('run ', (SELECT MAX(id) FROM repair_runs), ','), 'run N,')"

/* Everything that a repair could touch. */
static const char *picture(uint64_t user_id) {
  return ask(user_id,
             "CONCAT_WS('|', tokens, questions_answered, correct_answers, COALESCE(hidden_grade_asset, '-'),"
             " revision, updated_at, (SELECT COUNT(*) FROM ledger AS l WHERE l.user_id = u.id))");
}

static inline struct rule_repair heal(uint64_t user_id) {
  struct rule_repair repair = {0};
  assert_done(&fixture, rule_heal(set, ledger, &config, RULE_SCOPE_PROGRESS, user_id, "rule:test",
                                  fixture.arena, &fixture.error, &repair));
  return repair;
}

static inline bool heal_fails(uint64_t user_id) {
  struct rule_repair repair;
  error_clear(&fixture.error);
  return !rule_heal(set, ledger, &config, RULE_SCOPE_PROGRESS, user_id, "rule:test", fixture.arena,
                    &fixture.error, &repair);
}

#define FOUND_MAX 1000

struct found {
  struct rule_breach breaches[FOUND_MAX];
  size_t count;
};

static inline const char *keep(const char *text) {
  return text == NULL ? NULL : arena_strdup(fixture.arena, text);
}

static inline bool keep_breach(const struct rule_breach *breach, void *context, struct error *error) {
  struct found *found = context;
  (void)error;
  assert_true(found->count < FOUND_MAX);
  found->breaches[found->count++] = (struct rule_breach){.rule = breach->rule,
                                                         .user_id = breach->user_id,
                                                         .table = keep(breach->table),
                                                         .key = keep(breach->key),
                                                         .action = breach->action,
                                                         .column = keep(breach->column),
                                                         .actual = keep(breach->actual),
                                                         .wanted = keep(breach->wanted)};
  return true;
}

static inline size_t find(uint64_t user_id, struct rule_breach **ret_breaches) {
  static struct found found;
  found.count = 0;
  assert_done(&fixture, rule_find(set, fixture.db, RULE_SCOPE_ALL, user_id, fixture.arena, keep_breach,
                                  &found, &fixture.error, NULL));
  if (ret_breaches != NULL) *ret_breaches = found.breaches;
  return found.count;
}

/* --- Totals --------------------------------------------------------------------------------------- */

struct totals {
  int64_t tokens;
  int64_t questions;
  int64_t correct;
};

#define MODULES(text) "{\"modules\": {" text "}}"
#define MODULE(key, tokens, questions, correct) \
  "\"" key "\": {\"progress\": {\"tokens_earned\": " #tokens ", \"total_questions_answered\": " #questions \
  ", \"correct_answers\": " #correct "}}"
static inline void assert_totals(const char *place, const char *document, const struct totals *totals,
                                 const struct totals *expected) {
  if (memcmp(totals, expected, sizeof *totals) == 0) return;
  fail_msg("%s of %s: %lld %lld %lld, expected %lld %lld %lld", place, document == NULL ? "NULL" : document,
           (long long)totals->tokens, (long long)totals->questions, (long long)totals->correct,
           (long long)expected->tokens, (long long)expected->questions, (long long)expected->correct);
}

static inline struct totals columns_of(uint64_t user_id) {
  return (struct totals){ask_number(user_id, "tokens"), ask_number(user_id, "questions_answered"),
                         ask_number(user_id, "correct_answers")};
}

/* The modules as the program shows them: both readings must be the same. */
static inline struct totals modules_of(uint64_t user_id, const char *only) {
  struct document_view view;
  struct totals sum = {0, 0, 0};
  assert_done(&fixture,
              document_read(ask(user_id, "hidden_grade_asset"), fixture.arena, &fixture.error, &view));
  for (size_t at = 0; at < view.module_count; at++) {
    if (only != NULL && strcmp(only, view.modules[at].key) != 0) continue;
    sum.tokens += view.modules[at].totals.tokens;
    sum.questions += view.modules[at].totals.questions;
    sum.correct += view.modules[at].totals.correct;
  }
  return sum;
}

static inline void assert_global_stats(uint64_t user_id, const char *document,
                                       const struct totals *expected) {
  static const struct totals zero = {0, 0, 0};
  if (ask(user_id, "JSON_EXTRACT(hidden_grade_asset, '$.global_stats')") == NULL) {
    assert_totals("no global_stats", document, &zero, expected);
    return;
  }
  struct totals totals = {
      ask_number(user_id, "JSON_EXTRACT(hidden_grade_asset, '$.global_stats.total_tokens_earned')"),
      ask_number(user_id, "JSON_EXTRACT(hidden_grade_asset, '$.global_stats.total_questions_answered')"),
      ask_number(user_id, "JSON_EXTRACT(hidden_grade_asset, '$.global_stats.total_correct_answers')")};
  assert_totals("global_stats", document, &totals, expected);
}

static inline struct totals history_of(uint64_t user_id, const char *which) {
  static const char sum[] =
      "(SELECT COALESCE(SUM(c.moved), 0) FROM ledger AS l JOIN JSON_TABLE(l.changes, '$[*]' COLUMNS ("
      "what VARCHAR(64) PATH '$.what', moved BIGINT PATH '$.by' DEFAULT '0' ON EMPTY)) AS c"
      " WHERE l.user_id = u.id AND c.what = '%s' %s)";
  static const char *const names[] = {"tokens", "questions", "correct"};
  int64_t sums[ARRAY_LENGTH(names)];
  char expression[512];
  for (size_t at = 0; at < ARRAY_LENGTH(names); at++) {
    snprintf(expression, sizeof expression, sum, names[at], which);
    sums[at] = ask_number(user_id, expression);
  }
  return (struct totals){sums[0], sums[1], sums[2]};
}

static inline void assert_history_adds_up(uint64_t user_id, const char *document) {
  struct totals columns = columns_of(user_id);
  struct totals history = history_of(user_id, "");
  assert_totals("history", document, &history, &columns);
}

/* One repair, one revision, one row of history; then nothing more to find, and nothing more written. */
static inline void assert_healed_once(uint64_t user_id, const char *document) {
  assert_int_equal(ask_number(user_id, "revision"), 1);
  assert_int_equal(
      ask_number(user_id, "(SELECT COUNT(*) FROM ledger AS l WHERE l.user_id = u.id AND l.kind = 'repair')"),
      1);
  const char *before = picture(user_id);
  if (find(user_id, NULL) != 0) fail_msg("still in breach after its repair: %s", document);
  struct rule_repair again = heal(user_id);
  assert_int_equal(again.found, 0);
  assert_int_equal(again.repaired, 0);
  assert_int_equal(again.revision, 1);
  assert_string_equal(picture(user_id), before);
}

#endif
