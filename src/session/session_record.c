#include "session/session_record.h"

#include <string.h>

#include "learner/practice.h"
#include "learner/profile.h"
#include "queries/session.h"

#include "base/banned.h"

/* One session on its way through the transaction. */
struct session_step {
  struct ledger_entry *entry;
  int64_t completed_at_ms;
  int32_t day; /* the learner's calendar day it counts for */
  int64_t level;
};

static const struct session_input *input_of(const struct session_step *step) { return step->entry->input; }
static const struct session_body *body_of(const struct session_step *step) { return input_of(step)->body; }

static bool judge_one(struct session_step *step, int64_t now_ms) {
  struct ledger_entry *entry = step->entry;
  const struct session_input *input = entry->input;
  const struct session_body *body = input->body;
  if (body->correct_answers > body->total_questions)
    return error_add_field(&entry->error, ERROR_UNPROCESSABLE, "correctAnswers",
                           "must be at most totalQuestions");
  step->completed_at_ms = body->completed_at_given == PRESENCE_GIVEN ? body->completed_at_ms : now_ms;
  if (!practice_check_time("completedAt", step->completed_at_ms, now_ms, &input->config->offline,
                           &entry->error))
    return false;
  step->day = zone_day_at(input->zones, entry->learner.time_zone, step->completed_at_ms);
  return true;
}

/* A session that breaks a rule drops out. */
static size_t judge(struct ledger_tx *tx, struct session_step *steps) {
  size_t good = 0;
  for (size_t at = 0; at < ledger_count(tx); at++) {
    steps[good] = (struct session_step){.entry = ledger_at(tx, at)};
    if (judge_one(&steps[good], ledger_now_ms(tx)))
      good++;
    else
      ledger_fail(steps[good].entry);
  }
  return good;
}

/* In percent, to the nearest hundredth. */
static double accuracy_of(const struct session_body *body) {
  if (body->total_questions == 0) return 0;
  uint64_t hundredths = (body->correct_answers * 20000 + body->total_questions) / (body->total_questions * 2);
  return (double)hundredths / 100;
}

static struct session_insert_params row_of(const struct session_step *step) {
  const struct session_body *body = body_of(step);
  return (struct session_insert_params){.user_id = step->entry->learner.user_id,
                                        .id = input_of(step)->session_id,
                                        .thread_id = body->thread_id,
                                        .stitch_id = body->stitch_id,
                                        .total_questions = body->total_questions,
                                        .correct_answers = body->correct_answers,
                                        .total_points = body->total_points,
                                        .accuracy = accuracy_of(body),
                                        .blink_speed = body->blink_speed,
                                        .blink_speed_is_null = body->blink_speed == 0,
                                        .results = body->results == NULL ? "[]" : body->results,
                                        .practised_on = step->day,
                                        .completed_at = step->completed_at_ms,
                                        .revision = step->entry->learner.revision};
}

static void fill_reply(const struct session_step *step, uint64_t revision) {
  struct session_reply *reply = step->entry->reply;
  const struct session_body *body = body_of(step);
  *reply = (struct session_reply){.success = true,
                                  .message = "Session recorded successfully",
                                  .session_id = input_of(step)->session_id,
                                  .thread_id = body->thread_id,
                                  .stitch_id = body->stitch_id,
                                  .total_points = body->total_points,
                                  .revision = revision};
}

static bool is_same(const struct session_body *body, const struct session_find_row *row) {
  bool same_time = body->completed_at_given != PRESENCE_GIVEN || body->completed_at_ms == row->completed_at;
  bool same_speed = row->blink_speed_is_null ? body->blink_speed == 0 : body->blink_speed == row->blink_speed;
  return same_time && same_speed && strcmp(body->thread_id, row->thread_id) == 0 &&
         strcmp(body->stitch_id, row->stitch_id) == 0 && body->total_questions == row->total_questions &&
         body->correct_answers == row->correct_answers && body->total_points == row->total_points;
}

/* The row stood before: recorded by an older application, or so long ago that the ledger no longer knows the
 * operation. It is the same session, and counts no second time; or another one under its id, which is
 * refused. */
static bool meet(struct ledger_tx *tx, struct session_step *step, struct error *error) {
  struct ledger_entry *entry = step->entry;
  struct session_find_params params = {.user_id = entry->learner.user_id, .id = input_of(step)->session_id};
  struct session_find_row row;
  bool found;
  if (!session_find(ledger_db(tx), &params, ledger_arena(tx), error, &row, &found)) return false;
  if (found && is_same(body_of(step), &row)) {
    fill_reply(step, row.revision);
    return true;
  }
  error_add_field(&entry->error, ERROR_UNPROCESSABLE, "sessionId", "is that of another session");
  ledger_fail(entry);
  return true;
}

