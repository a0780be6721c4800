/* Points and levels. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "learner/profile.h"

#include "base/banned.h"

static void test_levels(void **state) {
  static int64_t thresholds[] = {10, 11, 500};
  static const struct {
    int64_t points;
    int64_t level;
  } cases[] = {{-5, 1}, {0, 1}, {9, 1}, {10, 2}, {11, 3}, {499, 3}, {500, 4}, {INT64_MAX, 4}};
  const struct profile_config config = {
      .evolution_levels = {.items = thresholds, .count = ARRAY_LENGTH(thresholds)}};
  const struct profile_config without = {.evolution_levels = {.count = 0}};
  (void)state;
  for (size_t at = 0; at < ARRAY_LENGTH(cases); at++) {
    assert_int_equal(profile_level(&config, cases[at].points), cases[at].level);
    assert_int_equal(profile_level(&without, cases[at].points), 1);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_levels),
  };
  return cmocka_run_group_tests_name("learner/profile", tests, NULL, NULL);
}
