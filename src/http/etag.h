/* A reply's tag: a digest of everything that the reply depends on, so that it is known without
 * making the reply. Weak, because nginx may compress. */
#ifndef LOCKSTEP_HTTP_ETAG_H
#define LOCKSTEP_HTTP_ETAG_H

#include "http/freshness.h"

#define ETAG_BYTES 40 /* W/"32 hex digits" and the NUL */

/* Of learner, revision, row, what is told where the tag is of that, the learner's local date
 * (request->today), shared version and epoch, build, configuration, path, query and role. `text` has
 * ETAG_BYTES bytes. */
void etag_make(const struct request *request, const struct freshness *freshness, char *text);

/* If-None-Match: a list of tags compared weakly, or "*". A tag that is not one matches nothing. */
bool etag_matches(const char *if_none_match, const char *etag);

#endif
