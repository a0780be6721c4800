#include "event/intake_private.h"

#include <string.h>

#include "queries/event.h"
#include "schema/decode.h"
#include "schema/encode.h"

#include "base/banned.h"

#define IDS_BYTES ((size_t)1024 * 1024)

/* --- What is known --------------------------------------------------------------------------------- */

static bool list_ids(const struct event_batch *batch, struct buffer *ids, struct error *error) {
  for (size_t at = 0; at < batch->count; at++) {
    buffer_append_char(ids, at == 0 ? '[' : ',');
    json_append_text(ids, batch->items[at].refused ? NULL : batch->items[at].body->id);
  }
  buffer_append_char(ids, ']');
  return !ids->failed || error_set_memory(error);
}

/* The reply as it was; of a row that another hand wrote, what can be told of it. */
static bool read_result(const char *id, const struct event_known_of_row *row, struct arena *arena,
                        struct error *error, struct event_result *ret_result) {
  if (row->result != NULL)
    return schema_decode_json(&event_result_schema, row->result, strlen(row->result), UNKNOWN_IGNORED, arena,
                              ret_result, error);
  *ret_result = (struct event_result){.event_id = id, .status = row->outcome, .revision = row->revision};
  return true;
}

static bool know(const struct event_item *item, const struct event_known_of_row *row, struct arena *arena,
                 struct error *error, struct event_known *known) {
  known->is_known = true;
  known->hash = row->content_hash;
  return read_result(item->body->id, row, arena, error, &known->result);
}

/* A single event, by its key. */
static bool read_known_one(struct event_intake *intake, const struct event_item *item, struct error *error,
                           struct event_known *known) {
  struct event_known_params params = {.user_id = intake->entry->learner.user_id, .id = item->body->id};
  struct arena *arena = ledger_arena(intake->tx);
  struct event_known_row row;
  bool found;
  if (item->waited || item->refused) return true;
  if (!event_known(ledger_db(intake->tx), &params, arena, error, &row, &found)) return false;
  struct event_known_of_row same = {.content_hash = row.content_hash,
                                    .outcome = row.outcome,
                                    .revision = row.revision,
                                    .result = row.result};
  return !found || know(item, &same, arena, error, known);
}

bool intake_read_known(struct event_intake *intake, const struct event_batch *batch, struct error *error,
                       struct event_known **ret_known) {
  CLEANUP(buffer_free) struct buffer ids = BUFFER_INIT(IDS_BYTES);
  struct arena *arena = ledger_arena(intake->tx);
  struct event_known *known = arena_alloc_array(arena, batch->count, sizeof *known);
  struct event_known_of_row *rows;
  size_t count;
  if (known == NULL) return error_set_memory(error);
  *ret_known = known;
  if (batch->count == 1) return read_known_one(intake, &batch->items[0], error, &known[0]);
  if (!list_ids(batch, &ids, error)) return false;
  struct event_known_of_params params = {.user_id = intake->entry->learner.user_id, .event_ids = ids.data};
  if (!event_known_of(ledger_db(intake->tx), &params, arena, batch->count, error, &rows, &count))
    return false;
  for (size_t at = 0; at < count; at++) {
    size_t place = (size_t)rows[at].place - 1;
    if (!know(&batch->items[place], &rows[at], arena, error, &known[place])) return false;
  }
  return true;
}

/* --- What is written ------------------------------------------------------------------------------- */

static struct event_insert_params row_of(const struct event_intake *intake, const struct event *event) {
  bool is_pending = event->outcome == EVENT_PENDING;
  return (struct event_insert_params){.user_id = intake->entry->learner.user_id,
                                      .id = event->id,
                                      .revision = event->revision,
                                      .position = event->position,
                                      .event_type = event_type_names[event->type],
                                      .source_system = event_system_names[event->source],
                                      .activity_type = activity_type_names[event->activity_type],
                                      .activity_id = event->activity_id,
                                      .completion_status = completion_status_names[event->status],
                                      .time_spent = event->time_spent,
                                      .event_data = event->data_text,
                                      .resolved_data = event->resolved_text,
                                      .timestamp = event->timestamp_ms,
                                      .happened_at = event->happened_at_ms,
                                      .practised_on = event->day,
                                      .outcome = event_outcome_names[event->outcome],
                                      .processed = !is_pending,
                                      .retry_at_is_null = true,
                                      .content_hash = event->hash,
                                      .created_at = intake->now_ms};
}

static bool insert_row(struct event_intake *intake, const struct event *event, const struct error *failure,
                       struct error *error) {
  struct event_insert_params params = row_of(intake, event);
  if (event->outcome == EVENT_PENDING) {
    params.processing_errors = retry_describe(failure, intake->now_ms, ledger_arena(intake->tx));
    if (params.processing_errors == NULL) return error_set_memory(error);
    params.retry_at_is_null = !retry_at(intake->config, 0, intake->now_ms, &params.retry_at);
    if (!params.retry_at_is_null && !retry_order(intake, params.retry_at, error)) return false;
  }
  return event_insert(ledger_db(intake->tx), &params, 1, error, NULL);
}

