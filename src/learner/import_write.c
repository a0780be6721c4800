/* The learner transaction of an import: judges under the locks, then moves totals, days and streaks, and
 * says so in the history. */
#include <stdlib.h>
#include <string.h>

#include "learner/document.h"
#include "learner/import_private.h"
#include "learner/practice.h"
#include "queries/import.h"
#include "queries/learner.h"
#include "queries/practice.h"

#include "base/banned.h"

/* --- Totals ---------------------------------------------------------------------------------------- */

struct change_of {
  struct ledger_tx *tx;
  struct import_part *part;
  const char *because;
};

static bool report(const struct change_of *of, const char *what, const char *key, int64_t by,
                   struct error *error) {
  struct ledger_change change = {.what = what, .key = key, .by = by, .because = of->because};
  return by == 0 || ledger_report(of->tx, &of->part->entry, &change, error);
}

static bool move_module(const struct change_of *of, const char *module, const struct document_totals *moved,
                        struct error *error) {
  struct ledger_learner *learner = &of->part->entry.learner;
  learner->tokens += moved->tokens;
  learner->questions_answered += moved->questions;
  learner->correct_answers += moved->correct;
  learner->totals_moved = true;
  struct document_totals totals = {.tokens = learner->tokens,
                                   .questions = learner->questions_answered,
                                   .correct = learner->correct_answers};
  return document_add(learner->document, module, moved, &totals, ledger_now_ms(of->tx), ledger_arena(of->tx),
                      error, &learner->document) &&
         report(of, "questions", module, moved->questions, error) &&
         report(of, "correct", module, moved->correct, error) &&
         report(of, "tokens", module, moved->tokens, error);
}

static bool move_totals(const struct change_of *of, struct error *error) {
  size_t count = of->part->new_attempts;
  struct import_attempt **sorted = import_rows_sorted(of->part, ledger_arena(of->tx));
  if (sorted == NULL) return error_set_memory(error);
  for (size_t at = 0; at < count;) {
    const char *module = sorted[at]->credited;
    struct document_totals moved = {.tokens = 0};
    for (; at < count && strcmp(sorted[at]->credited, module) == 0; at++) {
      moved.tokens += sorted[at]->earned;
      moved.questions++;
      moved.correct += sorted[at]->is_correct ? 1 : 0;
    }
    if (!move_module(of, module, &moved, error)) return false;
  }
  return true;
}

/* --- Days ------------------------------------------------------------------------------------------ */

static void date_attempts(const struct import_batch *batch, struct import_part *part) {
  for (size_t at = 0; at < part->attempt_count; at++) {
    struct import_attempt *attempt = &part->attempts[at];
    attempt->practised_on =
        attempt->has_day ? attempt->day
                         : zone_day_at(batch->zones, part->entry.learner.time_zone, attempt->created_at_ms);
  }
}

static int compare_practice(const void *left, const void *right) {
  const struct practice *a = left;
  const struct practice *b = right;
  return (a->day > b->day) - (a->day < b->day);
}

static bool has_day(const struct learner_practice_days_row *days, size_t count, int32_t day) {
  size_t from = 0;
  while (from < count) {
    size_t middle = from + (count - from) / 2;
    if (days[middle].day == day) return true;
    if (days[middle].day < day)
      from = middle + 1;
    else
      count = middle;
  }
  return false;
}

/* A practice date is a day of practice of which nothing is counted, where there is no other of that day. */
static bool add_bare_days(struct ledger_tx *tx, struct import_part *part, struct practice *rows,
                          size_t *row_count, struct error *error) {
  struct learner_practice_days_params params = {.user_id = part->entry.learner.user_id};
  struct learner_practice_days_row *days;
  size_t count;
  if (!part->has_streak || part->unknown == 0) return true;
  if (!learner_practice_days(ledger_db(tx), &params, ledger_arena(tx), PRACTICE_DAYS_MAX, error, &days,
                             &count))
    return false;
  for (size_t at = 0; at < part->streak.day_count; at++) {
    const struct import_day *day = &part->streak.days[at];
    if (day->key.known > 0 || has_day(days, count, day->day)) continue;
    rows[(*row_count)++] =
        (struct practice){.entry = &part->entry, .activity = PRACTICE_ANSWER, .day = day->day};
    part->new_days++;
  }
  return true;
}

/* One row a day, ascending. */
static size_t fold_days(struct practice *rows, size_t count) {
  size_t kept = 0;
  qsort(rows, count, sizeof *rows, compare_practice);
  for (size_t at = 0; at < count; at++) {
    if (kept > 0 && rows[kept - 1].day == rows[at].day)
      rows[kept - 1].count += rows[at].count;
    else
      rows[kept++] = rows[at];
  }
  return kept;
}

