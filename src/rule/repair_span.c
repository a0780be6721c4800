/* One transaction of a run: the rules in their order over a span of learners. */
#include <string.h>

#include "queries/repair.h"
#include "rule/repair_private.h"

#include "base/banned.h"

/* A repair is done when its rule finds nothing more. Of the rules that ship the tests say so; one of the
 * site is asked again, or it would repair for ever. */
static bool still_breaks(const struct repair_tx *tx, const struct rule *rule, struct error *error) {
  error_set(error, ERROR_INTERNAL, "A rule of consistency still does not hold after its repair.");
  return error_detail(error, "%s (learner %llu)", rule->file, (unsigned long long)tx->from);
}

/* A learner who cannot be repaired now: what was found is listed, with the reason. */
bool repair_leave_steps(struct repair_tx *tx, uint64_t first_step, uint64_t last_step, struct error *error) {
  struct repair_leave_params params = {.run_id = tx->work->run->id,
                                       .from_user = tx->from,
                                       .to_user = tx->to,
                                       .first_step = first_step,
                                       .last_step = last_step,
                                       .changed_by = tx->left_because};
  struct db_outcome outcome;
  return repair_leave(tx->db, &params, error, &outcome);
}

static bool write_step(struct repair_tx *tx, uint64_t step, struct error *error) {
  if (tx->mode == REPAIR_LEAVE) return repair_leave_steps(tx, step, step, error);
  if (tx->mode == REPAIR_CAREFUL && !repair_mark_moved(tx, step, step, error)) return false;
  return repair_write(tx, step, step, error);
}

static bool repair_rule(struct repair_tx *tx, size_t at, struct error *error) {
  const struct rule *rule = &tx->work->set->rules[at];
  bool asks_again = tx->mode == REPAIR_EAGER && (tx->one_learner || rule->of_site);
  for (uint64_t round = 0;; round++) {
    uint64_t step = at * REPAIR_ROUNDS_MAX + round;
    uint64_t found;
    tx->culprit = rule;
    if (!repair_find(tx, rule, step, error, &found)) return false;
    if (found == 0) return true;
    if (round == REPAIR_ROUNDS_MAX - 1) return still_breaks(tx, rule, error);
    tx->found = true;
    if (!write_step(tx, step, error)) return false;
    if (!asks_again) return true;
  }
}

static bool name_movers(struct repair_tx *tx, struct error *error) {
  struct repair_name_movers_params params = {
      .run_id = tx->work->run->id, .from_user = tx->from, .to_user = tx->to};
  struct db_outcome outcome;
  return tx->mode != REPAIR_CAREFUL || repair_name_movers(tx->db, &params, error, &outcome);
}

bool repair_rules(struct repair_tx *tx, struct error *error) {
  const struct rule_set *set = tx->work->set;
  for (size_t at = 0; at < set->count; at++)
    if (tx->work->run->takes[at] && rule_set_in_use(set, at) && !repair_rule(tx, at, error)) return false;
  tx->culprit = NULL;
  return name_movers(tx, error) && repair_settle(tx, error);
}

bool repair_load_pauses(struct repair_tx *tx, struct error *error) {
  struct repair_pauses_in_range_params params = {.from_user = tx->from, .to_user = tx->to};
  struct repair_pauses_in_range_row *rows;
  size_t count;
  if (!repair_pauses_in_range(tx->db, &params, tx->arena, REPAIR_COUNTS_MAX, error, &rows, &count))
    return false;
  tx->pauses = arena_alloc_array(tx->arena, count + 1, sizeof *tx->pauses);
  tx->paused = arena_alloc_array(tx->arena, tx->work->set->count + 1, sizeof *tx->paused);
  if (tx->pauses == NULL || tx->paused == NULL) return error_set_memory(error);
  for (size_t at = 0; at < count; at++) {
    tx->pauses[at] = (struct rule_pause){rows[at].rule, rows[at].is_whole};
    if (rows[at].is_whole && strcmp(rows[at].rule, "*") == 0) tx->all_paused = true;
  }
  tx->pause_count = count;
  return true;
}

static bool advance_run(struct repair_tx *tx, struct error *error) {
  const struct repair_run *run = tx->work->run;
  struct repair_run_advance_params params = {
      .run_id = run->id, .learners = tx->learners, .learners_changed = tx->learners_changed};
  struct repair_run_lock_params lock = {.run_id = run->id};
  struct repair_run_lock_row row;
  struct db_outcome outcome;
  enum repair_state state;
  bool found;
  if (!repair_run_advance(tx->db, &params, error, &outcome)) return false;
  if (outcome.affected == 1) return true;
  if (!repair_run_lock(tx->db, &lock, tx->arena, error, &row, &found)) return false;
  if (found && repair_state_parse(row.state, &state) && !repair_is_over(state)) return true;
  return error_set(error, ERROR_CONFLICT, "Run %llu has ended.", (unsigned long long)run->id);
}

static bool hold(struct repair_tx *tx, struct error *error) {
  const struct repair_guard *guard = tx->work->guard;
  return guard == NULL || guard->hold(guard->context, tx->db, tx->to, tx->learners, error);
}

static bool run_transaction(struct repair_tx *tx, struct error *error) {
  const struct repair_run *run = tx->work->run;
  if (!run->dry_run && !hold(tx, error)) return false;
  if (!repair_load_pauses(tx, error)) return false;
  if (tx->all_paused && !run->dry_run) return error_set(error, ERROR_CONFLICT, "Every repair is paused.");
  if (run->is_rollback ? !repair_undo(tx, error) : !repair_rules(tx, error)) return false;
  if (!run->dry_run) return advance_run(tx, error) && db_commit(tx->db, error);
  struct repair_plan_rows plan;
  if (!repair_plan_take(tx, error, &plan)) return false;
  db_rollback(tx->db);
  return hold(tx, error) && repair_plan_store(tx, &plan, error) && advance_run(tx, error) &&
         db_commit(tx->db, error);
}

bool repair_span_try(const struct repair_work *work, const struct repair_span *span, const char *left_because,
                     struct error *error, const struct rule **ret_culprit) {
  CLEANUP(pool_lease_end) struct pool_lease lease = {.pool = work->pool};
  struct repair_tx tx = {.work = work,
                         .arena = work->arena,
                         .from = span->from,
                         .to = span->to,
                         .learners = span->learners,
                         .mode = span->mode,
                         .left_because = left_because,
                         .counts_found = work->run->dry_run || work->run->confirm_over_limit};
  if (work->guard != NULL && !work->guard->may_go_on(work->guard->context, error)) return false;
  if (!repair_borrow(work->pool, error, &lease)) return false;
  struct arena_mark mark = arena_mark(work->arena);
  tx.db = lease.db;
  bool done = run_transaction(&tx, error);
  *ret_culprit = tx.culprit;
  arena_rewind(work->arena, mark);
  return done;
}
