#include "event/todo.h"

#include "base/banned.h"

const char *const todo_status_names[] = {"pending", "in_progress", "completed", "cancelled", NULL};

static const struct field todo_fields[] = {
    FIELD_TEXT(struct todo, "id", id, .flags = FIELD_REQUIRED, .summary = "The todo."),
    FIELD_TEXT(struct todo, "title", title, .flags = FIELD_REQUIRED, .summary = "What there is to do."),
    FIELD_ENUM(struct todo, "status", status, .names = todo_status_names, .flags = FIELD_REQUIRED,
               .summary = "How far it is."),
    FIELD_BOOL(struct todo, "completed", completed, .flags = FIELD_REQUIRED,
               .summary = "Whether its status is completed."),
    FIELD_TIME(struct todo, "dueAt", due_at_ms, .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .presence = PRESENCE(struct todo, due_at_given), .summary = "When it is due."),
    FIELD_TIME(struct todo, "completedAt", completed_at_ms, .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .presence = PRESENCE(struct todo, completed_at_given), .summary = "When it was completed."),
    FIELD_UINT(struct todo, "rating", rating, .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .presence = PRESENCE(struct todo, rating_given), .summary = "What the learner thinks of it."),
    FIELD_TEXT(struct todo, "notes", notes, .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .summary = "The learner's notes."),
    FIELD_LIST(struct todo, "videoIds", video_ids, .item_kind = FIELD_KIND_TEXT, .flags = FIELD_REQUIRED,
               .maximum = SYSTEM_ROWS_MAX,
               .summary = "The videos that it is about: it is done once all are."),
    FIELD_TIME(struct todo, "createdAt", created_at_ms, .flags = FIELD_REQUIRED,
               .summary = "When it was made."),
    FIELD_TIME(struct todo, "updatedAt", updated_at_ms, .flags = FIELD_REQUIRED,
               .summary = "When it last changed."),
};
const struct schema todo_schema = SCHEMA("Todo", struct todo, todo_fields, .summary = "A todo.");

#define CHANGEABLE_FIELDS \
  FIELD_ENUM(struct todo_body, "status", status, .names = todo_status_names, \
             .presence = PRESENCE(struct todo_body, status_given), \
             .summary = "How far it is. Completing it is an event; opening it again is none."), \
      FIELD_TIME(struct todo_body, "dueAt", due_at_ms, .flags = FIELD_NULLABLE, \
                 .presence = PRESENCE(struct todo_body, due_at_given), \
                 .summary = "When it is due; null: at no time."), \
      FIELD_TIME(struct todo_body, "completedAt", completed_at_ms, \
                 .presence = PRESENCE(struct todo_body, completed_at_given), \
                 .summary = "When it was completed; now, when not sent. At most offline.max_age_days ago."), \
      FIELD_UINT(struct todo_body, "rating", rating, .flags = FIELD_NULLABLE, \
                 .presence = PRESENCE(struct todo_body, rating_given), .maximum = TODO_RATING_MAX, \
                 .summary = "What the learner thinks of it; null takes it away."), \
      FIELD_TEXT(struct todo_body, "notes", notes, .flags = FIELD_NULLABLE, \
                 .presence = PRESENCE(struct todo_body, notes_given), .maximum = TODO_NOTES_CHARACTERS, \
                 .summary = "The learner's notes; null takes them away."), \
      FIELD_LIST(struct todo_body, "videoIds", video_ids, .item_kind = FIELD_KIND_TEXT, \
                 .presence = PRESENCE(struct todo_body, video_ids_given), .maximum = TODO_VIDEOS_MAX, \
                 .check = system_check_names, .summary = "The videos that it is about, all of them.", \
                 .example = "[\"video456\"]")

static const struct field create_fields[] = {
    FIELD_TEXT(struct todo_body, "id", id, .flags = FIELD_NULLABLE, .minimum = 1,
               .maximum = SYSTEM_ID_CHARACTERS, .check = system_check_id,
               .summary = "The client's own id of it: a repeat with the same id gets the first reply.",
               .example = "\"todo-417\""),
    FIELD_TEXT(struct todo_body, "title", title, .flags = FIELD_REQUIRED, .minimum = 1,
               .maximum = SYSTEM_TITLE_CHARACTERS, .summary = "What there is to do."),
    CHANGEABLE_FIELDS,
};
const struct schema todo_create_schema =
    SCHEMA("TodoCreate", struct todo_body, create_fields, .summary = "A new todo.");

static const struct field patch_fields[] = {
    FIELD_TEXT(struct todo_body, "title", title, .minimum = 1, .maximum = SYSTEM_TITLE_CHARACTERS,
               .summary = "What there is to do."),
    CHANGEABLE_FIELDS,
};
const struct schema todo_patch_schema =
    SCHEMA("TodoPatch", struct todo_body, patch_fields, .summary = "What is to change of a todo.");

static const struct field reply_fields[] = {
    FIELD_BOOL(struct todo_reply, "success", success, .flags = FIELD_REQUIRED,
               .summary = "Always true here."),
    FIELD_OBJECT(struct todo_reply, "todo", todo, .object = &todo_schema, .flags = FIELD_REQUIRED,
                 .summary = "The todo as it is now."),
    FIELD_UINT(struct todo_reply, "revision", revision, .flags = FIELD_REQUIRED,
               .summary = "The learner's revision."),
    SYSTEM_OUTCOME_FIELDS(struct todo_reply, outcome),
};
const struct schema todo_reply_schema =
    SCHEMA("TodoReply", struct todo_reply, reply_fields, .summary = "A todo that was made or changed.");

static const struct field query_fields[] = {
    FIELD_ENUM(struct todo_query, "status", status, .names = todo_status_names,
               .presence = PRESENCE(struct todo_query, status_given), .summary = "Only those."),
    FIELD_TEXT(struct todo_query, "videoId", video_id, .minimum = 1, .maximum = EVENT_ACTIVITY_CHARACTERS,
               .summary = "Only what is about this video."),
    FIELD_LIST(struct todo_query, "videoReferences", video_references, .item_kind = FIELD_KIND_TEXT,
               .maximum = TODO_FILTERS_MAX, .check = system_check_names,
               .summary = "Only what is about any of these videos, parted by commas."),
    FIELD_UINT(struct todo_query, "limit", limit, .minimum = 1, .maximum = SYSTEM_ROWS_MAX,
               .default_text = "10000", .summary = "At most so many."),
    FIELD_TEXT(struct todo_query, "after", after, .maximum = SYSTEM_PLACE_BYTES - 1,
               .summary = "Go on after this place: the nextAfter of the page before."),
};
const struct schema todo_query_schema =
    SCHEMA("TodoQuery", struct todo_query, query_fields, .summary = "Which todos.");

static const struct field page_fields[] = {
    FIELD_LIST(struct todo_page, "todos", todos, .object = &todo_schema, .flags = FIELD_REQUIRED,
               .maximum = SYSTEM_ROWS_MAX, .summary = "In the order in which they were made."),
    FIELD_TEXT(struct todo_page, "nextAfter", next_after, .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .summary = "Where the next page goes on; null at the end."),
};
const struct schema todo_page_schema =
    SCHEMA("Todos", struct todo_page, page_fields, .summary = "Todos of the learner.");
