/* Administrators: enrolling others, deciding about requests, reading students. */
#include <inttypes.h>

#include "enroll/access.h"
#include "enroll/enroll_api.h"
#include "enroll/enroll_entry.h"
#include "enroll/operation.h"
#include "enroll/students.h"
#include "http/problem.h"
#include "queries/course.h"

#include "base/banned.h"

#define BULK_REQUESTS_MAX 200

/* --- Enrolling and unenrolling --------------------------------------------------------------------- */

struct pair_body {
  uint64_t user_id;
  uint64_t course_id;
};

static const struct field pair_fields[] = {
    FIELD_UINT(struct pair_body, "userId", user_id, .flags = FIELD_REQUIRED | FIELD_USER, .minimum = 1,
               .maximum = INT64_MAX, .summary = "The student."),
    FIELD_UINT(struct pair_body, "courseId", course_id, .flags = FIELD_REQUIRED, .minimum = 1,
               .maximum = INT64_MAX, .summary = "The course."),
};
static const struct schema pair_schema =
    SCHEMA("EnrollmentPair", struct pair_body, pair_fields, .summary = "A student and a course.");

static bool run_pair(struct request *request, const struct ledger_kind *kind, const void *body_struct,
                     void *reply, struct error *error) {
  const struct pair_body *body = body_struct;
  struct operation_input input = {.course_id = body->course_id};
  struct ledger_entry entry;
  if (!enroll_entry_for(request, kind, body->user_id, 0, &pair_schema, body, error, &entry)) return false;
  entry.input = &input;
  entry.reply_schema = &operation_reply_schema;
  entry.reply = reply;
  return enroll_entry_run(request, kind, &entry, error);
}

static bool handle_enrol(struct request *request, const void *query, const void *body, void *reply,
                         struct error *error) {
  (void)query;
  return run_pair(request, &operation_enrol_kind, body, reply, error);
}

static bool handle_unenrol(struct request *request, const void *query, const void *body, void *reply,
                           struct error *error) {
  (void)query;
  return run_pair(request, &operation_unenrol_kind, body, reply, error);
}

/* --- Pending requests ------------------------------------------------------------------------------ */

struct pending_row {
  uint64_t id;
  uint64_t student_id;
  const char *username;
  const char *display_name;
  uint64_t course_id;
  const char *title;
  const char *reason;
  int64_t requested_at_ms;
};
struct pending_page {
  struct field_list requests;
  uint64_t next_after;
  enum presence next_after_given;
};

static const struct field pending_fields[] = {
    FIELD_UINT(struct pending_row, "id", id, .flags = FIELD_REQUIRED, .summary = "The request."),
    FIELD_UINT(struct pending_row, "studentId", student_id, .flags = FIELD_REQUIRED, .summary = "Who asks."),
    FIELD_TEXT(struct pending_row, "username", username, .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .summary = "The student's name to sign in with."),
    FIELD_TEXT(struct pending_row, "displayName", display_name, .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .summary = "The student's name that others see."),
    FIELD_UINT(struct pending_row, "courseId", course_id, .flags = FIELD_REQUIRED, .summary = "The course."),
    FIELD_TEXT(struct pending_row, "courseTitle", title, .flags = FIELD_REQUIRED,
               .summary = "The course's title."),
    FIELD_TEXT(struct pending_row, "reason", reason, .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .summary = "Why the student wants access."),
    FIELD_TIME(struct pending_row, "requestedAt", requested_at_ms, .flags = FIELD_REQUIRED,
               .summary = "When it was asked."),
};
static const struct schema pending_schema =
    SCHEMA("PendingRequest", struct pending_row, pending_fields, .summary = "A request to be decided.");
static const struct field pending_page_fields[] = {
    FIELD_LIST(struct pending_page, "requests", requests, .object = &pending_schema, .flags = FIELD_REQUIRED,
               .maximum = STUDENTS_PAGE_MAX, .summary = "Oldest first."),
    FIELD_UINT(struct pending_page, "nextAfter", next_after, .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .presence = PRESENCE(struct pending_page, next_after_given),
               .summary = "Where the next page goes on; null at the end."),
};
static const struct schema pending_page_schema =
    SCHEMA("PendingRequests", struct pending_page, pending_page_fields, .summary = "A page of requests.");

