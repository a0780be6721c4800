/* A thread's life: claims, runs, and waits. Of threads without work one looks for it, the others wait for
 * that one. */
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "job/job_private.h"

#include "base/banned.h"

#define OVERDUE_EVERY 50 /* polls */
#define AWAY_PAUSE_MS 200

void job_crew_sleep(struct job_crew *crew, int64_t duration_ms) {
  int64_t until_ns = clock_monotonic_ns() + duration_ms * 1000000;
  struct timespec until = {.tv_sec = until_ns / 1000000000, .tv_nsec = until_ns % 1000000000};
  pthread_mutex_lock(&crew->lock);
  if (!atomic_load(&crew->stops)) pthread_cond_timedwait(&crew->stop_change, &crew->lock, &until);
  pthread_mutex_unlock(&crew->lock);
}

void job_crew_tell(struct job_crew *crew, bool is_away, const struct error *error) {
  if (atomic_exchange(&crew->database_is_away, is_away) == is_away) return;
  if (is_away)
    job_log_error("database", 0, error);
  else
    log_write(LOG_LEVEL_INFO, "database", "it answers again");
}

/* A claim that failed: another's transaction was in the way, or there is no database. */
static void claim_failed(struct job_worker *worker, const struct error *error) {
  if (error->code == ERROR_TRANSIENT && error->sql_errno != 0 && !atomic_load(&worker->lost)) return;
  job_crew_tell(worker->crew, true, error);
  job_crew_sleep(worker->crew, AWAY_PAUSE_MS);
}

/* What is done is left in worker->done, for the next claim to write. */
static void run_batch(struct job_worker *worker, struct job_candidates_row *rows, size_t count) {
  for (size_t at = 0; at < count; at++) {
    bool deferred = false;
    if (atomic_load(&worker->lost)) break;
    if (atomic_load(&worker->crew->stops)) {
      job_end_put_back(worker, &rows[at], false, 0, NULL);
      continue;
    }
    job_run(worker, &rows[at], &deferred, &worker->done[worker->done_count]);
    if (deferred) worker->done_count++;
  }
}

static void flush_done(struct job_worker *worker) {
  job_end_done(worker, worker->done, worker->done_count);
  worker->done_count = 0;
}

/* `ret_rows` to be run; none: nothing is due. */
static bool claim(struct job_worker *worker, enum job_reach reach, struct job_candidates_row **ret_rows,
                  size_t *ret_count, bool *ret_busy) {
  struct error error = ERROR_INIT;
  *ret_count = 0;
  *ret_busy = false;
  if (job_worker_is_stale(worker)) {
    flush_done(worker);
    job_crew_sleep(worker->crew, AWAY_PAUSE_MS);
    return false;
  }
  if (job_claim_batch(worker, reach, &error, ret_rows, ret_count, ret_busy)) {
    job_crew_tell(worker->crew, false, NULL);
    return true;
  }
  claim_failed(worker, &error);
  return false;
}

/* The one that looks keeps at it until it finds something, and lets the next one look while it works. */
static void wait_for_work(struct job_worker *worker) {
  struct job_crew *crew = worker->crew;
  struct job_candidates_row *rows = NULL;
  size_t count = 0;
  bool busy = false;
  pthread_mutex_lock(&crew->lock);
  while (crew->somebody_polls && !atomic_load(&crew->stops))
    pthread_cond_wait(&crew->poll_change, &crew->lock);
  bool stops = atomic_load(&crew->stops);
  if (!stops) crew->somebody_polls = true;
  pthread_mutex_unlock(&crew->lock);
  if (stops) return;
  for (unsigned turn = 1; !atomic_load(&crew->stops) && !atomic_load(&worker->lost); turn++) {
    enum job_reach reach = turn % OVERDUE_EVERY == 0 ? JOB_REACH_OVERDUE : JOB_REACH_CREW;
    if (claim(worker, reach, &rows, &count, &busy) && busy) break;
    job_crew_sleep(crew, crew->options.poll_ms);
  }
  pthread_mutex_lock(&crew->lock);
  crew->somebody_polls = false;
  pthread_cond_signal(&crew->poll_change);
  pthread_mutex_unlock(&crew->lock);
  run_batch(worker, rows, count);
}

static void leave(struct job_worker *worker) {
  struct job_crew *crew = worker->crew;
  struct error error = ERROR_INIT;
  CLEANUP(pool_lease_end) struct pool_lease lease = {.pool = crew->app.pool};
  struct job_worker_delete_params params = {.id = atomic_load(&worker->id)};
  struct db_outcome outcome;
  if (params.id == 0) return;
  if (pool_acquire(lease.pool, clock_monotonic_ms() + AWAY_PAUSE_MS, &error, &lease.db) &&
      job_worker_delete(lease.db, &params, &error, &outcome) && db_commit(lease.db, &error) &&
      crew->options.board != NULL)
    atomic_store(&crew->options.board->worker_ids[worker->place], 0);
}

void *job_worker_main(void *context) {
  struct job_worker *worker = context;
  struct job_crew *crew = worker->crew;
  while (!atomic_load(&crew->stops)) {
    struct error error = ERROR_INIT;
    struct job_candidates_row *rows = NULL;
    size_t count;
    bool busy;
    if (atomic_load(&worker->lost)) worker->done_count = 0; /* whoever has them does them again */
    if ((atomic_load(&worker->id) == 0 || atomic_load(&worker->lost)) &&
        !job_worker_register(worker, &error)) {
      job_crew_tell(crew, true, &error);
      job_crew_sleep(crew, AWAY_PAUSE_MS);
      continue;
    }
    if (!claim(worker, JOB_REACH_OWN, &rows, &count, &busy)) continue;
    run_batch(worker, rows, count);
    if (!busy) wait_for_work(worker);
  }
  flush_done(worker);
  leave(worker);
  return NULL;
}
