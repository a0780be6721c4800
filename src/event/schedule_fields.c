#include "event/schedule.h"

#include "base/banned.h"

const char *const schedule_status_names[] = {"planned", "in_progress", "completed",
                                             "skipped", "cancelled",   NULL};

#define NULLABLE_TIME(name, member, text) \
  FIELD_TIME(struct schedule_entry, name, member##_ms, .flags = FIELD_REQUIRED | FIELD_NULLABLE, \
             .presence = PRESENCE(struct schedule_entry, member##_given), .summary = (text))

static const struct field entry_fields[] = {
    FIELD_TEXT(struct schedule_entry, "id", id, .flags = FIELD_REQUIRED, .summary = "The entry."),
    FIELD_TEXT(struct schedule_entry, "title", title, .flags = FIELD_REQUIRED, .summary = "What is planned."),
    FIELD_TIME(struct schedule_entry, "startsAt", starts_at_ms, .flags = FIELD_REQUIRED,
               .summary = "When it is to begin."),
    NULLABLE_TIME("endsAt", ends_at, "When it is to end."),
    FIELD_TEXT(struct schedule_entry, "videoId", video_id, .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .summary = "The video that it stands for."),
    FIELD_TEXT(struct schedule_entry, "todoId", todo_id, .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .summary = "The todo that it stands for."),
    FIELD_ENUM(struct schedule_entry, "status", status, .names = schedule_status_names,
               .flags = FIELD_REQUIRED, .summary = "How far it is."),
    FIELD_BOOL(struct schedule_entry, "completed", completed, .flags = FIELD_REQUIRED,
               .summary = "Whether its status is completed."),
    NULLABLE_TIME("actualStart", actual_start, "When it began."),
    NULLABLE_TIME("actualEnd", actual_end, "When it ended."),
    NULLABLE_TIME("rescheduledFrom", rescheduled_from, "When it was to begin before it was moved."),
    FIELD_TIME(struct schedule_entry, "createdAt", created_at_ms, .flags = FIELD_REQUIRED,
               .summary = "When it was made."),
    FIELD_TIME(struct schedule_entry, "updatedAt", updated_at_ms, .flags = FIELD_REQUIRED,
               .summary = "When it last changed."),
};
const struct schema schedule_entry_schema =
    SCHEMA("ScheduleEntry", struct schedule_entry, entry_fields, .summary = "A calendar entry.");

#define CHANGEABLE_FIELDS \
  FIELD_TIME(struct schedule_body, "endsAt", ends_at_ms, .flags = FIELD_NULLABLE, \
             .presence = PRESENCE(struct schedule_body, ends_at_given), \
             .summary = "When it is to end; null: at no fixed time."), \
      FIELD_TEXT(struct schedule_body, "videoId", video_id, .flags = FIELD_NULLABLE, .minimum = 1, \
                 .maximum = EVENT_ACTIVITY_CHARACTERS, \
                 .presence = PRESENCE(struct schedule_body, video_id_given), .check = system_check_name, \
                 .summary = "The video that it stands for; null: none."), \
      FIELD_TEXT(struct schedule_body, "todoId", todo_id, .flags = FIELD_NULLABLE, .minimum = 1, \
                 .maximum = EVENT_SYSTEM_ID_CHARACTERS, \
                 .presence = PRESENCE(struct schedule_body, todo_id_given), .check = system_check_name, \
                 .summary = "The todo that it stands for, which may come later; null: none."), \
      FIELD_ENUM(struct schedule_body, "status", status, .names = schedule_status_names, \
                 .presence = PRESENCE(struct schedule_body, status_given), \
                 .summary = "How far it is. Completing it is an event; opening it again is none."), \
      FIELD_TIME(struct schedule_body, "actualStart", actual_start_ms, .flags = FIELD_NULLABLE, \
                 .presence = PRESENCE(struct schedule_body, actual_start_given), \
                 .summary = "When it began; null: not yet."), \
      FIELD_TIME(struct schedule_body, "actualEnd", actual_end_ms, .flags = FIELD_NULLABLE, \
                 .presence = PRESENCE(struct schedule_body, actual_end_given), \
                 .summary = "When it ended; null: not yet. Now, where the entry is completed " \
                            "and nobody says when.")

static const struct field create_fields[] = {
    FIELD_TEXT(struct schedule_body, "id", id, .flags = FIELD_NULLABLE, .minimum = 1,
               .maximum = SYSTEM_ID_CHARACTERS, .check = system_check_id,
               .summary = "The client's own id of it: a repeat with the same id gets the first reply.",
               .example = "\"entry-417\""),
    FIELD_TEXT(struct schedule_body, "title", title, .flags = FIELD_REQUIRED, .minimum = 1,
               .maximum = SYSTEM_TITLE_CHARACTERS, .summary = "What is planned."),
    FIELD_TIME(struct schedule_body, "startsAt", starts_at_ms, .flags = FIELD_REQUIRED,
               .presence = PRESENCE(struct schedule_body, starts_at_given),
               .summary = "When it is to begin."),
    CHANGEABLE_FIELDS,
};
const struct schema schedule_create_schema =
    SCHEMA("ScheduleCreate", struct schedule_body, create_fields, .summary = "A new calendar entry.");

static const struct field patch_fields[] = {
    FIELD_TEXT(struct schedule_body, "title", title, .minimum = 1, .maximum = SYSTEM_TITLE_CHARACTERS,
               .summary = "What is planned."),
    FIELD_TIME(struct schedule_body, "startsAt", starts_at_ms,
               .presence = PRESENCE(struct schedule_body, starts_at_given),
               .summary = "When it is to begin. Moving it leaves the time before as rescheduledFrom."),
    CHANGEABLE_FIELDS,
};
const struct schema schedule_patch_schema = SCHEMA("SchedulePatch", struct schedule_body, patch_fields,
                                                   .summary = "What is to change of a calendar entry.");

static const struct field reply_fields[] = {
    FIELD_BOOL(struct schedule_reply, "success", success, .flags = FIELD_REQUIRED,
               .summary = "Always true here."),
    FIELD_OBJECT(struct schedule_reply, "entry", entry, .object = &schedule_entry_schema,
                 .flags = FIELD_REQUIRED, .summary = "The entry as it is now."),
    FIELD_UINT(struct schedule_reply, "revision", revision, .flags = FIELD_REQUIRED,
               .summary = "The learner's revision."),
    SYSTEM_OUTCOME_FIELDS(struct schedule_reply, outcome),
};
const struct schema schedule_reply_schema = SCHEMA("ScheduleReply", struct schedule_reply, reply_fields,
                                                   .summary = "A calendar entry that was made or changed.");

static const struct field query_fields[] = {
    FIELD_TIME(struct schedule_query, "from", from_ms,
               .presence = PRESENCE(struct schedule_query, from_given),
               .summary = "Only what begins then or later."),
    FIELD_TIME(struct schedule_query, "to", to_ms, .presence = PRESENCE(struct schedule_query, to_given),
               .summary = "Only what begins before."),
    FIELD_ENUM(struct schedule_query, "status", status, .names = schedule_status_names,
               .presence = PRESENCE(struct schedule_query, status_given), .summary = "Only those."),
    FIELD_UINT(struct schedule_query, "limit", limit, .minimum = 1, .maximum = SYSTEM_ROWS_MAX,
               .default_text = "10000", .summary = "At most so many."),
    FIELD_TEXT(struct schedule_query, "after", after, .maximum = SYSTEM_PLACE_BYTES - 1,
               .summary = "Go on after this place: the nextAfter of the page before."),
};
const struct schema schedule_query_schema =
    SCHEMA("ScheduleQuery", struct schedule_query, query_fields, .summary = "Which calendar entries.");

static const struct field page_fields[] = {
    FIELD_LIST(struct schedule_page, "entries", entries, .object = &schedule_entry_schema,
               .flags = FIELD_REQUIRED, .maximum = SYSTEM_ROWS_MAX, .summary = "By their beginning."),
    FIELD_TEXT(struct schedule_page, "nextAfter", next_after, .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .summary = "Where the next page goes on; null at the end."),
};
const struct schema schedule_page_schema =
    SCHEMA("Schedule", struct schedule_page, page_fields, .summary = "Calendar entries of the learner.");
