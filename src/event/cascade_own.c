/* What an event says of its own row, and what a row becomes that something else completed. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "event/cascade_private.h"

#include "base/banned.h"

#define PERCENT_WHOLE "100.00"

static const char completed[] = "completed";
static const char in_progress[] = "in_progress";

/* From low to high: no event lowers a status. What was cancelled or skipped is finished, too, but may be
 * completed after all. */
static const char *const video_statuses[] = {"not_started", in_progress, completed, NULL};
static const char *const todo_statuses[] = {"pending", in_progress, "cancelled", completed, NULL};
static const char *const entry_statuses[] = {"planned", in_progress, "skipped", "cancelled", completed, NULL};
static const char *const step_statuses[] = {"pending", in_progress, "skipped", completed, NULL};

static int rank(const char *const *statuses, const char *status) {
  int at = 0;
  if (status == NULL) return -1;
  while (statuses[at] != NULL && strcmp(statuses[at], status) != 0)
    at++;
  return at;
}

static bool is_status(const struct cascade_row *row, const char *status) {
  return row->before[0] != NULL && strcmp(row->before[0], status) == 0;
}

/* --- Completed by something else ------------------------------------------------------------------- */

static bool is_open(const struct cascade_row *row) {
  switch (row->kind) {
  case CASCADE_VIDEO:
    return !is_status(row, completed);
  case CASCADE_TODO:
  case CASCADE_STEP:
    return is_status(row, "pending") || is_status(row, in_progress);
  case CASCADE_ENTRY:
    return is_status(row, "planned") || is_status(row, in_progress);
  default:
    return !row->is_there;
  }
}

static void become_completed(struct cascade_row *row, const char *at) {
  row->after[0] = completed;
  switch (row->kind) {
  case CASCADE_VIDEO:
    row->after[VIDEO_PERCENTAGE] = PERCENT_WHOLE;
    row->after[VIDEO_COMPLETED_AT] = at;
    if (row->before[VIDEO_SECONDS] == NULL) row->after[VIDEO_SECONDS] = "0";
    break;
  case CASCADE_TODO:
    row->after[TODO_COMPLETED_AT] = at;
    break;
  case CASCADE_ENTRY:
    if (row->before[ENTRY_END] == NULL) row->after[ENTRY_END] = at;
    break;
  case CASCADE_STEP:
    row->after[STEP_COMPLETED_AT] = at;
    break;
  default: /* a skill that a step taught: nobody has assessed it */
    row->after[SKILL_CATEGORY] = "";
    row->after[SKILL_LEVEL] = "";
    row->after[SKILL_CONFIDENCE] = "0.000";
  }
}

void cascade_complete(struct cascade *cascade, struct cascade_row *row) {
  if (row->keeps_status || !is_open(row) ||
      cascade_route_of(cascade->event->type, cascade_tables[row->kind].system) == NULL)
    return;
  become_completed(row, cascade->happened_at);
  row->leads_on = true;
}

/* --- Its own --------------------------------------------------------------------------------------- */

static bool add_own(struct cascade *cascade, enum cascade_kind kind, const char *path_id, const char *id,
                    struct error *error) {
  struct cascade_row *row;
  if (id == NULL) return true;
  if (!cascade_add(cascade, kind, path_id, id, error, &row)) return false;
  if (row == NULL) return true;
  row->is_own = true;
  row->because = "the event is about it";
  row->leads_on = cascade->event->status == STATUS_COMPLETED;
  return true;
}

static bool add_taught(struct cascade *cascade, struct error *error) {
  const struct path_data *path = &cascade->event->data.path;
  for (size_t at = 0; at < path->skills_learned.count; at++) {
    struct cascade_row *row;
    const char *skill = ((const char *const *)path->skills_learned.items)[at];
    if (!cascade_add(cascade, CASCADE_SKILL, "", skill, error, &row)) return false;
    if (row == NULL) continue;
    row->because = arena_printf(cascade->arena, "step %s of path %s taught it", path->step_id, path->path_id);
    if (row->because == NULL) return error_set_memory(error);
  }
  return true;
}

bool cascade_own_add(struct cascade *cascade, struct error *error) {
  const struct event *event = cascade->event;
  const struct event_data *data = &event->data;
  switch (event->type) {
  case EVENT_VIDEO_COMPLETED:
    return add_own(cascade, CASCADE_VIDEO, "",
                   data->video.video_id != NULL ? data->video.video_id : event->activity_id, error);
  case EVENT_TODO_COMPLETED:
    return add_own(cascade, CASCADE_TODO, "",
                   data->todo.todo_id != NULL ? data->todo.todo_id : event->activity_id, error);
  case EVENT_SCHEDULE_COMPLETED:
    return add_own(cascade, CASCADE_ENTRY, "",
                   data->schedule.schedule_id != NULL ? data->schedule.schedule_id : event->activity_id,
                   error);
  case EVENT_SKILL_ASSESSED:
    return event->status != STATUS_COMPLETED ||
           add_own(cascade, CASCADE_SKILL, "", data->skill.skill_id, error);
  case EVENT_PATH_PROGRESS_UPDATED:
    if (data->path.path_id == NULL || data->path.step_id == NULL) return true;
    return add_own(cascade, CASCADE_STEP, data->path.path_id, data->path.step_id, error) &&
           (event->status != STATUS_COMPLETED || add_taught(cascade, error));
  case EVENT_MILESTONE_REACHED:
    return true;
  }
  return true;
}

