/* The endpoints of payments. */
#ifndef LOCKSTEP_ENROLL_PAYMENT_API_H
#define LOCKSTEP_ENROLL_PAYMENT_API_H

#include "http/endpoint.h"

extern const struct endpoint_table payment_endpoints;       /* payment_api.c */
extern const struct endpoint_table payment_admin_endpoints; /* payment_admin_api.c */
extern const struct endpoint_table payment_event_endpoints; /* payment_event_api.c */

#endif
