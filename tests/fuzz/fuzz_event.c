/* What POST /api/progress-sync/events is sent: one event or several. What is taken holds together; it reads
 * the same when it is read back, as an event that waited is; and what two of them are to each other does not
 * depend on which comes first, nor do the four resolutions take what none of them said. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "event/conflict.h"
#include "schema/decode.h"
#include "schema/encode.h"

#include "base/banned.h"

#define ARENA_BYTES ((size_t)64 * 1024 * 1024)
#define TEXT_BYTES_MAX ((size_t)16 * 1024 * 1024)
#define NOW_MS INT64_C(1700000000000)
#define DAY_MS INT64_C(86400000)
#define COMPARED_MAX 4 /* events of one input */

static const struct events_config config = {.duplicate_window_s = 60,
                                            .occasion_window_s = 43200,
                                            .time_tolerance_percent = 20,
                                            .settle_confidence_percent = 80};

static void check_event(const struct event *event) {
  if (event->activity_id == NULL || event->activity_id[0] == '\0') abort();
  if (strlen(event->activity_id) > (size_t)4 * EVENT_ACTIVITY_CHARACTERS) abort();
  if (event->type >= EVENT_TYPES || event->source >= EVENT_SYSTEMS || event->activity_type >= ACTIVITY_TYPES)
    abort();
  if (event->status > STATUS_FAILED) abort();
  if (!(event->time_spent >= 0) || event->time_spent > EVENT_MINUTES_MAX) abort();
  if (event->happened_at_ms < CLOCK_MIN_MS || event->happened_at_ms > CLOCK_MAX_MS) abort();
  if (event->id != NULL && (event->id[0] == '\0' || strncmp(event->id, "rule:", 5) == 0)) abort();
}

static const char *text_of(const struct event_data *data, struct arena *arena) {
  CLEANUP(buffer_free) struct buffer text = BUFFER_INIT(TEXT_BYTES_MAX);
  schema_encode_json(&event_data_schema, data, &text);
  if (text.failed) abort();
  const char *copy = arena_strdup(arena, buffer_text(&text));
  if (copy == NULL) abort();
  return copy;
}

/* As it is kept, and taken up again. */
static void check_kept(const struct event_body *body, const struct event *event, struct arena *arena) {
  struct event_body again = *body;
  struct event same;
  struct error error = ERROR_INIT;
  const char *text = text_of(&body->data, arena);
  if (!schema_decode_json(&event_data_schema, text, strlen(text), UNKNOWN_REFUSED, arena, &again.data,
                          &error))
    abort();
  if (!event_check(&again, arena, &error)) abort();
  if (strcmp(text, text_of(&again.data, arena)) != 0) abort();
  event_from_body(&again, NOW_MS, &same);
  if (strcmp(same.activity_id, event->activity_id) != 0 || same.status != event->status ||
      same.activity_type != event->activity_type || same.happened_at_ms != event->happened_at_ms ||
      fabs(same.time_spent - event->time_spent) > 0)
    abort();
}

static void check_resolutions(const struct event *events, size_t count, struct arena *arena) {
  for (int type = 0; type < RESOLUTION_TYPES; type++) {
    struct resolution resolution;
    struct error error = ERROR_INIT;
    if (!conflict_resolve(events, count, (enum resolution_type)type, arena, &error, &resolution)) abort();
    if (resolution.winner >= count || !(resolution.time_spent >= 0)) abort();
    if (text_of(&resolution.data, arena)[0] != '{') abort();
    bool is_said = false;
    for (size_t at = 0; at < count; at++)
      is_said |= (int)events[at].status == resolution.data.completion_status;
    if (!is_said) abort();
  }
}

static void check_pair(const struct event *one, const struct event *other, struct arena *arena) {
  struct conflict_weight forth = conflict_compare(one, other, &config);
  struct conflict_weight back = conflict_compare(other, one, &config);
  if (forth.kind != back.kind) abort();
  if (forth.kind == CONFLICT_NONE) return;
  if (forth.confidence != back.confidence || forth.suggestion != back.suggestion ||
      forth.impact != back.impact || forth.confidence > CONFLICT_SURE)
    abort();
  check_resolutions((struct event[]){*one, *other}, 2, arena);
}

/* Whether it is taken. */
static bool check_body(struct event_body *body, struct arena *arena, struct event *ret_event) {
  struct error error = ERROR_INIT;
  struct db_hash hash, again;
  if (body->complaint != NULL) return false;
  if (!event_hash(body, &error, &hash) || !event_hash(body, &error, &again)) abort();
  if (memcmp(&hash, &again, sizeof hash) != 0) abort();
  if (!event_check(body, arena, &error)) {
    if (error.code != ERROR_MALFORMED && error.code != ERROR_UNPROCESSABLE) abort();
    if (error.field_count == 0) abort();
    return false;
  }
  event_from_body(body, NOW_MS, ret_event);
  check_event(ret_event);
  check_kept(body, ret_event, arena);
  ret_event->data_text = text_of(&body->data, arena);
  ret_event->day = (int32_t)(ret_event->happened_at_ms / DAY_MS);
  return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
  struct error error = ERROR_INIT;
  struct event_submission submission;
  struct event events[COMPARED_MAX];
  size_t count = 0;
  CLEANUP(arena_cleanup) struct arena *arena = arena_new(ARENA_BYTES);
  if (!schema_decode_json(&event_submission_schema, (const char *)data, bytes, UNKNOWN_IGNORED, arena,
                          &submission, &error)) {
    if (error.code == ERROR_NONE) abort();
    return 0;
  }
  bool several = submission.events_given == PRESENCE_GIVEN;
  struct event_body *bodies = several ? submission.events.items : &submission.one;
  for (size_t at = 0; at < (several ? submission.events.count : 1) && count < COMPARED_MAX; at++)
    if (check_body(&bodies[at], arena, &events[count])) count++;
  for (size_t at = 1; at < count; at++) {
    /* Only events of one activity are ever held against each other. */
    events[at].activity_type = events[0].activity_type;
    events[at].activity_id = events[0].activity_id;
    check_pair(&events[0], &events[at], arena);
  }
  return 0;
}
