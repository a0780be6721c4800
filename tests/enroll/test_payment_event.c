/* Events of the provider, in the shape that it sends, and out of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "enroll/payment_event.h"

#include "base/banned.h"

#define META ",\"metadata\":{\"userId\":\"user_7\",\"courseId\":\"12\",\"campaign\":\"x\"}"
#define SESSION(rest) "{\"id\":\"cs_1\",\"object\":\"checkout.session\",\"livemode\":false" META rest "}"
#define INTENT(rest) "{\"id\":\"pi_1\",\"object\":\"payment_intent\",\"customer\":\"cus_1\"" META rest "}"
#define CHARGE(rest) "{\"id\":\"ch_1\",\"object\":\"charge\",\"payment_intent\":\"pi_1\"" META rest "}"
#define SUBSCRIPTION(rest) \
  "{\"id\":\"sub_1\",\"object\":\"subscription\",\"customer\":\"cus_1\"" META rest "}"
#define MONEY ",\"amount_total\":4900,\"currency\":\"usd\",\"payment_intent\":\"pi_1\",\"subscription\":null"

static struct arena *arena;
static struct payment_event event;

static bool reads(const char *type, const char *object) {
  char *text = arena_printf(arena,
                            "{\"id\":\"evt_1\",\"object\":\"event\",\"api_version\":\"2025-03-31.basil\","
                            "\"created\":1700000000,\"data\":{\"object\":%s},\"livemode\":false,"
                            "\"pending_webhooks\":1,\"request\":{\"id\":null},\"type\":\"%s\"}",
                            object, type);
  struct error error = ERROR_INIT;
  assert_non_null(text);
  memset(&event, 0, sizeof event);
  return payment_event_read(text, strlen(text), arena, &error, &event);
}

static void expect(const char *type, const char *object, enum payment_step step) {
  assert_true(reads(type, object));
  if (event.step != step) fail_msg("%s: step %d, not %d (%s)", type, (int)event.step, (int)step, event.why);
}

static void expect_verdict(const char *type, const char *object, enum payment_outcome verdict) {
  expect(type, object, PAYMENT_STEP_NONE);
  assert_int_equal(event.verdict, verdict);
}

static void test_checkouts(void **state) {
  (void)state;
  const char *completed = "checkout.session.completed";
  expect(completed, SESSION(MONEY ",\"payment_status\":\"paid\""), PAYMENT_STEP_SUCCEEDED);
  assert_string_equal(event.ref, "pi_1");
  assert_int_equal(event.user_id, 7);
  assert_int_equal(event.course_id, 12);
  assert_int_equal(event.amount_cents, 4900);
  assert_string_equal(event.currency, "usd");
  assert_int_equal(event.created_ms, 1700000000000);
  expect(completed, SESSION(MONEY ",\"payment_status\":\"unpaid\""), PAYMENT_STEP_BEGUN);
  expect("checkout.session.async_payment_succeeded", SESSION(MONEY ",\"payment_status\":\"paid\""),
         PAYMENT_STEP_SUCCEEDED);
  expect("checkout.session.async_payment_failed", SESSION(MONEY ",\"payment_status\":\"unpaid\""),
         PAYMENT_STEP_FAILED);
  expect_verdict("checkout.session.async_payment_succeeded", SESSION(MONEY ",\"payment_status\":\"unpaid\""),
                 PAYMENT_IGNORED);
  expect_verdict(completed, SESSION(",\"payment_intent\":null,\"payment_status\":\"no_payment_required\""),
                 PAYMENT_IGNORED);
  expect_verdict(completed, SESSION(",\"payment_intent\":\"pi_1\",\"payment_status\":\"paid\""),
                 PAYMENT_UNREADABLE);
  expect(completed,
         SESSION(",\"payment_intent\":null,\"payment_status\":\"paid\",\"subscription\":\"sub_1\""),
         PAYMENT_STEP_SUBSCRIPTION);
  assert_string_equal(event.ref, "sub_1");
  assert_null(event.subscription_status);
}

static void test_intents_and_charges(void **state) {
  (void)state;
  expect("payment_intent.succeeded", INTENT(",\"amount\":5000,\"amount_received\":4900,\"currency\":\"usd\""),
         PAYMENT_STEP_SUCCEEDED);
  assert_int_equal(event.amount_cents, 4900);
  assert_string_equal(event.customer_ref, "cus_1");
  expect("payment_intent.payment_failed",
         INTENT(",\"amount\":5000,\"amount_received\":0,\"currency\":\"usd\""), PAYMENT_STEP_FAILED);
  assert_int_equal(event.amount_cents, 5000);
  expect_verdict("payment_intent.succeeded", INTENT(",\"amount_received\":1,\"invoice\":\"in_1\""),
                 PAYMENT_IGNORED);
  expect("charge.refunded", CHARGE(",\"amount\":4900,\"amount_refunded\":100,\"refunded\":false"),
         PAYMENT_STEP_REFUNDED);
  assert_int_equal(event.refunded_cents, 100);
  assert_false(event.is_fully_refunded);
  expect("charge.refunded", CHARGE(",\"amount\":4900,\"amount_refunded\":4900,\"refunded\":true"),
         PAYMENT_STEP_REFUNDED);
  assert_true(event.is_fully_refunded);
}

/* Since 2025-03-31.basil intents have no `invoice`; later ones say it among the details of the payment. */
static void test_intents_of_invoices_in_newer_versions(void **state) {
#define BARE(rest) \
  "{\"id\":\"pi_1\",\"object\":\"payment_intent\",\"amount_received\":1,\"currency\":\"usd\",\"metadata\":{" \
  "}" rest "}"
#define OF(reference) ",\"payment_details\":{\"customer_reference\":null,\"order_reference\":" reference "}"
  (void)state;
  expect_verdict("payment_intent.succeeded", BARE(OF("\"in_1Sv\"")), PAYMENT_IGNORED);
  expect_verdict("payment_intent.payment_failed", BARE(OF("\"in_1Sv\"")), PAYMENT_IGNORED);
  expect("payment_intent.succeeded", BARE(OF("\"order 12\"")), PAYMENT_STEP_SUCCEEDED);
  expect("payment_intent.succeeded", BARE(OF("null")), PAYMENT_STEP_SUCCEEDED);
  expect("payment_intent.succeeded", BARE(",\"payment_details\":null"), PAYMENT_STEP_SUCCEEDED);
  /* The shop's own word counts for more. */
  expect("payment_intent.succeeded", INTENT(",\"amount_received\":1,\"currency\":\"usd\"" OF("\"in_1Sv\"")),
         PAYMENT_STEP_SUCCEEDED);
#undef BARE
#undef OF
}

