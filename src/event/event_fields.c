#include "event/award.h"
#include "event/conflict.h"
#include "event/event.h"
#include "event/intake.h"
#include "event/system.h"

#include "base/clock.h"

#include "base/banned.h"

#define NOTES_CHARACTERS 4000
#define LEVEL_CHARACTERS 64
#define CATEGORY_CHARACTERS 96
#define VIDEO_ID_CHARACTERS 64 /* of the platform's own id */
#define STEPS_MAX 1000000
#define SKILLS_MAX 100
#define PERCENT_READ_MAX 1000000 /* more than a hundred is understood, and refused by event_check */
#define RATING_MAX 10
#define ERRORS_MAX 16
#define FINDINGS_MAX 100 /* conflicts that one event may bring */

const char *const event_type_names[] = {"video_completed",
                                        "todo_completed",
                                        "schedule_completed",
                                        "milestone_reached",
                                        "skill_assessed",
                                        "path_progress_updated",
                                        NULL};
const char *const event_system_names[] = {"video_player",
                                          "todo_manager",
                                          "calendar_service",
                                          "ai_journey",
                                          "learning_path_generator",
                                          "chat_system",
                                          NULL};
const char *const activity_type_names[] = {"video", "practice", "project", "quiz", "milestone", NULL};
const char *const completion_status_names[] = {"started", "in_progress", "completed",
                                               "skipped", "failed",      NULL};
const char *const event_outcome_names[] = {"applied", "duplicate", "conflict", "superseded", "pending", NULL};

/* --- eventData ------------------------------------------------------------------------------------- */

#define OPTIONAL_TIME(s, name, member, given, text) \
  FIELD_TIME(s, name, member, .flags = FIELD_NULLABLE, .minimum = CLOCK_MIN_MS, .maximum = CLOCK_MAX_MS, \
             .presence = PRESENCE(s, given), .summary = text)
#define OPTIONAL_TEXT(s, name, member, most, text) \
  FIELD_TEXT(s, name, member, .flags = FIELD_NULLABLE, .minimum = 1, .maximum = (most), .summary = text)

static const struct field video_fields[] = {
    FIELD_TEXT(struct video_data, "videoId", video_id, .flags = FIELD_REQUIRED, .minimum = 1,
               .maximum = EVENT_ACTIVITY_CHARACTERS, .check = system_check_name,
               .summary = "The video, as the platform calls it."),
    OPTIONAL_TEXT(struct video_data, "youtubeId", youtube_id, VIDEO_ID_CHARACTERS,
                  "The same video at YouTube."),
    FIELD_NUMBER(struct video_data, "percentageWatched", percentage_watched, .flags = FIELD_NULLABLE,
                 .minimum = 0, .maximum = PERCENT_READ_MAX,
                 .presence = PRESENCE(struct video_data, percentage_given),
                 .summary = "How much of it was watched; at most 100."),
    FIELD_NUMBER(struct video_data, "timeWatched", time_watched, .flags = FIELD_NULLABLE, .minimum = 0,
                 .maximum = (int64_t)EVENT_MINUTES_MAX * 60,
                 .presence = PRESENCE(struct video_data, time_given), .summary = "For how many seconds."),
    OPTIONAL_TIME(struct video_data, "completedAt", completed_at_ms, completed_at_given,
                  "When it was watched to its end."),
};
static const struct schema video_schema =
    SCHEMA("VideoProgressData", struct video_data, video_fields, .summary = "Of a video.");

static const struct field todo_fields[] = {
    FIELD_TEXT(struct todo_data, "todoId", todo_id, .flags = FIELD_REQUIRED, .minimum = 1,
               .maximum = EVENT_SYSTEM_ID_CHARACTERS, .check = system_check_name, .summary = "The todo."),
    OPTIONAL_TIME(struct todo_data, "originalDueDate", original_due_ms, original_due_given,
                  "When it was due."),
    OPTIONAL_TIME(struct todo_data, "actualCompletionDate", completed_at_ms, completed_at_given,
                  "When it was done."),
    FIELD_UINT(struct todo_data, "userRating", user_rating, .flags = FIELD_NULLABLE, .maximum = RATING_MAX,
               .presence = PRESENCE(struct todo_data, rating_given),
               .summary = "What the learner thought of it."),
    FIELD_TEXT(struct todo_data, "notes", notes, .flags = FIELD_NULLABLE, .maximum = NOTES_CHARACTERS,
               .summary = "The learner's own words."),
};
static const struct schema todo_schema =
    SCHEMA("TodoProgressData", struct todo_data, todo_fields, .summary = "Of a todo.");

