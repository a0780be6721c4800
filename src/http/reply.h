/* The end of every request: the header block that goes before the body. */
#ifndef LOCKSTEP_HTTP_REPLY_H
#define LOCKSTEP_HTTP_REPLY_H

#include "http/request.h"

/* Settles request->id: X-Request-Id when the caller's is 1 to 39 characters of
 * [A-Za-z0-9._:-] (as nginx/http.conf lets through), else 128 random bits in hex. */
void reply_identify(struct request *request);

/* Writes request->head for status, type, headers and reply; empties the reply where none is sent
 * (HEAD, 204, 304). A reply that outgrew its buffer becomes a problem document first. Total. */
void reply_finish(struct request *request);

#endif
