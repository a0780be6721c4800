#include "session/stitch.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "learner/practice.h"
#include "session/reject.h"
#include "session/stitch_rows.h"

#include "base/banned.h"

#define ITEM_BYTES ((size_t)64 * 1024) /* of one item, encoded */
#define OUTCOMES_BYTES ((size_t)64 * 1024)

#define REUSED_SENTENCE "This id was already used for a request with other content."

/* --- Outcomes -------------------------------------------------------------------------------------- */

bool stitch_is_synced(enum stitch_outcome outcome) {
  return outcome == STITCH_APPLIED || outcome == STITCH_SAME || outcome == STITCH_OLDER ||
         outcome == STITCH_KNOWN;
}

bool stitch_is_rejected(enum stitch_outcome outcome) {
  return !stitch_is_synced(outcome) && outcome != STITCH_CONFLICT;
}

const char *stitch_status(enum stitch_outcome outcome) {
  if (outcome == STITCH_APPLIED) return "applied";
  if (outcome == STITCH_CONFLICT) return "conflict";
  return stitch_is_synced(outcome) ? "duplicate" : "rejected";
}

const char *stitch_reason(const struct stitch_item *item, enum stitch_outcome outcome,
                          const struct offline_config *config, struct arena *arena) {
  switch (outcome) {
  case STITCH_OLDER:
    return "What is known already is newer.";
  case STITCH_CONFLICT:
    return "It was changed elsewhere since baseRevision, and not earlier than this.";
  case STITCH_UNREADABLE:
    return item->complaint;
  case STITCH_FUTURE:
    return "lastAttempted must not lie in the future";
  case STITCH_PAST:
    return arena_printf(arena, "lastAttempted must be at most %" PRId64 " days old", config->max_age_days);
  case STITCH_REUSED:
    return REUSED_SENTENCE;
  case STITCH_APPLIED:
  case STITCH_SAME:
  case STITCH_KNOWN:
    break;
  }
  return NULL;
}

/* "aaas" as "3a1s". */
static bool write_outcomes(const enum stitch_outcome *outcomes, size_t count, struct arena *arena,
                           struct error *error, const char **ret_text) {
  CLEANUP(buffer_free) struct buffer text = BUFFER_INIT(OUTCOMES_BYTES);
  for (size_t at = 0, same; at < count; at += same) {
    same = 1;
    while (at + same < count && outcomes[at + same] == outcomes[at])
      same++;
    buffer_append_u64(&text, same);
    buffer_append_char(&text, (char)outcomes[at]);
  }
  const char *copy = text.failed ? NULL : arena_strdup(arena, buffer_text(&text));
  if (copy == NULL) return error_set_memory(error);
  *ret_text = copy;
  return true;
}

static bool unreadable(struct error *error) {
  return error_set(error, ERROR_INTERNAL, "What was kept of a reply cannot be read.");
}

bool stitch_read_outcomes(const struct stitch_record *record, size_t count, struct arena *arena,
                          struct error *error, enum stitch_outcome **ret_outcomes) {
  enum stitch_outcome *outcomes = arena_alloc_array(arena, count, sizeof *outcomes);
  size_t filled = 0;
  if (outcomes == NULL) return error_set_memory(error);
  for (const char *at = record->outcomes; *at != '\0'; at++) {
    char *letter;
    unsigned long same = strtoul(at, &letter, 10);
    if (letter == at || *letter == '\0' || same > count - filled) return unreadable(error);
    for (; same > 0; same--)
      outcomes[filled++] = (enum stitch_outcome) * letter;
    at = letter;
  }
  if (filled != count) return unreadable(error);
  *ret_outcomes = outcomes;
  return true;
}

/* --- Deciding about one item ----------------------------------------------------------------------- */

/* A batch under way. */
struct stitch_step {
  const struct stitch_batch *batch;
  struct ledger_entry *entry;
  int64_t now_ms;
  struct stitch_rows rows;
  enum stitch_outcome *outcomes;
  struct buffer scratch;
};

static bool has_time(const struct stitch_item *item) { return item->last_attempted_given == PRESENCE_GIVEN; }

static bool has_same_content(const struct stitch_item *item, const struct stitch_values *values) {
  return item->order_number == values->order_number && item->skip_number == values->skip_number &&
         strcmp(item->distractor_level, values->distractor_level) == 0;
}

static bool is_newer(const struct stitch_item *item, const struct stitch_row *row) {
  if (!has_time(item) || !row->stands || item->last_attempted_ms > row->now.last_attempted_ms) return true;
  return row->is_ours && item->last_attempted_ms == row->now.last_attempted_ms;
}

