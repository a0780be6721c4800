/* Reading a learner's learning paths, page by page, with their steps. */
#include <string.h>

#include "event/path.h"
#include "queries/path.h"

#include "base/banned.h"

static struct path path_of(const struct path_list_row *row) {
  int status = system_word(path_status_names, row->status);
  struct path path = {.id = row->id,
                      .title = row->title,
                      .status = status,
                      .completed = status == PATH_STATUS_COMPLETED,
                      .progress = {.completed_at_given = PRESENCE_NULL},
                      .created_at_ms = row->created_at,
                      .updated_at_ms = row->updated_at};
  if (!row->total_steps_is_null)
    path.progress = (struct path_progress){.completed_steps = row->completed_steps,
                                           .total_steps = row->total_steps,
                                           .percentage = row->percentage,
                                           .current_step_id = row->current_step_id,
                                           .completed_at_ms = row->completed_at,
                                           .completed_at_given = system_presence(row->completed_at_is_null)};
  return path;
}

static bool step_of(const struct path_steps_list_row *row, struct arena *arena, struct error *error,
                    struct path_step *ret_step) {
  int status = system_word(path_step_status_names, row->status);
  struct path_step step = {.id = row->step_id,
                           .index = row->step_index,
                           .title = row->title,
                           .activity_type = row->activity_type,
                           .activity_id = row->activity_id,
                           .status = status,
                           .completed = status == PATH_STEP_COMPLETED,
                           .completed_at_ms = row->completed_at,
                           .completed_at_given = system_presence(row->completed_at_is_null)};
  if (!path_skills_parse(row->skills, arena, error, &step.skills)) return false;
  *ret_step = step;
  return true;
}

static struct path *find_path(struct path *paths, size_t count, const char *id) {
  for (size_t at = 0; at < count; at++)
    if (strcmp(paths[at].id, id) == 0) return &paths[at];
  return NULL;
}

/* The steps of one path stand together. */
static bool hand_out(const struct path_steps_list_row *rows, size_t count, struct path *paths,
                     size_t path_count, struct arena *arena, struct error *error) {
  struct path_step *steps = arena_alloc_array(arena, count, sizeof *steps);
  struct path *path = NULL;
  if (steps == NULL) return error_set_memory(error);
  for (size_t at = 0; at < count; at++) {
    if (!step_of(&rows[at], arena, error, &steps[at])) return false;
    if (path == NULL || strcmp(path->id, rows[at].path_id) != 0) {
      path = find_path(paths, path_count, rows[at].path_id);
      if (path == NULL) return error_set(error, ERROR_INTERNAL, "A step was read of a path that was not.");
      path->steps.items = &steps[at];
    }
    path->steps.count++;
  }
  return true;
}

static bool read_steps(struct db *db, uint64_t user_id, struct path *paths, size_t count, struct arena *arena,
                       struct error *error) {
  struct path_steps_list_params *params = arena_alloc_array(arena, count, sizeof *params);
  struct path_steps_list_row *rows;
  size_t row_count;
  if (count == 0) return true;
  if (params == NULL) return error_set_memory(error);
  for (size_t at = 0; at < count; at++)
    params[at] = (struct path_steps_list_params){.user_id = user_id, .path_id = paths[at].id};
  return path_steps_list(db, params, count, arena, PATH_STEPS_READ_MAX, error, &rows, &row_count) &&
         hand_out(rows, row_count, paths, count, arena, error);
}

bool path_read_page(struct db *db, uint64_t user_id, const struct path_query *query, struct arena *arena,
                    struct error *error, struct path_page *ret_page) {
  struct path_page page = {.next_after = NULL};
  size_t limit = (size_t)query->limit;
  struct path_list_row *rows;
  struct system_place place;
  size_t count;
  if (!system_place_parse(query->after, error, &place)) return false;
  struct path_list_params params = {
      .user_id = user_id,
      .status = query->status_given == PRESENCE_GIVEN ? path_status_names[query->status] : NULL,
      .after_at = place.at_ms,
      .after_id = place.id,
      .limit_rows = limit + 1};
  if (!path_list(db, &params, arena, limit + 1, error, &rows, &count)) return false;
  if (count > limit) {
    count = limit;
    place = (struct system_place){.at_ms = rows[count - 1].created_at, .id = rows[count - 1].id};
    if (!system_place_print(&place, arena, error, &page.next_after)) return false;
  }
  struct path *paths = arena_alloc_array(arena, count, sizeof *paths);
  if (paths == NULL) return error_set_memory(error);
  for (size_t at = 0; at < count; at++)
    paths[at] = path_of(&rows[at]);
  if (!read_steps(db, user_id, paths, count, arena, error)) return false;
  page.paths = (struct field_list){.items = paths, .count = count};
  *ret_page = page;
  return true;
}