static const struct field schedule_fields[] = {
    FIELD_TEXT(struct schedule_data, "scheduleId", schedule_id, .flags = FIELD_REQUIRED, .minimum = 1,
               .maximum = EVENT_SYSTEM_ID_CHARACTERS, .check = system_check_name,
               .summary = "The calendar entry."),
    OPTIONAL_TIME(struct schedule_data, "scheduledDate", scheduled_ms, scheduled_given,
                  "When it was to begin."),
    OPTIONAL_TIME(struct schedule_data, "actualStartTime", actual_start_ms, actual_start_given,
                  "When it began."),
    OPTIONAL_TIME(struct schedule_data, "actualEndTime", actual_end_ms, actual_end_given,
                  "When it ended; not before it began."),
    OPTIONAL_TIME(struct schedule_data, "rescheduledFrom", rescheduled_from_ms, rescheduled_from_given,
                  "Where it stood before it was moved."),
};
static const struct schema schedule_schema =
    SCHEMA("ScheduleProgressData", struct schedule_data, schedule_fields, .summary = "Of a calendar entry.");

static const struct field path_fields[] = {
    FIELD_TEXT(struct path_data, "pathId", path_id, .flags = FIELD_REQUIRED, .minimum = 1,
               .maximum = EVENT_SYSTEM_ID_CHARACTERS, .check = system_check_name,
               .summary = "The learning path."),
    FIELD_TEXT(struct path_data, "stepId", step_id, .flags = FIELD_REQUIRED, .minimum = 1,
               .maximum = EVENT_SYSTEM_ID_CHARACTERS, .check = system_check_name, .summary = "Its step."),
    FIELD_UINT(struct path_data, "stepIndex", step_index, .flags = FIELD_NULLABLE, .maximum = STEPS_MAX,
               .presence = PRESENCE(struct path_data, step_index_given),
               .summary = "Which step it is; at most totalSteps."),
    FIELD_UINT(struct path_data, "totalSteps", total_steps, .flags = FIELD_NULLABLE, .maximum = STEPS_MAX,
               .presence = PRESENCE(struct path_data, total_steps_given),
               .summary = "How many steps the path has."),
    FIELD_LIST(struct path_data, "skillsLearned", skills_learned, .flags = FIELD_NULLABLE,
               .item_kind = FIELD_KIND_TEXT, .maximum = SKILLS_MAX, .summary = "Skills that it taught."),
    FIELD_NUMBER(struct path_data, "difficultyRating", difficulty_rating, .flags = FIELD_NULLABLE,
                 .minimum = 0, .maximum = RATING_MAX,
                 .presence = PRESENCE(struct path_data, difficulty_given),
                 .summary = "How hard the learner found it."),
};
static const struct schema path_schema =
    SCHEMA("PathProgressData", struct path_data, path_fields, .summary = "Of a step of a learning path.");

static const struct field skill_fields[] = {
    FIELD_TEXT(struct skill_data, "skillId", skill_id, .flags = FIELD_REQUIRED, .minimum = 1,
               .maximum = EVENT_ACTIVITY_CHARACTERS, .check = system_check_name, .summary = "The skill."),
    FIELD_TEXT(struct skill_data, "skillCategory", skill_category, .flags = FIELD_NULLABLE,
               .maximum = CATEGORY_CHARACTERS, .summary = "What it belongs to."),
    FIELD_TEXT(struct skill_data, "previousLevel", previous_level, .flags = FIELD_NULLABLE,
               .maximum = LEVEL_CHARACTERS, .summary = "Where the learner stood."),
    OPTIONAL_TEXT(struct skill_data, "newLevel", new_level, LEVEL_CHARACTERS, "Where the learner stands."),
    FIELD_NUMBER(struct skill_data, "confidence", confidence, .flags = FIELD_NULLABLE, .minimum = 0,
                 .maximum = 1, .presence = PRESENCE(struct skill_data, confidence_given),
                 .summary = "How sure the assessment is, from 0 to 1."),
};
static const struct schema skill_schema =
    SCHEMA("SkillProgressData", struct skill_data, skill_fields, .summary = "Of a skill.");

#define PART(name, member, given, part_schema, text) \
  FIELD_OBJECT(struct event_data, name, member, .flags = FIELD_NULLABLE, .object = &(part_schema), \
               .presence = PRESENCE(struct event_data, given), .summary = text)

