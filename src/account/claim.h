/* An anonymous learner signs in: all that they did becomes part of the learner who is signed in, once, and
 * nothing of it counts twice.
 *
 * One learner transaction over both, so that a crash leaves either nothing done or everything. The rows of
 * every table move (claim_tables.c says how, table by table); totals, days and points are added up; the
 * anonymous learner's history moves behind the other's (ledger_merge), so that an operation that is sent
 * again, with either token, is known. What had been sent for both learners under one id with one content was
 * one fact: the anonymous learner's share of it is taken back first (claim_shared.c).
 *
 * From then on users.merged_into leads from the old token to the learner, in one step. Cursors and tags of
 * either learner are older than the revision of the claim, in front of which there is a gap: whoever resumes
 * from one is told to read everything anew. */
#ifndef LOCKSTEP_ACCOUNT_CLAIM_H
#define LOCKSTEP_ACCOUNT_CLAIM_H

#include "config/config.h"
#include "ledger/ledger.h"

struct claim_order {
  uint64_t user_id;      /* who is signed in */
  uint64_t anonymous_id; /* who they were */
  const char *actor;
  const struct config *config;
};

extern const struct schema claim_reply_schema;

/* The tables with rows of learners that a claim knows: moved, or left for a reason. NULL behind the last. */
const char *claim_table_name(size_t at);
bool claim_table_stays(size_t at); /* its rows are left where they are */

/* Again by the same learner: the first reply, and nothing changes. ERROR_CONFLICT: it is somebody else's
 * already. ERROR_NOT_FOUND: the anonymous learner is gone. ERROR_UNPROCESSABLE: it is no anonymous one, or
 * oneself. Takes both learners' locks for as long as it lasts: measured in docs/architecture.md. */
bool claim_learner(struct ledger *ledger, const struct claim_order *order, struct arena *arena,
                   struct error *error, const char **ret_reply) WARN_UNUSED;

#endif
