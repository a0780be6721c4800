#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "job/job_private.h"

#include "base/banned.h"

#define BACKOFF_FIRST_MS 1000
#define BACKOFF_LONGEST_MS 300000
#define ABANDON_TRIES 3
#define PACE_WEIGHT 8 /* a new duration counts an eighth */
#define WHY_CANCELLED "It was cancelled."

static bool is_final(const struct error *error) {
  return error->code == ERROR_MALFORMED || error->code == ERROR_UNPROCESSABLE ||
         error->code == ERROR_NOT_FOUND || error->code == ERROR_CONFLICT;
}

/* For the one who reads the row: with what the log would be told. */
static const char *explain(struct job *job, const struct error *error) {
  const char *text = job_kind_complaint(error, job->arena);
  if (error->detail[0] == '\0') return text;
  const char *whole = arena_printf(job->arena, "%s (%s)", text, error->detail);
  return whole == NULL ? text : whole;
}

/* --- Ends other than done ------------------------------------------------------------------------- */

/* What the job began is closed before its row says that it ended: whoever dies in between does it again. A
 * range began nothing of its own. */
static void abandon(struct job *job, const char *why, bool was_cancelled) {
  const struct job_kind *kind = job->own->kind;
  job->was_cancelled = was_cancelled;
  if (kind == NULL || kind->abandon == NULL || job->parent_id != 0) return;
  for (int tries = 1; tries <= ABANDON_TRIES; tries++) {
    struct error error = ERROR_INIT;
    if (kind->abandon(job, job->own->params, why, &error)) return;
    job_log_error("job_abandon", job->id, &error);
    if (tries < ABANDON_TRIES) clock_sleep_ms(BACKOFF_FIRST_MS / 10);
  }
}

static void end_badly(struct job *job, const char *state, const char *why) {
  abandon(job, why, strcmp(state, "cancelled") == 0);
  if (job->own->stop != JOB_STOPS_LOST) job_end(job, state, why);
  log_write(LOG_LEVEL_WARN, "job", "%llu (%s) %s: %s", (unsigned long long)job->id, job->own->row->kind,
            state, why);
}

static int64_t backoff_ms(uint64_t attempts) {
  int64_t delay_ms = BACKOFF_FIRST_MS;
  for (uint64_t at = 1; at < attempts && delay_ms < BACKOFF_LONGEST_MS; at++)
    delay_ms *= 2;
  if (delay_ms > BACKOFF_LONGEST_MS) delay_ms = BACKOFF_LONGEST_MS;
  return delay_ms - delay_ms / 4 + (int64_t)random_below((uint64_t)delay_ms / 2);
}

static void end_failed(struct job *job, const struct error *error) {
  const struct job_candidates_row *row = job->own->row;
  uint64_t attempts = row->attempts;
  const char *why = explain(job, error);
  if (is_final(error)) {
    end_badly(job, "failed", why);
    return;
  }
  if (attempts >= row->max_attempts) {
    end_badly(job, "dead", why);
    return;
  }
  job_end_put_back(job->own->worker, row, true, backoff_ms(attempts), why);
  job_log_error("job_retry", job->id, error);
}

/* The work said false. */
static void end_of_failure(struct job *job, const struct error *error) {
  if (atomic_load(&job->own->worker->lost)) job->own->stop = JOB_STOPS_LOST;
  switch (job->own->stop) {
  case JOB_STOPS_LOST:
    job_worker_give_up(job->own->worker);
    log_write(LOG_LEVEL_WARN, "job", "%llu (%s) was taken over by another worker",
              (unsigned long long)job->id, job->own->row->kind);
    return;
  case JOB_STOPS_CANCELLED:
    end_badly(job, "cancelled", WHY_CANCELLED);
    return;
  case JOB_STOPS_CREW:
    job_end_put_back(job->own->worker, job->own->row, false, 0, NULL);
    return;
  case JOB_GOES_ON:
    end_failed(job, error);
    return;
  }
}

/* --- Its way -------------------------------------------------------------------------------------- */

/* A parent whose ranges have all ended. `ret_ended`: not well, and it has ended the same way. */
static bool settle_ranges(struct job *job, struct error *error, bool *ret_ended) {
  CLEANUP(pool_lease_end) struct pool_lease lease = {.pool = job->app->pool};
  struct job_worst_range_params params = {.parent_id = job->id};
  struct job_worst_range_row worst;
  bool found;
  if (!pool_acquire(lease.pool, INT64_MAX, error, &lease.db)) return false;
  if (!job_worst_range(lease.db, &params, job->arena, error, &worst, &found)) return false;
  pool_lease_end(&lease);
  *ret_ended = found || job->own->row->cancel_requested;
  if (!*ret_ended) return true;
  const char *why = WHY_CANCELLED;
  bool is_cancelled = job->own->row->cancel_requested || strcmp(worst.state, "cancelled") == 0;
  if (!is_cancelled)
    why = arena_printf(job->arena, "Its range job %llu: %s", (unsigned long long)worst.id,
                       worst.error == NULL ? "failed." : worst.error);
  end_badly(job, is_cancelled ? "cancelled" : worst.state, why == NULL ? "A range failed." : why);
  return true;
}

