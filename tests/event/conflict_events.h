/* Events made of few words, for the tests of what they are to each other. Included by tests only. */
#ifndef LOCKSTEP_TESTS_EVENT_CONFLICT_EVENTS_H
#define LOCKSTEP_TESTS_EVENT_CONFLICT_EVENTS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "event/conflict.h"
#include "schema/decode.h"
#include "schema/encode.h"

#define CONFLICT_TEST_ARENA ((size_t)16 * 1024 * 1024)
/* 2024-01-15T10:00:00Z */
#define TEN_MS INT64_C(1705312800000)
#define SECOND_MS INT64_C(1000)
#define MINUTE_MS (60 * SECOND_MS)
#define HOUR_MS (60 * MINUTE_MS)
#define DAY_MS (24 * HOUR_MS)

static const struct events_config defaults = {.duplicate_window_s = 60,
                                              .occasion_window_s = 43200,
                                              .time_tolerance_percent = 20,
                                              .settle_confidence_percent = 80};

/* What an event says: `data` is eventData, its moment so long after ten. */
struct told {
  enum event_type type;
  enum event_system source;
  int64_t after_ms;
  const char *data;
};

static struct event make_event(struct arena *arena, const char *id, struct told told) {
  struct event_body body = {.id = id,
                            .event_type = (int)told.type,
                            .source_system = (int)told.source,
                            .timestamp_ms = TEN_MS + told.after_ms,
                            .timestamp_given = PRESENCE_GIVEN,
                            .type_given = PRESENCE_GIVEN,
                            .source_given = PRESENCE_GIVEN,
                            .data_given = PRESENCE_GIVEN};
  struct error error = ERROR_INIT;
  struct buffer text = BUFFER_INIT((size_t)64 * 1024);
  struct event event;
  if (!schema_decode_json(&event_data_schema, told.data, strlen(told.data), UNKNOWN_REFUSED, arena,
                          &body.data, &error))
    fail_msg("%s: %s", told.data, error.message);
  if (body.data.activity_id == NULL) body.data.activity_id = "a";
  event_from_body(&body, 0, &event);
  schema_encode_json(&event_data_schema, &event.data, &text);
  event.data_text = arena_strndup(arena, buffer_text(&text), text.length);
  buffer_free(&text);
  event.happened_at_ms = TEN_MS + told.after_ms;
  event.day = (int32_t)(event.happened_at_ms / DAY_MS);
  return event;
}

#endif
