/* The learner transaction: the one write path. Everything that changes learners' data goes through
 * ledger_run or ledger_join (docs/architecture.md, "One write path").
 *
 *   1 a pooled connection, READ COMMITTED
 *   2 each learner's row, locked in ascending id, and the revision it will have: the lock orders a
 *     learner's writes
 *   3 each operation's id, looked up under that lock: known with the same hash → its stored reply;
 *     with another hash → ERROR_UNPROCESSABLE for that entry
 *   4 the domain's work, once for all entries that are left; it reports what it changes
 *   5 for the entries that changed something: revision and totals into the learner's row, and the
 *     one ledger row with revision, operation, actor, changes, reply. Nothing changed at all → roll
 *     back, no revision moves (ledger_keep: nothing changed, but commit)
 *   6 commit; on a transient error the whole again with jitter, under one deadline for all tries.
 *     A COMMIT whose outcome was lost needs nothing more: step 2's lock waits for it to end, and
 *     step 3 then knows.
 *   7 after the commit, and only then, lockstep-live is woken; a hint, which may be lost
 *
 * A transaction carries one or many entries, each one operation of one learner. Entries succeed and
 * fail one by one; only what touches all of them (the database) fails the whole. */
#ifndef LOCKSTEP_LEDGER_LEDGER_H
#define LOCKSTEP_LEDGER_LEDGER_H

#include "base/arena.h"
#include "base/buffer.h"
#include "db/pool.h"
#include "schema/field.h"

#define LEDGER_ENTRIES_MAX 2000  /* of one transaction */
#define LEDGER_CHANGES_MAX 10000 /* of one entry */
#define LEDGER_OP_ID_BYTES 96    /* longest operation id, without its NUL */
#define LEDGER_JOIN_MAX \
  16 /* operations that ledger_join puts in one transaction: DB_ROWS_MAX, so that each statement runs once \
      */

/* The kind of an entry that stands for several older ones, which prune_fold made one. */
#define LEDGER_KIND_FOLDED "folded"

struct ledger; /* of one worker process; thread-safe */
struct ledger_tx;

/* A learner as locked. The work changes the totals and the document here; step 5 writes them. */
struct ledger_learner {
  uint64_t user_id;  /* after merged_into was followed */
  uint64_t revision; /* the one this entry will have if it changes something */
  const char *time_zone;
  bool is_anonymous;
  int64_t tokens;
  int64_t questions_answered;
  int64_t correct_answers;
  const char *document; /* hidden_grade_asset, NULL when there is none */
  bool totals_moved;    /* set by the work: the three totals and the document are to be written */
};

/* What a change says in the learner's history. */
struct ledger_change {
  const char *what;    /* "tokens", "module", "displayName" */
  const char *key;     /* which one, "math"; NULL where there is only one */
  int64_t by;          /* how far; 0 where that has no meaning */
  const char *because; /* "exercise ex_7"; may be NULL */
};

enum ledger_state {
  LEDGER_PENDING,
  LEDGER_CHANGED,   /* committed now, with a revision and a ledger row of its own */
  LEDGER_UNCHANGED, /* there was nothing to do; no revision, nothing stored */
  LEDGER_REPLAYED,  /* done before under this op_id; reply_text is the stored one */
  LEDGER_FAILED,    /* error says why; nothing of this entry was written */
  LEDGER_HELD       /* within ledger_join only: somebody holds the learner's row, to be run alone */
};

/* One operation of one learner. The caller fills the first part and owns everything. */
struct ledger_entry {
  uint64_t user_id;
  const char *op_id;           /* the client's, prefixed with its kind ("answer:…"); NULL: one is made */
  struct db_hash request_hash; /* of the operation's content, see ledger_hash */
  const char *actor;           /* "user_7", "service_3", "lockstepctl" */
  void *input;                 /* the domain's, for the work */
  const struct schema *reply_schema; /* of *reply; NULL: no reply is stored */
  void *reply;         /* filled by the work (zeroed before every try), encoded and stored with the row;
                          its texts live in the transaction's memory: answer with reply_text */
  struct arena *arena; /* for what outlives the transaction: reply_text */

  /* Under the lock, for the work. */
  struct ledger_learner learner;

  /* Afterwards. */
  enum ledger_state state;
  uint64_t revision;      /* the learner's: the new one, or the one it stays at */
  const char *reply_text; /* JSON, NULL without reply_schema */
  struct error error;
  int64_t db_ns; /* waited for the server, in all tries, together with whoever shared them */

