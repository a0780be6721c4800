/* What a request brings along: held to the limits first, decoded once it is known who asks. */
#ifndef LOCKSTEP_HTTP_BODY_H
#define LOCKSTEP_HTTP_BODY_H

#include "http/endpoint.h"

/* 400 for a body that was cut off, 413 over the row's limit, 415 for anything but plain JSON in
 * UTF-8. A row that takes no body takes no notice of one. */
bool body_check(const struct request *request, struct error *error) WARN_UNUSED;

/* Query and body as the row's structs in the arena, NULL where the row has none. */
bool body_decode(struct request *request, struct error *error, const void **ret_query,
                 const void **ret_body) WARN_UNUSED;

#endif
