#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cmocka.h>

#include "live/live_hub.h"

#include "base/banned.h"

#define LEARNER 7

static struct live_hub *hub;
static int wake;

static int setup(void **state) {
  struct error error = ERROR_INIT;
  (void)state;
  wake = eventfd(0, EFD_NONBLOCK);
  assert_true(wake >= 0);
  assert_true(live_hub_new(wake, &error, &hub));
  live_hub_set_epoch(hub, 1);
  return 0;
}

static int teardown(void **state) {
  (void)state;
  live_hub_free(hub);
  close(wake);
  return 0;
}

static bool was_woken(void) {
  uint64_t count;
  return read(wake, &count, sizeof count) > 0;
}

/* A listener who was admitted at `revision`. */
static struct live_listener *join(uint64_t revision, const struct live_wish *wish) {
  struct error error = ERROR_INIT;
  struct live_listener *joined;
  struct live_listener *waiting;
  struct live_wish taken;
  assert_true(live_hub_join(hub, NULL, wish, &error, &joined));
  assert_true(was_woken());
  assert_true(live_hub_take_waiting(hub, &waiting, &taken));
  assert_ptr_equal(waiting, joined);
  struct live_admission admission = {.user_id = LEARNER, .revision = revision, .ends_at_ms = 1};
  live_hub_admit(hub, waiting, &admission);
  return joined;
}

static struct live_listener *join_now(uint64_t revision) {
  return join(revision, &(struct live_wish){.since = 0});
}

static struct live_listener *join_since(uint64_t revision, uint64_t since) {
  return join(revision, &(struct live_wish){.since = since, .since_given = true});
}

static void deliver(uint64_t revision) {
  struct live_part part = {.type = LIVE_PROGRESS, .change = "{\"n\":1}"};
  struct live_moment *moment = live_moment_new(revision, &part, 1);
  assert_non_null(moment);
  live_hub_deliver(hub, LEARNER, revision, moment);
}

/* The next frame begins like this; NULL: there is none. */
static void expect(struct live_listener *listener, const char *beginning) {
  CLEANUP(buffer_free) struct buffer frame = BUFFER_INIT(1 << 20);
  int close_code = 0;
  enum live_next next = live_hub_next(hub, listener, &frame, &close_code);
  assert_int_equal(next, beginning == NULL ? LIVE_NEXT_NOTHING : LIVE_NEXT_FRAME);
  if (beginning == NULL) return;
  if (strncmp(buffer_text(&frame), beginning, strlen(beginning)) != 0)
    fail_msg("%s, not %s", buffer_text(&frame), beginning);
}

/* What the scanner is to read: what follows `known`, or nothing (0). */
static void expect_want(uint64_t known) {
  struct live_want want = {.known = 0};
  size_t count = live_hub_take_wanted(hub, &want, 1);
  assert_int_equal(count, known == 0 ? 0 : 1);
  if (count == 1) assert_int_equal(want.user_id, LEARNER);
  assert_int_equal(want.known, known);
}

static void test_told_from_now_on(void **state) {
  struct live_listener *listener = join_now(5);
  (void)state;
  expect(listener, "{\"type\":\"heartbeat\",\"revision\":5,\"epoch\":1,");
  expect(listener, NULL);
  expect_want(0);
  live_hub_hint(hub, LEARNER);
  expect_want(5);
  deliver(6);
  live_hub_answered(hub, LEARNER, 1);
  expect(listener, "{\"revision\":6,\"changes\":[{\"n\":1}]}");
  expect(listener, NULL);
  expect_want(0);
  live_hub_leave(hub, listener);
}

static void test_everybody_goes_on_from_where_they_are(void **state) {
  struct live_listener *late = join_since(5, 3);
  struct live_listener *early = join_since(5, 4);
  (void)state;
  expect_want(3);
  deliver(4);
  deliver(5);
  expect(early, "{\"revision\":5,");
  expect(early, "{\"type\":\"heartbeat\",\"revision\":5,");
  expect(early, NULL);
  expect(late, "{\"revision\":4,");
  expect(late, "{\"revision\":5,");
  live_hub_leave(hub, late);
  live_hub_leave(hub, early);
}

static void test_a_gap_resyncs_whom_it_concerns(void **state) {
  struct live_listener *old = join_since(9, 2);
  struct live_listener *current = join_since(9, 8);
  (void)state;
  expect_want(2);
  live_hub_deliver(hub, LEARNER, 7, NULL); /* folded */
  deliver(8);
  deliver(9);
  expect(old, "{\"type\":\"resync\",\"revision\":9,");
  expect(old, "{\"type\":\"heartbeat\",");
  expect(old, NULL);
  expect(current, "{\"revision\":9,");
  live_hub_leave(hub, old);
  live_hub_leave(hub, current);
}

static void test_a_missing_revision_is_never_passed_over(void **state) {
  struct live_listener *listener = join_since(9, 6);
  (void)state;
  expect_want(6);
  deliver(8);
  expect(listener, "{\"type\":\"resync\",");
  live_hub_leave(hub, listener);
}

