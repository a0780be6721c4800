/* GET /api/progress-sync/events/{id}/propagations, POST /api/progress-sync/events/{id}/undo. */
#include "event/cascade_api.h"

#include <string.h>

#include "event/cascade.h"
#include "http/entry.h"
#include "queries/cascade.h"

#include "base/banned.h"

#define JSON_BYTES_MAX (1024 * 1024) /* of one row's values */

static bool no_such_event(struct error *error) {
  return error_set(error, ERROR_NOT_FOUND, "There is no such event.");
}

/* --- GET …/propagations ---------------------------------------------------------------------------- */

struct receipt_view {
  const char *system;
  const char *table;
  const char *key;
  const char *before; /* JSON */
  const char *after;  /* JSON */
  const char *because;
  uint64_t revision;
  int64_t created_at_ms;
  int64_t undone_at_ms;
  enum presence undone_given;
  const char *undone_by;
};
struct receipts_reply {
  const char *event_id;
  struct field_list propagations; /* struct receipt_view */
};

static const struct field receipt_fields[] = {
    FIELD_TEXT(struct receipt_view, "system", system, .flags = FIELD_REQUIRED,
               .summary = "Whose row it is: todo_manager and so on."),
    FIELD_TEXT(struct receipt_view, "table", table, .flags = FIELD_REQUIRED, .summary = "Its table."),
    FIELD_TEXT(struct receipt_view, "key", key, .flags = FIELD_REQUIRED,
               .summary = "Its id. A step's is path/step, with ~ and / in the path's as ~0 and ~1; a chat "
                          "mention's is activityType/activityId."),
    FIELD_JSON(struct receipt_view, "before", before, .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .maximum = JSON_BYTES_MAX, .summary = "Columns as they were; null where the row was put in."),
    FIELD_JSON(struct receipt_view, "after", after, .flags = FIELD_REQUIRED, .maximum = JSON_BYTES_MAX,
               .summary = "Columns as they became."),
    FIELD_TEXT(struct receipt_view, "because", because, .flags = FIELD_REQUIRED, .summary = "Why."),
    FIELD_UINT(struct receipt_view, "revision", revision, .flags = FIELD_REQUIRED,
               .summary = "The learner's revision in which it happened."),
    FIELD_TIME(struct receipt_view, "createdAt", created_at_ms, .flags = FIELD_REQUIRED,
               .summary = "When it happened."),
    FIELD_TIME(struct receipt_view, "undoneAt", undone_at_ms, .flags = FIELD_NULLABLE,
               .presence = PRESENCE(struct receipt_view, undone_given),
               .summary = "When it was undone, if it was."),
    FIELD_TEXT(struct receipt_view, "undoneBy", undone_by, .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .summary = "Who undid it, if it was undone."),
};
static const struct schema receipt_schema = SCHEMA("Propagation", struct receipt_view, receipt_fields,
                                                   .summary = "What an event brought along, and why.");

static const struct field receipts_fields[] = {
    FIELD_TEXT(struct receipts_reply, "eventId", event_id, .flags = FIELD_REQUIRED, .summary = "The event."),
    FIELD_LIST(struct receipts_reply, "propagations", propagations, .object = &receipt_schema,
               .flags = FIELD_REQUIRED, .maximum = CASCADE_ROWS_MAX,
               .summary = "Every row that it touched, in the order in which one led to the other."),
};
static const struct schema receipts_schema =
    SCHEMA("Propagations", struct receipts_reply, receipts_fields, .summary = "An event's receipts.");

/* NULL where there is no such event. */
static bool read_outcome(struct db *db, uint64_t user_id, const char *event_id, struct arena *arena,
                         struct error *error, const char **ret_outcome) {
  struct cascade_event_outcome_params params = {.user_id = user_id, .event_id = event_id};
  struct cascade_event_outcome_row row;
  bool found;
  if (!cascade_event_outcome(db, &params, arena, error, &row, &found)) return false;
  *ret_outcome = found ? row.outcome : NULL;
  return true;
}

