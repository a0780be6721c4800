/* For endpoints that leave their work to a job: 202 with Location, and the job's id. */
#ifndef LOCKSTEP_JOB_JOB_ACCEPT_H
#define LOCKSTEP_JOB_JOB_ACCEPT_H

#include "http/request.h"
#include "job/job.h"

/* Enqueues in a transaction of its own and makes the reply a 202 with Location. Where a job with the
 * order's dedupe_key is ready or running already, that one is answered. created_by is the caller. */
bool job_accept(struct request *request, const struct job_order *order, struct error *error,
                uint64_t *ret_job_id) WARN_UNUSED;

#define JOB_AWAIT_POLL_MS 100
/* Waits until the job has ended, at most so long and not beyond the request's deadline, without keeping a
 * connection meanwhile. ret_state: as in sync_jobs; lives in the request's arena. */
bool job_await(struct request *request, uint64_t job_id, int64_t wait_ms, struct error *error,
               bool *ret_ended, const char **ret_state, const char **ret_error) WARN_UNUSED;

#endif
