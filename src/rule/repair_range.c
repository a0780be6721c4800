/* A run over a range of learners: transaction after transaction, and what becomes of one that fails. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "queries/repair.h"
#include "rule/repair_private.h"

#include "base/banned.h"

#define RANGE_TRIES_MAX 8  /* of one transaction whose connection was lost */
#define RANGE_SPANS_MAX 32 /* a span is halved until one learner is left: REPAIR_RANGE_LEARNERS < 2^10 */
#define RANGE_LEFT_MAX 100 /* learners of one span who cannot be repaired: then something else is wrong */
#define RANGE_BECAUSE_BYTES 190
#define RANGE_LAST_TRIES_MAX 3 /* for one learner alone, before it is left to another run */

/* The first half of a span's learners ends where? */
static bool span_halve(const struct repair_work *work, const struct repair_span *span, struct error *error,
                       struct repair_span *ret_first, struct repair_span *ret_second) {
  CLEANUP(pool_lease_end) struct pool_lease lease = {.pool = work->pool};
  struct repair_bounds_params params = {
      .from_user = span->from, .to_user = span->to, .row_limit = span->learners / 2};
  struct repair_bounds_row row;
  bool found;
  if (!repair_borrow(work->pool, error, &lease)) return false;
  if (!repair_bounds(lease.db, &params, work->arena, error, &row, &found)) return false;
  db_end_read(lease.db);
  uint64_t end = row.last_user_is_null || row.last_user >= span->to ? span->from : row.last_user;
  *ret_first =
      (struct repair_span){.from = span->from, .to = end, .learners = row.learners, .mode = span->mode};
  *ret_second = (struct repair_span){
      .from = end + 1, .to = span->to, .learners = span->learners - row.learners, .mode = span->mode};
  return true;
}

static bool is_lost(const struct error *error) {
  return error->sql_errno != 0 && error->sql_errno != 1213 && error->sql_errno != 1205 &&
         error->sql_errno != 1020;
}

/* Spans that are yet to be done, the next one on top. */
struct spans {
  struct repair_span items[RANGE_SPANS_MAX];
  size_t count;
  size_t left;                       /* learners who could not be repaired */
  char because[RANGE_BECAUSE_BYTES]; /* the last conflict */
};

static bool spans_push_halves(const struct repair_work *work, struct spans *spans, struct error *error) {
  struct repair_span *span = &spans->items[spans->count - 1];
  struct repair_span first;
  struct repair_span second;
  if (!span_halve(work, span, error, &first, &second)) return repair_give_up(error);
  *span = second;
  spans->items[spans->count++] = first;
  return true;
}

/* A conflict: the same again, then in halves, at last one learner alone, who is left to another run. */
static bool spans_conflict(const struct repair_work *work, struct spans *spans, struct error *error) {
  struct repair_span *span = &spans->items[spans->count - 1];
  if (is_lost(error)) {
    repair_pause_before_retry((unsigned)++span->losses);
    return span->losses < RANGE_TRIES_MAX || repair_give_up(error);
  }
  snprintf(spans->because, sizeof spans->because, "%.189s",
           error->detail[0] == '\0' ? error->message : error->detail);
  span->conflicts++;
  if (error->sql_errno == 0) span->mode = REPAIR_CAREFUL;
  repair_pause_before_retry((unsigned)span->conflicts);
  if (span->learners > 1 && span->conflicts > 1 && spans->count < RANGE_SPANS_MAX)
    return spans_push_halves(work, spans, error);
  if (span->conflicts <= RANGE_LAST_TRIES_MAX) return true;
  if (span->conflicts > 2 * RANGE_LAST_TRIES_MAX || ++spans->left > RANGE_LEFT_MAX)
    return repair_give_up(error);
  span->mode = REPAIR_LEAVE;
  return true;
}

/* A defect in a rule of the site is no reason to repair nothing: it is left aside, and the others go on. */
static bool spans_failed(const struct repair_work *work, struct spans *spans, const struct rule *culprit,
                         struct error *error) {
  if (error->code == ERROR_TRANSIENT) return spans_conflict(work, spans, error);
  if (error->code != ERROR_INTERNAL || culprit == NULL || !culprit->of_site) return false;
  struct error why = *error;
  error_clear(error);
  return rule_leave_aside(work->set, culprit, &why, error);
}

static bool span_settle(const struct repair_work *work, const struct repair_span *span, struct error *error) {
  struct spans spans = {.items = {*span}, .count = 1};
  while (spans.count > 0) {
    const struct rule *culprit = NULL;
    struct repair_span next = spans.items[spans.count - 1];
    if (repair_span_try(work, &next, spans.because, error, &culprit)) {
      spans.count--;
      continue;
    }
    if (!spans_failed(work, &spans, culprit, error)) return false;
    error_clear(error);
  }
  return true;
}

/* --- The range ---------------------------------------------------------------------------------------- */

bool repair_next_span(const struct repair_work *work, uint64_t from, uint64_t to, struct error *error,
                      struct repair_span *ret_span) {
  struct repair_bounds_params params = {.from_user = from, .to_user = to, .row_limit = REPAIR_RANGE_LEARNERS};
  struct repair_bounds_row row;
  bool found;
  for (unsigned tries = 1;; tries++) {
    CLEANUP(pool_lease_end) struct pool_lease lease = {.pool = work->pool};
    if (!repair_borrow(work->pool, error, &lease)) return false;
    if (repair_bounds(lease.db, &params, work->arena, error, &row, &found)) {
      db_end_read(lease.db);
      break;
    }
    if (error->code != ERROR_TRANSIENT || tries == RANGE_TRIES_MAX) return repair_give_up(error);
    error_clear(error);
    repair_pause_before_retry(tries);
  }
  *ret_span = (struct repair_span){.from = from,
                                   .to = row.learners < REPAIR_RANGE_LEARNERS ? to : row.last_user,
                                   .learners = row.learners};
  return true;
}

static bool range_work(const struct repair_work *work, uint64_t from, uint64_t to, struct error *error) {
  for (uint64_t at = from; at <= to;) {
    struct repair_span span;
    struct arena_mark mark = arena_mark(work->arena);
    if (!repair_next_span(work, at, to, error, &span)) return false;
    if (!span_settle(work, &span, error)) return false;
    arena_rewind(work->arena, mark);
    at = span.to + 1;
  }
  return true;
}

bool repair_range(const struct repair_engine *engine, uint64_t run_id, uint64_t from_user, uint64_t to_user,
                  const struct repair_guard *guard, struct arena *arena, struct error *error) {
  struct repair_run run;
  struct repair_work work;
  if (!repair_begin(engine, run_id, guard, arena, error, &run, &work)) return false;
  if (repair_is_over(run.state))
    return error_set(error, ERROR_CONFLICT, "Run %llu has ended.", (unsigned long long)run_id);
  uint64_t from = from_user > run.from_user ? from_user : run.from_user;
  uint64_t to = to_user < run.to_user ? to_user : run.to_user;
  if (range_work(&work, from, to, error)) return true;
  if (error->code != ERROR_UNPROCESSABLE) return false;
  struct error why = *error;
  error_clear(error);
  if (!repair_abandon(engine, run_id, REPAIR_STOPPED, why.message, error)) return false;
  *error = why;
  return false;
}
