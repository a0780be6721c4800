#include "learner/import_entry.h"

#include <string.h>

#include "base/clock.h"
#include "learner/document.h"
#include "learner/import_value.h"

#include "base/banned.h"

#define DAY_MS INT64_C(86400000)
#define DAY_SLACK 2 /* days between a UTC date and the calendar of any learner, with one to spare */

/* Values as they stood: applications wrote these fields in several ways. A name has its synonyms as further
 * rows of the same member. */
struct raw_attempt {
  const char *entry;
  const char *user;
  const char *exercise;
  const char *is_correct;
  const char *answer;
  const char *time;
  const char *module;
  const char *tokens;
  const char *day;
};

#define RAW(name, member, text) \
  FIELD_JSON(struct raw_attempt, name, member, .maximum = IMPORT_VALUE_BYTES, .summary = (text))

static const struct field attempt_fields[] = {
    FIELD_JSON(struct raw_attempt, "entry", entry, .maximum = IMPORT_ITEM_BYTES,
               .summary = "The entry itself, where it was kept aside before."),
    RAW("user_id", user, "Whose it is; the file's name says it, too."),
    RAW("userId", user, "The same."),
    RAW("exercise_id", exercise, "What was answered."),
    RAW("exerciseId", exercise, "The same."),
    RAW("is_correct", is_correct, "Whether the answer was right."),
    RAW("isCorrect", is_correct, "The same."),
    RAW("correct", is_correct, "The same."),
    FIELD_JSON(struct raw_attempt, "user_answer", answer, .maximum = IMPORT_ITEM_BYTES,
               .summary = "What was answered to it."),
    FIELD_JSON(struct raw_attempt, "userAnswer", answer, .maximum = IMPORT_ITEM_BYTES,
               .summary = "The same."),
    RAW("created_at", time, "When."),
    RAW("createdAt", time, "The same."),
    RAW("timestamp", time, "The same."),
    RAW("date", time, "The same."),
    RAW("module", module, "Which module it counts for."),
    RAW("category", module, "The same."),
    RAW("tokens", tokens, "What it earned."),
    RAW("tokens_earned", tokens, "The same."),
    RAW("tokensEarned", tokens, "The same."),
    RAW("practised_on", day, "The learner's day that it counts for."),
    RAW("practiced_on", day, "The same."),
    RAW("practicedOn", day, "The same."),
};
const struct schema import_attempt_schema = SCHEMA("ImportAttempt", struct raw_attempt, attempt_fields,
                                                   .summary = "An entry of attempts_<user>.json.");

/* --- Values ---------------------------------------------------------------------------------------- */

/* A date alone is that day, whatever the zone. */
static bool take_time(const char *json, int64_t now_ms, struct arena *arena, struct error *error,
                      struct import_attempt *attempt) {
  const char *text;
  if (!import_value_text(json, "created_at", arena, error, &text)) return false;
  bool is_day = *json == '"' && clock_parse_day(text, &attempt->day);
  if (is_day) {
    attempt->has_day = true;
    attempt->created_at_ms = attempt->day * DAY_MS;
  } else if (!import_value_time(json, text, &attempt->created_at_ms)) {
    return error_set(error, ERROR_MALFORMED, "created_at is no time: %.40s.", text);
  }
  if (attempt->created_at_ms < 0) return error_set(error, ERROR_MALFORMED, "created_at lies before 1970.");
  if (attempt->created_at_ms > now_ms + IMPORT_SKEW_MS)
    return error_set(error, ERROR_MALFORMED, "created_at lies in the future.");
  return true;
}

static bool take_day(const char *json, struct arena *arena, struct error *error,
                     struct import_attempt *attempt) {
  const char *text;
  if (!import_value_text(json, "practised_on", arena, error, &text)) return false;
  if (!import_value_day(text, &attempt->day))
    return error_set(error, ERROR_MALFORMED, "practised_on is no day: %.40s.", text);
  attempt->has_day = true;
  int64_t days_off = attempt->day - attempt->created_at_ms / DAY_MS;
  if (days_off >= -DAY_SLACK && days_off <= DAY_SLACK) return true;
  return error_set(error, ERROR_MALFORMED, "practised_on is not the day of created_at.");
}

