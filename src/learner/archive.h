/* Attempts that are older than retention.attempts_days leave for the archive. Nothing that is read of a
 * learner changes by it: lists read both tables, and everything else what was rolled up when it happened. So
 * no revision moves. */
#ifndef LOCKSTEP_LEARNER_ARCHIVE_H
#define LOCKSTEP_LEARNER_ARCHIVE_H

#include "job/job_step.h"

#define ARCHIVE_WINDOW 1000  /* learners among whom the next ones are looked for */
#define ARCHIVE_LEARNERS 200 /* locked by one transaction */
#define ARCHIVE_ROWS 2000    /* moved by one transaction */

/* Of the learners behind after_user up to to_user. The cursor is the last learner of a window that holds
 * nothing old any more; units are learners. `guard` may be NULL. */
bool archive_run(struct pool *pool, int64_t before_ms, uint64_t after_user, uint64_t to_user,
                 const struct repair_guard *guard, struct arena *arena, struct error *error,
                 uint64_t *ret_moved) WARN_UNUSED;

#endif