/* Rules 4 and 5. */
static enum stitch_outcome take(const struct stitch_item *item, struct stitch_row *row, int64_t now_ms) {
  bool adds_completion = item->is_completed && !row->now.is_completed;
  if (row->stands && !adds_completion && has_same_content(item, &row->now) &&
      (!has_time(item) || item->last_attempted_ms == row->now.last_attempted_ms))
    return STITCH_SAME;
  int64_t attempted_ms = has_time(item) ? item->last_attempted_ms : now_ms;
  if (row->stands && attempted_ms < row->now.last_attempted_ms) attempted_ms = row->now.last_attempted_ms;
  row->now =
      (struct stitch_values){.order_number = item->order_number,
                             .skip_number = item->skip_number,
                             .distractor_level = item->distractor_level,
                             .is_completed = item->is_completed || (row->stands && row->now.is_completed),
                             .last_attempted_ms = attempted_ms};
  row->stands = true;
  row->is_ours = true;
  row->is_timed |= has_time(item);
  return STITCH_APPLIED;
}

/* Rule 6: of an older item only the completion is taken. */
static enum stitch_outcome take_completion(const struct stitch_batch *batch, const struct stitch_item *item,
                                           struct stitch_row *row) {
  bool adds_completion = item->is_completed && !row->now.is_completed;
  bool differs = !has_same_content(item, &row->now);
  if (adds_completion) row->now.is_completed = true;
  if (differs && batch->has_base && !row->is_ours && row->revision > batch->base_revision)
    return STITCH_CONFLICT;
  if (adds_completion) return STITCH_APPLIED;
  return differs ? STITCH_OLDER : STITCH_SAME;
}

static enum stitch_outcome judge_time(const struct stitch_step *step, const struct stitch_item *item) {
  struct error error;
  error_clear(&error);
  if (!has_time(item) || practice_check_time("lastAttempted", item->last_attempted_ms, step->now_ms,
                                             step->batch->config, &error))
    return STITCH_APPLIED;
  return item->last_attempted_ms > step->now_ms ? STITCH_FUTURE : STITCH_PAST;
}

static bool judge_mutation(struct stitch_step *step, const struct stitch_item *item,
                           struct stitch_mutation *mutation, struct error *error,
                           enum stitch_outcome *ret_outcome) {
  struct db_hash hash;
  if (mutation == NULL) return true;
  if (!stitch_hash_item(item, &step->scratch, error, &hash)) return false;
  if (mutation->known)
    *ret_outcome = memcmp(&hash, &mutation->hash, sizeof hash) == 0 ? STITCH_KNOWN : STITCH_REUSED;
  else
    mutation->hash = hash;
  return true;
}

static bool judge_item(struct stitch_step *step, size_t at, struct error *error,
                       enum stitch_outcome *ret_outcome) {
  const struct stitch_item *item = &step->batch->items[at];
  struct stitch_row *row = step->rows.of_item[at];
  struct stitch_mutation *mutation = step->rows.mutation_of_item[at];
  enum stitch_outcome outcome = STITCH_APPLIED;
  if (item->complaint != NULL) {
    *ret_outcome = STITCH_UNREADABLE;
    return true;
  }
  if (!judge_mutation(step, item, mutation, error, &outcome)) return false;
  if (outcome == STITCH_APPLIED) outcome = judge_time(step, item);
  if (outcome == STITCH_APPLIED)
    outcome = is_newer(item, row) ? take(item, row, step->now_ms) : take_completion(step->batch, item, row);
  if (mutation != NULL && !mutation->known && stitch_is_synced(outcome)) {
    mutation->known = true;
    mutation->remembered = true;
  }
  *ret_outcome = outcome;
  return true;
}

/* A stitch whose items have no times, and which ends as it began: it was not attempted again. */
static void settle_rows(struct stitch_step *step) {
  for (size_t at = 0; at < step->rows.count; at++) {
    struct stitch_row *row = &step->rows.rows[at];
    struct stitch_values now = row->now;
    now.last_attempted_ms = row->found.last_attempted_ms;
    struct stitch_row ended = {
        .existed = row->existed, .stands = row->stands, .found = row->found, .now = now};
    if (row->existed && !row->is_timed && !stitch_row_changed(&ended)) row->now = row->found;
  }
  for (size_t at = 0; at < step->batch->count; at++)
    if (step->outcomes[at] == STITCH_APPLIED && !stitch_row_changed(step->rows.of_item[at]))
      step->outcomes[at] = STITCH_SAME;
}

static bool judge(struct stitch_step *step, struct error *error) {
  for (size_t at = 0; at < step->batch->count; at++)
    if (!judge_item(step, at, error, &step->outcomes[at])) return false;
  settle_rows(step);
  return true;
}

/* --- The history ----------------------------------------------------------------------------------- */

/* Rows of one thread, or of all that are left. */
struct stitch_sum {
  const char *thread_id; /* NULL: of several */
  const char *stitch_id; /* the last one's */
  int64_t changed;
  int64_t completed;
};

