/* What nobody has to hurry for: jobs of workers that are no more, cancelled jobs that nobody works on, and
 * the mistakes in rows that are not due yet. */
#include "base/log.h"
#include "job/job_private.h"

#include "base/banned.h"

#define SWEEP_ROWS_MAX 1000
#define NEWEST_LOOK_BACK 1000

/* --- Jobs of the dead ----------------------------------------------------------------------------- */

struct orphans {
  struct arena *arena;
  struct job_orphans_row *rows;
  size_t count;
  size_t released;
};

static const struct job_orphans_row *orphan_of(const struct orphans *orphans, uint64_t id) {
  for (size_t at = 0; at < orphans->count; at++)
    if (orphans->rows[at].id == id) return &orphans->rows[at];
  return NULL;
}

/* A worker that is frozen may hold a row in a transaction: that one has to wait until the server ends it. */
static bool write_release(struct db *db, void *context, struct error *error) {
  struct orphans *orphans = context;
  struct job_lock_free_row *locked;
  size_t count;
  struct job_lock_free_params *params = arena_alloc_array(orphans->arena, orphans->count, sizeof *params);
  if (params == NULL) return error_set_memory(error);
  for (size_t at = 0; at < orphans->count; at++)
    params[at].id = orphans->rows[at].id;
  orphans->released = 0;
  if (!job_lock_free(db, params, orphans->count, orphans->arena, SWEEP_ROWS_MAX, error, &locked, &count))
    return false;
  for (size_t at = 0; at < count; at++) {
    const struct job_orphans_row *row = orphan_of(orphans, locked[at].id);
    struct job_release_params release = {.id = row->id,
                                         .worker_id = row->worker_id,
                                         .worker_id_is_null = row->worker_id_is_null,
                                         .claim_seq = row->claim_seq};
    struct db_outcome outcome;
    if (!job_release(db, &release, error, &outcome)) return false;
    orphans->released += outcome.affected;
  }
  return true;
}

bool job_sweep_orphans(struct job_crew *crew, struct error *error) {
  CLEANUP(pool_lease_end) struct pool_lease lease = {.pool = crew->app.pool};
  struct orphans orphans = {.arena = crew->arena};
  arena_reset(crew->arena);
  if (!pool_acquire(lease.pool, INT64_MAX, error, &lease.db)) return false;
  if (!job_orphans(lease.db, crew->arena, SWEEP_ROWS_MAX, error, &orphans.rows, &orphans.count)) return false;
  pool_lease_end(&lease);
  if (orphans.count == 0) return true;
  if (!job_write(crew->app.pool, NULL, write_release, &orphans, error)) return false;
  if (orphans.released > 0)
    log_write(LOG_LEVEL_WARN, "jobs_released", "%zu jobs of workers that are no more go on",
              orphans.released);
  return true;
}

/* --- Cancelled ------------------------------------------------------------------------------------ */

static bool write_cancel(struct db *db, void *context, struct error *error) {
  const struct job_cancellable_row *row = context;
  struct db_outcome outcome;
  if (row->is_fresh) {
    struct job_cancel_fresh_params fresh = {.id = row->id, .error = "It was cancelled."};
    return job_cancel_fresh(db, &fresh, error, &outcome);
  }
  if (!row->is_split) {
    struct job_hurry_params hurry = {.id = row->id};
    return job_hurry(db, &hurry, error, &outcome);
  }
  struct job_lock_parent_params parent = {.id = row->id};
  uint64_t ended;
  if (!job_lock_parent(db, &parent, error, &outcome)) return false;
  if (outcome.affected == 0) return true;
  if (!job_cancel_ranges(db, row->id, "It was cancelled.", error, &ended)) return false;
  struct job_fold_params fold = {.id = row->id, .ended = ended};
  return ended == 0 || job_fold(db, &fold, error, &outcome);
}

bool job_sweep_cancelled(struct job_crew *crew, struct error *error) {
  CLEANUP(pool_lease_end) struct pool_lease lease = {.pool = crew->app.pool};
  struct job_cancellable_row *rows;
  size_t count;
  arena_reset(crew->arena);
  if (!pool_acquire(lease.pool, INT64_MAX, error, &lease.db)) return false;
  if (!job_cancellable(lease.db, crew->arena, SWEEP_ROWS_MAX, error, &rows, &count)) return false;
  pool_lease_end(&lease);
  for (size_t at = 0; at < count; at++)
    if (!job_write(crew->app.pool, NULL, write_cancel, &rows[at], error)) return false;
  return true;
}

/* --- Mistakes ------------------------------------------------------------------------------------- */

struct mistake {
  uint64_t id;
  const char *why;
};

static bool write_mistake(struct db *db, void *context, struct error *error) {
  const struct mistake *mistake = context;
  struct job_end_ready_params params = {.id = mistake->id, .state = "failed", .error = mistake->why};
  struct db_outcome outcome;
  return job_end_ready(db, &params, error, &outcome);
}

static bool check_new(struct job_crew *crew, const struct job_new_rows_row *row, struct error *error) {
  struct error complaint = ERROR_INIT;
  struct job_row_check check = {.kind = row->kind,
                                .params = row->params,
                                .priority = row->priority,
                                .max_attempts = row->max_attempts,
                                .repeat_every_s = row->repeat_every_s,
                                .repeat_daily_s = row->repeat_daily_s,
                                .has_every = !row->repeat_every_s_is_null,
                                .has_daily = !row->repeat_daily_s_is_null};
  if (job_kind_check(&check, crew->arena, &complaint, NULL, NULL)) return true;
  struct mistake mistake = {.id = row->id, .why = job_kind_complaint(&complaint, crew->arena)};
  return job_write(crew->app.pool, NULL, write_mistake, &mistake, error);
}

/* A row that is due is checked when it is claimed; one for later would tell its mistake only then. */
bool job_sweep_new(struct job_crew *crew, struct error *error) {
  CLEANUP(pool_lease_end) struct pool_lease lease = {.pool = crew->app.pool};
  struct job_newest_row newest;
  struct job_new_rows_row *rows;
  size_t count;
  bool found;
  arena_reset(crew->arena);
  if (!pool_acquire(lease.pool, INT64_MAX, error, &lease.db)) return false;
  if (!crew->newest_is_known) {
    if (!job_newest(lease.db, crew->arena, error, &newest, &found)) return false;
    crew->newest_row = newest.id > NEWEST_LOOK_BACK ? newest.id - NEWEST_LOOK_BACK : 0;
    crew->newest_is_known = true;
  }
  struct job_new_rows_params params = {.after_id = crew->newest_row};
  if (!job_new_rows(lease.db, &params, crew->arena, SWEEP_ROWS_MAX, error, &rows, &count)) return false;
  pool_lease_end(&lease);
  for (size_t at = 0; at < count; at++)
    if (rows[at].is_waiting && !check_new(crew, &rows[at], error)) return false;
  if (count > 0) crew->newest_row = rows[count - 1].id;
  return true;
}
