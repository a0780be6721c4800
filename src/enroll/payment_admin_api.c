/* What administrators see of payments and of the provider's events. */
#include "enroll/payment.h"
#include "enroll/payment_api.h"
#include "enroll/payment_state.h"
#include "queries/payment.h"

#include "base/banned.h"

#define PAGE_MAX 200
#define PAGE_DEFAULT "50"

/* `after` is the last id of the page before; ids fall. */
static uint64_t before_id(uint64_t after) { return after == 0 ? INT64_MAX : after; }

/* --- GET /api/admin/payments ---------------------------------------------------------------------- */

struct payments_query {
  uint64_t user_id;
  enum presence user_given;
  bool mismatch;
  uint64_t limit;
  uint64_t after;
};

struct payment_item {
  uint64_t id;
  const char *provider;
  const char *provider_ref;
  uint64_t user_id;
  enum presence user_given;
  uint64_t course_id;
  enum presence course_given;
  int64_t amount_cents;
  enum presence amount_given;
  const char *currency;
  int64_t refunded_cents;
  const char *status;
  bool mismatch;
  int64_t granted_at_ms;
  enum presence granted_given;
  int64_t revoked_at_ms;
  enum presence revoked_given;
  int64_t created_at_ms;
  int64_t updated_at_ms;
};

struct payments_reply {
  struct field_list payments; /* struct payment_item */
  uint64_t next_after;
  enum presence next_after_given;
};

static const struct field payments_query_fields[] = {
    FIELD_UINT(struct payments_query, "userId", user_id,
               .presence = PRESENCE(struct payments_query, user_given), .minimum = 1, .maximum = INT64_MAX,
               .summary = "Only of this learner."),
    FIELD_BOOL(struct payments_query, "mismatch", mismatch,
               .summary = "Only those that are not what they should be; not together with userId."),
    FIELD_UINT(struct payments_query, "limit", limit, .minimum = 1, .maximum = PAGE_MAX,
               .default_text = PAGE_DEFAULT, .summary = "Payments a page."),
    FIELD_UINT(struct payments_query, "after", after, .maximum = INT64_MAX,
               .summary = "Go on after this payment: the nextAfter of the page before."),
};
static const struct schema payments_query_schema =
    SCHEMA("PaymentsQuery", struct payments_query, payments_query_fields, .summary = "Which payments.");

static const struct field payment_fields[] = {
    FIELD_UINT(struct payment_item, "id", id, .flags = FIELD_REQUIRED, .summary = "The payment."),
    FIELD_TEXT(struct payment_item, "provider", provider, .flags = FIELD_REQUIRED, .summary = "stripe"),
    FIELD_TEXT(struct payment_item, "providerRef", provider_ref, .flags = FIELD_REQUIRED,
               .summary = "The payment intent."),
    FIELD_UINT(struct payment_item, "userId", user_id, .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .presence = PRESENCE(struct payment_item, user_given),
               .summary = "Whose; null while nothing says so, or when the learner is gone."),
    FIELD_UINT(struct payment_item, "courseId", course_id, .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .presence = PRESENCE(struct payment_item, course_given),
               .summary = "What for; null likewise."),
    FIELD_INT(struct payment_item, "amountCents", amount_cents, .flags = FIELD_REQUIRED | FIELD_NULLABLE,
              .presence = PRESENCE(struct payment_item, amount_given),
              .summary = "What was paid, in the currency's smallest unit."),
    FIELD_TEXT(struct payment_item, "currency", currency, .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .summary = "Three letters."),
    FIELD_INT(struct payment_item, "refundedCents", refunded_cents, .flags = FIELD_REQUIRED,
              .summary = "What of it was paid back."),
    FIELD_TEXT(struct payment_item, "status", status, .flags = FIELD_REQUIRED,
               .summary = "pending, paid, failed, or refunded (in full)."),
    FIELD_BOOL(struct payment_item, "mismatch", mismatch, .flags = FIELD_REQUIRED,
               .summary = "What was paid is not the course's price, so that it enrols nobody."),
    FIELD_TIME(struct payment_item, "grantedAt", granted_at_ms, .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .presence = PRESENCE(struct payment_item, granted_given), .summary = "When it enrolled."),
    FIELD_TIME(struct payment_item, "revokedAt", revoked_at_ms, .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .presence = PRESENCE(struct payment_item, revoked_given),
               .summary = "When its refund took that back."),
    FIELD_TIME(struct payment_item, "createdAt", created_at_ms, .flags = FIELD_REQUIRED,
               .summary = "When it was first told of."),
    FIELD_TIME(struct payment_item, "updatedAt", updated_at_ms, .flags = FIELD_REQUIRED,
               .summary = "When it last changed."),
};
static const struct schema payment_schema =
    SCHEMA("Payment", struct payment_item, payment_fields, .summary = "A payment.");

