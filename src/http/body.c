#include "http/body.h"

#include <string.h>
#include <strings.h>

#include "schema/decode.h"

#include "base/banned.h"

#define JSON_TYPE "application/json"
#define CHARSET "charset="

static const char *skip_space(const char *text) { return text + strspn(text, " \t"); }

/* application/json, alone or with parameters; a charset must be UTF-8. */
static bool is_json_type(const char *type) {
  if (type == NULL || strncasecmp(type, JSON_TYPE, strlen(JSON_TYPE)) != 0) return false;
  const char *at = skip_space(type + strlen(JSON_TYPE));
  while (*at == ';') {
    at = skip_space(at + 1);
    if (strncasecmp(at, CHARSET, strlen(CHARSET)) == 0) {
      const char *value = at + strlen(CHARSET);
      if (*value == '"') value++;
      if (strncasecmp(value, "utf-8", 5) != 0 || strspn(value + 5, "\" \t") != strcspn(value + 5, ";"))
        return false;
    }
    at += strcspn(at, ";");
  }
  return *at == '\0';
}

bool body_check(const struct request *request, struct error *error) {
  const struct endpoint *endpoint = request->endpoint;
  const struct http_config *config = &request->app->config->http;
  bool is_raw = (endpoint->flags & ENDPOINT_RAW_BODY) != 0;
  int64_t limit = (endpoint->flags & ENDPOINT_BULK_BODY) != 0 ? config->bulk_body_bytes : config->body_bytes;
  if (endpoint->body == NULL && !is_raw) return true;
  if (request->body_too_large || request->body_bytes > (size_t)limit)
    return error_set(error, ERROR_TOO_LARGE,
                     "The body is larger than the %lld bytes that this address takes.", (long long)limit);
  if (request->body_cut) return error_set(error, ERROR_MALFORMED, "The body ended before it was complete.");
  if (is_raw || request->body_bytes == 0) return true;
  if (request->content_encoding != NULL && strcasecmp(request->content_encoding, "identity") != 0 &&
      request->content_encoding[0] != '\0')
    return error_set(error, ERROR_MEDIA_TYPE, "The body must be sent as it is, without a Content-Encoding.");
  if (!is_json_type(request->content_type))
    return error_set(error, ERROR_MEDIA_TYPE, "The body must be " JSON_TYPE " in UTF-8.");
  return true;
}

bool body_decode(struct request *request, struct error *error, const void **ret_query,
                 const void **ret_body) {
  const struct endpoint *endpoint = request->endpoint;
  void *query = NULL;
  void *body = NULL;
  if (endpoint->query != NULL) {
    query = arena_alloc(request->arena, endpoint->query->size);
    if (query == NULL) return error_set_memory(error);
    if (!schema_decode_query(endpoint->query, request->query, UNKNOWN_IGNORED, request->arena, query, error))
      return false;
  }
  if (endpoint->body != NULL && (endpoint->flags & ENDPOINT_RAW_BODY) == 0) {
    body = arena_alloc(request->arena, endpoint->body->size);
    if (body == NULL) return error_set_memory(error);
    if (!schema_decode_json(endpoint->body, request->body_bytes == 0 ? "" : request->body,
                            request->body_bytes, UNKNOWN_IGNORED, request->arena, body, error))
      return false;
  }
  *ret_query = query;
  *ret_body = body;
  return true;
}
