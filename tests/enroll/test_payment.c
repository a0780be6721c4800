/* Events of the provider on a real server: what they bring about, once, in whatever order they come. */
#include <pthread.h>

#include "../job/guard_fixture.h"

#include "enroll/payment_private.h"

#include "base/banned.h"

#define THREADS 8
#define LOCKED_MS 300

static struct payments_config config;
static struct payment_engine engine;
static unsigned event_number;
static struct payment_report report;

/* Learners 1 and 2, learner 3 who became 1, learner 4 who is deleted; courses 12 (49.00 usd) and 13. */
static int setup(void **state) {
  static const char *const sql[] = {
      "DELETE FROM webhook_events",
      "DELETE FROM payments",
      "DELETE FROM subscriptions",
      "DELETE FROM ledger",
      "DELETE FROM users",
      "DELETE FROM courses",
      "INSERT INTO users (id, merged_into, deleted_at)"
      " VALUES (1, NULL, NULL), (2, NULL, NULL), (3, 1, NULL), (4, NULL, UTC_TIMESTAMP())",
      "INSERT INTO courses (id, title, status, price_cents, currency)"
      " VALUES (12, 'C', 'Published', 4900, 'usd'), (13, 'D', 'published', 1000, 'eur')"};
  (void)state;
  error_clear(&fixture.error);
  arena_reset(fixture.arena);
  for (size_t at = 0; at < ARRAY_LENGTH(sql); at++)
    run(sql[at]);
  config = (struct payments_config){.refund_policy = REFUND_KEEP};
  engine = (struct payment_engine){.ledger = ledger, .config = &config};
  event_number = 0;
  return 0;
}

/* --- Events --------------------------------------------------------------------------------------- */

#define META(user, course) "\"metadata\":{\"userId\":\"" user "\",\"courseId\":\"" course "\"}"
#define FOR_1 META("1", "12")
#define NO_META "\"metadata\":{}"

static const char *event_text(const char *type, const char *object, int64_t created_s) {
  char *text = arena_printf(
      fixture.arena,
      "{\"id\":\"evt_%u\",\"object\":\"event\",\"created\":%lld,\"data\":{\"object\":%s},\"type\":\"%s\"}",
      ++event_number, (long long)created_s, object, type);
  assert_non_null(text);
  return text;
}

static const char *session(const char *payment_status, const char *meta) {
  return event_text("checkout.session.completed",
                    arena_printf(fixture.arena,
                                 "{\"id\":\"cs_1\",\"object\":\"checkout.session\",\"amount_total\":4900,"
                                 "\"currency\":\"usd\",\"customer\":null,\"mode\":\"payment\","
                                 "\"payment_intent\":\"pi_1\",\"payment_status\":\"%s\",%s}",
                                 payment_status, meta),
                    1700000000);
}

static const char *intent_of(const char *ref, const char *type, int64_t amount, const char *meta) {
  return event_text(type,
                    arena_printf(fixture.arena,
                                 "{\"id\":\"%s\",\"object\":\"payment_intent\",\"amount\":%lld,"
                                 "\"amount_received\":%lld,\"currency\":\"usd\",%s}",
                                 ref, (long long)amount, (long long)amount, meta),
                    1700000001);
}

static const char *paid(const char *meta) {
  return intent_of("pi_1", "payment_intent.succeeded", 4900, meta);
}
static const char *failed(const char *meta) {
  return intent_of("pi_1", "payment_intent.payment_failed", 4900, meta);
}

static const char *refund(int64_t cents, const char *meta) {
  return event_text(
      "charge.refunded",
      arena_printf(fixture.arena,
                   "{\"id\":\"ch_1\",\"object\":\"charge\",\"amount\":4900,\"amount_refunded\":%lld,"
                   "\"refunded\":%s,\"currency\":\"usd\",\"payment_intent\":\"pi_1\",%s}",
                   (long long)cents, cents == 4900 ? "true" : "false", meta),
      1700000002);
}

static const char *subscription(const char *ref, const char *type, const char *status, int64_t created_s,
                                const char *meta) {
  return event_text(arena_printf(fixture.arena, "customer.subscription.%s", type),
                    arena_printf(fixture.arena,
                                 "{\"id\":\"%s\",\"object\":\"subscription\",\"customer\":\"cus_1\","
                                 "\"status\":\"%s\",%s}",
                                 ref, status, meta),
                    created_s);
}

static bool take(const char *text) {
  error_clear(&fixture.error);
  return payment_take(&engine, text, strlen(text), fixture.arena, &fixture.error, &report);
}

