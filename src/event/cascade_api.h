/* The face of propagation: its rows in the endpoints table. */
#ifndef LOCKSTEP_EVENT_CASCADE_API_H
#define LOCKSTEP_EVENT_CASCADE_API_H

#include "http/endpoint.h"

extern const struct endpoint_table cascade_endpoints;

#endif
