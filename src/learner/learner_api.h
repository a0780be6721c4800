/* The face of the learner room: its rows in the endpoints table. */
#ifndef LOCKSTEP_LEARNER_LEARNER_API_H
#define LOCKSTEP_LEARNER_LEARNER_API_H

#include "http/endpoint.h"

extern const struct endpoint_table learner_endpoints;
extern const struct endpoint_table learner_admin_endpoints;
extern const struct endpoint_table learner_audit_endpoints;

#endif
