/* Before what events move is read: other applications write todos, calendar entries, videos and learning
 * paths with SQL, and what they completed brings the rest along (docs/events.md). */
#ifndef LOCKSTEP_EVENT_EVENT_HEAL_H
#define LOCKSTEP_EVENT_EVENT_HEAL_H

#include "http/endpoint.h"

/* The `prepare` of endpoints that show the summary, todos, calendar entries, videos or learning paths: asks
 * the rules of `on-read: events` about the learner acted for. One statement where they hold. */
bool event_heal(struct request *request, struct error *error);

#endif
