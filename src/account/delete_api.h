/* DELETE /api/admin/users/{id}. */
#ifndef LOCKSTEP_ACCOUNT_DELETE_API_H
#define LOCKSTEP_ACCOUNT_DELETE_API_H

#include "http/endpoint.h"

extern const struct endpoint_table delete_endpoints;

#endif
