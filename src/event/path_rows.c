/* The rows of learning paths: reading them for a change, writing steps and progress. */
#include <math.h>
#include <string.h>

#include "event/path.h"
#include "queries/path.h"
#include "schema/decode.h"
#include "schema/encode.h"

#include "base/banned.h"

/* --- Skills ---------------------------------------------------------------------------------------- */

struct skills {
  struct field_list list;
};
static const struct field skills_fields[] = {
    FIELD_LIST(struct skills, "skills", list, .item_kind = FIELD_KIND_TEXT, .maximum = SYSTEM_ROWS_MAX,
               .summary = "Names of skills."),
};
static const struct schema skills_schema =
    SCHEMA("Skills", struct skills, skills_fields, .summary = "What is learned by a step.");

bool path_skills_print(const struct field_list *skills, struct arena *arena, struct error *error,
                       const char **ret_text) {
  CLEANUP(buffer_free) struct buffer text = BUFFER_INIT(PATH_SKILLS_BYTES);
  struct skills structure = {.list = *skills};
  schema_encode_value(&skills_fields[0], &structure, &text);
  const char *copy = text.failed ? NULL : arena_strdup(arena, buffer_text(&text));
  if (copy == NULL) return error_set_memory(error);
  *ret_text = copy;
  return true;
}

bool path_skills_parse(const char *text, struct arena *arena, struct error *error,
                       struct field_list *ret_skills) {
  struct skills structure = {.list = {.count = 0}};
  struct error complaint = ERROR_INIT;
  const char *document = text == NULL ? "{}" : arena_printf(arena, "{\"skills\": %s}", text);
  if (document == NULL) return error_set_memory(error);
  if (!schema_decode_json(&skills_schema, document, strlen(document), UNKNOWN_IGNORED, arena, &structure,
                          &complaint))
    structure.list = (struct field_list){.count = 0};
  *ret_skills = structure.list;
  return true;
}

/* --- Reading --------------------------------------------------------------------------------------- */

