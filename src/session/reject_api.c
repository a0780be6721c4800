/* GET /api/admin/rejects, POST /api/admin/rejects/{id}/resolve. */
#include "queries/stitch.h"
#include "session/reject.h"
#include "session/stitch_api.h"

#include "base/banned.h"

#define PAGE_MAX 200
#define PAGE_DEFAULT "50"

enum reject_state { REJECT_OPEN, REJECT_ALL };
static const char *const state_names[] = {"open", "all", NULL};

struct rejects_query {
  int state; /* enum reject_state */
  uint64_t user_id;
  enum presence user_given;
  uint64_t limit;
  uint64_t after;
};

struct reject_item {
  uint64_t id;
  uint64_t user_id;
  const char *item;
  const char *reason;
  int64_t created_at_ms;
  int64_t resolved_at_ms;
  enum presence resolved_given;
  const char *resolved_by;
};

struct rejects_reply {
  struct field_list rejects; /* struct reject_item */
  uint64_t next_after;
  enum presence next_after_given;
};

static const struct field query_fields[] = {
    FIELD_ENUM(struct rejects_query, "state", state, .names = state_names, .default_text = "open",
               .summary = "Those that wait for somebody, or all."),
    FIELD_UINT(struct rejects_query, "userId", user_id, .flags = FIELD_USER,
               .presence = PRESENCE(struct rejects_query, user_given), .minimum = 1, .maximum = INT64_MAX,
               .summary = "Only of this learner."),
    FIELD_UINT(struct rejects_query, "limit", limit, .minimum = 1, .maximum = PAGE_MAX,
               .default_text = PAGE_DEFAULT, .summary = "Rejects a page."),
    FIELD_UINT(struct rejects_query, "after", after, .maximum = INT64_MAX,
               .summary = "Go on after this one: the nextAfter of the page before."),
};
static const struct schema query_schema =
    SCHEMA("RejectsQuery", struct rejects_query, query_fields, .summary = "Which rejects.");

static const struct field item_fields[] = {
    FIELD_UINT(struct reject_item, "id", id, .flags = FIELD_REQUIRED, .summary = "To resolve it by."),
    FIELD_UINT(struct reject_item, "userId", user_id, .flags = FIELD_REQUIRED, .summary = "Whose."),
    FIELD_JSON(struct reject_item, "item", item, .flags = FIELD_REQUIRED,
               .summary = "As it came; of one that is very long the beginning, as a text."),
    FIELD_TEXT(struct reject_item, "reason", reason, .flags = FIELD_REQUIRED,
               .summary = "Why it was not taken."),
    FIELD_TIME(struct reject_item, "createdAt", created_at_ms, .flags = FIELD_REQUIRED,
               .summary = "When it first came."),
    FIELD_TIME(struct reject_item, "resolvedAt", resolved_at_ms, .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .presence = PRESENCE(struct reject_item, resolved_given),
               .summary = "When somebody settled it; null while it waits."),
    FIELD_TEXT(struct reject_item, "resolvedBy", resolved_by, .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .summary = "Who did."),
};
static const struct schema item_schema =
    SCHEMA("Reject", struct reject_item, item_fields, .summary = "An item that could not be taken.");

static const struct field reply_fields[] = {
    FIELD_LIST(struct rejects_reply, "rejects", rejects, .object = &item_schema, .flags = FIELD_REQUIRED,
               .maximum = PAGE_MAX, .summary = "Oldest first."),
    FIELD_UINT(struct rejects_reply, "nextAfter", next_after, .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .presence = PRESENCE(struct rejects_reply, next_after_given),
               .summary = "Where the next page goes on; null at the end."),
};
static const struct schema reply_schema =
    SCHEMA("Rejects", struct rejects_reply, reply_fields, .summary = "A page of rejects.");

