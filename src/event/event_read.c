#include "event/event_read.h"

#include <string.h>

#include "queries/event.h"
#include "schema/decode.h"
#include "schema/encode.h"

#include "base/banned.h"

#define FAILURES_MAX 16
#define OTHERS_MAX 10000 /* events that those of one reply are in conflict with */
#define IDS_BYTES ((size_t)1024 * 1024)

/* --- As it is shown -------------------------------------------------------------------------------- */

static const struct field query_fields[] = {
    FIELD_BOOL(struct event_query, "processed", processed,
               .presence = PRESENCE(struct event_query, processed_given),
               .summary = "Only those that were processed, or that wait for it."),
    FIELD_ENUM(struct event_query, "eventType", event_type, .names = event_type_names,
               .presence = PRESENCE(struct event_query, type_given), .summary = "Only of this type."),
    FIELD_ENUM(struct event_query, "activityType", activity_type, .names = activity_type_names,
               .presence = PRESENCE(struct event_query, activity_type_given),
               .summary = "Only about activities of this type."),
    FIELD_TEXT(struct event_query, "activityId", activity_id, .minimum = 1,
               .maximum = EVENT_ACTIVITY_CHARACTERS, .summary = "Only about activities of this id."),
    FIELD_UINT(struct event_query, "limit", limit, .minimum = 1, .maximum = EVENTS_LISTED_MAX,
               .summary = "At most so many; 1000, when not sent."),
    FIELD_TEXT(struct event_query, "after", after, .minimum = 1, .maximum = EVENT_SYSTEM_ID_CHARACTERS,
               .summary = "Go on after this event: the nextAfter of the page before."),
};
const struct schema event_query_schema =
    SCHEMA("ProgressEventQuery", struct event_query, query_fields, .summary = "Which events.");

/* Why an event's processing failed, as processing_errors keeps it. */
struct event_failure {
  int64_t at_ms;
  const char *message;
};
static const struct field failure_fields[] = {
    FIELD_TIME(struct event_failure, "at", at_ms, .flags = FIELD_REQUIRED, .summary = "When."),
    FIELD_TEXT(struct event_failure, "message", message, .flags = FIELD_REQUIRED, .summary = "Why."),
};
static const struct schema failure_schema = SCHEMA("ProgressEventFailure", struct event_failure,
                                                   failure_fields, .summary = "A processing that failed.");

static const struct field view_fields[] = {
    FIELD_TEXT(struct event_view, "id", id, .flags = FIELD_REQUIRED, .summary = "The event."),
    FIELD_UINT(struct event_view, "userId", user_id, .flags = FIELD_REQUIRED, .summary = "The learner."),
    FIELD_TEXT(struct event_view, "eventType", event_type, .flags = FIELD_REQUIRED,
               .summary = "What happened."),
    FIELD_TEXT(struct event_view, "sourceSystem", source_system, .flags = FIELD_REQUIRED,
               .summary = "Which system told of it."),
    FIELD_JSON(struct event_view, "eventData", event_data, .flags = FIELD_REQUIRED,
               .summary = "What it said, as it came."),
    FIELD_JSON(struct event_view, "resolvedData", resolved_data,
               .summary = "What counts instead, where a conflict was resolved."),
    FIELD_TIME(struct event_view, "timestamp", timestamp_ms, .flags = FIELD_REQUIRED,
               .summary = "The client's clock."),
    FIELD_TEXT(struct event_view, "outcome", outcome, .flags = FIELD_REQUIRED,
               .summary = "applied: it counts; duplicate, conflict, superseded or pending: it does not."),
    FIELD_BOOL(struct event_view, "processed", processed, .flags = FIELD_REQUIRED,
               .summary = "False where its processing failed, and is tried again."),
    FIELD_LIST(struct event_view, "conflictsWith", conflicts_with, .flags = FIELD_REQUIRED,
               .item_kind = FIELD_KIND_TEXT, .maximum = OTHERS_MAX,
               .summary = "Ids of the events that it stands or stood in a conflict with."),
    FIELD_LIST(struct event_view, "errors", errors, .flags = FIELD_REQUIRED, .object = &failure_schema,
               .maximum = FAILURES_MAX, .summary = "Why it waits."),
    FIELD_UINT(struct event_view, "retryCount", retry_count, .flags = FIELD_REQUIRED,
               .summary = "How often it was tried again."),
    FIELD_TIME(struct event_view, "retryAt", retry_at_ms,
               .presence = PRESENCE(struct event_view, retry_given), .summary = "When it is tried next."),
    FIELD_TEXT(struct event_view, "activityType", activity_type, .flags = FIELD_REQUIRED,
               .summary = "What it is about, as it counts."),
    FIELD_TEXT(struct event_view, "activityId", activity_id, .flags = FIELD_REQUIRED,
               .summary = "Which one."),
    FIELD_TEXT(struct event_view, "completionStatus", completion_status, .flags = FIELD_REQUIRED,
               .summary = "What became of it, as it counts."),
    FIELD_NUMBER(struct event_view, "timeSpent", time_spent, .flags = FIELD_REQUIRED,
                 .summary = "In minutes, as it counts."),
    FIELD_TIME(struct event_view, "happenedAt", happened_at_ms, .flags = FIELD_REQUIRED,
               .summary = "The moment that it counts for."),
    FIELD_UINT(struct event_view, "revision", revision, .flags = FIELD_REQUIRED,
               .summary = "The learner's revision in which it was taken, or processed after it had waited."),
    FIELD_TIME(struct event_view, "createdAt", created_at_ms, .flags = FIELD_REQUIRED,
               .summary = "When it was taken."),
};
const struct schema event_view_schema =
    SCHEMA("ProgressEvent", struct event_view, view_fields, .summary = "A progress event, read back.");

