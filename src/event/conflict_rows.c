#include "event/conflict_private.h"

#include <stdlib.h>
#include <string.h>

#include "queries/conflict.h"
#include "schema/decode.h"
#include "schema/encode.h"

#include "base/banned.h"

#define SECOND_MS INT64_C(1000)
#define LIST_BYTES ((size_t)256 * 1024)

int conflict_name_index(const char *const *names, const char *name) {
  for (int at = 0; names[at] != NULL; at++)
    if (strcmp(names[at], name) == 0) return at;
  return 0;
}

/* --- Reading events ---------------------------------------------------------------------------------- */

/* The columns that every statement of events has, by the same names. */
#define EVENT_OF(row) \
  (struct event) { \
    .id = (row)->id, .revision = (row)->revision, .position = (uint32_t)(row)->position, \
    .type = (enum event_type)conflict_name_index(event_type_names, (row)->event_type), \
    .source = (enum event_system)conflict_name_index(event_system_names, (row)->source_system), \
    .timestamp_ms = (row)->timestamp, .happened_at_ms = (row)->happened_at, .day = (row)->practised_on, \
    .outcome = (enum event_outcome)conflict_name_index(event_outcome_names, (row)->outcome), \
    .data_text = (row)->data \
  }

/* What of an event follows from its data. */
static bool read_data(struct event *event, struct arena *arena, struct error *error) {
  struct event_body body = {.event_type = (int)event->type, .source_system = (int)event->source};
  struct event told;
  if (!schema_decode_json(&event_data_schema, event->data_text, strlen(event->data_text), UNKNOWN_IGNORED,
                          arena, &body.data, error))
    return error_set(error, ERROR_INTERNAL, "An event that is stored cannot be read.");
  event_from_body(&body, event->timestamp_ms, &told);
  event->data = body.data;
  event->status = told.status;
  event->time_spent = told.time_spent;
  event->activity_type = told.activity_type;
  event->activity_id = told.activity_id;
  return true;
}

static bool make_room(struct arena *arena, size_t count, struct error *error,
                      struct conflict_events *ret_events) {
  struct conflict_events events = {.events = arena_alloc_array(arena, count, sizeof *events.events),
                                   .came = arena_alloc_array(arena, count, sizeof *events.came),
                                   .count = count};
  if (events.events == NULL || events.came == NULL) return error_set_memory(error);
  *ret_events = events;
  return true;
}

static bool is_final(enum completion_status status) {
  return status == STATUS_COMPLETED || status == STATUS_SKIPPED || status == STATUS_FAILED;
}

/* In the order in which they were taken in. */
static int compare_peers(const void *left, const void *right) {
  const struct conflict_peers_row *a = left;
  const struct conflict_peers_row *b = right;
  if (a->revision != b->revision) return a->revision < b->revision ? -1 : 1;
  return (a->position > b->position) - (a->position < b->position);
}

int64_t conflict_window_ms(const struct event *event, const struct events_config *config) {
  int64_t window_s = config->duplicate_window_s;
  if (is_final(event->status) && config->occasion_window_s > window_s) window_s = config->occasion_window_s;
  return window_s * SECOND_MS;
}

bool conflict_read_peers(struct event_intake *intake, const struct event *event, struct error *error,
                         struct conflict_events *ret_peers) {
  struct arena *arena = ledger_arena(intake->tx);
  int64_t window_ms = conflict_window_ms(event, &intake->config->events);
  struct conflict_peers_params params = {.user_id = intake->entry->learner.user_id,
                                         .activity_type = activity_type_names[event->activity_type],
                                         .activity_id = event->activity_id,
                                         .moment = event->happened_at_ms,
                                         .from_moment = event->happened_at_ms - window_ms,
                                         .until_moment = event->happened_at_ms + window_ms,
                                         .is_final = is_final(event->status),
                                         .completion_status = completion_status_names[event->status],
                                         .event_type = event_type_names[event->type],
                                         .source_system = event_system_names[event->source],
                                         .limit_rows = CONFLICT_PEERS_MAX};
  struct conflict_peers_row *rows;
  size_t count;
  if (!conflict_peers(ledger_db(intake->tx), &params, arena, 2 * (size_t)CONFLICT_PEERS_MAX, error, &rows,
                      &count) ||
      !make_room(arena, count, error, ret_peers))
    return false;
  if (count > 1) qsort(rows, count, sizeof *rows, compare_peers);
  for (size_t at = 0; at < count; at++) {
    ret_peers->events[at] = EVENT_OF(&rows[at]);
    ret_peers->came[at] = rows[at].event_data;
    if (!read_data(&ret_peers->events[at], arena, error)) return false;
  }
  return true;
}

/* By conflict, each one's as they were taken in. */
static int compare_rows(const void *left, const void *right) {
  const struct conflict_events_row *a = left;
  const struct conflict_events_row *b = right;
  if (a->conflict_id != b->conflict_id) return a->conflict_id < b->conflict_id ? -1 : 1;
  if (a->revision != b->revision) return a->revision < b->revision ? -1 : 1;
  return (a->position > b->position) - (a->position < b->position);
}

