/* Courses and chapters, for administrators. Deleting is a job: it touches every learner of the course. */
#include <inttypes.h>

#include "enroll/enroll_api.h"
#include "enroll/enroll_entry.h"
#include "enroll/manage.h"
#include "job/job_accept.h"

#include "base/banned.h"

static bool handle_list(struct request *request, const void *query, const void *body, void *reply,
                        struct error *error) {
  CLEANUP(request_lease_end) struct request_lease lease = {.request = request};
  (void)body;
  return request_borrow(request, error, &lease) &&
         manage_read_page(lease.db, query, request->arena, error, reply);
}

static bool read_course(struct request *request, uint64_t course_id, void *reply, struct error *error) {
  CLEANUP(request_lease_end) struct request_lease lease = {.request = request};
  return request_borrow(request, error, &lease) &&
         manage_read(lease.db, course_id, request->arena, error, reply);
}

static bool handle_read(struct request *request, const void *query, const void *body, void *reply,
                        struct error *error) {
  uint64_t course_id;
  (void)query;
  (void)body;
  return request_path_id(request, 0, error, &course_id) && read_course(request, course_id, reply, error);
}

static bool handle_create(struct request *request, const void *query, const void *body, void *reply,
                          struct error *error) {
  struct manage_create_input input = {.course = body};
  struct ledger_entry entry;
  (void)query;
  if (!entry_begin(request, &manage_create_kind, NULL, &manage_create_schema, body, error, &entry))
    return false;
  entry.input = &input;
  entry.reply_schema = &manage_course_schema;
  entry.reply = reply;
  return enroll_entry_run(request, &manage_create_kind, &entry, error);
}

static bool handle_change(struct request *request, const void *query, const void *body, void *reply,
                          struct error *error) {
  uint64_t course_id;
  (void)query;
  return request_path_id(request, 0, error, &course_id) &&
         manage_change(request->app->pool, course_id, body, request->arena, error) &&
         read_course(request, course_id, reply, error);
}

static bool handle_chapters(struct request *request, const void *query_struct, const void *body, void *reply,
                            struct error *error) {
  CLEANUP(request_lease_end) struct request_lease lease = {.request = request};
  const struct manage_chapters_query *query = query_struct;
  (void)body;
  return request_borrow(request, error, &lease) &&
         manage_read_chapters(lease.db, query->course_id, request->arena, error, reply);
}

static bool handle_create_chapter(struct request *request, const void *query, const void *body, void *reply,
                                  struct error *error) {
  struct manage_chapter_input input = {.chapter = body};
  struct ledger_entry entry;
  (void)query;
  if (!entry_begin(request, &manage_chapter_kind, NULL, &manage_chapter_create_schema, body, error, &entry))
    return false;
  entry.input = &input;
  entry.reply_schema = &manage_chapter_schema;
  entry.reply = reply;
  return enroll_entry_run(request, &manage_chapter_kind, &entry, error);
}

static bool handle_change_chapter(struct request *request, const void *query, const void *body, void *reply,
                                  struct error *error) {
  uint64_t chapter_id;
  (void)query;
  return request_path_id(request, 0, error, &chapter_id) &&
         manage_change_chapter(request->app->pool, chapter_id, body, request->arena, error, reply);
}

/* --- Deleting -------------------------------------------------------------------------------------- */

struct deletion_reply {
  bool success;
  const char *message;
  uint64_t job_id;
};
static const struct field deletion_fields[] = {
    FIELD_BOOL(struct deletion_reply, "success", success, .flags = FIELD_REQUIRED, .summary = "True."),
    FIELD_TEXT(struct deletion_reply, "message", message, .flags = FIELD_REQUIRED,
               .summary = "What will be done, in a sentence."),
    FIELD_UINT(struct deletion_reply, "jobId", job_id, .flags = FIELD_REQUIRED, .summary = "The job."),
};
static const struct schema deletion_schema =
    SCHEMA("DeletionAccepted", struct deletion_reply, deletion_fields, .summary = "A deletion as a job.");

