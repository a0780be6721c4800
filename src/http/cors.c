#include "http/cors.h"

#include <string.h>

#include "base/banned.h"

#define CORS_REQUEST_HEADERS \
  "Authorization, Content-Type, Idempotency-Key, If-None-Match, X-Lockstep-User, X-Request-Id"
#define CORS_REPLY_HEADERS "Allow, Date, ETag, Location, Retry-After, X-Request-Id"
#define CORS_MAX_AGE_S "600"

/* What to allow: the origin itself, "*", or NULL. */
static const char *cors_allowed(const struct request *request) {
  const struct field_list *origins = &request->app->config->http.cors_origins;
  const char *const *items = origins->items;
  if (request->origin == NULL) return NULL;
  for (size_t at = 0; at < origins->count; at++) {
    if (strcmp(items[at], "*") == 0) return "*";
    if (strcmp(items[at], request->origin) == 0) return items[at];
  }
  return NULL;
}

void cors_append(const struct request *request, struct buffer *head) {
  const char *allowed = cors_allowed(request);
  if (allowed == NULL) return;
  buffer_append_text(head, "Access-Control-Allow-Origin: ");
  buffer_append_text(head, allowed);
  buffer_append_text(head, "\r\nAccess-Control-Expose-Headers: " CORS_REPLY_HEADERS "\r\n");
}

void cors_answer_options(struct request *request) {
  request->status = 204;
  request_add_header(request, "Allow", request->allow);
  if (request->preflight_for == NULL || cors_allowed(request) == NULL) return;
  request_add_header(request, "Access-Control-Allow-Methods", request->allow);
  request_add_header(request, "Access-Control-Allow-Headers", CORS_REQUEST_HEADERS);
  request_add_header(request, "Access-Control-Max-Age", CORS_MAX_AGE_S);
}
