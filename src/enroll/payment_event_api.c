/* What administrators see of the payment provider's events. */
#include "enroll/payment.h"
#include "enroll/payment_api.h"
#include "enroll/payment_list.h"
#include "queries/payment.h"

#include "base/banned.h"

struct events_query {
  int outcome; /* enum payment_outcome */
  enum presence outcome_given;
  bool waiting;
  const char *subject;
  uint64_t user_id;
  enum presence user_given;
  const char *event_id;
  uint64_t limit;
  uint64_t after;
};

struct event_item {
  uint64_t id;
  const char *event_id;
  const char *type;
  const char *subject;
  uint64_t user_id;
  enum presence user_given;
  const char *outcome;
  const char *why;
  uint64_t replays;
  int64_t created_at_ms;
  int64_t received_at_ms;
  int64_t processed_at_ms;
  enum presence processed_given;
  const char *payload;
};

struct events_reply {
  struct field_list events; /* struct event_item */
  uint64_t next_after;
  enum presence next_after_given;
};

static const struct field events_query_fields[] = {
    FIELD_ENUM(struct events_query, "outcome", outcome, .names = payment_outcome_names,
               .presence = PRESENCE(struct events_query, outcome_given),
               .summary = "Only those that came to this."),
    FIELD_BOOL(struct events_query, "waiting", waiting,
               .summary = "Only those that wait for somebody, whatever for; instead of outcome."),
    FIELD_TEXT(struct events_query, "subject", subject, .minimum = 1, .maximum = PAYMENT_REF_MAX,
               .summary = "Only those of this payment intent or subscription; instead of what stands above."),
    FIELD_UINT(struct events_query, "userId", user_id, .presence = PRESENCE(struct events_query, user_given),
               .minimum = 1, .maximum = INT64_MAX, .summary = "Only those of this learner; likewise."),
    FIELD_TEXT(struct events_query, "eventId", event_id, .minimum = 1, .maximum = PAYMENT_EVENT_ID_MAX,
               .summary = "Only the one that the provider calls so, with what was received."),
    FIELD_UINT(struct events_query, "limit", limit, .minimum = 1, .maximum = PAYMENT_PAGE_MAX,
               .default_text = PAYMENT_PAGE_DEFAULT, .summary = "Events a page."),
    FIELD_UINT(struct events_query, "after", after, .maximum = INT64_MAX,
               .summary = "Go on after this event: the nextAfter of the page before."),
};
static const struct schema events_query_schema =
    SCHEMA("WebhookEventsQuery", struct events_query, events_query_fields, .summary = "Which events.");

static const struct field event_fields[] = {
    FIELD_UINT(struct event_item, "id", id, .flags = FIELD_REQUIRED, .summary = "To replay it by."),
    FIELD_TEXT(struct event_item, "eventId", event_id, .flags = FIELD_REQUIRED,
               .summary = "What the provider calls it."),
    FIELD_TEXT(struct event_item, "type", type, .flags = FIELD_REQUIRED, .summary = "What happened."),
    FIELD_TEXT(struct event_item, "subject", subject, .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .summary = "The payment intent or subscription that it tells of."),
    FIELD_UINT(struct event_item, "userId", user_id, .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .presence = PRESENCE(struct event_item, user_given), .summary = "The learner."),
    FIELD_TEXT(struct event_item, "outcome", outcome, .flags = FIELD_REQUIRED,
               .summary = "applied, unchanged and ignored need nobody; the others do."),
    FIELD_TEXT(struct event_item, "error", why, .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .summary = "What the outcome rests on."),
    FIELD_UINT(struct event_item, "replays", replays, .flags = FIELD_REQUIRED,
               .summary = "How often it was processed again."),
    FIELD_TIME(struct event_item, "createdAt", created_at_ms, .flags = FIELD_REQUIRED,
               .summary = "By the provider's clock."),
    FIELD_TIME(struct event_item, "receivedAt", received_at_ms, .flags = FIELD_REQUIRED,
               .summary = "When it first came here."),
    FIELD_TIME(struct event_item, "processedAt", processed_at_ms, .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .presence = PRESENCE(struct event_item, processed_given),
               .summary = "When that was done which could be done; null while it waits for somebody."),
    FIELD_TEXT(struct event_item, "payload", payload,
               .summary = "The body as received; only where one event is asked for by eventId."),
};
static const struct schema event_schema =
    SCHEMA("WebhookEvent", struct event_item, event_fields, .summary = "An event of the provider.");

static const struct field events_fields[] = {
    FIELD_LIST(struct events_reply, "events", events, .object = &event_schema, .flags = FIELD_REQUIRED,
               .maximum = PAYMENT_PAGE_MAX, .summary = "Newest first."),
    FIELD_UINT(struct events_reply, "nextAfter", next_after, .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .presence = PRESENCE(struct events_reply, next_after_given),
               .summary = "Where the next page goes on; null at the end."),
};
static const struct schema events_schema =
    SCHEMA("WebhookEvents", struct events_reply, events_fields, .summary = "A page of events.");

static struct event_item event_of(const struct payment_event_rows_row *row) {
  return (struct event_item){.id = row->id,
                             .event_id = row->event_id,
                             .type = row->type,
                             .subject = row->subject,
                             .user_id = row->user_id,
                             .user_given = payment_list_given(row->user_id_is_null),
                             .outcome = row->outcome,
                             .why = row->error,
                             .replays = row->replays,
                             .created_at_ms = row->created_at,
                             .received_at_ms = row->received_at,
                             .processed_at_ms = row->processed_at,
                             .processed_given = payment_list_given(row->processed_at_is_null)};
}

