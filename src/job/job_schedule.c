#include "base/clock.h"
#include "job/job_private.h"

#include "base/banned.h"

#define DAY_MS INT64_C(86400000)
#define SECOND_MS INT64_C(1000)

static int64_t floor_to(int64_t value, int64_t step) {
  int64_t rest = value % step;
  return value - (rest < 0 ? rest + step : rest);
}

int64_t job_schedule_next(const struct job_row_check *row, int64_t run_at_ms, int64_t now_ms) {
  if (row->has_every) {
    int64_t every_ms = row->repeat_every_s * SECOND_MS;
    if (run_at_ms > now_ms) return run_at_ms;
    return run_at_ms + ((now_ms - run_at_ms) / every_ms + 1) * every_ms;
  }
  int64_t today_ms = floor_to(now_ms, DAY_MS) + row->repeat_daily_s * SECOND_MS;
  return today_ms > now_ms ? today_ms : today_ms + DAY_MS;
}

struct tick {
  uint64_t id;
  struct arena *arena;
};

static bool end_ready(struct db *db, uint64_t id, const char *state, const char *why, struct error *error) {
  struct job_end_ready_params params = {.id = id, .state = state, .error = why};
  struct db_outcome outcome;
  return job_end_ready(db, &params, error, &outcome);
}

static bool write_report(struct db *db, const struct tick *tick, int64_t now_ms, uint64_t job_id,
                         bool is_skipped, struct error *error) {
  char at[CLOCK_ISO_BYTES];
  struct db_outcome outcome;
  clock_format_ms(now_ms, at);
  const char *report =
      is_skipped ? arena_printf(tick->arena,
                                "{\"tickAt\": \"%s\", \"skipped\": true, \"because\": \"job %llu of this "
                                "schedule has not ended\"}",
                                at, (unsigned long long)job_id)
                 : arena_printf(tick->arena, "{\"tickAt\": \"%s\", \"jobId\": %llu}", at,
                                (unsigned long long)job_id);
  if (report == NULL) return error_set_memory(error);
  struct job_write_tick_report_params params = {.id = tick->id, .report = report};
  return job_write_tick_report(db, &params, error, &outcome);
}

static bool fire(struct db *db, struct tick *tick, const struct job_schedule_row *row, struct error *error) {
  struct job_active_row active;
  struct db_outcome outcome = {.insert_id = 0};
  const char *key = arena_printf(tick->arena, "schedule-run:%llu", (unsigned long long)tick->id);
  if (key == NULL) return error_set_memory(error);
  struct job_active_params active_params = {.dedupe_key = key};
  bool is_active;
  if (!job_active(db, &active_params, tick->arena, error, &active, &is_active)) return false;
  if (is_active) return write_report(db, tick, row->now_at, active.id, true, error);
  struct job_insert_params insert = {.kind = row->kind,
                                     .params = row->params,
                                     .priority = row->priority,
                                     .run_at_is_null = true,
                                     .repeat_every_s_is_null = true,
                                     .dedupe_key = key,
                                     .max_attempts = row->max_attempts,
                                     .created_by = row->created_by,
                                     .schedule_id = tick->id};
  if (!job_insert(db, &insert, error, &outcome)) return false;
  return write_report(db, tick, row->now_at, outcome.insert_id, false, error);
}

static bool write_tick(struct db *db, void *context, struct error *error) {
  struct tick *tick = context;
  struct job_schedule_params params = {.id = tick->id};
  struct job_schedule_row row;
  struct error complaint = ERROR_INIT;
  struct db_outcome outcome;
  bool found;
  if (!job_schedule(db, &params, tick->arena, error, &row, &found)) return false;
  if (!found) return true;
  if (row.cancel_requested) return end_ready(db, tick->id, "cancelled", "It was cancelled.", error);
  struct job_row_check check = {.kind = row.kind,
                                .params = row.params,
                                .priority = row.priority,
                                .max_attempts = row.max_attempts,
                                .repeat_every_s = row.repeat_every_s,
                                .repeat_daily_s = row.repeat_daily_s,
                                .has_every = !row.repeat_every_s_is_null,
                                .has_daily = !row.repeat_daily_s_is_null};
  if (!job_kind_check(&check, tick->arena, &complaint, NULL, NULL))
    return end_ready(db, tick->id, "failed", job_kind_complaint(&complaint, tick->arena), error);
  if (!row.is_due) return true;
  struct job_tick_params move = {
      .id = tick->id, .run_at = row.run_at, .next_at = job_schedule_next(&check, row.run_at, row.now_at)};
  if (!job_tick(db, &move, error, &outcome)) return false;
  return outcome.affected == 0 || fire(db, tick, &row, error); /* 0: another was first */
}

/* When another's job of this schedule came between the look and the insert, the second try sees it. */
bool job_schedule_tick(struct job_crew *crew, uint64_t id, struct arena *arena, struct error *error) {
  struct tick tick = {.id = id, .arena = arena};
  if (job_write(crew->app.pool, NULL, write_tick, &tick, error)) return true;
  if (error->code != ERROR_CONFLICT) return false;
  error_clear(error);
  return job_write(crew->app.pool, NULL, write_tick, &tick, error);
}
