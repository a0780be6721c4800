/* What the configuration's `retention` no longer keeps, removed in bounded batches. What is left to do is
 * read from the tables each time, so that a prune that was broken off goes on by being run again. */
#ifndef LOCKSTEP_ACCOUNT_PRUNE_H
#define LOCKSTEP_ACCOUNT_PRUNE_H

#include "config/config.h"
#include "job/job_step.h"
#include "schema/field.h"

#define PRUNE_ROWS 2000         /* removed by one transaction */
#define PRUNE_FOLD_LEARNERS 200 /* folded by one transaction */
#define PRUNE_FOLD_WINDOW 5000  /* learners among whom the next ones are looked for */
#define PRUNE_FOLD_ENTRIES 500  /* of one learner, folded by one transaction */

struct prune_report {
  uint64_t jobs;
  uint64_t workers;
  uint64_t samples;        /* sample passes, whole */
  uint64_t results;        /* rows of passes */
  uint64_t images;         /* rows of repair runs, which can no longer be rolled back */
  uint64_t quarantined;    /* rows */
  uint64_t mutations;      /* ids of items that no client may bring any more */
  uint64_t rejects;        /* resolved */
  uint64_t notifications;  /* read */
  uint64_t conflicts;      /* between events, resolved */
  uint64_t webhook_events; /* of the payment provider */
  uint64_t learners;       /* whose history was folded */
  uint64_t ledger_entries; /* folded into one each */
};
extern const struct schema prune_report_schema;

/* `guard` may be NULL. The cursor is the last learner whose history is folded as far as it will be:
 * `after_user` is where a prune that was broken off goes on. The report tells of this call alone. */
bool prune_run(struct pool *pool, const struct retention_config *config, int64_t now_ms, uint64_t after_user,
               const struct repair_guard *guard, struct arena *arena, struct error *error,
               struct prune_report *ret_report) WARN_UNUSED;

/* Folds the entries older than `before_ms` of every learner behind `after_user` into one entry each, of the
 * kind "folded", that carries their sums, so that the history adds up as before. It takes the learners'
 * locks, as the learner transaction does, and the last folded revision; the learner's own revision stays, for
 * nothing that is read of them has changed. Their operations' ids and replies are forgotten: see
 * retention.ledger_days. A client that resumes `since` a revision below the folded one cannot be told what
 * happened in between, only what it came to: it must be answered `resync`. */
bool prune_fold(struct pool *pool, int64_t before_ms, uint64_t after_user, const struct repair_guard *guard,
                struct arena *arena, struct error *error, uint64_t *ret_learners,
                uint64_t *ret_entries) WARN_UNUSED;

#endif
