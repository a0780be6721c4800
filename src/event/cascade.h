/* What an event brings about in the other systems' tables, with a receipt for every row. What each type of
 * event does to each system stands in one table, cascade_routes; docs/events.md is printed from the same
 * words.
 *
 * A cascade walks from what the event completed to what that completes: a video to the todos all of whose
 * videos are done, to its calendar entries and to the steps of learning paths; a todo to its entries and to
 * the one video that it is about; an entry to its todo and its video. Whatever was met once is not met again,
 * so that there are no loops, and only what was newly completed leads on. All of it is read first, in rounds
 * of one statement a kind, and written last, in one statement a table. Where nothing hangs on the event's
 * activity, which is known from event/around.h, nothing is asked.
 *
 * A receipt (propagations) holds the columns as they were and as they became, and why. Undoing a cascade
 * restores the rows that nobody has touched since: every column of the receipt, and the row's updated_at,
 * still hold what it says. An undone cascade stays undone: the same event, run again, does nothing, and what
 * has a receipt is brought along by no rule. A later, different event may complete the same rows again. */
#ifndef LOCKSTEP_EVENT_CASCADE_H
#define LOCKSTEP_EVENT_CASCADE_H

#include "event/around.h"

#define CASCADE_ROWS_MAX 1000 /* that one event touches; the rules bring along what is beyond */

/* What events of a type do to a system. */
struct cascade_route {
  enum event_type type;
  enum event_system target;
  const char *summary;
};
extern const struct cascade_route cascade_routes[];
extern const size_t cascade_route_count;
/* NULL: nothing. */
const struct cascade_route *cascade_route_of(enum event_type type, enum event_system target);

/* For an event that is applied. `around` its activity as it was read before the event; NULL: it is read now.
 * Adds synced_systems to the result: all targets of its type but the system it comes from, also where there
 * was nothing to change. Reports its changes. ERROR_TRANSIENT: another application wrote one of the rows
 * meanwhile; the transaction is to be run again. */
bool cascade_run(struct event_intake *intake, const struct event *event, const struct event_around *around,
                 struct event_result *result, struct error *error) WARN_UNUSED;

/* A row that a cascade had touched. Texts in the transaction's memory. */
struct cascade_named {
  const char *system; /* "todo_manager" */
  const char *table;
  const char *key;
  const char *reason; /* why it was left; NULL where it was restored */
};
struct cascade_undone {
  struct field_list restored; /* struct cascade_named */
  struct field_list left;
};

/* Takes back what the event's cascade did, where nobody has touched it since; `actor` goes to the receipts.
 * An event without receipts: nothing, and no error. Reports
 * its changes. ERROR_TRANSIENT as above. */
bool cascade_undo(struct event_intake *intake, const char *event_id, const char *actor, struct error *error,
                  struct cascade_undone *ret_undone) WARN_UNUSED;

/* Once at the end of whatever called the two, after activity_count and activity_recount: writes where the
 * learners of a transaction stand in the journey, which repeats the summary's count. */
bool cascade_finish(struct event_intake *intakes, size_t count, struct error *error) WARN_UNUSED;

#endif
