#include "db/migrate.h"
#include "http/consistency.h"
#include "http/handle.h"
#include "http/metrics.h"
#include "http/openapi.h"
#include "http/ops.h"
#include "http/shared.h"
#include "queries/shared.h"

#include "base/banned.h"

struct health_reply {
  const char *status;
};

static const struct field health_fields[] = {
    FIELD_TEXT(struct health_reply, "status", status, .flags = FIELD_REQUIRED, .summary = "ok",
               .example = "\"ok\""),
};
static const struct schema health_schema =
    SCHEMA("HealthReply", struct health_reply, health_fields, .summary = "It is well.");

static bool ops_health(struct request *request, const void *query, const void *body, void *reply,
                       struct error *error) {
  struct health_reply *health = reply;
  (void)request;
  (void)query;
  (void)body;
  (void)error;
  health->status = "ok";
  return true;
}

/* Every complaint is one of `errors`; the database's own words stay in the log. */
static void ready_complain(struct error *complaints, const char *field, const char *message) {
  error_add_field(complaints, ERROR_UNAVAILABLE, field, "%s", message);
}

static bool ready_check_commits(struct db *db, struct arena *arena, struct error *error,
                                struct error *complaints) {
  struct shared_durability_row row;
  bool found;
  if (!shared_durability(db, arena, error, &row, &found)) return false;
  if (!found || row.flush_log_at_commit != 1)
    ready_complain(complaints, "commits", "are not durable: innodb_flush_log_at_trx_commit is not 1");
  else if (row.log_bin && row.sync_binlog != 1)
    ready_complain(complaints, "commits", "are not durable: sync_binlog is not 1");
  return true;
}

/* A migration that only the database knows belongs to a later release, beside which this one runs. */
static bool ready_check_migrations(struct request *request, struct db *db, struct error *error,
                                   struct error *complaints) {
  struct migration *migrations;
  size_t count;
  size_t missing = 0;
  if (!migrate_status(db, request->app->config->paths.migrations, request->arena, error, &migrations, &count))
    return false;
  for (size_t at = 0; at < count; at++)
    if (migrations[at].state == MIGRATION_PENDING || migrations[at].state == MIGRATION_HALF_APPLIED)
      missing++;
  if (missing > 0) ready_complain(complaints, "migrations", "are not all applied");
  return true;
}

/* What is transient is tried again before it is told. Of the rest anybody may know that there is
 * something; what it is stays in the log. */
static bool ready_unanswered(struct error *error) {
  if (error->code == ERROR_TRANSIENT) return false;
  struct error cause = *error;
  error_set(error, ERROR_UNAVAILABLE, "The database does not answer as it should.");
  error_add_field(error, ERROR_UNAVAILABLE, "database", "does not answer as it should");
  error->retry_after_s = cause.retry_after_s;
  error->sql_errno = cause.sql_errno;
  return error_detail(error, "%s %s", cause.message, cause.detail);
}

static bool ops_ready(struct request *request, const void *query, const void *body, void *reply,
                      struct error *error) {
  CLEANUP(request_lease_end) struct request_lease lease = {.db = NULL};
  struct health_reply *ready = reply;
  struct error complaints = ERROR_INIT;
  (void)query;
  (void)body;
  if (!request_borrow(request, error, &lease) ||
      !ready_check_commits(lease.db, request->arena, error, &complaints) ||
      !ready_check_migrations(request, lease.db, error, &complaints))
    return ready_unanswered(error);
  if (complaints.code != ERROR_NONE) {
    *error = complaints;
    return false;
  }
  ready->status = "ok";
  return true;
}

static bool ops_metrics(struct request *request, const void *query, const void *body, void *reply,
                        struct error *error) {
  struct app *app = request->app;
  (void)query;
  (void)body;
  (void)reply;
  (void)error;
  http_tend(app);
  request->reply_type = "text/plain; version=0.0.4; charset=utf-8";
  metrics_print(app->shared->slots, app->shared->processes, app->router, app->build, &request->reply);
  consistency_print(app->consistency, &request->reply);
  return true;
}

static bool ops_openapi(struct request *request, const void *query, const void *body, void *reply,
                        struct error *error) {
  (void)query;
  (void)body;
  (void)reply;
  (void)error;
  openapi_print(request->app->router, &request->reply);
  return true;
}

static const struct endpoint ops_rows[] = {
    {.method = "GET",
     .path = "/healthz",
     .role = ROLE_PUBLIC,
     .flags = ENDPOINT_QUIET,
     .reply = &health_schema,
     .handle = ops_health,
     .tag = "Operations",
     .summary = "Whether the process is there."},
    {.method = "GET",
     .path = "/readyz",
     .role = ROLE_PUBLIC,
     .flags = ENDPOINT_QUIET,
     .reply = &health_schema,
     .handle = ops_ready,
     .tag = "Operations",
     .summary = "Whether the database answers, the migrations are applied and commits are durable."},
    {.method = "GET",
     .path = "/metrics",
     .role = ROLE_ADMIN,
     .flags = ENDPOINT_QUIET | ENDPOINT_LOCAL | ENDPOINT_WRITES_REPLY,
     .handle = ops_metrics,
     .reply_type = "text/plain",
     .tag = "Operations",
     .summary = "Figures of all worker processes, as Prometheus reads them."},
    {.method = "GET",
     .path = "/api/openapi.json",
     .role = ROLE_PUBLIC,
     .flags = ENDPOINT_WRITES_REPLY,
     .handle = ops_openapi,
     .tag = "Operations",
     .summary = "This interface as an OpenAPI document."},
};
const struct endpoint_table ops_endpoints = ENDPOINT_TABLE(ops_rows);
