/* Notifications: what a learner is to be told when they come back, because nobody was there to see it live:
 * an achievement, a milestone, a conflict that waits for them. Kept until it was read, and
 * retention.notifications_days longer. */
#ifndef LOCKSTEP_EVENT_NOTIFICATION_H
#define LOCKSTEP_EVENT_NOTIFICATION_H

#include "config/config.h"
#include "event/intake.h"

#define NOTIFICATION_PAGE_MAX 200
#define NOTIFICATION_DATA_BYTES ((size_t)16 * 1024)

/* The kinds; the words stand in notifications.kind and in replies. */
#define NOTIFICATION_ACHIEVEMENT "achievement_earned"
#define NOTIFICATION_MILESTONE "milestone_reached"
#define NOTIFICATION_CONFLICT "conflict_detected"

/* Puts one, of the learner of the entry, within its transaction. `data_json`: a JSON object with what a page
 * needs to show it (id, title …), at most NOTIFICATION_DATA_BYTES. No change of its own: it comes with what
 * it tells of. */
bool notification_put(struct event_intake *intake, const char *kind, const char *data_json,
                      struct error *error) WARN_UNUSED;

#endif