static bool handle_receipts(struct request *request, const void *query, const void *body, void *reply_struct,
                            struct error *error) {
  struct receipts_reply *reply = reply_struct;
  struct cascade_receipts_params params = {.user_id = request->principal.user_id,
                                           .event_id = request->path_parts[0],
                                           .limit_rows = CASCADE_ROWS_MAX};
  struct cascade_receipts_row *rows;
  size_t count;
  const char *outcome = NULL;
  (void)query;
  (void)body;
  if (!cascade_receipts(request->snapshot, &params, request->arena, CASCADE_ROWS_MAX, error, &rows, &count))
    return false;
  if (count == 0 &&
      !read_outcome(request->snapshot, params.user_id, params.event_id, request->arena, error, &outcome))
    return false;
  if (count == 0 && outcome == NULL) return no_such_event(error);
  struct receipt_view *views = arena_alloc_array(request->arena, count + 1, sizeof *views);
  if (views == NULL) return error_set_memory(error);
  for (size_t at = 0; at < count; at++)
    views[at] =
        (struct receipt_view){.system = rows[at].target_system,
                              .table = rows[at].target_table,
                              .key = rows[at].target_key,
                              .before = rows[at].before_values,
                              .after = rows[at].after_values,
                              .because = rows[at].because,
                              .revision = rows[at].revision,
                              .created_at_ms = rows[at].created_at,
                              .undone_at_ms = rows[at].undone_at,
                              .undone_given = rows[at].undone_at_is_null ? PRESENCE_NULL : PRESENCE_GIVEN,
                              .undone_by = rows[at].undone_by};
  *reply =
      (struct receipts_reply){.event_id = params.event_id, .propagations = {.items = views, .count = count}};
  return true;
}

/* --- POST …/undo ----------------------------------------------------------------------------------- */

struct undo_input {
  const struct config *config;
  struct zone_cache *zones;
  const char *event_id;
};
struct undo_reply {
  bool success;
  const char *event_id;
  uint64_t revision;
  struct field_list restored; /* struct cascade_named */
  struct field_list left;     /* struct cascade_named */
};

/* What makes two undoings the same, for the Idempotency-Key. */
static const struct field undo_fields[] = {
    FIELD_TEXT(struct undo_input, "eventId", event_id, .flags = FIELD_REQUIRED, .summary = "The event."),
};
static const struct schema undo_schema =
    SCHEMA("UndoneEvent", struct undo_input, undo_fields, .summary = "Whose cascade is to be undone.");

static const struct field named_fields[] = {
    FIELD_TEXT(struct cascade_named, "system", system, .flags = FIELD_REQUIRED,
               .summary = "Whose row it is."),
    FIELD_TEXT(struct cascade_named, "table", table, .flags = FIELD_REQUIRED, .summary = "Its table."),
    FIELD_TEXT(struct cascade_named, "key", key, .flags = FIELD_REQUIRED,
               .summary = "Its id, as in the event's propagations."),
    FIELD_TEXT(struct cascade_named, "reason", reason, .summary = "Why it was left as it is."),
};
static const struct schema named_schema = SCHEMA("PropagatedRow", struct cascade_named, named_fields,
                                                 .summary = "A row that an event had touched.");

static const struct field undo_reply_fields[] = {
    FIELD_BOOL(struct undo_reply, "success", success, .flags = FIELD_REQUIRED,
               .summary = "Always true here."),
    FIELD_TEXT(struct undo_reply, "eventId", event_id, .flags = FIELD_REQUIRED, .summary = "The event."),
    FIELD_UINT(struct undo_reply, "revision", revision, .flags = FIELD_REQUIRED,
               .summary = "The learner's revision afterwards."),
    FIELD_LIST(struct undo_reply, "restored", restored, .object = &named_schema, .flags = FIELD_REQUIRED,
               .maximum = CASCADE_ROWS_MAX, .summary = "Rows that are again as they were before the event."),
    FIELD_LIST(struct undo_reply, "left", left, .object = &named_schema, .flags = FIELD_REQUIRED,
               .maximum = CASCADE_ROWS_MAX,
               .summary = "Rows that somebody has touched since: they stay as they are."),
};
static const struct schema undo_reply_schema = SCHEMA("CascadeUndone", struct undo_reply, undo_reply_fields,
                                                      .summary = "What became of a cascade undone.");

