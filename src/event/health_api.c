#include "event/health_api.h"

#include "event/repair_types.h"
#include "event/sync_status.h"
#include "sync/sync_act.h"

#include "base/banned.h"

/* Whom it is about: a student's is their own, and nobody's else. 0: everybody. */
static bool settle_learner(const struct request *request, uint64_t user_id, enum presence given,
                           struct error *error, uint64_t *ret_user_id) {
  const struct principal *principal = &request->principal;
  if (principal->role != ROLE_ADMIN && given == PRESENCE_GIVEN && user_id != principal->user_id)
    return error_set(error, ERROR_FORBIDDEN, "Only an administrator may name another learner.");
  if (given == PRESENCE_GIVEN)
    *ret_user_id = user_id;
  else
    *ret_user_id = principal->role == ROLE_ADMIN ? 0 : principal->user_id;
  return true;
}

/* --- GET /api/progress-sync/health ------------------------------------------------------------------ */

struct health_query {
  uint64_t user_id;
  enum presence user_given;
};
static const struct field health_query_fields[] = {
    FIELD_UINT(struct health_query, "userId", user_id, .flags = FIELD_USER,
               .presence = PRESENCE(struct health_query, user_given), .minimum = 1, .maximum = INT64_MAX,
               .summary = "Of this learner; for an administrator, of everybody where not given."),
};
static const struct schema health_query_schema =
    SCHEMA("EventHealthQuery", struct health_query, health_query_fields, .summary = "Whose health.");

static const struct field pair_fields[] = {
    FIELD_TEXT(struct sync_pair, "sourceSystem", source_system, .flags = FIELD_REQUIRED,
               .summary = "Where the events come from."),
    FIELD_TEXT(struct sync_pair, "targetSystem", target_system, .flags = FIELD_REQUIRED,
               .summary = "Where they are brought to."),
    FIELD_ENUM(struct sync_pair, "status", status, .names = sync_state_names, .flags = FIELD_REQUIRED,
               .summary =
                   "delayed and failed: an event has been waiting for longer than events.delayed_s or "
                   "events.failed_s, or was given up; conflict: one waits for the learner's decision."),
    FIELD_UINT(struct sync_pair, "pending", pending, .flags = FIELD_REQUIRED,
               .summary = "Events of the source whose processing failed and is tried again."),
    FIELD_UINT(struct sync_pair, "conflicts", conflicts, .flags = FIELD_REQUIRED,
               .summary = "Open conflicts that events of the source are in."),
    FIELD_TIME(struct sync_pair, "lastSync", last_sync_ms, .flags = FIELD_NULLABLE,
               .presence = PRESENCE(struct sync_pair, last_sync_given),
               .summary = "When an event last went through; null: none has yet."),
    FIELD_INT(struct sync_pair, "delayMs", delay_ms, .flags = FIELD_REQUIRED,
              .summary =
                  "How long the oldest event that waits has waited; where none does, how long the last "
                  "took, in milliseconds."),
};
static const struct schema pair_schema =
    SCHEMA("SystemPair", struct sync_pair, pair_fields, .summary = "Two systems that events flow between.");

struct health_reply {
  int status; /* enum sync_state */
  uint64_t user_id;
  enum presence user_given;
  struct field_list pairs; /* struct sync_pair */
  int64_t as_of_ms;
};
static const struct field health_fields[] = {
    FIELD_ENUM(struct health_reply, "status", status, .names = sync_state_names, .flags = FIELD_REQUIRED,
               .summary = "That of the worst pair."),
    FIELD_UINT(struct health_reply, "userId", user_id, .presence = PRESENCE(struct health_reply, user_given),
               .summary = "Whose; absent: everybody's."),
    FIELD_LIST(struct health_reply, "pairs", pairs, .object = &pair_schema, .maximum = SYNC_PAIRS_MAX,
               .flags = FIELD_REQUIRED,
               .summary = "Of a learner, those between which something has happened. Of everybody, all; what "
                          "waits is counted up to 2000."),
    FIELD_TIME(struct health_reply, "asOf", as_of_ms, .flags = FIELD_REQUIRED, .summary = "Now."),
};
static const struct schema health_schema =
    SCHEMA("EventHealth", struct health_reply, health_fields, .summary = "How the systems are in step.");

