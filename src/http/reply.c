#include "http/reply.h"

#include <string.h>

#include "base/random.h"
#include "http/cors.h"
#include "http/endpoint.h"
#include "http/problem.h"

#include "base/banned.h"

#define REQUEST_ID_RANDOM_BYTES 16

static bool is_sane_id(const char *id) {
  static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._:-";
  size_t length = strnlen(id, REQUEST_ID_BYTES);
  return length > 0 && length < REQUEST_ID_BYTES && strspn(id, letters) == length;
}

void reply_identify(struct request *request) {
  if (request->request_id != NULL && is_sane_id(request->request_id))
    memcpy(request->id, request->request_id, strlen(request->request_id) + 1);
  else
    random_hex(request->id, REQUEST_ID_RANDOM_BYTES);
}

static void append_header(struct buffer *head, const char *name, const char *value) {
  if (strpbrk(value, "\r\n") != NULL) return; /* no value of the outside may start a header of its own */
  buffer_append_text(head, name);
  buffer_append_text(head, ": ");
  buffer_append_text(head, value);
  buffer_append_text(head, "\r\n");
}

/* A fresh read may be kept and must be asked about; everything else is nobody's to keep. */
static const char *cache_control(const struct request *request) {
  bool is_fresh =
      request->endpoint != NULL && (request->endpoint->flags & (ENDPOINT_FRESH | ENDPOINT_TAGGED)) != 0;
  return is_fresh && request->status < 400 ? "private, no-cache" : "no-store";
}

static void append_head(struct request *request) {
  struct buffer *head = &request->head;
  bool has_body = request->status != 204 && request->status != 304;
  buffer_reset(head);
  buffer_printf(head, "Status: %d %s\r\n", request->status, problem_title(request->status));
  if (has_body) {
    append_header(head, "Content-Type",
                  request->reply_type != NULL ? request->reply_type : "application/json");
    buffer_printf(head, "Content-Length: %zu\r\n", request->reply.length);
  }
  append_header(head, "X-Request-Id", request->id);
  append_header(head, "Cache-Control", cache_control(request));
  append_header(head, "Vary", "Origin, Authorization");
  append_header(head, "X-Content-Type-Options", "nosniff");
  append_header(head, "Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
  cors_append(request, head);
  for (size_t at = 0; at < request->header_count; at++)
    append_header(head, request->headers[at].name, request->headers[at].value);
  buffer_append_text(head, "\r\n");
  if (!has_body || request->is_head) buffer_reset(&request->reply);
}

void reply_finish(struct request *request) {
  if (request->reply.failed) {
    error_set(&request->error, ERROR_INTERNAL, "The reply is larger than a reply may be.");
    problem_answer(request);
  }
  append_head(request);
  if (!request->head.failed) return;
  error_set(&request->error, ERROR_INTERNAL, "The reply's headers are larger than they may be.");
  problem_answer(request);
  append_head(request);
}
