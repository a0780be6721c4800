/* Taking back what a cascade did, where nobody has touched it since. */
#include <string.h>

#include "event/cascade_private.h"
#include "queries/cascade.h"
#include "schema/json.h"

#include "base/banned.h"

#define UPDATED_AT "updated_at"

/* The values of a receipt; what it does not name is not given. */
struct image {
  bool given[CASCADE_VALUES];
  const char *values[CASCADE_VALUES];
  const char *updated; /* NULL: not given */
  bool is_odd;         /* it is no object of texts, or names a column that no cascade writes */
};

/* A receipt that is to be undone. */
struct taken {
  const struct cascade_receipts_row *receipt;
  struct image before;
  struct image after;
  enum cascade_kind kind;
  const char *path_id;
  const char *id;
  bool is_known; /* it names a row */
  bool was_inserted;
  const char *reason; /* why its row is left; NULL: it is restored, or never was changed */
  bool is_restored;
};

static struct cascade_row *row_of(struct cascade *cascade, const struct taken *taken) {
  return taken->is_known ? cascade_find(cascade, taken->kind, taken->path_id, taken->id) : NULL;
}

/* --- Reading receipts ------------------------------------------------------------------------------ */

static bool image_take(struct image *image, const struct cascade_table *table, struct json_span key,
                       const char *value) {
  if (key.bytes == strlen(UPDATED_AT) && memcmp(key.text, UPDATED_AT, key.bytes) == 0) {
    image->updated = value;
    return value != NULL;
  }
  for (size_t at = 0; at < CASCADE_VALUES && table->columns[at] != NULL; at++) {
    if (strlen(table->columns[at]) != key.bytes || memcmp(table->columns[at], key.text, key.bytes) != 0)
      continue;
    image->given[at] = true;
    image->values[at] = value;
    return true;
  }
  return false;
}

static bool image_read(const char *text, const struct cascade_table *table, struct arena *arena,
                       struct error *error, struct image *ret_image) {
  struct error unreadable = ERROR_INIT;
  struct image image = {.is_odd = !json_check(text, strlen(text), &unreadable)};
  struct json_cursor cursor = json_open(text, strlen(text));
  image.is_odd = image.is_odd || json_peek(&cursor) != JSON_KIND_OBJECT;
  if (!image.is_odd) json_enter(&cursor);
  while (!image.is_odd && json_next(&cursor)) {
    struct json_span key = json_take_key(&cursor);
    enum json_kind kind = json_peek(&cursor);
    const char *value = NULL;
    size_t bytes;
    if (kind == JSON_KIND_TEXT) {
      value = json_take_text(&cursor, arena, &bytes);
      if (value == NULL) return error_set_memory(error);
    } else {
      json_skip(&cursor);
    }
    image.is_odd =
        (kind != JSON_KIND_TEXT && kind != JSON_KIND_NULL) || !image_take(&image, table, key, value);
  }
  *ret_image = image;
  return true;
}

static bool taken_read(struct cascade *cascade, const struct cascade_receipts_row *receipt,
                       struct error *error, struct taken *ret_taken) {
  struct taken taken = {.receipt = receipt, .was_inserted = receipt->before_values == NULL};
  struct cascade_row named = {.kind = CASCADE_VIDEO};
  struct cascade_row *row;
  if (!cascade_key_parse(receipt->target_table, receipt->target_key, cascade->arena, error, &named,
                         &taken.is_known))
    return false;
  taken.kind = named.kind;
  taken.path_id = named.path_id;
  taken.id = named.id;
  if (taken.is_known) {
    const struct cascade_table *table = &cascade_tables[taken.kind];
    if (!image_read(receipt->after_values, table, cascade->arena, error, &taken.after) ||
        (!taken.was_inserted &&
         !image_read(receipt->before_values, table, cascade->arena, error, &taken.before)) ||
        !cascade_add(cascade, taken.kind, taken.path_id, taken.id, error, &row))
      return false;
    if (row != NULL) row->because = arena_printf(cascade->arena, "undone: %s", cascade->event_id);
    if (row != NULL && row->because == NULL) return error_set_memory(error);
  }
  *ret_taken = taken;
  return true;
}

static bool read_taken(struct cascade *cascade, struct error *error, struct taken **ret_taken,
                       size_t *ret_count) {
  struct cascade_receipts_params params = {
      .user_id = cascade->user_id, .event_id = cascade->event_id, .limit_rows = CASCADE_ROWS_MAX};
  struct cascade_receipts_row *rows;
  size_t row_count;
  size_t count = 0;
  if (!cascade_receipts(cascade->db, &params, cascade->arena, CASCADE_ROWS_MAX, error, &rows, &row_count))
    return false;
  struct taken *taken = arena_alloc_array(cascade->arena, row_count + 1, sizeof *taken);
  if (taken == NULL) return error_set_memory(error);
  for (size_t at = 0; at < row_count; at++)
    if (rows[at].undone_at_is_null && !taken_read(cascade, &rows[at], error, &taken[count++])) return false;
  *ret_taken = taken;
  *ret_count = count;
  return true;
}

/* --- Judging --------------------------------------------------------------------------------------- */

