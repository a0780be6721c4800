/* The inside of the memory that worker processes share (see http/handle.h). */
#ifndef LOCKSTEP_HTTP_SHARED_H
#define LOCKSTEP_HTTP_SHARED_H

#include "http/metrics.h"
#include "http/rate_limit.h"

struct http_shared {
  size_t processes;          /* set once, before the fork */
  struct rate_limit minting; /* by client address */
  struct rate_limit tickets; /* by learner */
  struct metrics slots[];    /* one a process */
};

#endif
