/* Before what events move is read: other applications write todos, calendar entries, videos and learning
 * paths with SQL, and what they completed brings the rest along (docs/events.md).
 *
 * Asking the rules costs more than most reads, so they are asked only where somebody changed a row of the
 * systems (its updated_at) since all of them were last known to be in step: when the rules found nothing, or
 * when an event brought the others along and nobody else had written before it. What updated_at does not tell
 * (a row that was deleted, one that another application dated back, a transaction that was open meanwhile) is
 * found by the rules being asked anyway when that is events.look_s ago. Rules of the site may look at
 * anything: where there are any in this group, they are asked each time. */
#ifndef LOCKSTEP_EVENT_EVENT_HEAL_H
#define LOCKSTEP_EVENT_EVENT_HEAL_H

#include "http/endpoint.h"

/* The `prepare` of endpoints that show the summary, todos, calendar entries, videos or learning paths: asks
 * the rules of `on-read: events` about the learner acted for, where that is due. One statement where not. */
bool event_heal(struct request *request, struct error *error);

#endif