bool conflict_read_events(struct db *db, uint64_t user_id, const uint64_t *ids, size_t id_count,
                          struct arena *arena, struct error *error, struct conflict_events *ret_events,
                          const uint64_t **ret_of) {
  struct conflict_events_params *params = arena_alloc_array(arena, id_count, sizeof *params);
  struct conflict_events_row *rows;
  size_t count;
  uint64_t *of;
  if (id_count == 0) {
    *ret_events = (struct conflict_events){.count = 0};
    return true;
  }
  if (params == NULL) return error_set_memory(error);
  for (size_t at = 0; at < id_count; at++)
    params[at] = (struct conflict_events_params){.user_id = user_id, .conflict_id = ids[at]};
  if (!conflict_events(db, params, id_count, arena, id_count * CONFLICT_EVENTS_MAX, error, &rows, &count) ||
      !make_room(arena, count, error, ret_events))
    return false;
  if (count > 1) qsort(rows, count, sizeof *rows, compare_rows);
  if ((of = arena_alloc_array(arena, count, sizeof *of)) == NULL) return error_set_memory(error);
  for (size_t at = 0; at < count; at++) {
    ret_events->events[at] = EVENT_OF(&rows[at]);
    ret_events->came[at] = rows[at].event_data;
    of[at] = rows[at].conflict_id;
    if (!read_data(&ret_events->events[at], arena, error)) return false;
  }
  if (ret_of != NULL) *ret_of = of;
  return true;
}

bool conflict_others_say(struct db *db, uint64_t user_id, const struct event *events, size_t count,
                         bool only_completed, struct arena *arena, struct error *error, bool *ret_say) {
  CLEANUP(buffer_free) struct buffer text = BUFFER_INIT(LIST_BYTES);
  struct conflict_count_others_row row;
  bool found;
  for (size_t at = 0; at < count; at++) {
    buffer_append_char(&text, at == 0 ? '[' : ',');
    json_append_text(&text, events[at].id);
  }
  buffer_append_char(&text, ']');
  if (text.failed) return error_set_memory(error);
  struct conflict_count_others_params params = {.user_id = user_id,
                                                .activity_type = activity_type_names[events[0].activity_type],
                                                .activity_id = events[0].activity_id,
                                                .event_ids = text.data,
                                                .only_completed = only_completed};
  if (!conflict_count_others(db, &params, arena, error, &row, &found)) return false;
  *ret_say = found && row.others > 0;
  return true;
}

bool conflict_takes_back(struct db *db, uint64_t user_id, const struct event *events, size_t count,
                         const struct resolution *resolution, struct arena *arena, struct error *error,
                         bool *ret_takes) {
  bool counted = false;
  bool say;
  for (size_t at = 0; at < count; at++)
    counted = counted || (events[at].outcome == EVENT_APPLIED && events[at].status == STATUS_COMPLETED);
  if (!counted || resolution->data.completion_status == (int)STATUS_COMPLETED) {
    *ret_takes = false;
    return true;
  }
  if (!conflict_others_say(db, user_id, events, count, true, arena, error, &say)) return false;
  *ret_takes = !say;
  return true;
}

/* --- Writing what events become ----------------------------------------------------------------------- */

void conflict_apply(struct event_intake *intake, const struct resolution *resolution, struct event *event) {
  event->data = resolution->data;
  event->status = (enum completion_status)resolution->data.completion_status;
  event->time_spent = resolution->time_spent;
  event->happened_at_ms = resolution->happened_at_ms;
  event->day = zone_day_at(intake->zones, intake->entry->learner.time_zone, resolution->happened_at_ms);
}

const char *conflict_data_text(const struct event_data *data, struct arena *arena) {
  CLEANUP(buffer_free) struct buffer text = BUFFER_INIT(CONFLICT_DATA_BYTES);
  schema_encode_json(&event_data_schema, data, &text);
  return text.failed ? NULL : arena_strndup(arena, buffer_text(&text), text.length);
}

/* Those that have a row; the winner comes out with `outcome`. */
static bool write_decided(struct event_intake *intake, const struct event *events, size_t count,
                          const struct event *carrier, const struct resolution *resolution,
                          enum event_outcome outcome, struct error *error) {
  struct arena *arena = ledger_arena(intake->tx);
  struct conflict_decide_params *rows = arena_alloc_array(arena, count, sizeof *rows);
  struct event winner = *carrier;
  struct db_outcome written;
  conflict_apply(intake, resolution, &winner);
  const char *text = conflict_data_text(&winner.data, arena);
  if (rows == NULL || text == NULL) return error_set_memory(error);
  for (size_t at = 0; at < count; at++)
    rows[at] = (struct conflict_decide_params){.user_id = intake->entry->learner.user_id,
                                               .id = events[at].id,
                                               .winner = winner.id,
                                               .outcome = event_outcome_names[outcome],
                                               .completion_status = completion_status_names[winner.status],
                                               .time_spent = winner.time_spent,
                                               .resolved_data = text,
                                               .happened_at = winner.happened_at_ms,
                                               .practised_on = winner.day};
  return conflict_decide(ledger_db(intake->tx), rows, count, error, &written);
}

bool conflict_write_winner(struct event_intake *intake, const struct event *event,
                           const struct resolution *resolution, enum event_outcome outcome,
                           struct error *error) {
  return write_decided(intake, event, 1, event, resolution, outcome, error);
}

bool conflict_write_outcomes(struct event_intake *intake, const struct event *events, size_t count,
                             const struct resolution *resolution, bool fresh, struct error *error) {
  return write_decided(intake, events, fresh ? count - 1 : count, &events[resolution->winner], resolution,
                       EVENT_APPLIED, error);
}

bool conflict_write_events(struct event_intake *intake, uint64_t id, const struct event *events, size_t count,
                           struct error *error) {
  struct conflict_add_events_params *rows = arena_alloc_array(ledger_arena(intake->tx), count, sizeof *rows);
  struct db_outcome outcome;
  if (rows == NULL) return error_set_memory(error);
  for (size_t at = 0; at < count; at++)
    rows[at] = (struct conflict_add_events_params){
        .conflict_id = id, .user_id = intake->entry->learner.user_id, .event_id = events[at].id};
  return conflict_add_events(ledger_db(intake->tx), rows, count, error, &outcome);
}
