#include "learner/learner_jobs.h"

#include <inttypes.h>

#include "base/clock.h"
#include "job/job_guard.h"
#include "learner/archive.h"
#include "learner/audit_pass.h"
#include "learner/percentile.h"

#include "base/banned.h"

/* --- audit ---------------------------------------------------------------------------------------- */

static bool audit_prepare(struct job *job, const void *params, struct error *error) {
  uint64_t pass_id;
  (void)params;
  if (!audit_pass_open(job->app->pool, job->id, error, &pass_id) || !job_set_subject(job, pass_id, error))
    return false;
  job_split(job);
  return true;
}

static bool audit_work(struct job *job, const void *params, struct error *error) {
  struct repair_guard guard = job_guard(job);
  uint64_t from = job->cursor_at >= job->range_from ? job->cursor_at + 1 : job->range_from;
  (void)params;
  return audit_pass_range(job->app->pool, job->subject_id, from, job->range_to, &guard, job->arena, error);
}

static bool audit_report(struct job *job, struct error *error) {
  CLEANUP(pool_lease_end) struct pool_lease lease = {.pool = job->app->pool};
  struct audit_summary summary;
  bool found;
  if (!pool_acquire(lease.pool, INT64_MAX, error, &lease.db)) return false;
  if (!audit_pass_find(lease.db, job->subject_id, job->arena, error, &summary, &found)) return false;
  if (!found) return error_set(error, ERROR_INTERNAL, "The audit that this job has closed is gone.");
  job->report =
      arena_printf(job->arena, "{\"passId\":%" PRIu64 ",\"learners\":%" PRIu64 ",\"differ\":%" PRIu64 "}",
                   summary.pass_id, summary.learners, summary.differ);
  return job->report != NULL || error_set_memory(error);
}

static bool audit_finish(struct job *job, const void *params, struct error *error) {
  struct repair_guard guard = job_guard(job);
  (void)params;
  return audit_pass_close(job->app->pool, job->subject_id, &guard, job->arena, error) &&
         audit_report(job, error);
}

static bool audit_abandon_job(struct job *job, const void *params, const char *why, struct error *error) {
  (void)params;
  (void)why;
  return job->subject_id == 0 || audit_pass_abandon(job->app->pool, job->subject_id, error);
}

/* --- refresh_percentiles --------------------------------------------------------------------------- */

static bool refresh_percentiles(struct job *job, const void *params, struct error *error) {
  CLEANUP(pool_lease_end) struct pool_lease lease = {.pool = job->app->pool};
  struct repair_guard guard = job_guard(job);
  (void)params;
  return pool_acquire(lease.pool, INT64_MAX, error, &lease.db) &&
         percentile_refresh(lease.db, clock_now_ms(), &guard, job->arena, error);
}

/* --- archive_attempts ------------------------------------------------------------------------------ */

#define DAY_MS INT64_C(86400000)

static bool archive_prepare(struct job *job, const void *params, struct error *error) {
  (void)params;
  (void)error;
  if (job->app->config->retention.attempts_days > 0) job_split(job);
  return true;
}

static bool archive_work(struct job *job, const void *params, struct error *error) {
  struct repair_guard guard = job_guard(job);
  int64_t days = job->app->config->retention.attempts_days;
  uint64_t before_range = job->range_from == 0 ? 0 : job->range_from - 1;
  uint64_t moved = 0;
  (void)params;
  if (days > 0 && !archive_run(job->app->pool, clock_now_ms() - days * DAY_MS,
                               job->cursor_at > before_range ? job->cursor_at : before_range, job->range_to,
                               &guard, job->arena, error, &moved))
    return false;
  job->report = arena_printf(job->arena, "{\"archived\":%" PRIu64 "}", moved);
  return job->report != NULL || error_set_memory(error);
}

static const struct job_kind rows[] = {
    {.name = "audit",
     .work = audit_work,
     .prepare = audit_prepare,
     .finish = audit_finish,
     .abandon = audit_abandon_job,
     .unit = "learners",
     .summary = "Compares every learner's columns with the totals in the document, and keeps who differs."},
    {.name = "refresh_percentiles",
     .work = refresh_percentiles,
     .unit = "learners",
     .summary = "Counts anew how the learners' totals are spread."},
    {.name = "archive_attempts",
     .work = archive_work,
     .prepare = archive_prepare,
     .unit = "learners",
     .summary = "Moves attempts that are older than retention.attempts_days to the archive."},
};
const struct job_kind_table learner_job_kinds = JOB_KIND_TABLE(rows);