static const struct field payments_fields[] = {
    FIELD_LIST(struct payments_reply, "payments", payments, .object = &payment_schema,
               .flags = FIELD_REQUIRED, .maximum = PAGE_MAX, .summary = "Newest first."),
    FIELD_UINT(struct payments_reply, "nextAfter", next_after, .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .presence = PRESENCE(struct payments_reply, next_after_given),
               .summary = "Where the next page goes on; null at the end."),
};
static const struct schema payments_schema =
    SCHEMA("Payments", struct payments_reply, payments_fields, .summary = "A page of payments.");

static enum presence given_unless(bool is_null) { return is_null ? PRESENCE_NULL : PRESENCE_GIVEN; }

static struct payment_item item_of(const struct payment_rows_row *row) {
  return (struct payment_item){.id = row->id,
                               .provider = row->provider,
                               .provider_ref = row->provider_ref,
                               .user_id = row->user_id,
                               .user_given = given_unless(row->user_id_is_null),
                               .course_id = row->course_id,
                               .course_given = given_unless(row->course_id_is_null),
                               .amount_cents = row->amount_cents,
                               .amount_given = given_unless(row->amount_cents_is_null),
                               .currency = row->currency,
                               .refunded_cents = row->refunded_cents,
                               .status = row->status,
                               .mismatch = row->mismatch,
                               .granted_at_ms = row->granted_at,
                               .granted_given = given_unless(row->granted_at_is_null),
                               .revoked_at_ms = row->revoked_at,
                               .revoked_given = given_unless(row->revoked_at_is_null),
                               .created_at_ms = row->created_at,
                               .updated_at_ms = row->updated_at};
}

