/* How much a run would change, before it changes anything. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "queries/repair.h"
#include "rule/repair_private.h"

#include "base/banned.h"

#define MEASURE_TRIES_MAX 5
#define MEASURE_HELPERS 1 /* threads beside the caller's; each takes a connection */
#define MEASURE_ARENA_BYTES ((size_t)16 * 1024 * 1024)

struct measure {
  const struct repair_work *work;
  uint64_t *found; /* rows, by place in the rule set */
};

/* Rows that would be changed, once each; those that are paused are not. */
static void append_measure(struct buffer *sql, const struct rule *rule, bool has_pauses) {
  buffer_printf(sql,
                "SELECT COUNT(*) FROM (SELECT DISTINCT s.`table`, s.`key` FROM (%s) AS s"
                " WHERE s.`action` <> 'report'",
                rule->sql);
  if (has_pauses)
    buffer_printf(sql,
                  " AND (SELECT COUNT(*) FROM rule_pauses AS p WHERE p.rule = '%s' AND p.user_id = s.user_id"
                  " AND p.table_name = s.`table` AND p.row_key = s.`key`) = 0",
                  rule->name);
  buffer_append_text(sql, ") AS n");
}

static bool measure_rule(const struct measure *measure, struct db *db, size_t at,
                         const struct repair_span *span, bool has_pauses, struct error *error,
                         uint64_t *ret_rows) {
  CLEANUP(buffer_free) struct buffer text = BUFFER_INIT(REPAIR_SQL_BYTES_MAX);
  const struct rule *rule = &measure->work->set->rules[at];
  char ends[2][REPAIR_NUMBER_BYTES];
  const char *parameters[2 * RULE_RANGES_MAX];
  uint64_t rows = 0;
  append_measure(&text, rule, has_pauses);
  snprintf(ends[0], sizeof ends[0], "%llu", (unsigned long long)span->from);
  snprintf(ends[1], sizeof ends[1], "%llu", (unsigned long long)span->to);
  for (size_t parameter = 0; parameter < 2 * rule->range_count; parameter++)
    parameters[parameter] = ends[parameter % 2];
  if (text.failed) return error_set_memory(error);
  if (!db_text_each(db, text.data, parameters, 2 * rule->range_count, measure->work->arena,
                    repair_take_number, &rows, error))
    return false;
  *ret_rows = rows;
  return true;
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
    if (!work->run->takes[at] || !rule_set_in_use(work->set, at)) continue;
    const struct rule_pause *pause = repair_pause_of(&tx, work->set->rules[at].name);
    if (pause != NULL && pause->is_whole) continue;
    *ret_culprit = &work->set->rules[at];
    if (!measure_rule(measure, lease.db, at, span, pause != NULL, error, &counts[at])) return false;
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

/* What the threads of one measurement share. */
struct measure_share {
  pthread_mutex_t lock;
  const struct repair_run *run;
  uint64_t at; /* the first learner whom nobody has taken */
  bool ended;
  bool failed;
  struct error why;
};

/* A thread that helps, with memory of its own. */
struct measure_helper {
  pthread_t thread;
  bool runs;
  struct measure_share *share;
  struct repair_work work;
  struct measure measure;
};

static bool share_take(struct measure_share *share, const struct repair_work *work, struct error *error,
                       struct repair_span *ret_span) {
  pthread_mutex_lock(&share->lock);
  bool taken = !share->ended && !share->failed &&
               repair_next_span(work, share->at, share->run->to_user, error, ret_span);
  if (taken) share->ended = ret_span->to >= share->run->to_user;
  if (taken) share->at = ret_span->to + 1;
  pthread_mutex_unlock(&share->lock);
  return taken;
}

/* Span after span, until there is none. */
static void measure_spans(struct measure *measure, struct measure_share *share) {
  struct error error = ERROR_INIT;
  struct repair_span span;
  struct arena_mark mark = arena_mark(measure->work->arena);
  while (share_take(share, measure->work, &error, &span) && measure_span(measure, &span, &error))
    arena_rewind(measure->work->arena, mark);
  arena_rewind(measure->work->arena, mark);
  if (error.code == ERROR_NONE) return;
  pthread_mutex_lock(&share->lock);
  if (!share->failed) share->why = error;
  share->failed = true;
  pthread_mutex_unlock(&share->lock);
}

static void *helper_main(void *context) {
  struct measure_helper *helper = context;
  measure_spans(&helper->measure, helper->share);
  return NULL;
}

/* Help that cannot be had is done without. */
static void helper_start(struct measure_helper *helper, const struct repair_work *work,
                         struct measure_share *share) {
  struct arena *arena = arena_new(MEASURE_ARENA_BYTES);
  if (arena == NULL) return;
  helper->work = *work;
  helper->work.arena = arena;
  helper->work.guard = NULL; /* its owner's thread asks */
  helper->share = share;
  helper->measure.work = &helper->work;
  helper->measure.found = arena_alloc_array(arena, work->set->count + 1, sizeof *helper->measure.found);
  helper->runs =
      helper->measure.found != NULL && pthread_create(&helper->thread, NULL, helper_main, helper) == 0;
}

static void helper_end(struct measure_helper *helper, struct measure *measure) {
  if (helper->runs) pthread_join(helper->thread, NULL);
  for (size_t at = 0; helper->runs && at < measure->work->set->count; at++)
    measure->found[at] += helper->measure.found[at];
  arena_free(helper->work.arena);
}

/* Nothing is written, so that several may look at once. */
static bool measure_all(struct measure *measure, struct error *error) {
  const struct repair_work *work = measure->work;
  struct measure_share share = {
      .lock = PTHREAD_MUTEX_INITIALIZER, .run = work->run, .at = work->run->from_user};
  struct measure_helper helpers[MEASURE_HELPERS] = {{.runs = false}};
  bool is_large = work->run->learners_in_scope > REPAIR_RANGE_LEARNERS;
  for (size_t at = 0; is_large && at < MEASURE_HELPERS; at++)
    helper_start(&helpers[at], work, &share);
  measure_spans(measure, &share);
  for (size_t at = 0; at < MEASURE_HELPERS; at++)
    helper_end(&helpers[at], measure);
  pthread_mutex_destroy(&share.lock);
  if (share.failed) *error = share.why;
  return !share.failed;
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
  /* A dry run counts what it finds by itself, and so does one that no limit holds. */
  if (run.is_rollback || run.dry_run || run.confirm_over_limit) return true;
  struct measure measure = {.work = &work,
                            .found = arena_alloc_array(arena, engine->set->count + 1, sizeof *measure.found)};
  if (measure.found == NULL) return error_set_memory(error);
  if (!measure_all(&measure, error) || !measure_store(&measure, error)) return false;
  if (measure_hold(&measure, error)) return true;
  struct error why = *error;
  error_clear(error);
  if (!repair_abandon(engine, run_id, REPAIR_STOPPED, why.message, error)) return false;
  *error = why;
  return false;
}
