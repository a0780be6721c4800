#include "http/metrics.h"

#include "base/log.h"
#include "http_fixture.h"

#include "base/banned.h"

#define MS INT64_C(1000000)

static bool handle_nothing(struct request *request, const void *query, const void *body, void *reply,
                           struct error *error) {
  (void)request;
  (void)query;
  (void)body;
  (void)reply;
  (void)error;
  return true;
}

static const struct endpoint rows[] = {
    {.method = "GET", .path = "/one/{id}", .handle = handle_nothing, .tag = "T", .summary = "S"},
    {.method = "POST", .path = "/two", .handle = handle_nothing, .tag = "T", .summary = "S"},
};
static const struct endpoint_table table = ENDPOINT_TABLE(rows);
static const struct endpoint_table *const tables[] = {&table, NULL};

static int setup(void **state) {
  log_setup("test", LOG_LEVEL_ERROR);
  struct fixture *fixture = fixture_prepare();
  fixture_open(fixture, tables);
  *state = fixture;
  return 0;
}

static int teardown(void **state) {
  fixture_close(*state);
  return 0;
}

static void expect(const char *text, const char *line) {
  char whole[256];
  size_t length = strlen(line);
  assert_true(length + 3 < sizeof whole);
  whole[0] = '\n';
  memcpy(whole + 1, line, length);
  memcpy(whole + 1 + length, "\n", 2);
  if (strstr(text, whole) == NULL) fail_msg("no line %s in:\n%s", line, text);
}

/* Two processes' slots add up, whichever of them is asked. */
static void test_all_processes_together(void **state) {
  struct fixture *fixture = *state;
  struct http_shared *shared = fixture->app.shared;
  CLEANUP(buffer_free) struct buffer buffer = BUFFER_INIT(1 << 20);
  assert_ptr_equal(fixture->app.metrics, &shared->slots[0]);
  metrics_count(&shared->slots[0], 1, 200, 2 * MS, MS, true);
  metrics_count(&shared->slots[1], 1, 200, 2 * MS, MS, true);
  metrics_count(&shared->slots[1], 1, 404, 300 * MS, 0, false);
  metrics_count(&shared->slots[1], 1, 503, 60000 * MS, 0, true);
  metrics_count(&shared->slots[0], 0, 404, 0, 0, true);
  metrics_publish_pool(&shared->slots[0],
                       &(struct pool_stats){.size = 3, .limit = 8, .waiting = 1, .wait_ns = 9});
  metrics_publish_pool(&shared->slots[1], &(struct pool_stats){.size = 4, .limit = 8, .discarded = 2});
  metrics_publish_memory(&shared->slots[0]);
  metrics_print(shared->slots, shared->processes, fixture->app.router, "1.2-abc", &buffer);
  const char *text = buffer_text(&buffer);
  assert_false(buffer.failed);
  expect(text, "lockstep_build_info{build=\"1.2-abc\"} 1");
  expect(text, "lockstep_http_requests_total{method=\"GET\",route=\"/one/{id}\",status=\"2xx\"} 2");
  expect(text, "lockstep_http_requests_total{method=\"GET\",route=\"/one/{id}\",status=\"4xx\"} 1");
  expect(text, "lockstep_http_requests_total{method=\"GET\",route=\"/one/{id}\",status=\"5xx\"} 1");
  expect(text, "lockstep_http_requests_total{method=\"\",route=\"\",status=\"4xx\"} 1");
  expect(text,
         "lockstep_http_request_duration_seconds_bucket{method=\"GET\",route=\"/one/{id}\",le=\"0.001\"} 0");
  expect(text,
         "lockstep_http_request_duration_seconds_bucket{method=\"GET\",route=\"/one/{id}\",le=\"0.0025\"} 2");
  expect(text,
         "lockstep_http_request_duration_seconds_bucket{method=\"GET\",route=\"/one/{id}\",le=\"0.5\"} 3");
  expect(text,
         "lockstep_http_request_duration_seconds_bucket{method=\"GET\",route=\"/one/{id}\",le=\"5\"} 3");
  expect(text,
         "lockstep_http_request_duration_seconds_bucket{method=\"GET\",route=\"/one/{id}\",le=\"+Inf\"} 4");
  expect(text, "lockstep_http_request_duration_seconds_count{method=\"GET\",route=\"/one/{id}\"} 4");
  expect(text, "lockstep_http_request_duration_seconds_sum{method=\"GET\",route=\"/one/{id}\"} 60.304000000");
  expect(text, "lockstep_http_database_seconds_total{method=\"GET\",route=\"/one/{id}\"} 0.002000000");
  expect(text, "lockstep_http_replies_lost_total 1");
  expect(text, "lockstep_pool_connections 7");
  expect(text, "lockstep_pool_connections_limit 16");
  expect(text, "lockstep_pool_waiting 1");
  expect(text, "lockstep_pool_discarded_total 2");
  expect(text, "lockstep_pool_wait_nanoseconds_total 9");
  assert_null(strstr(text, "/two"));
  assert_null(strstr(text, "lockstep_worker_resident_bytes{worker=\"0\"} 0\n"));
  expect(text, "lockstep_worker_resident_bytes{worker=\"1\"} 0");
}

/* What the pipeline counts lands in the row of its route. */
static void test_requests_are_counted(void **state) {
  struct fixture *fixture = *state;
  for (int at = 0; at < 3; at++) {
    struct request *request = fixture_arrive(fixture, "POST", "/two");
    http_handle(request);
    request_log(request, true);
  }
  assert_int_equal(fixture->app.metrics->routes[2].by_class[1], 3);
  assert_int_equal(fixture->app.metrics->routes[1].by_class[1], 0);
}

static void test_odd_figures_do_no_harm(void **state) {
  struct fixture *fixture = *state;
  metrics_count(fixture->app.metrics, 1, 0, -5, -5, true);
  metrics_count(fixture->app.metrics, 1, 99999, INT64_MAX, INT64_MAX, true);
  assert_int_equal(fixture->app.metrics->routes[1].by_class[METRICS_CLASSES - 1], 2);
  assert_int_equal(fixture->app.metrics->routes[1].buckets[METRICS_BUCKETS - 1], 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_all_processes_together, setup, teardown),
      cmocka_unit_test_setup_teardown(test_requests_are_counted, setup, teardown),
      cmocka_unit_test_setup_teardown(test_odd_figures_do_no_harm, setup, teardown),
  };
  return cmocka_run_group_tests_name("metrics", tests, NULL, NULL);
}
