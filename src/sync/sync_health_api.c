/* /api/sync/health. */
#include "sync/sync.h"
#include "sync/sync_act.h"
#include "sync/sync_health.h"

#include "base/banned.h"

struct health_reply {
  int status; /* enum sync_health_state */
  struct field_list checks;
  double score;
  int64_t as_of_ms;
  enum presence figures_given;
};

static const struct field check_fields[] = {
    FIELD_TEXT(struct sync_health_check, "name", name, .flags = FIELD_REQUIRED,
               .summary = "What was looked at."),
    FIELD_ENUM(struct sync_health_check, "state", state, .names = sync_health_names, .flags = FIELD_REQUIRED,
               .summary = "How it is."),
    FIELD_TEXT(struct sync_health_check, "summary", summary, .flags = FIELD_REQUIRED,
               .summary = "The same in words; with figures for administrators."),
};
static const struct schema check_schema =
    SCHEMA("HealthCheck", struct sync_health_check, check_fields, .summary = "One part of the whole.");

static const struct field reply_fields[] = {
    FIELD_ENUM(struct health_reply, "status", status, .names = sync_health_names, .flags = FIELD_REQUIRED,
               .summary = "That of the worst check."),
    FIELD_LIST(struct health_reply, "checks", checks, .object = &check_schema, .flags = FIELD_REQUIRED,
               .maximum = SYNC_HEALTH_CHECKS_MAX, .summary = "Part by part."),
    FIELD_NUMBER(struct health_reply, "score", score,
                 .presence = PRESENCE(struct health_reply, figures_given), .flags = FIELD_NULLABLE,
                 .summary = "For administrators: the share of learners who break no rule; null before the "
                            "first pass."),
    FIELD_TIME(struct health_reply, "asOf", as_of_ms,
               .presence = PRESENCE(struct health_reply, figures_given), .flags = FIELD_NULLABLE,
               .summary = "For administrators: when the last pass ended."),
};
static const struct schema reply_schema =
    SCHEMA("SyncHealth", struct health_reply, reply_fields, .summary = "Whether everything is in step.");

static bool handle_health(struct request *request, const void *query, const void *body, void *reply_struct,
                          struct error *error) {
  CLEANUP(request_lease_end) struct request_lease lease = {.request = request};
  struct repair_engine engine = sync_engine(request);
  struct health_reply *reply = reply_struct;
  bool is_admin = request->principal.role == ROLE_ADMIN;
  struct error ignored = ERROR_INIT;
  (void)query;
  (void)body;
  struct sync_health *health = arena_alloc(request->arena, sizeof *health);
  if (health == NULL) return error_set_memory(error);
  bool has_database = request_borrow(request, &ignored, &lease);
  sync_health_look(&engine, has_database ? lease.db : NULL, is_admin, request->now_ms, request->arena,
                   health);
  reply->status = (int)health->state;
  reply->checks = (struct field_list){.items = health->checks, .count = health->check_count};
  reply->score = health->score;
  reply->as_of_ms = health->as_of_ms;
  if (is_admin) reply->figures_given = health->has_score ? PRESENCE_GIVEN : PRESENCE_NULL;
  if (health->state == SYNC_FAILING) request->status = 503;
  return true;
}

static const struct endpoint rows[] = {
    {.method = "GET",
     .path = "/api/sync/health",
     .role = ROLE_PUBLIC,
     .flags = ENDPOINT_QUIET | ENDPOINT_TELLS_FAILURE,
     .reply = &reply_schema,
     .handle = handle_health,
     .tag = "Consistency",
     .summary = "Whether everything is in step, and what keeps it so is at work; 503 when failing."},
};
const struct endpoint_table sync_health_endpoints = ENDPOINT_TABLE(rows);
