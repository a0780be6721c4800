/* The rows of a batch of stitches: read once, moved in memory, written once. Shared by the files of this room
 * that make up a batch. */
#ifndef LOCKSTEP_SESSION_STITCH_ROWS_H
#define LOCKSTEP_SESSION_STITCH_ROWS_H

#include "session/stitch.h"

/* What a row of user_stitch_progress says. */
struct stitch_values {
  int64_t order_number;
  int64_t skip_number;
  const char *distractor_level;
  bool is_completed;
  int64_t last_attempted_ms;
};
/* One stitch that a batch is about. */
struct stitch_row {
  const char *thread_id;
  const char *stitch_id;
  bool existed;
  uint64_t revision;          /* in which it last changed, before this batch */
  struct stitch_values found; /* where it existed */
  struct stitch_values now;
  bool stands;   /* there is a row, found or made by this batch */
  bool is_ours;  /* what it says was put there by an item of this batch */
  bool is_timed; /* an item with a lastAttempted has moved it */
};
/* By this batch. */
bool stitch_row_changed(const struct stitch_row *row);

/* A mutationId of the batch. */
struct stitch_mutation {
  const char *mutation_id;
  struct db_hash hash;
  bool known;      /* from before, or from an item that is behind */
  bool remembered; /* it was taken by this batch */
};

struct stitch_rows {
  struct stitch_row *rows; /* distinct, by thread and stitch */
  size_t count;
  struct stitch_row **of_item;       /* NULL for an item that cannot be read */
  struct stitch_mutation *mutations; /* distinct, by id */
  size_t mutation_count;
  struct stitch_mutation **mutation_of_item; /* NULL: it has none */
};

/* Everything in the transaction's memory. */
bool stitch_rows_read(struct ledger_tx *tx, uint64_t user_id, const struct stitch_batch *batch,
                      struct error *error, struct stitch_rows *ret_rows) WARN_UNUSED;
/* Rows that differ from what was found, at this revision. */
bool stitch_rows_write(struct ledger_tx *tx, const struct ledger_learner *learner,
                       const struct stitch_rows *rows, struct error *error) WARN_UNUSED;
/* New mutationIds; says whether there were any. */
bool stitch_rows_remember(struct ledger_tx *tx, uint64_t user_id, const struct stitch_rows *rows,
                          struct error *error, bool *ret_any) WARN_UNUSED;

#endif
