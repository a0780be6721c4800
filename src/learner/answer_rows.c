#include "learner/answer_rows.h"

#include <string.h>

#include "base/clock.h"
#include "queries/answer.h"
#include "schema/encode.h"

#include "base/banned.h"

#define ANSWER_LIST_BYTES ((size_t)4 * 1024 * 1024)

/* Rows of a list parameter: [[…],[…]]. */
static void list_begin_row(struct buffer *list) { buffer_append_text(list, list->length == 0 ? "[[" : ",["); }

static void list_append_day(struct buffer *list, int32_t day) {
  char text[CLOCK_DAY_BYTES];
  clock_format_day(day, text);
  json_append_text(list, text);
}

static bool list_end(struct buffer *list, struct error *error) {
  buffer_append_char(list, ']');
  return !list->failed || error_set_memory(error);
}

static void append_session(struct buffer *list, const struct answer_body *body) {
  if (body->practice_session_given == PRESENCE_GIVEN)
    buffer_append_u64(list, body->practice_session_id);
  else
    buffer_append_text(list, "null");
}

static const struct answer_body *body_of(const struct answer_step *step) {
  const struct answer_input *input = step->entry->input;
  return input->body;
}

static void take_context(struct answer_step *step, const struct answer_context_row *row) {
  step->is_known = row->is_known;
  step->answer_key = row->answer_key;
  step->exercise_module = row->module;
  step->exercise_tokens = row->tokens_is_null ? 0 : (int64_t)row->tokens;
  step->session_is_theirs = row->session_is_theirs;
  step->streak = (struct streak){.current = row->current_streak_is_null ? 0 : row->current_streak,
                                 .longest = row->longest_streak_is_null ? 0 : row->longest_streak,
                                 .practised = !row->last_practice_date_is_null,
                                 .last_day = row->last_practice_date};
}

bool answer_read_context(struct ledger_tx *tx, struct answer_step *steps, size_t count, struct error *error) {
  CLEANUP(buffer_free) struct buffer list = BUFFER_INIT(ANSWER_LIST_BYTES);
  for (size_t at = 0; at < count; at++) {
    list_begin_row(&list);
    buffer_append_u64(&list, at);
    buffer_append_char(&list, ',');
    buffer_append_u64(&list, steps[at].entry->learner.user_id);
    buffer_append_char(&list, ',');
    json_append_text(&list, body_of(&steps[at])->exercise_id);
    buffer_append_char(&list, ',');
    append_session(&list, body_of(&steps[at]));
    buffer_append_char(&list, ']');
  }
  if (!list_end(&list, error)) return false;
  struct answer_context_params params = {.answers = list.data};
  struct answer_context_row *rows;
  size_t row_count;
  if (!answer_context(ledger_db(tx), &params, ledger_arena(tx), count, error, &rows, &row_count))
    return false;
  for (size_t at = 0; at < row_count; at++)
    take_context(&steps[rows[at].place], &rows[at]);
  return true;
}

static void append_attempt(struct buffer *list, const struct answer_step *step) {
  char answered_at[CLOCK_ISO_BYTES];
  clock_format_ms(step->answered_at_ms, answered_at);
  answered_at[10] = ' ';
  answered_at[CLOCK_ISO_BYTES - 2] = '\0'; /* DATETIME knows no Z */
  list_begin_row(list);
  buffer_append_u64(list, step->entry->learner.user_id);
  buffer_append_char(list, ',');
  buffer_append_u64(list, step->entry->learner.revision);
  buffer_append_char(list, ',');
  json_append_text(list, body_of(step)->exercise_id);
  buffer_append_char(list, ',');
  json_append_text(list, step->module);
  buffer_append_text(list, step->is_correct ? ",1," : ",0,");
  json_append_text(list, body_of(step)->user_answer);
  buffer_append_char(list, ',');
  buffer_append_i64(list, step->tokens);
  buffer_append_char(list, ',');
  list_append_day(list, step->day);
  buffer_append_char(list, ',');
  append_session(list, body_of(step));
  buffer_append_char(list, ',');
  json_append_text(list, answered_at);
  buffer_append_char(list, ']');
}

static void append_day(struct buffer *list, const struct answer_step *step) {
  list_begin_row(list);
  buffer_append_u64(list, step->entry->learner.user_id);
  buffer_append_char(list, ',');
  list_append_day(list, step->day);
  buffer_append_char(list, ']');
}

static void append_daily_total(struct buffer *list, const struct answer_step *step) {
  list_begin_row(list);
  buffer_append_u64(list, step->entry->learner.user_id);
  buffer_append_char(list, ',');
  list_append_day(list, step->day);
  buffer_append_char(list, ',');
  json_append_text(list, step->module);
  buffer_append_text(list, step->is_correct ? ",1," : ",0,");
  buffer_append_i64(list, step->tokens);
  buffer_append_char(list, ']');
}

bool answer_write_rows(struct ledger_tx *tx, const struct answer_step *steps, size_t count,
                       struct error *error) {
  CLEANUP(buffer_free) struct buffer attempts = BUFFER_INIT(ANSWER_LIST_BYTES);
  CLEANUP(buffer_free) struct buffer days = BUFFER_INIT(ANSWER_LIST_BYTES);
  CLEANUP(buffer_free) struct buffer totals = BUFFER_INIT(ANSWER_LIST_BYTES);
  struct db *db = ledger_db(tx);
  struct db_outcome outcome;
  for (size_t at = 0; at < count; at++) {
    append_attempt(&attempts, &steps[at]);
    append_day(&days, &steps[at]);
    append_daily_total(&totals, &steps[at]);
  }
  if (!list_end(&attempts, error) || !list_end(&days, error) || !list_end(&totals, error)) return false;
  struct answer_insert_attempts_params attempt_list = {.answers = attempts.data};
  struct answer_count_days_params day_list = {.days = days.data};
  struct answer_add_daily_totals_params total_list = {.totals = totals.data};
  return answer_insert_attempts(db, &attempt_list, error, &outcome) &&
         answer_count_days(db, &day_list, error, &outcome) &&
         answer_add_daily_totals(db, &total_list, error, &outcome);
}

bool answer_write_streaks(struct ledger_tx *tx, const struct answer_step *steps, size_t count,
                          struct error *error) {
  CLEANUP(buffer_free) struct buffer list = BUFFER_INIT(ANSWER_LIST_BYTES);
  struct db_outcome outcome;
  for (size_t at = 0; at < count; at++) {
    const struct answer_step *step = &steps[at];
    if (!step->streak_moved) continue;
    list_begin_row(&list);
    buffer_append_u64(&list, step->entry->learner.user_id);
    buffer_append_char(&list, ',');
    buffer_append_i64(&list, step->streak.current);
    buffer_append_char(&list, ',');
    buffer_append_i64(&list, step->streak.longest);
    buffer_append_char(&list, ',');
    list_append_day(&list, step->streak.last_day);
    buffer_append_char(&list, ']');
  }
  if (list.length == 0) return true;
  if (!list_end(&list, error)) return false;
  struct answer_store_streaks_params params = {.streaks = list.data};
  return answer_store_streaks(ledger_db(tx), &params, error, &outcome);
}
