/* The face of conflicts: their rows in the endpoints table. */
#ifndef LOCKSTEP_EVENT_CONFLICT_API_H
#define LOCKSTEP_EVENT_CONFLICT_API_H

#include "http/endpoint.h"

extern const struct endpoint_table conflict_endpoints;

#endif
