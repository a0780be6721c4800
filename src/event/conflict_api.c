#include "event/conflict_api.h"

#include <inttypes.h>

#include "base/clock.h"
#include "event/conflict_settle.h"
#include "http/entry.h"

#include "base/banned.h"

#define USER_DATA_BYTES 65536
#define DAY_MS INT64_C(86400000)

/* By whole days: the day is part of the tag, and so no reply changes when the rest is pruned, some days
 * later. */
int64_t conflict_shown_since(const struct request *request) {
  int64_t days = request->app->config->retention.conflicts_days;
  return days == 0 ? CLOCK_MIN_MS : (request->today - days) * DAY_MS;
}

static bool handle_list(struct request *request, const void *query, const void *body, void *reply,
                        struct error *error) {
  (void)body;
  return conflict_read_list(request->snapshot, query, request->principal.user_id,
                            conflict_shown_since(request), request->arena, error, reply);
}

static bool handle_preview(struct request *request, const void *query, const void *body, void *reply,
                           struct error *error) {
  uint64_t id;
  (void)query;
  (void)body;
  return request_path_id(request, 0, error, &id) &&
         conflict_read_preview(request->snapshot, request->principal.user_id, id, request->arena, error,
                               reply);
}

struct resolve_body {
  int type; /* enum resolution_type */
  const char *user_data;
};

static const struct field resolve_fields[] = {
    FIELD_ENUM(struct resolve_body, "resolutionType", type, .flags = FIELD_REQUIRED,
               .names = resolution_type_names, .summary = "Which of the four."),
    FIELD_JSON(struct resolve_body, "userData", user_data, .flags = FIELD_NULLABLE,
               .maximum = USER_DATA_BYTES,
               .summary = "For manual_review: the fields of eventData that you know better."),
};
static const struct schema resolve_schema = SCHEMA("ResolveConflictBody", struct resolve_body, resolve_fields,
                                                   .summary = "What is to be done about a conflict.");

/* Which conflict is said by the path: a key that was used for another one is no repeat. */
static bool handle_resolve(struct request *request, const void *query, const void *body_struct, void *reply,
                           struct error *error) {
  const struct resolve_body *body = body_struct;
  struct event_host host = {
      .config = request->app->config, .zones = request->zones, .awards = request->app->awards};
  struct conflict_choice choice = {
      .host = &host, .type = (enum resolution_type)body->type, .user_data = body->user_data};
  struct ledger_entry entry;
  (void)query;
  if (!request_path_id(request, 0, error, &choice.conflict_id)) return false;
  const char *what = arena_printf(request->arena, "conflict:%" PRIu64, choice.conflict_id);
  if (what == NULL) return error_set_memory(error);
  if (!entry_begin(request, &conflict_settle_kind, NULL, &resolve_schema, body, error, &entry) ||
      !ledger_hash(what, &resolve_schema, body, error, &entry.request_hash))
    return false;
  entry.input = &choice;
  entry.reply_schema = &conflict_settled_schema;
  entry.reply = reply;
  return ledger_run_one(request->app->ledger, &conflict_settle_kind, &entry, NULL, request->arena, error) &&
         entry_answer(request, &entry);
}

static const struct endpoint rows[] = {
    {.method = "GET",
     .path = "/api/progress-sync/conflicts",
     .role = ROLE_STUDENT,
     .flags = ENDPOINT_FRESH,
     .query = &conflict_query_schema,
     .reply = &conflict_list_schema,
     .handle = handle_list,
     .tag = "Progress events",
     .summary = "Events that contradict each other; by default those that wait for the learner"},
    {.method = "GET",
     .path = "/api/progress-sync/conflicts/{id}/preview",
     .role = ROLE_STUDENT,
     .flags = ENDPOINT_FRESH,
     .reply = &conflict_preview_schema,
     .handle = handle_preview,
     .tag = "Progress events",
     .summary = "What each of the four resolutions would make of a conflict"},
    {.method = "POST",
     .path = "/api/progress-sync/conflicts/{id}/resolve",
     .role = ROLE_STUDENT,
     .flags = ENDPOINT_NEEDS_LEARNER | ENDPOINT_IDEMPOTENT_KEY | ENDPOINT_WRITES_REPLY,
     .body = &resolve_schema,
     .reply = &conflict_settled_schema,
     .handle = handle_resolve,
     .tag = "Progress events",
     .summary = "Decide a conflict"},
};
const struct endpoint_table conflict_endpoints = ENDPOINT_TABLE(rows);
