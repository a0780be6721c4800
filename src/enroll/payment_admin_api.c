/* What administrators see of payments. */
#include "enroll/payment.h"
#include "enroll/payment_api.h"
#include "enroll/payment_list.h"
#include "enroll/payment_state.h"
#include "queries/payment.h"

#include "base/banned.h"

/* --- GET /api/admin/payments ---------------------------------------------------------------------- */

struct payments_query {
  uint64_t user_id;
  enum presence user_given;
  uint64_t course_id;
  enum presence course_given;
  int status; /* enum payment_status */
  enum presence status_given;
  bool mismatch;
  const char *ref;
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
  int64_t erased_at_ms;
  enum presence erased_given;
  int64_t updated_at_ms;
  const char *course_title;
  uint64_t price_cents;
  enum presence price_given;
  const char *price_currency;
};

struct payments_reply {
  struct field_list payments; /* struct payment_item */
  uint64_t next_after;
  enum presence next_after_given;
};

static const struct field payments_query_fields[] = {
    FIELD_UINT(struct payments_query, "userId", user_id, .flags = FIELD_USER,
               .presence = PRESENCE(struct payments_query, user_given), .minimum = 1, .maximum = INT64_MAX,
               .summary = "Only of this learner."),
    FIELD_UINT(struct payments_query, "courseId", course_id,
               .presence = PRESENCE(struct payments_query, course_given), .minimum = 1, .maximum = INT64_MAX,
               .summary = "Only for this course."),
    FIELD_ENUM(struct payments_query, "status", status, .names = payment_status_names,
               .presence = PRESENCE(struct payments_query, status_given),
               .summary = "Only those that came to this."),
    FIELD_BOOL(struct payments_query, "mismatch", mismatch,
               .summary = "Only those whose amount or currency is not the course's."),
    FIELD_TEXT(struct payments_query, "providerRef", ref, .minimum = 1, .maximum = PAYMENT_REF_MAX,
               .summary = "Only the one of this payment intent."),
    FIELD_UINT(struct payments_query, "limit", limit, .minimum = 1, .maximum = PAYMENT_PAGE_MAX,
               .default_text = PAYMENT_PAGE_DEFAULT, .summary = "Payments a page."),
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
    FIELD_TEXT(struct payment_item, "courseTitle", course_title, .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .summary = "The course's."),
    FIELD_UINT(struct payment_item, "priceCents", price_cents, .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .presence = PRESENCE(struct payment_item, price_given),
               .summary = "What the course costs today, to hold against what was paid."),
    FIELD_TEXT(struct payment_item, "priceCurrency", price_currency, .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .summary = "In what."),
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
    FIELD_TIME(struct payment_item, "erasedAt", erased_at_ms, .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .presence = PRESENCE(struct payment_item, erased_given),
               .summary = "When its learner was deleted."),
    FIELD_TIME(struct payment_item, "createdAt", created_at_ms, .flags = FIELD_REQUIRED,
               .summary = "When it was first told of."),
    FIELD_TIME(struct payment_item, "updatedAt", updated_at_ms, .flags = FIELD_REQUIRED,
               .summary = "When it last changed."),
};
static const struct schema payment_schema =
    SCHEMA("Payment", struct payment_item, payment_fields, .summary = "A payment.");

static const struct field payments_fields[] = {
    FIELD_LIST(struct payments_reply, "payments", payments, .object = &payment_schema,
               .flags = FIELD_REQUIRED, .maximum = PAYMENT_PAGE_MAX, .summary = "Newest first."),
    FIELD_UINT(struct payments_reply, "nextAfter", next_after, .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .presence = PRESENCE(struct payments_reply, next_after_given),
               .summary = "Where the next page goes on; null at the end."),
};
static const struct schema payments_schema =
    SCHEMA("Payments", struct payments_reply, payments_fields, .summary = "A page of payments.");

static struct payment_item item_of(const struct payment_rows_row *row) {
  return (struct payment_item){.id = row->id,
                               .provider = row->provider,
                               .provider_ref = row->provider_ref,
                               .user_id = row->user_id,
                               .user_given = payment_list_given(row->user_id_is_null),
                               .course_id = row->course_id,
                               .course_given = payment_list_given(row->course_id_is_null),
                               .amount_cents = row->amount_cents,
                               .amount_given = payment_list_given(row->amount_cents_is_null),
                               .currency = row->currency,
                               .refunded_cents = row->refunded_cents,
                               .status = row->status,
                               .mismatch = row->mismatch,
                               .granted_at_ms = row->granted_at,
                               .granted_given = payment_list_given(row->granted_at_is_null),
                               .revoked_at_ms = row->revoked_at,
                               .revoked_given = payment_list_given(row->revoked_at_is_null),
                               .created_at_ms = row->created_at,
                               .erased_at_ms = row->erased_at,
                               .erased_given = payment_list_given(row->erased_at_is_null),
                               .updated_at_ms = row->updated_at,
                               .course_title = row->course_title,
                               .price_cents = row->price_cents,
                               .price_given = payment_list_given(row->price_cents_is_null),
                               .price_currency = row->price_currency};
}

