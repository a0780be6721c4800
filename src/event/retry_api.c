/* POST /api/progress-sync/events/reprocess. */
#include <inttypes.h>
#include <string.h>

#include "event/event.h"
#include "event/retry.h"
#include "http/request.h"
#include "queries/event.h"
#include "schema/encode.h"

#include "base/banned.h"

#define MS_PER_S 1000
#define PRIORITY 3
#define WAITING_MAX 10000 /* events that one call looks through */
#define PARAMS_BYTES ((size_t)256 * 1024)

enum strategy { STRATEGY_IMMEDIATE, STRATEGY_BACKOFF };
static const char *const strategy_names[] = {"immediate", "backoff", NULL};

struct reprocess_body {
  struct field_list event_ids; /* const char * */
  uint64_t user_id;
  int strategy; /* enum strategy */
};
static const struct field body_fields[] = {
    FIELD_LIST(struct reprocess_body, "eventIds", event_ids, .flags = FIELD_NULLABLE,
               .item_kind = FIELD_KIND_TEXT, .minimum = 1, .maximum = RETRY_EVENTS_MAX,
               .summary = "Which events; all that wait, when not sent."),
    FIELD_UINT(struct reprocess_body, "userId", user_id, .flags = FIELD_USER,
               .summary = "Only this learner's."),
    FIELD_ENUM(struct reprocess_body, "strategy", strategy, .names = strategy_names,
               .default_text = "immediate", .summary = "immediate: now; backoff: after events.retry_s."),
};
static const struct schema body_schema =
    SCHEMA("ReprocessEventsBody", struct reprocess_body, body_fields, .summary = "Events to be tried again.");

struct reprocess_reply {
  bool success;
  uint64_t events;
  uint64_t learners;
  uint64_t jobs;
};
static const struct field reply_fields[] = {
    FIELD_BOOL(struct reprocess_reply, "success", success, .flags = FIELD_REQUIRED,
               .summary = "Always true here."),
    FIELD_UINT(struct reprocess_reply, "events", events, .flags = FIELD_REQUIRED,
               .summary = "How many of them wait."),
    FIELD_UINT(struct reprocess_reply, "learners", learners, .flags = FIELD_REQUIRED,
               .summary = "Of how many learners."),
    FIELD_UINT(struct reprocess_reply, "jobs", jobs, .flags = FIELD_REQUIRED,
               .summary = "Jobs made for it, one a learner; fewer where one is under way already."),
};
static const struct schema reply_schema =
    SCHEMA("ReprocessEvents", struct reprocess_reply, reply_fields, .summary = "What is tried again.");

static bool is_wanted(const struct reprocess_body *body, const struct event_waiting_row *row) {
  const char *const *ids = body->event_ids.items;
  if (body->user_id != 0 && body->user_id != row->user_id) return false;
  if (body->event_ids.count == 0) return true;
  for (size_t at = 0; at < body->event_ids.count; at++)
    if (strcmp(ids[at], row->id) == 0) return true;
  return false;
}

static bool order_learner(struct request *request, struct db *db, const struct reprocess_body *body,
                          uint64_t user_id, struct error *error, struct reprocess_reply *reply) {
  CLEANUP(buffer_free) struct buffer params = BUFFER_INIT(PARAMS_BYTES);
  struct retry_order wanted = {.user_id = user_id, .forced = true, .event_ids = body->event_ids};
  uint64_t job_id;
  schema_encode_json(&retry_order_schema, &wanted, &params);
  if (params.failed) return error_set_memory(error);
  struct job_order order = {.kind = RETRY_KIND,
                            .params = params.data,
                            .priority = PRIORITY,
                            .run_at_ms =
                                body->strategy == STRATEGY_IMMEDIATE
                                    ? 0
                                    : request->now_ms + request->app->config->events.retry_s * MS_PER_S,
                            .dedupe_key = arena_printf(request->arena, "reprocess_events:%" PRIu64, user_id),
                            .created_by = request->principal.actor};
  if (order.dedupe_key == NULL) return error_set_memory(error);
  reply->learners++;
  if (job_enqueue(db, &order, request->arena, error, &job_id)) {
    reply->jobs++;
    return true;
  }
  if (error->code != ERROR_CONFLICT) return false;
  error_clear(error);
  return true;
}

static bool handle_reprocess(struct request *request, const void *query, const void *body_struct,
                             void *reply_struct, struct error *error) {
  const struct reprocess_body *body = body_struct;
  struct reprocess_reply *reply = reply_struct;
  CLEANUP(request_lease_end) struct request_lease lease = {.request = request};
  struct event_waiting_params params = {.limit_rows = WAITING_MAX};
  struct event_waiting_row *waiting;
  uint64_t last = 0;
  size_t count;
  (void)query;
  if (!request_borrow(request, error, &lease) ||
      !event_waiting(lease.db, &params, request->arena, WAITING_MAX, error, &waiting, &count))
    return false;
  for (size_t at = 0; at < count; at++) {
    if (!is_wanted(body, &waiting[at])) continue;
    reply->events++;
    if (waiting[at].user_id == last) continue;
    last = waiting[at].user_id;
    if (!order_learner(request, lease.db, body, last, error, reply)) return false;
  }
  reply->success = true;
  return reply->jobs == 0 || db_commit(lease.db, error);
}

static const struct endpoint rows[] = {
    {.method = "POST",
     .path = "/api/progress-sync/events/reprocess",
     .role = ROLE_ADMIN,
     .body = &body_schema,
     .reply = &reply_schema,
     .handle = handle_reprocess,
     .tag = "Progress events",
     .summary = "Have events whose processing failed tried again"},
};
const struct endpoint_table event_retry_endpoints = ENDPOINT_TABLE(rows);
