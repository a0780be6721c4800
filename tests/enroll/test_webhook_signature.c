/* The signature over a webhook's bytes. The expected ones were made by the provider's own library. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "enroll/webhook_signature.h"

#include "base/banned.h"

#define BODY "{\"id\":\"evt_1\",\"object\":\"event\"}"
#define TIME 1700000000
#define GOOD "v1=8e592cdd14d5abcfca2d98925d5b89177aa4331a92facc0e96493db4f54fa0a5" /* by whsec_abc */
#define WRONG "v1=9e592cdd14d5abcfca2d98925d5b89177aa4331a92facc0e96493db4f54fa0a5"
#define TOLERANCE_S 300

static const char *const secrets[] = {"whsec_old", "whsec_abc"};

static bool check_all(const char *header, const char *body, size_t first_secret, size_t secret_count,
                      int64_t now_s) {
  struct field_list list = {.items = (void *)(uintptr_t)&secrets[first_secret], .count = secret_count};
  struct error error = ERROR_INIT;
  bool holds =
      webhook_signature_check(header, body, strlen(body), &list, TOLERANCE_S, now_s * 1000 + 999, &error);
  if (!holds) assert_int_equal(error.code, ERROR_MALFORMED);
  return holds;
}

static bool check(const char *header) { return check_all(header, BODY, 0, 2, TIME); }

static void test_the_providers_own_holds(void **state) {
  (void)state;
  assert_true(check("t=1700000000," GOOD));
  assert_true(check(GOOD ",t=1700000000"));
  assert_true(check("t=1700000000," WRONG "," GOOD ",v0=" GOOD));
}

static void test_any_secret_of_several(void **state) {
  (void)state;
  assert_true(check_all("t=1700000000," GOOD, BODY, 1, 1, TIME));
  assert_false(check_all("t=1700000000," GOOD, BODY, 0, 1, TIME));
  assert_false(check_all("t=1700000000," GOOD, BODY, 0, 0, TIME));
}

static void test_every_byte_counts(void **state) {
  (void)state;
  char body[] = BODY;
  for (size_t at = 0; at < sizeof body - 1; at++) {
    body[at] ^= 1;
    assert_false(check_all("t=1700000000," GOOD, body, 0, 2, TIME));
    body[at] ^= 1;
  }
  assert_true(check_all("t=1700000000," GOOD, body, 0, 2, TIME));
  assert_false(check_all("t=1700000000," GOOD, BODY " ", 0, 2, TIME));
  assert_false(check("t=1700000001," GOOD));
}

static void test_time_has_a_tolerance(void **state) {
  (void)state;
  const char *header = "t=1700000000," GOOD;
  assert_true(check_all(header, BODY, 0, 2, TIME + TOLERANCE_S));
  assert_false(check_all(header, BODY, 0, 2, TIME + TOLERANCE_S + 1));
  assert_true(check_all(header, BODY, 0, 2, TIME - TOLERANCE_S));
  assert_false(check_all(header, BODY, 0, 2, TIME - TOLERANCE_S - 1));
}

static void test_headers_that_are_none(void **state) {
  (void)state;
  static const char *const headers[] = {"",
                                        "t=1700000000",
                                        GOOD,
                                        "t=," GOOD,
                                        "t=1700000000x," GOOD,
                                        "t=-1700000000," GOOD,
                                        "t=1700000000123," GOOD,
                                        "t=1700000000,t=1700000000," GOOD,
                                        "t=1700000000,v1=",
                                        "t=1700000000,v0=" GOOD,
                                        "t=1700000000," GOOD "0",
                                        "t=1700000000,,,v1",
                                        "t=1700000000;" GOOD};
  assert_false(check(NULL));
  for (size_t at = 0; at < ARRAY_LENGTH(headers); at++)
    if (check(headers[at])) fail_msg("%s was taken", headers[at]);
}

static void test_bounds(void **state) {
  (void)state;
  char header[2 * WEBHOOK_SIGNATURE_BYTES_MAX];
  size_t used = (size_t)snprintf(header, sizeof header, "t=1700000000");
  for (int at = 0; at < WEBHOOK_SIGNATURES_MAX - 1; at++)
    used += (size_t)snprintf(header + used, sizeof header - used, "," WRONG);
  size_t before_last = used;
  snprintf(header + used, sizeof header - used, "," GOOD);
  assert_true(check(header));
  snprintf(header + before_last, sizeof header - before_last, "," WRONG "," GOOD);
  assert_false(check(header));
  memset(header, 'x', WEBHOOK_SIGNATURE_BYTES_MAX + 1);
  header[WEBHOOK_SIGNATURE_BYTES_MAX + 1] = '\0';
  assert_false(check(header));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_the_providers_own_holds), cmocka_unit_test(test_any_secret_of_several),
      cmocka_unit_test(test_every_byte_counts),       cmocka_unit_test(test_time_has_a_tolerance),
      cmocka_unit_test(test_headers_that_are_none),   cmocka_unit_test(test_bounds),
  };
  return cmocka_run_group_tests_name("webhook signature", tests, NULL, NULL);
}
