/* What the applied events prove: of an activity, of an activity on a day, and of all of them together
 * (activities, activity_days, user_progress_summary). All of it is a function of the events whose outcome is
 * EVENT_APPLIED, so that it can be counted anew at any time:
 *
 *   status        completed once any of them says so; else in_progress where one says started, in_progress
 *                 or failed; else skipped
 *   time          of an activity on a day the longest that any of that day says; of an activity the sum of
 *                 its days; of the summary the sum of the activities
 *   percentage    completed / all activities, rounded down to hundredths
 *
 * That an event was practice (the practice day, the streak) is counted with it, unless it says that something
 * was skipped, and is not taken back. */
#ifndef LOCKSTEP_EVENT_ACTIVITY_H
#define LOCKSTEP_EVENT_ACTIVITY_H

#include "event/around.h"

#define ACTIVITY_DAYS_MAX 40000 /* of one activity: a century */

/* The event has become applied. `around`: as it was looked at before anything of the event was written; NULL:
 * it is read here. */
bool activity_count(struct event_intake *intake, const struct event *event, const struct event_around *around,
                    struct error *error) WARN_UNUSED;

/* Counts one activity anew from its applied events, after some of them became another outcome, or came to say
 * something else: its days, itself, and the summary's sums. */
bool activity_recount(struct event_intake *intake, enum activity_type type, const char *activity_id,
                      struct error *error) WARN_UNUSED;

/* Once, at the end of the intakes of a transaction: the summary's sums; and the counts of practice days that
 * activity_count put off, because those days were practice days already, so that no streak hangs on them. */
bool activity_finish(struct event_intake *intakes, size_t count, struct error *error) WARN_UNUSED;

#endif
