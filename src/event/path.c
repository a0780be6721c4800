#include "event/path.h"

#include <string.h>

#include "queries/path.h"

#include "base/banned.h"

/* --- Steps that are sent with a path --------------------------------------------------------------- */

static const struct path_step *find_step(const struct field_list *list, const char *id) {
  const struct path_step *steps = list->items;
  for (size_t at = 0; at < list->count; at++)
    if (strcmp(steps[at].id, id) == 0) return &steps[at];
  return NULL;
}

static bool check_item(const struct path_step_item *item, struct error *error) {
  if ((item->activity_type_given == PRESENCE_GIVEN) == (item->activity_id != NULL)) return true;
  return error_add_field(error, ERROR_UNPROCESSABLE, "steps",
                         "must name activityType and activityId of a step, or neither");
}

/* A step that the path has already keeps how far it is. */
static bool step_of(struct system_step *step, const struct path *path, const struct path_step_item *item,
                    size_t at, struct error *error, struct path_step *ret_step) {
  const char *id = item->id != NULL ? item->id : arena_printf(step->arena, "step-%zu", at + 1);
  if (id == NULL) return error_set_memory(error);
  if (!check_item(item, error)) return false;
  const struct path_step *known = find_step(&path->steps, id);
  struct path_step made = {.completed_at_given = PRESENCE_NULL};
  if (known != NULL) made = *known;
  made.id = id;
  made.index = at;
  made.title = item->title;
  made.activity_type =
      item->activity_type_given == PRESENCE_GIVEN ? activity_type_names[item->activity_type] : NULL;
  made.activity_id = item->activity_id;
  made.skills = item->skills;
  *ret_step = made;
  return true;
}

static bool take_steps(struct system_step *step, const struct field_list *items, const struct path *path,
                       struct error *error, struct field_list *ret_steps) {
  const struct path_step_item *item = items->items;
  struct path_step *steps = arena_alloc_array(step->arena, items->count, sizeof *steps);
  if (steps == NULL) return error_set_memory(error);
  for (size_t at = 0; at < items->count; at++) {
    struct field_list before = {.items = steps, .count = at};
    if (!step_of(step, path, &item[at], at, error, &steps[at])) return false;
    if (find_step(&before, steps[at].id) != NULL)
      return error_add_field(error, ERROR_UNPROCESSABLE, "steps", "must not name step %s twice",
                             steps[at].id);
  }
  *ret_steps = (struct field_list){.items = steps, .count = items->count};
  return true;
}

static bool same_texts(const struct field_list *one, const struct field_list *other) {
  const char *const *ones = one->items;
  const char *const *others = other->items;
  if (one->count != other->count) return false;
  for (size_t at = 0; at < one->count; at++)
    if (strcmp(ones[at], others[at]) != 0) return false;
  return true;
}

static bool same_step(const struct path_step *one, const struct path_step *other) {
  return strcmp(one->id, other->id) == 0 && one->index == other->index &&
         strcmp(one->title, other->title) == 0 && one->status == other->status &&
         system_same_text(one->activity_type, other->activity_type) &&
         system_same_text(one->activity_id, other->activity_id) && same_texts(&one->skills, &other->skills) &&
         system_same_time(one->completed_at_ms, one->completed_at_given, other->completed_at_ms,
                          other->completed_at_given);
}

static bool same_steps(const struct field_list *one, const struct field_list *other) {
  const struct path_step *ones = one->items;
  const struct path_step *others = other->items;
  if (one->count != other->count) return false;
  for (size_t at = 0; at < one->count; at++)
    if (!same_step(&ones[at], &others[at])) return false;
  return true;
}

/* Puts the steps in as they are wanted, and takes away those that are not. */
static bool write_steps(struct system_step *step, const struct path *path, const struct field_list *wanted,
                        struct error *error) {
  const struct path_step *stored = path->steps.items;
  const struct path_step **gone = arena_alloc_array(step->arena, path->steps.count, sizeof *gone);
  size_t gone_count = 0;
  if (gone == NULL) return error_set_memory(error);
  for (size_t at = 0; at < path->steps.count; at++)
    if (find_step(wanted, stored[at].id) == NULL) gone[gone_count++] = &stored[at];
  return path_rows_remove_steps(step, path, gone, gone_count, error) &&
         path_rows_put_steps(step, path, wanted->items, wanted->count, error);
}

/* --- Making one ------------------------------------------------------------------------------------ */

static bool has_room(struct system_step *step, uint64_t more_paths, uint64_t more_steps,
                     struct error *error) {
  struct path_count_params params = {.user_id = step->user_id};
  struct path_count_row row;
  bool found;
  if (!path_count(step->db, &params, step->arena, error, &row, &found)) return false;
  if (found && more_paths > 0 && row.paths + more_paths > PATHS_MAX)
    return error_set(error, ERROR_UNPROCESSABLE, "A learner has at most %d learning paths.", PATHS_MAX);
  if (found && more_steps > 0 && row.steps + more_steps > SYSTEM_ROWS_MAX)
    return error_set(error, ERROR_UNPROCESSABLE, "The paths of a learner have at most %d steps.",
                     SYSTEM_ROWS_MAX);
  return true;
}

/* The row stood before: made by another application, or so long ago that the ledger no longer knows of it.
 * Whether it is the same path is judged by what the body says. */
