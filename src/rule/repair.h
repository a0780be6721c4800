/* Repairs: the learner transaction in the form of sets. A run finds the rows that break its rules, range
 * of learners by range, rule after rule in their order; writes before and after of every column that it
 * touches to repair_rows; locks the learners that it found (SELECT … FOR UPDATE, ascending), and drops
 * those whose revision moved since they were found, to be found again; writes the targets by
 * compare-and-set from repair_rows; and gives each learner that changed the next revision and the one
 * ledger row ("run 17, rule X"), all in one transaction a range. A conflict of locks runs the range again,
 * halved from the second time on. A row that held something else runs it again row by row: those rows are
 * left as they are and listed as `moved`, the others are written. What one learner's table refuses even then
 * is listed with the server's words. A rule of the site is asked once more after its repair, and left aside
 * when it still finds something.
 *
 * A dry run does the very same, rolls back, and keeps the rows: they are the plan, with a digest.
 * Applying a plan changes exactly that, in one transaction, or nothing (ERROR_CONFLICT).
 *
 * A rollback is a run whose rows are another's with the sides swapped, latest rule first. A row of a table
 * comes back whole or not at all: where one of its touched columns no longer holds the after-image, all of
 * them stay, listed with what changed it. What came back is paused, for every rule of the run that may change
 * its table. A rollback can be rolled back, which ends its pauses.
 *
 * One learner is a range of one: rule_heal goes this way, too. */
#ifndef LOCKSTEP_RULE_REPAIR_H
#define LOCKSTEP_RULE_REPAIR_H

#include "rule/rule.h"

#define REPAIR_RANGE_LEARNERS 1000 /* looked at by one transaction */
#define REPAIR_PLAN_ROWS_MAX 200000
#define REPAIR_LIMIT_FLOOR_ROWS 20 /* a share says nothing of few rows: so many never stop a run */

enum repair_state {
  REPAIR_PLANNING,
  REPAIR_PLANNED,
  REPAIR_RUNNING,
  REPAIR_DONE,
  REPAIR_STOPPED,
  REPAIR_FAILED,
  REPAIR_CANCELLED
};
extern const char *const repair_state_names[]; /* NULL-terminated; as in repair_runs */

struct repair_order {
  const char *const *rules; /* names; none: every rule in use of the authority */
  size_t rule_count;
  enum repair_authority authority; /* rules of another than `modules` run only when it is asked for by name */
  uint64_t from_user;
  uint64_t to_user; /* both ends included */
  bool dry_run;
  bool confirm_over_limit;
  uint64_t rolls_back; /* a run to undo; 0: this is a repair. Its rules and scope are that run's */
  const char *actor;
  uint64_t job_id; /* 0: none. A job has one run: repair_open finds it again */
};

/* What a run needs; everything is borrowed. */
struct repair_engine {
  const struct rule_set *set;
  struct pool *pool;
  const struct config *config;
};

/* Who runs it on behalf of a job. NULL where nobody does. */
struct repair_guard {
  /* First statement of each transaction: see job_hold. `cursor`: the last user id that it settles; `units`:
   * learners. */
  bool (*hold)(void *context, struct db *db, uint64_t cursor, uint64_t units, struct error *error);
  /* Between transactions. */
  bool (*may_go_on)(void *context, struct error *error);
  void *context;
};

/* Inserts the run. ERROR_NOT_FOUND: no such rule or run. ERROR_CONFLICT: repairs are switched off
 * (rules.enabled, or a pause of *; not for dry runs), a run that cannot be rolled back (it is none, it is a
 * plan, it was rolled back already, its images were pruned: repair_runs.images_removed_at). */
bool repair_open(const struct repair_engine *engine, const struct repair_order *order, struct arena *arena,
                 struct error *error, uint64_t *ret_run_id) WARN_UNUSED;
/* Counts what each rule would change (repair_counts.found) and holds it to the rules' limits: past one, the
 * run becomes `stopped` and ERROR_UNPROCESSABLE names the rule, figures and limit. Not for rollbacks, and not
 * where confirm_over_limit says that no limit holds: that run counts what it finds as it goes. */
bool repair_measure(const struct repair_engine *engine, uint64_t run_id, const struct repair_guard *guard,
                    struct arena *arena, struct error *error) WARN_UNUSED;
