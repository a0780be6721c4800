#include "event/event_api.h"

#include "event/conflict_api.h"
#include "event/event_read.h"
#include "event/intake.h"
#include "http/metrics.h"
#include "http/request.h"
#include "schema/encode.h"

#include "base/banned.h"

/* Of one event, the result alone; of several, a list of them. */
static void answer(struct request *request, const struct event_submission *body,
                   const struct event_submitted *submitted) {
  const struct event_result *results = submitted->results.items;
  request->db_ns += submitted->db_ns;
  for (size_t at = 0; request->app->metrics != NULL && at < submitted->results.count; at++)
    metrics_count_event(request->app->metrics, results[at].status);
  if (!submitted->success) request->status = 207;
  if (body->events_given == PRESENCE_GIVEN)
    schema_encode_json(&event_submitted_schema, submitted, &request->reply);
  else
    schema_encode_json(&event_result_schema, submitted->results.items, &request->reply);
}

static bool name_operation(struct request *request, struct event_submit *submit, struct error *error) {
  const char *op_id;
  if (!request_op_id(request, "events", NULL, error, &op_id)) return false;
  submit->id_prefix = op_id;
  submit->op_id = submit->alone ? NULL : op_id;
  /* Without a key nobody will ever compare it. */
  return submit->op_id == NULL || event_hash_all(submit->bodies, submit->count, error, &submit->request_hash);
}

static bool handle_submit(struct request *request, const void *query, const void *body_struct, void *reply,
                          struct error *error) {
  struct event_submission body = *(const struct event_submission *)body_struct;
  struct event_host host = {
      .config = request->app->config, .zones = request->zones, .awards = request->app->awards};
  bool several = body.events_given == PRESENCE_GIVEN;
  struct event_submit submit = {.ledger = request->app->ledger,
                                .host = &host,
                                .user_id = request->principal.user_id,
                                .actor = request->principal.actor,
                                .bodies = several ? body.events.items : &body.one,
                                .count = several ? body.events.count : 1,
                                .alone = !several,
                                .arena = request->arena};
  struct event_submitted submitted;
  (void)query;
  (void)reply;
  if (!name_operation(request, &submit, error) || !event_submit(&submit, error, &submitted)) return false;
  answer(request, &body, &submitted);
  return true;
}

static bool handle_list(struct request *request, const void *query, const void *body, void *reply,
                        struct error *error) {
  (void)body;
  return event_read_list(request->snapshot, query, request->principal.user_id, conflict_shown_since(request),
                         request->arena, error, reply);
}

static bool handle_one(struct request *request, const void *query, const void *body, void *reply,
                       struct error *error) {
  (void)query;
  (void)body;
  return event_read_one(request->snapshot, request->principal.user_id, request->path_parts[0],
                        conflict_shown_since(request), request->arena, error, reply);
}

static const struct endpoint rows[] = {
    {.method = "POST",
     .path = "/api/progress-sync/events",
     .role = ROLE_STUDENT,
     .flags = ENDPOINT_NEEDS_LEARNER | ENDPOINT_SERVICE | ENDPOINT_IDEMPOTENT_KEY | ENDPOINT_BULK_BODY |
              ENDPOINT_MAY_MIX | ENDPOINT_WRITES_REPLY,
     .body = &event_submission_schema,
     .reply = &event_answer_schema,
     .handle = handle_submit,
     .tag = "Progress events",
     .summary = "Take in what a learner did, one event or several"},
    {.method = "GET",
     .path = "/api/progress-sync/events",
     .role = ROLE_STUDENT,
     .flags = ENDPOINT_FRESH | ENDPOINT_SERVICE,
     .query = &event_query_schema,
     .reply = &event_list_schema,
     .handle = handle_list,
     .tag = "Progress events",
     .summary = "The learner's events, as they came and as they count"},
    {.method = "GET",
     .path = "/api/progress-sync/events/{id}",
     .role = ROLE_STUDENT,
     .flags = ENDPOINT_FRESH | ENDPOINT_SERVICE,
     .reply = &event_view_schema,
     .handle = handle_one,
     .tag = "Progress events",
     .summary = "One of the learner's events"},
};
const struct endpoint_table event_endpoints = ENDPOINT_TABLE(rows);
