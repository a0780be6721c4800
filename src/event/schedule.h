/* Calendar entries: when a learner means to do something, and when they did. An entry may stand for a todo or
 * a video. An entry that is completed is an event (schedule_completed of calendar_service). */
#ifndef LOCKSTEP_EVENT_SCHEDULE_H
#define LOCKSTEP_EVENT_SCHEDULE_H

#include "event/system.h"

enum schedule_status {
  SCHEDULE_PLANNED,
  SCHEDULE_IN_PROGRESS,
  SCHEDULE_COMPLETED,
  SCHEDULE_SKIPPED,
  SCHEDULE_CANCELLED
};
extern const char *const schedule_status_names[]; /* NULL-terminated */

struct schedule_entry {
  const char *id;
  const char *title;
  int64_t starts_at_ms;
  int64_t ends_at_ms;
  enum presence ends_at_given;
  const char *video_id;
  const char *todo_id;
  int status; /* enum schedule_status */
  bool completed;
  int64_t actual_start_ms;
  enum presence actual_start_given;
  int64_t actual_end_ms;
  enum presence actual_end_given;
  int64_t rescheduled_from_ms;
  enum presence rescheduled_from_given;
  int64_t created_at_ms;
  int64_t updated_at_ms;
};
extern const struct schema schedule_entry_schema;

/* A new entry, or what is to change of one: what is absent stays. */
struct schedule_body {
  const char *id; /* of a new one */
  const char *title;
  int64_t starts_at_ms;
  enum presence starts_at_given;
  int64_t ends_at_ms;
  enum presence ends_at_given;
  const char *video_id;
  enum presence video_id_given;
  const char *todo_id;
  enum presence todo_id_given;
  int status;
  enum presence status_given;
  int64_t actual_start_ms;
  enum presence actual_start_given;
  int64_t actual_end_ms;
  enum presence actual_end_given;
};
extern const struct schema schedule_create_schema;
extern const struct schema schedule_patch_schema;

struct schedule_reply {
  bool success;
  struct schedule_entry entry;
  uint64_t revision;
  struct system_outcome outcome;
};
extern const struct schema schedule_reply_schema;

struct schedule_query {
  int64_t from_ms;
  enum presence from_given;
  int64_t to_ms;
  enum presence to_given;
  int status;
  enum presence status_given;
  uint64_t limit;
  const char *after;
};
extern const struct schema schedule_query_schema;

struct schedule_page {
  struct field_list entries; /* struct schedule_entry, by their beginning */
  const char *next_after;
};
extern const struct schema schedule_page_schema;

/* struct system_input with a struct schedule_body; the reply is a struct schedule_reply, of
 * schedule_delete_kind a struct system_deleted. ERROR_NOT_FOUND: the learner has no such entry. */
extern const struct ledger_kind schedule_create_kind;
extern const struct ledger_kind schedule_change_kind;
extern const struct ledger_kind schedule_delete_kind;

bool schedule_read_page(struct db *db, uint64_t user_id, const struct schedule_query *query,
                        struct arena *arena, struct error *error, struct schedule_page *ret_page) WARN_UNUSED;

/* A row as a statement reads it (a pointer: find and list have a type each) as what is shown of it. */
#define SCHEDULE_OF(row) \
  ((struct schedule_entry){.id = (row)->id, \
                           .title = (row)->title, \
                           .starts_at_ms = (row)->starts_at, \
                           .ends_at_ms = (row)->ends_at, \
                           .ends_at_given = system_presence((row)->ends_at_is_null), \
                           .video_id = (row)->video_id, \
                           .todo_id = (row)->todo_id, \
                           .status = system_word(schedule_status_names, (row)->status), \
                           .completed = \
                               system_word(schedule_status_names, (row)->status) == SCHEDULE_COMPLETED, \
                           .actual_start_ms = (row)->actual_start, \
                           .actual_start_given = system_presence((row)->actual_start_is_null), \
                           .actual_end_ms = (row)->actual_end, \
                           .actual_end_given = system_presence((row)->actual_end_is_null), \
                           .rescheduled_from_ms = (row)->rescheduled_from, \
                           .rescheduled_from_given = system_presence((row)->rescheduled_from_is_null), \
                           .created_at_ms = (row)->created_at, \
                           .updated_at_ms = (row)->updated_at})

#endif
