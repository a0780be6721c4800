#include "job/job_view.h"

#include <string.h>

#include "queries/job_view.h"
#include "schema/json.h"

#include "base/banned.h"

#define JSON_BYTES_MAX INT64_C(67108864)

const char *const job_state_names[] = {"ready", "running", "done", "failed", "dead", "cancelled", NULL};

#define JOB struct job_view

static const struct field view_fields[] = {
    FIELD_UINT(JOB, "id", id, .flags = FIELD_REQUIRED, .summary = "The job."),
    FIELD_TEXT(JOB, "kind", kind, .flags = FIELD_REQUIRED, .summary = "What it does."),
    FIELD_JSON(JOB, "params", params, .maximum = JSON_BYTES_MAX, .summary = "Its parameters."),
    FIELD_ENUM(JOB, "state", state, .flags = FIELD_REQUIRED, .names = job_state_names,
               .summary = "Where it stands."),
    FIELD_INT(JOB, "priority", priority, .flags = FIELD_REQUIRED, .summary = "0 first to 9 last."),
    FIELD_TIME(JOB, "runAt", run_at_ms, .flags = FIELD_REQUIRED, .summary = "When it is due."),
    FIELD_INT(JOB, "repeatEveryS", repeat_every_s, .presence = PRESENCE(JOB, every_given),
              .summary = "A schedule: brings about a job every so many seconds."),
    FIELD_TEXT(JOB, "repeatDailyAt", repeat_daily_at, .summary = "A schedule: every day at this time, UTC."),
    FIELD_TEXT(JOB, "dedupeKey", dedupe_key, .summary = "Of the jobs with it one is ready or running."),
    FIELD_INT(JOB, "attempts", attempts, .flags = FIELD_REQUIRED, .summary = "Tries since it last got on."),
    FIELD_INT(JOB, "maxAttempts", max_attempts, .flags = FIELD_REQUIRED, .summary = "Tries that it has."),
    FIELD_BOOL(JOB, "cancelRequested", cancel_requested, .flags = FIELD_REQUIRED,
               .summary = "Somebody asked for its end."),
    FIELD_UINT(JOB, "doneUnits", done_units, .flags = FIELD_REQUIRED, .summary = "How much is done."),
    FIELD_UINT(JOB, "totalUnits", total_units, .presence = PRESENCE(JOB, total_given),
               .summary = "How much there is to do, once known."),
    FIELD_TIME(JOB, "doneExpectedAt", done_expected_ms, .presence = PRESENCE(JOB, expected_given),
               .summary = "While it runs: when it will be done, by its pace so far."),
    FIELD_JSON(JOB, "report", report, .maximum = JSON_BYTES_MAX, .summary = "What it tells of itself."),
    FIELD_TEXT(JOB, "error", error, .summary = "What went wrong, last."),
    FIELD_TEXT(JOB, "createdBy", created_by, .summary = "Who asked for it."),
    FIELD_TIME(JOB, "createdAt", created_at_ms, .flags = FIELD_REQUIRED, .summary = "When it was inserted."),
    FIELD_TIME(JOB, "startedAt", started_at_ms, .presence = PRESENCE(JOB, started_given),
               .summary = "When it was first begun."),
    FIELD_TIME(JOB, "finishedAt", finished_at_ms, .presence = PRESENCE(JOB, finished_given),
               .summary = "When it ended."),
    FIELD_UINT(JOB, "scheduleId", schedule_id, .presence = PRESENCE(JOB, schedule_given),
               .summary = "The schedule that brought it about."),
    FIELD_UINT(JOB, "parentId", parent_id, .presence = PRESENCE(JOB, parent_given),
               .summary = "The job whose range this is."),
    FIELD_UINT(JOB, "subjectId", subject_id, .presence = PRESENCE(JOB, subject_given),
               .summary = "The repair run or pass that it works on."),
    FIELD_UINT(JOB, "rangeFrom", range_from, .presence = PRESENCE(JOB, range_given),
               .summary = "A range: its first user id."),
    FIELD_UINT(JOB, "rangeTo", range_to, .presence = PRESENCE(JOB, range_given),
               .summary = "A range: its last user id."),
};
const struct schema job_view_schema = SCHEMA("Job", JOB, view_fields, .summary = "A job.");

