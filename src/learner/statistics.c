#include "learner/statistics.h"

#include <stdlib.h>
#include <string.h>

#include "learner/document.h"
#include "learner/practice.h"
#include "learner/progress.h"
#include "learner/streak.h"
#include "queries/statistics.h"

#include "base/banned.h"

#define ACTIVITIES_MAX 100
#define ACTIVITY_DAYS_MAX ((size_t)3 * PRACTICE_DAYS_MAX)

static struct statistics_totals totals_of(int64_t questions, int64_t correct, int64_t tokens) {
  return (struct statistics_totals){.questions_answered = questions,
                                    .correct_answers = correct,
                                    .tokens = tokens,
                                    .accuracy = progress_percent(correct, questions)};
}

static bool read_modules(struct db *db, uint64_t user_id, struct arena *arena, struct error *error,
                         struct statistics_reply *reply) {
  struct statistics_modules_params params = {.user_id = user_id};
  struct statistics_modules_row *rows;
  int64_t questions = 0;
  int64_t correct = 0;
  int64_t tokens = 0;
  size_t count;
  if (!statistics_modules(db, &params, arena, DOCUMENT_MODULES_MAX, error, &rows, &count)) return false;
  struct statistics_module *modules = arena_alloc_array(arena, count, sizeof *modules);
  if (modules == NULL) return error_set_memory(error);
  for (size_t at = 0; at < count; at++) {
    const struct statistics_modules_row *row = &rows[at];
    modules[at] = (struct statistics_module){
        .module = row->module,
        .label = row->label != NULL ? row->label : progress_humanise(row->module, arena),
        .totals = totals_of(row->questions, row->correct, row->tokens)};
    if (modules[at].label == NULL) return error_set_memory(error);
    questions += row->questions;
    correct += row->correct;
    tokens += row->tokens;
  }
  reply->totals = totals_of(questions, correct, tokens);
  reply->modules = (struct field_list){.items = modules, .count = count};
  return true;
}

/* Every day of the window, also those without practice. What counts for tomorrow, where a client's calendar
 * is ahead of ours, is listed tomorrow. */
static bool read_days(struct db *db, uint64_t user_id, int32_t today, size_t day_count, struct arena *arena,
                      struct error *error, struct statistics_reply *reply) {
  int32_t first = today - (int32_t)day_count + 1;
  struct statistics_days_params params = {.user_id = user_id, .from_day = first};
  struct statistics_days_row *rows;
  size_t count;
  struct statistics_day *days = arena_alloc_array(arena, day_count, sizeof *days);
  if (days == NULL) return error_set_memory(error);
  if (!statistics_days(db, &params, arena, PRACTICE_DAYS_MAX, error, &rows, &count)) return false;
  for (size_t at = 0; at < day_count; at++)
    days[at] = (struct statistics_day){.date = first + (int32_t)at, .totals = totals_of(0, 0, 0)};
  for (size_t at = 0; at < count && rows[at].day <= today; at++)
    days[rows[at].day - first].totals = totals_of(rows[at].questions, rows[at].correct, rows[at].tokens);
  reply->days = (struct field_list){.items = days, .count = day_count};
  return true;
}

static bool read_best_day(struct db *db, uint64_t user_id, struct arena *arena, struct error *error,
                          struct statistics_reply *reply) {
  struct statistics_best_day_params params = {.user_id = user_id};
  struct statistics_best_day_row row;
  bool found;
  if (!statistics_best_day(db, &params, arena, error, &row, &found)) return false;
  reply->best_day_given = found ? PRESENCE_GIVEN : PRESENCE_NULL;
  if (found)
    reply->best_day =
        (struct statistics_day){.date = row.day, .totals = totals_of(row.questions, row.correct, row.tokens)};
  return true;
}

