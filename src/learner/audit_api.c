/* GET /api/admin/audit: everybody as of the last pass, one learner at once. */
#include <inttypes.h>
#include <string.h>

#include "job/job_accept.h"
#include "learner/audit_pass.h"
#include "learner/learner_api.h"

#include "base/banned.h"

struct audit_query {
  uint64_t user_id;
  enum presence user_id_given;
  uint64_t limit;
  uint64_t after;
  uint64_t pass_id;
  bool refresh;
};

struct audit_reply {
  struct field_list entries; /* struct audit_entry */
  uint64_t pass_id;
  enum presence pass_id_given;
  int64_t as_of_ms;
  enum presence as_of_given;
  uint64_t learners;
  enum presence learners_given;
  uint64_t differ;
  enum presence differ_given;
  uint64_t next_after;
  enum presence next_after_given;
  const char *message;
  uint64_t job_id;
  enum presence job_id_given;
};

static const struct field audit_query_fields[] = {
    FIELD_UINT(struct audit_query, "userId", user_id, .flags = FIELD_USER,
               .presence = PRESENCE(struct audit_query, user_id_given), .minimum = 1, .maximum = INT64_MAX,
               .summary = "Only this learner, as things stand now."),
    FIELD_UINT(struct audit_query, "limit", limit, .minimum = 1, .maximum = AUDIT_PAGE_MAX,
               .default_text = "50", .summary = "Learners a page."),
    FIELD_UINT(struct audit_query, "after", after, .maximum = INT64_MAX,
               .summary = "Go on after this place: the nextAfter of the page before."),
    FIELD_UINT(struct audit_query, "pass", pass_id, .maximum = INT64_MAX,
               .summary =
                   "Go on in this pass, the passId of the page before, also when a newer one is done."),
    FIELD_BOOL(struct audit_query, "refresh", refresh,
               .summary = "Have a new pass made, by a job; what the last one found is answered meanwhile."),
};
static const struct schema audit_query_schema =
    SCHEMA("AuditQuery", struct audit_query, audit_query_fields, .summary = "Which page of the audit.");

static const struct field audit_reply_fields[] = {
    FIELD_LIST(struct audit_reply, "entries", entries, .object = &audit_entry_schema, .flags = FIELD_REQUIRED,
               .maximum = AUDIT_PAGE_MAX,
               .summary = "A page of the learners who differ, the largest token difference first; or the one "
                          "who was asked for."),
    FIELD_UINT(struct audit_reply, "passId", pass_id, .presence = PRESENCE(struct audit_reply, pass_id_given),
               .summary = "The pass that found them."),
    FIELD_TIME(struct audit_reply, "asOf", as_of_ms, .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .presence = PRESENCE(struct audit_reply, as_of_given),
               .summary = "When the pass ended, or the learner was read; null when there was no pass yet."),
    FIELD_UINT(struct audit_reply, "learners", learners,
               .presence = PRESENCE(struct audit_reply, learners_given),
               .summary = "How many the pass looked at."),
    FIELD_UINT(struct audit_reply, "differ", differ, .presence = PRESENCE(struct audit_reply, differ_given),
               .summary = "How many of them differ."),
    FIELD_UINT(struct audit_reply, "nextAfter", next_after, .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .presence = PRESENCE(struct audit_reply, next_after_given),
               .summary = "Where the next page goes on; null at the end."),
    FIELD_TEXT(struct audit_reply, "message", message, .summary = "What there is to say of it."),
    FIELD_UINT(struct audit_reply, "jobId", job_id, .presence = PRESENCE(struct audit_reply, job_id_given),
               .summary = "The job that makes a new pass (202)."),
};
static const struct schema audit_reply_schema =
    SCHEMA("Audit", struct audit_reply, audit_reply_fields, .summary = "A page of the audit.");

static bool read_one(struct request *request, struct db *db, uint64_t user_id, struct error *error,
                     struct audit_reply *reply) {
  struct audit_entry *entries;
  uint64_t last_id;
  if (!audit_read(db, user_id, user_id, 1, request->arena, error, &entries, &reply->entries.count, &last_id))
    return false;
  if (reply->entries.count == 0) return error_set(error, ERROR_NOT_FOUND, "There is no such learner.");
  reply->entries.items = entries;
  reply->as_of_ms = request->now_ms;
  reply->as_of_given = PRESENCE_GIVEN;
  return true;
}

