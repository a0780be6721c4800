/* One learner, now: a run with a range of one, in one transaction. */
#include <string.h>

#include "base/clock.h"
#include "queries/repair.h"
#include "rule/repair_private.h"

#include "base/banned.h"

#define HEAL_PAUSES_MAX 100000 /* of one learner, and of whole rules */
#define HEAL_DEADLINE_MS 8000  /* for all tries */
#define HEAL_MISSES_MAX 3      /* rows that hold something else than their rule says */

static bool is_paused(const struct repair_heal_pauses_row *pause, const struct rule_breach *breach) {
  if (pause->is_whole && strcmp(pause->rule, "*") == 0) return true;
  if (strcmp(pause->rule, breach->rule->name) != 0) return false;
  return pause->is_whole ||
         (strcmp(pause->table_name, breach->table) == 0 && strcmp(pause->row_key, breach->key) == 0);
}

bool repair_heal_may(const struct repair_heal_pauses *pauses, const struct rule_breach *breach) {
  if (breach->action == RULE_REPORT) return false;
  for (size_t at = 0; at < pauses->count; at++)
    if (is_paused(&pauses->rows[at], breach)) return false;
  return true;
}

bool repair_heal_pauses_of(struct db *db, uint64_t user_id, struct arena *arena, struct error *error,
                           struct repair_heal_pauses *ret_pauses) {
  struct repair_heal_pauses_params params = {.user_id = user_id};
  return repair_heal_pauses(db, &params, arena, HEAL_PAUSES_MAX, error, &ret_pauses->rows,
                            &ret_pauses->count);
}

static bool heal_open(struct repair_tx *tx, struct repair_run *run, struct error *error) {
  struct repair_run_add_params params = {.kind = "repair",
                                         .state = repair_state_names[REPAIR_RUNNING],
                                         .actor = run->actor,
                                         .authority = repair_authority_names[REPAIR_AUTHORITY_MODULES],
                                         .from_user = run->from_user,
                                         .to_user = run->to_user,
                                         .rolls_back_is_null = true,
                                         .job_id_is_null = true,
                                         .learners_in_scope = run->learners_in_scope};
  struct db_outcome outcome;
  if (!repair_run_add(tx->db, &params, error, &outcome)) return false;
  run->id = outcome.insert_id;
  return true;
}

static bool heal_close(struct repair_tx *tx, struct error *error) {
  uint64_t id = tx->work->run->id;
  struct repair_run_advance_params advance = {
      .run_id = id, .learners = 1, .learners_changed = tx->learners_changed};
  struct repair_run_end_params end = {.run_id = id, .state = repair_state_names[REPAIR_DONE]};
  return repair_run_advance(tx->db, &advance, error, NULL) && repair_run_end(tx->db, &end, error, NULL);
}

static bool heal_measure(struct repair_tx *tx, struct error *error, struct rule_repair *ret_repair) {
  struct repair_heal_revision_params params = {.user_id = tx->from};
  struct repair_heal_revision_row row;
  struct repair_counts_read_params of_run = {.run_id = tx->work->run->id};
  struct repair_counts_read_row *rows;
  size_t count;
  bool found;
  if (!repair_heal_revision(tx->db, &params, tx->arena, error, &row, &found)) return false;
  if (!repair_counts_read(tx->db, &of_run, tx->arena, REPAIR_COUNTS_MAX, error, &rows, &count)) return false;
  ret_repair->revision = found ? row.revision : 0;
  ret_repair->repaired = 0;
  for (size_t at = 0; at < count; at++)
    ret_repair->repaired += rows[at].changed;
  return true;
}

/* Nothing to be repaired any more: nothing is left behind, the run neither. */
static bool heal_transaction(struct repair_tx *tx, struct repair_run *run, struct error *error,
                             struct rule_repair *ret_repair) {
  struct rule_repair repair = *ret_repair;
  if (!heal_open(tx, run, error) || !repair_load_pauses(tx, error) || !repair_rules(tx, error)) return false;
  if (!heal_measure(tx, error, &repair)) return false;
  if (!tx->found) {
    db_rollback(tx->db);
  } else if (!heal_close(tx, error) || !db_commit(tx->db, error)) {
    return false;
  }
  *ret_repair = repair;
  return true;
}

static bool heal_try(const struct repair_work *work, struct repair_run *run, struct error *error,
                     struct rule_repair *ret_repair, const struct rule **ret_culprit) {
  CLEANUP(pool_lease_end) struct pool_lease lease = {.pool = work->pool};
  struct repair_tx tx = {.work = work,
                         .arena = work->arena,
                         .from = run->from_user,
                         .to = run->to_user,
                         .learners = 1,
                         .one_learner = true,
                         .counts_found = true};
  if (!repair_borrow(work->pool, error, &lease)) return false;
  struct arena_mark mark = arena_mark(work->arena);
  tx.db = lease.db;
  bool done = heal_transaction(&tx, run, error, ret_repair);
  *ret_culprit = tx.culprit;
  arena_rewind(work->arena, mark);
  return done;
}

/* A rule that sees what is not there: no other try will do better. */
static bool heal_missed(const struct repair_run *run, const struct rule *culprit, struct error *error) {
  error_set(error, ERROR_INTERNAL, "A rule of consistency still does not hold after its repair.");
  return error_detail(error, "%s (learner %llu)", culprit == NULL ? "" : culprit->file,
                      (unsigned long long)run->from_user);
}

static bool heal_until_settled(const struct repair_work *work, struct repair_run *run, struct error *error,
                               struct rule_repair *ret_repair, const struct rule **ret_culprit) {
  int64_t deadline_ms = clock_monotonic_ms() + HEAL_DEADLINE_MS;
  int misses = 0;
  for (unsigned tries = 1;; tries++) {
    if (heal_try(work, run, error, ret_repair, ret_culprit)) return true;
    if (error->code != ERROR_TRANSIENT) return false;
    if (error->sql_errno == 0 && ++misses == HEAL_MISSES_MAX) return heal_missed(run, *ret_culprit, error);
    if (clock_monotonic_ms() >= deadline_ms) return repair_give_up(error);
    error_clear(error);
    repair_pause_before_retry(tries);
  }
}

bool repair_heal(const struct rule_set *set, struct pool *pool, const struct rules_config *rules,
                 enum rule_scope scope, uint64_t user_id, const char *actor, struct arena *arena,
                 struct error *error, struct rule_repair *ret_repair, const struct rule **ret_culprit) {
  bool *takes = arena_alloc_array(arena, set->count + 1, sizeof *takes);
  if (takes == NULL) return error_set_memory(error);
  for (size_t at = 0; at < set->count; at++)
    takes[at] = rule_is_asked(set, at, scope);
  struct repair_run run = {.confirm_over_limit = true, /* one learner is no mistake of a rule's */
                           .state = REPAIR_RUNNING,
                           .from_user = user_id,
                           .to_user = user_id,
                           .learners_in_scope = 1,
                           .actor = actor,
                           .takes = takes};
  struct repair_work work = {.set = set, .pool = pool, .rules = rules, .arena = arena, .run = &run};
  return heal_until_settled(&work, &run, error, ret_repair, ret_culprit);
}
