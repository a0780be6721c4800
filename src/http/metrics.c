#include "http/metrics.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

/* Upper ends in microseconds and as Prometheus labels; the last bucket has none. */
static const struct metrics_bucket {
  int64_t up_to_us;
  const char *label;
} metrics_buckets[METRICS_BUCKETS] = {
    {500, "0.0005"},  {1000, "0.001"}, {2500, "0.0025"},    {5000, "0.005"},  {10000, "0.01"},
    {25000, "0.025"}, {50000, "0.05"}, {100000, "0.1"},     {250000, "0.25"}, {500000, "0.5"},
    {1000000, "1"},   {5000000, "5"},  {INT64_MAX, "+Inf"},
};

static const struct metrics_pool_row {
  const char *name;
  const char *type;
  const char *help;
} metrics_pool_rows[] = {
    {"lockstep_pool_connections", "gauge", "Connections that are open."},
    {"lockstep_pool_connections_limit", "gauge", "Connections that may be open."},
    {"lockstep_pool_idle", "gauge", "Connections that wait for work."},
    {"lockstep_pool_borrowed", "gauge", "Connections at work."},
    {"lockstep_pool_waiting", "gauge", "Threads that wait for a connection."},
    {"lockstep_pool_acquired_total", "counter", "Connections lent."},
    {"lockstep_pool_timeouts_total", "counter", "Waits for a connection that took too long."},
    {"lockstep_pool_connects_total", "counter", "Connections opened."},
    {"lockstep_pool_connect_failures_total", "counter", "Connections that could not be opened."},
    {"lockstep_pool_discarded_total", "counter", "Connections given up: broken, aged, failed their check."},
    {"lockstep_pool_wait_nanoseconds_total", "counter", "Time spent waiting for a connection."},
};
_Static_assert(ARRAY_LENGTH(metrics_pool_rows) == ARRAY_LENGTH(((struct metrics *)0)->pool),
               "a row for every figure of the pool");

static const char *const metrics_event_names[METRICS_EVENTS] = {"applied", "duplicate", "conflict", "pending",
                                                                "rejected"};

static void add(_Atomic uint64_t *counter, uint64_t by) {
  atomic_fetch_add_explicit(counter, by, memory_order_relaxed);
}

static uint64_t get(const _Atomic uint64_t *counter) {
  return atomic_load_explicit(counter, memory_order_relaxed);
}

void metrics_count(struct metrics *metrics, size_t route_at, int status, int64_t duration_ns,
                   int64_t database_ns, bool sent) {
  struct metrics_route *route = &metrics->routes[route_at];
  size_t bucket = 0;
  int class_at = status / 100 - 1;
  if (class_at < 0 || class_at >= METRICS_CLASSES) class_at = METRICS_CLASSES - 1;
  if (duration_ns < 0) duration_ns = 0;
  while (duration_ns / 1000 > metrics_buckets[bucket].up_to_us)
    bucket++;
  add(&route->by_class[class_at], 1);
  add(&route->buckets[bucket], 1);
  add(&route->duration_ns, (uint64_t)duration_ns);
  add(&route->database_ns, database_ns > 0 ? (uint64_t)database_ns : 0);
  if (!sent) add(&metrics->replies_lost, 1);
}

void metrics_count_event(struct metrics *metrics, const char *status) {
  for (size_t at = 0; at < METRICS_EVENTS; at++)
    if (strcmp(metrics_event_names[at], status) == 0) add(&metrics->events[at], 1);
}

void metrics_publish_pool(struct metrics *metrics, const struct pool_stats *stats) {
  const uint64_t figures[] = {stats->size,      stats->limit,    stats->idle,
                              stats->borrowed,  stats->waiting,  stats->acquired,
                              stats->timeouts,  stats->connects, stats->connect_failures,
                              stats->discarded, stats->wait_ns};
  _Static_assert(ARRAY_LENGTH(figures) == ARRAY_LENGTH(metrics_pool_rows), "one figure a row");
  for (size_t at = 0; at < ARRAY_LENGTH(figures); at++)
    atomic_store_explicit(&metrics->pool[at], figures[at], memory_order_relaxed);
}

void metrics_publish_memory(struct metrics *metrics) {
  char text[128];
  uint64_t pages[2] = {0, 0};
  int file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
  if (file < 0) return;
  ssize_t length = read(file, text, sizeof text - 1);
  close(file);
  if (length <= 0) return;
  text[length] = '\0';
  if (sscanf(text, "%" SCNu64 " %" SCNu64, &pages[0], &pages[1]) != 2) return;
  atomic_store_explicit(&metrics->resident_bytes, pages[1] * (uint64_t)sysconf(_SC_PAGESIZE),
                        memory_order_relaxed);
}

/* One route over all slots. */
struct route_sum {
  const struct endpoint *row; /* NULL: no row matched */
  uint64_t count;
  uint64_t by_class[METRICS_CLASSES];
  uint64_t buckets[METRICS_BUCKETS];
  uint64_t duration_ns;
  uint64_t database_ns;
};

static void route_sum(const struct metrics *slots, size_t slot_count, const struct router *router, size_t at,
                      struct route_sum *ret_sum) {
  memset(ret_sum, 0, sizeof *ret_sum);
  ret_sum->row = at == 0 ? NULL : router_row(router, at);
  for (size_t slot = 0; slot < slot_count; slot++) {
    const struct metrics_route *route = &slots[slot].routes[at];
    for (size_t class_at = 0; class_at < METRICS_CLASSES; class_at++)
      ret_sum->by_class[class_at] += get(&route->by_class[class_at]);
    for (size_t bucket = 0; bucket < METRICS_BUCKETS; bucket++)
      ret_sum->buckets[bucket] += get(&route->buckets[bucket]);
    ret_sum->duration_ns += get(&route->duration_ns);
    ret_sum->database_ns += get(&route->database_ns);
  }
  for (size_t bucket = 0; bucket < METRICS_BUCKETS; bucket++)
    ret_sum->count += ret_sum->buckets[bucket];
}