  /* The ledger's own. */
  char own_op_id[40];
  bool opens_history;     /* the learner has no entry yet: totals that are there already come first */
  int64_t opening_tokens; /* the totals as locked */
  int64_t opening_questions;
  int64_t opening_correct;
  struct ledger_change *changes;
  size_t change_count;
  size_t change_capacity;
};

/* The domain's code, called once a try for all entries that are left, in ascending id. It must
 * derive everything from the database and the inputs, and keep nothing from a try before. An entry
 * that breaks a rule: ledger_fail, before anything is written for it. False: roll back everything. */
typedef bool (*ledger_work)(struct ledger_tx *tx, struct error *error);

/* A kind of operation. const, one a domain function. */
struct ledger_kind {
  const char *name; /* "answer", "profile": a word that administrators read in the history */
  ledger_work work;
};

bool ledger_new(struct pool *pool, const struct database_config *config, struct error *error,
                struct ledger **ret_ledger) WARN_UNUSED;
void ledger_free(struct ledger *ledger);
/* From now on it tells `wake` (ledger/wake.h) of every learner whose change is committed. Borrowed; before
 * the first transaction. */
struct wake;
void ledger_set_wake(struct ledger *ledger, struct wake *wake);
/* For reads outside a transaction of the ledger. */
struct pool *ledger_pool(struct ledger *ledger);

/* For the work. */
struct db *ledger_db(struct ledger_tx *tx);
struct arena *ledger_arena(struct ledger_tx *tx);  /* rewound before every try */
int64_t ledger_now_ms(const struct ledger_tx *tx); /* one moment for the operation, over all tries */
void *ledger_context(struct ledger_tx *tx);
size_t ledger_count(const struct ledger_tx *tx);
struct ledger_entry *ledger_at(struct ledger_tx *tx, size_t at);
bool ledger_report(struct ledger_tx *tx, struct ledger_entry *entry, const struct ledger_change *change,
                   struct error *error) WARN_UNUSED;
/* The work has written something that is no change of the learner's, and that is to stay even where no
 * revision moves: what was refused and why, the id of an item that changed nothing. */
void ledger_keep(struct ledger_tx *tx);
/* entry->error is set already. */
void ledger_fail(struct ledger_entry *entry);
/* Two learners become one: moves the whole history of `from` behind that of `into`, both entries of this
 * transaction. Revision r of `from` becomes *ret_shift + r of `into`, whose own entry of this transaction
 * comes last, one further than it would have to: a cursor of either learner finds a gap in front of it,
 * and so learns that everything is to be read anew. An operation that both know with the same content
 * was one: `from` loses its entry, and what it had brought about is the caller's to take back beforehand.
 * An id that they used for different things stays with `into`. The work reports a change for both. */
bool ledger_merge(struct ledger_tx *tx, struct ledger_entry *from, struct ledger_entry *into,
                  struct error *error, uint64_t *ret_shift) WARN_UNUSED;

/* Runs all entries in one transaction. user_ids are distinct; `entries` gets sorted. False: nothing
 * was committed for any of them. True: each has its state. ERROR_UNAUTHENTICATED in an entry: the
 * learner is gone. `scratch` is the transaction's memory. */
bool ledger_run(struct ledger *ledger, const struct ledger_kind *kind, struct ledger_entry **entries,
                size_t count, void *context, struct arena *scratch, struct error *error) WARN_UNUSED;

/* One entry alone; false with its own error when it failed. */
bool ledger_run_one(struct ledger *ledger, const struct ledger_kind *kind, struct ledger_entry *entry,
                    void *context, struct arena *scratch, struct error *error) WARN_UNUSED;

/* One entry, in one transaction with the same kind's entries of other threads that wait at this
 * moment. Nobody waits for company: who finds no transaction of the kind under way starts one, who
 * finds one queues for the next. An entry that would spoil a shared transaction is run alone, and so
 * is one whose learner's row is held at this moment: it waits for the row on its own thread. */
bool ledger_join(struct ledger *ledger, const struct ledger_kind *kind, struct ledger_entry *entry,
                 struct arena *scratch, struct error *error) WARN_UNUSED;

/* Digest of an operation's content: its kind and the decoded body, encoded canonically, so that
 * white space, key order and unknown keys do not matter. */
bool ledger_hash(const char *kind, const struct schema *schema, const void *body, struct error *error,
                 struct db_hash *ret_hash) WARN_UNUSED;

#endif
