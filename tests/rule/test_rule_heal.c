/* The rules that ship, and rules of a site, over drift planted in a real database. What a learner
 * should end with is written down here by hand. */
#include <pthread.h>

#include "../db/fixture.h"
#include "rule_files.h"

#include "db/migrate.h"
#include "learner/document.h"
#include "rule/rule_private.h"

#include "base/banned.h"

#define SITE_BEGIN(name) "-- rule: " name "\n-- summary: S\n-- severity: info\n-- on-read: yes\n\n"
#define SITE_ROW(table, key, action, column, actual, wanted) \
  "SELECT id AS user_id, " table " AS `table`, " key " AS `key`, " action " AS `action`, " column \
  " AS `column`, " actual " AS actual, " wanted " AS wanted FROM users WHERE id BETWEEN :from AND :to"
#define OWN_KEY "CONCAT('{\"id\": ', id, '}')"

static struct fixture fixture;
static struct pool *pool;
static struct ledger *ledger;
static char shipped[RULE_PATH_BYTES];
static char site[RULE_PATH_BYTES];
static struct rules_config config;
static struct rule_set *set;

static int group_setup(void **state) {
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

static int group_teardown(void **state) {
  (void)state;
  ledger_free(ledger);
  pool_free(pool);
  fixture_end(&fixture);
  return 0;
}

static int setup(void **state) {
  (void)state;
  rule_directory_make(site);
  config = (struct rules_config){.directory = shipped, .site_directory = site, .enabled = true};
  set = NULL;
  arena_reset(fixture.arena);
  error_clear(&fixture.error);
  return 0;
}

static int teardown(void **state) {
  (void)state;
  rule_set_free(set);
  rule_directory_remove(site);
  return 0;
}

static void load(void) {
  rule_set_free(set);
  set = NULL;
  assert_done(&fixture, rule_set_load(&config, &fixture.error, &set));
}

/* --- Learners ------------------------------------------------------------------------------------- */

static void run(const char *sql, const char *const *parameters, size_t count) {
  assert_done(&fixture, db_text_exec(fixture.db, sql, parameters, count, &fixture.error, NULL));
  assert_done(&fixture, db_commit(fixture.db, &fixture.error));
}

static uint64_t learner_new(int64_t tokens, int64_t questions, int64_t correct, const char *document) {
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

static bool keep_text(const struct db_text_row *row, void *context, struct error *error) {
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

static int64_t ask_number(uint64_t user_id, const char *expression) {
  const char *text = ask(user_id, expression);
  assert_non_null(text);
  return strtoll(text, NULL, 10);
}

/* Everything that a repair could touch. */
static const char *picture(uint64_t user_id) {
  return ask(user_id,
             "CONCAT_WS('|', tokens, questions_answered, correct_answers, COALESCE(hidden_grade_asset, '-'),"
             " revision, updated_at, (SELECT COUNT(*) FROM ledger AS l WHERE l.user_id = u.id))");
}

static struct rule_repair heal(uint64_t user_id) {
  struct rule_repair repair = {0};
  assert_done(&fixture, rule_heal(set, ledger, &config, RULE_SCOPE_ON_READ, user_id, "rule:test",
                                  fixture.arena, &fixture.error, &repair));
  return repair;
}

static bool heal_fails(uint64_t user_id) {
  struct rule_repair repair;
  error_clear(&fixture.error);
  return !rule_heal(set, ledger, &config, RULE_SCOPE_ON_READ, user_id, "rule:test", fixture.arena,
                    &fixture.error, &repair);
}

static size_t find(uint64_t user_id, struct rule_breach **ret_breaches) {
  struct rule_breach *breaches = NULL;
  size_t count = 0;
  assert_done(&fixture, rule_find(set, fixture.db, RULE_SCOPE_ALL, user_id, fixture.arena, &fixture.error,
                                  &breaches, &count));
  if (ret_breaches != NULL) *ret_breaches = breaches;
  return count;
}

/* --- The rules that ship -------------------------------------------------------------------------- */

struct totals {
  int64_t tokens;
  int64_t questions;
  int64_t correct;
};

#define MODULES(text) "{\"modules\": {" text "}}"
#define MODULE(key, tokens, questions, correct) \
  "\"" key "\": {\"progress\": {\"tokens_earned\": " #tokens ", \"total_questions_answered\": " #questions \
  ", \"correct_answers\": " #correct "}}"

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

static void assert_totals(const char *place, const char *document, const struct totals *totals,
                          const struct totals *expected) {
  if (memcmp(totals, expected, sizeof *totals) == 0) return;
  fail_msg("%s of %s: %lld %lld %lld, expected %lld %lld %lld", place, document == NULL ? "NULL" : document,
           (long long)totals->tokens, (long long)totals->questions, (long long)totals->correct,
           (long long)expected->tokens, (long long)expected->questions, (long long)expected->correct);
}

static struct totals columns_of(uint64_t user_id) {
  return (struct totals){ask_number(user_id, "tokens"), ask_number(user_id, "questions_answered"),
                         ask_number(user_id, "correct_answers")};
}

/* The modules as the program shows them: both readings must be the same. */
static struct totals modules_of(uint64_t user_id, const char *only) {
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

static void assert_global_stats(uint64_t user_id, const char *document, const struct totals *expected) {
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

static struct totals history_of(uint64_t user_id, const char *which) {
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

static void assert_history_adds_up(uint64_t user_id, const char *document) {
  struct totals columns = columns_of(user_id);
  struct totals history = history_of(user_id, "");
  assert_totals("history", document, &history, &columns);
}

/* One repair, one revision, one row of history; then nothing more to find, and nothing more written. */
static void assert_healed_once(uint64_t user_id, const char *document) {
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

static void test_the_history_says_what_moved(void **state) {
  (void)state;
  load();
  uint64_t user_id = learner_new(1, 12, 3, MODULES(MODULE("a", 20, 10, 5)));
  heal(user_id);
  assert_string_equal(ask(user_id,
                          "(SELECT CONCAT_WS('|', l.kind, l.actor, l.revision, l.changes) FROM ledger AS l"
                          " WHERE l.user_id = u.id AND l.revision = u.revision)"),
                      "repair|rule:test|1|["
                      "{\"what\":\"hidden_grade_asset\",\"key\":\"user_totals_match_modules\","
                      "\"because\":\"rule user_totals_match_modules\"},"
                      "{\"what\":\"hidden_grade_asset\",\"key\":\"global_stats_match_totals\","
                      "\"because\":\"rule global_stats_match_totals\"},"
                      "{\"what\":\"tokens\",\"key\":\"user_totals_match_modules\",\"by\":19,"
                      "\"because\":\"rule user_totals_match_modules\"},"
                      "{\"what\":\"correct\",\"key\":\"user_totals_match_modules\",\"by\":2,"
                      "\"because\":\"rule user_totals_match_modules\"}]");
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
    worker->ok = rule_heal(set, ledger, &config, RULE_SCOPE_ON_READ, worker->user_id, "rule:test", arena,
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

/* --- Rules of a site ------------------------------------------------------------------------------ */

static void site_rule(const char *name, const char *text) {
  char file[80];
  snprintf(file, sizeof file, "%s.sql", name);
  rule_file_write(site, file, text);
  load();
  if (rule_set_problem_count(set) != 0) fail_msg("%s", rule_set_problem(set, 0));
}

#define GUIDE_BYTES_MAX 65536

/* The example that docs/rules.md follows to the end. */
static void test_the_example_of_the_guide_works(void **state) {
  (void)state;
  char path[RULE_PATH_BYTES];
  const char *source = getenv("LOCKSTEP_SOURCE");
  snprintf(path, sizeof path, "%s/docs/rules.md", source == NULL ? "." : source);
  char *text = arena_alloc(fixture.arena, GUIDE_BYTES_MAX);
  FILE *file = fopen(path, "r");
  assert_non_null(file);
  assert_in_range(fread(text, 1, GUIDE_BYTES_MAX - 1, file), 1, GUIDE_BYTES_MAX - 2);
  assert_int_equal(fclose(file), 0);
  char *begin = strstr(text, "```sql\n");
  assert_non_null(begin);
  begin += strlen("```sql\n");
  char *end = strstr(begin, "```");
  assert_non_null(end);
  *end = '\0';
  site_rule("display_names_are_trimmed", begin);
  static const struct {
    const char *before;
    const char *after;
    size_t repaired;
  } cases[] = {{" Ada ", "Ada", 1}, {"Ada", "Ada", 0}, {"  ", NULL, 1}, {NULL, NULL, 0}};
  for (size_t at = 0; at < ARRAY_LENGTH(cases); at++) {
    uint64_t user_id = learner_new(0, 0, 0, NULL);
    run(arena_printf(fixture.arena, "UPDATE users SET display_name = ? WHERE id = %llu",
                     (unsigned long long)user_id),
        &cases[at].before, 1);
    assert_int_equal(heal(user_id).found, 0); /* not on read */
    struct rule_repair repair = {0};
    assert_done(&fixture, rule_heal(set, ledger, &config, RULE_SCOPE_ALL, user_id, "rule:test", fixture.arena,
                                    &fixture.error, &repair));
    assert_int_equal(repair.repaired, cases[at].repaired);
    const char *after = ask(user_id, "display_name");
    assert_int_equal(after == NULL, cases[at].after == NULL);
    if (after != NULL) assert_string_equal(after, cases[at].after);
  }
}

static void test_a_rule_may_only_report(void **state) {
  (void)state;
  site_rule("r",
            SITE_BEGIN("r") SITE_ROW("'users'", OWN_KEY, "'report'", "'time_zone'", "time_zone", "NULL"));
  uint64_t user_id = learner_new(0, 0, 0, NULL);
  const char *before = picture(user_id);
  struct rule_repair repair = heal(user_id);
  assert_int_equal(repair.found, 1);
  assert_int_equal(repair.repaired, 0);
  assert_string_equal(picture(user_id), before);
}

static void test_rows_are_inserted_and_deleted(void **state) {
  (void)state;
  site_rule(
      "r",
      SITE_BEGIN(
          "r") "SELECT u.id AS user_id, 'practice_days' AS `table`,"
               " CONCAT('{\"user_id\": ', u.id, ', \"day\": \"2024-02-29\", \"activity\": \"x\"}') AS `key`,"
               " 'insert' AS `action`, 'count' AS `column`, NULL AS actual, u.tokens AS wanted"
               " FROM users AS u LEFT JOIN practice_days AS d ON d.user_id = u.id AND d.day = '2024-02-29'"
               " WHERE u.id BETWEEN :from AND :to AND d.user_id IS NULL AND u.role = 'service'"
               " UNION ALL SELECT d.user_id, 'practice_days', JSON_OBJECT('activity', d.activity, 'user_id',"
               " d.user_id, 'day', d.day), 'delete', 'count', d.count, NULL FROM practice_days AS d"
               " WHERE d.user_id BETWEEN :from AND :to AND d.day <> '2024-02-29'");
  uint64_t user_id = learner_new(0, 0, 0, NULL);
  run(arena_printf(fixture.arena,
                   "UPDATE users SET role = 'service', tokens = 3, hidden_grade_asset ="
                   " '{\"modules\":{\"a\":{\"progress\":{\"tokens_earned\":3}}},\"global_stats\":"
                   "{\"total_tokens_earned\":3}}' WHERE id = %llu",
                   (unsigned long long)user_id),
      NULL, 0);
  run(arena_printf(fixture.arena,
                   "INSERT INTO practice_days (user_id, day, activity, count) VALUES"
                   " (%llu, '2024-01-01', 'it''s \"x', 2), (%llu, '2024-01-02', 'y', 4)",
                   (unsigned long long)user_id, (unsigned long long)user_id),
      NULL, 0);
  struct rule_repair repair = heal(user_id);
  assert_int_equal(repair.found, 3);
  assert_int_equal(repair.repaired, 3);
  assert_string_equal(ask(user_id, "(SELECT GROUP_CONCAT(CONCAT_WS(' ', d.day, d.activity, d.count))"
                                   " FROM practice_days AS d WHERE d.user_id = u.id)"),
                      "2024-02-29 x 3");
  assert_string_equal(
      ask(user_id, "(SELECT l.changes FROM ledger AS l WHERE l.user_id = u.id AND l.revision = 1)"),
      "[{\"what\":\"practice_days\",\"key\":\"r\",\"because\":\"rule r\"},"
      "{\"what\":\"practice_days\",\"key\":\"r\",\"because\":\"rule r\"},"
      "{\"what\":\"practice_days\",\"key\":\"r\",\"because\":\"rule r\"}]");
}

static void test_null_is_a_value(void **state) {
  (void)state;
  site_rule("r", SITE_BEGIN("r")
                     SITE_ROW("'users'", OWN_KEY, "'set'", "'display_name'", "display_name",
                              "IF(username = 'b', NULL, 'named')") " AND NOT (display_name <=> IF(username = "
                                                                   "'b', NULL, 'named'))");
  uint64_t unnamed = learner_new(0, 0, 0, NULL);
  uint64_t named = learner_new(0, 0, 0, NULL);
  run(arena_printf(fixture.arena, "UPDATE users SET username = 'b', display_name = 'n' WHERE id = %llu",
                   (unsigned long long)named),
      NULL, 0);
  assert_int_equal(heal(unnamed).repaired, 1);
  assert_string_equal(ask(unnamed, "display_name"), "named");
  assert_int_equal(heal(named).repaired, 1);
  assert_null(ask(named, "display_name"));
}

static void assert_problem(const char *problem, const char *expected) {
  if (strstr(problem, expected) == NULL) fail_msg("says '%s', expected '%s'", problem, expected);
}

/* A rule that misjudges what is there, or would write again and again, writes nothing at all. One of
 * the site is left aside and the others go on, one that ships is an error. */
static void test_a_rule_that_cannot_be_right_writes_nothing(void **state) {
  (void)state;
  static const struct {
    const char *select;
    const char *detail;
  } cases[] = {
      {SITE_ROW("'users'", OWN_KEY, "'set'", "'display_name'", "'other'", "'x'") " AND display_name IS NULL",
       "r.sql (learner "},
      {SITE_ROW("'users'", OWN_KEY, "'set'", "'display_name'", "'other'", "'x'"), "r.sql (learner "},
      {SITE_ROW("'users'", OWN_KEY, "'set'", "'display_name'", "display_name", "UUID()"), "r.sql (learner "},
      {SITE_ROW("'users'", "'{\"id\": 0}'", "'set'", "'display_name'", "display_name", "'x'"),
       "r.sql (learner "},
      {SITE_ROW("'users'", "'{}'", "'set'", "'display_name'", "display_name", "'x'"), "r.sql (learner "},
      {SITE_ROW("'users'", OWN_KEY, "'set'", "'nothing'", "NULL", "'x'"),
       "r.sql: the table has no column nothing"},
      {SITE_ROW("'users'", OWN_KEY, "'set'", "'id'", "id", "7"), "r.sql: no rule can change the column id"},
      {SITE_ROW("'users'", OWN_KEY, "'set'", "'tokens = 9 -- '", "NULL", "'x'"),
       "r.sql: the table has no column"},
      {SITE_ROW("'nothing'", OWN_KEY, "'set'", "'x'", "NULL", "'x'"),
       "r.sql: no table with a primary key is called"},
      {SITE_ROW("'users, ledger'", OWN_KEY, "'set'", "'x'", "NULL", "'x'"),
       "r.sql: no table with a primary key"},
      {SITE_ROW("'user_profiles'", OWN_KEY, "'set'", "'current_streak'", "NULL", "1"),
       "r.sql: no table with a"},
      {SITE_ROW("'users'", OWN_KEY, "'grow'", "'tokens'", "tokens", "1"),
       ": the action is none of set, insert"},
      {SITE_ROW("'users'", OWN_KEY, "'set'", "NULL", "tokens", "1"), ": no column is to be set"},
      {SITE_ROW("NULL", OWN_KEY, "'set'", "'tokens'", "tokens", "1"), ": table, key or action is NULL"},
      {SITE_ROW("'users'", OWN_KEY, "'set'", "'username'", "username",
                "'taken'") " AND NOT username <=> 'taken'",
       "users_username"},
      {SITE_ROW("'users'", OWN_KEY, "'set'", "'time_zone'", "time_zone", "NULL"), "cannot be null"},
      {SITE_ROW("'users'", OWN_KEY, "'report'", "NULL", "NULL", "NULL") " AND (SELECT id FROM users) > 0",
       "Subquery returns more than 1 row"},
      {SITE_ROW("'users'", OWN_KEY, "'insert'", "NULL", "NULL", "NULL"), "r.sql (learner "},
      {SITE_ROW("'users'", OWN_KEY, "'insert'", "'id'", "NULL", "7"),
       "r.sql: no rule can change the column id"},
      {SITE_ROW("'practice_days'", OWN_KEY, "'delete'", "'count'", "1", "NULL"), "r.sql (learner "},
  };
  run("INSERT INTO users (username) VALUES ('taken')", NULL, 0);
  for (size_t at = 0; at < ARRAY_LENGTH(cases); at++) {
    const char *text = arena_printf(fixture.arena, SITE_BEGIN("r") "%s AND tokens = 5", cases[at].select);
    config.directory = shipped;
    config.site_directory = site;
    site_rule("r", text);
    uint64_t healed = learner_new(5, 2, 1, NULL);
    assert_int_equal(heal(healed).repaired, 2); /* by the rules that ship */
    assert_string_equal(ask(healed, "COALESCE(CONCAT_WS('|', display_name, tokens, (SELECT COUNT(*) FROM "
                                    "practice_days AS d WHERE d.user_id = u.id)), 'NULL')"),
                        "5|0");
    assert_int_equal(rule_set_problem_count(set), 1);
    assert_problem(rule_set_problem(set, 0), cases[at].detail);
    assert_int_equal(heal(healed).found, 0);

    config.directory = site;
    config.site_directory = NULL;
    site_rule("r", text);
    uint64_t user_id = learner_new(5, 2, 1, NULL);
    const char *before = picture(user_id);
    if (!heal_fails(user_id)) fail_msg("healed: %s", cases[at].select);
    assert_int_equal(fixture.error.code, ERROR_INTERNAL);
    assert_problem(fixture.error.detail, cases[at].detail);
    assert_string_equal(picture(user_id), before);
    arena_reset(fixture.arena);
  }
}

/* Byte for byte: what differs in case, in white space or in NULL is not what the rule saw. */
static void test_only_what_was_seen_is_overwritten(void **state) {
  (void)state;
  static const struct {
    const char *column;
    const char *there;
    const char *seen;
    bool written;
  } cases[] = {
      {"display_name", "Ada", "Ada", true},
      {"display_name", "Ada", "ada", false},
      {"display_name", "Ada", "Ada ", false},
      {"display_name", "Ada", NULL, false},
      {"display_name", NULL, NULL, true},
      {"display_name", NULL, "", false},
      {"display_name", "\xc3\xbc", "\xc3\xbc", true},
      {"display_name", "\xc3\xbc", "u", false},
      {"tokens", "9007199254740993", "9007199254740993", true},
      {"tokens", "9007199254740993", "9007199254740992", false},
      {"tokens", "12", "12.0", false},
      {"created_at", "2024-02-29 01:02:03.400", "2024-02-29 01:02:03.400", true},
      {"created_at", "2024-02-29 01:02:03.400", "2024-02-29 01:02:03.401", false},
      {"hidden_grade_asset", "{\"a\": 1}", "{\"a\": 1}", true},
      {"hidden_grade_asset", "{\"a\": 1}", "{\"a\":1}", false},
  };
  load();
  assert_done(&fixture, rule_set_check(set, fixture.db, &fixture.error));
  uint64_t beside = learner_new(0, 0, 0, NULL);
  const char *before = picture(beside);
  for (size_t at = 0; at < ARRAY_LENGTH(cases); at++) {
    uint64_t user_id = learner_new(0, 0, 0, NULL);
    run(arena_printf(fixture.arena, "UPDATE users SET %s = ? WHERE id = %llu", cases[at].column,
                     (unsigned long long)user_id),
        &cases[at].there, 1);
    struct rule_breach breach = {
        .rule = rule_set_at(set, 0),
        .user_id = user_id,
        .table = "users",
        .key = arena_printf(fixture.arena, "{\"id\": %llu}", (unsigned long long)user_id),
        .action = RULE_SET,
        .column = cases[at].column,
        .actual = cases[at].seen};
    breach.wanted = strcmp(cases[at].column, "created_at") == 0 ? "2024-01-01 00:00:00.000" : "1";
    bool written = !cases[at].written;
    assert_done(&fixture, rule_apply_row(set, fixture.db, &breach, 1, &fixture.error, &written));
    assert_done(&fixture, db_commit(fixture.db, &fixture.error));
    if (written != cases[at].written)
      fail_msg("%s: %s there, %s seen", cases[at].column, cases[at].there, cases[at].seen);
    const char *after = ask(user_id, cases[at].column);
    if (written) assert_string_equal(after, breach.wanted);
    if (!written && cases[at].there == NULL) assert_null(after);
    if (!written && cases[at].there != NULL) assert_string_equal(after, cases[at].there);
  }
  assert_string_equal(picture(beside), before);
}

static void test_a_rule_may_not_reach_past_its_learner(void **state) {
  (void)state;
  uint64_t other = learner_new(5, 2, 1, NULL);
  config.directory = site;
  config.site_directory = NULL;
  site_rule(
      "r",
      arena_printf(
          fixture.arena,
          SITE_BEGIN("r") "SELECT %llu AS user_id, 'users' AS `table`, '{}' AS `key`,"
                          " 'report' AS `action`, NULL AS `column`, NULL AS actual, NULL AS wanted FROM users"
                          " WHERE id BETWEEN :from AND :to",
          (unsigned long long)other));
  assert_true(heal_fails(learner_new(5, 2, 1, NULL)));
  assert_problem(fixture.error.detail, ": the row is another learner's");
}

static void test_a_rule_that_does_not_fit_the_database_is_left_aside(void **state) {
  (void)state;
  rule_file_write(site, "a.sql", SITE_BEGIN("a") "SELECT nothing FROM users WHERE id BETWEEN :from AND :to");
  rule_file_write(site, "b.sql", SITE_BEGIN("b") "SELECT 1 FROM nothing WHERE id BETWEEN :from AND :to");
  rule_file_write(
      site, "c.sql",
      SITE_BEGIN(
          "c") "SELECT id AS user_id, 'users' AS tabel, '' AS `key`, '' AS `action`,"
               " '' AS `column`, '' AS actual, '' AS wanted FROM users WHERE id BETWEEN :from AND :to");
  rule_file_write(site, "d.sql",
                  SITE_BEGIN("d") "SELECT id AS user_id FROM users WHERE id BETWEEN :from AND :to");
  rule_file_write(site, "e.sql", SITE_BEGIN("e") "SELEC id");
  rule_file_write(site, "f.sql",
                  SITE_BEGIN("f") SITE_ROW("'users'", OWN_KEY, "'report'", "NULL", "NULL", "NULL"));
  rule_file_write(site, "g.sql",
                  SITE_BEGIN("g") "SELECT id AS user_id, '' AS `table`, '' AS `key`, '' AS `action`,"
                                  " '' AS `column`, '' AS actual, '' AS wanted, 1 AS more FROM users WHERE "
                                  "id BETWEEN :from AND :to");
  load();
  assert_int_equal(rule_set_problem_count(set), 1);
  uint64_t user_id = learner_new(5, 2, 1, NULL);
  struct rule_repair repair = heal(user_id);
  assert_int_equal(repair.found, 3); /* the two that ship, and f */
  assert_int_equal(repair.repaired, 2);
  static const char *const problems[] = {"/e.sql:6: a rule is one SELECT, this begins with SELEC",
                                         "/a.sql: the database refuses its SELECT: ",
                                         "/b.sql: the database refuses its SELECT: ",
                                         "/c.sql: column 2 of the SELECT is tabel, it must be table",
                                         "/d.sql: column 2 of the SELECT is missing, it must be table",
                                         "/g.sql: the SELECT has 8 columns, a rule's are 7"};
  assert_int_equal(rule_set_problem_count(set), ARRAY_LENGTH(problems));
  for (size_t at = 0; at < ARRAY_LENGTH(problems); at++)
    if (strstr(rule_set_problem(set, at), problems[at]) == NULL) fail_msg("%s", rule_set_problem(set, at));
  for (size_t at = 0; at < rule_set_count(set); at++) {
    const struct rule *rule = rule_set_at(set, at);
    assert_int_equal(rule_set_in_use(set, at), !rule->of_site || strcmp(rule->name, "f") == 0);
  }
}

static void test_a_rule_that_ships_must_fit_the_database(void **state) {
  (void)state;
  rule_file_write(site, "a.sql", SITE_BEGIN("a") "SELECT nothing FROM users WHERE id BETWEEN :from AND :to");
  config.directory = site;
  config.site_directory = NULL;
  load();
  assert_true(heal_fails(learner_new(5, 2, 1, NULL)));
  assert_int_equal(fixture.error.code, ERROR_INTERNAL);
  assert_non_null(strstr(fixture.error.message, "/a.sql: the database refuses its SELECT: "));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_what_modules_do_not_explain_is_kept, setup, teardown),
      cmocka_unit_test_setup_teardown(test_what_modules_do_not_explain_is_dropped, setup, teardown),
      cmocka_unit_test_setup_teardown(test_a_sound_learner_is_not_written, setup, teardown),
      cmocka_unit_test_setup_teardown(test_totals_past_counting_are_left_to_a_person, setup, teardown),
      cmocka_unit_test_setup_teardown(test_what_is_not_known_stays, setup, teardown),
      cmocka_unit_test_setup_teardown(test_the_history_says_what_moved, setup, teardown),
      cmocka_unit_test_setup_teardown(test_the_history_adds_up_after_every_repair, setup, teardown),
      cmocka_unit_test_setup_teardown(test_find_says_what_it_would_write, setup, teardown),
      cmocka_unit_test_setup_teardown(test_the_one_switch_stops_repairs, setup, teardown),
      cmocka_unit_test_setup_teardown(test_who_is_gone_is_left_alone, setup, teardown),
      cmocka_unit_test_setup_teardown(test_healing_beside_writers_loses_nothing, setup, teardown),
      cmocka_unit_test_setup_teardown(test_the_example_of_the_guide_works, setup, teardown),
      cmocka_unit_test_setup_teardown(test_a_rule_may_only_report, setup, teardown),
      cmocka_unit_test_setup_teardown(test_rows_are_inserted_and_deleted, setup, teardown),
      cmocka_unit_test_setup_teardown(test_null_is_a_value, setup, teardown),
      cmocka_unit_test_setup_teardown(test_a_rule_that_cannot_be_right_writes_nothing, setup, teardown),
      cmocka_unit_test_setup_teardown(test_only_what_was_seen_is_overwritten, setup, teardown),
      cmocka_unit_test_setup_teardown(test_a_rule_may_not_reach_past_its_learner, setup, teardown),
      cmocka_unit_test_setup_teardown(test_a_rule_that_does_not_fit_the_database_is_left_aside, setup,
                                      teardown),
      cmocka_unit_test_setup_teardown(test_a_rule_that_ships_must_fit_the_database, setup, teardown),
  };
  if (fixture_is_missing()) return 0;
  return cmocka_run_group_tests_name("rule/rule_heal", tests, group_setup, group_teardown);
}