static void print_head(struct buffer *buffer, const char *name, const char *type, const char *help) {
  buffer_printf(buffer, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* Paths and methods are literals of the program: nothing to escape. */
static void print_labels(struct buffer *buffer, const char *name, const struct route_sum *sum) {
  buffer_printf(buffer, "%s{method=\"%s\",route=\"%s\"", name, sum->row == NULL ? "" : sum->row->method,
                sum->row == NULL ? "" : sum->row->path);
}

static void print_requests(struct buffer *buffer, const struct route_sum *sum) {
  for (int class_at = 0; class_at < METRICS_CLASSES; class_at++) {
    if (sum->by_class[class_at] == 0) continue;
    print_labels(buffer, "lockstep_http_requests_total", sum);
    buffer_printf(buffer, ",status=\"%dxx\"} %" PRIu64 "\n", class_at + 1, sum->by_class[class_at]);
  }
}

static void print_durations(struct buffer *buffer, const struct route_sum *sum) {
  uint64_t below = 0;
  for (size_t bucket = 0; bucket < METRICS_BUCKETS; bucket++) {
    below += sum->buckets[bucket];
    print_labels(buffer, "lockstep_http_request_duration_seconds_bucket", sum);
    buffer_printf(buffer, ",le=\"%s\"} %" PRIu64 "\n", metrics_buckets[bucket].label, below);
  }
  print_labels(buffer, "lockstep_http_request_duration_seconds_sum", sum);
  buffer_printf(buffer, "} %.9f\n", (double)sum->duration_ns / 1e9);
  print_labels(buffer, "lockstep_http_request_duration_seconds_count", sum);
  buffer_printf(buffer, "} %" PRIu64 "\n", sum->count);
}

static void print_database(struct buffer *buffer, const struct route_sum *sum) {
  print_labels(buffer, "lockstep_http_database_seconds_total", sum);
  buffer_printf(buffer, "} %.9f\n", (double)sum->database_ns / 1e9);
}

/* A series begins with its route's first request. */
static void print_routes(const struct metrics *slots, size_t slot_count, const struct router *router,
                         struct buffer *buffer, void (*print)(struct buffer *, const struct route_sum *)) {
  for (size_t at = 0; at <= router_count(router); at++) {
    struct route_sum sum;
    route_sum(slots, slot_count, router, at, &sum);
    if (sum.count > 0) print(buffer, &sum);
  }
}

static void print_events(const struct metrics *slots, size_t slot_count, struct buffer *buffer) {
  print_head(buffer, "lockstep_events_total", "counter",
             "Progress events that were sent, by what became of them.");
  for (size_t at = 0; at < METRICS_EVENTS; at++) {
    uint64_t sum = 0;
    for (size_t slot = 0; slot < slot_count; slot++)
      sum += get(&slots[slot].events[at]);
    buffer_printf(buffer, "lockstep_events_total{status=\"%s\"} %" PRIu64 "\n", metrics_event_names[at], sum);
  }
}

static void print_processes(const struct metrics *slots, size_t slot_count, struct buffer *buffer) {
  for (size_t row = 0; row < ARRAY_LENGTH(metrics_pool_rows); row++) {
    uint64_t sum = 0;
    for (size_t slot = 0; slot < slot_count; slot++)
      sum += get(&slots[slot].pool[row]);
    print_head(buffer, metrics_pool_rows[row].name, metrics_pool_rows[row].type, metrics_pool_rows[row].help);
    buffer_printf(buffer, "%s %" PRIu64 "\n", metrics_pool_rows[row].name, sum);
  }
  uint64_t lost = 0;
  print_head(buffer, "lockstep_worker_resident_bytes", "gauge", "Memory of a worker process.");
  for (size_t slot = 0; slot < slot_count; slot++) {
    lost += get(&slots[slot].replies_lost);
    buffer_printf(buffer, "lockstep_worker_resident_bytes{worker=\"%zu\"} %" PRIu64 "\n", slot,
                  get(&slots[slot].resident_bytes));
  }
  print_head(buffer, "lockstep_http_replies_lost_total", "counter", "Replies whose client was gone.");
  buffer_printf(buffer, "lockstep_http_replies_lost_total %" PRIu64 "\n", lost);
}

void metrics_print(const struct metrics *slots, size_t slot_count, const struct router *router,
                   const char *build, struct buffer *buffer) {
  print_head(buffer, "lockstep_build_info", "gauge", "1, with the build as a label.");
  buffer_printf(buffer, "lockstep_build_info{build=\"%s\"} 1\n", build);
  print_head(buffer, "lockstep_http_requests_total", "counter", "Requests answered.");
  print_routes(slots, slot_count, router, buffer, print_requests);
  print_head(buffer, "lockstep_http_request_duration_seconds", "histogram",
             "From arrival to the reply's end.");
  print_routes(slots, slot_count, router, buffer, print_durations);
  print_head(buffer, "lockstep_http_database_seconds_total", "counter",
             "Time spent waiting for the database.");
  print_routes(slots, slot_count, router, buffer, print_database);
  print_events(slots, slot_count, buffer);
  print_processes(slots, slot_count, buffer);
}
