/* Asking one of the rules that ship by its name, over a range. */
#ifndef LOCKSTEP_TESTS_SHIPPED_FIXTURE_H
#define LOCKSTEP_TESTS_SHIPPED_FIXTURE_H

#include "rule_fixture.h"

#define SHIPPED_ROWS_MAX 1000

/* The rows of a rule as "user key action column actual wanted", one a line; NULL is -. */
struct shipped_rows {
  struct buffer text;
  size_t count;
};

static inline bool shipped_row(const struct db_text_row *row, void *context, struct error *error) {
  struct shipped_rows *rows = context;
  (void)error;
  for (size_t at = 0; at < row->count; at++) {
    if (at == 1) continue; /* the table: the rule's name tells it */
    buffer_printf(&rows->text, "%s%s", at == 0 ? "" : " ", row->values[at] == NULL ? "-" : row->values[at]);
  }
  buffer_append_char(&rows->text, '\n');
  rows->count++;
  return true;
}

static inline const struct rule *shipped_rule(const char *name) {
  for (size_t at = 0; at < rule_set_count(set); at++)
    if (strcmp(rule_set_at(set, at)->name, name) == 0) return rule_set_at(set, at);
  fail_msg("no rule is called %s", name);
  return NULL;
}

/* In the arena of the test. */
static inline const char *shipped_find(const char *name, uint64_t from, uint64_t to, size_t *ret_count) {
  const struct rule *rule = shipped_rule(name);
  const char *parameters[2 * RULE_RANGES_MAX];
  char ends[2][24];
  struct shipped_rows rows = {.text = BUFFER_INIT((size_t)1024 * 1024)};
  snprintf(ends[0], sizeof ends[0], "%llu", (unsigned long long)from);
  snprintf(ends[1], sizeof ends[1], "%llu", (unsigned long long)to);
  for (size_t at = 0; at < 2 * rule->range_count; at++)
    parameters[at] = ends[at % 2];
  assert_done(&fixture, db_text_each(fixture.db, rule->sql, parameters, 2 * rule->range_count, fixture.arena,
                                     shipped_row, &rows, &fixture.error));
  db_rollback(fixture.db);
  const char *text = arena_strdup(fixture.arena, buffer_text(&rows.text));
  buffer_free(&rows.text);
  if (ret_count != NULL) *ret_count = rows.count;
  return text;
}

static inline void assert_shipped(const char *name, uint64_t user_id, const char *expected) {
  assert_string_equal(shipped_find(name, user_id, user_id, NULL), expected);
}

/* As sync-user-data does it: every rule, in order. */
static inline struct rule_repair heal_all(uint64_t user_id) {
  struct rule_repair repair = {0};
  assert_done(&fixture, rule_heal(set, ledger, &config, RULE_SCOPE_ALL, user_id, "rule:test", fixture.arena,
                                  &fixture.error, &repair));
  return repair;
}

static inline void run_text(const char *sql) { run(sql, NULL, 0); }
#define RUN(...) run_text(arena_printf(fixture.arena, __VA_ARGS__))
#define ID(user_id) ((unsigned long long)(user_id))

#endif