/* What may yet come to count would bring along afterwards what its undoing could not find. */
static void check_outcome(const char *outcome, struct error *why) {
  if (outcome == NULL)
    no_such_event(why);
  else if (strcmp(outcome, event_outcome_names[EVENT_PENDING]) == 0)
    error_set(
        why, ERROR_CONFLICT,
        "This event waits to be processed again: it has brought nothing along yet that could be undone.");
  else if (strcmp(outcome, event_outcome_names[EVENT_CONFLICT]) == 0)
    error_set(
        why, ERROR_CONFLICT,
        "This event waits for its conflict to be decided: it has brought nothing along yet that could be "
        "undone.");
}

/* An event of the learner's; or rows that a rule brought along, which name the rule instead. `ret_why` says
 * why there is nothing to undo, where that is so. */
static bool undo_check(struct ledger_tx *tx, const struct ledger_entry *entry, struct error *error,
                       struct error *ret_why) {
  const struct undo_input *input = entry->input;
  struct cascade_receipts_params params = {
      .user_id = entry->learner.user_id, .event_id = input->event_id, .limit_rows = 1};
  struct cascade_receipts_row *rows;
  size_t count;
  const char *outcome;
  if (!cascade_receipts(ledger_db(tx), &params, ledger_arena(tx), 1, error, &rows, &count)) return false;
  if (count > 0) return true;
  if (!read_outcome(ledger_db(tx), params.user_id, input->event_id, ledger_arena(tx), error, &outcome))
    return false;
  check_outcome(outcome, ret_why);
  return true;
}

static bool undo_work(struct ledger_tx *tx, struct error *error) {
  for (size_t at = 0; at < ledger_count(tx); at++) {
    struct ledger_entry *entry = ledger_at(tx, at);
    const struct undo_input *input = entry->input;
    struct event_intake intake = {.tx = tx,
                                  .entry = entry,
                                  .config = input->config,
                                  .zones = input->zones,
                                  .now_ms = ledger_now_ms(tx)};
    struct cascade_undone undone;
    struct error why = ERROR_INIT;
    if (!undo_check(tx, entry, error, &why)) return false;
    if (why.code != ERROR_NONE) {
      entry->error = why;
      ledger_fail(entry);
      continue;
    }
    if (!cascade_undo(&intake, input->event_id, entry->actor, error, &undone) ||
        !cascade_finish(&intake, 1, error))
      return false;
    *(struct undo_reply *)entry->reply =
        (struct undo_reply){.success = true,
                            .event_id = input->event_id,
                            .revision = entry->learner.revision - (entry->change_count == 0 ? 1 : 0),
                            .restored = undone.restored,
                            .left = undone.left};
  }
  return true;
}

static const struct ledger_kind undo_kind = {.name = "event_undo", .work = undo_work};

static bool handle_undo(struct request *request, const void *query, const void *body, void *reply,
                        struct error *error) {
  struct undo_input input = {
      .config = request->app->config, .zones = request->zones, .event_id = request->path_parts[0]};
  struct ledger_entry entry;
  (void)query;
  (void)body;
  if (!entry_begin(request, &undo_kind, NULL, &undo_schema, &input, error, &entry)) return false;
  entry.input = &input;
  entry.reply_schema = &undo_reply_schema;
  entry.reply = reply;
  return ledger_run_one(request->app->ledger, &undo_kind, &entry, NULL, request->arena, error) &&
         entry_answer(request, &entry);
}

static const struct endpoint rows[] = {
    {.method = "GET",
     .path = "/api/progress-sync/events/{id}/propagations",
     .role = ROLE_STUDENT,
     .flags = ENDPOINT_FRESH,
     .reply = &receipts_schema,
     .handle = handle_receipts,
     .tag = "Progress events",
     .summary = "Every row that an event brought along, and why"},
    {.method = "POST",
     .path = "/api/progress-sync/events/{id}/undo",
     .role = ROLE_STUDENT,
     .flags = ENDPOINT_NEEDS_LEARNER | ENDPOINT_IDEMPOTENT_KEY | ENDPOINT_WRITES_REPLY,
     .reply = &undo_reply_schema,
     .handle = handle_undo,
     .tag = "Progress events",
     .summary = "Take back what an event brought along, where nobody has touched it since"},
};
const struct endpoint_table cascade_endpoints = ENDPOINT_TABLE(rows);
