/* The scoreboard as JSON, by field tables like every other reply. */
#include "process/status.h"

#include "base/buffer.h"
#include "schema/encode.h"

#include "base/banned.h"

struct status_request {
  const char *request;
  const char *id;
  int stage;
  int64_t age_ms;
};

struct status_pool {
  uint64_t size, limit, idle, borrowed, waiting, acquired, timeouts, connect_failures;
};

struct status_worker {
  uint64_t number, pid, generation, served, restarts, clients, threads;
  int state;
  int64_t started_ms, resident_bytes;
  struct status_pool pool;
  struct field_list requests;
};

struct status_report {
  bool well, master_alive;
  int state;
  uint64_t pid, generation, refused_reloads, restarts, recycled, timeouts, kills, served;
  uint64_t processes, threads, connections;
  int64_t started_ms, reloaded_ms;
  const char *listen, *build, *problem;
  struct field_list workers;
};

static const struct field request_fields[] = {
    FIELD_TEXT(struct status_request, "request", request, .flags = FIELD_REQUIRED,
               .summary = "Method and route, without identifiers."),
    FIELD_TEXT(struct status_request, "requestId", id, .flags = FIELD_REQUIRED, .summary = "X-Request-Id."),
    FIELD_ENUM(struct status_request, "stage", stage, .names = scoreboard_stage_names,
               .summary = "What happens with it."),
    FIELD_INT(struct status_request, "ageMs", age_ms, .flags = FIELD_REQUIRED, .summary = "Since it began."),
};
static const struct schema request_schema =
    SCHEMA("StatusRequest", struct status_request, request_fields, .summary = "A request in hand.");

#define POOL_COUNT(name, member, text) \
  FIELD_UINT(struct status_pool, name, member, .flags = FIELD_REQUIRED, .summary = (text))
static const struct field pool_fields[] = {
    POOL_COUNT("open", size, "Connections open."),
    POOL_COUNT("limit", limit, "Connections it may open."),
    POOL_COUNT("idle", idle, "Of the open ones, free."),
    POOL_COUNT("borrowed", borrowed, "Of the open ones, in use."),
    POOL_COUNT("waiting", waiting, "Requests that wait for one."),
    POOL_COUNT("acquired", acquired, "Times one was borrowed."),
    POOL_COUNT("timeouts", timeouts, "Times none was free in time."),
    POOL_COUNT("connectFailures", connect_failures, "Times that the database did not answer."),
};
static const struct schema pool_schema =
    SCHEMA("StatusPool", struct status_pool, pool_fields, .summary = "Database connections.");

#define WORKER_COUNT(name, member, text) \
  FIELD_UINT(struct status_worker, name, member, .flags = FIELD_REQUIRED, .summary = (text))
static const struct field worker_fields[] = {
    WORKER_COUNT("number", number, "The place it fills, from 1."),
    WORKER_COUNT("pid", pid, "Its process."),
    FIELD_ENUM(struct status_worker, "state", state, .names = scoreboard_worker_state_names,
               .summary = "What it is at."),
    WORKER_COUNT("configuration", generation, "The number of its configuration."),
    FIELD_TIME(struct status_worker, "started", started_ms, .flags = FIELD_REQUIRED, .summary = "Its start."),
    WORKER_COUNT("served", served, "Requests."),
    WORKER_COUNT("restarts", restarts, "How often a worker of its place died before it."),
    WORKER_COUNT("clients", clients, "Open FastCGI connections."),
    WORKER_COUNT("threads", threads, "Requests it can work on at a time."),
    FIELD_INT(struct status_worker, "residentBytes", resident_bytes, .flags = FIELD_REQUIRED,
              .summary = "Memory."),
    FIELD_OBJECT(struct status_worker, "database", pool, .object = &pool_schema,
                 .summary = "Its database connections."),
    FIELD_LIST(struct status_worker, "requests", requests, .object = &request_schema,
               .maximum = SCOREBOARD_THREADS_MAX, .summary = "What it works on."),
};
static const struct schema worker_schema =
    SCHEMA("StatusWorker", struct status_worker, worker_fields, .summary = "A worker process.");

#define REPORT_COUNT(name, member, text) \
  FIELD_UINT(struct status_report, name, member, .flags = FIELD_REQUIRED, .summary = (text))