static void expect(const char *text, enum payment_outcome outcome) {
  assert_done(&fixture, take(text));
  if (report.outcome != outcome)
    fail_msg("%s: %s, not %s (%s)", text, payment_outcome_names[report.outcome],
             payment_outcome_names[outcome], report.why == NULL ? "" : report.why);
}

static void replay(const char *event_id, enum payment_outcome outcome) {
  uint64_t id;
  assert_done(&fixture, payment_find(fixture.db, event_id, fixture.arena, &fixture.error, &id));
  db_rollback(fixture.db);
  assert_done(&fixture, payment_replay(&engine, id, "test", fixture.arena, &fixture.error, &report));
  assert_int_equal(report.outcome, outcome);
}

#define PAYMENT \
  "SELECT CONCAT_WS(' ', status, COALESCE(user_id, '-'), COALESCE(course_id, '-'), mismatch," \
  " granted_at IS NOT NULL, revoked_at IS NOT NULL) FROM payments WHERE provider_ref = 'pi_1'"
#define ENROLLED "SELECT CONCAT(status, ' ', source) FROM enrollments WHERE user_id = 1 AND course_id = 12"
#define BOTH \
  "SELECT (SELECT COUNT(*) FROM enrollments WHERE status <> 'cancelled') * 10 +" \
  " (SELECT COUNT(*) FROM student_progress)"
#define OUTCOMES "SELECT GROUP_CONCAT(outcome ORDER BY id) FROM webhook_events"

/* --- Payments ------------------------------------------------------------------------------------- */

static void test_a_payment_enrols_in_both_tables(void **state) {
  (void)state;
  expect(session("paid", FOR_1), PAYMENT_APPLIED);
  assert_answer(PAYMENT, "paid 1 12 0 1 0");
  assert_answer(ENROLLED, "active payment");
  assert_answer(BOTH, "11");
  assert_answer("SELECT CONCAT_WS(' ', event_id, type, subject, user_id, processed_at IS NOT NULL)"
                " FROM webhook_events",
                "evt_1 checkout.session.completed pi_1 1 1");
  assert_answer("SELECT op_id FROM ledger", "stripe:evt_1");
}

static void test_every_further_event_changes_nothing(void **state) {
  (void)state;
  const char *first = session("paid", FOR_1);
  expect(first, PAYMENT_APPLIED);
  expect(paid(FOR_1), PAYMENT_UNCHANGED);
  expect(failed(FOR_1), PAYMENT_UNCHANGED);
  expect(session("unpaid", FOR_1), PAYMENT_UNCHANGED);
  expect(first, PAYMENT_APPLIED);
  assert_true(report.is_duplicate);
  assert_answer(PAYMENT, "paid 1 12 0 1 0");
  assert_answer("SELECT revision FROM users WHERE id = 1", "1");
  assert_answer(OUTCOMES, "applied,unchanged,unchanged,unchanged");
}

static void test_unpaid_enrols_nobody(void **state) {
  (void)state;
  expect(session("unpaid", FOR_1), PAYMENT_APPLIED);
  assert_answer(PAYMENT, "pending 1 12 0 0 0");
  expect(failed(FOR_1), PAYMENT_APPLIED);
  assert_answer(PAYMENT, "failed 1 12 0 0 0");
  assert_answer(BOTH, "0");
  expect(paid(FOR_1), PAYMENT_APPLIED);
  assert_answer(BOTH, "11");
}

static void test_an_event_without_names_waits_for_one_with(void **state) {
  (void)state;
  expect(paid(NO_META), PAYMENT_UNASSIGNED);
  assert_answer(PAYMENT, "paid - - 0 0 0");
  assert_answer("SELECT processed_at IS NULL FROM webhook_events", "1");
  expect(session("unpaid", FOR_1), PAYMENT_APPLIED);
  assert_answer(PAYMENT, "paid 1 12 0 1 0");
  assert_answer(BOTH, "11");
  assert_answer(OUTCOMES, "applied,applied");
  assert_answer("SELECT COUNT(*) FROM webhook_events WHERE processed_at IS NULL", "0");
}

static void test_a_refund_before_the_success_stays(void **state) {
  (void)state;
  config.refund_policy = REFUND_UNENROLL;
  expect(refund(4900, NO_META), PAYMENT_UNASSIGNED);
  expect(session("paid", FOR_1), PAYMENT_APPLIED);
  assert_answer(PAYMENT, "refunded 1 12 0 0 0");
  expect(paid(FOR_1), PAYMENT_UNCHANGED);
  assert_answer(BOTH, "0");
}