#define RANGES struct job_ranges
static const struct field ranges_fields[] = {
    FIELD_INT(RANGES, "ready", ready, .flags = FIELD_REQUIRED, .summary = "Waiting."),
    FIELD_INT(RANGES, "running", running, .flags = FIELD_REQUIRED, .summary = "Being worked on."),
    FIELD_INT(RANGES, "done", done, .flags = FIELD_REQUIRED, .summary = "Done."),
    FIELD_INT(RANGES, "failed", failed, .flags = FIELD_REQUIRED, .summary = "Failed."),
    FIELD_INT(RANGES, "dead", dead, .flags = FIELD_REQUIRED, .summary = "Given up."),
    FIELD_INT(RANGES, "cancelled", cancelled, .flags = FIELD_REQUIRED, .summary = "Cancelled."),
};
const struct schema job_ranges_schema =
    SCHEMA("JobRanges", RANGES, ranges_fields, .summary = "Ranges of a job, by their state.");

static enum presence given(bool is_null) { return is_null ? PRESENCE_ABSENT : PRESENCE_GIVEN; }

/* Administrators may have written anything there. */
static const char *json_or_null(const char *text) {
  struct error ignored = ERROR_INIT;
  return text != NULL && json_check(text, strlen(text), &ignored) ? text : NULL;
}

static int state_of(const char *name) {
  int state = 0;
  while (job_state_names[state] != NULL && strcmp(job_state_names[state], name) != 0)
    state++;
  return job_state_names[state] == NULL ? JOB_FAILED : state;
}

static struct job_view view_of(const struct job_view_one_row *row) {
  return (struct job_view){.id = row->id,
                           .kind = row->kind,
                           .params = json_or_null(row->params),
                           .state = state_of(row->state),
                           .priority = row->priority,
                           .run_at_ms = row->run_at,
                           .repeat_every_s = row->repeat_every_s,
                           .every_given = given(row->repeat_every_s_is_null),
                           .repeat_daily_at = row->repeat_daily_at,
                           .dedupe_key = row->dedupe_key,
                           .attempts = row->attempts,
                           .max_attempts = row->max_attempts,
                           .cancel_requested = row->cancel_requested,
                           .done_units = row->done_units,
                           .total_units = row->total_units,
                           .total_given = given(row->total_units_is_null),
                           .done_expected_ms = row->done_expected_at,
                           .expected_given = given(row->done_expected_at_is_null),
                           .report = json_or_null(row->report),
                           .error = row->error,
                           .created_by = row->created_by,
                           .created_at_ms = row->created_at,
                           .started_at_ms = row->started_at,
                           .started_given = given(row->started_at_is_null),
                           .finished_at_ms = row->finished_at,
                           .finished_given = given(row->finished_at_is_null),
                           .schedule_id = row->schedule_id,
                           .schedule_given = given(row->schedule_id_is_null),
                           .parent_id = row->parent_id,
                           .parent_given = given(row->parent_id_is_null),
                           .subject_id = row->subject_id,
                           .subject_given = given(row->subject_id_is_null),
                           .range_from = row->range_from,
                           .range_to = row->range_to,
                           .range_given = given(row->range_from_is_null)};
}