/* One, with its payload. */
static bool find_event(struct db *db, const char *event_id, struct arena *arena, struct error *error,
                       struct payment_event_rows_row **ret_rows, size_t *ret_count,
                       const char **ret_payload) {
  struct payment_event_rows_params id;
  struct payment_event_stored_params stored;
  struct payment_event_stored_row row;
  bool found;
  if (!payment_find(db, event_id, arena, error, &id.id)) return false;
  stored.id = id.id;
  if (!payment_event_stored(db, &stored, arena, error, &row, &found)) return false;
  if (!found) return error_set(error, ERROR_NOT_FOUND, "There is no such event.");
  *ret_payload = row.payload;
  return payment_event_rows(db, &id, 1, arena, PAYMENT_PAGE_MAX, error, ret_rows, ret_count);
}

PAYMENT_SAME_ID(payment_event_ids, payment_event_rows);
PAYMENT_SAME_ID(payment_event_ids_of, payment_event_rows);
PAYMENT_SAME_ID(payment_event_ids_of_subject, payment_event_rows);
PAYMENT_SAME_ID(payment_event_ids_of_learner, payment_event_rows);

/* Of one outcome, or of all that wait. */
static bool find_outcomes(struct db *db, const struct events_query *query, struct arena *arena,
                          struct error *error, struct payment_event_ids_of_row **ret_ids, size_t *ret_count) {
  struct payment_event_ids_of_params outcomes[PAYMENT_UNREADABLE - PAYMENT_MISMATCH + 1];
  size_t count = 0;
  for (int at = query->waiting ? PAYMENT_MISMATCH : query->outcome;
       count == 0 || (query->waiting && at <= PAYMENT_UNREADABLE); at++)
    outcomes[count++] = (struct payment_event_ids_of_params){.outcome = payment_outcome_names[at],
                                                             .before = payment_list_before(query->after),
                                                             .limit_rows = query->limit + 1};
  return payment_event_ids_of(db, outcomes, count, arena, PAYMENT_PAGE_MAX + 1, error, ret_ids, ret_count);
}

static bool find_ids(struct db *db, const struct events_query *query, struct arena *arena,
                     struct error *error, void **ret_ids, size_t *ret_count) {
  uint64_t before = payment_list_before(query->after);
  struct payment_event_ids_params all = {.before = before, .limit_rows = query->limit + 1};
  struct payment_event_ids_of_subject_params of_subject = {
      .subject = query->subject, .before = before, .limit_rows = query->limit + 1};
  struct payment_event_ids_of_learner_params of_learner = {
      .user_id = query->user_id, .before = before, .limit_rows = query->limit + 1};
  struct payment_event_ids_of_row *of_outcomes;
  if (query->subject != NULL)
    return db_run_all(db, &payment_event_ids_of_subject_statement, &of_subject, arena, PAYMENT_PAGE_MAX + 1,
                      error, ret_ids, ret_count);
  if (query->user_given == PRESENCE_GIVEN)
    return db_run_all(db, &payment_event_ids_of_learner_statement, &of_learner, arena, PAYMENT_PAGE_MAX + 1,
                      error, ret_ids, ret_count);
  if (!query->waiting && query->outcome_given != PRESENCE_GIVEN)
    return db_run_all(db, &payment_event_ids_statement, &all, arena, PAYMENT_PAGE_MAX + 1, error, ret_ids,
                      ret_count);
  if (!find_outcomes(db, query, arena, error, &of_outcomes, ret_count)) return false;
  *ret_ids = of_outcomes;
  return true;
}

static bool find_events(struct db *db, const struct events_query *query, struct arena *arena,
                        struct error *error, struct payment_event_rows_row **ret_rows, size_t *ret_count) {
  void *ids;
  size_t count;
  return find_ids(db, query, arena, error, &ids, &count) &&
         payment_event_rows(db, ids, count, arena, PAYMENT_PAGE_MAX + 1, error, ret_rows, ret_count);
}

static bool handle_events(struct request *request, const void *query_struct, const void *body,
                          void *reply_struct, struct error *error) {
  CLEANUP(request_lease_end) struct request_lease lease = {.request = request};
  const struct events_query *query = query_struct;
  struct events_reply *reply = reply_struct;
  struct payment_event_rows_row *found;
  const char *payload = NULL;
  size_t count = 0;
  (void)body;
  if (!request_borrow(request, error, &lease)) return false;
  bool done = query->event_id == NULL
                  ? find_events(lease.db, query, request->arena, error, &found, &count)
                  : find_event(lease.db, query->event_id, request->arena, error, &found, &count, &payload);
  if (!done) return false;
  reply->next_after_given = count > query->limit ? PRESENCE_GIVEN : PRESENCE_NULL;
  if (count > query->limit) count = (size_t)query->limit;
  if (count > 0) reply->next_after = found[count - 1].id;
  struct event_item *items = arena_alloc_array(request->arena, count, sizeof *items);
  if (items == NULL && count > 0) return error_set_memory(error);
  for (size_t at = 0; at < count; at++)
    items[at] = event_of(&found[at]);
  if (payload != NULL && count > 0) items[0].payload = payload;
  reply->events = (struct field_list){.items = items, .count = count};
  return true;
}

static const struct endpoint rows[] = {
    {.method = "GET",
     .path = "/api/admin/webhook-events",
     .role = ROLE_ADMIN,
     .query = &events_query_schema,
     .reply = &events_schema,
     .handle = handle_events,
     .tag = "Payments",
     .summary = "The events of the payment provider and what became of them, newest first."},
};
const struct endpoint_table payment_event_endpoints = ENDPOINT_TABLE(rows);
