#include "learner/answer_rows.h"

#include <string.h>

#include "queries/answer.h"
#include "queries/practice_session.h"

#include "base/banned.h"

static const struct answer_body *body_of(const struct answer_step *step) {
  const struct answer_input *input = step->entry->input;
  return input->body;
}

static bool read_exercises(struct ledger_tx *tx, struct answer_step *steps, size_t count,
                           struct error *error) {
  struct answer_exercises_params *params = arena_alloc_array(ledger_arena(tx), count, sizeof *params);
  struct answer_exercises_row *rows;
  size_t row_count;
  if (params == NULL) return error_set_memory(error);
  for (size_t at = 0; at < count; at++)
    params[at].exercise_id = body_of(&steps[at])->exercise_id;
  if (!answer_exercises(ledger_db(tx), params, count, ledger_arena(tx), count, error, &rows, &row_count))
    return false;
  for (size_t at = 0; at < count; at++) {
    for (size_t row = 0; row < row_count; row++) {
      if (strcmp(rows[row].exercise_id, params[at].exercise_id) != 0) continue;
      steps[at].is_known = true;
      steps[at].answer_key = rows[row].answer_key;
      steps[at].exercise_module = rows[row].module;
      steps[at].exercise_tokens = (int64_t)rows[row].tokens;
    }
  }
  return true;
}

/* Few answers name a session; those that do are looked up one by one. One that is not there may have gone
 * with a reset while the answer waited offline: the answer counts without it. */
static bool read_session(struct ledger_tx *tx, struct answer_step *step, struct error *error) {
  const struct answer_body *body = body_of(step);
  struct answer_session_params params = {.user_id = step->entry->learner.user_id,
                                         .session_id = body->practice_session_id};
  struct answer_session_row row;
  if (body->practice_session_given != PRESENCE_GIVEN) return true;
  return answer_session(ledger_db(tx), &params, ledger_arena(tx), error, &row, &step->has_session);
}

bool answer_read_context(struct ledger_tx *tx, struct answer_step *steps, size_t count, struct error *error) {
  if (!read_exercises(tx, steps, count, error)) return false;
  for (size_t at = 0; at < count; at++)
    if (!read_session(tx, &steps[at], error)) return false;
  return true;
}

static bool write_attempts(struct ledger_tx *tx, const struct answer_step *steps, size_t count,
                           struct error *error) {
  struct answer_insert_attempts_params *rows = arena_alloc_array(ledger_arena(tx), count, sizeof *rows);
  struct db_outcome outcome;
  if (rows == NULL) return error_set_memory(error);
  for (size_t at = 0; at < count; at++) {
    const struct answer_step *step = &steps[at];
    const struct answer_body *body = body_of(step);
    rows[at] = (struct answer_insert_attempts_params){.user_id = step->entry->learner.user_id,
                                                      .revision = step->entry->learner.revision,
                                                      .exercise_id = body->exercise_id,
                                                      .module = step->module,
                                                      .is_correct = step->is_correct,
                                                      .user_answer = body->user_answer,
                                                      .tokens = step->tokens,
                                                      .day = step->day,
                                                      .session_id = body->practice_session_id,
                                                      .session_id_is_null = !step->has_session,
                                                      .answered_at = step->answered_at_ms};
  }
  return answer_insert_attempts(ledger_db(tx), rows, count, error, &outcome);
}

static bool add_daily_totals(struct ledger_tx *tx, const struct answer_step *steps, size_t count,
                             struct error *error) {
  struct answer_add_daily_totals_params *totals = arena_alloc_array(ledger_arena(tx), count, sizeof *totals);
  struct db_outcome outcome;
  if (totals == NULL) return error_set_memory(error);
  for (size_t at = 0; at < count; at++) {
    const struct answer_step *step = &steps[at];
    totals[at] = (struct answer_add_daily_totals_params){.user_id = step->entry->learner.user_id,
                                                         .day = step->day,
                                                         .module = step->module,
                                                         .correct = step->is_correct ? 1 : 0,
                                                         .tokens = step->tokens};
  }
  return answer_add_daily_totals(ledger_db(tx), totals, count, error, &outcome);
}

/* The session that an answer belongs to counts it. */
static bool count_session(struct ledger_tx *tx, const struct answer_step *step, struct error *error) {
  const struct answer_body *body = body_of(step);
  struct practice_session_count_params params = {.user_id = step->entry->learner.user_id,
                                                 .session_id = body->practice_session_id,
                                                 .correct = step->is_correct ? 1 : 0};
  struct db_outcome outcome;
  return !step->has_session || practice_session_count(ledger_db(tx), &params, error, &outcome);
}

bool answer_write_rows(struct ledger_tx *tx, const struct answer_step *steps, size_t count,
                       struct error *error) {
  if (!write_attempts(tx, steps, count, error) || !add_daily_totals(tx, steps, count, error)) return false;
  for (size_t at = 0; at < count; at++)
    if (!count_session(tx, &steps[at], error)) return false;
  return true;
}
