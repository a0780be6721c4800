#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "job/job_private.h"

#include "base/banned.h"

#define OVERDUE_MS 1000
#define AHEAD_BATCHES 4
#define AHEAD_MS 50 /* so much later may what is more urgent come to be seen */

/* What is claimed together. */
struct choice {
  struct job_candidates_row *rows[JOB_BATCH_MAX];
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
 * yet, alone: what stands behind it would wait for it while other threads are free. Says how many of the rows
 * have had their turn. */
static size_t choose(struct job_crew *crew, struct job_candidates_row *rows, size_t count,
                     struct choice *choice) {
  int64_t left_ns = (int64_t)JOB_BATCH_MS * 1000000;
  for (size_t at = 0; at < count; at++) {
    if (rows[at].is_schedule) {
      choice->schedules[choice->schedule_count++] = rows[at].id;
      continue;
    }
    int64_t pace_ns = !rows[at].parent_id_is_null ? 0 : pace_of(crew, rows[at].kind);
    bool fits = pace_ns > 0 && pace_ns <= left_ns;
    if (choice->count > 0 && (!fits || rows[at].cancel_requested != choice->rows[0]->cancel_requested))
      return at;
    choice->rows[choice->count++] = &rows[at];
    if (!fits) return at + 1;
    left_ns -= pace_ns;
  }
  return count;
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

static bool write_claims(const struct choice *choice, struct arena *arena, struct error *error,
                         const char **ret_claims) {
  CLEANUP(buffer_free) struct buffer text = BUFFER_INIT(JOB_CLAIM_ARENA_BYTES);
  for (size_t at = 0; at < choice->count; at++)
    buffer_printf(&text, "%s[%" PRIu64 ",%" PRIu64 "]", at == 0 ? "[" : ",", choice->rows[at]->id,
                  choice->rows[at]->claim_seq);
  buffer_append_char(&text, ']');
  const char *claims = text.failed ? NULL : arena_strdup(arena, buffer_text(&text));
  if (claims == NULL) return error_set_memory(error);
  *ret_claims = claims;
  return true;
}

static bool claim_few(uint64_t worker_id, struct db *db, const struct choice *choice, struct error *error,
                      struct db_outcome *ret_outcome) {
  struct job_claim_few_params params[DB_ROWS_MAX];
  size_t count = choice->count;
  for (size_t at = 0; at < count; at++)
    params[at] = (struct job_claim_few_params){.worker_id = worker_id,
                                               .cancel_requested = choice->rows[0]->cancel_requested,
                                               .id = choice->rows[at]->id,
                                               .claim_seq = choice->rows[at]->claim_seq};
  for (; db_rows_fit(count) != count; count++)
    params[count] = params[count - 1]; /* naming a row twice saves the statement for the rest */
  return job_claim_few(db, params, count, error, ret_outcome);
}

/* Others may have been first with some of them. */
static bool keep_ours(struct job_worker *worker, struct db *db, const char *claims, struct choice *choice,
                      struct error *error) {
  struct job_claimed_params params = {.worker_id = atomic_load(&worker->id), .claims = claims};
  struct job_claimed_row *ours;
  size_t count;
  size_t kept = 0;
  if (!job_claimed(db, &params, worker->claim_arena, JOB_BATCH_MAX, error, &ours, &count)) return false;
  for (size_t at = 0; at < choice->count; at++)
    for (size_t row = 0; row < count; row++)
      if (ours[row].id == choice->rows[at]->id) {
        choice->rows[kept++] = choice->rows[at];
        break;
      }
  choice->count = kept;
  return true;
}

static bool claim(struct job_worker *worker, struct db *db, struct choice *choice, struct error *error) {
  uint64_t worker_id = atomic_load(&worker->id);
  const char *claims;
  struct db_outcome outcome;
  if (choice->count == 0) return true;
  if (!write_claims(choice, worker->claim_arena, error, &claims)) return false;
  struct job_claim_many_params many = {
      .worker_id = worker_id, .cancel_requested = choice->rows[0]->cancel_requested, .claims = claims};
  if (choice->count <= DB_ROWS_MAX ? !claim_few(worker_id, db, choice, error, &outcome)
                                   : !job_claim_many(db, &many, error, &outcome))
    return false;
  if (outcome.affected == 0) choice->count = 0;
  return outcome.affected == choice->count || keep_ours(worker, db, claims, choice, error);
}

/* As the rows are now that they are ours. */
static bool take(struct job_worker *worker, const struct choice *choice, struct error *error,
                 struct job_candidates_row **ret_rows) {
  struct job_candidates_row *rows =
      arena_alloc_array(worker->claim_arena, choice->count + 1, sizeof(struct job_candidates_row));
  if (rows == NULL) return error_set_memory(error);
  for (size_t at = 0; at < choice->count; at++) {
    rows[at] = *choice->rows[at];
    rows[at].claim_seq++;
    rows[at].attempts++;
  }
  *ret_rows = rows;
  return true;
}

/* The head of the index is full of what was claimed a moment ago and is not purged yet. Where a thread finds
 * batch after batch in a partition of its own, it goes through that once for several of them. */
static bool look(struct job_worker *worker, struct db *db, enum job_reach reach, struct error *error) {
  struct job_candidates_params params;
  int64_t now_ms = clock_monotonic_ms();
  bool keeps = reach == JOB_REACH_OWN && atomic_load(&worker->rank_is_known);
  if (keeps && worker->ahead_count > 0 && now_ms < worker->ahead_until_ms) return true;
  arena_reset(worker->claim_arena);
  worker->ahead_count = 0;
  candidates_of(worker, reach, &params);
  if (keeps && worker->batch_was_full) params.count *= AHEAD_BATCHES;
  worker->ahead_until_ms = keeps ? now_ms + AHEAD_MS : 0;
  return job_candidates(db, &params, worker->claim_arena, (size_t)JOB_BATCH_MAX * AHEAD_BATCHES, error,
                        &worker->ahead, &worker->ahead_count);
}

static void choose_ahead(struct job_worker *worker, struct choice *choice) {
  size_t batch = worker->crew->options.batch;
  size_t count = worker->ahead_count < batch ? worker->ahead_count : batch;
  size_t chosen = choose(worker->crew, worker->ahead, count, choice);
  worker->ahead += chosen;
  worker->ahead_count -= chosen;
  worker->batch_was_full = chosen == batch;
}

/* One transaction. A COMMIT that fails may yet have happened, or happen later: then jobs are in the hands of
 * this worker, and nobody knows. It takes a new name, and the old one's jobs become nobody's. */
static bool claim_and_commit(struct job_worker *worker, struct db *db, enum job_reach reach,
                             struct error *error, struct choice *ret_choice, bool *ret_busy) {
  if (!job_end_done_write(worker, db, worker->done, worker->done_count, error)) return false;
  if (!look(worker, db, reach, error)) return false;
  *ret_busy = worker->ahead_count > 0;
  choose_ahead(worker, ret_choice);
  if (!claim(worker, db, ret_choice, error)) return false;
  if (ret_choice->count == 0 && worker->done_count == 0) {
    db_end_read(db);
    return true;
  }
  if (db_commit(db, error)) return true;
  if (db_is_broken(db) && ret_choice->count > 0) atomic_store(&worker->lost, true);
  return false;
}

bool job_claim_batch(struct job_worker *worker, enum job_reach reach, struct error *error,
                     struct job_candidates_row **ret_rows, size_t *ret_count, bool *ret_busy) {
  CLEANUP(pool_lease_end) struct pool_lease lease = {.pool = worker->crew->app.pool};
  struct choice choice = {.count = 0};
  bool works = pool_acquire(lease.pool, INT64_MAX, error, &lease.db) &&
               claim_and_commit(worker, lease.db, reach, error, &choice, ret_busy);
  pool_lease_end(&lease);
  if (works && !take(worker, &choice, error, ret_rows)) {
    atomic_store(&worker->lost, true); /* claimed, and no memory to know of it */
    return false;
  }
  if (!works) {
    worker->ahead_count = 0;
    worker->batch_was_full = false;
    job_end_done(worker, worker->done, worker->done_count);
  }
  worker->done_count = 0;
  arena_reset(worker->done_arena);
  if (!works) return false;
  for (size_t at = 0; at < choice.schedule_count; at++) {
    struct error failure = ERROR_INIT;
    if (!job_schedule_tick(worker->crew, choice.schedules[at], worker->claim_arena, &failure))
      job_log_error("schedule", choice.schedules[at], &failure);
  }
  *ret_count = choice.count;
  return true;
}