static bool read_pending(struct request *request, const struct students_query *query, struct error *error,
                         struct course_requests_pending_row **ret_rows, size_t *ret_count) {
  CLEANUP(request_lease_end) struct request_lease lease = {.request = request};
  struct course_requests_pending_params params = {.after_id = query->after, .limit_rows = query->limit + 1};
  return request_borrow(request, error, &lease) &&
         course_requests_pending(lease.db, &params, request->arena, (size_t)query->limit + 1, error, ret_rows,
                                 ret_count);
}

/* What is pending although the student is enrolled, or the student or course is gone, is cleared by the rules
 * that say so, and not shown. */
static bool heal_rows(struct request *request, const struct course_requests_pending_row *rows, size_t count,
                      struct error *error) {
  for (size_t at = 0; at < count; at++)
    if (!rows[at].is_due && !enroll_entry_heal(request, rows[at].student_id, error)) return false;
  return true;
}

static bool handle_pending(struct request *request, const void *query_struct, const void *body,
                           void *reply_struct, struct error *error) {
  const struct students_query *query = query_struct;
  struct pending_page *reply = reply_struct;
  struct course_requests_pending_row *rows;
  size_t count;
  size_t kept = 0;
  (void)body;
  if (!read_pending(request, query, error, &rows, &count)) return false;
  reply->next_after_given = count > query->limit ? PRESENCE_GIVEN : PRESENCE_NULL;
  if (count > query->limit) count = (size_t)query->limit;
  if (count > 0) reply->next_after = rows[count - 1].request_id;
  if (!heal_rows(request, rows, count, error)) return false;
  struct pending_row *items = arena_alloc_array(request->arena, count, sizeof *items);
  if (items == NULL) return error_set_memory(error);
  for (size_t at = 0; at < count; at++)
    if (rows[at].is_due)
      items[kept++] = (struct pending_row){.id = rows[at].request_id,
                                           .student_id = rows[at].student_id,
                                           .username = rows[at].username,
                                           .display_name = rows[at].display_name,
                                           .course_id = rows[at].course_id,
                                           .title = rows[at].title,
                                           .reason = rows[at].reason,
                                           .requested_at_ms = rows[at].requested_at};
  reply->requests = (struct field_list){.items = items, .count = kept};
  return true;
}

/* --- Deciding -------------------------------------------------------------------------------------- */

struct decide_body {
  int action;
  const char *reason;
  struct field_list request_ids; /* bulk only */
};

#define DECIDE_FIELDS \
  FIELD_ENUM(struct decide_body, "action", action, .names = access_action_names, .flags = FIELD_REQUIRED, \
             .summary = "What is decided."), \
      FIELD_TEXT(struct decide_body, "reason", reason, .flags = FIELD_NULLABLE, \
                 .maximum = ACCESS_REASON_CHARACTERS, .summary = "Why, for the student to read.")
static const struct field decide_fields[] = {DECIDE_FIELDS};
static const struct schema decide_schema =
    SCHEMA("AccessDecision", struct decide_body, decide_fields, .summary = "A decision about a request.");

static const struct field bulk_fields[] = {
    DECIDE_FIELDS,
    FIELD_LIST(struct decide_body, "requestIds", request_ids, .item_kind = FIELD_KIND_UINT,
               .flags = FIELD_REQUIRED, .minimum = 1, .maximum = BULK_REQUESTS_MAX,
               .summary = "The requests."),
};
static const struct schema bulk_schema = SCHEMA("AccessDecisions", struct decide_body, bulk_fields,
                                                .summary = "One decision about many requests.");

static bool find_student(struct request *request, uint64_t request_id, struct error *error,
                         uint64_t *ret_student_id) {
  CLEANUP(request_lease_end) struct request_lease lease = {.request = request};
  return request_borrow(request, error, &lease) &&
         access_student(lease.db, request_id, request->arena, error, ret_student_id);
}

static bool prepare_decision(struct request *request, const struct decide_body *body,
                             const struct schema *schema, struct access_decide *input, void *reply,
                             struct error *error, struct ledger_entry *ret_entry) {
  uint64_t student_id;
  if (!find_student(request, input->request_id, error, &student_id) ||
      !enroll_entry_for(request, &access_decide_kind, student_id, input->request_id, schema, body, error,
                        ret_entry))
    return false;
  ret_entry->input = input;
  ret_entry->reply_schema = &access_reply_schema;
  ret_entry->reply = reply;
  return true;
}

