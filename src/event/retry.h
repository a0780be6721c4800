/* Events whose processing failed: kept with their error, tried again by the job process_events, each in a
 * transaction of its own; after events.retries they wait for somebody to reprocess them. Once it succeeds, an
 * event counts as of the revision in which it does: its place in the order of the learner's events is that.
 */
#ifndef LOCKSTEP_EVENT_RETRY_H
#define LOCKSTEP_EVENT_RETRY_H

#include "http/endpoint.h"
#include "job/job.h"

#define RETRY_KIND "process_events"
#define RETRY_EVENTS_MAX 1000 /* that one order may name */

extern const struct job_kind_table event_retry_job_kinds;
extern const struct endpoint_table event_retry_endpoints;

/* Parameters of the job. */
struct retry_order {
  uint64_t user_id;            /* 0: everybody's events that are due */
  bool forced;                 /* also what is not due yet, or was given up */
  struct field_list event_ids; /* const char *; of those, only these; none: all */
};
extern const struct schema retry_order_schema;

#endif