static bool settle_row(struct event_intake *intake, const struct event *event, struct error *error) {
  struct event_settle_params params = {.user_id = intake->entry->learner.user_id,
                                       .id = event->id,
                                       .revision = event->revision,
                                       .position = event->position,
                                       .practised_on = event->day,
                                       .outcome = event_outcome_names[event->outcome],
                                       .completion_status = completion_status_names[event->status],
                                       .time_spent = event->time_spent,
                                       .happened_at = event->happened_at_ms,
                                       .resolved_data = event->resolved_text};
  return event_settle(ledger_db(intake->tx), &params, error, NULL);
}

bool intake_write_row(struct event_intake *intake, struct event_item *item, const struct event *event,
                      const struct error *failure, struct error *error) {
  item->stands = true;
  return item->waited ? settle_row(intake, event, error) : insert_row(intake, event, failure, error);
}

static const char *encode_result(const struct event_result *result, struct arena *arena) {
  CLEANUP(buffer_free) struct buffer text = BUFFER_INIT(EVENT_RESULT_BYTES);
  schema_encode_json(&event_result_schema, result, &text);
  return text.failed ? NULL : arena_strndup(arena, buffer_text(&text), text.length);
}

bool intake_make_room(struct event_intake *intake, size_t count, struct error *error) {
  intake->rows = arena_alloc_array(ledger_arena(intake->tx), count, sizeof *intake->rows);
  intake->row_count = 0;
  return intake->rows != NULL || error_set_memory(error);
}

bool intake_put_off_row(struct event_intake *intake, const struct event *event,
                        const struct event_result *result, struct error *error) {
  struct event_insert_params *row = &intake->rows[intake->row_count];
  *row = row_of(intake, event);
  row->result = encode_result(result, ledger_arena(intake->tx));
  if (row->result == NULL) return error_set_memory(error);
  intake->row_count++;
  return true;
}

bool intake_has_row(const struct event_intake *intake, const struct event *event) {
  const char *type = activity_type_names[event->activity_type];
  for (size_t at = 0; at < intake->row_count; at++)
    if (strcmp(intake->rows[at].activity_id, event->activity_id) == 0 &&
        strcmp(intake->rows[at].activity_type, type) == 0)
      return true;
  return false;
}

bool intake_write_rows(struct event_intake *intakes, size_t count, struct error *error) {
  size_t rows = 0;
  for (size_t at = 0; at < count; at++)
    rows += intakes[at].row_count;
  struct event_insert_params *all = arena_alloc_array(ledger_arena(intakes->tx), rows, sizeof *all);
  if (all == NULL) return error_set_memory(error);
  rows = 0;
  for (size_t at = 0; at < count; at++) {
    struct event_intake *intake = &intakes[at];
    if (intake->row_count > 0) memcpy(all + rows, intake->rows, intake->row_count * sizeof *all);
    rows += intake->row_count;
    intake->row_count = 0;
  }
  return event_insert(ledger_db(intakes->tx), all, rows, error, NULL);
}

bool intake_write_results(struct event_intake *intake, const struct event_batch *batch, struct error *error) {
  struct arena *arena = ledger_arena(intake->tx);
  struct event_set_result_params *rows = arena_alloc_array(arena, batch->count, sizeof *rows);
  size_t count = 0;
  if (rows == NULL) return error_set_memory(error);
  for (size_t at = 0; at < batch->count; at++) {
    if (!batch->items[at].stands) continue;
    rows[count] = (struct event_set_result_params){.user_id = intake->entry->learner.user_id,
                                                   .id = batch->items[at].body->id,
                                                   .result = encode_result(&batch->results[at], arena)};
    if (rows[count++].result == NULL) return error_set_memory(error);
  }
  return event_set_result(ledger_db(intake->tx), rows, count, error, NULL);
}

/* --- What is not taken ----------------------------------------------------------------------------- */

bool intake_reject(const char *event_id, const struct error *why, struct arena *arena, struct error *error,
                   struct event_result *ret_result) {
  size_t count = why->field_count == 0 ? 1 : why->field_count;
  struct event_problem *problems = arena_alloc_array(arena, count, sizeof *problems);
  if (problems == NULL) return error_set_memory(error);
  for (size_t at = 0; at < count; at++) {
    bool by_field = why->field_count > 0;
    problems[at].field = by_field ? arena_strdup(arena, why->fields[at].field) : NULL;
    problems[at].message = arena_strdup(arena, by_field ? why->fields[at].message : why->message);
    if (problems[at].message == NULL || (by_field && problems[at].field == NULL))
      return error_set_memory(error);
  }
  *ret_result = (struct event_result){
      .event_id = event_id, .status = "rejected", .errors = {.items = problems, .count = count}};
  return true;
}
