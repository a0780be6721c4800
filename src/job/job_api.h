/* /api/admin/jobs: the jobs table over HTTP. */
#ifndef LOCKSTEP_JOB_JOB_API_H
#define LOCKSTEP_JOB_JOB_API_H

#include "http/endpoint.h"

extern const struct endpoint_table job_endpoints;

#endif
