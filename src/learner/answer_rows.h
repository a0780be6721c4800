/* What answer.c reads and writes, for all answers of one transaction at once. */
#ifndef LOCKSTEP_LEARNER_ANSWER_ROWS_H
#define LOCKSTEP_LEARNER_ANSWER_ROWS_H

#include "learner/answer.h"
#include "learner/streak.h"

/* One answer on its way through the transaction. */
struct answer_step {
  struct ledger_entry *entry;
  int64_t answered_at_ms;
  int32_t day;   /* the learner's calendar day it counts for */
  int32_t today; /* the learner's calendar day now */

  /* From the database. */
  bool is_known; /* the exercise stands in `exercises` */
  const char *answer_key;
  const char *exercise_module;
  int64_t exercise_tokens;
  bool has_session; /* it names a practice session, which is the learner's */

  /* The grade. */
  bool is_correct;
  int64_t tokens;
  const char *module;

  struct streak streak; /* once it was counted */
};

bool answer_read_context(struct ledger_tx *tx, struct answer_step *steps, size_t count,
                         struct error *error) WARN_UNUSED;
bool answer_write_rows(struct ledger_tx *tx, const struct answer_step *steps, size_t count,
                       struct error *error) WARN_UNUSED;

#endif