/* The lists differ in which ids they have; each row is read by its id. */
#define SAME_ID(ids, rows) \
  _Static_assert(sizeof(struct ids##_row) == sizeof(struct rows##_params) && \
                     offsetof(struct ids##_row, id) == offsetof(struct rows##_params, id), \
                 "a row of ids is a row of parameters")
SAME_ID(payment_ids, payment_rows);
SAME_ID(payment_ids_of_learner, payment_rows);
SAME_ID(payment_ids_mismatched, payment_rows);
SAME_ID(payment_event_ids, payment_event_rows);
SAME_ID(payment_event_ids_of, payment_event_rows);

static bool find_payments(struct db *db, const struct payments_query *query, struct arena *arena,
                          struct error *error, struct payment_rows_row **ret_rows, size_t *ret_count) {
  uint64_t before = before_id(query->after);
  struct payment_ids_params all = {.before = before, .limit_rows = query->limit};
  struct payment_ids_of_learner_params own = {
      .user_id = query->user_id, .before = before, .limit_rows = query->limit};
  struct payment_ids_mismatched_params odd = {.before = before, .limit_rows = query->limit};
  void *ids;
  size_t count;
  bool done;
  if (query->user_given == PRESENCE_GIVEN)
    done = db_run_all(db, &payment_ids_of_learner_statement, &own, arena, PAGE_MAX, error, &ids, &count);
  else if (query->mismatch)
    done = db_run_all(db, &payment_ids_mismatched_statement, &odd, arena, PAGE_MAX, error, &ids, &count);
  else
    done = db_run_all(db, &payment_ids_statement, &all, arena, PAGE_MAX, error, &ids, &count);
  return done && payment_rows(db, ids, count, arena, PAGE_MAX, error, ret_rows, ret_count);
}

static bool handle_payments(struct request *request, const void *query_struct, const void *body,
                            void *reply_struct, struct error *error) {
  CLEANUP(request_lease_end) struct request_lease lease = {.request = request};
  const struct payments_query *query = query_struct;
  struct payments_reply *reply = reply_struct;
  struct payment_rows_row *found;
  size_t count = 0;
  (void)body;
  if (!request_borrow(request, error, &lease) ||
      !find_payments(lease.db, query, request->arena, error, &found, &count))
    return false;
  struct payment_item *items = arena_alloc_array(request->arena, count, sizeof *items);
  if (items == NULL && count > 0) return error_set_memory(error);
  for (size_t at = 0; at < count; at++)
    items[at] = item_of(&found[at]);
  reply->payments = (struct field_list){.items = items, .count = count};
  reply->next_after_given = count == query->limit ? PRESENCE_GIVEN : PRESENCE_NULL;
  if (count > 0) reply->next_after = items[count - 1].id;
  return true;
}

/* --- GET /api/admin/webhook-events ---------------------------------------------------------------- */

struct events_query {
  int outcome; /* enum payment_outcome */
  enum presence outcome_given;
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
    FIELD_TEXT(struct events_query, "eventId", event_id, .minimum = 1, .maximum = PAYMENT_EVENT_ID_MAX,
               .summary = "Only the one that the provider calls so, with what was received."),
    FIELD_UINT(struct events_query, "limit", limit, .minimum = 1, .maximum = PAGE_MAX,
               .default_text = PAGE_DEFAULT, .summary = "Events a page."),
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
               .maximum = PAGE_MAX, .summary = "Newest first."),
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
                             .user_given = given_unless(row->user_id_is_null),
                             .outcome = row->outcome,
                             .why = row->error,
                             .replays = row->replays,
                             .created_at_ms = row->created_at,
                             .received_at_ms = row->received_at,
                             .processed_at_ms = row->processed_at,
                             .processed_given = given_unless(row->processed_at_is_null)};
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
  return payment_event_rows(db, &id, 1, arena, PAGE_MAX, error, ret_rows, ret_count);
}

static bool find_events(struct db *db, const struct events_query *query, struct arena *arena,
                        struct error *error, struct payment_event_rows_row **ret_rows, size_t *ret_count) {
  uint64_t before = before_id(query->after);
  struct payment_event_ids_params all = {.before = before, .limit_rows = query->limit};
  struct payment_event_ids_of_params some = {.before = before, .limit_rows = query->limit};
  void *ids;
  size_t count;
  bool done;
  if (query->outcome_given == PRESENCE_GIVEN) {
    some.outcome = payment_outcome_names[query->outcome];
    done = db_run_all(db, &payment_event_ids_of_statement, &some, arena, PAGE_MAX, error, &ids, &count);
  } else {
    done = db_run_all(db, &payment_event_ids_statement, &all, arena, PAGE_MAX, error, &ids, &count);
  }
  return done && payment_event_rows(db, ids, count, arena, PAGE_MAX, error, ret_rows, ret_count);
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
  struct event_item *items = arena_alloc_array(request->arena, count, sizeof *items);
  if (items == NULL && count > 0) return error_set_memory(error);
  for (size_t at = 0; at < count; at++)
    items[at] = event_of(&found[at]);
  if (payload != NULL && count > 0) items[0].payload = payload;
  reply->events = (struct field_list){.items = items, .count = count};
  bool is_full = query->event_id == NULL && count == query->limit;
  reply->next_after_given = is_full ? PRESENCE_GIVEN : PRESENCE_NULL;
  if (count > 0) reply->next_after = items[count - 1].id;
  return true;
}

static const struct endpoint rows[] = {
    {.method = "GET",
     .path = "/api/admin/payments",
     .role = ROLE_ADMIN,
     .query = &payments_query_schema,
     .reply = &payments_schema,
     .handle = handle_payments,
     .tag = "Payments",
     .summary = "The payments, newest first."},
    {.method = "GET",
     .path = "/api/admin/webhook-events",
     .role = ROLE_ADMIN,
     .query = &events_query_schema,
     .reply = &events_schema,
     .handle = handle_events,
     .tag = "Payments",
     .summary = "The events of the payment provider and what became of them, newest first."},
};
const struct endpoint_table payment_admin_endpoints = ENDPOINT_TABLE(rows);
