#include "event/event.h"

#include <math.h>
#include <string.h>

#include "event/system.h"
#include "ledger/ledger.h"
#include "schema/utf8.h"

#include "base/banned.h"

#define RULE_PREFIX "rule:" /* of what a rule says in an event's stead (propagations) */
#define PERCENT_MAX 100
#define SECONDS_PER_MINUTE 60
#define HUNDREDTHS 100

bool event_hash(const struct event_body *body, struct error *error, struct db_hash *ret_hash) {
  return ledger_hash("event", &event_body_schema, body, error, ret_hash);
}

bool event_hash_all(const struct event_body *bodies, size_t count, struct error *error,
                    struct db_hash *ret_hash) {
  struct event_submission all = {.events = {.items = (void *)bodies, .count = count},
                                 .events_given = PRESENCE_GIVEN};
  return ledger_hash("events", &event_submission_schema, &all, error, ret_hash);
}

static bool missing(struct error *error, const char *field) {
  return error_add_field(error, ERROR_MALFORMED, field, "is required");
}

/* --- What has to be there -------------------------------------------------------------------------- */

static void check_id(const char *id, struct error *error) {
  if (id != NULL && strncmp(id, RULE_PREFIX, strlen(RULE_PREFIX)) == 0)
    error_add_field(error, ERROR_UNPROCESSABLE, "id", "must not begin with %s", RULE_PREFIX);
}

static void check_parts(const struct event_body *body, struct error *error) {
  if (body->type_given != PRESENCE_GIVEN) missing(error, "eventType");
  if (body->source_given != PRESENCE_GIVEN) missing(error, "sourceSystem");
  if (body->data_given != PRESENCE_GIVEN) missing(error, "eventData");
}

/* What cannot be told without its own part. */
static void check_own_part(const struct event_body *body, struct error *error) {
  const struct event_data *data = &body->data;
  if (body->event_type == EVENT_PATH_PROGRESS_UPDATED && data->path_given != PRESENCE_GIVEN)
    missing(error, "eventData.pathProgress");
  if (body->event_type != EVENT_SKILL_ASSESSED) return;
  if (data->skill_given != PRESENCE_GIVEN)
    missing(error, "eventData.skillProgress");
  else if (data->skill.new_level == NULL)
    missing(error, "eventData.skillProgress.newLevel");
}

/* --- What it is about ------------------------------------------------------------------------------ */

/* By type of event. */
static const enum activity_type usual_activities[EVENT_TYPES] = {
    [EVENT_VIDEO_COMPLETED] = ACTIVITY_VIDEO,       [EVENT_TODO_COMPLETED] = ACTIVITY_PRACTICE,
    [EVENT_SCHEDULE_COMPLETED] = ACTIVITY_PRACTICE, [EVENT_MILESTONE_REACHED] = ACTIVITY_MILESTONE,
    [EVENT_SKILL_ASSESSED] = ACTIVITY_QUIZ,         [EVENT_PATH_PROGRESS_UPDATED] = ACTIVITY_PRACTICE};

/* Steps are called alike on different paths. */
static bool name_step(struct event_data *data, struct arena *arena, struct error *error) {
  if (strlen(data->path.path_id) + 1 + strlen(data->path.step_id) > EVENT_ACTIVITY_CHARACTERS)
    return missing(error, "eventData.activityId");
  data->activity_id = arena_printf(arena, "%s/%s", data->path.path_id, data->path.step_id);
  return data->activity_id != NULL || error_set_memory(error);
}

static bool name_activity(struct event_body *body, struct arena *arena, struct error *error) {
  struct event_data *data = &body->data;
  if (data->activity_type_given != PRESENCE_GIVEN) {
    data->activity_type = (int)usual_activities[body->event_type];
    data->activity_type_given = PRESENCE_GIVEN;
  }
  if (data->activity_id != NULL) return true;
  switch ((enum event_type)body->event_type) {
  case EVENT_VIDEO_COMPLETED:
    if (data->video_given == PRESENCE_GIVEN) data->activity_id = data->video.video_id;
    break;
  case EVENT_TODO_COMPLETED:
    if (data->todo_given == PRESENCE_GIVEN) data->activity_id = data->todo.todo_id;
    break;
  case EVENT_SCHEDULE_COMPLETED:
    if (data->schedule_given == PRESENCE_GIVEN) data->activity_id = data->schedule.schedule_id;
    break;
  case EVENT_SKILL_ASSESSED:
    if (data->skill_given == PRESENCE_GIVEN) data->activity_id = data->skill.skill_id;
    break;
  case EVENT_PATH_PROGRESS_UPDATED:
    return data->path_given != PRESENCE_GIVEN || name_step(data, arena, error);
  case EVENT_MILESTONE_REACHED:
    break;
  }
  return data->activity_id != NULL || missing(error, "eventData.activityId");
}

/* --- What cannot be -------------------------------------------------------------------------------- */

static void check_video(const struct event_body *body, struct error *error) {
  const struct event_data *data = &body->data;
  if (data->video_given != PRESENCE_GIVEN) return;
  if (data->video.percentage_given == PRESENCE_GIVEN && data->video.percentage_watched > PERCENT_MAX)
    error_add_field(error, ERROR_UNPROCESSABLE, "eventData.videoProgress.percentageWatched",
                    "must be at most %d", PERCENT_MAX);
  if (body->event_type == EVENT_VIDEO_COMPLETED && data->activity_type == ACTIVITY_VIDEO &&
      data->activity_id != NULL && strcmp(data->activity_id, data->video.video_id) != 0)
    error_add_field(error, ERROR_UNPROCESSABLE, "eventData.videoProgress.videoId", "must be activityId");
}

