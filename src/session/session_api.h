/* The face of the session room: its rows in the endpoints table. */
#ifndef LOCKSTEP_SESSION_SESSION_API_H
#define LOCKSTEP_SESSION_SESSION_API_H

#include "http/endpoint.h"

extern const struct endpoint_table session_endpoints;

#endif
