/* The face of a learner's views: the summary, insights and patterns. */
#ifndef LOCKSTEP_EVENT_VIEW_API_H
#define LOCKSTEP_EVENT_VIEW_API_H

#include "http/endpoint.h"

extern const struct endpoint_table view_endpoints;

#endif