static void expect_revision(struct live_listener *listener, uint64_t revision) {
  char beginning[32];
  snprintf(beginning, sizeof beginning, "{\"revision\":%llu,", (unsigned long long)revision);
  expect(listener, beginning);
}

static void test_who_does_not_read_is_not_buffered_for(void **state) {
  struct live_listener *listener = join_since(1000, 1);
  const uint64_t full = LIVE_QUEUE_MOMENTS + 1; /* the last that has room */
  (void)state;
  expect_want(1);
  for (uint64_t revision = 2; revision <= 1000; revision++)
    deliver(revision);
  live_hub_answered(hub, LEARNER, 999);
  expect_want(0); /* no room: nothing is asked for */
  for (uint64_t revision = 2; revision <= full / 2; revision++)
    expect_revision(listener, revision);
  assert_false(was_woken());
  expect_revision(listener, full / 2 + 1);
  assert_true(was_woken()); /* half empty */
  expect_want(full);        /* where it stopped */
  deliver(full + 1);
  for (uint64_t revision = full / 2 + 2; revision <= full + 1; revision++)
    expect_revision(listener, revision);
  live_hub_leave(hub, listener);
}

static void test_what_is_not_there_resyncs(void **state) {
  struct live_listener *listener = join_since(9, 5);
  (void)state;
  expect_want(5);
  live_hub_answered(hub, LEARNER, 0); /* somebody emptied the history */
  expect(listener, "{\"type\":\"resync\",\"revision\":9,");
  expect_want(0);
  live_hub_leave(hub, listener);
}

static void test_a_resync_says_where_it_was(void **state) {
  struct live_listener *listener = join_since(5, 9);
  (void)state;
  live_hub_hint(hub, LEARNER);
  expect_want(5);
  deliver(6);
  expect(listener, "{\"type\":\"resync\",\"revision\":5,");
  expect(listener, "{\"revision\":6,");
  live_hub_leave(hub, listener);
}

static void test_a_history_that_cannot_be_read_is_given_up(void **state) {
  struct live_listener *listener = join_since(9, 5);
  (void)state;
  expect_want(5);
  live_hub_want_again(hub, LEARNER);
  expect_want(5);
  live_hub_give_up(hub, LEARNER);
  expect(listener, "{\"type\":\"resync\",\"revision\":9,");
  expect_want(0);
  live_hub_leave(hub, listener);
}

static void test_a_learner_has_so_many_listeners(void **state) {
  CLEANUP(buffer_free) struct buffer frame = BUFFER_INIT(1024);
  struct live_listener *listeners[LIVE_LISTENERS_MAX + 1];
  int close_code = 0;
  (void)state;
  for (size_t at = 0; at < ARRAY_LENGTH(listeners); at++)
    listeners[at] = join_now(1);
  expect(listeners[LIVE_LISTENERS_MAX - 1], "{\"type\":\"heartbeat\",");
  assert_int_equal(live_hub_next(hub, listeners[LIVE_LISTENERS_MAX], &frame, &close_code), LIVE_NEXT_CLOSE);
  assert_int_equal(close_code, LIVE_CLOSE_BUSY);
  for (size_t at = 0; at < ARRAY_LENGTH(listeners); at++)
    live_hub_leave(hub, listeners[at]);
}

static void test_first_come_first_served(void **state) {
  struct live_want wants[2];
  struct live_listener *one = join_now(5);
  struct live_admission admission = {.user_id = LEARNER + 1, .revision = 5};
  struct live_wish wish = {.since = 0};
  struct error error = ERROR_INIT;
  struct live_listener *two;
  (void)state;
  assert_true(live_hub_join(hub, NULL, &wish, &error, &two));
  assert_true(live_hub_take_waiting(hub, &two, &wish));
  live_hub_admit(hub, two, &admission);
  live_hub_hint(hub, LEARNER);
  live_hub_hint(hub, LEARNER + 1);
  live_hub_hint(hub, LEARNER);
  assert_true(live_hub_has_work(hub));
  assert_int_equal(live_hub_take_wanted(hub, wants, 1), 1);
  assert_int_equal(wants[0].user_id, LEARNER);
  live_hub_hint(hub, LEARNER);
  assert_int_equal(live_hub_take_wanted(hub, wants, 2), 2);
  assert_int_equal(wants[0].user_id, LEARNER + 1);
  assert_int_equal(wants[1].user_id, LEARNER);
  assert_false(live_hub_has_work(hub));
  live_hub_hint(hub, LEARNER + 1);
  live_hub_leave(hub, two);
  live_hub_hint(hub, LEARNER);
  assert_int_equal(live_hub_take_wanted(hub, wants, 2), 1);
  live_hub_leave(hub, one);
}

static void test_a_restore_resyncs(void **state) {
  struct live_listener *listener = join_now(5);
  (void)state;
  expect(listener, "{\"type\":\"heartbeat\",");
  live_hub_set_epoch(hub, 2);
  expect(listener, "{\"type\":\"resync\",\"revision\":5,\"epoch\":2,");
  live_hub_set_revision(hub, LEARNER, 3);
  expect(listener, "{\"type\":\"resync\",\"revision\":3,");
  live_hub_leave(hub, listener);
  listener = join(5, &(struct live_wish){.since = 5, .since_given = true, .epoch = 1});
  expect(listener, "{\"type\":\"resync\",");
  live_hub_leave(hub, listener);
}

