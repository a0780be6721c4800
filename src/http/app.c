/* What a worker process has of this room, and the line that ends a request. */
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "http/auth_keys.h"
#include "http/consistency.h"
#include "http/handle.h"
#include "http/router.h"
#include "http/shared.h"

#include "base/banned.h"

#define NS_PER_MS INT64_C(1000000)

size_t http_shared_bytes(size_t processes) {
  return sizeof(struct http_shared) + processes * sizeof(struct metrics);
}

struct http_shared *http_shared_init(void *memory, size_t processes) {
  struct http_shared *shared = memory;
  shared->processes = processes;
  rate_limit_init(&shared->minting);
  rate_limit_init(&shared->tickets);
  return shared;
}

bool http_app_open(struct app *app, const struct endpoint_table *const *tables, struct http_shared *shared,
                   size_t process_at, struct error *error) {
  struct auth_keys *keys;
  struct router *router;
  if (shared != NULL && process_at >= shared->processes)
    return error_set(error, ERROR_INTERNAL, "There is no slot for worker process %zu.", process_at);
  if (!auth_keys_new(&app->config->auth, error, &keys)) return false;
  const struct repair_engine engine = {.set = app->rules, .pool = app->pool, .config = app->config};
  if (!router_new(tables, error, &router)) {
    auth_keys_free(keys);
    return false;
  }
  if (!consistency_new(&engine, error, &app->consistency)) {
    auth_keys_free(keys);
    router_free(router);
    return false;
  }
  app->keys = keys;
  app->router = router;
  app->shared = shared;
  app->metrics = shared == NULL ? NULL : &shared->slots[process_at];
  return true;
}

void http_app_close(struct app *app) {
  consistency_free(app->consistency);
  app->consistency = NULL;
  auth_keys_free(app->keys);
  router_free(app->router);
  app->keys = NULL;
  app->router = NULL;
}

void http_tend(struct app *app) {
  struct pool_stats stats;
  if (app->metrics == NULL) return;
  pool_read_stats(app->pool, &stats);
  metrics_publish_pool(app->metrics, &stats);
  metrics_publish_memory(app->metrics);
}

static enum log_level level_of(const struct request *request, bool is_slow) {
  if (request->status >= 500) return LOG_LEVEL_ERROR;
  if (is_slow) return LOG_LEVEL_WARN;
  bool is_quiet = request->endpoint != NULL && (request->endpoint->flags & ENDPOINT_QUIET) != 0;
  return is_quiet && request->status < 400 ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO;
}

void request_log(struct request *request, bool sent) {
  int64_t duration_ns = clock_monotonic_ns() - request->started_ns;
  bool is_slow = duration_ns > request->app->config->http.slow_ms * NS_PER_MS;
  struct log_line line;
  if (request->app->metrics != NULL)
    metrics_count(request->app->metrics, request->route_at, request->status, duration_ns, request->db_ns,
                  sent);
  log_begin(&line, level_of(request, is_slow), "request");
  if (!line.enabled) return;
  log_add(&line, "id", request->id);
  log_add(&line, "method", request->method);
  /* A route's label where there is one; only what matched nothing is told as it came. */
  if (request->endpoint != NULL)
    log_add(&line, "route", request->endpoint->path);
  else
    log_add(&line, "path", request->path);
  log_add_i64(&line, "status", request->status);
  log_add_ms(&line, "ms", duration_ns);
  log_add_ms(&line, "db_ms", request->db_ns);
  log_add_i64(&line, "bytes", (int64_t)request->reply.length);
  log_add(&line, "role", role_names[request->principal.role]);
  if (request->principal.user_id != 0) log_add_i64(&line, "learner", (int64_t)request->principal.user_id);
  if (is_slow) log_add(&line, "slow", "1");
  if (!sent) log_add(&line, "lost", "1");
  if (request->error.code != ERROR_NONE) log_add_error(&line, &request->error);
  log_end(&line);
}
