#include "http/handle.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "http/auth.h"
#include "http/body.h"
#include "http/cors.h"
#include "http/etag.h"
#include "http/problem.h"
#include "http/reply.h"
#include "http/router.h"
#include "http/shared.h"
#include "schema/encode.h"

#include "base/banned.h"

/* A read that met a dead connection or a lock is simply made again. */
#define HANDLE_READ_TRIES 3

/* What the row's handler is given. */
struct handle_parts {
  const void *query;
  const void *body;
  void *reply;
};

static bool handle_route(struct request *request, struct error *error) {
  struct route route = {.at = 0};
  request->is_head = strcmp(request->method, "HEAD") == 0;
  bool found =
      router_find(request->app->router, request->method, request->path, request->arena, error, &route);
  request->allow = route.allow;
  if (!found) return false;
  request->route_at = route.at;
  request->endpoint = route.endpoint;
  memcpy(request->path_parts, route.parts, sizeof request->path_parts);
  return true;
}

static bool handle_take(struct rate_limit *limit, const char *whose, int64_t per_minute,
                        const char *complaint, struct error *error) {
  int retry_after_s;
  if (rate_limit_take(limit, whose, per_minute, clock_monotonic_ns(), &retry_after_s)) return true;
  error_set(error, ERROR_RATE_LIMITED, "%s Please try again later.", complaint);
  error->retry_after_s = retry_after_s;
  return false;
}

static bool handle_rate(const struct request *request, struct error *error) {
  const struct config *config = request->app->config;
  struct http_shared *shared = request->app->shared;
  unsigned flags = request->endpoint->flags;
  if ((flags & ENDPOINT_MINTS) != 0 &&
      !handle_take(&shared->minting, request->remote_address, config->auth.anonymous_per_minute,
                   "Too many requests from this address.", error))
    return false;
  if ((flags & ENDPOINT_TICKETS) == 0) return true;
  char learner[24];
  snprintf(learner, sizeof learner, "%" PRIu64, request->principal.user_id);
  return handle_take(&shared->tickets, learner, config->live.tickets_per_minute,
                     "Too many tickets for this learner.", error);
}

static bool handle_call(struct request *request, const struct handle_parts *parts, struct error *error) {
  return request->endpoint->handle(request, parts->query, parts->body, parts->reply, error);
}

static bool handle_add_etag(struct request *request, const char *etag, struct error *error) {
  const char *copy = arena_strdup(request->arena, etag);
  if (copy == NULL) return error_set_memory(error);
  request_add_header(request, "ETag", copy);
  return true;
}

/* Whom the reply is about, and which day it is where they are. */
static void handle_take_learner(struct request *request, const struct freshness *freshness) {
  request->principal.user_id = freshness->user_id;
  request->time_zone = freshness->time_zone;
  request->today = zone_day_at(request->zones, freshness->time_zone, request->now_ms);
}

static bool tags_reply(const struct request *request) {
  return (request->endpoint->flags & ENDPOINT_TAGS_REPLY) != 0;
}

/* If-None-Match, for the price of one row by primary key. */
static bool handle_unchanged(struct request *request, struct error *error, bool *ret_unchanged) {
  CLEANUP(request_lease_end) struct request_lease lease = {.db = NULL};
  struct freshness freshness;
  char etag[ETAG_BYTES];
  if (!request_borrow(request, error, &lease) ||
      !freshness_of(lease.db, request->principal.user_id, request->arena, error, &freshness))
    return false;
  db_end_read(lease.db);
  handle_take_learner(request, &freshness);
  etag_make(request, &freshness, etag);
  bool is_unchanged = etag_matches(request->if_none_match, etag);
  if (is_unchanged) {
    request->status = 304;
    if (!handle_add_etag(request, etag, error)) return false;
  }
  *ret_unchanged = is_unchanged;
  return true;
}

/* Tag and body of one moment: the freshness row is the snapshot's first read. ret_moved: the token's
 * learner turned out to be merged into another, who has to be prepared before being read. */
static bool handle_in_snapshot(struct request *request, const struct handle_parts *parts, struct error *error,
                               struct freshness *ret_freshness, bool *ret_moved) {
  CLEANUP(request_lease_end) struct request_lease lease = {.db = NULL};
  struct freshness freshness;
  if (!request_borrow(request, error, &lease) || !db_begin_snapshot(lease.db, error) ||
      !freshness_of(lease.db, request->principal.user_id, request->arena, error, &freshness))
    return false;
  bool has_moved = request->endpoint->prepare != NULL && freshness.user_id != request->principal.user_id;
  handle_take_learner(request, &freshness);
  *ret_moved = has_moved;
  if (has_moved) return true;
  *ret_freshness = freshness;
  request->snapshot = lease.db;
  bool handled = handle_call(request, parts, error);
  request->snapshot = NULL;
  return handled;
}

