#include "enroll/payment_state.h"

#include <string.h>
#include <strings.h>

#include "base/banned.h"

const char *const payment_status_names[] = {"pending", "paid", "failed", "refunded", NULL};

static void merge_amount(struct payment_state *state, const struct payment_event *event) {
  bool is_told = event->step == PAYMENT_STEP_SUCCEEDED && !state->is_granted;
  if (!event->has_amount || (state->has_amount && !is_told)) return;
  state->has_amount = true;
  state->amount_cents = event->amount_cents;
  state->currency = event->currency;
}

void payment_state_merge(struct payment_state *state, const struct payment_event *event) {
  merge_amount(state, event);
  if (event->refunded_cents > state->refunded_cents) state->refunded_cents = event->refunded_cents;
  if (event->step == PAYMENT_STEP_REFUNDED && event->is_fully_refunded)
    state->status = PAYMENT_REFUNDED;
  else if (event->step == PAYMENT_STEP_SUCCEEDED && state->status != PAYMENT_REFUNDED)
    state->status = PAYMENT_PAID;
  else if (event->step == PAYMENT_STEP_FAILED && state->status == PAYMENT_PENDING)
    state->status = PAYMENT_FAILED;
}

bool payment_state_fits(const struct payment_state *state, uint64_t price_cents, const char *currency,
                        bool accepts_discounts) {
  if (!state->has_amount || state->amount_cents < 0 || strcasecmp(state->currency, currency) != 0)
    return false;
  uint64_t paid_cents = (uint64_t)state->amount_cents;
  return paid_cents == price_cents || (accepts_discounts && paid_cents < price_cents);
}

bool payment_state_counts(const struct payment_state *state, bool refund_unenrolls) {
  return state->status == PAYMENT_PAID || (state->status == PAYMENT_REFUNDED && !refund_unenrolls);
}

bool payment_state_lacks(const struct payment_state *state) {
  if (state->is_erased) return state->status == PAYMENT_PAID && !state->is_granted;
  return state->user_id == 0 ||
         (state->course_id == 0 && state->status != PAYMENT_REFUNDED && !state->is_granted);
}

static bool same_currency(const char *left, const char *right) {
  return left == NULL || right == NULL ? left == right : strcasecmp(left, right) == 0;
}

bool payment_state_equals(const struct payment_state *left, const struct payment_state *right) {
  return left->user_id == right->user_id && left->course_id == right->course_id &&
         left->has_amount == right->has_amount && left->amount_cents == right->amount_cents &&
         same_currency(left->currency, right->currency) && left->refunded_cents == right->refunded_cents &&
         left->status == right->status && left->is_mismatch == right->is_mismatch &&
         left->is_granted == right->is_granted && left->is_revoked == right->is_revoked &&
         left->is_erased == right->is_erased;
}
