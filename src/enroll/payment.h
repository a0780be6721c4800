/* The events of the payment provider: each is stored once, in the transaction of its effect. Whatever
 * their order and however often they are delivered, a payment comes out the same, and brings at most
 * one enrollment about. What concerns a learner goes through the learner transaction. */
#ifndef LOCKSTEP_ENROLL_PAYMENT_H
#define LOCKSTEP_ENROLL_PAYMENT_H

#include "config/config.h"
#include "enroll/payment_event.h"
#include "ledger/ledger.h"

struct payment_engine {
  struct ledger *ledger;
  const struct payments_config *config;
};

struct payment_report {
  const char *event_id;
  const char *type;
  uint64_t user_id;             /* whose history tells of it; 0: nobody's */
  bool is_duplicate;            /* had been processed before; nothing was done */
  enum payment_outcome outcome; /* of is_duplicate: as it was then */
  const char *why;              /* may be NULL */
};

/* A delivery whose signature was found good. `payload` is NUL-terminated and outlives the call. True
 * only after the commit. ERROR_MALFORMED: it is no event, and nothing was stored; everything else that
 * can be wrong with an event is its outcome. ERROR_UNAVAILABLE: to be delivered again. */
bool payment_take(const struct payment_engine *engine, const char *payload, size_t payload_bytes,
                  struct arena *arena, struct error *error, struct payment_report *ret_report) WARN_UNUSED;

/* Processes a stored event again, in an operation of its own: what was in its way may be gone. `id` is
 * that of webhook_events. ERROR_NOT_FOUND; ERROR_CONFLICT: its learner was deleted, and there is nothing left
 * to process. */
bool payment_replay(const struct payment_engine *engine, uint64_t id, const char *actor, struct arena *arena,
                    struct error *error, struct payment_report *ret_report) WARN_UNUSED;
/* The id of the stored event that the provider calls so. ERROR_NOT_FOUND. */
bool payment_find(struct db *db, const char *event_id, struct arena *arena, struct error *error,
                  uint64_t *ret_id) WARN_UNUSED;

#endif