static bool handle_health(struct request *request, const void *query_struct, const void *body,
                          void *reply_struct, struct error *error) {
  const struct health_query *query = query_struct;
  struct health_reply *reply = reply_struct;
  CLEANUP(request_lease_end) struct request_lease lease = {.request = request};
  struct sync_report *report = arena_alloc(request->arena, sizeof *report);
  uint64_t user_id;
  (void)body;
  if (report == NULL) return error_set_memory(error);
  if (!settle_learner(request, query->user_id, query->user_given, error, &user_id) ||
      !request_borrow(request, error, &lease) ||
      (query->user_given == PRESENCE_GIVEN && !sync_task_learner(lease.db, user_id, request->arena, error)) ||
      !sync_status_look(lease.db, &request->app->config->events, user_id, request->now_ms, request->arena,
                        error, report))
    return false;
  *reply = (struct health_reply){.status = (int)report->status,
                                 .user_id = user_id,
                                 .user_given = user_id == 0 ? PRESENCE_ABSENT : PRESENCE_GIVEN,
                                 .pairs = {.items = report->pairs, .count = report->pair_count},
                                 .as_of_ms = request->now_ms};
  return true;
}

/* --- POST /api/progress-sync/repair ----------------------------------------------------------------- */

struct repair_body {
  struct field_list types; /* const char * */
  bool auto_repair;
  bool dry_run;
  uint64_t user_id;
  enum presence user_given;
};
static const struct field repair_fields[] = {
    FIELD_LIST(struct repair_body, "inconsistencyTypes", types, .flags = FIELD_REQUIRED,
               .item_kind = FIELD_KIND_TEXT, .minimum = 1, .maximum = SYNC_RULES_MAX,
               .summary = "Names of rules about events, or kinds of inconsistency: data_inconsistency, "
                          "completion_status_conflict, timestamp_mismatch, duplicate_event, failed_event."),
    FIELD_BOOL(struct repair_body, "autoRepair", auto_repair,
               .summary = "Repair; otherwise it is only said what would be repaired."),
    FIELD_BOOL(struct repair_body, "dryRun", dry_run, .summary = "Repair nothing, whatever autoRepair says."),
    FIELD_UINT(struct repair_body, "userId", user_id, .flags = FIELD_USER,
               .presence = PRESENCE(struct repair_body, user_given), .minimum = 1, .maximum = INT64_MAX,
               .summary = "Of this learner; for an administrator, of everybody where not given, by a job."),
};
static const struct schema repair_schema =
    SCHEMA("EventRepair", struct repair_body, repair_fields, .summary = "What to put right.");

static bool decide(struct request *request, const struct repair_body *body, struct error *error,
                   struct sync_task *ret_task) {
  CLEANUP(request_lease_end) struct request_lease lease = {.request = request};
  struct repair_engine engine = sync_engine(request);
  struct sync_order order = {.rules_given = PRESENCE_GIVEN, .dry_run = body->dry_run || !body->auto_repair};
  if (!settle_learner(request, body->user_id, body->user_given, error, &order.user_id) ||
      !repair_types_settle(&body->types, engine.set, request->principal.role == ROLE_ADMIN, request->arena,
                           error, &order.rules))
    return false;
  order.user_given = order.user_id == 0 ? PRESENCE_ABSENT : PRESENCE_GIVEN;
  return request_borrow(request, error, &lease) &&
         sync_task_fix(&engine, lease.db, &order, request->arena, error, ret_task);
}

static bool handle_repair(struct request *request, const void *query, const void *body, void *reply,
                          struct error *error) {
  struct sync_task task;
  (void)query;
  return decide(request, body, error, &task) && sync_act(request, &task, error, reply);
}

static const struct endpoint rows[] = {
    {.method = "GET",
     .path = "/api/progress-sync/health",
     .role = ROLE_STUDENT,
     .flags = ENDPOINT_NEEDS_LEARNER,
     .query = &health_query_schema,
     .reply = &health_schema,
     .handle = handle_health,
     .tag = "Progress events",
     .summary = "Whether the systems are in step: one's own, or, for administrators, everybody's"},
    {.method = "POST",
     .path = "/api/progress-sync/repair",
     .role = ROLE_STUDENT,
     .flags = ENDPOINT_NEEDS_LEARNER | ENDPOINT_MAY_DEFER,
     .body = &repair_schema,
     .reply = &sync_act_schema,
     .handle = handle_repair,
     .tag = "Progress events",
     .summary = "Find, and with autoRepair put right, what events say and what does not say the same"},
};
const struct endpoint_table event_health_endpoints = ENDPOINT_TABLE(rows);
