#include "learner/answer.h"

#include <string.h>

#include "base/clock.h"
#include "learner/answer_rows.h"
#include "learner/document.h"
#include "learner/practice.h"

#include "base/banned.h"

/* When it happened and on which of the learner's days. */
static bool answer_date(struct ledger_entry *entry, struct answer_step *step, int64_t now_ms) {
  const struct answer_input *input = entry->input;
  const struct answer_body *body = input->body;
  step->answered_at_ms = body->answered_at_given == PRESENCE_GIVEN ? body->answered_at_ms : now_ms;
  if (!practice_check_time("answeredAt", step->answered_at_ms, now_ms, &input->config->offline,
                           &entry->error))
    return false;
  int32_t day = zone_day_at(input->zones, entry->learner.time_zone, step->answered_at_ms);
  step->day = body->practiced_on_given == PRESENCE_GIVEN ? body->practiced_on : day;
  if (step->day < day - 1 || step->day > day + 1)
    return error_add_field(&entry->error, ERROR_UNPROCESSABLE, "practicedOn",
                           "must be within a day of answeredAt where the learner is");
  step->today = zone_day_at(input->zones, entry->learner.time_zone, now_ms);
  return true;
}

static const char *skip_space(const char *text) {
  while (*text == ' ' || *text == '\t' || *text == '\n' || *text == '\r')
    text++;
  return text;
}

static size_t length_without_trailing_space(const char *text) {
  size_t length = strlen(text);
  while (length > 0 && strchr(" \t\n\r", text[length - 1]) != NULL)
    length--;
  return length;
}

/* The answer is right when it is the key's text; white space around it does not matter. */
static bool answer_matches(const char *answer, const char *key) {
  answer = skip_space(answer);
  key = skip_space(key);
  size_t length = length_without_trailing_space(answer);
  return length == length_without_trailing_space(key) && memcmp(answer, key, length) == 0;
}

static bool grade_known(struct ledger_entry *entry, struct answer_step *step) {
  const struct answer_input *input = entry->input;
  if (input->body->user_answer == NULL)
    return error_add_field(&entry->error, ERROR_UNPROCESSABLE, "userAnswer",
                           "is required, because this exercise is graded here");
  step->is_correct = answer_matches(input->body->user_answer, step->answer_key);
  step->tokens = step->is_correct ? step->exercise_tokens : 0;
  step->module = step->exercise_module;
  return true;
}

/* No row in `exercises`: the client's word, as far as the configuration trusts it. */
static bool grade_unknown(struct ledger_entry *entry, struct answer_step *step) {
  const struct answer_input *input = entry->input;
  const struct answers_config *answers = &input->config->answers;
  const struct answer_body *body = input->body;
  if (!answers->trust_client)
    return error_add_field(&entry->error, ERROR_UNPROCESSABLE, "exerciseId", "is not a known exercise");
  if (body->is_correct_given != PRESENCE_GIVEN)
    return error_add_field(&entry->error, ERROR_MALFORMED, "isCorrect",
                           "is required, because this exercise is not graded here");
  if (body->tokens_given == PRESENCE_GIVEN && body->tokens > (uint64_t)answers->max_tokens)
    return error_add_field(&entry->error, ERROR_UNPROCESSABLE, "tokens", "must be at most %lld",
                           (long long)answers->max_tokens);
  if (strcmp(body->module, DOCUMENT_UNATTRIBUTED) == 0)
    return error_add_field(&entry->error, ERROR_UNPROCESSABLE, "module", "is a reserved name");
  step->is_correct = body->is_correct;
  step->module = body->module;
  if (body->tokens_given == PRESENCE_GIVEN)
    step->tokens = (int64_t)body->tokens;
  else
    step->tokens = step->is_correct ? answers->default_tokens : 0;
  return true;
}

static bool grade(struct ledger_entry *entry, struct answer_step *step) {
  return step->is_known ? grade_known(entry, step) : grade_unknown(entry, step);
}

/* Columns, module and global_stats move by the same step. */
static bool move_totals(struct ledger_tx *tx, struct ledger_entry *entry, const struct answer_step *step,
                        struct error *error) {
  struct ledger_learner *learner = &entry->learner;
  struct document_totals moved = {
      .tokens = step->tokens, .questions = 1, .correct = step->is_correct ? 1 : 0};
  learner->tokens += moved.tokens;
  learner->questions_answered += moved.questions;
  learner->correct_answers += moved.correct;
  learner->totals_moved = true;
  struct document_totals totals = {.tokens = learner->tokens,
                                   .questions = learner->questions_answered,
                                   .correct = learner->correct_answers};
  return document_add(learner->document, step->module, &moved, &totals, ledger_now_ms(tx), ledger_arena(tx),
                      error, &learner->document);
}

