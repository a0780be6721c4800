/* The face of progress events: their rows in the endpoints table. */
#ifndef LOCKSTEP_EVENT_EVENT_API_H
#define LOCKSTEP_EVENT_EVENT_API_H

#include "http/endpoint.h"

extern const struct endpoint_table event_endpoints;

#endif
