/* What the files of payments share. Inside this room only. */
#ifndef LOCKSTEP_ENROLL_PAYMENT_PRIVATE_H
#define LOCKSTEP_ENROLL_PAYMENT_PRIVATE_H

#include "enroll/payment.h"

/* Of what was received of somebody who was erased, here and in erase.sql. */
#define PAYMENT_NOTHING_KEPT "{}"
#define PAYMENT_PATIENCE_MS 8000 /* with a database that is busy; then the provider tries again */

/* One event on its way. */
struct payment_task {
  const struct payments_config *config;
  const struct payment_event *event;
  uint64_t replayed_id; /* the row in webhook_events that is processed again; 0: a delivery */

  /* Whom it concerns, as found before anything was locked. */
  uint64_t user_id;  /* whose transaction it is; 0: nobody's */
  uint64_t named_id; /* the learner that the event names; 0: none, or one who is not there */
  uint64_t row_user; /* as the payment's or subscription's row has it; 0: not known yet */
  bool is_gone;      /* a learner is named, but not there */
  bool is_erased;    /* it is a learner's who was deleted: what was received is not kept */

  /* What came of it, in the last try. */
  enum payment_outcome outcome;
  const char *why;
  bool has_moved; /* somebody else has become the owner meanwhile: nothing was done */
  bool waits;     /* the outcome rests on what the payment lacks, which may come */
};

/* Where it is applied: within a learner's transaction, or, where no learner is known, in one of its
 * own (tx and entry NULL). */
struct payment_scene {
  struct db *db;
  struct arena *arena;
  int64_t now_ms;
  struct ledger_tx *tx;
  struct ledger_entry *entry;
};

/* payment_owner.c: fills in whom it concerns. */
bool payment_look_up_owner(const struct payment_engine *engine, struct payment_task *task,
                           struct arena *arena, struct error *error) WARN_UNUSED;

/* payment_run.c: the event with its effect and its record, committed. `op_id` names it in the learner's
 * ledger; ret_replayed: it was found there. ERROR_CONFLICT: the event is stored already. */
bool payment_run(const struct payment_engine *engine, struct payment_task *task, const char *op_id,
                 const char *actor, struct arena *arena, struct error *error, bool *ret_replayed) WARN_UNUSED;

/* For the learner's history; nothing where there is no learner. */
bool payment_report(const struct payment_scene *scene, const struct payment_task *task, const char *what,
                    const char *key, struct error *error) WARN_UNUSED;
/* Between the first look and the lock, somebody may have said whose it is: user_id, as locked. */
bool payment_has_moved(const struct payment_scene *scene, const struct payment_task *task, uint64_t user_id);
/* Whether the event names somebody who is not the owner, user_id (0: nobody yet). */
bool payment_names_another(const struct payment_scene *scene, const struct payment_task *task,
                           uint64_t user_id);
/* False: it is not known whose it is, which is then the outcome. */
bool payment_has_owner(struct payment_task *task, uint64_t user_id);
/* The events of this payment or subscription are the learner's, also those of before. */
bool payment_claim_events(const struct payment_scene *scene, const struct payment_task *task,
                          struct error *error) WARN_UNUSED;
/* Events that waited for what this payment or subscription lacked need wait no longer. */
bool payment_settle_events(const struct payment_scene *scene, const struct payment_task *task,
                           struct error *error) WARN_UNUSED;
/* Locks the payment. */
bool payment_still_waits(const struct payment_scene *scene, const struct payment_task *task,
                         struct error *error, bool *ret_waits) WARN_UNUSED;

/* payment_apply.c, payment_subscription.c: the event's effect, under the lock of the row that it is about.
 * The outcome goes into the task. */
bool payment_apply(const struct payment_scene *scene, struct payment_task *task,
                   struct error *error) WARN_UNUSED;
bool payment_apply_subscription(const struct payment_scene *scene, struct payment_task *task,
                                struct error *error) WARN_UNUSED;
/* payment_subscription.c: what the profile says, from the learner's subscriptions; `customer_ref` (may be
 * NULL) is taken over where the profile has none. */
bool payment_refresh_profile(const struct payment_scene *scene, const struct payment_task *task,
                             const char *customer_ref, struct error *error, bool *ret_changed) WARN_UNUSED;

#endif
