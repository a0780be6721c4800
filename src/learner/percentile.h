/* How the learners' totals are spread, counted anew from time to time: see learner_percentiles. */
#ifndef LOCKSTEP_LEARNER_PERCENTILE_H
#define LOCKSTEP_LEARNER_PERCENTILE_H

#include "job/job_step.h"

/* Reads every learner once, in one snapshot and without locks, so that answers go on meanwhile and the bounds
 * agree with each other; then replaces the bounds in one short transaction. `guard` may be NULL. */
bool percentile_refresh(struct db *db, int64_t now_ms, const struct repair_guard *guard, struct arena *arena,
                        struct error *error) WARN_UNUSED;

#endif
