/* What is known of a payment, and what an event adds to it: the same in whatever order the events come,
 * and however often. Pure; no database. */
#ifndef LOCKSTEP_ENROLL_PAYMENT_STATE_H
#define LOCKSTEP_ENROLL_PAYMENT_STATE_H

#include "enroll/payment_event.h"

/* The same order as payment_status_names and as payments.status. */
enum payment_status { PAYMENT_PENDING, PAYMENT_PAID, PAYMENT_FAILED, PAYMENT_REFUNDED };
extern const char *const payment_status_names[];

struct payment_state {
  uint64_t user_id;   /* 0: not known yet */
  uint64_t course_id; /* 0: not known yet */
  bool has_amount;
  int64_t amount_cents;
  const char *currency; /* NULL where has_amount is false */
  int64_t refunded_cents;
  enum payment_status status;
  bool is_mismatch;
  bool is_granted; /* it has brought its enrollment about, whatever became of that since */
  bool is_revoked; /* its refund has taken the enrollment back, or found nothing to take */
  bool is_erased;  /* its learner was deleted, and is not named any more */
};

/* Paid ends what was pending or failed; refunded ends everything; failed ends only what was pending. */
void payment_state_merge(struct payment_state *state, const struct payment_event *event);

/* Whether what was paid is the price: exactly, or less where discounts are accepted. */
bool payment_state_fits(const struct payment_state *state, uint64_t price_cents, const char *currency,
                        bool accepts_discounts);

/* Whether it is one for which a learner is to be enrolled: paid, and not given back; or given back where that
 * takes nothing away, whichever of the two was heard of first. */
bool payment_state_counts(const struct payment_state *state, bool refund_unenrolls);

/* Whether something is missing of it: whose it is, or what for, unless nothing hangs on it any more. Of an
 * erased learner's it is only what the money was for. */
bool payment_state_lacks(const struct payment_state *state);

bool payment_state_equals(const struct payment_state *left, const struct payment_state *right);

#endif
