#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "process/status.h"

#include "base/banned.h"

#define NOW_MS INT64_C(1795222387000)

static const struct scoreboard_thread_view threads[] = {
    {.stage = STAGE_IDLE, .served = 5},
    {.stage = STAGE_HANDLING, .age_ms = 1234, .label = "POST /api/answer", .request_id = "r-1"},
    {.stage = STAGE_SENDING, .age_ms = 2, .label = "GET \"odd\"", .request_id = "r-2"},
};
static const struct scoreboard_worker_view workers[] = {
    {.state = WORKER_SERVING,
     .pid = 101,
     .number = 1,
     .generation = 2,
     .started_ms = NOW_MS - 90061000,
     .served = 1234567,
     .clients = 16,
     .resident_bytes = 23 << 20,
     .pool = {.size = 4, .limit = 8, .borrowed = 1, .idle = 3},
     .thread_count = 3,
     .threads = threads},
    {.state = WORKER_DRAINING, .pid = 100, .number = 1, .generation = 1, .started_ms = NOW_MS},
};

static struct scoreboard_view view_of(bool alive) {
  return (struct scoreboard_view){.state = MASTER_SERVING,
                                  .master_alive = alive,
                                  .pid = 99,
                                  .started_ms = NOW_MS - 3723000,
                                  .reloaded_ms = NOW_MS,
                                  .now_ms = NOW_MS,
                                  .generation = 2,
                                  .served = 1234567,
                                  .restarts = 3,
                                  .processes = 1,
                                  .threads = 3,
                                  .connections = 8,
                                  .listen = "unix:/run/x",
                                  .build = "1.2.3",
                                  .problem = "",
                                  .worker_count = 2,
                                  .workers = workers};
}

static void assert_says(const char *text, const char *what) {
  if (strstr(text, what) == NULL) fail_msg("\"%s\" is not in:\n%s", what, text);
}

static void test_for_people(void **state) {
  (void)state;
  CLEANUP(buffer_free) struct buffer buffer = BUFFER_INIT(100000);
  struct scoreboard_view view = view_of(true);
  status_print_text(&view, "", "", &buffer);
  const char *text = buffer_text(&buffer);
  assert_says(text, "Lockstep 1.2.3, serving on unix:/run/x");
  assert_says(text, "99, up 1 h 2 min");
  assert_says(text, "1,234,567 served");
  assert_says(text, "3 died");
  assert_says(text, "4 of 8 connections open, 1 in use");
  assert_says(text, "1 d 1 h");
  assert_says(text, "2/3"); /* busy threads */
  assert_says(text, "23.0 MiB");
  assert_says(text, "draining");
  assert_says(text, "1234 ms       handling  POST /api/answer  (r-1)");
  assert_null(strstr(text, "refused"));
}

static void test_trouble_is_said(void **state) {
  (void)state;
  CLEANUP(buffer_free) struct buffer buffer = BUFFER_INIT(100000);
  struct scoreboard_view view = view_of(false);
  view.problem = "workers.threads must be at least 1";
  status_print_text(&view, "", "", &buffer);
  assert_says(buffer_text(&buffer), "dead on unix:/run/x");
  assert_says(buffer_text(&buffer), "99 is gone");
  assert_says(buffer_text(&buffer), "refused: workers.threads must be at least 1");
}

static void test_well(void **state) {
  (void)state;
  struct scoreboard_view view = view_of(true);
  assert_true(status_is_well(&view));
  view.processes = 2;
  assert_false(status_is_well(&view)); /* one place is not served */
  view = view_of(false);
  assert_false(status_is_well(&view));
  view = view_of(true);
  view.state = MASTER_STOPPING;
  assert_false(status_is_well(&view));
}

static void test_json(void **state) {
  (void)state;
  CLEANUP(arena_cleanup) struct arena *arena = arena_new(1 << 20);
  CLEANUP(buffer_free) struct buffer buffer = BUFFER_INIT(100000);
  struct scoreboard_view view = view_of(true);
  struct error error = ERROR_INIT;
  assert_true(status_print_json(&view, arena, &buffer, &error));
  const char *text = buffer_text(&buffer);
  assert_false(buffer.failed);
  assert_int_equal(text[buffer.length - 1], '\n');
  assert_says(text, "\"well\":true");
  assert_says(text, "\"served\":1234567");
  assert_says(text, "\"request\":\"POST /api/answer\"");
  assert_says(text, "\"request\":\"GET \\\"odd\\\"\"");
  assert_says(text, "\"stage\":\"handling\"");
  assert_says(text, "\"state\":\"draining\"");
  assert_says(text, "\"database\":{\"open\":4,\"limit\":8");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_for_people),
      cmocka_unit_test(test_trouble_is_said),
      cmocka_unit_test(test_well),
      cmocka_unit_test(test_json),
  };
  return cmocka_run_group_tests_name("status", tests, NULL, NULL);
}