static bool handle_decide(struct request *request, const void *query, const void *body_struct, void *reply,
                          struct error *error) {
  const struct decide_body *body = body_struct;
  struct access_decide input = {.action = (enum access_action)body->action, .note = body->reason};
  struct ledger_entry entry;
  (void)query;
  return request_path_id(request, 0, error, &input.request_id) &&
         prepare_decision(request, body, &decide_schema, &input, reply, error, &entry) &&
         enroll_entry_run(request, &access_decide_kind, &entry, error);
}

struct bulk_result {
  uint64_t id;
  bool success;
  uint64_t status;
  const char *message;
};
struct bulk_reply {
  bool success;
  const char *message;
  uint64_t processed;
  uint64_t failed;
  struct field_list results;
};

static const struct field bulk_result_fields[] = {
    FIELD_UINT(struct bulk_result, "id", id, .flags = FIELD_REQUIRED, .summary = "The request."),
    FIELD_BOOL(struct bulk_result, "success", success, .flags = FIELD_REQUIRED,
               .summary = "Whether it was decided now."),
    FIELD_UINT(struct bulk_result, "status", status, .flags = FIELD_REQUIRED,
               .summary = "What PATCH would have answered for it alone."),
    FIELD_TEXT(struct bulk_result, "message", message, .flags = FIELD_REQUIRED,
               .summary = "What was done, or why not."),
};
static const struct schema bulk_result_schema =
    SCHEMA("AccessDecisionResult", struct bulk_result, bulk_result_fields, .summary = "What became of one.");
static const struct field bulk_reply_fields[] = {
    FIELD_BOOL(struct bulk_reply, "success", success, .flags = FIELD_REQUIRED,
               .summary = "Whether all were decided."),
    FIELD_TEXT(struct bulk_reply, "message", message, .flags = FIELD_REQUIRED, .summary = "In a sentence."),
    FIELD_UINT(struct bulk_reply, "processed", processed, .flags = FIELD_REQUIRED,
               .summary = "How many were decided."),
    FIELD_UINT(struct bulk_reply, "failed", failed, .flags = FIELD_REQUIRED, .summary = "How many were not."),
    FIELD_LIST(struct bulk_reply, "results", results, .object = &bulk_result_schema, .flags = FIELD_REQUIRED,
               .maximum = BULK_REQUESTS_MAX, .summary = "One a request, in the order given."),
};
static const struct schema bulk_reply_schema =
    SCHEMA("AccessDecisionsDone", struct bulk_reply, bulk_reply_fields, .summary = "What became of them.");

/* One bad request harms no other: each is a learner transaction of its own. False only where nothing more
 * can be done at all. */
static bool decide_of_many(struct request *request, const struct decide_body *body, uint64_t request_id,
                           struct error *error, struct bulk_result *ret_result) {
  struct access_decide input = {
      .request_id = request_id, .action = (enum access_action)body->action, .note = body->reason};
  struct access_reply reply;
  struct ledger_entry entry;
  struct error own = ERROR_INIT;
  bool done = prepare_decision(request, body, &bulk_schema, &input, &reply, &own, &entry) &&
              enroll_entry_part(request, request_id, &own, &entry);
  done = done && enroll_entry_do(request, &access_decide_kind, &entry, &own);
  if (!done && own.code != ERROR_NOT_FOUND && own.code != ERROR_CONFLICT && own.code != ERROR_UNPROCESSABLE) {
    *error = own;
    return false;
  }
  const char *said = body->action == ACCESS_APPROVE ? "Approved." : "Rejected.";
  const char *message = arena_strdup(request->arena, done ? said : own.message);
  if (message == NULL) return error_set_memory(error);
  *ret_result = (struct bulk_result){.id = request_id,
                                     .success = done,
                                     .status = done ? 200 : (uint64_t)problem_status(own.code),
                                     .message = message};
  return true;
}