/* The statements give the same row, whatever they look for. */
#define SAME_ROW(other) \
  _Static_assert(sizeof(struct other##_row) == sizeof(struct reject_one_row) && \
                     offsetof(struct other##_row, resolved_by) == \
                         offsetof(struct reject_one_row, resolved_by), \
                 "rows of rejects are alike")
SAME_ROW(reject_open);
SAME_ROW(reject_all);
SAME_ROW(reject_of_learner);

static struct reject_item item_of(const struct reject_one_row *row) {
  return (struct reject_item){.id = row->id,
                              .user_id = row->user_id,
                              .item = row->item,
                              .reason = row->reason,
                              .created_at_ms = row->created_at,
                              .resolved_at_ms = row->resolved_at,
                              .resolved_given = row->resolved_at_is_null ? PRESENCE_NULL : PRESENCE_GIVEN,
                              .resolved_by = row->resolved_by};
}

/* One more than the page holds, to see whether there is another. */
static bool find(struct db *db, const struct rejects_query *query, struct arena *arena, struct error *error,
                 const struct reject_one_row **ret_rows, size_t *ret_count) {
  uint64_t limit = query->limit + 1;
  struct reject_open_params open = {.after_id = query->after, .limit_rows = limit};
  struct reject_all_params all = {.after_id = query->after, .limit_rows = limit};
  struct reject_of_learner_params own = {.user_id = query->user_id,
                                         .only_open = query->state == REJECT_OPEN,
                                         .after_id = query->after,
                                         .limit_rows = limit};
  void *rows;
  bool done;
  if (query->user_given == PRESENCE_GIVEN)
    done = db_run_all(db, &reject_of_learner_statement, &own, arena, limit, error, &rows, ret_count);
  else if (query->state == REJECT_OPEN)
    done = db_run_all(db, &reject_open_statement, &open, arena, limit, error, &rows, ret_count);
  else
    done = db_run_all(db, &reject_all_statement, &all, arena, limit, error, &rows, ret_count);
  if (done) *ret_rows = rows;
  return done;
}

static bool handle_rejects(struct request *request, const void *query_struct, const void *body,
                           void *reply_struct, struct error *error) {
  CLEANUP(request_lease_end) struct request_lease lease = {.request = request};
  const struct rejects_query *query = query_struct;
  struct rejects_reply *reply = reply_struct;
  const struct reject_one_row *rows;
  size_t count;
  (void)body;
  if (!request_borrow(request, error, &lease) || !find(lease.db, query, request->arena, error, &rows, &count))
    return false;
  reply->next_after_given = count > query->limit ? PRESENCE_GIVEN : PRESENCE_NULL;
  if (count > query->limit) count = (size_t)query->limit;
  struct reject_item *items = arena_alloc_array(request->arena, count, sizeof *items);
  if (items == NULL) return error_set_memory(error);
  for (size_t at = 0; at < count; at++)
    items[at] = item_of(&rows[at]);
  reply->rejects = (struct field_list){.items = items, .count = count};
  if (count > 0) reply->next_after = items[count - 1].id;
  return true;
}

/* A second time it is left as it is, with who was first. */
static bool handle_resolve(struct request *request, const void *query, const void *body, void *reply_struct,
                           struct error *error) {
  CLEANUP(request_lease_end) struct request_lease lease = {.request = request};
  struct reject_resolve_params resolve = {.now = request->now_ms, .actor = request->principal.actor};
  struct reject_one_params one;
  struct reject_one_row row;
  struct db_outcome outcome;
  struct reject_item *reply = reply_struct;
  bool found;
  (void)query;
  (void)body;
  if (!request_path_id(request, 0, error, &resolve.id) || !request_borrow(request, error, &lease))
    return false;
  one.id = resolve.id;
  if (!reject_resolve(lease.db, &resolve, error, &outcome) ||
      !reject_one(lease.db, &one, request->arena, error, &row, &found) || !db_commit(lease.db, error))
    return false;
  if (!found) return error_set(error, ERROR_NOT_FOUND, "There is no such reject.");
  if (outcome.affected == 0)
    return error_set(error, ERROR_CONFLICT, "It was resolved already, by %s.", row.resolved_by);
  *reply = item_of(&row);
  return true;
}

static const struct endpoint rows[] = {
    {.method = "GET",
     .path = "/api/admin/rejects",
     .role = ROLE_ADMIN,
     .query = &query_schema,
     .reply = &reply_schema,
     .handle = handle_rejects,
     .tag = "Sessions",
     .summary = "Items of offline clients that could not be taken"},
    {.method = "POST",
     .path = "/api/admin/rejects/{id}/resolve",
     .role = ROLE_ADMIN,
     .reply = &item_schema,
     .handle = handle_resolve,
     .tag = "Sessions",
     .summary = "Say that a reject has been settled"},
};
const struct endpoint_table reject_endpoints = ENDPOINT_TABLE(rows);
