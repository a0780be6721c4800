/* A progress event (document 003): what a client, or another system, says that a learner did.
 *
 * Where it stands and what counts of it: one row of progress_events, as it came and as it counts
 * (sql/migrations/0013_events.sql). What becomes of it, in one learner transaction with everything that
 * follows from it (event/intake.h):
 *
 *   known       the same id with the same content: the first reply; with other content: refused (422)
 *   judged      held against the events of the same activity (event/conflict.h, docs/conflicts.md): it
 *               counts; or says what another says; or contradicts one, which is settled at once or waits
 *   written     its row
 *   counted     its activity, its day and the summary (event/activity.h), the practice day and the streak
 *   propagated  into the other systems' tables, with a receipt for each row (event/cascade.h)
 *   awarded     achievements and milestones (event/award.h)
 *
 * Only an event whose outcome is EVENT_APPLIED counts, propagates and awards. */
#ifndef LOCKSTEP_EVENT_EVENT_H
#define LOCKSTEP_EVENT_EVENT_H

#include "base/arena.h"
#include "db/db.h"
#include "schema/field.h"

#define EVENT_ID_CHARACTERS 64 /* a client's id */
#define EVENT_ACTIVITY_CHARACTERS 190
#define EVENT_SYSTEM_ID_CHARACTERS 96 /* of a todo, a calendar entry, a path, a step */
#define EVENT_BATCH_MAX 1000
#define EVENT_MINUTES_MAX 100000 /* timeSpent of one event */

/* The names are what stands in JSON and in the columns. All NULL-terminated. */
enum event_type {
  EVENT_VIDEO_COMPLETED,
  EVENT_TODO_COMPLETED,
  EVENT_SCHEDULE_COMPLETED,
  EVENT_MILESTONE_REACHED,
  EVENT_SKILL_ASSESSED,
  EVENT_PATH_PROGRESS_UPDATED
};
#define EVENT_TYPES 6
extern const char *const event_type_names[];

/* Between which systems progress flows, each with the table of its own. */
enum event_system {
  SYSTEM_VIDEO_PLAYER,   /* video_progress */
  SYSTEM_TODO_MANAGER,   /* todos, todo_videos */
  SYSTEM_CALENDAR,       /* schedule_entries */
  SYSTEM_AI_JOURNEY,     /* ai_journey, skills */
  SYSTEM_PATH_GENERATOR, /* learning_paths, learning_path_steps, path_progress */
  SYSTEM_CHAT            /* chat_mentions */
};
#define EVENT_SYSTEMS 6
extern const char *const event_system_names[];

enum activity_type { ACTIVITY_VIDEO, ACTIVITY_PRACTICE, ACTIVITY_PROJECT, ACTIVITY_QUIZ, ACTIVITY_MILESTONE };
#define ACTIVITY_TYPES 5
extern const char *const activity_type_names[];

enum completion_status {
  STATUS_STARTED,
  STATUS_IN_PROGRESS,
  STATUS_COMPLETED,
  STATUS_SKIPPED,
  STATUS_FAILED
};
extern const char *const completion_status_names[];

enum event_outcome { EVENT_APPLIED, EVENT_DUPLICATE, EVENT_CONFLICT, EVENT_SUPERSEDED, EVENT_PENDING };
extern const char *const event_outcome_names[];

