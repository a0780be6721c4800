/* POST /api/progress-sync/live-ticket. The channel itself is lockstep-live's (live/live_server.h). */
#ifndef LOCKSTEP_LIVE_LIVE_API_H
#define LOCKSTEP_LIVE_LIVE_API_H

#include "http/endpoint.h"

extern const struct endpoint_table live_endpoints;

#endif