/* Repairs, plans or rolls back, as the run says, the learners from..to (of the run's scope); in transactions
 * of REPAIR_RANGE_LEARNERS. Ranges that do not overlap may run at once, in several processes. */
bool repair_range(const struct repair_engine *engine, uint64_t run_id, uint64_t from_user, uint64_t to_user,
                  const struct repair_guard *guard, struct arena *arena, struct error *error) WARN_UNUSED;
/* All ranges are done: figures, digest of a plan, `done` or `planned`. */
bool repair_close(const struct repair_engine *engine, uint64_t run_id, struct arena *arena,
                  struct error *error) WARN_UNUSED;
/* It will not be finished: `stopped`, `failed` or `cancelled`, and why. What it changed stands, and can be
 * rolled back. Nothing happens to a run that has ended. */
bool repair_abandon(const struct repair_engine *engine, uint64_t run_id, enum repair_state state,
                    const char *why, struct error *error) WARN_UNUSED;
/* A plan, whole. `digest` may be NULL. ERROR_CONFLICT: not planned (any more; pruning ends plans, too),
 * another digest, or rows moved (the first few are named). Held to the limits, too, unless the plan was made
 * with confirm_over_limit or it is given here. */
bool repair_apply_plan(const struct repair_engine *engine, uint64_t run_id, const char *digest,
                       bool confirm_over_limit, const char *actor, const struct repair_guard *guard,
                       struct arena *arena, struct error *error) WARN_UNUSED;
/* All of the above at once, for a small scope (one learner). */
bool repair_run(const struct repair_engine *engine, const struct repair_order *order, struct arena *arena,
                struct error *error, uint64_t *ret_run_id) WARN_UNUSED;

/* What a run did, to be shown. */
struct repair_count {
  const char *rule;
  uint64_t found;
  uint64_t changed;
  uint64_t moved;
  uint64_t paused;
};
struct repair_summary {
  uint64_t id;
  bool is_rollback;
  enum repair_state state;
  bool dry_run;
  const char *actor;
  const char *rules; /* JSON list of names; NULL: all */
  enum repair_authority authority;
  uint64_t from_user, to_user;
  bool confirm_over_limit;
  uint64_t rolls_back;     /* 0: none */
  uint64_t rolled_back_by; /* 0: none */
  uint64_t job_id;
  const char *digest;
  uint64_t learners; /* looked at */
  uint64_t learners_changed;
  const char *error;
  int64_t started_at_ms;
  int64_t finished_at_ms; /* 0: not yet */
  struct repair_count *counts;
  size_t count_count;
};
bool repair_read(struct db *db, uint64_t run_id, struct arena *arena, struct error *error,
                 struct repair_summary *ret_summary, bool *ret_found) WARN_UNUSED;
/* Newest first, before `before_id` (0: from the newest); without counts. */
bool repair_list(struct db *db, uint64_t before_id, size_t limit, struct arena *arena, struct error *error,
                 struct repair_summary **ret_runs, size_t *ret_count) WARN_UNUSED;

struct repair_row {
  uint64_t id;
  uint64_t user_id;
  const char *rule;
  const char *table;
  const char *key;
  const char *action;
  const char *column;
  const char *before;
  const char *after;
  const char *state; /* planned, done, moved */
  const char *changed_by;
};
/* A run's rows in the order (user_id, id), behind the given pair. `state`: NULL for all. */
bool repair_rows_read(struct db *db, uint64_t run_id, const char *state, uint64_t after_user,
                      uint64_t after_id, size_t limit, struct arena *arena, struct error *error,
                      struct repair_row **ret_rows, size_t *ret_count) WARN_UNUSED;

/* Pauses a whole rule ("*": every rule) until resumed. ERROR_NOT_FOUND: no such rule. */
bool repair_pause(const struct repair_engine *engine, struct db *db, const char *rule, const char *actor,
                  struct error *error) WARN_UNUSED;
/* Ends the pauses of a rule, with those of single rows when `rows_too`; of a rollback's rows when run_id is
 * not 0 (rule may be NULL then). */
bool repair_resume(const struct repair_engine *engine, struct db *db, const char *rule, bool rows_too,
                   uint64_t run_id, struct error *error, uint64_t *ret_ended) WARN_UNUSED;

#endif
