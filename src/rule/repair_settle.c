/* The end of a transaction: the learners' ledger rows and revisions, the run's figures and its limits. */
#include <string.h>

#include "queries/repair.h"
#include "rule/repair_private.h"

#include "base/banned.h"

/* The range that begins at 0 is the one that has what is nobody's. */
static bool publish(struct repair_tx *tx, struct error *error) {
  struct repair_publish_params params = {.run_id = tx->work->run->id};
  return tx->from != RULE_NOBODY || repair_publish(tx->db, &params, error, NULL);
}

/* One row of the history for each learner that changed, then the revision that it tells of; and the shared
 * version, where something changed that all may read. */
bool repair_settle_learners(struct repair_tx *tx, struct error *error) {
  const struct repair_run *run = tx->work->run;
  struct db_outcome told;
  struct db_outcome advanced;
  const char *because =
      run->is_rollback ? arena_printf(tx->arena, "rollback of run %llu", (unsigned long long)run->rolls_back)
                       : arena_printf(tx->arena, "run %llu, rule ", (unsigned long long)run->id);
  if (because == NULL) return error_set_memory(error);
  struct repair_tell_params tell = {.run_id = run->id,
                                    .from_user = tx->from,
                                    .to_user = tx->to,
                                    .actor = run->actor,
                                    .because = because,
                                    .names_rule = !run->is_rollback};
  struct repair_advance_params advance = {.run_id = run->id, .from_user = tx->from, .to_user = tx->to};
  if (!repair_tell(tx->db, &tell, error, &told)) {
    if (error->code == ERROR_CONFLICT) error->code = ERROR_TRANSIENT;
    return false;
  }
  if (told.affected > 0 && !repair_advance(tx->db, &advance, error, &advanced)) return false;
  if (told.affected > 0 && told.affected != advanced.affected)
    return error_set(error, ERROR_INTERNAL, "A locked learner could not be written.");
  tx->learners_changed = told.affected;
  return publish(tx, error);
}

bool repair_settle_paused(struct repair_tx *tx, struct error *error) {
  const struct rule_set *set = tx->work->set;
  struct repair_count_paused_params *rows = arena_alloc_array(tx->arena, set->count + 1, sizeof *rows);
  size_t count = 0;
  if (rows == NULL) return error_set_memory(error);
  for (size_t at = 0; at < set->count; at++)
    if (tx->paused[at] > 0)
      rows[count++] = (struct repair_count_paused_params){
          .run_id = tx->work->run->id, .rule = set->rules[at].name, .paused = tx->paused[at]};
  return repair_count_paused(tx->db, rows, count, error, NULL);
}

/* An act, and its undoing, is one learner's, whom the first range finds: the others find nothing. */
static bool settle_counts(struct repair_tx *tx, struct error *error) {
  const struct repair_run *run = tx->work->run;
  struct repair_count_params count = {
      .run_id = run->id, .from_user = tx->from, .to_user = tx->to, .counts_found = tx->counts_found};
  struct repair_count_act_params of_act = {.run_id = run->id, .user_id = run->from_user};
  return run->is_act ? repair_count_act(tx->db, &of_act, error, NULL)
                     : repair_count(tx->db, &count, error, NULL);
}

bool repair_settle(struct repair_tx *tx, struct error *error) {
  const struct repair_run *run = tx->work->run;
  if (tx->found && !repair_settle_learners(tx, error)) return false;
  if (tx->found && !settle_counts(tx, error)) return false;
  if (!repair_settle_paused(tx, error)) return false;
  if (tx->found && !run->is_rollback && !run->dry_run && !run->confirm_over_limit)
    return repair_check_limits(tx, error);
  return true;
}
