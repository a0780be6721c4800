/* What a learner's enrollments miss without anybody having to be asked: open default courses that
 * were never granted, requests that were approved around Lockstep, pending requests for courses that the
 * learner is enrolled in. Reads do this on the way; almost always it is one look and nothing to do. */
#ifndef LOCKSTEP_ENROLL_SETTLE_H
#define LOCKSTEP_ENROLL_SETTLE_H

#include "ledger/ledger.h"

#define SETTLE_ROWS_MAX 500 /* of each sort, in one go; what is left comes with the next */

/* One look. Leaves no transaction open. */
bool settle_is_needed(struct db *db, uint64_t user_id, struct arena *arena, struct error *error,
                      bool *ret_needed) WARN_UNUSED;
/* A learner transaction, on a connection of its own: give yours back first. What a person cancelled stays
 * cancelled. */
bool settle_learner(struct ledger *ledger, uint64_t user_id, struct arena *arena,
                    struct error *error) WARN_UNUSED;

#endif
