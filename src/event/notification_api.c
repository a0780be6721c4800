/* GET /api/progress-sync/notifications, POST /api/progress-sync/notifications/{id}/read. */
#include "event/notification_api.h"

#include <inttypes.h>

#include "base/clock.h"
#include "event/notification.h"
#include "http/entry.h"
#include "queries/notification.h"

#include "base/banned.h"

#define PAGE_DEFAULT "50"
#define UNREAD_MAX 10000 /* counted; more is many */
#define DAY_MS INT64_C(86400000)

/* --- What is shown of one ----------------------------------------------------------------------------- */

struct notification_view {
  uint64_t id;
  const char *kind;
  const char *data;
  int64_t created_at_ms;
  int64_t read_at_ms;
  enum presence read_given;
};
static const struct field view_fields[] = {
    FIELD_UINT(struct notification_view, "id", id, .flags = FIELD_REQUIRED,
               .summary = "To mark it as read by."),
    FIELD_TEXT(struct notification_view, "kind", kind, .flags = FIELD_REQUIRED,
               .summary = "achievement_earned, milestone_reached or conflict_detected."),
    FIELD_JSON(struct notification_view, "data", data, .flags = FIELD_REQUIRED,
               .maximum = NOTIFICATION_DATA_BYTES, .summary = "What a page needs to show it.",
               .example = "{\"id\":\"first-step\",\"type\":\"completion\",\"title\":\"First step\"}"),
    FIELD_TIME(struct notification_view, "createdAt", created_at_ms, .flags = FIELD_REQUIRED,
               .summary = "When there was something to tell."),
    FIELD_TIME(struct notification_view, "readAt", read_at_ms, .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .presence = PRESENCE(struct notification_view, read_given),
               .summary = "When it was read; null: not yet."),
};
static const struct schema view_schema =
    SCHEMA("Notification", struct notification_view, view_fields, .summary = "What a learner is to be told.");

/* --- GET ---------------------------------------------------------------------------------------------- */

enum notification_status { NOTIFICATION_UNREAD, NOTIFICATION_READ, NOTIFICATION_ALL };
static const char *const status_names[] = {"unread", "read", "all", NULL};

struct notifications_query {
  int status; /* enum notification_status */
  uint64_t limit;
  uint64_t after;
};
struct notifications_reply {
  struct field_list notifications; /* struct notification_view */
  uint64_t unread;
  uint64_t next_after;
  enum presence next_after_given;
};

static const struct field query_fields[] = {
    FIELD_ENUM(struct notifications_query, "status", status, .names = status_names, .default_text = "unread",
               .summary = "Those that were not read, those that were, or both."),
    FIELD_UINT(struct notifications_query, "limit", limit, .minimum = 1, .maximum = NOTIFICATION_PAGE_MAX,
               .default_text = PAGE_DEFAULT, .summary = "At most so many."),
    FIELD_UINT(struct notifications_query, "after", after, .maximum = INT64_MAX,
               .summary = "Go on after this one: the nextAfter of the page before."),
};
static const struct schema query_schema =
    SCHEMA("NotificationsQuery", struct notifications_query, query_fields, .summary = "Which notifications.");

static const struct field reply_fields[] = {
    FIELD_LIST(struct notifications_reply, "notifications", notifications, .object = &view_schema,
               .flags = FIELD_REQUIRED, .maximum = NOTIFICATION_PAGE_MAX, .summary = "Newest first."),
    FIELD_UINT(struct notifications_reply, "unread", unread, .flags = FIELD_REQUIRED,
               .summary = "How many were not read, on all pages."),
    FIELD_UINT(struct notifications_reply, "nextAfter", next_after, .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .presence = PRESENCE(struct notifications_reply, next_after_given),
               .summary = "Where the next page goes on; null at the end."),
};
static const struct schema reply_schema =
    SCHEMA("Notifications", struct notifications_reply, reply_fields, .summary = "What there is to tell.");

/* What was read longer ago than it is kept is left out, by whole days: the day is part of the tag, and so a
 * reply does not change when the rest is pruned, some days later. */
static int64_t read_since_ms(const struct request *request) {
  int64_t days = request->app->config->retention.notifications_days;
  return days == 0 ? CLOCK_MIN_MS : (request->today - days) * DAY_MS;
}

/* One more than the page holds, to see whether there is another. */
static bool find(struct request *request, const struct notifications_query *query, uint64_t before_id,
                 struct error *error, struct notification_list_row **ret_rows, size_t *ret_count) {
  struct notification_list_params params = {.user_id = request->principal.user_id,
                                            .status = status_names[query->status],
                                            .read_since = read_since_ms(request),
                                            .before_id = before_id,
                                            .limit_rows = query->limit + 1};
  struct notification_list_unread_params unread = {
      .user_id = request->principal.user_id, .before_id = before_id, .limit_rows = query->limit + 1};
  struct notification_list_unread_row *found;
  if (query->status != NOTIFICATION_UNREAD)
    return notification_list(request->snapshot, &params, request->arena, query->limit + 1, error, ret_rows,
                             ret_count);
  if (!notification_list_unread(request->snapshot, &unread, request->arena, query->limit + 1, error, &found,
                                ret_count))
    return false;
  struct notification_list_row *rows = arena_alloc_array(request->arena, *ret_count + 1, sizeof *rows);
  if (rows == NULL) return error_set_memory(error);
  for (size_t at = 0; at < *ret_count; at++)
    rows[at] = (struct notification_list_row){.id = found[at].id,
                                              .kind = found[at].kind,
                                              .data = found[at].data,
                                              .created_at = found[at].created_at,
                                              .read_at_is_null = true};
  *ret_rows = rows;
  return true;
}

