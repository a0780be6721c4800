/* What is to be done about an order: refused where it cannot be done, at once for one learner, by a job for
 * everybody. The same for endpoints and lockstepctl. */
#ifndef LOCKSTEP_SYNC_SYNC_TASK_H
#define LOCKSTEP_SYNC_SYNC_TASK_H

#include "job/job.h"
#include "sync/sync_order.h"

struct sync_task {
  struct sync_order order;
  uint64_t rolls_back; /* 0: it is no rollback */
  uint64_t from_user;  /* of a rollback */
  uint64_t to_user;
  bool is_job; /* false: it is done at once */
  const char *kind;
  const struct schema *params;
  const char *message; /* of a job: what it will do */
};

/* ERROR_NOT_FOUND: there is none of this id, or no more. */
bool sync_task_learner(struct db *db, uint64_t user_id, struct arena *arena, struct error *error) WARN_UNUSED;

/* ERROR_UNPROCESSABLE: the order makes no sense. ERROR_CONFLICT: repairs are switched off, or the plan is
 * none (any more). ERROR_NOT_FOUND: no such learner or plan. */
bool sync_task_fix(const struct repair_engine *engine, struct db *db, const struct sync_order *order,
                   struct arena *arena, struct error *error, struct sync_task *ret_task) WARN_UNUSED;
/* ERROR_NOT_FOUND: no such run. ERROR_CONFLICT: it is none that can be undone. */
bool sync_task_rollback(const struct repair_engine *engine, struct db *db, uint64_t run_id,
                        struct arena *arena, struct error *error, struct sync_task *ret_task) WARN_UNUSED;
/* Ends the pauses that the rollback of a run left behind, or that a rollback left, and commits.
 * ERROR_NOT_FOUND: no such run. ERROR_CONFLICT: it was not rolled back. */
bool sync_task_resume(const struct repair_engine *engine, struct db *db, uint64_t run_id, struct arena *arena,
                      struct error *error, uint64_t *ret_ended) WARN_UNUSED;

/* At once. `advice`: how to go on past a limit. */
bool sync_task_run(const struct repair_engine *engine, const struct sync_task *task, const char *actor,
                   const char *advice, struct arena *arena, struct error *error,
                   uint64_t *ret_run_id) WARN_UNUSED;
/* The job. The same task again has the same dedupe_key, so that it is not done twice at a time. */
bool sync_task_order(const struct sync_task *task, struct arena *arena, struct error *error,
                     struct job_order *ret_order) WARN_UNUSED;

#endif
