/* What events add to a payment: the same in every order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "enroll/payment_state.h"

#include "base/banned.h"

#define BEGUN \
  { .step = PAYMENT_STEP_BEGUN, .has_amount = true, .amount_cents = 4900, .currency = "usd" }
#define PAID \
  { .step = PAYMENT_STEP_SUCCEEDED, .has_amount = true, .amount_cents = 4900, .currency = "usd" }
#define FAILED \
  { .step = PAYMENT_STEP_FAILED, .has_amount = true, .amount_cents = 4900, .currency = "usd" }
#define REFUNDED(cents, fully) \
  { \
    .step = PAYMENT_STEP_REFUNDED, .has_amount = true, .amount_cents = 4900, .currency = "usd", \
    .refunded_cents = (cents), .is_fully_refunded = (fully) \
  }
#define EVENTS_MAX 5

struct history {
  struct payment_event events[EVENTS_MAX];
  size_t count;
  enum payment_status status;
  int64_t refunded_cents;
};

static const struct history histories[] = {
    {{BEGUN}, 1, PAYMENT_PENDING, 0},
    {{BEGUN, PAID}, 2, PAYMENT_PAID, 0},
    {{BEGUN, FAILED}, 2, PAYMENT_FAILED, 0},
    {{BEGUN, FAILED, FAILED, PAID}, 4, PAYMENT_PAID, 0},
    {{BEGUN, PAID, REFUNDED(4900, true)}, 3, PAYMENT_REFUNDED, 4900},
    {{PAID, REFUNDED(1000, false), REFUNDED(2000, false)}, 3, PAYMENT_PAID, 2000},
    {{FAILED, PAID, REFUNDED(1000, false), REFUNDED(4900, true)}, 4, PAYMENT_REFUNDED, 4900},
};

static void check_order(const struct history *history, const size_t *order) {
  struct payment_state state = {.status = PAYMENT_PENDING};
  struct payment_state before;
  for (size_t at = 0; at < history->count; at++) {
    payment_state_merge(&state, &history->events[order[at]]);
    before = state;
    payment_state_merge(&state, &history->events[order[at]]);
    assert_true(payment_state_equals(&before, &state)); /* a repetition adds nothing */
  }
  assert_int_equal(state.status, history->status);
  assert_int_equal(state.refunded_cents, history->refunded_cents);
  assert_int_equal(state.amount_cents, 4900);
}

static void permute(const struct history *history, size_t *order, size_t fixed) {
  if (fixed == history->count) check_order(history, order);
  for (size_t at = fixed; at < history->count; at++) {
    size_t kept = order[fixed];
    order[fixed] = order[at];
    order[at] = kept;
    permute(history, order, fixed + 1);
    order[at] = order[fixed];
    order[fixed] = kept;
  }
}

static void test_order_does_not_matter(void **state) {
  (void)state;
  for (size_t at = 0; at < ARRAY_LENGTH(histories); at++) {
    size_t order[EVENTS_MAX] = {0, 1, 2, 3, 4};
    permute(&histories[at], order, 0);
  }
}

static void test_the_price(void **state) {
  (void)state;
  struct payment_state paid = {.has_amount = true, .amount_cents = 4900, .currency = "usd"};
  struct payment_state unknown = {.has_amount = false};
  assert_true(payment_state_fits(&paid, 4900, "usd", false));
  assert_true(payment_state_fits(&paid, 4900, "USD", false));
  assert_false(payment_state_fits(&paid, 4900, "eur", true));
  assert_false(payment_state_fits(&paid, 5000, "usd", false));
  assert_true(payment_state_fits(&paid, 5000, "usd", true));
  assert_false(payment_state_fits(&paid, 4800, "usd", true));
  assert_false(payment_state_fits(&unknown, 0, "usd", true));
  paid.amount_cents = -1;
  assert_false(payment_state_fits(&paid, 4900, "usd", true));
}

/* What brought an enrollment about is settled; before that the latest word on the amount counts. */
static void test_amounts(void **state) {
  (void)state;
  struct payment_event begun = BEGUN;
  struct payment_event paid = PAID;
  struct payment_state payment = {.status = PAYMENT_PENDING};
  begun.amount_cents = 9900;
  payment_state_merge(&payment, &begun);
  assert_int_equal(payment.amount_cents, 9900);
  payment_state_merge(&payment, &paid);
  assert_int_equal(payment.amount_cents, 4900);
  payment_state_merge(&payment, &begun);
  assert_int_equal(payment.amount_cents, 4900);
  payment.is_granted = true;
  paid.amount_cents = 1;
  payment_state_merge(&payment, &paid);
  assert_int_equal(payment.amount_cents, 4900);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_order_does_not_matter),
      cmocka_unit_test(test_the_price),
      cmocka_unit_test(test_amounts),
  };
  return cmocka_run_group_tests_name("payment state", tests, NULL, NULL);
}
