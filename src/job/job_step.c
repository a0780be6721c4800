#include "job/job_step.h"

#include "base/clock.h"
#include "base/random.h"

#include "base/banned.h"

#define JOB_STEP_PAUSE_MS 20

static bool try_once(struct pool *pool, job_step_work work, void *context, struct error *error) {
  CLEANUP(pool_lease_end) struct pool_lease lease = {.pool = pool};
  if (!pool_acquire(pool, INT64_MAX, error, &lease.db)) return false;
  return work(lease.db, context, error) && db_commit(lease.db, error);
}

bool job_step_run(struct pool *pool, job_step_work work, void *context, struct error *error) {
  for (int tries = 1;; tries++) {
    if (try_once(pool, work, context, error)) return true;
    if (error->code != ERROR_TRANSIENT || tries == JOB_STEP_TRIES) return false;
    error_clear(error);
    clock_sleep_ms(1 + (int64_t)random_below((uint64_t)JOB_STEP_PAUSE_MS * (uint64_t)tries));
  }
}

bool job_step_hold(const struct repair_guard *guard, struct db *db, uint64_t cursor, uint64_t units,
                   struct error *error) {
  return guard == NULL || guard->hold(guard->context, db, cursor, units, error);
}

bool job_step_may_go_on(const struct repair_guard *guard, struct error *error) {
  return guard == NULL || guard->may_go_on(guard->context, error);
}
