#include "account/delete_api.h"

#include <inttypes.h>

#include "account/delete.h"
#include "job/job_accept.h"

#include "base/banned.h"

struct delete_reply {
  bool success;
  const char *message;
  uint64_t job_id;
};

static const struct field reply_fields[] = {
    FIELD_BOOL(struct delete_reply, "success", success, .flags = FIELD_REQUIRED,
               .summary = "Always true here."),
    FIELD_TEXT(struct delete_reply, "message", message, .flags = FIELD_REQUIRED,
               .summary = "What is being done."),
    FIELD_UINT(struct delete_reply, "jobId", job_id, .flags = FIELD_REQUIRED,
               .summary = "The job; its report lists what was erased."),
};
static const struct schema reply_schema =
    SCHEMA("DeleteUserReply", struct delete_reply, reply_fields, .summary = "A learner on the way out.");

static bool check(struct request *request, uint64_t user_id, struct error *error) {
  CLEANUP(request_lease_end) struct request_lease lease = {.request = request};
  return request_borrow(request, error, &lease) && delete_check(lease.db, user_id, request->arena, error);
}

static bool handle_delete(struct request *request, const void *query, const void *body, void *reply_struct,
                          struct error *error) {
  struct delete_reply *reply = reply_struct;
  struct job_order order = {.kind = "delete_user", .priority = 2};
  uint64_t user_id;
  (void)query;
  (void)body;
  if (!request_path_id(request, 0, error, &user_id) || !check(request, user_id, error)) return false;
  order.params = arena_printf(request->arena, "{\"userId\": %" PRIu64 "}", user_id);
  order.dedupe_key = arena_printf(request->arena, "delete_user:%" PRIu64, user_id);
  if (order.params == NULL || order.dedupe_key == NULL) return error_set_memory(error);
  if (!job_accept(request, &order, error, &reply->job_id)) return false;
  reply->success = true;
  reply->message = "The learner is being deleted, for good; the job's report lists what was erased.";
  return true;
}

static const struct endpoint rows[] = {
    {.method = "DELETE",
     .path = "/api/admin/users/{id}",
     .role = ROLE_ADMIN,
     .success_status = 202,
     .reply = &reply_schema,
     .handle = handle_delete,
     .tag = "Administration",
     .summary = "Delete a learner for good, by a job that lists what was erased"},
};
const struct endpoint_table delete_endpoints = ENDPOINT_TABLE(rows);
