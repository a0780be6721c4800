#ifndef LOCKSTEP_EVENT_AWARD_API_H
#define LOCKSTEP_EVENT_AWARD_API_H

#include "http/endpoint.h"

extern const struct endpoint_table award_endpoints;

#endif