static void test_subscriptions(void **state) {
  (void)state;
  expect("customer.subscription.created", SUBSCRIPTION(",\"status\":\"incomplete\""),
         PAYMENT_STEP_SUBSCRIPTION);
  int64_t created_ms = event.as_of_ms;
  expect("customer.subscription.updated", SUBSCRIPTION(",\"status\":\"active\""), PAYMENT_STEP_SUBSCRIPTION);
  assert_string_equal(event.subscription_status, "active");
  assert_true(event.as_of_ms > created_ms); /* of one second, and yet later */
  expect("customer.subscription.deleted", SUBSCRIPTION(",\"status\":\"canceled\""),
         PAYMENT_STEP_SUBSCRIPTION);
  expect("customer.subscription.paused", SUBSCRIPTION(",\"status\":\"paused\""), PAYMENT_STEP_SUBSCRIPTION);
  expect_verdict("customer.subscription.updated", SUBSCRIPTION(""), PAYMENT_UNREADABLE);
}

static void test_what_is_named(void **state) {
  (void)state;
  static const struct {
    const char *metadata;
    uint64_t user_id;
    uint64_t course_id;
    bool names_user;
    bool names_course;
  } cases[] = {
      {"{}", 0, 0, false, false},
      {"null", 0, 0, false, false},
      {"{\"userId\":\"7\",\"courseId\":\"3\"}", 7, 3, true, true},
      {"{\"userId\":\"\",\"courseId\":\"\"}", 0, 0, true, true},
      {"{\"userId\":\"7 \",\"courseId\":\"3x\"}", 0, 0, true, true},
      {"{\"userId\":\"-7\",\"courseId\":\"-3\"}", 0, 0, true, true},
      {"{\"userId\":\"99999999999999999999999\",\"courseId\":\"9999999999999999999\"}", 0, 0, true, true},
  };
  for (size_t at = 0; at < ARRAY_LENGTH(cases); at++) {
    char *object = arena_printf(arena,
                                "{\"id\":\"pi_1\",\"object\":\"payment_intent\",\"amount_received\":1,"
                                "\"currency\":\"usd\",\"metadata\":%s}",
                                cases[at].metadata);
    expect("payment_intent.succeeded", object, PAYMENT_STEP_SUCCEEDED);
    assert_int_equal(event.user_id, cases[at].user_id);
    assert_int_equal(event.course_id, cases[at].course_id);
    assert_int_equal(event.user_text != NULL, cases[at].names_user);
    assert_int_equal(event.course_text != NULL, cases[at].names_course);
  }
}

