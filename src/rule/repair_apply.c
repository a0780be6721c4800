/* Applying a plan: exactly what was planned, in one transaction, or nothing. */
#include <stdio.h>
#include <string.h>

#include "queries/repair.h"
#include "rule/repair_private.h"

#include "base/banned.h"

#define APPLY_TRIES_MAX 5
#define APPLY_NAMED_MAX 5 /* of what moved */

static bool conflict_of_learners(struct repair_tx *tx, struct error *error) {
  struct repair_plan_moved_learners_params params = {.run_id = tx->work->run->id,
                                                     .row_limit = APPLY_NAMED_MAX};
  struct repair_plan_moved_learners_row *rows;
  char names[ERROR_MESSAGE_BYTES / 2] = "";
  size_t used = 0;
  size_t count;
  if (!repair_plan_moved_learners(tx->db, &params, tx->arena, APPLY_NAMED_MAX, error, &rows, &count))
    return false;
  for (size_t at = 0; at < count && used < sizeof names; at++)
    used += (size_t)snprintf(names + used, sizeof names - used, "%s%llu", at == 0 ? "" : ", ",
                             (unsigned long long)rows[at].user_id);
  return error_set(error, ERROR_CONFLICT, "Learners have changed since the plan was made: %s.", names);
}

static bool conflict_of_rows(struct repair_tx *tx, struct error *error) {
  struct repair_plan_moved_rows_params params = {.run_id = tx->work->run->id, .row_limit = APPLY_NAMED_MAX};
  struct repair_plan_moved_rows_row *rows;
  char names[ERROR_MESSAGE_BYTES / 2] = "";
  size_t used = 0;
  size_t count;
  if (!repair_plan_moved_rows(tx->db, &params, tx->arena, APPLY_NAMED_MAX, error, &rows, &count))
    return false;
  if (count == 0) return true;
  for (size_t at = 0; at < count && used < sizeof names; at++)
    used += (size_t)snprintf(names + used, sizeof names - used, "%s%s %s", at == 0 ? "" : ", ",
                             rows[at].table_name, rows[at].row_key);
  return error_set(error, ERROR_CONFLICT, "Rows have changed since the plan was made: %s.", names);
}

static bool apply_hold_to_limits(struct repair_tx *tx, struct error *error) {
  struct repair_counts_read_params params = {.run_id = tx->work->run->id};
  struct repair_counts_read_row *rows;
  size_t count;
  if (tx->work->run->confirm_over_limit) return true;
  if (!repair_counts_read(tx->db, &params, tx->arena, REPAIR_COUNTS_MAX, error, &rows, &count)) return false;
  for (size_t at = 0; at < count; at++) {
    const struct rule *rule = repair_rule_named(tx->work->set, rows[at].rule);
    if (rule != NULL &&
        !repair_hold_to_limit(rule, tx->work->run->learners_in_scope, rows[at].found, "would change", error))
      return false;
  }
  return true;
}

/* The run's row stays locked until the end, so that nobody else applies or prunes it. */
static bool apply_lock_run(struct repair_tx *tx, struct error *error) {
  struct repair_run_lock_params params = {.run_id = tx->work->run->id};
  struct repair_run_lock_row row;
  unsigned long long id = params.run_id;
  bool found;
  if (!repair_run_lock(tx->db, &params, tx->arena, error, &row, &found)) return false;
  if (!found) return error_set(error, ERROR_NOT_FOUND, "There is no repair run %llu.", id);
  if (strcmp(row.state, repair_state_names[REPAIR_PLANNED]) == 0) return true;
  return error_set(error, ERROR_CONFLICT, "Run %llu is %s, not a plan to be applied.", id, row.state);
}

static bool apply_write(struct repair_tx *tx, struct error *error) {
  struct repair_plan_take_up_params params = {.run_id = tx->work->run->id};
  struct db_outcome outcome;
  uint64_t moved = 0;
  if (!repair_plan_take_up(tx->db, &params, error, &outcome)) return false;
  tx->found = outcome.affected > 0;
  if (!tx->found) return true;
  if (!repair_lock_learners(tx, 0, REPAIR_LAST_STEP, error, &moved)) return false;
  if (moved > 0) return conflict_of_learners(tx, error);
  if (!repair_mark_moved(tx, 0, REPAIR_LAST_STEP, error) || !conflict_of_rows(tx, error)) return false;
  return repair_write(tx, 0, REPAIR_LAST_STEP, error) && repair_settle_learners(tx, error);
}

static bool apply_end(struct repair_tx *tx, struct error *error) {
  const struct repair_run *run = tx->work->run;
  uint64_t id = run->id;
  struct repair_plan_done_params done = {.run_id = id};
  struct repair_plan_learners_params learners = {.run_id = id, .learners_changed = tx->learners_changed};
  struct repair_run_apply_params apply = {
      .run_id = id, .actor = run->actor, .confirm_over_limit = run->confirm_over_limit};
  return repair_plan_done(tx->db, &done, error, NULL) &&
         repair_plan_learners(tx->db, &learners, error, NULL) &&
         repair_run_apply(tx->db, &apply, error, NULL) && db_commit(tx->db, error);
}

static bool apply_once(const struct repair_work *work, struct error *error) {
  CLEANUP(pool_lease_end) struct pool_lease lease = {.pool = work->pool};
  const struct repair_guard *guard = work->guard;
  struct repair_tx tx = {.work = work,
                         .arena = work->arena,
                         .from = work->run->from_user,
                         .to = work->run->to_user,
                         .mode = REPAIR_CAREFUL};
  if (guard != NULL && !guard->may_go_on(guard->context, error)) return false;
  if (!repair_borrow(work->pool, error, &lease)) return false;
  tx.db = lease.db;
  if (guard != NULL && !guard->hold(guard->context, tx.db, tx.to, work->run->learners_in_scope, error))
    return false;
  return apply_lock_run(&tx, error) && apply_hold_to_limits(&tx, error) && apply_write(&tx, error) &&
         apply_end(&tx, error);
}

static bool apply_digest(const struct repair_work *work, const char *digest, struct error *error) {
  char own[REPAIR_DIGEST_BYTES];
  if (digest == NULL) return true;
  if (!repair_plan_digest(work, error, own)) return false;
  if (strcmp(own, digest) == 0) return true;
  return error_set(error, ERROR_CONFLICT, "The plan has another digest.");
}

bool repair_apply_plan(const struct repair_engine *engine, uint64_t run_id, const char *digest,
                       bool confirm_over_limit, const char *actor, const struct repair_guard *guard,
                       struct arena *arena, struct error *error) {
  struct repair_run run;
  struct repair_work work;
  if (!repair_begin(engine, run_id, guard, arena, error, &run, &work)) return false;
  if (!repair_check_switch(&work, error)) return false;
  run.actor = actor;
  run.confirm_over_limit = run.confirm_over_limit || confirm_over_limit;
  if (run.state != REPAIR_PLANNED)
    return error_set(error, ERROR_CONFLICT, "Run %llu is %s, not a plan to be applied.",
                     (unsigned long long)run_id, repair_state_names[run.state]);
  if (!apply_digest(&work, digest, error)) return false;
  struct arena_mark mark = arena_mark(arena);
  for (unsigned tries = 1;; tries++) {
    if (apply_once(&work, error)) return true;
    if (error->code != ERROR_TRANSIENT || tries == APPLY_TRIES_MAX) return repair_give_up(error);
    error_clear(error);
    arena_rewind(arena, mark);
    repair_pause_before_retry(tries);
  }
}