static void handle_encode(struct request *request, const struct handle_parts *parts) {
  const struct endpoint *endpoint = request->endpoint;
  bool is_written = (endpoint->flags & ENDPOINT_WRITES_REPLY) != 0 &&
                    (endpoint->reply == NULL || request->reply.length > 0);
  if (request->status == 304) return;
  if (request->status == 0) request->status = endpoint->success_status;
  if (request->status == 0) request->status = endpoint->reply == NULL && !is_written ? 204 : 200;
  if (endpoint->reply != NULL && !is_written)
    schema_encode_json(endpoint->reply, parts->reply, &request->reply);
}

/* Of what was read in the snapshot; where the tag is of the reply, too, only now can it be known to match. */
static bool handle_tag(struct request *request, const struct handle_parts *parts, struct freshness *freshness,
                       struct error *error) {
  char etag[ETAG_BYTES];
  if (tags_reply(request)) {
    handle_encode(request, parts);
    freshness->reply = &request->reply;
  }
  etag_make(request, freshness, etag);
  if (tags_reply(request) && request->if_none_match != NULL && etag_matches(request->if_none_match, etag)) {
    request->status = 304;
    buffer_reset(&request->reply);
  }
  return handle_add_etag(request, etag, error);
}

static bool handle_fresh(struct request *request, const struct handle_parts *parts, struct error *error) {
  bool is_unchanged = false;
  if (request->if_none_match != NULL && !tags_reply(request) &&
      !handle_unchanged(request, error, &is_unchanged))
    return false;
  if (is_unchanged) return true;
  for (int step = 0; step <= FRESHNESS_MERGES_MAX; step++) {
    bool has_moved = false;
    struct freshness freshness;
    if (request->endpoint->prepare != NULL && !request->endpoint->prepare(request, error)) return false;
    if (!handle_in_snapshot(request, parts, error, &freshness, &has_moved)) return false;
    if (!has_moved) return handle_tag(request, parts, &freshness, error);
  }
  return error_set(error, ERROR_UNAVAILABLE, "The learner is being merged. Please try again.");
}

static bool handle_run(struct request *request, struct handle_parts *parts, struct error *error) {
  const struct endpoint *endpoint = request->endpoint;
  bool is_read = strcmp(endpoint->method, "GET") == 0;
  for (int tries = 1;; tries++) {
    bool handled = (endpoint->flags & ENDPOINT_FRESH) != 0 ? handle_fresh(request, parts, error)
                                                           : handle_call(request, parts, error);
    if (handled) return true;
    if (error->code != ERROR_TRANSIENT || !is_read || tries == HANDLE_READ_TRIES ||
        clock_monotonic_ms() >= request->deadline_ms)
      return false;
    error_clear(error);
    request->status = 0;
    request->header_count = 0;
    buffer_reset(&request->reply);
    if (parts->reply != NULL) memset(parts->reply, 0, endpoint->reply->size);
  }
}

static bool handle_endpoint(struct request *request, struct error *error) {
  struct handle_parts parts = {.reply = NULL};
  const struct endpoint *endpoint = request->endpoint;
  if (!body_check(request, error) || !auth_identify(request, error) || !auth_permit(request, error) ||
      !handle_rate(request, error) || !body_decode(request, error, &parts.query, &parts.body))
    return false;
  const char *ignored;
  if ((endpoint->flags & ENDPOINT_IDEMPOTENT_KEY) != 0 && !request_op_id(request, "", NULL, error, &ignored))
    return false;
  if (endpoint->reply != NULL) {
    parts.reply = arena_alloc(request->arena, endpoint->reply->size);
    if (parts.reply == NULL) return error_set_memory(error);
  }
  if (!handle_run(request, &parts, error)) {
    /* The service's own token is well; it is the learner it named that is not there. */
    if (request->principal.role == ROLE_SERVICE && error->code == ERROR_UNAUTHENTICATED)
      error_set(error, ERROR_NOT_FOUND, "There is no such learner.");
    return false;
  }
  if (!tags_reply(request)) handle_encode(request, &parts);
  return true;
}

void http_handle(struct request *request) {
  struct error *error = &request->error;
  reply_identify(request);
  bool handled = handle_route(request, error);
  if (handled && request->endpoint == NULL)
    cors_answer_options(request);
  else if (handled)
    handled = handle_endpoint(request, error);
  if (!handled) problem_answer(request);
  reply_finish(request);
}