PAYMENT_SAME_ID(payment_ids, payment_rows);
PAYMENT_SAME_ID(payment_ids_of_learner, payment_rows);
PAYMENT_SAME_ID(payment_ids_mismatched, payment_rows);
PAYMENT_SAME_ID(payment_ids_of_course, payment_rows);
PAYMENT_SAME_ID(payment_ids_of_status, payment_rows);

/* By the filter that leaves the fewest; the others are held against what it leaves. */
static bool find_ids(struct db *db, const struct payments_query *query, struct arena *arena,
                     struct error *error, void **ret_ids, size_t *ret_count) {
  uint64_t before = payment_list_before(query->after);
  const char *status = query->status_given == PRESENCE_GIVEN ? payment_status_names[query->status] : NULL;
  bool any_course = query->course_given != PRESENCE_GIVEN;
  struct payment_ids_of_learner_params own = {.user_id = query->user_id,
                                              .course_id = query->course_id,
                                              .course_id_is_null = any_course,
                                              .status = status,
                                              .mismatch = query->mismatch,
                                              .before = before,
                                              .limit_rows = query->limit + 1};
  struct payment_ids_of_course_params course = {.course_id = query->course_id,
                                                .status = status,
                                                .mismatch = query->mismatch,
                                                .before = before,
                                                .limit_rows = query->limit + 1};
  struct payment_ids_mismatched_params odd = {
      .status = status, .before = before, .limit_rows = query->limit + 1};
  struct payment_ids_of_status_params same = {
      .status = status, .before = before, .limit_rows = query->limit + 1};
  struct payment_ids_params all = {.before = before, .limit_rows = query->limit + 1};
  const struct db_statement *statement = &payment_ids_statement;
  const void *params = &all;
  if (query->user_given == PRESENCE_GIVEN) {
    statement = &payment_ids_of_learner_statement;
    params = &own;
  } else if (!any_course) {
    statement = &payment_ids_of_course_statement;
    params = &course;
  } else if (query->mismatch) {
    statement = &payment_ids_mismatched_statement;
    params = &odd;
  } else if (status != NULL) {
    statement = &payment_ids_of_status_statement;
    params = &same;
  }
  return db_run_all(db, statement, params, arena, PAYMENT_PAGE_MAX + 1, error, ret_ids, ret_count);
}

static bool find_ref(struct db *db, const char *ref, struct arena *arena, struct error *error,
                     struct payment_rows_row **ret_rows, size_t *ret_count) {
  struct payment_id_params params = {.ref = ref};
  struct payment_id_row id;
  bool found;
  if (!payment_id(db, &params, arena, error, &id, &found)) return false;
  if (!found) return error_set(error, ERROR_NOT_FOUND, "There is no such payment.");
  struct payment_rows_params row = {.id = id.id};
  return payment_rows(db, &row, 1, arena, PAYMENT_PAGE_MAX, error, ret_rows, ret_count);
}

static bool find_payments(struct db *db, const struct payments_query *query, struct arena *arena,
                          struct error *error, struct payment_rows_row **ret_rows, size_t *ret_count) {
  void *ids;
  size_t count;
  if (query->ref != NULL) return find_ref(db, query->ref, arena, error, ret_rows, ret_count);
  return find_ids(db, query, arena, error, &ids, &count) &&
         payment_rows(db, ids, count, arena, PAYMENT_PAGE_MAX + 1, error, ret_rows, ret_count);
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
  reply->next_after_given = count > query->limit ? PRESENCE_GIVEN : PRESENCE_NULL;
  if (count > query->limit) count = (size_t)query->limit;
  if (count > 0) reply->next_after = found[count - 1].id;
  struct payment_item *items = arena_alloc_array(request->arena, count, sizeof *items);
  if (items == NULL && count > 0) return error_set_memory(error);
  for (size_t at = 0; at < count; at++)
    items[at] = item_of(&found[at]);
  reply->payments = (struct field_list){.items = items, .count = count};
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
};
const struct endpoint_table payment_admin_endpoints = ENDPOINT_TABLE(rows);
