/* What the commands of repairs and passes share: the engine, waiting for a job, and what a run did. */
#ifndef LOCKSTEP_PROGRAMS_CTL_SYNC_H
#define LOCKSTEP_PROGRAMS_CTL_SYNC_H

#include "job/job.h"
#include "programs/ctl.h"
#include "programs/ctl_print.h"
#include "sync/sync_task.h"

#define CTL_ACTOR "lockstepctl"

struct ctl_sync {
  struct rule_set *set;
  struct pool *pool;
  struct repair_engine engine;
};
/* Rules of the site that are left aside are told on standard error. */
bool ctl_sync_open(struct ctl *ctl, struct error *error, struct ctl_sync *ret_sync) WARN_UNUSED;
void ctl_sync_close(struct ctl_sync *sync); /* for CLEANUP() */

/* Enqueues the job, in a transaction of its own, or finds the one that stands under its key; then waits for
 * its end, with a bar. False when it ended otherwise than done; the error is the job's. ret_subject_id: the
 * run or pass that it worked on. */
bool ctl_sync_await(struct ctl *ctl, const struct job_order *order, struct error *error,
                    uint64_t *ret_subject_id) WARN_UNUSED;
/* Waits for a job's end, whichever, with a bar. */
bool ctl_sync_wait(struct ctl *ctl, const char *kind, uint64_t job_id, struct error *error) WARN_UNUSED;
/* At once, or by a job that is waited for. */
bool ctl_sync_do(struct ctl *ctl, const struct ctl_sync *sync, const struct sync_task *task,
                 struct error *error, uint64_t *ret_run_id) WARN_UNUSED;

/* A run, what it did by each rule, and its first rows; `state` NULL: in whatever state. */
bool ctl_sync_print_run(struct ctl *ctl, uint64_t run_id, const char *state, size_t rows_max,
                        struct error *error) WARN_UNUSED;

#endif
