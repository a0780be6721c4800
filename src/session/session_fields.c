#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "schema/json.h"
#include "session/session_record.h"

#include "base/banned.h"

/* A number that no double can hold is no JSON to every database. Recursion ends with JSON_DEPTH_MAX. */
static bool numbers_fit(struct json_cursor *cursor) {
  enum json_kind kind = json_peek(cursor);
  if (kind == JSON_KIND_NUMBER) return isfinite(strtod(json_skip(cursor).text, NULL));
  if (kind != JSON_KIND_ARRAY && kind != JSON_KIND_OBJECT) {
    json_skip(cursor);
    return true;
  }
  json_enter(cursor);
  while (json_next(cursor)) {
    if (kind == JSON_KIND_OBJECT) json_take_key(cursor);
    if (!numbers_fit(cursor)) return false;
  }
  return true;
}

static bool check_results(const void *value, struct error *error) {
  const char *text = *(const char *const *)value;
  struct json_cursor cursor = json_open(text, strlen(text));
  return numbers_fit(&cursor) ||
         error_set(error, ERROR_MALFORMED, "must hold no number beyond a double's range");
}

static const struct field body_fields[] = {
    FIELD_TEXT(
        struct session_body, "sessionId", session_id, .flags = FIELD_NULLABLE, .minimum = 1, .maximum = 64,
        .summary = "The client's own id of this session: a repeat with the same id gets the first reply.",
        .example = "\"session-1763712000000-417\""),
    FIELD_TEXT(struct session_body, "threadId", thread_id, .flags = FIELD_REQUIRED, .minimum = 1,
               .maximum = SESSION_NAME_CHARACTERS, .summary = "The thread that was practised.",
               .example = "\"thread-T1-001\""),
    FIELD_TEXT(struct session_body, "stitchId", stitch_id, .flags = FIELD_REQUIRED, .minimum = 1,
               .maximum = SESSION_NAME_CHARACTERS, .summary = "The stitch that was practised.",
               .example = "\"stitch-T1-001-01\""),
    FIELD_UINT(struct session_body, "totalQuestions", total_questions, .flags = FIELD_NULLABLE,
               .maximum = SESSION_QUESTIONS_MAX, .summary = "Questions of the session."),
    FIELD_UINT(struct session_body, "correctAnswers", correct_answers, .flags = FIELD_NULLABLE,
               .maximum = SESSION_QUESTIONS_MAX, .summary = "Of them, answered correctly."),
    FIELD_UINT(struct session_body, "totalPoints", total_points, .flags = FIELD_NULLABLE,
               .maximum = SESSION_POINTS_MAX, .summary = "Points earned; they are added to the profile's."),
    FIELD_NUMBER(struct session_body, "blinkSpeed", blink_speed, .flags = FIELD_NULLABLE, .minimum = 0,
                 .maximum = SESSION_SPEED_MAX,
                 .summary = "Average seconds an answer took; 0, as not sent, where it is not known.",
                 .example = "2.25"),
    FIELD_JSON(struct session_body, "results", results, .flags = FIELD_NULLABLE,
               .maximum = SESSION_RESULTS_BYTES_MAX, .check = check_results,
               .summary = "The single results, kept as they are; an empty list when not sent."),
    FIELD_TIME(struct session_body, "completedAt", completed_at_ms, .flags = FIELD_NULLABLE,
               .presence = PRESENCE(struct session_body, completed_at_given),
               .summary = "When it was completed; now, when not sent. At most offline.max_age_days old. It "
                          "counts for that day of the learner's."),
};
const struct schema session_body_schema =
    SCHEMA("SessionBody", struct session_body, body_fields,
           .missing = "Missing required fields: threadId and stitchId are required",
           .summary = "A completed session, as the client sends it.");

static const struct field reply_fields[] = {
    FIELD_BOOL(struct session_reply, "success", success, .flags = FIELD_REQUIRED,
               .summary = "Always true here."),
    FIELD_TEXT(struct session_reply, "message", message, .flags = FIELD_REQUIRED,
               .summary = "What was done, in a sentence."),
    FIELD_TEXT(struct session_reply, "sessionId", session_id, .flags = FIELD_REQUIRED,
               .summary = "The session's id; one was made where the client had none."),
    FIELD_TEXT(struct session_reply, "threadId", thread_id, .flags = FIELD_REQUIRED,
               .summary = "The thread that was practised."),
    FIELD_TEXT(struct session_reply, "stitchId", stitch_id, .flags = FIELD_REQUIRED,
               .summary = "The stitch that was practised."),
    FIELD_UINT(struct session_reply, "totalPoints", total_points, .flags = FIELD_REQUIRED,
               .summary = "Points of this session."),
    FIELD_UINT(struct session_reply, "revision", revision, .flags = FIELD_REQUIRED,
               .summary = "The learner's revision that this session made."),
};
const struct schema session_reply_schema =
    SCHEMA("SessionReply", struct session_reply, reply_fields, .summary = "The session as it was recorded.");
