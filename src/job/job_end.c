#include <inttypes.h>

#include "job/job_private.h"

#include "base/banned.h"

/* --- Done, several at once ------------------------------------------------------------------------ */

struct done_write {
  struct job_worker *worker;
  const struct job_done *done;
  size_t count;
};

static bool write_few(struct job_worker *worker, struct db *db, const struct job_done *done, size_t count,
                      struct error *error) {
  struct job_write_done_few_params rows[DB_ROWS_MAX];
  struct db_outcome outcome;
  for (size_t at = 0; at < count; at++)
    rows[at] = (struct job_write_done_few_params){.worker_id = atomic_load(&worker->id),
                                                  .id = done[at].id,
                                                  .claim_seq = done[at].claim_seq,
                                                  .report = done[at].report};
  for (; db_rows_fit(count) != count; count++)
    rows[count] = rows[count - 1]; /* naming a row twice saves the statement for the rest */
  return job_write_done_few(db, rows, count, error, &outcome);
}

static bool write_without_reports(struct job_worker *worker, struct db *db, const struct job_done *done,
                                  size_t count, struct error *error) {
  CLEANUP(buffer_free) struct buffer claims = BUFFER_INIT(JOB_CLAIM_ARENA_BYTES);
  struct db_outcome outcome;
  for (size_t at = 0; at < count; at++)
    buffer_printf(&claims, "%s[%" PRIu64 ",%" PRIu64 "]", at == 0 ? "[" : ",", done[at].id,
                  done[at].claim_seq);
  buffer_append_char(&claims, ']');
  if (claims.failed) return error_set_memory(error);
  struct job_write_done_many_params params = {.worker_id = atomic_load(&worker->id),
                                              .claims = buffer_text(&claims)};
  return job_write_done_many(db, &params, error, &outcome);
}

/* Rows that are not ours any more stay as they are: whoever has them does them again. */
bool job_end_done_write(struct job_worker *worker, struct db *db, const struct job_done *done, size_t count,
                        struct error *error) {
  bool has_reports = false;
  for (size_t at = 0; at < count; at++)
    has_reports = has_reports || done[at].report != NULL;
  if (count > DB_ROWS_MAX && !has_reports) return write_without_reports(worker, db, done, count, error);
  for (size_t at = 0; at < count; at += DB_ROWS_MAX) {
    size_t part = count - at < DB_ROWS_MAX ? count - at : DB_ROWS_MAX;
    if (!write_few(worker, db, &done[at], part, error)) return false;
  }
  return true;
}

static bool write_done(struct db *db, void *context, struct error *error) {
  const struct done_write *write = context;
  return job_end_done_write(write->worker, db, write->done, write->count, error);
}

void job_end_done(struct job_worker *worker, const struct job_done *done, size_t count) {
  struct done_write write = {.worker = worker, .done = done, .count = count};
  struct error error = ERROR_INIT;
  if (count > 0 && !job_write(worker->crew->app.pool, worker, write_done, &write, &error)) {
    job_worker_give_up(worker);
    job_log_error("job_end", done[0].id, &error);
  }
}

/* --- One, whatever it came to --------------------------------------------------------------------- */

struct end_write {
  struct job *job;
  const char *state;
  const char *why;
};

/* What a range did, it did for its parent. The parent's row first: the order of the locks. */
static bool write_range_end(struct db *db, const struct end_write *write, struct error *error) {
  struct job *job = write->job;
  struct job_look_params params = {.id = job->id};
  struct job_look_row row;
  struct arena_mark mark = arena_mark(job->arena);
  bool found;
  uint64_t cancelled = 0;
  struct db_outcome outcome;
  struct job_lock_parent_params parent = {.id = job->parent_id};
  if (!job_lock_parent(db, &parent, error, &outcome)) return false;
  if (outcome.affected == 0) return true; /* it has ended, or was taken away: nobody is to be told */
  if (!job_look(db, &params, job->arena, error, &row, &found)) return false;
  arena_rewind(job->arena, mark);
  if (!found) return true;
  bool went_well = write->state[0] == 'd' && write->state[1] == 'o';
  if (!went_well && !job_cancel_ranges(db, job->parent_id, write->why, error, &cancelled)) return false;
  struct job_fold_params fold = {.id = job->parent_id, .ended = 1 + cancelled, .units = row.done_units};
  return job_fold(db, &fold, error, &outcome);
}

static bool write_end(struct db *db, void *context, struct error *error) {
  const struct end_write *write = context;
  struct job *job = write->job;
  struct db_outcome outcome;
  struct job_write_end_params params = {.id = job->id,
                                        .worker_id = atomic_load(&job->own->worker->id),
                                        .claim_seq = job->own->row->claim_seq,
                                        .state = write->state,
                                        .report = job->report,
                                        .error = write->why};
  if (job->parent_id != 0 && !write_range_end(db, write, error)) return false;
  if (!job_write_end(db, &params, error, &outcome)) return false;
  /* Not ours any more: the parent hears of it from whoever has it. */
  return outcome.affected == 1 || error_set(error, ERROR_CONFLICT, "Another worker has taken this job over.");
}

void job_end(struct job *job, const char *state, const char *why) {
  struct end_write write = {.job = job, .state = state, .why = why};
  struct error error = ERROR_INIT;
  if (!job_write(job->app->pool, job->own->worker, write_end, &write, &error) &&
      error.code != ERROR_CONFLICT) {
    job_worker_give_up(job->own->worker);
    job_log_error("job_end", job->id, &error);
  }
}

/* --- To be claimed again -------------------------------------------------------------------------- */

static bool write_put_back(struct db *db, void *context, struct error *error) {
  struct db_outcome outcome;
  return job_put_back(db, context, error, &outcome);
}

void job_end_put_back(struct job_worker *worker, const struct job_candidates_row *row, bool counted,
                      int64_t delay_ms, const char *why) {
  struct job_put_back_params params = {.id = row->id,
                                       .worker_id = atomic_load(&worker->id),
                                       .claim_seq = row->claim_seq,
                                       .uncounted = counted ? 0 : 1,
                                       .delay_ms = (uint64_t)delay_ms,
                                       .error = why};
  struct error error = ERROR_INIT;
  if (!job_write(worker->crew->app.pool, worker, write_put_back, &params, &error)) {
    job_worker_give_up(worker);
    job_log_error("job_put_back", row->id, &error);
  }
}
