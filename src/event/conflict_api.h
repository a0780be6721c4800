/* The face of conflicts: their rows in the endpoints table. */
#ifndef LOCKSTEP_EVENT_CONFLICT_API_H
#define LOCKSTEP_EVENT_CONFLICT_API_H

#include "http/endpoint.h"
#include "http/request.h"

/* What was resolved before that is not shown any more, ms; see retention.conflicts_days. */
int64_t conflict_shown_since(const struct request *request);

extern const struct endpoint_table conflict_endpoints;

#endif