static bool step_of(const struct path_steps_hold_row *row, struct arena *arena, struct error *error,
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

static bool read_steps(struct system_step *step, struct path *path, struct error *error) {
  struct path_steps_hold_params params = {
      .user_id = step->user_id, .id = path->id, .limit_rows = PATH_STEPS_READ_MAX};
  struct path_steps_hold_row *rows;
  size_t count;
  if (!path_steps_hold(step->db, &params, step->arena, PATH_STEPS_READ_MAX, error, &rows, &count))
    return false;
  struct path_step *steps = arena_alloc_array(step->arena, count, sizeof *steps);
  if (steps == NULL) return error_set_memory(error);
  for (size_t at = 0; at < count; at++)
    if (!step_of(&rows[at], step->arena, error, &steps[at])) return false;
  path->steps = (struct field_list){.items = steps, .count = count};
  return true;
}

static bool read_progress(struct system_step *step, struct path *path, struct error *error) {
  struct path_progress_of_params params = {.user_id = step->user_id, .id = path->id};
  struct path_progress_of_row row;
  bool found;
  if (!path_progress_of(step->db, &params, step->arena, error, &row, &found)) return false;
  path->progress = (struct path_progress){.completed_at_given = PRESENCE_NULL};
  if (found)
    path->progress = (struct path_progress){.completed_steps = row.completed_steps,
                                            .total_steps = row.total_steps,
                                            .percentage = row.percentage,
                                            .current_step_id = row.current_step_id,
                                            .completed_at_ms = row.completed_at,
                                            .completed_at_given = system_presence(row.completed_at_is_null)};
  return true;
}

bool path_rows_find(struct system_step *step, const char *id, struct error *error, struct path *ret_path) {
  struct path_find_params params = {.user_id = step->user_id, .id = id};
  struct path_find_row row;
  bool found;
  if (!path_find(step->db, &params, step->arena, error, &row, &found)) return false;
  if (!found) return error_set(error, ERROR_NOT_FOUND, "There is no such learning path.");
  int status = system_word(path_status_names, row.status);
  struct path path = {.id = row.id,
                      .title = row.title,
                      .status = status,
                      .completed = status == PATH_STATUS_COMPLETED,
                      .created_at_ms = row.created_at,
                      .updated_at_ms = row.updated_at};
  if (!read_steps(step, &path, error) || !read_progress(step, &path, error)) return false;
  *ret_path = path;
  return true;
}

/* --- Writing --------------------------------------------------------------------------------------- */

bool path_rows_put_steps(struct system_step *step, const struct path *path, const struct path_step *steps,
                         size_t count, struct error *error) {
  struct path_steps_put_params *rows = arena_alloc_array(step->arena, count, sizeof *rows);
  struct db_outcome outcome;
  if (rows == NULL) return error_set_memory(error);
  for (size_t at = 0; at < count; at++) {
    const struct path_step *one = &steps[at];
    rows[at] =
        (struct path_steps_put_params){.user_id = step->user_id,
                                       .path_id = path->id,
                                       .step_id = one->id,
                                       .step_index = one->index,
                                       .title = one->title,
                                       .activity_type = one->activity_type,
                                       .activity_id = one->activity_id,
                                       .status = path_step_status_names[one->status],
                                       .completed_at = one->completed_at_ms,
                                       .completed_at_is_null = one->completed_at_given != PRESENCE_GIVEN};
    if (!path_skills_print(&one->skills, step->arena, error, &rows[at].skills)) return false;
  }
  return path_steps_put(step->db, rows, count, error, &outcome);
}

bool path_rows_remove_steps(struct system_step *step, const struct path *path,
                            const struct path_step *const *steps, size_t count, struct error *error) {
  struct path_steps_remove_params *rows = arena_alloc_array(step->arena, count, sizeof *rows);
  struct db_outcome outcome;
  if (rows == NULL) return error_set_memory(error);
  for (size_t at = 0; at < count; at++)
    rows[at] = (struct path_steps_remove_params){
        .user_id = step->user_id, .path_id = path->id, .step_id = steps[at]->id};
  return path_steps_remove(step->db, rows, count, error, &outcome);
}

static struct path_progress count_steps(const struct field_list *list) {
  const struct path_step *steps = list->items;
  struct path_progress progress = {.total_steps = list->count, .completed_at_given = PRESENCE_NULL};
  int64_t last_ms = INT64_MIN;
  for (size_t at = 0; at < list->count; at++) {
    bool is_open = !steps[at].completed && steps[at].status != PATH_STEP_SKIPPED;
    if (is_open && progress.current_step_id == NULL) progress.current_step_id = steps[at].id;
    if (!steps[at].completed) continue;
    progress.completed_steps++;
    if (steps[at].completed_at_given == PRESENCE_GIVEN && steps[at].completed_at_ms > last_ms)
      last_ms = steps[at].completed_at_ms;
  }
  if (progress.total_steps == 0) return progress;
  progress.percentage = (double)(progress.completed_steps * 10000 / progress.total_steps) / 100;
  if (progress.completed_steps < progress.total_steps || last_ms == INT64_MIN) return progress;
  progress.completed_at_ms = last_ms;
  progress.completed_at_given = PRESENCE_GIVEN;
  return progress;
}

bool path_rows_count(struct system_step *step, struct path *path, struct error *error) {
  struct db_outcome outcome;
  if (!read_steps(step, path, error)) return false;
  path->progress = count_steps(&path->steps);
  const struct path_progress *progress = &path->progress;
  struct path_progress_put_params params = {.user_id = step->user_id,
                                            .path_id = path->id,
                                            .completed_steps = progress->completed_steps,
                                            .total_steps = progress->total_steps,
                                            .percentage = progress->percentage,
                                            .current_step_id = progress->current_step_id,
                                            .completed_at = progress->completed_at_ms,
                                            .completed_at_is_null =
                                                progress->completed_at_given != PRESENCE_GIVEN};
  return path_progress_put(step->db, &params, error, &outcome);
}
