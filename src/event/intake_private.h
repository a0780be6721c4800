/* Inside the intake only: a batch on its way through a transaction, and the statements of its rows. */
#ifndef LOCKSTEP_EVENT_INTAKE_PRIVATE_H
#define LOCKSTEP_EVENT_INTAKE_PRIVATE_H

#include "event/intake.h"

/* One event of a batch. */
struct event_item {
  struct event_body *body; /* checked; id is never NULL */
  struct db_hash hash;
  uint32_t position; /* in the batch as it was sent */
  bool refused;      /* before the transaction: its result says why */
  bool waited;       /* its row stands, with outcome EVENT_PENDING */
  bool stands;       /* its row was written, and waits for its result */
};

/* What becomes of a batch with an event that is refused. */
enum event_refusal {
  REFUSAL_IS_A_RESULT,   /* the others are taken */
  REFUSAL_FAILS_ENTRY,   /* a single event: nothing of it is written yet */
  REFUSAL_FAILS_THE_WORK /* an event of somebody else's work, which is undone with it */
};

#define EVENT_RESULT_BYTES ((size_t)1024 * 1024) /* a result as JSON, at most */

/* The events of one ledger entry: its input. */
struct event_batch {
  const struct event_host *host;
  struct event_item *items;
  struct event_result *results; /* one an item; texts in the transaction's memory */
  size_t count;
  enum event_refusal refusal;
  const struct error *failure; /* NULL; or what went wrong, and the only item is kept for later */
  bool is_joined;   /* one event, whose transaction may be another thread's, and so is its memory: */
  const char *text; /* out: the result is this, in the entry's own */
};

extern const struct ledger_kind event_intake_kind;
bool event_all_applied(const struct event_result *results, size_t count);
/* With a prefix, the same for the same place; without one, at random. */
bool event_make_id(const char *prefix, size_t at, struct arena *arena, struct error *error,
                   const char **ret_id) WARN_UNUSED;

/* What is known of an item's id. */
struct event_known {
  bool is_known;
  struct db_hash hash;
  struct event_result result;
};

/* One for each item; an id that stands twice in the batch is unknown until its first was processed. */
bool intake_read_known(struct event_intake *intake, const struct event_batch *batch, struct error *error,
                       struct event_known **ret_known) WARN_UNUSED;
/* An event's row, new; or, where it waited, as it stands from now on. Its result comes later. */
bool intake_write_row(struct event_intake *intake, struct event_item *item, const struct event *event,
                      const struct error *failure, struct error *error) WARN_UNUSED;
/* For as many new rows as may be put off. */
bool intake_make_room(struct event_intake *intake, size_t count, struct error *error) WARN_UNUSED;
/* A new row, whole, which is to be written with the others: as long as no event of the same activity comes,
 * nothing looks for it. */
bool intake_put_off_row(struct event_intake *intake, const struct event *event,
                        const struct event_result *result, struct error *error) WARN_UNUSED;
/* Whether a row of the event's activity was put off. */
bool intake_has_row(const struct event_intake *intake, const struct event *event);
/* Writes what was put off, of all intakes of the transaction. */
bool intake_write_rows(struct event_intake *intakes, size_t count, struct error *error) WARN_UNUSED;
/* The results of the rows that stand. */
bool intake_write_results(struct event_intake *intake, const struct event_batch *batch,
                          struct error *error) WARN_UNUSED;

/* The result of an event that was not taken. Problems by field where the error has some. */
bool intake_reject(const char *event_id, const struct error *why, struct arena *arena, struct error *error,
                   struct event_result *ret_result) WARN_UNUSED;

/* When an event that was tried again so often is tried next; false: somebody has to ask for it. */
bool retry_at(const struct config *config, uint64_t tries, int64_t now_ms, int64_t *ret_ms);
/* A failure as processing_errors keeps it. */
const char *retry_describe(const struct error *failure, int64_t now_ms, struct arena *arena);
/* Has a worker try the learner's waiting events then. Within the transaction that says when. */
bool retry_order(struct event_intake *intake, int64_t due_ms, struct error *error) WARN_UNUSED;

/* One event of the batch through all stages, under the lock: `intake_take` is the whole pipeline. */
void intake_begin(struct ledger_tx *tx, struct ledger_entry *entry, const struct event_host *host,
                  struct event_intake *ret_intake);
bool intake_take(struct event_intake *intake, const struct event_batch *batch,
                 struct error *error) WARN_UNUSED;
/* The database did its part, and refused: what is not its being away, or the request's fault. */
bool intake_is_failure(const struct error *error);

#endif
