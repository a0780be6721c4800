#include "rule/repair_act.h"

#include "queries/repair.h"
#include "rule/repair_private.h"

#include "base/banned.h"

static bool act_open(struct db *db, const struct repair_act *act, struct repair_run *run, struct arena *arena,
                     struct error *error) {
  struct repair_run_add_params params = {.kind = "repair",
                                         .state = repair_state_names[REPAIR_RUNNING],
                                         .actor = run->actor,
                                         .rules = arena_printf(arena, "[\"%s\"]", act->name),
                                         .authority = repair_authority_names[REPAIR_AUTHORITY_MODULES],
                                         .from_user = run->from_user,
                                         .to_user = run->to_user,
                                         .rolls_back_is_null = true,
                                         .job_id_is_null = true,
                                         .learners_in_scope = 1,
                                         .is_act = true};
  struct db_outcome outcome;
  if (params.rules == NULL) return error_set_memory(error);
  if (!repair_run_add(db, &params, error, &outcome)) return false;
  run->id = outcome.insert_id;
  return true;
}

static bool act_close(struct repair_tx *tx, struct error *error) {
  uint64_t id = tx->work->run->id;
  struct repair_count_act_params count = {.run_id = id, .user_id = tx->from};
  struct repair_run_advance_params advance = {.run_id = id, .learners = 1, .learners_changed = 1};
  struct repair_run_end_params end = {.run_id = id, .state = repair_state_names[REPAIR_DONE]};
  return repair_count_act(tx->db, &count, error, NULL) && repair_run_advance(tx->db, &advance, error, NULL) &&
         repair_run_end(tx->db, &end, error, NULL);
}

static bool act_step(struct repair_tx *tx, const struct repair_act *act, uint64_t step, uint64_t revision,
                     struct error *error, struct repair_acted *acted) {
  struct repair_act_params params = {
      .run_id = tx->work->run->id, .user_id = tx->from, .step = step, .revision = revision};
  struct db_outcome outcome;
  if (!db_run_exec(tx->db, act->steps[step], &params, error, &outcome)) return false;
  acted->rows[step] = outcome.affected;
  acted->changed += outcome.affected;
  return outcome.affected == 0 || repair_write(tx, step, step, error);
}

bool repair_act(const struct rule_set *set, const struct repair_act *act, struct ledger_tx *tx,
                const struct ledger_entry *entry, struct error *error, struct repair_acted *ret_acted) {
  uint64_t user_id = entry->learner.user_id;
  struct db *db = ledger_db(tx);
  struct repair_acted acted = {.changed = 0};
  struct repair_run run = {.state = REPAIR_RUNNING,
                           .from_user = user_id,
                           .to_user = user_id,
                           .actor = entry->actor,
                           .is_act = true};
  struct repair_work work = {.set = set, .arena = ledger_arena(tx), .run = &run};
  struct repair_tx part = {.work = &work,
                           .db = db,
                           .arena = ledger_arena(tx),
                           .from = user_id,
                           .to = user_id,
                           .learners = 1,
                           .one_learner = true};
  if (!rule_set_check(set, db, error) || !act_open(db, act, &run, ledger_arena(tx), error)) return false;
  for (uint64_t step = 0; step < act->step_count; step++)
    if (!act_step(&part, act, step, entry->learner.revision - 1, error, &acted)) return false;
  if (acted.changed > 0 && !act_close(&part, error)) return false;
  acted.run_id = run.id;
  *ret_acted = acted;
  return true;
}
