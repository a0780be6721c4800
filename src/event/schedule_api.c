#include "event/event_heal.h"
#include "event/schedule.h"
#include "event/system_api.h"

#include "base/banned.h"

static bool handle_list(struct request *request, const void *query, const void *body, void *reply,
                        struct error *error) {
  (void)body;
  return schedule_read_page(request->snapshot, request->principal.user_id, query, request->arena, error,
                            reply);
}

static bool handle_create(struct request *request, const void *query, const void *body_struct, void *reply,
                          struct error *error) {
  const struct schedule_body *body = body_struct;
  (void)query;
  return system_run(request, &schedule_create_kind, &schedule_create_schema, body, body->id, reply, error);
}

static bool handle_change(struct request *request, const void *query, const void *body, void *reply,
                          struct error *error) {
  (void)query;
  return system_run(request, &schedule_change_kind, &schedule_patch_schema, body, NULL, reply, error);
}

static bool handle_delete(struct request *request, const void *query, const void *body, void *reply,
                          struct error *error) {
  (void)query;
  (void)body;
  return system_run(request, &schedule_delete_kind, NULL, NULL, NULL, reply, error);
}

#define SCHEDULE .role = ROLE_STUDENT, .tag = "Schedule"

static const struct endpoint rows[] = {
    {SCHEDULE, .method = "GET", .path = "/api/schedule", .flags = SYSTEM_READ_FLAGS,
     .query = &schedule_query_schema, .reply = &schedule_page_schema, .handle = handle_list,
     .prepare = event_heal, .summary = "The learner's calendar, by the beginning of its entries"},
    {SCHEDULE, .method = "POST", .path = "/api/schedule", .flags = SYSTEM_WRITE_FLAGS, .success_status = 201,
     .body = &schedule_create_schema, .reply = &schedule_reply_schema, .handle = handle_create,
     .summary = "Make a calendar entry"},
    {SCHEDULE, .method = "PATCH", .path = "/api/schedule/{id}", .flags = SYSTEM_WRITE_FLAGS,
     .body = &schedule_patch_schema, .reply = &schedule_reply_schema, .handle = handle_change,
     .summary = "Change or move a calendar entry; completing it is an event"},
    {SCHEDULE, .method = "DELETE", .path = "/api/schedule/{id}", .flags = SYSTEM_WRITE_FLAGS,
     .reply = &system_deleted_schema, .handle = handle_delete, .summary = "Delete a calendar entry"},
};
const struct endpoint_table schedule_endpoints = ENDPOINT_TABLE(rows);
