/* POST /api/anonymous: a learner without a name, and a token of Lockstep's own for it. POST
 * /api/anonymous/claim: what it did becomes the signed-in learner's. */
#ifndef LOCKSTEP_ACCOUNT_ANONYMOUS_H
#define LOCKSTEP_ACCOUNT_ANONYMOUS_H

#include "http/endpoint.h"

extern const struct endpoint_table anonymous_endpoints;

#endif
