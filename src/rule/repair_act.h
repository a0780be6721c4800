/* What a learner decides for themselves and an administrator may have to undo, such as starting over: a
 * repair run whose rows no rule finds but statements that the domain names. It is part of the learner's own
 * transaction, whose ledger row tells of it; images, quarantine and rollback are those of every run. Neither
 * pauses nor the switch that stops repairs hold it back, and its rollback pauses nothing. */
#ifndef LOCKSTEP_RULE_REPAIR_ACT_H
#define LOCKSTEP_RULE_REPAIR_ACT_H

#include "rule/rule.h"

#define REPAIR_ACT_STEPS_MAX 32

struct repair_act {
  const char *name; /* what the rows and the run say instead of a rule's name */
  /* Each inserts into repair_rows the rows of its step that are to be changed, in state `done`; its
   * parameters are struct repair_act_params. A step's rows are written before the next is asked. */
  const struct db_statement *const *steps;
  size_t step_count;
};

/* As sqlgen makes it of `param run_id u64`, `user_id u64`, `step u64`, `revision u64`. */
struct repair_act_params {
  uint64_t run_id;
  uint64_t user_id;
  uint64_t step;
  uint64_t revision; /* the learner's, before this transaction */
};

struct repair_acted {
  uint64_t run_id;
  uint64_t rows[REPAIR_ACT_STEPS_MAX]; /* of repair_rows, by step */
  uint64_t changed;                    /* all of them; 0: there was nothing, and no run should stay */
};

/* Within the work of the entry's transaction, which owns the learner's lock; nobody else is touched. */
bool repair_act(const struct rule_set *set, const struct repair_act *act, struct ledger_tx *tx,
                const struct ledger_entry *entry, struct error *error,
                struct repair_acted *ret_acted) WARN_UNUSED;

#endif
