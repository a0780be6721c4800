/* A student's own courses, requests and progress. */
#include "enroll/enroll_api.h"

#include "enroll/access.h"
#include "enroll/catalogue.h"
#include "enroll/connection.h"
#include "enroll/enroll_entry.h"
#include "enroll/operation.h"

#include "base/banned.h"

/* --- Bodies ---------------------------------------------------------------------------------------- */

static const struct field ask_fields[] = {
    FIELD_UINT(struct access_ask, "courseId", course_id, .flags = FIELD_REQUIRED, .minimum = 1,
               .maximum = INT64_MAX, .summary = "The course."),
    FIELD_TEXT(struct access_ask, "reason", reason, .flags = FIELD_NULLABLE,
               .maximum = ACCESS_REASON_CHARACTERS, .summary = "Why the student wants access."),
};
static const struct schema ask_schema =
    SCHEMA("AccessAsk", struct access_ask, ask_fields, .summary = "A request for access to a course.");

static const struct field join_fields[] = {
    FIELD_UINT(struct operation_input, "courseId", course_id, .flags = FIELD_REQUIRED, .minimum = 1,
               .maximum = INT64_MAX, .summary = "The course."),
};
static const struct schema join_schema =
    SCHEMA("CourseJoin", struct operation_input, join_fields, .summary = "A course to enrol in.");

static const struct field chapter_fields[] = {
    FIELD_UINT(struct operation_input, "chapterId", chapter_id, .flags = FIELD_REQUIRED, .minimum = 1,
               .maximum = INT64_MAX, .summary = "The chapter that the student has finished."),
};
static const struct schema chapter_schema =
    SCHEMA("ChapterComplete", struct operation_input, chapter_fields, .summary = "A finished chapter.");

/* --- Reads ----------------------------------------------------------------------------------------- */

/* Default courses, approvals and left-over requests are put right before they are read. */
static bool prepare_healed(struct request *request, struct error *error) {
  return enroll_entry_heal(request, request->principal.user_id, error);
}

static bool handle_courses(struct request *request, const void *query, const void *body, void *reply,
                           struct error *error) {
  (void)body;
  return catalogue_read_courses(request->snapshot, query, request->principal.user_id, request->arena, error,
                                reply);
}

static bool handle_enrolled(struct request *request, const void *query, const void *body, void *reply,
                            struct error *error) {
  (void)body;
  return catalogue_read_enrolled(request->snapshot, query, request->principal.user_id, request->arena, error,
                                 reply);
}

static bool handle_details(struct request *request, const void *query, const void *body, void *reply,
                           struct error *error) {
  (void)body;
  return catalogue_read_details(request->snapshot, query, request->principal.user_id, request->arena, error,
                                reply);
}

static bool handle_stats(struct request *request, const void *query, const void *body, void *reply,
                         struct error *error) {
  (void)query;
  (void)body;
  return catalogue_read_stats(request->snapshot, request->principal.user_id, request->today, request->arena,
                              error, reply);
}

static bool handle_requests(struct request *request, const void *query, const void *body, void *reply,
                            struct error *error) {
  (void)query;
  (void)body;
  return catalogue_read_requests(request->snapshot, request->principal.user_id, request->arena, error, reply);
}

static bool handle_connection(struct request *request, const void *query, const void *body, void *reply,
                              struct error *error) {
  (void)body;
  return connection_read(request->snapshot, query, request->principal.user_id, request->now_ms,
                         request->arena, error, reply);
}

/* --- Writes ---------------------------------------------------------------------------------------- */

static bool handle_ask(struct request *request, const void *query, const void *body, void *reply,
                       struct error *error) {
  struct access_ask input = *(const struct access_ask *)body;
  struct ledger_entry entry;
  (void)query;
  if (!entry_begin(request, &access_ask_kind, NULL, &ask_schema, body, error, &entry)) return false;
  entry.input = &input;
  entry.reply_schema = &access_reply_schema;
  entry.reply = reply;
  return enroll_entry_run(request, &access_ask_kind, &entry, error);
}

