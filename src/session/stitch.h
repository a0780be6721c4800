/* How far a learner is with the stitches of the threads (document 004). One domain function takes what
 * clients say of it: POST /api/progress/bulk-sync a batch of items, POST /api/progress/update a batch of one.
 *
 * What becomes of an item, decided in the order of the batch, each item against the row as those before it
 * left it:
 *
 *  1 it cannot be read (a field missing or wrong): rejected; its neighbours are not touched.
 *
 *  2 its mutationId is known for this learner, from before or from earlier in the batch. With the same
 *    content: duplicate, whatever has happened since, and however old it is by now. With other content:
 *    rejected.
 *
 *  3 its lastAttempted lies in the future (by more than PRACTICE_CLOCK_SKEW_MS) or is older than
 *    offline.max_age_days: rejected.
 *
 *  4 there is no row of the stitch: applied.
 *
 *  5 it is newer than the row: it has no lastAttempted (then it was attempted now), or a later one than the
 *    row; or an item earlier in the batch put the same lastAttempted there (the later one wins). All of it is
 *    taken. If that changes the row: applied; else duplicate. An item without lastAttempted that says
 *    what the row says moves nothing, not the row's lastAttempted either: it cannot be told from a repeat.
 *
 *  6 it is not newer: of its content only the completion counts, which is taken whatever its age, for
 *    completion never goes back and is never lost. If that completes the stitch: applied. Otherwise, when it
 *    differs from the row in orderNumber, skipNumber or distractorLevel, and what the row says was put there
 *    after baseRevision, and not by this batch: conflict. Otherwise duplicate: what the server has is the
 *    same, or newer than what the client made it from. Without baseRevision nothing is in conflict.
 *
 * A conflict never overwrites anything, but its completion counts as well (it then still is a conflict). When
 * the items of a stitch, none of which has a lastAttempted, leave its row as they found it, they are
 * duplicates: so a whole batch that is sent again changes nothing.
 *
 * Completion goes back by no item: one without isCompleted leaves the row completed, and does not differ from
 * it by that.
 *
 * The mutationIds of applied and duplicate items are remembered until no client may bring such an item any
 * more (retention: offline.max_age_days and RETENTION_LEDGER_MARGIN_DAYS); those of rejected and conflicting
 * ones are not, for they may come again, corrected. What was rejected in a bulk sync is kept for an
 * administrator (reject.h).
 *
 * Nothing changed → no revision moves and no row is written, but for new mutationIds and new rejects, which
 * are no change of the learner's. All of it happens under the learner's lock, in one transaction: two devices
 * that sync at once come one after the other. A whole call that comes again with its Idempotency-Key is
 * answered by the ledger; one that changed nothing is not known there, and is taken as if it were new. */
#ifndef LOCKSTEP_SESSION_STITCH_H
#define LOCKSTEP_SESSION_STITCH_H

#include "config/config.h"
#include "ledger/ledger.h"

#define STITCH_ITEMS_MAX 10000 /* of one batch */
#define STITCH_ID_CHARACTERS 190
#define STITCH_LEVEL_CHARACTERS 32
#define STITCH_MUTATION_CHARACTERS 64
/* Threads that one batch's entry in the history names; the others are summed up. */
#define STITCH_HISTORY_THREADS 20

/* An item as the client sent it. */
struct stitch_item {
  const char *mutation_id; /* NULL: none */
  const char *thread_id;
  const char *stitch_id;
  int64_t order_number;
  int64_t skip_number;
  const char *distractor_level;
  bool is_completed;
  int64_t last_attempted_ms;
  enum presence last_attempted_given; /* PRESENCE_NULL is as good as PRESENCE_ABSENT */
  const char *complaint;              /* bulk only: why it cannot be read; NULL: it can */
  const char *raw;                    /* bulk only: as it came */
};
extern const struct schema stitch_item_schema; /* complaints are collected by item */
extern const struct schema stitch_update_schema;

/* What became of an item. As letters these are also what the ledger keeps of a batch's reply. */
enum stitch_outcome {
  STITCH_APPLIED = 'a',
  STITCH_SAME = 's',  /* duplicate: the row says so already */
  STITCH_OLDER = 'o', /* duplicate: the row is newer */
  STITCH_KNOWN = 'k', /* duplicate: its mutationId was there before */
  STITCH_CONFLICT = 'c',
  STITCH_UNREADABLE = 'u', /* rejected, and so are those that follow */
  STITCH_FUTURE = 'f',
  STITCH_PAST = 'p',
  STITCH_REUSED = 'r' /* its mutationId was there before, with other content */
};
bool stitch_is_synced(enum stitch_outcome outcome);   /* applied or duplicate */
bool stitch_is_rejected(enum stitch_outcome outcome); /* for the administrator to see */
/* "applied", "duplicate", "conflict", "rejected". */
const char *stitch_status(enum stitch_outcome outcome);
/* Why, as a sentence; NULL: there is nothing to say. In the arena, or a literal; NULL also when there is no
 * memory. */
const char *stitch_reason(const struct stitch_item *item, enum stitch_outcome outcome,
                          const struct offline_config *config, struct arena *arena);

/* entry->input, of both kinds. An update is a batch of one; what would be rejected fails it (422), and is not
 * kept, for its client is told at once. */
struct stitch_batch {
  const struct stitch_item *items;
  size_t count;
  uint64_t base_revision;
  bool has_base;
  const struct offline_config *config;
};

/* entry->reply, of both kinds: all that the ledger keeps of a reply, and all that is needed, with the
 * request, to make the same reply again. A letter for each item, `7a` for seven of them; bounded by the
 * items. */
struct stitch_record {
  const char *outcomes;
  uint64_t revision; /* the learner's, afterwards */
};
extern const struct schema stitch_record_schema;

extern const struct ledger_kind stitch_update_kind;
extern const struct ledger_kind stitch_bulk_kind;

/* The outcomes of `count` items out of a record, in the arena. */
bool stitch_read_outcomes(const struct stitch_record *record, size_t count, struct arena *arena,
                          struct error *error, enum stitch_outcome **ret_outcomes) WARN_UNUSED;

/* Digest of an item's content: all but its mutationId. `scratch` is anybody's buffer, for many in a row. */
bool stitch_hash_item(const struct stitch_item *item, struct buffer *scratch, struct error *error,
                      struct db_hash *ret_hash) WARN_UNUSED;
/* Digest of a batch for its operation's id. What could not be read counts as it came. */
bool stitch_hash_batch(const struct stitch_batch *batch, struct error *error,
                       struct db_hash *ret_hash) WARN_UNUSED;

#endif
