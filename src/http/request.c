#include "http/request.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

#include "base/banned.h"

const char *const role_names[] = {"public", "anonymous", "student", "service", "admin", NULL};

bool request_new(struct app *app, struct error *error, struct request **ret_request) {
  struct request *request = calloc(1, sizeof *request);
  if (request == NULL) return error_set_memory(error);
  request->app = app;
  request->reply.limit = REQUEST_REPLY_BYTES_MAX;
  request->head.limit = REQUEST_HEAD_BYTES_MAX;
  request->zones = zone_cache_new();
  request->arena = arena_new((size_t)app->config->workers.arena_bytes);
  if (request->zones == NULL || request->arena == NULL) {
    request_free(request);
    return error_set_memory(error);
  }
  *ret_request = request;
  return true;
}

void request_free(struct request *request) {
  if (request == NULL) return;
  buffer_free(&request->reply);
  buffer_free(&request->head);
  arena_free(request->arena);
  zone_cache_free(request->zones);
  free(request);
}

void request_reset(struct request *request) {
  struct app *app = request->app;
  struct zone_cache *zones = request->zones;
  struct arena *arena = request->arena;
  struct buffer reply = request->reply;
  struct buffer head = request->head;
  arena_reset(arena);
  buffer_reset(&reply);
  buffer_reset(&head);
  /* All but the error, whose field entries are large and only read up to their count. */
  memset(request, 0, offsetof(struct request, error));
  error_clear(&request->error);
  request->app = app;
  request->zones = zones;
  request->arena = arena;
  request->reply = reply;
  request->head = head;
  request->query = "";
  request->remote_address = "";
  request->started_ns = clock_monotonic_ns();
  request->now_ms = clock_now_ms();
  request->deadline_ms = request->started_ns / 1000000 + app->config->workers.request_timeout_ms;
}

bool request_borrow(struct request *request, struct error *error, struct request_lease *ret_lease) {
  struct db *db;
  if (!pool_acquire(request->app->pool, request->deadline_ms, error, &db)) return false;
  *ret_lease = (struct request_lease){.request = request, .db = db};
  return true;
}

void request_lease_end(struct request_lease *lease) {
  if (lease->db == NULL) return;
  lease->request->db_ns += db_take_time_ns(lease->db);
  pool_release(lease->request->app->pool, lease->db);
  lease->db = NULL;
}

void request_add_header(struct request *request, const char *name, const char *value) {
  if (request->header_count == REQUEST_HEADERS_MAX) return;
  request->headers[request->header_count++] = (struct header){.name = name, .value = value};
}

static bool is_visible_id(const char *text) {
  size_t length = strnlen(text, REQUEST_IDEMPOTENCY_KEY_MAX + 1);
  if (length == 0 || length > REQUEST_IDEMPOTENCY_KEY_MAX) return false;
  for (size_t at = 0; at < length; at++)
    if (text[at] <= 0x20 || text[at] >= 0x7f) return false;
  return true;
}

bool request_op_id(struct request *request, const char *kind, const char *client_id, struct error *error,
                   const char **ret_op_id) {
  const char *id = client_id != NULL ? client_id : request->idempotency_key;
  if (id == NULL) {
    *ret_op_id = NULL;
    return true;
  }
  if (!is_visible_id(id))
    return error_set(error, ERROR_MALFORMED, "%s must be 1 to %d visible ASCII characters.",
                     client_id != NULL ? "An operation's id" : "Idempotency-Key",
                     REQUEST_IDEMPOTENCY_KEY_MAX);
  const char *op_id = arena_printf(request->arena, "%s:%s", client_id != NULL ? kind : "key", id);
  if (op_id == NULL) return error_set_memory(error);
  *ret_op_id = op_id;
  return true;
}

bool request_path_id(struct request *request, size_t at, struct error *error, uint64_t *ret_id) {
  const char *text = request->path_parts[at];
  uint64_t id = 0;
  for (; text != NULL && *text >= '0' && *text <= '9'; text++)
    if (__builtin_mul_overflow(id, (uint64_t)10, &id) ||
        __builtin_add_overflow(id, (uint64_t)(*text - '0'), &id)) {
      id = 0;
      break;
    }
  if (text == NULL || *text != '\0' || id == 0)
    return error_set(error, ERROR_NOT_FOUND, "There is nothing at this address.");
  *ret_id = id;
  return true;
}
