/* Progress events read back: as they came, and what became of them. */
#ifndef LOCKSTEP_EVENT_EVENT_READ_H
#define LOCKSTEP_EVENT_EVENT_READ_H

#include "db/db.h"
#include "event/event.h"

#define EVENTS_LISTED_MAX 1000 /* of one reply; more come with nextAfter */

struct event_query {
  bool processed;
  enum presence processed_given;
  int event_type;
  enum presence type_given;
  int activity_type;
  enum presence activity_type_given;
  const char *activity_id;
  uint64_t limit;    /* 0: EVENTS_LISTED_MAX */
  const char *after; /* an event's id: only those that were taken in before it */
};
extern const struct schema event_query_schema;

struct event_view {
  const char *id;
  uint64_t user_id;
  const char *event_type;
  const char *source_system;
  const char *event_data;    /* JSON, as it came */
  const char *resolved_data; /* JSON, where a resolution made something else of it; else NULL */
  int64_t timestamp_ms;
  const char *outcome;
  bool processed;
  struct field_list conflicts_with; /* const char *: ids of events */
  struct field_list errors;         /* struct event_failure */
  uint64_t retry_count;
  int64_t retry_at_ms;
  enum presence retry_given;
  const char *activity_type; /* as it counts, from here on */
  const char *activity_id;
  const char *completion_status;
  double time_spent;
  int64_t happened_at_ms;
  uint64_t revision;
  int64_t created_at_ms;
};
extern const struct schema event_view_schema;

struct event_list_reply {
  struct field_list events; /* struct event_view, newest first */
  const char *next_after;   /* NULL at the end */
};
extern const struct schema event_list_schema;

/* Conflicts that were resolved before `resolved_since_ms` are not told of (conflict_shown_since). */
bool event_read_list(struct db *db, const struct event_query *query, uint64_t user_id,
                     int64_t resolved_since_ms, struct arena *arena, struct error *error,
                     struct event_list_reply *ret_reply) WARN_UNUSED;
/* ERROR_NOT_FOUND where there is none of that id. */
bool event_read_one(struct db *db, uint64_t user_id, const char *id, int64_t resolved_since_ms,
                    struct arena *arena, struct error *error, struct event_view *ret_view) WARN_UNUSED;

#endif
