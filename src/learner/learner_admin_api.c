#include <inttypes.h>
#include <string.h>

#include "job/job_accept.h"
#include "learner/learner_api.h"
#include "queries/learner.h"
#include "rule/pass.h"

#include "base/banned.h"

#define SYNC_WAIT_MS 10000

struct sync_body {
  uint64_t user_id;
  enum presence user_id_given;
  bool wait;
  bool confirm_over_limit;
};

struct sync_reply {
  bool success;
  const char *message;
  uint64_t job_id;
  enum presence job_id_given;
  uint64_t synced_count;
  enum presence synced_count_given;
};

static const struct field sync_body_fields[] = {
    FIELD_UINT(struct sync_body, "userId", user_id, .flags = FIELD_USER,
               .presence = PRESENCE(struct sync_body, user_id_given), .minimum = 1, .maximum = INT64_MAX,
               .summary = "The learner to bring into step, at once; everybody where it is absent, by a job."),
    FIELD_BOOL(struct sync_body, "wait", wait,
               .summary = "Everybody: wait for the job's end, at most ten seconds."),
    FIELD_BOOL(struct sync_body, "confirmOverLimit", confirm_over_limit,
               .summary = "Everybody: go on also where more is to be changed than a rule's limit."),
};
static const struct schema sync_body_schema =
    SCHEMA("SyncUserData", struct sync_body, sync_body_fields, .summary = "Whom to synchronize.");

static const struct field sync_reply_fields[] = {
    FIELD_BOOL(struct sync_reply, "success", success, .flags = FIELD_REQUIRED,
               .summary = "Always true here."),
    FIELD_TEXT(struct sync_reply, "message", message, .flags = FIELD_REQUIRED, .summary = "What was done."),
    FIELD_UINT(struct sync_reply, "jobId", job_id, .presence = PRESENCE(struct sync_reply, job_id_given),
               .summary = "Everybody: the job that does it."),
    FIELD_UINT(struct sync_reply, "syncedCount", synced_count,
               .presence = PRESENCE(struct sync_reply, synced_count_given),
               .summary = "Everybody, waited for: how many learners are in step now."),
};
static const struct schema sync_reply_schema =
    SCHEMA("SyncUserDataReply", struct sync_reply, sync_reply_fields, .summary = "The outcome.");

static bool learner_must_exist(struct request *request, uint64_t user_id, struct error *error) {
  CLEANUP(request_lease_end) struct request_lease lease = {.request = request};
  struct learner_exists_params params = {.user_id = user_id};
  struct learner_exists_row row;
  bool found;
  if (!request_borrow(request, error, &lease)) return false;
  if (!learner_exists(lease.db, &params, request->arena, error, &row, &found)) return false;
  return found || error_set(error, ERROR_NOT_FOUND, "There is no such learner.");
}

static bool sync_one(struct request *request, uint64_t user_id, struct error *error,
                     struct sync_reply *reply) {
  const struct app *app = request->app;
  struct repair_engine engine = {.set = app->rules, .pool = app->pool, .config = app->config};
  struct rule_repair repair;
  if (!learner_must_exist(request, user_id, error)) return false;
  if (!rule_heal(app->rules, app->ledger, &app->config->rules, RULE_SCOPE_ALL, user_id,
                 request->principal.actor, request->arena, error, &repair) ||
      !pass_score(&engine, user_id, request->arena, error))
    return false;
  reply->message = arena_printf(request->arena, "User %" PRIu64 " synchronized", user_id);
  return reply->message != NULL || error_set_memory(error);
}

/* Of a job that is done: how many learners its run looked at, and brought into step where they were not. */
static bool read_count(struct request *request, uint64_t job_id, struct error *error,
                       struct sync_reply *reply) {
  CLEANUP(request_lease_end) struct request_lease lease = {.request = request};
  struct learner_synced_params params = {.job_id = job_id};
  struct learner_synced_row row = {.learners = 0};
  bool found;
  if (!request_borrow(request, error, &lease)) return false;
  if (!learner_synced(lease.db, &params, request->arena, error, &row, &found)) return false;
  reply->synced_count = row.learners;
  reply->synced_count_given = PRESENCE_GIVEN;
  reply->message = arena_printf(request->arena, "Synchronized %" PRIu64 " users", row.learners);
  return reply->message != NULL || error_set_memory(error);
}

static bool sync_wait(struct request *request, struct error *error, struct sync_reply *reply) {
  const char *state;
  const char *job_error;
  bool ended;
  if (!job_await(request, reply->job_id, SYNC_WAIT_MS, error, &ended, &state, &job_error)) return false;
  if (!ended) return true;
  if (strcmp(state, "done") != 0)
    return error_set(error, ERROR_UNPROCESSABLE, "Job %" PRIu64 " is %s. %s", reply->job_id, state,
                     job_error == NULL ? "" : job_error);
  request->status = 200;
  return read_count(request, reply->job_id, error, reply);
}

static bool sync_everybody(struct request *request, const struct sync_body *body, struct error *error,
                           struct sync_reply *reply) {
  struct job_order order = {.kind = "sync_all_users", .priority = 5, .dedupe_key = "sync_all_users"};
  if (body->confirm_over_limit) order.params = "{\"confirmOverLimit\": true}";
  if (!job_accept(request, &order, error, &reply->job_id)) return false;
  reply->job_id_given = PRESENCE_GIVEN;
  reply->message = "Every learner is being brought into step; the job tells how far it is.";
  return !body->wait || sync_wait(request, error, reply);
}

static bool handle_sync(struct request *request, const void *query, const void *body_struct,
                        void *reply_struct, struct error *error) {
  const struct sync_body *body = body_struct;
  struct sync_reply *reply = reply_struct;
  (void)query;
  if (!request->app->config->rules.enabled)
    return error_set(error, ERROR_CONFLICT, "Repairs are switched off (rules.enabled).");
  reply->success = true;
  return body->user_id_given == PRESENCE_GIVEN ? sync_one(request, body->user_id, error, reply)
                                               : sync_everybody(request, body, error, reply);
}

static const struct endpoint rows[] = {
    {.method = "POST",
     .path = "/api/admin/sync-user-data",
     .role = ROLE_ADMIN,
     .flags = ENDPOINT_MAY_DEFER,
     .body = &sync_body_schema,
     .reply = &sync_reply_schema,
     .handle = handle_sync,
     .tag = "Administration",
     .summary = "Bring one learner's totals into step, or everybody's"},
};
const struct endpoint_table learner_admin_endpoints = ENDPOINT_TABLE(rows);