/* Whose row of several stood before cannot be told: then each is to be run alone. */
static bool insert(struct ledger_tx *tx, struct session_step *steps, size_t *count, struct error *error) {
  struct session_insert_params *rows = arena_alloc_array(ledger_arena(tx), *count, sizeof *rows);
  struct db_outcome outcome;
  if (rows == NULL) return error_set_memory(error);
  for (size_t at = 0; at < *count; at++)
    rows[at] = row_of(&steps[at]);
  if (!session_insert(ledger_db(tx), rows, *count, error, &outcome)) return false;
  if (outcome.affected == *count) return true;
  if (*count > 1) return error_set(error, ERROR_CONFLICT, "A session stands already.");
  *count = 0;
  return meet(tx, &steps[0], error);
}

static bool report(struct ledger_tx *tx, const struct session_step *step, struct error *error) {
  const struct session_body *body = body_of(step);
  const char *because = arena_printf(ledger_arena(tx), "session %s", input_of(step)->session_id);
  if (because == NULL) return error_set_memory(error);
  struct ledger_change sessions = {.what = "sessions", .key = body->thread_id, .by = 1, .because = because};
  struct ledger_change points = {
      .what = "points", .key = body->thread_id, .by = (int64_t)body->total_points, .because = because};
  if (!ledger_report(tx, step->entry, &sessions, error)) return false;
  return body->total_points == 0 || ledger_report(tx, step->entry, &points, error);
}

static bool count_days(struct ledger_tx *tx, const struct session_step *steps, size_t count,
                       struct error *error) {
  struct practice *days = arena_alloc_array(ledger_arena(tx), count, sizeof *days);
  if (days == NULL) return error_set_memory(error);
  for (size_t at = 0; at < count; at++)
    days[at] = (struct practice){
        .entry = steps[at].entry, .activity = PRACTICE_SESSION, .day = steps[at].day, .count = 1};
  return practice_count(tx, days, count, error);
}

/* Points that no column can hold are the UPDATE's to refuse. */
static int64_t level_with(const struct session_step *step, int64_t points) {
  int64_t sum;
  if (__builtin_add_overflow(points, (int64_t)body_of(step)->total_points, &sum)) sum = INT64_MAX;
  return profile_level(&input_of(step)->config->profile, sum);
}

/* The levels that the profiles' points will amount to. */
static bool read_levels(struct ledger_tx *tx, struct session_step *steps, size_t count, struct error *error) {
  struct session_points_params *params = arena_alloc_array(ledger_arena(tx), count, sizeof *params);
  struct session_points_row *rows;
  size_t row_count;
  if (params == NULL) return error_set_memory(error);
  for (size_t at = 0; at < count; at++)
    params[at].user_id = steps[at].entry->learner.user_id;
  if (!session_points(ledger_db(tx), params, count, ledger_arena(tx), count, error, &rows, &row_count))
    return false;
  for (size_t at = 0; at < count; at++)
    for (size_t row = 0; row < row_count; row++)
      if (rows[row].user_id == params[at].user_id)
        steps[at].level = level_with(&steps[at], rows[row].total_points);
  return true;
}

/* Counting the days has made a profile for whoever had none. */
static bool move_profiles(struct ledger_tx *tx, struct session_step *steps, size_t count,
                          struct error *error) {
  struct session_move_profiles_params *rows = arena_alloc_array(ledger_arena(tx), count, sizeof *rows);
  struct db_outcome outcome;
  if (rows == NULL) return error_set_memory(error);
  if (!read_levels(tx, steps, count, error)) return false;
  for (size_t at = 0; at < count; at++) {
    const struct session_body *body = body_of(&steps[at]);
    rows[at] = (struct session_move_profiles_params){.user_id = steps[at].entry->learner.user_id,
                                                     .points = (int64_t)body->total_points,
                                                     .blink_speed = body->blink_speed,
                                                     .blink_speed_is_null = body->blink_speed == 0,
                                                     .level = steps[at].level,
                                                     .completed_at = steps[at].completed_at_ms};
  }
  return session_move_profiles(ledger_db(tx), rows, count, error, &outcome);
}

static bool session_work(struct ledger_tx *tx, struct error *error) {
  struct session_step *steps = arena_alloc_array(ledger_arena(tx), ledger_count(tx), sizeof *steps);
  if (steps == NULL) return error_set_memory(error);
  size_t count = judge(tx, steps);
  if (count > 0 && !insert(tx, steps, &count, error)) return false;
  if (count == 0) return true;
  for (size_t at = 0; at < count; at++)
    if (!report(tx, &steps[at], error)) return false;
  if (!count_days(tx, steps, count, error) || !move_profiles(tx, steps, count, error)) return false;
  for (size_t at = 0; at < count; at++)
    fill_reply(&steps[at], steps[at].entry->learner.revision);
  return true;
}

const struct ledger_kind session_kind = {.name = "session", .work = session_work};