/* A text is taken as it is; what is none as its JSON. */
static bool take_answer(const char *json, struct arena *arena, struct error *error,
                        struct import_attempt *attempt) {
  if (!import_value_is_given(json)) return true;
  attempt->user_answer = json;
  if (*json == '"' && !import_value_text(json, "user_answer", arena, error, &attempt->user_answer))
    return false;
  if (strlen(attempt->user_answer) <= IMPORT_ANSWER_BYTES) return true;
  return error_set(error, ERROR_MALFORMED, "user_answer is longer than %d bytes.", IMPORT_ANSWER_BYTES);
}

/* --- Digests --------------------------------------------------------------------------------------- */

void import_entry_digest(const char *exercise_id, bool is_correct, int64_t created_at_ms,
                         const char *user_answer, unsigned char *ret_digest) {
  struct {
    unsigned char answer[IMPORT_DIGEST_BYTES];
    unsigned char exercise[IMPORT_DIGEST_BYTES];
    int64_t created_at_ms;
    int64_t verdict;
  } content;
  memset(&content, 0, sizeof content);
  if (user_answer != NULL) import_value_digest(user_answer, strlen(user_answer), content.answer);
  import_value_digest(exercise_id, strlen(exercise_id), content.exercise);
  content.created_at_ms = created_at_ms;
  content.verdict = is_correct ? 1 : 0;
  import_value_digest(&content, sizeof content, ret_digest);
}

/* --- Attempts -------------------------------------------------------------------------------------- */

static bool take_attempt(const struct raw_attempt *raw, int64_t now_ms, struct arena *arena,
                         struct error *error, struct import_attempt *attempt) {
  if (!import_value_is_given(raw->exercise))
    return error_set(error, ERROR_MALFORMED, "exercise_id is missing.");
  if (!import_value_is_given(raw->is_correct))
    return error_set(error, ERROR_MALFORMED, "is_correct is missing.");
  if (!import_value_is_given(raw->time)) return error_set(error, ERROR_MALFORMED, "created_at is missing.");
  if (!import_value_name(raw->exercise, "exercise_id", IMPORT_EXERCISE_CHARACTERS, arena, error,
                         &attempt->exercise_id) ||
      !import_value_flag(raw->is_correct, "is_correct", arena, error, &attempt->is_correct) ||
      !take_time(raw->time, now_ms, arena, error, attempt) ||
      !take_answer(raw->answer, arena, error, attempt))
    return false;
  if (import_value_is_given(raw->module) &&
      !import_value_name(raw->module, "module", IMPORT_MODULE_CHARACTERS, arena, error, &attempt->module))
    return false;
  if (attempt->module != NULL && strcmp(attempt->module, DOCUMENT_UNATTRIBUTED) == 0)
    return error_set(error, ERROR_MALFORMED, "module is a reserved name.");
  attempt->has_tokens = import_value_is_given(raw->tokens);
  if (attempt->has_tokens &&
      !import_value_count(raw->tokens, "tokens", IMPORT_TOKENS_MAX, error, &attempt->tokens))
    return false;
  return !import_value_is_given(raw->day) || take_day(raw->day, arena, error, attempt);
}

bool import_entry_attempt(const struct import_item *item, int64_t now_ms, struct arena *arena,
                          struct error *error, struct import_attempt *ret_attempt, const char **ret_user) {
  struct raw_attempt raw;
  struct import_attempt attempt = {.index = item->index, .line = item->line};
  const char *user = NULL;
  if (!import_value_read(&import_attempt_schema, item, arena, error, &raw) ||
      !import_value_unwrap(&import_attempt_schema, raw.entry, arena, error, &raw) ||
      !take_attempt(&raw, now_ms, arena, error, &attempt) ||
      (import_value_is_given(raw.user) && !import_value_text(raw.user, "user_id", arena, error, &user)))
    return false;
  import_entry_digest(attempt.exercise_id, attempt.is_correct, attempt.created_at_ms, attempt.user_answer,
                      attempt.key.digest);
  *ret_attempt = attempt;
  *ret_user = user;
  return true;
}
