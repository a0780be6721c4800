#include "learner/attempts.h"

#include "learner/place.h"
#include "queries/statistics.h"

#include "base/banned.h"

static const struct field query_fields[] = {
    FIELD_UINT(struct attempts_query, "limit", limit, .minimum = 1, .maximum = ATTEMPTS_PAGE_MAX,
               .default_text = "50", .summary = "At most so many attempts."),
    FIELD_TEXT(struct attempts_query, "after", after, .maximum = PLACE_TEXT_BYTES,
               .summary = "Go on after this place: the nextAfter of the page before."),
};
const struct schema attempts_query_schema =
    SCHEMA("AttemptsQuery", struct attempts_query, query_fields, .summary = "Which attempts.");

static const struct field attempt_fields[] = {
    FIELD_UINT(struct attempt, "id", id, .flags = FIELD_REQUIRED, .summary = "The attempt."),
    FIELD_TEXT(struct attempt, "exerciseId", exercise_id, .flags = FIELD_REQUIRED,
               .summary = "What was answered."),
    FIELD_TEXT(struct attempt, "module", module, .flags = FIELD_REQUIRED,
               .summary = "The module that was credited."),
    FIELD_BOOL(struct attempt, "isCorrect", is_correct, .flags = FIELD_REQUIRED, .summary = "The grade."),
    FIELD_TEXT(struct attempt, "userAnswer", user_answer, .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .summary = "The answer as it was given, where one was sent."),
    FIELD_INT(struct attempt, "tokens", tokens, .flags = FIELD_REQUIRED, .summary = "What it earned."),
    FIELD_DAY(struct attempt, "practicedOn", practised_on, .flags = FIELD_REQUIRED,
              .summary = "The learner's calendar day that it counts for."),
    FIELD_UINT(struct attempt, "practiceSessionId", practice_session_id,
               .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .presence = PRESENCE(struct attempt, practice_session_given),
               .summary = "The practice session that it belongs to."),
    FIELD_TIME(struct attempt, "answeredAt", answered_at_ms, .flags = FIELD_REQUIRED,
               .summary = "When it was answered."),
};
static const struct schema attempt_schema =
    SCHEMA("Attempt", struct attempt, attempt_fields, .summary = "One answer of the learner.");

static const struct field reply_fields[] = {
    FIELD_LIST(struct attempts_reply, "attempts", attempts, .object = &attempt_schema,
               .flags = FIELD_REQUIRED, .maximum = ATTEMPTS_PAGE_MAX,
               .summary = "Newest first; those of long ago among them."),
    FIELD_TEXT(struct attempts_reply, "nextAfter", next_after, .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .summary = "Where the next page goes on; null at the end."),
};
const struct schema attempts_reply_schema =
    SCHEMA("Attempts", struct attempts_reply, reply_fields, .summary = "A page of the learner's attempts.");

static struct attempt attempt_from(const struct statistics_attempts_row *row) {
  return (struct attempt){.id = row->attempt_id,
                          .exercise_id = row->exercise_id,
                          .module = row->module,
                          .is_correct = row->is_correct,
                          .user_answer = row->user_answer,
                          .tokens = row->tokens,
                          .practised_on = row->practised_on,
                          .practice_session_id = row->practice_session_id,
                          .practice_session_given =
                              row->practice_session_id_is_null ? PRESENCE_NULL : PRESENCE_GIVEN,
                          .answered_at_ms = row->created_at};
}

bool attempts_read(struct db *db, const struct attempts_query *query, uint64_t user_id, struct arena *arena,
                   struct error *error, struct attempts_reply *ret_reply) {
  struct attempts_reply reply = {.next_after = NULL};
  struct statistics_attempts_row *rows;
  struct place place;
  size_t count;
  if (!place_parse(query->after, error, &place)) return false;
  struct statistics_attempts_params params = {
      .user_id = user_id, .before_at = place.at_ms, .before_id = place.id, .limit_rows = query->limit + 1};
  if (!statistics_attempts(db, &params, arena, query->limit + 1, error, &rows, &count)) return false;
  struct attempt *attempts = arena_alloc_array(arena, count, sizeof *attempts);
  if (attempts == NULL) return error_set_memory(error);
  if (count > query->limit) {
    count = query->limit;
    place = (struct place){.at_ms = rows[count - 1].created_at, .id = rows[count - 1].attempt_id};
    if (!place_print(&place, arena, error, &reply.next_after)) return false;
  }
  for (size_t at = 0; at < count; at++)
    attempts[at] = attempt_from(&rows[at]);
  reply.attempts = (struct field_list){.items = attempts, .count = count};
  *ret_reply = reply;
  return true;
}
