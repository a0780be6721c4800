/* The faces of the consistency engine: its endpoints and its kinds of jobs. What is consistent, and how it
 * is repaired, stands in room rule; who runs it when, in room job. */
#ifndef LOCKSTEP_SYNC_SYNC_H
#define LOCKSTEP_SYNC_SYNC_H

#include "http/endpoint.h"
#include "job/job.h"

extern const struct job_kind_table sync_job_kinds;

extern const struct endpoint_table sync_endpoints;         /* /api/sync/validate, /auto-fix */
extern const struct endpoint_table sync_health_endpoints;  /* /api/sync/health */
extern const struct endpoint_table sync_rules_endpoints;   /* /api/admin/rules, /score-history */
extern const struct endpoint_table sync_repairs_endpoints; /* /api/admin/repairs */

#endif
