#include "learner/audit_pass.h"

#include "base/clock.h"
#include "queries/audit.h"

#include "base/banned.h"

/* What the steps of a pass share. */
struct audit_work {
  const struct repair_guard *guard;
  struct arena *arena;
  uint64_t job_id;
  uint64_t pass_id;
  uint64_t from_user;
  uint64_t to_user;
  int64_t now_ms;
  uint64_t settled; /* by the step: the last learner looked at; 0: there was none */
  uint64_t changed; /* by the step: rows; 0: nothing is left to do */
};

/* Runs a step until nothing is left for it, in between asking whether to go on. */
static bool run_to_the_end(struct pool *pool, job_step_work step, struct audit_work *work,
                           struct error *error) {
  struct arena_mark mark = arena_mark(work->arena);
  do {
    arena_rewind(work->arena, mark);
    if (!job_step_may_go_on(work->guard, error)) return false;
    if (!job_step_run(pool, step, work, error)) return false;
  } while (work->changed > 0);
  return true;
}

static bool open_step(struct db *db, void *context, struct error *error) {
  struct audit_work *work = context;
  struct audit_open_params params = {.job_id = work->job_id, .now = work->now_ms};
  struct db_outcome outcome;
  if (!audit_open(db, &params, error, &outcome)) return false;
  work->pass_id = outcome.insert_id;
  return true;
}

bool audit_pass_open(struct pool *pool, uint64_t job_id, struct error *error, uint64_t *ret_pass_id) {
  struct audit_work work = {.job_id = job_id, .now_ms = clock_now_ms()};
  if (!job_step_run(pool, open_step, &work, error)) return false;
  *ret_pass_id = work.pass_id;
  return true;
}

/* The pass's own row, in which all ranges count, comes last: it is locked for no longer than the commit. */
static bool range_step(struct db *db, void *context, struct error *error) {
  struct audit_work *work = context;
  struct audit_bound_params range = {
      .from_id = work->from_user, .to_id = work->to_user, .limit_rows = AUDIT_PASS_LEARNERS};
  struct audit_bound_row bound = {.learners = 0};
  struct db_outcome outcome;
  bool found;
  work->settled = 0;
  if (!audit_bound(db, &range, work->arena, error, &bound, &found)) return false;
  if (bound.learners == 0) return true;
  struct audit_fill_params fill = {
      .pass_id = work->pass_id, .from_id = work->from_user, .to_id = bound.last_id};
  struct audit_count_params count = {.pass_id = work->pass_id, .learners = bound.learners};
  if (!job_step_hold(work->guard, db, bound.last_id, bound.learners, error)) return false;
  if (!audit_fill(db, &fill, error, &outcome) || !audit_count(db, &count, error, &outcome)) return false;
  work->settled = bound.last_id;
  return true;
}

bool audit_pass_range(struct pool *pool, uint64_t pass_id, uint64_t from_user, uint64_t to_user,
                      const struct repair_guard *guard, struct arena *arena, struct error *error) {
  struct audit_work work = {
      .guard = guard, .arena = arena, .pass_id = pass_id, .from_user = from_user, .to_user = to_user};
  struct arena_mark mark = arena_mark(arena);
  while (work.from_user <= to_user) {
    arena_rewind(arena, mark);
    if (!job_step_may_go_on(guard, error) || !job_step_run(pool, range_step, &work, error)) return false;
    if (work.settled == 0) break;
    work.from_user = work.settled + 1;
  }
  return true;
}

/* Every learner is settled once places are given: the cursor says so, or a restart would look again. */
static bool place_step(struct db *db, void *context, struct error *error) {
  struct audit_work *work = context;
  struct audit_placed_params placed_params = {.pass_id = work->pass_id};
  struct audit_placed_row placed = {.place = 0};
  struct db_outcome outcome;
  bool found;
  if (!job_step_hold(work->guard, db, INT64_MAX, 0, error)) return false;
  if (!audit_placed(db, &placed_params, work->arena, error, &placed, &found)) return false;
  struct audit_place_params params = {
      .pass_id = work->pass_id, .placed = placed.place, .limit_rows = AUDIT_PASS_PLACES};
  if (!audit_place(db, &params, error, &outcome)) return false;
  work->changed = outcome.affected;
  return true;
}

