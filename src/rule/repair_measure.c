/* How much a run would change, before it changes anything. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "queries/repair.h"
#include "rule/repair_private.h"

#include "base/banned.h"

#define MEASURE_TRIES_MAX 5

struct measure {
  const struct repair_work *work;
  uint64_t *found; /* rows, by place in the rule set */
};

/* Rows that would be changed, once each; those that are paused are not. */
static void append_measure(struct buffer *sql, const struct rule *rule) {
  buffer_append_text(sql, "SELECT COUNT(*) FROM (SELECT DISTINCT s.`table`, s.`key` FROM ");
  repair_sql_rule(sql, rule);
  buffer_printf(sql,
                " AS s WHERE s.`action` <> 'report' AND NOT EXISTS (SELECT 1 FROM rule_pauses AS p WHERE"
                " p.rule = '%s' AND p.user_id = s.user_id AND p.table_name = s.`table` AND p.row_key ="
                " s.`key`)) AS n",
                rule->name);
}

static bool take_number(const struct db_text_row *row, void *context, struct error *error) {
  uint64_t *number = context;
  (void)error;
  if (row->values[0] != NULL) *number = strtoull(row->values[0], NULL, 10);
  return true;
}

static bool measure_rule(const struct measure *measure, struct db *db, size_t at,
                         const struct repair_span *span, struct error *error, uint64_t *ret_rows) {
  CLEANUP(buffer_free) struct buffer text = BUFFER_INIT(REPAIR_SQL_BYTES_MAX);
  const struct rule *rule = &measure->work->set->rules[at];
  char ends[2][REPAIR_NUMBER_BYTES];
  const char *parameters[2 * RULE_RANGES_MAX];
  uint64_t rows = 0;
  append_measure(&text, rule);
  snprintf(ends[0], sizeof ends[0], "%llu", (unsigned long long)span->from);
  snprintf(ends[1], sizeof ends[1], "%llu", (unsigned long long)span->to);
  for (size_t parameter = 0; parameter < 2 * rule->range_count; parameter++)
    parameters[parameter] = ends[parameter % 2];
  if (text.failed) return error_set_memory(error);
  if (!db_text_each(db, text.data, parameters, 2 * rule->range_count, measure->work->arena, take_number,
                    &rows, error))
    return false;
  *ret_rows = rows;
  return true;
}

static bool is_paused(const struct repair_tx *tx, const struct rule *rule) {
  for (size_t at = 0; at < tx->pause_count; at++)
    if (tx->pauses[at].is_whole && strcmp(tx->pauses[at].rule, rule->name) == 0) return true;
  return false;
}

static bool measure_span_once(struct measure *measure, const struct repair_span *span, uint64_t *counts,
                              struct error *error, const struct rule **ret_culprit) {
  const struct repair_work *work = measure->work;
  CLEANUP(pool_lease_end) struct pool_lease lease = {.pool = work->pool};
  if (!repair_borrow(work->pool, error, &lease)) return false;
  struct repair_tx tx = {
      .work = work, .db = lease.db, .arena = work->arena, .from = span->from, .to = span->to};
  if (!repair_load_pauses(&tx, error)) return false;
  for (size_t at = 0; at < work->set->count; at++) {
    counts[at] = 0;
    if (!work->run->takes[at] || !rule_set_in_use(work->set, at) || is_paused(&tx, &work->set->rules[at]))
      continue;
    *ret_culprit = &work->set->rules[at];
    if (!measure_rule(measure, lease.db, at, span, error, &counts[at])) return false;
  }
  db_end_read(lease.db);
  return true;
}

static bool measure_span(struct measure *measure, const struct repair_span *span, struct error *error) {
  const struct repair_work *work = measure->work;
  const struct repair_guard *guard = work->guard;
  uint64_t *counts = arena_alloc_array(work->arena, work->set->count + 1, sizeof *counts);
  if (counts == NULL) return error_set_memory(error);
  if (guard != NULL && !guard->may_go_on(guard->context, error)) return false;
  for (unsigned tries = 1;; tries++) {
    const struct rule *culprit = NULL;
    if (measure_span_once(measure, span, counts, error, &culprit)) break;
    struct error why = *error;
    bool is_defect = why.code == ERROR_INTERNAL && culprit != NULL && culprit->of_site;
    if (!is_defect && (why.code != ERROR_TRANSIENT || tries >= MEASURE_TRIES_MAX))
      return repair_give_up(error);
    error_clear(error);
    if (is_defect && !rule_leave_aside(work->set, culprit, &why, error)) return false;
    if (!is_defect) repair_pause_before_retry(tries);
  }
  for (size_t at = 0; at < work->set->count; at++)
    measure->found[at] += counts[at];
  return true;
}

static bool measure_all(struct measure *measure, struct error *error) {
  const struct repair_run *run = measure->work->run;
  for (uint64_t at = run->from_user; at <= run->to_user;) {
    struct repair_span span;
    struct arena_mark mark = arena_mark(measure->work->arena);
    if (!repair_next_span(measure->work, at, run->to_user, error, &span)) return false;
    if (!measure_span(measure, &span, error)) return false;
    arena_rewind(measure->work->arena, mark);
    at = span.to + 1;
  }
  return true;
}

static bool measure_store(const struct measure *measure, struct error *error) {
  const struct repair_work *work = measure->work;
  CLEANUP(pool_lease_end) struct pool_lease lease = {.pool = work->pool};
  struct repair_count_found_params *rows = arena_alloc_array(work->arena, work->set->count + 1, sizeof *rows);
  size_t count = 0;
  if (rows == NULL) return error_set_memory(error);
  for (size_t at = 0; at < work->set->count; at++)
    if (work->run->takes[at] && rule_set_in_use(work->set, at))
      rows[count++] = (struct repair_count_found_params){
          .run_id = work->run->id, .rule = work->set->rules[at].name, .found = measure->found[at]};
  if (!repair_borrow(work->pool, error, &lease)) return false;
  return (repair_count_found(lease.db, rows, count, error, NULL) && db_commit(lease.db, error)) ||
         repair_give_up(error);
}

static bool measure_hold(const struct measure *measure, struct error *error) {
  const struct repair_work *work = measure->work;
  for (size_t at = 0; at < work->set->count; at++)
    if (!repair_hold_to_limit(&work->set->rules[at], work->run->learners_in_scope, measure->found[at],
                              "would change", error))
      return false;
  return true;
}

bool repair_measure(const struct repair_engine *engine, uint64_t run_id, const struct repair_guard *guard,
                    struct arena *arena, struct error *error) {
  struct repair_run run;
  struct repair_work work;
  if (!repair_begin(engine, run_id, guard, arena, error, &run, &work)) return false;
  if (run.is_rollback || run.dry_run) return true; /* a dry run counts what it finds by itself */
  struct measure measure = {.work = &work,
                            .found = arena_alloc_array(arena, engine->set->count + 1, sizeof *measure.found)};
  if (measure.found == NULL) return error_set_memory(error);
  if (!measure_all(&measure, error) || !measure_store(&measure, error)) return false;
  if (run.confirm_over_limit || measure_hold(&measure, error)) return true;
  struct error why = *error;
  error_clear(error);
  if (!repair_abandon(engine, run_id, REPAIR_STOPPED, why.message, error)) return false;
  *error = why;
  return false;
}
