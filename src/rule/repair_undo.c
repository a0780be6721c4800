/* A rollback: another run's rows with the sides swapped, its last step first. What no longer holds the
 * after-image stays, with what changed it; a row of a table is restored whole or not at all. */
#include <string.h>

#include "queries/repair.h"
#include "rule/repair_private.h"

#include "base/banned.h"

/* The rows, and their learners under lock as they were when the rows were read. */
static bool undo_find(struct repair_tx *tx, struct error *error) {
  struct repair_undo_find_params params = {.run_id = tx->work->run->id,
                                           .rolls_back = tx->work->run->rolls_back,
                                           .from_user = tx->from,
                                           .to_user = tx->to,
                                           .last_step = REPAIR_LAST_STEP};
  for (int tries = 1;; tries++) {
    struct db_outcome outcome;
    uint64_t moved = 0;
    if (!repair_undo_find(tx->db, &params, error, &outcome)) return false;
    tx->found = outcome.affected > 0;
    if (!tx->found || tx->mode == REPAIR_LEAVE) return true;
    if (!repair_lock_learners(tx, 0, REPAIR_LAST_STEP, error, &moved)) return false;
    if (moved == 0) return true;
    if (tries == REPAIR_FINDS_MAX)
      return error_set(error, ERROR_TRANSIENT, "Learners moved faster than they could be locked.");
    if (!repair_drop(tx, 0, REPAIR_LAST_STEP, error)) return false;
  }
}

static bool undo_name_movers(struct repair_tx *tx, struct error *error) {
  struct repair_undo_name_movers_params params = {.run_id = tx->work->run->id,
                                                  .rolls_back = tx->work->run->rolls_back,
                                                  .from_user = tx->from,
                                                  .to_user = tx->to,
                                                  .last_step = REPAIR_LAST_STEP};
  return repair_undo_name_movers(tx->db, &params, error, NULL);
}

/* Every pair of a rule of the run and a table that it may change. */
static bool undo_pause(struct repair_tx *tx, struct error *error) {
  const struct repair_run *run = tx->work->run;
  const struct rule_set *set = tx->work->set;
  struct repair_undo_pause_params *rows =
      arena_alloc_array(tx->arena, set->count * RULE_TARGETS_MAX + 1, sizeof *rows);
  size_t count = 0;
  if (rows == NULL) return error_set_memory(error);
  for (size_t at = 0; at < set->count; at++) {
    const struct rule *rule = &set->rules[at];
    for (size_t target = 0; run->takes[at] && target < rule->change_count; target++) {
      const char *table = rule->changes[target].table;
      bool is_new = count == 0 || strcmp(rows[count - 1].rule, rule->name) != 0 ||
                    strcmp(rows[count - 1].table_name, table) != 0;
      if (!is_new) continue;
      rows[count++] = (struct repair_undo_pause_params){.run_id = run->id,
                                                        .actor = run->actor,
                                                        .from_user = tx->from,
                                                        .to_user = tx->to,
                                                        .rule = rule->name,
                                                        .table_name = table};
    }
  }
  return repair_undo_pause(tx->db, rows, count, error, NULL);
}

/* Undoing a rollback brings the repair back, and ends what the rollback had paused. */
static bool undo_resume(struct repair_tx *tx, struct error *error) {
  struct repair_undo_resume_params params = {.run_id = tx->work->run->id,
                                             .rolls_back = tx->work->run->rolls_back,
                                             .from_user = tx->from,
                                             .to_user = tx->to};
  return repair_undo_resume(tx->db, &params, error, NULL);
}

bool repair_undo(struct repair_tx *tx, struct error *error) {
  tx->counts_found = true;
  if (!undo_find(tx, error)) return false;
  if (!tx->found) return repair_settle(tx, error);
  if (tx->mode == REPAIR_LEAVE)
    return repair_leave_steps(tx, 0, REPAIR_LAST_STEP, error) && repair_settle(tx, error);
  if (!repair_mark_moved(tx, 0, REPAIR_LAST_STEP, error) || !undo_name_movers(tx, error)) return false;
  if (!repair_write(tx, 0, REPAIR_LAST_STEP, error)) return false;
  if (tx->work->run->undoes_rollback ? !undo_resume(tx, error) : !undo_pause(tx, error)) return false;
  return repair_settle(tx, error);
}