static bool read_sessions(struct db *db, uint64_t user_id, struct arena *arena, struct error *error,
                          struct statistics_reply *reply) {
  struct statistics_sessions_params params = {.user_id = user_id};
  struct statistics_sessions_row row = {.sessions = 0};
  bool found;
  if (!statistics_sessions(db, &params, arena, error, &row, &found)) return false;
  reply->sessions = (struct statistics_sessions){.sessions = row.sessions,
                                                 .ended = row.ended,
                                                 .total_exercises = row.total_exercises,
                                                 .correct_answers = row.correct_answers};
  return true;
}

static struct statistics_streak streak_of(const char *activity, const int32_t *days, size_t count,
                                          int32_t today) {
  struct streak streak = streak_from_days(days, count);
  bool practised_today = false;
  for (size_t at = count; at > 0 && days[at - 1] >= today; at--)
    if (days[at - 1] == today) practised_today = true;
  return (struct statistics_streak){.activity = activity,
                                    .current = streak_current_on(&streak, today),
                                    .longest = streak.longest,
                                    .last_practice_date = streak.last_day,
                                    .last_practice_date_given =
                                        streak.practised ? PRESENCE_GIVEN : PRESENCE_NULL,
                                    .practiced_today = practised_today,
                                    .days = count};
}

static int compare_days(const void *left, const void *right) {
  const int32_t *a = left;
  const int32_t *b = right;
  return (*a > *b) - (*a < *b);
}

/* Sorts, and drops what stands there twice. */
static size_t distinct_days(int32_t *days, size_t count) {
  size_t kept = 0;
  if (count > 1) qsort(days, count, sizeof *days, compare_days);
  for (size_t at = 0; at < count; at++)
    if (kept == 0 || days[kept - 1] != days[at]) days[kept++] = days[at];
  return kept;
}

/* Rows come by activity, then day. The profile may remember a longer run from before days were kept. */
static bool read_streaks(struct db *db, uint64_t user_id, int32_t today, struct arena *arena,
                         struct error *error, struct statistics_reply *reply) {
  struct statistics_practice_days_params params = {.user_id = user_id};
  struct statistics_practice_days_row *rows;
  struct statistics_longest_params of_profile = {.user_id = user_id};
  struct statistics_longest_row profile = {.longest_streak = 0};
  size_t count;
  size_t activities = 0;
  bool found;
  if (!statistics_practice_days(db, &params, arena, ACTIVITY_DAYS_MAX, error, &rows, &count)) return false;
  if (!statistics_longest(db, &of_profile, arena, error, &profile, &found)) return false;
  int32_t *days = arena_alloc_array(arena, count, sizeof *days);
  struct statistics_streak *streaks = arena_alloc_array(arena, ACTIVITIES_MAX, sizeof *streaks);
  if (days == NULL || streaks == NULL) return error_set_memory(error);
  for (size_t at = 0; at < count; at++)
    days[at] = rows[at].day;
  for (size_t from = 0, to = 0; from < count && activities < ACTIVITIES_MAX; from = to) {
    for (to = from; to < count && strcmp(rows[to].activity, rows[from].activity) == 0;)
      to++;
    streaks[activities++] = streak_of(rows[from].activity, days + from, to - from, today);
  }
  reply->streaks = (struct field_list){.items = streaks, .count = activities};
  reply->streak = streak_of(NULL, days, distinct_days(days, count), today);
  if (found && profile.longest_streak > reply->streak.longest) reply->streak.longest = profile.longest_streak;
  return true;
}

bool statistics_read(struct db *db, const struct statistics_query *query, uint64_t user_id, int32_t today,
                     struct arena *arena, struct error *error, struct statistics_reply *ret_reply) {
  struct statistics_reply reply = {.best_day_given = PRESENCE_NULL};
  if (!read_modules(db, user_id, arena, error, &reply) ||
      !read_days(db, user_id, today, query->days, arena, error, &reply) ||
      !read_best_day(db, user_id, arena, error, &reply) ||
      !read_sessions(db, user_id, arena, error, &reply) ||
      !read_streaks(db, user_id, today, arena, error, &reply))
    return false;
  *ret_reply = reply;
  return true;
}
