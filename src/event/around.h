/* What stands around an activity when an event tells of it: the activity itself and its day, and what the
 * learner's events have come to (event/tally.h), for the counting; and what hangs on it. Nearly always that
 * is nothing: no other event lies near it, and no row of another system is about its activity. One statement
 * answers this for the conflicts and for the cascade; what there is, they read themselves. */
#ifndef LOCKSTEP_EVENT_AROUND_H
#define LOCKSTEP_EVENT_AROUND_H

#include "event/intake.h"

struct around_read_row; /* queries/around.h */

struct event_around {
  int32_t day; /* the event's */
  const struct around_read_row *row;
  bool has_links; /* todos or open calendar entries of the video, or steps of the activity */
};

/* Before anything of the event is written. Fills the tally where nothing has yet. `window_ms` on either side
 * of its moment. Texts in the transaction's memory. */
bool event_look_around(struct event_intake *intake, const struct event *event, int64_t window_ms,
                       struct error *error, struct event_around *ret_around) WARN_UNUSED;
/* An activity and one of its days alone, for whoever counts without an event. */
bool around_read_activity(struct event_intake *intake, enum activity_type type, const char *activity_id,
                          int32_t day, struct error *error, struct around_read_row *ret_row) WARN_UNUSED;

#endif