static void take_summary(const struct audit_summary *summary, struct audit_reply *reply) {
  reply->pass_id = summary->pass_id;
  reply->as_of_ms = summary->as_of_ms;
  reply->learners = summary->learners;
  reply->differ = summary->differ;
  reply->pass_id_given = reply->as_of_given = reply->learners_given = reply->differ_given = PRESENCE_GIVEN;
}

static bool read_pass(struct request *request, struct db *db, const struct audit_query *query,
                      struct error *error, struct audit_reply *reply) {
  struct audit_summary summary;
  struct audit_entry *entries;
  uint64_t last_place;
  size_t limit = (size_t)query->limit;
  bool found;
  if (!audit_pass_find(db, query->pass_id, request->arena, error, &summary, &found)) return false;
  if (!found && query->pass_id != 0)
    return error_set(error, ERROR_NOT_FOUND, "There is no such pass, or it is no audit that is done.");
  if (!found) {
    reply->as_of_given = PRESENCE_NULL;
    reply->message = "There was no audit yet; refresh=1 has one made.";
    return true;
  }
  take_summary(&summary, reply);
  if (!audit_pass_page(db, summary.pass_id, query->after, limit, request->arena, error, &entries,
                       &reply->entries.count, &last_place))
    return false;
  reply->entries.items = entries;
  if (reply->entries.count == limit) {
    reply->next_after = last_place;
    reply->next_after_given = PRESENCE_GIVEN;
  }
  return true;
}

static bool read_audit(struct request *request, const struct audit_query *query, struct error *error,
                       struct audit_reply *reply) {
  CLEANUP(request_lease_end) struct request_lease lease = {.request = request};
  reply->next_after_given = PRESENCE_NULL;
  if (!request_borrow(request, error, &lease)) return false;
  return query->user_id_given == PRESENCE_GIVEN ? read_one(request, lease.db, query->user_id, error, reply)
                                                : read_pass(request, lease.db, query, error, reply);
}

static bool refresh(struct request *request, struct error *error, struct audit_reply *reply) {
  struct job_order order = {.kind = "audit", .priority = 5, .dedupe_key = "audit:refresh"};
  if (!job_accept(request, &order, error, &reply->job_id)) return false;
  reply->job_id_given = PRESENCE_GIVEN;
  reply->message = "A new audit is being made.";
  return true;
}

static bool add_number(struct request *request, const char *header, uint64_t number, struct error *error) {
  const char *text = arena_printf(request->arena, "%" PRIu64, number);
  if (text == NULL) return error_set_memory(error);
  request_add_header(request, header, text);
  return true;
}

static bool answer_csv(struct request *request, const struct audit_reply *reply, struct error *error) {
  if (reply->pass_id_given == PRESENCE_GIVEN && !add_number(request, "X-Pass-Id", reply->pass_id, error))
    return false;
  if (reply->next_after_given == PRESENCE_GIVEN &&
      !add_number(request, "X-Next-After", reply->next_after, error))
    return false;
  request->reply_type = "text/csv; charset=utf-8";
  audit_write_csv(reply->entries.items, reply->entries.count, &request->reply);
  return true;
}

static bool handle_audit(struct request *request, const void *query_struct, const void *body,
                         void *reply_struct, struct error *error) {
  const struct audit_query *query = query_struct;
  struct audit_reply *reply = reply_struct;
  (void)body;
  if (!read_audit(request, query, error, reply)) return false;
  if (query->refresh && query->user_id_given != PRESENCE_GIVEN && !refresh(request, error, reply))
    return false;
  bool wants_csv = request->accept != NULL && strstr(request->accept, "text/csv") != NULL;
  return !wants_csv || answer_csv(request, reply, error);
}

static const struct endpoint rows[] = {
    {.method = "GET",
     .path = "/api/admin/audit",
     .role = ROLE_ADMIN,
     .flags = ENDPOINT_WRITES_REPLY | ENDPOINT_MAY_DEFER,
     .query = &audit_query_schema,
     .reply = &audit_reply_schema,
     .reply_type = "text/csv",
     .handle = handle_audit,
     .tag = "Administration",
     .summary = "Columns beside document, as of the last pass; as CSV by Accept: text/csv"},
};
const struct endpoint_table learner_audit_endpoints = ENDPOINT_TABLE(rows);