static const struct field list_fields[] = {
    FIELD_LIST(struct event_list_reply, "events", events, .object = &event_view_schema,
               .flags = FIELD_REQUIRED, .maximum = EVENTS_LISTED_MAX,
               .summary = "Those taken last come first."),
    FIELD_TEXT(struct event_list_reply, "nextAfter", next_after, .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .summary = "Where the next page goes on; null at the end."),
};
const struct schema event_list_schema =
    SCHEMA("ProgressEvents", struct event_list_reply, list_fields, .summary = "A learner's events.");

struct failures {
  struct field_list list;
};
static const struct field failures_fields[] = {
    FIELD_LIST(struct failures, "errors", list, .object = &failure_schema, .maximum = FAILURES_MAX,
               .summary = "Those kept."),
};
static const struct schema failures_schema =
    SCHEMA("ProgressEventFailures", struct failures, failures_fields, .summary = "As the column has them.");

/* --- Reading --------------------------------------------------------------------------------------- */

/* What another hand wrote there, and cannot be read, is left out. */
static bool read_failures(const char *text, struct arena *arena, struct error *error,
                          struct field_list *ret_list) {
  struct failures failures = {{0}};
  struct error unreadable = ERROR_INIT;
  if (text == NULL) return true;
  const char *object = arena_printf(arena, "{\"errors\":%s}", text);
  if (object == NULL) return error_set_memory(error);
  if (!schema_decode_json(&failures_schema, object, strlen(object), UNKNOWN_IGNORED, arena, &failures,
                          &unreadable))
    return true;
  *ret_list = failures.list;
  return true;
}

/* A row of either statement; their columns are the same. */
#define VIEW_OF(row, learner) \
  { \
    .id = (row)->id, .user_id = (learner), .event_type = (row)->event_type, \
    .source_system = (row)->source_system, .event_data = (row)->event_data, \
    .resolved_data = (row)->resolved_data, .timestamp_ms = (row)->timestamp, .outcome = (row)->outcome, \
    .processed = (row)->processed, .retry_count = (row)->retry_count, .retry_at_ms = (row)->retry_at, \
    .retry_given = (row)->retry_at_is_null ? PRESENCE_ABSENT : PRESENCE_GIVEN, \
    .activity_type = (row)->activity_type, .activity_id = (row)->activity_id, \
    .completion_status = (row)->completion_status, .time_spent = (row)->time_spent, \
    .happened_at_ms = (row)->happened_at, .revision = (row)->revision, .created_at_ms = (row)->created_at \
  }

static bool list_ids(const struct event_view *views, size_t count, struct buffer *ids, struct error *error) {
  for (size_t at = 0; at < count; at++) {
    buffer_append_char(ids, at == 0 ? '[' : ',');
    json_append_text(ids, views[at].id);
  }
  buffer_append_char(ids, ']');
  return !ids->failed || error_set_memory(error);
}