static const struct field report_fields[] = {
    FIELD_BOOL(struct status_report, "well", well, .flags = FIELD_REQUIRED,
               .summary = "The master lives and every place is served."),
    FIELD_BOOL(struct status_report, "masterAlive", master_alive, .flags = FIELD_REQUIRED,
               .summary = "Whether its process exists."),
    FIELD_ENUM(struct status_report, "state", state, .names = scoreboard_master_state_names,
               .summary = "What it is at."),
    REPORT_COUNT("pid", pid, "The master's process."),
    FIELD_TEXT(struct status_report, "build", build, .flags = FIELD_REQUIRED, .summary = "Version."),
    FIELD_TEXT(struct status_report, "listen", listen, .flags = FIELD_REQUIRED, .summary = "The socket."),
    FIELD_TIME(struct status_report, "started", started_ms, .flags = FIELD_REQUIRED,
               .summary = "The master's start."),
    REPORT_COUNT("configuration", generation, "Counts configurations that came into force."),
    FIELD_TIME(struct status_report, "configured", reloaded_ms, .flags = FIELD_REQUIRED,
               .summary = "When the one in force was loaded."),
    REPORT_COUNT("refusedReloads", refused_reloads, "Reloads that changed nothing."),
    FIELD_TEXT(struct status_report, "problem", problem, .flags = FIELD_REQUIRED,
               .summary = "Why the last reload was refused; empty when it was not."),
    REPORT_COUNT("processes", processes, "Workers that there should be."),
    REPORT_COUNT("threads", threads, "Threads of each."),
    REPORT_COUNT("databaseConnections", connections, "That all may open together."),
    REPORT_COUNT("served", served, "Requests since the start."),
    REPORT_COUNT("restarts", restarts, "Workers that died unasked."),
    REPORT_COUNT("recycled", recycled, "Workers replaced after workers.max_requests."),
    REPORT_COUNT("timeouts", timeouts, "Workers ended for a request that took too long."),
    REPORT_COUNT("kills", kills, "Workers killed at the end of their drain."),
    FIELD_LIST(struct status_report, "workers", workers, .object = &worker_schema,
               .maximum = SCOREBOARD_SLOTS, .flags = FIELD_REQUIRED, .summary = "By place."),
};
static const struct schema report_schema =
    SCHEMA("Status", struct status_report, report_fields, .summary = "The service at one moment.");

static bool status_take_requests(const struct scoreboard_worker_view *view, struct arena *arena,
                                 struct field_list *list) {
  struct status_request *requests = arena_alloc_array(arena, view->thread_count, sizeof *requests);
  if (requests == NULL) return false;
  list->items = requests;
  for (uint32_t at = 0; at < view->thread_count; at++) {
    const struct scoreboard_thread_view *thread = &view->threads[at];
    if (thread->stage == STAGE_IDLE) continue;
    requests[list->count++] = (struct status_request){.request = thread->label,
                                                      .id = thread->request_id,
                                                      .stage = (int)thread->stage,
                                                      .age_ms = thread->age_ms};
  }
  return true;
}

static bool status_take_worker(const struct scoreboard_worker_view *view, struct arena *arena,
                               struct status_worker *worker) {
  *worker = (struct status_worker){.number = view->number,
                                   .pid = (uint64_t)view->pid,
                                   .generation = view->generation,
                                   .served = view->served,
                                   .restarts = view->restarts,
                                   .clients = view->clients,
                                   .threads = view->thread_count,
                                   .state = (int)view->state,
                                   .started_ms = view->started_ms,
                                   .resident_bytes = view->resident_bytes,
                                   .pool = {.size = view->pool.size,
                                            .limit = view->pool.limit,
                                            .idle = view->pool.idle,
                                            .borrowed = view->pool.borrowed,
                                            .waiting = view->pool.waiting,
                                            .acquired = view->pool.acquired,
                                            .timeouts = view->pool.timeouts,
                                            .connect_failures = view->pool.connect_failures}};
  return status_take_requests(view, arena, &worker->requests);
}

static struct status_report status_take_head(const struct scoreboard_view *view) {
  return (struct status_report){.well = status_is_well(view),
                                .master_alive = view->master_alive,
                                .state = (int)view->state,
                                .pid = (uint64_t)view->pid,
                                .generation = view->generation,
                                .refused_reloads = view->refused_reloads,
                                .restarts = view->restarts,
                                .recycled = view->recycled,
                                .timeouts = view->timeouts,
                                .kills = view->kills,
                                .served = view->served,
                                .processes = view->processes,
                                .threads = view->threads,
                                .connections = view->connections,
                                .started_ms = view->started_ms,
                                .reloaded_ms = view->reloaded_ms,
                                .listen = view->listen,
                                .build = view->build,
                                .problem = view->problem};
}

bool status_print_json(const struct scoreboard_view *view, struct arena *arena, struct buffer *buffer,
                       struct error *error) {
  struct status_report report = status_take_head(view);
  struct status_worker *workers = arena_alloc_array(arena, view->worker_count, sizeof *workers);
  if (workers == NULL) return error_set_memory(error);
  for (size_t at = 0; at < view->worker_count; at++)
    if (!status_take_worker(&view->workers[at], arena, &workers[at])) return error_set_memory(error);
  report.workers = (struct field_list){.items = workers, .count = view->worker_count};
  schema_encode_json(&report_schema, &report, buffer);
  buffer_append_char(buffer, '\n');
  return true;
}