static void test_a_refund_that_keeps_does_so_in_any_order(void **state) {
  (void)state;
  expect(refund(4900, NO_META), PAYMENT_UNASSIGNED);
  expect(session("paid", FOR_1), PAYMENT_APPLIED);
  assert_answer(PAYMENT, "refunded 1 12 0 1 0");
  assert_answer(BOTH, "11");
  assert_answer(OUTCOMES, "applied,applied");
}

static void test_refunds_by_policy(void **state) {
  (void)state;
  expect(paid(FOR_1), PAYMENT_APPLIED);
  expect(refund(4900, FOR_1), PAYMENT_APPLIED);
  assert_answer(PAYMENT, "refunded 1 12 0 1 0");
  assert_answer(ENROLLED, "active payment");
  config.refund_policy = REFUND_UNENROLL;
  replay("evt_2", PAYMENT_APPLIED);
  assert_answer(PAYMENT, "refunded 1 12 0 1 1");
  assert_answer(ENROLLED, "cancelled payment");
  assert_answer(BOTH, "0");
  run("UPDATE enrollments SET status = 'active'"); /* given back by somebody: once is enough */
  replay("evt_2", PAYMENT_UNCHANGED);
  assert_answer(ENROLLED, "active payment");
}

static void test_a_refund_leaves_what_was_given_as_well(void **state) {
  (void)state;
  config.refund_policy = REFUND_UNENROLL;
  expect(paid(FOR_1), PAYMENT_APPLIED);
  run("UPDATE enrollments SET source = 'admin'"); /* as enroll_grant does for an administrator */
  expect(refund(4900, FOR_1), PAYMENT_APPLIED);
  assert_answer(PAYMENT, "refunded 1 12 0 1 1");
  assert_answer(ENROLLED, "active admin");
}

static void test_a_refund_in_part_keeps(void **state) {
  (void)state;
  config.refund_policy = REFUND_UNENROLL;
  expect(paid(FOR_1), PAYMENT_APPLIED);
  expect(refund(1000, FOR_1), PAYMENT_APPLIED);
  assert_answer(PAYMENT, "paid 1 12 0 1 0");
  assert_answer("SELECT refunded_cents FROM payments", "1000");
  assert_answer(BOTH, "11");
}

static void test_a_refund_takes_only_its_own(void **state) {
  (void)state;
  config.refund_policy = REFUND_UNENROLL;
  expect(paid(FOR_1), PAYMENT_APPLIED);
  expect(intent_of("pi_2", "payment_intent.succeeded", 4900, FOR_1), PAYMENT_APPLIED);
  expect(refund(4900, FOR_1), PAYMENT_APPLIED);
  assert_answer(ENROLLED, "active payment"); /* pi_2 pays for it */
  run("UPDATE enrollments SET source = 'admin'");
  run("UPDATE payments SET revoked_at = NULL WHERE provider_ref = 'pi_1'");
  run("UPDATE payments SET status = 'failed' WHERE provider_ref = 'pi_2'");
  replay("evt_3", PAYMENT_APPLIED);
  assert_answer(ENROLLED, "active admin");
}

static void test_who_was_unenrolled_stays_so(void **state) {
  (void)state;
  expect(paid(FOR_1), PAYMENT_APPLIED);
  run("UPDATE enrollments SET status = 'cancelled'");
  run("DELETE FROM student_progress");
  expect(session("paid", FOR_1), PAYMENT_UNCHANGED);
  replay("evt_1", PAYMENT_UNCHANGED);
  assert_answer(BOTH, "0");
}

/* --- What is not as it should be ------------------------------------------------------------------ */

static void test_a_mismatch_is_kept_and_enrols_nobody(void **state) {
  (void)state;
  expect(intent_of("pi_1", "payment_intent.succeeded", 4800, FOR_1), PAYMENT_MISMATCH);
  assert_answer(PAYMENT, "paid 1 12 1 0 0");
  assert_answer(BOTH, "0");
  replay("evt_1", PAYMENT_MISMATCH);
  run("UPDATE courses SET price_cents = 4800");
  replay("evt_1", PAYMENT_APPLIED);
  assert_answer(PAYMENT, "paid 1 12 0 1 0");
  assert_answer(BOTH, "11");
  assert_answer("SELECT CONCAT_WS(' ', outcome, replays, error IS NULL) FROM webhook_events", "applied 2 1");
}

static void test_a_mismatch_ends_with_the_right_money_or_none(void **state) {
  (void)state;
  expect(intent_of("pi_1", "payment_intent.succeeded", 4800, FOR_1), PAYMENT_MISMATCH);
  expect(session("paid", FOR_1), PAYMENT_APPLIED); /* that tells of 4900 */
  assert_answer(PAYMENT, "paid 1 12 0 1 0");
  assert_answer(OUTCOMES, "applied,applied");
  setup(state);
  config.refund_policy = REFUND_UNENROLL;
  expect(intent_of("pi_1", "payment_intent.succeeded", 4800, FOR_1), PAYMENT_MISMATCH);
  expect(refund(4900, FOR_1), PAYMENT_APPLIED);
  assert_answer(PAYMENT, "refunded 1 12 0 0 0");
  assert_answer(OUTCOMES, "applied,applied");
  assert_answer(BOTH, "0");
}

