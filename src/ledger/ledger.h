/* The learner transaction: the one write path. Everything that changes learners' data goes through
 * ledger_run (docs/architecture.md, "One write path").
 *
 *   1 a pooled connection, READ COMMITTED
 *   2 each learner's row and next revision, in ascending id: the row lock orders a learner's writes
 *   3 the operation's id, looked up under that lock: known with the same hash → the stored reply;
 *     another hash → ERROR_UNPROCESSABLE
 *   4 the domain's work, which reports its changes; no change → roll back, the revision stays
 *   5 the one ledger row a learner: revision, operation, actor, changes, reply
 *   6 commit; on a transient error the whole again with jitter, under one deadline for all tries
 *   7 after the commit, a datagram to lockstep-live (a hint, may be lost) */
#ifndef LOCKSTEP_LEDGER_LEDGER_H
#define LOCKSTEP_LEDGER_LEDGER_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/zone.h"
#include "db/pool.h"
#include "schema/field.h"

#define LEDGER_LEARNERS_MAX 1000
#define LEDGER_CHANGES_MAX 10000 /* of one transaction; more is ERROR_INTERNAL */
#define LEDGER_OP_ID_BYTES 96    /* longest operation id, without its NUL */

/* A learner as locked: read after the lock, so nothing else can move it until the end. */
struct ledger_learner {
  uint64_t user_id;  /* after merged_into was followed */
  uint64_t revision; /* the one this transaction will have */
  const char *time_zone;
  int64_t tokens;
  int64_t questions_answered;
  int64_t correct_answers;
  bool is_anonymous;
};

/* One operation: who wants what. */
struct ledger_operation {
  const uint64_t *user_ids; /* any order, no duplicates; sorted inside */
  size_t user_count;
  const char *op_id; /* the client's, already prefixed with its kind ("answer:…"); NULL: made here */
  struct db_hash request_hash; /* of the operation's content; see ledger_hash */
  const char *actor;           /* "user_7", "service_3", "rule:user_totals_match_modules", "lockstepctl" */
  const char *kind;            /* "answer", "profile", "repair": a word administrators read */
  const struct schema *reply_schema; /* of `reply`; NULL: nothing to store */
  const void *reply;                 /* filled by the work; encoded before the commit, stored with the row */
};

struct ledger_tx; /* handed to the work */

/* The domain's code. Runs once a try, with a rewound arena: it must derive everything from the
 * database and its context, and keep nothing from a try before. False: roll back with this error. */
typedef bool (*ledger_work)(struct ledger_tx *tx, void *context, struct error *error);

struct db *ledger_db(struct ledger_tx *tx);
struct arena *ledger_arena(struct ledger_tx *tx);
int64_t ledger_now_ms(const struct ledger_tx *tx); /* one moment for the whole operation, over all tries */
/* The learner with the at-th smallest id; `at` < ledger_learner_count. */
const struct ledger_learner *ledger_learner(const struct ledger_tx *tx, size_t at);
size_t ledger_learner_count(const struct ledger_tx *tx);

/* Reports that `what` of a learner moved. by: how far (0 where that has no meaning); because: what
 * caused it ("exercise ex_7"), may be NULL. "total" names one of tokens, questions, correct,
 * or NULL: GET /api/progress/history?total= adds these up. */
struct ledger_change {
  const char *what; /* "tokens", "module math", "display_name" */
  const char *total;
  int64_t by;
  const char *because;
};
bool ledger_report(struct ledger_tx *tx, size_t learner_at, const struct ledger_change *change,
                   struct error *error) WARN_UNUSED;

struct ledger_outcome {
  bool replayed;     /* the reply is the stored one, nothing was done now */
  bool changed;      /* a revision was written now */
  uint64_t revision; /* of the first learner: the new one, or the one it has */
  const char *reply; /* JSON text in the arena: stored or just encoded; NULL without reply_schema */
};

/* Errors, besides the work's: ERROR_UNAUTHENTICATED when the (only) learner is gone (deleted or
 * never there; with several, ERROR_NOT_FOUND), ERROR_UNPROCESSABLE for a reused op_id,
 * ERROR_UNAVAILABLE when the tries used up their time. */
bool ledger_run(struct pool *pool, const struct database_config *config,
                const struct ledger_operation *operation, ledger_work work, void *context,
                struct arena *arena, struct error *error, struct ledger_outcome *ret_outcome) WARN_UNUSED;

/* Digest of an operation's content: its kind and the decoded body, encoded canonically, so that
 * white space, key order and unknown keys do not matter. */
bool ledger_hash(const char *kind, const struct schema *schema, const void *body, struct error *error,
                 struct db_hash *ret_hash) WARN_UNUSED;

#endif
