#include "rule/pass.h"

#include <string.h>

#include "base/clock.h"
#include "base/random.h"
#include "queries/pass.h"
#include "rule/pass_private.h"

#include "base/banned.h"

#define PASS_WAIT_MS 10000 /* for a connection; the pool's own limit is usually the shorter */
#define PASS_TRIES_MAX 5
#define PASS_BACKOFF_MS 50
#define PASS_FORGET_MAX 100 /* passes whose results one close removes */
#define PASS_PLACES 20      /* a sample pass looks at runs of learners in so many places */
#define PASS_ENDED "The pass has ended already."

const char *const pass_kind_names[] = {"validate", "audit", "sample", NULL};

static bool write_once(struct pool *pool, bool (*work)(struct db *db, void *context, struct error *error),
                       void *context, struct error *error) {
  CLEANUP(pool_lease_end) struct pool_lease lease = {.pool = pool};
  if (!pool_acquire(pool, clock_monotonic_ms() + PASS_WAIT_MS, error, &lease.db)) return false;
  if (!work(lease.db, context, error)) return false;
  if (db_commit(lease.db, error)) return true;
  if (error->code == ERROR_TRANSIENT && db_is_broken(lease.db)) {
    error->code = ERROR_UNAVAILABLE;
    error->retry_after_s = 1;
  }
  return false;
}

bool pass_write(struct pool *pool, bool (*work)(struct db *db, void *context, struct error *error),
                void *context, struct error *error) {
  for (int tries = 1;; tries++) {
    error_clear(error);
    if (write_once(pool, work, context, error)) return true;
    if (error->code != ERROR_TRANSIENT) return false;
    if (tries == PASS_TRIES_MAX) break;
    clock_sleep_ms((int64_t)random_below((uint64_t)PASS_BACKOFF_MS << tries));
  }
  error->code = ERROR_UNAVAILABLE;
  error->retry_after_s = 1;
  return false;
}

/* --- Opening and closing -------------------------------------------------------------------------- */

struct open_work {
  enum pass_kind kind;
  uint64_t job_id;
  struct arena *arena;
  uint64_t pass_id;
  bool is_done;
};

static bool open_work(struct db *db, void *context, struct error *error) {
  struct open_work *work = context;
  struct pass_insert_params params = {
      .kind = pass_kind_names[work->kind], .job_id = work->job_id, .job_id_is_null = work->job_id == 0};
  struct db_outcome outcome;
  struct pass_state_row row;
  bool found;
  if (!pass_insert(db, &params, error, &outcome)) return false;
  struct pass_state_params state = {.pass_id = outcome.insert_id};
  if (!pass_state(db, &state, work->arena, error, &row, &found)) return false;
  if (!found || strcmp(row.state, "failed") == 0)
    return error_set(error, ERROR_CONFLICT, "The pass of this job has failed.");
  work->pass_id = outcome.insert_id;
  work->is_done = strcmp(row.state, "done") == 0;
  return true;
}

bool pass_open(const struct repair_engine *engine, enum pass_kind kind, uint64_t job_id, struct arena *arena,
               struct error *error, uint64_t *ret_pass_id) {
  struct open_work work = {.kind = kind, .job_id = job_id, .arena = arena};
  if (!pass_write(engine->pool, open_work, &work, error)) return false;
  *ret_pass_id = work.pass_id;
  return true;
}

struct close_work {
  uint64_t pass_id;
  struct arena *arena;
};

static bool forget_of_kind(struct db *db, const char *kind, struct arena *arena, struct error *error) {
  struct pass_outdated_params params = {
      .kind = kind, .kept = PASS_RESULTS_KEPT, .limit_rows = PASS_FORGET_MAX};
  struct pass_outdated_row *rows;
  struct db_outcome outcome;
  size_t count;
  if (!pass_outdated(db, &params, arena, PASS_FORGET_MAX, error, &rows, &count)) return false;
  for (size_t at = 0; at < count; at++) {
    struct pass_empty_results_params forget = {.pass_id = rows[at].id};
    if (!pass_empty_results(db, &forget, error, &outcome)) return false;
  }
  return true;
}

static bool close_work(struct db *db, void *context, struct error *error) {
  struct close_work *work = context;
  struct pass_close_done_params params = {.pass_id = work->pass_id};
  struct db_outcome outcome;
  return pass_close_done(db, &params, error, &outcome) &&
         forget_of_kind(db, pass_kind_names[PASS_VALIDATE], work->arena, error) &&
         forget_of_kind(db, pass_kind_names[PASS_SAMPLE], work->arena, error);
}

