#include <string.h>

#include "job/job_private.h"

#include "base/banned.h"

#define OVERDUE_MS 1000

/* What is claimed together, and the ids padded to a number of rows that needs one statement less. */
struct choice {
  uint64_t ids[JOB_BATCH_MAX + DB_ROWS_MAX];
  size_t count;
  uint64_t schedules[JOB_BATCH_MAX];
  size_t schedule_count;
};

static int64_t pace_of(struct job_crew *crew, const char *name) {
  const struct job_kind *kind = job_kind_find(name);
  size_t place = kind == NULL ? JOB_KINDS_MAX : job_kind_place(kind);
  return place >= JOB_KINDS_MAX ? 0 : atomic_load(&crew->pace_ns[place]);
}

/* As many as are worth about JOB_BATCH_MS; a job of a kind that takes longer, or of which nothing is known
 * yet, alone: what stands behind it would wait for it while other threads are free. */
static void choose(struct job_crew *crew, const struct job_candidates_row *rows, size_t count,
                   struct choice *choice) {
  int64_t left_ns = (int64_t)JOB_BATCH_MS * 1000000;
  for (size_t at = 0; at < count; at++) {
    if (rows[at].is_schedule) {
      choice->schedules[choice->schedule_count++] = rows[at].id;
      continue;
    }
    int64_t pace_ns = rows[at].is_range ? 0 : pace_of(crew, rows[at].kind);
    bool fits = pace_ns > 0 && pace_ns <= left_ns;
    if (choice->count > 0 && !fits) return;
    choice->ids[choice->count++] = rows[at].id;
    if (!fits) return;
    left_ns -= pace_ns;
  }
}

static void candidates_of(struct job_worker *worker, enum job_reach reach,
                          struct job_candidates_params *ret) {
  struct job_crew *crew = worker->crew;
  uint32_t workers = atomic_load(&crew->worker_count);
  *ret = (struct job_candidates_params){.workers = 1, .count = crew->options.batch};
  if (reach == JOB_REACH_OVERDUE) ret->overdue_ms = OVERDUE_MS;
  if (reach == JOB_REACH_OVERDUE || workers == 0 || !atomic_load(&worker->rank_is_known)) return;
  ret->workers = workers;
  ret->rank_from = reach == JOB_REACH_OWN ? atomic_load(&worker->rank) : atomic_load(&crew->rank_from);
  ret->rank_to = reach == JOB_REACH_OWN ? ret->rank_from : atomic_load(&crew->rank_to);
}

/* Naming a row twice in an IN list changes nothing, and saves the statement for the rest. */
static size_t pad(struct choice *choice) {
  size_t rest = choice->count % DB_ROWS_MAX;
  size_t padded = choice->count;
  while (rest != 0 && db_rows_fit(rest) != rest) {
    choice->ids[padded++] = choice->ids[choice->count - 1];
    rest++;
  }
  return padded;
}

static bool claim(struct job_worker *worker, struct db *db, struct choice *choice, struct error *error,
                  struct job_claimed_row **ret_rows, size_t *ret_count) {
  struct job_claim_params claims[JOB_BATCH_MAX + DB_ROWS_MAX];
  struct job_claimed_params reads[JOB_BATCH_MAX + DB_ROWS_MAX];
  struct db_outcome outcome;
  uint64_t worker_id = atomic_load(&worker->id);
  size_t padded = pad(choice);
  for (size_t at = 0; at < padded; at++) {
    claims[at] = (struct job_claim_params){.worker_id = worker_id, .id = choice->ids[at]};
    reads[at] = (struct job_claimed_params){.worker_id = worker_id, .id = choice->ids[at]};
  }
  if (!job_claim(db, claims, padded, error, &outcome)) return false;
  if (outcome.affected == 0) {
    db_rollback(db);
    *ret_count = 0;
    return true;
  }
  return job_claimed(db, reads, padded, worker->claim_arena, JOB_BATCH_MAX, error, ret_rows, ret_count);
}

/* A COMMIT that fails may yet have happened, or happen later: then the jobs are in the hands of this worker,
 * and nobody knows. It takes a new name, and the old one's jobs become nobody's. */
static bool claim_and_commit(struct job_worker *worker, struct db *db, struct choice *choice,
                             struct error *error, struct job_claimed_row **ret_rows, size_t *ret_count) {
  struct job_claimed_row *rows = NULL;
  size_t count = 0;
  if (choice->count > 0) {
    if (!claim(worker, db, choice, error, &rows, &count)) return false;
    if (count > 0 && !db_commit(db, error)) {
      if (db_is_broken(db)) atomic_store(&worker->lost, true);
      return false;
    }
  }
  *ret_rows = rows;
  *ret_count = count;
  return true;
}

bool job_claim_batch(struct job_worker *worker, enum job_reach reach, struct error *error,
                     struct job_claimed_row **ret_rows, size_t *ret_count, bool *ret_busy) {
  CLEANUP(pool_lease_end) struct pool_lease lease = {.pool = worker->crew->app.pool};
  struct job_candidates_params params;
  struct job_candidates_row *rows;
  struct choice choice = {.count = 0};
  size_t count;
  arena_reset(worker->claim_arena);
  candidates_of(worker, reach, &params);
  if (!pool_acquire(lease.pool, INT64_MAX, error, &lease.db)) return false;
  if (!job_candidates(lease.db, &params, worker->claim_arena, JOB_BATCH_MAX, error, &rows, &count))
    return false;
  choose(worker->crew, rows, count, &choice);
  size_t claimed = 0;
  struct job_claimed_row *claims = NULL;
  if (!claim_and_commit(worker, lease.db, &choice, error, &claims, &claimed)) return false;
  if (claimed == 0) db_end_read(lease.db);
  pool_lease_end(&lease);
  for (size_t at = 0; at < choice.schedule_count; at++) {
    struct error failure = ERROR_INIT;
    if (!job_schedule_tick(worker->crew, choice.schedules[at], worker->claim_arena, &failure))
      job_log_error("schedule", choice.schedules[at], &failure);
  }
  *ret_rows = claims;
  *ret_count = claimed;
  *ret_busy = count > 0;
  return true;
}
