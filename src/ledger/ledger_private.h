/* Shared by the files of this room only. */
#ifndef LOCKSTEP_LEDGER_LEDGER_PRIVATE_H
#define LOCKSTEP_LEDGER_LEDGER_PRIVATE_H

#include <pthread.h>

#include "ledger/ledger.h"

#define LEDGER_BATCHES_MAX 2 /* shared transactions under way at once, of one kind in one process */
#define LEDGER_KINDS_MAX 16  /* kinds that ledger_join may see in one process */
#define LEDGER_MERGES_MAX 4  /* how far merged_into is followed */

/* An entry that waits for company, on its thread's stack. */
struct ledger_waiter {
  struct ledger_entry *entry;
  struct ledger_waiter *next;
  pthread_cond_t woken;
  bool leads; /* its turn to run the next transaction */
  bool runs;  /* one, which may be without its own operation */
  bool done;
  bool held; /* done without it: its thread runs it alone */
  bool ok;
  struct error *error;
};

/* The operations of one kind that wait, in order of arrival. */
struct ledger_queue {
  const struct ledger_kind *kind;
  struct ledger_waiter *first;
  struct ledger_waiter **last;
  size_t under_way;
};

struct ledger {
  struct pool *pool;
  const struct database_config *config;
  struct wake *wake;    /* NULL: nobody is told */
  pthread_mutex_t lock; /* guards the queues */
  struct ledger_queue queues[LEDGER_KINDS_MAX];
};

/* One run of ledger_run. */
struct ledger_tx {
  struct ledger *ledger;
  const struct ledger_kind *kind;
  void *context;
  struct ledger_entry **entries; /* all, by user_id */
  size_t count;
  struct ledger_entry **live; /* those that the work sees */
  size_t live_count;
  bool keeps;          /* what the work wrote is committed, whether a revision moves or not */
  bool skips_held;     /* instead of waiting for a held row: LEDGER_HELD */
  size_t locked_count; /* of entries, the first: those whose learners are locked */
  unsigned merge_steps;
  struct db *db;
  struct arena *arena;
  int64_t now_ms;
  int64_t deadline_ms;
};

/* ledger_run that waits for no row: what it could not lock at once is left as LEDGER_HELD. */
bool ledger_run_free(struct ledger *ledger, const struct ledger_kind *kind, struct ledger_entry **entries,
                     size_t count, struct arena *scratch, struct error *error) WARN_UNUSED;

/* The statements of steps 2, 3 and 5 (ledger_rows.c). */
bool ledger_lock_learners(struct ledger_tx *tx, struct error *error) WARN_UNUSED;
bool ledger_write_rows(struct ledger_tx *tx, struct error *error, size_t *ret_changed) WARN_UNUSED;

/* The row that a history begins with where there were totals before it. True without a row where there were
 * none. */
struct ledger_append_params;
bool ledger_make_opening(struct ledger_tx *tx, const struct ledger_entry *entry, struct error *error,
                         struct ledger_append_params *ret_row, bool *ret_made) WARN_UNUSED;

#endif