static bool gather_days(struct ledger_tx *tx, struct import_part *part, struct practice *rows,
                        struct error *error, size_t *ret_count) {
  size_t count = 0;
  for (size_t at = 0; at < part->attempt_count; at++) {
    if (!part->attempts[at].is_new) continue;
    rows[count] = (struct practice){.entry = &part->entry,
                                    .activity = PRACTICE_ANSWER,
                                    .day = part->attempts[at].practised_on,
                                    .count = 1};
    count++;
  }
  if (!add_bare_days(tx, part, rows, &count, error)) return false;
  *ret_count = fold_days(rows, count);
  return true;
}

static bool count_practice(struct ledger_tx *tx, struct import_part **parts, size_t part_count,
                           struct error *error) {
  size_t most = 1;
  size_t count = 0;
  for (size_t at = 0; at < part_count; at++)
    most += parts[at]->attempt_count + (parts[at]->has_streak ? parts[at]->streak.day_count : 0);
  struct practice *rows = arena_alloc_array(ledger_arena(tx), most, sizeof *rows);
  if (rows == NULL) return error_set_memory(error);
  for (size_t at = 0; at < part_count; at++) {
    size_t own;
    if (!gather_days(tx, parts[at], rows + count, error, &own)) return false;
    count += own;
  }
  return count == 0 || practice_count(tx, rows, count, error);
}

/* --- Longest streaks ------------------------------------------------------------------------------- */

static bool is_longest_new(const struct import_part *part) {
  return part->has_streak && part->streak.longest > 0 && part->streak.longest_key.known == 0;
}

static int64_t longest_of(const struct practice_streaks_row *rows, size_t count, uint64_t user_id) {
  for (size_t at = 0; at < count; at++)
    if (rows[at].user_id == user_id) return rows[at].longest_streak;
  return 0;
}

/* After the days were counted: what their runs prove may be longer than what the file says. */
static bool raise_longest(struct ledger_tx *tx, struct change_of *changes, size_t count,
                          struct error *error) {
  struct practice_streaks_params *asked = arena_alloc_array(ledger_arena(tx), count + 1, sizeof *asked);
  struct import_raise_longest_params *raised = arena_alloc_array(ledger_arena(tx), count + 1, sizeof *raised);
  struct practice_streaks_row *rows;
  struct db_outcome outcome;
  size_t asked_count = 0;
  size_t raised_count = 0;
  size_t row_count;
  if (asked == NULL || raised == NULL) return error_set_memory(error);
  for (size_t at = 0; at < count; at++)
    if (is_longest_new(changes[at].part))
      asked[asked_count++].user_id = changes[at].part->entry.learner.user_id;
  if (!practice_streaks(ledger_db(tx), asked, asked_count, ledger_arena(tx), asked_count, error, &rows,
                        &row_count))
    return false;
  for (size_t at = 0; at < count; at++) {
    const struct import_part *part = changes[at].part;
    if (!is_longest_new(part)) continue;
    uint64_t user_id = part->entry.learner.user_id;
    int64_t before = longest_of(rows, row_count, user_id);
    if (part->streak.longest <= before) continue;
    raised[raised_count++] =
        (struct import_raise_longest_params){.user_id = user_id, .longest = part->streak.longest};
    if (!report(&changes[at], "longestStreak", NULL, part->streak.longest - before, error)) return false;
  }
  return import_raise_longest(ledger_db(tx), raised, raised_count, error, &outcome);
}

/* --- The work -------------------------------------------------------------------------------------- */

/* Digests alone are something, too: they are what the next import goes by. */
static bool report_import(const struct change_of *of, struct error *error) {
  const struct import_part *part = of->part;
  struct ledger_change change = {.what = "import", .by = (int64_t)part->new_attempts, .because = of->because};
  if (part->unknown > 0 && !ledger_report(of->tx, &of->part->entry, &change, error)) return false;
  return report(of, "practiceDays", NULL, (int64_t)part->new_days, error);
}

static bool import_work(struct ledger_tx *tx, struct error *error) {
  size_t count = ledger_count(tx);
  struct import_batch *batch = ledger_context(tx);
  struct import_part **parts = arena_alloc_array(ledger_arena(tx), count, sizeof *parts);
  struct change_of *changes = arena_alloc_array(ledger_arena(tx), count, sizeof *changes);
  if (parts == NULL || changes == NULL) return error_set_memory(error);
  for (size_t at = 0; at < count; at++)
    parts[at] = ledger_at(tx, at)->input;
  if (!import_judge(ledger_db(tx), batch->job, parts, count, ledger_arena(tx), error)) return false;
  for (size_t at = 0; at < count; at++) {
    const char *because = arena_printf(ledger_arena(tx), "import of %s", parts[at]->source->file->name);
    if (because == NULL) return error_set_memory(error);
    changes[at] = (struct change_of){.tx = tx, .part = parts[at], .because = because};
    date_attempts(batch, parts[at]);
    if (!move_totals(&changes[at], error)) return false;
  }
  if (!import_rows_write(tx, parts, count, error) || !count_practice(tx, parts, count, error) ||
      !raise_longest(tx, changes, count, error))
    return false;
  for (size_t at = 0; at < count; at++)
    if (!report_import(&changes[at], error)) return false;
  return true;
}

const struct ledger_kind import_kind = {.name = "import", .work = import_work};
