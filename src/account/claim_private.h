/* Shared by the files of the claim. */
#ifndef LOCKSTEP_ACCOUNT_CLAIM_PRIVATE_H
#define LOCKSTEP_ACCOUNT_CLAIM_PRIVATE_H

#include "account/claim.h"
#include "learner/document.h"

/* Modules and days of answers, and sessions, that were sent for both learners: more than a client can hold
 * back. */
#define CLAIM_SHARED_MAX 20000

/* One claim, under both locks. */
struct claim {
  const struct claim_order *order;
  struct ledger_tx *tx;
  struct db *db;
  struct arena *arena; /* the transaction's */
  struct ledger_entry *from;
  struct ledger_entry *into;
  uint64_t from_id;
  uint64_t into_id;
};

/* The anonymous learner's share of what both had sent, taken back from its rows. */
struct claim_shared {
  struct document_share *modules; /* a module may stand several times */
  size_t module_count;
  struct document_totals totals; /* of all of them */
  int64_t sessions;
  int64_t points;
};

/* claim_shared.c: before the history moves. */
bool claim_take_back(struct claim *claim, struct error *error, struct claim_shared *ret_shared) WARN_UNUSED;
/* claim_tables.c: the rows of every table. `shift` is ledger_merge's. */
bool claim_move_rows(struct claim *claim, uint64_t shift, struct error *error) WARN_UNUSED;
/* claim_profile.c: after the days have moved. */
bool claim_merge_profiles(struct claim *claim, const struct claim_shared *shared,
                          struct error *error) WARN_UNUSED;

#endif