static const struct field data_fields[] = {
    FIELD_TEXT(struct event_data, "activityId", activity_id, .flags = FIELD_NULLABLE, .minimum = 1,
               .maximum = EVENT_ACTIVITY_CHARACTERS, .check = system_check_name,
               .summary = "What the learner was about; by default the video, todo, entry, step or skill "
                          "below."),
    FIELD_ENUM(struct event_data, "activityType", activity_type, .names = activity_type_names,
               .presence = PRESENCE(struct event_data, activity_type_given),
               .summary = "What kind of activity that is; by default what the event's type says."),
    FIELD_ENUM(struct event_data, "completionStatus", completion_status, .names = completion_status_names,
               .default_text = "completed", .summary = "What became of it."),
    FIELD_NUMBER(struct event_data, "timeSpent", time_spent, .flags = FIELD_NULLABLE, .minimum = 0,
                 .maximum = EVENT_MINUTES_MAX, .presence = PRESENCE(struct event_data, time_spent_given),
                 .summary = "In minutes. Without it, the time that the video was watched."),
    OPTIONAL_TIME(struct event_data, "completedAt", completed_at_ms, completed_at_given,
                  "When the activity ended; by default what the parts below say, else the timestamp."),
    PART("videoProgress", video, video_given, video_schema, "Of a video."),
    PART("todoProgress", todo, todo_given, todo_schema, "Of a todo."),
    PART("scheduleProgress", schedule, schedule_given, schedule_schema, "Of a calendar entry."),
    PART("pathProgress", path, path_given, path_schema, "Of a step of a learning path."),
    PART("skillProgress", skill, skill_given, skill_schema, "Of a skill."),
};
const struct schema event_data_schema =
    SCHEMA("ProgressEventData", struct event_data, data_fields, .summary = "What an event says.");

/* --- An event, and several ------------------------------------------------------------------------- */

/* The same rows for an item of a batch and for an event alone, which may also be a batch. */
#define BODY_FIELDS(s, prefix, flag) \
  FIELD_TEXT(s, "id", prefix id, .flags = FIELD_NULLABLE, .minimum = 1, .maximum = EVENT_ID_CHARACTERS, \
             .check = system_check_id, \
             .summary = \
                 "The client's own id of this event: a repeat with the same id gets the first reply.", \
             .example = "\"event123\""), \
      FIELD_ENUM(s, "eventType", prefix event_type, .flags = (flag), .names = event_type_names, \
                 .presence = PRESENCE(s, prefix type_given), .summary = "What happened."), \
      FIELD_ENUM(s, "sourceSystem", prefix source_system, .flags = (flag), .names = event_system_names, \
                 .presence = PRESENCE(s, prefix source_given), .summary = "Which system tells of it."), \
      FIELD_OBJECT(s, "eventData", prefix data, .flags = (flag), .object = &event_data_schema, \
                   .presence = PRESENCE(s, prefix data_given), .summary = "What it says."), \
      FIELD_TIME(s, "timestamp", prefix timestamp_ms, .flags = FIELD_NULLABLE, .minimum = CLOCK_MIN_MS, \
                 .maximum = CLOCK_MAX_MS, .presence = PRESENCE(s, prefix timestamp_given), \
                 .summary = "The client's clock; now, when not sent. At most offline.max_age_days old.")

static const struct field body_fields[] = {BODY_FIELDS(struct event_body, , FIELD_REQUIRED)};
const struct schema event_body_schema = SCHEMA("ProgressEventBody", struct event_body, body_fields,
                                               .item_error_offset = ITEM_TEXT(struct event_body, complaint),
                                               .item_problems_offset = ITEM_LIST(struct event_body, problems),
                                               .summary = "A progress event, as a client sends it.");

static const struct field submission_fields[] = {
    BODY_FIELDS(struct event_submission, one., 0),
    FIELD_LIST(struct event_submission, "events", events, .object = &event_body_schema,
               .flags = FIELD_COLLECT_ERRORS, .presence = PRESENCE(struct event_submission, events_given),
               .minimum = 1, .maximum = EVENT_BATCH_MAX,
               .summary = "Several instead of one, in the order in which they are to be taken."),
};
const struct schema event_submission_schema =
    SCHEMA("ProgressEventSubmission", struct event_submission, submission_fields,
           .summary = "One progress event; or several, as events.");

/* --- What came of it ------------------------------------------------------------------------------- */

