/* Shared by the files of the cascade only. */
#ifndef LOCKSTEP_EVENT_CASCADE_PRIVATE_H
#define LOCKSTEP_EVENT_CASCADE_PRIVATE_H

#include "event/cascade.h"

#define CASCADE_LINKS_MAX 500 /* rows that one question may find */
#define CASCADE_VALUES 5      /* columns of one table that a cascade may change */
#define CASCADE_KEY_BYTES 320 /* propagations.target_key, in characters */
#define CASCADE_TIME_BYTES 32
#define CASCADE_JSON_BYTES ((size_t)512 * 1024) /* of one receipt's columns */

/* The tables, in the numbers that cascade.sql gives them. */
enum cascade_kind {
  CASCADE_VIDEO,
  CASCADE_TODO,
  CASCADE_ENTRY,
  CASCADE_STEP,
  CASCADE_SKILL,
  CASCADE_MENTION,
  CASCADE_PATH
};
#define CASCADE_KINDS 7

struct cascade_table {
  const char *name;
  enum event_system system;
  const char *change; /* what the learner's history calls it; NULL: not told there */
  const char *columns[CASCADE_VALUES];
};
extern const struct cascade_table cascade_tables[CASCADE_KINDS];

/* Where each table's values stand. */
enum { VIDEO_STATUS, VIDEO_PERCENTAGE, VIDEO_SECONDS, VIDEO_YOUTUBE, VIDEO_COMPLETED_AT };
enum { TODO_STATUS, TODO_COMPLETED_AT, TODO_RATING, TODO_NOTES };
enum { ENTRY_STATUS, ENTRY_START, ENTRY_END, ENTRY_RESCHEDULED };
enum { STEP_STATUS, STEP_COMPLETED_AT };
enum { SKILL_CATEGORY, SKILL_LEVEL, SKILL_CONFIDENCE, SKILL_ASSESSED_AT };
enum { MENTION_COMPLETED_AT, MENTION_MENTIONED_AT };
enum { PATH_COMPLETED, PATH_TOTAL, PATH_PERCENTAGE, PATH_CURRENT, PATH_COMPLETED_AT };

enum cascade_action { CASCADE_LEAVE, CASCADE_UPDATE, CASCADE_INSERT, CASCADE_DELETE };

/* A row that the cascade has met. Values are the database's texts. */
struct cascade_row {
  enum cascade_kind kind;
  const char *path_id; /* of a step; of a mention its activity's type; else "" */
  const char *id;
  bool is_own;   /* the event is about it */
  bool is_read;  /* what follows is known */
  bool is_there; /* as read */
  const char *before[CASCADE_VALUES];
  const char *after[CASCADE_VALUES];
  const char *seen;    /* updated_at as read; NULL where there is none */
  const char *updated; /* updated_at as written */
  const char *link_video;
  const char *link_todo;
  const char *because;
  bool leads_on; /* newly completed: what depends on it follows */
  bool is_followed;
  bool keeps_status; /* a receipt of this very event stands: it was brought along before */
  enum cascade_action action;
};

/* One cascade, or the undoing of one. Everything lives in the transaction's memory. */
struct cascade {
  struct event_intake *intake;
  const struct event *event;         /* NULL when undoing */
  const struct event_around *around; /* its activity; NULL when undoing */
  const char *event_id;
  uint64_t user_id;
  struct db *db;
  struct arena *arena;
  /* What updated_at becomes, as the database writes it: just before the transaction began, so that a write by
   * somebody else right after it is told apart from this one. */
  const char *now;
  const char *happened_at;
  struct cascade_row *rows;
  size_t count;
  size_t capacity;
  struct cascade_receipts_row *known; /* receipts that the event has from before */
  size_t known_count;
};

bool cascade_begin(struct event_intake *intake, const char *event_id, struct error *error,
                   struct cascade *ret_cascade) WARN_UNUSED;
/* A moment as the database's text. NULL: no memory. */
const char *cascade_time(struct arena *arena, int64_t time_ms) WARN_UNUSED;
/* At most CASCADE_ROWS_MAX: then *ret_row is NULL, and the rest is left to the rules. A row that was met
 * before is not added: NULL as well. */
bool cascade_add(struct cascade *cascade, enum cascade_kind kind, const char *path_id, const char *id,
                 struct error *error, struct cascade_row **ret_row) WARN_UNUSED;
struct cascade_row *cascade_find(struct cascade *cascade, enum cascade_kind kind, const char *path_id,
                                 const char *id);
/* propagations.target_key of a row. A step's is path/step, with ~ and / of the path's id as ~0 and ~1. */
const char *cascade_key(struct arena *arena, const struct cascade_row *row) WARN_UNUSED;
/* The row that a receipt is about, without its values. False: it is none that a cascade writes. */
bool cascade_key_parse(const char *table, const char *key, struct arena *arena, struct error *error,
                       struct cascade_row *ret_row, bool *ret_known) WARN_UNUSED;

/* The activity itself, where it is a video that was added: as it was read with what is around it
 * (cascade_read.c). */
bool cascade_know_video(struct cascade *cascade, struct error *error) WARN_UNUSED;
/* What the tables hold of rows that were added but are not read. */
bool cascade_read_rows(struct cascade *cascade, struct error *error) WARN_UNUSED;
/* The same of videos and todos, with everything that is open once they are done; what follows from a row that
 * leads on is added and completed. */
bool cascade_follow_videos(struct cascade *cascade, struct error *error) WARN_UNUSED;
bool cascade_follow_todos(struct cascade *cascade, struct error *error) WARN_UNUSED;
bool cascade_follow_activity(struct cascade *cascade, struct error *error) WARN_UNUSED;

/* What the event says of its own row (cascade_own.c). */
bool cascade_own_add(struct cascade *cascade, struct error *error) WARN_UNUSED;
bool cascade_own_apply(struct cascade *cascade, struct cascade_row *row, struct error *error) WARN_UNUSED;
/* What an open row becomes that something else completed. */
void cascade_complete(struct cascade *cascade, struct cascade_row *row);
/* Sets action, by what differs. */
void cascade_settle(struct cascade_row *row);

/* All rows with an action (cascade_write.c); ERROR_TRANSIENT where one was written meanwhile. */
bool cascade_write_rows(struct cascade *cascade, struct error *error) WARN_UNUSED;
/* path_progress of the paths whose steps moved; their rows join the others, written. */
bool cascade_write_paths(struct cascade *cascade, struct error *error) WARN_UNUSED;
/* What cascade_finish will write. */
void cascade_move_journey(struct cascade *cascade);
bool cascade_write_receipts(struct cascade *cascade, struct error *error) WARN_UNUSED;
/* In the learner's history; `by` 1 for what was brought along, -1 for what was taken back. */
bool cascade_report(struct cascade *cascade, int64_t by, struct error *error) WARN_UNUSED;

#endif