static void test_the_letter_case_of_a_currency_says_nothing(void **state) {
  (void)state;
  run("UPDATE courses SET currency = 'USD' WHERE id = 12");
  expect(paid(FOR_1), PAYMENT_APPLIED);
  assert_answer(BOTH, "11");
}

/* Without a smaller unit, amounts and prices are whole: 500 yen are 500. */
static void test_a_currency_without_cents(void **state) {
  (void)state;
  run("UPDATE courses SET currency = 'jpy', price_cents = 500 WHERE id = 12");
  expect(event_text("payment_intent.succeeded",
                    "{\"id\":\"pi_1\",\"object\":\"payment_intent\",\"amount\":500,"
                    "\"amount_received\":500,\"currency\":\"jpy\"," FOR_1 "}",
                    1700000000),
         PAYMENT_APPLIED);
  assert_answer(BOTH, "11");
}

static void test_currency_and_discounts(void **state) {
  (void)state;
  expect(intent_of("pi_1", "payment_intent.succeeded", 1000, META("1", "13")), PAYMENT_MISMATCH);
  config.accept_discounts = true;
  expect(intent_of("pi_2", "payment_intent.succeeded", 1, FOR_1), PAYMENT_APPLIED);
  expect(intent_of("pi_3", "payment_intent.succeeded", 5000, FOR_1), PAYMENT_MISMATCH);
  assert_answer(BOTH, "11");
}

static void test_unknown_learner(void **state) {
  (void)state;
  expect(paid(META("77", "12")), PAYMENT_UNKNOWN_LEARNER);
  assert_answer(PAYMENT, "paid - 12 0 0 0");
  expect(session("paid", META("x", "12")), PAYMENT_UNKNOWN_LEARNER);
  expect(intent_of("pi_4", "payment_intent.succeeded", 4900, META("4", "12")), PAYMENT_UNKNOWN_LEARNER);
  run("INSERT INTO users (id) VALUES (77)");
  replay("evt_1", PAYMENT_APPLIED);
  assert_answer(PAYMENT, "paid 77 12 0 1 0");
  assert_answer(BOTH, "11");
}

static void test_unknown_course(void **state) {
  (void)state;
  expect(paid(META("1", "99")), PAYMENT_UNKNOWN_COURSE);
  assert_answer(PAYMENT, "paid 1 - 0 0 0");
  run("INSERT INTO courses (id, title, price_cents) VALUES (99, 'late', 4900)");
  replay("evt_1", PAYMENT_APPLIED);
  assert_answer(PAYMENT, "paid 1 99 0 1 0");
  assert_answer(BOTH, "11");
}

static void test_what_waited_for_learner_and_course_is_settled_when_both_are_known(void **state) {
  (void)state;
  expect(paid(NO_META), PAYMENT_UNASSIGNED);
  expect(failed("\"metadata\":{\"userId\":\"1\"}"), PAYMENT_UNASSIGNED);
  assert_answer(OUTCOMES, "unassigned,unassigned"); /* the course is not known yet */
  assert_answer("SELECT COUNT(*) FROM webhook_events WHERE user_id = 1", "2");
  expect(session("unpaid", FOR_1), PAYMENT_APPLIED);
  assert_answer(OUTCOMES, "applied,applied,applied");
  assert_answer(BOTH, "11");
}

static void test_an_unknown_course_that_came_since(void **state) {
  (void)state;
  expect(session("paid", META("1", "99")), PAYMENT_UNKNOWN_COURSE);
  run("INSERT INTO courses (id, title, price_cents) VALUES (99, 'late', 4900)");
  expect(paid(META("1", "99")), PAYMENT_APPLIED);
  assert_answer(OUTCOMES, "applied,applied");
}

static void test_a_course_that_is_gone(void **state) {
  (void)state;
  config.refund_policy = REFUND_UNENROLL;
  expect(session("paid", FOR_1), PAYMENT_APPLIED);
  expect(intent_of("pi_2", "payment_intent.payment_failed", 4900, META("1", "13")), PAYMENT_APPLIED);
  run("DELETE FROM courses");
  expect(paid(FOR_1), PAYMENT_UNCHANGED); /* it has given what it could */
  expect(refund(4900, FOR_1), PAYMENT_APPLIED);
  assert_answer(PAYMENT, "refunded 1 - 0 1 0");
  expect(intent_of("pi_2", "payment_intent.succeeded", 1000, META("1", "13")), PAYMENT_UNKNOWN_COURSE);
}

