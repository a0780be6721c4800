#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "live/live_hub.h"
#include "live/live_message.h"

#include "base/banned.h"

static int take(struct live_message *message, const char *text, bool is_last,
                struct live_subscription *ret_subscription) {
  return live_message_take(message, text, strlen(text), is_last, 0, ret_subscription);
}

static void test_types_come_and_go(void **state) {
  struct live_message message = {.bytes = 0};
  struct live_subscription subscription = {.add = 0};
  (void)state;
  assert_int_equal(take(&message,
                        "{\"subscribe\":[\"progress_update\"],\"unsubscribe\":[\"conflict_detected\"]}", true,
                        &subscription),
                   0);
  assert_int_equal(subscription.add, 1u << LIVE_PROGRESS);
  assert_int_equal(subscription.remove, 1u << LIVE_CONFLICT);
  assert_int_equal(take(&message, "{}", true, &subscription), 0);
  assert_int_equal(subscription.add, 0);
  assert_int_equal(subscription.remove, 0);
  live_message_free(&message);
}

static void test_fragments_make_one_message(void **state) {
  struct live_message message = {.bytes = 0};
  struct live_subscription subscription = {.add = 0};
  (void)state;
  assert_int_equal(take(&message, "{\"subscribe\":[\"achieve", false, &subscription), 0);
  assert_int_equal(take(&message, "", false, &subscription), 0);
  assert_int_equal(take(&message, "ment_earned\"]}", true, &subscription), 0);
  assert_int_equal(subscription.add, 1u << LIVE_ACHIEVEMENT);
  live_message_free(&message);
}

static void test_what_makes_no_sense_has_its_code(void **state) {
  static const struct {
    const char *text;
    int code;
  } cases[] = {{"subscribe", 1007},
               {"{\"subscribe\":\"progress_update\"}", 1007},
               {"{\"subscribe\":[1]}", 1007},
               {"{\"subscribe\":[\"PROGRESS_UPDATE\"]}", 1008},
               {"{\"unsubscribe\":[\"\"]}", 1008}};
  (void)state;
  for (size_t at = 0; at < ARRAY_LENGTH(cases); at++) {
    struct live_message message = {.bytes = 0};
    struct live_subscription subscription;
    assert_int_equal(take(&message, cases[at].text, true, &subscription), cases[at].code);
    live_message_free(&message);
  }
}

static void test_its_length_is_bounded(void **state) {
  struct live_message message = {.bytes = 0};
  struct live_subscription subscription;
  char text[LIVE_MESSAGE_BYTES + 1];
  (void)state;
  memset(text, ' ', sizeof text);
  assert_int_equal(live_message_take(&message, text, LIVE_MESSAGE_BYTES, false, 0, &subscription), 0);
  assert_int_equal(live_message_take(&message, text, 1, false, 0, &subscription), 1009);
  live_message_free(&message);
}

static void test_their_number_is_bounded_by_the_minute(void **state) {
  struct live_message message = {.bytes = 0};
  struct live_subscription subscription;
  (void)state;
  for (int at = 0; at < LIVE_MESSAGES_PER_MINUTE; at++)
    assert_int_equal(live_message_take(&message, "{}", 2, true, 59999, &subscription), 0);
  assert_int_equal(live_message_take(&message, "{}", 2, true, 59999, &subscription), 1008);
  assert_int_equal(live_message_take(&message, "{}", 2, true, 60000, &subscription), 0);
  live_message_free(&message);
}

static void test_numbers(void **state) {
  uint64_t value = 7;
  (void)state;
  assert_true(live_message_number("0", &value));
  assert_int_equal(value, 0);
  assert_true(live_message_number("1844674407370955160", &value));
  assert_int_equal(value, UINT64_C(1844674407370955160));
  assert_false(live_message_number("", &value));
  assert_false(live_message_number("-1", &value));
  assert_false(live_message_number("1 ", &value));
  assert_false(live_message_number("99999999999999999999", &value));
  assert_int_equal(value, UINT64_C(1844674407370955160));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_types_come_and_go),
      cmocka_unit_test(test_fragments_make_one_message),
      cmocka_unit_test(test_what_makes_no_sense_has_its_code),
      cmocka_unit_test(test_its_length_is_bounded),
      cmocka_unit_test(test_their_number_is_bounded_by_the_minute),
      cmocka_unit_test(test_numbers),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
