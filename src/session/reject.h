/* Items of bulk syncs that could not be taken, kept for an administrator as they came: what a learner did
 * is not lost because a client wrote it down wrongly. Keeping them is no change of the learner's: no revision
 * moves by it. */
#ifndef LOCKSTEP_SESSION_REJECT_H
#define LOCKSTEP_SESSION_REJECT_H

#include "session/stitch.h"

/* Of one learner, resolved ones included; what is rejected beyond that its client is told, but it is not
 * kept. */
#define REJECTS_OF_LEARNER_MAX 10000
/* Of one item; of a longer one the beginning is kept, as a JSON text. */
#define REJECT_ITEM_BYTES ((size_t)16 * 1024)
#define REJECT_REASON_BYTES 500

/* Within the transaction that took the batch. The same item again is the same row: then, and when all was
 * taken, nothing is kept anew. */
bool reject_keep_items(struct ledger_tx *tx, uint64_t user_id, const struct stitch_batch *batch,
                       const enum stitch_outcome *outcomes, struct error *error, bool *ret_kept) WARN_UNUSED;

#endif
