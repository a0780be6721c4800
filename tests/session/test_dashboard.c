/* The trend of the speeds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "session/dashboard.h"

#include "base/banned.h"

static const struct trend_case {
  double speeds[DASHBOARD_SESSIONS];
  double average;
  enum dashboard_trend trend;
} trend_cases[] = {
    {{2, 2, 2, 2, 2}, 2, TREND_STEADY},
    {{1.8, 1.8, 1.8, 1.8, 1.8}, 2, TREND_STEADY}, /* 0.9 of it is not under it */
    {{1.8, 1.8, 1.8, 1.8, 1.79}, 2, TREND_IMPROVING},
    {{2.2, 2.2, 2.2, 2.2, 2.2}, 2, TREND_STEADY},
    {{2.2, 2.2, 2.2, 2.2, 2.21}, 2, TREND_DECLINING},
    {{0, 0, 0, 0, 10.5}, 2, TREND_STEADY}, /* the mean is what counts */
    {{0.1, 0.1, 0.1, 0.1, 0.1}, 2, TREND_IMPROVING},
    {{9, 9, 9, 9, 9}, 2, TREND_DECLINING},
    {{1, 1, 1, 1, 1}, 0, TREND_DECLINING},
};

static void test_trend(void **state) {
  (void)state;
  for (size_t at = 0; at < ARRAY_LENGTH(trend_cases); at++)
    assert_int_equal(dashboard_trend_of(trend_cases[at].speeds, trend_cases[at].average),
                     trend_cases[at].trend);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_trend),
  };
  return cmocka_run_group_tests_name("session/dashboard", tests, NULL, NULL);
}