static void test_a_learner_who_was_deleted(void **state) {
  (void)state;
#define KEPT \
  "SELECT GROUP_CONCAT(CONCAT(outcome, ' ', payload <> '{}', ' ', COALESCE(user_id, '-')) ORDER BY id)" \
  " FROM webhook_events"
  expect(paid(NO_META), PAYMENT_UNASSIGNED);
  expect(session("paid", META("4", "12")),
         PAYMENT_UNKNOWN_LEARNER); /* money for nothing: somebody must look */
  expect(failed(NO_META), PAYMENT_UNKNOWN_LEARNER);
  assert_answer(KEPT, "unassigned 0 -,unknown_learner 0 -,unknown_learner 0 -");
  expect(refund(4900, NO_META), PAYMENT_APPLIED);
  assert_answer(KEPT, "applied 0 -,applied 0 -,applied 0 -,applied 0 -");
  assert_answer(
      "SELECT CONCAT_WS(' ', status, refunded_cents, user_id IS NULL, erased_at IS NOT NULL) FROM payments",
      "refunded 4900 1 1");
  expect(subscription("sub_1", "deleted", "canceled", 1700000000, META("4", "12")), PAYMENT_IGNORED);
  assert_answer("SELECT COUNT(*) FROM subscriptions", "0");
  expect(event_text("customer.created", "{\"id\":\"cus_4\",\"object\":\"customer\"," META("4", "12") "}", 1),
         PAYMENT_IGNORED);
  assert_answer("SELECT COUNT(*) FROM webhook_events WHERE payload <> '{}' OR named_user_id IS NOT NULL"
                " OR customer_ref IS NOT NULL",
                "0");
}

static void test_whom_an_event_names_is_kept_beside_it(void **state) {
  (void)state;
  expect(event_text("customer.created", "{\"id\":\"cus_1\",\"object\":\"customer\"," FOR_1 "}", 1),
         PAYMENT_IGNORED);
  expect(event_text("invoice.paid", "{\"id\":\"in_1\",\"object\":\"invoice\",\"customer\":\"cus_2\"}", 1),
         PAYMENT_IGNORED);
  expect(event_text("charge.refunded", "{\"object\":\"refund\",\"customer\":\"cus_3\"," FOR_1 "}", 1),
         PAYMENT_UNREADABLE);
  expect(event_text("x.y", "{\"object\":7,\"customer\":{\"id\":\"cus_4\"}}", 1), PAYMENT_IGNORED);
  assert_answer("SELECT GROUP_CONCAT(CONCAT(COALESCE(named_user_id, '-'), ' ', COALESCE(customer_ref, '-')) "
                "ORDER BY id)"
                " FROM webhook_events",
                "1 cus_1,- cus_2,1 cus_3,- -");
}

static void test_other_names_than_before(void **state) {
  (void)state;
  expect(session("unpaid", FOR_1), PAYMENT_APPLIED);
  expect(paid(META("2", "12")), PAYMENT_MISMATCH);
  expect(paid(META("1", "13")), PAYMENT_MISMATCH);
  assert_answer(PAYMENT, "pending 1 12 0 0 0");
  assert_answer(BOTH, "0");
}

static void test_a_merged_learner_is_the_other(void **state) {
  (void)state;
  expect(session("unpaid", META("3", "12")), PAYMENT_APPLIED);
  expect(paid(FOR_1), PAYMENT_APPLIED);
  assert_answer(PAYMENT, "paid 1 12 0 1 0");
  run("UPDATE payments SET user_id = 3, granted_at = NULL");
  run("DELETE FROM enrollments");
  expect(session("paid", META("3", "12")), PAYMENT_APPLIED);
  assert_answer(PAYMENT, "paid 1 12 0 1 0");
}

static void test_what_is_no_payment(void **state) {
  (void)state;
  expect(event_text("invoice.paid", "{\"id\":\"in_1\"}", 1), PAYMENT_IGNORED);
  expect(event_text("charge.refunded", "{\"object\":\"refund\"}", 1), PAYMENT_UNREADABLE);
  assert_false(take("{\"id\":\"evt_x\"}"));
  assert_int_equal(fixture.error.code, ERROR_MALFORMED);
  assert_answer(OUTCOMES, "ignored,unreadable");
  assert_answer("SELECT COUNT(*) FROM payments", "0");
}

/* --- Subscriptions -------------------------------------------------------------------------------- */

