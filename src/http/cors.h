/* Cross-origin requests of the web frontends. Origins come from http.cors_origins: exact, or "*".
 * Tokens travel in Authorization, never in cookies: credentials are neither needed nor allowed. */
#ifndef LOCKSTEP_HTTP_CORS_H
#define LOCKSTEP_HTTP_CORS_H

#include "http/request.h"

/* The headers of any reply to request->origin; nothing for an origin that is not configured. */
void cors_append(const struct request *request, struct buffer *head);

/* Answers OPTIONS for a path that exists: 204 with Allow, and as a preflight where it is one. */
void cors_answer_options(struct request *request);

#endif