static bool same_text(const char *a, const char *b) {
  return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* Whether a row holds what an image says. */
static bool holds(const char *const *values, const struct image *image) {
  for (size_t at = 0; at < CASCADE_VALUES; at++)
    if (image->given[at] && !same_text(values[at], image->values[at])) return false;
  return true;
}

static bool changed_nothing(const struct taken *taken) {
  if (taken->before.is_odd || taken->after.is_odd) return false;
  for (size_t at = 0; at < CASCADE_VALUES; at++)
    if (taken->after.given[at] &&
        !(taken->before.given[at] && same_text(taken->before.values[at], taken->after.values[at])))
      return false;
  return !taken->was_inserted;
}

static const char *why_left(const struct taken *taken, const struct cascade_row *row) {
  if (row == NULL || taken->before.is_odd || taken->after.is_odd) return "its receipt cannot be read";
  if (!row->is_there) return "it is gone";
  if (!holds(row->before, &taken->after)) return "it was changed since";
  if (taken->after.updated != NULL && !same_text(row->seen, taken->after.updated))
    return "it was changed since";
  return NULL;
}

/* Decides, and sets what the row becomes. */
static void judge(struct cascade *cascade, struct taken *taken) {
  struct cascade_row *row = row_of(cascade, taken);
  if (taken->is_known && taken->kind == CASCADE_PATH) return; /* follows its steps */
  if (taken->is_known && changed_nothing(taken)) return;
  taken->reason = why_left(taken, row);
  if (taken->reason != NULL) return;
  taken->is_restored = true;
  if (taken->was_inserted) row->action = CASCADE_DELETE;
  for (size_t at = 0; at < CASCADE_VALUES; at++)
    if (taken->before.given[at]) row->after[at] = taken->before.values[at];
}

/* Once the steps are as they were: a path's progress is what they prove, as ever. */
static void judge_path(struct cascade *cascade, struct taken *taken) {
  const struct cascade_row *row = row_of(cascade, taken);
  if (!taken->is_known || taken->kind != CASCADE_PATH) return;
  if (row == NULL || !row->is_read) {
    taken->reason = "it is gone";
  } else if (!taken->was_inserted && !holds(row->after, &taken->before)) {
    taken->reason = "it follows the steps as they are now";
  } else {
    taken->is_restored = true;
  }
}

/* --- The whole ------------------------------------------------------------------------------------- */

static bool mark_undone(struct cascade *cascade, const struct taken *taken, size_t taken_count,
                        const char *actor, struct error *error) {
  struct cascade_receipts_undo_params *params =
      arena_alloc_array(cascade->arena, taken_count + 1, sizeof *params);
  struct db_outcome outcome;
  size_t count = 0;
  if (params == NULL) return error_set_memory(error);
  for (size_t at = 0; at < taken_count; at++)
    if (taken[at].reason == NULL)
      params[count++] = (struct cascade_receipts_undo_params){.user_id = cascade->user_id,
                                                              .event_id = cascade->event_id,
                                                              .target_table = taken[at].receipt->target_table,
                                                              .target_key = taken[at].receipt->target_key,
                                                              .undone_at = cascade->intake->now_ms,
                                                              .undone_by = actor};
  if (count > 0) ledger_keep(cascade->intake->tx);
  return cascade_receipts_undo(cascade->db, params, count, error, &outcome);
}

static bool tell(struct cascade *cascade, const struct taken *taken, size_t count, struct error *error,
                 struct cascade_undone *ret_undone) {
  struct cascade_named *restored = arena_alloc_array(cascade->arena, count + 1, sizeof *restored);
  struct cascade_named *left = arena_alloc_array(cascade->arena, count + 1, sizeof *left);
  struct cascade_undone undone = {.restored.items = restored, .left.items = left};
  if (restored == NULL || left == NULL) return error_set_memory(error);
  for (size_t at = 0; at < count; at++) {
    struct cascade_named named = {.system = taken[at].receipt->target_system,
                                  .table = taken[at].receipt->target_table,
                                  .key = taken[at].receipt->target_key,
                                  .reason = taken[at].reason};
    if (named.reason != NULL) {
      left[undone.left.count++] = named;
    } else if (taken[at].is_restored) {
      restored[undone.restored.count++] = named;
    }
  }
  *ret_undone = undone;
  return true;
}

static bool restore(struct cascade *cascade, struct taken *taken, size_t count, const char *actor,
                    struct error *error) {
  if (!cascade_read_rows(cascade, error)) return false;
  for (size_t at = 0; at < count; at++)
    judge(cascade, &taken[at]);
  if (!cascade_write_rows(cascade, error) || !cascade_write_paths(cascade, error)) return false;
  for (size_t at = 0; at < count; at++)
    judge_path(cascade, &taken[at]);
  cascade_move_journey(cascade);
  return mark_undone(cascade, taken, count, actor, error) && cascade_report(cascade, -1, error);
}

bool cascade_undo(struct event_intake *intake, const char *event_id, const char *actor, struct error *error,
                  struct cascade_undone *ret_undone) {
  struct cascade cascade;
  struct taken *taken = NULL;
  size_t count = 0;
  return cascade_begin(intake, event_id, error, &cascade) && read_taken(&cascade, error, &taken, &count) &&
         restore(&cascade, taken, count, actor, error) && tell(&cascade, taken, count, error, ret_undone);
}