bool job_view_list(struct db *db, const struct job_view_filter *filter, struct arena *arena,
                   struct error *error, struct job_view **ret_jobs, size_t *ret_count) {
  struct job_view_page_params params = {.state = filter->state,
                                        .kind = filter->kind,
                                        .parent_id = filter->parent_id,
                                        .before_id = filter->before_id == 0 ? INT64_MAX : filter->before_id,
                                        .count = filter->limit};
  struct job_view_page_row *rows;
  size_t count;
  if (!job_view_page(db, &params, arena, JOB_VIEW_PAGE_MAX, error, &rows, &count)) return false;
  struct job_view *jobs = arena_alloc_array(arena, count + 1, sizeof *jobs);
  if (jobs == NULL) return error_set_memory(error);
  /* The two statements have the same columns, and so the same row. */
  _Static_assert(sizeof(struct job_view_page_row) == sizeof(struct job_view_one_row), "one row");
  for (size_t at = 0; at < count; at++) {
    struct job_view_one_row row;
    memcpy(&row, &rows[at], sizeof row);
    jobs[at] = view_of(&row);
  }
  *ret_jobs = jobs;
  *ret_count = count;
  return true;
}

static bool read_row(struct db *db, uint64_t id, struct arena *arena, struct error *error,
                     struct job_view_one_row *ret_row) {
  struct job_view_one_params params = {.id = id};
  bool found;
  if (!job_view_one(db, &params, arena, error, ret_row, &found)) return false;
  return found || error_set(error, ERROR_NOT_FOUND, "There is no job %llu.", (unsigned long long)id);
}

bool job_view_read(struct db *db, uint64_t id, struct arena *arena, struct error *error,
                   struct job_view *ret_job) {
  struct job_view_one_row row;
  if (!read_row(db, id, arena, error, &row)) return false;
  *ret_job = view_of(&row);
  return true;
}

bool job_view_read_ranges(struct db *db, uint64_t id, struct arena *arena, struct error *error,
                          struct job_ranges *ret_ranges) {
  struct job_view_ranges_params params = {.parent_id = id};
  struct job_view_ranges_row *rows;
  size_t count;
  struct job_ranges ranges = {0};
  int64_t *const counts[] = {&ranges.ready,  &ranges.running, &ranges.done,
                             &ranges.failed, &ranges.dead,    &ranges.cancelled};
  if (!job_view_ranges(db, &params, arena, ARRAY_LENGTH(counts), error, &rows, &count)) return false;
  for (size_t at = 0; at < count; at++)
    *counts[state_of(rows[at].state)] = rows[at].jobs;
  *ret_ranges = ranges;
  return true;
}

bool job_view_ask_to_cancel(struct db *db, uint64_t id, struct arena *arena, struct error *error) {
  struct job_view_one_row row;
  struct job_view_cancel_params params = {.id = id};
  struct db_outcome outcome;
  return read_row(db, id, arena, error, &row) && job_view_cancel(db, &params, error, &outcome);
}

bool job_view_retry(struct db *db, uint64_t id, const char *created_by, struct arena *arena,
                    struct error *error, uint64_t *ret_id) {
  struct job_view_one_row row;
  if (!read_row(db, id, arena, error, &row)) return false;
  int state = state_of(row.state);
  if (!row.parent_id_is_null)
    return error_set(error, ERROR_UNPROCESSABLE, "Job %llu is a range: retry job %llu, which it belongs to.",
                     (unsigned long long)id, (unsigned long long)row.parent_id);
  if (state == JOB_READY || state == JOB_RUNNING || state == JOB_DONE)
    return error_set(error, ERROR_CONFLICT, "Job %llu is %s: there is nothing to retry.",
                     (unsigned long long)id, row.state);
  struct job_order order = {.kind = row.kind,
                            .params = row.params,
                            .priority = row.priority,
                            .repeat_every_s = row.repeat_every_s_is_null ? 0 : row.repeat_every_s,
                            .repeat_daily_at = row.repeat_daily_at,
                            .dedupe_key = row.dedupe_key,
                            .max_attempts = row.max_attempts,
                            .created_by = created_by};
  return job_enqueue(db, &order, arena, error, ret_id);
}