static bool handle_bulk(struct request *request, const void *query, const void *body_struct,
                        void *reply_struct, struct error *error) {
  const struct decide_body *body = body_struct;
  struct bulk_reply *reply = reply_struct;
  const uint64_t *ids = body->request_ids.items;
  struct bulk_result *results = arena_alloc_array(request->arena, body->request_ids.count, sizeof *results);
  (void)query;
  if (results == NULL) return error_set_memory(error);
  for (size_t at = 0; at < body->request_ids.count; at++) {
    if (!decide_of_many(request, body, ids[at], error, &results[at])) return false;
    if (results[at].success)
      reply->processed++;
    else
      reply->failed++;
  }
  reply->success = reply->failed == 0;
  reply->message = reply->success ? "All requests were decided." : "Some requests could not be decided.";
  reply->results = (struct field_list){.items = results, .count = body->request_ids.count};
  return true;
}

/* --- Students -------------------------------------------------------------------------------------- */

static bool handle_students(struct request *request, const void *query, const void *body, void *reply,
                            struct error *error) {
  CLEANUP(request_lease_end) struct request_lease lease = {.request = request};
  (void)body;
  return request_borrow(request, error, &lease) &&
         students_read_page(lease.db, query, request->arena, error, reply);
}

static bool read_one(struct request *request, bool only_enrollments, void *reply, struct error *error) {
  CLEANUP(request_lease_end) struct request_lease lease = {.request = request};
  uint64_t user_id;
  return request_path_id(request, 0, error, &user_id) && request_borrow(request, error, &lease) &&
         db_begin_snapshot(lease.db, error) &&
         students_read_one(lease.db, user_id, only_enrollments, request->arena, error, reply);
}

static bool handle_student(struct request *request, const void *query, const void *body, void *reply,
                           struct error *error) {
  (void)query;
  (void)body;
  return read_one(request, true, reply, error);
}

static bool handle_state(struct request *request, const void *query, const void *body, void *reply,
                         struct error *error) {
  (void)query;
  (void)body;
  return read_one(request, false, reply, error);
}

#define ADMIN_ENROLL .role = ROLE_ADMIN, .tag = "Enrollment"

static const struct endpoint rows[] = {
    {ADMIN_ENROLL, .method = "POST", .path = "/api/enrollment",
     .flags = ENDPOINT_IDEMPOTENT_KEY | ENDPOINT_WRITES_REPLY, .body = &pair_schema,
     .reply = &operation_reply_schema, .handle = handle_enrol, .summary = "Enrol a student"},
    {ADMIN_ENROLL, .method = "DELETE", .path = "/api/enrollment",
     .flags = ENDPOINT_IDEMPOTENT_KEY | ENDPOINT_WRITES_REPLY, .body = &pair_schema,
     .reply = &operation_reply_schema, .handle = handle_unenrol,
     .summary = "Unenrol a student; the enrollment stays as cancelled"},
    {ADMIN_ENROLL, .method = "GET", .path = "/api/requests", .query = &students_query_schema,
     .reply = &pending_page_schema, .handle = handle_pending,
     .summary = "Pending requests, with student and course"},
    {ADMIN_ENROLL, .method = "PATCH", .path = "/api/admin/requests/{id}",
     .flags = ENDPOINT_IDEMPOTENT_KEY | ENDPOINT_WRITES_REPLY, .body = &decide_schema,
     .reply = &access_reply_schema, .handle = handle_decide,
     .summary = "Approve or deny a request; approving enrols"},
    {ADMIN_ENROLL, .method = "POST", .path = "/api/admin/requests/bulk", .flags = ENDPOINT_IDEMPOTENT_KEY,
     .body = &bulk_schema, .reply = &bulk_reply_schema, .handle = handle_bulk,
     .summary = "Approve or deny many requests, each by itself"},
    {ADMIN_ENROLL, .method = "GET", .path = "/api/students", .query = &students_search_schema,
     .reply = &students_page_schema, .handle = handle_students,
     .summary = "Students with their counts, all or those sought, page by page"},
    {ADMIN_ENROLL, .method = "GET", .path = "/api/students/{id}", .reply = &students_one_schema,
     .handle = handle_student, .summary = "A student with enrollments and progress"},
    {ADMIN_ENROLL, .method = "GET", .path = "/api/students/{id}/state", .reply = &students_state_schema,
     .handle = handle_state, .summary = "A student's whole state of enrollment, table by table"},
};
const struct endpoint_table enroll_admin_endpoints = ENDPOINT_TABLE(rows);