static const struct field problem_fields[] = {
    FIELD_TEXT(struct event_problem, "system", system, .summary = "Where."),
    FIELD_TEXT(struct event_problem, "field", field, .summary = "Which field of the event."),
    FIELD_TEXT(struct event_problem, "message", message, .flags = FIELD_REQUIRED, .summary = "Why."),
};
const struct schema event_problem_schema =
    SCHEMA("ProgressEventProblem", struct event_problem, problem_fields, .summary = "What went wrong.");

/* The same rows for the result of an event, and for what POST /events answers with. */
#define RESULT_FIELDS(s, prefix, flag, shown) \
  FIELD_TEXT(s, "eventId", prefix event_id, .flags = (flag) == 0 ? 0 : (flag) | FIELD_NULLABLE, \
             .presence = (shown), .summary = "The event's id; one was made where the client had none."), \
      FIELD_TEXT(s, "status", prefix status, .flags = (flag), .presence = (shown), \
                 .summary = "applied; duplicate: another event says the same; conflict: it waits for the " \
                            "learner, or was decided against; rejected; pending: its processing failed and " \
                            "is tried again."), \
      FIELD_UINT(s, "revision", prefix revision, .flags = FIELD_REQUIRED, \
                 .summary = \
                     "The learner's revision in which it was taken, 0 where it was not; of a batch, the " \
                     "learner's revision afterwards."), \
      FIELD_LIST(s, "syncedSystems", prefix synced_systems, .flags = (flag), .presence = (shown), \
                 .item_kind = FIELD_KIND_TEXT, .maximum = EVENT_SYSTEMS, \
                 .summary = "Every other system that is in step with it now."), \
      FIELD_LIST(s, "conflicts", prefix conflicts, .flags = (flag), .presence = (shown), \
                 .object = &conflict_view_schema, .maximum = FINDINGS_MAX, \
                 .summary = "What it contradicts, or repeats."), \
      FIELD_LIST(s, "achievements", prefix achievements, .flags = (flag), .presence = (shown), \
                 .object = &achievement_view_schema, .maximum = 2 * AWARD_FILES_MAX, \
                 .summary = "Earned by it."), \
      FIELD_LIST(s, "milestonesReached", prefix milestones, .flags = (flag), .presence = (shown), \
                 .object = &milestone_view_schema, .maximum = 2 * AWARD_FILES_MAX, \
                 .summary = "Reached by it."), \
      FIELD_LIST(s, "errors", prefix errors, .flags = (flag), .presence = (shown), \
                 .object = &event_problem_schema, .maximum = ERRORS_MAX, \
                 .summary = "Why it was rejected, or waits."), \
      FIELD_NUMBER(s, "totalProcessingTime", prefix total_processing_time, .flags = (flag), \
                   .presence = (shown), .summary = "In milliseconds, without the commit.")

static const struct field result_fields[] = {RESULT_FIELDS(struct event_result, , FIELD_REQUIRED, 0)};
const struct schema event_result_schema =
    SCHEMA("ProgressSyncResult", struct event_result, result_fields, .summary = "What came of an event.");

static const struct field submitted_fields[] = {
    FIELD_BOOL(struct event_submitted, "success", success, .flags = FIELD_REQUIRED,
               .summary = "Whether all of them were applied."),
    FIELD_UINT(struct event_submitted, "revision", revision, .flags = FIELD_REQUIRED,
               .summary = "The learner's revision afterwards."),
    FIELD_LIST(struct event_submitted, "results", results, .object = &event_result_schema,
               .flags = FIELD_REQUIRED, .maximum = EVENT_BATCH_MAX,
               .summary = "One an event, in the order given."),
};
const struct schema event_submitted_schema = SCHEMA("ProgressEventsSubmitted", struct event_submitted,
                                                    submitted_fields, .summary = "What came of events.");

/* Never encoded: what one or the other of the above comes to. */
struct event_answer {
  struct event_result one;
  enum presence shown;
  bool success;
  struct field_list results;
};
static const struct field answer_fields[] = {
    RESULT_FIELDS(struct event_answer, one., 0, PRESENCE(struct event_answer, shown)),
    FIELD_BOOL(struct event_answer, "success", success, .presence = PRESENCE(struct event_answer, shown),
               .summary = "Of a batch: whether all of them were applied."),
    FIELD_LIST(struct event_answer, "results", results, .object = &event_result_schema,
               .presence = PRESENCE(struct event_answer, shown), .maximum = EVENT_BATCH_MAX,
               .summary = "Of a batch: one an event, in the order given."),
};
const struct schema event_answer_schema =
    SCHEMA("ProgressEventAnswer", struct event_answer, answer_fields,
           .summary = "The result of an event; of a batch, success, revision and results.");
