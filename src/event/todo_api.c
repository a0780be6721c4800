#include "event/event_heal.h"
#include "event/system_api.h"
#include "event/todo.h"

#include "base/banned.h"

static bool handle_list(struct request *request, const void *query, const void *body, void *reply,
                        struct error *error) {
  (void)body;
  return todo_read_page(request->snapshot, request->principal.user_id, query, request->arena, error, reply);
}

static bool handle_create(struct request *request, const void *query, const void *body_struct, void *reply,
                          struct error *error) {
  const struct todo_body *body = body_struct;
  (void)query;
  return system_run(request, &todo_create_kind, &todo_create_schema, body, body->id, reply, error);
}

static bool handle_change(struct request *request, const void *query, const void *body, void *reply,
                          struct error *error) {
  (void)query;
  return system_run(request, &todo_change_kind, &todo_patch_schema, body, NULL, reply, error);
}

static bool handle_delete(struct request *request, const void *query, const void *body, void *reply,
                          struct error *error) {
  (void)query;
  (void)body;
  return system_run(request, &todo_delete_kind, NULL, NULL, NULL, reply, error);
}

#define TODOS .role = ROLE_STUDENT, .tag = "Todos"

static const struct endpoint rows[] = {
    {TODOS, .method = "GET", .path = "/api/todos", .flags = SYSTEM_READ_FLAGS, .query = &todo_query_schema,
     .reply = &todo_page_schema, .handle = handle_list, .prepare = event_heal,
     .summary = "The learner's todos, in the order in which they were made"},
    {TODOS, .method = "POST", .path = "/api/todos", .flags = SYSTEM_WRITE_FLAGS, .success_status = 201,
     .body = &todo_create_schema, .reply = &todo_reply_schema, .handle = handle_create,
     .summary = "Make a todo"},
    {TODOS, .method = "PATCH", .path = "/api/todos/{id}", .flags = SYSTEM_WRITE_FLAGS,
     .body = &todo_patch_schema, .reply = &todo_reply_schema, .handle = handle_change,
     .summary = "Change a todo; completing it is an event"},
    {TODOS, .method = "DELETE", .path = "/api/todos/{id}", .flags = SYSTEM_WRITE_FLAGS,
     .reply = &system_deleted_schema, .handle = handle_delete, .summary = "Delete a todo"},
};
const struct endpoint_table todo_endpoints = ENDPOINT_TABLE(rows);