/* `skips`: the table knows what was skipped. NULL: the event says nothing of the status. */
static const char *told_status(const struct event *event, bool skips) {
  if (event->status == STATUS_COMPLETED) return completed;
  if (event->status == STATUS_SKIPPED) return skips ? "skipped" : NULL;
  return in_progress;
}

static bool raise_status(const struct cascade *cascade, struct cascade_row *row, const char *const *statuses,
                         bool skips, size_t completed_at) {
  const char *status = told_status(cascade->event, skips);
  if (row->keeps_status || status == NULL || rank(statuses, status) <= rank(statuses, row->before[0]))
    return false;
  row->after[0] = status;
  if (completed_at != 0 && strcmp(status, completed) == 0) row->after[completed_at] = cascade->happened_at;
  return true;
}

/* The larger of what stands and what is told, as the column writes it. */
static bool raise_number(struct cascade *cascade, const char **value, double told, int decimals,
                         struct error *error) {
  if (*value != NULL && strtod(*value, NULL) >= told) return true;
  *value = arena_printf(cascade->arena, "%.*f", decimals, told);
  return *value != NULL || error_set_memory(error);
}

static bool set_time(struct cascade *cascade, const char **value, enum presence given, int64_t time_ms,
                     struct error *error) {
  if (given != PRESENCE_GIVEN) return true;
  *value = cascade_time(cascade->arena, time_ms);
  return *value != NULL || error_set_memory(error);
}

static bool apply_video(struct cascade *cascade, struct cascade_row *row, struct error *error) {
  const struct video_data *video = &cascade->event->data.video;
  bool is_completed = cascade->event->status == STATUS_COMPLETED;
  if (!row->is_there && cascade->event->status == STATUS_SKIPPED) return true;
  raise_status(cascade, row, video_statuses, false, VIDEO_COMPLETED_AT);
  double percentage = video->percentage_given == PRESENCE_GIVEN ? video->percentage_watched
                      : is_completed                            ? 100
                                                                : 0;
  double seconds = video->time_given == PRESENCE_GIVEN ? floor(video->time_watched) : 0;
  if (video->youtube_id != NULL && row->before[VIDEO_YOUTUBE] == NULL)
    row->after[VIDEO_YOUTUBE] = video->youtube_id;
  return raise_number(cascade, &row->after[VIDEO_PERCENTAGE], percentage, 2, error) &&
         raise_number(cascade, &row->after[VIDEO_SECONDS], seconds, 0, error);
}

static bool apply_todo(struct cascade *cascade, struct cascade_row *row, struct error *error) {
  const struct todo_data *todo = &cascade->event->data.todo;
  if (!row->is_there) return true; /* it may come later, or never */
  raise_status(cascade, row, todo_statuses, false, TODO_COMPLETED_AT);
  if (todo->notes != NULL) row->after[TODO_NOTES] = todo->notes;
  if (todo->rating_given != PRESENCE_GIVEN) return true;
  row->after[TODO_RATING] = arena_printf(cascade->arena, "%llu", (unsigned long long)todo->user_rating);
  return row->after[TODO_RATING] != NULL || error_set_memory(error);
}

static bool apply_entry(struct cascade *cascade, struct cascade_row *row, struct error *error) {
  const struct schedule_data *schedule = &cascade->event->data.schedule;
  if (!row->is_there) return true;
  bool raised = raise_status(cascade, row, entry_statuses, true, 0);
  if (raised && row->after[0] == completed && row->before[ENTRY_END] == NULL)
    row->after[ENTRY_END] = cascade->happened_at;
  return set_time(cascade, &row->after[ENTRY_START], schedule->actual_start_given, schedule->actual_start_ms,
                  error) &&
         set_time(cascade, &row->after[ENTRY_END], schedule->actual_end_given, schedule->actual_end_ms,
                  error) &&
         set_time(cascade, &row->after[ENTRY_RESCHEDULED], schedule->rescheduled_from_given,
                  schedule->rescheduled_from_ms, error);
}

/* Levels are words, which have no order: the latest assessment says how it is. */
static bool apply_skill(struct cascade *cascade, struct cascade_row *row, struct error *error) {
  const struct skill_data *skill = &cascade->event->data.skill;
  const char *assessed_at = row->before[SKILL_ASSESSED_AT];
  if (row->keeps_status || (assessed_at != NULL && strcmp(assessed_at, cascade->happened_at) > 0))
    return true;
  if (!row->is_there) become_completed(row, cascade->happened_at);
  if (skill->skill_category != NULL) row->after[SKILL_CATEGORY] = skill->skill_category;
  if (skill->new_level != NULL) row->after[SKILL_LEVEL] = skill->new_level;
  row->after[SKILL_ASSESSED_AT] = cascade->happened_at;
  if (skill->confidence_given != PRESENCE_GIVEN) return true;
  row->after[SKILL_CONFIDENCE] = arena_printf(cascade->arena, "%.3f", skill->confidence);
  return row->after[SKILL_CONFIDENCE] != NULL || error_set_memory(error);
}

bool cascade_own_apply(struct cascade *cascade, struct cascade_row *row, struct error *error) {
  switch (row->kind) {
  case CASCADE_VIDEO:
    return apply_video(cascade, row, error);
  case CASCADE_TODO:
    return apply_todo(cascade, row, error);
  case CASCADE_ENTRY:
    return apply_entry(cascade, row, error);
  case CASCADE_STEP:
    if (row->is_there) raise_status(cascade, row, step_statuses, true, STEP_COMPLETED_AT);
    return true;
  case CASCADE_SKILL:
    return apply_skill(cascade, row, error);
  default:
    return true;
  }
}
