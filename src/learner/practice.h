/* That a learner practised: the days of their own calendar, by activity, and the streak that follows from
 * them. Whatever counts as practice (an answer, a session, an event, an import) is counted here and nowhere
 * else, within the learner transaction that records it. */
#ifndef LOCKSTEP_LEARNER_PRACTICE_H
#define LOCKSTEP_LEARNER_PRACTICE_H

#include "config/config.h"
#include "learner/streak.h"
#include "ledger/ledger.h"

#define PRACTICE_DAYS_MAX 40000 /* of one learner: a century */

/* The names are what practice_days.activity holds. */
enum practice_activity { PRACTICE_ANSWER, PRACTICE_SESSION, PRACTICE_EVENT };
extern const char *const practice_activity_names[]; /* NULL-terminated */

/* One learner, one activity, one day. */
struct practice {
  struct ledger_entry *entry;
  enum practice_activity activity;
  int32_t day; /* the learner's calendar day it counts for */
  int64_t count;
  struct streak streak; /* afterwards: the learner's, with all rows of theirs counted */
};

/* A client's clock may run ahead of ours by this much; what lies further ahead is refused. */
#define PRACTICE_CLOCK_SKEW_MS INT64_C(300000)

/* Whether a time that a client states, as this field, is not in the future and not older than what was held
 * back offline may be; if not, ERROR_UNPROCESSABLE. */
bool practice_check_time(const char *field, int64_t time_ms, int64_t now_ms,
                         const struct offline_config *config, struct error *error) WARN_UNUSED;

/* Counts all rows, in a handful of statements, and moves the streaks in the profiles. Rows of one learner
 * stand together. A day before the last one, which can join two runs, has the days of its learner counted
 * anew; a longest streak never falls. */
bool practice_count(struct ledger_tx *tx, struct practice *rows, size_t count,
                    struct error *error) WARN_UNUSED;

/* The same where each row's streak says already how the profile has it, read under the learner's lock. */
bool practice_count_known(struct ledger_tx *tx, struct practice *rows, size_t count,
                          struct error *error) WARN_UNUSED;

/* The same for days that are known to be practice days already, whatever was practised on them: only the
 * counts move, and no streak is looked at. */
bool practice_count_again(struct ledger_tx *tx, const struct practice *rows, size_t count,
                          struct error *error) WARN_UNUSED;

#endif
