#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "job/job_private.h"

#include "base/banned.h"

#define WRITE_PAUSE_MS 2
#define WRITE_PAUSE_LONGEST_MS 200

static bool write_once(struct pool *pool, job_write_fn write, void *context, struct error *error) {
  CLEANUP(pool_lease_end) struct pool_lease lease = {.pool = pool};
  if (!pool_acquire(pool, INT64_MAX, error, &lease.db)) return false;
  return write(lease.db, context, error) && db_commit(lease.db, error);
}

static bool may_try(const struct job_worker *worker, const struct error *error, unsigned tries) {
  if (worker == NULL) return error->code == ERROR_TRANSIENT && tries < JOB_WRITE_TRIES;
  if (error->code != ERROR_TRANSIENT && error->code != ERROR_UNAVAILABLE) return false;
  /* Until the lease has run out: what is not written then is no longer ours to write. */
  return !atomic_load(&worker->lost) && !job_worker_is_stale(worker);
}

bool job_write(struct pool *pool, const struct job_worker *worker, job_write_fn write, void *context,
               struct error *error) {
  int64_t pause_ms = WRITE_PAUSE_MS;
  for (unsigned tries = 1;; tries++) {
    struct error failure = ERROR_INIT;
    if (write_once(pool, write, context, &failure)) return true;
    if (!may_try(worker, &failure, tries)) {
      *error = failure;
      return false;
    }
    clock_sleep_ms(1 + (int64_t)random_below((uint64_t)pause_ms));
    if (pause_ms < WRITE_PAUSE_LONGEST_MS) pause_ms *= 2;
  }
}

void job_log_error(const char *event, uint64_t job_id, const struct error *error) {
  struct log_line line;
  log_begin(&line, LOG_LEVEL_WARN, event);
  if (job_id != 0) log_add_i64(&line, "job", (int64_t)job_id);
  log_add_error(&line, error);
  log_end(&line);
}
