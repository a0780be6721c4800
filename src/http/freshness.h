/* What a learner's replies depend on, read by primary key: once before the handler, to answer 304,
 * and once inside the snapshot that a reply is read in, to make the tag of exactly that reply. */
#ifndef LOCKSTEP_HTTP_FRESHNESS_H
#define LOCKSTEP_HTTP_FRESHNESS_H

#include "http/request.h"

#define FRESHNESS_MERGES_MAX 4 /* how far merged_into is followed */

struct freshness {
  uint64_t user_id; /* the learner acted for, after merged_into was followed */
  uint64_t revision;
  int64_t updated_us; /* of the row: it moves also when somebody changes it around Lockstep */
  const char *time_zone;
  uint64_t shared_version;
  uint64_t shared_epoch;
  const struct buffer
      *reply; /* what is told, where the tag is of that, too (ENDPOINT_TAGS_REPLY); else NULL */
};

/* ERROR_UNAUTHENTICATED when the learner is gone: deleted, or never there. */
bool freshness_of(struct db *db, uint64_t user_id, struct arena *arena, struct error *error,
                  struct freshness *ret_freshness) WARN_UNUSED;

#endif
