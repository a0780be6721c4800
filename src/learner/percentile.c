#include "learner/percentile.h"

#include "queries/learner.h"

#include "base/banned.h"

#define PERCENTILE_STEPS \
  4000 /* a bound is within 1/4000 of the truth as of the refresh, plus ties of less than that */
/* Each step keeps the value that begins it; a value that many share, of which there are at most as many as
 * there are steps, keeps itself and the next. Two metrics. */
#define PERCENTILE_ROWS_MAX ((size_t)2 * (3 * PERCENTILE_STEPS + 1))

static bool read_bounds(struct db *db, struct arena *arena, struct error *error,
                        struct learner_percentile_bounds_row **ret_rows, size_t *ret_count) {
  struct learner_percentile_bounds_params params = {.steps = PERCENTILE_STEPS};
  bool done = db_begin_snapshot(db, error) &&
              learner_percentile_bounds(db, &params, arena, PERCENTILE_ROWS_MAX, error, ret_rows, ret_count);
  db_rollback(db);
  return done;
}

static bool write_bounds(struct db *db, const struct learner_percentile_bounds_row *rows, size_t count,
                         int64_t now_ms, const struct repair_guard *guard, struct arena *arena,
                         struct error *error) {
  struct learner_percentiles_fill_params *bounds = arena_alloc_array(arena, count, sizeof *bounds);
  struct learner_percentiles_publish_params publish = {.now = now_ms,
                                                       .learners = count == 0 ? 0 : rows[0].learners};
  struct db_outcome outcome;
  if (bounds == NULL) return error_set_memory(error);
  for (size_t at = 0; at < count; at++)
    bounds[at] = (struct learner_percentiles_fill_params){
        .metric = rows[at].metric, .value = rows[at].value, .below = rows[at].below};
  return job_step_hold(guard, db, 0, publish.learners, error) &&
         learner_percentiles_clear(db, error, &outcome) &&
         learner_percentiles_fill(db, bounds, count, error, &outcome) &&
         learner_percentiles_publish(db, &publish, error, &outcome) && db_commit(db, error);
}

bool percentile_refresh(struct db *db, int64_t now_ms, const struct repair_guard *guard, struct arena *arena,
                        struct error *error) {
  struct learner_percentile_bounds_row *rows;
  size_t count;
  if (!read_bounds(db, arena, error, &rows, &count)) return false;
  if (write_bounds(db, rows, count, now_ms, guard, arena, error)) return true;
  db_rollback(db);
  return false;
}