static bool close_step(struct db *db, void *context, struct error *error) {
  struct audit_work *work = context;
  struct audit_close_params params = {.pass_id = work->pass_id, .now = clock_now_ms()};
  struct db_outcome outcome;
  return job_step_hold(work->guard, db, INT64_MAX, 0, error) && audit_close(db, &params, error, &outcome);
}

static bool forget_step(struct db *db, void *context, struct error *error) {
  struct audit_work *work = context;
  struct audit_outdated_params outdated_params = {.kept = AUDIT_PASSES_KEPT};
  struct audit_outdated_row outdated;
  struct db_outcome outcome;
  bool found;
  work->changed = 0;
  if (!audit_outdated(db, &outdated_params, work->arena, error, &outdated, &found)) return false;
  if (!found) return true;
  struct audit_forget_params params = {.pass_id = outdated.pass_id, .limit_rows = AUDIT_PASS_PLACES};
  if (!job_step_hold(work->guard, db, INT64_MAX, 0, error) || !audit_forget(db, &params, error, &outcome))
    return false;
  work->changed = outcome.affected;
  return true;
}

bool audit_pass_close(struct pool *pool, uint64_t pass_id, const struct repair_guard *guard,
                      struct arena *arena, struct error *error) {
  struct audit_work work = {.guard = guard, .arena = arena, .pass_id = pass_id};
  return run_to_the_end(pool, place_step, &work, error) && job_step_run(pool, close_step, &work, error) &&
         run_to_the_end(pool, forget_step, &work, error);
}

static bool abandon_step(struct db *db, void *context, struct error *error) {
  struct audit_work *work = context;
  struct audit_abandon_params params = {.pass_id = work->pass_id, .now = clock_now_ms()};
  struct db_outcome outcome;
  return audit_abandon(db, &params, error, &outcome);
}

bool audit_pass_abandon(struct pool *pool, uint64_t pass_id, struct error *error) {
  struct audit_work work = {.pass_id = pass_id};
  return job_step_run(pool, abandon_step, &work, error);
}

bool audit_pass_find(struct db *db, uint64_t pass_id, struct arena *arena, struct error *error,
                     struct audit_summary *ret_summary, bool *ret_found) {
  struct audit_last_params params = {.pass_id = pass_id};
  struct audit_last_row row;
  bool found;
  if (!audit_last(db, &params, arena, error, &row, &found)) return false;
  if (found)
    *ret_summary = (struct audit_summary){
        .pass_id = row.pass_id, .learners = row.learners, .differ = row.differ, .as_of_ms = row.as_of};
  *ret_found = found;
  return true;
}

bool audit_pass_page(struct db *db, uint64_t pass_id, uint64_t after_place, size_t limit, struct arena *arena,
                     struct error *error, struct audit_entry **ret_entries, size_t *ret_count,
                     uint64_t *ret_last_place) {
  struct audit_page_params params = {.pass_id = pass_id, .after_place = after_place, .limit_rows = limit};
  struct audit_page_row *rows;
  size_t count;
  if (!audit_page(db, &params, arena, limit, error, &rows, &count)) return false;
  struct audit_entry *entries = arena_alloc_array(arena, count, sizeof *entries);
  if (entries == NULL) return error_set_memory(error);
  for (size_t at = 0; at < count; at++) {
    const struct audit_page_row *row = &rows[at];
    struct audit_entry entry = {.user_id = row->user_id,
                                .username = row->username,
                                .table_tokens = row->tokens,
                                .table_questions = row->questions_answered,
                                .table_correct = row->correct_answers,
                                .json_tokens = row->json_tokens,
                                .json_questions = row->json_questions,
                                .json_correct = row->json_correct,
                                .has_document = row->has_document};
    audit_measure(&entry);
    entries[at] = entry;
  }
  *ret_last_place = count == 0 ? 0 : rows[count - 1].place;
  *ret_entries = entries;
  *ret_count = count;
  return true;
}
