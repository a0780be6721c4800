/* An event of the payment provider (Stripe), as far as Lockstep understands it. */
#ifndef LOCKSTEP_ENROLL_PAYMENT_EVENT_H
#define LOCKSTEP_ENROLL_PAYMENT_EVENT_H

#include "base/arena.h"
#include "schema/field.h"

#define PAYMENT_EVENT_ID_MAX 72 /* characters: it becomes part of an operation's id */
#define PAYMENT_TYPE_MAX 96
#define PAYMENT_REF_MAX 190

/* What becomes of an event. The same order as payment_outcome_names and as webhook_events.outcome. */
enum payment_outcome {
  PAYMENT_APPLIED,         /* something changed */
  PAYMENT_UNCHANGED,       /* all of it was known */
  PAYMENT_IGNORED,         /* nothing that Lockstep keeps */
  PAYMENT_MISMATCH,        /* amount, currency, learner or course are not what they should be */
  PAYMENT_UNASSIGNED,      /* nobody has said yet whose it is; kept until an event does */
  PAYMENT_UNKNOWN_LEARNER, /* the learner that it names is not there */
  PAYMENT_UNKNOWN_COURSE,
  PAYMENT_UNREADABLE /* signed, but not in the shape of its type */
};
extern const char *const payment_outcome_names[];
/* False: it waits for somebody. */
bool payment_outcome_is_final(enum payment_outcome outcome);

/* What an event says of its payment or subscription. */
enum payment_step {
  PAYMENT_STEP_NONE,  /* `verdict` says why: ignored or unreadable */
  PAYMENT_STEP_BEGUN, /* ordered, not paid yet */
  PAYMENT_STEP_SUCCEEDED,
  PAYMENT_STEP_FAILED,
  PAYMENT_STEP_REFUNDED,     /* in part or in full */
  PAYMENT_STEP_SUBSCRIPTION, /* a subscription's state, or whose it is */
};

struct payment_event {
  const char *id;
  const char *type;
  int64_t created_ms;
  const char *payload; /* as received */
  enum payment_step step;
  enum payment_outcome verdict; /* PAYMENT_STEP_NONE only */
  const char *why;              /* what the verdict rests on; may be NULL */

  const char *ref;       /* of the payment intent, or of the subscription */
  const char *user_text; /* metadata.userId and courseId as they stand; NULL: not there */
  uint64_t user_id;      /* 0: not there, or no id */
  const char *course_text;
  uint64_t course_id;
  const char *customer_ref; /* may be NULL */
  bool has_amount;
  int64_t amount_cents;
  const char *currency; /* three letters; NULL: not said */
  int64_t refunded_cents;
  bool is_fully_refunded;
  const char *subscription_status; /* NULL: only whose it is */
  int64_t as_of_ms; /* when the subscription's state came about; within a second, in order of state */
};

/* `payload` is NUL-terminated. False, ERROR_MALFORMED: it is no event at all. An event that is not in
 * the shape of its type is one all the same, with the verdict PAYMENT_UNREADABLE. */
bool payment_event_read(const char *payload, size_t payload_bytes, struct arena *arena, struct error *error,
                        struct payment_event *ret_event) WARN_UNUSED;

#endif