#define PROFILE \
  "SELECT CONCAT_WS(' ', subscription_id, subscription_status, is_subscribed, stripe_customer_id)" \
  " FROM profiles WHERE user_id = 1"

static void test_subscriptions_fill_the_profile_in_any_order(void **state) {
  (void)state;
  const char *events[] = {subscription("sub_1", "created", "incomplete", 1700000000, FOR_1),
                          subscription("sub_1", "updated", "active", 1700000000, FOR_1),
                          subscription("sub_1", "updated", "past_due", 1700000100, FOR_1),
                          subscription("sub_2", "created", "active", 1700000200, NO_META),
                          subscription("sub_1", "deleted", "canceled", 1700000300, FOR_1)};
  static const size_t orders[][5] = {{0, 1, 2, 3, 4}, {4, 3, 2, 1, 0}, {2, 4, 0, 3, 1}, {3, 1, 0, 4, 2}};
  for (size_t at = 0; at < ARRAY_LENGTH(orders); at++) {
    run("DELETE FROM webhook_events");
    run("DELETE FROM subscriptions");
    run("DELETE FROM profiles");
    run("DELETE FROM ledger");
    for (size_t step = 0; step < ARRAY_LENGTH(events); step++)
      assert_done(&fixture, take(events[orders[at][step]]));
    /* One names its customer only: whose that is, the others have told. */
    assert_answer(PROFILE, "sub_2 active 1 cus_1");
    assert_answer("SELECT COUNT(*) FROM webhook_events WHERE processed_at IS NULL OR user_id IS NULL", "0");
    replay("evt_4", PAYMENT_UNCHANGED);
  }
}

/* Events have whole seconds: which of two came first is not to be had from the order of delivery. */
static void test_two_words_of_one_second(void **state) {
  (void)state;
  const char *events[] = {subscription("sub_1", "updated", "past_due", 1700000000, FOR_1),
                          subscription("sub_1", "updated", "active", 1700000000, FOR_1)};
  for (size_t first = 0; first < 2; first++) {
    run("DELETE FROM webhook_events");
    run("DELETE FROM subscriptions");
    run("DELETE FROM ledger");
    expect(events[first], PAYMENT_APPLIED);
    expect(events[1 - first], first == 0 ? PAYMENT_UNCHANGED : PAYMENT_APPLIED);
    assert_answer(PROFILE, "sub_1 past_due 0 cus_1");
  }
}

static void test_a_customer_of_two_learners_says_nothing(void **state) {
  (void)state;
  run("INSERT INTO profiles (user_id, stripe_customer_id) VALUES (2, 'cus_1')");
  expect(subscription("sub_1", "created", "active", 1700000000, FOR_1), PAYMENT_APPLIED);
  expect(subscription("sub_2", "created", "active", 1700000001, NO_META), PAYMENT_UNASSIGNED);
  assert_answer("SELECT GROUP_CONCAT(COALESCE(user_id, '-') ORDER BY provider_ref) FROM subscriptions",
                "1,-");
}

static void test_a_late_word_on_a_subscription_tells_nothing(void **state) {
  (void)state;
  expect(subscription("sub_1", "created", "trialing", 1700000000, FOR_1), PAYMENT_APPLIED);
  expect(subscription("sub_1", "updated", "past_due", 1700000200, FOR_1), PAYMENT_APPLIED);
  expect(subscription("sub_1", "updated", "active", 1700000100, FOR_1), PAYMENT_UNCHANGED);
  assert_answer(PROFILE, "sub_1 past_due 0 cus_1");
}

static void test_a_subscription_without_a_learner_waits(void **state) {
  (void)state;
  expect(subscription("sub_1", "created", "active", 1700000000, NO_META), PAYMENT_UNASSIGNED);
  expect(event_text("checkout.session.completed",
                    "{\"id\":\"cs_1\",\"object\":\"checkout.session\",\"mode\":\"subscription\","
                    "\"payment_intent\":null,\"payment_status\":\"paid\",\"subscription\":\"sub_1\","
                    "\"customer\":\"cus_1\",\"metadata\":{\"userId\":\"1\"}}",
                    1700000000),
         PAYMENT_APPLIED);
  assert_answer(PROFILE, "sub_1 active 1 cus_1");
  assert_answer(OUTCOMES, "applied,applied");
  expect(subscription("sub_1", "deleted", "canceled", 1700000001, NO_META), PAYMENT_APPLIED);
  assert_answer(PROFILE, "sub_1 canceled 0 cus_1");
  expect(subscription("sub_1", "updated", "active", 1700000002, NO_META), PAYMENT_UNCHANGED);
}

/* --- Many at once --------------------------------------------------------------------------------- */

