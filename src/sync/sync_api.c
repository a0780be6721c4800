/* /api/sync/validate and /api/sync/auto-fix. */
#include "job/job_accept.h"
#include "rule/pass.h"
#include "sync/sync.h"
#include "sync/sync_act.h"
#include "sync/sync_pass.h"

#include "base/banned.h"

/* --- GET /api/sync/validate ---------------------------------------------------------------------- */

struct validate_query {
  uint64_t user_id;
  enum presence user_given;
  bool refresh;
};

static const struct field query_fields[] = {
    FIELD_UINT(struct validate_query, "userId", user_id, .flags = FIELD_USER,
               .presence = PRESENCE(struct validate_query, user_given), .minimum = 1, .maximum = INT64_MAX,
               .summary = "Only this learner, as things stand now."),
    FIELD_BOOL(struct validate_query, "refresh", refresh,
               .summary = "Also begin a new pass over everybody: 202 with its job."),
};
static const struct schema query_schema =
    SCHEMA("ValidateQuery", struct validate_query, query_fields, .summary = "About whom.");

static bool validate_one(struct request *request, struct db *db, uint64_t user_id, struct error *error,
                         struct sync_pass *reply) {
  struct repair_engine engine = sync_engine(request);
  struct sync_pauses pauses;
  struct pass_summary pass;
  if (!sync_pauses_read(db, request->arena, error, &pauses) ||
      !pass_look(&engine, db, user_id, request->arena, error, &pass) ||
      !sync_pass_take(engine.set, &pass, &pauses, request->arena, error, reply))
    return false;
  reply->as_of_ms = request->now_ms;
  reply->user_id = user_id;
  reply->user_given = PRESENCE_GIVEN;
  reply->message =
      pass.learners_in_breach == 0 ? "This learner breaks no rule." : "This learner breaks rules.";
  return true;
}

static bool validate_all(struct request *request, struct db *db, struct error *error,
                         struct sync_pass *reply) {
  struct repair_engine engine = sync_engine(request);
  struct sync_pauses pauses;
  struct pass_summary pass;
  bool found;
  if (!sync_pauses_read(db, request->arena, error, &pauses) ||
      !pass_read_last(&engine, db, PASS_VALIDATE, request->arena, error, &pass, &found) ||
      !sync_pass_take(engine.set, found ? &pass : NULL, &pauses, request->arena, error, reply))
    return false;
  if (!found)
    reply->message = "No pass has run yet. One runs every hour, or at once with ?refresh=1.";
  else
    reply->message =
        pass.learners_in_breach == 0 ? "As of the last pass, nobody breaks a rule." : "As of the last pass.";
  return true;
}

static bool handle_validate(struct request *request, const void *query_struct, const void *body,
                            void *reply_struct, struct error *error) {
  const struct validate_query *query = query_struct;
  struct sync_pass *reply = reply_struct;
  bool is_one = query->user_given == PRESENCE_GIVEN;
  (void)body;
  {
    CLEANUP(request_lease_end) struct request_lease lease = {.request = request};
    if (!request_borrow(request, error, &lease)) return false;
    if (!(is_one ? validate_one(request, lease.db, query->user_id, error, reply)
                 : validate_all(request, lease.db, error, reply)))
      return false;
  }
  if (is_one || !query->refresh) return true;
  static const struct job_order pass = {.kind = "validate", .priority = 5, .dedupe_key = "validate:refresh"};
  if (!job_accept(request, &pass, error, &reply->job_id)) return false;
  reply->job_given = PRESENCE_GIVEN;
  return true;
}

/* --- POST /api/sync/auto-fix --------------------------------------------------------------------- */

static bool decide(struct request *request, const struct sync_order *order, struct error *error,
                   struct sync_task *ret_task) {
  CLEANUP(request_lease_end) struct request_lease lease = {.request = request};
  struct repair_engine engine = sync_engine(request);
  if (!request_borrow(request, error, &lease)) return false;
  return sync_task_fix(&engine, lease.db, order, request->arena, error, ret_task);
}

static bool handle_fix(struct request *request, const void *query, const void *body, void *reply,
                       struct error *error) {
  struct sync_task task;
  (void)query;
  return decide(request, body, error, &task) && sync_act(request, &task, error, reply);
}

static const struct endpoint rows[] = {
    {.method = "GET",
     .path = "/api/sync/validate",
     .role = ROLE_ADMIN,
     .flags = ENDPOINT_MAY_DEFER,
     .query = &query_schema,
     .reply = &sync_pass_schema,
     .handle = handle_validate,
     .tag = "Consistency",
     .summary = "What holds and what does not: of all as of the last pass, of one learner now."},
    {.method = "POST",
     .path = "/api/sync/auto-fix",
     .role = ROLE_ADMIN,
     .flags = ENDPOINT_MAY_DEFER,
     .body = &sync_fix_body_schema,
     .reply = &sync_act_schema,
     .handle = handle_fix,
     .tag = "Consistency",
     .summary = "Repairs, or plans what would be repaired, or applies a plan: one learner at once, everybody "
                "by a job."},
};
const struct endpoint_table sync_endpoints = ENDPOINT_TABLE(rows);
