/* What the learner says in place of what the events say. */
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "event/conflict.h"
#include "schema/decode.h"
#include "schema/encode.h"
#include "schema/json.h"

#include "base/banned.h"

#define DATA_BYTES ((size_t)256 * 1024)
#define NO_END INT64_MIN

/* --- Laying one JSON object over another ------------------------------------------------------------- */

static bool has_key(struct json_cursor object, struct json_span key) {
  json_enter(&object);
  while (json_next(&object)) {
    struct json_span name = json_take_key(&object);
    if (name.bytes == key.bytes && memcmp(name.text, key.text, key.bytes) == 0) return true;
    (void)json_skip(&object);
  }
  return false;
}

/* The members of `object` that `but_not`, where there is one, has none of. */
static void append_members(struct json_cursor object, const struct json_cursor *but_not,
                           struct buffer *buffer) {
  json_enter(&object);
  while (json_next(&object)) {
    struct json_span key = json_take_key(&object);
    struct json_span value = json_skip(&object);
    if (but_not != NULL && has_key(*but_not, key)) continue;
    if (buffer->length > 1) buffer_append_char(buffer, ',');
    buffer_append_char(buffer, '"');
    buffer_append(buffer, key.text, key.bytes);
    buffer_append_text(buffer, "\":");
    buffer_append(buffer, value.text, value.bytes);
  }
}

static bool overlay(const struct event_data *base, const char *user_data, struct error *error,
                    struct buffer *buffer) {
  CLEANUP(buffer_free) struct buffer text = BUFFER_INIT(DATA_BYTES);
  schema_encode_json(&event_data_schema, base, &text);
  if (text.failed) return error_set_memory(error);
  struct json_cursor ours = json_open(text.data, text.length);
  struct json_cursor theirs = json_open(user_data, strlen(user_data));
  if (json_peek(&theirs) != JSON_KIND_OBJECT)
    return error_add_field(error, ERROR_MALFORMED, "userData", "must be an object");
  buffer_append_char(buffer, '{');
  append_members(ours, &theirs, buffer);
  append_members(theirs, NULL, buffer);
  buffer_append_char(buffer, '}');
  return !buffer->failed || error_set_memory(error);
}

/* --- Checking what comes of it ----------------------------------------------------------------------- */

/* Complaints name fields of the data, or of an event; here both are userData's. */
static void rename_fields(struct error *error) {
  static const char event_prefix[] = "eventData.";
  for (size_t at = 0; at < error->field_count; at++) {
    char *name = error->fields[at].field;
    const char *rest =
        strncmp(name, event_prefix, strlen(event_prefix)) == 0 ? name + strlen(event_prefix) : name;
    char renamed[ERROR_FIELD_NAME_BYTES];
    int length =
        snprintf(renamed, sizeof renamed, "userData.%.*s", (int)(sizeof renamed - sizeof "userData."), rest);
    if (length > 0) memcpy(name, renamed, (size_t)length + 1);
  }
}

static bool same_activity(const struct event *winner, const struct event_data *data, struct error *error) {
  if (data->activity_id == NULL || strcmp(data->activity_id, winner->activity_id) != 0)
    error_add_field(error, ERROR_UNPROCESSABLE, "activityId",
                    "must be the activity that the conflict is about");
  if (data->activity_type_given != PRESENCE_GIVEN || data->activity_type != (int)winner->activity_type)
    error_add_field(error, ERROR_UNPROCESSABLE, "activityType",
                    "must be the activity that the conflict is about");
  return error->code == ERROR_NONE;
}

static bool check_review(const struct event *winner, struct event_body *body, struct arena *arena,
                         struct error *error) {
  struct error found = ERROR_INIT;
  if (!event_check(body, arena, &found) || !same_activity(winner, &body->data, &found)) {
    rename_fields(&found);
    *error = found;
    return false;
  }
  return true;
}

/* The end that data tell of themselves, NO_END where they tell none. */
static int64_t told_end(const struct event *winner, const struct event_data *data) {
  const struct event_body body = {.event_type = (int)winner->type, .data = *data};
  return event_happened_at(&body, NO_END);
}

bool conflict_review(const struct event *events, const char *user_data, struct arena *arena,
                     struct error *error, struct resolution *resolution) {
  const struct event *winner = &events[resolution->winner];
  CLEANUP(buffer_free) struct buffer text = BUFFER_INIT(DATA_BYTES * 2);
  struct event_body body = {.event_type = (int)winner->type,
                            .type_given = PRESENCE_GIVEN,
                            .source_system = (int)winner->source,
                            .source_given = PRESENCE_GIVEN,
                            .data_given = PRESENCE_GIVEN};
  struct event event;
  if (!overlay(&resolution->data, user_data, error, &text)) return false;
  if (!schema_decode_json(&event_data_schema, text.data, text.length, UNKNOWN_IGNORED, arena, &body.data,
                          error)) {
    rename_fields(error);
    return false;
  }
  if (!check_review(winner, &body, arena, error)) return false;
  event_from_body(&body, winner->timestamp_ms, &event);
  int64_t end_ms = told_end(winner, &body.data);
  if (end_ms != NO_END && end_ms != told_end(winner, &resolution->data)) resolution->happened_at_ms = end_ms;
  resolution->data = body.data;
  resolution->time_spent = event.time_spent;
  return true;
}
