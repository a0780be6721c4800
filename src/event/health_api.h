/* GET /api/progress-sync/health and POST /api/progress-sync/repair. */
#ifndef LOCKSTEP_EVENT_HEALTH_API_H
#define LOCKSTEP_EVENT_HEALTH_API_H

#include "http/endpoint.h"

extern const struct endpoint_table event_health_endpoints;

#endif