static bool handle_list(struct request *request, const void *query_struct, const void *body,
                        void *reply_struct, struct error *error) {
  const struct notifications_query *query = query_struct;
  struct notifications_reply *reply = reply_struct;
  struct notification_count_unread_params counted = {.user_id = request->principal.user_id,
                                                     .limit_rows = UNREAD_MAX};
  struct notification_count_unread_row unread;
  struct notification_list_row *rows;
  size_t count;
  bool found;
  (void)body;
  if (!find(request, query, query->after == 0 ? INT64_MAX : query->after, error, &rows, &count) ||
      !notification_count_unread(request->snapshot, &counted, request->arena, error, &unread, &found))
    return false;
  bool is_more = count > query->limit;
  if (is_more) count = query->limit;
  struct notification_view *views = arena_alloc_array(request->arena, count + 1, sizeof *views);
  if (views == NULL) return error_set_memory(error);
  for (size_t at = 0; at < count; at++)
    views[at] =
        (struct notification_view){.id = rows[at].id,
                                   .kind = rows[at].kind,
                                   .data = rows[at].data,
                                   .created_at_ms = rows[at].created_at,
                                   .read_at_ms = rows[at].read_at,
                                   .read_given = rows[at].read_at_is_null ? PRESENCE_NULL : PRESENCE_GIVEN};
  *reply = (struct notifications_reply){.notifications = {.items = views, .count = count},
                                        .unread = found ? unread.unread : 0,
                                        .next_after = is_more ? views[count - 1].id : 0,
                                        .next_after_given = is_more ? PRESENCE_GIVEN : PRESENCE_NULL};
  return true;
}

/* --- POST …/read -------------------------------------------------------------------------------------- */

struct read_reply {
  bool success;
  struct notification_view notification;
  uint64_t revision;
};
static const struct field read_reply_fields[] = {
    FIELD_BOOL(struct read_reply, "success", success, .flags = FIELD_REQUIRED, .summary = "True."),
    FIELD_OBJECT(struct read_reply, "notification", notification, .object = &view_schema,
                 .flags = FIELD_REQUIRED, .summary = "As it is now; once read, readAt stays."),
    FIELD_UINT(struct read_reply, "revision", revision, .flags = FIELD_REQUIRED,
               .summary = "The learner's revision afterwards."),
};
static const struct schema read_reply_schema =
    SCHEMA("NotificationRead", struct read_reply, read_reply_fields, .summary = "What was read.");

static bool mark(struct ledger_tx *tx, struct ledger_entry *entry, uint64_t id, struct error *error) {
  struct notification_read_params params = {
      .user_id = entry->learner.user_id, .id = id, .now = ledger_now_ms(tx)};
  struct ledger_change change = {.what = "notification", .because = "read"};
  struct db_outcome outcome;
  change.key = arena_printf(ledger_arena(tx), "%" PRIu64, id);
  if (change.key == NULL) return error_set_memory(error);
  return notification_read(ledger_db(tx), &params, error, &outcome) &&
         ledger_report(tx, entry, &change, error);
}

static bool read_work(struct ledger_tx *tx, struct error *error) {
  struct ledger_entry *entry = ledger_at(tx, 0);
  const uint64_t *id = entry->input;
  struct read_reply *reply = entry->reply;
  struct notification_find_params params = {.user_id = entry->learner.user_id, .id = *id};
  struct notification_find_row row;
  bool found;
  if (!notification_find(ledger_db(tx), &params, ledger_arena(tx), error, &row, &found)) return false;
  if (!found) {
    error_set(&entry->error, ERROR_NOT_FOUND, "You have no such notification.");
    ledger_fail(entry);
    return true;
  }
  bool moves = row.read_at_is_null;
  *reply = (struct read_reply){.success = true,
                               .notification = {.id = *id,
                                                .kind = row.kind,
                                                .data = row.data,
                                                .created_at_ms = row.created_at,
                                                .read_at_ms = moves ? ledger_now_ms(tx) : row.read_at,
                                                .read_given = PRESENCE_GIVEN},
                               .revision = entry->learner.revision - (moves ? 0 : 1)};
  return !moves || mark(tx, entry, *id, error);
}

static const struct ledger_kind read_kind = {.name = "notification", .work = read_work};

/* Idempotent by itself: it takes no key. */
static bool handle_read(struct request *request, const void *query, const void *body, void *reply,
                        struct error *error) {
  struct ledger_entry entry = {.user_id = request->principal.user_id,
                               .actor = request->principal.actor,
                               .reply_schema = &read_reply_schema,
                               .reply = reply,
                               .arena = request->arena};
  uint64_t id;
  (void)query;
  (void)body;
  if (!request_path_id(request, 0, error, &id)) return false;
  entry.input = &id;
  return ledger_run_one(request->app->ledger, &read_kind, &entry, NULL, request->arena, error) &&
         entry_answer(request, &entry);
}

static const struct endpoint rows[] = {
    {.method = "GET",
     .path = "/api/progress-sync/notifications",
     .role = ROLE_STUDENT,
     .flags = ENDPOINT_FRESH,
     .query = &query_schema,
     .reply = &reply_schema,
     .handle = handle_list,
     .tag = "Notifications",
     .summary = "What the learner is to be told, newest first"},
    {.method = "POST",
     .path = "/api/progress-sync/notifications/{id}/read",
     .role = ROLE_STUDENT,
     .flags = ENDPOINT_NEEDS_LEARNER | ENDPOINT_WRITES_REPLY,
     .reply = &read_reply_schema,
     .handle = handle_read,
     .tag = "Notifications",
     .summary = "Mark a notification as read"},
};
const struct endpoint_table notification_endpoints = ENDPOINT_TABLE(rows);
