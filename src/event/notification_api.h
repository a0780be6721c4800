#ifndef LOCKSTEP_EVENT_NOTIFICATION_API_H
#define LOCKSTEP_EVENT_NOTIFICATION_API_H

#include "http/endpoint.h"

extern const struct endpoint_table notification_endpoints;

#endif
