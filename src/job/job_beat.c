/* The sign of life of a crew's workers, and the judgement of others'. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "job/job_private.h"

#include "base/banned.h"

#define BEATS_OF_A_LEASE 10
#define BEAT_TICK_MS 50
#define SWEEP_MS 1000

/* --- Our own -------------------------------------------------------------------------------------- */

/* Three quarters of the lease: others may have seen the beat as late as it was written, but never earlier. */
bool job_worker_is_stale(const struct job_worker *worker) {
  return clock_monotonic_ms() - atomic_load(&worker->beat_ms) > worker->crew->options.lease_ms / 4 * 3;
}

void job_worker_give_up(struct job_worker *worker) { atomic_store(&worker->lost, true); }

struct registration {
  const char *name;
  uint64_t former_id;
  uint64_t id;
};

static bool write_registration(struct db *db, void *context, struct error *error) {
  struct registration *registration = context;
  struct job_worker_insert_params params = {.name = registration->name};
  struct job_worker_delete_params former = {.id = registration->former_id};
  struct db_outcome outcome;
  if (former.id != 0 && !job_worker_delete(db, &former, error, &outcome)) return false;
  if (!job_worker_insert(db, &params, error, &outcome)) return false;
  registration->id = outcome.insert_id;
  return true;
}

bool job_worker_register(struct job_worker *worker, struct error *error) {
  struct job_crew *crew = worker->crew;
  char name[128];
  snprintf(name, sizeof name, "%s/%zu", crew->name, worker->place + 1);
  struct registration registration = {.name = name, .former_id = atomic_load(&worker->id)};
  int64_t sent_ms = clock_monotonic_ms();
  if (!job_write(crew->app.pool, NULL, write_registration, &registration, error)) return false;
  atomic_store(&worker->rank_is_known, false);
  atomic_store(&worker->id, registration.id);
  atomic_store(&worker->beat_ms, sent_ms);
  atomic_store(&worker->lost, false);
  if (crew->options.board != NULL)
    atomic_store(&crew->options.board->worker_ids[worker->place], registration.id);
  pthread_mutex_lock(&crew->lock);
  crew->somebody_registered = true;
  pthread_mutex_unlock(&crew->lock);
  return true;
}

struct beat {
  struct job_worker_beat_params rows[JOB_CREW_THREADS_MAX];
  size_t count;
  struct db_outcome outcome;
};

static bool write_beat(struct db *db, void *context, struct error *error) {
  struct beat *beat = context;
  return job_worker_beat(db, beat->rows, beat->count, error, &beat->outcome);
}

/* The beat counts from before it was sent. */
static bool beat(struct job_crew *crew, struct error *error) {
  struct beat beat = {.count = 0};
  struct job_worker *beating[JOB_CREW_THREADS_MAX];
  uint64_t ids[JOB_CREW_THREADS_MAX];
  for (size_t at = 0; at < crew->thread_count; at++) {
    struct job_worker *worker = &crew->workers[at];
    uint64_t id = atomic_load(&worker->id);
    if (id == 0 || atomic_load(&worker->lost)) continue;
    ids[beat.count] = id;
    beating[beat.count] = worker;
    beat.rows[beat.count++].id = id;
  }
  if (beat.count == 0) return true;
  int64_t sent_ms = clock_monotonic_ms();
  if (!job_write(crew->app.pool, NULL, write_beat, &beat, error)) return false;
  if (beat.outcome.affected != beat.count) return true; /* the list of workers tells whose row is gone */
  for (size_t at = 0; at < beat.count; at++)
    if (atomic_load(&beating[at]->id) == ids[at] && atomic_load(&beating[at]->beat_ms) < sent_ms)
      atomic_store(&beating[at]->beat_ms, sent_ms);
  return true;
}

/* --- All ------------------------------------------------------------------------------------------ */

static struct job_worker *ours(struct job_crew *crew, uint64_t id) {
  for (size_t at = 0; at < crew->thread_count; at++)
    if (atomic_load(&crew->workers[at].id) == id) return &crew->workers[at];
  return NULL;
}

static struct job_seen *seen_of(struct job_crew *crew, uint64_t id) {
  for (size_t at = 0; at < crew->seen_count; at++)
    if (crew->seen[at].id == id) return &crew->seen[at];
  return NULL;
}

static bool write_expire(struct db *db, void *context, struct error *error) {
  struct db_outcome outcome;
  const struct job_worker_expire_params *params = context;
  if (!job_worker_expire(db, params, error, &outcome)) return false;
  if (outcome.affected == 1)
    log_write(LOG_LEVEL_WARN, "worker_expired",
              "worker %" PRIu64 " has been silent for its lease; its jobs go on", params->id);
  return true;
}