static void check_schedule(const struct event_data *data, struct error *error) {
  const struct schedule_data *schedule = &data->schedule;
  if (data->schedule_given != PRESENCE_GIVEN || schedule->actual_start_given != PRESENCE_GIVEN ||
      schedule->actual_end_given != PRESENCE_GIVEN)
    return;
  if (schedule->actual_end_ms < schedule->actual_start_ms)
    error_add_field(error, ERROR_UNPROCESSABLE, "eventData.scheduleProgress.actualEndTime",
                    "must not lie before actualStartTime");
}

static bool are_names(const struct field_list *list) {
  const char *const *names = list->items;
  for (size_t at = 0; at < list->count; at++) {
    size_t characters = utf8_count(names[at], strlen(names[at]));
    if (characters == 0 || characters > EVENT_ACTIVITY_CHARACTERS || !system_is_name(names[at])) return false;
  }
  return true;
}

/* Steps may be counted from 0 or from 1. */
static void check_path(const struct event_data *data, struct error *error) {
  const struct path_data *path = &data->path;
  if (data->path_given == PRESENCE_GIVEN && !are_names(&path->skills_learned))
    error_add_field(error, ERROR_MALFORMED, "eventData.pathProgress.skillsLearned",
                    "must be a list of texts of 1 to %d characters that end with no blank",
                    EVENT_ACTIVITY_CHARACTERS);
  if (data->path_given != PRESENCE_GIVEN || path->step_index_given != PRESENCE_GIVEN ||
      path->total_steps_given != PRESENCE_GIVEN)
    return;
  if (path->step_index > path->total_steps)
    error_add_field(error, ERROR_UNPROCESSABLE, "eventData.pathProgress.stepIndex",
                    "must be at most totalSteps");
}

bool event_check(struct event_body *body, struct arena *arena, struct error *error) {
  struct error found = ERROR_INIT;
  check_parts(body, &found);
  check_id(body->id, &found);
  if (found.code == ERROR_NONE) {
    check_own_part(body, &found);
    if (!name_activity(body, arena, &found) && found.code == ERROR_TOO_LARGE) {
      *error = found;
      return false;
    }
    check_video(body, &found);
    check_schedule(&body->data, &found);
    check_path(&body->data, &found);
  }
  if (found.code == ERROR_NONE) return true;
  *error = found;
  return false;
}

/* --- What counts of it ----------------------------------------------------------------------------- */

static bool own_moment(const struct event_body *body, int64_t *ret_ms) {
  const struct event_data *data = &body->data;
  switch ((enum event_type)body->event_type) {
  case EVENT_VIDEO_COMPLETED:
    *ret_ms = data->video.completed_at_ms;
    return data->video_given == PRESENCE_GIVEN && data->video.completed_at_given == PRESENCE_GIVEN;
  case EVENT_TODO_COMPLETED:
    *ret_ms = data->todo.completed_at_ms;
    return data->todo_given == PRESENCE_GIVEN && data->todo.completed_at_given == PRESENCE_GIVEN;
  case EVENT_SCHEDULE_COMPLETED:
    *ret_ms = data->schedule.actual_end_ms;
    return data->schedule_given == PRESENCE_GIVEN && data->schedule.actual_end_given == PRESENCE_GIVEN;
  case EVENT_MILESTONE_REACHED:
  case EVENT_SKILL_ASSESSED:
  case EVENT_PATH_PROGRESS_UPDATED:
    break;
  }
  return false;
}

int64_t event_happened_at(const struct event_body *body, int64_t now_ms) {
  int64_t moment_ms;
  if (body->data.completed_at_given == PRESENCE_GIVEN) return body->data.completed_at_ms;
  if (own_moment(body, &moment_ms)) return moment_ms;
  return body->timestamp_given == PRESENCE_GIVEN ? body->timestamp_ms : now_ms;
}

static double minutes_of(const struct event_data *data) {
  double minutes = 0;
  if (data->time_spent_given == PRESENCE_GIVEN)
    minutes = data->time_spent;
  else if (data->video_given == PRESENCE_GIVEN && data->video.time_given == PRESENCE_GIVEN)
    minutes = data->video.time_watched / SECONDS_PER_MINUTE;
  return round(minutes * HUNDREDTHS) / HUNDREDTHS;
}

void event_from_body(const struct event_body *body, int64_t now_ms, struct event *ret_event) {
  *ret_event =
      (struct event){.id = body->id,
                     .type = (enum event_type)body->event_type,
                     .source = (enum event_system)body->source_system,
                     .activity_type = (enum activity_type)body->data.activity_type,
                     .activity_id = body->data.activity_id,
                     .status = (enum completion_status)body->data.completion_status,
                     .time_spent = minutes_of(&body->data),
                     .timestamp_ms = body->timestamp_given == PRESENCE_GIVEN ? body->timestamp_ms : now_ms,
                     .happened_at_ms = event_happened_at(body, now_ms),
                     .outcome = EVENT_APPLIED,
                     .data = body->data};
}
