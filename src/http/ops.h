/* What operators and machines ask: /healthz, /readyz, /metrics, /api/openapi.json. */
#ifndef LOCKSTEP_HTTP_OPS_H
#define LOCKSTEP_HTTP_OPS_H

#include "http/endpoint.h"

extern const struct endpoint_table ops_endpoints;

#endif