bool pass_close(const struct repair_engine *engine, uint64_t pass_id, struct arena *arena,
                struct error *error) {
  struct close_work work = {.pass_id = pass_id, .arena = arena};
  return pass_write(engine->pool, close_work, &work, error);
}

static bool abandon_work(struct db *db, void *context, struct error *error) {
  struct close_work *work = context;
  struct pass_close_failed_params params = {.pass_id = work->pass_id};
  struct db_outcome outcome;
  return pass_close_failed(db, &params, error, &outcome);
}

bool pass_abandon(const struct repair_engine *engine, uint64_t pass_id, struct error *error) {
  struct close_work work = {.pass_id = pass_id};
  return pass_write(engine->pool, abandon_work, &work, error);
}

/* --- Ranges --------------------------------------------------------------------------------------- */

struct range_work {
  const struct repair_engine *engine;
  const struct repair_guard *guard;
  struct arena *arena;
  uint64_t pass_id;
  uint64_t from_user;
  const struct pass_found *found;
};

/* The rows in which all ranges count come last: they are locked for no longer than the commit. */
static bool range_write(struct db *db, void *context, struct error *error) {
  struct range_work *work = context;
  const struct pass_found *found = work->found;
  struct pass_add_results_params *rows = arena_alloc_array(work->arena, found->rule_count + 1, sizeof *rows);
  struct pass_count_params count = {
      .pass_id = work->pass_id, .learners = found->learners, .in_breach = found->learners_in_breach};
  struct db_outcome outcome;
  size_t row_count = 0;
  if (rows == NULL) return error_set_memory(error);
  for (size_t at = 0; at < found->rule_count; at++) {
    const struct pass_count *counted = &found->rules[at];
    const struct rule *rule = rule_set_at(work->engine->set, at);
    if (!counted->asked) continue;
    rows[row_count++] = (struct pass_add_results_params){.pass_id = work->pass_id,
                                                         .rule = rule->name,
                                                         .severity = rule_severity_names[rule->severity],
                                                         .breaches = counted->breaches,
                                                         .paused = counted->paused,
                                                         .learners = counted->learners,
                                                         .cost_us = counted->cost_us,
                                                         .sample = buffer_text(&counted->sample),
                                                         .sample_rows = counted->sample_rows};
  }
  const struct repair_guard *guard = work->guard;
  if (guard != NULL && !guard->hold(guard->context, db, found->last_user, found->learners, error))
    return false;
  if (!pass_score_write(db, work->from_user, found, error)) return false;
  if (!pass_count(db, &count, error, &outcome)) return false;
  if (outcome.affected == 0 && found->learners > 0) return error_set(error, ERROR_CONFLICT, PASS_ENDED);
  return pass_add_results(db, rows, row_count, error, &outcome);
}

/* What there is, read on a connection of its own, for reading it can take long. */
static bool range_find(const struct range_work *work, uint64_t from_user, uint64_t to_user,
                       struct error *error, struct pass_found *ret_found) {
  const struct pass_scope scope = {.set = work->engine->set,
                                   .from_user = from_user,
                                   .to_user = to_user,
                                   .learners_max = PASS_RANGE_LEARNERS};
  for (int tries = 1;; tries++) {
    CLEANUP(pool_lease_end) struct pool_lease lease = {.pool = work->engine->pool};
    error_clear(error);
    if (!pool_acquire(lease.pool, clock_monotonic_ms() + PASS_WAIT_MS, error, &lease.db)) return false;
    if (pass_find_without_culprits(&scope, lease.db, work->arena, error, ret_found)) return true;
    if (error->code != ERROR_TRANSIENT) return false;
    if (tries == PASS_TRIES_MAX) break;
  }
  error->code = ERROR_UNAVAILABLE;
  error->retry_after_s = 1;
  return false;
}

/* The first learners of a range, as many as one step takes; `ret_last`: to where it came. */
static bool range_step(const struct range_work *work, uint64_t from_user, uint64_t to_user,
                       struct error *error, uint64_t *ret_last) {
  CLEANUP(pass_found_free) struct pass_found found = {.rule_count = 0};
  const struct repair_guard *guard = work->guard;
  if (guard != NULL && !guard->may_go_on(guard->context, error)) return false;
  if (!range_find(work, from_user, to_user, error, &found)) return false;
  struct range_work write = *work;
  write.from_user = from_user;
  write.found = &found;
  if (!pass_write(work->engine->pool, range_write, &write, error)) return false;
  *ret_last = found.last_user;
  return true;
}