static void test_who_leaves_in_the_scanners_hands(void **state) {
  struct error error = ERROR_INIT;
  struct live_listener *listener;
  struct live_wish wish = {.since = 0};
  (void)state;
  for (int admitted = 0; admitted < 2; admitted++) {
    struct live_admission admission = {.user_id = LEARNER, .revision = 1};
    assert_true(live_hub_join(hub, NULL, &wish, &error, &listener));
    assert_true(live_hub_take_waiting(hub, &listener, &wish));
    live_hub_leave(hub, listener);
    if (admitted)
      live_hub_admit(hub, listener, &admission);
    else
      live_hub_refuse(hub, listener, LIVE_CLOSE_UNAUTHENTICATED);
  }
  uint64_t user_id;
  assert_int_equal(live_hub_list(hub, &user_id, 1), 0);
}

static void test_who_leaves_while_waiting(void **state) {
  struct error error = ERROR_INIT;
  struct live_listener *listeners[3];
  struct live_listener *taken;
  struct live_wish wish = {.since = 0};
  (void)state;
  for (int at = 0; at < 3; at++)
    assert_true(live_hub_join(hub, NULL, &wish, &error, &listeners[at]));
  live_hub_leave(hub, listeners[2]);
  live_hub_leave(hub, listeners[0]);
  assert_true(live_hub_join(hub, NULL, &wish, &error, &listeners[0]));
  assert_true(live_hub_take_waiting(hub, &taken, &wish));
  assert_ptr_equal(taken, listeners[1]);
  live_hub_refuse(hub, taken, LIVE_CLOSE_UNAUTHENTICATED);
  assert_true(live_hub_take_waiting(hub, &taken, &wish));
  assert_ptr_equal(taken, listeners[0]);
  live_hub_refuse(hub, taken, LIVE_CLOSE_UNAUTHENTICATED);
  assert_false(live_hub_take_waiting(hub, &taken, &wish));
  live_hub_leave(hub, listeners[0]);
  live_hub_leave(hub, listeners[1]);
}

static void test_why_it_ends(void **state) {
  CLEANUP(buffer_free) struct buffer frame = BUFFER_INIT(1024);
  struct live_listener *listener = join_now(1);
  int close_code = 0;
  (void)state;
  live_hub_end_learner(hub, LEARNER);
  assert_int_equal(live_hub_next(hub, listener, &frame, &close_code), LIVE_NEXT_CLOSE);
  assert_int_equal(close_code, LIVE_CLOSE_GONE);
  live_hub_leave(hub, listener);
}

static int news_count;
static void count_news(void *connection) {
  (void)connection;
  news_count++;
}

static void test_news_are_told_once(void **state) {
  struct live_listener *listener = join_now(1);
  (void)state;
  news_count = 0;
  live_hub_collect_news(hub, count_news);
  live_hub_collect_news(hub, count_news);
  assert_int_equal(news_count, 1);
  expect(listener, "{\"type\":\"heartbeat\",");
  expect(listener, NULL);
  live_hub_hint(hub, LEARNER);
  expect_want(1);
  deliver(2);
  live_hub_collect_news(hub, count_news);
  assert_int_equal(news_count, 2);
  live_hub_leave(hub, listener);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_told_from_now_on, setup, teardown),
      cmocka_unit_test_setup_teardown(test_everybody_goes_on_from_where_they_are, setup, teardown),
      cmocka_unit_test_setup_teardown(test_a_gap_resyncs_whom_it_concerns, setup, teardown),
      cmocka_unit_test_setup_teardown(test_a_missing_revision_is_never_passed_over, setup, teardown),
      cmocka_unit_test_setup_teardown(test_who_does_not_read_is_not_buffered_for, setup, teardown),
      cmocka_unit_test_setup_teardown(test_what_is_not_there_resyncs, setup, teardown),
      cmocka_unit_test_setup_teardown(test_a_resync_says_where_it_was, setup, teardown),
      cmocka_unit_test_setup_teardown(test_a_history_that_cannot_be_read_is_given_up, setup, teardown),
      cmocka_unit_test_setup_teardown(test_a_learner_has_so_many_listeners, setup, teardown),
      cmocka_unit_test_setup_teardown(test_first_come_first_served, setup, teardown),
      cmocka_unit_test_setup_teardown(test_a_restore_resyncs, setup, teardown),
      cmocka_unit_test_setup_teardown(test_who_leaves_in_the_scanners_hands, setup, teardown),
      cmocka_unit_test_setup_teardown(test_who_leaves_while_waiting, setup, teardown),
      cmocka_unit_test_setup_teardown(test_why_it_ends, setup, teardown),
      cmocka_unit_test_setup_teardown(test_news_are_told_once, setup, teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