static const char *const *race_texts;

static void *race_run(void *argument) {
  struct arena *arena = arena_new((size_t)8 << 20);
  const size_t *first = argument;
  struct error error = ERROR_INIT;
  struct payment_report own;
  for (size_t at = 0; at < THREADS; at++) {
    const char *text = race_texts[(*first + at) % THREADS];
    if (!payment_take(&engine, text, strlen(text), arena, &error, &own)) {
      fprintf(stderr, "%s (%s)\n", error.message, error.detail);
      arena_free(arena);
      return argument;
    }
  }
  arena_free(arena);
  return NULL;
}

static void race(const char *const *texts) {
  pthread_t threads[THREADS];
  size_t firsts[THREADS];
  size_t failures = 0;
  race_texts = texts;
  for (size_t at = 0; at < THREADS; at++) {
    firsts[at] = at;
    assert_int_equal(pthread_create(&threads[at], NULL, race_run, &firsts[at]), 0);
  }
  for (size_t at = 0; at < THREADS; at++) {
    void *failure;
    assert_int_equal(pthread_join(threads[at], &failure), 0);
    failures += failure != NULL;
  }
  assert_int_equal(failures, 0);
}

static void test_racing_deliveries_enrol_once(void **state) {
  (void)state;
  const char *one = session("paid", FOR_1);
  const char *two = paid(FOR_1);
  const char *same[THREADS] = {one, two, one, two, one, two, one, two};
  const char *unnamed[THREADS] = {
      paid(NO_META),        session("unpaid", FOR_1), failed(NO_META),        paid(FOR_1),
      refund(100, NO_META), refund(200, NO_META),     session("paid", FOR_1), failed(FOR_1)};
  race(same);
  assert_answer(PAYMENT, "paid 1 12 0 1 0");
  assert_answer("SELECT revision FROM users WHERE id = 1", "1");
  run("DELETE FROM payments");
  run("DELETE FROM enrollments");
  run("DELETE FROM student_progress");
  race(unnamed);
  assert_answer(PAYMENT, "paid 1 12 0 1 0");
  assert_answer("SELECT refunded_cents FROM payments", "200");
  assert_answer(BOTH, "11");
  assert_answer("SELECT COUNT(*) FROM webhook_events", "10");
  assert_answer("SELECT COUNT(*) FROM webhook_events WHERE processed_at IS NULL", "0");
}

/* Delivers while `meanwhile` stands uncommitted in another transaction, which then commits: between the
 * first look, which does not see it, and the lock, which waits for it. */
static void *deliver_run(void *argument) { return take(argument) ? NULL : argument; }

static void deliver_across(const char *text, const char *meanwhile) {
  pthread_t thread;
  struct error error = ERROR_INIT;
  fixture_exec(&fixture, fixture.db, meanwhile);
  assert_int_equal(pthread_create(&thread, NULL, deliver_run, (void *)(uintptr_t)text), 0);
  clock_sleep_ms(LOCKED_MS);
  assert_true(db_commit(fixture.db, &error));
  void *failure;
  assert_int_equal(pthread_join(thread, &failure), 0);
  if (failure != NULL) fail_msg("%s (%s)", fixture.error.message, fixture.error.detail);
}

static void test_an_owner_who_comes_between(void **state) {
  (void)state;
  deliver_across(paid(NO_META),
                 "INSERT INTO payments (provider_ref, user_id, course_id) VALUES ('pi_1', 1, 12)");
  assert_int_equal(report.outcome, PAYMENT_APPLIED);
  assert_answer(PAYMENT, "paid 1 12 0 1 0");
  assert_answer(BOTH, "11");
}

static void test_a_payment_that_is_erased_between(void **state) {
  (void)state;
  deliver_across(paid(NO_META),
                 "INSERT INTO payments (provider_ref, erased_at) VALUES ('pi_1', UTC_TIMESTAMP())");
  assert_int_equal(report.outcome, PAYMENT_UNKNOWN_LEARNER);
  assert_answer("SELECT payload FROM webhook_events", "{}");
}

static void test_a_learner_who_is_merged_between(void **state) {
  (void)state;
  expect(session("unpaid", META("2", "12")), PAYMENT_APPLIED);
  run("DELETE FROM webhook_events");
  fixture_exec(&fixture, fixture.db, "UPDATE users SET merged_into = 1 WHERE id = 2");
  deliver_across(paid(META("2", "12")), "UPDATE payments SET user_id = 1");
  assert_int_equal(report.outcome, PAYMENT_APPLIED);
  assert_answer(PAYMENT, "paid 1 12 0 1 0");
  assert_answer(ENROLLED, "active payment");
  assert_answer("SELECT user_id FROM webhook_events", "1");
}