/* eventData, as document 003 has it. Optional parts say whether they were given. */
struct video_data {
  const char *video_id;
  const char *youtube_id;
  double percentage_watched;
  enum presence percentage_given;
  double time_watched; /* seconds */
  enum presence time_given;
  int64_t completed_at_ms;
  enum presence completed_at_given;
};
struct todo_data {
  const char *todo_id;
  int64_t original_due_ms;
  enum presence original_due_given;
  int64_t completed_at_ms; /* actualCompletionDate */
  enum presence completed_at_given;
  uint64_t user_rating;
  enum presence rating_given;
  const char *notes;
};
struct schedule_data {
  const char *schedule_id;
  int64_t scheduled_ms; /* scheduledDate */
  enum presence scheduled_given;
  int64_t actual_start_ms;
  enum presence actual_start_given;
  int64_t actual_end_ms;
  enum presence actual_end_given;
  int64_t rescheduled_from_ms;
  enum presence rescheduled_from_given;
};
struct path_data {
  const char *path_id;
  const char *step_id;
  uint64_t step_index;
  enum presence step_index_given;
  uint64_t total_steps;
  enum presence total_steps_given;
  struct field_list skills_learned; /* const char * */
  double difficulty_rating;
  enum presence difficulty_given;
};
struct skill_data {
  const char *skill_id;
  const char *skill_category;
  const char *previous_level;
  const char *new_level;
  double confidence; /* 0 to 1 */
  enum presence confidence_given;
};
struct event_data {
  const char *activity_id; /* once checked: never NULL, see event_check */
  int activity_type;       /* enum activity_type */
  enum presence activity_type_given;
  int completion_status; /* enum completion_status */
  double time_spent;     /* minutes */
  enum presence time_spent_given;
  int64_t completed_at_ms; /* completedAt of any type */
  enum presence completed_at_given;
  struct video_data video;
  enum presence video_given;
  struct todo_data todo;
  enum presence todo_given;
  struct schedule_data schedule;
  enum presence schedule_given;
  struct path_data path;
  enum presence path_given;
  struct skill_data skill;
  enum presence skill_given;
};
extern const struct schema event_data_schema;

/* As a client sends it. */
struct event_body {
  const char *id; /* NULL: the server makes one */
  int event_type; /* enum event_type */
  enum presence type_given;
  int source_system; /* enum event_system */
  enum presence source_given;
  struct event_data data;
  enum presence data_given;
  int64_t timestamp_ms;
  enum presence timestamp_given;
  const char *complaint;      /* in a batch: why it cannot be read; then what of it was good stands here */
  struct field_list problems; /* the same by field: struct error_field */
};
extern const struct schema event_body_schema;

/* One event, or several. */
struct event_submission {
  struct event_body one;
  struct field_list events; /* struct event_body */
  enum presence events_given;
};
extern const struct schema event_submission_schema;

/* As it is processed, and as it is read back: what counts of it. Texts in an arena. */
struct event {
  const char *id;
  uint64_t revision; /* in which it came; with position, the order of a learner's events */
  uint32_t position;
  enum event_type type;
  enum event_system source;
  enum activity_type activity_type;
  const char *activity_id;
  enum completion_status status;
  double time_spent;      /* minutes, to the hundredth; 0: not told */
  int64_t timestamp_ms;   /* the client's clock */
  int64_t happened_at_ms; /* when the activity ended, see event_happened_at */
  int32_t day;            /* the learner's calendar day of that moment */
  enum event_outcome outcome;
  struct event_data data;    /* as resolved where a conflict was, else as it came */
  const char *data_text;     /* as it came, as canonical JSON of event_data_schema */
  const char *resolved_text; /* data, where a resolution made it; NULL: data_text says it */
  struct db_hash hash;       /* of the content as it came */
};

/* The digest of an event's content, by which a repeat is known. Before event_check. */
bool event_hash(const struct event_body *body, struct error *error, struct db_hash *ret_hash) WARN_UNUSED;

/* The same of several, in their order. */
bool event_hash_all(const struct event_body *bodies, size_t count, struct error *error,
                    struct db_hash *ret_hash) WARN_UNUSED;

/* Checks a body against its type's own fields, and completes data.activity_id and activity_type where its
 * type tells them: ERROR_INVALID for what is missing, ERROR_UNPROCESSABLE for what cannot be (more than
 * 100 %, ends before it began, a step beyond the last), by field. What it completes is made in the arena.
 * Pure. */
bool event_check(struct event_body *body, struct arena *arena, struct error *error) WARN_UNUSED;

/* What counts of a body that was checked: type, activity, status, time and the moment. `day`, `revision`,
 * `position`, `hash` and the texts are left to the caller. */
void event_from_body(const struct event_body *body, int64_t now_ms, struct event *ret_event);

/* The moment at which the activity happened, as told by: completedAt; else the type's own (completedAt of the
 * video, actualCompletionDate, actualEndTime); else the timestamp. */
int64_t event_happened_at(const struct event_body *body, int64_t now_ms);

#endif