static bool handle_withdraw(struct request *request, const void *query, const void *body, void *reply,
                            struct error *error) {
  struct access_withdraw input;
  struct ledger_entry entry = {.user_id = request->principal.user_id,
                               .actor = request->principal.actor,
                               .arena = request->arena,
                               .reply_schema = &access_reply_schema,
                               .reply = reply};
  (void)query;
  (void)body;
  if (!request_path_id(request, 0, error, &input.request_id)) return false;
  entry.input = &input;
  return enroll_entry_run(request, &access_withdraw_kind, &entry, error);
}

static bool run_operation(struct request *request, const struct ledger_kind *kind,
                          const struct schema *schema, const void *body, void *reply, struct error *error) {
  struct operation_input input = *(const struct operation_input *)body;
  struct ledger_entry entry;
  if (!entry_begin(request, kind, NULL, schema, body, error, &entry)) return false;
  entry.input = &input;
  entry.reply_schema = &operation_reply_schema;
  entry.reply = reply;
  return enroll_entry_run(request, kind, &entry, error);
}

static bool handle_join(struct request *request, const void *query, const void *body, void *reply,
                        struct error *error) {
  (void)query;
  return run_operation(request, &operation_join_kind, &join_schema, body, reply, error);
}

static bool handle_chapter(struct request *request, const void *query, const void *body, void *reply,
                           struct error *error) {
  (void)query;
  return run_operation(request, &operation_complete_kind, &chapter_schema, body, reply, error);
}

#define STUDENT_READ \
  .method = "GET", .role = ROLE_STUDENT, .flags = ENDPOINT_FRESH, .prepare = prepare_healed, .tag = "Courses"
#define STUDENT_WRITE \
  .method = "POST", .role = ROLE_STUDENT, .tag = "Courses", \
  .flags = ENDPOINT_NEEDS_LEARNER | ENDPOINT_IDEMPOTENT_KEY | ENDPOINT_WRITES_REPLY

static const struct endpoint rows[] = {
    {STUDENT_READ, .path = "/api/student/courses", .query = &catalogue_query_schema,
     .reply = &catalogue_courses_schema, .handle = handle_courses,
     .summary = "Every open course, as it stands for the student"},
    {STUDENT_READ, .path = "/api/student/enrolled-courses", .query = &catalogue_query_schema,
     .reply = &catalogue_enrolled_schema, .handle = handle_enrolled,
     .summary = "The courses that the student is enrolled in, with progress"},
    {STUDENT_READ, .path = "/api/student/progress-details", .query = &catalogue_query_schema,
     .reply = &catalogue_details_schema, .handle = handle_details, .summary = "The same, chapter by chapter"},
    {STUDENT_READ, .path = "/api/student/stats", .reply = &catalogue_stats_schema, .handle = handle_stats,
     .summary = "The student's figures"},
    {STUDENT_READ, .path = "/api/student/requests", .reply = &catalogue_requests_schema,
     .handle = handle_requests, .summary = "The student's requests for access, pending and decided"},
    {STUDENT_READ, .path = "/api/sync/connection", .query = &connection_query_schema,
     .reply = &connection_reply_schema, .handle = handle_connection,
     .summary = "For clients that poll: revision, counts, and what was done since"},
    {STUDENT_WRITE, .path = "/api/student/requests", .success_status = 201, .body = &ask_schema,
     .reply = &access_reply_schema, .handle = handle_ask, .summary = "Ask for access to a course"},
    {.method = "DELETE",
     .path = "/api/student/requests/{id}",
     .role = ROLE_STUDENT,
     .flags = ENDPOINT_NEEDS_LEARNER | ENDPOINT_WRITES_REPLY,
     .reply = &access_reply_schema,
     .handle = handle_withdraw,
     .tag = "Courses",
     .summary = "Take a pending request back"},
    {STUDENT_WRITE, .path = "/api/student/enroll", .body = &join_schema, .reply = &operation_reply_schema,
     .handle = handle_join, .summary = "Enrol in a public course that is free"},
    {STUDENT_WRITE, .path = "/api/student/chapters/complete", .body = &chapter_schema,
     .reply = &operation_reply_schema, .handle = handle_chapter,
     .summary = "Complete a chapter; both progress values move with it"},
};
const struct endpoint_table enroll_endpoints = ENDPOINT_TABLE(rows);
