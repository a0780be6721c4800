/* Changing one step of a learning path. */
#include <string.h>

#include "event/cascade_private.h"
#include "event/path.h"

#include "base/banned.h"

static bool find_step(const struct path *path, const char *id, struct error *error,
                      struct path_step *ret_step) {
  const struct path_step *steps = path->steps.items;
  for (size_t at = 0; at < path->steps.count; at++)
    if (strcmp(steps[at].id, id) == 0) {
      *ret_step = steps[at];
      return true;
    }
  return error_set(error, ERROR_NOT_FOUND, "There is no such step on this path.");
}

static bool take_activity(const struct path_step_body *body, struct path_step *step, struct error *error) {
  if (body->activity_type_given != PRESENCE_ABSENT)
    step->activity_type =
        body->activity_type_given == PRESENCE_GIVEN ? activity_type_names[body->activity_type] : NULL;
  if (body->activity_id_given != PRESENCE_ABSENT) step->activity_id = body->activity_id;
  return (step->activity_type == NULL) == (step->activity_id == NULL) ||
         error_add_field(error, ERROR_UNPROCESSABLE, "activityId", "goes with activityType, or neither");
}

/* When it was completed goes with whether it is. */
static bool take_status(struct system_step *step, struct path_step *one, struct error *error) {
  const struct path_step_body *body = step->input->body;
  bool was_completed = one->completed;
  if (body->status_given == PRESENCE_GIVEN) one->status = body->status;
  one->completed = one->status == PATH_STEP_COMPLETED;
  if (body->completed_at_given == PRESENCE_GIVEN) {
    if (!one->completed)
      return error_add_field(error, ERROR_UNPROCESSABLE, "completedAt", "is for a step that is completed");
    if (!system_check_moment(step, "completedAt", body->completed_at_ms, error)) return false;
    one->completed_at_ms = body->completed_at_ms;
    one->completed_at_given = PRESENCE_GIVEN;
  } else if (!one->completed) {
    one->completed_at_given = PRESENCE_NULL;
  } else if (!was_completed) {
    one->completed_at_ms = step->now_ms;
    one->completed_at_given = PRESENCE_GIVEN;
  }
  return true;
}

static bool take_body(struct system_step *step, struct path_step *one, struct error *error) {
  const struct path_step_body *body = step->input->body;
  if (body->title != NULL) one->title = body->title;
  if (body->skills_given == PRESENCE_GIVEN) one->skills = body->skills;
  return take_activity(body, one, error) && take_status(step, one, error);
}

/* The row stands as completed. */
static bool complete(struct system_step *step, const struct path *path, const struct path_step *one,
                     struct error *error, struct path_step_reply *reply) {
  const struct path_step_body *given = step->input->body;
  struct event_body body = {.event_type = EVENT_PATH_PROGRESS_UPDATED,
                            .source_system = SYSTEM_PATH_GENERATOR,
                            .data = {.activity_id = one->activity_id,
                                     .completion_status = STATUS_COMPLETED,
                                     .completed_at_ms = one->completed_at_ms,
                                     .completed_at_given = PRESENCE_GIVEN,
                                     .path = {.path_id = path->id,
                                              .step_id = one->id,
                                              .step_index = one->index,
                                              .step_index_given = PRESENCE_GIVEN,
                                              .total_steps = path->steps.count,
                                              .total_steps_given = PRESENCE_GIVEN,
                                              .skills_learned = one->skills,
                                              .difficulty_rating = given->difficulty_rating,
                                              .difficulty_given = given->difficulty_given},
                                     .path_given = PRESENCE_GIVEN}};
  if (one->activity_type != NULL) {
    body.data.activity_type = system_word(activity_type_names, one->activity_type);
    body.data.activity_type_given = PRESENCE_GIVEN;
  }
  /* Other applications may number steps as they like. */
  if (one->index > path->steps.count) body.data.path.step_index_given = PRESENCE_ABSENT;
  return system_complete(step, &body, error, &reply->outcome);
}

static bool is_same(const struct path_step *one, const struct path_step *other) {
  if (one->skills.count != other->skills.count) return false;
  const char *const *ones = one->skills.items;
  const char *const *others = other->skills.items;
  for (size_t at = 0; at < one->skills.count; at++)
    if (strcmp(ones[at], others[at]) != 0) return false;
  return one->status == other->status && strcmp(one->title, other->title) == 0 &&
         system_same_text(one->activity_type, other->activity_type) &&
         system_same_text(one->activity_id, other->activity_id) &&
         system_same_time(one->completed_at_ms, one->completed_at_given, other->completed_at_ms,
                          other->completed_at_given);
}

static bool write(struct system_step *step, const struct path *path, const struct path_step *before,
                  const struct path_step *one, struct error *error) {
  struct cascade_row row = {.kind = CASCADE_STEP, .path_id = path->id, .id = one->id};
  const char *key = cascade_key(step->arena, &row);
  bool completes = one->completed && !before->completed;
  bool reopens = before->completed && !one->completed;
  if (key == NULL) return error_set_memory(error);
  if (!path_rows_put_steps(step, path, one, 1, error)) return false;
  if (reopens && !system_reopen(step, SYSTEM_PATH_GENERATOR, "learning_path_steps", key,
                                path_step_status_names[one->status], error))
    return false;
  return system_report(step, "path_step", key,
                       completes ? "completed"
                       : reopens ? "reopened"
                                 : "changed",
                       error);
}

/* As the event left it, and the path with it. */
static bool read_back(struct system_step *step, const char *id, struct error *error,
                      struct path_step_reply *reply) {
  struct path path;
  if (!path_rows_find(step, reply->path_id, error, &path) || !path_rows_count(step, &path, error) ||
      !find_step(&path, id, error, &reply->step))
    return false;
  reply->progress = path.progress;
  reply->revision = step->entry->learner.revision;
  return true;
}

static bool change_one(struct system_step *step, struct error *error) {
  struct path_step_reply *reply = step->entry->reply;
  struct path path;
  struct path_step before;
  if (!path_rows_find(step, step->input->id, error, &path) ||
      !find_step(&path, step->input->part_id, error, &before))
    return false;
  struct path_step one = before;
  if (!take_body(step, &one, error)) return false;
  *reply = (struct path_step_reply){.success = true,
                                    .path_id = path.id,
                                    .step = one,
                                    .progress = path.progress,
                                    .revision = system_revision_before(step)};
  if (is_same(&before, &one)) return true;
  bool completes = one.completed && !before.completed;
  return write(step, &path, &before, &one, error) &&
         (!completes || complete(step, &path, &one, error, reply)) && read_back(step, one.id, error, reply);
}

static bool change_work(struct ledger_tx *tx, struct error *error) {
  return system_each(tx, change_one, error);
}
const struct ledger_kind path_step_kind = {.name = "path_step", .work = change_work};
