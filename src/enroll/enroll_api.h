/* The faces of the enroll room: its rows in the endpoints table. */
#ifndef LOCKSTEP_ENROLL_ENROLL_API_H
#define LOCKSTEP_ENROLL_ENROLL_API_H

#include "http/endpoint.h"

extern const struct endpoint_table enroll_endpoints;        /* a student's own */
extern const struct endpoint_table enroll_admin_endpoints;  /* enrolling others, requests, students */
extern const struct endpoint_table enroll_course_endpoints; /* courses and chapters */
extern const struct endpoint_table enroll_roster_endpoints; /* enrollments as lists */
extern const struct endpoint_table enroll_analytics_endpoints;

#endif