static void test_others(void **state) {
  (void)state;
  expect_verdict("invoice.paid", "{\"id\":\"in_1\",\"object\":\"invoice\"}", PAYMENT_IGNORED);
  expect_verdict("checkout.session.expired", SESSION(MONEY), PAYMENT_IGNORED);
  expect_verdict("customer.subscription", SUBSCRIPTION(",\"status\":\"active\""), PAYMENT_IGNORED);
  expect_verdict("invoice.paid", "7", PAYMENT_IGNORED);
  expect_verdict("payment_intent.succeeded", "7", PAYMENT_UNREADABLE);
  expect_verdict("payment_intent.succeeded", CHARGE(",\"amount_received\":1"), PAYMENT_UNREADABLE);
  expect_verdict("payment_intent.succeeded", INTENT(",\"amount_received\":\"4900\",\"currency\":\"usd\""),
                 PAYMENT_UNREADABLE);
  expect_verdict("payment_intent.succeeded",
                 "{\"id\":\"pi_1\",\"object\":\"payment_intent\",\"metadata\":{\"userId\":7}}",
                 PAYMENT_UNREADABLE);
}

static void test_what_is_no_event(void **state) {
  (void)state;
  static const char *const texts[] = {
      "",
      "{}",
      "[]",
      "{\"id\":\"evt_1\",\"type\":\"x\",\"created\":1}",
      "{\"id\":\"evt 1\",\"type\":\"x\",\"created\":1,\"data\":{\"object\":{}}}",
      "{\"id\":\"\",\"type\":\"x\",\"created\":1,\"data\":{\"object\":{}}}",
      "{\"id\":\"evt_1\",\"type\":\"x\",\"created\":\"1\",\"data\":{\"object\":{}}}",
      "{\"id\":\"evt_1\",\"type\":\"x\",\"created\":1,\"data\":{\"object\":{}}} ,",
  };
  for (size_t at = 0; at < ARRAY_LENGTH(texts); at++) {
    struct error error = ERROR_INIT;
    if (payment_event_read(texts[at], strlen(texts[at]), arena, &error, &event))
      fail_msg("%s was taken", texts[at]);
    assert_int_equal(error.code, ERROR_MALFORMED);
  }
}

static int set_up(void **state) {
  (void)state;
  arena = arena_new((size_t)4 << 20);
  return arena == NULL;
}

static int tear_down(void **state) {
  (void)state;
  arena_free(arena);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_checkouts),
      cmocka_unit_test(test_intents_and_charges),
      cmocka_unit_test(test_intents_of_invoices_in_newer_versions),
      cmocka_unit_test(test_subscriptions),
      cmocka_unit_test(test_what_is_named),
      cmocka_unit_test(test_others),
      cmocka_unit_test(test_what_is_no_event),
  };
  return cmocka_run_group_tests_name("payment event", tests, set_up, tear_down);
}