static bool judge(struct job_crew *crew, const struct job_workers_row *row, struct job_seen *seen,
                  int64_t now_ms, struct error *error) {
  const struct job_seen *before = seen_of(crew, row->id);
  *seen = (struct job_seen){.id = row->id, .beat = row->beat, .moved_ms = now_ms};
  if (before == NULL || before->beat != row->beat) return true;
  seen->moved_ms = before->moved_ms;
  if (now_ms - seen->moved_ms < crew->options.lease_ms) return true;
  struct job_worker_expire_params params = {.id = row->id, .beat = row->beat};
  return job_write(crew->app.pool, NULL, write_expire, &params, error);
}

static void give_ranks(struct job_crew *crew, const struct job_workers_row *rows, size_t count) {
  uint32_t first = UINT32_MAX;
  uint32_t last = 0;
  for (size_t at = 0; at < crew->thread_count; at++) {
    struct job_worker *worker = &crew->workers[at];
    uint64_t id = atomic_load(&worker->id);
    size_t rank = 0;
    while (rank < count && rows[rank].id != id)
      rank++;
    if (rank == count) continue;
    atomic_store(&worker->rank, (uint32_t)rank);
    if (rank < first) first = (uint32_t)rank;
    if (rank > last) last = (uint32_t)rank;
  }
  if (first > last) return;
  atomic_store(&crew->rank_from, first);
  atomic_store(&crew->rank_to, last);
  atomic_store(&crew->worker_count, (uint32_t)count);
  for (size_t at = 0; at < crew->thread_count; at++)
    atomic_store(&crew->workers[at].rank_is_known, true);
}

static void find_lost(struct job_crew *crew, const struct job_workers_row *rows, size_t count,
                      const uint64_t *ids_before) {
  for (size_t at = 0; at < crew->thread_count; at++) {
    size_t row = 0;
    while (row < count && rows[row].id != ids_before[at])
      row++;
    if (row < count || ids_before[at] == 0 || atomic_load(&crew->workers[at].id) != ids_before[at]) continue;
    if (!atomic_exchange(&crew->workers[at].lost, true))
      log_write(LOG_LEVEL_WARN, "worker_lost",
                "worker %" PRIu64 " was taken for dead; it stops what it had in hand", ids_before[at]);
  }
}

static bool look_around(struct job_crew *crew, struct error *error) {
  CLEANUP(pool_lease_end) struct pool_lease lease = {.pool = crew->app.pool};
  struct job_workers_row *rows;
  size_t count;
  uint64_t ids_before[JOB_CREW_THREADS_MAX];
  for (size_t at = 0; at < crew->thread_count; at++)
    ids_before[at] = atomic_load(&crew->workers[at].id);
  arena_reset(crew->arena);
  if (!pool_acquire(lease.pool, INT64_MAX, error, &lease.db)) return false;
  if (!job_workers(lease.db, crew->arena, JOB_SEEN_MAX, error, &rows, &count)) return false;
  pool_lease_end(&lease);
  int64_t now_ms = clock_monotonic_ms();
  struct job_seen *seen = arena_alloc_array(crew->arena, count + 1, sizeof *seen);
  if (seen == NULL) return error_set_memory(error);
  size_t others = 0;
  for (size_t at = 0; at < count; at++)
    if (ours(crew, rows[at].id) == NULL && !judge(crew, &rows[at], &seen[others++], now_ms, error))
      return false;
  memcpy(crew->seen, seen, others * sizeof *seen);
  crew->seen_count = others;
  find_lost(crew, rows, count, ids_before);
  give_ranks(crew, rows, count);
  return true;
}

/* --- The thread ----------------------------------------------------------------------------------- */

static bool somebody_registered(struct job_crew *crew) {
  pthread_mutex_lock(&crew->lock);
  bool registered = crew->somebody_registered;
  crew->somebody_registered = false;
  pthread_mutex_unlock(&crew->lock);
  return registered;
}

static bool sweep(struct job_crew *crew, struct error *error) {
  return job_sweep_orphans(crew, error) && job_sweep_cancelled(crew, error) && job_sweep_new(crew, error);
}

void *job_beat_main(void *context) {
  struct job_crew *crew = context;
  int64_t beat_every_ms = crew->options.lease_ms / BEATS_OF_A_LEASE;
  int64_t beat_at_ms = 0;
  int64_t sweep_at_ms = 0;
  /* It beats until the last worker has finished. */
  while (!atomic_load(&crew->beat_stops)) {
    struct error error = ERROR_INIT;
    int64_t now_ms = clock_monotonic_ms();
    bool works = true;
    bool registered = somebody_registered(crew);
    if (registered) sweep_at_ms = 0; /* it may have left a dead one's jobs to nobody */
    if (now_ms >= beat_at_ms || registered) {
      beat_at_ms = now_ms + beat_every_ms;
      works = beat(crew, &error) && look_around(crew, &error);
    }
    if (works && crew->options.sweeps && now_ms >= sweep_at_ms) {
      sweep_at_ms = now_ms + SWEEP_MS;
      works = sweep(crew, &error);
    }
    if (!works) job_crew_tell(crew, true, &error);
    pool_tend(crew->app.pool);
    clock_sleep_ms(BEAT_TICK_MS);
  }
  return NULL;
}
