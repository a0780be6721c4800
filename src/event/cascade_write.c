/* What a cascade writes: a statement a table and action, each of them only on rows that nobody has written
 * since they were read; then what is derived of them; then the receipts. */
#include <string.h>

#include "event/cascade_private.h"
#include "queries/cascade.h"
#include "schema/encode.h"
#include "schema/utf8.h"

#include "base/banned.h"

#define BECAUSE_CHARACTERS 255 /* of propagations.because */

static bool same_text(const char *a, const char *b) {
  return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool differs(const struct cascade_row *row) {
  for (size_t at = 0; at < CASCADE_VALUES; at++)
    if (!same_text(row->before[at], row->after[at])) return true;
  return false;
}

void cascade_settle(struct cascade_row *row) {
  if (row->action != CASCADE_LEAVE || !differs(row)) return;
  if (!row->is_there && row->after[0] == NULL) return;
  row->action = row->is_there ? CASCADE_UPDATE : CASCADE_INSERT;
}

/* --- The tables ------------------------------------------------------------------------------------ */

static bool moved_meanwhile(const char *table, struct error *error) {
  error_set(error, ERROR_TRANSIENT, "Another application changed a row of %s meanwhile.", table);
  return false;
}

static bool written(bool done, const struct db_outcome *outcome, size_t count, enum cascade_kind kind,
                    struct error *error) {
  if (!done && error->code == ERROR_CONFLICT) return moved_meanwhile(cascade_tables[kind].name, error);
  if (!done) return false;
  return outcome->affected == count || moved_meanwhile(cascade_tables[kind].name, error);
}

/* One writer: the rows of one table with one action, as the statement's parameters. `row` and `cascade` are
 * what the parameters are made of. */
#define WRITER(statement, row_kind, row_action, ...) \
  static bool write_##statement(struct cascade *cascade, struct error *error) { \
    struct statement##_params *params = NULL; \
    struct db_outcome outcome; \
    size_t count = 0; \
    for (size_t at = 0; at < cascade->count; at++) { \
      const struct cascade_row *row = &cascade->rows[at]; \
      if (row->kind != (row_kind) || row->action != (row_action)) continue; \
      if (params == NULL) params = arena_alloc_array(cascade->arena, cascade->count, sizeof *params); \
      if (params == NULL) return error_set_memory(error); \
      params[count++] = (struct statement##_params){.user_id = cascade->user_id, __VA_ARGS__}; \
    } \
    return count == 0 || written(statement(cascade->db, params, count, error, &outcome), &outcome, count, \
                                 row_kind, error); \
  }

#define FOUR_VALUES \
  .id = row->id, .value_0 = row->after[0], .value_1 = row->after[1], .value_2 = row->after[2], \
  .value_3 = row->after[3], .updated_at = row->updated

WRITER(cascade_videos_write, CASCADE_VIDEO, CASCADE_UPDATE, FOUR_VALUES, .value_4 = row->after[4],
       .seen = row->seen)
WRITER(cascade_videos_insert, CASCADE_VIDEO, CASCADE_INSERT, FOUR_VALUES, .value_4 = row->after[4])
WRITER(cascade_videos_delete, CASCADE_VIDEO, CASCADE_DELETE, .id = row->id, .seen = row->seen)
WRITER(cascade_todos_write, CASCADE_TODO, CASCADE_UPDATE, FOUR_VALUES, .seen = row->seen)
WRITER(cascade_entries_write, CASCADE_ENTRY, CASCADE_UPDATE, FOUR_VALUES, .seen = row->seen)
WRITER(cascade_steps_write, CASCADE_STEP, CASCADE_UPDATE, .path_id = row->path_id, .id = row->id,
       .value_0 = row->after[0], .value_1 = row->after[1], .seen = row->seen, .updated_at = row->updated)
WRITER(cascade_skills_write, CASCADE_SKILL, CASCADE_UPDATE, FOUR_VALUES, .seen = row->seen)
WRITER(cascade_skills_insert, CASCADE_SKILL, CASCADE_INSERT, FOUR_VALUES)
WRITER(cascade_skills_delete, CASCADE_SKILL, CASCADE_DELETE, .id = row->id, .seen = row->seen)
WRITER(cascade_mentions_delete, CASCADE_MENTION, CASCADE_DELETE, .activity_type = row->path_id,
       .activity_id = row->id)

/* The learner's skills are counted without reading them again; where they were not yet, that comes later. */
static void count_skills(struct cascade *cascade) {
  for (size_t at = 0; at < cascade->count && cascade->intake->tally.is_read; at++) {
    if (cascade->rows[at].kind != CASCADE_SKILL) continue;
    if (cascade->rows[at].action == CASCADE_INSERT) cascade->intake->tally.skills++;
    if (cascade->rows[at].action == CASCADE_DELETE) cascade->intake->tally.skills--;
  }
}

bool cascade_write_rows(struct cascade *cascade, struct error *error) {
  for (size_t at = 0; at < cascade->count; at++) {
    struct cascade_row *row = &cascade->rows[at];
    cascade_settle(row);
    /* Two clocks are at work, the table's and ours: a row's own never goes back. */
    row->updated = row->seen != NULL && strcmp(row->seen, cascade->now) > 0 ? row->seen : cascade->now;
  }
  count_skills(cascade);
  return write_cascade_videos_write(cascade, error) && write_cascade_videos_insert(cascade, error) &&
         write_cascade_videos_delete(cascade, error) && write_cascade_todos_write(cascade, error) &&
         write_cascade_entries_write(cascade, error) && write_cascade_steps_write(cascade, error) &&
         write_cascade_skills_write(cascade, error) && write_cascade_skills_insert(cascade, error) &&
         write_cascade_skills_delete(cascade, error) && write_cascade_mentions_delete(cascade, error);
}

/* --- Receipts -------------------------------------------------------------------------------------- */

/* Columns that changed, and updated_at as this cascade left it. All columns of a row that was put in, and of
 * the event's own: an event that carries a resolution may change more of it later, and its receipt then still
 * knows how everything was before. */
static const char *encode_values(struct cascade *cascade, const struct cascade_row *row, bool is_after) {
  CLEANUP(buffer_free) struct buffer text = BUFFER_INIT(CASCADE_JSON_BYTES);
  const char *const *values = is_after ? row->after : row->before;
  const struct cascade_table *table = &cascade_tables[row->kind];
  const char *between = "{";
  bool whole = row->is_own || row->keeps_status || row->action == CASCADE_INSERT;
  for (size_t at = 0; at < CASCADE_VALUES && table->columns[at] != NULL; at++) {
    if (!whole && same_text(row->before[at], row->after[at])) continue;
    buffer_append_text(&text, between);
    json_append_text(&text, table->columns[at]);
    buffer_append_text(&text, ": ");
    json_append_text(&text, values[at]);
    between = ", ";
  }
  if (is_after && row->action != CASCADE_LEAVE && row->kind != CASCADE_MENTION && row->kind != CASCADE_PATH) {
    buffer_append_text(&text, ", \"updated_at\": ");
    json_append_text(&text, row->updated);
  }
  buffer_append_char(&text, '}');
  return text.failed ? NULL : arena_strdup(cascade->arena, text.data);
}

/* Ids are long, and the column is not. */
static const char *clip(struct arena *arena, const char *text) {
  size_t bytes = 0;
  for (size_t characters = 0; text[bytes] != '\0' && characters < BECAUSE_CHARACTERS; characters++) {
    bytes++;
    while (((unsigned char)text[bytes] & 0xC0) == 0x80)
      bytes++;
  }
  return text[bytes] == '\0' ? text : arena_strndup(arena, text, bytes);
}

/* Its own row gets one even where it held already what the event says: no rule is to touch it again. */
static bool gets_receipt(const struct cascade_row *row) {
  if (row->action != CASCADE_LEAVE) return true;
  return row->is_own && row->is_there && row->leads_on && !row->keeps_status;
}

static bool receipt_of(struct cascade *cascade, const struct cascade_row *row, size_t position,
                       struct error *error, struct cascade_receipts_write_params *ret_params) {
  struct cascade_receipts_write_params params = {
      .user_id = cascade->user_id,
      .event_id = cascade->event_id,
      .target_table = cascade_tables[row->kind].name,
      .target_key = cascade_key(cascade->arena, row),
      .target_system = event_system_names[cascade_tables[row->kind].system],
      .position = (int64_t)position,
      .before_values = row->action == CASCADE_INSERT ? NULL : encode_values(cascade, row, false),
      .after_values = encode_values(cascade, row, true),
      .because = clip(cascade->arena, row->because),
      .revision = cascade->intake->entry->learner.revision,
      .created_at = cascade->intake->now_ms};
  if (params.target_key == NULL || params.after_values == NULL || params.because == NULL ||
      (params.before_values == NULL && row->action != CASCADE_INSERT))
    return error_set_memory(error);
  *ret_params = params;
  return true;
}

bool cascade_write_receipts(struct cascade *cascade, struct error *error) {
  struct db_outcome outcome;
  size_t count = 0;
  struct cascade_receipts_write_params *params =
      arena_alloc_array(cascade->arena, cascade->count + 1, sizeof *params);
  if (params == NULL) return error_set_memory(error);
  for (size_t at = 0; at < cascade->count; at++) {
    const struct cascade_row *row = &cascade->rows[at];
    if (!gets_receipt(row)) continue;
    if (!receipt_of(cascade, row, count, error, &params[count])) return false;
    count++;
  }
  return cascade_receipts_write(cascade->db, params, count, error, &outcome);
}

/* --- History --------------------------------------------------------------------------------------- */

bool cascade_report(struct cascade *cascade, int64_t by, struct error *error) {
  for (size_t at = 0; at < cascade->count; at++) {
    const struct cascade_row *row = &cascade->rows[at];
    struct ledger_change change = {
        .what = cascade_tables[row->kind].change, .by = by, .because = row->because};
    if (row->action == CASCADE_LEAVE || change.what == NULL) continue;
    change.key = cascade_key(cascade->arena, row);
    if (change.key == NULL) return error_set_memory(error);
    if (!event_report(cascade->intake, &change, error)) return false;
  }
  return true;
}