static bool accept(struct request *request, const char *kind, const char *name, uint64_t id,
                   struct deletion_reply *reply, struct error *error) {
  struct job_order order = {.kind = kind, .priority = 5};
  order.params = arena_printf(request->arena, "{\"%s\": %" PRIu64 "}", name, id);
  order.dedupe_key = arena_printf(request->arena, "%s:%" PRIu64, kind, id);
  if (order.params == NULL || order.dedupe_key == NULL) return error_set_memory(error);
  if (!job_accept(request, &order, error, &reply->job_id)) return false;
  reply->success = true;
  reply->message = "The job will delete it, learner by learner.";
  return true;
}

static bool handle_delete(struct request *request, const void *query, const void *body, void *reply,
                          struct error *error) {
  struct manage_course course;
  uint64_t course_id;
  (void)query;
  (void)body;
  return request_path_id(request, 0, error, &course_id) && read_course(request, course_id, &course, error) &&
         accept(request, "delete_course", "courseId", course_id, reply, error);
}

static bool find_chapter(struct request *request, uint64_t chapter_id, struct error *error) {
  CLEANUP(request_lease_end) struct request_lease lease = {.request = request};
  return request_borrow(request, error, &lease) &&
         manage_find_chapter(lease.db, chapter_id, request->arena, error);
}

static bool handle_delete_chapter(struct request *request, const void *query, const void *body, void *reply,
                                  struct error *error) {
  uint64_t chapter_id;
  (void)query;
  (void)body;
  return request_path_id(request, 0, error, &chapter_id) && find_chapter(request, chapter_id, error) &&
         accept(request, "delete_chapter", "chapterId", chapter_id, reply, error);
}

#define COURSES .role = ROLE_ADMIN, .tag = "Courses"

static const struct endpoint rows[] = {
    {COURSES, .method = "GET", .path = "/api/admin/courses", .query = &manage_query_schema,
     .reply = &manage_page_schema, .handle = handle_list,
     .summary = "Every course with its counts, page by page"},
    {COURSES, .method = "POST", .path = "/api/admin/courses", .success_status = 201,
     .flags = ENDPOINT_IDEMPOTENT_KEY | ENDPOINT_WRITES_REPLY, .body = &manage_create_schema,
     .reply = &manage_course_schema, .handle = handle_create, .summary = "Make a course"},
    {COURSES, .method = "GET", .path = "/api/admin/courses/{id}", .reply = &manage_course_schema,
     .handle = handle_read, .summary = "One course with its counts"},
    {COURSES, .method = "PATCH", .path = "/api/admin/courses/{id}", .body = &manage_patch_schema,
     .reply = &manage_course_schema, .handle = handle_change, .summary = "Change a course"},
    {COURSES, .method = "DELETE", .path = "/api/admin/courses/{id}", .flags = ENDPOINT_MAY_DEFER,
     .reply = &deletion_schema, .handle = handle_delete, .summary = "Delete a course, by a job"},
    {COURSES, .method = "GET", .path = "/api/admin/chapters", .query = &manage_chapters_query_schema,
     .reply = &manage_chapters_schema, .handle = handle_chapters, .summary = "The chapters of a course"},
    {COURSES, .method = "POST", .path = "/api/admin/chapters", .success_status = 201,
     .flags = ENDPOINT_IDEMPOTENT_KEY | ENDPOINT_WRITES_REPLY, .body = &manage_chapter_create_schema,
     .reply = &manage_chapter_schema, .handle = handle_create_chapter,
     .summary = "Add a chapter to a course"},
    {COURSES, .method = "PATCH", .path = "/api/admin/chapters/{id}", .body = &manage_chapter_patch_schema,
     .reply = &manage_chapter_schema, .handle = handle_change_chapter, .summary = "Change a chapter"},
    {COURSES, .method = "DELETE", .path = "/api/admin/chapters/{id}", .flags = ENDPOINT_MAY_DEFER,
     .reply = &deletion_schema, .handle = handle_delete_chapter, .summary = "Delete a chapter, by a job"},
};
const struct endpoint_table enroll_course_endpoints = ENDPOINT_TABLE(rows);
