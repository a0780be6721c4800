#include <string.h>

#include "learner/audit.h"
#include "learner/learner_api.h"
#include "queries/learner.h"

#include "base/banned.h"

/* --- POST /api/admin/sync-user-data -------------------------------------------------------------- */

struct sync_body {
  uint64_t user_id;
};

struct sync_reply {
  bool success;
  const char *message;
};

static const struct field sync_body_fields[] = {
    FIELD_UINT(struct sync_body, "userId", user_id, .flags = FIELD_REQUIRED, .minimum = 1,
               .maximum = INT64_MAX, .summary = "The learner to bring into step."),
};
static const struct schema sync_body_schema =
    SCHEMA("SyncUserData", struct sync_body, sync_body_fields, .summary = "Whom to synchronize.");

static const struct field sync_reply_fields[] = {
    FIELD_BOOL(struct sync_reply, "success", success, .flags = FIELD_REQUIRED,
               .summary = "Always true here."),
    FIELD_TEXT(struct sync_reply, "message", message, .flags = FIELD_REQUIRED, .summary = "What was done."),
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

static bool handle_sync(struct request *request, const void *query, const void *body_struct,
                        void *reply_struct, struct error *error) {
  const struct sync_body *body = body_struct;
  struct sync_reply *reply = reply_struct;
  struct rule_repair repair;
  (void)query;
  if (!request->app->config->rules.enabled)
    return error_set(error, ERROR_CONFLICT, "Repairs are switched off (rules.enabled).");
  if (!learner_must_exist(request, body->user_id, error)) return false;
  if (!rule_heal(request->app->rules, request->app->ledger, &request->app->config->rules, RULE_SCOPE_ALL,
                 body->user_id, request->principal.actor, request->arena, error, &repair))
    return false;
  reply->success = true;
  reply->message = arena_printf(request->arena, "User %llu synchronized", (unsigned long long)body->user_id);
  return reply->message != NULL || error_set_memory(error);
}

/* --- GET /api/admin/audit ------------------------------------------------------------------------ */

struct audit_query {
  uint64_t user_id;
  enum presence user_id_given;
  uint64_t limit;
  uint64_t after;
};

struct audit_reply {
  struct field_list entries; /* struct audit_entry */
  int64_t as_of_ms;
  uint64_t next_after;
  enum presence next_after_given;
};

static const struct field audit_query_fields[] = {
    FIELD_UINT(struct audit_query, "userId", user_id, .presence = PRESENCE(struct audit_query, user_id_given),
               .minimum = 1, .maximum = INT64_MAX, .summary = "Only this learner."),
    FIELD_UINT(struct audit_query, "limit", limit, .minimum = 1, .maximum = AUDIT_PAGE_MAX,
               .default_text = "50", .summary = "Learners a page."),
    FIELD_UINT(struct audit_query, "after", after, .maximum = INT64_MAX,
               .summary = "Go on after this learner: the nextAfter of the page before."),
};
static const struct schema audit_query_schema =
    SCHEMA("AuditQuery", struct audit_query, audit_query_fields, .summary = "Which page of the audit.");

static const struct field audit_reply_fields[] = {
    FIELD_LIST(struct audit_reply, "entries", entries, .object = &audit_entry_schema, .flags = FIELD_REQUIRED,
               .maximum = AUDIT_PAGE_MAX,
               .summary = "A page of learners, the largest token difference first."),
    FIELD_TIME(struct audit_reply, "asOf", as_of_ms, .flags = FIELD_REQUIRED, .summary = "When it was read."),
    FIELD_UINT(struct audit_reply, "nextAfter", next_after, .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .presence = PRESENCE(struct audit_reply, next_after_given),
               .summary = "Where the next page goes on; null at the end."),
};
static const struct schema audit_reply_schema =
    SCHEMA("Audit", struct audit_reply, audit_reply_fields, .summary = "A page of the audit.");

static bool answer_csv(struct request *request, const struct audit_reply *reply) {
  if (reply->next_after_given == PRESENCE_GIVEN) {
    char *next = arena_printf(request->arena, "%llu", (unsigned long long)reply->next_after);
    if (next != NULL) request_add_header(request, "X-Next-After", next);
  }
  request->reply_type = "text/csv; charset=utf-8";
  audit_write_csv(reply->entries.items, reply->entries.count, &request->reply);
  return true;
}

static bool handle_audit(struct request *request, const void *query_struct, const void *body,
                         void *reply_struct, struct error *error) {
  CLEANUP(request_lease_end) struct request_lease lease = {.request = request};
  const struct audit_query *query = query_struct;
  struct audit_reply *reply = reply_struct;
  bool one = query->user_id_given == PRESENCE_GIVEN;
  size_t limit = one ? 1 : (size_t)query->limit;
  struct audit_entry *entries;
  uint64_t last_id;
  (void)body;
  if (!request_borrow(request, error, &lease)) return false;
  if (!audit_read(lease.db, one ? query->user_id : query->after + 1, one ? query->user_id : INT64_MAX, limit,
                  request->arena, error, &entries, &reply->entries.count, &last_id))
    return false;
  if (one && reply->entries.count == 0) return error_set(error, ERROR_NOT_FOUND, "There is no such learner.");
  reply->entries.items = entries;
  reply->as_of_ms = request->now_ms;
  reply->next_after = last_id;
  reply->next_after_given = !one && reply->entries.count == limit ? PRESENCE_GIVEN : PRESENCE_NULL;
  if (request->accept != NULL && strstr(request->accept, "text/csv") != NULL)
    return answer_csv(request, reply);
  return true;
}

static const struct endpoint rows[] = {
    {.method = "POST",
     .path = "/api/admin/sync-user-data",
     .role = ROLE_ADMIN,
     .body = &sync_body_schema,
     .reply = &sync_reply_schema,
     .handle = handle_sync,
     .tag = "Administration",
     .summary = "Bring one learner's totals into step"},
    {.method = "GET",
     .path = "/api/admin/audit",
     .role = ROLE_ADMIN,
     .flags = ENDPOINT_WRITES_REPLY,
     .query = &audit_query_schema,
     .reply = &audit_reply_schema,
     .reply_type = "text/csv",
     .handle = handle_audit,
     .tag = "Administration",
     .summary = "Columns beside document, learner by learner; as CSV by Accept: text/csv"},
};
const struct endpoint_table learner_admin_endpoints = ENDPOINT_TABLE(rows);