static bool report_answer(struct ledger_tx *tx, struct ledger_entry *entry, const struct answer_step *step,
                          struct error *error) {
  const struct answer_input *input = entry->input;
  const char *because = arena_printf(ledger_arena(tx), "exercise %s", input->body->exercise_id);
  if (because == NULL) return error_set_memory(error);
  struct ledger_change questions = {.what = "questions", .key = step->module, .by = 1, .because = because};
  struct ledger_change correct = {.what = "correct", .key = step->module, .by = 1, .because = because};
  struct ledger_change tokens = {
      .what = "tokens", .key = step->module, .by = step->tokens, .because = because};
  if (!ledger_report(tx, entry, &questions, error)) return false;
  if (step->is_correct && !ledger_report(tx, entry, &correct, error)) return false;
  return step->tokens == 0 || ledger_report(tx, entry, &tokens, error);
}

static bool count_practice(struct ledger_tx *tx, struct answer_step *steps, size_t count,
                           struct error *error) {
  struct practice *rows = arena_alloc_array(ledger_arena(tx), count, sizeof *rows);
  if (rows == NULL) return error_set_memory(error);
  for (size_t at = 0; at < count; at++)
    rows[at] = (struct practice){
        .entry = steps[at].entry, .activity = PRACTICE_ANSWER, .day = steps[at].day, .count = 1};
  if (!practice_count(tx, rows, count, error)) return false;
  for (size_t at = 0; at < count; at++)
    steps[at].streak = rows[at].streak;
  return true;
}

static void fill_reply(const struct answer_step *step) {
  struct answer_reply *reply = step->entry->reply;
  const struct ledger_learner *learner = &step->entry->learner;
  *reply =
      (struct answer_reply){.success = true,
                            .is_correct = step->is_correct,
                            .tokens_earned = step->tokens,
                            .tokens = learner->tokens,
                            .questions_answered = learner->questions_answered,
                            .correct_answers = learner->correct_answers,
                            .module = step->module,
                            .streak = {.current = streak_current_on(&step->streak, step->today),
                                       .longest = step->streak.longest,
                                       .last_practice_date = step->streak.last_day,
                                       .last_practice_date_given = PRESENCE_GIVEN,
                                       .practiced_today = step->day == step->today ||
                                                          streak_runs_through(&step->streak, step->today)},
                            .revision = learner->revision};
}

/* Dates, then what the database knows, then the grades; an answer that breaks a rule drops out. */
static bool judge(struct ledger_tx *tx, struct answer_step *steps, struct error *error, size_t *ret_count) {
  size_t dated = 0;
  size_t good = 0;
  for (size_t at = 0; at < ledger_count(tx); at++) {
    struct ledger_entry *entry = ledger_at(tx, at);
    steps[dated] = (struct answer_step){.entry = entry};
    if (answer_date(entry, &steps[dated], ledger_now_ms(tx)))
      dated++;
    else
      ledger_fail(entry);
  }
  if (dated > 0 && !answer_read_context(tx, steps, dated, error)) return false;
  for (size_t at = 0; at < dated; at++) {
    if (grade(steps[at].entry, &steps[at]))
      steps[good++] = steps[at];
    else
      ledger_fail(steps[at].entry);
  }
  *ret_count = good;
  return true;
}

static bool answer_work(struct ledger_tx *tx, struct error *error) {
  size_t count;
  struct answer_step *steps = arena_alloc_array(ledger_arena(tx), ledger_count(tx), sizeof *steps);
  if (steps == NULL) return error_set_memory(error);
  if (!judge(tx, steps, error, &count)) return false;
  if (count == 0) return true;
  for (size_t at = 0; at < count; at++) {
    if (!move_totals(tx, steps[at].entry, &steps[at], error)) return false;
    if (!report_answer(tx, steps[at].entry, &steps[at], error)) return false;
  }
  if (!answer_write_rows(tx, steps, count, error) || !count_practice(tx, steps, count, error)) return false;
  for (size_t at = 0; at < count; at++)
    fill_reply(&steps[at]);
  return true;
}

const struct ledger_kind answer_kind = {.name = "answer", .work = answer_work};
