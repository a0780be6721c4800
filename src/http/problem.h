/* An error becomes application/problem+json (RFC 9457), in one place. What the log alone may know
 * (detail, SQL numbers, the message of an internal error) never enters a reply. */
#ifndef LOCKSTEP_HTTP_PROBLEM_H
#define LOCKSTEP_HTTP_PROBLEM_H

#include "http/request.h"

/* 500 for codes that no caller should see. */
int problem_status(enum error_code code);
/* "Not Found"; "" for a status that is never answered. */
const char *problem_title(int status);

/* Replaces whatever reply there is by the problem document of request->error, with Retry-After,
 * WWW-Authenticate and Allow where they belong. Total. */
void problem_answer(struct request *request);

/* The document's JSON Schema for OpenAPI, as the member "Problem". */
void problem_append_openapi(struct buffer *buffer);

#endif
