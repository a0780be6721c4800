/* What the work of a job says and asks while it runs. */
#include "base/clock.h"
#include "job/job_private.h"

#include "base/banned.h"

static bool lost(struct job *job, struct error *error) {
  job->own->stop = JOB_STOPS_LOST;
  return error_set(error, ERROR_CONFLICT, "Another worker has taken this job over.");
}

static bool is_lost(const struct job *job) {
  return job->own->stop == JOB_STOPS_LOST || atomic_load(&job->own->worker->lost) ||
         job_worker_is_stale(job->own->worker);
}

bool job_hold(struct job *job, struct db *db, uint64_t cursor_at, uint64_t units, struct error *error) {
  struct db_outcome outcome;
  struct job_hold_row_params params = {.id = job->id,
                                       .worker_id = atomic_load(&job->own->worker->id),
                                       .claim_seq = job->own->row->claim_seq,
                                       .cursor_at = cursor_at,
                                       .units = units};
  if (is_lost(job)) return lost(job, error);
  if (!job_hold_row(db, &params, error, &outcome)) return false;
  return outcome.affected == 1 || lost(job, error);
}

static bool look(struct job *job, struct error *error, bool *ret_is_ours, bool *ret_is_cancelled) {
  CLEANUP(pool_lease_end) struct pool_lease lease = {.pool = job->app->pool};
  struct job_look_params params = {.id = job->id};
  struct job_look_row row;
  struct arena_mark mark = arena_mark(job->arena);
  bool found;
  if (!pool_acquire(lease.pool, INT64_MAX, error, &lease.db)) return false;
  if (!job_look(lease.db, &params, job->arena, error, &row, &found)) return false;
  db_end_read(lease.db);
  *ret_is_ours = found && row.state[0] == 'r' && row.state[1] == 'u' && !row.worker_id_is_null &&
                 row.worker_id == atomic_load(&job->own->worker->id) &&
                 row.claim_seq == job->own->row->claim_seq;
  *ret_is_cancelled = found && row.cancel_requested;
  arena_rewind(job->arena, mark);
  return true;
}

bool job_may_go_on(struct job *job, struct error *error) {
  struct job_private *own = job->own;
  bool is_ours = true;
  bool is_cancelled = false;
  if (is_lost(job)) return lost(job, error);
  if (atomic_load(&own->worker->crew->stops)) {
    own->stop = JOB_STOPS_CREW;
    return error_set(error, ERROR_UNAVAILABLE, "The worker is being stopped; the job goes on later.");
  }
  int64_t now_ms = clock_monotonic_ms();
  if (now_ms - own->looked_ms < JOB_LOOK_MS) return true;
  if (!look(job, error, &is_ours, &is_cancelled)) return false;
  own->looked_ms = now_ms;
  if (!is_ours) return lost(job, error);
  if (!is_cancelled) return true;
  own->stop = JOB_STOPS_CANCELLED;
  return error_set(error, ERROR_UNAVAILABLE, "The job was cancelled.");
}

/* --- Writes of their own -------------------------------------------------------------------------- */

struct own_write {
  struct job *job;
  uint64_t value;
  struct db_outcome outcome;
};

static bool write_total(struct db *db, void *context, struct error *error) {
  struct own_write *write = context;
  struct job_write_total_params params = {.id = write->job->id,
                                          .worker_id = atomic_load(&write->job->own->worker->id),
                                          .claim_seq = write->job->own->row->claim_seq,
                                          .total_units = write->value};
  return job_write_total(db, &params, error, &write->outcome);
}

static bool write_subject(struct db *db, void *context, struct error *error) {
  struct own_write *write = context;
  struct job_write_subject_params params = {.id = write->job->id,
                                            .worker_id = atomic_load(&write->job->own->worker->id),
                                            .claim_seq = write->job->own->row->claim_seq,
                                            .subject_id = write->value};
  return job_write_subject(db, &params, error, &write->outcome);
}

static bool write_own(struct job *job, job_write_fn write_fn, uint64_t value, struct error *error) {
  struct own_write write = {.job = job, .value = value};
  if (is_lost(job)) return lost(job, error);
  if (!job_write(job->app->pool, job->own->worker, write_fn, &write, error))
    return is_lost(job) ? lost(job, error) : false;
  return write.outcome.affected == 1 || lost(job, error);
}

bool job_set_total(struct job *job, uint64_t units, struct error *error) {
  return write_own(job, write_total, units, error);
}

bool job_set_subject(struct job *job, uint64_t subject_id, struct error *error) {
  if (!write_own(job, write_subject, subject_id, error)) return false;
  job->subject_id = subject_id;
  return true;
}

void job_split(struct job *job) { job->own->split = true; }
