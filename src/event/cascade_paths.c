/* What is derived of what a cascade wrote: how far learning paths are, and where the learner stands. */
#include <string.h>

#include "event/cascade_private.h"
#include "queries/cascade.h"

#include "base/banned.h"

static bool add_path(struct cascade *cascade, const char *path_id, struct error *error) {
  struct cascade_row *row;
  if (!cascade_add(cascade, CASCADE_PATH, "", path_id, error, &row)) return false;
  if (row == NULL) return true;
  row->because = arena_printf(cascade->arena, "steps of path %s moved", path_id);
  return row->because != NULL || error_set_memory(error);
}

static bool add_paths(struct cascade *cascade, struct error *error) {
  size_t count = cascade->count;
  for (size_t at = 0; at < count; at++) {
    const struct cascade_row *row = &cascade->rows[at];
    if (row->kind == CASCADE_STEP && (row->action != CASCADE_LEAVE || (row->is_own && row->is_there)) &&
        !add_path(cascade, row->path_id, error))
      return false;
  }
  return true;
}

static void path_know(struct cascade_row *row, const struct cascade_paths_row *found) {
  const char *before[CASCADE_VALUES] = {found->completed_steps, found->total_steps, found->percentage,
                                        found->current_step_id, found->completed_at};
  const char *after[CASCADE_VALUES] = {found->proven_completed, found->proven_total, found->proven_percentage,
                                       found->proven_step, found->proven_at};
  row->is_read = true;
  row->is_there = found->is_there;
  memcpy(row->before, before, sizeof before);
  memcpy(row->after, after, sizeof after);
  cascade_settle(row);
}

static bool read_paths(struct cascade *cascade, struct error *error) {
  struct cascade_paths_params *params = arena_alloc_array(cascade->arena, cascade->count + 1, sizeof *params);
  struct cascade_paths_row *rows;
  size_t row_count;
  size_t count = 0;
  if (params == NULL) return error_set_memory(error);
  for (size_t at = 0; at < cascade->count; at++)
    if (cascade->rows[at].kind == CASCADE_PATH && !cascade->rows[at].is_read)
      params[count++] =
          (struct cascade_paths_params){.user_id = cascade->user_id, .path_id = cascade->rows[at].id};
  if (!cascade_paths(cascade->db, params, count, cascade->arena, CASCADE_ROWS_MAX, error, &rows, &row_count))
    return false;
  for (size_t at = 0; at < row_count; at++) {
    struct cascade_row *row = cascade_find(cascade, CASCADE_PATH, "", rows[at].path_id);
    if (row != NULL) path_know(row, &rows[at]);
  }
  return true;
}

bool cascade_write_paths(struct cascade *cascade, struct error *error) {
  struct db_outcome outcome;
  size_t count = 0;
  if (!add_paths(cascade, error) || !read_paths(cascade, error)) return false;
  struct cascade_paths_write_params *params =
      arena_alloc_array(cascade->arena, cascade->count + 1, sizeof *params);
  if (params == NULL) return error_set_memory(error);
  for (size_t at = 0; at < cascade->count; at++) {
    const struct cascade_row *row = &cascade->rows[at];
    if (row->kind != CASCADE_PATH || row->action == CASCADE_LEAVE) continue;
    params[count++] = (struct cascade_paths_write_params){.user_id = cascade->user_id,
                                                          .path_id = row->id,
                                                          .completed_steps = row->after[PATH_COMPLETED],
                                                          .total_steps = row->after[PATH_TOTAL],
                                                          .percentage = row->after[PATH_PERCENTAGE],
                                                          .current_step_id = row->after[PATH_CURRENT],
                                                          .completed_at = row->after[PATH_COMPLETED_AT]};
  }
  return cascade_paths_write(cascade->db, params, count, error, &outcome);
}

void cascade_move_journey(struct cascade *cascade) {
  const struct event *event = cascade->event;
  struct event_journey *journey = &cascade->intake->journey;
  journey->moved = true;
  if (event == NULL) return; /* undone: where the learner stood before is not known */
  if (event->happened_at_ms > journey->latest_ms) journey->latest_ms = event->happened_at_ms;
  if (event->type != EVENT_PATH_PROGRESS_UPDATED || event->data.path.path_id == NULL) return;
  const struct cascade_row *path = cascade_find(cascade, CASCADE_PATH, "", event->data.path.path_id);
  if (path == NULL || !path->is_read) return;
  journey->path_id = path->id;
  journey->step_id = path->after[PATH_CURRENT];
}

static struct cascade_journey_params journey_row(const struct event_intake *intake) {
  const struct event_journey *journey = &intake->journey;
  return (struct cascade_journey_params){.user_id = intake->entry->learner.user_id,
                                         .current_path = journey->path_id,
                                         .current_step = journey->step_id,
                                         .completed_activities = intake->tally.sums.completed,
                                         .skills_gained = intake->tally.skills,
                                         .happened_at = journey->latest_ms,
                                         .happened_at_is_null = journey->latest_ms == 0};
}

bool cascade_finish(struct event_intake *intakes, size_t count, struct error *error) {
  struct cascade_journey_params *rows = arena_alloc_array(ledger_arena(intakes->tx), count, sizeof *rows);
  size_t moved = 0;
  if (rows == NULL) return error_set_memory(error);
  for (size_t at = 0; at < count; at++) {
    if (!intakes[at].journey.moved) continue;
    if (!tally_open(&intakes[at], error)) return false;
    rows[moved++] = journey_row(&intakes[at]);
    intakes[at].journey = (struct event_journey){.moved = false};
  }
  return cascade_journey(ledger_db(intakes->tx), rows, moved, error, NULL);
}
