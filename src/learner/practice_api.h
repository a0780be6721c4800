/* The face of what a learner practised: statistics, attempts, practice sessions, starting over. */
#ifndef LOCKSTEP_LEARNER_PRACTICE_API_H
#define LOCKSTEP_LEARNER_PRACTICE_API_H

#include "http/endpoint.h"

extern const struct endpoint_table practice_endpoints;

#endif
