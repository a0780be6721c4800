#include "learner/practice.h"

#include "base/buffer.h"
#include "base/clock.h"
#include "queries/learner.h"
#include "queries/practice.h"

#include "base/banned.h"

#define DAY_MS INT64_C(86400000)
#define LIST_FROM 64                              /* rows: a longer list travels as JSON */
#define LIST_BYTES_MAX ((size_t)15 * 1024 * 1024) /* below max_allowed_packet */

const char *const practice_activity_names[] = {"answer", "session", "event", NULL};

bool practice_check_time(const char *field, int64_t time_ms, int64_t now_ms,
                         const struct offline_config *config, struct error *error) {
  if (time_ms > now_ms + PRACTICE_CLOCK_SKEW_MS)
    return error_add_field(error, ERROR_UNPROCESSABLE, field, "must not lie in the future");
  if (time_ms < now_ms - config->max_age_days * DAY_MS)
    return error_add_field(error, ERROR_UNPROCESSABLE, field, "must be at most %lld days old",
                           (long long)config->max_age_days);
  return true;
}

static uint64_t learner_of(const struct practice *row) { return row->entry->learner.user_id; }

/* How many rows from here are of the same learner. */
static size_t rows_of_learner(const struct practice *rows, size_t count) {
  size_t same = 1;
  while (same < count && rows[same].entry == rows[0].entry)
    same++;
  return same;
}

/* The streaks as the profiles have them; without a profile, none. */
static bool read_streaks(struct ledger_tx *tx, struct practice *rows, size_t count, struct error *error) {
  struct practice_streaks_params *params = arena_alloc_array(ledger_arena(tx), count, sizeof *params);
  struct practice_streaks_row *found;
  size_t learners = 0;
  size_t found_count;
  if (params == NULL) return error_set_memory(error);
  for (size_t at = 0; at < count; at += rows_of_learner(rows + at, count - at))
    params[learners++].user_id = learner_of(&rows[at]);
  if (!practice_streaks(ledger_db(tx), params, learners, ledger_arena(tx), learners, error, &found,
                        &found_count))
    return false;
  for (size_t at = 0; at < count; at++) {
    rows[at].streak = (struct streak){.practised = false};
    for (size_t row = 0; row < found_count; row++)
      if (found[row].user_id == learner_of(&rows[at]))
        rows[at].streak = (struct streak){.current = found[row].current_streak,
                                          .longest = found[row].longest_streak,
                                          .practised = !found[row].last_practice_date_is_null,
                                          .last_day = found[row].last_practice_date};
  }
  return true;
}

/* A list in one statement: for the many rows of an import cheaper than rows of parameters. */
static bool write_many_days(struct ledger_tx *tx, const struct practice *rows, size_t count,
                            struct error *error) {
  CLEANUP(buffer_free) struct buffer text = BUFFER_INIT(LIST_BYTES_MAX);
  for (size_t at = 0; at < count; at++) {
    char day[CLOCK_DAY_BYTES];
    clock_format_day(rows[at].day, day);
    buffer_printf(&text, "%c[%llu,\"%s\",\"%s\",%lld]", at == 0 ? '[' : ',',
                  (unsigned long long)learner_of(&rows[at]), day, practice_activity_names[rows[at].activity],
                  (long long)rows[at].count);
  }
  buffer_append_char(&text, ']');
  if (text.failed) return error_set_memory(error);
  struct practice_count_many_days_params params = {.days = text.data};
  return practice_count_many_days(ledger_db(tx), &params, error, NULL);
}

static bool write_days(struct ledger_tx *tx, const struct practice *rows, size_t count, struct error *error) {
  struct practice_count_days_params *days = arena_alloc_array(ledger_arena(tx), count, sizeof *days);
  struct db_outcome outcome;
  if (count > LIST_FROM) return write_many_days(tx, rows, count, error);
  if (days == NULL) return error_set_memory(error);
  for (size_t at = 0; at < count; at++)
    days[at] = (struct practice_count_days_params){.user_id = learner_of(&rows[at]),
                                                   .day = rows[at].day,
                                                   .activity = practice_activity_names[rows[at].activity],
                                                   .count = rows[at].count};
  return practice_count_days(ledger_db(tx), days, count, error, &outcome);
}

static bool recount_streak(struct ledger_tx *tx, uint64_t user_id, struct error *error,
                           struct streak *streak) {
  struct learner_practice_days_params params = {.user_id = user_id};
  struct learner_practice_days_row *rows;
  size_t count;
  int64_t longest = streak->longest;
  if (!learner_practice_days(ledger_db(tx), &params, ledger_arena(tx), PRACTICE_DAYS_MAX, error, &rows,
                             &count))
    return false;
  int32_t *days = arena_alloc_array(ledger_arena(tx), count, sizeof *days);
  if (days == NULL) return error_set_memory(error);
  for (size_t at = 0; at < count; at++)
    days[at] = rows[at].day;
  *streak = streak_from_days(days, count);
  if (streak->longest < longest) streak->longest = longest;
  return true;
}

/* All rows are one learner's. */
static bool move_streak(struct ledger_tx *tx, struct practice *rows, size_t count, struct error *error,
                        bool *ret_moved) {
  struct streak before = rows[0].streak;
  struct streak streak = before;
  bool in_order = true;
  for (size_t at = 0; at < count && in_order; at++)
    in_order = streak_extend(&streak, rows[at].day);
  if (!in_order) {
    streak = before;
    if (!recount_streak(tx, learner_of(rows), error, &streak)) return false;
  }
  for (size_t at = 0; at < count; at++)
    rows[at].streak = streak;
  *ret_moved = !before.practised || before.current != streak.current || before.longest != streak.longest ||
               before.last_day != streak.last_day;
  return true;
}

/* After the days were written. */
static bool move_streaks(struct ledger_tx *tx, struct practice *rows, size_t count, struct error *error) {
  struct practice_store_streaks_params *stored = arena_alloc_array(ledger_arena(tx), count, sizeof *stored);
  struct db_outcome outcome;
  size_t moved_count = 0;
  size_t same;
  if (stored == NULL) return error_set_memory(error);
  for (size_t at = 0; at < count; at += same) {
    bool moved;
    same = rows_of_learner(rows + at, count - at);
    if (!move_streak(tx, rows + at, same, error, &moved)) return false;
    if (moved)
      stored[moved_count++] = (struct practice_store_streaks_params){.user_id = learner_of(&rows[at]),
                                                                     .current = rows[at].streak.current,
                                                                     .longest = rows[at].streak.longest,
                                                                     .last_day = rows[at].streak.last_day};
  }
  return practice_store_streaks(ledger_db(tx), stored, moved_count, error, &outcome);
}

bool practice_count_known(struct ledger_tx *tx, struct practice *rows, size_t count, struct error *error) {
  return write_days(tx, rows, count, error) && move_streaks(tx, rows, count, error);
}

bool practice_count(struct ledger_tx *tx, struct practice *rows, size_t count, struct error *error) {
  return read_streaks(tx, rows, count, error) && practice_count_known(tx, rows, count, error);
}

bool practice_count_again(struct ledger_tx *tx, const struct practice *rows, size_t count,
                          struct error *error) {
  return write_days(tx, rows, count, error);
}