static bool meet(struct system_step *step, const char *id, struct error *error, struct path_reply *reply) {
  const struct path_body *body = step->input->body;
  struct path stored;
  struct field_list wanted;
  if (!path_rows_find(step, id, error, &stored) || !take_steps(step, &body->steps, &stored, error, &wanted))
    return false;
  if (strcmp(stored.title, body->title) != 0 || !same_steps(&stored.steps, &wanted))
    return error_add_field(error, ERROR_UNPROCESSABLE, "id", "is that of another learning path");
  reply->path = stored;
  reply->revision = system_revision_before(step);
  return true;
}

static bool create_one(struct system_step *step, struct error *error) {
  const struct path_body *body = step->input->body;
  struct path_reply *reply = step->entry->reply;
  struct path path = {.title = body->title, .created_at_ms = step->now_ms, .updated_at_ms = step->now_ms};
  struct field_list wanted;
  struct db_outcome outcome;
  if (!system_row_id(step, "path", error, &path.id) ||
      !take_steps(step, &body->steps, &path, error, &wanted) || !has_room(step, 1, wanted.count, error))
    return false;
  struct path_insert_params params = {
      .user_id = step->user_id, .id = path.id, .title = path.title, .now = step->now_ms};
  if (!path_insert(step->db, &params, error, &outcome)) return false;
  *reply = (struct path_reply){.success = true, .revision = step->entry->learner.revision};
  if (outcome.affected == 0) return meet(step, path.id, error, reply);
  if (!write_steps(step, &path, &wanted, error) || !path_rows_count(step, &path, error)) return false;
  reply->path = path;
  return system_report(step, "path", path.id, "created", error);
}

/* --- Changing one ---------------------------------------------------------------------------------- */

static bool has_open_step(const struct field_list *list) {
  const struct path_step *steps = list->items;
  for (size_t at = 0; at < list->count; at++)
    if (!steps[at].completed && steps[at].status != PATH_STEP_SKIPPED) return true;
  return false;
}

/* The row stands as completed. */
static bool complete_path(struct system_step *step, const struct path *path, struct error *error,
                          struct path_reply *reply) {
  struct event_body body = {.event_type = EVENT_MILESTONE_REACHED,
                            .source_system = SYSTEM_PATH_GENERATOR,
                            .data = {.activity_id = path->id,
                                     .activity_type = ACTIVITY_MILESTONE,
                                     .activity_type_given = PRESENCE_GIVEN,
                                     .completion_status = STATUS_COMPLETED}};
  return system_complete(step, &body, error, &reply->outcome);
}

static bool write_path(struct system_step *step, const struct path *before, struct path *path,
                       struct error *error) {
  struct path_update_params params = {.user_id = step->user_id,
                                      .id = path->id,
                                      .title = path->title,
                                      .status = path_status_names[path->status],
                                      .now = step->now_ms};
  struct db_outcome outcome;
  if (path->status == before->status && strcmp(path->title, before->title) == 0) return true;
  path->updated_at_ms = step->now_ms;
  return path_update(step->db, &params, error, &outcome);
}

static bool write_change(struct system_step *step, const struct path *before, struct path *path,
                         const struct field_list *wanted, struct error *error) {
  bool completes = path->completed && !before->completed;
  bool reopens = before->completed && !path->completed;
  if (!write_path(step, before, path, error) || !write_steps(step, before, wanted, error) ||
      !path_rows_count(step, path, error))
    return false;
  if (reopens && !system_reopen(step, SYSTEM_PATH_GENERATOR, "learning_paths", path->id,
                                path_status_names[path->status], error))
    return false;
  return system_report(step, "path", path->id,
                       completes ? "completed"
                       : reopens ? "reopened"
                                 : "changed",
                       error);
}

static bool change_one(struct system_step *step, struct error *error) {
  const struct path_body *body = step->input->body;
  struct path_reply *reply = step->entry->reply;
  struct path before;
  if (!path_rows_find(step, step->input->id, error, &before)) return false;
  struct path path = before;
  struct field_list wanted = before.steps;
  if (body->title != NULL) path.title = body->title;
  if (body->status_given == PRESENCE_GIVEN) path.status = body->status;
  path.completed = path.status == PATH_STATUS_COMPLETED;
  if (body->steps_given == PRESENCE_GIVEN && !take_steps(step, &body->steps, &before, error, &wanted))
    return false;
  bool completes = path.completed && !before.completed;
  if (completes && has_open_step(&wanted))
    return error_add_field(error, ERROR_UNPROCESSABLE, "status",
                           "must be reached by completing or skipping every step");
  *reply = (struct path_reply){.success = true, .path = path, .revision = system_revision_before(step)};
  if (path.status == before.status && strcmp(path.title, before.title) == 0 &&
      same_steps(&before.steps, &wanted))
    return true;
  uint64_t more = wanted.count > before.steps.count ? wanted.count - before.steps.count : 0;
  if (!has_room(step, 0, more, error) || !write_change(step, &before, &path, &wanted, error)) return false;
  reply->path = path;
  reply->revision = step->entry->learner.revision;
  return !completes || complete_path(step, &path, error, reply);
}

static bool delete_one(struct system_step *step, struct error *error) {
  return system_delete(step, &path_delete_statement, "path", "There is no such learning path.", error);
}

static bool create_work(struct ledger_tx *tx, struct error *error) {
  return system_each(tx, create_one, error);
}
static bool change_work(struct ledger_tx *tx, struct error *error) {
  return system_each(tx, change_one, error);
}
static bool delete_work(struct ledger_tx *tx, struct error *error) {
  return system_each(tx, delete_one, error);
}
const struct ledger_kind path_create_kind = {.name = "path", .work = create_work};
const struct ledger_kind path_change_kind = {.name = "path_change", .work = change_work};
const struct ledger_kind path_delete_kind = {.name = "path_delete", .work = delete_work};