/* `ret_ended`: its row needs no `done` any more. */
static bool go(struct job *job, struct error *error, bool *ret_ended) {
  const struct job_kind *kind = job->own->kind;
  const void *params = job->own->params;
  *ret_ended = false;
  if (job->parent_id != 0) return kind->work(job, params, error);
  if (job->own->row->is_split) {
    if (!settle_ranges(job, error, ret_ended)) return false;
    return *ret_ended || kind->finish == NULL || kind->finish(job, params, error);
  }
  if (kind->prepare != NULL && !kind->prepare(job, params, error)) return false;
  if (job->own->split) {
    *ret_ended = true;
    return job_split_now(job, error);
  }
  if (!kind->work(job, params, error)) return false;
  return kind->finish == NULL || kind->finish(job, params, error);
}

static void remember_pace(struct job *job, int64_t took_ns) {
  size_t place = job_kind_place(job->own->kind);
  if (place >= JOB_KINDS_MAX || job->parent_id != 0) return;
  _Atomic int64_t *pace = &job->own->worker->crew->pace_ns[place];
  int64_t before = atomic_load(pace);
  int64_t now = before == 0 ? took_ns : before + (took_ns - before) / PACE_WEIGHT;
  atomic_store(pace, now > 0 ? now : 1);
}

static bool fill(struct job_worker *worker, const struct job_candidates_row *row, struct job *job) {
  job->app = &worker->crew->app;
  job->arena = worker->job_arena;
  job->id = row->id;
  job->parent_id = row->parent_id_is_null ? 0 : row->parent_id;
  job->subject_id = row->subject_id_is_null ? 0 : row->subject_id;
  job->range_from = row->range_from_is_null ? 0 : row->range_from;
  job->range_to = row->range_to_is_null ? INT64_MAX : row->range_to;
  job->cursor_at = row->cursor_at_is_null ? 0 : row->cursor_at;
  job->own->worker = worker;
  job->own->row = row;
  job->own->looked_ms = clock_monotonic_ms();
  job->actor = arena_printf(job->arena, "job_%llu",
                            (unsigned long long)(job->parent_id == 0 ? job->id : job->parent_id));
  return job->actor != NULL;
}

/* Ended here if it cannot be worked on at all. */
static bool may_begin(struct job *job) {
  const struct job_candidates_row *row = job->own->row;
  struct error error = ERROR_INIT;
  struct job_row_check check = {
      .kind = row->kind, .params = row->params, .priority = row->priority, .max_attempts = row->max_attempts};
  if (!job_kind_check(&check, job->arena, &error, &job->own->kind, &job->own->params)) {
    end_badly(job, "failed", job_kind_complaint(&error, job->arena));
    return false;
  }
  if (row->cancel_requested && !row->is_split) {
    end_badly(job, "cancelled", WHY_CANCELLED);
    return false;
  }
  if (row->attempts > row->max_attempts) {
    end_badly(job, "dead", "Its worker died over it each time that it was tried.");
    return false;
  }
  return true;
}

void job_run(struct job_worker *worker, const struct job_candidates_row *row, bool *ret_deferred,
             struct job_done *ret_done) {
  struct job_private own = {.kind = NULL};
  struct job job = {.own = &own};
  struct error error = ERROR_INIT;
  bool ended = false;
  int64_t began_ns = clock_monotonic_ns();
  *ret_deferred = false;
  arena_reset(worker->job_arena);
  if (!fill(worker, row, &job) || !may_begin(&job)) return;
  if (!go(&job, &error, &ended)) {
    end_of_failure(&job, &error);
    return;
  }
  if (ended) return;
  remember_pace(&job, clock_monotonic_ns() - began_ns);
  if (job.parent_id != 0 || row->is_split) {
    job_end(&job, "done", NULL);
    return;
  }
  const char *report = job.report == NULL ? NULL : arena_strdup(worker->done_arena, job.report);
  *ret_deferred = true;
  *ret_done = (struct job_done){.id = row->id, .claim_seq = row->claim_seq, .report = report};
}
