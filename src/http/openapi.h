/* The interface as an OpenAPI 3.1 document, from the endpoint and field tables: what the program
 * does is what the document says. */
#ifndef LOCKSTEP_HTTP_OPENAPI_H
#define LOCKSTEP_HTTP_OPENAPI_H

#include "http/router.h"

/* Deterministic. Too many schemas, or no room in the buffer, shows in buffer->failed. */
void openapi_print(const struct router *router, struct buffer *buffer);

#endif
