/* The face of stitches: their rows in the endpoints table, and those of what could not be taken of them. */
#ifndef LOCKSTEP_SESSION_STITCH_API_H
#define LOCKSTEP_SESSION_STITCH_API_H

#include "http/endpoint.h"
#include "session/stitch.h"

extern const struct endpoint_table stitch_endpoints;
extern const struct endpoint_table bulk_endpoints;
extern const struct endpoint_table reject_endpoints;

/* What came of a batch. */
struct stitch_done {
  uint64_t user_id; /* the learner's, after merged_into was followed */
  uint64_t revision;
  enum stitch_outcome *outcomes; /* of each item */
};
/* Runs a batch as an operation of the learner who asks. */
bool stitch_run(struct request *request, const struct ledger_kind *kind, struct stitch_batch *batch,
                const struct db_hash *hash, const char *op_id, struct error *error,
                struct stitch_done *ret_done) WARN_UNUSED;

#endif
