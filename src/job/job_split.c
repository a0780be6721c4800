#include "job/job_private.h"

#include "base/banned.h"

#define RANGES_MAX 100000 /* a thousand million learners */

struct split {
  struct job *job;
  struct job_insert_ranges_params *rows;
  size_t count;
  size_t capacity;
  uint64_t learners;
};

static bool add_range(struct split *split, uint64_t from, uint64_t to, uint64_t learners,
                      struct error *error) {
  struct job *job = split->job;
  const struct job_candidates_row *row = job->own->row;
  if (split->count == RANGES_MAX)
    return error_set(error, ERROR_UNPROCESSABLE, "There are more learners than one job can be divided over.");
  if (split->count == split->capacity) {
    size_t capacity = split->capacity == 0 ? 64 : split->capacity * 2;
    struct job_insert_ranges_params *rows = arena_alloc_array(job->arena, capacity, sizeof *rows);
    if (rows == NULL) return error_set_memory(error);
    for (size_t at = 0; at < split->count; at++)
      rows[at] = split->rows[at];
    split->rows = rows;
    split->capacity = capacity;
  }
  split->rows[split->count++] = (struct job_insert_ranges_params){.kind = row->kind,
                                                                  .params = row->params,
                                                                  .priority = row->priority,
                                                                  .run_at = row->run_at,
                                                                  .max_attempts = row->max_attempts,
                                                                  .created_by = row->created_by,
                                                                  .parent_id = job->id,
                                                                  .subject_id = job->subject_id,
                                                                  .subject_id_is_null = job->subject_id == 0,
                                                                  .range_from = from,
                                                                  .range_to = to,
                                                                  .total_units = learners};
  split->learners += learners;
  return true;
}

/* Ends after every JOB_RANGE_LEARNERSth learner; the first begins at 0 and the last has no end, so that
 * learners who come meanwhile are in one of them. */
static bool find_ranges(struct db *db, struct split *split, struct error *error) {
  struct job_boundary_params boundary = {.after_user = 0, .skip = JOB_RANGE_LEARNERS - 1};
  struct job_count_behind_params behind;
  struct job_boundary_row at;
  struct job_count_behind_row rest;
  bool found;
  uint64_t from = 0;
  split->count = 0;
  split->learners = 0;
  for (;;) {
    if (!job_boundary(db, &boundary, split->job->arena, error, &at, &found)) return false;
    if (!found) break;
    if (!add_range(split, from, at.id, JOB_RANGE_LEARNERS, error)) return false;
    boundary.after_user = at.id;
    from = at.id + 1;
  }
  behind.after_user = boundary.after_user;
  if (!job_count_behind(db, &behind, split->job->arena, error, &rest, &found)) return false;
  return add_range(split, from, INT64_MAX, rest.learners, error);
}

static bool write_split(struct db *db, void *context, struct error *error) {
  struct split *split = context;
  struct job *job = split->job;
  struct db_outcome outcome;
  if (!find_ranges(db, split, error)) return false;
  struct job_write_split_params params = {.id = job->id,
                                          .worker_id = atomic_load(&job->own->worker->id),
                                          .claim_seq = job->own->row->claim_seq,
                                          .open_children = split->count,
                                          .total_units = split->learners};
  if (!job_write_split(db, &params, error, &outcome)) return false;
  if (outcome.affected != 1) {
    job->own->stop = JOB_STOPS_LOST;
    return error_set(error, ERROR_CONFLICT, "Another worker has taken this job over.");
  }
  return job_insert_ranges(db, split->rows, split->count, error, &outcome);
}

bool job_split_now(struct job *job, struct error *error) {
  struct split split = {.job = job};
  return job_write(job->app->pool, job->own->worker, write_split, &split, error);
}

bool job_cancel_ranges(struct db *db, uint64_t parent_id, const char *why, struct error *error,
                       uint64_t *ret_ended) {
  struct job_cancel_waiting_ranges_params waiting = {.parent_id = parent_id, .error = why};
  struct job_cancel_running_ranges_params running = {.parent_id = parent_id};
  struct db_outcome outcome;
  struct db_outcome unused;
  if (!job_cancel_waiting_ranges(db, &waiting, error, &outcome)) return false;
  if (!job_cancel_running_ranges(db, &running, error, &unused)) return false;
  *ret_ended = outcome.affected;
  return true;
}
