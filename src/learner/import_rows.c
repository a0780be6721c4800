#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "learner/import_private.h"
#include "queries/import.h"
#include "schema/encode.h"

#include "base/banned.h"

static int compare_credits(const void *left, const void *right) {
  const struct import_attempt *a = *(struct import_attempt *const *)left;
  const struct import_attempt *b = *(struct import_attempt *const *)right;
  int by_module = strcmp(a->credited, b->credited);
  if (by_module != 0) return by_module;
  if (a->practised_on != b->practised_on) return a->practised_on > b->practised_on ? 1 : -1;
  return (a > b) - (a < b);
}

struct import_attempt **import_rows_sorted(const struct import_part *part, struct arena *arena) {
  struct import_attempt **sorted = arena_alloc_array(arena, part->new_attempts + 1, sizeof *sorted);
  size_t count = 0;
  if (sorted == NULL) return NULL;
  for (size_t at = 0; at < part->attempt_count; at++)
    if (part->attempts[at].is_new) sorted[count++] = &part->attempts[at];
  qsort(sorted, count, sizeof *sorted, compare_credits);
  return sorted;
}

static void append_day(struct buffer *text, int32_t day) {
  char formatted[CLOCK_DAY_BYTES];
  clock_format_day(day, formatted);
  buffer_printf(text, ",\"%s\"", formatted);
}

static bool close_list(struct buffer *text, struct error *error) {
  buffer_append_char(text, ']');
  return !text->failed || error_set_memory(error);
}

static bool write_attempts(struct ledger_tx *tx, struct import_part **parts, size_t part_count,
                           struct error *error) {
  CLEANUP(buffer_free) struct buffer text = BUFFER_INIT(IMPORT_LIST_BYTES);
  for (size_t at = 0; at < part_count; at++) {
    const struct ledger_learner *learner = &parts[at]->entry.learner;
    for (size_t row = 0; row < parts[at]->attempt_count; row++) {
      const struct import_attempt *attempt = &parts[at]->attempts[row];
      if (!attempt->is_new) continue;
      buffer_printf(&text, "%c[%llu,%llu,%d,%lld", text.length == 0 ? '[' : ',',
                    (unsigned long long)learner->user_id, (unsigned long long)learner->revision,
                    attempt->is_correct ? 1 : 0, (long long)attempt->earned);
      append_day(&text, attempt->practised_on);
      import_append_moment(&text, attempt->created_at_ms);
      buffer_append_char(&text, ',');
      json_append_text(&text, attempt->exercise_id);
      buffer_append_char(&text, ',');
      json_append_text(&text, attempt->credited);
      buffer_append_char(&text, ',');
      json_append_text(&text, attempt->user_answer);
      buffer_append_char(&text, ']');
    }
  }
  if (text.length == 0) return true;
  if (!close_list(&text, error)) return false;
  struct import_add_attempts_params params = {.attempts = text.data};
  return import_add_attempts(ledger_db(tx), &params, error, NULL);
}

static bool write_keys(struct ledger_tx *tx, struct import_part **parts, size_t part_count,
                       struct error *error) {
  CLEANUP(buffer_free) struct buffer text = BUFFER_INIT(IMPORT_LIST_BYTES);
  for (size_t at = 0; at < part_count; at++) {
    const struct import_key *key;
    for (size_t row = 0; (key = import_key_at(parts[at], row)) != NULL; row++)
      if (key->occurrence > key->known) import_append_key(&text, parts[at]->entry.learner.user_id, key);
  }
  if (text.length == 0) return true;
  if (!close_list(&text, error)) return false;
  struct import_add_entries_params params = {.entries = text.data};
  return import_add_entries(ledger_db(tx), &params, error, NULL);
}

/* Attempts from here that count for the same module on the same day. */
static size_t same_cell(struct import_attempt **sorted, size_t count) {
  size_t same = 1;
  while (same < count && sorted[same]->practised_on == sorted[0]->practised_on &&
         strcmp(sorted[same]->credited, sorted[0]->credited) == 0)
    same++;
  return same;
}

static void append_cells(struct buffer *text, const struct import_part *part,
                         struct import_attempt **sorted) {
  size_t same;
  for (size_t at = 0; at < part->new_attempts; at += same) {
    int64_t correct = 0;
    int64_t tokens = 0;
    same = same_cell(sorted + at, part->new_attempts - at);
    for (size_t row = at; row < at + same; row++) {
      correct += sorted[row]->is_correct ? 1 : 0;
      tokens += sorted[row]->earned;
    }
    buffer_printf(text, "%c[%llu", text->length == 0 ? '[' : ',',
                  (unsigned long long)part->entry.learner.user_id);
    append_day(text, sorted[at]->practised_on);
    buffer_append_char(text, ',');
    json_append_text(text, sorted[at]->credited);
    buffer_printf(text, ",%zu,%lld,%lld]", same, (long long)correct, (long long)tokens);
  }
}

static bool write_daily_totals(struct ledger_tx *tx, struct import_part **parts, size_t part_count,
                               struct error *error) {
  CLEANUP(buffer_free) struct buffer text = BUFFER_INIT(IMPORT_LIST_BYTES);
  for (size_t at = 0; at < part_count; at++) {
    struct import_attempt **sorted = import_rows_sorted(parts[at], ledger_arena(tx));
    if (sorted == NULL) return error_set_memory(error);
    append_cells(&text, parts[at], sorted);
  }
  if (text.length == 0) return true;
  if (!close_list(&text, error)) return false;
  struct import_add_daily_totals_params params = {.days = text.data};
  return import_add_daily_totals(ledger_db(tx), &params, error, NULL);
}

bool import_rows_write(struct ledger_tx *tx, struct import_part **parts, size_t part_count,
                       struct error *error) {
  return write_attempts(tx, parts, part_count, error) && write_keys(tx, parts, part_count, error) &&
         write_daily_totals(tx, parts, part_count, error);
}
