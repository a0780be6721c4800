/* Todos: what a learner means to do, and the videos that it is about. A todo that is completed is an event
 * (todo_completed of todo_manager). */
#ifndef LOCKSTEP_EVENT_TODO_H
#define LOCKSTEP_EVENT_TODO_H

#include "event/system.h"

#define TODO_NOTES_CHARACTERS 4000
#define TODO_RATING_MAX 10
#define TODO_VIDEOS_MAX 100  /* of one todo */
#define TODO_FILTERS_MAX 100 /* videos that a list may be asked for */

enum todo_status { TODO_PENDING, TODO_IN_PROGRESS, TODO_COMPLETED, TODO_CANCELLED };
extern const char *const todo_status_names[]; /* NULL-terminated */

struct todo {
  const char *id;
  const char *title;
  int status; /* enum todo_status */
  bool completed;
  int64_t due_at_ms;
  enum presence due_at_given;
  int64_t completed_at_ms;
  enum presence completed_at_given;
  uint64_t rating;
  enum presence rating_given;
  const char *notes;
  struct field_list video_ids; /* const char *, sorted */
  int64_t created_at_ms;
  int64_t updated_at_ms;
};
extern const struct schema todo_schema;

/* A new todo, or what is to change of one: what is absent stays. */
struct todo_body {
  const char *id; /* of a new one */
  const char *title;
  int status;
  enum presence status_given;
  int64_t due_at_ms;
  enum presence due_at_given;
  int64_t completed_at_ms;
  enum presence completed_at_given;
  uint64_t rating;
  enum presence rating_given;
  const char *notes;
  enum presence notes_given;
  struct field_list video_ids;
  enum presence video_ids_given;
};
extern const struct schema todo_create_schema;
extern const struct schema todo_patch_schema;

struct todo_reply {
  bool success;
  struct todo todo;
  uint64_t revision;
  struct system_outcome outcome;
};
extern const struct schema todo_reply_schema;

struct todo_query {
  int status;
  enum presence status_given;
  const char *video_id;
  struct field_list video_references;
  uint64_t limit;
  const char *after;
};
extern const struct schema todo_query_schema;

struct todo_page {
  struct field_list todos; /* struct todo, in the order in which they were made */
  const char *next_after;
};
extern const struct schema todo_page_schema;

/* struct system_input with a struct todo_body; the reply is a struct todo_reply, of todo_delete_kind a struct
 * system_deleted. ERROR_NOT_FOUND: the learner has no such todo. */
extern const struct ledger_kind todo_create_kind;
extern const struct ledger_kind todo_change_kind;
extern const struct ledger_kind todo_delete_kind;

bool todo_read_page(struct db *db, uint64_t user_id, const struct todo_query *query, struct arena *arena,
                    struct error *error, struct todo_page *ret_page) WARN_UNUSED;

/* A row as a statement reads it (a pointer: find and list have a type each) as what is shown of it. */
#define TODO_OF(row) \
  ((struct todo){.id = (row)->id, \
                 .title = (row)->title, \
                 .status = system_word(todo_status_names, (row)->status), \
                 .completed = system_word(todo_status_names, (row)->status) == TODO_COMPLETED, \
                 .due_at_ms = (row)->due_at, \
                 .due_at_given = system_presence((row)->due_at_is_null), \
                 .completed_at_ms = (row)->completed_at, \
                 .completed_at_given = system_presence((row)->completed_at_is_null), \
                 .rating = (row)->rating, \
                 .rating_given = system_presence((row)->rating_is_null), \
                 .notes = (row)->notes, \
                 .created_at_ms = (row)->created_at, \
                 .updated_at_ms = (row)->updated_at})

#endif
