#include "event/event_heal.h"
#include "event/path.h"
#include "event/system_api.h"

#include "base/banned.h"

static bool handle_list(struct request *request, const void *query, const void *body, void *reply,
                        struct error *error) {
  (void)body;
  return path_read_page(request->snapshot, request->principal.user_id, query, request->arena, error, reply);
}

static bool handle_create(struct request *request, const void *query, const void *body_struct, void *reply,
                          struct error *error) {
  const struct path_body *body = body_struct;
  (void)query;
  return system_run(request, &path_create_kind, &path_create_schema, body, body->id, reply, error);
}

static bool handle_change(struct request *request, const void *query, const void *body, void *reply,
                          struct error *error) {
  (void)query;
  return system_run(request, &path_change_kind, &path_patch_schema, body, NULL, reply, error);
}

static bool handle_delete(struct request *request, const void *query, const void *body, void *reply,
                          struct error *error) {
  (void)query;
  (void)body;
  return system_run(request, &path_delete_kind, NULL, NULL, NULL, reply, error);
}

static bool handle_step(struct request *request, const void *query, const void *body, void *reply,
                        struct error *error) {
  (void)query;
  return system_run(request, &path_step_kind, &path_step_patch_schema, body, NULL, reply, error);
}

#define PATHS .role = ROLE_STUDENT, .tag = "Learning paths"

static const struct endpoint rows[] = {
    {PATHS, .method = "GET", .path = "/api/learning-paths", .flags = SYSTEM_READ_FLAGS,
     .query = &path_query_schema, .reply = &path_page_schema, .handle = handle_list, .prepare = event_heal,
     .summary = "The learner's learning paths with steps and progress"},
    {PATHS, .method = "POST", .path = "/api/learning-paths", .flags = SYSTEM_WRITE_FLAGS,
     .success_status = 201, .body = &path_create_schema, .reply = &path_reply_schema, .handle = handle_create,
     .summary = "Make a learning path"},
    {PATHS, .method = "PATCH", .path = "/api/learning-paths/{id}", .flags = SYSTEM_WRITE_FLAGS,
     .body = &path_patch_schema, .reply = &path_reply_schema, .handle = handle_change,
     .summary = "Change a learning path or its steps"},
    {PATHS, .method = "DELETE", .path = "/api/learning-paths/{id}", .flags = SYSTEM_WRITE_FLAGS,
     .reply = &system_deleted_schema, .handle = handle_delete, .summary = "Delete a learning path"},
    {PATHS, .method = "PATCH", .path = "/api/learning-paths/{id}/steps/{stepId}", .flags = SYSTEM_WRITE_FLAGS,
     .body = &path_step_patch_schema, .reply = &path_step_reply_schema, .handle = handle_step,
     .summary = "Change a step; completing it is an event"},
};
const struct endpoint_table path_endpoints = ENDPOINT_TABLE(rows);
