#include <inttypes.h>

#include "ledger/ledger_private.h"
#include "queries/ledger.h"

#include "base/banned.h"

/* A learner without an entry has what was there before Lockstep: that is told, too. */
static bool append_opening(struct ledger_tx *tx, struct ledger_entry *from, uint64_t into, uint64_t shift,
                           struct error *error) {
  struct ledger_append_params row;
  struct db_outcome outcome;
  bool is_made;
  if (!ledger_make_opening(tx, from, error, &row, &is_made)) return false;
  from->opens_history = false;
  if (!is_made) return true;
  row.user_id = into;
  row.revision = shift;
  row.op_id = arena_printf(tx->arena, "merged:%" PRIu64 ":0", from->learner.user_id);
  if (row.op_id == NULL) return error_set_memory(error);
  return ledger_append(tx->db, &row, 1, error, &outcome);
}

bool ledger_merge(struct ledger_tx *tx, struct ledger_entry *from, struct ledger_entry *into,
                  struct error *error, uint64_t *ret_shift) {
  uint64_t shift = into->learner.revision; /* the first one that `into` has not used */
  struct ledger_copy_params copy = {
      .from_user = from->learner.user_id, .into_user = into->learner.user_id, .shift = shift};
  struct ledger_empty_params empty = {.user_id = from->learner.user_id};
  struct db_outcome outcome;
  if (!ledger_copy(tx->db, &copy, error, &outcome) || !ledger_empty(tx->db, &empty, error, &outcome) ||
      !append_opening(tx, from, into->learner.user_id, shift, error))
    return false;
  into->learner.revision = shift + from->learner.revision + 1;
  into->learner.totals_moved = true; /* the revision is written with them */
  *ret_shift = shift;
  return true;
}