static bool read_conflicting(struct db *db, uint64_t user_id, int64_t resolved_since_ms,
                             struct event_view *views, size_t count, struct arena *arena,
                             struct error *error) {
  CLEANUP(buffer_free) struct buffer ids = BUFFER_INIT(IDS_BYTES);
  struct event_conflicting_row *rows;
  size_t row_count;
  if (count == 0) return true;
  if (!list_ids(views, count, &ids, error)) return false;
  struct event_conflicting_params params = {.user_id = user_id,
                                            .event_ids = ids.data,
                                            .resolved_since = resolved_since_ms,
                                            .limit_rows = OTHERS_MAX};
  if (!event_conflicting(db, &params, arena, OTHERS_MAX, error, &rows, &row_count)) return false;
  const char **others = arena_alloc_array(arena, row_count, sizeof *others);
  if (others == NULL) return error_set_memory(error);
  for (size_t at = 0; at < row_count; at++) {
    struct field_list *list = &views[rows[at].place - 1].conflicts_with;
    others[at] = rows[at].other_id;
    if (list->count++ == 0) list->items = (void *)&others[at];
  }
  return true;
}

bool event_read_one(struct db *db, uint64_t user_id, const char *id, int64_t resolved_since_ms,
                    struct arena *arena, struct error *error, struct event_view *ret_view) {
  struct event_find_params params = {.user_id = user_id, .id = id};
  struct event_find_row row;
  bool found;
  if (!event_find(db, &params, arena, error, &row, &found)) return false;
  if (!found) return error_set(error, ERROR_NOT_FOUND, "There is no such event.");
  struct event_view view = VIEW_OF(&row, user_id);
  if (!read_failures(row.processing_errors, arena, error, &view.errors) ||
      !read_conflicting(db, user_id, resolved_since_ms, &view, 1, arena, error))
    return false;
  *ret_view = view;
  return true;
}

/* Where a page begins. */
static bool find_place(struct db *db, const struct event_query *query, uint64_t user_id, struct arena *arena,
                       struct error *error, struct event_list_params *params) {
  struct event_find_params wanted = {.user_id = user_id, .id = query->after};
  struct event_find_row row;
  bool found;
  params->before_revision = INT64_MAX;
  if (query->after == NULL) return true;
  if (!event_find(db, &wanted, arena, error, &row, &found)) return false;
  if (!found) return error_add_field(error, ERROR_UNPROCESSABLE, "after", "must be the id of an event");
  params->before_revision = row.revision;
  params->before_position = row.position;
  return true;
}

bool event_read_list(struct db *db, const struct event_query *query, uint64_t user_id,
                     int64_t resolved_since_ms, struct arena *arena, struct error *error,
                     struct event_list_reply *ret_reply) {
  size_t limit = query->limit == 0 ? EVENTS_LISTED_MAX : (size_t)query->limit;
  struct event_list_params params = {
      .user_id = user_id,
      .processed = query->processed,
      .processed_is_null = query->processed_given != PRESENCE_GIVEN,
      .event_type = query->type_given == PRESENCE_GIVEN ? event_type_names[query->event_type] : NULL,
      .activity_type =
          query->activity_type_given == PRESENCE_GIVEN ? activity_type_names[query->activity_type] : NULL,
      .activity_id = query->activity_id,
      .limit_rows = limit + 1};
  struct event_list_row *rows;
  size_t count;
  if (!find_place(db, query, user_id, arena, error, &params) ||
      !event_list(db, &params, arena, limit + 1, error, &rows, &count))
    return false;
  bool more = count > limit;
  if (more) count = limit;
  struct event_view *views = arena_alloc_array(arena, count, sizeof *views);
  if (views == NULL) return error_set_memory(error);
  for (size_t at = 0; at < count; at++) {
    views[at] = (struct event_view)VIEW_OF(&rows[at], user_id);
    if (!read_failures(rows[at].processing_errors, arena, error, &views[at].errors)) return false;
  }
  if (!read_conflicting(db, user_id, resolved_since_ms, views, count, arena, error)) return false;
  *ret_reply = (struct event_list_reply){.events = {.items = views, .count = count},
                                         .next_after = more ? views[count - 1].id : NULL};
  return true;
}