bool pass_range(const struct repair_engine *engine, uint64_t pass_id, uint64_t from_user, uint64_t to_user,
                const struct repair_guard *guard, struct arena *arena, struct error *error) {
  struct range_work work = {.engine = engine, .guard = guard, .arena = arena, .pass_id = pass_id};
  struct arena_mark mark = arena_mark(arena);
  for (uint64_t last; from_user <= to_user; from_user = last + 1) {
    bool done = range_step(&work, from_user, to_user, error, &last);
    arena_rewind(arena, mark);
    if (!done) return false;
    if (last == to_user) break;
  }
  return true;
}

static bool score_work(struct db *db, void *context, struct error *error) {
  const struct range_work *work = context;
  return pass_score_write(db, work->from_user, work->found, error);
}

bool pass_score(const struct repair_engine *engine, uint64_t user_id, struct arena *arena,
                struct error *error) {
  CLEANUP(pass_found_free) struct pass_found found = {.rule_count = 0};
  struct range_work work = {.engine = engine, .arena = arena, .from_user = user_id, .found = &found};
  return range_find(&work, user_id, user_id, error, &found) &&
         pass_write(engine->pool, score_work, &work, error);
}

/* --- Samples -------------------------------------------------------------------------------------- */

struct sample_work {
  uint64_t pass_id;
  struct arena *arena;
  struct pass_span_row span;
};

static bool sample_begin(struct db *db, void *context, struct error *error) {
  struct sample_work *work = context;
  struct pass_empty_params params = {.pass_id = work->pass_id};
  struct pass_empty_results_params results = {.pass_id = work->pass_id};
  struct db_outcome outcome;
  bool found;
  return pass_empty(db, &params, error, &outcome) && pass_empty_results(db, &results, error, &outcome) &&
         pass_span(db, work->arena, error, &work->span, &found);
}

/* The last id of `count` learners from here on, within the place. */
struct sample_bound {
  uint64_t from_user;
  uint64_t to_user;
  size_t learners;
  struct arena *arena;
};

static bool sample_bound(struct db *db, void *context, struct error *error) {
  struct sample_bound *bound = context;
  struct pass_learners_params params = {
      .from_id = bound->from_user, .to_id = bound->to_user, .limit_rows = bound->learners};
  struct pass_learners_row *rows;
  size_t count;
  if (!pass_learners(db, &params, bound->arena, bound->learners, error, &rows, &count)) return false;
  if (count == bound->learners) bound->to_user = rows[count - 1].id;
  return true;
}

/* The learners are parted into places of equal width; of each, a run from somewhere within. */
static bool sample_places(const struct repair_engine *engine, const struct sample_work *work, size_t learners,
                          const struct repair_guard *guard, struct arena *arena, struct error *error) {
  const struct pass_span_row *span = &work->span;
  uint64_t width = (span->last_id - span->first_id) / PASS_PLACES + 1;
  for (uint64_t place = 0; place < PASS_PLACES; place++) {
    uint64_t first = span->first_id + place * width;
    if (first > span->last_id) break;
    struct sample_bound bound = {.from_user = first + random_below(width),
                                 .to_user = first + width - 1,
                                 .learners = learners / PASS_PLACES + 1,
                                 .arena = arena};
    struct arena_mark mark = arena_mark(arena);
    bool done = pass_write(engine->pool, sample_bound, &bound, error);
    arena_rewind(arena, mark);
    if (!done || !pass_range(engine, work->pass_id, bound.from_user, bound.to_user, guard, arena, error))
      return false;
  }
  return true;
}

bool pass_sample(const struct repair_engine *engine, uint64_t job_id, size_t learners,
                 const struct repair_guard *guard, struct arena *arena, struct error *error,
                 uint64_t *ret_pass_id) {
  struct open_work open = {.kind = PASS_SAMPLE, .job_id = job_id, .arena = arena};
  if (!pass_write(engine->pool, open_work, &open, error)) return false;
  struct sample_work work = {.pass_id = open.pass_id, .arena = arena};
  if (!open.is_done) {
    if (!pass_write(engine->pool, sample_begin, &work, error)) return false;
    bool everybody = work.span.learners <= learners;
    if (everybody && work.span.learners > 0 &&
        !pass_range(engine, work.pass_id, work.span.first_id, work.span.last_id, guard, arena, error))
      return false;
    if (!everybody && !sample_places(engine, &work, learners, guard, arena, error)) return false;
    if (!pass_close(engine, work.pass_id, arena, error)) return false;
  }
  *ret_pass_id = work.pass_id;
  return true;
}
