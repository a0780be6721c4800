#include "programs/ctl_sync.h"

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "queries/ctl.h"

#include "base/banned.h"

#define CONNECTIONS 4
#define POLL_MS 200
#define PATIENCE_MS 5000 /* with a job that nobody begins */
#define ADVICE "--confirm-over-limit goes on all the same."

bool ctl_sync_open(struct ctl *ctl, struct error *error, struct ctl_sync *ret_sync) {
  CLEANUP(ctl_sync_close) struct ctl_sync sync = {.set = NULL};
  if (!rule_set_load(&ctl->config.rules, error, &sync.set) ||
      !pool_new(&ctl->config.database, CONNECTIONS, error, &sync.pool) ||
      !rule_set_check(sync.set, ctl->db, error))
    return false;
  db_rollback(ctl->db);
  for (size_t at = 0; at < rule_set_problem_count(sync.set); at++)
    (void)fprintf(stderr, "Left aside: %s\n", ctl_harmless(ctl, rule_set_problem(sync.set, at)));
  sync.engine = (struct repair_engine){.set = sync.set, .pool = sync.pool, .config = &ctl->config};
  *ret_sync = sync;
  sync = (struct ctl_sync){.set = NULL};
  return true;
}

void ctl_sync_close(struct ctl_sync *sync) {
  if (sync->pool != NULL) pool_free(sync->pool);
  rule_set_free(sync->set);
}

/* --- Jobs ---------------------------------------------------------------------------------------- */

/* The job that stands in the way does the very same: its key is made of its parameters. */
static bool enqueue(struct ctl *ctl, const struct job_order *order, struct error *error,
                    uint64_t *ret_job_id) {
  struct ctl_active_job_params params = {.dedupe_key = order->dedupe_key};
  struct ctl_active_job_row row;
  struct error failure = ERROR_INIT;
  bool found;
  if (job_enqueue(ctl->db, order, ctl->arena, &failure, ret_job_id) && db_commit(ctl->db, &failure))
    return true;
  db_rollback(ctl->db);
  *error = failure;
  if (failure.code != ERROR_CONFLICT || order->dedupe_key == NULL) return false;
  if (!ctl_active_job(ctl->db, &params, ctl->arena, &failure, &row, &found) || !found) return false;
  db_rollback(ctl->db);
  *ret_job_id = row.id;
  return true;
}

static bool has_ended(const char *state) {
  return strcmp(state, "ready") != 0 && strcmp(state, "running") != 0;
}

static bool look(struct ctl *ctl, uint64_t job_id, struct error *error, struct ctl_job_row *ret_row) {
  struct ctl_job_params params = {.job_id = job_id};
  bool found;
  bool done = ctl_job(ctl->db, &params, ctl->arena, error, ret_row, &found);
  db_rollback(ctl->db);
  return done && (found || error_set(error, ERROR_NOT_FOUND, "Job %" PRIu64 " is gone.", job_id));
}

static bool tell_if_nobody_works(struct ctl *ctl, uint64_t job_id, struct error *error) {
  struct ctl_workers_row row;
  bool found;
  bool done = ctl_workers(ctl->db, ctl->arena, error, &row, &found);
  db_rollback(ctl->db);
  if (!done || row.alive > 0) return done;
  (void)fprintf(
      stderr, "No lockstep-sync is alive; job %" PRIu64 " waits for one. It stays when you leave.\n", job_id);
  return true;
}

static bool wait_for_end(struct ctl *ctl, const char *kind, uint64_t job_id, struct error *error,
                         struct ctl_job_row *ret_row) {
  struct ctl_progress progress = {.enabled = false};
  int64_t patient_until_ms = clock_monotonic_ms() + PATIENCE_MS;
  bool done;
  for (;;) {
    struct arena_mark before = arena_mark(ctl->arena);
    done = look(ctl, job_id, error, ret_row);
    if (!done || has_ended(ret_row->state)) break;
    if (progress.total == 0 && !ret_row->total_units_is_null)
      ctl_progress_start(&progress, ctl, kind, ret_row->total_units);
    ctl_progress_show(&progress, ret_row->done_units);
    if (strcmp(ret_row->state, "ready") == 0 && clock_monotonic_ms() > patient_until_ms) {
      patient_until_ms = INT64_MAX;
      if (!tell_if_nobody_works(ctl, job_id, error)) return false;
    }
    arena_rewind(ctl->arena, before);
    clock_sleep_ms(POLL_MS);
  }
  ctl_progress_end(&progress);
  return done;
}

bool ctl_sync_wait(struct ctl *ctl, const char *kind, uint64_t job_id, struct error *error) {
  struct ctl_job_row row;
  return wait_for_end(ctl, kind, job_id, error, &row);
}

bool ctl_sync_await(struct ctl *ctl, const struct job_order *order, struct error *error,
                    uint64_t *ret_subject_id) {
  struct job_order own = *order;
  struct ctl_job_row row;
  uint64_t job_id;
  own.created_by = CTL_ACTOR;
  if (!enqueue(ctl, &own, error, &job_id)) return false;
  if (ctl->shows_progress) (void)fprintf(stderr, "Job %" PRIu64 "\n", job_id);
  if (!wait_for_end(ctl, own.kind, job_id, error, &row)) return false;
  if (strcmp(row.state, "done") != 0)
    return error_set(error, ERROR_CONFLICT, "Job %" PRIu64 " is %s. %s", job_id, row.state,
                     row.error == NULL ? "" : row.error);
  *ret_subject_id = row.subject_id_is_null ? 0 : row.subject_id;
  return true;
}

bool ctl_sync_do(struct ctl *ctl, const struct ctl_sync *sync, const struct sync_task *task,
                 struct error *error, uint64_t *ret_run_id) {
  struct job_order job;
  if (!task->is_job)
    return sync_task_run(&sync->engine, task, CTL_ACTOR, ADVICE, ctl->arena, error, ret_run_id);
  return sync_task_order(task, ctl->arena, error, &job) && ctl_sync_await(ctl, &job, error, ret_run_id);
}
