/* Runs and their rows, to be shown. */
#include <string.h>

#include "queries/repair.h"
#include "rule/repair_private.h"

#include "base/banned.h"

static bool summary_take(const struct repair_run_read_row *row, struct error *error,
                         struct repair_summary *ret_summary) {
  struct repair_summary summary = {
      .id = row->id,
      .is_rollback = strcmp(row->kind, "rollback") == 0,
      .dry_run = row->dry_run,
      .actor = row->actor,
      .rules = row->rules,
      .authority = strcmp(row->authority, repair_authority_names[REPAIR_AUTHORITY_COLUMNS]) == 0
                       ? REPAIR_AUTHORITY_COLUMNS
                       : REPAIR_AUTHORITY_MODULES,
      .from_user = row->from_user,
      .to_user = row->to_user,
      .confirm_over_limit = row->confirm_over_limit,
      .rolls_back = row->rolls_back_is_null ? 0 : row->rolls_back,
      .rolled_back_by = row->rolled_back_by_is_null ? 0 : row->rolled_back_by,
      .job_id = row->job_id_is_null ? 0 : row->job_id,
      .digest = row->digest,
      .learners = row->learners,
      .learners_changed = row->learners_changed,
      .error = row->error,
      .started_at_ms = row->started_at,
      .finished_at_ms = row->finished_at_is_null ? 0 : row->finished_at};
  if (!repair_state_parse(row->state, &summary.state))
    return error_set(error, ERROR_INTERNAL, "A repair run is in no known state.");
  *ret_summary = summary;
  return true;
}

static bool counts_take(struct db *db, struct arena *arena, struct error *error,
                        struct repair_summary *summary) {
  struct repair_counts_read_params params = {.run_id = summary->id};
  struct repair_counts_read_row *rows;
  size_t count;
  if (!repair_counts_read(db, &params, arena, REPAIR_COUNTS_MAX, error, &rows, &count)) return false;
  summary->counts = arena_alloc_array(arena, count + 1, sizeof *summary->counts);
  if (summary->counts == NULL) return error_set_memory(error);
  for (size_t at = 0; at < count; at++)
    summary->counts[at] = (struct repair_count){rows[at].rule, rows[at].found, rows[at].changed,
                                                rows[at].moved, rows[at].paused};
  summary->count_count = count;
  return true;
}

bool repair_read(struct db *db, uint64_t run_id, struct arena *arena, struct error *error,
                 struct repair_summary *ret_summary, bool *ret_found) {
  struct repair_run_read_params params = {.run_id = run_id};
  struct repair_run_read_row row;
  struct repair_summary summary;
  bool found;
  if (!repair_run_read(db, &params, arena, error, &row, &found)) return false;
  if (found && (!summary_take(&row, error, &summary) || !counts_take(db, arena, error, &summary)))
    return false;
  if (found) *ret_summary = summary;
  *ret_found = found;
  return true;
}

bool repair_list(struct db *db, uint64_t before_id, size_t limit, struct arena *arena, struct error *error,
                 struct repair_summary **ret_runs, size_t *ret_count) {
  struct repair_run_list_params params = {.before_id = before_id == 0 ? UINT64_MAX : before_id,
                                          .row_limit = limit};
  struct repair_run_list_row *rows;
  size_t count;
  if (!repair_run_list(db, &params, arena, limit, error, &rows, &count)) return false;
  struct repair_summary *runs = arena_alloc_array(arena, count + 1, sizeof *runs);
  if (runs == NULL) return error_set_memory(error);
  for (size_t at = 0; at < count; at++) {
    struct repair_run_read_row row;
    _Static_assert(sizeof row == sizeof rows[at], "the list has the columns of the single run");
    memcpy(&row, &rows[at], sizeof row);
    if (!summary_take(&row, error, &runs[at])) return false;
  }
  *ret_runs = runs;
  *ret_count = count;
  return true;
}

bool repair_rows_read(struct db *db, uint64_t run_id, const char *state, uint64_t after_user,
                      uint64_t after_id, size_t limit, struct arena *arena, struct error *error,
                      struct repair_row **ret_rows, size_t *ret_count) {
  struct repair_rows_page_params params = {
      .run_id = run_id, .state = state, .after_user = after_user, .after_id = after_id, .row_limit = limit};
  struct repair_rows_page_row *rows;
  size_t count;
  if (!repair_rows_page(db, &params, arena, limit, error, &rows, &count)) return false;
  struct repair_row *images = arena_alloc_array(arena, count + 1, sizeof *images);
  if (images == NULL) return error_set_memory(error);
  for (size_t at = 0; at < count; at++)
    images[at] = (struct repair_row){.id = rows[at].id,
                                     .user_id = rows[at].user_id,
                                     .rule = rows[at].rule,
                                     .table = rows[at].table_name,
                                     .key = rows[at].row_key,
                                     .action = rows[at].action,
                                     .column = rows[at].column_name,
                                     .before = rows[at].before_value,
                                     .after = rows[at].after_value,
                                     .state = rows[at].state,
                                     .changed_by = rows[at].changed_by};
  *ret_rows = images;
  *ret_count = count;
  return true;
}