static void test_a_customer_who_becomes_known_between(void **state) {
  (void)state;
  deliver_across(subscription("sub_1", "created", "active", 1700000000, NO_META),
                 "INSERT INTO profiles (user_id, stripe_customer_id) VALUES (1, 'cus_1')");
  assert_int_equal(report.outcome, PAYMENT_APPLIED);
  assert_answer(PROFILE, "sub_1 active 1 cus_1");
}

/* Found without an effect, and its transaction over: by the time it is recorded the learner is gone. */
static void test_what_has_no_effect_is_recorded_as_things_stand(void **state) {
  (void)state;
  expect(intent_of("pi_1", "payment_intent.succeeded", 4800, FOR_1), PAYMENT_MISMATCH);
  struct payment_task task = {.config = &config, .user_id = 1, .waits = true};
  struct payment_event event;
  const char *text = intent_of("pi_1", "payment_intent.succeeded", 4800, FOR_1);
  assert_done(&fixture, payment_event_read(text, strlen(text), fixture.arena, &fixture.error, &event));
  task.event = &event;
  struct payment_scene scene = {.db = fixture.db, .arena = fixture.arena};
  bool waits = false;
  assert_done(&fixture, payment_still_waits(&scene, &task, &fixture.error, &waits));
  db_rollback(fixture.db);
  assert_true(waits);
  expect(session("paid", FOR_1), PAYMENT_APPLIED);
  assert_done(&fixture, payment_still_waits(&scene, &task, &fixture.error, &waits));
  db_rollback(fixture.db);
  assert_false(waits);
}

static void test_a_learner_who_goes_between(void **state) {
  (void)state;
  expect(session("unpaid", FOR_1), PAYMENT_APPLIED);
  deliver_across(paid(FOR_1), "UPDATE users SET deleted_at = UTC_TIMESTAMP() WHERE id = 1");
  assert_int_equal(report.outcome, PAYMENT_UNKNOWN_LEARNER);
  assert_answer(PAYMENT, "paid 1 12 0 0 0");
  assert_answer(BOTH, "0");
  assert_answer(OUTCOMES, "applied,unknown_learner");
}

int main(void) {
  if (fixture_is_missing()) return 0;
#define TEST(name) cmocka_unit_test_setup(name, setup)
  const struct CMUnitTest tests[] = {
      TEST(test_a_payment_enrols_in_both_tables),
      TEST(test_every_further_event_changes_nothing),
      TEST(test_unpaid_enrols_nobody),
      TEST(test_an_event_without_names_waits_for_one_with),
      TEST(test_a_refund_before_the_success_stays),
      TEST(test_a_refund_that_keeps_does_so_in_any_order),
      TEST(test_refunds_by_policy),
      TEST(test_a_refund_leaves_what_was_given_as_well),
      TEST(test_a_refund_in_part_keeps),
      TEST(test_a_refund_takes_only_its_own),
      TEST(test_who_was_unenrolled_stays_so),
      TEST(test_a_mismatch_is_kept_and_enrols_nobody),
      TEST(test_a_mismatch_ends_with_the_right_money_or_none),
      TEST(test_the_letter_case_of_a_currency_says_nothing),
      TEST(test_a_currency_without_cents),
      TEST(test_currency_and_discounts),
      TEST(test_unknown_learner),
      TEST(test_unknown_course),
      TEST(test_what_waited_for_learner_and_course_is_settled_when_both_are_known),
      TEST(test_an_unknown_course_that_came_since),
      TEST(test_a_course_that_is_gone),
      TEST(test_a_learner_who_was_deleted),
      TEST(test_whom_an_event_names_is_kept_beside_it),
      TEST(test_other_names_than_before),
      TEST(test_a_merged_learner_is_the_other),
      TEST(test_what_is_no_payment),
      TEST(test_subscriptions_fill_the_profile_in_any_order),
      TEST(test_two_words_of_one_second),
      TEST(test_a_customer_of_two_learners_says_nothing),
      TEST(test_a_late_word_on_a_subscription_tells_nothing),
      TEST(test_a_subscription_without_a_learner_waits),
      TEST(test_racing_deliveries_enrol_once),
      TEST(test_an_owner_who_comes_between),
      TEST(test_a_payment_that_is_erased_between),
      TEST(test_a_learner_who_is_merged_between),
      TEST(test_a_customer_who_becomes_known_between),
      TEST(test_what_has_no_effect_is_recorded_as_things_stand),
      TEST(test_a_learner_who_goes_between),
  };
  return cmocka_run_group_tests_name("payment", tests, group_setup, group_teardown);
}
