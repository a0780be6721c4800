/* What the endpoints of todos, calendar entries, learning paths and videos have in common. Each of them keeps
 * rows of a table that other applications write as well; what Lockstep changes there goes through the learner
 * transaction. Completing a row is an event like any other: the row is written, then the event is taken in
 * the same transaction (event/intake.h), and whatever it completes elsewhere is in the reply. Reopening is no
 * event; what was reopened has a receipt of it, so that no rule completes it again by itself. */
#ifndef LOCKSTEP_EVENT_SYSTEM_H
#define LOCKSTEP_EVENT_SYSTEM_H

#include "event/intake.h"

#define SYSTEM_ID_CHARACTERS 64 /* of a row that a client names; other applications may use 96 */
#define SYSTEM_TITLE_CHARACTERS 300
#define SYSTEM_ROWS_MAX 10000 /* todos of one learner, calendar entries, steps of all paths together */
#define SYSTEM_PLACE_BYTES 600

/* What the face hands to an operation. */
struct system_input {
  const struct config *config;
  struct zone_cache *zones;
  const struct award_table *awards;
  const char *id;      /* of the row, out of the path or the body; NULL: it is to be made */
  const char *part_id; /* of a part of it: a step */
  const void *body;
  const struct error *failure; /* NULL; or how the event went in the try before: it is kept for later */
  bool took_event;             /* set by system_complete */
};

/* One operation under the learner's lock. */
struct system_step {
  struct ledger_tx *tx;
  struct ledger_entry *entry;
  struct system_input *input;
  struct db *db;
  struct arena *arena;
  uint64_t user_id;
  int64_t now_ms;
};

/* Calls `one` for each entry of the transaction, which the endpoints' always have one of. It fails with what
 * the caller is to be told: nothing of it is written then. */
bool system_each(struct ledger_tx *tx, bool (*one)(struct system_step *step, struct error *error),
                 struct error *error) WARN_UNUSED;

/* The learner's revision before this operation; what a reply says that changed nothing. */
uint64_t system_revision_before(const struct system_step *step);

/* Reports a change of a row: its kind ("todo"), its key, and what happened to it ("completed"). */
bool system_report(struct system_step *step, const char *what, const char *key, const char *because,
                   struct error *error) WARN_UNUSED;

/* A row elsewhere that was completed along with one. */
struct system_also {
  const char *system; /* "todo_manager" */
  const char *table;  /* "todos" */
  const char *id;     /* of the row; of a step "path/step" */
  const char *because;
};
extern const struct schema system_also_schema;
#define SYSTEM_ALSO_MAX 10000

/* What completing a row brought about. */
struct system_outcome {
  struct event_result event;
  enum presence event_given;        /* GIVEN: something was completed */
  struct field_list also_completed; /* struct system_also */
};
#define SYSTEM_OUTCOME_FIELDS(struct_type, member) \
  FIELD_OBJECT(struct_type, "event", member.event, .object = &event_result_schema, \
               .presence = PRESENCE(struct_type, member.event_given), \
               .summary = "What came of the completion as an event; absent where nothing was completed."), \
      FIELD_LIST(struct_type, "alsoCompleted", member.also_completed, .object = &system_also_schema, \
                 .flags = FIELD_REQUIRED, .maximum = SYSTEM_ALSO_MAX, \
                 .summary = "What else was completed with it, in other systems.")

/* The row stands as completed: takes the event and reads its receipts. Where its processing had failed before
 * (input->failure), the row stays completed and the event is kept to be tried again. */
bool system_complete(struct system_step *step, struct event_body *body, struct error *error,
                     struct system_outcome *ret_outcome) WARN_UNUSED;

/* A row that was completed no longer is, because somebody wants that. `status`: what it is now. */
bool system_reopen(struct system_step *step, enum event_system system, const char *table, const char *key,
                   const char *status, struct error *error) WARN_UNUSED;

/* Whether a moment that a client states for this field can be that of a completion: not in the future, and
 * not older than what may be held back offline. */
bool system_check_moment(const struct system_step *step, const char *field, int64_t time_ms,
                         struct error *error) WARN_UNUSED;

/* The id of a row: as chosen by the client, else one that nobody has. */
bool system_row_id(struct system_step *step, const char *prefix, struct error *error,
                   const char **ret_id) WARN_UNUSED;

/* The place of a word among NULL-terminated names; 0 where it is none of them. */
int system_word(const char *const *names, const char *text);
bool system_same_text(const char *one, const char *other); /* NULL is a value of its own */
bool system_same_time(int64_t one, enum presence one_given, int64_t other, enum presence other_given);
enum presence system_presence(bool is_null); /* of a column in a reply */

/* No blank at the end, which the tables' comparison would not see. NULL is one. */
bool system_is_name(const char *text);
/* For .check of ids and titles: names; visible ASCII for an id, because it stands in paths. */
bool system_check_id(const void *value, struct error *error);
bool system_check_name(const void *value, struct error *error);
bool system_check_names(const void *value, struct error *error); /* of a list */

/* Where a page goes on: the time and the id of its last row. */
struct system_place {
  int64_t at_ms;
  const char *id;
};
/* `text` NULL: before every row. ERROR_MALFORMED for "after": none that was handed out. */
bool system_place_parse(const char *text, struct error *error, struct system_place *ret_place) WARN_UNUSED;
bool system_place_print(const struct system_place *place, struct arena *arena, struct error *error,
                        const char **ret_text) WARN_UNUSED;

/* What is answered to a row that is gone. */
struct system_deleted {
  bool success;
  const char *id;
  uint64_t revision;
};
extern const struct schema system_deleted_schema;
/* Deletes the row that the path names, reports it as `what`, and fills the reply, a struct system_deleted.
 * The statement's parameters are user_id and id. `missing` is what ERROR_NOT_FOUND says. */
bool system_delete(struct system_step *step, const struct db_statement *statement, const char *what,
                   const char *missing, struct error *error) WARN_UNUSED;

#endif
