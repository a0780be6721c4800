#include <inttypes.h>
#include <string.h>

#include "job/job_private.h"

#include "base/banned.h"

#define OVERDUE_MS 1000

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
 * yet, alone: what stands behind it would wait for it while other threads are free. */
static void choose(struct job_crew *crew, struct job_candidates_row *rows, size_t count,
                   struct choice *choice) {
  int64_t left_ns = (int64_t)JOB_BATCH_MS * 1000000;
  for (size_t at = 0; at < count; at++) {
    if (rows[at].is_schedule) {
      choice->schedules[choice->schedule_count++] = rows[at].id;
      continue;
    }
    int64_t pace_ns = !rows[at].parent_id_is_null ? 0 : pace_of(crew, rows[at].kind);
    bool fits = pace_ns > 0 && pace_ns <= left_ns;
    if (choice->count > 0 && !fits) return;
    choice->rows[choice->count++] = &rows[at];
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
    params[at] = (struct job_claim_few_params){
        .worker_id = worker_id, .id = choice->rows[at]->id, .claim_seq = choice->rows[at]->claim_seq};
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
  struct job_claim_many_params many = {.worker_id = worker_id, .claims = claims};
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

/* One transaction. A COMMIT that fails may yet have happened, or happen later: then jobs are in the hands of
 * this worker, and nobody knows. It takes a new name, and the old one's jobs become nobody's. */
static bool claim_and_commit(struct job_worker *worker, struct db *db, struct job_candidates_params *params,
                             struct error *error, struct choice *ret_choice, bool *ret_busy) {
  struct job_candidates_row *rows;
  size_t count;
  if (!job_end_done_write(worker, db, worker->done, worker->done_count, error)) return false;
  if (!job_candidates(db, params, worker->claim_arena, JOB_BATCH_MAX, error, &rows, &count)) return false;
  choose(worker->crew, rows, count, ret_choice);
  *ret_busy = count > 0;
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
  struct job_candidates_params params;
  struct choice choice = {.count = 0};
  arena_reset(worker->claim_arena);
  candidates_of(worker, reach, &params);
  bool works = pool_acquire(lease.pool, INT64_MAX, error, &lease.db) &&
               claim_and_commit(worker, lease.db, &params, error, &choice, ret_busy);
  pool_lease_end(&lease);
  if (works && !take(worker, &choice, error, ret_rows)) {
    atomic_store(&worker->lost, true); /* claimed, and no memory to know of it */
    return false;
  }
  if (!works) job_end_done(worker, worker->done, worker->done_count);
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