static bool report_sum(struct stitch_step *step, struct ledger_tx *tx, const struct stitch_sum *sum,
                       struct error *error) {
  struct arena *arena = ledger_arena(tx);
  if (sum->changed == 0) return true;
  const char *because = sum->changed == 1 ? arena_printf(arena, "stitch %s", sum->stitch_id)
                                          : arena_printf(arena, "%" PRId64 " stitches", sum->changed);
  if (because == NULL) return error_set_memory(error);
  struct ledger_change changed = {
      .what = "stitches", .key = sum->thread_id, .by = sum->changed, .because = because};
  struct ledger_change completed = {
      .what = "stitchesCompleted", .key = sum->thread_id, .by = sum->completed, .because = because};
  if (!ledger_report(tx, step->entry, &changed, error)) return false;
  return sum->completed == 0 || ledger_report(tx, step->entry, &completed, error);
}

/* Which thread, how many, and how many of them were completed: the rows themselves say at which revision. */
static bool report(struct stitch_step *step, struct ledger_tx *tx, struct error *error) {
  struct stitch_sum sum = {.changed = 0};
  size_t threads = 0;
  for (size_t at = 0; at < step->rows.count; at++) {
    const struct stitch_row *row = &step->rows.rows[at];
    if (!stitch_row_changed(row)) continue;
    bool goes_on = sum.changed > 0 && (sum.thread_id == NULL || strcmp(sum.thread_id, row->thread_id) == 0);
    if (!goes_on) {
      if (!report_sum(step, tx, &sum, error)) return false;
      sum = (struct stitch_sum){.thread_id = threads++ < STITCH_HISTORY_THREADS ? row->thread_id : NULL};
    }
    sum.stitch_id = row->stitch_id;
    sum.changed++;
    if (row->now.is_completed && !(row->existed && row->found.is_completed)) sum.completed++;
  }
  return report_sum(step, tx, &sum, error);
}

/* --- The work -------------------------------------------------------------------------------------- */

static bool write_all(struct stitch_step *step, struct ledger_tx *tx, struct error *error) {
  const struct ledger_learner *learner = &step->entry->learner;
  bool remembered = false;
  if (!stitch_rows_write(tx, learner, &step->rows, error) ||
      !stitch_rows_remember(tx, learner->user_id, &step->rows, error, &remembered))
    return false;
  if (remembered) ledger_keep(tx);
  return true;
}

static bool answer(struct stitch_step *step, struct ledger_tx *tx, struct error *error) {
  struct stitch_record *record = step->entry->reply;
  record->revision = step->entry->learner.revision - (step->entry->change_count == 0 ? 1 : 0);
  return write_outcomes(step->outcomes, step->batch->count, ledger_arena(tx), error, &record->outcomes);
}

static bool begin(struct ledger_tx *tx, struct ledger_entry *entry, struct error *error,
                  struct stitch_step *ret_step) {
  const struct stitch_batch *batch = entry->input;
  struct stitch_step step = {
      .batch = batch,
      .entry = entry,
      .now_ms = ledger_now_ms(tx),
      .outcomes = arena_alloc_array(ledger_arena(tx), batch->count, sizeof(enum stitch_outcome)),
      .scratch = BUFFER_INIT(ITEM_BYTES)};
  if (step.outcomes == NULL) return error_set_memory(error);
  if (!stitch_rows_read(tx, entry->learner.user_id, batch, error, &step.rows)) return false;
  bool judged = judge(&step, error);
  buffer_free(&step.scratch);
  if (judged) *ret_step = step;
  return judged;
}

static bool bulk_entry(struct ledger_tx *tx, struct ledger_entry *entry, struct error *error) {
  struct stitch_step step;
  bool kept;
  if (!begin(tx, entry, error, &step) || !write_all(&step, tx, error) || !report(&step, tx, error))
    return false;
  if (!reject_keep_items(tx, entry->learner.user_id, step.batch, step.outcomes, error, &kept)) return false;
  if (kept) ledger_keep(tx);
  return answer(&step, tx, error);
}

static bool bulk_work(struct ledger_tx *tx, struct error *error) {
  for (size_t at = 0; at < ledger_count(tx); at++)
    if (!bulk_entry(tx, ledger_at(tx, at), error)) return false;
  return true;
}

static void refuse(struct stitch_step *step) {
  struct error *error = &step->entry->error;
  const struct stitch_item *item = step->batch->items;
  if (step->outcomes[0] == STITCH_REUSED)
    error_set(error, ERROR_UNPROCESSABLE, REUSED_SENTENCE);
  else if (practice_check_time("lastAttempted", item->last_attempted_ms, step->now_ms, step->batch->config,
                               error))
    error_set(error, ERROR_INTERNAL, "An item was refused without a reason.");
  ledger_fail(step->entry);
}

static bool update_work(struct ledger_tx *tx, struct error *error) {
  for (size_t at = 0; at < ledger_count(tx); at++) {
    struct stitch_step step;
    if (!begin(tx, ledger_at(tx, at), error, &step)) return false;
    if (stitch_is_rejected(step.outcomes[0])) {
      refuse(&step);
      continue;
    }
    if (!write_all(&step, tx, error) || !report(&step, tx, error) || !answer(&step, tx, error)) return false;
  }
  return true;
}

const struct ledger_kind stitch_update_kind = {.name = "stitch", .work = update_work};
const struct ledger_kind stitch_bulk_kind = {.name = "stitches", .work = bulk_work};
