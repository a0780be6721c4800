#include "enroll/enroll_jobs.h"

#include "base/clock.h"
#include "enroll/analytics.h"
#include "enroll/remove.h"
#include "job/job_guard.h"
#include "schema/encode.h"

#include "base/banned.h"

#define REPORT_BYTES_MAX 1024
#define PATIENCE_MS 600000

struct course_params {
  uint64_t course_id;
};
static const struct field course_fields[] = {
    FIELD_UINT(struct course_params, "courseId", course_id, .flags = FIELD_REQUIRED, .minimum = 1,
               .maximum = INT64_MAX, .summary = "The course to delete."),
};
static const struct schema course_schema =
    SCHEMA("DeleteCourseParams", struct course_params, course_fields, .summary = "Which course.");

struct chapter_params {
  uint64_t chapter_id;
};
static const struct field chapter_fields[] = {
    FIELD_UINT(struct chapter_params, "chapterId", chapter_id, .flags = FIELD_REQUIRED, .minimum = 1,
               .maximum = INT64_MAX, .summary = "The chapter to delete."),
};
static const struct schema chapter_schema =
    SCHEMA("DeleteChapterParams", struct chapter_params, chapter_fields, .summary = "Which chapter.");

static bool tell(struct job *job, const struct remove_report *removed, struct error *error) {
  CLEANUP(buffer_free) struct buffer text = BUFFER_INIT(REPORT_BYTES_MAX);
  schema_encode_json(&remove_report_schema, removed, &text);
  job->report = text.failed ? NULL : arena_strdup(job->arena, buffer_text(&text));
  return job->report != NULL || error_set_memory(error);
}

/* By a claim that died before it could say so: then there is no report, and each learner's history has it. */
static bool is_removed(const struct job *job) { return job->cursor_at == REMOVE_DONE; }

static bool course_job(struct job *job, const void *params, struct error *error) {
  const struct course_params *wish = params;
  struct repair_guard guard = job_guard(job);
  struct remove_report removed;
  if (is_removed(job)) return true;
  return remove_course(job->app->ledger, wish->course_id, job->actor, &guard, job->arena, error, &removed) &&
         tell(job, &removed, error);
}

static bool chapter_job(struct job *job, const void *params, struct error *error) {
  const struct chapter_params *wish = params;
  struct repair_guard guard = job_guard(job);
  struct remove_report removed;
  if (is_removed(job)) return true;
  return remove_chapter(job->app->ledger, wish->chapter_id, job->actor, &guard, job->arena, error,
                        &removed) &&
         tell(job, &removed, error);
}

/* A connection of its own that waits: one statement goes through every enrollment, which takes longer than a
 * silent server is given otherwise. */
static bool connect_patiently(const struct job *job, struct error *error, struct db **ret_db) {
  struct database_config patient = job->app->config->database;
  if (patient.query_timeout_ms < PATIENCE_MS) patient.query_timeout_ms = PATIENCE_MS;
  for (size_t at = 0; at < patient.hosts.count; at++)
    if (db_connect(&patient, at, error, ret_db)) return true;
  return false;
}

static void close_connection(struct db **db) {
  if (*db != NULL) db_close(*db);
}

static bool analytics_job(struct job *job, const void *params, struct error *error) {
  CLEANUP(close_connection) struct db *db = NULL;
  struct repair_guard guard = job_guard(job);
  (void)params;
  return connect_patiently(job, error, &db) &&
         analytics_refresh(db, clock_now_ms(), &guard, job->arena, error);
}

static const struct job_kind rows[] = {
    {.name = "delete_course",
     .params = &course_schema,
     .work = course_job,
     .is_final = true,
     .unit = "learners",
     .summary = "Deletes a course: enrollments, requests and completed chapters of every learner first."},
    {.name = "delete_chapter",
     .params = &chapter_schema,
     .work = chapter_job,
     .is_final = true,
     .unit = "learners",
     .summary = "Deletes a chapter; nobody's progress falls for it."},
    {.name = "refresh_analytics",
     .work = analytics_job,
     .unit = "enrollments",
     .summary = "Counts anew what administrators see on their dashboard."},
};
const struct job_kind_table enroll_job_kinds = JOB_KIND_TABLE(rows);
